#include "base/assert.h"
#include "consensus/state.h"

#include <string.h>

/* Beyond so many views without a finalisation nothing but time skips one. */
#define HURRIED_VIEWS 8u

enum judgement {
	JUDGED_WAIT, /* Something is missing; it may come. */
	JUDGED_GOOD,
	JUDGED_BAD, /* Provably. */
};

void rules_want_block(struct consensus *c, uint64_t view,
		      const struct hash *digest)
{
	struct slot *s = views_slot(&c->views, view);

	if (!s || view <= c->root.view || slot_block(s, digest))
		return;
	if (s->wants && hash_equal(&s->wanted, digest))
		return;
	s->wants = true;
	s->wanted = *digest;
	output_ask_block(c, view, digest);
}

void rules_want_payload(struct consensus *c, struct slot *s)
{
	const struct hash *digest = slot_notarized(s);
	struct held_block *block = digest ? slot_block(s, digest) : NULL;

	if (block && block->payload == PAYLOAD_UNASKED)
		output_ask_payload(c, block);
}

/* The bug "a node that nullified has no use for the notarization". */
bool rules_drops(const struct consensus *c, const struct slot *s,
		 const struct statement *what)
{
	return MUTANT(DROP_NOTARIZATION) && what->kind == VOTE_NOTARIZE &&
	       c->config.me != CONSENSUS_OBSERVER &&
	       slot_has_voted(s, c->config.me, VOTE_NULLIFY);
}

void rules_count(struct consensus *c, struct slot *s,
		 const struct statement *what)
{
	struct voter_set who;

	if (slot_certificate(s, what->kind) || rules_drops(c, s, what) ||
	    views_weight(&c->views, s, what, &who) <
		    electorate_quorum(&c->voters))
		return;
	slot_certify_votes(s, what, &who);
	rules_certified(c, s, what->kind);
	/* Others see the same votes; a certificate goes out where they may
	 * not, or where they are waiting for a timer. */
	if (what->kind == VOTE_NULLIFY ||
	    (what->kind == VOTE_NOTARIZE && !voter_set_has(&who, c->config.me)))
		output_certificate(c, CONSENSUS_ALL,
				   slot_certificate(s, what->kind));
}

/* Two that cannot both be with f or less misbehaving. */
static bool contradicts(const struct slot *s)
{
	const struct certificate *n = slot_certificate(s, VOTE_NOTARIZE);
	const struct certificate *f = slot_certificate(s, VOTE_FINALIZE);

	if (f && slot_certificate(s, VOTE_NULLIFY))
		return true;
	return n && f && !hash_equal(&n->what.digest, &f->what.digest);
}

/* SPEC consensus 1: a certificate of this or a later view leads on. */
static void enter(struct consensus *c, const struct certificate *certificate)
{
	uint64_t view = certificate->what.view + 1;

	if (view <= c->view || view >= c->views.limit)
		return;
	record_certificate(c, certificate);
	c->view = view;
	c->entry_view = certificate->what.view;
	c->clock_ms = CONSENSUS_NEVER;
	c->resend_ms = CONSENSUS_NEVER;
	c->recheck_ms = CONSENSUS_NEVER;
	c->resends = 0;
	c->build = BUILD_NONE;
}

void rules_certified(struct consensus *c, struct slot *s, enum vote_kind kind)
{
	const struct certificate *certificate = slot_certificate(s, kind);

	if (contradicts(s))
		c->forked = true;
	if (kind == VOTE_FINALIZE && s->view > c->final_view)
		c->final_view = s->view;
	if (kind != VOTE_NULLIFY) {
		rules_want_block(c, s->view, &certificate->what.digest);
		rules_want_payload(c, s);
	}
	enter(c, certificate);
	/* SPEC consensus 4: kept even if this node nullified the view. */
	if (kind == VOTE_NOTARIZE)
		sign_finalize(c, s);
}

void rules_set_root(struct consensus *c, const struct consensus_root *root,
		    const struct certificate *certificate)
{
	c->root = *root;
	c->has_root_certificate = certificate != NULL;
	if (certificate) {
		assert(certificate->count <= VOTERS_MAX);
		c->root_certificate = *certificate;
		memcpy(c->root_signatures, certificate->signatures,
		       certificate->count * sizeof(struct signature));
		c->root_certificate.signatures = c->root_signatures;
	}
	views_advance(&c->views, root->view);
	/* SPEC consensus 9: only a finalisation resets the back-off. */
	c->finalised_ms = c->now_ms;
	c->standstill_ms = CONSENSUS_NEVER;
	if (c->view > root->view)
		return;
	c->view = root->view + 1;
	c->entry_view = 0;
	c->clock_ms = CONSENSUS_NEVER;
	c->resend_ms = CONSENSUS_NEVER;
	c->resends = 0;
	c->build = BUILD_NONE;
}

/* The chain from `view` down to the root is held: emit it, oldest first. */
static void commit(struct consensus *c, uint64_t view,
		   const struct certificate *final)
{
	const struct held_block *chain[CONSENSUS_WINDOW_MAX];
	const struct hash *digest = &final->what.digest;
	struct consensus_root root;
	size_t n = 0;

	while (view > c->root.view) {
		const struct held_block *block =
			views_block(&c->views, view, digest);

		if (!block) {
			rules_want_block(c, view, digest);
			return;
		}
		assert(n < CONSENSUS_WINDOW_MAX);
		chain[n++] = block;
		view = block->header.parent_view;
		digest = &block->header.parent;
	}
	if (view != c->root.view || !hash_equal(digest, &c->root.digest)) {
		c->forked = true;
		return;
	}
	root.view = chain[0]->header.view;
	root.height = chain[0]->header.height;
	root.time_ms = chain[0]->header.time_ms;
	root.digest = chain[0]->digest;
	while (n > 0)
		output_finalised(c, chain[--n], final);
	rules_set_root(c, &root, final);
}

/* SPEC consensus 7: a quorum of FINALIZE finalises its view and all its
 * ancestors, whenever it completes. */
static bool finalise(struct consensus *c)
{
	uint64_t before = c->root.view;

	for (uint64_t v = c->final_view; v > c->root.view && !c->forked; v--) {
		const struct certificate *final = slot_certificate(
			views_peek(&c->views, v), VOTE_FINALIZE);

		if (final)
			commit(c, v, final);
	}
	return c->root.view != before;
}

/* SPEC consensus 3: the parent is not below the last finalised view, it is
 * notarized, and every view between is nullified. */
static enum judgement judge_proofs(const struct consensus *c,
				   const struct block_header *h)
{
	const struct hash *parent;
	bool missing = false;

	if (h->parent_view < c->root.view || h->parent_view >= h->view)
		return JUDGED_BAD;
	parent =
		h->parent_view == c->root.view
			? &c->root.digest
			: slot_notarized(views_peek(&c->views, h->parent_view));
	if (parent && !hash_equal(parent, &h->parent))
		return JUDGED_BAD;
	missing = !parent;
	for (uint64_t v = h->parent_view + 1; v < h->view; v++) {
		const struct slot *s = views_peek(&c->views, v);

		if (slot_certificate(s, VOTE_FINALIZE))
			return JUDGED_BAD;
		if (!slot_certificate(s, VOTE_NULLIFY) && !MUTANT(SKIP_PROOFS))
			missing = true;
	}
	return missing ? JUDGED_WAIT : JUDGED_GOOD;
}

/* SPEC consensus 3: height and time follow from the parent; the time is not
 * further ahead of this node's clock than the drift bound. */
static enum judgement judge_header(struct consensus *c,
				   const struct block_header *h)
{
	uint64_t height = c->root.height;
	uint64_t time_ms = c->root.time_ms;

	if (h->parent_view > c->root.view) {
		const struct held_block *parent =
			views_block(&c->views, h->parent_view, &h->parent);

		if (!parent) {
			rules_want_block(c, h->parent_view, &h->parent);
			return JUDGED_WAIT;
		}
		height = parent->header.height;
		time_ms = parent->header.time_ms;
	}
	if (h->height != height + 1 || h->time_ms <= time_ms)
		return JUDGED_BAD;
	if (h->time_ms > c->wall_ms + c->config.drift_ms) {
		uint64_t ahead = h->time_ms - c->wall_ms - c->config.drift_ms;

		c->recheck_ms = ahead < UINT64_MAX - c->now_ms
					? c->now_ms + ahead
					: CONSENSUS_NEVER;
		return JUDGED_WAIT;
	}
	return JUDGED_GOOD;
}

static enum judgement judge(struct consensus *c, struct slot *s,
			    struct held_block *block)
{
	enum judgement j = judge_proofs(c, &block->header);

	if (j == JUDGED_WAIT && !s->asked_proofs) {
		s->asked_proofs = true;
		output_request(c, block->header.proposer,
			       block->header.parent_view);
	}
	if (j == JUDGED_GOOD)
		j = judge_header(c, &block->header);
	if (j == JUDGED_BAD || block->payload == PAYLOAD_BAD)
		return JUDGED_BAD;
	if (block->payload == PAYLOAD_UNASKED)
		output_ask_payload(c, block);
	if (block->payload != PAYLOAD_GOOD)
		return JUDGED_WAIT;
	return j;
}

void rules_nullify(struct consensus *c)
{
	/* The last view of the window is never skipped: there would be no
	 * place for the next one. */
	if (c->view + 1 >= c->views.limit)
		return;
	sign_nullify(c, c->view);
}

void rules_nullify_at_once(struct consensus *c)
{
	bool waited = c->clock_ms != CONSENSUS_NEVER &&
		      c->now_ms - c->clock_ms >= timers_delta(c);

	if (waited || c->view - c->root.view <= HURRIED_VIEWS)
		rules_nullify(c);
}

/* The block this node may still notarize in the view, or NULL. */
static struct held_block *candidate(const struct consensus *c, struct slot *s)
{
	uint32_t me = c->config.me;

	if (me == CONSENSUS_OBSERVER)
		return NULL;
	if (!slot_has_voted(s, me, VOTE_NOTARIZE))
		return s->blocks[0].held ? &s->blocks[0] : NULL;
	if (MUTANT(NOTARIZE_TWICE) && s->blocks[1].is_signed &&
	    !hash_equal(&s->notarized[me], &s->blocks[1].digest))
		return &s->blocks[1];
	return NULL;
}

/* SPEC consensus 3: the leader's first proposal, once, when all that it rests
 * on is held. */
static void consider(struct consensus *c, struct slot *s)
{
	struct held_block *block = candidate(c, s);

	if (!block || c->syncing)
		return;
	switch (judge(c, s, block)) {
	case JUDGED_WAIT:
		break;
	case JUDGED_GOOD:
		sign_notarize(c, s, block);
		break;
	case JUDGED_BAD:
		rules_nullify_at_once(c);
		break;
	}
}

/* SPEC consensus 2: the highest notarized view with a nullification held for
 * every view between. False when this node cannot show that. */
bool rules_find_parent(const struct consensus *c, uint64_t *view,
		       struct hash *digest)
{
	for (uint64_t v = c->view - 1; v > c->root.view; v--) {
		const struct slot *s = views_peek(&c->views, v);
		const struct hash *notarized = slot_notarized(s);

		if (notarized) {
			*view = v;
			*digest = *notarized;
			return true;
		}
		if (!slot_certificate(s, VOTE_NULLIFY))
			return false;
	}
	*view = c->root.view;
	*digest = c->root.digest;
	return true;
}

static bool build_is_due(const struct consensus *c)
{
	bool empty = timers_empty_allowed(c);

	if (c->now_ms < c->block_ms + c->config.interval_ms)
		return false;
	switch (c->build) {
	case BUILD_NONE:
		return c->host_work || empty;
	case BUILD_ASKED:
		return false;
	case BUILD_NOTHING:
		return empty && !c->build_may_be_empty;
	}
	return false;
}

/* Are this block and all between it and the root held? The host has to know
 * what is in them already. */
static bool holds_chain(struct consensus *c, uint64_t view,
			const struct hash *digest)
{
	while (view > c->root.view) {
		const struct held_block *block =
			views_block(&c->views, view, digest);

		if (!block) {
			rules_want_block(c, view, digest);
			return false;
		}
		view = block->header.parent_view;
		digest = &block->header.parent;
	}
	return true;
}

/* SPEC consensus 2, 10: a leader with nothing to do waits for work. */
static void lead(struct consensus *c)
{
	struct statement what;
	struct hash parent;
	uint64_t view;

	memset(&what, 0, sizeof(what));
	what.kind = VOTE_PROPOSAL;
	what.epoch = c->voters.epoch;
	what.view = c->view;
	if (!consensus_sign_allowed(c, &what) || !build_is_due(c))
		return;
	if (!rules_find_parent(c, &view, &parent)) {
		rules_nullify_at_once(c);
		return;
	}
	if (holds_chain(c, view, &parent))
		output_ask_build(c, &parent,
				 views_block(&c->views, view, &parent));
}

/* SPEC consensus 5: a leader that gives up its own view is believed. */
static void heed_leader(struct consensus *c, const struct slot *s)
{
	uint32_t leader = electorate_leader(&c->voters, c->view);

	if (leader != c->config.me && slot_has_voted(s, leader, VOTE_NULLIFY))
		rules_nullify_at_once(c);
}

/* What certificates alone bring about. */
static void follow(struct consensus *c)
{
	struct slot *s;

	do {
		s = views_slot(&c->views, c->view);
		assert(s);
		for (int k = VOTE_NOTARIZE; k <= VOTE_FINALIZE; k++) {
			const struct certificate *held =
				slot_certificate(s, (enum vote_kind)k);

			if (held)
				enter(c, held);
		}
	} while (c->view != s->view && output_has_room(c));
	finalise(c);
	s = views_slot(&c->views, c->view - 1);
	if (s)
		sign_finalize(c, s);
}

void rules_settle(struct consensus *c)
{
	struct slot *s;

	do {
		if (!output_has_room(c)) {
			c->out.unfinished = true;
			return;
		}
		follow(c);
		s = views_slot(&c->views, c->view);
		timers_run(c);
		consider(c, s);
		if (c->view == s->view)
			lead(c);
		if (c->view == s->view)
			heed_leader(c, s);
	} while (c->view != s->view || finalise(c));
}
