#include "node/claims.h"

#include "base/arena.h"

#include <stdlib.h>
#include <uthash.h>

struct claim {
	struct public_key key;
	uint64_t height;
	uint64_t silent_until_ms;
	UT_hash_handle hh;
};

void claims_init(struct claims *c)
{
	c->by_key = NULL;
	c->turn = 0;
}

static struct claim *find(const struct claims *c, const struct public_key *peer)
{
	struct claim *claim;

	HASH_FIND(hh, c->by_key, peer, sizeof(*peer), claim);
	return claim;
}

static void forget(struct claims *c, struct claim *claim)
{
	HASH_DEL(c->by_key, claim);
	free(claim);
}

void claims_fini(struct claims *c)
{
	struct claim *claim, *next;

	HASH_ITER (hh, c->by_key, claim, next)
		forget(c, claim);
}

static struct claim *get(struct claims *c, const struct public_key *peer)
{
	struct claim *claim = find(c, peer);

	if (claim)
		return claim;
	claim = mem_alloc(sizeof(*claim));
	claim->key = *peer;
	HASH_ADD(hh, c->by_key, key, sizeof(claim->key), claim);
	return claim;
}

void claims_note(struct claims *c, const struct public_key *peer,
		 uint64_t height)
{
	get(c, peer)->height = height;
}

void claims_note_at_least(struct claims *c, const struct public_key *peer,
			  uint64_t height)
{
	struct claim *claim = get(c, peer);

	if (height > claim->height)
		claim->height = height;
}

void claims_drop(struct claims *c, const struct public_key *peer)
{
	struct claim *claim = find(c, peer);

	if (claim)
		forget(c, claim);
}

void claims_silent(struct claims *c, const struct public_key *peer,
		   uint64_t until_ms)
{
	struct claim *claim = find(c, peer);

	if (claim)
		claim->silent_until_ms = until_ms;
}

uint64_t claims_highest(const struct claims *c, uint64_t now_ms)
{
	const struct claim *claim;
	uint64_t highest = 0;

	for (claim = c->by_key; claim; claim = claim->hh.next) {
		if (claim->silent_until_ms <= now_ms && claim->height > highest)
			highest = claim->height;
	}
	return highest;
}

struct weighed {
	uint64_t height, weight;
};

static int compare_heights(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	return (x->height < y->height) - (x->height > y->height);
}

uint64_t claims_believed(const struct claims *c,
			 const struct electorate *voters)
{
	struct weighed list[VOTERS_MAX];
	uint64_t weight = 0;
	size_t count = 0;

	for (uint32_t i = 0; i < voters->count; i++) {
		const struct voter *v = &voters->voters[i];
		const struct claim *claim = find(c, &v->key);

		if (claim)
			list[count++] =
				(struct weighed){claim->height, v->weight};
	}
	qsort(list, count, sizeof(list[0]), compare_heights);
	for (size_t i = 0; i < count; i++) {
		weight += list[i].weight;
		if (weight > electorate_faulty(voters))
			return list[i].height;
	}
	return 0;
}

static bool may_ask(const struct claim *claim, uint64_t above, bool silent_too,
		    uint64_t now_ms)
{
	return claim->height > above &&
	       (silent_too || claim->silent_until_ms <= now_ms);
}

static const struct claim *pick(struct claims *c, uint64_t above,
				bool silent_too, uint64_t now_ms)
{
	const struct claim *claim;
	uint32_t found = 0, at;

	for (claim = c->by_key; claim; claim = claim->hh.next)
		found += may_ask(claim, above, silent_too, now_ms);
	if (found == 0)
		return NULL;
	at = c->turn++ % found;
	for (claim = c->by_key; claim; claim = claim->hh.next) {
		if (may_ask(claim, above, silent_too, now_ms) && at-- == 0)
			break;
	}
	return claim;
}

const struct public_key *claims_pick(struct claims *c, uint64_t above,
				     uint64_t now_ms)
{
	const struct claim *claim = pick(c, above, false, now_ms);

	if (!claim)
		claim = pick(c, above, true, now_ms);
	return claim ? &claim->key : NULL;
}
