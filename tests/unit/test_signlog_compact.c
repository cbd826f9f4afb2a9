/* Compaction of the sign log, killed and failing at every step.
 *
 * The linker puts the functions below in the place of the system's
 * (--wrap in src/storage/Makefile.inc). */
#include "base/files.h"
#include "storage/signlog.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum fault { FAULT_NONE, FAULT_KILL, FAULT_HALF, FAULT_ERROR };

/* Of the system calls made from now on, what happens at which; and which
 * they were: w(rite), f(sync), d(ata sync), r(ename), u(nlink). */
static struct {
	enum fault fault;
	unsigned at, calls;
	char trace[64];
} plan;

static void begin(enum fault fault, unsigned at)
{
	memset(&plan, 0, sizeof(plan));
	plan.fault = fault;
	plan.at = at;
}

/* Does the call fail? */
static bool step(char name)
{
	size_t n = strlen(plan.trace);

	if (n + 1 < sizeof(plan.trace))
		plan.trace[n] = name;
	if (plan.fault == FAULT_NONE || plan.calls++ != plan.at)
		return false;
	if (plan.fault == FAULT_KILL)
		raise(SIGKILL);
	errno = EIO;
	return plan.fault == FAULT_ERROR;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *name);
int __wrap_unlink(const char *name);

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	if (plan.fault == FAULT_HALF && plan.calls == plan.at) {
		if (__real_write(fd, data, size / 2) >= 0)
			raise(SIGKILL);
	}
	return step('w') ? -1 : __real_write(fd, data, size);
}

int __wrap_fsync(int fd)
{
	return step('f') ? -1 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	return step('d') ? -1 : __real_fdatasync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	return step('r') ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *name)
{
	return step('u') ? -1 : __real_unlink(name);
}

static const struct signlog_identity ME = {{{1, 2, 3}}, {{4, 5, 6}}};
static char folder[64];
static char path[FILE_PATH_BYTES];

static int set_up(void **state)
{
	(void)state;
	begin(FAULT_NONE, 0);
	strcpy(folder, "/tmp/bcai-cut-XXXXXX");
	return mkdtemp(folder) && file_path(path, folder, "log") == ERR_OK &&
			       signlog_create(path, &ME, NULL) == ERR_OK
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	begin(FAULT_NONE, 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static enum err see(void *context, struct bytes payload)
{
	strncat(context, (const char *)payload.data, payload.size);
	return ERR_OK;
}

/* `seen` gets the records, one letter each; NULL: not wanted. */
static struct signlog *open_log(char seen[64])
{
	struct signlog_summary summary;
	struct err_text text = {""};
	struct signlog *log;

	if (seen)
		seen[0] = '\0';
	if (signlog_open(&log, &summary, path, &ME, seen ? see : NULL, seen,
			 &text) != ERR_OK)
		fail_msg("open: %s", text.text);
	return log;
}

static enum err append(struct signlog *log, const char *letters)
{
	const struct signlog_group *groups[1];
	struct signlog_group g;
	enum err e;

	signlog_group_init(&g);
	groups[0] = &g;
	for (; *letters; letters++)
		signlog_group_add(&g, letters, 1);
	e = signlog_append(log, groups, 1, NULL);
	signlog_group_fini(&g);
	return e;
}

static bool is_capital(void *context, struct bytes payload)
{
	(void)context;
	return payload.data[0] >= 'A' && payload.data[0] <= 'Z';
}

static enum err cut(struct signlog *log)
{
	return signlog_compact(log, is_capital, NULL, NULL);
}

static void remove_one(char *from, const char *word)
{
	char *at = strstr(from, word);

	if (at)
		memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
}

/* The names in the folder beside the log's own. */
static unsigned other_files(void)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		count += entry->d_name[0] != '.' &&
			 strcmp(entry->d_name, "log") != 0;
	closedir(d);
	return count;
}

static void the_new_file_is_synced_before_it_takes_the_name(void **state)
{
	struct signlog *log = open_log(NULL);

	(void)state;
	assert_int_equal(append(log, "aBc"), ERR_OK);
	begin(FAULT_NONE, 0);
	assert_int_equal(cut(log), ERR_OK);
	assert_int_equal(append(log, "D"), ERR_OK);
	/* Header, records, sync, rename, the folder's sync; then an append. */
	assert_string_equal(plan.trace, "wwfrfwd");
	assert_int_equal(other_files(), 0);
	signlog_close(&log);
}

/* In a child; `acknowledged` is shared. */
static int cut_until_killed(char *acknowledged, enum fault fault, unsigned at)
{
	struct signlog *log = open_log(NULL);

	if (append(log, "aBcDe") != ERR_OK)
		return 1;
	strcpy(acknowledged, "BD");
	begin(fault, at);
	for (char c = 'F'; c < 'I'; c++) {
		const char letters[3] = {c, (char)(c + 'a' - 'A'), '\0'};

		if (cut(log) != ERR_OK || append(log, letters) != ERR_OK)
			return 2;
		acknowledged[strlen(acknowledged)] = c;
	}
	signlog_close(&log);
	return 0;
}

/* What was acknowledged and is wanted is there, in order; what is not wanted
 * may be. */
static void check_log(const char *acknowledged)
{
	struct signlog *log;
	char seen[64], wanted[64] = "";
	size_t count = 0;

	log = open_log(seen);
	for (const char *c = seen; *c; c++) {
		if (*c < 'a')
			wanted[count++] = *c;
	}
	if (strncmp(wanted, acknowledged, strlen(acknowledged)) != 0 ||
	    strlen(wanted) > strlen(acknowledged) + 1)
		fail_msg("%s, acknowledged: %s", seen, acknowledged);
	assert_true(other_files() <= 1);
	/* It goes on, and cleans up. */
	assert_int_equal(cut(log), ERR_OK);
	assert_int_equal(append(log, "z"), ERR_OK);
	assert_int_equal(other_files(), 0);
	signlog_close(&log);
	log = open_log(seen);
	remove_one(seen, "z");
	assert_string_equal(seen, wanted);
	signlog_close(&log);
}

/* Of three compactions, each with an append behind it. */
#define STEPS (3 * strlen("wwfrfwd"))

/* How many of the steps killed it. */
static unsigned kill_at_every_step(enum fault fault)
{
	char *acknowledged = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned killed = 0;
	int status;

	assert_true(acknowledged != MAP_FAILED);
	for (unsigned at = 0; at <= STEPS; at++) {
		pid_t child;

		memset(acknowledged, 0, 64);
		child = fork();
		if (child == 0)
			_exit(cut_until_killed(acknowledged, fault, at));
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status))
			assert_int_equal(WEXITSTATUS(status), 0);
		else
			killed++;
		check_log(acknowledged);
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
	munmap(acknowledged, 4096);
	return killed;
}

static void kill_9_at_any_step_loses_nothing_wanted(void **state)
{
	(void)state;
	assert_int_equal(kill_at_every_step(FAULT_KILL), STEPS);
}

static void kill_9_in_the_middle_of_a_write_loses_nothing_wanted(void **state)
{
	(void)state;
	assert_int_equal(kill_at_every_step(FAULT_HALF), 3 * strlen("www"));
}

static void a_failed_step_leaves_the_old_log_or_stops(void **state)
{
	char seen[64];

	(void)state;
	for (unsigned at = 0; at < strlen("wwfrf"); at++) {
		bool is_renamed = at == 4;
		struct signlog *log = open_log(NULL);

		assert_int_equal(append(log, "aBc"), ERR_OK);
		begin(FAULT_ERROR, at);
		assert_int_equal(cut(log), ERR_IO);
		begin(FAULT_NONE, 0);
		/* Renamed, and nobody knows whether for good. */
		assert_int_equal(append(log, "D"),
				 is_renamed ? ERR_IO : ERR_OK);
		assert_int_equal(other_files(), 0);
		signlog_close(&log);
		log = open_log(seen);
		assert_string_equal(seen, is_renamed ? "B" : "aBcD");
		signlog_close(&log);
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(the_new_file_is_synced_before_it_takes_the_name),
		IN_FOLDER(kill_9_at_any_step_loses_nothing_wanted),
		IN_FOLDER(kill_9_in_the_middle_of_a_write_loses_nothing_wanted),
		IN_FOLDER(a_failed_step_leaves_the_old_log_or_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
