/* The register: accounts by index, and their indices by public key.
 *
 * Knows no proposals or rules; an account never leaves or moves. */
#ifndef BCAI_GOVERNANCE_ACCOUNTS_H
#define BCAI_GOVERNANCE_ACCOUNTS_H

#include "governance/governance.h"
#include "governance/snapshot.h"

struct accounts {
	struct governance_account *list; /* Owned; by index. */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots;     /* Owned; 1 + index, open addressing; 0: free */
	uint32_t slot_count; /* a power of two, or 0 */
};

/* All zeros is an empty one. */
void accounts_fini(struct accounts *a);
/* The key must not be there yet. Returns the index. */
uint32_t accounts_add(struct accounts *a,
		      const struct governance_account *account);
bool accounts_find(const struct accounts *a, uint32_t *account,
		   const struct public_key *key);

/* What the account weighs in votes with this snapshot; false, and zeros, when
 * it may not vote in them. */
bool accounts_power_at(const struct accounts *a, uint32_t account,
		       const struct snapshot *s, struct power *out);

#endif
