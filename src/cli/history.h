/* The history that a node stored, gone through again from the genesis.
 *
 * Every block must follow from the one before, every batch must be the one its
 * block names, every transaction must have the stored outcome when it is
 * applied anew, every checkpoint must have the root of that state, and the
 * records of the state must be those that come out at the end. The last
 * finalization covers all blocks below it with the signatures of a quorum; the
 * signatures within are not checked again. Nothing is written. */
#ifndef BCAI_CLI_HISTORY_H
#define BCAI_CLI_HISTORY_H

#include "cli/render.h"
#include "ledger/genesis.h"
#include "storage/store.h"

struct history_summary {
	uint64_t blocks;
	uint64_t transactions; /* with an outcome */
	uint64_t checkpoints;
	uint64_t final_height; /* the highest with a quorum's certificate */
	struct hash state_root;
};

/* ERR_DATA_DAMAGED     what does not follow, and where
 * ERR_BAD_CERTIFICATE  a certificate is not a quorum's
 * and those of the store. `progress` counts blocks. */
enum err history_check(struct history_summary *out, struct store *store,
		       const struct genesis *genesis, struct progress *progress,
		       struct err_text *text) MUST_USE;

#endif
