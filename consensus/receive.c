#include "base/assert.h"
#include "consensus/state.h"

#include <string.h>

void receive_seen(struct consensus *c, uint32_t voter, uint64_t view)
{
	uint64_t seen = view < c->view ? view : c->view;

	if (seen > c->seen[voter])
		c->seen[voter] = seen;
}

/* A statement by this node's key that this node did not make. Views up to the
 * one resumed at may hold some that the log no longer has. */
static bool is_foreign(const struct consensus *c, const struct slot *s,
		       const struct statement *what)
{
	struct signature signature;
	struct statement own;

	if (what->kind == VOTE_PROPOSAL) {
		const struct held_block *block = &s->blocks[0];

		if (block->held)
			return !hash_equal(&block->digest, &what->digest);
		return what->view > c->resume_view;
	}
	if (slot_vote(s, c->config.me, what->kind, &own, &signature))
		return !hash_equal(&own.digest, &what->digest);
	return what->view > c->resume_view;
}

/* SPEC consensus 11: it listens for its own key being used elsewhere. */
static enum err receive_own(struct consensus *c, const struct slot *s,
			    const struct statement *what)
{
	if (!is_foreign(c, s, what) || MUTANT(DEAF))
		return ERR_STALE;
	c->stopped = true;
	return ERR_EQUIVOCATION;
}

/* Compare with everything held of this voter in this view. */
static void accuse(struct consensus *c, struct slot *s, const struct vote *vote)
{
	struct statement what[2];
	struct signature signatures[2];

	what[1] = vote->what;
	signatures[1] = vote->signature;
	for (int k = VOTE_NOTARIZE; k <= VOTE_FINALIZE; k++) {
		if (!slot_vote(s, vote->voter, (enum vote_kind)k, &what[0],
			       &signatures[0]))
			continue;
		what[0].epoch = c->voters.epoch;
		output_evidence(c, s, vote->voter, what, signatures);
	}
}

/* Does the slot hold just this already? A different statement of the same
 * kind gives `*conflict`. */
static bool is_repeat(const struct slot *s, const struct vote *vote,
		      bool *conflict)
{
	struct signature signature;
	struct statement held;

	*conflict = false;
	if (!slot_vote(s, vote->voter, vote->what.kind, &held, &signature))
		return false;
	*conflict = !hash_equal(&held.digest, &vote->what.digest);
	return !*conflict;
}

static enum err take_vote(struct consensus *c, struct slot *s,
			  const struct vote *vote)
{
	bool conflict;

	if (vote->voter == c->config.me)
		return receive_own(c, s, &vote->what);
	if (is_repeat(s, vote, &conflict))
		return ERR_STALE;
	accuse(c, s, vote);
	receive_seen(c, vote->voter, vote->what.view);
	if (conflict)
		return ERR_EQUIVOCATION;
	slot_record(s, vote);
	return ERR_OK;
}

enum err receive_vote(struct consensus *c, const struct vote *vote)
{
	struct slot *s;
	enum err err;

	if (vote->voter >= c->voters.count ||
	    vote->what.epoch != c->voters.epoch ||
	    vote->what.kind == VOTE_PROPOSAL)
		return ERR_NOT_VALIDATOR;
	if (vote->what.view < c->views.low || vote->what.view == 0)
		return ERR_STALE;
	s = views_slot(&c->views, vote->what.view);
	if (!s)
		return ERR_TOO_FAR;
	err = take_vote(c, s, vote);
	if (err != ERR_OK)
		return err;
	/* One that wants to skip what is notarized needs to be told. */
	if (vote->what.kind == VOTE_NULLIFY && s->view > c->root.view &&
	    slot_certificate(s, VOTE_NOTARIZE))
		output_certificate(c, vote->voter,
				   slot_certificate(s, VOTE_NOTARIZE));
	rules_count(c, s, &vote->what);
	return ERR_OK;
}

/* The votes within a certificate are votes like any other. */
static void take_votes(struct consensus *c, struct slot *s,
		       const struct certificate *certificate)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < c->voters.count; i++) {
		struct vote vote;

		if (!voter_set_has(&certificate->voters, i))
			continue;
		vote.what = certificate->what;
		vote.voter = i;
		vote.signature = certificate->signatures[at++];
		(void)take_vote(c, s, &vote);
	}
}

enum err receive_certificate(struct consensus *c,
			     const struct certificate *certificate)
{
	const struct statement *what = &certificate->what;
	const struct certificate *held;
	struct slot *s;

	if (certificate_check(certificate, &c->voters) != ERR_OK)
		return ERR_BAD_CERTIFICATE;
	if (what->view < c->views.low || what->view == 0)
		return ERR_STALE;
	s = views_slot(&c->views, what->view);
	if (!s) {
		if (what->view > c->far_view)
			c->far_view = what->view;
		return ERR_TOO_FAR;
	}
	held = slot_certificate(s, what->kind);
	if (held && !certificate_same(held, certificate))
		c->forked = true;
	take_votes(c, s, certificate);
	if (held || rules_drops(c, s, what))
		return ERR_STALE;
	slot_certify(s, certificate);
	rules_certified(c, s, what->kind);
	return ERR_OK;
}

static void store_block(struct held_block *block,
			const struct block_header *header,
			const struct hash *digest,
			const struct signature *signature)
{
	memset(block, 0, sizeof(*block));
	block->held = true;
	block->header = *header;
	block->digest = *digest;
	if (signature) {
		block->is_signed = true;
		block->signature = *signature;
	}
}

/* A second proposal for one view: the leader's fault, proven by the two
 * signatures. The first one counts; this one may still turn out notarized. */
static enum err second_proposal(struct consensus *c, struct slot *s,
				const struct block_proposal *p,
				const struct hash *digest)
{
	struct held_block *first = &s->blocks[0];
	struct statement what[2];
	struct signature signatures[2] = {first->signature, p->signature};

	memset(what, 0, sizeof(what));
	for (int i = 0; i < 2; i++) {
		what[i].kind = VOTE_PROPOSAL;
		what[i].epoch = c->voters.epoch;
		what[i].view = s->view;
		what[i].digest = i == 0 ? first->digest : *digest;
	}
	if (first->is_signed)
		output_evidence(c, s, p->header.proposer, what, signatures);
	if (!s->blocks[1].held || (s->wants && hash_equal(&s->wanted, digest)))
		store_block(&s->blocks[1], &p->header, digest, &p->signature);
	if (s->wants && hash_equal(&s->wanted, digest))
		s->wants = false;
	rules_want_payload(c, s);
	return ERR_EQUIVOCATION;
}

static enum err take_proposal(struct consensus *c,
			      const struct block_proposal *p)
{
	struct slot *s = views_slot(&c->views, p->header.view);
	struct statement what;

	if (!s)
		return p->header.view < c->views.low ? ERR_STALE : ERR_TOO_FAR;
	memset(&what, 0, sizeof(what));
	what.kind = VOTE_PROPOSAL;
	what.epoch = p->header.epoch;
	what.view = p->header.view;
	block_digest(&what.digest, &c->config.genesis, &p->header);
	if (p->header.proposer == c->config.me)
		return receive_own(c, s, &what);
	receive_seen(c, p->header.proposer, p->header.view);
	if (!s->blocks[0].held) {
		store_block(&s->blocks[0], &p->header, &what.digest,
			    &p->signature);
		if (s->wants && hash_equal(&s->wanted, &what.digest))
			s->wants = false;
		if (s->view > c->root.view)
			c->block_ms = c->now_ms;
		rules_want_payload(c, s);
		return ERR_OK;
	}
	if (hash_equal(&s->blocks[0].digest, &what.digest))
		return ERR_STALE;
	return second_proposal(c, s, p, &what.digest);
}

enum err receive_proposal(struct consensus *c, const struct consensus_event *ev)
{
	const struct block_proposal *p = &ev->proposal;
	const struct block_header *h = &p->header;

	if (h->epoch != c->voters.epoch)
		return ERR_NOT_VALIDATOR;
	if (h->view == 0 ||
	    h->proposer != electorate_leader(&c->voters, h->view))
		return ERR_BAD_BLOCK;
	for (uint32_t i = 0; i < p->proof_count && i < CONSENSUS_PROOFS_MAX;
	     i++) {
		if (output_has_room(c))
			(void)receive_certificate(c, p->proofs[i]);
	}
	return take_proposal(c, p);
}

/* SPEC consensus 3: the leader's first proposal is what it signed; a block
 * that comes by its digest alone only fills the place that waits for it. */
enum err receive_block(struct consensus *c, const struct block_header *header)
{
	struct hash digest;
	struct slot *s;

	if (header->epoch != c->voters.epoch || header->view <= c->root.view)
		return ERR_STALE;
	s = views_slot(&c->views, header->view);
	if (!s)
		return ERR_TOO_FAR;
	block_digest(&digest, &c->config.genesis, header);
	if (!s->wants || !hash_equal(&s->wanted, &digest))
		return ERR_BAD_BLOCK;
	store_block(&s->blocks[1], header, &digest, NULL);
	s->wants = false;
	rules_want_payload(c, s);
	return ERR_OK;
}

/* SPEC consensus 8: bounded, and not more often than helps. */
enum err receive_request(struct consensus *c, const struct consensus_event *ev)
{
	const struct certificate_request *request = &ev->request;
	uint64_t view = request->view;
	uint32_t sent = 0;

	if (ev->from >= c->voters.count || ev->from == c->config.me ||
	    request->epoch != c->voters.epoch)
		return ERR_NOT_VALIDATOR;
	if (c->answered_ms[ev->from] != 0 &&
	    c->now_ms - c->answered_ms[ev->from] < c->config.delta_ms / 4)
		return ERR_BUSY;
	c->answered_ms[ev->from] = c->now_ms;
	if (c->has_root_certificate && c->root.view >= view) {
		output_certificate(c, ev->from, &c->root_certificate);
		sent++;
	}
	if (view <= c->root.view)
		view = c->root.view + 1;
	for (; view < c->views.limit && sent < CONSENSUS_ANSWER_MAX; view++) {
		const struct slot *s = views_peek(&c->views, view);

		for (int k = VOTE_NOTARIZE; k <= VOTE_FINALIZE; k++) {
			const struct certificate *held =
				slot_certificate(s, (enum vote_kind)k);

			if (!held)
				continue;
			output_certificate(c, ev->from, held);
			sent++;
		}
	}
	return ERR_OK;
}

bool consensus_wants_vote(const struct consensus *c, const struct vote *v)
{
	enum evidence_kind kind = v->what.kind == VOTE_NOTARIZE
					  ? EVIDENCE_TWO_NOTARIZE
					  : EVIDENCE_TWO_FINALIZE;
	const struct slot *s;
	bool conflict;

	if (v->voter >= c->voters.count || v->what.epoch != c->voters.epoch ||
	    v->what.kind == VOTE_PROPOSAL || v->what.view == 0 ||
	    v->what.view < c->views.low || v->what.view >= c->views.limit)
		return false;
	s = views_peek(&c->views, v->what.view);
	if (!s)
		return true;
	if (is_repeat(s, v, &conflict))
		return false;
	return !conflict || (s->accused[v->voter] >> kind & 1) == 0;
}

bool consensus_wants_certificate(const struct consensus *c,
				 const struct certificate *cert)
{
	const struct certificate *held;

	if (certificate_check(cert, &c->voters) != ERR_OK ||
	    cert->what.view <= c->root.view)
		return false;
	if (cert->what.view >= c->views.limit)
		return cert->what.view > c->far_view;
	held = slot_certificate(views_peek(&c->views, cert->what.view),
				cert->what.kind);
	return !held || (!certificate_same(held, cert) && !c->forked);
}

bool consensus_wants_proposal(const struct consensus *c,
			      const struct block_proposal *p)
{
	const struct block_header *h = &p->header;
	struct hash digest;
	const struct slot *s;

	if (h->epoch != c->voters.epoch || h->view == 0 ||
	    h->proposer != electorate_leader(&c->voters, h->view) ||
	    h->view < c->views.low || h->view >= c->views.limit)
		return false;
	s = views_peek(&c->views, h->view);
	if (!s || !s->blocks[0].held)
		return true;
	block_digest(&digest, &c->config.genesis, h);
	if (hash_equal(&s->blocks[0].digest, &digest) ||
	    views_block(&c->views, h->view, &digest))
		return false;
	return (s->wants && hash_equal(&s->wanted, &digest)) ||
	       (s->accused[h->proposer] >> EVIDENCE_TWO_PROPOSALS & 1) == 0;
}
