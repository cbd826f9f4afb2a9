#include "ledger_fixture.h"

#include "base/arena.h"
#include "ledger/checkpoint.h"
#include "ledger/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Checkpoints ---- */

static void a_checkpoint_covers_the_blocks_since_the_last(void **state)
{
	struct world *w = world_new();
	struct checkpoint c;
	struct hash leaves[2];
	struct hash root;
	struct tx tx = tx_of(0, 0, submit());

	(void)state;
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_false(w->up.checkpoint_due);
	outcome_leaf(&leaves[0], 1, &w->up.results_root);
	idle(w, 10);
	tx = tx_of(1, 0, submit());
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_false(w->up.checkpoint_due);
	outcome_leaf(&leaves[1], 3, &w->up.results_root);
	assert_false(ledger_checkpoint(w->l, &c));
	/* The third with anything new: the proposals open, without result. */
	idle(w, 5000);
	assert_true(w->up.event_count > 0);
	assert_true(w->up.checkpoint_due);
	assert_int_equal(ledger_checkpoint_height(w->l), 4);
	root = root_of_disk(&w->disk);
	assert_true(ledger_checkpoint(w->l, &c));
	assert_false(ledger_checkpoint(w->l, &c));
	assert_memory_equal(&c.state_root, &root, sizeof(root));
	merkle_root_of(&root, leaves, 2);
	assert_memory_equal(&c.outcome_root, &root, sizeof(root));
	assert_int_equal(c.height, 4);
	assert_int_equal(c.previous, 0);
	assert_true(c.time_ms == w->time_ms);
	assert_memory_equal(&c.block, &w->up.block.digest, sizeof(c.block));
	world_free(w);
}

static void a_checkpoint_leaves_out_what_the_last_one_covered(void **state)
{
	struct world *w = world_new();
	struct checkpoint c;
	struct hash leaf;
	struct hash root;
	struct tx tx = tx_of(0, 0, submit());

	(void)state;
	begin(w, 60000);
	assert_int_equal(apply(w, NULL, &tx), ERR_OK);
	end(w);
	assert_true(ledger_checkpoint(w->l, &c));
	assert_int_equal(c.height, 1);
	idle(w, 10);
	tx = tx_of(1, 0, submit());
	begin(w, 60000);
	assert_int_equal(apply(w, NULL, &tx), ERR_OK);
	end(w);
	outcome_leaf(&leaf, 3, &w->up.results_root);
	merkle_root_of(&root, &leaf, 1);
	assert_true(ledger_checkpoint(w->l, &c));
	assert_int_equal(c.height, 3);
	assert_int_equal(c.previous, 1);
	assert_memory_equal(&c.outcome_root, &root, sizeof(root));
	world_free(w);
}

static void the_age_of_what_is_new_makes_a_checkpoint_due(void **state)
{
	struct world *w = world_new();
	struct tx tx = tx_of(0, 0, submit());

	(void)state;
	idle(w, 59999);
	idle(w, 1);
	assert_false(w->up.checkpoint_due);
	assert_int_equal(block_of(w, &tx), ERR_OK);
	assert_true(w->up.checkpoint_due);
	assert_int_equal(ledger_checkpoint_height(w->l), 3);
	idle(w, 60000);
	assert_true(w->up.checkpoint_due);
	idle(w, 3600000);
	assert_true(w->up.checkpoint_due);
	idle(w, 3600000);
	assert_false(w->up.checkpoint_due);
	world_free(w);
}

static void a_checkpoint_survives_the_next_block_and_a_restart(void **state)
{
	struct world *w = world_new();
	struct tx tx = tx_of(0, 0, submit());
	struct checkpoint want;
	struct checkpoint c;
	struct ledger *l;
	struct hash root;

	(void)state;
	begin(w, 60000);
	assert_int_equal(apply(w, NULL, &tx), ERR_OK);
	end(w);
	assert_true(w->up.checkpoint_due);
	root = root_of_disk(&w->disk);
	l = reload(w);
	assert_true(ledger_checkpoint(l, &want));
	assert_memory_equal(&want.state_root, &root, sizeof(root));
	idle(w, 10);
	assert_true(ledger_checkpoint(w->l, &c));
	assert_memory_equal(&c, &want, sizeof(c));
	ledger_free(&l);
	l = reload(w);
	assert_false(ledger_checkpoint(l, &c));
	ledger_free(&l);
	world_free(w);
}

/* ---- Votes on checkpoints ---- */

#define VOTERS 4

struct committee {
	struct electorate e;
	struct secret_key *key[VOTERS];
	struct hash genesis;
	struct checkpoint c;
};

static bool ed25519(void *context, const struct public_key *key,
		    const void *bytes, size_t size,
		    const struct signature *signature)
{
	(void)context;
	return sign_verify(key, bytes, size, signature);
}

static void committee_init(struct committee *m)
{
	struct voter voters[VOTERS];

	memset(m, 0, sizeof(*m));
	for (uint8_t i = 0; i < VOTERS; i++) {
		uint8_t seed[SEED_BYTES] = {i};

		m->key[i] = secret_key_from_seed(seed);
		voters[i].key = *secret_key_public(m->key[i]);
		voters[i].weight = 1;
	}
	assert_int_equal(electorate_init(&m->e, 0, voters, VOTERS), ERR_OK);
	m->genesis.b[0] = 4;
	m->c.height = 12;
	m->c.previous = 8;
	m->c.time_ms = START_MS;
	m->c.block.b[0] = 1;
	m->c.state_root.b[0] = 2;
	m->c.outcome_root.b[0] = 3;
}

static void committee_fini(struct committee *m)
{
	for (size_t i = 0; i < VOTERS; i++)
		secret_key_free(&m->key[i]);
}

static struct checkpoint_vote vote_by(const struct committee *m, uint32_t voter,
				      const struct checkpoint *c)
{
	struct checkpoint_vote v;

	checkpoint_vote_sign(&v, m->key[voter], voter, &m->genesis, c);
	return v;
}

static void a_quorum_of_equal_votes_is_a_certificate(void **state)
{
	struct checkpoint_votes votes;
	struct signature signatures[VOTERS_MAX];
	struct checkpoint_certificate cert;
	struct checkpoint_certificate again;
	uint8_t bytes[CHECKPOINT_CERTIFICATE_BYTES_MAX];
	struct committee m;
	struct writer w;
	struct reader r;

	(void)state;
	committee_init(&m);
	checkpoint_votes_init(&votes, 12);
	checkpoint_votes_set_own(&votes, &m.genesis, &m.c);
	for (uint32_t i = 1; i < VOTERS; i++) {
		struct checkpoint_vote v = vote_by(&m, i, &m.c);

		assert_int_equal(checkpoint_votes_status(&votes, &m.e),
				 CHECKPOINT_OPEN);
		assert_int_equal(
			checkpoint_vote_verify(&v, &m.e, ed25519, NULL),
			ERR_OK);
		assert_int_equal(checkpoint_votes_add(&votes, &v), ERR_OK);
		assert_int_equal(checkpoint_votes_add(&votes, &v), ERR_OK);
	}
	assert_int_equal(checkpoint_votes_status(&votes, &m.e),
			 CHECKPOINT_CERTIFIED);
	checkpoint_votes_certificate(&cert, signatures, &votes);
	assert_int_equal(cert.count, 3);
	writer_init(&w, bytes, sizeof(bytes));
	checkpoint_certificate_write(&w, &cert);
	assert_int_equal(w.size, checkpoint_certificate_size(&cert));
	reader_init(&r, bytes, w.size);
	checkpoint_certificate_read(&r, &again);
	assert_true(reader_done(&r));
	assert_int_equal(checkpoint_certificate_verify(&again, &m.e, &m.genesis,
						       ed25519, NULL),
			 ERR_OK);
	for (size_t bit = 0; bit < w.size * 8; bit += 3) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		reader_init(&r, bytes, w.size);
		checkpoint_certificate_read(&r, &again);
		assert_true(!reader_done(&r) ||
			    checkpoint_certificate_verify(
				    &again, &m.e, &m.genesis, ed25519, NULL) ==
				    ERR_BAD_CERTIFICATE);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	committee_fini(&m);
}

static void less_than_a_quorum_is_no_certificate(void **state)
{
	struct checkpoint_votes votes;
	struct signature signatures[VOTERS_MAX];
	struct checkpoint_certificate cert;
	struct committee m;

	(void)state;
	committee_init(&m);
	checkpoint_votes_init(&votes, 12);
	checkpoint_votes_set_own(&votes, &m.genesis, &m.c);
	for (uint32_t i = 0; i < 3; i++) {
		struct checkpoint_vote v = vote_by(&m, i, &m.c);

		assert_int_equal(checkpoint_votes_add(&votes, &v), ERR_OK);
		checkpoint_votes_certificate(&cert, signatures, &votes);
		assert_int_equal(checkpoint_certificate_verify(&cert, &m.e,
							       &m.genesis,
							       ed25519, NULL),
				 i < 2 ? ERR_BAD_CERTIFICATE : ERR_OK);
	}
	cert.count--;
	assert_int_equal(checkpoint_certificate_verify(&cert, &m.e, &m.genesis,
						       ed25519, NULL),
			 ERR_BAD_CERTIFICATE);
	committee_fini(&m);
}

static void a_quorum_for_another_state_is_noticed(void **state)
{
	struct checkpoint_votes votes;
	struct checkpoint other;
	struct committee m;

	(void)state;
	committee_init(&m);
	other = m.c;
	other.state_root.b[5] ^= 1;
	checkpoint_votes_init(&votes, 12);
	for (uint32_t i = 0; i < 3; i++) {
		struct checkpoint_vote v = vote_by(&m, i, &other);

		assert_int_equal(checkpoint_votes_add(&votes, &v), ERR_OK);
	}
	assert_int_equal(checkpoint_votes_status(&votes, &m.e),
			 CHECKPOINT_OPEN);
	checkpoint_votes_set_own(&votes, &m.genesis, &m.c);
	assert_int_equal(checkpoint_votes_status(&votes, &m.e),
			 CHECKPOINT_DIVERGED);
	committee_fini(&m);
}

static void split_votes_decide_nothing(void **state)
{
	struct checkpoint_votes votes;
	struct checkpoint other;
	struct committee m;

	(void)state;
	committee_init(&m);
	other = m.c;
	other.outcome_root.b[5] ^= 1;
	checkpoint_votes_init(&votes, 12);
	checkpoint_votes_set_own(&votes, &m.genesis, &m.c);
	for (uint32_t i = 0; i < VOTERS; i++) {
		struct checkpoint_vote v =
			vote_by(&m, i, i % 2 ? &other : &m.c);
		struct checkpoint_vote w =
			vote_by(&m, i, i % 2 ? &m.c : &other);

		assert_int_equal(checkpoint_votes_add(&votes, &v), ERR_OK);
		assert_int_equal(checkpoint_votes_add(&votes, &w),
				 ERR_EQUIVOCATION);
	}
	assert_int_equal(checkpoint_votes_status(&votes, &m.e),
			 CHECKPOINT_OPEN);
	committee_fini(&m);
}

static void a_vote_is_bound_to_network_height_epoch_and_voter(void **state)
{
	struct checkpoint_votes votes;
	uint8_t bytes[CHECKPOINT_VOTE_BYTES];
	struct checkpoint_vote v;
	struct checkpoint_vote good;
	struct committee m;
	struct writer w;
	struct reader r;

	(void)state;
	committee_init(&m);
	good = vote_by(&m, 2, &m.c);
	writer_init(&w, bytes, sizeof(bytes));
	checkpoint_vote_write(&w, &good);
	assert_int_equal(w.size, sizeof(bytes));
	reader_init(&r, bytes, sizeof(bytes));
	checkpoint_vote_read(&r, &v);
	assert_true(reader_done(&r));
	assert_int_equal(checkpoint_vote_verify(&v, &m.e, ed25519, NULL),
			 ERR_OK);
	v.voter = 1;
	assert_int_equal(checkpoint_vote_verify(&v, &m.e, ed25519, NULL),
			 ERR_BAD_SIGNATURE);
	v.voter = VOTERS;
	assert_int_equal(checkpoint_vote_verify(&v, &m.e, ed25519, NULL),
			 ERR_NOT_VALIDATOR);
	v = good;
	v.epoch = 1;
	assert_int_equal(checkpoint_vote_verify(&v, &m.e, ed25519, NULL),
			 ERR_NOT_VALIDATOR);
	v = good;
	v.height = 13;
	checkpoint_votes_init(&votes, 12);
	assert_int_equal(checkpoint_votes_add(&votes, &v), ERR_STALE);
	m.genesis.b[0] ^= 1;
	v = vote_by(&m, 2, &m.c);
	assert_memory_not_equal(&v.digest, &good.digest, sizeof(v.digest));
	committee_fini(&m);
}

/* ---- Stored blocks ---- */

static void a_block_is_read_as_it_was_stored(void **state)
{
	struct batch_ref refs[2] = {{0, 5, {{1}}}, {1, 2, {{2}}}};
	struct ledger_result results[3];
	struct stored_block b = {
		.header = {.height = 9, .time_ms = START_MS, .proposer = 2},
		.refs = refs,
		.ref_count = 2,
		.results = results,
		.result_count = 3,
	};
	uint8_t bytes[1024];
	struct stored_block again;
	struct merkle leaves;
	struct arena arena;
	struct writer w;
	struct hash a;
	struct hash root;

	(void)state;
	memset(results, 0, sizeof(results));
	merkle_init(&leaves);
	for (uint32_t i = 0; i < 3; i++) {
		results[i].id.b[0] = (uint8_t)i;
		results[i].account = i;
		results[i].nonce = UINT64_MAX - i;
		results[i].code = i == 1 ? ERR_NOT_VOTING : ERR_OK;
		results[i].proposal = 7 + i;
		results[i].place = (struct tx_place){1, i};
		ledger_result_leaf(&a, &results[i].id, results[i].code);
		merkle_add(&leaves, &a);
	}
	arena_init(&arena, 1 << 20);
	writer_init(&w, bytes, sizeof(bytes));
	stored_block_write(&w, &b);
	assert_int_equal(w.size, stored_block_size(&b));
	assert_int_equal(stored_block_read(&again, &arena,
					   (struct bytes){bytes, w.size}, NULL),
			 ERR_OK);
	assert_int_equal(again.header.height, 9);
	assert_int_equal(again.ref_count, 2);
	assert_int_equal(again.refs[1].sequence, 2);
	assert_int_equal(again.result_count, 3);
	assert_int_equal(again.results[1].code, ERR_NOT_VOTING);
	assert_int_equal(again.results[2].place.index, 2);
	assert_true(again.results[2].nonce == UINT64_MAX - 2);
	stored_results_root(&a, &again);
	merkle_root(&root, &leaves);
	assert_memory_equal(&a, &root, sizeof(a));
	for (size_t cut = 0; cut < w.size; cut++) {
		arena_reset(&arena);
		assert_int_equal(stored_block_read(&again, &arena,
						   (struct bytes){bytes, cut},
						   NULL),
				 ERR_DATA_DAMAGED);
	}
	assert_int_equal(stored_block_read(&again, &arena,
					   (struct bytes){bytes, w.size + 1},
					   NULL),
			 ERR_DATA_DAMAGED);
	arena.limit = arena.used;
	assert_int_equal(stored_block_read(&again, &arena,
					   (struct bytes){bytes, w.size}, NULL),
			 ERR_NO_MEMORY);
	arena.limit += LIMIT_BLOCK_BATCHES * sizeof(struct batch_ref) + 16;
	assert_int_equal(stored_block_read(&again, &arena,
					   (struct bytes){bytes, w.size}, NULL),
			 ERR_NO_MEMORY);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_covers_the_blocks_since_the_last),
		cmocka_unit_test(
			a_checkpoint_leaves_out_what_the_last_one_covered),
		cmocka_unit_test(the_age_of_what_is_new_makes_a_checkpoint_due),
		cmocka_unit_test(
			a_checkpoint_survives_the_next_block_and_a_restart),
		cmocka_unit_test(a_quorum_of_equal_votes_is_a_certificate),
		cmocka_unit_test(less_than_a_quorum_is_no_certificate),
		cmocka_unit_test(a_quorum_for_another_state_is_noticed),
		cmocka_unit_test(split_votes_decide_nothing),
		cmocka_unit_test(
			a_vote_is_bound_to_network_height_epoch_and_voter),
		cmocka_unit_test(a_block_is_read_as_it_was_stored),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
