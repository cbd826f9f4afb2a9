/* Any bytes as a receipt, a checkpoint certificate and a state proof: what is
 * read is written as the same bytes, and proves nothing on a network that the
 * input does not know. */
#include "base/assert.h"
#include "ledger/receipt.h"
#include "ledger/statetree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash GENESIS = {{1, 2, 3}};

static void receipt(struct arena *arena, struct bytes raw)
{
	struct receipt_facts facts;
	struct err_text why;
	struct receipt r;
	struct writer w;
	uint8_t *again;

	if (receipt_read(&r, arena, raw, &why) != ERR_OK)
		return;
	assert(receipt_size(&r) == raw.size);
	again = mem_alloc(raw.size);
	writer_init(&w, again, raw.size);
	receipt_write(&w, &r);
	assert(!w.bad && memcmp(again, raw.data, raw.size) == 0);
	free(again);
	assert(receipt_verify(&facts, &r, &GENESIS, &why) == ERR_CHECK_FAILED);
}

static void proof(struct arena *arena, struct bytes raw)
{
	static const struct bytes KEY = {(const uint8_t *)"G", 1};
	struct statetree_proof p;
	struct reader r;

	reader_init(&r, raw.data, raw.size);
	if (statetree_proof_read(&r, &p, arena) == ERR_OK)
		assert(statetree_verify(&p, &GENESIS, KEY, NULL) ==
		       STATETREE_INVALID);
}

static void certificate(struct bytes raw)
{
	struct checkpoint_certificate c;
	struct reader r;

	reader_init(&r, raw.data, raw.size);
	checkpoint_certificate_read(&r, &c);
	if (!r.bad)
		assert(checkpoint_certificate_size(&c) == r.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes raw = {data, size};
	struct arena arena;

	arena_init(&arena, 1u << 20);
	receipt(&arena, raw);
	proof(&arena, raw);
	certificate(raw);
	arena_fini(&arena);
	return 0;
}
