/* What the detectors found, for people. */
#include "cli/cli.h"

#include "cli/render.h"

#include <stdio.h>
#include <string.h>

#define FIGURES_BYTES 320

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

/* "share 99.8%", "tokens cast 387,486.7". */
static void figure_text(char *out, size_t size, const char *name,
			const char *digits)
{
	char words[48];

	snprintf(words, sizeof(words), "%s", name);
	if (ends_with(name, "_bp"))
		words[strlen(words) - 3] = '\0';
	for (char *c = words; *c; c++)
		if (*c == '_')
			*c = ' ';
	if (ends_with(name, "_bp"))
		snprintf(out, size, "%s %s", words,
			 show_bp((uint64_t)parse_u128(digits)));
	else if (strncmp(name, "tokens", 6) == 0)
		snprintf(out, size, "%s %s", words, show_decimal(digits, 6));
	else
		snprintf(out, size, "%s %s", words, show_thousands(digits));
}

static const char *figures_text(const json_t *figures)
{
	static char text[FIGURES_BYTES];
	const char *name;
	json_t *value;
	size_t used = 0;

	text[0] = '\0';
	json_object_foreach ((json_t *)(uintptr_t)figures, name, value) {
		char one[96];

		figure_text(one, sizeof(one), name, json_string_value(value));
		snprintf(text + used, sizeof(text) - used, "%s%s",
			 used ? ", " : "", one);
		used = strlen(text);
	}
	return text;
}

static const char *accounts_text(struct cli *cli, const json_t *list)
{
	static char text[64];
	size_t n = json_array_size(list);

	if (n == 0)
		return "–";
	snprintf(text, sizeof(text), "%.40s",
		 show_account(cli, json_string_value(json_array_get(list, 0))));
	if (n > 1)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 " +%zu", n - 1);
	return text;
}

static void show_alerts(struct cli *cli, const json_t *list)
{
	static const char *const HEAD[] = {"#",	     "KIND",	  "PROPOSAL",
					   "HEIGHT", "PROLONGED", "ACCOUNTS",
					   "FIGURES"};
	struct table *t = table_new(7);
	const json_t *row;
	size_t i;

	table_head(t, HEAD);
	table_right(t, 0);
	table_right(t, 2);
	table_right(t, 3);
	json_array_foreach (list, i, row) {
		const json_t *number = json_object_get(row, "alert");
		const json_t *proposal = json_object_get(row, "proposal");

		table_cell(t,
			   json_is_null(number)
				   ? "–"
				   : show_count(json_get_number(row, "alert")));
		table_cell(t, json_get_text(row, "kind"));
		table_cell(t, json_is_null(proposal)
				      ? "–"
				      : show_count(json_get_number(
						row, "proposal")));
		table_cell(t, show_thousands(json_get_text(row, "height")));
		table_cell(t, json_is_true(json_object_get(row, "delayed"))
				      ? "yes"
				      : "no");
		table_cell(t, accounts_text(cli,
					    json_object_get(row, "accounts")));
		table_cell(t, json_object_get(row, "finding")
				      ? json_get_text(row, "finding")
				      : figures_text(json_object_get(
						row, "figures")));
	}
	table_print(&t, stdout);
	if (json_array_size(list) == 0)
		puts("none");
}

/* The option's number as a parameter, when it is given. */
static enum err put_number(struct cli *cli, json_t *params, const char *option,
			   uint64_t max, struct err_text *text)
{
	uint64_t value = 0;
	enum err e = cli_number(cli, option, max, &value, text);

	if (!e && cli_option(cli, option))
		json_put(params,
			 strcmp(option, "from") == 0 ? "from_height" : option,
			 json_u64(value));
	return e;
}

int cmd_ALERTS(struct cli *cli)
{
	const char *kind = cli_option(cli, "kind");
	struct err_text text = {""};
	json_t *params = json_object(), *list;
	uint64_t limit = 0;
	int failed;
	enum err e = cli_number(cli, "limit", UINT32_MAX, &limit, &text);

	if (kind)
		json_put(params, "kind", json_text(kind, strlen(kind)));
	if (!e)
		e = put_number(cli, params, "proposal", UINT32_MAX, &text);
	if (!e)
		e = put_number(cli, params, "from", UINT64_MAX, &text);
	if (e) {
		json_decref(params);
		return cli_fail_code(cli, ERR_USAGE, text.text);
	}
	failed = cli_call_pages(cli, "alert.list", params, "alerts", limit,
				&list);
	return failed ? failed : cli_emit(cli, list, show_alerts);
}
