#include "governance/internal.h"
#include "governance/stake.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct governance *governance_new(const struct hash *genesis,
				  const struct governance_params *params,
				  uint64_t time_ms)
{
	struct governance *g = mem_alloc(sizeof(*g));

	g->genesis = *genesis;
	g->params = *params;
	accounts_init(&g->accounts);
	g->accounts.on_stake = entrust_change;
	g->accounts.context = g;
	g->accounts.vote_min_stake =
		governance_param_global(params, PARAM_VOTE_MIN_STAKE);
	g->accounts.kept_bp =
		governance_param_global(params, PARAM_REPUTATION_KEPT_BP);
	g->epoch_start_ms = time_ms;
	edges_init(&g->edges);
	g->globals_pending = true;
	g->params_pending = true;
	g->settings_pending = true;
	g->index = index_new();
	return g;
}

static void entry_fini(struct entry *e)
{
	ballots_fini(&e->ballots);
	contents_drop(e);
	free(e->watching.watch);
	carry_fini(&e->carry);
	largest_fini(&e->carriers);
}

void governance_free(struct governance **g)
{
	struct governance *old = *g;

	*g = NULL;
	if (!old)
		return;
	load_fini(old);
	pending_fini(old);
	accounts_fini(&old->accounts);
	edges_fini(&old->edges);
	for (uint32_t i = 0; i < old->entry_count; i++)
		entry_fini(&old->entries[i]);
	watchers_fini(&old->watchers);
	free(old->entries);
	deadlines_fini(&old->deadlines);
	acts_fini(&old->acts);
	index_free(&old->index);
	free(old->events);
	free(old);
}

static enum err check_new_account(const struct governance *g,
				  const struct public_key *key, uint64_t stake,
				  uint64_t reputation, struct err_text *text)
{
	uint32_t index;

	if (g->accounts.count >= LIMIT_ACCOUNTS)
		return err_set(text, ERR_GENESIS, "more than %u accounts",
			       LIMIT_ACCOUNTS);
	if (stake > LIMIT_STAKE_TOTAL - g->stake)
		return err_set(text, ERR_GENESIS,
			       "account %u brings all stake above %" PRIu64
			       " micro-tokens",
			       g->accounts.count, LIMIT_STAKE_TOTAL);
	if (reputation > LIMIT_REPUTATION_TOTAL - g->accounts.reputation)
		return err_set(text, ERR_GENESIS,
			       "account %u brings all reputation above %" PRIu64
			       " milli-points",
			       g->accounts.count, LIMIT_REPUTATION_TOTAL);
	if (accounts_find(&g->accounts, &index, key))
		return err_set(text, ERR_GENESIS,
			       "account %u has the key of account %u",
			       g->accounts.count, index);
	return ERR_OK;
}

enum err governance_add_account(struct governance *g,
				const struct public_key *key, uint64_t stake,
				uint64_t reputation, struct err_text *text)
{
	const struct governance_account account = {.key = *key,
						   .funder = NO_ACCOUNT};
	enum err err = check_new_account(g, key, stake, reputation, text);

	if (err != ERR_OK)
		return err;
	assert(g->entry_count == 0);
	accounts_set(&g->accounts, accounts_add(&g->accounts, &account), 0,
		     stake, reputation);
	g->stake += stake;
	edges_make_room(&g->edges, g->accounts.count);
	g->globals_pending = true;
	return ERR_OK;
}

void governance_exclude_account(struct governance *g, uint32_t account)
{
	struct governance_account *x = &g->accounts.list[account];

	assert(g->entry_count == 0);
	x->excluded = true;
	accounts_set(&g->accounts, account, 0, x->power.tokens,
		     x->power.reputation);
}

const struct stake_lot *governance_lots(const struct governance *g,
					uint32_t account, uint32_t *count)
{
	const struct stake_lots *lots = g->accounts.list[account].lots;

	*count = lots ? lots->count : 0;
	return lots ? lots->list : NULL;
}

bool governance_find_account(const struct governance *g, uint32_t *account,
			     const struct public_key *key)
{
	return accounts_find(&g->accounts, account, key);
}

uint32_t governance_account_count(const struct governance *g)
{
	return g->accounts.count;
}

const struct governance_account *governance_account(const struct governance *g,
						    uint32_t account)
{
	return account < g->accounts.count ? &g->accounts.list[account] : NULL;
}

const struct power_sum *governance_total(const struct governance *g)
{
	return &g->accounts.total;
}

enum err governance_add_validator(struct governance *g,
				  const struct public_key *key, uint64_t weight,
				  struct err_text *text)
{
	g->settings_pending = true;
	return validator_plan_set(&g->settings.validators, key, weight, text);
}

enum err governance_set_council(struct governance *g,
				const struct council *council,
				struct err_text *text)
{
	enum err err = council_check(council, text);

	if (err)
		return err;
	g->settings.council = *council;
	g->settings_pending = true;
	return ERR_OK;
}

const struct settings *governance_settings(const struct governance *g)
{
	return &g->settings;
}

const struct governance_params *governance_params(const struct governance *g)
{
	return &g->params;
}

uint32_t governance_epoch(const struct governance *g, uint64_t *ends_ms)
{
	*ends_ms = g->epoch_start_ms
			   ? g->epoch_start_ms +
				     governance_param_global(&g->params,
							     PARAM_EPOCH_MS)
			   : 0;
	return g->accounts.epoch;
}

uint64_t governance_next_deadline_ms(const struct governance *g)
{
	const struct deadlines *const all[] = {
		&g->deadlines, &g->accounts.maturities, &g->acts.deadlines};
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct deadline first;

		if (deadlines_first(all[i], &first) && first.time_ms < next)
			next = first.time_ms;
	}
	return next == UINT64_MAX ? 0 : next;
}

void event_add(struct governance *g, const struct governance_event *event)
{
	if (g->event_count == g->event_capacity) {
		g->event_capacity =
			g->event_capacity ? 2 * g->event_capacity : 64;
		g->events = mem_resize(g->events,
				       g->event_capacity * sizeof(*g->events));
	}
	g->events[g->event_count++] = *event;
}

const struct governance_event *governance_events(const struct governance *g,
						 size_t *count)
{
	*count = g->event_count;
	return g->events;
}

const char *governance_event_name(uint32_t kind)
{
	static const char *const names[] = {
		[EVENT_STATE] = "proposal",
		[EVENT_AMENDED] = "amended",
		[EVENT_BALLOT] = "ballot",
		[EVENT_TRANSFER] = "transfer",
		[EVENT_EPOCH] = "epoch",
		[EVENT_DELEGATION] = "delegation",
		[EVENT_ALERT] = "alert",
		[EVENT_DEPOSIT] = "deposit",
		[EVENT_END_MOVED] = "end_moved",
		[EVENT_PARAMETER] = "parameter",
		[EVENT_REPUTATION] = "reputation",
		[EVENT_SETTING] = "setting",
		[EVENT_VETO] = "veto",
		[EVENT_ACT] = "act",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

const char *act_state_name(uint32_t state)
{
	static const char *const names[] = {
		[ACT_OPEN] = "open",	   [ACT_DELAYED] = "delayed",
		[ACT_DONE] = "done",	   [ACT_FAILED] = "failed",
		[ACT_EXPIRED] = "expired",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

const char *deposit_event_name(uint32_t what)
{
	static const char *const names[] = {
		[DEPOSIT_LOCKED] = "locked",
		[DEPOSIT_RETURNED] = "returned",
		[DEPOSIT_BURNT] = "burnt",
	};

	return what < sizeof(names) / sizeof(names[0]) ? names[what] : NULL;
}

uint64_t governance_treasury(const struct governance *g)
{
	return g->treasury;
}

struct entry *entry_of(const struct governance *g, uint32_t number)
{
	return number >= 1 && number <= g->entry_count ? &g->entries[number - 1]
						       : NULL;
}

struct entry *entry_add(struct governance *g)
{
	struct entry *e;

	if (g->entry_count == g->entry_capacity) {
		g->entry_capacity =
			g->entry_capacity ? 2 * g->entry_capacity : 16;
		g->entries =
			mem_resize(g->entries, g->entry_capacity * sizeof(*e));
	}
	e = &g->entries[g->entry_count++];
	memset(e, 0, sizeof(*e));
	e->p.number = g->entry_count;
	return e;
}

uint32_t governance_proposal_count(const struct governance *g)
{
	return g->entry_count;
}

uint32_t governance_open_count(const struct governance *g)
{
	return g->open;
}

uint32_t governance_opened_count(const struct governance *g)
{
	return g->opened;
}

const struct proposal *governance_proposal(const struct governance *g,
					   uint32_t number)
{
	const struct entry *e = entry_of(g, number);

	return e ? &e->p : NULL;
}

static const struct power *total_for(const struct governance *g,
				     const struct proposal *p)
{
	return proposal_was_opened(p) ? &p->total.power
				      : &g->accounts.total.power;
}

void governance_evaluate(const struct governance *g, struct tally_result *out,
			 const struct proposal *p)
{
	tally_evaluate(out, &p->tally, &p->rules, total_for(g, p));
}

uint32_t governance_ballot_count(const struct governance *g, uint32_t number)
{
	const struct entry *e = entry_of(g, number);

	return e ? e->ballots.count : 0;
}

const struct governance_ballot *governance_ballot_at(const struct governance *g,
						     uint32_t number,
						     uint32_t position)
{
	const struct entry *e = entry_of(g, number);

	return e && position < e->ballots.count ? &e->ballots.list[position]
						: NULL;
}

const struct governance_ballot *governance_ballot_of(const struct governance *g,
						     uint32_t number,
						     uint32_t account,
						     uint32_t *position)
{
	const struct entry *e = entry_of(g, number);
	const struct governance_ballot *ballot =
		e ? ballots_find(&e->ballots, account) : NULL;

	if (ballot && position)
		*position = (uint32_t)(ballot - e->ballots.list);
	return ballot;
}

bool governance_carried_at(const struct governance *g, uint32_t number,
			   uint32_t place, uint32_t *account,
			   struct power *power)
{
	const struct entry *e = entry_of(g, number);

	if (!e || place >= e->carry.count)
		return false;
	*account = e->carry.list[place].account;
	*power = e->carry.list[place].power;
	return true;
}

bool governance_carried_by(const struct governance *g, uint32_t number,
			   uint32_t account, struct power *power)
{
	const struct entry *e = entry_of(g, number);
	const struct carried *held = e ? carry_of(&e->carry, account) : NULL;

	if (held)
		*power = held->power;
	return held != NULL;
}

unsigned __int128 governance_ballot_weight(const struct governance *g,
					   const struct proposal *p,
					   uint32_t account)
{
	struct power power;

	if (!proposal_was_opened(p))
		return g->accounts.list[account].eligible
			       ? tally_weight(&p->rules, total_for(g, p),
					      &g->accounts.list[account].power)
			       : 0;
	accounts_power_in(&g->accounts, account, p, &power);
	return tally_weight(&p->rules, total_for(g, p), &power);
}
