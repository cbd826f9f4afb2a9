/* Proposals handed in of late: how many, by whom, under what titles.
 *
 * Pure and bounded: the latest SUBMISSIONS_MAX, in the order (time, number),
 * so that it can be made again from the proposals in any order. */
#ifndef BCAI_GOVERNANCE_SUBMISSIONS_H
#define BCAI_GOVERNANCE_SUBMISSIONS_H

#include "governance/detect.h"

#define SUBMISSIONS_MAX 128

struct submission {
	uint64_t time_ms;
	uint64_t title; /* skeleton; 0: nothing to compare */
	uint32_t number;
	uint32_t account;
};

struct submissions {
	uint32_t count;
	struct submission list[SUBMISSIONS_MAX];
};

void submissions_add(struct submissions *s, const struct submission *one);
/* The title of one that was added without. */
void submissions_title(struct submissions *s, uint32_t number, uint64_t title);

/* A number that titles share when a reader may take one for the other: letters
 * of either case, their look-alikes from other scripts, digits for letters,
 * whatever stands between them. 0 when there are no letters. */
uint64_t title_skeleton(struct bytes title);

/* The thresholds. Counts are reached by the submission that makes them full,
 * and by no other. */
struct submission_limits {
	uint64_t window_ms;
	uint32_t by_account;
	uint32_t by_all; /* at most SUBMISSIONS_MAX */
};

/* `now` was just added. */
bool detect_flooding(const struct submissions *s, const struct submission *now,
		     const struct submission_limits *limits, struct alert *out);
bool detect_look_alike(const struct submissions *s,
		       const struct submission *now, struct alert *out);

#endif
