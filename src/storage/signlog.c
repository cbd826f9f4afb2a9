/* The layout of a sign log, integers big-endian:
 *
 *    8  "bcaisign"
 *    4  version, 1
 *   32  genesis hash
 *   32  public key
 *    4  CRC-32C of all before
 * and for each record:
 *    2  length of the payload
 *    2  the same, each bit inverted
 *    4  CRC-32C of the payload, continuing that of the four bytes before
 *    n  payload
 *
 * The inverted copy makes a damaged length visible: without it a changed
 * length of the last record looks like a record that was cut short. */
#include "storage/signlog.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC		   "bcaisign"
#define MAGIC_BYTES	   8
#define VERSION		   1u
#define HEADER_BYTES	   (MAGIC_BYTES + 4 + HASH_BYTES + PUBLIC_KEY_BYTES + 4)
#define RECORD_HEAD_BYTES  8u
#define SECTOR_BYTES	   512u
#define SIGNLOG_BYTES_MAX  (1024u * 1024u * 1024u)
#define SIGNLOG_PERMISSION 0600

struct signlog {
	int fd;
	size_t size; /* Up to the end of the last good record. */
	enum err error;
	struct signlog_identity identity;
	char path[FILE_PATH_BYTES];
};

enum piece { PIECE_RECORD, PIECE_SHORT, PIECE_BAD };

static void encode_header(uint8_t out[HEADER_BYTES],
			  const struct signlog_identity *identity)
{
	struct writer w;

	writer_init(&w, out, HEADER_BYTES);
	write_bytes(&w, MAGIC, MAGIC_BYTES);
	write_u32(&w, VERSION);
	write_bytes(&w, identity->genesis.b, HASH_BYTES);
	write_bytes(&w, identity->key.b, PUBLIC_KEY_BYTES);
	write_u32(&w, crc32c(0, out, w.size));
	assert(!w.bad && w.size == HEADER_BYTES);
}

static enum err check_header(const uint8_t *data, size_t size,
			     const struct signlog_identity *identity,
			     struct err_text *text)
{
	struct signlog_identity found;
	struct reader r;
	uint32_t version;

	if (size < HEADER_BYTES || memcmp(data, MAGIC, MAGIC_BYTES) != 0)
		return err_set(text, ERR_DATA_DAMAGED, "this is no sign log");
	reader_init(&r, data + MAGIC_BYTES, HEADER_BYTES - MAGIC_BYTES);
	version = read_u32(&r);
	read_copy(&r, found.genesis.b, HASH_BYTES);
	read_copy(&r, found.key.b, PUBLIC_KEY_BYTES);
	if (read_u32(&r) != crc32c(0, data, HEADER_BYTES - 4))
		return err_set(text, ERR_DATA_DAMAGED,
			       "the sign log's header is damaged");
	if (version != VERSION)
		return err_set(text, ERR_DATA_NEWER, "sign log version %u",
			       version);
	if (!hash_equal(&found.genesis, &identity->genesis))
		return err_set(text, ERR_DATA_OTHER_NETWORK,
			       "the sign log is of another genesis");
	if (!public_key_equal(&found.key, &identity->key))
		return err_set(text, ERR_DATA_OTHER_KEY,
			       "the sign log is of another key");
	return ERR_OK;
}

/* What stands at the start of `data`; a record's payload goes into *out. */
static enum piece read_piece(struct bytes *out, const uint8_t *data,
			     size_t size)
{
	struct reader r;
	uint16_t length, inverted;
	uint32_t crc;

	if (size < RECORD_HEAD_BYTES)
		return PIECE_SHORT;
	reader_init(&r, data, size);
	length = read_u16(&r);
	inverted = read_u16(&r);
	crc = read_u32(&r);
	if ((length ^ inverted) != 0xffff || length == 0 ||
	    length > SIGNLOG_PAYLOAD_MAX)
		return PIECE_BAD;
	out->size = length;
	out->data = read_lend(&r, length);
	if (!out->data)
		return PIECE_SHORT;
	return crc32c(crc32c(0, data, 4), out->data, length) == crc
		       ? PIECE_RECORD
		       : PIECE_BAD;
}

/* A file system may make room for an append and lose its bytes: what was not
 * written reads as zeros, from the start of a sector (or of the append) to
 * the end of the file. A record that was synced never looks like that. */
static bool ends_in_lost_sectors(const uint8_t *data, size_t start, size_t size)
{
	size_t zeros = size;
	size_t sector;

	while (zeros > start && data[zeros - 1] == 0)
		zeros--;
	sector = (zeros + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
	return zeros == start || sector < size;
}

static bool any_record_behind(const uint8_t *data, size_t start, size_t size)
{
	struct bytes payload;

	for (size_t at = start + 1; at < size; at++) {
		if (read_piece(&payload, data + at, size - at) == PIECE_RECORD)
			return true;
	}
	return false;
}

/* The record at `start` is not one: is it the unfinished end of an append? */
static bool is_torn(const uint8_t *data, size_t start, size_t size,
		    enum piece piece)
{
	if (piece == PIECE_BAD && !ends_in_lost_sectors(data, start, size))
		return false;
	return !any_record_behind(data, start, size);
}

enum err signlog_parse(struct signlog_summary *out, const void *data,
		       size_t size, const struct signlog_identity *identity,
		       signlog_visit visit, void *context,
		       struct err_text *text)
{
	const uint8_t *bytes = data;
	enum err e = check_header(bytes, size, identity, text);
	size_t at = HEADER_BYTES;

	memset(out, 0, sizeof(*out));
	if (e != ERR_OK)
		return e;
	while (at < size) {
		struct bytes payload;
		enum piece piece = read_piece(&payload, bytes + at, size - at);

		if (piece != PIECE_RECORD) {
			if (is_torn(bytes, at, size, piece))
				break;
			return err_set(text, ERR_DATA_DAMAGED,
				       "sign log record %llu, byte %zu",
				       (unsigned long long)out->records + 1,
				       at);
		}
		e = visit ? visit(context, payload) : ERR_OK;
		if (e != ERR_OK)
			return e;
		out->records++;
		at += RECORD_HEAD_BYTES + payload.size;
	}
	out->good_bytes = at;
	out->torn_bytes = size - at;
	return ERR_OK;
}

enum err signlog_create(const char *path,
			const struct signlog_identity *identity,
			struct err_text *text)
{
	uint8_t header[HEADER_BYTES];

	encode_header(header, identity);
	return file_create(path, header, sizeof(header), SIGNLOG_PERMISSION,
			   text);
}

static enum err open_file(struct signlog *log, struct err_text *text)
{
	log->fd = open(log->path, O_RDWR | O_CLOEXEC);
	return log->fd < 0 ? file_fail(text, errno, "open", log->path) : ERR_OK;
}

/* Read what is there and cut an unfinished record off. */
static enum err recover(struct signlog *log, struct signlog_summary *summary,
			signlog_visit visit, void *context,
			struct err_text *text)
{
	uint8_t *data;
	size_t size;
	enum err e =
		file_read(&data, &size, log->path, SIGNLOG_BYTES_MAX, text);

	if (e != ERR_OK)
		return e;
	e = signlog_parse(summary, data, size, &log->identity, visit, context,
			  text);
	free(data);
	if (e != ERR_OK)
		return e;
	log->size = summary->good_bytes;
	if (summary->torn_bytes > 0 &&
	    ftruncate(log->fd, (off_t)log->size) != 0)
		return file_fail(text, errno, "truncate", log->path);
	/* What a killed process wrote may be in memory only, and the caller is
	 * about to send it again. */
	if (fsync(log->fd) != 0)
		return file_fail(text, errno, "sync", log->path);
	return ERR_OK;
}

enum err signlog_open(struct signlog **out, struct signlog_summary *summary,
		      const char *path, const struct signlog_identity *identity,
		      signlog_visit visit, void *context, struct err_text *text)
{
	struct signlog *log;
	enum err e;

	*out = NULL;
	if (strlen(path) >= FILE_PATH_BYTES)
		return err_set(text, ERR_IO, "path too long");
	log = mem_alloc(sizeof(*log));
	log->fd = -1;
	log->identity = *identity;
	strcpy(log->path, path);
	e = open_file(log, text);
	if (e == ERR_OK)
		e = recover(log, summary, visit, context, text);
	if (e == ERR_OK)
		*out = log;
	else
		signlog_close(&log);
	return e;
}

void signlog_close(struct signlog **log)
{
	if (!*log)
		return;
	if ((*log)->fd >= 0)
		close((*log)->fd);
	free(*log);
	*log = NULL;
}

void signlog_group_init(struct signlog_group *g)
{
	memset(g, 0, sizeof(*g));
}

void signlog_group_fini(struct signlog_group *g)
{
	free(g->data);
	signlog_group_init(g);
}

void signlog_group_add(struct signlog_group *g, const void *payload,
		       size_t size)
{
	size_t need = g->size + RECORD_HEAD_BYTES + size;
	uint8_t *head;
	struct writer w;

	assert(size > 0 && size <= SIGNLOG_PAYLOAD_MAX);
	if (need > g->capacity) {
		g->capacity = 2 * need;
		g->data = mem_resize(g->data, g->capacity);
	}
	head = g->data + g->size;
	writer_init(&w, head, g->capacity - g->size);
	write_u16(&w, (uint16_t)size);
	write_u16(&w, (uint16_t)~size);
	write_u32(&w, crc32c(crc32c(0, head, 4), payload, size));
	write_bytes(&w, payload, size);
	assert(!w.bad);
	g->size += w.size;
	g->count++;
}

static bool append_all(struct signlog *log,
		       const struct signlog_group *const *groups, size_t count,
		       size_t *added)
{
	*added = 0;
	if (lseek(log->fd, (off_t)log->size, SEEK_SET) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!file_write_all(log->fd, groups[i]->data, groups[i]->size))
			return false;
		*added += groups[i]->size;
	}
	return fdatasync(log->fd) == 0;
}

enum err signlog_append(struct signlog *log,
			const struct signlog_group *const *groups, size_t count,
			struct err_text *text)
{
	size_t added;

	if (log->error != ERR_OK)
		return err_set(text, log->error, "an earlier append failed");
	if (append_all(log, groups, count, &added)) {
		log->size += added;
		return ERR_OK;
	}
	/* After a failed sync the kernel may have dropped the pages while the
	 * file looks whole: only a fresh start can tell what is there. */
	log->error = file_fail(text, errno, "append to", log->path);
	if (ftruncate(log->fd, (off_t)log->size) != 0)
		err_set(text, log->error, "append to %s, and cutting it back",
			log->path);
	return log->error;
}

struct compaction {
	struct signlog_group kept;
	bool (*keep)(void *context, struct bytes payload);
	void *context;
};

static enum err keep_one(void *context, struct bytes payload)
{
	struct compaction *c = context;

	if (c->keep(c->context, payload))
		signlog_group_add(&c->kept, payload.data, payload.size);
	return ERR_OK;
}

/* Header and kept records in a file of their own, on the disk. A crash leaves
 * it there, for the next one to write over. */
static int write_new(const char *path, const struct signlog *log,
		     const struct signlog_group *kept, struct err_text *text,
		     enum err *e)
{
	uint8_t header[HEADER_BYTES];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		      SIGNLOG_PERMISSION);

	if (fd < 0) {
		*e = file_fail(text, errno, "create", path);
		return -1;
	}
	encode_header(header, &log->identity);
	if (file_write_all(fd, header, HEADER_BYTES) &&
	    file_write_all(fd, kept->data, kept->size) && fsync(fd) == 0)
		return fd;
	*e = file_fail(text, errno, "write", path);
	close(fd);
	unlink(path);
	return -1;
}

/* What is kept in the place of the file; then use that file. Nothing is
 * appended to it before its name is on the disk: with the power gone the old
 * file, which lacks nothing, may be back. */
static enum err replace_file(struct signlog *log,
			     const struct signlog_group *kept,
			     struct err_text *text)
{
	char path[FILE_PATH_BYTES + 4];
	enum err e = ERR_OK;
	int fd;

	snprintf(path, sizeof(path), "%s.new", log->path);
	fd = write_new(path, log, kept, text, &e);
	if (fd < 0)
		return e;
	if (rename(path, log->path) != 0) {
		e = file_fail(text, errno, "rename", path);
		close(fd);
		unlink(path);
		return e;
	}
	close(log->fd);
	log->fd = fd;
	log->size = HEADER_BYTES + kept->size;
	log->error = file_sync_folder(log->path, text);
	return log->error;
}

enum err signlog_compact(struct signlog *log,
			 bool (*keep)(void *context, struct bytes payload),
			 void *context, struct err_text *text)
{
	struct compaction c = {.keep = keep, .context = context};
	struct signlog_summary summary;
	uint8_t *data;
	size_t size;
	enum err e;

	if (log->error != ERR_OK)
		return err_set(text, log->error, "an earlier append failed");
	e = file_read(&data, &size, log->path, SIGNLOG_BYTES_MAX, text);
	if (e != ERR_OK)
		return e;
	e = size == log->size
		    ? signlog_parse(&summary, data, size, &log->identity,
				    keep_one, &c, text)
		    : ERR_DATA_DAMAGED;
	free(data);
	if (e == ERR_OK)
		e = replace_file(log, &c.kept, text);
	signlog_group_fini(&c.kept);
	return e;
}

size_t signlog_size(const struct signlog *log)
{
	return log->size;
}
