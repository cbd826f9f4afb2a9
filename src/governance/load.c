#include "governance/internal.h"

#include "base/arena.h"
#include "governance/account_record.h"
#include "governance/stake.h"

#include <stdlib.h>
#include <string.h>

/* Records come in the order of their keys: accounts, ballots, carried,
 * delegations, globals, public keys, proposals, reasons, texts. Ballots wait
 * here for their proposal. */
struct loaded_ballot {
	struct governance_ballot ballot;
	uint64_t tokens;
	uint64_t reputation;
	uint32_t number;
	uint32_t position;
};

struct loaded_carried {
	struct power power;
	uint32_t number;
	uint32_t account;
};

struct load {
	struct loaded_ballot *ballots; /* Owned. */
	size_t ballot_count;
	size_t ballot_capacity;
	size_t ballots_taken;
	struct loaded_carried *carried; /* Owned. */
	size_t carried_count;
	size_t carried_capacity;
	size_t carried_taken;
	uint8_t globals[GLOBALS_RECORD_BYTES];
	bool has_globals;
	bool has_params;
	bool has_settings;
	uint32_t public_keys;
	uint32_t texts;
	uint32_t reasons_of_vetoes; /* of proposals that are not cancelled */
	uint32_t vetoed;	    /* such proposals that have vetoes */
	uint32_t with_actions;	    /* proposals that must have that record */
	uint32_t actions;
	uint32_t watches;
	bool has_funnels;
	struct governance_key last;
};

void load_fini(struct governance *g)
{
	if (g->load) {
		free(g->load->ballots);
		free(g->load->carried);
	}
	free(g->load);
	g->load = NULL;
}

static enum err damaged(struct err_text *text, const char *what)
{
	return err_set(text, ERR_DATA_DAMAGED, "governance: %s", what);
}

static enum err load_account(struct governance *g, struct reader *key,
			     struct bytes value, struct err_text *text)
{
	uint32_t index = read_u32(key);

	if (!reader_done(key) || index != g->accounts.count ||
	    index == LIMIT_ACCOUNTS)
		return damaged(text, "an account is missing");
	if (account_record_load(&g->accounts, value) != ERR_OK)
		return damaged(text, "an account's record is damaged");
	edges_make_room(&g->edges, g->accounts.count);
	return ERR_OK;
}

static enum err load_ballot(struct governance *g, struct reader *key,
			    struct bytes value, struct err_text *text)
{
	struct load *l = g->load;
	struct ballot_record record;
	struct loaded_ballot *b;
	uint32_t number = read_u32(key), account = read_u32(key);

	if (!reader_done(key) || account >= g->accounts.count)
		return damaged(text, "a ballot is of nobody");
	if (ballot_record_read(&record, value) != ERR_OK)
		return damaged(text, "a ballot's record is damaged");
	if (l->ballot_count == l->ballot_capacity) {
		l->ballot_capacity =
			l->ballot_capacity ? 2 * l->ballot_capacity : 256;
		l->ballots =
			mem_resize(l->ballots, l->ballot_capacity * sizeof(*b));
	}
	b = &l->ballots[l->ballot_count++];
	memset(b, 0, sizeof(*b));
	b->number = number;
	b->position = record.position;
	b->tokens = record.tokens;
	b->reputation = record.reputation;
	b->ballot.account = account;
	b->ballot.choice = (uint8_t)record.choice;
	b->ballot.changes = record.changes;
	b->ballot.nonce = record.nonce;
	b->ballot.height = record.height;
	if (g->accounts.list[account].first_vote == 0)
		g->accounts.list[account].first_vote = number;
	return ERR_OK;
}

static enum err load_carried(struct governance *g, struct reader *key,
			     struct bytes value, struct err_text *text)
{
	struct load *l = g->load;
	struct loaded_carried *c;
	uint32_t number = read_u32(key), account = read_u32(key);

	if (l->carried_count == l->carried_capacity) {
		l->carried_capacity =
			l->carried_capacity ? 2 * l->carried_capacity : 256;
		l->carried = mem_resize(l->carried,
					l->carried_capacity * sizeof(*c));
	}
	c = &l->carried[l->carried_count++];
	c->number = number;
	c->account = account;
	if (!reader_done(key) ||
	    carried_record_read(&c->power, value) != ERR_OK)
		return damaged(text, "a record of what is carried is damaged");
	return ERR_OK;
}

/* May the account have both, alive? */
static bool clash(const struct edge *a, const struct edge *b)
{
	if (a->kind != b->kind || !edge_is_alive(a) || !edge_is_alive(b))
		return false;
	if (a->kind == DELEGATION_CONDITIONAL)
		return (a->types & b->types) != 0;
	return a->kind == DELEGATION_FULL || a->target == b->target;
}

/* How many a snapshot sees that is the first to see this one. */
static uint32_t count_seen(const struct edges_record *r,
			   const struct edge *first)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->count; i++)
		count += r->edge[i].from <= first->from &&
			 first->from < r->edge[i].until;
	return count;
}

static bool are_possible(const struct governance *g, uint32_t principal,
			 const struct edges_record *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		const struct edge *edge = &r->edge[i];

		if (edge->target == principal ||
		    (edge->target >= g->accounts.count &&
		     edge->target != EDGE_NOBODY) ||
		    count_seen(r, edge) > LIMIT_DELEGATIONS)
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (clash(edge, &r->edge[k]))
				return false;
	}
	return true;
}

static enum err load_edges(struct governance *g, struct reader *key,
			   struct bytes value, struct err_text *text)
{
	struct edges_record record;
	uint32_t account = read_u32(key);

	if (!reader_done(key) || account >= g->accounts.count)
		return damaged(text, "delegations are nobody's");
	if (edges_record_read(&record, value) != ERR_OK)
		return damaged(text, "a record of delegations is damaged");
	if (!are_possible(g, account, &record))
		return damaged(text, "delegations are impossible");
	for (uint32_t i = 0; i < record.count; i++) {
		record.edge[i].principal = account;
		edges_add(&g->edges, &record.edge[i]);
	}
	edges_set_serial(&g->edges, account, record.last_serial);
	entrust_do(g, account);
	g->edges.owner[account].change_epoch = record.change_epoch;
	g->edges.owner[account].changes = record.changes;
	return ERR_OK;
}

/* Kept as bytes; load_finish compares them with those of the state read. What
 * cannot be found in other records is taken now: every account is there, and
 * proposals come next. */
static enum err load_globals(struct governance *g, struct reader *key,
			     struct bytes value, struct err_text *text)
{
	struct reader r;

	if (!reader_done(key) || value.size != sizeof(g->load->globals))
		return damaged(text, "the globals' record is damaged");
	memcpy(g->load->globals, value.data, value.size);
	g->load->has_globals = true;
	reader_init(&r, value.data, value.size);
	globals_record_take(&r, g);
	if (!accounts_recount(&g->accounts, &g->stake))
		return damaged(text, "an account is of a later epoch");
	g->stake += g->treasury;
	return ERR_OK;
}

static enum err load_params(struct governance *g, struct reader *key,
			    struct bytes value, struct err_text *text)
{
	if (!reader_done(key) ||
	    !params_record_read(&g->params, &g->settings, value) ||
	    governance_params_check(&g->params, NULL))
		return damaged(text, "the parameters' record is damaged");
	g->accounts.vote_min_stake =
		governance_param_global(&g->params, PARAM_VOTE_MIN_STAKE);
	g->load->has_params = true;
	return ERR_OK;
}

static enum err load_settings(struct governance *g, struct reader *key,
			      struct bytes value, struct err_text *text)
{
	if (!reader_done(key) || !settings_record_read(&g->settings, value) ||
	    g->settings.awarded_epoch > g->accounts.epoch)
		return damaged(text, "the settings' record is damaged");
	g->load->has_settings = true;
	return ERR_OK;
}

static enum err load_public_key(struct governance *g, struct reader *key,
				struct bytes value, struct err_text *text)
{
	struct public_key public_key;
	struct reader r;
	uint32_t index, expected;

	read_copy(key, public_key.b, sizeof(public_key.b));
	reader_init(&r, value.data, value.size);
	index = read_u32(&r);
	if (!reader_done(key) || !reader_done(&r) ||
	    !accounts_find(&g->accounts, &expected, &public_key) ||
	    index != expected)
		return damaged(text, "a public key is not its account's");
	g->load->public_keys++;
	return ERR_OK;
}

static int compare_position(const void *a, const void *b)
{
	const struct loaded_ballot *x = a, *y = b;

	return (x->position > y->position) - (x->position < y->position);
}

static bool is_same_tally(const struct tally *a, const struct tally *b)
{
	for (size_t i = 0; i < CHOICES; i++) {
		const struct power_sum *x = &a->choice[i], *y = &b->choice[i];

		if (x->voters != y->voters ||
		    !power_is_same(&x->power, &y->power) ||
		    !power_is_same(&a->carried[i], &b->carried[i]))
			return false;
	}
	return true;
}

/* What the ballot says its account had; while the vote is open the register
 * must say the same. */
static bool take_power(const struct governance *g, struct power *out,
		       const struct loaded_ballot *b, const struct proposal *p)
{
	struct power power;

	out->tokens = b->tokens;
	out->quadratic = power_quadratic(b->tokens);
	out->reputation = b->reputation;
	if (p->state != STATE_VOTING)
		return true;
	return accounts_power_in(&g->accounts, b->ballot.account, p, &power) &&
	       power.tokens == b->tokens && power.reputation == b->reputation;
}

/* Take the proposal's ballots back in the order in which they were cast. */
static bool take_ballots(struct governance *g, struct entry *e,
			 struct tally *sum)
{
	struct load *l = g->load;
	struct loaded_ballot *first = l->ballots + l->ballots_taken;
	uint32_t count = 0;

	while (l->ballots_taken + count < l->ballot_count &&
	       first[count].number == e->p.number)
		count++;
	l->ballots_taken += count;
	if (count > 0)
		qsort(first, count, sizeof(*first), compare_position);
	for (uint32_t i = 0; i < count; i++) {
		const struct governance_ballot *b = &first[i].ballot;
		struct power power;

		if (first[i].position != i ||
		    !take_power(g, &power, &first[i], &e->p))
			return false;
		ballot_enlist(g, e, ballots_add(&e->ballots, b));
		if (e->p.state == STATE_VOTING)
			voters_add(&e->carry.voters, b->account);
		tally_add(sum, b->choice, &power);
	}
	return true;
}

/* Only who voted carries. */
static bool take_carried(struct governance *g, struct entry *e,
			 struct tally *sum)
{
	static const struct power nothing = {0};
	struct load *l = g->load;

	for (; l->carried_taken < l->carried_count; l->carried_taken++) {
		const struct loaded_carried *c = &l->carried[l->carried_taken];
		const struct governance_ballot *ballot;
		struct carried *held;

		if (c->number != e->p.number)
			break;
		ballot = ballots_find(&e->ballots, c->account);
		if (!ballot)
			return false;
		held = carry_add(&e->carry, c->account);
		held->power = c->power;
		carrier_changed(e, held);
		tally_carry(sum, &e->p.rules, &e->p.total.power,
			    (enum choice)ballot->choice, &nothing, &c->power);
	}
	return true;
}

/* See that ballots and what is carried add up to its tally. */
static bool take_tally(struct governance *g, struct entry *e)
{
	struct tally sum = {0};

	return take_ballots(g, e, &sum) && take_carried(g, e, &sum) &&
	       is_same_tally(&sum, &e->p.tally);
}

static bool is_consistent(const struct governance *g, const struct proposal *p)
{
	struct hash id;

	proposal_compute_id(&id, &g->genesis,
			    &g->accounts.list[p->proposer].key, p);
	if (!hash_equal(&id, &p->id) || !contents_is_consistent(p))
		return false;
	switch (p->state) {
	case STATE_VOTING:
		if (p->snapshot_epoch > g->accounts.epoch)
			return false;
		/* fall through */
	case STATE_DRAFT:
	case STATE_SUBMITTED:
		return p->reason == REASON_NONE && p->ended_ms == 0 &&
		       proposal_deadline_ms(p) > 0;
	case STATE_QUEUED:
		return p->reason == REASON_NONE && p->ended_ms == 0 &&
		       p->action_count > 0 && proposal_deadline_ms(p) > 0;
	case STATE_PASSED:
	case STATE_EXECUTED:
		return p->reason == REASON_NONE && p->ended_ms > 0;
	case STATE_EXECUTION_FAILED:
		return p->reason == REASON_EXECUTION && p->ended_ms > 0;
	case STATE_REJECTED:
	case STATE_CANCELLED:
	case STATE_EXPIRED:
		break;
	}
	return p->reason != REASON_NONE && p->ended_ms > 0;
}

static enum err load_proposal(struct governance *g, struct reader *key,
			      struct bytes value, struct err_text *text)
{
	struct entry *e;
	struct proposal p;
	uint32_t number = read_u32(key);

	if (!reader_done(key) || number != g->entry_count + 1)
		return damaged(text, "a proposal is missing");
	if (proposal_record_read(&p, number, value) != ERR_OK)
		return damaged(text, "a proposal's record is damaged");
	if (p.proposer >= g->accounts.count || !is_consistent(g, &p))
		return damaged(text, "a proposal's record is impossible");
	e = entry_add(g);
	e->p = p;
	if (p.state == STATE_VOTING)
		accounts_keep(&g->accounts, p.snapshot_height,
			      p.snapshot_epoch);
	if (!take_tally(g, e))
		return damaged(text, "ballots do not add up to their tally");
	if (proposal_was_opened(&p))
		g->opened++;
	if (p.submitted_ms > 0)
		watchers_add_submitted(&g->watchers, e);
	if (p.action_count > 0)
		g->load->with_actions++;
	e->passing = p.state == STATE_VOTING &&
		     tally_would_pass(&p.tally, &p.rules, &p.total.power);
	g->accounts.list[p.proposer].locked += p.deposit;
	entry_enlist(g, e);
	if (p.deposit > LIMIT_STAKE_TOTAL ||
	    stake_held(&g->accounts.list[p.proposer]) <
		    g->accounts.list[p.proposer].locked)
		return damaged(text, "a deposit is more than its proposer has");
	if (g->open > LIMIT_PROPOSALS_OPEN ||
	    g->accounts.list[p.proposer].drafts > LIMIT_DRAFTS_PER_ACCOUNT)
		return damaged(text, "more proposals than there may be");
	return ERR_OK;
}

static enum err load_reason(struct governance *g, struct reader *key,
			    struct bytes value, struct err_text *text)
{
	const struct entry *e = entry_of(g, read_u32(key));
	struct bytes reason;

	if (!reader_done(key) || !e)
		return damaged(text, "a reason is for nothing");
	if (e->p.state != STATE_CANCELLED)
		g->load->reasons_of_vetoes++;
	if (reason_record_read(&reason, value) != ERR_OK || reason.size == 0)
		return damaged(text, "a reason's record is damaged");
	return ERR_OK;
}

static enum err load_act(struct governance *g, struct reader *key,
			 struct bytes value, struct err_text *text)
{
	if (read_u32(key) != g->acts.count + 1 || !reader_done(key))
		return damaged(text, "an act of the council is missing");
	if (!act_record_load(g, value))
		return damaged(text, "an act of the council is damaged");
	return ERR_OK;
}

static enum err load_vetoes(struct governance *g, struct reader *key,
			    struct bytes value, struct err_text *text)
{
	struct entry *e = entry_of(g, read_u32(key));

	if (!reader_done(key) || !e || e->p.state == STATE_DRAFT)
		return damaged(text, "vetoes are of nothing");
	if (!vetoes_record_read(&e->vetoes, value, g->accounts.count))
		return damaged(text, "a record of vetoes is damaged");
	if (e->p.state != STATE_CANCELLED)
		g->load->vetoed++;
	g->vetoed++;
	return ERR_OK;
}

static enum err load_texts(struct governance *g, struct reader *key,
			   struct bytes value, struct err_text *text)
{
	struct entry *e = entry_of(g, read_u32(key));
	struct bytes title, description;
	struct hash hash;

	if (!reader_done(key) || !e)
		return damaged(text, "a text is of no proposal");
	if (texts_record_read(&title, &description, value) != ERR_OK)
		return damaged(text, "a text's record is damaged");
	proposal_text_hash(&hash, title, description);
	if (!hash_equal(&hash, &e->p.text_hash))
		return damaged(text, "a text is not what was proposed");
	e->watching.title = title_skeleton(title);
	submissions_title(&g->watchers.submissions, e->p.number,
			  e->watching.title);
	g->load->texts++;
	return ERR_OK;
}

static enum err load_actions(struct governance *g, struct reader *key,
			     struct bytes value, struct err_text *text)
{
	struct entry *e = entry_of(g, read_u32(key));

	if (!reader_done(key) || !e)
		return damaged(text, "actions are of no proposal");
	if (!contents_load(e, value))
		return damaged(text, "actions are not what was proposed");
	if (e->p.action_count > 0)
		g->load->actions++;
	return ERR_OK;
}

static enum err load_watch(struct governance *g, struct reader *key,
			   struct bytes value, struct err_text *text)
{
	uint32_t number = read_u32(key);
	struct entry *e = entry_of(g, number);

	if (reader_done(key) && number == 0) {
		g->load->has_funnels = true;
		return funnels_record_read(g, &g->watchers.funnels, value);
	}
	if (!reader_done(key) || !e || e->p.snapshot_height == 0)
		return damaged(text, "a vote is watched that never opened");
	if (watch_record_read(g, e, value) != ERR_OK)
		return damaged(text, "what is kept of a vote is damaged");
	g->load->watches++;
	return ERR_OK;
}

static enum err load_alert(struct governance *g, struct reader *key,
			   struct bytes value, struct err_text *text)
{
	uint32_t number = read_u32(key);
	struct alert alert;

	if (!reader_done(key) || number != g->watchers.alert_count + 1)
		return damaged(text, "an alert is missing");
	if (alert_record_read(&alert, number, value) != ERR_OK ||
	    alert.proposal > g->entry_count)
		return damaged(text, "an alert's record is damaged");
	for (uint8_t i = 0; i < alert.account_count; i++)
		if (alert.account[i] >= g->accounts.count)
			return damaged(text, "an alert is about nobody");
	if (alert.kind == DETECT_PAYLOAD && alert.proposal > 0)
		entry_of(g, alert.proposal)->watching.payload_told = true;
	watchers_add_alert(&g->watchers, &alert);
	return ERR_OK;
}

static bool is_ascending(struct governance *g, struct bytes key)
{
	struct governance_key *last = &g->load->last;
	size_t common = key.size < last->size ? key.size : last->size;
	int order;

	if (key.size == 0 || key.size > sizeof(last->data))
		return false;
	order = memcmp(key.data, last->data, common);
	if (order < 0 || (order == 0 && key.size <= last->size))
		return false;
	memcpy(last->data, key.data, key.size);
	last->size = key.size;
	return true;
}

enum err governance_load(struct governance *g, struct bytes key,
			 struct bytes value, struct err_text *text)
{
	static enum err (*const loaders[])(struct governance *, struct reader *,
					   struct bytes, struct err_text *) = {
		[RECORD_ACCOUNT] = load_account,
		[RECORD_BALLOT] = load_ballot,
		[RECORD_CARRIED] = load_carried,
		[RECORD_EDGES] = load_edges,
		[RECORD_PARAMS] = load_params,
		[RECORD_GLOBALS] = load_globals,
		[RECORD_PUBLIC_KEY] = load_public_key,
		[RECORD_PROPOSAL] = load_proposal,
		[RECORD_ACT] = load_act,
		[RECORD_REASON] = load_reason,
		[RECORD_SETTINGS] = load_settings,
		[RECORD_VETOES] = load_vetoes,
		[RECORD_WATCH] = load_watch,
		[RECORD_TEXTS] = load_texts,
		[RECORD_ACTIONS] = load_actions,
		[RECORD_ALERT] = load_alert,
	};
	struct reader r;

	if (!g->load)
		g->load = mem_alloc(sizeof(*g->load));
	if (!governance_owns_key(key) || !is_ascending(g, key))
		return damaged(text, "a key is unknown or out of order");
	reader_init(&r, key.data, key.size);
	return loaders[read_u8(&r)](g, &r, value, text);
}

enum err governance_load_finish(struct governance *g, struct err_text *text)
{
	uint8_t globals[GLOBALS_RECORD_BYTES];
	const struct load *l = g->load;
	struct writer w;

	writer_init(&w, globals, sizeof(globals));
	globals_record_write(&w, g);
	assert(!w.bad && w.size == sizeof(globals));
	if (!l || !l->has_globals)
		return damaged(text, "the globals are missing");
	if (memcmp(l->globals, globals, sizeof(globals)) != 0)
		return damaged(text, "the globals are not those of the records "
				     "or of this network");
	if (!l->has_params || !l->has_settings)
		return damaged(text, "parameters or settings are missing");
	if (l->public_keys != g->accounts.count)
		return damaged(text, "a public key is missing");
	if (l->watches != g->opened || !watchers_are_whole(g))
		return damaged(text, "what is kept of a vote is missing");
	if (l->has_funnels != (g->edges.principals > 0))
		return damaged(text, "counts of delegations are missing");
	if (l->texts != g->entry_count)
		return damaged(text, "a text is missing");
	if (l->reasons_of_vetoes != l->vetoed)
		return damaged(text, "a reason is for nothing cancelled");
	if (l->actions != l->with_actions)
		return damaged(text, "actions are missing");
	if (l->ballots_taken != l->ballot_count ||
	    l->carried_taken != l->carried_count)
		return damaged(text, "ballots are left over");
	g->watchers.alerts_flushed = g->watchers.alert_count;
	g->keys_flushed = g->accounts.count;
	g->globals_pending = false;
	g->params_pending = false;
	g->settings_pending = false;
	load_fini(g);
	return ERR_OK;
}
