/* Transactions on their way: who waits for which, and for how long. */
#include "admin/server.h"

#include "admin/json.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_S		   0.1
#define TIMEOUT_DEFAULT_MS 30000u
#define TIMEOUT_MAX_MS	   600000u
#define BUSY_RETRY_MS	   100u

struct submission {
	struct rpc_id id;
	const char *hex;
	size_t hex_size;
	enum admin_wait wait;
	uint64_t timeout_ms;
};

/* --- The table of those that wait --- */

static void link_free(struct admin_server *s, uint32_t slot)
{
	s->pending[slot].conn = NULL;
	s->pending[slot].generation++;
	s->pending[slot].next = s->pending_free;
	s->pending_free = slot;
}

static bool grow(struct admin_server *s)
{
	uint32_t old = s->pending_capacity;
	uint32_t capacity = old ? old * 2 : 256;

	if (old >= ADMIN_PENDING_MAX)
		return false;
	s->pending = mem_resize(s->pending, capacity * sizeof(*s->pending));
	memset(s->pending + old, 0, (capacity - old) * sizeof(*s->pending));
	s->pending_capacity = capacity;
	for (uint32_t i = capacity; i > old; i--)
		link_free(s, i - 1);
	return true;
}

static uint32_t slot_take(struct admin_conn *c)
{
	struct admin_server *s = c->server;
	uint32_t slot;
	struct pending *p;

	if (s->pending_free == PENDING_NONE && !grow(s))
		return PENDING_NONE;
	slot = s->pending_free;
	p = &s->pending[slot];
	s->pending_free = p->next;
	p->conn = c;
	p->prev = PENDING_NONE;
	p->next = c->pending;
	if (p->next != PENDING_NONE)
		s->pending[p->next].prev = slot;
	c->pending = slot;
	c->pending_count++;
	s->counters.pending++;
	if (!ev_is_active(&s->sweep))
		ev_timer_again(s->loop, &s->sweep);
	return slot;
}

static void slot_give(struct admin_server *s, uint32_t slot)
{
	struct pending *p = &s->pending[slot];
	struct admin_conn *c = p->conn;

	if (p->prev != PENDING_NONE)
		s->pending[p->prev].next = p->next;
	else
		c->pending = p->next;
	if (p->next != PENDING_NONE)
		s->pending[p->next].prev = p->prev;
	c->pending_count--;
	s->counters.pending--;
	link_free(s, slot);
	/* A notification is not answered: nothing else ends its connection. */
	if (c->ended && c->pending_count == 0)
		conn_touch(c);
}

void submit_forget(struct admin_conn *c)
{
	while (c->pending != PENDING_NONE)
		slot_give(c->server, c->pending);
}

static void on_sweep(struct ev_loop *loop, ev_timer *w, int events)
{
	struct admin_server *s = w->data;
	uint64_t now = clock_mono_ms();

	(void)events;
	for (uint32_t i = 0; i < s->pending_capacity; i++) {
		struct pending *p = &s->pending[i];

		if (!p->conn || p->deadline_ms > now)
			continue;
		rpc_fail(p->conn, &p->id, ERR_TIMEOUT, NULL, 0);
		if (p->conn)
			slot_give(s, i);
	}
	if (s->counters.pending == 0)
		ev_timer_stop(loop, w);
}

void submit_init(struct admin_server *server)
{
	server->pending_free = PENDING_NONE;
	ev_timer_init(&server->sweep, on_sweep, SWEEP_S, SWEEP_S);
	server->sweep.data = server;
}

void submit_fini(struct admin_server *server)
{
	ev_timer_stop(server->loop, &server->sweep);
	free(server->pending);
}

/* --- Answers --- */

/* The common answer, written without building JSON values: this is on the
 * path of every vote. */
static void answer(struct admin_conn *c, const struct pending *p,
		   const struct admin_submit_result *r)
{
	char line[512], tx[HASH_HEX_BYTES], made[48] = "";
	int n;

	if (!p->id.present)
		return;
	hash_hex(tx, &r->tx);
	if (r->proposal)
		snprintf(made, sizeof(made), ",\"proposal\":%" PRIu32,
			 r->proposal);
	if (!p->finalized)
		n = snprintf(line, sizeof(line),
			     "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":"
			     "{\"tx\":\"%s\"}}\n",
			     p->id.text, tx);
	else
		n = snprintf(
			line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":"
			"{\"tx\":\"%s\",\"height\":\"%" PRIu64
			"\",\"index\":%" PRIu32 ",\"result\":{\"code\":%" PRId32
			",\"name\":\"%s\"}%s}}\n",
			p->id.text, tx, r->height, r->index, (int32_t)r->code,
			error_name((enum err)(int32_t)r->code), made);
	assert(n > 0 && (size_t)n < sizeof(line));
	conn_write(c, line, (size_t)n);
}

void admin_submit_done(struct admin_server *server, uint64_t ticket,
		       const struct admin_submit_result *result)
{
	uint32_t slot = (uint32_t)ticket;
	struct admin_conn *c;
	struct pending done;

	if (slot >= server->pending_capacity)
		return;
	done = server->pending[slot];
	c = done.conn;
	if (!c || done.generation != (uint32_t)(ticket >> 32))
		return;
	slot_give(server, slot);
	if (result->refused)
		rpc_fail(c, &done.id, result->refused, result->text,
			 result->retry_after_ms);
	else
		answer(c, &done, result);
}

/* --- Requests --- */

static enum err submit(struct admin_conn *c, const struct submission *sub,
		       struct err_text *text)
{
	struct admin_server *s = c->server;
	uint8_t raw[LIMIT_TX_BYTES];
	struct bytes bytes = {raw, sub->hex_size / 2};
	struct pending *p;
	uint32_t slot;

	if (bytes.size > sizeof(raw))
		return err_set(text, ERR_TOO_LARGE,
			       "a transaction has at most "
			       "%u bytes",
			       LIMIT_TX_BYTES);
	if (!hex_decode(raw, bytes.size, sub->hex, sub->hex_size))
		return err_set(text, ERR_RPC_PARAMS, "\"tx\" must be a hex");
	slot = slot_take(c);
	if (slot == PENDING_NONE)
		return ERR_BUSY;
	p = &s->pending[slot];
	p->id = sub->id;
	p->finalized = sub->wait == ADMIN_WAIT_FINALIZED;
	p->deadline_ms = clock_mono_ms() + sub->timeout_ms;
	s->backend->submit(s->ctx, bytes, sub->wait,
			   (uint64_t)p->generation << 32 | slot, &c->submitted);
	return ERR_OK;
}

enum err rpc_TX_SUBMIT_handler(struct rpc_call *call)
{
	const json_t *tx = json_object_get(call->params, "tx");
	const char *wait = call_text(call, "wait");
	struct submission sub = {
		.id = call->id,
		.hex = json_string_value(tx),
		.hex_size = json_string_length(tx),
		.wait = ADMIN_WAIT_FINALIZED,
		.timeout_ms =
			call_number(call, "timeout_ms", TIMEOUT_DEFAULT_MS),
	};
	enum err e;

	if (wait && strcmp(wait, "accepted") == 0)
		sub.wait = ADMIN_WAIT_ACCEPTED;
	else if (wait && strcmp(wait, "finalized") != 0)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"wait\" is accepted or finalized");
	if (sub.timeout_ms > TIMEOUT_MAX_MS)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"timeout_ms\" is at most %u", TIMEOUT_MAX_MS);
	call->later = true;
	e = submit(call->conn, &sub, &call->text);
	if (e == ERR_BUSY)
		call->retry_after_ms = BUSY_RETRY_MS;
	return e;
}

/* --- The fast path --- */

struct scan {
	const char *at, *end;
};

static bool scan_word(struct scan *s, const char *word, size_t size)
{
	if ((size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0)
		return false;
	s->at += size;
	return true;
}
#define SCAN(s, word) scan_word(s, word, sizeof(word) - 1)

/* At most 15 digits, so that nothing can overflow; none leading with 0. */
static bool scan_number(struct scan *s, uint64_t *out)
{
	const char *from = s->at;

	*out = 0;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' &&
	       s->at - from < 16) {
		*out = *out * 10 + (uint64_t)(*s->at - '0');
		s->at++;
	}
	return s->at > from && s->at - from < 16 &&
	       (*from != '0' || s->at - from == 1);
}

static bool scan_options(struct scan *s, struct submission *sub)
{
	sub->wait = ADMIN_WAIT_FINALIZED;
	sub->timeout_ms = TIMEOUT_DEFAULT_MS;
	if (SCAN(s, ",\"wait\":\"accepted\""))
		sub->wait = ADMIN_WAIT_ACCEPTED;
	else
		(void)SCAN(s, ",\"wait\":\"finalized\"");
	if (SCAN(s, ",\"timeout_ms\":") && (!scan_number(s, &sub->timeout_ms) ||
					    sub->timeout_ms > TIMEOUT_MAX_MS))
		return false;
	return SCAN(s, "}}") && s->at == s->end;
}

bool submit_fast(struct admin_conn *c, const char *line, size_t size)
{
	struct scan s = {line, line + size};
	struct submission sub;
	struct err_text text = {""};
	const char *quote;
	uint64_t id;
	enum err e;

	if (c->role != RPC_OPERATE || !SCAN(&s, "{\"jsonrpc\":\"2.0\",\"id\":"))
		return false;
	if (!scan_number(&s, &id) ||
	    !SCAN(&s, ",\"method\":\"tx.submit\",\"params\":{\"tx\":\""))
		return false;
	quote = memchr(s.at, '"', (size_t)(s.end - s.at));
	if (!quote)
		return false;
	sub.hex = s.at;
	sub.hex_size = (size_t)(quote - s.at);
	s.at = quote + 1;
	/* What is not plain hex may be JSON all the same: the slow path says.
	 */
	if (!scan_options(&s, &sub) || sub.hex_size % 2 != 0)
		return false;
	sub.id.present = true;
	snprintf(sub.id.text, sizeof(sub.id.text), "%" PRIu64, id);
	e = submit(c, &sub, &text);
	if (e == ERR_RPC_PARAMS)
		return false;
	if (e)
		rpc_fail(c, &sub.id, e, text.text,
			 e == ERR_BUSY ? BUSY_RETRY_MS : 0);
	return true;
}
