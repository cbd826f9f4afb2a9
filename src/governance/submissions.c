#include "governance/submissions.h"

#include <string.h>

static bool is_before(const struct submission *a, const struct submission *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms;
	return a->number < b->number;
}

void submissions_add(struct submissions *s, const struct submission *one)
{
	uint32_t at;

	if (s->count == SUBMISSIONS_MAX) {
		if (is_before(one, &s->list[0]))
			return;
		s->count--;
		memmove(&s->list[0], &s->list[1], s->count * sizeof(*one));
	}
	for (at = s->count; at > 0 && is_before(one, &s->list[at - 1]); at--)
		s->list[at] = s->list[at - 1];
	s->list[at] = *one;
	s->count++;
}

void submissions_title(struct submissions *s, uint32_t number, uint64_t title)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->list[i].number == number)
			s->list[i].title = title;
}

bool detect_flooding(const struct submissions *s, const struct submission *now,
		     const struct submission_limits *limits, struct alert *out)
{
	uint32_t own = 0, all = 0;
	bool by_one;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct submission *one = &s->list[i];

		if (now->time_ms - one->time_ms >= limits->window_ms)
			continue;
		all++;
		own += one->account == now->account;
	}
	by_one = own == limits->by_account;
	if (!by_one && all != limits->by_all)
		return false;
	out->kind = DETECT_FLOODING;
	out->account_count = by_one;
	out->account[0] = by_one ? now->account : 0;
	out->figure[0] = by_one ? own : all;
	out->figure[1] = limits->window_ms;
	out->figure[2] = !by_one;
	return true;
}

bool detect_look_alike(const struct submissions *s,
		       const struct submission *now, struct alert *out)
{
	for (uint32_t i = s->count; now->title != 0 && i-- > 0;) {
		const struct submission *other = &s->list[i];

		if (other->title != now->title ||
		    other->account == now->account)
			continue;
		out->kind = DETECT_LOOK_ALIKE;
		out->account_count = 2;
		out->account[0] = now->account;
		out->account[1] = other->account;
		out->figure[0] = other->number;
		return true;
	}
	return false;
}

/* ---- Titles ---- */

/* The next character; the text is UTF-8 that was checked. */
static uint32_t next_point(struct bytes *text)
{
	uint8_t first = text->data[0];
	size_t more = first < 0x80   ? 0
		      : first < 0xe0 ? 1
		      : first < 0xf0 ? 2
				     : 3;
	uint32_t point = more ? first & (0x3fu >> more) : first;

	for (size_t i = 1; i <= more && i < text->size; i++)
		point = point << 6 | (text->data[i] & 0x3fu);
	more = more < text->size ? more + 1 : text->size;
	text->data += more;
	text->size -= more;
	return point;
}

/* Latin letters with marks, from U+00C0 on, without them. */
static const char MARKED[] = "aaaaaaaceeeellll"
			     "dnooooo ouuuuyps"
			     "aaaaaaaceeeellll"
			     "dnooooo ouuuuypy";

/* Letters of other scripts that look like those. */
static const struct {
	uint16_t point;
	char letter;
} TWINS[] = {
	{0x0391, 'a'}, {0x0392, 'b'}, {0x0395, 'e'}, {0x0396, 'z'},
	{0x0397, 'h'}, {0x0399, 'l'}, {0x039a, 'k'}, {0x039c, 'm'},
	{0x039d, 'n'}, {0x039f, 'o'}, {0x03a1, 'p'}, {0x03a4, 't'},
	{0x03a5, 'y'}, {0x03a7, 'x'}, {0x03b1, 'a'}, {0x03b9, 'l'},
	{0x03ba, 'k'}, {0x03bd, 'v'}, {0x03bf, 'o'}, {0x03c1, 'p'},
	{0x03c5, 'u'}, {0x0405, 's'}, {0x0406, 'l'}, {0x0408, 'j'},
	{0x0410, 'a'}, {0x0412, 'b'}, {0x0415, 'e'}, {0x041a, 'k'},
	{0x041c, 'm'}, {0x041d, 'h'}, {0x041e, 'o'}, {0x0420, 'p'},
	{0x0421, 'c'}, {0x0422, 't'}, {0x0423, 'y'}, {0x0425, 'x'},
	{0x0430, 'a'}, {0x0432, 'b'}, {0x0435, 'e'}, {0x043a, 'k'},
	{0x043c, 'm'}, {0x043d, 'h'}, {0x043e, 'o'}, {0x0440, 'p'},
	{0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'},
	{0x0455, 's'}, {0x0456, 'l'}, {0x0458, 'j'},
};

static uint32_t fold_ascii(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (c == '0')
		return 'o';
	if (c == '1' || c == 'i' || c == '|')
		return 'l';
	if (c == '5')
		return 's';
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : 0;
}

/* 0: nothing that a reader would miss. */
static uint32_t fold(uint32_t point)
{
	if (point >= 0xff01 && point <= 0xff5e) /* full width */
		point -= 0xff01 - '!';
	if (point < 0x80)
		return fold_ascii(point);
	if (point >= 0xc0 && point <= 0xff)
		return MARKED[point - 0xc0] == ' '
			       ? 0
			       : (uint8_t)MARKED[point - 0xc0];
	for (size_t i = 0; i < sizeof(TWINS) / sizeof(TWINS[0]); i++)
		if (TWINS[i].point == point)
			return (uint8_t)TWINS[i].letter;
	if (point < 0xc0 || (point >= 0x300 && point <= 0x36f) ||
	    (point >= 0x2000 && point <= 0x206f))
		return 0; /* spaces, dots and marks */
	return point;
}

/* FNV-1a over the folded characters; two that look like a third are it. */
uint64_t title_skeleton(struct bytes title)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325), before = sum;
	uint32_t last = 0;
	bool any = false;

	while (title.size > 0) {
		uint32_t c = fold(next_point(&title));

		if (c == 0)
			continue;
		if ((last == 'r' && c == 'n') || (last == 'v' && c == 'v')) {
			c = c == 'n' ? 'm' : 'w';
			sum = before;
		}
		before = sum;
		for (int i = 0; i < 3; i++) {
			sum ^= c >> 8 * i & 0xff;
			sum *= UINT64_C(0x100000001b3);
		}
		last = c;
		any = true;
	}
	return any ? sum | 1 : 0;
}
