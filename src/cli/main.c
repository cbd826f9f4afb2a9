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

static int run(struct cli *cli)
{
	if (cli_flag(cli, "help")) {
		if (cli->command == CLI_COMMAND_COUNT)
			cli_help(stdout);
		else
			cli_help_command(stdout, cli->command);
		return CLI_EXIT_OK;
	}
	if (cli_flag(cli, "version"))
		return cmd_VERSION(cli);
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
