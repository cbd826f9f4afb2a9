/* The audit log: who changed what through the admin socket.
 *
 * Append-only lines of text; each ends in H(hash of the line before || this
 * line), so that a changed, removed or swapped line breaks the chain from
 * there on. (Cutting whole lines off the end does not; compare the newest
 * hash with one kept elsewhere.) A last line without its end, left by a
 * crash, is cut off on opening. Used from one thread. */
#ifndef BCAI_STORAGE_AUDITLOG_H
#define BCAI_STORAGE_AUDITLOG_H

#include "base/error.h"
#include "crypto/hash.h"

#include <stddef.h>
#include <stdint.h>

/* With the NUL. */
#define AUDIT_METHOD_BYTES 64

struct audit_entry {
	uint64_t time_ms;
	uint32_t uid;
	uint32_t gid;
	uint32_t pid;
	char method[AUDIT_METHOD_BYTES]; /* letters, digits, '.', '_', '-' */
	struct hash params;		 /* digest of the parameters */
	int32_t code;			 /* enum err of the answer */
	uint64_t number;		 /* 1, 2, 3, ...; set by the log */
	struct hash hash;		 /* end of the chain; set by the log */
};

struct auditlog;

/* Open or make the log; checks the last line, not the chain.
 *
 * ERR_AUDIT_DAMAGED       the first or last line is not one of ours
 * ERR_DATA_OTHER_NETWORK  another genesis
 * ERR_DISK_FULL, ERR_IO */
enum err auditlog_open(struct auditlog **out, const char *path,
		       const struct hash *genesis,
		       struct err_text *text) MUST_USE;
/* Close and null. */
void auditlog_close(struct auditlog **log);

/* Append; sets the entry's number and hash. It is in the file when this
 * returns, and on the disk after auditlog_sync. An error leaves the log as it
 * was. ERR_DISK_FULL, ERR_IO; ERR_RPC_PARAMS for a method of other
 * characters. */
enum err auditlog_append(struct auditlog *log, struct audit_entry *entry,
			 struct err_text *text) MUST_USE;
enum err auditlog_sync(struct auditlog *log, struct err_text *text) MUST_USE;

/* Visit the last `count` entries, oldest first. ERR_AUDIT_DAMAGED, ERR_IO. */
enum err auditlog_tail(struct auditlog *log, size_t count,
		       void (*visit)(void *context,
				     const struct audit_entry *entry),
		       void *context, struct err_text *text) MUST_USE;

struct audit_summary {
	uint64_t entries; /* Good ones. */
	uint64_t broken;  /* Number of the first that is not; 0: none. */
	struct hash last; /* The newest hash of the good part. */
};

/* Check the whole chain of a file, also one in use. `genesis` may be NULL.
 *
 * ERR_AUDIT_DAMAGED  the text and `broken` name the first bad record
 * ERR_NOT_FOUND, ERR_DATA_OTHER_NETWORK, ERR_IO */
enum err auditlog_verify(struct audit_summary *out, const char *path,
			 const struct hash *genesis,
			 struct err_text *text) MUST_USE;

#endif
