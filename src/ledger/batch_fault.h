/* Proof that a validator signed a batch with a bad transaction inside, as
 * evidence (consensus/evidence.h, EVIDENCE_INVALID_BATCH).
 *
 *   view    the batch's sequence
 *   first   what the origin signed: "bcai-gov/batch-sign/1" || digest
 *   second  origin u32 || sequence u64 || Merkle proof of the leaf || SignedTx
 *
 * The second string is the content that the digest commits to; nobody signed
 * it, so its signature is all zero. Whether the transaction is bad is for the
 * caller: decoding is proto/codec_tx.h. */
#ifndef BCAI_LEDGER_BATCH_FAULT_H
#define BCAI_LEDGER_BATCH_FAULT_H

#include "consensus/evidence.h"
#include "ledger/batch.h"

#define BATCH_FAULT_BYTES_MAX                                                  \
	(BATCH_SIGN_BYTES + 12u + MERKLE_PROOF_BYTES_MAX + LIMIT_TX_BYTES)

/* Evidence about transaction `index` of a batch with this digest. The strings
 * lie in `buffer`, of BATCH_FAULT_BYTES_MAX; leaves come from the arena.
 *
 * ERR_NO_MEMORY  the arena is full
 * ERR_MALFORMED  not a batch that has a digest */
enum err batch_fault_make(struct evidence *out, uint8_t *buffer,
			  struct arena *arena, const struct hash *genesis,
			  const struct batch *batch, uint32_t index,
			  uint32_t epoch) MUST_USE;

/* True when `e` shows that `origin`, the key of its signer, signed a batch of
 * the network that holds `*tx` (borrowed from `e`). */
bool batch_fault_check(struct bytes *tx, const struct evidence *e,
		       const struct hash *genesis,
		       const struct public_key *origin);

#endif
