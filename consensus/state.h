/* What an instance knows, and how its parts call each other. Internal to
 * consensus/.
 *
 *   receive.c  what comes in: proposals, votes, certificates, requests
 *   rules.c    what follows from it: rules 1 to 7
 *   timers.c   what follows from time: rules 5, 8, 9, idle
 *   sign.c     the one gate and everything that passes it
 *   recover.c  records of the sign log
 *   output.c   the update under construction */
#ifndef BCAI_CONSENSUS_STATE_H
#define BCAI_CONSENSUS_STATE_H

#include "consensus/consensus.h"
#include "consensus/mutant.h"
#include "consensus/views.h"

#define MESSAGES_MAX  128u
#define ASKS_MAX      64u
#define RECORDS_MAX   24u
#define PROPOSALS_MAX 4u /* Sent in one step. */

/* A leader silent for so many views is passed over at once. */
#define SKIP_VIEWS 5u

enum build_state {
	BUILD_NONE,
	BUILD_ASKED,
	BUILD_NOTHING, /* The host had nothing; wait for more work. */
};

struct output {
	uint8_t *log; /* Owned. */
	size_t log_capacity;
	size_t log_size;
	struct bytes records[RECORDS_MAX];
	size_t record_count;
	struct consensus_message messages[MESSAGES_MAX];
	size_t message_count;
	const struct certificate *proofs[PROPOSALS_MAX][CONSENSUS_PROOFS_MAX];
	size_t proposal_count;
	struct consensus_finalised *finalised; /* Owned; window of them. */
	size_t finalised_count;
	struct consensus_ask asks[ASKS_MAX];
	size_t ask_count;
	struct evidence evidence[CONSENSUS_EVIDENCE_MAX];
	uint8_t statements[CONSENSUS_EVIDENCE_MAX][2][STATEMENT_BYTES];
	size_t evidence_count;
	bool unfinished; /* Stopped for want of room: go on at once. */
};

struct consensus {
	struct consensus_config config;
	struct electorate voters;
	struct views views;
	struct consensus_root root;
	bool has_root_certificate;
	struct certificate root_certificate;
	struct signature root_signatures[VOTERS_MAX];

	uint64_t view;	       /* Current. */
	uint64_t entry_view;   /* View whose certificate led here; 0: none. */
	uint64_t final_view;   /* Highest finalization held. */
	uint64_t far_view;     /* Highest certificate beyond the window. */
	uint64_t stalled_view; /* Finalization whose blocks stay out. */

	bool started;
	bool syncing;
	bool stopped; /* Signs no more: the key is used elsewhere. */
	bool forked;
	uint64_t resume_view;  /* Nothing below it is signed. */
	uint64_t unkept_view;  /* Nothing up to it is signed. */
	uint64_t record_view;  /* Highest in the sign log. */
	uint64_t log_position; /* Records in the sign log. */

	uint64_t now_ms;
	uint64_t wall_ms;
	uint64_t clock_ms;	/* When this view's timers began, or NEVER. */
	uint64_t resend_ms;	/* Next, or NEVER. */
	uint64_t standstill_ms; /* Next, or NEVER. */
	uint64_t finalised_ms;	/* Last time the root moved. */
	uint64_t block_ms;	/* When the newest proposal came. */
	uint64_t recheck_ms;	/* A block from the future becomes good. */
	uint32_t resends;
	bool host_work;
	enum build_state build;
	bool build_may_be_empty; /* As last asked. */
	uint64_t seen[VOTERS_MAX];
	uint64_t answered_ms[VOTERS_MAX];

	struct output out;
};

/* output.c */
void output_init(struct consensus *c);
void output_fini(struct consensus *c);
void output_begin(struct consensus *c);
void output_end(struct consensus *c, struct consensus_update *up);
/* Enough for whatever one more view can cause? */
bool output_has_room(const struct consensus *c);
void output_record(struct consensus *c, const void *data, size_t size);
void output_vote(struct consensus *c, uint32_t to, const struct vote *vote);
void output_certificate(struct consensus *c, uint32_t to,
			const struct certificate *certificate);
void output_request(struct consensus *c, uint32_t to, uint64_t view);
void output_proposal(struct consensus *c, const struct held_block *block);
void output_finalised(struct consensus *c, const struct held_block *block,
		      const struct certificate *certificate);
void output_ask_payload(struct consensus *c, struct held_block *block);
void output_ask_block(struct consensus *c, uint64_t view,
		      const struct hash *digest);
void output_ask_build(struct consensus *c, const struct hash *parent,
		      const struct held_block *block);
/* Two statements by `signer` in this slot's view. */
void output_evidence(struct consensus *c, struct slot *s, uint32_t signer,
		     const struct statement what[2],
		     const struct signature signatures[2]);

/* sign.c: each does nothing when the gate refuses, and says whether it
 * signed. */
bool sign_proposal(struct consensus *c, struct slot *s,
		   const struct block_header *header);
bool sign_notarize(struct consensus *c, struct slot *s,
		   struct held_block *block);
bool sign_nullify(struct consensus *c, uint64_t view);
bool sign_finalize(struct consensus *c, struct slot *s);

/* recover.c */
void record_vote(struct consensus *c, const struct vote *vote,
		 const struct held_block *block);
void record_certificate(struct consensus *c,
			const struct certificate *certificate);

/* receive.c */
enum err receive_proposal(struct consensus *c,
			  const struct consensus_event *ev);
enum err receive_vote(struct consensus *c, const struct vote *vote);
enum err receive_certificate(struct consensus *c,
			     const struct certificate *certificate);
enum err receive_request(struct consensus *c, const struct consensus_event *ev);
enum err receive_block(struct consensus *c, const struct block_header *header);
void receive_seen(struct consensus *c, uint32_t voter, uint64_t view);

/* rules.c */
/* Draw every conclusion from what is known, until nothing changes. */
void rules_settle(struct consensus *c);
/* A vote of this statement was recorded: certify it when it has its quorum. */
void rules_count(struct consensus *c, struct slot *s,
		 const struct statement *what);
bool rules_drops(const struct consensus *c, const struct slot *s,
		 const struct statement *what);
/* A certificate is newly held. */
void rules_certified(struct consensus *c, struct slot *s, enum vote_kind kind);
/* This block must be had. */
void rules_want_block(struct consensus *c, uint64_t view,
		      const struct hash *digest);
/* What the notarized block of this view commits to will be needed. */
void rules_want_payload(struct consensus *c, struct slot *s);
/* The parent to build on in the current view. */
bool rules_find_parent(const struct consensus *c, uint64_t *view,
		       struct hash *digest);
/* NULLIFY the current view unless it is signed or not allowed. */
void rules_nullify(struct consensus *c);
/* The same on a sign other than a timeout; back-off holds it up. */
void rules_nullify_at_once(struct consensus *c);
void rules_set_root(struct consensus *c, const struct consensus_root *root,
		    const struct certificate *certificate);

/* timers.c */
uint64_t timers_delta(const struct consensus *c);
bool timers_heartbeat_due(const struct consensus *c);
/* May the leader of the current view propose an empty block? */
bool timers_empty_allowed(const struct consensus *c);
/* Somebody, or this node, said NULLIFY in the current view. */
bool timers_nullify_heard(const struct consensus *c);
void timers_run(struct consensus *c);
uint64_t timers_next(const struct consensus *c);
/* Send all that others may lack, and ask for what this node may. */
void timers_rebroadcast(struct consensus *c);

#endif
