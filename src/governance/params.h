/* The parameters of governance: one table with names, defaults and bounds.
 *
 * Set by name at genesis; part of the replicated state from then on. This
 * module knows values and bounds, not what they mean for a proposal. */
#ifndef BCAI_GOVERNANCE_PARAMS_H
#define BCAI_GOVERNANCE_PARAMS_H

#include "base/bytes.h"
#include "base/error.h"
#include "governance/types.h"

#define MS_SECOND UINT64_C(1000)
#define MS_HOUR	  (3600 * MS_SECOND)
#define MS_DAY	  (24 * MS_HOUR)
#define TOKEN	  UINT64_C(1000000) /* micro-tokens */
#define POINT	  UINT64_C(1000)    /* milli-points */
#define BP_ONE	  10000u	    /* basis points */

/* X(symbol, name, unit, min, max, default, sentence)
 * Thresholds of the detectors; doc/detectors.md has the reasons. */
#define PARAM_DETECT_TABLE(X)                                                  \
	X(DETECT_HISTORY, "detect.history", "votes", 1, 16, 8,                 \
	  "votes that ended before one opened; a ballot in any of them is an " \
	  "account's history")                                                 \
	X(DETECT_HISTORY_MIN, "detect.history_min", "votes", 1, 16, 3,         \
	  "votes that must have ended before a power surge can be told")       \
	X(DETECT_SURGE_SHARE, "detect.surge_share_bp", "bp", 1, 10000, 1000,   \
	  "share of the cast that one account without history may not reach")  \
	X(DETECT_SURGE_TIMES, "detect.surge_times", "times", 2, 1000, 5,       \
	  "tokens cast, as a multiple of the median of the votes before, "     \
	  "that make a surge")                                                 \
	X(DETECT_SURGE_WINDOW, "detect.surge_window", "votes", 1, 16, 8,       \
	  "ended votes that the median is taken of")                           \
	X(DETECT_DORMANT_ACCOUNTS, "detect.dormant_accounts", "accounts", 2,   \
	  LIMIT_ACCOUNTS, 5,                                                   \
	  "accounts that voted before but long not, with one choice, that "    \
	  "are a wave")                                                        \
	X(DETECT_DORMANT_SHARE, "detect.dormant_share_bp", "bp", 1, 10000,     \
	  1000, "share of the cast that such a wave must reach")               \
	X(DETECT_SWING_ACCOUNTS, "detect.swing_accounts", "accounts", 0, 3, 3, \
	  "accounts, at most, that turn a result in the late window")          \
	X(DETECT_SNIPE_ACCOUNTS, "detect.snipe_accounts", "accounts", 0, 3, 3, \
	  "accounts, at most, that bring the quorum in the late window")       \
	X(DETECT_SYBIL_ACCOUNTS, "detect.sybil_accounts", "accounts", 2,       \
	  LIMIT_ACCOUNTS, 10,                                                  \
	  "accounts of one origin, like balances and one choice that are a "   \
	  "burst")                                                             \
	X(DETECT_SYBIL_SHARE, "detect.sybil_share_bp", "bp", 0, 10000, 100,    \
	  "share of the cast that such a burst must reach")                    \
	X(DETECT_SYBIL_BLOCKS, "detect.sybil_blocks", "blocks", 1, 1000000,    \
	  100, "span of heights in which accounts are made together")          \
	X(DETECT_WINDOW_MS, "detect.window_ms", "ms", MS_SECOND, 365 * MS_DAY, \
	  MS_DAY, "time in which submissions are counted")                     \
	X(DETECT_FLOOD_ACCOUNT, "detect.flood_account", "proposals", 2, 128,   \
	  5, "submissions of one account in that time that are a flood")       \
	X(DETECT_FLOOD_ALL, "detect.flood_all", "proposals", 2, 128, 50,       \
	  "submissions of all in that time that are a flood")                  \
	X(DETECT_FUNNEL_DELEGATIONS, "detect.funnel_delegations",              \
	  "delegations", 1, 1000000, 20,                                       \
	  "delegations to one account in one epoch that are a funnel")         \
	X(DETECT_FUNNEL_SHARE, "detect.funnel_share_bp", "bp", 1, 10000, 500,  \
	  "share of all stake that they must bring")                           \
	X(DETECT_REPLAYS, "detect.replays", "transactions", 1, 1000000, 32,    \
	  "transactions of one account with used nonces, in one block, that "  \
	  "are an attempt")

/* X(symbol, name, unit, min, max, default, sentence) */
#define PARAM_GLOBAL_TABLE(X)                                                  \
	X(PROPOSAL_MIN_STAKE, "proposal.min_stake", "micro-tokens", 0,         \
	  LIMIT_STAKE_TOTAL, 5000 * TOKEN,                                     \
	  "stake an account needs to make a proposal")                         \
	X(PROPOSAL_MAX_OPEN, "proposal.max_open", "proposals", 1,              \
	  LIMIT_PROPOSALS_OPEN, 3,                                             \
	  "proposals one account may have submitted or in voting at a time")   \
	X(PROPOSAL_DEPOSIT, "proposal.deposit", "micro-tokens", 0,             \
	  LIMIT_STAKE_TOTAL, 10000 * TOKEN,                                    \
	  "stake that a proposal locks from submission to its end")            \
	X(DEPOSIT_GROWTH_BP, "proposal.deposit_growth_bp", "bp", 0, 10000,     \
	  100, "growth of the deposit for each open proposal of the network")  \
	X(DRAFT_EXPIRY_MS, "draft.expiry_ms", "ms", MS_SECOND, 365 * MS_DAY,   \
	  30 * MS_DAY, "time after which an unpublished draft expires")        \
	X(VOTE_MIN_STAKE, "vote.min_stake", "micro-tokens", 1,                 \
	  LIMIT_STAKE_TOTAL, TOKEN,                                            \
	  "stake that makes an account without reputation a voter")            \
	X(STAKE_MATURITY_MS, "stake.maturity_ms", "ms", 0, 30 * MS_DAY,        \
	  MS_DAY, "time until stake that arrives counts")                      \
	X(ACCOUNT_MIN_STAKE, "account.min_stake", "micro-tokens", 1,           \
	  LIMIT_STAKE_TOTAL, TOKEN, "least stake that makes a new account")    \
	X(EPOCH_MS, "epoch.length_ms", "ms", MS_SECOND, 365 * MS_DAY, MS_DAY,  \
	  "length of an epoch of governance")                                  \
	X(REPUTATION_KEPT_BP, "reputation.kept_bp", "bp", 1, 10000, 9800,      \
	  "share of its reputation that an account keeps at the turn of an "   \
	  "epoch")                                                             \
	X(REPUTATION_CAP_CODE_COMMIT, "reputation.cap_code_commit",            \
	  "milli-points", 0, LIMIT_REPUTATION_TOTAL, 1000 * POINT,             \
	  "most points an epoch awards for code commits")                      \
	X(REPUTATION_CAP_BUG_REPORT, "reputation.cap_bug_report",              \
	  "milli-points", 0, LIMIT_REPUTATION_TOTAL, 1000 * POINT,             \
	  "most points an epoch awards for bug reports")                       \
	X(REPUTATION_CAP_SECURITY_AUDIT, "reputation.cap_security_audit",      \
	  "milli-points", 0, LIMIT_REPUTATION_TOTAL, 1000 * POINT,             \
	  "most points an epoch awards for security audits")                   \
	X(REPUTATION_CAP_DOCUMENTATION, "reputation.cap_documentation",        \
	  "milli-points", 0, LIMIT_REPUTATION_TOTAL, 500 * POINT,              \
	  "most points an epoch awards for documentation")                     \
	X(REPUTATION_CAP_COMMUNITY_SUPPORT,                                    \
	  "reputation.cap_community_support", "milli-points", 0,               \
	  LIMIT_REPUTATION_TOTAL, 500 * POINT,                                 \
	  "most points an epoch awards for community support")                 \
	X(REPUTATION_CAP_RESEARCH, "reputation.cap_research", "milli-points",  \
	  0, LIMIT_REPUTATION_TOTAL, 1000 * POINT,                             \
	  "most points an epoch awards for research")                          \
	X(REPUTATION_CAP_GOVERNANCE_PROPOSAL,                                  \
	  "reputation.cap_governance_proposal", "milli-points", 0,             \
	  LIMIT_REPUTATION_TOTAL, 500 * POINT,                                 \
	  "most points an epoch awards for governance proposals")              \
	X(REPUTATION_TECHNICAL_PROPOSAL, "reputation.technical_proposal",      \
	  "milli-points", 0, 1000 * POINT, 10 * POINT,                         \
	  "points for the proposer of an executed technical proposal")         \
	X(COUNCIL_DELAY_MS, "council.delay_ms", "ms", 0, 30 * MS_DAY, MS_DAY,  \
	  "time until an act is done that a majority of the council, and not " \
	  "more, has approved")                                                \
	X(COUNCIL_EXPIRY_MS, "council.expiry_ms", "ms", MS_SECOND,             \
	  365 * MS_DAY, 7 * MS_DAY,                                            \
	  "time in which an act of the council must be approved")              \
	X(PARAMETER_COOLDOWN_MS, "parameter.cooldown_ms", "ms", 0,             \
	  365 * MS_DAY, 7 * MS_DAY,                                            \
	  "time after which a parameter that was changed may change again")    \
	X(DELEGATION_DEPTH, "delegation.depth", "hops", 1,                     \
	  LIMIT_DELEGATION_DEPTH, 8,                                           \
	  "how far delegated power looks for somebody who voted")              \
	X(DELEGATION_MAX_PER_EPOCH, "delegation.max_per_epoch", "delegations", \
	  1, 10000, 32, "delegations an account may make in one epoch")        \
	X(TOKENS_FLOOR_BP, "tokens_floor_bp", "bp", 0, 5000, 200,              \
	  "share of stake, for and abstain, that a quadratic or reputation "   \
	  "vote needs")                                                        \
	PARAM_DETECT_TABLE(X)

/* X(symbol, name, unit, min, max, standard, technical, emergency,
 *   constitutional, treasury, parameter, crosschain, sentence) */
#define PARAM_TYPE_TABLE(X)                                                    \
	X(MECHANISM, "mechanism", "mechanism", MECHANISM_TOKEN,                \
	  MECHANISM_HYBRID, MECHANISM_QUADRATIC, MECHANISM_HYBRID,             \
	  MECHANISM_TOKEN, MECHANISM_QUADRATIC, MECHANISM_QUADRATIC,           \
	  MECHANISM_HYBRID, MECHANISM_QUADRATIC,                               \
	  "1 token-weighted, 2 quadratic, 3 reputation-weighted, 4 hybrid")    \
	X(WEIGHT_TOKENS, "weight_tokens", "weight", 1, 100, 50, 30, 50, 50,    \
	  50, 40, 50, "weight of tokens in a hybrid vote")                     \
	X(WEIGHT_REPUTATION, "weight_reputation", "weight", 1, 100, 50, 70,    \
	  50, 50, 50, 60, 50, "weight of reputation in a hybrid vote")         \
	X(DELAY_MS, "delay_ms", "ms", 0, 30 * MS_DAY, MS_DAY, MS_DAY, 0,       \
	  2 * MS_DAY, MS_DAY, MS_DAY, MS_DAY,                                  \
	  "time from submission to the opening of voting")                     \
	X(VOTING_MS, "voting_ms", "ms", MS_SECOND, 90 * MS_DAY, 7 * MS_DAY,    \
	  7 * MS_DAY, MS_DAY, 14 * MS_DAY, 7 * MS_DAY, 7 * MS_DAY, 7 * MS_DAY, \
	  "length of the voting period")                                       \
	X(TIMELOCK_MS, "timelock_ms", "ms", 0, 30 * MS_DAY, MS_DAY, MS_DAY, 0, \
	  2 * MS_DAY, MS_DAY, MS_DAY, MS_DAY,                                  \
	  "time from passing to the execution of actions")                     \
	X(LATE_WINDOW_BP, "late_window_bp", "bp", 0, 10000, 1250, 1250, 1250,  \
	  1250, 1250, 1250, 1250,                                              \
	  "late window, as a share of the period: a late turn prolongs")       \
	X(QUORUM_BP, "quorum_bp", "bp", 1, 6000, 1000, 1000, 1000, 1000, 1000, \
	  1000, 1000, "share of all power that must take part")                \
	X(QUORUM_ABSTAIN, "quorum_counts_abstain", "0 or 1", 0, 1, 1, 1, 0, 0, \
	  0, 1, 1, "whether abstentions count for the quorum")                 \
	X(APPROVAL_BP, "approval_bp", "bp", 5000, 9000, 5000, 5000, 6700,      \
	  6700, 5000, 5000, 5000, "share of for among for and against")        \
	X(APPROVAL_STRICT, "approval_strict", "0 or 1", 0, 1, 1, 1, 0, 0, 1,   \
	  1, 1, "1: approval must be above the share; 0: at least")            \
	X(CARRY_CAP_BP, "carry_cap_bp", "bp", 1, 10000, 10000, 10000, 10000,   \
	  1500, 10000, 10000, 10000,                                           \
	  "most of all power that one voter may carry for others")

enum param_global {
#define PARAM_ENUM(symbol, ...) PARAM_##symbol,
	PARAM_GLOBAL_TABLE(PARAM_ENUM)
#undef PARAM_ENUM
		PARAM_GLOBALS
};

enum param_type {
#define PARAM_ENUM(symbol, ...) PARAM_TYPE_##symbol,
	PARAM_TYPE_TABLE(PARAM_ENUM)
#undef PARAM_ENUM
		PARAM_TYPES
};

/* The globals, then each type's block, standard first. */
#define PARAM_COUNT (PARAM_GLOBALS + PROPOSAL_TYPES * PARAM_TYPES)

struct governance_params {
	uint64_t value[PARAM_COUNT];
};

#define PARAM_NAME_BYTES 48

/* Who may change a parameter, besides proposals of type parameter. */
enum param_class {
	PARAM_NORMAL,
	PARAM_FIXED,	 /* nobody: it is the genesis's */
	PARAM_EMERGENCY, /* emergency proposals and the council, too */
};

struct governance_param_info {
	char name[PARAM_NAME_BYTES]; /* "standard.voting_ms" */
	uint32_t type;		     /* whose rule it is; 0: a global */
	enum param_class class;
	uint64_t step; /* most that one change may add or take; 0: any */
	const char *unit;
	const char *sentence;
	uint64_t value_default;
	uint64_t min;
	uint64_t max;
};

void governance_params_default(struct governance_params *p);
/* Delay, voting and expiry in seconds or minutes, for a network on one desk:
 * delay and timelock 1 s, voting 20 s, drafts 10 min, for every type. */
void governance_params_fast(struct governance_params *p);

/* The row of parameter `index` < PARAM_COUNT. */
void governance_param_info(struct governance_param_info *out, size_t index);
/* The index of a name, or PARAM_COUNT. */
size_t governance_param_find(const char *name);
size_t governance_param_find_bytes(struct bytes name);
/* "normal", "fixed", "emergency". */
const char *governance_param_class_name(enum param_class class);

uint64_t governance_param_global(const struct governance_params *p,
				 enum param_global which);
uint64_t governance_param_type(const struct governance_params *p,
			       enum proposal_type type, enum param_type which);

/* ERR_PARAMETER_BOUNDS: no such name, or a value outside its bounds; `p` is
 * unchanged and `text` says which. */
enum err governance_param_set(struct governance_params *p, const char *name,
			      uint64_t value, struct err_text *text) MUST_USE;

bool governance_param_in_bounds(size_t index, uint64_t value);

/* What must hold between parameters, whatever their own bounds say.
 * ERR_PARAMETER_BOUNDS. */
enum err governance_params_check(const struct governance_params *p,
				 struct err_text *text) MUST_USE;

/* The fixed layout: u16 count, then a u64 a parameter in table order. */
#define GOVERNANCE_PARAMS_BYTES (2 + 8 * PARAM_COUNT)
void governance_params_write(struct writer *w,
			     const struct governance_params *p);
/* ERR_MALFORMED when cut short or of another count, ERR_PARAMETER_BOUNDS for
 * a value outside its bounds; `p` is then undefined. */
enum err governance_params_read(struct governance_params *p, struct reader *r,
				struct err_text *text) MUST_USE;

#endif
