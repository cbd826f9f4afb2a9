#include "world.h"

#include <string.h>

/* What must hold after every step, whatever happened.
 *
 * Only what left an instance counts: its own votes are in its memory before
 * they are durable, and may be lost with it. */

static struct seen_view *view_of(struct world *w, uint64_t view)
{
	if (view >= WORLD_VIEWS) {
		world_fail(w, "view %llu is beyond what the test can see",
			   (unsigned long long)view);
		return NULL;
	}
	return &w->views[view];
}

static void once(struct world *w, const struct instance *i, bool *said,
		 struct hash *held, const struct statement *s)
{
	if (*said && !hash_equal(held, &s->digest))
		world_fail(w, "node %u said %s twice in view %llu", i->id,
			   vote_kind_name(s->kind),
			   (unsigned long long)s->view);
	*said = true;
	*held = s->digest;
}

/* No honest validator contradicts itself. */
static void honest_said(struct world *w, const struct instance *i,
			const struct statement *s)
{
	struct seen_view *v = view_of(w, s->view);

	if (!v)
		return;
	switch (s->kind) {
	case VOTE_PROPOSAL:
		once(w, i, &v->said[i->voter].proposal,
		     &v->said[i->voter].proposed, s);
		break;
	case VOTE_NOTARIZE:
		once(w, i, &v->said[i->voter].notarize,
		     &v->said[i->voter].notarized, s);
		break;
	case VOTE_NULLIFY:
		v->said[i->voter].nullify = true;
		break;
	case VOTE_FINALIZE:
		once(w, i, &v->said[i->voter].finalize,
		     &v->said[i->voter].finalized, s);
		break;
	}
	if (v->said[i->voter].nullify && v->said[i->voter].finalize)
		world_fail(w, "node %u nullified and finalized view %llu",
			   i->id, (unsigned long long)s->view);
}

static void has_weight(struct world *w, const struct certificate *c)
{
	uint64_t weight = electorate_weight(&w->voters, &c->voters);

	if (weight < w->quorum)
		world_fail(w, "a certificate of %s in view %llu weighs %llu",
			   vote_kind_name(c->what.kind),
			   (unsigned long long)c->what.view,
			   (unsigned long long)weight);
	if (certificate_verify(c, &w->voters, &w->genesis, fake_verify, NULL) !=
	    ERR_OK)
		world_fail(w, "a certificate in view %llu does not verify",
			   (unsigned long long)c->what.view);
}

/* One notarization a view; never finalised and nullified. */
static void certified(struct world *w, const struct certificate *c)
{
	struct seen_view *v = view_of(w, c->what.view);
	unsigned long long view = c->what.view;

	if (!v)
		return;
	has_weight(w, c);
	if (c->what.kind == VOTE_NULLIFY) {
		v->nullified = true;
	} else if (c->what.kind == VOTE_NOTARIZE) {
		if (v->notarized &&
		    !hash_equal(&v->notarized_digest, &c->what.digest))
			world_fail(w, "two notarizations in view %llu", view);
		v->notarized = true;
		v->notarized_digest = c->what.digest;
	} else {
		if (v->finalised &&
		    !hash_equal(&v->finalised_digest, &c->what.digest))
			world_fail(w, "two finalizations in view %llu", view);
		v->finalised = true;
		v->finalised_digest = c->what.digest;
	}
	if (v->finalised && v->nullified)
		world_fail(w, "view %llu is finalised and nullified", view);
	if (v->finalised && v->notarized &&
	    !hash_equal(&v->finalised_digest, &v->notarized_digest))
		world_fail(w, "view %llu finalised another block", view);
}

static void proposed(struct world *w, struct instance *i, struct reader *r)
{
	struct certificate proof;
	struct signature signature;
	struct block_header h;
	struct statement what;
	uint32_t proofs;

	memset(&what, 0, sizeof(what));
	block_header_read(r, &h);
	read_copy(r, signature.b, SIGNATURE_BYTES);
	what.kind = VOTE_PROPOSAL;
	what.view = h.view;
	block_digest(&what.digest, &w->genesis, &h);
	if (h.proposer == i->voter)
		honest_said(w, i, &what);
	proofs = read_u8(r);
	for (uint32_t k = 0; k < proofs && !r->bad; k++) {
		certificate_read(r, &proof);
		if (!r->bad)
			certified(w, &proof);
	}
}

void monitor_sent(struct world *w, struct instance *i, const struct blob *b)
{
	struct certificate c;
	struct reader r;
	struct vote v;

	if (i->actor != ACTOR_HONEST)
		return;
	reader_init(&r, b->data, b->size);
	switch (b->kind) {
	case MESSAGE_PROPOSAL:
		proposed(w, i, &r);
		break;
	case MESSAGE_VOTE:
		vote_read(&r, &v);
		honest_said(w, i, &v.what);
		if (w->trace)
			world_say(w, i, "says %s %llu %02x",
				  vote_kind_name(v.what.kind),
				  (unsigned long long)v.what.view,
				  v.what.digest.b[0]);
		break;
	case MESSAGE_CERTIFICATE:
		certificate_read(&r, &c);
		certified(w, &c);
		break;
	case MESSAGE_REQUEST:
		break;
	}
}

/* Evidence is only ever found against who misbehaves, and it proves itself. */
static void check_evidence(struct world *w, const struct instance *i,
			   const struct evidence *e)
{
	const struct evidence_checks checks = {.verify = fake_verify};

	w->evidence_count++;
	if (evidence_verify(e, &w->voters, &w->genesis, &checks) != ERR_OK)
		world_fail(w, "node %u: evidence does not verify", i->id);
	if (w->instances[e->signer].actor == ACTOR_HONEST)
		world_fail(w, "node %u accuses honest node %u of %s in %llu",
			   i->id, e->signer, evidence_kind_name(e->kind),
			   (unsigned long long)e->view);
}

void monitor_update(struct world *w, struct instance *i,
		    const struct consensus_update *up)
{
	uint64_t position = 0;

	if (i->actor != ACTOR_HONEST)
		return;
	for (size_t k = 0; k < up->evidence_count; k++)
		check_evidence(w, i, &up->evidence[k]);
	if (up->forked)
		world_fail(w, "node %u sees a fork", i->id);
	if (up->key_used_elsewhere)
		world_fail(w, "node %u sees its key used elsewhere", i->id);
	for (size_t k = 0; k < up->message_count; k++) {
		if (up->messages[k].release_after < position)
			world_fail(w, "node %u: messages out of order", i->id);
		position = up->messages[k].release_after;
	}
}

/* Finalised chains are prefixes of each other; parent below child. */
void monitor_commit(struct world *w, struct instance *i, size_t height)
{
	const struct commit *c = &i->store.commits[height];
	const struct commit *parent = &i->store.commits[height - 1];

	if (i->actor != ACTOR_HONEST)
		return;
	world_say(w, i, "commits height %zu view %llu %02x%s", height,
		  (unsigned long long)c->header.view, c->digest.b[0],
		  block_has_content(&c->header) ? "" : " (empty)");
	if (c->header.height != height ||
	    (height > 1 && (!hash_equal(&c->header.parent, &parent->digest) ||
			    c->header.parent_view != parent->header.view ||
			    c->header.time_ms <= parent->header.time_ms)))
		world_fail(w, "node %u: block %zu does not follow its parent",
			   i->id, height);
	if (height <= w->chain_height) {
		if (!hash_equal(&w->chain[height], &c->digest))
			world_fail(w, "two blocks are final at height %zu",
				   height);
		return;
	}
	w->chain[height] = c->digest;
	w->chain_height = height;
}
