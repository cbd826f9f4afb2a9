/* Who carries whose votes on one proposal, kept up with every ballot.
 *
 * A *parcel* is what one account's power sends over one of its edges: each
 * limited edge its share, the effective edge what is left. It belongs to the
 * first account on its way, within `depth` hops, that voted itself; a ballot of
 * its own account takes it home. Nothing is kept per parcel, only what each
 * voter carries: when an account votes first, one walk forward finds who
 * carried what comes through it, and one backward, through those who have not
 * voted, what that is. Every parcel only ever moves nearer to its own account,
 * so it moves at most `depth` times in a vote.
 *
 * Pure; a walk can be done in slices. Choices, caps and tallies are the
 * caller's. The rules: doc/spec/governance.md, "Delegation". */
#ifndef BCAI_GOVERNANCE_CARRY_H
#define BCAI_GOVERNANCE_CARRY_H

#include "governance/accounts.h"
#include "governance/edges.h"
#include "governance/voters.h"

/* What the walks of one proposal read. All borrowed; what the snapshot sees
 * of them never changes. */
struct carry_graph {
	const struct accounts *accounts;
	const struct edges *edges;
	struct snapshot at;
	enum proposal_type type;
	uint8_t depth; /* hops, 1 to LIMIT_DELEGATION_DEPTH */
};

/* One voter's burden. */
struct carried {
	struct power power;
	uint32_t account;
	uint32_t pending; /* the caller's; 0 at first */
};

struct carry {
	struct voters voters;
	struct carried *list; /* Owned; in order of their first parcel. */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* Owned; 1 + index, open addressing; 0: free */
	uint32_t slot_count;
};

/* All zeros is an empty one. */
void carry_fini(struct carry *c);

/* What the account carries, or NULL when it never carried anything. Lent until
 * the next carry_add. */
struct carried *carry_of(const struct carry *c, uint32_t account);
/* One more, that carries nothing; the account must not be there. */
struct carried *carry_add(struct carry *c, uint32_t account);

/* The parcels of one account, each of its snapshot's power. */
struct parcel {
	uint32_t edge;
	struct power power;
};

struct parcels {
	struct power rest; /* goes over the effective edge, if there is one */
	struct parcel limited[LIMIT_DELEGATIONS];
	uint32_t count; /* of the limited ones */
};

/* SPEC governance 10.3. False, and none, for an account that is not
 * eligible. */
bool parcels_of(struct parcels *out, const struct carry_graph *g,
		uint32_t account);

/* What leaves one voter. */
struct carry_move {
	uint32_t carrier;
	struct power power;
};

/* An account's first ballot being taken into account. */
struct carry_walk {
	uint32_t voter;
	uint32_t carrier; /* of what comes through it; EDGE_NONE: nobody */
	uint32_t hops;	  /* to the carrier */
	uint32_t level;	  /* of the innermost cursor in use; 0: done */
	/* By distance from the voter: the next edge to look at. */
	uint32_t cursor[LIMIT_DELEGATION_DEPTH + 1];
	struct power gained; /* what the voter carries at the end */
	/* What others lose: [0] is `carrier`'s, then the voter's own parcels.
	 * A carrier may stand in several. */
	struct carry_move moves[2 + LIMIT_DELEGATIONS];
	uint32_t move_count;
};

/* What nobody carries of an account that has not voted. */
void carry_left(struct power *out, const struct carry *c,
		const struct carry_graph *g, uint32_t account);
/* What a look at an account with several edges takes off a budget: they may be
 * EDGES_KEPT_MAX. */
#define CARRY_LOOK_UNITS 8u

/* The account votes for the first time: add it to c->voters, then walk. Until
 * the walk is done nothing may change but what its snapshot cannot see. */
void carry_walk_begin(struct carry_walk *w, const struct carry *c,
		      const struct carry_graph *g, uint32_t voter,
		      uint32_t *budget);
/* Look at about *budget edges, and take them off it, as the beginning took what
 * it looked at; true when all are done: then w->gained and w->moves are what
 * changes. */
bool carry_walk_some(struct carry_walk *w, const struct carry *c,
		     const struct carry_graph *g, uint32_t *budget);

#endif
