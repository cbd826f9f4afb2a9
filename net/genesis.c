#include "net/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENESIS_BYTES_MAX (UINT64_C(256) * 1024 * 1024)
#define GIVE_BYTES_PER_S  (UINT64_C(32) * 1024 * 1024)
#define WINDOW_CHUNKS	  8u
#define STALL_MS	  500u

struct bytes genesis_answer(struct net *n, struct bytes body)
{
	struct wire_genesis_request r;
	struct wire_genesis_chunk c = {.genesis = n->genesis};
	uint64_t left;

	if (wire_decode_genesis_request(&r, &n->arena, body, NULL) != ERR_OK) {
		n->counters.malformed++;
		return (struct bytes){0};
	}
	if (hash_equal(&r.genesis, &n->genesis))
		c.total = n->genesis_file.size;
	if (r.offset > c.total || r.size > WIRE_CHUNK_BYTES_MAX)
		return (struct bytes){0};
	left = c.total - r.offset;
	c.offset = r.offset;
	c.data.size = r.size < left ? r.size : (size_t)left;
	if (c.data.size > 0)
		c.data.data = n->genesis_file.data + r.offset;
	if (!bucket_take(&n->genesis_bytes, clock_mono_ms(), c.data.size + 256,
			 GIVE_BYTES_PER_S, GIVE_BYTES_PER_S))
		return (struct bytes){0};
	arena_reset(&n->arena);
	n->arena.limit = 2 * WIRE_CHUNK_BYTES_MAX;
	return wire_encode_genesis_chunk(&n->arena, &c);
}

/* Fetching, with sockets of its own. */

struct fetch {
	void *context;
	void *socket;
	void *monitor;
	struct hash expected;
	struct arena arena;
	uint8_t *data; /* `total` bytes once total is known */
	uint64_t total;
	uint64_t have;	/* bytes in place */
	uint64_t asked; /* bytes asked for */
	bool begun;	/* total is known */
	bool connected;
	int refusal; /* status of the handshake, or 0 */
};

static void ask(struct fetch *f)
{
	while (f->asked < f->have + WINDOW_CHUNKS * WIRE_CHUNK_BYTES_MAX &&
	       (f->begun ? f->asked < f->total : f->asked == 0)) {
		const struct wire_genesis_request r = {f->expected, f->asked,
						       WIRE_CHUNK_BYTES_MAX};
		uint8_t frame[128] = {WIRE_GENESIS_REQUEST};
		struct bytes body;

		arena_reset(&f->arena);
		body = wire_encode_genesis_request(&f->arena, &r);
		memcpy(frame + 1, body.data, body.size);
		if (zmq_send(f->socket, frame, 1 + body.size, ZMQ_DONTWAIT) < 0)
			return;
		f->asked += WIRE_CHUNK_BYTES_MAX;
	}
}

static enum err begin(struct fetch *f, uint64_t total, struct err_text *why)
{
	if (total == 0)
		return err_set(why, ERR_NOT_FOUND,
			       "the peer has no genesis to give");
	if (total > GENESIS_BYTES_MAX)
		return err_set(why, ERR_PEER_MALFORMED,
			       "the peer's genesis would be larger than any");
	f->total = total;
	f->begun = true;
	f->data = malloc((size_t)total);
	return f->data ? ERR_OK : ERR_NO_MEMORY;
}

static enum err take_chunk(struct fetch *f, struct bytes body,
			   struct err_text *why)
{
	struct wire_genesis_chunk c;
	char theirs[KEY_SHORT_BYTES], ours[KEY_SHORT_BYTES];
	enum err e = wire_decode_genesis_chunk(&c, &f->arena, body, why);

	if (e != ERR_OK)
		return e;
	if (!hash_equal(&c.genesis, &f->expected))
		return err_set(why, ERR_PEER_WRONG_NETWORK,
			       "the peer runs network %s, not %s",
			       key_short(theirs, &c.genesis),
			       key_short(ours, &f->expected));
	if (!f->begun)
		e = begin(f, c.total, why);
	if (e != ERR_OK)
		return e;
	if (c.total != f->total || c.offset > f->total ||
	    c.data.size > f->total - c.offset)
		return err_set(why, ERR_PEER_MALFORMED,
			       "a chunk does not fit the others");
	if (c.offset != f->have || c.data.size == 0)
		return ERR_OK; /* Asked for twice. */
	memcpy(f->data + f->have, c.data.data, c.data.size);
	f->have += c.data.size;
	return ERR_OK;
}

static enum err receive(struct fetch *f, struct err_text *why)
{
	enum err e = ERR_OK;
	zmq_msg_t m;

	zmq_msg_init(&m);
	while (e == ERR_OK && zmq_msg_recv(&m, f->socket, ZMQ_DONTWAIT) >= 0) {
		const uint8_t *data = zmq_msg_data(&m);
		size_t size = zmq_msg_size(&m);

		if (size == 0 || data[0] != WIRE_GENESIS_CHUNK)
			continue;
		arena_reset(&f->arena);
		f->arena.limit = wire_arena_limit(size);
		e = take_chunk(f, (struct bytes){data + 1, size - 1}, why);
	}
	zmq_msg_close(&m);
	return e;
}

static void watch(struct fetch *f)
{
	int event, value;

	while (socket_monitor_read(f->monitor, &event, &value)) {
		if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
			f->connected = true;
		if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
			f->refusal = value;
	}
}

static enum err timed_out(const struct fetch *f, const char *address,
			  struct err_text *why)
{
	if (f->refusal)
		return err_set(why, ERR_TIMEOUT,
			       "%.160s admits no strangers now (status %d)",
			       address, f->refusal);
	if (!f->connected)
		return err_set(why, ERR_TIMEOUT,
			       "%.120s does not answer with that key: it is "
			       "not there, has another key, or admits no "
			       "strangers",
			       address);
	return err_set(why, ERR_TIMEOUT, "%.160s gave %llu of %llu bytes",
		       address, (unsigned long long)f->have,
		       (unsigned long long)f->total);
}

static enum err run(struct fetch *f, const char *address, uint64_t timeout_ms,
		    struct err_text *why)
{
	uint64_t deadline = clock_mono_ms() + timeout_ms;
	uint64_t moved_ms = clock_mono_ms();
	uint64_t before = 0;

	while (!f->begun || f->have < f->total) {
		zmq_pollitem_t items[2] = {{f->socket, 0, ZMQ_POLLIN, 0},
					   {f->monitor, 0, ZMQ_POLLIN, 0}};
		uint64_t now = clock_mono_ms();
		enum err e;

		if (now >= deadline)
			return timed_out(f, address, why);
		if (f->refusal == 400)
			return err_set(why, ERR_PEER_BANNED,
				       "%.160s has banned this key", address);
		if (f->have > before) {
			before = f->have;
			moved_ms = now;
		} else if (now > moved_ms + STALL_MS) {
			f->asked = f->have;
			moved_ms = now;
		}
		ask(f);
		zmq_poll(items, 2, 50);
		watch(f);
		e = receive(f, why);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err open_socket(struct fetch *f, const struct secret_key *key,
			    const struct public_key *server,
			    const char *address, struct err_text *why)
{
	uint8_t secret[CURVE_KEY_BYTES], own[CURVE_KEY_BYTES];
	uint8_t theirs[CURVE_KEY_BYTES];
	char endpoint[NET_ADDRESS_BYTES + 8];
	struct net shell = {.context = f->context};

	curve_secret_from_sign(secret, key);
	if (!curve_public_from_sign(own, secret_key_public(key)) ||
	    !curve_public_from_sign(theirs, server))
		return err_set(why, ERR_PEER_ADDRESS, "the key is no point");
	f->socket = socket_dealer(f->context, secret, own, theirs);
	secret_wipe(secret, sizeof(secret));
	if (!f->socket)
		return err_set(why, ERR_IO, "no socket: %s",
			       zmq_strerror(errno));
	f->monitor = socket_monitor(&shell, f->socket,
				    ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
					    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
	snprintf(endpoint, sizeof(endpoint), "tcp://%s", address);
	if (!f->monitor || zmq_connect(f->socket, endpoint) != 0)
		return err_set(why, ERR_IO, "cannot dial %.160s: %s", address,
			       zmq_strerror(errno));
	return ERR_OK;
}

static void close_fetch(struct fetch *f)
{
	if (f->monitor)
		zmq_socket_monitor(f->socket, NULL, 0);
	if (f->monitor)
		zmq_close(f->monitor);
	if (f->socket)
		zmq_close(f->socket);
	zmq_ctx_term(f->context);
	arena_fini(&f->arena);
}

enum err net_fetch_genesis(uint8_t **data, size_t *size, const char *address,
			   const struct hash *expected,
			   const struct secret_key *key, uint64_t timeout_ms,
			   struct err_text *why)
{
	struct fetch f = {.expected = *expected};
	struct secret_key *throw_away = NULL;
	struct public_key server;
	char host_port[NET_ADDRESS_BYTES];
	enum err e = net_address_parse(&server, host_port, address, why);

	if (e != ERR_OK)
		return e;
	if (!key)
		key = throw_away = secret_key_new();
	f.context = zmq_ctx_new();
	arena_init(&f.arena, LIMIT_DECODE_BYTES);
	e = open_socket(&f, key, &server, host_port, why);
	if (e == ERR_OK)
		e = run(&f, host_port, timeout_ms, why);
	close_fetch(&f);
	secret_key_free(&throw_away);
	if (e != ERR_OK) {
		free(f.data);
		return e;
	}
	*data = f.data;
	*size = (size_t)f.total;
	return ERR_OK;
}
