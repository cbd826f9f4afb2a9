#include "net/queue.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define RING_FIRST 16u

struct net_frame *frame_new(uint8_t kind, const void *body, size_t size)
{
	struct net_frame *f = mem_resize(NULL, sizeof(*f) + 1 + size);

	atomic_init(&f->references, 1);
	f->size = 1 + size;
	f->data[0] = kind;
	if (size > 0)
		memcpy(f->data + 1, body, size);
	return f;
}

struct net_frame *frame_share(struct net_frame *f)
{
	atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
	return f;
}

void frame_release(struct net_frame **f)
{
	if (atomic_fetch_sub_explicit(&(*f)->references, 1,
				      memory_order_acq_rel) == 1)
		free(*f);
	*f = NULL;
}

size_t frame_cost(const struct net_frame *f)
{
	return sizeof(*f) + sizeof(f) + f->size;
}

void outbox_init(struct outbox *o, const size_t limits[NET_CLASSES])
{
	memset(o, 0, sizeof(*o));
	for (int i = 0; i < NET_CLASSES; i++)
		o->queues[i].limit = limits[i];
}

static void queue_pop(struct outbox *o, struct frame_queue *q)
{
	struct net_frame **slot = &q->ring[q->first];
	size_t cost = frame_cost(*slot);

	assert(q->count > 0);
	q->first = (q->first + 1) & (q->capacity - 1);
	q->count--;
	q->bytes -= cost;
	o->bytes -= cost;
	frame_release(slot);
}

static void queue_push(struct outbox *o, struct frame_queue *q,
		       struct net_frame *f)
{
	if (q->count == q->capacity) {
		size_t wider = q->capacity ? 2 * q->capacity : RING_FIRST;
		struct net_frame **ring = mem_alloc(wider * sizeof(*ring));

		for (size_t i = 0; i < q->count; i++)
			ring[i] = q->ring[(q->first + i) & (q->capacity - 1)];
		free(q->ring);
		q->ring = ring;
		q->capacity = wider;
		q->first = 0;
	}
	q->ring[(q->first + q->count) & (q->capacity - 1)] = frame_share(f);
	q->count++;
	q->bytes += frame_cost(f);
	o->bytes += frame_cost(f);
}

void outbox_clear(struct outbox *o)
{
	for (int i = 0; i < NET_CLASSES; i++) {
		struct frame_queue *q = &o->queues[i];

		while (q->count > 0)
			queue_pop(o, q);
		free(q->ring);
		q->ring = NULL;
		q->capacity = 0;
		q->first = 0;
	}
	assert(o->bytes == 0);
}

static bool drops_oldest(enum net_class class_)
{
	return class_ == NET_CONSENSUS || class_ == NET_BATCH;
}

enum outbox_result outbox_put(struct outbox *o, enum net_class class_,
			      struct net_frame *f, size_t *dropped)
{
	struct frame_queue *q = &o->queues[class_];
	size_t cost = frame_cost(f);

	*dropped = 0;
	if (cost > q->limit ||
	    (cost > q->limit - q->bytes && !drops_oldest(class_)))
		return OUTBOX_REFUSED;
	while (cost > q->limit - q->bytes) {
		queue_pop(o, q);
		(*dropped)++;
	}
	queue_push(o, q, f);
	return *dropped ? OUTBOX_DROPPED_OLDEST : OUTBOX_TAKEN;
}

struct net_frame *outbox_next(const struct outbox *o, enum net_class *class_)
{
	const struct frame_queue *q = &o->queues[NET_CONSENSUS];

	*class_ = NET_CONSENSUS;
	for (unsigned i = 0; q->count == 0 && i < NET_CLASSES - 1; i++) {
		*class_ =
			(enum net_class)(1 + (o->turn + i) % (NET_CLASSES - 1));
		q = &o->queues[*class_];
	}
	return q->count > 0 ? q->ring[q->first] : NULL;
}

void outbox_pop(struct outbox *o, enum net_class class_)
{
	queue_pop(o, &o->queues[class_]);
	if (class_ != NET_CONSENSUS)
		o->turn = (unsigned)class_ % (NET_CLASSES - 1);
}

bool outbox_empty(const struct outbox *o)
{
	return o->bytes == 0;
}
