/* A signed transaction: shapes, id, and the nonce window.
 *
 * Decoding from bytes is proto/codec_tx.h; what a transaction does is
 * ledger.h and governance.h. The exact bytes: doc/spec/transactions.md. */
#ifndef BCAI_LEDGER_TX_H
#define BCAI_LEDGER_TX_H

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "governance/types.h"

/* Decoded; every pointer is borrowed from the bytes or the arena decoded
 * into. */
struct tx {
	struct hash id; /* H("bcai-gov/tx/1", genesis hash || body) */
	struct public_key account;
	uint64_t nonce;
	uint64_t valid_until_ms;
	struct payload payload;
	struct signature signature; /* over id.b */
	struct bytes body;	    /* as signed */
	struct bytes raw;	    /* the whole SignedTx */
};

void tx_compute_id(struct hash *out, const struct hash *genesis,
		   struct bytes body);

/* The envelope: 0x0a, length of the body (minimal varint), body, 0x12, 0x40,
 * signature. Join writes at most TX_ENVELOPE_BYTES more than the body; split
 * lends the body and refuses every other byte string with ERR_MALFORMED, and
 * more than LIMIT_TX_BYTES with ERR_TOO_LARGE. What is in the body is not
 * looked at. */
#define TX_ENVELOPE_BYTES (4 + 2 + SIGNATURE_BYTES)
enum err tx_split(struct bytes *body, struct signature *signature,
		  struct bytes raw, struct err_text *text) MUST_USE;
void tx_join(struct writer *w, struct bytes body,
	     const struct signature *signature);

/* The signer of a canonical body, which starts with field 1: 0x0a, 0x20, key.
 * False when it does not. */
bool tx_body_account(struct public_key *out, struct bytes body);

/* What a batch commits to: H("bcai-gov/tx-leaf/1", id || signature). */
void tx_compute_leaf(struct hash *out, const struct hash *id,
		     const struct signature *signature);

/* The nonces an account has used: all below `base`, and base + i where bit i
 * of `used` is set. Normal form: bit 0 is clear. */
struct nonce_window {
	uint64_t base;
	uint64_t used;
};

/* ERR_REPLAY, ERR_NONCE_TOO_FAR or ERR_OK. */
enum err nonce_check(const struct nonce_window *w, uint64_t nonce) MUST_USE;
/* Use a nonce that nonce_check accepts. */
void nonce_use(struct nonce_window *w, uint64_t nonce);
/* The lowest free nonce is `base`. */

#endif
