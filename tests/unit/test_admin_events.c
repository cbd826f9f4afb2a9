/* Subscriptions of the admin socket: no gaps, no silent loss. */
#include "tests/unit/admin_fixture.h"

/* --- Events --- */

static void subscribe(struct fake *f, struct admin_client *c, const char *how)
{
	char line[256];
	json_t *answer;

	snprintf(
		line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\","
		"\"params\":{%s}}\n",
		how);
	say(c, line);
	answer = hear(f, c);
	assert_non_null(json_object_get(answer, "result"));
	json_decref(answer);
}

static void publish(struct fake *f, uint64_t height)
{
	struct admin_event e[2] = {
		{.type = ADMIN_EVENT_BLOCK, .height = height},
		{.type = ADMIN_EVENT_BALLOT,
		 .height = height,
		 .position = 1,
		 .choice = CHOICE_FOR}};

	admin_publish_block(f->server, height, e, 2);
}

static void expect_event(struct fake *f, struct admin_client *c, uint64_t seq,
			 const char *type, uint64_t height)
{
	json_t *line = hear(f, c);
	const json_t *params = json_object_get(line, "params");
	const json_t *event = json_object_get(params, "event");

	assert_int_equal(json_get_number(params, "seq"), seq);
	assert_string_equal(json_get_text(event, "type"), type);
	assert_int_equal(json_get_number(event, "height"), height);
	json_decref(line);
}

static void past_and_live_events_join_without_a_gap(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path_ro);
	uint64_t seq = 0;

	assert_false(admin_has_subscribers(f->server));
	subscribe(f, c, "\"from_height\":6");
	assert_true(admin_has_subscribers(f->server));
	for (uint64_t h = 11; h <= 14; h++)
		publish(f, h);
	for (uint64_t h = 6; h <= 14; h++) {
		expect_event(f, c, ++seq, "block", h);
		expect_event(f, c, ++seq, "ballot", h);
	}
	publish(f, 15);
	expect_event(f, c, ++seq, "block", 15);
	expect_event(f, c, ++seq, "ballot", 15);
	admin_client_close(&c);
	turn(f, 3);
	publish(f, 16);
	turn(f, 5);
	assert_false(admin_has_subscribers(f->server));
}

static void a_subscription_goes_on_behind_an_event_of_a_block(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	uint64_t seq = 0;

	subscribe(f, c, "\"from_height\":9,\"from_position\":1");
	expect_event(f, c, ++seq, "ballot", 9);
	expect_event(f, c, ++seq, "block", 10);
	expect_event(f, c, ++seq, "ballot", 10);
	admin_client_close(&c);
	/* Also in a block that is yet to come, and behind its last one. */
	c = connect_to(f, f->path);
	subscribe(f, c, "\"from_height\":11,\"from_position\":1");
	publish(f, 11);
	expect_event(f, c, 1, "ballot", 11);
	admin_client_close(&c);
	c = connect_to(f, f->path);
	subscribe(f, c, "\"from_height\":11,\"from_position\":2");
	publish(f, 12);
	expect_event(f, c, 1, "block", 12);
	admin_client_close(&c);
}

static void a_block_whose_events_come_later_is_no_gap(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	uint64_t seq = 0;

	subscribe(f, c, "");
	publish(f, 11);
	admin_publish_later(f->server, 12);
	publish(f, 13);
	for (uint64_t h = 11; h <= 13; h++) {
		expect_event(f, c, ++seq, "block", h);
		expect_event(f, c, ++seq, "ballot", h);
	}
	admin_client_close(&c);
}

static void types_choose_and_unsubscribing_ends(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	struct admin_event peer = {.type = ADMIN_EVENT_PEER, .reason = "up"};

	subscribe(f, c, "\"types\":[\"ballot\",\"peer\"]");
	publish(f, 11);
	admin_publish(f->server, &peer);
	expect_event(f, c, 1, "ballot", 11);
	expect_event(f, c, 2, "peer", 0);
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
	       "\"events.unsubscribe\",\"params\":{\"subscription\":1}}\n");
	json_decref(hear(f, c));
	assert_false(admin_has_subscribers(f->server));
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":"
	       "\"events.unsubscribe\",\"params\":{\"subscription\":1}}\n");
	expect_error(f, c, 103);
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":"
	       "\"events.subscribe\",\"params\":{\"types\":[\"rain\"]}}\n");
	expect_error(f, c, -32602);
	admin_client_close(&c);
}

static void events_that_are_gone_are_an_error_not_a_gap(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);

	subscribe(f, c, "\"from_height\":2");
	expect_error(f, c, 103);
	assert_false(admin_has_subscribers(f->server));
	admin_client_close(&c);
}

static void a_slow_reader_is_told_where_to_go_on(void **state)
{
	struct fake *f = open_fake(
		(struct admin_config){.height = 10, .output_bytes = 300000});
	struct admin_client *c = connect_to(f, f->path);
	uint64_t height = 10, seq = 0, from = 0;
	struct admin_counters counters;
	json_t *line;

	(void)state;
	subscribe(f, c, "");
	do {
		publish(f, ++height);
		turn(f, 1);
		admin_server_counters(f->server, &counters);
	} while (counters.slow_readers == 0 && height < 1000000);
	while ((line = hear(f, c))) {
		const json_t *error = json_object_get(line, "error");

		if (error) {
			assert_int_equal(code_of(line), -32003);
			from = json_get_number(json_object_get(error, "data"),
					       "from_height");
		} else {
			assert_int_equal(
				json_get_number(json_object_get(line, "params"),
						"seq"),
				++seq);
		}
		json_decref(line);
	}
	/* Two events a block: all before `from` were delivered. */
	assert_true(from > 10 && from <= height);
	assert_in_range(seq, 2 * (from - 11), 2 * (from - 10));
	admin_client_close(&c);
	tear_down((void **)&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(past_and_live_events_join_without_a_gap),
		TEST(a_subscription_goes_on_behind_an_event_of_a_block),
		TEST(a_block_whose_events_come_later_is_no_gap),
		TEST(types_choose_and_unsubscribing_ends),
		TEST(events_that_are_gone_are_an_error_not_a_gap),
		cmocka_unit_test(a_slow_reader_is_told_where_to_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
