/* What the node knows of itself, its peers and its validators. */
#include "admin/server.h"

#include "admin/values.h"
#include "base/arena.h"
#include "governance/governance.h"

#include <stdlib.h>
#include <string.h>

#define PEERS_MAX   4096u
#define CHECKS_MAX  32u
#define FIGURES_MAX 128u

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* "" for what is not known, so that the kind of a member never changes. */
static json_t *word(const char *text)
{
	return text ? json_text(text, strlen(text)) : json_string("");
}

static void put_extra(json_t *o, const struct admin_status *st)
{
	json_put(o, "name", word(st->name));
	json_put(o, "signing", json_boolean(st->signing));
	json_put(o, "note", word(st->note));
	json_put(o, "now_ms", json_u64(st->now_ms));
	json_put(o, "weight", json_u64(st->weight));
	json_put(o, "weight_online", json_u64(st->weight_online));
	json_put(o, "weight_total", json_u64(st->weight_total));
	json_put(o, "peers_in", json_count(st->peers_in));
	json_put(o, "peers_out", json_count(st->peers_out));
}

/* Which version the network will need, and whether this program speaks it. */
static json_t *protocol_value(const struct admin_status *st)
{
	bool decided = st->protocol_needed > 0;
	json_t *o = json_object();

	json_put(o, "version", json_count(st->protocol));
	json_put(o, "needed",
		 decided ? json_count(st->protocol_needed) : json_null());
	json_put(o, "from_height",
		 decided ? json_u64(st->protocol_height) : json_null());
	json_put(o, "build",
		 decided ? json_hash(&st->protocol_build) : json_null());
	json_put(o, "ready", json_boolean(st->protocol_needed <= st->protocol));
	return o;
}

enum err rpc_NODE_STATUS_handler(struct rpc_call *call)
{
	struct admin_status st = {.version = ""};
	json_t *o = json_object();

	call->server->backend->status(call->server->ctx, &st);
	json_put(o, "version", word(st.version));
	json_put(o, "chain_id", word(st.chain_id));
	json_put(o, "genesis_hash", json_hash(&st.genesis_hash));
	json_put(o, "node_id", json_key(&st.node_id));
	json_put(o, "role", word(st.role));
	json_put(o, "epoch", json_u64(st.epoch));
	json_put(o, "view", json_u64(st.view));
	json_put(o, "height", json_u64(st.height));
	json_put(o, "block_hash", json_hash(&st.block_hash));
	json_put(o, "block_time_ms", json_u64(st.block_time_ms));
	json_put(o, "state_root", json_hash(&st.state_root));
	json_put(o, "state_height", json_u64(st.state_height));
	json_put(o, "synced", json_boolean(st.synced));
	json_put(o, "sync_target", json_u64(st.sync_target));
	json_put(o, "peers", json_count(st.peers));
	json_put(o, "validators", json_count(st.validators));
	json_put(o, "voters", json_count(st.voters));
	json_put(o, "proposals_open", json_count(st.proposals_open));
	json_put(o, "mempool", json_count(st.mempool));
	put_extra(o, &st);
	json_put(o, "protocol", protocol_value(&st));
	call->result = o;
	return ERR_OK;
}

enum err rpc_NODE_HEALTH_handler(struct rpc_call *call)
{
	struct admin_check *checks = mem_alloc(CHECKS_MAX * sizeof(*checks));
	json_t *list = json_array();
	bool healthy = true;
	size_t n = at_most(call->server->backend->health(call->server->ctx,
							 checks, CHECKS_MAX),
			   CHECKS_MAX);

	for (size_t i = 0; i < n; i++) {
		json_t *row = json_object();

		json_put(row, "name", word(checks[i].name));
		json_put(row, "ok", json_boolean(checks[i].ok));
		json_put(row, "text", word(checks[i].text));
		json_push(list, row);
		healthy = healthy && checks[i].ok;
	}
	free(checks);
	call->result = json_object();
	json_put(call->result, "healthy", json_boolean(healthy));
	json_put(call->result, "checks", list);
	return ERR_OK;
}

enum err rpc_NODE_READY_handler(struct rpc_call *call)
{
	struct err_text text = {""};
	enum err e = call->server->backend->ready(call->server->ctx, &text);

	call->result = json_object();
	json_put(call->result, "ready", json_boolean(e == ERR_OK));
	json_put(call->result, "text", word(text.text));
	return ERR_OK;
}

enum err rpc_NODE_STOP_handler(struct rpc_call *call)
{
	call->server->backend->stop(call->server->ctx);
	call->result = json_object();
	json_put(call->result, "stopping", json_true());
	return ERR_OK;
}

enum err rpc_LOG_LEVEL_handler(struct rpc_call *call)
{
	const char *level = call_text(call, "level");
	enum err e = call->server->backend->log_level(call->server->ctx, level,
						      &call->text);

	if (e)
		return e;
	call->result = json_object();
	json_put(call->result, "level", word(level));
	return ERR_OK;
}

/* --- Lists --- */

static json_t *peer_value(const struct admin_peer *p)
{
	json_t *o = json_object();

	json_put(o, "node_id", json_key(&p->node_id));
	json_put(o, "address", word(p->address));
	json_put(o, "connected", json_boolean(p->connected));
	json_put(o, "direction",
		 json_string(!p->connected ? ""
			     : p->outgoing ? "out"
					   : "in"));
	json_put(o, "role", word(p->role));
	json_put(o, "version", word(p->version));
	json_put(o, "height", json_u64(p->height));
	json_put(o, "connected_ms", json_u64(p->connected_ms));
	json_put(o, "latency_us", json_count(p->latency_us));
	json_put(o, "banned_until_ms", json_u64(p->banned_until_ms));
	json_put(o, "bytes_in", json_u64(p->bytes_in));
	json_put(o, "bytes_out", json_u64(p->bytes_out));
	return o;
}

/* The page [cursor, cursor + limit) of `n`, and where the next begins. */
static void put_page(struct rpc_call *call, const char *name, json_t *list,
		     uint64_t end, uint64_t n)
{
	call->result = json_object();
	json_put(call->result, name, list);
	json_put(call->result, "cursor", end < n ? json_u64(end) : json_null());
}

enum err rpc_PEER_LIST_handler(struct rpc_call *call)
{
	struct admin_peer *peers;
	json_t *list;
	uint32_t limit;
	uint64_t at;
	size_t n;
	enum err e = call_page(call, &limit, &at);

	if (e)
		return e;
	peers = mem_alloc(PEERS_MAX * sizeof(*peers));
	n = at_most(call->server->backend->peers(call->server->ctx, peers,
						 PEERS_MAX),
		    PEERS_MAX);
	list = json_array();
	for (; at < n && json_array_size(list) < limit; at++)
		json_push(list, peer_value(&peers[at]));
	free(peers);
	put_page(call, "peers", list, at, n);
	return ERR_OK;
}

enum err rpc_PEER_ADD_handler(struct rpc_call *call)
{
	return call->server->backend->peer_add(
		call->server->ctx, call_text(call, "address"), &call->text);
}

enum err rpc_PEER_REMOVE_handler(struct rpc_call *call)
{
	struct public_key id;

	call_key(call, "node_id", &id);
	return call->server->backend->peer_remove(call->server->ctx, &id,
						  &call->text);
}

enum err rpc_PEER_BAN_handler(struct rpc_call *call)
{
	struct public_key id;

	call_key(call, "node_id", &id);
	return call->server->backend->peer_ban(call->server->ctx, &id,
					       call_number(call, "for_ms", 0),
					       &call->text);
}

enum err rpc_PEER_UNBAN_handler(struct rpc_call *call)
{
	struct public_key id;

	call_key(call, "node_id", &id);
	return call->server->backend->peer_unban(call->server->ctx, &id,
						 &call->text);
}

static json_t *validator_value(const struct admin_validator *v)
{
	json_t *o = json_object();

	json_put(o, "node_id", json_key(&v->node_id));
	json_put(o, "weight", json_u64(v->weight));
	json_put(o, "pending_weight", json_u64(v->pending_weight));
	json_put(o, "online", json_boolean(v->online));
	json_put(o, "last_signed_height", json_u64(v->last_signed_height));
	json_put(o, "eth_address", json_null());
	return o;
}

/* Those that are to be and are not yet. */
static void push_planned(json_t *list, const struct validator_plan *plan,
			 const struct admin_validator *rows, size_t n)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct admin_validator planned = {
			.node_id = plan->list[i].key,
			.pending_weight = plan->list[i].weight,
		};
		size_t k = 0;

		while (k < n &&
		       !public_key_equal(&rows[k].node_id, &planned.node_id))
			k++;
		if (k == n)
			json_push(list, validator_value(&planned));
	}
}

enum err rpc_VALIDATOR_LIST_handler(struct rpc_call *call)
{
	struct admin_validator *rows =
		mem_alloc(LIMIT_VALIDATORS * sizeof(*rows));
	json_t *list = json_array();
	size_t n = at_most(call->server->backend->validators(
				   call->server->ctx, rows, LIMIT_VALIDATORS),
			   LIMIT_VALIDATORS);

	for (size_t i = 0; i < n; i++)
		json_push(list, validator_value(&rows[i]));
	if (json_is_true(json_object_get(call->params, "pending")))
		push_planned(
			list,
			&governance_settings(call_governance(call))->validators,
			rows, n);
	free(rows);
	call->result = json_object();
	json_put(call->result, "validators", list);
	return ERR_OK;
}

enum err rpc_EVIDENCE_LIST_handler(struct rpc_call *call)
{
	struct admin_evidence *rows;
	json_t *list;
	uint32_t limit;
	uint64_t at;
	size_t n;
	enum err e = call_page(call, &limit, &at);

	if (e)
		return e;
	rows = mem_alloc(ADMIN_EVIDENCE_MAX * sizeof(*rows));
	n = at_most(call->server->backend->evidence(call->server->ctx, rows,
						    ADMIN_EVIDENCE_MAX),
		    ADMIN_EVIDENCE_MAX);
	list = json_array();
	for (; at < n && json_array_size(list) < limit; at++) {
		json_t *o = json_object();

		json_put(o, "id", json_hash(&rows[at].id));
		json_put(o, "kind", word(rows[at].kind));
		json_put(o, "signer", json_key(&rows[at].signer));
		json_put(o, "epoch", json_u64(rows[at].epoch));
		json_put(o, "view", json_u64(rows[at].view));
		json_put(o, "height", json_u64(rows[at].height));
		json_push(list, o);
	}
	free(rows);
	put_page(call, "evidence", list, at, n);
	return ERR_OK;
}

enum err rpc_DB_STATS_handler(struct rpc_call *call)
{
	struct admin_figure *rows = mem_alloc(FIGURES_MAX * sizeof(*rows));
	struct admin_counters c;
	json_t *o = json_object();
	size_t n = at_most(call->server->backend->db_stats(call->server->ctx,
							   rows, FIGURES_MAX),
			   FIGURES_MAX);

	for (size_t i = 0; i < n; i++)
		json_put(o, rows[i].name, json_u64(rows[i].value));
	free(rows);
	admin_server_counters(call->server, &c);
	json_put(o, "admin_connections", json_u64(c.connections));
	json_put(o, "admin_accepted", json_u64(c.accepted));
	json_put(o, "admin_refused", json_u64(c.refused));
	json_put(o, "admin_requests", json_u64(c.requests));
	json_put(o, "admin_errors", json_u64(c.errors));
	json_put(o, "admin_slow_readers", json_u64(c.slow_readers));
	json_put(o, "admin_pending", json_u64(c.pending));
	call->result = o;
	return ERR_OK;
}

/* The backend hands out lines of JSON; one that is not is its mistake. */
enum err rpc_AUDIT_TAIL_handler(struct rpc_call *call)
{
	struct admin_bytes lines = {NULL, 0};
	uint64_t count = call_number(call, "count", 20);
	json_t *list;
	enum err e;

	if (count < 1 || count > ADMIN_PAGE_MAX)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"count\" is 1 to %u", ADMIN_PAGE_MAX);
	e = call->server->backend->audit_tail(call->server->ctx,
					      (uint32_t)count, &lines);
	if (e)
		return e;
	list = json_array();
	for (size_t at = 0; !e && at < lines.size;) {
		const uint8_t *from = lines.data + at;
		const uint8_t *end = memchr(from, '\n', lines.size - at);
		size_t size = end ? (size_t)(end - from) : lines.size - at;
		json_t *row = json_loadb((const char *)from, size, 0, NULL);

		if (row)
			json_push(list, row);
		else
			e = ERR_AUDIT_DAMAGED;
		at += size + 1;
	}
	free(lines.data);
	call->result = json_object();
	json_put(call->result, "entries", list);
	return e;
}
