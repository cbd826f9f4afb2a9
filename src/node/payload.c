/* Payloads: building one, judging one, fetching what is missing.
 *
 * A payload is good when every batch it lists is held: checked, and written
 * to the store before the vote's record is (SPEC consensus 3). */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <stdlib.h>
#include <string.h>

/* Ask again for what did not come within this time. */
#define ASK_AGAIN_MS 150

static const struct public_key *peer_for(struct node *n, uint32_t preferred,
					 uint32_t attempt)
{
	uint32_t i =
		attempt == 0 && preferred < n->voters.count
			? preferred
			: (preferred == CONSENSUS_OBSERVER ? 0 : preferred) +
				  attempt;

	for (uint32_t tried = 0; tried < n->voters.count; tried++, i++) {
		const struct voter *v = &n->voters.voters[i % n->voters.count];

		if (i % n->voters.count != n->me &&
		    net_peer_is_up(n->net, &v->key))
			return &v->key;
	}
	return NULL;
}

static void ask_peer(struct node *n, const struct public_key *peer,
		     uint8_t kind, struct bytes body)
{
	if (peer && net_send(n->net, peer, wire_kind_class(kind), kind,
			     body.data, body.size) != ERR_OK)
		log_debug(NODE, "a request for %s could not be sent",
			  wire_kind_name(kind));
}

void payload_request_block(struct node *n, const struct hash *digest,
			   uint32_t from)
{
	const struct wire_block_request m = {.digest = *digest};
	struct bytes body = wire_encode_block_request(node_arena(n, 0), &m);

	blockpool_expect(n->blocks, digest);
	ask_peer(n, peer_for(n, from, n->sync.turn++ % 4), WIRE_BLOCK_REQUEST,
		 body);
}

/* First from who sent the block that lists it, then from its origin, then from
 * the others. */
static void request_batch(struct node *n, const struct batch_ref *ref,
			  uint32_t from, uint32_t attempt)
{
	const struct wire_batch_request m = {.origin = ref->origin,
					     .sequence = ref->sequence,
					     .digest = ref->digest};
	struct bytes body = wire_encode_batch_request(node_arena(n, 0), &m);

	ask_peer(n,
		 attempt == 0 ? peer_for(n, from, 0)
			      : peer_for(n, ref->origin, attempt - 1),
		 WIRE_BATCH_REQUEST, body);
}

/* --- Batches on their way into the store --- */

/* When it is gone already, a block that is durable has it. */
static void own_is_durable(struct node *n, struct pending_write *w)
{
	const struct pooled_batch *b = batchpool_find(n->batches, &w->digest);

	if (b)
		txpool_kept(n->txpool, b->ref.sequence);
}

/* Nobody waits for the disk here: the writer works in order, so that a vote for
 * a block that lists the batch is durable, and leaves, only behind it. */
void payload_write_batch(void *context, struct pooled_batch *batch)
{
	struct node *n = context;
	struct write_job *job = write_job_new();
	struct store_key key = key_unfinished(&batch->ref);

	blockstore_put_batch(&job->changes, &batch->ref,
			     (struct bytes){batch->raw, batch->size});
	blockstore_put(&job->changes, &key, "", 0);
	drive_write(n, &job, batch->own ? own_is_durable : NULL, NULL,
		    &batch->ref.digest);
	if (batch->own)
		net_broadcast_validators(n->net, wire_kind_class(WIRE_BATCH),
					 WIRE_BATCH, batch->raw, batch->size);
	payload_batch_changed(n);
}

void payload_invalid_batch(void *context, const struct batch_ref *ref,
			   struct bytes raw, uint32_t bad)
{
	struct node *n = context;

	log_warn(NODE, "transaction %u of batch %llu of validator %u is bad",
		 bad, (unsigned long long)ref->sequence, ref->origin);
	net_peer_penalise(n->net, &n->voter_keys[ref->origin], 100,
			  "sent a batch with a bad transaction");
	evidence_of_batch(n, raw, bad);
	payload_batch_changed(n);
}

void payload_forged_batch(void *context, const struct batch_ref *ref,
			  const struct public_key *sender)
{
	struct node *n = context;

	log_warn(NODE, "batch %llu of validator %u is not signed by it",
		 (unsigned long long)ref->sequence, ref->origin);
	net_peer_penalise(n->net, sender, 100,
			  "sent a batch that its origin did not sign");
	payload_batch_changed(n);
}

/* --- Judging --- */

static void verdict(struct node *n, const struct hash *digest,
		    enum payload_verdict v)
{
	struct consensus_event ev = {.kind = CONSENSUS_PAYLOAD};

	ev.payload.digest = *digest;
	ev.payload.verdict = v;
	drive_event(n, &ev);
}

/* The body must be there after a restart, before our vote for it is. */
static void store_candidate(struct node *n, struct pooled_block *b)
{
	struct store_key key = key_candidate(b->header.view, &b->digest);
	struct write_job *job;
	struct bytes payload;
	struct writer w;
	uint8_t *value;
	size_t room;

	if (b->stored)
		return;
	b->stored = true;
	payload = blockpool_payload(b);
	room = BLOCK_HEADER_BYTES + payload.size;
	value = mem_alloc(room);
	writer_init(&w, value, room);
	block_header_write(&w, &b->header);
	write_bytes(&w, payload.data, payload.size);
	assert(!w.bad);
	job = write_job_new();
	blockstore_put(&job->changes, &key, value, w.size);
	drive_write(n, &job, NULL, NULL, NULL);
	free(value);
	free((void *)payload.data);
}

bool payload_complete(struct node *n, struct pooled_block *b)
{
	uint64_t now = clock_mono_ms();
	bool ask = now >= b->asked_ms + ASK_AGAIN_MS;
	bool complete = true;

	for (uint32_t i = 0; i < b->ref_count; i++) {
		const struct batch_ref *ref = &b->refs[i];
		struct pooled_batch *batch =
			batchpool_find(n->batches, &ref->digest);

		if (batch && batch->state == BATCH_HELD)
			continue;
		/* Final already, or from before a restart. Whoever lists what
		 * does not exist makes nobody look at every turn. */
		if (!batch && ask && blockstore_has_batch(n->store, ref))
			continue;
		complete = false;
		if (!batch && ask)
			request_batch(n, ref, b->from, b->attempts);
	}
	if (!complete && ask) {
		b->asked_ms = now;
		b->attempts++;
	}
	if (!complete)
		payload_retry_later(n);
	return complete;
}

/* A reference that is not the batch's own cannot be served to anybody later. */
static bool has_invalid_batch(struct node *n, const struct pooled_block *b)
{
	for (uint32_t i = 0; i < b->ref_count; i++) {
		const struct batch_ref *ref = &b->refs[i];
		const struct pooled_batch *batch =
			batchpool_find(n->batches, &ref->digest);

		if (ref->origin >= n->voters.count)
			return true;
		if (batch && (batch->state == BATCH_INVALID ||
			      !batch_ref_equal(&batch->ref, ref)))
			return true;
	}
	return false;
}

static void judge(struct node *n, struct pooled_block *b)
{
	if (has_invalid_batch(n, b)) {
		b->wanted = false;
		verdict(n, &b->digest, PAYLOAD_INVALID);
	} else if (payload_complete(n, b)) {
		b->wanted = false;
		store_candidate(n, b);
		verdict(n, &b->digest, PAYLOAD_VALID);
	}
}

struct wanted_list {
	struct node *n;
	struct hash digests[64];
	size_t count;
};

static void add_wanted(void *context, struct pooled_block *b)
{
	struct wanted_list *l = context;

	if (b->wanted && l->count < 64)
		l->digests[l->count++] = b->digest;
}

void payload_retry_later(struct node *n)
{
	if (!ev_is_active(&n->retry))
		node_arm(n, &n->retry, clock_mono_ms() + ASK_AGAIN_MS);
}

void payload_batch_changed(struct node *n)
{
	struct wanted_list l = {.n = n};

	blockpool_each(n->blocks, add_wanted, &l);
	for (size_t i = 0; i < l.count; i++) {
		struct pooled_block *b =
			blockpool_find(n->blocks, &l.digests[i]);

		if (b && b->wanted)
			judge(n, b);
	}
	commit_run(n);
	node_update_work(n);
}

void payload_block_known(struct node *n, struct pooled_block *b)
{
	for (uint32_t i = 0; i < b->ref_count; i++)
		batchpool_proposed(n->batches, &b->refs[i].digest);
	if (b->wanted)
		judge(n, b);
}

struct batch_search {
	const struct hash *digest;
	bool found;
};

static void find_in_block(void *context, struct pooled_block *b)
{
	struct batch_search *s = context;

	for (uint32_t i = 0; b->wanted && i < b->ref_count; i++)
		s->found |= hash_equal(&b->refs[i].digest, s->digest);
}

bool payload_wants_batch(void *context, const struct hash *digest)
{
	struct node *n = context;
	struct batch_search s = {.digest = digest};

	blockpool_each(n->blocks, find_in_block, &s);
	return s.found || commit_wants_batch(n, digest);
}

static void answer_payload(struct node *n, const struct consensus_ask *ask)
{
	struct pooled_block *b = blockpool_find(n->blocks, &ask->digest);
	struct err_text text;

	if (!hash_is_zero(&ask->header.evidence) ||
	    !hash_is_zero(&ask->header.set_change)) {
		verdict(n, &ask->digest, PAYLOAD_INVALID);
		return;
	}
	if (!b && hash_is_zero(&ask->header.payload) &&
	    blockpool_add(n->blocks, &b, &ask->header, (struct bytes){NULL, 0},
			  &text) != ERR_OK)
		return; /* Full; asked again. */
	if (!b) {
		payload_request_block(n, &ask->digest, ask->from);
		return;
	}
	b->wanted = true;
	judge(n, b);
}

static void answer_block(struct node *n, const struct consensus_ask *ask)
{
	struct pooled_block *b = blockpool_find(n->blocks, &ask->digest);
	struct consensus_event ev = {.kind = CONSENSUS_BLOCK,
				     .from = CONSENSUS_OBSERVER};

	if (!b) {
		payload_request_block(n, &ask->digest, ask->from);
		return;
	}
	ev.block = b->header;
	drive_event(n, &ev);
}

/* --- Building --- */

/* Batches that blocks between the parent and the root list already. */
static void list_ancestors(struct node *n, const struct hash *parent,
			   int change)
{
	struct hash at = *parent;
	const struct block_header *h;

	while ((h = consensus_block(n->consensus, &at))) {
		const struct pooled_block *b = blockpool_find(n->blocks, &at);

		for (uint32_t i = 0; b && i < b->ref_count; i++)
			batchpool_list(n->batches, &b->refs[i].digest, change);
		at = h->parent;
	}
}

static bool deadline_is_due(struct node *n, uint64_t wall_ms)
{
	uint64_t due =
		governance_next_deadline_ms(ledger_governance(n->ledger));

	return due > 0 && due <= wall_ms;
}

static void build(struct node *n, const struct consensus_ask *ask,
		  struct consensus_event *ev)
{
	struct batch_ref *refs = mem_alloc(LIMIT_BLOCK_BATCHES * sizeof(*refs));
	uint64_t wall = clock_wall_ms();
	size_t count;

	list_ancestors(n, &ask->digest, 1);
	count = batchpool_collect(n->batches, refs, LIMIT_BLOCK_BATCHES);
	list_ancestors(n, &ask->digest, -1);
	ev->built.view = ask->view;
	ev->built.time_ms =
		wall > ask->parent_time_ms ? wall : ask->parent_time_ms + 1;
	ev->built.nothing =
		count == 0 && !ask->may_be_empty && !deadline_is_due(n, wall);
	if (count > 0) {
		payload_root(&ev->built.payload, refs, count);
		n->drive.built_count = count;
		memcpy(n->drive.built, refs, count * sizeof(*refs));
	} else {
		n->drive.built_count = 0;
	}
	free(refs);
}

static void answer_build(struct node *n, const struct consensus_ask *ask)
{
	struct consensus_event ev = {.kind = CONSENSUS_BUILT};

	build(n, ask, &ev);
	drive_event(n, &ev);
}

void payload_answer(struct node *n, const struct consensus_ask *ask)
{
	switch (ask->kind) {
	case ASK_PAYLOAD:
		answer_payload(n, ask);
		break;
	case ASK_BUILD:
		answer_build(n, ask);
		break;
	case ASK_BLOCK:
		answer_block(n, ask);
		break;
	}
}

void payload_keep_own(struct node *n, const struct block_header *header)
{
	struct bytes payload =
		blockpool_encode(n->drive.built, n->drive.built_count);
	struct pooled_block *b;
	struct err_text text = {""};
	enum err e = blockpool_add(n->blocks, &b, header, payload, &text);

	if (e == ERR_OK) {
		b->from = n->me;
		store_candidate(n, b);
		payload_block_known(n, b);
	} else {
		log_error(NODE, "an own block is not proposed: %s: %s",
			  error_name(e), text.text);
	}
	free((void *)payload.data);
}
