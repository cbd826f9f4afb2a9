/* Checkpoints: what a quorum says the state and the outcomes are.
 *
 * Consensus orders transactions; it does not say what came of them. A
 * checkpoint does: state root after a height, and the root of all results
 * since the checkpoint before. Each validator signs its own with its node key;
 * more than two thirds of the weight make a certificate.
 *
 *   record  u32 epoch  u64 height  u64 previous  u64 time_ms  block digest
 *           state root  outcome root
 *   digest  H("bcai-gov/checkpoint/1", genesis hash || record)
 *   signed  "bcai-gov/checkpoint-sign/1" || digest
 *
 * The outcome root is the Merkle root, over the blocks in (previous, height]
 * that hold results, of H("bcai-gov/outcome/1", height u64 || results root). */
#ifndef BCAI_LEDGER_CHECKPOINT_H
#define BCAI_LEDGER_CHECKPOINT_H

#include "consensus/votes.h"

struct checkpoint {
	uint32_t epoch;
	uint64_t height;
	uint64_t previous; /* height of the checkpoint before; 0: none */
	uint64_t time_ms;  /* of the block */
	struct hash block;
	struct hash state_root;
	struct hash outcome_root;
};

#define CHECKPOINT_BYTES      (4 + 8 + 8 + 8 + 3 * HASH_BYTES)
#define CHECKPOINT_SIGN_BYTES (26 + HASH_BYTES)

void checkpoint_write(struct writer *w, const struct checkpoint *c);
/* The reader turns bad when bytes are missing. */
void checkpoint_read(struct reader *r, struct checkpoint *c);
void checkpoint_digest(struct hash *out, const struct hash *genesis,
		       const struct checkpoint *c);
void checkpoint_sign_bytes(uint8_t out[CHECKPOINT_SIGN_BYTES],
			   const struct hash *digest);
void outcome_leaf(struct hash *out, uint64_t height,
		  const struct hash *results_root);

/* One validator's word on the checkpoint of a height.
 * epoch u32, height u64, digest, voter u32, signature. */
struct checkpoint_vote {
	uint32_t epoch;
	uint64_t height;
	struct hash digest;
	uint32_t voter;
	struct signature signature;
};

#define CHECKPOINT_VOTE_BYTES (4 + 8 + HASH_BYTES + 4 + SIGNATURE_BYTES)
void checkpoint_vote_write(struct writer *w, const struct checkpoint_vote *v);
void checkpoint_vote_read(struct reader *r, struct checkpoint_vote *v);
void checkpoint_vote_sign(struct checkpoint_vote *out,
			  const struct secret_key *key, uint32_t voter,
			  const struct hash *genesis,
			  const struct checkpoint *c);
/* ERR_NOT_VALIDATOR (index or epoch), ERR_BAD_SIGNATURE. */
enum err checkpoint_vote_verify(const struct checkpoint_vote *v,
				const struct electorate *e, verify_fn verify,
				void *context) MUST_USE;

/* The votes on the checkpoint of one height, until a quorum agrees. */
struct checkpoint_votes {
	uint64_t height;
	struct voter_set voted;
	struct hash digest[VOTERS_MAX];
	struct signature signature[VOTERS_MAX];
	bool has_own;
	struct checkpoint own; /* what this node computed */
	struct hash own_digest;
};

enum checkpoint_status {
	CHECKPOINT_OPEN = 0,	  /* no quorum yet, or no own record yet */
	CHECKPOINT_CERTIFIED = 1, /* a quorum signed this node's own */
	CHECKPOINT_DIVERGED = 2,  /* a quorum signed another one */
};

void checkpoint_votes_init(struct checkpoint_votes *v, uint64_t height);
/* A verified vote. A repeat is ERR_OK; another digest by the same voter is
 * ERR_EQUIVOCATION and the first one stands; another height is ERR_STALE. */
enum err checkpoint_votes_add(struct checkpoint_votes *v,
			      const struct checkpoint_vote *vote) MUST_USE;
/* What this node computed for the height. */
void checkpoint_votes_set_own(struct checkpoint_votes *v,
			      const struct hash *genesis,
			      const struct checkpoint *own);
enum checkpoint_status checkpoint_votes_status(const struct checkpoint_votes *v,
					       const struct electorate *e);

/* record, voters (16, a bit each), one signature for each bit set. */
struct checkpoint_certificate {
	struct checkpoint checkpoint;
	struct voter_set voters;
	uint32_t count;
	const struct signature *signatures; /* Borrowed; `count` of them. */
};

#define CHECKPOINT_CERTIFICATE_BYTES_MAX                                       \
	(CHECKPOINT_BYTES + VOTER_SET_BYTES + VOTERS_MAX * SIGNATURE_BYTES)

/* The certificate of a certified tally. The signatures go to the caller's
 * array of VOTERS_MAX. */
void checkpoint_votes_certificate(struct checkpoint_certificate *out,
				  struct signature *signatures,
				  const struct checkpoint_votes *v);
size_t checkpoint_certificate_size(const struct checkpoint_certificate *c);
void checkpoint_certificate_write(struct writer *w,
				  const struct checkpoint_certificate *c);
/* The signatures point into the reader's bytes. */
void checkpoint_certificate_read(struct reader *r,
				 struct checkpoint_certificate *c);
/* Epoch, voters, weight and every signature; ERR_BAD_CERTIFICATE. */
enum err checkpoint_certificate_verify(const struct checkpoint_certificate *c,
				       const struct electorate *e,
				       const struct hash *genesis,
				       verify_fn verify,
				       void *context) MUST_USE;

#endif
