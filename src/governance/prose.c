#include "governance/internal.h"

#define END UINT32_MAX
#define BAD (UINT32_MAX - 1)

/* The next code point of well-formed UTF-8 (RFC 3629), END or BAD. */
static uint32_t next_code(struct reader *r)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t code, tails;

	if (reader_left(r) == 0)
		return END;
	code = read_u8(r);
	if (code < 0x80)
		return code;
	if (code < 0xc0 || code > 0xf7)
		return BAD;
	tails = code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
	code &= 0x3fu >> tails;
	for (uint32_t i = 0; i < tails; i++) {
		uint8_t tail = read_u8(r);

		if ((tail & 0xc0) != 0x80)
			return BAD;
		code = code << 6 | (tail & 0x3fu);
	}
	if (code < least[tails] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return BAD;
	return code;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* Line and paragraph separators, and what reorders the text around it. */
static bool is_reordering(uint32_t code)
{
	return (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static bool is_clean(struct bytes text, bool line)
{
	struct reader r;
	uint32_t code;

	reader_init(&r, text.data, text.size);
	while ((code = next_code(&r)) != END) {
		if (code == BAD)
			return false;
		if (!line && (code == '\n' || code == '\t'))
			continue;
		if (is_control(code) || (line && is_reordering(code)))
			return false;
	}
	return true;
}

bool prose_is_line(struct bytes text)
{
	return is_clean(text, true);
}

bool prose_is_text(struct bytes text)
{
	return is_clean(text, false);
}
