#include "cli/network.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/hex.h"
#include "cli/process.h"
#include "cli/render.h"
#include "cli/setup.h"
#include "crypto/keystore.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE_FILE	 "testnet.json"
#define READY_TIMEOUT_MS 120000u
#define KILL_TIMEOUT_MS	 10000u
#define POLL_MS		 20u
#define WEIGHT		 100u
#define ADDRESS_TRIES	 3
#define SOCKET_PATH_MAX	 107u
#define CONFIG_BYTES	 (64u << 10)

static void pause_ms(unsigned ms)
{
	struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

/* --- The file that remembers --- */

static json_t *node_value(const struct network_node *n)
{
	json_t *o = json_object();

	json_put(o, "name", json_string(n->name));
	json_put(o, "role",
		 json_string(n->observer ? "observer" : "validator"));
	json_put(o, "socket", json_string(n->socket));
	json_put(o, "pid", json_integer(n->pid));
	json_put(o, "p2p", json_string(n->p2p));
	json_put(o, "node_id", json_string(n->node_id));
	return o;
}

json_t *network_value(const struct network *net)
{
	json_t *o = json_object(), *list = json_array();

	for (uint32_t i = 0; i < net->count; i++)
		json_push(list, node_value(&net->nodes[i]));
	json_put(o, "dir", json_string(net->dir));
	json_put(o, "chain_id", json_string(net->chain_id));
	json_put(o, "nodes", list);
	json_put(o, "keys", json_string(net->keys));
	return o;
}

static enum err state_path(char out[FILE_PATH_BYTES], const char *dir)
{
	return file_path(out, dir, STATE_FILE);
}

enum err network_save(const struct network *net, struct err_text *text)
{
	json_t *o = network_value(net), *row;
	char path[FILE_PATH_BYTES], *dump;
	size_t i;
	enum err e = state_path(path, net->dir);

	json_array_foreach (json_object_get(o, "nodes"), i, row) {
		json_put(row, "dir", json_string(net->nodes[i].dir));
		json_put(row, "started", json_u64(net->nodes[i].started));
	}
	dump = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	if (!e)
		e = dump ? file_replace(path, dump, strlen(dump), 0600, text)
			 : ERR_NO_MEMORY;
	free(dump);
	return e;
}

static void copy_text(char *out, size_t size, const json_t *o, const char *name)
{
	snprintf(out, size, "%s", json_get_text(o, name));
}

enum err network_load(struct network *net, const char *dir,
		      struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	const json_t *row;
	uint8_t *data;
	size_t size, i;
	json_t *o;
	enum err e = state_path(path, dir);

	memset(net, 0, sizeof(*net));
	if (!e)
		e = file_read(&data, &size, path, 16u << 20, text);
	if (e == ERR_NOT_FOUND)
		return err_set(text, e, "%s has no network of testnet up", dir);
	if (e)
		return e;
	o = json_loadb((char *)data, size, 0, NULL);
	free(data);
	copy_text(net->dir, sizeof(net->dir), o, "dir");
	copy_text(net->keys, sizeof(net->keys), o, "keys");
	copy_text(net->chain_id, sizeof(net->chain_id), o, "chain_id");
	json_array_foreach (json_object_get(o, "nodes"), i, row) {
		struct network_node *n = &net->nodes[net->count];

		if (net->count == NETWORK_NODES_MAX)
			break;
		net->count++;
		copy_text(n->name, sizeof(n->name), row, "name");
		n->observer =
			strcmp(json_get_text(row, "role"), "observer") == 0;
		copy_text(n->dir, sizeof(n->dir), row, "dir");
		copy_text(n->socket, sizeof(n->socket), row, "socket");
		copy_text(n->p2p, sizeof(n->p2p), row, "p2p");
		copy_text(n->node_id, sizeof(n->node_id), row, "node_id");
		n->pid = (pid_t)json_get_number(row, "pid");
		n->started = json_get_number(row, "started");
	}
	json_decref(o);
	if (net->count == 0)
		return err_set(text, ERR_DATA_DAMAGED, "%s", path);
	return ERR_OK;
}

/* --- Processes --- */

bool network_is_running(const struct network_node *node)
{
	struct process_facts facts;

	return node->started && process_facts(&facts, node->pid) &&
	       facts.started == node->started;
}

static enum err spawn(struct network_node *n, struct err_text *text)
{
	char program[FILE_PATH_BYTES], log[FILE_PATH_BYTES];
	char *argv[] = {program, (char *)(uintptr_t) "--data-dir", n->dir,
			NULL};
	enum err e = file_path(log, n->dir, "log");

	if (e)
		return e;
	process_find(program, sizeof(program), "bcai-govd");
	return process_spawn(&n->pid, &n->started, argv, log, text);
}

/* The last line of a log, which says why a node ended. */
static enum err tell_end(const struct network_node *n, struct err_text *text)
{
	char path[FILE_PATH_BYTES], line[ERR_TEXT_BYTES] = "",
				    last[ERR_TEXT_BYTES] = "its log is empty";
	FILE *f;

	if (file_path(path, n->dir, "log"))
		return ERR_CHECK_FAILED;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0])
			memcpy(last, line, sizeof(last));
	}
	if (f)
		fclose(f);
	return err_set(text, ERR_CHECK_FAILED, "%s ended: %.200s", n->name,
		       last);
}

static bool says(const struct network_node *n, const char *method,
		 const char *member)
{
	struct admin_client *client = NULL;
	struct admin_error error;
	json_t *result = NULL;
	bool yes;

	if (admin_client_open(&client, n->socket, NULL))
		return false;
	yes = !admin_client_call(client, method, NULL, 2000, &result, &error) &&
	      (!member || json_is_true(json_object_get(result, member)));
	json_decref(result);
	admin_client_close(&client);
	return yes;
}

/* Until the node says yes, it ends, or time is up. */
static enum err wait_for(const struct network_node *n, const char *method,
			 const char *member, uint64_t deadline_ms,
			 struct err_text *text)
{
	while (!says(n, method, member)) {
		if (!network_is_running(n))
			return tell_end(n, text);
		if (clock_mono_ms() > deadline_ms)
			return err_set(text, ERR_TIMEOUT,
				       "%s is not ready; see %s/log", n->name,
				       n->dir);
		pause_ms(POLL_MS);
	}
	return ERR_OK;
}

enum err network_start(struct network *net, uint32_t index, uint64_t timeout_ms,
		       struct err_text *text)
{
	struct network_node *n = &net->nodes[index];
	enum err e;

	if (network_is_running(n))
		return err_set(text, ERR_PROCESS_STATE, "%s runs already",
			       n->name);
	e = spawn(n, text);
	if (!e)
		e = network_save(net, text);
	if (!e)
		e = wait_for(n, "node.status", NULL,
			     clock_mono_ms() + timeout_ms, text);
	return e;
}

static bool wait_gone(const struct network_node *n, uint64_t deadline_ms)
{
	while (network_is_running(n)) {
		if (clock_mono_ms() > deadline_ms)
			return false;
		pause_ms(POLL_MS);
	}
	return true;
}

enum err network_kill(struct network *net, uint32_t index,
		      struct err_text *text)
{
	struct network_node *n = &net->nodes[index];

	if (!network_is_running(n))
		return err_set(text, ERR_PROCESS_STATE, "%s does not run",
			       n->name);
	kill(n->pid, SIGKILL);
	if (!wait_gone(n, clock_mono_ms() + KILL_TIMEOUT_MS))
		return err_set(text, ERR_TIMEOUT, "%s does not end", n->name);
	n->started = 0;
	return network_save(net, text);
}

void network_down(struct network *net, uint64_t timeout_ms)
{
	uint64_t deadline = clock_mono_ms() + timeout_ms;

	for (uint32_t i = 0; i < net->count; i++) {
		if (network_is_running(&net->nodes[i]))
			kill(net->nodes[i].pid, SIGTERM);
	}
	for (uint32_t i = 0; i < net->count; i++) {
		struct network_node *n = &net->nodes[i];

		if (!wait_gone(n, deadline)) {
			kill(n->pid, SIGKILL);
			wait_gone(n, clock_mono_ms() + KILL_TIMEOUT_MS);
		}
		n->started = 0;
	}
}

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

enum err network_remove(const char *dir, struct err_text *text)
{
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return file_fail(text, errno, "remove", dir);
	return ERR_OK;
}

static void add_facts(const struct network *net, uint64_t *cpu, uint64_t *rss)
{
	struct process_facts facts;

	*cpu = *rss = 0;
	for (uint32_t i = 0; i < net->count; i++) {
		if (!process_facts(&facts, net->nodes[i].pid) ||
		    facts.started != net->nodes[i].started)
			continue;
		*cpu += facts.cpu_us;
		*rss += facts.rss_bytes;
	}
}

uint64_t network_cpu_us(const struct network *net)
{
	uint64_t cpu, rss;

	add_facts(net, &cpu, &rss);
	return cpu;
}

uint64_t network_rss_bytes(const struct network *net)
{
	uint64_t cpu, rss;

	add_facts(net, &cpu, &rss);
	return rss;
}

/* --- Making one --- */

static enum err make_folder(const char *path, struct err_text *text)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return file_fail(text, errno, "mkdir", path);
	return ERR_OK;
}

/* Folder and key of one node. */
static enum err make_node(struct network *net, uint32_t index, bool observer,
			  struct genesis *genesis, struct err_text *text)
{
	struct network_node *n = &net->nodes[index];
	struct secret_key *key = secret_key_new();
	char keys[FILE_PATH_BYTES];
	enum err e;

	snprintf(n->name, sizeof(n->name), "node%" PRIu32, index);
	n->observer = observer;
	e = file_path(n->dir, net->dir, n->name);
	if (!e)
		e = file_path(n->socket, n->dir, "admin.sock");
	if (!e)
		e = file_path(keys, n->dir, "keys");
	if (!e && strlen(n->socket) > SOCKET_PATH_MAX)
		e = err_set(text, ERR_USAGE,
			    "the folder's path is too long for a socket; use "
			    "a shorter --dir");
	if (!e)
		e = make_folder(n->dir, text);
	if (!e)
		e = keystore_create(keys, "node", key, NULL,
				    KEY_COST_INTERACTIVE, text);
	hex_encode(n->node_id, secret_key_public(key)->b, PUBLIC_KEY_BYTES);
	if (!e && !observer)
		e = genesis_add_validator(genesis, secret_key_public(key),
					  WEIGHT, n->name, text);
	secret_key_free(&key);
	return e;
}

/* One port a node. All are held until every node has one. */
static enum err take_ports(struct network *net, struct err_text *text)
{
	int held[NETWORK_NODES_MAX];
	uint32_t taken = 0;
	enum err e = ERR_OK;

	while (taken < net->count) {
		uint16_t port;

		e = process_free_port(&port, &held[taken], text);
		if (e)
			break;
		snprintf(net->nodes[taken].p2p, sizeof(net->nodes[taken].p2p),
			 "127.0.0.1:%u", (unsigned)port);
		taken++;
	}
	for (uint32_t i = 0; i < taken; i++)
		close(held[i]);
	return e;
}

static enum err write_config(const struct network *net, uint32_t index,
			     const struct network_spec *spec,
			     struct err_text *text)
{
	const struct network_node *n = &net->nodes[index];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	long workers = cores / (long)net->count;
	char path[FILE_PATH_BYTES], *data = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&data, &size);
	enum err e = file_path(path, n->dir, "config.yaml");

	assert(f);
	fprintf(f, "node_name: %s\nlisten: \"%s\"\n", n->name, n->p2p);
	if (!spec->settings || !strstr(spec->settings, "workers:"))
		fprintf(f, "workers: %ld\n", workers < 1 ? 1 : workers);
	if (n->observer)
		fputs("role: observer\n", f);
	if (spec->settings)
		fputs(spec->settings, f);
	if (net->count > 1)
		fputs("bootstrap:\n", f);
	for (uint32_t i = 0, k = 0; i < net->count && k < 32; i++) {
		if (i == index || net->nodes[i].observer)
			continue;
		k++;
		fprintf(f, "  - \"%s@%s\"\n", net->nodes[i].node_id,
			net->nodes[i].p2p);
	}
	fclose(f);
	if (!e)
		e = file_replace(path, data, size, 0600, text);
	free(data);
	return e;
}

/* One copy on the disk serves all nodes: nobody writes to it. */
static enum err write_genesis(const struct network *net,
			      const struct genesis *genesis,
			      struct err_text *text)
{
	char first[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	enum err e = file_path(first, net->nodes[0].dir, "genesis.json");

	if (!e)
		e = genesis_json_write(genesis, first, text);
	for (uint32_t i = 1; !e && i < net->count; i++) {
		e = file_path(path, net->nodes[i].dir, "genesis.json");
		if (!e && link(first, path) != 0)
			e = genesis_json_write(genesis, path, text);
	}
	return e;
}

/* The genesis is whole only when every validator has its key. */
static enum err make_sign_logs(const struct network *net,
			       const struct genesis *genesis,
			       struct err_text *text)
{
	struct public_key key;
	enum err e = ERR_OK;

	for (uint32_t i = 0; !e && i < net->count; i++) {
		const struct network_node *n = &net->nodes[i];
		bool good = hex_decode(key.b, PUBLIC_KEY_BYTES, n->node_id,
				       strlen(n->node_id));

		assert(good);
		e = setup_sign_log(n->dir, genesis, &key, text);
	}
	return e;
}

static enum err make_all(struct network *net, const struct network_spec *spec,
			 struct err_text *text)
{
	uint32_t total = spec->validators + spec->observers;
	enum err e = ERR_OK;

	if (spec->validators < 1 || total > NETWORK_NODES_MAX ||
	    spec->validators > LIMIT_VALIDATORS)
		return err_set(text, ERR_USAGE,
			       "a network has 1 to %u validators, and %u nodes "
			       "at most",
			       LIMIT_VALIDATORS, NETWORK_NODES_MAX);
	for (uint32_t i = 0; !e && i < total; i++) {
		e = make_node(net, i, i >= spec->validators, spec->genesis,
			      text);
		net->count = i + 1;
	}
	if (!e)
		e = genesis_check(spec->genesis, text);
	if (!e)
		e = write_genesis(net, spec->genesis, text);
	if (!e)
		e = make_sign_logs(net, spec->genesis, text);
	return e;
}

/* Start all, and wait until all are ready. */
static enum err start_all(struct network *net, const struct cli *cli,
			  struct err_text *text)
{
	uint64_t deadline =
		clock_mono_ms() +
		(cli->timeout_given ? cli->timeout_ms : READY_TIMEOUT_MS);
	struct progress progress;
	enum err e = ERR_OK;
	uint32_t i;

	progress_begin(&progress, cli, "starting", "nodes", net->count);
	for (i = 0; !e && i < net->count; i++)
		e = spawn(&net->nodes[i], text);
	if (!e)
		e = network_save(net, text);
	for (i = 0; !e && i < net->count; i++) {
		e = wait_for(&net->nodes[i], "node.ready", "ready", deadline,
			     text);
		progress_step(&progress, i + 1);
	}
	if (!e)
		progress_end(&progress, net->count);
	return e;
}

/* Somebody else may take a port between our look and the node's bind. */
static enum err start_somewhere(struct network *net, const struct cli *cli,
				const struct network_spec *spec,
				struct err_text *text)
{
	enum err e = ERR_OK;

	for (int i = 0; i < ADDRESS_TRIES; i++) {
		e = take_ports(net, text);
		for (uint32_t n = 0; !e && n < net->count; n++)
			e = write_config(net, n, spec, text);
		if (!e)
			e = start_all(net, cli, text);
		if (!e)
			return e;
		network_down(net, KILL_TIMEOUT_MS);
		if (!strstr(text->text, "Address already in use"))
			break;
	}
	return e;
}

enum err network_up(struct network *net, const struct cli *cli,
		    const struct network_spec *spec, struct err_text *text)
{
	char path[FILE_PATH_BYTES], full[4096];
	enum err e;

	memset(net, 0, sizeof(*net));
	e = make_folder(spec->dir, text);
	if (e)
		return e;
	if (!realpath(spec->dir, full) || strlen(full) >= sizeof(net->dir))
		return err_set(text, ERR_IO, "%s: its path is too long",
			       spec->dir);
	snprintf(net->dir, sizeof(net->dir), "%.*s", (int)sizeof(net->dir) - 1,
		 full);
	snprintf(net->chain_id, sizeof(net->chain_id), "%s",
		 spec->genesis->chain_id);
	e = state_path(path, net->dir);
	if (!e && access(path, F_OK) == 0)
		e = err_set(text, ERR_FILE_EXISTS,
			    "%s has a network already; testnet start starts "
			    "it again, testnet down --remove removes it",
			    net->dir);
	if (!e)
		e = file_path(net->keys, net->dir, "keys");
	if (!e)
		e = make_folder(net->keys, text);
	if (!e)
		e = make_all(net, spec, text);
	return e ? e : start_somewhere(net, cli, spec, text);
}
