/* The sign log: every vote this node's key signed, before it was sent.
 *
 * Append-only file beside the key, bound to one network and one key. It
 * guards against signing twice after a restart, so it is never removed by a
 * wipe or a restore, and a file that lost anything it once had synced must
 * not pass for a good one: an unfinished record at the very end (cut short by
 * a crash, or ending in sectors of zeros) was never acknowledged and is cut
 * off; everything else that does not check out is damage.
 *
 * What the payloads mean is the consensus's business. Used from one thread at
 * a time. Layout: signlog.c. */
#ifndef BCAI_STORAGE_SIGNLOG_H
#define BCAI_STORAGE_SIGNLOG_H

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A payload has 1 to this many bytes. */
#define SIGNLOG_PAYLOAD_MAX 16384u

struct signlog_identity {
	struct hash genesis;
	struct public_key key;
};

/* One payload, in order of appending; borrowed for the call. Anything but
 * ERR_OK stops and is returned. */
typedef enum err (*signlog_visit)(void *context, struct bytes payload);

struct signlog_summary {
	uint64_t records;
	size_t good_bytes; /* Header and whole records. */
	size_t torn_bytes; /* Cut off behind them. */
};

/* Parse the bytes of a file; pure.
 *
 * ERR_DATA_DAMAGED        damage other than an unfinished last record
 * ERR_DATA_NEWER          a later version wrote it
 * ERR_DATA_OTHER_NETWORK  another genesis
 * ERR_DATA_OTHER_KEY      another key's log */
enum err signlog_parse(struct signlog_summary *out, const void *data,
		       size_t size, const struct signlog_identity *identity,
		       signlog_visit visit, void *context,
		       struct err_text *text) MUST_USE;

struct signlog;

/* Make a new, empty log, durably. Only for a key that never signed: where the
 * key is made. ERR_FILE_EXISTS, ERR_DISK_FULL, ERR_IO. */
enum err signlog_create(const char *path,
			const struct signlog_identity *identity,
			struct err_text *text) MUST_USE;

/* Open, visit every record, cut an unfinished one off (durably).
 *
 * ERR_NOT_FOUND  there is no log: a key that is not new must not sign
 * those of signlog_parse, of `visit`, ERR_DISK_FULL, ERR_IO */
enum err signlog_open(struct signlog **out, struct signlog_summary *summary,
		      const char *path, const struct signlog_identity *identity,
		      signlog_visit visit, void *context,
		      struct err_text *text) MUST_USE;
/* Close and null. */
void signlog_close(struct signlog **log);

/* Records collected to be appended together. */
struct signlog_group {
	uint8_t *data; /* Owned; in the file's layout. */
	size_t size;
	size_t capacity;
	uint32_t count;
};

void signlog_group_init(struct signlog_group *g);
void signlog_group_fini(struct signlog_group *g);
/* Copies; 1 to SIGNLOG_PAYLOAD_MAX bytes. */
void signlog_group_add(struct signlog_group *g, const void *payload,
		       size_t size);

/* Append all groups with one fdatasync; on ERR_OK they are on the disk. An
 * error stays: every later append returns it.
 *
 * ERR_DISK_FULL, ERR_IO */
enum err signlog_append(struct signlog *log,
			const struct signlog_group *const *groups, size_t count,
			struct err_text *text) MUST_USE;

/* Rewrite the log with only the records that `keep` wants, by atomic replace.
 * The caller keeps everything consensus could still need after a restart:
 * at the least all of the highest view.
 *
 * ERR_DATA_DAMAGED  the file changed under us
 * ERR_DISK_FULL     the old file stands and is still used
 * ERR_IO            the same, or, when it was replaced but not for sure on the
 *                   disk, every later append returns it */
enum err signlog_compact(struct signlog *log,
			 bool (*keep)(void *context, struct bytes payload),
			 void *context, struct err_text *text) MUST_USE;

/* Bytes of the file. */
size_t signlog_size(const struct signlog *log);

#endif
