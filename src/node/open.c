/* Opening and closing the parts of a node, in an order that leaves nothing
 * half open. */
#include "node/state.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/keystore.h"
#include "node/timing.h"

#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GENESIS_FILE  "genesis.json"
#define WORKERS_BYTES (64u * 1024u * 1024u)
#define ORIGIN_BYTES  (32u * 1024u * 1024u)
#define STATE_READY   "m" /* there once the first state is complete */
#define STATE_PIECE   65536u

/* --- Genesis and key --- */

static enum err open_genesis(struct node *n, struct err_text *text)
{
	struct voter voters[LIMIT_VALIDATORS];
	uint8_t *data;
	size_t size;
	enum err e = file_read(&data, &size, node_path(n, GENESIS_FILE),
			       SIZE_MAX, text);

	if (e == ERR_NOT_FOUND)
		return err_set(text, ERR_GENESIS,
			       "%s is missing; make it with \"bcai-gov init\" "
			       "or \"bcai-gov join\"",
			       n->path);
	if (e != ERR_OK)
		return e;
	n->genesis_file = (struct bytes){data, size};
	n->genesis = mem_alloc(sizeof(*n->genesis));
	genesis_init(n->genesis);
	e = genesis_json_parse(n->genesis, n->genesis_file, n->path, text);
	if (e != ERR_OK)
		return e;
	genesis_hash(&n->genesis_hash, n->genesis);
	for (uint32_t i = 0; i < n->genesis->validator_count; i++) {
		voters[i].key = n->genesis->validators[i].key;
		voters[i].weight = n->genesis->validators[i].weight;
		n->voter_keys[i] = voters[i].key;
	}
	if (electorate_init(&n->voters, 0, voters,
			    n->genesis->validator_count) != ERR_OK)
		return err_set(text, ERR_GENESIS, "the validators' weights");
	return ERR_OK;
}

static enum err open_key(struct node *n, struct err_text *text)
{
	struct passphrase *passphrase = NULL;
	char keys[FILE_PATH_BYTES];
	struct key_info info;
	enum err e = file_path(keys, n->config->data_dir, "keys");

	if (e == ERR_OK)
		e = keystore_info(&info, keys, "node", text);
	if (e == ERR_OK && info.encrypted)
		e = passphrase_obtain(&passphrase,
				      n->config->passphrase_file[0]
					      ? n->config->passphrase_file
					      : NULL,
				      "Passphrase of the node's key: ", false,
				      text);
	if (e == ERR_OK)
		e = keystore_open(&n->key, keys, "node", passphrase, text);
	passphrase_free(&passphrase);
	return e;
}

/* --- The sign log --- */

struct sign_records {
	struct bytes *list;
	size_t count, room;
};

static enum err keep_record(void *context, struct bytes payload)
{
	struct sign_records *r = context;

	if (r->count == r->room) {
		r->room = 2 * r->room + 256;
		r->list = mem_resize(r->list, r->room * sizeof(*r->list));
	}
	r->list[r->count].data = mem_copy(payload.data, payload.size);
	r->list[r->count++].size = payload.size;
	return ERR_OK;
}

static void records_fini(struct sign_records *r)
{
	for (size_t i = 0; i < r->count; i++)
		free((void *)r->list[i].data);
	free(r->list);
}

static enum err open_signlog(struct node *n, struct sign_records *records,
			     struct err_text *text)
{
	const struct signlog_identity identity = {
		.genesis = n->genesis_hash,
		.key = *secret_key_public(n->key),
	};
	int index = electorate_find(&n->voters, &identity.key);
	struct signlog_summary summary;
	enum err e;

	n->me = CONSENSUS_OBSERVER;
	if (index < 0)
		return ERR_OK;
	if (strcmp(n->config->role, "observer") == 0) {
		n->note = "configured as an observer";
		return ERR_OK;
	}
	e = signlog_open(&n->signlog, &summary, node_path(n, "keys/sign.log"),
			 &identity, keep_record, records, text);
	if (e == ERR_NOT_FOUND) {
		n->note = "keys/sign.log is missing: what this key signed "
			  "before is not known, so it does not sign";
		log_warn(NODE, "OBSERVER: %s", n->note);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (summary.torn_bytes > 0)
		log_warn(NODE,
			 "an unfinished record of %zu bytes was cut off "
			 "the sign log",
			 summary.torn_bytes);
	n->me = (uint32_t)index;
	return ERR_OK;
}

/* --- State --- */

struct first_state {
	struct node *n;
	struct store_batch batch;
	enum err error;
	struct err_text *text;
};

static void write_piece(struct first_state *f, bool sync)
{
	const struct store_batch *list[] = {&f->batch};

	if (f->error == ERR_OK)
		f->error = store_write(f->n->store, list, 1, sync, f->text);
	store_batch_clear(&f->batch);
}

static void put_first(void *context, struct bytes key, struct bytes value)
{
	struct first_state *f = context;
	struct store_key k = key_state(key);

	blockstore_put(&f->batch, &k, value.data, value.size);
	if (f->batch.count >= STATE_PIECE)
		write_piece(f, false);
}

/* Written in pieces; the mark comes last and synced, so that a start cut short
 * begins again. */
static enum err make_state(struct node *n, struct err_text *text)
{
	struct first_state f = {.n = n, .text = text};
	const struct ledger_sink sink = {put_first, &f};
	enum err e;

	log_info(NODE, "new data: writing the state of the genesis");
	store_batch_init(&f.batch);
	e = ledger_new(&n->ledger, n->genesis, &sink, text);
	store_batch_put(&f.batch, STATE_READY, 1, "1", 1);
	if (e == ERR_OK) {
		write_piece(&f, true);
		e = f.error;
	}
	store_batch_fini(&f.batch);
	return e;
}

struct load_state {
	struct ledger *ledger;
	enum err error;
	struct err_text *text;
};

static bool load_record(void *context, struct bytes key, struct bytes value)
{
	struct load_state *l = context;
	struct bytes bare = {key.data + 1, key.size - 1};

	l->error = ledger_load(l->ledger, bare, value, l->text);
	return l->error == ERR_OK;
}

static enum err load_state(struct node *n, struct err_text *text)
{
	struct load_state l = {.text = text};
	enum err e;

	n->ledger = ledger_open(&n->genesis_hash, n->genesis);
	l.ledger = n->ledger;
	e = store_scan(n->store, (struct bytes){(const uint8_t *)"s", 1},
		       (struct bytes){NULL, 0}, 0, load_record, &l, text);
	if (e == ERR_OK)
		e = l.error;
	if (e == ERR_OK)
		e = ledger_load_finish(n->ledger, text);
	return e;
}

static enum err open_state(struct node *n, struct err_text *text)
{
	uint8_t *value;
	size_t size;
	enum err e = store_open(&n->store, node_path(n, "db"), text);

	if (e == ERR_OK)
		e = store_claim(n->store, &n->genesis_hash, text);
	if (e != ERR_OK)
		return e;
	e = store_get(n->store, &value, &size, STATE_READY, 1, text);
	if (e == ERR_NOT_FOUND)
		return make_state(n, text);
	if (e != ERR_OK)
		return e;
	free(value);
	return load_state(n, text);
}

static enum err check_last_block(struct node *n, struct err_text *text)
{
	const struct ledger_block *last = ledger_last_block(n->ledger);
	struct loaded_block b;
	struct hash digest;
	enum err e;

	if (last->height == 0)
		return ERR_OK;
	e = blockstore_load(n->store, &b, last->height);
	if (e != ERR_OK)
		return err_set(text, ERR_DATA_DAMAGED,
			       "block %llu, which the state is of, is missing",
			       (unsigned long long)last->height);
	block_digest(&digest, &n->genesis_hash, &b.block.header);
	loaded_block_fini(&b);
	if (!hash_equal(&digest, &last->digest))
		return err_set(text, ERR_DATA_DAMAGED,
			       "block %llu is not the one the state is of",
			       (unsigned long long)last->height);
	return ERR_OK;
}

/* --- Pools --- */

/* Is there a block whose outcomes nobody was told yet? */
static bool is_deciding(const struct node *n)
{
	return n->commit.apply ||
	       ledger_last_block(n->ledger)->height > n->commit.durable_height;
}

static enum err admit(void *context, const struct tx *tx, struct err_text *text)
{
	struct node *n = context;
	enum err e;

	if (n->stopping)
		return ERR_SHUTTING_DOWN;
	if (store_writer_error(n->writer, NULL) != ERR_OK)
		return store_writer_error(n->writer, text);
	if (drive_is_full(n))
		return err_set(text, ERR_BUSY, "the disk is behind");
	e = ledger_admit(n->ledger, NULL, tx, clock_wall_ms(), text);
	/* It may be this very transaction that used the nonce: the block
	 * tells, or else the next one refuses it. */
	if (e == ERR_REPLAY)
		return is_deciding(n) ? ERR_OK : e;
	/* What an old state refuses may be right by now. */
	if (e != ERR_OK && !sync_is_current(n))
		e = err_set(text, ERR_NOT_READY, "at height %llu of %llu",
			    (unsigned long long)n->commit.durable_height,
			    (unsigned long long)n->sync.target);
	return e;
}

static bool is_syncing(void *context)
{
	const struct node *n = context;

	return n->sync.syncing;
}

static void open_pools(struct node *n)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = n->config->workers ? (unsigned)n->config->workers
			   : cores > 0	      ? (unsigned)cores
					      : 1;
	struct txpool_config tx = {
		.genesis = n->genesis_hash,
		.bytes_max = n->config->pool_bytes,
		.account_rate = n->config->account_rate,
		.source_rate = n->config->connection_rate,
		.context = n,
		.is_syncing = is_syncing,
		.admit = admit,
		.find_final = backend_find_final,
		.answer = backend_answer,
		.ready = node_on_ready,
	};
	struct batchpool_config batches = {
		.genesis = n->genesis_hash,
		.validators = n->voter_keys,
		.validator_count = n->voters.count,
		.bytes_per_origin = ORIGIN_BYTES,
		.context = n,
		.write = payload_write_batch,
		.invalid = payload_invalid_batch,
		.forged = payload_forged_batch,
		.wanted = payload_wants_batch,
	};

	n->workers = workers_new(n->loop, threads, WORKERS_BYTES);
	tx.workers = batches.workers = n->workers;
	n->txpool = txpool_new(&tx);
	n->batches = batchpool_new(&batches);
	n->blocks = blockpool_new(&n->genesis_hash);
	n->seal.buffer = mem_alloc(LIMIT_BATCH_BYTES + LIMIT_TX_BYTES);
}

static bool take_sequence(void *context, struct bytes key, struct bytes value)
{
	uint64_t *sequence = context;
	struct reader r;

	(void)value;
	reader_init(&r, key.data + 1, key.size - 1);
	(void)read_u32(&r);
	*sequence = read_u64(&r);
	return false;
}

/* Above all used before: the clock's time when the data was lost, the store's
 * when the clock was set back. */
static enum err choose_sequence(struct node *n, struct err_text *text)
{
	uint64_t last = 0, now = clock_wall_ms() * 1000;
	struct store_key key = key_batches_of(n->me);
	enum err e = ERR_NOT_FOUND;

	if (node_is_validator(n))
		e = store_last(n->store, (struct bytes){key.data, key.size},
			       take_sequence, &last, text);
	n->seal.next_sequence = last >= now ? last + 1 : now;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

struct restoring {
	struct node *n;
	struct write_job *job; /* removes what is of no use any more */
};

static bool restore_batch(void *context, struct bytes key, struct bytes value)
{
	struct restoring *restoring = context;
	struct node *n = restoring->n;
	struct store_key k = {.size = key.size};
	struct err_text text = {""};
	uint8_t *raw;
	size_t size;

	(void)value;
	memcpy(k.data, key.data, key.size);
	k.data[0] = 'b';
	if (blockstore_get(n->store, &k, &raw, &size) != ERR_OK) {
		raw = NULL;
		err_set(&text, ERR_NOT_FOUND, "it is not there");
	} else if (batchpool_restore(n->batches, (struct bytes){raw, size},
				     &text) == ERR_OK) {
		free(raw);
		return true;
	}
	log_warn(NODE, "a stored batch is left out: %s", text.text);
	store_batch_delete(&restoring->job->changes, key.data, key.size);
	free(raw);
	return true;
}

static bool restore_block(void *context, struct bytes key, struct bytes value)
{
	struct restoring *restoring = context;
	struct node *n = restoring->n;
	struct block_header header;
	struct pooled_block *b;
	struct err_text text = {""};
	struct reader r;
	struct bytes payload;

	reader_init(&r, value.data, value.size);
	block_header_read(&r, &header);
	payload.size = reader_left(&r);
	payload.data = read_lend(&r, payload.size);
	if (r.bad || header.view <= n->commit.final_view ||
	    blockpool_add(n->blocks, &b, &header, payload, &text) != ERR_OK) {
		/* Of a view that is over: nothing else would remove it. */
		store_batch_delete(&restoring->job->changes, key.data,
				   key.size);
		return true;
	}
	b->stored = true;
	payload_block_known(n, b);
	return true;
}

static enum err restore_pools(struct node *n, struct err_text *text)
{
	const struct bytes nothing = {NULL, 0};
	struct restoring r = {n, write_job_new()};
	enum err e =
		store_scan(n->store, (struct bytes){(const uint8_t *)"u", 1},
			   nothing, 0, restore_batch, &r, text);

	if (e == ERR_OK)
		e = store_scan(n->store,
			       (struct bytes){(const uint8_t *)"c", 1}, nothing,
			       0, restore_block, &r, text);
	drive_write(n, &r.job, NULL, NULL, NULL);
	if (e == ERR_OK)
		e = checks_restore(n, text);
	if (e == ERR_OK)
		e = evidence_restore(n, text);
	return e;
}

/* --- Consensus --- */

static void set_root(struct node *n, struct consensus_root *root)
{
	const struct ledger_block *last = ledger_last_block(n->ledger);
	struct block_header header;

	root->view = last->view;
	root->height = last->height;
	root->time_ms = last->time_ms;
	root->digest = last->digest;
	if (last->height == 0)
		block_genesis(&header, &root->digest, &n->genesis_hash,
			      last->time_ms);
}

static enum err open_consensus(struct node *n,
			       const struct sign_records *records,
			       struct err_text *text)
{
	struct consensus_config c = {.genesis = n->genesis_hash,
				     .voters = &n->voters,
				     .me = n->me,
				     .sign = drive_sign,
				     .context = n};
	struct certificate certificate;
	struct store_key key;
	uint8_t *raw = NULL;
	size_t size;
	enum err e = ERR_OK;

	consensus_config_defaults(&c);
	timing_from_params(&c, ledger_params(n->ledger));
	c.log_position = records->count;
	set_root(n, &c.root);
	n->commit.final_digest = c.root.digest;
	key = key_finalization(c.root.height);
	if (blockstore_get(n->store, &key, &raw, &size) == ERR_OK) {
		struct reader r;

		reader_init(&r, raw, size);
		certificate_read(&r, &certificate);
		if (reader_done(&r)) {
			c.root_certificate = &certificate;
			drive_note_signers(n, &certificate, c.root.height);
		}
	}
	n->consensus = consensus_new(&c);
	free(raw);
	n->drive.durable_position = records->count;
	for (size_t i = 0; e == ERR_OK && i < records->count; i++)
		e = consensus_recover(n->consensus, records->list[i]);
	if (e != ERR_OK)
		err_set(text, e, "keys/sign.log holds a record that is none");
	return e;
}

/* --- Adapters --- */

static bool keep_signed(struct writer_cut cut, struct bytes record)
{
	return consensus_record_reaches(record, (uint32_t)cut.epoch, cut.view);
}

static enum err open_writer(struct node *n, struct err_text *text)
{
	const struct store_writer_options options = {
		.store = n->store,
		.signlog = n->signlog,
		.signlog_keep = keep_signed,
		.queue_bytes = n->config->write_bytes,
		.notify = node_notify_written,
		.context = n,
	};

	return store_writer_start(&n->writer, &options, text);
}

static enum err open_net(struct node *n, struct err_text *text)
{
	const struct config *c = n->config;
	struct net_config net = {
		.loop = n->loop,
		.key = n->key,
		.genesis = n->genesis_hash,
		.version = PACKAGE_VERSION,
		.listen = c->listen[0] ? c->listen : NULL,
		.advertise = c->advertise[0] ? c->advertise : NULL,
		.bootstrap = (const char *const *)c->bootstrap,
		.bootstrap_count = c->bootstrap_count,
		.validators = n->voter_keys,
		.validator_count = n->voters.count,
		.admit_strangers = strcmp(c->strangers, "allow") == 0,
		.genesis_file = n->genesis_file,
		.callbacks = {.context = n,
			      .on_message = receive_message,
			      .on_peer_up = receive_peer_up,
			      .on_peer_again = receive_peer_again,
			      .on_peer_down = receive_peer_down},
	};

	net.book_path = node_path(n, "peers.json");
	return net_new(&n->net, &net, text);
}

static enum err open_admin(struct node *n, struct err_text *text)
{
	const struct config *c = n->config;
	char path[FILE_PATH_BYTES];
	struct admin_config a = {
		.socket = c->socket[0] ? c->socket : path,
		.socket_ro = c->socket_ro[0] ? c->socket_ro : NULL,
		.group = c->socket_group[0] ? c->socket_group : NULL,
		.height = ledger_last_block(n->ledger)->height,
	};
	enum err e = file_path(path, c->data_dir, "admin.sock");

	if (e == ERR_OK)
		e = auditlog_open(&n->audit, node_path(n, "audit.log"),
				  &n->genesis_hash, text);
	if (e == ERR_OK)
		e = admin_server_new(&n->admin, n->loop, &a, &NODE_BACKEND, n,
				     text);
	return e;
}

static enum err open_all(struct node *n, struct sign_records *records,
			 struct err_text *text)
{
	enum err e = data_lock_take(&n->lock, n->config->data_dir, text);

	if (e == ERR_OK)
		e = open_genesis(n, text);
	if (e == ERR_OK)
		e = open_key(n, text);
	if (e == ERR_OK)
		e = open_signlog(n, records, text);
	if (e == ERR_OK)
		e = open_state(n, text);
	if (e == ERR_OK)
		e = check_last_block(n, text);
	if (e != ERR_OK)
		return e;
	drive_init(n);
	commit_init(n);
	checks_init(n);
	backend_init(n);
	node_watch(n);
	e = open_writer(n, text);
	if (e != ERR_OK)
		return e;
	open_pools(n);
	e = choose_sequence(n, text);
	if (e == ERR_OK)
		e = open_consensus(n, records, text);
	if (e == ERR_OK)
		e = restore_pools(n, text);
	if (e == ERR_OK)
		e = open_net(n, text);
	if (e == ERR_OK)
		e = open_admin(n, text);
	return e;
}

enum err node_new(struct node **out, struct ev_loop *loop,
		  const struct config *config, struct err_text *text)
{
	struct node *n = mem_alloc(sizeof(*n));
	struct sign_records records = {0};
	enum err e;

	n->loop = loop;
	n->config = config;
	arena_init(&n->arena, LIMIT_DECODE_BYTES);
	arena_init(&n->arena_in, LIMIT_DECODE_BYTES);
	e = open_all(n, &records, text);
	records_fini(&records);
	if (e != ERR_OK) {
		node_free(&n);
		return e;
	}
	sync_init(n);
	serve_init(n);
	net_set_height(n->net, ledger_last_block(n->ledger)->height);
	log_info(NODE, "%s of %s at height %llu, listening on %s",
		 node_is_validator(n) ? "validator" : "observer",
		 n->genesis->chain_id,
		 (unsigned long long)ledger_last_block(n->ledger)->height,
		 net_listen_address(n->net));
	drive_start(n);
	node_update_work(n);
	*out = n;
	return ERR_OK;
}

/* Every part is NULL until it was opened, and closing NULL is fine. */
void node_free(struct node **pn)
{
	struct node *n = *pn;
	struct err_text text = {""};

	if (!n)
		return;
	n->stopping = true;
	if (n->checks) {
		sync_fini(n);
		serve_fini(n);
		node_unwatch(n);
	}
	workers_free(&n->workers);
	txpool_free(&n->txpool);
	admin_server_free(&n->admin);
	net_free(&n->net);
	if (n->writer && store_writer_stop(&n->writer, &text) != ERR_OK)
		log_error(NODE, "the last writes failed: %s", text.text);
	if (n->checks) {
		drive_fini(n);
		commit_fini(n);
		checks_fini(n);
		backend_fini(n);
	}
	batchpool_free(&n->batches);
	blockpool_free(&n->blocks);
	consensus_free(&n->consensus);
	ledger_free(&n->ledger);
	signlog_close(&n->signlog);
	store_close(&n->store);
	auditlog_close(&n->audit);
	secret_key_free(&n->key);
	if (n->genesis)
		genesis_fini(n->genesis);
	free(n->genesis);
	free((void *)n->genesis_file.data);
	free(n->seal.buffer);
	arena_fini(&n->arena);
	arena_fini(&n->arena_in);
	data_lock_release(&n->lock);
	free(n);
	*pn = NULL;
}
