#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct public_key key_of(uint32_t i)
{
	struct public_key key;
	struct hash h;

	hash_bytes(&h, "test/key", &i, sizeof(i));
	memcpy(key.b, h.b, sizeof(key.b));
	return key;
}

static struct genesis *make(uint32_t validators, uint32_t accounts)
{
	struct genesis *g = mem_alloc(sizeof(*g));
	enum err err = ERR_OK;

	genesis_init(g);
	memcpy(g->chain_id, "test-1", 7);
	g->time_ms = 1767225600000;
	for (uint32_t i = 0; i < validators && !err; i++) {
		struct public_key key = key_of(1000000 + i);
		char name[20];

		snprintf(name, sizeof(name), "node%u", i);
		err = genesis_add_validator(g, &key, 100 + i, name, NULL);
	}
	for (uint32_t i = 0; i < accounts && !err; i++) {
		struct public_key key = key_of(i);
		char name[20] = "";

		if (i % 3)
			snprintf(name, sizeof(name), "voter-%u", i);
		err = genesis_add_account(g, &key, 1000000 + i, i, name, NULL);
	}
	if (validators > 1) { /* a council, too */
		for (uint8_t i = 0; i < 3; i++)
			g->council.members[i].b[0] = i;
		g->council.count = 3;
		g->council.threshold = 3;
		g->council.threshold_delayed = 2;
	}
	assert_int_equal(err, ERR_OK);
	return g;
}

static struct genesis *empty(void)
{
	struct genesis *g = mem_alloc(sizeof(*g));

	genesis_init(g);
	return g;
}

static void drop(struct genesis *g)
{
	genesis_fini(g);
	free(g);
}

static struct bytes canonical(const struct genesis *g)
{
	size_t size = genesis_size(g);
	uint8_t *data = mem_alloc(size);
	struct writer w;

	writer_init(&w, data, size);
	genesis_write(&w, g);
	assert_false(w.bad);
	assert_int_equal(w.size, size);
	return (struct bytes){data, size};
}

static void release(struct bytes b)
{
	free((void *)(uintptr_t)b.data);
}

static void assert_same(const struct genesis *a, const struct genesis *b)
{
	struct bytes x = canonical(a);
	struct bytes y = canonical(b);
	struct hash h;
	struct hash i;

	assert_int_equal(x.size, y.size);
	assert_memory_equal(x.data, y.data, x.size);
	genesis_hash(&h, a);
	genesis_hash(&i, b);
	assert_memory_equal(&h, &i, sizeof(h));
	release(x);
	release(y);
}

static void canonical_bytes_are_read_back(void **state)
{
	struct genesis *g = make(4, 100);
	struct genesis *again = empty();
	struct bytes raw = canonical(g);

	(void)state;
	assert_int_equal(genesis_read(again, raw, NULL), ERR_OK);
	assert_same(g, again);
	assert_string_equal(genesis_account_name(again, 0), "");
	assert_string_equal(genesis_account_name(again, 1), "voter-1");
	drop(again);
	for (size_t cut = 0; cut < raw.size; cut++) {
		again = empty();
		assert_int_equal(genesis_read(again,
					      (struct bytes){raw.data, cut},
					      NULL),
				 ERR_GENESIS);
		drop(again);
	}
	release(raw);
	drop(g);
}

static void bytes_behind_the_end_are_refused(void **state)
{
	struct genesis *g = make(1, 1);
	struct genesis *again = empty();
	struct bytes raw = canonical(g);
	uint8_t *longer = mem_alloc(raw.size + 1);
	size_t head = genesis_head_size(g);
	uint32_t accounts;

	(void)state;
	memcpy(longer, raw.data, raw.size);
	assert_int_equal(
		genesis_read(again, (struct bytes){longer, raw.size + 1}, NULL),
		ERR_GENESIS);
	drop(again);
	again = empty();
	assert_int_equal(genesis_read_head(again, &accounts,
					   (struct bytes){longer, head + 1},
					   NULL),
			 ERR_GENESIS);
	drop(again);
	again = empty();
	assert_int_equal(genesis_read_head(again, &accounts,
					   (struct bytes){longer, head}, NULL),
			 ERR_OK);
	assert_int_equal(accounts, 1);
	assert_int_equal(again->validator_count, 1);
	assert_int_equal(again->account_count, 0);
	drop(again);
	free(longer);
	release(raw);
	drop(g);
}

static void the_hash_splits_into_head_and_accounts(void **state)
{
	struct genesis *g = make(2, 3);
	struct bytes raw = canonical(g);
	struct bytes head = {raw.data, genesis_head_size(g)};
	struct hash accounts;
	struct hash whole;
	struct hash parts;

	(void)state;
	genesis_hash(&whole, g);
	genesis_accounts_hash(&accounts, g);
	genesis_hash_of(&parts, head, &accounts);
	assert_memory_equal(&whole, &parts, sizeof(whole));
	hash_bytes(&parts, "bcai-gov/genesis-accounts/1", raw.data + head.size,
		   raw.size - head.size);
	assert_memory_equal(&accounts, &parts, sizeof(parts));
	release(raw);
	drop(g);
}

static void everything_in_it_changes_the_hash(void **state)
{
	struct genesis *g = make(2, 2);
	struct hash seen[16];
	size_t n = 0;

	(void)state;
	genesis_hash(&seen[n++], g);
	g->chain_id[0] = 'T';
	genesis_hash(&seen[n++], g);
	g->time_ms++;
	genesis_hash(&seen[n++], g);
	g->validators[1].weight++;
	genesis_hash(&seen[n++], g);
	g->validators[1].name[0] = 'm';
	genesis_hash(&seen[n++], g);
	g->accounts[1].stake++;
	genesis_hash(&seen[n++], g);
	g->accounts[1].reputation++;
	genesis_hash(&seen[n++], g);
	g->accounts[1].name = 0;
	genesis_hash(&seen[n++], g);
	assert_int_equal(genesis_param_set(g, "checkpoint.blocks", 7, NULL),
			 ERR_OK);
	genesis_hash(&seen[n++], g);
	assert_int_equal(genesis_param_set(g, "standard.quorum_bp", 1234, NULL),
			 ERR_OK);
	genesis_hash(&seen[n++], g);
	g->account_count = 1;
	genesis_hash(&seen[n++], g);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(hash_equal(&seen[i], &seen[j]));
	}
	drop(g);
}

static void a_genesis_that_cannot_work_is_refused(void **state)
{
	struct genesis *g = make(0, 1);
	struct public_key key = key_of(5);
	struct err_text why;

	(void)state;
	assert_int_equal(genesis_check(g, &why), ERR_GENESIS);
	assert_non_null(strstr(why.text, "no validators"));
	assert_int_equal(genesis_add_validator(g, &key, 1, "a", NULL), ERR_OK);
	assert_int_equal(genesis_check(g, NULL), ERR_OK);
	assert_int_equal(genesis_add_validator(g, &key, 1, "b", NULL), ERR_OK);
	assert_int_equal(genesis_check(g, &why), ERR_GENESIS);
	assert_non_null(strstr(why.text, "same key"));
	g->validators[1].key.b[0] ^= 1;
	assert_int_equal(genesis_check(g, NULL), ERR_OK);
	g->validators[1].weight = 0;
	assert_int_equal(genesis_check(g, NULL), ERR_GENESIS);
	g->validators[1].weight = LIMIT_VALIDATOR_WEIGHT + 1;
	assert_int_equal(genesis_check(g, NULL), ERR_GENESIS);
	g->validators[1].weight = LIMIT_VALIDATOR_WEIGHT;
	assert_int_equal(genesis_check(g, NULL), ERR_OK);
	g->chain_id[0] = '\0';
	assert_int_equal(genesis_check(g, NULL), ERR_GENESIS);
	g->chain_id[0] = '/';
	assert_int_equal(genesis_check(g, NULL), ERR_GENESIS);
	g->chain_id[0] = 'x';
	g->accounts[0].stake = LIMIT_STAKE_TOTAL;
	assert_int_equal(genesis_check(g, NULL), ERR_OK);
	assert_int_equal(genesis_add_account(g, &key, 1, 0, "", NULL), ERR_OK);
	assert_int_equal(genesis_check(g, NULL), ERR_GENESIS);
	g->accounts[0].stake = 0;
	g->accounts[0].reputation = LIMIT_REPUTATION_TOTAL;
	assert_int_equal(genesis_check(g, NULL), ERR_OK);
	g->accounts[1].reputation = 1;
	assert_int_equal(genesis_check(g, NULL), ERR_GENESIS);
	drop(g);
}

static void a_council_must_be_able_to_act(void **state)
{
	struct genesis *g = make(2, 1);
	struct err_text why;

	(void)state;
	assert_int_equal(genesis_check(g, &why), ERR_OK);
	g->council.threshold = 4;
	assert_int_equal(genesis_check(g, &why), ERR_GENESIS);
	assert_non_null(strstr(why.text, "council: 4 at once"));
	g->council.threshold = 1;
	assert_int_equal(genesis_check(g, &why), ERR_GENESIS);
	g->council.threshold_delayed = 1;
	assert_int_equal(genesis_check(g, &why), ERR_OK);
	g->council.members[1] = g->council.members[2];
	assert_int_equal(genesis_check(g, &why), ERR_GENESIS);
	drop(g);
}

static void parameters_at_odds_are_no_genesis(void **state)
{
	struct genesis *g = make(1, 1);
	struct err_text why;

	(void)state;
	assert_int_equal(genesis_param_set(g, "detect.history", 2, NULL),
			 ERR_OK);
	assert_int_equal(genesis_check(g, &why), ERR_GENESIS);
	assert_non_null(strstr(why.text, "detect.history_min"));
	drop(g);
}

static void a_council_is_read_in_any_order(void **state)
{
#define K1 "1111111111111111111111111111111111111111111111111111111111111111"
#define K2 "2222222222222222222222222222222222222222222222222222222222222222"
#define START                                                                  \
	"{\"chain_id\": \"a\", \"time_ms\": \"1\", \"accounts\": [], "         \
	"\"validators\": [{\"key\": \"" K1 "\", \"weight\": \"1\"}], "         \
	"\"council\": {"
#define OF(a, b) "\"members\": [\"" a "\", \"" b "\"]"
#define NUMBERS(a, b)                                                          \
	", \"threshold\": \"" a "\", \"threshold_delayed\": \"" b "\"}}"
	static const struct {
		const char *json;
		enum err want;
	} CASES[] = {
		{START OF(K2, K1) NUMBERS("2", "1"), ERR_OK},
		{START OF(K1, K1) NUMBERS("2", "1"), ERR_GENESIS},
		{START OF(K1, K2) NUMBERS("3", "1"), ERR_GENESIS},
		{START OF(K1, K2) NUMBERS("2", "0"), ERR_GENESIS},
		{START OF(K1, K2) NUMBERS("4294967298", "1"), ERR_GENESIS},
		{START OF(K1, K2) ", \"threshold\": \"2\"}}", ERR_GENESIS},
		{START OF(K1, "12") NUMBERS("2", "1"), ERR_GENESIS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct bytes json = {(const uint8_t *)CASES[i].json,
					   strlen(CASES[i].json)};
		struct genesis *g = empty();
		struct err_text why = {""};

		if (genesis_json_parse(g, json, "x", &why) != CASES[i].want)
			fail_msg("case %zu: %s", i, why.text);
		if (i == 0) {
			assert_int_equal(g->council.members[0].b[0], 0x11);
			assert_int_equal(g->council.members[1].b[0], 0x22);
			assert_int_equal(g->council.threshold, 2);
			assert_int_equal(g->council.threshold_delayed, 1);
		}
		drop(g);
	}
}

static void names_are_plain_and_short(void **state)
{
	static const struct {
		const char *name;
		enum err want;
	} CASES[] = {
		{"", ERR_OK},
		{"Az0.-_", ERR_OK},
		{"0123456789012345678901234567890123456789012345678901234567890"
		 "123",
		 ERR_OK},
		{"0123456789012345678901234567890123456789012345678901234567890"
		 "1234",
		 ERR_GENESIS},
		{"a b", ERR_GENESIS},
		{"a/b", ERR_GENESIS},
		{"\xc3\xa9", ERR_GENESIS},
	};
	struct genesis *g = make(0, 0);
	struct public_key key = key_of(1);

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_int_equal(
			genesis_add_validator(g, &key, 1, CASES[i].name, NULL),
			CASES[i].want);
		assert_int_equal(
			genesis_add_account(g, &key, 1, 1, CASES[i].name, NULL),
			CASES[i].want);
	}
	drop(g);
}

static void there_is_a_most_of_everything(void **state)
{
	struct genesis *g = make(LIMIT_VALIDATORS, 0);
	struct public_key key = key_of(1);

	(void)state;
	assert_int_equal(genesis_add_validator(g, &key, 1, "", NULL),
			 ERR_GENESIS);
	g->account_count = LIMIT_ACCOUNTS;
	assert_int_equal(genesis_add_account(g, &key, 1, 1, "", NULL),
			 ERR_GENESIS);
	g->account_count = 0;
	drop(g);
}

static void damaged_canonical_bytes_are_refused_with_a_reason(void **state)
{
	struct genesis *g = make(1, 1);
	struct bytes raw = canonical(g);
	size_t network = 1 + 1 + 6 + 8;
	size_t governance = network + NETWORK_PARAMS_BYTES;
	size_t validators = governance + GOVERNANCE_PARAMS_BYTES;
	const struct {
		const char *name;
		size_t at;
		uint8_t value;
	} CASES[] = {
		{"another version", 0, 2},
		{"a long chain id", 1, 65},
		{"a NUL in the chain id", 3, 0},
		{"more network parameters", network + 1, 99},
		{"a network parameter out of bounds", network + 2, 255},
		{"more governance parameters", governance + 1, 255},
		{"a governance parameter out of bounds", governance + 2, 255},
		{"more validators than there may be", validators + 2, 1},
		{"a validator without a name that is one", validators + 45, 1},
		{"more accounts than there may be", genesis_head_size(g) - 4,
		 9},
		{"more accounts than bytes", genesis_head_size(g) - 2, 9},
		{"an account's name", raw.size - 1, 65},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		uint8_t *bytes = mem_copy(raw.data, raw.size);
		struct genesis *again = empty();
		struct err_text why = {""};

		bytes[CASES[i].at] = CASES[i].value;
		assert_int_equal(genesis_read(again,
					      (struct bytes){bytes, raw.size},
					      &why),
				 ERR_GENESIS);
		print_message("%s: %s\n", CASES[i].name, why.text);
		assert_true(why.text[0] != '\0');
		drop(again);
		free(bytes);
	}
	release(raw);
	drop(g);
}

static void parameters_stand_under_one_list_of_names(void **state)
{
	struct genesis *g = make(1, 0);
	struct err_text why;

	(void)state;
	for (size_t i = 0; i < GENESIS_PARAM_COUNT; i++) {
		struct governance_param_info info;

		genesis_param_info(&info, i);
		assert_int_equal(genesis_param_find(info.name), i);
		assert_true(genesis_param_get(g, i) == info.value_default);
		assert_int_equal(
			genesis_param_set(g, info.name, info.max, &why),
			ERR_OK);
		assert_true(genesis_param_get(g, i) == info.max);
		if (info.max == UINT64_MAX)
			continue;
		assert_int_equal(
			genesis_param_set(g, info.name, info.max + 1, &why),
			ERR_PARAMETER_BOUNDS);
		assert_true(genesis_param_get(g, i) == info.max);
	}
	assert_int_equal(genesis_param_find("nonsense"), GENESIS_PARAM_COUNT);
	assert_int_equal(genesis_param_set(g, "nonsense", 1, &why),
			 ERR_PARAMETER_BOUNDS);
	genesis_params_fast(g);
	assert_true(genesis_param_get(
			    g, genesis_param_find("standard.voting_ms")) <=
		    60000);
	drop(g);
}

/* ---- Files ---- */

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	memcpy(path, "/tmp/bcai-genesis-XXXXXX", 25);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void a_file_is_read_as_it_was_written(void **state)
{
	struct genesis *g = make(4, 50);
	struct genesis *again = empty();
	struct err_text why = {""};

	(void)state;
	genesis_params_fast(g);
	assert_int_equal(genesis_json_write(g, path, &why), ERR_OK);
	assert_int_equal(genesis_json_read(again, path, &why), ERR_OK);
	assert_same(g, again);
	drop(again);
	drop(g);
}

static void a_missing_file_is_named(void **state)
{
	struct genesis *g = empty();
	struct err_text why = {""};
	struct genesis_keys keys = {NULL, NULL};

	(void)state;
	assert_true(genesis_json_read(g, "/nonexistent/g.json", &why) !=
		    ERR_OK);
	assert_non_null(strstr(why.text, "/nonexistent/g.json"));
	assert_true(genesis_json_write(g, "/nonexistent/g.json", &why) !=
		    ERR_OK);
	assert_true(genesis_csv_read(g, "/nonexistent/v.csv", &keys, &why) !=
		    ERR_OK);
	drop(g);
}

#define KEY1 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY2 "2222222222222222222222222222222222222222222222222222222222222222"
#define V1   "\"validators\": [{\"key\": \"" KEY1 "\", \"weight\": \"5\"}]"
#define HEAD "{\"chain_id\": \"c\", \"time_ms\": \"9\", "

static const struct {
	const char *name;
	const char *json;
	const char *want; /* NULL: it is accepted */
} FILES[] = {
	{"the least", HEAD V1 ", \"accounts\": []}", NULL},
	{"spaces, bare numbers, escapes",
	 " {\n\t\"chain_id\":\"\\u0063\" ,\r\n\"time_ms\":9," V1
	 ",\"accounts\":[] }\n ",
	 NULL},
	{"an account without a name",
	 HEAD V1 ", \"accounts\": [{\"key\": \"" KEY2
		 "\", \"stake\": \"18\", \"reputation\": \"1\"}]}",
	 NULL},
	{"a parameter",
	 HEAD V1 ", \"parameters\": {\"checkpoint.ms\": \"5\"}, "
		 "\"accounts\": []}",
	 NULL},
	{"nothing", "", "g:1: '{' expected, but the file ends"},
	{"an array", "[]", "g:1: '{' expected"},
	{"the line", "{\n\n\"chain_id\": 5", "g:3: '\"' expected"},
	{"missing members", "{\"chain_id\": \"c\"}", "\"time_ms\" is missing"},
	{"no accounts", HEAD V1 "}", "\"accounts\" is missing"},
	{"an unknown member", HEAD "\"colour\": 1}",
	 "\"colour\" has no meaning here"},
	{"a member twice", HEAD "\"time_ms\": \"9\"}", "\"time_ms\" twice"},
	{"a text without end", "{\"chain", "a text without end"},
	{"an escape without end", "{\"chain\\", "text"},
	{"a strange escape", "{\"\\n\"", "escape"},
	{"a long unicode escape", "{\"\\u0100\"", "escape"},
	{"a control character", "{\"a\nb\"", "control character"},
	{"a long text", "{\"" KEY1 KEY1 "x\": 1}", "longer than anything"},
	{"no colon", "{\"chain_id\" \"c\"}", "':' expected"},
	{"no comma", "{\"chain_id\": \"c\" \"time_ms\": 9}", "',' expected"},
	{"a comma too many", "{\"chain_id\": \"c\",}", "'\"' expected"},
	{"a negative number", "{\"time_ms\": -9}", "a whole number"},
	{"a fraction", "{\"time_ms\": 9.5}", "',' expected"},
	{"a number too large", "{\"time_ms\": \"18446744073709551616\"}",
	 "a whole number"},
	{"an empty number", "{\"time_ms\": \"\"}", "a whole number"},
	{"a short key",
	 HEAD "\"validators\": [{\"key\": \"1111\", \"weight\": 1}]",
	 "64 hexadecimal digits"},
	{"a validator without weight",
	 HEAD "\"validators\": [{\"key\": \"" KEY1 "\"}]",
	 "\"weight\" is missing"},
	{"a validator with stake", HEAD "\"validators\": [{\"stake\": 1}]",
	 "has no meaning"},
	{"a bad name of a validator",
	 HEAD "\"validators\": [{\"key\": \"" KEY1
	      "\", \"weight\": 1, \"name\": \"a b\"}]",
	 "validator 0: a name"},
	{"a bad name of an account",
	 HEAD "\"accounts\": [{\"key\": \"" KEY1
	      "\", \"stake\": 1, \"reputation\": 1, "
	      "\"name\": \"\xc3\xa9\"}]",
	 "account 0: a name"},
	{"an unknown member of an account", HEAD "\"accounts\": [{\"x\": 1}]",
	 "has no meaning"},
	{"an array without end", HEAD "\"accounts\": [",
	 "'{' expected, but the file ends"},
	{"an array without comma", HEAD V1 ", \"validators2\": []",
	 "has no meaning"},
	{"elements without comma",
	 HEAD "\"validators\": [{\"key\": \"" KEY1 "\", \"weight\": 1} {",
	 "',' expected"},
	{"an unknown parameter", HEAD "\"parameters\": {\"x\": 1}", "x"},
	{"a parameter out of bounds",
	 HEAD "\"parameters\": {\"checkpoint.ms\": 0}", "checkpoint.ms"},
	{"a parameter without value",
	 HEAD "\"parameters\": {\"checkpoint.ms\": x}", "a whole number"},
	{"a parameter twice",
	 HEAD "\"parameters\": {\"checkpoint.ms\": 5, "
	      "\"checkpoint.ms\": 5}",
	 "\"checkpoint.ms\" twice"},
	{"a long chain id", "{\"chain_id\": \"" KEY1 "2\"}",
	 "chain_id: at most 64"},
	{"a chain id that is no name",
	 "{\"chain_id\": \"a b\", \"time_ms\": 1, " V1 ", \"accounts\": []}",
	 "g: chain_id"},
	{"neither excluded nor not",
	 HEAD V1 ", \"accounts\": [{\"key\": \"" KEY1
		 "\", \"stake\": 1, \"reputation\": 0, \"excluded\": 2}]}",
	 "0 or 1"},
	{"something behind", HEAD V1 ", \"accounts\": []} x", "behind the end"},
	{"no validators", HEAD "\"validators\": [], \"accounts\": []}",
	 "no validators"},
};

static void json_is_read_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		struct genesis *g = empty();
		struct err_text why = {""};
		struct bytes json = {(const uint8_t *)FILES[i].json,
				     strlen(FILES[i].json)};
		enum err err = genesis_json_parse(g, json, "g", &why);

		if (err && (!FILES[i].want || !strstr(why.text, FILES[i].want)))
			print_message("%s: %s\n", FILES[i].name, why.text);
		assert_int_equal(err, FILES[i].want ? ERR_GENESIS : ERR_OK);
		if (FILES[i].want)
			assert_non_null(strstr(why.text, FILES[i].want));
		drop(g);
	}
}

static void an_excluded_account_is_in_every_form(void **state)
{
	static const char json[] =
		HEAD V1 ", \"accounts\": [{\"key\": \"" KEY1
			"\", \"stake\": 7, \"reputation\": 0, "
			"\"excluded\": \"1\"}]}";
	const struct bytes text = {(const uint8_t *)json, strlen(json)};
	struct genesis *g = empty(), *copy = empty();
	struct hash with, without;
	struct bytes raw;

	(void)state;
	assert_int_equal(genesis_json_parse(g, text, "g", NULL), ERR_OK);
	raw = canonical(g);
	assert_int_equal(genesis_read(copy, raw, NULL), ERR_OK);
	assert_true(copy->accounts[0].excluded);
	assert_same(g, copy);
	copy->accounts[0].excluded = false;
	genesis_hash(&with, g);
	genesis_hash(&without, copy);
	assert_false(hash_equal(&with, &without));
	release(raw);
	drop(g);
	drop(copy);
}

static enum err key_of_name(void *context, struct public_key *out,
			    const char *name, struct err_text *text)
{
	uint32_t *asked = context;

	if (strcmp(name, "nobody") == 0)
		return err_set(text, ERR_KEY_UNKNOWN, "no key %s", name);
	*out = key_of((*asked)++);
	return ERR_OK;
}

static void csv_is_read_exactly(void **state)
{
	static const char CSV[] = "name,stake,reputation\r\n"
				  "alice,5000000,\n"
				  "\n"
				  "bob,0.000001,85.5\r\n"
				  "carol,,0.001";
	uint32_t asked = 0;
	struct genesis_keys keys = {key_of_name, &asked};
	struct genesis *g = make(1, 0);
	struct err_text why = {""};

	(void)state;
	assert_int_equal(file_replace(path, CSV, strlen(CSV), 0600, &why),
			 ERR_OK);
	assert_int_equal(genesis_csv_read(g, path, &keys, &why), ERR_OK);
	assert_int_equal(g->account_count, 3);
	assert_int_equal(asked, 3);
	assert_string_equal(genesis_account_name(g, 0), "alice");
	assert_true(g->accounts[0].stake == UINT64_C(5000000000000));
	assert_true(g->accounts[0].reputation == 0);
	assert_true(g->accounts[1].stake == 1);
	assert_true(g->accounts[1].reputation == 85500);
	assert_true(g->accounts[2].stake == 0);
	assert_true(g->accounts[2].reputation == 1);
	drop(g);
}

static void csv_that_is_wrong_is_named_by_its_line(void **state)
{
	static const struct {
		const char *name;
		const char *csv;
		const char *want;
		enum err err;
	} CASES[] = {
		{"empty", "", "v:1: the first line", ERR_GENESIS},
		{"no header", "a,1,2\n", "v:1: the first line", ERR_GENESIS},
		{"two fields", "a,1\n", "v:2: three fields", ERR_GENESIS},
		{"four fields", "a,1,2,3\n", "v:2: three fields", ERR_GENESIS},
		{"no name", "\n,1,2\n", "v:3: a name", ERR_GENESIS},
		{"a bad name", "a b,1,2\n", "v:2: account 0", ERR_GENESIS},
		{"a long name", "a" KEY1 ",1,2\n", "v:2: a name", ERR_GENESIS},
		{"too exact", "a,0.0000001,2\n", "v:2: stake", ERR_GENESIS},
		{"too exact points", "a,1,0.0001\n", "v:2: reputation",
		 ERR_GENESIS},
		{"no number", "a,1e5,2\n", "v:2: stake", ERR_GENESIS},
		{"an unknown key", "nobody,1,2\n", "no key nobody",
		 ERR_KEY_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		uint32_t asked = 0;
		struct genesis_keys keys = {key_of_name, &asked};
		struct genesis *g = make(1, 0);
		struct err_text why = {""};
		char csv[256] = "";

		if (i > 1)
			strcpy(csv, "name,stake,reputation\n");
		strcat(csv, CASES[i].csv);
		assert_int_equal(
			genesis_csv_parse(
				g, (struct bytes){(uint8_t *)csv, strlen(csv)},
				"v", &keys, &why),
			CASES[i].err);
		assert_non_null(strstr(why.text, CASES[i].want));
		drop(g);
	}
}

static void decimals_are_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned int places;
		bool ok;
		uint64_t want;
	} CASES[] = {
		{"0", 6, true, 0},
		{"12.5", 6, true, 12500000},
		{"12.500000", 6, true, 12500000},
		{"0012", 0, true, 12},
		{"18446744073709551615", 0, true, UINT64_MAX},
		{"18446744073709551616", 0, false, 0},
		{"18446744073709.551615", 6, true, UINT64_MAX},
		{"18446744073709.551616", 6, false, 0},
		{"18446744073710", 6, false, 0},
		{"12.5000000", 6, false, 0},
		{"1.5", 0, false, 0},
		{"", 6, false, 0},
		{".", 6, false, 0},
		{"1.", 6, false, 0},
		{".5", 6, false, 0},
		{"1..5", 6, false, 0},
		{"1.5.5", 6, false, 0},
		{"-1", 6, false, 0},
		{"+1", 6, false, 0},
		{" 1", 6, false, 0},
		{"1 ", 6, false, 0},
		{"0x1", 6, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct bytes text = {(const uint8_t *)CASES[i].text,
				     strlen(CASES[i].text)};
		uint64_t v = 0;
		bool ok = decimal_parse(&v, text, CASES[i].places);

		if (ok != CASES[i].ok)
			print_message("\"%s\"\n", CASES[i].text);
		assert_int_equal(ok, CASES[i].ok);
		if (ok)
			assert_true(v == CASES[i].want);
	}
}

/* A million accounts must load in seconds; a tenth of them here. */
static void many_accounts_load_quickly(void **state)
{
	struct genesis *g = make(4, 100000);
	struct genesis *again = empty();
	uint64_t start;
	uint64_t took;

	(void)state;
	assert_int_equal(genesis_json_write(g, path, NULL), ERR_OK);
	start = clock_mono_us();
	assert_int_equal(genesis_json_read(again, path, NULL), ERR_OK);
	took = clock_mono_us() - start;
	print_message("100,000 accounts in %llu ms\n",
		      (unsigned long long)took / 1000);
	assert_true(took < 5000000);
	assert_same(g, again);
	drop(again);
	drop(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_bytes_are_read_back),
		cmocka_unit_test(bytes_behind_the_end_are_refused),
		cmocka_unit_test(the_hash_splits_into_head_and_accounts),
		cmocka_unit_test(everything_in_it_changes_the_hash),
		cmocka_unit_test(a_genesis_that_cannot_work_is_refused),
		cmocka_unit_test(a_council_must_be_able_to_act),
		cmocka_unit_test(parameters_at_odds_are_no_genesis),
		cmocka_unit_test(a_council_is_read_in_any_order),
		cmocka_unit_test(names_are_plain_and_short),
		cmocka_unit_test(there_is_a_most_of_everything),
		cmocka_unit_test(
			damaged_canonical_bytes_are_refused_with_a_reason),
		cmocka_unit_test(parameters_stand_under_one_list_of_names),
		cmocka_unit_test_setup_teardown(
			a_file_is_read_as_it_was_written, make_path,
			remove_path),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(an_excluded_account_is_in_every_form),
		cmocka_unit_test(json_is_read_strictly),
		cmocka_unit_test_setup_teardown(csv_is_read_exactly, make_path,
						remove_path),
		cmocka_unit_test(csv_that_is_wrong_is_named_by_its_line),
		cmocka_unit_test(decimals_are_exact_or_refused),
		cmocka_unit_test_setup_teardown(many_accounts_load_quickly,
						make_path, remove_path),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
