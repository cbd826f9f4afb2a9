/* An ordered map of bytes to bytes: LevelDB, or its twin in memory for tests
 * and the simulator, behind one header.
 *
 * Any thread may read while one thread writes. Checksums are verified on
 * every read; nothing is ever repaired here: a damaged store is reported and
 * replaced from a peer or a backup. What the keys mean is the callers'
 * business (doc/architecture.md). */
#ifndef BCAI_STORAGE_STORE_H
#define BCAI_STORAGE_STORE_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_KEY_BYTES_MAX 1024u

/* Changes applied together or not at all, in the order they were added. */
struct store_batch {
	uint8_t *data; /* Owned. */
	size_t size;
	size_t capacity;
	uint32_t count;
};

void store_batch_init(struct store_batch *b);
void store_batch_fini(struct store_batch *b);
/* Forget the changes, keep the memory. */
void store_batch_clear(struct store_batch *b);
/* Both copy. Keys have 1 to STORE_KEY_BYTES_MAX bytes. */
void store_batch_put(struct store_batch *b, const void *key, size_t key_size,
		     const void *value, size_t value_size);
void store_batch_delete(struct store_batch *b, const void *key,
			size_t key_size);

struct store;

/* Open or make the LevelDB in folder `path`, whose parent must exist.
 *
 * ERR_DATA_DAMAGED  LevelDB cannot make sense of its files
 * ERR_DATA_LOCKED   another handle or process has it open
 * ERR_DISK_FULL, ERR_IO */
enum err store_open(struct store **out, const char *path,
		    struct err_text *text) MUST_USE;
/* A store that lives as long as its handle. */
struct store *store_new_memory(void);
/* Close and null; no call may be in progress. */
void store_close(struct store **s);

/* A copy of a value; free(*value). ERR_NOT_FOUND; ERR_DATA_DAMAGED, ERR_IO.
 * `text` is set only for the latter two. */
enum err store_get(struct store *s, uint8_t **value, size_t *size,
		   const void *key, size_t key_size,
		   struct err_text *text) MUST_USE;

/* Apply `count` batches as one atomic write. With `sync` it is on the disk
 * when this returns ERR_OK; without, a power cut may lose it (a kill never
 * does), also alone: nothing synced later may build on it.
 *
 * ERR_DISK_FULL, ERR_IO, ERR_DATA_DAMAGED  further writes fail, too */
enum err store_write(struct store *s, const struct store_batch *const *batches,
		     size_t count, bool sync, struct err_text *text) MUST_USE;

/* Return false to stop. The bytes are borrowed for the call. Must not write to
 * the same store. */
typedef bool (*store_visit)(void *context, struct bytes key,
			    struct bytes value);

/* Visit from the first key >= `from` in ascending order, while keys start with
 * `prefix` (may be empty), at most `limit` (0: no limit). A `from`
 * below the prefix, such as an empty one, starts at the prefix. LevelDB visits
 * a snapshot taken at the call.
 *
 * ERR_DATA_DAMAGED, ERR_IO  after visiting what could be read */
enum err store_scan(struct store *s, struct bytes prefix, struct bytes from,
		    size_t limit, store_visit visit, void *context,
		    struct err_text *text) MUST_USE;

/* The last key (greatest) that starts with `prefix`; ERR_NOT_FOUND. */
enum err store_last(struct store *s, struct bytes prefix, store_visit visit,
		    void *context, struct err_text *text) MUST_USE;

struct store_stats {
	uint64_t records;
	uint64_t key_bytes;
	uint64_t value_bytes;
};

/* Read every record and check every checksum; blocks already in the cache were
 * checked when they were read. Counts what could be read.
 *
 * ERR_DATA_DAMAGED  the text names the file when LevelDB does */
enum err store_check(struct store *s, struct store_stats *stats,
		     struct err_text *text) MUST_USE;

/* Give the space of deleted keys in [from, to] back; empty means the end of
 * the range. Takes long: run it in slices and off the loop. */
void store_compact(struct store *s, struct bytes from, struct bytes to);

/* Bytes on disk (or in memory), for a metric. */
uint64_t store_size(struct store *s);

#endif
