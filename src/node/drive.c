/* Events into consensus; its updates carried out in one fixed order: persist,
 * send, commit, arm the timer. */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The sign log is cut down when it is longer than this, and than twice what
 * was left of it the last time. */
#define SIGNLOG_BYTES (512u * 1024u)

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct consensus_event ev = {.kind = CONSENSUS_TIMER};

	(void)loop;
	(void)events;
	drive_event(w->data, &ev);
}

void drive_init(struct node *n)
{
	ev_timer_init(&n->drive.timer, on_timer, 0, 0);
	n->drive.timer.data = n;
	n->drive.held_tail = &n->drive.held;
	n->drive.compact_at = SIGNLOG_BYTES;
	n->drive.writes_tail = &n->drive.writes;
}

void drive_fini(struct node *n)
{
	ev_timer_stop(n->loop, &n->drive.timer);
	while (n->drive.held) {
		struct held_message *m = n->drive.held;

		n->drive.held = m->next;
		free(m);
	}
	while (n->drive.writes) {
		struct pending_write *w = n->drive.writes;

		n->drive.writes = w->next;
		write_job_free(&w->job);
		w->dropped = true;
		if (w->subject)
			w->done(n, w);
		free(w);
	}
}

void drive_sign(void *context, const void *bytes, size_t size,
		struct signature *out)
{
	struct node *n = context;

	sign_message(out, n->key, bytes, size);
}

bool drive_verify(void *context, const struct public_key *key,
		  const void *bytes, size_t size,
		  const struct signature *signature)
{
	(void)context;
	return sign_verify(key, bytes, size, signature);
}

/* --- Persist --- */

/* There is one. */
static struct pending_write *last_write(struct node *n)
{
	return (struct pending_write *)((char *)n->drive.writes_tail -
					offsetof(struct pending_write, next));
}

/* In order, as far as the writer has room. What it has none for waits here:
 * that it is little, drive_is_full sees to. */
static void submit_unsent(struct node *n)
{
	struct pending_write *w;
	struct err_text text = {""};
	enum err e;

	while ((w = n->drive.unsent)) {
		uint64_t sequence = store_writer_submit(n->writer, &w->job);

		if (sequence == 0)
			break;
		w->sequence = sequence;
		n->drive.unsent = w->next;
	}
	if (!w)
		return;
	/* Nothing may go on as if this were written. */
	e = store_writer_error(n->writer, &text);
	if (e != ERR_OK)
		node_fail(n, e, "cannot write: %s", text.text);
}

void drive_write(struct node *n, struct write_job **job,
		 void (*done)(struct node *n, struct pending_write *w),
		 void *subject, const struct hash *digest)
{
	struct pending_write *w = mem_alloc(sizeof(*w));

	w->log_position = n->drive.durable_position;
	if (n->drive.writes)
		w->log_position = last_write(n)->log_position;
	w->done = done;
	w->subject = subject;
	if (digest)
		w->digest = *digest;
	w->sequence = UINT64_MAX;
	w->job = *job;
	*job = NULL;
	*n->drive.writes_tail = w;
	n->drive.writes_tail = &w->next;
	if (!n->drive.unsent)
		n->drive.unsent = w;
	submit_unsent(n);
}

bool drive_is_full(const struct node *n)
{
	return n->drive.unsent || store_writer_queued_bytes(n->writer) >
					  n->config->write_bytes / 4;
}

static void persist(struct node *n, const struct consensus_update *up)
{
	struct write_job *job;

	if (up->record_count == 0)
		return;
	if (!n->signlog) { /* An observer's: it signs nothing. */
		n->drive.durable_position = up->log_position;
		return;
	}
	job = write_job_new();
	for (size_t i = 0; i < up->record_count; i++)
		signlog_group_add(&job->records, up->records[i].data,
				  up->records[i].size);
	drive_write(n, &job, NULL, NULL, NULL);
	last_write(n)->log_position = up->log_position;
}

static void is_compacted(struct node *n, struct pending_write *w)
{
	size_t bytes = store_writer_signlog_bytes(n->writer);

	(void)w;
	n->drive.compacting = false;
	n->drive.compact_at =
		bytes < SIGNLOG_BYTES / 2 ? SIGNLOG_BYTES : 2 * bytes;
	log_debug(NODE, "the sign log has %zu bytes", bytes);
}

/* SPEC consensus 11: what is below the last durable block goes. */
void drive_compact(struct node *n)
{
	struct write_job *job;

	if (!n->signlog || n->drive.compacting ||
	    store_writer_signlog_bytes(n->writer) < n->drive.compact_at)
		return;
	job = write_job_new();
	job->compacts = true;
	job->cut.epoch = n->voters.epoch;
	job->cut.view =
		consensus_log_from(n->consensus, n->commit.durable_view);
	n->drive.compacting = true;
	drive_write(n, &job, is_compacted, NULL, NULL);
}

/* --- Send --- */

static void send_now(struct node *n, const struct held_message *m)
{
	enum net_class class_ = wire_kind_class(m->kind);

	if (m->to == CONSENSUS_ALL)
		net_broadcast_validators(n->net, class_, m->kind, m->body,
					 m->size);
	else if (net_send(n->net, &n->voters.voters[m->to].key, class_, m->kind,
			  m->body, m->size) != ERR_OK)
		log_debug(CONSENSUS, "validator %u is not reachable", m->to);
}

static void hold(struct node *n, const struct consensus_message *m,
		 uint8_t kind, struct bytes body)
{
	struct held_message *h = mem_alloc(sizeof(*h) + body.size);

	h->release_after = m->release_after;
	h->to = m->to;
	h->kind = kind;
	h->size = body.size;
	memcpy(h->body, body.data, body.size);
	*n->drive.held_tail = h;
	n->drive.held_tail = &h->next;
}

static struct bytes write_certificate(struct arena *a,
				      const struct certificate *c)
{
	size_t size = certificate_size(c);
	uint8_t *data = arena_alloc(a, size);
	struct writer w;

	assert(data);
	writer_init(&w, data, size);
	certificate_write(&w, c);
	assert(!w.bad);
	return (struct bytes){data, size};
}

/* No bytes for one whose payload is not here any more. */
static struct bytes encode_proposal(struct node *n, struct arena *a,
				    const struct block_proposal *p)
{
	struct bytes proofs[CONSENSUS_PROOFS_MAX];
	uint8_t header[BLOCK_HEADER_BYTES];
	struct wire_proposal m = {.signature = p->signature,
				  .proofs = proofs,
				  .proof_count = p->proof_count};
	const struct pooled_block *b;
	struct hash digest;
	struct bytes payload = {NULL, 0}, body;
	struct writer w;

	block_digest(&digest, &n->genesis_hash, &p->header);
	b = blockpool_find(n->blocks, &digest);
	if (!b && !hash_is_zero(&p->header.payload))
		return payload;
	if (b)
		payload = blockpool_payload(b);
	writer_init(&w, header, sizeof(header));
	block_header_write(&w, &p->header);
	m.header = (struct bytes){header, w.size};
	m.payload = payload;
	for (uint32_t i = 0; i < p->proof_count; i++)
		proofs[i] = write_certificate(a, p->proofs[i]);
	body = wire_encode_proposal(a, &m);
	free((void *)payload.data);
	return body;
}

static void hold_message(struct node *n, const struct consensus_message *m)
{
	struct arena *a = node_arena(n, LIMIT_MESSAGE_BYTES);
	uint8_t vote[VOTE_BYTES];
	struct bytes body;
	struct writer w;

	switch (m->kind) {
	case MESSAGE_PROPOSAL:
		body = encode_proposal(n, a, &m->proposal);
		if (body.data)
			hold(n, m, WIRE_PROPOSAL, body);
		break;
	case MESSAGE_VOTE:
		writer_init(&w, vote, sizeof(vote));
		vote_write(&w, &m->vote);
		hold(n, m, WIRE_VOTE, (struct bytes){vote, w.size});
		break;
	case MESSAGE_CERTIFICATE:
		hold(n, m, WIRE_CERTIFICATE,
		     write_certificate(a, m->certificate));
		break;
	case MESSAGE_REQUEST: {
		const struct wire_certificate_request r = {
			.epoch = m->request.epoch,
			.view = m->request.view,
		};

		hold(n, m, WIRE_CERTIFICATE_REQUEST,
		     wire_encode_certificate_request(a, &r));
		break;
	}
	}
}

/* A vote cannot leave before it is durable: this is the only way out. */
static void release(struct node *n)
{
	while (n->drive.held &&
	       n->drive.held->release_after <= n->drive.durable_position) {
		struct held_message *m = n->drive.held;

		n->drive.held = m->next;
		if (!n->drive.held)
			n->drive.held_tail = &n->drive.held;
		send_now(n, m);
		free(m);
	}
}

void drive_written(struct node *n)
{
	uint64_t durable = store_writer_durable(n->writer);
	struct err_text text = {""};
	enum err e = store_writer_error(n->writer, &text);

	while (n->drive.writes && n->drive.writes->sequence <= durable) {
		struct pending_write *w = n->drive.writes;

		n->drive.writes = w->next;
		if (!n->drive.writes)
			n->drive.writes_tail = &n->drive.writes;
		if (w->log_position > n->drive.durable_position)
			n->drive.durable_position = w->log_position;
		if (w->done)
			w->done(n, w);
		free(w);
	}
	submit_unsent(n);
	release(n);
	if (e != ERR_OK) {
		node_fail(n, e, "storage: %s", text.text);
		return;
	}
	commit_run(n);
	node_consider_sealing(n); /* There may be room again. */
}

/* --- Commit --- */

void drive_note_signers(struct node *n, const struct certificate *c,
			uint64_t height)
{
	for (uint32_t v = 0; v < n->voters.count; v++) {
		if (voter_set_has(&c->voters, v))
			n->signed_height[v] = height;
	}
}

static void queue_finalised(struct node *n, const struct consensus_update *up)
{
	for (size_t i = 0; i < up->finalised_count; i++) {
		const struct consensus_finalised *f = &up->finalised[i];
		struct commit_item item = {.header = f->header,
					   .digest = f->digest};
		bool direct =
			hash_equal(&f->certificate->what.digest, &f->digest);

		item.release_after = up->finalised_release_after;
		drive_note_signers(n, f->certificate, f->header.height);
		if (direct) {
			struct writer w;

			item.certificate_size =
				certificate_size(f->certificate);
			item.certificate = mem_alloc(item.certificate_size);
			writer_init(&w, item.certificate,
				    item.certificate_size);
			certificate_write(&w, f->certificate);
		}
		commit_push(n, &item);
	}
	/* In its own turn: applying steps consensus again. */
	if (up->finalised_count > 0)
		node_arm(n, &n->commit.more, clock_mono_ms());
}

/* --- Alarms --- */

static void raise_alarms(struct node *n, const struct consensus_update *up)
{
	for (size_t i = 0; i < up->evidence_count; i++)
		evidence_keep(n, &up->evidence[i]);
	if (up->key_used_elsewhere)
		node_fail(n, ERR_SIGN_REFUSED,
			  "another process signs with this node's key; one of "
			  "the two must stop for good");
	if (up->forked)
		node_fail(n, ERR_EQUIVOCATION,
			  "two certificates contradict each other: more than "
			  "a third of the weight misbehaves");
	if (up->behind)
		sync_behind(n, up->behind_height);
}

static void keep_asks(struct node *n, const struct consensus_update *up)
{
	const size_t room = sizeof(n->drive.asks) / sizeof(n->drive.asks[0]);

	for (size_t i = 0; i < up->ask_count; i++) {
		if (n->drive.ask_count == room)
			break; /* They are repeated. */
		n->drive.asks[n->drive.ask_count++] = up->asks[i];
	}
}

static bool is_own_proposal(const struct node *n,
			    const struct consensus_message *m)
{
	return m->kind == MESSAGE_PROPOSAL &&
	       m->proposal.header.proposer == n->me;
}

static void carry_out(struct node *n, const struct consensus_update *up)
{
	/* Its body goes to the store before the vote for it. */
	for (size_t i = 0; i < up->message_count; i++) {
		if (is_own_proposal(n, &up->messages[i]))
			payload_keep_own(n, &up->messages[i].proposal.header);
	}
	persist(n, up);
	for (size_t i = 0; i < up->message_count; i++)
		hold_message(n, &up->messages[i]);
	queue_finalised(n, up);
	keep_asks(n, up);
	raise_alarms(n, up);
	node_arm(n, &n->drive.timer, up->timer_ms);
	release(n);
}

void drive_event(struct node *n, struct consensus_event *ev)
{
	struct consensus_update up;
	enum err e;

	if (n->stopping)
		return;
	ev->now_ms = clock_mono_ms();
	ev->wall_ms = clock_wall_ms();
	e = consensus_step(n->consensus, ev, &up);
	if (e != ERR_OK)
		log_debug(CONSENSUS, "event %d: %s", (int)ev->kind,
			  error_name(e));
	carry_out(n, &up);
}

void drive_answer_asks(struct node *n)
{
	/* Answers may bring new asks: those are answered next. */
	for (unsigned round = 0; n->drive.ask_count > 0 && round < 64;
	     round++) {
		struct consensus_ask ask = n->drive.asks[0];

		n->drive.ask_count--;
		memmove(&n->drive.asks[0], &n->drive.asks[1],
			n->drive.ask_count * sizeof(ask));
		payload_answer(n, &ask);
	}
	if (n->drive.ask_count > 0)
		node_notify_written(n); /* The loop must not sleep on them. */
}

void drive_start(struct node *n)
{
	struct consensus_event ev = {.kind = CONSENSUS_START};

	drive_event(n, &ev);
}
