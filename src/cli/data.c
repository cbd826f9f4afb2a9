/* The store of a node: figures while it runs, a full check while it does not.
 */
#include "cli/cli.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "cli/history.h"
#include "cli/render.h"
#include "storage/datadir.h"
#include "storage/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	(void)cli;
	printf("%s records are sound %s\n",
	       show_thousands(json_get_text(o, "records")), show_mark(true));
	printf("%s blocks and %s transactions from the genesis on make the "
	       "stored state %s\n",
	       show_thousands(json_get_text(o, "blocks")),
	       show_thousands(json_get_text(o, "transactions")),
	       show_mark(true));
	printf("final up to height %s by a quorum's signatures, %s checkpoints "
	       "agree %s\n",
	       show_thousands(json_get_text(o, "final_height")),
	       show_thousands(json_get_text(o, "checkpoints")),
	       show_mark(true));
	printf("root %s\n", json_get_text(o, "state_root"));
}

int cmd_DB_STATS(struct cli *cli)
{
	return cli_show(cli, "db.stats", NULL, show_figures);
}

struct findings {
	struct store_stats stats;
	struct history_summary history;
};

static enum err check_store(struct cli *cli, struct findings *f,
			    const struct genesis *genesis,
			    struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	struct progress progress;
	struct store *store = NULL;
	struct hash hash;
	enum err e = file_path(path, cli->data_dir, "db");

	genesis_hash(&hash, genesis);
	if (!e && access(path, F_OK) != 0)
		e = err_set(text, ERR_NOT_FOUND,
			    "%s: the node has not stored anything yet", path);
	if (!e)
		e = store_open(&store, path, text);
	if (!e)
		e = store_claim(store, &hash, text);
	if (!e)
		e = store_check(store, &f->stats, text);
	if (!e) {
		progress_begin(&progress, cli, "replaying", "blocks", 0);
		e = history_check(&f->history, store, genesis, &progress, text);
		progress_end(&progress, f->history.blocks);
	}
	store_close(&store);
	return e;
}

static enum err check(struct cli *cli, struct findings *f,
		      struct err_text *text)
{
	struct genesis *genesis = mem_alloc(sizeof(*genesis));
	char path[FILE_PATH_BYTES];
	struct data_lock *lock = NULL;
	enum err e = file_path(path, cli->data_dir, "genesis.json");

	genesis_init(genesis);
	if (!e)
		e = genesis_json_read(genesis, path, text);
	if (!e)
		e = data_lock_take(&lock, cli->data_dir, text);
	if (!e)
		e = check_store(cli, f, genesis, text);
	data_lock_release(&lock);
	genesis_fini(genesis);
	free(genesis);
	return e;
}

int cmd_DB_CHECK(struct cli *cli)
{
	struct findings f = {.stats = {0}};
	struct err_text text = {""};
	json_t *o;
	enum err e = check(cli, &f, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	o = json_object();
	json_put(o, "ok", json_true());
	json_put(o, "records", json_u64(f.stats.records));
	json_put(o, "key_bytes", json_u64(f.stats.key_bytes));
	json_put(o, "value_bytes", json_u64(f.stats.value_bytes));
	json_put(o, "blocks", json_u64(f.history.blocks));
	json_put(o, "transactions", json_u64(f.history.transactions));
	json_put(o, "checkpoints", json_u64(f.history.checkpoints));
	json_put(o, "final_height", json_u64(f.history.final_height));
	json_put(o, "state_root", json_hash(&f.history.state_root));
	return cli_emit(cli, o, show_sound);
}
