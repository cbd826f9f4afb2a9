/* The register: accounts by index and by public key, what each has, what it
 * had at the snapshots that open votes need, and the sums over all of them.
 *
 * Knows stake, reputation and snapshots; no proposal, ballot or rule but the
 * one that makes an account eligible. An account never leaves or moves. What
 * an account had is kept per account, and only while a snapshot needs it. */
#ifndef BCAI_GOVERNANCE_ACCOUNTS_H
#define BCAI_GOVERNANCE_ACCOUNTS_H

#include "governance/deadlines.h"
#include "governance/governance.h"
#include "governance/largest.h"
#include "governance/snapshot.h"

/* An account of before, from one snapshot on until the next version, or until
 * the account's own `from`. */
struct account_version {
	uint64_t from;
	uint64_t stake;	     /* mature */
	uint64_t reputation; /* as of `epoch` */
	uint32_t epoch;
};

struct account_history {
	uint32_t count;
	struct account_version list[]; /* ascending */
};

/* What the register knows of a vote that is open. */
struct open_snapshot {
	uint64_t height;
	uint32_t epoch;
};

struct accounts {
	struct governance_account *list; /* Owned; by index. */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots;     /* Owned; 1 + index, open addressing; 0: free */
	uint32_t slot_count; /* a power of two, or 0 */

	uint64_t vote_min_stake; /* in force */
	uint64_t kept_bp;	 /* of a reputation, by the turn of an epoch */
	uint32_t epoch;
	struct power_sum total; /* of the eligible, as of now */
	uint64_t reputation;	/* of everybody, for the limit */

	struct open_snapshot *snapshots; /* Owned; ascending by height. */
	uint32_t snapshot_count;
	uint32_t snapshot_room;

	/* Told of every change of mature stake; NULL: nobody is. */
	void (*on_stake)(void *context, uint32_t account, uint64_t before,
			 uint64_t now);
	void *context;

	struct largest by_stake; /* for readers alone */
	struct largest by_reputation;

	/* A vote may still open with this snapshot, whatever was changed since
	 * in its block; 0: none. */
	uint64_t opening;

	struct deadlines maturities; /* by account: its next lot's time */
	uint32_t *changed;	     /* Owned; accounts to write */
	uint32_t changed_count;
	uint32_t changed_flushed; /* of these */
	uint32_t changed_room;

	struct { /* a turn of the epoch under way */
		bool active;
		uint32_t next; /* account */
		uint64_t steps;
		struct power_sum total;
		uint64_t reputation;
	} turn;
};

/* Empty; its rules are the caller's to set. It must not move. */
void accounts_init(struct accounts *a);
void accounts_fini(struct accounts *a);
/* The key must not be there yet; totals are not touched. Returns the index. */
uint32_t accounts_add(struct accounts *a,
		      const struct governance_account *account);
bool accounts_find(const struct accounts *a, uint32_t *account,
		   const struct public_key *key);
/* Have the account's record written at the next flush. */
void accounts_mark(struct accounts *a, uint32_t account);

/* What the account weighs in votes with this snapshot; false, and zeros, when
 * it may not vote in them. */
bool accounts_power_at(const struct accounts *a, uint32_t account,
		       const struct snapshot *s, struct power *out);

/* The same for the snapshot of a proposal that was opened. */
bool accounts_power_in(const struct accounts *a, uint32_t account,
		       const struct proposal *p, struct power *out);

/* A vote opened with, or needs no more, the state of this height. */
void accounts_keep(struct accounts *a, uint64_t height, uint32_t epoch);
void accounts_release(struct accounts *a, uint64_t height);

/* From snapshot `from` on the account has this mature stake and reputation. */
void accounts_set(struct accounts *a, uint32_t account, uint64_t from,
		  uint64_t stake, uint64_t reputation);

/* The reputation after that many epochs: each leaves floor(r * kept_bp / 10^4).
 */
uint64_t reputation_decayed(const struct accounts *a, uint64_t reputation,
			    uint64_t epochs);
/* Bring what the record will say to the form that depends on the history
 * alone: no older than what a snapshot needs. */
void accounts_settle(struct accounts *a, struct governance_account *x);

/* The epoch turns by `steps`: every reputation decays, who is eligible is found
 * anew under accounts' rules. A walk, in slices; true when it is complete. */
void accounts_turn_begin(struct accounts *a, uint64_t steps);
bool accounts_turn_some(struct accounts *a, uint32_t budget);
/* After loading: everything as of accounts' epoch, and the sums; `stake` gets
 * all that they hold. False when an account is of a later epoch. */
bool accounts_recount(struct accounts *a, uint64_t *stake);

#endif
