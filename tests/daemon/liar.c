/* A validator that tells every peer of blocks it does not have.
 *
 * usage: liar DATA-FOLDER GENESIS-HASH HEIGHT PUBKEY@HOST:PORT...
 *
 * It speaks with the key of a stopped node, proves it like any node, and
 * claims HEIGHT ten times a second until it is ended. It answers nothing. */
#include "base/arena.h"
#include "base/hex.h"
#include "crypto/keystore.h"
#include "net/net.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX 16

struct liar {
	struct net *net;
	uint64_t height;
};

static void on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	const struct liar *l = w->data;
	const struct wire_tip tip = {.height = l->height, .view = l->height};
	struct arena arena;
	struct bytes body;

	(void)loop;
	(void)events;
	arena_init(&arena, wire_arena_limit(0));
	body = wire_encode_tip(&arena, &tip);
	net_broadcast_peers(l->net, wire_kind_class(WIRE_TIP), WIRE_TIP,
			    body.data, body.size);
	arena_fini(&arena);
}

static void on_up(void *context, const struct public_key *peer)
{
	(void)context;
	(void)peer;
	printf("up\n");
	fflush(stdout);
}

static enum err start(struct liar *l, struct net_config *config, char **words,
		      int count, struct err_text *text)
{
	static struct public_key keys[PEERS_MAX];
	char address[NET_ADDRESS_BYTES];
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < count; i++)
		e = net_address_parse(&keys[i], address, words[i], text);
	config->bootstrap = (const char *const *)words;
	config->bootstrap_count = (size_t)count;
	config->validators = keys;
	config->validator_count = (size_t)count;
	if (e == ERR_OK)
		e = net_new(&l->net, config, text);
	if (e == ERR_OK)
		net_set_height(l->net, l->height);
	return e;
}

int main(int argc, char **argv)
{
	struct ev_loop *loop = ev_default_loop(0);
	struct net_config config = {.loop = loop, .version = "0.0.0"};
	struct err_text text = {""};
	struct secret_key *key = NULL;
	struct liar l = {NULL, 0};
	char folder[4096];
	ev_timer tick;
	enum err e;

	if (argc < 5 || argc - 4 > PEERS_MAX ||
	    !hex_decode(config.genesis.b, HASH_BYTES, argv[2],
			strlen(argv[2]))) {
		fprintf(stderr, "usage: liar DATA-FOLDER GENESIS-HASH HEIGHT "
				"PUBKEY@HOST:PORT...\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "%s/keys", argv[1]);
	l.height = strtoull(argv[3], NULL, 10);
	e = crypto_init();
	if (e == ERR_OK)
		e = keystore_open(&key, folder, "node", NULL, &text);
	config.key = key;
	config.callbacks.on_peer_up = on_up;
	if (e == ERR_OK)
		e = start(&l, &config, argv + 4, argc - 4, &text);
	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", error_name(e), text.text);
		return 1;
	}
	ev_timer_init(&tick, on_tick, 0., 0.1);
	tick.data = &l;
	ev_timer_start(loop, &tick);
	ev_run(loop, 0);
	return 0;
}
