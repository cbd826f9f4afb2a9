/* What init, join, testnet up, replay and load share when they make a
 * network. */
#ifndef BCAI_CLI_SETUP_H
#define BCAI_CLI_SETUP_H

#include "cli/cli.h"

#include "ledger/genesis.h"

/* Fill an empty genesis with the time, its name and, for a network on one
 * desk, short periods. ERR_GENESIS when it is no name. */
enum err setup_genesis(struct genesis *genesis, const char *chain_id, bool fast,
		       struct err_text *text) MUST_USE;
/* Apply --param KEY=VALUE…. ERR_USAGE, ERR_PARAMETER_BOUNDS. */
enum err setup_params(struct cli *cli, struct genesis *genesis,
		      struct err_text *text) MUST_USE;
/* Apply --council "threshold=N [delayed=M] KEY,…", if given; names of keys are
 * looked up in `keys`. ERR_USAGE, and what the keystore says. */
enum err setup_council(struct cli *cli, struct genesis *genesis,
		       const char *keys, struct err_text *text) MUST_USE;
/* Make a folder (0700) when it is missing; its parent must be there. */
enum err setup_folder(const char *path, struct err_text *text) MUST_USE;
/* Make DIR/keys/sign.log for a key that was made just now and never signed. */
enum err setup_sign_log(const char *dir, const struct genesis *genesis,
			const struct public_key *key,
			struct err_text *text) MUST_USE;

#endif
