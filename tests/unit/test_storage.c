/* The store: LevelDB against its twin, damage, locks, marks, a full disk. */
#include "base/files.h"
#include "storage/datadir.h"
#include "storage/store.h"

#include <dirent.h>
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
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64];
static char db_path[FILE_PATH_BYTES];
static const struct bytes NONE = {NULL, 0};

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bcai-store-XXXXXX");
	return mkdtemp(folder) && file_path(db_path, folder, "db") == ERR_OK
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

static struct store *open_db(void)
{
	struct err_text text = {""};
	struct store *s;

	if (store_open(&s, db_path, &text) != ERR_OK)
		fail_msg("open: %s", text.text);
	return s;
}

static struct bytes as_bytes(const char *text)
{
	struct bytes b = {(const uint8_t *)text, strlen(text)};

	return b;
}

static enum err write_batch(struct store *s, struct store_batch *b)
{
	const struct store_batch *batches[1] = {b};

	return store_write(s, batches, 1, true, NULL);
}

static void put_text(struct store *s, const char *key, const char *value)
{
	struct store_batch b;

	store_batch_init(&b);
	store_batch_put(&b, key, strlen(key), value, strlen(value));
	assert_int_equal(write_batch(s, &b), ERR_OK);
	store_batch_fini(&b);
}

static void assert_value(struct store *s, const char *key, const char *expected)
{
	uint8_t *value;
	size_t size;
	enum err e = store_get(s, &value, &size, key, strlen(key), NULL);

	if (!expected) {
		assert_int_equal(e, ERR_NOT_FOUND);
		assert_null(value);
		return;
	}
	assert_int_equal(e, ERR_OK);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(value, expected, size);
	free(value);
}

struct text_list {
	char text[1024];
	size_t stop_after;
};

static bool add_text(void *context, struct bytes key, struct bytes value)
{
	struct text_list *l = context;
	size_t used = strlen(l->text);

	snprintf(l->text + used, sizeof(l->text) - used, "%.*s=%.*s ",
		 (int)key.size, (const char *)key.data, (int)value.size,
		 (const char *)value.data);
	return l->stop_after == 0 || --l->stop_after > 0;
}

static void assert_scan(struct store *s, const char *prefix, const char *from,
			size_t limit, const char *expected)
{
	struct text_list l = {""};

	assert_int_equal(store_scan(s, as_bytes(prefix), as_bytes(from), limit,
				    add_text, &l, NULL),
			 ERR_OK);
	assert_string_equal(l.text, expected);
}

/* What both implementations must do. */
static void check_basics(struct store *s)
{
	struct text_list l = {"", 1};

	assert_value(s, "a", NULL);
	assert_scan(s, "", "", 0, "");
	put_text(s, "a", "1");
	put_text(s, "ab", "2");
	put_text(s, "b", "");
	put_text(s, "ab\xff", "3");
	put_text(s, "\xff\xff", "4");
	put_text(s, "a", "5");
	assert_value(s, "a", "5");
	assert_value(s, "b", "");
	assert_value(s, "ab\xfe", NULL);
	assert_scan(s, "a", "", 0, "a=5 ab=2 ab\xff=3 ");
	assert_scan(s, "", "", 0, "a=5 ab=2 ab\xff=3 b= \xff\xff=4 ");
	assert_scan(s, "", "", 2, "a=5 ab=2 ");
	assert_scan(s, "", "aa", 0, "ab=2 ab\xff=3 b= \xff\xff=4 ");
	assert_scan(s, "ab", "a", 0, "ab=2 ab\xff=3 ");
	assert_scan(s, "a", "b", 0, "");
	assert_scan(s, "c", "", 0, "");
	assert_int_equal(store_scan(s, NONE, NONE, 0, add_text, &l, NULL),
			 ERR_OK);
	assert_string_equal(l.text, "a=5 ");
	memset(&l, 0, sizeof(l));
	assert_int_equal(store_last(s, as_bytes("a"), add_text, &l, NULL),
			 ERR_OK);
	assert_int_equal(store_last(s, as_bytes("ab\xff"), add_text, &l, NULL),
			 ERR_OK);
	assert_int_equal(store_last(s, as_bytes("\xff"), add_text, &l, NULL),
			 ERR_OK);
	assert_int_equal(store_last(s, NONE, add_text, &l, NULL), ERR_OK);
	assert_string_equal(l.text, "ab\xff=3 ab\xff=3 \xff\xff=4 \xff\xff=4 ");
	assert_int_equal(store_last(s, as_bytes("aa"), add_text, &l, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_last(s, as_bytes("c"), add_text, &l, NULL),
			 ERR_NOT_FOUND);
}

static void leveldb_gets_puts_and_scans_in_order(void **state)
{
	struct store *s = open_db();

	(void)state;
	check_basics(s);
	store_close(&s);
	assert_null(s);
}

static void the_twin_gets_puts_and_scans_in_order(void **state)
{
	struct store *s = store_new_memory();

	(void)state;
	check_basics(s);
	store_close(&s);
}

static void changes_apply_in_the_order_they_were_added(void **state)
{
	struct store *stores[2];

	(void)state;
	stores[0] = open_db();
	stores[1] = store_new_memory();
	for (unsigned i = 0; i < 2; i++) {
		struct store_batch a, b;
		const struct store_batch *batches[2] = {&a, &b};

		store_batch_init(&a);
		store_batch_init(&b);
		store_batch_put(&a, "k", 1, "1", 1);
		store_batch_delete(&a, "k", 1);
		store_batch_put(&a, "k", 1, "2", 1);
		store_batch_put(&b, "l", 1, "3", 1);
		store_batch_delete(&b, "k", 1);
		store_batch_delete(&b, "never", 5);
		assert_int_equal(
			store_write(stores[i], batches, 2, false, NULL),
			ERR_OK);
		assert_scan(stores[i], "", "", 0, "l=3 ");
		store_batch_clear(&b);
		assert_int_equal(store_write(stores[i], batches, 2, true, NULL),
				 ERR_OK);
		assert_scan(stores[i], "", "", 0, "k=2 l=3 ");
		store_batch_fini(&a);
		store_batch_fini(&b);
		store_close(&stores[i]);
	}
}

/* Random changes on both; then every way of reading must agree. */

static uint64_t seed_of_run(void)
{
	const char *text = getenv("BCAI_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

	print_message("seed %llu (BCAI_SEED sets it)\n",
		      (unsigned long long)seed);
	return seed ? seed : 1;
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static size_t random_key(uint8_t out[4], uint64_t *x)
{
	static const uint8_t LETTERS[] = {0, 1, 'a', 'b', 0xfe, 0xff};
	size_t size = 1 + next_random(x) % 4;

	for (size_t i = 0; i < size; i++)
		out[i] = LETTERS[next_random(x) % sizeof(LETTERS)];
	return size;
}

struct transcript {
	uint8_t data[1 << 18];
	struct writer w;
	size_t limit;
};

static bool transcribe(void *context, struct bytes key, struct bytes value)
{
	struct transcript *t = context;

	write_blob(&t->w, key.data, key.size);
	write_blob(&t->w, value.data, value.size);
	return t->limit == 0 || --t->limit > 0;
}

static void assert_same(struct store *a, struct store *b, uint64_t *x)
{
	static struct transcript t[2];
	struct store *stores[2] = {a, b};
	uint8_t prefix_bytes[4], from_bytes[4];
	struct bytes prefix = {prefix_bytes, random_key(prefix_bytes, x) - 1};
	struct bytes from = {from_bytes, random_key(from_bytes, x)};
	size_t limit = next_random(x) % 5;
	size_t stop = next_random(x) % 7;
	enum err last[2];

	for (unsigned i = 0; i < 2; i++) {
		uint8_t *value;
		size_t size;

		writer_init(&t[i].w, t[i].data, sizeof(t[i].data));
		t[i].limit = stop;
		assert_int_equal(store_scan(stores[i], prefix, from, limit,
					    transcribe, &t[i], NULL),
				 ERR_OK);
		t[i].limit = 0;
		last[i] =
			store_last(stores[i], prefix, transcribe, &t[i], NULL);
		if (store_get(stores[i], &value, &size, from.data, from.size,
			      NULL) == ERR_OK) {
			write_blob(&t[i].w, value, size);
			free(value);
		}
		assert_false(t[i].w.bad);
	}
	assert_int_equal(last[0], last[1]);
	assert_int_equal(t[0].w.size, t[1].w.size);
	assert_memory_equal(t[0].data, t[1].data, t[0].w.size);
}

static void change_both(struct store *a, struct store *b, uint64_t *x)
{
	const struct store_batch *batches[1];
	struct store_batch batch;
	size_t changes = 1 + next_random(x) % 20;

	store_batch_init(&batch);
	while (changes-- > 0) {
		uint8_t key[4], value[300];
		size_t size = random_key(key, x);
		size_t value_size = next_random(x) % sizeof(value);

		memset(value, (int)(next_random(x) & 0xff), sizeof(value));
		if (next_random(x) % 3 == 0)
			store_batch_delete(&batch, key, size);
		else
			store_batch_put(&batch, key, size, value, value_size);
	}
	batches[0] = &batch;
	assert_int_equal(store_write(a, batches, 1, false, NULL), ERR_OK);
	assert_int_equal(store_write(b, batches, 1, false, NULL), ERR_OK);
	store_batch_fini(&batch);
}

static void leveldb_and_its_twin_never_differ(void **state)
{
	uint64_t x = seed_of_run();
	struct store *twin = store_new_memory();
	struct store *db = open_db();

	(void)state;
	for (unsigned round = 0; round < 1500; round++) {
		change_both(db, twin, &x);
		assert_same(db, twin, &x);
		if (next_random(&x) % 200 == 0) {
			store_close(&db);
			db = open_db();
		}
		if (next_random(&x) % 200 == 0)
			store_compact(db, NONE, NONE);
	}
	store_close(&db);
	store_close(&twin);
}

/* Enough for tables on the disk. */
static void fill(struct store *s, unsigned count)
{
	struct store_batch b;

	store_batch_init(&b);
	for (unsigned i = 0; i < count; i++) {
		char key[32], value[128];
		int n = snprintf(key, sizeof(key), "key%08u", i);

		memset(value, (int)('a' + i % 26), sizeof(value));
		store_batch_put(&b, key, (size_t)n, value, i % sizeof(value));
	}
	assert_int_equal(write_batch(s, &b), ERR_OK);
	store_batch_fini(&b);
}

static void what_was_written_is_there_after_a_restart(void **state)
{
	struct store *s = open_db();
	struct store_stats stats;

	(void)state;
	fill(s, 2000);
	store_close(&s);
	s = open_db();
	assert_int_equal(store_check(s, &stats, NULL), ERR_OK);
	assert_int_equal(stats.records, 2000);
	assert_int_equal(stats.key_bytes, 2000 * 11);
	assert_true(store_size(s) > 20000);
	store_close(&s);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* The path of the largest file of the database whose name ends so. */
static void find_file(char out[FILE_PATH_BYTES], const char *suffix)
{
	DIR *d = opendir(db_path);
	off_t largest = -1;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char path[FILE_PATH_BYTES];
		struct stat st;

		if (!has_suffix(e->d_name, suffix))
			continue;
		assert_int_equal(file_path(path, db_path, e->d_name), ERR_OK);
		assert_int_equal(stat(path, &st), 0);
		if (st.st_size > largest)
			strcpy(out, path);
		if (st.st_size > largest)
			largest = st.st_size;
	}
	closedir(d);
	assert_true(largest > 0);
}

static void flip_byte(const char *path, double where)
{
	struct stat st;
	uint8_t byte;
	off_t at;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	at = (off_t)((double)st.st_size * where);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void a_damaged_table_is_reported_and_never_read_as_good(void **state)
{
	char path[FILE_PATH_BYTES];
	struct store *s = open_db();
	struct store_stats stats;
	struct err_text text = {""};
	struct text_list l = {"", 1};
	unsigned wrong = 0;

	(void)state;
	fill(s, 20000);
	store_compact(s, NONE, NONE);
	store_close(&s);
	find_file(path, ".ldb");
	flip_byte(path, 0.4);
	s = open_db();
	assert_int_equal(store_check(s, &stats, &text), ERR_DATA_DAMAGED);
	assert_true(stats.records < 20000);
	assert_true(strlen(text.text) > 0);
	assert_int_equal(store_scan(s, NONE, NONE, 0, transcribe,
				    &(struct transcript){.limit = 0}, NULL),
			 ERR_DATA_DAMAGED);
	for (unsigned i = 0; i < 20000; i += 7) {
		char key[32];
		uint8_t *value;
		size_t size;
		int n = snprintf(key, sizeof(key), "key%08u", i);
		enum err e = store_get(s, &value, &size, key, (size_t)n, NULL);

		if (e == ERR_OK) {
			assert_int_equal(size, i % 128);
			free(value);
		} else {
			assert_int_equal(e, ERR_DATA_DAMAGED);
			wrong++;
		}
	}
	assert_true(wrong > 0);
	/* What does not touch the bad block still works. */
	assert_int_equal(store_scan(s, NONE, NONE, 0, add_text, &l, NULL),
			 ERR_OK);
	store_close(&s);
}

static void a_damaged_log_stops_the_start_instead_of_losing_writes(void **state)
{
	char path[FILE_PATH_BYTES];
	struct store *s = open_db();

	(void)state;
	fill(s, 500);
	store_close(&s);
	find_file(path, ".log");
	flip_byte(path, 0.5);
	assert_int_equal(store_open(&s, db_path, NULL), ERR_DATA_DAMAGED);
	assert_null(s);
}

static void a_database_without_its_head_is_not_taken_for_a_new_one(void **state)
{
	char path[FILE_PATH_BYTES];
	struct store *s = open_db();

	(void)state;
	fill(s, 10);
	store_close(&s);
	assert_int_equal(file_path(path, db_path, "CURRENT"), ERR_OK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_open(&s, db_path, NULL), ERR_DATA_DAMAGED);
}

static void a_missing_table_is_damage(void **state)
{
	char path[FILE_PATH_BYTES];
	struct store *s = open_db();

	(void)state;
	fill(s, 5000);
	store_compact(s, NONE, NONE);
	store_close(&s);
	find_file(path, ".ldb");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_open(&s, db_path, NULL), ERR_DATA_DAMAGED);
}

static void a_second_handle_is_refused(void **state)
{
	struct store *s = open_db();
	struct store *second;

	(void)state;
	assert_int_equal(store_open(&second, db_path, NULL), ERR_DATA_LOCKED);
	assert_null(second);
	store_close(&s);
}

/* In a child whose files may not grow over 64 KiB. */
static int fill_under_a_limit(void)
{
	struct rlimit limit = {65536, RLIM_INFINITY};
	struct err_text text = {""};
	struct store *s = open_db();
	struct store_batch b;
	unsigned written = 0;
	enum err e;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	store_batch_init(&b);
	do {
		char key[16], value[1000];
		const struct store_batch *batches[1] = {&b};
		int n = snprintf(key, sizeof(key), "%06u", written);

		memset(value, 'v', sizeof(value));
		store_batch_clear(&b);
		store_batch_put(&b, key, (size_t)n, value, sizeof(value));
		e = store_write(s, batches, 1, true, &text);
	} while (e == ERR_OK && ++written < 1000);
	/* The error stays, also when there is room again. */
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	if (e != ERR_DISK_FULL || write_batch(s, &b) != ERR_DISK_FULL)
		return 2;
	/* Not closed: as if killed. */
	return written >= 40 && written < 66 ? 0 : 3;
}

static void a_full_disk_is_said_and_takes_nothing_acknowledged(void **state)
{
	struct store *s;
	struct store_stats stats;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(fill_under_a_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	s = open_db();
	assert_int_equal(store_check(s, &stats, NULL), ERR_OK);
	assert_true(stats.records >= 40 && stats.records < 66);
	store_close(&s);
}

static const struct hash GENESIS = {{1, 2, 3}};

static void a_new_store_is_claimed_and_known_again(void **state)
{
	struct hash other = {{1, 2, 4}};
	struct err_text text;
	struct store *s = open_db();

	(void)state;
	assert_int_equal(store_claim(s, &GENESIS, NULL), ERR_OK);
	put_text(s, "s1", "x");
	store_close(&s);
	s = open_db();
	assert_int_equal(store_claim(s, &GENESIS, NULL), ERR_OK);
	assert_int_equal(store_claim(s, &other, &text), ERR_DATA_OTHER_NETWORK);
	assert_non_null(strstr(text.text, "010203"));
	store_close(&s);
}

static void put_mark(struct store *s, uint32_t version, size_t size)
{
	uint8_t value[64];
	struct store_batch b;
	struct writer w;

	memset(value, 0, sizeof(value));
	writer_init(&w, value, sizeof(value));
	write_u32(&w, version);
	write_bytes(&w, GENESIS.b, HASH_BYTES);
	store_batch_init(&b);
	store_batch_put(&b, STORE_SCHEMA_KEY, strlen(STORE_SCHEMA_KEY), value,
			size);
	assert_int_equal(write_batch(s, &b), ERR_OK);
	store_batch_fini(&b);
}

static void a_mark_that_is_not_ours_is_refused(void **state)
{
	static const struct {
		const char *name;
		uint32_t version;
		size_t size;
		enum err expected;
	} ROWS[] = {
		{"ours", 1, 36, ERR_OK},
		{"newer", 2, 36, ERR_DATA_NEWER},
		{"newer and longer", 7, 60, ERR_DATA_NEWER},
		{"version zero", 0, 36, ERR_DATA_DAMAGED},
		{"too short", 1, 35, ERR_DATA_DAMAGED},
		{"too long", 1, 37, ERR_DATA_DAMAGED},
		{"empty", 1, 0, ERR_DATA_DAMAGED},
	};
	struct store *s = store_new_memory();

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		put_mark(s, ROWS[i].version, ROWS[i].size);
		if (store_claim(s, &GENESIS, NULL) != ROWS[i].expected)
			fail_msg("mark: %s", ROWS[i].name);
	}
	store_close(&s);
	s = store_new_memory();
	put_text(s, "s1", "x");
	assert_int_equal(store_claim(s, &GENESIS, NULL), ERR_DATA_DAMAGED);
	store_close(&s);
}

static void a_data_directory_has_one_user_at_a_time(void **state)
{
	struct data_lock *lock, *second;
	struct err_text text;
	char pid[16];

	(void)state;
	assert_int_equal(data_lock_take(&lock, folder, NULL), ERR_OK);
	assert_int_equal(data_lock_take(&second, folder, &text),
			 ERR_DATA_LOCKED);
	assert_null(second);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_non_null(strstr(text.text, pid));
	data_lock_release(&lock);
	assert_int_equal(data_lock_take(&lock, folder, NULL), ERR_OK);
	data_lock_release(&lock);
	assert_int_equal(data_lock_take(&lock, "/nonexistent", NULL),
			 ERR_NOT_FOUND);
}

static void the_lock_of_a_killed_process_is_free(void **state)
{
	struct data_lock *lock;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		if (data_lock_take(&lock, folder, NULL) != ERR_OK)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(data_lock_take(&lock, folder, NULL), ERR_OK);
	data_lock_release(&lock);
}

static void a_holder_that_is_just_ending_is_waited_for(void **state)
{
	struct data_lock *lock = NULL;
	int fds[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		if (data_lock_take(&lock, folder, NULL) != ERR_OK)
			_exit(1);
		if (write(fds[1], "x", 1) == 1)
			usleep(200000);
		_exit(0);
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(data_lock_take(&lock, folder, NULL), ERR_OK);
	data_lock_release(&lock);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(fds[0]);
	close(fds[1]);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(leveldb_gets_puts_and_scans_in_order),
		cmocka_unit_test(the_twin_gets_puts_and_scans_in_order),
		IN_FOLDER(changes_apply_in_the_order_they_were_added),
		IN_FOLDER(leveldb_and_its_twin_never_differ),
		IN_FOLDER(what_was_written_is_there_after_a_restart),
		IN_FOLDER(a_damaged_table_is_reported_and_never_read_as_good),
		IN_FOLDER(
			a_damaged_log_stops_the_start_instead_of_losing_writes),
		IN_FOLDER(
			a_database_without_its_head_is_not_taken_for_a_new_one),
		IN_FOLDER(a_missing_table_is_damage),
		IN_FOLDER(a_second_handle_is_refused),
		IN_FOLDER(a_full_disk_is_said_and_takes_nothing_acknowledged),
		IN_FOLDER(a_new_store_is_claimed_and_known_again),
		cmocka_unit_test(a_mark_that_is_not_ours_is_refused),
		IN_FOLDER(a_data_directory_has_one_user_at_a_time),
		IN_FOLDER(the_lock_of_a_killed_process_is_free),
		IN_FOLDER(a_holder_that_is_just_ending_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
