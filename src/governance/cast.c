#include "governance/cast.h"

void cast_graph(struct carry_graph *out, const struct governance *g,
		const struct proposal *p)
{
	out->accounts = &g->accounts;
	out->edges = &g->edges;
	out->type = p->type;
	out->depth = p->rules.depth;
	proposal_snapshot(&out->at, p);
}

/* The voter carries `now`; its ballot stands in the tally. */
static void carry_change(struct governance *g, struct entry *e,
			 struct carried *held, const struct power *now)
{
	const struct governance_ballot *ballot =
		ballots_find(&e->ballots, held->account);

	tally_carry(&e->p.tally, &e->p.rules, &e->p.total.power,
		    (enum choice)ballot->choice, &held->power, now);
	held->power = *now;
	carrier_changed(e, held);
	pending_carried(g, e, held);
}

static void settle(struct governance *g, struct entry *e,
		   const struct carry_walk *w)
{
	const struct governance_ballot *ballot =
		ballots_find(&e->ballots, w->voter);
	struct power power;

	pending_proposal(g, e);
	accounts_power_in(&g->accounts, w->voter, &e->p, &power);
	tally_add(&e->p.tally, (enum choice)ballot->choice, &power);
	for (uint32_t i = 0; i < w->move_count; i++) {
		struct carried *held = carry_of(&e->carry, w->moves[i].carrier);

		if (power_is_zero(&w->moves[i].power))
			continue;
		power = held->power;
		power_subtract(&power, &w->moves[i].power);
		carry_change(g, e, held, &power);
	}
	if (power_is_zero(&w->gained))
		return;
	carry_change(g, e, carry_add(&e->carry, w->voter), &w->gained);
	watch_carried(g, e, w->voter);
}

bool cast_some(struct governance *g, uint32_t *budget)
{
	struct casting *c = &g->casting;

	for (; c->next < c->count; c->next++) {
		struct entry *e = entry_of(g, c->number[c->next]);

		if (*budget == 0)
			return false;
		if (!c->walking) {
			cast_graph(&c->graph, g, &e->p);
			--*budget;
			carry_walk_begin(&c->walk, &e->carry, &c->graph,
					 c->account, budget);
			c->walking = true;
		}
		if (!carry_walk_some(&c->walk, &e->carry, &c->graph, budget))
			return false;
		settle(g, e, &c->walk);
		c->walking = false;
		vote_changed(g, e, c->time_ms);
	}
	c->next = c->count = 0;
	return true;
}

static void replace(struct entry *e, struct governance_ballot *held,
		    enum choice choice, const struct power *power)
{
	static const struct power nothing = {0};
	const struct carried *carried = carry_of(&e->carry, held->account);
	const struct power *burden = carried ? &carried->power : &nothing;
	struct tally *t = &e->p.tally;

	tally_remove(t, (enum choice)held->choice, power);
	tally_carry(t, &e->p.rules, &e->p.total.power,
		    (enum choice)held->choice, burden, &nothing);
	tally_add(t, choice, power);
	tally_carry(t, &e->p.rules, &e->p.total.power, choice, &nothing,
		    burden);
	held->changes++;
}

/* True when a walk has to say first what comes along. */
static bool add_first(struct governance *g, struct entry *e,
		      struct governance_ballot *held, enum choice choice,
		      const struct power *power)
{
	const struct edge_owner own = edges_owner(&g->edges, held->account);
	struct casting *c = &g->casting;

	voters_add(&e->carry.voters, held->account);
	if (own.first_out == EDGE_NONE && own.first_in == EDGE_NONE) {
		tally_add(&e->p.tally, choice, power);
		return false;
	}
	c->account = held->account;
	c->number[c->count++] = e->p.number;
	return true;
}

void cast_ballot(struct governance *g, const struct governance_context *ctx,
		 const struct ballot *ballot)
{
	struct entry *e = entry_of(g, ballot->proposal);
	enum choice choice = (enum choice)ballot->choice;
	struct governance_ballot *held =
		ballots_find(&e->ballots, ctx->account);
	struct governance_event event = {
		.kind = EVENT_BALLOT,
		.proposal = e->p.number,
		.account = ctx->account,
		.state = e->p.state,
		.choice = choice,
	};
	struct power power;
	bool walks = false;

	assert(e->p.state == STATE_VOTING);
	accounts_power_in(&g->accounts, ctx->account, &e->p, &power);
	watch_ballot(g, e, ctx, held ? held->choice : 0, choice, &power);
	if (held) {
		replace(e, held, choice, &power);
	} else {
		const struct governance_ballot first = {.account =
								ctx->account};

		held = ballots_add(&e->ballots, &first);
		ballot_enlist(g, e, held);
		walks = add_first(g, e, held, choice, &power);
	}
	held->choice = (uint8_t)choice;
	held->nonce = ctx->nonce;
	held->height = ctx->height;
	pending_ballot(g, e, held, &power, ballot->reason);
	pending_proposal(g, e);
	event.changes = held->changes;
	event_add(g, &event);
	g->casting.time_ms = ctx->time_ms;
	if (!walks)
		vote_changed(g, e, ctx->time_ms);
}
