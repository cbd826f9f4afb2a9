/* The pool of transactions, with real signatures, workers and loop. */
#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "node/txpool.h"
#include "proto/codec_tx.h"

#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ANSWERS_MAX 1024u
#define WORKERS_MAX (1024u * 1024u)

struct fixture {
	struct ev_loop *loop;
	struct workers *workers;
	struct txpool *pool;
	struct arena arena;
	struct hash genesis;
	struct secret_key *key;
	enum err admit;
	bool syncing;
	unsigned int answers;
	struct txpool_outcome outcome[ANSWERS_MAX]; /* by ticket */
	bool answered[ANSWERS_MAX];
	char text[128]; /* of the last one */
};

static enum err admit(void *context, const struct tx *tx, struct err_text *text)
{
	(void)tx;
	(void)text;
	return ((struct fixture *)context)->admit;
}

static bool find_final(void *context, uint64_t ticket, const struct hash *id,
		       struct txpool_outcome *out)
{
	(void)context;
	(void)ticket;
	(void)id;
	(void)out;
	return false;
}

static void on_answer(void *context, uint64_t ticket,
		      const struct txpool_outcome *outcome)
{
	struct fixture *f = context;

	assert_false(f->answered[ticket]);
	f->answered[ticket] = true;
	f->outcome[ticket] = *outcome;
	snprintf(f->text, sizeof(f->text), "%s",
		 outcome->text ? outcome->text : "");
	f->answers++;
}

static void on_ready(void *context)
{
	(void)context;
}

static bool is_syncing(void *context)
{
	return ((struct fixture *)context)->syncing;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	uint8_t seed[SEED_BYTES] = {9};

	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->workers = workers_new(f->loop, 1, WORKERS_MAX);
	f->key = secret_key_from_seed(seed);
	arena_init(&f->arena, 1024u * 1024u);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	workers_free(&f->workers);
	txpool_free(&f->pool);
	secret_key_free(&f->key);
	arena_fini(&f->arena);
	ev_loop_destroy(f->loop);
	free(f);
	return 0;
}

static void start(struct fixture *f, uint64_t account_rate,
		  uint64_t source_rate)
{
	const struct txpool_config config = {
		.workers = f->workers,
		.genesis = f->genesis,
		.bytes_max = 16u * 1024u * 1024u,
		.account_rate = account_rate,
		.source_rate = source_rate,
		.context = f,
		.is_syncing = is_syncing,
		.admit = admit,
		.find_final = find_final,
		.answer = on_answer,
		.ready = on_ready,
	};

	f->pool = txpool_new(&config);
}

/* Until everything handed to the workers is back. */
static void settle(struct fixture *f)
{
	txpool_flush(f->pool);
	while (workers_queued_bytes(f->workers) > 0)
		ev_run(f->loop, EVRUN_ONCE);
}

/* Whatever is ready is sealed, and durable. */
static void keep_all(struct fixture *f)
{
	while (txpool_peek(f->pool))
		txpool_pop(f->pool, 1, 0);
	txpool_kept(f->pool, 1);
}

struct want {
	uint64_t nonce;
	uint32_t number; /* so that they differ */
	uint64_t valid_until_ms;
	bool forged;
};

static struct bytes sign(struct fixture *f, const struct want *want)
{
	const struct payload payload = {.kind = PAYLOAD_PUBLISH,
					.publish = {.proposal = want->number}};
	const struct codec_tx_request request = {
		.key = f->key,
		.genesis = &f->genesis,
		.payload = &payload,
		.nonce = want->nonce,
		.valid_until_ms =
			want->valid_until_ms ? want->valid_until_ms : 1000,
	};
	struct err_text text = {""};
	struct bytes raw;

	arena_reset(&f->arena);
	assert_int_equal(codec_tx_sign(&raw, NULL, &f->arena, &request, &text),
			 ERR_OK);
	if (want->forged)
		((uint8_t *)raw.data)[raw.size - 1] ^= 1;
	return raw;
}

static void submit(struct fixture *f, uint64_t ticket, struct want want,
		   struct bucket *source)
{
	txpool_submit(f->pool, sign(f, &want), false, ticket, source);
}

static void assert_answer(const struct fixture *f, uint64_t ticket, enum err e)
{
	assert_true(f->answered[ticket]);
	assert_int_equal(f->outcome[ticket].refused, e);
}

static void good_ones_are_taken_and_forged_ones_are_not(void **state)
{
	struct fixture *f = *state;

	start(f, 0, 0);
	submit(f, 1, (struct want){.nonce = 0, .number = 1}, NULL);
	submit(f, 2, (struct want){.nonce = 1, .number = 1, .forged = true},
	       NULL);
	assert_int_equal(f->answers, 0);
	settle(f);
	assert_answer(f, 2, ERR_BAD_SIGNATURE);
	assert_int_equal(txpool_ready_count(f->pool), 1);
}

static void accepted_is_said_when_it_would_outlast_a_crash(void **state)
{
	struct fixture *f = *state;

	start(f, 0, 0);
	submit(f, 1, (struct want){.nonce = 0, .number = 1}, NULL);
	submit(f, 2, (struct want){.nonce = 1, .number = 1}, NULL);
	settle(f);
	txpool_pop(f->pool, 7, 0);
	txpool_pop(f->pool, 8, 0);
	txpool_kept(f->pool, 6);
	assert_int_equal(f->answers, 0);
	txpool_kept(f->pool, 7);
	assert_answer(f, 1, ERR_OK);
	assert_int_equal(f->answers, 1);
	/* Asked again: known to be kept, or not yet. */
	submit(f, 3, (struct want){.nonce = 0, .number = 1}, NULL);
	submit(f, 4, (struct want){.nonce = 1, .number = 1}, NULL);
	assert_answer(f, 3, ERR_OK);
	assert_int_equal(f->answers, 2);
	txpool_kept(f->pool, 8);
	assert_answer(f, 2, ERR_OK);
	assert_answer(f, 4, ERR_OK);
	assert_int_equal(f->answers, 4);
}

static void one_transaction_an_account_and_nonce_is_pooled(void **state)
{
	struct fixture *f = *state;

	start(f, 0, 0);
	/* Together: whichever is known to be good first. */
	for (uint32_t i = 1; i <= 100; i++)
		submit(f, i, (struct want){.nonce = 7, .number = i}, NULL);
	settle(f);
	assert_int_equal(txpool_count(f->pool), 1);
	assert_int_equal(txpool_ready_count(f->pool), 1);
	/* And later. */
	submit(f, 200, (struct want){.nonce = 7, .number = 200}, NULL);
	assert_answer(f, 200, ERR_RATE_LIMITED);
	assert_true(f->outcome[200].retry_after_ms > 0);
	/* The same one waits for the same end. */
	submit(f, 201, (struct want){.nonce = 7, .number = 1}, NULL);
	submit(f, 202, (struct want){.nonce = 8, .number = 1}, NULL);
	settle(f);
	keep_all(f);
	assert_answer(f, 201, ERR_OK);
	assert_answer(f, 202, ERR_OK);
}

static void a_forged_one_takes_no_place(void **state)
{
	struct fixture *f = *state;

	start(f, 0, 0);
	for (uint32_t i = 0; i < 10; i++)
		submit(f, 1 + i,
		       (struct want){.nonce = 7, .number = i, .forged = true},
		       NULL);
	submit(f, 20, (struct want){.nonce = 7, .number = 99}, NULL);
	settle(f);
	keep_all(f);
	assert_answer(f, 1, ERR_BAD_SIGNATURE);
	assert_answer(f, 20, ERR_OK);
}

static void an_account_has_64_pooled(void **state)
{
	struct fixture *f = *state;
	struct txpool_outcome final = {.height = 3};
	const struct tx *tx;

	start(f, 0, 0);
	for (uint32_t i = 1; i <= 65; i++)
		submit(f, i, (struct want){.nonce = i, .number = i}, NULL);
	settle(f);
	assert_answer(f, 65, ERR_RATE_LIMITED);
	assert_int_equal(txpool_count(f->pool), 64);
	tx = txpool_peek(f->pool);
	final.id = tx->id;
	txpool_decided(f->pool, &final);
	submit(f, 66, (struct want){.nonce = 66, .number = 66}, NULL);
	settle(f);
	keep_all(f);
	assert_answer(f, 64, ERR_OK);
	assert_answer(f, 66, ERR_OK);
}

static void
rates_count_for_account_and_connection_before_signatures(void **state)
{
	struct fixture *f = *state;
	struct bucket wide = {0}, narrow = {0};

	start(f, 10, 4);
	for (uint32_t i = 1; i <= 4; i++)
		submit(f, i, (struct want){.nonce = i, .number = i}, &narrow);
	/* Refused at once: no signature was looked at. */
	submit(f, 5, (struct want){.nonce = 5, .number = 5, .forged = true},
	       &narrow);
	assert_answer(f, 5, ERR_RATE_LIMITED);
	assert_in_range(f->outcome[5].retry_after_ms, 1, 251);
	assert_string_equal(f->text,
			    "a connection may send 4 transactions a second");
	for (uint32_t i = 6; i <= 12; i++) {
		wide = (struct bucket){0};
		submit(f, i, (struct want){.nonce = i, .number = i}, &wide);
	}
	settle(f);
	keep_all(f);
	assert_answer(f, 11, ERR_OK);
	assert_answer(f, 12, ERR_RATE_LIMITED);
	assert_string_equal(f->text, "");
	f->syncing = true;
	submit(f, 13, (struct want){.nonce = 13, .number = 13}, &narrow);
	settle(f);
	keep_all(f);
	assert_answer(f, 13, ERR_OK);
}

static void the_ledger_s_refusal_comes_before_the_rate(void **state)
{
	struct fixture *f = *state;
	struct bucket source = {0};

	start(f, 1, 1);
	f->admit = ERR_NOT_VOTING;
	for (uint32_t i = 1; i <= 5; i++) {
		submit(f, i, (struct want){.nonce = i, .number = i}, &source);
		assert_answer(f, i, ERR_NOT_VOTING);
	}
	f->admit = ERR_OK;
	submit(f, 6, (struct want){.nonce = 6, .number = 6}, &source);
	settle(f);
	keep_all(f);
	assert_answer(f, 6, ERR_OK);
}

/* Nothing is checked by the loop itself: a job counts until it is back. */
static void full_workers_are_busy(void **state)
{
	struct fixture *f = *state;

	workers_free(&f->workers);
	f->workers = workers_new(f->loop, 1, 1);
	start(f, 0, 0);
	submit(f, 1, (struct want){.nonce = 1, .number = 1}, NULL);
	txpool_flush(f->pool);
	assert_false(f->answered[1]);
	submit(f, 2, (struct want){.nonce = 2, .number = 2}, NULL);
	txpool_flush(f->pool);
	assert_answer(f, 2, ERR_BUSY);
	assert_int_equal(f->outcome[2].retry_after_ms, 250);
	settle(f);
	keep_all(f);
	assert_answer(f, 1, ERR_OK);
	assert_int_equal(txpool_count(f->pool), 1);
}

/* In any order, with others leaving in between. */
static void what_expires_leaves_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	uint64_t valid[41];

	start(f, 0, 0);
	srand(5);
	for (uint32_t i = 1; i <= 40; i++) {
		valid[i] = 1000 + (uint64_t)(rand() % 30) * 10;
		submit(f, i,
		       (struct want){.nonce = i,
				     .number = i,
				     .valid_until_ms = valid[i]},
		       NULL);
	}
	settle(f);
	assert_int_equal(txpool_count(f->pool), 40);
	for (uint64_t now = 1000; now <= 1300; now += 7) {
		size_t left = 0;

		txpool_expire(f->pool, now);
		for (uint32_t i = 1; i <= 40; i++)
			left += valid[i] >= now;
		if (now == 1049 && left > 0) {
			struct txpool_outcome done = {.height = 1};
			uint64_t until = txpool_peek(f->pool)->valid_until_ms;

			done.id = txpool_peek(f->pool)->id;
			txpool_decided(f->pool, &done);
			for (uint32_t i = 1; i <= 40; i++) {
				if (valid[i] != until)
					continue;
				valid[i] = 0;
				break;
			}
			left--;
		}
		assert_int_equal(txpool_count(f->pool), left);
	}
	assert_int_equal(txpool_count(f->pool), 0);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(good_ones_are_taken_and_forged_ones_are_not),
		POOL_TEST(accepted_is_said_when_it_would_outlast_a_crash),
		POOL_TEST(one_transaction_an_account_and_nonce_is_pooled),
		POOL_TEST(a_forged_one_takes_no_place),
		POOL_TEST(an_account_has_64_pooled),
		POOL_TEST(
			rates_count_for_account_and_connection_before_signatures),
		POOL_TEST(the_ledger_s_refusal_comes_before_the_rate),
		POOL_TEST(full_workers_are_busy),
		POOL_TEST(what_expires_leaves_and_nothing_else),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
