/* The table of parameters, the names, and the checks on texts. */
#include "governance_fixture.h"

#include "governance/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void every_default_is_within_its_bounds(void **state)
{
	struct governance_param_info info;

	(void)state;
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		governance_param_info(&info, i);
		assert_true(info.min <= info.value_default);
		assert_true(info.value_default <= info.max);
		assert_true(strlen(info.sentence) > 0);
		assert_non_null(governance_param_class_name(info.class));
		assert_true(info.type <= PROPOSAL_TYPES);
		assert_true(strlen(info.unit) > 0);
		assert_true(strlen(info.name) + 1 < sizeof(info.name));
		assert_int_equal(governance_param_find(info.name), i);
	}
}

static void a_parameter_is_set_by_name_within_its_bounds(void **state)
{
	struct governance_params p, before;
	struct governance_param_info info;
	struct err_text text;

	(void)state;
	governance_params_default(&p);
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		governance_param_info(&info, i);
		assert_int_equal(
			governance_param_set(&p, info.name, info.min, &text),
			ERR_OK);
		assert_int_equal(p.value[i], info.min);
		assert_int_equal(
			governance_param_set(&p, info.name, info.max, NULL),
			ERR_OK);
		assert_int_equal(p.value[i], info.max);
		before = p;
		assert_int_equal(governance_param_set(&p, info.name,
						      info.max + 1, &text),
				 ERR_PARAMETER_BOUNDS);
		assert_non_null(strstr(text.text, info.name));
		if (info.min > 0)
			assert_int_equal(governance_param_set(&p, info.name,
							      info.min - 1,
							      &text),
					 ERR_PARAMETER_BOUNDS);
		assert_memory_equal(&p, &before, sizeof(p));
	}
	assert_int_equal(governance_param_set(&p, "standard.colour", 1, &text),
			 ERR_PARAMETER_BOUNDS);
	assert_string_equal(text.text,
			    "there is no parameter \"standard.colour\"");
	assert_int_equal(governance_param_find(""), PARAM_COUNT);
}

static void a_name_sets_what_its_type_reads(void **state)
{
	struct governance_params p;

	(void)state;
	governance_params_default(&p);
	assert_int_equal(
		governance_param_set(&p, "emergency.voting_ms", 30000, NULL),
		ERR_OK);
	assert_int_equal(
		governance_param_type(&p, TYPE_EMERGENCY, PARAM_TYPE_VOTING_MS),
		30000);
	assert_int_equal(
		governance_param_type(&p, TYPE_STANDARD, PARAM_TYPE_VOTING_MS),
		7 * MS_DAY);
	assert_int_equal(governance_param_type(&p, TYPE_CROSSCHAIN,
					       PARAM_TYPE_VOTING_MS),
			 7 * MS_DAY);
	assert_int_equal(governance_param_global(&p, PARAM_PROPOSAL_MAX_OPEN),
			 3);
}

static void the_fast_preset_votes_in_seconds_within_bounds(void **state)
{
	struct governance_params fast, normal;
	struct governance_param_info info;

	(void)state;
	governance_params_fast(&fast);
	governance_params_default(&normal);
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		governance_param_info(&info, i);
		assert_in_range(fast.value[i], info.min, info.max);
		if (strstr(info.name, ".voting_ms"))
			assert_int_equal(fast.value[i], 20000);
		else if (strstr(info.name, ".delay_ms") ||
			 strstr(info.name, ".timelock_ms"))
			assert_int_equal(fast.value[i], 1000);
		else if (strstr(info.name, ".expiry_ms"))
			assert_int_equal(fast.value[i], 600000);
		else if (i == PARAM_STAKE_MATURITY_MS)
			assert_int_equal(fast.value[i], 2000);
		else if (i == PARAM_DETECT_WINDOW_MS)
			assert_int_equal(fast.value[i], 60000);
		else if (i == PARAM_EPOCH_MS)
			assert_int_equal(fast.value[i], 10000);
		else if (i == PARAM_PARAMETER_COOLDOWN_MS)
			assert_int_equal(fast.value[i], 0);
		else
			assert_int_equal(fast.value[i], normal.value[i]);
	}
}

static void parameters_survive_their_encoding(void **state)
{
	uint8_t bytes[GOVERNANCE_PARAMS_BYTES];
	struct governance_params p, back;
	struct err_text text;
	struct writer w;
	struct reader r;

	(void)state;
	governance_params_fast(&p);
	writer_init(&w, bytes, sizeof(bytes));
	governance_params_write(&w, &p);
	assert_false(w.bad);
	assert_int_equal(w.size, sizeof(bytes));
	reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(governance_params_read(&back, &r, &text), ERR_OK);
	assert_true(reader_done(&r));
	assert_memory_equal(&p, &back, sizeof(p));
	for (size_t cut = 0; cut < sizeof(bytes); cut++) {
		reader_init(&r, bytes, cut);
		assert_int_equal(governance_params_read(&back, &r, NULL),
				 ERR_MALFORMED);
	}
	bytes[1]++;
	reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(governance_params_read(&back, &r, &text),
			 ERR_MALFORMED);
	bytes[1]--;
	bytes[2 + 8 * PARAM_PROPOSAL_MAX_OPEN] = 1; /* 2^56 */
	reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(governance_params_read(&back, &r, &text),
			 ERR_PARAMETER_BOUNDS);
	assert_non_null(strstr(text.text, "proposal.max_open"));
}

static void names_and_numbers_belong_together(void **state)
{
	(void)state;
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++)
		assert_int_equal(proposal_type_from_name(proposal_type_name(t)),
				 t);
	for (uint32_t c = 1; c <= CHOICES; c++)
		assert_int_equal(choice_from_name(choice_name(c)), c);
	assert_null(proposal_type_name(0));
	assert_null(proposal_type_name(PROPOSAL_TYPES + 1));
	assert_int_equal(proposal_type_from_name("royal"), 0);
	assert_null(choice_name(0));
	assert_null(choice_name(4));
	assert_int_equal(choice_from_name("maybe"), 0);
	for (uint32_t k = DELEGATION_FULL; k <= DELEGATION_LIMITED; k++)
		assert_int_equal(
			delegation_kind_from_name(delegation_kind_name(k)), k);
	assert_null(delegation_kind_name(0));
	assert_null(delegation_kind_name(4));
	assert_string_equal(mechanism_name(MECHANISM_HYBRID), "hybrid");
	assert_null(mechanism_name(5));
	assert_string_equal(proposal_state_name(STATE_EXPIRED), "expired");
	assert_null(proposal_state_name(PROPOSAL_STATES + 1));
	assert_string_equal(proposal_reason_text(REASON_BELOW_QUORUM),
			    "quorum not met");
	assert_string_equal(proposal_reason_text(REASON_NONE), "");
	assert_null(proposal_reason_text(REASON_VETOED + 1));
	assert_string_equal(governance_event_name(EVENT_BALLOT), "ballot");
	assert_null(governance_event_name(0));
	assert_string_equal(governance_event_name(EVENT_TRANSFER), "transfer");
	assert_null(governance_event_name(EVENT_ACT + 1));
}

static void texts_are_clean_utf8(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool line, prose;
	} cases[] = {
		{"nothing", "", true, true},
		{"ascii", "Raise the quorum to 15%", true, true},
		{"two bytes", "gr\xc3\xbc\xc3\x9f", true, true},
		{"three bytes", "\xe2\x82\xac 5", true, true},
		{"four bytes", "\xf0\x9f\x8e\x88", true, true},
		{"last code point", "\xf4\x8f\xbf\xbf", true, true},
		{"behind the last", "\xf4\x90\x80\x80", false, false},
		{"five-byte lead", "\xf8\x88\x80\x80\x80", false, false},
		{"surrogate", "\xed\xa0\x80", false, false},
		{"just below the surrogates", "\xed\x9f\xbf", true, true},
		{"overlong slash", "\xc0\xaf", false, false},
		{"overlong in three", "\xe0\x80\xaf", false, false},
		{"overlong in four", "\xf0\x80\x80\xaf", false, false},
		{"lone tail", "a\x80", false, false},
		{"cut short", "a\xe2\x82", false, false},
		{"tail missing", "\xc3(", false, false},
		{"newline", "a\nb", false, true},
		{"tab", "a\tb", false, true},
		{"carriage return", "a\rb", false, false},
		{"escape", "\x1b[2J", false, false},
		{"delete", "a\x7f", false, false},
		{"control of the upper half", "\xc2\x9b", false, false},
		{"no-break space", "\xc2\xa0", true, true},
		{"line separator", "a\xe2\x80\xa8", false, true},
		{"right-to-left override", "\xe2\x80\xae", false, true},
		{"isolate", "\xe2\x81\xa6", false, true},
		{"just outside the isolates", "\xe2\x81\xaa", true, true},
	};
	const struct bytes nul = {(const uint8_t *)"a\0b", 3};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes text = text_of(cases[i].text);

		if (prose_is_line(text) != cases[i].line ||
		    prose_is_text(text) != cases[i].prose)
			fail_msg("%s", cases[i].name);
	}
	assert_false(prose_is_line(nul));
	assert_false(prose_is_text(nul));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_default_is_within_its_bounds),
		cmocka_unit_test(a_parameter_is_set_by_name_within_its_bounds),
		cmocka_unit_test(a_name_sets_what_its_type_reads),
		cmocka_unit_test(
			the_fast_preset_votes_in_seconds_within_bounds),
		cmocka_unit_test(parameters_survive_their_encoding),
		cmocka_unit_test(names_and_numbers_belong_together),
		cmocka_unit_test(texts_are_clean_utf8),
	};

	return cmocka_run_group_tests_name("governance parameters", tests, NULL,
					   NULL);
}
