#include "ledger/batch_fault.h"

#include "base/assert.h"

#include <string.h>

_Static_assert(12u + MERKLE_PROOF_BYTES_MAX + LIMIT_TX_BYTES <=
		       EVIDENCE_SIGNED_MAX,
	       "every transaction fits into evidence");

static enum err compute_leaf(struct hash *out, const struct hash *genesis,
			     struct bytes raw)
{
	struct signature signature;
	struct bytes body;
	enum err e = tx_split(&body, &signature, raw, NULL);

	if (e != ERR_OK)
		return ERR_MALFORMED;
	tx_compute_id(out, genesis, body);
	tx_compute_leaf(out, out, &signature);
	return ERR_OK;
}

enum err batch_fault_make(struct evidence *out, uint8_t *buffer,
			  struct arena *arena, const struct hash *genesis,
			  const struct batch *batch, uint32_t index,
			  uint32_t epoch)
{
	struct hash *leaves =
		arena_alloc(arena, batch->count * sizeof(*leaves));
	struct merkle_proof proof;
	struct hash digest;
	struct writer w;

	assert(index < batch->count);
	if (!leaves)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < batch->count; i++) {
		if (compute_leaf(&leaves[i], genesis, batch->txs[i]) != ERR_OK)
			return ERR_MALFORMED;
	}
	batch_compute_digest(&digest, genesis, batch->origin, batch->sequence,
			     leaves, batch->count);
	merkle_prove(&proof, leaves, batch->count, index);
	batch_sign_bytes(buffer, &digest);
	writer_init(&w, buffer + BATCH_SIGN_BYTES,
		    BATCH_FAULT_BYTES_MAX - BATCH_SIGN_BYTES);
	write_u32(&w, batch->origin);
	write_u64(&w, batch->sequence);
	merkle_proof_write(&w, &proof);
	write_bytes(&w, batch->txs[index].data, batch->txs[index].size);
	assert(!w.bad);
	memset(out, 0, sizeof(*out));
	out->kind = EVIDENCE_INVALID_BATCH;
	out->epoch = epoch;
	out->view = batch->sequence;
	out->signer = batch->origin;
	out->first = (struct bytes){buffer, BATCH_SIGN_BYTES};
	out->first_signature = batch->signature;
	out->second = (struct bytes){buffer + BATCH_SIGN_BYTES, w.size};
	return ERR_OK;
}

/* The digest that the second string leads to. */
static bool read_content(struct hash *digest, struct bytes *tx,
			 const struct evidence *e, const struct hash *genesis)
{
	struct batch_ref place;
	struct merkle_proof proof;
	struct hash leaf, root;
	struct reader r;

	reader_init(&r, e->second.data, e->second.size);
	place.origin = read_u32(&r);
	place.sequence = read_u64(&r);
	merkle_proof_read(&r, &proof);
	if (r.bad)
		return false;
	tx->size = reader_left(&r);
	tx->data = read_lend(&r, tx->size);
	if (place.origin != e->signer || place.sequence != e->view ||
	    proof.count > LIMIT_BATCH_TXS)
		return false;
	if (compute_leaf(&leaf, genesis, *tx) != ERR_OK ||
	    !merkle_fold(&root, &proof, &leaf))
		return false;
	batch_digest_of_root(digest, genesis, &place, (uint32_t)proof.count,
			     &root);
	return true;
}

/* SPEC consensus 12. */
bool batch_fault_check(struct bytes *tx, const struct evidence *e,
		       const struct hash *genesis,
		       const struct public_key *origin)
{
	static const struct signature NONE;
	uint8_t message[BATCH_SIGN_BYTES];
	struct hash digest;

	if (e->kind != EVIDENCE_INVALID_BATCH ||
	    memcmp(e->second_signature.b, NONE.b, SIGNATURE_BYTES) != 0 ||
	    !read_content(&digest, tx, e, genesis))
		return false;
	batch_sign_bytes(message, &digest);
	return e->first.size == sizeof(message) &&
	       memcmp(e->first.data, message, sizeof(message)) == 0 &&
	       batch_verify(origin, &digest, &e->first_signature);
}
