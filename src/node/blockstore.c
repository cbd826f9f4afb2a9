#include "node/blockstore.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static struct writer begin(struct store_key *key, char prefix)
{
	struct writer w;

	writer_init(&w, key->data, sizeof(key->data));
	write_u8(&w, (uint8_t)prefix);
	return w;
}

static struct store_key end(struct store_key *key, const struct writer *w)
{
	assert(!w->bad);
	key->size = w->size;
	return *key;
}

static struct store_key number_key(char prefix, uint64_t number)
{
	struct store_key key;
	struct writer w = begin(&key, prefix);

	write_u64(&w, number);
	return end(&key, &w);
}

struct store_key key_block(uint64_t height)
{
	return number_key('h', height);
}

struct store_key key_finalization(uint64_t height)
{
	return number_key('f', height);
}

struct store_key key_checkpoint(uint64_t height)
{
	return number_key('k', height);
}

struct store_key key_batches_of(uint32_t origin)
{
	struct store_key key;
	struct writer w = begin(&key, 'b');

	write_u32(&w, origin);
	return end(&key, &w);
}

struct store_key key_batch(const struct batch_ref *ref)
{
	struct store_key key;
	struct writer w = begin(&key, 'b');

	write_u32(&w, ref->origin);
	write_u64(&w, ref->sequence);
	write_bytes(&w, ref->digest.b, HASH_BYTES);
	return end(&key, &w);
}

struct store_key key_unfinished(const struct batch_ref *ref)
{
	struct store_key key = key_batch(ref);

	key.data[0] = 'u';
	return key;
}

struct store_key key_tx(const struct hash *id)
{
	struct store_key key;
	struct writer w = begin(&key, 't');

	write_bytes(&w, id->b, 16);
	return end(&key, &w);
}

struct store_key key_candidate(uint64_t view, const struct hash *digest)
{
	struct store_key key;
	struct writer w = begin(&key, 'c');

	write_u64(&w, view);
	write_bytes(&w, digest->b, HASH_BYTES);
	return end(&key, &w);
}

struct store_key key_state(struct bytes state)
{
	struct store_key key;
	struct writer w = begin(&key, 's');

	write_bytes(&w, state.data, state.size);
	return end(&key, &w);
}

void blockstore_put(struct store_batch *to, const struct store_key *key,
		    const void *value, size_t size)
{
	store_batch_put(to, key->data, key->size, value, size);
}

static struct store_key key_present(const struct batch_ref *ref)
{
	struct store_key key = key_batch(ref);

	key.data[0] = 'p';
	return key;
}

void blockstore_put_batch(struct store_batch *to, const struct batch_ref *ref,
			  struct bytes raw)
{
	struct store_key key = key_batch(ref);

	blockstore_put(to, &key, raw.data, raw.size);
	key = key_present(ref);
	blockstore_put(to, &key, "", 0);
}

static bool has(struct store *s, const struct store_key *key)
{
	uint8_t *value;
	size_t size;

	if (blockstore_get(s, key, &value, &size) != ERR_OK)
		return false;
	free(value);
	return true;
}

bool blockstore_has_batch(struct store *s, const struct batch_ref *ref)
{
	struct store_key key = key_present(ref);

	return has(s, &key);
}

void blockstore_put_tx(struct store_batch *to, const struct hash *id,
		       uint64_t height, uint32_t index)
{
	struct store_key key = key_tx(id);
	uint8_t value[12];
	struct writer w;

	writer_init(&w, value, sizeof(value));
	write_u64(&w, height);
	write_u32(&w, index);
	blockstore_put(to, &key, value, w.size);
}

#define EVENT_BYTES (1 + 6 * 4 + 8)

static void write_event(struct writer *w, const struct governance_event *e,
			uint32_t result)
{
	write_u8(w, (uint8_t)e->kind);
	write_u32(w, result);
	write_u32(w, e->proposal);
	write_u32(w, e->account);
	write_u32(w, e->from);
	write_u32(w, e->state);
	write_u32(w, e->other);
	write_u64(w, e->amount);
}

static void read_event(struct reader *r, struct stored_event *out)
{
	struct governance_event *e = &out->event;

	memset(out, 0, sizeof(*out));
	e->kind = (enum governance_event_kind)read_u8(r);
	out->result = read_u32(r);
	e->proposal = read_u32(r);
	e->account = read_u32(r);
	e->from = read_u32(r);
	e->state = (enum proposal_state)read_u32(r);
	e->other = read_u32(r);
	e->amount = read_u64(r);
}

void blockstore_put_events(struct store_batch *to, uint64_t height,
			   const struct ledger_update *up)
{
	struct store_key key = number_key('v', height);
	uint8_t *raw = mem_alloc(up->event_count * EVENT_BYTES);
	uint32_t next = 0; /* the first result that begins behind the event */
	struct writer w;

	writer_init(&w, raw, up->event_count * EVENT_BYTES);
	for (size_t i = 0; i < up->event_count; i++) {
		while (next < up->result_count &&
		       up->results[next].event_begin <= i)
			next++;
		if (up->events[i].kind != EVENT_BALLOT)
			write_event(&w, &up->events[i],
				    next ? next - 1 : EVENT_BY_TIME);
	}
	assert(!w.bad);
	if (w.size > 0)
		blockstore_put(to, &key, raw, w.size);
	free(raw);
}

enum err blockstore_get_events(struct store *s, uint64_t height,
			       struct stored_event **out, size_t *count)
{
	struct store_key key = number_key('v', height);
	struct reader r;
	uint8_t *raw;
	size_t size;
	enum err e = blockstore_get(s, &key, &raw, &size);

	*out = NULL;
	*count = 0;
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	if (size % EVENT_BYTES != 0) {
		free(raw);
		return ERR_DATA_DAMAGED;
	}
	*out = mem_alloc(size / EVENT_BYTES * sizeof(**out));
	reader_init(&r, raw, size);
	while (reader_left(&r) > 0)
		read_event(&r, &(*out)[(*count)++]);
	free(raw);
	return ERR_OK;
}

static struct store_key key_evidence(const struct evidence *e)
{
	struct store_key key;
	struct writer w = begin(&key, 'e');
	uint8_t id[EVIDENCE_ID_BYTES];

	evidence_id(id, e);
	write_bytes(&w, id, sizeof(id));
	return end(&key, &w);
}

void blockstore_put_evidence(struct store_batch *to, const struct evidence *e,
			     struct bytes raw)
{
	struct store_key key = key_evidence(e);

	blockstore_put(to, &key, raw.data, raw.size);
}

bool blockstore_has_evidence(struct store *s, const struct evidence *e)
{
	struct store_key key = key_evidence(e);

	return has(s, &key);
}

enum err blockstore_get(struct store *s, const struct store_key *key,
			uint8_t **value, size_t *size)
{
	return store_get(s, value, size, key->data, key->size, NULL);
}

enum err blockstore_find_tx(struct store *s, const struct hash *id,
			    uint64_t *height, uint32_t *index)
{
	struct store_key key = key_tx(id);
	struct reader r;
	uint8_t *value;
	size_t size;
	enum err e = blockstore_get(s, &key, &value, &size);

	if (e != ERR_OK)
		return e;
	reader_init(&r, value, size);
	*height = read_u64(&r);
	*index = read_u32(&r);
	free(value);
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

enum err blockstore_load(struct store *s, struct loaded_block *out,
			 uint64_t height)
{
	struct store_key key = key_block(height);
	size_t size;
	enum err e = blockstore_get(s, &key, &out->raw, &size);

	if (e != ERR_OK)
		return e;
	/* Results unfold to about twice their bytes. */
	arena_init(&out->arena, 4 * size + 65536);
	e = stored_block_read(&out->block, &out->arena,
			      (struct bytes){out->raw, size}, NULL);
	if (e != ERR_OK)
		loaded_block_fini(out);
	return e;
}

void loaded_block_fini(struct loaded_block *b)
{
	arena_fini(&b->arena);
	free(b->raw);
}
