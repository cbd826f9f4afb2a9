/* One finalised block applied in slices. Private to src/node. */
#ifndef BCAI_NODE_APPLY_H
#define BCAI_NODE_APPLY_H

#include <stdbool.h>
#include <stdint.h>

struct apply;
struct commit_item;
struct node;
struct pooled_block;

/* Begin with the first of the commit queue, whose every batch is there. The
 * item is borrowed until the end; between begin and end the ledger is within
 * a block. */
struct apply *apply_begin(struct node *n, struct commit_item *item,
			  const struct pooled_block *body);
/* Go on until that time (monotonic); true when the block was handed to the
 * writer. The node was stopped when a batch could not be read. */
bool apply_some(struct apply *a, uint64_t until_us);
/* Free and null, done or not. */
void apply_free(struct apply **a);

#endif
