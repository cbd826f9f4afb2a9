/* Finalised blocks, in order: applied to the ledger, written with everything
 * they changed in one store write, and then answered for. */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>

/* What waits for one block to be durable. */
struct applied {
	uint64_t height;
	uint64_t view;
	uint64_t time_ms;
	size_t count;
	struct txpool_outcome outcomes[];
};

void commit_init(struct node *n)
{
	const struct ledger_block *last = ledger_last_block(n->ledger);

	n->commit.tail = &n->commit.queue;
	n->commit.final_height = last->height;
	n->commit.final_digest = last->digest;
	n->commit.final_view = last->view;
	n->commit.durable_height = last->height;
	n->commit.durable_digest = last->digest;
	n->commit.durable_time_ms = last->time_ms;
	n->commit.durable_view = last->view;
}

static void item_fini(struct commit_item *item)
{
	for (uint32_t i = 0; item->batches && i < item->batch_count; i++)
		free((void *)item->batches[i].data);
	free(item->batches);
	free(item->refs);
	free(item->certificate);
}

static void pop(struct node *n)
{
	struct commit_item *item = n->commit.queue;

	n->commit.queue = item->next;
	if (!n->commit.queue)
		n->commit.tail = &n->commit.queue;
	n->commit.queued--;
	item_fini(item);
	free(item);
}

void commit_fini(struct node *n)
{
	while (n->commit.queue)
		pop(n);
}

void commit_push(struct node *n, struct commit_item *item)
{
	const struct pooled_block *b = blockpool_find(n->blocks, &item->digest);

	assert(item->header.height == n->commit.final_height + 1);
	n->commit.final_height = item->header.height;
	n->commit.final_digest = item->digest;
	n->commit.final_view = item->header.view;
	/* They are not for building any more. */
	for (uint32_t i = 0; b && i < b->ref_count; i++)
		batchpool_list(n->batches, &b->refs[i].digest, 1);
	item->next = NULL;
	*n->commit.tail = mem_copy(item, sizeof(*item));
	n->commit.tail = &(*n->commit.tail)->next;
	n->commit.queued++;
}

bool commit_wants_batch(const struct node *n, const struct hash *digest)
{
	const struct commit_item *item = n->commit.queue;
	const struct pooled_block *b;

	if (!item)
		return false;
	for (uint32_t i = 0; item->refs && i < item->batch_count; i++) {
		if (hash_equal(&item->refs[i].digest, digest))
			return true;
	}
	b = blockpool_find(n->blocks, &item->digest);
	for (uint32_t i = 0; b && i < b->ref_count; i++) {
		if (hash_equal(&b->refs[i].digest, digest))
			return true;
	}
	return false;
}

/* --- Is everything there? --- */

/* A synced block brings its references; from then on it is like any other. */
static struct pooled_block *find_body(struct node *n, struct commit_item *item)
{
	struct pooled_block *b = blockpool_find(n->blocks, &item->digest);
	struct bytes payload = {NULL, 0};
	struct err_text text;
	uint8_t *raw = NULL;

	if (b)
		return b;
	if (!item->synced && !hash_is_zero(&item->header.payload))
		return NULL;
	if (item->batch_count > 0) {
		struct writer w;

		raw = mem_alloc(PAYLOAD_BYTES_MAX);
		writer_init(&w, raw, PAYLOAD_BYTES_MAX);
		payload_write(&w, item->refs, item->batch_count);
		payload = (struct bytes){raw, w.size};
	}
	if (blockpool_add(n->blocks, &b, &item->header, payload, &text) !=
	    ERR_OK)
		b = NULL;
	free(raw);
	return b;
}

static bool is_ready(struct node *n, struct commit_item *item,
		     struct pooled_block **body)
{
	if (item->release_after > n->drive.durable_position)
		return false;
	*body = find_body(n, item);
	if (!*body) {
		uint64_t now = clock_mono_ms();

		if (now >= n->commit.asked_ms + 150) {
			n->commit.asked_ms = now;
			payload_request_block(n, &item->digest,
					      item->header.proposer);
		}
		return false;
	}
	if (item->batches)
		return true; /* All of them came along. */
	return payload_complete(n, *body);
}

/* --- Applying --- */

struct apply {
	struct node *n;
	struct write_job *job;
	struct applied *applied;
	size_t room;
	struct arena batch_arena;
	struct arena tx_arena;
};

static void put_state(void *context, struct bytes key, struct bytes value)
{
	struct apply *a = context;
	struct store_key k = key_state(key);

	blockstore_put(&a->job->changes, &k, value.data, value.size);
}

static struct txpool_outcome *add_outcome(struct apply *a)
{
	struct applied *list = a->applied;

	if (list->count == a->room) {
		a->room = 2 * a->room + 64;
		list = mem_resize(list,
				  sizeof(*list) +
					  a->room * sizeof(list->outcomes[0]));
		a->applied = list;
	}
	memset(&list->outcomes[list->count], 0, sizeof(list->outcomes[0]));
	return &list->outcomes[list->count++];
}

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
		struct txpool_outcome *o = add_outcome(a);

		o->id = tx.id;
		o->refused = e;
	}
}

static void apply_batch(struct apply *a, struct bytes raw, uint32_t number)
{
	struct batch batch;
	enum err e;

	arena_reset(&a->batch_arena);
	e = batch_parse(&batch, &a->batch_arena, raw, NULL);
	assert(e == ERR_OK);
	for (uint32_t i = 0; i < batch.count; i++) {
		const struct tx_place place = {.batch = number, .index = i};

		apply_tx(a, batch.txs[i], place);
	}
}

static void apply_one(struct apply *a, const struct commit_item *item,
		      const struct pooled_block *body, uint32_t i)
{
	const struct batch_ref *ref = &body->refs[i];
	const struct pooled_batch *b;
	struct store_key key = key_batch(ref);
	uint8_t *value;
	size_t size;
	enum err e;

	if (item->batches) {
		blockstore_put(&a->job->changes, &key, item->batches[i].data,
			       item->batches[i].size);
		apply_batch(a, item->batches[i], i);
		return;
	}
	b = batchpool_find(a->n->batches, &ref->digest);
	if (b) {
		apply_batch(a, (struct bytes){b->raw, b->size}, i);
		return;
	}
	e = blockstore_get(a->n->store, &key, &value, &size);
	if (e != ERR_OK) {
		node_fail(a->n, ERR_DATA_DAMAGED,
			  "batch %llu of validator %u cannot be read",
			  (unsigned long long)ref->sequence, ref->origin);
		return;
	}
	apply_batch(a, (struct bytes){value, size}, i);
	free(value);
}

static void put_block(struct apply *a, const struct commit_item *item,
		      const struct pooled_block *body,
		      const struct ledger_update *up)
{
	const struct stored_block s = {
		.header = item->header,
		.refs = body->refs,
		.ref_count = body->ref_count,
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
	for (uint32_t i = 0; i < body->ref_count; i++) {
		key = key_unfinished(&body->refs[i]);
		store_batch_delete(&a->job->changes, key.data, key.size);
	}
	for (size_t i = 0; i < up->result_count; i++)
		blockstore_put_tx(&a->job->changes, &up->results[i].id,
				  item->header.height, (uint32_t)i);
	blockstore_put_events(&a->job->changes, item->header.height, up);
}

static void add_results(struct apply *a, const struct ledger_update *up)
{
	if (txpool_count(a->n->txpool) == 0)
		return;
	for (size_t i = 0; i < up->result_count; i++) {
		const struct ledger_result *r = &up->results[i];
		struct txpool_outcome *o = add_outcome(a);

		o->id = r->id;
		o->height = up->block.height;
		o->index = (uint32_t)i;
		o->code = (uint32_t)r->code;
		o->proposal = r->proposal;
	}
}

/* The block is durable: now it may be acknowledged. */
static void block_is_durable(struct node *n, struct pending_write *w)
{
	struct applied *applied = w->subject;

	n->commit.durable_height = applied->height;
	n->commit.durable_digest = w->digest;
	n->commit.durable_time_ms = applied->time_ms;
	n->commit.durable_view = applied->view;
	net_set_height(n->net, applied->height);
	sync_tell(n);
	for (size_t i = 0; i < applied->count; i++)
		txpool_decided(n->txpool, &applied->outcomes[i]);
	backend_publish(n, applied->height);
	free(applied);
}

static void forget_candidate(void *context, const struct pooled_block *block)
{
	struct write_job *job = context;
	struct store_key key =
		key_candidate(block->header.view, &block->digest);

	if (block->stored)
		store_batch_delete(&job->changes, key.data, key.size);
}

static void apply_block(struct node *n, struct commit_item *item,
			struct pooled_block *body)
{
	const struct ledger_block block = {
		.height = item->header.height,
		.epoch = item->header.epoch,
		.view = item->header.view,
		.time_ms = item->header.time_ms,
		.digest = item->digest,
	};
	struct apply a = {.n = n, .job = write_job_new()};
	const struct ledger_sink sink = {put_state, &a};
	struct ledger_update up;

	a.applied = mem_alloc(sizeof(*a.applied));
	a.applied->height = block.height;
	a.applied->view = block.view;
	a.applied->time_ms = block.time_ms;
	arena_init(&a.batch_arena, CODEC_BATCH_ARENA_BYTES);
	arena_init(&a.tx_arena, CODEC_TX_ARENA_BYTES);
	ledger_block_begin(n->ledger, &block);
	for (uint32_t i = 0; i < body->ref_count; i++)
		apply_one(&a, item, body, i);
	ledger_block_end(n->ledger, &up, &sink);
	put_block(&a, item, body, &up);
	add_results(&a, &up);
	checks_after_block(n);
	arena_fini(&a.batch_arena);
	arena_fini(&a.tx_arena);
	for (uint32_t i = 0; i < body->ref_count; i++)
		batchpool_remove(n->batches, &body->refs[i].digest);
	blockpool_prune(n->blocks, block.view, forget_candidate, a.job);
	drive_write(n, &a.job, block_is_durable, a.applied, &item->digest);
	n->commit.applied_ms = clock_mono_ms();
}

void commit_run(struct node *n)
{
	struct pooled_block *body;
	bool moved = false;

	if (n->commit.running)
		return; /* Called again from within. */
	n->commit.running = true;
	while (!n->stopping && n->commit.queue &&
	       is_ready(n, n->commit.queue, &body)) {
		apply_block(n, n->commit.queue, body);
		pop(n);
		moved = true;
	}
	n->commit.running = false;
	if (!moved)
		return;
	node_update_work(n);
	node_consider_sealing(n);
	sync_continue(n);
}
