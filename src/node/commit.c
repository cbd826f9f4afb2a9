/* Finalised blocks, in order: each waits until all of it is there, goes through
 * apply.c, and is followed by the state root when that is due. */
#include "node/apply.h"
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* A turn of the loop spends this long on applying. */
#define SLICE_US 2000u
/* Hashes between two looks at the clock: about half a ms. */
#define ROOT_HASHES 1024u

static void on_more(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	commit_run(w->data);
}

void commit_init(struct node *n)
{
	const struct ledger_block *last = ledger_last_block(n->ledger);

	n->commit.tail = &n->commit.queue;
	n->commit.final_height = last->height;
	n->commit.final_digest = last->digest;
	n->commit.final_view = last->view;
	n->commit.durable_height = last->height;
	n->commit.durable_digest = last->digest;
	n->commit.durable_time_ms = last->time_ms;
	n->commit.durable_view = last->view;
	n->commit.root_due = ledger_checkpoint_is_due(n->ledger);
	ev_timer_init(&n->commit.more, on_more, 0, 0);
	n->commit.more.data = n;
}

void commit_item_fini(struct commit_item *item)
{
	for (uint32_t i = 0; item->batches && i < item->batch_count; i++)
		free((void *)item->batches[i].data);
	free(item->batches);
	free(item->refs);
	free(item->certificate);
}

static void pop(struct node *n)
{
	struct commit_item *item = n->commit.queue;

	n->commit.queue = item->next;
	if (!n->commit.queue)
		n->commit.tail = &n->commit.queue;
	n->commit.queued--;
	commit_item_fini(item);
	free(item);
}

void commit_fini(struct node *n)
{
	ev_timer_stop(n->loop, &n->commit.more);
	apply_free(&n->commit.apply);
	while (n->commit.queue)
		pop(n);
}

void commit_push(struct node *n, struct commit_item *item)
{
	const struct pooled_block *b = blockpool_find(n->blocks, &item->digest);

	assert(item->header.height == n->commit.final_height + 1);
	n->commit.final_height = item->header.height;
	n->commit.final_digest = item->digest;
	n->commit.final_view = item->header.view;
	/* They are not for building any more. */
	for (uint32_t i = 0; b && i < b->ref_count; i++)
		batchpool_list(n->batches, &b->refs[i].digest, 1);
	item->next = NULL;
	*n->commit.tail = mem_copy(item, sizeof(*item));
	n->commit.tail = &(*n->commit.tail)->next;
	n->commit.queued++;
}

bool commit_lacks_body(const struct node *n)
{
	const struct commit_item *item = n->commit.queue;

	return item && !item->synced && !hash_is_zero(&item->header.payload) &&
	       !blockpool_find(n->blocks, &item->digest);
}

bool commit_wants_batch(const struct node *n, const struct hash *digest)
{
	const struct commit_item *item = n->commit.queue;
	const struct pooled_block *b;

	if (!item)
		return false;
	for (uint32_t i = 0; item->refs && i < item->batch_count; i++) {
		if (hash_equal(&item->refs[i].digest, digest))
			return true;
	}
	b = blockpool_find(n->blocks, &item->digest);
	for (uint32_t i = 0; b && i < b->ref_count; i++) {
		if (hash_equal(&b->refs[i].digest, digest))
			return true;
	}
	return false;
}

/* --- Is everything there? --- */

/* A synced block brings its references; from then on it is like any other. */
static struct pooled_block *find_body(struct node *n, struct commit_item *item)
{
	struct pooled_block *b = blockpool_find(n->blocks, &item->digest);
	struct bytes payload;
	struct err_text text;

	if (b)
		return b;
	if (!item->synced && !hash_is_zero(&item->header.payload))
		return NULL;
	payload = blockpool_encode(item->refs, item->batch_count);
	if (blockpool_add(n->blocks, &b, &item->header, payload, &text) !=
	    ERR_OK)
		b = NULL;
	free((void *)payload.data);
	return b;
}

static bool is_ready(struct node *n, struct commit_item *item,
		     struct pooled_block **body)
{
	if (item->release_after > n->drive.durable_position)
		return false;
	*body = find_body(n, item);
	if (!*body) {
		uint64_t now = clock_mono_ms();

		if (now >= n->commit.asked_ms + 150) {
			n->commit.asked_ms = now;
			payload_request_block(n, &item->digest,
					      item->header.proposer);
		}
		payload_retry_later(n);
		return false;
	}
	if (item->batches)
		return true; /* All of them came along. */
	return payload_complete(n, *body);
}

/* --- Applying --- */

/* The root of a checkpoint that is due, before the next block changes the
 * state. */
static void root_some(struct node *n, uint64_t until_us)
{
	while (!ledger_root_some(n->ledger, ROOT_HASHES)) {
		if (clock_mono_us() >= until_us)
			return;
	}
	checks_after_block(n);
	n->commit.root_due = false;
}

/* Somebody asked for the root of now: worked on when there is nothing else to
 * do. True when there is more of it. */
static bool root_for_readers(struct node *n)
{
	if (!n->commit.root_wanted)
		return false;
	n->commit.root_wanted = !ledger_root_some(n->ledger, ROOT_HASHES);
	return n->commit.root_wanted;
}

/* One step: the block in hand, the root after it, or the next block. False
 * when nothing can be done now. */
static bool step(struct node *n, uint64_t until_us)
{
	struct pooled_block *body;

	if (n->commit.apply) {
		if (!apply_some(n->commit.apply, until_us))
			return true;
		apply_free(&n->commit.apply);
		pop(n);
		n->commit.root_due = ledger_checkpoint_is_due(n->ledger);
		return true;
	}
	if (n->commit.root_due) {
		root_some(n, until_us);
		return true;
	}
	if (!n->commit.queue || drive_is_full(n) ||
	    !is_ready(n, n->commit.queue, &body))
		return root_for_readers(n);
	n->commit.apply = apply_begin(n, n->commit.queue, body);
	return true;
}

void commit_want_root(struct node *n)
{
	n->commit.root_wanted = true;
	if (!ev_is_active(&n->commit.more))
		node_arm(n, &n->commit.more, clock_mono_ms());
}

void commit_run(struct node *n)
{
	uint64_t height = ledger_last_block(n->ledger)->height;
	uint64_t until_us = clock_mono_us() + SLICE_US;
	bool more = true;

	if (n->commit.running)
		return; /* Called again from within. */
	n->commit.running = true;
	while (!n->stopping && (more = step(n, until_us)) &&
	       clock_mono_us() < until_us)
		continue;
	n->commit.running = false;
	if (more && !n->stopping)
		node_arm(n, &n->commit.more, clock_mono_ms());
	if (ledger_last_block(n->ledger)->height == height)
		return;
	node_update_work(n);
	node_consider_sealing(n);
	sync_continue(n);
}
