/* When proposals move on by themselves: a heap ordered by (time, number).
 *
 * Knows numbers and times only. One time a proposal. */
#ifndef BCAI_GOVERNANCE_DEADLINES_H
#define BCAI_GOVERNANCE_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
	uint64_t time_ms;
	uint32_t number;
};

struct deadlines {
	struct deadline *heap; /* Owned; [0] is the earliest. */
	uint32_t count;
	uint32_t capacity;
	uint32_t *place; /* Owned; 1 + index in the heap, by number; 0: none */
	uint32_t places;
};

/* All zeros is an empty one. */
void deadlines_fini(struct deadlines *d);

/* The proposal's only deadline from now on. */
void deadlines_set(struct deadlines *d, uint32_t number, uint64_t time_ms);
/* The proposal has none from now on; it may have had none. */
void deadlines_clear(struct deadlines *d, uint32_t number);
/* False when there is none at all. */
bool deadlines_first(const struct deadlines *d, struct deadline *out);

#endif
