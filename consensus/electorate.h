/* The validators of one epoch, their weights, and what a quorum of them is.
 *
 * Weights, never heads. With W the sum of the weights, f = (W - 1) / 3 of it
 * may misbehave and a certificate needs W - f: two such quorums share an
 * honest validator. A validator is named by its index in this table. */
#ifndef BCAI_CONSENSUS_ELECTORATE_H
#define BCAI_CONSENSUS_ELECTORATE_H

#include "base/error.h"
#include "base/limits.h"
#include "crypto/sign.h"

#include <stdbool.h>
#include <stdint.h>

#define VOTERS_MAX LIMIT_VALIDATORS

struct voter {
	struct public_key key;
	uint64_t weight; /* 0 is allowed: it votes and counts for nothing. */
};

struct electorate {
	uint32_t epoch;
	uint32_t count;
	uint64_t total; /* Sum of the weights. */
	struct voter voters[VOTERS_MAX];
};

/* Fill `e`; the voters are copied.
 *
 * ERR_BAD_ELECTORATE  none, or more than VOTERS_MAX, two share a key, a weight
 *                     is above LIMIT_VALIDATOR_WEIGHT, or all weights are 0 */
enum err electorate_init(struct electorate *e, uint32_t epoch,
			 const struct voter *voters, uint32_t count) MUST_USE;

/* The weight that may misbehave: (W - 1) / 3. */
uint64_t electorate_faulty(const struct electorate *e);
/* The weight of a certificate: W - f. */
uint64_t electorate_quorum(const struct electorate *e);

/* The leader of a view: round robin over the table. */
uint32_t electorate_leader(const struct electorate *e, uint64_t view);

/* The index of `key`, or -1. */
int electorate_find(const struct electorate *e, const struct public_key *key);

/* A set of voters, one bit each; the lowest bit of byte 0 is voter 0. */
#define VOTER_SET_BYTES (VOTERS_MAX / 8)

struct voter_set {
	uint8_t bits[VOTER_SET_BYTES];
};

void voter_set_add(struct voter_set *s, uint32_t voter);
bool voter_set_has(const struct voter_set *s, uint32_t voter);
uint32_t voter_set_count(const struct voter_set *s);

/* Does the set name only voters of `e`? */
bool electorate_covers(const struct electorate *e, const struct voter_set *s);
uint64_t electorate_weight(const struct electorate *e,
			   const struct voter_set *s);

#endif
