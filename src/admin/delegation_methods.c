/* Delegations: those an account made, and those that lead to it. */
#include "admin/values.h"

#include "base/arena.h"
#include "ledger/ledger.h"

#include <stdlib.h>

static json_t *key_value(const struct governance *g, uint32_t account)
{
	const struct governance_account *a = governance_account(g, account);

	return a ? json_key(&a->key) : json_null();
}

static json_t *delegation_value(const struct governance *g,
				const struct governance_delegation *d,
				uint64_t now_ms)
{
	json_t *o = json_object(), *types = json_array();

	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		if (d->types >> (t - 1) & 1)
			json_push(types, json_word(proposal_type_name(t)));
	}
	json_put(o, "serial", json_count(d->serial));
	json_put(o, "kind", json_word(delegation_kind_name(d->kind)));
	json_put(o, "principal", key_value(g, d->principal));
	json_put(o, "target", key_value(g, d->target));
	json_put(o, "types", types);
	json_put(o, "amount", d->amount ? json_u64(d->amount) : json_null());
	json_put(o, "expires_ms", json_time(d->expires_ms));
	json_put(o, "expired",
		 json_boolean(d->expires_ms && d->expires_ms <= now_ms));
	json_put(o, "from_height", json_u64(d->from));
	return o;
}

static uint64_t block_time_ms(const struct rpc_call *call)
{
	return ledger_last_block(call_ledger(call))->time_ms;
}

json_t *delegations_value(const struct rpc_call *call, uint32_t account)
{
	const struct governance *g = call_governance(call);
	struct governance_delegation list[LIMIT_DELEGATIONS];
	uint32_t count = governance_delegations(g, list, account);
	json_t *rows = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_push(rows,
			  delegation_value(g, &list[i], block_time_ms(call)));
	return rows;
}

json_t *received_value(const struct rpc_call *call, uint32_t account)
{
	const struct governance *g = call_governance(call);
	json_t *o = json_object();

	json_put(o, "count", json_count(governance_received_count(g, account)));
	json_put(o, "weight", json_u64(governance_received_stake(g, account)));
	return o;
}

static void list_received(struct rpc_call *call, uint32_t account,
			  uint32_t limit, uint32_t cursor)
{
	const struct governance *g = call_governance(call);
	struct governance_delegation *list = mem_alloc(limit * sizeof(*list));
	uint32_t count = governance_received(g, list, limit, account, &cursor);
	json_t *rows = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_push(rows,
			  delegation_value(g, &list[i], block_time_ms(call)));
	free(list);
	json_put(call->result, "delegations", rows);
	json_put(call->result, "cursor",
		 cursor ? json_u64(cursor) : json_null());
}

enum err rpc_DELEGATION_LIST_handler(struct rpc_call *call)
{
	struct public_key key;
	uint32_t account, limit;
	uint64_t cursor;
	enum err e = call_page(call, &limit, &cursor);

	if (e)
		return e;
	call_key(call, "account", &key);
	if (!governance_find_account(call_governance(call), &account, &key))
		return ERR_UNKNOWN_ACCOUNT;
	if (cursor > UINT32_MAX)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"cursor\" is not one this node gave");
	call->result = json_object();
	if (json_is_true(json_object_get(call->params, "received"))) {
		list_received(call, account, limit, (uint32_t)cursor);
		return ERR_OK;
	}
	json_put(call->result, "delegations", delegations_value(call, account));
	json_put(call->result, "cursor", json_null());
	return ERR_OK;
}
