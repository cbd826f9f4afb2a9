#include "governance/edges.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct edge) == 64, "an edge is one line of the cache");

static const struct edge_owner no_edges = {.first_out = EDGE_NONE,
					   .first_in = EDGE_NONE};

void edges_init(struct edges *e)
{
	memset(e, 0, sizeof(*e));
	e->free = EDGE_NONE;
}

void edges_fini(struct edges *e)
{
	free(e->pool);
	free(e->owner);
	edges_init(e);
}

void edges_make_room(struct edges *e, uint32_t count)
{
	if (count <= e->owners)
		return;
	if (count > e->owner_capacity) {
		e->owner_capacity = count < 32 ? 64 : count / 2 * 3;
		e->owner = mem_resize(e->owner,
				      e->owner_capacity * sizeof(*e->owner));
	}
	for (uint32_t i = e->owners; i < count; i++)
		e->owner[i] = no_edges;
	e->owners = count;
}

struct edge_owner edges_owner(const struct edges *e, uint32_t account)
{
	return account < e->owners ? e->owner[account] : no_edges;
}

static uint32_t take_slot(struct edges *e)
{
	uint32_t index = e->free;

	if (index != EDGE_NONE) {
		e->free = e->pool[index].next_out;
		return index;
	}
	if (e->count == e->capacity) {
		e->capacity = e->capacity ? 2 * e->capacity : 64;
		e->pool = mem_resize(e->pool, e->capacity * sizeof(*e->pool));
	}
	return e->count++;
}

/* An edge says itself whether a walk goes on behind its principal. */
static void mark_fed(struct edges *e, uint32_t account)
{
	const struct edge_owner *owner = &e->owner[account];

	for (uint32_t i = owner->first_out; i != EDGE_NONE;
	     i = e->pool[i].next_out)
		e->pool[i].fed = owner->first_in != EDGE_NONE;
}

static void link_in(struct edges *e, uint32_t index)
{
	struct edge *edge = &e->pool[index];
	struct edge_owner *target;

	edge->next_in = edge->prev_in = EDGE_NONE;
	if (edge->target == EDGE_NOBODY)
		return;
	target = &e->owner[edge->target];
	edge->next_in = target->first_in;
	target->first_in = index;
	if (edge->next_in != EDGE_NONE)
		e->pool[edge->next_in].prev_in = index;
	else
		mark_fed(e, edge->target);
	target->received += edge_is_alive(edge);
}

static void unlink_in(struct edges *e, const struct edge *edge)
{
	if (edge->target == EDGE_NOBODY)
		return;
	if (edge->next_in != EDGE_NONE)
		e->pool[edge->next_in].prev_in = edge->prev_in;
	if (edge->prev_in != EDGE_NONE) {
		e->pool[edge->prev_in].next_in = edge->next_in;
		return;
	}
	e->owner[edge->target].first_in = edge->next_in;
	if (edge->next_in == EDGE_NONE)
		mark_fed(e, edge->target);
}

/* Where the list of the account's own edges ends: the link to set there. */
static uint32_t *last_link(struct edges *e, uint32_t account)
{
	uint32_t *link = &e->owner[account].first_out;

	while (*link != EDGE_NONE)
		link = &e->pool[*link].next_out;
	return link;
}

static void mark_sole(struct edges *e, uint32_t account)
{
	uint32_t first = e->owner[account].first_out;

	if (first == EDGE_NONE)
		return;
	e->pool[first].sole = e->pool[first].next_out == EDGE_NONE;
}

void edges_set_serial(struct edges *e, uint32_t account, uint32_t serial)
{
	struct edge_owner *owner = &e->owner[account];

	assert(serial > 0 && serial >= owner->last_serial);
	e->principals += owner->last_serial == 0;
	owner->last_serial = serial;
}

uint32_t edges_add(struct edges *e, const struct edge *edge)
{
	uint32_t index = take_slot(e);

	assert(edge->principal < e->owners);
	assert(edge->target < e->owners || edge->target == EDGE_NOBODY);
	assert(edge->serial > e->owner[edge->principal].last_serial);
	edges_set_serial(e, edge->principal, edge->serial);
	e->pool[index] = *edge;
	e->pool[index].next_out = EDGE_NONE;
	e->pool[index].sole = false;
	e->pool[index].fed = e->owner[edge->principal].first_in != EDGE_NONE;
	*last_link(e, edge->principal) = index;
	link_in(e, index);
	mark_sole(e, edge->principal);
	return index;
}

void edges_end(struct edges *e, uint32_t index, uint64_t until)
{
	struct edge *edge = &e->pool[index];

	assert(edge_is_alive(edge) && until != EDGE_FOREVER);
	edge->until = until;
	if (edge->target != EDGE_NOBODY)
		e->owner[edge->target].received--;
}

bool edge_is_needed(const struct edge *e, uint64_t oldest)
{
	return edge_is_alive(e) || (e->until > oldest && e->until > e->from);
}

void edges_prune(struct edges *e, uint32_t account, uint64_t oldest)
{
	uint32_t *link = &e->owner[account].first_out;

	while (*link != EDGE_NONE) {
		uint32_t index = *link;
		struct edge *edge = &e->pool[index];

		if (edge_is_needed(edge, oldest)) {
			link = &edge->next_out;
			continue;
		}
		*link = edge->next_out;
		unlink_in(e, edge);
		edge->target = EDGE_NOBODY;
		edge->next_out = e->free;
		e->free = index;
	}
	mark_sole(e, account);
}

uint32_t edges_effective(const struct edges *e, uint32_t account,
			 enum proposal_type type, const struct snapshot *s)
{
	uint32_t found = EDGE_NONE;

	if (account >= e->owners)
		return EDGE_NONE;
	for (uint32_t i = e->owner[account].first_out; i != EDGE_NONE;
	     i = e->pool[i].next_out) {
		const struct edge *edge = &e->pool[i];

		if (edge->kind == DELEGATION_LIMITED || !edge_is_seen(edge, s))
			continue;
		if (edge->kind == DELEGATION_FULL)
			found = i;
		else if ((edge->types & 1u << (type - 1)) != 0)
			return i;
	}
	return found;
}
