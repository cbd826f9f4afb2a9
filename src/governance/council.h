/* The council: vetoes, and acts in an emergency that the voters ratify.
 *
 * A veto keeps a passed proposal from being executed, when a majority of the
 * council signs it before; a constitutional proposal overrides it. An act
 * changes, at once or after a delay, what an emergency proposal could; a vote
 * then ratifies it, or its revert actions run. Inside this folder. */
#ifndef BCAI_GOVERNANCE_COUNCIL_H
#define BCAI_GOVERNANCE_COUNCIL_H

#include "governance/deadlines.h"
#include "governance/governance.h"

struct entry;

/* Of one proposal. */
struct vetoes {
	uint32_t
		account[LIMIT_COUNCIL]; /* in order; members when they signed */
	uint8_t count;
	uint32_t pending; /* 1 + index in `pending`; 0: none */
};

struct act_entry {
	struct governance_act act;
	uint8_t *actions; /* Owned, as are the next; their layout */
	size_t actions_size;
	uint8_t *revert;
	size_t revert_size;
	uint32_t pending;
};

struct acts {
	struct act_entry **list; /* Owned; number n stands at [n - 1]. */
	uint32_t count;
	uint32_t room;
	uint32_t open; /* neither done nor over */
	struct deadlines deadlines;
};

void acts_fini(struct acts *a);

enum err veto_check(const struct governance *g,
		    const struct governance_context *ctx,
		    const struct payload_veto *v, struct err_text *text);
void veto_apply(struct governance *g, const struct governance_context *ctx,
		const struct payload_veto *v);
/* Has the council, as it is, vetoed it, and nothing overridden that? */
bool is_vetoed(const struct governance *g, const struct entry *e);
/* May an executed override act on the proposal of this number? */
enum err override_check(const struct governance *g, uint32_t number,
			struct err_text *text);
void override_apply(struct governance *g, uint32_t number, uint64_t height,
		    uint64_t time_ms);

enum err council_act_check(const struct governance *g,
			   const struct governance_context *ctx,
			   const struct payload_council_act *a,
			   struct err_text *text);
void council_act_apply(struct governance *g,
		       const struct governance_context *ctx,
		       const struct payload_council_act *a);
enum err council_approve_check(const struct governance *g,
			       const struct governance_context *ctx,
			       const struct payload_council_approve *a,
			       struct err_text *text);
void council_approve_apply(struct governance *g,
			   const struct governance_context *ctx,
			   const struct payload_council_approve *a);
/* The next act that falls due at this time; false when none does. */
bool acts_do_next_due(struct governance *g, uint64_t height, uint64_t time_ms);
/* Its ratification vote failed: what the act said to do then is done. */
enum err act_revert(struct governance *g, const struct entry *e,
		    uint64_t height, uint64_t time_ms);

/* ---- Records ---- */

void vetoes_record_write(struct writer *w, const struct vetoes *v);
bool vetoes_record_read(struct vetoes *v, struct bytes value,
			uint32_t accounts);
void act_record_write(struct writer *w, const struct act_entry *a);
/* The next act. False when the record is none, or cannot be. */
bool act_record_load(struct governance *g, struct bytes value);

#endif
