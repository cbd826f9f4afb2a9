#include "governance/accounts.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void accounts_fini(struct accounts *a)
{
	free(a->list);
	free(a->slots);
	memset(a, 0, sizeof(*a));
}

/* Keys are curve points and spread by themselves; the multiplication brings
 * bits of all eight bytes to the top. */
static uint32_t first_slot(const struct accounts *a,
			   const struct public_key *key)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | key->b[i];
	return (uint32_t)(v * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
	       (a->slot_count - 1);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *seek(const struct accounts *a, const struct public_key *key)
{
	uint32_t at = first_slot(a, key);

	while (a->slots[at] != 0 &&
	       !public_key_equal(&a->list[a->slots[at] - 1].key, key))
		at = (at + 1) & (a->slot_count - 1);
	return &a->slots[at];
}

static void make_room(struct accounts *a)
{
	if (a->count == a->capacity) {
		a->capacity = a->capacity ? 2 * a->capacity : 64;
		a->list = mem_resize(a->list, a->capacity * sizeof(*a->list));
	}
	if (a->count + 1 <= a->slot_count / 4 * 3)
		return;
	free(a->slots);
	a->slot_count = a->slot_count ? 2 * a->slot_count : 128;
	a->slots = mem_alloc(a->slot_count * sizeof(*a->slots));
	for (uint32_t i = 0; i < a->count; i++)
		*seek(a, &a->list[i].key) = i + 1;
}

uint32_t accounts_add(struct accounts *a,
		      const struct governance_account *account)
{
	uint32_t index;

	make_room(a);
	index = a->count++;
	a->list[index] = *account;
	*seek(a, &account->key) = index + 1;
	return index;
}

bool accounts_power_at(const struct accounts *a, uint32_t account,
		       const struct snapshot *s, struct power *out)
{
	const struct governance_account *held = &a->list[account];

	memset(out, 0, sizeof(*out));
	if (held->power.reputation == 0 &&
	    held->power.tokens < s->vote_min_stake)
		return false;
	*out = held->power;
	return true;
}

bool accounts_find(const struct accounts *a, uint32_t *account,
		   const struct public_key *key)
{
	uint32_t held;

	if (a->slot_count == 0)
		return false;
	held = *seek(a, key);
	if (held == 0)
		return false;
	*account = held - 1;
	return true;
}
