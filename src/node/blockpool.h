/* Blocks that are not applied yet, with the batch references their payload
 * root commits to, by digest. A body comes with a proposal, from a peer that
 * was asked, or from the store after a restart. Bounded by views: what is at
 * or below the last applied view goes. */
#ifndef BCAI_NODE_BLOCKPOOL_H
#define BCAI_NODE_BLOCKPOOL_H

#include "consensus/block.h"
#include "ledger/batch.h"

#include <uthash.h>

#define BLOCKPOOL_MAX 2048u

struct pooled_block {
	struct hash digest;
	struct block_header header;
	struct batch_ref *refs; /* owned */
	uint32_t ref_count;
	bool wanted;	   /* consensus asked for its payload */
	bool stored;	   /* a write of it was submitted */
	uint32_t from;	   /* who sent it, and so holds its batches */
	uint64_t asked_ms; /* for its batches */
	uint32_t attempts;
	UT_hash_handle hh;
};

struct blockpool;

struct blockpool *blockpool_new(const struct hash *genesis);
void blockpool_free(struct blockpool **pool);

/* Keep a block: the digest is computed, the payload root is compared. The one
 * already held is returned when it is known.
 *
 * ERR_BAD_BLOCK  the references are not those of the header's payload root,
 *		  or are out of order
 * ERR_BUSY       the pool is full */
enum err blockpool_add(struct blockpool *pool, struct pooled_block **out,
		       const struct block_header *header, struct bytes payload,
		       struct err_text *text) MUST_USE;
struct pooled_block *blockpool_find(const struct blockpool *pool,
				    const struct hash *digest);
void blockpool_remove(struct blockpool *pool, struct pooled_block *block);
/* Forget blocks of views up to `view`; `gone` sees each before. */
void blockpool_prune(struct blockpool *pool, uint64_t view,
		     void (*gone)(void *context,
				  const struct pooled_block *block),
		     void *context);
/* Visit every block; the visitor may not add or remove. */
void blockpool_each(struct blockpool *pool,
		    void (*visit)(void *context, struct pooled_block *block),
		    void *context);

/* A body of this digest is asked for. The last BLOCKPOOL_EXPECTED of them are
 * remembered, until they are added. */
#define BLOCKPOOL_EXPECTED 256u
void blockpool_expect(struct blockpool *pool, const struct hash *digest);
bool blockpool_is_expected(const struct blockpool *pool,
			   const struct hash *digest);

/* References, encoded; no bytes for none. The caller frees the data. */
struct bytes blockpool_encode(const struct batch_ref *refs, size_t count);
struct bytes blockpool_payload(const struct pooled_block *block);

#endif
