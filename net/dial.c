#include "net/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define MONITORED                                                              \
	(ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |              \
	 ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |             \
	 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                                 \
	 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

static bool dealer_connect(struct dealer *d, const char *number)
{
	struct net *n = d->socket.net;
	char endpoint[NET_ADDRESS_BYTES];
	void *zmq, *monitor;

	snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", number,
		 (unsigned)d->port);
	zmq = socket_dealer(n->context, n->curve_secret, n->curve_public,
			    d->peer->curve);
	if (!zmq) {
		peer_error(d->peer, "no socket: %s", zmq_strerror(errno));
		return false;
	}
	sock_join(n, &d->socket, zmq, d, dealer_receive);
	monitor = socket_monitor(n, zmq, MONITORED);
	if (monitor)
		sock_join(n, &d->monitor, monitor, d, dealer_monitor_receive);
	if (!monitor || zmq_connect(zmq, endpoint) != 0) {
		peer_error(d->peer, "cannot dial %s: %s", endpoint,
			   zmq_strerror(errno));
		return false;
	}
	return true;
}

static void dealer_open(struct net *n, struct peer *p, struct book_entry *e)
{
	char number[RESOLVE_NUMBER_BYTES];
	struct dealer *d;

	d = mem_alloc(sizeof(*d));
	d->socket.net = n;
	d->peer = p;
	d->opened_ms = clock_mono_ms();
	e->tried_ms = d->opened_ms;
	book_address(e, d->host, &d->port);
	p->dealer = d;
	DL_APPEND(n->dealers, d);
	if (!resolve_number(number, d->host))
		d->lookup = lookup_start(d->host);
	else if (!dealer_connect(d, number))
		dealer_close(d, p->last_error);
}

static void dealer_tick_lookup(struct dealer *d)
{
	char number[RESOLVE_NUMBER_BYTES];

	if (!d->lookup || d->closing)
		return;
	switch (lookup_poll(d->lookup, number)) {
	case LOOKUP_PENDING:
		return;
	case LOOKUP_FOUND:
		if (!dealer_connect(d, number))
			dealer_close(d, d->peer->last_error);
		break;
	case LOOKUP_FAILED:
		peer_error(d->peer, "the name %s cannot be resolved", d->host);
		d->redial_ms = clock_mono_ms() + NET_REDIAL_MS;
		break;
	}
	lookup_drop(&d->lookup);
}

void dealer_close(struct dealer *d, const char *why)
{
	struct peer *p = d->peer;

	if (d->closing)
		return;
	d->closing = true;
	p->dealer = NULL;
	link_turn(d->socket.net, &d->link, p, LINK_LOST, why);
}

void dealers_reap(struct net *n)
{
	struct dealer *d, *next;

	DL_FOREACH_SAFE(n->dealers, d, next)
	{
		if (!d->closing)
			continue;
		if (d->monitor.zmq)
			zmq_socket_monitor(d->socket.zmq, NULL, 0);
		sock_leave(&d->monitor);
		sock_leave(&d->socket);
		lookup_drop(&d->lookup);
		DL_DELETE(n->dealers, d);
		free(d);
	}
}

void dealer_hurry(struct net *n, struct peer *p)
{
	const struct dealer *d = p->dealer;

	(void)n;
	if (d && d->link.state == LINK_DOWN &&
	    clock_mono_ms() > d->opened_ms + 2000)
		dealer_close(p->dealer, "the peer is alive: dialling again");
}

/* Whom to dial. */

static bool may_dial(const struct net *n, const struct book_entry *e)
{
	return e && (e->record.host[0] || e->configured_host[0]) &&
	       e->banned_until_ms <= clock_wall_ms() &&
	       !public_key_equal(&e->record.key, &n->self);
}

static void want(struct net *n, struct book_entry *e)
{
	struct peer *p = peer_get(n, &e->record.key);

	if (!p)
		return;
	p->wanted = true;
	if (!p->dealer)
		dealer_open(n, p, e);
}

/* One that has been down for long does not take the place of another. */
static bool is_promising(const struct peer *p)
{
	return p->dealer &&
	       (p->dealer->link.state == LINK_UP ||
		clock_mono_ms() < p->dealer->opened_ms + NET_REDIAL_MS);
}

static void want_validators(struct net *n)
{
	uint32_t left = n->is_validator ? UINT32_MAX : n->limits.validators_max;
	struct peer *p;

	/* First those that are dialled already, then others to fill up. */
	for (int pass = 0; pass < 2; pass++) {
		for (p = n->peers; p && left > 0; p = p->hh.next) {
			struct book_entry *e = book_find(&n->book, &p->key);

			if (!p->validator || (p->dealer != NULL) != !pass ||
			    p->wanted || !may_dial(n, e))
				continue;
			want(n, e);
			if (is_promising(p))
				left--;
		}
	}
}

static uint64_t backoff_ms(const struct book_entry *e)
{
	uint32_t doublings = e->failures < 6 ? e->failures : 6;

	return e->failures ? UINT64_C(30000) << doublings : 0;
}

static bool is_candidate(const struct net *n, const struct book_entry *e,
			 uint64_t now_ms)
{
	const struct peer *p = peer_find(n, &e->record.key);

	return may_dial(n, e) && !e->pinned && !e->configured_host[0] &&
	       (!p || (!p->dealer && !p->route)) &&
	       now_ms >= e->tried_ms + backoff_ms(e);
}

/* One more of those that are neither validators nor configured. */
static void want_another(struct net *n, uint64_t now_ms)
{
	struct book_entry *chosen = NULL;
	struct book_entry *e;
	uint32_t seen = 0;

	for (e = n->book.entries; e; e = e->hh.next) {
		uint32_t dice;

		if (!is_candidate(n, e, now_ms))
			continue;
		random_bytes(&dice, sizeof(dice));
		if (dice % ++seen == 0)
			chosen = e;
	}
	if (chosen)
		want(n, chosen);
}

static void want_others(struct net *n, uint64_t now_ms)
{
	uint32_t count = 0;
	struct dealer *d;

	DL_FOREACH (n->dealers, d) {
		const struct book_entry *e = book_find(&n->book, &d->peer->key);

		if (d->closing || d->peer->wanted || !may_dial(n, e))
			continue;
		if (d->link.state != LINK_UP &&
		    now_ms > d->opened_ms + NET_REDIAL_MS)
			continue;
		d->peer->wanted = count++ < n->limits.outbound_max;
	}
	if (count < n->limits.outbound_max)
		want_another(n, now_ms);
}

/* In vain for long: the other address, or the name again. A number that is
 * all we have is left to libzmq, which tries again by itself. */
static bool should_redial(struct net *n, const struct dealer *d,
			  uint64_t now_ms)
{
	struct book_entry *e = book_find(&n->book, &d->peer->key);
	char number[RESOLVE_NUMBER_BYTES];
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;

	if (d->redial_ms)
		return now_ms >= d->redial_ms;
	if (d->link.state != LINK_DOWN || d->lookup || !e ||
	    now_ms < d->opened_ms + NET_REDIAL_MS)
		return false;
	e->failures++;
	if (!book_address(e, host, &port))
		return true;
	return port != d->port || strcmp(host, d->host) != 0 ||
	       !resolve_number(number, host);
}

void dial_tick(struct net *n, uint64_t now_ms)
{
	struct dealer *d;
	struct book_entry *e;
	struct peer *p;

	DL_FOREACH (n->dealers, d) {
		dealer_tick_lookup(d);
		if (!d->closing && should_redial(n, d, now_ms))
			dealer_close(d, "dialling again");
	}
	for (p = n->peers; p; p = p->hh.next)
		p->wanted = false;
	for (e = n->book.entries; e; e = e->hh.next) {
		if (e->configured_host[0] && may_dial(n, e))
			want(n, e);
	}
	want_validators(n);
	want_others(n, now_ms);
	DL_FOREACH (n->dealers, d) {
		if (!d->closing && !d->peer->wanted)
			dealer_close(d, "not needed");
	}
}

/* Who tells whom about whom. */

static void gossip_later(struct net *n, const struct public_key *key)
{
	if (n->gossip_count < NET_GOSSIP_MAX)
		n->gossip[n->gossip_count++] = *key;
}

void gossip_learn(struct net *n, const struct wire_address *w,
		  const struct public_key *source)
{
	const struct peer *known = peer_find(n, &w->key);
	struct address_record record;

	if (w->host.size == 0)
		return;
	if (!n->admit_strangers && !(known && known->validator) &&
	    !book_find(&n->book, &w->key))
		return;
	if (address_from_wire(&record, w) != ERR_OK) {
		n->counters.addresses_refused++;
		return;
	}
	switch (book_learn(&n->book, &record, source, clock_wall_ms())) {
	case BOOK_NEWER:
		n->counters.addresses_learnt++;
		gossip_later(n, &record.key);
		break;
	case BOOK_NOTHING:
		break;
	case BOOK_REFUSED:
		n->counters.addresses_refused++;
		break;
	}
}

void gossip_on_addresses(struct net *n, struct peer *p, struct bytes body)
{
	struct wire_addresses m;

	if (wire_decode_addresses(&m, &n->arena, body, NULL) != ERR_OK) {
		n->counters.malformed++;
		peer_penalise(n, p, 20, "addresses that are none");
		return;
	}
	for (size_t i = 0; i < m.count; i++) {
		if (!bucket_take(&p->addresses, clock_mono_ms(), 1, 4, 128))
			return;
		gossip_learn(n, &m.addresses[i], &p->key);
	}
}

struct selection {
	struct wire_address list[WIRE_ADDRESSES_MAX];
	size_t count;
};

static void select_entry(struct selection *s, const struct book_entry *e)
{
	if (s->count < WIRE_ADDRESSES_MAX && e && e->record.host[0] &&
	    e->banned_until_ms == 0)
		address_to_wire(&s->list[s->count++], &e->record);
}

static void send_selection(struct net *n, const struct selection *s,
			   struct peer *only)
{
	const struct wire_addresses m = {s->list, s->count};
	struct arena arena;
	struct net_frame *f;
	struct bytes body;
	struct peer *p;

	if (s->count == 0)
		return;
	arena_init(&arena, LIMIT_DECODE_BYTES);
	body = wire_encode_addresses(&arena, &m);
	f = frame_new(WIRE_ADDRESSES, body.data, body.size);
	arena_fini(&arena);
	for (p = n->peers; p; p = p->hh.next) {
		if (p->up && (!only || p == only) &&
		    peer_queue(n, p, NET_CONTROL, f) != ERR_OK)
			log_debug(NET, "addresses not sent: the queue is full");
	}
	frame_release(&f);
}

/* Validators first: they are what a newcomer needs most. */
void gossip_send_sample(struct net *n, struct peer *p)
{
	struct selection s = {.count = 0};
	const struct book_entry *e;
	uint32_t skip = 0;

	for (e = n->book.entries; e; e = e->hh.next) {
		if (e->pinned)
			select_entry(&s, e);
	}
	if (book_count(&n->book) > WIRE_ADDRESSES_MAX) {
		random_bytes(&skip, sizeof(skip));
		skip %= book_count(&n->book) - WIRE_ADDRESSES_MAX;
	}
	for (e = n->book.entries; e; e = e->hh.next) {
		if (skip > 0)
			skip--;
		else if (!e->pinned)
			select_entry(&s, e);
	}
	send_selection(n, &s, p);
}

void gossip_tick(struct net *n)
{
	struct selection s = {.count = 0};

	while (n->gossip_count > 0 && s.count < WIRE_ADDRESSES_MAX)
		select_entry(
			&s, book_find(&n->book, &n->gossip[--n->gossip_count]));
	send_selection(n, &s, NULL);
}
