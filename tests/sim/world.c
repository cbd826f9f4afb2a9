#include "world.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void random_seed(struct random *r, uint64_t seed)
{
	r->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (int i = 0; i < 4; i++)
		(void)random_next(r);
}

uint64_t random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t random_below(struct random *r, uint64_t bound)
{
	return bound == 0 ? 0 : (random_next(r) >> 11) % bound;
}

bool random_percent(struct random *r, uint32_t percent)
{
	return random_below(r, 100) < percent;
}

static uint64_t mix(uint64_t h, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		uint64_t word = 0;
		size_t n = size < 8 ? size : 8;

		memcpy(&word, bytes, n);
		h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
		h ^= h >> 29;
		bytes += n;
		size -= n;
	}
	return h;
}

void fake_sign(void *context, const void *bytes, size_t size,
	       struct signature *out)
{
	const struct public_key *key = context;
	uint64_t h = mix(mix(1, key->b, 8), bytes, size);

	memset(out, 0, sizeof(*out));
	memcpy(out->b, &h, sizeof(h));
}

bool fake_verify(void *context, const struct public_key *key, const void *bytes,
		 size_t size, const struct signature *signature)
{
	struct public_key copy = *key;
	struct signature made;

	(void)context;
	fake_sign(&copy, bytes, size, &made);
	return memcmp(&made, signature, sizeof(made)) == 0;
}

void payload_make(struct hash *out, uint8_t mark, uint64_t batches)
{
	memset(out, 0, sizeof(*out));
	out->b[0] = 1;
	out->b[1] = mark;
	memcpy(out->b + HASH_BYTES - sizeof(batches), &batches,
	       sizeof(batches));
}

uint64_t payload_batches(const struct hash *payload)
{
	uint64_t batches = 0;

	if (payload->b[1] == 0)
		memcpy(&batches, payload->b + HASH_BYTES - sizeof(batches),
		       sizeof(batches));
	return batches;
}

void world_fail(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	va_start(args, format);
	vsnprintf(w->failure, sizeof(w->failure), format, args);
	va_end(args);
	if (w->trace)
		printf("%7llu FAILED: %s\n", (unsigned long long)w->now_ms,
		       w->failure);
}

void world_say(const struct world *w, const struct instance *i,
	       const char *format, ...)
{
	va_list args;

	if (!w->trace)
		return;
	printf("%7llu  ", (unsigned long long)w->now_ms);
	if (i)
		printf("node %u  ", i->id);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static bool is_earlier(const struct happens *a, const struct happens *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms;
	return a->order < b->order;
}

static void swap(struct happens *a, struct happens *b)
{
	struct happens t = *a;

	*a = *b;
	*b = t;
}

static size_t sift_up(struct world *w, size_t at)
{
	while (at > 0 && is_earlier(&w->heap[at], &w->heap[(at - 1) / 2])) {
		swap(&w->heap[at], &w->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	return at;
}

struct happens *world_schedule(struct world *w, uint64_t time_ms,
			       enum happening kind,
			       const struct instance *instance)
{
	struct happens *h;

	if (w->heap_count == w->heap_capacity) {
		w->heap_capacity =
			w->heap_capacity ? 2 * w->heap_capacity : 256;
		w->heap = mem_resize(w->heap,
				     w->heap_capacity * sizeof(*w->heap));
	}
	h = &w->heap[w->heap_count];
	memset(h, 0, sizeof(*h));
	h->time_ms = time_ms > w->now_ms ? time_ms : w->now_ms;
	h->order = ++w->order;
	h->kind = kind;
	if (instance) {
		h->instance = instance->id;
		h->life = instance->life;
	}
	return &w->heap[sift_up(w, w->heap_count++)];
}

static struct happens pop(struct world *w)
{
	struct happens top = w->heap[0];
	size_t at = 0;

	w->heap[0] = w->heap[--w->heap_count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= w->heap_count)
			break;
		if (child + 1 < w->heap_count &&
		    is_earlier(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!is_earlier(&w->heap[child], &w->heap[at]))
			break;
		swap(&w->heap[child], &w->heap[at]);
		at = child;
	}
	return top;
}

struct blob *blob_new(enum consensus_message_kind kind, uint32_t from,
		      const void *data, size_t size)
{
	struct blob *b = mem_alloc(sizeof(*b) + size);

	b->references = 1;
	b->kind = kind;
	b->from = from;
	b->size = size;
	memcpy(b->data, data, size);
	return b;
}

void blob_release(struct blob *b)
{
	if (b && --b->references == 0)
		free(b);
}

struct blob *blob_encode(const struct consensus_message *m, uint32_t from)
{
	static uint8_t bytes[1 << 17];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	switch (m->kind) {
	case MESSAGE_PROPOSAL:
		block_header_write(&w, &m->proposal.header);
		write_bytes(&w, m->proposal.signature.b, SIGNATURE_BYTES);
		write_u8(&w, (uint8_t)m->proposal.proof_count);
		for (uint32_t k = 0; k < m->proposal.proof_count; k++)
			certificate_write(&w, m->proposal.proofs[k]);
		break;
	case MESSAGE_VOTE:
		vote_write(&w, &m->vote);
		break;
	case MESSAGE_CERTIFICATE:
		certificate_write(&w, m->certificate);
		break;
	case MESSAGE_REQUEST:
		write_u32(&w, m->request.epoch);
		write_u64(&w, m->request.view);
		break;
	}
	assert(!w.bad);
	return blob_new(m->kind, from, bytes, w.size);
}

static void deliver_later(struct world *w, const struct instance *from,
			  const struct instance *to, struct blob *blob)
{
	uint32_t spread = w->config.delay_max_ms - w->config.delay_min_ms + 1;
	uint64_t delay =
		w->config.delay_min_ms + random_below(&w->random, spread);
	struct happens *h;

	if (w->group[from->id] != w->group[to->id])
		return;
	if (!w->calm && random_percent(&w->random, w->config.loss_percent))
		return;
	if (from->actor == ACTOR_LATE)
		delay += random_below(&w->random, 40 * w->config.delta_ms);
	blob->references++;
	h = world_schedule(w, w->now_ms + delay, HAPPENS_DELIVERY, to);
	h->life = 0;
	h->blob = blob;
	w->messages++;
}

void world_post(struct world *w, struct instance *from, uint32_t to,
		struct blob *blob)
{
	monitor_sent(w, from, blob);
	for (uint32_t k = 0; k < w->config.instances; k++) {
		const struct instance *other = &w->instances[k];

		if (other->id == from->id ||
		    (to != CONSENSUS_ALL && other->voter != to))
			continue;
		deliver_later(w, from, other, blob);
		if (!w->calm &&
		    random_percent(&w->random, w->config.duplicate_percent))
			deliver_later(w, from, other, blob);
	}
}

static void partition(struct world *w, uint64_t groups)
{
	for (uint32_t k = 0; k < WORLD_INSTANCES; k++)
		w->group[k] = (uint32_t)(groups >> (4 * k) & 15);
	world_say(w, NULL, "partition %llx", (unsigned long long)groups);
}

static void happen(struct world *w, const struct happens *h)
{
	struct instance *i = &w->instances[h->instance];

	if (h->life != 0 && h->life != i->life)
		return;
	switch (h->kind) {
	case HAPPENS_PARTITION:
		partition(w, h->number);
		break;
	case HAPPENS_HEAL:
		partition(w, 0);
		break;
	case HAPPENS_CRASH:
		if (i->alive)
			host_crash(w, i);
		break;
	case HAPPENS_RESTART:
		if (!i->alive)
			host_start(w, i);
		break;
	case HAPPENS_DELIVERY:
		if (i->alive)
			host_deliver(w, i, h->blob);
		break;
	case HAPPENS_TIMER:
	case HAPPENS_LOG_SYNC:
	case HAPPENS_STORE_SYNC:
	case HAPPENS_VERDICT:
	case HAPPENS_BLOCK:
	case HAPPENS_BATCH:
	case HAPPENS_TICK:
		host_happens(w, i, h);
		break;
	}
}

void world_run(struct world *w, uint64_t until_ms)
{
	while (!w->failed && w->heap_count > 0 &&
	       w->heap[0].time_ms <= until_ms) {
		struct happens h = pop(w);

		w->now_ms = h.time_ms;
		happen(w, &h);
		blob_release(h.blob);
	}
	if (!w->failed)
		w->now_ms = until_ms;
}

void world_init(struct world *w, const struct world_config *config,
		uint64_t seed)
{
	struct voter voters[WORLD_INSTANCES];
	uint64_t total = 0;
	enum err err;

	memset(w, 0, sizeof(*w));
	memset(voters, 0, sizeof(voters));
	w->config = *config;
	random_seed(&w->random, seed);
	w->genesis.b[0] = 7;
	for (uint32_t k = 0; k < config->voters; k++) {
		voters[k].key.b[0] = (uint8_t)(k + 1);
		voters[k].weight = config->weights[k];
		total += config->weights[k];
	}
	w->quorum = total - (total - 1) / 3;
	err = electorate_init(&w->voters, 3, voters, config->voters);
	assert(err == ERR_OK);
	w->views = mem_alloc(WORLD_VIEWS * sizeof(*w->views));
	w->now_ms = 1000;
	for (uint32_t k = 0; k < config->instances; k++) {
		struct instance *i = &w->instances[k];

		i->id = k;
		i->voter = k < config->voters ? k : config->twin;
		if (config->instances > config->voters &&
		    i->voter == config->twin)
			i->actor = ACTOR_TWIN;
		i->store.commits =
			mem_alloc(WORLD_HEIGHTS * sizeof(struct commit));
		(void)world_schedule(w, w->now_ms, HAPPENS_RESTART, i);
	}
}

static void instance_fini(struct instance *i)
{
	consensus_free(&i->core);
	for (size_t k = 0; k < i->disk.count; k++)
		free(i->disk.records[k].data);
	free(i->disk.records);
	for (size_t k = 0; k <= i->store.count; k++)
		free(i->store.commits[k].certificate);
	free(i->store.commits);
	for (size_t k = 0; k < i->outbox_count; k++)
		blob_release(i->outbox[k].blob);
	free(i->outbox);
	for (size_t k = 0; k < 16; k++)
		blob_release(i->memory[k]);
}

void world_fini(struct world *w)
{
	for (uint32_t k = 0; k < w->config.instances; k++)
		instance_fini(&w->instances[k]);
	for (size_t k = 0; k < w->heap_count; k++)
		blob_release(w->heap[k].blob);
	free(w->heap);
	free(w->views);
}
