/* Stake that moves: lots that mature, locks, transfers.
 *
 * Stake that arrives counts after the maturity period: it joins a lot, and lots
 * mature on a grid of a sixteenth of the period, so that an account has few of
 * them whatever others send. Stake leaves from the latest lot first. Locked
 * stake counts and cannot leave. */
#ifndef BCAI_GOVERNANCE_STAKE_H
#define BCAI_GOVERNANCE_STAKE_H

#include "governance/accounts.h"

struct stake_lots {
	uint32_t count;
	uint32_t room;
	struct stake_lot list[]; /* ascending by time */
};

/* When stake that arrives now matures: on the grid, at or after the period. */
uint64_t stake_mature_ms(uint64_t time_ms, uint64_t maturity_ms);

/* All of it, mature or not. */
uint64_t stake_held(const struct governance_account *x);
/* What may leave. */
uint64_t stake_free(const struct governance_account *x);

/* `from` is the first snapshot that sees it. A mature time at or before
 * `time_ms` is at once. */
void stake_put(struct accounts *a, uint32_t account, uint64_t from,
	       uint64_t amount, uint64_t mature_ms, uint64_t time_ms);
/* At most what it holds. */
void stake_take(struct accounts *a, uint32_t account, uint64_t from,
		uint64_t amount);
/* A lot as it was stored; false when it is not behind the account's last. */
bool stake_load_lot(struct accounts *a, uint32_t account,
		    const struct stake_lot *lot);

/* The next lots that are due become mature; false when none is. */
bool stake_mature_next(struct accounts *a, uint64_t from, uint64_t time_ms);

#endif
