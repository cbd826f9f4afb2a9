#include "governance/delegate.h"

#include <inttypes.h>

/* A conditional edge names a type, so at most this many are cut by another. */
#define MADE_MAX (PROPOSAL_TYPES + 1)

/* What a delegation does to the principal's edges. */
struct plan {
	uint32_t ended[LIMIT_DELEGATIONS];
	uint32_t ended_count;
	struct edge made[MADE_MAX]; /* in order of creation */
	uint32_t made_count;
	uint64_t oldest; /* snapshot of an open vote */
	uint32_t alive;	 /* afterwards */
	uint32_t kept;	 /* afterwards, with what open votes need */
};

uint64_t oldest_snapshot(const struct governance *g)
{
	const struct accounts *a = &g->accounts;

	return a->snapshot_count > 0 ? a->snapshots[0].height : UINT64_MAX;
}

/* Does the new edge take the place of that one, in part at least? */
static bool replaces(const struct edge *made, const struct edge *held)
{
	if (made->kind != held->kind)
		return false;
	switch ((enum delegation_kind)made->kind) {
	case DELEGATION_FULL:
		return true;
	case DELEGATION_CONDITIONAL:
		return (made->types & held->types) != 0;
	case DELEGATION_LIMITED:
		break;
	}
	return made->target == held->target;
}

static struct edge *plan_edge(struct plan *p, const struct edge *like,
			      const struct governance_context *ctx)
{
	struct edge *edge = &p->made[p->made_count++];

	*edge = *like;
	edge->from = ctx->height + 1;
	edge->until = EDGE_FOREVER;
	return edge;
}

/* The edge at `index` ends, with what the new one leaves of it made anew. */
static void plan_end(struct plan *p, const struct governance *g,
		     const struct governance_context *ctx, uint32_t index,
		     const struct edge *made)
{
	const struct edge *held = &g->edges.pool[index];
	struct edge ended = *held;

	p->ended[p->ended_count++] = index;
	ended.until = ctx->height + 1;
	if (edge_is_needed(&ended, p->oldest))
		p->kept++;
	if (held->expires_ms > ctx->time_ms &&
	    held->kind == DELEGATION_CONDITIONAL &&
	    (held->types & ~made->types) != 0)
		plan_edge(p, held, ctx)->types &= (uint8_t)~made->types;
}

/* SPEC governance 10.1. Expired ones end, too: they take no room. */
static void plan_delegation(struct plan *p, const struct governance *g,
			    const struct governance_context *ctx,
			    const struct edge *made)
{
	uint32_t next = edges_owner(&g->edges, ctx->account).first_out;

	p->oldest = oldest_snapshot(g);
	p->ended_count = p->made_count = p->alive = p->kept = 0;
	for (; next != EDGE_NONE; next = g->edges.pool[next].next_out) {
		const struct edge *held = &g->edges.pool[next];

		if (edge_is_alive(held) &&
		    (held->expires_ms <= ctx->time_ms || replaces(made, held)))
			plan_end(p, g, ctx, next, made);
		else if (edge_is_needed(held, p->oldest))
			p->kept++;
		if (edge_is_alive(held))
			p->alive++;
	}
	plan_edge(p, made, ctx);
	p->alive += p->made_count - p->ended_count;
	p->kept += p->made_count;
}

static enum err check_shape(const struct governance_context *ctx,
			    const struct payload_delegate *d,
			    struct err_text *text)
{
	bool conditional = d->kind == DELEGATION_CONDITIONAL;
	bool limited = d->kind == DELEGATION_LIMITED;

	if (!delegation_kind_name(d->kind))
		return err_set(text, ERR_MALFORMED, "there is no kind %u",
			       d->kind);
	if (!d->has_target && !conditional)
		return err_set(
			text, ERR_MALFORMED,
			"only a conditional delegation may be to nobody");
	if (d->types > DELEGATION_TYPES_ALL || (d->types != 0) != conditional)
		return err_set(text, ERR_MALFORMED,
			       "types go with a conditional delegation");
	if ((d->amount != 0) != limited)
		return err_set(text, ERR_MALFORMED,
			       "an amount goes with a limited delegation");
	if (d->expires_ms != 0 && d->expires_ms <= ctx->time_ms)
		return err_set(text, ERR_MALFORMED,
			       "the delegation would have expired already");
	return ERR_OK;
}

/* The edge that the payload asks for; its target must be known. */
static enum err edge_of(struct edge *out, const struct governance *g,
			const struct governance_context *ctx,
			const struct payload_delegate *d, struct err_text *text)
{
	*out = (struct edge){
		.kind = (uint8_t)d->kind,
		.types = (uint8_t)d->types,
		.principal = ctx->account,
		.target = EDGE_NOBODY,
		.amount = d->amount,
		.expires_ms = d->expires_ms ? d->expires_ms : EDGE_FOREVER,
	};
	if (d->has_target &&
	    !accounts_find(&g->accounts, &out->target, &d->target))
		return err_set(text, ERR_UNKNOWN_ACCOUNT,
			       "the delegate has no account");
	if (out->target == ctx->account)
		return err_set(text, ERR_MALFORMED,
			       "an account cannot delegate to itself");
	return ERR_OK;
}

/* Changes it made in the epoch under way. */
static uint32_t changes_of(const struct governance *g, uint32_t account)
{
	const struct edge_owner owner = edges_owner(&g->edges, account);

	return owner.change_epoch == g->accounts.epoch ? owner.changes : 0;
}

static enum err check_rate(const struct governance *g, uint32_t account,
			   struct err_text *text)
{
	uint64_t max = governance_param_global(&g->params,
					       PARAM_DELEGATION_MAX_PER_EPOCH);

	if (changes_of(g, account) < max)
		return ERR_OK;
	return err_set(text, ERR_DELEGATION_RATE,
		       "the account made %" PRIu64 " in this epoch", max);
}

enum err delegate_check(const struct governance *g,
			const struct governance_context *ctx,
			const struct payload_delegate *d, struct err_text *text)
{
	struct edge edge;
	struct plan plan;
	enum err err = check_shape(ctx, d, text);

	if (err == ERR_OK)
		err = edge_of(&edge, g, ctx, d, text);
	if (err == ERR_OK)
		err = check_rate(g, ctx->account, text);
	if (err != ERR_OK)
		return err;
	plan_delegation(&plan, g, ctx, &edge);
	if (plan.alive > LIMIT_DELEGATIONS)
		return err_set(text, ERR_TOO_MANY_DELEGATIONS,
			       "the account would have %u; it may have %u",
			       plan.alive, LIMIT_DELEGATIONS);
	if (plan.kept > EDGES_KEPT_MAX)
		return err_set(text, ERR_TOO_MANY_DELEGATIONS,
			       "with those that open votes need the account "
			       "would have %u; it may have %u",
			       plan.kept, EDGES_KEPT_MAX);
	return ERR_OK;
}

static void tell(struct governance *g, const struct governance_context *ctx)
{
	const struct governance_event event = {
		.kind = EVENT_DELEGATION,
		.account = ctx->account,
	};

	entrust_do(g, ctx->account);
	g->globals_pending |= g->edges.owner[ctx->account].last_serial == 1;
	pending_edges(g, ctx->account);
	event_add(g, &event);
}

void delegate_apply(struct governance *g, const struct governance_context *ctx,
		    const struct payload_delegate *d)
{
	struct edges *e = &g->edges;
	struct edge_owner *owner;
	struct edge edge;
	struct plan plan;
	enum err err = edge_of(&edge, g, ctx, d, NULL);

	assert(err == ERR_OK);
	plan_delegation(&plan, g, ctx, &edge);
	edges_make_room(e, g->accounts.count);
	watch_delegation(g, &edge);
	entrust_undo(g, ctx->account);
	owner = &e->owner[ctx->account];
	owner->changes = changes_of(g, ctx->account) + 1;
	owner->change_epoch = g->accounts.epoch;
	for (uint32_t i = 0; i < plan.ended_count; i++)
		edges_end(e, plan.ended[i], ctx->height + 1);
	for (uint32_t i = 0; i < plan.made_count; i++) {
		plan.made[i].serial = owner->last_serial + 1;
		edges_add(e, &plan.made[i]);
	}
	edges_prune(e, ctx->account, plan.oldest);
	tell(g, ctx);
}

/* ---- Ending ---- */

/* The account's alive edge of that serial, or EDGE_NONE. */
static uint32_t find_serial(const struct governance *g, uint32_t account,
			    uint32_t serial)
{
	uint32_t next = edges_owner(&g->edges, account).first_out;

	while (next != EDGE_NONE && (g->edges.pool[next].serial != serial ||
				     !edge_is_alive(&g->edges.pool[next])))
		next = g->edges.pool[next].next_out;
	return next;
}

static bool has_alive(const struct governance *g, uint32_t account)
{
	uint32_t next = edges_owner(&g->edges, account).first_out;

	while (next != EDGE_NONE && !edge_is_alive(&g->edges.pool[next]))
		next = g->edges.pool[next].next_out;
	return next != EDGE_NONE;
}

enum err undelegate_check(const struct governance *g,
			  const struct governance_context *ctx,
			  const struct payload_undelegate *u,
			  struct err_text *text)
{
	if (u->count > LIMIT_DELEGATIONS)
		return err_set(text, ERR_TOO_LARGE,
			       "%u serials; there may be %u", u->count,
			       LIMIT_DELEGATIONS);
	for (uint32_t i = 1; i < u->count; i++)
		if (u->serials[i] <= u->serials[i - 1])
			return err_set(text, ERR_MALFORMED,
				       "the serials do not ascend");
	for (uint32_t i = 0; i < u->count; i++)
		if (find_serial(g, ctx->account, u->serials[i]) == EDGE_NONE)
			return err_set(text, ERR_UNKNOWN_DELEGATION,
				       "serial %u", u->serials[i]);
	if (u->count == 0 && !has_alive(g, ctx->account))
		return err_set(text, ERR_UNKNOWN_DELEGATION,
			       "the account has none");
	return ERR_OK;
}

void undelegate_apply(struct governance *g,
		      const struct governance_context *ctx,
		      const struct payload_undelegate *u)
{
	struct edges *e = &g->edges;
	uint32_t next = edges_owner(e, ctx->account).first_out;

	entrust_undo(g, ctx->account);
	for (uint32_t i = 0; i < u->count; i++)
		edges_end(e, find_serial(g, ctx->account, u->serials[i]),
			  ctx->height + 1);
	for (; u->count == 0 && next != EDGE_NONE;
	     next = e->pool[next].next_out)
		if (edge_is_alive(&e->pool[next]))
			edges_end(e, next, ctx->height + 1);
	edges_prune(e, ctx->account, oldest_snapshot(g));
	tell(g, ctx);
}
