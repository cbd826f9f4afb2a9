/* Receipts made from what is stored. */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/receipt.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>

/* Room for the lists of hashes of one batch and one block. */
#define RECEIPT_ARENA_BYTES (64u * 1024u * 1024u)

struct making {
	struct node *n;
	struct receipt receipt;
	struct arena arena;
	struct loaded_block block;
	uint32_t index; /* among the block's results */
	struct block_header headers[RECEIPT_HEADERS_MAX];
	uint8_t *batch_raw, *certificate_raw, *checkpoint_raw;
};

static enum err add_transaction(struct making *m)
{
	const struct tx_place place = m->block.block.results[m->index].place;
	const struct batch_ref *ref;
	struct store_key key;
	struct batch batch;
	size_t size;
	enum err e;

	if (place.batch >= m->block.block.ref_count)
		return ERR_DATA_DAMAGED;
	ref = &m->block.block.refs[place.batch];
	key = key_batch(ref);
	e = blockstore_get(m->n->store, &key, &m->batch_raw, &size);
	if (e == ERR_OK)
		e = batch_parse(&batch, &m->arena,
				(struct bytes){m->batch_raw, size}, NULL);
	if (e == ERR_OK)
		e = receipt_set_batch(&m->receipt, &m->arena,
				      &m->n->genesis_hash, &batch, place.index);
	if (e == ERR_OK)
		e = receipt_set_block(&m->receipt, &m->arena,
				      m->block.block.refs,
				      m->block.block.ref_count, place.batch);
	return e;
}

static enum err add_headers(struct making *m)
{
	uint64_t height = m->block.block.header.height, certified;
	struct reader r;
	size_t size;
	enum err e = serve_find_finalization(m->n, height, &certified,
					     &m->certificate_raw, &size);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_NOT_READY : e;
	if (certified - height >= RECEIPT_HEADERS_MAX)
		return ERR_NOT_FOUND;
	for (uint64_t h = height; h <= certified; h++) {
		struct loaded_block b;

		e = blockstore_load(m->n->store, &b, h);
		if (e != ERR_OK)
			return e;
		m->headers[m->receipt.header_count++] = b.block.header;
		loaded_block_fini(&b);
	}
	m->receipt.headers = m->headers;
	reader_init(&r, m->certificate_raw, size);
	certificate_read(&r, &m->receipt.certificate);
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

struct first_checkpoint {
	uint8_t *raw;
	size_t size;
};

static bool take_checkpoint(void *context, struct bytes key, struct bytes value)
{
	struct first_checkpoint *f = context;

	(void)key;
	f->raw = mem_copy(value.data, value.size);
	f->size = value.size;
	return false;
}

static enum err find_checkpoint(struct making *m, uint64_t height)
{
	struct store_key from = key_checkpoint(height);
	struct first_checkpoint f = {NULL, 0};
	struct reader r;
	enum err e =
		store_scan(m->n->store, (struct bytes){(const uint8_t *)"k", 1},
			   (struct bytes){from.data, from.size}, 1,
			   take_checkpoint, &f, NULL);

	m->checkpoint_raw = f.raw;
	if (e != ERR_OK)
		return e;
	if (!f.raw)
		return ERR_NOT_FOUND;
	reader_init(&r, f.raw, f.size);
	checkpoint_certificate_read(&r, &m->receipt.checkpoint);
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

/* The outcome part, when a certificate covers the block already. A node that
 * lacks a certificate of that very span leaves it out. */
static enum err add_outcome(struct making *m)
{
	uint64_t height = m->block.block.header.height;
	struct receipt_outcome *list = NULL;
	const struct checkpoint *c;
	size_t count = 0;
	enum err e = find_checkpoint(m, height);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	c = &m->receipt.checkpoint.checkpoint;
	if (c->previous >= height)
		return ERR_OK;
	list = mem_alloc((size_t)(c->height - c->previous) * sizeof(*list));
	for (uint64_t h = c->previous + 1; e == ERR_OK && h <= c->height; h++) {
		struct loaded_block b;

		e = blockstore_load(m->n->store, &b, h);
		if (e != ERR_OK)
			break;
		if (b.block.result_count > 0) {
			list[count].height = h;
			stored_results_root(&list[count++].results_root,
					    &b.block);
		}
		loaded_block_fini(&b);
	}
	if (e == ERR_OK)
		e = receipt_set_outcome(&m->receipt, &m->arena,
					&m->block.block.results[m->index].id,
					&m->block.block, list, count);
	free(list);
	return e;
}

static enum err encode(struct making *m, struct admin_bytes *out)
{
	struct writer w;
	uint8_t *head = mem_alloc(genesis_head_size(m->n->genesis));

	writer_init(&w, head, genesis_head_size(m->n->genesis));
	genesis_write_head(&w, m->n->genesis);
	m->receipt.genesis_head = (struct bytes){head, w.size};
	genesis_accounts_hash(&m->receipt.genesis_accounts, m->n->genesis);
	out->size = receipt_size(&m->receipt);
	out->data = mem_alloc(out->size);
	writer_init(&w, out->data, out->size);
	receipt_write(&w, &m->receipt);
	assert(!w.bad);
	free(head);
	return ERR_OK;
}

enum err backend_receipt(void *ctx, const struct hash *id,
			 struct admin_bytes *out)
{
	struct making *m;
	uint64_t height;
	uint32_t index;
	struct node *n = ctx;
	enum err e = blockstore_find_tx(n->store, id, &height, &index);

	if (e != ERR_OK)
		return e;
	m = mem_alloc(sizeof(*m));
	m->n = n;
	m->index = index;
	e = blockstore_load(n->store, &m->block, height);
	if (e != ERR_OK) {
		free(m);
		return e;
	}
	arena_init(&m->arena, RECEIPT_ARENA_BYTES);
	e = index < m->block.block.result_count &&
			    hash_equal(&m->block.block.results[index].id, id)
		    ? add_transaction(m)
		    : ERR_NOT_FOUND;
	if (e == ERR_OK)
		e = add_headers(m);
	if (e == ERR_OK)
		e = add_outcome(m);
	if (e == ERR_OK)
		e = encode(m, out);
	loaded_block_fini(&m->block);
	arena_fini(&m->arena);
	free(m->batch_raw);
	free(m->certificate_raw);
	free(m->checkpoint_raw);
	free(m);
	return e;
}
