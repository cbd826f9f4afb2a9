/* Proposals in the orders in which people ask for them.
 *
 * Derived from the proposals alone, in memory only: it decides nothing and is
 * in no record. Each proposal stands in one search tree for every order,
 * apart by type and state, so that a list of any states and types is a merge
 * of a few trees: reading a row costs a descent, however many proposals there
 * are. About 100 bytes a proposal.
 *
 * The module knows no accounts and no ballots; governance.c keeps it current
 * (see governance_index). Not thread-safe. */
#ifndef BCAI_GOVERNANCE_INDEX_H
#define BCAI_GOVERNANCE_INDEX_H

#include "governance/proposal.h"

/* A proposal without the time in question, or that never opened, is not in
 * that order's lists. */
enum proposal_order {
	ORDER_NUMBER,
	ORDER_SUBMITTED, /* submitted_ms */
	ORDER_CLOSING,	 /* voting_end_ms, planned or not */
	ORDER_TURNOUT,	 /* cast in millionths of all power */
	ORDER_PROPOSER,	 /* of one proposer, by number */
};
#define PROPOSAL_ORDERS 5
#define INDEX_STATES	16 /* room in a mask of states; 0 is none */

/* "number", "submitted", "closing", "turnout"; NULL for another one. */
const char *proposal_order_name(uint32_t order);

struct proposal_index; /* Zeroed it is empty. */

/* What all votes that ended had, for averages. */
struct index_ended {
	uint64_t votes;
	uint64_t turnout_sum;  /* millionths */
	uint64_t voters_sum;   /* with a ballot */
	uint64_t eligible_sum; /* who could have had one */
};

struct proposal_index *index_new(void);
void index_free(struct proposal_index **ix);

/* Take the proposal in as it is now; it is not there yet. */
void index_add(struct proposal_index *ix, const struct proposal *p,
	       uint32_t turnout);
/* Undo that; nothing when it is not there. */
void index_remove(struct proposal_index *ix, const struct proposal *p);
/* Its end, its turnout or its deposit changed: to be said before the next
 * reading. */
void index_touch(struct proposal_index *ix, uint32_t number);
/* The next one that was touched, 0 when all are up to date; index_renew ends
 * it. */
uint32_t index_touched(const struct proposal_index *ix);
void index_renew(struct proposal_index *ix, const struct proposal *p,
		 uint32_t turnout);

uint32_t index_count(const struct proposal_index *ix, enum proposal_type type,
		     enum proposal_state state);
const struct index_ended *index_ended(const struct proposal_index *ix);
/* What all proposals lock now. */
uint64_t index_deposits(const struct proposal_index *ix);
/* Votes that opened with a snapshot above this height. */
uint32_t index_opened_after(const struct proposal_index *ix, uint64_t height);
/* 0 for one that never opened. */
uint32_t index_turnout(const struct proposal_index *ix, uint32_t number);

/* ---- Reading ---- */

struct index_query {
	enum proposal_order order;
	uint32_t states;   /* bit s; 0: all */
	uint32_t types;	   /* bit t; 0: all */
	uint32_t proposer; /* with ORDER_PROPOSER */
	bool ascending;
};

/* Where a row stands: a list goes on behind it whatever came since. */
struct index_place {
	uint64_t key;
	uint32_t number; /* 0: the list's beginning */
};

struct index_head {
	uint64_t key;
	uint32_t number;
	uint32_t root;
};

struct index_walk {
	const struct proposal_index *ix;
	struct index_query query;
	struct index_head heads[PROPOSAL_TYPES * INDEX_STATES];
	uint32_t head_count;
	uint64_t steps; /* nodes looked at so far */
};

/* Begin behind `after`. The walk is void when the index changes. */
void index_begin(struct index_walk *w, const struct proposal_index *ix,
		 const struct index_query *query,
		 const struct index_place *after);
/* The next row; false at the end. */
bool index_next(struct index_walk *w, struct index_place *out);

#endif
