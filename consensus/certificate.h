/* A quorum's signatures over one statement: a notarization, a nullification
 * or a finalization.
 *
 * Encoding: kind (1) || epoch (4) || view (8) || digest (32) || voters
 * (16, a bit each) || one signature (64) for each set bit, in order. */
#ifndef BCAI_CONSENSUS_CERTIFICATE_H
#define BCAI_CONSENSUS_CERTIFICATE_H

#include "consensus/votes.h"

struct certificate {
	struct statement what; /* NOTARIZE, NULLIFY or FINALIZE. */
	struct voter_set voters;
	uint32_t count;			    /* Set bits. */
	const struct signature *signatures; /* Borrowed; `count` of them. */
};

#define CERTIFICATE_HEAD_BYTES (1 + 4 + 8 + 32 + VOTER_SET_BYTES)
#define CERTIFICATE_BYTES_MAX                                                  \
	(CERTIFICATE_HEAD_BYTES + VOTERS_MAX * SIGNATURE_BYTES)

size_t certificate_size(const struct certificate *c);
void certificate_write(struct writer *w, const struct certificate *c);
/* The signatures point into the reader's bytes. The reader turns bad for an
 * unknown kind, for PROPOSAL, for a nullification with a digest, and when
 * bytes are missing; it may go on after the certificate. */
void certificate_read(struct reader *r, struct certificate *c);

/* The cheap part: this epoch, voters of this electorate, enough weight.
 * ERR_BAD_CERTIFICATE otherwise. */
enum err certificate_check(const struct certificate *c,
			   const struct electorate *e) MUST_USE;

/* certificate_check() and every signature. ERR_BAD_CERTIFICATE otherwise. */
enum err certificate_verify(const struct certificate *c,
			    const struct electorate *e,
			    const struct hash *genesis, verify_fn verify,
			    void *context) MUST_USE;

bool certificate_same(const struct certificate *a, const struct certificate *b);

#endif
