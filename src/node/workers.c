#include "node/workers.h"

#include "base/arena.h"
#include "base/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Below the loop, above nothing else: see doc/architecture.md, threads. */
#define WORKER_NICE 5

struct job_queue {
	struct job *head;
	struct job **tail;
};

struct workers {
	struct ev_loop *loop;
	ev_async wake;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job_queue todo;
	struct job_queue finished;
	bool stopping;
	size_t bytes; /* the loop's: submitted and not done */
	size_t bytes_max;
	unsigned threads;
	pthread_t ids[];
};

static void queue_init(struct job_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_push(struct job_queue *q, struct job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

static struct job *queue_pop(struct job_queue *q)
{
	struct job *job = q->head;

	if (job) {
		q->head = job->next;
		if (!q->head)
			q->tail = &q->head;
	}
	return job;
}

static struct job *next_job(struct workers *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (!w->todo.head && !w->stopping)
		pthread_cond_wait(&w->work, &w->lock);
	job = queue_pop(&w->todo);
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *worker_main(void *arg)
{
	struct workers *w = arg;
	struct job *job;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), WORKER_NICE);
	while ((job = next_job(w))) {
		job->run(job);
		pthread_mutex_lock(&w->lock);
		queue_push(&w->finished, job);
		pthread_mutex_unlock(&w->lock);
		ev_async_send(w->loop, &w->wake);
	}
	return NULL;
}

static void deliver(struct workers *w)
{
	struct job_queue finished;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	finished = w->finished;
	if (!finished.head)
		finished.tail = &finished.head;
	queue_init(&w->finished);
	pthread_mutex_unlock(&w->lock);
	while ((job = queue_pop(&finished))) {
		w->bytes -= job->bytes;
		job->done(job);
	}
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	(void)loop;
	(void)events;
	deliver(wake->data);
}

struct workers *workers_new(struct ev_loop *loop, unsigned threads,
			    size_t bytes_max)
{
	struct workers *w = mem_alloc(sizeof(*w) + threads * sizeof(w->ids[0]));

	w->loop = loop;
	w->bytes_max = bytes_max;
	queue_init(&w->todo);
	queue_init(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	ev_async_init(&w->wake, on_wake);
	w->wake.data = w;
	ev_async_start(loop, &w->wake);
	for (; w->threads < threads; w->threads++) {
		int failed = pthread_create(&w->ids[w->threads], NULL,
					    worker_main, w);

		assert(!failed);
	}
	return w;
}

void workers_free(struct workers **pw)
{
	struct workers *w = *pw;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->threads; i++)
		pthread_join(w->ids[i], NULL);
	deliver(w);
	ev_async_stop(w->loop, &w->wake);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
	*pw = NULL;
}

bool workers_submit(struct workers *w, struct job *job)
{
	if (w->bytes + job->bytes > w->bytes_max && w->bytes > 0)
		return false;
	w->bytes += job->bytes;
	pthread_mutex_lock(&w->lock);
	queue_push(&w->todo, job);
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	return true;
}

size_t workers_queued_bytes(const struct workers *w)
{
	return w->bytes;
}
