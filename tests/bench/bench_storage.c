/* What a write costs: groups with sync, a small append, reads, the sign log.
 *
 * Prints one line a figure, "name value unit". Takes the folder to work in
 * (default: a temporary one beside the current directory). */
#include "base/clock.h"
#include "base/files.h"
#include "storage/signlog.h"
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS	     100u
#define GROUP_SIZE   1000u
#define VALUE_BYTES  200u
#define APPENDS	     500u
#define APPEND_BYTES 200u

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, error_info(e)->sentence);
	exit(1);
}

static uint32_t shuffled(uint32_t i)
{
	return i * 2654435761u;
}

/* Groups of records; their keys ascend, or are spread all over. */
static void bench_groups(struct store *s, const char *name, bool spread)
{
	uint8_t value[VALUE_BYTES];
	struct store_batch b;
	const struct store_batch *batches[1] = {&b};
	uint64_t start = clock_mono_us(), us;

	store_batch_init(&b);
	memset(value, 'v', sizeof(value));
	for (uint32_t i = 0; i < GROUPS; i++) {
		store_batch_clear(&b);
		for (uint32_t j = 0; j < GROUP_SIZE; j++) {
			uint32_t n = i * GROUP_SIZE + j;
			uint8_t key[5] = {spread};
			struct writer w;

			writer_init(&w, key + 1, 4);
			write_u32(&w, spread ? shuffled(n) : n);
			memcpy(value, &n, sizeof(n));
			store_batch_put(&b, key, sizeof(key), value,
					sizeof(value));
		}
		must(store_write(s, batches, 1, true, NULL), "write");
	}
	us = clock_mono_us() - start;
	store_batch_fini(&b);
	printf("%s_us_per_record %.2f us\n", name,
	       (double)us / (GROUPS * GROUP_SIZE));
	printf("%s_records_per_s %.0f 1/s\n", name,
	       1e6 * GROUPS * GROUP_SIZE / (double)us);
}

static void bench_gets(struct store *s)
{
	uint64_t start = clock_mono_us();

	for (uint32_t i = 0; i < 20000; i++) {
		uint8_t key[5] = {0}, *value;
		struct writer w;
		size_t size;

		writer_init(&w, key + 1, 4);
		write_u32(&w, shuffled(i) % (GROUPS * GROUP_SIZE));
		must(store_get(s, &value, &size, key, sizeof(key), NULL),
		     "get");
		free(value);
	}
	printf("store_get_us %.2f us\n",
	       (double)(clock_mono_us() - start) / 20000);
}

static bool count_one(void *context, struct bytes key, struct bytes value)
{
	(void)key;
	(void)value;
	++*(uint64_t *)context;
	return true;
}

static void bench_scan(struct store *s)
{
	const struct bytes all = {NULL, 0};
	uint64_t start = clock_mono_us(), count = 0;

	must(store_scan(s, all, all, 0, count_one, &count, NULL), "scan");
	printf("store_scan_us_per_record %.3f us\n",
	       (double)(clock_mono_us() - start) / (double)count);
}

static int compare_us(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_times(const char *name, uint64_t us[APPENDS])
{
	qsort(us, APPENDS, sizeof(us[0]), compare_us);
	printf("%s_p50_us %llu us\n", name,
	       (unsigned long long)us[APPENDS / 2]);
	printf("%s_p99_us %llu us\n", name,
	       (unsigned long long)us[APPENDS * 99 / 100]);
}

static void bench_fdatasync(const char *folder)
{
	uint8_t data[APPEND_BYTES] = {1};
	char path[FILE_PATH_BYTES];
	uint64_t us[APPENDS];
	int fd;

	must(file_path(path, folder, "plain"), "path");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (unsigned i = 0; i < APPENDS; i++) {
		uint64_t start = clock_mono_us();

		if (!file_write_all(fd, data, sizeof(data)) ||
		    fdatasync(fd) != 0)
			must(file_error(errno), path);
		us[i] = clock_mono_us() - start;
	}
	close(fd);
	print_times("append_fdatasync", us);
}

static void bench_signlog(const char *folder)
{
	static const struct signlog_identity ME;
	uint8_t payload[APPEND_BYTES] = {1};
	struct signlog_summary summary;
	struct signlog_group g;
	const struct signlog_group *groups[1] = {&g};
	char path[FILE_PATH_BYTES];
	uint64_t us[APPENDS];
	struct signlog *log;

	must(file_path(path, folder, "sign.log"), "path");
	must(signlog_create(path, &ME, NULL), "create");
	must(signlog_open(&log, &summary, path, &ME, NULL, NULL, NULL), "open");
	signlog_group_init(&g);
	signlog_group_add(&g, payload, sizeof(payload));
	for (unsigned i = 0; i < APPENDS; i++) {
		uint64_t start = clock_mono_us();

		must(signlog_append(log, groups, 1, NULL), "append");
		us[i] = clock_mono_us() - start;
	}
	signlog_group_fini(&g);
	signlog_close(&log);
	print_times("signlog_append", us);
}

int main(int argc, char **argv)
{
	char folder[FILE_PATH_BYTES] = "bench-storage-XXXXXX";
	char path[FILE_PATH_BYTES], command[FILE_PATH_BYTES + 8];
	struct store *s;
	bool own = argc < 2;

	if (own && !mkdtemp(folder)) {
		perror(folder);
		return 1;
	}
	if (!own)
		snprintf(folder, sizeof(folder), "%s", argv[1]);
	must(file_path(path, folder, "db"), "path");
	must(store_open(&s, path, NULL), path);
	bench_groups(s, "store_ascending", false);
	bench_groups(s, "store_spread", true);
	bench_gets(s);
	bench_scan(s);
	store_close(&s);
	bench_fdatasync(folder);
	bench_signlog(folder);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return own ? system(command) : 0;
}
