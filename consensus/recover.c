#include "base/assert.h"
#include "consensus/state.h"

#include <string.h>

/* A record is a vote, with the header and the leader's signature behind a
 * NOTARIZE, or a certificate behind a byte of its own. */
#define RECORD_VOTE	   1
#define RECORD_CERTIFICATE 2

#define RECORD_BYTES (1 + VOTE_BYTES + BLOCK_HEADER_BYTES + SIGNATURE_BYTES)

static void note_record(struct consensus *c, uint64_t view)
{
	if (view > c->record_view)
		c->record_view = view;
}

/* The header goes with a NOTARIZE: were it only in memory, a block that all
 * notarized could be lost by all. */
void record_vote(struct consensus *c, const struct vote *vote,
		 const struct held_block *block)
{
	uint8_t bytes[RECORD_BYTES];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_u8(&w, RECORD_VOTE);
	vote_write(&w, vote);
	if (block) {
		assert(vote->what.kind == VOTE_NOTARIZE);
		block_header_write(&w, &block->header);
		write_bytes(&w, block->signature.b, SIGNATURE_BYTES);
	}
	assert(!w.bad);
	output_record(c, bytes, w.size);
	note_record(c, vote->what.view);
}

/* What led into a view goes into the log before anything signed there: its
 * signers may not say it again. */
void record_certificate(struct consensus *c,
			const struct certificate *certificate)
{
	uint8_t bytes[CONSENSUS_RECORD_MAX];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_u8(&w, RECORD_CERTIFICATE);
	certificate_write(&w, certificate);
	assert(!w.bad);
	output_record(c, bytes, w.size);
	note_record(c, certificate->what.view + 1);
}

struct record {
	bool is_vote;
	struct vote vote;
	struct block_header header; /* Behind a NOTARIZE. */
	struct signature proposal;
	struct certificate certificate;
	uint32_t epoch;
	uint64_t view; /* To resume at. */
};

static bool record_parse(struct record *out, struct bytes record)
{
	struct reader r;
	uint8_t type;

	memset(out, 0, sizeof(*out));
	reader_init(&r, record.data, record.size);
	type = read_u8(&r);
	out->is_vote = type == RECORD_VOTE;
	if (type == RECORD_VOTE) {
		vote_read(&r, &out->vote);
		if (out->vote.what.kind == VOTE_NOTARIZE) {
			block_header_read(&r, &out->header);
			read_copy(&r, out->proposal.b, SIGNATURE_BYTES);
		}
		out->epoch = out->vote.what.epoch;
		out->view = out->vote.what.view;
	} else if (type == RECORD_CERTIFICATE) {
		certificate_read(&r, &out->certificate);
		out->epoch = out->certificate.what.epoch;
		out->view = out->certificate.what.view + 1;
	}
	return reader_done(&r) && out->view > 0 &&
	       (out->is_vote || type == RECORD_CERTIFICATE);
}

static enum err keep_vote(struct consensus *c, struct slot *s,
			  const struct record *r)
{
	const struct statement *what = &r->vote.what;
	struct held_block *block = &s->blocks[0];

	if (r->vote.voter != c->config.me)
		return ERR_DATA_DAMAGED;
	if (MUTANT(FORGET_NULLIFY) && what->kind == VOTE_NULLIFY)
		return ERR_OK;
	if (slot_has_voted(s, c->config.me, what->kind))
		return ERR_OK;
	if (what->kind == VOTE_NOTARIZE && !MUTANT(FORGET_HEADER)) {
		block_digest(&block->digest, &c->config.genesis, &r->header);
		if (!hash_equal(&block->digest, &what->digest) ||
		    r->header.view != what->view)
			return ERR_DATA_DAMAGED;
		block->held = true;
		block->is_signed = true;
		block->payload = PAYLOAD_GOOD;
		block->header = r->header;
		block->signature = r->proposal;
	}
	slot_record(s, &r->vote);
	return ERR_OK;
}

static enum err keep_certificate(struct consensus *c, struct slot *s,
				 const struct certificate *certificate)
{
	enum vote_kind kind = certificate->what.kind;

	if (certificate_check(certificate, &c->voters) != ERR_OK)
		return ERR_DATA_DAMAGED;
	if (!slot_certificate(s, kind))
		slot_certify(s, certificate);
	return ERR_OK;
}

/* What the bug "only the last record counts" would know. */
static void forget_all(struct consensus *c)
{
	for (uint64_t v = c->views.low; v < c->views.limit; v++) {
		struct slot *s = views_slot(&c->views, v);

		memset(s->voted, 0, c->voters.count);
		memset(s->has, 0, sizeof(s->has));
		memset(s->blocks, 0, sizeof(s->blocks));
	}
	c->resume_view = 0;
}

/* SPEC consensus 11: older epochs are ignored; a later one means that
 * this instance is a thing of the past, which must not sign. The highest view
 * counts, not the last: a late FINALIZE of an older view may follow. */
enum err consensus_recover(struct consensus *c, struct bytes record)
{
	struct record r;
	uint64_t view;

	assert(!c->started);
	if (!record_parse(&r, record))
		return ERR_DATA_DAMAGED;
	if (r.epoch < c->voters.epoch)
		return ERR_OK;
	if (r.epoch > c->voters.epoch) {
		c->unkept_view = UINT64_MAX;
		return ERR_OK;
	}
	if (MUTANT(RESUME_LAST))
		forget_all(c);
	note_record(c, r.view);
	if (r.view > c->resume_view)
		c->resume_view = r.view;
	view = r.is_vote ? r.view : r.view - 1;
	if (view <= c->root.view)
		return ERR_OK;
	if (view >= c->views.limit) {
		if (view > c->unkept_view)
			c->unkept_view = view;
		return ERR_OK;
	}
	if (r.is_vote)
		return keep_vote(c, views_slot(&c->views, view), &r);
	return keep_certificate(c, views_slot(&c->views, view), &r.certificate);
}

uint64_t consensus_log_from(const struct consensus *c, uint64_t durable_view)
{
	assert(durable_view <= c->root.view);
	return durable_view + 1 < c->record_view ? durable_view + 1
						 : c->record_view;
}

bool consensus_record_reaches(struct bytes record, uint32_t epoch,
			      uint64_t view)
{
	struct record r;

	if (!record_parse(&r, record))
		return true;
	return r.epoch != epoch ? r.epoch > epoch : r.view >= view;
}
