/* Making and ending delegations: what stands afterwards, what is refused, what
 * snapshots see, and the records. Who carries what is test_governance_carry. */
#include "governance_world.h"

#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FULL	      DELEGATION_FULL
#define CONDITIONAL   DELEGATION_CONDITIONAL
#define LIMITED	      DELEGATION_LIMITED
#define NOBODY_AT_ALL UINT32_MAX

#define BIT(type) (1u << ((type)-1))

static void net_init_many(struct test_net *n, uint32_t count)
{
	struct governance_params params;

	net_params(&params);
	params.value[PARAM_DELEGATION_MAX_PER_EPOCH] = 50;
	net_init(n, &params);
	for (uint32_t i = 0; i < count; i++)
		net_account(n, 50000, 0);
}

/* What account 0 has, as one line: kind, target, types or amount in tokens. */
static void assert_stand(const struct test_net *n, const char *expected)
{
	struct governance_delegation list[LIMIT_DELEGATIONS];
	uint32_t count = governance_delegations(n->g, list, 0);
	char text[512] = "";

	for (uint32_t i = 0; i < count; i++) {
		const struct governance_delegation *d = &list[i];
		char *at = text + strlen(text);
		size_t room = sizeof(text) - strlen(text);

		if (d->kind == FULL)
			snprintf(at, room, "[%u full %d]", d->serial,
				 (int)d->target);
		else if (d->kind == CONDITIONAL)
			snprintf(at, room, "[%u cond %d %x]", d->serial,
				 (int)d->target, d->types);
		else
			snprintf(at, room, "[%u lim %d %u]", d->serial,
				 (int)d->target, (unsigned)(d->amount / TOKEN));
		assert_int_equal(d->principal, 0);
	}
	assert_string_equal(text, expected);
}

static void a_new_full_one_takes_the_place_of_the_old(void **state)
{
	struct test_net n;

	(void)state;
	net_init_many(&n, 4);
	assert_int_equal(net_delegate(&n, 0, FULL, 1, 0, 0), ERR_OK);
	assert_stand(&n, "[1 full 1]");
	assert_int_equal(net_delegate(&n, 0, FULL, 2, 0, 0), ERR_OK);
	assert_stand(&n, "[2 full 2]");
	assert_int_equal(governance_received_count(n.g, 1), 0);
	assert_int_equal(governance_received_count(n.g, 2), 1);
	net_fini(&n);
}

static void a_type_belongs_to_one_conditional_delegation(void **state)
{
	struct test_net n;

	(void)state;
	net_init_many(&n, 5);
	assert_int_equal(net_delegate(&n, 0, CONDITIONAL, 1, 0x0f, 0), ERR_OK);
	assert_int_equal(net_delegate(&n, 0, FULL, 4, 0, 0), ERR_OK);
	assert_int_equal(net_delegate(&n, 0, CONDITIONAL, 2, 0x50, 0), ERR_OK);
	assert_stand(&n, "[1 cond 1 f][2 full 4][3 cond 2 50]");
	/* Takes 8 from the first and 10 from the second; both rests are new. */
	assert_int_equal(net_delegate(&n, 0, CONDITIONAL, 3, 0x48, 0), ERR_OK);
	assert_stand(&n, "[2 full 4][4 cond 1 7][5 cond 2 10][6 cond 3 48]");
	/* An opt-out takes the last type of one away. */
	assert_int_equal(
		net_delegate(&n, 0, CONDITIONAL, NOBODY_AT_ALL, 0x10, 0),
		ERR_OK);
	assert_stand(&n, "[2 full 4][4 cond 1 7][6 cond 3 48][7 cond -1 10]");
	net_fini(&n);
}

static void the_rest_of_a_cut_delegation_keeps_its_expiry(void **state)
{
	struct governance_delegation list[LIMIT_DELEGATIONS];
	struct test_net n;

	(void)state;
	net_init_many(&n, 3);
	net_delegate(&n, 0, CONDITIONAL, 1, 3, T0 + 1000);
	net_delegate(&n, 0, CONDITIONAL, 2, 1, 0);
	assert_int_equal(governance_delegations(n.g, list, 0), 2);
	assert_int_equal(list[0].types, 2);
	assert_true(list[0].expires_ms == T0 + 1000);
	assert_true(list[1].expires_ms == 0);
	net_fini(&n);
}

static void there_is_one_limited_delegation_a_delegate(void **state)
{
	struct test_net n;

	(void)state;
	net_init_many(&n, 4);
	net_delegate(&n, 0, LIMITED, 1, 100, 0);
	net_delegate(&n, 0, LIMITED, 2, 200, 0);
	net_delegate(&n, 0, LIMITED, 1, 300, 0);
	/* Made anew, it is the youngest: what is clipped is its. */
	assert_stand(&n, "[2 lim 2 200][3 lim 1 300]");
	net_fini(&n);
}

static void clearing_ends_some_or_all(void **state)
{
	const uint32_t serials[] = {1, 3}, twice[] = {2, 2}, none[] = {2, 9};
	struct payload payload = {.kind = PAYLOAD_UNDELEGATE,
				  .undelegate = {serials, 2}};
	struct test_net n;

	(void)state;
	net_init_many(&n, 6);
	assert_int_equal(net_undelegate(&n, 0, 0), ERR_UNKNOWN_DELEGATION);
	for (uint32_t i = 1; i <= 4; i++)
		net_delegate(&n, 0, LIMITED, i, i, 0);
	assert_int_equal(net_apply(&n, 0, &payload, NULL), ERR_OK);
	assert_stand(&n, "[2 lim 2 2][4 lim 4 4]");
	assert_int_equal(net_apply(&n, 0, &payload, NULL),
			 ERR_UNKNOWN_DELEGATION);
	payload.undelegate.serials = twice;
	assert_int_equal(net_apply(&n, 0, &payload, NULL), ERR_MALFORMED);
	payload.undelegate.serials = none;
	assert_int_equal(net_apply(&n, 0, &payload, NULL),
			 ERR_UNKNOWN_DELEGATION);
	payload.undelegate.count = LIMIT_DELEGATIONS + 1;
	assert_int_equal(net_apply(&n, 0, &payload, NULL), ERR_TOO_LARGE);
	assert_stand(&n, "[2 lim 2 2][4 lim 4 4]");
	assert_int_equal(net_undelegate(&n, 1, 2), ERR_UNKNOWN_DELEGATION);
	assert_int_equal(net_undelegate(&n, 0, 0), ERR_OK);
	assert_stand(&n, "");
	assert_int_equal(governance_received_count(n.g, 4), 0);
	/* A serial never comes back. */
	net_delegate(&n, 0, FULL, 1, 0, 0);
	assert_stand(&n, "[5 full 1]");
	net_fini(&n);
}

static void what_does_not_go_together_is_refused(void **state)
{
	static const struct {
		const char *name;
		uint32_t kind;
		uint32_t target; /* 7: no account; UINT32_MAX: nobody */
		uint32_t types;
		uint64_t amount;
		uint64_t expires_ms;
		enum err err;
	} cases[] = {
		{"full", 1, 1, 0, 0, 0, ERR_OK},
		{"no kind", 0, 1, 0, 0, 0, ERR_MALFORMED},
		{"kind 4", 4, 1, 0, 0, 0, ERR_MALFORMED},
		{"full to nobody", 1, UINT32_MAX, 0, 0, 0, ERR_MALFORMED},
		{"full with types", 1, 1, 1, 0, 0, ERR_MALFORMED},
		{"full with an amount", 1, 1, 0, 1, 0, ERR_MALFORMED},
		{"full to itself", 1, 0, 0, 0, 0, ERR_MALFORMED},
		{"full to a stranger", 1, 7, 0, 0, 0, ERR_UNKNOWN_ACCOUNT},
		{"conditional", 2, 1, 0x7f, 0, 0, ERR_OK},
		{"opt-out", 2, UINT32_MAX, 1, 0, 0, ERR_OK},
		{"conditional on nothing", 2, 1, 0, 0, 0, ERR_MALFORMED},
		{"conditional on type 8", 2, 1, 0x80, 0, 0, ERR_MALFORMED},
		{"conditional with amount", 2, 1, 1, 1, 0, ERR_MALFORMED},
		{"limited", 3, 1, 0, 1, 0, ERR_OK},
		{"limited to the most", 3, 1, 0, UINT64_MAX, 0, ERR_OK},
		{"limited to nothing", 3, 1, 0, 0, 0, ERR_MALFORMED},
		{"limited to nobody", 3, UINT32_MAX, 0, 1, 0, ERR_MALFORMED},
		{"limited with types", 3, 1, 1, 1, 0, ERR_MALFORMED},
		{"limited to itself", 3, 0, 0, 1, 0, ERR_MALFORMED},
		{"expired now", 1, 1, 0, 0, T0, ERR_MALFORMED},
		{"expires next", 1, 1, 0, 0, T0 + 1, ERR_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct payload payload = {
			.kind = PAYLOAD_DELEGATE,
			.delegate = {.kind = cases[i].kind,
				     .has_target =
					     cases[i].target != UINT32_MAX,
				     .types = cases[i].types,
				     .amount = cases[i].amount,
				     .expires_ms = cases[i].expires_ms},
		};
		struct test_net n;
		enum err err;

		net_init_many(&n, 3);
		test_key(&payload.delegate.target, cases[i].target);
		err = net_apply(&n, 0, &payload, NULL);
		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].name, error_name(err));
		assert_int_equal(governance_received_count(n.g, 1),
				 err == ERR_OK && cases[i].target == 1);
		net_fini(&n);
	}
}

static void sixteen_stand_and_no_more(void **state)
{
	struct test_net n;

	(void)state;
	net_init_many(&n, 20);
	for (uint32_t i = 1; i <= LIMIT_DELEGATIONS; i++)
		assert_int_equal(net_delegate(&n, 0, LIMITED, i, 1, T0 + 500),
				 ERR_OK);
	assert_int_equal(net_delegate(&n, 0, LIMITED, 17, 1, 0),
			 ERR_TOO_MANY_DELEGATIONS);
	/* What takes another's place needs no room. */
	assert_int_equal(net_delegate(&n, 0, LIMITED, 9, 1, T0 + 500), ERR_OK);
	assert_int_equal(net_delegate(&n, 0, FULL, 9, 0, 0),
			 ERR_TOO_MANY_DELEGATIONS);
	/* Nor does what expired take any. */
	net_block(&n, T0 + 499);
	assert_int_equal(net_delegate(&n, 0, FULL, 9, 0, 0),
			 ERR_TOO_MANY_DELEGATIONS);
	net_block(&n, T0 + 500);
	assert_int_equal(net_delegate(&n, 0, FULL, 9, 0, 0), ERR_OK);
	assert_stand(&n, "[18 full 9]");
	assert_int_equal(governance_received_count(n.g, 9), 1);
	net_fini(&n);
}

static void an_epoch_has_room_for_so_many_new_ones(void **state)
{
	struct governance *copy;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init_many(&n, 3);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(net_delegate(&n, 0, FULL, 1 + i % 2, 0, 0),
				 ERR_OK);
	assert_int_equal(net_delegate(&n, 0, FULL, 1, 0, 0),
			 ERR_DELEGATION_RATE);
	assert_int_equal(net_delegate(&n, 1, FULL, 0, 0, 0), ERR_OK);
	/* Also after a restart. Taking back is never limited. */
	map_flush(&map, n.g);
	copy = map_load(&map, n.g);
	governance_free(&n.g);
	n.g = copy;
	net_block(&n, T0 + MS_DAY - 1);
	assert_int_equal(net_delegate(&n, 0, FULL, 1, 0, 0),
			 ERR_DELEGATION_RATE);
	assert_int_equal(net_undelegate(&n, 0, 0), ERR_OK);
	net_block(&n, T0 + MS_DAY);
	assert_int_equal(net_delegate(&n, 0, FULL, 1, 0, 0), ERR_OK);
	map_fini(&map);
	net_fini(&n);
}

/* A vote opens before each change, so each sees another delegation. */
static void open_votes_bound_how_much_is_kept(void **state)
{
	struct governance_params params;
	struct test_net n;
	uint32_t made = 0;

	(void)state;
	net_params(&params);
	params.value[PARAM_PROPOSAL_MAX_OPEN] = 100;
	params.value[PARAM_DELEGATION_MAX_PER_EPOCH] = 1000;
	net_init(&n, &params);
	for (uint32_t i = 0; i < 3; i++)
		net_account(&n, 50000, 0);
	/* Not seen by any vote, so kept for none. */
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(net_delegate(&n, 0, FULL, 1 + i % 2, 0, 0),
				 ERR_OK);
	do
		net_open(&n, 1, TYPE_EMERGENCY);
	while (net_delegate(&n, 0, FULL, 1 + made % 2, 0, 0) == ERR_OK &&
	       ++made < 100);
	assert_int_equal(made, EDGES_KEPT_MAX - 1);
	assert_int_equal(net_delegate(&n, 0, FULL, 1, 0, 0),
			 ERR_TOO_MANY_DELEGATIONS);
	/* Taking back is never refused. */
	assert_int_equal(net_undelegate(&n, 0, 0), ERR_OK);
	/* The first vote ends, and one more finds room. */
	net_finish(&n, 1);
	assert_int_equal(net_delegate(&n, 0, FULL, 1, 0, 0), ERR_OK);
	net_fini(&n);
}

static void snapshots_see_what_stood_before_their_block(void **state)
{
	struct snapshot s = {.time_ms = T0};
	const struct edges *e;
	struct test_net n;

	(void)state;
	net_init_many(&n, 5);
	e = &n.g->edges;
	net_open(&n, 4, TYPE_CONSTITUTIONAL); /* keeps what ends later */
	s.height = n.height;
	net_delegate(&n, 0, FULL, 1, 0, 0);
	assert_int_equal(edges_effective(e, 0, TYPE_STANDARD, &s), EDGE_NONE);
	s.height++;
	assert_int_equal(
		e->pool[edges_effective(e, 0, TYPE_STANDARD, &s)].target, 1);
	net_sleep(&n, 1);
	net_open(&n, 4, TYPE_CONSTITUTIONAL);
	s.height = n.height;
	/* Ended and made again within one block: nobody sees the middle. */
	net_delegate(&n, 0, FULL, 2, 0, 0);
	net_delegate(&n, 0, FULL, 3, 0, 0);
	assert_int_equal(
		e->pool[edges_effective(e, 0, TYPE_STANDARD, &s)].target, 1);
	s.height++;
	assert_int_equal(
		e->pool[edges_effective(e, 0, TYPE_STANDARD, &s)].target, 3);
	assert_int_equal(governance_received_count(n.g, 2), 0);
	assert_int_equal(edges_owner(e, 2).first_in, EDGE_NONE);
	net_fini(&n);
}

static void the_effective_delegation_follows_type_and_time(void **state)
{
	struct snapshot s = {.height = 100, .time_ms = T0};
	const struct edges *e;
	struct test_net n;

	(void)state;
	net_init_many(&n, 6);
	e = &n.g->edges;
	net_delegate(&n, 0, LIMITED, 4, 10, 0);
	net_delegate(&n, 0, FULL, 1, 0, T0 + 300);
	net_delegate(&n, 0, CONDITIONAL, 2, BIT(TYPE_TREASURY), T0 + 200);
	net_delegate(&n, 0, CONDITIONAL, NOBODY_AT_ALL, BIT(TYPE_EMERGENCY),
		     T0 + 100);
#define TARGET(type) (e->pool[edges_effective(e, 0, TYPE_##type, &s)].target)
	assert_int_equal(TARGET(STANDARD), 1);
	assert_int_equal(TARGET(TREASURY), 2);
	assert_int_equal(TARGET(EMERGENCY), EDGE_NOBODY);
	s.time_ms = T0 + 99;
	assert_int_equal(TARGET(EMERGENCY), EDGE_NOBODY);
	s.time_ms = T0 + 100;
	assert_int_equal(TARGET(EMERGENCY), 1);
	assert_int_equal(TARGET(TREASURY), 2);
	s.time_ms = T0 + 200;
	assert_int_equal(TARGET(TREASURY), 1);
	s.time_ms = T0 + 300;
	assert_int_equal(edges_effective(e, 0, TYPE_TREASURY, &s), EDGE_NONE);
#undef TARGET
	net_fini(&n);
}

static void received_delegations_come_in_pages(void **state)
{
	struct governance_delegation page[4];
	uint32_t cursor = 0, pages = 0, seen = 0, count;
	bool met[12] = {false};
	struct test_net n;

	(void)state;
	net_init_many(&n, 12);
	for (uint32_t i = 1; i < 12; i++)
		net_delegate(&n, i, FULL, 0, 0, 0);
	net_undelegate(&n, 5, 0);
	do {
		count = governance_received(n.g, page, 4, 0, &cursor);
		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(page[i].target, 0);
			assert_false(met[page[i].principal]);
			met[page[i].principal] = true;
		}
		seen += count;
		pages++;
	} while (cursor != 0);
	assert_int_equal(seen, 10);
	assert_int_equal(pages, 3);
	assert_false(met[5]);
	cursor = 1000;
	assert_int_equal(governance_received(n.g, page, 4, 0, &cursor), 0);
	cursor = 1;
	assert_int_equal(governance_received(n.g, page, 4, 1, &cursor), 0);
	net_fini(&n);
}

/* Who took back during a vote stands in the way until it votes no more: a
 * reading looks at some thousand and says where to go on. */
static void a_reading_passes_over_so_many_ended_ones(void **state)
{
	enum { MANY = 5000 };
	struct governance_delegation page[4];
	uint32_t cursor = 0;
	struct test_net n;

	(void)state;
	net_init_many(&n, MANY);
	net_delegate(&n, 2, FULL, 0, 0, 0);
	for (uint32_t i = 3; i < MANY; i++)
		net_delegate(&n, i, FULL, 0, 0, 0);
	net_open(&n, 1, TYPE_TREASURY);
	for (uint32_t i = 3; i < MANY; i++)
		net_undelegate(&n, i, 0);
	net_delegate(&n, 1, FULL, 0, 0, 0);
	assert_int_equal(governance_received_count(n.g, 0), 2);
	assert_int_equal(governance_received(n.g, page, 4, 0, &cursor), 1);
	assert_int_equal(page[0].principal, 1);
	assert_int_not_equal(cursor, 0);
	assert_int_equal(governance_received(n.g, page, 4, 0, &cursor), 1);
	assert_int_equal(page[0].principal, 2);
	assert_int_equal(cursor, 0);
	net_fini(&n);
}

/* ---- Records ---- */

static void the_record_of_delegations_is_read_back(void **state)
{
	struct edges_record record;
	struct governance_key key;
	struct governance *copy;
	struct map map = {0};
	struct map_record *r;
	struct test_net n;

	(void)state;
	net_init_many(&n, 4);
	map_flush(&map, n.g);
	net_delegate(&n, 0, FULL, 1, 0, 0);
	net_delegate(&n, 0, LIMITED, 2, 7, T0 + 5);
	assert_int_equal(map_flush(&map, n.g), 3); /* D, G, W */
	net_delegate(&n, 0, CONDITIONAL, NOBODY_AT_ALL, 5, 0);
	assert_int_equal(map_flush(&map, n.g), 1); /* D */
	governance_key_edges(&key, 0);
	assert_memory_equal(key.data, "D\0\0\0\0", 5);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(
		edges_record_read(&record, (struct bytes){r->value, r->size}),
		ERR_OK);
	assert_int_equal(record.last_serial, 3);
	assert_int_equal(record.count, 3);
	assert_int_equal(record.edge[0].kind, FULL);
	assert_int_equal(record.edge[0].target, 1);
	assert_true(record.edge[0].from == n.height + 1);
	assert_true(record.edge[0].expires_ms == EDGE_FOREVER);
	assert_true(record.edge[1].amount == 7 * TOKEN);
	assert_true(record.edge[1].expires_ms == T0 + 5);
	assert_int_equal(record.edge[2].target, EDGE_NOBODY);
	assert_int_equal(record.edge[2].types, 5);
	assert_true(edge_is_alive(&record.edge[2]));
	copy = map_load(&map, n.g);
	governance_free(&n.g);
	n.g = copy;
	assert_stand(&n, "[1 full 1][2 lim 2 7][3 cond -1 5]");
	/* The serial of an account whose last delegation went is kept, too. */
	net_undelegate(&n, 0, 0);
	assert_int_equal(map_flush(&map, n.g), 1);
	copy = map_load(&map, n.g);
	governance_free(&n.g);
	n.g = copy;
	net_delegate(&n, 0, FULL, 1, 0, 0);
	assert_stand(&n, "[4 full 1]");
	map_fini(&map);
	net_fini(&n);
}

static const struct edge full = {.kind = FULL,
				 .target = 1,
				 .serial = 1,
				 .from = 1,
				 .until = EDGE_FOREVER,
				 .expires_ms = EDGE_FOREVER};

static void impossible_delegations_are_noticed(void **state)
{
#define LIKE(name, ...)                                                        \
	{                                                                      \
		name, 2, 2,                                                    \
		{                                                              \
			full,                                                  \
			{                                                      \
				__VA_ARGS__                                    \
			}                                                      \
		}                                                              \
	}
#define REST .from = 1, .until = EDGE_FOREVER, .expires_ms = EDGE_FOREVER
	const struct {
		const char *name;
		uint32_t last_serial;
		uint32_t count;
		struct edge edge[2];
	} cases[] = {
		LIKE("two full ones", .kind = FULL, .target = 2, .serial = 2,
		     REST),
		LIKE("to itself", .kind = LIMITED, .amount = 1, .serial = 2,
		     .target = 0, REST),
		LIKE("to no account", .kind = LIMITED, .amount = 1, .serial = 2,
		     .target = 3, REST),
		LIKE("full to nobody", .kind = FULL, .target = EDGE_NOBODY,
		     .serial = 2, REST),
		LIKE("limited to nothing", .kind = LIMITED, .target = 1,
		     .serial = 2, REST),
		LIKE("conditional on nothing", .kind = CONDITIONAL, .target = 1,
		     .serial = 2, REST),
		LIKE("full with types", .kind = FULL, .types = 1, .target = 1,
		     .serial = 2, .from = 1, .until = 2, .expires_ms = 9),
		LIKE("no kind", .kind = 0, .target = 1, .serial = 2, REST),
		LIKE("a serial twice", .kind = LIMITED, .amount = 1,
		     .target = 1, .serial = 1, REST),
		LIKE("a serial from the future", .kind = LIMITED, .amount = 1,
		     .target = 1, .serial = 3, REST),
		{"no serial at all", 0, 0, {full}},
	};
	struct governance_key key;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init_many(&n, 3);
	net_delegate(&n, 0, FULL, 1, 0, 0);
	map_flush(&map, n.g);
	governance_key_edges(&key, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct edges_record r = {.last_serial = cases[i].last_serial,
					 .count = cases[i].count};
		uint8_t value[256];
		struct writer w;

		memcpy(r.edge, cases[i].edge, sizeof(cases[i].edge));
		writer_init(&w, value, sizeof(value));
		edges_record_write(&w, &r);
		assert_false(w.bad);
		map_put(&map, (struct bytes){key.data, key.size},
			(struct bytes){value, w.size});
		if (map_try_load(&map, n.g) != ERR_DATA_DAMAGED)
			fail_msg("%s", cases[i].name);
	}
	map_fini(&map);
	net_fini(&n);
}

/* Sixteen may stand at a time; no snapshot sees more. */
static void more_than_a_snapshot_may_see_is_noticed(void **state)
{
	struct governance_key key;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init_many(&n, 40);
	net_delegate(&n, 0, FULL, 1, 0, 0);
	map_flush(&map, n.g);
	governance_key_edges(&key, 0);
	for (uint32_t count = 16; count <= 17; count++) {
		struct edges_record r = {.last_serial = count, .count = count};
		uint8_t value[1024];
		struct writer w;

		for (uint32_t i = 0; i < count; i++)
			r.edge[i] = (struct edge){.kind = LIMITED,
						  .target = 1 + i,
						  .serial = 1 + i,
						  .amount = 1,
						  .from = 5 + i,
						  .until = 60 - i,
						  .expires_ms = EDGE_FOREVER};
		writer_init(&w, value, sizeof(value));
		edges_record_write(&w, &r);
		map_put(&map, (struct bytes){key.data, key.size},
			(struct bytes){value, w.size});
		assert_int_equal(map_try_load(&map, n.g),
				 count == 16 ? ERR_OK : ERR_DATA_DAMAGED);
	}
	map_fini(&map);
	net_fini(&n);
}

/* Random changes against a list of what should stand, kept by hand. */
struct shadow {
	struct {
		uint32_t kind, target, types;
		uint64_t amount, expires_ms;
	} list[64];
	uint32_t count;
};

static void shadow_remove(struct shadow *s, uint32_t at)
{
	s->count--;
	memmove(&s->list[at], &s->list[at + 1],
		(s->count - at) * sizeof(s->list[0]));
}

static void shadow_delegate(struct shadow *s, const struct payload_delegate *d,
			    uint32_t target, uint64_t time_ms)
{
	uint32_t old = s->count;

	for (uint32_t i = 0; i < old;) {
		bool gone = s->list[i].expires_ms != 0 &&
			    s->list[i].expires_ms <= time_ms;
		bool rival =
			s->list[i].kind == d->kind &&
			(d->kind == FULL ||
			 (d->kind == LIMITED && s->list[i].target == target) ||
			 (d->types & s->list[i].types) != 0);

		if (!gone && !rival) {
			i++;
			continue;
		}
		if (!gone && (s->list[i].types & ~d->types) != 0) {
			s->list[s->count] = s->list[i];
			s->list[s->count++].types &= ~d->types;
		}
		shadow_remove(s, i);
		old--;
	}
	s->list[s->count].kind = d->kind;
	s->list[s->count].target = target;
	s->list[s->count].types = d->types;
	s->list[s->count].amount = d->amount;
	s->list[s->count++].expires_ms = d->expires_ms;
}

static void random_changes_leave_what_they_should(void **state)
{
	struct shadow shadow = {.count = 0};
	uint32_t accepted = 0, refused = 0;
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_DELEGATE_SEED", 31);
	world_init(&w, &c);
	for (int i = 0; i < 20000; i++) {
		struct governance_delegation list[LIMIT_DELEGATIONS];
		struct random_tx tx;
		uint32_t target = EDGE_NOBODY;
		enum err err;

		if (chance_below(&c, 6) == 0)
			net_sleep(&w.n, chance_below(&c, 1500));
		random_tx(&tx, &c, &w.n);
		if (tx.payload.kind != PAYLOAD_DELEGATE)
			continue;
		tx.ctx.account = 3;
		err = governance_apply(w.n.g, NULL, &tx.ctx, &tx.payload, NULL);
		accepted += err == ERR_OK;
		refused += err != ERR_OK;
		if (err != ERR_OK)
			continue;
		if (tx.payload.delegate.has_target)
			assert_true(governance_find_account(
				w.n.g, &target, &tx.payload.delegate.target));
		shadow_delegate(&shadow, &tx.payload.delegate, target,
				tx.ctx.time_ms);
		assert_int_equal(governance_delegations(w.n.g, list, 3),
				 shadow.count);
		for (uint32_t k = 0; k < shadow.count; k++) {
			assert_int_equal(list[k].kind, shadow.list[k].kind);
			assert_int_equal(list[k].target, shadow.list[k].target);
			assert_int_equal(list[k].types, shadow.list[k].types);
			assert_true(list[k].amount == shadow.list[k].amount);
			assert_true(list[k].expires_ms ==
				    shadow.list[k].expires_ms);
		}
	}
	assert_true(accepted > 300 && refused > 100);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_full_one_takes_the_place_of_the_old),
		cmocka_unit_test(a_type_belongs_to_one_conditional_delegation),
		cmocka_unit_test(the_rest_of_a_cut_delegation_keeps_its_expiry),
		cmocka_unit_test(there_is_one_limited_delegation_a_delegate),
		cmocka_unit_test(clearing_ends_some_or_all),
		cmocka_unit_test(what_does_not_go_together_is_refused),
		cmocka_unit_test(sixteen_stand_and_no_more),
		cmocka_unit_test(an_epoch_has_room_for_so_many_new_ones),
		cmocka_unit_test(open_votes_bound_how_much_is_kept),
		cmocka_unit_test(snapshots_see_what_stood_before_their_block),
		cmocka_unit_test(
			the_effective_delegation_follows_type_and_time),
		cmocka_unit_test(received_delegations_come_in_pages),
		cmocka_unit_test(a_reading_passes_over_so_many_ended_ones),
		cmocka_unit_test(the_record_of_delegations_is_read_back),
		cmocka_unit_test(impossible_delegations_are_noticed),
		cmocka_unit_test(more_than_a_snapshot_may_see_is_noticed),
		cmocka_unit_test(random_changes_leave_what_they_should),
	};

	return cmocka_run_group_tests_name("governance delegate", tests, NULL,
					   NULL);
}
