#include "node/batchpool.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Of one origin in the hands of the workers, unless a block lists more: it
 * shares them with all others' batches and with clients. */
#define CHECKING_BYTES_MAX (2u * LIMIT_BATCH_BYTES)

struct batchpool {
	struct batchpool_config config;
	struct arena arena;
	struct pooled_batch *by_digest;
	struct pooled_batch *by_age;
	size_t origin_bytes[LIMIT_VALIDATORS];
	size_t checking_bytes[LIMIT_VALIDATORS];
	uint64_t checks; /* begun */
	size_t bytes;
	uint64_t distrusted_until_ms[LIMIT_VALIDATORS]; /* origins */
	uint32_t invalid;
	uint32_t workable;    /* held and unlisted */
	uint32_t own_waiting; /* own, in any state, not proposed */
};

/* Who is at fault. The digest covers the transactions with their signatures,
 * but not the origin's signature over it. */
enum check_result {
	CHECK_GOOD,
	CHECK_FORGED, /* whoever sent it */
	CHECK_BAD,    /* its origin */
};

struct check_job {
	struct job job;
	struct batchpool *pool;
	struct hash digest; /* finds the batch again: it may be gone */
	uint64_t check;	    /* or be another copy */
	struct hash genesis;
	struct public_key origin;
	struct public_key sender;
	enum check_result result;
	uint32_t bad; /* transaction */
	struct bytes raw;
	uint8_t copy[];
};

struct batchpool *batchpool_new(const struct batchpool_config *config)
{
	struct batchpool *pool = mem_alloc(sizeof(*pool));

	pool->config = *config;
	arena_init(&pool->arena, CODEC_BATCH_ARENA_BYTES);
	return pool;
}

static bool is_workable(const struct pooled_batch *b)
{
	return b->state == BATCH_HELD && b->listed == 0;
}

/* Counters follow every change of state and listing. */
static void count(struct batchpool *pool, const struct pooled_batch *b,
		  bool add)
{
	uint32_t workable = is_workable(b);
	uint32_t waiting = b->own && !b->proposed;
	size_t checking = b->state == BATCH_CHECKING ? b->size : 0;

	if (add) {
		pool->checking_bytes[b->ref.origin] += checking;
		pool->workable += workable;
		pool->own_waiting += waiting;
	} else {
		pool->checking_bytes[b->ref.origin] -= checking;
		pool->workable -= workable;
		pool->own_waiting -= waiting;
	}
}

static void set_state(struct batchpool *pool, struct pooled_batch *b,
		      enum batch_state state)
{
	count(pool, b, false);
	b->state = state;
	count(pool, b, true);
}

static void drop_bytes(struct batchpool *pool, struct pooled_batch *b)
{
	pool->bytes -= b->size;
	pool->origin_bytes[b->ref.origin] -= b->size;
	b->size = 0;
	free(b->raw);
	b->raw = NULL;
}

static void forget(struct batchpool *pool, struct pooled_batch *b)
{
	count(pool, b, false);
	pool->invalid -= b->state == BATCH_INVALID;
	drop_bytes(pool, b);
	HASH_DEL(pool->by_digest, b);
	DL_DELETE(pool->by_age, b);
	free(b);
}

void batchpool_free(struct batchpool **ppool)
{
	struct batchpool *pool = *ppool;
	struct pooled_batch *b, *next;

	if (!pool)
		return;
	HASH_ITER (hh, pool->by_digest, b, next)
		forget(pool, b);
	arena_fini(&pool->arena);
	free(pool);
	*ppool = NULL;
}

static struct pooled_batch *add(struct batchpool *pool,
				const struct batch_ref *ref, uint32_t txs,
				struct bytes raw, enum batch_state state)
{
	struct pooled_batch *b = mem_alloc(sizeof(*b));

	b->ref = *ref;
	b->state = state;
	b->count = txs;
	b->raw = mem_copy(raw.data, raw.size);
	b->size = raw.size;
	b->since_ms = clock_mono_ms();
	HASH_ADD(hh, pool->by_digest, ref.digest, sizeof(b->ref.digest), b);
	DL_APPEND(pool->by_age, b);
	pool->bytes += b->size;
	pool->origin_bytes[ref->origin] += b->size;
	count(pool, b, true);
	return b;
}

static bool check_tx(const struct tx *tx)
{
	return sign_verify(&tx->account, tx->id.b, HASH_BYTES, &tx->signature);
}

/* How many of the first transactions decode strictly and are signed by their
 * accounts. */
static uint32_t count_good(const struct batch *batch,
			   const struct hash *genesis)
{
	struct arena arena;
	uint32_t i;

	arena_init(&arena, CODEC_TX_ARENA_BYTES);
	for (i = 0; i < batch->count; i++) {
		struct tx tx;

		arena_reset(&arena);
		if (codec_tx_decode(&tx, &arena, genesis, batch->txs[i],
				    NULL) != ERR_OK ||
		    !check_tx(&tx))
			break;
	}
	arena_fini(&arena);
	return i;
}

static void run_check(struct job *job)
{
	struct check_job *c = (struct check_job *)job;
	struct arena arena;
	struct batch batch;

	arena_init(&arena, CODEC_BATCH_ARENA_BYTES);
	if (batch_parse(&batch, &arena, c->raw, NULL) != ERR_OK ||
	    !batch_verify(&c->origin, &c->digest, &batch.signature)) {
		c->result = CHECK_FORGED;
	} else {
		c->bad = count_good(&batch, &c->genesis);
		c->result = c->bad == batch.count ? CHECK_GOOD : CHECK_BAD;
	}
	arena_fini(&arena);
}

static void forget_oldest_invalid(struct batchpool *pool)
{
	struct pooled_batch *b;

	DL_FOREACH (pool->by_age, b) {
		if (b->state == BATCH_INVALID)
			break;
	}
	assert(b);
	forget(pool, b);
}

static void is_bad(struct batchpool *pool, struct pooled_batch *b,
		   const struct check_job *c)
{
	const struct batch_ref ref = b->ref;

	if (pool->invalid == BATCHPOOL_INVALID_MAX)
		forget_oldest_invalid(pool);
	set_state(pool, b, BATCH_INVALID);
	pool->invalid++;
	drop_bytes(pool, b);
	pool->distrusted_until_ms[ref.origin] =
		clock_mono_ms() + BATCHPOOL_DISTRUST_MS;
	pool->config.invalid(pool->config.context, &ref, c->raw, c->bad);
}

static void is_forged(struct batchpool *pool, struct pooled_batch *b,
		      const struct check_job *c)
{
	const struct batch_ref ref = b->ref;

	forget(pool, b);
	pool->config.forged(pool->config.context, &ref, &c->sender);
}

static void done_check(struct job *job)
{
	struct check_job *c = (struct check_job *)job;
	struct batchpool *pool = c->pool;
	struct pooled_batch *b = batchpool_find(pool, &c->digest);

	if (b && b->state == BATCH_CHECKING && b->check == c->check) {
		switch (c->result) {
		case CHECK_GOOD:
			set_state(pool, b, BATCH_HELD);
			pool->config.write(pool->config.context, b);
			break;
		case CHECK_FORGED:
			is_forged(pool, b, c);
			break;
		case CHECK_BAD:
			is_bad(pool, b, c);
			break;
		}
	}
	free(c);
}

static void queue_check(struct batchpool *pool, struct pooled_batch *b,
			const struct public_key *sender)
{
	struct check_job *c = mem_alloc(sizeof(*c) + b->size);

	c->job.run = run_check;
	c->job.done = done_check;
	c->job.bytes = b->size;
	c->pool = pool;
	c->check = b->check = ++pool->checks;
	c->digest = b->ref.digest;
	c->genesis = pool->config.genesis;
	c->origin = pool->config.validators[b->ref.origin];
	c->sender = *sender;
	memcpy(c->copy, b->raw, b->size);
	c->raw = (struct bytes){c->copy, b->size};
	if (!workers_submit(pool->config.workers, &c->job)) {
		/* Asked for again when a block lists it. */
		forget(pool, batchpool_find(pool, &c->digest));
		free(c);
	}
}

static enum err parse_ref(struct batchpool *pool, struct batch *batch,
			  struct batch_ref *ref, struct bytes raw,
			  struct err_text *text)
{
	enum err e;

	arena_reset(&pool->arena);
	e = batch_parse(batch, &pool->arena, raw, text);
	if (e != ERR_OK)
		return e;
	if (batch->origin >= pool->config.validator_count)
		return err_set(text, ERR_NOT_VALIDATOR, "batch of validator %u",
			       batch->origin);
	ref->origin = batch->origin;
	ref->sequence = batch->sequence;
	return batch_digest(&ref->digest, &pool->config.genesis, batch, text);
}

static bool is_welcome(const struct batchpool *pool,
		       const struct batch_ref *ref, size_t size,
		       const struct public_key *sender)
{
	const struct batchpool_config *c = &pool->config;

	if (public_key_equal(sender, &c->validators[ref->origin]) &&
	    clock_mono_ms() >= pool->distrusted_until_ms[ref->origin] &&
	    pool->checking_bytes[ref->origin] + size <= CHECKING_BYTES_MAX &&
	    pool->origin_bytes[ref->origin] + size <= c->bytes_per_origin)
		return true;
	return c->wanted(c->context, &ref->digest);
}

enum err batchpool_receive(struct batchpool *pool, struct bytes raw,
			   const struct public_key *sender,
			   struct err_text *text)
{
	struct batch_ref ref;
	struct batch batch;
	enum err e = parse_ref(pool, &batch, &ref, raw, text);

	if (e != ERR_OK)
		return e;
	if (batchpool_find(pool, &ref.digest))
		return ERR_OK;
	if (!is_welcome(pool, &ref, raw.size, sender))
		return err_set(text, ERR_BUSY, "batch %llu of validator %u",
			       (unsigned long long)ref.sequence, ref.origin);
	queue_check(pool, add(pool, &ref, batch.count, raw, BATCH_CHECKING),
		    sender);
	return ERR_OK;
}

void batchpool_add_own(struct batchpool *pool, const struct batch_ref *ref,
		       uint32_t txs, struct bytes raw)
{
	struct pooled_batch *b = add(pool, ref, txs, raw, BATCH_HELD);

	count(pool, b, false);
	b->own = true;
	count(pool, b, true);
	pool->config.write(pool->config.context, b);
}

enum err batchpool_restore(struct batchpool *pool, struct bytes raw,
			   struct err_text *text)
{
	struct batch_ref ref;
	struct batch batch;
	enum err e = parse_ref(pool, &batch, &ref, raw, text);

	if (e == ERR_OK && !batchpool_find(pool, &ref.digest))
		add(pool, &ref, batch.count, raw, BATCH_HELD);
	return e;
}

struct pooled_batch *batchpool_find(const struct batchpool *pool,
				    const struct hash *digest)
{
	struct pooled_batch *b;

	HASH_FIND(hh, pool->by_digest, digest, sizeof(*digest), b);
	return b;
}

void batchpool_proposed(struct batchpool *pool, const struct hash *digest)
{
	struct pooled_batch *b = batchpool_find(pool, digest);

	if (!b)
		return;
	count(pool, b, false);
	b->proposed = true;
	count(pool, b, true);
}

void batchpool_list(struct batchpool *pool, const struct hash *digest,
		    int change)
{
	struct pooled_batch *b = batchpool_find(pool, digest);

	if (!b)
		return;
	assert(change > 0 || b->listed > 0);
	count(pool, b, false);
	b->listed = change > 0 ? b->listed + 1 : b->listed - 1;
	count(pool, b, true);
}

size_t batchpool_collect(const struct batchpool *pool, struct batch_ref *refs,
			 size_t max)
{
	const struct pooled_batch *b;
	size_t n = 0;

	DL_FOREACH (pool->by_age, b) {
		if (n == max)
			break;
		if (is_workable(b))
			refs[n++] = b->ref;
	}
	return payload_sort(refs, n);
}

bool batchpool_has_work(const struct batchpool *pool)
{
	return pool->workable > 0;
}

uint32_t batchpool_own_waiting(const struct batchpool *pool)
{
	return pool->own_waiting;
}

void batchpool_remove(struct batchpool *pool, const struct hash *digest)
{
	struct pooled_batch *b = batchpool_find(pool, digest);

	if (b)
		forget(pool, b);
}

size_t batchpool_count(const struct batchpool *pool)
{
	return HASH_COUNT(pool->by_digest);
}

size_t batchpool_bytes(const struct batchpool *pool)
{
	return pool->bytes;
}
