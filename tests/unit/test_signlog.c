/* The sign log: what was synced is there or its loss is seen. */
#include "base/files.h"
#include "base/arena.h"
#include "storage/signlog.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define HEADER 80u
#define HEAD   8u

static const struct signlog_identity ME = {{{1, 2, 3}}, {{4, 5, 6}}};
static char folder[64];
static char path[FILE_PATH_BYTES];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bcai-sign-XXXXXX");
	return mkdtemp(folder) && file_path(path, folder, "log") == ERR_OK &&
			       signlog_create(path, &ME, NULL) == ERR_OK
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

/* The payloads seen, joined by commas. */
struct seen {
	char text[4096];
};

static enum err see(void *context, struct bytes payload)
{
	struct seen *s = context;
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%.*s,",
		 (int)payload.size, (const char *)payload.data);
	return ERR_OK;
}

static struct signlog *open_log(struct signlog_summary *summary,
				struct seen *seen)
{
	struct err_text text = {""};
	struct signlog *log;

	memset(seen, 0, sizeof(*seen));
	if (signlog_open(&log, summary, path, &ME, see, seen, &text) != ERR_OK)
		fail_msg("open: %s", text.text);
	return log;
}

static enum err append_text(struct signlog *log, const char *text)
{
	const struct signlog_group *groups[1];
	struct signlog_group g;
	enum err e;

	signlog_group_init(&g);
	groups[0] = &g;
	while (*text) {
		size_t size = strcspn(text, ",");

		signlog_group_add(&g, text, size);
		text += size + (text[size] == ',');
	}
	e = signlog_append(log, groups, 1, NULL);
	signlog_group_fini(&g);
	return e;
}

static void write_log(const char *records)
{
	struct signlog_summary summary;
	struct seen seen;
	struct signlog *log = open_log(&summary, &seen);

	assert_int_equal(append_text(log, records), ERR_OK);
	signlog_close(&log);
	assert_null(log);
}

static void what_was_appended_is_read_back_in_order(void **state)
{
	struct signlog_summary summary;
	struct seen seen;
	struct signlog *log = open_log(&summary, &seen);

	(void)state;
	assert_int_equal(summary.records, 0);
	assert_int_equal(signlog_size(log), HEADER);
	assert_int_equal(append_text(log, "a,bb,ccc"), ERR_OK);
	assert_int_equal(append_text(log, "d"), ERR_OK);
	signlog_close(&log);
	log = open_log(&summary, &seen);
	assert_string_equal(seen.text, "a,bb,ccc,d,");
	assert_int_equal(summary.records, 4);
	assert_int_equal(summary.torn_bytes, 0);
	assert_int_equal(signlog_size(log), HEADER + 4 * HEAD + 7);
	assert_int_equal(append_text(log, "e"), ERR_OK);
	signlog_close(&log);
	log = open_log(&summary, &seen);
	assert_string_equal(seen.text, "a,bb,ccc,d,e,");
	signlog_close(&log);
}

static void an_absent_log_is_not_made_by_opening(void **state)
{
	struct signlog_summary summary;
	struct signlog *log;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(
		signlog_open(&log, &summary, path, &ME, NULL, NULL, NULL),
		ERR_NOT_FOUND);
	assert_null(log);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void an_existing_log_is_not_made_anew(void **state)
{
	struct signlog_summary summary;
	struct seen seen;
	struct signlog *log;
	struct stat st;

	(void)state;
	write_log("a");
	assert_int_equal(signlog_create(path, &ME, NULL), ERR_FILE_EXISTS);
	log = open_log(&summary, &seen);
	assert_string_equal(seen.text, "a,");
	signlog_close(&log);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_log_of_another_network_or_key_is_refused(void **state)
{
	struct signlog_identity other = ME;
	struct signlog_summary summary;
	struct signlog *log;

	(void)state;
	other.genesis.b[31] = 1;
	assert_int_equal(
		signlog_open(&log, &summary, path, &other, NULL, NULL, NULL),
		ERR_DATA_OTHER_NETWORK);
	other = ME;
	other.key.b[31] = 1;
	assert_int_equal(
		signlog_open(&log, &summary, path, &other, NULL, NULL, NULL),
		ERR_DATA_OTHER_KEY);
}

static void a_later_version_is_said_to_be_one(void **state)
{
	struct signlog_summary summary;
	struct writer w;
	uint8_t *data;
	size_t size;

	(void)state;
	assert_int_equal(file_read(&data, &size, path, 4096, NULL), ERR_OK);
	data[11] = 2;
	writer_init(&w, data + HEADER - 4, 4);
	write_u32(&w, crc32c(0, data, HEADER - 4));
	assert_int_equal(
		signlog_parse(&summary, data, size, &ME, NULL, NULL, NULL),
		ERR_DATA_NEWER);
	free(data);
}

static enum err refuse(void *context, struct bytes payload)
{
	(void)context;
	return payload.data[0] == 'b' ? ERR_SIGN_REFUSED : ERR_OK;
}

static void an_error_of_the_visitor_is_passed_on(void **state)
{
	struct signlog_summary summary;
	struct signlog *log;

	(void)state;
	write_log("a,b,c");
	assert_int_equal(
		signlog_open(&log, &summary, path, &ME, refuse, NULL, NULL),
		ERR_SIGN_REFUSED);
	assert_null(log);
}

/* The records that fit into the first `size` bytes of "a,bb,ccc". */
static unsigned whole_records(size_t size)
{
	unsigned count = 0;
	size_t end = HEADER;

	for (unsigned i = 1; i <= 3; i++) {
		end += HEAD + i;
		count += end <= size;
	}
	return count;
}

static void every_truncation_keeps_the_whole_records(void **state)
{
	static const char *const EXPECTED[] = {"", "a,", "a,bb,", "a,bb,ccc,"};
	uint8_t *data;
	size_t size;

	(void)state;
	write_log("a,bb,ccc");
	assert_int_equal(file_read(&data, &size, path, 4096, NULL), ERR_OK);
	for (size_t cut = 0; cut < HEADER; cut++) {
		struct signlog_summary summary;
		struct signlog *log;

		assert_int_equal(file_replace(path, data, cut, 0600, NULL),
				 ERR_OK);
		assert_int_equal(signlog_open(&log, &summary, path, &ME, NULL,
					      NULL, NULL),
				 ERR_DATA_DAMAGED);
	}
	for (size_t cut = HEADER; cut <= size; cut++) {
		unsigned whole = whole_records(cut);
		struct signlog_summary summary;
		struct signlog *log;
		struct seen seen;

		assert_int_equal(file_replace(path, data, cut, 0600, NULL),
				 ERR_OK);
		log = open_log(&summary, &seen);
		assert_string_equal(seen.text, EXPECTED[whole]);
		assert_int_equal(summary.records, whole);
		assert_int_equal(summary.good_bytes + summary.torn_bytes, cut);
		assert_int_equal(append_text(log, "after"), ERR_OK);
		signlog_close(&log);
		log = open_log(&summary, &seen);
		assert_string_equal(seen.text + strlen(EXPECTED[whole]),
				    "after,");
		assert_int_equal(summary.torn_bytes, 0);
		signlog_close(&log);
	}
	free(data);
}

static void an_unfinished_end_is_cut_off_the_file(void **state)
{
	struct signlog_summary summary;
	struct signlog *log;
	struct seen seen;
	struct stat st;

	(void)state;
	write_log("a,a record that will lose its end");
	assert_int_equal(truncate(path, HEADER + HEAD + 1 + HEAD + 20), 0);
	log = open_log(&summary, &seen);
	assert_int_equal(summary.torn_bytes, HEAD + 20);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, HEADER + HEAD + 1);
	signlog_close(&log);
}

/* Both copies of a length changed alike, to beyond the end of the file. */
static void a_record_behind_one_that_seems_cut_short_is_damage(void **state)
{
	struct signlog_summary summary;
	struct writer w;
	uint8_t *data;
	size_t size;

	(void)state;
	write_log("a,bb,ccc");
	assert_int_equal(file_read(&data, &size, path, 4096, NULL), ERR_OK);
	writer_init(&w, data + HEADER + HEAD + 1, 4);
	write_u16(&w, 5000);
	write_u16(&w, (uint16_t)~5000);
	assert_int_equal(
		signlog_parse(&summary, data, size, &ME, NULL, NULL, NULL),
		ERR_DATA_DAMAGED);
	assert_int_equal(signlog_parse(&summary, data, size - HEAD - 3, &ME,
				       NULL, NULL, NULL),
			 ERR_OK);
	assert_int_equal(summary.records, 1);
	free(data);
}

static void every_flipped_bit_is_damage_also_in_the_last_record(void **state)
{
	uint8_t *data;
	size_t size;

	(void)state;
	write_log("a,bb,ccc");
	assert_int_equal(file_read(&data, &size, path, 4096, NULL), ERR_OK);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		struct signlog_summary summary;
		enum err e;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		e = signlog_parse(&summary, data, size, &ME, NULL, NULL, NULL);
		if (e != ERR_DATA_DAMAGED)
			fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8,
				 error_name(e));
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(data);
}

static void a_byte_made_anything_else_is_damage(void **state)
{
	uint8_t *data;
	size_t size;

	(void)state;
	write_log("a,bb,ccc");
	assert_int_equal(file_read(&data, &size, path, 4096, NULL), ERR_OK);
	for (size_t i = 0; i < size; i++) {
		uint8_t was = data[i];

		for (unsigned v = 0; v < 256; v++) {
			struct signlog_summary summary;

			data[i] = (uint8_t)v;
			if (v != was)
				assert_int_equal(signlog_parse(&summary, data,
							       size, &ME, NULL,
							       NULL, NULL),
						 ERR_DATA_DAMAGED);
		}
		data[i] = was;
	}
	free(data);
}

static void a_lost_byte_in_the_middle_is_damage(void **state)
{
	uint8_t *data;
	size_t size;

	(void)state;
	write_log("a,bb,ccc,dddd,eeeee");
	assert_int_equal(file_read(&data, &size, path, 4096, NULL), ERR_OK);
	for (size_t i = HEADER; i < size - HEAD - 5; i++) {
		struct signlog_summary summary;
		uint8_t *copy = mem_copy(data, size);

		memmove(copy + i, copy + i + 1, size - i - 1);
		assert_int_equal(signlog_parse(&summary, copy, size - 1, &ME,
					       NULL, NULL, NULL),
				 ERR_DATA_DAMAGED);
		free(copy);
	}
	free(data);
}

/* A file of records of 100 bytes; its last `zeros` bytes never arrived. */
static enum err parse_zeroed(struct signlog_summary *summary, size_t zeros,
			     size_t *size)
{
	uint8_t *data;
	enum err e;

	assert_int_equal(file_read(&data, size, path, 1 << 20, NULL), ERR_OK);
	memset(data + *size - zeros, 0, zeros);
	e = signlog_parse(summary, data, *size, &ME, NULL, NULL, NULL);
	free(data);
	return e;
}

static void sectors_that_never_arrived_are_a_torn_end(void **state)
{
	struct signlog_summary summary;
	struct signlog *log;
	char record[102];
	struct seen seen;
	size_t size;

	(void)state;
	memset(record, 'r', 100);
	record[100] = 0;
	log = open_log(&summary, &seen);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(append_text(log, record), ERR_OK);
	signlog_close(&log);
	assert_int_equal(parse_zeroed(&summary, 0, &size), ERR_OK);
	assert_int_equal(size, HEADER + 20 * (HEAD + 100));
	/* From a sector's start: 2240 = 4 * 512 + 192. */
	assert_int_equal(parse_zeroed(&summary, 192, &size), ERR_OK);
	assert_int_equal(summary.records, 18);
	assert_int_equal(parse_zeroed(&summary, 192 + 512, &size), ERR_OK);
	assert_int_equal(summary.records, 13);
	/* A whole append of one record. */
	assert_int_equal(parse_zeroed(&summary, HEAD + 100, &size), ERR_OK);
	assert_int_equal(summary.records, 19);
	/* From the middle of a sector: something else wrote zeros. */
	assert_int_equal(parse_zeroed(&summary, 50, &size), ERR_DATA_DAMAGED);
	assert_int_equal(parse_zeroed(&summary, 100, &size), ERR_DATA_DAMAGED);
}

static void a_record_of_the_greatest_size_fits(void **state)
{
	char *big = mem_alloc(SIGNLOG_PAYLOAD_MAX + 1);
	struct signlog_summary summary;
	struct signlog *log;
	struct seen seen;

	(void)state;
	memset(big, 'x', SIGNLOG_PAYLOAD_MAX);
	write_log(big);
	log = open_log(&summary, &seen);
	assert_int_equal(summary.records, 1);
	signlog_close(&log);
	free(big);
}

static bool keep_capitals(void *context, struct bytes payload)
{
	(void)context;
	return payload.data[0] >= 'A' && payload.data[0] <= 'Z';
}

static void compaction_keeps_what_is_wanted_and_goes_on(void **state)
{
	struct signlog_summary summary;
	struct seen seen;
	struct signlog *log = open_log(&summary, &seen);
	size_t before;

	(void)state;
	assert_int_equal(append_text(log, "a,B,c,D,e"), ERR_OK);
	before = signlog_size(log);
	assert_int_equal(signlog_compact(log, keep_capitals, NULL, NULL),
			 ERR_OK);
	assert_true(signlog_size(log) < before);
	assert_int_equal(append_text(log, "f"), ERR_OK);
	signlog_close(&log);
	log = open_log(&summary, &seen);
	assert_string_equal(seen.text, "B,D,f,");
	signlog_close(&log);
}

static void compaction_of_a_file_changed_by_others_is_refused(void **state)
{
	struct signlog_summary summary;
	struct seen seen;
	struct signlog *log = open_log(&summary, &seen);
	int fd = open(path, O_WRONLY | O_APPEND);

	(void)state;
	assert_int_equal(append_text(log, "A,B"), ERR_OK);
	assert_true(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	assert_int_equal(signlog_compact(log, keep_capitals, NULL, NULL),
			 ERR_DATA_DAMAGED);
	signlog_close(&log);
}

/* In a child whose files may grow to 200 bytes. */
static int append_under_a_limit(void)
{
	struct rlimit limit = {200, RLIM_INFINITY};
	struct signlog_summary summary;
	struct signlog *log;
	char big[101];

	memset(big, 'b', 100);
	big[100] = 0;
	signal(SIGXFSZ, SIG_IGN);
	if (signlog_open(&log, &summary, path, &ME, NULL, NULL, NULL) !=
		    ERR_OK ||
	    append_text(log, "first") != ERR_OK ||
	    setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	if (append_text(log, "second") != ERR_OK)
		return 2;
	if (append_text(log, big) != ERR_DISK_FULL)
		return 3;
	/* An error stays, even when there is room again. */
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	return append_text(log, "third") == ERR_DISK_FULL ? 0 : 4;
}

static void a_full_disk_stays_an_error_and_leaves_whole_records(void **state)
{
	struct signlog_summary summary;
	struct signlog *log;
	struct seen seen;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(append_under_a_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	log = open_log(&summary, &seen);
	assert_string_equal(seen.text, "first,second,");
	assert_int_equal(summary.torn_bytes, 0);
	signlog_close(&log);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_was_appended_is_read_back_in_order),
		IN_FOLDER(an_absent_log_is_not_made_by_opening),
		IN_FOLDER(an_existing_log_is_not_made_anew),
		IN_FOLDER(a_log_of_another_network_or_key_is_refused),
		IN_FOLDER(a_later_version_is_said_to_be_one),
		IN_FOLDER(an_error_of_the_visitor_is_passed_on),
		IN_FOLDER(every_truncation_keeps_the_whole_records),
		IN_FOLDER(an_unfinished_end_is_cut_off_the_file),
		IN_FOLDER(a_record_behind_one_that_seems_cut_short_is_damage),
		IN_FOLDER(every_flipped_bit_is_damage_also_in_the_last_record),
		IN_FOLDER(a_byte_made_anything_else_is_damage),
		IN_FOLDER(a_lost_byte_in_the_middle_is_damage),
		IN_FOLDER(sectors_that_never_arrived_are_a_torn_end),
		IN_FOLDER(a_record_of_the_greatest_size_fits),
		IN_FOLDER(compaction_keeps_what_is_wanted_and_goes_on),
		IN_FOLDER(compaction_of_a_file_changed_by_others_is_refused),
		IN_FOLDER(a_full_disk_stays_an_error_and_leaves_whole_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
