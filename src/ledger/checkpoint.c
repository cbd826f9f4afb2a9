#include "ledger/checkpoint.h"

#include "base/assert.h"

#include <string.h>

#define DIGEST_DOMAIN  "bcai-gov/checkpoint/1"
#define SIGN_DOMAIN    "bcai-gov/checkpoint-sign/1"
#define OUTCOME_DOMAIN "bcai-gov/outcome/1"

_Static_assert(sizeof(SIGN_DOMAIN) - 1 + HASH_BYTES == CHECKPOINT_SIGN_BYTES,
	       "the signed bytes have the size the header states");

void checkpoint_write(struct writer *w, const struct checkpoint *c)
{
	write_u32(w, c->epoch);
	write_u64(w, c->height);
	write_u64(w, c->previous);
	write_u64(w, c->time_ms);
	write_bytes(w, c->block.b, HASH_BYTES);
	write_bytes(w, c->state_root.b, HASH_BYTES);
	write_bytes(w, c->outcome_root.b, HASH_BYTES);
}

void checkpoint_read(struct reader *r, struct checkpoint *c)
{
	c->epoch = read_u32(r);
	c->height = read_u64(r);
	c->previous = read_u64(r);
	c->time_ms = read_u64(r);
	read_copy(r, c->block.b, HASH_BYTES);
	read_copy(r, c->state_root.b, HASH_BYTES);
	read_copy(r, c->outcome_root.b, HASH_BYTES);
}

void checkpoint_digest(struct hash *out, const struct hash *genesis,
		       const struct checkpoint *c)
{
	uint8_t input[HASH_BYTES + CHECKPOINT_BYTES];
	struct writer w;

	writer_init(&w, input, sizeof(input));
	write_bytes(&w, genesis->b, HASH_BYTES);
	checkpoint_write(&w, c);
	assert(!w.bad && w.size == sizeof(input));
	hash_bytes(out, DIGEST_DOMAIN, input, w.size);
}

void checkpoint_sign_bytes(uint8_t out[CHECKPOINT_SIGN_BYTES],
			   const struct hash *digest)
{
	memcpy(out, SIGN_DOMAIN, sizeof(SIGN_DOMAIN) - 1);
	memcpy(out + sizeof(SIGN_DOMAIN) - 1, digest->b, HASH_BYTES);
}

void outcome_leaf(struct hash *out, uint64_t height,
		  const struct hash *results_root)
{
	uint8_t input[8 + HASH_BYTES];
	struct writer w;

	writer_init(&w, input, sizeof(input));
	write_u64(&w, height);
	write_bytes(&w, results_root->b, HASH_BYTES);
	hash_bytes(out, OUTCOME_DOMAIN, input, w.size);
}

/* ---- Votes ---- */

void checkpoint_vote_write(struct writer *w, const struct checkpoint_vote *v)
{
	write_u32(w, v->epoch);
	write_u64(w, v->height);
	write_bytes(w, v->digest.b, HASH_BYTES);
	write_u32(w, v->voter);
	write_bytes(w, v->signature.b, SIGNATURE_BYTES);
}

void checkpoint_vote_read(struct reader *r, struct checkpoint_vote *v)
{
	v->epoch = read_u32(r);
	v->height = read_u64(r);
	read_copy(r, v->digest.b, HASH_BYTES);
	v->voter = read_u32(r);
	read_copy(r, v->signature.b, SIGNATURE_BYTES);
}

void checkpoint_vote_sign(struct checkpoint_vote *out,
			  const struct secret_key *key, uint32_t voter,
			  const struct hash *genesis,
			  const struct checkpoint *c)
{
	uint8_t message[CHECKPOINT_SIGN_BYTES];

	out->epoch = c->epoch;
	out->height = c->height;
	out->voter = voter;
	checkpoint_digest(&out->digest, genesis, c);
	checkpoint_sign_bytes(message, &out->digest);
	sign_message(&out->signature, key, message, sizeof(message));
}

enum err checkpoint_vote_verify(const struct checkpoint_vote *v,
				const struct electorate *e, verify_fn verify,
				void *context)
{
	uint8_t message[CHECKPOINT_SIGN_BYTES];

	if (v->voter >= e->count || v->epoch != e->epoch)
		return ERR_NOT_VALIDATOR;
	checkpoint_sign_bytes(message, &v->digest);
	if (!verify(context, &e->voters[v->voter].key, message, sizeof(message),
		    &v->signature))
		return ERR_BAD_SIGNATURE;
	return ERR_OK;
}

void checkpoint_votes_init(struct checkpoint_votes *v, uint64_t height)
{
	memset(v, 0, sizeof(*v));
	v->height = height;
}

enum err checkpoint_votes_add(struct checkpoint_votes *v,
			      const struct checkpoint_vote *vote)
{
	if (vote->height != v->height)
		return ERR_STALE;
	assert(vote->voter < VOTERS_MAX);
	if (voter_set_has(&v->voted, vote->voter))
		return hash_equal(&v->digest[vote->voter], &vote->digest)
			       ? ERR_OK
			       : ERR_EQUIVOCATION;
	voter_set_add(&v->voted, vote->voter);
	v->digest[vote->voter] = vote->digest;
	v->signature[vote->voter] = vote->signature;
	return ERR_OK;
}

void checkpoint_votes_set_own(struct checkpoint_votes *v,
			      const struct hash *genesis,
			      const struct checkpoint *own)
{
	assert(own->height == v->height);
	v->own = *own;
	v->has_own = true;
	checkpoint_digest(&v->own_digest, genesis, own);
}

/* Who voted for this digest. */
static struct voter_set agreeing(const struct checkpoint_votes *v,
				 const struct hash *digest)
{
	struct voter_set s = {{0}};

	for (uint32_t i = 0; i < VOTERS_MAX; i++) {
		if (voter_set_has(&v->voted, i) &&
		    hash_equal(&v->digest[i], digest))
			voter_set_add(&s, i);
	}
	return s;
}

enum checkpoint_status checkpoint_votes_status(const struct checkpoint_votes *v,
					       const struct electorate *e)
{
	if (!v->has_own)
		return CHECKPOINT_OPEN;
	for (uint32_t i = 0; i < e->count; i++) {
		struct voter_set s;

		if (!voter_set_has(&v->voted, i))
			continue;
		s = agreeing(v, &v->digest[i]);
		if (electorate_weight(e, &s) < electorate_quorum(e))
			continue;
		return hash_equal(&v->digest[i], &v->own_digest)
			       ? CHECKPOINT_CERTIFIED
			       : CHECKPOINT_DIVERGED;
	}
	return CHECKPOINT_OPEN;
}

/* ---- Certificates ---- */

void checkpoint_votes_certificate(struct checkpoint_certificate *out,
				  struct signature *signatures,
				  const struct checkpoint_votes *v)
{
	assert(v->has_own);
	out->checkpoint = v->own;
	out->voters = agreeing(v, &v->own_digest);
	out->count = 0;
	out->signatures = signatures;
	for (uint32_t i = 0; i < VOTERS_MAX; i++) {
		if (voter_set_has(&out->voters, i))
			signatures[out->count++] = v->signature[i];
	}
}

size_t checkpoint_certificate_size(const struct checkpoint_certificate *c)
{
	return CHECKPOINT_BYTES + VOTER_SET_BYTES +
	       (size_t)c->count * SIGNATURE_BYTES;
}

void checkpoint_certificate_write(struct writer *w,
				  const struct checkpoint_certificate *c)
{
	checkpoint_write(w, &c->checkpoint);
	write_bytes(w, c->voters.bits, VOTER_SET_BYTES);
	for (uint32_t i = 0; i < c->count; i++)
		write_bytes(w, c->signatures[i].b, SIGNATURE_BYTES);
}

_Static_assert(sizeof(struct signature) == SIGNATURE_BYTES,
	       "signatures are lent from the bytes as they stand");

void checkpoint_certificate_read(struct reader *r,
				 struct checkpoint_certificate *c)
{
	checkpoint_read(r, &c->checkpoint);
	read_copy(r, c->voters.bits, VOTER_SET_BYTES);
	c->count = voter_set_count(&c->voters);
	c->signatures = (const struct signature *)read_lend(
		r, (size_t)c->count * SIGNATURE_BYTES);
}

enum err checkpoint_certificate_verify(const struct checkpoint_certificate *c,
				       const struct electorate *e,
				       const struct hash *genesis,
				       verify_fn verify, void *context)
{
	uint8_t message[CHECKPOINT_SIGN_BYTES];
	struct hash digest;
	uint32_t n = 0;

	if (c->checkpoint.epoch != e->epoch ||
	    !electorate_covers(e, &c->voters) ||
	    c->count != voter_set_count(&c->voters) ||
	    electorate_weight(e, &c->voters) < electorate_quorum(e))
		return ERR_BAD_CERTIFICATE;
	checkpoint_digest(&digest, genesis, &c->checkpoint);
	checkpoint_sign_bytes(message, &digest);
	for (uint32_t i = 0; i < e->count; i++) {
		if (voter_set_has(&c->voters, i) &&
		    !verify(context, &e->voters[i].key, message,
			    sizeof(message), &c->signatures[n++]))
			return ERR_BAD_CERTIFICATE;
	}
	return ERR_OK;
}
