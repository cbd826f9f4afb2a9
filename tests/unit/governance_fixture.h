/* What the tests of governance share: a small network, transactions in one
 * line, and a map that takes flushed records. */
#ifndef BCAI_TESTS_GOVERNANCE_FIXTURE_H
#define BCAI_TESTS_GOVERNANCE_FIXTURE_H

#include "governance/governance.h"

#include <stddef.h>

/* ---- Records, sorted by key ---- */

struct map_record {
	uint8_t key[GOVERNANCE_KEY_BYTES_MAX];
	size_t key_size;
	uint8_t *value; /* Owned. */
	size_t size;
	uint32_t puts; /* since the last map_flush began */
};

struct map {
	struct map_record *list; /* Owned. */
	size_t count;
	size_t capacity;
};

void map_fini(struct map *m);
void map_put(void *map, struct bytes key, struct bytes value);
/* NULL when it is not there. */
struct map_record *map_find(const struct map *m, const void *key, size_t size);
/* Flush into the map; the test fails when a record comes twice. Returns how
 * many came. */
size_t map_flush(struct map *m, struct governance *g);
void map_assert_equal(const struct map *a, const struct map *b);
/* A new governance with the same network, read from the map; the test fails
 * when that is refused. */
struct governance *map_load(const struct map *m, const struct governance *like);
/* The first error of reading the map into a new governance. */
enum err map_try_load(const struct map *m, const struct governance *like);

/* ---- A network ---- */

#define T0 UINT64_C(1700000000000)

extern const struct hash test_genesis;

struct test_net {
	struct governance *g;
	uint64_t height;
	uint64_t time_ms;
	uint64_t nonce; /* one counter for all accounts */
	struct err_text text;
};

void test_key(struct public_key *out, uint64_t n);
/* The defaults, but that reputation stays as it is and proposals need no
 * deposit. */
void net_params(struct governance_params *out);
/* `params` NULL: those of net_params. */
void net_init(struct test_net *n, const struct governance_params *params);
void net_fini(struct test_net *n);
/* The next account; whole tokens and points. */
uint32_t net_account(struct test_net *n, uint64_t tokens, uint64_t points);
/* Five accounts: alice may do all, bob has reputation too, carol may vote but
 * not propose, dave has points only, erin nothing that counts. */
enum { ALICE, BOB, CAROL, DAVE, ERIN };
void net_init_five(struct test_net *n);
/* A block at this time. */
void net_block(struct test_net *n, uint64_t time_ms);
void net_sleep(struct test_net *n, uint64_t ms);

enum err net_apply(struct test_net *n, uint32_t account,
		   const struct payload *payload, uint32_t *number);
/* Number of the new proposal, or 0 with the error in `err` (may be NULL). */
uint32_t net_submit(struct test_net *n, uint32_t account, uint32_t type,
		    bool draft, enum err *err);
enum err net_publish(struct test_net *n, uint32_t account, uint32_t number);
enum err net_amend(struct test_net *n, uint32_t account, uint32_t number,
		   const char *title, const char *description);
enum err net_cancel(struct test_net *n, uint32_t account, uint32_t number,
		    const char *reason);
enum err net_vote(struct test_net *n, uint32_t account, uint32_t number,
		  uint32_t choice);
/* Of this kind, with what goes with it: `types` of a conditional one, `tokens`
 * of a limited one, else 0. `target` UINT32_MAX: nobody; `expires_ms` 0:
 * never. */
enum err net_delegate(struct test_net *n, uint32_t account, uint32_t kind,
		      uint32_t target, uint64_t what, uint64_t expires_ms);
/* `serial` 0: all of them. */
enum err net_undelegate(struct test_net *n, uint32_t account, uint32_t serial);
/* A submitted proposal, in voting one delay later. */
uint32_t net_open(struct test_net *n, uint32_t account, uint32_t type);
/* A block at the proposal's deadline. */
void net_finish(struct test_net *n, uint32_t number);

/* Lent until the next change. */
const struct proposal *net_see(const struct test_net *n, uint32_t number);
/* A parameter as it is in force, and the action that sets it. */
uint64_t net_param(const struct test_net *n, const char *key);
struct action set_param(const char *key, uint64_t value);

struct bytes text_of(const char *text);

/* ---- Chance: a seed from `name` in the environment, else `seed`; printed ----
 */

struct chance {
	uint64_t state;
};

void chance_init(struct chance *c, const char *name, uint64_t seed);
uint64_t chance_next(struct chance *c);
/* 0 to n - 1. */
uint32_t chance_below(struct chance *c, uint32_t n);

#endif
