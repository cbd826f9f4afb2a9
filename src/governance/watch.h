/* The detectors at work in a governance: what they are told, and when.
 *
 * A vote that runs keeps a struct watch, written as a record of its own; when
 * it has ended, only what fired and its place among the ended votes stay. */
#ifndef BCAI_GOVERNANCE_WATCH_H
#define BCAI_GOVERNANCE_WATCH_H

#include "governance/actions.h"
#include "governance/funnels.h"
#include "governance/replays.h"
#include "governance/submissions.h"

struct governance;
struct governance_context;
struct entry;

/* Of one proposal, in struct entry. */
struct watching {
	struct watch *watch; /* Owned; NULL unless it is in voting */
	uint32_t ended;	     /* its place among the ended, from 1; 0: none */
	uint16_t fired;	     /* bit number: that detector has fired */
	bool delayed;
	uint32_t pending;  /* 1 + index in `pending`; 0: none */
	uint64_t title;	   /* skeleton */
	bool payload_told; /* once a proposal, however often it is amended */
};

/* Of all, in struct governance. */
struct watchers {
	uint32_t *ended; /* Owned; numbers, in the order of ending. */
	uint32_t ended_count;
	uint32_t ended_capacity;
	struct alert *alerts; /* Owned; number n stands at [n - 1]. */
	uint32_t alert_count;
	uint32_t alert_capacity;
	uint32_t alerts_flushed;
	struct submissions submissions;
	struct replays replays;
	struct funnels funnels;
	bool funnels_pending;
};

void watchers_fini(struct watchers *w);

/* The proposal was handed in for a vote. */
void watch_submitted(struct governance *g, const struct entry *e);
/* The account is about to delegate to the target. */
struct edge;
void watch_delegation(struct governance *g, const struct edge *edge);
/* The voter's ballot of this block carries others: it weighs more now. */
void watch_carried(struct governance *g, struct entry *e, uint32_t account);
/* The proposal's text and actions were set. */
void watch_payload(struct governance *g, struct entry *e, struct bytes title,
		   struct bytes description, const struct action_list *actions);
/* The vote opened: rules, totals and snapshot stand in the proposal. */
void watch_open(struct governance *g, struct entry *e);
/* A ballot of an account with that power is about to replace `from` (0: none)
 * by `to`. */
void watch_ballot(struct governance *g, struct entry *e,
		  const struct governance_context *ctx, enum choice from,
		  enum choice to, const struct power *power);
/* The vote is about to close: raise what fires. True when that prolonged it:
 * once a vote, for detectors that may. */
bool watch_closing(struct governance *g, struct entry *e);
/* What an account weighs in this vote, by its snapshot. */
void watch_power(const struct governance *g, const struct entry *e,
		 uint32_t account, struct power *power,
		 unsigned __int128 *weight);
/* It ended; one that came to a result counts as history from now on. */
void watch_ended(struct governance *g, struct entry *e, bool has_result);

/* ---- Records ---- */

void watch_record_write(struct writer *w, const struct entry *e);
/* ERR_DATA_DAMAGED; the proposal and its ballots must be there. */
enum err watch_record_read(struct governance *g, struct entry *e,
			   struct bytes value) MUST_USE;
void funnels_record_write(struct writer *w, const struct funnels *f);
enum err funnels_record_read(const struct governance *g, struct funnels *out,
			     struct bytes value) MUST_USE;
void alert_record_write(struct writer *w, const struct alert *a);
enum err alert_record_read(struct alert *out, uint32_t number,
			   struct bytes value) MUST_USE;
/* The next alert, as read back. */
void watchers_add_alert(struct watchers *w, const struct alert *a);
/* A proposal as read back, without its title. */
void watchers_add_submitted(struct watchers *w, const struct entry *e);
/* Every ended vote has its place, and none is missing. */
bool watchers_are_whole(const struct governance *g);

#endif
