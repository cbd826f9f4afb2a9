/* Applies finalised blocks to the state of the network.
 *
 * Holds governance, the nonce window of every account, the state tree over
 * all records, and what the last block was. Pure and deterministic: the same
 * blocks give the same records, results and roots on every node.
 *
 *	ledger_block_begin	the header; what time brings
 *	ledger_apply_tx		each transaction, in the block's order
 *	ledger_block_flush_some	changed records, in slices
 *	ledger_block_end	the rest of them, results, events
 *
 * The host may spread the calls of one block over many turns, and call
 * ledger_work_some between them: each finishes what is left. What an update
 * points to is valid until the next ledger_block_begin. Signatures are the
 * caller's: nothing here checks one. Rules: doc/spec/ledger.md. */
#ifndef BCAI_LEDGER_LEDGER_H
#define BCAI_LEDGER_LEDGER_H

#include "governance/governance.h"
#include "ledger/checkpoint.h"
#include "ledger/genesis.h"
#include "ledger/statetree.h"
#include "ledger/tx.h"

struct ledger;

/* Takes records for storage; key and value are lent for the call. */
struct ledger_sink {
	void (*put)(void *context, struct bytes key, struct bytes value);
	void *context;
};

/* The state of height 0: every account of the genesis. All its records go to
 * the sink. ERR_GENESIS, with which account; *out is NULL then. */
enum err ledger_new(struct ledger **out, const struct genesis *genesis,
		    const struct ledger_sink *sink,
		    struct err_text *text) MUST_USE;

/* Or from stored records: open, load each one in ascending order of keys,
 * finish. Of the genesis only the head is used (see genesis_read_head).
 * ERR_DATA_DAMAGED: not a record, out of order, missing, or contradicting
 * another; the ledger may then only be freed. */
struct ledger *ledger_open(const struct hash *genesis_hash,
			   const struct genesis *head);
enum err ledger_load(struct ledger *l, struct bytes key, struct bytes value,
		     struct err_text *text) MUST_USE;
enum err ledger_load_finish(struct ledger *l, struct err_text *text) MUST_USE;

/* Free and null. */
void ledger_free(struct ledger **l);

/* ---- Admission ---- */

/* Would a block apply this transaction now? Everything but the signature.
 * `now_ms` is the node's clock: it bounds the validity, and the later of it
 * and the last block's time decides expiry. `account` (may be NULL) gets the
 * signer's index when the error is none of the first four.
 *
 * In this order: ERR_EXPIRED, ERR_VALIDITY_TOO_LONG, ERR_UNKNOWN_ACCOUNT,
 * ERR_REPLAY or ERR_NONCE_TOO_FAR, then those of governance_check. */
enum err ledger_admit(const struct ledger *l, uint32_t *account,
		      const struct tx *tx, uint64_t now_ms,
		      struct err_text *text) MUST_USE;

/* ---- Blocks ---- */

/* What the ledger keeps of a header. */
struct ledger_block {
	uint64_t height;
	uint64_t view;
	uint32_t epoch;
	uint64_t time_ms;
	struct hash digest;
};

/* Where a transaction stands in its block. */
struct tx_place {
	uint32_t batch; /* of the block's list */
	uint32_t index; /* within the batch */
};

/* One transaction that took effect: its nonce is used. */
struct ledger_result {
	struct hash id;
	uint32_t account;
	uint64_t nonce;
	enum err code;	   /* ERR_OK, or the rule it failed */
	uint32_t proposal; /* created or acted upon; 0 for votes, failures */
	struct tx_place place;
	size_t event_begin; /* events of the block before it; not stored */
};

struct ledger_update {
	struct ledger_block block;
	const struct ledger_result *results;
	size_t result_count;
	struct hash results_root;
	const struct governance_event *events;
	size_t event_count;
	bool checkpoint_due; /* see ledger_checkpoint */
};

/* The height is one above the last, the time not before it: consensus saw to
 * that, and it is asserted. Computes the root of a checkpoint that is due and
 * was not asked for. */
void ledger_block_begin(struct ledger *l, const struct ledger_block *block);

/* Go on, for about `budget` steps of some microseconds, with what the block's
 * begin or its last transaction has left to do; true when nothing is left. */
bool ledger_work_some(struct ledger *l, uint32_t budget);

/* Apply one transaction. ERR_OK: it used its nonce, and `code` (may be NULL)
 * is its result; when that is not ERR_OK nothing but the nonce changed. Any
 * other return is a transaction without effect or result, which leaves no
 * trace in the block: ERR_EXPIRED (by block time), ERR_UNKNOWN_ACCOUNT,
 * ERR_REPLAY, ERR_NONCE_TOO_FAR. */
enum err ledger_apply_tx(struct ledger *l, enum err *code, const struct tx *tx,
			 struct tx_place place, struct err_text *text) MUST_USE;

/* Emit up to about `budget` of the changed records; true when only the last of
 * them are left, for ledger_block_end. Behind the last transaction, as often
 * as the host likes, or never. */
bool ledger_block_flush_some(struct ledger *l, const struct ledger_sink *sink,
			     uint32_t budget);

/* Emit each changed record once and tell what happened. Storing all of it
 * with the block in one write keeps state and height together. */
void ledger_block_end(struct ledger *l, struct ledger_update *up,
		      const struct ledger_sink *sink);

/* A result's leaf: H("bcai-gov/result/1", tx id || code u32). */
void ledger_result_leaf(struct hash *out, const struct hash *tx, enum err code);

/* ---- State root and checkpoints ---- */

/* Work towards the root in slices of `budget` hashes (0.5 us each); true when
 * nothing is left to do. Not between block_begin and block_end. */
bool ledger_root_some(struct ledger *l, uint32_t budget);
/* The root after the last block. */
void ledger_root(struct ledger *l, struct hash *out);
bool ledger_is_in_block(const struct ledger *l);

bool ledger_checkpoint_is_due(const struct ledger *l);
/* The checkpoint that the last blocks made due, once; false when there is
 * none. Finishes the root. */
bool ledger_checkpoint(struct ledger *l, struct checkpoint *out);

/* Prove a record, or that there is none, under the current root. */
enum err ledger_prove(struct ledger *l, struct statetree_proof *out,
		      struct arena *arena, struct bytes key) MUST_USE;

/* ---- Queries ---- */

const struct hash *ledger_genesis_hash(const struct ledger *l);
/* Before the first block: height 0, with the digest of block_genesis. */
const struct ledger_block *ledger_last_block(const struct ledger *l);
const struct governance *ledger_governance(const struct ledger *l);
const struct network_params *ledger_params(const struct ledger *l);
/* The window of an account that exists; base is its next free nonce. */
struct nonce_window ledger_nonces(const struct ledger *l, uint32_t account);
/* Height of the last checkpoint; 0 before the first. */
uint64_t ledger_checkpoint_height(const struct ledger *l);
/* Results recorded since height 0. */
uint64_t ledger_result_count(const struct ledger *l);
/* Bytes held by tree and windows, without governance. */
size_t ledger_memory(const struct ledger *l);

/* Keys of the ledger's own records. */
#define LEDGER_KEY_BYTES 5u
size_t ledger_key_nonces(uint8_t out[LEDGER_KEY_BYTES], uint32_t account);
size_t ledger_key_globals(uint8_t out[LEDGER_KEY_BYTES]);

#endif
