/* What the answers about governance share. */
#ifndef BCAI_ADMIN_VALUES_H
#define BCAI_ADMIN_VALUES_H

#include "admin/json.h"
#include "admin/server.h"
#include "governance/governance.h"

static inline const struct ledger *call_ledger(const struct rpc_call *call)
{
	return call->server->backend->ledger(call->server->ctx);
}

const struct governance *call_governance(const struct rpc_call *call);

static inline json_t *json_word(const char *text)
{
	return json_string(text ? text : "unknown");
}

/* A time that is not set yet is null. */
static inline json_t *json_time(uint64_t ms)
{
	return ms ? json_u64(ms) : json_null();
}

/* --- governance_methods.c --- */
/* The parameter `proposal`. ERR_UNKNOWN_PROPOSAL. */
enum err call_proposal(struct rpc_call *call,
		       const struct proposal **out) MUST_USE;
/* A row of proposal.list. */
json_t *proposal_value(struct rpc_call *call, const struct proposal *p);

/* --- council_methods.c --- */
/* Who vetoed the proposal, the last one for `reason`, and which act it
 * ratifies. */
void put_council(json_t *o, const struct governance *g,
		 const struct proposal *p, struct bytes reason);

/* --- delegation_methods.c --- */
/* Those that the account made. */
json_t *delegations_value(const struct rpc_call *call, uint32_t account);
/* How many lead to it, and the stake of those who made them. */
json_t *received_value(const struct rpc_call *call, uint32_t account);

#endif
