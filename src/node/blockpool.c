#include "node/blockpool.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

struct blockpool {
	struct hash genesis;
	struct pooled_block *by_digest;
	struct batch_ref scratch[LIMIT_BLOCK_BATCHES];
	struct hash expected[BLOCKPOOL_EXPECTED]; /* a ring; zero: free */
	unsigned int expected_next;
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

static struct hash *find_expected(const struct blockpool *pool,
				  const struct hash *digest)
{
	for (unsigned int i = 0; i < BLOCKPOOL_EXPECTED; i++) {
		if (hash_equal(&pool->expected[i], digest))
			return (struct hash *)&pool->expected[i];
	}
	return NULL;
}

void blockpool_expect(struct blockpool *pool, const struct hash *digest)
{
	if (find_expected(pool, digest))
		return;
	pool->expected[pool->expected_next] = *digest;
	pool->expected_next = (pool->expected_next + 1) % BLOCKPOOL_EXPECTED;
}

bool blockpool_is_expected(const struct blockpool *pool,
			   const struct hash *digest)
{
	return find_expected(pool, digest) != NULL;
}

static void forget_expected(struct blockpool *pool, const struct hash *digest)
{
	struct hash *expected = find_expected(pool, digest);

	if (expected)
		memset(expected, 0, sizeof(*expected));
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
	b->from = header->proposer;
	b->refs = mem_copy(pool->scratch, count * sizeof(*b->refs));
	b->ref_count = (uint32_t)count;
	HASH_ADD(hh, pool->by_digest, digest, sizeof(b->digest), b);
	forget_expected(pool, &digest);
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

struct bytes blockpool_encode(const struct batch_ref *refs, size_t count)
{
	size_t room = 4 + count * BATCH_REF_BYTES;
	uint8_t *data = mem_alloc(room);
	struct writer w;

	writer_init(&w, data, room);
	if (count > 0)
		payload_write(&w, refs, count);
	assert(!w.bad);
	return (struct bytes){data, w.size};
}

struct bytes blockpool_payload(const struct pooled_block *block)
{
	return blockpool_encode(block->refs, block->ref_count);
}
