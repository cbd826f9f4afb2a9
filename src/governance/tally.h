/* What ballots weigh and whether they pass. Integers only.
 *
 * Sums are kept per choice in all three units; the mechanism decides at
 * evaluation which of them count. No account, ballot or time is known here.
 * The rules: doc/spec/governance.md, "Tally". */
#ifndef BCAI_GOVERNANCE_TALLY_H
#define BCAI_GOVERNANCE_TALLY_H

#include "governance/params.h"

/* What one account, or a sum of accounts, holds. */
struct power {
	uint64_t tokens;     /* T, micro-tokens */
	uint64_t quadratic;  /* Q = floor(sqrt(T * 2^40)) */
	uint64_t reputation; /* R, milli-points */
};

struct power_sum {
	struct power power;
	uint32_t voters;
};

/* Running sums; choice c stands at [c - 1]. */
struct tally {
	struct power_sum choice[CHOICES]; /* the voters' own */
	struct power carried[CHOICES];	  /* what they carry, as it counts */
};

/* A type's rules, as a proposal keeps them. */
struct rules {
	enum mechanism mechanism;
	uint8_t weight_tokens;
	uint8_t weight_reputation;
	bool quorum_counts_abstain;
	bool approval_strict; /* above the threshold, not at it */
	uint16_t quorum_bp;
	uint16_t approval_bp;
	uint16_t floor_bp;     /* in tokens; 0 where the mechanism needs none */
	uint16_t carry_cap_bp; /* most of all power that one voter carries */
	uint8_t depth;	       /* hops that delegated power goes */
	uint64_t delay_ms;
	uint64_t voting_ms;
	uint64_t late_window_ms; /* W; at most voting_ms */
	uint64_t timelock_ms;	 /* from passing to execution */
	uint64_t vote_min_stake; /* micro-tokens that make a voter */
};

/* Why a tally does not pass; the first that fails, in this order. */
enum tally_verdict {
	TALLY_PASSES = 0,
	TALLY_NO_POWER = 1, /* nobody's power counts in this mechanism */
	TALLY_BELOW_QUORUM = 2,
	TALLY_BELOW_FLOOR = 3,
	TALLY_NOT_APPROVED = 4,
};

/* In the mechanism's own integers, except the floor's micro-tokens. */
struct tally_result {
	unsigned __int128 weight[CHOICES];
	unsigned __int128 base;		   /* weight of everybody eligible */
	unsigned __int128 quorum_required; /* the least that reaches it */
	unsigned __int128 quorum_reached;
	bool quorum_met;
	uint64_t floor_required;
	uint64_t floor_reached;
	bool floor_met;
	uint16_t approval_bp;
	bool approval_strict;
	bool approval_met;
	bool would_pass;
	enum tally_verdict verdict;
};

/* The rules of `type` under `params`. */
void rules_from_params(struct rules *out,
		       const struct governance_params *params,
		       enum proposal_type type);

/* floor(sqrt(tokens * 2^40)); tokens <= 2^56. */
uint64_t power_quadratic(uint64_t tokens);

bool power_is_same(const struct power *a, const struct power *b);
bool power_is_zero(const struct power *p);
void power_add(struct power *sum, const struct power *p);
/* `p` must be part of the sum. */
void power_subtract(struct power *sum, const struct power *p);

void tally_add(struct tally *t, enum choice choice, const struct power *p);
/* Undo a tally_add of the same arguments. */
void tally_remove(struct tally *t, enum choice choice, const struct power *p);

/* What counts of what one voter carries, when everybody eligible holds
 * `total`. */
void tally_counted(struct power *out, const struct rules *rules,
		   const struct power *total, const struct power *carried);
/* The voter of that choice carries `now` and no longer `before`. */
void tally_carry(struct tally *t, const struct rules *rules,
		 const struct power *total, enum choice choice,
		 const struct power *before, const struct power *now);

/* What `p` weighs under `rules` when everybody eligible holds `total`. */
unsigned __int128 tally_weight(const struct rules *rules,
			       const struct power *total,
			       const struct power *p);

/* Would it pass? As tally_evaluate says, and cheap. */
bool tally_would_pass(const struct tally *t, const struct rules *rules,
		      const struct power *total);
/* No power that has not itself voted can change whether it passes, if the
 * ballots stand. */
bool tally_is_settled(const struct tally *t, const struct rules *rules,
		      const struct power *total);
/* For, with abstentions where they count, is less than half of what the quorum
 * needs. */
bool tally_is_far_below_quorum(const struct tally *t, const struct rules *rules,
			       const struct power *total);

void tally_evaluate(struct tally_result *out, const struct tally *t,
		    const struct rules *rules, const struct power *total);

/* All weight cast, in millionths of the base. */
#define TURNOUT_UNIT 1000000u
uint32_t tally_turnout(const struct tally_result *r);

/* Decimal digits and a NUL. */
#define U128_TEXT_BYTES 40
void u128_format(char out[U128_TEXT_BYTES], unsigned __int128 v);

#endif
