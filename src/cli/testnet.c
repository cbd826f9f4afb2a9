/* A whole network on this machine, for trying things and for tests. */
#include "cli/network.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cli/render.h"
#include "cli/setup.h"
#include "crypto/keystore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_DIR "testnet"

/* The electorate of the demo this network replaces, and two small accounts:
 * one that only watches, one that has just come. */
static const char DEMO_VOTERS[] = "name,stake,reputation\n"
				  "alice_whale,5000000,0\n"
				  "bob_dev,100000,85\n"
				  "charlie_user,50000,0\n"
				  "diana_validator,200000,78\n"
				  "eve_researcher,75000,92\n"
				  "frank_community,25000,0\n"
				  "grace_investor,1000000,0\n"
				  "henry_dao,150000,65\n"
				  "ivy_observer,0,0\n"
				  "jack_newcomer,10,0\n";

/* --- Up --- */

struct new_keys {
	const char *dir;
	struct progress progress;
	uint64_t made;
};

/* The key of a voter: the one that is there, or a new one. */
static enum err voter_key(void *context, struct public_key *out,
			  const char *name, struct err_text *text)
{
	struct new_keys *k = context;
	struct key_info info;
	struct secret_key *key;
	enum err e = keystore_info(&info, k->dir, name, text);

	if (!e) {
		*out = info.public_key;
		return ERR_OK;
	}
	if (e != ERR_KEY_UNKNOWN)
		return e;
	key = secret_key_new();
	*out = *secret_key_public(key);
	e = keystore_create(k->dir, name, key, NULL, KEY_COST_INTERACTIVE,
			    text);
	secret_key_free(&key);
	progress_step(&k->progress, ++k->made);
	return e;
}

static enum err take_voters(struct cli *cli, struct genesis *genesis,
			    const char *keys, struct err_text *text)
{
	const char *file = cli_option(cli, "voters");
	struct bytes demo = {(const uint8_t *)DEMO_VOTERS,
			     sizeof(DEMO_VOTERS) - 1};
	struct new_keys context = {.dir = keys};
	struct genesis_keys source = {voter_key, &context};

	progress_begin(&context.progress, cli, "making voters' keys", "keys",
		       0);
	if (file)
		return genesis_csv_read(genesis, file, &source, text);
	return genesis_csv_parse(genesis, demo, "demo", &source, text);
}

/* --set KEY=VALUE… as lines of YAML; the caller frees. */
static enum err take_settings(struct cli *cli, char **out,
			      struct err_text *text)
{
	const char *pair;
	size_t size = 0;
	FILE *f = open_memstream(out, &size);
	int at = 0;

	if (!f)
		return ERR_NO_MEMORY;
	while ((pair = cli_option_next(cli, "set", &at))) {
		const char *equals = strchr(pair, '=');

		if (!equals || strpbrk(pair, "\n\"")) {
			fclose(f);
			return err_set(text, ERR_USAGE,
				       "--set takes KEY=VALUE, not \"%.64s\"",
				       pair);
		}
		fprintf(f, "%.*s: \"%s\"\n", (int)(equals - pair), pair,
			equals + 1);
	}
	fclose(f);
	return ERR_OK;
}

static void show_network(struct cli *cli, const json_t *o)
{
	struct table *t = table_new(4);
	const json_t *row;
	size_t i;

	(void)cli;
	printf("%s in %s\n", json_get_text(o, "chain_id"),
	       json_get_text(o, "dir"));
	json_array_foreach (json_object_get(o, "nodes"), i, row) {
		table_cell(t, json_get_text(row, "name"));
		table_cell(t, json_get_text(row, "role"));
		table_cell(t, json_get_text(row, "p2p"));
		table_cell(t, json_get_text(row, "socket"));
	}
	table_print(&t, stdout);
	printf("\ntry: export BCAI_GOV_DATA_DIR=%s/node0 BCAI_GOV_KEYS=%s\n"
	       "     bcai-gov status\n",
	       json_get_text(o, "dir"), json_get_text(o, "keys"));
}

static int by_key(const void *a, const void *b)
{
	return public_key_compare(a, b);
}

/* Two lines with one name have one key, and an account stands once. */
static enum err check_distinct(const struct genesis *g, struct err_text *text)
{
	struct public_key *keys =
		mem_alloc((g->account_count + 1u) * sizeof(*keys));
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < g->account_count; i++)
		keys[i] = g->accounts[i].key;
	qsort(keys, g->account_count, sizeof(*keys), by_key);
	for (uint32_t i = 1; !e && i < g->account_count; i++) {
		if (!public_key_equal(&keys[i - 1], &keys[i]))
			continue;
		for (uint32_t k = 0; k < g->account_count; k++) {
			if (public_key_equal(&g->accounts[k].key, &keys[i]))
				e = err_set(text, ERR_GENESIS,
					    "the voter \"%s\" stands there "
					    "twice",
					    g->names + g->accounts[k].name);
		}
	}
	free(keys);
	return e;
}

static enum err up(struct cli *cli, struct network *net,
		   struct genesis *genesis, struct err_text *text)
{
	const char *dir = cli_option(cli, "dir");
	const char *name = cli_option(cli, "chain-id");
	uint64_t validators = 4, observers = 0;
	char keys[FILE_PATH_BYTES], *settings = NULL;
	enum err e;

	dir = dir ? dir : DEFAULT_DIR;
	e = cli_number(cli, "validators", LIMIT_VALIDATORS, &validators, text);
	if (!e)
		e = cli_number(cli, "observers", 32, &observers, text);
	if (!e)
		e = setup_genesis(genesis, name ? name : "testnet-1",
				  cli_flag(cli, "fast"), text);
	if (!e)
		e = setup_params(cli, genesis, text);
	if (!e)
		e = file_path(keys, dir, "keys");
	if (!e)
		e = setup_folder(dir, text);
	if (!e)
		e = take_voters(cli, genesis, keys, text);
	if (!e)
		e = check_distinct(genesis, text);
	if (!e)
		e = setup_council(cli, genesis, keys, text);
	if (!e)
		e = take_settings(cli, &settings, text);
	if (!e) {
		struct network_spec spec = {
			.dir = dir,
			.validators = (uint32_t)validators,
			.observers = (uint32_t)observers,
			.genesis = genesis,
			.settings = settings,
		};

		e = network_up(net, cli, &spec, text);
	}
	free(settings);
	return e;
}

int cmd_TESTNET_UP(struct cli *cli)
{
	struct network *net = mem_alloc(sizeof(*net));
	struct genesis *genesis = mem_alloc(sizeof(*genesis));
	const char *dir = cli_option(cli, "dir");
	struct err_text text = {""}, unused;
	json_t *value = NULL;
	bool fresh;
	enum err e;

	dir = dir ? dir : DEFAULT_DIR;
	genesis_init(genesis);
	fresh = access(dir, F_OK) != 0;
	e = up(cli, net, genesis, &text);
	genesis_fini(genesis);
	/* What is left of a failure is in the way of the next try; the logs of
	 * nodes that did not get ready are not. */
	if (e && e != ERR_TIMEOUT && fresh && access(dir, F_OK) == 0 &&
	    network_remove(dir, &unused))
		cli_note(cli, "%s", unused.text);
	free(genesis);
	if (!e)
		value = network_value(net);
	free(net);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return cli_emit(cli, value, show_network);
}

/* --- The others --- */

static enum err load(struct cli *cli, struct network **net,
		     struct err_text *text)
{
	const char *dir = cli_option(cli, "dir");
	enum err e;

	*net = mem_alloc(sizeof(**net));
	e = network_load(*net, dir ? dir : DEFAULT_DIR, text);
	if (e) {
		free(*net);
		*net = NULL;
	}
	return e;
}

/* The node named by the first word: "2" or "node2". */
static enum err take_node(struct cli *cli, const struct network *net,
			  uint32_t *index, struct err_text *text)
{
	const char *word = cli->words[0];
	uint64_t n;

	if (strncmp(word, "node", 4) == 0)
		word += 4;
	if (!parse_u64(word, &n) || n >= net->count)
		return err_set(text, ERR_USAGE,
			       "there is no node \"%.32s\"; they are 0 to "
			       "%" PRIu32,
			       cli->words[0], net->count - 1);
	*index = (uint32_t)n;
	return ERR_OK;
}

static void show_done(struct cli *cli, const json_t *o)
{
	(void)cli;
	printf("%s: %s\n", json_get_text(o, "name"), json_get_text(o, "state"));
}

static json_t *node_state(const struct network_node *n, const char *state)
{
	json_t *o = json_object();

	json_put(o, "name", json_string(n->name));
	json_put(o, "state", json_string(state));
	json_put(o, "pid", json_integer(n->pid));
	return o;
}

int cmd_TESTNET_DOWN(struct cli *cli)
{
	struct err_text text = {""};
	struct network *net;
	json_t *o;
	enum err e = load(cli, &net, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	network_down(net, cli->timeout_ms);
	e = cli_flag(cli, "remove") ? network_remove(net->dir, &text)
				    : network_save(net, &text);
	o = json_object();
	json_put(o, "name", json_string(net->dir));
	json_put(o, "state",
		 json_string(cli_flag(cli, "remove") ? "removed" : "down"));
	free(net);
	if (!e)
		return cli_emit(cli, o, show_done);
	json_decref(o);
	return cli_fail_code(cli, e, text.text);
}

int cmd_TESTNET_KILL(struct cli *cli)
{
	struct err_text text = {""};
	struct network *net;
	uint32_t index;
	json_t *o = NULL;
	enum err e = load(cli, &net, &text);

	if (!e)
		e = take_node(cli, net, &index, &text);
	if (!e)
		e = network_kill(net, index, &text);
	if (!e)
		o = node_state(&net->nodes[index], "killed");
	free(net);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return cli_emit(cli, o, show_done);
}

static void show_started(struct cli *cli, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		show_done(cli, row);
	}
	if (json_array_size(list) == 0)
		puts("all run already");
}

/* Every node that is down. */
static int start_all(struct cli *cli)
{
	json_t *list = json_array();
	struct err_text text = {""};
	struct network *net;
	enum err e = load(cli, &net, &text);

	for (uint32_t i = 0; !e && i < net->count; i++) {
		if (network_is_running(&net->nodes[i]))
			continue;
		e = network_start(net, i, cli->timeout_ms, &text);
		if (!e)
			json_push(list, node_state(&net->nodes[i], "started"));
	}
	free(net);
	if (!e)
		return cli_emit(cli, list, show_started);
	json_decref(list);
	return cli_fail_code(cli, e, text.text);
}

int cmd_TESTNET_START(struct cli *cli)
{
	struct err_text text = {""};
	struct network *net;
	uint32_t index;
	json_t *o = NULL;
	enum err e;

	if (cli->word_count == 0)
		return start_all(cli);
	e = load(cli, &net, &text);
	if (!e)
		e = take_node(cli, net, &index, &text);
	if (!e)
		e = network_start(net, index, cli->timeout_ms, &text);
	if (!e)
		o = node_state(&net->nodes[index], "started");
	free(net);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return cli_emit(cli, o, show_done);
}

/* --- Status --- */

static json_t *status_row(struct network_node *n)
{
	static const char *const COPIED[] = {
		"height",  "view",	 "synced",	"peers",
		"mempool", "state_root", "state_height"};
	struct admin_client *client = NULL;
	struct admin_error error;
	json_t *o = node_state(n, network_is_running(n) ? "running" : "down");
	json_t *status = NULL;

	json_put(o, "role",
		 json_string(n->observer ? "observer" : "validator"));
	if (network_is_running(n) &&
	    !admin_client_open(&client, n->socket, NULL) &&
	    !admin_client_call(client, "node.status", NULL, 5000, &status,
			       &error)) {
		for (size_t i = 0; i < sizeof(COPIED) / sizeof(COPIED[0]); i++)
			json_object_set(o, COPIED[i],
					json_object_get(status, COPIED[i]));
	}
	json_decref(status);
	admin_client_close(&client);
	return o;
}

/* The root, and its height when it is not that of the last block. */
static const char *root_cell(const json_t *row)
{
	static char cell[64];
	uint64_t height = json_get_number(row, "state_height");
	const char *root = show_short(json_get_text(row, "state_root"));

	if (height == json_get_number(row, "height"))
		return root;
	snprintf(cell, sizeof(cell), "%s at %s", root, show_count(height));
	return cell;
}

static void show_states(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(7);
	const json_t *row;
	size_t i;

	(void)cli;
	for (const char *const *h =
		     (const char *const[]){"NODE", "ROLE", "STATE", "HEIGHT",
					   "SYNCED", "PEERS", "ROOT", NULL};
	     *h; h++)
		table_cell(t, *h);
	table_right(t, 3);
	table_right(t, 5);
	json_array_foreach (list, i, row) {
		table_cell(t, json_get_text(row, "name"));
		table_cell(t, json_get_text(row, "role"));
		table_cell(t, json_get_text(row, "state"));
		table_cell(t, show_thousands(json_get_text(row, "height")));
		table_cell(t, !json_object_get(row, "synced") ? ""
			      : json_is_true(json_object_get(row, "synced"))
				      ? "yes"
				      : "no");
		table_cell(t,
			   json_object_get(row, "peers")
				   ? show_count(json_get_number(row, "peers"))
				   : "");
		table_cell(t, root_cell(row));
	}
	table_print(&t, stdout);
}

int cmd_TESTNET_STATUS(struct cli *cli)
{
	struct err_text text = {""};
	json_t *list = json_array();
	struct network *net;
	enum err e = load(cli, &net, &text);

	for (uint32_t i = 0; !e && i < net->count; i++)
		json_push(list, status_row(&net->nodes[i]));
	free(net);
	if (!e)
		return cli_emit(cli, list, show_states);
	json_decref(list);
	return cli_fail_code(cli, e, text.text);
}

/* --- Logs --- */

static void print_tail(const struct network_node *n, uint64_t lines)
{
	char path[FILE_PATH_BYTES], line[4096];
	uint64_t total = 0, at = 0;
	FILE *f;

	if (file_path(path, n->dir, "log"))
		return;
	f = fopen(path, "re");
	if (!f)
		return;
	printf("==> %s <==\n", path);
	while (fgets(line, sizeof(line), f))
		total++;
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		if (++at + lines > total)
			fputs(line, stdout);
	}
	fclose(f);
}

int cmd_TESTNET_LOGS(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t lines = 20;
	struct network *net;
	uint32_t index = 0;
	enum err e = cli_number(cli, "lines", UINT32_MAX, &lines, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	e = load(cli, &net, &text);
	if (!e && cli->word_count > 0)
		e = take_node(cli, net, &index, &text);
	if (e) {
		free(net);
		return cli_fail_code(cli, e, text.text);
	}
	for (uint32_t i = 0; i < net->count; i++) {
		if (cli->word_count == 0 || i == index)
			print_tail(&net->nodes[i], lines);
	}
	free(net);
	return CLI_EXIT_OK;
}
