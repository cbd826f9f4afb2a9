/* Delegating: who else may vote with an account's power. */
#include "cli/sign.h"

#include "cli/render.h"
#include "governance/params.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- What to delegate --- */

/* "technical,parameter" */
static enum err take_types(const char *given, uint32_t *types,
			   struct err_text *text)
{
	*types = 0;
	while (given) {
		const char *comma = strchr(given, ',');
		size_t size = comma ? (size_t)(comma - given) : strlen(given);
		char name[32] = "";
		uint32_t type;

		if (size < sizeof(name))
			memcpy(name, given, size);
		type = proposal_type_from_name(name);
		if (type == 0)
			return err_set(text, ERR_USAGE,
				       "there is no type \"%.*s\"",
				       (int)(size < 64 ? size : 64), given);
		*types |= 1u << (type - 1);
		given = comma ? comma + 1 : NULL;
	}
	return ERR_OK;
}

/* "30d", "12h", "90m", "45s" */
static enum err take_duration(const char *given, uint64_t *ms,
			      struct err_text *text)
{
	static const struct {
		char unit;
		uint64_t ms;
	} UNITS[] = {
		{'s', MS_SECOND},
		{'m', 60 * MS_SECOND},
		{'h', MS_HOUR},
		{'d', MS_DAY},
	};
	size_t size = strlen(given);
	char digits[16] = "";
	uint64_t count;

	if (size > 1 && size < sizeof(digits))
		memcpy(digits, given, size - 1);
	for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
		if (parse_u64(digits, &count) && count > 0 &&
		    count <= 36500 * MS_DAY / UNITS[i].ms &&
		    given[size - 1] == UNITS[i].unit) {
			*ms = count * UNITS[i].ms;
			return ERR_OK;
		}
	}
	return err_set(text, ERR_USAGE,
		       "\"%.32s\" is not a time like 30d, 12h, 90m or 45s",
		       given);
}

static enum err take_delegation(const struct cli *cli,
				struct payload_delegate *d, uint64_t *lasts_ms,
				struct err_text *text)
{
	const char *types = cli_option(cli, "types");
	const char *amount = cli_option(cli, "amount");
	const char *expires = cli_option(cli, "expires");
	enum err e = take_types(types, &d->types, text);

	*lasts_ms = 0;
	if (!e && amount)
		e = cli_tokens(amount, &d->amount, text);
	if (!e && expires)
		e = take_duration(expires, lasts_ms, text);
	if (!e && types && amount)
		e = err_set(text, ERR_USAGE,
			    "a delegation is for --types or of an --amount, "
			    "not both");
	d->kind = types	   ? DELEGATION_CONDITIONAL
		  : amount ? DELEGATION_LIMITED
			   : DELEGATION_FULL;
	d->has_target = strcmp(cli->words[0], "none") != 0;
	if (!e && !d->has_target && !types)
		e = err_set(text, ERR_USAGE,
			    "\"none\" opts out of a full delegation for "
			    "--types; delegate clear ends delegations");
	return e;
}

/* By the time of the network: the node's clock, or that of a later block. */
static int take_expiry(struct cli *cli, struct payload_delegate *d,
		       uint64_t lasts_ms)
{
	json_t *status;
	uint64_t now;
	int failed;

	if (lasts_ms == 0)
		return CLI_EXIT_OK;
	failed = cli_call(cli, "node.status", NULL, &status);
	if (failed)
		return failed;
	now = json_get_number(status, "now_ms");
	if (now < json_get_number(status, "block_time_ms"))
		now = json_get_number(status, "block_time_ms");
	d->expires_ms = now + lasts_ms;
	json_decref(status);
	return CLI_EXIT_OK;
}

int cmd_DELEGATE_SET(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_DELEGATE};
	struct payload_delegate *d = &payload.delegate;
	struct err_text text = {""};
	uint64_t lasts_ms;
	int failed = CLI_EXIT_OK;
	enum err e = take_delegation(cli, d, &lasts_ms, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	if (d->has_target)
		failed = cli_public_key(cli, cli->words[0], &d->target);
	if (!failed)
		failed = take_expiry(cli, d, lasts_ms);
	return failed ? failed : cli_transact_show(cli, &payload);
}

/* --- Ending --- */

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int cmd_DELEGATE_CLEAR(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_UNDELEGATE};
	uint32_t serials[LIMIT_DELEGATIONS];
	struct err_text text = {""};
	bool all = cli_flag(cli, "all");

	if (all == (cli->word_count > 0))
		return cli_fail_code(cli, ERR_USAGE,
				     "either the serials that delegate list "
				     "shows, or --all");
	if (cli->word_count > (int)LIMIT_DELEGATIONS)
		return cli_fail_code(cli, ERR_USAGE,
				     "an account has at most 16 delegations");
	for (int i = 0; i < cli->word_count; i++) {
		uint64_t serial;

		if (cli_word_number(cli, i, &serial, &text) ||
		    serial > UINT32_MAX)
			return cli_fail_code(cli, ERR_USAGE, text.text);
		serials[i] = (uint32_t)serial;
	}
	payload.undelegate.serials = serials;
	payload.undelegate.count = (uint32_t)cli->word_count;
	if (payload.undelegate.count > 1)
		qsort(serials, payload.undelegate.count, sizeof(*serials),
		      ascending);
	return cli_transact_show(cli, &payload);
}

/* --- Looking --- */

static const char *types_text(const json_t *types, char *out, size_t size)
{
	size_t at = 0, i;
	const json_t *type;

	out[0] = '\0';
	json_array_foreach (types, i, type) {
		int n = snprintf(out + at, size - at, "%s%s", i ? "," : "",
				 json_string_value(type));

		at += n > 0 && (size_t)n < size - at ? (size_t)n : 0;
	}
	return out;
}

static void show_expiry(struct table *t, const json_t *row)
{
	uint64_t at = json_get_number(row, "expires_ms");

	if (at == 0)
		table_cell(t, "never");
	else if (json_is_true(json_object_get(row, "expired")))
		table_cell(t, "expired");
	else
		table_cell(t, show_time(at));
}

static void show_delegations(struct cli *cli, const json_t *list)
{
	static const char *const HEAD[] = {"SERIAL", "FROM",   "TO",	 "KIND",
					   "TYPES",  "TOKENS", "EXPIRES"};
	struct table *t = table_new(7);
	const json_t *row;
	size_t i;

	table_head(t, HEAD);
	table_right(t, 0);
	table_right(t, 5);
	json_array_foreach (list, i, row) {
		const char *to = json_get_text(row, "target");
		char types[128];

		table_cell(t, show_count(json_get_number(row, "serial")));
		table_cell(t,
			   show_account(cli, json_get_text(row, "principal")));
		table_cell(t, to[0] ? show_account(cli, to) : "nobody");
		table_cell(t, json_get_text(row, "kind"));
		table_cell(t, types_text(json_object_get(row, "types"), types,
					 sizeof(types)));
		table_cell(t, json_get_text(row, "amount")[0]
				      ? show_decimal(
						json_get_text(row, "amount"), 6)
				      : "");
		show_expiry(t, row);
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

int cmd_DELEGATE_LIST(struct cli *cli)
{
	json_t *params = json_object();
	struct public_key key;
	int failed = CLI_EXIT_OK;

	if (cli->word_count > 0)
		failed = cli_public_key(cli, cli->words[0], &key);
	else if (!cli_only_key(cli, &key))
		failed = cli_fail_code(cli, ERR_USAGE,
				       "whose? there is more than one key, or "
				       "none");
	if (failed) {
		json_decref(params);
		return failed;
	}
	json_put(params, "account", json_key(&key));
	if (cli_flag(cli, "received"))
		json_put(params, "received", json_true());
	return cli_list(cli, "delegation.list", params, "delegations",
			show_delegations);
}
