/* What every command of `bcai-gov` gets: its words and options, where to
 * print, and which node to ask.
 *
 * A command is one function named after its row in admin/commands.h; it
 * prints its result through cli_emit() and returns the exit code. Results go
 * to stdout and everything else to stderr. */
#ifndef BCAI_CLI_CLI_H
#define BCAI_CLI_CLI_H

#include "admin/client.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "base/files.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum cli_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_NDJSON, FORMAT_TSV };

struct cli_given {
	const char *name;
	const char *value; /* NULL for a flag */
};

struct cli {
	enum cli_command_id command;
	const char *topic;  /* "testnet": help is wanted for its commands */
	const char **words; /* arguments of the command */
	int word_count;
	struct cli_given *given;
	int given_count;

	enum cli_format format;
	bool color;	/* of stdout */
	bool terminal;	/* stdout is one */
	bool progress;	/* stderr is a terminal */
	bool finalized; /* --wait */
	bool yes;
	bool dry_run;
	bool timeout_given;
	uint64_t timeout_ms;
	char data_dir[FILE_PATH_BYTES];
	char socket[FILE_PATH_BYTES];
	char keys[FILE_PATH_BYTES];
	struct admin_client *client; /* NULL until first needed */
};

typedef int cli_handler(struct cli *cli);
#define CLI_DECLARE(symbol, words, group, fewest, most, arguments, doc)        \
	cli_handler cmd_##symbol;
CLI_COMMANDS(CLI_DECLARE)
#undef CLI_DECLARE

/* --- Arguments (args.c) --- */

/* Take argv apart. ERR_USAGE with a sentence. Sets cli->command to
 * CLI_COMMAND_COUNT when no command was named (help or version was asked). */
enum err cli_parse(struct cli *cli, int argc, char **argv,
		   struct err_text *text) MUST_USE;
void cli_free(struct cli *cli);
/* The option's last value, or NULL. The name must stand in the table. */
const char *cli_option(const struct cli *cli, const char *name);
bool cli_flag(const struct cli *cli, const char *name);
/* The values of an option that may be repeated, one after the other; begin
 * with *at = 0; NULL at the end. */
const char *cli_option_next(const struct cli *cli, const char *name, int *at);
/* The option as a number within bounds, or `otherwise`. ERR_USAGE. */
enum err cli_number(const struct cli *cli, const char *name, uint64_t max,
		    uint64_t *value, struct err_text *text) MUST_USE;
/* "30000.5" as micro-tokens, above 0. ERR_USAGE. */
enum err cli_tokens(const char *given, uint64_t *micro,
		    struct err_text *text) MUST_USE;
/* Help: of all, of those that begin with a word, or of one command. */
void cli_help(FILE *out);
void cli_help_topic(FILE *out, const char *topic);
void cli_help_command(FILE *out, enum cli_command_id id);

/* --- Results (emit.c) --- */

/* Print `value` (stolen) in the format asked for; `table` is for people. */
int cli_emit(struct cli *cli, json_t *value,
	     void (*table)(struct cli *cli, const json_t *value));
/* Tell what went wrong, on stdout as {"error":…} for -o json and ndjson, else
 * on stderr. Returns the exit code that belongs to it. */
int cli_fail(const struct cli *cli, const struct admin_error *error);
int cli_fail_code(const struct cli *cli, enum err code, const char *context);
/* The same where a refusal concerns a transaction: always exit 1, except for
 * what kept it from being sent. */
int cli_refused(const struct cli *cli, const struct admin_error *error);
enum cli_exit cli_exit_of(enum err code);
/* A line for people, on stderr. */
void cli_note(const struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Ask on the terminal; true at once with --yes. Without a terminal the answer
 * is no. */
bool cli_confirm(const struct cli *cli, const char *question);

/* --- The node (node.c) --- */

/* Call a method; *result is the caller's. On failure the error was told, and
 * the return is the exit code; 0 for success. `params` is stolen. */
int cli_call(struct cli *cli, const char *method, json_t *params,
	     json_t **result);
/* The same, without telling. */
enum err cli_ask(struct cli *cli, const char *method, json_t *params,
		 json_t **result, struct admin_error *error) MUST_USE;
/* All pages of a list, at most `limit` rows (0: all). */
int cli_call_pages(struct cli *cli, const char *method, json_t *params,
		   const char *member, uint64_t limit, json_t **list);
/* The same, shown, as many rows as --limit says. */
int cli_list(struct cli *cli, const char *method, json_t *params,
	     const char *member,
	     void (*table)(struct cli *cli, const json_t *value));
/* The method's result, shown. With --dry-run a method that changes something
 * is not called, but told. */
int cli_show(struct cli *cli, const char *method, json_t *params,
	     void (*table)(struct cli *cli, const json_t *value));
/* A word that must be a number (of a proposal, a height). ERR_USAGE. */
enum err cli_word_number(const struct cli *cli, int index, uint64_t *out,
			 struct err_text *text) MUST_USE;
/* {name: number} */
json_t *cli_params_number(const char *name, uint64_t value);
json_t *cli_params_text(const char *name, const char *value);

#endif
