#include "cli/lab.h"

#include "base/arena.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALL_TIMEOUT_MS 30000u
#define WAIT_MS		60000u
#define STOP_TIMEOUT_MS 20000u

static void pause_ms(unsigned ms)
{
	struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

enum err lab_call(const struct lab *lab, uint32_t index, const char *method,
		  json_t *params, json_t **result, struct err_text *text)
{
	struct admin_client *client;
	struct admin_error error;
	enum err e =
		admin_client_open(&client, lab->net->nodes[index].socket, text);

	*result = NULL;
	if (e) {
		json_decref(params);
		return e;
	}
	e = admin_client_call(client, method, params, CALL_TIMEOUT_MS, result,
			      &error);
	if (e)
		err_set(text, e, "%s: %.200s", lab->net->nodes[index].name,
			error.message);
	admin_client_close(&client);
	return e;
}

static enum err learn(struct lab *lab, struct err_text *text)
{
	json_t *status;
	enum err e = lab_call(lab, 0, "node.status", NULL, &status, text);

	if (e)
		return e;
	if (!json_get_hash(json_object_get(status, "genesis_hash"),
			   &lab->genesis))
		e = ERR_RPC_PARSE;
	lab->now_ms = json_get_number(status, "now_ms");
	json_decref(status);
	return e;
}

static enum err start(struct lab *lab, const char *dir, struct genesis *genesis,
		      struct err_text *text)
{
	const char *tmp = getenv("TMPDIR");
	char made[FILE_PATH_BYTES];
	uint64_t validators = 4;
	enum err e = cli_number(lab->cli, "validators", LIMIT_VALIDATORS,
				&validators, text);
	struct network_spec spec = {.validators = (uint32_t)validators,
				    .genesis = genesis};

	if (e)
		return e;
	if (!dir) {
		e = file_path(made, tmp && *tmp ? tmp : "/tmp",
			      "bcai-gov.XXXXXX");
		if (!e && !mkdtemp(made))
			e = err_set(text, ERR_IO, "%s cannot be made", made);
		lab->temporary = true;
	}
	spec.dir = dir ? dir : made;
	if (!e)
		e = network_up(lab->net, lab->cli, &spec, text);
	lab->own = e == ERR_OK;
	if (e && lab->temporary && lab->net->dir[0] &&
	    network_remove(lab->net->dir, text))
		cli_note(lab->cli, "%s was left behind", lab->net->dir);
	return e;
}

enum err lab_open(struct lab *lab, struct cli *cli, const char *running,
		  const char *dir, struct genesis *genesis,
		  struct err_text *text)
{
	enum err e;

	memset(lab, 0, sizeof(*lab));
	lab->cli = cli;
	lab->net = mem_alloc(sizeof(*lab->net));
	e = running ? network_load(lab->net, running, text)
		    : start(lab, dir, genesis, text);
	return e ? e : learn(lab, text);
}

void lab_close(struct lab *lab)
{
	struct err_text text = {""};

	if (lab->own && lab->temporary) {
		network_down(lab->net, STOP_TIMEOUT_MS);
		if (network_remove(lab->net->dir, &text))
			cli_note(lab->cli, "%s", text.text);
	}
	free(lab->net);
	lab->net = NULL;
}

enum err lab_wait_height(const struct lab *lab, uint64_t height,
			 struct err_text *text)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	for (uint32_t i = 0; i < lab->net->count;) {
		json_t *status;
		enum err e;
		uint64_t at;

		if (!network_is_running(&lab->net->nodes[i])) {
			i++;
			continue;
		}
		e = lab_call(lab, i, "node.status", NULL, &status, text);
		if (e)
			return e;
		at = json_get_number(status, "height");
		json_decref(status);
		if (at >= height) {
			i++;
			continue;
		}
		if (clock_mono_ms() > until)
			return err_set(text, ERR_TIMEOUT,
				       "%s does not reach height %" PRIu64,
				       lab->net->nodes[i].name, height);
		pause_ms(10);
	}
	return ERR_OK;
}

/* Ballots go to all nodes: each must have seen what the first one has. */
static enum err wait_level(const struct lab *lab, struct err_text *text)
{
	json_t *status;
	uint64_t height;
	enum err e = lab_call(lab, 0, "node.status", NULL, &status, text);

	if (e)
		return e;
	height = json_get_number(status, "height");
	json_decref(status);
	return lab_wait_height(lab, height, text);
}

/* Until the proposal's being in voting is as wanted. */
static enum err wait_vote(const struct lab *lab, uint32_t number, bool wanted,
			  uint64_t timeout_ms, struct err_text *text)
{
	uint64_t until = clock_mono_ms() + timeout_ms;

	for (;;) {
		json_t *p, *params = json_object();
		bool open;
		enum err e;

		json_put(params, "proposal", json_count(number));
		e = lab_call(lab, 0, "tally.get", params, &p, text);
		if (e)
			return e;
		open = strcmp(json_get_text(p, "state"), "voting") == 0;
		json_decref(p);
		if (open == wanted)
			return ERR_OK;
		if (clock_mono_ms() > until)
			return err_set(text, ERR_TIMEOUT,
				       "proposal %" PRIu32 " does not %s",
				       number,
				       wanted ? "open for votes" : "end");
		pause_ms(10);
	}
}

enum err lab_wait_voting(const struct lab *lab, const uint32_t *numbers,
			 uint32_t count, struct err_text *text)
{
	enum err e = ERR_OK;

	for (uint32_t i = 0; !e && i < count; i++)
		e = wait_vote(lab, numbers[i], true, WAIT_MS, text);
	return e ? e : wait_level(lab, text);
}

enum err lab_wait_ended(const struct lab *lab, uint32_t number,
			uint64_t timeout_ms, struct err_text *text)
{
	enum err e = wait_vote(lab, number, false, timeout_ms, text);

	return e ? e : wait_level(lab, text);
}
