/* Blocks, transactions, receipts and checkpoints, as the node stored them. */
#include "admin/server.h"

#include "admin/json.h"

#include <stdlib.h>

enum err rpc_TX_GET_handler(struct rpc_call *call)
{
	struct admin_server *s = call->server;
	struct admin_location at = {0};
	struct admin_bytes raw = {NULL, 0};
	struct hash id;
	json_t *o;
	enum err e;

	call_hash(call, "tx", &id);
	e = s->backend->tx_location(s->ctx, &id, &at);
	if (e)
		return e;
	o = json_object();
	json_put(o, "tx", json_hash(&id));
	json_put(o, "height", json_u64(at.height));
	json_put(o, "index", json_count(at.index));
	json_put(o, "result", json_outcome(at.code));
	json_put(o, "proposal",
		 at.proposal ? json_count(at.proposal) : json_null());
	e = s->backend->tx_raw(s->ctx, &id, &raw);
	json_put(o, "raw", e ? json_null() : json_hex(raw.data, raw.size));
	free(raw.data);
	call->result = o;
	return ERR_OK;
}

enum err rpc_RECEIPT_GET_handler(struct rpc_call *call)
{
	struct admin_server *s = call->server;
	struct admin_bytes receipt = {NULL, 0};
	struct hash id;
	enum err e;

	call_hash(call, "tx", &id);
	e = s->backend->receipt(s->ctx, &id, &receipt);
	if (e)
		return e;
	call->result = json_object();
	json_put(call->result, "tx", json_hash(&id));
	json_put(call->result, "receipt", json_hex(receipt.data, receipt.size));
	free(receipt.data);
	return ERR_OK;
}

static json_t *block_value(const struct admin_block *b)
{
	json_t *o = json_object(), *list = json_array();

	json_put(o, "height", json_u64(b->height));
	json_put(o, "hash", json_hash(&b->hash));
	json_put(o, "parent", json_hash(&b->parent));
	json_put(o, "epoch", json_u64(b->epoch));
	json_put(o, "view", json_u64(b->view));
	json_put(o, "time_ms", json_u64(b->time_ms));
	json_put(o, "proposer", json_key(&b->proposer));
	json_put(o, "payload_root", json_hash(&b->payload_root));
	json_put(o, "batches", json_count(b->batch_count));
	for (uint32_t i = 0; i < b->tx_count; i++) {
		json_t *row = json_object();

		json_put(row, "tx", json_hash(&b->txs[i].id));
		json_put(row, "result", json_outcome(b->txs[i].code));
		json_push(list, row);
	}
	json_put(o, "txs", list);
	return o;
}

enum err rpc_BLOCK_GET_handler(struct rpc_call *call)
{
	struct admin_server *s = call->server;
	uint64_t height = call_number(call, "height", 0);
	struct admin_block block = {.txs = NULL};
	enum err e =
		s->backend->block(s->ctx, height ? height : s->height, &block);

	if (!e)
		call->result = block_value(&block);
	free(block.txs);
	return e;
}

static json_t *signatures_value(const struct admin_checkpoint *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < c->signature_count; i++) {
		const struct admin_checkpoint_signature *s = &c->signatures[i];
		json_t *row = json_object();

		json_put(row, "node_id", json_key(&s->node_id));
		json_put(row, "weight", json_u64(s->weight));
		json_put(row, "signature",
			 json_hex(s->signature.b, SIGNATURE_BYTES));
		json_push(list, row);
	}
	return list;
}

enum err rpc_CHECKPOINT_GET_handler(struct rpc_call *call)
{
	struct admin_server *s = call->server;
	struct admin_checkpoint c = {.signatures = NULL};
	enum err e = s->backend->checkpoint(s->ctx,
					    call_number(call, "height", 0), &c);
	json_t *o, *weight;

	if (e) {
		free(c.signatures);
		return e;
	}
	o = json_object();
	json_put(o, "height", json_u64(c.height));
	json_put(o, "block_hash", json_hash(&c.block_hash));
	json_put(o, "state_root", json_hash(&c.state_root));
	json_put(o, "outcome_root", json_hash(&c.outcome_root));
	json_put(o, "epoch", json_u64(c.epoch));
	json_put(o, "certified", json_boolean(c.certified));
	weight = json_object();
	json_put(weight, "signed", json_u64(c.weight_signed));
	json_put(weight, "total", json_u64(c.weight_total));
	json_put(o, "weight", weight);
	json_put(o, "signatures", signatures_value(&c));
	free(c.signatures);
	call->result = o;
	return ERR_OK;
}
