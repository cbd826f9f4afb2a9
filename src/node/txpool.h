/* Transactions this node took in and has not seen final yet.
 *
 * A transaction is admitted in this order: size and encoding, known already,
 * the ledger's rules (expiry, account, nonce, governance), rates, and last its
 * signature, in a worker. Then it is ready to be sealed into a batch, or, on
 * an observer, to be forwarded. It stays here until a final block has decided
 * it, so that whoever waits gets an answer and a lost forward is repeated.
 *
 * Bounded by bytes; by QUOTA_POOLED an account; and of those signed well there
 * is one an account and nonce, for only one of them can take effect. No I/O:
 * the node seals, forwards and answers. */
#ifndef BCAI_NODE_TXPOOL_H
#define BCAI_NODE_TXPOOL_H

#include "base/bucket.h"
#include "consensus/electorate.h"
#include "ledger/tx.h"
#include "node/workers.h"

#include <stdint.h>

struct txpool;

/* How a wait ended. */
struct txpool_outcome {
	struct hash id;	  /* zero when it could not be decoded */
	enum err refused; /* ERR_OK: accepted, or final with what follows */
	uint32_t retry_after_ms;
	const char *text; /* borrowed; NULL for none */
	uint64_t height;  /* 0: accepted, not final */
	uint32_t index;
	uint32_t code;
	uint32_t proposal;
};

/* An observer's forwarding of one transaction. */
struct tx_refusal {
	uint32_t voter;
	enum err code;
};

struct tx_way {
	uint32_t at;		     /* the validator that has it now */
	struct voter_set tried;	     /* in this round */
	struct tx_refusal *refusals; /* owned; one a validator */
	uint32_t refusal_count;
};

struct txpool_config {
	struct workers *workers; /* borrowed */
	struct hash genesis;
	size_t bytes_max;
	uint64_t account_rate; /* transactions a second, and at once; 0: any */
	uint64_t source_rate;  /* the same for one connection */
	void *context;
	/* While it says so, rates do not count. */
	bool (*is_syncing)(void *context);
	/* All checks but the signature, against the latest state. */
	enum err (*admit)(void *context, const struct tx *tx,
			  struct err_text *text);
	/* A transaction that is final already: fill the outcome, or false; also
	 * when nobody behind the ticket would read it. */
	bool (*find_final)(void *context, uint64_t ticket,
			   const struct hash *id, struct txpool_outcome *out);
	/* Once a ticket. */
	void (*answer)(void *context, uint64_t ticket,
		       const struct txpool_outcome *outcome);
	/* Something became ready; called from the loop. */
	void (*ready)(void *context);
};

struct txpool *txpool_new(const struct txpool_config *config);
/* Outstanding tickets are answered with ERR_SHUTTING_DOWN. The workers must
 * have finished. */
void txpool_free(struct txpool **pool);

/* Take a SignedTx (copied) from one connection (NULL: from nobody who is
 * limited). The ticket is answered when it is refused, accepted (if
 * `until_final` is false) or final; it may be answered before this returns.
 * Ticket 0: nobody waits. */
void txpool_submit(struct txpool *pool, struct bytes raw, bool until_final,
		   uint64_t ticket, struct bucket *source);
/* Hand what was submitted since the last call to the workers; once a turn of
 * the loop. */
void txpool_flush(struct txpool *pool);

/* Verified and not sealed. */
size_t txpool_ready_count(const struct txpool *pool);
size_t txpool_ready_bytes(const struct txpool *pool);
/* When the oldest of them became ready; 0 when there is none. */
uint64_t txpool_ready_since_ms(const struct txpool *pool);
/* Lend the oldest ready one, in the shape batch_add takes (id, signature and
 * raw only); NULL when there is none. */
const struct tx *txpool_peek(const struct txpool *pool);
/* It was sealed into that batch of this node, or forwarded (`batch` is 0). */
void txpool_pop(struct txpool *pool, uint64_t batch, uint64_t now_ms);
/* Batches up to this one are durable: what is in them outlasts this process,
 * and only now is it said to be accepted. What was forwarded is said to be so
 * when it is final: until then it may be in no more than memory. */
void txpool_kept(struct txpool *pool, uint64_t batch);
/* A transaction and its way; NULL when it is not in the pool. Both borrowed
 * until it leaves the pool. */
const struct tx *txpool_find(const struct txpool *pool, const struct hash *id,
			     struct tx_way **way);
/* Visit those popped before `before_ms`; each visited counts as popped now. */
void txpool_stale(struct txpool *pool, uint64_t before_ms, uint64_t now_ms,
		  void (*visit)(void *context, const struct tx *tx),
		  void *context);

/* A final block decided it, or a validator refused it: answer and forget.
 * Nothing happens when it is not in the pool. */
void txpool_decided(struct txpool *pool, const struct txpool_outcome *outcome);
/* Answer and forget what expired before `block_time_ms`. */
void txpool_expire(struct txpool *pool, uint64_t block_time_ms);

size_t txpool_count(const struct txpool *pool);
size_t txpool_bytes(const struct txpool *pool);

#endif
