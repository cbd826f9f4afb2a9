/* Lists from indexes: each equals the same list made by sorting everything,
 * and costs the same however much there is. */
#include "governance_fixture.h"
#include "governance_world.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROWS_MAX 4096

/* ---- The slow way ---- */

static struct index_query sorted_by;

static uint64_t slow_key(const struct governance *g, const struct proposal *p)
{
	struct tally_result r;

	switch (sorted_by.order) {
	case ORDER_SUBMITTED:
		return p->submitted_ms;
	case ORDER_CLOSING:
		return p->voting_end_ms;
	case ORDER_TURNOUT:
		governance_evaluate(g, &r, p);
		return tally_turnout(&r);
	case ORDER_NUMBER:
	case ORDER_PROPOSER:
		break;
	}
	return 0;
}

static bool slow_wants(const struct proposal *p)
{
	const struct index_query *q = &sorted_by;

	if ((q->states && !(q->states >> p->state & 1)) ||
	    (q->types && !(q->types >> p->type & 1)) ||
	    (q->order == ORDER_PROPOSER && p->proposer != q->proposer) ||
	    (q->order == ORDER_SUBMITTED && p->submitted_ms == 0) ||
	    (q->order == ORDER_CLOSING && p->voting_end_ms == 0))
		return false;
	return q->order != ORDER_TURNOUT || proposal_was_opened(p);
}

static int compare(const void *a, const void *b)
{
	const struct index_place *x = a, *y = b;
	int order = (x->number > y->number) - (x->number < y->number);

	if (x->key != y->key)
		order = x->key < y->key ? -1 : 1;
	return sorted_by.ascending ? order : -order;
}

static size_t slow_list(const struct governance *g, struct index_place *out)
{
	size_t count = 0;

	for (uint32_t n = 1; n <= governance_proposal_count(g); n++) {
		const struct proposal *p = governance_proposal(g, n);

		if (slow_wants(p))
			out[count++] = (struct index_place){slow_key(g, p), n};
	}
	qsort(out, count, sizeof(*out), compare);
	return count;
}

/* ---- Random worlds ---- */

/* By pages of a drawn size, as a reader would. */
static void assert_same_list(const struct governance *g, struct chance *c)
{
	struct index_place slow[ROWS_MAX], at = {0, 0};
	size_t count = slow_list(g, slow), row = 0;
	bool more = true;

	while (more) {
		uint32_t page = 1 + chance_below(c, 7);
		struct index_walk w;

		index_begin(&w, governance_index(g), &sorted_by, &at);
		for (; page > 0 && (more = index_next(&w, &at)); page--) {
			assert_true(row < count);
			assert_int_equal(at.number, slow[row].number);
			if (sorted_by.order != ORDER_PROPOSER)
				assert_int_equal(at.key, slow[row].key);
			row++;
		}
	}
	assert_int_equal(row, count);
}

static void assert_all_lists(const struct governance *g, struct chance *c)
{
	for (uint32_t order = 0; order < PROPOSAL_ORDERS; order++) {
		for (int i = 0; i < 12; i++) {
			sorted_by = (struct index_query){
				.order = order,
				.proposer = chance_below(c, WORLD_ACCOUNTS),
				.ascending = chance_below(c, 2),
			};
			if (chance_below(c, 2))
				sorted_by.states = chance_below(c, 256);
			if (chance_below(c, 2))
				sorted_by.types = chance_below(c, 256);
			assert_same_list(g, c);
		}
	}
}

static void assert_sums(const struct governance *g)
{
	const struct proposal_index *ix = governance_index(g);
	uint32_t counts[PROPOSAL_TYPES + 1][INDEX_STATES] = {{0}};
	struct index_ended slow = {0};
	uint64_t ballots = 0, deposits = 0;
	uint32_t opened[3] = {0};

	for (uint32_t n = 1; n <= governance_proposal_count(g); n++) {
		const struct proposal *p = governance_proposal(g, n);
		struct tally_result r;

		counts[p->type][p->state]++;
		deposits += p->deposit;
		for (uint32_t i = 0; i < 3; i++)
			opened[i] += p->snapshot_height > 10 * i;
		ballots += governance_ballot_count(g, n);
		if (!proposal_was_opened(p))
			continue;
		governance_evaluate(g, &r, p);
		assert_int_equal(index_turnout(ix, n), tally_turnout(&r));
		if (p->state == STATE_VOTING)
			continue;
		slow.votes++;
		slow.turnout_sum += tally_turnout(&r);
		slow.voters_sum += governance_ballot_count(g, n);
		slow.eligible_sum += p->total.voters;
	}
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		for (uint32_t s = 0; s < INDEX_STATES; s++)
			assert_int_equal(index_count(ix, t, s), counts[t][s]);
	}
	assert_memory_equal(index_ended(ix), &slow, sizeof(slow));
	assert_int_equal(governance_ballot_total(g), ballots);
	assert_int_equal(index_deposits(ix), deposits);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(index_opened_after(ix, 10 * i), opened[i]);
}

static void assert_histories(const struct governance *g)
{
	uint32_t slow[ROWS_MAX], fast[ROWS_MAX];

	for (uint32_t a = 0; a < WORLD_ACCOUNTS; a++) {
		uint32_t count = 0, below = 0, row = 0, got;

		for (uint32_t n = governance_proposal_count(g); n > 0; n--) {
			if (governance_ballot_of(g, n, a, NULL))
				slow[count++] = n;
		}
		do {
			got = governance_voted_on(g, a, below, fast, 3);
			for (uint32_t i = 0; i < got; i++)
				assert_int_equal(fast[i], slow[row++]);
			below = got ? fast[got - 1] : 0;
		} while (got == 3);
		assert_int_equal(row, count);
		assert_int_equal(governance_voted_on(g, a, 0, fast, ROWS_MAX),
				 governance_account(g, a)->voted);
	}
}

/* What one account entrusts to another, from its delegations alone. */
static uint64_t slow_entrusted(const struct governance *g, uint32_t from,
			       uint32_t to)
{
	struct governance_delegation list[LIMIT_DELEGATIONS];
	uint32_t count = governance_delegations(g, list, from);
	uint64_t stake = governance_account(g, from)->power.tokens, limited = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (list[i].target != to)
			continue;
		if (list[i].kind != DELEGATION_LIMITED)
			return stake;
		limited += list[i].amount;
	}
	return limited < stake ? limited : stake;
}

/* Returns how much it is in all. */
static uint64_t assert_received(const struct governance *g)
{
	uint32_t accounts = governance_account_count(g);
	uint64_t all = 0;

	for (uint32_t to = 0; to < accounts; to++) {
		uint64_t sum = 0;

		for (uint32_t from = 0; from < accounts; from++)
			sum += slow_entrusted(g, from, to);
		assert_int_equal(governance_received_stake(g, to), sum);
		all += sum;
	}
	return all;
}

static uint64_t burden(const struct proposal *p, const struct power *power)
{
	if (p->rules.mechanism == MECHANISM_QUADRATIC)
		return power->quadratic;
	return p->rules.mechanism == MECHANISM_REPUTATION ? power->reputation
							  : power->tokens;
}

static int descending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* Those who carry most, against all who carry. Returns how many they are. */
static uint32_t assert_carriers(const struct governance *g, uint32_t number)
{
	const struct proposal *p = governance_proposal(g, number);
	struct governance_carrier fast[ROWS_MAX];
	uint64_t slow[ROWS_MAX];
	struct power power;
	uint32_t count = 0, account;

	for (; governance_carried_at(g, number, count, &account, &power);
	     count++)
		slow[count] = burden(p, &power);
	if (count > 0)
		qsort(slow, count, sizeof(*slow), descending);
	assert_int_equal(governance_carriers(g, number, fast, ROWS_MAX), count);
	for (uint32_t i = 0; i < count; i++) {
		assert_true(governance_carried_by(g, number, fast[i].account,
						  &power));
		assert_memory_equal(&power, &fast[i].power, sizeof(power));
		assert_int_equal(burden(p, &power), slow[i]);
	}
	return count;
}

/* Tokens that voted, that are carried and that are left: all there are. */
static void assert_tokens_add_up(const struct governance *g, uint32_t number)
{
	const struct proposal *p = governance_proposal(g, number);
	unsigned __int128 sum = 0;
	struct power power;
	uint32_t account;

	if (p->state != STATE_VOTING || p->rules.mechanism != MECHANISM_TOKEN)
		return;
	for (size_t i = 0; i < CHOICES; i++)
		sum += p->tally.choice[i].power.tokens;
	for (uint32_t i = 0;
	     governance_carried_at(g, number, i, &account, &power); i++)
		sum += power.tokens;
	for (uint32_t i = 0; i < governance_account_count(g); i++)
		sum += governance_left_weight(g, p, i);
	assert_true(sum == p->total.power.tokens);
}

static uint32_t assert_carrying(const struct governance *g)
{
	uint32_t carriers = 0;

	for (uint32_t n = 1; n <= governance_proposal_count(g); n++) {
		carriers += assert_carriers(g, n);
		assert_tokens_add_up(g, n);
	}
	return carriers;
}

static void every_list_is_that_of_a_sort_in_random_worlds(void **state)
{
	uint64_t entrusted = 0, carriers = 0;
	struct chance c;

	(void)state;
	chance_init(&c, "INDEX_SEED", 20261123);
	for (int round = 0; round < 12; round++) {
		struct governance *again;
		struct world w;

		world_init(&w, &c);
		for (int i = 0; i < 4; i++) {
			world_live(&w, &c);
			assert_all_lists(w.n.g, &c);
			assert_sums(w.n.g);
			assert_histories(w.n.g);
			entrusted += assert_received(w.n.g);
			carriers += assert_carrying(w.n.g);
		}
		again = map_load(&w.map, w.n.g);
		assert_all_lists(again, &c);
		assert_sums(again);
		assert_histories(again);
		assert_received(again);
		assert_carrying(again);
		governance_free(&again);
		world_fini(&w);
	}
	assert_true(entrusted > 0 && carriers > 0);
}

static void a_ballot_moves_its_proposal_in_the_order_of_turnout(void **state)
{
	const struct index_query query = {.order = ORDER_TURNOUT};
	const struct index_place begin = {0, 0};
	struct index_place at;
	struct index_walk w;
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_STANDARD);
	net_open(&n, BOB, TYPE_STANDARD);
	for (uint32_t number = 1; number <= 2; number++) {
		assert_int_equal(net_vote(&n, number == 1 ? CAROL : ALICE,
					  number, CHOICE_AGAINST),
				 ERR_OK);
		index_begin(&w, governance_index(n.g), &query, &begin);
		assert_true(index_next(&w, &at));
		assert_int_equal(at.number, number);
		assert_true(at.key > 0);
		assert_int_equal(at.key,
				 index_turnout(governance_index(n.g), number));
	}
	net_fini(&n);
}

/* ---- What it costs ---- */

static void make_proposal(struct proposal *p, struct chance *c, uint32_t number)
{
	memset(p, 0, sizeof(*p));
	p->number = number;
	p->proposer = chance_below(c, 1000);
	p->type = 1 + chance_below(c, PROPOSAL_TYPES);
	p->state = 1 + chance_below(c, STATE_EXPIRED);
	p->submitted_ms = T0 + chance_below(c, 1u << 30);
	p->voting_end_ms = p->submitted_ms + chance_below(c, 1u << 30);
	p->snapshot_height = 1;
}

static void a_page_of_100_costs_no_more_among_many_than_among_few(void **state)
{
	static const uint32_t sizes[] = {1000, 10000, 100000};
	struct index_place at;
	struct index_walk w;
	struct chance c;

	(void)state;
	chance_init(&c, "INDEX_SEED", 7);
	for (size_t i = 0; i < 3; i++) {
		struct proposal_index *ix = index_new();
		struct proposal p;

		for (uint32_t n = 1; n <= sizes[i]; n++) {
			make_proposal(&p, &c, n);
			index_add(ix, &p, chance_below(&c, TURNOUT_UNIT));
		}
		for (uint32_t order = 0; order < PROPOSAL_ORDERS; order++) {
			struct index_query query = {.order = order};
			uint32_t rows = 0;

			at = (struct index_place){0, 0};
			index_begin(&w, ix, &query, &at);
			while (rows < 100 && index_next(&w, &at))
				rows++;
			assert_true(order == ORDER_PROPOSER || rows == 100);
			/* 49 trees: a descent each, then a choice among their
			 * heads and one more descent a row. */
			assert_in_range(w.steps, 1, (49 + rows) * 50 + 4900);
			query.states = 1u << STATE_PASSED;
			query.types = 1u << TYPE_TREASURY;
			index_begin(&w, ix, &query, &at);
			for (rows = 0; rows < 100 && index_next(&w, &at);)
				rows++;
			assert_in_range(w.steps, 1, (1 + rows) * 50);
		}
		index_free(&ix);
	}
}

static void what_is_taken_out_is_in_no_list(void **state)
{
	static const struct index_place begin;
	static const struct index_ended none;
	struct proposal_index *ix = index_new();
	struct proposal all[200];
	struct index_place at;
	struct index_walk w;
	struct chance c;

	(void)state;
	chance_init(&c, "INDEX_SEED", 8);
	for (uint32_t n = 0; n < 200; n++) {
		make_proposal(&all[n], &c, n + 1);
		index_add(ix, &all[n], 5);
	}
	for (uint32_t n = 0; n < 200; n += 2)
		index_remove(ix, &all[n]);
	index_remove(ix, &all[0]); /* again, for nothing */
	for (uint32_t order = 0; order < ORDER_PROPOSER; order++) {
		const struct index_query query = {.order = order};

		index_begin(&w, ix, &query, &begin);
		while (index_next(&w, &at))
			assert_int_equal(at.number % 2, 0);
	}
	for (uint32_t n = 1; n < 200; n += 2)
		index_remove(ix, &all[n]);
	assert_memory_equal(index_ended(ix), &none, sizeof(none));
	index_free(&ix);
}

/* ---- The largest ---- */

static uint64_t value_of(const void *context, uint32_t account)
{
	return ((const uint64_t *)context)[account];
}

static void the_largest_come_as_sorted_after_any_changes(void **state)
{
	uint64_t values[6000], sorted[6000];
	struct largest_walk *w = mem_alloc(sizeof(*w));
	struct largest l;
	struct chance c;
	uint32_t account;

	(void)state;
	chance_init(&c, "INDEX_SEED", 9);
	for (uint32_t round = 0; round < 20; round++) {
		uint32_t count = 1 + chance_below(&c, 6000), read = 0;

		largest_init(&l, value_of, values);
		for (uint32_t i = 0; i < count; i++) {
			values[i] = chance_below(&c, 1 + round * 1000);
			largest_add(&l);
		}
		for (uint32_t i = 0; i < 2000; i++) {
			account = chance_below(&c, count);
			values[account] = chance_below(&c, 5000);
			largest_changed(&l, account);
		}
		memcpy(sorted, values, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), descending);
		largest_begin(w, &l);
		while (largest_next(w, &account))
			assert_int_equal(values[account], sorted[read++]);
		assert_int_equal(read, count < LARGEST_READ_MAX
					       ? count
					       : LARGEST_READ_MAX);
		largest_fini(&l);
	}
	free(w);
}

static void the_largest_accounts_are_known_by_stake_and_reputation(void **state)
{
	struct largest_walk *w = mem_alloc(sizeof(*w));
	struct test_net n;
	uint32_t account;

	(void)state;
	net_init(&n, NULL);
	for (uint32_t i = 0; i < 50; i++)
		net_account(&n, i, 1000 - 3 * i);
	governance_largest(n.g, w, UNIT_STAKE);
	for (uint32_t i = 50; i-- > 0;) {
		assert_true(largest_next(w, &account));
		assert_int_equal(account, i);
	}
	assert_false(largest_next(w, &account));
	governance_largest(n.g, w, UNIT_REPUTATION);
	for (uint32_t i = 0; i < 50; i++) {
		assert_true(largest_next(w, &account));
		assert_int_equal(account, i);
	}
	free(w);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test(f)
		TEST(every_list_is_that_of_a_sort_in_random_worlds),
		TEST(a_ballot_moves_its_proposal_in_the_order_of_turnout),
		TEST(a_page_of_100_costs_no_more_among_many_than_among_few),
		TEST(what_is_taken_out_is_in_no_list),
		TEST(the_largest_come_as_sorted_after_any_changes),
		TEST(the_largest_accounts_are_known_by_stake_and_reputation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
