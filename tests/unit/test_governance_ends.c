/* What ends a vote, when, and what becomes of the deposit. */
#include "governance_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum err send(struct test_net *n, uint32_t from, uint32_t to,
		     uint64_t amount)
{
	struct payload p = {.kind = PAYLOAD_TRANSFER};

	p.transfer.to = governance_account(n->g, to)->key;
	p.transfer.amount = amount;
	return net_apply(n, from, &p, NULL);
}

static uint64_t locked(const struct test_net *n, uint32_t account)
{
	return governance_account(n->g, account)->locked;
}

static uint64_t stake(const struct test_net *n, uint32_t account)
{
	const struct governance_account *x = governance_account(n->g, account);

	return x->power.tokens + x->maturing;
}

/* ---- Deposits ---- */

/* Accounts 0 to 9 with 30,000 tokens each; a deposit of 10,000. */
static void deposits_init(struct test_net *n)
{
	struct governance_params params;

	net_params(&params);
	params.value[PARAM_PROPOSAL_DEPOSIT] = 10000 * TOKEN;
	params.value[PARAM_PROPOSAL_MAX_OPEN] = 10;
	net_init(n, &params);
	for (int i = 0; i < 10; i++)
		net_account(n, 30000, 0);
}

static void the_deposit_grows_with_what_is_open(void **state)
{
	struct test_net n;

	(void)state;
	deposits_init(&n);
	assert_int_equal(governance_deposit(n.g), 10000 * TOKEN);
	net_submit(&n, 0, TYPE_STANDARD, false, NULL);
	assert_int_equal(governance_deposit(n.g), 10100 * TOKEN);
	net_submit(&n, 1, TYPE_STANDARD, false, NULL);
	assert_int_equal(governance_deposit(n.g), 10200 * TOKEN);
	assert_int_equal(locked(&n, 0), 10000 * TOKEN);
	assert_int_equal(locked(&n, 1), 10100 * TOKEN);
	/* What was locked stays what it was. */
	net_cancel(&n, 1, 2, "");
	assert_int_equal(locked(&n, 1), 0);
	assert_int_equal(governance_deposit(n.g), 10100 * TOKEN);
	net_fini(&n);
}

static void a_deposit_is_refused_to_the_micro_token(void **state)
{
	enum err err;
	struct test_net n;

	(void)state;
	deposits_init(&n);
	assert_int_equal(send(&n, 0, 1, 20000 * TOKEN + 1), ERR_OK);
	assert_int_equal(net_submit(&n, 0, TYPE_STANDARD, false, &err), 0);
	assert_int_equal(err, ERR_NOT_ENOUGH_STAKE);
	/* A draft locks nothing; publishing it does. */
	assert_int_equal(net_submit(&n, 0, TYPE_STANDARD, true, NULL), 1);
	assert_int_equal(locked(&n, 0), 0);
	assert_int_equal(net_publish(&n, 0, 1), ERR_NOT_ENOUGH_STAKE);
	assert_int_equal(send(&n, 1, 0, 1), ERR_OK);
	/* It has arrived, and does not count yet. */
	assert_int_equal(net_publish(&n, 0, 1), ERR_NOT_ENOUGH_STAKE);
	net_sleep(&n, 2 * MS_DAY);
	assert_int_equal(net_publish(&n, 0, 1), ERR_OK);
	assert_int_equal(locked(&n, 0), 10000 * TOKEN);
	assert_int_equal(send(&n, 0, 1, 1), ERR_NOT_ENOUGH_STAKE);
	net_cancel(&n, 0, 1, "");
	assert_int_equal(send(&n, 0, 1, 10000 * TOKEN), ERR_OK);
	net_fini(&n);
}

static void locked_stake_votes(void **state)
{
	struct test_net n;

	(void)state;
	deposits_init(&n);
	net_open(&n, 0, TYPE_TREASURY);
	assert_int_equal(net_vote(&n, 0, 1, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_see(&n, 1)->tally.choice[0].power.tokens,
			 30000 * TOKEN);
	net_fini(&n);
}

/* A token-weighted vote with these tokens for, of 300,000 and a quorum of 10%:
 * 15,000 are half of it. */
static void burn_case(uint64_t in_favour, bool burnt)
{
	struct test_net n;
	uint32_t number;

	deposits_init(&n);
	assert_int_equal(send(&n, 1, 2, 30000 * TOKEN - in_favour), ERR_OK);
	net_sleep(&n, 2 * MS_DAY);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	if (in_favour)
		assert_int_equal(net_vote(&n, 1, number, CHOICE_FOR), ERR_OK);
	net_finish(&n, number);
	assert_int_equal(net_see(&n, number)->state, STATE_REJECTED);
	assert_int_equal(locked(&n, 0), 0);
	assert_int_equal(net_see(&n, number)->deposit, 0);
	assert_int_equal(stake(&n, 0), (burnt ? 20000 : 30000) * TOKEN);
	assert_int_equal(governance_treasury(n.g), burnt ? 10000 * TOKEN : 0);
	assert_int_equal(governance_total(n.g)->power.tokens,
			 (burnt ? 290000 : 300000) * TOKEN);
	net_fini(&n);
}

static void less_than_half_the_quorum_burns_the_deposit(void **state)
{
	(void)state;
	burn_case(15000 * TOKEN, false);
	burn_case(15000 * TOKEN - 1, true);
	burn_case(0, true);
}

static void a_passed_proposal_has_its_deposit_back(void **state)
{
	struct test_net n;

	(void)state;
	deposits_init(&n);
	net_open(&n, 0, TYPE_EMERGENCY);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(net_vote(&n, i, 1, CHOICE_FOR), ERR_OK);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_PASSED);
	assert_int_equal(locked(&n, 0), 0);
	assert_int_equal(stake(&n, 0), 30000 * TOKEN);
	net_fini(&n);
}

static void anybody_ends_the_proposal_of_one_who_sold(void **state)
{
	struct governance_params params;
	struct test_net n;

	(void)state;
	net_params(&params);
	params.value[PARAM_PROPOSAL_DEPOSIT] = 1000 * TOKEN;
	net_init(&n, &params);
	net_account(&n, 30000, 0);
	net_account(&n, 30000, 0);
	net_open(&n, 0, TYPE_TREASURY);
	assert_int_equal(net_cancel(&n, 1, 1, "sold"), ERR_UNAUTHORISED);
	assert_int_equal(send(&n, 0, 1, 25000 * TOKEN), ERR_OK);
	assert_int_equal(net_cancel(&n, 1, 1, "sold"), ERR_UNAUTHORISED);
	assert_int_equal(send(&n, 0, 1, 1), ERR_OK);
	/* The proposer itself may not while it is voted on. */
	assert_int_equal(net_cancel(&n, 0, 1, ""), ERR_WRONG_STATE);
	assert_int_equal(net_cancel(&n, 1, 1, "sold"), ERR_OK);
	assert_int_equal(net_see(&n, 1)->state, STATE_CANCELLED);
	assert_int_equal(net_see(&n, 1)->reason, REASON_BELOW_STAKE);
	assert_int_equal(locked(&n, 0), 0);
	assert_int_equal(net_cancel(&n, 1, 1, "again"), ERR_WRONG_STATE);
	net_fini(&n);
}

/* ---- Late turns ---- */

enum { PERIOD = 80000, WINDOW = 10000 };

/* Three accounts with 100 tokens each, and one that makes proposals and has
 * little; token-weighted, a quorum of a third. */
static uint32_t late_init(struct test_net *n)
{
	struct governance_params params;

	net_params(&params);
	if (governance_param_set(&params, "treasury.mechanism", MECHANISM_TOKEN,
				 NULL) ||
	    governance_param_set(&params, "treasury.voting_ms", PERIOD, NULL) ||
	    governance_param_set(&params, "treasury.quorum_bp", 3000, NULL) ||
	    governance_param_set(&params, "detect.swing_accounts", 0, NULL) ||
	    governance_param_set(&params, "proposal.min_stake", 0, NULL))
		fail();
	net_init(n, &params);
	for (int i = 0; i < 3; i++)
		net_account(n, 100, 0);
	net_account(n, 1, 0);
	return net_open(n, 3, TYPE_TREASURY);
}

static void a_turn_prolongs_by_the_rule(void **state)
{
	static const struct {
		uint64_t elapsed, end;
	} cases[] = {
		{0, PERIOD},	 /* 10 + 40 */
		{60000, PERIOD}, /* 60 + 10 + 40 - 30 = 80: no more */
		{60001, PERIOD}, /* rounded down */
		{60002, PERIOD + 1}, {70000, 85000}, /* 70 + 10 + 5 */
		{79999, 89999},			     /* 79.999 + 10 + 0 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_net n;
		uint32_t number = late_init(&n);
		uint64_t start = net_see(&n, number)->voting_start_ms;

		assert_int_equal(net_see(&n, number)->rules.late_window_ms,
				 WINDOW);
		net_block(&n, start + cases[i].elapsed);
		assert_int_equal(net_vote(&n, 0, number, CHOICE_FOR), ERR_OK);
		assert_int_equal(net_see(&n, number)->voting_end_ms,
				 start + cases[i].end);
		net_block(&n, start + cases[i].end - 1);
		assert_int_equal(net_see(&n, number)->state, STATE_VOTING);
		net_block(&n, start + cases[i].end);
		assert_int_equal(net_see(&n, number)->state, STATE_PASSED);
		net_fini(&n);
	}
}

static void a_ballot_that_turns_nothing_prolongs_nothing(void **state)
{
	struct test_net n;
	uint32_t number = late_init(&n);
	uint64_t start = net_see(&n, number)->voting_start_ms;

	(void)state;
	assert_int_equal(net_vote(&n, 0, number, CHOICE_FOR), ERR_OK);
	net_block(&n, start + PERIOD - 1);
	assert_int_equal(net_vote(&n, 1, number, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_see(&n, number)->voting_end_ms, start + PERIOD);
	net_fini(&n);
}

static void turns_prolong_to_two_windows_at_most(void **state)
{
	struct test_net n;
	uint32_t number = late_init(&n);
	uint64_t start = net_see(&n, number)->voting_start_ms;
	uint64_t end = start + PERIOD;

	(void)state;
	/* Each turn comes as late as it can, and adds half of what is left. */
	for (uint32_t turn = 0; turn <= LIMIT_BALLOT_CHANGES; turn++) {
		net_block(&n, end - 1);
		assert_int_equal(
			net_vote(&n, 0, number,
				 turn % 2 ? CHOICE_ABSTAIN : CHOICE_FOR),
			ERR_OK);
		assert_in_range(net_see(&n, number)->voting_end_ms, end,
				start + PERIOD + 2 * WINDOW - 1);
		end = net_see(&n, number)->voting_end_ms;
	}
	assert_in_range(end, start + PERIOD + 2 * WINDOW - 3,
			start + PERIOD + 2 * WINDOW);
	net_block(&n, end);
	assert_int_equal(net_see(&n, number)->state, STATE_PASSED);
	net_fini(&n);
}

static void a_reloaded_vote_remembers_how_it_stood(void **state)
{
	struct governance *copy;
	struct map map = {0};
	struct test_net n;
	uint32_t number = late_init(&n);
	uint64_t start = net_see(&n, number)->voting_start_ms;

	(void)state;
	net_vote(&n, 0, number, CHOICE_FOR);
	map_flush(&map, n.g);
	copy = map_load(&map, n.g);
	governance_free(&n.g);
	n.g = copy;
	net_block(&n, start + 70000);
	assert_int_equal(net_vote(&n, 1, number, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_see(&n, number)->voting_end_ms, start + PERIOD);
	assert_int_equal(net_vote(&n, 1, number, CHOICE_AGAINST), ERR_OK);
	assert_int_equal(net_see(&n, number)->voting_end_ms, start + 85000);
	map_fini(&map);
	net_fini(&n);
}

/* ---- Early ends ---- */

static void an_emergency_ends_when_nothing_can_change_it(void **state)
{
	const struct governance_event *events;
	struct test_net n;
	size_t count;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	for (int i = 0; i < 9; i++)
		net_account(&n, 5000, 0);
	net_open(&n, 0, TYPE_EMERGENCY);
	/* 67% of all, were the rest against: 7 of 10, not 6. */
	for (uint32_t i = 0; i < 6; i++)
		net_vote(&n, i, 1, CHOICE_FOR);
	net_sleep(&n, 1000);
	assert_int_equal(net_see(&n, 1)->state, STATE_VOTING);
	net_vote(&n, 6, 1, CHOICE_FOR);
	events = governance_events(n.g, &count);
	assert_int_equal(events[count - 1].kind, EVENT_END_MOVED);
	assert_int_equal(events[count - 1].amount, n.time_ms + 1);
	/* What is in the same block counts. */
	assert_int_equal(net_vote(&n, 7, 1, CHOICE_AGAINST), ERR_OK);
	net_sleep(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_PASSED);
	assert_int_equal(net_vote(&n, 8, 1, CHOICE_FOR), ERR_NOT_VOTING);
	net_fini(&n);
}

static void a_changed_mind_in_the_same_block_undoes_an_early_end(void **state)
{
	struct test_net n;
	uint64_t end;

	(void)state;
	net_init(&n, NULL);
	for (int i = 0; i < 10; i++)
		net_account(&n, 5000, 0);
	net_open(&n, 0, TYPE_EMERGENCY);
	end = net_see(&n, 1)->voting_end_ms;
	for (uint32_t i = 0; i < 7; i++)
		net_vote(&n, i, 1, CHOICE_FOR);
	assert_int_equal(net_see(&n, 1)->voting_end_ms, n.time_ms + 1);
	net_vote(&n, 6, 1, CHOICE_AGAINST);
	assert_int_equal(net_see(&n, 1)->voting_end_ms, end);
	net_vote(&n, 7, 1, CHOICE_AGAINST);
	net_vote(&n, 8, 1, CHOICE_AGAINST);
	net_vote(&n, 9, 1, CHOICE_AGAINST);
	assert_int_equal(net_see(&n, 1)->voting_end_ms, n.time_ms + 1);
	net_sleep(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_REJECTED);
	net_fini(&n);
}

static void only_an_emergency_ends_early(void **state)
{
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_open(&n, 0, TYPE_STANDARD);
	net_vote(&n, 0, 1, CHOICE_FOR);
	net_sleep(&n, 1000);
	assert_int_equal(net_see(&n, 1)->state, STATE_VOTING);
	net_fini(&n);
}

/* Every way in which those that are left may vote, in every mechanism. */
struct voter {
	struct power power;
	uint32_t choice; /* 0: not yet */
};

static bool any_other(const struct rules *rules, const struct power *total,
		      struct voter *v, size_t count, size_t at, bool now)
{
	struct tally t = {0};

	if (at == count) {
		for (size_t i = 0; i < count; i++)
			if (v[i].choice)
				tally_add(&t, v[i].choice, &v[i].power);
		return tally_would_pass(&t, rules, total) != now;
	}
	if (v[at].choice)
		return any_other(rules, total, v, count, at + 1, now);
	for (uint32_t c = 0; c <= CHOICES; c++) {
		bool found;

		v[at].choice = c;
		found = c ? any_other(rules, total, v, count, at + 1, now)
			  : false;
		v[at].choice = 0;
		if (found)
			return true;
	}
	/* Or not at all. */
	v[at].choice = 0;
	return false;
}

static void settled_means_that_no_way_of_voting_changes_it(void **state)
{
	uint32_t settled = 0, open = 0;
	struct governance_params params;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_SETTLED_SEED", 41);
	net_params(&params);
	for (int round = 0; round < 4000; round++) {
		struct voter v[6];
		size_t count = 2 + chance_below(&c, 5);
		struct power total = {0};
		struct tally t = {0};
		struct rules rules;
		bool now, other;

		rules_from_params(&rules, &params,
				  1 + chance_below(&c, PROPOSAL_TYPES));
		rules.mechanism = 1 + chance_below(&c, 4);
		rules.quorum_bp = (uint16_t)(1 + chance_below(&c, 6000));
		rules.quorum_counts_abstain = chance_below(&c, 2);
		for (size_t i = 0; i < count; i++) {
			uint64_t tokens = chance_below(&c, 5) * TOKEN;

			v[i].power =
				(struct power){tokens, power_quadratic(tokens),
					       chance_below(&c, 4) * 10};
			v[i].choice = chance_below(&c, 3)
					      ? 1 + chance_below(&c, 3)
					      : 0;
			power_add(&total, &v[i].power);
			if (v[i].choice)
				tally_add(&t, v[i].choice, &v[i].power);
		}
		now = tally_would_pass(&t, &rules, &total);
		other = any_other(&rules, &total, v, count, 0, now);
		if (tally_is_settled(&t, &rules, &total)) {
			assert_false(other);
			settled++;
		} else {
			assert_true(other);
			open++;
		}
	}
	printf("%u settled, %u open\n", settled, open);
	assert_true(settled > 500 && open > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_deposit_grows_with_what_is_open),
		cmocka_unit_test(a_deposit_is_refused_to_the_micro_token),
		cmocka_unit_test(locked_stake_votes),
		cmocka_unit_test(less_than_half_the_quorum_burns_the_deposit),
		cmocka_unit_test(a_passed_proposal_has_its_deposit_back),
		cmocka_unit_test(anybody_ends_the_proposal_of_one_who_sold),
		cmocka_unit_test(a_turn_prolongs_by_the_rule),
		cmocka_unit_test(a_ballot_that_turns_nothing_prolongs_nothing),
		cmocka_unit_test(turns_prolong_to_two_windows_at_most),
		cmocka_unit_test(a_reloaded_vote_remembers_how_it_stood),
		cmocka_unit_test(an_emergency_ends_when_nothing_can_change_it),
		cmocka_unit_test(
			a_changed_mind_in_the_same_block_undoes_an_early_end),
		cmocka_unit_test(only_an_emergency_ends_early),
		cmocka_unit_test(
			settled_means_that_no_way_of_voting_changes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
