/* Proposals, ballots, accounts and parameters: read from the ledger directly.
 */
#include "admin/server.h"

#include "admin/json.h"
#include "governance/governance.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

/* Naming who has not voted takes a walk over all accounts. */
#define NOT_VOTED_ACCOUNTS 10000u
#define NOT_VOTED_ROWS	   5u

static const struct ledger *ledger_of(const struct rpc_call *call)
{
	return call->server->backend->ledger(call->server->ctx);
}

static const struct governance *governance_of(const struct rpc_call *call)
{
	return ledger_governance(ledger_of(call));
}

static json_t *word(const char *text)
{
	return json_string(text ? text : "unknown");
}

/* A time that is not set yet is null. */
static json_t *time_value(uint64_t ms)
{
	return ms ? json_u64(ms) : json_null();
}

static const struct power_sum *total_of(const struct governance *g,
					const struct proposal *p)
{
	return proposal_was_opened(p) ? &p->total : governance_total(g);
}

/* --- Tallies --- */

static json_t *tally_choice(const struct tally_result *r,
			    const struct proposal *p, enum choice choice)
{
	json_t *o = json_object();

	/* Nothing is delegated yet: all weight is the voters' own. */
	json_put(o, "weight", json_u128(r->weight[choice - 1]));
	json_put(o, "direct", json_u128(r->weight[choice - 1]));
	json_put(o, "delegated", json_u128(0));
	json_put(o, "voters", json_count(p->tally.choice[choice - 1].voters));
	json_put(o, "stake",
		 json_u64(p->tally.choice[choice - 1].power.tokens));
	return o;
}

static json_t *tally_value(const struct governance *g, const struct proposal *p)
{
	const struct power_sum *total = total_of(g, p);
	json_t *o = json_object(), *part;
	struct tally_result r;

	governance_evaluate(g, &r, p);
	json_put(o, "proposal", json_count(p->number));
	json_put(o, "state", word(proposal_state_name(p->state)));
	json_put(o, "mechanism", word(mechanism_name(p->rules.mechanism)));
	part = json_object();
	json_put(part, "for", tally_choice(&r, p, CHOICE_FOR));
	json_put(part, "against", tally_choice(&r, p, CHOICE_AGAINST));
	json_put(part, "abstain", tally_choice(&r, p, CHOICE_ABSTAIN));
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

/* The reason of a cancellation is the proposer's own words, if any. */
static void put_reason(struct rpc_call *call, json_t *o,
		       const struct proposal *p)
{
	const char *text = proposal_reason_text(p->reason);
	struct admin_bytes record = {NULL, 0};
	struct bytes said = {NULL, 0};
	struct governance_key key;

	governance_key_reason(&key, p->number);
	if (p->state == STATE_CANCELLED &&
	    !call->server->backend->state_record(
		    call->server->ctx, (struct bytes){key.data, key.size},
		    &record) &&
	    !reason_record_read(&said,
				(struct bytes){record.data, record.size}) &&
	    said.size > 0)
		json_put(o, "reason", json_text(said.data, said.size));
	else
		json_put(o, "reason", json_string(text ? text : ""));
	free(record.data);
}

static json_t *proposal_value(struct rpc_call *call, const struct proposal *p)
{
	const struct governance *g = governance_of(call);
	const struct governance_account *a = governance_account(g, p->proposer);
	json_t *o = json_object();

	json_put(o, "proposal", json_count(p->number));
	json_put(o, "id", json_hash(&p->id));
	json_put(o, "type", word(proposal_type_name(p->type)));
	json_put(o, "mechanism", word(mechanism_name(p->rules.mechanism)));
	json_put(o, "state", word(proposal_state_name(p->state)));
	put_reason(call, o, p);
	put_title(call, o, p, false);
	json_put(o, "proposer", a ? json_key(&a->key) : json_null());
	json_put(o, "submitted_ms", time_value(p->submitted_ms));
	json_put(o, "voting_start_ms", time_value(p->voting_start_ms));
	json_put(o, "voting_end_ms", time_value(p->voting_end_ms));
	json_put(o, "execute_after_ms", json_null());
	json_put(o, "expires_ms", time_value(p->expires_ms));
	json_put(o, "ended_ms", time_value(p->ended_ms));
	json_put(o, "snapshot_height", json_u64(p->snapshot_height));
	json_put(o, "actions", json_array());
	return o;
}

static enum err find_proposal(struct rpc_call *call,
			      const struct proposal **out)
{
	uint64_t number = call_number(call, "proposal", 0);

	*out = number <= UINT32_MAX ? governance_proposal(governance_of(call),
							  (uint32_t)number)
				    : NULL;
	return *out ? ERR_OK : ERR_UNKNOWN_PROPOSAL;
}

enum err rpc_PROPOSAL_GET_handler(struct rpc_call *call)
{
	const struct proposal *p;
	enum err e = find_proposal(call, &p);

	if (e)
		return e;
	call->result = proposal_value(call, p);
	put_title(call, call->result, p, true);
	json_put(call->result, "tally", tally_value(governance_of(call), p));
	return ERR_OK;
}

static bool state_known(const char *name)
{
	for (uint32_t s = STATE_DRAFT; proposal_state_name(s); s++) {
		if (strcmp(proposal_state_name(s), name) == 0)
			return true;
	}
	return false;
}

/* Whether the account could still say something for the first time. */
static bool waits_for(const struct governance *g, const struct proposal *p,
		      uint32_t account)
{
	return p->state == STATE_VOTING &&
	       governance_account(g, account)->eligible &&
	       !governance_ballot_of(g, p->number, account, NULL);
}

/* The account of `not_voted_by`; *given says whether there is one. */
static enum err take_voter(struct rpc_call *call, uint32_t *account,
			   bool *given)
{
	struct public_key key;

	*given = json_object_get(call->params, "not_voted_by") != NULL;
	if (!*given)
		return ERR_OK;
	call_key(call, "not_voted_by", &key);
	return governance_find_account(governance_of(call), account, &key)
		       ? ERR_OK
		       : ERR_UNKNOWN_ACCOUNT;
}

/* The cursor is the number of the last proposal shown: what comes next is
 * older, so new proposals never shift a page. */
enum err rpc_PROPOSAL_LIST_handler(struct rpc_call *call)
{
	const struct governance *g = governance_of(call);
	const char *state = call_text(call, "state");
	uint32_t limit, number = governance_proposal_count(g), account = 0;
	uint64_t cursor;
	json_t *list;
	bool by_voter;
	enum err e = call_page(call, &limit, &cursor);

	if (!e)
		e = take_voter(call, &account, &by_voter);
	if (e)
		return e;
	if (state && !state_known(state))
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "there is no state \"%.32s\"", state);
	if (cursor && cursor <= number)
		number = (uint32_t)cursor - 1;
	list = json_array();
	for (; number >= 1 && json_array_size(list) < limit; number--) {
		const struct proposal *p = governance_proposal(g, number);
		const char *name = proposal_state_name(p->state);

		if ((!state || strcmp(state, name) == 0) &&
		    (!by_voter || waits_for(g, p, account)))
			json_push(list, proposal_value(call, p));
	}
	call->result = json_object();
	json_put(call->result, "proposals", list);
	json_put(call->result, "cursor",
		 number >= 1 ? json_u64(number + 1) : json_null());
	return ERR_OK;
}

/* The largest powers that are still out, for people. */
static json_t *not_voted(const struct governance *g, const struct proposal *p)
{
	uint32_t best[NOT_VOTED_ROWS], count = 0;
	json_t *list = json_array();

	for (uint32_t i = 0; i < governance_account_count(g); i++) {
		unsigned __int128 w = governance_ballot_weight(g, p, i);
		uint32_t at = count;

		if (w == 0 || governance_ballot_of(g, p->number, i, NULL))
			continue;
		while (at > 0 &&
		       governance_ballot_weight(g, p, best[at - 1]) < w)
			at--;
		if (at == NOT_VOTED_ROWS)
			continue;
		if (count < NOT_VOTED_ROWS)
			count++;
		memmove(&best[at + 1], &best[at],
			(count - 1 - at) * sizeof(best[0]));
		best[at] = i;
	}
	for (uint32_t i = 0; i < count; i++) {
		json_t *row = json_object();

		json_put(row, "account",
			 json_key(&governance_account(g, best[i])->key));
		json_put(row, "weight",
			 json_u128(governance_ballot_weight(g, p, best[i])));
		json_push(list, row);
	}
	return list;
}

enum err rpc_TALLY_GET_handler(struct rpc_call *call)
{
	const struct governance *g = governance_of(call);
	const struct proposal *p;
	enum err e = find_proposal(call, &p);

	if (e)
		return e;
	call->result = tally_value(g, p);
	json_put(call->result, "type", word(proposal_type_name(p->type)));
	put_title(call, call->result, p, false);
	put_reason(call, call->result, p);
	json_put(call->result, "voting_start_ms",
		 time_value(p->voting_start_ms));
	json_put(call->result, "voting_end_ms", time_value(p->voting_end_ms));
	json_put(call->result, "snapshot_height", json_u64(p->snapshot_height));
	if (p->state == STATE_VOTING &&
	    governance_account_count(g) <= NOT_VOTED_ACCOUNTS)
		json_put(call->result, "not_voted", not_voted(g, p));
	return ERR_OK;
}

/* --- Ballots --- */

static json_t *ballot_value(struct rpc_call *call, const struct proposal *p,
			    const struct governance_ballot *b)
{
	const struct governance *g = governance_of(call);
	const struct governance_account *a = governance_account(g, b->account);
	struct admin_bytes record = {NULL, 0};
	struct ballot_record stored = {.reason = {NULL, 0}};
	struct governance_key key;
	json_t *o = json_object();

	governance_key_ballot(&key, p->number, b->account);
	if (call->server->backend->state_record(
		    call->server->ctx, (struct bytes){key.data, key.size},
		    &record) ||
	    ballot_record_read(&stored,
			       (struct bytes){record.data, record.size}))
		stored.reason = (struct bytes){NULL, 0};
	json_put(o, "account", json_key(&a->key));
	json_put(o, "choice", word(choice_name(b->choice)));
	json_put(o, "weight",
		 json_u128(governance_ballot_weight(g, p, b->account)));
	json_put(o, "stake", json_u64(a->power.tokens));
	json_put(o, "reputation", json_u64(a->power.reputation));
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
	const struct governance *g = governance_of(call);
	const struct proposal *p;
	uint32_t limit, count;
	uint64_t at;
	json_t *list;
	enum err e = find_proposal(call, &p);

	if (!e)
		e = call_page(call, &limit, &at);
	if (e)
		return e;
	count = governance_ballot_count(g, p->number);
	list = json_array();
	for (; at < count && json_array_size(list) < limit; at++)
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

/* --- Accounts --- */

enum err rpc_VOTER_GET_handler(struct rpc_call *call)
{
	const struct governance *g = governance_of(call);
	const struct governance_account *a;
	struct public_key key;
	uint32_t account;
	json_t *o, *part;

	call_key(call, "account", &key);
	if (!governance_find_account(g, &account, &key))
		return ERR_UNKNOWN_ACCOUNT;
	a = governance_account(g, account);
	o = json_object();
	json_put(o, "account", json_key(&a->key));
	json_put(o, "index", json_count(account));
	json_put(o, "stake", json_u64(a->power.tokens));
	/* Stake comes from the genesis alone so far, and is mature there. */
	json_put(o, "stake_mature", json_u64(a->power.tokens));
	json_put(o, "quadratic", json_u64(a->power.quadratic));
	json_put(o, "reputation", json_u64(a->power.reputation));
	json_put(o, "eligible", json_boolean(a->eligible));
	json_put(o, "nonce",
		 json_u64(ledger_nonces(ledger_of(call), account).base));
	json_put(o, "nonces_used",
		 json_u64(ledger_nonces(ledger_of(call), account).used));
	json_put(o, "delegations", json_array());
	part = json_object();
	json_put(part, "count", json_count(0));
	json_put(part, "weight", json_u64(0));
	json_put(o, "delegations_received", part);
	part = json_object();
	json_put(part, "voted", json_count(a->voted));
	json_put(part, "eligible",
		 json_count(a->eligible ? governance_opened_count(g) : 0));
	json_put(o, "participation", part);
	json_put(o, "proposals_open", json_count(a->open));
	json_put(o, "drafts", json_count(a->drafts));
	call->result = o;
	return ERR_OK;
}

/* --- Parameters and totals --- */

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
	json_put(o, "doc", json_string(info->sentence));
	return o;
}

enum err rpc_PARAMS_LIST_handler(struct rpc_call *call)
{
	const struct governance_params *p =
		governance_params(governance_of(call));
	const struct network_params *n = ledger_params(ledger_of(call));
	struct governance_param_info info;
	json_t *list = json_array();

	for (size_t i = 0; i < PARAM_COUNT; i++) {
		governance_param_info(&info, i);
		json_push(list, param_value(&info, p->value[i]));
	}
	for (size_t i = 0; i < NETWORK_PARAM_COUNT; i++) {
		network_param_info(&info, i);
		json_push(list, param_value(&info, n->value[i]));
	}
	call->result = json_object();
	json_put(call->result, "params", list);
	return ERR_OK;
}

enum err rpc_STATS_GET_handler(struct rpc_call *call)
{
	const struct governance *g = governance_of(call);
	const struct power_sum *total = governance_total(g);
	const struct ledger_block *last = ledger_last_block(ledger_of(call));
	uint64_t states[STATE_EXPIRED + 1] = {0}, ballots = 0;
	uint32_t count = governance_proposal_count(g);
	json_t *o = json_object(), *part = json_object();

	for (uint32_t n = 1; n <= count; n++) {
		states[governance_proposal(g, n)->state]++;
		ballots += governance_ballot_count(g, n);
	}
	json_put(o, "height", json_u64(last->height));
	json_put(o, "block_time_ms", json_u64(last->time_ms));
	json_put(o, "accounts", json_count(governance_account_count(g)));
	json_put(o, "voters", json_count(total->voters));
	json_put(o, "stake", json_u64(total->power.tokens));
	json_put(o, "quadratic", json_u64(total->power.quadratic));
	json_put(o, "reputation", json_u64(total->power.reputation));
	for (uint32_t s = STATE_DRAFT; s <= STATE_EXPIRED; s++)
		json_put(part, proposal_state_name(s), json_count(states[s]));
	json_put(o, "proposals", json_count(count));
	json_put(o, "proposals_open", json_count(governance_open_count(g)));
	json_put(o, "states", part);
	json_put(o, "ballots", json_u64(ballots));
	json_put(o, "transactions",
		 json_u64(ledger_result_count(ledger_of(call))));
	call->result = o;
	return ERR_OK;
}
