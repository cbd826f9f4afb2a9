#include "net_fixture.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void on_message(void *context, const struct public_key *peer,
		       uint8_t kind, struct bytes body)
{
	struct host *h = context;

	if (h->received < sizeof(h->kinds))
		h->kinds[h->received] = kind;
	h->received++;
	h->received_bytes += body.size;
	h->last_kind = kind;
	h->last_peer = *peer;
	if (h->hook)
		h->hook(h, peer, kind, body);
}

static void on_up(void *context, const struct public_key *peer)
{
	struct host *h = context;

	(void)peer;
	h->ups++;
}

static void on_again(void *context, const struct public_key *peer)
{
	struct host *h = context;

	(void)peer;
	h->agains++;
}

static void on_down(void *context, const struct public_key *peer)
{
	struct host *h = context;

	(void)peer;
	h->downs++;
}

void bench_init(struct bench *b, size_t count)
{
	memset(b, 0, sizeof(*b));
	b->loop = ev_loop_new(EVFLAG_AUTO);
	b->count = count;
	for (size_t i = 0; i < count; i++) {
		uint8_t seed[SEED_BYTES] = {(uint8_t)(i + 1), 7};

		b->hosts[i].loop = b->loop;
		b->hosts[i].key = secret_key_from_seed(seed);
		b->keys[i] = *secret_key_public(b->hosts[i].key);
	}
}

void bench_fini(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++) {
		host_stop(&b->hosts[i]);
		secret_key_free(&b->hosts[i].key);
	}
	ev_loop_destroy(b->loop);
}

struct net_config bench_config(struct bench *b, size_t index)
{
	struct net_config c = {
		.loop = b->loop,
		.key = b->hosts[index].key,
		.version = "1.2.3",
		.listen = "127.0.0.1:0",
		.validators = b->keys,
		.validator_count = b->count,
		.admit_strangers = true,
	};

	memset(c.genesis.b, 0x5a, HASH_BYTES);
	c.callbacks.context = &b->hosts[index];
	c.callbacks.on_message = on_message;
	c.callbacks.on_peer_up = on_up;
	c.callbacks.on_peer_again = on_again;
	c.callbacks.on_peer_down = on_down;
	return c;
}

void host_start(struct bench *b, size_t index, struct net_config *config)
{
	struct host *h = &b->hosts[index];
	struct err_text why = {""};
	enum err e = net_new(&h->net, config, &why);

	if (e != ERR_OK)
		fail_msg("host %zu does not start: %s", index, why.text);
	snprintf(h->listen, sizeof(h->listen), "%s",
		 net_listen_address(h->net));
}

void bench_start(struct bench *b, size_t index)
{
	struct net_config c = bench_config(b, index);
	const char *bootstrap[HOSTS_MAX];

	for (size_t i = 0; i < b->count; i++) {
		if (b->hosts[i].net)
			bootstrap[c.bootstrap_count++] = host_address(b, i);
	}
	c.bootstrap = bootstrap;
	host_start(b, index, &c);
}

void host_stop(struct host *h)
{
	net_free(&h->net);
}

const char *host_address(struct bench *b, size_t index)
{
	static char texts[HOSTS_MAX]
			 [2 * PUBLIC_KEY_BYTES + NET_ADDRESS_BYTES + 2];
	char *text = texts[index];

	hex_encode(text, b->keys[index].b, PUBLIC_KEY_BYTES);
	snprintf(text + (size_t)2 * PUBLIC_KEY_BYTES, NET_ADDRESS_BYTES + 1,
		 "@%s", b->hosts[index].listen);
	return text;
}

static void on_alarm(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

bool bench_run(struct bench *b, bool (*done)(struct bench *b, void *context),
	       void *context, unsigned timeout_ms)
{
	uint64_t end = clock_mono_ms() + timeout_ms;
	ev_timer alarm;
	bool is_done;

	/* So that no turn sleeps past the deadline. */
	ev_timer_init(&alarm, on_alarm, timeout_ms / 1000., 0.);
	ev_timer_start(b->loop, &alarm);
	while (!(is_done = done(b, context)) && clock_mono_ms() < end)
		ev_run(b->loop, EVRUN_ONCE);
	ev_timer_stop(b->loop, &alarm);
	return is_done;
}

static bool never(struct bench *b, void *context)
{
	(void)b;
	(void)context;
	return false;
}

void bench_sleep(struct bench *b, unsigned ms)
{
	bench_run(b, never, NULL, ms);
}

struct pair {
	size_t one, other;
};

static bool see_each_other(struct bench *b, void *context)
{
	const struct pair *p = context;

	return net_peer_is_up(b->hosts[p->one].net, &b->keys[p->other]) &&
	       net_peer_is_up(b->hosts[p->other].net, &b->keys[p->one]);
}

bool bench_connect(struct bench *b, size_t one, size_t other,
		   unsigned timeout_ms)
{
	struct pair p = {one, other};

	return bench_run(b, see_each_other, &p, timeout_ms);
}

bool bench_info(struct bench *b, size_t of, const struct public_key *key,
		struct net_peer_info *out)
{
	struct net_peer_info *list;
	size_t count = net_peers(b->hosts[of].net, NULL, 0);
	bool found = false;

	list = mem_alloc(count * sizeof(*list));
	count = net_peers(b->hosts[of].net, list, count);
	for (size_t i = 0; i < count && !found; i++) {
		found = public_key_equal(&list[i].key, key);
		if (found)
			*out = list[i];
	}
	free(list);
	return found;
}
