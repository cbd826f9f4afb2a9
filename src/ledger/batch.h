/* A batch: transactions that one validator sends to all at once.
 *
 * Bytes on the wire and on disk, integers big-endian:
 *
 *   u8 1 (version)  u32 origin  u64 sequence  u32 count
 *   count times: u32 length, SignedTx
 *   64 bytes signature of the origin
 *
 * digest = H("bcai-gov/batch/1", genesis hash || origin u32 || sequence u64 ||
 *            count u32 || Merkle root of the transactions' leaves)
 * signed = "bcai-gov/batch-sign/1" || digest
 *
 * A block refers to a batch by (origin, sequence, digest). Nothing here checks
 * the transactions inside: see proto/codec_tx.h and ledger.h. */
#ifndef BCAI_LEDGER_BATCH_H
#define BCAI_LEDGER_BATCH_H

#include "base/arena.h"
#include "ledger/merkle.h"
#include "ledger/tx.h"

#define BATCH_VERSION	   1u
#define BATCH_HEADER_BYTES 17u
#define BATCH_TX_BYTES	   4u /* in front of each transaction */
#define BATCH_SIGN_BYTES   (21u + HASH_BYTES)

struct batch {
	uint32_t origin; /* index of the validator in its epoch */
	uint64_t sequence;
	uint32_t count;
	const struct bytes *txs; /* SignedTx each; borrowed */
	struct signature signature;
	struct bytes raw; /* borrowed */
};

/* How a block names a batch. */
struct batch_ref {
	uint32_t origin;
	uint64_t sequence;
	struct hash digest;
};

/* Take a batch apart. 1 to LIMIT_BATCH_TXS transactions of 1 to
 * LIMIT_TX_BYTES each, LIMIT_BATCH_BYTES in all, nothing behind the end.
 *
 * ERR_MALFORMED, ERR_TOO_LARGE; ERR_NO_MEMORY when the arena is full. */
enum err batch_parse(struct batch *out, struct arena *arena, struct bytes raw,
		     struct err_text *text) MUST_USE;

/* The digest from leaves made by tx_compute_leaf, in order. */
void batch_compute_digest(struct hash *out, const struct hash *genesis,
			  uint32_t origin, uint64_t sequence,
			  const struct hash *leaves, size_t count);
/* The same from the root of the leaves; place->digest is not looked at. */
void batch_digest_of_root(struct hash *out, const struct hash *genesis,
			  const struct batch_ref *place, uint32_t count,
			  const struct hash *root);
/* The same from the transactions' bytes; ERR_MALFORMED when one of them has
 * no envelope. */
enum err batch_digest(struct hash *out, const struct hash *genesis,
		      const struct batch *batch,
		      struct err_text *text) MUST_USE;

void batch_sign_bytes(uint8_t out[BATCH_SIGN_BYTES], const struct hash *digest);
void batch_sign(struct signature *out, const struct secret_key *key,
		const struct hash *digest);
bool batch_verify(const struct public_key *origin, const struct hash *digest,
		  const struct signature *signature);

/* A batch being filled; bytes go to the caller's buffer of at least
 * LIMIT_BATCH_BYTES. */
struct batch_builder {
	struct writer out;
	uint32_t origin;
	uint64_t sequence;
	uint32_t count;
	struct hash genesis;
	struct merkle leaves;
};

void batch_begin(struct batch_builder *b, uint8_t *buffer, size_t capacity,
		 const struct hash *genesis, uint32_t origin,
		 uint64_t sequence);
/* False, and nothing changes, when the transaction does not fit any more. */
bool batch_add(struct batch_builder *b, const struct tx *tx);
/* Sign; returns the whole batch, in the caller's buffer. At least one
 * transaction was added. */
struct bytes batch_seal(struct batch_builder *b, struct hash *digest,
			const struct secret_key *key);

#define BATCH_REF_BYTES 44u

/* Block payload: count u32, then the references (origin u32, sequence u64,
 * digest), ascending by origin and sequence, none twice: the order in which
 * the block's transactions are applied. */
#define PAYLOAD_BYTES_MAX (4u + LIMIT_BLOCK_BATCHES * BATCH_REF_BYTES)
/* Into that order. Of several references with one origin and sequence - their
 * origin is at fault - the one with the lowest digest stays. Returns how many
 * are left. */
size_t payload_sort(struct batch_ref *refs, size_t count);
bool batch_ref_equal(const struct batch_ref *a, const struct batch_ref *b);
void payload_write(struct writer *w, const struct batch_ref *refs,
		   size_t count);
/* `refs` has room for LIMIT_BLOCK_BATCHES. ERR_MALFORMED, ERR_TOO_LARGE. */
enum err payload_read(struct reader *r, struct batch_ref *refs, size_t *count,
		      struct err_text *text) MUST_USE;
/* leaf = H("bcai-gov/batch-ref/1", origin u32 || sequence u64 || digest) */
void payload_leaf(struct hash *out, const struct batch_ref *ref);
/* What the block header commits to: the Merkle root of the leaves, or all
 * zero for no batches. */
void payload_root(struct hash *out, const struct batch_ref *refs, size_t count);

#endif
