/* Accounts, and totals over all of them and their proposals. */
#include "admin/values.h"

#include "base/arena.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#define TURNOUT_ROWS 20u

_Static_assert(ADMIN_PAGE_MAX <= LARGEST_READ_MAX, "a page can be filled");

static json_t *participation_value(const struct governance *g,
				   const struct governance_account *a)
{
	json_t *o = json_object();

	json_put(o, "voted", json_count(a->voted));
	/* Votes that opened since there is the account. */
	json_put(o, "eligible",
		 json_count(a->eligible || a->voted > 0
				    ? index_opened_after(governance_index(g),
							 a->birth)
				    : 0));
	return o;
}

static json_t *lots_value(const struct governance *g, uint32_t account)
{
	uint32_t count;
	const struct stake_lot *lots = governance_lots(g, account, &count);
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++) {
		json_t *row = json_object();

		json_put(row, "amount", json_u64(lots[i].amount));
		json_put(row, "mature_ms", json_u64(lots[i].mature_ms));
		json_push(list, row);
	}
	return list;
}

/* What the next turn of the epoch leaves. */
static json_t *decay_value(const struct governance *g,
			   const struct governance_account *a)
{
	uint64_t kept_bp = governance_param_global(governance_params(g),
						   PARAM_REPUTATION_KEPT_BP);
	uint64_t ends_ms;
	uint32_t epoch = governance_epoch(g, &ends_ms);
	json_t *o = json_object();

	json_put(o, "epoch", json_count(epoch));
	json_put(o, "at_ms", json_u64(ends_ms));
	json_put(o, "kept_bp", json_count(kept_bp));
	json_put(o, "left", json_u64(a->power.reputation * kept_bp / 10000));
	return o;
}

enum err rpc_VOTER_GET_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const struct governance_account *a;
	struct public_key key;
	uint32_t account;
	json_t *o;

	call_key(call, "account", &key);
	if (!governance_find_account(g, &account, &key))
		return ERR_UNKNOWN_ACCOUNT;
	a = governance_account(g, account);
	o = json_object();
	json_put(o, "account", json_key(&a->key));
	json_put(o, "index", json_count(account));
	json_put(o, "stake", json_u64(a->power.tokens + a->maturing));
	json_put(o, "stake_mature", json_u64(a->power.tokens));
	json_put(o, "quadratic", json_u64(a->power.quadratic));
	json_put(o, "reputation", json_u64(a->power.reputation));
	json_put(o, "reputation_decay", decay_value(g, a));
	json_put(o, "eligible", json_boolean(a->eligible));
	json_put(o, "excluded", json_boolean(a->excluded));
	json_put(o, "stake_locked", json_u64(a->locked));
	json_put(o, "lots", lots_value(g, account));
	json_put(o, "nonce",
		 json_u64(ledger_nonces(call_ledger(call), account).base));
	json_put(o, "nonces_used",
		 json_u64(ledger_nonces(call_ledger(call), account).used));
	json_put(o, "delegations", delegations_value(call, account));
	json_put(o, "delegations_received", received_value(call, account));
	json_put(o, "participation", participation_value(g, a));
	json_put(o, "proposals_open", json_count(a->open));
	json_put(o, "drafts", json_count(a->drafts));
	call->result = o;
	return ERR_OK;
}

/* --- The largest --- */

static json_t *holder_value(const struct governance *g, uint32_t account)
{
	const struct governance_account *a = governance_account(g, account);
	json_t *o = json_object();

	json_put(o, "account", json_key(&a->key));
	json_put(o, "stake", json_u64(a->power.tokens));
	json_put(o, "reputation", json_u64(a->power.reputation));
	json_put(o, "eligible", json_boolean(a->eligible));
	json_put(o, "participation", participation_value(g, a));
	return o;
}

enum err rpc_VOTER_LIST_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const char *by = call_text(call, "by");
	struct largest_walk *w;
	json_t *list;
	uint32_t limit, account;
	enum err e = call_limit(call, &limit);

	if (e)
		return e;
	if (by && strcmp(by, "stake") != 0 && strcmp(by, "reputation") != 0)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"by\" is stake or reputation");
	list = json_array();
	w = mem_alloc(sizeof(*w));
	governance_largest(g, w,
			   by && by[0] == 'r' ? UNIT_REPUTATION : UNIT_STAKE);
	while (json_array_size(list) < limit && largest_next(w, &account))
		json_push(list, holder_value(g, account));
	free(w);
	call->result = json_object();
	json_put(call->result, "voters", list);
	return ERR_OK;
}

/* --- Totals --- */

static json_t *states_value(const struct proposal_index *ix, uint32_t type)
{
	json_t *o = json_object();

	for (uint32_t s = STATE_DRAFT; proposal_state_name(s); s++) {
		uint64_t sum = 0;

		for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
			if (type == 0 || t == type)
				sum += index_count(ix, t, s);
		}
		json_put(o, proposal_state_name(s), json_count(sum));
	}
	return o;
}

static json_t *types_value(const struct governance *g)
{
	const struct governance_params *params = governance_params(g);
	const struct proposal_index *ix = governance_index(g);
	json_t *all = json_object();

	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		uint64_t mechanism =
			governance_param_type(params, t, PARAM_TYPE_MECHANISM);
		uint64_t sum = 0;
		json_t *o = json_object();

		for (uint32_t s = STATE_DRAFT; proposal_state_name(s); s++)
			sum += index_count(ix, t, s);
		json_put(o, "proposals", json_count(sum));
		json_put(o, "mechanism",
			 json_word(mechanism_name((uint32_t)mechanism)));
		json_put(o, "states", states_value(ix, t));
		json_put(all, proposal_type_name(t), o);
	}
	return all;
}

static uint64_t mean(uint64_t sum, uint64_t count)
{
	return count ? sum / count : 0;
}

static json_t *ended_value(const struct proposal_index *ix)
{
	const struct index_ended *ended = index_ended(ix);
	json_t *o = json_object();

	json_put(o, "votes", json_count(ended->votes));
	json_put(o, "turnout_ppm",
		 json_count(mean(ended->turnout_sum, ended->votes)));
	json_put(o, "ballots", json_u64(ended->voters_sum));
	json_put(o, "eligible", json_u64(ended->eligible_sum));
	return o;
}

/* The votes that ended last, the latest first. */
static json_t *turnout_value(const struct governance *g)
{
	const struct index_query query = {
		.order = ORDER_CLOSING,
		.states = ~(1u << STATE_DRAFT | 1u << STATE_SUBMITTED |
			    1u << STATE_VOTING | 1u << STATE_CANCELLED |
			    1u << STATE_EXPIRED),
	};
	const struct proposal_index *ix = governance_index(g);
	struct index_place at = {0, 0};
	struct index_walk w;
	json_t *list = json_array();

	index_begin(&w, ix, &query, &at);
	while (json_array_size(list) < TURNOUT_ROWS && index_next(&w, &at)) {
		const struct proposal *p = governance_proposal(g, at.number);
		json_t *o = json_object();

		json_put(o, "proposal", json_count(p->number));
		json_put(o, "type", json_word(proposal_type_name(p->type)));
		json_put(o, "state", json_word(proposal_state_name(p->state)));
		json_put(o, "voting_end_ms", json_u64(p->voting_end_ms));
		json_put(o, "turnout_ppm",
			 json_count(index_turnout(ix, p->number)));
		json_put(o, "ballots",
			 json_count(governance_ballot_count(g, p->number)));
		json_put(o, "eligible", json_count(p->total.voters));
		json_push(list, o);
	}
	return list;
}

enum err rpc_STATS_GET_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	const struct proposal_index *ix = governance_index(g);
	const struct power_sum *total = governance_total(g);
	const struct ledger_block *last = ledger_last_block(call_ledger(call));
	json_t *o = json_object();
	uint64_t epoch_ends_ms;

	json_put(o, "height", json_u64(last->height));
	json_put(o, "block_time_ms", json_u64(last->time_ms));
	json_put(o, "epoch", json_count(governance_epoch(g, &epoch_ends_ms)));
	json_put(o, "epoch_ends_ms", json_u64(epoch_ends_ms));
	json_put(o, "accounts", json_count(governance_account_count(g)));
	json_put(o, "voters", json_count(total->voters));
	json_put(o, "stake", json_u64(total->power.tokens));
	json_put(o, "quadratic", json_u64(total->power.quadratic));
	json_put(o, "reputation", json_u64(total->power.reputation));
	json_put(o, "treasury", json_u64(governance_treasury(g)));
	json_put(o, "deposits", json_u64(index_deposits(ix)));
	json_put(o, "deposit_next", json_u64(governance_deposit(g)));
	json_put(o, "proposals", json_count(governance_proposal_count(g)));
	json_put(o, "proposals_open", json_count(governance_open_count(g)));
	json_put(o, "states", states_value(ix, 0));
	json_put(o, "types", types_value(g));
	json_put(o, "ended", ended_value(ix));
	json_put(o, "turnout", turnout_value(g));
	json_put(o, "ballots", json_u64(governance_ballot_total(g)));
	json_put(o, "transactions",
		 json_u64(ledger_result_count(call_ledger(call))));
	call->result = o;
	return ERR_OK;
}
