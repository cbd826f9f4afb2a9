/* Batches and blocks that are not final yet: who may put what in. */
#include "base/assert.h"
#include "node/batchpool.h"
#include "node/blockpool.h"
#include "node/blockstore.h"
#include "proto/codec_tx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define VALIDATORS 2u

struct world {
	struct ev_loop *loop;
	struct workers *workers;
	struct batchpool *pool;
	struct hash genesis;
	struct secret_key *keys[VALIDATORS];
	struct public_key validators[VALIDATORS];
	struct secret_key *author;
	struct arena arena;
	struct public_key blamed; /* the last sender of a forgery */
	unsigned int written, invalid, forged;
	uint32_t bad;
	bool wanted;
};

static void on_write(void *context, struct pooled_batch *batch)
{
	struct world *w = context;

	assert_int_equal(batch->state, BATCH_HELD);
	w->written++;
}

static bool is_wanted(void *context, const struct hash *digest)
{
	const struct world *w = context;

	(void)digest;
	return w->wanted;
}

static void on_invalid(void *context, const struct batch_ref *ref,
		       struct bytes raw, uint32_t bad)
{
	struct world *w = context;

	assert_true(ref->origin < VALIDATORS && raw.size > 0);
	w->invalid++;
	w->bad = bad;
}

static void on_forged(void *context, const struct batch_ref *ref,
		      const struct public_key *sender)
{
	struct world *w = context;

	assert_null(batchpool_find(w->pool, &ref->digest));
	w->forged++;
	w->blamed = *sender;
}

static struct world *world_new(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct batchpool_config config = {
		.genesis = {{1, 2, 3}},
		.validator_count = VALIDATORS,
		.bytes_per_origin = 1 << 20,
		.context = w,
		.write = on_write,
		.wanted = is_wanted,
		.invalid = on_invalid,
		.forged = on_forged,
	};

	assert_int_equal(crypto_init(), ERR_OK);
	w->loop = ev_loop_new(0);
	w->workers = workers_new(w->loop, 1, 1 << 24);
	w->genesis = config.genesis;
	w->author = secret_key_new();
	for (unsigned int i = 0; i < VALIDATORS; i++) {
		w->keys[i] = secret_key_new();
		w->validators[i] = *secret_key_public(w->keys[i]);
	}
	config.workers = w->workers;
	config.validators = w->validators;
	w->pool = batchpool_new(&config);
	arena_init(&w->arena, 1 << 26);
	return w;
}

static void world_free(struct world *w)
{
	workers_free(&w->workers);
	batchpool_free(&w->pool);
	ev_loop_destroy(w->loop);
	for (unsigned int i = 0; i < VALIDATORS; i++)
		secret_key_free(&w->keys[i]);
	secret_key_free(&w->author);
	arena_fini(&w->arena);
	free(w);
}

/* Until nothing is being checked any more. */
static void settle(struct world *w)
{
	while (workers_queued_bytes(w->workers) > 0)
		ev_run(w->loop, EVRUN_ONCE);
}

/* A transaction; a forged one has a signature that does not hold. */
static struct tx make_tx(struct world *w, uint32_t number, bool forged)
{
	const struct payload payload = {.kind = PAYLOAD_PUBLISH,
					.publish = {.proposal = number}};
	const struct codec_tx_request request = {.key = w->author,
						 .genesis = &w->genesis,
						 .payload = &payload,
						 .valid_until_ms = 1000};
	struct tx tx = {0};
	struct bytes body;
	uint8_t *raw;

	assert_int_equal(
		codec_tx_sign(&tx.raw, &tx.id, &w->arena, &request, NULL),
		ERR_OK);
	raw = arena_alloc(&w->arena, tx.raw.size);
	assert_non_null(raw);
	memcpy(raw, tx.raw.data, tx.raw.size);
	raw[tx.raw.size - 1] ^= forged;
	tx.raw.data = raw;
	assert_int_equal(tx_split(&body, &tx.signature, tx.raw, NULL), ERR_OK);
	return tx;
}

/* `count` transactions; the last one is forged or not. */
static struct bytes make_batch(struct world *w, uint32_t origin,
			       uint64_t sequence, uint32_t count, bool forged,
			       struct hash *digest)
{
	static uint32_t number;
	uint8_t *buffer = arena_alloc(&w->arena, LIMIT_BATCH_BYTES);
	struct batch_builder b;

	assert_non_null(buffer);
	batch_begin(&b, buffer, LIMIT_BATCH_BYTES, &w->genesis, origin,
		    sequence);
	for (uint32_t i = 0; i < count; i++) {
		struct tx tx = make_tx(w, ++number, forged && i + 1 == count);

		assert_true(batch_add(&b, &tx));
	}
	return batch_seal(&b, digest, w->keys[origin]);
}

static enum err receive(struct world *w, struct bytes raw, uint32_t sender)
{
	enum err e =
		batchpool_receive(w->pool, raw, &w->validators[sender], NULL);

	settle(w);
	return e;
}

static void a_batch_its_origin_did_not_sign_is_forgotten(void **state)
{
	struct world *w = world_new();
	struct hash digest;
	struct bytes raw = make_batch(w, 0, 5, 2, false, &digest);
	uint8_t *last = (uint8_t *)raw.data + raw.size - 1;

	(void)state;
	w->wanted = true;
	*last ^= 1;
	assert_int_equal(receive(w, raw, 1), ERR_OK);
	assert_int_equal(w->forged, 1);
	assert_memory_equal(&w->blamed, &w->validators[1], sizeof(w->blamed));
	assert_int_equal(batchpool_count(w->pool), 0);
	assert_int_equal(batchpool_bytes(w->pool), 0);
	*last ^= 1;
	assert_int_equal(receive(w, raw, 0), ERR_OK);
	assert_int_equal(w->written, 1);
	assert_int_equal(batchpool_find(w->pool, &digest)->state, BATCH_HELD);
	assert_int_equal(w->invalid, 0);
	world_free(w);
}

static void a_forged_transaction_is_its_origins_fault(void **state)
{
	struct world *w = world_new();
	const struct pooled_batch *b;
	struct hash digest;
	struct bytes raw = make_batch(w, 0, 5, 3, true, &digest);

	(void)state;
	assert_int_equal(receive(w, raw, 0), ERR_OK);
	assert_int_equal(w->invalid, 1);
	assert_int_equal(w->bad, 2);
	assert_int_equal(w->forged + w->written, 0);
	b = batchpool_find(w->pool, &digest);
	assert_non_null(b);
	assert_int_equal(b->state, BATCH_INVALID);
	assert_null(b->raw);
	assert_int_equal(batchpool_bytes(w->pool), 0);
	/* A second copy costs no second check. */
	assert_int_equal(receive(w, raw, 0), ERR_OK);
	assert_int_equal(w->invalid, 1);
	world_free(w);
}

static void after_an_invalid_batch_its_origin_must_be_asked(void **state)
{
	struct world *w = world_new();
	struct hash digest;
	struct bytes raw = make_batch(w, 0, 5, 1, true, &digest);

	(void)state;
	assert_int_equal(receive(w, raw, 0), ERR_OK);
	raw = make_batch(w, 0, 6, 1, false, &digest);
	assert_int_equal(receive(w, raw, 0), ERR_BUSY);
	w->wanted = true;
	assert_int_equal(receive(w, raw, 0), ERR_OK);
	assert_int_equal(w->written, 1);
	w->wanted = false;
	raw = make_batch(w, 1, 6, 1, false, &digest);
	assert_int_equal(receive(w, raw, 1), ERR_OK);
	assert_int_equal(w->written, 2);
	world_free(w);
}

static void invalid_batches_do_not_pile_up(void **state)
{
	struct world *w = world_new();
	struct hash digest, first;

	(void)state;
	w->wanted = true;
	for (unsigned int i = 0; i < BATCHPOOL_INVALID_MAX + 20; i++) {
		struct bytes raw = make_batch(w, 0, i, 1, true, &digest);

		if (i == 0)
			first = digest;
		assert_int_equal(receive(w, raw, 0), ERR_OK);
	}
	assert_int_equal(w->invalid, BATCHPOOL_INVALID_MAX + 20);
	assert_int_equal(batchpool_count(w->pool), BATCHPOOL_INVALID_MAX);
	assert_null(batchpool_find(w->pool, &first));
	assert_non_null(batchpool_find(w->pool, &digest));
	world_free(w);
}

static void batches_of_one_sequence_go_into_different_blocks(void **state)
{
	struct world *w = world_new();
	struct batch_ref refs[LIMIT_BLOCK_BATCHES];
	struct batch_ref first;
	struct hash digest;

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(
			receive(w, make_batch(w, 0, 5, 1, false, &digest), 0),
			ERR_OK);
	assert_int_equal(batchpool_collect(w->pool, refs, LIMIT_BLOCK_BATCHES),
			 1);
	first = refs[0];
	batchpool_list(w->pool, &first.digest, 1);
	assert_true(batchpool_has_work(w->pool));
	assert_int_equal(batchpool_collect(w->pool, refs, LIMIT_BLOCK_BATCHES),
			 1);
	assert_false(batch_ref_equal(&refs[0], &first));
	world_free(w);
}

static void a_batch_of_another_is_taken_only_when_wanted(void **state)
{
	struct world *w = world_new();
	struct hash digest;
	struct bytes raw = make_batch(w, 0, 5, 1, false, &digest);

	(void)state;
	assert_int_equal(receive(w, raw, 1), ERR_BUSY);
	w->wanted = true;
	assert_int_equal(receive(w, raw, 1), ERR_OK);
	assert_int_equal(w->written, 1);
	world_free(w);
}

/* --- Blocks --- */

static void a_block_is_expected_until_it_is_there(void **state)
{
	const struct hash genesis = {{1}};
	struct blockpool *pool = blockpool_new(&genesis);
	const struct block_header header = {.view = 3, .height = 2};
	const struct bytes nothing = {NULL, 0};
	struct pooled_block *b;
	struct hash digest, other = {{9}};

	(void)state;
	block_digest(&digest, &genesis, &header);
	assert_false(blockpool_is_expected(pool, &digest));
	blockpool_expect(pool, &digest);
	blockpool_expect(pool, &digest);
	assert_true(blockpool_is_expected(pool, &digest));
	assert_false(blockpool_is_expected(pool, &other));
	assert_int_equal(blockpool_add(pool, &b, &header, nothing, NULL),
			 ERR_OK);
	assert_false(blockpool_is_expected(pool, &digest));
	/* The oldest is given up for the newest. */
	for (unsigned int i = 0; i <= BLOCKPOOL_EXPECTED; i++) {
		other = (struct hash){{1, (uint8_t)i, (uint8_t)(i >> 8)}};
		blockpool_expect(pool, &other);
	}
	assert_true(blockpool_is_expected(pool, &other));
	assert_false(blockpool_is_expected(pool, &(struct hash){{1}}));
	assert_true(blockpool_is_expected(pool, &(struct hash){{1, 1}}));
	blockpool_free(&pool);
}

static void a_payload_with_other_sequences_is_not_the_headers(void **state)
{
	const struct hash genesis = {{1}};
	struct blockpool *pool = blockpool_new(&genesis);
	struct batch_ref refs[2] = {{0, 5, {{7}}}, {1, 8, {{9}}}};
	struct block_header header = {.view = 3, .height = 2, .proposer = 1};
	struct bytes payload;
	struct pooled_block *b;

	(void)state;
	payload_root(&header.payload, refs, 2);
	refs[1].sequence++;
	payload = blockpool_encode(refs, 2);
	assert_int_equal(blockpool_add(pool, &b, &header, payload, NULL),
			 ERR_BAD_BLOCK);
	free((void *)payload.data);
	refs[1].sequence--;
	payload = blockpool_encode(refs, 2);
	assert_int_equal(blockpool_add(pool, &b, &header, payload, NULL),
			 ERR_OK);
	assert_int_equal(b->from, 1);
	assert_int_equal(b->ref_count, 2);
	free((void *)payload.data);
	blockpool_free(&pool);
}

/* --- Keys --- */

static void every_bit_of_a_batchs_name_is_in_its_key(void **state)
{
	const struct batch_ref ref = {3, 5, {{1}}};
	const struct store_key one = key_batch(&ref);
	struct store_key all = key_batches_of(3);

	(void)state;
	assert_memory_equal(one.data, all.data, all.size);
	for (unsigned int bit = 0; bit < 8 * BATCH_REF_BYTES; bit++) {
		uint8_t bytes[BATCH_REF_BYTES] = {0, 0, 0, 3, 0, 0, 0,
						  0, 0, 0, 0, 5, 1};
		struct batch_ref other;
		struct store_key key;
		struct reader r;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		reader_init(&r, bytes, sizeof(bytes));
		other.origin = read_u32(&r);
		other.sequence = read_u64(&r);
		read_copy(&r, other.digest.b, HASH_BYTES);
		key = key_batch(&other);
		assert_int_equal(key.size, one.size);
		assert_memory_not_equal(key.data, one.data, one.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_its_origin_did_not_sign_is_forgotten),
		cmocka_unit_test(a_forged_transaction_is_its_origins_fault),
		cmocka_unit_test(
			after_an_invalid_batch_its_origin_must_be_asked),
		cmocka_unit_test(invalid_batches_do_not_pile_up),
		cmocka_unit_test(
			batches_of_one_sequence_go_into_different_blocks),
		cmocka_unit_test(a_batch_of_another_is_taken_only_when_wanted),
		cmocka_unit_test(a_block_is_expected_until_it_is_there),
		cmocka_unit_test(
			a_payload_with_other_sequences_is_not_the_headers),
		cmocka_unit_test(every_bit_of_a_batchs_name_is_in_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
