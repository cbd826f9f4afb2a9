#include "consensus/views.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_bytes(size_t voters)
{
	return voters * (2 * sizeof(uint8_t) + 2 * sizeof(struct hash) +
			 2 * VOTE_KINDS * sizeof(struct signature));
}

static void *carve(uint8_t **at, size_t size)
{
	void *piece = *at;

	*at += size;
	return piece;
}

/* Everything behind the pointers is bytes: no alignment to keep. */
_Static_assert(_Alignof(struct hash) == 1, "hashes are bytes");

void views_init(struct views *v, const struct electorate *voters,
		uint32_t window, uint64_t root_view)
{
	size_t n = voters->count;
	uint8_t *at;

	assert(window >= 16);
	v->voters = voters;
	v->window = window;
	v->slots = mem_alloc(window * sizeof(*v->slots));
	v->memory = mem_alloc(window * slot_bytes(n));
	at = v->memory;
	for (uint32_t i = 0; i < window; i++) {
		struct slot *s = &v->slots[i];

		s->voted = carve(&at, n);
		s->accused = carve(&at, n);
		s->notarized = carve(&at, n * sizeof(struct hash));
		s->finalized = carve(&at, n * sizeof(struct hash));
		for (int k = 0; k < VOTE_KINDS; k++) {
			size_t size = n * sizeof(struct signature);

			s->signatures[k] = carve(&at, size);
			s->certified[k] = carve(&at, size);
		}
	}
	v->low = 0;
	views_advance(v, root_view);
}

void views_fini(struct views *v)
{
	free(v->slots);
	free(v->memory);
	v->slots = NULL;
	v->memory = NULL;
}

void views_advance(struct views *v, uint64_t root_view)
{
	uint64_t behind = v->window / 4;
	uint64_t low = root_view > behind ? root_view - behind : 0;

	assert(low >= v->low);
	v->low = low;
	v->limit = low + v->window;
}

static void slot_reset(struct slot *s, uint64_t view, size_t voters)
{
	memset(s->blocks, 0, sizeof(s->blocks));
	memset(s->has, 0, sizeof(s->has));
	memset(s->voted, 0, voters);
	memset(s->accused, 0, voters);
	s->wants = false;
	s->asked_proofs = false;
	s->used = true;
	s->view = view;
}

struct slot *views_slot(struct views *v, uint64_t view)
{
	struct slot *s;

	if (view < v->low || view >= v->limit)
		return NULL;
	s = &v->slots[view % v->window];
	if (!s->used || s->view != view)
		slot_reset(s, view, v->voters->count);
	return s;
}

const struct slot *views_peek(const struct views *v, uint64_t view)
{
	const struct slot *s;

	if (view < v->low || view >= v->limit)
		return NULL;
	s = &v->slots[view % v->window];
	return s->used && s->view == view ? s : NULL;
}

bool slot_has_voted(const struct slot *s, uint32_t voter, enum vote_kind kind)
{
	return (s->voted[voter] >> VOTE_INDEX(kind) & 1) != 0;
}

static const struct hash *vote_digest(const struct slot *s, uint32_t voter,
				      enum vote_kind kind)
{
	static const struct hash ZERO;

	if (kind == VOTE_NULLIFY)
		return &ZERO;
	return kind == VOTE_NOTARIZE ? &s->notarized[voter]
				     : &s->finalized[voter];
}

bool slot_vote(const struct slot *s, uint32_t voter, enum vote_kind kind,
	       struct statement *out, struct signature *signature)
{
	if (!slot_has_voted(s, voter, kind))
		return false;
	out->kind = kind;
	out->view = s->view;
	out->digest = *vote_digest(s, voter, kind);
	*signature = s->signatures[VOTE_INDEX(kind)][voter];
	return true;
}

void slot_record(struct slot *s, const struct vote *vote)
{
	enum vote_kind kind = vote->what.kind;
	uint32_t voter = vote->voter;

	assert(kind != VOTE_PROPOSAL && s->view == vote->what.view);
	s->voted[voter] = (uint8_t)(s->voted[voter] | 1u << VOTE_INDEX(kind));
	s->signatures[VOTE_INDEX(kind)][voter] = vote->signature;
	if (kind == VOTE_NOTARIZE)
		s->notarized[voter] = vote->what.digest;
	else if (kind == VOTE_FINALIZE)
		s->finalized[voter] = vote->what.digest;
}

uint64_t views_weight(const struct views *v, const struct slot *s,
		      const struct statement *what, struct voter_set *who)
{
	uint64_t weight = 0;

	memset(who, 0, sizeof(*who));
	for (uint32_t i = 0; i < v->voters->count; i++) {
		if (!slot_has_voted(s, i, what->kind) ||
		    !hash_equal(vote_digest(s, i, what->kind), &what->digest))
			continue;
		weight += v->voters->voters[i].weight;
		voter_set_add(who, i);
	}
	return weight;
}

void slot_certify(struct slot *s, const struct certificate *certificate)
{
	unsigned int k = VOTE_INDEX(certificate->what.kind);

	assert(!s->has[k] && certificate->what.view == s->view);
	s->certificates[k] = *certificate;
	memcpy(s->certified[k], certificate->signatures,
	       certificate->count * sizeof(struct signature));
	s->certificates[k].signatures = s->certified[k];
	s->has[k] = true;
}

void slot_certify_votes(struct slot *s, const struct statement *what,
			const struct voter_set *who)
{
	unsigned int k = VOTE_INDEX(what->kind);
	struct certificate *c = &s->certificates[k];

	assert(!s->has[k]);
	c->what = *what;
	c->voters = *who;
	c->count = 0;
	c->signatures = s->certified[k];
	for (uint32_t i = 0; i < VOTERS_MAX; i++) {
		if (voter_set_has(who, i))
			s->certified[k][c->count++] = s->signatures[k][i];
	}
	s->has[k] = true;
}

const struct certificate *slot_certificate(const struct slot *s,
					   enum vote_kind kind)
{
	unsigned int k = VOTE_INDEX(kind);

	return s && s->has[k] ? &s->certificates[k] : NULL;
}

const struct hash *slot_notarized(const struct slot *s)
{
	const struct certificate *c = slot_certificate(s, VOTE_FINALIZE);

	if (!c)
		c = slot_certificate(s, VOTE_NOTARIZE);
	return c ? &c->what.digest : NULL;
}

struct held_block *slot_block(struct slot *s, const struct hash *digest)
{
	for (int i = 0; i < 2; i++) {
		struct held_block *b = &s->blocks[i];

		if (b->held && hash_equal(&b->digest, digest))
			return b;
	}
	return NULL;
}

const struct held_block *views_block(const struct views *v, uint64_t view,
				     const struct hash *digest)
{
	const struct slot *s = views_peek(v, view);

	for (int i = 0; s && i < 2; i++) {
		const struct held_block *b = &s->blocks[i];

		if (b->held && hash_equal(&b->digest, digest))
			return b;
	}
	return NULL;
}
