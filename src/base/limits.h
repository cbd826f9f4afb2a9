/* Every bound of the network in one place, with the arithmetic they promise.
 *
 * A bound that two nodes must agree on (sizes of what is signed, hashed or
 * put in a block) is part of the protocol: changing one needs a new version
 * of the network. The others are local. */
#ifndef BCAI_BASE_LIMITS_H
#define BCAI_BASE_LIMITS_H

#include <stdint.h>

/* The version of the protocol that this program speaks. A proposal may name
 * the one that will be needed (doc/spec/governance.md, 11). */
#define PROTOCOL_VERSION 1u

/* Protocol. */
#define LIMIT_VALIDATORS	 128u
#define LIMIT_ACCOUNTS		 (1u << 24)
#define LIMIT_STAKE_TOTAL	 (UINT64_C(1) << 56) /* micro-tokens */
#define LIMIT_REPUTATION_TOTAL	 (UINT64_C(1) << 40) /* milli-points */
#define LIMIT_VALIDATOR_WEIGHT	 (UINT64_C(1) << 32) /* of one validator */
#define LIMIT_PROPOSALS_OPEN	 1024u
#define LIMIT_DRAFTS_PER_ACCOUNT 3u
#define LIMIT_TITLE_BYTES	 200u
#define LIMIT_DESCRIPTION_BYTES	 (16u * 1024u)
#define LIMIT_REASON_BYTES	 1024u
#define LIMIT_ACTIONS		 16u
#define LIMIT_CALL_BYTES	 (8u * 1024u)
#define LIMIT_ACTION_TEXT_BYTES	 1024u
#define LIMIT_COUNCIL		 32u
#define LIMIT_TX_BYTES		 (64u * 1024u)
#define LIMIT_TX_BALLOTS	 128u
#define LIMIT_BALLOT_CHANGES	 16u
#define LIMIT_DELEGATIONS	 16u /* of one account at a time */
#define LIMIT_DELEGATION_DEPTH	 16u /* hops */
#define LIMIT_BATCH_BYTES	 (512u * 1024u)
#define LIMIT_BATCH_TXS		 4096u
#define LIMIT_BLOCK_BATCHES	 512u
#define LIMIT_NONCE_WINDOW	 64u
#define LIMIT_CHAIN_ID_BYTES	 64u
#define LIMIT_VALIDITY_MS	 (UINT64_C(24) * 3600 * 1000)

/* Local. */
#define LIMIT_MESSAGE_BYTES  (1024u * 1024u) /* one frame between nodes */
#define LIMIT_RPC_LINE_BYTES (1024u * 1024u)
#define LIMIT_DECODE_BYTES   (256u * 1024u) /* or 4 x the message */

/* wT*sum(T)*R_tot + wR*sum(R)*T_tot, times 10^4 basis points, must fit in 128
 * bits: 2^7 (weights of at most 100) * 2 * 2^56 * 2^40 * 2^14 = 2^118. */
_Static_assert(LIMIT_STAKE_TOTAL <= UINT64_C(1) << 56, "tally arithmetic");
_Static_assert(LIMIT_REPUTATION_TOTAL <= UINT64_C(1) << 40, "tally arithmetic");
/* T * 2^40 under the root must fit in 128 bits: 2^96. */
_Static_assert(LIMIT_BLOCK_BATCHES * 64u <= LIMIT_MESSAGE_BYTES,
	       "a proposal with its batch references fits in one message");
_Static_assert(LIMIT_BATCH_BYTES < LIMIT_MESSAGE_BYTES,
	       "a batch fits in one message");

#endif
