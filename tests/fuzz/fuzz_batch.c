/* Any bytes as a batch, a payload, evidence and a stored block: what is
 * accepted lies within the input and is written as the same bytes again. */
#include "base/assert.h"
#include "ledger/batch_fault.h"
#include "ledger/stored.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void batch(struct arena *arena, struct bytes raw)
{
	struct err_text why;
	struct hash digest;
	struct batch b;

	if (batch_parse(&b, arena, raw, &why) != ERR_OK)
		return;
	assert(b.count > 0 && b.count <= LIMIT_BATCH_TXS);
	for (uint32_t i = 0; i < b.count; i++)
		assert(b.txs[i].data > raw.data &&
		       b.txs[i].data + b.txs[i].size < raw.data + raw.size);
	if (batch_digest(&digest, &(struct hash){{1}}, &b, &why) == ERR_OK)
		assert(!hash_is_zero(&digest));
}

static void payload(struct bytes raw)
{
	struct batch_ref refs[LIMIT_BLOCK_BATCHES];
	uint8_t again[PAYLOAD_BYTES_MAX];
	struct reader r;
	struct writer w;
	size_t count;

	reader_init(&r, raw.data, raw.size);
	if (payload_read(&r, refs, &count, NULL) != ERR_OK)
		return;
	writer_init(&w, again, sizeof(again));
	payload_write(&w, refs, count);
	assert(w.size == r.offset && memcmp(again, raw.data, w.size) == 0);
}

static void stored(struct arena *arena, struct bytes raw)
{
	struct stored_block b;

	if (stored_block_read(&b, arena, raw, NULL) == ERR_OK)
		assert(stored_block_size(&b) == raw.size);
}

/* What it shows lies within the input, and no key signed it. */
static void evidence(struct bytes raw)
{
	static const struct hash GENESIS = {{1}};
	static const struct public_key NOBODY;
	struct evidence e;
	struct reader r;
	struct bytes tx;

	reader_init(&r, raw.data, raw.size);
	evidence_read(&r, &e);
	if (!r.bad)
		assert(!batch_fault_check(&tx, &e, &GENESIS, &NOBODY));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes raw = {data, size};
	struct arena arena;

	arena_init(&arena, 1u << 20);
	batch(&arena, raw);
	payload(raw);
	evidence(raw);
	stored(&arena, raw);
	arena_fini(&arena);
	return 0;
}
