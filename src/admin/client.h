/* The other end of the admin socket: for the command line and the tests.
 *
 * Either one call at a time, waiting for its answer, or many requests in
 * flight whose answers are taken as lines when they come. One thread a
 * client. */
#ifndef BCAI_ADMIN_CLIENT_H
#define BCAI_ADMIN_CLIENT_H

#include "base/bytes.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admin_client;

/* What a node answered instead of a result, or what kept it from answering. */
struct admin_error {
	enum err code;
	int number; /* as sent; a newer node may know more than `code` */
	char name[64];
	char message[2 * ERR_TEXT_BYTES];
	char hint[ERR_TEXT_BYTES];
	uint32_t retry_after_ms;
	uint64_t from_height; /* of a slow reader's error; else 0 */
};

/* Fill in an error of our own making; `context` may be NULL. Returns `code`. */
enum err admin_error_set(struct admin_error *error, enum err code,
			 const char *context);
/* The error object of an answer. Returns its code. */
enum err admin_error_take(struct admin_error *error, const json_t *object);

/* ERR_UNREACHABLE when nobody answers at `path` or access is denied
 * (ERR_RPC_FORBIDDEN). */
enum err admin_client_open(struct admin_client **out, const char *path,
			   struct err_text *text) MUST_USE;
/* Close and null. */
void admin_client_close(struct admin_client **client);

/* Call and wait. `params` is stolen and may be NULL; *result is the caller's,
 * NULL on failure. ERR_TIMEOUT, ERR_UNREACHABLE when the connection breaks,
 * ERR_RPC_PARSE for an answer that makes no sense, or what the node said. */
enum err admin_client_call(struct admin_client *client, const char *method,
			   json_t *params, uint64_t timeout_ms, json_t **result,
			   struct admin_error *error) MUST_USE;

/* The next notification of a subscription: its params, the caller's. Errors
 * as of a call; an error line without an id ends the stream. */
enum err admin_client_next(struct admin_client *client, uint64_t timeout_ms,
			   json_t **params, struct admin_error *error) MUST_USE;

/* --- Many at once --- */

int admin_client_fd(const struct admin_client *client);
/* Queue one line (with its newline). */
void admin_client_queue(struct admin_client *client, const char *line,
			size_t size);
/* Bytes queued and not yet taken by the system. */
size_t admin_client_unsent(const struct admin_client *client);
/* Write and read what goes without waiting. ERR_UNREACHABLE: it is over. */
enum err admin_client_pump(struct admin_client *client) MUST_USE;
/* Lend the next whole line, without its newline, until the next call into the
 * client. False when there is none. */
bool admin_client_line(struct admin_client *client, struct bytes *line);

/* The bytes a tx.submit line takes at most for a transaction of that size. */
#define ADMIN_SUBMIT_LINE_BYTES(size) (2 * (size) + 192)
/* Write one in the words the server knows fastest. Returns its length. */
size_t admin_submit_line(char *out, size_t capacity, uint64_t id,
			 struct bytes raw, bool finalized, uint64_t timeout_ms);

#endif
