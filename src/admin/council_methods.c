/* The emergency council: who sits in it, and its acts. */
#include "admin/action_json.h"
#include "admin/server.h"

#include "admin/values.h"
#include "governance/governance.h"
#include "ledger/ledger.h"

static json_t *account_key(const struct governance *g, uint32_t account)
{
	const struct governance_account *a = governance_account(g, account);

	return a ? json_key(&a->key) : json_null();
}

json_t *keys_value(const struct governance *g, const uint32_t *accounts,
		   uint32_t count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_push(list, account_key(g, accounts[i]));
	return list;
}

enum err rpc_COUNCIL_GET_handler(struct rpc_call *call)
{
	const struct council *c =
		&governance_settings(call_governance(call))->council;
	json_t *members = json_array();

	for (uint32_t i = 0; i < c->count; i++)
		json_push(members, json_key(&c->members[i]));
	call->result = json_object();
	json_put(call->result, "members", members);
	json_put(call->result, "threshold", json_count(c->threshold));
	json_put(call->result, "threshold_delayed",
		 json_count(c->threshold_delayed));
	return ERR_OK;
}

static json_t *act_value(const struct governance *g,
			 const struct governance_act *a)
{
	struct action room[2 * LIMIT_ACTIONS];
	struct action_list actions, revert;
	json_t *o = json_object();

	governance_act_actions(g, a->number, &actions, &revert, room);
	json_put(o, "act", json_count(a->number));
	json_put(o, "title", json_text(a->title, a->title_size));
	json_put(o, "state", json_word(act_state_name(a->state)));
	json_put(o, "author", account_key(g, a->author));
	json_put(o, "created_ms", json_time(a->created_ms));
	json_put(o, "due_ms", json_time(a->due_ms));
	json_put(o, "approvals",
		 keys_value(g, a->approvals, a->approval_count));
	json_put(o, "failure",
		 a->failure ? json_string(error_name(a->failure))
			    : json_null());
	json_put(o, "ratification",
		 a->ratification ? json_count(a->ratification) : json_null());
	json_put(o, "actions", actions_value(&actions));
	json_put(o, "revert", actions_value(&revert));
	return o;
}

/* An act shows all its actions: fewer make a page than of other things. */
#define ACTS_PAGE 16u

/* The cursor is the number of the last act shown; newest first. */
enum err rpc_COUNCIL_ACTS_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	uint32_t limit, number = governance_act_count(g);
	json_t *list;
	uint64_t cursor;
	enum err e = call_page(call, &limit, &cursor);

	if (e)
		return e;
	if (cursor && cursor <= number)
		number = (uint32_t)cursor - 1;
	if (limit > ACTS_PAGE)
		limit = ACTS_PAGE;
	list = json_array();
	for (; number >= 1 && json_array_size(list) < limit; number--)
		json_push(list, act_value(g, governance_act(g, number)));
	call->result = json_object();
	json_put(call->result, "acts", list);
	json_put(call->result, "cursor",
		 number >= 1 ? json_u64(number + 1) : json_null());
	return ERR_OK;
}
