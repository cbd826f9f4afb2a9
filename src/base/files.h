/* Small files read whole and replaced durably, and what errno means to us.
 *
 * A replaced file is complete or as it was before, also across a power cut:
 * temporary file, fsync, rename, fsync of the directory. Large or growing
 * files are not for this module. */
#ifndef BCAI_BASE_FILES_H
#define BCAI_BASE_FILES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest path this program makes, with its NUL. */
#define FILE_PATH_BYTES 1024

/* ERR_DISK_FULL for a full disk, quota or file size limit, ERR_NOT_FOUND for
 * ENOENT, ERR_FILE_EXISTS for EEXIST, ERR_IO for the rest. */
enum err file_error(int error_number);
/* The same with "what path: strerror" as the context. */
enum err file_fail(struct err_text *text, int error_number, const char *what,
		   const char *path);

/* "dir/name" into `out`; ERR_IO when it does not fit. */
enum err file_path(char out[FILE_PATH_BYTES], const char *dir,
		   const char *name) MUST_USE;

/* The whole of a regular file; *data is the caller's, free with free(), never
 * NULL on success and followed by a NUL that does not count.
 *
 * ERR_NOT_FOUND  there is no such file
 * ERR_TOO_LARGE  it is longer than `max`
 * ERR_IO         it cannot be read, or is not a regular file */
enum err file_read(uint8_t **data, size_t *size, const char *path, size_t max,
		   struct err_text *text) MUST_USE;

/* The same for a secret: ERR_KEY_PERMISSIONS when anybody but its owner has
 * any access. */
enum err file_read_private(uint8_t **data, size_t *size, const char *path,
			   size_t max, struct err_text *text) MUST_USE;

/* Put `data` in the place of `path`, durably and all at once, with these
 * permission bits (the umask is not applied).
 *
 * ERR_DISK_FULL, ERR_IO  the old file stands as it was */
enum err file_replace(const char *path, const void *data, size_t size,
		      unsigned permissions, struct err_text *text) MUST_USE;

/* The same, but never over an existing file: ERR_FILE_EXISTS. */
enum err file_create(const char *path, const void *data, size_t size,
		     unsigned permissions, struct err_text *text) MUST_USE;

/* Make a rename or creation in the folder of `path` durable. */
enum err file_sync_folder(const char *path, struct err_text *text) MUST_USE;

/* Write all of it, however many calls it takes; false with errno set. */
bool file_write_all(int fd, const void *data, size_t size);

#endif
