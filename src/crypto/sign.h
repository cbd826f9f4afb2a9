/* Ed25519 with one verification rule for the whole network.
 *
 * The rule is that of libsodium 1.0.18: S below the group order, neither the
 * key nor R of small order, the key canonical, and the equation checked
 * without the cofactor by comparing the encoding of R. The outcome of every
 * published edge case is written into tests/unit/test_crypto.c; a library
 * that decides one differently would fork the network.
 *
 * Secret keys live in guarded memory (locked, canaries, inaccessible unless
 * in use) and are wiped when freed. */
#ifndef BCAI_CRYPTO_SIGN_H
#define BCAI_CRYPTO_SIGN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUBLIC_KEY_BYTES 32
#define SIGNATURE_BYTES	 64
#define SEED_BYTES	 32
#define CURVE_KEY_BYTES	 32

struct public_key {
	uint8_t b[PUBLIC_KEY_BYTES];
};

struct signature {
	uint8_t b[SIGNATURE_BYTES];
};

struct secret_key; /* Guarded. */

/* Call once, first; ERR_CHECK_FAILED when libsodium cannot start. */
enum err crypto_init(void) MUST_USE;

/* A new random key; from a seed, for tests and samples. Never NULL. */
struct secret_key *secret_key_new(void);
struct secret_key *secret_key_from_seed(const uint8_t seed[SEED_BYTES]);
/* Wipe, free and null. */
void secret_key_free(struct secret_key **key);
/* Borrowed until the key is freed. */
const struct public_key *secret_key_public(const struct secret_key *key);
/* Copy the seed out, for the keystore; the caller wipes it. */
void secret_key_seed(const struct secret_key *key, uint8_t seed[SEED_BYTES]);

void sign_message(struct signature *out, const struct secret_key *key,
		  const void *message, size_t size);
/* 43 us on the machine this was designed on: always the last check. */
bool sign_verify(const struct public_key *key, const void *message, size_t size,
		 const struct signature *signature);

/* The transport key (X25519) that belongs to a signing key, so that one id
 * authenticates both. False for a key that is not a point. */
bool curve_public_from_sign(uint8_t out[CURVE_KEY_BYTES],
			    const struct public_key *key);
/* The caller wipes `out`. */
void curve_secret_from_sign(uint8_t out[CURVE_KEY_BYTES],
			    const struct secret_key *key);

bool public_key_equal(const struct public_key *a, const struct public_key *b);
int public_key_compare(const struct public_key *a, const struct public_key *b);

/* Compare secrets in a time that does not depend on where they differ. */
bool secret_equal(const void *a, const void *b, size_t size);
/* Overwrite, whatever the optimiser thinks. */
void secret_wipe(void *data, size_t size);
/* Unpredictable bytes; adapters and tools only. */
void random_bytes(void *out, size_t size);

#endif
