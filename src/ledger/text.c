#include "ledger/text.h"

/* The code point at the start of `text` and its length in bytes; 0 for what
 * is not UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF). */
static size_t decode_point(uint32_t *point, const uint8_t *at, size_t left)
{
	static const uint32_t LOWEST[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size;
	uint32_t v;

	if (at[0] < 0x80) {
		*point = at[0];
		return 1;
	}
	if (at[0] >= 0xc0 && at[0] < 0xe0)
		size = 2;
	else if (at[0] >= 0xe0 && at[0] < 0xf0)
		size = 3;
	else if (at[0] >= 0xf0 && at[0] < 0xf8)
		size = 4;
	else
		return 0;
	if (size > left)
		return 0;
	v = at[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (at[i] & 0x3fu);
	}
	if (v < LOWEST[size] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*point = v;
	return size;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

static bool is_clean(struct bytes text, bool prose)
{
	size_t i = 0;

	while (i < text.size) {
		uint32_t point;
		size_t size =
			decode_point(&point, text.data + i, text.size - i);

		if (size == 0)
			return false;
		if (is_control(point) &&
		    !(prose && (point == '\n' || point == '\t')))
			return false;
		i += size;
	}
	return true;
}

bool text_is_line(struct bytes text)
{
	return is_clean(text, false);
}

bool text_is_prose(struct bytes text)
{
	return is_clean(text, true);
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool text_is_name(struct bytes text, size_t max)
{
	if (text.size == 0 || text.size > max)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (!is_name_byte(text.data[i]))
			return false;
	}
	return true;
}
