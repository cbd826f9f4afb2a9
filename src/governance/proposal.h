/* One proposal: what everybody may read of it, and its life as one table.
 *
 * Texts are not here: they go out in records and are read from storage. */
#ifndef BCAI_GOVERNANCE_PROPOSAL_H
#define BCAI_GOVERNANCE_PROPOSAL_H

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "governance/snapshot.h"
#include "governance/tally.h"

/* Why a proposal ended as it did. Stored. */
enum proposal_reason {
	REASON_NONE = 0,
	REASON_NO_POWER = 1,
	REASON_BELOW_QUORUM = 2,
	REASON_BELOW_FLOOR = 3,
	REASON_NOT_APPROVED = 4,
	REASON_BY_PROPOSER = 5,
	REASON_DRAFT_EXPIRED = 6,
	REASON_BELOW_STAKE = 7, /* of the proposer; cancelled by anybody */
	REASON_VETOED = 9,	/* by the council */
	REASON_EXECUTION = 8,	/* an action could not be done: `failure` */
};

struct proposal {
	uint32_t number; /* 1, 2, 3, ... in order of creation */
	uint32_t proposer;
	uint64_t nonce; /* of the transaction that created it */
	struct hash id;
	struct hash text_hash;
	struct hash actions_hash;
	uint32_t action_count;
	enum proposal_type type;
	enum proposal_state state;
	enum proposal_reason reason;
	struct rules rules; /* the type's; frozen when voting opens */

	uint64_t created_ms;
	uint64_t expires_ms;	  /* of the draft; 0 if it never was one */
	uint64_t submitted_ms;	  /* 0 before */
	uint64_t voting_start_ms; /* planned until voting opens; 0 for drafts */
	uint64_t voting_end_ms;	  /* planned until voting opens; 0 for drafts */
	uint64_t ended_ms;	  /* of the final state; 0 before */
	uint64_t deposit;	  /* micro-tokens that it locks now */
	uint64_t burnt;		  /* of it, that the treasury has now */
	uint32_t ratifies;	  /* an act of the council; 0: none */
	bool overridden;	  /* no veto counts any more */
	uint64_t execute_after_ms; /* of what is queued, or was; else 0 */
	enum err failure;	   /* why it could not be executed */

	/* Frozen by the block that opened voting; zeros before. */
	uint64_t snapshot_height;
	uint32_t snapshot_epoch;
	struct power_sum total; /* of everybody eligible */

	struct tally tally;
};

/* "quorum not met"; "" for REASON_NONE; NULL for a number that is none. */
const char *proposal_reason_text(uint32_t reason);

/* H("bcai-gov/text/1", u32 size || title || u32 size || description). */
void proposal_text_hash(struct hash *out, struct bytes title,
			struct bytes description);
/* H("bcai-gov/proposal/1", genesis || proposer || u64 nonce || u8 type ||
 * actions hash || text hash). An amended draft's id changes with them. */
void proposal_compute_id(struct hash *out, const struct hash *genesis,
			 const struct public_key *proposer,
			 const struct proposal *p);

/* The snapshot of a proposal that was opened. */
void proposal_snapshot(struct snapshot *out, const struct proposal *p);
/* Submitted or in voting. */
bool proposal_is_open(const struct proposal *p);
/* Voting opened once: the snapshot is there. */
bool proposal_was_opened(const struct proposal *p);
/* When block time moves it on by itself: expiry, opening or end; 0: never. */
uint64_t proposal_deadline_ms(const struct proposal *p);
/* Could its actions still be executed? */
bool proposal_needs_actions(const struct proposal *p);
/* May a proposal go from one state to the other? `from` 0 is its creation. */
bool proposal_may_become(uint32_t from, enum proposal_state to);

#endif
