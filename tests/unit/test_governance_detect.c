/* The detectors of votes as pure functions: each fires at its thresholds and
 * is silent one unit below; and the real votes, where one is an attack.
 *
 * The real ones are read from $BCAI_SHARED_DATA or ../shared/data beside
 * the source tree; without them that test is skipped and says so. */
#include "governance_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A token-weighted vote of 10,000 tokens of stake, quorum a tenth, half of
 * for and against to pass; ballots weigh what they say. */
struct vote {
	struct watch watch;
	struct rules rules;
	struct power total;
	struct tally tally;
	struct watch_end end;
	uint8_t choice[64];
	uint64_t weight[64];
};

static void vote_init(struct vote *v)
{
	memset(v, 0, sizeof(*v));
	v->rules = (struct rules){.mechanism = MECHANISM_TOKEN,
				  .quorum_bp = 1000,
				  .approval_bp = 5000,
				  .approval_strict = true};
	v->total.tokens = 10000;
	v->end = (struct watch_end){
		.watch = &v->watch,
		.rules = &v->rules,
		.total = &v->total,
		.tally = &v->tally,
		.ended = 3,
		.past = {1000, 1000, 1000},
		.past_count = 3,
		.limits = {.history_min = 3,
			   .surge_share_bp = 1000,
			   .surge_times = 5,
			   .surge_window = 8,
			   .dormant_accounts = 5,
			   .dormant_share_bp = 1000,
			   .swing_accounts = 3,
			   .snipe_accounts = 3,
			   .sybil_accounts = 10,
			   .sybil_share_bp = 100},
	};
}

enum { REGULAR, FRESH, WOKEN, LATE };

static struct watch_ballot ballot_of(const struct vote *v, uint32_t account,
				     uint64_t weight, uint32_t choice, int kind)
{
	return (struct watch_ballot){.account = account,
				     .from = v->choice[account],
				     .to = (uint8_t)choice,
				     .has_history =
					     kind != FRESH && kind != WOKEN,
				     .woke = kind == WOKEN,
				     .late = kind == LATE,
				     .funder = NO_ACCOUNT,
				     .power = {.tokens = weight},
				     .weight = weight,
				     .burdened = {.tokens = weight},
				     .burdened_weight = weight,
				     .before = &v->tally};
}

static void take(struct vote *v, const struct watch_ballot *b)
{
	watch_count(&v->watch, b);
	if (b->from)
		tally_remove(&v->tally, b->from, &b->power);
	tally_add(&v->tally, b->to, &b->power);
	v->choice[b->account] = b->to;
	v->weight[b->account] = (uint64_t)b->weight;
}

static void cast(struct vote *v, uint32_t account, uint64_t weight,
		 uint32_t choice, int kind)
{
	const struct watch_ballot b =
		ballot_of(v, account, weight, choice, kind);

	take(v, &b);
}

static bool fires(const struct vote *v, enum detector kind, struct alert *out)
{
	struct alert found[DETECT_END_MAX];
	size_t count = detect_end(&v->end, found);

	for (size_t i = 0; i < count; i++) {
		if (found[i].kind != kind)
			continue;
		*out = found[i];
		return true;
	}
	return false;
}

/* ---- Power surge ---- */

static void a_tenth_of_the_cast_by_one_without_history_is_a_surge(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 900, CHOICE_FOR, REGULAR);
	cast(&v, 2, 99, CHOICE_AGAINST, FRESH);
	assert_false(fires(&v, DETECT_SURGE, &a));
	vote_init(&v);
	cast(&v, 1, 900, CHOICE_FOR, REGULAR);
	cast(&v, 2, 100, CHOICE_AGAINST, FRESH);
	cast(&v, 3, 1, CHOICE_FOR, FRESH);
	v.tally.choice[0].power.tokens--; /* exactly a tenth */
	assert_true(fires(&v, DETECT_SURGE, &a));
	assert_int_equal(a.account_count, 1);
	assert_int_equal(a.account[0], 2);
	assert_int_equal(a.figure[0], 1000);
	assert_int_equal(a.figure[1], 1000);
	assert_int_equal(a.figure[2], 1000);
	assert_int_equal(a.figure[3], 1000);
	cast(&v, 2, 100, CHOICE_FOR, FRESH); /* again: still one account */
	cast(&v, 2, 100, CHOICE_AGAINST, FRESH);
	v.end.limits.surge_share_bp = 1;
	assert_true(fires(&v, DETECT_SURGE, &a));
	assert_int_equal(a.account_count, 2);
	v.end.limits.surge_share_bp = 1001;
	assert_false(fires(&v, DETECT_SURGE, &a));
	v.end.limits.surge_share_bp = 1000;
	v.end.ended = 2;
	assert_false(fires(&v, DETECT_SURGE, &a));
}

static void five_times_the_median_is_a_surge(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 4999, CHOICE_FOR, REGULAR);
	assert_false(fires(&v, DETECT_SURGE, &a));
	cast(&v, 2, 1, CHOICE_FOR, REGULAR);
	assert_true(fires(&v, DETECT_SURGE, &a));
	assert_int_equal(a.account_count, 0);
	assert_int_equal(a.figure[2], 5000);
	v.end.limits.surge_times = 6;
	assert_false(fires(&v, DETECT_SURGE, &a));
	v.end.limits.surge_times = 5;
	/* The middle of an even number lies between two. */
	v.end.past_count = v.end.ended = 4;
	v.end.past[3] = 1002;
	v.end.past[1] = 1002;
	assert_false(fires(&v, DETECT_SURGE, &a)); /* 1001 */
	v.end.past[1] = 1000;
	assert_true(fires(&v, DETECT_SURGE, &a)); /* 1000 */
	/* Only the last of them count. */
	v.end.past[3] = 1001;
	v.end.limits.surge_window = 1;
	assert_false(fires(&v, DETECT_SURGE, &a));
	/* Where nothing was cast there is nothing to compare with. */
	memset(v.end.past, 0, sizeof(v.end.past));
	assert_false(fires(&v, DETECT_SURGE, &a));
}

static void a_vote_without_ballots_has_no_alerts(void **state)
{
	struct alert found[DETECT_END_MAX];
	struct vote v;

	(void)state;
	vote_init(&v);
	assert_int_equal(detect_end(&v.end, found), 0);
}

static void the_eight_heaviest_are_kept_whatever_the_order(void **state)
{
	struct watch_list up = {0}, down = {0};

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		watch_list_add(&up, i, i / 2);
		watch_list_add(&down, 19 - i, (19 - i) / 2);
	}
	assert_int_equal(up.count, WATCH_HEAVIEST);
	assert_memory_equal(up.account, down.account, sizeof(up.account));
	for (uint32_t i = 0; i < WATCH_HEAVIEST; i++) {
		assert_int_equal(up.weight[i], 9 - i / 2);
		assert_int_equal(up.account[i], 18 - (i & ~1u) + (i & 1));
	}
}

/* ---- Dormant accounts ---- */

static void wake(struct vote *v, uint32_t n, uint64_t weight)
{
	for (uint32_t i = 0; i < n; i++)
		cast(v, 10 + i, weight, CHOICE_AGAINST, WOKEN);
}

static void a_wave_of_woken_accounts_needs_number_and_share(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	v.end.limits.surge_share_bp = 10000;
	cast(&v, 1, 900, CHOICE_FOR, REGULAR);
	wake(&v, 4, 25);
	assert_false(fires(&v, DETECT_DORMANT, &a));
	cast(&v, 20, 0, CHOICE_AGAINST, WOKEN);
	assert_true(fires(&v, DETECT_DORMANT, &a));
	assert_int_equal(a.account_count, 5);
	assert_int_equal(a.account[0], 10);
	assert_int_equal(a.account[4], 20);
	assert_int_equal(a.figure[0], 5);
	assert_int_equal(a.figure[1], 1000);
	assert_int_equal(a.figure[3], CHOICE_AGAINST);
	cast(&v, 2, 1, CHOICE_FOR, REGULAR);
	assert_false(fires(&v, DETECT_DORMANT, &a)); /* 100 of 1,001 */
	v.end.limits.dormant_share_bp = 999;
	assert_true(fires(&v, DETECT_DORMANT, &a));
	/* One of them changes its mind. */
	cast(&v, 20, 0, CHOICE_FOR, WOKEN);
	assert_false(fires(&v, DETECT_DORMANT, &a));
	v.end.limits.dormant_accounts = 4;
	assert_true(fires(&v, DETECT_DORMANT, &a));
}

/* ---- The late window ---- */

static void three_late_accounts_that_turn_it_are_named(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 1000, CHOICE_FOR, REGULAR);
	cast(&v, 2, 800, CHOICE_AGAINST, REGULAR);
	cast(&v, 3, 1, CHOICE_FOR, LATE);
	for (uint32_t i = 0; i < 2; i++)
		cast(&v, 4 + i, 67, CHOICE_AGAINST, LATE);
	assert_false(fires(&v, DETECT_LATE_SWING, &a));
	cast(&v, 6, 67, CHOICE_AGAINST, LATE);
	assert_true(fires(&v, DETECT_LATE_SWING, &a));
	assert_int_equal(a.account_count, 3);
	assert_int_equal(a.account[0], 4);
	assert_int_equal(a.account[2], 6);
	assert_int_equal(a.figure[0], 3);
	assert_int_equal(a.figure[1], 1);
	assert_int_equal(a.figure[2], 201);
	assert_int_equal(a.figure[3], 2002);
	v.end.limits.swing_accounts = 2;
	assert_false(fires(&v, DETECT_LATE_SWING, &a));
}

static void four_late_accounts_are_not_few(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 1000, CHOICE_FOR, REGULAR);
	cast(&v, 2, 800, CHOICE_AGAINST, REGULAR);
	for (uint32_t i = 0; i < 4; i++)
		cast(&v, 3 + i, 66, CHOICE_AGAINST, LATE);
	assert_int_equal(v.tally.choice[CHOICE_AGAINST - 1].power.tokens, 1064);
	assert_false(fires(&v, DETECT_LATE_SWING, &a));
}

static void a_changed_mind_swings_twice_its_weight(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 1000, CHOICE_FOR, REGULAR);
	cast(&v, 2, 999, CHOICE_AGAINST, REGULAR);
	cast(&v, 3, 1, CHOICE_FOR, REGULAR);
	cast(&v, 3, 1, CHOICE_AGAINST, LATE);
	assert_true(fires(&v, DETECT_LATE_SWING, &a));
	assert_int_equal(a.account_count, 1);
	assert_int_equal(a.account[0], 3);
	/* Back again: nothing happened. */
	cast(&v, 3, 1, CHOICE_FOR, LATE);
	assert_false(fires(&v, DETECT_LATE_SWING, &a));
}

/* What counts is the choice that it entered the window with. */
static void a_mind_changed_twice_swings_from_the_first(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 1000, CHOICE_FOR, REGULAR);
	cast(&v, 2, 999, CHOICE_AGAINST, REGULAR);
	cast(&v, 3, 2, CHOICE_FOR, REGULAR);
	cast(&v, 3, 2, CHOICE_ABSTAIN, LATE);
	cast(&v, 3, 2, CHOICE_AGAINST, LATE);
	assert_true(fires(&v, DETECT_LATE_SWING, &a));
	assert_int_equal(a.account_count, 1);
	assert_int_equal(a.account[0], 3);
}

static void what_turned_before_the_window_is_no_late_swing(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 1000, CHOICE_FOR, REGULAR);
	cast(&v, 2, 2000, CHOICE_AGAINST, REGULAR);
	cast(&v, 3, 500, CHOICE_AGAINST, LATE);
	assert_false(fires(&v, DETECT_LATE_SWING, &a));
	assert_false(fires(&v, DETECT_SNIPING, &a));
}

static void a_quorum_brought_late_by_few_is_sniping(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 900, CHOICE_FOR, REGULAR);
	cast(&v, 2, 50, CHOICE_FOR, LATE);
	cast(&v, 3, 49, CHOICE_FOR, LATE);
	assert_false(fires(&v, DETECT_SNIPING, &a)); /* 999 of 1,000 */
	cast(&v, 4, 1, CHOICE_FOR, LATE);
	assert_true(fires(&v, DETECT_SNIPING, &a));
	assert_int_equal(a.account_count, 3);
	assert_int_equal(a.figure[0], 3);
	assert_int_equal(a.figure[1], 900);
	assert_int_equal(a.figure[2], 1000);
	assert_int_equal(a.figure[3], 1000);
	v.end.limits.snipe_accounts = 2;
	assert_false(fires(&v, DETECT_SNIPING, &a));
	v.end.limits.snipe_accounts = 3;
	/* A quorum that rejects harms nobody. */
	cast(&v, 5, 1000, CHOICE_AGAINST, REGULAR);
	assert_false(fires(&v, DETECT_SNIPING, &a));
}

static void the_heaviest_movers_stay_among_many(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 1000, CHOICE_FOR, REGULAR);
	cast(&v, 2, 900, CHOICE_AGAINST, REGULAR);
	for (uint32_t i = 0; i < 20; i++)
		cast(&v, 10 + i, 1, CHOICE_AGAINST, LATE);
	cast(&v, 40, 100, CHOICE_AGAINST, LATE);
	for (uint32_t i = 0; i < 10; i++)
		cast(&v, 41 + i, 1, CHOICE_FOR, LATE);
	assert_int_equal(v.watch.mover_count, WATCH_MOVERS);
	assert_true(fires(&v, DETECT_LATE_SWING, &a));
	assert_int_equal(a.account_count, 1);
	assert_int_equal(a.account[0], 40);
}

/* ---- Sybil burst ---- */

static void child(struct vote *v, uint32_t account, uint32_t funder,
		  uint64_t birth, uint64_t weight, uint32_t choice)
{
	struct watch_ballot b = ballot_of(v, account, weight, choice, REGULAR);

	b.funder = funder;
	b.birth = birth;
	take(v, &b);
}

static void ten_of_one_funder_are_a_burst(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	for (uint32_t i = 0; i < 9; i++)
		child(&v, 10 + i, 7, 100 + i, 16 + i % 16, CHOICE_FOR);
	assert_false(fires(&v, DETECT_SYBIL, &a));
	child(&v, 19, 7, 109, 32, CHOICE_FOR); /* not alike */
	child(&v, 20, 8, 110, 16, CHOICE_FOR); /* another's */
	assert_false(fires(&v, DETECT_SYBIL, &a));
	child(&v, 21, 7, 111, 31, CHOICE_FOR);
	assert_true(fires(&v, DETECT_SYBIL, &a));
	assert_int_equal(a.account_count, WATCH_NAMES);
	assert_int_equal(a.account[0], 10);
	assert_int_equal(a.figure[0], 10);
	assert_int_equal(a.figure[2], 1);
	assert_int_equal(a.figure[3], 7);
	v.end.limits.sybil_accounts = 11;
	assert_false(fires(&v, DETECT_SYBIL, &a));
	v.end.limits.sybil_accounts = 10;
	child(&v, 10, 7, 100, 16, CHOICE_AGAINST);
	assert_false(fires(&v, DETECT_SYBIL, &a));
}

static void ten_born_together_are_a_burst_of_some_weight(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	for (uint32_t i = 0; i < 10; i++)
		child(&v, 10 + i, 40 + i, 5, 1, CHOICE_AGAINST);
	cast(&v, 1, 990, CHOICE_FOR, REGULAR);
	assert_true(fires(&v, DETECT_SYBIL, &a));
	assert_int_equal(a.figure[1], 100);
	assert_int_equal(a.figure[2], 0);
	assert_int_equal(a.figure[3], 5);
	cast(&v, 2, 1, CHOICE_FOR, REGULAR); /* 10 of 1,001 */
	assert_false(fires(&v, DETECT_SYBIL, &a));
	v.end.limits.sybil_share_bp = 99;
	assert_true(fires(&v, DETECT_SYBIL, &a));
}

/* Thirty strangers between every two of them do not hide a seventeenth. */
static void a_burst_is_found_in_a_crowd_of_origins(void **state)
{
	struct watch_ballot b = {.has_history = true,
				 .to = CHOICE_FOR,
				 .weight = 1,
				 .power = {.tokens = 1}};
	struct watch w = {0};
	uint32_t most = 0, n = 0;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		bool burst = i >= 100 && i % 8 == 0;

		b.account = i;
		b.funder = burst ? 7 : 1000 + i;
		b.birth = 1000000 + i;
		watch_count(&w, &b);
		n += burst;
	}
	for (uint32_t i = 0; i < w.group_count; i++)
		if (w.group[i].by_funder && w.group[i].origin == 7)
			most = w.group[i].count;
	assert_in_range(most, n - 8000 / 17, n);
	assert_true(most > 0);
}

/* ---- All ---- */

static void what_fired_once_is_silent(void **state)
{
	struct alert a;
	struct vote v;

	(void)state;
	vote_init(&v);
	cast(&v, 1, 5000, CHOICE_FOR, FRESH);
	assert_true(fires(&v, DETECT_SURGE, &a));
	v.watch.fired = 1u << DETECT_SURGE;
	assert_false(fires(&v, DETECT_SURGE, &a));
}

static void the_table_names_every_detector(void **state)
{
	uint32_t count = 0;

	(void)state;
	for (uint32_t k = 0; k < DETECT_MAX + 2; k++) {
		const char *name = detector_name(k);

		if (!name) {
			assert_false(detector_may_delay(k));
			assert_string_equal(detector_figure_name(k, 0), "");
			continue;
		}
		count++;
		assert_int_equal(detector_from_name(name), k);
		assert_non_null(detector_sentence(k));
		assert_string_not_equal(detector_figure_name(k, 0), "");
	}
	assert_true(count >= DETECT_END_MAX);
	assert_int_equal(detector_from_name("power"), 0);
	assert_string_equal(detector_figure_name(1, ALERT_FIGURES), "");
	assert_true(detector_may_delay(DETECT_SURGE));
	assert_true(detector_may_delay(DETECT_DORMANT));
	assert_true(detector_may_delay(DETECT_LATE_SWING));
	assert_false(detector_may_delay(DETECT_SYBIL));
}

/* ---- The real votes ---- */

#define BIPS	   20
#define REAL_MAX   2000
#define VOTERS_MAX 600

struct real {
	size_t count, voters;
	char voter[VOTERS_MAX][43];
	struct {
		uint32_t bip, voter, choice;
		uint64_t power;
	} ballot[REAL_MAX];
	bool voted[BIPS][VOTERS_MAX];
	uint64_t cast[BIPS];
};

static uint32_t voter_of(struct real *r, const char *name)
{
	uint32_t i = 0;

	while (i < r->voters && strcmp(r->voter[i], name) != 0)
		i++;
	assert_true(i < VOTERS_MAX);
	if (i == r->voters)
		strcpy(r->voter[r->voters++], name);
	return i;
}

static bool real_read(struct real *r)
{
	const char *folder = getenv("BCAI_SHARED_DATA");
	char path[4096], line[256], name[43];
	FILE *f;

	snprintf(path, sizeof(path), "%s/beanstalk_bip_votes.csv",
		 folder ? folder : SHARED_DATA);
	f = fopen(path, "r");
	if (!f) {
		printf("skipped: %s is not there; BCAI_SHARED_DATA names "
		       "another folder\n",
		       path);
		return false;
	}
	assert_non_null(fgets(line, sizeof(line), f));
	for (; fgets(line, sizeof(line), f); r->count++) {
		assert_true(r->count < REAL_MAX);
		assert_int_equal(sscanf(line,
					"%" SCNu32 ",%42[0-9a-fx],%" SCNu32
					",%" SCNu64,
					&r->ballot[r->count].bip, name,
					&r->ballot[r->count].choice,
					&r->ballot[r->count].power),
				 4);
		r->ballot[r->count].voter = voter_of(r, name);
		r->cast[r->ballot[r->count].bip] += r->ballot[r->count].power;
		r->voted[r->ballot[r->count].bip][r->ballot[r->count].voter] =
			true;
	}
	fclose(f);
	return true;
}

static bool voted_in(const struct real *r, uint32_t voter, uint32_t from,
		     uint32_t to)
{
	for (uint32_t b = from; b < to; b++)
		if (r->voted[b][voter])
			return true;
	return false;
}

/* One real vote through the core, with the history that its voters had. */
static size_t watch_real(const struct real *r, uint32_t bip,
			 const struct detect_limits *limits, uint32_t history,
			 struct alert out[DETECT_END_MAX])
{
	struct rules rules = {.mechanism = MECHANISM_TOKEN,
			      .quorum_bp = 1000,
			      .approval_bp = 5000};
	struct power total = {.tokens = LIMIT_STAKE_TOTAL};
	uint32_t since = bip > history ? bip - history : 0;
	struct watch watch = {0};
	struct tally tally = {0};
	struct watch_end end = {.watch = &watch,
				.rules = &rules,
				.total = &total,
				.tally = &tally,
				.ended = bip,
				.limits = *limits};

	for (uint32_t b = bip > WATCH_PAST ? bip - WATCH_PAST : 0; b < bip; b++)
		end.past[end.past_count++] = r->cast[b];
	for (size_t i = 0; i < r->count; i++) {
		uint32_t voter = r->ballot[i].voter;
		struct watch_ballot b = {.account = voter,
					 .to = (uint8_t)r->ballot[i].choice,
					 .funder = NO_ACCOUNT,
					 .before = &tally};

		if (r->ballot[i].bip != bip)
			continue;
		b.weight = b.power.tokens = r->ballot[i].power;
		b.has_history = voted_in(r, voter, since, bip);
		b.woke = !b.has_history && voted_in(r, voter, 0, since);
		watch_count(&watch, &b);
		tally_add(&tally, b.to, &b.power);
	}
	return detect_end(&end, out);
}

static struct detect_limits default_limits(uint32_t *history)
{
	struct governance_params p;

	governance_params_default(&p);
	*history = (uint32_t)p.value[PARAM_DETECT_HISTORY];
	return (struct detect_limits){
		.history_min = (uint32_t)p.value[PARAM_DETECT_HISTORY_MIN],
		.surge_share_bp = (uint32_t)p.value[PARAM_DETECT_SURGE_SHARE],
		.surge_times = (uint32_t)p.value[PARAM_DETECT_SURGE_TIMES],
		.surge_window = (uint32_t)p.value[PARAM_DETECT_SURGE_WINDOW],
		.dormant_accounts =
			(uint32_t)p.value[PARAM_DETECT_DORMANT_ACCOUNTS],
		.dormant_share_bp =
			(uint32_t)p.value[PARAM_DETECT_DORMANT_SHARE],
		.swing_accounts =
			(uint32_t)p.value[PARAM_DETECT_SWING_ACCOUNTS],
		.snipe_accounts =
			(uint32_t)p.value[PARAM_DETECT_SNIPE_ACCOUNTS],
		.sybil_accounts =
			(uint32_t)p.value[PARAM_DETECT_SYBIL_ACCOUNTS],
		.sybil_share_bp = (uint32_t)p.value[PARAM_DETECT_SYBIL_SHARE],
	};
}

/* With the least history at 2, every one of BIP-2 to BIP-17 is judged. */
static void assert_only_bip_18(const struct real *r,
			       const struct detect_limits *limits,
			       uint32_t history)
{
	struct alert found[DETECT_END_MAX];

	for (uint32_t bip = 2; bip < BIPS; bip++) {
		size_t count = watch_real(r, bip, limits, history, found);

		if (bip != 18) {
			if (count > 0)
				fail_msg("BIP-%u: %s", bip,
					 detector_name(found[0].kind));
			continue;
		}
		assert_int_equal(count, 1);
		assert_int_equal(found[0].kind, DETECT_SURGE);
		assert_int_equal(found[0].account_count, 1);
		assert_int_equal(found[0].figure[0], 9983);
	}
}

static void the_real_attack_is_named_and_nothing_else(void **state)
{
	static struct real r;
	struct alert found[DETECT_END_MAX];
	struct detect_limits limits;
	uint32_t history;

	(void)state;
	if (!real_read(&r))
		skip();
	limits = default_limits(&history);
	assert_only_bip_18(&r, &limits, history);
	assert_int_equal(watch_real(&r, 18, &limits, history, found), 1);
	/* 13.55 times the median. */
	assert_int_equal(found[0].figure[2] * 100 / found[0].figure[3], 1355);
	limits.history_min = 2;
	assert_only_bip_18(&r, &limits, history);

	/* How much room the thresholds have: 5.97%, 3.03 times, and each of
	 * the two names the attack by itself. */
	limits.surge_times = 4;
	limits.surge_share_bp = 598;
	assert_only_bip_18(&r, &limits, history);
	limits.surge_share_bp = 597;
	assert_int_equal(watch_real(&r, 17, &limits, history, found), 1);
	limits.surge_share_bp = 9983;
	limits.surge_times = 1000;
	assert_only_bip_18(&r, &limits, history);
	limits.surge_times = 3;
	assert_int_equal(watch_real(&r, 4, &limits, history, found), 1);
	limits.surge_share_bp = 10000;
	limits.surge_times = 13;
	assert_int_equal(watch_real(&r, 18, &limits, history, found), 1);
	limits.surge_times = 14;
	assert_int_equal(watch_real(&r, 18, &limits, history, found), 0);
	printf("%zu ballots of %zu voters\n", r.count, r.voters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_tenth_of_the_cast_by_one_without_history_is_a_surge),
		cmocka_unit_test(five_times_the_median_is_a_surge),
		cmocka_unit_test(a_vote_without_ballots_has_no_alerts),
		cmocka_unit_test(
			the_eight_heaviest_are_kept_whatever_the_order),
		cmocka_unit_test(
			a_wave_of_woken_accounts_needs_number_and_share),
		cmocka_unit_test(three_late_accounts_that_turn_it_are_named),
		cmocka_unit_test(four_late_accounts_are_not_few),
		cmocka_unit_test(a_changed_mind_swings_twice_its_weight),
		cmocka_unit_test(a_mind_changed_twice_swings_from_the_first),
		cmocka_unit_test(
			what_turned_before_the_window_is_no_late_swing),
		cmocka_unit_test(a_quorum_brought_late_by_few_is_sniping),
		cmocka_unit_test(the_heaviest_movers_stay_among_many),
		cmocka_unit_test(ten_of_one_funder_are_a_burst),
		cmocka_unit_test(ten_born_together_are_a_burst_of_some_weight),
		cmocka_unit_test(a_burst_is_found_in_a_crowd_of_origins),
		cmocka_unit_test(what_fired_once_is_silent),
		cmocka_unit_test(the_table_names_every_detector),
		cmocka_unit_test(the_real_attack_is_named_and_nothing_else),
	};

	return cmocka_run_group_tests_name("governance detect", tests, NULL,
					   NULL);
}
