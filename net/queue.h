/* What waits to be sent to one peer: a queue a class, bounded in bytes.
 *
 * Frames are shared: a broadcast is one allocation however many peers it goes
 * to, and libzmq's threads drop their references when they are done. Which
 * queue goes next is decided here: CONSENSUS first, the others in turns. */
#ifndef BCAI_NET_QUEUE_H
#define BCAI_NET_QUEUE_H

#include "net/codec.h"

#include <stdatomic.h>

struct net_frame {
	atomic_uint references;
	size_t size; /* of data: the kind and the body */
	uint8_t data[];
};

/* With one reference. */
struct net_frame *frame_new(uint8_t kind, const void *body, size_t size);
struct net_frame *frame_share(struct net_frame *f);
/* Drop and null. Safe from any thread. */
void frame_release(struct net_frame **f);

/* What a queue counts for a frame, so that many tiny ones are bounded too. */
size_t frame_cost(const struct net_frame *f);

struct frame_queue {
	struct net_frame **ring; /* Owned; capacity is a power of two. */
	size_t capacity;
	size_t first;
	size_t count;
	size_t bytes; /* sum of the costs */
	size_t limit;
};

struct outbox {
	struct frame_queue queues[NET_CLASSES];
	unsigned turn; /* of the classes behind CONSENSUS */
	size_t bytes;  /* of all queues */
};

enum outbox_result {
	OUTBOX_TAKEN,
	OUTBOX_DROPPED_OLDEST, /* taken; older ones went */
	OUTBOX_REFUSED,
};

void outbox_init(struct outbox *o, const size_t limits[NET_CLASSES]);
/* Release all frames and memory; it may be used again. */
void outbox_clear(struct outbox *o);
/* Shares the frame when it is taken. `dropped` counts what went for it. */
enum outbox_result outbox_put(struct outbox *o, enum net_class class_,
			      struct net_frame *f, size_t *dropped);
/* The next to send, borrowed, or NULL. The same until outbox_pop(). */
struct net_frame *outbox_next(const struct outbox *o, enum net_class *class_);
void outbox_pop(struct outbox *o, enum net_class class_);
bool outbox_empty(const struct outbox *o);

#endif
