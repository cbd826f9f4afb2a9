/* Receipts: proof that a transaction was finalised, and with what result,
 * that anybody can check who knows the network's genesis hash.
 *
 *   SignedTx -> leaf -> batch digest -> its reference -> payload root -> block
 * header
 *     -> headers, each the parent of the next -> finalization certificate
 *     -> validators in the genesis head -> genesis hash
 *
 * and, once a checkpoint covers the block,
 *
 *   (tx id, code) -> results root -> outcome root -> checkpoint certificate.
 *
 * The bytes: doc/spec/ledger.md, "Receipts". */
#ifndef BCAI_LEDGER_RECEIPT_H
#define BCAI_LEDGER_RECEIPT_H

#include "base/arena.h"
#include "consensus/certificate.h"
#include "ledger/batch.h"
#include "ledger/checkpoint.h"

#define RECEIPT_HEADERS_MAX 256u
#define RECEIPT_BYTES_MAX   (256u * 1024u)

struct receipt {
	struct bytes genesis_head; /* see genesis.h */
	struct hash genesis_accounts;
	struct bytes tx; /* SignedTx */
	uint32_t origin; /* of its batch */
	uint64_t sequence;
	struct merkle_proof in_batch;
	struct merkle_proof in_block;
	const struct block_header *headers; /* its block first */
	uint32_t header_count;
	struct certificate certificate; /* finalizes the last header */
	bool has_outcome;
	enum err code; /* with has_outcome */
	struct merkle_proof in_results;
	struct merkle_proof in_outcome;
	struct checkpoint_certificate checkpoint;
};

/* What a verified receipt says. */
struct receipt_facts {
	struct hash tx;
	struct public_key account; /* who signed */
	uint64_t height;
	uint64_t time_ms; /* of the block */
	struct hash block;
	uint64_t final_height; /* of the block the certificate names */
	uint64_t weight;       /* that signed it */
	uint64_t weight_total;
	bool has_outcome;
	enum err code;
	uint64_t checkpoint_height;
};

/* ---- Making one ----
 *
 * The caller fills genesis, headers and certificate, and calls these with what
 * it has stored; lists of hashes come from the arena (ERR_NO_MEMORY). What is
 * borrowed must outlive the receipt. */

/* The transaction at `index` of its batch; ERR_NOT_FOUND when there is none,
 * ERR_MALFORMED for a batch of what is no transaction. */
enum err receipt_set_batch(struct receipt *r, struct arena *arena,
			   const struct hash *genesis,
			   const struct batch *batch, uint32_t index) MUST_USE;
/* The batch at `index` of its block; ERR_NOT_FOUND. */
enum err receipt_set_block(struct receipt *r, struct arena *arena,
			   const struct batch_ref *refs, size_t count,
			   size_t index) MUST_USE;

/* One block with results, of those that a checkpoint covers. */
struct receipt_outcome {
	uint64_t height;
	struct hash results_root;
};

/* Code and place of a transaction among its block's results, and of the block
 * among the `count` outcomes of its checkpoint, in order of height. The caller
 * fills `checkpoint`. ERR_NOT_FOUND when the block has no such result, or the
 * outcomes no such block. */
struct stored_block;
enum err receipt_set_outcome(struct receipt *r, struct arena *arena,
			     const struct hash *tx,
			     const struct stored_block *block,
			     const struct receipt_outcome *outcomes,
			     size_t count) MUST_USE;

/* ---- Bytes and proof ---- */

size_t receipt_size(const struct receipt *r);
void receipt_write(struct writer *w, const struct receipt *r);
/* `out` borrows from `raw` and the arena. ERR_MALFORMED, ERR_TOO_LARGE,
 * ERR_NO_MEMORY. */
enum err receipt_read(struct receipt *out, struct arena *arena,
		      struct bytes raw, struct err_text *text) MUST_USE;

/* Check every step, signatures included. ERR_CHECK_FAILED: `text` says which
 * step does not hold. The transaction's own signature is one of the steps. */
enum err receipt_verify(struct receipt_facts *out, const struct receipt *r,
			const struct hash *genesis_hash,
			struct err_text *text) MUST_USE;

#endif
