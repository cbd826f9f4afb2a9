/* The window of views around the last finalised one: what was proposed, who
 * voted what, which certificates are held.
 *
 * A ring of slots, one a view, from a quarter of the window below the root
 * (so that late contradictions are still seen) to three quarters above it. It
 * counts; it decides nothing. Internal to consensus/. */
#ifndef BCAI_CONSENSUS_VIEWS_H
#define BCAI_CONSENSUS_VIEWS_H

#include "consensus/consensus.h"

/* NOTARIZE, NULLIFY and FINALIZE as an index. */
#define VOTE_KINDS	 3
#define VOTE_INDEX(kind) ((unsigned int)(kind)-VOTE_NOTARIZE)

enum payload_state {
	PAYLOAD_UNASKED,
	PAYLOAD_ASKED,
	PAYLOAD_GOOD,
	PAYLOAD_BAD,
};

struct held_block {
	bool held;
	bool is_signed; /* `signature` is the leader's. */
	enum payload_state payload;
	struct block_header header;
	struct hash digest;
	struct signature signature;
};

struct slot {
	bool used;
	uint64_t view;
	/* [0] the leader's first proposal; [1] the block that was certified
	 * or is an ancestor of one that was, when it is another. */
	struct held_block blocks[2];
	bool wants; /* Block `wanted` must be had. */
	bool asked_proofs;
	struct hash wanted;
	bool has[VOTE_KINDS]; /* Certificates. */
	struct certificate certificates[VOTE_KINDS];
	/* Arrays by voter, owned by struct views. */
	uint8_t *voted;	  /* Bit by VOTE_INDEX. */
	uint8_t *accused; /* Bit by evidence kind: raised already. */
	struct hash *notarized;
	struct hash *finalized;
	struct signature *signatures[VOTE_KINDS];
	struct signature *certified[VOTE_KINDS]; /* Of the certificates. */
};

struct views {
	const struct electorate *voters; /* Borrowed. */
	uint32_t window;
	uint64_t low;	/* First view kept. */
	uint64_t limit; /* First view too far. */
	struct slot *slots;
	void *memory; /* Owned; behind all pointers of the slots. */
};

void views_init(struct views *v, const struct electorate *voters,
		uint32_t window, uint64_t root_view);
void views_fini(struct views *v);
/* The root moved on. Slots that fall out are forgotten when reused. */
void views_advance(struct views *v, uint64_t root_view);

/* The slot of a view, made empty at its first use; NULL outside the window. */
struct slot *views_slot(struct views *v, uint64_t view);
/* The same without making it: NULL when nothing is known of the view. */
const struct slot *views_peek(const struct views *v, uint64_t view);

/* What a voter's recorded vote of this kind said; false when there is none. */
bool slot_vote(const struct slot *s, uint32_t voter, enum vote_kind kind,
	       struct statement *out, struct signature *signature);
bool slot_has_voted(const struct slot *s, uint32_t voter, enum vote_kind kind);
/* Record a first vote of this kind. */
void slot_record(struct slot *s, const struct vote *vote);

/* Weight of the recorded votes that say exactly this; and who they are. */
uint64_t views_weight(const struct views *v, const struct slot *s,
		      const struct statement *what, struct voter_set *who);

/* Keep a copy of a certificate; the slot holds none of this kind. */
void slot_certify(struct slot *s, const struct certificate *certificate);
/* Make the certificate of recorded votes by `who` and keep it. */
void slot_certify_votes(struct slot *s, const struct statement *what,
			const struct voter_set *who);
const struct certificate *slot_certificate(const struct slot *s,
					   enum vote_kind kind);
/* The digest that a notarization or a finalization of this view names. */
const struct hash *slot_notarized(const struct slot *s);

/* The block with this digest, or NULL. */
struct held_block *slot_block(struct slot *s, const struct hash *digest);
const struct held_block *views_block(const struct views *v, uint64_t view,
				     const struct hash *digest);

#endif
