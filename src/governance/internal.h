/* What the files of this folder share; nobody outside includes it. */
#ifndef BCAI_GOVERNANCE_INTERNAL_H
#define BCAI_GOVERNANCE_INTERNAL_H

#include "base/assert.h"
#include "governance/accounts.h"
#include "governance/ballots.h"
#include "governance/contents.h"
#include "governance/council.h"
#include "governance/carry.h"
#include "governance/deadlines.h"
#include "governance/edges.h"
#include "governance/governance.h"
#include "governance/prose.h"
#include "governance/settings.h"
#include "governance/watch.h"

struct entry {
	struct proposal p;
	struct ballots ballots;
	uint8_t *actions; /* Owned; their layout; NULL: none, or no use */
	size_t actions_size;
	struct carry carry;
	struct largest carriers; /* places in carry.list; for readers */
	struct watching watching;
	struct vetoes vetoes;
	bool passing;		 /* would pass, as its tally stood last */
	uint32_t pending_record; /* 1 + index in `pending`; 0: none */
	uint32_t pending_texts;
	uint32_t pending_actions;
	uint32_t pending_reason;
};

enum pending_kind {
	PENDING_BALLOT,
	PENDING_PROPOSAL,
	PENDING_TEXTS,
	PENDING_ACTIONS,
	PENDING_REASON,
	PENDING_EDGES,
	PENDING_CARRIED,
	PENDING_WATCH,
	PENDING_VETOES,
	PENDING_ACT,
};

/* A record to write at the next flush. Content is taken from the state then,
 * but for texts, which are kept here until then. */
struct pending {
	enum pending_kind kind;
	uint32_t number;
	uint32_t account;  /* of a ballot, edges or what is carried */
	uint32_t position; /* of a ballot */
	uint64_t tokens;   /* its account's at the snapshot */
	uint64_t reputation;
	uint8_t *text; /* Owned; title and description, or a reason */
	size_t size;
	size_t title_size;
};

/* What time brings at the beginning of a block, in this order. */
enum advance_phase {
	ADVANCE_DONE,
	ADVANCE_EPOCH,	/* the turn is walking */
	ADVANCE_MATURE, /* lots that are due */
	ADVANCE_DUE,	/* proposals that are due */
};

/* First ballots of one transaction that wait for their walk. */
struct casting {
	uint32_t account;		   /* whose they are */
	uint64_t time_ms;		   /* of the block */
	uint32_t number[LIMIT_TX_BALLOTS]; /* of their proposals */
	uint32_t count;
	uint32_t next;
	bool walking; /* `walk` is under way, for `next` */
	struct carry_walk walk;
	struct carry_graph graph;
};

struct load; /* load.c's */

struct governance {
	struct hash genesis;
	struct governance_params params; /* in force */
	struct settings settings;
	bool params_pending; /* their record is to be written */
	bool settings_pending;

	struct accounts accounts;
	struct power_sum
		opening;   /* the total as this block's snapshots have it */
	uint64_t stake;	   /* of everybody and the treasury: never changes */
	uint64_t treasury; /* micro-tokens */
	uint64_t epoch_start_ms;
	uint32_t keys_flushed; /* accounts whose key's record is written */

	struct edges edges;
	struct casting casting;

	struct entry *entries; /* Owned; number n stands at [n - 1]. */
	uint32_t entry_count;
	uint32_t entry_capacity;
	uint32_t open;
	uint32_t opened;
	uint32_t vetoed; /* proposals that a member has vetoed */
	struct deadlines deadlines;
	struct watchers watchers;
	struct acts acts;
	struct {
		enum advance_phase phase;
		uint64_t height;
		uint64_t time_ms;
	} advance;

	/* For readers alone. */
	struct proposal_index *index; /* Owned. */
	uint64_t ballots;

	struct governance_event *events; /* Owned. */
	size_t event_count;
	size_t event_capacity;

	struct pending *pending; /* Owned. */
	uint32_t pending_count;
	uint32_t pending_flushed; /* of these, by governance_flush_some */
	uint32_t pending_capacity;
	bool globals_pending;

	struct load *load; /* Owned; NULL unless records are being read. */
};

/* NULL for a number that is none. */
struct entry *entry_of(const struct governance *g, uint32_t number);
/* A new one behind the last; zeros but for its number. Moves the others. */
struct entry *entry_add(struct governance *g);

void event_add(struct governance *g, const struct governance_event *event);

/* Have these written at the next flush. Texts are copied; a later one for
 * the same record replaces the earlier. */
void pending_proposal(struct governance *g, struct entry *e);
void pending_texts(struct governance *g, struct entry *e, struct bytes title,
		   struct bytes description);
void pending_actions(struct governance *g, struct entry *e,
		     struct bytes actions);
void pending_ballot(struct governance *g, struct entry *e,
		    struct governance_ballot *ballot, const struct power *own,
		    struct bytes reason);
void pending_reason(struct governance *g, struct entry *e, struct bytes reason);
void pending_vetoes(struct governance *g, struct entry *e);
void pending_act(struct governance *g, struct act_entry *a);
void pending_carried(struct governance *g, const struct entry *e,
		     struct carried *carried);
void pending_edges(struct governance *g, uint32_t account);
void pending_watch(struct governance *g, struct entry *e);
void pending_fini(struct governance *g);

/* The record of counters and totals. */
#define GLOBALS_RECORD_BYTES (1 + HASH_BYTES + 4 + 28 + 8 + 8 + 4 + 8 + 6 * 4)
void globals_record_write(struct writer *w, const struct governance *g);
/* Treasury and epoch, which stand nowhere else. */
void globals_record_take(struct reader *r, struct governance *g);

/* Count the proposal among its proposer's drafts or open ones, and arm its
 * deadline, as its state demands; undo that. */
void entry_enlist(struct governance *g, const struct entry *e);
void entry_delist(struct governance *g, const struct entry *e);
uint32_t governance_turnout(const struct governance *g,
			    const struct proposal *p);
/* The account's stake as its delegates' readers see it: its edges or its stake
 * change between undoing and doing. */
void entrust_undo(struct governance *g, uint32_t account);
void entrust_do(struct governance *g, uint32_t account);
/* For accounts.on_stake. */
void entrust_change(void *governance, uint32_t account, uint64_t before,
		    uint64_t now);
/* What it carries is another power than before. */
void carrier_changed(struct entry *e, const struct carried *held);
/* An account's first ballot on the proposal. */
void ballot_enlist(struct governance *g, const struct entry *e,
		   struct governance_ballot *ballot);

/* The least height an open vote's snapshot has; UINT64_MAX when none is open.
 */
uint64_t oldest_snapshot(const struct governance *g);

/* Everything that governance_work would do. */
void work_finish(struct governance *g);

/* The one place where a state changes. The times that the new state needs
 * stand in the proposal already. */
void set_state(struct governance *g, struct entry *e, enum proposal_state to);
void end_proposal(struct governance *g, struct entry *e, enum proposal_state to,
		  enum proposal_reason reason, uint64_t time_ms);
/* Submit it: its rules and times as they are planned. */
void plan_voting(struct governance *g, struct entry *e, uint64_t time_ms);
/* Block times are far from the end of 64 bits; a hostile one must not wrap. */
uint64_t later(uint64_t time_ms, uint64_t by_ms);

/* A title, which must be there; a reason, which may be empty. */
enum err check_title(struct bytes title, struct err_text *text);
enum err check_reason(struct bytes reason, struct err_text *text);

/* The deposit that a proposal needs now must be there; lock it, give it back,
 * or let it go to the treasury, as of the block after `height`. */
enum err deposit_check(const struct governance *g, uint32_t account,
		       struct err_text *text);
void deposit_lock(struct governance *g, struct entry *e);
void deposit_return(struct governance *g, struct entry *e);
void deposit_burn(struct governance *g, struct entry *e, uint64_t height);

/* The tally of a vote has changed: its end may move. */
void vote_changed(struct governance *g, struct entry *e, uint64_t time_ms);
/* Prolong a vote by its late window; false when it cannot last longer. */
bool vote_delay(struct governance *g, struct entry *e);

enum err transfer_check(const struct governance *g,
			const struct governance_context *ctx,
			const struct payload_transfer *t,
			struct err_text *text);
void transfer_apply(struct governance *g, const struct governance_context *ctx,
		    const struct payload_transfer *t);

void load_fini(struct governance *g);

#endif
