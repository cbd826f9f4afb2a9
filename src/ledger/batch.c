#include "ledger/batch.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST_DOMAIN "bcai-gov/batch/1"
#define SIGN_DOMAIN   "bcai-gov/batch-sign/1"
#define REF_DOMAIN    "bcai-gov/batch-ref/1"
_Static_assert(sizeof(SIGN_DOMAIN) - 1 + HASH_BYTES == BATCH_SIGN_BYTES,
	       "the signed bytes have the size the header states");

static enum err read_txs(struct reader *r, struct bytes *txs, uint32_t count,
			 struct err_text *text)
{
	for (uint32_t i = 0; i < count; i++) {
		txs[i] = read_blob(r, LIMIT_TX_BYTES);
		if (txs[i].size == 0)
			return err_set(text, ERR_MALFORMED,
				       "batch: transaction %u of %u is cut "
				       "off, empty or too long",
				       i, count);
	}
	return ERR_OK;
}

enum err batch_parse(struct batch *out, struct arena *arena, struct bytes raw,
		     struct err_text *text)
{
	struct reader r;
	struct bytes *txs;
	enum err err;

	if (raw.size > LIMIT_BATCH_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "batch: %zu bytes, at most %u", raw.size,
			       LIMIT_BATCH_BYTES);
	reader_init(&r, raw.data, raw.size);
	if (read_u8(&r) != BATCH_VERSION)
		return err_set(text, ERR_MALFORMED, "batch: unknown version");
	out->origin = read_u32(&r);
	out->sequence = read_u64(&r);
	out->count = read_u32(&r);
	if (out->origin >= LIMIT_VALIDATORS)
		return err_set(text, ERR_MALFORMED,
			       "batch: origin %u is no validator", out->origin);
	if (out->count == 0 || out->count > LIMIT_BATCH_TXS)
		return err_set(text, ERR_MALFORMED,
			       "batch: %u transactions, 1 to %u may be",
			       out->count, LIMIT_BATCH_TXS);
	txs = arena_alloc(arena, out->count * sizeof(*txs));
	if (!txs)
		return err_set(text, ERR_NO_MEMORY, "batch: no room");
	err = read_txs(&r, txs, out->count, text);
	if (err)
		return err;
	read_copy(&r, out->signature.b, SIGNATURE_BYTES);
	if (!reader_done(&r))
		return err_set(text, ERR_MALFORMED,
			       "batch: it does not end with the signature");
	out->txs = txs;
	out->raw = raw;
	return ERR_OK;
}

/* SPEC ledger 2. */
void batch_digest_of_root(struct hash *out, const struct hash *genesis,
			  const struct batch_ref *place, uint32_t count,
			  const struct hash *root)
{
	uint8_t input[2 * HASH_BYTES + 16];
	struct writer w;

	writer_init(&w, input, sizeof(input));
	write_bytes(&w, genesis->b, HASH_BYTES);
	write_u32(&w, place->origin);
	write_u64(&w, place->sequence);
	write_u32(&w, count);
	write_bytes(&w, root->b, HASH_BYTES);
	assert(!w.bad && w.size == sizeof(input));
	hash_bytes(out, DIGEST_DOMAIN, input, w.size);
}

void batch_compute_digest(struct hash *out, const struct hash *genesis,
			  uint32_t origin, uint64_t sequence,
			  const struct hash *leaves, size_t count)
{
	struct batch_ref place = {.origin = origin, .sequence = sequence};
	struct hash root;

	merkle_root_of(&root, leaves, count);
	batch_digest_of_root(out, genesis, &place, (uint32_t)count, &root);
}

enum err batch_digest(struct hash *out, const struct hash *genesis,
		      const struct batch *batch, struct err_text *text)
{
	struct batch_ref place = {.origin = batch->origin,
				  .sequence = batch->sequence};
	struct merkle leaves;
	struct hash root;

	merkle_init(&leaves);
	for (uint32_t i = 0; i < batch->count; i++) {
		struct signature signature;
		struct bytes body;
		struct hash leaf;
		enum err err = tx_split(&body, &signature, batch->txs[i], text);

		if (err)
			return err;
		tx_compute_id(&leaf, genesis, body);
		tx_compute_leaf(&leaf, &leaf, &signature);
		merkle_add(&leaves, &leaf);
	}
	merkle_root(&root, &leaves);
	batch_digest_of_root(out, genesis, &place, batch->count, &root);
	return ERR_OK;
}

void batch_sign_bytes(uint8_t out[BATCH_SIGN_BYTES], const struct hash *digest)
{
	memcpy(out, SIGN_DOMAIN, sizeof(SIGN_DOMAIN) - 1);
	memcpy(out + sizeof(SIGN_DOMAIN) - 1, digest->b, HASH_BYTES);
}

void batch_sign(struct signature *out, const struct secret_key *key,
		const struct hash *digest)
{
	uint8_t message[BATCH_SIGN_BYTES];

	batch_sign_bytes(message, digest);
	sign_message(out, key, message, sizeof(message));
}

bool batch_verify(const struct public_key *origin, const struct hash *digest,
		  const struct signature *signature)
{
	uint8_t message[BATCH_SIGN_BYTES];

	batch_sign_bytes(message, digest);
	return sign_verify(origin, message, sizeof(message), signature);
}

void batch_begin(struct batch_builder *b, uint8_t *buffer, size_t capacity,
		 const struct hash *genesis, uint32_t origin, uint64_t sequence)
{
	if (capacity > LIMIT_BATCH_BYTES)
		capacity = LIMIT_BATCH_BYTES;
	writer_init(&b->out, buffer, capacity);
	b->origin = origin;
	b->sequence = sequence;
	b->count = 0;
	b->genesis = *genesis;
	merkle_init(&b->leaves);
	write_u8(&b->out, BATCH_VERSION);
	write_u32(&b->out, origin);
	write_u64(&b->out, sequence);
	write_u32(&b->out, 0);
	assert(!b->out.bad);
}

bool batch_add(struct batch_builder *b, const struct tx *tx)
{
	size_t need = BATCH_TX_BYTES + tx->raw.size + SIGNATURE_BYTES;
	struct hash leaf;

	if (b->count == LIMIT_BATCH_TXS || need > b->out.capacity - b->out.size)
		return false;
	write_blob(&b->out, tx->raw.data, tx->raw.size);
	tx_compute_leaf(&leaf, &tx->id, &tx->signature);
	merkle_add(&b->leaves, &leaf);
	b->count++;
	return true;
}

struct bytes batch_seal(struct batch_builder *b, struct hash *digest,
			const struct secret_key *key)
{
	struct batch_ref place = {.origin = b->origin, .sequence = b->sequence};
	struct signature signature;
	struct writer count;
	struct hash root;

	assert(b->count > 0);
	writer_init(&count, b->out.data + BATCH_HEADER_BYTES - 4, 4);
	write_u32(&count, b->count);
	merkle_root(&root, &b->leaves);
	batch_digest_of_root(digest, &b->genesis, &place, b->count, &root);
	batch_sign(&signature, key, digest);
	write_bytes(&b->out, signature.b, SIGNATURE_BYTES);
	assert(!b->out.bad);
	return (struct bytes){b->out.data, b->out.size};
}

static int ref_compare(const void *left, const void *right)
{
	const struct batch_ref *a = left;
	const struct batch_ref *b = right;

	if (a->origin != b->origin)
		return a->origin < b->origin ? -1 : 1;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	return 0;
}

static int whole_compare(const void *left, const void *right)
{
	const struct batch_ref *a = left;
	const struct batch_ref *b = right;
	int order = ref_compare(a, b);

	return order ? order : memcmp(a->digest.b, b->digest.b, HASH_BYTES);
}

bool batch_ref_equal(const struct batch_ref *a, const struct batch_ref *b)
{
	return whole_compare(a, b) == 0;
}

size_t payload_sort(struct batch_ref *refs, size_t count)
{
	size_t kept = 0;

	qsort(refs, count, sizeof(*refs), whole_compare);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || ref_compare(&refs[kept - 1], &refs[i]) != 0)
			refs[kept++] = refs[i];
	}
	return kept;
}

static void write_ref(struct writer *w, const struct batch_ref *ref)
{
	write_u32(w, ref->origin);
	write_u64(w, ref->sequence);
	write_bytes(w, ref->digest.b, HASH_BYTES);
}

void payload_write(struct writer *w, const struct batch_ref *refs, size_t count)
{
	assert(count <= LIMIT_BLOCK_BATCHES);
	write_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		write_ref(w, &refs[i]);
}

enum err payload_read(struct reader *r, struct batch_ref *refs, size_t *count,
		      struct err_text *text)
{
	*count = read_u32(r);
	if (*count > LIMIT_BLOCK_BATCHES)
		return err_set(text, ERR_TOO_LARGE,
			       "block: %zu batches, at most %u", *count,
			       LIMIT_BLOCK_BATCHES);
	for (size_t i = 0; i < *count; i++) {
		refs[i].origin = read_u32(r);
		refs[i].sequence = read_u64(r);
		read_copy(r, refs[i].digest.b, HASH_BYTES);
		if (r->bad)
			break;
		if (i > 0 && ref_compare(&refs[i - 1], &refs[i]) >= 0)
			return err_set(text, ERR_MALFORMED,
				       "block: batch %zu is out of order", i);
	}
	if (r->bad)
		return err_set(text, ERR_MALFORMED,
			       "block: the list of batches is cut off");
	return ERR_OK;
}

/* SPEC ledger 2. */
void payload_leaf(struct hash *out, const struct batch_ref *ref)
{
	uint8_t input[BATCH_REF_BYTES];
	struct writer w;

	writer_init(&w, input, sizeof(input));
	write_ref(&w, ref);
	assert(!w.bad && w.size == sizeof(input));
	hash_bytes(out, REF_DOMAIN, input, w.size);
}

void payload_root(struct hash *out, const struct batch_ref *refs, size_t count)
{
	struct merkle m;

	memset(out, 0, sizeof(*out));
	if (count == 0)
		return;
	merkle_init(&m);
	for (size_t i = 0; i < count; i++) {
		struct hash leaf;

		payload_leaf(&leaf, &refs[i]);
		merkle_add(&m, &leaf);
	}
	merkle_root(out, &m);
}
