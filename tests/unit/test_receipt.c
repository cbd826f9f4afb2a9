#include "base/arena.h"
#include "base/assert.h"
#include "ledger/genesis.h"
#include "ledger/ledger.h"
#include "ledger/receipt.h"
#include "ledger/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VALIDATORS 4
#define TXS	   5
#define HEADERS	   3

/* A whole small history, with real keys and signatures: a block whose third
 * batch holds five transactions, two blocks on top, a finalization, and a
 * checkpoint. The receipt is for the fourth transaction. */
struct history {
	struct arena arena;
	struct secret_key *node[VALIDATORS];
	struct secret_key *voter;
	struct electorate e;
	struct hash genesis;
	uint8_t head[GENESIS_HEAD_BYTES_MAX];
	struct hash ids[TXS];
	struct block_header headers[HEADERS];
	struct signature finals[VOTERS_MAX];
	struct signature seals[VOTERS_MAX];
	struct receipt receipt;
};

static void make_genesis(struct history *h)
{
	struct genesis *g = mem_alloc(sizeof(*g));
	struct voter voters[VALIDATORS];
	enum err err = ERR_OK;
	struct writer w;

	genesis_init(g);
	memcpy(g->chain_id, "test", 5);
	for (uint8_t i = 0; i < VALIDATORS && !err; i++) {
		uint8_t seed[SEED_BYTES] = {i};

		h->node[i] = secret_key_from_seed(seed);
		voters[i].key = *secret_key_public(h->node[i]);
		voters[i].weight = 10;
		err = genesis_add_validator(g, &voters[i].key, 10, "", NULL);
	}
	h->voter = secret_key_from_seed((const uint8_t[SEED_BYTES]){99});
	if (!err)
		err = genesis_add_account(g, secret_key_public(h->voter), 1, 1,
					  "", NULL);
	if (!err)
		err = electorate_init(&h->e, 0, voters, VALIDATORS);
	assert_int_equal(err, ERR_OK);
	genesis_hash(&h->genesis, g);
	writer_init(&w, h->head, sizeof(h->head));
	genesis_write_head(&w, g);
	h->receipt.genesis_head = (struct bytes){h->head, w.size};
	genesis_accounts_hash(&h->receipt.genesis_accounts, g);
	genesis_fini(g);
	free(g);
}

static struct tx make_tx(struct history *h, uint8_t nonce)
{
	uint8_t *body = arena_alloc(&h->arena, 40);
	uint8_t *raw = arena_alloc(&h->arena, 40 + TX_ENVELOPE_BYTES);
	struct writer w;
	struct tx tx = {0};

	assert(body && raw);
	writer_init(&w, body, 40);
	write_u8(&w, 0x0a);
	write_u8(&w, 0x20);
	write_bytes(&w, secret_key_public(h->voter)->b, PUBLIC_KEY_BYTES);
	write_u8(&w, 0x10);
	write_u8(&w, nonce);
	tx.body = (struct bytes){body, w.size};
	tx_compute_id(&tx.id, &h->genesis, tx.body);
	sign_message(&tx.signature, h->voter, tx.id.b, HASH_BYTES);
	writer_init(&w, raw, 40 + TX_ENVELOPE_BYTES);
	tx_join(&w, tx.body, &tx.signature);
	tx.raw = (struct bytes){raw, w.size};
	return tx;
}

static void make_block(struct history *h)
{
	struct batch_ref refs[3] = {{.sequence = 4, .digest = {{1}}},
				    {.sequence = 5, .digest = {{2}}},
				    {.origin = 2, .sequence = 6}};
	struct hash leaves[TXS];
	struct hash listed[3];

	for (uint8_t i = 0; i < TXS; i++) {
		struct tx tx = make_tx(h, i + 1);

		h->ids[i] = tx.id;
		tx_compute_leaf(&leaves[i], &tx.id, &tx.signature);
		if (i == 3)
			h->receipt.tx = tx.raw;
	}
	batch_compute_digest(&refs[2].digest, &h->genesis, 2, 6, leaves, TXS);
	h->receipt.origin = 2;
	h->receipt.sequence = 6;
	merkle_prove(&h->receipt.in_batch, leaves, TXS, 3);
	for (size_t i = 0; i < 3; i++)
		payload_leaf(&listed[i], &refs[i]);
	merkle_prove(&h->receipt.in_block, listed, 3, 2);
	payload_root(&h->headers[0].payload, refs, 3);
	for (uint32_t i = 0; i < HEADERS; i++) {
		h->headers[i].height = 20 + i;
		h->headers[i].view = 30 + 2 * i;
		h->headers[i].time_ms = 1000 + i;
		if (i > 0)
			block_digest(&h->headers[i].parent, &h->genesis,
				     &h->headers[i - 1]);
	}
	h->receipt.headers = h->headers;
	h->receipt.header_count = HEADERS;
}

/* Sign the last header by all but node 1. */
static void finalize(struct history *h)
{
	struct certificate *c = &h->receipt.certificate;
	const struct block_header *last =
		&h->headers[h->receipt.header_count - 1];
	uint8_t bytes[STATEMENT_BYTES];

	memset(c, 0, sizeof(*c));
	c->what.kind = VOTE_FINALIZE;
	c->what.epoch = last->epoch;
	c->what.view = last->view;
	block_digest(&c->what.digest, &h->genesis, last);
	statement_bytes(bytes, &h->genesis, &c->what);
	for (uint32_t i = 0; i < VALIDATORS; i++) {
		if (i == 1)
			continue;
		voter_set_add(&c->voters, i);
		sign_message(&h->finals[c->count++], h->node[i], bytes,
			     sizeof(bytes));
	}
	c->signatures = h->finals;
}

/* The checkpoint, signed by nodes 0 to 2. */
static void seal(struct history *h, struct receipt *r,
		 const struct checkpoint *c)
{
	struct checkpoint_votes *votes = mem_alloc(sizeof(*votes));

	checkpoint_votes_init(votes, 24);
	checkpoint_votes_set_own(votes, &h->genesis, c);
	for (uint32_t i = 0; i < 3; i++) {
		struct checkpoint_vote v;

		checkpoint_vote_sign(&v, h->node[i], i, &h->genesis, c);
		assert_int_equal(checkpoint_votes_add(votes, &v), ERR_OK);
	}
	checkpoint_votes_certificate(&r->checkpoint, h->seals, votes);
	free(votes);
}

static void make_checkpoint(struct history *h)
{
	struct checkpoint c = {.height = 24, .previous = 16};
	struct hash results[TXS];
	struct hash blocks[2] = {{{5}}};
	struct hash root;

	for (size_t i = 0; i < TXS; i++)
		ledger_result_leaf(&results[i], &h->ids[i],
				   i == 3 ? ERR_NOT_VOTING : ERR_OK);
	merkle_root_of(&root, results, TXS);
	outcome_leaf(&blocks[1], 20, &root);
	merkle_root_of(&c.outcome_root, blocks, 2);
	merkle_prove(&h->receipt.in_results, results, TXS, 3);
	merkle_prove(&h->receipt.in_outcome, blocks, 2, 1);
	seal(h, &h->receipt, &c);
	h->receipt.has_outcome = true;
	h->receipt.code = ERR_NOT_VOTING;
}

static struct history *history_new(void)
{
	struct history *h = mem_alloc(sizeof(*h));

	arena_init(&h->arena, 1 << 20);
	make_genesis(h);
	make_block(h);
	finalize(h);
	make_checkpoint(h);
	return h;
}

static void history_free(struct history *h)
{
	for (size_t i = 0; i < VALIDATORS; i++)
		secret_key_free(&h->node[i]);
	secret_key_free(&h->voter);
	arena_fini(&h->arena);
	free(h);
}

static enum err verify(const struct history *h, struct err_text *why)
{
	struct receipt_facts facts;

	return receipt_verify(&facts, &h->receipt, &h->genesis, why);
}

static void a_receipt_proves_what_it_says(void **state)
{
	struct history *h = history_new();
	struct receipt_facts f;
	struct err_text why = {""};
	struct hash digest;

	(void)state;
	assert_int_equal(receipt_verify(&f, &h->receipt, &h->genesis, &why),
			 ERR_OK);
	assert_memory_equal(&f.tx, &h->ids[3], sizeof(f.tx));
	assert_true(public_key_equal(&f.account, secret_key_public(h->voter)));
	assert_int_equal(f.height, 20);
	assert_int_equal(f.time_ms, 1000);
	block_digest(&digest, &h->genesis, &h->headers[0]);
	assert_memory_equal(&f.block, &digest, sizeof(digest));
	assert_int_equal(f.final_height, 22);
	assert_int_equal(f.weight, 30);
	assert_int_equal(f.weight_total, 40);
	assert_true(f.has_outcome);
	assert_int_equal(f.code, ERR_NOT_VOTING);
	assert_int_equal(f.checkpoint_height, 24);
	h->receipt.has_outcome = false;
	assert_int_equal(receipt_verify(&f, &h->receipt, &h->genesis, &why),
			 ERR_OK);
	assert_false(f.has_outcome);
	h->receipt.header_count = 1;
	finalize(h);
	assert_int_equal(receipt_verify(&f, &h->receipt, &h->genesis, &why),
			 ERR_OK);
	assert_int_equal(f.final_height, 20);
	history_free(h);
}

static struct bytes written(const struct receipt *r, struct arena *arena)
{
	size_t size = receipt_size(r);
	uint8_t *data = arena_alloc(arena, size);
	struct writer w;

	assert(data);
	writer_init(&w, data, size);
	receipt_write(&w, r);
	assert_false(w.bad);
	assert_int_equal(w.size, size);
	return (struct bytes){data, size};
}

/* ---- Made from what a node has stored ---- */

static enum err verify_made(const struct history *h, const struct receipt *r)
{
	struct receipt_facts facts;

	return receipt_verify(&facts, r, &h->genesis, NULL);
}

/* A checkpoint over these outcomes. */
static void seal_outcomes(struct history *h, struct receipt *r,
			  const struct receipt_outcome *outcomes, size_t count)
{
	struct checkpoint c = {.height = 24, .previous = 16};
	struct merkle m;

	merkle_init(&m);
	for (size_t i = 0; i < count; i++) {
		struct hash leaf;

		outcome_leaf(&leaf, outcomes[i].height,
			     &outcomes[i].results_root);
		merkle_add(&m, &leaf);
	}
	merkle_root(&c.outcome_root, &m);
	seal(h, r, &c);
}

static void a_receipt_made_from_stored_parts_is_the_same(void **state)
{
	struct history *h = history_new();
	struct receipt made = h->receipt;
	struct bytes txs[TXS];
	struct batch batch = {
		.origin = 2, .sequence = 6, .count = TXS, .txs = txs};
	struct batch_ref refs[3] = {
		{.sequence = 4}, {.sequence = 5}, {.origin = 2, .sequence = 6}};
	struct ledger_result results[TXS];
	struct stored_block block = {.header = h->headers[0],
				     .results = results,
				     .result_count = TXS};
	struct receipt_outcome outcomes[2] = {{.height = 17}, {.height = 20}};
	struct bytes want;
	struct bytes got;

	(void)state;
	memset(results, 0, sizeof(results));
	for (uint8_t i = 0; i < TXS; i++) {
		txs[i] = make_tx(h, i + 1).raw;
		results[i].id = h->ids[i];
		results[i].code = i == 3 ? ERR_NOT_VOTING : ERR_OK;
	}
	refs[0].digest.b[0] = 1;
	refs[1].digest.b[0] = 2;
	assert_int_equal(
		batch_digest(&refs[2].digest, &h->genesis, &batch, NULL),
		ERR_OK);
	stored_results_root(&outcomes[1].results_root, &block);
	memset(&made.in_batch, 0, sizeof(made.in_batch));
	memset(&made.in_block, 0, sizeof(made.in_block));
	assert_int_equal(
		receipt_set_batch(&made, &h->arena, &h->genesis, &batch, TXS),
		ERR_NOT_FOUND);
	assert_int_equal(
		receipt_set_batch(&made, &h->arena, &h->genesis, &batch, 3),
		ERR_OK);
	assert_int_equal(receipt_set_block(&made, &h->arena, refs, 3, 3),
			 ERR_NOT_FOUND);
	assert_int_equal(receipt_set_block(&made, &h->arena, refs, 3, 2),
			 ERR_OK);
	assert_int_equal(verify_made(h, &made), ERR_OK);
	made.has_outcome = false;
	h->receipt.has_outcome = false;
	want = written(&h->receipt, &h->arena);
	got = written(&made, &h->arena);
	assert_int_equal(want.size, got.size);
	assert_memory_equal(want.data, got.data, got.size);
	seal_outcomes(h, &made, outcomes, 2);
	assert_int_equal(receipt_set_outcome(&made, &h->arena, &h->ids[3],
					     &block, outcomes, 2),
			 ERR_OK);
	assert_int_equal(verify_made(h, &made), ERR_OK);
	assert_int_equal(made.code, ERR_NOT_VOTING);
	assert_int_equal(receipt_set_outcome(&made, &h->arena, &h->genesis,
					     &block, outcomes, 2),
			 ERR_NOT_FOUND);
	assert_int_equal(receipt_set_outcome(&made, &h->arena, &h->ids[3],
					     &block, outcomes, 1),
			 ERR_NOT_FOUND);
	h->arena.limit = h->arena.used;
	assert_int_equal(
		receipt_set_batch(&made, &h->arena, &h->genesis, &batch, 3),
		ERR_NO_MEMORY);
	assert_int_equal(receipt_set_block(&made, &h->arena, refs, 3, 2),
			 ERR_NO_MEMORY);
	assert_int_equal(receipt_set_outcome(&made, &h->arena, &h->ids[3],
					     &block, outcomes, 2),
			 ERR_NO_MEMORY);
	history_free(h);
}

static void a_receipt_is_read_as_it_was_written(void **state)
{
	struct history *h = history_new();
	struct bytes raw = written(&h->receipt, &h->arena);
	struct receipt_facts f;
	struct receipt again;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_int_equal(receipt_read(&again, &arena, raw, NULL), ERR_OK);
	assert_int_equal(receipt_verify(&f, &again, &h->genesis, NULL), ERR_OK);
	assert_int_equal(f.code, ERR_NOT_VOTING);
	for (size_t cut = 0; cut < raw.size; cut++) {
		arena_reset(&arena);
		assert_int_equal(receipt_read(&again, &arena,
					      (struct bytes){raw.data, cut},
					      NULL),
				 ERR_MALFORMED);
	}
	h->receipt.has_outcome = false;
	raw = written(&h->receipt, &h->arena);
	assert_int_equal(receipt_read(&again, &arena, raw, NULL), ERR_OK);
	assert_false(again.has_outcome);
	raw.size = RECEIPT_BYTES_MAX + 1;
	assert_int_equal(receipt_read(&again, &arena, raw, NULL),
			 ERR_TOO_LARGE);
	arena_fini(&arena);
	history_free(h);
}

/* Every byte counts: whatever is flipped, it is not this receipt any more. */
static void a_receipt_changed_anywhere_proves_nothing_else(void **state)
{
	struct history *h = history_new();
	struct bytes raw = written(&h->receipt, &h->arena);
	uint8_t *bytes = mem_copy(raw.data, raw.size);
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < raw.size; i++) {
		struct receipt_facts f;
		struct receipt r;
		enum err err;

		bytes[i] ^= (uint8_t)(1u << i % 8);
		arena_reset(&arena);
		err = receipt_read(&r, &arena, (struct bytes){bytes, raw.size},
				   NULL);
		if (!err)
			err = receipt_verify(&f, &r, &h->genesis, NULL);
		if (!err)
			print_message("byte %zu of %zu\n", i, raw.size);
		assert_int_not_equal(err, ERR_OK);
		bytes[i] = raw.data[i];
	}
	free(bytes);
	arena_fini(&arena);
	history_free(h);
}

/* What is wrong is named. Each case breaks one step and repairs, where it
 * can, the signatures behind it. */

static void break_genesis(struct history *h)
{
	h->genesis.b[0] ^= 1;
}

static void break_tx(struct history *h)
{
	h->receipt.tx.size--;
}

static void break_signature(struct history *h)
{
	uint8_t *raw = (uint8_t *)(uintptr_t)h->receipt.tx.data;

	raw[h->receipt.tx.size - 1] ^= 1;
}

static void break_path(struct history *h)
{
	h->receipt.in_batch.size++;
}

static void break_batch(struct history *h)
{
	h->receipt.sequence++;
}

static void break_place(struct history *h)
{
	h->receipt.in_batch.count = LIMIT_BATCH_TXS + 1;
}

static void break_payload(struct history *h)
{
	h->headers[0].payload.b[0] ^= 1;
}

static void break_chain(struct history *h)
{
	h->headers[1].time_ms++;
	finalize(h);
}

static void break_kind(struct history *h)
{
	h->receipt.certificate.what.kind = VOTE_NOTARIZE;
}

static void break_view(struct history *h)
{
	h->receipt.certificate.what.view++;
}

static void break_last(struct history *h)
{
	h->receipt.header_count--;
}

static void break_epoch(struct history *h)
{
	h->headers[2].epoch = 1;
	finalize(h);
}

static void break_weight(struct history *h)
{
	h->receipt.certificate.count = 2;
	h->receipt.certificate.voters.bits[0] = 5;
}

static void break_final(struct history *h)
{
	h->finals[1].b[7] ^= 1;
}

static void break_code(struct history *h)
{
	h->receipt.code = ERR_OK;
}

static void break_results(struct history *h)
{
	h->receipt.in_results.size = 0;
}

static void break_outcome(struct history *h)
{
	h->receipt.in_outcome.index = 0;
}

static void break_checkpoint(struct history *h)
{
	h->receipt.checkpoint.checkpoint.height++;
}

static void break_seal(struct history *h)
{
	h->seals[2].b[0] ^= 1;
}

static void the_step_that_fails_is_named(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct history *h);
		const char *want;
	} CASES[] = {
		{"another network", break_genesis, "genesis:"},
		{"a cut transaction", break_tx, "transaction: it is not one"},
		{"a forged signature", break_signature,
		 "transaction: its signature"},
		{"a path too long", break_path, "batch:"},
		{"a count beyond any batch", break_place, "batch:"},
		{"another batch", break_batch, "block:"},
		{"another payload", break_payload, "block:"},
		{"a broken chain", break_chain, "headers:"},
		{"a notarization", break_kind, "certificate: it is not"},
		{"another view", break_view, "certificate: it is not"},
		{"another block", break_last, "certificate: it is not"},
		{"another epoch", break_epoch, "certificate: the receipt"},
		{"too little weight", break_weight, "certificate: no quorum"},
		{"a forged vote", break_final, "certificate: no quorum"},
		{"another result", break_code, "result: it is not among"},
		{"an impossible path", break_results, "result: its path"},
		{"another place", break_outcome, "result: it is not among"},
		{"another checkpoint", break_checkpoint, "checkpoint:"},
		{"a forged seal", break_seal, "checkpoint:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct history *h = history_new();
		struct err_text why = {""};

		CASES[i].change(h);
		assert_int_equal(verify(h, &why), ERR_CHECK_FAILED);
		if (!strstr(why.text, CASES[i].want))
			print_message("%s: %s\n", CASES[i].name, why.text);
		assert_ptr_equal(strstr(why.text, CASES[i].want), why.text);
		history_free(h);
	}
}

/* A head whose hash is right but that is none: only somebody who starts such
 * a network can make one. */
static void a_head_that_is_none_is_refused(void **state)
{
	struct history *h = history_new();
	struct err_text why = {""};

	(void)state;
	h->receipt.genesis_head.size--;
	genesis_hash_of(&h->genesis, h->receipt.genesis_head,
			&h->receipt.genesis_accounts);
	assert_int_equal(verify(h, &why), ERR_CHECK_FAILED);
	assert_non_null(strstr(why.text, "cannot be read"));
	history_free(h);
}

static void impossible_headers_and_codes_are_refused(void **state)
{
	struct history *h = history_new();
	struct receipt r;
	struct bytes raw;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	h->receipt.code = (enum err)12345;
	raw = written(&h->receipt, &h->arena);
	assert_int_equal(receipt_read(&r, &arena, raw, NULL), ERR_MALFORMED);
	h->receipt.header_count = 0;
	raw = written(&h->receipt, &h->arena);
	assert_int_equal(receipt_read(&r, &arena, raw, NULL), ERR_MALFORMED);
	h->receipt.header_count = HEADERS;
	raw = written(&h->receipt, &h->arena);
	arena.limit = arena.used;
	assert_int_equal(receipt_read(&r, &arena, raw, NULL), ERR_NO_MEMORY);
	arena_fini(&arena);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receipt_proves_what_it_says),
		cmocka_unit_test(a_receipt_made_from_stored_parts_is_the_same),
		cmocka_unit_test(a_receipt_is_read_as_it_was_written),
		cmocka_unit_test(
			a_receipt_changed_anywhere_proves_nothing_else),
		cmocka_unit_test(the_step_that_fails_is_named),
		cmocka_unit_test(a_head_that_is_none_is_refused),
		cmocka_unit_test(impossible_headers_and_codes_are_refused),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
