#include "codec_fixture.h"

#include "base/assert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct hash GENESIS;
struct secret_key *alice;
struct arena arena;
struct arena scratch;

struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

struct bytes filled(size_t size, char c)
{
	uint8_t *data = arena_alloc(&scratch, size);

	assert(data);
	memset(data, c, size);
	return (struct bytes){data, size};
}

int codec_set_up(void **state)
{
	uint8_t seed[SEED_BYTES];

	(void)state;
	memset(seed, 0x11, sizeof(seed));
	memset(GENESIS.b, 0x22, sizeof(GENESIS.b));
	alice = secret_key_from_seed(seed);
	arena_init(&arena, CODEC_TX_ARENA_BYTES);
	arena_init(&scratch, 1 << 24);
	return 0;
}

int codec_tear_down(void **state)
{
	(void)state;
	secret_key_free(&alice);
	arena_fini(&arena);
	arena_fini(&scratch);
	return 0;
}

struct bytes sign(const struct payload *payload)
{
	struct codec_tx_request request = {
		.key = alice,
		.genesis = &GENESIS,
		.payload = payload,
		.nonce = 5,
		.valid_until_ms = 1767225600000,
	};
	struct bytes raw;

	assert_int_equal(codec_tx_sign(&raw, NULL, &scratch, &request, NULL),
			 ERR_OK);
	return raw;
}

/* Wrap any bytes as a body, with a valid signature. */
struct bytes seal(struct bytes body)
{
	size_t room = body.size + TX_ENVELOPE_BYTES;
	uint8_t *data = arena_alloc(&scratch, room);
	struct signature signature;
	struct writer w;
	struct hash id;

	assert(data);
	tx_compute_id(&id, &GENESIS, body);
	sign_message(&signature, alice, id.b, HASH_BYTES);
	writer_init(&w, data, room);
	tx_join(&w, body, &signature);
	return (struct bytes){data, w.size};
}

enum err decode(struct tx *out, struct bytes raw)
{
	struct err_text why = {""};
	enum err err;

	arena_reset(&arena);
	err = codec_tx_decode(out, &arena, &GENESIS, raw, &why);
	assert_true(err == ERR_OK || why.text[0] != '\0');
	return err;
}

/* A body of this payload, whether or not our checks would let it out. */
struct bytes loose(Bcai__Tx__TxBody *pb)
{
	uint8_t *data;

	pb->account.data = arena_alloc(&scratch, PUBLIC_KEY_BYTES);
	pb->account.len = PUBLIC_KEY_BYTES;
	memcpy(pb->account.data, secret_key_public(alice)->b, PUBLIC_KEY_BYTES);
	data = arena_alloc(&scratch, bcai__tx__tx_body__get_packed_size(pb));
	assert(data);
	return seal((struct bytes){data, bcai__tx__tx_body__pack(pb, data)});
}
