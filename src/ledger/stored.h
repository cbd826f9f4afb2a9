/* A block as it is kept: header, list of batches, results. Fixed layout:
 *
 *   u8 1 (version)  header (168)  payload (see batch.h)  u32 results
 *   results times: tx id, account u32, nonce u64, code i32, proposal u32,
 *                  batch u32, index u32
 *
 * Transactions are in the batches, certificates with consensus. */
#ifndef BCAI_LEDGER_STORED_H
#define BCAI_LEDGER_STORED_H

#include "consensus/block.h"
#include "ledger/batch.h"
#include "ledger/ledger.h"

struct stored_block {
	struct block_header header;
	const struct batch_ref *refs; /* Borrowed. */
	size_t ref_count;
	const struct ledger_result *results; /* Borrowed. */
	size_t result_count;
};

#define STORED_RESULT_BYTES (HASH_BYTES + 4 + 8 + 4 + 4 + 4 + 4)

size_t stored_block_size(const struct stored_block *b);
void stored_block_write(struct writer *w, const struct stored_block *b);
/* Lists are allocated from the arena. ERR_DATA_DAMAGED, ERR_NO_MEMORY. */
enum err stored_block_read(struct stored_block *out, struct arena *arena,
			   struct bytes raw, struct err_text *text) MUST_USE;
/* Merkle root of the block's results. */
void stored_results_root(struct hash *out, const struct stored_block *b);

#endif
