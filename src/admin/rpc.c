#include "admin/server.h"

#include "admin/json.h"
#include "base/clock.h"
#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_US 3000u /* of the 5 ms that nothing may hold the loop */

static rpc_handler *const HANDLERS[RPC_METHOD_COUNT] = {
#define RPC_HANDLER(symbol, name, role, audited, doc, result)                  \
	[RPC_##symbol] = rpc_##symbol##_handler,
	RPC_METHODS(RPC_HANDLER)
#undef RPC_HANDLER
};

static void write_json(struct admin_conn *c, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	size_t size;

	if (!text) {
		conn_kill(c);
		return;
	}
	size = strlen(text);
	text[size] = '\n';
	conn_write(c, text, size + 1);
	free(text);
}

static json_t *id_value(const struct rpc_id *id)
{
	json_t *value = NULL;

	if (id->present)
		value = json_loads(id->text, JSON_DECODE_ANY, NULL);
	return value ? value : json_null();
}

void rpc_answer(struct admin_conn *c, const struct rpc_id *id, json_t *result)
{
	json_t *line;

	if (!id->present) {
		json_decref(result);
		return;
	}
	line = json_object();
	json_put(line, "jsonrpc", json_string("2.0"));
	json_put(line, "id", id_value(id));
	json_put(line, "result", result ? result : json_object());
	write_json(c, line);
	json_decref(line);
}

static json_t *error_value(enum err code, const char *text,
			   uint32_t retry_after_ms, uint64_t from_height)
{
	const struct error_info *info = error_info(code);
	json_t *error = json_object(), *data = json_object();
	char message[2 * ERR_TEXT_BYTES];

	if (text && *text)
		snprintf(message, sizeof(message), "%s: %s", info->sentence,
			 text);
	else
		snprintf(message, sizeof(message), "%s", info->sentence);
	json_put(data, "name", json_string(info->name));
	json_put(data, "hint", json_string(info->hint));
	json_put(data, "retry_after_ms", json_integer(retry_after_ms));
	if (from_height)
		json_put(data, "from_height", json_u64(from_height));
	json_put(error, "code", json_integer((json_int_t)info->code));
	json_put(error, "message", json_text(message, strlen(message)));
	json_put(error, "data", data);
	return error;
}

static json_t *error_object(const struct rpc_id *id, json_t *error)
{
	json_t *line = json_object();

	json_put(line, "jsonrpc", json_string("2.0"));
	json_put(line, "id", id ? id_value(id) : json_null());
	json_put(line, "error", error);
	return line;
}

size_t rpc_error_line(char *out, size_t capacity, enum err code,
		      const char *text, uint64_t from_height)
{
	json_t *line =
		error_object(NULL, error_value(code, text, 0, from_height));
	size_t size = json_dumpb(line, out, capacity - 1, JSON_COMPACT);

	json_decref(line);
	if (size > capacity - 1)
		size = 0;
	out[size] = '\n';
	return size + 1;
}

void rpc_fail(struct admin_conn *c, const struct rpc_id *id, enum err code,
	      const char *text, uint32_t retry_after_ms)
{
	json_t *line;

	c->server->counters.errors++;
	if (!id->present)
		return;
	line = error_object(id, error_value(code, text, retry_after_ms, 0));
	write_json(c, line);
	json_decref(line);
}

/* --- Parameters --- */

static bool kind_fits(enum rpc_kind kind, const json_t *value)
{
	const char *text = json_string_value(value);
	struct hash hash;
	uint64_t number;
	const json_t *item;
	size_t i;

	switch (kind) {
	case RPC_STRING:
		return text && strlen(text) == json_string_length(value);
	case RPC_NUMBER:
		return json_get_u64(value, &number);
	case RPC_HASH:
		return json_get_hash(value, &hash);
	case RPC_HEX:
		return text && json_string_length(value) % 2 == 0;
	case RPC_STRINGS:
		json_array_foreach (value, i, item) {
			if (!kind_fits(RPC_STRING, item))
				return false;
		}
		return json_is_array(value);
	case RPC_BOOL:
		return json_is_boolean(value);
	}
	return false;
}

static const struct rpc_param *find_param(const struct rpc_method *method,
					  const char *name)
{
	for (const struct rpc_param *p = method->params; p->name; p++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

static enum err check_params(struct rpc_call *call)
{
	const struct rpc_param *p;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)call->params, name, value) {
		p = find_param(call->method, name);
		if (!p)
			return err_set(&call->text, ERR_RPC_PARAMS,
				       "%s takes no \"%.64s\"",
				       call->method->name, name);
		if (!kind_fits(p->kind, value))
			return err_set(&call->text, ERR_RPC_PARAMS,
				       "\"%s\" must be a %s", name,
				       rpc_kind_name(p->kind));
	}
	for (p = call->method->params; p->name; p++) {
		if (p->required && !json_object_get(call->params, p->name))
			return err_set(&call->text, ERR_RPC_PARAMS,
				       "\"%s\" is missing", p->name);
	}
	return ERR_OK;
}

uint64_t call_number(const struct rpc_call *call, const char *name,
		     uint64_t otherwise)
{
	uint64_t v;

	return json_get_u64(json_object_get(call->params, name), &v)
		       ? v
		       : otherwise;
}

const char *call_text(const struct rpc_call *call, const char *name)
{
	return json_string_value(json_object_get(call->params, name));
}

void call_hash(const struct rpc_call *call, const char *name, struct hash *out)
{
	if (!json_get_hash(json_object_get(call->params, name), out))
		memset(out, 0, sizeof(*out));
}

void call_key(const struct rpc_call *call, const char *name,
	      struct public_key *out)
{
	if (!json_get_key(json_object_get(call->params, name), out))
		memset(out, 0, sizeof(*out));
}

enum err call_limit(struct rpc_call *call, uint32_t *limit)
{
	uint64_t n = call_number(call, "limit", ADMIN_PAGE_DEFAULT);

	if (n < 1 || n > ADMIN_PAGE_MAX)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"limit\" is 1 to %u", ADMIN_PAGE_MAX);
	*limit = (uint32_t)n;
	return ERR_OK;
}

bool call_is_late(const struct rpc_call *call)
{
	return clock_mono_us() - call->began_us > CALL_US;
}

enum err call_page(struct rpc_call *call, uint32_t *limit, uint64_t *cursor)
{
	const char *text = call_text(call, "cursor");

	*cursor = 0;
	if (text && !parse_u64(text, cursor))
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "\"cursor\" is not one this node gave");
	return call_limit(call, limit);
}

/* --- One line --- */

static void audit(struct rpc_call *call, enum err code)
{
	struct admin_server *s = call->server;
	char *params = json_dumps(call->params, JSON_COMPACT);
	struct admin_audit entry = {
		.uid = call->conn->uid,
		.pid = call->conn->pid,
		.method = call->method->name,
		.params = params ? params : "{}",
		.code = (int)code,
	};

	s->backend->audit(s->ctx, &entry);
	free(params);
}

static void call_method(struct rpc_call *call, enum rpc_method_id method)
{
	enum err e;

	if (call->method->role == RPC_OPERATE &&
	    call->conn->role != RPC_OPERATE) {
		e = ERR_RPC_FORBIDDEN;
	} else {
		e = check_params(call);
		if (!e)
			e = HANDLERS[method](call);
	}
	if (call->method->audited)
		audit(call, e);
	if (e) {
		json_decref(call->result);
		rpc_fail(call->conn, &call->id, e, call->text.text,
			 call->retry_after_ms);
	} else if (!call->later) {
		rpc_answer(call->conn, &call->id, call->result);
	}
}

/* SPEC JSON-RPC 2.0, 4: a string, a number without fraction, or null. */
static bool take_id(struct rpc_id *out, const json_t *value)
{
	size_t size;

	out->present = value != NULL;
	if (!value)
		return true;
	if (!json_is_string(value) && !json_is_integer(value) &&
	    !json_is_null(value))
		return false;
	size = json_dumpb(value, out->text, RPC_ID_BYTES - 1,
			  JSON_ENCODE_ANY | JSON_COMPACT);
	if (size == 0 || size > RPC_ID_BYTES - 1)
		return false;
	out->text[size] = '\0';
	return true;
}

static enum err take_request(struct rpc_call *call, const json_t *line,
			     enum rpc_method_id *method, json_t *no_params)
{
	const json_t *name = json_object_get(line, "method");
	const json_t *params = json_object_get(line, "params");

	if (json_is_array(line))
		return err_set(&call->text, ERR_RPC_REQUEST,
			       "batches are not taken; send each request as "
			       "its own line, without waiting");
	if (!take_id(&call->id, json_object_get(line, "id"))) {
		call->id.present = false;
		return err_set(&call->text, ERR_RPC_REQUEST,
			       "id must be an integer, null or a short string");
	}
	if (!json_is_object(line) || !json_is_string(name) ||
	    strcmp(json_get_text(line, "jsonrpc"), "2.0") != 0)
		return ERR_RPC_REQUEST;
	if (params && !json_is_object(params))
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "params must be an object");
	*method = rpc_method_find(json_string_value(name),
				  json_string_length(name));
	if (*method == RPC_METHOD_COUNT)
		return err_set(&call->text, ERR_RPC_METHOD, "\"%.64s\"",
			       json_string_value(name));
	call->method = rpc_method(*method);
	call->params = params ? params : no_params;
	return ERR_OK;
}

void rpc_line(struct admin_conn *c, const char *text, size_t size)
{
	struct rpc_call call = {
		.server = c->server, .conn = c, .began_us = clock_mono_us()};
	enum rpc_method_id method = RPC_METHOD_COUNT;
	json_t *line, *no_params;
	json_error_t why;
	enum err e;

	c->server->counters.requests++;
	if (size <= LIMIT_RPC_LINE_BYTES && submit_fast(c, text, size))
		return;
	call.id = (struct rpc_id){.present = true, .text = "null"};
	if (size > LIMIT_RPC_LINE_BYTES) {
		rpc_fail(c, &call.id, ERR_RPC_TOO_LARGE, NULL, 0);
		return;
	}
	line = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			  &why);
	if (!line) {
		rpc_fail(c, &call.id, ERR_RPC_PARSE, why.text, 0);
		return;
	}
	no_params = json_object();
	e = take_request(&call, line, &method, no_params);
	if (e) {
		/* An object without an id may be a notification; one that is
		 * no request at all is answered with id null. */
		if (e == ERR_RPC_REQUEST && !call.id.present)
			call.id = (struct rpc_id){.present = true,
						  .text = "null"};
		rpc_fail(c, &call.id, e, call.text.text, 0);
	} else {
		call_method(&call, method);
	}
	json_decref(no_params);
	json_decref(line);
}

static json_t *errors_value(const enum err *errors)
{
	json_t *list = json_array();

	for (; *errors != ERR_OK; errors++)
		json_push(list, json_outcome((uint32_t)*errors));
	return list;
}

enum err rpc_RPC_LIST_handler(struct rpc_call *call)
{
	json_t *list = json_array();

	for (int i = 0; i < RPC_METHOD_COUNT; i++) {
		const struct rpc_method *m = rpc_method((enum rpc_method_id)i);
		json_t *row = json_object(), *params = json_object();

		for (const struct rpc_param *p = m->params; p->name; p++)
			json_put(params, p->name,
				 json_string(rpc_kind_name(p->kind)));
		json_put(row, "name", json_string(m->name));
		json_put(row, "role",
			 json_string(m->role == RPC_OPERATE ? "operate"
							    : "read"));
		json_put(row, "doc", json_string(m->doc));
		json_put(row, "params", params);
		json_put(row, "errors", errors_value(m->errors));
		json_push(list, row);
	}
	call->result = json_object();
	json_put(call->result, "methods", list);
	json_put(call->result, "errors", errors_value(rpc_common_errors()));
	return ERR_OK;
}
