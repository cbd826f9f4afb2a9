/* Batches that are not final yet: checked, then held.
 *
 * A batch arrives once from its origin, or is fetched. Its signature and every
 * transaction's are checked in a worker; then it is given to the writer and
 * *held*, which is what notarizing a block that lists it asks for. The vote
 * that says so is written behind it, and leaves when both are durable. A final
 * batch leaves this pool; its bytes stay in the store. */
#ifndef BCAI_NODE_BATCHPOOL_H
#define BCAI_NODE_BATCHPOOL_H

#include "ledger/batch.h"
#include "node/workers.h"

#include <stdint.h>
#include <uthash.h>

enum batch_state {
	BATCH_CHECKING,
	BATCH_HELD,
	BATCH_INVALID, /* its origin is at fault, provably; no bytes */
};

/* Invalid ones whose digests are remembered, so that blocks that list them
 * are refused at once. */
#define BATCHPOOL_INVALID_MAX 64u
/* For so long after an invalid batch, batches of its origin are taken only
 * when a block lists them. */
#define BATCHPOOL_DISTRUST_MS 60000u

struct pooled_batch {
	struct batch_ref ref;
	enum batch_state state;
	uint32_t count; /* of transactions */
	uint8_t *raw;	/* owned; NULL when invalid */
	size_t size;
	bool own;
	bool proposed;	 /* some block proposed lists it */
	uint32_t listed; /* blocks one would build on that list it */
	uint64_t since_ms;
	uint64_t check;			  /* number of the last one */
	UT_hash_handle hh;		  /* by digest */
	struct pooled_batch *prev, *next; /* by age */
};

struct batchpool;

struct batchpool_config {
	struct workers *workers; /* borrowed */
	struct hash genesis;
	const struct public_key *validators; /* borrowed */
	uint32_t validator_count;
	size_t bytes_per_origin; /* bound on unfinished batches of one */
	void *context;
	/* Checked and good, and held: write it before any vote. */
	void (*write)(void *context, struct pooled_batch *batch);
	/* Does an unfinished block list it? Others than the origin may then
	 * send it, and its bound does not hold. */
	bool (*wanted)(void *context, const struct hash *digest);
	/* Its origin signed it, and transaction `bad` inside does not hold. */
	void (*invalid)(void *context, const struct batch_ref *ref,
			struct bytes raw, uint32_t bad);
	/* Not signed by its origin, so its sender is at fault: forgotten. */
	void (*forged)(void *context, const struct batch_ref *ref,
		       const struct public_key *sender);
};

struct batchpool *batchpool_new(const struct batchpool_config *config);
void batchpool_free(struct batchpool **pool);

/* A batch from a peer (copied). ERR_OK: taken or known already.
 *
 * ERR_MALFORMED, ERR_TOO_LARGE, ERR_NOT_VALIDATOR: the sender is at fault
 * ERR_BUSY: nobody wants it from this sender, or the origin's bound is
 *	     reached */
enum err batchpool_receive(struct batchpool *pool, struct bytes raw,
			   const struct public_key *sender,
			   struct err_text *text) MUST_USE;
/* One of ours, sealed here; copied; goes to `write`. */
void batchpool_add_own(struct batchpool *pool, const struct batch_ref *ref,
		       uint32_t count, struct bytes raw);
/* One read back from the store: held at once. */
enum err batchpool_restore(struct batchpool *pool, struct bytes raw,
			   struct err_text *text) MUST_USE;

struct pooled_batch *batchpool_find(const struct batchpool *pool,
				    const struct hash *digest);
/* A proposal lists it. */
void batchpool_proposed(struct batchpool *pool, const struct hash *digest);
/* A block of the chain being built on lists it (+1), or does no more (-1). */
void batchpool_list(struct batchpool *pool, const struct hash *digest,
		    int change);
/* Held and unlisted batches, oldest first, at most `max`, in payload order;
 * of several of one origin and sequence one, the others are for later blocks.*/
size_t batchpool_collect(const struct batchpool *pool, struct batch_ref *refs,
			 size_t max);
/* Is there any that batchpool_collect would give? */
bool batchpool_has_work(const struct batchpool *pool);
/* Own batches that no proposal has listed yet. */
uint32_t batchpool_own_waiting(const struct batchpool *pool);
/* Final: leave the pool. */
void batchpool_remove(struct batchpool *pool, const struct hash *digest);

size_t batchpool_count(const struct batchpool *pool);
size_t batchpool_bytes(const struct batchpool *pool);

#endif
