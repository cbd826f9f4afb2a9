/* Delegated voting rule by rule, its properties, and ballots whose walk is
 * done in slices. Random worlds are test_governance_carry's. */
#include "governance_fixture.h"
#include "governance_recount.h"

#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FULL	    DELEGATION_FULL
#define CONDITIONAL DELEGATION_CONDITIONAL
#define LIMITED	    DELEGATION_LIMITED
#define NO_ONE	    UINT32_MAX

#define BIT(type) (1u << ((type)-1))

/* `count` accounts of 100 tokens and 10 points; anybody may propose. */
static void town_init(struct test_net *n, uint32_t count, uint64_t depth)
{
	struct governance_params params;

	net_params(&params);
	params.value[PARAM_PROPOSAL_MIN_STAKE] = 0;
	params.value[PARAM_PROPOSAL_MAX_OPEN] = 128;
	params.value[PARAM_DELEGATION_DEPTH] = depth;
	params.value[PARAM_REPUTATION_KEPT_BP] = 10000;
	net_init(n, &params);
	for (uint32_t i = 0; i < count; i++)
		net_account(n, 100, 10);
}

static const struct tally *tally_of(const struct test_net *n, uint32_t number)
{
	return &governance_proposal(n->g, number)->tally;
}

/* Whole tokens that voters of a choice have and carry; the batch agrees. */
static void assert_tokens(const struct test_net *n, uint32_t number,
			  enum choice choice, uint64_t own, uint64_t carried)
{
	const struct tally *t = tally_of(n, number);
	struct tally batch;

	assert_int_equal(t->choice[choice - 1].power.tokens, own * TOKEN);
	assert_int_equal(t->carried[choice - 1].tokens, carried * TOKEN);
	recount(&batch, n->g, number);
	assert_memory_equal(batch.carried, t->carried, sizeof(t->carried));
}

static void assert_carries(const struct test_net *n, uint32_t account,
			   uint64_t tokens)
{
	struct power power = {0};

	governance_carried_by(n->g, 1, account, &power);
	assert_int_equal(power.tokens, tokens * TOKEN);
}

static void a_delegate_carries_who_does_not_vote(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 4, 8);
	net_delegate(&n, 1, FULL, 0, 0, 0);
	net_delegate(&n, 2, FULL, 1, 0, 0);
	net_open(&n, 3, TYPE_TREASURY);
	assert_int_equal(net_vote(&n, 0, 1, CHOICE_FOR), ERR_OK);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 200);
	assert_int_equal(tally_of(&n, 1)->carried[0].reputation, 20 * POINT);
	assert_int_equal(tally_of(&n, 1)->carried[0].quadratic,
			 2 * power_quadratic(100 * TOKEN));
	assert_int_equal(tally_of(&n, 1)->choice[0].voters, 1);
	net_fini(&n);
}

static void a_ballot_takes_back_whichever_came_first(void **state)
{
	struct test_net n;

	(void)state;
	for (int first = 0; first < 2; first++) {
		town_init(&n, 4, 8);
		net_delegate(&n, 1, FULL, 0, 0, 0);
		net_delegate(&n, 2, FULL, 1, 0, 0);
		net_delegate(&n, 1, LIMITED, 3, 30, 0);
		net_open(&n, 3, TYPE_TREASURY);
		net_vote(&n, 3, 1, CHOICE_ABSTAIN);
		net_vote(&n, first ? 1 : 0, 1,
			 first ? CHOICE_AGAINST : CHOICE_FOR);
		net_vote(&n, first ? 0 : 1, 1,
			 first ? CHOICE_FOR : CHOICE_AGAINST);
		assert_tokens(&n, 1, CHOICE_FOR, 100, 0);
		assert_tokens(&n, 1, CHOICE_AGAINST, 100, 100);
		assert_tokens(&n, 1, CHOICE_ABSTAIN, 100, 0);
		net_fini(&n);
	}
}

static void the_nearest_voter_carries(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 6, 8);
	for (uint32_t i = 0; i < 5; i++)
		net_delegate(&n, i, FULL, i + 1, 0, 0);
	net_open(&n, 0, TYPE_TREASURY);
	net_vote(&n, 5, 1, CHOICE_FOR);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 500);
	net_vote(&n, 2, 1, CHOICE_AGAINST);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 200);
	assert_tokens(&n, 1, CHOICE_AGAINST, 100, 200);
	assert_carries(&n, 5, 200);
	assert_carries(&n, 2, 200);
	net_fini(&n);
}

static void the_depth_is_exact(void **state)
{
	(void)state;
	for (uint32_t depth = 1; depth <= LIMIT_DELEGATION_DEPTH; depth++) {
		uint32_t last = depth + 3;
		struct test_net n;

		town_init(&n, last + 1, depth);
		for (uint32_t i = 0; i < last; i++)
			net_delegate(&n, i, FULL, i + 1, 0, 0);
		/* A limited one takes its first hop like any other. */
		net_delegate(&n, 0, LIMITED, 2, 7, 0);
		net_delegate(&n, 1, LIMITED, 4, 7, 0);
		net_open(&n, 0, TYPE_TREASURY);
		net_vote(&n, last, 1, CHOICE_FOR);
		/* All within `depth` of the last, and what goes a way that is
		 * as long as it may be; the other is two hops longer. */
		assert_tokens(&n, 1, CHOICE_FOR, 100, 100 * depth + 7);
		net_fini(&n);
	}
}

static void a_cycle_carries_to_the_voter_in_it_and_ends(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 6, 8);
	for (uint32_t i = 0; i < 4; i++)
		net_delegate(&n, i, FULL, (i + 1) % 4, 0, 0);
	net_delegate(&n, 4, FULL, 0, 0, 0);
	/* Its own limited part comes round to it. */
	net_delegate(&n, 2, LIMITED, 1, 40, 0);
	net_open(&n, 5, TYPE_TREASURY);
	net_vote(&n, 2, 1, CHOICE_FOR);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 400);
	net_vote(&n, 3, 1, CHOICE_AGAINST);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 400 - 100);
	assert_tokens(&n, 1, CHOICE_AGAINST, 100, 0);
	net_vote(&n, 1, 1, CHOICE_ABSTAIN);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 0);
	assert_tokens(&n, 1, CHOICE_ABSTAIN, 100, 200);
	net_fini(&n);
}

static void who_may_not_vote_passes_on_and_sends_nothing(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 3, 8);
	net_account(&n, 0, 0); /* account 3 */
	net_delegate(&n, 1, FULL, 3, 0, 0);
	net_delegate(&n, 3, FULL, 2, 0, 0);
	net_open(&n, 0, TYPE_TREASURY);
	assert_int_equal(net_vote(&n, 3, 1, CHOICE_FOR), ERR_NOT_ELIGIBLE);
	net_vote(&n, 2, 1, CHOICE_FOR);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 100);
	net_fini(&n);
}

static void limited_parts_are_clipped_in_order_of_creation(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 6, 8);
	net_delegate(&n, 0, LIMITED, 1, 60, 0);
	net_delegate(&n, 0, LIMITED, 2, 30, 0);
	net_delegate(&n, 0, LIMITED, 3, 30, 0);
	net_delegate(&n, 0, LIMITED, 4, 30, 0);
	net_delegate(&n, 0, FULL, 5, 0, 0);
	net_open(&n, 1, TYPE_TREASURY);
	for (uint32_t i = 1; i < 6; i++)
		net_vote(&n, i, 1, CHOICE_FOR);
	assert_carries(&n, 1, 60);
	assert_carries(&n, 2, 30);
	assert_carries(&n, 3, 10);
	assert_carries(&n, 4, 0);
	assert_carries(&n, 5, 0);
	assert_tokens(&n, 1, CHOICE_FOR, 500, 100);
	net_fini(&n);
}

/* 7 and 3 of 10 micro-tokens, and 2 points that do not divide: what is lost to
 * rounding stays with the rest. */
static void parts_are_pro_rata_and_rounded_down(void **state)
{
	struct governance_params params;
	struct power carried, q = {0};
	struct test_net n;
	struct payload limited = {
		.kind = PAYLOAD_DELEGATE,
		.delegate = {.kind = LIMITED, .has_target = true, .amount = 7}};
	struct public_key key;

	(void)state;
	net_params(&params);
	params.value[PARAM_PROPOSAL_MIN_STAKE] = 0;
	params.value[PARAM_REPUTATION_KEPT_BP] = 10000;
	net_init(&n, &params);
	test_key(&key, 0);
	assert_int_equal(governance_add_account(n.g, &key, 10, 5, NULL),
			 ERR_OK);
	for (int i = 1; i < 4; i++)
		net_account(&n, 1, 0);
	test_key(&limited.delegate.target, 1);
	assert_int_equal(net_apply(&n, 0, &limited, NULL), ERR_OK);
	net_delegate(&n, 0, FULL, 2, 0, 0);
	net_open(&n, 3, TYPE_TREASURY);
	net_vote(&n, 1, 1, CHOICE_FOR);
	net_vote(&n, 2, 1, CHOICE_FOR);
	q.quadratic = power_quadratic(10);
	assert_true(governance_carried_by(n.g, 1, 1, &carried));
	assert_int_equal(carried.tokens, 7);
	assert_int_equal(carried.quadratic, q.quadratic * 7 / 10);
	assert_int_equal(carried.reputation, 3); /* of 3.5 */
	assert_true(governance_carried_by(n.g, 1, 2, &carried));
	assert_int_equal(carried.tokens, 3);
	assert_int_equal(carried.quadratic, q.quadratic - q.quadratic * 7 / 10);
	assert_int_equal(carried.reputation, 2);
	net_fini(&n);
}

static void several_limited_parts_may_meet_again(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 5, 8);
	net_delegate(&n, 0, LIMITED, 1, 20, 0);
	net_delegate(&n, 0, LIMITED, 2, 30, 0);
	net_delegate(&n, 0, FULL, 3, 0, 0);
	for (uint32_t i = 1; i < 4; i++)
		net_delegate(&n, i, FULL, i + 1, 0, 0);
	net_open(&n, 0, TYPE_TREASURY);
	net_vote(&n, 4, 1, CHOICE_FOR);
	assert_carries(&n, 4, 400);
	net_vote(&n, 2, 1, CHOICE_FOR);
	assert_carries(&n, 2, 100 + 20 + 30);
	assert_carries(&n, 4, 100 + 50);
	net_vote(&n, 0, 1, CHOICE_FOR);
	assert_carries(&n, 2, 100);
	assert_carries(&n, 4, 100);
	net_fini(&n);
}

static void types_and_opt_outs_are_followed(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 4, 8);
	net_delegate(&n, 0, FULL, 1, 0, 0);
	net_delegate(&n, 0, CONDITIONAL, 2, BIT(TYPE_TREASURY), 0);
	net_delegate(&n, 0, CONDITIONAL, NO_ONE, BIT(TYPE_STANDARD), 0);
	net_submit(&n, 3, TYPE_TREASURY, false, NULL);
	net_submit(&n, 3, TYPE_STANDARD, false, NULL);
	net_submit(&n, 3, TYPE_CROSSCHAIN, false, NULL);
	net_finish(&n, 1);
	for (uint32_t number = 1; number <= 3; number++) {
		net_vote(&n, 1, number, CHOICE_FOR);
		net_vote(&n, 2, number, CHOICE_AGAINST);
	}
	assert_tokens(&n, 1, CHOICE_FOR, 100, 0);
	assert_tokens(&n, 1, CHOICE_AGAINST, 100, 100);
	assert_tokens(&n, 2, CHOICE_FOR, 100, 0);
	assert_tokens(&n, 2, CHOICE_AGAINST, 100, 0);
	assert_tokens(&n, 3, CHOICE_FOR, 100, 100);
	assert_tokens(&n, 3, CHOICE_AGAINST, 100, 0);
	net_fini(&n);
}

static void what_changes_after_the_snapshot_does_not_matter(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 5, 8);
	net_delegate(&n, 0, FULL, 1, 0, 0);
	net_delegate(&n, 2, FULL, 1, 0, T0 + 2 * MS_DAY);
	net_delegate(&n, 3, FULL, 1, 0, T0 + MS_DAY);
	net_open(&n, 4, TYPE_TREASURY); /* at T0 + 1 day */
	net_delegate(&n, 0, CONDITIONAL, NO_ONE, BIT(TYPE_TREASURY), 0);
	net_undelegate(&n, 0, 1);
	net_delegate(&n, 4, FULL, 1, 0, 0);
	net_sleep(&n, 3 * MS_DAY);
	net_vote(&n, 1, 1, CHOICE_FOR);
	/* Those of 0 and 2: 3's had expired, 4 had none. */
	assert_tokens(&n, 1, CHOICE_FOR, 100, 200);
	net_fini(&n);
}

static void a_replaced_ballot_moves_what_it_carries(void **state)
{
	struct test_net n;

	(void)state;
	town_init(&n, 4, 8);
	net_delegate(&n, 1, FULL, 0, 0, 0);
	net_delegate(&n, 2, LIMITED, 0, 40, 0);
	net_open(&n, 3, TYPE_TREASURY);
	for (uint32_t i = 0; i <= LIMIT_BALLOT_CHANGES; i++) {
		enum choice choice = 1 + i % CHOICES;

		assert_int_equal(net_vote(&n, 0, 1, choice), ERR_OK);
		for (uint32_t c = 1; c <= CHOICES; c++)
			assert_tokens(&n, 1, c, c == choice ? 100 : 0,
				      c == choice ? 140 : 0);
	}
	assert_int_equal(net_vote(&n, 0, 1, CHOICE_FOR), ERR_TOO_MANY_CHANGES);
	net_fini(&n);
}

/* 15% of 1,000 tokens; each voter has its own cap, and own power has none. */
static void a_cap_bounds_what_one_voter_carries(void **state)
{
	const struct proposal *p;
	struct test_net n;

	(void)state;
	town_init(&n, 10, 8);
	for (uint32_t i = 1; i < 5; i++)
		net_delegate(&n, i, FULL, 0, 0, 0);
	for (uint32_t i = 6; i < 8; i++)
		net_delegate(&n, i, FULL, 5, 0, 0);
	net_submit(&n, 9, TYPE_CONSTITUTIONAL, false, NULL);
	net_finish(&n, 1);
	p = governance_proposal(n.g, 1);
	net_vote(&n, 0, 1, CHOICE_FOR);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 150);
	assert_carries(&n, 0, 400);
	assert_int_equal(p->tally.carried[0].quadratic,
			 p->total.power.quadratic * 1500 / 10000);
	net_vote(&n, 5, 1, CHOICE_FOR);
	assert_tokens(&n, 1, CHOICE_FOR, 200, 300);
	/* One of four votes itself: the cap still holds the rest. */
	net_vote(&n, 1, 1, CHOICE_AGAINST);
	assert_carries(&n, 0, 300);
	assert_tokens(&n, 1, CHOICE_FOR, 200, 300);
	net_vote(&n, 2, 1, CHOICE_AGAINST);
	net_vote(&n, 3, 1, CHOICE_AGAINST);
	assert_carries(&n, 0, 100);
	assert_tokens(&n, 1, CHOICE_FOR, 200, 250);
	net_vote(&n, 0, 1, CHOICE_ABSTAIN);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 150);
	assert_tokens(&n, 1, CHOICE_ABSTAIN, 100, 100);
	net_fini(&n);
}

static void delegated_power_decides(void **state)
{
	struct tally_result r;
	struct test_net n;

	(void)state;
	town_init(&n, 20, 8);
	net_delegate(&n, 2, FULL, 1, 0, 0);
	net_open(&n, 0, TYPE_TREASURY);
	net_vote(&n, 0, 1, CHOICE_AGAINST);
	net_vote(&n, 1, 1, CHOICE_FOR);
	governance_evaluate(n.g, &r, governance_proposal(n.g, 1));
	/* 200 of 2,000 tokens reach the floor, two roots of twenty the
	 * quorum, two roots to one the approval. */
	assert_true(r.would_pass);
	assert_true(r.floor_reached == 200 * TOKEN);
	assert_true(r.quorum_reached == 2 * power_quadratic(100 * TOKEN));
	net_finish(&n, 1);
	assert_int_equal(governance_proposal(n.g, 1)->state, STATE_PASSED);
	net_fini(&n);
}

static void hundreds_may_carry(void **state)
{
	struct test_net n;
	uint32_t account, places = 0;
	struct power power;

	(void)state;
	town_init(&n, 600, 8);
	for (uint32_t i = 0; i < 300; i++)
		net_delegate(&n, 300 + i, LIMITED, i, 1 + i % 100, 0);
	net_open(&n, 0, TYPE_TREASURY);
	for (uint32_t i = 0; i < 300; i++)
		net_vote(&n, i, 1, 1 + i % 3);
	for (uint32_t i = 0; i < 300; i++)
		assert_carries(&n, i, 1 + i % 100);
	while (governance_carried_at(n.g, 1, places, &account, &power)) {
		assert_true(power.tokens == (1 + account % 100) * TOKEN);
		places++;
	}
	assert_int_equal(places, 300);
	assert_tokens(&n, 1, CHOICE_FOR, 10000, 5050);
	assert_false(governance_carried_by(n.g, 1, 300, &power));
	assert_false(governance_carried_by(n.g, 2, 0, &power));
	net_fini(&n);
}

/* ---- Properties ---- */

/* A limited part never weighs more than the same stake would by itself, and
 * all parts together never more than the whole. */
static void splitting_does_not_raise_quadratic_power(void **state)
{
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_SPLIT_SEED", 33);
	for (int round = 0; round < 300; round++) {
		uint64_t stake = 1 + chance_below(&c, 100000);
		struct power sum = {0}, whole;
		uint32_t parts = 1 + chance_below(&c, 8);
		struct test_net n;

		town_init(&n, 10, 8);
		net_account(&n, stake, chance_below(&c, 50)); /* account 10 */
		whole = governance_account(n.g, 10)->power;
		/* Some go straight to account 0, some over others. */
		for (uint32_t i = 1; i < 10; i++)
			net_delegate(&n, i, FULL, 0, 0, 0);
		for (uint32_t i = 0; i < parts; i++)
			net_delegate(&n, 10, LIMITED, i,
				     1 + chance_below(&c, 50000), 0);
		if (chance_below(&c, 2))
			net_delegate(&n, 10, FULL, 9, 0, 0);
		net_open(&n, 0, TYPE_TREASURY);
		for (uint32_t i = 1; i < 10; i++)
			net_vote(&n, i, 1, CHOICE_AGAINST);
		net_vote(&n, 0, 1, CHOICE_FOR);
		for (uint32_t i = 0; i < 10; i++) {
			struct power part = {0};

			governance_carried_by(n.g, 1, i, &part);
			power_add(&sum, &part);
			if (i != 9)
				assert_true(part.quadratic <=
					    power_quadratic(part.tokens));
		}
		assert_true(sum.quadratic <= whole.quadratic);
		assert_true(sum.tokens <= whole.tokens);
		assert_true(sum.reputation <= whole.reputation);
		net_fini(&n);
	}
}

/* The same last ballots in another order: the same tally, to the unit. */
static void the_order_of_voters_does_not_matter(void **state)
{
	enum { MEMBERS = 14, ORDERS = 6 };
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_ORDER_SEED", 34);
	for (int round = 0; round < 60; round++) {
		uint32_t depth = 1 + chance_below(&c, 6);
		uint64_t graph = chance_next(&c), ballots = chance_next(&c);
		struct tally first;

		for (int order = 0; order < ORDERS; order++) {
			struct chance edges = {graph}, choices = {ballots};
			uint32_t who[MEMBERS], choice[MEMBERS];
			struct test_net n;

			town_init(&n, MEMBERS, depth);
			for (uint32_t i = 0; i < 2 * MEMBERS; i++) {
				uint32_t from = chance_below(&edges, MEMBERS);
				uint32_t to = chance_below(&edges, MEMBERS);
				uint32_t kind = 1 + chance_below(&edges, 3);

				if (from != to)
					net_delegate(&n, from, kind, to,
						     kind == FULL      ? 0
						     : kind == LIMITED ? 33
								       : 0x7f,
						     0);
			}
			for (uint32_t i = 0; i < MEMBERS; i++) {
				who[i] = i;
				choice[i] = chance_below(&choices, 4);
			}
			for (uint32_t i = MEMBERS - 1; i > 0; i--) {
				uint32_t k = chance_below(&c, i + 1);
				uint32_t other = who[i];

				who[i] = who[k];
				who[k] = other;
			}
			net_open(&n, 0, TYPE_TREASURY);
			for (uint32_t i = 0; i < MEMBERS; i++)
				if (choice[who[i]] != 0)
					net_vote(&n, who[i], 1, choice[who[i]]);
			if (order == 0)
				first = *tally_of(&n, 1);
			assert_memory_equal(&first, tally_of(&n, 1),
					    sizeof(first));
			net_fini(&n);
		}
	}
}

/* ---- Slices ---- */

enum { CROWD = 700 };

static void crowd_init(struct test_net *n, uint32_t proposals)
{
	town_init(n, CROWD, 8);
	for (uint32_t i = 1; i < CROWD; i++)
		net_delegate(n, i, FULL, i < 50 ? 0 : i - 49, 0, 0);
	for (uint32_t i = 0; i < proposals; i++)
		net_submit(n, i, TYPE_TREASURY, false, NULL);
	net_finish(n, 1);
}

/* Until its last piece is done, a walk has not happened for who asks. */
static void a_walk_in_slices_shows_the_state_before_it(void **state)
{
	const struct ballot ballots[] = {{.proposal = 2, .choice = CHOICE_FOR},
					 {.proposal = 1, .choice = CHOICE_FOR}};
	const struct payload payload = {.kind = PAYLOAD_VOTE,
					.vote = {ballots, 2}};
	struct governance_context ctx = {.account = 0, .nonce = 5};
	struct tally before;
	uint32_t slices = 0;
	struct test_net n;

	(void)state;
	crowd_init(&n, 2);
	before = *tally_of(&n, 1);
	ctx.height = n.height;
	ctx.time_ms = n.time_ms;
	assert_int_equal(governance_apply(n.g, NULL, &ctx, &payload, NULL),
			 ERR_OK);
	assert_non_null(governance_ballot_of(n.g, 1, 0, NULL));
	while (!governance_work(n.g, 10)) {
		slices++;
		assert_memory_equal(&before, tally_of(&n, 1), sizeof(before));
		assert_int_equal(index_turnout(governance_index(n.g), 1), 0);
		/* 1 and 49 * 8 units are proposal 2's. */
		assert_int_equal(tally_of(&n, 2)->choice[0].voters,
				 slices >= 40);
	}
	assert_int_equal(slices, 78);
	assert_int_equal(index_turnout(governance_index(n.g), 1),
			 governance_turnout(n.g, governance_proposal(n.g, 1)));
	assert_true(index_turnout(governance_index(n.g), 1) > 0);
	assert_tokens(&n, 2, CHOICE_FOR, 100, 100 * 8 * 49);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 100 * 8 * 49);
	net_fini(&n);
}

/* A look at somebody with many delegations takes longer, and more off a
 * budget: so does the way to a carrier. */
static void many_delegations_take_more_of_a_slice(void **state)
{
	const struct ballot ballot = {.proposal = 1, .choice = CHOICE_FOR};
	const struct payload payload = {.kind = PAYLOAD_VOTE,
					.vote = {&ballot, 1}};
	struct governance_context ctx = {.account = 0, .nonce = 5};
	uint32_t slices = 1;
	struct test_net n;

	(void)state;
	town_init(&n, 120, 16);
	for (uint32_t i = 20; i < 120; i++)
		for (uint32_t k = 0; k < 3; k++)
			net_delegate(&n, i, LIMITED, k, 10, 0);
	for (uint32_t i = 0; i < 16; i++)
		net_delegate(&n, i, FULL, i + 1, 0, 0);
	net_open(&n, 19, TYPE_TREASURY);
	ctx.height = n.height;
	ctx.time_ms = n.time_ms;
	assert_int_equal(governance_apply(n.g, NULL, &ctx, &payload, NULL),
			 ERR_OK);
	while (!governance_work(n.g, CARRY_LOOK_UNITS))
		slices++;
	/* 16 hops in the first, then 100 principals of three. */
	assert_in_range(slices, 100, 102);
	assert_tokens(&n, 1, CHOICE_FOR, 100, 1000);
	net_fini(&n);
}

/* Whatever comes next finishes what is left. */
static void the_next_call_finishes_a_walk(void **state)
{
	const struct ballot ballot = {.proposal = 1, .choice = CHOICE_FOR};
	const struct payload payload = {.kind = PAYLOAD_VOTE,
					.vote = {&ballot, 1}};

	(void)state;
	for (int next = 0; next < 3; next++) {
		struct governance_context ctx = {.account = 0, .nonce = 5};
		struct map map = {0};
		struct test_net n;

		crowd_init(&n, 1);
		ctx.height = n.height;
		ctx.time_ms = n.time_ms;
		assert_int_equal(
			governance_apply(n.g, NULL, &ctx, &payload, NULL),
			ERR_OK);
		assert_false(governance_work(n.g, 10));
		if (next == 0)
			map_flush(&map, n.g);
		else if (next == 1)
			net_block(&n, n.time_ms);
		else
			net_vote(&n, 5, 1, CHOICE_AGAINST);
		assert_true(governance_work(n.g, 0));
		assert_int_equal(tally_of(&n, 1)->choice[0].voters, 1);
		map_fini(&map);
		net_fini(&n);
	}
}

static void a_paper_of_128_ballots_walks_for_each(void **state)
{
	struct ballot ballots[LIMIT_TX_BALLOTS];
	const struct payload payload = {.kind = PAYLOAD_VOTE,
					.vote = {ballots, LIMIT_TX_BALLOTS}};
	struct test_net n;

	(void)state;
	crowd_init(&n, LIMIT_TX_BALLOTS);
	for (uint32_t i = 0; i < LIMIT_TX_BALLOTS; i++)
		ballots[i] = (struct ballot){.proposal = i + 1,
					     .choice = 1 + i % CHOICES};
	assert_int_equal(net_apply(&n, 0, &payload, NULL), ERR_OK);
	for (uint32_t i = 0; i < LIMIT_TX_BALLOTS; i++)
		assert_tokens(&n, i + 1, 1 + i % CHOICES, 100, 100 * 8 * 49);
	net_fini(&n);
}

/* ---- Records ---- */

static void what_is_carried_is_checked_when_it_is_read(void **state)
{
	static const struct power lies[] = {
		{200 * TOKEN - 1, 0, 0},
		{0, 0, 0},
		{LIMIT_STAKE_TOTAL + 1, 0, 0},
	};
	struct governance_key key;
	struct map map = {0};
	struct map_record *r;
	struct test_net n;
	struct power truth;
	uint8_t value[64];
	struct writer w;

	(void)state;
	town_init(&n, 4, 8);
	net_delegate(&n, 1, FULL, 0, 0, 0);
	net_delegate(&n, 2, FULL, 0, 0, 0);
	net_open(&n, 3, TYPE_TREASURY);
	net_vote(&n, 0, 1, CHOICE_FOR);
	map_flush(&map, n.g);
	governance_key_carried(&key, 1, 0);
	assert_memory_equal(key.data, "C\0\0\0\1\0\0\0\0", 9);
	r = map_find(&map, key.data, key.size);
	assert_non_null(r);
	assert_int_equal(
		carried_record_read(&truth, (struct bytes){r->value, r->size}),
		ERR_OK);
	assert_int_equal(truth.tokens, 200 * TOKEN);
	assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		writer_init(&w, value, sizeof(value));
		carried_record_write(&w, &lies[i]);
		map_put(&map, (struct bytes){key.data, key.size},
			(struct bytes){value, w.size});
		assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	}
	writer_init(&w, value, sizeof(value));
	carried_record_write(&w, &truth);
	map_put(&map, (struct bytes){key.data, key.size},
		(struct bytes){value, w.size});
	assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	/* Of somebody who did not vote, and of a vote that is not. */
	governance_key_carried(&key, 1, 1);
	writer_init(&w, value, sizeof(value));
	carried_record_write(&w, &lies[1]);
	map_put(&map, (struct bytes){key.data, key.size},
		(struct bytes){value, w.size});
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	map_fini(&map);
	map_flush(&map, n.g);
	governance_key_carried(&key, 2, 0);
	map_put(&map, (struct bytes){key.data, key.size},
		(struct bytes){value, w.size});
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	map_fini(&map);
	net_fini(&n);
}

/* Shorter records stand in the leaf of the state tree itself. */
static void typical_ballots_and_burdens_are_short(void **state)
{
	const struct ballot_record ballot = {
		.choice = CHOICE_FOR,
		.changes = 2,
		.position = 500000,
		.nonce = 1000,
		.height = 20000000,
		.tokens = 5000000 * TOKEN,
		.reputation = 10000 * POINT,
	};
	const struct power burden = {
		.tokens = LIMIT_STAKE_TOTAL / 4,
		.quadratic = UINT64_C(1) << 59,
		.reputation = LIMIT_REPUTATION_TOTAL / 4,
	};
	uint8_t value[64];
	struct writer w;

	(void)state;
	writer_init(&w, value, sizeof(value));
	ballot_record_write(&w, &ballot);
	assert_in_range(w.size, 1, 31);
	writer_init(&w, value, sizeof(value));
	carried_record_write(&w, &burden);
	assert_in_range(w.size, 1, 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delegate_carries_who_does_not_vote),
		cmocka_unit_test(a_ballot_takes_back_whichever_came_first),
		cmocka_unit_test(the_nearest_voter_carries),
		cmocka_unit_test(the_depth_is_exact),
		cmocka_unit_test(a_cycle_carries_to_the_voter_in_it_and_ends),
		cmocka_unit_test(who_may_not_vote_passes_on_and_sends_nothing),
		cmocka_unit_test(
			limited_parts_are_clipped_in_order_of_creation),
		cmocka_unit_test(parts_are_pro_rata_and_rounded_down),
		cmocka_unit_test(several_limited_parts_may_meet_again),
		cmocka_unit_test(types_and_opt_outs_are_followed),
		cmocka_unit_test(
			what_changes_after_the_snapshot_does_not_matter),
		cmocka_unit_test(a_replaced_ballot_moves_what_it_carries),
		cmocka_unit_test(a_cap_bounds_what_one_voter_carries),
		cmocka_unit_test(delegated_power_decides),
		cmocka_unit_test(hundreds_may_carry),
		cmocka_unit_test(splitting_does_not_raise_quadratic_power),
		cmocka_unit_test(the_order_of_voters_does_not_matter),
		cmocka_unit_test(a_walk_in_slices_shows_the_state_before_it),
		cmocka_unit_test(many_delegations_take_more_of_a_slice),
		cmocka_unit_test(the_next_call_finishes_a_walk),
		cmocka_unit_test(a_paper_of_128_ballots_walks_for_each),
		cmocka_unit_test(typical_ballots_and_burdens_are_short),
		cmocka_unit_test(what_is_carried_is_checked_when_it_is_read),
	};

	return cmocka_run_group_tests_name("governance cast", tests, NULL,
					   NULL);
}
