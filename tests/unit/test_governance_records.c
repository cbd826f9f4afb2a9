/* Records: each change once, and the same state after reading them back.
 * Histories are random; the seed is printed. */
#include "governance_recount.h"
#include "governance_world.h"

#include "governance/deadlines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void genesis_accounts_are_flushed_once(void **state)
{
	struct governance_key key;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 3);
	assert_int_equal(map_flush(&map, n.g), 7); /* F, G, S; A, K of each */
	assert_int_equal(map.count, 7);
	assert_int_equal(map_flush(&map, n.g), 0);
	governance_key_account(&key, 1);
	assert_memory_equal(key.data, "A\0\0\0\1", 5);
	assert_int_equal(key.size, 5);
	/* No birth, funder, lots or history; stake in 4 bytes, points in 2. */
	assert_int_equal(map_find(&map, key.data, key.size)->size, 45);
	governance_key_public_key(&key, &governance_account(n.g, 1)->key);
	assert_memory_equal(map_find(&map, key.data, key.size)->value,
			    "\0\0\0\1", 4);
	map_fini(&map);
	net_fini(&n);
}

static void a_block_emits_what_changed_once(void **state)
{
	struct ballot_record ballot;
	struct governance_key key;
	struct map map = {0};
	struct bytes title, description, reason;
	struct test_net n;
	struct map_record *r;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 3);
	map_flush(&map, n.g);
	net_submit(&n, 0, TYPE_EMERGENCY, true, NULL);
	net_amend(&n, 0, 1, "Final", "words");
	net_publish(&n, 0, 1);
	assert_int_equal(map_flush(&map, n.g), 3); /* X, P, G */
	governance_key_texts(&key, 1);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(texts_record_read(&title, &description,
					   (struct bytes){r->value, r->size}),
			 ERR_OK);
	assert_int_equal(title.size, 5);
	assert_memory_equal(title.data, "Final", 5);
	assert_memory_equal(description.data, "words", 5);

	net_sleep(&n, 1);
	assert_int_equal(map_flush(&map, n.g), 3); /* P, W, G: opened */
	for (uint32_t i = 0; i < 3; i++) {
		const struct ballot b = {.proposal = 1,
					 .choice = CHOICE_FOR,
					 .reason =
						 text_of(i == 1 ? "why" : "")};
		const struct payload vote = {.kind = PAYLOAD_VOTE,
					     .vote = {&b, 1}};

		if (i < 2)
			assert_int_equal(net_apply(&n, 1, &vote, NULL), ERR_OK);
		else
			assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_OK);
	}
	assert_int_equal(map_flush(&map, n.g), 4); /* two B, P, W */
	governance_key_ballot(&key, 1, 1);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(
		ballot_record_read(&ballot, (struct bytes){r->value, r->size}),
		ERR_OK);
	assert_int_equal(ballot.changes, 1);
	assert_int_equal(ballot.position, 0);
	assert_int_equal(ballot.height, n.height);
	assert_int_equal(ballot.reason.size, 3);
	assert_memory_equal(ballot.reason.data, "why", 3);

	net_submit(&n, 0, TYPE_STANDARD, false, NULL);
	net_cancel(&n, 0, 2, "a mistake");
	assert_int_equal(map_flush(&map, n.g), 4); /* X, P, R, G */
	governance_key_reason(&key, 2);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(
		reason_record_read(&reason, (struct bytes){r->value, r->size}),
		ERR_OK);
	assert_memory_equal(reason.data, "a mistake", 9);
	map_fini(&map);
	net_fini(&n);
}

/* ---- Random histories ---- */

static void assert_same_view(const struct governance *a,
			     const struct governance *b)
{
	uint32_t count = governance_proposal_count(a);

	assert_int_equal(count, governance_proposal_count(b));
	assert_int_equal(governance_open_count(a), governance_open_count(b));
	assert_int_equal(governance_opened_count(a),
			 governance_opened_count(b));
	assert_int_equal(governance_next_deadline_ms(a),
			 governance_next_deadline_ms(b));
	assert_int_equal(governance_account_count(a),
			 governance_account_count(b));
	for (uint32_t i = 0; i < governance_account_count(a); i++) {
		const struct governance_account *x = governance_account(a, i),
						*y = governance_account(b, i);

		assert_int_equal(x->voted, y->voted);
		assert_int_equal(x->open, y->open);
		assert_int_equal(x->drafts, y->drafts);
		assert_int_equal(x->eligible, y->eligible);
		assert_int_equal(x->power.quadratic, y->power.quadratic);
		assert_int_equal(x->power.reputation, y->power.reputation);
		assert_int_equal(x->maturing, y->maturing);
	}
	for (uint32_t p = 1; p <= count; p++) {
		uint32_t ballots = governance_ballot_count(a, p);

		assert_int_equal(ballots, governance_ballot_count(b, p));
		for (uint32_t i = 0; i < ballots; i++) {
			const struct governance_ballot
				*x = governance_ballot_at(a, p, i),
				*y = governance_ballot_at(b, p, i);

			assert_int_equal(x->account, y->account);
			assert_int_equal(x->choice, y->choice);
			assert_int_equal(x->changes, y->changes);
			assert_int_equal(x->nonce, y->nonce);
			assert_int_equal(x->height, y->height);
		}
	}
}

static void a_reloaded_state_goes_on_in_lockstep(void **state)
{
	uint32_t accepted = 0, refused = 0;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_RELOAD_SEED", 21);
	for (int round = 0; round < 30; round++) {
		struct governance *copy = NULL;
		struct map copied = {0};
		struct world w;

		world_init(&w, &c);
		for (int block = 0; block < 120; block++) {
			random_sleep(&c, &w.n);
			if (copy)
				governance_advance(copy, w.n.height,
						   w.n.time_ms);
			for (int i = 0; i < 6; i++) {
				struct random_tx tx;
				enum err err;
				uint32_t x = 77, y = 77;

				random_tx(&tx, &c, &w.n);
				err = governance_apply(w.n.g, &x, &tx.ctx,
						       &tx.payload, NULL);
				accepted += err == ERR_OK;
				refused += err != ERR_OK;
				if (!copy)
					continue;
				assert_int_equal(
					err,
					governance_apply(copy, &y, &tx.ctx,
							 &tx.payload, NULL));
				assert_int_equal(x, y);
			}
			map_flush(&w.map, w.n.g);
			if (copy) {
				map_flush(&copied, copy);
				map_assert_equal(&copied, &w.map);
				assert_same_view(copy, w.n.g);
			}
			if (block % 30 != 10)
				continue;
			/* A restart: from the records alone. */
			governance_free(&copy);
			map_fini(&copied);
			copy = map_load(&w.map, w.n.g);
			assert_same_view(copy, w.n.g);
			for (size_t i = 0; i < w.map.count; i++)
				map_put(&copied,
					(struct bytes){w.map.list[i].key,
						       w.map.list[i].key_size},
					(struct bytes){w.map.list[i].value,
						       w.map.list[i].size});
			assert_int_equal(map_flush(&copied, copy), 0);
		}
		governance_free(&copy);
		map_fini(&copied);
		world_fini(&w);
	}
	printf("%u accepted, %u refused\n", accepted, refused);
	/* Both happen often, or the test says little. */
	assert_true(accepted > 3000 && refused > 3000);
}

/* Enough ballots on one proposal that its table grows and probes. */
static void thousands_of_ballots_keep_their_places(void **state)
{
	enum { MANY = 5000 };
	struct governance *copy;
	struct map map = {0};
	struct test_net n;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_MANY_SEED", 28);
	net_init(&n, NULL);
	for (int i = 0; i < MANY; i++)
		net_account(&n, 5000, 0);
	net_open(&n, 0, TYPE_STANDARD);
	for (int i = 0; i < 3 * MANY; i++)
		assert_int_equal(net_vote(&n, chance_below(&c, MANY), 1,
					  1 + chance_below(&c, 3)),
				 ERR_OK);
	map_flush(&map, n.g);
	copy = map_load(&map, n.g);
	for (uint32_t i = 0; i < governance_ballot_count(n.g, 1); i++) {
		uint32_t account = governance_ballot_at(n.g, 1, i)->account;
		uint32_t place = MANY;

		assert_non_null(governance_ballot_of(n.g, 1, account, &place));
		assert_int_equal(place, i);
		assert_non_null(governance_ballot_of(copy, 1, account, &place));
		assert_int_equal(place, i);
	}
	assert_in_range(governance_ballot_count(n.g, 1), MANY / 2, MANY);
	governance_free(&copy);
	map_fini(&map);
	net_fini(&n);
}

static void what_is_refused_changes_no_record(void **state)
{
	uint32_t refused = 0;
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_REFUSED_SEED", 22);
	world_init(&w, &c);
	for (int i = 0; i < 6000; i++) {
		struct random_tx tx;
		size_t events, before;
		uint32_t number = 77;
		enum err checked;

		if (chance_below(&c, 4) == 0)
			random_sleep(&c, &w.n);
		random_tx(&tx, &c, &w.n);
		map_flush(&w.map, w.n.g);
		governance_events(w.n.g, &before);
		checked = governance_check(w.n.g, &tx.ctx, &tx.payload, NULL);
		assert_int_equal(map_flush(&w.map, w.n.g), 0);
		assert_int_equal(governance_apply(w.n.g, &number, &tx.ctx,
						  &tx.payload, NULL),
				 checked);
		governance_events(w.n.g, &events);
		if (checked == ERR_OK) {
			assert_true(map_flush(&w.map, w.n.g) > 0);
			assert_true(events > before);
			continue;
		}
		refused++;
		assert_int_equal(events, before);
		assert_int_equal(number, 77);
		assert_int_equal(map_flush(&w.map, w.n.g), 0);
	}
	assert_in_range(refused, 1000, 5700);
	world_fini(&w);
}

/* The running tallies of open votes against all ballots added up, and against
 * a batch over all members. */
static uint32_t check_open_tallies(struct governance *g)
{
	uint32_t ballots = 0;

	while (!governance_work(g, 1))
		continue;

	for (uint32_t p = 1; p <= governance_proposal_count(g); p++) {
		const struct proposal *proposal = governance_proposal(g, p);
		unsigned __int128 weight[CHOICES + 1] = {0};
		struct tally batch;

		if (proposal->state != STATE_VOTING)
			continue;
		for (uint32_t b = 0; b < governance_ballot_count(g, p); b++) {
			const struct governance_ballot *ballot =
				governance_ballot_at(g, p, b);

			weight[ballot->choice] += governance_ballot_weight(
				g, proposal, ballot->account);
			ballots++;
		}
		recount(&batch, g, p);
		for (size_t k = 0; k < CHOICES; k++) {
			const struct tally *t = &proposal->tally;
			const struct power *own = &t->choice[k].power;

			assert_true(tally_weight(&proposal->rules,
						 &proposal->total.power,
						 own) == weight[k + 1]);
			assert_true(power_is_same(own, &batch.choice[k].power));
			assert_true(power_is_same(&t->carried[k],
						  &batch.carried[k]));
		}
	}
	return ballots;
}

static void running_tallies_equal_a_batch_over_all_ballots(void **state)
{
	uint32_t ballots = 0, passed = 0, rejected = 0;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_BATCH_SEED", 23);
	for (int round = 0; round < 20; round++) {
		struct world w;

		world_init(&w, &c);
		for (int i = 0; i < 1500; i++) {
			struct random_tx tx;

			if (chance_below(&c, 8) == 0) {
				ballots += check_open_tallies(w.n.g);
				net_sleep(&w.n, chance_below(&c, 1500));
			}
			random_tx(&tx, &c, &w.n);
			if (governance_apply(w.n.g, NULL, &tx.ctx, &tx.payload,
					     NULL) != ERR_OK)
				continue;
		}
		for (uint32_t p = 1; p <= governance_proposal_count(w.n.g);
		     p++) {
			const struct proposal *proposal =
				governance_proposal(w.n.g, p);
			struct tally_result r;

			governance_evaluate(w.n.g, &r, proposal);
			if (proposal->state == STATE_PASSED)
				assert_true(r.would_pass && ++passed);
			if (proposal->state == STATE_REJECTED)
				assert_true(!r.would_pass && ++rejected);
		}
		world_fini(&w);
	}
	assert_true(ballots > 1000 && passed > 10 && rejected > 10);
}

/* ---- The heap of deadlines, against a plain list ---- */

static void the_first_deadline_is_the_least_of_all(void **state)
{
	uint64_t times[40] = {0}; /* by number; 0: none */
	struct deadlines d = {0};
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_DEADLINE_SEED", 27);
	for (int i = 0; i < 20000; i++) {
		uint32_t number = 1 + chance_below(&c, 39), best = 0;
		struct deadline first;
		bool some;

		if (chance_below(&c, 2)) {
			times[number] = 1 + chance_below(&c, 50);
			deadlines_set(&d, number, times[number]);
		} else {
			times[number] = 0;
			deadlines_clear(&d, number);
		}
		for (uint32_t k = 1; k < 40; k++)
			if (times[k] && (!best || times[k] < times[best]))
				best = k;
		some = deadlines_first(&d, &first);
		assert_int_equal(some, best != 0);
		if (some) {
			assert_int_equal(first.number, best);
			assert_int_equal(first.time_ms, times[best]);
		}
	}
	deadlines_clear(&d, 1000000);
	deadlines_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genesis_accounts_are_flushed_once),
		cmocka_unit_test(a_block_emits_what_changed_once),
		cmocka_unit_test(a_reloaded_state_goes_on_in_lockstep),
		cmocka_unit_test(thousands_of_ballots_keep_their_places),
		cmocka_unit_test(what_is_refused_changes_no_record),
		cmocka_unit_test(
			running_tallies_equal_a_batch_over_all_ballots),
		cmocka_unit_test(the_first_deadline_is_the_least_of_all),
	};

	return cmocka_run_group_tests_name("governance records", tests, NULL,
					   NULL);
}
