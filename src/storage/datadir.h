/* The data directory: who uses it, and whether its data is ours to read. */
#ifndef BCAI_STORAGE_DATADIR_H
#define BCAI_STORAGE_DATADIR_H

#include "base/error.h"
#include "crypto/hash.h"
#include "storage/store.h"

/* The version of keys and records this program reads and writes. */
#define STORE_SCHEMA_VERSION 1u
/* Reserved key; state keys are behind other prefixes. */
#define STORE_SCHEMA_KEY "!schema"

/* The lock of a data directory, held until released or the process ends. */
struct data_lock;

/* Lock DIR/LOCK; the directory must exist.
 *
 * ERR_DATA_LOCKED  another process holds it, for a second by now; the text
 *                  names its pid
 * ERR_IO */
enum err data_lock_take(struct data_lock **out, const char *dir,
			struct err_text *text) MUST_USE;
/* Unlock, free and null. */
void data_lock_release(struct data_lock **lock);

/* Mark an empty store as belonging to this network and version; check one
 * that has data.
 *
 * ERR_DATA_NEWER          a later version wrote it
 * ERR_DATA_OTHER_NETWORK  another genesis
 * ERR_DATA_DAMAGED        it has data but no mark, or not a mark's bytes
 * ERR_DISK_FULL, ERR_IO */
enum err store_claim(struct store *s, const struct hash *genesis,
		     struct err_text *text) MUST_USE;

#endif
