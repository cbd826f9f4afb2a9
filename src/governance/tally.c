#include "governance/tally.h"

#include "base/assert.h"

#include <string.h>

void rules_from_params(struct rules *out,
		       const struct governance_params *params,
		       enum proposal_type type)
{
#define VALUE(which) governance_param_type(params, type, PARAM_TYPE_##which)
	out->mechanism = (enum mechanism)VALUE(MECHANISM);
	out->weight_tokens = (uint8_t)VALUE(WEIGHT_TOKENS);
	out->weight_reputation = (uint8_t)VALUE(WEIGHT_REPUTATION);
	out->quorum_counts_abstain = VALUE(QUORUM_ABSTAIN) != 0;
	out->approval_strict = VALUE(APPROVAL_STRICT) != 0;
	out->quorum_bp = (uint16_t)VALUE(QUORUM_BP);
	out->approval_bp = (uint16_t)VALUE(APPROVAL_BP);
	out->carry_cap_bp = (uint16_t)VALUE(CARRY_CAP_BP);
	out->depth = (uint8_t)governance_param_global(params,
						      PARAM_DELEGATION_DEPTH);
	out->delay_ms = VALUE(DELAY_MS);
	out->voting_ms = VALUE(VOTING_MS);
	out->timelock_ms = VALUE(TIMELOCK_MS);
	out->late_window_ms =
		out->voting_ms / BP_ONE * VALUE(LATE_WINDOW_BP) +
		out->voting_ms % BP_ONE * VALUE(LATE_WINDOW_BP) / BP_ONE;
	out->vote_min_stake =
		governance_param_global(params, PARAM_VOTE_MIN_STAKE);
#undef VALUE
	out->floor_bp = 0;
	/* k accounts gain the square root of k, and reputation costs nothing
	 * to hold: both need some stake behind them. */
	if (out->mechanism == MECHANISM_QUADRATIC ||
	    out->mechanism == MECHANISM_REPUTATION)
		out->floor_bp = (uint16_t)governance_param_global(
			params, PARAM_TOKENS_FLOOR_BP);
}

uint64_t power_quadratic(uint64_t tokens)
{
	unsigned __int128 rest = (unsigned __int128)tokens << 40;
	unsigned __int128 root = 0;

	assert(tokens <= LIMIT_STAKE_TOTAL);
	/* Digit by digit in base 4, from the highest power that can occur. */
	for (unsigned __int128 bit = (unsigned __int128)1 << 96; bit > 0;
	     bit >>= 2) {
		if (rest >= root + bit) {
			rest -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (uint64_t)root;
}

bool power_is_same(const struct power *a, const struct power *b)
{
	return a->tokens == b->tokens && a->quadratic == b->quadratic &&
	       a->reputation == b->reputation;
}

bool power_is_zero(const struct power *p)
{
	return (p->tokens | p->quadratic | p->reputation) == 0;
}

void power_add(struct power *sum, const struct power *p)
{
	sum->tokens += p->tokens;
	sum->quadratic += p->quadratic;
	sum->reputation += p->reputation;
}

void power_subtract(struct power *sum, const struct power *p)
{
	assert(sum->tokens >= p->tokens);
	assert(sum->quadratic >= p->quadratic);
	assert(sum->reputation >= p->reputation);
	sum->tokens -= p->tokens;
	sum->quadratic -= p->quadratic;
	sum->reputation -= p->reputation;
}

void tally_add(struct tally *t, enum choice choice, const struct power *p)
{
	struct power_sum *sum = &t->choice[choice - 1];

	power_add(&sum->power, p);
	sum->voters++;
}

void tally_remove(struct tally *t, enum choice choice, const struct power *p)
{
	struct power_sum *sum = &t->choice[choice - 1];

	assert(sum->voters > 0);
	power_subtract(&sum->power, p);
	sum->voters--;
}

static uint64_t capped(uint64_t carried, uint64_t total, uint16_t bp)
{
	uint64_t cap = (uint64_t)((unsigned __int128)total * bp / BP_ONE);

	return carried < cap ? carried : cap;
}

/* SPEC governance 10.5. */
void tally_counted(struct power *out, const struct rules *rules,
		   const struct power *total, const struct power *carried)
{
	uint16_t bp = rules->carry_cap_bp;

	*out = *carried;
	if (bp >= BP_ONE)
		return;
	out->tokens = capped(carried->tokens, total->tokens, bp);
	out->quadratic = capped(carried->quadratic, total->quadratic, bp);
	out->reputation = capped(carried->reputation, total->reputation, bp);
}

void tally_carry(struct tally *t, const struct rules *rules,
		 const struct power *total, enum choice choice,
		 const struct power *before, const struct power *now)
{
	struct power counted;

	tally_counted(&counted, rules, total, before);
	power_subtract(&t->carried[choice - 1], &counted);
	tally_counted(&counted, rules, total, now);
	power_add(&t->carried[choice - 1], &counted);
}

/* Tokens and reputation have no common unit: each is brought to the product
 * of both totals, so that its share of its own total is what counts. */
static unsigned __int128 hybrid_weight(const struct rules *rules,
				       const struct power *total,
				       const struct power *p)
{
	if (total->reputation == 0)
		return p->tokens;
	if (total->tokens == 0)
		return p->reputation;
	return (unsigned __int128)rules->weight_tokens * p->tokens *
		       total->reputation +
	       (unsigned __int128)rules->weight_reputation * p->reputation *
		       total->tokens;
}

unsigned __int128 tally_weight(const struct rules *rules,
			       const struct power *total, const struct power *p)
{
	switch (rules->mechanism) {
	case MECHANISM_TOKEN:
		return p->tokens;
	case MECHANISM_QUADRATIC:
		return p->quadratic;
	case MECHANISM_REPUTATION:
		return p->reputation;
	case MECHANISM_HYBRID:
		break;
	}
	return hybrid_weight(rules, total, p);
}

/* The least integer that is at least `bp` of `whole`. */
static unsigned __int128 share_of(unsigned __int128 whole, uint16_t bp)
{
	return (whole * bp + BP_ONE - 1) / BP_ONE;
}

static bool reaches(unsigned __int128 part, unsigned __int128 whole,
		    uint16_t bp, bool strict)
{
	unsigned __int128 left = part * BP_ONE, right = whole * bp;

	return strict ? left > right : left >= right;
}

/* What the conditions look at, in the mechanism's own integers. */
struct standing {
	unsigned __int128 yes, no, quorum, base;
	uint64_t floor, tokens; /* tokens for and abstaining; of everybody */
};

static bool meets_quorum(const struct standing *s, const struct rules *rules)
{
	return s->base > 0 &&
	       reaches(s->quorum, s->base, rules->quorum_bp, false);
}

static bool meets_floor(const struct standing *s, const struct rules *rules)
{
	return reaches(s->floor, s->tokens, rules->floor_bp, false);
}

static bool meets_approval(const struct standing *s, const struct rules *rules)
{
	return s->yes > 0 && s->yes > s->no &&
	       reaches(s->yes, s->yes + s->no, rules->approval_bp,
		       rules->approval_strict);
}

static bool passes(const struct standing *s, const struct rules *rules)
{
	return meets_quorum(s, rules) && meets_floor(s, rules) &&
	       meets_approval(s, rules);
}

/* All that counts for the choice, voted or carried. */
static void sum_of(struct power *out, const struct tally *t, enum choice choice)
{
	*out = t->choice[choice - 1].power;
	power_add(out, &t->carried[choice - 1]);
}

static void stand(struct standing *out, const struct tally *t,
		  const struct rules *rules, const struct power *total)
{
	struct power yes, no, abstain;

	sum_of(&yes, t, CHOICE_FOR);
	sum_of(&no, t, CHOICE_AGAINST);
	sum_of(&abstain, t, CHOICE_ABSTAIN);
	out->yes = tally_weight(rules, total, &yes);
	out->no = tally_weight(rules, total, &no);
	out->quorum = out->yes;
	if (rules->quorum_counts_abstain)
		out->quorum += tally_weight(rules, total, &abstain);
	out->base = tally_weight(rules, total, total);
	out->floor = yes.tokens + abstain.tokens;
	out->tokens = total->tokens;
}

bool tally_would_pass(const struct tally *t, const struct rules *rules,
		      const struct power *total)
{
	struct standing s;

	stand(&s, t, rules, total);
	return passes(&s, rules);
}

bool tally_is_far_below_quorum(const struct tally *t, const struct rules *rules,
			       const struct power *total)
{
	struct standing s;

	stand(&s, t, rules, total);
	return !reaches(2 * s.quorum, s.base, rules->quorum_bp, false);
}

/* Whatever is not cast by its owner's own ballot may still go anywhere. If the
 * result stands when all of it goes against it, it is settled: in favour is
 * the best that can happen to a proposal, against the worst. */
bool tally_is_settled(const struct tally *t, const struct rules *rules,
		      const struct power *total)
{
	struct tally extreme = *t; /* what is carried may go elsewhere */
	struct power out = *total;
	bool now = tally_would_pass(t, rules, total);

	for (size_t c = 0; c < CHOICES; c++)
		power_subtract(&out, &t->choice[c].power);
	power_add(
		&extreme.choice[(now ? CHOICE_AGAINST : CHOICE_FOR) - 1].power,
		&out);
	return tally_would_pass(&extreme, rules, total) == now;
}

static enum tally_verdict verdict_of(const struct tally_result *r)
{
	if (r->base == 0)
		return TALLY_NO_POWER;
	if (!r->quorum_met)
		return TALLY_BELOW_QUORUM;
	if (!r->floor_met)
		return TALLY_BELOW_FLOOR;
	if (!r->approval_met)
		return TALLY_NOT_APPROVED;
	return TALLY_PASSES;
}

/* SPEC governance 6: Tally. */
void tally_evaluate(struct tally_result *out, const struct tally *t,
		    const struct rules *rules, const struct power *total)
{
	struct standing s;
	struct power sum;

	stand(&s, t, rules, total);
	for (size_t i = 0; i < CHOICES; i++) {
		sum_of(&sum, t, (enum choice)(i + 1));
		out->weight[i] = tally_weight(rules, total, &sum);
	}
	out->base = s.base;
	out->quorum_required = share_of(s.base, rules->quorum_bp);
	out->quorum_reached = s.quorum;
	out->quorum_met = meets_quorum(&s, rules);
	out->floor_required =
		(uint64_t)share_of(total->tokens, rules->floor_bp);
	out->floor_reached = s.floor;
	out->floor_met = meets_floor(&s, rules);
	out->approval_bp = rules->approval_bp;
	out->approval_strict = rules->approval_strict;
	out->approval_met = meets_approval(&s, rules);
	out->verdict = verdict_of(out);
	out->would_pass = out->verdict == TALLY_PASSES;
}

uint32_t tally_turnout(const struct tally_result *r)
{
	unsigned __int128 cast = 0;

	for (size_t i = 0; i < CHOICES; i++)
		cast += r->weight[i];
	return r->base > 0 ? (uint32_t)(cast * TURNOUT_UNIT / r->base) : 0;
}

void u128_format(char out[U128_TEXT_BYTES], unsigned __int128 v)
{
	char digits[U128_TEXT_BYTES];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v > 0);
	for (size_t i = 0; i < count; i++)
		out[i] = digits[count - 1 - i];
	out[count] = '\0';
}
