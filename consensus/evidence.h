/* Proof that a validator broke the rules: two byte strings it signed, and
 * nothing else - no local time, no opinion. (Of an invalid batch the second
 * string is what the first is a digest of: ledger/batch_fault.h.)
 *
 * Its identity is (signer, epoch, view, kind); a second piece with the same
 * identity says nothing new. The two strings are ordered, so that two nodes
 * that saw the same messages write the same bytes. */
#ifndef BCAI_CONSENSUS_EVIDENCE_H
#define BCAI_CONSENSUS_EVIDENCE_H

#include "consensus/votes.h"

/* Numbers are stored and hashed. */
enum evidence_kind {
	EVIDENCE_TWO_PROPOSALS = 1,
	EVIDENCE_TWO_NOTARIZE = 2,
	EVIDENCE_TWO_FINALIZE = 3,
	EVIDENCE_NULLIFY_FINALIZE = 4,
	EVIDENCE_INVALID_BATCH = 5,
};
#define EVIDENCE_KINDS 5

const char *evidence_kind_name(enum evidence_kind kind);

#define EVIDENCE_SIGNED_MAX (LIMIT_TX_BYTES + 4096u)

struct evidence {
	enum evidence_kind kind;
	uint32_t epoch;
	uint64_t view; /* Of a batch: its sequence. */
	uint32_t signer;
	struct bytes first; /* Borrowed; what was signed. */
	struct bytes second;
	struct signature first_signature;
	struct signature second_signature;
};

#define EVIDENCE_ID_BYTES (4 + 4 + 8 + 1)

/* (signer, epoch, view, kind), fit for a storage key. */
void evidence_id(uint8_t out[EVIDENCE_ID_BYTES], const struct evidence *e);

void evidence_write(struct writer *w, const struct evidence *e);
/* The strings point into the reader's bytes. The reader turns bad for an
 * unknown kind, a string above EVIDENCE_SIGNED_MAX, or missing bytes. */
void evidence_read(struct reader *r, struct evidence *e);

/* Two statements of one signer and view, if they contradict each other. */
bool evidence_conflict(const struct statement *a, const struct statement *b,
		       enum evidence_kind *kind);

struct evidence_checks {
	verify_fn verify;
	/* Judges EVIDENCE_INVALID_BATCH: the host knows batches. NULL: such
	 * evidence is refused. */
	bool (*batch_is_invalid)(void *context, const struct evidence *e);
	void *context;
};

/* ERR_OK: it proves what it says.
 * ERR_NOT_VALIDATOR  another epoch, or no such signer
 * ERR_BAD_EVIDENCE   the strings do not contradict each other, are not what
 *                    the identity says, are out of order, or a signature does
 *                    not hold */
enum err evidence_verify(const struct evidence *e,
			 const struct electorate *voters,
			 const struct hash *genesis,
			 const struct evidence_checks *checks) MUST_USE;

#endif
