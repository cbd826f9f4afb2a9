/* What each payload must hold, beyond the shape of its encoding. */
#include "action_samples.h"
#include "codec_fixture.h"

#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A body of alice's with a payload of these bytes. */
static enum err decode_payload(const char *digits)
{
	static const char HEAD[] =
		"0a20d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9"
		"778737";
	size_t size = strlen(digits) / 2;
	uint8_t *body = arena_alloc(&scratch, 34 + size);
	struct tx tx;

	assert_true(hex_decode(body, 34, HEAD, sizeof(HEAD) - 1));
	assert_true(hex_decode(body + 34, size, digits, 2 * size));
	return decode(&tx, seal((struct bytes){body, 34 + size}));
}

/* A submission of type 1, titled "A", with one action of these bytes. */
static enum err decode_action(const char *digits)
{
	size_t size = strlen(digits) / 2;
	char payload[256];

	assert_true(size < 120);
	snprintf(payload, sizeof(payload), "52%02zx08011a01412a%02zx%s",
		 7 + size, size, digits);
	return decode_payload(payload);
}

static void a_veto_says_why(void **state)
{
	static const struct {
		size_t size;
		char fill;
		enum err want;
	} CASES[] = {
		{0, 'a', ERR_MALFORMED},
		{1, 'a', ERR_OK},
		{LIMIT_REASON_BYTES, '\n', ERR_OK},
		{LIMIT_REASON_BYTES + 1, 'a', ERR_TOO_LARGE},
		{5, '\xff', ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct payload p = {.kind = PAYLOAD_VETO};

		p.veto.reason = filled(CASES[i].size, CASES[i].fill);
		assert_int_equal(codec_tx_check_payload(&p, NULL),
				 CASES[i].want);
	}
}

static void an_act_has_a_title_a_deed_and_a_way_back(void **state)
{
	static const struct {
		size_t title;
		char fill;
		uint32_t actions, revert;
		enum err want;
	} CASES[] = {
		{1, 'a', 1, 1, ERR_OK},
		{LIMIT_TITLE_BYTES, 'a', 16, 16, ERR_OK},
		{0, 'a', 1, 1, ERR_MALFORMED},
		{LIMIT_TITLE_BYTES + 1, 'a', 1, 1, ERR_TOO_LARGE},
		{5, '\n', 1, 1, ERR_MALFORMED},
		{5, 'a', 0, 1, ERR_MALFORMED},
		{5, 'a', 1, 0, ERR_MALFORMED},
		{5, 'a', 17, 1, ERR_TOO_LARGE},
		{5, 'a', 1, 17, ERR_TOO_LARGE},
	};
	struct action texts[LIMIT_ACTIONS + 1];

	(void)state;
	for (size_t i = 0; i <= LIMIT_ACTIONS; i++)
		texts[i] = (struct action){.kind = ACTION_TEXT,
					   .text = {text("Stop")}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct payload p = {.kind = PAYLOAD_COUNCIL_ACT};
		struct payload_council_act *act = &p.council_act;

		act->title = filled(CASES[i].title, CASES[i].fill);
		act->actions = (struct action_list){texts, CASES[i].actions};
		act->revert = (struct action_list){texts, CASES[i].revert};
		if (codec_tx_check_payload(&p, NULL) != CASES[i].want)
			fail_msg("case %zu", i);
	}
}

/* What a body holds that no encoder of ours would write. */
static void what_the_council_signs_has_one_encoding(void **state)
{
	static const struct {
		const char *name, *digits;
		enum err want;
	} CASES[] = {
		{"a veto", "9201050807120161", ERR_OK},
		{"of proposal 0", "920103120161", ERR_OK},
		{"without a reason", "9201020807", ERR_MALFORMED},
		{"an empty reason written out", "92010408071200",
		 ERR_MALFORMED},
		{"an unknown field", "92010708071201617801", ERR_MALFORMED},
		{"an act", "9a01110a014112050a030a01611a050a030a0162", ERR_OK},
		{"without a title", "9a010e12050a030a01611a050a030a0162",
		 ERR_MALFORMED},
		{"without a way back", "9a010a0a014112050a030a0161",
		 ERR_MALFORMED},
		{"without a deed", "9a010a0a01411a050a030a0162", ERR_MALFORMED},
		{"the way back first",
		 "9a01110a01411a050a030a016212050a030a0161", ERR_MALFORMED},
		{"a deed of no kind", "9a010c0a014112001a050a030a0162",
		 ERR_MALFORMED},
		{"a way back of no kind", "9a010c0a014112050a030a01611a00",
		 ERR_MALFORMED},
		{"an approval", "a201020807", ERR_OK},
		{"of act 0", "a20100", ERR_OK},
		{"of 0 written out", "a201020800", ERR_MALFORMED},
		{"with an unknown field", "a2010408071001", ERR_MALFORMED},
		{"a twenty-first payload", "aa0100", ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		if (decode_payload(CASES[i].digits) != CASES[i].want)
			fail_msg("%s: %s", CASES[i].name, CASES[i].digits);
}

static struct hash hash_of(const struct action_list *list)
{
	struct hash h;

	actions_hash(&h, list);
	return h;
}

static void actions_are_decoded_as_they_were_signed(void **state)
{
	struct action samples[ACTION_KINDS];
	const struct action_list all = {samples, ACTION_KINDS};
	struct hash want;
	struct payload p = {.kind = PAYLOAD_SUBMIT};
	struct hash got;
	struct tx tx;

	(void)state;
	action_samples(samples);
	want = hash_of(&all);
	p.submit.type = TYPE_TREASURY;
	p.submit.title = text("All of them");
	p.submit.actions = all;
	assert_int_equal(decode(&tx, sign(&p)), ERR_OK);
	got = hash_of(&tx.payload.submit.actions);
	assert_memory_equal(&got, &want, sizeof(got));
	p = (struct payload){.kind = PAYLOAD_AMEND};
	p.amend.title = text("All of them");
	p.amend.actions = all;
	assert_int_equal(decode(&tx, sign(&p)), ERR_OK);
	got = hash_of(&tx.payload.amend.actions);
	assert_memory_equal(&got, &want, sizeof(got));
}

#define K32 "abababababababababababababababababababababababababababababababab"
#define K20 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static void an_action_has_one_encoding(void **state)
{
	static const struct {
		const char *name, *digits;
		enum err want;
	} CASES[] = {
		{"a text", "0a030a0161", ERR_OK},
		{"no kind", "", ERR_MALFORMED},
		{"an empty text", "0a00", ERR_MALFORMED},
		{"a tenth kind", "5200", ERR_MALFORMED},
		{"two kinds", "0a030a016112050a01611001", ERR_MALFORMED},
		{"an unknown field in it", "0a050a01617801", ERR_MALFORMED},
		{"an unknown field behind", "0a030a01617801", ERR_MALFORMED},
		{"a parameter",
		 "12050a016110"
		 "05",
		 ERR_OK},
		{"its value 0 written out",
		 "12050a016110"
		 "00",
		 ERR_MALFORMED},
		{"an award",
		 "1a270a20" K32 "10011805"
		 "",
		 ERR_MALFORMED},
		{"an award", "1a260a20" K32 "10011805", ERR_OK},
		{"to a short key", "1a070a01aa10011805", ERR_MALFORMED},
		{"a validator removed", "22220a20" K32, ERR_OK},
		{"of no key", "22021001", ERR_MALFORMED},
		{"a council of nobody", "2a00", ERR_OK},
		{"a council of one", "2a260a20" K32 "10011801", ERR_OK},
		{"a member too short", "2a070a01aa10011801", ERR_MALFORMED},
		{"an upgrade", "322608021220" K32 "1805", ERR_OK},
		{"without a build",
		 "3204"
		 "08021805",
		 ERR_MALFORMED},
		{"a transfer of 1", "3a1b08011a14" K20 "220101", ERR_OK},
		{"a zero in front", "3a1c08011a14" K20 "22020001",
		 ERR_MALFORMED},
		{"of nothing", "3a1808011a14" K20, ERR_MALFORMED},
		{"to a short address", "3a0808011a01aa220101", ERR_MALFORMED},
		{"a token of one byte",
		 "3a1e080112"
		 "01aa1a14" K20 "220101",
		 ERR_MALFORMED},
		{"a call", "423c08011214" K20 "28013220" K32, ERR_OK},
		{"without a code hash", "421a08011214" K20 "2801",
		 ERR_MALFORMED},
		{"an override", "4a020807", ERR_OK},
		{"of proposal 0", "4a00", ERR_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		if (decode_action(CASES[i].digits) != CASES[i].want)
			fail_msg("%s: %s", CASES[i].name, CASES[i].digits);
}

static enum err decode_many(size_t actions, size_t members)
{
	Bcai__Tx__TxBody body = BCAI__TX__TX_BODY__INIT;
	Bcai__Tx__ProposalSubmit submit = BCAI__TX__PROPOSAL_SUBMIT__INIT;
	Bcai__Tx__CouncilAction council = BCAI__TX__COUNCIL_ACTION__INIT;
	Bcai__Tx__TextAction one = BCAI__TX__TEXT_ACTION__INIT;
	Bcai__Tx__Action action = BCAI__TX__ACTION__INIT;
	Bcai__Tx__Action **list = mem_alloc((actions + 1) * sizeof(*list));
	uint8_t *keys = mem_alloc((members + 1) * PUBLIC_KEY_BYTES);
	struct tx tx;
	enum err err;

	council.members = mem_alloc((members + 1) * sizeof(*council.members));
	council.n_members = members;
	for (size_t i = 0; i < members; i++) {
		keys[i * PUBLIC_KEY_BYTES] = (uint8_t)i;
		council.members[i].data = keys + i * PUBLIC_KEY_BYTES;
		council.members[i].len = PUBLIC_KEY_BYTES;
	}
	council.threshold = council.threshold_delayed = 1;
	one.text = (char *)(uintptr_t) "a";
	action.kind_case = members ? BCAI__TX__ACTION__KIND_COUNCIL
				   : BCAI__TX__ACTION__KIND_TEXT;
	if (members)
		action.council = &council;
	else
		action.text = &one;
	for (size_t i = 0; i < actions; i++)
		list[i] = &action;
	submit.type = TYPE_STANDARD;
	submit.title = (char *)(uintptr_t) "A";
	submit.actions = list;
	submit.n_actions = actions;
	body.payload_case = BCAI__TX__TX_BODY__PAYLOAD_SUBMIT;
	body.submit = &submit;
	err = decode(&tx, loose(&body));
	free(council.members);
	free(keys);
	free(list);
	return err;
}

static void lists_within_actions_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(decode_many(LIMIT_ACTIONS, 0), ERR_OK);
	assert_int_equal(decode_many(LIMIT_ACTIONS + 1, 0), ERR_TOO_LARGE);
	assert_int_equal(decode_many(9000, 0), ERR_MALFORMED);
	assert_int_equal(decode_many(1, LIMIT_COUNCIL), ERR_OK);
	assert_int_equal(decode_many(1, LIMIT_COUNCIL + 1), ERR_TOO_LARGE);
	assert_true(arena.used <= CODEC_TX_ARENA_BYTES);
}

static void a_full_arena_stops_actions_too(void **state)
{
	struct action samples[ACTION_KINDS];
	struct payload p = {.kind = PAYLOAD_SUBMIT};
	struct codec_tx_request request = {
		.key = alice, .genesis = &GENESIS, .payload = &p};
	bool decoded = false, signed_it = false;
	struct bytes raw;

	(void)state;
	action_samples(samples);
	p.submit.type = TYPE_TREASURY;
	p.submit.title = text("All of them");
	p.submit.actions = (struct action_list){samples, ACTION_KINDS};
	raw = sign(&p);
	for (size_t limit = 0; limit < 8000; limit += 8) {
		struct arena tight;
		struct bytes out;
		struct tx tx;
		enum err err;

		arena_init(&tight, limit);
		err = codec_tx_decode(&tx, &tight, &GENESIS, raw, NULL);
		assert_true(err == ERR_OK ||
			    (err == ERR_NO_MEMORY && !decoded));
		decoded = err == ERR_OK;
		arena_fini(&tight);
		arena_init(&tight, limit);
		err = codec_tx_sign(&out, NULL, &tight, &request, NULL);
		assert_true(err == ERR_OK ||
			    (err == ERR_NO_MEMORY && !signed_it));
		signed_it = err == ERR_OK;
		arena_fini(&tight);
	}
	assert_true(decoded && signed_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delegation_says_what_its_kind_needs),
		cmocka_unit_test(
			sixteen_delegations_are_cleared_at_once_and_no_more),
		cmocka_unit_test(a_transfer_moves_something),
		cmocka_unit_test(a_veto_says_why),
		cmocka_unit_test(an_act_has_a_title_a_deed_and_a_way_back),
		cmocka_unit_test(what_the_council_signs_has_one_encoding),
		cmocka_unit_test(actions_are_decoded_as_they_were_signed),
		cmocka_unit_test(an_action_has_one_encoding),
		cmocka_unit_test(lists_within_actions_are_bounded),
		cmocka_unit_test(a_full_arena_stops_actions_too),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, codec_set_up, codec_tear_down);
}
