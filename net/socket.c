#include "net/internal.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

/* Hidden behind the draft switch in zmq.h, honoured by the library. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

/* CURVE wraps a frame in at most this much. */
#define CURVE_OVERHEAD 64

/* Small, so that a vote waits behind few messages already handed over. */
#define SOCKET_HWM	  16
#define SOCKET_SEND_BYTES (512 * 1024)

bool socket_set(void *zmq, int option, int value)
{
	return zmq_setsockopt(zmq, option, &value, sizeof(value)) == 0;
}

/* The library's own heartbeats stay off: with a connection that has ended while
 * its messages wait for us, their timer ends the process (libzmq 4.3.4, "assert
 * !_io_error"). Our pings tell whether a node lives, TCP whether its machine
 * does. */
static bool set_common(void *zmq)
{
	int64_t most = (int64_t)LIMIT_MESSAGE_BYTES + 1 + CURVE_OVERHEAD;

	return socket_set(zmq, ZMQ_LINGER, 0) &&
	       socket_set(zmq, ZMQ_SNDHWM, SOCKET_HWM) &&
	       socket_set(zmq, ZMQ_RCVHWM, SOCKET_HWM) &&
	       socket_set(zmq, ZMQ_SNDBUF, SOCKET_SEND_BYTES) &&
	       socket_set(zmq, ZMQ_HANDSHAKE_IVL, 5000) &&
	       socket_set(zmq, ZMQ_TCP_KEEPALIVE, 1) &&
	       socket_set(zmq, ZMQ_TCP_KEEPALIVE_IDLE, NET_PING_MS / 1000) &&
	       socket_set(zmq, ZMQ_TCP_KEEPALIVE_INTVL, NET_PING_MS / 1000) &&
	       socket_set(zmq, ZMQ_TCP_KEEPALIVE_CNT, 2) &&
	       socket_set(zmq, ZMQ_TCP_MAXRT, NET_SILENCE_MS) &&
	       zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &most, sizeof(most)) == 0;
}

static bool set_dealer(void *zmq, const uint8_t *secret, const uint8_t *public_,
		       const uint8_t *server)
{
	return set_common(zmq) && socket_set(zmq, ZMQ_IMMEDIATE, 1) &&
	       socket_set(zmq, ZMQ_IPV6, 1) &&
	       socket_set(zmq, ZMQ_RECONNECT_IVL, 250) &&
	       socket_set(zmq, ZMQ_RECONNECT_IVL_MAX, 30000) &&
	       socket_set(zmq, ZMQ_CONNECT_TIMEOUT, 5000) &&
	       zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, secret,
			      CURVE_KEY_BYTES) == 0 &&
	       zmq_setsockopt(zmq, ZMQ_CURVE_PUBLICKEY, public_,
			      CURVE_KEY_BYTES) == 0 &&
	       zmq_setsockopt(zmq, ZMQ_CURVE_SERVERKEY, server,
			      CURVE_KEY_BYTES) == 0;
}

void *socket_dealer(void *context, const uint8_t secret[CURVE_KEY_BYTES],
		    const uint8_t public_[CURVE_KEY_BYTES],
		    const uint8_t server[CURVE_KEY_BYTES])
{
	void *zmq = zmq_socket(context, ZMQ_DEALER);

	if (zmq && !set_dealer(zmq, secret, public_, server)) {
		int saved = errno;

		zmq_close(zmq);
		errno = saved;
		return NULL;
	}
	return zmq;
}

/* ROUTER_HANDOVER stays off: ids are claimed, not proven. */
static bool set_router(const struct net *n, void *zmq, const char *host)
{
	return set_common(zmq) && socket_set(zmq, ZMQ_ROUTER_MANDATORY, 1) &&
	       socket_set(zmq, ZMQ_IPV6, strchr(host, ':') != NULL) &&
	       socket_set(zmq, ZMQ_BACKLOG, 1024) &&
	       socket_set(zmq, ZMQ_CURVE_SERVER, 1) &&
	       zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, n->curve_secret,
			      CURVE_KEY_BYTES) == 0 &&
	       zmq_setsockopt(zmq, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN,
			      strlen(ZAP_DOMAIN)) == 0 &&
	       socket_set(zmq, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
}

static bool bind_router(struct net *n, void *zmq, const char *address)
{
	char endpoint[NET_ADDRESS_BYTES + 8];
	size_t size = sizeof(endpoint);

	snprintf(endpoint, sizeof(endpoint), "tcp://%s", address);
	if (zmq_bind(zmq, endpoint) != 0 ||
	    zmq_getsockopt(zmq, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
		return false;
	snprintf(n->listen, sizeof(n->listen), "%.*s",
		 (int)sizeof(n->listen) - 1, endpoint + strlen("tcp://"));
	return true;
}

enum err socket_listen(struct net *n, const char *address, struct err_text *why)
{
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;
	void *zmq, *monitor;

	if (address_split(host, &port, address) != ERR_OK)
		return err_set(why, ERR_PEER_ADDRESS,
			       "listen %.100s: not host:port", address);
	zmq = zmq_socket(n->context, ZMQ_ROUTER);
	if (!zmq)
		return err_set(why, ERR_IO, "no socket: %s",
			       zmq_strerror(errno));
	sock_join(n, &n->router, zmq, NULL, router_receive);
	monitor = socket_monitor(n, zmq, ZMQ_EVENT_ACCEPT_FAILED);
	if (monitor)
		sock_join(n, &n->router_monitor, monitor, NULL,
			  router_monitor_receive);
	if (!monitor || !set_router(n, zmq, host) ||
	    !bind_router(n, zmq, address))
		return err_set(why, ERR_IO, "cannot listen on %.100s: %s",
			       address, zmq_strerror(errno));
	return ERR_OK;
}

/* Without a bound on the reader's queue the library's thread never waits for
 * us; what it holds is small and read every turn. */
void *socket_monitor(struct net *n, void *zmq, int events)
{
	char endpoint[64];
	void *pair = zmq_socket(n->context, ZMQ_PAIR);

	if (!pair)
		return NULL;
	snprintf(endpoint, sizeof(endpoint), "inproc://monitor-%p", zmq);
	if (!socket_set(pair, ZMQ_LINGER, 0) ||
	    !socket_set(pair, ZMQ_RCVHWM, 0) ||
	    zmq_socket_monitor(zmq, endpoint, events) != 0 ||
	    zmq_connect(pair, endpoint) != 0) {
		int saved = errno;

		zmq_socket_monitor(zmq, NULL, 0);
		zmq_close(pair);
		errno = saved;
		return NULL;
	}
	return pair;
}

bool socket_monitor_read(void *monitor, int *event, int *value)
{
	uint8_t frame[6];
	uint16_t event16;
	char endpoint[1];

	if (zmq_recv(monitor, frame, sizeof(frame), ZMQ_DONTWAIT) !=
	    (int)sizeof(frame))
		return false;
	zmq_recv(monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT);
	memcpy(&event16, frame, sizeof(event16));
	memcpy(value, frame + sizeof(event16), 4);
	*event = event16;
	return true;
}

/* ZMQ_FD is edge-triggered, and any call on the socket may eat the edge. So
 * the watcher only leaves a mark, every use leaves one too, and `prepare`
 * reads ZMQ_EVENTS of all marked sockets before the loop may sleep. */

static void on_descriptor(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sock *s = w->data;

	(void)loop;
	(void)revents;
	s->look = true;
}

void sock_join(struct net *n, struct sock *s, void *zmq, void *owner,
	       void (*receive)(struct sock *s))
{
	int fd;
	size_t size = sizeof(fd);
	int failed = zmq_getsockopt(zmq, ZMQ_FD, &fd, &size);

	assert(!failed);
	s->net = n;
	s->zmq = zmq;
	s->owner = owner;
	s->receive = receive;
	s->look = true;
	ev_io_init(&s->io, on_descriptor, fd, EV_READ);
	ev_set_priority(&s->io, EV_MAXPRI); /* before on_check */
	s->io.data = s;
	ev_io_start(n->loop, &s->io);
	DL_APPEND(n->socks, s);
}

void sock_leave(struct sock *s)
{
	if (!s->zmq)
		return;
	ev_io_stop(s->net->loop, &s->io);
	DL_DELETE(s->net->socks, s);
	zmq_close(s->zmq);
	s->zmq = NULL;
}

static int events_of(const struct sock *s)
{
	int events = 0;
	size_t size = sizeof(events);

	zmq_getsockopt(s->zmq, ZMQ_EVENTS, &events, &size);
	return events;
}

/* Has it something to do that needs another turn? Only a DEALER is asked
 * whether it can be written to: a ROUTER says yes while any peer can. */
static bool is_ready(const struct net *n, const struct sock *s)
{
	int events = events_of(s);
	const struct dealer *d = s->owner;

	if (events & ZMQ_POLLIN)
		return true;
	return (events & ZMQ_POLLOUT) && d && s == &d->socket &&
	       d->link.state == LINK_UP && !outbox_empty(&d->peer->outbox) &&
	       peer_sock((struct net *)n, d->peer) == s;
}

static void flush_waiting(struct net *n)
{
	struct peer *p, *next;

	DL_FOREACH_SAFE(n->waiting, p, next)
	{
		const struct sock *s = peer_sock(n, p);

		if (s && s->look)
			peer_flush(n, p);
	}
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct net *n = w->data;
	struct sock *s;
	bool ready = false;

	(void)revents;
	dealers_reap(n);
	flush_waiting(n);
	DL_FOREACH (n->socks, s) {
		if (s->look)
			s->look = is_ready(n, s);
		ready = ready || s->look;
	}
	if (ready)
		ev_idle_start(loop, &n->idle);
}

bool turn_is_over(const struct net *n)
{
	return clock_mono_us() >= n->turn_ends_us;
}

static void on_check(struct ev_loop *loop, ev_check *w, int revents)
{
	struct net *n = w->data;
	struct sock *s = NULL;
	const struct sock *last = n->socks ? n->socks->prev : NULL;

	(void)revents;
	ev_idle_stop(loop, &n->idle);
	n->turn_ends_us = clock_mono_us() + NET_TURN_US;
	/* Who is not reached in this turn is first in the next. */
	while (s != last && !turn_is_over(n)) {
		s = n->socks;
		DL_DELETE(n->socks, s);
		DL_APPEND(n->socks, s);
		if (s->look && (events_of(s) & ZMQ_POLLIN))
			s->receive(s);
	}
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct net *n = w->data;

	(void)loop;
	(void)revents;
	n->router.look = true;
}

void loop_join(struct net *n)
{
	ev_prepare_init(&n->prepare, on_prepare);
	ev_check_init(&n->check, on_check);
	ev_idle_init(&n->idle, on_idle);
	ev_timer_init(&n->retry, on_retry, 0.002, 0.);
	n->prepare.data = n->check.data = n->idle.data = n->retry.data = n;
	ev_prepare_start(n->loop, &n->prepare);
	ev_check_start(n->loop, &n->check);
}

void loop_leave(struct net *n)
{
	ev_prepare_stop(n->loop, &n->prepare);
	ev_check_stop(n->loop, &n->check);
	ev_idle_stop(n->loop, &n->idle);
	ev_timer_stop(n->loop, &n->retry);
}
