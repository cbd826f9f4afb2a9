#include "ledger/receipt.h"

#include "base/arena.h"
#include "ledger/genesis.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1u

/* ---- Bytes ---- */

static size_t proof_size(const struct merkle_proof *p)
{
	return 17 + (size_t)p->size * HASH_BYTES;
}

size_t receipt_size(const struct receipt *r)
{
	size_t size = 1 + 4 + r->genesis_head.size + HASH_BYTES + 4 +
		      r->tx.size + 4 + 8 + proof_size(&r->in_batch) +
		      proof_size(&r->in_block) + 4 +
		      (size_t)r->header_count * BLOCK_HEADER_BYTES +
		      certificate_size(&r->certificate) + 1;

	if (r->has_outcome)
		size += 4 + proof_size(&r->in_results) +
			proof_size(&r->in_outcome) +
			checkpoint_certificate_size(&r->checkpoint);
	return size;
}

void receipt_write(struct writer *w, const struct receipt *r)
{
	write_u8(w, VERSION);
	write_blob(w, r->genesis_head.data, r->genesis_head.size);
	write_bytes(w, r->genesis_accounts.b, HASH_BYTES);
	write_blob(w, r->tx.data, r->tx.size);
	write_u32(w, r->origin);
	write_u64(w, r->sequence);
	merkle_proof_write(w, &r->in_batch);
	merkle_proof_write(w, &r->in_block);
	write_u32(w, r->header_count);
	for (uint32_t i = 0; i < r->header_count; i++)
		block_header_write(w, &r->headers[i]);
	certificate_write(w, &r->certificate);
	write_u8(w, r->has_outcome);
	if (!r->has_outcome)
		return;
	write_u32(w, (uint32_t)r->code);
	merkle_proof_write(w, &r->in_results);
	merkle_proof_write(w, &r->in_outcome);
	checkpoint_certificate_write(w, &r->checkpoint);
}

static void read_outcome(struct receipt *out, struct reader *r)
{
	uint32_t code = read_u32(r);

	out->code = error_from_number((int)code);
	if ((uint32_t)out->code != code)
		r->bad = true;
	merkle_proof_read(r, &out->in_results);
	merkle_proof_read(r, &out->in_outcome);
	checkpoint_certificate_read(r, &out->checkpoint);
}

static enum err read_headers(struct receipt *out, struct arena *arena,
			     struct reader *r, struct err_text *text)
{
	struct block_header *headers;

	out->header_count = read_u32(r);
	if (out->header_count == 0 || out->header_count > RECEIPT_HEADERS_MAX)
		return err_set(text, ERR_MALFORMED,
			       "receipt: %u headers, 1 to %u may be",
			       out->header_count, RECEIPT_HEADERS_MAX);
	headers = arena_alloc(arena, out->header_count * sizeof(*headers));
	if (!headers)
		return err_set(text, ERR_NO_MEMORY, "receipt: no room");
	for (uint32_t i = 0; i < out->header_count; i++)
		block_header_read(r, &headers[i]);
	out->headers = headers;
	return ERR_OK;
}

enum err receipt_read(struct receipt *out, struct arena *arena,
		      struct bytes raw, struct err_text *text)
{
	struct reader r;
	uint8_t outcome;
	enum err err;

	memset(out, 0, sizeof(*out));
	if (raw.size > RECEIPT_BYTES_MAX)
		return err_set(text, ERR_TOO_LARGE,
			       "receipt: %zu bytes, at most %u", raw.size,
			       RECEIPT_BYTES_MAX);
	reader_init(&r, raw.data, raw.size);
	if (read_u8(&r) != VERSION)
		return err_set(text, ERR_MALFORMED, "receipt: unknown version");
	out->genesis_head = read_blob(&r, GENESIS_HEAD_BYTES_MAX);
	read_copy(&r, out->genesis_accounts.b, HASH_BYTES);
	out->tx = read_blob(&r, LIMIT_TX_BYTES);
	out->origin = read_u32(&r);
	out->sequence = read_u64(&r);
	merkle_proof_read(&r, &out->in_batch);
	merkle_proof_read(&r, &out->in_block);
	err = read_headers(out, arena, &r, text);
	if (err)
		return err;
	certificate_read(&r, &out->certificate);
	outcome = read_u8(&r);
	out->has_outcome = outcome == 1;
	if (out->has_outcome)
		read_outcome(out, &r);
	if (outcome > 1 || !reader_done(&r))
		return err_set(text, ERR_MALFORMED,
			       "receipt: cut off, too long or damaged");
	return ERR_OK;
}

/* ---- Steps of the proof ---- */

static bool ed25519(void *context, const struct public_key *key,
		    const void *bytes, size_t size,
		    const struct signature *signature)
{
	(void)context;
	return sign_verify(key, bytes, size, signature);
}

static enum err broken(struct err_text *text, const char *step)
{
	return err_set(text, ERR_CHECK_FAILED, "%s", step);
}

/* SPEC ledger 7.1. The validators that the network started with. */
static enum err step_genesis(struct electorate *e, const struct receipt *r,
			     const struct hash *genesis_hash,
			     struct err_text *text)
{
	struct voter voters[LIMIT_VALIDATORS];
	struct genesis *g;
	struct hash found;
	uint32_t accounts;
	enum err err;

	genesis_hash_of(&found, r->genesis_head, &r->genesis_accounts);
	if (!hash_equal(&found, genesis_hash))
		return broken(text, "genesis: the head in the receipt does not "
				    "belong to this network's genesis hash");
	g = mem_alloc(sizeof(*g));
	genesis_init(g);
	err = genesis_read_head(g, &accounts, r->genesis_head, NULL);
	for (uint32_t i = 0; i < g->validator_count; i++) {
		voters[i].key = g->validators[i].key;
		voters[i].weight = g->validators[i].weight;
	}
	if (!err)
		err = electorate_init(e, 0, voters, g->validator_count);
	genesis_fini(g);
	free(g);
	if (err)
		return broken(text, "genesis: its head cannot be read");
	return ERR_OK;
}

/* SPEC ledger 7.2. */
static enum err step_tx(struct receipt_facts *out, struct hash *leaf,
			const struct receipt *r, const struct hash *genesis,
			struct err_text *text)
{
	struct signature signature;
	struct bytes body;

	if (tx_split(&body, &signature, r->tx, NULL) ||
	    !tx_body_account(&out->account, body))
		return broken(text, "transaction: it is not one");
	tx_compute_id(&out->tx, genesis, body);
	if (!sign_verify(&out->account, out->tx.b, HASH_BYTES, &signature))
		return broken(text, "transaction: its signature does not match "
				    "its account");
	tx_compute_leaf(leaf, &out->tx, &signature);
	return ERR_OK;
}

/* SPEC ledger 7.3. */
static enum err step_block(struct receipt_facts *out, const struct receipt *r,
			   const struct hash *leaf, const struct hash *genesis,
			   struct err_text *text)
{
	struct batch_ref place = {.origin = r->origin, .sequence = r->sequence};
	struct hash root;
	struct hash ref;

	if (r->in_batch.count > LIMIT_BATCH_TXS ||
	    !merkle_fold(&root, &r->in_batch, leaf))
		return broken(text, "batch: the path from the transaction to "
				    "its batch is impossible");
	batch_digest_of_root(&place.digest, genesis, &place,
			     (uint32_t)r->in_batch.count, &root);
	payload_leaf(&ref, &place);
	if (!merkle_verify(&r->in_block, &ref, &r->headers[0].payload))
		return broken(text, "block: the transaction's batch is not in "
				    "the payload of the block");
	out->height = r->headers[0].height;
	out->time_ms = r->headers[0].time_ms;
	block_digest(&out->block, genesis, &r->headers[0]);
	return ERR_OK;
}

/* SPEC ledger 7.4, SPEC ledger 7.5. */
static enum err step_final(struct receipt_facts *out, const struct receipt *r,
			   const struct electorate *e,
			   const struct hash *genesis, struct err_text *text)
{
	const struct block_header *last = &r->headers[r->header_count - 1];
	const struct statement *what = &r->certificate.what;
	struct hash digest = out->block;

	for (uint32_t i = 1; i < r->header_count; i++) {
		if (!hash_equal(&r->headers[i].parent, &digest))
			return broken(text, "headers: one is not the parent of "
					    "the next");
		block_digest(&digest, genesis, &r->headers[i]);
	}
	if (what->kind != VOTE_FINALIZE || what->view != last->view ||
	    what->epoch != last->epoch || !hash_equal(&what->digest, &digest))
		return broken(text, "certificate: it is not the finalization "
				    "of the last header");
	if (what->epoch != e->epoch)
		return broken(text, "certificate: the receipt does not prove "
				    "the validators of its epoch");
	if (certificate_verify(&r->certificate, e, genesis, ed25519, NULL))
		return broken(text, "certificate: no quorum of valid "
				    "signatures by the network's validators");
	out->final_height = last->height;
	out->weight = electorate_weight(e, &r->certificate.voters);
	out->weight_total = e->total;
	return ERR_OK;
}

/* SPEC ledger 7.6, SPEC ledger 7.7. */
static enum err step_outcome(struct receipt_facts *out, const struct receipt *r,
			     const struct electorate *e,
			     const struct hash *genesis, struct err_text *text)
{
	const struct checkpoint *c = &r->checkpoint.checkpoint;
	struct hash leaf;
	struct hash root;

	ledger_result_leaf(&leaf, &out->tx, r->code);
	if (!merkle_fold(&root, &r->in_results, &leaf))
		return broken(text, "result: its path to the block's results "
				    "is impossible");
	outcome_leaf(&leaf, out->height, &root);
	if (!merkle_verify(&r->in_outcome, &leaf, &c->outcome_root))
		return broken(text, "result: it is not among the outcomes of "
				    "the checkpoint");
	if (checkpoint_certificate_verify(&r->checkpoint, e, genesis, ed25519,
					  NULL))
		return broken(text, "checkpoint: no quorum of valid "
				    "signatures by the network's validators");
	out->code = r->code;
	out->checkpoint_height = c->height;
	out->has_outcome = true;
	return ERR_OK;
}

enum err receipt_verify(struct receipt_facts *out, const struct receipt *r,
			const struct hash *genesis_hash, struct err_text *text)
{
	struct electorate e;
	struct hash leaf;
	enum err err;

	memset(out, 0, sizeof(*out));
	err = step_genesis(&e, r, genesis_hash, text);
	if (!err)
		err = step_tx(out, &leaf, r, genesis_hash, text);
	if (!err)
		err = step_block(out, r, &leaf, genesis_hash, text);
	if (!err)
		err = step_final(out, r, &e, genesis_hash, text);
	if (!err && r->has_outcome)
		err = step_outcome(out, r, &e, genesis_hash, text);
	return err;
}
