/* The layout of an audit log, text:
 *
 *   bcai-gov audit 1 GENESIS
 *   NUMBER TIME_MS UID GID PID METHOD PARAMS CODE HASH
 *
 * HASH = H("bcai-gov/audit/1", hash before || the line up to the space before
 * HASH); the hash before the first is that of the first line. */
#define _GNU_SOURCE /* memrchr */
#include "storage/auditlog.h"

#include "base/arena.h"
#include "base/files.h"
#include "base/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOMAIN		 "bcai-gov/audit/1"
#define TITLE		 "bcai-gov audit 1 "
#define TITLE_BYTES	 (sizeof(TITLE) - 1 + 2 * HASH_BYTES)
#define FIRST_LINE_BYTES (TITLE_BYTES + 1) /* With the newline. */
#define LINE_BYTES_MAX	 384u
#define TAIL_MAX	 10000u

struct auditlog {
	int fd;
	size_t size; /* Up to the end of the last whole line. */
	uint64_t number;
	struct hash last;
	enum err error; /* Half a line could not be cut off. */
	char path[FILE_PATH_BYTES];
};

static bool method_valid(const char *method)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t size = strnlen(method, AUDIT_METHOD_BYTES);

	return size > 0 && size < AUDIT_METHOD_BYTES &&
	       strspn(method, ALLOWED) == size;
}

/* The line up to the space before the hash. */
static size_t format_content(char out[LINE_BYTES_MAX],
			     const struct audit_entry *e)
{
	char params[HASH_HEX_BYTES];

	hash_hex(params, &e->params);
	return (size_t)snprintf(out, LINE_BYTES_MAX,
				"%" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32
				" %" PRIu32 " %s %s %" PRId32,
				e->number, e->time_ms, e->uid, e->gid, e->pid,
				e->method, params, e->code);
}

static void chain(struct hash *out, const struct hash *before,
		  const char *content, size_t size)
{
	struct hasher h;

	hasher_init(&h, DOMAIN);
	hasher_add(&h, before->b, HASH_BYTES);
	hasher_add(&h, content, size);
	hasher_final(&h, out);
}

/* Parse a line without its newline: reading it and writing it again must give
 * the same bytes. The content is the first *content_size of them. */
static bool parse_line(struct audit_entry *e, size_t *content_size,
		       const char *line, size_t size)
{
	char params[HASH_HEX_BYTES], again[LINE_BYTES_MAX];
	char copy[LINE_BYTES_MAX];
	size_t n;

	memset(e, 0, sizeof(*e));
	if (size >= LINE_BYTES_MAX || size < 2 * HASH_BYTES + 1 ||
	    memchr(line, 0, size))
		return false;
	memcpy(copy, line, size);
	copy[size] = 0;
	if (sscanf(copy,
		   "%" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32
		   " %63s %64s %" SCNd32,
		   &e->number, &e->time_ms, &e->uid, &e->gid, &e->pid,
		   e->method, params, &e->code) != 8 ||
	    !method_valid(e->method) ||
	    !hex_decode(e->params.b, HASH_BYTES, params, strlen(params)))
		return false;
	n = format_content(again, e);
	again[n] = ' ';
	if (size != n + 1 + 2 * HASH_BYTES ||
	    !hex_decode(e->hash.b, HASH_BYTES, copy + n + 1, 2 * HASH_BYTES))
		return false;
	hash_hex(again + n + 1, &e->hash);
	*content_size = n;
	return memcmp(again, line, size) == 0;
}

static void format_title(char out[FIRST_LINE_BYTES + 1],
			 const struct hash *genesis)
{
	char hex[HASH_HEX_BYTES];

	hash_hex(hex, genesis);
	snprintf(out, FIRST_LINE_BYTES + 1, TITLE "%s\n", hex);
}

/* Check the first line; the chain starts from its hash. */
static enum err check_title(struct hash *start, const char *line, size_t size,
			    const struct hash *genesis, struct err_text *text)
{
	char ours[FIRST_LINE_BYTES + 1];
	struct hash found;

	if (size < FIRST_LINE_BYTES ||
	    memcmp(line, TITLE, sizeof(TITLE) - 1) != 0 ||
	    !hex_decode(found.b, HASH_BYTES, line + sizeof(TITLE) - 1,
			2 * HASH_BYTES))
		return err_set(text, ERR_AUDIT_DAMAGED,
			       "the first line is not an audit log's");
	format_title(ours, &found);
	if (memcmp(line, ours, FIRST_LINE_BYTES) != 0)
		return err_set(text, ERR_AUDIT_DAMAGED,
			       "the first line is damaged");
	if (genesis && !hash_equal(&found, genesis))
		return err_set(text, ERR_DATA_OTHER_NETWORK,
			       "the audit log is of another genesis");
	hash_bytes(start, DOMAIN, line, TITLE_BYTES);
	return ERR_OK;
}

static bool read_at(int fd, void *out, size_t size, size_t offset)
{
	uint8_t *at = out;

	while (size > 0) {
		ssize_t n = pread(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
		offset += (size_t)n;
	}
	return true;
}

/* Take number and hash from the last whole line before `end`. */
static enum err read_last_line(struct auditlog *log, const char *tail,
			       size_t size, struct err_text *text)
{
	const char *start = memrchr(tail, '\n', size - 1);
	struct audit_entry entry;
	size_t content;

	start = start ? start + 1 : tail;
	if (!parse_line(&entry, &content, start,
			(size_t)(tail + size - 1 - start)))
		return err_set(text, ERR_AUDIT_DAMAGED,
			       "the last line of %s is not a record",
			       log->path);
	log->number = entry.number;
	log->last = entry.hash;
	return ERR_OK;
}

/* Find the end of the last whole line, cut off what is behind it, and take
 * the chain's end from it. */
static enum err recover(struct auditlog *log, const struct hash *genesis,
			size_t size, struct err_text *text)
{
	char tail[2 * LINE_BYTES_MAX];
	size_t take = size < sizeof(tail) ? size : sizeof(tail);
	char first[FIRST_LINE_BYTES];
	const char *end;
	enum err e;

	if (size < FIRST_LINE_BYTES)
		return err_set(text, ERR_AUDIT_DAMAGED, "%s is too short",
			       log->path);
	if (!read_at(log->fd, first, sizeof(first), 0) ||
	    !read_at(log->fd, tail, take, size - take))
		return file_fail(text, errno, "read", log->path);
	e = check_title(&log->last, first, sizeof(first), genesis, text);
	if (e != ERR_OK)
		return e;
	end = memrchr(tail, '\n', take);
	if (!end)
		return err_set(text, ERR_AUDIT_DAMAGED,
			       "%s ends in what is not a line", log->path);
	log->size = size - (size_t)(tail + take - end - 1);
	if (log->size < size && ftruncate(log->fd, (off_t)log->size) != 0)
		return file_fail(text, errno, "truncate", log->path);
	if (log->size == FIRST_LINE_BYTES)
		return ERR_OK;
	return read_last_line(log, tail, (size_t)(end + 1 - tail), text);
}

static enum err open_or_create(struct auditlog *log, const struct hash *genesis,
			       struct err_text *text)
{
	char title[FIRST_LINE_BYTES + 1];
	enum err e;

	log->fd = open(log->path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (log->fd < 0 && errno == ENOENT) {
		format_title(title, genesis);
		e = file_create(log->path, title, FIRST_LINE_BYTES, 0640, text);
		if (e != ERR_OK)
			return e;
		log->fd = open(log->path, O_RDWR | O_APPEND | O_CLOEXEC);
	}
	return log->fd < 0 ? file_fail(text, errno, "open", log->path) : ERR_OK;
}

enum err auditlog_open(struct auditlog **out, const char *path,
		       const struct hash *genesis, struct err_text *text)
{
	struct auditlog *log;
	struct stat st;
	enum err e;

	*out = NULL;
	if (strlen(path) >= FILE_PATH_BYTES)
		return err_set(text, ERR_IO, "path too long");
	log = mem_alloc(sizeof(*log));
	strcpy(log->path, path);
	e = open_or_create(log, genesis, text);
	if (e == ERR_OK)
		e = fstat(log->fd, &st) != 0
			    ? file_fail(text, errno, "stat", path)
			    : recover(log, genesis, (size_t)st.st_size, text);
	if (e == ERR_OK)
		*out = log;
	else
		auditlog_close(&log);
	return e;
}

void auditlog_close(struct auditlog **log)
{
	if (!*log)
		return;
	if ((*log)->fd >= 0)
		close((*log)->fd);
	free(*log);
	*log = NULL;
}

enum err auditlog_append(struct auditlog *log, struct audit_entry *entry,
			 struct err_text *text)
{
	char line[LINE_BYTES_MAX];
	size_t size;

	if (!method_valid(entry->method))
		return err_set(text, ERR_RPC_PARAMS, "the method's name");
	if (log->error != ERR_OK)
		return err_set(text, log->error, "an earlier append failed");
	entry->number = log->number + 1;
	size = format_content(line, entry);
	chain(&entry->hash, &log->last, line, size);
	line[size++] = ' ';
	hash_hex(line + size, &entry->hash);
	size += 2 * HASH_BYTES;
	line[size++] = '\n';
	if (!file_write_all(log->fd, line, size)) {
		enum err e = file_fail(text, errno, "append to", log->path);

		if (ftruncate(log->fd, (off_t)log->size) != 0)
			log->error = e;
		return e;
	}
	log->size += size;
	log->number = entry->number;
	log->last = entry->hash;
	return ERR_OK;
}

enum err auditlog_sync(struct auditlog *log, struct err_text *text)
{
	return fdatasync(log->fd) == 0
		       ? ERR_OK
		       : file_fail(text, errno, "sync", log->path);
}

/* The start of the last `count` lines of `data`, which ends in a newline. */
static const char *last_lines(const char *data, size_t size, size_t count)
{
	const char *at = data + size;

	while (count-- > 0) {
		const char *end = at - 1;

		at = end > data ? memrchr(data, '\n', (size_t)(end - data))
				: NULL;
		if (!at)
			return data;
		at++;
	}
	return at;
}

static enum err visit_lines(const char *at, const char *end,
			    void (*visit)(void *context,
					  const struct audit_entry *entry),
			    void *context, struct err_text *text)
{
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct audit_entry entry;
		size_t content;

		if (!newline ||
		    !parse_line(&entry, &content, at, (size_t)(newline - at)))
			return err_set(text, ERR_AUDIT_DAMAGED,
				       "a line is not a record");
		visit(context, &entry);
		at = newline + 1;
	}
	return ERR_OK;
}

enum err auditlog_tail(struct auditlog *log, size_t count,
		       void (*visit)(void *context,
				     const struct audit_entry *entry),
		       void *context, struct err_text *text)
{
	size_t take = log->size - FIRST_LINE_BYTES;
	enum err e;
	char *data;

	if (count > TAIL_MAX)
		count = TAIL_MAX;
	if (take > count * LINE_BYTES_MAX)
		take = count * LINE_BYTES_MAX;
	if (take == 0)
		return ERR_OK;
	data = mem_alloc(take);
	if (read_at(log->fd, data, take, log->size - take))
		e = visit_lines(last_lines(data, take, count), data + take,
				visit, context, text);
	else
		e = file_fail(text, errno, "read", log->path);
	free(data);
	return e;
}

/* Check the line after out->entries good ones. */
static bool line_follows(struct audit_summary *out, const char *line,
			 size_t size)
{
	struct audit_entry entry;
	struct hash expected;
	size_t content;

	if (!parse_line(&entry, &content, line, size) ||
	    entry.number != out->entries + 1)
		return false;
	chain(&expected, &out->last, line, content);
	if (!hash_equal(&expected, &entry.hash))
		return false;
	out->last = entry.hash;
	out->entries++;
	return true;
}

static enum err verify_file(struct audit_summary *out, FILE *file,
			    const struct hash *genesis, struct err_text *text)
{
	char line[LINE_BYTES_MAX + 2];
	size_t size = fread(line, 1, FIRST_LINE_BYTES, file);
	enum err e = check_title(&out->last, line, size, genesis, text);

	while (e == ERR_OK && fgets(line, sizeof(line), file)) {
		size = strlen(line);
		/* A line being written, or one that a crash cut short. */
		if (feof(file))
			break;
		if (size > 0 && line[size - 1] == '\n' &&
		    line_follows(out, line, size - 1))
			continue;
		out->broken = out->entries + 1;
		e = err_set(text, ERR_AUDIT_DAMAGED,
			    "record %" PRIu64 " does not follow", out->broken);
	}
	if (e == ERR_OK && ferror(file))
		e = err_set(text, ERR_IO, "reading failed");
	return e;
}

enum err auditlog_verify(struct audit_summary *out, const char *path,
			 const struct hash *genesis, struct err_text *text)
{
	FILE *file = fopen(path, "re");
	enum err e;

	memset(out, 0, sizeof(*out));
	if (!file)
		return file_fail(text, errno, "open", path);
	e = verify_file(out, file, genesis, text);
	fclose(file);
	return e;
}
