/* A network of nodes on this machine: its folder, its processes.
 *
 * DIR/testnet.json says what there is; DIR/nodeN is a data directory with its
 * config.yaml and log; DIR/keys holds the voters' keys. A process is known by
 * its id and its start time, so that an id used again is never signalled. */
#ifndef BCAI_CLI_NETWORK_H
#define BCAI_CLI_NETWORK_H

#include "cli/cli.h"

#include "crypto/sign.h"
#include "ledger/genesis.h"

#include <sys/types.h>

#define NETWORK_NODES_MAX (LIMIT_VALIDATORS + 32u)

struct network_node {
	char name[16]; /* "node0" */
	bool observer;
	char dir[FILE_PATH_BYTES];
	char socket[FILE_PATH_BYTES];
	char p2p[64];
	char node_id[2 * PUBLIC_KEY_BYTES + 1];
	pid_t pid;
	uint64_t started; /* in clock ticks since boot; 0: not running */
};

struct network {
	char dir[FILE_PATH_BYTES];
	char keys[FILE_PATH_BYTES];
	char chain_id[LIMIT_CHAIN_ID_BYTES + 1];
	uint32_t count;
	struct network_node nodes[NETWORK_NODES_MAX];
};

struct network_spec {
	const char *dir;
	uint32_t validators;
	uint32_t observers;
	/* Its accounts, parameters and chain id; the validators are added. */
	struct genesis *genesis;
	/* More lines for each config.yaml, "key: value\n"…; NULL for none. */
	const char *settings;
};

/* Make folders, keys, genesis and configuration, start all, wait until every
 * node is ready, write testnet.json. What was started is ended again when it
 * fails. ERR_FILE_EXISTS when there is a network in the folder already. */
enum err network_up(struct network *net, const struct cli *cli,
		    const struct network_spec *spec,
		    struct err_text *text) MUST_USE;
/* ERR_NOT_FOUND */
enum err network_load(struct network *net, const char *dir,
		      struct err_text *text) MUST_USE;
enum err network_save(const struct network *net,
		      struct err_text *text) MUST_USE;
/* Of testnet up and down; new reference. */
json_t *network_value(const struct network *net);

bool network_is_running(const struct network_node *node);
/* Start one that does not run, and wait until its socket answers. */
enum err network_start(struct network *net, uint32_t index, uint64_t timeout_ms,
		       struct err_text *text) MUST_USE;
/* SIGKILL, and wait until it is gone. */
enum err network_kill(struct network *net, uint32_t index,
		      struct err_text *text) MUST_USE;
/* SIGTERM to all, SIGKILL to those left after the time-out. */
void network_down(struct network *net, uint64_t timeout_ms);
/* Remove the folder of a network that is down. */
enum err network_remove(const char *dir, struct err_text *text) MUST_USE;
/* CPU time of all running nodes so far, in microseconds; and memory. */
uint64_t network_cpu_us(const struct network *net);
uint64_t network_rss_bytes(const struct network *net);

#endif
