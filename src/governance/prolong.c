/* When a vote ends: later after a late turn or an alert, at once when nothing
 * can change it any more. */
#include "governance/internal.h"

static void set_end(struct governance *g, struct entry *e, uint64_t end_ms)
{
	const struct governance_event event = {
		.kind = EVENT_END_MOVED,
		.proposal = e->p.number,
		.account = e->p.proposer,
		.state = e->p.state,
		.amount = end_ms,
	};

	index_remove(g->index, &e->p);
	e->p.voting_end_ms = end_ms;
	index_add(g->index, &e->p, governance_turnout(g, &e->p));
	deadlines_set(&g->deadlines, e->p.number, end_ms);
	pending_proposal(g, e);
	event_add(g, &event);
}

/* P + 2 W behind the opening: no vote lasts longer. */
static uint64_t latest_end(const struct proposal *p)
{
	return later(later(p->voting_start_ms, p->rules.voting_ms),
		     2 * p->rules.late_window_ms);
}

static void prolong_to(struct governance *g, struct entry *e, uint64_t end_ms)
{
	if (end_ms > latest_end(&e->p))
		end_ms = latest_end(&e->p);
	if (end_ms > e->p.voting_end_ms)
		set_end(g, e, end_ms);
}

/* now + W + P / 2 - e / 2, e being what has passed of the period P. */
static uint64_t end_after_turn(const struct proposal *p, uint64_t time_ms)
{
	uint64_t period = p->rules.voting_ms;
	uint64_t elapsed = time_ms - p->voting_start_ms;
	uint64_t end = later(time_ms, p->rules.late_window_ms);

	return elapsed <= period ? later(end, (period - elapsed) / 2)
				 : end - (elapsed - period + 1) / 2;
}

/* The next block that is later than this one may end it: until then ballots are
 * taken, so what one block carries counts in whatever order. */
static void end_early(struct governance *g, struct entry *e, uint64_t time_ms)
{
	uint64_t soon = later(time_ms, 1);
	bool settled =
		tally_is_settled(&e->p.tally, &e->p.rules, &e->p.total.power);

	if (settled && e->p.voting_end_ms > soon)
		set_end(g, e, soon);
	else if (!settled && e->p.voting_end_ms == soon)
		prolong_to(g, e,
			   later(e->p.voting_start_ms, e->p.rules.voting_ms));
}

void vote_changed(struct governance *g, struct entry *e, uint64_t time_ms)
{
	bool passing =
		tally_would_pass(&e->p.tally, &e->p.rules, &e->p.total.power);

	if (passing != e->passing) {
		e->passing = passing;
		prolong_to(g, e, end_after_turn(&e->p, time_ms));
	}
	if (e->p.type == TYPE_EMERGENCY)
		end_early(g, e, time_ms);
}

bool vote_delay(struct governance *g, struct entry *e)
{
	uint64_t end_ms = e->p.voting_end_ms;

	prolong_to(g, e, later(end_ms, e->p.rules.late_window_ms));
	return e->p.voting_end_ms > end_ms;
}
