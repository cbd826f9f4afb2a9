/* --action SPEC: what people write, as they read it again; and what they are
 * told when it cannot be read. */
#include "admin/action_json.h"
#include "cli/action_spec.h"

#include "base/hex.h"
#include "crypto/keystore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char keys[] = "/tmp/test-spec-XXXXXX";
static char bob[2 * PUBLIC_KEY_BYTES + 1];
static struct arena arena;

static int set_up(void **state)
{
	struct secret_key *key;
	struct key_info info;

	(void)state;
	arena_init(&arena, 1 << 20);
	if (!mkdtemp(keys))
		return 1;
	key = secret_key_new();
	if (keystore_create(keys, "bob_dev", key, NULL, KEY_COST_INTERACTIVE,
			    NULL) ||
	    keystore_info(&info, keys, "bob_dev", NULL))
		return 1;
	hex_encode(bob, info.public_key.b, PUBLIC_KEY_BYTES);
	secret_key_free(&key);
	return 0;
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/bob_dev.key", keys);
	unlink(path);
	rmdir(keys);
	arena_fini(&arena);
	return 0;
}

#define K64 "abababababababababababababababababababababababababababababababab"
#define J64 "0101010101010101010101010101010101010101010101010101010101010101"
#define A40 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static void what_people_write_is_what_they_read_again(void **state)
{
	static const struct {
		const char *spec, *words;
	} CASES[] = {
		{"text Thank the auditors", "resolve: Thank the auditors"},
		{"parameter proposal.min_stake=5000000000",
		 "set proposal.min_stake to 5000 tokens"},
		{"parameter  standard.quorum_bp=1500 ",
		 "set standard.quorum_bp to 1500 bp"},
		{"reputation " K64 " code_commit 25.5",
		 "award 25.5 points for code_commit to " K64},
		{"validators add " K64 " 100",
		 "validator " K64 " with weight 100"},
		{"validators remove " K64, "remove validator " K64},
		{"council threshold=2 " K64 "," J64,
		 "a council of 2: 2 act at once, 2 with a delay"},
		{"council threshold=1 " K64 "," J64,
		 "a council of 2: 1 act at once, 1 with a delay"},
		{"council threshold=2 delayed=1 " K64 "," J64,
		 "a council of 2: 2 act at once, 1 with a delay"},
		{"council none", "have no council"},
		{"upgrade 2 " K64 " 120000",
		 "version 2 of the protocol from height 120000 on, build " K64},
		{"transfer 1 coin 0x" A40 " 1000000000000000000000",
		 "transfer 1000000000000000000000 units of its coin on chain "
		 "1 to 0x" A40},
		{"transfer 5 " A40 " " A40 " 7",
		 "transfer 7 units of 0x" A40 " on chain 5 to 0x" A40},
		{"call 1 0x" A40 " 0x12345678 gas=5 code=" K64 " value=9",
		 "call 0x" A40 " on chain 1: selector 12345678, 4 bytes, "
		 "value 9, gas 5"},
		{"override 12", "bring back proposal #12, which was vetoed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct err_text text = {""};
		char words[ACTION_WORDS_BYTES];
		struct action a;
		struct action_list list = {&a, 1};

		if (action_spec_read(&a, &arena, keys, CASES[i].spec, &text))
			fail_msg("%s: %s", CASES[i].spec, text.text);
		action_words(words, &a);
		assert_string_equal(words, CASES[i].words);
		assert_int_equal(actions_check_form(&list, NULL), ERR_OK);
	}
}

static void a_key_may_be_named(void **state)
{
	struct action a;
	char hex[2 * PUBLIC_KEY_BYTES + 1];

	(void)state;
	assert_int_equal(action_spec_read(&a, &arena, keys,
					  "reputation bob_dev research 1",
					  NULL),
			 ERR_OK);
	hex_encode(hex, a.reputation.account.b, PUBLIC_KEY_BYTES);
	assert_string_equal(hex, bob);
	assert_int_equal(a.reputation.points, 1000);
	assert_int_equal(action_spec_read(&a, &arena, keys,
					  "reputation bab_dev research 1",
					  NULL),
			 ERR_KEY_UNKNOWN);
}

static void members_are_sorted_whatever_their_order(void **state)
{
	struct action a, b;

	(void)state;
	assert_int_equal(action_spec_read(&a, &arena, keys,
					  "council threshold=1 " K64 "," J64,
					  NULL),
			 ERR_OK);
	assert_int_equal(action_spec_read(&b, &arena, keys,
					  "council " J64 "," K64 " threshold=1",
					  NULL),
			 ERR_OK);
	assert_memory_equal(a.council.members, b.council.members,
			    2 * PUBLIC_KEY_BYTES);
}

static void what_cannot_be_read_is_explained(void **state)
{
	static const struct {
		const char *spec, *says;
	} CASES[] = {
		{"", "an action is text, parameter"},
		{"dance", "an action is text, parameter"},
		{"parameter", "it is: parameter KEY=VALUE"},
		{"parameter standard.quorum_bp", "no value in"},
		{"parameter standard.quorum_bp=", "no number that fits: \"\""},
		{"parameter standard.quorum_bp=15%", "\"15%\""},
		{"parameter standart.quorum_bp=5",
		 "did you mean \"standard.quorum_bp\"?"},
		{"parameter proposal.max_opem=5",
		 "did you mean \"proposal.max_open\"?"},
		{"parameter colour=5", "params lists them"},
		{"parameter a=1 b=2", "a word too few or too many"},
		{"reputation " K64 " luck 5", "a contribution is code_commit"},
		{"reputation " K64 " research 1.2345", "three decimals"},
		{"validators add " K64, "a word too few or too many"},
		{"validators add " K64 " 0", "no weight"},
		{"validators drop " K64, "neither add nor remove"},
		{"council " K64, "no threshold=N"},
		{"council threshold=1 " K64 " " J64, "members twice"},
		{"upgrade 2 abc 5", "not 64 hex digits: \"abc\""},
		{"transfer 1 coin 0x12 5", "not an address"},
		{"transfer 1 coin " A40 " 1.5", "not an amount: \"1.5\""},
		{"call 1 " A40 " 0x gas=5 value=1", "must be given with"},
		{"call 1 " A40 " 0x1 gas=5 code=" K64, "data is hex"},
		{"call 1 " A40 " 0x gas=5 fee=1", "what is \"fee=1\""},
		{"override x", "it is: override NUMBER"},
		{"parameter a b c d e f g h i", "too many words"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct err_text text = {""};
		struct action a;

		if (action_spec_read(&a, &arena, keys, CASES[i].spec, &text) !=
			    ERR_USAGE ||
		    !strstr(text.text, CASES[i].says))
			fail_msg("%s: %s", CASES[i].spec, text.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write_is_what_they_read_again),
		cmocka_unit_test(a_key_may_be_named),
		cmocka_unit_test(members_are_sorted_whatever_their_order),
		cmocka_unit_test(what_cannot_be_read_is_explained),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests_name("action specs", tests, set_up,
					   tear_down);
}
