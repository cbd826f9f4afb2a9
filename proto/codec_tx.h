/* Transactions from and to bytes, strictly: one transaction has one encoding.
 *
 * A decoder unpacks the body under a byte bound, checks every field, encodes
 * it again and compares, so that unknown or repeated fields, another order,
 * defaults written out, long numbers and trailing bytes are all refused. Both
 * directions apply the same checks. doc/spec/transactions.md has the bytes.
 *
 * Signatures are not verified here, and nothing is checked against state. */
#ifndef BCAI_PROTO_CODEC_TX_H
#define BCAI_PROTO_CODEC_TX_H

#include "base/arena.h"
#include "ledger/tx.h"

/* An arena with this limit holds whatever one transaction unfolds into; the
 * second one holds all transactions of a batch at once. Reset and use the
 * same arena again: then nothing is allocated per transaction. */
#define CODEC_TX_ARENA_BYTES	(2u * LIMIT_DECODE_BYTES)
#define CODEC_BATCH_ARENA_BYTES (64u * LIMIT_BATCH_BYTES)

/* Decode one SignedTx. `out` borrows from `raw` and from the arena.
 *
 * ERR_MALFORMED  it is not the encoding of a transaction
 * ERR_TOO_LARGE  a field or the whole is longer than it may be
 * ERR_NO_MEMORY  the arena is full */
enum err codec_tx_decode(struct tx *out, struct arena *arena,
			 const struct hash *genesis, struct bytes raw,
			 struct err_text *text) MUST_USE;

/* The rules that need no state: limits, ranges, texts. ERR_MALFORMED or
 * ERR_TOO_LARGE. Both directions apply it. */
enum err codec_tx_check_payload(const struct payload *payload,
				struct err_text *text) MUST_USE;

/* Encode a TxBody into the arena. Errors as for decoding. */
enum err codec_tx_encode_body(struct bytes *out, struct arena *arena,
			      const struct payload *payload,
			      const struct public_key *account, uint64_t nonce,
			      uint64_t valid_until_ms,
			      struct err_text *text) MUST_USE;

/* What is to be signed, and with which key. */
struct codec_tx_request {
	const struct secret_key *key;
	const struct hash *genesis;
	const struct payload *payload;
	uint64_t nonce;
	uint64_t valid_until_ms;
};

/* Encode and sign: `raw` is the SignedTx, in the arena; `id` may be NULL. */
enum err codec_tx_sign(struct bytes *raw, struct hash *id, struct arena *arena,
		       const struct codec_tx_request *request,
		       struct err_text *text) MUST_USE;

#endif
