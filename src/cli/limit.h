/* How fast this machine verifies signatures when it does nothing else. */
#ifndef BCAI_CLI_LIMIT_H
#define BCAI_CLI_LIMIT_H

#include "cli/bulk.h"

/* Verify the signatures of these very transactions for about two seconds, in
 * a bare loop on every core; verifications a second. ERR_CHECK_FAILED when one
 * is bad. */
enum err limit_measure(double *per_second, const struct bulk *b,
		       struct err_text *text) MUST_USE;

#endif
