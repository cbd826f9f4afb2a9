/* What the genesis says of time is what consensus runs on. */
#include "node/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void every_time_of_the_genesis_is_used(void **state)
{
	struct network_params p;
	struct consensus_config c;

	(void)state;
	network_params_default(&p);
	consensus_config_defaults(&c);
	p.value[NETWORK_CONSENSUS_DELTA_MS] = 11;
	p.value[NETWORK_CONSENSUS_DELTA_MAX_MS] = 777;
	p.value[NETWORK_CONSENSUS_HEARTBEAT_MS] = 333;
	p.value[NETWORK_CONSENSUS_INTERVAL_MS] = 44;
	p.value[NETWORK_CONSENSUS_DRIFT_MS] = 555;
	timing_from_params(&c, &p);
	assert_int_equal(c.delta_ms, 11);
	assert_int_equal(c.delta_max_ms, 777);
	assert_int_equal(c.heartbeat_ms, 333);
	assert_int_equal(c.interval_ms, 44);
	assert_int_equal(c.drift_ms, 555);
}

static void a_bound_below_what_it_bounds_is_raised(void **state)
{
	struct network_params p;
	struct consensus_config c;

	(void)state;
	network_params_default(&p);
	consensus_config_defaults(&c);
	p.value[NETWORK_CONSENSUS_DELTA_MS] = 200;
	p.value[NETWORK_CONSENSUS_DELTA_MAX_MS] = 1;
	timing_from_params(&c, &p);
	assert_int_equal(c.delta_ms, 200);
	assert_int_equal(c.delta_max_ms, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_time_of_the_genesis_is_used),
		cmocka_unit_test(a_bound_below_what_it_bounds_is_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
