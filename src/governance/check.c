#include "governance/delegate.h"

#include <inttypes.h>

/* SPEC governance 8: Refusals. */

static enum err check_text(const char *what, struct bytes text, size_t max,
			   bool line, struct err_text *err)
{
	if (text.size > max)
		return err_set(err, ERR_TOO_LARGE,
			       "the %s has %zu bytes; it may have %zu", what,
			       text.size, max);
	if (line ? !prose_is_line(text) : !prose_is_text(text))
		return err_set(err, ERR_MALFORMED,
			       "the %s is not plain UTF-8%s", what,
			       line ? " on one line" : "");
	return ERR_OK;
}

enum err check_title(struct bytes title, struct err_text *text)
{
	if (title.size == 0)
		return err_set(text, ERR_MALFORMED, "there is no title");
	return check_text("title", title, LIMIT_TITLE_BYTES, true, text);
}

static enum err check_texts(struct bytes title, struct bytes description,
			    struct err_text *text)
{
	enum err err = check_title(title, text);

	if (err != ERR_OK)
		return err;
	return check_text("description", description, LIMIT_DESCRIPTION_BYTES,
			  false, text);
}

enum err check_reason(struct bytes reason, struct err_text *text)
{
	return check_text("reason", reason, LIMIT_REASON_BYTES, false, text);
}

static enum err check_stake(const struct governance *g, uint32_t account,
			    struct err_text *text)
{
	uint64_t min =
		governance_param_global(&g->params, PARAM_PROPOSAL_MIN_STAKE);
	const struct governance_account *x = &g->accounts.list[account];
	uint64_t stake = x->power.tokens;

	if (x->excluded)
		return err_set(text, ERR_NOT_ELIGIBLE,
			       "the account is outside of governance");
	if (stake >= min)
		return ERR_OK;
	return err_set(text, ERR_BELOW_MINIMUM_STAKE,
		       "the stake is %" PRIu64 " micro-tokens; a proposal "
		       "needs %" PRIu64,
		       stake, min);
}

static enum err check_room(const struct governance *g, uint32_t account,
			   bool draft, struct err_text *text)
{
	const struct governance_account *a = &g->accounts.list[account];
	uint64_t max =
		governance_param_global(&g->params, PARAM_PROPOSAL_MAX_OPEN);

	if (draft && a->drafts >= LIMIT_DRAFTS_PER_ACCOUNT)
		return err_set(text, ERR_TOO_MANY_OPEN,
			       "the account has %u drafts, as many as it may",
			       (unsigned)a->drafts);
	if (!draft && a->open >= max)
		return err_set(text, ERR_TOO_MANY_OPEN,
			       "the account has %u open proposals, as many as "
			       "it may",
			       (unsigned)a->open);
	if (!draft && g->open >= LIMIT_PROPOSALS_OPEN)
		return err_set(text, ERR_TOO_MANY_OPEN,
			       "the network has %u open proposals, as many as "
			       "it may",
			       g->open);
	return ERR_OK;
}

/* The proposer's own proposal `number`, in one of the states of the mask
 * (bit s for state s), with its deadline still ahead. */
static enum err check_own(const struct governance *g,
			  const struct governance_context *ctx, uint32_t number,
			  unsigned states, struct err_text *text)
{
	const struct entry *e = entry_of(g, number);

	if (!e)
		return err_set(text, ERR_UNKNOWN_PROPOSAL, "proposal %u",
			       number);
	if (e->p.proposer != ctx->account)
		return err_set(text, ERR_UNAUTHORISED,
			       "proposal %u is another account's", number);
	if ((states & 1u << e->p.state) == 0)
		return err_set(text, ERR_WRONG_STATE, "proposal %u is %s",
			       number, proposal_state_name(e->p.state));
	if (ctx->time_ms >= proposal_deadline_ms(&e->p))
		return err_set(text, ERR_WRONG_STATE,
			       "proposal %u stops being %s with the next block",
			       number, proposal_state_name(e->p.state));
	return ERR_OK;
}

static enum err check_submit(const struct governance *g,
			     const struct governance_context *ctx,
			     const struct payload_submit *s,
			     struct err_text *text)
{
	enum err err;

	if (!proposal_type_name(s->type))
		return err_set(text, ERR_MALFORMED, "there is no type %u",
			       s->type);
	err = check_texts(s->title, s->description, text);
	if (err == ERR_OK)
		err = contents_check(g, ctx, &s->actions, s->type, text);
	if (err == ERR_OK)
		err = check_stake(g, ctx->account, text);
	if (err == ERR_OK)
		err = check_room(g, ctx->account, s->draft, text);
	if (err == ERR_OK && !s->draft)
		err = deposit_check(g, ctx->account, text);
	return err;
}

static enum err check_publish(const struct governance *g,
			      const struct governance_context *ctx,
			      const struct payload_publish *p,
			      struct err_text *text)
{
	enum err err = check_own(g, ctx, p->proposal, 1u << STATE_DRAFT, text);

	if (err == ERR_OK)
		err = check_stake(g, ctx->account, text);
	if (err == ERR_OK)
		err = check_room(g, ctx->account, false, text);
	if (err == ERR_OK)
		err = deposit_check(g, ctx->account, text);
	return err;
}

static enum err check_amend(const struct governance *g,
			    const struct governance_context *ctx,
			    const struct payload_amend *a,
			    struct err_text *text)
{
	enum err err = check_texts(a->title, a->description, text);

	if (err == ERR_OK)
		err = actions_check_form(&a->actions, text);
	if (err == ERR_OK)
		err = check_own(g, ctx, a->proposal, 1u << STATE_DRAFT, text);
	if (err == ERR_OK)
		err = contents_check(g, ctx, &a->actions,
				     entry_of(g, a->proposal)->p.type, text);
	return err;
}

/* Anybody may end the proposal of an account that no longer holds what a
 * proposal needs. */
static enum err check_cancel_other(const struct governance *g,
				   const struct entry *e, struct err_text *text)
{
	uint64_t stake = g->accounts.list[e->p.proposer].power.tokens;
	uint64_t min =
		governance_param_global(&g->params, PARAM_PROPOSAL_MIN_STAKE);

	if (stake >= min)
		return err_set(text, ERR_UNAUTHORISED,
			       "proposal %u is another account's, which still "
			       "holds what a proposal needs",
			       e->p.number);
	if (!proposal_is_open(&e->p))
		return err_set(text, ERR_WRONG_STATE, "proposal %u is %s",
			       e->p.number, proposal_state_name(e->p.state));
	return ERR_OK;
}

static enum err check_cancel(const struct governance *g,
			     const struct governance_context *ctx,
			     const struct payload_cancel *c,
			     struct err_text *text)
{
	const struct entry *e = entry_of(g, c->proposal);
	enum err err = check_reason(c->reason, text);

	if (err != ERR_OK)
		return err;
	if (e && e->p.proposer != ctx->account)
		return check_cancel_other(g, e, text);
	return check_own(g, ctx, c->proposal,
			 1u << STATE_DRAFT | 1u << STATE_SUBMITTED, text);
}

/* What can be said of a ballot paper without looking at the state. */
static enum err check_paper(const struct payload_vote *v, struct err_text *text)
{
	enum err err;

	if (v->count == 0)
		return err_set(text, ERR_MALFORMED, "there is no ballot");
	if (v->count > LIMIT_TX_BALLOTS)
		return err_set(text, ERR_TOO_LARGE,
			       "%u ballots; there may be %u", v->count,
			       LIMIT_TX_BALLOTS);
	for (uint32_t i = 0; i < v->count; i++) {
		const struct ballot *b = &v->ballots[i];

		if (!choice_name(b->choice))
			return err_set(text, ERR_MALFORMED,
				       "there is no choice %u", b->choice);
		err = check_reason(b->reason, text);
		if (err != ERR_OK)
			return err;
		for (uint32_t k = 0; k < i; k++)
			if (v->ballots[k].proposal == b->proposal)
				return err_set(text, ERR_DUPLICATE_BALLOT,
					       "proposal %u", b->proposal);
	}
	return ERR_OK;
}

static enum err check_ballot(const struct governance *g,
			     const struct governance_context *ctx,
			     uint32_t number, struct err_text *text)
{
	const struct entry *e = entry_of(g, number);
	const struct governance_ballot *standing;
	struct power power;

	if (!e)
		return err_set(text, ERR_UNKNOWN_PROPOSAL, "proposal %u",
			       number);
	if (e->p.state != STATE_VOTING)
		return err_set(text, ERR_NOT_VOTING, "proposal %u is %s",
			       number, proposal_state_name(e->p.state));
	if (ctx->time_ms >= e->p.voting_end_ms)
		return err_set(text, ERR_NOT_VOTING,
			       "voting on proposal %u has ended", number);
	if (!accounts_power_in(&g->accounts, ctx->account, &e->p, &power))
		return err_set(text, ERR_NOT_ELIGIBLE,
			       "when voting on proposal %u opened it had no "
			       "reputation and less than %" PRIu64
			       " micro-tokens that count",
			       number, e->p.rules.vote_min_stake);
	standing = ballots_find(&e->ballots, ctx->account);
	if (!standing)
		return ERR_OK;
	if (ctx->nonce <= standing->nonce)
		return err_set(text, ERR_OLDER_BALLOT,
			       "proposal %u has the ballot of nonce %" PRIu64,
			       number, standing->nonce);
	if (standing->changes >= LIMIT_BALLOT_CHANGES)
		return err_set(text, ERR_TOO_MANY_CHANGES, "proposal %u",
			       number);
	return ERR_OK;
}

static enum err check_vote(const struct governance *g,
			   const struct governance_context *ctx,
			   const struct payload_vote *v, struct err_text *text)
{
	enum err err = check_paper(v, text);

	if (err != ERR_OK)
		return err;
	for (uint32_t i = 0; err == ERR_OK && i < v->count; i++)
		err = check_ballot(g, ctx, v->ballots[i].proposal, text);
	return err;
}

enum err governance_check(const struct governance *g,
			  const struct governance_context *ctx,
			  const struct payload *payload, struct err_text *text)
{
	assert(ctx->account < g->accounts.count);
	assert(ctx->time_ms > 0);
	switch (payload->kind) {
	case PAYLOAD_SUBMIT:
		return check_submit(g, ctx, &payload->submit, text);
	case PAYLOAD_PUBLISH:
		return check_publish(g, ctx, &payload->publish, text);
	case PAYLOAD_AMEND:
		return check_amend(g, ctx, &payload->amend, text);
	case PAYLOAD_CANCEL:
		return check_cancel(g, ctx, &payload->cancel, text);
	case PAYLOAD_VOTE:
		return check_vote(g, ctx, &payload->vote, text);
	case PAYLOAD_VETO:
		return veto_check(g, ctx, &payload->veto, text);
	case PAYLOAD_COUNCIL_ACT:
		return council_act_check(g, ctx, &payload->council_act, text);
	case PAYLOAD_COUNCIL_APPROVE:
		return council_approve_check(g, ctx, &payload->council_approve,
					     text);
	case PAYLOAD_TRANSFER:
		return transfer_check(g, ctx, &payload->transfer, text);
	case PAYLOAD_DELEGATE:
		return delegate_check(g, ctx, &payload->delegate, text);
	case PAYLOAD_UNDELEGATE:
		return undelegate_check(g, ctx, &payload->undelegate, text);
	}
	return err_set(text, ERR_MALFORMED, "there is no payload %u",
		       (unsigned)payload->kind);
}
