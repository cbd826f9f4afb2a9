/* Stake from one account to another. */
#include "governance/internal.h"

#include "governance/stake.h"

#include <inttypes.h>

/* SPEC governance 8: transfer. */
enum err transfer_check(const struct governance *g,
			const struct governance_context *ctx,
			const struct payload_transfer *t, struct err_text *text)
{
	const struct governance_account *x = &g->accounts.list[ctx->account];
	uint64_t least =
		governance_param_global(&g->params, PARAM_ACCOUNT_MIN_STAKE);
	uint32_t to;

	if (t->amount == 0)
		return err_set(text, ERR_MALFORMED, "there is no amount");
	if (public_key_equal(&t->to, &x->key))
		return err_set(text, ERR_MALFORMED,
			       "the account would send to itself");
	if (t->amount > stake_free(x))
		return err_set(text, ERR_NOT_ENOUGH_STAKE,
			       "%" PRIu64 " micro-tokens of %" PRIu64
			       " are free",
			       stake_free(x), stake_held(x));
	if (accounts_find(&g->accounts, &to, &t->to))
		return ERR_OK;
	if (g->accounts.count >= LIMIT_ACCOUNTS)
		return err_set(text, ERR_TOO_MANY_ACCOUNTS, "%u",
			       g->accounts.count);
	if (t->amount < least)
		return err_set(text, ERR_BELOW_MINIMUM_STAKE,
			       "a new account needs %" PRIu64 " micro-tokens",
			       least);
	return ERR_OK;
}

void transfer_apply(struct governance *g, const struct governance_context *ctx,
		    const struct payload_transfer *t)
{
	struct governance_event event = {
		.kind = EVENT_TRANSFER,
		.account = ctx->account,
		.amount = t->amount,
	};
	uint64_t mature_ms = stake_mature_ms(
		ctx->time_ms,
		governance_param_global(&g->params, PARAM_STAKE_MATURITY_MS));

	if (!accounts_find(&g->accounts, &event.other, &t->to)) {
		const struct governance_account born = {
			.key = t->to,
			.from = ctx->height + 1,
			.base_epoch = g->accounts.epoch,
			.birth = ctx->height,
			.funder = ctx->account,
		};

		event.other = accounts_add(&g->accounts, &born);
		edges_make_room(&g->edges, g->accounts.count);
	}
	stake_take(&g->accounts, ctx->account, ctx->height + 1, t->amount);
	stake_put(&g->accounts, event.other, ctx->height + 1, t->amount,
		  mature_ms, ctx->time_ms);
	g->globals_pending = true;
	event_add(g, &event);
}
