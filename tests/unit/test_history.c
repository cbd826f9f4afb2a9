/* A stored history of three blocks, and everything that may be wrong with one.
 * Each fault is what a checksum does not see: well-formed bytes that say
 * something else. */
#include "cli/history.h"

#include "base/arena.h"
#include "base/assert.h"
#include "cli/bulk.h"
#include "consensus/certificate.h"
#include "node/blockstore.h"
#include "proto/codec_tx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_MS UINT64_C(1767225600000)
#define BLOCKS	 3

struct world {
	struct genesis *genesis;
	struct hash hash;
	struct secret_key *validator, *voter;
	struct store *store;
	struct store_batch batch; /* of the block being made */
	struct ledger *ledger;
	struct ledger_update up;
	struct arena arena;
	struct tx tx; /* of the batch being made; lives in the arena */
	struct batch_ref refs[BLOCKS + 1];
	struct block_header headers[BLOCKS + 1];
	struct hash digests[BLOCKS + 1];
};

static void put_state(void *context, struct bytes key, struct bytes value)
{
	struct world *w = context;
	struct store_key k = key_state(key);

	store_batch_put(&w->batch, k.data, k.size, value.data, value.size);
}

static void put(struct world *w, struct store_key key, const void *value,
		size_t size)
{
	store_batch_put(&w->batch, key.data, key.size, value, size);
}

static void flush(struct world *w)
{
	const struct store_batch *batch = &w->batch;

	assert_int_equal(store_write(w->store, &batch, 1, false, NULL), ERR_OK);
	store_batch_clear(&w->batch);
}

/* --- Making it --- */

static void make_batch(struct world *w, uint32_t h, uint64_t nonce)
{
	struct payload payload = {.kind = PAYLOAD_SUBMIT};
	struct codec_tx_request request = {w->voter, &w->hash, &payload, nonce,
					   START_MS + 3600000};
	uint8_t *buffer = mem_alloc(LIMIT_BATCH_BYTES);
	struct batch_builder b;
	struct bytes raw;

	payload.submit.type = TYPE_STANDARD;
	payload.submit.title = (struct bytes){(const uint8_t *)"title", 5};
	arena_reset(&w->arena);
	assert_int_equal(codec_tx_sign(&raw, NULL, &w->arena, &request, NULL),
			 ERR_OK);
	assert_int_equal(
		codec_tx_decode(&w->tx, &w->arena, &w->hash, raw, NULL),
		ERR_OK);
	batch_begin(&b, buffer, LIMIT_BATCH_BYTES, &w->hash, 0, h);
	assert_true(batch_add(&b, &w->tx));
	w->refs[h] = (struct batch_ref){.origin = 0, .sequence = h};
	raw = batch_seal(&b, &w->refs[h].digest, w->validator);
	put(w, key_batch(&w->refs[h]), raw.data, raw.size);
	free(buffer);
}

static void put_block(struct world *w, uint32_t h, size_t refs,
		      const struct ledger_result *results, size_t count)
{
	const struct stored_block s = {.header = w->headers[h],
				       .refs = &w->refs[h],
				       .ref_count = refs,
				       .results = results,
				       .result_count = count};
	size_t size = stored_block_size(&s);
	uint8_t *raw = mem_alloc(size);
	struct writer out;

	writer_init(&out, raw, size);
	stored_block_write(&out, &s);
	put(w, key_block(h), raw, out.size);
	free(raw);
}

static void put_finalization(struct world *w, uint32_t h,
			     const struct secret_key *key)
{
	uint8_t bytes[STATEMENT_BYTES], raw[CERTIFICATE_BYTES_MAX];
	struct signature signature;
	struct certificate c = {.what = {.kind = VOTE_FINALIZE,
					 .view = h,
					 .digest = w->digests[h]},
				.count = 1,
				.signatures = &signature};
	struct writer out;

	voter_set_add(&c.voters, 0);
	statement_bytes(bytes, &w->hash, &c.what);
	sign_message(&signature, key, bytes, sizeof(bytes));
	writer_init(&out, raw, sizeof(raw));
	certificate_write(&out, &c);
	put(w, key_finalization(h), raw, out.size);
}

static void put_checkpoint(struct world *w, uint32_t h,
			   const struct hash *state_root)
{
	uint8_t raw[CHECKPOINT_CERTIFICATE_BYTES_MAX];
	struct checkpoint_vote vote;
	struct checkpoint_certificate c = {
		.checkpoint = {.height = h, .time_ms = START_MS}, .count = 1};
	struct writer out;

	c.checkpoint.block = w->digests[h];
	c.checkpoint.state_root = *state_root;
	checkpoint_vote_sign(&vote, w->validator, 0, &w->hash, &c.checkpoint);
	voter_set_add(&c.voters, 0);
	c.signatures = &vote.signature;
	writer_init(&out, raw, sizeof(raw));
	checkpoint_certificate_write(&out, &c);
	put(w, key_checkpoint(h), raw, out.size);
}

/* The last one is empty. */
static void make_block(struct world *w, uint32_t h)
{
	const struct ledger_sink sink = {put_state, w};
	struct block_header *header = &w->headers[h];
	struct ledger_block block = {.height = h, .view = h};
	size_t refs = h < BLOCKS;

	*header = (struct block_header){.view = h,
					.height = h,
					.parent_view = h - 1,
					.parent = w->digests[h - 1],
					.time_ms = START_MS + h};
	block.time_ms = header->time_ms;
	if (refs) {
		make_batch(w, h, h - 1);
		payload_root(&header->payload, &w->refs[h], 1);
	}
	block_digest(&w->digests[h], &w->hash, header);
	block.digest = w->digests[h];
	ledger_block_begin(w->ledger, &block);
	if (refs)
		assert_int_equal(ledger_apply_tx(w->ledger, NULL, &w->tx,
						 (struct tx_place){0, 0}, NULL),
				 ERR_OK);
	ledger_block_end(w->ledger, &w->up, &sink);
	put_block(w, h, refs, w->up.results, w->up.result_count);
}

static struct world *world_new(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	const struct ledger_sink sink = {put_state, w};
	struct hash root;

	w->genesis = mem_alloc(sizeof(*w->genesis));
	genesis_init(w->genesis);
	memcpy(w->genesis->chain_id, "history", sizeof("history"));
	w->genesis->time_ms = START_MS;
	w->validator = bulk_key("validator");
	w->voter = bulk_key("voter");
	assert_int_equal(genesis_add_validator(w->genesis,
					       secret_key_public(w->validator),
					       1, "", NULL),
			 ERR_OK);
	assert_int_equal(genesis_add_account(w->genesis,
					     secret_key_public(w->voter),
					     1000000 * TOKEN, 0, "", NULL),
			 ERR_OK);
	genesis_hash(&w->hash, w->genesis);
	w->store = store_new_memory();
	store_batch_init(&w->batch);
	arena_init(&w->arena, 4 * CODEC_TX_ARENA_BYTES);
	assert_int_equal(ledger_new(&w->ledger, w->genesis, &sink, NULL),
			 ERR_OK);
	block_genesis(&w->headers[0], &w->digests[0], &w->hash, START_MS);
	for (uint32_t h = 1; h <= BLOCKS; h++) {
		make_block(w, h);
		flush(w);
	}
	ledger_root(w->ledger, &root);
	put_checkpoint(w, BLOCKS, &root);
	put_finalization(w, BLOCKS, w->validator);
	flush(w);
	return w;
}

static void world_free(struct world *w)
{
	ledger_free(&w->ledger);
	store_batch_fini(&w->batch);
	arena_fini(&w->arena);
	store_close(&w->store);
	secret_key_free(&w->validator);
	secret_key_free(&w->voter);
	genesis_fini(w->genesis);
	free(w->genesis);
	free(w);
}

static enum err check(struct world *w, struct history_summary *sum,
		      struct err_text *text)
{
	const struct cli cli = {.progress = false};
	struct progress progress;

	progress_begin(&progress, &cli, "", "", 0);
	return history_check(sum, w->store, w->genesis, &progress, text);
}

/* --- Faults --- */

static void remove_key(struct world *w, struct store_key key)
{
	store_batch_delete(&w->batch, key.data, key.size);
}

static void lose_a_batch(struct world *w)
{
	remove_key(w, key_batch(&w->refs[2]));
}

static void swap_a_batch(struct world *w)
{
	struct store_key key = key_batch(&w->refs[1]);
	uint8_t *raw;
	size_t size;

	assert_int_equal(blockstore_get(w->store, &key, &raw, &size), ERR_OK);
	put(w, key_batch(&w->refs[2]), raw, size);
	free(raw);
}

static void change_an_outcome(struct world *w)
{
	struct loaded_block b;
	struct ledger_result result;

	assert_int_equal(blockstore_load(w->store, &b, 1), ERR_OK);
	result = b.block.results[0];
	result.code = ERR_TOO_MANY_OPEN;
	loaded_block_fini(&b);
	put_block(w, 1, 1, &result, 1);
}

static void lose_an_outcome(struct world *w)
{
	put_block(w, 1, 1, NULL, 0);
}

static void cut_the_chain(struct world *w)
{
	w->headers[2].parent = w->digests[0];
	put_block(w, 2, 1, NULL, 0);
}

static void change_the_payload(struct world *w)
{
	w->headers[2].payload.b[0] ^= 1;
	put_block(w, 2, 1, NULL, 0);
}

static void lose_a_block_below(struct world *w)
{
	remove_key(w, key_block(2));
}

/* A nonce that nobody used. */
static void change_the_state(struct world *w)
{
	static const uint8_t KEY[] = {'N', 0, 0, 0, 0};
	struct store_key key = key_state((struct bytes){KEY, sizeof(KEY)});
	uint8_t *raw;
	size_t size;

	assert_int_equal(blockstore_get(w->store, &key, &raw, &size), ERR_OK);
	raw[size - 1] ^= 4;
	put(w, key, raw, size);
	free(raw);
}

static void checkpoint_of_another_state(struct world *w)
{
	put_checkpoint(w, BLOCKS, &w->digests[1]);
}

static void finalization_by_a_stranger(struct world *w)
{
	put_finalization(w, BLOCKS, w->voter);
}

static void finalization_of_another_block(struct world *w)
{
	w->digests[BLOCKS].b[0] ^= 1;
	put_finalization(w, BLOCKS, w->validator);
}

static void a_sound_history_is_counted(void **state)
{
	struct world *w = world_new();
	struct history_summary sum;
	struct err_text text = {""};
	struct hash root;

	(void)state;
	if (check(w, &sum, &text))
		fail_msg("%s", text.text);
	assert_int_equal(sum.blocks, BLOCKS);
	assert_int_equal(sum.transactions, BLOCKS - 1);
	assert_int_equal(sum.checkpoints, 1);
	assert_int_equal(sum.final_height, BLOCKS);
	ledger_root(w->ledger, &root);
	assert_true(hash_equal(&root, &sum.state_root));
	world_free(w);
}

static void what_does_not_follow_is_named(void **state)
{
	static const struct {
		const char *name;
		void (*fault)(struct world *w);
		enum err outcome;
		const char *says;
	} CASES[] = {
		{"a batch is lost", lose_a_batch, ERR_DATA_DAMAGED,
		 "block 2: a batch is missing"},
		{"a batch is another", swap_a_batch, ERR_DATA_DAMAGED,
		 "block 2: a batch is not the one"},
		{"an outcome is another", change_an_outcome, ERR_DATA_DAMAGED,
		 "block 1: a transaction has another outcome"},
		{"an outcome is lost", lose_an_outcome, ERR_DATA_DAMAGED,
		 "block 1: other transactions took effect"},
		{"a parent is another", cut_the_chain, ERR_DATA_DAMAGED,
		 "block 2: it does not follow"},
		{"a payload is another", change_the_payload, ERR_DATA_DAMAGED,
		 "block 2: its header names other batches"},
		{"a block is lost", lose_a_block_below, ERR_DATA_DAMAGED,
		 "not the one that the 1 blocks make"},
		{"the state is another", change_the_state, ERR_DATA_DAMAGED,
		 "not the one that the 3 blocks make"},
		{"a checkpoint is of another state",
		 checkpoint_of_another_state, ERR_DATA_DAMAGED,
		 "block 3: its checkpoint is of another state"},
		{"a finalization is a stranger's", finalization_by_a_stranger,
		 ERR_BAD_CERTIFICATE, "the finalization of block 3"},
		{"another block is final", finalization_of_another_block,
		 ERR_DATA_DAMAGED, "block 3: another block is final"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct world *w = world_new();
		struct history_summary sum;
		struct err_text text = {""};
		enum err e;

		CASES[i].fault(w);
		flush(w);
		e = check(w, &sum, &text);
		if (e != CASES[i].outcome || !strstr(text.text, CASES[i].says))
			fail_msg("%s: %s: %s", CASES[i].name, error_name(e),
				 text.text);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_history_is_counted),
		cmocka_unit_test(what_does_not_follow_is_named),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
