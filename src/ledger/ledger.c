#include "ledger/ledger.h"

#include "base/arena.h"
#include "base/assert.h"
#include "ledger/globals.h"

#include <stdlib.h>
#include <string.h>

#define RESULT_DOMAIN	   "bcai-gov/result/1"
#define KEY_NONCES	   'N'
#define KEY_GLOBALS	   'L'
#define NONCE_RECORD_BYTES 16

struct ledger {
	struct hash genesis;
	struct network_params params;
	struct governance *governance; /* Owned. */
	struct statetree *tree;	       /* Owned. */
	struct globals globals;

	struct nonce_window *windows; /* Owned; by account. */
	bool *window_changed;	      /* Owned; by account. */
	uint32_t window_room;
	uint32_t *changed; /* Owned; accounts, as they changed. */
	uint32_t changed_count;
	uint32_t changed_room;

	bool in_block;
	struct ledger_block block;     /* while in it */
	struct ledger_result *results; /* Owned. */
	size_t result_count;
	size_t result_room;
	struct merkle result_leaves;

	bool checkpoint_due; /* made due by a block, not handed out yet */
	bool checkpoint_rooted;
	struct hash checkpoint_state;

	uint8_t loaded[STATETREE_KEY_BYTES]; /* the last key, while loading */
	size_t loaded_size;
	bool has_globals;
};

size_t ledger_key_nonces(uint8_t out[LEDGER_KEY_BYTES], uint32_t account)
{
	struct writer w;

	writer_init(&w, out, LEDGER_KEY_BYTES);
	write_u8(&w, KEY_NONCES);
	write_u32(&w, account);
	return w.size;
}

size_t ledger_key_globals(uint8_t out[LEDGER_KEY_BYTES])
{
	out[0] = KEY_GLOBALS;
	return 1;
}

struct ledger *ledger_open(const struct hash *genesis_hash,
			   const struct genesis *head)
{
	struct ledger *l = mem_alloc(sizeof(*l));

	l->genesis = *genesis_hash;
	l->params = head->network;
	l->governance =
		governance_new(genesis_hash, &head->governance, head->time_ms);
	l->tree = statetree_new();
	globals_init(&l->globals, genesis_hash, head->time_ms);
	return l;
}

void ledger_free(struct ledger **l)
{
	if (!*l)
		return;
	governance_free(&(*l)->governance);
	statetree_free(&(*l)->tree);
	free((*l)->windows);
	free((*l)->window_changed);
	free((*l)->changed);
	free((*l)->results);
	free(*l);
	*l = NULL;
}

/* One for each account; transfers make new ones. */
static void make_windows(struct ledger *l)
{
	uint32_t count = governance_account_count(l->governance);
	uint32_t old = l->window_room;

	if (count <= old)
		return;
	l->window_room = count > old + old / 2 ? count : old + old / 2;
	l->windows =
		mem_resize(l->windows, l->window_room * sizeof(*l->windows));
	l->window_changed = mem_resize(
		l->window_changed, l->window_room * sizeof(*l->window_changed));
	memset(l->windows + old, 0,
	       (l->window_room - old) * sizeof(*l->windows));
	memset(l->window_changed + old, 0,
	       (l->window_room - old) * sizeof(*l->window_changed));
}

/* ---- Records out ---- */

struct outlet {
	struct statetree *tree;
	const struct ledger_sink *sink;
};

static void emit(void *context, struct bytes key, struct bytes value)
{
	const struct outlet *o = context;
	enum err err = statetree_put(o->tree, key, value);

	assert(!err);
	o->sink->put(o->sink->context, key, value);
}

/* The last ones first; true when none is left. */
static bool emit_windows(struct ledger *l, struct outlet *o, uint32_t budget)
{
	for (; l->changed_count > 0 && budget > 0; budget--) {
		uint32_t account = l->changed[--l->changed_count];
		const struct nonce_window *window = &l->windows[account];
		uint8_t key[LEDGER_KEY_BYTES];
		uint8_t record[NONCE_RECORD_BYTES];
		struct writer w;

		writer_init(&w, record, sizeof(record));
		write_u64(&w, window->base);
		write_u64(&w, window->used);
		emit(o, (struct bytes){key, ledger_key_nonces(key, account)},
		     (struct bytes){record, w.size});
		l->window_changed[account] = false;
	}
	return l->changed_count == 0;
}

static void emit_all(struct ledger *l, const struct ledger_sink *sink)
{
	struct outlet o = {l->tree, sink};
	uint8_t key[LEDGER_KEY_BYTES];
	uint8_t record[GLOBALS_BYTES_MAX];
	struct writer w;

	emit_windows(l, &o, UINT32_MAX);
	governance_flush(l->governance, emit, &o);
	writer_init(&w, record, sizeof(record));
	globals_write(&w, &l->globals);
	assert(!w.bad);
	emit(&o, (struct bytes){key, ledger_key_globals(key)},
	     (struct bytes){record, w.size});
}

static enum err add_accounts(struct governance *g,
			     const struct genesis *genesis,
			     struct err_text *text)
{
	for (uint32_t i = 0; i < genesis->account_count; i++) {
		const struct genesis_account *a = &genesis->accounts[i];
		struct err_text why = {""};
		enum err err = governance_add_account(g, &a->key, a->stake,
						      a->reputation, &why);

		if (err)
			return err_set(text, err, "account %u: %.200s", i,
				       why.text);
		if (a->excluded)
			governance_exclude_account(g, i);
	}
	return ERR_OK;
}

/* What the genesis settles besides parameters. */
static enum err add_settings(struct governance *g,
			     const struct genesis *genesis,
			     struct err_text *text)
{
	for (uint32_t i = 0; i < genesis->validator_count; i++) {
		const struct genesis_validator *v = &genesis->validators[i];
		enum err err =
			governance_add_validator(g, &v->key, v->weight, text);

		if (err)
			return err;
	}
	return governance_set_council(g, &genesis->council, text);
}

enum err ledger_new(struct ledger **out, const struct genesis *genesis,
		    const struct ledger_sink *sink, struct err_text *text)
{
	struct ledger *l;
	struct hash hash;
	enum err err;

	genesis_hash(&hash, genesis);
	l = ledger_open(&hash, genesis);
	err = add_accounts(l->governance, genesis, text);
	if (!err)
		err = add_settings(l->governance, genesis, text);
	if (err) {
		ledger_free(&l);
		*out = NULL;
		return err;
	}
	make_windows(l);
	emit_all(l, sink);
	*out = l;
	return ERR_OK;
}

/* ---- Records in ---- */

static enum err load_window(struct ledger *l, struct bytes key,
			    struct bytes value, struct err_text *text)
{
	struct reader k;
	struct reader v;
	struct nonce_window window;
	uint32_t account;

	make_windows(l);
	reader_init(&k, key.data + 1, key.size - 1);
	account = read_u32(&k);
	reader_init(&v, value.data, value.size);
	window.base = read_u64(&v);
	window.used = read_u64(&v);
	if (!reader_done(&k) || !reader_done(&v) ||
	    account >= governance_account_count(l->governance) ||
	    (window.used & 1 && window.base < UINT64_MAX))
		return err_set(text, ERR_DATA_DAMAGED,
			       "the record of a nonce window is damaged");
	l->windows[account] = window;
	return ERR_OK;
}

static enum err load_globals(struct ledger *l, struct bytes key,
			     struct bytes value, struct err_text *text)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	globals_read(&r, &l->globals);
	if (key.size != 1 || !reader_done(&r))
		return err_set(text, ERR_DATA_DAMAGED,
			       "the record of the last block is damaged");
	l->has_globals = true;
	return ERR_OK;
}

/* Is the key behind the one before? Remembers it. */
static bool is_ascending(struct ledger *l, struct bytes key)
{
	size_t least = key.size < l->loaded_size ? key.size : l->loaded_size;
	int order = memcmp(l->loaded, key.data, least);

	if (order > 0 || (order == 0 && l->loaded_size >= key.size))
		return false;
	memcpy(l->loaded, key.data, key.size);
	l->loaded_size = key.size;
	return true;
}

enum err ledger_load(struct ledger *l, struct bytes key, struct bytes value,
		     struct err_text *text)
{
	if (key.size == 0 || key.size > STATETREE_KEY_BYTES ||
	    !is_ascending(l, key) || statetree_put(l->tree, key, value))
		return err_set(text, ERR_DATA_DAMAGED,
			       "a record's key is out of order or impossible");
	if (key.data[0] == KEY_NONCES)
		return load_window(l, key, value, text);
	if (key.data[0] == KEY_GLOBALS)
		return load_globals(l, key, value, text);
	return governance_load(l->governance, key, value, text);
}

enum err ledger_load_finish(struct ledger *l, struct err_text *text)
{
	const struct globals *g = &l->globals;
	enum err err;

	if (!l->has_globals)
		return err_set(text, ERR_DATA_DAMAGED,
			       "the record of the last block is missing");
	err = governance_load_finish(l->governance, text);
	if (err)
		return err;
	make_windows(l);
	l->checkpoint_due =
		g->last.height > 0 && g->checkpoint_height == g->last.height;
	return ERR_OK;
}

/* ---- Admission ---- */

static enum err find_signer(const struct ledger *l, uint32_t *account,
			    const struct tx *tx, struct err_text *text)
{
	enum err err;

	if (!governance_find_account(l->governance, account, &tx->account))
		return err_set(text, ERR_UNKNOWN_ACCOUNT,
			       "the signer has no account");
	err = nonce_check(&l->windows[*account], tx->nonce);
	if (err)
		return err_set(text, err,
			       "nonce %llu; the next free one is %llu",
			       (unsigned long long)tx->nonce,
			       (unsigned long long)l->windows[*account].base);
	return ERR_OK;
}

/* SPEC transactions 5. */
enum err ledger_admit(const struct ledger *l, uint32_t *account,
		      const struct tx *tx, uint64_t now_ms,
		      struct err_text *text)
{
	const struct ledger_block *last = &l->globals.last;
	uint64_t later = now_ms > last->time_ms ? now_ms : last->time_ms;
	struct governance_context ctx = {
		.nonce = tx->nonce,
		.height = last->height,
		.time_ms = last->time_ms,
	};
	enum err err;

	if (tx->valid_until_ms < later)
		return err_set(text, ERR_EXPIRED, "valid until %llu, now %llu",
			       (unsigned long long)tx->valid_until_ms,
			       (unsigned long long)later);
	if (tx->valid_until_ms - later > LIMIT_VALIDITY_MS)
		return err_set(text, ERR_VALIDITY_TOO_LONG,
			       "valid until %llu, now %llu",
			       (unsigned long long)tx->valid_until_ms,
			       (unsigned long long)later);
	err = find_signer(l, &ctx.account, tx, text);
	if (err)
		return err;
	if (account)
		*account = ctx.account;
	return governance_check(l->governance, &ctx, &tx->payload, text);
}

/* ---- Blocks ---- */

void ledger_block_begin(struct ledger *l, const struct ledger_block *block)
{
	assert(!l->in_block);
	assert(block->height == l->globals.last.height + 1);
	assert(block->time_ms >= l->globals.last.time_ms);
	if (l->checkpoint_due && !l->checkpoint_rooted) {
		statetree_root(l->tree, &l->checkpoint_state);
		l->checkpoint_rooted = true;
	}
	l->in_block = true;
	l->block = *block;
	l->result_count = 0;
	merkle_init(&l->result_leaves);
	governance_advance(l->governance, block->height, block->time_ms);
}

bool ledger_work_some(struct ledger *l, uint32_t budget)
{
	assert(l->in_block);
	return governance_work(l->governance, budget);
}

void ledger_result_leaf(struct hash *out, const struct hash *tx, enum err code)
{
	uint8_t input[HASH_BYTES + 4];
	struct writer w;

	writer_init(&w, input, sizeof(input));
	write_bytes(&w, tx->b, HASH_BYTES);
	write_u32(&w, (uint32_t)code);
	hash_bytes(out, RESULT_DOMAIN, input, w.size);
}

static void add_result(struct ledger *l, const struct ledger_result *result)
{
	struct hash leaf;

	if (l->result_count == l->result_room) {
		l->result_room = l->result_room * 2 + 64;
		l->results = mem_resize(l->results,
					l->result_room * sizeof(*result));
	}
	l->results[l->result_count++] = *result;
	ledger_result_leaf(&leaf, &result->id, result->code);
	merkle_add(&l->result_leaves, &leaf);
}

static void use_nonce(struct ledger *l, uint32_t account, uint64_t nonce)
{
	nonce_use(&l->windows[account], nonce);
	if (l->window_changed[account])
		return;
	l->window_changed[account] = true;
	if (l->changed_count == l->changed_room) {
		l->changed_room = l->changed_room * 2 + 64;
		l->changed = mem_resize(l->changed,
					l->changed_room * sizeof(uint32_t));
	}
	l->changed[l->changed_count++] = account;
}

/* SPEC ledger 3.2. */
enum err ledger_apply_tx(struct ledger *l, enum err *code, const struct tx *tx,
			 struct tx_place place, struct err_text *text)
{
	struct governance_context ctx = {
		.nonce = tx->nonce,
		.height = l->block.height,
		.time_ms = l->block.time_ms,
	};
	struct ledger_result result = {
		.id = tx->id,
		.nonce = tx->nonce,
		.place = place,
	};
	enum err err;

	assert(l->in_block);
	if (tx->valid_until_ms < l->block.time_ms)
		return err_set(text, ERR_EXPIRED,
			       "valid until %llu, block time %llu",
			       (unsigned long long)tx->valid_until_ms,
			       (unsigned long long)l->block.time_ms);
	err = find_signer(l, &ctx.account, tx, text);
	if (err == ERR_REPLAY)
		governance_note_replay(l->governance, ctx.account);
	if (err)
		return err;
	use_nonce(l, ctx.account, tx->nonce);
	governance_events(l->governance, &result.event_begin);
	result.account = ctx.account;
	result.code = governance_apply(l->governance, &result.proposal, &ctx,
				       &tx->payload, text);
	make_windows(l);
	if (result.code)
		result.proposal = 0;
	add_result(l, &result);
	if (code)
		*code = result.code;
	return ERR_OK;
}

bool ledger_block_flush_some(struct ledger *l, const struct ledger_sink *sink,
			     uint32_t budget)
{
	struct outlet o = {l->tree, sink};

	assert(l->in_block);
	return emit_windows(l, &o, budget) &&
	       governance_flush_some(l->governance, emit, &o, budget);
}

void ledger_block_end(struct ledger *l, struct ledger_update *up,
		      const struct ledger_sink *sink)
{
	assert(l->in_block);
	while (!governance_work(l->governance, UINT32_MAX))
		continue;
	l->in_block = false;
	up->block = l->block;
	up->results = l->results;
	up->result_count = l->result_count;
	merkle_root(&up->results_root, &l->result_leaves);
	up->events = governance_events(l->governance, &up->event_count);
	globals_advance(&l->globals, &l->params, up);
	up->checkpoint_due = l->globals.checkpoint_height == l->block.height;
	if (up->checkpoint_due) {
		l->checkpoint_due = true;
		l->checkpoint_rooted = false;
	}
	emit_all(l, sink);
}

/* ---- State root and checkpoints ---- */

bool ledger_root_some(struct ledger *l, uint32_t budget)
{
	assert(!l->in_block);
	return statetree_hash_some(l->tree, budget);
}

void ledger_root(struct ledger *l, struct hash *out)
{
	assert(!l->in_block);
	statetree_root(l->tree, out);
}

bool ledger_is_in_block(const struct ledger *l)
{
	return l->in_block;
}

bool ledger_checkpoint_is_due(const struct ledger *l)
{
	return l->checkpoint_due;
}

bool ledger_checkpoint(struct ledger *l, struct checkpoint *out)
{
	if (!l->checkpoint_due)
		return false;
	globals_checkpoint(out, &l->globals);
	if (!l->checkpoint_rooted)
		statetree_root(l->tree, &l->checkpoint_state);
	out->state_root = l->checkpoint_state;
	l->checkpoint_due = false;
	l->checkpoint_rooted = false;
	return true;
}

enum err ledger_prove(struct ledger *l, struct statetree_proof *out,
		      struct arena *arena, struct bytes key)
{
	assert(!l->in_block);
	return statetree_prove(l->tree, out, arena, key);
}

/* ---- Queries ---- */

const struct hash *ledger_genesis_hash(const struct ledger *l)
{
	return &l->genesis;
}

const struct ledger_block *ledger_last_block(const struct ledger *l)
{
	return &l->globals.last;
}

const struct governance *ledger_governance(const struct ledger *l)
{
	return l->governance;
}

const struct network_params *ledger_params(const struct ledger *l)
{
	return &l->params;
}

struct nonce_window ledger_nonces(const struct ledger *l, uint32_t account)
{
	assert(account < governance_account_count(l->governance));
	return l->windows[account];
}

uint64_t ledger_checkpoint_height(const struct ledger *l)
{
	return l->globals.checkpoint_height;
}

uint64_t ledger_result_count(const struct ledger *l)
{
	return l->globals.result_count;
}

size_t ledger_memory(const struct ledger *l)
{
	return sizeof(*l) + statetree_memory(l->tree) +
	       l->window_room *
		       (sizeof(*l->windows) + sizeof(*l->window_changed)) +
	       l->changed_room * sizeof(*l->changed) +
	       l->result_room * sizeof(*l->results);
}
