/* Stake that moves and matures, reputation that decays, and what accounts had
 * at the snapshots of open votes. */
#include "governance_fixture.h"
#include "governance_world.h"

#include "governance/accounts.h"
#include "governance/stake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct governance_params params_with(const char *name, uint64_t value)
{
	struct governance_params p;

	net_params(&p);
	if (governance_param_set(&p, "reputation.kept_bp", BP_ONE, NULL) ||
	    governance_param_set(&p, name, value, NULL))
		fail();
	return p;
}

static enum err send(struct test_net *n, uint32_t from,
		     const struct public_key *to, uint64_t amount)
{
	struct payload p = {.kind = PAYLOAD_TRANSFER};

	p.transfer.to = *to;
	p.transfer.amount = amount;
	return net_apply(n, from, &p, NULL);
}

static enum err send_to(struct test_net *n, uint32_t from, uint32_t to,
			uint64_t amount)
{
	return send(n, from, &governance_account(n->g, to)->key, amount);
}

static uint64_t mature(const struct test_net *n, uint32_t account)
{
	return governance_account(n->g, account)->power.tokens;
}

static uint64_t maturing(const struct test_net *n, uint32_t account)
{
	return governance_account(n->g, account)->maturing;
}

static void stake_that_arrives_counts_after_the_period_to_the_ms(void **state)
{
	const uint64_t period = MS_DAY;
	const uint64_t step = period / 16;
	uint64_t due = (T0 + period + step - 1) / step * step;
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 0);
	assert_int_equal(send_to(&n, 0, 1, 100 * TOKEN), ERR_OK);
	assert_int_equal(mature(&n, 0), 4900 * TOKEN);
	assert_int_equal(mature(&n, 1), 10 * TOKEN);
	assert_int_equal(maturing(&n, 1), 100 * TOKEN);
	assert_int_equal(governance_total(n.g)->power.tokens, 4910 * TOKEN);
	assert_int_equal(governance_next_deadline_ms(n.g), due);
	assert_in_range(due - T0, period, period + step);
	net_block(&n, due - 1);
	assert_int_equal(mature(&n, 1), 10 * TOKEN);
	net_block(&n, due);
	assert_int_equal(mature(&n, 1), 110 * TOKEN);
	assert_int_equal(maturing(&n, 1), 0);
	assert_int_equal(governance_total(n.g)->power.tokens, 5010 * TOKEN);
	net_fini(&n);
}

static void without_a_period_stake_counts_at_once(void **state)
{
	struct governance_params p = params_with("stake.maturity_ms", 0);
	struct test_net n;

	(void)state;
	net_init(&n, &p);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 0);
	assert_int_equal(send_to(&n, 0, 1, 1), ERR_OK);
	assert_int_equal(mature(&n, 1), 10 * TOKEN + 1);
	assert_int_equal(maturing(&n, 1), 0);
	net_fini(&n);
}

static void the_latest_stake_leaves_first(void **state)
{
	uint32_t count;
	const struct stake_lot *lots;
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 0);
	assert_int_equal(send_to(&n, 0, 1, 100), ERR_OK);
	net_sleep(&n, MS_DAY / 2);
	assert_int_equal(send_to(&n, 0, 1, 50), ERR_OK);
	lots = governance_lots(n.g, 1, &count);
	assert_int_equal(count, 2);
	assert_true(lots[0].mature_ms < lots[1].mature_ms);
	assert_int_equal(send_to(&n, 1, 0, 70), ERR_OK);
	lots = governance_lots(n.g, 1, &count);
	assert_int_equal(count, 1);
	assert_int_equal(lots[0].amount, 80);
	assert_int_equal(mature(&n, 1), 10 * TOKEN);
	assert_int_equal(send_to(&n, 1, 0, 81), ERR_OK);
	assert_int_equal(maturing(&n, 1), 0);
	assert_int_equal(mature(&n, 1), 10 * TOKEN - 1);
	/* Nothing is left to fall due. */
	net_sleep(&n, 3 * MS_DAY);
	assert_int_equal(mature(&n, 1), 10 * TOKEN - 1);
	net_fini(&n);
}

/* Whoever sends dust neither delays what is there nor makes many lots. */
static void dust_makes_few_lots_and_delays_none(void **state)
{
	uint64_t first;
	uint32_t count;
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 0);
	assert_int_equal(send_to(&n, 0, 1, TOKEN), ERR_OK);
	first = governance_lots(n.g, 1, &count)[0].mature_ms;
	for (int i = 0; i < 2000; i++) {
		net_sleep(&n, 40000);
		assert_int_equal(send_to(&n, 0, 1, 1), ERR_OK);
		if (n.time_ms < first)
			assert_int_equal(
				governance_lots(n.g, 1, &count)[0].mature_ms,
				first);
		governance_lots(n.g, 1, &count);
		assert_in_range(count, 1, 17);
	}
	net_fini(&n);
}

static void a_transfer_is_refused_to_the_micro_token(void **state)
{
	struct governance_params p =
		params_with("account.min_stake", 7 * TOKEN);
	struct public_key stranger;
	uint32_t account;
	struct test_net n;

	(void)state;
	test_key(&stranger, 4711);
	net_init(&n, &p);
	net_account(&n, 5000, 0);
	net_account(&n, 0, 0);
	assert_int_equal(send_to(&n, 0, 1, 0), ERR_MALFORMED);
	assert_int_equal(send_to(&n, 0, 0, 1), ERR_MALFORMED);
	assert_int_equal(send_to(&n, 0, 1, 5000 * TOKEN + 1),
			 ERR_NOT_ENOUGH_STAKE);
	assert_int_equal(send_to(&n, 1, 0, 1), ERR_NOT_ENOUGH_STAKE);
	assert_int_equal(send(&n, 0, &stranger, 7 * TOKEN - 1),
			 ERR_BELOW_MINIMUM_STAKE);
	assert_int_equal(governance_account_count(n.g), 2);
	assert_int_equal(send(&n, 0, &stranger, 7 * TOKEN), ERR_OK);
	assert_true(governance_find_account(n.g, &account, &stranger));
	assert_int_equal(account, 2);
	assert_int_equal(governance_account(n.g, 2)->birth, n.height);
	assert_int_equal(governance_account(n.g, 2)->funder, 0);
	assert_int_equal(send(&n, 0, &stranger, 1), ERR_OK);
	assert_int_equal(send_to(&n, 0, 1, 4993 * TOKEN - 1), ERR_OK);
	assert_int_equal(mature(&n, 0), 0);
	net_fini(&n);
}

static void an_excluded_account_holds_and_is_in_no_base(void **state)
{
	enum err err;
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 10);
	net_account(&n, 9000, 20);
	governance_exclude_account(n.g, 1);
	assert_int_equal(governance_total(n.g)->voters, 1);
	assert_int_equal(governance_total(n.g)->power.tokens, 5000 * TOKEN);
	assert_int_equal(governance_total(n.g)->power.reputation, 10 * POINT);
	assert_int_equal(net_submit(&n, 1, TYPE_STANDARD, true, &err), 0);
	assert_int_equal(err, ERR_NOT_ELIGIBLE);
	net_open(&n, 0, TYPE_EMERGENCY);
	assert_int_equal(net_vote(&n, 1, 1, CHOICE_FOR), ERR_NOT_ELIGIBLE);
	assert_int_equal(send_to(&n, 0, 1, 10 * TOKEN), ERR_OK);
	net_sleep(&n, 3 * MS_DAY);
	assert_int_equal(mature(&n, 1), 9010 * TOKEN);
	assert_int_equal(governance_total(n.g)->power.tokens, 4990 * TOKEN);
	net_fini(&n);
}

/* Stake is sent away, and comes, while a vote is open. */
static void a_vote_counts_what_was_there_when_it_opened(void **state)
{
	const struct proposal *p;
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 20000, 0);
	net_account(&n, 300, 0);
	net_account(&n, 0, 0);
	net_open(&n, 0, TYPE_EMERGENCY);
	p = governance_proposal(n.g, 1);
	assert_int_equal(send_to(&n, 1, 2, 200 * TOKEN), ERR_OK);
	net_sleep(&n, 1);
	assert_int_equal(net_vote(&n, 1, 1, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(&n, 2, 1, CHOICE_FOR), ERR_NOT_ELIGIBLE);
	assert_int_equal(p->tally.choice[0].power.tokens, 300 * TOKEN);
	assert_int_equal(p->total.power.tokens, 20300 * TOKEN);
	net_finish(&n, 1);
	/* The next one sees where the stake is now. */
	net_sleep(&n, MS_DAY);
	net_open(&n, 0, TYPE_EMERGENCY);
	p = governance_proposal(n.g, 2);
	assert_int_equal(net_vote(&n, 1, 2, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(&n, 2, 2, CHOICE_AGAINST), ERR_OK);
	assert_int_equal(p->tally.choice[0].power.tokens, 100 * TOKEN);
	assert_int_equal(p->tally.choice[1].power.tokens, 200 * TOKEN);
	net_fini(&n);
}

static void lazy_decay_is_that_of_every_epoch(void **state)
{
	struct accounts a = {.kept_bp = 9800};
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_DECAY_SEED", 31);
	for (int i = 0; i < 2000; i++) {
		uint64_t r = chance_next(&c) % (LIMIT_REPUTATION_TOTAL + 1);
		uint64_t slow = r;
		uint32_t some = chance_below(&c, 100);
		uint32_t more = chance_below(&c, 100);

		a.kept_bp = 1 + chance_below(&c, BP_ONE);
		for (uint32_t k = 0; k < some + more; k++)
			slow = (uint64_t)((unsigned __int128)slow * a.kept_bp /
					  BP_ONE);
		assert_int_equal(reputation_decayed(&a, r, some + more), slow);
		assert_int_equal(
			reputation_decayed(&a, reputation_decayed(&a, r, some),
					   more),
			slow);
	}
	a.kept_bp = BP_ONE;
	assert_int_equal(reputation_decayed(&a, 77, UINT64_MAX), 77);
	a.kept_bp = BP_ONE - 1;
	assert_int_equal(reputation_decayed(&a, 77, UINT64_MAX), 0);
}

static void reputation_decays_at_the_turn_and_open_votes_keep_theirs(void **s)
{
	struct governance_params p = params_with("reputation.kept_bp", 9800);
	const struct proposal *open;
	struct test_net n;

	(void)s;
	net_init(&n, &p);
	net_account(&n, 20000, 1000);
	net_account(&n, 0, 100);
	net_open(&n, 0, TYPE_TECHNICAL); /* opens a day, and a turn, later */
	open = governance_proposal(n.g, 1);
	assert_int_equal(open->snapshot_epoch, 1);
	assert_int_equal(open->total.power.reputation, 1078 * POINT);
	net_block(&n, T0 + 2 * MS_DAY - 1);
	assert_int_equal(governance_total(n.g)->power.reputation, 1078 * POINT);
	net_block(&n, T0 + 2 * MS_DAY);
	assert_int_equal(governance_total(n.g)->power.reputation, 1056440);
	net_block(&n, T0 + 4 * MS_DAY);
	assert_int_equal(governance_account(n.g, 1)->power.reputation, 92236);
	assert_int_equal(net_vote(&n, 1, 1, CHOICE_FOR), ERR_OK);
	assert_int_equal(open->tally.choice[0].power.reputation, 98 * POINT);
	net_fini(&n);
}

/* ---- Against a register that copies everything ---- */

enum { MEMBERS = 9, VOTES = 24 };

struct slow_vote {
	bool open;
	struct snapshot s;
	struct power power[MEMBERS]; /* copied when it opened */
	uint32_t count;
};

struct slow {
	uint64_t stake[MEMBERS], reputation[MEMBERS];
	struct slow_vote vote[VOTES];
};

static void compare(const struct accounts *a, const struct slow *slow)
{
	for (uint32_t v = 0; v < VOTES; v++) {
		const struct slow_vote *vote = &slow->vote[v];

		for (uint32_t i = 0; vote->open && i < a->count; i++) {
			struct power p;
			bool may = accounts_power_at(a, i, &vote->s, &p);
			const struct power *q = &vote->power[i];

			if (i >= vote->count)
				assert_false(may);
			assert_memory_equal(&p, q, sizeof(p));
			assert_int_equal(may,
					 q->tokens >= vote->s.vote_min_stake ||
						 q->reputation > 0);
		}
	}
}

static void open_one(struct accounts *a, struct slow *slow, uint64_t height,
		     uint32_t which)
{
	struct slow_vote *v = &slow->vote[which];

	if (v->open) {
		accounts_release(a, v->s.height);
		v->open = false;
		return;
	}
	memset(v, 0, sizeof(*v));
	v->open = true;
	v->count = a->count;
	v->s = (struct snapshot){.height = height,
				 .vote_min_stake = a->vote_min_stake,
				 .epoch = a->epoch};
	for (uint32_t i = 0; i < a->count; i++) {
		if (slow->stake[i] < a->vote_min_stake &&
		    slow->reputation[i] == 0)
			continue;
		v->power[i] = (struct power){slow->stake[i],
					     power_quadratic(slow->stake[i]),
					     slow->reputation[i]};
	}
	accounts_keep(a, height, a->epoch);
}

static void change_one(struct accounts *a, struct slow *slow, struct chance *c,
		       uint64_t from)
{
	uint32_t i = chance_below(c, a->count + (a->count < MEMBERS));

	if (i == a->count) {
		struct governance_account born = {.from = from,
						  .base_epoch = a->epoch};

		test_key(&born.key, i);
		accounts_add(a, &born);
	}
	if (chance_below(c, 2))
		slow->stake[i] = chance_below(c, 6) * 10;
	else
		slow->reputation[i] = chance_below(c, 5) * 1000;
	accounts_set(a, i, from, slow->stake[i], slow->reputation[i]);
}

static void turn(struct accounts *a, struct slow *slow, struct chance *c)
{
	uint64_t steps = 1 + chance_below(c, 3);

	accounts_turn_begin(a, steps);
	do
		compare(a, slow); /* in the middle of it, too */
	while (!accounts_turn_some(a, 2));
	for (uint32_t i = 0; i < MEMBERS; i++)
		slow->reputation[i] =
			reputation_decayed(a, slow->reputation[i], steps);
}

static void check_total(const struct accounts *a, const struct slow *slow)
{
	struct power_sum sum = {0};

	for (uint32_t i = 0; i < a->count; i++) {
		const struct power p = {slow->stake[i],
					power_quadratic(slow->stake[i]),
					slow->reputation[i]};

		if (p.tokens < a->vote_min_stake && p.reputation == 0)
			continue;
		power_add(&sum.power, &p);
		sum.voters++;
	}
	assert_memory_equal(&sum.power, &a->total.power, sizeof(sum.power));
	assert_int_equal(sum.voters, a->total.voters);
}

static void the_register_as_of_a_height_is_a_copy_made_there(void **state)
{
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_HISTORY_SEED", 32);
	for (int round = 0; round < 60; round++) {
		struct slow slow = {0};
		struct accounts a;

		accounts_init(&a);
		a.vote_min_stake = 20;
		a.kept_bp = 9000;

		for (uint64_t height = 1; height < 120; height++) {
			if (chance_below(&c, 6) == 0)
				turn(&a, &slow, &c);
			/* Time's own changes are seen by this block's votes. */
			if (chance_below(&c, 3) == 0)
				change_one(&a, &slow, &c, height);
			for (int k = chance_below(&c, 3) ? 0 : 2; k > 0; k--)
				open_one(&a, &slow, height,
					 chance_below(&c, VOTES));
			for (uint32_t k = chance_below(&c, 6); k > 0; k--)
				change_one(&a, &slow, &c, height + 1);
			if (chance_below(&c, 4) == 0 && a.count > 0)
				accounts_settle(
					&a, &a.list[chance_below(&c, a.count)]);
			compare(&a, &slow);
			check_total(&a, &slow);
		}
		for (uint32_t v = 0; v < VOTES; v++)
			if (slow.vote[v].open)
				accounts_release(&a, slow.vote[v].s.height);
		accounts_turn_begin(&a, 1);
		assert_true(accounts_turn_some(&a, UINT32_MAX));
		/* Without an open vote nothing is kept of the past. */
		for (uint32_t i = 0; i < a.count; i++)
			assert_null(a.list[i].history);
		accounts_fini(&a);
	}
}

static void stake_is_never_made_or_lost(void **state)
{
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_CONSERVE_SEED", 33);
	for (int round = 0; round < 20; round++) {
		struct world w;
		uint64_t all = 0;

		world_init(&w, &c);
		for (uint32_t i = 0; i < WORLD_ACCOUNTS; i++)
			all += mature(&w.n, i);
		for (int i = 0; i < 400; i++) {
			uint64_t now;
			struct random_tx tx;

			if (chance_below(&c, 6) == 0)
				random_sleep(&c, &w.n);
			random_tx(&tx, &c, &w.n);
			if (governance_apply(w.n.g, NULL, &tx.ctx, &tx.payload,
					     NULL))
				continue;
			now = governance_treasury(w.n.g);
			for (uint32_t k = 0;
			     k < governance_account_count(w.n.g); k++)
				now += mature(&w.n, k) + maturing(&w.n, k);
			assert_int_equal(now, all);
		}
		world_fini(&w);
	}
}

static void maturity_lies_on_a_grid_and_never_wraps(void **state)
{
	(void)state;
	assert_int_equal(stake_mature_ms(1000, 0), 1000);
	assert_int_equal(stake_mature_ms(1000, 1), 1001);
	assert_int_equal(stake_mature_ms(1000, 15), 1015);
	assert_int_equal(stake_mature_ms(1600, 1600), 3200);
	assert_int_equal(stake_mature_ms(1601, 1600), 3300);
	assert_int_equal(stake_mature_ms(UINT64_MAX - 5, 1600), UINT64_MAX);
	assert_int_equal(stake_mature_ms(UINT64_MAX - 1610, 1600), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			stake_that_arrives_counts_after_the_period_to_the_ms),
		cmocka_unit_test(without_a_period_stake_counts_at_once),
		cmocka_unit_test(the_latest_stake_leaves_first),
		cmocka_unit_test(dust_makes_few_lots_and_delays_none),
		cmocka_unit_test(a_transfer_is_refused_to_the_micro_token),
		cmocka_unit_test(an_excluded_account_holds_and_is_in_no_base),
		cmocka_unit_test(a_vote_counts_what_was_there_when_it_opened),
		cmocka_unit_test(lazy_decay_is_that_of_every_epoch),
		cmocka_unit_test(
			reputation_decays_at_the_turn_and_open_votes_keep_theirs),
		cmocka_unit_test(
			the_register_as_of_a_height_is_a_copy_made_there),
		cmocka_unit_test(stake_is_never_made_or_lost),
		cmocka_unit_test(maturity_lies_on_a_grid_and_never_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
