/* Several nodes' transports in one process, over loopback, with real sockets
 * and real CURVE, on one loop. */
#ifndef BCAI_TESTS_NET_FIXTURE_H
#define BCAI_TESTS_NET_FIXTURE_H

#include "net/net.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#define HOSTS_MAX 8

struct host {
	struct ev_loop *loop;
	struct secret_key *key;
	struct net *net; /* NULL: stopped */
	char listen[NET_ADDRESS_BYTES];
	/* What came in. */
	uint64_t received;
	uint64_t received_bytes;
	uint64_t ups, agains, downs;
	uint8_t last_kind;
	struct public_key last_peer;
	uint8_t kinds[64]; /* the first ones, in order */
	void (*hook)(struct host *h, const struct public_key *peer,
		     uint8_t kind, struct bytes body);
	void *hook_context;
};

struct bench {
	struct ev_loop *loop;
	struct host hosts[HOSTS_MAX];
	struct public_key keys[HOSTS_MAX];
	size_t count;
};

/* `count` keys made from fixed seeds; nothing started. */
void bench_init(struct bench *b, size_t count);
void bench_fini(struct bench *b);

/* A configuration in which all hosts are validators of one network. */
struct net_config bench_config(struct bench *b, size_t index);
/* Start one, with bootstrap peers "PUBKEY@host:port"; fails the test when it
 * does not start. */
void host_start(struct bench *b, size_t index, struct net_config *config);
/* Start it as configured by bench_config, knowing all hosts started before. */
void bench_start(struct bench *b, size_t index);
void host_stop(struct host *h);

/* "PUBKEY@host:port" of a started host, in a buffer of its own per host. */
const char *host_address(struct bench *b, size_t index);

/* Turn the loop until `done` says so; false after the timeout. */
bool bench_run(struct bench *b, bool (*done)(struct bench *b, void *context),
	       void *context, unsigned timeout_ms);
/* Just so long. */
void bench_sleep(struct bench *b, unsigned ms);
/* Until `a` and `b` see each other as up. */
bool bench_connect(struct bench *b, size_t one, size_t other,
		   unsigned timeout_ms);
bool bench_info(struct bench *b, size_t of, const struct public_key *key,
		struct net_peer_info *out);

#endif
