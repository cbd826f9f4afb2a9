/* Who lets whom vote for them: the edges of all accounts.
 *
 * An edge is seen by the snapshots from `from` up to, not including, `until`,
 * unless it expired before: an ended edge stays as long as an open vote may
 * have seen it. Each account has a list of its own edges in order of creation
 * and one of those that lead to it. This module knows no rule for making
 * edges (delegate.h) and no votes (carry.h). */
#ifndef BCAI_GOVERNANCE_EDGES_H
#define BCAI_GOVERNANCE_EDGES_H

#include "governance/snapshot.h"
#include "governance/types.h"

#define EDGE_NONE    UINT32_MAX /* no edge */
#define EDGE_NOBODY  UINT32_MAX /* the target of an opt-out */
#define EDGE_FOREVER UINT64_MAX /* `until` of an alive edge; never expires */

/* Of one account: alive ones, and those that open votes need. */
#define EDGES_KEPT_MAX 64u

struct edge {
	uint64_t from;
	uint64_t until;
	uint64_t expires_ms; /* not seen by snapshots of this time or later */
	uint64_t amount;     /* of a limited one, micro-tokens */
	uint32_t principal;
	uint32_t target;
	uint32_t serial;   /* unique among its principal's, rising from 1 */
	uint32_t next_out; /* of its principal: the next younger one */
	uint32_t next_in;  /* of its target */
	uint32_t prev_in;
	uint8_t kind;  /* enum delegation_kind */
	uint8_t types; /* of a conditional one: bit type - 1 */
	bool sole;     /* its principal has no other */
	bool fed;      /* others lead to its principal */
};

/* One account's part. */
struct edge_owner {
	uint32_t first_out; /* EDGE_NONE: none */
	uint32_t first_in;
	uint32_t received;     /* alive edges that lead to it */
	uint32_t last_serial;  /* 0: it never had an edge */
	uint32_t change_epoch; /* the governance epoch it last made one in */
	uint32_t changes;      /* how many in that */
	uint32_t pending;      /* the caller's; 0 at first */
	uint64_t entrusted;    /* the caller's, too */
};

struct edges {
	struct edge *pool; /* Owned; indices never move. */
	uint32_t count;
	uint32_t capacity;
	uint32_t free;		  /* list over next_out; EDGE_NONE: empty */
	struct edge_owner *owner; /* Owned; by account. */
	uint32_t owners;
	uint32_t owner_capacity;
	uint32_t principals; /* accounts that ever had an edge */
};

void edges_init(struct edges *e);
void edges_fini(struct edges *e);
/* Room for accounts 0 to count - 1; what is there stays. */
void edges_make_room(struct edges *e, uint32_t count);

/* The account's part; zeros and no edges for one beyond the room made. */
struct edge_owner edges_owner(const struct edges *e, uint32_t account);

/* A copy of `edge` as its principal's youngest; links are set here. Its serial
 * must be above those there and becomes the last. Principal and target need
 * room. Returns its index. */
uint32_t edges_add(struct edges *e, const struct edge *edge);
/* The account's youngest edge had this serial. */
void edges_set_serial(struct edges *e, uint32_t account, uint32_t serial);
/* No snapshot from this height on sees it. It is alive. */
void edges_end(struct edges *e, uint32_t index, uint64_t until);
/* Forget those of the account that no snapshot from `oldest` on, nor any
 * later one, can see. */
void edges_prune(struct edges *e, uint32_t account, uint64_t oldest);

static inline bool edge_is_alive(const struct edge *e)
{
	return e->until == EDGE_FOREVER;
}

/* Would edges_prune keep it? */
bool edge_is_needed(const struct edge *e, uint64_t oldest);

static inline bool edge_is_seen(const struct edge *e, const struct snapshot *s)
{
	return e->from <= s->height && s->height < e->until &&
	       e->expires_ms > s->time_ms;
}

/* SPEC governance 10.2: the edge that what is left of the account follows in
 * votes of this type, or EDGE_NONE. One that opts out has the target
 * EDGE_NOBODY. */
uint32_t edges_effective(const struct edges *e, uint32_t account,
			 enum proposal_type type, const struct snapshot *s);

#endif
