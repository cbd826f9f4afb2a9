/* The batch reference: a proposal's tally found anew, in one walk over all
 * members, from the register, the delegations and the ballots alone. Used by
 * tests and benchmarks; linear in the members. */
#ifndef BCAI_TESTS_GOVERNANCE_RECOUNT_H
#define BCAI_TESTS_GOVERNANCE_RECOUNT_H

#include "governance/governance.h"

/* The proposal is in voting. */
void recount(struct tally *out, const struct governance *g, uint32_t number);

#endif
