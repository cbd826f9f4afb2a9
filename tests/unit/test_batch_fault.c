/* Evidence of an invalid batch: what it proves, and that nothing else does. */
#include "base/assert.h"
#include "ledger/batch_fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TXS 5u

static const struct hash GENESIS = {{4, 2}};

struct scene {
	struct secret_key *key;
	struct public_key origin;
	struct arena arena;
	struct batch batch;
	struct evidence evidence;
	uint8_t buffer[BATCH_FAULT_BYTES_MAX];
	uint8_t raw[LIMIT_BATCH_BYTES];
};

/* Bytes that have the envelope of a transaction; the size tells them apart. */
static struct tx make_tx(struct scene *s, uint32_t number)
{
	size_t size = 40 + number;
	uint8_t *body = arena_alloc(&s->arena, size);
	uint8_t *raw = arena_alloc(&s->arena, size + TX_ENVELOPE_BYTES);
	struct tx tx = {0};
	struct writer w;

	assert_true(body && raw);
	memset(body, (int)number + 1, size);
	tx.body = (struct bytes){body, size};
	tx.signature.b[0] = (uint8_t)number;
	tx_compute_id(&tx.id, &GENESIS, tx.body);
	writer_init(&w, raw, size + TX_ENVELOPE_BYTES);
	tx_join(&w, tx.body, &tx.signature);
	tx.raw = (struct bytes){raw, w.size};
	return tx;
}

static struct scene *scene_new(uint32_t bad)
{
	struct scene *s = mem_alloc(sizeof(*s));
	struct batch_builder b;
	struct hash digest;
	struct bytes raw;

	assert_int_equal(crypto_init(), ERR_OK);
	s->key = secret_key_new();
	s->origin = *secret_key_public(s->key);
	arena_init(&s->arena, 1 << 20);
	batch_begin(&b, s->raw, sizeof(s->raw), &GENESIS, 2, 77);
	for (uint32_t i = 0; i < TXS; i++) {
		struct tx tx = make_tx(s, i);

		assert_true(batch_add(&b, &tx));
	}
	raw = batch_seal(&b, &digest, s->key);
	assert_int_equal(batch_parse(&s->batch, &s->arena, raw, NULL), ERR_OK);
	assert_int_equal(batch_fault_make(&s->evidence, s->buffer, &s->arena,
					  &GENESIS, &s->batch, bad, 0),
			 ERR_OK);
	return s;
}

static void scene_free(struct scene *s)
{
	secret_key_free(&s->key);
	arena_fini(&s->arena);
	free(s);
}

static bool holds(const struct scene *s, const struct evidence *e)
{
	struct bytes tx;

	return batch_fault_check(&tx, e, &GENESIS, &s->origin);
}

static void it_shows_each_transaction_of_a_batch(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < TXS; i++) {
		struct scene *s = scene_new(i);
		struct bytes tx;

		assert_int_equal(s->evidence.kind, EVIDENCE_INVALID_BATCH);
		assert_int_equal(s->evidence.signer, 2);
		assert_int_equal(s->evidence.view, 77);
		assert_true(batch_fault_check(&tx, &s->evidence, &GENESIS,
					      &s->origin));
		assert_int_equal(tx.size, s->batch.txs[i].size);
		assert_memory_equal(tx.data, s->batch.txs[i].data, tx.size);
		scene_free(s);
	}
}

/* Written as evidence, read again, then each byte in turn changed. */
static void changed_anywhere_it_shows_nothing(void **state)
{
	struct scene *s = scene_new(3);
	uint8_t bytes[4096];
	struct evidence e;
	struct writer w;
	struct reader r;

	(void)state;
	writer_init(&w, bytes, sizeof(bytes));
	evidence_write(&w, &s->evidence);
	assert_false(w.bad);
	reader_init(&r, bytes, w.size);
	evidence_read(&r, &e);
	assert_true(reader_done(&r) && holds(s, &e));
	for (size_t i = 0; i < w.size; i++) {
		/* The epoch is compared with the electorate's. */
		if (i >= 1 && i < 5)
			continue;
		bytes[i] ^= 1;
		reader_init(&r, bytes, w.size);
		evidence_read(&r, &e);
		assert_false(reader_done(&r) && holds(s, &e));
		bytes[i] ^= 1;
	}
	for (size_t size = 0; size < w.size; size++) {
		reader_init(&r, bytes, size);
		evidence_read(&r, &e);
		assert_false(reader_done(&r) && holds(s, &e));
	}
	scene_free(s);
}

static void another_signer_or_network_is_not_shown(void **state)
{
	struct scene *s = scene_new(1);
	struct secret_key *key = secret_key_new();
	struct evidence e = s->evidence;
	struct bytes tx;

	(void)state;
	assert_false(
		batch_fault_check(&tx, &e, &GENESIS, secret_key_public(key)));
	assert_false(
		batch_fault_check(&tx, &e, &(struct hash){{9}}, &s->origin));
	e.signer = 1;
	assert_false(holds(s, &e));
	e = s->evidence;
	e.view++;
	assert_false(holds(s, &e));
	e = s->evidence;
	e.kind = EVIDENCE_TWO_PROPOSALS;
	assert_false(holds(s, &e));
	secret_key_free(&key);
	scene_free(s);
}

static void two_nodes_write_the_same_bytes(void **state)
{
	struct scene *s = scene_new(4);
	uint8_t buffer[BATCH_FAULT_BYTES_MAX];
	struct evidence again;

	(void)state;
	assert_int_equal(batch_fault_make(&again, buffer, &s->arena, &GENESIS,
					  &s->batch, 4, 0),
			 ERR_OK);
	assert_int_equal(again.second.size, s->evidence.second.size);
	assert_memory_equal(again.second.data, s->evidence.second.data,
			    again.second.size);
	assert_memory_equal(again.first.data, s->evidence.first.data,
			    again.first.size);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_shows_each_transaction_of_a_batch),
		cmocka_unit_test(changed_anywhere_it_shows_nothing),
		cmocka_unit_test(another_signer_or_network_is_not_shown),
		cmocka_unit_test(two_nodes_write_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
