/* What actions would change, and what executed ones have settled. */
#include "admin/action_json.h"
#include "admin/server.h"

#include "admin/values.h"
#include "base/arena.h"
#include "base/hex.h"
#include "governance/execute.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

/* ---- Preview ---- */

struct preview {
	uint8_t *layout; /* Owned. */
	struct action room[LIMIT_ACTIONS];
	struct action_list actions;
	struct execution x;
};

/* The proposal's type, and its actions where none are given. */
static enum err take_proposal(struct rpc_call *call, struct preview *p,
			      struct bytes *layout)
{
	struct admin_bytes record = {NULL, 0};
	const struct proposal *proposal;
	struct governance_key key;
	enum err e = call_proposal(call, &proposal);

	if (e)
		return e;
	p->x.type = proposal->type;
	p->x.proposer = proposal->proposer;
	if (call_text(call, "actions") || proposal->action_count == 0)
		return ERR_OK;
	governance_key_actions(&key, proposal->number);
	e = call->server->backend->state_record(
		call->server->ctx, (struct bytes){key.data, key.size}, &record);
	p->layout = record.data;
	*layout = (struct bytes){record.data, record.size};
	return e;
}

static enum err take_type(struct rpc_call *call, struct preview *p)
{
	const char *type = call_text(call, "type");
	uint32_t number = type ? proposal_type_from_name(type) : 0;

	p->x.type = (enum proposal_type)number;
	return number ? ERR_OK
		      : err_set(&call->text, ERR_RPC_PARAMS,
				"proposal, or the name of a type");
}

static enum err take_preview(struct rpc_call *call, struct preview *p)
{
	const char *digits = call_text(call, "actions");
	const struct ledger_block *last = ledger_last_block(call_ledger(call));
	struct bytes layout = {(const uint8_t *)"", 1}; /* none */
	enum err e = json_object_get(call->params, "proposal")
			     ? take_proposal(call, p, &layout)
			     : take_type(call, p);

	if (e)
		return e;
	p->x.height = last->height;
	p->x.time_ms = last->time_ms;
	if (digits) {
		layout.size = strlen(digits) / 2;
		p->layout = mem_alloc(layout.size + 1);
		layout.data = p->layout;
		if (!hex_decode(p->layout, layout.size, digits, strlen(digits)))
			layout.size = 0;
	}
	return actions_read(&p->actions, p->room, layout)
		       ? ERR_OK
		       : err_set(&call->text, ERR_RPC_PARAMS,
				 "actions: not a layout of actions");
}

static json_t *change_value(const struct change *c)
{
	json_t *o = json_object();

	json_put(o, "what", json_text(c->what, strlen(c->what)));
	json_put(o, "from", json_text(c->from, strlen(c->from)));
	json_put(o, "to", json_text(c->to, strlen(c->to)));
	json_put(o, "when", json_string(c->when));
	return o;
}

static json_t *refusal_value(enum err e, const struct err_text *text)
{
	json_t *o = json_object();

	if (!e) {
		json_decref(o);
		return json_null();
	}
	json_put(o, "code", json_integer(e));
	json_put(o, "name", json_string(error_name(e)));
	json_put(o, "message", json_text(text->text, strlen(text->text)));
	json_put(o, "hint", json_string(error_info(e)->hint));
	return o;
}

enum err rpc_PROPOSAL_PREVIEW_handler(struct rpc_call *call)
{
	struct preview *p = mem_alloc(sizeof(*p));
	struct change *changes = mem_alloc(LIMIT_ACTIONS * sizeof(*changes));
	struct err_text why = {""};
	json_t *list = json_array();
	enum err e = take_preview(call, p), refused = ERR_OK;

	if (!e)
		refused = actions_check(&p->actions, p->x.type, &why);
	if (!e && !refused)
		refused = execute_preview(call_governance(call), &p->x,
					  &p->actions, changes, &why);
	for (uint32_t i = 0; !e && !refused && i < p->actions.count; i++)
		json_push(list, change_value(&changes[i]));
	if (!e) {
		call->result = json_object();
		json_put(call->result, "executable",
			 json_boolean(refused == ERR_OK));
		json_put(call->result, "error", refusal_value(refused, &why));
		json_put(call->result, "changes", list);
	} else {
		json_decref(list);
	}
	free(p->layout);
	free(changes);
	free(p);
	return e;
}
