/* Tallies: roots, thresholds at their exact edges, and the evaluation against
 * a slow one written another way. */
#include "governance_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

typedef unsigned __int128 u128;

/* The root by trying: the largest r with r * r <= tokens * 2^40. */
static uint64_t slow_root(uint64_t tokens)
{
	u128 target = (u128)tokens << 40;
	uint64_t low = 0, high = UINT64_C(1) << 49;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if ((u128)middle * middle <= target)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void a_quadratic_power_is_the_floor_of_the_root(void **state)
{
	struct chance c;

	(void)state;
	for (uint64_t t = 0; t < 5000; t++)
		assert_int_equal(power_quadratic(t), slow_root(t));
	for (int bit = 0; bit <= 56; bit++)
		for (int64_t d = -1; d <= 1; d++) {
			uint64_t t = (UINT64_C(1) << bit) + (uint64_t)d;

			if (t <= LIMIT_STAKE_TOTAL)
				assert_int_equal(power_quadratic(t),
						 slow_root(t));
		}
	chance_init(&c, "GOVERNANCE_ROOT_SEED", 11);
	for (int i = 0; i < 20000; i++) {
		uint64_t t = chance_next(&c) % (LIMIT_STAKE_TOTAL + 1) >>
			     chance_below(&c, 56);

		assert_int_equal(power_quadratic(t), slow_root(t));
	}
	assert_int_equal(power_quadratic(0), 0);
	assert_int_equal(power_quadratic(1), 1 << 20);
	assert_int_equal(power_quadratic(3), 1816186); /* not 2^20 */
	assert_int_equal(power_quadratic(LIMIT_STAKE_TOTAL), UINT64_C(1) << 48);
}

static void large_numbers_are_written_in_decimal(void **state)
{
	static const struct {
		const char *text;
		u128 value;
	} cases[] = {
		{"0", 0},
		{"7", 7},
		{"10", 10},
		{"18446744073709551615", UINT64_MAX},
		{"18446744073709551616", (u128)1 << 64},
		{"10384593717069655257060992658440192", (u128)1 << 113},
		{"340282366920938463463374607431768211455", ~(u128)0},
	};
	char text[U128_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u128_format(text, cases[i].value);
		assert_string_equal(text, cases[i].text);
	}
}

/* One voter a choice, with that power in every unit; total 10,000 of each. */
struct brink {
	const char *name;
	uint64_t in_favour, against, abstain;
	uint16_t quorum_bp, approval_bp, floor_bp;
	bool strict, counts_abstain;
	enum tally_verdict verdict;
};

static const struct brink edges[] = {
	{"quorum reached exactly", 1000, 0, 0, 1000, 5000, 0, true, false,
	 TALLY_PASSES},
	{"quorum missed by one", 999, 0, 0, 1000, 5000, 0, true, false,
	 TALLY_BELOW_QUORUM},
	{"abstentions count", 999, 0, 1, 1000, 5000, 0, true, true,
	 TALLY_PASSES},
	{"abstentions do not count", 999, 0, 9000, 1000, 5000, 0, true, false,
	 TALLY_BELOW_QUORUM},
	{"against does not help the quorum", 999, 998, 0, 1000, 5000, 0, true,
	 true, TALLY_BELOW_QUORUM},
	{"half is not above half", 2000, 2000, 0, 1000, 5000, 0, true, true,
	 TALLY_NOT_APPROVED},
	{"half is not more for than against", 2000, 2000, 0, 1000, 5000, 0,
	 false, true, TALLY_NOT_APPROVED},
	{"one above half", 2001, 2000, 0, 1000, 5000, 0, true, true,
	 TALLY_PASSES},
	{"exactly 67% where that is enough", 670, 330, 1000, 1000, 6700, 0,
	 false, true, TALLY_PASSES},
	{"exactly 67% where more is asked", 670, 330, 1000, 1000, 6700, 0, true,
	 true, TALLY_NOT_APPROVED},
	{"just below 67%", 6699, 3301, 0, 1000, 6700, 0, false, true,
	 TALLY_NOT_APPROVED},
	{"abstentions do not count for approval", 600, 400, 9000, 1000, 5000, 0,
	 true, true, TALLY_PASSES},
	{"nobody for", 0, 0, 10000, 1000, 5000, 0, true, true,
	 TALLY_NOT_APPROVED},
	{"floor reached exactly", 150, 0, 50, 100, 5000, 200, true, true,
	 TALLY_PASSES},
	{"floor missed by one", 150, 0, 49, 100, 5000, 200, true, true,
	 TALLY_BELOW_FLOOR},
	{"against does not help the floor", 150, 100, 0, 100, 5000, 200, true,
	 true, TALLY_BELOW_FLOOR},
	{"abstentions count for the floor always", 150, 0, 50, 100, 5000, 200,
	 true, false, TALLY_PASSES},
	{"quorum is told before approval", 1, 5, 0, 1000, 5000, 200, true, true,
	 TALLY_BELOW_QUORUM},
};

static struct power alike(uint64_t v)
{
	return (struct power){v, v, v};
}

static void thresholds_hold_at_their_exact_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		const struct brink *e = &edges[i];
		const struct power total = alike(10000),
				   yes = alike(e->in_favour),
				   no = alike(e->against),
				   abstain = alike(e->abstain);

		for (int m = MECHANISM_TOKEN; m <= MECHANISM_HYBRID; m++) {
			const struct rules rules = {
				.mechanism = (enum mechanism)m,
				.weight_tokens = 30,
				.weight_reputation = 70,
				.quorum_counts_abstain = e->counts_abstain,
				.approval_strict = e->strict,
				.quorum_bp = e->quorum_bp,
				.approval_bp = e->approval_bp,
				.floor_bp = e->floor_bp,
			};
			struct tally t = {0};
			struct tally_result r;

			tally_add(&t, CHOICE_FOR, &yes);
			tally_add(&t, CHOICE_AGAINST, &no);
			tally_add(&t, CHOICE_ABSTAIN, &abstain);
			tally_evaluate(&r, &t, &rules, &total);
			if (r.verdict != e->verdict)
				fail_msg("%s (%s): verdict %d", e->name,
					 mechanism_name((uint32_t)m),
					 (int)r.verdict);
			assert_int_equal(r.would_pass,
					 e->verdict == TALLY_PASSES);
		}
	}
}

static void without_power_nothing_passes(void **state)
{
	const struct rules hybrid = {.mechanism = MECHANISM_HYBRID,
				     .weight_tokens = 30,
				     .weight_reputation = 70,
				     .quorum_bp = 1,
				     .approval_bp = 5000};
	const struct {
		const char *name;
		struct power total;
		u128 base;
		enum tally_verdict verdict;
	} cases[] = {
		{"no reputation: tokens alone",
		 {1000, 5, 0},
		 1000,
		 TALLY_PASSES},
		{"no tokens: reputation alone", {0, 0, 70}, 70, TALLY_PASSES},
		{"neither", {0, 0, 0}, 0, TALLY_NO_POWER},
		{"both", {1000, 5, 70}, 100 * 1000 * 70, TALLY_PASSES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tally t = {0};
		struct tally_result r;

		tally_add(&t, CHOICE_FOR, &cases[i].total);
		tally_evaluate(&r, &t, &hybrid, &cases[i].total);
		assert_true(r.base == cases[i].base);
		if (r.verdict != cases[i].verdict)
			fail_msg("%s", cases[i].name);
	}
	for (int m = MECHANISM_TOKEN; m <= MECHANISM_REPUTATION; m++) {
		struct rules rules = hybrid;
		struct power nothing = {0};
		struct tally t = {0};
		struct tally_result r;

		rules.mechanism = (enum mechanism)m;
		tally_add(&t, CHOICE_FOR, &nothing);
		tally_evaluate(&r, &t, &rules, &nothing);
		assert_int_equal(r.verdict, TALLY_NO_POWER);
		assert_false(r.quorum_met);
	}
}

/* The largest network and the heaviest weights stay inside 128 bits: a
 * unanimous vote weighs exactly the base and passes, a tie does not. */
static void the_largest_network_does_not_overflow(void **state)
{
	const struct power all = {LIMIT_STAKE_TOTAL, UINT64_C(1) << 60,
				  LIMIT_REPUTATION_TOTAL};
	const struct power half = {all.tokens / 2, all.quadratic / 2,
				   all.reputation / 2};
	const u128 product = (u128)LIMIT_STAKE_TOTAL * LIMIT_REPUTATION_TOTAL;

	(void)state;
	for (int m = MECHANISM_TOKEN; m <= MECHANISM_HYBRID; m++) {
		const struct rules rules = {.mechanism = (enum mechanism)m,
					    .weight_tokens = 100,
					    .weight_reputation = 100,
					    .quorum_bp = 6000,
					    .approval_bp = 9000,
					    .floor_bp = 5000};
		struct tally t = {0};
		struct tally_result r;

		tally_add(&t, CHOICE_FOR, &all);
		tally_evaluate(&r, &t, &rules, &all);
		assert_true(r.weight[0] == r.base);
		assert_true(r.would_pass);
		if (m == MECHANISM_HYBRID)
			assert_true(r.base == 200 * product);
		tally_remove(&t, CHOICE_FOR, &all);
		tally_add(&t, CHOICE_FOR, &half);
		tally_add(&t, CHOICE_AGAINST, &half);
		tally_evaluate(&r, &t, &rules, &all);
		assert_true(r.weight[0] == r.weight[1]);
		assert_false(r.would_pass);
	}
}

/* ---- The slow evaluation: over all ballots, dividing nothing, one rule a
 * line, with numbers of its own. ---- */

struct slow_voter {
	uint64_t tokens, reputation;
	bool eligible;
	uint32_t choice; /* 0: no ballot */
};

static u128 slow_one(const struct rules *rules, u128 tokens, u128 root,
		     u128 reputation, u128 all_tokens, u128 all_reputation)
{
	if (rules->mechanism == MECHANISM_TOKEN)
		return tokens;
	if (rules->mechanism == MECHANISM_QUADRATIC)
		return root;
	if (rules->mechanism == MECHANISM_REPUTATION)
		return reputation;
	if (all_reputation == 0)
		return tokens;
	if (all_tokens == 0)
		return reputation;
	return rules->weight_tokens * tokens * all_reputation +
	       rules->weight_reputation * reputation * all_tokens;
}

static bool slow_pass(u128 weight[4], const struct rules *rules,
		      const struct slow_voter *voters, size_t count)
{
	u128 all_tokens = 0, all_reputation = 0, base = 0, floor_tokens = 0;
	u128 quorum;

	memset(weight, 0, 4 * sizeof(*weight));
	for (size_t i = 0; i < count; i++) {
		if (!voters[i].eligible)
			continue;
		all_tokens += voters[i].tokens;
		all_reputation += voters[i].reputation;
	}
	for (size_t i = 0; i < count; i++) {
		const struct slow_voter *v = &voters[i];
		u128 one = slow_one(rules, v->tokens, slow_root(v->tokens),
				    v->reputation, all_tokens, all_reputation);

		if (!v->eligible)
			continue;
		base += one;
		weight[v->choice] += one;
		if (v->choice == CHOICE_FOR || v->choice == CHOICE_ABSTAIN)
			floor_tokens += v->tokens;
	}
	quorum = weight[CHOICE_FOR] +
		 (rules->quorum_counts_abstain ? weight[CHOICE_ABSTAIN] : 0);
	if (base == 0 || 10000 * quorum < rules->quorum_bp * base)
		return false;
	if (10000 * floor_tokens < rules->floor_bp * all_tokens)
		return false;
	if (weight[CHOICE_FOR] <= weight[CHOICE_AGAINST])
		return false;
	if (rules->approval_strict)
		return (10000 - (u128)rules->approval_bp) * weight[CHOICE_FOR] >
		       rules->approval_bp * weight[CHOICE_AGAINST];
	return (10000 - (u128)rules->approval_bp) * weight[CHOICE_FOR] >=
	       rules->approval_bp * weight[CHOICE_AGAINST];
}

static void random_rules(struct chance *c, struct rules *rules)
{
	memset(rules, 0, sizeof(*rules));
	rules->mechanism = (enum mechanism)(1 + chance_below(c, 4));
	rules->weight_tokens = (uint8_t)(1 + chance_below(c, 100));
	rules->weight_reputation = (uint8_t)(1 + chance_below(c, 100));
	rules->quorum_counts_abstain = chance_below(c, 2) != 0;
	rules->approval_strict = chance_below(c, 2) != 0;
	rules->quorum_bp = (uint16_t)(1 + chance_below(c, 6000));
	rules->approval_bp = (uint16_t)(5000 + chance_below(c, 4001));
	rules->floor_bp = (uint16_t)(chance_below(c, 2) * 200);
}

/* Small numbers make ties and exact thresholds likely. */
static void random_voter(struct chance *c, struct slow_voter *v, bool large)
{
	uint32_t shift = large ? chance_below(c, 45) : 0;

	v->tokens = (uint64_t)chance_below(c, 12) << shift;
	v->reputation = (uint64_t)chance_below(c, 4) << (large ? 30 : 0);
	v->eligible = chance_below(c, 8) != 0;
	v->choice = v->eligible ? chance_below(c, 4) : 0;
}

static void the_evaluation_equals_the_slow_one(void **state)
{
	struct slow_voter voters[24];
	uint32_t passed = 0;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_TALLY_SEED", 12);
	for (int round = 0; round < 20000; round++) {
		size_t count = 1 + chance_below(&c, 24);
		bool large = chance_below(&c, 2) != 0;
		struct power total = {0};
		struct tally_result r;
		struct tally t = {0};
		struct rules rules;
		u128 weight[4];
		bool pass;

		random_rules(&c, &rules);
		for (size_t i = 0; i < count; i++) {
			struct slow_voter *v = &voters[i];
			struct power p;

			random_voter(&c, v, large);
			p = (struct power){v->tokens,
					   power_quadratic(v->tokens),
					   v->reputation};
			if (v->eligible)
				power_add(&total, &p);
			if (v->choice)
				tally_add(&t, (enum choice)v->choice, &p);
		}
		pass = slow_pass(weight, &rules, voters, count);
		tally_evaluate(&r, &t, &rules, &total);
		for (size_t i = 0; i < CHOICES; i++)
			assert_true(r.weight[i] == weight[i + 1]);
		assert_int_equal(r.would_pass, pass);
		passed += pass;
		/* Required is the least that reaches. */
		assert_int_equal(r.quorum_met,
				 r.base > 0 &&
					 r.quorum_reached >= r.quorum_required);
		assert_int_equal(r.floor_met,
				 r.floor_reached >= r.floor_required);
	}
	assert_in_range(passed, 1000, 19000);
}

static void votes_against_never_help(void **state)
{
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_AGAINST_SEED", 13);
	for (int round = 0; round < 20000; round++) {
		struct power p[4], total = {0};
		struct tally_result before, after;
		struct tally t = {0};
		struct rules rules;

		random_rules(&c, &rules);
		for (int i = 0; i < 4; i++) {
			p[i].tokens = chance_below(&c, 50);
			p[i].quadratic = power_quadratic(p[i].tokens);
			p[i].reputation = chance_below(&c, 20);
			power_add(&total, &p[i]);
		}
		tally_add(&t, CHOICE_FOR, &p[0]);
		tally_add(&t, CHOICE_AGAINST, &p[1]);
		tally_add(&t, CHOICE_ABSTAIN, &p[2]);
		tally_evaluate(&before, &t, &rules, &total);
		tally_add(&t, CHOICE_AGAINST, &p[3]);
		tally_evaluate(&after, &t, &rules, &total);
		assert_false(after.would_pass && !before.would_pass);
		tally_remove(&t, CHOICE_AGAINST, &p[3]);
		tally_evaluate(&after, &t, &rules, &total);
		assert_int_equal(after.verdict, before.verdict);
	}
}

static void a_type_has_the_rules_of_the_parameters(void **state)
{
	static const struct {
		const char *name;
		enum proposal_type type;
		enum mechanism mechanism;
		unsigned weight_tokens, weight_reputation;
		unsigned days, approval;
		bool strict, abstain;
		unsigned floor;
	} rows[] = {
		{"standard", TYPE_STANDARD, MECHANISM_QUADRATIC, 50, 50, 7,
		 5000, true, true, 200},
		{"technical", TYPE_TECHNICAL, MECHANISM_HYBRID, 30, 70, 7, 5000,
		 true, true, 0},
		{"emergency", TYPE_EMERGENCY, MECHANISM_TOKEN, 50, 50, 1, 6700,
		 false, false, 0},
		{"constitutional", TYPE_CONSTITUTIONAL, MECHANISM_QUADRATIC, 50,
		 50, 14, 6700, false, false, 200},
		{"treasury", TYPE_TREASURY, MECHANISM_QUADRATIC, 50, 50, 7,
		 5000, true, false, 200},
		{"parameter", TYPE_PARAMETER, MECHANISM_HYBRID, 40, 60, 7, 5000,
		 true, true, 0},
		{"crosschain", TYPE_CROSSCHAIN, MECHANISM_QUADRATIC, 50, 50, 7,
		 5000, true, true, 200},
	};
	struct governance_params params;
	struct rules rules;

	(void)state;
	net_params(&params);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(proposal_type_name(rows[i].type),
				    rows[i].name);
		rules_from_params(&rules, &params, rows[i].type);
		assert_int_equal(rules.mechanism, rows[i].mechanism);
		assert_int_equal(rules.weight_tokens, rows[i].weight_tokens);
		assert_int_equal(rules.weight_reputation,
				 rows[i].weight_reputation);
		assert_int_equal(rules.voting_ms, rows[i].days * MS_DAY);
		assert_int_equal(rules.quorum_bp, 1000);
		assert_int_equal(rules.approval_bp, rows[i].approval);
		assert_int_equal(rules.approval_strict, rows[i].strict);
		assert_int_equal(rules.quorum_counts_abstain, rows[i].abstain);
		assert_int_equal(rules.floor_bp, rows[i].floor);
	}
	assert_int_equal(governance_param_set(&params, "technical.mechanism",
					      MECHANISM_REPUTATION, NULL),
			 ERR_OK);
	rules_from_params(&rules, &params, TYPE_TECHNICAL);
	assert_int_equal(rules.floor_bp, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quadratic_power_is_the_floor_of_the_root),
		cmocka_unit_test(large_numbers_are_written_in_decimal),
		cmocka_unit_test(thresholds_hold_at_their_exact_edges),
		cmocka_unit_test(without_power_nothing_passes),
		cmocka_unit_test(the_largest_network_does_not_overflow),
		cmocka_unit_test(the_evaluation_equals_the_slow_one),
		cmocka_unit_test(votes_against_never_help),
		cmocka_unit_test(a_type_has_the_rules_of_the_parameters),
	};

	return cmocka_run_group_tests_name("governance tally", tests, NULL,
					   NULL);
}
