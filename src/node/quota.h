/* How much of the pool and of the workers one account may take: so many
 * transactions a second, and QUOTA_POOLED waiting at a time.
 *
 * An account is known while something of it waits and for a second longer;
 * then its bucket would be full again. Memory only; times are the caller's. */
#ifndef BCAI_NODE_QUOTA_H
#define BCAI_NODE_QUOTA_H

#include "base/bucket.h"
#include "base/error.h"
#include "crypto/sign.h"

#include <stddef.h>

#define QUOTA_POOLED 64u /* as many as fit the window of nonces */

struct quota_account;

struct quotas {
	struct quota_account *by_key; /* Owned. */
	struct quota_account *idle;   /* the longest idle first */
	uint64_t rate;		      /* a second, and at once; 0: any */
	bool paused;		      /* for now the rate does not count */
};

void quotas_init(struct quotas *q, uint64_t rate);
void quotas_fini(struct quotas *q);

/* One more of this account. ERR_RATE_LIMITED, with the time after which to try
 * again: nothing was taken. */
enum err quota_take(struct quotas *q, const struct public_key *account,
		    uint64_t now_ms, uint32_t *retry_after_ms,
		    struct err_text *text) MUST_USE;
/* The end of one that was taken. `counts` is false when it was not the
 * account's doing: its signature was bad. */
void quota_end(struct quotas *q, const struct public_key *account,
	       uint64_t now_ms, bool counts);
/* Forget who is idle; once a second. */
void quotas_sweep(struct quotas *q, uint64_t now_ms);
size_t quotas_count(const struct quotas *q);

#endif
