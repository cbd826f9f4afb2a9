/* Simplex consensus as one pure step: an event in, an update out.
 *
 * One instance serves one epoch. It does no I/O, reads no clock, checks no
 * signature and allocates nothing after consensus_new(). The host checks every
 * signature before it hands a message in (after asking consensus_wants(), so
 * that only what is new is worth the 43 us), keeps the sign log, moves the
 * messages, and holds and judges the payloads.
 *
 * An update is applied in one fixed order: append the log records; send each
 * message when the log is durable up to its release_after; commit the
 * finalised blocks; arm the timer. What an update points to is valid until the
 * next call on the same instance.
 *
 * The rules are those of doc/spec/consensus.md. */
#ifndef BCAI_CONSENSUS_CONSENSUS_H
#define BCAI_CONSENSUS_CONSENSUS_H

#include "consensus/block.h"
#include "consensus/certificate.h"
#include "consensus/electorate.h"
#include "consensus/evidence.h"
#include "consensus/votes.h"

#define CONSENSUS_OBSERVER UINT32_MAX /* As `me`: follows, never signs. */
#define CONSENSUS_ALL	   UINT32_MAX /* As `to`: every other validator. */
#define CONSENSUS_NEVER	   UINT64_MAX /* As `timer_ms`: none. */

#define CONSENSUS_PROOFS_MAX   16u /* Certificates within a proposal. */
#define CONSENSUS_ANSWER_MAX   24u /* Certificates answering one request. */
#define CONSENSUS_EVIDENCE_MAX 16u /* Found in one step. */

struct consensus;

/* The last finalised block, from which this instance goes on. The root of an
 * epoch (genesis, or the block that sealed the epoch before) is view 0 of it,
 * whatever view it was agreed in. */
struct consensus_root {
	uint64_t view;
	uint64_t height;
	uint64_t time_ms;
	struct hash digest;
};

struct consensus_config {
	struct hash genesis;
	const struct electorate *voters; /* Copied; names the epoch. */
	uint32_t me;			 /* Index, or CONSENSUS_OBSERVER. */
	struct consensus_root root;
	/* The finalization of `root`, or NULL when there is none (view 0) or
	 * it is not at hand; lets this node help one that lags. Copied. */
	const struct certificate *root_certificate;

	uint64_t delta_ms;     /* The bound hoped for on one message. */
	uint64_t delta_max_ms; /* Back-off never passes it. */
	uint64_t heartbeat_ms; /* An empty block when idle so long; 0: never. */
	uint64_t interval_ms;  /* Least time between two blocks; may be 0. */
	uint64_t drift_ms;     /* How far ahead of our clock a block may be. */
	uint32_t window;       /* Views kept; 16 to CONSENSUS_WINDOW_MAX. */

	/* Records the sign log holds already: positions count from here. */
	uint64_t log_position;

	/* Sign `size` bytes with the key of `me`. Deterministic. Called only
	 * behind consensus_sign_allowed(). May be NULL for an observer. */
	void (*sign)(void *context, const void *bytes, size_t size,
		     struct signature *out);
	void *context;
};

#define CONSENSUS_DEFAULT_WINDOW 256u
#define CONSENSUS_WINDOW_MAX	 1024u

/* Fill the timing fields and the window with their defaults: 200 ms, 5 s,
 * 5 s, 3 ms, 1 s, 256. Touches nothing else. */
void consensus_config_defaults(struct consensus_config *config);

/* Never NULL; the arguments must hold what their comments say. */
struct consensus *consensus_new(const struct consensus_config *config);
void consensus_free(struct consensus **c);

/* Hand in one record of the sign log; all of them, in order, before START.
 * Records of older epochs and of views at or below the root leave nothing but
 * the highest view. With a record of a *later* epoch this instance never
 * signs. ERR_DATA_DAMAGED for what is no record of this node. */
enum err consensus_recover(struct consensus *c, struct bytes record) MUST_USE;

enum consensus_event_kind {
	CONSENSUS_START,       /* Once, first. */
	CONSENSUS_TIMER,       /* update.timer_ms has come; early is harmless */
	CONSENSUS_WORK,	       /* .work changed, or there is more of it */
	CONSENSUS_PROPOSAL,    /* .proposal, checked */
	CONSENSUS_VOTE,	       /* .vote, checked */
	CONSENSUS_CERTIFICATE, /* .certificate, checked */
	CONSENSUS_REQUEST,     /* .request */
	CONSENSUS_BLOCK,       /* .block: an answer to ASK_BLOCK */
	CONSENSUS_PAYLOAD,     /* .payload: an answer to ASK_PAYLOAD */
	CONSENSUS_BUILT,       /* .built: an answer to ASK_BUILD */
	CONSENSUS_IMPORTED,    /* .imported: sync committed up to this block */
	CONSENSUS_SYNCING,     /* .syncing: never vote while importing */
};
#define CONSENSUS_EVENT_KINDS 12

struct block_proposal {
	struct block_header header;
	struct signature signature; /* The leader's, over a PROPOSAL. */
	/* What shows that it may stand on its parent: notarization of the
	 * parent, nullifications of the views between; those that fit. */
	const struct certificate *const *proofs; /* Borrowed. */
	uint32_t proof_count;			 /* <= CONSENSUS_PROOFS_MAX */
};

/* "Send me the certificates you hold on views from `view` on, and your
 * finalization if it is later than that." */
struct certificate_request {
	uint32_t epoch;
	uint64_t view;
};

enum payload_verdict {
	PAYLOAD_VALID,	 /* Held, durable and in order. */
	PAYLOAD_INVALID, /* Provably not: every honest node will say so. */
};

struct consensus_event {
	enum consensus_event_kind kind;
	uint64_t now_ms;  /* Monotonic. */
	uint64_t wall_ms; /* Since 1970; judges the time of blocks only. */
	uint32_t from;	  /* Validator a message came from, or
			     CONSENSUS_OBSERVER for anyone else. */
	union {
		/* An unfinalised batch is held, or block time must reach a
		 * deadline. */
		bool work;
		bool syncing;
		struct block_proposal proposal;
		struct vote vote;
		struct certificate certificate;
		struct certificate_request request;
		struct block_header block;
		struct {
			struct hash digest; /* Of the block. */
			enum payload_verdict verdict;
		} payload;
		struct {
			uint64_t view; /* As asked. */
			bool nothing;  /* Nothing to put in; wait for WORK. */
			uint64_t time_ms;
			struct hash payload; /* Held and durable. */
			struct hash evidence;
			struct hash set_change;
		} built;
		struct {
			struct consensus_root root;
			/* NULL, or the finalization of just this block. */
			const struct certificate *certificate;
		} imported;
	};
};

enum consensus_message_kind {
	MESSAGE_PROPOSAL,
	MESSAGE_VOTE,
	MESSAGE_CERTIFICATE,
	MESSAGE_REQUEST,
};

struct consensus_message {
	enum consensus_message_kind kind;
	uint32_t to;		/* Index, or CONSENSUS_ALL. */
	uint64_t release_after; /* Log position that must be durable. */
	union {
		struct block_proposal proposal;
		struct vote vote;
		const struct certificate *certificate;
		struct certificate_request request;
	};
};

struct consensus_finalised {
	struct block_header header;
	struct hash digest;
	/* Covers this block directly or through a descendant that stands later
	 * in the same list. */
	const struct certificate *certificate;
};

enum consensus_ask_kind {
	/* Fetch what .header's payload, evidence and set change commit to,
	 * make it durable, and say PAYLOAD. Also asked for blocks that are
	 * notarized without this node: they will be needed. */
	ASK_PAYLOAD,
	/* Build on .header (or the root, when the digest is the root's) and
	 * say BUILT. With .may_be_empty, an empty block is wanted too. */
	ASK_BUILD,
	/* Fetch the header with .digest from any peer and say BLOCK. */
	ASK_BLOCK,
};

struct consensus_ask {
	enum consensus_ask_kind kind;
	uint64_t view;	    /* BUILD: to build for. Else: of the block. */
	struct hash digest; /* BUILD: of the parent. Else: of the block. */
	struct block_header header; /* Not for ASK_BLOCK, nor on the root. */
	uint64_t parent_time_ms;    /* BUILD: the new block must be later. */
	bool may_be_empty;
	uint32_t from; /* Who is likely to have it; CONSENSUS_OBSERVER: any. */
};

struct consensus_update {
	/* 1. Append to the sign log, in order; log_position afterwards. */
	const struct bytes *records;
	size_t record_count;
	uint64_t log_position;
	/* 2. Send, each when the log is durable up to its release_after. */
	const struct consensus_message *messages;
	size_t message_count;
	/* 3. Commit, in order, when durable up to finalised_release_after. */
	const struct consensus_finalised *finalised;
	size_t finalised_count;
	uint64_t finalised_release_after;
	/* 4. Asks to the host, answered by events now or later. Repeated when
	 * an answer stays out. */
	const struct consensus_ask *asks;
	size_t ask_count;
	/* 5. When to say TIMER (monotonic ms), or CONSENSUS_NEVER. Replaces
	 * the one before. */
	uint64_t timer_ms;
	/* 6. Evidence against others; store it, gossip it, raise an alert. */
	const struct evidence *evidence;
	size_t evidence_count;

	/* A vote with our key that we never signed: stop the process. */
	bool key_used_elsewhere;
	/* Two certificates contradict each other: more than f misbehaves. */
	bool forked;
	/* A certificate shows that others are far ahead: start sync. */
	bool behind;
	uint64_t behind_view;
	uint64_t behind_height; /* 0: not known. */
};

/* Never fails on what a peer can send: what does not fit is dropped and named
 * by the result, which is for counters only. The update is filled either way.
 *
 * ERR_STALE, ERR_TOO_FAR, ERR_NOT_VALIDATOR, ERR_BAD_BLOCK, ERR_EQUIVOCATION
 *     the message was dropped, or kept as evidence only
 * ERR_NOT_READY  before START */
enum err consensus_step(struct consensus *c, const struct consensus_event *ev,
			struct consensus_update *up) MUST_USE;

/* Is a message worth the check of its signatures? No for repeats, for what is
 * settled, and for what is too far ahead; yes for what contradicts a message
 * that is held. Of a proposal's proofs, ask one by one. */
bool consensus_wants_proposal(const struct consensus *c,
			      const struct block_proposal *p);
bool consensus_wants_vote(const struct consensus *c, const struct vote *v);
bool consensus_wants_certificate(const struct consensus *c,
				 const struct certificate *cert);

/* The one gate before every signature of this node. */
bool consensus_sign_allowed(const struct consensus *c,
			    const struct statement *s);

/* The header of a block this instance holds, or NULL. To walk from a parent to
 * the root: look up `parent` until the digest is the root's. */
const struct block_header *consensus_block(const struct consensus *c,
					   const struct hash *digest);

/* The leader's signature over a block that is held, or NULL when the block
 * came without it. */
const struct signature *consensus_block_signature(const struct consensus *c,
						  const struct hash *digest);

/* A certificate that is held, or NULL. */
const struct certificate *consensus_certificate(const struct consensus *c,
						enum vote_kind kind,
						uint64_t view);

const struct consensus_root *consensus_root(const struct consensus *c);

/* The first view whose records in the sign log could still be needed after a
 * restart, when the block of `durable_view` (at most the root's) is durable
 * with all before it. The newest records always are. */
uint64_t consensus_log_from(const struct consensus *c, uint64_t durable_view);

/* Is a record of this view or a later one, or of a later epoch? A certificate
 * counts as of the view that it leads into. True for what is no record. Needs
 * no instance: for any thread. */
bool consensus_record_reaches(struct bytes record, uint32_t epoch,
			      uint64_t view);

/* No record is longer. */
#define CONSENSUS_RECORD_MAX (1 + CERTIFICATE_BYTES_MAX)

struct consensus_status {
	uint32_t epoch;
	uint64_t view;
	uint32_t leader;
	uint64_t finalised_view;
	uint64_t finalised_height;
	uint64_t delta_ms; /* With back-off. */
	bool working;	   /* Timers run. */
	bool syncing;
	bool may_sign;
	struct voter_set seen; /* Validators heard of in recent views. */
};

void consensus_status(const struct consensus *c, struct consensus_status *out);

#endif
