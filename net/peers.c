#include "net/internal.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct peer *peer_find(const struct net *n, const struct public_key *key)
{
	struct peer *p;

	HASH_FIND(hh, n->peers, key->b, PUBLIC_KEY_BYTES, p);
	return p;
}

struct peer *peer_find_user(const struct net *n, const char *user_id)
{
	struct peer *p;

	HASH_FIND(by_user, n->peers_by_user, user_id, strlen(user_id), p);
	return p;
}

struct peer *peer_get(struct net *n, const struct public_key *key)
{
	struct peer *p = peer_find(n, key);
	uint8_t curve[CURVE_KEY_BYTES];
	char user_id[ZAP_USER_ID_BYTES];

	if (p)
		return p;
	if (public_key_equal(key, &n->self) ||
	    !curve_public_from_sign(curve, key))
		return NULL;
	hex_encode(user_id, curve, sizeof(curve));
	if (peer_find_user(n, user_id))
		return NULL;
	p = mem_alloc(sizeof(*p));
	p->key = *key;
	memcpy(p->curve, curve, sizeof(curve));
	memcpy(p->user_id, user_id, sizeof(user_id));
	outbox_init(&p->outbox, n->limits.queue_bytes);
	HASH_ADD(hh, n->peers, key, PUBLIC_KEY_BYTES, p);
	HASH_ADD(by_user, n->peers_by_user, user_id, ZAP_USER_ID_LENGTH, p);
	return p;
}

void peer_clear_outbox(struct net *n, struct peer *p)
{
	if (!p->waiting)
		return;
	n->queue_bytes -= p->outbox.bytes;
	outbox_clear(&p->outbox);
	DL_DELETE(n->waiting, p);
	p->waiting = false;
}

void peer_free(struct net *n, struct peer *p)
{
	peer_clear_outbox(n, p);
	HASH_DELETE(hh, n->peers, p);
	HASH_DELETE(by_user, n->peers_by_user, p);
	free(p);
}

void peer_error(struct peer *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->last_error, sizeof(p->last_error), format, args);
	va_end(args);
}

void peer_update(struct net *n, struct peer *p, bool accepted)
{
	bool up = peer_sock(n, p) != NULL;
	bool was_up = p->up;
	char key[KEY_SHORT_BYTES];

	p->up = up;
	if (up && !was_up) {
		p->connected_ms = clock_wall_ms();
		p->last_error[0] = '\0';
		log_info(NET, "%s %s is up (version %s, height %llu)",
			 p->validator ? "validator" : "peer",
			 key_short(key, &p->key), p->version,
			 (unsigned long long)p->height);
		gossip_send_sample(n, p);
	}
	if (up && !was_up && n->callbacks.on_peer_up)
		n->callbacks.on_peer_up(n->callbacks.context, &p->key);
	if (up && was_up && accepted && n->callbacks.on_peer_again)
		n->callbacks.on_peer_again(n->callbacks.context, &p->key);
	if (up || !was_up)
		return;
	p->connected_ms = 0;
	p->latency_us = 0;
	peer_clear_outbox(n, p);
	log_info(NET, "%s %s is down%s%s", p->validator ? "validator" : "peer",
		 key_short(key, &p->key), p->last_error[0] ? ": " : "",
		 p->last_error);
	if (n->callbacks.on_peer_down)
		n->callbacks.on_peer_down(n->callbacks.context, &p->key);
}

static bool has_room(const struct net *n, enum net_class class_, size_t cost)
{
	return class_ == NET_CONSENSUS ||
	       n->queue_bytes + cost <= n->limits.queue_bytes_total;
}

enum err peer_queue(struct net *n, struct peer *p, enum net_class class_,
		    struct net_frame *f)
{
	struct sock *s = peer_sock(n, p);
	size_t before = p->outbox.bytes;
	size_t dropped = 0;

	if (!s)
		return ERR_PEER_DOWN;
	if (!has_room(n, class_, frame_cost(f)) ||
	    outbox_put(&p->outbox, class_, f, &dropped) == OUTBOX_REFUSED) {
		n->counters.refused[class_]++;
		p->dropped++;
		return ERR_BUSY;
	}
	n->counters.dropped[class_] += dropped;
	p->dropped += dropped;
	n->queue_bytes = n->queue_bytes + p->outbox.bytes - before;
	if (!p->waiting)
		DL_APPEND(n->waiting, p);
	p->waiting = true;
	s->look = true;
	return ERR_OK;
}

void peer_disconnect(struct net *n, struct peer *p, const char *why)
{
	peer_error(p, "%s", why);
	if (p->route)
		route_free(n, p->route, why);
	if (p->dealer)
		dealer_close(p->dealer, why);
}

/* One that consensus needs is not shut out, but its messages are not worked
 * on for a moment. */
static void mute(struct peer *p, uint64_t now_ms)
{
	char key[KEY_SHORT_BYTES];

	if (now_ms > p->muted_until_ms + 60u * NET_MUTE_MS)
		log_warn(NET, "validator %s is not heard for %u ms: %s",
			 key_short(key, &p->key), NET_MUTE_MS, p->last_error);
	p->muted_until_ms = now_ms + NET_MUTE_MS;
}

void peer_penalise(struct net *n, struct peer *p, uint32_t points,
		   const char *why)
{
	uint64_t now = clock_mono_ms();
	char key[KEY_SHORT_BYTES];

	if (strcmp(p->last_error, why) != 0)
		log_warn(NET, "peer %s: %s", key_short(key, &p->key), why);
	peer_error(p, "%s", why);
	if (now > p->penalty_ms + NET_HOUR_MS) {
		p->penalty = 0;
		p->penalty_ms = now;
	}
	if (p->penalty < NET_PENALTY_LIMIT)
		p->penalty +=
			points < NET_PENALTY_LIMIT ? points : NET_PENALTY_LIMIT;
	if (p->penalty < NET_PENALTY_LIMIT)
		return;
	p->penalty = 0;
	if (p->validator) {
		mute(p, now);
		return;
	}
	log_warn(NET, "peer %s is banned for an hour: %s",
		 key_short(key, &p->key), why);
	if (net_peer_ban(n, &p->key, NET_HOUR_MS / 1000) != ERR_OK)
		log_error(NET, "the ban of %s failed", key);
}

/* Forget peers that nothing holds; lift bans that are over. */
void peers_tick(struct net *n)
{
	struct peer *p, *next;
	struct book_entry *e, *next_entry;
	uint64_t now = clock_wall_ms();

	HASH_ITER (hh, n->peers, p, next) {
		const struct book_entry *known = book_find(&n->book, &p->key);

		if (!p->validator && !p->dealer && !p->route &&
		    (!known || !known->configured_host[0]))
			peer_free(n, p);
	}
	HASH_ITER (hh, n->book.entries, e, next_entry) {
		if (e->banned_until_ms > 0 && e->banned_until_ms <= now)
			book_ban(&n->book, &e->record.key, 0);
	}
}

const char *net_peer_state_name(enum net_peer_state state)
{
	switch (state) {
	case NET_PEER_KNOWN:
		return "known";
	case NET_PEER_CONNECTING:
		return "connecting";
	case NET_PEER_UP:
		return "up";
	case NET_PEER_REFUSED:
		return "refused";
	case NET_PEER_BANNED:
		return "banned";
	}
	return "known";
}

static void describe_peer(const struct peer *p, struct net_peer_info *out)
{
	out->validator = p->validator;
	out->outbound = p->dealer && p->dealer->link.state == LINK_UP;
	out->inbound = p->route != NULL;
	memcpy(out->version, p->version, sizeof(out->version));
	out->height = p->height;
	out->latency_us = p->latency_us;
	out->connected_ms = p->connected_ms;
	out->messages_in = p->messages_in;
	out->messages_out = p->messages_out;
	out->bytes_in = p->bytes_in;
	out->bytes_out = p->bytes_out;
	out->dropped = p->dropped;
	for (int i = 0; i < NET_CLASSES; i++)
		out->queue_bytes[i] = p->outbox.queues[i].bytes;
	memcpy(out->last_error, p->last_error, sizeof(out->last_error));
	if (p->dealer && p->dealer->link.state == LINK_REFUSED)
		out->state = NET_PEER_REFUSED;
	else if (p->dealer)
		out->state = NET_PEER_CONNECTING;
	if (p->up)
		out->state = NET_PEER_UP;
}

static void describe_entry(const struct book_entry *e,
			   struct net_peer_info *out)
{
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;

	out->banned_until_ms = e->banned_until_ms;
	if (e->banned_until_ms > clock_wall_ms())
		out->state = NET_PEER_BANNED;
	if (book_address(e, host, &port))
		address_join(out->address, host, port);
}

static void describe(const struct net *n, const struct public_key *key,
		     struct net_peer_info *out)
{
	const struct peer *p = peer_find(n, key);
	const struct book_entry *e = book_find(&n->book, key);

	memset(out, 0, sizeof(*out));
	out->key = *key;
	if (p)
		describe_peer(p, out);
	if (e)
		describe_entry(e, out);
}

size_t net_peers(const struct net *net, struct net_peer_info *out,
		 size_t capacity)
{
	const struct peer *p;
	const struct book_entry *e;
	size_t count = 0;

	for (int up = 1; up >= 0; up--) {
		for (p = net->peers; p; p = p->hh.next) {
			if (p->up != (up == 1))
				continue;
			if (count < capacity)
				describe(net, &p->key, &out[count]);
			count++;
		}
	}
	for (e = net->book.entries; e; e = e->hh.next) {
		if (peer_find(net, &e->record.key))
			continue;
		if (count < capacity)
			describe(net, &e->record.key, &out[count]);
		count++;
	}
	return count;
}
