#include "cli/cli.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 2 /* in a command's name */

struct parse {
	struct cli *cli;
	int argc;
	char **argv;
	int at;
	bool named; /* the command is known */
	bool plain; /* after "--": no more options */
	struct err_text *text;
};

/* --- Lookup --- */

static const struct cli_option *find_in(const struct cli_option *options,
					const char *name, size_t size)
{
	for (; options->name; options++) {
		if (strlen(options->name) == size &&
		    memcmp(options->name, name, size) == 0)
			return options;
	}
	return NULL;
}

static const struct cli_option *find_option(const struct cli *cli,
					    const char *name, size_t size)
{
	const struct cli_option *found = NULL;

	if (cli->command != CLI_COMMAND_COUNT)
		found = find_in(cli_command(cli->command)->options, name, size);
	return found ? found : find_in(cli_global_options(), name, size);
}

static enum cli_command_id find_command(const char *words)
{
	int id = 0;

	while (id < CLI_COMMAND_COUNT &&
	       strcmp(cli_command((enum cli_command_id)id)->words, words) != 0)
		id++;
	return (enum cli_command_id)id;
}

static const char *nearest_command(const char *words)
{
	const char *best = NULL;
	size_t least = 4;

	for (int id = 0; id < CLI_COMMAND_COUNT; id++) {
		const char *name = cli_command((enum cli_command_id)id)->words;
		size_t d = nearest_distance(words, name);

		if (d < least) {
			least = d;
			best = name;
		}
	}
	return best;
}

/* --- Parsing --- */

static void give(struct cli *cli, const char *name, const char *value)
{
	cli->given = mem_resize(cli->given, ((size_t)cli->given_count + 1) *
						    sizeof(*cli->given));
	cli->given[cli->given_count++] = (struct cli_given){name, value};
}

static void add_word(struct cli *cli, const char *word)
{
	cli->words = mem_resize(cli->words, ((size_t)cli->word_count + 1) *
						    sizeof(*cli->words));
	cli->words[cli->word_count++] = word;
}

static enum err take_option(struct parse *p, const char *word)
{
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	size_t size = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_option *o;

	if (strcmp(word, "-h") == 0) {
		name = "help";
		size = 4;
	} else if (strcmp(word, "-o") == 0) {
		name = "output";
		size = 6;
	} else if (word[1] != '-') {
		return err_set(p->text, ERR_USAGE, "there is no option %s",
			       word);
	}
	o = find_option(p->cli, name, size);
	if (!o && !p->named)
		return err_set(p->text, ERR_USAGE,
			       "%s is no option of all commands; options of "
			       "one stand after it",
			       word);
	if (!o)
		return err_set(p->text, ERR_USAGE, "%s takes no option %s",
			       cli_command(p->cli->command)->words, word);
	if (!o->value && equals)
		return err_set(p->text, ERR_USAGE, "--%s takes no value",
			       o->name);
	if (!o->many && cli_option(p->cli, o->name))
		return err_set(p->text, ERR_USAGE, "--%s is given twice",
			       o->name);
	if (!o->value) {
		give(p->cli, o->name, NULL);
		return ERR_OK;
	}
	if (!equals && p->at >= p->argc)
		return err_set(p->text, ERR_USAGE, "--%s needs a %s", o->name,
			       o->value);
	give(p->cli, o->name, equals ? equals + 1 : p->argv[p->at++]);
	return ERR_OK;
}

/* "help testnet", "testnet --help" */
static bool wants_help(const struct parse *p)
{
	for (int i = p->at; i < p->argc; i++) {
		if (strcmp(p->argv[i], "--help") == 0 ||
		    strcmp(p->argv[i], "-h") == 0)
			return true;
	}
	return cli_flag(p->cli, "help");
}

static enum err unknown_command(struct parse *p, const char *first,
				const char *both)
{
	const char *near;
	char verbs[160] = "";
	size_t n = strlen(first), used = 0;

	for (int id = 0; id < CLI_COMMAND_COUNT; id++) {
		const char *words = cli_command((enum cli_command_id)id)->words;

		if (strncmp(words, first, n) == 0 && words[n] == ' ' &&
		    used + strlen(words + n) < sizeof(verbs))
			used += (size_t)snprintf(
				verbs + used, sizeof(verbs) - used, "%s%s",
				used ? ", " : "", words + n + 1);
	}
	if (used > 0 && wants_help(p)) {
		p->cli->topic = first;
		return ERR_OK;
	}
	if (used > 0)
		return err_set(p->text, ERR_USAGE, "%s what? One of: %s", first,
			       verbs);
	near = nearest_command(both);
	if (!near)
		near = nearest_command(first);
	return err_set(p->text, ERR_USAGE,
		       "there is no command \"%.64s\"%s%s%s", first,
		       near ? "; did you mean \"" : "", near ? near : "",
		       near ? "\"?" : "");
}

/* The first words name the command, the longest name first. */
static enum err take_name(struct parse *p, const char *first)
{
	char both[64] = "";
	const char *second = p->at < p->argc ? p->argv[p->at] : "";

	snprintf(both, sizeof(both), "%s %s", first, second);
	p->named = true;
	p->cli->command = find_command(both);
	if (p->cli->command != CLI_COMMAND_COUNT) {
		p->at++;
		return ERR_OK;
	}
	p->cli->command = find_command(first);
	if (p->cli->command != CLI_COMMAND_COUNT)
		return ERR_OK;
	if (strcmp(first, "help") == 0) {
		give(p->cli, "help", NULL);
		p->named = second[0] == '\0';
		return ERR_OK;
	}
	return unknown_command(p, first, both);
}

static enum err take(struct parse *p)
{
	const char *word = p->argv[p->at++];

	if (p->plain || word[0] != '-' || word[1] == '\0') {
		if (p->named) {
			add_word(p->cli, word);
			return ERR_OK;
		}
		return take_name(p, word);
	}
	if (strcmp(word, "--") == 0) {
		p->plain = true;
		return ERR_OK;
	}
	return take_option(p, word);
}

static enum err check_words(const struct cli *cli, struct err_text *text)
{
	const struct cli_command *c = cli_command(cli->command);

	if (cli->word_count >= c->arguments_min &&
	    cli->word_count <= c->arguments_max)
		return ERR_OK;
	if (c->arguments_max == 0)
		return err_set(text, ERR_USAGE,
			       "%s takes no arguments, but \"%.64s\" was given",
			       c->words, cli->words[0]);
	return err_set(text, ERR_USAGE, "usage: bcai-gov %s %s", c->words,
		       c->arguments);
}

/* --- Settings that all commands share --- */

static enum err take_format(struct cli *cli, struct err_text *text)
{
	static const char *const NAMES[] = {"table", "json", "ndjson", "tsv"};
	const char *name = cli_option(cli, "output");

	if (!name)
		return ERR_OK;
	for (int i = 0; i < 4; i++) {
		if (strcmp(NAMES[i], name) == 0) {
			cli->format = (enum cli_format)i;
			return ERR_OK;
		}
	}
	return err_set(text, ERR_USAGE,
		       "-o is table, json, ndjson or tsv, not \"%.32s\"", name);
}

static enum err take_wait(struct cli *cli, struct err_text *text)
{
	const char *wait = cli_option(cli, "wait");
	uint64_t seconds = 30;
	enum err e;

	cli->finalized = true;
	if (wait && strcmp(wait, "accepted") == 0)
		cli->finalized = false;
	else if (wait && strcmp(wait, "finalized") != 0)
		return err_set(text, ERR_USAGE,
			       "--wait is accepted or finalized");
	cli->timeout_given = cli_option(cli, "timeout") != NULL;
	e = cli_number(cli, "timeout", 86400, &seconds, text);
	cli->timeout_ms = seconds * 1000;
	return e;
}

static const char *from(const struct cli *cli, const char *option,
			const char *variable)
{
	const char *value = cli_option(cli, option);

	return value ? value : getenv(variable);
}

static enum err take_places(struct cli *cli, struct err_text *text)
{
	const char *home = getenv("HOME");
	const char *dir = from(cli, "data-dir", "BCAI_GOV_DATA_DIR");
	const char *socket = from(cli, "socket", "BCAI_GOV_SOCKET");
	const char *keys = from(cli, "keys", "BCAI_GOV_KEYS");
	enum err e = ERR_OK;

	if (dir)
		e = file_path(cli->data_dir, dir, "");
	else
		e = file_path(cli->data_dir, home ? home : ".", ".bcai-gov");
	if (dir && !e)
		snprintf(cli->data_dir, sizeof(cli->data_dir), "%s", dir);
	if (!e && socket && strlen(socket) < sizeof(cli->socket))
		snprintf(cli->socket, sizeof(cli->socket), "%s", socket);
	else if (!e)
		e = file_path(cli->socket, cli->data_dir, "admin.sock");
	if (!e && keys && strlen(keys) < sizeof(cli->keys))
		snprintf(cli->keys, sizeof(cli->keys), "%s", keys);
	else if (!e)
		e = file_path(cli->keys, cli->data_dir, "keys");
	if (e)
		return err_set(text, ERR_USAGE, "a path is too long");
	return ERR_OK;
}

enum err cli_parse(struct cli *cli, int argc, char **argv,
		   struct err_text *text)
{
	struct parse p = {
		.cli = cli, .argc = argc, .argv = argv, .at = 1, .text = text};
	enum err e = ERR_OK;

	memset(cli, 0, sizeof(*cli));
	cli->command = CLI_COMMAND_COUNT;
	cli->finalized = true;
	cli->terminal = isatty(STDOUT_FILENO);
	cli->progress = isatty(STDERR_FILENO);
	cli->color = cli->terminal && !getenv("NO_COLOR");
	while (!e && p.at < argc)
		e = take(&p);
	/* Known before anything else can go wrong, so that errors come in the
	 * format asked for. */
	if (take_format(cli, e ? NULL : text) && !e)
		e = ERR_USAGE;
	cli->yes = cli_flag(cli, "yes");
	cli->dry_run = cli_flag(cli, "dry-run");
	if (!e)
		e = take_wait(cli, text);
	if (!e)
		e = take_places(cli, text);
	if (e || cli_flag(cli, "help") || cli_flag(cli, "version"))
		return e;
	if (cli->command == CLI_COMMAND_COUNT)
		return err_set(text, ERR_USAGE, "no command was given");
	return check_words(cli, text);
}

void cli_free(struct cli *cli)
{
	admin_client_close(&cli->client);
	free(cli->words);
	free(cli->given);
	cli->words = NULL;
	cli->given = NULL;
}

/* --- Options --- */

const char *cli_option(const struct cli *cli, const char *name)
{
	const char *value = NULL;

	assert(find_option(cli, name, strlen(name)));
	for (int i = 0; i < cli->given_count; i++) {
		if (strcmp(cli->given[i].name, name) == 0)
			value = cli->given[i].value ? cli->given[i].value : "";
	}
	return value;
}

bool cli_flag(const struct cli *cli, const char *name)
{
	return cli_option(cli, name) != NULL;
}

const char *cli_option_next(const struct cli *cli, const char *name, int *at)
{
	assert(find_option(cli, name, strlen(name)));
	for (; *at < cli->given_count; (*at)++) {
		if (strcmp(cli->given[*at].name, name) == 0)
			return cli->given[(*at)++].value;
	}
	return NULL;
}

enum err cli_number(const struct cli *cli, const char *name, uint64_t max,
		    uint64_t *value, struct err_text *text)
{
	const char *given = cli_option(cli, name);

	if (!given)
		return ERR_OK;
	if (!parse_u64(given, value) || *value > max)
		return err_set(text, ERR_USAGE,
			       "--%s is a number up to %llu, not \"%.32s\"",
			       name, (unsigned long long)max, given);
	return ERR_OK;
}

/* --- Help --- */

static void print_options(FILE *out, const struct cli_option *options)
{
	for (; options->name; options++) {
		char head[64];

		snprintf(head, sizeof(head), "--%s%s%s", options->name,
			 options->value ? " " : "",
			 options->value ? options->value : "");
		fprintf(out, "  %-28s %s%s\n", head, options->doc,
			options->many ? " (may be repeated)" : "");
	}
}

void cli_help(FILE *out)
{
	fputs("usage: bcai-gov [OPTION…] COMMAND [ARGUMENT…]\n", out);
	for (int g = 0; g < CLI_GROUP_COUNT; g++) {
		fprintf(out, "\n%s\n", cli_group_title((enum cli_group)g));
		for (int id = 0; id < CLI_COMMAND_COUNT; id++) {
			const struct cli_command *c =
				cli_command((enum cli_command_id)id);

			if ((int)c->group == g)
				fprintf(out, "  %-18s %s\n", c->words, c->doc);
		}
	}
	fputs("\nOptions of all commands\n", out);
	print_options(out, cli_global_options());
	fputs("\nbcai-gov COMMAND --help explains one; man bcai-gov, all.\n",
	      out);
}

void cli_help_topic(FILE *out, const char *topic)
{
	size_t n = strlen(topic);

	for (int id = 0; id < CLI_COMMAND_COUNT; id++) {
		const struct cli_command *c =
			cli_command((enum cli_command_id)id);

		if (strncmp(c->words, topic, n) == 0 && c->words[n] == ' ')
			fprintf(out, "bcai-gov %s%s%s\n    %s\n", c->words,
				c->arguments[0] ? " " : "", c->arguments,
				c->doc);
	}
}

void cli_help_command(FILE *out, enum cli_command_id id)
{
	const struct cli_command *c = cli_command(id);

	fprintf(out, "usage: bcai-gov %s%s%s%s\n\n%c%s.\n", c->words,
		c->options->name ? " [OPTION…]" : "",
		c->arguments[0] ? " " : "", c->arguments,
		c->doc[0] -
			('a' <= c->doc[0] && c->doc[0] <= 'z' ? 'a' - 'A' : 0),
		c->doc + 1);
	if (c->options->name) {
		fputs("\nOptions\n", out);
		print_options(out, c->options);
	}
	fputs("\nOptions of all commands\n", out);
	print_options(out, cli_global_options());
}

enum err cli_tokens(const char *given, uint64_t *micro, struct err_text *text)
{
	struct bytes digits = {(const uint8_t *)given, strlen(given)};

	if (!decimal_parse(micro, digits, 6) || *micro == 0)
		return err_set(text, ERR_USAGE,
			       "\"%.64s\" is not an amount of tokens", given);
	return ERR_OK;
}
