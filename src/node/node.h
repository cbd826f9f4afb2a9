/* The daemon: one loop that joins consensus, ledger, network, storage and the
 * admin socket.
 *
 * It owns the only ev_loop and all adapters. Watchers decode and hand events
 * to the pure cores; what a core answers is carried out in one fixed order:
 * persist, send, commit, arm the timer. */
#ifndef BCAI_NODE_NODE_H
#define BCAI_NODE_NODE_H

#include "base/error.h"
#include "node/config.h"

#include <ev.h>

/* Exit codes of the daemon. */
#define EXIT_DOUBLE_SIGN  20
#define EXIT_DATA_DAMAGED 21
#define EXIT_DATA_NEWER	  22
#define EXIT_DATA_LOCKED  23
#define EXIT_CONFIG	  78

struct node;

/* Open everything and join the loop; the configuration is borrowed for the
 * node's life. The error says which of the exit codes is due. */
enum err node_new(struct node **out, struct ev_loop *loop,
		  const struct config *config, struct err_text *text) MUST_USE;
/* Begin an orderly stop; the loop ends when everything is flushed. */
void node_stop(struct node *node);
/* After the loop ended: ERR_OK, or why the node had to stop. */
enum err node_stopped_by(const struct node *node);
void node_free(struct node **node);

#endif
