/* Keys on disk: one file a key, DIR/NAME.key, readable by its owner alone.
 *
 * The public key stands in clear. The seed is in a secretbox under a key that
 * Argon2id makes of a passphrase, with the costs recorded in the file and
 * bounded when read; or, for test networks, in clear and marked so. A hash
 * over the whole file tells a damaged file from a wrong passphrase. Files are
 * created durably, never overwritten, and replaced only by a change of
 * passphrase. Layout: keystore.c. */
#ifndef BCAI_CRYPTO_KEYSTORE_H
#define BCAI_CRYPTO_KEYSTORE_H

#include "base/error.h"
#include "base/files.h"
#include "crypto/passphrase.h"
#include "crypto/sign.h"

#include <stdbool.h>

/* With the NUL. */
#define KEY_NAME_BYTES 64

/* libsodium's "interactive" (64 MiB, about 0.1 s) and "moderate" (256 MiB,
 * about 0.7 s). */
enum key_cost { KEY_COST_INTERACTIVE = 1, KEY_COST_MODERATE = 2 };

struct key_info {
	char name[KEY_NAME_BYTES];
	struct public_key public_key;
	bool encrypted;
};

/* 1 to 63 letters, digits, '.', '-', '_'; the first is a letter, digit or
 * '_'. */
bool keystore_name_valid(const char *name);

/* DIR/NAME.key. ERR_KEY_NAME; ERR_IO when too long. */
enum err keystore_path(char out[FILE_PATH_BYTES], const char *dir,
		       const char *name) MUST_USE;

/* Write a new key file; the folder is made (0700) when it is missing.
 * `passphrase` NULL keeps the seed in clear.
 *
 * ERR_KEY_NAME, ERR_KEY_EXISTS, ERR_DISK_FULL, ERR_IO
 * ERR_NO_MEMORY  Argon2id could not have the memory it needs */
enum err keystore_create(const char *dir, const char *name,
			 const struct secret_key *key,
			 const struct passphrase *passphrase,
			 enum key_cost cost, struct err_text *text) MUST_USE;

/* Open a key; *out is the caller's. `passphrase` is ignored for a key kept in
 * clear.
 *
 * ERR_KEY_NAME, ERR_KEY_UNKNOWN, ERR_IO
 * ERR_KEY_PERMISSIONS    group or others have any access
 * ERR_KEY_DAMAGED        the file is not what was written
 * ERR_KEY_NO_PASSPHRASE  it is encrypted and `passphrase` is NULL
 * ERR_KEY_PASSPHRASE     the wrong one
 * ERR_NO_MEMORY */
enum err keystore_open(struct secret_key **out, const char *dir,
		       const char *name, const struct passphrase *passphrase,
		       struct err_text *text) MUST_USE;

/* The public part, for show and export; needs no passphrase. Errors as
 * keystore_open. */
enum err keystore_info(struct key_info *out, const char *dir, const char *name,
		       struct err_text *text) MUST_USE;

/* Every key of the folder in order of name. `visit` gets the outcome of
 * keystore_info; only `name` is set when that failed. A missing folder has no
 * keys. */
enum err keystore_list(const char *dir,
		       void (*visit)(void *context, enum err outcome,
				     const struct key_info *info),
		       void *context, struct err_text *text) MUST_USE;

/* Change the passphrase (either may be NULL for none). The old file stands
 * until the new one is durable. Errors as open and create. */
enum err keystore_passwd(const char *dir, const char *name,
			 const struct passphrase *old_passphrase,
			 const struct passphrase *new_passphrase,
			 enum key_cost cost, struct err_text *text) MUST_USE;

#endif
