#include "ledger/receipt.h"

#include "ledger/stored.h"

static struct hash *take_leaves(struct arena *arena, size_t count)
{
	return arena_alloc(arena, count * sizeof(struct hash));
}

enum err receipt_set_batch(struct receipt *r, struct arena *arena,
			   const struct hash *genesis,
			   const struct batch *batch, uint32_t index)
{
	struct hash *leaves;

	if (index >= batch->count)
		return ERR_NOT_FOUND;
	leaves = take_leaves(arena, batch->count);
	if (!leaves)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < batch->count; i++) {
		struct signature signature;
		struct bytes body;

		if (tx_split(&body, &signature, batch->txs[i], NULL))
			return ERR_MALFORMED;
		tx_compute_id(&leaves[i], genesis, body);
		tx_compute_leaf(&leaves[i], &leaves[i], &signature);
	}
	r->tx = batch->txs[index];
	r->origin = batch->origin;
	r->sequence = batch->sequence;
	merkle_prove(&r->in_batch, leaves, batch->count, index);
	return ERR_OK;
}

enum err receipt_set_block(struct receipt *r, struct arena *arena,
			   const struct batch_ref *refs, size_t count,
			   size_t index)
{
	struct hash *leaves;

	if (index >= count)
		return ERR_NOT_FOUND;
	leaves = take_leaves(arena, count);
	if (!leaves)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		payload_leaf(&leaves[i], &refs[i]);
	merkle_prove(&r->in_block, leaves, count, index);
	return ERR_OK;
}

static enum err set_result(struct receipt *r, struct arena *arena,
			   const struct hash *tx,
			   const struct stored_block *block)
{
	size_t at = 0;
	struct hash *leaves;

	while (at < block->result_count &&
	       !hash_equal(&block->results[at].id, tx))
		at++;
	if (at == block->result_count)
		return ERR_NOT_FOUND;
	leaves = take_leaves(arena, block->result_count);
	if (!leaves)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < block->result_count; i++)
		ledger_result_leaf(&leaves[i], &block->results[i].id,
				   block->results[i].code);
	r->code = block->results[at].code;
	merkle_prove(&r->in_results, leaves, block->result_count, at);
	return ERR_OK;
}

enum err receipt_set_outcome(struct receipt *r, struct arena *arena,
			     const struct hash *tx,
			     const struct stored_block *block,
			     const struct receipt_outcome *outcomes,
			     size_t count)
{
	size_t at = 0;
	struct hash *leaves;
	enum err err;

	while (at < count && outcomes[at].height != block->header.height)
		at++;
	if (at == count)
		return ERR_NOT_FOUND;
	leaves = take_leaves(arena, count);
	if (!leaves)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		outcome_leaf(&leaves[i], outcomes[i].height,
			     &outcomes[i].results_root);
	err = set_result(r, arena, tx, block);
	if (err)
		return err;
	merkle_prove(&r->in_outcome, leaves, count, at);
	r->has_outcome = true;
	return ERR_OK;
}
