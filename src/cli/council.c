/* The emergency council: who sits in it, vetoes and acts. */
#include "cli/sign.h"

#include "cli/action_spec.h"
#include "cli/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

int cmd_COUNCIL_SHOW(struct cli *cli)
{
	return cli_show(cli, "council.get", NULL, show_council);
}

static void show_act(struct cli *cli, const json_t *a)
{
	const json_t *list = json_object_get(a, "approvals"), *row;
	uint64_t vote = json_get_number(a, "ratification");
	const char *failure = json_get_text(a, "failure");
	size_t i;

	printf("act %" PRIu64 " \"%s\"  %s%s%s\n", json_get_number(a, "act"),
	       json_get_text(a, "title"), json_get_text(a, "state"),
	       failure[0] ? ": " : "", failure);
	printf("  approved by");
	json_array_foreach (list, i, row)
		printf(" %s", show_account(cli, json_string_value(row)));
	putchar('\n');
	if (json_get_number(a, "due_ms"))
		printf("  due %s\n", show_time(json_get_number(a, "due_ms")));
	if (vote)
		printf("  ratified or reverted by proposal #%" PRIu64 "\n",
		       vote);
	json_array_foreach (json_object_get(a, "actions"), i, row)
		printf("  does %s\n", json_get_text(row, "words"));
	json_array_foreach (json_object_get(a, "revert"), i, row)
		printf("  undone by %s\n", json_get_text(row, "words"));
}

static void show_acts(struct cli *cli, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row)
		show_act(cli, row);
	if (json_array_size(list) == 0)
		puts("none");
}

int cmd_COUNCIL_ACTS(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t limit = 0;
	json_t *rows;
	int failed;

	if (cli_number(cli, "limit", UINT32_MAX, &limit, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	failed = cli_call_pages(cli, "council.acts", json_object(), "acts",
				limit, &rows);
	return failed ? failed : cli_emit(cli, rows, show_acts);
}

static struct bytes text_option(const struct cli *cli, const char *name)
{
	const char *text = cli_option(cli, name);

	return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
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

int cmd_COUNCIL_ACT(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_COUNCIL_ACT};
	struct err_text text = {""};
	struct arena arena;
	int code;
	enum err e;

	arena_init(&arena, 2 * ACTION_SPECS_ARENA_BYTES);
	e = read_act(cli, &payload.council_act, &arena, &text);
	code = e ? cli_fail_code(cli, e, text.text)
		 : cli_transact_show(cli, &payload);
	arena_fini(&arena);
	return code;
}
