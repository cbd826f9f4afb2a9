#include "crypto/hash.h"

#include "base/assert.h"
#include "base/hex.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(struct hasher) >= sizeof(crypto_generichash_state),
	       "the opaque state holds libsodium's");

static crypto_generichash_state *state_of(struct hasher *h)
{
	return (crypto_generichash_state *)(void *)h->state;
}

void hasher_init(struct hasher *h, const char *domain)
{
	size_t size = strlen(domain);

	assert(size <= crypto_generichash_KEYBYTES_MAX);
	crypto_generichash_init(state_of(h), (const unsigned char *)domain,
				size, HASH_BYTES);
}

void hasher_add(struct hasher *h, const void *data, size_t size)
{
	crypto_generichash_update(state_of(h), data, size);
}

void hasher_final(struct hasher *h, struct hash *out)
{
	crypto_generichash_final(state_of(h), out->b, HASH_BYTES);
}

void hash_bytes(struct hash *out, const char *domain, const void *data,
		size_t size)
{
	struct hasher h;

	hasher_init(&h, domain);
	hasher_add(&h, data, size);
	hasher_final(&h, out);
}

void hash_plain(struct hash *out, const void *data, size_t size)
{
	crypto_generichash(out->b, HASH_BYTES, data, size, NULL, 0);
}

void hash_two(struct hash *out, const char *domain, const struct hash *a,
	      const struct hash *b)
{
	struct hasher h;

	hasher_init(&h, domain);
	hasher_add(&h, a->b, HASH_BYTES);
	hasher_add(&h, b->b, HASH_BYTES);
	hasher_final(&h, out);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

bool hash_is_zero(const struct hash *h)
{
	static const struct hash ZERO;

	return hash_equal(h, &ZERO);
}

int hash_compare(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, HASH_BYTES);
}

void hash_hex(char *out, const struct hash *h)
{
	hex_encode(out, h->b, HASH_BYTES);
}
