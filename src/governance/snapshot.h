/* The moment that fixes powers and rules of a vote. Shapes only.
 *
 * A snapshot of height h is the state that block h - 1 left, with what time
 * itself brought at the beginning of block h, and without anything that block h
 * decided or carried. What is versioned knows the first snapshot that sees
 * it. */
#ifndef BCAI_GOVERNANCE_SNAPSHOT_H
#define BCAI_GOVERNANCE_SNAPSHOT_H

#include <stdint.h>

struct snapshot {
	uint64_t height;
	uint64_t time_ms;	 /* of that block */
	uint64_t vote_min_stake; /* micro-tokens; the rule in force then */
	uint32_t epoch;		 /* of governance */
};

#endif
