/* Reading the agreed state: accounts, what they did, and totals. */
#include "cli/cli.h"

#include "cli/render.h"
#include "cli/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RECENT 10u

/* --- One account --- */

static void show_recent_ballots(const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		printf("%s#%" PRIu64 " %s", i ? ", " : "ballots     ",
		       json_get_number(row, "proposal"),
		       json_get_text(row, "choice"));
	}
	if (json_array_size(list) > 0)
		putchar('\n');
}

static void show_recent_proposals(const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		printf("%s#%" PRIu64 " \"%s\" %s\n",
		       i ? "            " : "proposals   ",
		       json_get_number(row, "proposal"),
		       json_get_text(row, "title"),
		       json_get_text(row, "state"));
	}
}

static void show_delegating(struct cli *cli, const json_t *v)
{
	const json_t *list = json_object_get(v, "delegations"), *row;
	const json_t *received = json_object_get(v, "delegations_received");
	uint64_t count = json_get_number(received, "count");
	size_t i;

	json_array_foreach (list, i, row) {
		const char *to = json_get_text(row, "target");

		printf("%s%s to %s", i ? ", " : "delegates   ",
		       json_get_text(row, "kind"),
		       to[0] ? show_account(cli, to) : "nobody");
	}
	if (json_array_size(list) > 0)
		putchar('\n');
	if (count > 0)
		printf("received    %s\n", show_some(count, "delegation"));
}

static void show_lots(const json_t *v)
{
	const json_t *list = json_object_get(v, "lots"), *row;
	size_t i;

	if (json_get_number(v, "stake_locked") > 0)
		printf("locked      %s tokens\n",
		       show_decimal(json_get_text(v, "stake_locked"), 6));
	json_array_foreach (list, i, row) {
		printf("%s%s tokens from %s on\n",
		       i ? "            " : "matures     ",
		       show_decimal(json_get_text(row, "amount"), 6),
		       show_time(json_get_number(row, "mature_ms")));
	}
}

/* The rest of the line: what is left of it, and when. */
static void show_decay(const json_t *decay)
{
	if (json_get_number(decay, "left") > 0 &&
	    json_get_number(decay, "kept_bp") < 10000)
		printf(", %s of them from %s on",
		       show_decimal(json_get_text(decay, "left"), 3),
		       show_time(json_get_number(decay, "at_ms")));
	putchar('\n');
}

static void show_voter(struct cli *cli, const json_t *v)
{
	const json_t *part = json_object_get(v, "participation");

	printf("account     %s (%s)\n", json_get_text(v, "account"),
	       show_account(cli, json_get_text(v, "account")));
	printf("stake       %s tokens (%s mature)\n",
	       show_decimal(json_get_text(v, "stake"), 6),
	       show_decimal(json_get_text(v, "stake_mature"), 6));
	show_lots(v);
	printf("reputation  %s points",
	       show_decimal(json_get_text(v, "reputation"), 3));
	show_decay(json_object_get(v, "reputation_decay"));
	printf("may vote    %s\n",
	       json_is_true(json_object_get(v, "eligible"))   ? "yes"
	       : json_is_true(json_object_get(v, "excluded")) ? "no: excluded"
							      : "no");
	printf("voted on    %" PRIu64 " of %" PRIu64 " proposals\n",
	       json_get_number(part, "voted"),
	       json_get_number(part, "eligible"));
	show_delegating(cli, v);
	show_recent_ballots(json_object_get(v, "ballots"));
	show_recent_proposals(json_object_get(v, "proposals"));
	printf("nonce       %s\n", json_get_text(v, "nonce"));
}

/* Its newest rows of a list, as a member of `voter`. */
static int add_recent(struct cli *cli, json_t *voter, const char *method,
		      const char *parameter, const char *member)
{
	json_t *params =
		cli_params_text(parameter, json_get_text(voter, "account"));
	json_t *page;
	int failed;

	json_put(params, "limit", json_count(RECENT));
	failed = cli_call(cli, method, params, &page);
	if (failed)
		return failed;
	json_object_set(voter, member, json_object_get(page, member));
	json_decref(page);
	return CLI_EXIT_OK;
}

/* {name: the key that the first word names}; NULL when the error was told. */
static json_t *params_account(struct cli *cli, int *failed)
{
	struct public_key key;
	json_t *params = NULL;

	*failed = cli_public_key(cli, cli->words[0], &key);
	if (!*failed) {
		params = json_object();
		json_put(params, "account", json_key(&key));
	}
	return params;
}

int cmd_VOTER_SHOW(struct cli *cli)
{
	json_t *voter;
	int failed;
	json_t *params = params_account(cli, &failed);

	if (!failed)
		failed = cli_call(cli, "voter.get", params, &voter);
	if (failed)
		return failed;
	failed = add_recent(cli, voter, "voter.ballots", "account", "ballots");
	if (!failed)
		failed = add_recent(cli, voter, "proposal.list", "proposer",
				    "proposals");
	if (!failed)
		return cli_emit(cli, voter, show_voter);
	json_decref(voter);
	return failed;
}

static void show_ballots(struct cli *cli, const json_t *list)
{
	static const char *const HEAD[] = {
		"#", "TYPE", "STATE", "CHOICE", "WEIGHT", "HEIGHT", "CHANGES"};
	struct table *t = table_new(7);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, HEAD);
	table_right(t, 0);
	table_right(t, 4);
	table_right(t, 5);
	table_right(t, 6);
	json_array_foreach (list, i, row) {
		table_cell(t, show_count(json_get_number(row, "proposal")));
		table_cell(t, json_get_text(row, "type"));
		table_cell(t, json_get_text(row, "state"));
		table_cell(t, json_get_text(row, "choice"));
		table_cell(t, show_thousands(json_get_text(row, "weight")));
		table_cell(t, show_thousands(json_get_text(row, "height")));
		table_cell(t, show_count(json_get_number(row, "changes")));
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

int cmd_VOTER_BALLOTS(struct cli *cli)
{
	int failed;
	json_t *params = params_account(cli, &failed);

	return failed ? failed
		      : cli_list(cli, "voter.ballots", params, "ballots",
				 show_ballots);
}

/* --- The largest --- */

static void show_voters(struct cli *cli, const json_t *list)
{
	static const char *const HEAD[] = {"ACCOUNT", "TOKENS", "POINTS",
					   "VOTED ON"};
	struct table *t = table_new(4);
	const json_t *row;
	size_t i;

	table_head(t, HEAD);
	table_right(t, 1);
	table_right(t, 2);
	table_right(t, 3);
	json_array_foreach (list, i, row) {
		const json_t *part = json_object_get(row, "participation");

		table_cell(t, show_account(cli, json_get_text(row, "account")));
		table_cell(t, show_decimal(json_get_text(row, "stake"), 6));
		table_cell(t,
			   show_decimal(json_get_text(row, "reputation"), 3));
		table_cell(t, show_count(json_get_number(part, "voted")));
	}
	table_print(&t, stdout);
}

int cmd_VOTER_LIST(struct cli *cli)
{
	const char *by = cli_option(cli, "by");
	struct err_text text = {""};
	uint64_t limit = 100;
	json_t *params, *result, *list;
	int failed;

	if (cli_number(cli, "limit", 200, &limit, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	params = cli_params_number("limit", limit);
	if (by)
		json_put(params, "by", json_text(by, strlen(by)));
	failed = cli_call(cli, "voter.list", params, &result);
	if (failed)
		return failed;
	list = json_incref(json_object_get(result, "voters"));
	json_decref(result);
	return cli_emit(cli, list, show_voters);
}

/* --- Totals --- */

/* "1.2%" of millionths. */
static const char *show_ppm(uint64_t ppm)
{
	return show_bp((ppm + 50) / 100);
}

/* Whatever became of it then. */
static uint64_t passed_in(const json_t *states)
{
	static const char *const PASSED[] = {"passed", "queued", "executed",
					     "execution-failed"};
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(PASSED) / sizeof(PASSED[0]); i++)
		sum += json_get_number(states, PASSED[i]);
	return sum;
}

static void show_types(const json_t *types)
{
	static const char *const HEAD[] = {"TYPE",	"MECHANISM",
					   "PROPOSALS", "IN VOTING",
					   "PASSED",	"REJECTED"};
	struct table *t = table_new(6);
	const char *name;
	json_t *row;

	table_head(t, HEAD);
	for (int i = 2; i < 6; i++)
		table_right(t, i);
	json_object_foreach ((json_t *)(uintptr_t)types, name, row) {
		const json_t *states = json_object_get(row, "states");

		table_cell(t, name);
		table_cell(t, json_get_text(row, "mechanism"));
		table_cell(t, show_count(json_get_number(row, "proposals")));
		table_cell(t, show_count(json_get_number(states, "voting")));
		table_cell(t, show_count(passed_in(states)));
		table_cell(t, show_count(json_get_number(states, "rejected")));
	}
	putchar('\n');
	table_print(&t, stdout);
}

static void show_turnouts(const json_t *list)
{
	static const char *const HEAD[] = {"#",	    "TYPE",    "STATE",
					   "ENDED", "BALLOTS", "TURNOUT"};
	struct table *t;
	const json_t *row;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	t = table_new(6);
	table_head(t, HEAD);
	table_right(t, 0);
	table_right(t, 4);
	table_right(t, 5);
	json_array_foreach (list, i, row) {
		table_cell(t, show_count(json_get_number(row, "proposal")));
		table_cell(t, json_get_text(row, "type"));
		table_cell(t, json_get_text(row, "state"));
		table_cell(t, show_time(json_get_number(row, "voting_end_ms")));
		table_cell(t, show_count(json_get_number(row, "ballots")));
		table_cell(t, show_ppm(json_get_number(row, "turnout_ppm")));
	}
	putchar('\n');
	table_print(&t, stdout);
}

static void show_stats(struct cli *cli, const json_t *s)
{
	const json_t *states = json_object_get(s, "states");
	const json_t *ended = json_object_get(s, "ended");
	const char *name;
	json_t *count;

	(void)cli;
	printf("height        %s, %s\n",
	       show_thousands(json_get_text(s, "height")),
	       show_time(json_get_number(s, "block_time_ms")));
	printf("epoch         %s, to %s\n",
	       show_count(json_get_number(s, "epoch")),
	       show_time(json_get_number(s, "epoch_ends_ms")));
	printf("accounts      %s, of which %s may vote\n",
	       show_count(json_get_number(s, "accounts")),
	       show_count(json_get_number(s, "voters")));
	printf("stake         %s tokens\n",
	       show_decimal(json_get_text(s, "stake"), 6));
	printf("reputation    %s points\n",
	       show_decimal(json_get_text(s, "reputation"), 3));
	printf("deposits      %s tokens, a proposal now locks %s\n",
	       show_decimal(json_get_text(s, "deposits"), 6),
	       show_decimal(json_get_text(s, "deposit_next"), 6));
	printf("treasury      %s tokens\n",
	       show_decimal(json_get_text(s, "treasury"), 6));
	printf("transactions  %s\n",
	       show_thousands(json_get_text(s, "transactions")));
	printf("ballots       %s\n",
	       show_thousands(json_get_text(s, "ballots")));
	printf("proposals     %s", show_count(json_get_number(s, "proposals")));
	json_object_foreach ((json_t *)(uintptr_t)states, name, count) {
		if (json_integer_value(count) > 0)
			printf(", %lld %s",
			       (long long)json_integer_value(count), name);
	}
	putchar('\n');
	if (json_get_number(ended, "votes") > 0)
		printf("votes ended   %s, mean turnout %s, %s of the ballots "
		       "there could be\n",
		       show_count(json_get_number(ended, "votes")),
		       show_ppm(json_get_number(ended, "turnout_ppm")),
		       show_percent(json_get_text(ended, "ballots"),
				    json_get_text(ended, "eligible")));
	show_types(json_object_get(s, "types"));
	show_turnouts(json_object_get(s, "turnout"));
}

int cmd_STATS(struct cli *cli)
{
	return cli_show(cli, "stats.get", NULL, show_stats);
}
