#include "node/claims.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct claim {
	struct public_key key;
	uint64_t height;
	uint64_t silent_until_ms;
	bool answered;
	UT_hash_handle hh;
};

void claims_init(struct claims *c, const struct electorate *voters)
{
	c->voters = voters;
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

	if (!claim)
		return;
	claim->silent_until_ms = until_ms;
	claim->answered = false;
}

void claims_answered(struct claims *c, const struct public_key *peer)
{
	struct claim *claim = find(c, peer);

	if (!claim)
		return;
	claim->silent_until_ms = 0;
	claim->answered = true;
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

uint64_t claims_weight(const struct claims *c)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < c->voters->count; i++) {
		if (find(c, &c->voters->voters[i].key))
			weight += c->voters->voters[i].weight;
	}
	return weight;
}

uint64_t claims_believed(const struct claims *c)
{
	const struct electorate *voters = c->voters;
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

/* How good it is to ask; the smaller the better. */
enum rank { RANK_TRUSTED, RANK_STRANGER, RANK_SILENT };
#define RANKS 3

static enum rank rank_of(const struct claims *c, const struct claim *claim,
			 uint64_t now_ms)
{
	if (claim->silent_until_ms > now_ms)
		return RANK_SILENT;
	return claim->answered || electorate_find(c->voters, &claim->key) >= 0
		       ? RANK_TRUSTED
		       : RANK_STRANGER;
}

static void count_ranks(const struct claims *c, uint32_t counts[RANKS],
			uint64_t above, uint64_t now_ms)
{
	const struct claim *claim;

	memset(counts, 0, RANKS * sizeof(counts[0]));
	for (claim = c->by_key; claim; claim = claim->hh.next) {
		if (claim->height > above)
			counts[rank_of(c, claim, now_ms)]++;
	}
}

const struct public_key *claims_pick(struct claims *c, uint64_t above,
				     uint64_t now_ms)
{
	uint32_t counts[RANKS], best = 0, at;
	const struct claim *claim;

	count_ranks(c, counts, above, now_ms);
	while (best < RANKS && counts[best] == 0)
		best++;
	if (best == RANKS)
		return NULL;
	at = c->turn++ % counts[best];
	for (claim = c->by_key; claim; claim = claim->hh.next) {
		if (claim->height > above &&
		    rank_of(c, claim, now_ms) == best && at-- == 0)
			break;
	}
	return claim ? &claim->key : NULL;
}

bool claims_has_better(const struct claims *c, const struct public_key *peer,
		       uint64_t above, uint64_t now_ms)
{
	const struct claim *claim = find(c, peer);
	uint32_t counts[RANKS];
	enum rank rank = claim ? rank_of(c, claim, now_ms) : RANK_SILENT;

	count_ranks(c, counts, above, now_ms);
	for (uint32_t better = 0; better < rank; better++) {
		if (counts[better] > 0)
			return true;
	}
	return false;
}
