/* The admin socket's questions, answered from the node's parts. */
#include "node/state.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/receipt.h"
#include "proto/codec_tx.h"

#include <config.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* Hashes that an answer may wait for: about 2 ms. */
#define ROOT_HASHES_MAX 8192u

struct backend_state {
	char version[64];
	struct hash state_root; /* as last computed */
	uint64_t state_height;
};

void backend_init(struct node *n)
{
	n->backend = mem_alloc(sizeof(*n->backend));
	snprintf(n->backend->version, sizeof(n->backend->version), "%s",
		 PACKAGE_VERSION);
	ledger_root(n->ledger, &n->backend->state_root);
	n->backend->state_height = ledger_last_block(n->ledger)->height;
}

void backend_fini(struct node *n)
{
	free(n->backend);
	n->backend = NULL;
}

/* --- Where the node stands --- */

static uint64_t weight_online(const struct node *n)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < n->voters.count; i++) {
		if (i == n->me ||
		    net_peer_is_up(n->net, &n->voters.voters[i].key))
			weight += n->voters.voters[i].weight;
	}
	return weight;
}

/* Alone, there is nobody to be level with; else somebody must have told. */
static bool is_synced(const struct node *n)
{
	struct net_counters counters;

	net_counters(n->net, &counters);
	if (counters.peers_up == 0 &&
	    !(node_is_validator(n) && n->voters.count == 1))
		return false;
	return sync_is_level(n);
}

/* The root of the last block, unless much changed since it was last computed:
 * then the one before, and the next time it will be a later one. */
static void look_at_root(struct node *n)
{
	struct backend_state *b = n->backend;

	if (ledger_is_in_block(n->ledger) ||
	    !ledger_root_some(n->ledger, ROOT_HASHES_MAX)) {
		commit_want_root(n);
		return;
	}
	ledger_root(n->ledger, &b->state_root);
	b->state_height = ledger_last_block(n->ledger)->height;
}

static const struct upgrade_plan *upgrade_plan(const struct node *n)
{
	return &governance_settings(ledger_governance(n->ledger))->upgrade;
}

static void get_status(void *ctx, struct admin_status *out)
{
	struct node *n = ctx;
	const struct ledger_block *last = ledger_last_block(n->ledger);
	const struct governance *g = ledger_governance(n->ledger);
	struct consensus_status c;
	struct net_counters counters;

	memset(out, 0, sizeof(*out));
	consensus_status(n->consensus, &c);
	net_counters(n->net, &counters);
	out->version = n->backend->version;
	out->chain_id = n->genesis->chain_id;
	out->role = node_is_validator(n) ? "validator" : "observer";
	out->note = n->note;
	out->name = n->config->node_name;
	out->genesis_hash = n->genesis_hash;
	out->node_id = *secret_key_public(n->key);
	out->block_hash = n->commit.durable_digest;
	look_at_root(n);
	out->state_root = n->backend->state_root;
	out->state_height = n->backend->state_height;
	out->epoch = c.epoch;
	out->view = c.view;
	out->height = n->commit.durable_height;
	out->block_time_ms = n->commit.durable_time_ms;
	out->now_ms = clock_wall_ms();
	out->sync_target =
		n->sync.target > last->height ? n->sync.target : last->height;
	out->voters = governance_account_count(g);
	out->mempool = txpool_count(n->txpool);
	out->weight = node_is_validator(n) ? n->voters.voters[n->me].weight : 0;
	out->weight_online = weight_online(n);
	out->weight_total = n->voters.total;
	out->peers = counters.peers_up;
	out->peers_in = counters.peers_inbound;
	out->peers_out = counters.peers_outbound;
	out->validators = n->voters.count;
	out->proposals_open = governance_open_count(g);
	out->synced = is_synced(n);
	out->signing = node_is_validator(n) && c.may_sign && !c.syncing;
	out->protocol = PROTOCOL_VERSION;
	out->protocol_needed = upgrade_plan(n)->version;
	out->protocol_height = upgrade_plan(n)->height;
	out->protocol_build = upgrade_plan(n)->build;
}

static const struct ledger *get_ledger(void *ctx)
{
	return ((struct node *)ctx)->ledger;
}

static size_t get_validators(void *ctx, struct admin_validator *out, size_t max)
{
	struct node *n = ctx;
	struct consensus_status c;

	consensus_status(n->consensus, &c);
	for (uint32_t i = 0; i < n->voters.count && i < max; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		out[i].node_id = n->voters.voters[i].key;
		out[i].weight = n->voters.voters[i].weight;
		out[i].pending_weight = validator_plan_weight(
			&governance_settings(ledger_governance(n->ledger))
				 ->validators,
			&out[i].node_id);
		out[i].online =
			i == n->me || net_peer_is_up(n->net, &out[i].node_id);
		out[i].last_signed_height = n->signed_height[i];
	}
	return n->voters.count;
}

/* --- Peers --- */

static size_t get_peers(void *ctx, struct admin_peer *out, size_t max)
{
	struct node *n = ctx;
	struct net_peer_info *list = mem_alloc((max + 1) * sizeof(*list));
	size_t count = net_peers(n->net, list, max);

	for (size_t i = 0; i < count && i < max; i++) {
		const struct net_peer_info *p = &list[i];
		struct admin_peer *o = &out[i];

		memset(o, 0, sizeof(*o));
		o->node_id = p->key;
		snprintf(o->address, sizeof(o->address), "%.127s", p->address);
		o->role = p->validator ? "validator" : "observer";
		o->height = p->height;
		snprintf(o->version, sizeof(o->version), "%.63s", p->version);
		o->connected_ms = p->connected_ms;
		o->latency_us = p->latency_us;
		o->banned_until_ms = p->banned_until_ms;
		o->bytes_in = p->bytes_in;
		o->bytes_out = p->bytes_out;
		o->connected = p->state == NET_PEER_UP;
		o->outgoing = p->outbound;
	}
	free(list);
	return count;
}

static enum err peer_add(void *ctx, const char *address, struct err_text *text)
{
	return net_peer_add(((struct node *)ctx)->net, address, text);
}

static enum err peer_remove(void *ctx, const struct public_key *id,
			    struct err_text *text)
{
	(void)text;
	return net_peer_remove(((struct node *)ctx)->net, id);
}

static enum err peer_ban(void *ctx, const struct public_key *id,
			 uint64_t ban_ms, struct err_text *text)
{
	(void)text;
	return net_peer_ban(((struct node *)ctx)->net, id,
			    (ban_ms + 999) / 1000);
}

static enum err peer_unban(void *ctx, const struct public_key *id,
			   struct err_text *text)
{
	(void)text;
	return net_peer_unban(((struct node *)ctx)->net, id);
}

/* --- Evidence --- */

struct evidence_list {
	struct node *n;
	struct admin_evidence *out;
	size_t count, max;
};

static bool add_evidence(void *context, struct bytes key, struct bytes value)
{
	struct evidence_list *l = context;
	struct evidence e;
	struct reader r;

	reader_init(&r, value.data, value.size);
	evidence_read(&r, &e);
	if (reader_done(&r) && l->count < l->max &&
	    e.signer < l->n->voters.count) {
		struct admin_evidence *o = &l->out[l->count];

		memset(o, 0, sizeof(*o));
		hash_bytes(&o->id, "bcai-gov/evidence-id/1", key.data + 1,
			   key.size - 1);
		o->signer = l->n->voters.voters[e.signer].key;
		o->kind = evidence_kind_name(e.kind);
		o->epoch = e.epoch;
		o->view = e.view;
	}
	l->count++;
	return true;
}

static size_t get_evidence(void *ctx, struct admin_evidence *out, size_t max)
{
	struct evidence_list l = {.n = ctx, .out = out, .max = max};

	if (store_scan(l.n->store, (struct bytes){(const uint8_t *)"e", 1},
		       (struct bytes){NULL, 0}, 0, add_evidence, &l,
		       NULL) != ERR_OK)
		log_error(STORAGE, "evidence cannot be read");
	return l.count;
}

/* --- Submission --- */

static void submit(void *ctx, struct bytes raw, enum admin_wait wait,
		   uint64_t ticket, struct bucket *source)
{
	struct node *n = ctx;

	txpool_submit(n->txpool, raw, wait == ADMIN_WAIT_FINALIZED, ticket,
		      source);
}

void backend_answer(void *context, uint64_t ticket,
		    const struct txpool_outcome *outcome)
{
	struct node *n = context;
	const struct admin_submit_result result = {
		.tx = outcome->id,
		.refused = outcome->refused,
		.retry_after_ms = outcome->retry_after_ms,
		.text = outcome->text,
		.height = outcome->height,
		.index = outcome->index,
		.code = outcome->code,
		.proposal = outcome->proposal,
	};

	if (forward_is_ticket(ticket))
		forward_answer(n, ticket, outcome);
	else
		admin_submit_done(n->admin, ticket, &result);
}

/* --- Stored blocks and transactions --- */

static enum err find_result(struct node *n, const struct hash *id,
			    struct loaded_block *b, uint32_t *index)
{
	uint64_t height;
	enum err e = blockstore_find_tx(n->store, id, &height, index);

	if (e == ERR_OK)
		e = blockstore_load(n->store, b, height);
	if (e != ERR_OK)
		return e;
	if (*index < b->block.result_count &&
	    hash_equal(&b->block.results[*index].id, id))
		return ERR_OK;
	loaded_block_fini(b);
	return ERR_NOT_FOUND;
}

static bool find_outcome(struct node *n, const struct hash *id,
			 struct txpool_outcome *out)
{
	struct loaded_block b;
	uint32_t index;

	if (find_result(n, id, &b, &index) != ERR_OK)
		return false;
	memset(out, 0, sizeof(*out));
	out->id = *id;
	out->height = b.block.header.height;
	out->index = index;
	out->code = (uint32_t)b.block.results[index].code;
	out->proposal = b.block.results[index].proposal;
	loaded_block_fini(&b);
	return true;
}

bool backend_find_final(void *context, uint64_t ticket, const struct hash *id,
			struct txpool_outcome *out)
{
	/* A whole block is read for it: not for whoever forwards. */
	return ticket != 0 && !forward_is_ticket(ticket) &&
	       find_outcome(context, id, out);
}

static enum err get_tx_location(void *ctx, const struct hash *id,
				struct admin_location *out)
{
	struct txpool_outcome o;

	if (!find_outcome(ctx, id, &o))
		return ERR_NOT_FOUND;
	*out = (struct admin_location){.height = o.height,
				       .index = o.index,
				       .code = o.code,
				       .proposal = o.proposal};
	return ERR_OK;
}

/* The batch of a result, whole. */
static enum err load_batch(struct node *n, const struct loaded_block *b,
			   const struct tx_place *place, uint8_t **raw,
			   size_t *size)
{
	struct store_key key;

	if (place->batch >= b->block.ref_count)
		return ERR_DATA_DAMAGED;
	key = key_batch(&b->block.refs[place->batch]);
	return blockstore_get(n->store, &key, raw, size);
}

static enum err get_tx_raw(void *ctx, const struct hash *id,
			   struct admin_bytes *out)
{
	struct node *n = ctx;
	struct loaded_block b;
	struct arena arena;
	struct batch batch;
	uint32_t index;
	uint8_t *raw = NULL;
	size_t size;
	enum err e = find_result(n, id, &b, &index);

	if (e != ERR_OK)
		return e;
	arena_init(&arena, CODEC_BATCH_ARENA_BYTES);
	e = load_batch(n, &b, &b.block.results[index].place, &raw, &size);
	if (e == ERR_OK)
		e = batch_parse(&batch, &arena, (struct bytes){raw, size},
				NULL);
	if (e == ERR_OK && b.block.results[index].place.index >= batch.count)
		e = ERR_DATA_DAMAGED;
	if (e == ERR_OK) {
		struct bytes tx = batch.txs[b.block.results[index].place.index];

		out->data = mem_copy(tx.data, tx.size);
		out->size = tx.size;
	}
	arena_fini(&arena);
	free(raw);
	loaded_block_fini(&b);
	return e;
}

static enum err get_state_record(void *ctx, struct bytes key,
				 struct admin_bytes *out)
{
	struct node *n = ctx;
	struct store_key k = key_state(key);

	return blockstore_get(n->store, &k, &out->data, &out->size);
}

static enum err get_block(void *ctx, uint64_t height, struct admin_block *out)
{
	struct node *n = ctx;
	struct loaded_block b;
	const struct block_header *h;
	enum err e;

	if (height > n->commit.durable_height)
		return ERR_NOT_FOUND;
	e = blockstore_load(n->store, &b, height);
	if (e != ERR_OK)
		return e;
	memset(out, 0, sizeof(*out));
	h = &b.block.header;
	block_digest(&out->hash, &n->genesis_hash, h);
	out->parent = h->parent;
	out->payload_root = h->payload;
	out->proposer = n->voters.voters[h->proposer % n->voters.count].key;
	out->height = h->height;
	out->epoch = h->epoch;
	out->view = h->view;
	out->time_ms = h->time_ms;
	out->batch_count = (uint32_t)b.block.ref_count;
	out->tx_count = (uint32_t)b.block.result_count;
	out->txs = mem_alloc((b.block.result_count + 1) * sizeof(*out->txs));
	for (size_t i = 0; i < b.block.result_count; i++) {
		out->txs[i].id = b.block.results[i].id;
		out->txs[i].code = (uint32_t)b.block.results[i].code;
	}
	loaded_block_fini(&b);
	return ERR_OK;
}

/* --- Checkpoints --- */

static enum err get_checkpoint(void *ctx, uint64_t height,
			       struct admin_checkpoint *out)
{
	struct node *n = ctx;
	struct checkpoint_certificate c;
	struct store_key key;
	struct reader r;
	uint8_t *raw;
	size_t size, at = 0;
	enum err e;

	if (height == 0)
		height = checks_certified_height(n);
	key = key_checkpoint(height);
	e = blockstore_get(n->store, &key, &raw, &size);
	if (e != ERR_OK)
		return e;
	reader_init(&r, raw, size);
	checkpoint_certificate_read(&r, &c);
	if (!reader_done(&r)) {
		free(raw);
		return ERR_DATA_DAMAGED;
	}
	memset(out, 0, sizeof(*out));
	out->block_hash = c.checkpoint.block;
	out->state_root = c.checkpoint.state_root;
	out->outcome_root = c.checkpoint.outcome_root;
	out->height = c.checkpoint.height;
	out->epoch = c.checkpoint.epoch;
	out->weight_signed = electorate_weight(&n->voters, &c.voters);
	out->weight_total = n->voters.total;
	out->certified = true;
	out->signature_count = c.count;
	out->signatures = mem_alloc((c.count + 1) * sizeof(*out->signatures));
	for (uint32_t i = 0; i < n->voters.count && at < c.count; i++) {
		if (!voter_set_has(&c.voters, i))
			continue;
		out->signatures[at].node_id = n->voters.voters[i].key;
		out->signatures[at].weight = n->voters.voters[i].weight;
		out->signatures[at].signature = c.signatures[at];
		at++;
	}
	free(raw);
	return ERR_OK;
}

/* --- Health --- */

static void check_row(struct admin_check *out, const char *name, bool ok,
		      const char *format, unsigned long long a,
		      unsigned long long b)
{
	out->name = name;
	out->ok = ok;
	snprintf(out->text, sizeof(out->text), format, a, b);
}

static size_t get_health(void *ctx, struct admin_check *out, size_t max)
{
	struct node *n = ctx;
	const struct upgrade_plan *plan = upgrade_plan(n);
	struct admin_check rows[7];
	struct statvfs disk;
	uint64_t online = weight_online(n);
	uint64_t quorum = electorate_quorum(&n->voters);
	uint64_t free_mb = 0;
	size_t count = 0;

	if (statvfs(n->config->data_dir, &disk) == 0)
		free_mb = (uint64_t)disk.f_bavail * disk.f_frsize >> 20;
	check_row(&rows[count++], "disk", free_mb >= 512,
		  "%llu MiB are free; under %llu MiB is too little", free_mb,
		  512);
	check_row(&rows[count++], "storage",
		  store_writer_error(n->writer, NULL) == ERR_OK,
		  "%llu bytes wait to be written, at most %llu may",
		  store_writer_queued_bytes(n->writer), 256u << 20);
	check_row(&rows[count++], "quorum", online >= quorum,
		  "weight %llu is reachable, a quorum is %llu", online, quorum);
	check_row(&rows[count++], "synced", is_synced(n),
		  "at height %llu, peers at %llu", n->commit.durable_height,
		  n->sync.target);
	check_row(&rows[count++], "pool",
		  txpool_bytes(n->txpool) < n->config->pool_bytes,
		  "%llu bytes of transactions wait, at most %llu may",
		  txpool_bytes(n->txpool), n->config->pool_bytes);
	check_row(&rows[count++], "upgrade", plan->version <= PROTOCOL_VERSION,
		  plan->version
			  ? "version %llu of the protocol is needed; this "
			    "program has %llu"
			  : "no version is needed but %llu",
		  plan->version ? plan->version : PROTOCOL_VERSION_FIRST,
		  PROTOCOL_VERSION);
	for (size_t i = 0; i < count && i < max; i++)
		out[i] = rows[i];
	return count;
}

static enum err get_ready(void *ctx, struct err_text *text)
{
	struct node *n = ctx;

	if (!is_synced(n) && n->sync.target <= n->commit.durable_height)
		return err_set(text, ERR_NOT_READY,
			       "no peer has told its height yet");
	if (!is_synced(n))
		return err_set(text, ERR_NOT_READY,
			       "at height %llu, peers are at %llu",
			       (unsigned long long)n->commit.durable_height,
			       (unsigned long long)n->sync.target);
	if (weight_online(n) < electorate_quorum(&n->voters))
		return err_set(
			text, ERR_NOT_READY,
			"weight %llu of the validators is reachable, "
			"%llu is needed",
			(unsigned long long)weight_online(n),
			(unsigned long long)electorate_quorum(&n->voters));
	return ERR_OK;
}

static size_t get_db_stats(void *ctx, struct admin_figure *out, size_t max)
{
	struct node *n = ctx;
	struct store_writer_stats w;
	size_t count = 0;

	store_writer_stats(n->writer, &w);
	const struct admin_figure rows[] = {
		{"store_bytes", store_size(n->store)},
		{"write_groups", w.groups},
		{"write_jobs", w.jobs},
		{"store_us", w.store_us},
		{"signlog_us", w.signlog_us},
		{"signlog_bytes", store_writer_signlog_bytes(n->writer)},
		{"slowest_us", w.slowest_us},
		{"queued_bytes", store_writer_queued_bytes(n->writer)},
		{"pool_transactions", txpool_count(n->txpool)},
		{"pool_batches", batchpool_count(n->batches)},
		{"ledger_bytes", ledger_memory(n->ledger)},
		{"results", ledger_result_count(n->ledger)},
	};

	for (; count < sizeof(rows) / sizeof(rows[0]) && count < max; count++)
		out[count] = rows[count];
	return sizeof(rows) / sizeof(rows[0]);
}

static enum err set_log_level(void *ctx, const char *spec,
			      struct err_text *text)
{
	(void)ctx;
	if (log_set_level(spec) == ERR_OK)
		return ERR_OK;
	return err_set(text, ERR_RPC_PARAMS,
		       "\"%s\" is not LEVEL or SUBSYSTEM=LEVEL", spec);
}

static void stop(void *ctx)
{
	struct node *n = ctx;

	log_info(NODE, "stopping, as asked on the admin socket");
	/* The answer leaves first. */
	ev_timer_stop(n->loop, &n->stop_soon);
	ev_timer_set(&n->stop_soon, 0.05, 0.);
	ev_timer_start(n->loop, &n->stop_soon);
}

/* --- The audit log --- */

static void audit(void *ctx, const struct admin_audit *entry)
{
	struct node *n = ctx;
	struct audit_entry e = {.time_ms = clock_wall_ms(),
				.uid = (uint32_t)entry->uid,
				.pid = (uint32_t)entry->pid,
				.code = entry->code};
	struct err_text text = {""};

	snprintf(e.method, sizeof(e.method), "%s", entry->method);
	hash_bytes(&e.params, "bcai-gov/audit-params/1", entry->params,
		   strlen(entry->params));
	if (auditlog_append(n->audit, &e, &text) != ERR_OK ||
	    auditlog_sync(n->audit, &text) != ERR_OK)
		log_error(ADMIN, "the audit log cannot be written: %s",
			  text.text);
}

static void add_audit_line(void *context, const struct audit_entry *e)
{
	char hash[HASH_HEX_BYTES], params[HASH_HEX_BYTES];
	char number[24], time_ms[24];
	FILE *out = context;
	json_t *o;
	char *line;

	hash_hex(hash, &e->hash);
	hash_hex(params, &e->params);
	snprintf(number, sizeof(number), "%" PRIu64, e->number);
	snprintf(time_ms, sizeof(time_ms), "%" PRIu64, e->time_ms);
	o = json_pack("{s:s,s:s,s:I,s:I,s:s,s:s,s:{s:i,s:s},s:s}", "number",
		      number, "time_ms", time_ms, "uid", (json_int_t)e->uid,
		      "pid", (json_int_t)e->pid, "method", e->method,
		      "params_hash", params, "result", "code", (int)e->code,
		      "name", error_name((enum err)e->code), "hash", hash);
	line = json_dumps(o, JSON_COMPACT);
	fprintf(out, "%s\n", line);
	free(line);
	json_decref(o);
}

static enum err audit_tail(void *ctx, uint32_t count, struct admin_bytes *out)
{
	struct node *n = ctx;
	char *data = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&data, &size);
	enum err e = auditlog_tail(n->audit, count, add_audit_line, f, NULL);

	fclose(f);
	if (e != ERR_OK) {
		free(data);
		return e;
	}
	out->data = (uint8_t *)data;
	out->size = size;
	return ERR_OK;
}

const struct admin_backend NODE_BACKEND = {
	.status = get_status,
	.ledger = get_ledger,
	.peers = get_peers,
	.peer_add = peer_add,
	.peer_remove = peer_remove,
	.peer_ban = peer_ban,
	.peer_unban = peer_unban,
	.validators = get_validators,
	.evidence = get_evidence,
	.submit = submit,
	.state_record = get_state_record,
	.block = get_block,
	.tx_location = get_tx_location,
	.tx_raw = get_tx_raw,
	.receipt = backend_receipt,
	.checkpoint = get_checkpoint,
	.health = get_health,
	.ready = get_ready,
	.db_stats = get_db_stats,
	.log_level = set_log_level,
	.stop = stop,
	.audit = audit,
	.audit_tail = audit_tail,
	.events_at = backend_events_at,
};
