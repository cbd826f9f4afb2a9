/* Passphrases: where they come from, and memory that keeps them.
 *
 * Sources are a file, the environment or the terminal, never the command
 * line, which every user of the machine can read. */
#ifndef BCAI_CRYPTO_PASSPHRASE_H
#define BCAI_CRYPTO_PASSPHRASE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define PASSPHRASE_BYTES_MAX   1024u
#define PASSPHRASE_ENVIRONMENT "BCAI_GOV_PASSPHRASE"

struct passphrase; /* Guarded; wiped when freed. */

/* From bytes already at hand (tests, an agent). ERR_KEY_NO_PASSPHRASE when
 * empty or longer than PASSPHRASE_BYTES_MAX. The caller wipes its own copy. */
enum err passphrase_from_bytes(struct passphrase **out, const void *bytes,
			       size_t size) MUST_USE;

/* The first line of a file, which nobody but its owner may read.
 *
 * ERR_KEY_PERMISSIONS    others can read it
 * ERR_KEY_NO_PASSPHRASE  the line is empty or too long
 * ERR_NOT_FOUND, ERR_IO */
enum err passphrase_from_file(struct passphrase **out, const char *path,
			      struct err_text *text) MUST_USE;

/* From `file` when not NULL, else from BCAI_GOV_PASSPHRASE when set, else
 * asked for on the terminal with `prompt`, without echo; `confirm` asks twice
 * (for new passphrases).
 *
 * ERR_KEY_NO_PASSPHRASE  no source gave one, or the two did not match */
enum err passphrase_obtain(struct passphrase **out, const char *file,
			   const char *prompt, bool confirm,
			   struct err_text *text) MUST_USE;

/* Wipe, free and null. */
void passphrase_free(struct passphrase **passphrase);

/* Lend the bytes, for the keystore; not NUL-terminated. */
const char *passphrase_bytes(const struct passphrase *passphrase, size_t *size);

#endif
