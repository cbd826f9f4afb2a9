/* Floods, titles that read alike, and old transactions that come again. */
#include "governance_world.h"

#include "governance/funnels.h"
#include "governance/replays.h"
#include "governance/submissions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct submission_limits limits = {
	.window_ms = 1000, .by_account = 3, .by_all = 5};

static bool hand_in(struct submissions *s, uint64_t time_ms, uint32_t number,
		    uint32_t account, struct alert *a)
{
	const struct submission one = {
		.time_ms = time_ms, .number = number, .account = account};

	submissions_add(s, &one);
	memset(a, 0, sizeof(*a));
	return detect_flooding(s, &one, &limits, a);
}

static void the_third_of_one_account_in_the_window_is_a_flood(void **state)
{
	struct submissions s = {0};
	struct alert a;

	(void)state;
	assert_false(hand_in(&s, 1000, 1, 7, &a));
	assert_false(hand_in(&s, 1100, 2, 8, &a));
	assert_false(hand_in(&s, 1200, 3, 7, &a));
	assert_false(hand_in(&s, 2000, 4, 7, &a)); /* the first is too old */
	assert_true(hand_in(&s, 2100, 5, 7, &a));
	assert_int_equal(a.kind, DETECT_FLOODING);
	assert_int_equal(a.account_count, 1);
	assert_int_equal(a.account[0], 7);
	assert_int_equal(a.figure[0], 3);
	assert_int_equal(a.figure[1], 1000);
	assert_int_equal(a.figure[2], 0);
	/* The fourth says nothing new; the fifth of all does. */
	assert_false(hand_in(&s, 2101, 6, 7, &a));
	assert_true(hand_in(&s, 2102, 7, 9, &a));
	assert_int_equal(a.account_count, 0);
	assert_int_equal(a.figure[0], 5);
	assert_int_equal(a.figure[2], 1);
}

static void a_window_is_half_open(void **state)
{
	struct submissions s = {0};
	struct alert a;

	(void)state;
	hand_in(&s, 1000, 1, 7, &a);
	hand_in(&s, 1500, 2, 7, &a);
	assert_true(hand_in(&s, 1999, 3, 7, &a));
	memset(&s, 0, sizeof(s));
	hand_in(&s, 1000, 1, 7, &a);
	hand_in(&s, 1500, 2, 7, &a);
	assert_false(hand_in(&s, 2000, 3, 7, &a));
}

static void the_latest_are_kept_whatever_the_order(void **state)
{
	struct submissions up = {0}, mixed = {0};
	struct submission one = {0};

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		one.number = i + 1;
		one.time_ms = i / 3;
		submissions_add(&up, &one);
		one.number = (i * 7) % 300 + 1;
		one.time_ms = (i * 7) % 300 / 3;
		submissions_add(&mixed, &one);
	}
	assert_int_equal(up.count, SUBMISSIONS_MAX);
	assert_int_equal(up.list[SUBMISSIONS_MAX - 1].number, 300);
	assert_memory_equal(&up, &mixed, sizeof(up));
}

static void titles_that_read_alike_share_a_skeleton(void **state)
{
	static const struct {
		const char *a, *b;
		bool alike;
	} cases[] = {
		{"Raise the quorum to 15%", "raise the  quorum to 15 %", true},
		{"Raise the quorum to 15%", "RAISE THE QU0RUM TO 15%", true},
		{"Pay Alice", "P\xd0\xb0y Alice", true},     /* Cyrillic a */
		{"Pay Alice", "Pay \xce\x91lice", true},     /* Greek A */
		{"Pay Alice", "Pay \xef\xbc\xa1lice", true}, /* full width */
		{"Pay Alice", "P\xc3\xa1y Alice", true},     /* a with acute */
		{"Pay Alice",
		 "P\xe2\x80\x8b"
		 "ay Alice",
		 true},					  /* no width */
		{"Pay Alice", "Pa\xcc\x81y Alice", true}, /* combining */
		{"Return", "Retum", true},
		{"vvindow", "window", true},
		{"Bill", "B1ll", true},
		{"Pay Alice", "Pay Alfce", false},
		{"BIP-18", "BIP-19", false},
		{"ab", "ba", false},
		{"\xe4\xb8\x80", "\xe4\xb8\x83", false},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x81", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t a = title_skeleton(text_of(cases[i].a));
		uint64_t b = title_skeleton(text_of(cases[i].b));

		if ((a == b) != cases[i].alike || a == 0)
			fail_msg("%s, %s", cases[i].a, cases[i].b);
	}
	assert_int_equal(title_skeleton(text_of("?! -")), 0);
	assert_int_equal(title_skeleton(text_of("\xc3\x97")), 0);
}

static void a_look_alike_of_another_account_is_named(void **state)
{
	struct submissions s = {0};
	struct submission one = {.number = 1, .account = 7, .title = 55};
	struct alert a = {0};

	(void)state;
	submissions_add(&s, &one);
	assert_false(detect_look_alike(&s, &one, &a));
	one.number = 2;
	submissions_add(&s, &one); /* its own, again */
	assert_false(detect_look_alike(&s, &one, &a));
	one = (struct submission){.number = 3, .account = 8, .title = 56};
	submissions_add(&s, &one);
	assert_false(detect_look_alike(&s, &one, &a));
	one = (struct submission){.number = 4, .account = 8, .title = 55};
	submissions_add(&s, &one);
	assert_true(detect_look_alike(&s, &one, &a));
	assert_int_equal(a.kind, DETECT_LOOK_ALIKE);
	assert_int_equal(a.figure[0], 2);
	assert_int_equal(a.account[0], 8);
	assert_int_equal(a.account[1], 7);
	one.title = 0;
	assert_false(detect_look_alike(&s, &one, &a));
}

static void many_replays_of_one_account_are_told_once(void **state)
{
	struct replays r = {0};
	struct alert a;

	(void)state;
	for (uint32_t i = 1; i < 40; i++) {
		assert_int_equal(detect_replay(&r, 7, 32, &a), i == 32);
		assert_false(detect_replay(&r, 100 + i % 10, 32, &a));
	}
	assert_int_equal(a.account[0], 7);
	assert_int_equal(a.figure[0], 32);
}

static void one_account_s_replays_are_found_in_a_crowd(void **state)
{
	struct replays r = {0};
	struct alert a;
	uint32_t told = 0;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		told += detect_replay(&r, 1000 + i, 32, &a);
		if (i % 8 == 0)
			told += detect_replay(&r, 7, 32, &a);
	}
	assert_in_range(told, 1, 2);
	assert_int_equal(a.account[0], 7);
}

static void twenty_delegations_of_some_stake_are_a_funnel(void **state)
{
	const struct funnel_limits most = {
		.delegations = 20, .share_bp = 500, .total = 10000};
	struct funnels f = {0};
	struct alert a;

	(void)state;
	for (uint32_t i = 0; i < 19; i++) {
		assert_false(detect_funnel(&f, 3, 7, 25, &most, &a));
		assert_false(detect_funnel(&f, 3, 8, 24, &most, &a));
	}
	assert_true(detect_funnel(&f, 3, 7, 25, &most, &a));
	assert_int_equal(a.kind, DETECT_FUNNEL);
	assert_int_equal(a.account[0], 7);
	assert_int_equal(a.figure[0], 20);
	assert_int_equal(a.figure[1], 500);
	assert_int_equal(a.figure[2], 500);
	assert_int_equal(a.figure[3], 3);
	assert_false(detect_funnel(&f, 3, 7, 25, &most, &a)); /* told */
	assert_false(detect_funnel(&f, 3, 8, 43, &most, &a)); /* 499 */
	assert_true(detect_funnel(&f, 3, 8, 1, &most, &a));
	/* Another epoch begins with nothing. */
	for (uint32_t i = 0; i < 19; i++)
		assert_false(detect_funnel(&f, 3, 9, 1000, &most, &a));
	assert_false(detect_funnel(&f, 4, 9, 1000, &most, &a));
	assert_false(detect_funnel(&f, 4, 7, 10000, &most, &a));
	/* Nothing is no funnel. */
	for (uint32_t i = 0; i < 30; i++)
		assert_false(detect_funnel(&f, 5, 7, 0, &most, &a));
}

static void a_funnel_is_found_in_a_crowd(void **state)
{
	const struct funnel_limits most = {
		.delegations = 20, .share_bp = 1, .total = 10000};
	struct funnels f = {0};
	uint32_t told = 0;
	struct alert a;

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		told += detect_funnel(&f, 3, 1000 + i, 1, &most, &a);
		if (i % 8 == 0)
			told += detect_funnel(&f, 3, 7, 1, &most, &a);
	}
	assert_in_range(told, 1, 3);
	assert_int_equal(a.account[0], 7);
}

/* ---- In a governance ---- */

static const char *const titles[] = {"Pay Alice", "Something else",
				     "Pay \xce\x91lice"};

static uint32_t submit(struct test_net *n, uint32_t account, bool draft,
		       const char *title)
{
	const struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = TYPE_STANDARD,
			   .draft = draft,
			   .title = text_of(title)},
	};
	uint32_t number = 0;

	assert_int_equal(net_apply(n, account, &payload, &number), ERR_OK);
	return number;
}

/* A draft is nobody's business until it is published, under the title that it
 * has then, and after a restart, too. */
static void a_published_look_alike_is_named_after_a_restart(void **state)
{
	const struct alert *a;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	submit(&n, ALICE, false, titles[0]);
	submit(&n, BOB, true, titles[1]);
	assert_int_equal(net_amend(&n, BOB, 2, titles[2], "?"), ERR_OK);
	assert_int_equal(governance_alert_count(n.g), 0);
	map_flush(&map, n.g);
	for (int restart = 0; restart < 2; restart++) {
		struct governance *old = n.g;

		if (restart)
			n.g = map_load(&map, old);
		net_sleep(&n, 1);
		assert_int_equal(net_publish(&n, BOB, 2), ERR_OK);
		assert_int_equal(governance_alert_count(n.g), 1);
		a = governance_alert(n.g, 1);
		assert_int_equal(a->kind, DETECT_LOOK_ALIKE);
		assert_int_equal(a->proposal, 2);
		assert_int_equal(a->figure[0], 1);
		assert_int_equal(a->height, n.height);
		if (restart)
			governance_free(&old);
		else
			net_sleep(&n, 1);
	}
	map_fini(&map);
	net_fini(&n);
}

static enum err delegate(struct test_net *n, uint32_t from, uint32_t to,
			 uint64_t amount)
{
	const struct payload payload = {
		.kind = PAYLOAD_DELEGATE,
		.delegate = {.kind = amount ? DELEGATION_LIMITED
					    : DELEGATION_FULL,
			     .has_target = true,
			     .target = governance_account(n->g, to)->key,
			     .amount = amount},
	};

	return net_apply(n, from, &payload, NULL);
}

/* A restart after each delegation; repeating one is no news. */
static void delegations_to_one_account_are_counted_by_the_epoch(void **state)
{
	static const struct payload to_nobody = {
		.kind = PAYLOAD_DELEGATE,
		.delegate = {.kind = DELEGATION_CONDITIONAL, .types = 1},
	};
	struct governance_params params;
	struct map map = {0};
	struct test_net n;

	(void)state;
	governance_params_default(&params);
	params.value[PARAM_DETECT_FUNNEL_DELEGATIONS] = 4;
	params.value[PARAM_DETECT_FUNNEL_SHARE] = 4700;
	net_init(&n, &params);
	for (int i = 0; i < 8; i++)
		net_account(&n, 1000, 0);
	net_sleep(&n, 1);
	/* The first one of all leads to nobody; its count is kept, too. */
	assert_int_equal(net_apply(&n, 7, &to_nobody, NULL), ERR_OK);
	for (uint32_t i = 1; i <= 4; i++) {
		struct governance *old;

		map_flush(&map, n.g);
		old = n.g;
		n.g = map_load(&map, old);
		governance_free(&old);

		assert_int_equal(delegate(&n, i, 0, i < 4 ? 0 : 700 * TOKEN),
				 ERR_OK);
		assert_int_equal(delegate(&n, 1, 0, 0), ERR_OK);
		net_sleep(&n, 1);
		assert_int_equal(governance_alert_count(n.g), 0);
	}
	/* 3,700 and 60 of 8,000. */
	assert_int_equal(delegate(&n, 5, 0, 60 * TOKEN), ERR_OK);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(governance_alert(n.g, 1)->kind, DETECT_FUNNEL);
	assert_int_equal(governance_alert(n.g, 1)->account[0], 0);
	assert_int_equal(governance_alert(n.g, 1)->figure[0], 5);
	assert_int_equal(governance_alert(n.g, 1)->figure[1], 4700);
	map_fini(&map);
	net_fini(&n);
}

static void replays_are_counted_by_the_block(void **state)
{
	struct test_net n;
	struct map map = {0};

	(void)state;
	net_init_five(&n);
	net_sleep(&n, 1);
	map_flush(&map, n.g);
	for (int i = 0; i < 31; i++)
		governance_note_replay(n.g, BOB);
	assert_int_equal(map_flush(&map, n.g), 0);
	net_sleep(&n, 1);
	for (int i = 0; i < 31; i++)
		governance_note_replay(n.g, BOB);
	assert_int_equal(governance_alert_count(n.g), 0);
	governance_note_replay(n.g, BOB);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(governance_alert(n.g, 1)->kind, DETECT_REPLAY);
	assert_int_equal(governance_alert(n.g, 1)->proposal, 0);
	assert_int_equal(map_flush(&map, n.g), 2); /* Z, G */
	map_fini(&map);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_third_of_one_account_in_the_window_is_a_flood),
		cmocka_unit_test(a_window_is_half_open),
		cmocka_unit_test(the_latest_are_kept_whatever_the_order),
		cmocka_unit_test(titles_that_read_alike_share_a_skeleton),
		cmocka_unit_test(a_look_alike_of_another_account_is_named),
		cmocka_unit_test(many_replays_of_one_account_are_told_once),
		cmocka_unit_test(one_account_s_replays_are_found_in_a_crowd),
		cmocka_unit_test(
			a_published_look_alike_is_named_after_a_restart),
		cmocka_unit_test(twenty_delegations_of_some_stake_are_a_funnel),
		cmocka_unit_test(a_funnel_is_found_in_a_crowd),
		cmocka_unit_test(
			delegations_to_one_account_are_counted_by_the_epoch),
		cmocka_unit_test(replays_are_counted_by_the_block),
	};

	return cmocka_run_group_tests_name("governance submissions", tests,
					   NULL, NULL);
}
