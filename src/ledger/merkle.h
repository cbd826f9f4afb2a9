/* Binary Merkle trees over lists, with proofs.
 *
 * A leaf is a hash the caller made under a domain of its own; it stands in
 * the tree as it is. A pair becomes H("bcai-gov/merkle-node/1", left ||
 * right), the last of an odd level goes up unchanged, and the root is
 * H("bcai-gov/merkle-root/1", count u64 || top), so that neither a node passes
 * for a leaf nor one length for another. The top of nothing is 32 zeros. */
#ifndef BCAI_LEDGER_MERKLE_H
#define BCAI_LEDGER_MERKLE_H

#include "crypto/hash.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdint.h>

#define MERKLE_DEPTH_MAX 32u

/* A root being computed leaf by leaf: O(1) amortised a leaf. */
struct merkle {
	uint64_t count; /* At most 2^32. */
	/* One perfect subtree for every bit set in count, the largest first. */
	struct hash stack[MERKLE_DEPTH_MAX + 1];
};

void merkle_init(struct merkle *m);
void merkle_add(struct merkle *m, const struct hash *leaf);
/* May be asked at any time; more leaves may follow. */
void merkle_root(struct hash *out, const struct merkle *m);

/* Fixed layout: count u64, then the hashes of the stack; at most
 * MERKLE_STATE_BYTES. Read turns the reader bad on an impossible count. */
#define MERKLE_STATE_BYTES (8 + (MERKLE_DEPTH_MAX + 1) * HASH_BYTES)
void merkle_write(struct writer *w, const struct merkle *m);
void merkle_read(struct reader *r, struct merkle *m);

/* All at once. */
void merkle_root_of(struct hash *out, const struct hash *leaves, size_t count);

struct merkle_proof {
	uint64_t index;
	uint64_t count;			    /* Leaves of the tree. */
	uint32_t size;			    /* Of path. */
	struct hash path[MERKLE_DEPTH_MAX]; /* Siblings, lowest first. */
};

/* index < count <= 2^32. */
void merkle_prove(struct merkle_proof *out, const struct hash *leaves,
		  size_t count, size_t index);
/* The root under which `leaf` stands at proof->index of proof->count leaves;
 * false when no tree has such a proof. */
bool merkle_fold(struct hash *root, const struct merkle_proof *proof,
		 const struct hash *leaf);
/* True when `leaf` stands at proof->index of the proof->count leaves under
 * `root`. */
bool merkle_verify(const struct merkle_proof *proof, const struct hash *leaf,
		   const struct hash *root);

/* Fixed layout: index u64, count u64, size u8, path. */
#define MERKLE_PROOF_BYTES_MAX (17 + MERKLE_DEPTH_MAX * HASH_BYTES)
void merkle_proof_write(struct writer *w, const struct merkle_proof *proof);
void merkle_proof_read(struct reader *r, struct merkle_proof *proof);

#endif
