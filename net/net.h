/* The node's links to other nodes: encrypted, authenticated, bounded.
 *
 * One ROUTER takes incoming connections and one DEALER goes out to each peer
 * dialled. Both ends prove their keys (CURVE, with keys derived from the
 * Ed25519 node keys), then name network and version in a HELLO; only after
 * that do messages reach the node. Nothing promises delivery: a message that
 * is queued may be lost with the connection, so callers repeat what matters.
 *
 * It does not know what messages mean: see codec.h for their shapes. All
 * calls come from the thread of the loop, except net_fetch_genesis(). */
#ifndef BCAI_NET_NET_H
#define BCAI_NET_NET_H

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "net/codec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ev_loop;
struct net; /* Opaque. */

/* 2^16 for changes that older nodes cannot follow. */
#define NET_PROTOCOL_VERSION 1u

#define NET_HOST_BYTES	  254 /* with the NUL */
#define NET_ADDRESS_BYTES 272 /* "host:port" with the NUL */
#define NET_VERSION_BYTES 64

struct net_callbacks {
	void *context;
	/* From a peer whose HELLO was accepted; `body` is borrowed until the
	 * callback returns. The kind is any byte: see enum wire_kind. */
	void (*on_message)(void *context, const struct public_key *peer,
			   uint8_t kind, struct bytes body);
	/* A HELLO was accepted on the first link to the peer. */
	void (*on_peer_up)(void *context, const struct public_key *peer);
	/* One was accepted while a link was up: its second link, or it started
	 * again before its end was seen. What it missed may be sent again. */
	void (*on_peer_again)(void *context, const struct public_key *peer);
	/* The last link is gone; its queues are emptied. */
	void (*on_peer_down)(void *context, const struct public_key *peer);
};

/* Zero means the default. */
struct net_limits {
	size_t queue_bytes[NET_CLASSES]; /* 4, 1, 16 and 8 MiB */
	size_t queue_bytes_total;	 /* 256 MiB, all peers and classes */
	uint32_t inbound_max;		 /* 64 peers that are not validators */
	uint32_t outbound_max;		 /* 4 peers that are not validators */
	uint32_t validators_max;  /* 8 dialled by one that is not a validator;
				   * a validator dials all */
	uint32_t strangers_per_s; /* 20 handshakes a second */
};

/* All pointers are borrowed for the call of net_new() only, except `loop`,
 * `key`, `genesis_file` and the callbacks' context: those outlive the net. */
struct net_config {
	struct ev_loop *loop;
	const struct secret_key *key;
	struct hash genesis;   /* hash of the network's genesis */
	const char *version;   /* of the software, for people */
	const char *listen;    /* "host:port", "[::]:port"; port 0: any free
				* one; NULL: do not listen */
	const char *advertise; /* "host:port" others reach us at; NULL: as
				* bound, unless that is a wildcard */
	const char *const *bootstrap; /* "PUBKEY@host:port" */
	size_t bootstrap_count;
	const char *book_path; /* address book; NULL: kept in memory only */
	const struct public_key *validators; /* always admitted, never banned
					      * by the node itself */
	size_t validator_count;
	bool admit_strangers; /* as observers; else only validators, bootstrap
			       * peers and those the operator added */
	struct bytes genesis_file; /* served to those who join; may be empty */
	struct net_limits limits;
	struct net_callbacks callbacks;
};

/* Bind, start to dial, and join the loop. Call after any fork.
 *
 * ERR_PEER_ADDRESS  a bootstrap, listen or advertised address is malformed
 * ERR_IO            the address cannot be bound, or a system limit was hit
 * `why` (may be NULL) has the sentence. A damaged address book is set aside
 * and logged, not an error. */
enum err net_new(struct net **out, const struct net_config *config,
		 struct err_text *why) MUST_USE;
/* Save the book, close all, leave the loop, free and null. No callbacks. */
void net_free(struct net **net);

/* "host:port" as bound; "" when not listening. Borrowed. */
const char *net_listen_address(const struct net *net);

/* What HELLO and PING tell others. */
void net_set_height(struct net *net, uint64_t height);
/* A new epoch's validators; borrowed for the call. */
void net_set_validators(struct net *net, const struct public_key *keys,
			size_t count);

/* Queue one message. `data` is copied.
 *
 * ERR_PEER_DOWN  no accepted link to that peer now
 * ERR_BUSY       the queue is full, and its class refuses the newest
 * ERR_TOO_LARGE  above LIMIT_MESSAGE_BYTES */
enum err net_send(struct net *net, const struct public_key *peer,
		  enum net_class class_, uint8_t kind, const void *data,
		  size_t size) MUST_USE;
/* Queue for every connected validator but us; one copy for all. Returns how
 * many queues took it. */
size_t net_broadcast_validators(struct net *net, enum net_class class_,
				uint8_t kind, const void *data, size_t size);
/* The same for every connected peer. */
size_t net_broadcast_peers(struct net *net, enum net_class class_, uint8_t kind,
			   const void *data, size_t size);
bool net_peer_is_up(const struct net *net, const struct public_key *peer);
/* What waits in that queue to be sent to the peer. */
size_t net_queued_bytes(const struct net *net, const struct public_key *peer,
			enum net_class class_);

/* Operator's doings; all survive a restart when there is a book.
 *
 * ERR_PEER_ADDRESS  not PUBKEY@host:port, or our own key
 * ERR_PEER_UNKNOWN  neither connected nor in the book
 * ERR_PEER_BANNED   add: unban it first */
enum err net_peer_add(struct net *net, const char *address,
		      struct err_text *why) MUST_USE;
/* Disconnect and forget the address; a validator is dialled again when its
 * address is learnt again. */
enum err net_peer_remove(struct net *net,
			 const struct public_key *peer) MUST_USE;
/* Disconnect and refuse for that long; 0 seconds is for ever. */
enum err net_peer_ban(struct net *net, const struct public_key *peer,
		      uint64_t seconds) MUST_USE;
enum err net_peer_unban(struct net *net,
			const struct public_key *peer) MUST_USE;
/* The peer sent what no correct node sends; `why` is logged and shown as its
 * last error. A hundred points within an hour ban it for an hour; a validator
 * is never banned this way, but what it sends is dropped for a second. */
void net_peer_penalise(struct net *net, const struct public_key *peer,
		       uint32_t points, const char *why);

enum net_peer_state {
	NET_PEER_KNOWN,	     /* in the book, not dialled now */
	NET_PEER_CONNECTING, /* dialled, no HELLO yet */
	NET_PEER_UP,
	NET_PEER_REFUSED, /* another network or version; see last_error */
	NET_PEER_BANNED,
};
/* "known", "connecting", "up", "refused", "banned". */
const char *net_peer_state_name(enum net_peer_state state);

struct net_peer_info {
	struct public_key key;
	char address[NET_ADDRESS_BYTES]; /* "" when unknown */
	enum net_peer_state state;
	bool validator;
	bool outbound; /* our link to it is accepted */
	bool inbound;  /* its link to us is accepted */
	char version[NET_VERSION_BYTES];
	uint64_t height;	  /* as last told */
	uint32_t latency_us;	  /* round trip; 0: not measured */
	uint64_t connected_ms;	  /* wall clock of coming up; 0: down */
	uint64_t banned_until_ms; /* wall clock; UINT64_MAX: for ever */
	uint64_t messages_in, messages_out;
	uint64_t bytes_in, bytes_out;
	size_t queue_bytes[NET_CLASSES];
	uint64_t dropped; /* messages its queues dropped or refused */
	char last_error[ERR_TEXT_BYTES];
};

/* Every peer connected, dialled, banned or in the book, connected first.
 * Fills at most `capacity` and returns how many there are. */
size_t net_peers(const struct net *net, struct net_peer_info *out,
		 size_t capacity);

/* Since the start; all for metrics. */
struct net_counters {
	uint32_t peers_up, validators_up, peers_inbound, peers_outbound;
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	uint64_t dropped[NET_CLASSES]; /* oldest thrown out of a full queue */
	uint64_t refused[NET_CLASSES]; /* newest not taken by a full queue */
	size_t queue_bytes[NET_CLASSES];
	uint64_t handshakes_admitted; /* by the ZAP handler */
	uint64_t handshakes_refused;  /* 300: not now */
	uint64_t handshakes_banned;   /* 400 */
	uint64_t hello_refused;	      /* identity, network or version */
	uint64_t malformed;	      /* frames that are no message */
	uint64_t unexpected;	      /* messages before HELLO */
	uint64_t accept_failed;	      /* descriptors ran out */
	uint64_t addresses_learnt, addresses_refused;
	uint32_t book_entries;
};
void net_counters(const struct net *net, struct net_counters *out);

/* Split "PUBKEY@host:port"; `address` gets "host:port". */
enum err net_address_parse(struct public_key *key,
			   char address[NET_ADDRESS_BYTES], const char *text,
			   struct err_text *why) MUST_USE;

/* Ask the peer at "PUBKEY@host:port" for its genesis file, in chunks. Blocks,
 * needs no struct net. CURVE proves the peer; the caller must still compute
 * the genesis hash of what came, as the hash is over its canonical encoding.
 * `key` is shown to the peer; NULL: a throw-away one. `*data` is the
 * caller's, to free().
 *
 * ERR_PEER_ADDRESS        not PUBKEY@host:port
 * ERR_PEER_WRONG_NETWORK  the peer runs another network
 * ERR_TIMEOUT             no answer: not reachable, another key, or it admits
 *                         no strangers
 * ERR_PEER_MALFORMED      the answer makes no sense, or is above 256 MiB
 * ERR_NOT_FOUND           it has no genesis file to give */
enum err net_fetch_genesis(uint8_t **data, size_t *size, const char *address,
			   const struct hash *expected,
			   const struct secret_key *key, uint64_t timeout_ms,
			   struct err_text *why) MUST_USE;

#endif
