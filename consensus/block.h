/* A block's header: what consensus agrees on. The payload is an opaque digest.
 *
 * The header has one encoding, 168 bytes, all numbers big-endian; the digest
 * of a block is H("bcai-gov/block/1", genesis hash || encoded header). The
 * exact layout stands in doc/spec/consensus.md. */
#ifndef BCAI_CONSENSUS_BLOCK_H
#define BCAI_CONSENSUS_BLOCK_H

#include "base/bytes.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct block_header {
	uint32_t epoch;
	uint64_t view;
	uint64_t height;
	uint64_t parent_view;
	struct hash parent;
	uint64_t time_ms; /* Since 1970, UTC; after the parent's. */
	uint32_t proposer;
	struct hash payload;	/* All zero: no transactions. */
	struct hash evidence;	/* All zero: none. */
	struct hash set_change; /* All zero: none. */
};

#define BLOCK_HEADER_BYTES (4 + 8 + 8 + 8 + 32 + 8 + 4 + 32 + 32 + 32)

void block_header_write(struct writer *w, const struct block_header *h);
/* The reader turns bad when bytes are missing; any 168 bytes are a header. */
void block_header_read(struct reader *r, struct block_header *h);

/* The digest of a block on the network with this genesis hash. */
void block_digest(struct hash *out, const struct hash *genesis,
		  const struct block_header *h);

/* The digest of the block at height 0, view 0 of epoch 0: the header is all
 * zero but for its time. */
void block_genesis(struct block_header *header, struct hash *digest,
		   const struct hash *genesis, uint64_t time_ms);

/* Carries something that must become final: a payload, evidence or a change
 * of the set. */
bool block_has_content(const struct block_header *h);

#endif
