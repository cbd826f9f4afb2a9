/* The node, its peers, and who validates. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/hex.h"
#include "cli/render.h"
#include "cli/sign.h"
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS		50u
#define SPEED_MS	400u
#define NOT_VOTED_SHOWN 5

/* --- Status --- */

static void pause_ms(unsigned ms)
{
	struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

/* "   210 blk/s   ETA 21 s", from two looks at the height. */
static const char *show_speed(const json_t *s)
{
	static char text[64];
	uint64_t height = json_get_number(s, "height");
	uint64_t target = json_get_number(s, "sync_target");
	uint64_t rate = json_get_number(s, "blocks_per_s");

	if (rate == 0 || target < height)
		return "";
	snprintf(text, sizeof(text), "   %s blk/s   ETA %s", show_count(rate),
		 show_duration((target - height) * 1000 / rate));
	return text;
}

static void show_sync(const json_t *s)
{
	const char *height = json_get_text(s, "height");
	const char *target = json_get_text(s, "sync_target");

	if (json_is_true(json_object_get(s, "synced")))
		printf("sync      level with the network at height %s\n",
		       show_thousands(height));
	else if (json_get_number(s, "peers") == 0)
		printf("sync      height %s; no peer has told its height yet\n",
		       show_thousands(height));
	else
		printf("sync      %s  %s  %s / %s%s\n",
		       show_bar(height, target), show_percent(height, target),
		       show_thousands(height), show_thousands(target),
		       show_speed(s));
}

static void show_final(const json_t *s)
{
	uint64_t now = json_get_number(s, "now_ms");
	uint64_t at = json_get_number(s, "block_time_ms");

	printf("final     ");
	if (json_get_number(s, "height") > 0)
		printf("%s ago  ", show_duration(now > at ? now - at : 0));
	printf("height %s  root %s at %s\n",
	       show_thousands(json_get_text(s, "height")),
	       show_short(json_get_text(s, "state_root")),
	       show_thousands(json_get_text(s, "state_height")));
}

/* "2 proposals; you have not voted on 1: #41 (closes in 5 h 12 min)" */
static void show_open(const json_t *s)
{
	const json_t *left = json_object_get(s, "not_voted"), *row;
	uint64_t now = json_get_number(s, "now_ms");
	size_t i, n = json_array_size(left);

	printf("open      %s",
	       show_some(json_get_number(s, "proposals_open"), "proposal"));
	if (left && n == 0)
		printf("; nothing waits for your vote");
	else if (left)
		printf("; you have not voted on %zu: ", n);
	json_array_foreach (left, i, row) {
		uint64_t end = json_get_number(row, "voting_end_ms");

		if (i == NOT_VOTED_SHOWN) {
			printf(", …");
			break;
		}
		printf("%s#%" PRIu64 " (closes in %s)", i ? ", " : "",
		       json_get_number(row, "proposal"),
		       show_duration(end > now ? end - now : 0));
	}
	printf("\nledger    %s, ",
	       show_some(json_get_number(s, "voters"), "account"));
	printf("%s waiting\n",
	       show_some(json_get_number(s, "mempool"), "transaction"));
}

static void show_signing(const json_t *s)
{
	const char *note = json_get_text(s, "note");

	if (json_is_true(json_object_get(s, "signing")))
		printf("signing   yes; guard at view %s",
		       show_thousands(json_get_text(s, "view")));
	else if (strcmp(json_get_text(s, "role"), "observer") == 0)
		printf("signing   no: an observer does not");
	else if (!json_is_true(json_object_get(s, "synced")))
		printf("signing   paused while syncing; guard at view %s",
		       show_thousands(json_get_text(s, "view")));
	else
		printf("signing   no");
	printf("%s%s\n", note[0] ? "; " : "", note);
}

/* Only when a proposal has named a version. */
static void show_protocol(const struct cli *cli, const json_t *protocol)
{
	bool ready = json_is_true(json_object_get(protocol, "ready"));
	uint64_t needed = json_get_number(protocol, "needed");

	if (needed == 0)
		return;
	color_begin(cli, ready ? COLOR_GREEN : COLOR_RED);
	printf("upgrade   version %" PRIu64 " of the protocol from height %s; ",
	       needed, show_thousands(json_get_text(protocol, "from_height")));
	if (ready)
		puts("this node has it");
	else
		printf("THIS NODE HAS %" PRIu64
		       ": install build %s before that\n",
		       json_get_number(protocol, "version"),
		       show_short(json_get_text(protocol, "build")));
	color_end(cli);
}

static void show_status(struct cli *cli, const json_t *s)
{
	uint64_t online = json_get_number(s, "weight_online");
	uint64_t total = json_get_number(s, "weight_total");
	const char *name = json_get_text(s, "name");
	bool quorum = total > 0 && online >= total - (total - 1) / 3;

	printf("node      %s%s%s (%s", name, name[0] ? " " : "",
	       show_short(json_get_text(s, "node_id")),
	       json_get_text(s, "role"));
	if (json_get_number(s, "weight"))
		printf(", weight %s of %s",
		       show_thousands(json_get_text(s, "weight")),
		       show_thousands(json_get_text(s, "weight_total")));
	printf(")   bcai-gov %s  %s\n", json_get_text(s, "version"),
	       json_get_text(s, "chain_id"));
	show_sync(s);
	show_final(s);
	printf("peers     %" PRIu64 " (%" PRIu64 " out, %" PRIu64
	       " in)   quorum reachable: %s (%s of %s online)\n",
	       json_get_number(s, "peers"), json_get_number(s, "peers_out"),
	       json_get_number(s, "peers_in"), quorum ? "yes" : "no",
	       show_count(online), show_count(total));
	show_signing(s);
	show_protocol(cli, json_object_get(s, "protocol"));
	show_open(s);
}

/* Add "not_voted": what waits for the vote of who asks. That there is nobody,
 * or nobody with an account, is no failure unless --as was given. */
static int add_not_voted(struct cli *cli, json_t *status)
{
	const char *as = cli_option(cli, "as");
	char account[2 * PUBLIC_KEY_BYTES + 1];
	struct public_key key;
	struct admin_error error;
	json_t *params, *page;
	int failed = as ? cli_public_key(cli, as, &key) : CLI_EXIT_OK;

	if (failed)
		return failed;
	if (!as && !cli_only_key(cli, &key))
		return CLI_EXIT_OK;
	hex_encode(account, key.b, PUBLIC_KEY_BYTES);
	params = cli_params_text("not_voted_by", account);
	json_put(params, "state", json_string("voting"));
	json_put(params, "limit", json_integer(1));
	/* The only key there is may be nobody's. */
	if (cli_ask(cli, "proposal.list", json_copy(params), &page, &error)) {
		json_decref(params);
		return as ? cli_fail(cli, &error) : CLI_EXIT_OK;
	}
	json_decref(page);
	failed = cli_call_pages(cli, "proposal.list", params, "proposals", 0,
				&page);
	if (!failed)
		json_put(status, "not_voted", page);
	return failed;
}

/* A node that catches up is looked at again, to tell how fast it is. */
static void add_speed(struct cli *cli, json_t **status)
{
	uint64_t before = json_get_number(*status, "height");
	uint64_t since = clock_mono_ms(), passed;
	struct admin_error error;
	json_t *now;

	pause_ms(SPEED_MS);
	if (cli_ask(cli, "node.status", NULL, &now, &error))
		return;
	passed = clock_mono_ms() - since;
	json_put(now, "blocks_per_s",
		 json_u64((json_get_number(now, "height") - before) * 1000 /
			  (passed ? passed : 1)));
	json_decref(*status);
	*status = now;
}

int cmd_STATUS(struct cli *cli)
{
	json_t *status;
	int failed = cli_call(cli, "node.status", NULL, &status);

	if (failed)
		return failed;
	if (cli->format == FORMAT_TABLE &&
	    !json_is_true(json_object_get(status, "synced")))
		add_speed(cli, &status);
	if (cli->format == FORMAT_TABLE || cli_option(cli, "as"))
		failed = add_not_voted(cli, status);
	if (!failed)
		return cli_emit(cli, status, show_status);
	json_decref(status);
	return failed;
}

static void show_checks(struct cli *cli, const json_t *value)
{
	show_findings(cli, json_object_get(value, "checks"), 12);
}

int cmd_HEALTH(struct cli *cli)
{
	json_t *result;
	int failed = cli_call(cli, "node.health", NULL, &result);
	bool healthy;

	if (failed)
		return failed;
	healthy = json_is_true(json_object_get(result, "healthy"));
	failed = cli_emit(cli, result, show_checks);
	return healthy ? failed : CLI_EXIT_CHECK_FAILED;
}

static void show_ready(struct cli *cli, const json_t *value)
{
	const char *text = json_get_text(value, "text");

	(void)cli;
	printf("%s%s%s\n",
	       json_is_true(json_object_get(value, "ready")) ? "ready"
							     : "not ready",
	       text[0] ? ": " : "", text);
}

int cmd_READY(struct cli *cli)
{
	json_t *result;
	int failed = cli_call(cli, "node.ready", NULL, &result);
	bool ready;

	if (failed)
		return failed;
	ready = json_is_true(json_object_get(result, "ready"));
	failed = cli_emit(cli, result, show_ready);
	return ready ? failed : CLI_EXIT_CHECK_FAILED;
}

/* --- Waiting --- */

/* 0 for no state. */
static uint32_t state_number(const char *name)
{
	for (uint32_t s = STATE_DRAFT; proposal_state_name(s); s++) {
		if (strcmp(proposal_state_name(s), name) == 0)
			return s;
	}
	return 0;
}

enum goal { GOAL_HEIGHT, GOAL_SYNCED, GOAL_PROPOSAL };

struct goal_of {
	enum goal kind;
	uint64_t number;   /* of the height or the proposal */
	const char *state; /* of the proposal */
};

static bool take_goal(const struct cli *cli, struct goal_of *g)
{
	const char *word = cli->words[0];

	if (strcmp(word, "synced") == 0) {
		g->kind = GOAL_SYNCED;
		return cli->word_count == 1;
	}
	if (strcmp(word, "height") == 0) {
		g->kind = GOAL_HEIGHT;
		return cli->word_count == 2 &&
		       parse_u64(cli->words[1], &g->number);
	}
	if (strcmp(word, "proposal") != 0 || cli->word_count != 3 ||
	    !parse_u64(cli->words[1], &g->number))
		return false;
	g->kind = GOAL_PROPOSAL;
	g->state = cli->words[2];
	return state_number(g->state) != 0;
}

static const char *const *goal_members(const struct goal_of *g)
{
	static const char *const NODE[] = {"height", "synced", NULL};
	static const char *const PROPOSAL[] = {"proposal", "state", "reason",
					       "voting_end_ms", NULL};

	return g->kind == GOAL_PROPOSAL ? PROPOSAL : NODE;
}

/* What was passed stays so, whatever becomes of its actions. */
static bool is_in_state(uint32_t state, uint32_t goal)
{
	return state == goal || (goal == STATE_PASSED && state >= STATE_QUEUED);
}

static bool is_reached(const struct goal_of *g, const json_t *o)
{
	switch (g->kind) {
	case GOAL_HEIGHT:
		return json_get_number(o, "height") >= g->number;
	case GOAL_SYNCED:
		return json_is_true(json_object_get(o, "synced"));
	case GOAL_PROPOSAL:
		return is_in_state(state_number(json_get_text(o, "state")),
				   state_number(g->state));
	}
	return false;
}

/* A proposal goes one way: a state that lies behind it never comes again,
 * unless a veto that ended it is overridden. Until its end it may be cancelled.
 */
static bool is_missed(const struct goal_of *g, const json_t *o)
{
	uint32_t goal;

	if (g->kind != GOAL_PROPOSAL)
		return false;
	goal = state_number(g->state);
	return json_get_number(o, "ended_ms") > 0 ||
	       (goal != STATE_CANCELLED &&
		state_number(json_get_text(o, "state")) > goal);
}

static void tell_where(char *out, size_t size, const struct goal_of *g,
		       const json_t *o)
{
	if (g->kind == GOAL_PROPOSAL)
		snprintf(out, size, "proposal #%" PRIu64 " is %s",
			 json_get_number(o, "proposal"),
			 json_get_text(o, "state"));
	else
		snprintf(out, size, "the node is at height %s, %s",
			 show_thousands(json_get_text(o, "height")),
			 json_is_true(json_object_get(o, "synced"))
				 ? "synced"
				 : "syncing");
}

static void show_waited(struct cli *cli, const json_t *o)
{
	(void)cli;
	if (json_object_get(o, "proposal"))
		printf("proposal #%" PRIu64 " is %s\n",
		       json_get_number(o, "proposal"),
		       json_get_text(o, "state"));
	else
		printf("height %s, %s\n",
		       show_thousands(json_get_text(o, "height")),
		       json_is_true(json_object_get(o, "synced")) ? "synced"
								  : "syncing");
}

static enum err ask_goal(struct cli *cli, const struct goal_of *g, json_t **out,
			 struct admin_error *error)
{
	enum err e = g->kind == GOAL_PROPOSAL
			     ? cli_ask(cli, "proposal.get",
				       cli_params_number("proposal", g->number),
				       out, error)
			     : cli_ask(cli, "node.status", NULL, out, error);

	if (e == ERR_UNREACHABLE)
		admin_client_close(&cli->client);
	return e;
}

/* A node that is just starting is waited for, too. */
int cmd_WAIT(struct cli *cli)
{
	uint64_t until = clock_mono_ms() + cli->timeout_ms;
	struct goal_of goal = {.kind = GOAL_HEIGHT};
	char where[96] = "";
	struct admin_error error;
	json_t *answer, *o;

	if (!take_goal(cli, &goal))
		return cli_fail_code(cli, ERR_USAGE,
				     "wait for: height N, synced, or proposal "
				     "NUMBER STATE");
	for (;;) {
		enum err e = ask_goal(cli, &goal, &answer, &error);

		if (e && e != ERR_UNREACHABLE)
			return cli_fail(cli, &error);
		if (!e && is_reached(&goal, answer))
			break;
		if (!e)
			tell_where(where, sizeof(where), &goal, answer);
		if (!e && is_missed(&goal, answer)) {
			json_decref(answer);
			return cli_fail_code(cli, ERR_CHECK_FAILED, where);
		}
		json_decref(answer);
		if (clock_mono_ms() >= until)
			return e ? cli_fail(cli, &error)
				 : cli_fail_code(cli, ERR_TIMEOUT, where);
		pause_ms(POLL_MS);
	}
	o = json_object();
	for (const char *const *m = goal_members(&goal); *m; m++)
		json_object_set(o, *m, json_object_get(answer, *m));
	json_decref(answer);
	return cli_emit(cli, o, show_waited);
}

/* --- Small ones --- */

static void show_done(struct cli *cli, const json_t *value)
{
	(void)cli;
	(void)value;
	puts("done");
}

static void show_stopping(struct cli *cli, const json_t *value)
{
	(void)cli;
	(void)value;
	puts("stopping");
}

static void show_level(struct cli *cli, const json_t *value)
{
	(void)cli;
	printf("the node logs %s until it starts again or reloads\n",
	       json_get_text(value, "level"));
}

int cmd_STOP(struct cli *cli)
{
	return cli_show(cli, "node.stop", NULL, show_stopping);
}

int cmd_LOG_LEVEL(struct cli *cli)
{
	return cli_show(cli, "log.level",
			cli_params_text("level", cli->words[0]), show_level);
}

static void show_version(struct cli *cli, const json_t *value)
{
	(void)cli;
	printf("bcai-gov %s\n", json_get_text(value, "version"));
}

int cmd_VERSION(struct cli *cli)
{
	return cli_emit(cli, cli_params_text("version", PACKAGE_VERSION),
			show_version);
}

/* --- Peers --- */

static void show_peers(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(7);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, (const char *const[]){"PEER", "ADDRESS", "ROLE", "LINK",
					    "HEIGHT", "RTT", "VERSION"});
	table_right(t, 4);
	table_right(t, 5);
	json_array_foreach (list, i, row) {
		bool banned = json_get_number(row, "banned_until_ms") > 0;
		uint64_t us = json_get_number(row, "latency_us");
		char rtt[32] = "";

		if (us)
			snprintf(rtt, sizeof(rtt), "%" PRIu64 ".%" PRIu64 " ms",
				 us / 1000, us % 1000 / 100);
		table_cell(t, show_short(json_get_text(row, "node_id")));
		table_cell(t, json_get_text(row, "address"));
		table_cell(t, json_get_text(row, "role"));
		table_cell(t, banned ? "banned"
			      : json_is_true(json_object_get(row, "connected"))
				      ? json_get_text(row, "direction")
				      : "down");
		table_cell(t, show_thousands(json_get_text(row, "height")));
		table_cell(t, rtt);
		table_cell(t, json_get_text(row, "version"));
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

int cmd_PEERS(struct cli *cli)
{
	json_t *list;
	int failed = cli_call_pages(cli, "peer.list", NULL, "peers", 0, &list);

	return failed ? failed : cli_emit(cli, list, show_peers);
}

int cmd_PEER_ADD(struct cli *cli)
{
	return cli_show(cli, "peer.add",
			cli_params_text("address", cli->words[0]), show_done);
}

int cmd_PEER_REMOVE(struct cli *cli)
{
	return cli_show(cli, "peer.remove",
			cli_params_text("node_id", cli->words[0]), show_done);
}

int cmd_PEER_BAN(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t seconds = 0;
	json_t *params;

	if (cli_number(cli, "for", UINT32_MAX, &seconds, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	params = cli_params_text("node_id", cli->words[0]);
	if (seconds)
		json_put(params, "for_ms", json_u64(seconds * 1000));
	return cli_show(cli, "peer.ban", params, show_done);
}

int cmd_PEER_UNBAN(struct cli *cli)
{
	return cli_show(cli, "peer.unban",
			cli_params_text("node_id", cli->words[0]), show_done);
}

/* --- Consensus --- */

static void show_validators(struct cli *cli, const json_t *list)
{
	static const char *const NAMES[] = {"VALIDATOR", "WEIGHT", "TO BE",
					    "ONLINE", "LAST SIGNED"};
	struct table *t = table_new(5);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, NAMES);
	table_right(t, 1);
	table_right(t, 2);
	table_right(t, 4);
	json_array_foreach (list, i, row) {
		const char *weight = json_get_text(row, "weight");
		const char *next = json_get_text(row, "pending_weight");

		table_cell(t, json_get_text(row, "node_id"));
		table_cell(t, show_thousands(weight));
		table_cell(t, strcmp(weight, next) ? show_thousands(next) : "");
		table_cell(t, json_is_true(json_object_get(row, "online"))
				      ? "yes"
				      : "no");
		table_cell(t, show_thousands(json_get_text(
				      row, "last_signed_height")));
	}
	table_print(&t, stdout);
}

int cmd_VALIDATORS(struct cli *cli)
{
	json_t *result, *list, *params = json_object();
	int failed;

	if (cli_flag(cli, "pending"))
		json_put(params, "pending", json_true());
	failed = cli_call(cli, "validator.list", params, &result);
	if (failed)
		return failed;
	list = json_incref(json_object_get(result, "validators"));
	json_decref(result);
	return cli_emit(cli, list, show_validators);
}

static void show_evidence(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(5);
	const json_t *row;
	size_t i;

	(void)cli;
	table_cell(t, "KIND");
	table_cell(t, "SIGNER");
	table_cell(t, "EPOCH");
	table_cell(t, "VIEW");
	table_cell(t, "ID");
	json_array_foreach (list, i, row) {
		table_cell(t, json_get_text(row, "kind"));
		table_cell(t, show_short(json_get_text(row, "signer")));
		table_cell(t, json_get_text(row, "epoch"));
		table_cell(t, json_get_text(row, "view"));
		table_cell(t, json_get_text(row, "id"));
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

int cmd_EVIDENCE(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t limit = 0;
	json_t *list;
	int failed;

	if (cli_number(cli, "limit", UINT32_MAX, &limit, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	failed = cli_call_pages(cli, "evidence.list", NULL, "evidence", limit,
				&list);
	return failed ? failed : cli_emit(cli, list, show_evidence);
}
