#include "base/u256.h"

#include <string.h>

bool u256_is_zero(const struct u256 *v)
{
	return u256_minimal(v).size == 0;
}

struct bytes u256_minimal(const struct u256 *v)
{
	size_t zeros = 0;

	while (zeros < U256_BYTES && v->b[zeros] == 0)
		zeros++;
	return (struct bytes){v->b + zeros, U256_BYTES - zeros};
}

bool u256_from_minimal(struct u256 *out, struct bytes minimal)
{
	memset(out, 0, sizeof(*out));
	if (minimal.size > U256_BYTES ||
	    (minimal.size > 0 && minimal.data[0] == 0))
		return false;
	if (minimal.size > 0)
		memcpy(out->b + U256_BYTES - minimal.size, minimal.data,
		       minimal.size);
	return true;
}

/* v = v / 10; the remainder. */
static unsigned divide_by_ten(struct u256 *v)
{
	unsigned rest = 0;

	for (size_t i = 0; i < U256_BYTES; i++) {
		unsigned part = rest << 8 | v->b[i];

		v->b[i] = (uint8_t)(part / 10);
		rest = part % 10;
	}
	return rest;
}

void u256_format(char out[U256_TEXT_BYTES], const struct u256 *v)
{
	char digits[U256_TEXT_BYTES];
	struct u256 left = *v;
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + divide_by_ten(&left));
	} while (!u256_is_zero(&left));
	memcpy(out, digits + at, sizeof(digits) - at);
}

/* v = v * 10 + digit; false when it does not fit. */
static bool push_digit(struct u256 *v, unsigned digit)
{
	unsigned carry = digit;

	for (size_t i = U256_BYTES; i-- > 0;) {
		unsigned part = v->b[i] * 10u + carry;

		v->b[i] = (uint8_t)part;
		carry = part >> 8;
	}
	return carry == 0;
}

bool u256_parse(struct u256 *out, const char *digits)
{
	size_t count = strspn(digits, "0123456789");

	memset(out, 0, sizeof(*out));
	if (count == 0 || count >= U256_TEXT_BYTES || digits[count] != '\0')
		return false;
	for (; *digits != '\0'; digits++)
		if (!push_digit(out, (unsigned)(*digits - '0')))
			return false;
	return true;
}
