/* What the two ways of replaying an election share.
 *
 * With history (replay_history.c) each voter has one account, and one
 * proposal follows the other in the order of the file. Independent
 * (replay.c), each ballot has an account of its own, and all proposals are
 * open at once. */
#ifndef BCAI_CLI_REPLAY_H
#define BCAI_CLI_REPLAY_H

#include "cli/bulk.h"
#include "cli/election.h"
#include "cli/lab.h"
#include "crypto/keystore.h"

#define REPLAY_PROPOSER	  "proposer"
#define REPLAY_RESERVE	  "reserve"
#define REPLAY_NAME_BYTES (2 * KEY_NAME_BYTES + 2)

/* One account of an election with history. */
struct replay_voter {
	const char *name; /* borrowed from its first ballot */
	uint64_t most;	  /* of its recorded powers */
	uint64_t stake;	  /* what it holds now */
	uint64_t nonce;
};

struct replay {
	struct cli *cli;
	struct election election;
	struct lab lab;
	struct bulk bulk;
	const char *seed;
	bool running; /* the network was there before: keys are in its folder */
	bool independent;
	struct replay_voter *voters; /* owned; unless independent */
	uint32_t voter_count;
	uint32_t *voter_of; /* owned; by ballot */
	uint64_t started_ms;
	struct err_text text;
};

/* --- replay.c --- */
enum err replay_key(const struct replay *r, const char *name,
		    struct secret_key **out, struct err_text *text) MUST_USE;
/* Nonce and stake of a key's account, as the network has them. */
enum err replay_account(struct replay *r, const struct secret_key *key,
			uint64_t *nonce, uint64_t *stake) MUST_USE;
/* Send what was added, wait until every node has it; `what` NULL: quietly.
 * A transaction that is refused is an error. */
enum err replay_send(struct replay *r, const char *what) MUST_USE;
enum err replay_submit(struct replay *r, const struct secret_key *key,
		       uint64_t nonce, uint32_t proposal) MUST_USE;
enum err replay_ballot(struct replay *r, const struct secret_key *key,
		       uint64_t nonce,
		       const struct election_ballot *b) MUST_USE;

/* --- replay_history.c --- */
/* Who they are, of the election that was read. */
void history_voters(struct replay *r);
void history_fini(struct replay *r);
/* "voter-NAME" */
void history_name(const struct replay *r, uint32_t voter,
		  char out[REPLAY_NAME_BYTES]);
/* What the reserve must hold so that every voter can get its most. */
uint64_t history_reserve(const struct replay *r);
/* How long a vote must last so that all its ballots come in time. */
uint64_t history_voting_ms(const struct replay *r);
/* Proposal after proposal, each to its end. */
enum err history_run(struct replay *r) MUST_USE;

#endif
