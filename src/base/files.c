#define _GNU_SOURCE /* mkostemp */
#include "base/files.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err file_error(int error_number)
{
	switch (error_number) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_DISK_FULL;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_FILE_EXISTS;
	default:
		return ERR_IO;
	}
}

enum err file_fail(struct err_text *text, int error_number, const char *what,
		   const char *path)
{
	return err_set(text, file_error(error_number), "%s %s: %s", what, path,
		       strerror(error_number));
}

enum err file_path(char out[FILE_PATH_BYTES], const char *dir, const char *name)
{
	int n = snprintf(out, FILE_PATH_BYTES, "%s/%s", dir, name);

	return n < 0 || n >= FILE_PATH_BYTES ? ERR_IO : ERR_OK;
}

bool file_write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* Read to the end, at most `max` bytes; one more shows that there are more. */
static enum err read_to_end(uint8_t **data, size_t *size, int fd, size_t max,
			    const char *path, struct err_text *text)
{
	size_t capacity = max < 4096 ? max + 1 : 4096;
	uint8_t *buffer = mem_alloc(capacity + 1);
	size_t used = 0;

	for (;;) {
		ssize_t n;

		if (used == capacity) {
			capacity = capacity * 2 > max ? max + 1 : capacity * 2;
			buffer = mem_resize(buffer, capacity + 1);
		}
		n = read(fd, buffer + used, capacity - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(buffer);
			return file_fail(text, errno, "read", path);
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max) {
			free(buffer);
			return err_set(text, ERR_TOO_LARGE,
				       "%s is longer than %zu bytes", path,
				       max);
		}
	}
	buffer[used] = 0;
	*data = buffer;
	*size = used;
	return ERR_OK;
}

static enum err read_checked(uint8_t **data, size_t *size, const char *path,
			     size_t max, bool is_private, struct err_text *text)
{
	/* Without O_NONBLOCK a FIFO in the file's place would hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	enum err e;

	if (fd < 0)
		return file_fail(text, errno, "open", path);
	if (fstat(fd, &st) != 0)
		e = file_fail(text, errno, "stat", path);
	else if (!S_ISREG(st.st_mode))
		e = err_set(text, ERR_IO, "%s is not a regular file", path);
	else if (is_private && (st.st_mode & 077) != 0)
		e = err_set(text, ERR_KEY_PERMISSIONS,
			    "%s has permissions %03o", path,
			    (unsigned)st.st_mode & 0777);
	else
		e = read_to_end(data, size, fd, max, path, text);
	close(fd);
	return e;
}

enum err file_read(uint8_t **data, size_t *size, const char *path, size_t max,
		   struct err_text *text)
{
	return read_checked(data, size, path, max, false, text);
}

enum err file_read_private(uint8_t **data, size_t *size, const char *path,
			   size_t max, struct err_text *text)
{
	return read_checked(data, size, path, max, true, text);
}

enum err file_sync_folder(const char *path, struct err_text *text)
{
	const char *slash = strrchr(path, '/');
	char folder[FILE_PATH_BYTES] = ".";
	enum err e = ERR_OK;
	int fd;

	if (slash) {
		size_t size = slash == path ? 1 : (size_t)(slash - path);

		if (size >= sizeof(folder))
			return err_set(text, ERR_IO, "path too long");
		memcpy(folder, path, size);
		folder[size] = 0;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_fail(text, errno, "open", folder);
	if (fsync(fd) != 0)
		e = file_fail(text, errno, "sync", folder);
	close(fd);
	return e;
}

/* A synced temporary file beside `path`; its name goes into `temporary`. */
static enum err write_temporary(char temporary[FILE_PATH_BYTES],
				const char *path, const void *data, size_t size,
				unsigned permissions, struct err_text *text)
{
	int n = snprintf(temporary, FILE_PATH_BYTES, "%s.XXXXXX", path);
	enum err e = ERR_OK;
	int fd;

	if (n < 0 || n >= FILE_PATH_BYTES)
		return err_set(text, ERR_IO, "path too long");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return file_fail(text, errno, "create", path);
	if (!file_write_all(fd, data, size) ||
	    fchmod(fd, (mode_t)permissions) != 0 || fsync(fd) != 0)
		e = file_fail(text, errno, "write", path);
	if (close(fd) != 0 && e == ERR_OK)
		e = file_fail(text, errno, "close", path);
	if (e != ERR_OK)
		unlink(temporary);
	return e;
}

enum err file_replace(const char *path, const void *data, size_t size,
		      unsigned permissions, struct err_text *text)
{
	char temporary[FILE_PATH_BYTES];
	enum err e =
		write_temporary(temporary, path, data, size, permissions, text);

	if (e != ERR_OK)
		return e;
	if (rename(temporary, path) != 0) {
		e = file_fail(text, errno, "rename", path);
		unlink(temporary);
		return e;
	}
	return file_sync_folder(path, text);
}

enum err file_create(const char *path, const void *data, size_t size,
		     unsigned permissions, struct err_text *text)
{
	char temporary[FILE_PATH_BYTES];
	enum err e =
		write_temporary(temporary, path, data, size, permissions, text);

	if (e != ERR_OK)
		return e;
	/* link, unlike rename, never takes the place of a file. */
	if (link(temporary, path) != 0)
		e = file_fail(text, errno, "create", path);
	unlink(temporary);
	return e == ERR_OK ? file_sync_folder(path, text) : e;
}
