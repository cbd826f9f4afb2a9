/* What the ledger knows beside accounts and proposals: the last block, and
 * what the next checkpoint will cover. Record `L`; of this folder only. */
#ifndef BCAI_LEDGER_GLOBALS_H
#define BCAI_LEDGER_GLOBALS_H

#include "ledger/ledger.h"
#include "ledger/merkle.h"

struct globals {
	struct ledger_block last;
	uint64_t result_count; /* since height 0 */

	/* The last checkpoint, or height 0. */
	uint64_t checkpoint_height;
	uint64_t checkpoint_previous;
	uint64_t checkpoint_time_ms;
	struct hash checkpoint_block;
	uint32_t checkpoint_epoch;
	struct hash checkpoint_outcome;

	/* Since then. */
	uint32_t fresh_blocks;	/* with results or events */
	struct merkle outcomes; /* of the blocks with results */
};

#define GLOBALS_BYTES_MAX                                                      \
	(1 + 8 + 8 + 4 + 8 + 32 + 8 + 8 + 8 + 8 + 32 + 4 + 32 + 4 +            \
	 MERKLE_STATE_BYTES)

void globals_init(struct globals *g, const struct hash *genesis,
		  uint64_t time_ms);
void globals_write(struct writer *w, const struct globals *g);
/* The reader turns bad for another version or an impossible state. */
void globals_read(struct reader *r, struct globals *g);

/* A block ended. Decides whether it makes a checkpoint due: then
 * checkpoint_height is its height. */
void globals_advance(struct globals *g, const struct network_params *params,
		     const struct ledger_update *up);
/* The record of the last checkpoint, without its state root. */
void globals_checkpoint(struct checkpoint *out, const struct globals *g);

#endif
