/* The audit log: every change to what was written breaks the chain. */
#include "base/arena.h"
#include "base/files.h"
#include "storage/auditlog.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const struct hash GENESIS = {{7, 7}};
static char folder[64];
static char path[FILE_PATH_BYTES];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bcai-audit-XXXXXX");
	return mkdtemp(folder) && file_path(path, folder, "audit.log") == ERR_OK
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

static struct auditlog *open_log(void)
{
	struct err_text text = {""};
	struct auditlog *log;

	if (auditlog_open(&log, path, &GENESIS, &text) != ERR_OK)
		fail_msg("open: %s", text.text);
	return log;
}

static struct audit_entry append_one(struct auditlog *log, unsigned i)
{
	struct audit_entry e = {
		.time_ms = 1700000000000 + i,
		.uid = 1000,
		.gid = 100,
		.pid = 40 + i,
		.method = "peer.ban",
		.code = -32001,
	};

	e.params.b[0] = (uint8_t)i;
	assert_int_equal(auditlog_append(log, &e, NULL), ERR_OK);
	return e;
}

static void append_many(unsigned count)
{
	struct auditlog *log = open_log();

	for (unsigned i = 0; i < count; i++)
		append_one(log, i);
	assert_int_equal(auditlog_sync(log, NULL), ERR_OK);
	auditlog_close(&log);
	assert_null(log);
}

struct tail {
	struct audit_entry entries[64];
	size_t count;
};

static void collect(void *context, const struct audit_entry *entry)
{
	struct tail *t = context;

	assert_true(t->count < 64);
	t->entries[t->count++] = *entry;
}

static void what_was_appended_is_shown_by_the_tail(void **state)
{
	struct auditlog *log = open_log();
	struct audit_entry third;
	struct tail t = {.count = 0};

	(void)state;
	assert_int_equal(auditlog_tail(log, 5, collect, &t, NULL), ERR_OK);
	assert_int_equal(t.count, 0);
	append_one(log, 0);
	append_one(log, 1);
	third = append_one(log, 2);
	assert_int_equal(third.number, 3);
	assert_int_equal(auditlog_tail(log, 2, collect, &t, NULL), ERR_OK);
	assert_int_equal(t.count, 2);
	assert_int_equal(t.entries[0].number, 2);
	assert_memory_equal(&t.entries[1], &third, sizeof(third));
	t.count = 0;
	assert_int_equal(auditlog_tail(log, 50, collect, &t, NULL), ERR_OK);
	assert_int_equal(t.count, 3);
	t.count = 0;
	assert_int_equal(auditlog_tail(log, 0, collect, &t, NULL), ERR_OK);
	assert_int_equal(t.count, 0);
	auditlog_close(&log);
}

static void the_chain_goes_on_after_opening_again(void **state)
{
	struct audit_summary s;

	(void)state;
	append_many(2);
	append_many(0);
	append_many(3);
	assert_int_equal(auditlog_verify(&s, path, &GENESIS, NULL), ERR_OK);
	assert_int_equal(s.entries, 5);
	assert_int_equal(s.broken, 0);
	assert_false(hash_is_zero(&s.last));
}

static void a_log_of_another_network_is_refused(void **state)
{
	struct hash other = {{8}};
	struct audit_summary s;
	struct auditlog *log;

	(void)state;
	append_many(1);
	assert_int_equal(auditlog_open(&log, path, &other, NULL),
			 ERR_DATA_OTHER_NETWORK);
	assert_null(log);
	assert_int_equal(auditlog_verify(&s, path, &other, NULL),
			 ERR_DATA_OTHER_NETWORK);
	assert_int_equal(auditlog_verify(&s, path, NULL, NULL), ERR_OK);
}

static void a_method_that_could_break_the_line_is_refused(void **state)
{
	static const char *const METHODS[] = {"", "a b", "a\nb", "\x80"};
	struct auditlog *log = open_log();
	struct audit_entry e = {.method = ""};
	struct audit_summary s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		strcpy(e.method, METHODS[i]);
		assert_int_equal(auditlog_append(log, &e, NULL),
				 ERR_RPC_PARAMS);
	}
	memset(e.method, 'm', sizeof(e.method));
	assert_int_equal(auditlog_append(log, &e, NULL), ERR_RPC_PARAMS);
	e.method[AUDIT_METHOD_BYTES - 1] = 0;
	e.time_ms = UINT64_MAX;
	e.uid = e.gid = e.pid = UINT32_MAX;
	e.code = INT32_MIN;
	assert_int_equal(auditlog_append(log, &e, NULL), ERR_OK);
	auditlog_close(&log);
	assert_int_equal(auditlog_verify(&s, path, &GENESIS, NULL), ERR_OK);
	assert_int_equal(s.entries, 1);
}

/* The number of the record that byte `at` belongs to; 0: the first line. */
static uint64_t record_at(const uint8_t *data, size_t at)
{
	uint64_t record = 0;

	for (size_t i = 0; i < at; i++)
		record += data[i] == '\n';
	return record;
}

static void every_flipped_byte_is_found_and_its_record_named(void **state)
{
	uint8_t *data;
	size_t size;

	(void)state;
	append_many(4);
	assert_int_equal(file_read(&data, &size, path, 1 << 16, NULL), ERR_OK);
	/* The last newline is not there for a line being written. */
	for (size_t i = 0; i + 1 < size; i++) {
		struct audit_summary s;
		enum err e;

		data[i] ^= 0x04;
		assert_int_equal(file_replace(path, data, size, 0600, NULL),
				 ERR_OK);
		e = auditlog_verify(&s, path, NULL, NULL);
		data[i] ^= 0x04;
		/* Another genesis in the first line starts another chain. */
		if (e != ERR_AUDIT_DAMAGED)
			fail_msg("byte %zu: %s", i, error_name(e));
		if (record_at(data, i) > 0)
			assert_int_equal(s.broken, record_at(data, i));
	}
	free(data);
}

/* Put `lines` of the log, by number, in the place of all. */
static void rewrite(const char *lines)
{
	uint8_t *data;
	size_t size;
	char *out = mem_alloc(1 << 16);

	assert_int_equal(file_read(&data, &size, path, 1 << 16, NULL), ERR_OK);
	for (; *lines; lines++) {
		const char *at = (const char *)data;

		for (char n = '0'; n < *lines; n++)
			at = strchr(at, '\n') + 1;
		strncat(out, at, (size_t)(strchr(at, '\n') + 1 - at));
	}
	assert_int_equal(file_replace(path, out, strlen(out), 0600, NULL),
			 ERR_OK);
	free(data);
	free(out);
}

static void removed_swapped_and_repeated_lines_are_found(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		uint64_t broken;
	} ROWS[] = {
		{"untouched", "01234", 0},  {"first removed", "0234", 1},
		{"one removed", "0134", 2}, {"swapped", "01324", 2},
		{"repeated", "011234", 2},  {"all but the title gone", "0", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct audit_summary s;
		enum err e;

		append_many(4);
		rewrite(ROWS[i].lines);
		e = auditlog_verify(&s, path, &GENESIS, NULL);
		if (e != (ROWS[i].broken ? ERR_AUDIT_DAMAGED : ERR_OK) ||
		    s.broken != ROWS[i].broken)
			fail_msg("%s: %s", ROWS[i].name, error_name(e));
		unlink(path);
	}
}

static void a_line_with_more_behind_its_end_is_found(void **state)
{
	struct audit_summary s;
	int fd;

	(void)state;
	append_many(1);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_true(lseek(fd, -1, SEEK_END) > 0);
	assert_int_equal(write(fd, "x\0more\n", 7), 7);
	close(fd);
	assert_int_equal(auditlog_verify(&s, path, NULL, NULL),
			 ERR_AUDIT_DAMAGED);
	assert_int_equal(s.broken, 1);
}

/* Whoever can write the file can also make a line whose hash is right. */
static void a_line_that_skips_a_number_is_found(void **state)
{
	struct auditlog *log = open_log();
	struct audit_entry e = append_one(log, 0);
	struct audit_summary s;
	char hex[HASH_HEX_BYTES], line[512];
	struct hasher h;
	int n, fd;

	(void)state;
	auditlog_close(&log);
	hash_hex(hex, &e.params);
	n = snprintf(line, sizeof(line), "3 1 2 3 4 peer.ban %s 0", hex);
	hasher_init(&h, "bcai-gov/audit/1");
	hasher_add(&h, e.hash.b, HASH_BYTES);
	hasher_add(&h, line, (size_t)n);
	hasher_final(&h, &e.hash);
	hash_hex(hex, &e.hash);
	n += snprintf(line + n, sizeof(line) - (size_t)n, " %s\n", hex);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, (size_t)n), n);
	close(fd);
	assert_int_equal(auditlog_verify(&s, path, NULL, NULL),
			 ERR_AUDIT_DAMAGED);
	assert_int_equal(s.broken, 2);
}

static void
every_cut_of_the_last_line_is_cut_off_and_the_chain_goes_on(void **state)
{
	uint8_t *data;
	size_t size, third = 0;

	(void)state;
	append_many(3);
	assert_int_equal(file_read(&data, &size, path, 1 << 16, NULL), ERR_OK);
	while (record_at(data, third) < 3)
		third++;
	for (size_t cut = third; cut < size; cut++) {
		struct audit_summary s;

		assert_int_equal(file_replace(path, data, cut, 0600, NULL),
				 ERR_OK);
		assert_int_equal(auditlog_verify(&s, path, NULL, NULL), ERR_OK);
		assert_int_equal(s.entries, 2);
		append_many(1);
		assert_int_equal(auditlog_verify(&s, path, NULL, NULL), ERR_OK);
		assert_int_equal(s.entries, 3);
	}
	free(data);
}

static void a_file_that_is_no_audit_log_is_refused(void **state)
{
	struct audit_summary s;
	struct auditlog *log;

	(void)state;
	assert_int_equal(auditlog_verify(&s, path, NULL, NULL), ERR_NOT_FOUND);
	assert_int_equal(file_replace(path, "junk\n", 5, 0600, NULL), ERR_OK);
	assert_int_equal(auditlog_open(&log, path, &GENESIS, NULL),
			 ERR_AUDIT_DAMAGED);
	assert_int_equal(auditlog_verify(&s, path, NULL, NULL),
			 ERR_AUDIT_DAMAGED);
}

/* In a child whose files may grow to 600 bytes: two lines. */
static int append_under_a_limit(void)
{
	struct rlimit limit = {600, 600};
	struct audit_entry e = {.method = "m"};
	struct auditlog *log = open_log();
	unsigned good = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	while (good < 10 && auditlog_append(log, &e, NULL) == ERR_OK)
		good++;
	return good == 3 && auditlog_append(log, &e, NULL) == ERR_DISK_FULL ? 0
									    : 2;
}

static void a_full_disk_leaves_whole_lines(void **state)
{
	struct audit_summary s;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(append_under_a_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	append_many(1);
	assert_int_equal(auditlog_verify(&s, path, NULL, NULL), ERR_OK);
	assert_int_equal(s.entries, 4);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_was_appended_is_shown_by_the_tail),
		IN_FOLDER(the_chain_goes_on_after_opening_again),
		IN_FOLDER(a_log_of_another_network_is_refused),
		IN_FOLDER(a_method_that_could_break_the_line_is_refused),
		IN_FOLDER(every_flipped_byte_is_found_and_its_record_named),
		IN_FOLDER(removed_swapped_and_repeated_lines_are_found),
		IN_FOLDER(a_line_with_more_behind_its_end_is_found),
		IN_FOLDER(
			every_cut_of_the_last_line_is_cut_off_and_the_chain_goes_on),
		IN_FOLDER(a_line_that_skips_a_number_is_found),
		IN_FOLDER(a_file_that_is_no_audit_log_is_refused),
		IN_FOLDER(a_full_disk_leaves_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
