#include "cli/reference.h"

#include "admin/commands.h"
#include "base/error.h"
#include "cli/manual.h"

#include <string.h>

/* --- Errors --- */

static const char *domain_of(int code)
{
	static const char *const DOMAINS[] = {
		"JSON-RPC",   "Node",
		"Peers",      "Consensus",
		"Governance", "Keys",
		"Chain",      "Storage",
		"Audit",      "Configuration and usage"};

	return code < 0 ? DOMAINS[0] : DOMAINS[code / 100];
}

static void write_errors(FILE *out)
{
	const char *domain = "";
	size_t count;
	const struct error_info *rows = error_table(&count);

	fputs("# Errors\n\n"
	      "Made from `src/base/error.h` by `make reference`.\n\n"
	      "Every error has a number and a name that never change, a "
	      "sentence and, where there\nis something to do, a hint. On the "
	      "socket an error is `{\"code\", \"message\",\n\"data\": "
	      "{\"name\", \"hint\", \"retry_after_ms\"}}`; the outcome of a "
	      "transaction carries the same\nnumbers. `bcai-gov -o json` "
	      "prints `{\"error\": {\"code\", \"name\", \"message\",\n"
	      "\"hint\"}}`.\n",
	      out);
	for (size_t i = 0; i < count; i++) {
		const char *here = domain_of((int)rows[i].code);

		if (rows[i].code == ERR_OK)
			continue;
		if (strcmp(here, domain) != 0)
			fprintf(out,
				"\n## %s\n\n| number | name | what happened | "
				"what to do |\n|---|---|---|---|\n",
				here);
		domain = here;
		fprintf(out, "| %d | `%s` | %s | %s |\n", (int)rows[i].code,
			rows[i].name, rows[i].sentence, rows[i].hint);
	}
}

/* --- Methods --- */

static void put_errors(FILE *out, const enum err *errors)
{
	for (const char *gap = ""; *errors != ERR_OK; errors++, gap = ", ")
		fprintf(out, "%s`%s` %d", gap, error_name(*errors),
			(int)*errors);
}

static void write_method(FILE *out, const struct rpc_method *m)
{
	fprintf(out, "\n## %s\n\n%s\n\nRole: %s%s. Result: %s\n", m->name,
		m->doc, m->role == RPC_OPERATE ? "operate" : "read",
		m->audited ? ", audited" : "", m->result);
	if (m->errors[0] != ERR_OK) {
		fputs("\nErrors: ", out);
		put_errors(out, m->errors);
		fputs(".\n", out);
	}
	if (!m->params->name)
		return;
	fputs("\n| parameter | kind | required | what |\n|---|---|---|---|\n",
	      out);
	for (const struct rpc_param *p = m->params; p->name; p++)
		fprintf(out, "| `%s` | %s | %s | %s |\n", p->name,
			rpc_kind_name(p->kind), p->required ? "yes" : "no",
			p->doc);
}

static void write_rpc(FILE *out)
{
	fputs("# The admin socket\n\n"
	      "Made from `src/admin/commands.h` by `make reference`.\n\n"
	      "A Unix stream socket, JSON-RPC 2.0, one object a line, at most "
	      "1 MiB a line. Many\nrequests may be on their way at once; "
	      "answers come in any order and carry the id\nof their request. "
	      "Batch arrays are not taken. Amounts, weights, heights and "
	      "times\nare decimal strings, hashes and keys lower-case hex. "
	      "Lists are paged: `limit`, and\n`cursor` from one answer to the "
	      "next, null at the end; a page\nthat takes long ends before its "
	      "limit.\n\n"
	      "`admin.sock` is for the owner, root and the members of "
	      "`socket_group`;\n`socket_ro`, when set, is for everybody and "
	      "only reads. Calls that change the node are\nwritten to its "
	      "audit log, refused ones too; a transaction stands in its "
	      "block\ninstead.\n\n"
	      "[errors.md](errors.md) explains the errors. Of all methods: ",
	      out);
	put_errors(out, rpc_common_errors());
	fputs(".\n", out);
	for (int i = 0; i < RPC_METHOD_COUNT; i++)
		write_method(out, rpc_method((enum rpc_method_id)i));
}

/* --- Completion --- */

static void write_first_words(FILE *out)
{
	const char *gap = "";

	for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
		const char *words = cli_command((enum cli_command_id)i)->words;
		size_t size = strcspn(words, " ");
		bool seen = false;

		for (int k = 0; k < i && !seen; k++) {
			const char *other =
				cli_command((enum cli_command_id)k)->words;

			seen = strcspn(other, " ") == size &&
			       memcmp(other, words, size) == 0;
		}
		if (!seen) {
			fprintf(out, "%s%.*s", gap, (int)size, words);
			gap = " ";
		}
	}
}

/* The second words of commands that begin like command `id`; "" when a
 * command before it did. */
static void write_verbs(FILE *out, int id)
{
	const char *words = cli_command((enum cli_command_id)id)->words;
	size_t size = strcspn(words, " ");
	bool any = false;

	for (int k = 0; k < CLI_COMMAND_COUNT; k++) {
		const char *other = cli_command((enum cli_command_id)k)->words;

		if (strncmp(other, words, size) != 0 || other[size] != ' ')
			continue;
		if (!any && k < id)
			return;
		if (!any)
			fprintf(out, "\t%.*s) verbs=\"", (int)size, words);
		fprintf(out, "%s%s", any ? " " : "", other + size + 1);
		any = true;
	}
	if (any)
		fputs("\" ;;\n", out);
}

static void write_options(FILE *out, const struct cli_option *options)
{
	for (const char *gap = ""; options->name; options++, gap = " ")
		fprintf(out, "%s--%s", gap, options->name);
}

static void write_valued(FILE *out)
{
	for (const struct cli_option *o = cli_global_options(); o->name; o++) {
		if (o->value)
			fprintf(out, "--%s|", o->name);
	}
	fputs("-o", out);
}

/* Which words are there already; values of options. */
static void write_completion_head(FILE *out)
{
	fputs("# bash completion for bcai-gov, made from its table of "
	      "commands.\n"
	      "# The names of the keys in the folder that the words name.\n"
	      "_bcai_gov_keys() {\n"
	      "\tlocal i args=()\n"
	      "\tfor ((i = 1; i < ${#COMP_WORDS[@]}; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t--keys|--data-dir) args+=(\"${COMP_WORDS[@]:i:2}\") ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tbcai-gov \"${args[@]}\" key list -o tsv 2>/dev/null |\n"
	      "\t\ttail -n +2 | cut -f 1\n"
	      "}\n"
	      "_bcai_gov() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal first= cmd= verbs= options= words= i\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t",
	      out);
	write_valued(out);
	fputs(") ((i++)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*)\n"
	      "\t\t\tif [ -z \"$first\" ]; then\n"
	      "\t\t\t\tfirst=${COMP_WORDS[i]}\n"
	      "\t\t\telif [ -z \"$cmd\" ]; then\n"
	      "\t\t\t\tcmd=\"$first ${COMP_WORDS[i]}\"\n"
	      "\t\t\tfi\n"
	      "\t\t\t;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $prev in\n"
	      "\t-o|--output) COMPREPLY=($(compgen -W \"table json ndjson "
	      "tsv\" -- \"$cur\")); return ;;\n"
	      "\t--wait) COMPREPLY=($(compgen -W \"accepted finalized\" -- "
	      "\"$cur\")); return ;;\n"
	      "\t--type) COMPREPLY=($(compgen -W \"standard technical "
	      "emergency constitutional treasury parameter crosschain\" -- "
	      "\"$cur\")); return ;;\n"
	      "\t--state) COMPREPLY=($(compgen -W \"draft submitted voting "
	      "passed rejected cancelled expired queued executed "
	      "execution-failed\" -- \"$cur\")); return ;;\n"
	      "\t--role) COMPREPLY=($(compgen -W \"auto observer\" -- "
	      "\"$cur\")); return ;;\n"
	      "\t--as|--not-voted|--proposer) COMPREPLY=($(compgen -W "
	      "\"$(_bcai_gov_keys)\" -- \"$cur\")); return ;;\n"
	      "\tesac\n",
	      out);
}

/* The words of a command, then what follows them. */
static void write_completion_words(FILE *out)
{
	fputs("\tif [ -z \"$first\" ] && [[ $cur != -* ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"",
	      out);
	write_first_words(out);
	fputs("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $first in\n", out);
	for (int i = 0; i < CLI_COMMAND_COUNT; i++)
		write_verbs(out, i);
	fputs("\tesac\n"
	      "\tif [ -n \"$verbs\" ] && [ -z \"$cmd\" ] && [[ $cur != -* ]]; "
	      "then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tif [[ $cur != -* ]]; then\n"
	      "\t\tcase ${cmd:-$first} in\n"
	      "\t\tvote*) words=\"for against abstain\" ;;\n"
	      "\t\twatch*) words=\"block tx proposal ballot checkpoint peer "
	      "evidence\" ;;\n"
	      "\t\twait*) words=\"height synced proposal draft submitted "
	      "voting passed rejected cancelled expired queued executed "
	      "execution-failed\" ;;\n"
	      "\t\t\"log level\"*) words=\"error warn info debug\" ;;\n"
	      "\t\tkey*|voter*) words=$(_bcai_gov_keys) ;;\n"
	      "\t\tblock*) words=latest ;;\n"
	      "\t\t*) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	      "\t\tesac\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tfi\n",
	      out);
}

static void write_completion_options(FILE *out)
{
	fputs("\tcase ${cmd:-$first} in\n", out);
	for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
		const struct cli_command *c =
			cli_command((enum cli_command_id)i);

		if (!c->options->name)
			continue;
		fprintf(out, "\t\"%s\"%s) options=\"", c->words,
			strcmp(c->words, "vote") == 0 ? "|\"vote \"[0-9]*"
						      : "");
		write_options(out, c->options);
		fputs("\" ;;\n", out);
	}
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"$options ", out);
	write_options(out, cli_global_options());
	fputs("\" -- \"$cur\"))\n", out);
}

void reference_completion(FILE *out)
{
	write_completion_head(out);
	write_completion_words(out);
	write_completion_options(out);
	fputs("}\n"
	      "complete -o filenames -F _bcai_gov bcai-gov\n",
	      out);
}

/* --- The table of pages --- */

const struct reference *reference_table(void)
{
	static const struct reference TABLE[] = {
		{"errors", "doc/errors.md", write_errors},
		{"rpc", "doc/rpc.md", write_rpc},
		{"bcai-gov.1", "doc/man/bcai-gov.1", manual_cli},
		{"bcai-govd.8", "doc/man/bcai-govd.8", manual_daemon},
		{"completion", "contrib/bcai-gov", reference_completion},
		{NULL, NULL, NULL},
	};

	return TABLE;
}
