/* One consensus core on a bench: events by hand, what comes out looked at.
 *
 * Four validators of weight one unless said otherwise, delta 100 ms, no
 * heartbeat, no least interval. Signatures are not checked here, so they carry
 * the voter's number only. */
#ifndef BCAI_TEST_CONSENSUS_BENCH_H
#define BCAI_TEST_CONSENSUS_BENCH_H

#include "consensus/consensus.h"

#define BENCH_RECORDS 256

struct bench {
	struct consensus *core;
	struct consensus_update up; /* Of the last step. */
	enum err err;
	struct electorate voters;
	struct consensus_config config;
	uint64_t now_ms;
	uint64_t wall_ms;
	struct {
		uint8_t data[CONSENSUS_RECORD_MAX];
		size_t size;
	} log[BENCH_RECORDS];
	size_t log_count;
	uint32_t signed_count;
};

void bench_init(struct bench *b, uint32_t me);
void bench_init_weights(struct bench *b, uint32_t me, const uint64_t *weights,
			uint32_t count);
/* Build the core from b->config, hand in the log, say START. */
void bench_start(struct bench *b);
/* bench_start() once more, as after a crash; keeps the log. */
void bench_restart(struct bench *b);
void bench_fini(struct bench *b);

void bench_step(struct bench *b, const struct consensus_event *ev);
/* Let time pass and say TIMER. */
void bench_wait(struct bench *b, uint64_t ms);
void bench_work(struct bench *b, bool work);
void bench_sync(struct bench *b, bool syncing);
void bench_vote(struct bench *b, uint32_t voter, enum vote_kind kind,
		uint64_t view, const struct hash *digest);
/* The votes of all in the bit set, one step each. */
void bench_votes(struct bench *b, unsigned int voters, enum vote_kind kind,
		 uint64_t view, const struct hash *digest);
void bench_certificate(struct bench *b, unsigned int voters,
		       enum vote_kind kind, uint64_t view,
		       const struct hash *digest);
/* A block of the view's leader on a parent (NULL: the root) with a payload
 * named by a number; 0: empty. Returns its digest. */
struct block_header bench_block(const struct bench *b, uint64_t view,
				const struct block_header *parent,
				uint8_t payload);
struct hash bench_digest(const struct bench *b,
			 const struct block_header *header);
void bench_propose(struct bench *b, const struct block_header *header);
void bench_verdict(struct bench *b, const struct block_header *header,
		   enum payload_verdict verdict);
/* Propose and judge it valid. */
void bench_good_block(struct bench *b, const struct block_header *header);
void bench_built(struct bench *b, uint64_t view, uint8_t payload);

/* What the last step sent, or NULL. */
const struct consensus_message *
bench_sent_vote(const struct bench *b, enum vote_kind kind, uint64_t view);
const struct consensus_message *bench_sent_certificate(const struct bench *b,
						       enum vote_kind kind,
						       uint64_t view);
const struct consensus_message *bench_sent(const struct bench *b,
					   enum consensus_message_kind kind);
const struct consensus_ask *bench_asked(const struct bench *b,
					enum consensus_ask_kind kind);
uint64_t bench_view(const struct bench *b);

#endif
