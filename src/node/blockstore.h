/* Where the node keeps blocks and what belongs to them in the store.
 *
 *	h height(8)                     block: ledger/stored.h
 *	f height(8)                     finalization of just that block
 *	b origin(4) sequence(8) digest(32)  batch
 *	p origin sequence digest        the batch is here; empty
 *	u origin sequence digest        the batch is not final yet; empty
 *	t id(16)                        height(8) index(4)
 *	c view(8) digest(32)            block not final yet: header, payload
 *	k height(8)                     checkpoint certificate
 *	e evidence id                   evidence
 *	v height(8)                     what changed in that block
 *	s key                           record of the state
 *
 * Integers are big-endian, so that scans go upwards. This module knows keys;
 * values are encoded by their own modules. */
#ifndef BCAI_NODE_BLOCKSTORE_H
#define BCAI_NODE_BLOCKSTORE_H

#include "consensus/evidence.h"
#include "ledger/batch.h"
#include "ledger/stored.h"
#include "storage/store.h"

#define BLOCKSTORE_KEY_BYTES 48

struct store_key {
	uint8_t data[BLOCKSTORE_KEY_BYTES];
	size_t size;
};

struct store_key key_block(uint64_t height);
struct store_key key_finalization(uint64_t height);
struct store_key key_batch(const struct batch_ref *ref);
/* All batches of an origin start with it. */
struct store_key key_batches_of(uint32_t origin);
struct store_key key_unfinished(const struct batch_ref *ref);
struct store_key key_tx(const struct hash *id);
struct store_key key_candidate(uint64_t view, const struct hash *digest);
struct store_key key_checkpoint(uint64_t height);
struct store_key key_state(struct bytes key);

void blockstore_put(struct store_batch *to, const struct store_key *key,
		    const void *value, size_t size);
void blockstore_put_tx(struct store_batch *to, const struct hash *id,
		       uint64_t height, uint32_t index);
void blockstore_put_evidence(struct store_batch *to, const struct evidence *e,
			     struct bytes raw);

/* What changed, and by which transaction; ballots are found again from those.
 */
void blockstore_put_events(struct store_batch *to, uint64_t height,
			   const struct ledger_update *up);

struct stored_event {
	struct governance_event event;
	uint32_t result; /* of the block; EVENT_BY_TIME: of no transaction */
};
#define EVENT_BY_TIME UINT32_MAX

/* In order; *out is the caller's to free. None is fine. */
enum err blockstore_get_events(struct store *s, uint64_t height,
			       struct stored_event **out,
			       size_t *count) MUST_USE;

void blockstore_put_batch(struct store_batch *to, const struct batch_ref *ref,
			  struct bytes raw);
/* Without reading half a megabyte to know. */
bool blockstore_has_batch(struct store *s, const struct batch_ref *ref);

bool blockstore_has_evidence(struct store *s, const struct evidence *e);

/* Copies; free *value. ERR_NOT_FOUND and those of store_get. */
enum err blockstore_get(struct store *s, const struct store_key *key,
			uint8_t **value, size_t *size) MUST_USE;
enum err blockstore_find_tx(struct store *s, const struct hash *id,
			    uint64_t *height, uint32_t *index) MUST_USE;

/* A stored block with the memory it lives in. */
struct loaded_block {
	struct stored_block block;
	struct arena arena;
	uint8_t *raw;
};

/* ERR_NOT_FOUND, ERR_DATA_DAMAGED. Finish only after ERR_OK. */
enum err blockstore_load(struct store *s, struct loaded_block *out,
			 uint64_t height) MUST_USE;
void loaded_block_fini(struct loaded_block *b);

#endif
