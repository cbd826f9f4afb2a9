/* The governance of a network: accounts, proposals, ballots, parameters.
 *
 * A deterministic machine: the same calls in the same order give the same
 * records on every node. It knows no signature, nonce window, block or file:
 * the ledger calls it for each block in this order,
 *
 *	governance_advance	the block's height and time: what fell due
 *	governance_apply	each transaction that the ledger lets through
 *	governance_flush	the records that changed
 *
 * so every transaction meets the state that belongs to its block's time. A
 * host that must not stand still for long calls governance_work between them,
 * in slices; each of them finishes what the one before has left.
 * Memory comes from base/arena mem_*; it grows with accounts, proposals and
 * ballots (under 64 bytes a ballot). Texts and reasons leave with the records
 * of the block that brought them and are not kept.
 *
 * Not thread-safe. The rules: doc/spec/governance.md. */
#ifndef BCAI_GOVERNANCE_GOVERNANCE_H
#define BCAI_GOVERNANCE_GOVERNANCE_H

#include "governance/detect.h"
#include "governance/index.h"
#include "governance/largest.h"
#include "governance/records.h"
#include "governance/settings.h"

struct governance;

/* Everything starts with the network's genesis hash and parameters, which
 * are copied, and at its time: then the first epoch begins. Never NULL. */
struct governance *governance_new(const struct hash *genesis,
				  const struct governance_params *params,
				  uint64_t time_ms);
/* Free and null. */
void governance_free(struct governance **g);

/* ---- Accounts ---- */

struct account_history;

/* Stake that does not count yet. */
struct stake_lot {
	uint64_t mature_ms;
	uint64_t amount; /* micro-tokens */
};
struct stake_lots;

struct governance_account {
	/* What a vote reads of it stands together. */
	struct power power;  /* now; tokens are the mature stake */
	uint64_t from;	     /* the first snapshot that sees this stake and
				reputation */
	uint64_t base;	     /* reputation as of the epoch below */
	uint32_t base_epoch; /* no later than any open vote's */
	bool excluded;	     /* outside every base: holds, never votes */
	bool eligible;	     /* to vote: enough stake, or any reputation */
	bool changed;	     /* this folder's: its record is to be written */
	uint8_t drafts;	     /* its drafts */
	uint16_t open;	     /* its proposals submitted or in voting */
	uint32_t voted;	     /* proposals it has a ballot on */
	uint32_t last_voted; /* one of them; governance_ballot.before goes on */
	uint32_t first_vote; /* lowest number it has a ballot on; 0: none */
	uint32_t funder; /* who sent its first stake; NO_ACCOUNT at genesis */
	uint64_t birth;	 /* the block that made it; 0 at genesis */
	struct public_key key;
	uint64_t maturing; /* micro-tokens that do not count yet */
	uint64_t locked;   /* micro-tokens of both that cannot leave */
	struct account_history *history; /* Owned; NULL: nothing is needed */
	struct stake_lots *lots;	 /* Owned; NULL: never had one */
};

/* At genesis, before the first advance or apply: the next account, with index
 * 0, 1, 2, ... Stake in micro-tokens, reputation in milli-points.
 * ERR_GENESIS: the key is there already, or there would be more than
 * LIMIT_ACCOUNTS, LIMIT_STAKE_TOTAL or LIMIT_REPUTATION_TOTAL; `text` (may be
 * NULL) says which; nothing changed. */
enum err governance_add_account(struct governance *g,
				const struct public_key *key, uint64_t stake,
				uint64_t reputation,
				struct err_text *text) MUST_USE;

/* At genesis: the account of this index holds, but is in no base, and neither
 * votes nor proposes. */
void governance_exclude_account(struct governance *g, uint32_t account);
/* Its lots of stake that do not count yet, by time. Lent until the next
 * change. */
const struct stake_lot *governance_lots(const struct governance *g,
					uint32_t account, uint32_t *count);

/* False when the network has no such account. */
bool governance_find_account(const struct governance *g, uint32_t *account,
			     const struct public_key *key);
uint32_t governance_account_count(const struct governance *g);
/* Lent until the next account is added; NULL for an index that is none. */
const struct governance_account *governance_account(const struct governance *g,
						    uint32_t account);

/* What all eligible accounts hold, and how many they are. */
const struct power_sum *governance_total(const struct governance *g);
/* The epoch of governance, and the block time from which it is the next. */
uint32_t governance_epoch(const struct governance *g, uint64_t *ends_ms);
const struct governance_params *governance_params(const struct governance *g);

/* At genesis: a validator of the network, and its emergency council.
 * ERR_TOO_LARGE, ERR_MALFORMED; `text` (may be NULL) says why. */
enum err governance_add_validator(struct governance *g,
				  const struct public_key *key, uint64_t weight,
				  struct err_text *text) MUST_USE;
enum err governance_set_council(struct governance *g,
				const struct council *council,
				struct err_text *text) MUST_USE;
/* What proposals have settled. Lent until the next change. */
const struct settings *governance_settings(const struct governance *g);

/* ---- Transactions ---- */

struct governance_context {
	uint32_t account; /* who signed; an index that exists */
	uint64_t nonce;	  /* of the transaction; never used before by it */
	uint64_t height;  /* of the block */
	uint64_t time_ms; /* of the block; at admission the latest block's */
};

/* Would governance_apply accept this now? Changes nothing. Exact refusals,
 * the first that holds, in the order of doc/spec/governance.md, "Refusals":
 * ERR_MALFORMED (unknown kind, type or choice; text that is not UTF-8 or
 * holds control characters; no title; no ballot), ERR_TOO_LARGE (text, or
 * more than 128 ballots), ERR_UNKNOWN_PROPOSAL, ERR_UNAUTHORISED,
 * ERR_WRONG_STATE, ERR_BELOW_MINIMUM_STAKE, ERR_TOO_MANY_OPEN,
 * ERR_NOT_ELIGIBLE, ERR_DUPLICATE_BALLOT, ERR_NOT_VOTING, ERR_OLDER_BALLOT,
 * ERR_TOO_MANY_CHANGES, ERR_UNKNOWN_ACCOUNT, ERR_DELEGATION_RATE,
 * ERR_TOO_MANY_DELEGATIONS, ERR_UNKNOWN_DELEGATION, ERR_NOT_ENOUGH_STAKE,
 * ERR_TOO_MANY_ACCOUNTS. `text` (may be NULL) says more. */
enum err governance_check(const struct governance *g,
			  const struct governance_context *ctx,
			  const struct payload *payload,
			  struct err_text *text) MUST_USE;

/* Check, then do it: all or nothing. `number` (may be NULL) gets the proposal
 * it created or acted upon, 0 for a vote. Errors as of governance_check;
 * nothing changed then. The payload is borrowed for the call only. */
enum err governance_apply(struct governance *g, uint32_t *number,
			  const struct governance_context *ctx,
			  const struct payload *payload,
			  struct err_text *text) MUST_USE;

/* The block holds a transaction of this account whose nonce was used before:
 * nothing comes of it, but detectors count. */
void governance_note_replay(struct governance *g, uint32_t account);

/* ---- Time ---- */

/* A block begins: forget the last block's events, then do everything due at
 * `time_ms`, ordered by (deadline, number), as governance_work. Call it first
 * for every block, with times that never fall. */
void governance_advance(struct governance *g, uint64_t height,
			uint64_t time_ms);
/* Go on with what the last advance or apply began, up to about `budget` units
 * of at most some microseconds each; true when nothing is left. Queries before
 * that see a state in which the unfinished part has not happened. */
bool governance_work(struct governance *g, uint32_t budget);
/* The block time at which the next thing falls due; 0 when nothing will. */
uint64_t governance_next_deadline_ms(const struct governance *g);

/* ---- Events of the block ---- */

enum governance_event_kind {
	EVENT_STATE = 1, /* a proposal took `state`; `from` 0: was created */
	EVENT_AMENDED = 2,
	EVENT_BALLOT = 3,     /* cast, or replaced when `changes` > 0 */
	EVENT_TRANSFER = 4,   /* `amount` from `account` to `other` */
	EVENT_EPOCH = 5,      /* `amount` is the new epoch */
	EVENT_DELEGATION = 6, /* the account's delegations changed */
	EVENT_ALERT = 7,   /* a detector fired; `from` is the alert's number */
	EVENT_DEPOSIT = 8, /* `from`: enum deposit_event; `amount` */
	EVENT_END_MOVED = 9, /* the vote ends at `amount` ms now */
	EVENT_VETO = 10,     /* by `account`, one of `amount` */
	EVENT_ACT = 11,	     /* the council's act `from` is in state `amount` */
	EVENT_PARAMETER = 20,  /* `from`, its index, is `amount` from now on */
	EVENT_REPUTATION = 21, /* the account was awarded `amount` */
	EVENT_SETTING = 22, /* `from`: enum action_kind; what it names is set */
};

enum deposit_event {
	DEPOSIT_LOCKED = 1,
	DEPOSIT_RETURNED = 2,
	DEPOSIT_BURNT = 3, /* it went to the treasury */
};
const char *deposit_event_name(uint32_t what);

struct governance_event {
	enum governance_event_kind kind;
	uint32_t proposal;
	uint32_t account;	   /* who acted, the proposer for time's work */
	uint32_t from;		   /* EVENT_STATE: enum proposal_state or 0 */
	enum proposal_state state; /* of the proposal after the event */
	enum choice choice;	   /* EVENT_BALLOT */
	uint8_t changes;	   /* EVENT_BALLOT */
	uint32_t other;		   /* the other account */
	uint64_t amount;	   /* micro-tokens, or a number */
};

/* What happened since the last governance_advance began, in order. Lent until
 * the next change. A transaction adds at most 128, an advance one for each
 * proposal due. */
const struct governance_event *governance_events(const struct governance *g,
						 size_t *count);
const char *governance_event_name(uint32_t kind);

/* ---- Queries ---- */

uint32_t governance_proposal_count(const struct governance *g);
/* Submitted or in voting. */
uint32_t governance_open_count(const struct governance *g);
/* What a proposal locks if it is submitted now, in micro-tokens. */
uint64_t governance_deposit(const struct governance *g);
/* Deposits that were not given back. */
uint64_t governance_treasury(const struct governance *g);
/* Of all proposals that ever opened: what an eligible account could vote on. */
uint32_t governance_opened_count(const struct governance *g);
/* Numbers 1 to count; NULL for another one. Lent until the next change. */
const struct proposal *governance_proposal(const struct governance *g,
					   uint32_t number);
/* The tally as it stands; before voting opens, against today's total. */
void governance_evaluate(const struct governance *g, struct tally_result *out,
			 const struct proposal *p);

struct governance_ballot {
	uint64_t nonce;	 /* of the transaction that carried it */
	uint64_t height; /* of the block that holds that */
	uint32_t account;
	uint8_t choice;	  /* enum choice */
	uint8_t changes;  /* how often it was replaced */
	uint32_t pending; /* this folder's: 1 + index of its record to write */
	uint32_t before;  /* its account's proposal before; 0: none */
};

/* Proposals in many orders, up to date until the next change. */
const struct proposal_index *governance_index(const struct governance *g);

/* Accounts by what they hold now, the largest first. */
enum governance_unit { UNIT_STAKE, UNIT_REPUTATION };
void governance_largest(const struct governance *g, struct largest_walk *out,
			enum governance_unit unit);

/* Of all proposals together. */
uint64_t governance_ballot_total(const struct governance *g);
/* Numbers of the proposals on which the account has a ballot, in descending
 * order, below `below` (0: all of them), at most `max`. Costs a look-up for
 * each ballot the account ever cast. */
uint32_t governance_voted_on(const struct governance *g, uint32_t account,
			     uint32_t below, uint32_t *out, uint32_t max);

/* Ballots in order of each account's first one, which never changes: the
 * position is a stable cursor. 0 for an unknown proposal. */
uint32_t governance_ballot_count(const struct governance *g, uint32_t number);
/* Lent until the next change; NULL when there is none. */
const struct governance_ballot *governance_ballot_at(const struct governance *g,
						     uint32_t number,
						     uint32_t position);
/* `position` may be NULL. */
const struct governance_ballot *governance_ballot_of(const struct governance *g,
						     uint32_t number,
						     uint32_t account,
						     uint32_t *position);
/* What an account carries for others, before any cap. The places of those
 * who carry run from 0, in no order that means anything, and stay while the
 * process runs. False for a place or an account that has none. */
bool governance_carried_at(const struct governance *g, uint32_t number,
			   uint32_t place, uint32_t *account,
			   struct power *power);
bool governance_carried_by(const struct governance *g, uint32_t number,
			   uint32_t account, struct power *power);
/* Those who carry most, before any cap, at most `max`: in the mechanism's unit,
 * in hybrid votes in tokens. Ones that carry nothing any more may be last. */
struct governance_carrier {
	struct power power;
	uint32_t account;
};
uint32_t governance_carriers(const struct governance *g, uint32_t number,
			     struct governance_carrier *out, uint32_t max);
/* What an open vote misses for want of the account's ballot: 0 when it voted,
 * and nothing that somebody carries. */
unsigned __int128 governance_left_weight(const struct governance *g,
					 const struct proposal *p,
					 uint32_t account);
/* What the account weighs, in the proposal's mechanism; before and while it is
 * voted on. A ballot's record says it for good. */
unsigned __int128 governance_ballot_weight(const struct governance *g,
					   const struct proposal *p,
					   uint32_t account);

/* ---- Delegations ---- */

struct governance_delegation {
	uint32_t principal;
	uint32_t target;     /* UINT32_MAX: nobody, it opts out */
	uint32_t serial;     /* names it among its principal's */
	uint32_t kind;	     /* enum delegation_kind */
	uint32_t types;	     /* of a conditional one: bit type - 1 */
	uint64_t amount;     /* of a limited one */
	uint64_t expires_ms; /* 0: never */
	uint64_t from;	     /* the first snapshot height that sees it */
};

/* Those that the account made and that stand, oldest first, at most
 * LIMIT_DELEGATIONS; returns how many. One that expired stands until its
 * principal changes another. */
uint32_t governance_delegations(const struct governance *g,
				struct governance_delegation *out,
				uint32_t account);
/* How many that stand lead to the account. */
uint32_t governance_received_count(const struct governance *g,
				   uint32_t account);
/* The mature stake of those who made them: all of it, or the amounts to which
 * they limited it. Expired ones stand, too. */
uint64_t governance_received_stake(const struct governance *g,
				   uint32_t account);
/* Up to `room` of these from *cursor on, which is 0 at first; returns how many:
 * seldom less than there are, even none. *cursor is 0 when there are no more.
 * Any change makes cursors void: one that
 * no longer stands for anything of this account gives none. */
uint32_t governance_received(const struct governance *g,
			     struct governance_delegation *out, uint32_t room,
			     uint32_t account, uint32_t *cursor);
/* What detectors found, 1 to count, in order; NULL for another number. Lent
 * until the next change. */
uint32_t governance_alert_count(const struct governance *g);
const struct alert *governance_alert(const struct governance *g,
				     uint32_t number);

/* ---- The council ---- */

enum act_state {
	ACT_OPEN = 1,	 /* waits for approvals */
	ACT_DELAYED = 2, /* a majority approved: done when it falls due */
	ACT_DONE = 3,	 /* and put to the vote: `ratification` */
	ACT_FAILED = 4,	 /* approved, and could not be done: `failure` */
	ACT_EXPIRED = 5,
};
const char *act_state_name(uint32_t state);

struct governance_act {
	uint32_t number; /* 1, 2, 3, ... */
	uint32_t author;
	uint64_t nonce; /* of the transaction that proposed it */
	enum act_state state;
	uint64_t created_ms;
	uint64_t due_ms; /* expires, is done, or was over then */
	enum err failure;
	uint32_t ratification; /* the proposal that ratifies it; 0: none */
	uint8_t approval_count;
	uint32_t approvals[LIMIT_COUNCIL]; /* accounts, in order */
	uint8_t title_size;
	char title[LIMIT_TITLE_BYTES]; /* no NUL */
};

uint32_t governance_act_count(const struct governance *g);
/* Numbers 1 to count; NULL for another one. Lent until the next change. */
const struct governance_act *governance_act(const struct governance *g,
					    uint32_t number);
/* What it does and what undoes it; parts point into the governance. */
void governance_act_actions(const struct governance *g, uint32_t number,
			    struct action_list *actions,
			    struct action_list *revert,
			    struct action room[2 * LIMIT_ACTIONS]);
/* The accounts that have vetoed the proposal, in order. Lent. */
uint32_t governance_vetoes(const struct governance *g, uint32_t number,
			   const uint32_t **accounts);

/* ---- Records ---- */

/* Emit every record that changed since the last flush once, in an order that
 * depends on the history only. Nothing is ever removed. Call it after the
 * genesis accounts, too. The sink is called once for each record; key and
 * value are lent for that call. */
void governance_flush(struct governance *g,
		      void (*sink)(void *context, struct bytes key,
				   struct bytes value),
		      void *context);
/* The same for up to `budget` records; true when only the last of them are
 * left. governance_flush, which ends the block, emits the rest. */
bool governance_flush_some(struct governance *g,
			   void (*sink)(void *context, struct bytes key,
					struct bytes value),
			   void *context, uint32_t budget);

/* Read one record back, into a governance that was made with the same genesis
 * and parameters and got no accounts. Records must come in ascending order of
 * their keys, every one, then governance_load_finish, before anything else.
 * ERR_DATA_DAMAGED: not such a record, out of order, or it contradicts one
 * read before; the governance may then only be freed. */
enum err governance_load(struct governance *g, struct bytes key,
			 struct bytes value, struct err_text *text) MUST_USE;
/* ERR_DATA_DAMAGED when records are missing. After ERR_OK the state is that
 * of the governance that flushed them. */
enum err governance_load_finish(struct governance *g,
				struct err_text *text) MUST_USE;

#endif
