#include "net/internal.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *const STATE_NAMES[LINK_STATES] = {"down", "greeting", "up",
						     "refused"};
static const char *const EVENT_NAMES[LINK_EVENTS] = {"connected", "accepted",
						     "denied", "lost"};

static const enum link_state NEXT_STATE[LINK_STATES][LINK_EVENTS] = {
	/*		   connected	  accepted   denied	   lost */
	[LINK_DOWN] = {LINK_GREETING, LINK_UP, LINK_REFUSED, LINK_DOWN},
	[LINK_GREETING] = {LINK_GREETING, LINK_UP, LINK_REFUSED, LINK_DOWN},
	[LINK_UP] = {LINK_GREETING, LINK_UP, LINK_REFUSED, LINK_DOWN},
	[LINK_REFUSED] = {LINK_GREETING, LINK_UP, LINK_REFUSED, LINK_DOWN},
};

void link_turn(struct net *n, struct link *l, struct peer *p,
	       enum link_event event, const char *why)
{
	enum link_state old = l->state;
	char key[KEY_SHORT_BYTES];

	l->state = NEXT_STATE[old][event];
	if (l->state != old)
		log_debug(NET, "link with %s: %s -> %s (%s%s%s)",
			  key_short(key, &p->key), STATE_NAMES[old],
			  STATE_NAMES[l->state], EVENT_NAMES[event],
			  why[0] ? ": " : "", why);
	if (event == LINK_CONNECTED)
		l->hello_ms = 0;
	peer_update(n, p, event == LINK_ACCEPTED);
}

/* Sending. */

static void release_frame(void *data, void *hint)
{
	struct net_frame *f = hint;

	(void)data;
	frame_release(&f);
}

static int send_message(void *zmq, zmq_msg_t *m)
{
	int error;

	if (zmq_msg_send(m, zmq, ZMQ_DONTWAIT) >= 0)
		return 0;
	error = errno;
	zmq_msg_close(m);
	return error;
}

/* Short frames are copied: that is cheaper than sharing. */
static int send_frame(void *zmq, struct net_frame *f)
{
	zmq_msg_t m;

	if (f->size <= 1024) {
		zmq_msg_init_size(&m, f->size);
		memcpy(zmq_msg_data(&m), f->data, f->size);
	} else {
		zmq_msg_init_data(&m, f->data, f->size, release_frame,
				  frame_share(f));
	}
	return send_message(zmq, &m);
}

static int send_route_id(void *zmq, const uint8_t *id, size_t size)
{
	return zmq_send(zmq, id, size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 ? 0
									: errno;
}

static int send_own(void *zmq, uint8_t kind, struct bytes body)
{
	zmq_msg_t m;

	zmq_msg_init_size(&m, 1 + body.size);
	memcpy(zmq_msg_data(&m), &kind, 1);
	if (body.size > 0)
		memcpy((uint8_t *)zmq_msg_data(&m) + 1, body.data, body.size);
	return send_message(zmq, &m);
}

int dealer_write(struct dealer *d, uint8_t kind, struct bytes body)
{
	d->socket.look = true;
	return send_own(d->socket.zmq, kind, body);
}

int router_write(struct net *n, const uint8_t *id, size_t id_size, uint8_t kind,
		 struct bytes body)
{
	int error;

	n->router.look = true;
	error = send_route_id(n->router.zmq, id, id_size);
	return error ? error : send_own(n->router.zmq, kind, body);
}

static bool dealer_is_up(const struct peer *p)
{
	return p->dealer && !p->dealer->closing &&
	       p->dealer->link.state == LINK_UP;
}

struct sock *peer_sock(struct net *n, const struct peer *p)
{
	if (dealer_is_up(p))
		return &p->dealer->socket;
	return p->route && p->route->link.state == LINK_UP ? &n->router : NULL;
}

static int peer_send(struct net *n, struct peer *p, struct sock *s,
		     struct net_frame *f)
{
	int error = 0;

	s->look = true;
	if (s == &n->router)
		error = send_route_id(s->zmq, p->route->id, p->route->id_size);
	return error ? error : send_frame(s->zmq, f);
}

void peer_flush(struct net *n, struct peer *p)
{
	enum net_class class_;
	struct net_frame *f;

	for (unsigned i = 0; i < NET_DRAIN_MAX; i++) {
		struct sock *s = peer_sock(n, p);
		int error;

		f = outbox_next(&p->outbox, &class_);
		if (!f || !s)
			return;
		error = peer_send(n, p, s, f);
		if (error == EAGAIN && s == &n->router)
			ev_timer_start(n->loop, &n->retry);
		if (error == EHOSTUNREACH && s == &n->router)
			route_free(n, p->route, "the connection is gone");
		if (error)
			return;
		p->messages_out++;
		p->bytes_out += f->size;
		n->counters.messages_out++;
		n->counters.bytes_out += f->size;
		n->queue_bytes -= frame_cost(f);
		outbox_pop(&p->outbox, class_);
		if (outbox_empty(&p->outbox))
			peer_clear_outbox(n, p);
	}
}

/* HELLO and PING. */

static struct bytes make_hello(struct net *n, bool answer)
{
	struct wire_hello h = {.protocol = NET_PROTOCOL_VERSION,
			       .genesis = n->genesis,
			       .key = n->self,
			       .height = n->height,
			       .answer = answer};

	h.version.data = (const uint8_t *)n->version;
	h.version.size = strlen(n->version);
	address_to_wire(&h.address, &n->own);
	return wire_encode_hello(&n->arena, &h);
}

static void dealer_greet(struct net *n, struct dealer *d)
{
	d->link.hello_ms = clock_mono_ms();
	dealer_write(d, WIRE_HELLO, make_hello(n, false));
}

static void dealer_ping(struct net *n, struct dealer *d, uint64_t now_ms)
{
	const struct wire_ping ping = {.height = n->height,
				       .token = clock_mono_us()};

	d->link.ping_ms = now_ms;
	dealer_write(d, WIRE_PING, wire_encode_ping(&n->arena, &ping));
}

static void on_ping(struct net *n, struct peer *p, struct route *r,
		    struct bytes body)
{
	struct wire_ping ping;

	if (wire_decode_ping(&ping, &n->arena, body, NULL) != ERR_OK) {
		n->counters.malformed++;
		peer_penalise(n, p, 20, "a ping that is none");
		return;
	}
	p->height = ping.height;
	if (ping.answer) {
		uint64_t took_us = clock_mono_us() - ping.token;

		if (took_us < NET_SILENCE_MS * 1000u)
			p->latency_us = (uint32_t)took_us;
		return;
	}
	if (!r)
		return; /* Only who dials pings. */
	ping.answer = true;
	ping.height = n->height;
	router_write(n, r->id, r->id_size, WIRE_PING,
		     wire_encode_ping(&n->arena, &ping));
}

static void copy_version(char out[NET_VERSION_BYTES], struct bytes version)
{
	memcpy(out, version.data, version.size);
	out[version.size] = '\0';
}

/* Is this a peer we can work with? The key has been compared with the one
 * that CURVE proved. */
static enum err judge_hello(const struct net *n, const struct wire_hello *h,
			    struct err_text *why)
{
	char key[KEY_SHORT_BYTES], theirs[KEY_SHORT_BYTES],
		ours[KEY_SHORT_BYTES];
	char version[NET_VERSION_BYTES] = "";
	struct address_record record;

	if (h->version.size > 0)
		copy_version(version, h->version);
	key_short(key, &h->key);
	if (!hash_equal(&h->genesis, &n->genesis))
		return err_set(why, ERR_PEER_WRONG_NETWORK,
			       "peer %s runs network %s, we run %s", key,
			       key_short(theirs, &h->genesis),
			       key_short(ours, &n->genesis));
	if (h->protocol != NET_PROTOCOL_VERSION)
		return err_set(why, ERR_PEER_WRONG_VERSION,
			       "peer %s runs version %s (protocol %u), we run "
			       "%s (protocol %u)",
			       key, version, h->protocol, n->version,
			       NET_PROTOCOL_VERSION);
	if (!public_key_equal(&h->key, &h->address.key) ||
	    address_from_wire(&record, &h->address) != ERR_OK ||
	    !address_verify(&record, &n->genesis))
		return err_set(why, ERR_PEER_IDENTITY,
			       "peer %s does not prove its key", key);
	return ERR_OK;
}

static void note_hello(struct net *n, struct peer *p,
		       const struct wire_hello *h)
{
	p->version[0] = '\0';
	if (h->version.size > 0)
		copy_version(p->version, h->version);
	p->height = h->height;
	gossip_learn(n, &h->address, &p->key);
	book_seen(&n->book, &p->key, clock_wall_ms());
}

static void deny(struct net *n, struct peer *p, const struct err_text *why)
{
	n->counters.hello_refused++;
	if ((!p || strcmp(p->last_error, why->text) != 0) &&
	    bucket_take(&n->denial_log, clock_mono_ms(), 1, 1, 20))
		log_warn(NET, "%s", why->text);
	if (p)
		peer_error(p, "%s", why->text);
}

static void dealer_on_hello(struct net *n, struct dealer *d, struct bytes body)
{
	struct peer *p = d->peer;
	struct wire_hello h;
	struct err_text why;

	if (!bucket_take(&p->answers, clock_mono_ms(), 1, 1, 5))
		return;
	if (wire_decode_hello(&h, &n->arena, body, &why) != ERR_OK) {
		n->counters.malformed++;
		return;
	}
	if (!public_key_equal(&h.key, &p->key)) {
		err_set(&why, ERR_PEER_IDENTITY, "the peer names another key");
		deny(n, p, &why);
		link_turn(n, &d->link, p, LINK_DENIED, why.text);
		return;
	}
	if (!h.answer) { /* It lost us, or does not know us yet. */
		dealer_greet(n, d);
		return;
	}
	if (judge_hello(n, &h, &why) != ERR_OK) {
		deny(n, p, &why);
		link_turn(n, &d->link, p, LINK_DENIED, why.text);
		return;
	}
	note_hello(n, p, &h);
	link_turn(n, &d->link, p, LINK_ACCEPTED, "");
}

static struct route *route_of(const struct net *n, const uint8_t *id,
			      size_t size)
{
	struct route *r;

	HASH_FIND(hh, n->routes, id, size, r);
	return r;
}

void route_free(struct net *n, struct route *r, const char *why)
{
	struct peer *p = r->peer;

	HASH_DEL(n->routes, r);
	p->route = NULL;
	link_turn(n, &r->link, p, LINK_LOST, why);
	free(r);
}

static struct route *route_add(struct net *n, struct peer *p, const uint8_t *id,
			       size_t size)
{
	struct route *r = mem_alloc(sizeof(*r));

	memcpy(r->id, id, size);
	r->id_size = size;
	r->peer = p;
	p->route = r;
	HASH_ADD(hh, n->routes, id, r->id_size, r);
	return r;
}

/* What arrived on the ROUTER: one body and what libzmq knows of its way. */
struct arrival {
	uint8_t id[NET_ROUTE_ID_MAX];
	size_t id_size; /* 0: too long for us */
	zmq_msg_t body;
	int frames; /* behind the id */
};

/* A refused peer stays connected until it leaves: libzmq cannot drop one of a
 * ROUTER's connections. Its socket can be shut down, though. */
static void cut_off(zmq_msg_t *m)
{
	int fd = zmq_msg_get(m, ZMQ_SRCFD);

	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

static bool hello_is_due(struct net *n, struct peer *p)
{
	uint64_t now = clock_mono_ms();
	uint64_t strangers = 2u * n->limits.strangers_per_s;

	if (p)
		return bucket_take(&p->hellos, now, 1, 1, 5);
	return bucket_take(&n->stranger_hellos, now, 1, strangers, strangers);
}

static bool has_room_for(const struct net *n, const struct peer *newcomer)
{
	uint32_t strangers = 0;
	const struct route *r;

	if (newcomer->validator || newcomer->route)
		return true;
	for (r = n->routes; r; r = r->hh.next)
		strangers += !r->peer->validator;
	return strangers < n->limits.inbound_max;
}

static enum err admit(struct net *n, const struct wire_hello *h,
		      const char *user, struct peer **out, struct err_text *why)
{
	struct peer *p = peer_get(n, &h->key);
	enum err e;

	*out = NULL;
	if (!p || strcmp(p->user_id, user) != 0)
		return err_set(why, ERR_PEER_IDENTITY,
			       "a peer claims a key that it did not prove");
	*out = p;
	e = judge_hello(n, h, why);
	if (e != ERR_OK)
		return e;
	if (book_is_banned(&n->book, &p->key, clock_wall_ms()))
		return err_set(why, ERR_PEER_BANNED, "the peer is banned");
	if (!has_room_for(n, p))
		return err_set(why, ERR_BUSY,
			       "as many peers as we take are connected");
	return ERR_OK;
}

static void router_on_hello(struct net *n, struct arrival *a, const char *user,
			    struct bytes body)
{
	struct peer *p = peer_find_user(n, user);
	struct wire_hello h;
	struct err_text why;
	struct route *r;
	enum err e;

	if (!hello_is_due(n, p))
		return;
	if (wire_decode_hello(&h, &n->arena, body, &why) != ERR_OK) {
		n->counters.malformed++;
		return;
	}
	r = route_of(n, a->id, a->id_size);
	e = admit(n, &h, user, &p, &why);
	/* Who runs another network or version is to learn of it. */
	if (e == ERR_OK || e == ERR_PEER_WRONG_NETWORK ||
	    e == ERR_PEER_WRONG_VERSION)
		router_write(n, a->id, a->id_size, WIRE_HELLO,
			     make_hello(n, true));
	else
		cut_off(&a->body);
	if (e != ERR_OK) {
		deny(n, p, &why);
		if (r)
			route_free(n, r, why.text);
		return;
	}
	if (r && r->peer != p) {
		route_free(n, r, "the peer changed its key");
		r = NULL;
	}
	if (!r && p->route)
		route_free(n, p->route, "the peer connected again");
	if (!r)
		r = route_add(n, p, a->id, a->id_size);
	r->link.heard_ms = clock_mono_ms();
	note_hello(n, p, &h);
	link_turn(n, &r->link, p, LINK_ACCEPTED, "");
	dealer_hurry(n, p);
}

/* Receiving. */

static void reset_arena(struct net *n, size_t body_size)
{
	arena_reset(&n->arena);
	n->arena.limit = wire_arena_limit(body_size);
}

/* A peer that is no validator may not take more than its share. */
static bool is_flooding(struct net *n, struct peer *p, size_t size)
{
	uint64_t most = UINT64_C(32) * 1024 * 1024;

	if (p->validator)
		return false;
	/* A message costs as much as 2 KiB. */
	if (bucket_take(&p->flood, clock_mono_ms(), size + 2048, most, most))
		return false;
	n->counters.unexpected++;
	return true;
}

static bool is_muted(const struct peer *p)
{
	return clock_mono_ms() < p->muted_until_ms;
}

static void deliver(struct net *n, struct peer *p, struct route *r,
		    uint8_t kind, struct bytes body)
{
	p->messages_in++;
	p->bytes_in += 1 + body.size;
	n->counters.messages_in++;
	n->counters.bytes_in += 1 + body.size;
	if (is_muted(p) || is_flooding(n, p, body.size)) {
		p->dropped++;
		return;
	}
	if (kind == WIRE_PING)
		on_ping(n, p, r, body);
	else if (kind == WIRE_ADDRESSES)
		gossip_on_addresses(n, p, body);
	else if (n->callbacks.on_message)
		n->callbacks.on_message(n->callbacks.context, &p->key, kind,
					body);
}

/* One that we have lost, or that forgot to greet. */
static void ask_for_hello(struct net *n, struct arrival *a)
{
	n->counters.unexpected++;
	if (bucket_take(&n->strange_answers, clock_mono_ms(), 1, 50, 50))
		router_write(n, a->id, a->id_size, WIRE_HELLO,
			     make_hello(n, false));
}

static void router_on_message(struct net *n, struct arrival *a)
{
	const char *user = zmq_msg_gets(&a->body, "User-Id");
	const uint8_t *data = zmq_msg_data(&a->body);
	struct bytes body = {data + 1, zmq_msg_size(&a->body) - 1};
	struct route *r = route_of(n, a->id, a->id_size);

	if (!user || (r && strcmp(r->peer->user_id, user) != 0)) {
		n->counters.hello_refused++;
		cut_off(&a->body);
		return;
	}
	reset_arena(n, body.size);
	if (r)
		r->link.heard_ms = clock_mono_ms();
	if (data[0] == WIRE_HELLO)
		router_on_hello(n, a, user, body);
	else if (data[0] == WIRE_GENESIS_REQUEST) {
		body = genesis_answer(n, body);
		if (body.data)
			router_write(n, a->id, a->id_size, WIRE_GENESIS_CHUNK,
				     body);
	} else if (r)
		deliver(n, r->peer, r, data[0], body);
	else
		ask_for_hello(n, a);
}

static void router_on_garbage(struct net *n, struct arrival *a)
{
	const struct route *r = route_of(n, a->id, a->id_size);

	n->counters.malformed++;
	if (r)
		peer_penalise(n, r->peer, 50, "a message of several frames");
	cut_off(&a->body);
}

/* False when nothing is there. Takes all frames of a message off the socket;
 * of those behind the second only the number is kept. */
static bool router_read(struct net *n, struct arrival *a)
{
	zmq_msg_t m;
	int more = 1;

	zmq_msg_init(&m);
	if (zmq_msg_recv(&m, n->router.zmq, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&m);
		return false;
	}
	a->id_size = 0;
	if (zmq_msg_size(&m) <= sizeof(a->id)) {
		a->id_size = zmq_msg_size(&m);
		memcpy(a->id, zmq_msg_data(&m), a->id_size);
	}
	zmq_msg_close(&m);
	zmq_msg_init(&a->body);
	for (a->frames = 0; more; a->frames++) {
		zmq_msg_t *target = a->frames == 0 ? &a->body : &m;

		if (a->frames > 0)
			zmq_msg_init(&m);
		if (zmq_msg_recv(target, n->router.zmq, ZMQ_DONTWAIT) < 0)
			break;
		more = zmq_msg_more(target);
		if (a->frames > 0)
			zmq_msg_close(&m);
	}
	return true;
}

void router_receive(struct sock *s)
{
	struct net *n = s->net;

	for (unsigned i = 0; i < NET_DRAIN_MAX; i++) {
		struct arrival a;

		if ((i > 0 && turn_is_over(n)) || !router_read(n, &a))
			return;
		if (a.frames != 1 || a.id_size == 0 ||
		    zmq_msg_size(&a.body) == 0)
			router_on_garbage(n, &a);
		else
			router_on_message(n, &a);
		zmq_msg_close(&a.body);
	}
}

static void dealer_on_message(struct net *n, struct dealer *d, zmq_msg_t *m)
{
	const uint8_t *data = zmq_msg_data(m);
	struct bytes body = {data + 1, zmq_msg_size(m) - 1};

	d->link.heard_ms = clock_mono_ms();
	reset_arena(n, body.size);
	if (data[0] == WIRE_HELLO)
		dealer_on_hello(n, d, body);
	else if (d->link.state == LINK_UP)
		deliver(n, d->peer, NULL, data[0], body);
	else
		n->counters.unexpected++;
}

void dealer_receive(struct sock *s)
{
	struct net *n = s->net;
	struct dealer *d = s->owner;
	bool continued = false;

	for (unsigned i = 0; i < NET_DRAIN_MAX && !d->closing; i++) {
		zmq_msg_t m;
		bool more;

		if (i > 0 && !continued && turn_is_over(n))
			return;
		zmq_msg_init(&m);
		if (zmq_msg_recv(&m, s->zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&m);
			return;
		}
		more = zmq_msg_more(&m);
		if (more || continued || zmq_msg_size(&m) == 0) {
			n->counters.malformed++;
			peer_penalise(n, d->peer, 50,
				      "a message of several frames");
		} else {
			dealer_on_message(n, d, &m);
		}
		continued = more;
		zmq_msg_close(&m);
	}
}

/* A ROUTER is not told that a connection ended; sending on it tells. */
static void route_probe(struct net *n, struct route *r)
{
	const struct wire_ping ping = {.height = n->height, .answer = true};

	arena_reset(&n->arena);
	if (router_write(n, r->id, r->id_size, WIRE_PING,
			 wire_encode_ping(&n->arena, &ping)) == EHOSTUNREACH)
		route_free(n, r, "the connection is gone");
}

/* What the monitors tell. */

static void on_connected(struct net *n, struct dealer *d)
{
	arena_reset(&n->arena);
	d->link.heard_ms = clock_mono_ms();
	link_turn(n, &d->link, d->peer, LINK_CONNECTED, "");
	dealer_greet(n, d);
}

static void on_broken(struct net *n, struct dealer *d)
{
	bool greeted = d->link.state != LINK_DOWN;

	if (!greeted && d->peer->last_error[0] == '\0')
		peer_error(d->peer,
			   "%s:%u broke off the handshake: another key, not a "
			   "node, or it does not admit us",
			   d->host, (unsigned)d->port);
	else if (greeted)
		peer_error(d->peer, "the connection was lost");
	if (greeted && d->peer->route)
		route_probe(n, d->peer->route);
	link_turn(n, &d->link, d->peer, LINK_LOST, "disconnected");
}

static void on_refused(struct net *n, struct dealer *d, int status)
{
	if (status == 400) {
		peer_error(d->peer, "the peer has banned us");
		d->redial_ms = clock_mono_ms() + NET_BANNED_US_MS;
	} else {
		peer_error(d->peer, "the peer does not admit us now");
	}
	link_turn(n, &d->link, d->peer, LINK_LOST, "not admitted");
}

static void on_monitor(struct net *n, struct dealer *d, int event, int value)
{
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
		on_connected(n, d);
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		on_refused(n, d, value);
	else if (event == ZMQ_EVENT_DISCONNECTED ||
		 event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL ||
		 event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
		on_broken(n, d);
	else if (event == ZMQ_EVENT_CLOSED && d->link.state == LINK_DOWN)
		peer_error(d->peer, "cannot connect to %s:%u", d->host,
			   (unsigned)d->port);
}

void dealer_monitor_receive(struct sock *s)
{
	struct dealer *d = s->owner;
	int event, value;

	while (!d->closing && socket_monitor_read(s->zmq, &event, &value))
		on_monitor(s->net, d, event, value);
}

void router_monitor_receive(struct sock *s)
{
	struct net *n = s->net;
	uint64_t now = clock_mono_ms();
	int event, value;

	while (socket_monitor_read(s->zmq, &event, &value)) {
		n->counters.accept_failed++;
		if (n->emfile_logged_ms && now < n->emfile_logged_ms + 60000)
			continue;
		n->emfile_logged_ms = now;
		log_error(NET, "a connection cannot be accepted: %s",
			  strerror(value));
	}
}

/* Once a second. */

static void dealer_tick(struct net *n, struct dealer *d, uint64_t now)
{
	struct link *l = &d->link;
	uint64_t patience =
		l->state == LINK_REFUSED ? NET_REFUSED_MS : NET_HELLO_MS;

	arena_reset(&n->arena);
	if (l->state == LINK_UP && now > l->heard_ms + NET_SILENCE_MS) {
		peer_error(d->peer, "nothing heard for %u s",
			   NET_SILENCE_MS / 1000);
		link_turn(n, l, d->peer, LINK_LOST, "silent");
		d->redial_ms = now;
		return;
	}
	if (l->state == LINK_UP && now >= l->ping_ms + NET_PING_MS)
		dealer_ping(n, d, now);
	if ((l->state == LINK_GREETING || l->state == LINK_REFUSED) &&
	    now >= l->hello_ms + patience)
		dealer_greet(n, d);
}

void links_tick(struct net *n, uint64_t now_ms)
{
	struct route *r, *next;
	struct dealer *d;

	for (d = n->dealers; d; d = d->next) {
		if (!d->closing && d->socket.zmq)
			dealer_tick(n, d, now_ms);
	}
	HASH_ITER (hh, n->routes, r, next) {
		if (now_ms > r->link.heard_ms + NET_SILENCE_MS)
			route_free(n, r, "silent");
		else if (now_ms > r->link.heard_ms + NET_PING_MS + 2000)
			route_probe(n, r);
	}
}
