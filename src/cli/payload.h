/* What a transaction carries, in words and as JSON: what people read before
 * they sign, and programs after.
 *
 * Pure but for the stream: no node is asked, so names of accounts and titles
 * of proposals are not known here. */
#ifndef BCAI_CLI_PAYLOAD_H
#define BCAI_CLI_PAYLOAD_H

#include "admin/json.h"
#include "governance/types.h"

#include <stdio.h>

/* One line a deed, as it follows "NAME signs: ". */
void payload_tell(FILE *out, const struct payload *p);

/* The members that say what it does: "kind", then what the kind has. */
void payload_put(json_t *o, const struct payload *p);

#endif
