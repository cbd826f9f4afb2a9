/* A pool of threads for signature checks: jobs in, results back on the loop.
 *
 * Workers share nothing: a job carries all it reads and writes, and belongs to
 * the pool between workers_submit() and its `done` call. The loop keeps
 * priority: workers run at a lower scheduling priority. */
#ifndef BCAI_NODE_WORKERS_H
#define BCAI_NODE_WORKERS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct job {
	void (*run)(struct job *job);  /* in a worker */
	void (*done)(struct job *job); /* on the loop; frees the job */
	size_t bytes;		       /* counted against the bound */
	struct job *next;	       /* the pool's */
};

struct workers;

/* `threads` of at least 1; at most `bytes_max` of jobs are accepted at once. */
struct workers *workers_new(struct ev_loop *loop, unsigned threads,
			    size_t bytes_max);
/* Finish what is queued, stop the threads, call every outstanding `done`. */
void workers_free(struct workers **w);

/* False, with the job left to the caller, when the bound is reached. */
bool workers_submit(struct workers *w, struct job *job);
/* Bytes of jobs whose `done` has not run yet. */
size_t workers_queued_bytes(const struct workers *w);

#endif
