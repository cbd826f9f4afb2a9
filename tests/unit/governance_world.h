/* Random histories of a small network, for tests that print their seed. */
#ifndef BCAI_TESTS_GOVERNANCE_WORLD_H
#define BCAI_TESTS_GOVERNANCE_WORLD_H

#include "governance_fixture.h"

#include "governance/actions.h"

#define WORLD_ACCOUNTS 12

struct world {
	struct test_net n;
	struct map map; /* everything flushed so far */
};

/* Fast times, mechanisms drawn for every type; flushed. */
void world_init(struct world *w, struct chance *c);
void world_fini(struct world *w);
/* Some hundred transactions and blocks, flushed. */
void world_live(struct world *w, struct chance *c);

/* A transaction out of small ranges, so that much of it is refused. */
struct random_tx {
	struct payload payload;
	struct ballot ballots[4];
	uint32_t serials[4];
	struct action actions[3];
	struct public_key members[2];
	char title[8];
	struct governance_context ctx;
};

void random_tx(struct random_tx *tx, struct chance *c, struct test_net *n);
/* A block some time later, seldom much later. */
void random_sleep(struct chance *c, struct test_net *n);

#endif
