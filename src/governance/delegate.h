/* Making and ending edges: the rules of delegate and undelegate.
 *
 * Checks name the first rule that does not hold; an apply follows a check of
 * the same arguments that was ERR_OK. Private to this folder, as internal.h;
 * the rules: doc/spec/governance.md, "Delegation". */
#ifndef BCAI_GOVERNANCE_DELEGATE_H
#define BCAI_GOVERNANCE_DELEGATE_H

#include "governance/internal.h"

/* ERR_MALFORMED (kind, target, types or amount that do not go together; to
 * oneself; expired already), ERR_UNKNOWN_ACCOUNT (the target),
 * ERR_DELEGATION_RATE, ERR_TOO_MANY_DELEGATIONS. */
enum err delegate_check(const struct governance *g,
			const struct governance_context *ctx,
			const struct payload_delegate *d,
			struct err_text *text) MUST_USE;
void delegate_apply(struct governance *g, const struct governance_context *ctx,
		    const struct payload_delegate *d);

/* ERR_MALFORMED (serials that do not ascend), ERR_TOO_LARGE,
 * ERR_UNKNOWN_DELEGATION (not one of its own, or none at all). */
enum err undelegate_check(const struct governance *g,
			  const struct governance_context *ctx,
			  const struct payload_undelegate *u,
			  struct err_text *text) MUST_USE;
void undelegate_apply(struct governance *g,
		      const struct governance_context *ctx,
		      const struct payload_undelegate *u);

#endif
