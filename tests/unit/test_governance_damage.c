/* Records that are damaged, missing, out of order or impossible: reading them
 * back is refused and never crashes. */
#include "governance_world.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* It says no more than its absence would: a reason, for many give none; what a
 * voter carries no longer; the actions that were taken out. */
static bool says_nothing(const struct map_record *r)
{
	static const uint8_t zeros[3];

	return r->key[0] == RECORD_REASON ||
	       (r->key[0] == RECORD_CARRIED && r->size == sizeof(zeros) &&
		memcmp(r->value, zeros, sizeof(zeros)) == 0) ||
	       (r->key[0] == RECORD_ACTIONS && r->size == 1);
}

static void a_missing_record_is_noticed(void **state)
{
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_MISSING_SEED", 24);
	world_init(&w, &c);
	world_live(&w, &c);
	assert_int_equal(map_try_load(&w.map, w.n.g), ERR_OK);
	for (size_t i = 0; i < w.map.count; i++) {
		struct map_record r = w.map.list[i];

		if (says_nothing(&r))
			continue;
		memmove(&w.map.list[i], &w.map.list[i + 1],
			(--w.map.count - i) * sizeof(r));
		if (map_try_load(&w.map, w.n.g) != ERR_DATA_DAMAGED)
			fail_msg("a record of kind %c", r.key[0]);
		memmove(&w.map.list[i + 1], &w.map.list[i],
			(w.map.count++ - i) * sizeof(r));
		w.map.list[i] = r;
	}
	world_fini(&w);
}

static void a_record_cut_short_or_grown_is_noticed(void **state)
{
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_CUT_SEED", 25);
	world_init(&w, &c);
	world_live(&w, &c);
	assert_int_equal(map_try_load(&w.map, w.n.g), ERR_OK);
	for (size_t i = 0; i < w.map.count; i++) {
		struct map_record *r = &w.map.list[i];
		uint8_t *grown = calloc(1, r->size + 1), *old = r->value;

		r->size--;
		assert_int_equal(map_try_load(&w.map, w.n.g), ERR_DATA_DAMAGED);
		memcpy(grown, r->value, r->size + 1);
		r->value = grown;
		r->size += 2;
		assert_int_equal(map_try_load(&w.map, w.n.g), ERR_DATA_DAMAGED);
		r->value = old;
		r->size--;
		free(grown);
	}
	world_fini(&w);
}

/* Whatever a flipped bit does, it never crashes; and where the state is not
 * free to differ, it is noticed. */
static void a_flipped_bit_is_noticed_or_harmless(void **state)
{
	uint32_t noticed = 0, rounds = 4000;
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_FLIP_SEED", 26);
	world_init(&w, &c);
	world_live(&w, &c);
	assert_int_equal(map_try_load(&w.map, w.n.g), ERR_OK);
	for (uint32_t i = 0; i < rounds; i++) {
		struct map_record *r =
			&w.map.list[chance_below(&c, (uint32_t)w.map.count)];
		uint32_t at = chance_below(&c, (uint32_t)(r->size * 8));
		uint8_t bit = (uint8_t)(1u << at % 8);
		enum err err;

		r->value[at / 8] ^= bit;
		err = map_try_load(&w.map, w.n.g);
		r->value[at / 8] ^= bit;
		assert_true(err == ERR_OK || err == ERR_DATA_DAMAGED);
		noticed += err != ERR_OK;
		/* Of accounts and globals times may differ, as far as records
		 * can tell. */
		if ((r->key[0] == RECORD_ACCOUNT &&
		     at < 8 * PUBLIC_KEY_BYTES) ||
		    r->key[0] == RECORD_PUBLIC_KEY || r->key[0] == RECORD_TEXTS)
			assert_int_equal(err, ERR_DATA_DAMAGED);
	}
	assert_true(noticed > rounds / 2);
	world_fini(&w);
}

/* ---- Records that are well formed and cannot be ---- */

static void lie_state(struct proposal *p)
{
	p->state = STATE_PASSED;
}

static void lie_reason(struct proposal *p)
{
	p->reason = REASON_BELOW_FLOOR;
}

static void lie_ended(struct proposal *p)
{
	p->ended_ms = 1;
}

static void lie_deadline(struct proposal *p)
{
	p->voting_end_ms = 0;
}

static void lie_proposer(struct proposal *p)
{
	p->proposer = 2;
}

static void lie_nobody(struct proposal *p)
{
	p->proposer = 7;
}

static void lie_type(struct proposal *p)
{
	p->type = TYPE_STANDARD;
}

static void lie_tokens(struct proposal *p)
{
	p->tally.choice[0].power.tokens++;
}

static void lie_voters(struct proposal *p)
{
	p->tally.choice[1].voters++;
}

static void lie_total(struct proposal *p)
{
	p->total.power.tokens = LIMIT_STAKE_TOTAL + 1;
}

static void lie_mechanism(struct proposal *p)
{
	p->rules.mechanism = (enum mechanism)0;
}

static void lie_quorum(struct proposal *p)
{
	p->rules.quorum_bp = 10001;
}

static void lie_unopened(struct proposal *p)
{
	p->state = STATE_SUBMITTED;
}

static void impossible_proposals_are_noticed(void **state)
{
	static const struct {
		const char *name;
		void (*lie)(struct proposal *p);
	} cases[] = {
		{"passed without an end", lie_state},
		{"reason while voting", lie_reason},
		{"ended while voting", lie_ended},
		{"voting without end", lie_deadline},
		{"id of another proposer", lie_proposer},
		{"unknown proposer", lie_nobody},
		{"id of another type", lie_type},
		{"tokens nobody cast", lie_tokens},
		{"a voter without ballot", lie_voters},
		{"total beyond the limit", lie_total},
		{"no mechanism", lie_mechanism},
		{"quorum above all", lie_quorum},
		{"ballots before voting", lie_unopened},
	};
	struct governance_key key;
	struct map map = {0};
	struct map_record *r;
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	for (int i = 0; i < 3; i++)
		net_account(&n, 5000, 0);
	net_open(&n, 0, TYPE_EMERGENCY);
	net_vote(&n, 1, 1, CHOICE_FOR);
	map_flush(&map, n.g);
	governance_key_proposal(&key, 1);
	r = map_find(&map, key.data, key.size);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proposal p = *governance_proposal(n.g, 1);
		struct writer w;

		writer_init(&w, r->value, r->size);
		cases[i].lie(&p);
		proposal_record_write(&w, &p);
		if (map_try_load(&map, n.g) != ERR_DATA_DAMAGED)
			fail_msg("%s", cases[i].name);
		writer_init(&w, r->value, r->size);
		proposal_record_write(&w, governance_proposal(n.g, 1));
		assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	}
	map_fini(&map);
	net_fini(&n);
}

/* With the record put under that key, by hand, reading is refused; the map
 * is as before then. */
static void assert_noticed(struct map *map, const struct test_net *n,
			   const char *key, size_t key_size, const void *value,
			   size_t size)
{
	const struct bytes name = {(const uint8_t *)key, key_size};
	struct map_record *there = map_find(map, key, key_size);
	size_t old_size = there ? there->size : 0;
	uint8_t *old = there ? mem_copy(there->value, old_size) : NULL;

	map_put(map, name, (struct bytes){value, size});
	assert_int_equal(map_try_load(map, n->g), ERR_DATA_DAMAGED);
	if (old) {
		map_put(map, name, (struct bytes){old, old_size});
	} else {
		size_t at;

		there = map_find(map, key, key_size);
		at = (size_t)(there - map->list);
		free(there->value);
		memmove(there, there + 1, (--map->count - at) * sizeof(*there));
	}
	free(old);
	assert_int_equal(map_try_load(map, n->g), ERR_OK);
}

/* The ballot and the tally tell the same lie. */
static void a_ballot_of_nobody_eligible_is_noticed(void **state)
{
	static const uint8_t key[] = "B\0\0\0\1\0\0\0\2";
	const struct ballot_record ballot = {.choice = CHOICE_FOR,
					     .position = 1};
	struct governance_key proposal_key;
	struct map_record *r;
	struct map map = {0};
	struct test_net n;
	struct proposal p;
	struct writer w;
	uint8_t value[64];

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 5000, 0);
	net_account(&n, 0, 0);
	net_open(&n, 0, TYPE_EMERGENCY);
	net_vote(&n, 0, 1, CHOICE_FOR);
	map_flush(&map, n.g);
	governance_key_proposal(&proposal_key, 1);
	r = map_find(&map, proposal_key.data, proposal_key.size);
	p = *governance_proposal(n.g, 1);
	p.tally.choice[0].voters++;
	writer_init(&w, r->value, r->size);
	proposal_record_write(&w, &p);
	writer_init(&w, value, sizeof(value));
	ballot_record_write(&w, &ballot);
	map_put(&map, (struct bytes){key, 9}, (struct bytes){value, w.size});
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	map_fini(&map);
	net_fini(&n);
}

static void records_of_nothing_are_noticed(void **state)
{
	const struct ballot_record twice = {.choice = CHOICE_FOR};
	const struct ballot_record elsewhere = {.choice = CHOICE_FOR,
						.position = 1};
	uint8_t value[64], zero[26] = {0};
	struct map map = {0};
	struct test_net n;
	struct writer w;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 5000, 0);
	net_account(&n, 0, 0);
	net_open(&n, 0, TYPE_EMERGENCY);
	net_vote(&n, 0, 1, CHOICE_FOR);
	map_flush(&map, n.g);
	writer_init(&w, value, sizeof(value));
	ballot_record_write(&w, &twice);
	assert_noticed(&map, &n, "B\0\0\0\1\0\0\0\1", 9, value, w.size);
	assert_noticed(&map, &n, "B\0\0\0\2\0\0\0\0", 9, value, w.size);
	assert_noticed(&map, &n, "B\0\0\0\0\0\0\0\0", 9, value, w.size);
	assert_noticed(&map, &n, "B\0\0\0\1\0\0\0\2", 9, value, w.size);
	assert_noticed(&map, &n, "B\0\0\0\1\0\0\0\0", 9, zero, 26);
	writer_init(&w, value, sizeof(value));
	ballot_record_write(&w, &elsewhere);
	assert_noticed(&map, &n, "B\0\0\0\1\0\0\0\0", 9, value, w.size);
	assert_noticed(&map, &n, "R\0\0\0\1", 5, "\0\0\0\1x", 5);
	assert_noticed(&map, &n, "X\0\0\0\1", 5, "\0\0\0\1x\0\0\0\0", 9);
	assert_noticed(&map, &n, "K0123456789abcdef0123456789abcdef", 33,
		       "\0\0\0\0", 4);
	net_finish(&n, 1);
	map_flush(&map, n.g);
	net_submit(&n, 0, TYPE_EMERGENCY, false, NULL);
	net_cancel(&n, 0, 2, "");
	map_flush(&map, n.g);
	assert_noticed(&map, &n, "R\0\0\0\2", 5, "\0\0\0\0", 4);
	assert_noticed(&map, &n, "R\0\0\0\2", 5, "\0\0\0\2x", 5);
	map_fini(&map);
	net_fini(&n);
}

static void keys_are_strict(void **state)
{
	static const struct {
		const char *name;
		const char *key;
		size_t size;
	} cases[] = {
		{"nothing", "", 0},
		{"another owner's", "N\0\0\0\0", 5},
		{"account key too short", "A\0\0\0", 4},
		{"account key too long", "A\0\0\0\0\0", 6},
		{"second account first", "A\0\0\0\1", 5},
		{"ballot of nobody", "B\0\0\0\1\0\0\0\0", 9},
		{"carried key too short", "C\0\0\0\1\0\0\0", 8},
		{"carried by too much", "C\0\0\0\1\0\0\0\0", 9},
		{"delegations of nobody", "D\0\0\0\0", 5},
		{"globals with more", "G\0", 2},
		{"unknown public key", "K0123456789abcdef0123456789abcdef", 33},
		{"public key too long", "K0123456789abcdef0123456789abcdefg",
		 34},
		{"proposal 0", "P\0\0\0\0", 5},
		{"proposal 2 first", "P\0\0\0\2", 5},
		{"reason of none", "R\0\0\0\1", 5},
		{"text of none", "X\0\0\0\1", 5},
	};
	const uint8_t value[48] = {0};
	struct governance_params params;

	(void)state;
	net_params(&params);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct governance *g =
			governance_new(&test_genesis, &params, T0);
		const struct bytes key = {(const uint8_t *)cases[i].key,
					  cases[i].size};
		struct err_text text;

		if (governance_load(g, key, (struct bytes){value, 48}, &text) !=
		    ERR_DATA_DAMAGED)
			fail_msg("%s", cases[i].name);
		governance_free(&g);
	}
	assert_true(governance_owns_key(text_of("A")));
	assert_true(governance_owns_key(text_of("X123")));
	assert_false(governance_owns_key(text_of("N123")));
	assert_false(governance_owns_key(text_of("")));
	assert_false(governance_owns_key((struct bytes){value, 1}));
}

static void records_come_in_ascending_order(void **state)
{
	struct governance_params params;
	struct governance *g;
	struct map map = {0};
	struct test_net n;
	struct bytes key, value;
	struct map_record swapped;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 1, 0);
	net_account(&n, 1, 0);
	map_flush(&map, n.g);
	net_params(&params);
	g = governance_new(&test_genesis, &params, T0);
	key = (struct bytes){map.list[0].key, map.list[0].key_size};
	value = (struct bytes){map.list[0].value, map.list[0].size};
	assert_int_equal(governance_load(g, key, value, NULL), ERR_OK);
	assert_int_equal(governance_load(g, key, value, NULL),
			 ERR_DATA_DAMAGED);
	governance_free(&g);
	/* Two public keys the wrong way round. */
	assert_int_equal(map.list[4].key[0], RECORD_PUBLIC_KEY);
	swapped = map.list[4];
	map.list[4] = map.list[5];
	map.list[5] = swapped;
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	g = governance_new(&test_genesis, &params, T0);
	assert_int_equal(governance_load_finish(g, NULL), ERR_DATA_DAMAGED);
	governance_free(&g);
	map_fini(&map);
	net_fini(&n);
}

static void another_network_s_records_are_refused(void **state)
{
	struct governance_params params;
	struct test_net n, other;
	struct map map = {0};

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	map_flush(&map, n.g);
	governance_params_fast(&params);
	net_init(&other, &params);
	assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	assert_int_equal(map_try_load(&map, other.g), ERR_DATA_DAMAGED);
	net_fini(&other);
	map_fini(&map);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_record_is_noticed),
		cmocka_unit_test(a_record_cut_short_or_grown_is_noticed),
		cmocka_unit_test(a_flipped_bit_is_noticed_or_harmless),
		cmocka_unit_test(impossible_proposals_are_noticed),
		cmocka_unit_test(a_ballot_of_nobody_eligible_is_noticed),
		cmocka_unit_test(records_of_nothing_are_noticed),
		cmocka_unit_test(keys_are_strict),
		cmocka_unit_test(records_come_in_ascending_order),
		cmocka_unit_test(another_network_s_records_are_refused),
	};

	return cmocka_run_group_tests_name("governance damage", tests, NULL,
					   NULL);
}
