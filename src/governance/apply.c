#include "governance/cast.h"
#include "governance/delegate.h"

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

	deposit_return(g, e);
	end_proposal(g, e, STATE_CANCELLED,
		     ctx->account == e->p.proposer ? REASON_BY_PROPOSER
						   : REASON_BELOW_STAKE,
		     ctx->time_ms);
	if (c->reason.size > 0)
		pending_reason(g, e, c->reason);
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
			cast_ballot(g, ctx, &payload->vote.ballots[i]);
		break;
	case PAYLOAD_VETO:
		veto_apply(g, ctx, &payload->veto);
		return payload->veto.proposal;
	case PAYLOAD_COUNCIL_ACT:
		council_act_apply(g, ctx, &payload->council_act);
		break;
	case PAYLOAD_COUNCIL_APPROVE:
		council_approve_apply(g, ctx, &payload->council_approve);
		break;
	case PAYLOAD_TRANSFER:
		transfer_apply(g, ctx, &payload->transfer);
		break;
	case PAYLOAD_DELEGATE:
		delegate_apply(g, ctx, &payload->delegate);
		break;
	case PAYLOAD_UNDELEGATE:
		undelegate_apply(g, ctx, &payload->undelegate);
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
