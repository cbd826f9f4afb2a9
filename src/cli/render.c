#include "cli/render.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "crypto/keystore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING	   16
#define TEXT_BYTES 96

static char *next_text(void)
{
	static char ring[RING][TEXT_BYTES];
	static unsigned at;

	at = (at + 1) % RING;
	ring[at][0] = '\0';
	return ring[at];
}

unsigned __int128 parse_u128(const char *digits)
{
	unsigned __int128 v = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		v = v * 10 + (unsigned)(*digits - '0');
	return v;
}

const char *show_thousands(const char *digits)
{
	char *out = next_text();
	size_t size = strlen(digits), n = 0;

	for (size_t i = 0; i < size && n + 2 < TEXT_BYTES; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			out[n++] = ',';
		out[n++] = digits[i];
	}
	out[n] = '\0';
	return out;
}

const char *show_count(uint64_t n)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, n);
	return show_thousands(digits);
}

const char *show_some(uint64_t n, const char *thing)
{
	char *out = next_text();

	snprintf(out, TEXT_BYTES, "%s %s%s", show_count(n), thing,
		 n == 1 ? "" : "s");
	return out;
}

const char *show_decimal(const char *digits, unsigned places)
{
	uint64_t v = 0, unit = 1, rest;
	char *out = next_text();
	char tail[24];
	size_t n;

	if (!parse_u64(digits, &v))
		return "";
	for (unsigned i = 0; i < places; i++)
		unit *= 10;
	rest = v % unit;
	if (rest == 0)
		return show_count(v / unit);
	snprintf(tail, sizeof(tail), "%0*" PRIu64, (int)places, rest);
	for (n = strlen(tail); n > 0 && tail[n - 1] == '0'; n--)
		tail[n - 1] = '\0';
	snprintf(out, TEXT_BYTES, "%s.%s", show_count(v / unit), tail);
	return out;
}

const char *show_duration(uint64_t ms)
{
	uint64_t s = ms / 1000;
	char *out = next_text();

	if (ms < 10000)
		snprintf(out, TEXT_BYTES, "%" PRIu64 ".%" PRIu64 " s", s,
			 ms % 1000 / 100);
	else if (s < 120)
		snprintf(out, TEXT_BYTES, "%" PRIu64 " s", s);
	else if (s < 7200)
		snprintf(out, TEXT_BYTES, "%" PRIu64 " min %" PRIu64 " s",
			 s / 60, s % 60);
	else if (s < 48 * 3600)
		snprintf(out, TEXT_BYTES, "%" PRIu64 " h %" PRIu64 " min",
			 s / 3600, s % 3600 / 60);
	else
		snprintf(out, TEXT_BYTES, "%" PRIu64 " d %" PRIu64 " h",
			 s / 86400, s % 86400 / 3600);
	return out;
}

const char *show_time(uint64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char *out = next_text();
	struct tm t;

	if (ms == 0)
		return "–";
	gmtime_r(&s, &t);
	strftime(out, TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &t);
	return out;
}

const char *show_short(const char *hex)
{
	char *out = next_text();
	size_t size = strlen(hex);

	if (size < 12)
		snprintf(out, TEXT_BYTES, "%s", hex);
	else
		snprintf(out, TEXT_BYTES, "%.6s…%s", hex, hex + size - 4);
	return out;
}

/* Parts of 10,000, without overflow: both sides shrink together. */
static uint64_t ratio_bp(const char *part, const char *whole)
{
	unsigned __int128 p = parse_u128(part), w = parse_u128(whole);

	while (w >> 100) {
		p >>= 1;
		w >>= 1;
	}
	return w == 0 ? 0 : (uint64_t)(p * 10000 / w);
}

const char *show_bp(uint64_t bp)
{
	char *out = next_text();

	snprintf(out, TEXT_BYTES, "%" PRIu64 ".%" PRIu64 "%%", bp / 100,
		 bp % 100 / 10);
	return out;
}

const char *show_percent(const char *part, const char *whole)
{
	if (parse_u128(whole) == 0)
		return "–";
	return show_bp(ratio_bp(part, whole));
}

const char *show_bar(const char *part, const char *whole)
{
	uint64_t full = (ratio_bp(part, whole) * BAR_CELLS + 5000) / 10000;
	char *out = next_text();

	if (full > BAR_CELLS)
		full = BAR_CELLS;
	for (uint64_t i = 0; i < BAR_CELLS; i++)
		strcat(out, i < full ? "█" : "░");
	return out;
}

const char *show_mark(bool good)
{
	return good ? "✓" : "✗";
}

void color_begin(const struct cli *cli, enum color color)
{
	static const char *const CODES[] = {"", "\033[32m", "\033[31m",
					    "\033[33m", "\033[2m"};

	if (cli->color)
		fputs(CODES[color], stdout);
}

void color_end(const struct cli *cli)
{
	if (cli->color)
		fputs("\033[0m", stdout);
}

void show_changes(const json_t *preview)
{
	const json_t *list = json_object_get(preview, "changes"), *row;
	const json_t *error = json_object_get(preview, "error");
	size_t i;

	if (json_is_object(error))
		printf("it could not be executed now: %s\n%s\n",
		       json_get_text(error, "message"),
		       json_get_text(error, "hint"));
	json_array_foreach (list, i, row)
		printf("would change  %s: %s -> %s (%s)\n",
		       json_get_text(row, "what"), json_get_text(row, "from"),
		       json_get_text(row, "to"), json_get_text(row, "when"));
}

void show_findings(const struct cli *cli, const json_t *rows, int width)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		bool ok = json_is_true(json_object_get(row, "ok"));

		color_begin(cli, ok ? COLOR_GREEN : COLOR_RED);
		fputs(show_mark(ok), stdout);
		color_end(cli);
		printf(" %-*s %s\n", width, json_get_text(row, "name"),
		       json_get_text(row, "text"));
	}
}

/* --- Tables --- */

struct table {
	int columns;
	bool *right;
	size_t *width;
	char **cells;
	size_t count, capacity;
};

static size_t cells_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

struct table *table_new(int columns)
{
	struct table *t = mem_alloc(sizeof(*t));

	t->columns = columns;
	t->right = mem_alloc((size_t)columns * sizeof(*t->right));
	t->width = mem_alloc((size_t)columns * sizeof(*t->width));
	return t;
}

void table_right(struct table *t, int column)
{
	t->right[column] = true;
}

void table_cell(struct table *t, const char *text)
{
	size_t column = t->count % (size_t)t->columns;
	size_t width = cells_of(text);

	if (t->count == t->capacity) {
		t->capacity = t->capacity ? t->capacity * 2 : 64;
		t->cells =
			mem_resize(t->cells, t->capacity * sizeof(*t->cells));
	}
	t->cells[t->count++] = mem_copy(text, strlen(text) + 1);
	if (width > t->width[column])
		t->width[column] = width;
}

void table_head(struct table *t, const char *const *names)
{
	for (int i = 0; i < t->columns; i++)
		table_cell(t, names[i]);
}

/* Nothing but empty cells to its right: no blanks are printed there. */
static bool is_last(const struct table *t, size_t i)
{
	size_t end = (i / (size_t)t->columns + 1) * (size_t)t->columns;

	for (size_t k = i + 1; k < end && k < t->count; k++) {
		if (t->cells[k][0])
			return false;
	}
	return true;
}

static void print_cell(const struct table *t, size_t i, FILE *out)
{
	size_t column = i % (size_t)t->columns;
	size_t pad = t->width[column] - cells_of(t->cells[i]);
	bool last = is_last(t, i), blank = last && !t->cells[i][0];

	for (size_t k = 0; !blank && t->right[column] && k < pad; k++)
		fputc(' ', out);
	fputs(t->cells[i], out);
	for (size_t k = 0; !last && !t->right[column] && k < pad; k++)
		fputc(' ', out);
	if (!last)
		fputs("  ", out);
	if (column + 1 == (size_t)t->columns)
		fputc('\n', out);
}

void table_print(struct table **table, FILE *out)
{
	struct table *t = *table;

	for (size_t i = 0; i < t->count; i++) {
		print_cell(t, i, out);
		free(t->cells[i]);
	}
	free(t->cells);
	free(t->width);
	free(t->right);
	free(t);
	*table = NULL;
}

/* --- Names of keys --- */

struct names {
	bool read;
	size_t count, capacity;
	struct key_info *rows;
};

static void remember(void *context, enum err outcome,
		     const struct key_info *info)
{
	struct names *n = context;

	if (outcome)
		return;
	if (n->count == n->capacity) {
		n->capacity = n->capacity ? n->capacity * 2 : 64;
		n->rows = mem_resize(n->rows, n->capacity * sizeof(*n->rows));
	}
	n->rows[n->count++] = *info;
}

static int by_key(const void *a, const void *b)
{
	return public_key_compare(&((const struct key_info *)a)->public_key,
				  &((const struct key_info *)b)->public_key);
}

const char *show_account(struct cli *cli, const char *public_key)
{
	static struct names names;
	const struct key_info *found = NULL;
	struct key_info wanted;
	char *out;

	if (!names.read) {
		names.read = true;
		if (keystore_list(cli->keys, remember, &names, NULL))
			names.count = 0;
		if (names.count)
			qsort(names.rows, names.count, sizeof(*names.rows),
			      by_key);
	}
	if (names.count && hex_decode(wanted.public_key.b, PUBLIC_KEY_BYTES,
				      public_key, strlen(public_key)))
		found = bsearch(&wanted, names.rows, names.count,
				sizeof(*names.rows), by_key);
	if (!found)
		return show_short(public_key);
	out = next_text();
	snprintf(out, TEXT_BYTES, "%s", found->name);
	return out;
}

/* --- Progress --- */

#define PROGRESS_MS	  100u
#define PROGRESS_PLAIN_MS 5000u

void progress_begin(struct progress *p, const struct cli *cli, const char *what,
		    const char *unit, uint64_t total)
{
	*p = (struct progress){.cli = cli,
			       .what = what,
			       .unit = unit,
			       .total = total,
			       .started_ms = clock_mono_ms()};
	p->shown_ms = p->started_ms;
}

static void progress_show(struct progress *p, uint64_t done, uint64_t now)
{
	uint64_t spent = now - p->started_ms;
	uint64_t rate = spent ? done * 1000 / spent : 0;
	char part[24], whole[24], left[48] = "";

	snprintf(part, sizeof(part), "%" PRIu64, done);
	snprintf(whole, sizeof(whole), "%" PRIu64, p->total);
	if (rate && p->total > done)
		snprintf(left, sizeof(left), "  %s left",
			 show_duration((p->total - done) * 1000 / rate));
	if (p->total == 0)
		fprintf(stderr, "%s%s  %s %s  %s/s%s",
			p->cli->progress ? "\r" : "", p->what,
			show_thousands(part), p->unit, show_count(rate),
			p->cli->progress ? "\033[K" : "\n");
	else if (!p->cli->progress)
		fprintf(stderr, "%s %s / %s\n", p->what, show_thousands(part),
			show_thousands(whole));
	else
		fprintf(stderr, "\r%s  %s  %s / %s  %s %s/s%s\033[K", p->what,
			show_bar(part, whole), show_thousands(part),
			show_thousands(whole), show_count(rate), p->unit, left);
}

void progress_step(struct progress *p, uint64_t done)
{
	uint64_t now = clock_mono_ms();
	uint64_t pause = p->cli->progress ? PROGRESS_MS : PROGRESS_PLAIN_MS;

	if (now - p->shown_ms < pause)
		return;
	p->shown_ms = now;
	p->shown = done;
	progress_show(p, done, now);
}

void progress_end(struct progress *p, uint64_t done)
{
	progress_show(p, done, clock_mono_ms());
	if (p->cli->progress)
		fputc('\n', stderr);
}
