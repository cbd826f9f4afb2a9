/* The daemon's configuration: sources, precedence, and what it refuses. */
#include "node/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static enum err load_text(struct config_set *set, const char *yaml,
			  struct err_text *text)
{
	char path[] = "/tmp/bcai-config-XXXXXX";
	int fd = mkstemp(path);
	enum err e;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	close(fd);
	e = config_load_file(set, path, text);
	unlink(path);
	return e;
}

static void later_sources_win(void **state)
{
	struct config_set *set = config_new();
	struct err_text text;

	(void)state;
	assert_int_equal(config_get(set)->batch_txs, 1024);
	assert_int_equal(load_text(set,
				   "listen: 127.0.0.1:7\nbatch_txs: 5\n"
				   "bootstrap:\n  - aa@h:1\n  - bb@h:2\n",
				   &text),
			 ERR_OK);
	assert_string_equal(config_get(set)->listen, "127.0.0.1:7");
	assert_int_equal(config_get(set)->batch_txs, 5);
	assert_int_equal(config_get(set)->bootstrap_count, 2);
	assert_string_equal(config_get(set)->bootstrap[1], "bb@h:2");
	setenv("BCAI_GOVD_BATCH_TXS", "6", 1);
	assert_int_equal(config_load_environment(set, &text), ERR_OK);
	unsetenv("BCAI_GOVD_BATCH_TXS");
	assert_int_equal(config_get(set)->batch_txs, 6);
	assert_int_equal(
		config_set_value(set, "batch_txs", "7", CONFIG_FLAG, &text),
		ERR_OK);
	assert_int_equal(config_get(set)->batch_txs, 7);
	config_free(&set);
}

static void an_unknown_key_names_line_and_nearest_key(void **state)
{
	struct config_set *set = config_new();
	struct err_text text;

	(void)state;
	assert_int_equal(load_text(set, "role: auto\nlisen: x:1\n", &text),
			 ERR_CONFIG);
	assert_non_null(strstr(text.text, "lisen"));
	assert_non_null(strstr(text.text, "line 2, column 1"));
	assert_non_null(strstr(text.text, "did you mean \"listen\""));
	config_free(&set);
}

static void values_outside_their_bounds_are_refused(void **state)
{
	static const struct {
		const char *name, *key, *value;
	} CASES[] = {
		{"a word that is none", "role", "king"},
		{"part of a word", "log_format", "tex"},
		{"no number", "batch_txs", "many"},
		{"a negative number", "batch_txs", "-1"},
		{"zero where one is the least", "batch_txs", "0"},
		{"above the most", "batch_txs", "4097"},
		{"trailing text", "batch_txs", "5x"},
		{"more than 64 bits", "pool_bytes", "99999999999999999999"},
		{"an unknown key", "batch_tx", "5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct config_set *set = config_new();
		struct err_text text;

		assert_int_equal(config_set_value(set, CASES[i].key,
						  CASES[i].value, CONFIG_FLAG,
						  &text),
				 ERR_CONFIG);
		assert_int_equal(config_get(set)->batch_txs, 1024);
		config_free(&set);
	}
}

static void a_data_directory_is_required(void **state)
{
	struct config_set *set = config_new();
	struct err_text text;

	(void)state;
	assert_int_equal(config_check(set, &text), ERR_CONFIG);
	assert_non_null(strstr(text.text, "--data-dir"));
	assert_int_equal(
		config_set_value(set, "data_dir", "/x", CONFIG_FLAG, &text),
		ERR_OK);
	assert_int_equal(config_check(set, &text), ERR_OK);
	config_free(&set);
}

static void printing_shows_where_values_come_from(void **state)
{
	struct config_set *set = config_new();
	struct err_text text;
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	assert_int_equal(
		config_set_value(set, "data_dir", "/x", CONFIG_FLAG, &text),
		ERR_OK);
	config_print(set, f);
	fclose(f);
	assert_non_null(strstr(out, "data_dir: \"/x\"  # flag\n"));
	assert_non_null(strstr(out, "batch_txs: 1024  # default\n"));
	free(out);
	config_free(&set);
}

static void what_is_printed_can_be_read_again(void **state)
{
	struct config_set *set = config_new(), *again = config_new();
	struct err_text text;
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	assert_int_equal(config_set_value(set, "node_name", "a \"b\" \\c # d",
					  CONFIG_FLAG, &text),
			 ERR_OK);
	assert_int_equal(
		config_set_value(set, "batch_txs", "7", CONFIG_FLAG, &text),
		ERR_OK);
	config_print(set, f);
	assert_int_equal(config_set_value(set, "bootstrap", "aa@h:1",
					  CONFIG_FLAG, &text),
			 ERR_OK);
	fclose(f);
	assert_int_equal(load_text(again, out, &text), ERR_OK);
	assert_string_equal(config_get(again)->node_name, "a \"b\" \\c # d");
	assert_int_equal(config_get(again)->batch_txs, 7);
	assert_int_equal(config_get(again)->bootstrap_count, 0);
	free(out);
	config_free(&again);
	again = config_new();
	f = open_memstream(&out, &size);
	config_print(set, f);
	fclose(f);
	assert_int_equal(load_text(again, out, &text), ERR_OK);
	assert_int_equal(config_get(again)->bootstrap_count, 1);
	assert_string_equal(config_get(again)->bootstrap[0], "aa@h:1");
	free(out);
	config_free(&again);
	config_free(&set);
}

static void a_fault_in_the_file_names_its_place(void **state)
{
	static const struct {
		const char *name, *yaml, *place, *what;
	} CASES[] = {
		{"no number", "role: auto\n\nworkers: many\n",
		 "line 3, column 1", "workers: \"many\" is not a number"},
		{"a word that is none", "  role: king\n", "line 1, column 3",
		 "role: \"king\" is none of: auto observer"},
		{"a list where a value is wanted", "workers: [1, 2]\n",
		 "line 1, column 10", "one value is wanted"},
		{"a value where a list is wanted", "bootstrap: x\n",
		 "line 1, column 12", "a list is wanted"},
		{"a key twice", "workers: 1\nworkers: 2\n", "line 1",
		 "stands there twice"},
		{"no YAML", "workers: 1\n}\n", "after line 1", "not YAML"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct config_set *set = config_new();
		struct err_text text;

		assert_int_equal(load_text(set, CASES[i].yaml, &text),
				 ERR_CONFIG);
		if (!strstr(text.text, CASES[i].place) ||
		    !strstr(text.text, CASES[i].what))
			fail_msg("%s: %s", CASES[i].name, text.text);
		config_free(&set);
	}
}

static void an_unknown_variable_of_ours_is_refused(void **state)
{
	struct config_set *set = config_new();
	struct err_text text;

	(void)state;
	setenv("BCAI_GOVD_LISEN", "x:1", 1);
	setenv("BCAI_GOV_SOCKET", "not ours", 1);
	assert_int_equal(config_load_environment(set, &text), ERR_CONFIG);
	assert_non_null(strstr(text.text, "environment"));
	assert_non_null(strstr(text.text, "did you mean \"listen\""));
	unsetenv("BCAI_GOVD_LISEN");
	assert_int_equal(config_load_environment(set, &text), ERR_OK);
	unsetenv("BCAI_GOV_SOCKET");
	config_free(&set);
}

static void addresses_and_names_must_be_some(void **state)
{
	static const struct {
		const char *key, *value;
	} CASES[] = {
		{"listen", "nowhere"},
		{"listen", "127.0.0.1:65536"},
		{"advertise", "example.org"},
		{"advertise", "a b:1"},
		{"bootstrap", "example.org:1"},
		{"bootstrap", "abcd@example.org:1"},
		{"node_name", "a \"word\""},
		{"node_name", "a-name-of-more-than-31-bytes-in-all"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct config_set *set = config_new();
		struct err_text text = {""};

		assert_int_equal(config_set_value(set, "data_dir", "/x",
						  CONFIG_FLAG, &text),
				 ERR_OK);
		assert_int_equal(config_set_value(set, CASES[i].key,
						  CASES[i].value, CONFIG_FLAG,
						  &text),
				 ERR_OK);
		assert_int_equal(config_check(set, &text), ERR_CONFIG);
		if (strncmp(text.text, CASES[i].key, strlen(CASES[i].key)) != 0)
			fail_msg("%s: %s", CASES[i].key, text.text);
		config_free(&set);
	}
}

static void places_must_be_on_this_machine(void **state)
{
	static const struct {
		const char *key, *value;
		enum err outcome;
	} CASES[] = {
		{"data_dir", "/tmp", ERR_OK},
		{"data_dir", "/nonexistent/data", ERR_CONFIG},
		{"data_dir", "/dev/null", ERR_CONFIG},
		{"socket_group", "no-such-group-here", ERR_CONFIG},
		{"passphrase_file", "/nonexistent/passphrase", ERR_CONFIG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct config_set *set = config_new();
		struct err_text text = {""};

		assert_int_equal(config_set_value(set, "data_dir", "/tmp",
						  CONFIG_FLAG, &text),
				 ERR_OK);
		assert_int_equal(config_set_value(set, CASES[i].key,
						  CASES[i].value, CONFIG_FLAG,
						  &text),
				 ERR_OK);
		assert_int_equal(config_check_places(set, &text),
				 CASES[i].outcome);
		config_free(&set);
	}
}

static void reloading_names_what_needs_a_restart(void **state)
{
	struct config_set *now = config_new(), *wanted = config_new();
	struct err_text text;

	(void)state;
	assert_false(config_needs_restart(now, wanted, &text));
	assert_int_equal(load_text(wanted,
				   "log_level: debug\nlog_format: json\n"
				   "log_file: /x\nnode_name: n\n",
				   &text),
			 ERR_OK);
	assert_false(config_needs_restart(now, wanted, &text));
	assert_int_equal(load_text(wanted,
				   "workers: 3\nrole: observer\n"
				   "bootstrap:\n  - x\n",
				   &text),
			 ERR_OK);
	assert_true(config_needs_restart(now, wanted, &text));
	assert_string_equal(text.text, "bootstrap, role, workers");
	config_free(&now);
	config_free(&wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(an_unknown_key_names_line_and_nearest_key),
		cmocka_unit_test(values_outside_their_bounds_are_refused),
		cmocka_unit_test(a_data_directory_is_required),
		cmocka_unit_test(printing_shows_where_values_come_from),
		cmocka_unit_test(what_is_printed_can_be_read_again),
		cmocka_unit_test(a_fault_in_the_file_names_its_place),
		cmocka_unit_test(an_unknown_variable_of_ours_is_refused),
		cmocka_unit_test(addresses_and_names_must_be_some),
		cmocka_unit_test(places_must_be_on_this_machine),
		cmocka_unit_test(reloading_names_what_needs_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
