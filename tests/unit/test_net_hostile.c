/* What strangers and liars can do to a node: nothing. Each test ends with two
 * honest validators talking to each other. */
#include "net_fixture.h"

#include "base/arena.h"
#include "base/clock.h"
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

#define PATIENCE_MS 10000u
#define STRANGER    2 /* host 2 is never started: its key is the stranger's */

static int setup(void **state)
{
	struct bench *b = mem_alloc(sizeof(*b));

	bench_init(b, 4);
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

/* Hosts 0 and 1 are validators, the others strangers. */
static void start_validator(struct bench *b, size_t index, bool admit)
{
	struct net_config c = bench_config(b, index);
	const char *bootstrap[1];

	c.validator_count = 2;
	c.admit_strangers = admit;
	if (index > 0) {
		bootstrap[0] = host_address(b, 0);
		c.bootstrap = bootstrap;
		c.bootstrap_count = 1;
	}
	host_start(b, index, &c);
}

static bool has_one(struct bench *b, void *context)
{
	const struct host *h = context;

	(void)b;
	return h->received > 0;
}

static void assert_validators_still_talk(struct bench *b)
{
	if (!b->hosts[1].net)
		start_validator(b, 1, true);
	assert_true(bench_connect(b, 0, 1, PATIENCE_MS));
	b->hosts[1].received = 0;
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[1], NET_CONSENSUS,
				  WIRE_VOTE, "v", 1),
			 ERR_OK);
	assert_true(bench_run(b, has_one, &b->hosts[1], PATIENCE_MS));
}

/* A client without the transport's manners. */
struct raw {
	void *context;
	void *socket;
};

static void raw_open(struct raw *r, struct bench *b,
		     const struct secret_key *key,
		     const struct public_key *server, const char *routing_id)
{
	uint8_t secret[CURVE_KEY_BYTES], own[CURVE_KEY_BYTES];
	uint8_t theirs[CURVE_KEY_BYTES];
	char endpoint[NET_ADDRESS_BYTES + 8];
	int zero = 0;

	r->context = zmq_ctx_new();
	r->socket = zmq_socket(r->context, ZMQ_DEALER);
	zmq_setsockopt(r->socket, ZMQ_LINGER, &zero, sizeof(zero));
	if (routing_id)
		zmq_setsockopt(r->socket, ZMQ_ROUTING_ID, routing_id,
			       strlen(routing_id));
	if (key) {
		curve_secret_from_sign(secret, key);
		assert_true(
			curve_public_from_sign(own, secret_key_public(key)));
		assert_true(curve_public_from_sign(theirs, server));
		zmq_setsockopt(r->socket, ZMQ_CURVE_SECRETKEY, secret, 32);
		zmq_setsockopt(r->socket, ZMQ_CURVE_PUBLICKEY, own, 32);
		zmq_setsockopt(r->socket, ZMQ_CURVE_SERVERKEY, theirs, 32);
	}
	snprintf(endpoint, sizeof(endpoint), "tcp://%s", b->hosts[0].listen);
	assert_int_equal(zmq_connect(r->socket, endpoint), 0);
}

static void raw_close(struct raw *r)
{
	zmq_close(r->socket);
	zmq_ctx_term(r->context);
}

static void raw_send(struct raw *r, uint8_t kind, const void *body, size_t size,
		     int flags)
{
	uint8_t *frame = mem_alloc(size + 1);

	frame[0] = kind;
	if (size > 0)
		memcpy(frame + 1, body, size);
	assert_int_equal(zmq_send(r->socket, frame, size + 1, flags), size + 1);
	free(frame);
}

/* The kind of the next message, or 0. */
static uint8_t raw_receive(struct bench *b, struct raw *r, unsigned patience_ms)
{
	uint64_t end = clock_mono_ms() + patience_ms;
	uint8_t frame[2048] = {0};

	while (clock_mono_ms() < end) {
		if (zmq_recv(r->socket, frame, sizeof(frame), ZMQ_DONTWAIT) > 0)
			return frame[0];
		bench_sleep(b, 20);
	}
	return 0;
}

/* A HELLO that names `named` and has a record signed by `signer`. */
static void raw_hello(struct raw *r, const struct public_key *named,
		      const struct secret_key *signer, uint32_t protocol)
{
	struct wire_hello h = {.protocol = protocol, .key = *named};
	struct address_record record = {.time_ms = 5};
	struct arena arena;
	struct bytes body;

	memset(h.genesis.b, 0x5a, HASH_BYTES);
	address_sign(&record, &h.genesis, signer);
	address_to_wire(&h.address, &record);
	h.version.data = (const uint8_t *)"9.9";
	h.version.size = 3;
	wire_arena_init(&arena, 1000);
	body = wire_encode_hello(&arena, &h);
	raw_send(r, WIRE_HELLO, body.data, body.size, 0);
	arena_fini(&arena);
}

static void a_client_with_manners_is_let_in(void **state)
{
	struct bench *b = *state;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	assert_true(net_peer_is_up(b->hosts[0].net, &b->keys[STRANGER]));
	raw_send(&r, WIRE_TX_FORWARD, "tx", 2, 0);
	assert_true(bench_run(b, has_one, &b->hosts[0], PATIENCE_MS));
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void a_stranger_stays_out_when_the_policy_says_so(void **state)
{
	struct bench *b = *state;
	struct net_counters counters;
	struct raw r;

	start_validator(b, 0, false);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, 1500), 0);
	assert_false(net_peer_is_up(b->hosts[0].net, &b->keys[STRANGER]));
	net_counters(b->hosts[0].net, &counters);
	assert_true(counters.handshakes_refused > 0);
	assert_int_equal(counters.handshakes_admitted, 0);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void a_client_without_a_key_stays_out(void **state)
{
	struct bench *b = *state;
	struct net_counters counters;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, NULL, NULL, NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, 1000), 0);
	net_counters(b->hosts[0].net, &counters);
	assert_int_equal(counters.handshakes_admitted, 0);
	assert_int_equal(counters.peers_up, 0);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void a_client_that_expects_another_server_gets_nowhere(void **state)
{
	struct bench *b = *state;
	struct net_config c;
	struct net_peer_info info;
	char wrong[2 * PUBLIC_KEY_BYTES + NET_ADDRESS_BYTES];
	const char *bootstrap[1] = {wrong};

	start_validator(b, 0, true);
	memcpy(b->hosts[3].listen, b->hosts[0].listen, NET_ADDRESS_BYTES);
	snprintf(wrong, sizeof(wrong), "%s", host_address(b, 3));
	c = bench_config(b, 1);
	c.validator_count = 0;
	c.bootstrap = bootstrap;
	c.bootstrap_count = 1;
	host_start(b, 1, &c);
	bench_sleep(b, 1500);
	assert_false(net_peer_is_up(b->hosts[1].net, &b->keys[3]));
	assert_true(bench_info(b, 1, &b->keys[3], &info));
	assert_non_null(strstr(info.last_error, "another key"));
	host_stop(&b->hosts[1]);
	assert_validators_still_talk(b);
}

static void nobody_speaks_in_another_s_name(void **state)
{
	struct bench *b = *state;
	struct net_counters counters;
	struct raw r;

	start_validator(b, 0, true);
	/* With a record that the other really signed, as gossip hands out. */
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[1], b->hosts[1].key, NET_PROTOCOL_VERSION);
	raw_send(&r, WIRE_VOTE, "v", 1, 0);
	bench_sleep(b, 500);
	assert_false(net_peer_is_up(b->hosts[0].net, &b->keys[1]));
	assert_int_equal(b->hosts[0].received, 0);
	net_counters(b->hosts[0].net, &counters);
	assert_true(counters.hello_refused > 0);
	raw_close(&r);
	/* With its own record under the other's name. */
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[1].key,
		  NET_PROTOCOL_VERSION);
	raw_send(&r, WIRE_VOTE, "v", 1, 0);
	bench_sleep(b, 500);
	assert_int_equal(b->hosts[0].received, 0);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void nothing_is_heard_before_a_hello(void **state)
{
	struct bench *b = *state;
	struct net_counters counters;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_send(&r, WIRE_VOTE, "v", 1, 0);
	/* It is asked to introduce itself. */
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	assert_int_equal(b->hosts[0].received, 0);
	net_counters(b->hosts[0].net, &counters);
	assert_int_equal(counters.unexpected, 1);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void another_protocol_version_is_told_so(void **state)
{
	struct bench *b = *state;
	struct net_peer_info info;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[1].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[1], b->hosts[1].key, NET_PROTOCOL_VERSION + 1);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	assert_true(bench_info(b, 0, &b->keys[1], &info));
	assert_non_null(strstr(info.last_error, "runs version 9.9 (protocol 2)"
						", we run 1.2.3 (protocol 1)"));
	assert_int_equal(b->hosts[0].ups, 0);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void a_claimed_routing_id_takes_nobody_s_place(void **state)
{
	struct bench *b = *state;
	struct raw first, second;

	start_validator(b, 0, true);
	raw_open(&first, b, b->hosts[STRANGER].key, &b->keys[0], "same");
	raw_hello(&first, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &first, PATIENCE_MS), WIRE_HELLO);
	raw_open(&second, b, b->hosts[3].key, &b->keys[0], "same");
	raw_hello(&second, &b->keys[3], b->hosts[3].key, NET_PROTOCOL_VERSION);
	raw_send(&second, WIRE_TX_FORWARD, "2", 1, 0);
	bench_sleep(b, 300);
	assert_int_equal(b->hosts[0].received, 0);
	assert_int_equal(net_send(b->hosts[0].net, &b->keys[STRANGER],
				  NET_CONTROL, WIRE_TIP, "t", 1),
			 ERR_OK);
	while (raw_receive(b, &first, 1000) != WIRE_TIP)
		;
	/* Gone is gone: whoever takes the id now is still not the first. */
	raw_close(&first);
	raw_close(&second);
	bench_sleep(b, 100);
	raw_open(&second, b, b->hosts[3].key, &b->keys[0], "same");
	raw_send(&second, WIRE_TX_FORWARD, "2", 1, 0);
	bench_sleep(b, 300);
	assert_int_equal(b->hosts[0].received, 0);
	raw_close(&second);
	assert_validators_still_talk(b);
}

static void messages_of_several_frames_are_cut_off(void **state)
{
	struct bench *b = *state;
	struct net_counters counters;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	for (int i = 0; i < 1000; i++)
		raw_send(&r, WIRE_VOTE, "v", 1, ZMQ_SNDMORE);
	raw_send(&r, WIRE_VOTE, "v", 1, 0);
	bench_sleep(b, 500);
	assert_int_equal(b->hosts[0].received, 0);
	net_counters(b->hosts[0].net, &counters);
	assert_int_equal(counters.malformed, 1);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void an_empty_and_an_unknown_message_are_survived(void **state)
{
	struct bench *b = *state;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	raw_send(&r, 255, "?", 1, 0);
	assert_true(bench_run(b, has_one, &b->hosts[0], PATIENCE_MS));
	assert_int_equal(b->hosts[0].last_kind, 255);
	zmq_send(r.socket, "", 0, 0);
	raw_send(&r, WIRE_HELLO, "\xff\xff", 2, 0);
	raw_send(&r, WIRE_PING, "\xff\xff", 2, 0);
	raw_send(&r, WIRE_ADDRESSES, "\xff\xff", 2, 0);
	raw_send(&r, WIRE_GENESIS_REQUEST, "\xff\xff", 2, 0);
	bench_sleep(b, 300);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static void an_oversized_frame_ends_the_connection_only(void **state)
{
	struct bench *b = *state;
	uint8_t *large = mem_alloc(3u << 20);
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	raw_send(&r, WIRE_TX_FORWARD, large, 3u << 20, 0);
	bench_sleep(b, 500);
	assert_int_equal(b->hosts[0].received, 0);
	free(large);
	raw_close(&r);
	assert_validators_still_talk(b);
}

static bool all_counted(struct bench *b, void *context)
{
	struct net_counters counters;

	(void)context;
	net_counters(b->hosts[0].net, &counters);
	return b->hosts[0].received + counters.unexpected == 60000;
}

static void a_flood_is_limited(void **state)
{
	struct bench *b = *state;
	struct net_counters counters;
	uint64_t began, seconds;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	began = clock_mono_ms();
	for (int i = 0; i < 60000; i++) {
		raw_send(&r, WIRE_TX_FORWARD, "tx", 2, 0);
		if (i % 50 == 0)
			ev_run(b->loop, EVRUN_NOWAIT);
	}
	assert_true(bench_run(b, all_counted, NULL, PATIENCE_MS));
	seconds = (clock_mono_ms() - began) / 1000 + 1;
	net_counters(b->hosts[0].net, &counters);
	/* 32 MiB a second, a message being as dear as 2 KiB. */
	assert_true(b->hosts[0].received <= 16384 * (1 + seconds));
	assert_true(counters.unexpected > 0);
	raw_close(&r);
	assert_validators_still_talk(b);
}

/* More than the library takes from a connection without us, and then its end,
 * and so long nobody looks. */
static void a_connection_that_ends_while_its_messages_wait(void **state)
{
	struct bench *b = *state;
	struct raw r;

	start_validator(b, 0, true);
	raw_open(&r, b, b->hosts[STRANGER].key, &b->keys[0], NULL);
	raw_hello(&r, &b->keys[STRANGER], b->hosts[STRANGER].key,
		  NET_PROTOCOL_VERSION);
	assert_int_equal(raw_receive(b, &r, PATIENCE_MS), WIRE_HELLO);
	for (int i = 0; i < 500; i++)
		raw_send(&r, WIRE_TX_FORWARD, "tx", 2, ZMQ_DONTWAIT);
	usleep(200000);
	raw_close(&r);
	sleep(12);
	assert_validators_still_talk(b);
}

static void strangers_fill_only_their_own_places(void **state)
{
	struct bench *b = *state;
	struct net_config c = bench_config(b, 0);
	struct net_counters counters;
	struct raw r[2];

	c.validator_count = 2;
	c.limits.inbound_max = 1;
	host_start(b, 0, &c);
	for (size_t i = 0; i < 2; i++) {
		size_t who = STRANGER + i;

		raw_open(&r[i], b, b->hosts[who].key, &b->keys[0], NULL);
		raw_hello(&r[i], &b->keys[who], b->hosts[who].key,
			  NET_PROTOCOL_VERSION);
		assert_int_equal(raw_receive(b, &r[i], 1500),
				 i == 0 ? WIRE_HELLO : 0);
	}
	assert_validators_still_talk(b);
	net_counters(b->hosts[0].net, &counters);
	assert_int_equal(counters.validators_up, 1);
	assert_int_equal(counters.peers_up, 2);
	raw_close(&r[0]);
	raw_close(&r[1]);
}

/* Raw TCP. */

static int tcp_open(const struct bench *b)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_port =
		htons((uint16_t)atoi(strrchr(b->hosts[0].listen, ':') + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void garbage_on_the_port_is_ignored(void **state)
{
	static const char GREETING[] = "\xff\0\0\0\0\0\0\0\x01\x7f\x03";
	struct bench *b = *state;
	uint8_t garbage[4096];
	int fds[6];

	start_validator(b, 0, true);
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)(i * 7 + i / 256);
	for (int i = 0; i < 6; i++) {
		ssize_t n;

		fds[i] = tcp_open(b);
		if (i % 2) /* as if it were ZMTP at first */
			n = send(fds[i], GREETING, sizeof(GREETING) - 1,
				 MSG_NOSIGNAL);
		n = send(fds[i], garbage, sizeof(garbage), MSG_NOSIGNAL);
		(void)n;
		bench_sleep(b, 20);
	}
	for (int i = 0; i < 6; i++)
		close(fds[i]);
	assert_validators_still_talk(b);
}

#define HALF_OPEN 2000

static void thousands_of_half_open_connections_stop_nobody(void **state)
{
	struct bench *b = *state;
	int *fds = mem_alloc(HALF_OPEN * sizeof(*fds));
	struct rlimit limit;
	int count = 0;

	start_validator(b, 0, true); /* raises the limit */
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2 * HALF_OPEN + 500) {
		print_message("skipped: only %lu descriptors\n",
			      (unsigned long)limit.rlim_cur);
		free(fds);
		skip();
	}
	for (; count < HALF_OPEN; count++)
		fds[count] = tcp_open(b);
	assert_validators_still_talk(b);
	/* They are thrown out when the handshake does not come. */
	bench_sleep(b, 6500);
	for (int i = 0; i < HALF_OPEN; i++) {
		char byte[64];
		ssize_t n;

		do
			n = recv(fds[i], byte, sizeof(byte), MSG_DONTWAIT);
		while (n > 0);
		assert_true(n == 0 || errno == ECONNRESET);
		close(fds[i]);
	}
	free(fds);
	assert_validators_still_talk(b);
}

/* The genesis, fetched by a thread while the loop turns. */

struct fetching {
	const char *address;
	struct hash expected;
	uint64_t timeout_ms;
	const struct secret_key *key;
	enum err result;
	struct err_text why;
	uint8_t *data;
	size_t size;
	atomic_bool done;
};

static void *fetch(void *argument)
{
	struct fetching *f = argument;

	f->result =
		net_fetch_genesis(&f->data, &f->size, f->address, &f->expected,
				  f->key, f->timeout_ms, &f->why);
	atomic_store(&f->done, true);
	return NULL;
}

static bool fetch_is_done(struct bench *b, void *context)
{
	struct fetching *f = context;

	(void)b;
	return atomic_load(&f->done);
}

static void run_fetch(struct bench *b, struct fetching *f)
{
	pthread_t thread;

	f->why.text[0] = '\0';
	atomic_store(&f->done, false);
	assert_int_equal(pthread_create(&thread, NULL, fetch, f), 0);
	while (!bench_run(b, fetch_is_done, f, 50))
		;
	pthread_join(thread, NULL);
}

static void start_with_genesis(struct bench *b, const uint8_t *file,
			       size_t size, bool admit)
{
	struct net_config c = bench_config(b, 0);

	c.validator_count = 2;
	c.genesis_file.data = file;
	c.genesis_file.size = size;
	c.admit_strangers = admit;
	host_start(b, 0, &c);
}

static void a_newcomer_fetches_the_genesis_in_chunks(void **state)
{
	struct bench *b = *state;
	size_t size = 5000001;
	uint8_t *file = mem_alloc(size);
	struct fetching f = {.timeout_ms = PATIENCE_MS};

	for (size_t i = 0; i < size; i++)
		file[i] = (uint8_t)(i * i >> 8);
	start_with_genesis(b, file, size, true);
	memset(f.expected.b, 0x5a, HASH_BYTES);
	f.address = host_address(b, 0);
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_OK);
	assert_int_equal(f.size, size);
	assert_memory_equal(f.data, file, size);
	free(f.data);
	host_stop(&b->hosts[0]);
	free(file);
}

static void a_genesis_that_cannot_be_had_is_explained(void **state)
{
	struct bench *b = *state;
	struct fetching f = {.timeout_ms = 1500};
	uint8_t file[10] = {0};

	memset(f.expected.b, 0x22, HASH_BYTES);
	start_with_genesis(b, file, sizeof(file), true);
	f.address = host_address(b, 0);
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_PEER_WRONG_NETWORK);
	assert_non_null(strstr(f.why.text, "runs network 5a5a5a5a5a5a"));
	/* Another key than the one that is there. */
	memcpy(b->hosts[3].listen, b->hosts[0].listen, NET_ADDRESS_BYTES);
	f.address = host_address(b, 3);
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_TIMEOUT);
	assert_non_null(strstr(f.why.text, "another key"));
	f.address = "nonsense";
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_PEER_ADDRESS);
	/* Nothing to give. */
	host_stop(&b->hosts[0]);
	memset(f.expected.b, 0x5a, HASH_BYTES);
	start_with_genesis(b, NULL, 0, true);
	f.address = host_address(b, 0);
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_NOT_FOUND);
	/* No strangers; but its own validators may fetch. */
	host_stop(&b->hosts[0]);
	start_with_genesis(b, file, sizeof(file), false);
	f.address = host_address(b, 0);
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_TIMEOUT);
	assert_non_null(strstr(f.why.text, "strangers"));
	f.key = b->hosts[1].key;
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_OK);
	free(f.data);
	/* Banned. */
	assert_int_equal(net_peer_ban(b->hosts[0].net, &b->keys[1], 60),
			 ERR_OK);
	run_fetch(b, &f);
	assert_int_equal(f.result, ERR_PEER_BANNED);
	host_stop(&b->hosts[0]);
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(a_client_with_manners_is_let_in),
		NET_TEST(a_stranger_stays_out_when_the_policy_says_so),
		NET_TEST(a_client_without_a_key_stays_out),
		NET_TEST(a_client_that_expects_another_server_gets_nowhere),
		NET_TEST(nobody_speaks_in_another_s_name),
		NET_TEST(nothing_is_heard_before_a_hello),
		NET_TEST(another_protocol_version_is_told_so),
		NET_TEST(a_claimed_routing_id_takes_nobody_s_place),
		NET_TEST(messages_of_several_frames_are_cut_off),
		NET_TEST(an_empty_and_an_unknown_message_are_survived),
		NET_TEST(an_oversized_frame_ends_the_connection_only),
		NET_TEST(a_flood_is_limited),
		NET_TEST(a_connection_that_ends_while_its_messages_wait),
		NET_TEST(strangers_fill_only_their_own_places),
		NET_TEST(garbage_on_the_port_is_ignored),
		NET_TEST(thousands_of_half_open_connections_stop_nobody),
		NET_TEST(a_newcomer_fetches_the_genesis_in_chunks),
		NET_TEST(a_genesis_that_cannot_be_had_is_explained),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
