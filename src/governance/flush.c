#include "governance/internal.h"

#include "base/arena.h"
#include "governance/account_record.h"

#include <stdlib.h>
#include <string.h>

/* A new one, or the record's earlier one emptied of its text. `*slot` is
 * where the record's owner remembers it. */
static struct pending *pending_at(struct governance *g, uint32_t *slot)
{
	struct pending *p;

	if (*slot == 0) {
		if (g->pending_count == g->pending_capacity) {
			g->pending_capacity = g->pending_capacity
						      ? 2 * g->pending_capacity
						      : 64;
			g->pending = mem_resize(
				g->pending, g->pending_capacity * sizeof(*p));
		}
		*slot = ++g->pending_count;
		memset(&g->pending[*slot - 1], 0, sizeof(*p));
	}
	p = &g->pending[*slot - 1];
	free(p->text);
	p->text = NULL;
	return p;
}

static void keep_text(struct pending *p, struct bytes a, struct bytes b)
{
	p->title_size = a.size;
	p->size = a.size + b.size;
	if (p->size == 0)
		return;
	p->text = mem_alloc(p->size);
	if (a.size > 0)
		memcpy(p->text, a.data, a.size);
	if (b.size > 0)
		memcpy(p->text + a.size, b.data, b.size);
}

void pending_proposal(struct governance *g, struct entry *e)
{
	struct pending *p = pending_at(g, &e->pending_record);

	index_touch(g->index, e->p.number);
	p->kind = PENDING_PROPOSAL;
	p->number = e->p.number;
}

void pending_texts(struct governance *g, struct entry *e, struct bytes title,
		   struct bytes description)
{
	struct pending *p = pending_at(g, &e->pending_texts);

	p->kind = PENDING_TEXTS;
	p->number = e->p.number;
	keep_text(p, title, description);
}

void pending_actions(struct governance *g, struct entry *e,
		     struct bytes actions)
{
	struct pending *p = pending_at(g, &e->pending_actions);

	p->kind = PENDING_ACTIONS;
	p->number = e->p.number;
	keep_text(p, actions, (struct bytes){NULL, 0});
}

void pending_ballot(struct governance *g, struct entry *e,
		    struct governance_ballot *ballot, const struct power *own,
		    struct bytes reason)
{
	struct pending *p = pending_at(g, &ballot->pending);

	p->kind = PENDING_BALLOT;
	p->number = e->p.number;
	p->account = ballot->account;
	p->position = (uint32_t)(ballot - e->ballots.list);
	p->tokens = own->tokens;
	p->reputation = own->reputation;
	keep_text(p, reason, (struct bytes){NULL, 0});
}

void pending_reason(struct governance *g, struct entry *e, struct bytes reason)
{
	struct pending *p = pending_at(g, &e->pending_reason);

	p->kind = PENDING_REASON;
	p->number = e->p.number;
	keep_text(p, reason, (struct bytes){NULL, 0});
}

void pending_vetoes(struct governance *g, struct entry *e)
{
	struct pending *p = pending_at(g, &e->vetoes.pending);

	p->kind = PENDING_VETOES;
	p->number = e->p.number;
}

void pending_act(struct governance *g, struct act_entry *a)
{
	struct pending *p = pending_at(g, &a->pending);

	p->kind = PENDING_ACT;
	p->number = a->act.number;
}

void pending_carried(struct governance *g, const struct entry *e,
		     struct carried *carried)
{
	struct pending *p = pending_at(g, &carried->pending);

	p->kind = PENDING_CARRIED;
	p->number = e->p.number;
	p->account = carried->account;
}

void pending_edges(struct governance *g, uint32_t account)
{
	struct pending *p = pending_at(g, &g->edges.owner[account].pending);

	p->kind = PENDING_EDGES;
	p->account = account;
}

void pending_watch(struct governance *g, struct entry *e)
{
	struct pending *p = pending_at(g, &e->watching.pending);

	p->kind = PENDING_WATCH;
	p->number = e->p.number;
}

void pending_fini(struct governance *g)
{
	for (uint32_t i = 0; i < g->pending_count; i++)
		free(g->pending[i].text);
	free(g->pending);
}

struct output {
	void (*sink)(void *context, struct bytes key, struct bytes value);
	void *context;
	struct governance_key key;
	uint64_t oldest; /* snapshot of an open vote */
	struct edges_record edges;
	struct writer w;
	uint8_t value[GOVERNANCE_RECORD_BYTES_MAX];
};

static void output_init(struct output *out, const struct governance *g,
			void (*sink)(void *context, struct bytes key,
				     struct bytes value),
			void *context)
{
	out->sink = sink;
	out->context = context;
	out->oldest = oldest_snapshot(g);
	writer_init(&out->w, out->value, sizeof(out->value));
}

static void emit(struct output *out)
{
	assert(!out->w.bad);
	out->sink(out->context, (struct bytes){out->key.data, out->key.size},
		  (struct bytes){out->w.data, out->w.size});
	writer_init(&out->w, out->value, sizeof(out->value));
}

static void flush_account(struct governance *g, struct output *out,
			  uint32_t index)
{
	struct governance_account *x = &g->accounts.list[index];

	x->changed = false;
	accounts_settle(&g->accounts, x);
	governance_key_account(&out->key, index);
	account_record_write(&out->w, x);
	emit(out);
	if (index < g->keys_flushed)
		return;
	governance_key_public_key(&out->key, &x->key);
	write_u32(&out->w, index);
	emit(out);
}

/* In the order in which they changed first; true when none is left. */
static bool flush_accounts(struct governance *g, struct output *out,
			   uint32_t budget)
{
	struct accounts *a = &g->accounts;

	for (; a->changed_flushed < a->changed_count && budget > 0; budget--)
		flush_account(g, out, a->changed[a->changed_flushed++]);
	if (a->changed_flushed < a->changed_count)
		return false;
	a->changed_flushed = 0;
	a->changed_count = 0;
	g->keys_flushed = a->count;
	return true;
}

static void flush_ballot(struct output *out, struct entry *e,
			 const struct pending *p)
{
	struct governance_ballot *b = &e->ballots.list[p->position];
	const struct ballot_record record = {
		.choice = b->choice,
		.changes = b->changes,
		.position = p->position,
		.nonce = b->nonce,
		.height = b->height,
		.tokens = p->tokens,
		.reputation = p->reputation,
		.reason = {p->text, p->size},
	};

	b->pending = 0;
	governance_key_ballot(&out->key, p->number, b->account);
	ballot_record_write(&out->w, &record);
	emit(out);
}

static void flush_proposal(struct output *out, struct entry *e)
{
	e->pending_record = 0;
	governance_key_proposal(&out->key, e->p.number);
	proposal_record_write(&out->w, &e->p);
	emit(out);
}

static void flush_texts(struct output *out, struct entry *e,
			const struct pending *p)
{
	const struct bytes title = {p->text, p->title_size};
	const struct bytes description = {p->text + p->title_size,
					  p->size - p->title_size};

	e->pending_texts = 0;
	governance_key_texts(&out->key, p->number);
	texts_record_write(&out->w, title, description);
	emit(out);
}

static void flush_actions(struct output *out, struct entry *e,
			  const struct pending *p)
{
	e->pending_actions = 0;
	governance_key_actions(&out->key, p->number);
	write_bytes(&out->w, p->text, p->size);
	emit(out);
}

static void flush_vetoes(struct output *out, struct entry *e)
{
	e->vetoes.pending = 0;
	governance_key_vetoes(&out->key, e->p.number);
	vetoes_record_write(&out->w, &e->vetoes);
	emit(out);
}

static void flush_act(struct output *out, struct act_entry *a)
{
	a->pending = 0;
	governance_key_act(&out->key, a->act.number);
	act_record_write(&out->w, a);
	emit(out);
}

static void flush_reason(struct output *out, struct entry *e,
			 const struct pending *p)
{
	e->pending_reason = 0;
	governance_key_reason(&out->key, p->number);
	reason_record_write(&out->w, (struct bytes){p->text, p->size});
	emit(out);
}

static void flush_carried(struct output *out, const struct entry *e,
			  const struct pending *p)
{
	struct carried *carried = carry_of(&e->carry, p->account);

	carried->pending = 0;
	governance_key_carried(&out->key, p->number, p->account);
	carried_record_write(&out->w, &carried->power);
	emit(out);
}

static void flush_edges(struct governance *g, struct output *out,
			uint32_t account)
{
	struct edge_owner *owner = &g->edges.owner[account];
	struct edges_record *record = &out->edges;

	owner->pending = 0;
	record->last_serial = owner->last_serial;
	record->change_epoch = owner->change_epoch;
	record->changes = owner->changes;
	record->count = 0;
	for (uint32_t i = owner->first_out; i != EDGE_NONE;
	     i = g->edges.pool[i].next_out) {
		const struct edge *edge = &g->edges.pool[i];

		if (!edge_is_needed(edge, out->oldest))
			continue;
		assert(record->count < EDGES_KEPT_MAX);
		record->edge[record->count++] = *edge;
	}
	governance_key_edges(&out->key, account);
	edges_record_write(&out->w, record);
	emit(out);
}

static void flush_watch(struct output *out, struct entry *e)
{
	e->watching.pending = 0;
	governance_key_watch(&out->key, e->p.number);
	watch_record_write(&out->w, e);
	emit(out);
}

static void flush_alerts(struct governance *g, struct output *out)
{
	struct watchers *w = &g->watchers;

	if (w->funnels_pending) {
		w->funnels_pending = false;
		governance_key_watch(&out->key, 0);
		funnels_record_write(&out->w, &w->funnels);
		emit(out);
	}
	for (; w->alerts_flushed < w->alert_count; w->alerts_flushed++) {
		const struct alert *a = &w->alerts[w->alerts_flushed];

		governance_key_alert(&out->key, a->number);
		alert_record_write(&out->w, a);
		emit(out);
	}
}

static void flush_pending(struct governance *g, struct output *out,
			  struct pending *p)
{
	struct entry *e = entry_of(g, p->number);

	switch (p->kind) {
	case PENDING_BALLOT:
		flush_ballot(out, e, p);
		break;
	case PENDING_PROPOSAL:
		flush_proposal(out, e);
		break;
	case PENDING_TEXTS:
		flush_texts(out, e, p);
		break;
	case PENDING_ACTIONS:
		flush_actions(out, e, p);
		break;
	case PENDING_REASON:
		flush_reason(out, e, p);
		break;
	case PENDING_CARRIED:
		flush_carried(out, e, p);
		break;
	case PENDING_EDGES:
		flush_edges(g, out, p->account);
		break;
	case PENDING_WATCH:
		flush_watch(out, e);
		break;
	case PENDING_VETOES:
		flush_vetoes(out, e);
		break;
	case PENDING_ACT:
		flush_act(out, g->acts.list[p->number - 1]);
		break;
	}
	free(p->text);
	p->text = NULL;
}

/* By key: neighbours in the state tree and in the store follow each other. */
static int by_key(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->account > y->account) - (x->account < y->account);
}

/* Sorted by slices: a host that wants few records at a time must not wait for
 * the order of all. */
static bool flush_slice(struct governance *g, struct output *out,
			uint32_t budget)
{
	uint32_t left = g->pending_count - g->pending_flushed;
	struct pending *slice;

	if (left == 0)
		return true;
	slice = g->pending + g->pending_flushed;
	if (budget > left)
		budget = left;
	if (budget > 1)
		qsort(slice, budget, sizeof(*slice), by_key);
	for (uint32_t i = 0; i < budget; i++)
		flush_pending(g, out, &slice[i]);
	g->pending_flushed += budget;
	if (g->pending_flushed < g->pending_count)
		return false;
	g->pending_flushed = 0;
	g->pending_count = 0;
	return true;
}

/* What there is once. */
static void flush_single(struct governance *g, struct output *out)
{
	if (g->params_pending) {
		governance_key_single(&out->key, RECORD_PARAMS);
		params_record_write(&out->w, &g->params, &g->settings);
		emit(out);
	}
	if (g->settings_pending) {
		governance_key_single(&out->key, RECORD_SETTINGS);
		settings_record_write(&out->w, &g->settings);
		emit(out);
	}
	if (g->globals_pending) {
		governance_key_single(&out->key, RECORD_GLOBALS);
		globals_record_write(&out->w, g);
		emit(out);
	}
	g->params_pending = false;
	g->settings_pending = false;
	g->globals_pending = false;
}

bool governance_flush_some(struct governance *g,
			   void (*sink)(void *context, struct bytes key,
					struct bytes value),
			   void *context, uint32_t budget)
{
	struct output out;

	work_finish(g);
	output_init(&out, g, sink, context);
	return flush_accounts(g, &out, budget) && flush_slice(g, &out, budget);
}

void governance_flush(struct governance *g,
		      void (*sink)(void *context, struct bytes key,
				   struct bytes value),
		      void *context)
{
	struct output out;

	work_finish(g);
	output_init(&out, g, sink, context);
	flush_accounts(g, &out, UINT32_MAX);
	flush_slice(g, &out, UINT32_MAX);
	flush_alerts(g, &out);
	flush_single(g, &out);
}
