/* Who says to have which height, what of it to believe, and whom to ask.
 *
 * A height is a claim until its blocks have come. Anybody may be asked for
 * what it claims; but a validator that stopped voting because of a claim could
 * be silenced by one liar, or by one that froze right after it spoke. So a
 * height is believed when validators of more than f weight claim it: then an
 * honest one has it.
 *
 * Claims cost nothing, and strangers may be many. So validators and those that
 * have answered are asked before others, and who did not answer is asked last.
 *
 * One entry a connected peer. No I/O; times are the caller's. */
#ifndef BCAI_NODE_CLAIMS_H
#define BCAI_NODE_CLAIMS_H

#include "consensus/electorate.h"
#include "crypto/sign.h"

#include <stdbool.h>
#include <stdint.h>

struct claim;

struct claims {
	const struct electorate *voters; /* Borrowed. */
	struct claim *by_key;		 /* Owned. */
	uint32_t turn;			 /* Rotates over peers. */
};

void claims_init(struct claims *c, const struct electorate *voters);
void claims_fini(struct claims *c);

/* The peer's latest word counts. */
void claims_note(struct claims *c, const struct public_key *peer,
		 uint64_t height);
/* The same for word of unknown age: only what is higher. */
void claims_note_at_least(struct claims *c, const struct public_key *peer,
			  uint64_t height);
/* It is not connected any more. */
void claims_drop(struct claims *c, const struct public_key *peer);
/* It did not answer; until then (monotonic ms) others are asked first, and
 * claims_highest passes over it. A peer that is not known is ignored. */
void claims_silent(struct claims *c, const struct public_key *peer,
		   uint64_t until_ms);
/* Its answer was good. */
void claims_answered(struct claims *c, const struct public_key *peer);

/* The highest height claimed by one that is not silent; 0: none. */
uint64_t claims_highest(const struct claims *c, uint64_t now_ms);

/* The highest height that validators of more than f weight claim to have;
 * 0: none. */
uint64_t claims_believed(const struct claims *c);

/* The weight of the validators that made a claim, however high. */
uint64_t claims_weight(const struct claims *c);

/* Another peer each time, of the best there are, that claims to be above this
 * height; NULL: nobody claims it. Borrowed until the claims change. */
const struct public_key *claims_pick(struct claims *c, uint64_t above,
				     uint64_t now_ms);
/* Would claims_pick answer a better one than this? */
bool claims_has_better(const struct claims *c, const struct public_key *peer,
		       uint64_t above, uint64_t now_ms);

#endif
