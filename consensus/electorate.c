#include "consensus/electorate.h"

#include "base/assert.h"
#include "consensus/mutant.h"

#include <string.h>

_Static_assert(VOTERS_MAX % 8 == 0, "whole bytes in a set of voters");
_Static_assert(LIMIT_VALIDATOR_WEIGHT <= UINT64_MAX / VOTERS_MAX,
	       "the sum of the weights fits");

enum err electorate_init(struct electorate *e, uint32_t epoch,
			 const struct voter *voters, uint32_t count)
{
	memset(e, 0, sizeof(*e));
	if (count == 0 || count > VOTERS_MAX)
		return ERR_BAD_ELECTORATE;
	e->epoch = epoch;
	for (uint32_t i = 0; i < count; i++) {
		if (voters[i].weight > LIMIT_VALIDATOR_WEIGHT)
			return ERR_BAD_ELECTORATE;
		if (electorate_find(e, &voters[i].key) >= 0)
			return ERR_BAD_ELECTORATE;
		e->voters[i] = voters[i];
		e->total += voters[i].weight;
		e->count = i + 1;
	}
	return e->total == 0 ? ERR_BAD_ELECTORATE : ERR_OK;
}

uint64_t electorate_faulty(const struct electorate *e)
{
	assert(e->total > 0);
	return (e->total - 1) / 3;
}

/* SPEC consensus 13: W - f; with five equal validators "2f + 1" would be
 * three, and two threes may share only the one that misbehaves. */
uint64_t electorate_quorum(const struct electorate *e)
{
	if (MUTANT(QUORUM_SMALL))
		return e->total - electorate_faulty(e) - 1;
	return e->total - electorate_faulty(e);
}

uint32_t electorate_leader(const struct electorate *e, uint64_t view)
{
	return (uint32_t)(view % e->count);
}

int electorate_find(const struct electorate *e, const struct public_key *key)
{
	for (uint32_t i = 0; i < e->count; i++) {
		if (public_key_equal(&e->voters[i].key, key))
			return (int)i;
	}
	return -1;
}

void voter_set_add(struct voter_set *s, uint32_t voter)
{
	assert(voter < VOTERS_MAX);
	s->bits[voter / 8] = (uint8_t)(s->bits[voter / 8] | 1u << voter % 8);
}

bool voter_set_has(const struct voter_set *s, uint32_t voter)
{
	return voter < VOTERS_MAX && (s->bits[voter / 8] >> voter % 8 & 1) != 0;
}

uint32_t voter_set_count(const struct voter_set *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < VOTER_SET_BYTES; i++)
		n += (uint32_t)__builtin_popcount(s->bits[i]);
	return n;
}

bool electorate_covers(const struct electorate *e, const struct voter_set *s)
{
	for (uint32_t i = e->count; i < VOTERS_MAX; i++) {
		if (voter_set_has(s, i))
			return false;
	}
	return true;
}

uint64_t electorate_weight(const struct electorate *e,
			   const struct voter_set *s)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < e->count; i++) {
		if (voter_set_has(s, i))
			weight += e->voters[i].weight;
	}
	return weight;
}
