#include "ledger_fixture.h"

#include "base/arena.h"
#include "ledger/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned int seed_of_run(void)
{
	const char *given = getenv("BCAI_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : 1;

	print_message("BCAI_TEST_SEED=%u\n", seed);
	return seed;
}

/* ---- Start ---- */

static void a_new_ledger_is_what_its_records_say(void **state)
{
	struct world *w = world_new();
	struct block_header header;
	struct hash digest;
	struct ledger *l;
	struct hash a;
	struct hash b;

	(void)state;
	assert_root(w);
	assert_int_equal(w->disk.count, 2 * ACCOUNTS + 4);
	block_genesis(&header, &digest, &w->hash, START_MS);
	assert_true(hash_equal(&ledger_last_block(w->l)->digest, &digest));
	assert_int_equal(ledger_last_block(w->l)->height, 0);
	assert_true(hash_equal(ledger_genesis_hash(w->l), &w->hash));
	l = reload(w);
	assert_true(ledger_params(l)->value[NETWORK_CHECKPOINT_BLOCKS] == 3);
	ledger_root(w->l, &a);
	ledger_root(l, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(ledger_memory(l) > 1000);
	ledger_free(&l);
	ledger_free(&l);
	world_free(w);
}

static void a_key_with_two_accounts_stops_the_start(void **state)
{
	struct world *w = world_new();
	struct public_key key = account_key(3);
	struct err_text why = {""};
	struct ledger *l;

	(void)state;
	assert_int_equal(genesis_add_account(&w->genesis, &key, 1, 1, "", NULL),
			 ERR_OK);
	assert_int_equal(ledger_new(&l, &w->genesis, &w->sink, &why),
			 ERR_GENESIS);
	assert_null(l);
	assert_non_null(strstr(why.text, "account 20"));
	world_free(w);
}

/* ---- Admission ---- */

static void admission_refuses_in_its_order(void **state)
{
	static const struct {
		const char *name;
		uint32_t account;
		uint64_t nonce;
		uint64_t valid_until_ms;
		uint32_t proposal;
		enum err want;
	} CASES[] = {
		{"a good one", 1, 0, START_MS + 6000, 1, ERR_OK},
		{"the last nonce of the window", 1, 63, START_MS + 6000, 1,
		 ERR_OK},
		{"valid for exactly a day", 1, 0, START_MS + 5110 + 86400000, 1,
		 ERR_OK},
		{"valid a moment longer", 1, 0, START_MS + 5111 + 86400000, 1,
		 ERR_VALIDITY_TOO_LONG},
		{"valid until now", 1, 0, START_MS + 5110, 1, ERR_OK},
		{"expired by a moment", 1, 0, START_MS + 5109, 1, ERR_EXPIRED},
		{"expired, and by nobody", 99, 0, 1, 1, ERR_EXPIRED},
		{"by nobody", 99, 99, START_MS + 6000, 1, ERR_UNKNOWN_ACCOUNT},
		{"a used nonce", 0, 0, START_MS + 6000, 9, ERR_REPLAY},
		{"a nonce too far", 1, 64, START_MS + 6000, 9,
		 ERR_NONCE_TOO_FAR},
		{"an unknown proposal", 1, 0, START_MS + 6000, 9,
		 ERR_UNKNOWN_PROPOSAL},
	};
	struct world *w = world_new();

	(void)state;
	open_proposal(w);
	assert_true(w->time_ms + NOW == START_MS + 5110);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct ballot b = {.proposal = CASES[i].proposal,
				   .choice = CHOICE_FOR};
		struct tx tx =
			tx_of(CASES[i].account, CASES[i].nonce, vote(&b));
		struct err_text why = {""};
		uint32_t account = 77;
		enum err err;

		tx.valid_until_ms = CASES[i].valid_until_ms;
		err = ledger_admit(w->l, &account, &tx, w->time_ms + NOW, &why);
		if (err != CASES[i].want)
			print_message("%s: %s\n", CASES[i].name, why.text);
		assert_int_equal(err, CASES[i].want);
		assert_true(err == ERR_OK || why.text[0] != '\0');
		if (err == ERR_OK)
			assert_int_equal(account, CASES[i].account);
	}
	world_free(w);
}

static void a_slow_clock_does_not_admit_what_blocks_call_expired(void **state)
{
	struct world *w = world_new();
	struct tx tx = tx_of(1, 0, submit());

	(void)state;
	idle(w, 5000);
	tx.valid_until_ms = START_MS + 4999;
	assert_int_equal(ledger_admit(w->l, NULL, &tx, START_MS, NULL),
			 ERR_EXPIRED);
	tx.valid_until_ms = START_MS + 5000;
	assert_int_equal(ledger_admit(w->l, NULL, &tx, START_MS, NULL), ERR_OK);
	world_free(w);
}

/* ---- Blocks ---- */

static void a_vote_is_counted_and_its_result_kept(void **state)
{
	struct world *w = world_new();
	struct ballot b = {.proposal = 1, .choice = CHOICE_FOR};
	struct tx tx = tx_of(2, 5, vote(&b));
	const struct ledger_result *result;
	struct hash leaf;
	struct hash root;

	(void)state;
	open_proposal(w);
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_int_equal(w->up.result_count, 1);
	result = &w->up.results[0];
	assert_memory_equal(&result->id, &tx.id, sizeof(tx.id));
	assert_int_equal(result->account, 2);
	assert_int_equal(result->nonce, 5);
	assert_int_equal(result->place.batch, 3);
	assert_int_equal(result->place.index, 4);
	assert_int_equal(w->up.event_count, 1);
	assert_int_equal(w->up.events[0].kind, EVENT_BALLOT);
	ledger_result_leaf(&leaf, &tx.id, ERR_OK);
	merkle_root_of(&root, &leaf, 1);
	assert_memory_equal(&root, &w->up.results_root, sizeof(root));
	assert_int_equal(governance_proposal(ledger_governance(w->l), 1)
				 ->tally.choice[CHOICE_FOR - 1]
				 .voters,
			 1);
	assert_true(ledger_nonces(w->l, 2).used == 32);
	assert_int_equal(ledger_result_count(w->l), 2);
	assert_root(w);
	world_free(w);
}

static void a_submission_tells_the_number_of_its_proposal(void **state)
{
	struct world *w = world_new();
	struct tx tx = tx_of(0, 0, submit());

	(void)state;
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_int_equal(w->up.results[0].proposal, 1);
	tx = tx_of(1, 0, submit());
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_int_equal(w->up.results[0].proposal, 2);
	world_free(w);
}

static void what_has_no_effect_leaves_no_trace(void **state)
{
	struct world *w = world_new();
	struct tx good = tx_of(0, 0, submit());
	struct tx far = tx_of(0, 65, submit());
	struct tx nobody = tx_of(99, 0, submit());
	struct tx late = tx_of(1, 0, submit());
	enum err code = ERR_TIMEOUT;
	struct hash empty;

	(void)state;
	assert_int_equal(block_of(w, &good), ERR_OK);
	late.valid_until_ms = w->time_ms + 9;
	begin(w, 10);
	assert_int_equal(apply(w, &code, &good), ERR_REPLAY);
	assert_int_equal(apply(w, &code, &far), ERR_NONCE_TOO_FAR);
	assert_int_equal(apply(w, &code, &nobody), ERR_UNKNOWN_ACCOUNT);
	assert_int_equal(apply(w, &code, &late), ERR_EXPIRED);
	assert_int_equal(code, ERR_TIMEOUT);
	end(w);
	assert_string_equal(w->disk.kinds, "L");
	assert_int_equal(w->up.result_count, 0);
	assert_int_equal(w->up.event_count, 0);
	merkle_root_of(&empty, NULL, 0);
	assert_memory_equal(&w->up.results_root, &empty, sizeof(empty));
	late.valid_until_ms = w->time_ms + 10;
	assert_int_equal(block_of(w, &late), ERR_OK);
	world_free(w);
}

static void a_failed_transaction_uses_its_nonce_and_nothing_else(void **state)
{
	struct world *w = world_new();
	struct ballot b = {.proposal = 9, .choice = CHOICE_FOR};
	struct tx tx = tx_of(1, 0, vote(&b));

	(void)state;
	assert_int_equal(block_of(w, &tx), ERR_UNKNOWN_PROPOSAL);
	assert_string_equal(w->disk.kinds, "NL");
	assert_int_equal(w->up.result_count, 1);
	assert_int_equal(w->up.results[0].code, ERR_UNKNOWN_PROPOSAL);
	assert_int_equal(w->up.results[0].proposal, 0);
	assert_true(ledger_nonces(w->l, 1).base == 1);
	assert_root(w);
	world_free(w);
}

static void a_transaction_twice_in_one_block_counts_once(void **state)
{
	struct world *w = world_new();
	struct tx tx = tx_of(0, 0, submit());

	(void)state;
	begin(w, 10);
	assert_int_equal(apply(w, NULL, &tx), ERR_OK);
	assert_int_equal(apply(w, NULL, &tx), ERR_REPLAY);
	end(w);
	assert_int_equal(w->up.result_count, 1);
	assert_int_equal(governance_proposal_count(ledger_governance(w->l)), 1);
	world_free(w);
}

static void time_alone_moves_a_proposal(void **state)
{
	struct world *w = world_new();

	(void)state;
	open_proposal(w);
	assert_int_equal(w->up.result_count, 0);
	assert_int_equal(w->up.event_count, 1);
	assert_int_equal(w->up.events[0].state, STATE_VOTING);
	idle(w, 3600000);
	assert_int_equal(governance_proposal(ledger_governance(w->l), 1)->state,
			 STATE_REJECTED);
	assert_root(w);
	world_free(w);
}

static void assert_same_windows(const struct ledger *a, const struct ledger *b)
{
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		struct nonce_window x = ledger_nonces(a, i);
		struct nonce_window y = ledger_nonces(b, i);

		assert_true(x.base == y.base && x.used == y.used);
	}
}

static void assert_same_disks(struct disk *a, struct disk *b)
{
	struct hash one = root_of_disk(a);
	struct hash other = root_of_disk(b);

	assert_int_equal(a->count, b->count);
	assert_memory_equal(&one, &other, sizeof(one));
}

/* Random blocks: records give the root; a node that restarted anywhere goes
 * on as one that did not. */
static void random_blocks_agree_after_any_restart(void **state)
{
	unsigned int seed = seed_of_run();
	struct world *w = world_new();
	struct ballot b = {.choice = CHOICE_FOR};

	(void)state;
	for (int block = 0; block < 150; block++) {
		struct ledger *other = NULL;
		int count = rand_r(&seed) % 12;

		if (rand_r(&seed) % 3 == 0) {
			other = w->l;
			w->l = reload(w);
			assert_same_windows(other, w->l);
		}
		begin(w, (uint64_t)rand_r(&seed) % 700);
		for (int i = 0; i < count; i++) {
			uint32_t account = (uint32_t)rand_r(&seed) % ACCOUNTS;
			struct nonce_window n = ledger_nonces(w->l, account);
			struct tx tx;
			enum err err;

			b.proposal = (uint32_t)rand_r(&seed) % 12;
			b.choice = 1 + (uint32_t)rand_r(&seed) % 3;
			tx = tx_of(account,
				   n.base + (uint64_t)rand_r(&seed) % 70,
				   rand_r(&seed) % 8 ? vote(&b) : submit());
			tx.valid_until_ms = UINT64_MAX;
			err = nonce_check(&n, tx.nonce);
			assert_int_equal(apply(w, NULL, &tx), err);
		}
		end(w);
		assert_root(w);
		ledger_free(&other);
	}
	assert_true(ledger_result_count(w->l) > 100);
	world_free(w);
}

static struct tx random_tx(struct world *w, unsigned int *seed,
			   struct ballot *b)
{
	uint32_t account = (uint32_t)rand_r(seed) % ACCOUNTS;
	struct tx tx;

	b->proposal = 1 + (uint32_t)rand_r(seed) % 6;
	b->choice = 1 + (uint32_t)rand_r(seed) % 3;
	tx = tx_of(account, ledger_nonces(w->l, account).base,
		   rand_r(seed) % 8 ? vote(b) : submit());
	tx.valid_until_ms = UINT64_MAX;
	return tx;
}

static void a_block_flushed_in_slices_is_the_same_block(void **state)
{
	unsigned int seed = seed_of_run();
	struct world *whole = world_new();
	struct world *sliced = world_new();
	struct ballot b = {.choice = CHOICE_FOR};
	unsigned int slices = 0;

	(void)state;
	for (int block = 0; block < 100; block++) {
		uint64_t later = (uint64_t)rand_r(&seed) % 700;

		begin(whole, later);
		begin(sliced, later);
		for (int i = rand_r(&seed) % 24; i > 0; i--) {
			struct tx tx = random_tx(whole, &seed, &b);

			assert_int_equal(apply(whole, NULL, &tx), ERR_OK);
			assert_int_equal(apply(sliced, NULL, &tx), ERR_OK);
		}
		for (int i = rand_r(&seed) % 9; i > 0; i--)
			slices += !ledger_block_flush_some(
				sliced->l, &sliced->sink,
				1 + (uint32_t)rand_r(&seed) % 4);
		end(whole);
		end(sliced);
		assert_root(sliced);
		assert_memory_equal(&whole->up.results_root,
				    &sliced->up.results_root,
				    sizeof(struct hash));
		assert_same_disks(&whole->disk, &sliced->disk);
	}
	assert_true(slices > 100);
	world_free(whole);
	world_free(sliced);
}

/* ---- Loading what is damaged ---- */

static enum err load_with(struct world *w, size_t skip, const char *key,
			  size_t key_size, const char *value, size_t value_size)
{
	struct ledger *l = ledger_open(&w->hash, &w->genesis);
	enum err err = ERR_OK;
	bool given = false;

	qsort(w->disk.records, w->disk.count, sizeof(w->disk.records[0]),
	      record_compare);
	for (size_t i = 0; i < w->disk.count && !err; i++) {
		const struct record *r = &w->disk.records[i];
		struct bytes k = {(const uint8_t *)key, key_size};

		if (i == skip)
			continue;
		if (key && !given && memcmp(r->key, key, 1) >= 0) {
			given = true;
			err = ledger_load(l, k,
					  (struct bytes){(const uint8_t *)value,
							 value_size},
					  NULL);
			if (!err && r->key_size == key_size &&
			    memcmp(r->key, key, key_size) == 0)
				continue;
		}
		if (!err)
			err = ledger_load(l, key_of(r), value_of(r), NULL);
	}
	if (!err)
		err = ledger_load_finish(l, NULL);
	ledger_free(&l);
	return err;
}

static void damaged_records_are_refused(void **state)
{
	static const char WINDOW[16] = {0, 0, 0, 0, 0, 0, 0, 9};
	static const char DENSE[16] = {[7] = 9, [15] = 1};
	struct world *w = world_new();
	struct tx tx = tx_of(0, 0, submit());

	(void)state;
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_int_equal(load_with(w, RECORDS, NULL, 0, NULL, 0), ERR_OK);
	for (size_t skip = 0; skip < w->disk.count; skip++) {
		bool window = w->disk.records[skip].key[0] == 'N';

		assert_int_equal(load_with(w, skip, NULL, 0, NULL, 0),
				 window ? ERR_OK : ERR_DATA_DAMAGED);
	}
	assert_int_equal(load_with(w, RECORDS, "N\0\0\0\0", 5, WINDOW, 16),
			 ERR_OK);
	assert_int_equal(load_with(w, RECORDS, "N\0\0\0\0", 5, DENSE, 16),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "N\0\0\0\0", 5, WINDOW, 15),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "N\0\0\0\x14", 5, WINDOW, 16),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "N\0\0\0", 4, WINDOW, 16),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "L", 1, WINDOW, 16),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "L\0", 2, WINDOW, 16),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "M", 1, WINDOW, 16),
			 ERR_DATA_DAMAGED);
	assert_int_equal(load_with(w, RECORDS, "", 0, WINDOW, 16),
			 ERR_DATA_DAMAGED);
	world_free(w);
}

static void records_out_of_order_are_refused(void **state)
{
	static const uint8_t WINDOW[16] = {[7] = 9};
	static const struct bytes KEY = {(const uint8_t *)"N\0\0\0\0", 5};
	struct world *w = world_new();
	struct ledger *l = ledger_open(&w->hash, &w->genesis);
	const struct record *r = w->disk.records;

	(void)state;
	qsort(w->disk.records, w->disk.count, sizeof(w->disk.records[0]),
	      record_compare);
	assert_int_equal(ledger_load(l, key_of(&r[0]), value_of(&r[0]), NULL),
			 ERR_OK);
	assert_int_equal(ledger_load(l, key_of(&r[0]), value_of(&r[0]), NULL),
			 ERR_DATA_DAMAGED);
	ledger_free(&l);
	l = ledger_open(&w->hash, &w->genesis);
	for (; key_of(r).data[0] < 'N'; r++)
		assert_int_equal(ledger_load(l, key_of(r), value_of(r), NULL),
				 ERR_OK);
	assert_int_equal(ledger_load(l, KEY, (struct bytes){WINDOW, 16}, NULL),
			 ERR_OK);
	assert_int_equal(ledger_load(l, KEY, (struct bytes){WINDOW, 16}, NULL),
			 ERR_DATA_DAMAGED);
	ledger_free(&l);
	l = ledger_open(&w->hash, &w->genesis);
	assert_int_equal(ledger_load_finish(l, NULL), ERR_DATA_DAMAGED);
	ledger_free(&l);
	world_free(w);
}

/* ---- Proofs ---- */

static void a_record_is_proven_under_the_root(void **state)
{
	struct world *w = world_new();
	struct statetree_proof proof;
	uint8_t key[LEDGER_KEY_BYTES];
	struct bytes k = {key, ledger_key_nonces(key, 3)};
	struct tx tx = tx_of(3, 0, submit());
	struct arena arena;
	struct hash root;
	struct statetree_value value;
	struct statetree_value want;

	(void)state;
	arena_init(&arena, 1 << 16);
	ledger_root(w->l, &root);
	assert_int_equal(ledger_prove(w->l, &proof, &arena, k), ERR_OK);
	assert_int_equal(statetree_verify(&proof, &root, k, NULL),
			 STATETREE_ABSENT);
	assert_int_equal(block_of(w, &tx), ERR_OK);
	while (!ledger_root_some(w->l, 1))
		continue;
	ledger_root(w->l, &root);
	assert_int_equal(ledger_prove(w->l, &proof, &arena, k), ERR_OK);
	assert_int_equal(statetree_verify(&proof, &root, k, &value),
			 STATETREE_PRESENT);
	statetree_value_of(&want,
			   (struct bytes){(const uint8_t[16]){[7] = 1}, 16});
	assert_true(statetree_value_equal(&value, &want));
	arena_fini(&arena);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ledger_is_what_its_records_say),
		cmocka_unit_test(a_key_with_two_accounts_stops_the_start),
		cmocka_unit_test(admission_refuses_in_its_order),
		cmocka_unit_test(
			a_slow_clock_does_not_admit_what_blocks_call_expired),
		cmocka_unit_test(a_vote_is_counted_and_its_result_kept),
		cmocka_unit_test(a_submission_tells_the_number_of_its_proposal),
		cmocka_unit_test(what_has_no_effect_leaves_no_trace),
		cmocka_unit_test(
			a_failed_transaction_uses_its_nonce_and_nothing_else),
		cmocka_unit_test(a_transaction_twice_in_one_block_counts_once),
		cmocka_unit_test(time_alone_moves_a_proposal),
		cmocka_unit_test(random_blocks_agree_after_any_restart),
		cmocka_unit_test(a_block_flushed_in_slices_is_the_same_block),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(records_out_of_order_are_refused),
		cmocka_unit_test(a_record_is_proven_under_the_root),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
