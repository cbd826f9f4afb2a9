/* A small network for tests of the ledger, and a disk for its records. */
#ifndef BCAI_TESTS_LEDGER_FIXTURE_H
#define BCAI_TESTS_LEDGER_FIXTURE_H

#include "ledger/ledger.h"

#define ACCOUNTS 20
#define START_MS UINT64_C(1767225600000)
#define NOW	 100

/* ---- A disk: what the sink was given ---- */

#define RECORDS 4000

struct record {
	uint8_t key[STATETREE_KEY_BYTES];
	size_t key_size;
	uint8_t *value; /* Owned. */
	size_t value_size;
};

struct disk {
	struct record records[RECORDS];
	size_t count;
	size_t puts; /* since it was last set to 0 */
	char kinds[64];
};

int record_compare(const void *left, const void *right);
struct bytes key_of(const struct record *r);
struct bytes value_of(const struct record *r);

/* ---- A network of one validator and its accounts ---- */

struct world {
	struct genesis genesis;
	struct hash hash;
	struct disk disk;
	struct ledger_sink sink;
	struct ledger *l;
	struct ledger_update up;
	uint64_t time_ms;
};

struct public_key account_key(uint32_t i);
struct world *world_new(void);
void world_free(struct world *w);
/* Unsigned; valid for an hour from the start. */
struct tx tx_of(uint32_t account, uint64_t nonce, struct payload payload);
struct payload submit(void);
struct payload vote(const struct ballot *ballot);
/* A block that much later: its begin, its end, or both. */
void begin(struct world *w, uint64_t later_ms);
void end(struct world *w);
void idle(struct world *w, uint64_t later_ms);
enum err apply(struct world *w, enum err *code, const struct tx *tx);
/* One block of one transaction that takes effect; its result. */
enum err block_of(struct world *w, const struct tx *tx);
/* Proposal 1 by account 0, in voting. */
void open_proposal(struct world *w);
/* The root of a tree made from the records alone; the ledger's is that. */
struct hash root_of_disk(struct disk *d);
void assert_root(struct world *w);
/* Another ledger, read from the records. */
struct ledger *reload(struct world *w);

#endif
