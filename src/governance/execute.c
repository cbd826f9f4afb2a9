#include "governance/execute.h"

#include "base/arena.h"
#include "base/hex.h"
#include "governance/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct award {
	uint32_t account;
	uint64_t points;
};

/* The state as it would be. */
struct stage {
	const struct governance *g;
	const struct execution *x;
	struct governance_params params;
	struct settings settings;
	struct award awards[LIMIT_ACTIONS + 1];
	uint32_t award_count;
	uint32_t overrides[LIMIT_ACTIONS]; /* numbers of proposals */
	uint32_t override_count;
	uint64_t awarded; /* milli-points, all together */
	bool params_changed;
	bool settings_changed;
};

static uint32_t epoch_of(const struct governance *g)
{
	return g->accounts.epoch;
}

/* ---- Parameters: SPEC governance 12 ---- */

static enum err check_step(const struct governance_param_info *info,
			   uint64_t from, uint64_t to, struct err_text *text)
{
	uint64_t step = to > from ? to - from : from - to;

	if (to < info->min || to > info->max)
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "%s would be %" PRIu64 "; it may be %" PRIu64
			       " to %" PRIu64 " (%s)",
			       info->name, to, info->min, info->max,
			       info->unit);
	if (info->step != 0 && step > info->step)
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "%s would go from %" PRIu64 " to %" PRIu64
			       "; one step is at most %" PRIu64 " (%s)",
			       info->name, from, to, info->step, info->unit);
	return ERR_OK;
}

static enum err check_cooldown(const struct stage *s,
			       const struct governance_param_info *info,
			       const struct param_change *c,
			       struct err_text *text)
{
	uint64_t wait_ms = governance_param_global(&s->g->params,
						   PARAM_PARAMETER_COOLDOWN_MS);
	uint64_t since_ms = s->x->time_ms > c->changed_ms
				    ? s->x->time_ms - c->changed_ms
				    : 0;

	if (c->changed_ms == 0 || since_ms >= wait_ms || s->x->reverts)
		return ERR_OK;
	return err_set(text, ERR_PARAMETER_COOLDOWN,
		       "%s was changed %" PRIu64 " ms ago; it may change "
		       "again after %" PRIu64,
		       info->name, since_ms, wait_ms);
}

static void describe_parameter(struct change *out, const struct stage *s,
			       const struct governance_param_info *info,
			       uint64_t from, uint64_t to)
{
	snprintf(out->what, sizeof(out->what), "%s (%s)", info->name,
		 info->unit);
	snprintf(out->from, sizeof(out->from), "%" PRIu64, from);
	snprintf(out->to, sizeof(out->to), "%" PRIu64, to);
	snprintf(out->when, sizeof(out->when), "%s",
		 s->x->type == TYPE_EMERGENCY ? "at once" : "next epoch");
}

static enum err stage_parameter(struct stage *s, struct change *out,
				const struct action_parameter *p,
				struct err_text *text)
{
	size_t index = governance_param_find_bytes(p->key);
	struct governance_param_info info;
	struct param_change *c;
	enum err err;

	if (index == PARAM_COUNT)
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "there is no parameter \"%.*s\"",
			       (int)p->key.size, (const char *)p->key.data);
	governance_param_info(&info, index);
	c = &s->settings.change[index];
	if (info.class == PARAM_FIXED)
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "%s is fixed by the genesis", info.name);
	err = check_step(&info, s->params.value[index], p->value, text);
	if (!err)
		err = check_cooldown(s, &info, c, text);
	if (err)
		return err;
	describe_parameter(out, s, &info, s->params.value[index], p->value);
	c->changed_ms = s->x->time_ms;
	c->pending = s->x->type != TYPE_EMERGENCY;
	c->next = c->pending ? p->value : 0;
	if (!c->pending)
		s->params.value[index] = p->value;
	s->params_changed = true;
	return ERR_OK;
}

/* What holds between parameters must hold now and after the turn. */
static enum err check_invariants(const struct stage *s, struct err_text *text)
{
	struct governance_params next;
	enum err err = governance_params_check(&s->params, text);

	settings_pending_params(&next, &s->params, &s->settings);
	return err ? err : governance_params_check(&next, text);
}

/* ---- Reputation ---- */

static enum err stage_award(struct stage *s, enum contribution kind,
			    uint32_t account, uint64_t points,
			    struct err_text *text)
{
	uint64_t cap = governance_param_global(
		&s->g->params, PARAM_REPUTATION_CAP_CODE_COMMIT + kind - 1);
	uint64_t given = settings_awarded(&s->settings, kind, epoch_of(s->g));
	uint64_t room = LIMIT_REPUTATION_TOTAL - s->g->accounts.reputation;

	if (points > cap || given > cap - points)
		return err_set(text, ERR_AWARD_CAP,
			       "%s: %" PRIu64 " of %" PRIu64
			       " milli-points are awarded in this epoch",
			       contribution_name(kind), given, cap);
	if (s->awarded > room || points > room - s->awarded)
		return err_set(text, ERR_AWARD_CAP,
			       "all reputation would pass its limit");
	settings_award(&s->settings, kind, epoch_of(s->g), points);
	s->awards[s->award_count].account = account;
	s->awards[s->award_count++].points = points;
	s->awarded += points;
	s->settings_changed = true;
	return ERR_OK;
}

static enum err stage_reputation(struct stage *s, struct change *out,
				 const struct action_reputation *r,
				 struct err_text *text)
{
	uint32_t account;
	uint64_t has;
	char key[2 * PUBLIC_KEY_BYTES + 1];
	enum err err;

	hex_encode(key, r->account.b, PUBLIC_KEY_BYTES);
	if (!accounts_find(&s->g->accounts, &account, &r->account))
		return err_set(text, ERR_UNKNOWN_ACCOUNT, "%s", key);
	if (s->g->accounts.list[account].excluded)
		return err_set(text, ERR_NOT_ELIGIBLE, "%s is in no base", key);
	has = s->g->accounts.list[account].power.reputation;
	for (uint32_t i = 0; i < s->award_count; i++)
		if (s->awards[i].account == account)
			has += s->awards[i].points;
	err = stage_award(s, (enum contribution)r->kind, account, r->points,
			  text);
	if (err)
		return err;
	snprintf(out->what, sizeof(out->what), "reputation of %s", key);
	snprintf(out->from, sizeof(out->from), "%" PRIu64, has);
	snprintf(out->to, sizeof(out->to), "%" PRIu64, has + r->points);
	snprintf(out->when, sizeof(out->when), "at once");
	return ERR_OK;
}

/* ---- Validators, council, version ---- */

static enum err stage_validators(struct stage *s, struct change *out,
				 const struct action_validators *v,
				 struct err_text *text)
{
	struct validator_plan *plan = &s->settings.validators;
	uint64_t had = validator_plan_weight(plan, &v->key);
	char key[2 * PUBLIC_KEY_BYTES + 1];
	enum err err;

	hex_encode(key, v->key.b, PUBLIC_KEY_BYTES);
	if (v->weight == 0 && had == 0)
		return err_set(text, ERR_NOT_VALIDATOR, "%s", key);
	err = validator_plan_set(plan, &v->key, v->weight, text);
	if (err)
		return err;
	snprintf(out->what, sizeof(out->what), "weight of validator %s", key);
	snprintf(out->from, sizeof(out->from), "%" PRIu64, had);
	snprintf(out->to, sizeof(out->to), "%" PRIu64, v->weight);
	snprintf(out->when, sizeof(out->when), "recorded as pending");
	s->settings_changed = true;
	return ERR_OK;
}

static void describe_council(char text[CHANGE_TEXT_BYTES],
			     const struct council *c)
{
	if (c->count == 0)
		snprintf(text, CHANGE_TEXT_BYTES, "none");
	else
		snprintf(text, CHANGE_TEXT_BYTES,
			 "%u members, %u at once, %u with a delay", c->count,
			 c->threshold, c->threshold_delayed);
}

static enum err stage_council(struct stage *s, struct change *out,
			      const struct action_council *c)
{
	snprintf(out->what, sizeof(out->what), "council");
	describe_council(out->from, &s->settings.council);
	council_set(&s->settings.council, c);
	describe_council(out->to, &s->settings.council);
	snprintf(out->when, sizeof(out->when), "at once");
	s->settings_changed = true;
	return ERR_OK;
}

static void describe_upgrade(char text[CHANGE_TEXT_BYTES],
			     const struct upgrade_plan *u)
{
	if (u->version == 0)
		snprintf(text, CHANGE_TEXT_BYTES, "%u", PROTOCOL_VERSION_FIRST);
	else
		snprintf(text, CHANGE_TEXT_BYTES, "%u from height %" PRIu64,
			 u->version, u->height);
}

/* Versions only rise, so that every node agrees which one is needed. */
static enum err stage_upgrade(struct stage *s, struct change *out,
			      const struct action_upgrade *u,
			      struct err_text *text)
{
	struct upgrade_plan *plan = &s->settings.upgrade;
	uint32_t least =
		(plan->version ? plan->version : PROTOCOL_VERSION_FIRST) + 1;

	if (u->version < least)
		return err_set(text, ERR_UPGRADE,
			       "version %u; the next is at least %u",
			       u->version, least);
	if (u->height <= s->x->height)
		return err_set(text, ERR_UPGRADE,
			       "height %" PRIu64 " has passed", u->height);
	snprintf(out->what, sizeof(out->what), "protocol version");
	describe_upgrade(out->from, plan);
	plan->version = u->version;
	plan->build = u->build;
	plan->height = u->height;
	describe_upgrade(out->to, plan);
	snprintf(out->when, sizeof(out->when), "height %" PRIu64, u->height);
	s->settings_changed = true;
	return ERR_OK;
}

static enum err stage_text(struct change *out, const struct action_text *t)
{
	int size = t->text.size < sizeof(out->to) - 1
			   ? (int)t->text.size
			   : (int)sizeof(out->to) - 1;

	snprintf(out->what, sizeof(out->what), "resolutions");
	out->from[0] = '\0';
	snprintf(out->to, sizeof(out->to), "%.*s", size,
		 (const char *)t->text.data);
	snprintf(out->when, sizeof(out->when), "at once");
	return ERR_OK;
}

/* ---- Overrides: SPEC governance 14 ---- */

static enum err stage_override(struct stage *s, struct change *out,
			       const struct action_override *o,
			       struct err_text *text)
{
	enum err err = override_check(s->g, o->proposal, text);

	if (err)
		return err;
	s->overrides[s->override_count++] = o->proposal;
	*out = (struct change){.to = "free of vetoes", .when = "at once"};
	snprintf(out->what, sizeof(out->what), "proposal %" PRIu32,
		 o->proposal);
	snprintf(out->from, sizeof(out->from), "%s",
		 proposal_state_name(entry_of(s->g, o->proposal)->p.state));
	return ERR_OK;
}

static enum err stage_one(struct stage *s, struct change *out,
			  const struct action *a, struct err_text *text)
{
	switch (a->kind) {
	case ACTION_TEXT:
		return stage_text(out, &a->text);
	case ACTION_PARAMETER:
		return stage_parameter(s, out, &a->parameter, text);
	case ACTION_REPUTATION:
		return stage_reputation(s, out, &a->reputation, text);
	case ACTION_VALIDATORS:
		return stage_validators(s, out, &a->validators, text);
	case ACTION_COUNCIL:
		return stage_council(s, out, &a->council);
	case ACTION_UPGRADE:
		return stage_upgrade(s, out, &a->upgrade, text);
	case ACTION_TRANSFER:
	case ACTION_CALL:
		return err_set(text, ERR_NO_MAIN_CHAIN, "%s",
			       action_kind_name(a->kind));
	case ACTION_OVERRIDE:
		return stage_override(s, out, &a->override, text);
	}
	return err_set(text, ERR_ACTION_NOT_ALLOWED, "%s has no rule",
		       action_kind_name(a->kind));
}

static enum err stage_all(struct stage *s, const struct action_list *actions,
			  struct change *out, struct err_text *text)
{
	bool members = false;
	enum err err = ERR_OK;

	for (uint32_t i = 0; !err && i < actions->count; i++) {
		struct err_text why = {""};
		struct change change;

		err = stage_one(s, &change, &actions->list[i], &why);
		if (err)
			return err_set(text, err, "action %u: %s", i + 1,
				       why.text);
		if (out)
			out[i] = change;
		members = members || actions->list[i].kind == ACTION_VALIDATORS;
	}
	if (members && s->settings.validators.count == 0)
		return err_set(text, ERR_BAD_ELECTORATE,
			       "no validator would stay");
	return s->params_changed ? check_invariants(s, text) : ERR_OK;
}

static struct stage *stage_new(const struct governance *g,
			       const struct execution *x)
{
	struct stage *s = mem_alloc(sizeof(*s));

	s->g = g;
	s->x = x;
	s->params = g->params;
	s->settings = g->settings;
	return s;
}

enum err execute_preview(const struct governance *g, const struct execution *x,
			 const struct action_list *actions,
			 struct change out[LIMIT_ACTIONS],
			 struct err_text *text)
{
	struct stage *s = stage_new(g, x);
	enum err err = stage_all(s, actions, out, text);

	free(s);
	return err;
}

/* Whoever proposed what was built and executed has earned it, as far as the
 * epoch has points left. */
static void reward_proposer(struct stage *s)
{
	const enum contribution kind = CONTRIBUTION_GOVERNANCE_PROPOSAL;
	uint64_t points = governance_param_global(
		&s->g->params, PARAM_REPUTATION_TECHNICAL_PROPOSAL);
	uint64_t cap = governance_param_global(
		&s->g->params, PARAM_REPUTATION_CAP_GOVERNANCE_PROPOSAL);
	uint64_t given = settings_awarded(&s->settings, kind, epoch_of(s->g));

	if (given < cap && points > cap - given)
		points = cap - given;
	if (points > 0 && stage_award(s, kind, s->x->proposer, points, NULL))
		return; /* nothing is left */
}

/* Parameters that are in force now and were not `before`. */
static void tell_params(struct governance *g,
			const struct governance_params *before)
{
	for (uint32_t i = 0; i < PARAM_COUNT; i++) {
		const struct governance_event event = {
			.kind = EVENT_PARAMETER,
			.from = i,
			.amount = g->params.value[i],
		};

		if (g->params.value[i] != before->value[i])
			event_add(g, &event);
	}
}

/* Awards are told where they are made. */
static void tell_settings(struct governance *g, const struct execution *x,
			  const struct action_list *actions)
{
	for (uint32_t i = 0; i < actions->count; i++) {
		const struct governance_event event = {
			.kind = EVENT_SETTING,
			.account = x->proposer,
			.from = actions->list[i].kind,
		};

		if (actions->list[i].kind == ACTION_VALIDATORS ||
		    actions->list[i].kind == ACTION_COUNCIL ||
		    actions->list[i].kind == ACTION_UPGRADE)
			event_add(g, &event);
	}
}

static void commit(struct governance *g, const struct stage *s)
{
	const struct governance_params before = g->params;

	g->params = s->params;
	g->settings = s->settings;
	g->params_pending = g->params_pending || s->params_changed;
	g->settings_pending = g->settings_pending || s->settings_changed;
	for (uint32_t i = 0; i < s->award_count; i++) {
		const struct governance_account *a =
			&g->accounts.list[s->awards[i].account];

		accounts_set(&g->accounts, s->awards[i].account,
			     s->x->height + 1, a->power.tokens,
			     a->power.reputation + s->awards[i].points);
		g->globals_pending = true;
		event_add(g, &(struct governance_event){
				     .kind = EVENT_REPUTATION,
				     .account = s->awards[i].account,
				     .amount = s->awards[i].points,
			     });
	}
	tell_params(g, &before);
	for (uint32_t i = 0; i < s->override_count; i++)
		override_apply(g, s->overrides[i], s->x->height, s->x->time_ms);
}

enum err execute_actions(struct governance *g, const struct execution *x,
			 const struct action_list *actions,
			 struct err_text *text)
{
	struct stage *s = stage_new(g, x);
	enum err err = stage_all(s, actions, NULL, text);

	if (!err && x->type == TYPE_TECHNICAL)
		reward_proposer(s);
	if (!err) {
		commit(g, s);
		tell_settings(g, x, actions);
	}
	free(s);
	return err;
}

enum err execute_proposal(struct governance *g, const struct entry *e,
			  uint64_t height, uint64_t time_ms,
			  struct err_text *text)
{
	const struct execution x = {.type = e->p.type,
				    .proposer = e->p.proposer,
				    .height = height,
				    .time_ms = time_ms};
	struct action room[LIMIT_ACTIONS];
	struct action_list actions;

	contents_actions(e, &actions, room);
	assert(actions.count == e->p.action_count);
	return execute_actions(g, &x, &actions, text);
}

void params_turn(struct governance *g)
{
	const struct governance_params before = g->params;

	if (!settings_turn(&g->params, &g->settings))
		return;
	g->params_pending = true;
	tell_params(g, &before);
}
