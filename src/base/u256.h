/* Amounts of the main chain: 256 bits, big-endian, as an EVM keeps them.
 *
 * Carried, compared and shown, never added: whoever calculates is the chain. */
#ifndef BCAI_BASE_U256_H
#define BCAI_BASE_U256_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define U256_BYTES	32
#define U256_TEXT_BYTES 79 /* 78 decimal digits and a NUL */

struct u256 {
	uint8_t b[U256_BYTES];
};

bool u256_is_zero(const struct u256 *v);

/* The bytes without zeros in front; empty for 0. Lent. */
struct bytes u256_minimal(const struct u256 *v);
/* False for more than 32 bytes, or a zero in front. */
bool u256_from_minimal(struct u256 *out, struct bytes minimal);

/* Decimal digits. */
void u256_format(char out[U256_TEXT_BYTES], const struct u256 *v);
/* False for anything but 1 to 78 digits of a number that fits. */
bool u256_parse(struct u256 *out, const char *digits);

#endif
