/* Delegated power: what is carried, by whom, and that the running tally is at
 * every step what a batch over all members finds, and what a naive model finds
 * that shares nothing with either.
 *
 * GOVERNANCE_CARRY_SEED and GOVERNANCE_CARRY_WORLDS (100000) change the run; a
 * failure names the world's own seed, which alone shows it again with
 * GOVERNANCE_CARRY_WORLDS=1. GOVERNANCE_CARRY_MEMBERS bounds the worlds. */
#include "governance_fixture.h"
#include "governance_naive.h"
#include "governance_recount.h"

#include "base/arena.h"
#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define VOTES 2

/* One world, lived through twice: by the engine and by the model. */
struct life {
	struct chance c;
	uint64_t seed;
	struct test_net n;
	struct map map; /* only filled when it restarts */
	struct naive_world now;
	struct naive_vote vote[VOTES]; /* of proposals 1 and 2 */
	bool open[VOTES];
	bool had_second;
	struct governance_params params;
};

#define MEMBERS_MAX 5000

static struct public_key keys[MEMBERS_MAX];

static struct power engine_power(const struct naive_power *p)
{
	return (struct power){p->t, p->q, p->r};
}

#define CHECK(life, condition)                                                 \
	do {                                                                   \
		if (!(condition))                                              \
			fail_msg("world of GOVERNANCE_CARRY_SEED=%llu: %s",    \
				 (unsigned long long)(life)->seed,             \
				 #condition);                                  \
	} while (0)

/* Each is what the engine says; they are used up. */
static void check_burdens(struct life *l, uint32_t number,
			  struct naive_result *expected)
{
	struct naive_power *left = expected->burden;
	struct power power;
	uint32_t account;

	for (uint32_t i = 0;
	     governance_carried_at(l->n.g, number, i, &account, &power); i++) {
		struct power burden = engine_power(&left[account]);

		CHECK(l, power_is_same(&power, &burden));
		memset(&left[account], 0, sizeof(left[account]));
	}
	for (int i = 0; i < l->now.members; i++) {
		struct power burden = engine_power(&left[i]);

		CHECK(l, power_is_zero(&burden));
	}
}

/* Incremental, batch and naive agree on proposal v + 1; nothing is lost. */
static void check_vote(struct life *l, int v)
{
	const struct proposal *p = governance_proposal(l->n.g, (uint32_t)v + 1);
	struct naive_result expected;
	struct power sum, total;
	struct tally batch;

	naive_count(&expected, &l->vote[v]);
	recount(&batch, l->n.g, p->number);
	sum = engine_power(&expected.uncast);
	total = engine_power(&expected.total);
	for (int c = 1; c <= CHOICES; c++) {
		struct power direct = engine_power(&expected.direct[c]);
		struct power carried = engine_power(&expected.carried[c]);
		const struct power_sum *own = &p->tally.choice[c - 1];

		CHECK(l, power_is_same(&own->power, &direct));
		CHECK(l, own->voters == expected.voters[c]);
		CHECK(l, power_is_same(&p->tally.carried[c - 1], &carried));
		CHECK(l, power_is_same(&batch.choice[c - 1].power, &direct));
		CHECK(l, batch.choice[c - 1].voters == expected.voters[c]);
		CHECK(l, power_is_same(&batch.carried[c - 1], &carried));
		power_add(&sum, &direct);
	}
	for (int i = 0; i < l->now.members; i++) {
		struct power burden = engine_power(&expected.burden[i]);

		power_add(&sum, &burden);
	}
	check_burdens(l, p->number, &expected);
	CHECK(l, power_is_same(&sum, &total));
	CHECK(l, power_is_same(&p->total.power, &total));
	naive_result_fini(&expected);
}

/* ---- What happens in a world ---- */

/* By the smallest slices, some of the time. */
static enum err life_apply(struct life *l, int account, struct payload *payload)
{
	const struct governance_context ctx = {
		.account = (uint32_t)account,
		.nonce = l->n.nonce++,
		.height = l->n.height,
		.time_ms = l->n.time_ms,
	};
	uint32_t slice = 1 + chance_below(&l->c, 3);
	enum err err;

	err = governance_apply(l->n.g, NULL, &ctx, payload, NULL);
	while (!governance_work(l->n.g, slice))
		continue;
	return err;
}

static int random_member(struct life *l)
{
	return (int)chance_below(&l->c, (uint32_t)l->now.members);
}

/* Few targets, near each other: cycles and stars are common. */
static int random_target(struct life *l, int from)
{
	uint32_t members = (uint32_t)l->now.members;

	if (chance_below(&l->c, 4) == 0)
		return (int)chance_below(&l->c, 2);
	if (chance_below(&l->c, 2))
		return (int)(((uint32_t)from + 1 + chance_below(&l->c, 3)) %
			     members);
	return random_member(l);
}

static void live_delegate(struct life *l)
{
	int account = random_member(l);
	struct naive_edge e = {.kind = 1 + chance_below(&l->c, 3)};
	struct payload p = {.kind = PAYLOAD_DELEGATE};

	e.target = e.kind == 2 && chance_below(&l->c, 4) == 0
			   ? NAIVE_NOBODY
			   : random_target(l, account);
	if (e.kind == 2)
		e.types = chance_below(&l->c, DELEGATION_TYPES_ALL) + 1;
	if (e.kind == 3)
		e.amount = 1 + chance_below(&l->c, 8) * 700;
	if (chance_below(&l->c, 4) == 0)
		e.expires_ms = l->n.time_ms + 1 + chance_below(&l->c, 3000);
	p.delegate.kind = e.kind;
	p.delegate.types = e.types;
	p.delegate.amount = e.amount;
	p.delegate.expires_ms = e.expires_ms;
	p.delegate.has_target = e.target != NAIVE_NOBODY;
	if (p.delegate.has_target)
		p.delegate.target = keys[e.target];
	if (life_apply(l, account, &p) == ERR_OK)
		naive_delegate(&l->now.member[account], &e, l->n.time_ms);
}

static void live_undelegate(struct life *l)
{
	int account = random_member(l);
	struct naive_member *m = &l->now.member[account];
	struct governance_delegation list[LIMIT_DELEGATIONS];
	uint32_t count =
		governance_delegations(l->n.g, list, (uint32_t)account);
	struct payload p = {.kind = PAYLOAD_UNDELEGATE};
	int gone;

	CHECK(l, count == (uint32_t)m->edges);
	if (count == 0)
		return;
	gone = (int)chance_below(&l->c, count);
	p.undelegate.serials = &list[gone].serial;
	p.undelegate.count = chance_below(&l->c, 2);
	CHECK(l, life_apply(l, account, &p) == ERR_OK);
	if (p.undelegate.count == 0)
		m->edges = 0;
	for (int i = gone; i + 1 < m->edges; i++)
		m->edge[i] = m->edge[i + 1];
	m->edges -= m->edges > 0;
}

static void live_sleep(struct life *l, uint64_t ms)
{
	l->n.height++;
	l->n.time_ms += ms;
	governance_advance(l->n.g, l->n.height, l->n.time_ms);
	while (!governance_work(l->n.g, 1))
		continue;
	naive_decay(&l->now,
		    (l->n.time_ms - T0) / l->params.value[PARAM_EPOCH_MS]);
	/* An emergency may be over early. */
	for (uint32_t v = 0; v < VOTES; v++)
		l->open[v] = l->open[v] &&
			     governance_proposal(l->n.g, v + 1)->state ==
				     STATE_VOTING;
}

/* Stake that moves counts at once, for the votes that open later. */
static void live_transfer(struct life *l)
{
	int from = random_member(l), to = random_member(l);
	struct payload p = {.kind = PAYLOAD_TRANSFER};

	p.transfer.amount = 1 + chance_below(&l->c, 2000);
	p.transfer.to = keys[to];
	if (life_apply(l, from, &p) != ERR_OK)
		return;
	l->now.member[from].tokens -= p.transfer.amount;
	l->now.member[to].tokens += p.transfer.amount;
}

/* A ballot paper for one or both votes; against and abstain give way. */
static void live_vote(struct life *l)
{
	int account = random_member(l);
	struct ballot ballots[VOTES];
	struct payload p = {.kind = PAYLOAD_VOTE, .vote = {ballots, 0}};
	struct tally_result before[VOTES], after;
	uint32_t choice = 1 + chance_below(&l->c, CHOICES);

	for (uint32_t v = 0; v < VOTES; v++) {
		if (!l->open[v] || chance_below(&l->c, 4) == 0)
			continue;
		governance_evaluate(l->n.g, &before[v],
				    governance_proposal(l->n.g, v + 1));
		ballots[p.vote.count++] =
			(struct ballot){.proposal = v + 1, .choice = choice};
	}
	if (life_apply(l, account, &p) != ERR_OK)
		return;
	for (uint32_t i = 0; i < p.vote.count; i++) {
		uint32_t v = ballots[i].proposal - 1;

		l->vote[v].choice[account] = (int)choice;
		governance_evaluate(l->n.g, &after,
				    governance_proposal(l->n.g, v + 1));
		/* A ballot for never lowers for. */
		CHECK(l, choice != CHOICE_FOR ||
				 after.weight[0] >= before[v].weight[0]);
	}
}

static void live_restart(struct life *l)
{
	struct governance *copy;

	map_flush(&l->map, l->n.g);
	copy = map_load(&l->map, l->n.g);
	governance_free(&l->n.g);
	l->n.g = copy;
}

static void live_open(struct life *l, uint32_t v)
{
	struct naive_vote *vote = &l->vote[v];
	const struct proposal *p;
	struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = 1 + chance_below(&l->c, PROPOSAL_TYPES),
			   .title = text_of("t")},
	};

	CHECK(l, life_apply(l, random_member(l), &payload) == ERR_OK);
	if (chance_below(&l->c, 2))
		live_delegate(l); /* before it opens: counts */
	live_sleep(l, MS_SECOND);
	naive_open(vote, &l->now);
	vote->type = payload.submit.type;
	p = governance_proposal(l->n.g, v + 1);
	CHECK(l, p->state == STATE_VOTING);
	vote->depth = p->rules.depth;
	vote->time_ms = l->n.time_ms;
	vote->min_stake =
		governance_param_global(&l->params, PARAM_VOTE_MIN_STAKE);
	vote->cap_bp = p->rules.carry_cap_bp;
	l->open[v] = true;
	l->had_second = v > 0;
}

static void set_type_param(struct governance_params *p, uint32_t type,
			   enum param_type which, uint64_t value)
{
	p->value[PARAM_GLOBALS + (type - 1) * PARAM_TYPES + which] = value;
}

static void life_init(struct life *l, uint64_t seed, uint32_t most)
{
	static const uint64_t stakes[] = {0, 1, 2, 999, 1000, 5000, 7777};
	static const uint64_t caps[] = {1, 1500, 5000, 10000};

	memset(l, 0, sizeof(*l));
	l->seed = l->c.state = seed;
	governance_params_fast(&l->params);
	l->params.value[PARAM_PROPOSAL_MIN_STAKE] = 0;
	l->params.value[PARAM_PROPOSAL_DEPOSIT] = 0;
	l->params.value[PARAM_STAKE_MATURITY_MS] = 0;
	l->params.value[PARAM_EPOCH_MS] =
		(1 + chance_below(&l->c, 10)) * MS_SECOND;
	l->now.kept_bp = 5000 + 1250 * chance_below(&l->c, 5);
	l->params.value[PARAM_REPUTATION_KEPT_BP] = l->now.kept_bp;
	l->params.value[PARAM_DELEGATION_MAX_PER_EPOCH] =
		1 + chance_below(&l->c, 6);
	l->params.value[PARAM_VOTE_MIN_STAKE] = 1 + chance_below(&l->c, 2);
	l->params.value[PARAM_DELEGATION_DEPTH] =
		chance_below(&l->c, 3) ? 1 + chance_below(&l->c, 4)
				       : 1 + chance_below(&l->c, 16);
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		set_type_param(&l->params, t, PARAM_TYPE_MECHANISM,
			       1 + chance_below(&l->c, 4));
		set_type_param(&l->params, t, PARAM_TYPE_CARRY_CAP_BP,
			       caps[chance_below(&l->c, 4)]);
	}
	net_init(&l->n, &l->params);
	l->now.members = 2 + (int)chance_below(&l->c, chance_below(&l->c, 16)
							      ? (most + 4) / 5
							      : most - 1);
	l->now.member =
		mem_alloc((size_t)l->now.members * sizeof(*l->now.member));
	for (int i = 0; i < l->now.members; i++) {
		struct naive_member *m = &l->now.member[i];

		m->tokens = stakes[chance_below(&l->c, 7)];
		m->reputation =
			chance_below(&l->c, 2) * chance_below(&l->c, 1000);
		assert_int_equal(governance_add_account(l->n.g, &keys[i],
							m->tokens,
							m->reputation, NULL),
				 ERR_OK);
	}
}

static void life_fini(struct life *l)
{
	free(l->now.member);
	for (int v = 0; v < VOTES; v++)
		naive_vote_fini(&l->vote[v]);
	map_fini(&l->map);
	net_fini(&l->n);
}

/* A world and its seed: most are small, so that a failure can be read. */
static uint32_t live(uint64_t seed, uint32_t most)
{
	bool restarts;
	struct life l;
	uint32_t steps, checks = 0;

	life_init(&l, seed, most);
	restarts = chance_below(&l.c, 32) == 0;
	for (int i = 0; i < 2 * l.now.members; i++) {
		live_delegate(&l);
		if (chance_below(&l.c, 4) == 0)
			live_sleep(&l, chance_below(&l.c, 500));
		if (chance_below(&l.c, 8) == 0)
			live_transfer(&l);
	}
	live_open(&l, 0);
	steps = (uint32_t)l.now.members + chance_below(&l.c, 8);
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t dice = chance_below(&l.c, 16);

		if (dice < 11)
			live_vote(&l);
		else if (dice == 11)
			live_delegate(&l); /* too late to matter */
		else if (dice == 12)
			live_transfer(&l); /* as is this */
		else if (dice == 13)
			live_undelegate(&l);
		else if (dice == 14)
			live_sleep(&l, 1 + chance_below(&l.c, 200));
		else if (!l.had_second)
			live_open(&l, 1);
		if (restarts && chance_below(&l.c, 4) == 0)
			live_restart(&l);
		for (int v = 0; v < VOTES; v++)
			if (l.open[v]) {
				check_vote(&l, v);
				checks++;
			}
	}
	life_fini(&l);
	return checks;
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *given = getenv(name);

	return given ? strtoull(given, NULL, 0) : otherwise;
}

static void running_batch_and_naive_tallies_agree(void **state)
{
	uint64_t worlds = env_number("GOVERNANCE_CARRY_WORLDS", 100000);
	uint32_t most = (uint32_t)env_number("GOVERNANCE_CARRY_MEMBERS", 40);
	uint64_t checks = 0;
	struct chance c;

	(void)state;
	assert_in_range(most, 2, MEMBERS_MAX);
	chance_init(&c, "GOVERNANCE_CARRY_SEED", 41);
	for (uint64_t i = 0; i < worlds; i++)
		checks += live(i == 0 ? c.state : chance_next(&c), most);
	printf("%llu worlds, %llu comparisons\n", (unsigned long long)worlds,
	       (unsigned long long)checks);
	assert_true(checks >= worlds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(running_batch_and_naive_tallies_agree),
	};

	for (uint32_t i = 0; i < MEMBERS_MAX; i++)
		test_key(&keys[i], i);
	return cmocka_run_group_tests_name("governance carry", tests, NULL,
					   NULL);
}
