/* The network that replay and load work on: their own, or one that runs. */
#ifndef BCAI_CLI_LAB_H
#define BCAI_CLI_LAB_H

#include "cli/network.h"

#include "crypto/hash.h"

struct lab {
	struct cli *cli;
	struct network *net;
	bool own;	/* started here */
	bool temporary; /* its folder goes with it */
	struct hash genesis;
	uint64_t now_ms; /* the network's time at the start */
};

/* Use the network in folder `running`, or else start one with `genesis`
 * (which gets the validators) in `dir`, or NULL for a folder that is removed
 * at the end. */
enum err lab_open(struct lab *lab, struct cli *cli, const char *running,
		  const char *dir, struct genesis *genesis,
		  struct err_text *text) MUST_USE;
/* Stop what was started for the time being. */
void lab_close(struct lab *lab);

/* One call to node `index`; *result is the caller's. `params` is stolen. */
enum err lab_call(const struct lab *lab, uint32_t index, const char *method,
		  json_t *params, json_t **result,
		  struct err_text *text) MUST_USE;
/* Wait until every running node has applied the block at `height`. */
enum err lab_wait_height(const struct lab *lab, uint64_t height,
			 struct err_text *text) MUST_USE;
/* Wait until proposals 1 … count of `numbers` are open for votes. */
enum err lab_wait_voting(const struct lab *lab, const uint32_t *numbers,
			 uint32_t count, struct err_text *text) MUST_USE;

/* Wait, for at most `timeout_ms`, until the vote on the proposal is over. */
enum err lab_wait_ended(const struct lab *lab, uint32_t number,
			uint64_t timeout_ms, struct err_text *text) MUST_USE;

#endif
