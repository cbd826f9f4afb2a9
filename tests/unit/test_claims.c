/* Claims of heights: what one peer says, and what is believed. */
#include "base/assert.h"
#include "node/claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const uint64_t ONE_EACH[] = {1, 1, 1, 1};

static struct public_key key_of(unsigned int i)
{
	struct public_key key;

	memset(&key, 0, sizeof(key));
	key.b[0] = (uint8_t)(i + 1);
	return key;
}

static void init_voters(struct electorate *e, const uint64_t *weights,
			uint32_t count)
{
	struct voter voters[VOTERS_MAX];

	for (uint32_t i = 0; i < count; i++) {
		voters[i].key = key_of(i);
		voters[i].weight = weights[i];
	}
	assert_int_equal(electorate_init(e, 0, voters, count), ERR_OK);
}

static void note(struct claims *c, unsigned int peer, uint64_t height)
{
	struct public_key key = key_of(peer);

	claims_note(c, &key, height);
}

/* By hand, from the definition. */
static uint64_t believed_slowly(const struct electorate *e,
				const uint64_t *heights)
{
	uint64_t best = 0;

	for (uint32_t i = 0; i < e->count; i++) {
		uint64_t weight = 0;

		for (uint32_t j = 0; j < e->count; j++) {
			if (heights[j] >= heights[i])
				weight += e->voters[j].weight;
		}
		if (weight > electorate_faulty(e) && heights[i] > best)
			best = heights[i];
	}
	return best;
}

static void one_of_four_is_not_believed_two_are(void **state)
{
	const uint64_t weights[] = {1, 1, 1, 1};
	struct electorate e;
	struct claims c;

	(void)state;
	init_voters(&e, weights, 4);
	claims_init(&c, &e);
	assert_int_equal(claims_believed(&c), 0);
	assert_int_equal(claims_weight(&c), 0);
	note(&c, 3, 1000000);
	assert_int_equal(claims_believed(&c), 0);
	note(&c, 0, 7);
	assert_int_equal(claims_believed(&c), 7);
	note(&c, 1, 9);
	note(&c, 2, 8);
	assert_int_equal(claims_believed(&c), 9);
	assert_int_equal(claims_weight(&c), 4);
	note(&c, 17, 8); /* No validator. */
	assert_int_equal(claims_weight(&c), 4);
	claims_fini(&c);
}

static void every_weighing_of_four_validators_is_as_defined(void **state)
{
	struct electorate e;

	(void)state;
	for (unsigned int w = 1; w < 256; w++) {
		const uint64_t weights[] = {w & 3, w >> 2 & 3, w >> 4 & 3,
					    w >> 6};

		init_voters(&e, weights, 4);
		for (unsigned int h = 0; h < 256; h++) {
			const uint64_t heights[] = {h & 3, h >> 2 & 3,
						    h >> 4 & 3, h >> 6};
			struct claims c;

			claims_init(&c, &e);
			for (unsigned int i = 0; i < 4; i++)
				note(&c, i, heights[i]);
			assert_int_equal(claims_believed(&c),
					 believed_slowly(&e, heights));
			claims_fini(&c);
		}
	}
}

static void who_is_no_validator_makes_nothing_believed(void **state)
{
	const uint64_t weights[] = {1, 1, 1, 1};
	struct electorate e;
	struct claims c;

	(void)state;
	init_voters(&e, weights, 4);
	claims_init(&c, &e);
	for (unsigned int i = 4; i < 40; i++)
		note(&c, i, 5000);
	assert_int_equal(claims_believed(&c), 0);
	assert_int_equal(claims_highest(&c, 0), 5000);
	claims_fini(&c);
}

static void the_latest_word_counts_until_the_peer_is_gone(void **state)
{
	struct public_key key = key_of(1);
	struct electorate e;
	struct claims c;

	(void)state;
	init_voters(&e, ONE_EACH, 4);
	claims_init(&c, &e);
	claims_note(&c, &key, 20);
	claims_note(&c, &key, 10);
	assert_int_equal(claims_highest(&c, 0), 10);
	claims_note_at_least(&c, &key, 5);
	assert_int_equal(claims_highest(&c, 0), 10);
	claims_note_at_least(&c, &key, 15);
	assert_int_equal(claims_highest(&c, 0), 15);
	claims_drop(&c, &key);
	assert_int_equal(claims_highest(&c, 0), 0);
	claims_drop(&c, &key);
	claims_silent(&c, &key, 100);
	assert_null(claims_pick(&c, 0, 0));
	claims_fini(&c);
}

static void peers_are_asked_in_turn_and_silent_ones_last(void **state)
{
	struct public_key silent = key_of(2);
	unsigned int asked[4] = {0};
	struct electorate e;
	struct claims c;

	(void)state;
	init_voters(&e, ONE_EACH, 4);
	claims_init(&c, &e);
	for (unsigned int i = 0; i < 4; i++)
		note(&c, i, 10 + i);
	claims_silent(&c, &silent, 500);
	for (int i = 0; i < 30; i++) {
		const struct public_key *peer = claims_pick(&c, 10, 499);

		assert_non_null(peer);
		asked[peer->b[0] - 1]++;
	}
	assert_int_equal(asked[0], 0); /* It has no more than we. */
	assert_int_equal(asked[1], 15);
	assert_int_equal(asked[2], 0);
	assert_int_equal(asked[3], 15);
	assert_int_equal(claims_highest(&c, 499), 13);
	/* It alone claims more: better than nobody. */
	note(&c, 2, 50);
	assert_true(public_key_equal(claims_pick(&c, 20, 499), &silent));
	assert_int_equal(claims_highest(&c, 499), 13);
	assert_int_equal(claims_highest(&c, 500), 50);
	assert_null(claims_pick(&c, 50, 499));
	claims_fini(&c);
}

static unsigned int ask(struct claims *c, uint64_t above, uint64_t now_ms)
{
	const struct public_key *peer = claims_pick(c, above, now_ms);

	assert_non_null(peer);
	return peer->b[0] - 1u;
}

/* Sixty strangers that claim much and answer nothing. */
static void strangers_do_not_slow_down_who_asks_validators(void **state)
{
	struct electorate e;
	struct claims c;

	(void)state;
	init_voters(&e, ONE_EACH, 4);
	claims_init(&c, &e);
	for (unsigned int i = 4; i < 64; i++)
		note(&c, i, UINT64_MAX);
	note(&c, 1, 50);
	note(&c, 2, 60);
	for (int i = 0; i < 100; i++)
		assert_in_range(ask(&c, 40, 0), 1, 2);
	/* Nobody better has that. */
	assert_in_range(ask(&c, 60, 0), 4, 63);
	claims_fini(&c);
}

static void one_that_answered_is_asked_before_strangers(void **state)
{
	struct public_key good = key_of(30), bad = key_of(5);
	struct electorate e;
	struct claims c;

	(void)state;
	init_voters(&e, ONE_EACH, 4);
	claims_init(&c, &e);
	for (unsigned int i = 4; i < 64; i++)
		note(&c, i, 1000);
	assert_false(claims_has_better(&c, &bad, 10, 0));
	claims_answered(&c, &good);
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask(&c, 10, 0), 30);
	/* A question to another is given up for it. */
	assert_true(claims_has_better(&c, &bad, 10, 0));
	assert_false(claims_has_better(&c, &good, 10, 0));
	assert_false(claims_has_better(&c, &bad, 1000, 0));
	/* Once silent, it is like any other after a while. */
	claims_silent(&c, &good, 500);
	assert_true(claims_has_better(&c, &good, 10, 499));
	for (int i = 0; i < 100; i++)
		assert_int_not_equal(ask(&c, 10, 499), 30);
	assert_false(claims_has_better(&c, &bad, 10, 500));
	claims_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_four_is_not_believed_two_are),
		cmocka_unit_test(
			every_weighing_of_four_validators_is_as_defined),
		cmocka_unit_test(who_is_no_validator_makes_nothing_believed),
		cmocka_unit_test(the_latest_word_counts_until_the_peer_is_gone),
		cmocka_unit_test(peers_are_asked_in_turn_and_silent_ones_last),
		cmocka_unit_test(
			strangers_do_not_slow_down_who_asks_validators),
		cmocka_unit_test(one_that_answered_is_asked_before_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
