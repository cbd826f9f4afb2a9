/* What readers ask across proposals and accounts, from indexes. */
#include "governance/internal.h"

#include "base/arena.h"
#include "governance/cast.h"

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

/* ---- Who carries most ---- */

static uint64_t carried_value(const void *context, uint32_t place)
{
	const struct entry *e = context;
	const struct power *p = &e->carry.list[place].power;

	switch (e->p.rules.mechanism) {
	case MECHANISM_QUADRATIC:
		return p->quadratic;
	case MECHANISM_REPUTATION:
		return p->reputation;
	case MECHANISM_TOKEN:
	case MECHANISM_HYBRID:
		break;
	}
	return p->tokens;
}

void carrier_changed(struct entry *e, const struct carried *held)
{
	uint32_t place = (uint32_t)(held - e->carry.list);

	if (!e->carriers.value_of)
		largest_init(&e->carriers, carried_value, e);
	e->carriers.context = e; /* Entries move when there are more. */
	if (place == e->carriers.count)
		largest_add(&e->carriers);
	else
		largest_changed(&e->carriers, place);
}

uint32_t governance_carriers(const struct governance *g, uint32_t number,
			     struct governance_carrier *out, uint32_t max)
{
	struct entry *e = entry_of(g, number);
	struct largest_walk *w;
	uint32_t count = 0, place;

	if (!e || e->carriers.count == 0)
		return 0;
	e->carriers.context = e;
	w = mem_alloc(sizeof(*w));
	largest_begin(w, &e->carriers);
	while (count < max && largest_next(w, &place)) {
		const struct carried *c = &e->carry.list[place];

		out[count].account = c->account;
		out[count++].power = c->power;
	}
	free(w);
	return count;
}

unsigned __int128 governance_left_weight(const struct governance *g,
					 const struct proposal *p,
					 uint32_t account)
{
	const struct entry *e = entry_of(g, p->number);
	struct carry_graph graph;
	struct power left;

	if (p->state != STATE_VOTING || voters_has(&e->carry.voters, account))
		return 0;
	cast_graph(&graph, g, p);
	carry_left(&left, &e->carry, &graph, account);
	return tally_weight(&p->rules, &p->total.power, &left);
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
