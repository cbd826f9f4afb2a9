#include "admin/genesis_json.h"

#include "base/arena.h"
#include "base/files.h"
#include "base/hex.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 128 /* the longest string a genesis has any use for */

/* ---- A pull parser with a sticky error ---- */

struct parser {
	const char *at;
	const char *end;
	const char *origin;
	unsigned int line;
	enum err err;
	struct err_text *text;
};

static void parser_init(struct parser *p, struct bytes input,
			const char *origin, struct err_text *text)
{
	p->at = (const char *)input.data;
	p->end = p->at + input.size;
	p->origin = origin;
	p->line = 1;
	p->err = ERR_OK;
	p->text = text;
}

__attribute__((format(printf, 2, 3))) static void fail(struct parser *p,
						       const char *format, ...)
{
	char why[ERR_TEXT_BYTES];
	va_list args;

	if (p->err)
		return;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	p->err = err_set(p->text, ERR_GENESIS, "%s:%u: %s", p->origin, p->line,
			 why);
}

/* The next byte that is not space; NUL at the end and after an error. */
static char peek(struct parser *p)
{
	while (!p->err && p->at < p->end) {
		if (*p->at == '\n')
			p->line++;
		else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r')
			return *p->at;
		p->at++;
	}
	return '\0';
}

static void expect(struct parser *p, char c)
{
	if (peek(p) == c && c != '\0')
		p->at++;
	else if (p->at == p->end)
		fail(p, "'%c' expected, but the file ends", c);
	else
		fail(p, "'%c' expected", c);
}

/* What stands behind a backslash, at p->at; only ASCII has a use here. */
static char read_escape(struct parser *p)
{
	uint8_t point[2];

	if (p->at == p->end)
		return '\0';
	switch (*p->at) {
	case '"':
	case '\\':
	case '/':
		return *p->at++;
	case 'u':
		if (p->end - p->at > 4 && hex_decode(point, 2, p->at + 1, 4) &&
		    point[0] == 0 && point[1] >= 0x20 && point[1] < 0x7f) {
			p->at += 5;
			return (char)point[1];
		}
		break;
	}
	fail(p, "no text here needs that escape");
	return '\0';
}

static void read_string(struct parser *p, char out[WORD_BYTES])
{
	size_t size = 0;

	expect(p, '"');
	while (!p->err && p->at < p->end && *p->at != '"') {
		char c = *p->at++;

		if (c == '\\')
			c = read_escape(p);
		else if ((unsigned char)c < 0x20)
			fail(p, "a control character in a text");
		if (size + 1 == WORD_BYTES)
			fail(p, "a text longer than anything here may be");
		else
			out[size++] = c;
	}
	out[size] = '\0';
	if (!p->err && p->at == p->end)
		fail(p, "a text without end");
	p->at += p->err ? 0 : 1;
}

static uint64_t read_number(struct parser *p)
{
	char word[WORD_BYTES];
	uint64_t value = 0;
	size_t size = 0;

	if (peek(p) == '"') {
		read_string(p, word);
		size = strlen(word);
	} else {
		while (p->at < p->end && *p->at >= '0' && *p->at <= '9' &&
		       size < WORD_BYTES - 1)
			word[size++] = *p->at++;
		word[size] = '\0';
	}
	if (!decimal_parse(&value, (struct bytes){(const uint8_t *)word, size},
			   0))
		fail(p, "a whole number below 2^64 expected");
	return value;
}

static void read_key(struct parser *p, struct public_key *key)
{
	char word[WORD_BYTES];

	read_string(p, word);
	if (!hex_decode(key->b, PUBLIC_KEY_BYTES, word, strlen(word)))
		fail(p, "a key of 64 hexadecimal digits expected");
}

/* The next member of an object, up to its value; false at the object's end.
 * Starts with *first true. */
static bool next_member(struct parser *p, bool *first, char name[WORD_BYTES])
{
	if (*first)
		expect(p, '{');
	if (peek(p) == '}') {
		p->at++;
		return false;
	}
	if (!*first)
		expect(p, ',');
	*first = false;
	read_string(p, name);
	expect(p, ':');
	return !p->err;
}

static bool next_element(struct parser *p, bool *first)
{
	if (*first)
		expect(p, '[');
	if (peek(p) == ']') {
		p->at++;
		return false;
	}
	if (!*first)
		expect(p, ',');
	*first = false;
	return !p->err;
}

/* Which of the words it is; sets its bit in `seen`. */
static size_t find_member(struct parser *p, unsigned int *seen,
			  const char *const *words, size_t count,
			  const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], name) != 0)
			continue;
		if (*seen & 1u << i)
			fail(p, "\"%s\" twice", name);
		*seen |= 1u << i;
		return i;
	}
	fail(p, "\"%s\" has no meaning here", name);
	return count;
}

static void require(struct parser *p, unsigned int seen,
		    const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!(seen & 1u << i))
			fail(p, "\"%s\" is missing", words[i]);
	}
}

/* 0 or 1. */
static bool read_flag(struct parser *p)
{
	uint64_t v = read_number(p);

	if (!p->err && v > 1)
		fail(p, "0 or 1 expected");
	return v == 1;
}

/* ---- The genesis ---- */

/* A validator or an account. */
struct entry {
	char name[WORD_BYTES];
	struct public_key key;
	uint64_t number[2]; /* weight; or stake and reputation */
	bool excluded;
};

/* Members in this order: key, the numbers; and optional ones: name, and for
 * accounts whether it is excluded. */
static void read_entry(struct parser *p, struct entry *e,
		       const char *const *words, size_t numbers, size_t count)
{
	char word[WORD_BYTES];
	unsigned int seen = 0;
	bool first = true;

	e->name[0] = '\0';
	e->excluded = false;
	while (next_member(p, &first, word)) {
		size_t i = find_member(p, &seen, words, count, word);

		if (p->err)
			return;
		if (i == 0)
			read_key(p, &e->key);
		else if (i <= numbers)
			e->number[i - 1] = read_number(p);
		else if (i == numbers + 1)
			read_string(p, e->name);
		else
			e->excluded = read_flag(p);
	}
	require(p, seen, words, numbers + 1);
}

/* An error of the genesis itself gets the place added. */
static void adopt(struct parser *p, enum err err, const struct err_text *why)
{
	if (err)
		fail(p, "%.200s", why->text);
}

static void read_validators(struct parser *p, struct genesis *g)
{
	static const char *const WORDS[] = {"key", "weight", "name"};
	bool first = true;

	while (next_element(p, &first)) {
		struct err_text why;
		struct entry e;

		read_entry(p, &e, WORDS, 1, 3);
		if (p->err)
			return;
		adopt(p,
		      genesis_add_validator(g, &e.key, e.number[0], e.name,
					    &why),
		      &why);
	}
}

static void read_accounts(struct parser *p, struct genesis *g)
{
	static const char *const WORDS[] = {"key", "stake", "reputation",
					    "name", "excluded"};
	bool first = true;

	while (next_element(p, &first)) {
		struct err_text why;
		struct entry e;

		read_entry(p, &e, WORDS, 2, 5);
		if (p->err)
			return;
		adopt(p,
		      genesis_add_account(g, &e.key, e.number[0], e.number[1],
					  e.name, &why),
		      &why);
		if (!p->err && e.excluded)
			genesis_exclude_account(g, g->account_count - 1);
	}
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PUBLIC_KEY_BYTES);
}

static void read_members(struct parser *p, struct council *c)
{
	bool first = true;

	while (next_element(p, &first)) {
		if (c->count == LIMIT_COUNCIL) {
			fail(p, "a council has at most %u members",
			     LIMIT_COUNCIL);
			return;
		}
		read_key(p, &c->members[c->count]);
		if (p->err)
			return;
		c->count++;
	}
	if (c->count > 0)
		qsort(c->members, c->count, sizeof(c->members[0]), by_bytes);
}

static void read_council(struct parser *p, struct genesis *g)
{
	static const char *const WORDS[] = {"members", "threshold",
					    "threshold_delayed"};
	uint64_t number[2] = {0, 0};
	char word[WORD_BYTES];
	unsigned int seen = 0;
	bool first = true;

	while (next_member(p, &first, word)) {
		size_t i = find_member(p, &seen, WORDS, 3, word);

		if (p->err)
			return;
		if (i == 0)
			read_members(p, &g->council);
		else
			number[i - 1] = read_number(p);
	}
	require(p, seen, WORDS, 3);
	if (!p->err && (number[0] > LIMIT_COUNCIL || number[1] > LIMIT_COUNCIL))
		fail(p, "council: a threshold above %u", LIMIT_COUNCIL);
	g->council.threshold = (uint32_t)number[0];
	g->council.threshold_delayed = (uint32_t)number[1];
}

static void read_parameters(struct parser *p, struct genesis *g)
{
	bool seen[GENESIS_PARAM_COUNT + 1] = {false};
	char word[WORD_BYTES];
	bool first = true;

	while (next_member(p, &first, word)) {
		struct err_text why;
		size_t index = genesis_param_find(word);
		uint64_t value = read_number(p);

		if (p->err)
			return;
		if (seen[index])
			fail(p, "\"%s\" twice", word);
		seen[index] = true;
		adopt(p, genesis_param_set(g, word, value, &why), &why);
	}
}

static void read_chain_id(struct parser *p, struct genesis *g)
{
	char word[WORD_BYTES];

	read_string(p, word);
	if (strlen(word) > LIMIT_CHAIN_ID_BYTES)
		fail(p, "chain_id: at most %u bytes", LIMIT_CHAIN_ID_BYTES);
	else
		memcpy(g->chain_id, word, strlen(word) + 1);
}

static void read_genesis(struct parser *p, struct genesis *g)
{
	static const char *const WORDS[] = {"chain_id",	  "time_ms",
					    "validators", "accounts",
					    "parameters", "council"};
	char word[WORD_BYTES];
	unsigned int seen = 0;
	bool first = true;

	while (next_member(p, &first, word)) {
		switch (find_member(p, &seen, WORDS, 6, word)) {
		case 0:
			read_chain_id(p, g);
			break;
		case 1:
			g->time_ms = read_number(p);
			break;
		case 2:
			read_validators(p, g);
			break;
		case 3:
			read_accounts(p, g);
			break;
		case 4:
			read_parameters(p, g);
			break;
		case 5:
			read_council(p, g);
			break;
		}
	}
	require(p, seen, WORDS, 4);
	if (peek(p) != '\0' || p->at != p->end)
		fail(p, "something behind the end");
}

enum err genesis_json_parse(struct genesis *g, struct bytes json,
			    const char *origin, struct err_text *text)
{
	struct err_text why;
	struct parser p;
	enum err err;

	parser_init(&p, json, origin, text);
	read_genesis(&p, g);
	if (p.err)
		return p.err;
	err = genesis_check(g, &why);
	if (err)
		return err_set(text, err, "%s: %.200s", origin, why.text);
	return ERR_OK;
}

enum err genesis_json_read(struct genesis *g, const char *path,
			   struct err_text *text)
{
	uint8_t *data;
	size_t size;
	enum err err =
		file_read(&data, &size, path, GENESIS_FILE_BYTES_MAX, text);

	if (err)
		return err;
	err = genesis_json_parse(g, (struct bytes){data, size}, path, text);
	free(data);
	return err;
}

/* ---- Writing ---- */

struct page {
	char *data; /* Owned. */
	size_t size;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void put(struct page *page,
						      const char *format, ...)
{
	va_list args;
	int size;

	if (page->room - page->size < 512) {
		page->room = page->room + page->room / 2 + 4096;
		page->data = mem_resize(page->data, page->room);
	}
	va_start(args, format);
	size = vsnprintf(page->data + page->size, page->room - page->size,
			 format, args);
	va_end(args);
	page->size += (size_t)size;
}

static const char *comma(uint32_t index)
{
	return index == 0 ? "" : ",";
}

static void put_parameters(struct page *page, const struct genesis *g)
{
	put(page, "\"parameters\": {");
	for (uint32_t i = 0; i < GENESIS_PARAM_COUNT; i++) {
		struct governance_param_info info;

		genesis_param_info(&info, i);
		put(page, "%s\n \"%s\": \"%" PRIu64 "\"", comma(i), info.name,
		    genesis_param_get(g, i));
	}
	put(page, "},\n");
}

static void put_validators(struct page *page, const struct genesis *g)
{
	put(page, "\"validators\": [");
	for (uint32_t i = 0; i < g->validator_count; i++) {
		const struct genesis_validator *v = &g->validators[i];
		char key[2 * PUBLIC_KEY_BYTES + 1];

		hex_encode(key, v->key.b, PUBLIC_KEY_BYTES);
		put(page,
		    "%s\n {\"name\": \"%s\", \"key\": \"%s\", "
		    "\"weight\": \"%" PRIu64 "\"}",
		    comma(i), v->name, key, v->weight);
	}
	put(page, "],\n");
}

/* A network without a council says nothing of it. */
static void put_council(struct page *page, const struct council *c)
{
	if (c->count == 0)
		return;
	put(page, "\"council\": {\"members\": [");
	for (uint32_t i = 0; i < c->count; i++) {
		char key[2 * PUBLIC_KEY_BYTES + 1];

		hex_encode(key, c->members[i].b, PUBLIC_KEY_BYTES);
		put(page, "%s\n \"%s\"", comma(i), key);
	}
	put(page,
	    "],\n \"threshold\": \"%u\", "
	    "\"threshold_delayed\": \"%u\"},\n",
	    c->threshold, c->threshold_delayed);
}

static void put_accounts(struct page *page, const struct genesis *g)
{
	put(page, "\"accounts\": [");
	for (uint32_t i = 0; i < g->account_count; i++) {
		const struct genesis_account *a = &g->accounts[i];
		char key[2 * PUBLIC_KEY_BYTES + 1];

		hex_encode(key, a->key.b, PUBLIC_KEY_BYTES);
		put(page,
		    "%s\n {\"name\": \"%s\", \"key\": \"%s\", "
		    "\"stake\": \"%" PRIu64 "\", \"reputation\": \"%" PRIu64
		    "\"%s}",
		    comma(i), genesis_account_name(g, i), key, a->stake,
		    a->reputation, a->excluded ? ", \"excluded\": 1" : "");
	}
	put(page, "]");
}

enum err genesis_json_write(const struct genesis *g, const char *path,
			    struct err_text *text)
{
	struct page page = {NULL, 0, 0};
	enum err err;

	put(&page, "{\"chain_id\": \"%s\",\n\"time_ms\": \"%" PRIu64 "\",\n",
	    g->chain_id, g->time_ms);
	put_parameters(&page, g);
	put_validators(&page, g);
	put_council(&page, &g->council);
	put_accounts(&page, g);
	put(&page, "}\n");
	err = file_replace(path, page.data, page.size, 0644, text);
	free(page.data);
	return err;
}

/* ---- CSV ---- */

bool decimal_parse(uint64_t *out, struct bytes text, unsigned int places)
{
	bool point = false;
	bool digit = false;
	uint64_t v = 0;
	size_t i = 0;

	for (; i < text.size; i++) {
		unsigned int d = text.data[i] - (unsigned int)'0';

		if (text.data[i] == '.' && digit && !point && places > 0) {
			point = true;
			digit = false;
			continue;
		}
		if (d > 9 || (point && places == 0) ||
		    __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return false;
		digit = true;
		places -= point;
	}
	for (; places > 0; places--) {
		if (__builtin_mul_overflow(v, 10u, &v))
			return false;
	}
	*out = v;
	return digit;
}

/* The next line without its end; false when there is none. */
static bool next_line(struct parser *p, struct bytes *line)
{
	const char *end;

	if (p->at == p->end)
		return false;
	end = memchr(p->at, '\n', (size_t)(p->end - p->at));
	if (!end)
		end = p->end;
	line->data = (const uint8_t *)p->at;
	line->size = (size_t)(end - p->at);
	p->at = end == p->end ? end : end + 1;
	if (line->size > 0 && line->data[line->size - 1] == '\r')
		line->size--;
	return true;
}

/* Split at commas; true when there are exactly three fields. */
static bool split_line(struct bytes line, struct bytes field[3])
{
	size_t n = 0;

	field[0] = (struct bytes){line.data, 0};
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] != ',') {
			field[n].size++;
			continue;
		}
		if (++n == 3)
			return false;
		field[n] = (struct bytes){line.data + i + 1, 0};
	}
	return n == 2;
}

static uint64_t csv_number(struct parser *p, struct bytes field,
			   unsigned int places, const char *what)
{
	uint64_t value = 0;

	if (field.size > 0 && !decimal_parse(&value, field, places))
		fail(p,
		     "%s: a number with at most %u digits behind the point "
		     "expected",
		     what, places);
	return value;
}

static void csv_line(struct parser *p, struct genesis *g, struct bytes line,
		     const struct genesis_keys *keys)
{
	struct err_text why = {""};
	char name[GENESIS_NAME_BYTES + 1];
	struct public_key key;
	struct bytes field[3];
	uint64_t stake;
	uint64_t reputation;

	if (!split_line(line, field)) {
		fail(p, "three fields expected: name,stake,reputation");
		return;
	}
	if (field[0].size == 0 || field[0].size > GENESIS_NAME_BYTES) {
		fail(p, "a name has 1 to %u bytes", GENESIS_NAME_BYTES);
		return;
	}
	memcpy(name, field[0].data, field[0].size);
	name[field[0].size] = '\0';
	stake = csv_number(p, field[1], 6, "stake");
	reputation = csv_number(p, field[2], 3, "reputation");
	if (p->err)
		return;
	p->err = keys->get(keys->context, &key, name, p->text);
	if (!p->err)
		adopt(p,
		      genesis_add_account(g, &key, stake, reputation, name,
					  &why),
		      &why);
}

enum err genesis_csv_parse(struct genesis *g, struct bytes csv,
			   const char *origin, const struct genesis_keys *keys,
			   struct err_text *text)
{
	static const char HEADER[] = "name,stake,reputation";
	struct bytes line;
	struct parser p;

	parser_init(&p, csv, origin, text);
	if (!next_line(&p, &line) || line.size != strlen(HEADER) ||
	    memcmp(line.data, HEADER, line.size) != 0)
		fail(&p, "the first line must be %s", HEADER);
	while (!p.err && next_line(&p, &line)) {
		p.line++;
		if (line.size > 0)
			csv_line(&p, g, line, keys);
	}
	return p.err;
}

enum err genesis_csv_read(struct genesis *g, const char *path,
			  const struct genesis_keys *keys,
			  struct err_text *text)
{
	uint8_t *data;
	size_t size;
	enum err err =
		file_read(&data, &size, path, GENESIS_FILE_BYTES_MAX, text);

	if (err)
		return err;
	err = genesis_csv_parse(g, (struct bytes){data, size}, path, keys,
				text);
	free(data);
	return err;
}
