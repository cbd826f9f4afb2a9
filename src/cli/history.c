#include "cli/history.h"

#include "base/arena.h"
#include "consensus/certificate.h"
#include "node/blockstore.h"
#include "proto/codec_tx.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct history {
	struct store *store;
	struct hash genesis;
	struct electorate voters;
	struct ledger *ledger;
	struct ledger_update update;
	struct arena batch_arena, tx_arena;
	struct hash last; /* digest of the block before */
	uint64_t height;
	struct history_summary *sum;
	struct err_text *text;
	enum err error; /* of a visit */
};

static enum err damaged(const struct history *h, const char *what)
{
	return err_set(h->text, ERR_DATA_DAMAGED, "block %" PRIu64 ": %s",
		       h->height, what);
}

static void drop_record(void *context, struct bytes key, struct bytes value)
{
	(void)context;
	(void)key;
	(void)value;
}

static const struct ledger_sink NOWHERE = {.put = drop_record};

static bool check_signature(void *context, const struct public_key *key,
			    const void *bytes, size_t size,
			    const struct signature *signature)
{
	(void)context;
	return sign_verify(key, bytes, size, signature);
}

/* --- A block --- */

static enum err apply_batch(struct history *h, const struct batch_ref *ref,
			    uint32_t number, struct bytes raw)
{
	struct batch batch;
	struct hash digest;
	enum err e;

	arena_reset(&h->batch_arena);
	e = batch_parse(&batch, &h->batch_arena, raw, h->text);
	if (e == ERR_OK)
		e = batch_digest(&digest, &h->genesis, &batch, h->text);
	if (e != ERR_OK || !hash_equal(&digest, &ref->digest))
		return damaged(h, "a batch is not the one it names");
	for (uint32_t i = 0; i < batch.count; i++) {
		const struct tx_place place = {.batch = number, .index = i};
		struct tx tx;

		arena_reset(&h->tx_arena);
		if (codec_tx_decode(&tx, &h->tx_arena, &h->genesis,
				    batch.txs[i], NULL))
			return damaged(h, "a transaction cannot be decoded");
		/* Without effect and trace: somebody else's batch had it. */
		if (ledger_apply_tx(h->ledger, NULL, &tx, place, NULL))
			continue;
	}
	return ERR_OK;
}

static enum err apply_batches(struct history *h, const struct stored_block *b)
{
	enum err e = ERR_OK;

	for (uint32_t i = 0; !e && i < b->ref_count; i++) {
		struct store_key key = key_batch(&b->refs[i]);
		uint8_t *raw = NULL;
		size_t size;

		e = blockstore_get(h->store, &key, &raw, &size);
		if (e == ERR_NOT_FOUND)
			e = damaged(h, "a batch is missing");
		if (!e)
			e = apply_batch(h, &b->refs[i], i,
					(struct bytes){raw, size});
		free(raw);
	}
	return e;
}

static enum err check_header(struct history *h, const struct stored_block *b)
{
	const struct block_header *header = &b->header;
	const struct ledger_block *before = ledger_last_block(h->ledger);
	struct hash root = {{0}};

	if (header->height != h->height ||
	    !hash_equal(&header->parent, &h->last) ||
	    header->time_ms < before->time_ms)
		return damaged(h, "it does not follow from the one before");
	if (b->ref_count > 0)
		payload_root(&root, b->refs, b->ref_count);
	if (!hash_equal(&root, &header->payload))
		return damaged(h, "its header names other batches");
	return ERR_OK;
}

static enum err check_results(struct history *h, const struct stored_block *b)
{
	if (b->result_count != h->update.result_count)
		return damaged(h, "other transactions took effect");
	for (size_t i = 0; i < b->result_count; i++) {
		const struct ledger_result *was = &b->results[i];
		const struct ledger_result *is = &h->update.results[i];

		if (!hash_equal(&was->id, &is->id) || was->code != is->code)
			return damaged(h, "a transaction has another outcome");
	}
	return ERR_OK;
}

/* One at this height, if any, is of this state. */
static enum err check_checkpoint(struct history *h)
{
	struct store_key key = key_checkpoint(h->height);
	struct checkpoint_certificate c;
	struct reader r;
	struct hash root;
	uint8_t *raw = NULL;
	size_t size;
	enum err e = blockstore_get(h->store, &key, &raw, &size);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	reader_init(&r, raw, size);
	checkpoint_certificate_read(&r, &c);
	ledger_root(h->ledger, &root);
	if (!reader_done(&r))
		e = damaged(h, "its checkpoint cannot be read");
	else if (!hash_equal(&c.checkpoint.state_root, &root) ||
		 !hash_equal(&c.checkpoint.block, &h->last))
		e = damaged(h, "its checkpoint is of another state");
	else if (checkpoint_certificate_verify(&c, &h->voters, &h->genesis,
					       check_signature, NULL))
		e = err_set(h->text, ERR_BAD_CERTIFICATE,
			    "the checkpoint of block %" PRIu64, h->height);
	h->sum->checkpoints++;
	free(raw);
	return e;
}

static enum err check_block(struct history *h, const struct stored_block *b)
{
	struct ledger_block block = {.height = b->header.height,
				     .view = b->header.view,
				     .epoch = b->header.epoch,
				     .time_ms = b->header.time_ms};
	enum err e = check_header(h, b);

	if (e)
		return e;
	block_digest(&block.digest, &h->genesis, &b->header);
	ledger_block_begin(h->ledger, &block);
	e = apply_batches(h, b);
	ledger_block_end(h->ledger, &h->update, &NOWHERE);
	h->last = block.digest;
	if (!e)
		e = check_results(h, b);
	h->sum->blocks++;
	h->sum->transactions += b->result_count;
	return e ? e : check_checkpoint(h);
}

static enum err check_blocks(struct history *h, struct progress *progress)
{
	enum err e = ERR_OK;

	for (h->height = 1; !e; h->height++) {
		struct loaded_block b;

		e = blockstore_load(h->store, &b, h->height);
		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		if (e)
			return damaged(h, "it cannot be read");
		e = check_block(h, &b.block);
		loaded_block_fini(&b);
		progress_step(progress, h->height);
	}
	return e;
}

/* --- What all of it ends in --- */

static bool take_finalization(void *context, struct bytes key,
			      struct bytes value)
{
	struct history *h = context;
	struct certificate c;
	struct loaded_block b;
	struct hash digest;
	struct reader r;

	reader_init(&r, key.data + 1, key.size - 1);
	h->height = read_u64(&r);
	reader_init(&r, value.data, value.size);
	certificate_read(&r, &c);
	if (!reader_done(&r) || c.what.kind != VOTE_FINALIZE ||
	    certificate_verify(&c, &h->voters, &h->genesis, check_signature,
			       NULL)) {
		h->error = err_set(h->text, ERR_BAD_CERTIFICATE,
				   "the finalization of block %" PRIu64,
				   h->height);
		return false;
	}
	if (blockstore_load(h->store, &b, h->height)) {
		h->error = damaged(h, "it is final, but missing");
		return false;
	}
	block_digest(&digest, &h->genesis, &b.block.header);
	if (!hash_equal(&digest, &c.what.digest))
		h->error = damaged(h, "another block is final there");
	loaded_block_fini(&b);
	h->sum->final_height = h->height;
	return false;
}

static enum err check_finalization(struct history *h)
{
	enum err e =
		store_last(h->store, (struct bytes){(const uint8_t *)"f", 1},
			   take_finalization, h, h->text);

	/* A node may have none yet. */
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	return e ? e : h->error;
}

struct load {
	struct ledger *ledger;
	struct err_text *text;
	enum err error;
};

static bool load_record(void *context, struct bytes key, struct bytes value)
{
	struct load *l = context;

	l->error = ledger_load(l->ledger,
			       (struct bytes){key.data + 1, key.size - 1},
			       value, l->text);
	return l->error == ERR_OK;
}

/* The stored records are the state that the blocks make. */
static enum err check_state(struct history *h, const struct genesis *genesis)
{
	struct load l = {.ledger = ledger_open(&h->genesis, genesis),
			 .text = h->text};
	struct hash stored;
	enum err e = store_scan(
		h->store, (struct bytes){(const uint8_t *)"s", 1},
		(struct bytes){NULL, 0}, 0, load_record, &l, h->text);

	if (!e)
		e = l.error;
	if (!e)
		e = ledger_load_finish(l.ledger, h->text);
	ledger_root(h->ledger, &h->sum->state_root);
	if (!e) {
		ledger_root(l.ledger, &stored);
		if (!hash_equal(&stored, &h->sum->state_root))
			e = err_set(h->text, ERR_DATA_DAMAGED,
				    "the stored state is not the one that the "
				    "%" PRIu64 " blocks make",
				    h->sum->blocks);
	}
	ledger_free(&l.ledger);
	return e;
}

static enum err open_history(struct history *h, const struct genesis *genesis)
{
	struct voter voters[LIMIT_VALIDATORS];
	struct block_header header;

	for (uint32_t i = 0; i < genesis->validator_count; i++)
		voters[i] = (struct voter){genesis->validators[i].key,
					   genesis->validators[i].weight};
	if (electorate_init(&h->voters, 0, voters, genesis->validator_count))
		return err_set(h->text, ERR_GENESIS, "the validators' weights");
	genesis_hash(&h->genesis, genesis);
	block_genesis(&header, &h->last, &h->genesis, genesis->time_ms);
	return ledger_new(&h->ledger, genesis, &NOWHERE, h->text);
}

enum err history_check(struct history_summary *out, struct store *store,
		       const struct genesis *genesis, struct progress *progress,
		       struct err_text *text)
{
	struct history *h = mem_alloc(sizeof(*h));
	enum err e;

	memset(out, 0, sizeof(*out));
	h->store = store;
	h->sum = out;
	h->text = text;
	arena_init(&h->batch_arena, CODEC_BATCH_ARENA_BYTES);
	arena_init(&h->tx_arena, CODEC_TX_ARENA_BYTES);
	e = open_history(h, genesis);
	if (!e)
		e = check_blocks(h, progress);
	if (!e)
		e = check_finalization(h);
	if (!e)
		e = check_state(h, genesis);
	ledger_free(&h->ledger);
	arena_fini(&h->batch_arena);
	arena_fini(&h->tx_arena);
	free(h);
	return e;
}
