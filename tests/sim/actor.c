#include "world.h"

#include "base/arena.h"

#include <string.h>

/* Validators that misbehave. Each runs a real core, so that it is in the
 * middle of things, and bends what that core sends. They sign with their own
 * key only. */

static void remember(struct instance *i, struct blob *blob, uint64_t at)
{
	struct blob **slot = &i->memory[at % 16];

	blob->references++;
	blob_release(*slot);
	*slot = blob;
}

static void sign(struct world *w, const struct instance *i,
		 const struct statement *what, struct signature *out)
{
	uint8_t bytes[STATEMENT_BYTES];

	statement_bytes(bytes, &w->genesis, what);
	fake_sign(&w->voters.voters[i->voter].key, bytes, sizeof(bytes), out);
}

static void post_vote(struct world *w, struct instance *i, uint32_t to,
		      enum vote_kind kind, uint64_t view,
		      const struct hash *digest)
{
	struct consensus_message m;
	struct blob *blob;

	memset(&m, 0, sizeof(m));
	m.kind = MESSAGE_VOTE;
	m.vote.what.kind = kind;
	m.vote.what.epoch = w->voters.epoch;
	m.vote.what.view = view;
	if (digest && kind != VOTE_NULLIFY)
		m.vote.what.digest = *digest;
	m.vote.voter = i->voter;
	sign(w, i, &m.vote.what, &m.vote.signature);
	blob = blob_encode(&m, i->voter);
	world_post(w, i, to, blob);
	blob_release(blob);
}

/* A proposal like `blob` with another header, signed just as well. */
static struct blob *sign_header(struct world *w, struct instance *i,
				const struct blob *blob,
				const struct block_header *h,
				struct hash *digest)
{
	struct blob *copy =
		blob_new(blob->kind, blob->from, blob->data, blob->size);
	struct signature signature;
	struct statement what;
	struct writer out;

	memset(&what, 0, sizeof(what));
	what.kind = VOTE_PROPOSAL;
	what.epoch = h->epoch;
	what.view = h->view;
	block_digest(&what.digest, &w->genesis, h);
	*digest = what.digest;
	sign(w, i, &what, &signature);
	writer_init(&out, copy->data, copy->size);
	block_header_write(&out, h);
	write_bytes(&out, signature.b, SIGNATURE_BYTES);
	return copy;
}

static bool is_own_proposal(const struct instance *i, const struct blob *blob,
			    struct block_header *h)
{
	struct reader r;

	if (blob->kind != MESSAGE_PROPOSAL)
		return false;
	reader_init(&r, blob->data, blob->size);
	block_header_read(&r, h);
	return h->proposer == i->voter;
}

/* Half of the others get one block, half the other; now and then both. */
static void equivocate(struct world *w, struct instance *i, struct blob *blob,
		       const struct block_header *h)
{
	uint64_t halves = random_next(&w->random);
	bool both = random_percent(&w->random, 30);
	struct block_header later = *h;
	struct hash digests[2];
	struct blob *other;

	later.time_ms++;
	other = sign_header(w, i, blob, &later, &digests[1]);
	block_digest(&digests[0], &w->genesis, h);
	for (uint32_t k = 0; k < w->config.voters; k++) {
		uint32_t half = halves >> k & 1;

		if (k == i->voter)
			continue;
		world_post(w, i, k, half ? other : blob);
		post_vote(w, i, k, VOTE_NOTARIZE, h->view, &digests[half]);
		if (!both)
			continue;
		world_post(w, i, k, half ? blob : other);
		post_vote(w, i, k, VOTE_NOTARIZE, h->view, &digests[1 - half]);
	}
	blob_release(other);
}

/* Build beside the parent instead of on it, as if it had been nullified. */
static bool skip_parent(struct world *w, struct instance *i, struct blob *blob,
			const struct block_header *h)
{
	const struct block_header *parent =
		consensus_block(i->core, &h->parent);
	struct block_header beside = *h;
	struct hash digest;
	struct blob *other;

	if (!parent)
		return false;
	beside.parent = parent->parent;
	beside.parent_view = parent->parent_view;
	beside.height = parent->height;
	other = sign_header(w, i, blob, &beside, &digest);
	world_post(w, i, CONSENSUS_ALL, other);
	post_vote(w, i, CONSENSUS_ALL, VOTE_NOTARIZE, h->view, &digest);
	blob_release(other);
	return true;
}

/* Whatever was heard in this view is agreed to, with and against. */
static void contradict(struct world *w, struct instance *i,
		       const struct vote *heard)
{
	static const enum vote_kind KINDS[] = {VOTE_NOTARIZE, VOTE_NULLIFY,
					       VOTE_FINALIZE};

	for (uint32_t k = 0; k < w->config.voters; k++) {
		struct hash digest = heard->what.digest;

		if (k == i->voter || random_percent(&w->random, 40))
			continue;
		if (hash_is_zero(&digest) || random_percent(&w->random, 20))
			digest.b[0] ^=
				(uint8_t)(1 + random_below(&w->random, 3));
		post_vote(w, i, k, KINDS[random_below(&w->random, 3)],
			  heard->what.view, &digest);
	}
}

void actor_hears(struct world *w, struct instance *i, struct blob *blob)
{
	struct reader r;
	struct vote v;

	switch (i->actor) {
	case ACTOR_CONTRADICTOR:
	case ACTOR_NULLIFIER:
		if (blob->kind != MESSAGE_VOTE)
			return;
		reader_init(&r, blob->data, blob->size);
		vote_read(&r, &v);
		if (i->actor == ACTOR_CONTRADICTOR)
			contradict(w, i, &v);
		else if (random_percent(&w->random, 20))
			post_vote(w, i, CONSENSUS_ALL, VOTE_NULLIFY,
				  v.what.view + random_below(&w->random, 3),
				  NULL);
		return;
	case ACTOR_REPLAYER:
		remember(i, blob, random_next(&w->random));
		return;
	case ACTOR_HONEST:
	case ACTOR_SILENT:
	case ACTOR_EQUIVOCATOR:
	case ACTOR_LATE:
	case ACTOR_FLOODER:
	case ACTOR_BAD_PAYLOAD:
	case ACTOR_FORKER:
	case ACTOR_TWIN:
		return;
	}
}

void actor_post(struct world *w, struct instance *i, uint32_t to,
		struct blob *blob)
{
	struct block_header h;

	switch (i->actor) {
	case ACTOR_SILENT:
	case ACTOR_NULLIFIER:
		return;
	case ACTOR_EQUIVOCATOR:
		if (is_own_proposal(i, blob, &h)) {
			equivocate(w, i, blob, &h);
			return;
		}
		break;
	case ACTOR_CONTRADICTOR:
		if (is_own_proposal(i, blob, &h) &&
		    random_percent(&w->random, 50)) {
			equivocate(w, i, blob, &h);
			return;
		}
		break;
	case ACTOR_FORKER:
		if (is_own_proposal(i, blob, &h) && skip_parent(w, i, blob, &h))
			return;
		break;
	case ACTOR_HONEST:
	case ACTOR_LATE:
	case ACTOR_REPLAYER:
	case ACTOR_FLOODER:
	case ACTOR_BAD_PAYLOAD:
	case ACTOR_TWIN:
		break;
	}
	world_post(w, i, to, blob);
}

static void flood(struct world *w, struct instance *i)
{
	uint64_t view = consensus_root(i->core)->view;

	for (int k = 0; k < 6; k++) {
		struct hash digest;

		memset(&digest, 0, sizeof(digest));
		digest.b[0] = (uint8_t)(1 + random_below(&w->random, 255));
		post_vote(w, i, CONSENSUS_ALL,
			  random_percent(&w->random, 50) ? VOTE_NOTARIZE
							 : VOTE_FINALIZE,
			  view + random_below(&w->random, 600), &digest);
	}
	for (uint32_t k = 0; k < w->config.voters; k++) {
		struct consensus_message m;
		struct blob *blob;

		memset(&m, 0, sizeof(m));
		m.kind = MESSAGE_REQUEST;
		m.request.epoch = w->voters.epoch;
		blob = blob_encode(&m, i->voter);
		world_post(w, i, k, blob);
		blob_release(blob);
	}
}

void actor_tick(struct world *w, struct instance *i)
{
	switch (i->actor) {
	case ACTOR_FLOODER:
		flood(w, i);
		return;
	case ACTOR_REPLAYER:
		for (int k = 0; k < 16; k++) {
			if (i->memory[k])
				world_post(w, i, CONSENSUS_ALL, i->memory[k]);
		}
		return;
	case ACTOR_HONEST:
	case ACTOR_SILENT:
	case ACTOR_NULLIFIER:
	case ACTOR_EQUIVOCATOR:
	case ACTOR_CONTRADICTOR:
	case ACTOR_LATE:
	case ACTOR_BAD_PAYLOAD:
	case ACTOR_FORKER:
	case ACTOR_TWIN:
		return;
	}
}
