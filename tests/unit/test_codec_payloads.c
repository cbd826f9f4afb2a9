/* What each payload must hold, beyond the shape of its encoding. */
#include "codec_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_delegation_says_what_its_kind_needs(void **state)
{
	static const struct {
		const char *name;
		uint32_t kind;
		bool target;
		uint32_t types;
		uint64_t amount;
		enum err want;
	} CASES[] = {
		{"full", DELEGATION_FULL, true, 0, 0, ERR_OK},
		{"full to nobody", DELEGATION_FULL, false, 0, 0, ERR_MALFORMED},
		{"full with types", DELEGATION_FULL, true, 1, 0, ERR_MALFORMED},
		{"full with an amount", DELEGATION_FULL, true, 0, 1,
		 ERR_MALFORMED},
		{"conditional", DELEGATION_CONDITIONAL, true, 0x7f, 0, ERR_OK},
		{"an opt-out", DELEGATION_CONDITIONAL, false, 1, 0, ERR_OK},
		{"conditional on nothing", DELEGATION_CONDITIONAL, true, 0, 0,
		 ERR_MALFORMED},
		{"an eighth type", DELEGATION_CONDITIONAL, true, 0x81, 0,
		 ERR_MALFORMED},
		{"conditional with an amount", DELEGATION_CONDITIONAL, true, 1,
		 1, ERR_MALFORMED},
		{"limited", DELEGATION_LIMITED, true, 0, 1, ERR_OK},
		{"limited to nobody", DELEGATION_LIMITED, false, 0, 1,
		 ERR_MALFORMED},
		{"limited to nothing", DELEGATION_LIMITED, true, 0, 0,
		 ERR_MALFORMED},
		{"limited with types", DELEGATION_LIMITED, true, 1, 1,
		 ERR_MALFORMED},
		{"of no kind", 0, true, 0, 0, ERR_MALFORMED},
		{"of a fourth kind", 4, true, 0, 0, ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct payload p = {.kind = PAYLOAD_DELEGATE};

		p.delegate.kind = CASES[i].kind;
		p.delegate.has_target = CASES[i].target;
		p.delegate.types = CASES[i].types;
		p.delegate.amount = CASES[i].amount;
		if (codec_tx_check_payload(&p, NULL) != CASES[i].want)
			fail_msg("%s", CASES[i].name);
	}
}

static void sixteen_delegations_are_cleared_at_once_and_no_more(void **state)
{
	uint32_t serials[LIMIT_DELEGATIONS + 1];
	Bcai__Tx__TxBody body = BCAI__TX__TX_BODY__INIT;
	Bcai__Tx__Undelegate undelegate = BCAI__TX__UNDELEGATE__INIT;
	struct payload p = {.kind = PAYLOAD_UNDELEGATE};
	struct tx tx;

	(void)state;
	for (uint32_t i = 0; i <= LIMIT_DELEGATIONS; i++)
		serials[i] = i;
	body.payload_case = BCAI__TX__TX_BODY__PAYLOAD_UNDELEGATE;
	body.undelegate = &undelegate;
	undelegate.serials = serials;
	undelegate.n_serials = LIMIT_DELEGATIONS;
	assert_int_equal(decode(&tx, loose(&body)), ERR_OK);
	undelegate.n_serials++;
	assert_int_equal(decode(&tx, loose(&body)), ERR_TOO_LARGE);
	p.undelegate.serials = serials;
	p.undelegate.count = LIMIT_DELEGATIONS + 1;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_TOO_LARGE);
}

static void a_transfer_moves_something(void **state)
{
	struct payload p = {.kind = PAYLOAD_TRANSFER};

	(void)state;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
	p.transfer.amount = 1;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delegation_says_what_its_kind_needs),
		cmocka_unit_test(
			sixteen_delegations_are_cleared_at_once_and_no_more),
		cmocka_unit_test(a_transfer_moves_something),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, codec_set_up, codec_tear_down);
}
