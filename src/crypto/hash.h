/* BLAKE2b-256 with a domain string as its key: the one hash of the network.
 *
 * A domain names what is hashed ("bcai-gov/tx/1"), so that bytes made for one
 * purpose never pass for another. Domains are at most 64 bytes. */
#ifndef BCAI_CRYPTO_HASH_H
#define BCAI_CRYPTO_HASH_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32

struct hash {
	uint8_t b[HASH_BYTES];
};

#define HASH_HEX_BYTES (2 * HASH_BYTES + 1)

struct hasher {
	alignas(64) unsigned char state[384];
};

void hasher_init(struct hasher *h, const char *domain);
void hasher_add(struct hasher *h, const void *data, size_t size);
void hasher_final(struct hasher *h, struct hash *out);

/* All at once. */
void hash_bytes(struct hash *out, const char *domain, const void *data,
		size_t size);
/* BLAKE2b-256 without a key: one compression for up to 128 bytes where a key
 * costs a second one. The state tree alone uses it, with a prefix of its own
 * for each shape of input. */
void hash_plain(struct hash *out, const void *data, size_t size);
/* H(domain, a || b). */
void hash_two(struct hash *out, const char *domain, const struct hash *a,
	      const struct hash *b);

bool hash_equal(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *h);
int hash_compare(const struct hash *a, const struct hash *b);
/* `out` has HASH_HEX_BYTES bytes. */
void hash_hex(char *out, const struct hash *h);

#endif
