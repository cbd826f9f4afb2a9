#include "storage/writer.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A group ends here, so that what waits first is not held up by a flood. */
#define GROUP_BYTES_MAX (8u * 1024u * 1024u)
#define GROUP_JOBS_MAX	4096u

struct store_writer {
	struct store_writer_options options;
	pthread_t thread;
	_Atomic uint64_t durable;
	_Atomic size_t queued_bytes;
	_Atomic size_t signlog_bytes;

	pthread_mutex_t lock; /* Everything below. */
	pthread_cond_t wake;
	struct write_job *first, *last;
	uint64_t submitted;
	bool stopping;
	enum err error;
	struct err_text error_text;
	struct store_writer_stats stats;
};

/* What one turn writes; owned by the thread. */
struct group {
	struct write_job *first; /* Linked by next. */
	size_t jobs;
	size_t bytes;
	const struct store_batch *changes[GROUP_JOBS_MAX];
	size_t change_count;
	const struct signlog_group *records[GROUP_JOBS_MAX];
	size_t record_count;
	bool sync;
	bool compacts;
	struct writer_cut cut;
	uint64_t last_sequence;
	uint64_t store_us;
	uint64_t signlog_us;
};

struct write_job *write_job_new(void)
{
	struct write_job *job = mem_alloc(sizeof(*job));

	store_batch_init(&job->changes);
	signlog_group_init(&job->records);
	job->sync = true;
	return job;
}

void write_job_free(struct write_job **job)
{
	if (!*job)
		return;
	store_batch_fini(&(*job)->changes);
	signlog_group_fini(&(*job)->records);
	free(*job);
	*job = NULL;
}

size_t write_job_bytes(const struct write_job *job)
{
	return sizeof(*job) + job->changes.capacity + job->records.capacity;
}

static void free_jobs(struct write_job *job)
{
	while (job) {
		struct write_job *next = job->next;

		write_job_free(&job);
		job = next;
	}
}

static void group_add(struct group *g, struct write_job *job)
{
	bool has_records = job->records.count > 0;

	g->jobs++;
	g->bytes += write_job_bytes(job);
	g->last_sequence = job->sequence;
	if (job->changes.count > 0) {
		g->changes[g->change_count++] = &job->changes;
		/* A vote never vouches for what a power cut may take. */
		g->sync |= job->sync || has_records;
	}
	if (has_records)
		g->records[g->record_count++] = &job->records;
	if (job->compacts) {
		g->compacts = true;
		g->cut = job->cut;
	}
}

/* Move jobs from the queue's front into the group. With the lock. */
static void group_take(struct group *g, struct store_writer *w)
{
	struct write_job **end = &g->first;

	memset(g, 0, sizeof(*g));
	while (w->first && g->jobs < GROUP_JOBS_MAX &&
	       g->bytes < GROUP_BYTES_MAX) {
		struct write_job *job = w->first;

		w->first = job->next;
		job->next = NULL;
		*end = job;
		end = &job->next;
		group_add(g, job);
	}
	if (!w->first)
		w->last = NULL;
}

struct keeper {
	bool (*keep)(struct writer_cut cut, struct bytes payload);
	struct writer_cut cut;
};

static bool keep_record(void *context, struct bytes payload)
{
	const struct keeper *k = context;

	return k->keep(k->cut, payload);
}

static enum err compact_signlog(struct store_writer *w, struct writer_cut cut,
				struct err_text *text)
{
	struct keeper k = {w->options.signlog_keep, cut};
	enum err e = signlog_compact(w->options.signlog, keep_record, &k, text);

	if (e != ERR_DISK_FULL)
		return e;
	/* The log is as good as before, only longer. */
	log_warn(STORAGE, "the sign log was not compacted: %s", text->text);
	return ERR_OK;
}

static enum err group_write(struct store_writer *w, struct group *g,
			    struct err_text *text)
{
	uint64_t start = clock_mono_us(), middle;
	enum err e = ERR_OK;

	if (g->change_count > 0)
		e = store_write(w->options.store, g->changes, g->change_count,
				g->sync, text);
	middle = clock_mono_us();
	if (e == ERR_OK && g->record_count > 0)
		e = signlog_append(w->options.signlog, g->records,
				   g->record_count, text);
	g->store_us = middle - start;
	g->signlog_us = clock_mono_us() - middle;
	if (e == ERR_OK && g->compacts)
		e = compact_signlog(w, g->cut, text);
	if (w->options.signlog)
		atomic_store(&w->signlog_bytes,
			     signlog_size(w->options.signlog));
	return e;
}

/* Account for a finished group. With the lock. */
static void group_done(struct store_writer *w, const struct group *g,
		       enum err e, const struct err_text *text)
{
	struct store_writer_stats *s = &w->stats;
	uint64_t us = g->store_us + g->signlog_us;

	atomic_fetch_sub(&w->queued_bytes, g->bytes);
	s->groups++;
	s->jobs += g->jobs;
	s->store_us += g->store_us;
	s->signlog_us += g->signlog_us;
	if (us > s->slowest_us)
		s->slowest_us = us;
	if (e == ERR_OK) {
		atomic_store(&w->durable, g->last_sequence);
		return;
	}
	w->error = e;
	w->error_text = *text;
	free_jobs(w->first);
	w->first = NULL;
	w->last = NULL;
	atomic_store(&w->queued_bytes, 0);
}

static void *run(void *argument)
{
	struct store_writer *w = argument;
	struct group *g = mem_alloc(sizeof(*g));

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct err_text text = {""};
		enum err e;

		while (!w->first && !w->stopping)
			pthread_cond_wait(&w->wake, &w->lock);
		if (!w->first)
			break;
		group_take(g, w);
		pthread_mutex_unlock(&w->lock);
		e = group_write(w, g, &text);
		free_jobs(g->first);
		pthread_mutex_lock(&w->lock);
		group_done(w, g, e, &text);
		pthread_mutex_unlock(&w->lock);
		w->options.notify(w->options.context);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	free(g);
	return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(struct store_writer *w)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

enum err store_writer_start(struct store_writer **out,
			    const struct store_writer_options *options,
			    struct err_text *text)
{
	struct store_writer *w = mem_alloc(sizeof(*w));
	int failed;

	*out = NULL;
	w->options = *options;
	if (w->options.signlog)
		w->signlog_bytes = signlog_size(w->options.signlog);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	failed = start_thread(w);
	if (failed) {
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return err_set(text, ERR_IO, "start the storage writer: %s",
			       strerror(failed));
	}
	*out = w;
	return ERR_OK;
}

enum err store_writer_stop(struct store_writer **w, struct err_text *text)
{
	struct store_writer *old = *w;
	enum err e;

	if (!old)
		return ERR_OK;
	pthread_mutex_lock(&old->lock);
	old->stopping = true;
	pthread_cond_signal(&old->wake);
	pthread_mutex_unlock(&old->lock);
	pthread_join(old->thread, NULL);
	e = store_writer_error(old, text);
	pthread_cond_destroy(&old->wake);
	pthread_mutex_destroy(&old->lock);
	free(old);
	*w = NULL;
	return e;
}

uint64_t store_writer_submit(struct store_writer *w, struct write_job **job)
{
	size_t bytes = write_job_bytes(*job);
	uint64_t sequence = 0;
	size_t queued;

	assert((*job)->records.count == 0 || w->options.signlog);
	assert(!(*job)->compacts ||
	       (w->options.signlog && w->options.signlog_keep));
	pthread_mutex_lock(&w->lock);
	queued = atomic_load(&w->queued_bytes);
	if (w->error == ERR_OK && !w->stopping &&
	    (queued == 0 || queued + bytes <= w->options.queue_bytes)) {
		sequence = ++w->submitted;
		(*job)->sequence = sequence;
		(*job)->next = NULL;
		if (w->last)
			w->last->next = *job;
		else
			w->first = *job;
		w->last = *job;
		*job = NULL;
		atomic_fetch_add(&w->queued_bytes, bytes);
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return sequence;
}

uint64_t store_writer_durable(const struct store_writer *w)
{
	return atomic_load(&w->durable);
}

size_t store_writer_signlog_bytes(const struct store_writer *w)
{
	return atomic_load(&w->signlog_bytes);
}

size_t store_writer_queued_bytes(const struct store_writer *w)
{
	return atomic_load(&w->queued_bytes);
}

enum err store_writer_error(struct store_writer *w, struct err_text *text)
{
	enum err e;

	pthread_mutex_lock(&w->lock);
	e = w->error;
	if (e != ERR_OK)
		err_set(text, e, "%s", w->error_text.text);
	pthread_mutex_unlock(&w->lock);
	return e;
}

void store_writer_stats(struct store_writer *w, struct store_writer_stats *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->stats;
	pthread_mutex_unlock(&w->lock);
}
