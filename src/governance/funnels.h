/* Delegations that run together: how many, of how much stake, were made to one
 * delegate in this epoch.
 *
 * Pure and bounded: the delegates with most, by Misra and Gries. */
#ifndef BCAI_GOVERNANCE_FUNNELS_H
#define BCAI_GOVERNANCE_FUNNELS_H

#include "governance/detect.h"

#define FUNNELS_MAX 16

struct funnel {
	uint32_t account;
	uint32_t count;
	uint64_t tokens;
	bool told;
};

struct funnels {
	uint32_t epoch; /* that is counted */
	uint8_t count;
	struct funnel list[FUNNELS_MAX];
};

struct funnel_limits {
	uint32_t delegations;
	uint32_t share_bp; /* of `total` */
	uint64_t total;	   /* tokens of everybody eligible */
};

/* One more, of so many tokens. True, once an epoch and delegate, when both
 * thresholds are reached: `out` is filled. */
bool detect_funnel(struct funnels *f, uint32_t epoch, uint32_t delegate,
		   uint64_t tokens, const struct funnel_limits *limits,
		   struct alert *out);

#endif
