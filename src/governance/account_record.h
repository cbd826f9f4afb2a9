/* The record of an account, as it is stored under RECORD_ACCOUNT.
 *
 * doc/spec/governance.md, "Records", states the bytes. */
#ifndef BCAI_GOVERNANCE_ACCOUNT_RECORD_H
#define BCAI_GOVERNANCE_ACCOUNT_RECORD_H

#include "governance/accounts.h"

/* The account must be settled. */
void account_record_write(struct writer *w, const struct governance_account *x);
/* The next account, from its record. Who is eligible, and the sums, come with
 * accounts_recount. ERR_DATA_DAMAGED; it may be there in part then. */
enum err account_record_load(struct accounts *a, struct bytes value) MUST_USE;

#endif
