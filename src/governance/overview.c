/* What readers ask across proposals and accounts, from indexes. */
#include "governance/internal.h"

#include "base/arena.h"

#include <stdlib.h>

void ballot_enlist(struct governance *g, const struct entry *e,
		   struct governance_ballot *ballot)
{
	struct governance_account *a = &g->accounts.list[ballot->account];

	ballot->before = a->last_voted;
	a->last_voted = e->p.number;
	a->voted++;
	g->ballots++;
}

uint32_t governance_turnout(const struct governance *g,
			    const struct proposal *p)
{
	struct tally_result result;

	if (!proposal_was_opened(p))
		return 0;
	governance_evaluate(g, &result, p);
	return tally_turnout(&result);
}

/* ---- Who entrusts how much ---- */

/* What goes to the edge's target over all the edges of its principal. */
static uint64_t goes_to(const struct edges *e, const struct edge *edge,
			uint64_t stake)
{
	uint32_t next = e->owner[edge->principal].first_out;
	uint64_t limited = 0;

	for (; next != EDGE_NONE; next = e->pool[next].next_out) {
		const struct edge *other = &e->pool[next];

		if (!edge_is_alive(other) || other->target != edge->target)
			continue;
		if (other->kind != DELEGATION_LIMITED)
			return stake;
		limited += other->amount;
	}
	return limited < stake ? limited : stake;
}

/* The principal's first alive edge to its target speaks for all of them. */
static bool is_first(const struct edges *e, uint32_t index)
{
	const struct edge *edge = &e->pool[index];
	uint32_t next = e->owner[edge->principal].first_out;

	while (next != index && (!edge_is_alive(&e->pool[next]) ||
				 e->pool[next].target != edge->target))
		next = e->pool[next].next_out;
	return next == index;
}

static void entrust(struct governance *g, uint32_t account, uint64_t stake,
		    uint64_t sign)
{
	struct edges *e = &g->edges;
	uint32_t next = edges_owner(e, account).first_out;

	for (; next != EDGE_NONE; next = e->pool[next].next_out) {
		const struct edge *edge = &e->pool[next];

		if (edge_is_alive(edge) && edge->target != EDGE_NOBODY &&
		    is_first(e, next))
			e->owner[edge->target].entrusted +=
				sign * goes_to(e, edge, stake);
	}
}

void entrust_undo(struct governance *g, uint32_t account)
{
	entrust(g, account, g->accounts.list[account].power.tokens,
		(uint64_t)-1);
}

void entrust_do(struct governance *g, uint32_t account)
{
	entrust(g, account, g->accounts.list[account].power.tokens, 1);
}

void entrust_change(void *governance, uint32_t account, uint64_t before,
		    uint64_t now)
{
	entrust(governance, account, before, (uint64_t)-1);
	entrust(governance, account, now, 1);
}

uint64_t governance_received_stake(const struct governance *g, uint32_t account)
{
	return edges_owner(&g->edges, account).entrusted;
}

/* ---- Lists ---- */

const struct proposal_index *governance_index(const struct governance *g)
{
	uint32_t number;

	while ((number = index_touched(g->index)) > 0) {
		const struct proposal *p = governance_proposal(g, number);

		index_renew(g->index, p, governance_turnout(g, p));
	}
	return g->index;
}

void governance_largest(const struct governance *g, struct largest_walk *out,
			enum governance_unit unit)
{
	largest_begin(out, unit == UNIT_STAKE ? &g->accounts.by_stake
					      : &g->accounts.by_reputation);
}

uint64_t governance_ballot_total(const struct governance *g)
{
	return g->ballots;
}

/* The chain of an account's ballots is in the order in which they were cast,
 * or read back: a set of bits sorts it. */
uint32_t governance_voted_on(const struct governance *g, uint32_t account,
			     uint32_t below, uint32_t *out, uint32_t max)
{
	uint64_t *set = mem_alloc((g->entry_count / 64 + 1) * sizeof(*set));
	uint32_t number = g->accounts.list[account].last_voted, count = 0;

	while (number > 0) {
		set[number / 64] |= UINT64_C(1) << number % 64;
		number = ballots_find(&entry_of(g, number)->ballots, account)
				 ->before;
	}
	number = below > 0 && below <= g->entry_count ? below - 1
						      : g->entry_count;
	while (number > 0 && count < max) {
		uint64_t word = set[number / 64];
		uint32_t step = word == 0 ? number % 64 + 1 : 1;

		if (word >> number % 64 & 1)
			out[count++] = number;
		number -= step < number ? step : number;
	}
	free(set);
	return count;
}
