#include "consensus/certificate.h"

#include <string.h>

_Static_assert(sizeof(struct signature) == SIGNATURE_BYTES &&
		       _Alignof(struct signature) == 1,
	       "signatures can be lent from encoded bytes");

size_t certificate_size(const struct certificate *c)
{
	return CERTIFICATE_HEAD_BYTES + (size_t)c->count * SIGNATURE_BYTES;
}

void certificate_write(struct writer *w, const struct certificate *c)
{
	write_u8(w, (uint8_t)c->what.kind);
	write_u32(w, c->what.epoch);
	write_u64(w, c->what.view);
	write_bytes(w, c->what.digest.b, HASH_BYTES);
	write_bytes(w, c->voters.bits, VOTER_SET_BYTES);
	write_bytes(w, c->signatures, (size_t)c->count * SIGNATURE_BYTES);
}

void certificate_read(struct reader *r, struct certificate *c)
{
	uint8_t kind = read_u8(r);

	c->what.epoch = read_u32(r);
	c->what.view = read_u64(r);
	read_copy(r, c->what.digest.b, HASH_BYTES);
	read_copy(r, c->voters.bits, VOTER_SET_BYTES);
	c->count = voter_set_count(&c->voters);
	c->signatures = (const struct signature *)read_lend(
		r, (size_t)c->count * SIGNATURE_BYTES);
	if (kind < VOTE_NOTARIZE || kind > VOTE_FINALIZE ||
	    (kind == VOTE_NULLIFY) != hash_is_zero(&c->what.digest))
		r->bad = true;
	c->what.kind = r->bad ? VOTE_NULLIFY : (enum vote_kind)kind;
}

enum err certificate_check(const struct certificate *c,
			   const struct electorate *e)
{
	bool names_block = !hash_is_zero(&c->what.digest);

	if (c->what.epoch != e->epoch || c->what.kind == VOTE_PROPOSAL ||
	    names_block != (c->what.kind != VOTE_NULLIFY))
		return ERR_BAD_CERTIFICATE;
	if (!electorate_covers(e, &c->voters) ||
	    c->count != voter_set_count(&c->voters) ||
	    electorate_weight(e, &c->voters) < electorate_quorum(e))
		return ERR_BAD_CERTIFICATE;
	return ERR_OK;
}

enum err certificate_verify(const struct certificate *c,
			    const struct electorate *e,
			    const struct hash *genesis, verify_fn verify,
			    void *context)
{
	uint8_t bytes[STATEMENT_BYTES];
	uint32_t at = 0;

	if (certificate_check(c, e) != ERR_OK)
		return ERR_BAD_CERTIFICATE;
	statement_bytes(bytes, genesis, &c->what);
	for (uint32_t i = 0; i < e->count; i++) {
		if (!voter_set_has(&c->voters, i))
			continue;
		if (!verify(context, &e->voters[i].key, bytes, sizeof(bytes),
			    &c->signatures[at++]))
			return ERR_BAD_CERTIFICATE;
	}
	return ERR_OK;
}

bool certificate_same(const struct certificate *a, const struct certificate *b)
{
	return a->what.kind == b->what.kind && a->what.epoch == b->what.epoch &&
	       a->what.view == b->what.view &&
	       hash_equal(&a->what.digest, &b->what.digest);
}
