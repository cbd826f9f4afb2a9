#include "cli/cli.h"

#include "crypto/sign.h"

#include <locale.h>
#include <stdio.h>

static cli_handler *const HANDLERS[CLI_COMMAND_COUNT] = {
#define CLI_HANDLER(symbol, words, group, fewest, most, arguments, doc)        \
	[CLI_##symbol] = cmd_##symbol,
	CLI_COMMANDS(CLI_HANDLER)
#undef CLI_HANDLER
};

/* What changes this machine by itself has nothing to show beforehand. */
static bool has_dry_run(enum cli_command_id id)
{
	static const enum cli_command_id NONE[] = {
		CLI_INIT,	  CLI_JOIN,	    CLI_TESTNET_UP,
		CLI_TESTNET_DOWN, CLI_TESTNET_KILL, CLI_TESTNET_START,
		CLI_KEY_NEW,	  CLI_KEY_PASSWD,   CLI_REPLAY,
		CLI_LOAD};

	for (size_t i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++) {
		if (NONE[i] == id)
			return false;
	}
	return true;
}

static int run(struct cli *cli)
{
	if (cli_flag(cli, "help")) {
		if (cli->topic)
			cli_help_topic(stdout, cli->topic);
		else if (cli->command == CLI_COMMAND_COUNT)
			cli_help(stdout);
		else
			cli_help_command(stdout, cli->command);
		return CLI_EXIT_OK;
	}
	if (cli_flag(cli, "version"))
		return cmd_VERSION(cli);
	if (cli->dry_run && !has_dry_run(cli->command))
		return cli_fail_code(cli, ERR_USAGE,
				     "--dry-run is for what is sent to a node");
	return HANDLERS[cli->command](cli);
}

int main(int argc, char **argv)
{
	struct err_text text = {""};
	struct cli cli;
	int code;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (crypto_init()) {
		fputs("bcai-gov: libsodium does not start\n", stderr);
		return CLI_EXIT_CHECK_FAILED;
	}
	if (argc < 2) {
		cli_help(stderr);
		return CLI_EXIT_USAGE;
	}
	if (cli_parse(&cli, argc, argv, &text)) {
		code = cli_fail_code(&cli, ERR_USAGE, text.text);
	} else {
		code = run(&cli);
	}
	cli_free(&cli);
	return code;
}
