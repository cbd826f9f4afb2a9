/* Any bytes as a SignedTx, and as the body of one with a good envelope: what
 * is accepted encodes to the same bytes again. */
#include "base/assert.h"
#include "proto/codec_tx.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash GENESIS = {{1, 2, 3}};

static void decode(struct bytes raw)
{
	struct arena arena;
	struct bytes body;
	struct err_text why;
	struct tx tx;

	arena_init(&arena, CODEC_TX_ARENA_BYTES);
	if (codec_tx_decode(&tx, &arena, &GENESIS, raw, &why) == ERR_OK) {
		enum err err = codec_tx_encode_body(&body, &arena, &tx.payload,
						    &tx.account, tx.nonce,
						    tx.valid_until_ms, &why);

		assert(err == ERR_OK && body.size == tx.body.size);
		assert(memcmp(body.data, tx.body.data, body.size) == 0);
	}
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct signature NONE;
	uint8_t raw[LIMIT_TX_BYTES];
	struct writer w;

	decode((struct bytes){data, size});
	writer_init(&w, raw, sizeof(raw));
	tx_join(&w, (struct bytes){data, size}, &NONE);
	if (!w.bad)
		decode((struct bytes){raw, w.size});
	return 0;
}
