/* JSON values as the socket and the command line write them.
 *
 * Amounts, weights and everything of 64 bits or more are decimal strings,
 * hashes and keys lower-case hex. Results are new references. */
#ifndef BCAI_ADMIN_JSON_H
#define BCAI_ADMIN_JSON_H

#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

json_t *json_u64(uint64_t v);		/* a string */
json_t *json_u128(unsigned __int128 v); /* a string */
json_t *json_count(uint64_t v);		/* a number: what stays below 2^53 */
json_t *json_hash(const struct hash *h);
json_t *json_key(const struct public_key *k);
json_t *json_hex(const void *data, size_t size);
/* A string of bytes that are UTF-8; others become U+FFFD. */
json_t *json_text(const void *data, size_t size);
/* {"code":0,"name":"ok"} */
json_t *json_outcome(uint32_t code);

/* Set and steal; stops the process when out of memory. */
void json_put(json_t *object, const char *name, json_t *value);
void json_push(json_t *array, json_t *value);

/* A number, or a decimal string; false for anything else. NULL is false. */
bool json_get_u64(const json_t *value, uint64_t *out);
/* The string member, or "" when there is none. Borrowed. */
const char *json_get_text(const json_t *object, const char *name);
/* The member as a number, or 0. */
uint64_t json_get_number(const json_t *object, const char *name);
bool json_get_hash(const json_t *value, struct hash *out);
bool json_get_key(const json_t *value, struct public_key *out);

/* Decimal digits only, all of them, within 64 bits. */
bool parse_u64(const char *text, uint64_t *out);

#endif
