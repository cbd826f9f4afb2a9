/* Catching up: fetch finalised blocks from peers, verify, hand to commit.
 *
 * An answer is a hash-linked run of blocks from the one after our last, headers
 * up to one that a finalization names, and that certificate. One signature
 * check of a quorum covers them all.
 *
 * What a peer claims to have is worth a question, no more: a validator stops
 * voting only for a height that is proven, or believed (claims.h). */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>

#define TICK_S		  0.2
#define ANSWER_TIMEOUT_MS 1500
/* Who did not answer is asked last for so long. */
#define SILENT_MS 10000
/* Heights that net was told, in case a tip was lost. */
#define LOOK_MS		1000
#define LOOK_MAX	192
#define TELL_INTERVAL_S 0.05
/* So far behind is behind. */
#define BEHIND_BLOCKS 2

/* --- Telling --- */

static void tell_now(struct node *n)
{
	/* Only what can be served. */
	const struct wire_tip m = {.height = n->commit.durable_height,
				   .digest = n->commit.durable_digest,
				   .epoch = n->voters.epoch,
				   .view = n->commit.durable_view};
	struct bytes body = wire_encode_tip(node_arena(n, 0), &m);

	net_broadcast_peers(n->net, wire_kind_class(WIRE_TIP), WIRE_TIP,
			    body.data, body.size);
}

static void on_tell(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	tell_now(w->data);
}

void sync_tell(struct node *n)
{
	if (ev_is_active(&n->sync.tell))
		return;
	ev_timer_set(&n->sync.tell, TELL_INTERVAL_S, 0.);
	ev_timer_start(n->loop, &n->sync.tell);
}

/* --- Asking --- */

/* Up to which height others have blocks, as far as that is believed. An
 * observer that hears of no validators has only claims to go by. */
static void set_target(struct node *n)
{
	uint64_t target = claims_believed(&n->sync.claims);

	if (target == 0 && !node_is_validator(n))
		target = claims_highest(&n->sync.claims, clock_mono_ms());
	n->sync.target = target > n->sync.proven ? target : n->sync.proven;
}

/* An observer has no vote to lose, and asks whoever claims to have more. */
static bool should_ask(const struct node *n)
{
	return n->sync.syncing || !node_is_validator(n);
}

static bool is_far_behind(const struct node *n)
{
	return n->sync.target >= n->commit.final_height + BEHIND_BLOCKS;
}

static void look_at_peers(struct node *n)
{
	struct net_peer_info *peers;
	uint64_t now = clock_mono_ms();
	size_t count;

	if (now < n->sync.looked_ms + LOOK_MS)
		return;
	n->sync.looked_ms = now;
	peers = mem_alloc(LOOK_MAX * sizeof(*peers));
	count = net_peers(n->net, peers, LOOK_MAX);
	for (size_t i = 0; i < count && i < LOOK_MAX; i++) {
		if (peers[i].state == NET_PEER_UP)
			claims_note_at_least(&n->sync.claims, &peers[i].key,
					     peers[i].height);
	}
	free(peers);
}

/* The height up to which this node needs nothing. A block may be final here
 * without its body: the sign log kept its header and the store was lost. Once
 * all others have applied it, only their stores have it. */
static uint64_t needs_above(const struct node *n)
{
	return commit_lacks_body(n) ? n->commit.queue->header.height - 1
				    : n->commit.final_height;
}

static void ask(struct node *n)
{
	const uint64_t above = needs_above(n);
	const struct wire_sync_request m = {.from_height = above + 1,
					    .max_blocks = WIRE_SYNC_BLOCKS_MAX};
	const struct public_key *peer =
		claims_pick(&n->sync.claims, above, clock_mono_ms());
	struct bytes body;

	if (!peer)
		return;
	n->sync.asked = *peer;
	body = wire_encode_sync_request(node_arena(n, 0), &m);
	if (net_send(n->net, peer, wire_kind_class(WIRE_SYNC_REQUEST),
		     WIRE_SYNC_REQUEST, body.data, body.size) == ERR_OK)
		n->sync.asked_ms = clock_mono_ms();
}

static void set_syncing(struct node *n, bool syncing)
{
	struct consensus_event ev = {.kind = CONSENSUS_SYNCING};

	if (n->sync.syncing == syncing)
		return;
	n->sync.syncing = syncing;
	if (syncing)
		log_info(NODE, "behind: at height %llu, peers at %llu",
			 (unsigned long long)n->commit.final_height,
			 (unsigned long long)n->sync.target);
	else
		log_info(NODE, "caught up at height %llu",
			 (unsigned long long)n->commit.final_height);
	ev.syncing = syncing;
	drive_event(n, &ev);
}

static void ask_if_free(struct node *n)
{
	uint64_t now = clock_mono_ms();

	if (n->sync.asked_ms && now < n->sync.asked_ms + ANSWER_TIMEOUT_MS &&
	    !claims_has_better(&n->sync.claims, &n->sync.asked, needs_above(n),
			       now))
		return;
	if (n->sync.asked_ms)
		claims_silent(&n->sync.claims, &n->sync.asked, now + SILENT_MS);
	n->sync.asked_ms = 0;
	/* Not more in memory than can be applied soon. */
	if (n->commit.queued < 2 * WIRE_SYNC_BLOCKS_MAX && !drive_is_full(n))
		ask(n);
}

/* A validator that is a block or two behind hears the rest from consensus, and
 * votes meanwhile; one that stands still, or is far behind, does not. */
static void on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct node *n = w->data;
	bool still = n->sync.seen_height == n->commit.final_height;
	bool lacks = commit_lacks_body(n);

	(void)loop;
	(void)events;
	look_at_peers(n);
	set_target(n);
	if (!is_far_behind(n))
		set_syncing(n, false);
	else if (still || !node_is_validator(n))
		set_syncing(n, true);
	if (should_ask(n) || still || (lacks && n->sync.lacked))
		ask_if_free(n);
	n->sync.seen_height = n->commit.final_height;
	n->sync.lacked = lacks;
	commit_run(n); /* Asks again for what did not come. */
}

void sync_init(struct node *n)
{
	claims_init(&n->sync.claims, &n->voters);
	ev_timer_init(&n->sync.tell, on_tell, 0, 0);
	n->sync.tell.data = n;
	ev_timer_init(&n->sync.tick, on_tick, TICK_S, TICK_S);
	n->sync.tick.data = n;
	ev_timer_start(n->loop, &n->sync.tick);
}

void sync_fini(struct node *n)
{
	claims_fini(&n->sync.claims);
	free(n->sync.ahead_data);
	ev_timer_stop(n->loop, &n->sync.tell);
	ev_timer_stop(n->loop, &n->sync.tick);
}

void sync_on_tip(struct node *n, const struct public_key *peer, uint64_t height)
{
	claims_note(&n->sync.claims, peer, height);
	if (height > n->sync.target)
		set_target(n);
	if (!node_is_validator(n) && height > n->commit.final_height)
		ask_if_free(n);
}

/* Its greeting told its height. */
void sync_on_peer_up(struct node *n)
{
	n->sync.looked_ms = 0;
	look_at_peers(n);
	set_target(n);
}

bool sync_is_level(const struct node *n)
{
	return !n->sync.syncing &&
	       n->commit.durable_height + BEHIND_BLOCKS >= n->sync.target;
}

bool sync_is_current(const struct node *n)
{
	uint64_t heard = claims_weight(&n->sync.claims);

	if (!sync_is_level(n))
		return false;
	if (!node_is_validator(n))
		return heard > 0 ||
		       claims_highest(&n->sync.claims, clock_mono_ms()) > 0;
	return heard + n->voters.voters[n->me].weight >=
	       electorate_quorum(&n->voters);
}

void sync_on_peer_down(struct node *n, const struct public_key *peer)
{
	claims_drop(&n->sync.claims, peer);
	serve_forget(n, peer);
	if (public_key_equal(peer, &n->sync.asked))
		n->sync.asked_ms = 0;
	set_target(n);
}

void sync_behind(struct node *n, uint64_t height)
{
	if (height <= n->sync.proven)
		return;
	n->sync.proven = height;
	set_target(n);
}

void sync_continue(struct node *n)
{
	if (!is_far_behind(n))
		set_syncing(n, false);
	if (should_ask(n))
		ask_if_free(n);
}

/* --- Taking an answer --- */

static enum err check_links(struct node *n, const struct wire_sync_blocks *m,
			    struct block_header *headers, struct hash *digests,
			    struct err_text *text)
{
	struct hash parent = n->commit.final_digest;
	uint64_t height = n->commit.final_height;
	size_t total = m->count + m->header_count;

	for (size_t i = 0; i < total; i++) {
		struct bytes raw = i < m->count ? m->blocks[i].header
						: m->headers[i - m->count];
		struct reader r;

		reader_init(&r, raw.data, raw.size);
		block_header_read(&r, &headers[i]);
		if (!reader_done(&r) || headers[i].height != ++height ||
		    !hash_equal(&headers[i].parent, &parent))
			return err_set(text, ERR_BAD_BLOCK,
				       "block %zu does not follow", i);
		block_digest(&digests[i], &n->genesis_hash, &headers[i]);
		parent = digests[i];
	}
	return ERR_OK;
}

static enum err check_finalization(struct node *n, struct certificate *c,
				   struct bytes raw, const struct hash *last)
{
	struct reader r;

	reader_init(&r, raw.data, raw.size);
	certificate_read(&r, c);
	if (!reader_done(&r) || c->what.kind != VOTE_FINALIZE ||
	    !hash_equal(&c->what.digest, last))
		return ERR_BAD_CERTIFICATE;
	return certificate_verify(c, &n->voters, &n->genesis_hash, drive_verify,
				  n);
}

static enum err read_refs(struct commit_item *item, struct bytes payload,
			  struct batch_ref *refs, struct err_text *text)
{
	struct hash root = {{0}};
	size_t count = 0;

	if (payload.size > 0) {
		struct reader r;
		enum err e;

		reader_init(&r, payload.data, payload.size);
		e = payload_read(&r, refs, &count, text);
		if (e != ERR_OK)
			return e;
		if (!reader_done(&r) || count == 0)
			return ERR_MALFORMED;
		payload_root(&root, refs, count);
		item->refs = mem_copy(refs, count * sizeof(*refs));
	}
	item->batch_count = (uint32_t)count;
	return hash_equal(&root, &item->header.payload) ? ERR_OK
							: ERR_BAD_BLOCK;
}

static enum err check_batch(struct node *n, struct bytes raw,
			    const struct batch_ref *ref, struct arena *arena,
			    struct err_text *text)
{
	struct batch batch;
	struct hash digest;
	enum err e;

	arena_reset(arena);
	e = batch_parse(&batch, arena, raw, text);
	if (e == ERR_OK)
		e = batch_digest(&digest, &n->genesis_hash, &batch, text);
	if (e == ERR_OK &&
	    (!hash_equal(&digest, &ref->digest) ||
	     batch.origin != ref->origin || batch.sequence != ref->sequence))
		e = err_set(text, ERR_BAD_BLOCK, "a batch is another one");
	/* The digest does not cover it, and it is passed on with the batch. */
	if (e == ERR_OK && (batch.origin >= n->voters.count ||
			    !batch_verify(&n->voter_keys[batch.origin], &digest,
					  &batch.signature)))
		e = err_set(text, ERR_BAD_BLOCK,
			    "a batch is not signed by its origin");
	return e;
}

static enum err take_batches(struct node *n, struct commit_item *item,
			     const struct wire_sync_block *m,
			     struct err_text *text)
{
	struct arena arena;
	enum err e = ERR_OK;

	if (m->batch_count == 0 && item->batch_count > 0)
		return ERR_OK; /* Too large to travel along. */
	if (m->batch_count != item->batch_count)
		return err_set(text, ERR_BAD_BLOCK, "batches are missing");
	item->batches =
		mem_alloc((m->batch_count + 1) * sizeof(*item->batches));
	arena_init(&arena, CODEC_BATCH_ARENA_BYTES);
	for (size_t i = 0; e == ERR_OK && i < m->batch_count; i++) {
		e = check_batch(n, m->batches[i], &item->refs[i], &arena, text);
		item->batches[i].size = m->batches[i].size;
		item->batches[i].data =
			mem_copy(m->batches[i].data, m->batches[i].size);
	}
	arena_fini(&arena);
	return e;
}

struct import {
	struct block_header
		headers[WIRE_SYNC_BLOCKS_MAX + WIRE_SYNC_HEADERS_MAX];
	struct hash digests[WIRE_SYNC_BLOCKS_MAX + WIRE_SYNC_HEADERS_MAX];
	struct commit_item items[WIRE_SYNC_BLOCKS_MAX];
	struct certificate certificate;
	struct batch_ref refs[LIMIT_BLOCK_BATCHES]; /* of one block */
};

static enum err check_answer(struct node *n, struct import *im,
			     const struct wire_sync_blocks *m,
			     struct err_text *text)
{
	enum err e = check_links(n, m, im->headers, im->digests, text);

	if (e == ERR_OK)
		e = check_finalization(
			n, &im->certificate, m->certificate,
			&im->digests[m->count + m->header_count - 1]);
	for (size_t i = 0; e == ERR_OK && i < m->count; i++) {
		struct commit_item *item = &im->items[i];

		item->header = im->headers[i];
		item->digest = im->digests[i];
		item->synced = true;
		e = read_refs(item, m->blocks[i].payload, im->refs, text);
		if (e == ERR_OK)
			e = take_batches(n, item, &m->blocks[i], text);
	}
	return e;
}

/* This node must be able to serve and to prove what it imports, so no block may
 * be without a finalization not far behind it. One that headers led to is kept
 * until its block is imported. */
static void keep_certificate(struct node *n, struct import *im,
			     const struct wire_sync_blocks *m)
{
	struct commit_item *last = &im->items[m->count - 1];
	struct sync_state *s = &n->sync;

	for (size_t i = 0; s->ahead_data && i < m->count; i++) {
		if (!hash_equal(&s->ahead, &im->digests[i]))
			continue;
		im->items[i].certificate = s->ahead_data;
		im->items[i].certificate_size = s->ahead_size;
		s->ahead_data = NULL;
	}
	if (m->header_count == 0) {
		free(last->certificate);
		last->certificate =
			mem_copy(m->certificate.data, m->certificate.size);
		last->certificate_size = m->certificate.size;
		return;
	}
	free(s->ahead_data);
	s->ahead = im->digests[m->count + m->header_count - 1];
	s->ahead_data = mem_copy(m->certificate.data, m->certificate.size);
	s->ahead_size = m->certificate.size;
}

static void import_all(struct node *n, struct import *im,
		       const struct wire_sync_blocks *m)
{
	const struct commit_item *last = &im->items[m->count - 1];
	struct consensus_event ev = {.kind = CONSENSUS_IMPORTED};

	keep_certificate(n, im, m);
	if (m->header_count == 0)
		ev.imported.certificate = &im->certificate;
	ev.imported.root.view = last->header.view;
	ev.imported.root.height = last->header.height;
	ev.imported.root.time_ms = last->header.time_ms;
	ev.imported.root.digest = last->digest;
	drive_note_signers(n, &im->certificate,
			   last->header.height + m->header_count);
	for (size_t i = 0; i < m->count; i++)
		commit_push(n, &im->items[i]);
	drive_event(n, &ev);
	commit_run(n);
}

static enum err fill_one(struct node *n, struct commit_item *item,
			 const struct wire_sync_block *m,
			 struct batch_ref *refs, struct err_text *text)
{
	struct commit_item got = {.header = item->header};
	enum err e = read_refs(&got, m->payload, refs, text);

	if (e == ERR_OK)
		e = take_batches(n, &got, m, text);
	if (e != ERR_OK) {
		commit_item_fini(&got);
		return e;
	}
	item->refs = got.refs;
	item->batches = got.batches;
	item->batch_count = got.batch_count;
	item->synced = true;
	return ERR_OK;
}

/* Bodies for blocks that are final here and lack them. Their digests are
 * agreed already; nothing else is taken from the answer. */
static enum err fill_queue(struct node *n, const struct wire_sync_blocks *m,
			   struct err_text *text)
{
	struct batch_ref *refs = mem_alloc(LIMIT_BLOCK_BATCHES * sizeof(*refs));
	struct commit_item *item = n->commit.queue;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && item && i < m->count; i++) {
		struct bytes raw = m->blocks[i].header;
		struct block_header header;
		struct hash digest;
		struct reader r;

		reader_init(&r, raw.data, raw.size);
		block_header_read(&r, &header);
		while (item && item->header.height < header.height)
			item = item->next;
		block_digest(&digest, &n->genesis_hash, &header);
		if (reader_done(&r) && item && !item->synced &&
		    hash_equal(&digest, &item->digest) &&
		    !blockpool_find(n->blocks, &digest))
			e = fill_one(n, item, &m->blocks[i], refs, text);
	}
	free(refs);
	return e;
}

static void fill(struct node *n, const struct public_key *peer,
		 const struct wire_sync_blocks *m)
{
	struct err_text text = {""};
	enum err e = fill_queue(n, m, &text);

	if (e == ERR_OK) {
		commit_run(n);
		return;
	}
	log_warn(NODE, "sync: %s: %s", error_name(e), text.text);
	net_peer_penalise(n->net, peer, 50, "sent blocks that do not hold");
}

void sync_on_blocks(struct node *n, const struct public_key *peer,
		    struct bytes body)
{
	struct wire_sync_blocks m;
	struct err_text text = {""};
	struct import *im;
	struct reader r;
	struct block_header first;
	enum err e = wire_decode_sync_blocks(
		&m, node_arena_in(n, 2 * body.size), body, &text);

	if (e != ERR_OK || m.count == 0) {
		net_peer_penalise(n->net, peer, 20, "malformed sync blocks");
		return;
	}
	if (public_key_equal(peer, &n->sync.asked))
		n->sync.asked_ms = 0;
	reader_init(&r, m.blocks[0].header.data, m.blocks[0].header.size);
	block_header_read(&r, &first);
	/* Consensus was faster, or wants what is behind it. */
	if (first.height <= n->commit.final_height && commit_lacks_body(n))
		fill(n, peer, &m);
	if (first.height != n->commit.final_height + 1)
		return;
	im = mem_alloc(sizeof(*im));
	e = check_answer(n, im, &m, &text);
	if (e == ERR_OK) {
		claims_answered(&n->sync.claims, peer);
		import_all(n, im, &m);
	} else {
		for (size_t i = 0; i < m.count; i++)
			commit_item_fini(&im->items[i]);
		log_warn(NODE, "sync: %s: %s", error_name(e), text.text);
		net_peer_penalise(n->net, peer, 50,
				  "sent blocks that do not hold");
	}
	free(im);
	sync_continue(n);
}
