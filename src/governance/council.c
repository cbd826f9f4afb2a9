#include "governance/council.h"

#include "base/arena.h"
#include "governance/execute.h"
#include "governance/internal.h"
#include "governance/stake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTS_OPEN_MAX 16u

static bool is_member(const struct governance *g, uint32_t account)
{
	const struct council *c = &g->settings.council;

	for (uint32_t i = 0; i < c->count; i++)
		if (public_key_equal(&c->members[i],
				     &g->accounts.list[account].key))
			return true;
	return false;
}

static enum err check_member(const struct governance *g, uint32_t account,
			     struct err_text *text)
{
	if (g->settings.council.count == 0)
		return err_set(text, ERR_UNAUTHORISED,
			       "the network has no council");
	if (!is_member(g, account))
		return err_set(text, ERR_UNAUTHORISED,
			       "only members of the council may do that");
	return ERR_OK;
}

/* Those among the accounts that are members now. */
static uint32_t members_among(const struct governance *g,
			      const uint32_t *accounts, uint32_t count)
{
	uint32_t members = 0;

	for (uint32_t i = 0; i < count; i++)
		members += is_member(g, accounts[i]);
	return members;
}

static bool is_among(uint32_t account, const uint32_t *accounts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (accounts[i] == account)
			return true;
	return false;
}

/* ---- Vetoes: SPEC governance 14 ---- */

static bool contains_override(const struct entry *e)
{
	struct action room[LIMIT_ACTIONS];
	struct action_list actions;

	contents_actions(e, &actions, room);
	for (uint32_t i = 0; i < actions.count; i++)
		if (actions.list[i].kind == ACTION_OVERRIDE)
			return true;
	return false;
}

static enum err check_vetoable(const struct entry *e, struct err_text *text)
{
	if (!proposal_is_open(&e->p) && e->p.state != STATE_QUEUED)
		return err_set(text, ERR_WRONG_STATE, "proposal %u is %s",
			       e->p.number, proposal_state_name(e->p.state));
	if (e->p.overridden)
		return err_set(text, ERR_WRONG_STATE,
			       "a veto of proposal %u was overridden",
			       e->p.number);
	if (e->p.ratifies > 0 || contains_override(e))
		return err_set(text, ERR_WRONG_STATE,
			       "proposal %u decides over the council",
			       e->p.number);
	return ERR_OK;
}

enum err veto_check(const struct governance *g,
		    const struct governance_context *ctx,
		    const struct payload_veto *v, struct err_text *text)
{
	const struct entry *e = entry_of(g, v->proposal);
	enum err err;

	if (v->reason.size == 0)
		return err_set(text, ERR_MALFORMED, "there is no reason");
	err = check_reason(v->reason, text);
	if (err)
		return err;
	if (!e)
		return err_set(text, ERR_UNKNOWN_PROPOSAL, "proposal %u",
			       v->proposal);
	err = check_member(g, ctx->account, text);
	if (!err)
		err = check_vetoable(e, text);
	if (!err && is_among(ctx->account, e->vetoes.account, e->vetoes.count))
		err = err_set(text, ERR_WRONG_STATE,
			      "the account has vetoed proposal %u",
			      v->proposal);
	if (!err && e->vetoes.count == LIMIT_COUNCIL)
		err = err_set(text, ERR_WRONG_STATE,
			      "proposal %u has been vetoed %u times",
			      v->proposal, LIMIT_COUNCIL);
	return err;
}

bool is_vetoed(const struct governance *g, const struct entry *e)
{
	uint32_t needed = g->settings.council.threshold_delayed;

	return !e->p.overridden && needed > 0 &&
	       members_among(g, e->vetoes.account, e->vetoes.count) >= needed;
}

void veto_apply(struct governance *g, const struct governance_context *ctx,
		const struct payload_veto *v)
{
	struct entry *e = entry_of(g, v->proposal);
	struct governance_event event = {
		.kind = EVENT_VETO,
		.proposal = e->p.number,
		.account = ctx->account,
		.state = e->p.state,
	};

	if (e->vetoes.count == 0) {
		g->vetoed++;
		g->globals_pending = true;
	}
	e->vetoes.account[e->vetoes.count++] = ctx->account;
	event.amount = e->vetoes.count;
	pending_vetoes(g, e);
	pending_reason(g, e, v->reason);
	event_add(g, &event);
	if (e->p.state != STATE_QUEUED || !is_vetoed(g, e))
		return;
	deposit_burn(g, e, ctx->height);
	end_proposal(g, e, STATE_CANCELLED, REASON_VETOED, ctx->time_ms);
}

enum err override_check(const struct governance *g, uint32_t number,
			struct err_text *text)
{
	const struct entry *e = entry_of(g, number);

	if (!e)
		return err_set(text, ERR_UNKNOWN_PROPOSAL, "proposal %u",
			       number);
	if (e->p.overridden || e->vetoes.count == 0 ||
	    (e->p.state == STATE_CANCELLED && e->p.reason != REASON_VETOED))
		return err_set(text, ERR_WRONG_STATE,
			       "proposal %u is not under a veto", number);
	if (e->p.state != STATE_CANCELLED && !proposal_is_open(&e->p) &&
	    e->p.state != STATE_QUEUED)
		return err_set(text, ERR_WRONG_STATE, "proposal %u is %s",
			       number, proposal_state_name(e->p.state));
	return ERR_OK;
}

/* What was burnt comes back, as far as the treasury has it. */
static void repay(struct governance *g, struct entry *e, uint64_t height,
		  uint64_t time_ms)
{
	uint64_t amount = e->p.burnt < g->treasury ? e->p.burnt : g->treasury;

	if (amount == 0)
		return;
	g->treasury -= amount;
	e->p.burnt = 0;
	stake_put(&g->accounts, e->p.proposer, height + 1, amount, time_ms,
		  time_ms);
	g->globals_pending = true;
}

void override_apply(struct governance *g, uint32_t number, uint64_t height,
		    uint64_t time_ms)
{
	struct entry *e = entry_of(g, number);

	e->p.overridden = true;
	pending_proposal(g, e);
	if (e->p.state != STATE_CANCELLED)
		return;
	repay(g, e, height, time_ms);
	e->p.reason = REASON_NONE;
	if (e->p.action_count == 0) {
		e->p.ended_ms = time_ms;
		set_state(g, e, STATE_PASSED);
		return;
	}
	e->p.ended_ms = 0;
	e->p.execute_after_ms = later(time_ms, e->p.rules.timelock_ms);
	set_state(g, e, STATE_QUEUED);
}

/* ---- Acts: SPEC governance 15 ---- */

void acts_fini(struct acts *a)
{
	for (uint32_t i = 0; i < a->count; i++) {
		free(a->list[i]->actions);
		free(a->list[i]->revert);
		free(a->list[i]);
	}
	free(a->list);
	deadlines_fini(&a->deadlines);
}

static struct act_entry *act_of(const struct governance *g, uint32_t number)
{
	return number >= 1 && number <= g->acts.count ? g->acts.list[number - 1]
						      : NULL;
}

static bool is_open(const struct governance_act *a)
{
	return a->state == ACT_OPEN || a->state == ACT_DELAYED;
}

static struct act_entry *act_add(struct governance *g)
{
	struct acts *a = &g->acts;
	struct act_entry *e = mem_alloc(sizeof(*e));

	if (a->count == a->room) {
		a->room = a->room ? 2 * a->room : 8;
		a->list = mem_resize(a->list, a->room * sizeof(*a->list));
	}
	a->list[a->count++] = e;
	e->act.number = a->count;
	return e;
}

/* The one place where the state of an act changes. */
static void act_become(struct governance *g, struct act_entry *e,
		       enum act_state to, uint64_t due_ms)
{
	const struct governance_event event = {
		.kind = EVENT_ACT,
		.proposal = e->act.ratification,
		.account = e->act.author,
		.from = e->act.number,
		.amount = to,
	};

	g->acts.open -= is_open(&e->act);
	e->act.state = to;
	e->act.due_ms = due_ms;
	g->acts.open += is_open(&e->act);
	if (is_open(&e->act))
		deadlines_set(&g->acts.deadlines, e->act.number, due_ms);
	else
		deadlines_clear(&g->acts.deadlines, e->act.number);
	pending_act(g, e);
	event_add(g, &event);
}

static enum err check_actions(const struct governance *g,
			      const struct governance_context *ctx,
			      const struct payload_council_act *a,
			      struct err_text *text)
{
	enum err err;

	if (a->actions.count == 0 || a->revert.count == 0)
		return err_set(text, ERR_MALFORMED,
			       "an act names what it does, and what undoes it");
	err = contents_check(g, ctx, &a->actions, TYPE_EMERGENCY, text);
	if (!err)
		err = actions_check(&a->revert, TYPE_EMERGENCY, text);
	return err;
}

enum err council_act_check(const struct governance *g,
			   const struct governance_context *ctx,
			   const struct payload_council_act *a,
			   struct err_text *text)
{
	enum err err = check_title(a->title, text);

	if (!err)
		err = check_member(g, ctx->account, text);
	if (!err)
		err = check_actions(g, ctx, a, text);
	if (!err && g->acts.open >= ACTS_OPEN_MAX)
		err = err_set(text, ERR_TOO_MANY_OPEN,
			      "%u acts of the council are open", g->acts.open);
	return err;
}

/* The vote that ratifies the act; its actions are those that undo it. */
static void open_ratification(struct governance *g, struct act_entry *a,
			      uint64_t time_ms)
{
	struct action room[LIMIT_ACTIONS];
	struct action_list revert;
	struct entry *e = entry_add(g);
	char title[64];
	int size = snprintf(title, sizeof(title),
			    "Ratify act %u of the council", a->act.number);

	contents_unpack(&revert, room, a->revert, a->revert_size);
	g->globals_pending = true;
	e->p.proposer = a->act.author;
	e->p.nonce = a->act.nonce;
	e->p.type = TYPE_EMERGENCY;
	e->p.ratifies = a->act.number;
	e->p.created_ms = time_ms;
	a->act.ratification = e->p.number;
	contents_set(g, e, (struct bytes){(const uint8_t *)title, (size_t)size},
		     (struct bytes){(const uint8_t *)a->act.title,
				    a->act.title_size},
		     &revert);
	plan_voting(g, e, time_ms);
}

static void carry_out(struct governance *g, struct act_entry *a,
		      uint64_t height, uint64_t time_ms)
{
	const struct execution x = {.type = TYPE_EMERGENCY,
				    .proposer = a->act.author,
				    .height = height,
				    .time_ms = time_ms};
	struct action room[LIMIT_ACTIONS];
	struct action_list actions;

	contents_unpack(&actions, room, a->actions, a->actions_size);
	a->act.failure = execute_actions(g, &x, &actions, NULL);
	if (a->act.failure == ERR_OK)
		open_ratification(g, a, time_ms);
	act_become(g, a, a->act.failure == ERR_OK ? ACT_DONE : ACT_FAILED,
		   time_ms);
}

static void consider(struct governance *g, struct act_entry *a, uint64_t height,
		     uint64_t time_ms)
{
	const struct council *c = &g->settings.council;
	uint32_t members =
		members_among(g, a->act.approvals, a->act.approval_count);

	if (c->count > 0 && members >= c->threshold)
		carry_out(g, a, height, time_ms);
	else if (a->act.state == ACT_OPEN && c->count > 0 &&
		 members >= c->threshold_delayed)
		act_become(g, a, ACT_DELAYED,
			   later(time_ms,
				 governance_param_global(
					 &g->params, PARAM_COUNCIL_DELAY_MS)));
}

void council_act_apply(struct governance *g,
		       const struct governance_context *ctx,
		       const struct payload_council_act *a)
{
	struct act_entry *e = act_add(g);

	g->globals_pending = true;
	e->act.author = ctx->account;
	e->act.nonce = ctx->nonce;
	e->act.created_ms = ctx->time_ms;
	e->act.title_size = (uint8_t)a->title.size;
	memcpy(e->act.title, a->title.data, a->title.size);
	e->act.approvals[e->act.approval_count++] = ctx->account;
	e->actions = contents_pack(&a->actions, &e->actions_size);
	e->revert = contents_pack(&a->revert, &e->revert_size);
	act_become(g, e, ACT_OPEN,
		   later(ctx->time_ms,
			 governance_param_global(&g->params,
						 PARAM_COUNCIL_EXPIRY_MS)));
	consider(g, e, ctx->height, ctx->time_ms);
}

enum err council_approve_check(const struct governance *g,
			       const struct governance_context *ctx,
			       const struct payload_council_approve *a,
			       struct err_text *text)
{
	const struct act_entry *e = act_of(g, a->act);
	enum err err = check_member(g, ctx->account, text);

	if (err)
		return err;
	if (!e)
		return err_set(text, ERR_UNKNOWN_ACT, "act %u", a->act);
	if (!is_open(&e->act))
		return err_set(text, ERR_WRONG_STATE, "act %u is %s", a->act,
			       act_state_name(e->act.state));
	if (is_among(ctx->account, e->act.approvals, e->act.approval_count))
		return err_set(text, ERR_WRONG_STATE,
			       "the account has approved act %u", a->act);
	if (e->act.approval_count == LIMIT_COUNCIL)
		return err_set(text, ERR_WRONG_STATE,
			       "act %u has been approved %u times", a->act,
			       LIMIT_COUNCIL);
	return ERR_OK;
}

void council_approve_apply(struct governance *g,
			   const struct governance_context *ctx,
			   const struct payload_council_approve *a)
{
	struct act_entry *e = act_of(g, a->act);

	e->act.approvals[e->act.approval_count++] = ctx->account;
	pending_act(g, e);
	consider(g, e, ctx->height, ctx->time_ms);
}

bool acts_do_next_due(struct governance *g, uint64_t height, uint64_t time_ms)
{
	const struct council *c = &g->settings.council;
	struct deadline due;
	struct act_entry *a;

	if (!deadlines_first(&g->acts.deadlines, &due) || due.time_ms > time_ms)
		return false;
	a = act_of(g, due.number);
	/* The council may be another one by now. */
	if (a->act.state == ACT_DELAYED && c->count > 0 &&
	    members_among(g, a->act.approvals, a->act.approval_count) >=
		    c->threshold_delayed)
		carry_out(g, a, height, time_ms);
	else
		act_become(g, a, ACT_EXPIRED, time_ms);
	return true;
}

enum err act_revert(struct governance *g, const struct entry *e,
		    uint64_t height, uint64_t time_ms)
{
	const struct execution x = {.type = TYPE_EMERGENCY,
				    .proposer = e->p.proposer,
				    .height = height,
				    .time_ms = time_ms,
				    .reverts = true};
	struct action room[LIMIT_ACTIONS];
	struct action_list actions;

	contents_actions(e, &actions, room);
	return execute_actions(g, &x, &actions, NULL);
}

/* ---- For readers ---- */

uint32_t governance_act_count(const struct governance *g)
{
	return g->acts.count;
}

const struct governance_act *governance_act(const struct governance *g,
					    uint32_t number)
{
	const struct act_entry *e = act_of(g, number);

	return e ? &e->act : NULL;
}

void governance_act_actions(const struct governance *g, uint32_t number,
			    struct action_list *actions,
			    struct action_list *revert,
			    struct action room[2 * LIMIT_ACTIONS])
{
	const struct act_entry *e = act_of(g, number);

	contents_unpack(actions, room, e->actions, e->actions_size);
	contents_unpack(revert, room + LIMIT_ACTIONS, e->revert,
			e->revert_size);
}

uint32_t governance_vetoes(const struct governance *g, uint32_t number,
			   const uint32_t **accounts)
{
	const struct entry *e = entry_of(g, number);

	*accounts = e ? e->vetoes.account : NULL;
	return e ? e->vetoes.count : 0;
}

/* ---- Records ---- */

void vetoes_record_write(struct writer *w, const struct vetoes *v)
{
	write_u8(w, v->count);
	for (uint32_t i = 0; i < v->count; i++)
		write_varint(w, v->account[i]);
}

static uint8_t read_accounts(struct reader *r, uint32_t *out, uint32_t accounts)
{
	uint8_t count = read_u8(r);

	if (count == 0 || count > LIMIT_COUNCIL)
		r->bad = true;
	for (uint32_t i = 0; i < count && !r->bad; i++) {
		out[i] = (uint32_t)read_varint_max(r, accounts - 1);
		if (is_among(out[i], out, i))
			r->bad = true;
	}
	return count;
}

bool vetoes_record_read(struct vetoes *v, struct bytes value, uint32_t accounts)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	v->count = read_accounts(&r, v->account, accounts);
	return reader_done(&r);
}

void act_record_write(struct writer *w, const struct act_entry *a)
{
	write_u8(w, (uint8_t)a->act.state);
	write_varint(w, a->act.author);
	write_varint(w, a->act.nonce);
	write_varint(w, a->act.created_ms);
	write_varint(w, a->act.due_ms);
	write_varint(w, (uint64_t)a->act.failure);
	write_varint(w, a->act.ratification);
	write_u8(w, a->act.approval_count);
	for (uint32_t i = 0; i < a->act.approval_count; i++)
		write_varint(w, a->act.approvals[i]);
	write_blob(w, a->act.title, a->act.title_size);
	write_blob(w, a->actions, a->actions_size);
	write_blob(w, a->revert, a->revert_size);
}

static bool read_layout(uint8_t **out, size_t *size, struct bytes raw)
{
	struct action room[LIMIT_ACTIONS];
	struct action_list list;

	if (!actions_read(&list, room, raw) || list.count == 0)
		return false;
	*out = mem_copy(raw.data, raw.size);
	*size = raw.size;
	return true;
}

bool act_record_load(struct governance *g, struct bytes value)
{
	struct act_entry *e = act_add(g);
	struct bytes title, actions, revert;
	struct reader r;

	reader_init(&r, value.data, value.size);
	e->act.state = (enum act_state)read_u8(&r);
	e->act.author = (uint32_t)read_varint_max(&r, g->accounts.count - 1);
	e->act.nonce = read_varint(&r);
	e->act.created_ms = read_varint(&r);
	e->act.due_ms = read_varint(&r);
	e->act.failure = (enum err)read_varint_max(&r, 999);
	e->act.ratification = (uint32_t)read_varint_max(&r, g->entry_count);
	e->act.approval_count =
		read_accounts(&r, e->act.approvals, g->accounts.count);
	title = read_blob(&r, LIMIT_TITLE_BYTES);
	actions = read_blob(&r, ACTIONS_BYTES_MAX);
	revert = read_blob(&r, ACTIONS_BYTES_MAX);
	if (!reader_done(&r) || !act_state_name(e->act.state) ||
	    (e->act.state == ACT_DONE) != (e->act.ratification > 0) ||
	    (e->act.state == ACT_FAILED) != (e->act.failure != ERR_OK) ||
	    title.size == 0)
		return false;
	e->act.title_size = (uint8_t)title.size;
	memcpy(e->act.title, title.data, title.size);
	if (!read_layout(&e->actions, &e->actions_size, actions) ||
	    !read_layout(&e->revert, &e->revert_size, revert))
		return false;
	if (is_open(&e->act)) {
		g->acts.open++;
		deadlines_set(&g->acts.deadlines, e->act.number, e->act.due_ms);
	}
	return true;
}
