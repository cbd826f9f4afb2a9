/* Proposals, tallies and parameters: read from the ledger directly. */
#include "admin/action_json.h"
#include "admin/server.h"

#include "admin/values.h"
#include "base/arena.h"
#include "governance/governance.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#define NOT_VOTED_ROWS	     5u
#define CARRIER_ROWS	     5u
#define NOT_VOTED_CANDIDATES 256u

const struct governance *call_governance(const struct rpc_call *call)
{
	return ledger_governance(call_ledger(call));
}

static const struct power_sum *total_of(const struct governance *g,
					const struct proposal *p)
{
	return proposal_was_opened(p) ? &p->total : governance_total(g);
}

/* --- Tallies --- */

static json_t *tally_choice(const struct tally_result *r,
			    const struct proposal *p, const struct power *total,
			    enum choice choice)
{
	const struct power_sum *own = &p->tally.choice[choice - 1];
	const struct power *carried = &p->tally.carried[choice - 1];
	json_t *o = json_object();

	json_put(o, "weight", json_u128(r->weight[choice - 1]));
	json_put(o, "direct",
		 json_u128(tally_weight(&p->rules, total, &own->power)));
	json_put(o, "delegated",
		 json_u128(tally_weight(&p->rules, total, carried)));
	json_put(o, "voters", json_count(own->voters));
	json_put(o, "stake", json_u64(own->power.tokens + carried->tokens));
	return o;
}

static json_t *tally_value(const struct governance *g, const struct proposal *p)
{
	const struct power_sum *total = total_of(g, p);
	json_t *o = json_object(), *part;
	struct tally_result r;

	governance_evaluate(g, &r, p);
	json_put(o, "proposal", json_count(p->number));
	json_put(o, "state", json_word(proposal_state_name(p->state)));
	json_put(o, "mechanism", json_word(mechanism_name(p->rules.mechanism)));
	part = json_object();
	json_put(part, "for", tally_choice(&r, p, &total->power, CHOICE_FOR));
	json_put(part, "against",
		 tally_choice(&r, p, &total->power, CHOICE_AGAINST));
	json_put(part, "abstain",
		 tally_choice(&r, p, &total->power, CHOICE_ABSTAIN));
	json_put(o, "choices", part);
	part = json_object();
	json_put(part, "weight", json_u128(r.base));
	json_put(part, "voters", json_count(total->voters));
	json_put(o, "eligible", part);
	part = json_object();
	json_put(part, "required", json_u128(r.quorum_required));
	json_put(part, "reached", json_u128(r.quorum_reached));
	json_put(part, "met", json_boolean(r.quorum_met));
	json_put(part, "bp", json_count(p->rules.quorum_bp));
	json_put(part, "counts_abstain",
		 json_boolean(p->rules.quorum_counts_abstain));
	json_put(o, "quorum", part);
	part = json_object();
	json_put(part, "required", json_u64(r.floor_required));
	json_put(part, "reached", json_u64(r.floor_reached));
	json_put(part, "met", json_boolean(r.floor_met));
	json_put(o, "floor", part);
	part = json_object();
	json_put(part, "threshold_bp", json_count(r.approval_bp));
	json_put(part, "strict", json_boolean(r.approval_strict));
	json_put(part, "met", json_boolean(r.approval_met));
	json_put(o, "approval", part);
	json_put(o, "would_pass", json_boolean(r.would_pass));
	return o;
}

static void put_title(struct rpc_call *call, json_t *o,
		      const struct proposal *p, bool with_description)
{
	struct admin_bytes record = {NULL, 0};
	struct bytes title = {NULL, 0}, description = {NULL, 0};
	struct governance_key key;
	enum err e;

	governance_key_texts(&key, p->number);
	e = call->server->backend->state_record(
		call->server->ctx, (struct bytes){key.data, key.size}, &record);
	if (!e)
		e = texts_record_read(&title, &description,
				      (struct bytes){record.data, record.size});
	if (e)
		title = description = (struct bytes){NULL, 0};
	json_put(o, "title", json_text(title.data, title.size));
	if (with_description)
		json_put(o, "description",
			 json_text(description.data, description.size));
	free(record.data);
}

/* Read from the record: proposals that ended keep none in memory. */
static void put_actions(struct rpc_call *call, json_t *o,
			const struct proposal *p)
{
	struct admin_bytes record = {NULL, 0};
	struct action room[LIMIT_ACTIONS];
	struct action_list list = {NULL, 0};
	struct governance_key key;

	governance_key_actions(&key, p->number);
	if (p->action_count == 0 ||
	    call->server->backend->state_record(
		    call->server->ctx, (struct bytes){key.data, key.size},
		    &record) ||
	    !actions_read(&list, room,
			  (struct bytes){record.data, record.size}))
		list.count = 0;
	json_put(o, "actions", actions_value(&list));
	json_put(o, "actions_layout",
		 list.count > 0 ? json_hex(record.data, record.size)
				: json_string(""));
	free(record.data);
}

/* Somebody's own words about the proposal's end, if any; they point into
 * `record`, which the caller frees. */
static struct bytes said_of(struct rpc_call *call, uint32_t number,
			    struct admin_bytes *record)
{
	struct bytes said = {NULL, 0};
	struct governance_key key;

	*record = (struct admin_bytes){NULL, 0};
	governance_key_reason(&key, number);
	if (call->server->backend->state_record(
		    call->server->ctx, (struct bytes){key.data, key.size},
		    record) ||
	    reason_record_read(&said,
			       (struct bytes){record->data, record->size}))
		said.size = 0;
	return said;
}

/* The reason of a cancellation is somebody's own words, if any; that of a
 * failure names the error. */
static void put_reason(struct rpc_call *call, json_t *o,
		       const struct proposal *p)
{
	const char *text = proposal_reason_text(p->reason);
	struct admin_bytes record = {NULL, 0};
	struct bytes said = {NULL, 0};

	if (p->state == STATE_CANCELLED && p->reason != REASON_VETOED)
		said = said_of(call, p->number, &record);
	if (said.size > 0)
		json_put(o, "reason", json_text(said.data, said.size));
	else if (p->state == STATE_EXECUTION_FAILED)
		json_put(o, "reason",
			 json_sprintf("%s: %s", text,
				      error_info(p->failure)->sentence));
	else
		json_put(o, "reason", json_string(text ? text : ""));
	free(record.data);
}

json_t *proposal_value(struct rpc_call *call, const struct proposal *p)
{
	const struct governance *g = call_governance(call);
	const struct governance_account *a = governance_account(g, p->proposer);
	json_t *o = json_object();

	json_put(o, "proposal", json_count(p->number));
	json_put(o, "id", json_hash(&p->id));
	json_put(o, "type", json_word(proposal_type_name(p->type)));
	json_put(o, "mechanism", json_word(mechanism_name(p->rules.mechanism)));
	json_put(o, "state", json_word(proposal_state_name(p->state)));
	put_reason(call, o, p);
	put_title(call, o, p, false);
	json_put(o, "proposer", a ? json_key(&a->key) : json_null());
	json_put(o, "submitted_ms", json_time(p->submitted_ms));
	json_put(o, "voting_start_ms", json_time(p->voting_start_ms));
	json_put(o, "voting_end_ms", json_time(p->voting_end_ms));
	json_put(o, "execute_after_ms", json_time(p->execute_after_ms));
	json_put(o, "deposit", json_u64(p->deposit));
	json_put(o, "expires_ms", json_time(p->expires_ms));
	json_put(o, "ended_ms", json_time(p->ended_ms));
	json_put(o, "deposit", json_u64(p->deposit));
	json_put(o, "snapshot_height", json_u64(p->snapshot_height));
	json_put(o, "action_count", json_count(p->action_count));
	return o;
}

enum err call_proposal(struct rpc_call *call, const struct proposal **out)
{
	uint64_t number = call_number(call, "proposal", 0);

	*out = number <= UINT32_MAX ? governance_proposal(call_governance(call),
							  (uint32_t)number)
				    : NULL;
	return *out ? ERR_OK : ERR_UNKNOWN_PROPOSAL;
}

enum err rpc_PROPOSAL_GET_handler(struct rpc_call *call)
{
	struct admin_bytes record;
	const struct proposal *p;
	enum err e = call_proposal(call, &p);

	if (e)
		return e;
	call->result = proposal_value(call, p);
	put_council(call->result, call_governance(call), p,
		    said_of(call, p->number, &record));
	free(record.data);
	put_title(call, call->result, p, true);
	put_actions(call, call->result, p);
	json_put(call->result, "tally", tally_value(call_governance(call), p));
	return ERR_OK;
}

/* --- Who has not voted --- */

struct absent {
	unsigned __int128 weight;
	uint32_t account;
};

struct absents {
	struct absent best[NOT_VOTED_ROWS];
	uint32_t count;
};

static void keep_absent(struct absents *a, struct absent one)
{
	uint32_t at = a->count;

	for (uint32_t i = 0; i < a->count; i++) {
		if (a->best[i].account == one.account)
			return;
	}
	while (at > 0 && a->best[at - 1].weight < one.weight)
		at--;
	if (at == NOT_VOTED_ROWS)
		return;
	if (a->count < NOT_VOTED_ROWS)
		a->count++;
	memmove(&a->best[at + 1], &a->best[at],
		(a->count - 1 - at) * sizeof(a->best[0]));
	a->best[at] = one;
}

/* From the largest down, until enough have not voted. */
static void find_absent(struct absents *out, const struct governance *g,
			const struct proposal *p, enum governance_unit unit)
{
	struct largest_walk *w = mem_alloc(sizeof(*w));
	struct absent one;
	uint32_t found = 0;

	governance_largest(g, w, unit);
	while (found < NOT_VOTED_CANDIDATES && largest_next(w, &one.account)) {
		one.weight = governance_left_weight(g, p, one.account);
		if (one.weight == 0)
			continue;
		found++;
		keep_absent(out, one);
	}
	free(w);
}

/* Those of the accounts with most stake or reputation for whom nobody votes,
 * the heaviest first. In a hybrid vote an account that is among neither may
 * weigh more than the last one named. */
static json_t *not_voted(const struct governance *g, const struct proposal *p)
{
	struct absents absents = {.count = 0};
	json_t *list = json_array();

	if (p->rules.mechanism != MECHANISM_REPUTATION)
		find_absent(&absents, g, p, UNIT_STAKE);
	if (p->rules.mechanism == MECHANISM_REPUTATION ||
	    p->rules.mechanism == MECHANISM_HYBRID)
		find_absent(&absents, g, p, UNIT_REPUTATION);
	for (uint32_t i = 0; i < absents.count; i++) {
		const struct absent *one = &absents.best[i];
		json_t *row = json_object();

		json_put(row, "account",
			 json_key(&governance_account(g, one->account)->key));
		json_put(row, "weight", json_u128(one->weight));
		json_push(list, row);
	}
	return list;
}

/* Who carries most, and what of it counts. */
static json_t *carriers_value(const struct governance *g,
			      const struct proposal *p)
{
	struct governance_carrier list[CARRIER_ROWS];
	uint32_t count = governance_carriers(g, p->number, list, CARRIER_ROWS);
	const struct power *total = &p->total.power;
	json_t *rows = json_array();

	for (uint32_t i = 0; i < count; i++) {
		const struct governance_ballot *ballot = governance_ballot_of(
			g, p->number, list[i].account, NULL);
		unsigned __int128 carried =
			tally_weight(&p->rules, total, &list[i].power);
		struct power counted;
		json_t *row;

		if (carried == 0)
			break;
		tally_counted(&counted, &p->rules, total, &list[i].power);
		row = json_object();
		json_put(
			row, "account",
			json_key(&governance_account(g, list[i].account)->key));
		json_put(row, "choice", json_word(choice_name(ballot->choice)));
		json_put(row, "carried", json_u128(carried));
		json_put(row, "counted",
			 json_u128(tally_weight(&p->rules, total, &counted)));
		json_push(rows, row);
	}
	return rows;
}

enum err rpc_TALLY_GET_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const struct proposal *p;
	enum err e = call_proposal(call, &p);

	if (e)
		return e;
	call->result = tally_value(g, p);
	json_put(call->result, "type", json_word(proposal_type_name(p->type)));
	put_title(call, call->result, p, false);
	put_reason(call, call->result, p);
	json_put(call->result, "voting_start_ms",
		 json_time(p->voting_start_ms));
	json_put(call->result, "voting_end_ms", json_time(p->voting_end_ms));
	json_put(call->result, "snapshot_height", json_u64(p->snapshot_height));
	if (p->state == STATE_VOTING)
		json_put(call->result, "not_voted", not_voted(g, p));
	json_put(call->result, "carriers", carriers_value(g, p));
	return ERR_OK;
}

/* --- Parameters --- */

static json_t *param_value(const struct governance_param_info *info,
			   uint64_t value)
{
	json_t *o = json_object();

	json_put(o, "name", json_string(info->name));
	json_put(o, "value", json_u64(value));
	json_put(o, "unit", json_string(info->unit));
	json_put(o, "default", json_u64(info->value_default));
	json_put(o, "min", json_u64(info->min));
	json_put(o, "max", json_u64(info->max));
	json_put(o, "step", info->step ? json_u64(info->step) : json_null());
	json_put(o, "class",
		 json_string(governance_param_class_name(info->class)));
	json_put(o, "pending", json_null());
	json_put(o, "pending_from_ms", json_null());
	json_put(o, "changed_ms", json_null());
	json_put(o, "doc", json_string(info->sentence));
	return o;
}

/* What proposals have decided of it, and when that comes. */
static void put_change(json_t *o, const struct param_change *c,
		       uint64_t next_epoch_ms)
{
	if (c->changed_ms > 0)
		json_put(o, "changed_ms", json_time(c->changed_ms));
	if (!c->pending)
		return;
	json_put(o, "pending", json_u64(c->next));
	json_put(o, "pending_from_ms", json_time(next_epoch_ms));
}

enum err rpc_PARAMS_LIST_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const struct governance_params *p = governance_params(g);
	const struct settings *settings = governance_settings(g);
	const struct network_params *n = ledger_params(call_ledger(call));
	struct governance_param_info info;
	uint64_t next_epoch_ms;
	json_t *list = json_array();

	governance_epoch(g, &next_epoch_ms);
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		json_t *row;

		governance_param_info(&info, i);
		row = param_value(&info, p->value[i]);
		put_change(row, &settings->change[i], next_epoch_ms);
		json_push(list, row);
	}
	for (size_t i = 0; i < NETWORK_PARAM_COUNT; i++) {
		network_param_info(&info, i);
		json_push(list, param_value(&info, n->value[i]));
	}
	call->result = json_object();
	json_put(call->result, "params", list);
	return ERR_OK;
}
