#include "governance/carry.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

void carry_fini(struct carry *c)
{
	voters_fini(&c->voters);
	free(c->list);
	free(c->slots);
	memset(c, 0, sizeof(*c));
}

/* The slot that holds the account, or the free one for it. */
static uint32_t *seek(const struct carry *c, uint32_t account)
{
	uint32_t mask = c->slot_count - 1;
	uint32_t at = (account * UINT32_C(0x9e3779b1) >> 7) & mask;

	while (c->slots[at] != 0 &&
	       c->list[c->slots[at] - 1].account != account)
		at = (at + 1) & mask;
	return &c->slots[at];
}

struct carried *carry_of(const struct carry *c, uint32_t account)
{
	uint32_t held = c->slot_count == 0 ? 0 : *seek(c, account);

	return held ? &c->list[held - 1] : NULL;
}

static void make_room(struct carry *c)
{
	if (c->count == c->capacity) {
		c->capacity = c->capacity ? 2 * c->capacity : 8;
		c->list = mem_resize(c->list, c->capacity * sizeof(*c->list));
	}
	if (c->count + 1 <= c->slot_count / 4 * 3)
		return;
	free(c->slots);
	c->slot_count = c->slot_count ? 2 * c->slot_count : 16;
	c->slots = mem_alloc(c->slot_count * sizeof(*c->slots));
	for (uint32_t i = 0; i < c->count; i++)
		*seek(c, c->list[i].account) = i + 1;
}

struct carried *carry_add(struct carry *c, uint32_t account)
{
	struct carried *held;

	assert(!carry_of(c, account));
	make_room(c);
	held = &c->list[c->count++];
	memset(held, 0, sizeof(*held));
	held->account = account;
	*seek(c, account) = c->count;
	return held;
}

/* ---- Parcels ---- */

/* SPEC governance 10.3: the part of `whole` that belongs to 1 or more `tokens`
 * of it, rounded down. */
static struct power pro_rata(const struct power *whole, uint64_t tokens)
{
	unsigned __int128 quadratic =
		(unsigned __int128)whole->quadratic * tokens;
	unsigned __int128 reputation =
		(unsigned __int128)whole->reputation * tokens;

	return (struct power){
		.tokens = tokens,
		.quadratic = (uint64_t)(quadratic / whole->tokens),
		.reputation = (uint64_t)(reputation / whole->tokens),
	};
}

bool parcels_of(struct parcels *out, const struct carry_graph *g,
		uint32_t account)
{
	const struct edges *e = g->edges;
	uint32_t next = edges_owner(e, account).first_out;
	struct power whole;

	out->count = 0;
	if (!accounts_power_at(g->accounts, account, &g->at, &out->rest))
		return false;
	whole = out->rest;
	for (; next != EDGE_NONE; next = e->pool[next].next_out) {
		const struct edge *edge = &e->pool[next];
		struct parcel *p = &out->limited[out->count];

		if (edge->kind != DELEGATION_LIMITED ||
		    !edge_is_seen(edge, &g->at) || out->rest.tokens == 0)
			continue;
		assert(out->count < LIMIT_DELEGATIONS);
		p->edge = next;
		p->power = pro_rata(&whole, edge->amount < out->rest.tokens
						    ? edge->amount
						    : out->rest.tokens);
		power_subtract(&out->rest, &p->power);
		out->count++;
	}
	return true;
}

/* What the principal of an edge that is seen sends over it. */
static void parcel_over(struct power *out, const struct carry_graph *g,
			uint32_t index)
{
	const struct edge *edge = &g->edges->pool[index];
	struct parcels parcels;

	memset(out, 0, sizeof(*out));
	if (edge->sole && edge->kind != DELEGATION_LIMITED) {
		accounts_power_at(g->accounts, edge->principal, &g->at, out);
		return;
	}
	if (!parcels_of(&parcels, g, edge->principal))
		return;
	if (edge->kind != DELEGATION_LIMITED)
		*out = parcels.rest;
	for (uint32_t i = 0; i < parcels.count; i++)
		if (parcels.limited[i].edge == index)
			*out = parcels.limited[i].power;
}

/* ---- Walks ---- */

static uint32_t next_of(const struct carry_graph *g, uint32_t account)
{
	uint32_t edge = edges_effective(g->edges, account, g->type, &g->at);

	return edge == EDGE_NONE ? EDGE_NOBODY : g->edges->pool[edge].target;
}

static void spend(uint32_t *budget, uint32_t units)
{
	*budget -= units < *budget ? units : *budget;
}

/* Who carried, before `voter` voted, what arrives at `at` after *hops hops;
 * *hops becomes those to the carrier. EDGE_NONE: nobody within the depth. */
static uint32_t carrier_from(const struct carry *c, const struct carry_graph *g,
			     uint32_t voter, uint32_t at, uint32_t *hops,
			     uint32_t *budget)
{
	for (; at != EDGE_NOBODY && *hops <= g->depth; ++*hops) {
		if (at != voter && voters_has(&c->voters, at))
			return at;
		spend(budget, CARRY_LOOK_UNITS);
		at = next_of(g, at);
	}
	return EDGE_NONE;
}

void carry_left(struct power *out, const struct carry *c,
		const struct carry_graph *g, uint32_t account)
{
	struct parcels parcels;
	uint32_t hops = 1, no_budget = 0;

	memset(out, 0, sizeof(*out));
	if (!parcels_of(&parcels, g, account))
		return;
	if (carrier_from(c, g, account, next_of(g, account), &hops,
			 &no_budget) == EDGE_NONE)
		power_add(out, &parcels.rest);
	for (uint32_t i = 0; i < parcels.count; i++) {
		const struct parcel *p = &parcels.limited[i];

		hops = 1;
		if (carrier_from(c, g, account, g->edges->pool[p->edge].target,
				 &hops, &no_budget) == EDGE_NONE)
			power_add(out, &p->power);
	}
}

static void add_move(struct carry_walk *w, uint32_t carrier,
		     const struct power *power)
{
	struct carry_move *move;

	if (carrier == EDGE_NONE)
		return;
	move = &w->moves[w->move_count++];
	move->carrier = carrier;
	move->power = *power;
}

/* The voter's own parcels come home, each from whoever carried it. */
static void recall(struct carry_walk *w, const struct carry *c,
		   const struct carry_graph *g, uint32_t *budget)
{
	struct parcels parcels;

	if (!parcels_of(&parcels, g, w->voter))
		return;
	add_move(w, w->carrier, &parcels.rest);
	for (uint32_t i = 0; i < parcels.count; i++) {
		const struct parcel *p = &parcels.limited[i];
		uint32_t hops = 1;

		add_move(w,
			 carrier_from(c, g, w->voter,
				      g->edges->pool[p->edge].target, &hops,
				      budget),
			 &p->power);
	}
}

void carry_walk_begin(struct carry_walk *w, const struct carry *c,
		      const struct carry_graph *g, uint32_t voter,
		      uint32_t *budget)
{
	const struct edge_owner own = edges_owner(g->edges, voter);

	assert(voters_has(&c->voters, voter));
	w->voter = voter;
	w->carrier = EDGE_NONE;
	w->move_count = 0;
	memset(&w->gained, 0, sizeof(w->gained));
	w->level = own.first_in == EDGE_NONE ? 0 : 1;
	w->cursor[1] = own.first_in;
	if (own.first_out == EDGE_NONE)
		return;
	w->hops = 1;
	w->carrier =
		carrier_from(c, g, voter, next_of(g, voter), &w->hops, budget);
	if (w->carrier != EDGE_NONE)
		add_move(w, w->carrier, &(struct power){0});
	recall(w, c, g, budget);
}

/* A parcel that reaches the voter after `distance` hops. */
static void take(struct carry_walk *w, const struct carry_graph *g,
		 uint32_t index, uint32_t distance)
{
	struct power power;

	parcel_over(&power, g, index);
	power_add(&w->gained, &power);
	if (w->carrier != EDGE_NONE && distance + w->hops <= g->depth)
		power_add(&w->moves[0].power, &power);
}

/* One edge that leads to an account at distance level - 1. */
static void look_at(struct carry_walk *w, const struct carry *c,
		    const struct carry_graph *g, uint32_t index)
{
	const struct edge *edge = &g->edges->pool[index];
	uint32_t level = w->level;

	__builtin_prefetch(&g->accounts->list[edge->principal]);
	if (!edge_is_seen(edge, &g->at) ||
	    voters_has(&c->voters, edge->principal))
		return;
	if (edge->kind == DELEGATION_LIMITED) {
		take(w, g, index, level);
		return;
	}
	if (edge->kind == DELEGATION_CONDITIONAL &&
	    (edge->types & 1u << (g->type - 1)) == 0)
		return;
	if (!edge->sole && edges_effective(g->edges, edge->principal, g->type,
					   &g->at) != index)
		return;
	take(w, g, index, level);
	if (level == g->depth || !edge->fed)
		return;
	w->level++;
	w->cursor[w->level] = g->edges->owner[edge->principal].first_in;
}

/* A list of edges jumps all over memory: ask for the next one early. */
static void fetch(const struct carry_graph *g, uint32_t index)
{
	if (index != EDGE_NONE)
		__builtin_prefetch(&g->edges->pool[index]);
}

bool carry_walk_some(struct carry_walk *w, const struct carry *c,
		     const struct carry_graph *g, uint32_t *budget)
{
	while (w->level > 0 && *budget > 0) {
		uint32_t *cursor = &w->cursor[w->level];
		uint32_t index = *cursor;

		if (index == EDGE_NONE) {
			w->level--;
			continue;
		}
		*cursor = g->edges->pool[index].next_in;
		fetch(g, *cursor);
		spend(budget,
		      g->edges->pool[index].sole ? 1 : CARRY_LOOK_UNITS);
		look_at(w, c, g, index);
	}
	return w->level == 0;
}
