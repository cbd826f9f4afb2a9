/* Detectors at work in a governance: real history, alerts as records and
 * events, and what a restart in the middle of a vote keeps. */
#include "governance_world.h"

#include "governance/detect_payload.h"
#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MANY 20

/* Emergency proposals: token-weighted, open at once, for a day. */
static void init(struct test_net *n, uint64_t history)
{
	struct governance_params params;

	net_params(&params);
	params.value[PARAM_EPOCH_MS] = 365 * MS_DAY;
	params.value[PARAM_DETECT_HISTORY] = history;
	if (params.value[PARAM_DETECT_HISTORY_MIN] > history)
		params.value[PARAM_DETECT_HISTORY_MIN] = history;
	params.value[PARAM_DETECT_DORMANT_ACCOUNTS] = 2;
	net_init(n, &params);
	for (uint32_t i = 0; i < MANY; i++)
		net_account(n, 10000, 0);
}

/* To its end, though alerts prolong it. */
static void finish(struct test_net *n, uint32_t number)
{
	while (governance_proposal(n->g, number)->state == STATE_VOTING)
		net_finish(n, number);
}

/* A vote in which the accounts `from` to `to` take part. */
static uint32_t hold(struct test_net *n, uint32_t from, uint32_t to)
{
	uint32_t number = net_open(n, 0, TYPE_EMERGENCY);

	for (uint32_t i = from; i < to; i++)
		assert_int_equal(net_vote(n, i, number, CHOICE_FOR), ERR_OK);
	finish(n, number);
	return number;
}

static const struct alert *last_alert(const struct test_net *n)
{
	return governance_alert(n->g, governance_alert_count(n->g));
}

static void a_newcomer_with_a_tenth_is_named_once_there_is_history(void **state)
{
	struct test_net n;
	uint32_t number;

	(void)state;
	init(&n, 8);
	hold(&n, 0, 3);
	hold(&n, 0, 3);
	hold(&n, 3, 4); /* two votes before: too few */
	assert_int_equal(governance_alert_count(n.g), 0);
	number = hold(&n, 0, 5);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(last_alert(&n)->kind, DETECT_SURGE);
	assert_int_equal(last_alert(&n)->proposal, number);
	assert_int_equal(last_alert(&n)->account_count, 1);
	assert_int_equal(last_alert(&n)->account[0], 4);
	assert_int_equal(last_alert(&n)->figure[0], 2000);
	hold(&n, 0, 5); /* now it has a history */
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_null(governance_alert(n.g, 0));
	assert_null(governance_alert(n.g, 2));
	net_fini(&n);
}

static void an_alert_prolongs_the_vote_and_is_an_event(void **state)
{
	const struct governance_event *events;
	const struct proposal *p;
	struct test_net n;
	uint32_t number;
	uint64_t end;
	size_t count;

	(void)state;
	init(&n, 8);
	for (int i = 0; i < 3; i++)
		hold(&n, 0, 3);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	assert_int_equal(net_vote(&n, 3, number, CHOICE_FOR), ERR_OK);
	p = governance_proposal(n.g, number);
	end = p->voting_end_ms;
	net_finish(&n, number);
	p = governance_proposal(n.g, number);
	assert_int_equal(p->state, STATE_VOTING);
	assert_int_equal(p->voting_end_ms, end + p->rules.late_window_ms);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_true(last_alert(&n)->delayed);
	assert_int_equal(last_alert(&n)->height, n.height);
	assert_int_equal(last_alert(&n)->time_ms, n.time_ms);
	events = governance_events(n.g, &count);
	assert_int_equal(count, 2);
	assert_int_equal(events[0].kind, EVENT_END_MOVED);
	assert_int_equal(events[1].kind, EVENT_ALERT);
	assert_int_equal(events[1].from, 1);
	assert_int_equal(events[1].account, 3);
	assert_int_equal(events[1].proposal, number);
	assert_string_equal(governance_event_name(EVENT_ALERT), "alert");
	net_finish(&n, number);
	assert_int_equal(governance_proposal(n.g, number)->state,
			 STATE_REJECTED);
	assert_int_equal(governance_alert_count(n.g), 1);
	net_fini(&n);
}

static void alerts_prolong_a_vote_once(void **state)
{
	struct test_net n;
	uint32_t number;

	(void)state;
	for (int restart = 0; restart < 2; restart++) {
		init(&n, 8);
		for (int i = 0; i < 3; i++)
			hold(&n, 0, 3);
		number = net_open(&n, 0, TYPE_EMERGENCY);
		for (uint32_t i = 0; i < 4; i++)
			net_vote(&n, i, number, CHOICE_FOR);
		net_finish(&n, number);
		assert_true(last_alert(&n)->delayed);
		if (restart) {
			struct governance *old = n.g;
			struct map map = {0};

			map_flush(&map, old);
			n.g = map_load(&map, old);
			governance_free(&old);
			map_fini(&map);
		}
		net_sleep(&n, 1);
		assert_int_equal(net_vote(&n, 4, number, CHOICE_AGAINST),
				 ERR_OK);
		assert_int_equal(net_vote(&n, 5, number, CHOICE_AGAINST),
				 ERR_OK);
		net_finish(&n, number);
		assert_int_equal(governance_proposal(n.g, number)->state,
				 STATE_REJECTED);
		assert_int_equal(governance_alert_count(n.g), 2);
		assert_int_equal(last_alert(&n)->kind, DETECT_LATE_SWING);
		assert_int_equal(last_alert(&n)->account_count, 2);
		assert_false(last_alert(&n)->delayed);
		net_fini(&n);
	}
}

/* An emergency that is settled ends with its block: who votes in that block,
 * too, is not late. */
static void an_early_end_makes_nobody_late(void **state)
{
	struct test_net n;
	uint32_t number, heavy;

	(void)state;
	init(&n, 8);
	heavy = net_account(&n, 460000, 0);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	net_vote(&n, 1, number, CHOICE_FOR);
	net_vote(&n, heavy, number, CHOICE_FOR);
	assert_int_equal(governance_proposal(n.g, number)->voting_end_ms,
			 n.time_ms + 1);
	net_vote(&n, heavy, number, CHOICE_AGAINST);
	net_finish(&n, number);
	assert_int_equal(governance_proposal(n.g, number)->state,
			 STATE_REJECTED);
	assert_int_equal(governance_alert_count(n.g), 0);
	net_fini(&n);
}

/* A late turn moves the end away; what follows is late all the same. */
static void who_votes_after_a_late_ballot_is_late(void **state)
{
	struct test_net n;
	uint32_t number;

	(void)state;
	init(&n, 8);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	for (uint32_t i = 0; i < 5; i++)
		net_vote(&n, i, number, i < 4 ? CHOICE_FOR : CHOICE_AGAINST);
	net_sleep(&n, MS_DAY - MS_DAY / 8);
	net_vote(&n, 5, number, CHOICE_AGAINST);
	net_vote(&n, 5, number, CHOICE_ABSTAIN);
	assert_true(governance_proposal(n.g, number)->voting_end_ms >
		    n.time_ms + MS_DAY / 8);
	net_vote(&n, 6, number, CHOICE_AGAINST);
	finish(&n, number);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(last_alert(&n)->account_count, 1);
	assert_int_equal(last_alert(&n)->account[0], 6);
	net_fini(&n);
}

/* Nobody has a history from votes that nobody took part in, or that came to no
 * result. */
static void only_votes_with_a_result_are_history(void **state)
{
	struct payload payload = {.kind = PAYLOAD_TRANSFER};
	struct governance_params params;
	struct test_net n;

	(void)state;
	net_params(&params);
	params.value[PARAM_DETECT_HISTORY_MIN] = 1;
	params.value[PARAM_STAKE_MATURITY_MS] = 0;
	net_init(&n, &params);
	for (uint32_t i = 0; i < 10; i++)
		net_account(&n, 10000, 0);
	hold(&n, 0, 0);
	hold(&n, 3, 4);
	assert_int_equal(governance_alert_count(n.g), 0);
	net_fini(&n);
	net_init(&n, &params);
	for (uint32_t i = 0; i < 10; i++)
		net_account(&n, 10000, 0);
	net_open(&n, 9, TYPE_EMERGENCY);
	net_vote(&n, 0, 1, CHOICE_FOR);
	payload.transfer.to = governance_account(n.g, 0)->key;
	payload.transfer.amount = 6000 * TOKEN;
	assert_int_equal(net_apply(&n, 9, &payload, NULL), ERR_OK);
	net_sleep(&n, 1);
	assert_int_equal(net_cancel(&n, 1, 1, ""), ERR_OK);
	hold(&n, 3, 4);
	assert_int_equal(governance_alert_count(n.g), 0);
	hold(&n, 4, 5);
	assert_int_equal(governance_alert_count(n.g), 1);
	net_fini(&n);
}

/* What counts as history is fixed when a vote opens: ballots elsewhere, in
 * votes that run at the same time, make none. */
static void votes_that_run_at_the_same_time_are_no_history(void **state)
{
	struct test_net n;
	uint32_t a, b;

	(void)state;
	init(&n, 8);
	for (int i = 0; i < 3; i++)
		hold(&n, 0, 8);
	a = net_open(&n, 0, TYPE_EMERGENCY);
	b = net_open(&n, 1, TYPE_EMERGENCY);
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(net_vote(&n, i, a, CHOICE_FOR), ERR_OK);
		assert_int_equal(net_vote(&n, i, b, CHOICE_FOR), ERR_OK);
	}
	net_finish(&n, b);
	assert_int_equal(governance_alert_count(n.g), 2);
	assert_int_equal(last_alert(&n)->proposal, b);
	assert_int_equal(last_alert(&n)->account[0], 8);
	net_fini(&n);
}

static void who_was_silent_for_the_last_votes_wakes(void **state)
{
	struct test_net n;

	(void)state;
	init(&n, 2);
	hold(&n, 0, 12);
	hold(&n, 0, 9);
	hold(&n, 0, 9);
	hold(&n, 0, 11); /* 9 and 10 had voted, but not in the last two */
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(last_alert(&n)->kind, DETECT_DORMANT);
	assert_int_equal(last_alert(&n)->account_count, 2);
	assert_int_equal(last_alert(&n)->account[0], 9);
	assert_int_equal(last_alert(&n)->figure[0], 2);
	assert_int_equal(last_alert(&n)->figure[1], 1818);
	hold(&n, 0, 11);
	assert_int_equal(governance_alert_count(n.g), 1);
	net_fini(&n);
}

static void a_late_window_is_the_last_eighth(void **state)
{
	struct test_net n;

	(void)state;
	for (uint64_t early = 0; early < 2; early++) {
		uint32_t number;

		init(&n, 8);
		number = net_open(&n, 0, TYPE_EMERGENCY);
		assert_int_equal(net_vote(&n, 0, number, CHOICE_FOR), ERR_OK);
		net_sleep(&n, MS_DAY - MS_DAY / 8 - early);
		assert_int_equal(net_vote(&n, 1, number, CHOICE_FOR), ERR_OK);
		assert_int_equal(net_vote(&n, 2, number, CHOICE_FOR), ERR_OK);
		finish(&n, number);
		assert_int_equal(governance_proposal(n.g, number)->state,
				 STATE_PASSED);
		assert_int_equal(governance_alert_count(n.g), early ? 0 : 2);
		net_fini(&n);
	}
}

static void entrust(struct test_net *n, uint32_t from, uint32_t to)
{
	const struct payload payload = {
		.kind = PAYLOAD_DELEGATE,
		.delegate = {.kind = DELEGATION_FULL,
			     .has_target = true,
			     .target = governance_account(n->g, to)->key},
	};

	assert_int_equal(net_apply(n, from, &payload, NULL), ERR_OK);
}

/* A delegate with hardly any stake of its own turns a vote at the end with
 * what it carries; eight late voters who own more do not hide it. */
static void a_late_delegate_weighs_what_it_carries(void **state)
{
	struct test_net n;
	uint32_t number, small;

	(void)state;
	init(&n, 8);
	small = net_account(&n, 5000, 0);
	net_account(&n, 10000, 0);
	net_account(&n, 10000, 0);
	for (uint32_t i = 10; i < MANY; i++)
		entrust(&n, i, small);
	net_sleep(&n, 1);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	net_vote(&n, 0, number, CHOICE_FOR);
	for (uint32_t i = 1; i < 4; i++)
		net_vote(&n, i, number, CHOICE_FOR);
	net_sleep(&n, MS_DAY - MS_DAY / 10);
	for (uint32_t i = 4; i < 10; i++)
		net_vote(&n, i, number, CHOICE_ABSTAIN);
	net_vote(&n, small + 1, number, CHOICE_ABSTAIN);
	net_vote(&n, small + 2, number, CHOICE_ABSTAIN);
	net_vote(&n, small, number, CHOICE_AGAINST);
	net_finish(&n, number);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(last_alert(&n)->kind, DETECT_LATE_SWING);
	assert_int_equal(last_alert(&n)->account_count, 1);
	assert_int_equal(last_alert(&n)->account[0], small);
	/* Ten times 10,000 and its own 5,000, of all there is. */
	assert_int_equal(last_alert(&n)->figure[2], 105000 * TOKEN);
	assert_int_equal(last_alert(&n)->figure[3], 225000 * TOKEN);
	net_fini(&n);
}

/* One vote more that counts as history, and nobody was silent. */
static void history_reaches_as_many_votes_back_as_it_says(void **state)
{
	(void)state;
	for (uint64_t history = 2; history < 4; history++) {
		struct test_net n;

		init(&n, history);
		hold(&n, 0, 12);
		hold(&n, 0, 9);
		hold(&n, 0, 9);
		hold(&n, 0, 11);
		assert_int_equal(governance_alert_count(n.g), history == 2);
		net_fini(&n);
	}
}

/* Ten accounts of ten funders, one block after the other. */
static void accounts_born_within_a_span_are_of_one_origin(void **state)
{
	(void)state;
	for (uint64_t span = 1; span <= 100; span += 99) {
		struct governance_params params;
		struct test_net n;
		uint32_t number;

		net_params(&params);
		params.value[PARAM_STAKE_MATURITY_MS] = 0;
		params.value[PARAM_DETECT_SYBIL_BLOCKS] = span;
		net_init(&n, &params);
		for (uint32_t i = 0; i < 10; i++)
			net_account(&n, 10000, 0);
		for (uint32_t i = 0; i < 10; i++) {
			struct payload payload = {
				.kind = PAYLOAD_TRANSFER,
				.transfer = {.amount = 300 * TOKEN},
			};

			net_sleep(&n, 1);
			test_key(&payload.transfer.to, 100 + i);
			assert_int_equal(net_apply(&n, i, &payload, NULL),
					 ERR_OK);
		}
		net_sleep(&n, 1);
		number = net_open(&n, 0, TYPE_EMERGENCY);
		for (uint32_t i = 10; i < 20; i++)
			net_vote(&n, i, number, CHOICE_FOR);
		finish(&n, number);
		assert_int_equal(governance_alert_count(n.g), span == 100);
		if (span == 100) {
			assert_int_equal(last_alert(&n)->kind, DETECT_SYBIL);
			assert_int_equal(last_alert(&n)->figure[2], 0);
		}
		net_fini(&n);
	}
}

/* Ten accounts made by one hand, each with about as much, of one mind; with a
 * restart at every ballot, and damage in what is kept of them. */
static void children_of_one_account_are_a_burst(void **state)
{
	struct governance_params params;
	struct map map = {0};
	struct test_net n;
	uint32_t number;

	(void)state;
	governance_params_default(&params);
	params.value[PARAM_STAKE_MATURITY_MS] = 0;
	params.value[PARAM_PROPOSAL_DEPOSIT] = 0;
	params.value[PARAM_DETECT_SYBIL_BLOCKS] = 1;
	net_init(&n, &params);
	net_account(&n, 100000, 0);
	net_account(&n, 30000, 0);
	for (uint32_t i = 0; i < 10; i++) {
		struct payload payload = {
			.kind = PAYLOAD_TRANSFER,
			.transfer = {.amount = (200 + i) * TOKEN},
		};

		net_sleep(&n, 1); /* no two are born together */
		test_key(&payload.transfer.to, 100 + i);
		assert_int_equal(net_apply(&n, 0, &payload, NULL), ERR_OK);
	}
	net_sleep(&n, 1);
	number = net_open(&n, 1, TYPE_EMERGENCY);
	assert_int_equal(net_vote(&n, 1, number, CHOICE_AGAINST), ERR_OK);
	for (uint32_t i = 0; i < 10; i++) {
		struct governance *old = n.g;

		assert_int_equal(net_vote(&n, 2 + i, number, CHOICE_FOR),
				 ERR_OK);
		map_flush(&map, old);
		n.g = map_load(&map, old);
		governance_free(&old);
	}
	for (size_t i = 0; i < map.count; i++) {
		struct map_record *r = &map.list[i];

		for (size_t at = 0; r->key[0] == RECORD_WATCH && at < r->size;
		     at++) {
			uint8_t was = r->value[at];

			r->value[at] = (uint8_t)~was;
			map_try_load(&map, n.g);
			r->value[at] = was;
		}
	}
	net_finish(&n, number); /* which is not put off */
	assert_int_not_equal(governance_proposal(n.g, number)->state,
			     STATE_VOTING);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_false(last_alert(&n)->delayed);
	assert_int_equal(last_alert(&n)->kind, DETECT_SYBIL);
	assert_int_equal(last_alert(&n)->figure[2], 1);
	assert_int_equal(last_alert(&n)->figure[3], 0);
	assert_int_equal(last_alert(&n)->account_count, WATCH_NAMES);
	assert_int_equal(last_alert(&n)->account[0], 2);
	assert_int_equal(last_alert(&n)->figure[0], 10);
	map_fini(&map);
	net_fini(&n);
}

/* A council key and its double; the governance knows who is who. */
static void a_payload_is_held_against_the_council(void **state)
{
	struct action award = {.kind = ACTION_REPUTATION};
	const struct action_list list = {&award, 1};
	struct public_key *member;
	struct entry *e;
	struct test_net n;

	(void)state;
	init(&n, 8);
	net_submit(&n, 3, TYPE_STANDARD, true, NULL);
	e = entry_of(n.g, 1);
	member = &n.g->settings.council.members[0];
	n.g->settings.council.count = 1;
	test_key(member, 77);
	award.reputation.account = *member;
	watch_payload(n.g, e, text_of("An award"), text_of(""), &list);
	assert_int_equal(governance_alert_count(n.g), 0);
	award.reputation.account.b[15] ^= 1;
	watch_payload(n.g, e, text_of("An award"), text_of(""), &list);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(last_alert(&n)->kind, DETECT_PAYLOAD);
	assert_int_equal(last_alert(&n)->figure[0], 1);
	assert_int_equal(last_alert(&n)->figure[1], FINDING_RESEMBLES);
	assert_int_equal(last_alert(&n)->account[0], 3);
	assert_int_equal(last_alert(&n)->proposal, 1);
	watch_payload(n.g, e, text_of("An award"), text_of(""), &list);
	assert_int_equal(governance_alert_count(n.g), 1); /* it was told */
	net_submit(&n, 3, TYPE_STANDARD, true, NULL);
	e = entry_of(n.g, 2);
	n.g->settings.validators.count = 1;
	n.g->settings.validators.list[0].key = *member;
	n.g->settings.council.count = 0;
	watch_payload(n.g, e, text_of("An award"), text_of(""), &list);
	assert_int_equal(governance_alert_count(n.g), 2);
	n.g->settings.validators.count = 0;
	net_fini(&n);
}

/* ---- Records ---- */

static void a_late_change_of_mind_outlasts_a_restart(void **state)
{
	struct governance *old;
	struct map map = {0};
	struct test_net n;
	uint32_t number;

	(void)state;
	init(&n, 8);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	/* 5 of 6 are enough, 4 are not; 5 of 7 would be. */
	for (uint32_t i = 0; i < 6; i++)
		net_vote(&n, i, number, i < 5 ? CHOICE_FOR : CHOICE_AGAINST);
	net_sleep(&n, MS_DAY - MS_DAY / 10);
	net_vote(&n, 2, number, CHOICE_AGAINST);
	map_flush(&map, n.g);
	old = n.g;
	n.g = map_load(&map, old);
	governance_free(&old);
	net_finish(&n, number);
	assert_int_equal(governance_alert_count(n.g), 1);
	assert_int_equal(last_alert(&n)->kind, DETECT_LATE_SWING);
	assert_int_equal(last_alert(&n)->account[0], 2);
	map_fini(&map);
	net_fini(&n);
}

/* A vote that a restart interrupts at every ballot ends with the same
 * records. */
static void a_restart_at_any_ballot_keeps_what_was_counted(void **state)
{
	struct map straight = {0}, map = {0};
	struct test_net n, m;

	(void)state;
	init(&n, 2);
	init(&m, 2);
	for (uint32_t v = 0; v < 6; v++) {
		uint32_t number = net_open(&n, 0, TYPE_EMERGENCY);

		assert_int_equal(net_open(&m, 0, TYPE_EMERGENCY), number);
		for (uint32_t i = 0; i < 40; i++) {
			uint32_t who = (i * 7 + v * v * 3) % (4 + v);
			uint32_t choice = 1 + (i * 5 + v) % CHOICES;
			struct governance *copy;

			if (i == 30) {
				net_sleep(&n, MS_DAY - MS_DAY / 9);
				net_sleep(&m, MS_DAY - MS_DAY / 9);
			}
			net_vote(&n, who, number, choice);
			net_vote(&m, who, number, choice);
			map_flush(&map, m.g);
			copy = map_load(&map, m.g);
			governance_free(&m.g);
			m.g = copy;
		}
		finish(&n, number);
		finish(&m, number);
		map_flush(&straight, n.g);
		map_flush(&map, m.g);
		map_assert_equal(&straight, &map);
	}
	assert_true(governance_alert_count(n.g) >= 3);
	assert_int_equal(governance_alert_count(n.g),
			 governance_alert_count(m.g));
	map_fini(&straight);
	map_fini(&map);
	net_fini(&n);
	net_fini(&m);
}

static void alerts_are_read_back(void **state)
{
	struct governance *copy;
	struct map map = {0};
	struct test_net n;

	(void)state;
	init(&n, 8);
	for (int i = 0; i < 3; i++)
		hold(&n, 0, 3);
	hold(&n, 2, 9);
	map_flush(&map, n.g);
	copy = map_load(&map, n.g);
	assert_int_equal(governance_alert_count(copy), 1);
	assert_memory_equal(governance_alert(copy, 1), governance_alert(n.g, 1),
			    sizeof(struct alert));
	assert_int_equal(governance_alert(copy, 1)->account_count, 6);
	governance_free(&copy);
	map_fini(&map);
	net_fini(&n);
}

static struct map_record *record_at(struct map *map, const char *key)
{
	struct map_record *r = map_find(map, key, 5);

	assert_non_null(r);
	return r;
}

static void impossible_records_of_detectors_are_noticed(void **state)
{
	static const struct {
		const char *name, *key;
		size_t at;
		uint8_t value;
	} cases[] = {
		{"another version", "W\0\0\0\5", 0, 2},
		{"a running vote that has ended", "W\0\0\0\1", 1, 1},
		{"an ended vote that runs", "W\0\0\0\5", 1, 0},
		{"an unknown flag", "W\0\0\0\1", 1, 8},
		{"two at one place", "W\0\0\0\2", 7, 1},
		{"a place far behind", "W\0\0\0\2", 7, 99},
		{"a place left free", "W\0\0\0\4", 7, 5},
		{"more ended before than ended", "W\0\0\0\5", 7, 5},
		{"more history than votes", "W\0\0\0\5", 8, 5},
		{"too long a history", "W\0\0\0\5", 8, 17},
		{"a list too long", "W\0\0\0\5", 9, 9},
		{"a stranger in the list", "W\0\0\0\5", 10, 1},
		{"an alert of another version", "Z\0\0\0\1", 0, 2},
		{"an alert of no kind", "Z\0\0\0\1", 1, 15},
		{"an alert neither late nor not", "Z\0\0\0\1", 2, 2},
		{"an alert of no proposal", "Z\0\0\0\1", 6, 99},
		{"an alert about too many", "Z\0\0\0\1", 23, 9},
		{"an alert about nobody", "Z\0\0\0\1", 24, 1},
	};
	struct map map = {0};
	struct test_net n;
	uint32_t number;

	(void)state;
	init(&n, 8);
	for (int i = 0; i < 3; i++)
		hold(&n, 0, 3);
	hold(&n, 2, 9);
	number = net_open(&n, 0, TYPE_EMERGENCY);
	net_vote(&n, 9, number, CHOICE_FOR);
	map_flush(&map, n.g);
	assert_int_equal(number, 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct map_record *r = record_at(&map, cases[i].key);
		uint8_t old = r->value[cases[i].at];

		assert_true(cases[i].at < r->size);
		assert_int_not_equal(old, cases[i].value);
		r->value[cases[i].at] = cases[i].value;
		if (map_try_load(&map, n.g) != ERR_DATA_DAMAGED)
			fail_msg("%s", cases[i].name);
		r->value[cases[i].at] = old;
		assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	}
	map_fini(&map);
	net_fini(&n);
}

/* Any byte set to anything: read back or refused, never worse. */
static void damage_anywhere_in_what_is_kept_is_survived(void **state)
{
	uint32_t refused = 0, rounds = 0;
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_WATCH_DAMAGE_SEED", 61);
	world_init(&w, &c);
	for (int i = 0; i < 4; i++)
		world_live(&w, &c);
	assert_true(governance_alert_count(w.n.g) > 0);
	for (size_t i = 0; i < w.map.count; i++) {
		struct map_record *r = &w.map.list[i];

		if (r->key[0] != RECORD_WATCH && r->key[0] != RECORD_ALERT)
			continue;
		for (int k = 0; k < 40; k++) {
			uint32_t at = chance_below(&c, (uint32_t)r->size);
			uint8_t old = r->value[at];

			r->value[at] = (uint8_t)chance_next(&c);
			rounds++;
			refused += map_try_load(&w.map, w.n.g) != ERR_OK;
			r->value[at] = old;
		}
	}
	printf("%u of %u refused\n", refused, rounds);
	assert_true(refused > rounds / 4 && rounds > 200);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_newcomer_with_a_tenth_is_named_once_there_is_history),
		cmocka_unit_test(an_alert_prolongs_the_vote_and_is_an_event),
		cmocka_unit_test(alerts_prolong_a_vote_once),
		cmocka_unit_test(an_early_end_makes_nobody_late),
		cmocka_unit_test(who_votes_after_a_late_ballot_is_late),
		cmocka_unit_test(only_votes_with_a_result_are_history),
		cmocka_unit_test(
			votes_that_run_at_the_same_time_are_no_history),
		cmocka_unit_test(who_was_silent_for_the_last_votes_wakes),
		cmocka_unit_test(a_late_window_is_the_last_eighth),
		cmocka_unit_test(a_late_delegate_weighs_what_it_carries),
		cmocka_unit_test(history_reaches_as_many_votes_back_as_it_says),
		cmocka_unit_test(accounts_born_within_a_span_are_of_one_origin),
		cmocka_unit_test(children_of_one_account_are_a_burst),
		cmocka_unit_test(a_payload_is_held_against_the_council),
		cmocka_unit_test(a_late_change_of_mind_outlasts_a_restart),
		cmocka_unit_test(
			a_restart_at_any_ballot_keeps_what_was_counted),
		cmocka_unit_test(alerts_are_read_back),
		cmocka_unit_test(impossible_records_of_detectors_are_noticed),
		cmocka_unit_test(damage_anywhere_in_what_is_kept_is_survived),
	};

	return cmocka_run_group_tests_name("governance watch", tests, NULL,
					   NULL);
}
