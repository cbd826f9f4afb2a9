#include "ledger/genesis.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define VERSION		1u
#define DOMAIN		"bcai-gov/genesis/1"
#define DOMAIN_HEAD	"bcai-gov/genesis-head/1"
#define DOMAIN_ACCOUNTS "bcai-gov/genesis-accounts/1"

#define ACCOUNT_BYTES_MIN (PUBLIC_KEY_BYTES + 8 + 8 + 1 + 1)
#define ACCOUNT_BYTES_MAX (ACCOUNT_BYTES_MIN + GENESIS_NAME_BYTES)
#define VALIDATOR_BYTES	  (PUBLIC_KEY_BYTES + 8 + 1 + GENESIS_NAME_BYTES)

_Static_assert(GENESIS_NAME_BYTES == LIMIT_CHAIN_ID_BYTES, "one rule of names");
_Static_assert(1 + 1 + LIMIT_CHAIN_ID_BYTES + 8 + NETWORK_PARAMS_BYTES +
			       GOVERNANCE_PARAMS_BYTES + 4 +
			       LIMIT_VALIDATORS * VALIDATOR_BYTES + 4 <=
		       GENESIS_HEAD_BYTES_MAX,
	       "every head fits");

void genesis_init(struct genesis *g)
{
	memset(g, 0, sizeof(*g));
	network_params_default(&g->network);
	governance_params_default(&g->governance);
	g->names = mem_alloc(1);
	g->names_size = 1;
	g->names_room = 1;
}

void genesis_fini(struct genesis *g)
{
	free(g->accounts);
	free(g->names);
	g->accounts = NULL;
	g->names = NULL;
	g->account_count = 0;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool is_name(const char *name)
{
	size_t size = 0;

	while (name[size] != '\0' && size <= GENESIS_NAME_BYTES &&
	       is_name_byte(name[size]))
		size++;
	return name[size] == '\0' && size <= GENESIS_NAME_BYTES;
}

enum err genesis_add_validator(struct genesis *g, const struct public_key *key,
			       uint64_t weight, const char *name,
			       struct err_text *text)
{
	struct genesis_validator *v;

	if (g->validator_count == LIMIT_VALIDATORS)
		return err_set(text, ERR_GENESIS, "more than %u validators",
			       LIMIT_VALIDATORS);
	if (!is_name(name))
		return err_set(text, ERR_GENESIS,
			       "validator %u: a name is at most %u letters, "
			       "digits, '.', '-' and '_'",
			       g->validator_count, GENESIS_NAME_BYTES);
	v = &g->validators[g->validator_count++];
	v->key = *key;
	v->weight = weight;
	memcpy(v->name, name, strlen(name) + 1);
	return ERR_OK;
}

static uint32_t keep_name(struct genesis *g, const char *name)
{
	uint32_t size = (uint32_t)strlen(name) + 1;
	uint32_t at = g->names_size;

	if (size == 1)
		return 0;
	if (size > g->names_room - at) {
		g->names_room = 2 * g->names_room + size;
		g->names = mem_resize(g->names, g->names_room);
	}
	memcpy(g->names + at, name, size);
	g->names_size += size;
	return at;
}

enum err genesis_add_account(struct genesis *g, const struct public_key *key,
			     uint64_t stake, uint64_t reputation,
			     const char *name, struct err_text *text)
{
	struct genesis_account *a;

	if (g->account_count == LIMIT_ACCOUNTS)
		return err_set(text, ERR_GENESIS, "more than %u accounts",
			       LIMIT_ACCOUNTS);
	if (!is_name(name))
		return err_set(text, ERR_GENESIS,
			       "account %u: a name is at most %u letters, "
			       "digits, '.', '-' and '_'",
			       g->account_count, GENESIS_NAME_BYTES);
	if (g->account_count == g->account_room) {
		g->account_room = g->account_room * 2 + 64;
		g->accounts =
			mem_resize(g->accounts, g->account_room * sizeof(*a));
	}
	a = &g->accounts[g->account_count++];
	a->key = *key;
	a->stake = stake;
	a->reputation = reputation;
	a->excluded = false;
	a->name = keep_name(g, name);
	return ERR_OK;
}

void genesis_exclude_account(struct genesis *g, uint32_t account)
{
	assert(account < g->account_count);
	g->accounts[account].excluded = true;
}

const char *genesis_account_name(const struct genesis *g, uint32_t account)
{
	assert(account < g->account_count);
	return g->names + g->accounts[account].name;
}

/* ---- Parameters ---- */

void genesis_param_info(struct governance_param_info *out, size_t index)
{
	if (index < NETWORK_PARAM_COUNT)
		network_param_info(out, index);
	else
		governance_param_info(out, index - NETWORK_PARAM_COUNT);
}

uint64_t genesis_param_get(const struct genesis *g, size_t index)
{
	assert(index < GENESIS_PARAM_COUNT);
	if (index < NETWORK_PARAM_COUNT)
		return g->network.value[index];
	return g->governance.value[index - NETWORK_PARAM_COUNT];
}

size_t genesis_param_find(const char *name)
{
	size_t index = network_param_find(name);

	if (index < NETWORK_PARAM_COUNT)
		return index;
	return NETWORK_PARAM_COUNT + governance_param_find(name);
}

enum err genesis_param_set(struct genesis *g, const char *name, uint64_t value,
			   struct err_text *text)
{
	size_t index = network_param_find(name);

	if (index < NETWORK_PARAM_COUNT)
		return network_param_set(&g->network, index, value, text);
	return governance_param_set(&g->governance, name, value, text);
}

void genesis_params_fast(struct genesis *g)
{
	governance_params_fast(&g->governance);
	g->network.value[NETWORK_CHECKPOINT_MS] = MS_SECOND;
	g->network.value[NETWORK_CONSENSUS_HEARTBEAT_MS] = 2 * MS_SECOND;
}

/* ---- Validity ---- */

static enum err check_validators(const struct genesis *g, struct err_text *text)
{
	if (g->validator_count == 0)
		return err_set(text, ERR_GENESIS, "no validators");
	for (uint32_t i = 0; i < g->validator_count; i++) {
		const struct genesis_validator *v = &g->validators[i];

		if (v->weight == 0 || v->weight > LIMIT_VALIDATOR_WEIGHT)
			return err_set(text, ERR_GENESIS,
				       "validator %u: its weight is not "
				       "within 1 and 2^32",
				       i);
		for (uint32_t j = 0; j < i; j++) {
			if (public_key_equal(&v->key, &g->validators[j].key))
				return err_set(text, ERR_GENESIS,
					       "validators %u and %u have the "
					       "same key",
					       j, i);
		}
	}
	return ERR_OK;
}

static enum err check_council(const struct genesis *g, struct err_text *text)
{
	struct err_text why;

	return council_check(&g->council, &why)
		       ? err_set(text, ERR_GENESIS, "%.200s", why.text)
		       : ERR_OK;
}

static enum err check_sums(const struct genesis *g, struct err_text *text)
{
	uint64_t stake = 0;
	uint64_t reputation = 0;

	for (uint32_t i = 0; i < g->account_count; i++) {
		const struct genesis_account *a = &g->accounts[i];

		if (a->stake > LIMIT_STAKE_TOTAL - stake)
			return err_set(text, ERR_GENESIS,
				       "account %u: all stake together is "
				       "above 2^56 micro-tokens",
				       i);
		if (a->reputation > LIMIT_REPUTATION_TOTAL - reputation)
			return err_set(text, ERR_GENESIS,
				       "account %u: all reputation together is "
				       "above 2^40 milli-points",
				       i);
		stake += a->stake;
		reputation += a->reputation;
	}
	return ERR_OK;
}

enum err genesis_check(const struct genesis *g, struct err_text *text)
{
	enum err err;

	if (g->chain_id[0] == '\0' || !is_name(g->chain_id))
		return err_set(text, ERR_GENESIS,
			       "chain_id: 1 to %u letters, digits, '.', '-' "
			       "and '_'",
			       LIMIT_CHAIN_ID_BYTES);
	err = check_validators(g, text);
	if (!err && governance_params_check(&g->governance, text))
		err = ERR_GENESIS;
	if (!err)
		err = check_council(g, text);
	return err ? err : check_sums(g, text);
}

/* ---- Canonical bytes ---- */

static void write_name(struct writer *w, const char *name)
{
	size_t size = strlen(name);

	write_u8(w, (uint8_t)size);
	write_bytes(w, name, size);
}

/* SPEC ledger 9. */
void genesis_write_head(struct writer *w, const struct genesis *g)
{
	write_u8(w, VERSION);
	write_name(w, g->chain_id);
	write_u64(w, g->time_ms);
	network_params_write(w, &g->network);
	governance_params_write(w, &g->governance);
	write_u32(w, g->validator_count);
	for (uint32_t i = 0; i < g->validator_count; i++) {
		write_bytes(w, g->validators[i].key.b, PUBLIC_KEY_BYTES);
		write_u64(w, g->validators[i].weight);
		write_name(w, g->validators[i].name);
	}
	council_write(w, &g->council);
	write_u32(w, g->account_count);
}

static void write_account(struct writer *w, const struct genesis *g,
			  uint32_t index)
{
	const struct genesis_account *a = &g->accounts[index];

	write_bytes(w, a->key.b, PUBLIC_KEY_BYTES);
	write_u64(w, a->stake);
	write_u64(w, a->reputation);
	write_u8(w, a->excluded);
	write_name(w, genesis_account_name(g, index));
}

void genesis_write(struct writer *w, const struct genesis *g)
{
	genesis_write_head(w, g);
	for (uint32_t i = 0; i < g->account_count; i++)
		write_account(w, g, i);
}

size_t genesis_head_size(const struct genesis *g)
{
	size_t size = 1 + 1 + strlen(g->chain_id) + 8 + NETWORK_PARAMS_BYTES +
		      GOVERNANCE_PARAMS_BYTES + 4 + 3 +
		      g->council.count * PUBLIC_KEY_BYTES + 4;

	for (uint32_t i = 0; i < g->validator_count; i++)
		size += PUBLIC_KEY_BYTES + 8 + 1 +
			strlen(g->validators[i].name);
	return size;
}

size_t genesis_size(const struct genesis *g)
{
	size_t size = genesis_head_size(g);

	for (uint32_t i = 0; i < g->account_count; i++)
		size += ACCOUNT_BYTES_MIN + strlen(genesis_account_name(g, i));
	return size;
}

void genesis_accounts_hash(struct hash *out, const struct genesis *g)
{
	struct hasher h;

	hasher_init(&h, DOMAIN_ACCOUNTS);
	for (uint32_t i = 0; i < g->account_count; i++) {
		uint8_t bytes[ACCOUNT_BYTES_MAX];
		struct writer w;

		writer_init(&w, bytes, sizeof(bytes));
		write_account(&w, g, i);
		assert(!w.bad);
		hasher_add(&h, bytes, w.size);
	}
	hasher_final(&h, out);
}

void genesis_hash_of(struct hash *out, struct bytes head,
		     const struct hash *accounts_hash)
{
	struct hash h;

	hash_bytes(&h, DOMAIN_HEAD, head.data, head.size);
	hash_two(out, DOMAIN, &h, accounts_hash);
}

void genesis_hash(struct hash *out, const struct genesis *g)
{
	uint8_t head[GENESIS_HEAD_BYTES_MAX];
	struct hash accounts;
	struct writer w;

	writer_init(&w, head, sizeof(head));
	genesis_write_head(&w, g);
	assert(!w.bad);
	genesis_accounts_hash(&accounts, g);
	genesis_hash_of(out, (struct bytes){head, w.size}, &accounts);
}

/* `out` has room for `max` bytes and a NUL. */
static void read_name(struct reader *r, char *out, size_t max)
{
	size_t size = read_u8(r);

	if (size > max) {
		r->bad = true;
		size = 0;
	}
	read_copy(r, out, size);
	out[size] = '\0';
	if (strlen(out) != size)
		r->bad = true;
}

static enum err read_validators(struct genesis *g, struct reader *r,
				struct err_text *text)
{
	uint32_t count = read_u32(r);

	for (uint32_t i = 0; i < count && !r->bad; i++) {
		char name[GENESIS_NAME_BYTES + 1];
		struct public_key key;
		uint64_t weight;
		enum err err;

		read_copy(r, key.b, PUBLIC_KEY_BYTES);
		weight = read_u64(r);
		read_name(r, name, GENESIS_NAME_BYTES);
		err = genesis_add_validator(g, &key, weight, name, text);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err read_head(struct genesis *g, uint32_t *accounts,
			  struct reader *r, struct err_text *text)
{
	if (read_u8(r) != VERSION)
		return err_set(text, ERR_GENESIS, "unknown version");
	read_name(r, g->chain_id, LIMIT_CHAIN_ID_BYTES);
	g->time_ms = read_u64(r);
	if (network_params_read(&g->network, r, text) ||
	    governance_params_read(&g->governance, r, text) ||
	    read_validators(g, r, text))
		return ERR_GENESIS;
	if (!council_read(r, &g->council))
		return err_set(text, ERR_GENESIS,
			       "no council: members ascend, "
			       "thresholds fit them");
	*accounts = read_u32(r);
	if (r->bad)
		return err_set(text, ERR_GENESIS, "cut off in its head");
	if (*accounts > LIMIT_ACCOUNTS)
		return err_set(text, ERR_GENESIS, "more than %u accounts",
			       LIMIT_ACCOUNTS);
	return ERR_OK;
}

enum err genesis_read_head(struct genesis *g, uint32_t *accounts,
			   struct bytes head, struct err_text *text)
{
	struct reader r;
	enum err err;

	reader_init(&r, head.data, head.size);
	err = read_head(g, accounts, &r, text);
	if (err)
		return err;
	if (!reader_done(&r))
		return err_set(text, ERR_GENESIS, "bytes behind the head");
	return genesis_check(g, text);
}

enum err genesis_read(struct genesis *g, struct bytes raw,
		      struct err_text *text)
{
	uint32_t count;
	struct reader r;
	enum err err;

	reader_init(&r, raw.data, raw.size);
	err = read_head(g, &count, &r, text);
	if (err)
		return err;
	if (count > reader_left(&r) / ACCOUNT_BYTES_MIN)
		return err_set(text, ERR_GENESIS, "cut off in its accounts");
	for (uint32_t i = 0; i < count; i++) {
		char name[GENESIS_NAME_BYTES + 1];
		struct public_key key;
		uint64_t stake;
		uint64_t reputation;
		uint8_t excluded;

		read_copy(&r, key.b, PUBLIC_KEY_BYTES);
		stake = read_u64(&r);
		reputation = read_u64(&r);
		excluded = read_u8(&r);
		read_name(&r, name, GENESIS_NAME_BYTES);
		if (r.bad || excluded > 1)
			return err_set(text, ERR_GENESIS,
				       "account %u is cut off, or neither "
				       "excluded nor not",
				       i);
		err = genesis_add_account(g, &key, stake, reputation, name,
					  text);
		if (err)
			return err;
		if (excluded)
			genesis_exclude_account(g, i);
	}
	if (!reader_done(&r))
		return err_set(text, ERR_GENESIS, "bytes behind the end");
	return genesis_check(g, text);
}
