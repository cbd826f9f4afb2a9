#include "ledger_fixture.h"

#include "base/arena.h"
#include "base/assert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void disk_put(void *context, struct bytes key, struct bytes value)
{
	struct disk *d = context;
	size_t i = 0;

	while (i < d->count && (d->records[i].key_size != key.size ||
				memcmp(d->records[i].key, key.data, key.size)))
		i++;
	assert(i < RECORDS);
	if (i == d->count)
		d->count++;
	else
		free(d->records[i].value);
	memcpy(d->records[i].key, key.data, key.size);
	d->records[i].key_size = key.size;
	d->records[i].value = mem_copy(value.data, value.size);
	d->records[i].value_size = value.size;
	if (d->puts < sizeof(d->kinds) - 1)
		d->kinds[d->puts] = (char)key.data[0];
	d->puts++;
}

int record_compare(const void *left, const void *right)
{
	const struct record *a = left;
	const struct record *b = right;
	size_t least = a->key_size < b->key_size ? a->key_size : b->key_size;

	return memcmp(a->key, b->key, least);
}

struct bytes key_of(const struct record *r)
{
	return (struct bytes){r->key, r->key_size};
}

struct bytes value_of(const struct record *r)
{
	return (struct bytes){r->value, r->value_size};
}

struct public_key account_key(uint32_t i)
{
	struct public_key key;
	struct hash h;

	hash_bytes(&h, "test/account", &i, sizeof(i));
	memcpy(key.b, h.b, sizeof(key.b));
	return key;
}

struct world *world_new(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct public_key key = account_key(1000);

	genesis_init(&w->genesis);
	memcpy(w->genesis.chain_id, "test", 5);
	w->genesis.time_ms = START_MS;
	w->time_ms = START_MS;
	genesis_params_fast(&w->genesis);
	/* No epoch turns but where a test waits for a day. */
	if (genesis_param_set(&w->genesis, "epoch.length_ms", MS_DAY, NULL) ||
	    genesis_param_set(&w->genesis, "proposal.deposit", 0, NULL))
		fail();
	w->genesis.network.value[NETWORK_CHECKPOINT_BLOCKS] = 3;
	w->genesis.network.value[NETWORK_CHECKPOINT_MS] = 60000;
	assert_int_equal(genesis_add_validator(&w->genesis, &key, 1, "v", NULL),
			 ERR_OK);
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		key = account_key(i);
		assert_int_equal(genesis_add_account(&w->genesis, &key,
						     (10000 + i) * TOKEN,
						     i * POINT, "", NULL),
				 ERR_OK);
	}
	genesis_hash(&w->hash, &w->genesis);
	w->sink.put = disk_put;
	w->sink.context = &w->disk;
	assert_int_equal(ledger_new(&w->l, &w->genesis, &w->sink, NULL),
			 ERR_OK);
	return w;
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < w->disk.count; i++)
		free(w->disk.records[i].value);
	genesis_fini(&w->genesis);
	ledger_free(&w->l);
	free(w);
}

struct tx tx_of(uint32_t account, uint64_t nonce, struct payload payload)
{
	struct tx tx = {
		.account = account_key(account),
		.nonce = nonce,
		.valid_until_ms = START_MS + 3600000,
		.payload = payload,
	};
	uint64_t seed[2] = {account, nonce};

	hash_bytes(&tx.id, "test/tx", seed, sizeof(seed));
	return tx;
}

struct payload submit(void)
{
	struct payload p = {.kind = PAYLOAD_SUBMIT};

	p.submit.type = TYPE_STANDARD;
	p.submit.title = (struct bytes){(const uint8_t *)"Title", 5};
	p.submit.description = (struct bytes){(const uint8_t *)"Text", 4};
	return p;
}

struct payload vote(const struct ballot *ballot)
{
	struct payload p = {.kind = PAYLOAD_VOTE};

	p.vote.ballots = ballot;
	p.vote.count = 1;
	return p;
}

void begin(struct world *w, uint64_t later_ms)
{
	uint64_t height = ledger_last_block(w->l)->height + 1;
	struct ledger_block block = {
		.height = height,
		.view = height + 7,
		.time_ms = w->time_ms += later_ms,
	};

	hash_bytes(&block.digest, "test/block", &height, sizeof(height));
	ledger_block_begin(w->l, &block);
}

void end(struct world *w)
{
	w->disk.puts = 0;
	memset(w->disk.kinds, 0, sizeof(w->disk.kinds));
	ledger_block_end(w->l, &w->up, &w->sink);
}

void idle(struct world *w, uint64_t later_ms)
{
	begin(w, later_ms);
	end(w);
}

enum err apply(struct world *w, enum err *code, const struct tx *tx)
{
	static const struct tx_place PLACE = {3, 4};

	return ledger_apply_tx(w->l, code, tx, PLACE, NULL);
}

enum err block_of(struct world *w, const struct tx *tx)
{
	enum err code;

	begin(w, 10);
	assert_int_equal(apply(w, &code, tx), ERR_OK);
	end(w);
	return code;
}

void open_proposal(struct world *w)
{
	struct tx tx = tx_of(0, 0, submit());

	assert_int_equal(block_of(w, &tx), ERR_OK);
	idle(w, 5000);
	assert_int_equal(governance_proposal(ledger_governance(w->l), 1)->state,
			 STATE_VOTING);
}

struct hash root_of_disk(struct disk *d)
{
	struct statetree *t = statetree_new();
	struct hash root;

	for (size_t i = 0; i < d->count; i++)
		assert_int_equal(statetree_put(t, key_of(&d->records[i]),
					       value_of(&d->records[i])),
				 ERR_OK);
	statetree_root(t, &root);
	statetree_free(&t);
	return root;
}

void assert_root(struct world *w)
{
	struct hash want = root_of_disk(&w->disk);
	struct hash root;

	ledger_root(w->l, &root);
	assert_memory_equal(&root, &want, sizeof(root));
}

struct ledger *reload(struct world *w)
{
	struct ledger *l = ledger_open(&w->hash, &w->genesis);
	struct err_text why = {""};

	qsort(w->disk.records, w->disk.count, sizeof(w->disk.records[0]),
	      record_compare);
	for (size_t i = 0; i < w->disk.count; i++)
		assert_int_equal(ledger_load(l, key_of(&w->disk.records[i]),
					     value_of(&w->disk.records[i]),
					     &why),
				 ERR_OK);
	assert_int_equal(ledger_load_finish(l, &why), ERR_OK);
	return l;
}
