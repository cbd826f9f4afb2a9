/* A network of local processes, as testnet, replay and load use it. */
#ifndef BCAI_CLI_TESTNET_H
#define BCAI_CLI_TESTNET_H

#include "cli/cli.h"
#include "ledger/genesis.h"

#define TESTNET_NODES_MAX 64u

struct testnet_plan {
	const char *dir;
	unsigned validators;
	unsigned observers;
	const char *settings[32]; /* KEY=VALUE for each node's file */
	unsigned setting_count;
};

/* The genesis needs its validators' keys, which are made here; accounts,
 * parameters and chain id stand in it already. Starts the nodes, waits until
 * all are ready, prints progress. `out` is what `testnet up -o json` prints.
 * On an error nothing is left running. */
enum err testnet_start(struct cli *cli, const struct testnet_plan *plan,
		       struct genesis *genesis, json_t **out,
		       struct err_text *text) MUST_USE;

/* D/testnet.json with the pids as they are now. ERR_NOT_FOUND. */
enum err testnet_read(const char *dir, json_t **out,
		      struct err_text *text) MUST_USE;

/* Stop every node in order; kill what does not stop within 20 s. */
enum err testnet_stop(const char *dir, struct err_text *text) MUST_USE;

#endif
