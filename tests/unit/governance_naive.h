/* A deliberately naive model of delegated voting: it copies the whole network
 * when a vote opens and follows every parcel step by step whenever it is asked.
 * Shares no code with the engine, and knows nothing of its data. */
#ifndef BCAI_TESTS_GOVERNANCE_NAIVE_H
#define BCAI_TESTS_GOVERNANCE_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#define NAIVE_EDGES  16
#define NAIVE_NOBODY (-1)

struct naive_power {
	uint64_t t, q, r;
};

struct naive_edge {
	int target;
	uint32_t kind; /* 1 full, 2 conditional, 3 limited */
	uint32_t types;
	uint64_t amount;
	uint64_t expires_ms; /* 0: never */
};

struct naive_member {
	uint64_t tokens;
	uint64_t reputation;
	struct naive_edge edge[NAIVE_EDGES]; /* in order of creation */
	int edges;
};

struct naive_world {
	struct naive_member *member; /* owned */
	int members;
	uint64_t epochs;  /* that went by */
	uint64_t kept_bp; /* of a reputation, by each */
};

struct naive_vote {
	struct naive_world then; /* as it was when the vote opened */
	uint32_t type;
	int depth;
	uint64_t time_ms;
	uint64_t min_stake;
	uint64_t cap_bp;
	int *choice; /* by member, owned; 0: has not voted */
};

struct naive_result {
	struct naive_power direct[4]; /* by choice, from 1 */
	struct naive_power carried[4];
	struct naive_power *burden; /* by member, owned; before the cap */
	struct naive_power uncast;
	struct naive_power total;
	uint32_t voters[4];
};

/* All zeros are empty ones. */
void naive_open(struct naive_vote *v, const struct naive_world *now);
void naive_vote_fini(struct naive_vote *v);
void naive_result_fini(struct naive_result *r);

/* So many epochs have gone by since the beginning. */
void naive_decay(struct naive_world *w, uint64_t epochs);
/* Make a delegation that was accepted. */
void naive_delegate(struct naive_member *m, const struct naive_edge *made,
		    uint64_t now_ms);
void naive_count(struct naive_result *out, const struct naive_vote *v);

#endif
