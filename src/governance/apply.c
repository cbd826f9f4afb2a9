#include "governance/delegate.h"

/* Block times are far from the end of 64 bits; a hostile one must not wrap. */
static uint64_t later(uint64_t time_ms, uint64_t by_ms)
{
	return time_ms > UINT64_MAX - by_ms ? UINT64_MAX : time_ms + by_ms;
}

void entry_enlist(struct governance *g, const struct entry *e)
{
	struct governance_account *a = &g->accounts.list[e->p.proposer];

	if (e->p.state == STATE_DRAFT)
		a->drafts++;
	if (proposal_is_open(&e->p)) {
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
	if (proposal_is_open(&e->p)) {
		a->open--;
		g->open--;
	}
	deadlines_clear(&g->deadlines, e->p.number);
	index_remove(g->index, &e->p);
}

/* The one place where a state changes. The times that the new state needs
 * stand in the proposal already. */
static void set_state(struct governance *g, struct entry *e,
		      enum proposal_state to)
{
	const struct governance_event event = {
		.kind = EVENT_STATE,
		.proposal = e->p.number,
		.account = e->p.proposer,
		.from = e->p.state,
		.state = to,
	};

	assert(proposal_may_become(e->p.state, to));
	if (e->p.state == STATE_VOTING)
		watch_ended(g, e, to == STATE_PASSED || to == STATE_REJECTED);
	entry_delist(g, e);
	e->p.state = to;
	entry_enlist(g, e);
	if (!proposal_needs_actions(&e->p))
		contents_drop(e);
	pending_proposal(g, e);
	event_add(g, &event);
}

static void end_proposal(struct governance *g, struct entry *e,
			 enum proposal_state to, enum proposal_reason reason,
			 uint64_t time_ms)
{
	e->p.reason = reason;
	e->p.ended_ms = time_ms;
	set_state(g, e, to);
}

static void plan_voting(struct governance *g, struct entry *e, uint64_t time_ms)
{
	rules_from_params(&e->p.rules, &g->params, e->p.type);
	e->p.submitted_ms = time_ms;
	e->p.voting_start_ms = later(time_ms, e->p.rules.delay_ms);
	e->p.voting_end_ms = later(e->p.voting_start_ms, e->p.rules.voting_ms);
	set_state(g, e, STATE_SUBMITTED);
}

static uint32_t apply_submit(struct governance *g,
			     const struct governance_context *ctx,
			     const struct payload_submit *s)
{
	struct entry *e = entry_add(g);

	g->globals_pending = true;
	e->p.proposer = ctx->account;
	e->p.nonce = ctx->nonce;
	e->p.type = (enum proposal_type)s->type;
	e->p.created_ms = ctx->time_ms;
	contents_set(g, e, s->title, s->description, &s->actions);
	if (!s->draft) {
		plan_voting(g, e, ctx->time_ms);
		return e->p.number;
	}
	rules_from_params(&e->p.rules, &g->params, e->p.type);
	e->p.expires_ms = later(
		ctx->time_ms,
		governance_param_global(&g->params, PARAM_DRAFT_EXPIRY_MS));
	set_state(g, e, STATE_DRAFT);
	return e->p.number;
}

static void apply_amend(struct governance *g, const struct payload_amend *a)
{
	struct entry *e = entry_of(g, a->proposal);
	const struct governance_event event = {
		.kind = EVENT_AMENDED,
		.proposal = e->p.number,
		.account = e->p.proposer,
		.state = e->p.state,
	};

	contents_set(g, e, a->title, a->description, &a->actions);
	pending_proposal(g, e);
	event_add(g, &event);
}

static void apply_cancel(struct governance *g,
			 const struct governance_context *ctx,
			 const struct payload_cancel *c)
{
	struct entry *e = entry_of(g, c->proposal);

	end_proposal(g, e, STATE_CANCELLED, REASON_BY_PROPOSER, ctx->time_ms);
	if (c->reason.size > 0)
		pending_reason(g, e, c->reason);
}

static void apply_ballot(struct governance *g,
			 const struct governance_context *ctx,
			 const struct ballot *ballot)
{
	struct entry *e = entry_of(g, ballot->proposal);
	struct governance_account *a = &g->accounts.list[ctx->account];
	struct governance_ballot *held =
		ballots_find(&e->ballots, ctx->account);
	struct governance_event event = {
		.kind = EVENT_BALLOT,
		.proposal = e->p.number,
		.account = ctx->account,
		.state = e->p.state,
		.choice = (enum choice)ballot->choice,
	};

	assert(e->p.state == STATE_VOTING);
	watch_ballot(g, e, ctx, held ? held->choice : 0,
		     (enum choice)ballot->choice);
	if (held) {
		tally_remove(&e->p.tally, held->choice, &a->power);
		held->changes++;
	} else {
		const struct governance_ballot first = {.account =
								ctx->account};

		held = ballots_add(&e->ballots, &first);
		ballot_enlist(g, e, held);
	}
	held->choice = (uint8_t)ballot->choice;
	held->nonce = ctx->nonce;
	held->height = ctx->height;
	tally_add(&e->p.tally, held->choice, &a->power);
	pending_ballot(g, e, held, ballot->reason);
	pending_proposal(g, e);
	event.changes = held->changes;
	event_add(g, &event);
}

static uint32_t apply_checked(struct governance *g,
			      const struct governance_context *ctx,
			      const struct payload *payload)
{
	switch (payload->kind) {
	case PAYLOAD_SUBMIT:
		return apply_submit(g, ctx, &payload->submit);
	case PAYLOAD_PUBLISH:
		plan_voting(g, entry_of(g, payload->publish.proposal),
			    ctx->time_ms);
		return payload->publish.proposal;
	case PAYLOAD_AMEND:
		apply_amend(g, &payload->amend);
		return payload->amend.proposal;
	case PAYLOAD_CANCEL:
		apply_cancel(g, ctx, &payload->cancel);
		return payload->cancel.proposal;
	case PAYLOAD_VOTE:
		for (uint32_t i = 0; i < payload->vote.count; i++)
			apply_ballot(g, ctx, &payload->vote.ballots[i]);
		break;
	case PAYLOAD_DELEGATE:
		delegate_apply(g, ctx, &payload->delegate);
		break;
	case PAYLOAD_UNDELEGATE:
		undelegate_apply(g, ctx, &payload->undelegate);
		break;
	case PAYLOAD_TRANSFER:
		break;
	}
	return 0;
}

enum err governance_apply(struct governance *g, uint32_t *number,
			  const struct governance_context *ctx,
			  const struct payload *payload, struct err_text *text)
{
	uint32_t touched;
	enum err err;

	work_finish(g);
	err = governance_check(g, ctx, payload, text);
	if (err != ERR_OK)
		return err;
	touched = apply_checked(g, ctx, payload);
	if (number)
		*number = touched;
	return ERR_OK;
}

/* The snapshot: rules and totals as of this block. Accounts are not copied:
 * nothing changes an account's power after genesis, so what an account holds
 * when it votes is what it held here. */
static void open_voting(struct governance *g, struct entry *e, uint64_t height,
			uint64_t time_ms)
{
	rules_from_params(&e->p.rules, &g->params, e->p.type);
	e->p.voting_start_ms = time_ms;
	e->p.voting_end_ms = later(time_ms, e->p.rules.voting_ms);
	e->p.snapshot_height = height;
	e->p.total = g->total;
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

static void close_voting(struct governance *g, struct entry *e,
			 uint64_t time_ms)
{
	struct tally_result result;

	watch_closing(g, e, time_ms);
	governance_evaluate(g, &result, &e->p);
	end_proposal(g, e, result.would_pass ? STATE_PASSED : STATE_REJECTED,
		     reason_of(result.verdict), time_ms);
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
	else
		close_voting(g, e, time_ms);
	return true;
}

void governance_advance(struct governance *g, uint64_t height, uint64_t time_ms)
{
	assert(time_ms > 0);
	work_finish(g);
	g->event_count = 0;
	g->advance.active = true;
	g->advance.height = height;
	g->advance.time_ms = time_ms;
}

bool governance_work(struct governance *g, uint32_t budget)
{
	while (g->advance.active && budget-- > 0)
		g->advance.active = do_next_due(g);
	return !g->advance.active;
}

void work_finish(struct governance *g)
{
	while (!governance_work(g, UINT32_MAX))
		continue;
}
