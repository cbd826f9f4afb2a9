/* What happened in a block, told from what is stored: the same and in the same
 * order whenever it is asked for, so that place in the block names an event. */
#include "node/state.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/codec_tx.h"

#include <stdlib.h>

struct telling {
	struct node *n;
	admin_event_sink *sink;
	void *arg;
	const struct loaded_block *block;
	struct stored_event *changes; /* Owned. */
	size_t change_count;
	size_t told; /* of the changes */
	uint32_t position;
	struct arena arena;
};

static struct admin_event event_of(const struct telling *t,
				   enum admin_event_type type)
{
	const struct block_header *h = &t->block->block.header;

	return (struct admin_event){
		.type = type, .height = h->height, .time_ms = h->time_ms};
}

static void tell(struct telling *t, struct admin_event *ev)
{
	ev->position = t->position++;
	t->sink(t->arg, ev);
}

static struct public_key account_key(const struct node *n, uint32_t account)
{
	const struct governance_account *a =
		governance_account(ledger_governance(n->ledger), account);
	static const struct public_key NOBODY;

	return a ? a->key : NOBODY;
}

static void tell_block(struct telling *t)
{
	struct admin_event ev = event_of(t, ADMIN_EVENT_BLOCK);

	block_digest(&ev.hash, &t->n->genesis_hash, &t->block->block.header);
	ev.count = (uint32_t)t->block->block.result_count;
	tell(t, &ev);
}

static const char *alert_kind(const struct node *n, uint32_t number)
{
	const struct alert *a =
		governance_alert(ledger_governance(n->ledger), number);

	return a ? detector_name(a->kind) : NULL;
}

static void tell_change(struct telling *t, const struct stored_event *stored)
{
	const struct governance_event *e = &stored->event;
	const struct stored_block *b = &t->block->block;
	struct admin_event ev = event_of(t, ADMIN_EVENT_PROPOSAL);

	ev.account = account_key(t->n, e->account);
	ev.proposal = e->proposal;
	ev.state = e->state;
	ev.amount = e->amount;
	ev.has_tx = stored->result < b->result_count;
	if (ev.has_tx)
		ev.hash = b->results[stored->result].id;
	switch (e->kind) {
	case EVENT_STATE:
		break;
	case EVENT_AMENDED:
		ev.reason = "amended";
		break;
	case EVENT_BALLOT: /* told with its transaction */
		return;
	case EVENT_DELEGATION:
		ev.type = ADMIN_EVENT_DELEGATION;
		break;
	case EVENT_TRANSFER:
		ev.type = ADMIN_EVENT_TRANSFER;
		ev.other = account_key(t->n, e->other);
		break;
	case EVENT_EPOCH:
		ev.type = ADMIN_EVENT_EPOCH;
		break;
	case EVENT_DEPOSIT:
		ev.type = ADMIN_EVENT_DEPOSIT;
		ev.reason = deposit_event_name(e->from);
		break;
	case EVENT_PARAMETER:
		ev.type = ADMIN_EVENT_PARAMETER;
		ev.index = e->from;
		break;
	case EVENT_REPUTATION:
		ev.type = ADMIN_EVENT_REPUTATION;
		break;
	case EVENT_SETTING:
		ev.type = ADMIN_EVENT_SETTING;
		ev.reason = action_kind_name(e->from);
		break;
	case EVENT_VETO:
		ev.type = ADMIN_EVENT_VETO;
		break;
	case EVENT_ACT:
		ev.type = ADMIN_EVENT_ACT;
		ev.index = e->from;
		ev.reason = act_state_name((uint32_t)e->amount);
		break;
	case EVENT_END_MOVED:
		ev.reason = "end moved";
		break;
	case EVENT_ALERT:
		ev.type = ADMIN_EVENT_ALERT;
		ev.index = e->from;
		ev.reason = alert_kind(t->n, e->from);
		break;
	}
	tell(t, &ev);
}

/* Those of one result, EVENT_BY_TIME: of none. They are in order. */
static void tell_changes(struct telling *t, uint32_t result)
{
	while (t->told < t->change_count &&
	       t->changes[t->told].result == result)
		tell_change(t, &t->changes[t->told++]);
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
		tell(t, &ev);
	}
}

static void tell_result(struct telling *t, uint32_t index,
			const struct batch *batch)
{
	const struct ledger_result *r = &t->block->block.results[index];
	struct admin_event ev = event_of(t, ADMIN_EVENT_TX);

	ev.hash = r->id;
	ev.account = account_key(t->n, r->account);
	ev.index = index;
	ev.code = (uint32_t)r->code;
	ev.proposal = r->proposal;
	tell(t, &ev);
	if (r->code == ERR_OK && r->place.index < batch->count)
		tell_ballots(t, batch->txs[r->place.index], r);
	tell_changes(t, index);
}

/* The results that stand in one batch, from *next on. */
static enum err tell_batch(struct telling *t, uint32_t number, uint32_t *next)
{
	const struct stored_block *b = &t->block->block;
	struct store_key key = key_batch(&b->refs[number]);
	struct arena arena;
	struct batch batch;
	uint8_t *raw;
	size_t size;
	enum err e;

	if (*next == b->result_count || b->results[*next].place.batch != number)
		return ERR_OK; /* nothing of it took effect */
	e = blockstore_get(t->n->store, &key, &raw, &size);
	if (e != ERR_OK)
		return e;
	arena_init(&arena, CODEC_BATCH_ARENA_BYTES);
	e = batch_parse(&batch, &arena, (struct bytes){raw, size}, NULL);
	for (; e == ERR_OK && *next < b->result_count &&
	       b->results[*next].place.batch == number;
	     ++*next)
		tell_result(t, *next, &batch);
	arena_fini(&arena);
	free(raw);
	return e;
}

enum err backend_events_at(void *ctx, uint64_t height, admin_event_sink *sink,
			   void *arg)
{
	struct telling t = {.n = ctx, .sink = sink, .arg = arg};
	struct loaded_block b;
	uint32_t next = 0;
	enum err e = blockstore_load(t.n->store, &b, height);

	if (e != ERR_OK)
		return e;
	t.block = &b;
	arena_init(&t.arena, CODEC_TX_ARENA_BYTES);
	e = blockstore_get_events(t.n->store, height, &t.changes,
				  &t.change_count);
	if (e == ERR_OK) {
		tell_block(&t);
		tell_changes(&t, EVENT_BY_TIME);
	}
	for (uint32_t i = 0; e == ERR_OK && i < b.block.ref_count; i++)
		e = tell_batch(&t, i, &next);
	free(t.changes);
	arena_fini(&t.arena);
	loaded_block_fini(&b);
	return e;
}

/* --- As they happen --- */

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

	if (!admin_has_subscribers(n->admin) ||
	    backend_events_at(n, height, gather, &l) == ERR_OK) {
		admin_publish_block(n->admin, height, l.list, l.count);
	} else {
		log_error(ADMIN, "events of block %llu cannot be read",
			  (unsigned long long)height);
		admin_publish_later(n->admin, height);
	}
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
