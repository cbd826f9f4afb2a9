/* Ballots: who may vote and when, replacement, and many in one transaction. */
#include "governance_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct bytes repeat(char c, size_t count)
{
	static char many[LIMIT_REASON_BYTES + 1];

	memset(many, c, sizeof(many));
	return (struct bytes){(const uint8_t *)many, count};
}

static void admission_refuses_votes_once_the_end_has_passed(void **state)
{
	const struct ballot ballot = {.proposal = 1, .choice = CHOICE_FOR};
	const struct payload vote = {.kind = PAYLOAD_VOTE,
				     .vote = {&ballot, 1}};
	struct governance_context ctx = {.account = ALICE, .nonce = 99};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_EMERGENCY);
	ctx.time_ms = net_see(&n, 1)->voting_end_ms - 1;
	assert_int_equal(governance_check(n.g, &ctx, &vote, NULL), ERR_OK);
	ctx.time_ms++;
	assert_int_equal(governance_check(n.g, &ctx, &vote, NULL),
			 ERR_NOT_VOTING);
	net_fini(&n);
}

static void who_may_vote_is_decided_by_stake_or_reputation(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_TECHNICAL);
	assert_int_equal(net_vote(&n, CAROL, 1, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(&n, DAVE, 1, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(&n, ERIN, 1, CHOICE_FOR), ERR_NOT_ELIGIBLE);
	assert_true(governance_account(n.g, DAVE)->eligible);
	assert_false(governance_account(n.g, ERIN)->eligible);
	net_fini(&n);
	net_init_five(&n);
	net_account(&n, 1, 0); /* vote.min_stake exactly */
	assert_true(governance_account(n.g, 5)->eligible);
	assert_null(governance_account(n.g, 6));
	net_fini(&n);
}

static void a_later_ballot_replaces_the_earlier_one(void **state)
{
	const struct governance_ballot *b;
	const struct tally *t;
	struct test_net n;
	uint32_t position = 9;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_STANDARD);
	net_vote(&n, BOB, 1, CHOICE_FOR);
	net_vote(&n, ALICE, 1, CHOICE_FOR);
	net_sleep(&n, 5);
	net_vote(&n, BOB, 1, CHOICE_AGAINST);
	t = &net_see(&n, 1)->tally;
	assert_int_equal(t->choice[0].voters, 1);
	assert_int_equal(t->choice[1].voters, 1);
	assert_int_equal(t->choice[1].power.tokens, 20000 * TOKEN);
	assert_int_equal(t->choice[1].power.reputation, 85 * POINT);
	assert_int_equal(governance_ballot_count(n.g, 1), 2);
	b = governance_ballot_of(n.g, 1, BOB, &position);
	assert_int_equal(position, 0);
	assert_ptr_equal(b, governance_ballot_at(n.g, 1, 0));
	assert_int_equal(b->choice, CHOICE_AGAINST);
	assert_int_equal(b->changes, 1);
	assert_int_equal(b->height, n.height);
	assert_int_equal(governance_ballot_at(n.g, 1, 1)->account, ALICE);
	assert_null(governance_ballot_at(n.g, 1, 2));
	assert_null(governance_ballot_at(n.g, 2, 0));
	assert_null(governance_ballot_of(n.g, 1, CAROL, NULL));
	assert_null(governance_ballot_of(n.g, 2, CAROL, NULL));
	assert_int_equal(governance_ballot_count(n.g, 2), 0);
	assert_int_equal(governance_account(n.g, BOB)->voted, 1);
	assert_true(governance_ballot_weight(n.g, net_see(&n, 1), BOB) ==
		    power_quadratic(20000 * TOKEN));
	net_fini(&n);
}

static void a_ballot_is_replaced_at_most_16_times(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_STANDARD);
	for (uint32_t i = 0; i < 17; i++)
		assert_int_equal(net_vote(&n, BOB, 1, 1 + i % 3), ERR_OK);
	assert_int_equal(net_vote(&n, BOB, 1, CHOICE_FOR),
			 ERR_TOO_MANY_CHANGES);
	assert_int_equal(governance_ballot_at(n.g, 1, 0)->changes, 16);
	assert_int_equal(governance_ballot_at(n.g, 1, 0)->choice,
			 CHOICE_AGAINST);
	net_fini(&n);
}

static void an_older_nonce_does_not_replace_a_ballot(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_STANDARD);
	n.nonce = 40;
	assert_int_equal(net_vote(&n, BOB, 1, CHOICE_FOR), ERR_OK);
	n.nonce = 39;
	assert_int_equal(net_vote(&n, BOB, 1, CHOICE_AGAINST),
			 ERR_OLDER_BALLOT);
	n.nonce = 40;
	assert_int_equal(net_vote(&n, BOB, 1, CHOICE_AGAINST),
			 ERR_OLDER_BALLOT);
	n.nonce = 41;
	assert_int_equal(net_vote(&n, BOB, 1, CHOICE_AGAINST), ERR_OK);
	net_fini(&n);
}

static void one_transaction_carries_ballots_for_128_proposals(void **state)
{
	struct ballot ballots[LIMIT_TX_BALLOTS + 1] = {0};
	struct payload vote = {.kind = PAYLOAD_VOTE,
			       .vote = {ballots, LIMIT_TX_BALLOTS}};
	struct governance_params params;
	struct test_net n;
	size_t events;

	(void)state;
	net_params(&params);
	assert_int_equal(
		governance_param_set(&params, "proposal.max_open", 200, NULL),
		ERR_OK);
	net_init(&n, &params);
	net_account(&n, 5000, 0);
	for (uint32_t i = 0; i < LIMIT_TX_BALLOTS; i++) {
		net_submit(&n, 0, TYPE_EMERGENCY, false, NULL);
		ballots[i].proposal = i + 1;
		ballots[i].choice = CHOICE_FOR;
	}
	net_sleep(&n, 1);
	governance_events(n.g, &events);
	assert_int_equal(events, LIMIT_TX_BALLOTS);

	/* All or nothing: the last of them is wrong. */
	ballots[LIMIT_TX_BALLOTS - 1].proposal = 999;
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_UNKNOWN_PROPOSAL);
	ballots[LIMIT_TX_BALLOTS - 1].proposal = 1;
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_DUPLICATE_BALLOT);
	assert_string_equal(n.text.text, "proposal 1");
	ballots[LIMIT_TX_BALLOTS - 1].proposal = LIMIT_TX_BALLOTS - 1;
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_DUPLICATE_BALLOT);
	ballots[LIMIT_TX_BALLOTS - 1].proposal = LIMIT_TX_BALLOTS;
	vote.vote.count++;
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_TOO_LARGE);
	vote.vote.count--;
	ballots[3].reason = repeat('r', LIMIT_REASON_BYTES + 1);
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_TOO_LARGE);
	ballots[3].reason = text_of("\x01");
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_MALFORMED);
	for (uint32_t i = 1; i <= LIMIT_TX_BALLOTS; i++)
		assert_int_equal(governance_ballot_count(n.g, i), 0);
	assert_int_equal(governance_account(n.g, 0)->voted, 0);

	ballots[3].reason = repeat('r', LIMIT_REASON_BYTES);
	assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_OK);
	for (uint32_t i = 1; i <= LIMIT_TX_BALLOTS; i++)
		assert_int_equal(governance_ballot_count(n.g, i), 1);
	assert_int_equal(governance_account(n.g, 0)->voted, LIMIT_TX_BALLOTS);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			admission_refuses_votes_once_the_end_has_passed),
		cmocka_unit_test(
			who_may_vote_is_decided_by_stake_or_reputation),
		cmocka_unit_test(a_later_ballot_replaces_the_earlier_one),
		cmocka_unit_test(a_ballot_is_replaced_at_most_16_times),
		cmocka_unit_test(an_older_nonce_does_not_replace_a_ballot),
		cmocka_unit_test(
			one_transaction_carries_ballots_for_128_proposals),
	};

	return cmocka_run_group_tests_name("governance ballots", tests, NULL,
					   NULL);
}
