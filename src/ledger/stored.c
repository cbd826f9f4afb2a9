#include "ledger/stored.h"

#include "base/assert.h"

#define VERSION 1u

size_t stored_block_size(const struct stored_block *b)
{
	return 1 + BLOCK_HEADER_BYTES + 4 + b->ref_count * BATCH_REF_BYTES + 4 +
	       b->result_count * STORED_RESULT_BYTES;
}

/* SPEC ledger 8. */
void stored_block_write(struct writer *w, const struct stored_block *b)
{
	write_u8(w, VERSION);
	block_header_write(w, &b->header);
	payload_write(w, b->refs, b->ref_count);
	write_u32(w, (uint32_t)b->result_count);
	for (size_t i = 0; i < b->result_count; i++) {
		const struct ledger_result *result = &b->results[i];

		write_bytes(w, result->id.b, HASH_BYTES);
		write_u32(w, result->account);
		write_u64(w, result->nonce);
		write_u32(w, (uint32_t)result->code);
		write_u32(w, result->proposal);
		write_u32(w, result->place.batch);
		write_u32(w, result->place.index);
	}
}

static enum err damaged(struct err_text *text, const char *what)
{
	return err_set(text, ERR_DATA_DAMAGED, "block: %s", what);
}

static enum err read_results(struct stored_block *out, struct arena *arena,
			     struct reader *r, struct err_text *text)
{
	size_t count = read_u32(r);
	struct ledger_result *results;

	if (count != reader_left(r) / STORED_RESULT_BYTES)
		return damaged(text, "another number of results than it says");
	results = arena_alloc(arena, count * sizeof(*results));
	if (!results)
		return err_set(text, ERR_NO_MEMORY, "block: no room");
	for (size_t i = 0; i < count; i++) {
		read_copy(r, results[i].id.b, HASH_BYTES);
		results[i].account = read_u32(r);
		results[i].nonce = read_u64(r);
		results[i].code = error_from_number((int)read_u32(r));
		results[i].proposal = read_u32(r);
		results[i].place.batch = read_u32(r);
		results[i].place.index = read_u32(r);
	}
	out->results = results;
	out->result_count = count;
	return ERR_OK;
}

enum err stored_block_read(struct stored_block *out, struct arena *arena,
			   struct bytes raw, struct err_text *text)
{
	struct batch_ref *refs;
	struct reader r;
	enum err err;

	reader_init(&r, raw.data, raw.size);
	if (read_u8(&r) != VERSION)
		return damaged(text, "unknown version");
	block_header_read(&r, &out->header);
	refs = arena_alloc(arena, LIMIT_BLOCK_BATCHES * sizeof(*refs));
	if (!refs)
		return err_set(text, ERR_NO_MEMORY, "block: no room");
	if (payload_read(&r, refs, &out->ref_count, NULL))
		return damaged(text, "its list of batches");
	out->refs = refs;
	err = read_results(out, arena, &r, text);
	if (!err && !reader_done(&r))
		err = damaged(text, "bytes behind the end");
	return err;
}

void stored_results_root(struct hash *out, const struct stored_block *b)
{
	struct merkle m;

	merkle_init(&m);
	for (size_t i = 0; i < b->result_count; i++) {
		struct hash leaf;

		ledger_result_leaf(&leaf, &b->results[i].id,
				   b->results[i].code);
		merkle_add(&m, &leaf);
	}
	merkle_root(out, &m);
}
