/* Records: each change once, the same state after reading them back, and no
 * crash on damage. Histories are random; the seed is printed. */
#include "governance_fixture.h"

#include "governance/deadlines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void genesis_accounts_are_flushed_once(void **state)
{
	struct governance_key key;
	struct map map = {0};
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 3);
	assert_int_equal(map_flush(&map, n.g), 5);
	assert_int_equal(map.count, 5);
	assert_int_equal(map_flush(&map, n.g), 0);
	governance_key_account(&key, 1);
	assert_memory_equal(key.data, "A\0\0\0\1", 5);
	assert_int_equal(key.size, 5);
	assert_int_equal(map_find(&map, key.data, key.size)->size, 48);
	governance_key_public_key(&key, &governance_account(n.g, 1)->key);
	assert_memory_equal(map_find(&map, key.data, key.size)->value,
			    "\0\0\0\1", 4);
	map_fini(&map);
	net_fini(&n);
}

static void a_block_emits_what_changed_once(void **state)
{
	struct ballot_record ballot;
	struct governance_key key;
	struct map map = {0};
	struct bytes title, description, reason;
	struct test_net n;
	struct map_record *r;

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 5000, 0);
	net_account(&n, 10, 3);
	map_flush(&map, n.g);
	net_submit(&n, 0, TYPE_EMERGENCY, true, NULL);
	net_amend(&n, 0, 1, "Final", "words");
	net_publish(&n, 0, 1);
	assert_int_equal(map_flush(&map, n.g), 3); /* X, P, G */
	governance_key_texts(&key, 1);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(texts_record_read(&title, &description,
					   (struct bytes){r->value, r->size}),
			 ERR_OK);
	assert_int_equal(title.size, 5);
	assert_memory_equal(title.data, "Final", 5);
	assert_memory_equal(description.data, "words", 5);

	net_sleep(&n, 1);
	assert_int_equal(map_flush(&map, n.g), 2); /* P, G: opened */
	for (uint32_t i = 0; i < 3; i++) {
		const struct ballot b = {.proposal = 1,
					 .choice = CHOICE_FOR,
					 .reason =
						 text_of(i == 1 ? "why" : "")};
		const struct payload vote = {.kind = PAYLOAD_VOTE,
					     .vote = {&b, 1}};

		if (i < 2)
			assert_int_equal(net_apply(&n, 1, &vote, NULL), ERR_OK);
		else
			assert_int_equal(net_apply(&n, 0, &vote, NULL), ERR_OK);
	}
	assert_int_equal(map_flush(&map, n.g), 3); /* two B and P */
	governance_key_ballot(&key, 1, 1);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(
		ballot_record_read(&ballot, (struct bytes){r->value, r->size}),
		ERR_OK);
	assert_int_equal(ballot.changes, 1);
	assert_int_equal(ballot.position, 0);
	assert_int_equal(ballot.height, n.height);
	assert_int_equal(ballot.reason.size, 3);
	assert_memory_equal(ballot.reason.data, "why", 3);

	net_submit(&n, 0, TYPE_STANDARD, false, NULL);
	net_cancel(&n, 0, 2, "a mistake");
	assert_int_equal(map_flush(&map, n.g), 4); /* X, P, R, G */
	governance_key_reason(&key, 2);
	r = map_find(&map, key.data, key.size);
	assert_int_equal(
		reason_record_read(&reason, (struct bytes){r->value, r->size}),
		ERR_OK);
	assert_memory_equal(reason.data, "a mistake", 9);
	map_fini(&map);
	net_fini(&n);
}

/* ---- Random histories ---- */

#define ACCOUNTS 12

struct world {
	struct test_net n;
	struct map map; /* everything flushed so far */
};

static void world_init(struct world *w, struct chance *c)
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
	net_init(&w->n, &params);
	for (int i = 0; i < ACCOUNTS; i++)
		net_account(&w->n, (uint64_t)chance_below(c, 4) * 4000,
			    chance_below(c, 3) * 10);
	map_flush(&w->map, w->n.g);
}

static void world_fini(struct world *w)
{
	map_fini(&w->map);
	net_fini(&w->n);
}

/* A transaction out of small ranges, so that much of it is refused. */
struct random_tx {
	struct payload payload;
	struct ballot ballots[4];
	char title[8];
	struct governance_context ctx;
};

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

static void random_payload(struct random_tx *tx, struct chance *c,
			   const struct governance *g)
{
	struct payload *p = &tx->payload;

	tx->title[0] = (char)('a' + chance_below(c, 26));
	tx->title[1] = chance_below(c, 20) ? '.' : '\n';
	p->kind = (enum payload_kind)(PAYLOAD_SUBMIT + chance_below(c, 20));
	if (p->kind == PAYLOAD_SUBMIT || p->kind == PAYLOAD_SUBMIT + 6) {
		p->kind = PAYLOAD_SUBMIT;
		p->submit.type = 1 + chance_below(c, 8);
		p->submit.draft = chance_below(c, 3) == 0;
		p->submit.title = text_of(tx->title);
	} else if (p->kind == PAYLOAD_PUBLISH) {
		p->publish.proposal = random_number(c, g, STATE_DRAFT);
	} else if (p->kind == PAYLOAD_AMEND) {
		p->amend.proposal = random_number(c, g, STATE_DRAFT);
		p->amend.title = text_of(tx->title);
	} else if (p->kind == PAYLOAD_CANCEL) {
		p->cancel.proposal = random_number(c, g, STATE_SUBMITTED);
		p->cancel.reason = random_reason(c);
	} else if (p->kind != PAYLOAD_VOTE + 1) { /* 15 is no payload */
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
				       : chance_below(c, ACCOUNTS);
}

static void random_tx(struct random_tx *tx, struct chance *c,
		      struct test_net *n)
{
	memset(tx, 0, sizeof(*tx));
	random_payload(tx, c, n->g);
	tx->ctx.account = random_account(c, n->g, &tx->payload);
	tx->ctx.nonce = n->nonce++ ^ chance_below(c, 4);
	tx->ctx.height = n->height;
	tx->ctx.time_ms = n->time_ms;
}

static void assert_same_view(const struct governance *a,
			     const struct governance *b)
{
	uint32_t count = governance_proposal_count(a);

	assert_int_equal(count, governance_proposal_count(b));
	assert_int_equal(governance_open_count(a), governance_open_count(b));
	assert_int_equal(governance_opened_count(a),
			 governance_opened_count(b));
	assert_int_equal(governance_next_deadline_ms(a),
			 governance_next_deadline_ms(b));
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		const struct governance_account *x = governance_account(a, i),
						*y = governance_account(b, i);

		assert_int_equal(x->voted, y->voted);
		assert_int_equal(x->open, y->open);
		assert_int_equal(x->drafts, y->drafts);
		assert_int_equal(x->eligible, y->eligible);
		assert_int_equal(x->power.quadratic, y->power.quadratic);
	}
	for (uint32_t p = 1; p <= count; p++) {
		uint32_t ballots = governance_ballot_count(a, p);

		assert_int_equal(ballots, governance_ballot_count(b, p));
		for (uint32_t i = 0; i < ballots; i++) {
			const struct governance_ballot
				*x = governance_ballot_at(a, p, i),
				*y = governance_ballot_at(b, p, i);

			assert_int_equal(x->account, y->account);
			assert_int_equal(x->choice, y->choice);
			assert_int_equal(x->changes, y->changes);
			assert_int_equal(x->nonce, y->nonce);
			assert_int_equal(x->height, y->height);
		}
	}
}

static void random_sleep(struct chance *c, struct test_net *n)
{
	net_sleep(n, chance_below(c, 30) ? chance_below(c, 1500)
					 : chance_below(c, 700000));
}

static void a_reloaded_state_goes_on_in_lockstep(void **state)
{
	uint32_t accepted = 0, refused = 0;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_RELOAD_SEED", 21);
	for (int round = 0; round < 30; round++) {
		struct governance *copy = NULL;
		struct map copied = {0};
		struct world w;

		world_init(&w, &c);
		for (int block = 0; block < 120; block++) {
			random_sleep(&c, &w.n);
			if (copy)
				governance_advance(copy, w.n.height,
						   w.n.time_ms);
			for (int i = 0; i < 6; i++) {
				struct random_tx tx;
				enum err err;
				uint32_t x = 77, y = 77;

				random_tx(&tx, &c, &w.n);
				err = governance_apply(w.n.g, &x, &tx.ctx,
						       &tx.payload, NULL);
				accepted += err == ERR_OK;
				refused += err != ERR_OK;
				if (!copy)
					continue;
				assert_int_equal(
					err,
					governance_apply(copy, &y, &tx.ctx,
							 &tx.payload, NULL));
				assert_int_equal(x, y);
			}
			map_flush(&w.map, w.n.g);
			if (copy) {
				map_flush(&copied, copy);
				map_assert_equal(&copied, &w.map);
				assert_same_view(copy, w.n.g);
			}
			if (block % 30 != 10)
				continue;
			/* A restart: from the records alone. */
			governance_free(&copy);
			map_fini(&copied);
			copy = map_load(&w.map, w.n.g);
			assert_same_view(copy, w.n.g);
			for (size_t i = 0; i < w.map.count; i++)
				map_put(&copied,
					(struct bytes){w.map.list[i].key,
						       w.map.list[i].key_size},
					(struct bytes){w.map.list[i].value,
						       w.map.list[i].size});
			assert_int_equal(map_flush(&copied, copy), 0);
		}
		governance_free(&copy);
		map_fini(&copied);
		world_fini(&w);
	}
	printf("%u accepted, %u refused\n", accepted, refused);
	/* Both happen often, or the test says little. */
	assert_true(accepted > 3000 && refused > 3000);
}

static void what_is_refused_changes_no_record(void **state)
{
	uint32_t refused = 0;
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_REFUSED_SEED", 22);
	world_init(&w, &c);
	for (int i = 0; i < 6000; i++) {
		struct random_tx tx;
		size_t events, before;
		uint32_t number = 77;
		enum err checked;

		if (chance_below(&c, 4) == 0)
			random_sleep(&c, &w.n);
		random_tx(&tx, &c, &w.n);
		map_flush(&w.map, w.n.g);
		governance_events(w.n.g, &before);
		checked = governance_check(w.n.g, &tx.ctx, &tx.payload, NULL);
		assert_int_equal(map_flush(&w.map, w.n.g), 0);
		assert_int_equal(governance_apply(w.n.g, &number, &tx.ctx,
						  &tx.payload, NULL),
				 checked);
		governance_events(w.n.g, &events);
		if (checked == ERR_OK) {
			assert_true(map_flush(&w.map, w.n.g) > 0);
			assert_true(events > before);
			continue;
		}
		refused++;
		assert_int_equal(events, before);
		assert_int_equal(number, 77);
		assert_int_equal(map_flush(&w.map, w.n.g), 0);
	}
	assert_in_range(refused, 1000, 5500);
	world_fini(&w);
}

/* The running tally against all ballots added up, and the outcome with it. */
static void running_tallies_equal_a_batch_over_all_ballots(void **state)
{
	uint32_t ballots = 0, passed = 0, rejected = 0;
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_BATCH_SEED", 23);
	for (int round = 0; round < 20; round++) {
		struct world w;

		world_init(&w, &c);
		for (int i = 0; i < 1500; i++) {
			struct random_tx tx;

			if (chance_below(&c, 8) == 0)
				net_sleep(&w.n, chance_below(&c, 1500));
			random_tx(&tx, &c, &w.n);
			if (governance_apply(w.n.g, NULL, &tx.ctx, &tx.payload,
					     NULL) != ERR_OK)
				continue;
		}
		for (uint32_t p = 1; p <= governance_proposal_count(w.n.g);
		     p++) {
			const struct proposal *proposal =
				governance_proposal(w.n.g, p);
			unsigned __int128 weight[CHOICES + 1] = {0};
			struct tally_result r;

			for (uint32_t b = 0;
			     b < governance_ballot_count(w.n.g, p); b++) {
				const struct governance_ballot *ballot =
					governance_ballot_at(w.n.g, p, b);

				weight[ballot->choice] +=
					governance_ballot_weight(
						w.n.g, proposal,
						ballot->account);
				ballots++;
			}
			governance_evaluate(w.n.g, &r, proposal);
			for (size_t k = 0; k < CHOICES; k++)
				assert_true(r.weight[k] == weight[k + 1]);
			if (proposal->state == STATE_PASSED)
				assert_true(r.would_pass && ++passed);
			if (proposal->state == STATE_REJECTED)
				assert_true(!r.would_pass && ++rejected);
		}
		world_fini(&w);
	}
	assert_true(ballots > 1000 && passed > 10 && rejected > 10);
}

/* ---- Damage ---- */

static void some_history(struct world *w, struct chance *c)
{
	world_init(w, c);
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
	assert_int_equal(map_try_load(&w->map, w->n.g), ERR_OK);
}

static void a_missing_record_is_noticed(void **state)
{
	struct chance c;
	struct world w;

	(void)state;
	chance_init(&c, "GOVERNANCE_MISSING_SEED", 24);
	some_history(&w, &c);
	for (size_t i = 0; i < w.map.count; i++) {
		struct map_record r = w.map.list[i];

		/* A reason may be absent: many give none. */
		if (r.key[0] == RECORD_REASON)
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
	some_history(&w, &c);
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
	some_history(&w, &c);
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
		if (r->key[0] == RECORD_ACCOUNT ||
		    r->key[0] == RECORD_PUBLIC_KEY ||
		    r->key[0] == RECORD_TEXTS || r->key[0] == RECORD_GLOBALS)
			assert_int_equal(err, ERR_DATA_DAMAGED);
	}
	assert_true(noticed > rounds / 2);
	world_fini(&w);
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
	governance_params_default(&params);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct governance *g = governance_new(&test_genesis, &params);
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

	(void)state;
	net_init(&n, NULL);
	net_account(&n, 1, 0);
	net_account(&n, 1, 0);
	map_flush(&map, n.g);
	governance_params_default(&params);
	g = governance_new(&test_genesis, &params);
	key = (struct bytes){map.list[0].key, map.list[0].key_size};
	value = (struct bytes){map.list[0].value, map.list[0].size};
	assert_int_equal(governance_load(g, key, value, NULL), ERR_OK);
	assert_int_equal(governance_load(g, key, value, NULL),
			 ERR_DATA_DAMAGED);
	governance_free(&g);
	g = governance_new(&test_genesis, &params);
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

/* ---- The heap of deadlines, against a plain list ---- */

static void the_first_deadline_is_the_least_of_all(void **state)
{
	uint64_t times[40] = {0}; /* by number; 0: none */
	struct deadlines d = {0};
	struct chance c;

	(void)state;
	chance_init(&c, "GOVERNANCE_DEADLINE_SEED", 27);
	for (int i = 0; i < 20000; i++) {
		uint32_t number = 1 + chance_below(&c, 39), best = 0;
		struct deadline first;
		bool some;

		if (chance_below(&c, 2)) {
			times[number] = 1 + chance_below(&c, 50);
			deadlines_set(&d, number, times[number]);
		} else {
			times[number] = 0;
			deadlines_clear(&d, number);
		}
		for (uint32_t k = 1; k < 40; k++)
			if (times[k] && (!best || times[k] < times[best]))
				best = k;
		some = deadlines_first(&d, &first);
		assert_int_equal(some, best != 0);
		if (some) {
			assert_int_equal(first.number, best);
			assert_int_equal(first.time_ms, times[best]);
		}
	}
	deadlines_clear(&d, 1000000);
	deadlines_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genesis_accounts_are_flushed_once),
		cmocka_unit_test(a_block_emits_what_changed_once),
		cmocka_unit_test(a_reloaded_state_goes_on_in_lockstep),
		cmocka_unit_test(what_is_refused_changes_no_record),
		cmocka_unit_test(
			running_tallies_equal_a_batch_over_all_ballots),
		cmocka_unit_test(a_missing_record_is_noticed),
		cmocka_unit_test(a_record_cut_short_or_grown_is_noticed),
		cmocka_unit_test(a_flipped_bit_is_noticed_or_harmless),
		cmocka_unit_test(keys_are_strict),
		cmocka_unit_test(records_come_in_ascending_order),
		cmocka_unit_test(another_network_s_records_are_refused),
		cmocka_unit_test(the_first_deadline_is_the_least_of_all),
	};

	return cmocka_run_group_tests_name("governance records", tests, NULL,
					   NULL);
}
