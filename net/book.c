#include "net/book.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void book_init(struct book *b, const struct hash *genesis,
	       const struct public_key *self)
{
	memset(b, 0, sizeof(*b));
	b->genesis = *genesis;
	b->self = *self;
	random_bytes(b->salt.b, HASH_BYTES);
}

static void entry_free(struct book *b, struct book_entry *e)
{
	HASH_DEL(b->entries, e);
	free(e);
}

void book_fini(struct book *b)
{
	struct book_entry *e, *next;

	HASH_ITER (hh, b->entries, e, next) {
		entry_free(b, e);
	}
}

struct book_entry *book_find(const struct book *b, const struct public_key *key)
{
	struct book_entry *e;

	HASH_FIND(hh, b->entries, key->b, PUBLIC_KEY_BYTES, e);
	return e;
}

uint32_t book_count(const struct book *b)
{
	return (uint32_t)HASH_COUNT(b->entries);
}

static bool stays(const struct book_entry *e)
{
	return e->pinned || e->configured_host[0] || e->banned_until_ms > 0;
}

static unsigned bucket_of(const struct book *b, const struct public_key *source)
{
	struct hash h;

	_Static_assert(sizeof(struct hash) == sizeof(struct public_key),
		       "hash_two takes both");
	memcpy(h.b, source->b, HASH_BYTES);
	hash_two(&h, "bcai-gov/book-bucket/1", &b->salt, &h);
	return h.b[0] % BOOK_BUCKETS;
}

/* Rather the one never reached, then the one longest ago. */
static bool goes_before(const struct book_entry *a, const struct book_entry *b)
{
	if (a->seen_ms != b->seen_ms)
		return a->seen_ms < b->seen_ms;
	return a->record.time_ms < b->record.time_ms;
}

static void make_room(struct book *b, unsigned bucket)
{
	struct book_entry *worst = NULL;
	struct book_entry *e, *next;
	unsigned count = 0;

	HASH_ITER (hh, b->entries, e, next) {
		if (stays(e) || e->bucket != bucket)
			continue;
		count++;
		if (!worst || goes_before(e, worst))
			worst = e;
	}
	if (count >= BOOK_BUCKET_ENTRIES)
		entry_free(b, worst);
}

static struct book_entry *entry_add(struct book *b,
				    const struct public_key *key)
{
	struct book_entry *e = mem_alloc(sizeof(*e));

	e->record.key = *key;
	e->source = b->self;
	e->bucket = bucket_of(b, &b->self);
	HASH_ADD(hh, b->entries, record.key, PUBLIC_KEY_BYTES, e);
	b->changed = true;
	return e;
}

static struct book_entry *entry_of(struct book *b, const struct public_key *key)
{
	struct book_entry *e = book_find(b, key);

	return e ? e : entry_add(b, key);
}

enum book_learnt book_learn(struct book *b, const struct address_record *r,
			    const struct public_key *source, uint64_t now_ms)
{
	struct book_entry *e = book_find(b, &r->key);
	bool newer = !e || r->time_ms > e->record.time_ms ||
		     e->record.host[0] == '\0';

	if (public_key_equal(&r->key, &b->self) || r->host[0] == '\0')
		return BOOK_NOTHING;
	if (!newer)
		return BOOK_NOTHING;
	if (r->time_ms > now_ms + ADDRESS_AHEAD_MAX_MS ||
	    !address_verify(r, &b->genesis))
		return BOOK_REFUSED;
	if (!e) {
		unsigned bucket = bucket_of(b, source);

		make_room(b, bucket);
		e = entry_add(b, &r->key);
		e->source = *source;
		e->bucket = bucket;
	}
	e->record = *r;
	e->failures = 0;
	b->changed = true;
	return BOOK_NEWER;
}

void book_configure(struct book *b, const struct public_key *key,
		    const char *host, uint16_t port)
{
	struct book_entry *e = entry_of(b, key);

	memset(e->configured_host, 0, sizeof(e->configured_host));
	memcpy(e->configured_host, host, strlen(host));
	e->configured_port = port;
	e->failures = 0;
	b->changed = true;
}

bool book_address(const struct book_entry *e, char host[ADDRESS_HOST_BYTES],
		  uint16_t *port)
{
	bool theirs = e->record.host[0] != '\0' &&
		      (e->configured_host[0] == '\0' || e->failures % 2 == 1);

	memcpy(host, theirs ? e->record.host : e->configured_host,
	       ADDRESS_HOST_BYTES);
	*port = theirs ? e->record.port : e->configured_port;
	return host[0] != '\0';
}

static void drop_if_empty(struct book *b, struct book_entry *e)
{
	if (!stays(e) && e->record.host[0] == '\0')
		entry_free(b, e);
}

void book_pin(struct book *b, const struct public_key *key, bool pinned)
{
	struct book_entry *e = entry_of(b, key);

	e->pinned = pinned;
	drop_if_empty(b, e);
}

void book_seen(struct book *b, const struct public_key *key, uint64_t now_ms)
{
	struct book_entry *e = book_find(b, key);

	if (!e)
		return;
	e->seen_ms = now_ms;
	e->failures = 0;
}

static void limit_bans(struct book *b)
{
	struct book_entry *first = NULL;
	struct book_entry *e, *next;
	unsigned count = 0;

	HASH_ITER (hh, b->entries, e, next) {
		if (e->banned_until_ms == 0)
			continue;
		count++;
		if (!first || e->banned_until_ms < first->banned_until_ms)
			first = e;
	}
	if (count > BOOK_BANS_MAX)
		book_ban(b, &first->record.key, 0);
}

void book_ban(struct book *b, const struct public_key *key, uint64_t until_ms)
{
	struct book_entry *e = entry_of(b, key);

	e->banned_until_ms = until_ms;
	b->changed = true;
	if (until_ms > 0)
		limit_bans(b);
	else
		drop_if_empty(b, e);
}

bool book_is_banned(const struct book *b, const struct public_key *key,
		    uint64_t now_ms)
{
	const struct book_entry *e = book_find(b, key);

	return e && e->banned_until_ms > now_ms;
}

bool book_remove(struct book *b, const struct public_key *key)
{
	struct book_entry *e = book_find(b, key);

	if (!e || (e->record.host[0] == '\0' && e->configured_host[0] == '\0'))
		return false;
	memset(e->record.host, 0, sizeof(e->record.host));
	memset(e->configured_host, 0, sizeof(e->configured_host));
	b->changed = true;
	drop_if_empty(b, e);
	return true;
}
