/* Requests, lines, roles, submissions and connections of the admin socket. */
#include "tests/unit/admin_fixture.h"

/* --- Requests --- */

static void wrong_requests_get_the_stated_error(void **state)
{
	static const struct {
		const char *name, *line;
		int code;
		const char *in_message;
	} ROWS[] = {
		{"garbage", "hello\n", -32700, ""},
		{"not UTF-8", "{\"a\":\"\xff\"}\n", -32700, ""},
		{"twice a member", "{\"id\":1,\"id\":2}\n", -32700, ""},
		{"a number", "17\n", -32600, ""},
		{"an empty object", "{}\n", -32600, ""},
		{"a batch",
		 "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\"}]"
		 "\n",
		 -32600, "batches"},
		{"another version",
		 "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"node.status\"}\n",
		 -32600, ""},
		{"a fractional id",
		 "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"x\"}\n", -32600,
		 "id"},
		{"unknown method",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.fly\"}\n",
		 -32601, "node.fly"},
		{"params as an array",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\","
		 "\"params\":[1]}\n",
		 -32602, "object"},
		{"unknown parameter",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\","
		 "\"params\":{\"x\":1}}\n",
		 -32602, "\"x\""},
		{"missing parameter",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"peer.add\"}\n",
		 -32602, "address"},
		{"wrong kind",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.get\","
		 "\"params\":{\"tx\":\"abc\"}}\n",
		 -32602, "hash"},
		{"negative number",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"block.get\","
		 "\"params\":{\"height\":-1}}\n",
		 -32602, "number"},
		{"page too long",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"peer.list\","
		 "\"params\":{\"limit\":1001}}\n",
		 -32602, "limit"},
		{"what the node says",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"peer.add\","
		 "\"params\":{\"address\":\"nowhere\"}}\n",
		 206, "nowhere"},
		{"tx not hex",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
		 "\"params\":{\"tx\":\"zz\"}}\n",
		 -32602, "hex"},
		{"odd hex",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
		 "\"params\":{\"tx\":\"abc\"}}\n",
		 -32602, "hex"},
		{"wait for what",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
		 "\"params\":{\"tx\":\"ab\",\"wait\":\"never\"}}\n",
		 -32602, "wait"},
		{"time-out too long",
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
		 "\"params\":{\"tx\":\"ab\",\"timeout_ms\":600001}}\n",
		 -32602, "timeout_ms"},
	};
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		json_t *line;
		const json_t *error;

		say(c, ROWS[i].line);
		line = hear(f, c);
		error = json_object_get(line, "error");
		if (code_of(line) != ROWS[i].code ||
		    !strstr(json_get_text(error, "message"),
			    ROWS[i].in_message))
			fail_msg("%s: %s", ROWS[i].name,
				 json_get_text(error, "message"));
		assert_non_null(json_object_get(json_object_get(error, "data"),
						"hint"));
		json_decref(line);
	}
	assert_int_equal(f->ticket_count, 0);
	admin_client_close(&c);
}

static void numbers_of_64_bits_are_strings(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	json_t *line;

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":\"me\",\"method\":"
	       "\"node.status\"}\n");
	line = hear(f, c);
	assert_string_equal(json_get_text(line, "id"), "me");
	assert_string_equal(
		json_get_text(json_object_get(line, "result"), "height"),
		"18446744073709551615");
	json_decref(line);
	admin_client_close(&c);
}

static void notifications_are_done_but_not_answered(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	json_t *line;

	say(c, "{\"jsonrpc\":\"2.0\",\"method\":\"node.stop\"}\n"
	       "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"node.ready2\"}\n");
	line = hear(f, c);
	assert_int_equal(json_get_number(line, "id"), 2);
	assert_int_equal(f->stops, 1);
	json_decref(line);
	admin_client_close(&c);
}

/* --- Lines --- */

static void half_a_line_is_told_when_the_peer_ends(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,");
	shutdown(admin_client_fd(c), SHUT_WR);
	expect_error(f, c, -32700);
	expect_closed(f, c);
}

static void a_line_in_pieces_is_one_request(void **state)
{
	static const char LINE[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\"}\n";
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	json_t *line;

	for (size_t i = 0; LINE[i]; i++) {
		admin_client_queue(c, &LINE[i], 1);
		assert_int_equal(admin_client_pump(c), ERR_OK);
		turn(f, 1);
	}
	line = hear(f, c);
	assert_non_null(json_object_get(line, "result"));
	json_decref(line);
	admin_client_close(&c);
}

/* Send `size` bytes of one line that is no JSON. */
static void say_long(struct fake *f, struct admin_client *c, size_t size,
		     bool end)
{
	char *line = mem_alloc(size + 1);

	memset(line, 'x', size);
	line[size] = '\n';
	admin_client_queue(c, line, end ? size + 1 : size);
	free(line);
	for (int i = 0; i < 400 && admin_client_unsent(c) > 0; i++) {
		if (admin_client_pump(c))
			break;
		turn(f, 1);
	}
}

static void a_mebibyte_is_a_line_and_more_is_refused(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);

	say_long(f, c, LIMIT_RPC_LINE_BYTES, true);
	expect_error(f, c, -32700);
	say_long(f, c, LIMIT_RPC_LINE_BYTES + 1, true);
	expect_error(f, c, -32000);
	admin_client_close(&c);
	c = connect_to(f, f->path);
	say_long(f, c, 2 * LIMIT_RPC_LINE_BYTES, false);
	expect_error(f, c, -32000);
	expect_closed(f, c);
}

static void many_small_requests_in_one_write_are_all_answered(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	enum { COUNT = 5000 };

	for (int i = 1; i <= COUNT; i++) {
		char line[96];
		int n = snprintf(line, sizeof(line),
				 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":"
				 "\"node.status\"}\n",
				 i);

		admin_client_queue(c, line, (size_t)n);
	}
	for (int i = 1; i <= COUNT; i++) {
		json_t *line = hear(f, c);

		assert_int_equal(json_get_number(line, "id"), i);
		json_decref(line);
	}
	admin_client_close(&c);
}

/* --- Roles --- */

static void readers_may_not_operate_and_the_attempt_is_audited(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path_ro);

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.stop\"}\n");
	expect_error(f, c, -32001);
	assert_int_equal(f->stops, 0);
	assert_int_equal(f->audits, 1);
	assert_int_equal(f->audit.code, ERR_RPC_FORBIDDEN);
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tx.submit\","
	       "\"params\":{\"tx\":\"00\"}}\n");
	expect_error(f, c, -32001);
	assert_int_equal(f->ticket_count, 0);
	admin_client_close(&c);
}

static void mutating_calls_are_audited_with_their_outcome(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	json_t *line;

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\"}\n");
	json_decref(hear(f, c));
	assert_int_equal(f->audits, 0);
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"peer.add\","
	       "\"params\":{\"address\":\"a\"}}\n");
	expect_error(f, c, 206);
	assert_string_equal(f->audit.method, "peer.add");
	assert_string_equal(f->audit_params, "{\"address\":\"a\"}");
	assert_int_equal(f->audit.code, ERR_PEER_ADDRESS);
	assert_int_equal(f->audit.uid, getuid());
	assert_int_equal(f->audit.pid, getpid());
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.stop\"}\n");
	line = hear(f, c);
	assert_int_equal(code_of(line), 0);
	assert_int_equal(f->audit.code, ERR_OK);
	assert_int_equal(f->stops, 1);
	json_decref(line);
	admin_client_close(&c);
}

static void roles_come_from_owner_root_and_every_group(void **state)
{
	struct peer_identity p = {
		.uid = 1000, .group_count = 3, .groups = {1000, 27, 5}};

	(void)state;
	assert_int_equal(peer_role(&p, 1000, false, 0), RPC_OPERATE);
	assert_int_equal(peer_role(&p, 1, false, 0), RPC_READ);
	assert_int_equal(peer_role(&p, 1, false, 5), RPC_READ);
	assert_int_equal(peer_role(&p, 1, true, 5), RPC_OPERATE);
	assert_int_equal(peer_role(&p, 1, true, 6), RPC_READ);
	p.uid = 0;
	assert_int_equal(peer_role(&p, 1, false, 0), RPC_OPERATE);
}

static void the_kernel_tells_who_is_at_the_other_end(void **state)
{
	struct peer_identity *p = mem_alloc(sizeof(*p));
	gid_t mine[PEER_GROUPS_MAX];
	int count = getgroups(PEER_GROUPS_MAX, mine), fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(peer_identify(p, fds[0]));
	assert_int_equal(p->uid, getuid());
	assert_int_equal(p->pid, getpid());
	assert_int_equal(p->groups[p->group_count - 1], getgid());
	for (int i = 0; i < count; i++) {
		bool found = false;

		for (int k = 0; k < p->group_count; k++)
			found = found || p->groups[k] == mine[i];
		assert_true(found);
	}
	close(fds[0]);
	close(fds[1]);
	free(p);
}

static void the_sockets_have_the_stated_permissions(void **state)
{
	struct fake *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(stat(f->path_ro, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
}

/* --- Submission --- */

static struct admin_submit_result final_at(uint64_t height)
{
	struct admin_submit_result r = {.height = height, .index = 7};

	memset(r.tx.b, 0xab, sizeof(r.tx.b));
	return r;
}

static void answers_come_out_of_order_with_their_ids(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	struct admin_submit_result r;
	char line[512];

	for (uint64_t i = 0; i < 3; i++) {
		size_t n = admin_submit_line(
			line, sizeof(line), 100 + i,
			(struct bytes){(const uint8_t *)"abcd", 4}, true, 5000);

		admin_client_queue(c, line, n);
	}
	assert_int_equal(admin_client_pump(c), ERR_OK);
	turn(f, 4);
	assert_int_equal(f->ticket_count, 3);
	assert_int_equal(f->tx_size, 4);
	for (int i = 2; i >= 0; i--) {
		json_t *o;

		r = final_at(5);
		admin_submit_done(f->server, f->tickets[i], &r);
		/* A second word on the same ticket means nothing. */
		admin_submit_done(f->server, f->tickets[i], &r);
		o = hear(f, c);
		assert_int_equal(json_get_number(o, "id"), 100 + i);
		json_decref(o);
	}
	admin_client_close(&c);
}

static json_t *answer_to(struct fake *f, const char *request,
			 const struct admin_submit_result *r)
{
	struct admin_client *c = connect_to(f, f->path);
	json_t *line;

	say(c, request);
	turn(f, 3);
	admin_submit_done(f->server,
			  f->tickets[(f->ticket_count - 1) % TICKETS], r);
	line = hear(f, c);
	admin_client_close(&c);
	return line;
}

/* The fast path must not be told from the slow one, which other clients'
 * words take. */
static void both_paths_of_submission_answer_alike(void **state)
{
	static const char *const PAIRS[][2] = {
		{"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tx.submit\","
		 "\"params\":{\"tx\":\"0a0b\",\"wait\":\"finalized\"}}\n",
		 "{\"method\":\"tx.submit\",\"id\":9, \"jsonrpc\":\"2.0\","
		 "\"params\":{\"wait\":\"finalized\",\"tx\":\"0a0b\"}}\n"},
		{"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tx.submit\","
		 "\"params\":{\"tx\":\"0a0b\",\"wait\":\"accepted\"}}\n",
		 "{\"method\":\"tx.submit\",\"id\":9, \"jsonrpc\":\"2.0\","
		 "\"params\":{\"wait\":\"accepted\",\"tx\":\"0a0b\"}}\n"},
	};
	struct fake *f = *state;

	for (int refused = 0; refused < 2; refused++) {
		for (size_t i = 0; i < 2; i++) {
			struct admin_submit_result r = final_at(77);
			json_t *fast, *slow;

			r.code = ERR_NOT_VOTING;
			r.proposal = 4;
			if (refused)
				r.refused = ERR_BUSY;
			r.retry_after_ms = 50;
			fast = answer_to(f, PAIRS[i][0], &r);
			assert_int_equal(f->wait, i ? ADMIN_WAIT_ACCEPTED
						    : ADMIN_WAIT_FINALIZED);
			slow = answer_to(f, PAIRS[i][1], &r);
			assert_int_equal(f->wait, i ? ADMIN_WAIT_ACCEPTED
						    : ADMIN_WAIT_FINALIZED);
			assert_int_equal(f->tx_size, 2);
			assert_true(json_equal(fast, slow));
			assert_int_equal(code_of(fast), refused ? ERR_BUSY : 0);
			json_decref(fast);
			json_decref(slow);
		}
	}
}

static void a_submission_without_an_answer_times_out(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	struct admin_submit_result r = final_at(1);
	uint64_t until = clock_mono_ms() + 5000;
	struct bytes line;

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
	       "\"params\":{\"tx\":\"00\",\"timeout_ms\":50}}\n");
	while (!admin_client_line(c, &line) && clock_mono_ms() < until) {
		usleep(1000);
		turn(f, 1);
		assert_int_equal(admin_client_pump(c), ERR_OK);
	}
	assert_non_null(memmem(line.data, line.size, "\"code\":102", 10));
	admin_submit_done(f->server, f->tickets[0], &r);
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"node.fly\"}\n");
	expect_error(f, c, -32601);
	admin_client_close(&c);
}

/* A ticket's place may be taken by another caller's before the node speaks. */
static void the_answer_to_one_who_left_reaches_nobody_else(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	struct admin_submit_result r = final_at(1);
	struct admin_counters counters;
	json_t *line;

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
	       "\"params\":{\"tx\":\"00\"}}\n");
	turn(f, 3);
	admin_client_close(&c);
	turn(f, 5);
	admin_server_counters(f->server, &counters);
	/* It may have closed only its sending side, so it is waited for until
	 * writing to it fails. */
	assert_int_equal(counters.pending, 1);
	admin_submit_done(f->server, f->tickets[0], &r);
	turn(f, 5);
	c = connect_to(f, f->path);
	say(c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tx.submit\","
	       "\"params\":{\"tx\":\"00\"}}\n");
	turn(f, 3);
	admin_submit_done(f->server, f->tickets[0], &r);
	r.height = 99;
	admin_submit_done(f->server, f->tickets[1], &r);
	line = hear(f, c);
	assert_string_equal(
		json_get_text(json_object_get(line, "result"), "height"), "99");
	json_decref(line);
	admin_client_close(&c);
	turn(f, 5);
	admin_server_counters(f->server, &counters);
	assert_int_equal(counters.connections, 0);
	assert_int_equal(counters.pending, 0);
}

/* `echo … | nc -N` closes its sending side at once. */
static void one_who_only_listens_still_gets_its_answer(void **state)
{
	struct fake *f = *state;
	struct admin_client *c = connect_to(f, f->path);
	struct admin_submit_result r = final_at(3);
	json_t *line;

	say(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
	       "\"params\":{\"tx\":\"00\"}}\n");
	shutdown(admin_client_fd(c), SHUT_WR);
	turn(f, 5);
	admin_submit_done(f->server, f->tickets[0], &r);
	line = hear(f, c);
	assert_non_null(json_object_get(line, "result"));
	json_decref(line);
	expect_closed(f, c);
}

/* --- Connections --- */

static void one_connection_too_many_is_told_so(void **state)
{
	struct fake *f = open_fake((struct admin_config){.connections = 2});
	struct admin_client *a = connect_to(f, f->path);
	struct admin_client *b = connect_to(f, f->path);
	struct admin_client *c = connect_to(f, f->path);
	struct admin_client *reader = connect_to(f, f->path_ro);

	(void)state;
	expect_error(f, c, -32002);
	expect_closed(f, c);
	/* Readers have room of their own, so they lock no operator out. */
	say(reader, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}\n");
	expect_error(f, reader, -32601);
	admin_client_close(&a);
	turn(f, 5);
	a = connect_to(f, f->path);
	say(a, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}\n");
	expect_error(f, a, -32601);
	admin_client_close(&a);
	admin_client_close(&b);
	admin_client_close(&reader);
	tear_down((void **)&f);
}

static void a_stale_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	struct fake *f = *state;
	struct admin_config config = {.socket = f->path};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct admin_server *second;
	struct err_text text = {""};
	char stale[100];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(
		admin_server_new(&second, f->loop, &config, &BACKEND, f, &text),
		ERR_DATA_LOCKED);
	assert_null(second);
	snprintf(stale, sizeof(stale), "%s/old", f->dir);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", stale);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	config.socket = stale;
	assert_int_equal(
		admin_server_new(&second, f->loop, &config, &BACKEND, f, &text),
		ERR_OK);
	admin_server_free(&second);
	assert_int_equal(access(stale, F_OK), -1);
	config.group = "no-such-group-here";
	assert_int_equal(
		admin_server_new(&second, f->loop, &config, &BACKEND, f, &text),
		ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(wrong_requests_get_the_stated_error),
		TEST(numbers_of_64_bits_are_strings),
		TEST(notifications_are_done_but_not_answered),
		TEST(half_a_line_is_told_when_the_peer_ends),
		TEST(a_line_in_pieces_is_one_request),
		TEST(a_mebibyte_is_a_line_and_more_is_refused),
		TEST(many_small_requests_in_one_write_are_all_answered),
		TEST(readers_may_not_operate_and_the_attempt_is_audited),
		TEST(mutating_calls_are_audited_with_their_outcome),
		cmocka_unit_test(roles_come_from_owner_root_and_every_group),
		cmocka_unit_test(the_kernel_tells_who_is_at_the_other_end),
		TEST(the_sockets_have_the_stated_permissions),
		TEST(answers_come_out_of_order_with_their_ids),
		TEST(both_paths_of_submission_answer_alike),
		TEST(a_submission_without_an_answer_times_out),
		TEST(the_answer_to_one_who_left_reaches_nobody_else),
		TEST(one_who_only_listens_still_gets_its_answer),
		cmocka_unit_test(one_connection_too_many_is_told_so),
		TEST(a_stale_socket_is_replaced_and_a_live_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
