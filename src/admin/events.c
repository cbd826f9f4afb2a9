/* Subscriptions: live events, and those of past blocks.
 *
 * A subscription always knows the height of the next block it owes. While
 * that lies behind the newest block it is fed from storage, as fast as its
 * reader takes it; once level it gets each block as it is published. So there
 * is no gap at the change-over, and one sequence counts both. */
#include "admin/server.h"

#include "admin/json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "governance/params.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_A_TURN	64u
#define REPLAY_SLICE_US 2000u

static const char *const TYPE_NAMES[ADMIN_EVENT_TYPES] = {
	[ADMIN_EVENT_BLOCK] = "block",
	[ADMIN_EVENT_TX] = "tx",
	[ADMIN_EVENT_PROPOSAL] = "proposal",
	[ADMIN_EVENT_BALLOT] = "ballot",
	[ADMIN_EVENT_CHECKPOINT] = "checkpoint",
	[ADMIN_EVENT_PEER] = "peer",
	[ADMIN_EVENT_EVIDENCE] = "evidence",
	[ADMIN_EVENT_ALERT] = "alert",
	[ADMIN_EVENT_DELEGATION] = "delegation",
	[ADMIN_EVENT_TRANSFER] = "transfer",
	[ADMIN_EVENT_EPOCH] = "epoch",
	[ADMIN_EVENT_DEPOSIT] = "deposit",
	[ADMIN_EVENT_PARAMETER] = "parameter",
	[ADMIN_EVENT_REPUTATION] = "reputation",
	[ADMIN_EVENT_SETTING] = "setting",
	[ADMIN_EVENT_VETO] = "veto",
	[ADMIN_EVENT_ACT] = "act",
};

static void put_reason(json_t *o, const char *name, const char *reason)
{
	if (reason)
		json_put(o, name, json_text(reason, strlen(reason)));
}

static void put_word(json_t *o, const char *name, const char *word)
{
	json_put(o, name, json_string(word ? word : "unknown"));
}

/* The others come when they come and are told once. */
static bool is_of_block(enum admin_event_type type)
{
	return type != ADMIN_EVENT_CHECKPOINT && type != ADMIN_EVENT_PEER &&
	       type != ADMIN_EVENT_EVIDENCE;
}

/* NULL for one that this version does not know. */
static const char *param_name(struct governance_param_info *info,
			      uint32_t index)
{
	if (index >= PARAM_COUNT)
		return NULL;
	governance_param_info(info, index);
	return info->name;
}

static json_t *event_value(const struct admin_event *e)
{
	struct governance_param_info info;
	json_t *o = json_object();

	json_put(o, "type", json_string(TYPE_NAMES[e->type]));
	json_put(o, "height", json_u64(e->height));
	json_put(o, "time_ms", json_u64(e->time_ms));
	if (is_of_block(e->type))
		json_put(o, "position", json_count(e->position));
	switch (e->type) {
	case ADMIN_EVENT_BLOCK:
		json_put(o, "hash", json_hash(&e->hash));
		json_put(o, "txs", json_count(e->count));
		break;
	case ADMIN_EVENT_TX:
		json_put(o, "tx", json_hash(&e->hash));
		json_put(o, "account", json_key(&e->account));
		json_put(o, "index", json_count(e->index));
		json_put(o, "result", json_outcome(e->code));
		break;
	case ADMIN_EVENT_PROPOSAL:
		json_put(o, "proposal", json_count(e->proposal));
		put_word(o, "state", proposal_state_name(e->state));
		put_reason(o, "reason", e->reason);
		if (e->amount > 0) /* the end of voting has moved */
			json_put(o, "voting_end_ms", json_u64(e->amount));
		break;
	case ADMIN_EVENT_BALLOT:
		json_put(o, "proposal", json_count(e->proposal));
		json_put(o, "account", json_key(&e->account));
		put_word(o, "choice", choice_name(e->choice));
		json_put(o, "tx", json_hash(&e->hash));
		break;
	case ADMIN_EVENT_CHECKPOINT:
		json_put(o, "state_root", json_hash(&e->hash));
		break;
	case ADMIN_EVENT_PEER:
		json_put(o, "node_id", json_key(&e->account));
		put_reason(o, "what", e->reason);
		break;
	case ADMIN_EVENT_EVIDENCE:
		json_put(o, "signer", json_key(&e->account));
		put_reason(o, "kind", e->reason);
		break;
	case ADMIN_EVENT_ALERT:
		json_put(o, "alert", json_count(e->index));
		put_reason(o, "kind", e->reason);
		json_put(o, "proposal", json_count(e->proposal));
		json_put(o, "account", json_key(&e->account));
		break;
	case ADMIN_EVENT_DELEGATION:
		json_put(o, "account", json_key(&e->account));
		break;
	case ADMIN_EVENT_TRANSFER:
		json_put(o, "account", json_key(&e->account));
		json_put(o, "to", json_key(&e->other));
		json_put(o, "amount", json_u64(e->amount));
		break;
	case ADMIN_EVENT_DEPOSIT:
		json_put(o, "proposal", json_count(e->proposal));
		json_put(o, "account", json_key(&e->account));
		put_reason(o, "what", e->reason);
		json_put(o, "amount", json_u64(e->amount));
		break;
	case ADMIN_EVENT_PARAMETER:
		put_word(o, "name", param_name(&info, e->index));
		json_put(o, "value", json_u64(e->amount));
		break;
	case ADMIN_EVENT_REPUTATION:
		json_put(o, "account", json_key(&e->account));
		json_put(o, "amount", json_u64(e->amount));
		break;
	case ADMIN_EVENT_SETTING:
		put_reason(o, "what", e->reason);
		break;
	case ADMIN_EVENT_VETO:
		json_put(o, "proposal", json_count(e->proposal));
		json_put(o, "account", json_key(&e->account));
		json_put(o, "vetoes", json_u64(e->amount));
		break;
	case ADMIN_EVENT_ACT:
		json_put(o, "act", json_count(e->index));
		put_reason(o, "state", e->reason);
		json_put(o, "author", json_key(&e->account));
		if (e->proposal > 0)
			json_put(o, "ratification", json_count(e->proposal));
		break;
	case ADMIN_EVENT_EPOCH:
		json_put(o, "epoch", json_u64(e->amount));
		break;
	}
	if (e->has_tx)
		json_put(o, "tx", json_hash(&e->hash));
	return o;
}

static char *event_text(const struct admin_event *event)
{
	json_t *value = event_value(event);
	char *text = json_dumps(value, JSON_COMPACT);

	json_decref(value);
	return text;
}

/* One notification. The connection may be closing or dead afterwards, its
 * subscriptions gone: look no further. */
static void notify(struct admin_conn *c, struct subscription *sub,
		   const char *text)
{
	char head[160];
	size_t size = strlen(text);
	char *line;
	int n = snprintf(head, sizeof(head),
			 "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":"
			 "{\"subscription\":%" PRIu64 ",\"seq\":%" PRIu64
			 ",\"event\":",
			 sub->id, ++sub->seq);

	line = mem_alloc((size_t)n + size + 3);
	memcpy(line, head, (size_t)n);
	memcpy(line + n, text, size);
	memcpy(line + (size_t)n + size, "}}\n", 3);
	conn_write(c, line, (size_t)n + size + 3);
	free(line);
}

static bool wants(const struct subscription *sub, enum admin_event_type type)
{
	return sub->types >> type & 1;
}

/* `height` 0: it belongs to no block. */
static bool is_due(const struct subscription *sub,
		   const struct admin_event *event, uint64_t height)
{
	if (!wants(sub, event->type))
		return false;
	return !height ||
	       (sub->next_height == height && event->position >= sub->skip);
}

/* All of its block was told. */
static void go_on(struct subscription *sub)
{
	sub->next_height++;
	sub->skip = 0;
}

bool admin_has_subscribers(const struct admin_server *server)
{
	return server->subscriptions > 0;
}

/* To every subscription that is due this block, or to all of them when
 * `height` is 0. */
static void broadcast(struct admin_server *s, const struct admin_event *event,
		      uint64_t height)
{
	char *text = event_text(event);

	for (struct admin_conn *c = s->conns; text && c; c = c->next) {
		struct subscription *sub = c->subscriptions, *next;

		for (; sub && !c->closing && !c->dead; sub = next) {
			next = sub->next;
			if (is_due(sub, event, height))
				notify(c, sub, text);
		}
	}
	free(text);
}

void admin_publish_block(struct admin_server *server, uint64_t height,
			 const struct admin_event *events, size_t count)
{
	for (size_t i = 0; i < count && server->subscriptions; i++)
		broadcast(server, &events[i], height);
	for (struct admin_conn *c = server->conns; c; c = c->next) {
		struct subscription *sub = c->subscriptions;

		for (; sub; sub = sub->next) {
			if (sub->next_height == height)
				go_on(sub);
		}
	}
	server->height = height;
}

void admin_publish_later(struct admin_server *server, uint64_t height)
{
	server->height = height;
	events_resume(server);
}

void admin_publish(struct admin_server *server, const struct admin_event *event)
{
	if (server->subscriptions)
		broadcast(server, event, 0);
}

uint64_t events_resume_height(const struct admin_conn *c)
{
	uint64_t height = 0;

	for (const struct subscription *s = c->subscriptions; s; s = s->next) {
		if (!height || s->next_height < height)
			height = s->next_height;
	}
	return height;
}

/* --- Past blocks --- */

struct replay {
	struct admin_conn *conn;
	struct subscription *sub;
};

static void replay_event(void *arg, const struct admin_event *event)
{
	struct replay *r = arg;
	char *text;

	if (r->conn->closing || r->conn->dead ||
	    !is_due(r->sub, event, r->sub->next_height))
		return;
	text = event_text(event);
	if (text)
		notify(r->conn, r->sub, text);
	free(text);
}

static void drop(struct admin_conn *c, struct subscription *sub)
{
	struct subscription **at = &c->subscriptions;

	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	c->subscription_count--;
	c->server->subscriptions--;
	free(sub);
}

/* Feed one block. False: the subscription (or its connection) has ended, or
 * its reader must first catch up. */
static bool replay_block(struct admin_conn *c, struct subscription *sub)
{
	struct admin_server *s = c->server;
	struct replay r = {c, sub};
	char line[1024];
	enum err e;

	if (c->out_size - c->out_start > ADMIN_PAUSE_BYTES)
		return false;
	e = s->backend->events_at(s->ctx, sub->next_height, replay_event, &r);
	if (c->closing || c->dead)
		return false;
	if (!e) {
		go_on(sub);
		return true;
	}
	drop(c, sub);
	conn_write(c, line,
		   rpc_error_line(line, sizeof(line), e,
				  "the events of that block are not held", 0));
	return false;
}

static bool behind(const struct admin_server *s, const struct subscription *sub)
{
	return sub->next_height <= s->height;
}

static bool can_go_on(const struct admin_conn *c)
{
	return !c->dead && !c->closing &&
	       c->out_size - c->out_start <= ADMIN_PAUSE_BYTES;
}

static void on_replay(struct ev_loop *loop, ev_timer *w, int events)
{
	struct admin_server *s = w->data;
	unsigned budget = BLOCKS_A_TURN;
	uint64_t until_us = clock_mono_us() + REPLAY_SLICE_US;
	bool more = false;

	(void)loop;
	(void)events;
	for (struct admin_conn *c = s->conns; c; c = c->next) {
		struct subscription *sub = c->subscriptions, *next;

		for (; sub && can_go_on(c); sub = next) {
			next = sub->next;
			while (budget > 0 && behind(s, sub)) {
				budget--;
				if (!replay_block(c, sub))
					break;
				if (clock_mono_us() >= until_us)
					budget = 0;
			}
			if (budget == 0)
				more = true;
		}
	}
	if (more)
		events_resume(s);
}

void events_resume(struct admin_server *server)
{
	if (server->subscriptions && !ev_is_active(&server->replay))
		ev_timer_start(server->loop, &server->replay);
}

void events_init(struct admin_server *server)
{
	ev_timer_init(&server->replay, on_replay, 0., 0.);
	server->replay.data = server;
}

void events_fini(struct admin_server *server)
{
	ev_timer_stop(server->loop, &server->replay);
}

void events_forget(struct admin_conn *c)
{
	while (c->subscriptions)
		drop(c, c->subscriptions);
}

/* --- Methods --- */

static enum err take_types(struct rpc_call *call, uint32_t *types)
{
	const json_t *list = json_object_get(call->params, "types");
	const json_t *item;
	size_t i;

	*types = list ? 0 : UINT32_MAX;
	json_array_foreach (list, i, item) {
		const char *name = json_string_value(item);
		unsigned t = 0;

		while (t < ADMIN_EVENT_TYPES &&
		       strcmp(TYPE_NAMES[t], name) != 0)
			t++;
		if (t == ADMIN_EVENT_TYPES)
			return err_set(&call->text, ERR_RPC_PARAMS,
				       "there is no type of event \"%.64s\"",
				       name);
		*types |= UINT32_C(1) << t;
	}
	return ERR_OK;
}

enum err rpc_EVENTS_SUBSCRIBE_handler(struct rpc_call *call)
{
	struct admin_conn *c = call->conn;
	struct admin_server *s = call->server;
	uint64_t from = call_number(call, "from_height", s->height + 1);
	struct subscription *sub;
	uint32_t types;
	enum err e = take_types(call, &types);

	if (e)
		return e;
	if (c->subscription_count >= ADMIN_SUBSCRIPTIONS_MAX)
		return err_set(&call->text, ERR_BUSY,
			       "a connection has at most %u subscriptions",
			       ADMIN_SUBSCRIPTIONS_MAX);
	sub = mem_alloc(sizeof(*sub));
	sub->id = ++s->subscription_ids;
	sub->types = types;
	sub->next_height = from ? from : 1;
	sub->skip = call_number(call, "from_position", 0);
	sub->next = c->subscriptions;
	c->subscriptions = sub;
	c->subscription_count++;
	s->subscriptions++;
	call->result = json_object();
	json_put(call->result, "subscription", json_count(sub->id));
	json_put(call->result, "from_height", json_u64(sub->next_height));
	events_resume(s);
	return ERR_OK;
}

enum err rpc_EVENTS_UNSUBSCRIBE_handler(struct rpc_call *call)
{
	uint64_t id = call_number(call, "subscription", 0);
	struct subscription *sub = call->conn->subscriptions;

	while (sub && sub->id != id)
		sub = sub->next;
	if (!sub)
		return ERR_NOT_FOUND;
	drop(call->conn, sub);
	return ERR_OK;
}
