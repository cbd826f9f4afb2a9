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
