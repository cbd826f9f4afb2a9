/* Who delegates to whom, for people. */
#include "governance/internal.h"

/* Ended ones are passed over; a reading looks at no more than this. */
#define LOOK_MAX 4096u

static void describe(struct governance_delegation *out, const struct edge *e)
{
	out->principal = e->principal;
	out->target = e->target;
	out->serial = e->serial;
	out->kind = e->kind;
	out->types = e->types;
	out->amount = e->amount;
	out->expires_ms = e->expires_ms == EDGE_FOREVER ? 0 : e->expires_ms;
	out->from = e->from;
}

uint32_t governance_delegations(const struct governance *g,
				struct governance_delegation *out,
				uint32_t account)
{
	uint32_t next = edges_owner(&g->edges, account).first_out, count = 0;

	for (; next != EDGE_NONE; next = g->edges.pool[next].next_out)
		if (edge_is_alive(&g->edges.pool[next]))
			describe(&out[count++], &g->edges.pool[next]);
	return count;
}

uint32_t governance_received_count(const struct governance *g, uint32_t account)
{
	return edges_owner(&g->edges, account).received;
}

uint32_t governance_received(const struct governance *g,
			     struct governance_delegation *out, uint32_t room,
			     uint32_t account, uint32_t *cursor)
{
	uint32_t next = *cursor == 0 ? edges_owner(&g->edges, account).first_in
				     : *cursor - 1;
	uint32_t count = 0, looked = 0;

	*cursor = 0;
	if (next != EDGE_NONE &&
	    (next >= g->edges.count || g->edges.pool[next].target != account))
		return 0;
	for (; next != EDGE_NONE; next = g->edges.pool[next].next_in) {
		if (count == room || looked++ == LOOK_MAX) {
			*cursor = next + 1;
			break;
		}
		if (edge_is_alive(&g->edges.pool[next]))
			describe(&out[count++], &g->edges.pool[next]);
	}
	return count;
}
