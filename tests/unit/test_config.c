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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(an_unknown_key_names_line_and_nearest_key),
		cmocka_unit_test(values_outside_their_bounds_are_refused),
		cmocka_unit_test(a_data_directory_is_required),
		cmocka_unit_test(printing_shows_where_values_come_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
