/* What costs a node work is bounded: floods, greetings, dear messages. */
#include "net_fixture.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "net/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>
#include <cmocka.h>

#define PATIENCE_MS 10000u
#define STRANGER    2

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

/* Hosts 0 and 1 are validators, host 2 is a stranger. */
static void start(struct bench *b, size_t index, const char *bootstrap)
{
	struct net_config c = bench_config(b, index);

	c.validator_count = 2;
	c.bootstrap = &bootstrap;
	c.bootstrap_count = bootstrap ? 1 : 0;
	/* One that dials the stranger cannot be dialled itself. */
	if (index == 0 && bootstrap)
		c.listen = NULL;
	host_start(b, index, &c);
}

static void start_validators(struct bench *b)
{
	start(b, 0, NULL);
	start(b, 1, host_address(b, 0));
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	b->hosts[1].received = 0;
}

static void a_flood_from_one_we_dialled_is_limited(void **state)
{
	struct bench *b = *state;
	uint64_t began, seconds;

	start(b, STRANGER, NULL);
	start(b, 0, host_address(b, STRANGER));
	assert_true(bench_connect(b, 0, STRANGER, PATIENCE_MS));
	began = clock_mono_ms();
	for (int i = 0; i < 60000; i++) {
		while (net_send(b->hosts[STRANGER].net, &b->keys[0],
				NET_CONTROL, WIRE_TX_FORWARD, "tx",
				2) == ERR_BUSY)
			ev_run(b->loop, EVRUN_NOWAIT);
		if (i % 50 == 0)
			ev_run(b->loop, EVRUN_NOWAIT);
	}
	bench_sleep(b, 200);
	seconds = (clock_mono_ms() - began) / 1000 + 1;
	assert_true(b->hosts[0].received > 1000);
	assert_true(b->hosts[0].received <= 16384 * (1 + seconds));
}

/* A server that greets without end. */
static void *greeter_open(void *context, struct bench *b, char *address,
			  size_t room)
{
	void *socket = zmq_socket(context, ZMQ_ROUTER);
	char endpoint[NET_ADDRESS_BYTES], key[2 * PUBLIC_KEY_BYTES + 1];
	uint8_t secret[CURVE_KEY_BYTES];
	size_t size = sizeof(endpoint);
	int zero = 0, one = 1, ten = 10000;

	curve_secret_from_sign(secret, b->hosts[STRANGER].key);
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &ten, sizeof(ten));
	zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, sizeof(secret));
	assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(
		zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
	hex_encode(key, b->keys[STRANGER].b, PUBLIC_KEY_BYTES);
	snprintf(address, room, "%s@%s", key, endpoint + strlen("tcp://"));
	return socket;
}

static void greet(void *socket, const struct secret_key *key)
{
	struct wire_hello h = {.protocol = NET_PROTOCOL_VERSION,
			       .key = *secret_key_public(key),
			       .version = {(const uint8_t *)"9.9", 3},
			       .answer = true};
	struct address_record record = {.time_ms = 5};
	uint8_t frame[2048] = {WIRE_HELLO};
	struct arena arena;
	struct bytes body;

	memset(h.genesis.b, 0x5a, HASH_BYTES);
	address_sign(&record, &h.genesis, key);
	address_to_wire(&h.address, &record);
	wire_arena_init(&arena, 1000);
	body = wire_encode_hello(&arena, &h);
	memcpy(frame + 1, body.data, body.size);
	assert_int_equal(zmq_send(socket, frame, body.size + 1, 0),
			 body.size + 1);
	arena_fini(&arena);
}

static void greetings_of_one_we_dialled_are_limited(void **state)
{
	struct bench *b = *state;
	void *context = zmq_ctx_new(), *server;
	char address[2 * NET_ADDRESS_BYTES];
	uint8_t id[64], frame[1024];
	uint64_t end = clock_mono_ms() + PATIENCE_MS;
	int id_size, size = 0;

	server = greeter_open(context, b, address, sizeof(address));
	start(b, 0, address);
	id_size = -1;
	while (id_size < 0 && clock_mono_ms() < end) {
		id_size = zmq_recv(server, id, sizeof(id), ZMQ_DONTWAIT);
		bench_sleep(b, 10);
	}
	assert_true(id_size > 0);
	size = zmq_recv(server, frame, sizeof(frame), 0);
	assert_true(size > 1 && frame[0] == WIRE_HELLO);
	for (int i = 0; i < 2000; i++) {
		zmq_send(server, id, (size_t)id_size, ZMQ_SNDMORE);
		greet(server, b->hosts[STRANGER].key);
		if (i % 20 == 0)
			ev_run(b->loop, EVRUN_NOWAIT);
	}
	bench_sleep(b, 500);
	assert_true(net_peer_is_up(b->hosts[0].net, &b->keys[STRANGER]));
	assert_int_equal(b->hosts[0].ups, 1);
	assert_in_range(b->hosts[0].agains, 0, 20);
	zmq_close(server);
	zmq_ctx_term(context);
}

/* The same point with the other sign has the same CURVE key. */
static void the_mirrored_key_of_a_peer_is_no_other_peer(void **state)
{
	struct bench *b = *state;
	char address[2 * NET_ADDRESS_BYTES], key[2 * PUBLIC_KEY_BYTES + 1];
	struct public_key mirrored;
	struct err_text why = {""};

	start_validators(b);
	mirrored = b->keys[1];
	mirrored.b[PUBLIC_KEY_BYTES - 1] ^= 0x80;
	hex_encode(key, mirrored.b, PUBLIC_KEY_BYTES);
	snprintf(address, sizeof(address), "%s@127.0.0.1:9", key);
	assert_int_equal(net_peer_add(b->hosts[0].net, address, &why),
			 ERR_PEER_ADDRESS);
	assert_int_equal(net_peer_ban(b->hosts[0].net, &mirrored, 10),
			 ERR_PEER_UNKNOWN);
}

static void spin_1_ms(struct host *h, const struct public_key *peer,
		      uint8_t kind, struct bytes body)
{
	uint64_t end = clock_mono_us() + 1000;

	(void)h;
	(void)peer;
	(void)kind;
	(void)body;
	while (clock_mono_us() < end)
		;
}

static void dear_messages_do_not_hold_up_a_turn(void **state)
{
	struct bench *b = *state;
	uint64_t most = 0, end = clock_mono_ms() + PATIENCE_MS;

	start_validators(b);
	b->hosts[1].hook = spin_1_ms;
	for (int i = 0; i < 200; i++)
		assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
					  NET_CONSENSUS, WIRE_VOTE, "v", 1),
				 ERR_OK);
	while (b->hosts[1].received < 200 && clock_mono_ms() < end) {
		uint64_t before = b->hosts[1].received;

		ev_run(b->loop, EVRUN_ONCE);
		if (b->hosts[1].received - before > most)
			most = b->hosts[1].received - before;
	}
	assert_int_equal(b->hosts[1].received, 200);
	assert_in_range(most, 1, 3); /* 2 ms, and the one that passes them */
	b->hosts[1].hook = NULL;
}

static void blame_20(struct host *h, const struct public_key *peer,
		     uint8_t kind, struct bytes body)
{
	(void)kind;
	(void)body;
	net_peer_penalise(h->net, peer, 20, "a bad vote");
}

static bool sent_five(struct bench *b, void *context)
{
	(void)context;
	return b->hosts[1].received >= 5;
}

static void a_validator_that_errs_is_not_heard_for_a_second(void **state)
{
	struct bench *b = *state;
	struct net_peer_info info;
	uint64_t began;

	start_validators(b);
	b->hosts[1].hook = blame_20;
	for (int i = 0; i < 100; i++)
		assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
					  NET_CONSENSUS, WIRE_VOTE, "v", 1),
				 ERR_OK);
	assert_true(bench_run(b, sent_five, NULL, PATIENCE_MS));
	began = clock_mono_ms();
	bench_sleep(b, 300);
	assert_int_equal(b->hosts[1].received, 5);
	assert_true(bench_info(b, 1, &b->keys[0], &info));
	assert_int_equal(info.state, NET_PEER_UP);
	assert_int_equal(info.dropped, 95);
	b->hosts[1].hook = NULL;
	while (b->hosts[1].received == 5) {
		assert_true(clock_mono_ms() < began + PATIENCE_MS);
		assert_int_equal(net_send(b->hosts[0].net, &b->keys[1],
					  NET_CONSENSUS, WIRE_VOTE, "v", 1),
				 ERR_OK);
		bench_sleep(b, 20);
	}
	assert_in_range(clock_mono_ms() - began, 700, 3000);
}

#define NET_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(a_flood_from_one_we_dialled_is_limited),
		NET_TEST(greetings_of_one_we_dialled_are_limited),
		NET_TEST(the_mirrored_key_of_a_peer_is_no_other_peer),
		NET_TEST(dear_messages_do_not_hold_up_a_turn),
		NET_TEST(a_validator_that_errs_is_not_heard_for_a_second),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
