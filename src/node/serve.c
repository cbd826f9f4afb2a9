/* What others are served with: runs of final blocks for those that catch up,
 * and single batches.
 *
 * A request is small and its answer large, so each peer has a share of bytes,
 * looked at before anything is read; a validator's is wider, and all who are
 * none have one together, too. A request for blocks waits for its share, the
 * newest in place of an older one, and for the answer before it to be sent. */
#include "node/state.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define ANSWER_BYTES (640u * 1024u)
/* What reading one block or batch costs beside its bytes. */
#define READ_BYTES     4096u
#define SHARE_BYTES    (INT64_C(16) * 1024 * 1024) /* a second, and at once */
#define VALIDATOR_WIDE 8
#define STRANGERS_WIDE 4
#define LATER_S	       0.02

struct served {
	struct public_key key;
	struct share share;
	bool validator;
	struct bucket submissions;
	struct wire_sync_request waiting; /* from_height 0: none */
	UT_hash_handle hh;
};

static void fill(struct share *s, int64_t wide, uint64_t now_ms)
{
	int64_t most = wide * SHARE_BYTES;
	uint64_t passed = now_ms - s->filled_ms;

	if (s->filled_ms == 0 || passed > 60000)
		s->left = most;
	else
		s->left += (int64_t)passed * most / 1000;
	if (s->left > most)
		s->left = most;
	s->filled_ms = now_ms;
}

static struct served *get(struct node *n, const struct public_key *peer)
{
	struct served *s;

	HASH_FIND(hh, n->serve.by_key, peer, sizeof(*peer), s);
	if (s)
		return s;
	s = mem_alloc(sizeof(*s));
	s->key = *peer;
	s->validator = electorate_find(&n->voters, peer) >= 0;
	HASH_ADD(hh, n->serve.by_key, key, sizeof(s->key), s);
	return s;
}

struct bucket *serve_submissions(struct node *n, const struct public_key *peer)
{
	return &get(n, peer)->submissions;
}

static bool has_share(struct node *n, struct served *s)
{
	uint64_t now = clock_mono_ms();

	fill(&s->share, s->validator ? VALIDATOR_WIDE : 1, now);
	fill(&n->serve.strangers, STRANGERS_WIDE, now);
	return s->share.left > 0 &&
	       (s->validator || n->serve.strangers.left > 0);
}

static void charge(struct node *n, struct served *s, size_t bytes)
{
	s->share.left -= (int64_t)bytes;
	if (!s->validator)
		n->serve.strangers.left -= (int64_t)bytes;
}

bool serve_may_read(struct node *n, const struct public_key *peer)
{
	struct served *s = get(n, peer);

	if (!has_share(n, s))
		return false;
	charge(n, s, READ_BYTES);
	return true;
}

void serve_charge(struct node *n, const struct public_key *peer, size_t bytes)
{
	charge(n, get(n, peer), bytes);
}

struct answer {
	struct node *n;
	struct arena arena;
	struct wire_sync_blocks m;
	struct wire_sync_block blocks[WIRE_SYNC_BLOCKS_MAX];
	struct bytes headers[WIRE_SYNC_HEADERS_MAX];
	size_t bytes;
	size_t reads;
};

static struct bytes keep(struct arena *a, const void *data, size_t size)
{
	uint8_t *copy = arena_alloc(a, size);

	if (!copy)
		return (struct bytes){NULL, 0};
	memcpy(copy, data, size);
	return (struct bytes){copy, size};
}

static struct bytes keep_header(struct arena *a, const struct block_header *h)
{
	uint8_t raw[BLOCK_HEADER_BYTES];
	struct writer w;

	writer_init(&w, raw, sizeof(raw));
	block_header_write(&w, h);
	return keep(a, raw, w.size);
}

static struct bytes keep_payload(struct arena *a, const struct stored_block *b)
{
	uint8_t raw[PAYLOAD_BYTES_MAX];
	struct writer w;

	if (b->ref_count == 0)
		return (struct bytes){NULL, 0};
	writer_init(&w, raw, sizeof(raw));
	payload_write(&w, b->refs, b->ref_count);
	return keep(a, raw, w.size);
}

/* Batches travel with their block while they fit; else they are asked for
 * one by one. */
static void add_batches(struct answer *a, const struct stored_block *b,
			struct wire_sync_block *out)
{
	struct bytes *list =
		arena_alloc(&a->arena, (b->ref_count + 1) * sizeof(*list));
	size_t bytes = 0;

	for (size_t i = 0; list && i < b->ref_count; i++) {
		struct store_key key = key_batch(&b->refs[i]);
		uint8_t *value;
		size_t size;

		if (blockstore_get(a->n->store, &key, &value, &size) != ERR_OK)
			return;
		list[i] = keep(&a->arena, value, size);
		free(value);
		bytes += size;
		if (!list[i].data || a->bytes + bytes > ANSWER_BYTES)
			return;
	}
	if (!list)
		return;
	a->bytes += bytes;
	out->batches = list;
	out->batch_count = b->ref_count;
}

static bool add_block(struct answer *a, uint64_t height)
{
	struct wire_sync_block *out = &a->blocks[a->m.count];
	struct loaded_block b;

	if (blockstore_load(a->n->store, &b, height) != ERR_OK)
		return false;
	a->reads += 1 + b.block.ref_count;
	memset(out, 0, sizeof(*out));
	out->header = keep_header(&a->arena, &b.block.header);
	out->payload = keep_payload(&a->arena, &b.block);
	a->bytes += out->header.size + out->payload.size + 64;
	add_batches(a, &b.block, out);
	loaded_block_fini(&b);
	a->m.count++;
	return true;
}

struct found_certificate {
	uint64_t height;
	uint64_t limit;
	uint8_t *data;
	size_t size;
};

static uint64_t height_of(struct bytes key)
{
	struct reader r;

	reader_init(&r, key.data + 1, key.size - 1);
	return read_u64(&r);
}

static bool take_first(void *context, struct bytes key, struct bytes value)
{
	struct found_certificate *f = context;

	f->height = height_of(key);
	f->data = mem_copy(value.data, value.size);
	f->size = value.size;
	return false;
}

/* The last one up to the limit; what comes before it was taken for nothing. */
static bool take_last(void *context, struct bytes key, struct bytes value)
{
	struct found_certificate *f = context;

	if (height_of(key) > f->limit)
		return false;
	free(f->data);
	take_first(f, key, value);
	return true;
}

static enum err scan_finalizations(struct node *n, uint64_t from, size_t most,
				   store_visit visit,
				   struct found_certificate *f)
{
	const struct store_key key = key_finalization(from);

	return store_scan(n->store, (struct bytes){(const uint8_t *)"f", 1},
			  (struct bytes){key.data, key.size}, most, visit, f,
			  NULL);
}

enum err serve_find_finalization(struct node *n, uint64_t height,
				 uint64_t *certified, uint8_t **data,
				 size_t *size)
{
	struct found_certificate f = {0};
	enum err e = scan_finalizations(n, height, 1, take_first, &f);

	if (e == ERR_OK && !f.data)
		e = ERR_NOT_FOUND;
	*certified = f.height;
	*data = f.data;
	*size = f.size;
	return e;
}

/* Headers behind the last block, up to the one that is certified. */
static bool add_headers(struct answer *a, uint64_t last, uint64_t certified)
{
	for (uint64_t h = last + 1; h <= certified; h++) {
		struct loaded_block b;

		if (blockstore_load(a->n->store, &b, h) != ERR_OK)
			return false;
		a->reads++;
		a->headers[a->m.header_count++] =
			keep_header(&a->arena, &b.block.header);
		loaded_block_fini(&b);
	}
	return true;
}

/* The answer ends at the last of its blocks that a certificate names, so that
 * whoever takes it keeps one at least every WIRE_SYNC_BLOCKS_MAX blocks. When
 * there is none among them, headers lead to the next that there is. */
static bool close_answer(struct answer *a, uint64_t first, uint64_t last)
{
	struct found_certificate f = {.limit = last};

	if (scan_finalizations(a->n, first, 0, take_last, &f) != ERR_OK)
		return false;
	if (f.data)
		last = f.height;
	else if (scan_finalizations(a->n, last, 1, take_first, &f) != ERR_OK ||
		 !f.data || f.height - last > WIRE_SYNC_HEADERS_MAX) {
		free(f.data);
		return false;
	}
	a->m.count = last - first + 1;
	a->m.certificate = keep(&a->arena, f.data, f.size);
	free(f.data);
	return add_headers(a, last, f.height);
}

static void send_answer(struct node *n, struct served *s, struct answer *a)
{
	struct bytes out = wire_encode_sync_blocks(&a->arena, &a->m);

	if (!out.data)
		return;
	charge(n, s, out.size);
	if (net_send(n->net, &s->key, wire_kind_class(WIRE_SYNC_BLOCKS),
		     WIRE_SYNC_BLOCKS, out.data, out.size) != ERR_OK)
		log_debug(NET, "a sync answer could not be sent");
}

static void answer(struct node *n, struct served *s)
{
	const struct wire_sync_request m = s->waiting;
	uint64_t last = n->commit.durable_height, height = m.from_height;
	struct answer *a;

	s->waiting.from_height = 0;
	if (height > last)
		return;
	a = mem_alloc(sizeof(*a));
	a->n = n;
	arena_init(&a->arena, 4 * LIMIT_MESSAGE_BYTES);
	a->m.blocks = a->blocks;
	a->m.headers = a->headers;
	a->m.height = last;
	while (height <= last && a->m.count < m.max_blocks &&
	       a->m.count < WIRE_SYNC_BLOCKS_MAX &&
	       a->bytes < ANSWER_BYTES / 2 && add_block(a, height))
		height++;
	if (a->m.count > 0 && close_answer(a, m.from_height, height - 1))
		send_answer(n, s, a);
	charge(n, s, a->reads * READ_BYTES);
	arena_fini(&a->arena);
	free(a);
}

/* True when it must be looked at again. */
static bool try(struct node *n, struct served *s)
{
	if (s->waiting.from_height == 0)
		return false;
	if (!has_share(n, s) || net_queued_bytes(n->net, &s->key, NET_SYNC) > 0)
		return true;
	answer(n, s);
	return false;
}

static void on_later(struct ev_loop *loop, ev_timer *w, int events)
{
	struct node *n = w->data;
	struct served *s, *next;
	bool again = false;

	(void)events;
	HASH_ITER (hh, n->serve.by_key, s, next)
		again = try(n, s) || again;
	if (!again)
		ev_timer_stop(loop, w);
}

void serve_init(struct node *n)
{
	ev_timer_init(&n->serve.later, on_later, LATER_S, LATER_S);
	n->serve.later.data = n;
}

void serve_forget(struct node *n, const struct public_key *peer)
{
	struct served *s;

	HASH_FIND(hh, n->serve.by_key, peer, sizeof(*peer), s);
	if (!s)
		return;
	HASH_DEL(n->serve.by_key, s);
	free(s);
}

void serve_fini(struct node *n)
{
	while (n->serve.by_key)
		serve_forget(n, &n->serve.by_key->key);
	ev_timer_stop(n->loop, &n->serve.later);
}

void serve_on_request(struct node *n, const struct public_key *peer,
		      struct bytes body)
{
	struct served *s = get(n, peer);
	struct wire_sync_request m;

	if (wire_decode_sync_request(&m, node_arena_in(n, body.size), body,
				     NULL) != ERR_OK) {
		net_peer_penalise(n->net, peer, 20, "malformed sync request");
		return;
	}
	s->waiting = m;
	if (try(n, s))
		ev_timer_start(n->loop, &n->serve.later);
}
