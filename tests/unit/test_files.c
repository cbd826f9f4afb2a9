/* Small files: read bounded, replaced whole, never overwritten by accident. */
#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64];
static char path[FILE_PATH_BYTES];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bcai-files-XXXXXX");
	return mkdtemp(folder) && file_path(path, folder, "f") == ERR_OK ? 0
									 : -1;
}

static unsigned count_files(void)
{
	DIR *d = opendir(folder);
	unsigned count = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void assert_holds(const char *expected)
{
	uint8_t *data;
	size_t size;

	assert_int_equal(file_read(&data, &size, path, 64, NULL), ERR_OK);
	assert_string_equal((char *)data, expected);
	assert_int_equal(size, strlen(expected));
	free(data);
}

static void a_file_is_created_replaced_and_read(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_create(path, "one", 3, 0600, NULL), ERR_OK);
	assert_holds("one");
	assert_int_equal(file_replace(path, "second", 6, 0640, NULL), ERR_OK);
	assert_holds("second");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(count_files(), 1);
}

static void create_never_takes_the_place_of_a_file(void **state)
{
	struct err_text text;

	(void)state;
	assert_int_equal(file_create(path, "one", 3, 0600, NULL), ERR_OK);
	assert_int_equal(file_create(path, "two", 3, 0600, &text),
			 ERR_FILE_EXISTS);
	assert_non_null(strstr(text.text, path));
	assert_holds("one");
	assert_int_equal(count_files(), 1);
}

static void a_file_is_read_up_to_its_bound(void **state)
{
	char big[5000];
	uint8_t *data;
	size_t size;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(file_create(path, big, sizeof(big), 0600, NULL),
			 ERR_OK);
	assert_int_equal(file_read(&data, &size, path, sizeof(big), NULL),
			 ERR_OK);
	assert_int_equal(size, sizeof(big));
	assert_memory_equal(data, big, size);
	free(data);
	assert_int_equal(file_read(&data, &size, path, sizeof(big) - 1, NULL),
			 ERR_TOO_LARGE);
	assert_int_equal(file_read(&data, &size, path, 0, NULL), ERR_TOO_LARGE);
	assert_int_equal(file_read(&data, &size, folder, 10, NULL), ERR_IO);
	unlink(path);
	assert_int_equal(file_read(&data, &size, path, 10, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(&data, &size, path, 10, NULL), ERR_IO);
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
	static const mode_t MODES[] = {0601, 0602, 0604, 0610, 0620, 0640};
	uint8_t *data;
	size_t size;

	(void)state;
	assert_int_equal(file_create(path, "s", 1, 0600, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++) {
		assert_int_equal(chmod(path, MODES[i]), 0);
		assert_int_equal(file_read_private(&data, &size, path, 9, NULL),
				 ERR_KEY_PERMISSIONS);
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(file_read_private(&data, &size, path, 9, NULL),
			 ERR_OK);
	free(data);
}

/* In a child, where a file may grow to four bytes only. */
static int replace_under_a_limit(void)
{
	struct rlimit limit = {4, 4};
	struct err_text text;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	return file_replace(path, "too long", 8, 0600, &text) == ERR_DISK_FULL
		       ? 0
		       : 2;
}

static void a_full_disk_leaves_the_old_file_as_it_was(void **state)
{
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(file_create(path, "old", 3, 0600, NULL), ERR_OK);
	child = fork();
	if (child == 0)
		_exit(replace_under_a_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_holds("old");
	assert_int_equal(count_files(), 1);
}

static void errno_has_a_code_of_ours(void **state)
{
	(void)state;
	assert_int_equal(file_error(ENOSPC), ERR_DISK_FULL);
	assert_int_equal(file_error(EDQUOT), ERR_DISK_FULL);
	assert_int_equal(file_error(EFBIG), ERR_DISK_FULL);
	assert_int_equal(file_error(ENOENT), ERR_NOT_FOUND);
	assert_int_equal(file_error(EEXIST), ERR_FILE_EXISTS);
	assert_int_equal(file_error(EACCES), ERR_IO);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	char out[FILE_PATH_BYTES];
	char name[FILE_PATH_BYTES];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[FILE_PATH_BYTES - 1] = 0;
	assert_int_equal(file_path(out, "/tmp", name), ERR_IO);
	assert_int_equal(file_path(out, "/tmp", "n"), ERR_OK);
	assert_string_equal(out, "/tmp/n");
}

#define IN_FOLDER(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_is_created_replaced_and_read),
		IN_FOLDER(create_never_takes_the_place_of_a_file),
		IN_FOLDER(a_file_is_read_up_to_its_bound),
		IN_FOLDER(a_secret_that_others_can_read_is_refused),
		IN_FOLDER(a_full_disk_leaves_the_old_file_as_it_was),
		cmocka_unit_test(errno_has_a_code_of_ours),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
