/* Transports of several nodes in one process: who gets in, what arrives, what
 * happens when one goes away. */
#include "net_fixture.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define PATIENCE_MS 10000u

static int setup(void **state)
{
	struct bench *b = mem_alloc(sizeof(*b));

	bench_init(b, 3);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	bench_fini(b);
	free(b);
	return 0;
}

struct expectation {
	size_t host;
	uint64_t count;
};

static bool has_received(struct bench *b, void *context)
{
	const struct expectation *e = context;

	return b->hosts[e->host].received >= e->count;
}

static bool wait_received(struct bench *b, size_t host, uint64_t count)
{
	struct expectation e = {host, count};

	return bench_run(b, has_received, &e, PATIENCE_MS);
}

static void two_validators_find_each_other_and_talk(void **state)
{
	struct bench *b = *state;
	struct net_peer_info info;

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_CONSENSUS,
				  WIRE_VOTE, "hello", 5),
			 ERR_OK);
	assert_true(wait_received(b, 1, 1));
	assert_int_equal(b->hosts[1].last_kind, WIRE_VOTE);
	assert_int_equal(b->hosts[1].received_bytes, 5);
	assert_true(public_key_equal(&b->hosts[1].last_peer, &b->keys[0]));
	assert_int_equal(net_send(b->hosts[1].net, &b->keys[0], NET_BATCH,
				  WIRE_BATCH, NULL, 0),
			 ERR_OK);
	assert_true(wait_received(b, 0, 1));
	assert_true(bench_info(b, 0, &b->keys[1], &info));
	assert_int_equal(info.state, NET_PEER_UP);
	assert_true(info.validator);
	assert_string_equal(info.version, "1.2.3");
	assert_true(info.messages_out >= 1);
}

static bool both_ways(struct bench *b, void *context)
{
	struct net_peer_info one, other;

	(void)context;
	return bench_info(b, 0, &b->keys[1], &one) &&
	       bench_info(b, 1, &b->keys[0], &other) && one.inbound &&
	       one.outbound && other.inbound && other.outbound;
}

static void
a_validator_learns_the_dialler_s_address_and_dials_back(void **state)
{
	struct bench *b = *state;

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_run(b, both_ways, NULL, PATIENCE_MS));
}

static void a_third_is_found_through_gossip(void **state)
{
	struct bench *b = *state;
	struct net_config c;
	const char *bootstrap[1];

	for (size_t i = 0; i < 3; i++) {
		c = bench_config(b, i);
		if (i > 0) {
			bootstrap[0] = host_address(b, 0);
			c.bootstrap = bootstrap;
			c.bootstrap_count = 1;
		}
		host_start(b, i, &c);
	}
	assert_true(bench_connect(b, 1, 2, PATIENCE_MS));
}

static void twenty_thousand_messages_arrive_without_a_stall(void **state)
{
	struct bench *b = *state;
	uint64_t began, sent = 0;
	uint8_t message[200] = {1};

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	began = clock_mono_ms();
	while (sent < 20000) {
		for (int i = 0; i < 100; i++, sent++)
			assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
						  NET_SYNC, WIRE_SYNC_BLOCKS,
						  message, sizeof(message)),
					 ERR_OK);
		ev_run(b->loop, EVRUN_NOWAIT);
	}
	assert_true(wait_received(b, 1, 20000));
	/* A lost edge costs a second, until the tick looks again. */
	assert_true(clock_mono_ms() - began < 5000);
}

static void replies_reach_a_peer_that_only_dialled_us(void **state)
{
	struct bench *b = *state;
	struct net_config c = bench_config(b, 0);
	const char *bootstrap[1];
	struct net_peer_info info;
	uint8_t message[3000] = {9};

	c.validator_count = 1;
	host_start(b, 0, &c);
	c = bench_config(b, 1);
	c.validator_count = 1;
	c.listen = NULL;
	bootstrap[0] = host_address(b, 0);
	c.bootstrap = bootstrap;
	c.bootstrap_count = 1;
	host_start(b, 1, &c);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_true(bench_info(b, 0, &b->keys[1], &info));
	assert_true(info.inbound);
	assert_false(info.outbound);
	assert_false(info.validator);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
					  NET_SYNC, WIRE_SYNC_BLOCKS, message,
					  sizeof(message)),
				 ERR_OK);
	assert_true(wait_received(b, 1, 1000));
}

static bool is_down(struct bench *b, void *context)
{
	const size_t *of = context;

	return !net_peer_is_up(b->hosts[of[0]].net, &b->keys[of[1]]);
}

static void a_restarted_peer_is_greeted_again(void **state)
{
	struct bench *b = *state;
	struct net_config c;
	size_t pair[2] = {0, 1};
	uint64_t ups;
	char listen[NET_ADDRESS_BYTES];

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_run(b, both_ways, NULL, PATIENCE_MS));
	snprintf(listen, sizeof(listen), "%s", b->hosts[1].listen);
	host_stop(&b->hosts[1]);
	assert_true(bench_run(b, is_down, pair, 20000));
	assert_int_equal(b->hosts[0].downs, 1);
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_CONSENSUS,
				  WIRE_VOTE, "x", 1),
			 ERR_PEER_DOWN);
	ups = b->hosts[0].ups;
	c = bench_config(b, 1);
	c.listen = listen; /* Knows nobody: the other finds it. */
	host_start(b, 1, &c);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_int_equal(b->hosts[0].ups, ups + 1);
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_CONSENSUS,
				  WIRE_VOTE, "x", 1),
			 ERR_OK);
	assert_true(wait_received(b, 1, 1));
}

static bool height_is_seven(struct bench *b, void *context)
{
	struct net_peer_info info;

	(void)context;
	return bench_info(b, 0, &b->keys[1], &info) && info.height == 7 &&
	       info.latency_us > 0;
}

static void pings_carry_the_height_and_measure_the_way(void **state)
{
	struct bench *b = *state;

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	net_set_height(b->hosts[1].net, 7);
	assert_true(bench_run(b, height_is_seven, NULL, PATIENCE_MS));
}

static void a_broadcast_reaches_validators_and_not_observers(void **state)
{
	struct bench *b = *state;
	const char *bootstrap[1];

	for (size_t i = 0; i < 3; i++) {
		struct net_config c = bench_config(b, i);

		c.validator_count = 2;
		bootstrap[0] = host_address(b, 0);
		c.bootstrap = bootstrap;
		c.bootstrap_count = i > 0;
		host_start(b, i, &c);
	}
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_true(bench_connect(b, 0, 2, PATIENCE_MS));
	assert_int_equal(net_broadcast_validators(b->hosts[0].net,
						  NET_CONSENSUS, WIRE_VOTE, "v",
						  1),
			 1);
	assert_int_equal(net_broadcast_peers(b->hosts[0].net, NET_CONTROL,
					     WIRE_TIP, "t", 1),
			 2);
	assert_true(wait_received(b, 1, 2));
	assert_true(wait_received(b, 2, 1));
	bench_sleep(b, 50);
	assert_int_equal(b->hosts[2].received, 1);
	assert_int_equal(b->hosts[2].last_kind, WIRE_TIP);
}

static void a_vote_goes_before_what_waits_already(void **state)
{
	struct bench *b = *state;
	uint8_t *large = mem_alloc(200000);
	uint64_t position = 0;

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	for (int i = 0; i < 40; i++)
		assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
					  NET_BATCH, WIRE_BATCH, large, 200000),
				 ERR_OK);
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_CONSENSUS,
				  WIRE_VOTE, "v", 1),
			 ERR_OK);
	assert_true(wait_received(b, 1, 41));
	while (b->hosts[1].kinds[position] != WIRE_VOTE)
		position++;
	assert_int_equal(position, 0);
	free(large);
}

static void a_full_queue_is_bounded_and_says_so(void **state)
{
	struct bench *b = *state;
	uint8_t *large = mem_alloc(100000);
	struct net_counters counters;
	unsigned busy = 0;

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	for (int i = 0; i < 300; i++) {
		busy += net_send(b->hosts[0].net, &b->keys[1], NET_SYNC,
				 WIRE_SYNC_BLOCKS, large, 100000) == ERR_BUSY;
		assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
					  NET_BATCH, WIRE_BATCH, large, 100000),
				 ERR_OK);
	}
	net_counters(b->hosts[0].net, &counters);
	assert_true(busy > 200);
	assert_int_equal(counters.refused[NET_SYNC], busy);
	assert_true(counters.dropped[NET_BATCH] > 100);
	assert_true(counters.queue_bytes[NET_SYNC] <= 8u << 20);
	assert_true(counters.queue_bytes[NET_BATCH] <= 16u << 20);
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_BATCH,
				  WIRE_BATCH, large, LIMIT_MESSAGE_BYTES + 1),
			 ERR_TOO_LARGE);
	free(large);
}

static void a_message_of_the_largest_size_arrives(void **state)
{
	struct bench *b = *state;
	uint8_t *large = mem_alloc(LIMIT_MESSAGE_BYTES);

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_SYNC,
				  WIRE_SYNC_BLOCKS, large, LIMIT_MESSAGE_BYTES),
			 ERR_OK);
	assert_true(wait_received(b, 1, 1));
	assert_int_equal(b->hosts[1].received_bytes, LIMIT_MESSAGE_BYTES);
	free(large);
}

static void the_total_of_all_queues_is_bounded_too(void **state)
{
	struct bench *b = *state;
	struct net_config c = bench_config(b, 0);
	uint8_t message[10000] = {0};
	unsigned busy = 0;

	c.limits.queue_bytes_total = 100000;
	host_start(b, 0, &c);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	for (int i = 0; i < 20; i++)
		busy += net_send(b->hosts[0].net, &b->keys[1], NET_BATCH,
				 WIRE_BATCH, message,
				 sizeof(message)) == ERR_BUSY;
	assert_int_equal(busy, 11);
	/* Votes are let through. */
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_CONSENSUS,
				  WIRE_VOTE, message, sizeof(message)),
			 ERR_OK);
	assert_true(wait_received(b, 1, 10));
}

static bool is_refused(struct bench *b, void *context)
{
	struct net_peer_info info;

	(void)context;
	return bench_info(b, 1, &b->keys[0], &info) &&
	       info.state == NET_PEER_REFUSED && info.last_error[0];
}

static void another_network_is_told_so_in_a_sentence(void **state)
{
	struct bench *b = *state;
	struct net_config c;
	struct net_peer_info info;
	const char *bootstrap[1];

	bench_start(b, 0);
	c = bench_config(b, 1);
	memset(c.genesis.b, 0x11, HASH_BYTES);
	bootstrap[0] = host_address(b, 0);
	c.bootstrap = bootstrap;
	c.bootstrap_count = 1;
	host_start(b, 1, &c);
	assert_true(bench_run(b, is_refused, NULL, PATIENCE_MS));
	bench_info(b, 1, &b->keys[0], &info);
	assert_non_null(strstr(info.last_error, "runs network 5a5a5a5a5a5a"));
	assert_non_null(strstr(info.last_error, "we run 111111111111"));
	bench_info(b, 0, &b->keys[1], &info);
	assert_non_null(strstr(info.last_error, "runs network 111111111111"));
	assert_int_equal(b->hosts[0].ups, 0);
	assert_int_equal(net_send(b->hosts[1].net, &b->keys[0], NET_CONSENSUS,
				  WIRE_VOTE, "v", 1),
			 ERR_PEER_DOWN);
}

static bool is_banned_there(struct bench *b, void *context)
{
	struct net_peer_info info;

	(void)context;
	return bench_info(b, 1, &b->keys[0], &info) &&
	       strcmp(info.last_error, "the peer has banned us") == 0;
}

static void a_banned_peer_is_out_until_the_ban_is_lifted(void **state)
{
	struct bench *b = *state;
	struct net_peer_info info;
	size_t pair[2] = {1, 0};

	bench_start(b, 0);
	bench_start(b, 1);
	assert_true(bench_run(b, both_ways, NULL, PATIENCE_MS));
	assert_int_equal(net_peer_ban(b->hosts[0].net, &b->keys[1], 3600),
			 ERR_OK);
	assert_false(net_peer_is_up(b->hosts[0].net, &b->keys[1]));
	assert_true(bench_info(b, 0, &b->keys[1], &info));
	assert_int_equal(info.state, NET_PEER_BANNED);
	assert_true(info.banned_until_ms > clock_wall_ms());
	/* The other one still sends on its old connection: it is cut off. */
	assert_int_equal(net_send(b->hosts[1].net, &b->keys[0], NET_CONSENSUS,
				  WIRE_VOTE, "v", 1),
			 ERR_OK);
	assert_true(bench_run(b, is_banned_there, NULL, PATIENCE_MS));
	assert_true(bench_run(b, is_down, pair, PATIENCE_MS));
	assert_int_equal(b->hosts[0].received, 0);
	assert_int_equal(net_peer_unban(b->hosts[0].net, &b->keys[1]), ERR_OK);
	assert_int_equal(net_peer_unban(b->hosts[0].net, &b->keys[1]),
			 ERR_PEER_UNKNOWN);
	assert_true(bench_connect(b, 0, 1, 20000));
}

static void penalties_ban_a_stranger_but_no_validator(void **state)
{
	struct bench *b = *state;
	struct net_peer_info info;
	const char *bootstrap[1];

	for (size_t i = 0; i < 3; i++) {
		struct net_config c = bench_config(b, i);

		c.validator_count = 2;
		bootstrap[0] = host_address(b, 0);
		c.bootstrap = bootstrap;
		c.bootstrap_count = i > 0;
		host_start(b, i, &c);
	}
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_true(bench_connect(b, 0, 2, PATIENCE_MS));
	net_peer_penalise(b->hosts[0].net, &b->keys[1], 1000, "nonsense");
	net_peer_penalise(b->hosts[0].net, &b->keys[2], 60, "nonsense");
	assert_true(net_peer_is_up(b->hosts[0].net, &b->keys[2]));
	net_peer_penalise(b->hosts[0].net, &b->keys[2], 60, "nonsense");
	assert_true(net_peer_is_up(b->hosts[0].net, &b->keys[1]));
	bench_info(b, 0, &b->keys[1], &info);
	assert_string_equal(info.last_error, "nonsense");
	bench_info(b, 0, &b->keys[2], &info);
	assert_int_equal(info.state, NET_PEER_BANNED);
}

static void a_removed_peer_is_forgotten(void **state)
{
	struct bench *b = *state;
	struct public_key nobody = {{1}};
	struct net_peer_info info;
	struct net_config c = bench_config(b, 0);

	c.validator_count = 0;
	host_start(b, 0, &c);
	bench_start(b, 1);
	assert_int_equal(
		net_peer_add(b->hosts[0].net, host_address(b, 1), NULL),
		ERR_OK);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	assert_int_equal(net_peer_remove(b->hosts[0].net, &b->keys[1]), ERR_OK);
	assert_false(net_peer_is_up(b->hosts[0].net, &b->keys[1]));
	assert_int_equal(net_peer_remove(b->hosts[0].net, &nobody),
			 ERR_PEER_UNKNOWN);
	assert_int_equal(
		net_peer_add(b->hosts[0].net, host_address(b, 0), NULL),
		ERR_PEER_ADDRESS);
	bench_info(b, 0, &b->keys[1], &info);
	assert_string_equal(info.address, "");
}

static void the_book_outlives_the_process(void **state)
{
	struct bench *b = *state;
	char path[] = "/tmp/bcai-book-XXXXXX";
	struct net_config c;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	bench_start(b, 1);
	bench_start(b, 2);
	c = bench_config(b, 0);
	c.book_path = path;
	host_start(b, 0, &c);
	assert_int_equal(
		net_peer_add(b->hosts[0].net, host_address(b, 1), NULL),
		ERR_OK);
	assert_int_equal(net_peer_ban(b->hosts[0].net, &b->keys[2], 0), ERR_OK);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	host_stop(&b->hosts[0]);
	c = bench_config(b, 0);
	c.book_path = path;
	host_start(b, 0, &c);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	bench_sleep(b, 500);
	assert_false(net_peer_is_up(b->hosts[0].net, &b->keys[2]));
	unlink(path);
}

static void a_damaged_book_is_set_aside(void **state)
{
	struct bench *b = *state;
	char path[] = "/tmp/bcai-book-XXXXXX";
	char aside[64];
	struct net_config c = bench_config(b, 0);
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "{\"format\":1,", 12), 12);
	close(fd);
	c.book_path = path;
	host_start(b, 0, &c);
	snprintf(aside, sizeof(aside), "%s.damaged", path);
	assert_int_equal(unlink(aside), 0);
	host_stop(&b->hosts[0]);
	unlink(path);
}

static void a_dead_bootstrap_peer_stops_nothing(void **state)
{
	struct bench *b = *state;
	struct net_config c = bench_config(b, 1);
	struct net_peer_info info;
	char dead[2 * PUBLIC_KEY_BYTES + 32], unnamed[sizeof(dead) + 32];
	const char *bootstrap[3];
	uint8_t seed[SEED_BYTES] = {77};
	struct secret_key *key = secret_key_from_seed(seed);
	struct secret_key *other;

	seed[0] = 78;
	other = secret_key_from_seed(seed);
	hex_encode(dead, secret_key_public(key)->b, PUBLIC_KEY_BYTES);
	strcat(dead, "@127.0.0.1:1");
	hex_encode(unnamed, secret_key_public(other)->b, PUBLIC_KEY_BYTES);
	strcat(unnamed, "@no-such-name.invalid:9000");
	bench_start(b, 0);
	bootstrap[0] = dead;
	bootstrap[1] = unnamed;
	bootstrap[2] = host_address(b, 0);
	c.bootstrap = bootstrap;
	c.bootstrap_count = 3;
	host_start(b, 1, &c);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	bench_sleep(b, 200);
	assert_true(bench_info(b, 1, secret_key_public(key), &info));
	assert_int_equal(info.state, NET_PEER_CONNECTING);
	assert_non_null(strstr(info.last_error, "cannot connect"));
	secret_key_free(&key);
	secret_key_free(&other);
}

static void what_cannot_start_says_why(void **state)
{
	struct bench *b = *state;
	struct net_config c = bench_config(b, 0);
	struct err_text why;
	const char *bootstrap[] = {"nonsense"};

	c.listen = "nowhere";
	assert_int_equal(net_new(&b->hosts[0].net, &c, &why), ERR_PEER_ADDRESS);
	bench_start(b, 1);
	c.listen = b->hosts[1].listen;
	assert_int_equal(net_new(&b->hosts[0].net, &c, &why), ERR_IO);
	assert_non_null(strstr(why.text, "in use"));
	c = bench_config(b, 0);
	c.bootstrap = bootstrap;
	c.bootstrap_count = 1;
	assert_int_equal(net_new(&b->hosts[0].net, &c, &why), ERR_PEER_ADDRESS);
	assert_null(b->hosts[0].net);
}

static void validators_of_a_new_epoch_are_recognised(void **state)
{
	struct bench *b = *state;
	struct net_config c = bench_config(b, 0);
	struct net_peer_info info;

	c.validator_count = 1;
	host_start(b, 0, &c);
	bench_start(b, 1);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	bench_info(b, 0, &b->keys[1], &info);
	assert_false(info.validator);
	net_set_validators(b->hosts[0].net, b->keys, 2);
	bench_info(b, 0, &b->keys[1], &info);
	assert_true(info.validator);
	net_set_validators(b->hosts[0].net, b->keys, 1);
	bench_info(b, 0, &b->keys[1], &info);
	assert_false(info.validator);
	assert_true(net_peer_is_up(b->hosts[0].net, &b->keys[1]));
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(two_validators_find_each_other_and_talk),
		NET_TEST(
			a_validator_learns_the_dialler_s_address_and_dials_back),
		NET_TEST(a_third_is_found_through_gossip),
		NET_TEST(twenty_thousand_messages_arrive_without_a_stall),
		NET_TEST(replies_reach_a_peer_that_only_dialled_us),
		NET_TEST(a_restarted_peer_is_greeted_again),
		NET_TEST(pings_carry_the_height_and_measure_the_way),
		NET_TEST(a_broadcast_reaches_validators_and_not_observers),
		NET_TEST(a_vote_goes_before_what_waits_already),
		NET_TEST(a_full_queue_is_bounded_and_says_so),
		NET_TEST(a_message_of_the_largest_size_arrives),
		NET_TEST(the_total_of_all_queues_is_bounded_too),
		NET_TEST(another_network_is_told_so_in_a_sentence),
		NET_TEST(a_banned_peer_is_out_until_the_ban_is_lifted),
		NET_TEST(penalties_ban_a_stranger_but_no_validator),
		NET_TEST(a_removed_peer_is_forgotten),
		NET_TEST(the_book_outlives_the_process),
		NET_TEST(a_damaged_book_is_set_aside),
		NET_TEST(a_dead_bootstrap_peer_stops_nothing),
		NET_TEST(what_cannot_start_says_why),
		NET_TEST(validators_of_a_new_epoch_are_recognised),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
