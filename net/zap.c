#include "net/zap.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_FRAMES                                                             \
	7 /* version, id, domain, address, routing id, mechanism,              \
	   * key */
#define ZAP_ID_BYTES 255

struct zap_entry {
	uint8_t key[CURVE_KEY_BYTES];
	bool known;
	uint64_t banned_until_ms;
	UT_hash_handle hh;
};

struct zap {
	void *socket; /* Used and closed by the thread. */
	pthread_t thread;
	pthread_mutex_t lock; /* Over all below. */
	struct zap_entry *entries;
	bool admit_strangers;
	uint32_t strangers_per_s;
	uint64_t tokens_milli; /* strangers that may come now, times 1000 */
	uint64_t refilled_ms;
	struct zap_counters counters;
};

struct zap_request {
	uint8_t id[ZAP_ID_BYTES];
	size_t id_size;
	uint8_t key[CURVE_KEY_BYTES];
	bool sound; /* CURVE, our domain, a key */
};

static bool take_stranger_token(struct zap *z)
{
	uint64_t now = clock_mono_ms();
	uint64_t most = (uint64_t)z->strangers_per_s * 1000;

	z->tokens_milli += (now - z->refilled_ms) * z->strangers_per_s;
	z->refilled_ms = now;
	if (z->tokens_milli > most)
		z->tokens_milli = most;
	if (z->tokens_milli < 1000)
		return false;
	z->tokens_milli -= 1000;
	return true;
}

static const char *decide(struct zap *z, const struct zap_request *r)
{
	const char *status = "300";
	struct zap_entry *e;

	if (!r->sound)
		return "400";
	pthread_mutex_lock(&z->lock);
	HASH_FIND(hh, z->entries, r->key, sizeof(r->key), e);
	if (e && e->banned_until_ms > clock_wall_ms()) {
		status = "400";
		z->counters.banned++;
	} else if ((e && e->known) ||
		   (z->admit_strangers && take_stranger_token(z))) {
		status = "200";
		z->counters.admitted++;
	} else {
		z->counters.refused++;
	}
	pthread_mutex_unlock(&z->lock);
	return status;
}

static bool frame_is(zmq_msg_t *m, const char *text)
{
	return zmq_msg_size(m) == strlen(text) &&
	       memcmp(zmq_msg_data(m), text, strlen(text)) == 0;
}

static void take_frame(struct zap_request *r, int index, zmq_msg_t *m)
{
	size_t size = zmq_msg_size(m);

	if (index == 0 && !frame_is(m, "1.0"))
		r->sound = false;
	if (index == 1 && size <= sizeof(r->id)) {
		memcpy(r->id, zmq_msg_data(m), size);
		r->id_size = size;
	}
	if (index == 2 && !frame_is(m, ZAP_DOMAIN))
		r->sound = false;
	if (index == 5 && !frame_is(m, "CURVE"))
		r->sound = false;
	if (index == 6 && size == sizeof(r->key))
		memcpy(r->key, zmq_msg_data(m), size);
	else if (index == 6)
		r->sound = false;
}

/* False when the context is shutting down. */
static bool read_request(struct zap *z, struct zap_request *r)
{
	int count = 0;
	int more = 1;

	memset(r, 0, sizeof(*r));
	r->sound = true;
	while (more) {
		zmq_msg_t m;

		zmq_msg_init(&m);
		if (zmq_msg_recv(&m, z->socket, 0) < 0) {
			zmq_msg_close(&m);
			if (errno == EINTR)
				continue;
			return false;
		}
		take_frame(r, count++, &m);
		more = zmq_msg_more(&m);
		zmq_msg_close(&m);
	}
	if (count != ZAP_FRAMES)
		r->sound = false;
	return true;
}

static void reply(struct zap *z, const struct zap_request *r,
		  const char *status)
{
	char user[ZAP_USER_ID_BYTES] = "";

	if (strcmp(status, "200") == 0)
		hex_encode(user, r->key, sizeof(r->key));
	zmq_send(z->socket, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(z->socket, r->id, r->id_size, ZMQ_SNDMORE);
	zmq_send(z->socket, status, 3, ZMQ_SNDMORE);
	zmq_send(z->socket, "", 0, ZMQ_SNDMORE);
	zmq_send(z->socket, user, strlen(user), ZMQ_SNDMORE);
	zmq_send(z->socket, "", 0, 0);
}

static void *run(void *argument)
{
	struct zap *z = argument;
	struct zap_request r;

	while (read_request(z, &r))
		reply(z, &r, decide(z, &r));
	zmq_close(z->socket);
	return NULL;
}

enum err zap_start(struct zap **out, void *context, bool admit_strangers,
		   uint32_t strangers_per_s)
{
	struct zap *z = mem_alloc(sizeof(*z));

	z->admit_strangers = admit_strangers;
	z->strangers_per_s = strangers_per_s;
	z->tokens_milli = (uint64_t)strangers_per_s * 1000;
	z->refilled_ms = clock_mono_ms();
	pthread_mutex_init(&z->lock, NULL);
	z->socket = zmq_socket(context, ZMQ_REP);
	if (!z->socket)
		goto failed;
	if (zmq_bind(z->socket, ZAP_ENDPOINT) != 0 ||
	    pthread_create(&z->thread, NULL, run, z) != 0) {
		zmq_close(z->socket);
		goto failed;
	}
	*out = z;
	return ERR_OK;
failed:
	log_error(NET, "the handler of handshakes does not start: %s",
		  zmq_strerror(errno));
	pthread_mutex_destroy(&z->lock);
	free(z);
	return ERR_IO;
}

void zap_stop(struct zap **zap)
{
	struct zap *z = *zap;
	struct zap_entry *e, *next;

	if (!z)
		return;
	pthread_join(z->thread, NULL);
	HASH_ITER (hh, z->entries, e, next) {
		HASH_DEL(z->entries, e);
		free(e);
	}
	pthread_mutex_destroy(&z->lock);
	free(z);
	*zap = NULL;
}

/* With the lock held. */
static struct zap_entry *entry_of(struct zap *z, const uint8_t *key)
{
	struct zap_entry *e;

	HASH_FIND(hh, z->entries, key, CURVE_KEY_BYTES, e);
	if (e)
		return e;
	e = mem_alloc(sizeof(*e));
	memcpy(e->key, key, CURVE_KEY_BYTES);
	HASH_ADD(hh, z->entries, key, CURVE_KEY_BYTES, e);
	return e;
}

static void drop_if_plain(struct zap *z, struct zap_entry *e)
{
	if (e->known || e->banned_until_ms > 0)
		return;
	HASH_DEL(z->entries, e);
	free(e);
}

void zap_know(struct zap *z, const uint8_t key[CURVE_KEY_BYTES])
{
	pthread_mutex_lock(&z->lock);
	entry_of(z, key)->known = true;
	pthread_mutex_unlock(&z->lock);
}

void zap_forget(struct zap *z, const uint8_t key[CURVE_KEY_BYTES])
{
	struct zap_entry *e;

	pthread_mutex_lock(&z->lock);
	e = entry_of(z, key);
	e->known = false;
	drop_if_plain(z, e);
	pthread_mutex_unlock(&z->lock);
}

void zap_ban(struct zap *z, const uint8_t key[CURVE_KEY_BYTES],
	     uint64_t until_ms)
{
	struct zap_entry *e;

	pthread_mutex_lock(&z->lock);
	e = entry_of(z, key);
	e->banned_until_ms = until_ms;
	drop_if_plain(z, e);
	pthread_mutex_unlock(&z->lock);
}

void zap_count(struct zap *z, struct zap_counters *out)
{
	pthread_mutex_lock(&z->lock);
	*out = z->counters;
	pthread_mutex_unlock(&z->lock);
}
