#include "cli/election.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/files.h"
#include "admin/genesis_json.h"
#include "governance/types.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define FILE_MAX    (1u << 30)
#define FIELDS_MAX  16
#define PLACES_MAX  6u
#define NAME_BYTES  64u
#define TITLE_BYTES 200u

/* Found by name; `index` into the proposals, or a ballot that is there. */
struct entry {
	UT_hash_handle hh;
	uint32_t index;
	char name[];
};

struct csv {
	const char *path;
	char *at; /* the rest of the file */
	unsigned line;
	char *fields[FIELDS_MAX];
	int count;
	struct err_text *text;
};

/* --- CSV --- */

/* One field in place; quotes are taken off. Returns what follows it. */
static char *take_field(char *at, char **field, bool *last)
{
	char *to = at;
	bool quoted = *at == '"';

	*field = at;
	if (quoted)
		at++;
	while (*at && (quoted || (*at != ',' && *at != '\n'))) {
		if (quoted && *at == '"' && at[1] != '"') {
			quoted = false;
			at++;
			continue;
		}
		if (quoted && *at == '"')
			at++;
		*to++ = *at++;
	}
	*last = *at != ',';
	if (*at)
		at++;
	if (to > *field && to[-1] == '\r')
		to--;
	*to = '\0';
	return at;
}

/* The next line that is not empty; false at the end. */
static bool next_line(struct csv *c)
{
	while (*c->at == '\n' || *c->at == '\r') {
		c->line += *c->at == '\n';
		c->at++;
	}
	if (!*c->at)
		return false;
	c->line++;
	c->count = 0;
	for (bool last = false; !last && c->count < FIELDS_MAX; c->count++)
		c->at = take_field(c->at, &c->fields[c->count], &last);
	return true;
}

static enum err find_column(struct csv *c, const char *name, int *column)
{
	for (*column = 0; *column < c->count; (*column)++) {
		if (strcmp(c->fields[*column], name) == 0)
			return ERR_OK;
	}
	return err_set(c->text, ERR_MALFORMED, "%s has no column \"%s\"",
		       c->path, name);
}

static enum err bad_line(const struct csv *c, const char *why)
{
	return err_set(c->text, ERR_MALFORMED, "%s:%u: %s", c->path, c->line,
		       why);
}

/* --- Names --- */

static struct entry *find(struct entry *table, const char *name)
{
	struct entry *found;

	HASH_FIND_STR(table, name, found);
	return found;
}

static void insert(struct entry **table, const char *name, uint32_t index)
{
	size_t size = strlen(name) + 1;
	struct entry *fresh = mem_alloc(sizeof(*fresh) + size);

	memcpy(fresh->name, name, size);
	fresh->index = index;
	HASH_ADD_STR(*table, name, fresh);
}

static void forget(struct entry **table)
{
	struct entry *at, *next;

	HASH_ITER (hh, *table, at, next) {
		HASH_DEL(*table, at);
		free(at);
	}
}

/* --- Ballots --- */

struct reading {
	struct csv csv;
	struct election *election;
	struct entry *proposals;
	struct entry *pairs; /* "bip/voter" */
	int bip, voter, choice, vp;
	uint32_t ballot_room, proposal_room;
};

static uint32_t take_choice(const char *word)
{
	if (strlen(word) == 1 && *word >= '1' && *word <= '3')
		return (uint32_t)(*word - '0');
	return choice_from_name(word);
}

static uint32_t take_proposal(struct reading *r, const char *name)
{
	struct election *e = r->election;
	struct entry *known = find(r->proposals, name);
	struct election_proposal *p;
	char title[TITLE_BYTES];

	if (known)
		return known->index;
	if (e->proposal_count == r->proposal_room) {
		r->proposal_room = r->proposal_room ? 2 * r->proposal_room : 64;
		e->proposals = mem_resize(
			e->proposals, r->proposal_room * sizeof(*e->proposals));
	}
	p = &e->proposals[e->proposal_count];
	memset(p, 0, sizeof(*p));
	snprintf(title, sizeof(title), "Proposal %s", name);
	p->name = mem_copy(name, strlen(name) + 1);
	p->title = mem_copy(title, strlen(title) + 1);
	insert(&r->proposals, name, e->proposal_count);
	return e->proposal_count++;
}

static enum err take_ballot(struct reading *r)
{
	struct csv *c = &r->csv;
	struct election *e = r->election;
	char pair[2 * NAME_BYTES + 2];
	struct election_ballot *b;
	const char *vp;
	struct bytes digits;

	if (c->count <= r->bip || c->count <= r->voter ||
	    c->count <= r->choice || c->count <= r->vp)
		return bad_line(c, "a field is missing");
	if (strlen(c->fields[r->bip]) > NAME_BYTES ||
	    strlen(c->fields[r->voter]) > NAME_BYTES || !*c->fields[r->voter])
		return bad_line(c, "a name is empty or longer than 64 bytes");
	snprintf(pair, sizeof(pair), "%s/%s", c->fields[r->bip],
		 c->fields[r->voter]);
	if (find(r->pairs, pair))
		return bad_line(c, "the voter has a ballot on it already");
	insert(&r->pairs, pair, 0);
	if (e->ballot_count == r->ballot_room) {
		r->ballot_room = r->ballot_room ? 2 * r->ballot_room : 1024;
		e->ballots = mem_resize(e->ballots,
					r->ballot_room * sizeof(*e->ballots));
	}
	b = &e->ballots[e->ballot_count];
	vp = c->fields[r->vp];
	digits = (struct bytes){(const uint8_t *)vp, strlen(vp)};
	b->choice = take_choice(c->fields[r->choice]);
	if (b->choice == 0)
		return bad_line(c, "choice is 1 (for), 2 (against) or 3 "
				   "(abstain)");
	if (!decimal_parse(&b->power, digits, e->places))
		return bad_line(c, "vp is not a number with at most 6 "
				   "decimals, or too large");
	b->proposal = take_proposal(r, c->fields[r->bip]);
	b->voter =
		mem_copy(c->fields[r->voter], strlen(c->fields[r->voter]) + 1);
	e->ballot_count++;
	e->proposals[b->proposal].sums.ballots++;
	e->proposals[b->proposal].sums.power[b->choice - 1] += b->power;
	return ERR_OK;
}

/* The most decimals that any number in the file has. */
static unsigned count_places(const char *data)
{
	unsigned most = 0;

	for (const char *dot = strchr(data, '.'); dot;
	     dot = strchr(dot + 1, '.')) {
		size_t digits = strspn(dot + 1, "0123456789");

		if (strchr(",\r\n", dot[1 + digits]) && digits > most)
			most = (unsigned)digits;
	}
	return most > PLACES_MAX ? PLACES_MAX : most;
}

static enum err read_rows(struct reading *r)
{
	struct csv *c = &r->csv;
	enum err e;

	if (!next_line(c))
		return bad_line(c, "the file is empty");
	e = find_column(c, "bip", &r->bip);
	if (!e)
		e = find_column(c, "voter", &r->voter);
	if (!e)
		e = find_column(c, "choice", &r->choice);
	if (!e)
		e = find_column(c, "vp", &r->vp);
	while (!e && next_line(c))
		e = take_ballot(r);
	return e;
}

enum err election_read(struct election *out, const char *path,
		       struct err_text *text)
{
	struct reading r = {.csv = {.path = path, .text = text},
			    .election = out};
	uint8_t *data;
	size_t size;
	enum err e = file_read(&data, &size, path, FILE_MAX, text);

	memset(out, 0, sizeof(*out));
	if (e)
		return e;
	r.csv.at = (char *)data;
	out->places = count_places(r.csv.at);
	e = read_rows(&r);
	free(data);
	forget(&r.proposals);
	forget(&r.pairs);
	if (!e && out->ballot_count == 0)
		e = err_set(text, ERR_MALFORMED, "%s has no ballots", path);
	if (e)
		election_free(out);
	return e;
}

/* --- Titles --- */

static void set_title(struct election *e, const char *name, const char *title)
{
	for (uint32_t i = 0; i < e->proposal_count; i++) {
		struct election_proposal *p = &e->proposals[i];

		if (strcmp(p->name, name) != 0 || !*title ||
		    strlen(title) > TITLE_BYTES)
			continue;
		free(p->title);
		p->title = mem_copy(title, strlen(title) + 1);
	}
}

enum err election_read_titles(struct election *e, const char *path,
			      struct err_text *text)
{
	struct csv c = {.path = path, .text = text};
	int bip, title;
	uint8_t *data;
	size_t size;
	enum err err = file_read(&data, &size, path, FILE_MAX, text);

	if (err)
		return err;
	c.at = (char *)data;
	if (!next_line(&c))
		err = bad_line(&c, "the file is empty");
	if (!err)
		err = find_column(&c, "bip", &bip);
	if (!err)
		err = find_column(&c, "title", &title);
	while (!err && next_line(&c)) {
		if (c.count > bip && c.count > title)
			set_title(e, c.fields[bip], c.fields[title]);
	}
	free(data);
	return err;
}

void election_free(struct election *e)
{
	for (uint32_t i = 0; i < e->proposal_count; i++) {
		free(e->proposals[i].name);
		free(e->proposals[i].title);
	}
	for (uint32_t i = 0; i < e->ballot_count; i++)
		free(e->ballots[i].voter);
	free(e->proposals);
	free(e->ballots);
	memset(e, 0, sizeof(*e));
}
