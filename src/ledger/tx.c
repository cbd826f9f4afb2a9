#include "ledger/tx.h"

#include "base/assert.h"

#include <string.h>

#define TX_DOMAIN   "bcai-gov/tx/1"
#define LEAF_DOMAIN "bcai-gov/tx-leaf/1"

#define TAG_FIRST     0x0a /* field 1, length-delimited */
#define TAG_SIGNATURE 0x12 /* field 2, length-delimited */

void tx_compute_id(struct hash *out, const struct hash *genesis,
		   struct bytes body)
{
	struct hasher h;

	hasher_init(&h, TX_DOMAIN);
	hasher_add(&h, genesis->b, HASH_BYTES);
	hasher_add(&h, body.data, body.size);
	hasher_final(&h, out);
}

bool tx_body_account(struct public_key *out, struct bytes body)
{
	if (body.size < 2 + PUBLIC_KEY_BYTES || body.data[0] != TAG_FIRST ||
	    body.data[1] != PUBLIC_KEY_BYTES)
		return false;
	memcpy(out->b, body.data + 2, PUBLIC_KEY_BYTES);
	return true;
}

void tx_compute_leaf(struct hash *out, const struct hash *id,
		     const struct signature *signature)
{
	uint8_t input[HASH_BYTES + SIGNATURE_BYTES];

	memcpy(input, id->b, HASH_BYTES);
	memcpy(input + HASH_BYTES, signature->b, SIGNATURE_BYTES);
	hash_bytes(out, LEAF_DOMAIN, input, sizeof(input));
}

/* SPEC transactions 2. A length of at most LIMIT_TX_BYTES: up to three groups
 * of seven bits, the lowest first, the last one not zero. */
static size_t read_length(struct reader *r)
{
	size_t v = 0;

	for (unsigned int i = 0; i < 3; i++) {
		uint8_t b = read_u8(r);

		v |= (size_t)(b & 0x7fu) << (7 * i);
		if (b < 0x80) {
			r->bad = r->bad || (b == 0 && i > 0);
			return v;
		}
	}
	r->bad = true;
	return 0;
}

static void write_length(struct writer *w, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		write_u8(w, (uint8_t)(v | 0x80));
	write_u8(w, (uint8_t)v);
}

enum err tx_split(struct bytes *body, struct signature *signature,
		  struct bytes raw, struct err_text *text)
{
	struct reader r;

	if (raw.size > LIMIT_TX_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "transaction: %zu bytes, at most %u", raw.size,
			       LIMIT_TX_BYTES);
	reader_init(&r, raw.data, raw.size);
	if (read_u8(&r) != TAG_FIRST)
		return err_set(text, ERR_MALFORMED,
			       "transaction: it does not start with a body");
	body->size = read_length(&r);
	body->data = read_lend(&r, body->size);
	if (r.bad || body->size == 0)
		return err_set(text, ERR_MALFORMED,
			       "transaction: the length of the body is wrong");
	if (read_u8(&r) != TAG_SIGNATURE || read_u8(&r) != SIGNATURE_BYTES)
		return err_set(text, ERR_MALFORMED,
			       "transaction: no signature of 64 bytes follows "
			       "the body");
	read_copy(&r, signature->b, SIGNATURE_BYTES);
	if (!reader_done(&r))
		return err_set(text, ERR_MALFORMED,
			       "transaction: it does not end with the "
			       "signature");
	return ERR_OK;
}

void tx_join(struct writer *w, struct bytes body,
	     const struct signature *signature)
{
	write_u8(w, TAG_FIRST);
	write_length(w, body.size);
	write_bytes(w, body.data, body.size);
	write_u8(w, TAG_SIGNATURE);
	write_u8(w, SIGNATURE_BYTES);
	write_bytes(w, signature->b, SIGNATURE_BYTES);
}

/* SPEC transactions 4. */
enum err nonce_check(const struct nonce_window *w, uint64_t nonce)
{
	if (nonce < w->base)
		return ERR_REPLAY;
	if (nonce - w->base >= LIMIT_NONCE_WINDOW)
		return ERR_NONCE_TOO_FAR;
	return w->used >> (nonce - w->base) & 1 ? ERR_REPLAY : ERR_OK;
}

/* The last number of all can be used but never passed: base would wrap, and
 * every nonce would be free again. */
void nonce_use(struct nonce_window *w, uint64_t nonce)
{
	assert(nonce_check(w, nonce) == ERR_OK);
	w->used |= UINT64_C(1) << (nonce - w->base);
	while (w->used & 1 && w->base < UINT64_MAX) {
		w->used >>= 1;
		w->base++;
	}
}
