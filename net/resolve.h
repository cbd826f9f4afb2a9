/* Names to numbers without holding up anybody: libzmq would resolve a name in
 * the thread that moves all messages. Each lookup runs in a thread of its
 * own; one that is dropped finishes by itself. */
#ifndef BCAI_NET_RESOLVE_H
#define BCAI_NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#define RESOLVE_NUMBER_BYTES 64 /* "[ipv6%scope]" with the NUL */

struct lookup;

enum lookup_state { LOOKUP_PENDING, LOOKUP_FOUND, LOOKUP_FAILED };

/* A number already, v4 or v6 with or without brackets: written to `out`, v6
 * with brackets. */
bool resolve_number(char out[RESOLVE_NUMBER_BYTES], const char *host);
/* NULL when no thread can be started. */
struct lookup *lookup_start(const char *host);
/* `out` is set when it is found. */
enum lookup_state lookup_poll(const struct lookup *l,
			      char out[RESOLVE_NUMBER_BYTES]);
/* Forget and null. */
void lookup_drop(struct lookup **l);

#endif
