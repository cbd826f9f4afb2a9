#include "net/internal.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MIB		(1024u * 1024u)
#define CONTEXT_SOCKETS 4096
#define BOOK_SAVE_MS	2000u

static void set_default(uint32_t *value, uint32_t otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static void fill_limits(struct net_limits *l)
{
	static const size_t QUEUES[NET_CLASSES] = {[NET_CONSENSUS] = 4 * MIB,
						   [NET_CONTROL] = 1 * MIB,
						   [NET_BATCH] = 16 * MIB,
						   [NET_SYNC] = 8 * MIB};

	for (int i = 0; i < NET_CLASSES; i++) {
		if (l->queue_bytes[i] == 0)
			l->queue_bytes[i] = QUEUES[i];
	}
	if (l->queue_bytes_total == 0)
		l->queue_bytes_total = 256 * MIB;
	set_default(&l->inbound_max, 64);
	set_default(&l->outbound_max, 4);
	set_default(&l->validators_max, 8);
	set_default(&l->strangers_per_s, 20);
}

/* Many half-open connections must not use up the descriptors. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn(NET, "the limit of open files stays low: %s",
			 strerror(errno));
}

/* The book. */

static void load_book(struct net *n)
{
	struct err_text why;
	uint8_t *text;
	size_t size;
	char aside[FILE_PATH_BYTES];
	enum err e = file_read(&text, &size, n->book_path, BOOK_TEXT_BYTES_MAX,
			       &why);

	if (e == ERR_NOT_FOUND)
		return;
	if (e == ERR_OK) {
		e = book_read(&n->book, (const char *)text, size,
			      clock_wall_ms(), &why);
		free(text);
	}
	if (e == ERR_OK)
		return;
	snprintf(aside, sizeof(aside), "%s.damaged", n->book_path);
	log_warn(NET, "the address book %s is damaged (%s); it is kept as %s",
		 n->book_path, why.text, aside);
	if (rename(n->book_path, aside) != 0)
		log_warn(NET, "cannot rename it: %s", strerror(errno));
}

static void *save_book(void *argument)
{
	struct book_saver *s = argument;
	struct err_text why;

	if (file_replace(s->path, s->text, strlen(s->text), 0600, &why) !=
	    ERR_OK)
		log_warn(NET, "the address book is not saved: %s", why.text);
	atomic_store(&s->done, true);
	return NULL;
}

static void finish_save(struct net *n)
{
	struct book_saver *s = &n->saver;

	if (!s->running)
		return;
	pthread_join(s->thread, NULL);
	free(s->text);
	s->text = NULL;
	s->running = false;
}

/* In a thread: a sync of the disk may take longer than the loop may wait. */
static void start_save(struct net *n)
{
	struct book_saver *s = &n->saver;

	s->text = book_text(&n->book);
	s->path = n->book_path;
	atomic_store(&s->done, false);
	s->running = pthread_create(&s->thread, NULL, save_book, s) == 0;
	if (s->running)
		return;
	free(s->text);
	s->text = NULL;
	n->book.changed = true;
}

static void book_tick(struct net *n, uint64_t now_ms)
{
	if (n->saver.running && atomic_load(&n->saver.done))
		finish_save(n);
	if (!n->book_path || !n->book.changed || n->saver.running ||
	    now_ms < n->saved_ms + BOOK_SAVE_MS)
		return;
	n->saved_ms = now_ms;
	start_save(n);
}

/* The second's tick. */

/* After a stop of the whole process silence means nothing. */
static void forgive_silence(struct net *n, uint64_t now_ms)
{
	struct dealer *d;
	struct route *r;

	for (d = n->dealers; d; d = d->next)
		d->link.heard_ms = now_ms;
	for (r = n->routes; r; r = r->hh.next)
		r->link.heard_ms = now_ms;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct net *n = w->data;
	struct sock *s;
	uint64_t now = clock_mono_ms();

	(void)loop;
	(void)revents;
	if (now > n->ticked_ms + NET_PING_MS)
		forgive_silence(n, now);
	n->ticked_ms = now;
	links_tick(n, now);
	dial_tick(n, now);
	gossip_tick(n);
	peers_tick(n);
	book_tick(n, now);
	for (s = n->socks; s; s = s->next)
		s->look = true;
}

/* Start and stop. */

static enum err take_bootstrap(struct net *n, const struct net_config *c,
			       struct err_text *why)
{
	for (size_t i = 0; i < c->bootstrap_count; i++) {
		enum err e = net_peer_add(n, c->bootstrap[i], why);

		if (e == ERR_PEER_BANNED)
			log_warn(NET, "bootstrap peer %s is banned",
				 c->bootstrap[i]);
		else if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static bool is_wildcard(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
	       strcmp(host, "*") == 0;
}

static enum err make_own_address(struct net *n, const char *advertise,
				 struct err_text *why)
{
	const char *text = advertise && advertise[0] ? advertise : n->listen;
	struct address_record *own = &n->own;

	memset(own, 0, sizeof(*own));
	if (text[0] && (address_split(own->host, &own->port, text) != ERR_OK ||
			own->port == 0))
		return err_set(why, ERR_PEER_ADDRESS,
			       "advertise %.100s: not host:port", text);
	if (is_wildcard(own->host)) {
		memset(own->host, 0, sizeof(own->host));
		own->port = 0;
	}
	own->time_ms = clock_wall_ms();
	address_sign(own, &n->genesis, n->key);
	return ERR_OK;
}

static void take_config(struct net *n, const struct net_config *c)
{
	bool is_point;

	n->loop = c->loop;
	n->key = c->key;
	n->self = *secret_key_public(c->key);
	n->genesis = c->genesis;
	n->genesis_file = c->genesis_file;
	n->admit_strangers = c->admit_strangers;
	n->limits = c->limits;
	n->callbacks = c->callbacks;
	snprintf(n->version, sizeof(n->version), "%s", c->version);
	fill_limits(&n->limits);
	curve_secret_from_sign(n->curve_secret, c->key);
	is_point = curve_public_from_sign(n->curve_public, &n->self);
	assert(is_point);
	if (c->book_path)
		n->book_path = mem_copy(c->book_path, strlen(c->book_path) + 1);
	book_init(&n->book, &n->genesis, &n->self);
	arena_init(&n->arena, LIMIT_DECODE_BYTES);
}

static enum err start(struct net *n, const struct net_config *c,
		      struct err_text *why)
{
	struct book_entry *e;
	enum err result;

	n->context = zmq_ctx_new();
	zmq_ctx_set(n->context, ZMQ_MAX_SOCKETS, CONTEXT_SOCKETS);
	if (zap_start(&n->zap, n->context, n->admit_strangers,
		      n->limits.strangers_per_s) != ERR_OK)
		return err_set(why, ERR_IO,
			       "the handler of handshakes does not start");
	if (n->book_path)
		load_book(n);
	for (e = n->book.entries; e; e = e->hh.next) {
		uint8_t curve[CURVE_KEY_BYTES];

		if (!curve_public_from_sign(curve, &e->record.key))
			continue;
		if (e->configured_host[0])
			zap_know(n->zap, curve);
		if (e->banned_until_ms)
			zap_ban(n->zap, curve, e->banned_until_ms);
	}
	net_set_validators(n, c->validators, c->validator_count);
	result = c->listen ? socket_listen(n, c->listen, why) : ERR_OK;
	if (result == ERR_OK)
		result = make_own_address(n, c->advertise, why);
	if (result == ERR_OK)
		result = take_bootstrap(n, c, why);
	return result;
}

enum err net_new(struct net **out, const struct net_config *config,
		 struct err_text *why)
{
	struct net *n = mem_alloc(sizeof(*n));
	enum err e;

	raise_descriptor_limit();
	take_config(n, config);
	loop_join(n);
	ev_timer_init(&n->tick, on_tick, 0.05, 1.);
	n->tick.data = n;
	n->ticked_ms = clock_mono_ms();
	ev_timer_start(n->loop, &n->tick);
	e = start(n, config, why);
	if (e != ERR_OK) {
		net_free(&n);
		return e;
	}
	if (n->listen[0])
		log_info(NET, "listening on %s", n->listen);
	*out = n;
	return ERR_OK;
}

static void close_links(struct net *n)
{
	struct route *r, *next;
	struct dealer *d;

	for (d = n->dealers; d; d = d->next)
		dealer_close(d, "stopping");
	dealers_reap(n);
	HASH_ITER (hh, n->routes, r, next) {
		route_free(n, r, "stopping");
	}
	if (n->router_monitor.zmq)
		zmq_socket_monitor(n->router.zmq, NULL, 0);
	sock_leave(&n->router_monitor);
	sock_leave(&n->router);
}

static void free_peers(struct net *n)
{
	struct peer *p, *next;

	HASH_ITER (hh, n->peers, p, next) {
		peer_free(n, p);
	}
}

void net_free(struct net **net)
{
	struct net *n = *net;

	if (!n)
		return;
	memset(&n->callbacks, 0, sizeof(n->callbacks));
	ev_timer_stop(n->loop, &n->tick);
	loop_leave(n);
	close_links(n);
	zmq_ctx_shutdown(n->context);
	zap_stop(&n->zap);
	zmq_ctx_term(n->context);
	finish_save(n);
	if (n->book_path && n->book.changed) {
		start_save(n);
		finish_save(n);
	}
	free_peers(n);
	book_fini(&n->book);
	arena_fini(&n->arena);
	secret_wipe(n->curve_secret, sizeof(n->curve_secret));
	free(n->book_path);
	free(n);
	*net = NULL;
}

/* The rest of what others call. */

const char *net_listen_address(const struct net *net)
{
	return net->listen;
}

void net_set_height(struct net *net, uint64_t height)
{
	net->height = height;
}

static void set_validator(struct net *n, struct peer *p, bool validator)
{
	const struct book_entry *e;

	if (p->validator == validator)
		return;
	p->validator = validator;
	book_pin(&n->book, &p->key, validator);
	e = book_find(&n->book, &p->key);
	if (validator || (e && e->configured_host[0]))
		zap_know(n->zap, p->curve);
	else
		zap_forget(n->zap, p->curve);
}

static bool is_among(const struct public_key *key,
		     const struct public_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (public_key_equal(key, &keys[i]))
			return true;
	}
	return false;
}

void net_set_validators(struct net *net, const struct public_key *keys,
			size_t count)
{
	struct peer *p, *next;

	net->is_validator = is_among(&net->self, keys, count);
	HASH_ITER (hh, net->peers, p, next) {
		set_validator(net, p, is_among(&p->key, keys, count));
	}
	for (size_t i = 0; i < count; i++) {
		p = peer_get(net, &keys[i]);
		if (p)
			set_validator(net, p, true);
	}
}

enum err net_send(struct net *net, const struct public_key *peer,
		  enum net_class class_, uint8_t kind, const void *data,
		  size_t size)
{
	struct peer *p = peer_find(net, peer);
	struct net_frame *f;
	enum err e;

	if (size > LIMIT_MESSAGE_BYTES)
		return ERR_TOO_LARGE;
	if (!p || !p->up)
		return ERR_PEER_DOWN;
	f = frame_new(kind, data, size);
	e = peer_queue(net, p, class_, f);
	frame_release(&f);
	return e;
}

static size_t broadcast(struct net *n, bool only_validators,
			enum net_class class_, uint8_t kind, const void *data,
			size_t size)
{
	struct net_frame *f;
	struct peer *p;
	size_t count = 0;

	if (size > LIMIT_MESSAGE_BYTES)
		return 0;
	f = frame_new(kind, data, size);
	for (p = n->peers; p; p = p->hh.next) {
		if (p->up && (p->validator || !only_validators) &&
		    peer_queue(n, p, class_, f) == ERR_OK)
			count++;
	}
	frame_release(&f);
	return count;
}

size_t net_broadcast_validators(struct net *net, enum net_class class_,
				uint8_t kind, const void *data, size_t size)
{
	return broadcast(net, true, class_, kind, data, size);
}

size_t net_broadcast_peers(struct net *net, enum net_class class_, uint8_t kind,
			   const void *data, size_t size)
{
	return broadcast(net, false, class_, kind, data, size);
}

bool net_peer_is_up(const struct net *net, const struct public_key *peer)
{
	const struct peer *p = peer_find(net, peer);

	return p && p->up;
}

size_t net_queued_bytes(const struct net *net, const struct public_key *peer,
			enum net_class class_)
{
	const struct peer *p = peer_find(net, peer);

	return p ? p->outbox.queues[class_].bytes : 0;
}

enum err net_peer_add(struct net *net, const char *address,
		      struct err_text *why)
{
	struct public_key key;
	char text[NET_ADDRESS_BYTES];
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;
	struct peer *p;
	enum err e = net_address_parse(&key, text, address, why);

	if (e != ERR_OK)
		return e;
	e = address_split(host, &port, text);
	assert(e == ERR_OK);
	if (book_is_banned(&net->book, &key, clock_wall_ms()))
		return err_set(why, ERR_PEER_BANNED, "%.160s is banned",
			       address);
	p = peer_get(net, &key);
	if (!p)
		return err_set(
			why, ERR_PEER_ADDRESS,
			"%.160s is this node, or mirrors the key of a peer",
			address);
	book_configure(&net->book, &key, host, port);
	zap_know(net->zap, p->curve);
	if (p->dealer && p->dealer->link.state != LINK_UP)
		dealer_close(p->dealer, "the operator gave an address");
	return ERR_OK;
}

enum err net_peer_remove(struct net *net, const struct public_key *peer)
{
	struct peer *p = peer_find(net, peer);
	bool known = book_remove(&net->book, peer);

	if (!p && !known)
		return ERR_PEER_UNKNOWN;
	if (p && !p->validator)
		zap_forget(net->zap, p->curve);
	if (p)
		peer_disconnect(net, p, "removed by the operator");
	return ERR_OK;
}

enum err net_peer_ban(struct net *net, const struct public_key *peer,
		      uint64_t seconds)
{
	struct peer *p = peer_get(net, peer);
	uint64_t now = clock_wall_ms();
	uint64_t until = UINT64_MAX;

	if (!p)
		return ERR_PEER_UNKNOWN;
	if (seconds > 0 && seconds < (UINT64_MAX - now) / 1000)
		until = now + seconds * 1000;
	book_ban(&net->book, peer, until);
	zap_ban(net->zap, p->curve, until);
	peer_disconnect(net, p, "banned");
	return ERR_OK;
}

enum err net_peer_unban(struct net *net, const struct public_key *peer)
{
	const struct book_entry *e = book_find(&net->book, peer);
	uint8_t curve[CURVE_KEY_BYTES];

	if (!e || e->banned_until_ms == 0 ||
	    !curve_public_from_sign(curve, peer))
		return ERR_PEER_UNKNOWN;
	book_ban(&net->book, peer, 0);
	zap_ban(net->zap, curve, 0);
	return ERR_OK;
}

void net_peer_penalise(struct net *net, const struct public_key *peer,
		       uint32_t points, const char *why)
{
	struct peer *p = peer_find(net, peer);

	if (p)
		peer_penalise(net, p, points, why);
}

static void count_peers(const struct net *n, struct net_counters *out)
{
	const struct peer *p;

	for (p = n->peers; p; p = p->hh.next) {
		out->peers_up += p->up;
		out->validators_up += p->up && p->validator;
		out->peers_inbound += p->route != NULL;
		out->peers_outbound +=
			p->dealer && p->dealer->link.state == LINK_UP;
		for (int i = 0; i < NET_CLASSES; i++)
			out->queue_bytes[i] += p->outbox.queues[i].bytes;
	}
}

void net_counters(const struct net *net, struct net_counters *out)
{
	struct zap_counters zap;

	*out = net->counters;
	count_peers(net, out);
	zap_count(net->zap, &zap);
	out->handshakes_admitted = zap.admitted;
	out->handshakes_refused = zap.refused;
	out->handshakes_banned = zap.banned;
	out->book_entries = book_count(&net->book);
}
