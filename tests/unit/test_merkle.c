#include "base/assert.h"
#include "ledger/batch.h"
#include "ledger/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAVES 70

static struct hash leaf_of(uint32_t i)
{
	struct hash h;

	hash_bytes(&h, "test/leaf", &i, sizeof(i));
	return h;
}

/* The definition, level by level: pair up, promote the odd one. */
static struct hash slow_root(size_t count)
{
	struct hash level[LEAVES] = {0};
	uint8_t input[8 + HASH_BYTES] = {0};
	struct hash root;
	size_t n = count;

	for (uint32_t i = 0; i < count; i++)
		level[i] = leaf_of(i);
	while (n > 1) {
		for (size_t i = 0; i < n / 2; i++)
			hash_two(&level[i], "bcai-gov/merkle-node/1",
				 &level[2 * i], &level[2 * i + 1]);
		if (n % 2)
			level[n / 2] = level[n - 1];
		n = (n + 1) / 2;
	}
	input[7] = (uint8_t)count;
	memcpy(input + 8, level[0].b, HASH_BYTES);
	hash_bytes(&root, "bcai-gov/merkle-root/1", input, sizeof(input));
	return root;
}

static void a_root_is_what_the_definition_says(void **state)
{
	struct hash leaves[LEAVES];
	struct merkle m;

	(void)state;
	merkle_init(&m);
	for (uint32_t n = 0; n < LEAVES; n++) {
		struct hash want = slow_root(n);
		struct hash root;

		merkle_root(&root, &m);
		assert_memory_equal(&root, &want, sizeof(root));
		merkle_root_of(&root, leaves, n);
		assert_memory_equal(&root, &want, sizeof(root));
		leaves[n] = leaf_of(n);
		merkle_add(&m, &leaves[n]);
	}
}

static void every_leaf_of_every_small_tree_is_proven(void **state)
{
	struct hash leaves[LEAVES];

	(void)state;
	for (uint32_t i = 0; i < LEAVES; i++)
		leaves[i] = leaf_of(i);
	for (size_t n = 1; n < LEAVES; n++) {
		struct hash root = slow_root(n);

		for (size_t i = 0; i < n; i++) {
			struct merkle_proof p;

			merkle_prove(&p, leaves, n, i);
			assert_true(merkle_verify(&p, &leaves[i], &root));
			for (size_t j = 0; j < n; j++) {
				if (j == i)
					continue;
				assert_false(
					merkle_verify(&p, &leaves[j], &root));
			}
		}
	}
}

static void a_proof_changed_anywhere_proves_nothing(void **state)
{
	struct hash leaves[LEAVES];

	(void)state;
	for (uint32_t i = 0; i < LEAVES; i++)
		leaves[i] = leaf_of(i);
	for (size_t n = 1; n < 20; n++) {
		struct hash root = slow_root(n);

		for (size_t i = 0; i < n; i++) {
			struct merkle_proof good;
			struct merkle_proof p;

			merkle_prove(&good, leaves, n, i);
			for (uint64_t k = 0; k < 40; k++) {
				p = good;
				p.index = k;
				assert_true(merkle_verify(&p, &leaves[i],
							  &root) == (k == i));
				p = good;
				p.count = k;
				assert_true(merkle_verify(&p, &leaves[i],
							  &root) == (k == n));
			}
			for (uint32_t k = 0; k < good.size; k++) {
				p = good;
				p.path[k].b[k] ^= 1;
				assert_false(
					merkle_verify(&p, &leaves[i], &root));
			}
			p = good;
			p.size++;
			assert_false(merkle_verify(&p, &leaves[i], &root));
			p.size = MERKLE_DEPTH_MAX + 1;
			assert_false(merkle_verify(&p, &leaves[i], &root));
			if (good.size == 0)
				continue;
			p.size = good.size - 1;
			assert_false(merkle_verify(&p, &leaves[i], &root));
		}
	}
}

static void a_node_does_not_pass_for_a_leaf(void **state)
{
	struct hash leaves[4] = {leaf_of(0), leaf_of(1), leaf_of(2),
				 leaf_of(3)};
	struct hash nodes[2];
	struct hash four;
	struct hash two;

	(void)state;
	hash_two(&nodes[0], "bcai-gov/merkle-node/1", &leaves[0], &leaves[1]);
	hash_two(&nodes[1], "bcai-gov/merkle-node/1", &leaves[2], &leaves[3]);
	merkle_root_of(&four, leaves, 4);
	merkle_root_of(&two, nodes, 2);
	assert_memory_not_equal(&four, &two, sizeof(four));
}

static void proofs_and_states_survive_being_written(void **state)
{
	struct hash leaves[LEAVES];
	struct merkle m;

	(void)state;
	merkle_init(&m);
	for (uint32_t n = 0; n < LEAVES; n++) {
		uint8_t bytes[MERKLE_STATE_BYTES + MERKLE_PROOF_BYTES_MAX];
		struct merkle_proof proof;
		struct merkle_proof copy;
		struct merkle again;
		struct writer w;
		struct reader r;
		struct hash a;
		struct hash b;

		leaves[n] = leaf_of(n);
		merkle_add(&m, &leaves[n]);
		merkle_prove(&proof, leaves, n + 1, n / 2);
		writer_init(&w, bytes, sizeof(bytes));
		merkle_write(&w, &m);
		merkle_proof_write(&w, &proof);
		assert_false(w.bad);
		reader_init(&r, bytes, w.size);
		merkle_read(&r, &again);
		merkle_proof_read(&r, &copy);
		assert_true(reader_done(&r));
		merkle_root(&a, &m);
		merkle_root(&b, &again);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_true(merkle_verify(&copy, &leaves[n / 2], &b));
		for (size_t cut = 0; cut < w.size; cut++) {
			reader_init(&r, bytes, cut);
			merkle_read(&r, &again);
			merkle_proof_read(&r, &copy);
			assert_false(reader_done(&r));
		}
	}
}

static void impossible_counts_are_refused(void **state)
{
	uint8_t bytes[17];
	struct merkle_proof proof;
	struct merkle m;
	struct reader r;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	reader_init(&r, bytes, sizeof(bytes));
	merkle_read(&r, &m);
	assert_true(r.bad);
	reader_init(&r, bytes, sizeof(bytes));
	merkle_proof_read(&r, &proof);
	assert_true(r.bad);
}

/* ---- Batches ---- */

static struct hash GENESIS = {.b = {7}};

static struct tx make_tx(struct arena *arena, uint8_t seed, size_t size)
{
	size_t room = size + TX_ENVELOPE_BYTES;
	uint8_t *body = arena_alloc(arena, size);
	uint8_t *raw = arena_alloc(arena, room);
	struct writer w;
	struct tx tx = {0};

	assert(body && raw);
	memset(body, seed, size);
	memset(tx.signature.b, seed ^ 0x55, SIGNATURE_BYTES);
	tx.body = (struct bytes){body, size};
	writer_init(&w, raw, room);
	tx_join(&w, tx.body, &tx.signature);
	tx.raw = (struct bytes){raw, w.size};
	tx_compute_id(&tx.id, &GENESIS, tx.body);
	return tx;
}

static struct secret_key *node_key(void)
{
	static const uint8_t SEED[SEED_BYTES] = {3};

	return secret_key_from_seed(SEED);
}

static uint8_t buffer[LIMIT_BATCH_BYTES + 1];

static struct bytes make_batch(struct arena *arena, struct hash *digest,
			       uint8_t count)
{
	struct secret_key *key = node_key();
	struct batch_builder b;
	struct bytes raw;

	batch_begin(&b, buffer, sizeof(buffer), &GENESIS, 2, 77);
	for (uint8_t i = 0; i < count; i++) {
		struct tx tx = make_tx(arena, i, 1 + 40u * i);

		assert_true(batch_add(&b, &tx));
	}
	raw = batch_seal(&b, digest, key);
	secret_key_free(&key);
	return raw;
}

static void a_batch_is_read_as_it_was_built(void **state)
{
	struct secret_key *key = node_key();
	struct hash leaves[9];
	struct hash digest;
	struct hash again;
	struct arena arena;
	struct batch batch;
	struct bytes raw;

	(void)state;
	arena_init(&arena, 1 << 20);
	raw = make_batch(&arena, &digest, 9);
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_OK);
	assert_int_equal(batch.origin, 2);
	assert_int_equal(batch.sequence, 77);
	assert_int_equal(batch.count, 9);
	for (uint8_t i = 0; i < 9; i++) {
		struct tx tx = make_tx(&arena, i, 1 + 40u * i);

		assert_int_equal(batch.txs[i].size, tx.raw.size);
		assert_memory_equal(batch.txs[i].data, tx.raw.data,
				    tx.raw.size);
		tx_compute_leaf(&leaves[i], &tx.id, &tx.signature);
	}
	assert_int_equal(batch_digest(&again, &GENESIS, &batch, NULL), ERR_OK);
	assert_memory_equal(&again, &digest, sizeof(digest));
	batch_compute_digest(&again, &GENESIS, 2, 77, leaves, 9);
	assert_memory_equal(&again, &digest, sizeof(digest));
	assert_true(batch_verify(secret_key_public(key), &digest,
				 &batch.signature));
	digest.b[0] ^= 1;
	assert_false(batch_verify(secret_key_public(key), &digest,
				  &batch.signature));
	secret_key_free(&key);
	arena_fini(&arena);
}

static void the_digest_binds_origin_sequence_and_network(void **state)
{
	struct hash leaf = leaf_of(1);
	struct hash other = GENESIS;
	struct hash a;
	struct hash b;

	(void)state;
	other.b[31] ^= 1;
	batch_compute_digest(&a, &GENESIS, 1, 1, &leaf, 1);
	batch_compute_digest(&b, &GENESIS, 2, 1, &leaf, 1);
	assert_memory_not_equal(&a, &b, sizeof(a));
	batch_compute_digest(&b, &GENESIS, 1, 2, &leaf, 1);
	assert_memory_not_equal(&a, &b, sizeof(a));
	batch_compute_digest(&b, &other, 1, 1, &leaf, 1);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void a_batch_cut_or_lengthened_is_refused(void **state)
{
	struct hash digest;
	struct arena arena;
	struct batch batch;
	struct bytes raw;

	(void)state;
	arena_init(&arena, 1 << 20);
	raw = make_batch(&arena, &digest, 3);
	for (size_t cut = 0; cut < raw.size; cut++) {
		struct bytes part = {raw.data, cut};

		arena_reset(&arena);
		assert_int_equal(batch_parse(&batch, &arena, part, NULL),
				 ERR_MALFORMED);
	}
	raw.size++;
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_MALFORMED);
	raw.size = LIMIT_BATCH_BYTES + 1;
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_TOO_LARGE);
	arena_fini(&arena);
}

static void a_batch_out_of_range_is_refused(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
		enum err want;
	} CASES[] = {
		{"as it is", 0, 1, ERR_OK},
		{"another version", 0, 2, ERR_MALFORMED},
		{"an origin that is no validator", 4, 128, ERR_MALFORMED},
		{"no transaction", 16, 0, ERR_MALFORMED},
		{"fewer than there are", 16, 2, ERR_MALFORMED},
		{"more than there are", 16, 4, ERR_MALFORMED},
		{"more than there may be", 14, 1, ERR_MALFORMED},
		{"an empty transaction", 20, 0, ERR_MALFORMED},
		{"a transaction longer than the batch", 18, 1, ERR_MALFORMED},
	};
	struct hash digest;
	struct arena arena;
	struct batch batch;
	struct bytes raw;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		raw = make_batch(&arena, &digest, 3);
		buffer[CASES[i].at] = CASES[i].value;
		print_message("%s\n", CASES[i].name);
		assert_int_equal(batch_parse(&batch, &arena, raw, NULL),
				 CASES[i].want);
	}
	raw = make_batch(&arena, &digest, 3);
	arena.limit = arena.used;
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_NO_MEMORY);
	arena_fini(&arena);
}

static void a_batch_of_what_is_no_transaction_has_no_digest(void **state)
{
	struct bytes junk = {(const uint8_t *)"junk", 4};
	struct batch batch = {.count = 1, .txs = &junk};
	struct hash digest;

	(void)state;
	assert_int_equal(batch_digest(&digest, &GENESIS, &batch, NULL),
			 ERR_MALFORMED);
}

static void a_full_batch_takes_no_more_and_still_parses(void **state)
{
	struct secret_key *key = node_key();
	struct batch_builder b;
	struct hash digest;
	struct arena arena;
	struct batch batch;
	struct bytes raw;
	struct tx big;
	struct tx tiny;
	uint32_t added = 0;

	(void)state;
	arena_init(&arena, 1 << 22);
	big = make_tx(&arena, 1, 60000);
	tiny = make_tx(&arena, 1, 1);
	batch_begin(&b, buffer, sizeof(buffer), &GENESIS, 0, 1);
	while (batch_add(&b, &big))
		added++;
	assert_int_equal(added, 8);
	raw = batch_seal(&b, &digest, key);
	assert_true(raw.size <= LIMIT_BATCH_BYTES);
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_OK);
	batch_begin(&b, buffer, sizeof(buffer), &GENESIS, 0, 1);
	for (added = 0; batch_add(&b, &tiny); added++)
		continue;
	assert_int_equal(added, LIMIT_BATCH_TXS);
	raw = batch_seal(&b, &digest, key);
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_OK);
	secret_key_free(&key);
	arena_fini(&arena);
}

static void a_batch_keeps_room_for_its_signature(void **state)
{
	struct secret_key *key = node_key();
	struct batch_builder b;
	struct hash digest;
	struct arena arena;
	struct batch batch;
	struct bytes raw;
	size_t room;
	struct tx tx;

	(void)state;
	arena_init(&arena, 1 << 20);
	tx = make_tx(&arena, 1, 10);
	room = BATCH_HEADER_BYTES + BATCH_TX_BYTES + tx.raw.size +
	       SIGNATURE_BYTES;
	batch_begin(&b, buffer, room - 1, &GENESIS, 0, 1);
	assert_false(batch_add(&b, &tx));
	batch_begin(&b, buffer, room, &GENESIS, 0, 1);
	assert_true(batch_add(&b, &tx));
	raw = batch_seal(&b, &digest, key);
	assert_int_equal(raw.size, room);
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_OK);
	/* Header and signature around nothing. */
	buffer[BATCH_HEADER_BYTES - 1] = 0;
	raw.size = BATCH_HEADER_BYTES + SIGNATURE_BYTES;
	assert_int_equal(batch_parse(&batch, &arena, raw, NULL), ERR_MALFORMED);
	secret_key_free(&key);
	arena_fini(&arena);
}

static void payloads_are_sorted_and_read_back(void **state)
{
	struct batch_ref refs[4] = {
		{2, 1, {{1}}}, {1, 9, {{2}}}, {2, 0, {{3}}}, {1, 10, {{4}}}};
	struct batch_ref again[LIMIT_BLOCK_BATCHES];
	uint8_t bytes[PAYLOAD_BYTES_MAX];
	struct hash a;
	struct hash b;
	struct writer w;
	struct reader r;
	size_t count;

	(void)state;
	assert_int_equal(payload_sort(refs, 4), 4);
	assert_int_equal(refs[0].sequence, 9);
	assert_int_equal(refs[1].sequence, 10);
	assert_int_equal(refs[2].sequence, 0);
	assert_int_equal(refs[3].sequence, 1);
	writer_init(&w, bytes, sizeof(bytes));
	payload_write(&w, refs, 4);
	assert_int_equal(w.size, 4 + 4 * BATCH_REF_BYTES);
	reader_init(&r, bytes, w.size);
	assert_int_equal(payload_read(&r, again, &count, NULL), ERR_OK);
	assert_true(reader_done(&r));
	assert_int_equal(count, 4);
	payload_root(&a, refs, 4);
	payload_root(&b, again, 4);
	assert_memory_equal(&a, &b, sizeof(a));
	payload_root(&b, again, 3);
	assert_memory_not_equal(&a, &b, sizeof(a));
	payload_root(&b, again, 0);
	assert_true(hash_is_zero(&b));
	for (size_t cut = 0; cut < w.size; cut++) {
		reader_init(&r, bytes, cut);
		assert_int_equal(payload_read(&r, again, &count, NULL),
				 ERR_MALFORMED);
	}
}

static void of_two_batches_of_one_sequence_one_is_listed(void **state)
{
	struct batch_ref refs[5] = {{1, 5, {{9}}},
				    {1, 5, {{3}}},
				    {1, 4, {{7}}},
				    {0, 5, {{8}}},
				    {1, 5, {{3}}}};
	struct batch_ref again[LIMIT_BLOCK_BATCHES];
	uint8_t bytes[PAYLOAD_BYTES_MAX];
	struct writer w;
	struct reader r;
	size_t count;

	(void)state;
	assert_int_equal(payload_sort(refs, 5), 3);
	assert_int_equal(refs[0].digest.b[0], 8);
	assert_int_equal(refs[1].digest.b[0], 7);
	assert_int_equal(refs[2].digest.b[0], 3);
	writer_init(&w, bytes, sizeof(bytes));
	payload_write(&w, refs, 3);
	reader_init(&r, bytes, w.size);
	assert_int_equal(payload_read(&r, again, &count, NULL), ERR_OK);
	assert_int_equal(payload_sort(refs, 0), 0);
}

static void the_root_binds_origins_and_sequences(void **state)
{
	struct batch_ref refs[3] = {
		{1, 5, {{1}}}, {1, 6, {{2}}}, {2, 0, {{3}}}};
	struct hash honest, other;

	(void)state;
	payload_root(&honest, refs, 3);
	for (size_t i = 0; i < 3; i++) {
		struct batch_ref as_is = refs[i];

		refs[i].sequence += 7;
		payload_root(&other, refs, 3);
		assert_false(hash_equal(&other, &honest));
		assert_false(batch_ref_equal(&refs[i], &as_is));
		refs[i] = as_is;
		refs[i].origin++;
		payload_root(&other, refs, 3);
		assert_false(hash_equal(&other, &honest));
		refs[i] = as_is;
	}
	payload_root(&other, refs, 3);
	assert_true(hash_equal(&other, &honest));
}

/* By hand: one leaf is its own top. */
static void the_root_of_one_reference_is_as_written(void **state)
{
	const struct batch_ref ref = {0x01020304, 0x05060708090a0b0c, {{7}}};
	uint8_t input[44] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 7};
	uint8_t top[40] = {[7] = 1};
	struct hash leaf, root, found;

	(void)state;
	hash_bytes(&leaf, "bcai-gov/batch-ref/1", input, sizeof(input));
	memcpy(top + 8, leaf.b, HASH_BYTES);
	hash_bytes(&root, "bcai-gov/merkle-root/1", top, sizeof(top));
	payload_root(&found, &ref, 1);
	assert_true(hash_equal(&found, &root));
}

static void payloads_out_of_order_or_too_long_are_refused(void **state)
{
	struct batch_ref refs[2] = {{1, 5, {{1}}}, {1, 5, {{2}}}};
	struct batch_ref again[LIMIT_BLOCK_BATCHES];
	uint8_t bytes[PAYLOAD_BYTES_MAX];
	struct writer w;
	struct reader r;
	size_t count;

	(void)state;
	writer_init(&w, bytes, sizeof(bytes));
	payload_write(&w, refs, 2);
	reader_init(&r, bytes, w.size);
	assert_int_equal(payload_read(&r, again, &count, NULL), ERR_MALFORMED);
	refs[1].sequence = 4;
	writer_init(&w, bytes, sizeof(bytes));
	payload_write(&w, refs, 2);
	reader_init(&r, bytes, w.size);
	assert_int_equal(payload_read(&r, again, &count, NULL), ERR_MALFORMED);
	writer_init(&w, bytes, sizeof(bytes));
	write_u32(&w, LIMIT_BLOCK_BATCHES + 1);
	reader_init(&r, bytes, w.size);
	assert_int_equal(payload_read(&r, again, &count, NULL), ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_is_what_the_definition_says),
		cmocka_unit_test(every_leaf_of_every_small_tree_is_proven),
		cmocka_unit_test(a_proof_changed_anywhere_proves_nothing),
		cmocka_unit_test(a_node_does_not_pass_for_a_leaf),
		cmocka_unit_test(proofs_and_states_survive_being_written),
		cmocka_unit_test(impossible_counts_are_refused),
		cmocka_unit_test(a_batch_is_read_as_it_was_built),
		cmocka_unit_test(the_digest_binds_origin_sequence_and_network),
		cmocka_unit_test(a_batch_cut_or_lengthened_is_refused),
		cmocka_unit_test(of_two_batches_of_one_sequence_one_is_listed),
		cmocka_unit_test(the_root_binds_origins_and_sequences),
		cmocka_unit_test(the_root_of_one_reference_is_as_written),
		cmocka_unit_test(a_batch_out_of_range_is_refused),
		cmocka_unit_test(
			a_batch_of_what_is_no_transaction_has_no_digest),
		cmocka_unit_test(a_full_batch_takes_no_more_and_still_parses),
		cmocka_unit_test(a_batch_keeps_room_for_its_signature),
		cmocka_unit_test(payloads_are_sorted_and_read_back),
		cmocka_unit_test(payloads_out_of_order_or_too_long_are_refused),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
