/* What the files of net share; for them only.
 *
 *   socket.c   libzmq sockets with their options, and their place in libev
 *   link.c     HELLO, PING, what arrives on a link, when it is up
 *   peers.c    the table of peers, their queues, penalties and bans
 *   dial.c     whom to dial, and what is told about whom
 *   genesis.c  the genesis file, given and fetched
 *   net.c      the whole: start, stop, the second's tick, the public calls */
#ifndef BCAI_NET_INTERNAL_H
#define BCAI_NET_INTERNAL_H

#include "base/bucket.h"
#include "net/book.h"
#include "net/net.h"
#include "net/queue.h"
#include "net/resolve.h"
#include "net/zap.h"

#include <ev.h>
#include <pthread.h>
#include <uthash.h>
#include <zmq.h>

#define NET_DRAIN_MAX	  64u	/* messages a socket in one turn of the loop */
#define NET_TURN_US	  2000u /* for taking messages, in one turn */
#define NET_ROUTE_ID_MAX  32u
#define NET_PING_MS	  5000u
#define NET_SILENCE_MS	  15000u
#define NET_HELLO_MS	  2000u	 /* until an answer is asked for again */
#define NET_REFUSED_MS	  30000u /* the same, after a refusal */
#define NET_REDIAL_MS	  20000u /* in vain, then another address */
#define NET_BANNED_US_MS  60000u
#define NET_PENALTY_LIMIT 100u
#define NET_MUTE_MS	  1000u
#define NET_HOUR_MS	  (UINT64_C(3600) * 1000)
#define NET_GOSSIP_MAX	  256u

struct sock {
	struct net *net;
	void *zmq; /* NULL: closed */
	void *owner;
	/* Take at most NET_DRAIN_MAX messages, and none but the first once the
	 * turn is over. */
	void (*receive)(struct sock *s);
	ev_io io;
	/* Its descriptor fired or it was used: ZMQ_EVENTS must be read. */
	bool look;
	struct sock *prev, *next;
};

enum link_state { LINK_DOWN, LINK_GREETING, LINK_UP, LINK_REFUSED };
#define LINK_STATES 4
enum link_event { LINK_CONNECTED, LINK_ACCEPTED, LINK_DENIED, LINK_LOST };
#define LINK_EVENTS 4

struct link {
	enum link_state state;
	uint64_t heard_ms; /* monotonic, as all below */
	uint64_t hello_ms; /* last sent */
	uint64_t ping_ms;  /* last sent */
};

/* A connection we made. */
struct dealer {
	struct link link;
	struct peer *peer;
	struct sock socket;
	struct sock monitor;
	struct lookup *lookup; /* of the host's name; NULL: none under way */
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;
	uint64_t opened_ms;
	uint64_t redial_ms; /* 0: no need */
	bool closing;
	struct dealer *prev, *next;
};

/* A connection made to us whose HELLO was accepted. */
struct route {
	uint8_t id[NET_ROUTE_ID_MAX];
	size_t id_size;
	struct link link;
	struct peer *peer;
	UT_hash_handle hh;
};

struct peer {
	struct public_key key;
	uint8_t curve[CURVE_KEY_BYTES];
	char user_id[ZAP_USER_ID_BYTES]; /* of `curve` */
	bool validator;
	bool wanted; /* to be dialled */
	bool up;
	struct dealer *dealer; /* or NULL */
	struct route *route;   /* or NULL */
	struct outbox outbox;
	bool waiting; /* in net->waiting: the outbox is not empty */
	struct peer *prev, *next;
	char version[NET_VERSION_BYTES];
	uint64_t height;
	uint32_t latency_us;
	uint64_t connected_ms; /* wall */
	uint64_t messages_in, messages_out, bytes_in, bytes_out, dropped;
	char last_error[ERR_TEXT_BYTES];
	uint32_t penalty;
	uint64_t penalty_ms;
	uint64_t muted_until_ms;
	struct bucket hellos, answers, addresses, flood;
	UT_hash_handle hh;
	UT_hash_handle by_user;
};

struct book_saver {
	pthread_t thread;
	bool running;
	atomic_bool done;
	char *text;
	const char *path;
};

struct net {
	struct ev_loop *loop;
	const struct secret_key *key;
	struct public_key self;
	uint8_t curve_public[CURVE_KEY_BYTES];
	uint8_t curve_secret[CURVE_KEY_BYTES];
	struct hash genesis;
	char version[NET_VERSION_BYTES];
	char listen[NET_ADDRESS_BYTES];
	bool admit_strangers;
	bool is_validator;
	struct bytes genesis_file;
	struct net_limits limits;
	struct net_callbacks callbacks;
	uint64_t height;

	void *context;
	struct zap *zap;
	struct sock router;
	struct sock router_monitor;
	struct sock *socks;
	struct dealer *dealers;
	struct route *routes;
	struct peer *peers;
	struct peer *peers_by_user;
	struct peer *waiting;
	struct book book;
	char *book_path;
	struct book_saver saver;
	uint64_t saved_ms;

	ev_prepare prepare;
	ev_check check;
	ev_idle idle;
	ev_timer tick;
	ev_timer retry; /* of routes that were full */
	uint64_t ticked_ms;
	uint64_t turn_ends_us;

	struct address_record own; /* host "" when nobody can dial us */
	struct public_key gossip[NET_GOSSIP_MAX];
	size_t gossip_count;
	struct bucket stranger_hellos, genesis_bytes, strange_answers,
		denial_log;
	uint64_t emfile_logged_ms;
	size_t queue_bytes;
	struct net_counters counters;
	struct arena arena; /* one message at a time */
};

/* socket.c */

/* Options every socket has; false with errno set. */
bool socket_set(void *zmq, int option, int value);
/* A DEALER that proves our key and wants the peer's; NULL with errno set. */
void *socket_dealer(void *context, const uint8_t secret[CURVE_KEY_BYTES],
		    const uint8_t public_[CURVE_KEY_BYTES],
		    const uint8_t server[CURVE_KEY_BYTES]);
enum err socket_listen(struct net *n, const char *address,
		       struct err_text *why) MUST_USE;
/* A PAIR that hears of the socket's events; NULL with errno set. */
void *socket_monitor(struct net *n, void *zmq, int events);
/* The next event, or false. */
bool socket_monitor_read(void *monitor, int *event, int *value);
void sock_join(struct net *n, struct sock *s, void *zmq, void *owner,
	       void (*receive)(struct sock *s));
void sock_leave(struct sock *s);
/* Have messages been taken for as long as one turn may? */
bool turn_is_over(const struct net *n);
void loop_join(struct net *n);
void loop_leave(struct net *n);

/* link.c */

void link_turn(struct net *n, struct link *l, struct peer *p,
	       enum link_event event, const char *why);
void route_free(struct net *n, struct route *r, const char *why);
void router_receive(struct sock *s);
void router_monitor_receive(struct sock *s);
void dealer_receive(struct sock *s);
void dealer_monitor_receive(struct sock *s);
/* HELLOs and PINGs that are due, silences that are too long. */
void links_tick(struct net *n, uint64_t now_ms);
/* 0, or errno: EAGAIN when full, EHOSTUNREACH when it is gone. Past the
 * queues; for what net itself says. */
int dealer_write(struct dealer *d, uint8_t kind, struct bytes body);
int router_write(struct net *n, const uint8_t *id, size_t id_size, uint8_t kind,
		 struct bytes body);
/* Send what waits for this peer, as far as its link takes it. */
void peer_flush(struct net *n, struct peer *p);
struct sock *peer_sock(struct net *n, const struct peer *p);

/* peers.c */

/* NULL when the key is no point, our own, or another's with the sign changed:
 * those two have one CURVE key. */
struct peer *peer_get(struct net *n, const struct public_key *key);
struct peer *peer_find(const struct net *n, const struct public_key *key);
struct peer *peer_find_user(const struct net *n, const char *user_id);
void peer_free(struct net *n, struct peer *p);
/* Up or down as its links say; tells the node. */
void peer_update(struct net *n, struct peer *p, bool accepted);
void peer_clear_outbox(struct net *n, struct peer *p);
void peer_error(struct peer *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void peer_penalise(struct net *n, struct peer *p, uint32_t points,
		   const char *why);
void peer_disconnect(struct net *n, struct peer *p, const char *why);
void peers_tick(struct net *n);
enum err peer_queue(struct net *n, struct peer *p, enum net_class class_,
		    struct net_frame *f);

/* dial.c */

/* Stops at once, is freed at the next turn. */
void dealer_close(struct dealer *d, const char *why);
void dealers_reap(struct net *n);
/* Now, whatever the back-off says: the peer is alive. */
void dealer_hurry(struct net *n, struct peer *p);
void dial_tick(struct net *n, uint64_t now_ms);
void gossip_learn(struct net *n, const struct wire_address *w,
		  const struct public_key *source);
void gossip_on_addresses(struct net *n, struct peer *p, struct bytes body);
void gossip_send_sample(struct net *n, struct peer *p);
void gossip_tick(struct net *n);

/* genesis.c */

/* The answer, in the arena. Data is NULL when it must wait or makes no sense.
 */
struct bytes genesis_answer(struct net *n, struct bytes body);

#endif
