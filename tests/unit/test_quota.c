/* Buckets, and what one account may have under way. */
#include "base/assert.h"
#include "node/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct public_key key_of(unsigned int i)
{
	struct public_key key;

	memset(&key, 0, sizeof(key));
	key.b[0] = (uint8_t)i;
	key.b[1] = (uint8_t)(i >> 8);
	return key;
}

static void a_bucket_gives_so_much_at_once_and_so_much_a_second(void **state)
{
	struct bucket b = {0};
	unsigned int taken = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		taken += bucket_take(&b, 1000, 1, 10, 20);
	assert_int_equal(taken, 20);
	assert_int_equal(bucket_wait_ms(&b, 1, 10), 100);
	assert_false(bucket_take(&b, 1099, 1, 10, 20));
	assert_int_equal(bucket_wait_ms(&b, 1, 10), 1);
	assert_true(bucket_take(&b, 1100, 1, 10, 20));
	/* Never more than so much at once, however long nothing was taken. */
	taken = 0;
	for (int i = 0; i < 100; i++)
		taken += bucket_take(&b, 10000000, 1, 10, 20);
	assert_int_equal(taken, 20);
	bucket_give_back(&b, 1, 20);
	assert_true(bucket_take(&b, 10000000, 1, 10, 20));
	assert_false(bucket_take(&b, 10000000, 1, 10, 20));
	bucket_give_back(&b, 100, 20);
	assert_true(bucket_take(&b, 10000000, 20, 10, 20));
	assert_false(bucket_take(&b, 10000000, 1, 10, 20));
}

static void an_account_has_64_waiting_and_no_more(void **state)
{
	struct public_key a = key_of(1), b = key_of(2);
	struct err_text text = {""};
	uint32_t wait = 0;
	struct quotas q;

	(void)state;
	quotas_init(&q, 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(quota_take(&q, &a, 5, &wait, &text), ERR_OK);
	assert_int_equal(quota_take(&q, &a, 5, &wait, &text), ERR_RATE_LIMITED);
	assert_in_range(wait, 1, 1000);
	assert_string_equal(text.text,
			    "64 transactions of the account are waiting");
	assert_int_equal(quota_take(&q, &b, 5, &wait, &text), ERR_OK);
	quota_end(&q, &a, 6, true);
	assert_int_equal(quota_take(&q, &a, 6, &wait, &text), ERR_OK);
	quotas_fini(&q);
}

static void an_account_s_rate_is_its_own(void **state)
{
	struct public_key a = key_of(1), b = key_of(2);
	struct err_text text = {""};
	uint32_t wait = 0;
	struct quotas q;

	(void)state;
	quotas_init(&q, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(quota_take(&q, &a, 10, &wait, &text), ERR_OK);
	assert_int_equal(quota_take(&q, &a, 10, &wait, &text),
			 ERR_RATE_LIMITED);
	assert_int_equal(wait, 334);
	assert_int_equal(quota_take(&q, &b, 10, &wait, &text), ERR_OK);
	assert_int_equal(quota_take(&q, &a, 10 + wait, &wait, &text), ERR_OK);
	/* What an account did not sign is not its doing. */
	assert_int_equal(quota_take(&q, &a, 350, &wait, &text),
			 ERR_RATE_LIMITED);
	quota_end(&q, &a, 350, false);
	assert_int_equal(quota_take(&q, &a, 350, &wait, &text), ERR_OK);
	assert_int_equal(quota_take(&q, &a, 350, &wait, &text),
			 ERR_RATE_LIMITED);
	q.paused = true;
	assert_int_equal(quota_take(&q, &a, 350, &wait, &text), ERR_OK);
	quotas_fini(&q);
}

static void only_who_is_idle_for_a_second_is_forgotten(void **state)
{
	struct err_text text = {""};
	uint32_t wait;
	struct quotas q;

	(void)state;
	quotas_init(&q, 100);
	for (unsigned int i = 0; i < 1000; i++) {
		struct public_key key = key_of(i);

		assert_int_equal(quota_take(&q, &key, 1, &wait, &text), ERR_OK);
		if (i % 2 == 0)
			quota_end(&q, &key, 100 + i, true);
	}
	quotas_sweep(&q, 1099);
	assert_int_equal(quotas_count(&q), 1000);
	quotas_sweep(&q, 1100);
	assert_int_equal(quotas_count(&q), 999);
	quotas_sweep(&q, 5000);
	assert_int_equal(quotas_count(&q), 500);
	quotas_fini(&q);
	quotas_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_bucket_gives_so_much_at_once_and_so_much_a_second),
		cmocka_unit_test(an_account_has_64_waiting_and_no_more),
		cmocka_unit_test(an_account_s_rate_is_its_own),
		cmocka_unit_test(only_who_is_idle_for_a_second_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
