/* The council: vetoes and what overrides them; acts, their approval, their
 * ratification and what undoes them. */
#include "governance_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEMBERS = 5, AT_ONCE = 4, DELAYED = 3, OUTSIDER = MEMBERS };

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PUBLIC_KEY_BYTES);
}

/* Accounts 0 to 4 are the council, 5 is not; all hold the same. */
static void council_init(struct test_net *n)
{
	struct governance_params params;
	struct council council = {.count = MEMBERS,
				  .threshold = AT_ONCE,
				  .threshold_delayed = DELAYED};

	net_params(&params);
	params.value[PARAM_PROPOSAL_DEPOSIT] = 1000 * TOKEN;
	params.value[PARAM_EPOCH_MS] = 365 * MS_DAY;
	net_init(n, &params);
	for (uint32_t i = 0; i <= OUTSIDER; i++) {
		net_account(n, 20000, 10);
		if (i < MEMBERS)
			council.members[i] = governance_account(n->g, i)->key;
	}
	qsort(council.members, MEMBERS, sizeof(council.members[0]), by_bytes);
	assert_int_equal(governance_set_council(n->g, &council, NULL), ERR_OK);
}

static enum err veto(struct test_net *n, uint32_t account, uint32_t number,
		     const char *reason)
{
	const struct payload p = {.kind = PAYLOAD_VETO,
				  .veto = {number, text_of(reason)}};

	return net_apply(n, account, &p, NULL);
}

static enum err act(struct test_net *n, uint32_t account,
		    const struct action *does, const struct action *undoes)
{
	const struct payload p = {
		.kind = PAYLOAD_COUNCIL_ACT,
		.council_act = {.title = text_of("Flood"),
				.actions = {does, does ? 1 : 0},
				.revert = {undoes, undoes ? 1 : 0}},
	};

	return net_apply(n, account, &p, NULL);
}

static enum err approve(struct test_net *n, uint32_t account, uint32_t number)
{
	const struct payload p = {.kind = PAYLOAD_COUNCIL_APPROVE,
				  .council_approve = {number}};

	return net_apply(n, account, &p, NULL);
}

static uint32_t submit(struct test_net *n, uint32_t type,
		       const struct action *list, uint32_t count)
{
	const struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = type,
			   .title = text_of("Act"),
			   .actions = {list, count}},
	};
	uint32_t number = 0;

	assert_int_equal(net_apply(n, OUTSIDER, &payload, &number), ERR_OK);
	return number;
}

static void vote_all(struct test_net *n, uint32_t number, uint32_t choice)
{
	for (uint32_t i = 0; i <= OUTSIDER; i++)
		assert_int_equal(net_vote(n, i, number, choice), ERR_OK);
}

static void pass(struct test_net *n, uint32_t number)
{
	if (net_see(n, number)->state == STATE_SUBMITTED)
		net_finish(n, number);
	vote_all(n, number, CHOICE_FOR);
	net_finish(n, number);
}

static void a_majority_stops_what_waits_and_burns_the_deposit(void **state)
{
	const struct action set = set_param("treasury.quorum_bp", 1500);
	const struct governance_event *events;
	const uint32_t *who;
	struct test_net n;
	size_t count;

	(void)state;
	council_init(&n);
	assert_int_equal(submit(&n, TYPE_PARAMETER, &set, 1), 1);
	pass(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_QUEUED);
	assert_int_equal(veto(&n, 0, 1, "no"), ERR_OK);
	assert_int_equal(veto(&n, 3, 1, "no"), ERR_OK);
	assert_int_equal(net_see(&n, 1)->state, STATE_QUEUED);
	assert_int_equal(veto(&n, 1, 1, "never"), ERR_OK);
	assert_int_equal(net_see(&n, 1)->state, STATE_CANCELLED);
	assert_int_equal(net_see(&n, 1)->reason, REASON_VETOED);
	assert_int_equal(governance_treasury(n.g), 1000 * TOKEN);
	assert_int_equal(governance_account(n.g, OUTSIDER)->locked, 0);
	assert_int_equal(governance_vetoes(n.g, 1, &who), 3);
	assert_int_equal(who[0], 0);
	assert_int_equal(who[1], 3);
	assert_int_equal(who[2], 1);
	events = governance_events(n.g, &count);
	assert_int_equal(events[count - 3].kind, EVENT_VETO);
	assert_int_equal(events[count - 3].amount, 3);
	assert_int_equal(veto(&n, 2, 1, "too late"), ERR_WRONG_STATE);
	net_block(&n, T0 + 400 * MS_DAY);
	assert_int_equal(net_param(&n, "treasury.quorum_bp"), 1000);
	net_fini(&n);
}

static void who_may_veto_what_and_how(void **state)
{
	const struct action set = set_param("treasury.quorum_bp", 1500);
	char long_reason[LIMIT_REASON_BYTES + 2];
	struct test_net n;

	(void)state;
	memset(long_reason, 'x', sizeof(long_reason) - 1);
	long_reason[sizeof(long_reason) - 1] = '\0';
	council_init(&n);
	submit(&n, TYPE_PARAMETER, &set, 1);
	net_submit(&n, OUTSIDER, TYPE_PARAMETER, true, NULL);
	assert_int_equal(veto(&n, 0, 1, ""), ERR_MALFORMED);
	assert_int_equal(veto(&n, 0, 1, "\x01"), ERR_MALFORMED);
	assert_int_equal(veto(&n, 0, 1, long_reason), ERR_TOO_LARGE);
	assert_int_equal(veto(&n, 0, 9, "no"), ERR_UNKNOWN_PROPOSAL);
	assert_int_equal(veto(&n, OUTSIDER, 1, "no"), ERR_UNAUTHORISED);
	assert_int_equal(veto(&n, 0, 2, "a draft"), ERR_WRONG_STATE);
	assert_int_equal(veto(&n, 0, 1, "no"), ERR_OK);
	assert_int_equal(veto(&n, 0, 1, "no"), ERR_WRONG_STATE);
	net_fini(&n);
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_submit(&n, 0, TYPE_STANDARD, false, NULL);
	assert_int_equal(veto(&n, 0, 1, "no"), ERR_UNAUTHORISED);
	net_fini(&n);
}

static void a_veto_before_the_result_counts_when_it_passes(void **state)
{
	const struct action set = set_param("treasury.quorum_bp", 1500);
	struct test_net n;

	(void)state;
	council_init(&n);
	submit(&n, TYPE_PARAMETER, &set, 1);
	submit(&n, TYPE_PARAMETER, NULL, 0);
	submit(&n, TYPE_PARAMETER, &set, 1);
	for (uint32_t p = 1; p <= 3; p++)
		assert_int_equal(veto(&n, 0, p, "no"), ERR_OK);
	net_finish(&n, 1);
	for (uint32_t p = 1; p <= 3; p++) {
		assert_int_equal(veto(&n, 1, p, "no"), ERR_OK);
		assert_int_equal(veto(&n, 2, p, "no"), ERR_OK);
		assert_int_equal(net_see(&n, p)->state, STATE_VOTING);
		vote_all(&n, p, p == 3 ? CHOICE_AGAINST : CHOICE_FOR);
	}
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_CANCELLED);
	assert_int_equal(net_see(&n, 1)->reason, REASON_VETOED);
	assert_int_equal(net_see(&n, 2)->state, STATE_CANCELLED);
	assert_int_equal(net_see(&n, 3)->state, STATE_REJECTED);
	net_fini(&n);
}

static void a_constitutional_vote_overrides(void **state)
{
	const struct action set = set_param("treasury.quorum_bp", 1500);
	const struct action over = {.kind = ACTION_OVERRIDE, .override = {1}};
	uint64_t stake;
	struct test_net n;

	(void)state;
	council_init(&n);
	stake = governance_account(n.g, OUTSIDER)->power.tokens;
	submit(&n, TYPE_PARAMETER, &set, 1);
	pass(&n, 1);
	for (uint32_t i = 0; i < DELAYED; i++)
		assert_int_equal(veto(&n, i, 1, "no"), ERR_OK);
	assert_int_equal(net_see(&n, 1)->state, STATE_CANCELLED);
	assert_int_equal(submit(&n, TYPE_CONSTITUTIONAL, &over, 1), 2);
	/* The council cannot stop what overrides it. */
	assert_int_equal(veto(&n, 0, 2, "no"), ERR_WRONG_STATE);
	pass(&n, 2);
	net_finish(&n, 2);
	assert_int_equal(net_see(&n, 2)->state, STATE_EXECUTED);
	assert_int_equal(net_see(&n, 1)->state, STATE_QUEUED);
	assert_int_equal(net_see(&n, 1)->execute_after_ms, n.time_ms + MS_DAY);
	assert_int_equal(governance_treasury(n.g), 0);
	assert_int_equal(governance_account(n.g, OUTSIDER)->power.tokens,
			 stake);
	assert_int_equal(veto(&n, 3, 1, "again"), ERR_WRONG_STATE);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_EXECUTED);
	net_block(&n, T0 + 400 * MS_DAY);
	assert_int_equal(net_param(&n, "treasury.quorum_bp"), 1500);
	net_fini(&n);
}

static void an_override_needs_a_veto(void **state)
{
	const struct action over = {.kind = ACTION_OVERRIDE, .override = {1}};
	const struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = TYPE_CONSTITUTIONAL,
			   .title = text_of("Over"),
			   .actions = {&over, 1}},
	};
	struct test_net n;

	(void)state;
	council_init(&n);
	assert_int_equal(net_apply(&n, OUTSIDER, &payload, NULL),
			 ERR_UNKNOWN_PROPOSAL);
	submit(&n, TYPE_STANDARD, NULL, 0);
	assert_int_equal(net_apply(&n, OUTSIDER, &payload, NULL),
			 ERR_WRONG_STATE);
	net_cancel(&n, OUTSIDER, 1, "");
	assert_int_equal(net_apply(&n, OUTSIDER, &payload, NULL),
			 ERR_WRONG_STATE);
	net_fini(&n);
}

static void enough_of_the_council_act_at_once(void **state)
{
	const struct action does = set_param("proposal.max_open", 1);
	const struct action undoes = set_param("proposal.max_open", 3);
	const struct governance_act *a;
	struct action_list actions, revert;
	struct action room[2 * LIMIT_ACTIONS];
	struct test_net n;

	(void)state;
	council_init(&n);
	assert_int_equal(act(&n, OUTSIDER, &does, &undoes), ERR_UNAUTHORISED);
	assert_int_equal(act(&n, 0, NULL, &undoes), ERR_MALFORMED);
	assert_int_equal(act(&n, 0, &does, NULL), ERR_MALFORMED);
	assert_int_equal(act(&n, 0, &does, &undoes), ERR_OK);
	a = governance_act(n.g, 1);
	assert_int_equal(a->state, ACT_OPEN);
	assert_int_equal(approve(&n, 0, 1), ERR_WRONG_STATE);
	assert_int_equal(approve(&n, OUTSIDER, 1), ERR_UNAUTHORISED);
	assert_int_equal(approve(&n, 1, 2), ERR_UNKNOWN_ACT);
	assert_int_equal(approve(&n, 1, 1), ERR_OK);
	assert_int_equal(a->state, ACT_OPEN);
	assert_int_equal(approve(&n, 2, 1), ERR_OK);
	assert_int_equal(a->state, ACT_DELAYED);
	assert_int_equal(a->due_ms, n.time_ms + MS_DAY);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	assert_int_equal(approve(&n, 3, 1), ERR_OK);
	assert_int_equal(a->state, ACT_DONE);
	assert_int_equal(net_param(&n, "proposal.max_open"), 1);
	assert_int_equal(a->ratification, 1);
	assert_int_equal(net_see(&n, 1)->ratifies, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_SUBMITTED);
	assert_int_equal(net_see(&n, 1)->deposit, 0);
	/* It takes none of its author's room for proposals. */
	assert_int_equal(governance_account(n.g, 0)->open, 0);
	assert_int_equal(approve(&n, 4, 1), ERR_WRONG_STATE);
	governance_act_actions(n.g, 1, &actions, &revert, room);
	assert_int_equal(actions.count, 1);
	assert_int_equal(actions.list[0].parameter.value, 1);
	assert_int_equal(revert.list[0].parameter.value, 3);
	net_sleep(&n, 0);
	assert_int_equal(net_see(&n, 1)->state, STATE_VOTING);
	assert_int_equal(veto(&n, 0, 1, "no"), ERR_WRONG_STATE);
	net_fini(&n);
}

static void do_act(struct test_net *n)
{
	const struct action does = set_param("proposal.max_open", 1);
	const struct action undoes = set_param("proposal.max_open", 3);

	assert_int_equal(act(n, 0, &does, &undoes), ERR_OK);
	for (uint32_t i = 1; i < AT_ONCE; i++)
		assert_int_equal(approve(n, i, 1), ERR_OK);
	net_sleep(n, 1);
	assert_int_equal(net_see(n, 1)->state, STATE_VOTING);
}

static void what_is_ratified_stays(void **state)
{
	struct test_net n;

	(void)state;
	council_init(&n);
	do_act(&n);
	vote_all(&n, 1, CHOICE_FOR);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_PASSED);
	assert_int_equal(net_param(&n, "proposal.max_open"), 1);
	net_fini(&n);
}

/* Nobody but the council need have done anything. */
static void what_is_not_ratified_is_undone(void **state)
{
	struct test_net n;

	(void)state;
	council_init(&n);
	do_act(&n);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_REJECTED);
	assert_int_equal(net_see(&n, 1)->failure, ERR_OK);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	assert_int_equal(governance_treasury(n.g), 0);
	net_fini(&n);
}

static void a_majority_acts_after_the_delay_to_the_ms(void **state)
{
	const struct action does = set_param("proposal.max_open", 1);
	const struct action undoes = set_param("proposal.max_open", 3);
	struct test_net n;

	(void)state;
	council_init(&n);
	act(&n, 0, &does, &undoes);
	approve(&n, 1, 1);
	approve(&n, 2, 1);
	assert_int_equal(governance_next_deadline_ms(n.g), n.time_ms + MS_DAY);
	net_sleep(&n, MS_DAY - 1);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	net_sleep(&n, 1);
	assert_int_equal(net_param(&n, "proposal.max_open"), 1);
	assert_int_equal(governance_act(n.g, 1)->state, ACT_DONE);
	/* Its vote opens in the same block. */
	assert_int_equal(net_see(&n, 1)->state, STATE_VOTING);
	net_fini(&n);
}

static void an_act_that_few_approve_expires(void **state)
{
	const struct action does = set_param("proposal.max_open", 1);
	const struct action undoes = set_param("proposal.max_open", 3);
	struct test_net n;

	(void)state;
	council_init(&n);
	act(&n, 0, &does, &undoes);
	approve(&n, 1, 1);
	net_sleep(&n, 7 * MS_DAY - 1);
	assert_int_equal(governance_act(n.g, 1)->state, ACT_OPEN);
	net_sleep(&n, 1);
	assert_int_equal(governance_act(n.g, 1)->state, ACT_EXPIRED);
	assert_int_equal(approve(&n, 2, 1), ERR_WRONG_STATE);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	net_fini(&n);
}

static void an_act_touches_nothing_outside_the_whitelist(void **state)
{
	static const char *const forbidden[] = {
		"treasury.quorum_bp",	 "vote.min_stake",
		"tokens_floor_bp",	 "standard.approval_bp",
		"parameter.cooldown_ms", "council.delay_ms"};
	const struct action fine = set_param("proposal.max_open", 3);
	struct action council = {.kind = ACTION_COUNCIL};
	struct test_net n;

	(void)state;
	council_init(&n);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const struct action a = set_param(forbidden[i], 1000);

		assert_int_equal(act(&n, 0, &a, &fine), ERR_ACTION_NOT_ALLOWED);
		assert_int_equal(act(&n, 0, &fine, &a), ERR_ACTION_NOT_ALLOWED);
	}
	assert_int_equal(act(&n, 0, &council, &fine), ERR_ACTION_NOT_ALLOWED);
	assert_int_equal(governance_act_count(n.g), 0);
	net_fini(&n);
}

static void only_sixteen_acts_are_open_at_a_time(void **state)
{
	const struct action does = set_param("proposal.max_open", 1);
	struct test_net n;

	(void)state;
	council_init(&n);
	for (int i = 0; i < 16; i++)
		assert_int_equal(act(&n, 0, &does, &does), ERR_OK);
	assert_int_equal(act(&n, 1, &does, &does), ERR_TOO_MANY_OPEN);
	net_sleep(&n, 7 * MS_DAY);
	assert_int_equal(act(&n, 1, &does, &does), ERR_OK);
	net_fini(&n);
}

/* A network read back at every step goes the same way. */
static void the_council_survives_restarts(void **state)
{
	const struct action does = set_param("proposal.max_open", 1);
	const struct action undoes = set_param("proposal.max_open", 3);
	struct map straight = {0};
	struct test_net n;

	(void)state;
	council_init(&n);
	act(&n, 0, &does, &undoes);
	submit(&n, TYPE_STANDARD, NULL, 0);
	for (uint32_t step = 0; step < 8; step++) {
		struct governance *copy;
		struct map again = {0};

		if (step < 3)
			veto(&n, step, 1, "no");
		if (step >= 2 && step < 5)
			approve(&n, step - 1, 1);
		net_sleep(&n, step == 6 ? 9 * MS_DAY : 1);
		map_flush(&straight, n.g);
		copy = map_load(&straight, n.g);
		assert_int_equal(map_flush(&again, copy), 0);
		assert_int_equal(governance_act(copy, 1)->state,
				 governance_act(n.g, 1)->state);
		governance_free(&n.g);
		n.g = copy;
		map_fini(&again);
	}
	assert_int_equal(net_see(&n, 2)->state, STATE_REJECTED);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	map_fini(&straight);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_majority_stops_what_waits_and_burns_the_deposit),
		cmocka_unit_test(who_may_veto_what_and_how),
		cmocka_unit_test(
			a_veto_before_the_result_counts_when_it_passes),
		cmocka_unit_test(a_constitutional_vote_overrides),
		cmocka_unit_test(an_override_needs_a_veto),
		cmocka_unit_test(enough_of_the_council_act_at_once),
		cmocka_unit_test(what_is_ratified_stays),
		cmocka_unit_test(what_is_not_ratified_is_undone),
		cmocka_unit_test(a_majority_acts_after_the_delay_to_the_ms),
		cmocka_unit_test(an_act_that_few_approve_expires),
		cmocka_unit_test(an_act_touches_nothing_outside_the_whitelist),
		cmocka_unit_test(only_sixteen_acts_are_open_at_a_time),
		cmocka_unit_test(the_council_survives_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
