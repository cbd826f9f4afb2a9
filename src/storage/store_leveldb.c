/* The store on LevelDB. */
#include "base/arena.h"
#include "base/assert.h"
#include "base/files.h"
#include "storage/store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <leveldb/c.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WRITE_BUFFER_BYTES (32u * 1024u * 1024u)
#define CACHE_BYTES	   (16u * 1024u * 1024u)
#define TABLE_FILE_BYTES   (8u * 1024u * 1024u)
#define OPEN_FILES_MAX	   256
#define BLOOM_BITS	   10

struct ldb {
	struct store store;
	char path[FILE_PATH_BYTES];
	leveldb_t *db;
	leveldb_options_t *options;
	leveldb_cache_t *cache;
	leveldb_filterpolicy_t *bloom;
	leveldb_readoptions_t *get_options;
	leveldb_readoptions_t *scan_options;
	leveldb_writeoptions_t *write_options[2]; /* without and with sync */
	/* A failed write may leave half a record in LevelDB's log; a later one
	 * behind it would be lost with it at the next start. So the first
	 * error stays. */
	pthread_mutex_t write_lock;
	enum err write_error;
};

static struct ldb *ldb_of(struct store *s)
{
	return (struct ldb *)(void *)s;
}

/* LevelDB's statuses are sentences; what follows the kind ends in strerror. */
static enum err code_of(const char *message)
{
	static const int FULL[] = {ENOSPC, EDQUOT, EFBIG};

	if (strncmp(message, "Corruption", 10) == 0)
		return ERR_DATA_DAMAGED;
	if (strstr(message, "lock ") && (strstr(message, "already held") ||
					 strstr(message, strerror(EAGAIN)) ||
					 strstr(message, strerror(EACCES))))
		return ERR_DATA_LOCKED;
	for (size_t i = 0; i < sizeof(FULL) / sizeof(FULL[0]); i++) {
		if (strstr(message, strerror(FULL[i])))
			return ERR_DISK_FULL;
	}
	/* A table or log that the manifest names is gone. */
	if (strstr(message, strerror(ENOENT)))
		return ERR_DATA_DAMAGED;
	return ERR_IO;
}

/* Turn LevelDB's message, if any, into ours and free it. */
static enum err take_error(char *message, struct err_text *text)
{
	enum err e;

	if (!message)
		return ERR_OK;
	e = err_set(text, code_of(message), "%s", message);
	leveldb_free(message);
	return e;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* LevelDB makes a new, empty database when CURRENT is missing, even among the
 * tables of an old one. */
static enum err refuse_headless(const char *path, struct err_text *text)
{
	bool has_current = false, has_data = false;
	DIR *d = opendir(path);

	if (!d)
		return errno == ENOENT
			       ? ERR_OK
			       : file_fail(text, errno, "open folder", path);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		has_current |= strcmp(e->d_name, "CURRENT") == 0;
		has_data |= ends_in(e->d_name, ".ldb") ||
			    ends_in(e->d_name, ".log");
	}
	closedir(d);
	if (has_data && !has_current)
		return err_set(text, ERR_DATA_DAMAGED,
			       "%s has tables but no CURRENT", path);
	return ERR_OK;
}

static void ldb_free(struct ldb *l)
{
	if (l->db)
		leveldb_close(l->db);
	for (unsigned i = 0; i < 2; i++)
		leveldb_writeoptions_destroy(l->write_options[i]);
	leveldb_readoptions_destroy(l->scan_options);
	leveldb_readoptions_destroy(l->get_options);
	leveldb_options_destroy(l->options);
	leveldb_filterpolicy_destroy(l->bloom);
	leveldb_cache_destroy(l->cache);
	pthread_mutex_destroy(&l->write_lock);
	free(l);
}

static void ldb_close(struct store *s)
{
	ldb_free(ldb_of(s));
}

static enum err ldb_get(struct store *s, uint8_t **value, size_t *size,
			struct bytes key, struct err_text *text)
{
	struct ldb *l = ldb_of(s);
	char *message = NULL;

	*size = 0;
	*value = (uint8_t *)leveldb_get(l->db, l->get_options,
					(const char *)key.data, key.size, size,
					&message);
	if (message)
		return take_error(message, text);
	return *value ? ERR_OK : ERR_NOT_FOUND;
}

static void add_changes(leveldb_writebatch_t *to, const struct store_batch *b)
{
	struct store_change c;
	size_t offset = 0;

	while (store_batch_next(b, &offset, &c)) {
		if (c.value.data)
			leveldb_writebatch_put(
				to, (const char *)c.key.data, c.key.size,
				(const char *)c.value.data, c.value.size);
		else
			leveldb_writebatch_delete(to, (const char *)c.key.data,
						  c.key.size);
	}
}

static enum err ldb_write(struct store *s,
			  const struct store_batch *const *batches,
			  size_t count, bool sync, struct err_text *text)
{
	leveldb_writebatch_t *all = leveldb_writebatch_create();
	struct ldb *l = ldb_of(s);
	char *message = NULL;
	enum err e;

	for (size_t i = 0; i < count; i++)
		add_changes(all, batches[i]);
	pthread_mutex_lock(&l->write_lock);
	e = l->write_error;
	if (e == ERR_OK) {
		leveldb_write(l->db, l->write_options[sync], all, &message);
		e = take_error(message, text);
		l->write_error = e;
	} else {
		err_set(text, e, "an earlier write failed");
	}
	pthread_mutex_unlock(&l->write_lock);
	leveldb_writebatch_destroy(all);
	return e;
}

static struct bytes iter_key(const leveldb_iterator_t *it)
{
	struct bytes key;

	key.data = (const uint8_t *)leveldb_iter_key(it, &key.size);
	return key;
}

static struct bytes iter_value(const leveldb_iterator_t *it)
{
	struct bytes value;

	value.data = (const uint8_t *)leveldb_iter_value(it, &value.size);
	return value;
}

static enum err iter_end(leveldb_iterator_t *it, struct err_text *text)
{
	char *message = NULL;

	leveldb_iter_get_error(it, &message);
	leveldb_iter_destroy(it);
	return take_error(message, text);
}

static enum err ldb_scan(struct store *s, struct bytes prefix,
			 struct bytes from, size_t limit, store_visit visit,
			 void *context, struct err_text *text)
{
	struct ldb *l = ldb_of(s);
	leveldb_iterator_t *it =
		leveldb_create_iterator(l->db, l->scan_options);
	size_t seen = 0;

	leveldb_iter_seek(it, (const char *)from.data, from.size);
	for (; leveldb_iter_valid(it); leveldb_iter_next(it)) {
		struct bytes key = iter_key(it);

		if (!store_has_prefix(key, prefix) ||
		    !visit(context, key, iter_value(it)) || ++seen == limit)
			break;
	}
	return iter_end(it, text);
}

/* Onto the last key that starts with `prefix`: one before the first key above
 * them all, which is the prefix with its last byte below 255 raised. */
static void seek_last(leveldb_iterator_t *it, struct bytes prefix)
{
	uint8_t above[STORE_KEY_BYTES_MAX];
	size_t size = prefix.size;

	assert(size <= sizeof(above));
	while (size > 0 && prefix.data[size - 1] == 0xff)
		size--;
	if (size == 0) {
		leveldb_iter_seek_to_last(it);
		return;
	}
	memcpy(above, prefix.data, size);
	above[size - 1]++;
	leveldb_iter_seek(it, (const char *)above, size);
	if (leveldb_iter_valid(it))
		leveldb_iter_prev(it);
	else
		leveldb_iter_seek_to_last(it);
}

static enum err ldb_last(struct store *s, struct bytes prefix,
			 store_visit visit, void *context,
			 struct err_text *text)
{
	struct ldb *l = ldb_of(s);
	leveldb_iterator_t *it =
		leveldb_create_iterator(l->db, l->scan_options);
	bool found = false;
	enum err e;

	seek_last(it, prefix);
	if (leveldb_iter_valid(it)) {
		struct bytes key = iter_key(it);

		found = store_has_prefix(key, prefix);
		if (found)
			visit(context, key, iter_value(it));
	}
	e = iter_end(it, text);
	return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

static enum err ldb_check(struct store *s, struct store_stats *stats,
			  struct err_text *text)
{
	struct ldb *l = ldb_of(s);
	leveldb_iterator_t *it =
		leveldb_create_iterator(l->db, l->scan_options);
	enum err e;

	/* LevelDB steps over a bad block and goes on; its error stays. */
	for (leveldb_iter_seek_to_first(it); leveldb_iter_valid(it);
	     leveldb_iter_next(it)) {
		stats->records++;
		stats->key_bytes += iter_key(it).size;
		stats->value_bytes += iter_value(it).size;
	}
	e = iter_end(it, text);
	return e;
}

static void ldb_compact(struct store *s, struct bytes from, struct bytes to)
{
	leveldb_compact_range(
		ldb_of(s)->db, from.size ? (const char *)from.data : NULL,
		from.size, to.size ? (const char *)to.data : NULL, to.size);
}

static uint64_t ldb_size(struct store *s)
{
	DIR *d = opendir(ldb_of(s)->path);
	uint64_t total = 0;

	if (!d)
		return 0;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode))
			total += (uint64_t)st.st_size;
	}
	closedir(d);
	return total;
}

static const struct store_methods LEVELDB_METHODS = {
	.close = ldb_close,
	.get = ldb_get,
	.write = ldb_write,
	.scan = ldb_scan,
	.last = ldb_last,
	.check = ldb_check,
	.compact = ldb_compact,
	.size = ldb_size,
};

static struct ldb *ldb_new(void)
{
	struct ldb *l = mem_alloc(sizeof(*l));

	l->store.methods = &LEVELDB_METHODS;
	l->cache = leveldb_cache_create_lru(CACHE_BYTES);
	l->bloom = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
	l->options = leveldb_options_create();
	leveldb_options_set_create_if_missing(l->options, 1);
	/* Without it a damaged log is shortened in silence. */
	leveldb_options_set_paranoid_checks(l->options, 1);
	leveldb_options_set_write_buffer_size(l->options, WRITE_BUFFER_BYTES);
	leveldb_options_set_max_file_size(l->options, TABLE_FILE_BYTES);
	leveldb_options_set_max_open_files(l->options, OPEN_FILES_MAX);
	leveldb_options_set_cache(l->options, l->cache);
	leveldb_options_set_filter_policy(l->options, l->bloom);
	/* Keys, hashes and signatures do not shrink. */
	leveldb_options_set_compression(l->options, leveldb_no_compression);
	l->get_options = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(l->get_options, 1);
	l->scan_options = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(l->scan_options, 1);
	leveldb_readoptions_set_fill_cache(l->scan_options, 0);
	for (unsigned i = 0; i < 2; i++) {
		l->write_options[i] = leveldb_writeoptions_create();
		leveldb_writeoptions_set_sync(l->write_options[i], (uint8_t)i);
	}
	pthread_mutex_init(&l->write_lock, NULL);
	return l;
}

enum err store_open(struct store **out, const char *path, struct err_text *text)
{
	char *message = NULL;
	struct ldb *l;
	enum err e = refuse_headless(path, text);

	*out = NULL;
	if (e != ERR_OK)
		return e;
	if (strlen(path) >= FILE_PATH_BYTES)
		return err_set(text, ERR_IO, "path too long");
	l = ldb_new();
	strcpy(l->path, path);
	l->db = leveldb_open(l->options, path, &message);
	e = take_error(message, text);
	if (e == ERR_OK)
		e = file_sync_folder(path, text);
	if (e != ERR_OK) {
		ldb_free(l);
		return e;
	}
	*out = &l->store;
	return ERR_OK;
}
