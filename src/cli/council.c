/* The emergency council: who sits in it, vetoes and acts. */
#include "cli/sign.h"

#include "cli/action_spec.h"
#include "cli/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ACTS_OPEN 16u /* at most, at a time */

/* ---- Members ---- */

static void show_council(struct cli *cli, const json_t *c)
{
	const json_t *members = json_object_get(c, "members"), *key;
	size_t i;

	if (json_array_size(members) == 0) {
		puts("there is no council");
		return;
	}
	printf("%" PRIu64 " of %zu act at once, %" PRIu64 " with a delay\n",
	       json_get_number(c, "threshold"), json_array_size(members),
	       json_get_number(c, "threshold_delayed"));
	json_array_foreach (members, i, key)
		printf("  %s\n", show_account(cli, json_string_value(key)));
}

/* The first word: the number of a proposal or an act. */
static enum err take_number(const struct cli *cli, uint32_t *out,
			    struct err_text *text)
{
	uint64_t number = 0;
	enum err e = cli_word_number(cli, 0, &number, text);

	if (!e && (number == 0 || number > UINT32_MAX))
		e = err_set(text, ERR_USAGE, "numbers count from 1");
	*out = (uint32_t)number;
	return e;
}

/* ---- Acts ---- */

static const char *state_words(const json_t *act)
{
	static char text[96];
	const char *vote = json_get_text(act, "ratification_state");
	const char *state = json_get_text(act, "state");

	if (json_get_text(act, "failure")[0])
		snprintf(text, sizeof(text), "%s: %s", state,
			 json_get_text(act, "failure"));
	else if (strcmp(vote, "passed") == 0)
		snprintf(text, sizeof(text), "ratified");
	else if (strcmp(vote, "rejected") == 0)
		snprintf(text, sizeof(text), "%s",
			 json_get_text(act, "revert_failure")[0]
				 ? "rejected, could not be undone"
				 : "rejected, undone");
	else
		snprintf(text, sizeof(text), "%s", state);
	return text;
}

static void show_acts(struct cli *cli, const json_t *list)
{
	static const char *const HEAD[] = {"#",		"STATE", "DUE",
					   "APPROVALS", "VOTE",	 "TITLE"};
	struct table *t = table_new(6);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, HEAD);
	table_right(t, 0);
	table_right(t, 3);
	json_array_foreach (list, i, row) {
		uint64_t vote = json_get_number(row, "ratification");

		table_cell(t, show_count(json_get_number(row, "act")));
		table_cell(t, state_words(row));
		table_cell(t, show_time(json_get_number(row, "due_ms")));
		table_cell(t, show_count(json_array_size(
				      json_object_get(row, "approvals"))));
		table_cell(t, vote ? show_count(vote) : "–");
		table_cell(t, json_get_text(row, "title"));
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

int cmd_COUNCIL_LIST(struct cli *cli)
{
	return cli_list(cli, "council.acts", json_object(), "acts", show_acts);
}

static void show_actions(const char *label, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row)
		printf("%s %-2zu %s\n", label, i + 1,
		       json_get_text(row, "words"));
}

static void show_act(struct cli *cli, const json_t *act)
{
	static const struct {
		const char *state, *label;
	} DUE[] = {{"open", "expires  "},
		   {"delayed", "done at  "},
		   {"done", "done     "},
		   {"failed", "failed   "},
		   {"expired", "expired  "}};
	const json_t *key;
	uint64_t vote = json_get_number(act, "ratification");
	size_t i;

	printf("act #%" PRIu64 "  %s  \"%s\"\n", json_get_number(act, "act"),
	       state_words(act), json_get_text(act, "title"));
	for (i = 0; i < sizeof(DUE) / sizeof(DUE[0]); i++)
		if (strcmp(json_get_text(act, "state"), DUE[i].state) == 0)
			printf("%s %s\n", DUE[i].label,
			       show_time(json_get_number(act, "due_ms")));
	json_array_foreach (json_object_get(act, "approvals"), i, key)
		printf("approved  %s\n",
		       show_account(cli, json_string_value(key)));
	if (vote)
		printf("vote      proposal #%" PRIu64 ", %s\n", vote,
		       json_get_text(act, "ratification_state"));
	show_actions("action   ", json_object_get(act, "actions"));
	show_actions("undone by", json_object_get(act, "revert"));
}

int cmd_COUNCIL_SHOW(struct cli *cli)
{
	struct err_text text = {""};
	uint32_t number;

	if (cli->word_count == 0)
		return cli_show(cli, "council.get", NULL, show_council);
	if (take_number(cli, &number, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_show(cli, "council.act", cli_params_number("act", number),
			show_act);
}

/* ---- What a member signs ---- */

static struct bytes text_option(const struct cli *cli, const char *name)
{
	const char *text = cli_option(cli, name);

	return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

int cmd_PROPOSAL_VETO(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_VETO};
	struct err_text text = {""};
	enum err e = take_number(cli, &payload.veto.proposal, &text);

	payload.veto.reason = text_option(cli, "reason");
	if (!e && payload.veto.reason.size == 0)
		e = err_set(&text, ERR_USAGE, "--reason must say why");
	return e ? cli_fail_code(cli, e, text.text)
		 : cli_transact_show(cli, &payload);
}

int cmd_COUNCIL_APPROVE(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_COUNCIL_APPROVE};
	struct err_text text = {""};

	if (take_number(cli, &payload.council_approve.act, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_transact_show(cli, &payload);
}

static enum err read_act(struct cli *cli, struct payload_council_act *act,
			 struct arena *arena, struct err_text *text)
{
	enum err e;

	act->title = text_option(cli, "title");
	if (act->title.size == 0)
		return err_set(text, ERR_USAGE, "--title must be given");
	e = action_specs_take(cli, "action", &act->actions, arena, text);
	if (!e && act->actions.count == 0)
		e = err_set(text, ERR_USAGE, "--action must say what to do");
	if (!e)
		e = action_specs_take(cli, "revert", &act->revert, arena, text);
	if (!e && act->revert.count == 0)
		e = err_set(text, ERR_USAGE,
			    "--revert must say what undoes it");
	if (!e)
		e = actions_check(&act->actions, TYPE_EMERGENCY, text);
	if (!e)
		e = actions_check(&act->revert, TYPE_EMERGENCY, text);
	return e;
}

/* The number that the act got, which the other members need: that of the act
 * of this author and nonce. 0 when it is not among the newest. */
static uint64_t find_act(struct cli *cli, const json_t *sent)
{
	json_t *params = cli_params_number("limit", 2 * ACTS_OPEN);
	struct admin_error error;
	struct public_key author, key;
	const json_t *row;
	uint64_t number = 0;
	json_t *page;
	size_t i;

	if (cli_public_key(cli, cli_option(cli, "as"), &author) ||
	    cli_ask(cli, "council.acts", params, &page, &error))
		return 0;
	json_array_foreach (json_object_get(page, "acts"), i, row)
		if (json_get_key(json_object_get(row, "author"), &key) &&
		    public_key_equal(&author, &key) &&
		    json_get_number(row, "nonce") ==
			    json_get_number(sent, "nonce"))
			number = json_get_number(row, "act");
	json_decref(page);
	return number;
}

static void show_proposed(struct cli *cli, const json_t *sent)
{
	if (json_object_get(sent, "act"))
		printf("act #%" PRIu64 "\n", json_get_number(sent, "act"));
	cli_show_sent(cli, sent);
}

static int send_act(struct cli *cli, const struct payload *payload)
{
	json_t *sent;
	int failed = cli_transact(cli, payload, &sent);
	uint64_t number;

	if (failed || !sent)
		return failed;
	json_object_del(sent, "proposal");
	number = json_object_get(sent, "height") ? find_act(cli, sent) : 0;
	if (number)
		json_put(sent, "act", json_integer((json_int_t)number));
	return cli_emit(cli, sent, show_proposed);
}

int cmd_COUNCIL_ACT(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_COUNCIL_ACT};
	struct err_text text = {""};
	struct arena arena;
	int code;
	enum err e;

	arena_init(&arena, 2 * ACTION_SPECS_ARENA_BYTES);
	e = read_act(cli, &payload.council_act, &arena, &text);
	code = e ? cli_fail_code(cli, e, text.text) : send_act(cli, &payload);
	arena_fini(&arena);
	return code;
}
