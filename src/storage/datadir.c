#include "storage/datadir.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MARK_BYTES   (4 + HASH_BYTES)
#define LOCK_WAITS   20u
#define LOCK_WAIT_US 50000u

struct data_lock {
	int fd;
};

/* Who holds the lock, from what the holder wrote into the file. */
static enum err report_holder(int fd, const char *path, struct err_text *text)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	if (n < 0)
		n = 0;
	pid[n] = 0;
	pid[strspn(pid, "0123456789")] = 0;
	return err_set(text, ERR_DATA_LOCKED, "%s is held by process %s", path,
		       *pid ? pid : "unknown");
}

/* A killed process keeps its files until its last thread is gone, which may
 * be a moment after it is seen to have ended. */
static bool lock_soon(int fd)
{
	for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited++) {
		if (errno != EWOULDBLOCK || waited == LOCK_WAITS)
			return false;
		usleep(LOCK_WAIT_US);
	}
	return true;
}

static enum err lock_and_sign(int fd, const char *path, struct err_text *text)
{
	char pid[16];
	int size;

	if (!lock_soon(fd))
		return errno == EWOULDBLOCK
			       ? report_holder(fd, path, text)
			       : file_fail(text, errno, "lock", path);
	size = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) != size)
		return file_fail(text, errno, "write", path);
	return ERR_OK;
}

enum err data_lock_take(struct data_lock **out, const char *dir,
			struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	enum err e = file_path(path, dir, "LOCK");
	int fd;

	*out = NULL;
	if (e != ERR_OK)
		return err_set(text, e, "path too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return file_fail(text, errno, "open", path);
	e = lock_and_sign(fd, path, text);
	if (e != ERR_OK) {
		close(fd);
		return e;
	}
	*out = mem_alloc(sizeof(**out));
	(*out)->fd = fd;
	return ERR_OK;
}

void data_lock_release(struct data_lock **lock)
{
	if (!*lock)
		return;
	close((*lock)->fd);
	free(*lock);
	*lock = NULL;
}

static bool note_any(void *context, struct bytes key, struct bytes value)
{
	bool *any = context;

	(void)key;
	(void)value;
	*any = true;
	return false;
}

/* Write the mark into a store that is empty. */
static enum err mark(struct store *s, const struct hash *genesis,
		     struct err_text *text)
{
	uint8_t value[MARK_BYTES];
	const struct bytes all = {NULL, 0};
	const struct store_batch *batches[1];
	struct store_batch batch;
	struct writer w;
	bool any = false;
	enum err e = store_scan(s, all, all, 1, note_any, &any, text);

	if (e != ERR_OK)
		return e;
	if (any)
		return err_set(text, ERR_DATA_DAMAGED,
			       "there is data but no schema record");
	writer_init(&w, value, sizeof(value));
	write_u32(&w, STORE_SCHEMA_VERSION);
	write_bytes(&w, genesis->b, HASH_BYTES);
	store_batch_init(&batch);
	store_batch_put(&batch, STORE_SCHEMA_KEY, strlen(STORE_SCHEMA_KEY),
			value, w.size);
	batches[0] = &batch;
	e = store_write(s, batches, 1, true, text);
	store_batch_fini(&batch);
	return e;
}

static enum err check_mark(const uint8_t *value, size_t size,
			   const struct hash *genesis, struct err_text *text)
{
	struct hash stored;
	struct reader r;
	uint32_t version;

	reader_init(&r, value, size);
	version = read_u32(&r);
	if (!r.bad && version > STORE_SCHEMA_VERSION)
		return err_set(text, ERR_DATA_NEWER,
			       "schema %u; this program knows %u", version,
			       STORE_SCHEMA_VERSION);
	read_copy(&r, stored.b, HASH_BYTES);
	if (!reader_done(&r) || version == 0)
		return err_set(text, ERR_DATA_DAMAGED,
			       "the schema record is not one");
	if (!hash_equal(&stored, genesis)) {
		char hex[HASH_HEX_BYTES];

		hash_hex(hex, &stored);
		return err_set(text, ERR_DATA_OTHER_NETWORK,
			       "the data is of genesis %s", hex);
	}
	return ERR_OK;
}

enum err store_claim(struct store *s, const struct hash *genesis,
		     struct err_text *text)
{
	uint8_t *value;
	size_t size;
	enum err e = store_get(s, &value, &size, STORE_SCHEMA_KEY,
			       strlen(STORE_SCHEMA_KEY), text);

	if (e == ERR_NOT_FOUND)
		return mark(s, genesis, text);
	if (e != ERR_OK)
		return e;
	e = check_mark(value, size, genesis, text);
	free(value);
	return e;
}
