#include "cli/cli.h"
#include "cli/reference.h"

int cmd_COMPLETION(struct cli *cli)
{
	(void)cli;
	reference_completion(stdout);
	return CLI_EXIT_OK;
}
