#include "base/assert.h"
#include "consensus/state.h"

#include <string.h>

/* What this node signed in a view stands in the slot, where its own votes are
 * counted like everybody's; the sign log fills it again after a restart. */
static bool has_signed(const struct consensus *c, const struct slot *s,
		       enum vote_kind kind)
{
	return s && slot_has_voted(s, c->config.me, kind);
}

static bool may_propose(const struct consensus *c, const struct slot *s)
{
	return electorate_leader(&c->voters, c->view) == c->config.me &&
	       !(s && s->blocks[0].held) && !has_signed(c, s, VOTE_NOTARIZE) &&
	       !has_signed(c, s, VOTE_NULLIFY);
}

/* SPEC consensus 4: only a node that never signed NULLIFY(v) finalizes v, and
 * only what it holds the notarization of. */
static bool may_finalize(const struct consensus *c, const struct slot *s,
			 const struct hash *digest)
{
	const struct certificate *held = slot_certificate(s, VOTE_NOTARIZE);

	if (!held || !hash_equal(&held->what.digest, digest))
		return false;
	if (has_signed(c, s, VOTE_NULLIFY) && !MUTANT(FINALIZE_AFTER_NULLIFY))
		return false;
	return !has_signed(c, s, VOTE_FINALIZE);
}

bool consensus_sign_allowed(const struct consensus *c,
			    const struct statement *s)
{
	const struct slot *slot = views_peek(&c->views, s->view);

	if (!c->started || c->stopped || c->syncing ||
	    c->config.me == CONSENSUS_OBSERVER || s->epoch != c->voters.epoch)
		return false;
	/* SPEC consensus 11: nothing below the view resumed at, nothing
	 * where a record could not be kept, nothing settled. */
	if (s->view < c->resume_view || s->view <= c->unkept_view ||
	    s->view <= c->root.view || s->view > c->view)
		return false;
	switch (s->kind) {
	case VOTE_PROPOSAL:
		return s->view == c->view && may_propose(c, slot);
	case VOTE_NOTARIZE:
		/* SPEC consensus 3: at most once a view. */
		return s->view == c->view &&
		       (!has_signed(c, slot, VOTE_NOTARIZE) ||
			MUTANT(NOTARIZE_TWICE));
	case VOTE_NULLIFY:
		/* SPEC consensus 5: the current view, never after FINALIZE. */
		if (has_signed(c, slot, VOTE_FINALIZE) &&
		    !MUTANT(NULLIFY_AFTER_FINALIZE))
			return false;
		return (s->view == c->view || MUTANT(NULLIFY_AFTER_FINALIZE)) &&
		       !has_signed(c, slot, VOTE_NULLIFY);
	case VOTE_FINALIZE:
		return may_finalize(c, slot, &s->digest);
	}
	return false;
}

static bool sign(struct consensus *c, const struct statement *what,
		 struct signature *out)
{
	uint8_t bytes[STATEMENT_BYTES];

	if (!consensus_sign_allowed(c, what))
		return false;
	statement_bytes(bytes, &c->config.genesis, what);
	c->config.sign(c->config.context, bytes, sizeof(bytes), out);
	return true;
}

static void init_statement(const struct consensus *c, struct statement *what,
			   enum vote_kind kind, uint64_t view)
{
	memset(what, 0, sizeof(*what));
	what->kind = kind;
	what->epoch = c->voters.epoch;
	what->view = view;
}

/* SPEC consensus 11: into the log first, then counted, then sent; the
 * message carries the log position it has to wait for. */
static bool cast(struct consensus *c, struct slot *s,
		 const struct statement *what, const struct held_block *block)
{
	struct vote vote;

	vote.what = *what;
	vote.voter = c->config.me;
	if (!sign(c, what, &vote.signature))
		return false;
	record_vote(c, &vote, block);
	slot_record(s, &vote);
	if (block && block->header.proposer == c->config.me)
		output_proposal(c, block);
	output_vote(c, CONSENSUS_ALL, &vote);
	rules_count(c, s, what);
	return true;
}

bool sign_notarize(struct consensus *c, struct slot *s,
		   struct held_block *block)
{
	struct statement what;

	init_statement(c, &what, VOTE_NOTARIZE, s->view);
	what.digest = block->digest;
	return cast(c, s, &what, block);
}

/* The record of the leader's own NOTARIZE holds the proposal too, so that one
 * record binds both. */
bool sign_proposal(struct consensus *c, struct slot *s,
		   const struct block_header *header)
{
	struct held_block *block = &s->blocks[0];
	struct statement what;
	struct signature signature;
	struct hash digest;

	init_statement(c, &what, VOTE_PROPOSAL, s->view);
	block_digest(&digest, &c->config.genesis, header);
	what.digest = digest;
	if (!sign(c, &what, &signature))
		return false;
	block->held = true;
	block->is_signed = true;
	block->payload = PAYLOAD_GOOD;
	block->header = *header;
	block->digest = digest;
	block->signature = signature;
	c->block_ms = c->now_ms;
	return sign_notarize(c, s, block);
}

bool sign_nullify(struct consensus *c, uint64_t view)
{
	struct slot *s = views_slot(&c->views, view);
	struct statement what;

	init_statement(c, &what, VOTE_NULLIFY, view);
	return s && cast(c, s, &what, NULL);
}

bool sign_finalize(struct consensus *c, struct slot *s)
{
	const struct certificate *held = slot_certificate(s, VOTE_NOTARIZE);
	struct statement what;

	if (!held)
		return false;
	init_statement(c, &what, VOTE_FINALIZE, s->view);
	what.digest = held->what.digest;
	return cast(c, s, &what, NULL);
}
