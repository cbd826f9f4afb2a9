/* Batches, and the way into the two implementations. */
#include "storage/store.h"

#include "base/arena.h"
#include "base/assert.h"
#include "storage/store_impl.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_FIRST_BYTES 512

enum change_kind { CHANGE_PUT = 1, CHANGE_DELETE = 2 };

void store_batch_init(struct store_batch *b)
{
	memset(b, 0, sizeof(*b));
}

void store_batch_fini(struct store_batch *b)
{
	free(b->data);
	store_batch_init(b);
}

void store_batch_clear(struct store_batch *b)
{
	b->size = 0;
	b->count = 0;
}

/* A change: kind u8, key blob, and for a put the value blob. */
static void add_change(struct store_batch *b, enum change_kind kind,
		       struct bytes key, struct bytes value)
{
	size_t need = b->size + 1 + 4 + key.size + 4 + value.size;
	struct writer w;

	assert(key.size > 0 && key.size <= STORE_KEY_BYTES_MAX);
	assert(value.size <= UINT32_MAX);
	if (need > b->capacity) {
		size_t capacity = b->capacity ? b->capacity : BATCH_FIRST_BYTES;

		while (capacity < need)
			capacity *= 2;
		b->data = mem_resize(b->data, capacity);
		b->capacity = capacity;
	}
	writer_init(&w, b->data + b->size, b->capacity - b->size);
	write_u8(&w, (uint8_t)kind);
	write_blob(&w, key.data, key.size);
	if (kind == CHANGE_PUT)
		write_blob(&w, value.data, value.size);
	assert(!w.bad);
	b->size += w.size;
	b->count++;
}

void store_batch_put(struct store_batch *b, const void *key, size_t key_size,
		     const void *value, size_t value_size)
{
	struct bytes k = {key, key_size};
	struct bytes v = {value, value_size};

	add_change(b, CHANGE_PUT, k, v);
}

void store_batch_delete(struct store_batch *b, const void *key, size_t key_size)
{
	struct bytes k = {key, key_size};
	struct bytes none = {NULL, 0};

	add_change(b, CHANGE_DELETE, k, none);
}

bool store_batch_next(const struct store_batch *b, size_t *offset,
		      struct store_change *out)
{
	struct reader r;
	uint8_t kind;

	if (*offset == b->size)
		return false;
	reader_init(&r, b->data + *offset, b->size - *offset);
	kind = read_u8(&r);
	out->key = read_blob(&r, STORE_KEY_BYTES_MAX);
	out->value.data = NULL;
	out->value.size = 0;
	if (kind == CHANGE_PUT)
		out->value = read_blob(&r, UINT32_MAX);
	assert(!r.bad);
	*offset += r.offset;
	return true;
}

bool store_has_prefix(struct bytes key, struct bytes prefix)
{
	return key.size >= prefix.size &&
	       (prefix.size == 0 ||
		memcmp(key.data, prefix.data, prefix.size) == 0);
}

int store_compare(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

void store_close(struct store **s)
{
	if (*s)
		(*s)->methods->close(*s);
	*s = NULL;
}

enum err store_get(struct store *s, uint8_t **value, size_t *size,
		   const void *key, size_t key_size, struct err_text *text)
{
	struct bytes k = {key, key_size};

	return s->methods->get(s, value, size, k, text);
}

enum err store_write(struct store *s, const struct store_batch *const *batches,
		     size_t count, bool sync, struct err_text *text)
{
	return s->methods->write(s, batches, count, sync, text);
}

enum err store_scan(struct store *s, struct bytes prefix, struct bytes from,
		    size_t limit, store_visit visit, void *context,
		    struct err_text *text)
{
	if (store_compare(from, prefix) < 0)
		from = prefix;
	return s->methods->scan(s, prefix, from, limit, visit, context, text);
}

enum err store_last(struct store *s, struct bytes prefix, store_visit visit,
		    void *context, struct err_text *text)
{
	return s->methods->last(s, prefix, visit, context, text);
}

enum err store_check(struct store *s, struct store_stats *stats,
		     struct err_text *text)
{
	memset(stats, 0, sizeof(*stats));
	return s->methods->check(s, stats, text);
}

void store_compact(struct store *s, struct bytes from, struct bytes to)
{
	s->methods->compact(s, from, to);
}

uint64_t store_size(struct store *s)
{
	return s->methods->size(s);
}
