/* Checkpoints of a running node: see checks.c. */
#ifndef BCAI_NODE_CHECKS_H
#define BCAI_NODE_CHECKS_H

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/sign.h"

struct node;
struct checkpoint;

void checks_init(struct node *n);
void checks_fini(struct node *n);
/* Learn from the store which one was certified last. */
enum err checks_restore(struct node *n, struct err_text *text) MUST_USE;
/* After each block applied, and before the next: compute the checkpoint it
 * made due, if any. */
void checks_after_block(struct node *n);
/* The block is durable: sign its checkpoint, if it made one due. */
void checks_on_durable(struct node *n, uint64_t height);
void checks_on_second(struct node *n);
void checks_on_vote(struct node *n, const struct public_key *peer,
		    struct bytes body);
void checks_on_request(struct node *n, const struct public_key *peer,
		       struct bytes body);
void checks_on_certificate(struct node *n, const struct public_key *peer,
			   struct bytes body);
uint64_t checks_certified_height(const struct node *n);

#endif
