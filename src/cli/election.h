/* A recorded election: ballots of a CSV file with the columns bip, voter,
 * choice (1 for, 2 against, 3 abstain, or the words) and vp, in any order.
 *
 * Powers are kept as integers: of the file's own unit, or of its smallest
 * decimal when it has decimals. */
#ifndef BCAI_CLI_ELECTION_H
#define BCAI_CLI_ELECTION_H

#include "base/error.h"

#include <stdint.h>

struct election_sums {
	uint64_t power[3]; /* for, against, abstain */
	uint32_t ballots;
};

struct election_proposal {
	char *name;  /* owned; as in the column bip */
	char *title; /* owned */
	struct election_sums sums;
	uint32_t number; /* once it is submitted */
};

struct election_ballot {
	uint32_t proposal; /* index */
	uint32_t choice;   /* enum choice */
	char *voter;	   /* owned */
	uint64_t power;
};

struct election {
	struct election_proposal *proposals;
	uint32_t proposal_count;
	struct election_ballot *ballots;
	uint32_t ballot_count;
	unsigned places; /* decimals of the powers */
};

/* ERR_MALFORMED names the line. A voter has one ballot a proposal. */
enum err election_read(struct election *out, const char *path,
		       struct err_text *text) MUST_USE;
/* Titles from a file with the columns bip and title; others stay. */
enum err election_read_titles(struct election *e, const char *path,
			      struct err_text *text) MUST_USE;
void election_free(struct election *e);

#endif
