/* Many transactions, signed ahead of time, sent to several nodes at once, and
 * how long each took to become final. */
#ifndef BCAI_CLI_BULK_H
#define BCAI_CLI_BULK_H

#include "cli/network.h"

#include "governance/types.h"

/* A key that belongs to a text: the same text, the same key. For test
 * networks only: whoever knows the text can sign. The caller frees it. */
struct secret_key *bulk_key(const char *text);

enum bulk_state {
	BULK_WAITING = 0,
	BULK_SENT,
	BULK_FINAL,   /* `code` is its outcome */
	BULK_REFUSED, /* `code` says why */
};

struct bulk_item {
	char *line; /* owned; tx.submit with its index as the id */
	uint32_t size;
	uint32_t tries;
	enum bulk_state state;
	int code;
	uint32_t proposal; /* it created */
	uint32_t lane;	   /* one lane goes through one node, in order */
	uint64_t height;
	uint64_t due_us;  /* when it was meant to be sent */
	uint64_t done_us; /* when its answer came */
	char tx[9];	  /* first digits of its id, for messages */
};

struct bulk {
	struct bulk_item *items;
	uint32_t count, capacity;
	struct arena *arena; /* for signing */
	struct hash genesis;
	uint64_t valid_until_ms;
};

void bulk_init(struct bulk *b, const struct hash *genesis,
	       uint64_t valid_until_ms);
void bulk_fini(struct bulk *b);
/* Forget the items, keep the rest. */
void bulk_clear(struct bulk *b);
/* Sign one more, in a lane of its own unless the caller sets it. */
enum err bulk_add(struct bulk *b, const struct secret_key *key, uint64_t nonce,
		  const struct payload *payload,
		  struct err_text *text) MUST_USE;

struct bulk_run {
	const struct network *net; /* its running validators take turns */
	const struct cli *cli;
	const char *what;    /* of the progress bar */
	uint64_t rate;	     /* a second; 0: as many as go */
	uint32_t in_flight;  /* most unanswered at a time */
	uint64_t limit_ms;   /* what is unsent by then is dropped; 0: none */
	uint64_t timeout_ms; /* for the answers after the last was sent */
	/* Set by bulk_send. */
	uint64_t started_us, sent_us, ended_us;
	uint32_t final, refused;
};

/* Send all; a node that is busy is asked again. ERR_UNREACHABLE, ERR_TIMEOUT
 * when answers are missing. */
enum err bulk_send(struct bulk *b, struct bulk_run *run,
		   struct err_text *text) MUST_USE;

#endif
