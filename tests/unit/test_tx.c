#include "crypto/sign.h"
#include "ledger/tx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_nonce_is_used_once_within_its_window(void **state)
{
	struct nonce_window w = {0, 0};

	(void)state;
	assert_int_equal(nonce_check(&w, 63), ERR_OK);
	assert_int_equal(nonce_check(&w, 64), ERR_NONCE_TOO_FAR);
	nonce_use(&w, 1);
	assert_true(w.base == 0);
	assert_int_equal(nonce_check(&w, 1), ERR_REPLAY);
	nonce_use(&w, 0);
	assert_true(w.base == 2 && w.used == 0);
	assert_int_equal(nonce_check(&w, 0), ERR_REPLAY);
	assert_int_equal(nonce_check(&w, 65), ERR_OK);
	assert_int_equal(nonce_check(&w, 66), ERR_NONCE_TOO_FAR);
	for (uint64_t n = 65; n > 2; n--)
		nonce_use(&w, n);
	assert_true(w.base == 2 && w.used == UINT64_MAX - 1);
	nonce_use(&w, 2);
	assert_true(w.base == 66 && w.used == 0);
}

static void the_last_nonce_of_all_does_not_wrap(void **state)
{
	struct nonce_window w = {UINT64_MAX - 1, 0};

	(void)state;
	nonce_use(&w, UINT64_MAX);
	nonce_use(&w, UINT64_MAX - 1);
	assert_true(w.base == UINT64_MAX);
	assert_int_equal(nonce_check(&w, UINT64_MAX), ERR_REPLAY);
	assert_int_equal(nonce_check(&w, 0), ERR_REPLAY);
}

/* Against a set of all nonces ever used, in random order. */
static void the_window_equals_a_set_of_used_nonces(void **state)
{
	const char *given = getenv("BCAI_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : 1;
	bool used[512] = {false};
	struct nonce_window w = {0, 0};
	uint64_t lowest = 0;

	(void)state;
	print_message("BCAI_TEST_SEED=%u\n", seed);
	for (int i = 0; i < 20000; i++) {
		uint64_t n = (uint64_t)rand_r(&seed) % 512;
		enum err want = ERR_OK;

		if (used[n])
			want = ERR_REPLAY;
		else if (n >= lowest + 64)
			want = ERR_NONCE_TOO_FAR;
		assert_int_equal(nonce_check(&w, n), want);
		if (want)
			continue;
		nonce_use(&w, n);
		used[n] = true;
		while (lowest < 512 && used[lowest])
			lowest++;
		assert_true(w.base == lowest);
	}
	assert_true(lowest > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_is_used_once_within_its_window),
		cmocka_unit_test(the_last_nonce_of_all_does_not_wrap),
		cmocka_unit_test(the_window_equals_a_set_of_used_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
