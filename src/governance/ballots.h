/* The ballots of one proposal: by position, and by account.
 *
 * A ballot keeps its position for good; replacing one changes it in place. */
#ifndef BCAI_GOVERNANCE_BALLOTS_H
#define BCAI_GOVERNANCE_BALLOTS_H

#include "governance/governance.h"

struct ballots {
	struct governance_ballot *list; /* Owned; by position. */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots;     /* Owned; 1 + position, open addressing; 0: free */
	uint32_t slot_count; /* a power of two, or 0 */
};

/* All zeros is an empty one. */
void ballots_fini(struct ballots *b);
/* The account must have none yet. Lent until the next one is added. */
struct governance_ballot *ballots_add(struct ballots *b,
				      const struct governance_ballot *ballot);
/* The account's ballot, or NULL. */
struct governance_ballot *ballots_find(const struct ballots *b,
				       uint32_t account);

#endif
