#include "consensus_bench.h"

#include "base/assert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void bench_sign(void *context, const void *bytes, size_t size,
		       struct signature *out)
{
	struct bench *b = context;

	assert_int_equal(size, STATEMENT_BYTES);
	memset(out, 0, sizeof(*out));
	out->b[0] = (uint8_t)(b->config.me + 1);
	out->b[1] = ((const uint8_t *)bytes)[60];
	b->signed_count++;
}

void bench_init_weights(struct bench *b, uint32_t me, const uint64_t *weights,
			uint32_t count)
{
	struct voter voters[VOTERS_MAX];

	memset(b, 0, sizeof(*b));
	memset(voters, 0, sizeof(voters));
	for (uint32_t i = 0; i < count; i++) {
		voters[i].key.b[0] = (uint8_t)(i + 1);
		voters[i].weight = weights ? weights[i] : 1;
	}
	assert_int_equal(electorate_init(&b->voters, 2, voters, count), ERR_OK);
	b->now_ms = 10000;
	b->wall_ms = 1000000;
	b->config.genesis.b[0] = 9;
	b->config.voters = &b->voters;
	b->config.me = me;
	b->config.delta_ms = 100;
	b->config.delta_max_ms = 1600;
	b->config.drift_ms = 500;
	b->config.window = 32;
	b->config.root.time_ms = 5000;
	b->config.root.digest.b[0] = 0xee;
	b->config.sign = bench_sign;
	b->config.context = b;
}

void bench_init(struct bench *b, uint32_t me)
{
	bench_init_weights(b, me, NULL, 4);
}

void bench_start(struct bench *b)
{
	struct consensus_event ev = {.kind = CONSENSUS_START};

	b->config.log_position = b->log_count;
	b->core = consensus_new(&b->config);
	for (size_t k = 0; k < b->log_count; k++)
		assert_int_equal(
			consensus_recover(
				b->core,
				(struct bytes){b->log[k].data, b->log[k].size}),
			ERR_OK);
	bench_step(b, &ev);
}

void bench_restart(struct bench *b)
{
	consensus_free(&b->core);
	bench_start(b);
}

void bench_fini(struct bench *b)
{
	consensus_free(&b->core);
	assert_null(b->core);
}

void bench_step(struct bench *b, const struct consensus_event *ev)
{
	struct consensus_event timed = *ev;

	timed.now_ms = b->now_ms;
	timed.wall_ms = b->wall_ms;
	b->err = consensus_step(b->core, &timed, &b->up);
	for (size_t k = 0; k < b->up.record_count; k++) {
		assert_true(b->log_count < BENCH_RECORDS);
		b->log[b->log_count].size = b->up.records[k].size;
		memcpy(b->log[b->log_count].data, b->up.records[k].data,
		       b->up.records[k].size);
		b->log_count++;
	}
	assert_int_equal(b->up.log_position, b->log_count);
	if (b->up.timer_ms != CONSENSUS_NEVER)
		assert_true(b->up.timer_ms >= b->now_ms);
}

void bench_wait(struct bench *b, uint64_t ms)
{
	struct consensus_event ev = {.kind = CONSENSUS_TIMER};

	b->now_ms += ms;
	b->wall_ms += ms;
	bench_step(b, &ev);
}

void bench_work(struct bench *b, bool work)
{
	struct consensus_event ev = {.kind = CONSENSUS_WORK, .work = work};

	bench_step(b, &ev);
}

void bench_sync(struct bench *b, bool syncing)
{
	struct consensus_event ev = {.kind = CONSENSUS_SYNCING,
				     .syncing = syncing};

	bench_step(b, &ev);
}

void bench_vote(struct bench *b, uint32_t voter, enum vote_kind kind,
		uint64_t view, const struct hash *digest)
{
	struct consensus_event ev = {.kind = CONSENSUS_VOTE, .from = voter};

	ev.vote.what.kind = kind;
	ev.vote.what.epoch = 2;
	ev.vote.what.view = view;
	if (digest)
		ev.vote.what.digest = *digest;
	ev.vote.voter = voter;
	ev.vote.signature.b[0] = (uint8_t)(voter + 1);
	ev.vote.signature.b[1] = (uint8_t)kind;
	bench_step(b, &ev);
}

void bench_votes(struct bench *b, unsigned int voters, enum vote_kind kind,
		 uint64_t view, const struct hash *digest)
{
	for (uint32_t i = 0; i < b->voters.count; i++) {
		if (voters >> i & 1)
			bench_vote(b, i, kind, view, digest);
	}
}

void bench_certificate(struct bench *b, unsigned int voters,
		       enum vote_kind kind, uint64_t view,
		       const struct hash *digest)
{
	struct consensus_event ev = {.kind = CONSENSUS_CERTIFICATE};
	struct signature signatures[VOTERS_MAX];

	memset(signatures, 0, sizeof(signatures));
	ev.certificate.what.kind = kind;
	ev.certificate.what.epoch = 2;
	ev.certificate.what.view = view;
	if (digest)
		ev.certificate.what.digest = *digest;
	for (uint32_t i = 0; i < b->voters.count; i++) {
		if (!(voters >> i & 1))
			continue;
		voter_set_add(&ev.certificate.voters, i);
		signatures[ev.certificate.count].b[0] = (uint8_t)(i + 1);
		signatures[ev.certificate.count++].b[1] = (uint8_t)kind;
	}
	ev.certificate.signatures = signatures;
	bench_step(b, &ev);
}

struct hash bench_digest(const struct bench *b,
			 const struct block_header *header)
{
	struct hash digest;

	block_digest(&digest, &b->config.genesis, header);
	return digest;
}

struct block_header bench_block(const struct bench *b, uint64_t view,
				const struct block_header *parent,
				uint8_t payload)
{
	struct block_header h;

	memset(&h, 0, sizeof(h));
	h.epoch = 2;
	h.view = view;
	h.proposer = (uint32_t)(view % b->voters.count);
	h.payload.b[0] = payload;
	h.height = b->config.root.height + 1;
	h.parent_view = b->config.root.view;
	h.parent = b->config.root.digest;
	h.time_ms = b->config.root.time_ms + view;
	if (parent) {
		h.height = parent->height + 1;
		h.parent_view = parent->view;
		h.parent = bench_digest(b, parent);
		h.time_ms = parent->time_ms + view;
	}
	return h;
}

void bench_propose(struct bench *b, const struct block_header *header)
{
	struct consensus_event ev = {.kind = CONSENSUS_PROPOSAL,
				     .from = header->proposer};

	ev.proposal.header = *header;
	ev.proposal.signature.b[0] = (uint8_t)(header->proposer + 1);
	ev.proposal.signature.b[1] = VOTE_PROPOSAL;
	bench_step(b, &ev);
}

void bench_verdict(struct bench *b, const struct block_header *header,
		   enum payload_verdict verdict)
{
	struct consensus_event ev = {.kind = CONSENSUS_PAYLOAD};

	ev.payload.digest = bench_digest(b, header);
	ev.payload.verdict = verdict;
	bench_step(b, &ev);
}

void bench_good_block(struct bench *b, const struct block_header *header)
{
	bench_propose(b, header);
	if (block_has_content(header))
		bench_verdict(b, header, PAYLOAD_VALID);
}

void bench_built(struct bench *b, uint64_t view, uint8_t payload)
{
	struct consensus_event ev = {.kind = CONSENSUS_BUILT};

	ev.built.view = view;
	ev.built.time_ms = b->wall_ms;
	ev.built.payload.b[0] = payload;
	bench_step(b, &ev);
}

const struct consensus_message *
bench_sent_vote(const struct bench *b, enum vote_kind kind, uint64_t view)
{
	for (size_t k = 0; k < b->up.message_count; k++) {
		const struct consensus_message *m = &b->up.messages[k];

		if (m->kind == MESSAGE_VOTE && m->vote.what.kind == kind &&
		    m->vote.what.view == view)
			return m;
	}
	return NULL;
}

const struct consensus_message *bench_sent_certificate(const struct bench *b,
						       enum vote_kind kind,
						       uint64_t view)
{
	for (size_t k = 0; k < b->up.message_count; k++) {
		const struct consensus_message *m = &b->up.messages[k];

		if (m->kind == MESSAGE_CERTIFICATE &&
		    m->certificate->what.kind == kind &&
		    m->certificate->what.view == view)
			return m;
	}
	return NULL;
}

const struct consensus_message *bench_sent(const struct bench *b,
					   enum consensus_message_kind kind)
{
	for (size_t k = 0; k < b->up.message_count; k++) {
		if (b->up.messages[k].kind == kind)
			return &b->up.messages[k];
	}
	return NULL;
}

const struct consensus_ask *bench_asked(const struct bench *b,
					enum consensus_ask_kind kind)
{
	for (size_t k = 0; k < b->up.ask_count; k++) {
		if (b->up.asks[k].kind == kind)
			return &b->up.asks[k];
	}
	return NULL;
}

uint64_t bench_view(const struct bench *b)
{
	struct consensus_status s;

	consensus_status(b->core, &s);
	return s.view;
}
