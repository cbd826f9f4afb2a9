/* From a payload to what became of it: key, nonce, signature, submission. */
#ifndef BCAI_CLI_SIGN_H
#define BCAI_CLI_SIGN_H

#include "cli/cli.h"

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "governance/types.h"

/* Open cli->keys/NAME.key, asking for the passphrase when there is one. The
 * error was told; the return is the exit code. */
int cli_open_key(struct cli *cli, const char *name, struct secret_key **out);
/* A public key in hex, or the name of a key. */
int cli_public_key(struct cli *cli, const char *word, struct public_key *out);

/* The only key in the folder that is not a node's; false when there is none, or
 * more. */
bool cli_only_key(struct cli *cli, struct public_key *out);

/* Sign `payload` with the key of --as, tell on stderr what it does, submit,
 * wait. *result is what tx.submit answered, with an outcome of ok, and the
 * nonce that was used; NULL with
 * --dry-run, after which nothing more is to be done. The error was told; the
 * return is the exit code. */
int cli_transact(struct cli *cli, const struct payload *payload,
		 json_t **result);

/* What tx.submit answered, for people. */
void cli_show_sent(struct cli *cli, const json_t *value);
/* Sign, send, and show what the network said; the exit code. */
int cli_transact_show(struct cli *cli, const struct payload *payload);

/* Hand a SignedTx to the node and wait as --wait and --timeout say. *result is
 * what tx.submit answered; the error is not told. */
enum err cli_submit(struct cli *cli, struct bytes raw, json_t **result,
		    struct admin_error *error) MUST_USE;

/* What a transaction says. */
struct tx;
json_t *tx_value(const struct tx *tx);

#endif
