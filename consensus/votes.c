#include "consensus/votes.h"

#include "base/assert.h"

#include <string.h>

static const char DOMAIN[16] = "bcai-gov/vote/1";

const char *vote_kind_name(enum vote_kind kind)
{
	switch (kind) {
	case VOTE_PROPOSAL:
		return "proposal";
	case VOTE_NOTARIZE:
		return "notarize";
	case VOTE_NULLIFY:
		return "nullify";
	case VOTE_FINALIZE:
		return "finalize";
	}
	return "unknown";
}

void statement_bytes(uint8_t out[STATEMENT_BYTES], const struct hash *genesis,
		     const struct statement *s)
{
	struct writer w;

	writer_init(&w, out, STATEMENT_BYTES);
	write_bytes(&w, DOMAIN, sizeof(DOMAIN));
	write_bytes(&w, genesis->b, HASH_BYTES);
	write_u32(&w, s->epoch);
	write_u64(&w, s->view);
	write_u8(&w, (uint8_t)s->kind);
	write_bytes(&w, s->digest.b, HASH_BYTES);
	assert(!w.bad && w.size == STATEMENT_BYTES);
}

/* A NULLIFY names no block; everything else does. */
static bool is_sound(uint8_t kind, const struct hash *digest)
{
	if (kind < VOTE_PROPOSAL || kind > VOTE_FINALIZE)
		return false;
	return (kind == VOTE_NULLIFY) == hash_is_zero(digest);
}

enum err statement_parse(struct statement *out, const struct hash *genesis,
			 struct bytes bytes)
{
	struct hash network;
	char domain[sizeof(DOMAIN)];
	struct reader r;
	uint8_t kind;

	reader_init(&r, bytes.data, bytes.size);
	read_copy(&r, domain, sizeof(domain));
	read_copy(&r, network.b, HASH_BYTES);
	out->epoch = read_u32(&r);
	out->view = read_u64(&r);
	kind = read_u8(&r);
	read_copy(&r, out->digest.b, HASH_BYTES);
	if (!reader_done(&r) || memcmp(domain, DOMAIN, sizeof(DOMAIN)) != 0 ||
	    !hash_equal(&network, genesis) || !is_sound(kind, &out->digest))
		return ERR_PEER_MALFORMED;
	out->kind = (enum vote_kind)kind;
	return ERR_OK;
}

void vote_write(struct writer *w, const struct vote *v)
{
	write_u8(w, (uint8_t)v->what.kind);
	write_u32(w, v->what.epoch);
	write_u64(w, v->what.view);
	write_bytes(w, v->what.digest.b, HASH_BYTES);
	write_u32(w, v->voter);
	write_bytes(w, v->signature.b, SIGNATURE_BYTES);
}

void vote_read(struct reader *r, struct vote *v)
{
	uint8_t kind = read_u8(r);

	v->what.epoch = read_u32(r);
	v->what.view = read_u64(r);
	read_copy(r, v->what.digest.b, HASH_BYTES);
	v->voter = read_u32(r);
	read_copy(r, v->signature.b, SIGNATURE_BYTES);
	if (!is_sound(kind, &v->what.digest) || kind == VOTE_PROPOSAL)
		r->bad = true;
	v->what.kind = r->bad ? VOTE_NULLIFY : (enum vote_kind)kind;
}

enum err statement_verify(const struct statement *s, uint32_t voter,
			  const struct signature *signature,
			  const struct electorate *e,
			  const struct hash *genesis, verify_fn verify,
			  void *context)
{
	uint8_t bytes[STATEMENT_BYTES];

	if (voter >= e->count || s->epoch != e->epoch)
		return ERR_NOT_VALIDATOR;
	statement_bytes(bytes, genesis, s);
	if (!verify(context, &e->voters[voter].key, bytes, sizeof(bytes),
		    signature))
		return ERR_BAD_CERTIFICATE;
	return ERR_OK;
}
