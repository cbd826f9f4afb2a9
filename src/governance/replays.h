/* Transactions of old that come again: how many in one block have, for one
 * account, nonces that were used before.
 *
 * Some are clients that asked two validators; many are somebody's attempt.
 * Nothing outlasts the block: what has no effect leaves no trace, unless it
 * is an alert. Pure and bounded: the accounts with most, by Misra and
 * Gries. */
#ifndef BCAI_GOVERNANCE_REPLAYS_H
#define BCAI_GOVERNANCE_REPLAYS_H

#include "governance/detect.h"

#define REPLAYS_MAX 16

struct replays {
	uint8_t count; /* 0 when a block begins */
	struct {
		uint32_t account;
		uint32_t count;
	} list[REPLAYS_MAX];
};

/* One more. True when the account's number reaches `limit`: `out` is filled. */
bool detect_replay(struct replays *r, uint32_t account, uint32_t limit,
		   struct alert *out);

#endif
