#include "governance/internal.h"

#include "base/arena.h"
#include "governance/detect_payload.h"

#include <stdlib.h>
#include <string.h>

void watchers_fini(struct watchers *w)
{
	free(w->ended);
	free(w->alerts);
}

static void raise(struct governance *g, uint32_t proposal, struct alert *a);

static uint32_t limit(const struct governance *g, enum param_global which)
{
	return (uint32_t)governance_param_global(&g->params, which);
}

static void limits_from_params(struct detect_limits *out,
			       const struct governance *g)
{
	out->history_min = limit(g, PARAM_DETECT_HISTORY_MIN);
	out->surge_share_bp = limit(g, PARAM_DETECT_SURGE_SHARE);
	out->surge_times = limit(g, PARAM_DETECT_SURGE_TIMES);
	out->surge_window = limit(g, PARAM_DETECT_SURGE_WINDOW);
	out->dormant_accounts = limit(g, PARAM_DETECT_DORMANT_ACCOUNTS);
	out->dormant_share_bp = limit(g, PARAM_DETECT_DORMANT_SHARE);
	out->swing_accounts = limit(g, PARAM_DETECT_SWING_ACCOUNTS);
	out->snipe_accounts = limit(g, PARAM_DETECT_SNIPE_ACCOUNTS);
	out->sybil_accounts = limit(g, PARAM_DETECT_SYBIL_ACCOUNTS);
	out->sybil_share_bp = limit(g, PARAM_DETECT_SYBIL_SHARE);
}

void watch_open(struct governance *g, struct entry *e)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->ended = g->watchers.ended_count;
	w->history = (uint8_t)limit(g, PARAM_DETECT_HISTORY);
	if (w->history > w->ended)
		w->history = (uint8_t)w->ended;
	e->watching.watch = w;
	pending_watch(g, e);
}

/* Did it vote in one of the votes that had just ended at the opening? The
 * latest first: who votes regularly is found at once. */
static bool has_history(const struct governance *g, const struct watch *w,
			uint32_t account)
{
	for (uint32_t i = 0; i < w->history; i++) {
		uint32_t number = g->watchers.ended[w->ended - 1 - i];

		if (ballots_find(&entry_of(g, number)->ballots, account))
			return true;
	}
	return false;
}

/* Did it vote in one that had ended before the opening, however long ago? */
static bool voted_before(const struct governance *g, const struct watch *w,
			 uint32_t account)
{
	const struct entry *first =
		entry_of(g, g->accounts.list[account].first_vote);

	return first && first->watching.ended > 0 &&
	       first->watching.ended <= w->ended;
}

/* Before the regular end, or one that was moved behind it: a vote that ends
 * early has no late window. */
static bool is_late(const struct proposal *p, uint64_t time_ms)
{
	uint64_t end = later(p->voting_start_ms, p->rules.voting_ms);

	if (p->voting_end_ms > end)
		end = p->voting_end_ms;
	return end - time_ms <= p->rules.late_window_ms;
}

/* A mover's power is its own and what it carries by now, as it counts. */
static void weigh_mover(const struct governance *g, const struct entry *e,
			struct watch_mover *m)
{
	const struct carried *carried = carry_of(&e->carry, m->account);
	struct power counted;

	watch_power(g, e, m->account, &m->power, &m->weight);
	if (!carried)
		return;
	tally_counted(&counted, &e->p.rules, &e->p.total.power,
		      &carried->power);
	power_add(&m->power, &counted);
	m->weight = tally_weight(&e->p.rules, &e->p.total.power, &m->power);
}

static void weigh_movers(const struct governance *g, const struct entry *e)
{
	struct watch *w = e->watching.watch;

	for (uint8_t i = 0; i < w->mover_count; i++)
		weigh_mover(g, e, &w->mover[i]);
}

void watch_carried(struct governance *g, struct entry *e, uint32_t account)
{
	struct watch *w = e->watching.watch;
	const struct governance_ballot *b = ballots_find(&e->ballots, account);
	struct watch_mover m = {.account = account, .to = b->choice};

	if (!w->late)
		return;
	weigh_movers(g, e);
	weigh_mover(g, e, &m);
	watch_mover_put(w, &m);
	pending_watch(g, e);
}

void watch_delegation(struct governance *g, const struct edge *edge)
{
	const struct edges *all = &g->edges;
	const struct funnel_limits limits = {
		.delegations = limit(g, PARAM_DETECT_FUNNEL_DELEGATIONS),
		.share_bp = limit(g, PARAM_DETECT_FUNNEL_SHARE),
		.total = g->accounts.total.power.tokens,
	};
	uint64_t tokens = g->accounts.list[edge->principal].power.tokens;
	uint32_t next = edges_owner(all, edge->principal).first_out;
	struct alert a;

	/* Who delegates first makes the record, whomever to. */
	g->watchers.funnels_pending |= all->principals == 0;
	for (; next != EDGE_NONE; next = all->pool[next].next_out)
		if (edge_is_alive(&all->pool[next]) &&
		    all->pool[next].target == edge->target)
			return; /* no news */
	if (edge->kind == DELEGATION_LIMITED && edge->amount < tokens)
		tokens = edge->amount;
	if (edge->target == EDGE_NOBODY)
		return;
	g->watchers.funnels_pending = true;
	if (detect_funnel(&g->watchers.funnels, g->accounts.epoch, edge->target,
			  tokens, &limits, &a))
		raise(g, 0, &a);
}

void watch_ballot(struct governance *g, struct entry *e,
		  const struct governance_context *ctx, enum choice from,
		  enum choice to, const struct power *power)
{
	struct governance_account *a = &g->accounts.list[ctx->account];
	struct watch *w = e->watching.watch;
	struct watch_ballot b = {
		.account = ctx->account,
		.from = (uint8_t)from,
		.to = (uint8_t)to,
		.late = w->late || is_late(&e->p, ctx->time_ms),
		.funder = a->funder,
		.power = *power,
		.weight = tally_weight(&e->p.rules, &e->p.total.power, power),
		.before = &e->p.tally,
	};

	if (b.late) {
		struct watch_mover now = {.account = ctx->account};

		weigh_movers(g, e);
		weigh_mover(g, e, &now);
		b.burdened = now.power;
		b.burdened_weight = now.weight;
	}
	if (a->funder != NO_ACCOUNT)
		b.birth = a->birth / limit(g, PARAM_DETECT_SYBIL_BLOCKS);
	b.has_history = has_history(g, w, ctx->account);
	b.woke = !b.has_history && voted_before(g, w, ctx->account);
	if (a->first_vote == 0 || e->p.number < a->first_vote)
		a->first_vote = e->p.number;
	if (watch_count(w, &b))
		pending_watch(g, e);
}

void watch_power(const struct governance *g, const struct entry *e,
		 uint32_t account, struct power *power,
		 unsigned __int128 *weight)
{
	accounts_power_in(&g->accounts, account, &e->p, power);
	*weight = tally_weight(&e->p.rules, &e->p.total.power, power);
}

static struct submission submission_of(const struct entry *e)
{
	return (struct submission){.time_ms = e->p.submitted_ms,
				   .title = e->watching.title,
				   .number = e->p.number,
				   .account = e->p.proposer};
}

void watchers_add_submitted(struct watchers *w, const struct entry *e)
{
	const struct submission one = submission_of(e);

	submissions_add(&w->submissions, &one);
}

void watch_submitted(struct governance *g, const struct entry *e)
{
	const struct submissions *s = &g->watchers.submissions;
	const struct submission_limits limits = {
		.window_ms = governance_param_global(&g->params,
						     PARAM_DETECT_WINDOW_MS),
		.by_account = limit(g, PARAM_DETECT_FLOOD_ACCOUNT),
		.by_all = limit(g, PARAM_DETECT_FLOOD_ALL),
	};
	const struct submission now = submission_of(e);
	struct alert a = {0};

	submissions_add(&g->watchers.submissions, &now);
	if (detect_flooding(s, &now, &limits, &a))
		raise(g, e->p.number, &a);
	memset(&a, 0, sizeof(a));
	if (detect_look_alike(s, &now, &a))
		raise(g, e->p.number, &a);
}

/* Whom an action could be taken for: council and validators. */
static uint32_t
known_keys(const struct governance *g,
	   struct public_key out[LIMIT_COUNCIL + LIMIT_VALIDATORS])
{
	const struct settings *s = &g->settings;
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->council.count; i++)
		out[count++] = s->council.members[i];
	for (uint32_t i = 0; i < s->validators.count; i++)
		out[count++] = s->validators.list[i].key;
	return count;
}

void watch_payload(struct governance *g, struct entry *e, struct bytes title,
		   struct bytes description, const struct action_list *actions)
{
	struct public_key known[LIMIT_COUNCIL + LIMIT_VALIDATORS];
	const struct payload_view view = {
		.type = e->p.type,
		.title = title,
		.description = description,
		.actions = actions,
		.known = known,
		.known_count = known_keys(g, known),
	};
	struct alert a;

	if (e->watching.payload_told || !detect_payload(&view, &a))
		return;
	e->watching.payload_told = true;
	a.account_count = 1;
	a.account[0] = e->p.proposer;
	raise(g, e->p.number, &a);
}

void governance_note_replay(struct governance *g, uint32_t account)
{
	struct alert a;

	if (detect_replay(&g->watchers.replays, account,
			  limit(g, PARAM_DETECT_REPLAYS), &a))
		raise(g, 0, &a);
}

/* ---- Alerts ---- */

void watchers_add_alert(struct watchers *w, const struct alert *a)
{
	if (w->alert_count == w->alert_capacity) {
		w->alert_capacity =
			w->alert_capacity ? 2 * w->alert_capacity : 16;
		w->alerts =
			mem_resize(w->alerts, w->alert_capacity * sizeof(*a));
	}
	w->alerts[w->alert_count] = *a;
	w->alert_count++;
	w->alerts[w->alert_count - 1].number = w->alert_count;
}

static void raise(struct governance *g, uint32_t proposal, struct alert *a)
{
	const struct entry *e = entry_of(g, proposal);
	struct governance_event event = {
		.kind = EVENT_ALERT,
		.proposal = proposal,
		.account = a->account_count ? a->account[0] : NO_ACCOUNT,
		.state = e ? e->p.state : 0,
	};

	a->proposal = proposal;
	a->height = g->advance.height;
	a->time_ms = g->advance.time_ms;
	watchers_add_alert(&g->watchers, a);
	event.from = g->watchers.alert_count;
	g->globals_pending = true;
	event_add(g, &event);
}

static void end_init(struct watch_end *end, const struct governance *g,
		     const struct entry *e)
{
	const struct watch *w = e->watching.watch;

	memset(end, 0, sizeof(*end));
	end->watch = w;
	end->rules = &e->p.rules;
	end->total = &e->p.total.power;
	end->tally = &e->p.tally;
	end->ended = w->ended;
	end->past_count = w->ended < WATCH_PAST ? w->ended : WATCH_PAST;
	for (uint32_t i = 0; i < end->past_count; i++) {
		uint32_t at = w->ended - end->past_count + i;

		end->past[i] = watch_tokens(
			&entry_of(g, g->watchers.ended[at])->p.tally);
	}
	limits_from_params(&end->limits, g);
}

bool watch_closing(struct governance *g, struct entry *e)
{
	struct watch *w = e->watching.watch;
	struct alert fired[DETECT_END_MAX];
	struct watch_end end;
	bool delay = false;
	size_t count;

	weigh_movers(g, e);
	end_init(&end, g, e);
	count = detect_end(&end, fired);
	for (size_t i = 0; i < count; i++)
		delay |= detector_may_delay(fired[i].kind) && !w->delayed;
	delay = delay && vote_delay(g, e);
	w->delayed |= delay;
	for (size_t i = 0; i < count; i++) {
		w->fired |= (uint16_t)(1u << fired[i].kind);
		fired[i].delayed = delay && detector_may_delay(fired[i].kind);
		raise(g, e->p.number, &fired[i]);
	}
	if (count > 0)
		pending_watch(g, e);
	return delay;
}

static void ended_add(struct watchers *w, uint32_t number)
{
	if (w->ended_count == w->ended_capacity) {
		w->ended_capacity =
			w->ended_capacity ? 2 * w->ended_capacity : 16;
		w->ended = mem_resize(w->ended,
				      w->ended_capacity * sizeof(w->ended[0]));
	}
	w->ended[w->ended_count++] = number;
}

void watch_ended(struct governance *g, struct entry *e, bool has_result)
{
	struct watching *w = &e->watching;

	w->fired = w->watch->fired;
	w->delayed = w->watch->delayed;
	free(w->watch);
	w->watch = NULL;
	if (has_result && e->ballots.count > 0) {
		ended_add(&g->watchers, e->p.number);
		w->ended = g->watchers.ended_count;
	}
	pending_watch(g, e);
}

uint32_t governance_alert_count(const struct governance *g)
{
	return g->watchers.alert_count;
}

const struct alert *governance_alert(const struct governance *g,
				     uint32_t number)
{
	return number >= 1 && number <= g->watchers.alert_count
		       ? &g->watchers.alerts[number - 1]
		       : NULL;
}
