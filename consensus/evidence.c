#include "consensus/evidence.h"

#include "base/assert.h"

#include <string.h>

const char *evidence_kind_name(enum evidence_kind kind)
{
	switch (kind) {
	case EVIDENCE_TWO_PROPOSALS:
		return "two_proposals";
	case EVIDENCE_TWO_NOTARIZE:
		return "two_notarize";
	case EVIDENCE_TWO_FINALIZE:
		return "two_finalize";
	case EVIDENCE_NULLIFY_FINALIZE:
		return "nullify_finalize";
	case EVIDENCE_INVALID_BATCH:
		return "invalid_batch";
	}
	return "unknown";
}

void evidence_id(uint8_t out[EVIDENCE_ID_BYTES], const struct evidence *e)
{
	struct writer w;

	writer_init(&w, out, EVIDENCE_ID_BYTES);
	write_u32(&w, e->signer);
	write_u32(&w, e->epoch);
	write_u64(&w, e->view);
	write_u8(&w, (uint8_t)e->kind);
	assert(!w.bad && w.size == EVIDENCE_ID_BYTES);
}

void evidence_write(struct writer *w, const struct evidence *e)
{
	write_u8(w, (uint8_t)e->kind);
	write_u32(w, e->epoch);
	write_u64(w, e->view);
	write_u32(w, e->signer);
	write_blob(w, e->first.data, e->first.size);
	write_bytes(w, e->first_signature.b, SIGNATURE_BYTES);
	write_blob(w, e->second.data, e->second.size);
	write_bytes(w, e->second_signature.b, SIGNATURE_BYTES);
}

void evidence_read(struct reader *r, struct evidence *e)
{
	uint8_t kind = read_u8(r);

	e->epoch = read_u32(r);
	e->view = read_u64(r);
	e->signer = read_u32(r);
	e->first = read_blob(r, EVIDENCE_SIGNED_MAX);
	read_copy(r, e->first_signature.b, SIGNATURE_BYTES);
	e->second = read_blob(r, EVIDENCE_SIGNED_MAX);
	read_copy(r, e->second_signature.b, SIGNATURE_BYTES);
	if (kind < EVIDENCE_TWO_PROPOSALS || kind > EVIDENCE_INVALID_BATCH)
		r->bad = true;
	e->kind = r->bad ? EVIDENCE_TWO_PROPOSALS : (enum evidence_kind)kind;
}

bool evidence_conflict(const struct statement *a, const struct statement *b,
		       enum evidence_kind *kind)
{
	if (a->epoch != b->epoch || a->view != b->view)
		return false;
	if (a->kind != b->kind) {
		*kind = EVIDENCE_NULLIFY_FINALIZE;
		return (a->kind == VOTE_NULLIFY && b->kind == VOTE_FINALIZE) ||
		       (a->kind == VOTE_FINALIZE && b->kind == VOTE_NULLIFY);
	}
	if (hash_equal(&a->digest, &b->digest))
		return false;
	switch (a->kind) {
	case VOTE_PROPOSAL:
		*kind = EVIDENCE_TWO_PROPOSALS;
		return true;
	case VOTE_NOTARIZE:
		*kind = EVIDENCE_TWO_NOTARIZE;
		return true;
	case VOTE_FINALIZE:
		*kind = EVIDENCE_TWO_FINALIZE;
		return true;
	case VOTE_NULLIFY:
		return false;
	}
	return false;
}

static bool is_ordered(struct bytes a, struct bytes b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size > 0 ? memcmp(a.data, b.data, size) : 0;

	return order < 0 || (order == 0 && a.size < b.size);
}

/* The two strings are statements of this view that contradict each other. */
static bool is_conflict(const struct evidence *e, const struct hash *genesis)
{
	enum evidence_kind kind;
	struct statement a, b;

	if (!is_ordered(e->first, e->second))
		return false;
	if (statement_parse(&a, genesis, e->first) != ERR_OK ||
	    statement_parse(&b, genesis, e->second) != ERR_OK)
		return false;
	return evidence_conflict(&a, &b, &kind) && kind == e->kind &&
	       a.epoch == e->epoch && a.view == e->view;
}

enum err evidence_verify(const struct evidence *e,
			 const struct electorate *voters,
			 const struct hash *genesis,
			 const struct evidence_checks *checks)
{
	const struct public_key *key;

	if (e->epoch != voters->epoch || e->signer >= voters->count)
		return ERR_NOT_VALIDATOR;
	if (e->kind == EVIDENCE_INVALID_BATCH) {
		if (checks->batch_is_invalid &&
		    checks->batch_is_invalid(checks->context, e))
			return ERR_OK;
		return ERR_BAD_EVIDENCE;
	}
	if (!is_conflict(e, genesis))
		return ERR_BAD_EVIDENCE;
	key = &voters->voters[e->signer].key;
	if (!checks->verify(checks->context, key, e->first.data, e->first.size,
			    &e->first_signature) ||
	    !checks->verify(checks->context, key, e->second.data,
			    e->second.size, &e->second_signature))
		return ERR_BAD_EVIDENCE;
	return ERR_OK;
}
