/* Who may connect: the ZAP handler of a context, in its own thread.
 *
 * libzmq asks it in every handshake, with the CURVE key that the client has
 * proved. Banned keys get 400, after which their side gives up; known keys
 * 200; strangers 200 while the policy and the rate allow it, else 300, which
 * is tried again. The proved key becomes the user id of every message, in
 * hex. Without a handler libzmq would let everybody in: start it before any
 * socket, and test that a stranger stays out. */
#ifndef BCAI_NET_ZAP_H
#define BCAI_NET_ZAP_H

#include "base/error.h"
#include "crypto/sign.h"

#include <stdbool.h>
#include <stdint.h>

#define ZAP_DOMAIN	   "bcai-gov"
#define ZAP_USER_ID_LENGTH 64
#define ZAP_USER_ID_BYTES  (ZAP_USER_ID_LENGTH + 1)

struct zap;

struct zap_counters {
	uint64_t admitted, refused, banned;
};

/* Bind the handler in `context` and start its thread. ERR_IO. */
enum err zap_start(struct zap **out, void *context, bool admit_strangers,
		   uint32_t strangers_per_s) MUST_USE;
/* The context must have been shut down (zmq_ctx_shutdown). Frees and nulls. */
void zap_stop(struct zap **zap);

/* Always admitted, unless banned. */
void zap_know(struct zap *zap, const uint8_t key[CURVE_KEY_BYTES]);
void zap_forget(struct zap *zap, const uint8_t key[CURVE_KEY_BYTES]);
/* Until that time of the wall clock; 0 lifts it. */
void zap_ban(struct zap *zap, const uint8_t key[CURVE_KEY_BYTES],
	     uint64_t until_ms);
void zap_count(struct zap *zap, struct zap_counters *out);

#endif
