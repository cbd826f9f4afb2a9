/* The turns of the loop: what is due, what can be sealed, what was written;
 * and an orderly stop. Opening the parts is open.c. */
#include "node/state.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <stdarg.h>
#include <stdlib.h>

/* A batch never waits longer for its predecessor to be proposed. */
#define SEAL_AT_LATEST_MS 50

void node_fail(struct node *n, enum err e, const char *format, ...)
{
	char message[512];
	va_list args;

	if (n->stopped_by != ERR_OK)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_error(NODE, "STOPPING: %s: %s", error_info(e)->sentence, message);
	n->stopped_by = e;
	node_stop(n);
}

void node_stop(struct node *n)
{
	n->stopping = true;
	ev_break(n->loop, EVBREAK_ALL);
}

enum err node_stopped_by(const struct node *n)
{
	return n->stopped_by;
}

bool node_is_validator(const struct node *n)
{
	return n->me != CONSENSUS_OBSERVER;
}

const char *node_path(struct node *n, const char *name)
{
	if (file_path(n->path, n->config->data_dir, name) != ERR_OK)
		n->path[0] = '\0'; /* Opening "" fails with a clear error. */
	return n->path;
}

struct arena *node_arena(struct node *n, size_t body_size)
{
	arena_reset(&n->arena);
	n->arena.limit = wire_arena_limit(body_size);
	return &n->arena;
}

struct arena *node_arena_in(struct node *n, size_t body_size)
{
	arena_reset(&n->arena_in);
	n->arena_in.limit = wire_arena_limit(body_size);
	return &n->arena_in;
}

void node_arm(struct node *n, struct ev_timer *timer, uint64_t at_mono_ms)
{
	uint64_t now = clock_mono_ms();

	ev_timer_stop(n->loop, timer);
	if (at_mono_ms == CONSENSUS_NEVER)
		return;
	ev_now_update(n->loop);
	ev_timer_set(timer,
		     at_mono_ms > now ? (double)(at_mono_ms - now) / 1000. : 0.,
		     0.);
	ev_timer_start(n->loop, timer);
}

/* --- Sealing --- */

static bool seal_one(struct node *n)
{
	struct batch_builder b;
	struct batch_ref ref = {.origin = n->me};
	const struct tx *tx;
	struct bytes raw;
	uint64_t now = clock_mono_ms();

	ref.sequence = n->seal.next_sequence;
	batch_begin(&b, n->seal.buffer, n->config->batch_bytes + LIMIT_TX_BYTES,
		    &n->genesis_hash, n->me, ref.sequence);
	while ((tx = txpool_peek(n->txpool)) &&
	       b.count < n->config->batch_txs &&
	       b.out.size < n->config->batch_bytes && batch_add(&b, tx))
		txpool_pop(n->txpool, ref.sequence, now);
	if (b.count == 0)
		return false;
	n->seal.next_sequence++;
	raw = batch_seal(&b, &ref.digest, n->key);
	batchpool_add_own(n->batches, &ref, b.count, raw);
	return true;
}

/* Small batches while there is time, large ones under load: the next one is
 * sealed when the one before is in a proposal. */
static uint64_t seal_at(const struct node *n)
{
	const struct config *c = n->config;
	uint64_t since = txpool_ready_since_ms(n->txpool);

	if (txpool_ready_count(n->txpool) >= c->batch_txs ||
	    txpool_ready_bytes(n->txpool) >= c->batch_bytes)
		return 0;
	if (batchpool_own_waiting(n->batches) == 0)
		return since + c->batch_age_ms;
	return since + SEAL_AT_LATEST_MS;
}

void node_consider_sealing(struct node *n)
{
	ev_timer_stop(n->loop, &n->seal.timer);
	if (txpool_ready_count(n->txpool) == 0 || n->stopping)
		return;
	if (!node_is_validator(n)) {
		forward_ready(n);
		return;
	}
	/* When it is full: looked at again when less waits for the disk. */
	while (txpool_ready_count(n->txpool) > 0 && !drive_is_full(n)) {
		uint64_t at = seal_at(n);

		if (at > clock_mono_ms()) {
			node_arm(n, &n->seal.timer, at);
			return;
		}
		if (!seal_one(n))
			return;
	}
}

void node_on_ready(void *context)
{
	node_consider_sealing(context);
}

static void on_seal(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	node_consider_sealing(w->data);
}

/* --- Work --- */

static void arm_deadline(struct node *n, uint64_t due_ms)
{
	uint64_t wall = clock_wall_ms();

	ev_timer_stop(n->loop, &n->deadline);
	if (due_ms == 0)
		return;
	/* Once due, the consensus timers run: look again only now and then. */
	node_arm(n, &n->deadline,
		 clock_mono_ms() + (due_ms > wall ? due_ms - wall : 1000));
}

/* SPEC consensus 10: work is an unfinished batch or a deadline that block
 * time must reach. */
void node_update_work(struct node *n)
{
	struct consensus_event ev = {.kind = CONSENSUS_WORK};
	uint64_t due =
		governance_next_deadline_ms(ledger_governance(n->ledger));

	ev.work = batchpool_has_work(n->batches) ||
		  (due > 0 && due <= clock_wall_ms());
	arm_deadline(n, due);
	if (!ev.work && !n->drive.work_told)
		return;
	n->drive.work_told = ev.work;
	drive_event(n, &ev);
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	node_update_work(w->data);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	payload_batch_changed(w->data);
}

/* --- Turns --- */

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct node *n = w->data;

	(void)loop;
	(void)events;
	txpool_flush(n->txpool);
	drive_answer_asks(n);
}

static void on_written(struct ev_loop *loop, ev_async *w, int events)
{
	(void)loop;
	(void)events;
	drive_written(w->data);
}

void node_notify_written(void *context)
{
	struct node *n = context;

	ev_async_send(n->loop, &n->written);
}

static void on_second(struct ev_loop *loop, ev_timer *w, int events)
{
	struct node *n = w->data;

	(void)loop;
	(void)events;
	if (n->stopping)
		return;
	/* What is applied but not durable may have decided it yet. */
	txpool_expire(n->txpool, n->commit.durable_time_ms);
	forward_stale(n);
	checks_on_second(n);
	drive_compact(n);
}

static void on_stop_soon(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	node_stop(w->data);
}

void node_watch(struct node *n)
{
	ev_prepare_init(&n->prepare, on_prepare);
	/* Before the network's own: what is said here leaves in this turn. */
	ev_set_priority(&n->prepare, EV_MAXPRI);
	n->prepare.data = n;
	ev_prepare_start(n->loop, &n->prepare);
	ev_async_init(&n->written, on_written);
	n->written.data = n;
	ev_async_start(n->loop, &n->written);
	ev_timer_init(&n->deadline, on_deadline, 0, 0);
	n->deadline.data = n;
	ev_timer_init(&n->retry, on_retry, 0, 0);
	n->retry.data = n;
	ev_timer_init(&n->seal.timer, on_seal, 0, 0);
	n->seal.timer.data = n;
	ev_timer_init(&n->second, on_second, 1., 1.);
	n->second.data = n;
	ev_timer_start(n->loop, &n->second);
	ev_timer_init(&n->stop_soon, on_stop_soon, 0, 0);
	n->stop_soon.data = n;
}

void node_unwatch(struct node *n)
{
	ev_prepare_stop(n->loop, &n->prepare);
	ev_async_stop(n->loop, &n->written);
	ev_timer_stop(n->loop, &n->deadline);
	ev_timer_stop(n->loop, &n->retry);
	ev_timer_stop(n->loop, &n->seal.timer);
	ev_timer_stop(n->loop, &n->second);
	ev_timer_stop(n->loop, &n->stop_soon);
}
