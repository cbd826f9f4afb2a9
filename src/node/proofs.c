/* Receipts made from what is stored, and events told again. */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/receipt.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>

/* Room for the lists of hashes of one batch and one block. */
#define RECEIPT_ARENA_BYTES (64u * 1024u * 1024u)

struct making {
	struct node *n;
	struct receipt receipt;
	struct arena arena;
	struct loaded_block block;
	uint32_t index; /* among the block's results */
	struct block_header headers[RECEIPT_HEADERS_MAX];
	uint8_t *batch_raw, *certificate_raw, *checkpoint_raw;
};

static enum err add_transaction(struct making *m)
{
	const struct tx_place place = m->block.block.results[m->index].place;
	const struct batch_ref *ref;
	struct store_key key;
	struct batch batch;
	size_t size;
	enum err e;

	if (place.batch >= m->block.block.ref_count)
		return ERR_DATA_DAMAGED;
	ref = &m->block.block.refs[place.batch];
	key = key_batch(ref);
	e = blockstore_get(m->n->store, &key, &m->batch_raw, &size);
	if (e == ERR_OK)
		e = batch_parse(&batch, &m->arena,
				(struct bytes){m->batch_raw, size}, NULL);
	if (e == ERR_OK)
		e = receipt_set_batch(&m->receipt, &m->arena,
				      &m->n->genesis_hash, &batch, place.index);
	if (e == ERR_OK)
		e = receipt_set_block(&m->receipt, &m->arena,
				      m->block.block.refs,
				      m->block.block.ref_count, place.batch);
	return e;
}

static enum err add_headers(struct making *m)
{
	uint64_t height = m->block.block.header.height, certified;
	struct reader r;
	size_t size;
	enum err e = serve_find_finalization(m->n, height, &certified,
					     &m->certificate_raw, &size);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_NOT_READY : e;
	if (certified - height >= RECEIPT_HEADERS_MAX)
		return ERR_NOT_FOUND;
	for (uint64_t h = height; h <= certified; h++) {
		struct loaded_block b;

		e = blockstore_load(m->n->store, &b, h);
		if (e != ERR_OK)
			return e;
		m->headers[m->receipt.header_count++] = b.block.header;
		loaded_block_fini(&b);
	}
	m->receipt.headers = m->headers;
	reader_init(&r, m->certificate_raw, size);
	certificate_read(&r, &m->receipt.certificate);
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

struct first_checkpoint {
	uint8_t *raw;
	size_t size;
};

static bool take_checkpoint(void *context, struct bytes key, struct bytes value)
{
	struct first_checkpoint *f = context;

	(void)key;
	f->raw = mem_copy(value.data, value.size);
	f->size = value.size;
	return false;
}

static enum err find_checkpoint(struct making *m, uint64_t height)
{
	struct store_key from = key_checkpoint(height);
	struct first_checkpoint f = {NULL, 0};
	struct reader r;
	enum err e =
		store_scan(m->n->store, (struct bytes){(const uint8_t *)"k", 1},
			   (struct bytes){from.data, from.size}, 1,
			   take_checkpoint, &f, NULL);

	m->checkpoint_raw = f.raw;
	if (e != ERR_OK)
		return e;
	if (!f.raw)
		return ERR_NOT_FOUND;
	reader_init(&r, f.raw, f.size);
	checkpoint_certificate_read(&r, &m->receipt.checkpoint);
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

/* The outcome part, when a certificate covers the block already. A node that
 * lacks a certificate of that very span leaves it out. */
static enum err add_outcome(struct making *m)
{
	uint64_t height = m->block.block.header.height;
	struct receipt_outcome *list = NULL;
	const struct checkpoint *c;
	size_t count = 0;
	enum err e = find_checkpoint(m, height);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	c = &m->receipt.checkpoint.checkpoint;
	if (c->previous >= height)
		return ERR_OK;
	list = mem_alloc((size_t)(c->height - c->previous) * sizeof(*list));
	for (uint64_t h = c->previous + 1; e == ERR_OK && h <= c->height; h++) {
		struct loaded_block b;

		e = blockstore_load(m->n->store, &b, h);
		if (e != ERR_OK)
			break;
		if (b.block.result_count > 0) {
			list[count].height = h;
			stored_results_root(&list[count++].results_root,
					    &b.block);
		}
		loaded_block_fini(&b);
	}
	if (e == ERR_OK)
		e = receipt_set_outcome(&m->receipt, &m->arena,
					&m->block.block.results[m->index].id,
					&m->block.block, list, count);
	free(list);
	return e;
}

static enum err encode(struct making *m, struct admin_bytes *out)
{
	struct writer w;
	uint8_t *head = mem_alloc(genesis_head_size(m->n->genesis));

	writer_init(&w, head, genesis_head_size(m->n->genesis));
	genesis_write_head(&w, m->n->genesis);
	m->receipt.genesis_head = (struct bytes){head, w.size};
	genesis_accounts_hash(&m->receipt.genesis_accounts, m->n->genesis);
	out->size = receipt_size(&m->receipt);
	out->data = mem_alloc(out->size);
	writer_init(&w, out->data, out->size);
	receipt_write(&w, &m->receipt);
	assert(!w.bad);
	free(head);
	return ERR_OK;
}

enum err backend_receipt(void *ctx, const struct hash *id,
			 struct admin_bytes *out)
{
	struct making *m;
	uint64_t height;
	uint32_t index;
	struct node *n = ctx;
	enum err e = blockstore_find_tx(n->store, id, &height, &index);

	if (e != ERR_OK)
		return e;
	m = mem_alloc(sizeof(*m));
	m->n = n;
	m->index = index;
	e = blockstore_load(n->store, &m->block, height);
	if (e != ERR_OK) {
		free(m);
		return e;
	}
	arena_init(&m->arena, RECEIPT_ARENA_BYTES);
	e = index < m->block.block.result_count &&
			    hash_equal(&m->block.block.results[index].id, id)
		    ? add_transaction(m)
		    : ERR_NOT_FOUND;
	if (e == ERR_OK)
		e = add_headers(m);
	if (e == ERR_OK)
		e = add_outcome(m);
	if (e == ERR_OK)
		e = encode(m, out);
	loaded_block_fini(&m->block);
	arena_fini(&m->arena);
	free(m->batch_raw);
	free(m->certificate_raw);
	free(m->checkpoint_raw);
	free(m);
	return e;
}

/* --- Events --- */

struct telling {
	struct node *n;
	admin_event_sink *sink;
	void *arg;
	const struct block_header *header;
	struct arena arena;
};

static struct admin_event event_of(const struct telling *t,
				   enum admin_event_type type)
{
	return (struct admin_event){.type = type,
				    .height = t->header->height,
				    .time_ms = t->header->time_ms};
}

static struct public_key account_key(const struct node *n, uint32_t account)
{
	const struct governance_account *a =
		governance_account(ledger_governance(n->ledger), account);
	static const struct public_key NOBODY;

	return a ? a->key : NOBODY;
}

static const char *alert_kind(const struct node *n, uint32_t number)
{
	const struct alert *a =
		governance_alert(ledger_governance(n->ledger), number);

	return a ? detector_name(a->kind) : NULL;
}

static void tell_change(void *context, const struct governance_event *e)
{
	struct telling *t = context;
	struct admin_event ev = event_of(t, ADMIN_EVENT_PROPOSAL);

	ev.proposal = e->proposal;
	ev.state = e->state;
	ev.account = account_key(t->n, e->account);
	ev.reason = e->kind == EVENT_AMENDED ? "amended" : NULL;
	if (e->kind == EVENT_ALERT) {
		ev.type = ADMIN_EVENT_ALERT;
		ev.index = e->from;
		ev.reason = alert_kind(t->n, e->from);
	}
	t->sink(t->arg, &ev);
}

static void tell_ballots(struct telling *t, struct bytes raw,
			 const struct ledger_result *r)
{
	struct tx tx;

	arena_reset(&t->arena);
	if (codec_tx_decode(&tx, &t->arena, &t->n->genesis_hash, raw, NULL) !=
		    ERR_OK ||
	    tx.payload.kind != PAYLOAD_VOTE)
		return;
	for (uint32_t i = 0; i < tx.payload.vote.count; i++) {
		struct admin_event ev = event_of(t, ADMIN_EVENT_BALLOT);

		ev.hash = r->id;
		ev.account = tx.account;
		ev.proposal = tx.payload.vote.ballots[i].proposal;
		ev.choice = tx.payload.vote.ballots[i].choice;
		t->sink(t->arg, &ev);
	}
}

static void tell_results(struct telling *t, const struct loaded_block *b,
			 uint32_t number, struct bytes raw)
{
	struct arena arena;
	struct batch batch;

	arena_init(&arena, CODEC_BATCH_ARENA_BYTES);
	if (batch_parse(&batch, &arena, raw, NULL) != ERR_OK)
		batch.count = 0;
	for (size_t i = 0; i < b->block.result_count; i++) {
		const struct ledger_result *r = &b->block.results[i];
		struct admin_event ev = event_of(t, ADMIN_EVENT_TX);

		if (r->place.batch != number || r->place.index >= batch.count)
			continue;
		ev.hash = r->id;
		ev.account = account_key(t->n, r->account);
		ev.index = (uint32_t)i;
		ev.code = (uint32_t)r->code;
		ev.proposal = r->proposal;
		t->sink(t->arg, &ev);
		if (r->code == ERR_OK)
			tell_ballots(t, batch.txs[r->place.index], r);
	}
	arena_fini(&arena);
}

enum err backend_events_at(void *ctx, uint64_t height, admin_event_sink *sink,
			   void *arg)
{
	struct telling t = {.n = ctx, .sink = sink, .arg = arg};
	struct admin_event ev;
	struct loaded_block b;
	enum err e = blockstore_load(t.n->store, &b, height);

	if (e != ERR_OK)
		return e;
	t.header = &b.block.header;
	arena_init(&t.arena, CODEC_TX_ARENA_BYTES);
	ev = event_of(&t, ADMIN_EVENT_BLOCK);
	block_digest(&ev.hash, &t.n->genesis_hash, t.header);
	ev.count = (uint32_t)b.block.result_count;
	sink(arg, &ev);
	for (uint32_t i = 0; e == ERR_OK && i < b.block.ref_count; i++) {
		struct store_key key = key_batch(&b.block.refs[i]);
		uint8_t *raw;
		size_t size;

		e = blockstore_get(t.n->store, &key, &raw, &size);
		if (e != ERR_OK)
			break;
		tell_results(&t, &b, i, (struct bytes){raw, size});
		free(raw);
	}
	if (e == ERR_OK)
		e = blockstore_get_events(t.n->store, height, tell_change, &t);
	arena_fini(&t.arena);
	loaded_block_fini(&b);
	return e;
}

struct event_list {
	struct admin_event *list;
	size_t count, room;
};

static void gather(void *arg, const struct admin_event *event)
{
	struct event_list *l = arg;

	if (l->count == l->room) {
		l->room = 2 * l->room + 64;
		l->list = mem_resize(l->list, l->room * sizeof(*l->list));
	}
	l->list[l->count++] = *event;
}

void backend_publish(struct node *n, uint64_t height)
{
	struct event_list l = {0};

	if (admin_has_subscribers(n->admin) &&
	    backend_events_at(n, height, gather, &l) != ERR_OK)
		log_error(ADMIN, "events of block %llu cannot be read",
			  (unsigned long long)height);
	admin_publish_block(n->admin, height, l.list, l.count);
	free(l.list);
}

void backend_publish_peer(struct node *n, const struct public_key *peer,
			  bool up)
{
	const struct admin_event ev = {.type = ADMIN_EVENT_PEER,
				       .height = n->commit.durable_height,
				       .time_ms = clock_wall_ms(),
				       .account = *peer,
				       .reason = up ? "up" : "down"};

	admin_publish(n->admin, &ev);
}

void backend_publish_checkpoint(struct node *n, const struct checkpoint *c)
{
	const struct admin_event ev = {.type = ADMIN_EVENT_CHECKPOINT,
				       .height = c->height,
				       .time_ms = c->time_ms,
				       .hash = c->state_root};

	admin_publish(n->admin, &ev);
}
