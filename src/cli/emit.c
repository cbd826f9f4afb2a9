#include "cli/cli.h"

#include "cli/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- Machine formats --- */

static void print_json(const json_t *value, size_t flags)
{
	json_dumpf(value, stdout, flags | JSON_ENCODE_ANY);
	putchar('\n');
}

static void print_lines(const json_t *value)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value)) {
		print_json(value, JSON_COMPACT);
		return;
	}
	json_array_foreach (value, i, item) {
		print_json(item, JSON_COMPACT);
	}
}

/* Tabs, newlines and backslashes are escaped, so a field stays a field. */
static void print_field(const json_t *value)
{
	char *text;

	if (json_is_null(value) || !value)
		return;
	if (!json_is_string(value)) {
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		fputs(text ? text : "", stdout);
		free(text);
		return;
	}
	for (const char *at = json_string_value(value); *at; at++) {
		if (*at == '\t')
			fputs("\\t", stdout);
		else if (*at == '\n')
			fputs("\\n", stdout);
		else if (*at == '\\')
			fputs("\\\\", stdout);
		else
			putchar(*at);
	}
}

static void print_row(const json_t *row, const json_t *columns)
{
	const char *name;
	json_t *unused;
	const char *gap = "";

	json_object_foreach ((json_t *)(uintptr_t)columns, name, unused) {
		(void)unused;
		fputs(gap, stdout);
		print_field(json_object_get(row, name));
		gap = "\t";
	}
	putchar('\n');
}

/* A list: a header and a row each. An object: a line a member. */
static void print_tsv(const json_t *value)
{
	const json_t *first = json_array_get(value, 0), *item;
	const char *name, *gap = "";
	json_t *member;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
			printf("%s\t", name);
			print_field(member);
			putchar('\n');
		}
		return;
	}
	if (!json_is_object(first)) {
		json_array_foreach (value, i, item) {
			print_field(item);
			putchar('\n');
		}
		return;
	}
	json_object_foreach ((json_t *)(uintptr_t)first, name, member) {
		(void)member;
		printf("%s%s", gap, name);
		gap = "\t";
	}
	putchar('\n');
	json_array_foreach (value, i, item) {
		print_row(item, first);
	}
}

int cli_emit(struct cli *cli, json_t *value,
	     void (*table)(struct cli *cli, const json_t *value))
{
	switch (cli->format) {
	case FORMAT_TABLE:
		table(cli, value);
		break;
	case FORMAT_JSON:
		print_json(value, JSON_INDENT(2));
		break;
	case FORMAT_NDJSON:
		print_lines(value);
		break;
	case FORMAT_TSV:
		print_tsv(value);
		break;
	}
	json_decref(value);
	if (fflush(stdout) != 0) {
		cli_note(cli, "writing to stdout failed");
		return CLI_EXIT_REFUSED;
	}
	return CLI_EXIT_OK;
}

/* --- Errors --- */

static const struct {
	enum err code;
	enum cli_exit exit;
} EXITS[] = {
	{ERR_UNREACHABLE, CLI_EXIT_UNREACHABLE},
	{ERR_RPC_SLOW_READER, CLI_EXIT_UNREACHABLE},
	{ERR_RPC_BUSY, CLI_EXIT_UNREACHABLE},
	{ERR_USAGE, CLI_EXIT_USAGE},
	{ERR_KEY_NAME, CLI_EXIT_USAGE},
	{ERR_PEER_ADDRESS, CLI_EXIT_USAGE},
	{ERR_RPC_PARAMS, CLI_EXIT_USAGE},
	{ERR_RPC_FORBIDDEN, CLI_EXIT_FORBIDDEN},
	{ERR_KEY_PERMISSIONS, CLI_EXIT_FORBIDDEN},
	{ERR_KEY_PASSPHRASE, CLI_EXIT_FORBIDDEN},
	{ERR_KEY_NO_PASSPHRASE, CLI_EXIT_FORBIDDEN},
	{ERR_NOT_FOUND, CLI_EXIT_NOT_FOUND},
	{ERR_UNKNOWN_PROPOSAL, CLI_EXIT_NOT_FOUND},
	{ERR_UNKNOWN_ACCOUNT, CLI_EXIT_NOT_FOUND},
	{ERR_UNKNOWN_ACT, CLI_EXIT_NOT_FOUND},
	{ERR_PEER_UNKNOWN, CLI_EXIT_NOT_FOUND},
	{ERR_KEY_UNKNOWN, CLI_EXIT_NOT_FOUND},
	{ERR_CHECK_FAILED, CLI_EXIT_CHECK_FAILED},
	{ERR_NOT_READY, CLI_EXIT_CHECK_FAILED},
	{ERR_BAD_CERTIFICATE, CLI_EXIT_CHECK_FAILED},
	{ERR_KEY_DAMAGED, CLI_EXIT_CHECK_FAILED},
	{ERR_DATA_DAMAGED, CLI_EXIT_CHECK_FAILED},
	{ERR_DATA_NEWER, CLI_EXIT_CHECK_FAILED},
	{ERR_DATA_OTHER_NETWORK, CLI_EXIT_CHECK_FAILED},
	{ERR_AUDIT_DAMAGED, CLI_EXIT_CHECK_FAILED},
	{ERR_CONFIG, CLI_EXIT_CHECK_FAILED},
	{ERR_GENESIS, CLI_EXIT_CHECK_FAILED},
	{ERR_TIMEOUT, CLI_EXIT_TIMEOUT},
};

enum cli_exit cli_exit_of(enum err code)
{
	for (size_t i = 0; i < sizeof(EXITS) / sizeof(EXITS[0]); i++) {
		if (EXITS[i].code == code)
			return EXITS[i].exit;
	}
	return CLI_EXIT_REFUSED;
}

static void tell(const struct cli *cli, const struct admin_error *error)
{
	json_t *o, *line;

	if (cli->format != FORMAT_JSON && cli->format != FORMAT_NDJSON) {
		cli_note(cli, "%s", error->message);
		if (error->retry_after_ms)
			fprintf(stderr, "  hint: try again in %s\n",
				show_duration(error->retry_after_ms));
		else if (error->hint[0])
			fprintf(stderr, "  hint: %s\n", error->hint);
		return;
	}
	o = json_object();
	json_put(o, "code", json_integer(error->number));
	json_put(o, "name", json_string(error->name));
	json_put(o, "message",
		 json_text(error->message, strlen(error->message)));
	json_put(o, "hint", json_text(error->hint, strlen(error->hint)));
	if (error->retry_after_ms)
		json_put(o, "retry_after_ms",
			 json_integer(error->retry_after_ms));
	line = json_object();
	json_put(line, "error", o);
	print_json(line,
		   cli->format == FORMAT_JSON ? JSON_INDENT(2) : JSON_COMPACT);
	json_decref(line);
	fflush(stdout);
}

int cli_fail(const struct cli *cli, const struct admin_error *error)
{
	tell(cli, error);
	return (int)cli_exit_of(error->code);
}

int cli_fail_code(const struct cli *cli, enum err code, const char *context)
{
	struct admin_error error;

	admin_error_set(&error, code, context);
	/* Which words are off says it all. */
	if (code == ERR_USAGE && context && context[0])
		snprintf(error.message, sizeof(error.message), "%s", context);
	return cli_fail(cli, &error);
}

int cli_refused(const struct cli *cli, const struct admin_error *error)
{
	enum cli_exit code = cli_exit_of(error->code);

	tell(cli, error);
	if (code == CLI_EXIT_NOT_FOUND || code == CLI_EXIT_CHECK_FAILED)
		return error->code == ERR_NOT_READY ? CLI_EXIT_CHECK_FAILED
						    : CLI_EXIT_REFUSED;
	return (int)code;
}

void cli_note(const struct cli *cli, const char *format, ...)
{
	va_list args;

	(void)cli;
	fputs("bcai-gov: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

bool cli_confirm(const struct cli *cli, const char *question)
{
	char answer[16];

	if (cli->yes)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return answer[0] == 'y' || answer[0] == 'Y';
}
