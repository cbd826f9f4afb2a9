/* From passing to execution: the timelock, what is done, and what fails. */
#include "governance_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Two accounts that hold most; an epoch of three days, so that its turn is not
 * mistaken for the timelock; no cool-down. */
static void queue_init(struct test_net *n)
{
	struct governance_params params;

	net_params(&params);
	params.value[PARAM_PROPOSAL_DEPOSIT] = 1000 * TOKEN;
	params.value[PARAM_PARAMETER_COOLDOWN_MS] = 0;
	params.value[PARAM_EPOCH_MS] = 30 * MS_DAY;
	net_init(n, &params);
	net_account(n, 50000, 100);
	net_account(n, 50000, 100);
}

/* A proposal with these actions, voted for by all, at the block that ends it.
 */
static uint32_t pass(struct test_net *n, uint32_t type,
		     const struct action *list, uint32_t count)
{
	const struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = type,
			   .title = text_of("Act"),
			   .actions = {list, count}},
	};
	uint32_t number = 0;

	assert_int_equal(net_apply(n, 0, &payload, &number), ERR_OK);
	net_finish(n, number);
	assert_int_equal(net_vote(n, 0, number, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(n, 1, number, CHOICE_FOR), ERR_OK);
	net_finish(n, number);
	return number;
}

static void actions_wait_for_the_timelock_to_the_ms(void **state)
{
	const struct action set = set_param("proposal.max_open", 5);
	const struct governance_event *events;
	struct test_net n;
	uint64_t due;
	size_t count;

	(void)state;
	queue_init(&n);
	assert_int_equal(pass(&n, TYPE_PARAMETER, &set, 1), 1);
	events = governance_events(n.g, &count);
	assert_int_equal(count, 2);
	assert_int_equal(events[0].state, STATE_PASSED);
	assert_int_equal(events[1].state, STATE_QUEUED);
	assert_int_equal(net_see(&n, 1)->state, STATE_QUEUED);
	assert_int_equal(net_see(&n, 1)->ended_ms, 0);
	due = n.time_ms + MS_DAY;
	assert_int_equal(net_see(&n, 1)->execute_after_ms, due);
	assert_int_equal(governance_next_deadline_ms(n.g), due);
	assert_int_equal(governance_account(n.g, 0)->locked, 1000 * TOKEN);
	net_block(&n, due - 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_QUEUED);
	net_block(&n, due);
	assert_int_equal(net_see(&n, 1)->state, STATE_EXECUTED);
	assert_int_equal(net_see(&n, 1)->ended_ms, due);
	assert_int_equal(governance_account(n.g, 0)->locked, 0);
	assert_int_equal(governance_next_deadline_ms(n.g), 0);
	/* Decided now, in force from the next epoch. */
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	net_block(&n, T0 + 30 * MS_DAY - 1);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	net_block(&n, T0 + 30 * MS_DAY);
	assert_int_equal(net_param(&n, "proposal.max_open"), 5);
	net_fini(&n);
}

static void without_actions_passed_is_the_end(void **state)
{
	struct test_net n;

	(void)state;
	queue_init(&n);
	assert_int_equal(pass(&n, TYPE_PARAMETER, NULL, 0), 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_PASSED);
	assert_int_equal(net_see(&n, 1)->ended_ms, n.time_ms);
	assert_int_equal(governance_account(n.g, 0)->locked, 0);
	net_fini(&n);
}

static void an_emergency_is_executed_in_the_block_that_ends_it(void **state)
{
	const struct action set = set_param("proposal.deposit", 20000 * TOKEN);
	struct test_net n;

	(void)state;
	queue_init(&n);
	assert_int_equal(pass(&n, TYPE_EMERGENCY, &set, 1), 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_EXECUTED);
	assert_int_equal(net_param(&n, "proposal.deposit"), 20000 * TOKEN);
	net_fini(&n);
}

/* Two proposals that were possible when they were made; the first makes the
 * second one's step too large. */
static void what_can_no_longer_be_done_fails_and_does_nothing(void **state)
{
	const struct action first = set_param("proposal.max_open", 19);
	const struct action second[] = {
		set_param("parameter.cooldown_ms", MS_DAY),
		set_param("proposal.max_open", 1),
	};
	const struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = TYPE_PARAMETER,
			   .title = text_of("Late"),
			   .actions = {second, 2}},
	};
	struct test_net n;
	uint32_t number = 0;

	(void)state;
	queue_init(&n);
	assert_int_equal(net_apply(&n, 1, &payload, &number), ERR_OK);
	net_sleep(&n, MS_DAY / 2);
	assert_int_equal(pass(&n, TYPE_EMERGENCY, &first, 1), 2);
	assert_int_equal(net_param(&n, "proposal.max_open"), 19);
	net_finish(&n, 1);
	net_vote(&n, 0, 1, CHOICE_FOR);
	net_vote(&n, 1, 1, CHOICE_FOR);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_QUEUED);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_EXECUTION_FAILED);
	assert_int_equal(net_see(&n, 1)->reason, REASON_EXECUTION);
	assert_int_equal(net_see(&n, 1)->failure, ERR_PARAMETER_BOUNDS);
	/* It is no fault of the proposer. */
	assert_int_equal(governance_account(n.g, 1)->locked, 0);
	assert_int_equal(governance_treasury(n.g), 0);
	net_block(&n, T0 + 60 * MS_DAY);
	assert_int_equal(net_param(&n, "proposal.max_open"), 19);
	assert_int_equal(net_param(&n, "parameter.cooldown_ms"), 0);
	net_fini(&n);
}

static void an_open_vote_keeps_the_rules_it_opened_with(void **state)
{
	const struct action set = set_param("treasury.quorum_bp", 2000);
	struct test_net n;

	(void)state;
	queue_init(&n);
	pass(&n, TYPE_PARAMETER, &set, 1);
	net_finish(&n, 1);
	net_open(&n, 0, TYPE_TREASURY);
	net_sleep(&n, 1);
	assert_int_equal(net_see(&n, 2)->rules.quorum_bp, 1000);
	net_block(&n, T0 + 20 * MS_DAY);
	net_submit(&n, 0, TYPE_TREASURY, false, NULL);
	net_submit(&n, 1, TYPE_TREASURY, true, NULL);
	net_block(&n, T0 + 25 * MS_DAY);
	net_open(&n, 1, TYPE_TREASURY);
	net_sleep(&n, 1);
	net_block(&n, T0 + 30 * MS_DAY);
	assert_int_equal(net_param(&n, "treasury.quorum_bp"), 2000);
	assert_int_equal(net_see(&n, 5)->state, STATE_VOTING);
	assert_int_equal(net_see(&n, 5)->rules.quorum_bp, 1000);
	net_open(&n, 0, TYPE_TREASURY);
	assert_int_equal(net_see(&n, 6)->rules.quorum_bp, 2000);
	net_fini(&n);
}

static void reputation_that_was_decided_is_seen_by_later_votes(void **state)
{
	struct action award = {
		.kind = ACTION_REPUTATION,
		.reputation = {.kind = CONTRIBUTION_RESEARCH,
			       .points = 7 * POINT},
	};
	struct test_net n;

	(void)state;
	queue_init(&n);
	award.reputation.account = governance_account(n.g, 1)->key;
	pass(&n, TYPE_STANDARD, &award, 1);
	assert_int_equal(governance_account(n.g, 1)->power.reputation,
			 100 * POINT);
	/* One opens in the very block that executes it, and does not see it. */
	net_block(&n, net_see(&n, 1)->execute_after_ms - MS_DAY);
	net_submit(&n, 0, TYPE_TECHNICAL, false, NULL);
	net_block(&n, net_see(&n, 1)->execute_after_ms);
	assert_int_equal(net_see(&n, 1)->state, STATE_EXECUTED);
	assert_int_equal(net_see(&n, 2)->state, STATE_VOTING);
	assert_int_equal(governance_account(n.g, 1)->power.reputation,
			 107 * POINT);
	assert_int_equal(net_see(&n, 2)->total.power.reputation, 200 * POINT);
	assert_int_equal(net_vote(&n, 1, 2, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_see(&n, 2)->tally.choice[0].power.reputation,
			 100 * POINT);
	net_submit(&n, 0, TYPE_TECHNICAL, false, NULL);
	net_finish(&n, 3);
	assert_int_equal(net_see(&n, 3)->total.power.reputation, 207 * POINT);
	net_fini(&n);
}

static void a_queue_survives_a_restart(void **state)
{
	const struct action set = set_param("proposal.max_open", 5);
	struct governance *copy;
	struct map map = {0};
	struct test_net n;

	(void)state;
	queue_init(&n);
	pass(&n, TYPE_PARAMETER, &set, 1);
	map_flush(&map, n.g);
	copy = map_load(&map, n.g);
	governance_free(&n.g);
	n.g = copy;
	assert_int_equal(governance_account(n.g, 0)->locked, 1000 * TOKEN);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_EXECUTED);
	map_flush(&map, n.g);
	copy = map_load(&map, n.g);
	governance_free(&copy);
	net_block(&n, T0 + 30 * MS_DAY);
	assert_int_equal(net_param(&n, "proposal.max_open"), 5);
	map_fini(&map);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_wait_for_the_timelock_to_the_ms),
		cmocka_unit_test(without_actions_passed_is_the_end),
		cmocka_unit_test(
			an_emergency_is_executed_in_the_block_that_ends_it),
		cmocka_unit_test(
			what_can_no_longer_be_done_fails_and_does_nothing),
		cmocka_unit_test(an_open_vote_keeps_the_rules_it_opened_with),
		cmocka_unit_test(
			reputation_that_was_decided_is_seen_by_later_votes),
		cmocka_unit_test(a_queue_survives_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
