/* What detectors know of a vote, and what they make of it.
 *
 * Pure functions of the agreed log: each ballot is counted once as it comes,
 * in bounded memory; when the vote is about to close, a table of detectors
 * looks at what was counted. A detector that fires leaves an alert, a record
 * with the figures that made it fire; never a verdict. No account, proposal or
 * clock is known here: src/governance/watch.c brings them. doc/detectors.md
 * says what each looks for, and how wrong it may be. */
#ifndef BCAI_GOVERNANCE_DETECT_H
#define BCAI_GOVERNANCE_DETECT_H

#include "governance/tally.h"

/* X(symbol, number, name, may delay, names of figures, sentence) */
#define DETECTORS(X)                                                           \
	X(SURGE, 1, "power-surge", true,                                       \
	  ("share_bp", "weight_cast", "tokens_cast", "tokens_median"),         \
	  "one account without a recent ballot holds much of what was cast, "  \
	  "or far more was cast than in the votes before")                     \
	X(DORMANT, 2, "dormant-accounts", true,                                \
	  ("accounts", "share_bp", "weight_cast", "choice"),                   \
	  "accounts that had long been silent chose the same together")        \
	X(LATE_SWING, 3, "late-swing", true,                                   \
	  ("accounts", "passed_before", "late_weight", "weight_cast"),         \
	  "a few accounts turned the result in the late window")               \
	X(SYBIL, 4, "sybil-burst", false,                                      \
	  ("accounts", "share_bp", "by_funder", "origin"),                     \
	  "accounts of one origin and like balances chose the same")           \
	X(FLOODING, 5, "flooding", false,                                      \
	  ("submissions", "window_ms", "by_all", ""),                          \
	  "more proposals in a while than people can read")                    \
	X(LOOK_ALIKE, 6, "look-alike", false, ("other", "", "", ""),           \
	  "the title reads like that of another account's proposal")           \
	X(PAYLOAD, 7, "payload", false, ("action", "finding", "", ""),         \
	  "an action is not what the type is for, or not what the text says")  \
	X(FUNNEL, 8, "delegation-funnel", false,                               \
	  ("delegations", "share_bp", "tokens", "epoch"),                      \
	  "much stake was delegated to one account within an epoch")           \
	X(SNIPING, 9, "quorum-sniping", false,                                 \
	  ("accounts", "quorum_before", "quorum_required", "quorum_now"),      \
	  "a few accounts brought the quorum in the late window, and it "      \
	  "passes")                                                            \
	X(REPLAY, 10, "replay", false, ("transactions", "", "", ""),           \
	  "a block held many transactions of one account that had been there")

enum detector {
#define DETECT_ENUM(symbol, number, ...) DETECT_##symbol = (number),
	DETECTORS(DETECT_ENUM)
#undef DETECT_ENUM
};
#define DETECT_MAX 16 /* numbers stay below: they are bits of a u16 */

#define ALERT_ACCOUNTS 8
#define ALERT_FIGURES  4

struct alert {
	uint32_t number; /* 1, 2, 3, ... */
	enum detector kind;
	bool delayed; /* it prolonged the vote */
	uint32_t proposal;
	uint64_t height;
	uint64_t time_ms;
	uint8_t account_count;
	uint32_t account[ALERT_ACCOUNTS]; /* those that weigh most, first */
	unsigned __int128 figure[ALERT_FIGURES];
};

/* "power-surge"; NULL for a number that is none. The other way: 0. */
const char *detector_name(uint32_t kind);
uint32_t detector_from_name(const char *name);
const char *detector_sentence(uint32_t kind);
/* "" for a figure that the kind does not have. */
const char *detector_figure_name(uint32_t kind, size_t figure);
bool detector_may_delay(uint32_t kind);

/* ---- What is kept of a vote ---- */

#define WATCH_HEAVIEST 8
#define WATCH_MOVERS   8
#define WATCH_GROUPS   16
#define WATCH_NAMES    4
#define WATCH_PAST     16

/* The accounts that weigh most of those it was shown, heaviest first; of two
 * alike the lower index. */
struct watch_list {
	uint8_t count;
	uint32_t account[WATCH_HEAVIEST];
	unsigned __int128 weight[WATCH_HEAVIEST];
};

/* Ballots of silent accounts that woke, a choice. */
struct watch_woken {
	uint32_t voters;
	unsigned __int128 weight;
};

/* Who voted, or changed, in the late window. */
struct watch_mover {
	uint32_t account;
	uint8_t from; /* the choice it entered the window with; 0: none */
	uint8_t to;
	struct power power; /* with what it carries */
	unsigned __int128 weight;
};

/* Accounts of one origin, like balances and one choice. Counted as by Misra
 * and Gries: whatever is more than a seventeenth of all that were shown is
 * certainly here, and no count is too high. */
struct watch_group {
	uint64_t origin; /* a funder, or a span of birth heights */
	bool by_funder;
	uint8_t choice;
	uint8_t size; /* bits of the stake: like balances */
	uint8_t names;
	uint32_t account[WATCH_NAMES]; /* the first of them */
	uint32_t count;
	unsigned __int128 weight;
};

struct watch {
	uint32_t ended;		 /* votes that had ended when this one opened */
	uint8_t history;	 /* how many of these make history */
	bool delayed;		 /* an alert prolonged it; never again */
	uint16_t fired;		 /* bit number: that detector has fired */
	struct watch_list fresh; /* voters without history */
	struct watch_list woken_list;
	struct watch_woken woken[CHOICES];
	bool late;	     /* a ballot came in the late window */
	struct tally before; /* that ballot */
	uint8_t mover_count;
	struct watch_mover mover[WATCH_MOVERS];
	uint8_t group_count;
	struct watch_group group[WATCH_GROUPS];
};

/* A ballot, as it is applied. */
struct watch_ballot {
	uint32_t account;
	uint8_t from; /* choice that it replaces; 0: none */
	uint8_t to;
	bool has_history; /* it voted in one of the votes just ended */
	bool woke;	  /* it voted once, but in none of these */
	bool late;	  /* the late window has begun */
	uint32_t funder;  /* NO_ACCOUNT: made by the genesis */
	uint64_t birth;	  /* span of heights in which the account was made */
	struct power power;
	unsigned __int128 weight; /* in the proposal's mechanism */
	struct power burdened;	  /* with what it carries by now; if late */
	unsigned __int128 burdened_weight;
	const struct tally *before; /* the tally without this ballot */
};

/* Count it. True when anything was kept of it. */
bool watch_count(struct watch *w, const struct watch_ballot *b);

/* The parts of that, a file each; false: it was not heavy enough. */
bool watch_list_add(struct watch_list *l, uint32_t account,
		    unsigned __int128 weight);
void watch_count_woken(struct watch *w, const struct watch_ballot *b);
void watch_mover_put(struct watch *w, const struct watch_mover *m);
void watch_count_late(struct watch *w, const struct watch_ballot *b);
void watch_count_groups(struct watch *w, const struct watch_ballot *b);

/* ---- The end of a vote ---- */

/* The thresholds, by the names of the parameters. */
struct detect_limits {
	uint32_t history_min;
	uint32_t surge_share_bp;
	uint32_t surge_times;
	uint32_t surge_window; /* of `past`; at most WATCH_PAST */
	uint32_t dormant_accounts;
	uint32_t dormant_share_bp;
	uint32_t swing_accounts; /* at most 3 */
	uint32_t snipe_accounts; /* at most 3 */
	uint32_t sybil_accounts;
	uint32_t sybil_share_bp;
};

struct watch_end {
	const struct watch *watch;
	const struct rules *rules;
	const struct power *total;
	const struct tally *tally;
	uint32_t ended;		   /* votes before, of any age */
	uint64_t past[WATCH_PAST]; /* tokens cast in the last of these */
	uint32_t past_count;
	struct detect_limits limits;
};

/* What fires now and has not fired before: kind, accounts and figures of each.
 * Returns how many. */
#define DETECT_END_MAX 5
size_t detect_end(const struct watch_end *end,
		  struct alert out[DETECT_END_MAX]);

/* The detectors of votes, one by one; true: `out` is filled. */
bool detect_surge(const struct watch_end *end, struct alert *out);
bool detect_dormant(const struct watch_end *end, struct alert *out);
bool detect_late_swing(const struct watch_end *end, struct alert *out);
bool detect_sniping(const struct watch_end *end, struct alert *out);
bool detect_sybil(const struct watch_end *end, struct alert *out);

/* What a choice has, own and carried. */
struct power watch_choice(const struct tally *t, enum choice choice);
/* Tokens of all choices. */
uint64_t watch_tokens(const struct tally *t);
/* What all ballots weigh together. */
unsigned __int128 watch_cast(const struct watch_end *end);
/* part / whole in basis points, rounded down; 0 of nothing. */
uint32_t watch_share_bp(unsigned __int128 part, unsigned __int128 whole);

#endif
