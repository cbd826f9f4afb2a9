/* Stake that changes hands. */
#include "cli/sign.h"

int cmd_STAKE_TRANSFER(struct cli *cli)
{
	struct payload payload = {.kind = PAYLOAD_TRANSFER};
	struct err_text text = {""};
	int failed;

	if (cli_tokens(cli->words[1], &payload.transfer.amount, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	failed = cli_public_key(cli, cli->words[0], &payload.transfer.to);
	return failed ? failed : cli_transact_show(cli, &payload);
}
