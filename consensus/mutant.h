/* Deliberate bugs, for the test that shows the simulator finds them.
 *
 * In every real build MUTANT() is false and the wrong branches are gone.
 * tests/sim builds the core once more with CONSENSUS_MUTANTS defined, and
 * picks a bug at run time. */
#ifndef BCAI_CONSENSUS_MUTANT_H
#define BCAI_CONSENSUS_MUTANT_H

#include <stdbool.h>

#define MUTANTS(X)                                                             \
	X(NONE, "none")                                                        \
	X(QUORUM_SMALL, "quorum-small")                                        \
	X(FINALIZE_AFTER_NULLIFY, "finalize-after-nullify")                    \
	X(NULLIFY_AFTER_FINALIZE, "nullify-after-finalize")                    \
	X(FORGET_NULLIFY, "forget-nullify")                                    \
	X(RESUME_LAST, "resume-last")                                          \
	X(NOTARIZE_TWICE, "notarize-twice")                                    \
	X(SKIP_PROOFS, "skip-proofs")                                          \
	X(SEND_EARLY, "send-early")                                            \
	X(NO_STANDSTILL, "no-standstill")                                      \
	X(FORGET_HEADER, "forget-header")                                      \
	X(DROP_NOTARIZATION, "drop-notarization")                              \
	X(DEAF, "deaf-to-itself")

enum mutant {
#define MUTANT_ENUM(symbol, name) MUTANT_##symbol,
	MUTANTS(MUTANT_ENUM)
#undef MUTANT_ENUM
};

#ifdef CONSENSUS_MUTANTS
extern enum mutant consensus_mutant;
#define MUTANT(symbol) (consensus_mutant == MUTANT_##symbol)
#else
#define MUTANT(symbol) false
#endif

#endif
