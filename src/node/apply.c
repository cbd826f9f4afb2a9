/* One finalised block on its way through the ledger into the store, in slices
 * that keep the loop free: its transactions, the records they changed, and
 * then, in one write, everything. */
#include "node/apply.h"

#include "node/state.h"
#include "node/upgrade.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>

/* Records emitted between two looks at the clock: about half a ms. */
#define FLUSH_RECORDS 512u
/* Units of the ledger's work between two looks at the clock: well below it. */
#define WORK_UNITS 1024u

struct outcomes {
	struct txpool_outcome *list; /* owned */
	size_t count, room;
};

/* What waits for the block to be durable. */
struct applied {
	uint64_t height;
	uint64_t view;
	uint64_t time_ms;
	struct outcomes results;
	/* Told after the results: one block may carry a transaction twice, and
	 * its second copy is refused. */
	struct outcomes refusals;
};

struct apply {
	struct node *n;
	struct commit_item *item; /* borrowed: the first of the queue */
	struct batch_ref *refs;	  /* owned */
	uint32_t ref_count;
	struct write_job *job;
	struct applied *applied;
	struct arena batch_arena;
	struct arena tx_arena;
	uint32_t next_batch;
	uint32_t next_tx;
	struct batch batch; /* in hand when raw.data is set */
	struct bytes raw;   /* owned: the pool may change meanwhile */
};

static void put_state(void *context, struct bytes key, struct bytes value)
{
	struct apply *a = context;
	struct store_key k = key_state(key);

	blockstore_put(&a->job->changes, &k, value.data, value.size);
}

static struct txpool_outcome *add_outcome(struct outcomes *o)
{
	if (o->count == o->room) {
		o->room = 2 * o->room + 64;
		o->list = mem_resize(o->list, o->room * sizeof(*o->list));
	}
	memset(&o->list[o->count], 0, sizeof(*o->list));
	return &o->list[o->count++];
}

static void applied_free(struct applied *applied)
{
	free(applied->results.list);
	free(applied->refusals.list);
	free(applied);
}

struct apply *apply_begin(struct node *n, struct commit_item *item,
			  const struct pooled_block *body)
{
	const struct ledger_block block = {
		.height = item->header.height,
		.epoch = item->header.epoch,
		.view = item->header.view,
		.time_ms = item->header.time_ms,
		.digest = item->digest,
	};
	struct apply *a = mem_alloc(sizeof(*a));

	a->n = n;
	a->item = item;
	a->ref_count = body->ref_count;
	if (body->ref_count > 0)
		a->refs = mem_copy(body->refs,
				   body->ref_count * sizeof(*body->refs));
	a->job = write_job_new();
	a->applied = mem_alloc(sizeof(*a->applied));
	a->applied->height = block.height;
	a->applied->view = block.view;
	a->applied->time_ms = block.time_ms;
	arena_init(&a->batch_arena, CODEC_BATCH_ARENA_BYTES);
	arena_init(&a->tx_arena, CODEC_TX_ARENA_BYTES);
	ledger_block_begin(n->ledger, &block);
	return a;
}

void apply_free(struct apply **pa)
{
	struct apply *a = *pa;

	if (!a)
		return;
	if (a->job)
		write_job_free(&a->job);
	if (a->applied)
		applied_free(a->applied);
	arena_fini(&a->batch_arena);
	arena_fini(&a->tx_arena);
	free((void *)a->raw.data);
	free(a->refs);
	free(a);
	*pa = NULL;
}

/* --- Transactions --- */

static void apply_tx(struct apply *a, struct bytes raw, struct tx_place place)
{
	struct node *n = a->n;
	struct tx tx;
	enum err e;

	arena_reset(&a->tx_arena);
	e = codec_tx_decode(&tx, &a->tx_arena, &n->genesis_hash, raw, NULL);
	/* It was checked before the batch was held, by a quorum at least. */
	assert(e == ERR_OK);
	e = ledger_apply_tx(n->ledger, NULL, &tx, place, NULL);
	if (e != ERR_OK) {
		struct txpool_outcome *o = add_outcome(&a->applied->refusals);

		o->id = tx.id;
		o->refused = e;
	}
}

/* The bytes of the next batch into a->raw. */
static enum err take_batch(struct apply *a)
{
	const struct batch_ref *ref = &a->refs[a->next_batch];
	const struct pooled_batch *b;
	struct store_key key = key_batch(ref);
	uint8_t *value;
	size_t size;
	enum err e;

	if (a->item->batches) { /* Sync brought it: the store has it not. */
		const struct bytes *raw = &a->item->batches[a->next_batch];

		blockstore_put_batch(&a->job->changes, ref, *raw);
		a->raw = (struct bytes){mem_copy(raw->data, raw->size),
					raw->size};
		return ERR_OK;
	}
	b = batchpool_find(a->n->batches, &ref->digest);
	if (b && b->raw) {
		a->raw = (struct bytes){mem_copy(b->raw, b->size), b->size};
		return ERR_OK;
	}
	e = blockstore_get(a->n->store, &key, &value, &size);
	if (e != ERR_OK)
		return e;
	a->raw = (struct bytes){value, size};
	return ERR_OK;
}

static bool next_batch(struct apply *a)
{
	const struct batch_ref *ref = &a->refs[a->next_batch];
	enum err e = take_batch(a);

	if (e != ERR_OK) {
		node_fail(a->n, ERR_DATA_DAMAGED,
			  "batch %llu of validator %u cannot be read",
			  (unsigned long long)ref->sequence, ref->origin);
		return false;
	}
	arena_reset(&a->batch_arena);
	e = batch_parse(&a->batch, &a->batch_arena, a->raw, NULL);
	assert(e == ERR_OK);
	a->next_tx = 0;
	return true;
}

/* One transaction; false when there is none left. */
static bool apply_next(struct apply *a)
{
	if (!a->raw.data) {
		if (a->next_batch == a->ref_count || !next_batch(a))
			return false;
	}
	if (a->next_tx < a->batch.count) {
		const struct tx_place place = {.batch = a->next_batch,
					       .index = a->next_tx};

		apply_tx(a, a->batch.txs[a->next_tx++], place);
		return true;
	}
	free((void *)a->raw.data);
	a->raw = (struct bytes){NULL, 0};
	a->next_batch++;
	return true;
}

/* --- The write --- */

static void put_block(struct apply *a, const struct ledger_update *up)
{
	const struct commit_item *item = a->item;
	const struct stored_block s = {
		.header = item->header,
		.refs = a->refs,
		.ref_count = a->ref_count,
		.results = up->results,
		.result_count = up->result_count,
	};
	struct store_key key = key_block(item->header.height);
	size_t size = stored_block_size(&s);
	uint8_t *raw = mem_alloc(size);
	struct writer w;

	writer_init(&w, raw, size);
	stored_block_write(&w, &s);
	assert(!w.bad);
	blockstore_put(&a->job->changes, &key, raw, w.size);
	free(raw);
	if (item->certificate) {
		key = key_finalization(item->header.height);
		blockstore_put(&a->job->changes, &key, item->certificate,
			       item->certificate_size);
	}
	key = key_candidate(item->header.view, &item->digest);
	store_batch_delete(&a->job->changes, key.data, key.size);
	for (uint32_t i = 0; i < a->ref_count; i++) {
		key = key_unfinished(&a->refs[i]);
		store_batch_delete(&a->job->changes, key.data, key.size);
	}
	for (size_t i = 0; i < up->result_count; i++)
		blockstore_put_tx(&a->job->changes, &up->results[i].id,
				  item->header.height, (uint32_t)i);
	blockstore_put_events(&a->job->changes, item->header.height, up);
}

static void add_results(struct apply *a, const struct ledger_update *up)
{
	/* Also with nothing in the pool: what comes before this is durable
	 * waits for it (admit). */
	for (size_t i = 0; i < up->result_count; i++) {
		const struct ledger_result *r = &up->results[i];
		struct txpool_outcome *o = add_outcome(&a->applied->results);

		o->id = r->id;
		o->height = up->block.height;
		o->index = (uint32_t)i;
		o->code = (uint32_t)r->code;
		o->proposal = r->proposal;
	}
}

static void tell(struct node *n, const struct outcomes *o)
{
	for (size_t i = 0; i < o->count; i++)
		txpool_decided(n->txpool, &o->list[i]);
}

/* The block is durable: now it may be acknowledged. */
static void block_is_durable(struct node *n, struct pending_write *w)
{
	struct applied *applied = w->subject;

	if (w->dropped) {
		applied_free(applied);
		return;
	}
	n->commit.durable_height = applied->height;
	n->commit.durable_digest = w->digest;
	n->commit.durable_time_ms = applied->time_ms;
	n->commit.durable_view = applied->view;
	net_set_height(n->net, applied->height);
	sync_tell(n);
	checks_on_durable(n, applied->height);
	upgrade_remind(n);
	tell(n, &applied->results);
	tell(n, &applied->refusals);
	backend_publish(n, applied->height);
	applied_free(applied);
}

static void forget_candidate(void *context, const struct pooled_block *block)
{
	struct write_job *job = context;
	struct store_key key =
		key_candidate(block->header.view, &block->digest);

	if (block->stored)
		store_batch_delete(&job->changes, key.data, key.size);
}

static void end(struct apply *a, const struct ledger_sink *sink)
{
	struct node *n = a->n;
	struct ledger_update up;

	ledger_block_end(n->ledger, &up, sink);
	put_block(a, &up);
	add_results(a, &up);
	for (uint32_t i = 0; i < a->ref_count; i++)
		batchpool_remove(n->batches, &a->refs[i].digest);
	blockpool_prune(n->blocks, up.block.view, forget_candidate, a->job);
	drive_write(n, &a->job, block_is_durable, a->applied, &a->item->digest);
	a->applied = NULL;
	n->commit.applied_ms = clock_mono_ms();
}

bool apply_some(struct apply *a, uint64_t until_us)
{
	const struct ledger_sink sink = {put_state, a};

	do {
		while (!ledger_work_some(a->n->ledger, WORK_UNITS)) {
			if (clock_mono_us() >= until_us)
				return false;
		}
		if (clock_mono_us() >= until_us)
			return false;
	} while (apply_next(a));
	if (a->n->stopping)
		return false;
	while (!ledger_block_flush_some(a->n->ledger, &sink, FLUSH_RECORDS)) {
		if (clock_mono_us() >= until_us)
			return false;
	}
	end(a, &sink);
	return true;
}
