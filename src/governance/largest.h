/* Accounts by how much they have, the largest first, without sorting them.
 *
 * A heap of account indices over a value that the caller knows: a change
 * costs a few swaps, reading the k largest costs k * log k, however many
 * accounts there are. 8 bytes an account. Derived and in memory only. */
#ifndef BCAI_GOVERNANCE_LARGEST_H
#define BCAI_GOVERNANCE_LARGEST_H

#include <stdbool.h>
#include <stdint.h>

struct largest {
	uint64_t (*value_of)(const void *context, uint32_t account);
	const void *context; /* Borrowed. */
	uint32_t *heap;	     /* Owned; accounts. */
	uint32_t *place;     /* Owned; of each account, in the heap. */
	uint32_t count;
	uint32_t capacity;
};

void largest_init(struct largest *l,
		  uint64_t (*value_of)(const void *context, uint32_t account),
		  const void *context);
void largest_fini(struct largest *l);
/* Accounts come in the order of their indices, 0 first. */
void largest_add(struct largest *l);
/* The account's value is another one than before. */
void largest_changed(struct largest *l, uint32_t account);

/* At most so many are read in a walk. */
#define LARGEST_READ_MAX 4096u

struct largest_item {
	uint64_t value;
	uint32_t at; /* in the heap */
};

struct largest_walk {
	const struct largest *l;
	/* Where the next one may stand; itself a heap. */
	struct largest_item front[LARGEST_READ_MAX + 2];
	uint32_t count;
	uint32_t read;
};

void largest_begin(struct largest_walk *w, const struct largest *l);
/* The next one: the largest value first, no order among equals. False at the
 * end, or after LARGEST_READ_MAX. The walk is void when a value changes. */
bool largest_next(struct largest_walk *w, uint32_t *account);

#endif
