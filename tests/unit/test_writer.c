/* The storage writer: grouping, order, bounds, errors, and kill -9. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/files.h"
#include "storage/store_impl.h"
#include "storage/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static const struct signlog_identity ME = {{{1}}, {{2}}};
static char folder[64];
static char db_path[FILE_PATH_BYTES];
static char log_path[FILE_PATH_BYTES];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bcai-writer-XXXXXX");
	return mkdtemp(folder) && file_path(db_path, folder, "db") == ERR_OK &&
			       file_path(log_path, folder, "log") == ERR_OK &&
			       signlog_create(log_path, &ME, NULL) == ERR_OK
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static struct signlog *open_log(signlog_visit visit, void *context)
{
	struct signlog_summary summary;
	struct signlog *log;

	assert_int_equal(signlog_open(&log, &summary, log_path, &ME, visit,
				      context, NULL),
			 ERR_OK);
	return log;
}

/* A store that waits for a signal before each write and notes what it got. */
struct gate {
	struct store store;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned allowed; /* Writes that may pass. */
	unsigned waiting;
	unsigned writes;
	size_t batches[16];
	bool synced[16];
	enum err answer;
	size_t log_size; /* Of the sign log, at the last write. */
	struct signlog *log;
};

static enum err gate_write(struct store *s,
			   const struct store_batch *const *batches,
			   size_t count, bool sync, struct err_text *text)
{
	struct gate *g = (struct gate *)(void *)s;

	(void)batches;
	pthread_mutex_lock(&g->lock);
	g->waiting++;
	pthread_cond_broadcast(&g->changed);
	while (g->allowed == 0)
		pthread_cond_wait(&g->changed, &g->lock);
	g->allowed--;
	g->waiting--;
	g->batches[g->writes] = count;
	g->synced[g->writes++] = sync;
	g->log_size = g->log ? signlog_size(g->log) : 0;
	pthread_mutex_unlock(&g->lock);
	return g->answer == ERR_OK ? ERR_OK
				   : err_set(text, g->answer, "by the gate");
}

static const struct store_methods GATE_METHODS = {.write = gate_write};

static void gate_init(struct gate *g, struct signlog *log)
{
	memset(g, 0, sizeof(*g));
	g->store.methods = &GATE_METHODS;
	g->log = log;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
}

static void gate_open(struct gate *g, unsigned writes)
{
	pthread_mutex_lock(&g->lock);
	g->allowed += writes;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

static void gate_wait_for_writer(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	while (g->waiting == 0 || g->allowed > 0)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void count_call(void *context)
{
	atomic_fetch_add((atomic_uint *)context, 1);
}

static struct write_job *job_of(const char *key, const char *record)
{
	struct write_job *job = write_job_new();

	if (key)
		store_batch_put(&job->changes, key, strlen(key), "v", 1);
	if (record)
		signlog_group_add(&job->records, record, strlen(record));
	return job;
}

static uint64_t submit(struct store_writer *w, struct write_job *job)
{
	return store_writer_submit(w, &job);
}

static struct store_writer *start(struct store *store, struct signlog *log,
				  atomic_uint *calls, size_t queue_bytes)
{
	struct store_writer_options options = {
		.store = store,
		.signlog = log,
		.queue_bytes = queue_bytes,
		.notify = count_call,
		.context = calls,
	};
	struct store_writer *w;

	assert_int_equal(store_writer_start(&w, &options, NULL), ERR_OK);
	return w;
}

static void what_waits_is_written_as_one_group(void **state)
{
	struct store_writer_stats stats;
	atomic_uint calls = 0;
	struct gate g;
	struct store_writer *w;

	(void)state;
	gate_init(&g, NULL);
	w = start(&g.store, NULL, &calls, 1 << 20);
	assert_int_equal(submit(w, job_of("a", NULL)), 1);
	gate_wait_for_writer(&g);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(submit(w, job_of("b", NULL)), 2 + i);
	assert_int_equal(store_writer_durable(w), 0);
	assert_true(store_writer_queued_bytes(w) > 0);
	gate_open(&g, 1);
	gate_wait_for_writer(&g);
	assert_int_equal(store_writer_durable(w), 1);
	gate_open(&g, 1);
	while (store_writer_durable(w) < 11)
		usleep(100);
	store_writer_stats(w, &stats);
	assert_int_equal(stats.groups, 2);
	assert_int_equal(stats.jobs, 11);
	assert_int_equal(store_writer_queued_bytes(w), 0);
	assert_int_equal(store_writer_stop(&w, NULL), ERR_OK);
	assert_null(w);
	assert_int_equal(g.writes, 2);
	assert_int_equal(g.batches[0], 1);
	assert_int_equal(g.batches[1], 10);
	assert_int_equal(calls, 2);
}

static void changes_that_a_vote_vouches_for_are_synced(void **state)
{
	static const struct {
		const char *name;
		bool sync;
		const char *record;
		bool expected;
	} ROWS[] = {
		{"neither", false, NULL, false},
		{"asked for", true, NULL, true},
		{"a vote with it", false, "vote", true},
		{"both", true, "vote", true},
	};
	struct signlog *log = open_log(NULL, NULL);
	atomic_uint calls = 0;
	struct gate g;
	struct store_writer *w;

	(void)state;
	gate_init(&g, NULL);
	gate_open(&g, 100);
	w = start(&g.store, log, &calls, 1 << 20);
	for (uint64_t i = 0; i < 4; i++) {
		struct write_job *job = job_of("k", ROWS[i].record);

		job->sync = ROWS[i].sync;
		assert_int_equal(submit(w, job), i + 1);
		while (store_writer_durable(w) < i + 1)
			usleep(100);
		if (g.synced[i] != ROWS[i].expected)
			fail_msg("%s", ROWS[i].name);
	}
	assert_int_equal(store_writer_stop(&w, NULL), ERR_OK);
	signlog_close(&log);
}

static void the_store_is_written_before_the_sign_log(void **state)
{
	struct signlog *log = open_log(NULL, NULL);
	size_t before = signlog_size(log);
	atomic_uint calls = 0;
	struct gate g;
	struct store_writer *w;

	(void)state;
	gate_init(&g, log);
	gate_open(&g, 1);
	w = start(&g.store, log, &calls, 1 << 20);
	submit(w, job_of("k", "vote"));
	assert_int_equal(store_writer_stop(&w, NULL), ERR_OK);
	assert_int_equal(g.log_size, before);
	assert_true(signlog_size(log) > before);
	signlog_close(&log);
}

static void a_failed_store_write_keeps_the_vote_off_the_log(void **state)
{
	struct signlog *log = open_log(NULL, NULL);
	size_t before = signlog_size(log);
	struct write_job *refused = job_of("late", NULL);
	struct err_text text;
	atomic_uint calls = 0;
	struct gate g;
	struct store_writer *w;

	(void)state;
	gate_init(&g, NULL);
	g.answer = ERR_DISK_FULL;
	w = start(&g.store, log, &calls, 1 << 20);
	submit(w, job_of("k", "vote"));
	gate_wait_for_writer(&g);
	submit(w, job_of("l", "vote"));
	assert_int_equal(store_writer_error(w, NULL), ERR_OK);
	gate_open(&g, 1);
	while (calls == 0)
		usleep(100);
	assert_int_equal(store_writer_error(w, &text), ERR_DISK_FULL);
	assert_string_equal(text.text, "by the gate");
	assert_int_equal(store_writer_durable(w), 0);
	assert_int_equal(store_writer_submit(w, &refused), 0);
	assert_non_null(refused);
	write_job_free(&refused);
	assert_int_equal(store_writer_queued_bytes(w), 0);
	assert_int_equal(store_writer_stop(&w, NULL), ERR_DISK_FULL);
	assert_int_equal(g.writes, 1);
	assert_int_equal(signlog_size(log), before);
	signlog_close(&log);
}

static void the_queue_takes_no_more_bytes_than_its_bound(void **state)
{
	struct write_job *job;
	atomic_uint calls = 0;
	struct gate g;
	struct store_writer *w;
	unsigned taken = 0;

	(void)state;
	gate_init(&g, NULL);
	w = start(&g.store, NULL, &calls, 10000);
	for (job = job_of("k", NULL); store_writer_submit(w, &job) > 0;
	     job = job_of("k", NULL))
		taken++;
	assert_non_null(job);
	assert_true(taken == 10000 / write_job_bytes(job));
	assert_true(store_writer_queued_bytes(w) <= 10000);
	gate_open(&g, 1000);
	while (store_writer_queued_bytes(w) > 0)
		usleep(100);
	/* One alone always fits. */
	for (unsigned i = 0; i < 1000; i++)
		store_batch_put(&job->changes, "0123456789", 10, "v", 1);
	assert_true(write_job_bytes(job) > 10000);
	assert_int_equal(store_writer_submit(w, &job), taken + 1);
	assert_int_equal(store_writer_stop(&w, NULL), ERR_OK);
}

static void stopping_writes_all_that_was_taken(void **state)
{
	struct store *store = store_new_memory();
	struct store_stats stats;
	atomic_uint calls = 0;
	struct store_writer *w = start(store, NULL, &calls, 1 << 20);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(submit(w, job_of(key, NULL)), i + 1);
	}
	assert_int_equal(store_writer_stop(&w, NULL), ERR_OK);
	assert_int_equal(store_check(store, &stats, NULL), ERR_OK);
	assert_int_equal(stats.records, 1000);
	store_close(&store);
}

static bool keep_above(struct writer_cut cut, struct bytes payload)
{
	return payload.data[0] >= cut.view;
}

static enum err join(void *context, struct bytes payload)
{
	strncat(context, (const char *)payload.data, payload.size);
	return ERR_OK;
}

static void a_job_compacts_the_sign_log(void **state)
{
	struct signlog *log = open_log(NULL, NULL);
	atomic_uint calls = 0;
	struct store_writer_options options = {
		.store = NULL,
		.signlog = log,
		.queue_bytes = 1 << 20,
		.notify = count_call,
		.signlog_keep = keep_above,
		.context = &calls,
	};
	struct store_writer *w;
	struct write_job *job;
	char seen[64] = "";

	(void)state;
	assert_int_equal(store_writer_start(&w, &options, NULL), ERR_OK);
	for (char c = 'a'; c < 'h'; c++) {
		char record[2] = {c, 0};

		submit(w, job_of(NULL, record));
	}
	job = job_of(NULL, "h");
	job->compacts = true;
	job->cut.view = 'f';
	submit(w, job);
	submit(w, job_of(NULL, "a"));
	assert_int_equal(store_writer_stop(&w, NULL), ERR_OK);
	signlog_close(&log);
	log = open_log(join, seen);
	/* The last one came before or after the compaction. */
	assert_true(strcmp(seen, "fgha") == 0 || strcmp(seen, "fgh") == 0);
	signlog_close(&log);
}

/* Kill -9: a child writes and reports what is published as durable. */

static int report_fd;
static struct store_writer *reporting;

static void report(void *context)
{
	uint64_t durable = store_writer_durable(reporting);

	(void)context;
	if (write(report_fd, &durable, sizeof(durable)) != sizeof(durable))
		_exit(1);
}

static void fill_value(uint8_t value[64], uint64_t n)
{
	for (unsigned i = 0; i < 64; i++)
		value[i] = (uint8_t)(n * 31 + i * 7);
}

static bool has_record(uint64_t n)
{
	return n % 3 == 0;
}

static struct write_job *numbered_job(uint64_t n)
{
	struct write_job *job = write_job_new();
	uint8_t key[9], value[64];
	struct writer w;

	fill_value(value, n);
	for (uint8_t half = 0; half < 2; half++) {
		writer_init(&w, key, sizeof(key));
		write_u64(&w, n);
		write_u8(&w, half);
		store_batch_put(&job->changes, key, sizeof(key), value, 64);
	}
	if (has_record(n))
		signlog_group_add(&job->records, key, 8);
	job->sync = n % 5 != 0;
	return job;
}

static int write_until_killed(int fd)
{
	struct store_writer_options options = {
		.queue_bytes = 1 << 16,
		.notify = report,
	};
	struct signlog_summary summary;
	struct store *store;
	struct signlog *log;
	struct write_job *job;

	report_fd = fd;
	if (store_open(&store, db_path, NULL) != ERR_OK ||
	    signlog_open(&log, &summary, log_path, &ME, NULL, NULL, NULL) !=
		    ERR_OK)
		return 1;
	options.store = store;
	options.signlog = log;
	if (store_writer_start(&reporting, &options, NULL) != ERR_OK)
		return 2;
	for (uint64_t n = 1;; n++) {
		job = numbered_job(n);
		while (store_writer_submit(reporting, &job) == 0)
			usleep(50);
		if (n % 7 == 0)
			usleep(20);
	}
}

/* The highest sequence the child reported before it was killed, so long after
 * its first report. */
static uint64_t kill_after(uint64_t us)
{
	uint64_t deadline = clock_mono_us() + 10000000;
	uint64_t durable = 0, next;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0)
		_exit(write_until_killed(fds[1]));
	close(fds[1]);
	while (clock_mono_us() < deadline) {
		struct pollfd p = {.fd = fds[0], .events = POLLIN};

		if (poll(&p, 1, 1) > 0 && read(fds[0], &next, 8) == 8) {
			if (durable == 0)
				deadline = clock_mono_us() + us;
			durable = next;
		}
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &next, 8) == 8)
		durable = next;
	close(fds[0]);
	return durable;
}

struct found {
	uint64_t jobs;	  /* Whole ones, 1..jobs. */
	uint64_t half;	  /* Keys of the one being read. */
	uint64_t records; /* Last number in the sign log. */
};

static bool find_job(void *context, struct bytes key, struct bytes value)
{
	struct found *f = context;
	uint8_t expected[64];
	struct reader r;

	reader_init(&r, key.data, key.size);
	assert_int_equal(read_u64(&r), f->jobs + 1);
	assert_int_equal(read_u8(&r), f->half);
	assert_true(reader_done(&r));
	fill_value(expected, f->jobs + 1);
	assert_int_equal(value.size, 64);
	assert_memory_equal(value.data, expected, 64);
	f->half = !f->half;
	f->jobs += f->half == 0;
	return true;
}

static enum err find_record(void *context, struct bytes payload)
{
	struct found *f = context;
	struct reader r;

	reader_init(&r, payload.data, payload.size);
	assert_int_equal(read_u64(&r), f->records + 3);
	f->records += 3;
	return ERR_OK;
}

static void after_kill_9_all_that_was_published_is_there(void **state)
{
	const char *text = getenv("BCAI_SEED");
	uint64_t x = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
	uint64_t total = 0;

	(void)state;
	print_message("seed %llu (BCAI_SEED sets it)\n", (unsigned long long)x);
	for (unsigned round = 0; round < 15; round++) {
		struct bytes all = {NULL, 0};
		struct found f = {0, 0, 0};
		struct store *store;
		struct signlog *log;
		uint64_t durable;

		x = x * 6364136223846793005u + 1442695040888963407u;
		durable = kill_after(2000 + (x >> 33) % 60000);
		log = open_log(find_record, &f);
		signlog_close(&log);
		assert_int_equal(store_open(&store, db_path, NULL), ERR_OK);
		assert_int_equal(
			store_scan(store, all, all, 0, find_job, &f, NULL),
			ERR_OK);
		store_close(&store);
		assert_int_equal(f.half, 0);
		assert_true(f.jobs >= durable);
		/* All published votes, and none without its batch. */
		assert_true(f.records >= durable - durable % 3);
		assert_true(f.records <= f.jobs);
		total += durable;
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
	print_message("%llu jobs were published before the kills\n",
		      (unsigned long long)total);
	assert_true(total > 0);
}

/* In a child whose files may grow to 100 KB. */
static int fill_the_disk(void)
{
	struct rlimit limit = {100000, 100000};
	struct store *store;
	struct store_writer *w;
	atomic_uint calls = 0;
	struct write_job *job;
	uint64_t submitted = 0, durable;

	signal(SIGXFSZ, SIG_IGN);
	if (store_open(&store, db_path, NULL) != ERR_OK ||
	    setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	w = start(store, open_log(NULL, NULL), &calls, 1 << 14);
	while (store_writer_error(w, NULL) == ERR_OK) {
		job = numbered_job(submitted + 1);
		if (store_writer_submit(w, &job) == submitted + 1)
			submitted++;
		else
			write_job_free(&job);
	}
	durable = store_writer_durable(w);
	if (store_writer_stop(&w, NULL) != ERR_DISK_FULL)
		return 2;
	return durable > 100 && durable < submitted ? 0 : 3;
}

static void a_full_disk_stops_acknowledging_and_loses_nothing(void **state)
{
	struct bytes all = {NULL, 0};
	struct found f = {0, 0, 0};
	struct store *store;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(fill_the_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(store_open(&store, db_path, NULL), ERR_OK);
	assert_int_equal(store_scan(store, all, all, 0, find_job, &f, NULL),
			 ERR_OK);
	assert_true(f.jobs > 100);
	assert_int_equal(f.half, 0);
	store_close(&store);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_is_written_as_one_group),
		IN_FOLDER(changes_that_a_vote_vouches_for_are_synced),
		IN_FOLDER(the_store_is_written_before_the_sign_log),
		IN_FOLDER(a_failed_store_write_keeps_the_vote_off_the_log),
		cmocka_unit_test(the_queue_takes_no_more_bytes_than_its_bound),
		cmocka_unit_test(stopping_writes_all_that_was_taken),
		IN_FOLDER(a_job_compacts_the_sign_log),
		IN_FOLDER(after_kill_9_all_that_was_published_is_there),
		IN_FOLDER(a_full_disk_stops_acknowledging_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
