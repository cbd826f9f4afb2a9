#include "crypto/sign.h"

#include "base/assert.h"
#include "base/arena.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct secret_key {
	struct public_key public_key;
	unsigned char *guarded; /* crypto_sign_SECRETKEYBYTES, sodium_malloc */
};

enum err crypto_init(void)
{
	return sodium_init() < 0 ? ERR_CHECK_FAILED : ERR_OK;
}

struct secret_key *secret_key_from_seed(const uint8_t seed[SEED_BYTES])
{
	struct secret_key *key = mem_alloc(sizeof(*key));

	key->guarded = sodium_malloc(crypto_sign_SECRETKEYBYTES);
	assert(key->guarded);
	crypto_sign_seed_keypair(key->public_key.b, key->guarded, seed);
	sodium_mprotect_readonly(key->guarded);
	return key;
}

struct secret_key *secret_key_new(void)
{
	uint8_t seed[SEED_BYTES];
	struct secret_key *key;

	randombytes_buf(seed, sizeof(seed));
	key = secret_key_from_seed(seed);
	sodium_memzero(seed, sizeof(seed));
	return key;
}

void secret_key_free(struct secret_key **key)
{
	if (!*key)
		return;
	sodium_free((*key)->guarded);
	free(*key);
	*key = NULL;
}

const struct public_key *secret_key_public(const struct secret_key *key)
{
	return &key->public_key;
}

void secret_key_seed(const struct secret_key *key, uint8_t seed[SEED_BYTES])
{
	crypto_sign_ed25519_sk_to_seed(seed, key->guarded);
}

void sign_message(struct signature *out, const struct secret_key *key,
		  const void *message, size_t size)
{
	crypto_sign_detached(out->b, NULL, message, size, key->guarded);
}

bool sign_verify(const struct public_key *key, const void *message, size_t size,
		 const struct signature *signature)
{
	return crypto_sign_verify_detached(signature->b, message, size,
					   key->b) == 0;
}

bool curve_public_from_sign(uint8_t out[CURVE_KEY_BYTES],
			    const struct public_key *key)
{
	return crypto_sign_ed25519_pk_to_curve25519(out, key->b) == 0;
}

void curve_secret_from_sign(uint8_t out[CURVE_KEY_BYTES],
			    const struct secret_key *key)
{
	int failed = crypto_sign_ed25519_sk_to_curve25519(out, key->guarded);

	assert(!failed);
}

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a->b, b->b, PUBLIC_KEY_BYTES) == 0;
}

int public_key_compare(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a->b, b->b, PUBLIC_KEY_BYTES);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
	return sodium_memcmp(a, b, size) == 0;
}

void secret_wipe(void *data, size_t size)
{
	sodium_memzero(data, size);
}

void random_bytes(void *out, size_t size)
{
	randombytes_buf(out, size);
}
