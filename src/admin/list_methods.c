/* Lists of proposals and of ballots, by pages, from indexes. */
#include "admin/values.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Proposals --- */

#define OPEN_STATES (1u << STATE_SUBMITTED | 1u << STATE_VOTING)

struct listing {
	struct index_query query;
	struct index_place place; /* where the page before ended */
	uint32_t limit;
	uint32_t voter;
	bool by_voter; /* only what waits for that account */
};

static enum err take_states(struct rpc_call *call, uint32_t *states)
{
	const char *name = call_text(call, "state");

	*states = 0;
	if (!name)
		return ERR_OK;
	if (strcmp(name, "open") == 0)
		*states = OPEN_STATES;
	for (uint32_t s = STATE_DRAFT; proposal_state_name(s); s++) {
		if (strcmp(proposal_state_name(s), name) == 0)
			*states = 1u << s;
	}
	return *states ? ERR_OK
		       : err_set(&call->text, ERR_RPC_PARAMS,
				 "there is no state \"%.32s\"", name);
}

static enum err take_types(struct rpc_call *call, uint32_t *types)
{
	const char *name = call_text(call, "type");
	uint32_t type = name ? proposal_type_from_name(name) : 0;

	*types = type ? 1u << type : 0;
	return type || !name ? ERR_OK
			     : err_set(&call->text, ERR_RPC_PARAMS,
				       "there is no type \"%.32s\"", name);
}

static enum err take_order(struct rpc_call *call, struct index_query *query)
{
	const char *name = call_text(call, "sort");
	uint32_t order = ORDER_NUMBER;

	while (name && proposal_order_name(order) &&
	       strcmp(proposal_order_name(order), name) != 0)
		order++;
	if (!proposal_order_name(order))
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "there is no order \"%.32s\"", name);
	query->order = order;
	query->ascending =
		json_is_true(json_object_get(call->params, "ascending"));
	return ERR_OK;
}

/* The account a parameter names; *given says whether there is one. */
static enum err take_account(struct rpc_call *call, const char *name,
			     uint32_t *account, bool *given)
{
	struct public_key key;

	*given = json_object_get(call->params, name) != NULL;
	if (!*given)
		return ERR_OK;
	call_key(call, name, &key);
	return governance_find_account(call_governance(call), account, &key)
		       ? ERR_OK
		       : ERR_UNKNOWN_ACCOUNT;
}

static enum err take_place(struct rpc_call *call, struct index_place *place)
{
	const char *text = call_text(call, "cursor");
	int end = 0;

	*place = (struct index_place){0, 0};
	if (text && (sscanf(text, "%" SCNu64 ".%" SCNu32 "%n", &place->key,
			    &place->number, &end) != 2 ||
		     text[end] || place->number == 0))
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"cursor\" is not one this node gave");
	return ERR_OK;
}

static enum err take_listing(struct rpc_call *call, struct listing *l)
{
	struct index_query *q = &l->query;
	bool by_proposer;
	enum err e = call_limit(call, &l->limit);

	if (!e)
		e = take_states(call, &q->states);
	if (!e)
		e = take_types(call, &q->types);
	if (!e)
		e = take_order(call, q);
	if (!e)
		e = take_place(call, &l->place);
	if (!e)
		e = take_account(call, "not_voted_by", &l->voter, &l->by_voter);
	if (!e)
		e = take_account(call, "proposer", &q->proposer, &by_proposer);
	if (e || !by_proposer)
		return e;
	if (q->order != ORDER_NUMBER)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "the proposals of one account are sorted by "
			       "number alone");
	q->order = ORDER_PROPOSER;
	return ERR_OK;
}

/* Whether the account could still say something for the first time. */
static bool waits_for(const struct governance *g, uint32_t number,
		      uint32_t account)
{
	return governance_proposal(g, number)->state == STATE_VOTING &&
	       governance_account(g, account)->eligible &&
	       !governance_ballot_of(g, number, account, NULL);
}

static bool is_without_votes(uint32_t states)
{
	return states != 0 && !(states >> STATE_VOTING & 1);
}

/* For another row: a page has one at least, and ends when it takes long. */
static bool has_room(const struct rpc_call *call, const json_t *list,
		     uint32_t limit)
{
	size_t size = json_array_size(list);

	return size < limit && (size == 0 || !call_is_late(call));
}

static json_t *place_value(const struct index_place *place)
{
	char text[48];

	snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu32, place->key,
		 place->number);
	return json_string(text);
}

/* The cursor is where the last row stands in its order, so nothing that comes
 * or goes meanwhile shifts a page. */
enum err rpc_PROPOSAL_LIST_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	struct listing l;
	struct index_walk w;
	struct index_place at;
	json_t *list;
	bool more;
	enum err e = take_listing(call, &l);

	if (e)
		return e;
	/* What is not in voting waits for nobody; no proposal has state 0. */
	if (l.by_voter && is_without_votes(l.query.states))
		l.query.states = 1u << 0;
	else if (l.by_voter)
		l.query.states = 1u << STATE_VOTING;
	list = json_array();
	index_begin(&w, governance_index(g), &l.query, &l.place);
	at = l.place;
	while ((more = index_next(&w, &at)) && has_room(call, list, l.limit)) {
		l.place = at;
		if (l.by_voter && !waits_for(g, at.number, l.voter))
			continue;
		json_push(list, proposal_value(call, governance_proposal(
							     g, at.number)));
	}
	call->result = json_object();
	json_put(call->result, "proposals", list);
	json_put(call->result, "cursor",
		 more ? place_value(&l.place) : json_null());
	return ERR_OK;
}

/* --- Ballots --- */

/* The ballot's record, zeros when it is not stored yet; `raw` is to be freed.
 */
static void find_record(struct rpc_call *call, struct ballot_record *out,
			struct admin_bytes *raw, uint32_t number,
			uint32_t account)
{
	struct governance_key key;

	memset(raw, 0, sizeof(*raw));
	memset(out, 0, sizeof(*out));
	governance_key_ballot(&key, number, account);
	if (call->server->backend->state_record(
		    call->server->ctx, (struct bytes){key.data, key.size},
		    raw) ||
	    ballot_record_read(out, (struct bytes){raw->data, raw->size}))
		memset(out, 0, sizeof(*out));
}

/* While the vote is open the register says what a ballot weighs, and for good
 * its record. */
static json_t *weight_value(const struct governance *g,
			    const struct proposal *p, uint32_t account,
			    const struct ballot_record *stored)
{
	const struct power power = {stored->tokens,
				    power_quadratic(stored->tokens),
				    stored->reputation};

	if (p->state == STATE_VOTING)
		return json_u128(governance_ballot_weight(g, p, account));
	return json_u128(tally_weight(&p->rules, &p->total.power, &power));
}

static json_t *ballot_value(struct rpc_call *call, const struct proposal *p,
			    const struct governance_ballot *b)
{
	const struct governance *g = call_governance(call);
	const struct governance_account *a = governance_account(g, b->account);
	struct admin_bytes record;
	struct ballot_record stored;
	json_t *o = json_object();

	find_record(call, &stored, &record, p->number, b->account);
	json_put(o, "account", json_key(&a->key));
	json_put(o, "choice", json_word(choice_name(b->choice)));
	json_put(o, "weight", weight_value(g, p, b->account, &stored));
	json_put(o, "stake", json_u64(stored.tokens));
	json_put(o, "reputation", json_u64(stored.reputation));
	json_put(o, "height", json_u64(b->height));
	json_put(o, "position", json_count(stored.position));
	json_put(o, "nonce", json_u64(b->nonce));
	json_put(o, "changes", json_count(b->changes));
	json_put(o, "reason",
		 json_text(stored.reason.data, stored.reason.size));
	free(record.data);
	return o;
}

enum err rpc_VOTE_LIST_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const struct proposal *p;
	uint32_t limit, count;
	uint64_t at;
	json_t *list;
	enum err e = call_proposal(call, &p);

	if (!e)
		e = call_page(call, &limit, &at);
	if (e)
		return e;
	count = governance_ballot_count(g, p->number);
	list = json_array();
	for (; at < count && has_room(call, list, limit); at++)
		json_push(list,
			  ballot_value(call, p,
				       governance_ballot_at(g, p->number,
							    (uint32_t)at)));
	call->result = json_object();
	json_put(call->result, "votes", list);
	json_put(call->result, "cursor",
		 at < count ? json_u64(at) : json_null());
	return ERR_OK;
}

static json_t *cast_value(struct rpc_call *call, uint32_t number,
			  uint32_t account)
{
	const struct governance *g = call_governance(call);
	const struct proposal *p = governance_proposal(g, number);
	const struct governance_ballot *b =
		governance_ballot_of(g, number, account, NULL);
	struct admin_bytes record;
	struct ballot_record stored;
	json_t *o = json_object();

	find_record(call, &stored, &record, number, account);
	free(record.data);
	json_put(o, "proposal", json_count(number));
	json_put(o, "type", json_word(proposal_type_name(p->type)));
	json_put(o, "state", json_word(proposal_state_name(p->state)));
	json_put(o, "choice", json_word(choice_name(b->choice)));
	json_put(o, "weight", weight_value(g, p, account, &stored));
	json_put(o, "height", json_u64(b->height));
	json_put(o, "changes", json_count(b->changes));
	return o;
}

/* The cursor is the number of the last proposal shown. */
enum err rpc_VOTER_BALLOTS_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	uint32_t account, limit, count, row = 0;
	uint32_t *numbers;
	uint64_t below;
	json_t *list;
	bool given;
	enum err e = take_account(call, "account", &account, &given);

	if (!e)
		e = call_page(call, &limit, &below);
	if (e)
		return e;
	if (below > UINT32_MAX)
		below = 0;
	numbers = mem_alloc(limit * sizeof(*numbers));
	count = governance_voted_on(g, account, (uint32_t)below, numbers,
				    limit);
	list = json_array();
	for (; row < count && has_room(call, list, limit); row++)
		json_push(list, cast_value(call, numbers[row], account));
	call->result = json_object();
	json_put(call->result, "ballots", list);
	json_put(call->result, "cursor",
		 row > 0 && (row < count || count == limit)
			 ? json_u64(numbers[row - 1])
			 : json_null());
	free(numbers);
	return ERR_OK;
}
