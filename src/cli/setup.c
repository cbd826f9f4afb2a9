/* Making a data directory: a new network's, or that of one to join. */
#include "cli/setup.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "cli/action_spec.h"
#include "crypto/keystore.h"
#include "net/net.h"
#include "storage/signlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOIN_TIMEOUT_MS 15000u
#define NODE_WEIGHT	100u

/* --- Shared --- */

enum err setup_folder(const char *path, struct err_text *text)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return file_fail(text, errno, "mkdir", path);
	return ERR_OK;
}

enum err setup_sign_log(const char *dir, const struct genesis *genesis,
			const struct public_key *key, struct err_text *text)
{
	struct signlog_identity identity = {.key = *key};
	char path[FILE_PATH_BYTES];
	enum err e = file_path(path, dir, "keys/sign.log");

	genesis_hash(&identity.genesis, genesis);
	return e ? e : signlog_create(path, &identity, text);
}

enum err setup_genesis(struct genesis *genesis, const char *chain_id, bool fast,
		       struct err_text *text)
{
	size_t size = strlen(chain_id);

	if (size == 0 || size >= sizeof(genesis->chain_id))
		return err_set(text, ERR_GENESIS,
			       "a chain id has 1 to %zu letters",
			       sizeof(genesis->chain_id) - 1);
	memcpy(genesis->chain_id, chain_id, size + 1);
	genesis->time_ms = clock_wall_ms();
	if (fast)
		genesis_params_fast(genesis);
	return ERR_OK;
}

enum err setup_council(struct cli *cli, struct genesis *genesis,
		       const char *keys, struct err_text *text)
{
	const char *given = cli_option(cli, "council");
	struct arena arena;
	struct action a;
	size_t size;
	char *spec;
	enum err e;

	if (!given)
		return ERR_OK;
	size = strlen(given) + sizeof("council ");
	spec = mem_alloc(size);
	snprintf(spec, size, "council %s", given);
	arena_init(&arena, 4 * size + 4096);
	e = action_spec_read(&a, &arena, keys, spec, text);
	if (!e)
		council_set(&genesis->council, &a.council);
	arena_fini(&arena);
	free(spec);
	return e;
}

enum err setup_params(struct cli *cli, struct genesis *genesis,
		      struct err_text *text)
{
	const char *pair;
	enum err e = ERR_OK;
	int at = 0;

	while (!e && (pair = cli_option_next(cli, "param", &at))) {
		const char *equals = strchr(pair, '=');
		uint64_t value;
		char *name;

		if (!equals || !parse_u64(equals + 1, &value))
			return err_set(text, ERR_USAGE,
				       "--param takes KEY=NUMBER, not "
				       "\"%.64s\"",
				       pair);
		name = strndup(pair, (size_t)(equals - pair));
		e = name ? genesis_param_set(genesis, name, value, text)
			 : ERR_NO_MEMORY;
		free(name);
	}
	return e;
}

/* --- A data directory --- */

/* The node's key: the one that is there, or a new one. */
static enum err take_node_key(struct cli *cli, struct public_key *out,
			      bool *made, struct err_text *text)
{
	struct passphrase *passphrase = NULL;
	char dir[FILE_PATH_BYTES];
	struct secret_key *key;
	struct key_info info;
	enum err e = file_path(dir, cli->data_dir, "keys");

	if (e)
		return e;
	e = keystore_info(&info, dir, "node", text);
	*out = info.public_key;
	if (e != ERR_KEY_UNKNOWN)
		return e;
	e = ERR_OK;
	if (cli_flag(cli, "encrypt") || cli_option(cli, "passphrase-file"))
		e = passphrase_obtain(
			&passphrase, cli_option(cli, "passphrase-file"),
			"Passphrase for the node's key: ", true, text);
	if (!e) {
		key = secret_key_new();
		*out = *secret_key_public(key);
		e = keystore_create(dir, "node", key, passphrase,
				    KEY_COST_MODERATE, text);
		*made = !e;
		secret_key_free(&key);
	}
	passphrase_free(&passphrase);
	return e;
}

/* The genesis, and for a key that never signed anything its sign log. A key
 * that was there keeps the log it has; without one it must not sign. */
static enum err finish_dir(struct cli *cli, const struct genesis *genesis,
			   const struct public_key *key, bool made,
			   struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	enum err e = ERR_OK;

	if (made)
		e = setup_sign_log(cli->data_dir, genesis, key, text);
	if (!e)
		e = file_path(path, cli->data_dir, "genesis.json");
	return e ? e : genesis_json_write(genesis, path, text);
}

/* Take back a key that was made for what then failed. */
static void drop_node_key(const struct cli *cli)
{
	char path[FILE_PATH_BYTES];

	if (!file_path(path, cli->data_dir, "keys/node.key"))
		remove(path);
}

static void put_setting(FILE *f, const char *key, const char *value)
{
	if (value)
		fprintf(f, "%s: \"%s\"\n", key, value);
}

/* config.yaml with what was given; the rest are defaults. */
static enum err write_config(struct cli *cli, const char *role,
			     const char *const *peers, int peer_count,
			     struct err_text *text)
{
	char path[FILE_PATH_BYTES], *data = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&data, &size);
	enum err e = file_path(path, cli->data_dir, "config.yaml");

	if (!f)
		return ERR_NO_MEMORY;
	fputs("# bcai-govd --print-config shows every key.\n", f);
	put_setting(f, "listen", cli_option(cli, "listen"));
	put_setting(f, "advertise", cli_option(cli, "advertise"));
	put_setting(f, "role", role);
	if (peer_count > 0)
		fputs("bootstrap:\n", f);
	for (int i = 0; i < peer_count; i++)
		fprintf(f, "  - \"%s\"\n", peers[i]);
	fclose(f);
	if (!e)
		e = file_create(path, data, size, 0640, text);
	free(data);
	return e;
}

static enum err check_new(struct cli *cli, struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	enum err e = file_path(path, cli->data_dir, "genesis.json");

	if (!e && access(path, F_OK) == 0)
		e = err_set(text, ERR_FILE_EXISTS, "%s is set up already",
			    cli->data_dir);
	return e ? e : setup_folder(cli->data_dir, text);
}

static void show_made(struct cli *cli, const json_t *o)
{
	(void)cli;
	printf("data directory  %s\nnode            %s\nnetwork         %s\n"
	       "genesis hash    %s\n\nstart it: bcai-govd --data-dir %s\n",
	       json_get_text(o, "dir"), json_get_text(o, "node_id"),
	       json_get_text(o, "chain_id"), json_get_text(o, "genesis_hash"),
	       json_get_text(o, "dir"));
}

static int emit_made(struct cli *cli, const struct public_key *node,
		     const struct genesis *genesis)
{
	json_t *o = json_object();
	struct hash hash;

	genesis_hash(&hash, genesis);
	json_put(o, "dir", json_string(cli->data_dir));
	json_put(o, "node_id", json_key(node));
	json_put(o, "chain_id", json_string(genesis->chain_id));
	json_put(o, "genesis_hash", json_hash(&hash));
	return cli_emit(cli, o, show_made);
}

/* --- init --- */

/* An account's key: hex itself, or that of a key in the folder of keys. */
static enum err account_key(void *context, struct public_key *out,
			    const char *name, struct err_text *text)
{
	struct cli *cli = context;
	struct key_info info;
	enum err e;

	if (hex_decode(out->b, PUBLIC_KEY_BYTES, name, strlen(name)))
		return ERR_OK;
	e = keystore_info(&info, cli->keys, name, text);
	*out = info.public_key;
	return e;
}

/* "PUBKEY=WEIGHT" */
static enum err add_validator(struct genesis *genesis, const char *word,
			      struct err_text *text)
{
	const char *equals = strchr(word, '=');
	struct public_key key;
	uint64_t weight;

	if (!equals || !parse_u64(equals + 1, &weight) ||
	    !hex_decode(key.b, PUBLIC_KEY_BYTES, word, (size_t)(equals - word)))
		return err_set(text, ERR_USAGE,
			       "--validator takes PUBKEY=WEIGHT");
	return genesis_add_validator(genesis, &key, weight, "", text);
}

static enum err new_network(struct cli *cli, struct genesis *genesis,
			    const struct public_key *node,
			    struct err_text *text)
{
	struct genesis_keys keys = {account_key, cli};
	const char *accounts = cli_option(cli, "accounts");
	const char *validator;
	int at = 0;
	enum err e = setup_genesis(genesis, cli_option(cli, "chain-id"), false,
				   text);

	if (!e)
		e = setup_params(cli, genesis, text);
	while (!e && (validator = cli_option_next(cli, "validator", &at)))
		e = add_validator(genesis, validator, text);
	if (!e && genesis->validator_count == 0)
		e = genesis_add_validator(genesis, node, NODE_WEIGHT, "", text);
	if (!e && accounts)
		e = genesis_csv_read(genesis, accounts, &keys, text);
	if (!e)
		e = setup_council(cli, genesis, cli->keys, text);
	return e ? e : genesis_check(genesis, text);
}

static enum err init(struct cli *cli, struct genesis *genesis,
		     struct public_key *node, struct err_text *text)
{
	const char *peers[64], *file = cli_option(cli, "genesis");
	int at = 0, count = 0;
	bool made = false;
	enum err e;

	if (!file == !cli_option(cli, "chain-id"))
		return err_set(text, ERR_USAGE,
			       "--genesis FILE for a network there is, or "
			       "--chain-id ID for a new one");
	while (count < 64 &&
	       (peers[count] = cli_option_next(cli, "bootstrap", &at)))
		count++;
	e = check_new(cli, text);
	if (!e)
		e = take_node_key(cli, node, &made, text);
	if (!e)
		e = file ? genesis_json_read(genesis, file, text)
			 : new_network(cli, genesis, node, text);
	if (!e)
		e = write_config(cli, cli_option(cli, "role"), peers, count,
				 text);
	if (!e)
		e = finish_dir(cli, genesis, node, made, text);
	if (e && made)
		drop_node_key(cli);
	return e;
}

int cmd_INIT(struct cli *cli)
{
	struct genesis *genesis = mem_alloc(sizeof(*genesis));
	struct err_text text = {""};
	struct public_key node;
	int code;
	enum err e;

	genesis_init(genesis);
	e = init(cli, genesis, &node, &text);
	code = e ? cli_fail_code(cli, e, text.text)
		 : emit_made(cli, &node, genesis);
	genesis_fini(genesis);
	free(genesis);
	return code;
}

/* --- join --- */

/* The genesis from the first peer that has the right one. */
static enum err fetch(struct cli *cli, struct genesis *genesis,
		      const struct hash *wanted, struct err_text *text)
{
	uint64_t timeout_ms =
		cli->timeout_given ? cli->timeout_ms : JOIN_TIMEOUT_MS;
	enum err e = ERR_NOT_FOUND;

	for (int i = 0; e && i < cli->word_count; i++) {
		uint8_t *data = NULL;
		struct hash hash;
		size_t size;

		e = net_fetch_genesis(&data, &size, cli->words[i], wanted, NULL,
				      timeout_ms, text);
		if (!e) {
			genesis_init(genesis);
			e = genesis_json_parse(genesis,
					       (struct bytes){data, size},
					       cli->words[i], text);
			genesis_hash(&hash, genesis);
			if (!e && !hash_equal(&hash, wanted))
				e = err_set(text, ERR_CHECK_FAILED,
					    "%s sent another genesis than the "
					    "one asked for",
					    cli->words[i]);
			if (e)
				genesis_fini(genesis);
		}
		free(data);
		if (e && i + 1 < cli->word_count)
			cli_note(cli, "%s",
				 text->text[0] ? text->text
					       : error_info(e)->sentence);
	}
	return e;
}

int cmd_JOIN(struct cli *cli)
{
	const char *given = cli_option(cli, "genesis-hash");
	struct genesis *genesis = mem_alloc(sizeof(*genesis));
	struct err_text text = {""};
	struct public_key node;
	struct hash wanted;
	int code = CLI_EXIT_OK;
	bool made = false;
	enum err e = ERR_OK;

	if (!given || !hex_decode(wanted.b, HASH_BYTES, given, strlen(given)))
		e = err_set(&text, ERR_USAGE,
			    "--genesis-hash must name the network: 64 hex "
			    "digits, from somebody you trust");
	if (!e)
		e = check_new(cli, &text);
	if (!e)
		e = fetch(cli, genesis, &wanted, &text);
	if (!e) {
		e = take_node_key(cli, &node, &made, &text);
		if (!e)
			e = write_config(cli, NULL, cli->words, cli->word_count,
					 &text);
		if (!e)
			e = finish_dir(cli, genesis, &node, made, &text);
		if (!e)
			code = emit_made(cli, &node, genesis);
		if (e && made)
			drop_node_key(cli);
		genesis_fini(genesis);
	}
	free(genesis);
	return e ? cli_fail_code(cli, e, text.text) : code;
}
