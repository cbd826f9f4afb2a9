/* The emergency council and its acts. */
#include "admin/action_json.h"
#include "admin/server.h"

#include "admin/values.h"
#include "ledger/ledger.h"

static json_t *account_value(const struct governance *g, uint32_t index)
{
	const struct governance_account *a = governance_account(g, index);

	return a ? json_key(&a->key) : json_null();
}

static json_t *accounts_value(const struct governance *g, const uint32_t *list,
			      uint32_t count)
{
	json_t *accounts = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_push(accounts, account_value(g, list[i]));
	return accounts;
}

/* Those among the accounts that sit in the council now: they alone count. */
static uint32_t members_among(const struct governance *g, const uint32_t *list,
			      uint32_t count)
{
	const struct council *c = &governance_settings(g)->council;
	uint32_t members = 0;

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < c->count; k++)
			members += public_key_equal(
				&c->members[k],
				&governance_account(g, list[i])->key);
	return members;
}

enum err rpc_COUNCIL_GET_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const struct council *c = &governance_settings(g)->council;
	json_t *members = json_array();

	for (uint32_t i = 0; i < c->count; i++)
		json_push(members, json_key(&c->members[i]));
	call->result = json_object();
	json_put(call->result, "members", members);
	json_put(call->result, "threshold", json_count(c->threshold));
	json_put(call->result, "threshold_delayed",
		 json_count(c->threshold_delayed));
	json_put(call->result, "acts", json_count(governance_act_count(g)));
	return ERR_OK;
}

/* ---- Acts ---- */

/* What the voters said to it: null while there is no vote. */
static void put_ratification(json_t *o, const struct governance *g,
			     const struct governance_act *a)
{
	const struct proposal *p = governance_proposal(g, a->ratification);

	json_put(o, "ratification", p ? json_count(p->number) : json_null());
	json_put(o, "ratification_state",
		 p ? json_word(proposal_state_name(p->state)) : json_null());
	json_put(o, "revert_failure",
		 p && p->failure ? json_string(error_name(p->failure))
				 : json_null());
}

static json_t *act_value(const struct governance *g,
			 const struct governance_act *a)
{
	json_t *o = json_object();

	json_put(o, "act", json_count(a->number));
	json_put(o, "title", json_text(a->title, a->title_size));
	json_put(o, "state", json_word(act_state_name(a->state)));
	json_put(o, "author", account_value(g, a->author));
	json_put(o, "nonce", json_u64(a->nonce));
	json_put(o, "created_ms", json_time(a->created_ms));
	json_put(o, "due_ms", json_time(a->due_ms));
	json_put(o, "approvals",
		 accounts_value(g, a->approvals, a->approval_count));
	json_put(o, "approvals_of_members",
		 json_count(members_among(g, a->approvals, a->approval_count)));
	json_put(o, "failure",
		 a->failure ? json_string(error_name(a->failure))
			    : json_null());
	put_ratification(o, g, a);
	return o;
}

enum err rpc_COUNCIL_ACTS_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	json_t *list = json_array();
	uint64_t at;
	uint32_t limit;
	enum err e = call_page(call, &limit, &at);

	if (e) {
		json_decref(list);
		return e;
	}
	if (at == 0 || at > governance_act_count(g))
		at = governance_act_count(g);
	for (; at > 0 && json_array_size(list) < limit; at--)
		json_push(list, act_value(g, governance_act(g, (uint32_t)at)));
	call->result = json_object();
	json_put(call->result, "acts", list);
	json_put(call->result, "cursor", at ? json_u64(at) : json_null());
	return ERR_OK;
}

enum err rpc_COUNCIL_ACT_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	uint64_t number = call_number(call, "act", 0);
	const struct governance_act *a =
		number <= UINT32_MAX ? governance_act(g, (uint32_t)number)
				     : NULL;
	struct action room[2 * LIMIT_ACTIONS];
	struct action_list actions, revert;

	if (!a)
		return ERR_UNKNOWN_ACT;
	governance_act_actions(g, a->number, &actions, &revert, room);
	call->result = act_value(g, a);
	json_put(call->result, "actions", actions_value(&actions));
	json_put(call->result, "revert", actions_value(&revert));
	return ERR_OK;
}

/* ---- What the council has to do with a proposal ---- */

void put_council(json_t *o, const struct governance *g,
		 const struct proposal *p, struct bytes reason)
{
	const uint32_t *accounts;
	uint32_t count = governance_vetoes(g, p->number, &accounts);
	json_t *vetoes = json_object();

	json_put(vetoes, "accounts", accounts_value(g, accounts, count));
	json_put(vetoes, "of_members",
		 json_count(members_among(g, accounts, count)));
	json_put(vetoes, "needed",
		 json_count(governance_settings(g)->council.threshold_delayed));
	json_put(vetoes, "last_reason",
		 count > 0 ? json_text(reason.data, reason.size) : json_null());
	json_put(vetoes, "overridden", json_boolean(p->overridden));
	json_put(o, "vetoes", vetoes);
	json_put(o, "ratifies",
		 p->ratifies ? json_count(p->ratifies) : json_null());
}
