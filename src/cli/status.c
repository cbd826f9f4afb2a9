/* The node, its peers, and who validates. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/render.h"
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS 50u

/* --- Status --- */

static void show_sync(const json_t *s)
{
	const char *height = json_get_text(s, "height");
	const char *target = json_get_text(s, "sync_target");

	if (json_is_true(json_object_get(s, "synced")))
		printf("sync      level with the network at height %s\n",
		       show_thousands(height));
	else
		printf("sync      %s  %s  %s / %s\n", show_bar(height, target),
		       show_percent(height, target), show_thousands(height),
		       show_thousands(target));
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

static void show_status(struct cli *cli, const json_t *s)
{
	uint64_t online = json_get_number(s, "weight_online");
	uint64_t total = json_get_number(s, "weight_total");
	const char *note = json_get_text(s, "note");
	bool quorum = total > 0 && online >= total - (total - 1) / 3;

	(void)cli;
	printf("node      %s (%s", show_short(json_get_text(s, "node_id")),
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
	printf("signing   %s%s%s\n",
	       json_is_true(json_object_get(s, "signing")) ? "yes" : "no",
	       note[0] ? ": " : "", note);
	printf("open      %" PRIu64 " proposals, %s voters, %" PRIu64
	       " transactions waiting\n",
	       json_get_number(s, "proposals_open"),
	       show_count(json_get_number(s, "voters")),
	       json_get_number(s, "mempool"));
}

int cmd_STATUS(struct cli *cli)
{
	return cli_show(cli, "node.status", NULL, show_status);
}

static void show_checks(struct cli *cli, const json_t *value)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(value, "checks"), i, row) {
		bool ok = json_is_true(json_object_get(row, "ok"));

		color_begin(cli, ok ? COLOR_GREEN : COLOR_RED);
		fputs(show_mark(ok), stdout);
		color_end(cli);
		printf(" %-12s %s\n", json_get_text(row, "name"),
		       json_get_text(row, "text"));
	}
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

static void pause_ms(unsigned ms)
{
	struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

static bool far_enough(const json_t *status, bool synced, uint64_t height)
{
	if (synced)
		return json_is_true(json_object_get(status, "synced"));
	return json_get_number(status, "height") >= height;
}

static void show_waited(struct cli *cli, const json_t *value)
{
	(void)cli;
	printf("height %s, %s\n",
	       show_thousands(json_get_text(value, "height")),
	       json_is_true(json_object_get(value, "synced")) ? "synced"
							      : "syncing");
}

/* A node that is just starting is waited for, too. */
int cmd_WAIT(struct cli *cli)
{
	uint64_t until = clock_mono_ms() + cli->timeout_ms, height = 0;
	bool synced = strcmp(cli->words[0], "synced") == 0;
	struct admin_error error;
	json_t *status, *o;

	if (synced ? cli->word_count != 1
		   : strcmp(cli->words[0], "height") != 0 ||
			     cli->word_count != 2 ||
			     !parse_u64(cli->words[1], &height))
		return cli_fail_code(cli, ERR_USAGE,
				     "wait for: height N, or synced");
	for (;;) {
		enum err e = cli_ask(cli, "node.status", NULL, &status, &error);

		if (e && e != ERR_UNREACHABLE)
			return cli_fail(cli, &error);
		if (e)
			admin_client_close(&cli->client);
		else if (far_enough(status, synced, height))
			break;
		json_decref(status);
		if (clock_mono_ms() >= until)
			return e ? cli_fail(cli, &error)
				 : cli_fail_code(cli, ERR_TIMEOUT, NULL);
		pause_ms(POLL_MS);
	}
	o = json_object();
	json_object_set(o, "height", json_object_get(status, "height"));
	json_object_set(o, "synced", json_object_get(status, "synced"));
	json_decref(status);
	return cli_emit(cli, o, show_waited);
}

/* --- Small ones --- */

static void show_done(struct cli *cli, const json_t *value)
{
	(void)cli;
	(void)value;
	puts("done");
}

int cmd_STOP(struct cli *cli)
{
	return cli_show(cli, "node.stop", NULL, show_done);
}

int cmd_LOG_LEVEL(struct cli *cli)
{
	return cli_show(cli, "log.level",
			cli_params_text("level", cli->words[0]), show_done);
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
	struct table *t = table_new(6);
	const json_t *row;
	size_t i;

	(void)cli;
	table_cell(t, "PEER");
	table_cell(t, "ADDRESS");
	table_cell(t, "ROLE");
	table_cell(t, "LINK");
	table_cell(t, "HEIGHT");
	table_cell(t, "VERSION");
	table_right(t, 4);
	json_array_foreach (list, i, row) {
		bool banned = json_get_number(row, "banned_until_ms") > 0;

		table_cell(t, show_short(json_get_text(row, "node_id")));
		table_cell(t, json_get_text(row, "address"));
		table_cell(t, json_get_text(row, "role"));
		table_cell(t, banned ? "banned"
			      : json_is_true(json_object_get(row, "connected"))
				      ? json_get_text(row, "direction")
				      : "down");
		table_cell(t, show_thousands(json_get_text(row, "height")));
		table_cell(t, json_get_text(row, "version"));
	}
	table_print(&t, stdout);
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
	struct table *t = table_new(4);
	const json_t *row;
	size_t i;

	(void)cli;
	table_cell(t, "VALIDATOR");
	table_cell(t, "WEIGHT");
	table_cell(t, "ONLINE");
	table_cell(t, "LAST SIGNED");
	table_right(t, 1);
	table_right(t, 3);
	json_array_foreach (list, i, row) {
		table_cell(t, json_get_text(row, "node_id"));
		table_cell(t, show_thousands(json_get_text(row, "weight")));
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
	json_t *result, *list;
	int failed = cli_call(cli, "validator.list", NULL, &result);

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
