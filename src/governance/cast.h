/* Taking ballots: their record at once, their weight when the walk that finds
 * what the voter carries is complete.
 *
 * A ballot that replaces another moves its voter's own power and what it
 * carries as they are. A first one needs a walk when the voter delegates or is
 * delegated to; such ballots wait in g->casting, at most those of one
 * transaction. Private to this folder, as internal.h. */
#ifndef BCAI_GOVERNANCE_CAST_H
#define BCAI_GOVERNANCE_CAST_H

#include "governance/internal.h"

/* One ballot of a transaction that was checked; none of another may wait. */
void cast_ballot(struct governance *g, const struct governance_context *ctx,
		 const struct ballot *ballot);
/* What the walks of a proposal whose vote is open read. */
void cast_graph(struct carry_graph *out, const struct governance *g,
		const struct proposal *p);
/* Go on with those that wait, looking at about *budget edges, which are taken
 * off it; true when none is left. */
bool cast_some(struct governance *g, uint32_t *budget);

#endif
