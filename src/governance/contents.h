/* What a proposal proposes: its texts and actions, bound into its id.
 *
 * Texts leave with their record; actions stay in memory, in their layout, for
 * as long as they could be executed. Inside this folder. */
#ifndef BCAI_GOVERNANCE_CONTENTS_H
#define BCAI_GOVERNANCE_CONTENTS_H

#include "governance/actions.h"
#include "governance/proposal.h"

struct entry;
struct governance;
struct governance_context;

/* May a proposal of the type be made now with these actions? The errors of
 * actions_check, ERR_NO_MAIN_CHAIN, and those of execute_preview. */
enum err contents_check(const struct governance *g,
			const struct governance_context *ctx,
			const struct action_list *actions, uint32_t type,
			struct err_text *text) MUST_USE;

/* Actions into their layout, which the caller owns; and back, from a layout
 * that was checked when it came: parts point into it. */
uint8_t *contents_pack(const struct action_list *actions, size_t *size);
void contents_unpack(struct action_list *out, struct action room[LIMIT_ACTIONS],
		     const uint8_t *raw, size_t size);

/* Give a draft or a new proposal its texts and actions, its hashes and its id,
 * and have the records written. */
void contents_set(struct governance *g, struct entry *e, struct bytes title,
		  struct bytes description, const struct action_list *actions);
/* The actions that are kept; none when they are of no use any more. */
void contents_actions(const struct entry *e, struct action_list *out,
		      struct action room[LIMIT_ACTIONS]);
void contents_drop(struct entry *e);

/* Take actions back from their record. False: they are not the proposal's. */
bool contents_load(struct entry *e, struct bytes actions);
/* Does the proposal's hash say that it has no actions, when it counts none? */
bool contents_is_consistent(const struct proposal *p);

#endif
