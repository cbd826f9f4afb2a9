/* The admin socket: JSON-RPC 2.0 over Unix stream sockets, one object a line.
 *
 * The server answers queries about governance itself, from the ledger it may
 * look at, and asks the node for everything else through `struct
 * admin_backend`, which the node fills in. It owns sockets, connections,
 * roles, paging, subscriptions and time-outs; it never touches the disk, the
 * network or consensus. Everything here runs on the thread of the loop.
 *
 * What the methods are called, who may call them and what they take stands in
 * one table, commands.h. */
#ifndef BCAI_ADMIN_ADMIN_H
#define BCAI_ADMIN_ADMIN_H

#include "base/bucket.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "governance/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ev_loop;
struct ledger;
struct admin_server;

/* What `node.status` tells. Strings are borrowed until the next call into the
 * backend. */
struct admin_status {
	const char *version;
	const char *chain_id;
	const char *role; /* "validator" or "observer" */
	const char *note; /* e.g. why it does not sign; NULL for nothing */
	const char *name; /* as configured; NULL or "" for none */
	struct hash genesis_hash;
	struct public_key node_id;
	struct hash block_hash; /* of the last final block */
	struct hash state_root;
	uint64_t state_height; /* the state root is the one after this */
	uint64_t epoch;
	uint64_t view;
	uint64_t height; /* final and applied */
	uint64_t block_time_ms;
	uint64_t now_ms; /* the node's wall clock */
	uint64_t sync_target;
	uint64_t voters;
	uint64_t mempool; /* transactions waiting for a block */
	uint64_t weight;  /* of this validator; 0 for an observer */
	uint64_t weight_online;
	uint64_t weight_total;
	uint32_t peers; /* connected; each may have a link either way */
	uint32_t peers_in;
	uint32_t peers_out;
	uint32_t validators;
	uint32_t proposals_open;
	bool synced;
	bool signing;		  /* it takes part in consensus now */
	uint32_t protocol;	  /* the version that this program speaks */
	uint32_t protocol_needed; /* 0: no other was decided */
	uint64_t protocol_height; /* from which on it is */
	struct hash protocol_build;
};

#define ADMIN_ADDRESS_BYTES 128
#define ADMIN_VERSION_BYTES 64

struct admin_peer {
	struct public_key node_id;
	char address[ADMIN_ADDRESS_BYTES]; /* "host:port"; may be empty */
	char version[ADMIN_VERSION_BYTES]; /* "" when unknown */
	const char *role;		   /* "validator", "observer" or "" */
	uint64_t height;
	uint64_t connected_ms; /* wall clock of coming up; 0 when down */
	uint64_t banned_until_ms;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint32_t latency_us; /* round trip; 0: not measured */
	bool connected;
	bool outgoing;
};

struct admin_validator {
	struct public_key node_id;
	uint64_t weight;
	uint64_t pending_weight; /* what it is to have; 0: it is to go */
	uint64_t last_signed_height;
	bool online;
};

struct admin_evidence {
	struct hash id;
	struct public_key signer;
	const char *kind; /* "notarize-notarize", … */
	uint64_t epoch;
	uint64_t view;
	uint64_t height; /* of the block that includes it; 0 for none yet */
};

/* As many as are ever shown. */
#define ADMIN_EVIDENCE_MAX 4096u

struct admin_block_tx {
	struct hash id;
	uint32_t code; /* enum err of its outcome */
};

struct admin_block {
	struct hash hash;
	struct hash parent;
	struct hash payload_root;
	struct public_key proposer;
	uint64_t height;
	uint64_t epoch;
	uint64_t view;
	uint64_t time_ms;
	uint32_t batch_count;
	uint32_t tx_count;
	struct admin_block_tx *txs; /* malloc'ed; the server frees it */
};

struct admin_location {
	uint64_t height;
	uint32_t index;	   /* in its block, from 0 */
	uint32_t code;	   /* enum err of its outcome */
	uint32_t proposal; /* the proposal it made; 0 for none */
};

struct admin_checkpoint_signature {
	struct public_key node_id;
	struct signature signature;
	uint64_t weight;
};

struct admin_checkpoint {
	struct hash block_hash;
	struct hash state_root;
	struct hash outcome_root;
	uint64_t height;
	uint64_t epoch;
	uint64_t weight_signed;
	uint64_t weight_total;
	bool certified;
	uint32_t signature_count;
	/* malloc'ed; the server frees it. */
	struct admin_checkpoint_signature *signatures;
};

struct admin_check {
	const char *name; /* "disk" */
	bool ok;
	char text[ERR_TEXT_BYTES]; /* what was seen, and what to do */
};

struct admin_figure {
	const char *name;
	uint64_t value;
};

/* malloc'ed by the backend; the server frees it. */
struct admin_bytes {
	uint8_t *data;
	size_t size;
};

/* --- Submission --- */

enum admin_wait {
	ADMIN_WAIT_ACCEPTED,  /* admitted to this node's queue */
	ADMIN_WAIT_FINALIZED, /* applied and durable here */
};

struct admin_submit_result {
	struct hash tx;	  /* zero when it could not be decoded */
	enum err refused; /* not ERR_OK: not admitted; what follows is void */
	uint32_t retry_after_ms;
	const char *text; /* context of the refusal; NULL for none */
	uint64_t height;  /* these four only after ADMIN_WAIT_FINALIZED */
	uint32_t index;
	uint32_t code;	   /* enum err of the outcome */
	uint32_t proposal; /* the proposal it made; 0 for none */
};

/* Tell the server how a submission ended, exactly once a ticket, on the loop's
 * thread; also from within `submit`. A ticket whose caller has left or waited
 * too long is ignored. */
void admin_submit_done(struct admin_server *server, uint64_t ticket,
		       const struct admin_submit_result *result);

/* --- Events --- */

enum admin_event_type {
	ADMIN_EVENT_BLOCK,	/* height, time_ms, hash, count: transactions */
	ADMIN_EVENT_TX,		/* hash, account, index, code */
	ADMIN_EVENT_PROPOSAL,	/* proposal, state, reason, hash of the tx */
	ADMIN_EVENT_BALLOT,	/* proposal, account, choice, hash of the tx */
	ADMIN_EVENT_CHECKPOINT, /* height, hash: state root */
	ADMIN_EVENT_PEER,	/* account: node id, reason: what happened */
	ADMIN_EVENT_EVIDENCE,	/* account: signer, reason: kind */
	ADMIN_EVENT_ALERT, /* index: number, proposal, account, reason: kind */
	ADMIN_EVENT_DELEGATION, /* account, hash of the tx */
	ADMIN_EVENT_TRANSFER,	/* account, other, amount, hash of the tx */
	ADMIN_EVENT_EPOCH,	/* amount: its number */
	ADMIN_EVENT_DEPOSIT,	/* proposal, account, amount, reason: what */
	ADMIN_EVENT_PARAMETER,	/* index: which, amount: its value */
	ADMIN_EVENT_REPUTATION, /* account, amount */
	ADMIN_EVENT_SETTING,	/* reason: what was set */
	ADMIN_EVENT_VETO,	/* proposal, account, amount: which one */
	ADMIN_EVENT_ACT, /* index: number, account, reason: state, proposal */
};
#define ADMIN_EVENT_TYPES 17

struct admin_event {
	enum admin_event_type type;
	uint64_t height;
	uint64_t time_ms;
	struct hash hash;
	struct public_key account;
	struct public_key other;
	uint64_t amount;   /* micro-tokens, or a number */
	uint32_t position; /* among all events of its block, from 0 */
	uint32_t index;
	uint32_t count;
	uint32_t code;
	uint32_t proposal;
	uint32_t state;	    /* enum proposal_state */
	uint32_t choice;    /* enum choice */
	bool has_tx;	    /* a transaction did it, not time */
	const char *reason; /* borrowed; NULL for none */
};

/* True when somebody listens: building events may be skipped otherwise. */
bool admin_has_subscribers(const struct admin_server *server);
/* All events of one applied block, in order; heights rise by one. Call it for
 * every block, with count 0 when admin_has_subscribers() is false. */
void admin_publish_block(struct admin_server *server, uint64_t height,
			 const struct admin_event *events, size_t count);
/* The same block when its events cannot be had now: subscriptions ask for
 * them, and are told when that fails. */
void admin_publish_later(struct admin_server *server, uint64_t height);
/* One event that belongs to no block (checkpoint, peer, evidence): it has no
 * position and cannot be replayed later. */
void admin_publish(struct admin_server *server,
		   const struct admin_event *event);

/* --- What the node does for the server --- */

struct admin_audit {
	uid_t uid;
	pid_t pid;
	const char *method;
	const char *params; /* compact JSON */
	int code;	    /* enum err */
};

typedef void admin_event_sink(void *arg, const struct admin_event *event);

/* All members are required. Lists are written to `out`, at most `max`; the
 * result is how many there are. `text` may be written on failure. */
struct admin_backend {
	void (*status)(void *ctx, struct admin_status *out);
	/* Borrowed, current, until control returns to the loop. */
	const struct ledger *(*ledger)(void *ctx);

	size_t (*peers)(void *ctx, struct admin_peer *out, size_t max);
	/* "PUBKEY@host:port" */
	enum err (*peer_add)(void *ctx, const char *address,
			     struct err_text *text);
	enum err (*peer_remove)(void *ctx, const struct public_key *id,
				struct err_text *text);
	/* 0: for good. */
	enum err (*peer_ban)(void *ctx, const struct public_key *id,
			     uint64_t ban_ms, struct err_text *text);
	enum err (*peer_unban)(void *ctx, const struct public_key *id,
			       struct err_text *text);

	size_t (*validators)(void *ctx, struct admin_validator *out,
			     size_t max);
	size_t (*evidence)(void *ctx, struct admin_evidence *out, size_t max);

	/* Take a SignedTx (borrowed: copy it) and answer with
	 * admin_submit_done(ticket). `source` limits the connection it came
	 * by; borrowed for the call. */
	void (*submit)(void *ctx, struct bytes raw, enum admin_wait wait,
		       uint64_t ticket, struct bucket *source);

	/* A record of the replicated state by its key ("X" number, …), as the
	 * table in doc/architecture.md names them. ERR_NOT_FOUND. */
	enum err (*state_record)(void *ctx, struct bytes key,
				 struct admin_bytes *out);
	/* ERR_NOT_FOUND for heights not held. */
	enum err (*block)(void *ctx, uint64_t height, struct admin_block *out);
	enum err (*tx_location)(void *ctx, const struct hash *id,
				struct admin_location *out);
	/* The SignedTx. */
	enum err (*tx_raw)(void *ctx, const struct hash *id,
			   struct admin_bytes *out);
	/* The encoded receipt; ERR_NOT_FOUND, or ERR_NOT_READY while no
	 * certificate covers it yet. */
	enum err (*receipt)(void *ctx, const struct hash *id,
			    struct admin_bytes *out);
	/* 0: the latest certified one. */
	enum err (*checkpoint)(void *ctx, uint64_t height,
			       struct admin_checkpoint *out);

	/* Liveness: one row a check. */
	size_t (*health)(void *ctx, struct admin_check *out, size_t max);
	/* ERR_OK, or ERR_NOT_READY with the reason. */
	enum err (*ready)(void *ctx, struct err_text *text);
	size_t (*db_stats)(void *ctx, struct admin_figure *out, size_t max);
	enum err (*log_level)(void *ctx, const char *spec,
			      struct err_text *text);
	/* Begin an orderly stop; returns at once. */
	void (*stop)(void *ctx);

	/* Record a mutating call, before it is answered. */
	void (*audit)(void *ctx, const struct admin_audit *entry);
	/* The newest `count` entries as JSON objects, one a line, oldest
	 * first. */
	enum err (*audit_tail)(void *ctx, uint32_t count,
			       struct admin_bytes *out);

	/* Hand the events of the block at `height` to `sink`, as they were
	 * published. ERR_NOT_FOUND for heights not held. */
	enum err (*events_at)(void *ctx, uint64_t height,
			      admin_event_sink *sink, void *arg);
};

/* --- The server --- */

struct admin_config {
	const char *socket;    /* operator's; NULL for none */
	const char *socket_ro; /* read-only one; NULL for none */
	const char *group;     /* whose members operate; NULL: owner only */
	uint32_t connections;  /* most at a time, each socket; 0: 256 */
	size_t output_bytes;   /* most unread output of one; 0: 16 MiB */
	uint64_t height;       /* applied when the server starts */
};

/* Listen. A stale socket file is replaced; one that answers is not
 * (ERR_DATA_LOCKED). ERR_CONFIG for an unknown group or a path too long,
 * ERR_IO for what the system refuses, with the reason in `text`.
 * `backend` and `ctx` are borrowed for the life of the server. */
enum err admin_server_new(struct admin_server **out, struct ev_loop *loop,
			  const struct admin_config *config,
			  const struct admin_backend *backend, void *ctx,
			  struct err_text *text) MUST_USE;
/* Flush what fits without waiting, close all, remove the socket files, null.
 */
void admin_server_free(struct admin_server **server);

struct admin_counters {
	uint64_t connections; /* open now */
	uint64_t accepted;
	uint64_t refused; /* too many */
	uint64_t requests;
	uint64_t errors;
	uint64_t slow_readers;
	uint64_t pending; /* submissions waiting */
};

void admin_server_counters(const struct admin_server *server,
			   struct admin_counters *out);

#endif
