/* Execution: what the actions of a passed proposal change, all or none.
 *
 * Everything is tried on a copy of the settings first; only when each action
 * may happen does any. So checking at submission, the preview for people and
 * the execution itself are one piece of code. Actions on the main chain are
 * not executed here. */
#ifndef BCAI_GOVERNANCE_EXECUTE_H
#define BCAI_GOVERNANCE_EXECUTE_H

#include "governance/governance.h"
#include "governance/settings.h"

struct execution {
	enum proposal_type type; /* emergency: parameters change at once */
	uint32_t proposer;
	uint64_t height; /* of the block */
	uint64_t time_ms;
	bool reverts; /* undoes an act: no cool-down and no largest step */
};

/* What one action would change, in words. */
#define CHANGE_TEXT_BYTES 96
struct change {
	char what[CHANGE_TEXT_BYTES];
	char from[CHANGE_TEXT_BYTES];
	char to[CHANGE_TEXT_BYTES];
	char when[32]; /* "at once", "next epoch", "height 120000" */
};

/* Could these be executed now? The first that could not says why:
 * ERR_PARAMETER_BOUNDS (unknown, fixed, out of bounds, too large a step, at
 * odds with another), ERR_PARAMETER_COOLDOWN, ERR_UNKNOWN_ACCOUNT,
 * ERR_AWARD_CAP, ERR_NO_MAIN_CHAIN, ERR_TOO_LARGE, ERR_BAD_ELECTORATE (no
 * validator would stay), ERR_UPGRADE. `out` (may be NULL) gets a change for
 * each action. */
enum err execute_preview(const struct governance *g, const struct execution *x,
			 const struct action_list *actions,
			 struct change out[LIMIT_ACTIONS],
			 struct err_text *text) MUST_USE;

/* Do it: every action, or none. */
enum err execute_actions(struct governance *g, const struct execution *x,
			 const struct action_list *actions,
			 struct err_text *text) MUST_USE;

/* The same for a proposal's own actions, in the block of this height and time;
 * chain actions are not among them while the network has no main chain. Errors
 * as of execute_preview: the proposal's execution has failed. */
struct entry;
enum err execute_proposal(struct governance *g, const struct entry *e,
			  uint64_t height, uint64_t time_ms,
			  struct err_text *text) MUST_USE;

/* The epoch turns: values that waited for it are in force. */
void params_turn(struct governance *g);

#endif
