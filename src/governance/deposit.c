/* What a proposal locks of its proposer's stake. */
#include "governance/internal.h"

#include "governance/stake.h"

#include <inttypes.h>

/* SPEC governance 7: Deposits. The least grows with what is open. */
uint64_t governance_deposit(const struct governance *g)
{
	uint64_t base =
		governance_param_global(&g->params, PARAM_PROPOSAL_DEPOSIT);
	unsigned __int128 growth =
		(unsigned __int128)base * g->open *
		governance_param_global(&g->params, PARAM_DEPOSIT_GROWTH_BP) /
		BP_ONE;

	return growth > LIMIT_STAKE_TOTAL - base ? LIMIT_STAKE_TOTAL
						 : base + (uint64_t)growth;
}

static uint64_t unlocked(const struct governance_account *x)
{
	return x->power.tokens > x->locked ? x->power.tokens - x->locked : 0;
}

enum err deposit_check(const struct governance *g, uint32_t account,
		       struct err_text *text)
{
	const struct governance_account *x = &g->accounts.list[account];
	uint64_t needed = governance_deposit(g);

	if (unlocked(x) >= needed)
		return ERR_OK;
	return err_set(text, ERR_NOT_ENOUGH_STAKE,
		       "a proposal locks %" PRIu64 " micro-tokens now, and the "
		       "account has %" PRIu64 " that count and are free",
		       needed, unlocked(x));
}

static void tell(struct governance *g, const struct entry *e,
		 enum deposit_event what)
{
	const struct governance_event event = {
		.kind = EVENT_DEPOSIT,
		.proposal = e->p.number,
		.account = e->p.proposer,
		.from = what,
		.state = e->p.state,
		.amount = e->p.deposit,
	};

	if (e->p.deposit > 0)
		event_add(g, &event);
}

void deposit_lock(struct governance *g, struct entry *e)
{
	e->p.deposit = governance_deposit(g);
	g->accounts.list[e->p.proposer].locked += e->p.deposit;
	tell(g, e, DEPOSIT_LOCKED);
}

void deposit_return(struct governance *g, struct entry *e)
{
	tell(g, e, DEPOSIT_RETURNED);
	g->accounts.list[e->p.proposer].locked -= e->p.deposit;
	e->p.deposit = 0;
}

void deposit_burn(struct governance *g, struct entry *e, uint64_t height)
{
	if (e->p.deposit == 0)
		return;
	tell(g, e, DEPOSIT_BURNT);
	g->accounts.list[e->p.proposer].locked -= e->p.deposit;
	stake_take(&g->accounts, e->p.proposer, height + 1, e->p.deposit);
	g->treasury += e->p.deposit;
	e->p.burnt = e->p.deposit;
	g->globals_pending = true;
	e->p.deposit = 0;
}
