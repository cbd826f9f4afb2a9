/* Proposals and ballots: what changes the state, and lists of it. */
#include "cli/sign.h"

#include "base/hex.h"
#include "cli/action_spec.h"
#include "cli/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTION_READ_MAX (1u << 20)

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

/* --- Texts --- */

static enum err read_stdin(char **out, struct err_text *text)
{
	size_t size = 0;
	char *data = malloc(DESCRIPTION_READ_MAX + 1);

	if (!data)
		return ERR_NO_MEMORY;
	size = fread(data, 1, DESCRIPTION_READ_MAX, stdin);
	if (ferror(stdin)) {
		free(data);
		return err_set(text, ERR_IO, "reading stdin failed");
	}
	data[size] = '\0';
	*out = data;
	return ERR_OK;
}

/* *out is the caller's, and NULL when neither option was given. */
static enum err take_description(struct cli *cli, char **out,
				 struct err_text *text)
{
	const char *file = cli_option(cli, "description-file");
	const char *given = cli_option(cli, "description");
	uint8_t *data;
	size_t size;
	enum err e;

	*out = NULL;
	if (file && given)
		return err_set(text, ERR_USAGE,
			       "either --description or --description-file");
	if (given) {
		*out = strdup(given);
		return ERR_OK;
	}
	if (!file)
		return ERR_OK;
	if (strcmp(file, "-") == 0)
		return read_stdin(out, text);
	e = file_read(&data, &size, file, DESCRIPTION_READ_MAX, text);
	*out = e ? NULL : (char *)data;
	return e;
}

void cli_show_sent(struct cli *cli, const json_t *value)
{
	(void)cli;
	if (json_object_get(value, "height"))
		printf("final at height %s, position %" PRIu64 "\ntx %s\n",
		       show_thousands(json_get_text(value, "height")),
		       json_get_number(value, "index"),
		       json_get_text(value, "tx"));
	else
		printf("accepted; not final yet\ntx %s\n",
		       json_get_text(value, "tx"));
}

int cli_transact_show(struct cli *cli, const struct payload *payload)
{
	json_t *result;
	int failed = cli_transact(cli, payload, &result);

	if (failed || !result)
		return failed;
	json_object_del(result, "proposal");
	return cli_emit(cli, result, cli_show_sent);
}

static void show_submitted(struct cli *cli, const json_t *value)
{
	uint64_t start = json_get_number(value, "voting_start_ms");
	uint64_t end = json_get_number(value, "voting_end_ms");

	if (json_object_get(value, "proposal"))
		printf("proposal #%" PRIu64 "  id %s\n",
		       json_get_number(value, "proposal"),
		       json_get_text(value, "id"));
	if (start)
		printf("voting %s to %s\n", show_time(start), show_time(end));
	cli_show_sent(cli, value);
}

/* {"proposal","id","tx","height",…} from what tx.submit answered. */
static int emit_submitted(struct cli *cli, json_t *result)
{
	static const char *const TIMES[] = {"voting_start_ms", "voting_end_ms"};
	json_t *number = json_object_get(result, "proposal"), *o, *shown;
	json_t *times = NULL;
	struct admin_error error;

	if (!number)
		return cli_emit(cli, result, show_submitted);
	o = json_object();
	json_object_set(o, "proposal", number);
	if (!cli_ask(cli, "proposal.get",
		     cli_params_number("proposal",
				       json_get_number(result, "proposal")),
		     &shown, &error)) {
		json_object_set(o, "id", json_object_get(shown, "id"));
		times = shown;
	}
	json_object_update(o, result);
	for (size_t i = 0; i < sizeof(TIMES) / sizeof(TIMES[0]); i++)
		json_object_set(o, TIMES[i], json_object_get(times, TIMES[i]));
	json_decref(times);
	json_decref(result);
	return cli_emit(cli, o, show_submitted);
}

/* What can be said of the words alone. */
static enum err read_submit(struct cli *cli, struct payload_submit *s,
			    char **description, struct arena *arena,
			    struct err_text *text)
{
	const char *type = cli_option(cli, "type");
	const char *title = cli_option(cli, "title");
	enum err e;

	s->type = proposal_type_from_name(type ? type : "standard");
	if (s->type == 0)
		return err_set(text, ERR_USAGE, "there is no type \"%.32s\"",
			       type);
	if (!title)
		return err_set(text, ERR_USAGE, "--title must be given");
	e = action_specs_take(cli, "action", &s->actions, arena, text);
	if (!e)
		e = actions_check(&s->actions, s->type, text);
	if (!e)
		e = take_description(cli, description, text);
	s->draft = cli_flag(cli, "draft");
	s->title = bytes_of(title);
	s->description = bytes_of(*description);
	return e;
}

int cmd_PROPOSAL_SUBMIT(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_SUBMIT};
	struct err_text text = {""};
	char *description = NULL;
	json_t *result = NULL;
	struct arena arena;
	enum err e;
	int failed;

	arena_init(&arena, ACTION_SPECS_ARENA_BYTES);
	e = read_submit(cli, &payload.submit, &description, &arena, &text);
	failed = e ? cli_fail_code(cli, e, text.text)
		   : cli_transact(cli, &payload, &result);
	free(description);
	arena_fini(&arena);
	return failed || !result ? failed : emit_submitted(cli, result);
}

static enum err take_proposal(struct cli *cli, int index, uint32_t *out,
			      struct err_text *text)
{
	uint64_t number = 0;
	enum err e = cli_word_number(cli, index, &number, text);

	if (!e && (number == 0 || number > UINT32_MAX))
		e = err_set(text, ERR_USAGE, "proposals count from 1");
	*out = (uint32_t)number;
	return e;
}

int cmd_PROPOSAL_PUBLISH(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_PUBLISH};
	struct err_text text = {""};

	if (take_proposal(cli, 0, &payload.publish.proposal, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_transact_show(cli, &payload);
}

/* What is not given stays as it is. */
static int current_contents(struct cli *cli, uint32_t number, json_t **out)
{
	struct admin_error error;

	if (cli_ask(cli, "proposal.get", cli_params_number("proposal", number),
		    out, &error))
		return cli_refused(cli, &error);
	return CLI_EXIT_OK;
}

/* Actions as they are, from "actions_layout"; parts live in the arena. */
static enum err current_actions(const json_t *shown, struct action_list *out,
				struct arena *arena, struct err_text *text)
{
	const char *digits = json_get_text(shown, "actions_layout");
	size_t size = strlen(digits) / 2;
	struct action *room = arena_alloc(arena, LIMIT_ACTIONS * sizeof(*room));
	uint8_t *data = arena_alloc(arena, size + 1);

	if (!room || !data)
		return ERR_NO_MEMORY;
	if (size == 0)
		return ERR_OK;
	if (!hex_decode(data, size, digits, strlen(digits)) ||
	    !actions_read(out, room, (struct bytes){data, size}))
		return err_set(text, ERR_RPC_PARSE, "no layout of actions");
	return ERR_OK;
}

/* Title, description and actions from the words, the rest from the draft. */
static int fill_amend(struct cli *cli, struct payload_amend *a,
		      const char *description, json_t **shown,
		      struct arena *arena)
{
	const char *title = cli_option(cli, "title");
	struct err_text text = {""};
	int failed = CLI_EXIT_OK;
	enum err e = ERR_OK;

	if (!title || !description || a->actions.count == 0)
		failed = current_contents(cli, a->proposal, shown);
	if (failed)
		return failed;
	if (a->actions.count == 0 && !cli_flag(cli, "no-actions"))
		e = current_actions(*shown, &a->actions, arena, &text);
	if (e)
		return cli_fail_code(cli, e, text.text);
	a->title = bytes_of(title ? title : json_get_text(*shown, "title"));
	a->description =
		bytes_of(description ? description
				     : json_get_text(*shown, "description"));
	return CLI_EXIT_OK;
}

static enum err read_amend(struct cli *cli, struct payload_amend *a,
			   char **description, struct arena *arena,
			   struct err_text *text)
{
	enum err e = take_proposal(cli, 0, &a->proposal, text);

	if (!e)
		e = action_specs_take(cli, "action", &a->actions, arena, text);
	if (!e)
		e = actions_check_form(&a->actions, text);
	if (!e)
		e = take_description(cli, description, text);
	if (!e && cli_flag(cli, "no-actions") && a->actions.count > 0)
		e = err_set(text, ERR_USAGE, "either --action or --no-actions");
	if (!e && !cli_option(cli, "title") && !*description &&
	    a->actions.count == 0 && !cli_flag(cli, "no-actions"))
		e = err_set(text, ERR_USAGE, "nothing to change was given");
	return e;
}

int cmd_PROPOSAL_AMEND(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_AMEND};
	struct err_text text = {""};
	char *description = NULL;
	json_t *shown = NULL;
	struct arena arena;
	int failed;
	enum err e;

	arena_init(&arena, ACTION_SPECS_ARENA_BYTES);
	e = read_amend(cli, &payload.amend, &description, &arena, &text);
	failed = e ? cli_fail_code(cli, e, text.text)
		   : fill_amend(cli, &payload.amend, description, &shown,
				&arena);
	if (!failed)
		failed = cli_transact_show(cli, &payload);
	json_decref(shown);
	free(description);
	arena_fini(&arena);
	return failed;
}

int cmd_PROPOSAL_CANCEL(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_CANCEL};
	struct err_text text = {""};

	if (take_proposal(cli, 0, &payload.cancel.proposal, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	payload.cancel.reason = bytes_of(cli_option(cli, "reason"));
	return cli_transact_show(cli, &payload);
}

int cmd_VOTE(struct cli *cli)
{
	struct ballot ballots[LIMIT_TX_BALLOTS];
	struct payload payload = {.kind = PAYLOAD_VOTE};
	struct bytes reason = bytes_of(cli_option(cli, "reason"));
	struct err_text text = {""};
	uint32_t count = (uint32_t)cli->word_count / 2;

	if (cli->word_count % 2 != 0 || count > LIMIT_TX_BALLOTS)
		return cli_fail_code(cli, ERR_USAGE,
				     "proposals and choices come in pairs, at "
				     "most 128 of them");
	for (uint32_t i = 0; i < count; i++) {
		const char *choice = cli->words[2 * i + 1];

		if (take_proposal(cli, (int)(2 * i), &ballots[i].proposal,
				  &text))
			return cli_fail_code(cli, ERR_USAGE, text.text);
		ballots[i].choice = choice_from_name(choice);
		ballots[i].reason = reason;
		if (ballots[i].choice == 0)
			return cli_fail_code(
				cli, ERR_USAGE,
				"a choice is for, against or abstain");
	}
	payload.vote.ballots = ballots;
	payload.vote.count = count;
	return cli_transact_show(cli, &payload);
}

/* --- Lists --- */

static void show_proposals(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(6);
	const json_t *row;
	size_t i;

	(void)cli;
	table_cell(t, "#");
	table_cell(t, "STATE");
	table_cell(t, "TYPE");
	table_cell(t, "VOTING ENDS");
	table_cell(t, "PROPOSER");
	table_cell(t, "TITLE");
	table_right(t, 0);
	json_array_foreach (list, i, row) {
		char number[16];

		snprintf(number, sizeof(number), "%" PRIu64,
			 json_get_number(row, "proposal"));
		table_cell(t, number);
		table_cell(t, json_get_text(row, "state"));
		table_cell(t, json_get_text(row, "type"));
		table_cell(t, show_time(json_get_number(row, "voting_end_ms")));
		table_cell(t,
			   show_account(cli, json_get_text(row, "proposer")));
		table_cell(t, json_get_text(row, "title"));
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

static void put_option(struct cli *cli, json_t *params, const char *option,
		       const char *name)
{
	const char *value = cli_option(cli, option);

	if (value)
		json_put(params, name, json_text(value, strlen(value)));
}

/* The same for an option that names a key. */
static int put_account(struct cli *cli, json_t *params, const char *option,
		       const char *name)
{
	const char *value = cli_option(cli, option);
	struct public_key key;
	int failed = value ? cli_public_key(cli, value, &key) : CLI_EXIT_OK;

	if (value && !failed)
		json_put(params, name, json_key(&key));
	return failed;
}

int cmd_PROPOSAL_LIST(struct cli *cli)
{
	json_t *params = json_object();
	int failed;

	put_option(cli, params, "state", "state");
	put_option(cli, params, "type", "type");
	put_option(cli, params, "sort", "sort");
	if (cli_flag(cli, "open"))
		json_put(params, "state", json_string("open"));
	if (cli_flag(cli, "ascending"))
		json_put(params, "ascending", json_true());
	failed = put_account(cli, params, "not-voted", "not_voted_by");
	if (!failed)
		failed = put_account(cli, params, "proposer", "proposer");
	if (failed) {
		json_decref(params);
		return failed;
	}
	return cli_list(cli, "proposal.list", params, "proposals",
			show_proposals);
}

static void show_votes(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(6);
	const json_t *row;
	size_t i;

	table_cell(t, "ACCOUNT");
	table_cell(t, "CHOICE");
	table_cell(t, "WEIGHT");
	table_cell(t, "HEIGHT");
	table_cell(t, "CHANGES");
	table_cell(t, "REASON");
	table_right(t, 2);
	table_right(t, 3);
	table_right(t, 4);
	json_array_foreach (list, i, row) {
		table_cell(t, show_account(cli, json_get_text(row, "account")));
		table_cell(t, json_get_text(row, "choice"));
		table_cell(t, show_thousands(json_get_text(row, "weight")));
		table_cell(t, show_thousands(json_get_text(row, "height")));
		table_cell(t, show_count(json_get_number(row, "changes")));
		table_cell(t, json_get_text(row, "reason"));
	}
	table_print(&t, stdout);
}

int cmd_VOTE_LIST(struct cli *cli)
{
	struct err_text text = {""};
	uint32_t number;

	if (take_proposal(cli, 0, &number, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_list(cli, "vote.list", cli_params_number("proposal", number),
			"votes", show_votes);
}
