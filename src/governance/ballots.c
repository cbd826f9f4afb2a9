#include "governance/ballots.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct governance_ballot) == 32,
	       "a million ballots are meant to fit in 32 MB and a table");

void ballots_fini(struct ballots *b)
{
	free(b->list);
	free(b->slots);
	memset(b, 0, sizeof(*b));
}

/* The slot that holds the account's ballot, or the free one for it. */
static uint32_t *seek(const struct ballots *b, uint32_t account)
{
	uint32_t mask = b->slot_count - 1;
	uint32_t at = (account * UINT32_C(0x9e3779b1) >> 7) & mask;

	while (b->slots[at] != 0 &&
	       b->list[b->slots[at] - 1].account != account)
		at = (at + 1) & mask;
	return &b->slots[at];
}

static void make_room(struct ballots *b)
{
	if (b->count == b->capacity) {
		b->capacity = b->capacity ? 2 * b->capacity : 16;
		b->list = mem_resize(b->list, b->capacity * sizeof(*b->list));
	}
	if (b->count + 1 <= b->slot_count / 4 * 3)
		return;
	free(b->slots);
	b->slot_count = b->slot_count ? 2 * b->slot_count : 32;
	b->slots = mem_alloc(b->slot_count * sizeof(*b->slots));
	for (uint32_t i = 0; i < b->count; i++)
		*seek(b, b->list[i].account) = i + 1;
}

struct governance_ballot *ballots_add(struct ballots *b,
				      const struct governance_ballot *ballot)
{
	make_room(b);
	b->list[b->count++] = *ballot;
	*seek(b, ballot->account) = b->count;
	return &b->list[b->count - 1];
}

struct governance_ballot *ballots_find(const struct ballots *b,
				       uint32_t account)
{
	uint32_t held;

	if (b->slot_count == 0)
		return NULL;
	held = *seek(b, account);
	return held ? &b->list[held - 1] : NULL;
}
