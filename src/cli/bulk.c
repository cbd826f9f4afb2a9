#include "cli/bulk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "cli/render.h"
#include "crypto/hash.h"
#include "proto/codec_tx.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SUBMIT_TIMEOUT_MS 120000u
#define RETRY_MS	  100u
#define TRIES_MAX	  300u

struct secret_key *bulk_key(const char *text)
{
	struct secret_key *key;
	struct hash seed;

	hash_bytes(&seed, "bcai-gov/test-key/1", text, strlen(text));
	key = secret_key_from_seed(seed.b);
	secret_wipe(&seed, sizeof(seed));
	return key;
}

/* --- Items --- */

void bulk_init(struct bulk *b, const struct hash *genesis,
	       uint64_t valid_until_ms)
{
	memset(b, 0, sizeof(*b));
	b->genesis = *genesis;
	b->valid_until_ms = valid_until_ms;
	b->arena = mem_alloc(sizeof(*b->arena));
	arena_init(b->arena, CODEC_TX_ARENA_BYTES);
}

void bulk_clear(struct bulk *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		free(b->items[i].line);
	b->count = 0;
}

void bulk_fini(struct bulk *b)
{
	bulk_clear(b);
	free(b->items);
	arena_fini(b->arena);
	free(b->arena);
}

enum err bulk_add(struct bulk *b, const struct secret_key *key, uint64_t nonce,
		  const struct payload *payload, struct err_text *text)
{
	struct codec_tx_request request = {key, &b->genesis, payload, nonce,
					   b->valid_until_ms};
	struct bulk_item *item;
	struct bytes raw;
	struct hash id;
	size_t room;
	enum err e;

	arena_reset(b->arena);
	e = codec_tx_sign(&raw, &id, b->arena, &request, text);
	if (e)
		return e;
	if (b->count == b->capacity) {
		b->capacity = b->capacity ? 2 * b->capacity : 1024;
		b->items =
			mem_resize(b->items, b->capacity * sizeof(*b->items));
	}
	item = &b->items[b->count];
	memset(item, 0, sizeof(*item));
	room = ADMIN_SUBMIT_LINE_BYTES(raw.size);
	item->line = mem_alloc(room);
	item->lane = b->count;
	item->size = (uint32_t)admin_submit_line(item->line, room, b->count,
						 raw, true, SUBMIT_TIMEOUT_MS);
	hex_encode(item->tx, id.b, 4);
	b->count++;
	return ERR_OK;
}

/* --- Sending --- */

struct retry {
	uint32_t item;
	uint64_t at_us;
};

struct sender {
	struct bulk *bulk;
	struct bulk_run *run;
	struct admin_client *clients[NETWORK_NODES_MAX];
	struct pollfd polls[NETWORK_NODES_MAX];
	uint32_t client_count;
	uint32_t next;	       /* first item never sent */
	uint32_t flying;       /* sent and unanswered */
	struct retry *retries; /* a ring, in order of time */
	uint32_t retry_head, retry_count, retry_room;
};

static enum err connect_all(struct sender *s, struct err_text *text)
{
	const struct network *net = s->run->net;
	enum err e = ERR_OK;

	for (uint32_t i = 0; !e && i < net->count; i++) {
		struct admin_client **c = &s->clients[s->client_count];

		if (net->nodes[i].observer ||
		    !network_is_running(&net->nodes[i]))
			continue;
		e = admin_client_open(c, net->nodes[i].socket, text);
		if (!e)
			s->polls[s->client_count++].fd = admin_client_fd(*c);
	}
	if (!e && s->client_count == 0)
		e = err_set(text, ERR_UNREACHABLE, "no validator runs");
	return e;
}

static void send_item(struct sender *s, uint32_t index)
{
	struct bulk_item *item = &s->bulk->items[index];
	struct admin_client *c = s->clients[item->lane % s->client_count];

	admin_client_queue(c, item->line, item->size);
	item->state = BULK_SENT;
	item->tries++;
	s->flying++;
}

/* Send what is due; returns how long until the next is, in microseconds. */
static uint64_t send_due(struct sender *s, uint64_t now)
{
	struct bulk_run *run = s->run;
	uint64_t wait = 1000000;

	while (s->retry_count > 0 && s->flying < run->in_flight) {
		struct retry *r = &s->retries[s->retry_head];

		if (r->at_us > now) {
			wait = r->at_us - now;
			break;
		}
		s->retry_head = (s->retry_head + 1) % s->retry_room;
		s->retry_count--;
		send_item(s, r->item);
	}
	while (s->next < s->bulk->count && s->flying < run->in_flight) {
		struct bulk_item *item = &s->bulk->items[s->next];

		item->due_us = now;
		if (run->rate)
			item->due_us = run->started_us +
				       s->next * UINT64_C(1000000) / run->rate;
		if (item->due_us > now) {
			if (item->due_us - now < wait)
				wait = item->due_us - now;
			break;
		}
		send_item(s, s->next++);
		run->sent_us = now;
	}
	return wait;
}

static bool worth_another_try(int code)
{
	return code == ERR_BUSY || code == ERR_RATE_LIMITED ||
	       code == ERR_NOT_READY || code == ERR_NONCE_TOO_FAR;
}

static void finish(struct sender *s, struct bulk_item *item, uint64_t now,
		   enum bulk_state state)
{
	uint32_t index = (uint32_t)(item - s->bulk->items);

	if (item->state != BULK_SENT)
		return;
	s->flying--;
	if (state == BULK_REFUSED && worth_another_try(item->code) &&
	    item->tries < TRIES_MAX) {
		uint32_t at = (s->retry_head + s->retry_count) % s->retry_room;

		s->retries[at] = (struct retry){index, now + RETRY_MS * 1000};
		s->retry_count++;
		item->state = BULK_WAITING;
		return;
	}
	item->state = state;
	item->done_us = now;
	if (state == BULK_FINAL)
		s->run->final++;
	else
		s->run->refused++;
}

/* An answer that is not in our server's usual words. */
static void take_slowly(struct sender *s, struct bytes line, uint64_t now)
{
	json_t *o = json_loadb((const char *)line.data, line.size, 0, NULL);
	const json_t *result = json_object_get(o, "result");
	const json_t *outcome = json_object_get(result, "result");
	uint64_t id;

	if (json_get_u64(json_object_get(o, "id"), &id) &&
	    id < s->bulk->count) {
		struct bulk_item *item = &s->bulk->items[id];

		item->code = (int)json_integer_value(json_object_get(
			result ? outcome : json_object_get(o, "error"),
			"code"));
		item->proposal = (uint32_t)json_get_number(result, "proposal");
		item->height = json_get_number(result, "height");
		finish(s, item, now, result ? BULK_FINAL : BULK_REFUSED);
	}
	json_decref(o);
}

/* {"jsonrpc":"2.0","id":N,"result":{"tx":"…","height":"H","index":I,"result":
 * {"code":0,"name":"ok"}}}: thousands of these come in a second. */
static bool take_fast(struct sender *s, struct bytes line, uint64_t now)
{
	static const char HEAD[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	static const char RESULT[] = ",\"result\":{\"tx\":\"";
	static const char HEIGHT[] = "\",\"height\":\"";
	static const char TAIL[] = "\"result\":{\"code\":0,\"name\":\"ok\"}}}";
	const char *at = (const char *)line.data, *end = at + line.size;
	struct bulk_item *item;
	uint64_t id = 0, height = 0;

	if (line.size < 180 || memcmp(at, HEAD, sizeof(HEAD) - 1) != 0 ||
	    memcmp(end - (sizeof(TAIL) - 1), TAIL, sizeof(TAIL) - 1) != 0)
		return false;
	for (at += sizeof(HEAD) - 1; *at >= '0' && *at <= '9'; at++)
		id = id * 10 + (uint64_t)(*at - '0');
	if (memcmp(at, RESULT, sizeof(RESULT) - 1) != 0 || id >= s->bulk->count)
		return false;
	at += sizeof(RESULT) - 1 + 2 * HASH_BYTES;
	if (memcmp(at, HEIGHT, sizeof(HEIGHT) - 1) != 0)
		return false;
	for (at += sizeof(HEIGHT) - 1; *at >= '0' && *at <= '9'; at++)
		height = height * 10 + (uint64_t)(*at - '0');
	item = &s->bulk->items[id];
	item->code = 0;
	item->height = height;
	finish(s, item, now, BULK_FINAL);
	return true;
}

static enum err pump_all(struct sender *s, struct err_text *text)
{
	uint64_t now = clock_mono_us();

	for (uint32_t i = 0; i < s->client_count; i++) {
		struct bytes line;
		enum err e = admin_client_pump(s->clients[i]);

		while (admin_client_line(s->clients[i], &line)) {
			if (!take_fast(s, line, now))
				take_slowly(s, line, now);
		}
		if (e)
			return err_set(text, e, "a node closed the connection");
	}
	return ERR_OK;
}

/* Time is up: what was never sent will not be. */
static void drop_unsent(struct sender *s)
{
	struct bulk *b = s->bulk;

	while (b->count > s->next)
		free(b->items[--b->count].line);
}

static void wait_some(struct sender *s, uint64_t wait_us)
{
	struct timespec t = {(time_t)(wait_us / 1000000),
			     (long)(wait_us % 1000000) * 1000};

	for (uint32_t i = 0; i < s->client_count; i++) {
		s->polls[i].events = POLLIN;
		if (admin_client_unsent(s->clients[i]) > 0)
			s->polls[i].events |= POLLOUT;
	}
	ppoll(s->polls, s->client_count, &t, NULL);
}

static enum err send_all(struct sender *s, struct err_text *text)
{
	struct bulk_run *run = s->run;
	struct progress progress;
	uint64_t last_us = clock_mono_us();
	uint32_t last_done = 0;

	if (run->what)
		progress_begin(&progress, run->cli, run->what, "tx",
			       s->bulk->count);
	run->started_us = last_us;
	while (run->final + run->refused < s->bulk->count) {
		uint32_t done = run->final + run->refused;
		uint64_t now = clock_mono_us();
		uint64_t wait = send_due(s, now);
		enum err e = pump_all(s, text);

		if (e)
			return e;
		if (run->limit_ms &&
		    now - run->started_us > run->limit_ms * 1000)
			drop_unsent(s);
		if (done != last_done || s->flying == 0)
			last_us = now;
		last_done = done;
		if (now - last_us > run->timeout_ms * 1000)
			return err_set(text, ERR_TIMEOUT,
				       "%" PRIu32
				       " transactions have no answer",
				       s->flying);
		if (run->what)
			progress_step(&progress, done);
		if (run->final + run->refused == done)
			wait_some(s, wait);
	}
	run->ended_us = clock_mono_us();
	progress.total = s->bulk->count;
	if (run->what)
		progress_end(&progress, s->bulk->count);
	return ERR_OK;
}

enum err bulk_send(struct bulk *b, struct bulk_run *run, struct err_text *text)
{
	struct sender *s = mem_alloc(sizeof(*s));
	enum err e;

	run->final = run->refused = 0;
	s->bulk = b;
	s->run = run;
	s->retry_room = b->count + 1;
	s->retries = mem_alloc(s->retry_room * sizeof(*s->retries));
	e = connect_all(s, text);
	if (!e && b->count > 0)
		e = send_all(s, text);
	if (e)
		run->ended_us = clock_mono_us();
	for (uint32_t i = 0; i < s->client_count; i++)
		admin_client_close(&s->clients[i]);
	free(s->retries);
	free(s);
	return e;
}
