/* The keys of people and nodes, on disk. */
#include "cli/cli.h"

#include "base/hex.h"
#include "cli/render.h"
#include "cli/setup.h"
#include "crypto/keystore.h"

#include <stdio.h>
#include <string.h>

static json_t *key_value(const struct key_info *info)
{
	json_t *o = json_object();

	json_put(o, "name", json_string(info->name));
	json_put(o, "public_key", json_key(&info->public_key));
	json_put(o, "encrypted", json_boolean(info->encrypted));
	return o;
}

static void show_key(struct cli *cli, const json_t *o)
{
	(void)cli;
	printf("%s  %s%s\n", json_get_text(o, "name"),
	       json_get_text(o, "public_key"),
	       json_is_true(json_object_get(o, "encrypted"))
		       ? ""
		       : "  (no passphrase)");
}

static int show_info(struct cli *cli, const char *name)
{
	struct err_text text = {""};
	struct key_info info;
	enum err e = keystore_info(&info, cli->keys, name, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	return cli_emit(cli, key_value(&info), show_key);
}

int cmd_KEY_NEW(struct cli *cli)
{
	struct passphrase *passphrase = NULL;
	struct err_text text = {""};
	struct secret_key *key;
	enum err e = ERR_OK;

	/* The key folder of a data directory that is not there yet. */
	if (strncmp(cli->keys, cli->data_dir, strlen(cli->data_dir)) == 0)
		e = setup_folder(cli->data_dir, &text);
	if (e)
		return cli_fail_code(cli, e, text.text);
	if (cli_flag(cli, "encrypt") || cli_option(cli, "passphrase-file"))
		e = passphrase_obtain(
			&passphrase, cli_option(cli, "passphrase-file"),
			"Passphrase for the new key: ", true, &text);
	if (!e) {
		key = secret_key_new();
		e = keystore_create(cli->keys, cli->words[0], key, passphrase,
				    KEY_COST_MODERATE, &text);
		secret_key_free(&key);
	}
	passphrase_free(&passphrase);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return show_info(cli, cli->words[0]);
}

int cmd_KEY_SHOW(struct cli *cli)
{
	return show_info(cli, cli->words[0]);
}

static void add_key(void *context, enum err outcome,
		    const struct key_info *info)
{
	json_t *o;

	if (!outcome) {
		json_push(context, key_value(info));
		return;
	}
	o = json_object();
	json_put(o, "name", json_string(info->name));
	json_put(o, "error", json_string(error_name(outcome)));
	json_push(context, o);
}

static void show_keys(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(3);
	const json_t *row;
	size_t i;

	(void)cli;
	table_cell(t, "NAME");
	table_cell(t, "PUBLIC KEY");
	table_cell(t, "PASSPHRASE");
	json_array_foreach (list, i, row) {
		const char *wrong = json_get_text(row, "error");

		table_cell(t, json_get_text(row, "name"));
		table_cell(t, json_get_text(row, "public_key"));
		table_cell(t, wrong[0] ? wrong
			      : json_is_true(json_object_get(row, "encrypted"))
				      ? "yes"
				      : "no");
	}
	table_print(&t, stdout);
}

int cmd_KEY_LIST(struct cli *cli)
{
	struct err_text text = {""};
	json_t *list = json_array();
	enum err e = keystore_list(cli->keys, add_key, list, &text);

	if (e) {
		json_decref(list);
		return cli_fail_code(cli, e, text.text);
	}
	return cli_emit(cli, list, show_keys);
}

int cmd_KEY_PASSWD(struct cli *cli)
{
	struct passphrase *old = NULL, *fresh = NULL;
	const char *name = cli->words[0];
	struct err_text text = {""};
	struct key_info info;
	enum err e = keystore_info(&info, cli->keys, name, &text);

	if (!e && info.encrypted)
		e = passphrase_obtain(&old, cli_option(cli, "passphrase-file"),
				      "Old passphrase: ", false, &text);
	if (!e && !cli_flag(cli, "remove"))
		e = passphrase_obtain(&fresh,
				      cli_option(cli, "new-passphrase-file"),
				      "New passphrase: ", true, &text);
	if (!e)
		e = keystore_passwd(cli->keys, name, old, fresh,
				    KEY_COST_MODERATE, &text);
	passphrase_free(&old);
	passphrase_free(&fresh);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return show_info(cli, name);
}

static void show_seed(struct cli *cli, const json_t *o)
{
	(void)cli;
	puts(json_get_text(o, "seed"));
}

int cmd_KEY_EXPORT(struct cli *cli)
{
	struct passphrase *passphrase = NULL;
	const char *name = cli->words[0];
	struct err_text text = {""};
	struct secret_key *key = NULL;
	uint8_t seed[SEED_BYTES];
	struct key_info info;
	json_t *o;
	enum err e;

	if (!cli_confirm(cli, "print the secret seed to stdout?"))
		return cli_fail_code(cli, ERR_USAGE,
				     "it prints a secret: confirm with --yes");
	e = keystore_info(&info, cli->keys, name, &text);
	if (!e && info.encrypted)
		e = passphrase_obtain(&passphrase,
				      cli_option(cli, "passphrase-file"),
				      "Passphrase: ", false, &text);
	if (!e)
		e = keystore_open(&key, cli->keys, name, passphrase, &text);
	passphrase_free(&passphrase);
	if (e)
		return cli_fail_code(cli, e, text.text);
	secret_key_seed(key, seed);
	secret_key_free(&key);
	o = key_value(&info);
	json_put(o, "seed", json_hex(seed, sizeof(seed)));
	secret_wipe(seed, sizeof(seed));
	return cli_emit(cli, o, show_seed);
}
