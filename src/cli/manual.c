#include "cli/manual.h"

#include "admin/commands.h"

#include <string.h>

/* Text for roff: what would be a request, an escape or not ASCII is written
 * so that it is none. */
static void put(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (strncmp(text, "…", strlen("…")) == 0) {
			fputs("...", out);
			text += strlen("…") - 1;
		} else {
			fputc(*text, out);
		}
	}
}

static void put_options(FILE *out, const struct cli_option *options)
{
	for (; options->name; options++) {
		fputs(".TP\n.B \\-\\-", out);
		put(out, options->name);
		if (options->value) {
			fputs(" \\fI", out);
			put(out, options->value);
			fputs("\\fR", out);
		}
		fputc('\n', out);
		put(out, options->doc);
		fputs(options->many ? " (may be repeated)\n" : "\n", out);
	}
}

static void put_command(FILE *out, const struct cli_command *c)
{
	fputs(".SS \"", out);
	put(out, c->words);
	if (c->arguments[0]) {
		fputc(' ', out);
		put(out, c->arguments);
	}
	fputs("\"\n", out);
	put(out, c->doc);
	fputs(".\n", out);
	put_options(out, c->options);
}

void manual_cli(FILE *out)
{
	fputs(".TH BCAI\\-GOV 1 2026-11-23 \"bcai\\-gov\" \"BCAI governance\"\n"
	      ".SH NAME\n"
	      "bcai\\-gov \\- propose, vote, verify and run nodes of a "
	      "governance network\n"
	      ".SH SYNOPSIS\n"
	      ".B bcai\\-gov\n"
	      "[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n"
	      ".SH DESCRIPTION\n"
	      "Talks to a node over its admin socket. Results go to standard "
	      "output, everything else to standard error. With\n"
	      ".B \\-o json\n"
	      "a failure is one object there, too: {\"error\": {code, name, "
	      "message, hint}}. Transactions are signed here, with a key of "
	      "the key folder; the node never sees a secret.\n"
	      ".SH OPTIONS\n",
	      out);
	put_options(out, cli_global_options());
	for (int g = 0; g < CLI_GROUP_COUNT; g++) {
		fputs(".SH \"", out);
		for (const char *t = cli_group_title((enum cli_group)g); *t;
		     t++)
			fputc(*t >= 'a' && *t <= 'z' ? *t - 'a' + 'A' : *t,
			      out);
		fputs("\"\n", out);
		for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
			const struct cli_command *c =
				cli_command((enum cli_command_id)i);

			if ((int)c->group == g)
				put_command(out, c);
		}
	}
	fputs(".SH EXIT STATUS\n", out);
#define MANUAL_EXIT(symbol, number, doc)                                       \
	fprintf(out, ".TP\n%d\n", number);                                     \
	put(out, doc);                                                         \
	fputs(".\n", out);
	CLI_EXITS(MANUAL_EXIT)
#undef MANUAL_EXIT
	fputs(".SH ENVIRONMENT\n"
	      ".TP\n.B BCAI_GOV_DATA_DIR\n"
	      "The data directory when \\-\\-data\\-dir is not given; else "
	      "~/.bcai\\-gov.\n"
	      ".TP\n.B BCAI_GOV_SOCKET, BCAI_GOV_KEYS\n"
	      "Socket and key folder; else admin.sock and keys in the data "
	      "directory.\n"
	      ".TP\n.B BCAI_GOV_PASSPHRASE\n"
	      "The key's passphrase when there is no \\-\\-passphrase\\-file; "
	      "without both, the terminal is asked.\n"
	      ".TP\n.B NO_COLOR\n"
	      "When set, no colour is used.\n"
	      ".SH EXAMPLES\n"
	      "A network on this machine, a proposal, a ballot and its "
	      "proof:\n"
	      ".PP\n.nf\n"
	      "bcai\\-gov testnet up \\-\\-dir /tmp/net \\-\\-fast\n"
	      "export BCAI_GOV_DATA_DIR=/tmp/net/node0\n"
	      "export BCAI_GOV_KEYS=/tmp/net/keys\n"
	      "bcai\\-gov proposal submit \\-\\-as henry_dao \\-\\-title "
	      "\\(dqFund the library\\(dq\n"
	      "bcai\\-gov wait proposal 1 voting\n"
	      "bcai\\-gov vote 1 for \\-\\-as bob_dev\n"
	      "bcai\\-gov tally 1 \\-\\-explain\n"
	      "bcai\\-gov receipt get \\fITX\\fR > receipt.json\n"
	      "bcai\\-gov receipt verify receipt.json\n"
	      ".fi\n"
	      ".SH SEE ALSO\n"
	      ".BR bcai\\-govd (8)\n",
	      out);
}

/* --- The daemon --- */

static const struct {
	const char *key;
	const char *doc;
} SETTINGS[] = {
	{"data_dir", "where the node keeps its data; --data-dir for short"},
	{"listen", "host:port for peers; port 0 takes any free one"},
	{"advertise", "host:port told to peers, when it differs from listen"},
	{"bootstrap", "a list of PUBKEY@host:port to dial first"},
	{"role", "auto (validator when the genesis says so) or observer"},
	{"strangers", "allow or refuse peers that are no validators"},
	{"log_level", "error, warn, info or debug; or subsystem=level,…"},
	{"log_format", "text or json"},
	{"log_file", "where the log goes instead of to standard error"},
	{"node_name",
	 "a word for people: in status and in each line of the log"},
	{"socket", "the operator's socket; admin.sock in the data directory"},
	{"socket_ro", "a second socket, for everybody, that only reads"},
	{"socket_group", "the group whose members may operate the node"},
	{"passphrase_file", "the passphrase of the node's key"},
	{"workers", "threads that check signatures; 0: one a core"},
	{"batch_age_ms", "a batch is sealed when it is that old"},
	{"batch_bytes", "or when it is that large"},
	{"batch_txs", "or when it holds that many transactions"},
	{"pool_bytes", "memory for transactions that are not final yet"},
	{"account_rate", "transactions a second, and at once, that one account "
			 "may submit (1000); 0: any number"},
	{"connection_rate", "the same for one connection to the socket and for "
			    "one peer (50000)"},
	{"write_bytes", "what may wait to be written; above a quarter of it "
			"nothing new is taken on"},
};

static const struct {
	int code;
	const char *doc;
} EXITS[] = {
	{0, "stopped in an orderly way"},
	{20, "the double-sign guard: this key signs elsewhere, too"},
	{21, "stored data is damaged"},
	{22, "the data was written by a newer version"},
	{23, "another process uses the data directory"},
	{78, "the configuration, the genesis or the node's key is not usable"},
};

static void daemon_places(FILE *out)
{
	fputs(".SH ENVIRONMENT\n"
	      ".TP\n.B BCAI_GOVD_\\fIKEY\\fR\n"
	      "The value of a key of the configuration, its name in capitals: "
	      "BCAI_GOVD_LOG_LEVEL=debug.\n"
	      ".TP\n.B BCAI_GOV_PASSPHRASE\n"
	      "The passphrase of the node's key when passphrase_file is not "
	      "set; without both, the terminal is asked.\n"
	      ".SH FILES\n"
	      "In the data directory:\n"
	      ".TP\n.B genesis.json\nthe network\n"
	      ".TP\n.B config.yaml\nthe configuration\n"
	      ".TP\n.B keys/node.key\nthe node's key\n"
	      ".TP\n.B keys/sign.log\n"
	      "what the key signed; never remove it, and never put an old one "
	      "back, while the key is in use\n"
	      ".TP\n.B db\nblocks and state\n"
	      ".TP\n.B peers.json\nthe address book\n"
	      ".TP\n.B audit.log\n"
	      "who changed what over the socket, each entry bound to the one "
	      "before\n"
	      ".TP\n.B admin.sock\nthe operator's socket\n"
	      ".SH SEE ALSO\n"
	      ".BR bcai\\-gov (1)\n",
	      out);
}

void manual_daemon(FILE *out)
{
	fputs(".TH BCAI\\-GOVD 8 2026-11-23 \"bcai\\-gov\" \"BCAI "
	      "governance\"\n"
	      ".SH NAME\n"
	      "bcai\\-govd \\- a node of a governance network\n"
	      ".SH SYNOPSIS\n"
	      ".B bcai\\-govd\n"
	      "[\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-data\\-dir\\fR "
	      "\\fIDIR\\fR] [\\fB\\-\\-set\\fR \\fIKEY=VALUE\\fR]... "
	      "[\\fB\\-\\-check\\-config\\fR] [\\fB\\-\\-print\\-config\\fR] "
	      "[\\fB\\-\\-version\\fR]\n"
	      ".SH DESCRIPTION\n"
	      "Runs in the foreground and logs to standard error, or to "
	      "log_file. Values come from defaults, then the file (config.yaml "
	      "in the data directory unless \\-\\-config names one), then "
	      "the environment, then flags. An unknown key is refused, with "
	      "its line, its column and the nearest known one.\n"
	      ".SH OPTIONS\n"
	      ".TP\n.B \\-\\-config \\fIFILE\\fR\n"
	      "read this configuration file (YAML)\n"
	      ".TP\n.B \\-\\-data\\-dir \\fIDIR\\fR\n"
	      "keep the node's data here\n"
	      ".TP\n.B \\-\\-set \\fIKEY=VALUE\\fR\n"
	      "set any key of the configuration; may be repeated\n"
	      ".TP\n.B \\-\\-check\\-config\n"
	      "check the configuration, and what it names on this machine, "
	      "and exit\n"
	      ".TP\n.B \\-\\-print\\-config\n"
	      "print each value and where it comes from, and exit\n"
	      ".TP\n.B \\-\\-version\n"
	      "print the version\n"
	      ".SH SIGNALS\n"
	      ".TP\n.B TERM, INT\n"
	      "drain, flush and stop.\n"
	      ".TP\n.B HUP\n"
	      "read the configuration again and open log_file anew. log_level, "
	      "log_format, log_file and node_name are taken over; what else "
	      "changed is named in the log and counts from the next start. A "
	      "faulty configuration changes nothing.\n"
	      ".SH CONFIGURATION\n",
	      out);
	for (size_t i = 0; i < sizeof(SETTINGS) / sizeof(SETTINGS[0]); i++) {
		fprintf(out, ".TP\n.B %s\n", SETTINGS[i].key);
		put(out, SETTINGS[i].doc);
		fputc('\n', out);
	}
	fputs(".SH EXIT STATUS\n", out);
	for (size_t i = 0; i < sizeof(EXITS) / sizeof(EXITS[0]); i++) {
		fprintf(out, ".TP\n%d\n", EXITS[i].code);
		put(out, EXITS[i].doc);
		fputs(".\n", out);
	}
	daemon_places(out);
}
