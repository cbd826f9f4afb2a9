#include "governance/tally.h"

#include "base/assert.h"

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
	struct power sum[CHOICES];
	unsigned __int128 yes, no;

	for (size_t i = 0; i < CHOICES; i++) {
		sum[i] = t->choice[i].power;
		power_add(&sum[i], &t->carried[i]);
		out->weight[i] = tally_weight(rules, total, &sum[i]);
	}
	yes = out->weight[CHOICE_FOR - 1];
	no = out->weight[CHOICE_AGAINST - 1];

	out->base = tally_weight(rules, total, total);
	out->quorum_required = share_of(out->base, rules->quorum_bp);
	out->quorum_reached = yes;
	if (rules->quorum_counts_abstain)
		out->quorum_reached += out->weight[CHOICE_ABSTAIN - 1];
	out->quorum_met =
		out->base > 0 && reaches(out->quorum_reached, out->base,
					 rules->quorum_bp, false);

	out->floor_required =
		(uint64_t)share_of(total->tokens, rules->floor_bp);
	out->floor_reached =
		sum[CHOICE_FOR - 1].tokens + sum[CHOICE_ABSTAIN - 1].tokens;
	out->floor_met = reaches(out->floor_reached, total->tokens,
				 rules->floor_bp, false);

	out->approval_bp = rules->approval_bp;
	out->approval_strict = rules->approval_strict;
	out->approval_met = yes > 0 && yes > no &&
			    reaches(yes, yes + no, rules->approval_bp,
				    rules->approval_strict);

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
