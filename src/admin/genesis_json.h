/* Genesis files: JSON to read and write, and accounts from CSV.
 *
 * The JSON is read by a pull parser of its own, because a million accounts as
 * a tree of JSON values would take more memory than the node. It accepts
 *
 *   {"chain_id": "...", "time_ms": "...",
 *    "parameters": {"standard.voting_ms": "...", ...},
 *    "validators": [{"name": "...", "key": "64 hex", "weight": "..."}],
 *    "accounts": [{"name": "...", "key": "...", "stake": "micro-tokens",
 *                  "reputation": "milli-points"}]}
 *
 * Numbers are decimal strings. Names and parameters may be left out; unknown
 * or repeated members are refused. Errors name file, line, and what is wrong.
 */
#ifndef BCAI_ADMIN_GENESIS_JSON_H
#define BCAI_ADMIN_GENESIS_JSON_H

#include "ledger/genesis.h"

/* The largest file read: LIMIT_ACCOUNTS of about 200 bytes. */
#define GENESIS_FILE_BYTES_MAX (UINT64_C(4) << 30)

/* Each reads into an initialised, empty genesis; afterwards genesis_check
 * holds. On an error it may only be finished.
 *
 * ERR_GENESIS (the content), ERR_IO (the file) */
enum err genesis_json_read(struct genesis *g, const char *path,
			   struct err_text *text) MUST_USE;
/* `origin` stands for the file's name in errors. */
enum err genesis_json_parse(struct genesis *g, struct bytes json,
			    const char *origin, struct err_text *text) MUST_USE;

/* Write all members, one account a line. The file is complete or as it was
 * before. ERR_IO, ERR_DISK_FULL */
enum err genesis_json_write(const struct genesis *g, const char *path,
			    struct err_text *text) MUST_USE;

/* Where the key of a name comes from: made new, or found in a key folder. */
struct genesis_keys {
	enum err (*get)(void *context, struct public_key *out, const char *name,
			struct err_text *text);
	void *context;
};

/* Append the accounts of a CSV file: a header line `name,stake,reputation`
 * (in this order), then tokens with at most 6 and points with at most 3
 * digits behind the point; an empty number is 0. ERR_GENESIS, ERR_IO, and
 * whatever keys->get returns. */
enum err genesis_csv_read(struct genesis *g, const char *path,
			  const struct genesis_keys *keys,
			  struct err_text *text) MUST_USE;
enum err genesis_csv_parse(struct genesis *g, struct bytes csv,
			   const char *origin, const struct genesis_keys *keys,
			   struct err_text *text) MUST_USE;

/* "12.5" with 6 places is 12500000. False: not such a number, too many
 * places, or above UINT64_MAX. */
bool decimal_parse(uint64_t *out, struct bytes text, unsigned int places);

#endif
