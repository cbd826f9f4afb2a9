/* The authenticated state: a binary crit-bit Merkle trie over short keys.
 *
 * No key is the beginning of another. An inner node stands at the first bit in
 * which the keys below it differ; bit 0 is the highest of the first byte, bits
 * behind a key's end are 0. The shape depends on the keys alone, never on the
 * order in which they came.
 *
 *   value = the record, when it has less than 32 bytes (a ballot has), else
 *           H("bcai-gov/state-value/1", record)
 *   leaf  = P(u8 0 || u8 key size || key || value)
 *   node  = P(u8 1 || bit u16 || left || right)
 *   root of nothing = P("")
 *
 * P is BLAKE2b-256 without a key (doc/adr/0006), H has its domain as key.
 * Hashes of inner nodes are computed when the root is asked for, and only
 * those above what changed. Of a record only the value is kept. About 100 bytes
 * a key, in pieces that never move. */
#ifndef BCAI_LEDGER_STATETREE_H
#define BCAI_LEDGER_STATETREE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"

#define STATETREE_KEY_BYTES 40u
#define STATETREE_DEPTH_MAX (STATETREE_KEY_BYTES * 8u)

struct statetree;

/* What stands for a record; a hash when the size is HASH_BYTES. */
struct statetree_value {
	uint8_t size;
	uint8_t b[HASH_BYTES];
};

void statetree_value_of(struct statetree_value *out, struct bytes record);
bool statetree_value_equal(const struct statetree_value *a,
			   const struct statetree_value *b);

/* Empty; never NULL. */
struct statetree *statetree_new(void);
/* Free and null. */
void statetree_free(struct statetree **t);

/* Insert the record, or put it in the place of the key's old one.
 *
 * ERR_DATA_DAMAGED  the key is empty, longer than STATETREE_KEY_BYTES, or one
 *                   of two keys is the beginning of the other */
enum err statetree_put(struct statetree *t, struct bytes key,
		       struct bytes record) MUST_USE;
/* False when there is no such key. */
bool statetree_remove(struct statetree *t, struct bytes key);
bool statetree_has(const struct statetree *t, struct bytes key);

uint32_t statetree_count(const struct statetree *t);
size_t statetree_memory(const struct statetree *t);

/* Bring up to `budget` inner nodes up to date; true when none is left. The
 * tree may change between slices. */
bool statetree_hash_some(struct statetree *t, uint32_t budget);
/* All of them, and the root. */
void statetree_root(struct statetree *t, struct hash *out);

struct statetree_step {
	uint16_t bit;
	struct hash sibling;
};

/* What shows that a key has a record, or that it has none: the path from the
 * root to where a search for the key ends. */
struct statetree_proof {
	uint32_t size;
	const struct statetree_step *path; /* from the root; borrowed */
	bool empty;			   /* the tree is: no path, no leaf */
	uint8_t leaf_size;
	uint8_t leaf[STATETREE_KEY_BYTES]; /* the key found there */
	struct statetree_value value;	   /* of the record found there */
};

/* Prove presence or absence under the current root; hashes what is dirty.
 * The path lives in the arena. ERR_NO_MEMORY when that is full. */
enum err statetree_prove(struct statetree *t, struct statetree_proof *out,
			 struct arena *arena, struct bytes key) MUST_USE;

enum statetree_answer {
	STATETREE_INVALID = 0, /* the proof does not lead to the root */
	STATETREE_ABSENT = 1,
	STATETREE_PRESENT = 2,
};

/* What the proof says about `key` under `root`. When it is present, `value`
 * (may be NULL) gets what stands for its record. */
enum statetree_answer statetree_verify(const struct statetree_proof *proof,
				       const struct hash *root,
				       struct bytes key,
				       struct statetree_value *value);

/* Fixed layout: u8 empty; u16 size, size times (u16 bit, hash); u8 leaf size,
 * leaf; u8 value size, value. Reading takes the path from the arena.
 * ERR_MALFORMED, ERR_NO_MEMORY. */
#define STATETREE_PROOF_BYTES_MAX                                              \
	(4u + STATETREE_DEPTH_MAX * (2u + HASH_BYTES) + STATETREE_KEY_BYTES +  \
	 1u + HASH_BYTES)
void statetree_proof_write(struct writer *w,
			   const struct statetree_proof *proof);
enum err statetree_proof_read(struct reader *r, struct statetree_proof *proof,
			      struct arena *arena) MUST_USE;

#endif
