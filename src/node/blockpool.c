#include "node/blockpool.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct blockpool {
	struct hash genesis;
	struct pooled_block *by_digest;
	struct batch_ref scratch[LIMIT_BLOCK_BATCHES];
};

struct blockpool *blockpool_new(const struct hash *genesis)
{
	struct blockpool *pool = mem_alloc(sizeof(*pool));

	pool->genesis = *genesis;
	return pool;
}

void blockpool_remove(struct blockpool *pool, struct pooled_block *block)
{
	HASH_DEL(pool->by_digest, block);
	free(block->refs);
	free(block);
}

void blockpool_free(struct blockpool **ppool)
{
	struct blockpool *pool = *ppool;
	struct pooled_block *b, *next;

	if (!pool)
		return;
	HASH_ITER (hh, pool->by_digest, b, next)
		blockpool_remove(pool, b);
	free(pool);
	*ppool = NULL;
}

/* An empty payload is no bytes, and its root all zero (consensus/block.h). */
static enum err check_payload(struct blockpool *pool, size_t *count,
			      const struct block_header *header,
			      struct bytes payload, struct err_text *text)
{
	struct hash root = {{0}};
	struct reader r;

	*count = 0;
	if (payload.size > 0) {
		enum err e;

		reader_init(&r, payload.data, payload.size);
		e = payload_read(&r, pool->scratch, count, text);
		if (e != ERR_OK || !reader_done(&r) || *count == 0)
			return err_set(text, ERR_BAD_BLOCK,
				       "the payload is malformed");
		payload_root(&root, pool->scratch, *count);
	}
	if (!hash_equal(&root, &header->payload))
		return err_set(text, ERR_BAD_BLOCK,
			       "the payload is not the header's");
	return ERR_OK;
}

enum err blockpool_add(struct blockpool *pool, struct pooled_block **out,
		       const struct block_header *header, struct bytes payload,
		       struct err_text *text)
{
	struct pooled_block *b;
	struct hash digest;
	size_t count;
	enum err e;

	block_digest(&digest, &pool->genesis, header);
	*out = blockpool_find(pool, &digest);
	if (*out)
		return ERR_OK;
	e = check_payload(pool, &count, header, payload, text);
	if (e != ERR_OK)
		return e;
	if (HASH_COUNT(pool->by_digest) >= BLOCKPOOL_MAX)
		return err_set(text, ERR_BUSY, "too many unfinished blocks");
	b = mem_alloc(sizeof(*b));
	b->digest = digest;
	b->header = *header;
	b->refs = mem_copy(pool->scratch, count * sizeof(*b->refs));
	b->ref_count = (uint32_t)count;
	HASH_ADD(hh, pool->by_digest, digest, sizeof(b->digest), b);
	*out = b;
	return ERR_OK;
}

struct pooled_block *blockpool_find(const struct blockpool *pool,
				    const struct hash *digest)
{
	struct pooled_block *b;

	HASH_FIND(hh, pool->by_digest, digest, sizeof(*digest), b);
	return b;
}

void blockpool_prune(struct blockpool *pool, uint64_t view,
		     void (*gone)(void *context,
				  const struct pooled_block *block),
		     void *context)
{
	struct pooled_block *b, *next;

	HASH_ITER (hh, pool->by_digest, b, next) {
		if (b->header.view > view)
			continue;
		gone(context, b);
		blockpool_remove(pool, b);
	}
}

void blockpool_each(struct blockpool *pool,
		    void (*visit)(void *context, struct pooled_block *block),
		    void *context)
{
	struct pooled_block *b, *next;

	HASH_ITER (hh, pool->by_digest, b, next)
		visit(context, b);
}

struct bytes blockpool_payload(const struct pooled_block *block)
{
	size_t room = 4 + (size_t)block->ref_count * BATCH_REF_BYTES;
	uint8_t *data = mem_alloc(room);
	struct writer w;

	if (block->ref_count == 0)
		return (struct bytes){data, 0};
	writer_init(&w, data, room);
	payload_write(&w, block->refs, block->ref_count);
	return (struct bytes){data, w.size};
}
