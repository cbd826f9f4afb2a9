/* What validators sign: four kinds of statement with one fixed layout.
 *
 * Signed bytes: domain (16) || genesis hash (32) || epoch (4) || view (8) ||
 * kind (1) || digest (32). The digest of a NULLIFY is all zero. A leader signs
 * its proposal the same way, with the block's digest. */
#ifndef BCAI_CONSENSUS_VOTES_H
#define BCAI_CONSENSUS_VOTES_H

#include "base/bytes.h"
#include "consensus/block.h"
#include "consensus/electorate.h"

/* Numbers are signed and stored. */
enum vote_kind {
	VOTE_PROPOSAL = 1,
	VOTE_NOTARIZE = 2,
	VOTE_NULLIFY = 3,
	VOTE_FINALIZE = 4,
};

const char *vote_kind_name(enum vote_kind kind);

struct statement {
	enum vote_kind kind;
	uint32_t epoch;
	uint64_t view;
	struct hash digest; /* All zero for NULLIFY. */
};

#define STATEMENT_BYTES (16 + 32 + 4 + 8 + 1 + 32)

/* The bytes to sign, or to verify a signature over. */
void statement_bytes(uint8_t out[STATEMENT_BYTES], const struct hash *genesis,
		     const struct statement *s);

/* The other way; for evidence. ERR_PEER_MALFORMED for bytes that no validator
 * of this network would sign. */
enum err statement_parse(struct statement *out, const struct hash *genesis,
			 struct bytes bytes) MUST_USE;

struct vote {
	struct statement what; /* NOTARIZE, NULLIFY or FINALIZE. */
	uint32_t voter;
	struct signature signature;
};

#define VOTE_BYTES (1 + 4 + 8 + 32 + 4 + SIGNATURE_BYTES)

/* kind || epoch || view || digest || voter || signature */
void vote_write(struct writer *w, const struct vote *v);
/* The reader turns bad for an unknown kind, PROPOSAL, or a NULLIFY with a
 * digest. */
void vote_read(struct reader *r, struct vote *v);

/* Is `signature` one of `key` over these bytes? Ed25519 in the node, something
 * cheap in the simulator. */
typedef bool (*verify_fn)(void *context, const struct public_key *key,
			  const void *bytes, size_t size,
			  const struct signature *signature);

/* One signature over one statement by one voter. ERR_NOT_VALIDATOR for an
 * index outside the electorate or another epoch, ERR_BAD_CERTIFICATE for a
 * signature that does not hold. */
enum err statement_verify(const struct statement *s, uint32_t voter,
			  const struct signature *signature,
			  const struct electorate *e,
			  const struct hash *genesis, verify_fn verify,
			  void *context) MUST_USE;

#endif
