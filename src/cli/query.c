/* Reading the agreed state: one proposal, its tally, parameters. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/render.h"
#include "governance/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const json_t *member(const json_t *o, const char *a, const char *b)
{
	return json_object_get(json_object_get(o, a), b);
}

static const char *choice_weight(const json_t *tally, const char *choice,
				 const char *part)
{
	return json_get_text(member(tally, "choices", choice), part);
}

static bool is(const json_t *o, const char *a, const char *b)
{
	return json_is_true(member(o, a, b));
}

/* --- Tally --- */

static void show_choice(struct cli *cli, const json_t *tally,
			const char *choice, enum color color)
{
	const char *weight = choice_weight(tally, choice, "weight");
	const char *base =
		json_get_text(json_object_get(tally, "eligible"), "weight");

	printf("%-8s ", choice);
	color_begin(cli, color);
	fputs(show_bar(weight, base), stdout);
	color_end(cli);
	printf("  %6s   %s", show_percent(weight, base),
	       show_some(json_get_number(member(tally, "choices", choice),
					 "voters"),
			 "voter"));
	if (strcmp(choice_weight(tally, choice, "delegated"), "0") != 0)
		printf(" (direct %s, delegated %s)",
		       show_percent(choice_weight(tally, choice, "direct"),
				    base),
		       show_percent(choice_weight(tally, choice, "delegated"),
				    base));
	putchar('\n');
}

/* For, among for and against: the sum as digits again. */
static const char *sum_text(const char *a, const char *b)
{
	static char text[U128_TEXT_BYTES];

	u128_format(text, parse_u128(a) + parse_u128(b));
	return text;
}

/* "50%", "67.5%": a rule, which is round more often than not. */
static const char *show_rule(uint64_t bp)
{
	static char text[24];

	if (bp % 100)
		return show_bp(bp);
	snprintf(text, sizeof(text), "%" PRIu64 "%%", bp / 100);
	return text;
}

static void show_verdict(struct cli *cli, bool good)
{
	color_begin(cli, good ? COLOR_GREEN : COLOR_RED);
	fputs(show_mark(good), stdout);
	color_end(cli);
}

/* Whether it has what it needs, on a line. */
static void show_rules(struct cli *cli, const json_t *tally)
{
	const char *base =
		json_get_text(json_object_get(tally, "eligible"), "weight");
	const json_t *quorum = json_object_get(tally, "quorum");
	const json_t *floor = json_object_get(tally, "floor");
	const json_t *approval = json_object_get(tally, "approval");
	const char *yes = choice_weight(tally, "for", "weight");
	const char *cast =
		sum_text(yes, choice_weight(tally, "against", "weight"));
	char share[16];

	snprintf(share, sizeof(share), "%s", show_percent(yes, cast));
	printf("turnout  %s    quorum %s, needs %s ",
	       show_percent(sum_text(cast,
				     choice_weight(tally, "abstain", "weight")),
			    base),
	       show_percent(json_get_text(quorum, "reached"), base),
	       show_rule(json_get_number(quorum, "bp")));
	show_verdict(cli, is(tally, "quorum", "met"));
	printf("    approval %s of for+against, needs %s%s ", share,
	       json_is_true(json_object_get(approval, "strict")) ? ">" : "≥",
	       show_rule(json_get_number(approval, "threshold_bp")));
	show_verdict(cli, is(tally, "approval", "met"));
	if (strcmp(json_get_text(floor, "required"), "0") != 0) {
		printf("\nfloor    %s tokens for and abstain, needs %s ",
		       show_decimal(json_get_text(floor, "reached"), 6),
		       show_decimal(json_get_text(floor, "required"), 6));
		show_verdict(cli, is(tally, "floor", "met"));
	}
	putchar('\n');
}

/* What the percentages are of. */
static void show_base(const json_t *tally)
{
	static const struct {
		const char *mechanism, *weight;
	} WEIGHTS[] = {
		{"token", "its stake"},
		{"quadratic", "the square root of its stake"},
		{"reputation", "its reputation"},
		{"hybrid", "its share of all stake and of all reputation, "
			   "weighed by the type's two weights"},
	};
	const char *mechanism = json_get_text(tally, "mechanism");
	const json_t *eligible = json_object_get(tally, "eligible");
	bool abstain = is(tally, "quorum", "counts_abstain");

	for (size_t i = 0; i < sizeof(WEIGHTS) / sizeof(WEIGHTS[0]); i++) {
		if (strncmp(mechanism, WEIGHTS[i].mechanism,
			    strlen(WEIGHTS[i].mechanism)) == 0)
			printf("weight   %s: an account has %s; 100%% is all "
			       "%s\n",
			       mechanism, WEIGHTS[i].weight,
			       show_some(json_get_number(eligible, "voters"),
					 "voter"));
	}
	printf("quorum   counts for%s: %s of %s, needs %s\n",
	       abstain ? " and abstain" : " alone",
	       show_thousands(json_get_text(json_object_get(tally, "quorum"),
					    "reached")),
	       show_thousands(json_get_text(eligible, "weight")),
	       show_thousands(json_get_text(json_object_get(tally, "quorum"),
					    "required")));
}

static void show_not_voted(struct cli *cli, const json_t *tally)
{
	const json_t *list = json_object_get(tally, "not_voted"), *row;
	const char *base =
		json_get_text(json_object_get(tally, "eligible"), "weight");
	size_t i;

	printf("power fixed at height %s",
	       show_thousands(json_get_text(tally, "snapshot_height")));
	json_array_foreach (list, i, row) {
		printf("%s%s (%s)", i ? ", " : "; not voted: ",
		       show_account(cli, json_get_text(row, "account")),
		       show_percent(json_get_text(row, "weight"), base));
	}
	putchar('\n');
}

/* "carried  by bob_dev 75.8% for, …": who votes for most others. */
static void show_carriers(struct cli *cli, const json_t *tally)
{
	const json_t *list = json_object_get(tally, "carriers"), *row;
	const char *base =
		json_get_text(json_object_get(tally, "eligible"), "weight");
	size_t i;

	json_array_foreach (list, i, row) {
		const char *carried = json_get_text(row, "carried");
		const char *counted = json_get_text(row, "counted");

		printf("%s%s %s %s", i ? ", " : "carried  by ",
		       show_account(cli, json_get_text(row, "account")),
		       show_percent(carried, base),
		       json_get_text(row, "choice"));
		if (strcmp(carried, counted) != 0)
			printf(" (%s counts)", show_percent(counted, base));
	}
	if (json_array_size(list) > 0)
		putchar('\n');
}

static void show_when(const char *what, uint64_t at)
{
	uint64_t now = clock_wall_ms();

	printf("   %s %s (%s%s)", what, show_time(at),
	       show_duration(at > now ? at - now : now - at),
	       at > now ? "" : " ago");
}

/* "#41 "Raise the quorum"   VOTING   closes 2026-11-24 13:00:00 UTC (5 h)" */
static void show_headline(struct cli *cli, const json_t *o)
{
	const char *state = json_get_text(o, "state");
	const char *reason = json_get_text(o, "reason");
	enum color color = strcmp(state, "passed") == 0	    ? COLOR_GREEN
			   : strcmp(state, "executed") == 0 ? COLOR_GREEN
			   : strcmp(state, "rejected") == 0 ? COLOR_RED
			   : strcmp(state, "execution-failed") == 0
				   ? COLOR_RED
				   : COLOR_YELLOW;

	printf("#%" PRIu64 " \"%s\"   ", json_get_number(o, "proposal"),
	       json_get_text(o, "title"));
	color_begin(cli, color);
	for (; *state; state++)
		putchar(*state >= 'a' && *state <= 'z' ? *state - 'a' + 'A'
						       : *state);
	color_end(cli);
	if (reason[0])
		printf(": %s", reason);
	state = json_get_text(o, "state");
	if (strcmp(state, "submitted") == 0)
		show_when("opens", json_get_number(o, "voting_start_ms"));
	else if (strcmp(state, "voting") == 0)
		show_when("closes", json_get_number(o, "voting_end_ms"));
	else if (json_get_number(o, "voting_end_ms") > 0)
		show_when("closed", json_get_number(o, "voting_end_ms"));
	putchar('\n');
}

static void show_tally_of(struct cli *cli, const json_t *tally, bool explain)
{
	bool voting = strcmp(json_get_text(tally, "state"), "voting") == 0;

	show_choice(cli, tally, "for", COLOR_GREEN);
	show_choice(cli, tally, "against", COLOR_RED);
	show_choice(cli, tally, "abstain", COLOR_DIM);
	show_rules(cli, tally);
	if (explain)
		show_base(tally);
	if (explain)
		show_carriers(cli, tally);
	if (explain && json_object_get(tally, "not_voted"))
		show_not_voted(cli, tally);
	if (voting)
		printf("if it closed now: %s\n",
		       json_is_true(json_object_get(tally, "would_pass"))
			       ? "WOULD PASS"
			       : "WOULD NOT PASS");
}

static void show_tally(struct cli *cli, const json_t *tally)
{
	show_headline(cli, tally);
	show_tally_of(cli, tally, cli_flag(cli, "explain"));
}

static int with_number(struct cli *cli, const char *method, const char *name,
		       void (*table)(struct cli *cli, const json_t *value))
{
	struct err_text text = {""};
	uint64_t number;

	if (cli_word_number(cli, 0, &number, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_show(cli, method, cli_params_number(name, number), table);
}

int cmd_TALLY(struct cli *cli)
{
	return with_number(cli, "tally.get", "proposal", show_tally);
}

static void show_actions(const char *label, const json_t *list)
{
	const json_t *row;
	size_t i;

	if (json_array_size(list) > 0)
		putchar('\n');
	json_array_foreach (list, i, row)
		printf("%s %-2zu %s\n", label, i + 1,
		       json_get_text(row, "words"));
}

/* What the actions would do today, while they may still be executed. */
static void show_preview(struct cli *cli, const json_t *p)
{
	static const char *const ENDED[] = {"rejected", "cancelled", "expired",
					    "executed", "execution-failed"};
	struct admin_error error;
	json_t *preview;

	for (size_t i = 0; i < sizeof(ENDED) / sizeof(ENDED[0]); i++)
		if (strcmp(json_get_text(p, "state"), ENDED[i]) == 0)
			return;
	if (json_array_size(json_object_get(p, "actions")) == 0 ||
	    cli_ask(cli, "proposal.preview",
		    cli_params_number("proposal",
				      json_get_number(p, "proposal")),
		    &preview, &error))
		return;
	show_changes(preview);
	json_decref(preview);
}

/* Vetoes of those who left the council do not count. */
static void show_vetoes(struct cli *cli, const json_t *vetoes)
{
	const json_t *accounts = json_object_get(vetoes, "accounts"), *key;
	size_t i;

	if (json_array_size(accounts) == 0)
		return;
	printf("vetoes    %" PRIu64 " of %" PRIu64 " needed:",
	       json_get_number(vetoes, "of_members"),
	       json_get_number(vetoes, "needed"));
	json_array_foreach (accounts, i, key)
		printf(" %s", show_account(cli, json_string_value(key)));
	printf("\n          \"%s\"\n", json_get_text(vetoes, "last_reason"));
	if (json_is_true(json_object_get(vetoes, "overridden")))
		puts("          overridden by a constitutional proposal");
}

static void show_proposal(struct cli *cli, const json_t *p)
{
	bool tallied = json_get_number(p, "voting_start_ms") > 0;
	uint64_t ratifies = json_get_number(p, "ratifies");

	show_headline(cli, p);
	printf("type      %s, %s\n", json_get_text(p, "type"),
	       json_get_text(p, "mechanism"));
	printf("proposer  %s\n",
	       show_account(cli, json_get_text(p, "proposer")));
	if (json_get_number(p, "deposit") > 0)
		printf("deposit   %s tokens\n",
		       show_decimal(json_get_text(p, "deposit"), 6));
	if (json_get_number(p, "submitted_ms") > 0)
		printf("submitted %s\n",
		       show_time(json_get_number(p, "submitted_ms")));
	if (tallied)
		printf("voting    %s to %s\n",
		       show_time(json_get_number(p, "voting_start_ms")),
		       show_time(json_get_number(p, "voting_end_ms")));
	if (strcmp(json_get_text(p, "state"), "draft") == 0)
		printf("expires   %s\n",
		       show_time(json_get_number(p, "expires_ms")));
	if (ratifies)
		printf("ratifies  act #%" PRIu64 " of the council\n", ratifies);
	show_vetoes(cli, json_object_get(p, "vetoes"));
	printf("id        %s\n", json_get_text(p, "id"));
	if (json_get_text(p, "description")[0])
		printf("\n%s\n", json_get_text(p, "description"));
	show_actions(ratifies ? "if rejected" : "action",
		     json_object_get(p, "actions"));
	if (!ratifies)
		show_preview(cli, p);
	if (tallied) {
		putchar('\n');
		show_tally_of(cli, json_object_get(p, "tally"), false);
	}
}

int cmd_PROPOSAL_SHOW(struct cli *cli)
{
	return with_number(cli, "proposal.get", "proposal", show_proposal);
}

/* --- Parameters --- */

static void param_cells(struct table *t, const json_t *row)
{
	const char *step = json_get_text(row, "step");
	const char *pending = json_get_text(row, "pending");
	char bounds[64], next[96] = "";

	snprintf(bounds, sizeof(bounds), "%s to %s", json_get_text(row, "min"),
		 json_get_text(row, "max"));
	if (pending[0])
		snprintf(next, sizeof(next), "%s from %s", pending,
			 show_time(json_get_number(row, "pending_from_ms")));
	table_cell(t, json_get_text(row, "name"));
	table_cell(t, json_get_text(row, "value"));
	table_cell(t, next);
	table_cell(t, json_get_text(row, "unit"));
	table_cell(t, bounds);
	table_cell(t, step[0] ? step : "any");
	table_cell(t, json_get_text(row, "class"));
	table_cell(t, json_get_text(row, "doc"));
}

static void show_params(struct cli *cli, const json_t *list)
{
	static const char *const NAMES[] = {"NAME",   "VALUE", "NEXT",	"UNIT",
					    "BOUNDS", "STEP",  "CLASS", "WHAT"};
	struct table *t = table_new(8);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, NAMES);
	table_right(t, 1);
	table_right(t, 5);
	json_array_foreach (list, i, row)
		param_cells(t, row);
	table_print(&t, stdout);
}

int cmd_PARAMS(struct cli *cli)
{
	json_t *result, *list;
	int failed = cli_call(cli, "params.list", NULL, &result);

	if (failed)
		return failed;
	list = json_incref(json_object_get(result, "params"));
	json_decref(result);
	return cli_emit(cli, list, show_params);
}
