/* The store of a node: figures while it runs, a full check while it does not.
 */
#include "cli/cli.h"

#include "cli/render.h"
#include "storage/datadir.h"
#include "storage/store.h"

#include <stdio.h>
#include <string.h>

static void show_figures(struct cli *cli, const json_t *o)
{
	struct table *t = table_new(2);
	const char *name;
	json_t *value;

	(void)cli;
	json_object_foreach ((json_t *)(uintptr_t)o, name, value) {
		if (!json_is_string(value))
			continue;
		table_cell(t, name);
		table_cell(t, show_thousands(json_string_value(value)));
	}
	table_right(t, 1);
	table_print(&t, stdout);
}

static void show_sound(struct cli *cli, const json_t *o)
{
	printf("every record is sound %s\n", show_mark(true));
	show_figures(cli, o);
}

int cmd_DB_STATS(struct cli *cli)
{
	return cli_show(cli, "db.stats", NULL, show_figures);
}

static enum err check(struct cli *cli, struct store_stats *stats,
		      struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	struct data_lock *lock = NULL;
	struct store *store = NULL;
	enum err e = file_path(path, cli->data_dir, "db");

	if (!e)
		e = data_lock_take(&lock, cli->data_dir, text);
	if (e)
		return e;
	e = store_open(&store, path, text);
	if (!e)
		e = store_check(store, stats, text);
	store_close(&store);
	data_lock_release(&lock);
	return e;
}

int cmd_DB_CHECK(struct cli *cli)
{
	struct store_stats stats = {0};
	struct err_text text = {""};
	json_t *o;
	enum err e = check(cli, &stats, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	o = json_object();
	json_put(o, "ok", json_true());
	json_put(o, "records", json_u64(stats.records));
	json_put(o, "key_bytes", json_u64(stats.key_bytes));
	json_put(o, "value_bytes", json_u64(stats.value_bytes));
	return cli_emit(cli, o, show_sound);
}
