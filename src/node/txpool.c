#include "node/txpool.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "node/quota.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* One unit of work for a worker: about 2.5 ms. */
#define CHECK_GROUP 64

#define BUSY_RETRY_MS 250u
#define SLOT_RETRY_MS 1000u
#define SLOT_TEXT     "another transaction of the account with this nonce waits"

enum pooled_state { POOLED_CHECKING, POOLED_READY, POOLED_SENT };

struct waiter {
	uint64_t ticket;
	bool until_final;
	struct waiter *next;
};

/* Only one transaction of an account with that nonce can take effect. */
struct slot {
	struct public_key account;
	uint64_t nonce;
};

struct pooled {
	struct tx tx; /* id, account, expiry, signature and raw stay valid */
	enum pooled_state state;
	uint64_t since_ms; /* when it came into this state */
	struct waiter *waiters;
	struct txpool_outcome *decided; /* while in a worker's hands */
	struct tx_way way;
	uint64_t batch; /* it was popped into; 0: none yet */
	bool accepting; /* in that list */
	struct slot slot;
	size_t expiry;		       /* place in the heap */
	struct pooled *prev, *next;    /* in `ready` or `sent` */
	struct pooled *before, *after; /* in `accepting` */
	UT_hash_handle hh;
	UT_hash_handle by_slot; /* once its signature is known to be good */
	uint8_t raw[];
};

struct check_job {
	struct job job;
	struct txpool *pool;
	unsigned count;
	struct pooled *items[CHECK_GROUP];
	bool good[CHECK_GROUP];
};

struct txpool {
	struct txpool_config config;
	struct arena arena;
	struct pooled *by_id;
	struct pooled *by_slot;
	struct pooled *ready, *sent;
	struct pooled *accepting; /* somebody waits for just that */
	uint64_t kept;		  /* batches up to this are durable */
	size_t ready_count, ready_bytes, bytes;
	struct pooled **expiring; /* a heap, the first to expire on top */
	size_t expiring_room;
	struct quotas quotas;
	struct check_job *filling;
};

static size_t cost_of(const struct pooled *p)
{
	return sizeof(*p) + p->tx.raw.size;
}

struct txpool *txpool_new(const struct txpool_config *config)
{
	struct txpool *pool = mem_alloc(sizeof(*pool));

	pool->config = *config;
	arena_init(&pool->arena, CODEC_TX_ARENA_BYTES);
	quotas_init(&pool->quotas, config->account_rate);
	return pool;
}

/* --- The heap of expiries --- */

static void expiry_place(struct txpool *pool, struct pooled *p, size_t at)
{
	pool->expiring[at] = p;
	p->expiry = at;
}

static uint64_t expires(const struct txpool *pool, size_t at)
{
	return pool->expiring[at]->tx.valid_until_ms;
}

static void expiry_rise(struct txpool *pool, struct pooled *p, size_t at)
{
	while (at > 0 && expires(pool, (at - 1) / 2) > p->tx.valid_until_ms) {
		expiry_place(pool, pool->expiring[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	expiry_place(pool, p, at);
}

static void expiry_sink(struct txpool *pool, struct pooled *p, size_t at,
			size_t count)
{
	while (2 * at + 1 < count) {
		size_t child = 2 * at + 1;

		if (child + 1 < count &&
		    expires(pool, child + 1) < expires(pool, child))
			child++;
		if (expires(pool, child) >= p->tx.valid_until_ms)
			break;
		expiry_place(pool, pool->expiring[child], at);
		at = child;
	}
	expiry_place(pool, p, at);
}

/* Called while `p` is counted neither in one nor in the other. */
static void expiry_add(struct txpool *pool, struct pooled *p)
{
	size_t count = HASH_COUNT(pool->by_id);

	if (count == pool->expiring_room) {
		pool->expiring_room = 2 * pool->expiring_room + 64;
		pool->expiring = mem_resize(pool->expiring,
					    pool->expiring_room *
						    sizeof(*pool->expiring));
	}
	expiry_rise(pool, p, count);
}

static void expiry_remove(struct txpool *pool, struct pooled *p)
{
	size_t count = HASH_COUNT(pool->by_id) - 1, at = p->expiry;
	struct pooled *last = pool->expiring[count];

	if (last == p)
		return;
	expiry_sink(pool, last, at, count);
	expiry_rise(pool, last, last->expiry);
}

/* --- Answers, and the end --- */

static void answer_all(struct txpool *pool, struct pooled *p,
		       const struct txpool_outcome *outcome)
{
	while (p->waiters) {
		struct waiter *w = p->waiters;

		p->waiters = w->next;
		pool->config.answer(pool->config.context, w->ticket, outcome);
		free(w);
	}
}

static void take_out(struct txpool *pool, struct pooled *p)
{
	switch (p->state) {
	case POOLED_CHECKING:
		break;
	case POOLED_READY:
		DL_DELETE(pool->ready, p);
		pool->ready_count--;
		pool->ready_bytes -= p->tx.raw.size;
		break;
	case POOLED_SENT:
		DL_DELETE(pool->sent, p);
		break;
	}
}

static void no_longer_accepting(struct txpool *pool, struct pooled *p)
{
	if (p->accepting)
		DL_DELETE2(pool->accepting, p, before, after);
	p->accepting = false;
}

static void forget(struct txpool *pool, struct pooled *p, bool counts)
{
	take_out(pool, p);
	no_longer_accepting(pool, p);
	if (p->state != POOLED_CHECKING)
		HASH_DELETE(by_slot, pool->by_slot, p);
	expiry_remove(pool, p);
	HASH_DEL(pool->by_id, p);
	pool->bytes -= cost_of(p);
	quota_end(&pool->quotas, &p->tx.account, clock_mono_ms(), counts);
	free(p->way.refusals);
	free(p->decided);
	free(p);
}

void txpool_free(struct txpool **ppool)
{
	struct txpool *pool = *ppool;
	struct pooled *p, *next;

	if (!pool)
		return;
	HASH_ITER (hh, pool->by_id, p, next) {
		const struct txpool_outcome outcome = {
			.id = p->tx.id, .refused = ERR_SHUTTING_DOWN};

		answer_all(pool, p, &outcome);
		forget(pool, p, true);
	}
	free(pool->filling);
	free(pool->expiring);
	quotas_fini(&pool->quotas);
	arena_fini(&pool->arena);
	free(pool);
	*ppool = NULL;
}

static void run_check(struct job *job)
{
	struct check_job *c = (struct check_job *)job;

	for (unsigned i = 0; i < c->count; i++) {
		const struct tx *tx = &c->items[i]->tx;

		c->good[i] = sign_verify(&tx->account, tx->id.b, HASH_BYTES,
					 &tx->signature);
	}
}

/* It will outlast this process: tell those who wait for no more. */
static void now_kept(struct txpool *pool, struct pooled *p)
{
	struct waiter **at = &p->waiters;
	const struct txpool_outcome accepted = {.id = p->tx.id};

	no_longer_accepting(pool, p);
	while (*at) {
		struct waiter *w = *at;

		if (w->until_final) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		pool->config.answer(pool->config.context, w->ticket, &accepted);
		free(w);
	}
}

static bool is_slot_taken(const struct txpool *pool, const struct slot *slot)
{
	struct pooled *p;

	HASH_FIND(by_slot, pool->by_slot, slot, sizeof(*slot), p);
	return p != NULL;
}

static void now_ready(struct txpool *pool, struct pooled *p, uint64_t now_ms)
{
	HASH_ADD(by_slot, pool->by_slot, slot, sizeof(p->slot), p);
	p->state = POOLED_READY;
	p->since_ms = now_ms;
	DL_APPEND(pool->ready, p);
	pool->ready_count++;
	pool->ready_bytes += p->tx.raw.size;
}

static void refused_at_last(struct txpool *pool, struct pooled *p,
			    const struct txpool_outcome *outcome)
{
	answer_all(pool, p, outcome);
	forget(pool, p, outcome->refused != ERR_BAD_SIGNATURE);
}

static void end_check(struct txpool *pool, struct pooled *p, bool good,
		      uint64_t now_ms)
{
	const struct txpool_outcome bad = {.id = p->tx.id,
					   .refused = ERR_BAD_SIGNATURE};
	const struct txpool_outcome second = {.id = p->tx.id,
					      .refused = ERR_RATE_LIMITED,
					      .retry_after_ms = SLOT_RETRY_MS,
					      .text = SLOT_TEXT};

	if (p->decided)
		refused_at_last(pool, p, p->decided);
	else if (!good)
		refused_at_last(pool, p, &bad);
	else if (is_slot_taken(pool, &p->slot))
		refused_at_last(pool, p, &second);
	else
		now_ready(pool, p, now_ms);
}

static void done_check(struct job *job)
{
	struct check_job *c = (struct check_job *)job;
	struct txpool *pool = c->pool;
	uint64_t now_ms = clock_mono_ms();

	for (unsigned i = 0; i < c->count; i++)
		end_check(pool, c->items[i], c->good[i], now_ms);
	free(c);
	pool->config.ready(pool->config.context);
}

void txpool_flush(struct txpool *pool)
{
	struct check_job *c = pool->filling;

	if (!c)
		return;
	pool->filling = NULL;
	c->job.bytes = 1; /* The pool's own bound holds them back. */
	if (workers_submit(pool->config.workers, &c->job))
		return;
	for (unsigned i = 0; i < c->count; i++) {
		const struct txpool_outcome busy = {.id = c->items[i]->tx.id,
						    .refused = ERR_BUSY,
						    .retry_after_ms =
							    BUSY_RETRY_MS};

		refused_at_last(pool, c->items[i], &busy);
	}
	free(c);
}

static void queue_check(struct txpool *pool, struct pooled *p)
{
	struct check_job *c = pool->filling;

	if (!c) {
		c = mem_alloc(sizeof(*c));
		c->job.run = run_check;
		c->job.done = done_check;
		c->pool = pool;
		pool->filling = c;
	}
	c->items[c->count++] = p;
	if (c->count == CHECK_GROUP)
		txpool_flush(pool);
}

static void add_waiter(struct txpool *pool, struct pooled *p, bool until_final,
		       uint64_t ticket)
{
	struct waiter *w;

	if (ticket == 0)
		return;
	w = mem_alloc(sizeof(*w));
	w->ticket = ticket;
	w->until_final = until_final;
	w->next = p->waiters;
	p->waiters = w;
	if (until_final || p->accepting)
		return;
	p->accepting = true;
	DL_APPEND2(pool->accepting, p, before, after);
}

static void refuse(struct txpool *pool, uint64_t ticket, const struct hash *id,
		   enum err code, const char *text, uint32_t retry_after_ms)
{
	struct txpool_outcome outcome = {.refused = code, .text = text};

	if (ticket == 0)
		return;
	if (id)
		outcome.id = *id;
	outcome.retry_after_ms = retry_after_ms;
	pool->config.answer(pool->config.context, ticket, &outcome);
}

/* Known and waiting: whoever asks again waits for the same end. */
static bool join_known(struct txpool *pool, const struct tx *tx,
		       bool until_final, uint64_t ticket)
{
	struct txpool_outcome outcome = {.id = tx->id};
	struct pooled *p;

	HASH_FIND(hh, pool->by_id, &tx->id, sizeof(tx->id), p);
	if (!p)
		return false;
	if (until_final || p->batch == 0 || p->batch > pool->kept)
		add_waiter(pool, p, until_final, ticket);
	else if (ticket != 0)
		pool->config.answer(pool->config.context, ticket, &outcome);
	return true;
}

static void keep(struct txpool *pool, const struct tx *tx, bool until_final,
		 uint64_t ticket)
{
	struct pooled *p = mem_alloc(sizeof(*p) + tx->raw.size);

	memcpy(p->raw, tx->raw.data, tx->raw.size);
	p->tx = *tx;
	p->tx.raw.data = p->raw;
	memset(&p->tx.payload, 0, sizeof(p->tx.payload));
	p->tx.body = (struct bytes){NULL, 0};
	p->since_ms = clock_mono_ms();
	p->slot = (struct slot){tx->account, tx->nonce};
	expiry_add(pool, p);
	HASH_ADD(hh, pool->by_id, tx.id, sizeof(p->tx.id), p);
	pool->bytes += cost_of(p);
	add_waiter(pool, p, until_final, ticket);
	queue_check(pool, p);
}

/* The step before the signature. */
static enum err admit_rates(struct txpool *pool, const struct tx *tx,
			    struct bucket *source, uint32_t *retry_after_ms,
			    struct err_text *text)
{
	const struct slot slot = {tx->account, tx->nonce};
	uint64_t rate = pool->config.source_rate, now = clock_mono_ms();
	bool limited = !pool->config.is_syncing(pool->config.context);

	if (is_slot_taken(pool, &slot)) {
		*retry_after_ms = SLOT_RETRY_MS;
		return err_set(text, ERR_RATE_LIMITED, "%s", SLOT_TEXT);
	}
	if (limited && source && rate > 0 &&
	    !bucket_take(source, now, 1, rate, rate)) {
		*retry_after_ms = (uint32_t)bucket_wait_ms(source, 1, rate);
		return err_set(text, ERR_RATE_LIMITED,
			       "a connection may send %llu transactions a "
			       "second",
			       (unsigned long long)rate);
	}
	pool->quotas.paused = !limited;
	return quota_take(&pool->quotas, &tx->account, now, retry_after_ms,
			  text);
}

void txpool_submit(struct txpool *pool, struct bytes raw, bool until_final,
		   uint64_t ticket, struct bucket *source)
{
	void *context = pool->config.context;
	uint32_t retry_after_ms = BUSY_RETRY_MS;
	struct txpool_outcome final;
	struct err_text text = {""};
	struct tx tx;
	enum err e;

	arena_reset(&pool->arena);
	e = codec_tx_decode(&tx, &pool->arena, &pool->config.genesis, raw,
			    &text);
	if (e != ERR_OK) {
		refuse(pool, ticket, NULL, e, text.text, 0);
		return;
	}
	if (join_known(pool, &tx, until_final, ticket))
		return;
	e = pool->config.admit(context, &tx, &text);
	if (e == ERR_REPLAY &&
	    pool->config.find_final(context, ticket, &tx.id, &final))
		err_set(&text, e,
			"this very transaction is final, in block %llu with "
			"result %s",
			(unsigned long long) final.height,
			error_name(error_from_number((int) final.code)));
	if (e == ERR_OK && pool->bytes + raw.size > pool->config.bytes_max)
		e = ERR_BUSY;
	if (e == ERR_OK)
		e = admit_rates(pool, &tx, source, &retry_after_ms, &text);
	if (e != ERR_OK) {
		refuse(pool, ticket, &tx.id, e, text.text,
		       e == ERR_BUSY || e == ERR_RATE_LIMITED ? retry_after_ms
							      : 0);
		return;
	}
	keep(pool, &tx, until_final, ticket);
}

size_t txpool_ready_count(const struct txpool *pool)
{
	return pool->ready_count;
}

size_t txpool_ready_bytes(const struct txpool *pool)
{
	return pool->ready_bytes;
}

uint64_t txpool_ready_since_ms(const struct txpool *pool)
{
	return pool->ready ? pool->ready->since_ms : 0;
}

const struct tx *txpool_peek(const struct txpool *pool)
{
	return pool->ready ? &pool->ready->tx : NULL;
}

void txpool_pop(struct txpool *pool, uint64_t batch, uint64_t now_ms)
{
	struct pooled *p = pool->ready;

	assert(p);
	take_out(pool, p);
	p->state = POOLED_SENT;
	p->since_ms = now_ms;
	p->batch = batch;
	DL_APPEND(pool->sent, p);
}

void txpool_kept(struct txpool *pool, uint64_t batch)
{
	struct pooled *p, *next;

	pool->kept = batch;
	DL_FOREACH_SAFE2(pool->accepting, p, next, after)
	{
		if (p->batch != 0 && p->batch <= batch)
			now_kept(pool, p);
	}
}

const struct tx *txpool_find(const struct txpool *pool, const struct hash *id,
			     struct tx_way **way)
{
	struct pooled *p;

	HASH_FIND(hh, pool->by_id, id, sizeof(*id), p);
	*way = p ? &p->way : NULL;
	return p ? &p->tx : NULL;
}

void txpool_stale(struct txpool *pool, uint64_t before_ms, uint64_t now_ms,
		  void (*visit)(void *context, const struct tx *tx),
		  void *context)
{
	struct pooled *last = pool->sent ? pool->sent->prev : NULL;

	/* Oldest first; a visited one goes to the back. */
	while (pool->sent && pool->sent->since_ms < before_ms) {
		struct pooled *p = pool->sent;
		bool was_last = p == last;

		DL_DELETE(pool->sent, p);
		p->since_ms = now_ms;
		DL_APPEND(pool->sent, p);
		visit(context, &p->tx);
		if (was_last)
			break;
	}
}

void txpool_decided(struct txpool *pool, const struct txpool_outcome *outcome)
{
	struct pooled *p;

	HASH_FIND(hh, pool->by_id, &outcome->id, sizeof(outcome->id), p);
	if (!p)
		return;
	if (p->state == POOLED_CHECKING) {
		if (!p->decided)
			p->decided = mem_copy(outcome, sizeof(*outcome));
		p->decided->text = NULL;
		return;
	}
	answer_all(pool, p, outcome);
	forget(pool, p, true);
}

/* One in a worker's hands is looked at again when it is back. */
void txpool_expire(struct txpool *pool, uint64_t block_time_ms)
{
	quotas_sweep(&pool->quotas, clock_mono_ms());
	while (pool->by_id && expires(pool, 0) < block_time_ms) {
		struct pooled *p = pool->expiring[0];
		const struct txpool_outcome outcome = {.id = p->tx.id,
						       .refused = ERR_EXPIRED};

		if (p->state == POOLED_CHECKING)
			break;
		answer_all(pool, p, &outcome);
		forget(pool, p, true);
	}
}

size_t txpool_count(const struct txpool *pool)
{
	return HASH_COUNT(pool->by_id);
}

size_t txpool_bytes(const struct txpool *pool)
{
	return pool->bytes;
}
