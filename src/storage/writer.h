/* The storage writer: the one thread that writes to the store and the sign
 * log, and groups commits.
 *
 * It takes everything queued, makes ONE store write of it, then ONE sign log
 * append with one fdatasync, then publishes the highest sequence finished and
 * calls `notify`. The store comes first: a vote on the disk never vouches for
 * a batch that is not. Jobs are finished in the order they were submitted;
 * each is all or nothing. Last, if a job says so, the sign log is cut down to
 * what is still needed; for want of room it stays as it is.
 *
 * submit, durable, queued_bytes and error are for any thread; start and stop
 * for the owner. Reading from the store needs none of this. */
#ifndef BCAI_STORAGE_WRITER_H
#define BCAI_STORAGE_WRITER_H

#include "base/error.h"
#include "storage/signlog.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From where on records of the sign log are kept; what the numbers mean is
 * known to signlog_keep alone. */
struct writer_cut {
	uint64_t epoch;
	uint64_t view;
};

struct write_job {
	struct store_batch changes;   /* Owned; may be empty. */
	struct signlog_group records; /* Owned; may be empty. */
	bool sync;		      /* Changes must be on the disk. */
	bool compacts;		      /* The sign log, behind all else. */
	struct writer_cut cut;	      /* If so. */
	struct write_job *next;	      /* The queue's. */
	uint64_t sequence;	      /* The queue's. */
};

/* Empty, with `sync` set. Sign log records are synced always; `sync` is about
 * the changes. */
struct write_job *write_job_new(void);
/* Free and null; for a job that was not submitted. */
void write_job_free(struct write_job **job);
/* What the queue counts for it. */
size_t write_job_bytes(const struct write_job *job);

struct store_writer;

struct store_writer_options {
	struct store *store;	 /* Borrowed until stopped. */
	struct signlog *signlog; /* Borrowed; NULL: jobs carry no records. */
	size_t queue_bytes;	 /* Most bytes queued and in work. */
	/* From the writer's thread, after each group and once on an error. */
	void (*notify)(void *context);
	/* Does this record stay? Pure; from the writer's thread. NULL when no
	 * job compacts. */
	bool (*signlog_keep)(struct writer_cut cut, struct bytes payload);
	void *context; /* notify's */
};

enum err store_writer_start(struct store_writer **out,
			    const struct store_writer_options *options,
			    struct err_text *text) MUST_USE;

/* Finish what is queued, end the thread, free and null. The last error, or
 * ERR_OK when everything submitted is durable. */
enum err store_writer_stop(struct store_writer **w, struct err_text *text);

/* Queue a job: takes it and nulls *job. Its sequence: 1, 2, 3, ...
 *
 * 0, and the job stays the caller's, when the writer has failed or the bytes
 * queued would pass the bound (one job alone always fits). */
uint64_t store_writer_submit(struct store_writer *w, struct write_job **job);

/* Every job up to this sequence is finished: written, and on the disk if it
 * asked for that. Published after the fact, read without a lock. */
uint64_t store_writer_durable(const struct store_writer *w);

/* Bytes queued or in work; for back-pressure and a metric. */
size_t store_writer_queued_bytes(const struct store_writer *w);

/* Bytes of the sign log's file as of the last group; 0 without one. */
size_t store_writer_signlog_bytes(const struct store_writer *w);

/* ERR_OK while all is well. Anything else stays: nothing submitted and not
 * yet durable will become so, and nothing may be acknowledged. */
enum err store_writer_error(struct store_writer *w, struct err_text *text);

struct store_writer_stats {
	uint64_t groups;
	uint64_t jobs;
	uint64_t store_us;   /* Sum of time in store writes. */
	uint64_t signlog_us; /* Sum of time in sign log appends. */
	uint64_t slowest_us; /* The longest group. */
};

void store_writer_stats(struct store_writer *w, struct store_writer_stats *out);

#endif
