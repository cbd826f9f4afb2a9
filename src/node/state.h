/* What the files of this folder share: the node's parts. Private to src/node.
 *
 *	open.c      opens and closes the parts
 *	node.c      turns of the loop, work, sealing
 *	drive.c     events into consensus, its updates carried out
 *	receive.c   messages from peers into events
 *	payload.c   judging, fetching and building payloads
 *	commit.c    finalised blocks, in order
 *	apply.c     one of them applied, written, answered
 *	sync.c      catching up
 *	serve.c     helping others to
 *	evidence.c  evidence: made, heard of, kept
 *	checks.c    checkpoints: signing, collecting, comparing
 *	forward.c   an observer's transactions to validators
 *	backend.c   the admin socket's questions
 *	proofs.c    receipts, events */
#ifndef BCAI_NODE_STATE_H
#define BCAI_NODE_STATE_H

#include "admin/admin.h"
#include "base/files.h"
#include "consensus/consensus.h"
#include "ledger/ledger.h"
#include "net/net.h"
#include "node/batchpool.h"
#include "node/blockpool.h"
#include "node/blockstore.h"
#include "node/checks.h"
#include "node/claims.h"
#include "node/node.h"
#include "node/txpool.h"
#include "node/workers.h"
#include "storage/auditlog.h"
#include "storage/datadir.h"
#include "storage/signlog.h"
#include "storage/store.h"
#include "storage/writer.h"

#include <ev.h>

/* A message of consensus that waits for the sign log. */
struct held_message {
	uint64_t release_after;
	uint32_t to; /* validator, or CONSENSUS_ALL */
	uint8_t kind;
	size_t size;
	struct held_message *next;
	uint8_t body[];
};

/* A write job whose end something waits for. */
struct pending_write {
	struct write_job *job; /* owned while the writer had no room for it */
	uint64_t sequence;     /* of the writer; UINT64_MAX: not there yet */
	uint64_t log_position; /* of the sign log, when it is durable */
	void (*done)(struct node *n, struct pending_write *w); /* or NULL */
	void *subject; /* freed by `done`, which does no more if `dropped` */
	bool dropped;  /* the node stops */
	struct hash digest;
	struct pending_write *next;
};

/* A finalised block on its way into the ledger. */
struct commit_item {
	struct block_header header;
	struct hash digest;
	uint64_t release_after;
	uint8_t *certificate; /* of this very block; owned; NULL: none */
	size_t certificate_size;
	struct bytes *batches; /* brought by sync; owned, in payload order */
	uint32_t batch_count;
	struct batch_ref *refs; /* the same */
	bool synced;
	struct commit_item *next;
};

struct drive_state {
	struct ev_timer timer;
	struct held_message *held, **held_tail;
	struct pending_write *writes, **writes_tail;
	struct pending_write *unsent; /* the first the writer has not */
	uint64_t durable_position;    /* of the sign log */
	size_t compact_at;	      /* bytes of the sign log */
	bool compacting;
	struct consensus_ask asks[64];
	size_t ask_count;
	/* What the last BUILT listed, until its proposal comes out. */
	struct batch_ref built[LIMIT_BLOCK_BATCHES];
	size_t built_count;
	bool work_told;
};

struct commit_state {
	struct commit_item *queue, **tail;
	size_t queued;
	uint64_t durable_height; /* answered up to here */
	struct hash durable_digest;
	uint64_t durable_time_ms;
	uint64_t durable_view;
	uint64_t final_height; /* last queued */
	struct hash final_digest;
	uint64_t final_view;
	uint64_t applied_ms; /* monotonic, of the last apply */
	uint64_t asked_ms;   /* for the body of the first in the queue */
	bool running;
	struct apply *apply; /* the first of the queue, begun; owned */
	bool root_due;	     /* of a checkpoint; before the next block */
	bool root_wanted;    /* by a reader; when there is time */
	struct ev_timer more;
};

struct upgrade_state { /* what the operator was last told */
	uint32_t version;
	uint64_t told_ms; /* monotonic */
};

struct seal_state {
	struct ev_timer timer;
	uint8_t *buffer; /* LIMIT_BATCH_BYTES */
	uint64_t next_sequence;
};

struct sync_state {
	struct ev_timer tick;
	struct ev_timer tell; /* one message for many blocks */
	struct claims claims;
	uint64_t target;	 /* proven, believed, or (observer) claimed */
	uint64_t proven;	 /* by a finalization */
	uint64_t looked_ms;	 /* monotonic, at what net was told */
	uint64_t seen_height;	 /* ours at the last tick */
	struct public_key asked; /* peer of the request under way */
	uint64_t asked_ms;	 /* monotonic; 0: none under way */
	uint32_t turn;		 /* rotates over peers for all else */
	bool lacked;		 /* a body, at the last tick */
	bool syncing;
	/* The finalization of a block that headers led to: kept until the
	 * block is imported. Data owned; NULL: none. */
	struct hash ahead;
	uint8_t *ahead_data;
	size_t ahead_size;
};

/* Bytes that may be served; below 0 the last answer overdrew it. */
struct share {
	int64_t left;
	uint64_t filled_ms;
};

struct serve_state {
	struct served *by_key; /* peers that asked; owned */
	struct share strangers;
	struct ev_timer later; /* runs while a request waits */
};

#define FORWARD_SLOTS 1024u

struct forward_slot {
	uint64_t number;
	struct public_key peer;
};

struct forward_state {
	uint32_t turn;
	uint64_t next;
	struct forward_slot slots[FORWARD_SLOTS]; /* of the last that came */
};

/* Evidence kept last: what was submitted to the store is not there at once. */
#define EVIDENCE_RECENT 64u
/* Of one signer: more would say nothing new, and it can make any number. */
#define EVIDENCE_OF_A_KIND 64u

struct evidence_state {
	/* Kept, by signer and kind. */
	uint32_t count[LIMIT_VALIDATORS][EVIDENCE_KINDS + 1];
	uint8_t recent[EVIDENCE_RECENT][EVIDENCE_ID_BYTES];
	uint32_t next;
};

struct node {
	struct ev_loop *loop;
	const struct config *config;
	char path[FILE_PATH_BYTES]; /* scratch for paths */

	struct genesis *genesis;
	struct bytes genesis_file; /* owned; served to those who join */
	struct hash genesis_hash;
	struct secret_key *key;
	struct electorate voters;
	struct public_key voter_keys[LIMIT_VALIDATORS];
	uint32_t me;	  /* index, or CONSENSUS_OBSERVER */
	const char *note; /* why it does not sign; NULL */

	struct data_lock *lock;
	struct store *store;
	struct signlog *signlog;
	struct store_writer *writer;
	struct auditlog *audit;
	struct ledger *ledger;
	struct workers *workers;
	struct txpool *txpool;
	struct batchpool *batches;
	struct blockpool *blocks;
	struct consensus *consensus;
	struct net *net;
	struct admin_server *admin;

	struct drive_state drive;
	struct commit_state commit;
	struct seal_state seal;
	struct upgrade_state upgrade;
	struct sync_state sync;
	struct serve_state serve;
	struct forward_state forward;
	uint64_t signed_height[LIMIT_VALIDATORS]; /* by each, as certified */
	struct evidence_state evidence;
	struct checks_state *checks;
	struct backend_state *backend;

	struct ev_prepare prepare;
	struct ev_async written; /* from the writer's thread */
	struct ev_timer deadline;
	struct ev_timer retry; /* of what was asked for */
	struct ev_timer second;
	struct ev_timer stop_soon; /* when its caller has been answered */
	struct arena arena;	   /* for encoding one message */
	struct arena arena_in;	   /* for decoding one */
	bool stopping;
	enum err stopped_by;
};

/* --- node.c --- */

/* Stop at once with this reason; the loop ends. Logged once. */
void node_fail(struct node *n, enum err e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Something became sealable, held, due or free: look again. */
void node_consider_sealing(struct node *n);
void node_update_work(struct node *n);
bool node_is_validator(const struct node *n);
void node_on_ready(void *context);
void node_notify_written(void *context);
void node_watch(struct node *n);
void node_unwatch(struct node *n);
void node_arm(struct node *n, struct ev_timer *timer, uint64_t at_mono_ms);
/* A path below the data directory, in n->path. */
const char *node_path(struct node *n, const char *name);
/* An arena emptied for encoding a message of that size. */
struct arena *node_arena(struct node *n, size_t body_size);
/* The same for decoding. */
struct arena *node_arena_in(struct node *n, size_t body_size);

/* --- drive.c --- */

void drive_init(struct node *n);
void drive_fini(struct node *n);
void drive_start(struct node *n);
/* Fill in times, step, carry out. Not from within itself: asks are answered
 * in drive_answer_asks, at the end of the turn. */
void drive_event(struct node *n, struct consensus_event *ev);
void drive_answer_asks(struct node *n);
/* Submit; `done` is called when it is durable. Takes the job. */
void drive_write(struct node *n, struct write_job **job,
		 void (*done)(struct node *n, struct pending_write *w),
		 void *subject, const struct hash *digest);
void drive_written(struct node *n);
/* They signed the finalization of this height. */
void drive_note_signers(struct node *n, const struct certificate *c,
			uint64_t height);
/* So much waits for the disk that nothing new should be taken on. */
bool drive_is_full(const struct node *n);
/* Once a second: keep the sign log short. */
void drive_compact(struct node *n);
void drive_sign(void *context, const void *bytes, size_t size,
		struct signature *out);
bool drive_verify(void *context, const struct public_key *key,
		  const void *bytes, size_t size,
		  const struct signature *signature);

/* --- payload.c --- */

void payload_answer(struct node *n, const struct consensus_ask *ask);
/* A body came in: from a proposal, a peer or the store. */
void payload_block_known(struct node *n, struct pooled_block *b);
/* A batch came into a new state: see which blocks waited for it. */
void payload_batch_changed(struct node *n);
/* Ask for those batches of the block that are missing; true when none is. */
bool payload_complete(struct node *n, struct pooled_block *b);
void payload_request_block(struct node *n, const struct hash *digest,
			   uint32_t from);
/* Our own proposal: its body is what was built last. */
void payload_keep_own(struct node *n, const struct block_header *header);
bool payload_wants_batch(void *context, const struct hash *digest);
void payload_write_batch(void *context, struct pooled_batch *batch);
void payload_invalid_batch(void *context, const struct batch_ref *ref,
			   struct bytes raw, uint32_t bad);
void payload_forged_batch(void *context, const struct batch_ref *ref,
			  const struct public_key *sender);
/* What was asked for and did not come is asked for again after a while. */
void payload_retry_later(struct node *n);

/* --- evidence.c --- */

/* Count what is stored. */
enum err evidence_restore(struct node *n, struct err_text *text) MUST_USE;
/* Store it, tell peers and whoever watches; nothing when it is known, or
 * enough is known of its signer. */
void evidence_keep(struct node *n, const struct evidence *e);
/* To a peer that came up: it may have been away when it was spread. */
void evidence_tell(struct node *n, const struct public_key *peer);
/* From a peer. ERR_PEER_MALFORMED and those of evidence_verify(). */
enum err evidence_take(struct node *n, struct bytes body) MUST_USE;
/* Of a batch whose origin signed it with transaction `bad` inside. */
void evidence_of_batch(struct node *n, struct bytes raw, uint32_t bad);

/* --- receive.c --- */

void receive_message(void *context, const struct public_key *peer, uint8_t kind,
		     struct bytes body);
void receive_peer_up(void *context, const struct public_key *peer);
void receive_peer_again(void *context, const struct public_key *peer);
void receive_peer_down(void *context, const struct public_key *peer);

/* --- commit.c --- */

void commit_init(struct node *n);
void commit_fini(struct node *n);
void commit_item_fini(struct commit_item *item);
/* Takes `item`'s contents as its own. */
void commit_push(struct node *n, struct commit_item *item);
/* Is the first in the queue without its body? */
bool commit_lacks_body(const struct node *n);
/* Is a block waiting for this batch? */
bool commit_wants_batch(const struct node *n, const struct hash *digest);
/* Apply what can be applied, for about 2 ms; the rest in later turns. */
void commit_run(struct node *n);
/* Bring the state root up to date in later turns. */
void commit_want_root(struct node *n);

/* --- sync.c --- */

void sync_init(struct node *n);
void sync_fini(struct node *n);
void sync_on_tip(struct node *n, const struct public_key *peer,
		 uint64_t height);
void sync_on_blocks(struct node *n, const struct public_key *peer,
		    struct bytes body);
/* A block became durable: tell peers, soon. */
void sync_tell(struct node *n);
void sync_on_peer_up(struct node *n);
/* As far as is known, nobody has more. */
bool sync_is_level(const struct node *n);
/* The same, and a quorum has told, or for an observer somebody: this state is
 * what others' is. */
bool sync_is_current(const struct node *n);
void sync_on_peer_down(struct node *n, const struct public_key *peer);
/* A finalization names this height; 0: not known. */
void sync_behind(struct node *n, uint64_t height);
/* After a commit: ask for more at once while behind. */
void sync_continue(struct node *n);

/* --- serve.c --- */

void serve_init(struct node *n);
void serve_fini(struct node *n);
void serve_on_request(struct node *n, const struct public_key *peer,
		      struct bytes body);
/* The peer asks for what must be read: has it a share left? The reading is
 * charged; what is sent must be, too. */
bool serve_may_read(struct node *n, const struct public_key *peer);
void serve_charge(struct node *n, const struct public_key *peer, size_t bytes);
/* What limits the peer's transactions; borrowed until it is down. */
struct bucket *serve_submissions(struct node *n, const struct public_key *peer);
void serve_forget(struct node *n, const struct public_key *peer);
/* The finalization at this height or the next one that has one; the caller
 * frees. ERR_NOT_FOUND. */
enum err serve_find_finalization(struct node *n, uint64_t height,
				 uint64_t *certified, uint8_t **data,
				 size_t *size) MUST_USE;

/* --- forward.c --- */

/* Hand ready transactions to validators (an observer's way of sealing). */
void forward_ready(struct node *n);
void forward_on_tx(struct node *n, const struct public_key *peer,
		   struct bytes body);
void forward_on_result(struct node *n, const struct public_key *peer,
		       struct bytes body);
/* Once a second. */
void forward_stale(struct node *n);
bool forward_is_ticket(uint64_t ticket);
void forward_answer(struct node *n, uint64_t ticket,
		    const struct txpool_outcome *outcome);

/* --- backend.c --- */

extern const struct admin_backend NODE_BACKEND;
void backend_init(struct node *n);
void backend_fini(struct node *n);
void backend_answer(void *context, uint64_t ticket,
		    const struct txpool_outcome *outcome);
bool backend_find_final(void *context, uint64_t ticket, const struct hash *id,
			struct txpool_outcome *out);
/* proofs.c */
enum err backend_receipt(void *ctx, const struct hash *id,
			 struct admin_bytes *out) MUST_USE;
enum err backend_events_at(void *ctx, uint64_t height, admin_event_sink *sink,
			   void *arg) MUST_USE;
/* A block is durable: events. */
void backend_publish(struct node *n, uint64_t height);
void backend_publish_checkpoint(struct node *n, const struct checkpoint *c);
void backend_publish_peer(struct node *n, const struct public_key *peer,
			  bool up);

#endif
