#include "base/hex.h"

void hex_encode(char *out, const void *data, size_t size)
{
	static const char DIGITS[] = "0123456789abcdef";
	const uint8_t *at = data;

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = DIGITS[at[i] >> 4];
		out[2 * i + 1] = DIGITS[at[i] & 15];
	}
	out[2 * size] = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(void *out, size_t size, const char *text, size_t text_size)
{
	uint8_t *to = out;

	if (text_size != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
