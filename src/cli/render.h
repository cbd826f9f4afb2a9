/* What people see: aligned columns, bars, numbers they can read.
 *
 * Widths count terminal cells of UTF-8 text without combining marks. Colour
 * is used only where cli->color says so. */
#ifndef BCAI_CLI_RENDER_H
#define BCAI_CLI_RENDER_H

#include "cli/cli.h"

#define BAR_CELLS 20

enum color { COLOR_NONE, COLOR_GREEN, COLOR_RED, COLOR_YELLOW, COLOR_DIM };

/* Texts in static rings: valid until eight more were made. */
const char *show_thousands(const char *digits); /* "13,712" */
const char *show_count(uint64_t n);
const char *show_some(uint64_t n, const char *thing); /* "2 proposals" */
/* A decimal string of units with `places` digits behind the point: tokens
 * from micro-tokens with 6, points with 3. Trailing zeros are left out. */
const char *show_decimal(const char *digits, unsigned places);
const char *show_duration(uint64_t ms);	 /* "5 h 12 min" */
const char *show_time(uint64_t ms);	 /* "2026-11-24 13:00 UTC" */
const char *show_short(const char *hex); /* "9f3c…e1" */
/* part / whole in percent with one digit, from decimal strings of up to 128
 * bits; "–" when the whole is 0. */
const char *show_percent(const char *part, const char *whole);
const char *show_bp(uint64_t bp); /* "82.9%" */
/* Twenty cells, filled as far as part / whole. */
const char *show_bar(const char *part, const char *whole);
const char *show_mark(bool good); /* "✓" or "✗" */

/* Rows {ok, name, text}, each behind a coloured mark; names as wide as that. */
void show_findings(const struct cli *cli, const json_t *rows, int width);

/* What proposal.preview answers. */
void show_changes(const json_t *preview);

unsigned __int128 parse_u128(const char *digits);

void color_begin(const struct cli *cli, enum color color);
void color_end(const struct cli *cli);

/* A table is filled cell by cell, then printed with each column as wide as
 * its widest cell. */
struct table;
struct table *table_new(int columns);
/* The first row: as many names as there are columns. */
void table_head(struct table *t, const char *const *names);
/* Right-align a column. */
void table_right(struct table *t, int column);
void table_cell(struct table *t, const char *text);
/* Print with two spaces between columns, free and null. */
void table_print(struct table **t, FILE *out);

/* The name of a key in cli->keys, or its short form. Valid until eight more
 * were asked for. */
const char *show_account(struct cli *cli, const char *public_key);

/* A bar on a terminal's stderr, a plain line now and then elsewhere. */
struct progress {
	const struct cli *cli;
	const char *what;
	const char *unit;
	uint64_t total; /* 0: unknown */
	uint64_t started_ms;
	uint64_t shown_ms;
	uint64_t shown;
};
void progress_begin(struct progress *p, const struct cli *cli, const char *what,
		    const char *unit, uint64_t total);
void progress_step(struct progress *p, uint64_t done);
void progress_end(struct progress *p, uint64_t done);

#endif
