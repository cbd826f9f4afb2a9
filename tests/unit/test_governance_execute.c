/* Execution of native actions: exact bounds, all or none, and what a restart
 * finds. */
#include "action_samples.h"
#include "governance_fixture.h"

#include "governance/execute.h"
#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static enum err run_as(struct test_net *n, enum proposal_type type,
		       const struct action *list, uint32_t count)
{
	const struct execution x = {type, ALICE, n->height, n->time_ms};
	const struct action_list actions = {list, count};
	struct change changes[LIMIT_ACTIONS];
	enum err expected = execute_preview(n->g, &x, &actions, changes, NULL);
	enum err err = execute_actions(n->g, &x, &actions, &n->text);

	assert_int_equal(err, expected);
	return err;
}

static enum err set(struct test_net *n, const char *key, uint64_t value)
{
	const struct action a = set_param(key, value);

	return run_as(n, TYPE_PARAMETER, &a, 1);
}

static void turn_epoch(struct test_net *n)
{
	net_sleep(n, net_param(n, "epoch.length_ms"));
}

/* No wait between two changes of one parameter. */
static void net_hasty(struct test_net *n)
{
	struct governance_params params;

	governance_params_default(&params);
	params.value[PARAM_PARAMETER_COOLDOWN_MS] = 0;
	net_init(n, &params);
	net_account(n, 50000, 0);
	net_account(n, 20000, 85);
}

/* ---- Parameters ---- */

static void a_value_is_in_force_from_the_next_epoch(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(set(&n, "proposal.max_open", 5), ERR_OK);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	net_sleep(&n, MS_DAY - 1);
	assert_int_equal(net_param(&n, "proposal.max_open"), 3);
	net_sleep(&n, 1);
	assert_int_equal(net_param(&n, "proposal.max_open"), 5);
	net_fini(&n);
}

static void every_parameter_keeps_its_bounds_to_one_unit(void **state)
{
	(void)state;
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		struct governance_param_info info;
		struct test_net n;
		uint64_t low, high;

		governance_param_info(&info, i);
		if (info.class == PARAM_FIXED)
			continue;
		net_hasty(&n);
		n.g->params.value[i] = info.min; /* at the edge */
		high = info.step && info.max - info.min > info.step
			       ? info.min + info.step
			       : info.max;
		if (info.min > 0)
			assert_int_equal(set(&n, info.name, info.min - 1),
					 ERR_PARAMETER_BOUNDS);
		assert_int_equal(set(&n, info.name, high + 1),
				 ERR_PARAMETER_BOUNDS);
		n.g->params.value[i] = info.max;
		low = info.step && info.max - info.min > info.step
			      ? info.max - info.step
			      : info.min;
		assert_int_equal(set(&n, info.name, info.max + 1),
				 ERR_PARAMETER_BOUNDS);
		if (low > 0)
			assert_int_equal(set(&n, info.name, low - 1),
					 ERR_PARAMETER_BOUNDS);
		if (governance_params_check(&n.g->params, NULL) == ERR_OK)
			assert_int_equal(set(&n, info.name, info.max), ERR_OK);
		net_fini(&n);
	}
}

static void a_step_is_exact_to_one_unit(void **state)
{
	struct test_net n;

	(void)state;
	net_hasty(&n);
	assert_int_equal(net_param(&n, "standard.quorum_bp"), 1000);
	assert_int_equal(set(&n, "standard.quorum_bp", 2001),
			 ERR_PARAMETER_BOUNDS);
	assert_non_null(strstr(n.text.text, "one step is at most 1000"));
	assert_int_equal(set(&n, "standard.quorum_bp", 2000), ERR_OK);
	/* Measured from what is in force: waiting values are no staircase. */
	assert_int_equal(set(&n, "standard.quorum_bp", 3000),
			 ERR_PARAMETER_BOUNDS);
	turn_epoch(&n);
	assert_int_equal(set(&n, "standard.quorum_bp", 3001),
			 ERR_PARAMETER_BOUNDS);
	assert_int_equal(set(&n, "standard.quorum_bp", 999),
			 ERR_PARAMETER_BOUNDS);
	assert_int_equal(set(&n, "standard.quorum_bp", 3000), ERR_OK);
	net_fini(&n);
}

static void the_cool_down_is_exact_to_one_millisecond(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(set(&n, "proposal.max_open", 5), ERR_OK);
	assert_int_equal(set(&n, "proposal.max_open", 6),
			 ERR_PARAMETER_COOLDOWN);
	assert_int_equal(set(&n, "draft.expiry_ms", 31 * MS_DAY), ERR_OK);
	net_sleep(&n, 7 * MS_DAY - 1);
	assert_int_equal(set(&n, "proposal.max_open", 6),
			 ERR_PARAMETER_COOLDOWN);
	net_sleep(&n, 1);
	assert_int_equal(set(&n, "proposal.max_open", 6), ERR_OK);
	net_fini(&n);
}

static void what_is_fixed_or_unknown_does_not_change(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(set(&n, "reputation.kept_bp", 9900),
			 ERR_PARAMETER_BOUNDS);
	assert_string_equal(n.text.text,
			    "action 1: reputation.kept_bp is fixed by the "
			    "genesis");
	assert_int_equal(set(&n, "standard.colour", 1), ERR_PARAMETER_BOUNDS);
	net_fini(&n);
}

static void in_an_emergency_a_value_is_in_force_at_once(void **state)
{
	const struct action a = set_param("proposal.max_open", 1);
	struct governance *back;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_hasty(&n);
	assert_int_equal(set(&n, "proposal.max_open", 5), ERR_OK);
	assert_int_equal(run_as(&n, TYPE_EMERGENCY, &a, 1), ERR_OK);
	assert_int_equal(net_param(&n, "proposal.max_open"), 1);
	/* What was decided before it does not undo it. */
	map_flush(&map, n.g);
	back = map_load(&map, n.g);
	governance_free(&back);
	turn_epoch(&n);
	assert_int_equal(net_param(&n, "proposal.max_open"), 1);
	map_fini(&map);
	net_fini(&n);
}

static void parameters_stay_in_order_with_each_other(void **state)
{
	struct action pair[2] = {set_param("detect.history", 4),
				 set_param("detect.history_min", 4)};
	struct test_net n;

	(void)state;
	net_hasty(&n);
	assert_int_equal(set(&n, "detect.history_min", 8), ERR_OK);
	assert_int_equal(set(&n, "detect.history_min", 9),
			 ERR_PARAMETER_BOUNDS);
	assert_non_null(strstr(n.text.text, "detect.history_min would be 9"));
	/* Waiting values count, and the actions of one proposal together. */
	assert_int_equal(set(&n, "detect.history", 7), ERR_PARAMETER_BOUNDS);
	assert_int_equal(run_as(&n, TYPE_PARAMETER, pair, 2), ERR_OK);
	turn_epoch(&n);
	assert_int_equal(net_param(&n, "detect.history_min"), 4);
	assert_int_equal(net_param(&n, "detect.history"), 4);
	net_fini(&n);
}

static void open_proposals_keep_the_rules_they_opened_with(void **state)
{
	struct test_net n;
	uint32_t before, after;

	(void)state;
	net_init_five(&n);
	before = net_open(&n, ALICE, TYPE_STANDARD);
	assert_int_equal(set(&n, "standard.quorum_bp", 1500), ERR_OK);
	turn_epoch(&n);
	after = net_open(&n, ALICE, TYPE_STANDARD);
	assert_int_equal(governance_proposal(n.g, before)->rules.quorum_bp,
			 1000);
	assert_int_equal(governance_proposal(n.g, after)->rules.quorum_bp,
			 1500);
	net_fini(&n);
}

/* ---- All or none ---- */

static void when_the_third_action_fails_nothing_happens(void **state)
{
	struct action list[4] = {
		set_param("proposal.max_open", 5),
		{.kind = ACTION_REPUTATION,
		 .reputation = {.kind = CONTRIBUTION_RESEARCH, .points = 7}},
		set_param("proposal.min_stake", LIMIT_STAKE_TOTAL),
		{.kind = ACTION_TEXT, .text = {text_of("x")}},
	};
	struct map before = {0}, after = {0};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	test_key(&list[1].reputation.account, BOB);
	map_flush(&before, n.g);
	assert_int_equal(run_as(&n, TYPE_PARAMETER, list, 4),
			 ERR_PARAMETER_BOUNDS);
	assert_memory_equal(n.text.text, "action 3: ", 10);
	assert_int_equal(map_flush(&after, n.g), 0);
	assert_int_equal(run_as(&n, TYPE_PARAMETER, list, 2), ERR_OK);
	assert_int_equal(map_flush(&after, n.g), 4); /* F, S, G and bob */
	map_fini(&before);
	map_fini(&after);
	net_fini(&n);
}

/* ---- Reputation ---- */

static enum err award(struct test_net *n, uint64_t account,
		      enum contribution kind, uint64_t points)
{
	struct action a = {
		.kind = ACTION_REPUTATION,
		.reputation = {.kind = kind, .points = points},
	};

	test_key(&a.reputation.account, account);
	return run_as(n, TYPE_STANDARD, &a, 1);
}

static uint64_t points_of(const struct test_net *n, uint32_t account)
{
	return governance_account(n->g, account)->power.reputation;
}

static void an_award_adds_points(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(award(&n, ERIN, CONTRIBUTION_RESEARCH, 25 * POINT),
			 ERR_OK);
	assert_int_equal(points_of(&n, ERIN), 25 * POINT);
	assert_true(governance_account(n.g, ERIN)->eligible);
	assert_int_equal(award(&n, 77, CONTRIBUTION_RESEARCH, POINT),
			 ERR_UNKNOWN_ACCOUNT);
	net_fini(&n);
}

static void the_caps_of_an_epoch_are_exact(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	for (enum contribution k = 1; k <= CONTRIBUTIONS; k++) {
		uint64_t cap = governance_param_global(
			governance_params(n.g),
			PARAM_REPUTATION_CAP_CODE_COMMIT + k - 1);

		assert_int_equal(award(&n, BOB, k, cap + 1), ERR_AWARD_CAP);
		assert_int_equal(award(&n, BOB, k, cap - 1), ERR_OK);
		assert_int_equal(award(&n, BOB, k, 2), ERR_AWARD_CAP);
		assert_int_equal(award(&n, ALICE, k, 1), ERR_OK);
		assert_int_equal(award(&n, BOB, k, 1), ERR_AWARD_CAP);
	}
	turn_epoch(&n);
	assert_int_equal(award(&n, BOB, CONTRIBUTION_RESEARCH, 1), ERR_OK);
	assert_int_equal(
		award(&n, BOB, CONTRIBUTION_RESEARCH, 1000 * POINT - 1),
		ERR_OK);
	assert_int_equal(award(&n, BOB, CONTRIBUTION_BUG_REPORT, 1), ERR_OK);
	net_fini(&n);
}

static void the_awards_of_one_proposal_count_together(void **state)
{
	struct action pair[2] = {
		{.kind = ACTION_REPUTATION,
		 .reputation = {.kind = CONTRIBUTION_RESEARCH,
				.points = 600 * POINT}},
	};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	test_key(&pair[0].reputation.account, ERIN);
	pair[1] = pair[0];
	assert_int_equal(run_as(&n, TYPE_STANDARD, pair, 2), ERR_AWARD_CAP);
	assert_int_equal(points_of(&n, ERIN), 0);
	pair[0].reputation.points = 400 * POINT;
	assert_int_equal(run_as(&n, TYPE_STANDARD, pair, 2), ERR_OK);
	assert_int_equal(points_of(&n, ERIN), 1000 * POINT);
	net_fini(&n);
}

static void all_reputation_stays_below_its_limit(void **state)
{
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 50000, LIMIT_REPUTATION_TOTAL / POINT);
	net_account(&n, 1, 0);
	assert_int_equal(LIMIT_REPUTATION_TOTAL % POINT, 776);
	assert_int_equal(award(&n, 1, CONTRIBUTION_RESEARCH, 777),
			 ERR_AWARD_CAP);
	assert_int_equal(award(&n, 1, CONTRIBUTION_RESEARCH, 776), ERR_OK);
	net_fini(&n);
}

static void an_excluded_account_earns_nothing(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	governance_exclude_account(n.g, ERIN);
	assert_int_equal(award(&n, ERIN, CONTRIBUTION_RESEARCH, 1),
			 ERR_NOT_ELIGIBLE);
	net_fini(&n);
}

static void who_proposed_what_was_built_earns_ten_points(void **state)
{
	const struct action text = {.kind = ACTION_TEXT,
				    .text = {text_of("Built.")}};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(run_as(&n, TYPE_STANDARD, &text, 1), ERR_OK);
	assert_int_equal(points_of(&n, ALICE), 0);
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &text, 1), ERR_OK);
	assert_int_equal(points_of(&n, ALICE), 10 * POINT);
	/* As far as the cap has room; without any it is executed all the
	 * same. */
	assert_int_equal(award(&n, BOB, CONTRIBUTION_GOVERNANCE_PROPOSAL,
			       490 * POINT - 3),
			 ERR_OK);
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &text, 1), ERR_OK);
	assert_int_equal(points_of(&n, ALICE), 10 * POINT + 3);
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &text, 1), ERR_OK);
	assert_int_equal(points_of(&n, ALICE), 10 * POINT + 3);
	net_fini(&n);
}

/* ---- Validators, council, version ---- */

static enum err weigh(struct test_net *n, uint64_t key, uint64_t weight)
{
	struct action a = {
		.kind = ACTION_VALIDATORS,
		.validators = {.weight = weight},
	};

	test_key(&a.validators.key, key);
	return run_as(n, TYPE_CONSTITUTIONAL, &a, 1);
}

static uint64_t weight_of(const struct test_net *n, uint64_t key)
{
	struct public_key k;

	test_key(&k, key);
	return validator_plan_weight(&governance_settings(n->g)->validators,
				     &k);
}

static void validators_are_planned_and_one_stays(void **state)
{
	struct test_net n;
	struct public_key key;

	(void)state;
	net_init_five(&n);
	for (uint64_t i = 0; i < 2; i++) {
		test_key(&key, 1000 + i);
		assert_int_equal(governance_add_validator(n.g, &key, 100, NULL),
				 ERR_OK);
	}
	assert_int_equal(weigh(&n, 1002, 7), ERR_OK);
	assert_int_equal(weight_of(&n, 1002), 7);
	assert_int_equal(weigh(&n, 1000, 101), ERR_OK);
	assert_int_equal(weight_of(&n, 1000), 101);
	assert_int_equal(weigh(&n, 1003, 0), ERR_NOT_VALIDATOR);
	assert_int_equal(weigh(&n, 1000, 0), ERR_OK);
	assert_int_equal(weight_of(&n, 1000), 0);
	assert_int_equal(weigh(&n, 1001, 0), ERR_OK);
	assert_int_equal(weigh(&n, 1002, 0), ERR_BAD_ELECTORATE);
	assert_int_equal(weight_of(&n, 1002), 7);
	for (uint64_t i = 1; i < LIMIT_VALIDATORS; i++)
		assert_int_equal(weigh(&n, 2000 + i, 1), ERR_OK);
	assert_int_equal(weigh(&n, 3000, 1), ERR_TOO_LARGE);
	assert_int_equal(weigh(&n, 2001, 2), ERR_OK);
	net_fini(&n);
}

/* One out and another in, though for a moment there is none. */
static void the_last_validator_may_be_replaced(void **state)
{
	struct action pair[2] = {{.kind = ACTION_VALIDATORS},
				 {.kind = ACTION_VALIDATORS}};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(weigh(&n, 1, 5), ERR_OK);
	test_key(&pair[0].validators.key, 1);
	test_key(&pair[1].validators.key, 2);
	pair[1].validators.weight = 9;
	assert_int_equal(run_as(&n, TYPE_CONSTITUTIONAL, pair, 2), ERR_OK);
	assert_int_equal(governance_settings(n.g)->validators.count, 1);
	assert_int_equal(weight_of(&n, 2), 9);
	net_fini(&n);
}

static void a_council_is_named_and_dismissed(void **state)
{
	struct action s[ACTION_KINDS];
	struct action *a = &s[ACTION_COUNCIL - 1];
	const struct council *c;
	struct test_net n;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	c = &governance_settings(n.g)->council;
	assert_int_equal(c->count, 0);
	assert_int_equal(run_as(&n, TYPE_CONSTITUTIONAL, a, 1), ERR_OK);
	assert_int_equal(c->count, 3);
	assert_int_equal(c->threshold, 3);
	assert_int_equal(c->threshold_delayed, 2);
	assert_memory_equal(c->members, a->council.members, 96);
	a->council = (struct action_council){NULL, 0, 0, 0};
	assert_int_equal(run_as(&n, TYPE_CONSTITUTIONAL, a, 1), ERR_OK);
	assert_int_equal(c->count, 0);
	net_fini(&n);
}

static void versions_rise_and_their_heights_lie_ahead(void **state)
{
	struct action a = {.kind = ACTION_UPGRADE};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	a.upgrade.version = PROTOCOL_VERSION_FIRST;
	a.upgrade.height = n.height + 1;
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &a, 1), ERR_UPGRADE);
	a.upgrade.version++;
	a.upgrade.height = n.height;
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &a, 1), ERR_UPGRADE);
	a.upgrade.height++;
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &a, 1), ERR_OK);
	assert_int_equal(governance_settings(n.g)->upgrade.version, 2);
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &a, 1), ERR_UPGRADE);
	a.upgrade.version++;
	assert_int_equal(run_as(&n, TYPE_TECHNICAL, &a, 1), ERR_OK);
	net_fini(&n);
}

static void what_is_not_executed_here_is_refused(void **state)
{
	struct action s[ACTION_KINDS];
	struct test_net n;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	assert_int_equal(run_as(&n, TYPE_TREASURY, &s[ACTION_TRANSFER - 1], 1),
			 ERR_NO_MAIN_CHAIN);
	assert_int_equal(run_as(&n, TYPE_TREASURY, &s[ACTION_CALL - 1], 1),
			 ERR_NO_MAIN_CHAIN);
	net_fini(&n);
}

/* ---- Words ---- */

static void a_preview_says_what_would_change(void **state)
{
	struct action list[2] = {set_param("standard.quorum_bp", 1500),
				 {.kind = ACTION_UPGRADE,
				  .upgrade = {.version = 2, .height = 99}}};
	const struct action_list actions = {list, 2};
	struct execution x = {TYPE_PARAMETER, ALICE, 5, T0};
	struct change changes[LIMIT_ACTIONS];
	struct test_net n;

	(void)state;
	net_init_five(&n);
	assert_int_equal(execute_preview(n.g, &x, &actions, changes, NULL),
			 ERR_OK);
	assert_string_equal(changes[0].what, "standard.quorum_bp (bp)");
	assert_string_equal(changes[0].from, "1000");
	assert_string_equal(changes[0].to, "1500");
	assert_string_equal(changes[0].when, "next epoch");
	assert_string_equal(changes[1].what, "protocol version");
	assert_string_equal(changes[1].from, "1");
	assert_string_equal(changes[1].to, "2 from height 99");
	assert_string_equal(changes[1].when, "height 99");
	assert_int_equal(net_param(&n, "standard.quorum_bp"), 1000);
	assert_int_equal(governance_settings(n.g)->upgrade.version, 0);
	net_fini(&n);
}

/* ---- Records ---- */

static void settle_everything(struct test_net *n)
{
	struct action s[ACTION_KINDS];

	action_samples(s);
	test_key(&s[ACTION_REPUTATION - 1].reputation.account, BOB);
	assert_int_equal(run_as(n, TYPE_CONSTITUTIONAL, s, 6), ERR_OK);
}

static void what_was_settled_survives_a_restart(void **state)
{
	struct map map = {0}, again = {0};
	struct governance *back;
	struct test_net n, m;

	(void)state;
	net_init_five(&n);
	settle_everything(&n);
	map_flush(&map, n.g);
	back = map_load(&map, n.g);
	m = n;
	m.g = back;
	assert_int_equal(net_param(&m, "proposal.max_open"), 3);
	turn_epoch(&n);
	turn_epoch(&m);
	assert_int_equal(net_param(&m, "proposal.max_open"), 5);
	assert_int_equal(set(&m, "proposal.max_open", 6),
			 ERR_PARAMETER_COOLDOWN);
	map_flush(&map, n.g);
	governance_free(&m.g);
	m.g = map_load(&map, n.g);
	assert_memory_equal(governance_settings(m.g), governance_settings(n.g),
			    sizeof(struct settings));
	map_flush(&again, m.g); /* nothing is left to write */
	assert_int_equal(again.count, 0);
	net_fini(&m);
	map_fini(&map);
	map_fini(&again);
	net_fini(&n);
}

static void damaged_settings_are_refused(void **state)
{
	static const uint8_t KEYS[2] = {'F', 'S'};
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	settle_everything(&n);
	map_flush(&map, n.g);
	for (size_t k = 0; k < 2; k++) {
		struct map_record *r = map_find(&map, &KEYS[k], 1);
		size_t size = r->size;

		for (r->size = 0; r->size < size; r->size++)
			assert_int_equal(map_try_load(&map, n.g),
					 ERR_DATA_DAMAGED);
		r->value[0] ^= 1; /* the version */
		assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
		r->value[0] ^= 1;
		r->key[0] = 'Q';
		assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
		r->key[0] = KEYS[k];
		assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	}
	map_fini(&map);
	net_fini(&n);
}

static void values_out_of_bounds_are_not_loaded(void **state)
{
	const uint8_t key = 'F';
	struct map map = {0};
	struct map_record *r;
	struct test_net n;
	uint8_t *value;

	(void)state;
	net_init_five(&n);
	settle_everything(&n);
	map_flush(&map, n.g);
	r = map_find(&map, &key, 1);
	value = r->value + 3 + 25 * PARAM_PROPOSAL_MAX_OPEN;
	value[0] = 1; /* in force: 2^56 */
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	value[0] = 0;
	value[17] = 1; /* pending: 2^56 */
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	value[17] = 0;
	value[16] = 2; /* neither pending nor not */
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	value[16] = 0; /* not pending, with a value */
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	value[16] = 1;
	assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	memset(value + 8, 0, 8); /* pending, though it never changed */
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	map_fini(&map);
	net_fini(&n);
}

/* ---- Events ---- */

/* The only event of that kind in the last block. */
static const struct governance_event *the_event(const struct test_net *n,
						uint32_t kind)
{
	const struct governance_event *found = NULL, *list;
	size_t count;

	list = governance_events(n->g, &count);
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind != kind)
			continue;
		assert_null(found);
		found = &list[i];
	}
	return found;
}

static void what_is_settled_is_told_once_when_it_is_in_force(void **state)
{
	const struct action now = set_param("proposal.max_open", 4);
	struct action s[ACTION_KINDS];
	const struct governance_event *e;
	struct test_net n;

	(void)state;
	net_hasty(&n);
	action_samples(s);
	assert_int_equal(set(&n, "draft.expiry_ms", 10 * MS_DAY), ERR_OK);
	assert_null(the_event(&n, EVENT_PARAMETER));
	turn_epoch(&n);
	e = the_event(&n, EVENT_PARAMETER);
	assert_non_null(e);
	assert_int_equal(e->from, governance_param_find("draft.expiry_ms"));
	assert_int_equal(e->amount, 10 * MS_DAY);
	turn_epoch(&n);
	assert_null(the_event(&n, EVENT_PARAMETER));
	assert_int_equal(run_as(&n, TYPE_EMERGENCY, &now, 1), ERR_OK);
	e = the_event(&n, EVENT_PARAMETER);
	assert_non_null(e);
	assert_int_equal(e->amount, 4);

	net_sleep(&n, 1);
	assert_int_equal(award(&n, 0, CONTRIBUTION_RESEARCH, 2 * POINT),
			 ERR_OK);
	e = the_event(&n, EVENT_REPUTATION);
	assert_non_null(e);
	assert_int_equal(e->account, 0);
	assert_int_equal(e->amount, 2 * POINT);
	assert_int_equal(
		run_as(&n, TYPE_CONSTITUTIONAL, &s[ACTION_COUNCIL - 1], 1),
		ERR_OK);
	e = the_event(&n, EVENT_SETTING);
	assert_non_null(e);
	assert_int_equal(e->from, ACTION_COUNCIL);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_in_force_from_the_next_epoch),
		cmocka_unit_test(
			what_is_settled_is_told_once_when_it_is_in_force),
		cmocka_unit_test(every_parameter_keeps_its_bounds_to_one_unit),
		cmocka_unit_test(a_step_is_exact_to_one_unit),
		cmocka_unit_test(the_cool_down_is_exact_to_one_millisecond),
		cmocka_unit_test(what_is_fixed_or_unknown_does_not_change),
		cmocka_unit_test(in_an_emergency_a_value_is_in_force_at_once),
		cmocka_unit_test(parameters_stay_in_order_with_each_other),
		cmocka_unit_test(
			open_proposals_keep_the_rules_they_opened_with),
		cmocka_unit_test(when_the_third_action_fails_nothing_happens),
		cmocka_unit_test(an_award_adds_points),
		cmocka_unit_test(the_caps_of_an_epoch_are_exact),
		cmocka_unit_test(the_awards_of_one_proposal_count_together),
		cmocka_unit_test(all_reputation_stays_below_its_limit),
		cmocka_unit_test(an_excluded_account_earns_nothing),
		cmocka_unit_test(who_proposed_what_was_built_earns_ten_points),
		cmocka_unit_test(validators_are_planned_and_one_stays),
		cmocka_unit_test(the_last_validator_may_be_replaced),
		cmocka_unit_test(a_council_is_named_and_dismissed),
		cmocka_unit_test(versions_rise_and_their_heights_lie_ahead),
		cmocka_unit_test(what_is_not_executed_here_is_refused),
		cmocka_unit_test(a_preview_says_what_would_change),
		cmocka_unit_test(what_was_settled_survives_a_restart),
		cmocka_unit_test(damaged_settings_are_refused),
		cmocka_unit_test(values_out_of_bounds_are_not_loaded),
	};

	return cmocka_run_group_tests_name("governance execution", tests, NULL,
					   NULL);
}
