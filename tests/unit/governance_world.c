#include "governance_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PUBLIC_KEY_BYTES);
}

/* The first accounts of the world. */
static void seat_council(struct governance *g)
{
	struct council council = {
		.count = 4, .threshold = 3, .threshold_delayed = 2};

	for (uint32_t i = 0; i < council.count; i++)
		test_key(&council.members[i], i);
	qsort(council.members, council.count, sizeof(council.members[0]),
	      by_bytes);
	assert_int_equal(governance_set_council(g, &council, NULL), ERR_OK);
}

void world_init(struct world *w, struct chance *c)
{
	struct governance_params params;

	memset(w, 0, sizeof(*w));
	governance_params_fast(&params);
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		struct governance_param_info info;
		/* Another mechanism than usual, here and there. */
		uint64_t mechanism = 1 + chance_below(c, 4);
		size_t i = PARAM_GLOBALS + (t - 1) * PARAM_TYPES +
			   PARAM_TYPE_MECHANISM;

		governance_param_info(&info, i);
		assert_int_equal(governance_param_set(&params, info.name,
						      mechanism, NULL),
				 ERR_OK);
	}
	/* Detectors that fire often. */
	params.value[PARAM_DETECT_HISTORY] = 2;
	params.value[PARAM_DETECT_HISTORY_MIN] = 1;
	params.value[PARAM_DETECT_DORMANT_ACCOUNTS] = 2;
	params.value[PARAM_DETECT_DORMANT_SHARE] = 1;
	net_init(&w->n, &params);
	for (int i = 0; i < WORLD_ACCOUNTS; i++)
		net_account(&w->n, (uint64_t)chance_below(c, 4) * 4000,
			    chance_below(c, 3) * 10);
	seat_council(w->n.g);
	map_flush(&w->map, w->n.g);
}

void world_fini(struct world *w)
{
	map_fini(&w->map);
	net_fini(&w->n);
}

/* One of the latest proposals or beyond, mostly one in this state. */
static uint32_t random_number(struct chance *c, const struct governance *g,
			      enum proposal_state state)
{
	uint32_t count = governance_proposal_count(g);
	uint32_t near = count > 12 ? count - 12 : 0, number = 0;

	for (int tries = 0; tries < 6; tries++) {
		const struct proposal *p;

		number = near + chance_below(c, 14);
		p = governance_proposal(g, number);
		if (p && p->state == state)
			break;
	}
	return number;
}

static struct bytes random_reason(struct chance *c)
{
	static const char *const reasons[] = {"", "because", "\x02", "\xff"};

	return text_of(reasons[chance_below(c, 25) ? chance_below(c, 2)
						   : chance_below(c, 4)]);
}

static void random_vote(struct random_tx *tx, struct chance *c,
			const struct governance *g)
{
	struct payload_vote *v = &tx->payload.vote;

	tx->payload.kind = PAYLOAD_VOTE;
	v->ballots = tx->ballots;
	v->count = chance_below(c, 3) ? 1 : chance_below(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		struct ballot *b = &tx->ballots[i];

		b->proposal = random_number(c, g, STATE_VOTING);
		b->choice = 1 + chance_below(c, 3) + (chance_below(c, 40) == 0);
		b->reason = random_reason(c);
	}
}

static void random_delegate(struct payload_delegate *d, struct chance *c,
			    uint64_t time_ms)
{
	bool odd = chance_below(c, 12) == 0;

	d->kind = 1 + chance_below(c, 3) + (chance_below(c, 40) == 0);
	d->has_target =
		d->kind == DELEGATION_CONDITIONAL ? chance_below(c, 3) : !odd;
	if (d->has_target)
		test_key(&d->target, chance_below(c, WORLD_ACCOUNTS + odd));
	if ((d->kind == DELEGATION_CONDITIONAL) != odd)
		d->types = chance_below(c, DELEGATION_TYPES_ALL + 1 + odd);
	if ((d->kind == DELEGATION_LIMITED) != odd)
		d->amount = chance_below(c, 9) * 1000 * TOKEN;
	if (chance_below(c, 3) == 0)
		d->expires_ms = time_ms + chance_below(c, 20000);
}

static void random_undelegate(struct random_tx *tx, struct chance *c)
{
	struct payload_undelegate *u = &tx->payload.undelegate;

	u->serials = tx->serials;
	u->count = chance_below(c, 4);
	for (uint32_t i = 0; i < u->count; i++)
		tx->serials[i] =
			chance_below(c, 4) + (i ? tx->serials[i - 1] : 0);
}

/* To one of the world, or to somebody new. */
static void random_transfer(struct random_tx *tx, struct chance *c,
			    const struct governance *g)
{
	struct payload_transfer *t = &tx->payload.transfer;
	uint32_t count = governance_account_count(g);

	tx->payload.kind = PAYLOAD_TRANSFER;
	t->amount = chance_below(c, 9) * TOKEN * 500;
	if (chance_below(c, 8) == 0)
		test_key(&t->to, 1000 + chance_below(c, 20));
	else
		t->to = governance_account(g, chance_below(c, count))->key;
}

static void random_parameter(struct action_parameter *p, struct chance *c)
{
	static const struct {
		const char *key;
		uint64_t base, step;
	} ROWS[] = {
		{"proposal.max_open", 1, 3},
		{"standard.quorum_bp", 500, 300},
		{"constitutional.approval_bp", 6000, 500},
		{"detect.history_min", 1, 4},
		{"epoch.length_ms", 5000, 4000},
		{"vote.min_stake", 1, 600 * TOKEN},
		{"reputation.kept_bp", 9800, 10},
		{"no.such", 1, 1},
	};
	uint32_t i = chance_below(c, sizeof(ROWS) / sizeof(ROWS[0]));

	p->key = text_of(ROWS[i].key);
	p->value = ROWS[i].base + chance_below(c, 6) * ROWS[i].step;
}

/* Mostly one that some type may contain now. */
static void random_action(struct action *a, struct random_tx *tx,
			  struct chance *c)
{
	uint32_t two = chance_below(c, 2) * 2;

	a->kind = (enum action_kind)(1 + chance_below(c, ACTION_KINDS));
	if (a->kind == ACTION_TEXT) {
		a->text.text = text_of(tx->title);
	} else if (a->kind == ACTION_PARAMETER) {
		random_parameter(&a->parameter, c);
	} else if (a->kind == ACTION_REPUTATION) {
		test_key(&a->reputation.account,
			 chance_below(c, WORLD_ACCOUNTS + 1));
		a->reputation.kind = 1 + chance_below(c, CONTRIBUTIONS);
		a->reputation.points = chance_below(c, 4) * 200 * POINT;
	} else if (a->kind == ACTION_VALIDATORS) {
		test_key(&a->validators.key, 900 + chance_below(c, 4));
		a->validators.weight = chance_below(c, 3) * 50;
	} else if (a->kind == ACTION_COUNCIL) {
		tx->members[1].b[0] = 1;
		a->council.members = tx->members;
		a->council.count = two;
		a->council.threshold = two;
		a->council.threshold_delayed = two / 2;
	} else if (a->kind == ACTION_UPGRADE) {
		a->upgrade.version = 1 + chance_below(c, 4);
		a->upgrade.height = tx->ctx.height + chance_below(c, 400);
	}
}

static struct action_list random_actions(struct random_tx *tx, struct chance *c,
					 uint32_t type)
{
	struct action_list list = {tx->actions, 0};

	if (chance_below(c, 2))
		return list;
	list.count = 1 + chance_below(c, 2) * chance_below(c, 3);
	for (uint32_t i = 0; i < list.count; i++)
		for (int tries = 0; tries < 12; tries++) {
			struct action *a = &tx->actions[i];

			memset(a, 0, sizeof(*a));
			random_action(a, tx, c);
			if (action_is_allowed(type, a) &&
			    a->kind != ACTION_CALL &&
			    a->kind != ACTION_TRANSFER)
				break;
		}
	return list;
}

static uint32_t type_of(const struct governance *g, uint32_t number)
{
	const struct proposal *p = governance_proposal(g, number);

	return p ? p->type : TYPE_STANDARD;
}

/* Often one that emergencies may change, sometimes not. */
static void random_act(struct random_tx *tx, struct chance *c)
{
	struct payload_council_act *a = &tx->payload.council_act;

	a->title = text_of(tx->title);
	a->actions = (struct action_list){&tx->actions[0], 1};
	a->revert =
		(struct action_list){&tx->actions[1], chance_below(c, 9) > 0};
	for (int i = 0; i < 2; i++) {
		tx->actions[i].kind = ACTION_PARAMETER;
		random_parameter(&tx->actions[i].parameter, c);
		if (chance_below(c, 4))
			tx->actions[i].parameter = (struct action_parameter){
				text_of("proposal.max_open"),
				1 + chance_below(c, 9)};
	}
}

static void random_council(struct random_tx *tx, struct chance *c,
			   const struct governance *g)
{
	struct payload *p = &tx->payload;

	if (p->kind == PAYLOAD_VETO) {
		p->veto.proposal = random_number(
			c, g, chance_below(c, 2) ? STATE_VOTING : STATE_QUEUED);
		p->veto.reason = random_reason(c);
	} else if (p->kind == PAYLOAD_COUNCIL_ACT) {
		random_act(tx, c);
	} else {
		p->council_approve.act =
			governance_act_count(g) - chance_below(c, 2);
	}
}

/* Drawn beside the payloads' own numbers: more of one, and what is none. */
#define SUBMIT_AGAIN (PAYLOAD_SUBMIT + 18)
#define NO_PAYLOAD   (PAYLOAD_SUBMIT + 19)
_Static_assert(SUBMIT_AGAIN > PAYLOAD_COUNCIL_APPROVE,
	       "every payload is drawn");

static void random_payload(struct random_tx *tx, struct chance *c,
			   const struct governance *g)
{
	struct payload *p = &tx->payload;

	tx->title[0] = (char)('a' + chance_below(c, 26));
	tx->title[1] = chance_below(c, 20) ? '.' : '\n';
	p->kind = (enum payload_kind)(PAYLOAD_SUBMIT + chance_below(c, 20));
	if (p->kind == PAYLOAD_SUBMIT || p->kind == SUBMIT_AGAIN) {
		p->kind = PAYLOAD_SUBMIT;
		p->submit.type = 1 + chance_below(c, 8);
		p->submit.draft = chance_below(c, 3) == 0;
		p->submit.title = text_of(tx->title);
		p->submit.actions = random_actions(tx, c, p->submit.type);
	} else if (p->kind == PAYLOAD_PUBLISH) {
		p->publish.proposal = random_number(c, g, STATE_DRAFT);
	} else if (p->kind == PAYLOAD_AMEND) {
		p->amend.proposal = random_number(c, g, STATE_DRAFT);
		p->amend.title = text_of(tx->title);
		p->amend.actions =
			random_actions(tx, c, type_of(g, p->amend.proposal));
	} else if (p->kind == PAYLOAD_CANCEL) {
		p->cancel.proposal = random_number(c, g, STATE_SUBMITTED);
		p->cancel.reason = random_reason(c);
	} else if (p->kind == PAYLOAD_DELEGATE) {
		random_delegate(&p->delegate, c, tx->ctx.time_ms);
	} else if (p->kind == PAYLOAD_UNDELEGATE) {
		random_undelegate(tx, c);
	} else if (p->kind == PAYLOAD_TRANSFER) {
		random_transfer(tx, c, g);
	} else if (p->kind >= PAYLOAD_VETO &&
		   p->kind <= PAYLOAD_COUNCIL_APPROVE) {
		random_council(tx, c, g);
	} else if (p->kind != NO_PAYLOAD) {
		random_vote(tx, c, g);
	}
}

/* The proposal's own proposer, mostly. */
static uint32_t random_account(struct chance *c, const struct governance *g,
			       const struct payload *payload)
{
	const struct proposal *p = NULL;

	if (payload->kind == PAYLOAD_PUBLISH)
		p = governance_proposal(g, payload->publish.proposal);
	else if (payload->kind == PAYLOAD_AMEND)
		p = governance_proposal(g, payload->amend.proposal);
	else if (payload->kind == PAYLOAD_CANCEL)
		p = governance_proposal(g, payload->cancel.proposal);
	return p && chance_below(c, 4) ? p->proposer
				       : chance_below(c, WORLD_ACCOUNTS);
}

void random_tx(struct random_tx *tx, struct chance *c, struct test_net *n)
{
	memset(tx, 0, sizeof(*tx));
	tx->ctx.height = n->height;
	tx->ctx.time_ms = n->time_ms;
	random_payload(tx, c, n->g);
	tx->ctx.account = random_account(c, n->g, &tx->payload);
	tx->ctx.nonce = n->nonce++ ^ chance_below(c, 4);
}

void random_sleep(struct chance *c, struct test_net *n)
{
	net_sleep(n, chance_below(c, 30) ? chance_below(c, 1500)
					 : chance_below(c, 700000));
}

void world_live(struct world *w, struct chance *c)
{
	for (int i = 0; i < 400; i++) {
		struct random_tx tx;

		if (chance_below(c, 6) == 0)
			random_sleep(c, &w->n);
		random_tx(&tx, c, &w->n);
		if (governance_apply(w->n.g, NULL, &tx.ctx, &tx.payload,
				     NULL) != ERR_OK)
			continue;
	}
	map_flush(&w->map, w->n.g);
}
