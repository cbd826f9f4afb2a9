/* A world for the consensus core: virtual clock, network, disks, hosts.
 *
 * Everything that happens comes from one seed. An instance is one core with
 * its host: sign log and block store on a disk that loses what was not synced,
 * payloads that are known by their digest alone, sync from other instances.
 * After every step the monitor looks at what came out. Network, disk and
 * faults: world.c; one core and its host: host.c; what must hold: monitor.c;
 * what misbehaves: actor.c. */
#ifndef BCAI_SIM_WORLD_H
#define BCAI_SIM_WORLD_H

#include "consensus/consensus.h"

#include <stdio.h>

#define WORLD_INSTANCES 8u
#define WORLD_VIEWS	4096u
#define WORLD_HEIGHTS	4096u
#define WORLD_BATCHES	60u

/* xorshift64*; the same on every machine. */
struct random {
	uint64_t state;
};

void random_seed(struct random *r, uint64_t seed);
uint64_t random_next(struct random *r);
/* In 0 to bound - 1. */
uint64_t random_below(struct random *r, uint64_t bound);
bool random_percent(struct random *r, uint32_t percent);

/* A message on its way, encoded; shared by all its deliveries. */
struct blob {
	uint32_t references;
	enum consensus_message_kind kind;
	uint32_t from; /* Voter. */
	size_t size;
	uint8_t data[];
};

enum happening {
	HAPPENS_DELIVERY,
	HAPPENS_TIMER,
	HAPPENS_LOG_SYNC,
	HAPPENS_STORE_SYNC,
	HAPPENS_VERDICT,
	HAPPENS_BLOCK,
	HAPPENS_BATCH,
	HAPPENS_TICK, /* Of an instance: sync, misbehaviour. */
	HAPPENS_CRASH,
	HAPPENS_RESTART,
	HAPPENS_PARTITION,
	HAPPENS_HEAL,
};

struct happens {
	uint64_t time_ms;
	uint64_t order;
	enum happening kind;
	uint32_t instance;
	uint32_t life; /* Of the instance; 0: any. */
	uint64_t number;
	struct blob *blob;
	struct block_header header;
};

struct log_record {
	size_t size;
	uint8_t *data; /* Owned. */
};

struct disk {
	struct log_record *records; /* Owned. */
	size_t count;
	size_t capacity;
	uint64_t base;	  /* Records compacted away. */
	uint64_t durable; /* Position. */
	uint64_t sync_ms; /* When the last ordered sync ends. */
};

/* A block as committed, with its finalization when it has its own. */
struct commit {
	struct block_header header;
	struct hash digest;
	uint8_t *certificate; /* Owned; encoded. */
	size_t certificate_size;
};

struct store {
	struct commit *commits; /* Owned; by height, from 1. */
	size_t count;
	size_t durable;
};

enum actor {
	ACTOR_HONEST,
	ACTOR_SILENT,
	ACTOR_NULLIFIER,
	ACTOR_EQUIVOCATOR,  /* As leader: two blocks. */
	ACTOR_CONTRADICTOR, /* As voter: everything to everybody. */
	ACTOR_LATE,
	ACTOR_REPLAYER,
	ACTOR_FLOODER,
	ACTOR_BAD_PAYLOAD,
	ACTOR_FORKER, /* As leader: skips what may be final. */
	ACTOR_TWIN,   /* One of two instances with one key. */
};
#define ACTORS 10 /* To choose from: all but twins. */

struct waiting {
	uint64_t release_after;
	uint32_t to;
	struct blob *blob;
};

struct instance {
	uint32_t id;
	uint32_t voter;
	enum actor actor;
	bool alive;
	bool syncing;
	bool behind;
	uint32_t life;
	struct consensus *core; /* NULL when down. */
	struct disk disk;
	struct store store;
	struct waiting *outbox; /* Owned; in order. */
	size_t outbox_count;
	size_t outbox_capacity;
	uint64_t timer_order; /* Of the timer that is armed. */
	uint64_t timer_ms;
	uint64_t batches;   /* Held, bit each. */
	uint64_t finalised; /* Batches in committed blocks. */
	bool work;
	int64_t skew_ms;
	struct blob *memory[16]; /* What an actor remembers. */
	uint32_t depth;		 /* Of nested steps. */
};

struct world_config {
	uint32_t voters;
	uint32_t instances; /* More than voters: the others are `twin`. */
	uint32_t twin;
	uint64_t weights[WORLD_INSTANCES];
	uint64_t delta_ms;
	uint64_t heartbeat_ms;
	uint64_t interval_ms;
	uint32_t window;
	uint32_t delay_min_ms;
	uint32_t delay_max_ms;
	uint32_t loss_percent;
	uint32_t duplicate_percent;
	uint32_t disk_max_ms;
};

/* What honest validators said and which certificates were seen, by view. */
struct seen_view {
	bool notarized, nullified, finalised;
	struct hash notarized_digest;
	struct hash finalised_digest;
	struct {
		bool proposal, notarize, nullify, finalize;
		struct hash proposed, notarized, finalized;
	} said[WORLD_INSTANCES];
};

struct world {
	struct world_config config;
	struct random random;
	struct hash genesis;
	struct electorate voters;
	uint64_t quorum; /* Computed here, not by the core. */
	uint64_t now_ms;
	uint64_t order;
	struct happens *heap; /* Owned. */
	size_t heap_count;
	size_t heap_capacity;
	struct instance instances[WORLD_INSTANCES];
	uint32_t group[WORLD_INSTANCES]; /* Of the partition. */
	bool calm;			 /* Faults are over. */
	uint64_t steps;
	uint64_t messages;
	struct seen_view *views; /* Owned. */
	struct hash chain[WORLD_HEIGHTS];
	uint64_t chain_height;
	uint32_t evidence_count;
	bool trace;
	bool failed;
	char failure[256];
};

/* world.c */
void world_init(struct world *w, const struct world_config *config,
		uint64_t seed);
void world_fini(struct world *w);
void world_fail(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void world_say(const struct world *w, const struct instance *i,
	       const char *format, ...) __attribute__((format(printf, 3, 4)));
struct happens *world_schedule(struct world *w, uint64_t time_ms,
			       enum happening kind,
			       const struct instance *instance);
/* Let things happen up to this time, or until something fails. */
void world_run(struct world *w, uint64_t until_ms);
/* `to` is a voter or CONSENSUS_ALL; takes a reference. */
void world_post(struct world *w, struct instance *from, uint32_t to,
		struct blob *blob);
struct blob *blob_new(enum consensus_message_kind kind, uint32_t from,
		      const void *data, size_t size);
struct blob *blob_encode(const struct consensus_message *m, uint32_t from);
void blob_release(struct blob *b);
/* A signature that is cheap and only its key's owner is asked to make. */
void fake_sign(void *context, const void *bytes, size_t size,
	       struct signature *out); /* context: struct public_key */
bool fake_verify(void *context, const struct public_key *key, const void *bytes,
		 size_t size, const struct signature *signature);

/* host.c */
void host_start(struct world *w, struct instance *i);
/* Stop at once: what is not synced is lost, save a random part of it. */
void host_crash(struct world *w, struct instance *i);
/* Go back to an older state of the store, as from a backup. */
void host_restore(struct world *w, struct instance *i, size_t height);
void host_step(struct world *w, struct instance *i,
	       const struct consensus_event *ev);
void host_deliver(struct world *w, struct instance *i, const struct blob *b);
void host_happens(struct world *w, struct instance *i, const struct happens *h);

/* actor.c */
/* Send what the core of a misbehaving instance wants sent, or what else. */
void actor_post(struct world *w, struct instance *i, uint32_t to,
		struct blob *blob);
void actor_tick(struct world *w, struct instance *i);
void actor_hears(struct world *w, struct instance *i, struct blob *blob);

/* monitor.c */
void monitor_update(struct world *w, struct instance *i,
		    const struct consensus_update *up);
void monitor_commit(struct world *w, struct instance *i, size_t height);
void monitor_sent(struct world *w, struct instance *i, const struct blob *b);

/* Payloads: byte 0 is 1, byte 1 a mark, the last eight the batches. */
#define PAYLOAD_MARK_BAD     0xba
#define PAYLOAD_MARK_MISSING 0xde
void payload_make(struct hash *out, uint8_t mark, uint64_t batches);
uint64_t payload_batches(const struct hash *payload);

#endif
