/* What a proposal does, against its type, its text and keys that are known. */
#include "governance_fixture.h"

#include "governance/detect_payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static uint32_t finding(enum proposal_type type, const char *text,
			const struct action *actions, uint32_t count,
			const struct public_key *known, uint32_t known_count)
{
	const struct action_list list = {actions, count};
	const struct payload_view view = {.type = type,
					  .title = text_of("A title"),
					  .description = text_of(text),
					  .actions = &list,
					  .known = known,
					  .known_count = known_count};
	struct alert a;

	if (!detect_payload(&view, &a))
		return FINDING_NONE;
	assert_int_equal(a.kind, DETECT_PAYLOAD);
	assert_in_range(a.figure[0], 1, count);
	return (uint32_t)a.figure[1];
}

static struct action call(const char *data, size_t size)
{
	return (struct action){.kind = ACTION_CALL,
			       .call = {.target = {{0xca, 0x11}},
					.data = {(const uint8_t *)data, size},
					.code_hash = {{1}}}};
}

static void a_selector_belongs_to_types(void **state)
{
	static const struct {
		const char *data;
		unsigned size;
		enum proposal_type type;
		uint32_t finding;
	} cases[] = {
		/* transfer(address,uint256) */
		{"\xa9\x05\x9c\xbb", 4, TYPE_TREASURY, FINDING_NONE},
		{"\xa9\x05\x9c\xbb", 4, TYPE_CROSSCHAIN, FINDING_NONE},
		{"\xa9\x05\x9c\xbb", 4, TYPE_TECHNICAL, FINDING_SELECTOR},
		{"\xa9\x05\x9c\xbb", 4, TYPE_EMERGENCY, FINDING_SELECTOR},
		{"\xa9\x05\x9c\xbc", 4, TYPE_EMERGENCY, FINDING_NONE},
		{"\xa9\x05\x9c", 3, TYPE_EMERGENCY, FINDING_NONE},
		/* pause() */
		{"\x84\x56\xcb\x59", 4, TYPE_EMERGENCY, FINDING_NONE},
		{"\x84\x56\xcb\x59", 4, TYPE_TREASURY, FINDING_SELECTOR},
		/* transferOwnership(address) */
		{"\xf2\xfd\xe3\x8b\0", 5, TYPE_TECHNICAL, FINDING_SELECTOR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct action a = call(cases[i].data, cases[i].size);

		if (finding(cases[i].type, "?", &a, 1, NULL, 0) !=
		    cases[i].finding)
			fail_msg("case %zu", i);
	}
}

static void call_data_needs_code(void **state)
{
	static const uint8_t empty[] = {
		0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c,
		0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
		0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b,
		0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70};
	struct action a = call("1234", 4);

	(void)state;
	assert_int_equal(finding(TYPE_TREASURY, "?", &a, 1, NULL, 0),
			 FINDING_NONE);
	memset(&a.call.code_hash, 0, sizeof(a.call.code_hash));
	assert_int_equal(finding(TYPE_TREASURY, "?", &a, 1, NULL, 0),
			 FINDING_NO_CODE);
	memcpy(a.call.code_hash.b, empty, sizeof(empty));
	assert_int_equal(finding(TYPE_TREASURY, "?", &a, 1, NULL, 0),
			 FINDING_NO_CODE);
	a.call.data.size = 0; /* only value: no code is needed */
	assert_int_equal(finding(TYPE_TREASURY, "?", &a, 1, NULL, 0),
			 FINDING_NONE);
}

static struct action award(uint8_t first, uint8_t second, uint8_t middle,
			   uint8_t last)
{
	struct action a = {.kind = ACTION_REPUTATION};

	a.reputation.account.b[0] = first;
	a.reputation.account.b[1] = second;
	a.reputation.account.b[9] = middle;
	a.reputation.account.b[31] = last;
	return a;
}

static void a_key_that_begins_and_ends_like_a_known_one_is_named(void **state)
{
	const struct action known = award(1, 2, 3, 4);
	const struct public_key *council = &known.reputation.account;
	const struct {
		struct action action;
		uint32_t finding;
	} cases[] = {
		{award(1, 2, 3, 4), FINDING_NONE}, /* itself */
		{award(1, 2, 9, 4), FINDING_RESEMBLES},
		{award(1, 2, 9, 5), FINDING_NONE},
		{award(1, 3, 9, 4), FINDING_NONE},
		{award(2, 2, 9, 4), FINDING_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(finding(TYPE_STANDARD, "?", &cases[i].action,
					 1, council, 1),
				 cases[i].finding);
	assert_int_equal(
		finding(TYPE_STANDARD, "?", &cases[1].action, 1, NULL, 0),
		FINDING_NONE);
}

static void two_actions_may_resemble_each_other(void **state)
{
	const struct public_key members[] = {{{1, 2, 3}}, {{1, 2, 4}}};
	const struct action pair[] = {award(1, 2, 3, 4), award(1, 2, 9, 4)};
	const struct action council = {.kind = ACTION_COUNCIL,
				       .council = {members, 2, 2, 2}};
	const struct action validator = {
		.kind = ACTION_VALIDATORS,
		.validators = {.key = award(1, 2, 9, 4).reputation.account}};
	const struct action mixed[] = {pair[0], validator};

	(void)state;
	assert_int_equal(finding(TYPE_STANDARD, "?", pair, 2, NULL, 0),
			 FINDING_RESEMBLES);
	assert_int_equal(finding(TYPE_STANDARD, "?", pair, 1, NULL, 0),
			 FINDING_NONE);
	assert_int_equal(
		finding(TYPE_CONSTITUTIONAL, "?", &council, 1, NULL, 0),
		FINDING_RESEMBLES);
	assert_int_equal(finding(TYPE_CONSTITUTIONAL, "?", mixed, 2, NULL, 0),
			 FINDING_RESEMBLES);
}

static void an_address_that_the_text_does_not_name_is_named(void **state)
{
	static const struct {
		const char *text;
		uint32_t finding;
	} cases[] = {
		{"pay the auditors", FINDING_NONE},
		{"pay 0xbb00000000000000000000000000000000000000.",
		 FINDING_NONE},
		{"pay 0XBB00000000000000000000000000000000000000",
		 FINDING_NONE},
		{"pay bb00000000000000000000000000000000000000", FINDING_NONE},
		{"pay 0xcc00000000000000000000000000000000000000",
		 FINDING_DISAGREES},
		{"pay 0xcc00000000000000000000000000000000000000, not "
		 "0xbb00000000000000000000000000000000000000",
		 FINDING_NONE},
		{"pay 0xbb00000000000000000700000000000000000000",
		 FINDING_RESEMBLES},
		/* A key, or one digit too few, is no address. */
		{"0xcc000000000000000000000000000000000000000000000000000000000"
		 "00000",
		 FINDING_NONE},
		{"pay 0xcc0000000000000000000000000000000000000", FINDING_NONE},
	};
	const struct action a = {.kind = ACTION_TRANSFER,
				 .transfer = {.to = {{0xbb}}}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (finding(TYPE_TREASURY, cases[i].text, &a, 1, NULL, 0) !=
		    cases[i].finding)
			fail_msg("%s", cases[i].text);
}

static void a_parameter_that_the_text_does_not_name_is_named(void **state)
{
	static const struct {
		const char *text;
		uint32_t finding;
	} cases[] = {
		{"Raise the quorum", FINDING_NONE},
		{"Set standard.quorum_bp to 1500.", FINDING_NONE},
		{"Set standard.quorum_bp, and nothing else", FINDING_NONE},
		{"(standard.quorum_bp.)", FINDING_NONE},
		{"Set treasury.quorum_bp to 1500.", FINDING_DISAGREES},
		{"Set treasury.quorum_bp and standard.quorum_bp", FINDING_NONE},
		{"Set treasury.quorum_bpx", FINDING_NONE}, /* no such name */
		{"tokens_floor_bp", FINDING_DISAGREES},
	};
	const struct action a = {
		.kind = ACTION_PARAMETER,
		.parameter = {.key = text_of("standard.quorum_bp")}};
	const struct action two[] = {a, {.kind = ACTION_TEXT}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (finding(TYPE_PARAMETER, cases[i].text, two, 2, NULL, 0) !=
		    cases[i].finding)
			fail_msg("%s", cases[i].text);
}

static void what_has_no_actions_has_no_findings(void **state)
{
	const struct action quiet[] = {{.kind = ACTION_TEXT},
				       {.kind = ACTION_UPGRADE},
				       {.kind = ACTION_OVERRIDE}};

	(void)state;
	assert_int_equal(
		finding(TYPE_STANDARD, "standard.quorum_bp", NULL, 0, NULL, 0),
		FINDING_NONE);
	assert_int_equal(
		finding(TYPE_STANDARD, "standard.quorum_bp", quiet, 3, NULL, 0),
		FINDING_NONE);
	for (uint32_t f = FINDING_SELECTOR; f <= FINDING_DISAGREES; f++)
		assert_non_null(payload_finding_name(f));
	assert_null(payload_finding_name(FINDING_NONE));
	assert_null(payload_finding_name(FINDING_DISAGREES + 1));
}

/* More addresses than are looked at do no harm. */
static void a_text_full_of_addresses_is_read_to_its_bound(void **state)
{
	const struct action a = {.kind = ACTION_TRANSFER,
				 .transfer = {.to = {{0xbb}}}};
	static char text[LIMIT_DESCRIPTION_BYTES];
	size_t used = 0;

	(void)state;
	for (int i = 0; used + 42 < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%040x ", i + 1);
	assert_int_equal(finding(TYPE_TREASURY, text, &a, 1, NULL, 0),
			 FINDING_DISAGREES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_selector_belongs_to_types),
		cmocka_unit_test(call_data_needs_code),
		cmocka_unit_test(
			a_key_that_begins_and_ends_like_a_known_one_is_named),
		cmocka_unit_test(two_actions_may_resemble_each_other),
		cmocka_unit_test(
			an_address_that_the_text_does_not_name_is_named),
		cmocka_unit_test(
			a_parameter_that_the_text_does_not_name_is_named),
		cmocka_unit_test(what_has_no_actions_has_no_findings),
		cmocka_unit_test(a_text_full_of_addresses_is_read_to_its_bound),
	};

	return cmocka_run_group_tests_name("governance payload", tests, NULL,
					   NULL);
}
