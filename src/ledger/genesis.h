/* What a network starts from, its canonical bytes and its hash.
 *
 * The hash names the network: it stands in every id and signature. It commits
 * to head and accounts apart,
 *
 *   H("bcai-gov/genesis/1", H("bcai-gov/genesis-head/1", head) ||
 *                           H("bcai-gov/genesis-accounts/1", accounts))
 *
 * so that a receipt carries the head alone. Files are src/admin/genesis_json.h.
 * The bytes: doc/spec/ledger.md. */
#ifndef BCAI_LEDGER_GENESIS_H
#define BCAI_LEDGER_GENESIS_H

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "governance/params.h"
#include "governance/settings.h"
#include "ledger/network_params.h"

#define GENESIS_NAME_BYTES 64u /* at most, without the NUL */

struct genesis_validator {
	struct public_key key;
	uint64_t weight; /* 1 to LIMIT_VALIDATOR_WEIGHT */
	char name[GENESIS_NAME_BYTES + 1];
};

struct genesis_account {
	struct public_key key;
	uint64_t stake;	     /* micro-tokens */
	uint64_t reputation; /* milli-points */
	uint32_t name;	     /* offset of its name in names; 0 is "" */
	bool excluded;	     /* holds, and is outside of governance */
};

struct genesis {
	char chain_id[LIMIT_CHAIN_ID_BYTES + 1];
	uint64_t time_ms; /* block time of height 0 */
	struct network_params network;
	struct governance_params governance;
	uint32_t validator_count;
	struct genesis_validator validators[LIMIT_VALIDATORS];
	struct council council; /* members ascend; none: no council */
	uint32_t account_count;
	uint32_t account_room;
	struct genesis_account *accounts; /* Owned; the order is the index. */
	char *names;			  /* Owned; NUL-terminated each. */
	uint32_t names_size;
	uint32_t names_room;
};

/* Empty, with default parameters. Large: keep it on the heap. */
void genesis_init(struct genesis *g);
void genesis_fini(struct genesis *g);

/* `name` may be "". ERR_GENESIS: too many, or not a name. */
enum err genesis_add_validator(struct genesis *g, const struct public_key *key,
			       uint64_t weight, const char *name,
			       struct err_text *text) MUST_USE;
enum err genesis_add_account(struct genesis *g, const struct public_key *key,
			     uint64_t stake, uint64_t reputation,
			     const char *name, struct err_text *text) MUST_USE;
/* An account that was added: a treasury, a bridge, what is burnt. */
void genesis_exclude_account(struct genesis *g, uint32_t account);
const char *genesis_account_name(const struct genesis *g, uint32_t account);

/* Parameters of network and governance under one list of names. */
#define GENESIS_PARAM_COUNT (NETWORK_PARAM_COUNT + PARAM_COUNT)
void genesis_param_info(struct governance_param_info *out, size_t index);
/* The index of a name, or GENESIS_PARAM_COUNT. */
size_t genesis_param_find(const char *name);
uint64_t genesis_param_get(const struct genesis *g, size_t index);
/* ERR_PARAMETER_BOUNDS: unknown name or value out of bounds. */
enum err genesis_param_set(struct genesis *g, const char *name, uint64_t value,
			   struct err_text *text) MUST_USE;
/* Short periods, for a network on one desk. */
void genesis_params_fast(struct genesis *g);

/* Everything that can be said without a ledger: names, at least one validator,
 * none twice, weights, sums. A key with two accounts is found by ledger_new.
 * ERR_GENESIS. */
enum err genesis_check(const struct genesis *g, struct err_text *text) MUST_USE;

void genesis_hash(struct hash *out, const struct genesis *g);
void genesis_accounts_hash(struct hash *out, const struct genesis *g);
void genesis_hash_of(struct hash *out, struct bytes head,
		     const struct hash *accounts_hash);

/* The canonical bytes: head, then accounts. The size is exact. */
#define GENESIS_HEAD_BYTES_MAX (24u * 1024u)
size_t genesis_head_size(const struct genesis *g);
size_t genesis_size(const struct genesis *g);
void genesis_write_head(struct writer *w, const struct genesis *g);
void genesis_write(struct writer *w, const struct genesis *g);

/* Into an initialised, empty genesis; genesis_check holds afterwards. A head
 * alone leaves the accounts out but tells in `accounts` how many there are.
 * ERR_GENESIS; the genesis may then only be finished. */
enum err genesis_read(struct genesis *g, struct bytes raw,
		      struct err_text *text) MUST_USE;
enum err genesis_read_head(struct genesis *g, uint32_t *accounts,
			   struct bytes head, struct err_text *text) MUST_USE;

#endif
