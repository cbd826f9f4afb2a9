/* Actions: their form, the table of types, their layout, and the proposals
 * that carry them. */
#include "action_samples.h"
#include "governance_fixture.h"

#include "base/arena.h"
#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static enum err form_of(const struct action *a)
{
	const struct action_list list = {a, 1};

	return actions_check_form(&list, NULL);
}

static void names_and_kinds_belong_together(void **state)
{
	(void)state;
	for (uint32_t k = 1; k <= ACTION_KINDS; k++)
		assert_int_equal(action_kind_from_name(action_kind_name(k)), k);
	for (uint32_t k = 1; k <= CONTRIBUTIONS; k++)
		assert_int_equal(contribution_from_name(contribution_name(k)),
				 k);
	assert_null(action_kind_name(0));
	assert_null(action_kind_name(ACTION_KINDS + 1));
	assert_int_equal(action_kind_from_name("dance"), 0);
	assert_null(contribution_name(0));
	assert_null(contribution_name(CONTRIBUTIONS + 1));
	assert_int_equal(contribution_from_name("luck"), 0);
}

/* SPEC governance 11. Rows by kind, columns by type: standard, technical,
 * emergency, constitutional, treasury, parameter, crosschain. */
static void each_type_contains_what_its_row_says(void **state)
{
	static const struct {
		const char *name;
		enum action_kind kind;
		const char *key;
		bool value;
		const char *types;
	} ROWS[] = {
		{"text", ACTION_TEXT, NULL, false, "yynyyyy"},
		{"reputation", ACTION_REPUTATION, NULL, false, "yynyyyy"},
		{"a global", ACTION_PARAMETER, "draft.expiry_ms", false,
		 "nnnnnyn"},
		{"an emergency's", ACTION_PARAMETER, "proposal.max_open", false,
		 "nnynnyn"},
		{"a type's rule", ACTION_PARAMETER, "treasury.quorum_bp", false,
		 "nnnynyn"},
		{"the highest rule", ACTION_PARAMETER,
		 "constitutional.quorum_bp", false, "nnnynnn"},
		{"one that is none", ACTION_PARAMETER, "a.b", false, "nnnnnyn"},
		{"validators", ACTION_VALIDATORS, NULL, false, "nnnynnn"},
		{"council", ACTION_COUNCIL, NULL, false, "nnnynnn"},
		{"upgrade", ACTION_UPGRADE, NULL, false, "nynnnnn"},
		{"transfer", ACTION_TRANSFER, NULL, false, "nnnnynn"},
		{"call with value", ACTION_CALL, NULL, true, "nnnnynn"},
		{"call without", ACTION_CALL, NULL, false, "nyynyny"},
		{"override", ACTION_OVERRIDE, NULL, false, "nnnynnn"},
	};
	struct action samples[ACTION_KINDS];

	(void)state;
	action_samples(samples);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct action a = samples[ROWS[i].kind - 1];
		const struct action_list list = {&a, 1};

		if (ROWS[i].key)
			a.parameter.key = text_of(ROWS[i].key);
		if (a.kind == ACTION_CALL)
			a.call.value.b[31] = ROWS[i].value;
		for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
			bool may = ROWS[i].types[t - 1] == 'y';

			if (action_is_allowed(t, &a) != may)
				fail_msg("%s in %s", ROWS[i].name,
					 proposal_type_name(t));
			assert_int_equal(actions_check(&list, t, NULL),
					 may ? ERR_OK : ERR_ACTION_NOT_ALLOWED);
		}
	}
}

static void a_refusal_names_the_types_that_may(void **state)
{
	struct action samples[ACTION_KINDS];
	struct action_list list = {samples, 2};
	struct err_text text;

	(void)state;
	action_samples(samples);
	assert_int_equal(actions_check(&list, TYPE_STANDARD, &text),
			 ERR_ACTION_NOT_ALLOWED);
	assert_string_equal(text.text,
			    "action 2 (parameter) in a proposal of type "
			    "standard; it may stand in one of type emergency "
			    "or parameter");
}

static void every_bound_of_an_action_is_exact(void **state)
{
	static uint8_t letters[LIMIT_CALL_BYTES + 1];
	static struct public_key members[LIMIT_COUNCIL + 1];
	struct action s[ACTION_KINDS], a;

	(void)state;
	action_samples(s);
	memset(letters, 'a', sizeof(letters));
	for (uint32_t i = 0; i <= LIMIT_COUNCIL; i++)
		members[i].b[0] = (uint8_t)i;
	for (uint32_t i = 0; i < ACTION_KINDS; i++)
		assert_int_equal(form_of(&s[i]), ERR_OK);

	a = s[ACTION_TEXT - 1];
	a.text.text = (struct bytes){letters, LIMIT_ACTION_TEXT_BYTES};
	assert_int_equal(form_of(&a), ERR_OK);
	a.text.text.size++;
	assert_int_equal(form_of(&a), ERR_TOO_LARGE);
	a.text.text.size = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a.text.text = text_of("\x1b[2J");
	assert_int_equal(form_of(&a), ERR_MALFORMED);

	a = s[ACTION_CALL - 1];
	a.call.data = (struct bytes){letters, LIMIT_CALL_BYTES};
	assert_int_equal(form_of(&a), ERR_OK);
	a.call.data.size++;
	assert_int_equal(form_of(&a), ERR_TOO_LARGE);
	a.call.data.size = 0;
	assert_int_equal(form_of(&a), ERR_OK);
	a.call.gas = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);

	a = s[ACTION_VALIDATORS - 1];
	a.validators.weight++;
	assert_int_equal(form_of(&a), ERR_TOO_LARGE);

	a = s[ACTION_COUNCIL - 1];
	a.council.members = members;
	a.council.count = LIMIT_COUNCIL;
	assert_int_equal(form_of(&a), ERR_OK);
	a.council.count++;
	assert_int_equal(form_of(&a), ERR_TOO_LARGE);
	for (uint32_t i = 0; i < ACTION_KINDS; i++) {
		a = s[i];
		a.kind = (enum action_kind)(i ? 0 : ACTION_KINDS + 1);
		assert_int_equal(form_of(&a), ERR_MALFORMED);
	}
}

static void keys_of_parameters_are_plain(void **state)
{
	static const struct {
		const char *key;
		enum err want;
	} CASES[] = {
		{"a", ERR_OK},
		{"a_1.b", ERR_OK},
		{"", ERR_MALFORMED},
		{"A", ERR_MALFORMED},
		{"a b", ERR_MALFORMED},
		{"\xc3\xa9", ERR_MALFORMED},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ERR_OK},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 ERR_MALFORMED},
	};
	struct action a = {.kind = ACTION_PARAMETER};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		a.parameter.key = text_of(CASES[i].key);
		if (form_of(&a) != CASES[i].want)
			fail_msg("\"%s\"", CASES[i].key);
	}
	a.parameter.key = (struct bytes){(const uint8_t *)"a\0b", 3};
	assert_int_equal(form_of(&a), ERR_MALFORMED);
}

static void a_council_s_thresholds_fit_its_members(void **state)
{
	static const struct {
		uint32_t count, at_once, delayed;
		enum err want;
	} CASES[] = {
		{0, 0, 0, ERR_OK},	  {0, 1, 1, ERR_MALFORMED},
		{0, 1, 0, ERR_MALFORMED}, {1, 1, 1, ERR_OK},
		{1, 0, 0, ERR_MALFORMED}, {1, 1, 0, ERR_MALFORMED},
		{3, 3, 3, ERR_OK},	  {3, 4, 1, ERR_MALFORMED},
		{3, 2, 3, ERR_MALFORMED}, {3, 3, 1, ERR_OK},
	};
	struct action s[ACTION_KINDS];
	struct action *a = &s[ACTION_COUNCIL - 1];
	struct public_key turned[2] = {{{2}}, {{1}}};

	(void)state;
	action_samples(s);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		a->council.count = CASES[i].count;
		a->council.threshold = CASES[i].at_once;
		a->council.threshold_delayed = CASES[i].delayed;
		if (form_of(a) != CASES[i].want)
			fail_msg("case %zu", i);
	}
	a->council = (struct action_council){turned, 2, 1, 1};
	assert_int_equal(form_of(a), ERR_MALFORMED);
	turned[0] = turned[1];
	assert_int_equal(form_of(a), ERR_MALFORMED);
}

static void what_needs_a_number_has_one(void **state)
{
	struct action s[ACTION_KINDS], a;

	(void)state;
	action_samples(s);
	a = s[ACTION_REPUTATION - 1];
	a.reputation.points = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a = s[ACTION_REPUTATION - 1];
	a.reputation.kind = CONTRIBUTIONS + 1;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a = s[ACTION_UPGRADE - 1];
	a.upgrade.version = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a = s[ACTION_UPGRADE - 1];
	a.upgrade.height = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a = s[ACTION_TRANSFER - 1];
	a.transfer.chain = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a = s[ACTION_TRANSFER - 1];
	memset(&a.transfer.amount, 0, sizeof(a.transfer.amount));
	assert_int_equal(form_of(&a), ERR_MALFORMED);
	a = s[ACTION_CALL - 1];
	a.call.chain = 0;
	assert_int_equal(form_of(&a), ERR_MALFORMED);
}

/* Two awards, texts, transfers or calls may be alike. */
static void one_thing_is_set_once(void **state)
{
	struct action s[ACTION_KINDS];

	(void)state;
	action_samples(s);
	for (uint32_t i = 0; i < ACTION_KINDS; i++) {
		struct action pair[2] = {s[i], s[i]};
		const struct action_list list = {pair, 2};
		bool sets = s[i].kind == ACTION_PARAMETER ||
			    s[i].kind == ACTION_VALIDATORS ||
			    s[i].kind == ACTION_COUNCIL ||
			    s[i].kind == ACTION_UPGRADE ||
			    s[i].kind == ACTION_OVERRIDE;

		assert_int_equal(actions_check_form(&list, NULL),
				 sets ? ERR_MALFORMED : ERR_OK);
	}
}

static void sixteen_actions_and_no_more(void **state)
{
	struct action many[LIMIT_ACTIONS + 1];
	struct action s[ACTION_KINDS];
	struct action_list list = {many, LIMIT_ACTIONS};

	(void)state;
	action_samples(s);
	for (uint32_t i = 0; i <= LIMIT_ACTIONS; i++)
		many[i] = s[ACTION_CALL - 1];
	assert_int_equal(actions_check_form(&list, NULL), ERR_OK);
	list.count++;
	assert_int_equal(actions_check_form(&list, NULL), ERR_TOO_LARGE);
}

/* ---- Layout ---- */

static struct bytes layout_of(const struct action_list *list)
{
	size_t size = actions_size(list);
	uint8_t *data = mem_alloc(size);
	struct writer w;

	writer_init(&w, data, size);
	actions_write(&w, list);
	assert_false(w.bad);
	assert_int_equal(w.size, size);
	return (struct bytes){data, size};
}

static void what_is_written_is_read_again(void **state)
{
	struct action s[ACTION_KINDS], room[LIMIT_ACTIONS];
	const struct action_list list = {s, ACTION_KINDS};
	struct action_list back;
	struct hash a, b;
	struct bytes raw, again;

	(void)state;
	action_samples(s);
	raw = layout_of(&list);
	assert_true(actions_read(&back, room, raw));
	assert_int_equal(back.count, ACTION_KINDS);
	again = layout_of(&back);
	assert_int_equal(again.size, raw.size);
	assert_memory_equal(again.data, raw.data, raw.size);
	assert_int_equal(room[ACTION_UPGRADE - 1].upgrade.height, 120000);
	assert_int_equal(room[ACTION_CALL - 1].call.gas, 100000);
	assert_memory_equal(&room[ACTION_TRANSFER - 1].transfer.amount,
			    &s[ACTION_TRANSFER - 1].transfer.amount,
			    sizeof(struct u256));
	assert_int_equal(room[ACTION_COUNCIL - 1].council.threshold_delayed, 2);
	actions_hash(&a, &list);
	hash_bytes(&b, "bcai-gov/actions/1", raw.data, raw.size);
	assert_true(hash_equal(&a, &b));
	free((void *)(uintptr_t)raw.data);
	free((void *)(uintptr_t)again.data);
}

/* Whatever byte is changed: it reads as other actions, or not at all. */
static void a_layout_is_read_whole_or_not_at_all(void **state)
{
	struct action s[ACTION_KINDS], room[LIMIT_ACTIONS];
	const struct action_list list = {s, ACTION_KINDS};
	struct action_list back;
	struct bytes raw;
	uint8_t *copy;

	(void)state;
	action_samples(s);
	raw = layout_of(&list);
	copy = mem_alloc(raw.size + 1);
	for (size_t cut = 0; cut < raw.size; cut++)
		assert_false(actions_read(&back, room,
					  (struct bytes){raw.data, cut}));
	memcpy(copy, raw.data, raw.size);
	copy[raw.size] = 0;
	assert_false(
		actions_read(&back, room, (struct bytes){copy, raw.size + 1}));
	for (size_t bit = 0; bit < 8 * raw.size; bit++) {
		struct bytes again;

		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (actions_read(&back, room, (struct bytes){copy, raw.size})) {
			again = layout_of(&back);
			assert_int_equal(again.size, raw.size);
			assert_memory_equal(again.data, copy, raw.size);
			free((void *)(uintptr_t)again.data);
		}
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
	free((void *)(uintptr_t)raw.data);
}

/* ---- Proposals that carry them ---- */

static struct payload submit_with(const struct action *list, uint32_t count,
				  uint32_t type, bool draft)
{
	return (struct payload){
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = type,
			   .draft = draft,
			   .title = text_of("A title"),
			   .actions = {list, count}},
	};
}

static enum err amend_with(struct test_net *n, uint32_t number,
			   const struct action *list, uint32_t count)
{
	const struct payload amend = {
		.kind = PAYLOAD_AMEND,
		.amend = {.proposal = number,
			  .title = text_of("A title"),
			  .actions = {list, count}},
	};

	return net_apply(n, ALICE, &amend, NULL);
}

static void the_id_of_a_proposal_binds_its_actions(void **state)
{
	struct action s[ACTION_KINDS];
	struct payload payload;
	struct test_net n;
	struct hash plain, one;
	uint32_t number;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	payload = submit_with(NULL, 0, TYPE_STANDARD, true);
	assert_int_equal(net_apply(&n, ALICE, &payload, &number), ERR_OK);
	plain = governance_proposal(n.g, number)->id;
	assert_int_equal(amend_with(&n, number, s, 1), ERR_OK);
	one = governance_proposal(n.g, number)->id;
	assert_false(hash_equal(&plain, &one));
	assert_int_equal(governance_proposal(n.g, number)->action_count, 1);
	s[0].text.text = text_of("Another resolution");
	assert_int_equal(amend_with(&n, number, s, 1), ERR_OK);
	assert_false(hash_equal(&one, &governance_proposal(n.g, number)->id));
	assert_int_equal(amend_with(&n, number, NULL, 0), ERR_OK);
	assert_true(hash_equal(&plain, &governance_proposal(n.g, number)->id));
	net_fini(&n);
}

static void a_draft_is_amended_within_its_type(void **state)
{
	struct action s[ACTION_KINDS];
	struct payload payload;
	struct test_net n;
	uint32_t number;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	payload = submit_with(s, 1, TYPE_EMERGENCY, true);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL),
			 ERR_ACTION_NOT_ALLOWED);
	payload = submit_with(NULL, 0, TYPE_EMERGENCY, true);
	assert_int_equal(net_apply(&n, ALICE, &payload, &number), ERR_OK);
	assert_int_equal(amend_with(&n, number, s, 1), ERR_ACTION_NOT_ALLOWED);
	assert_int_equal(amend_with(&n, number + 1, s, 1),
			 ERR_UNKNOWN_PROPOSAL);
	net_fini(&n);
}

static void without_a_main_chain_nothing_is_sent_there(void **state)
{
	struct action s[ACTION_KINDS];
	struct payload payload;
	struct test_net n;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	payload = submit_with(&s[ACTION_TRANSFER - 1], 1, TYPE_TREASURY, false);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL),
			 ERR_NO_MAIN_CHAIN);
	assert_string_equal(n.text.text, "action 1: transfer");
	payload = submit_with(&s[ACTION_CALL - 1], 1, TYPE_TREASURY, false);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL),
			 ERR_NO_MAIN_CHAIN);
	/* The row of the type comes first. */
	payload = submit_with(&s[ACTION_CALL - 1], 1, TYPE_STANDARD, false);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL),
			 ERR_ACTION_NOT_ALLOWED);
	assert_int_equal(governance_proposal_count(n.g), 0);
	net_fini(&n);
}

static void actions_survive_a_restart(void **state)
{
	struct action s[ACTION_KINDS], room[LIMIT_ACTIONS];
	const uint8_t key[] = {'Y', 0, 0, 0, 1};
	struct map map = {0}, again = {0};
	struct action_list list;
	struct governance *back;
	struct payload payload;
	struct test_net n;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	payload = submit_with(s, 1, TYPE_STANDARD, true);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL), ERR_OK);
	map_flush(&map, n.g);
	assert_non_null(map_find(&map, key, sizeof(key)));
	back = map_load(&map, n.g);
	contents_actions(entry_of(back, 1), &list, room);
	assert_int_equal(list.count, 1);
	assert_memory_equal(list.list[0].text.text.data, s[0].text.text.data,
			    s[0].text.text.size);
	governance_free(&back);

	/* None any more: the record says so, and stays. */
	assert_int_equal(amend_with(&n, 1, NULL, 0), ERR_OK);
	map_flush(&map, n.g);
	assert_int_equal(map_find(&map, key, sizeof(key))->size, 1);
	back = map_load(&map, n.g);
	contents_actions(entry_of(back, 1), &list, room);
	assert_int_equal(list.count, 0);
	governance_flush(back, map_put, &again);
	governance_free(&back);
	map_fini(&map);
	map_fini(&again);
	net_fini(&n);
}

static void actions_of_no_use_are_not_kept(void **state)
{
	struct action s[ACTION_KINDS], room[LIMIT_ACTIONS];
	struct action_list list;
	struct governance *back;
	struct payload payload;
	struct map map = {0};
	struct test_net n;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	payload = submit_with(s, 1, TYPE_STANDARD, false);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL), ERR_OK);
	contents_actions(entry_of(n.g, 1), &list, room);
	assert_int_equal(list.count, 1);
	assert_int_equal(net_cancel(&n, ALICE, 1, ""), ERR_OK);
	contents_actions(entry_of(n.g, 1), &list, room);
	assert_int_equal(list.count, 0);
	map_flush(&map, n.g);
	back = map_load(&map, n.g);
	contents_actions(entry_of(back, 1), &list, room);
	assert_int_equal(list.count, 0);
	governance_free(&back);
	map_fini(&map);
	net_fini(&n);
}

static void damaged_actions_are_refused(void **state)
{
	const uint8_t key[] = {'Y', 0, 0, 0, 1};
	struct action s[ACTION_KINDS];
	struct payload payload;
	struct map_record *record;
	struct map map = {0};
	struct test_net n;

	(void)state;
	action_samples(s);
	net_init_five(&n);
	payload = submit_with(s, 1, TYPE_STANDARD, false);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL), ERR_OK);
	map_flush(&map, n.g);
	record = map_find(&map, key, sizeof(key));
	for (size_t i = 0; i < record->size; i++) {
		record->value[i] ^= 1;
		assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
		record->value[i] ^= 1;
	}
	assert_int_equal(map_try_load(&map, n.g), ERR_OK);
	record->key[4] = 2;
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	map.count--; /* Y sorts last */
	assert_int_equal(map_try_load(&map, n.g), ERR_DATA_DAMAGED);
	map.count++;
	map_fini(&map);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_kinds_belong_together),
		cmocka_unit_test(each_type_contains_what_its_row_says),
		cmocka_unit_test(a_refusal_names_the_types_that_may),
		cmocka_unit_test(every_bound_of_an_action_is_exact),
		cmocka_unit_test(keys_of_parameters_are_plain),
		cmocka_unit_test(a_council_s_thresholds_fit_its_members),
		cmocka_unit_test(what_needs_a_number_has_one),
		cmocka_unit_test(one_thing_is_set_once),
		cmocka_unit_test(sixteen_actions_and_no_more),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_layout_is_read_whole_or_not_at_all),
		cmocka_unit_test(the_id_of_a_proposal_binds_its_actions),
		cmocka_unit_test(a_draft_is_amended_within_its_type),
		cmocka_unit_test(without_a_main_chain_nothing_is_sent_there),
		cmocka_unit_test(actions_survive_a_restart),
		cmocka_unit_test(actions_of_no_use_are_not_kept),
		cmocka_unit_test(damaged_actions_are_refused),
	};

	return cmocka_run_group_tests_name("governance actions", tests, NULL,
					   NULL);
}
