/* The life of a proposal, and what time brings. */
#include "governance/cast.h"
#include "governance/watch.h"

#include "governance/execute.h"
#include "governance/stake.h"

uint64_t later(uint64_t time_ms, uint64_t by_ms)
{
	return time_ms > UINT64_MAX - by_ms ? UINT64_MAX : time_ms + by_ms;
}

void entry_enlist(struct governance *g, const struct entry *e)
{
	struct governance_account *a = &g->accounts.list[e->p.proposer];

	if (e->p.state == STATE_DRAFT)
		a->drafts++;
	if (proposal_is_open(&e->p) && e->p.ratifies == 0) {
		a->open++;
		g->open++;
	}
	if (proposal_deadline_ms(&e->p) > 0)
		deadlines_set(&g->deadlines, e->p.number,
			      proposal_deadline_ms(&e->p));
	index_add(g->index, &e->p, governance_turnout(g, &e->p));
}

void entry_delist(struct governance *g, const struct entry *e)
{
	struct governance_account *a = &g->accounts.list[e->p.proposer];

	if (e->p.state == STATE_DRAFT)
		a->drafts--;
	if (proposal_is_open(&e->p) && e->p.ratifies == 0) {
		a->open--;
		g->open--;
	}
	deadlines_clear(&g->deadlines, e->p.number);
	index_remove(g->index, &e->p);
}

void set_state(struct governance *g, struct entry *e, enum proposal_state to)
{
	const struct governance_event event = {
		.kind = EVENT_STATE,
		.proposal = e->p.number,
		.account = e->p.proposer,
		.from = e->p.state,
		.state = to,
	};

	assert(proposal_may_become(e->p.state, to));
	if (e->p.state == STATE_VOTING) {
		watch_ended(g, e, to == STATE_PASSED || to == STATE_REJECTED);
		voters_fini(&e->carry.voters);
		accounts_release(&g->accounts, e->p.snapshot_height);
	}
	entry_delist(g, e);
	e->p.state = to;
	entry_enlist(g, e);
	if (!proposal_needs_actions(&e->p))
		contents_drop(e);
	pending_proposal(g, e);
	event_add(g, &event);
}

void end_proposal(struct governance *g, struct entry *e, enum proposal_state to,
		  enum proposal_reason reason, uint64_t time_ms)
{
	e->p.reason = reason;
	e->p.ended_ms = time_ms;
	set_state(g, e, to);
}

void plan_voting(struct governance *g, struct entry *e, uint64_t time_ms)
{
	rules_from_params(&e->p.rules, &g->params, e->p.type);
	e->p.submitted_ms = time_ms;
	e->p.voting_start_ms =
		later(time_ms, e->p.ratifies > 0 ? 0 : e->p.rules.delay_ms);
	e->p.voting_end_ms = later(e->p.voting_start_ms, e->p.rules.voting_ms);
	if (e->p.ratifies == 0)
		deposit_lock(g, e);
	set_state(g, e, STATE_SUBMITTED);
	watch_submitted(g, e);
}

/* The snapshot: rules and totals as of this block, and its height, as of which
 * accounts are read from now on. */
static void open_voting(struct governance *g, struct entry *e, uint64_t height,
			uint64_t time_ms)
{
	rules_from_params(&e->p.rules, &g->params, e->p.type);
	e->p.voting_start_ms = time_ms;
	e->p.voting_end_ms = later(time_ms, e->p.rules.voting_ms);
	e->p.snapshot_height = height;
	e->p.snapshot_epoch = g->accounts.epoch;
	e->p.total = g->opening;
	accounts_keep(&g->accounts, height, g->accounts.epoch);
	g->opened++;
	g->globals_pending = true;
	set_state(g, e, STATE_VOTING);
	watch_open(g, e);
}

static enum proposal_reason reason_of(enum tally_verdict verdict)
{
	switch (verdict) {
	case TALLY_PASSES:
		return REASON_NONE;
	case TALLY_NO_POWER:
		return REASON_NO_POWER;
	case TALLY_BELOW_QUORUM:
		return REASON_BELOW_QUORUM;
	case TALLY_BELOW_FLOOR:
		return REASON_BELOW_FLOOR;
	case TALLY_NOT_APPROVED:
		break;
	}
	return REASON_NOT_APPROVED;
}

static void end_vetoed(struct governance *g, struct entry *e, uint64_t time_ms)
{
	set_state(g, e, STATE_PASSED);
	deposit_burn(g, e, g->advance.height);
	end_proposal(g, e, STATE_CANCELLED, REASON_VETOED, time_ms);
}

/* What it decided waits for the timelock. */
static void queue(struct governance *g, struct entry *e, uint64_t time_ms)
{
	set_state(g, e, STATE_PASSED);
	e->p.execute_after_ms = later(time_ms, e->p.rules.timelock_ms);
	set_state(g, e, STATE_QUEUED);
}

static void pass(struct governance *g, struct entry *e, uint64_t time_ms)
{
	if (is_vetoed(g, e)) {
		end_vetoed(g, e, time_ms);
	} else if (e->p.action_count > 0 && e->p.ratifies == 0) {
		queue(g, e, time_ms);
	} else {
		deposit_return(g, e);
		end_proposal(g, e, STATE_PASSED, REASON_NONE, time_ms);
	}
}

static void reject(struct governance *g, struct entry *e,
		   enum tally_verdict verdict, uint64_t time_ms)
{
	if (tally_is_far_below_quorum(&e->p.tally, &e->p.rules,
				      &e->p.total.power))
		deposit_burn(g, e, g->advance.height);
	else
		deposit_return(g, e);
	if (e->p.ratifies > 0)
		e->p.failure = act_revert(g, e, g->advance.height, time_ms);
	end_proposal(g, e, STATE_REJECTED, reason_of(verdict), time_ms);
}

static void close_voting(struct governance *g, struct entry *e,
			 uint64_t time_ms)
{
	struct tally_result result;

	if (watch_closing(g, e))
		return;
	governance_evaluate(g, &result, &e->p);
	if (result.would_pass)
		pass(g, e, time_ms);
	else
		reject(g, e, result.verdict, time_ms);
}

/* The timelock is over. */
static void execute(struct governance *g, struct entry *e, uint64_t time_ms)
{
	e->p.failure = execute_proposal(g, e, g->advance.height, time_ms, NULL);
	deposit_return(g, e);
	if (e->p.failure == ERR_OK)
		end_proposal(g, e, STATE_EXECUTED, REASON_NONE, time_ms);
	else
		end_proposal(g, e, STATE_EXECUTION_FAILED, REASON_EXECUTION,
			     time_ms);
}

/* SPEC governance 7: what falls due, in the order (deadline, number). False
 * when nothing is. */
static bool do_next_due(struct governance *g)
{
	uint64_t time_ms = g->advance.time_ms;
	struct deadline due;
	struct entry *e;

	if (!deadlines_first(&g->deadlines, &due) || due.time_ms > time_ms)
		return false;
	e = entry_of(g, due.number);
	if (e->p.state == STATE_DRAFT)
		end_proposal(g, e, STATE_EXPIRED, REASON_DRAFT_EXPIRED,
			     time_ms);
	else if (e->p.state == STATE_SUBMITTED)
		open_voting(g, e, g->advance.height, time_ms);
	else if (e->p.state == STATE_VOTING)
		close_voting(g, e, time_ms);
	else
		execute(g, e, time_ms);
	return true;
}

/* Several epochs may have gone by without a block. */
static void begin_turn(struct governance *g, uint64_t length_ms)
{
	uint64_t steps = (g->advance.time_ms - g->epoch_start_ms) / length_ms;

	g->epoch_start_ms += steps * length_ms;
	/* A hostile block time must not wrap. */
	if (steps > UINT32_MAX - g->accounts.epoch)
		steps = UINT32_MAX - g->accounts.epoch;
	if (steps == 0)
		return;
	params_turn(g);
	g->accounts.vote_min_stake =
		governance_param_global(&g->params, PARAM_VOTE_MIN_STAKE);
	accounts_turn_begin(&g->accounts, steps);
	g->advance.phase = ADVANCE_EPOCH;
}

static void end_turn(struct governance *g)
{
	const struct governance_event event = {
		.kind = EVENT_EPOCH,
		.amount = g->accounts.epoch,
	};

	g->globals_pending = true;
	event_add(g, &event);
	g->advance.phase = ADVANCE_MATURE;
}

void governance_advance(struct governance *g, uint64_t height, uint64_t time_ms)
{
	uint64_t length_ms =
		governance_param_global(&g->params, PARAM_EPOCH_MS);

	assert(time_ms > 0);
	work_finish(g);
	g->event_count = 0;
	g->watchers.replays.count = 0;
	g->advance.phase = ADVANCE_MATURE;
	g->advance.height = height;
	g->advance.time_ms = time_ms;
	if (time_ms > g->epoch_start_ms &&
	    time_ms - g->epoch_start_ms >= length_ms)
		begin_turn(g, length_ms);
}

/* One unit of what time brings. */
static void advance_one(struct governance *g)
{
	switch (g->advance.phase) {
	case ADVANCE_EPOCH:
		if (accounts_turn_some(&g->accounts, 1))
			end_turn(g);
		break;
	case ADVANCE_MATURE:
		if (stake_mature_next(&g->accounts, g->advance.height,
				      g->advance.time_ms)) {
			g->globals_pending = true;
			break;
		}
		g->opening = g->accounts.total;
		g->accounts.opening = g->advance.height;
		g->advance.phase = ADVANCE_DUE;
		break;
	case ADVANCE_DUE:
		if (do_next_due(g) ||
		    acts_do_next_due(g, g->advance.height, g->advance.time_ms))
			break;
		g->accounts.opening = 0;
		g->advance.phase = ADVANCE_DONE;
		break;
	case ADVANCE_DONE:
		break;
	}
}

bool governance_work(struct governance *g, uint32_t budget)
{
	for (; g->advance.phase != ADVANCE_DONE && budget > 0; budget--)
		advance_one(g);
	return g->advance.phase == ADVANCE_DONE && cast_some(g, &budget);
}

void work_finish(struct governance *g)
{
	while (!governance_work(g, UINT32_MAX))
		continue;
}
