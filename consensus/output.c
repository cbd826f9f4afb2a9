#include "base/arena.h"
#include "base/assert.h"
#include "consensus/state.h"

#include <stdlib.h>
#include <string.h>

static size_t record_max(const struct consensus *c)
{
	size_t certificate =
		1 + CERTIFICATE_HEAD_BYTES + c->voters.count * SIGNATURE_BYTES;
	size_t vote = 1 + VOTE_BYTES + BLOCK_HEADER_BYTES + SIGNATURE_BYTES;

	return certificate > vote ? certificate : vote;
}

void output_init(struct consensus *c)
{
	c->out.log_capacity = RECORDS_MAX * record_max(c);
	c->out.log = mem_alloc(c->out.log_capacity);
	c->out.finalised =
		mem_alloc(c->config.window * sizeof(*c->out.finalised));
}

void output_fini(struct consensus *c)
{
	free(c->out.log);
	free(c->out.finalised);
}

void output_begin(struct consensus *c)
{
	struct output *out = &c->out;

	out->log_size = 0;
	out->record_count = 0;
	out->message_count = 0;
	out->proposal_count = 0;
	out->finalised_count = 0;
	out->ask_count = 0;
	out->evidence_count = 0;
	out->unfinished = false;
}

bool output_has_room(const struct consensus *c)
{
	return c->out.record_count + 6 <= RECORDS_MAX;
}

void output_record(struct consensus *c, const void *data, size_t size)
{
	struct output *out = &c->out;

	assert(out->record_count < RECORDS_MAX);
	assert(size <= out->log_capacity - out->log_size);
	memcpy(out->log + out->log_size, data, size);
	out->records[out->record_count].data = out->log + out->log_size;
	out->records[out->record_count].size = size;
	out->record_count++;
	out->log_size += size;
	c->log_position++;
}

/* The next message, or NULL: nothing relies on a message being sent once, so
 * what does not fit is left to the next re-broadcast. Whatever it says may
 * rest on votes signed in this very step, hence the log position. */
static struct consensus_message *next(struct consensus *c, uint32_t to)
{
	struct consensus_message *m;

	if (c->out.message_count == MESSAGES_MAX || to == c->config.me)
		return NULL;
	m = &c->out.messages[c->out.message_count++];
	m->to = to;
	m->release_after = MUTANT(SEND_EARLY) ? 0 : c->log_position;
	return m;
}

void output_vote(struct consensus *c, uint32_t to, const struct vote *vote)
{
	struct consensus_message *m = next(c, to);

	if (!m)
		return;
	m->kind = MESSAGE_VOTE;
	m->vote = *vote;
}

void output_certificate(struct consensus *c, uint32_t to,
			const struct certificate *certificate)
{
	struct consensus_message *m = next(c, to);

	if (!m)
		return;
	m->kind = MESSAGE_CERTIFICATE;
	m->certificate = certificate;
}

void output_request(struct consensus *c, uint32_t to, uint64_t view)
{
	struct consensus_message *m = next(c, to);

	if (!m)
		return;
	m->kind = MESSAGE_REQUEST;
	m->request.epoch = c->voters.epoch;
	m->request.view = view;
}

static void add_proof(struct block_proposal *p,
		      const struct certificate **proofs,
		      const struct certificate *proof)
{
	if (proof && p->proof_count < CONSENSUS_PROOFS_MAX)
		proofs[p->proof_count++] = proof;
}

/* SPEC consensus 2: the proofs travel with the proposal; those that do not
 * fit are asked for. */
void output_proposal(struct consensus *c, const struct held_block *block)
{
	const struct certificate **proofs;
	struct consensus_message *m;
	uint64_t parent = block->header.parent_view;
	const struct slot *s = views_peek(&c->views, parent);

	if (c->out.proposal_count == PROPOSALS_MAX)
		return;
	m = next(c, CONSENSUS_ALL);
	if (!m)
		return;
	proofs = c->out.proofs[c->out.proposal_count++];
	m->kind = MESSAGE_PROPOSAL;
	m->proposal.header = block->header;
	m->proposal.signature = block->signature;
	m->proposal.proofs = proofs;
	m->proposal.proof_count = 0;
	if (parent > c->root.view) {
		const struct certificate *held =
			slot_certificate(s, VOTE_NOTARIZE);

		add_proof(&m->proposal, proofs,
			  held ? held : slot_certificate(s, VOTE_FINALIZE));
	} else if (c->has_root_certificate) {
		add_proof(&m->proposal, proofs, &c->root_certificate);
	}
	for (uint64_t v = block->header.view - 1; v > parent; v--)
		add_proof(&m->proposal, proofs,
			  slot_certificate(views_peek(&c->views, v),
					   VOTE_NULLIFY));
}

void output_finalised(struct consensus *c, const struct held_block *block,
		      const struct certificate *certificate)
{
	struct consensus_finalised *f;

	assert(c->out.finalised_count < c->config.window);
	f = &c->out.finalised[c->out.finalised_count++];
	f->header = block->header;
	f->digest = block->digest;
	f->certificate = certificate;
}

static struct consensus_ask *next_ask(struct consensus *c)
{
	struct consensus_ask *ask;

	if (c->out.ask_count == ASKS_MAX)
		return NULL;
	ask = &c->out.asks[c->out.ask_count++];
	memset(ask, 0, sizeof(*ask));
	return ask;
}

void output_ask_payload(struct consensus *c, struct held_block *block)
{
	struct consensus_ask *ask;

	if (!block_has_content(&block->header)) {
		block->payload = PAYLOAD_GOOD;
		return;
	}
	ask = next_ask(c);
	if (!ask)
		return;
	block->payload = PAYLOAD_ASKED;
	ask->kind = ASK_PAYLOAD;
	ask->view = block->header.view;
	ask->digest = block->digest;
	ask->header = block->header;
	ask->from = block->header.proposer;
}

void output_ask_block(struct consensus *c, uint64_t view,
		      const struct hash *digest)
{
	struct consensus_ask *ask = next_ask(c);

	if (!ask)
		return;
	ask->kind = ASK_BLOCK;
	ask->view = view;
	ask->digest = *digest;
	ask->from = electorate_leader(&c->voters, view);
}

void output_ask_build(struct consensus *c, const struct hash *parent,
		      const struct held_block *block)
{
	struct consensus_ask *ask = next_ask(c);

	if (!ask)
		return;
	ask->kind = ASK_BUILD;
	ask->view = c->view;
	ask->digest = *parent;
	ask->parent_time_ms = c->root.time_ms;
	if (block) {
		ask->header = block->header;
		ask->parent_time_ms = block->header.time_ms;
	}
	ask->may_be_empty = timers_empty_allowed(c);
	ask->from = CONSENSUS_OBSERVER;
	c->build = BUILD_ASKED;
	c->build_may_be_empty = ask->may_be_empty;
}

void output_evidence(struct consensus *c, struct slot *s, uint32_t signer,
		     const struct statement what[2],
		     const struct signature signatures[2])
{
	uint8_t(*bytes)[STATEMENT_BYTES];
	enum evidence_kind kind;
	struct evidence *e;
	bool swap;

	if (!evidence_conflict(&what[0], &what[1], &kind) ||
	    (s->accused[signer] >> kind & 1) != 0 ||
	    c->out.evidence_count == CONSENSUS_EVIDENCE_MAX)
		return;
	s->accused[signer] = (uint8_t)(s->accused[signer] | 1u << kind);
	bytes = c->out.statements[c->out.evidence_count];
	e = &c->out.evidence[c->out.evidence_count++];
	statement_bytes(bytes[0], &c->config.genesis, &what[0]);
	statement_bytes(bytes[1], &c->config.genesis, &what[1]);
	swap = memcmp(bytes[0], bytes[1], STATEMENT_BYTES) > 0;
	e->kind = kind;
	e->epoch = what[0].epoch;
	e->view = what[0].view;
	e->signer = signer;
	e->first.data = bytes[swap ? 1 : 0];
	e->second.data = bytes[swap ? 0 : 1];
	e->first.size = e->second.size = STATEMENT_BYTES;
	e->first_signature = signatures[swap ? 1 : 0];
	e->second_signature = signatures[swap ? 0 : 1];
}

/* Are the blocks of a finalization out of reach? */
static bool is_behind(const struct consensus *c, struct consensus_update *up)
{
	const struct certificate *final;
	const struct held_block *block;
	const struct slot *s;

	up->behind_view = 0;
	up->behind_height = 0;
	if (c->far_view >= c->views.limit) {
		up->behind_view = c->far_view;
		return true;
	}
	if (c->final_view <= c->root.view)
		return false;
	s = views_peek(&c->views, c->final_view);
	final = slot_certificate(s, VOTE_FINALIZE);
	if (!final)
		return false;
	up->behind_view = c->final_view;
	block = views_block(&c->views, c->final_view, &final->what.digest);
	if (block)
		up->behind_height = block->header.height;
	return up->behind_height >= c->root.height + 2 ||
	       c->stalled_view >= c->final_view;
}

void output_end(struct consensus *c, struct consensus_update *up)
{
	struct output *out = &c->out;

	up->records = out->records;
	up->record_count = out->record_count;
	up->log_position = c->log_position;
	up->messages = out->messages;
	up->message_count = out->message_count;
	up->finalised = out->finalised;
	up->finalised_count = out->finalised_count;
	up->finalised_release_after = c->log_position;
	up->asks = out->asks;
	up->ask_count = out->ask_count;
	up->evidence = out->evidence;
	up->evidence_count = out->evidence_count;
	up->timer_ms = out->unfinished ? c->now_ms : timers_next(c);
	up->key_used_elsewhere = c->stopped;
	up->forked = c->forked;
	up->behind = is_behind(c, up);
}
