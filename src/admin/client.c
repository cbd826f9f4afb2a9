#include "admin/client.h"

#include "admin/json.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/hex.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK_BYTES (64u << 10)

struct buffer {
	char *data;
	size_t start, size, capacity;
};

struct admin_client {
	int fd;
	uint64_t next_id;
	struct buffer in, out;
	size_t scanned;	 /* of `in`: no newline before that */
	json_t *waiting; /* notifications that came before an answer */
};

/* --- Errors --- */

enum err admin_error_set(struct admin_error *error, enum err code,
			 const char *context)
{
	const struct error_info *info = error_info(code);

	memset(error, 0, sizeof(*error));
	error->code = code;
	error->number = (int)code;
	snprintf(error->name, sizeof(error->name), "%s", info->name);
	snprintf(error->hint, sizeof(error->hint), "%s", info->hint);
	snprintf(error->message, sizeof(error->message), "%s%s%s",
		 info->sentence, context && *context ? ": " : "",
		 context ? context : "");
	return code;
}

enum err admin_error_take(struct admin_error *error, const json_t *object)
{
	const json_t *data = json_object_get(object, "data");

	memset(error, 0, sizeof(*error));
	error->number =
		(int)json_integer_value(json_object_get(object, "code"));
	error->code = error_from_number(error->number);
	if (!error->code)
		error->code = ERR_RPC_INTERNAL;
	snprintf(error->name, sizeof(error->name), "%s",
		 json_get_text(data, "name"));
	snprintf(error->message, sizeof(error->message), "%s",
		 json_get_text(object, "message"));
	snprintf(error->hint, sizeof(error->hint), "%s",
		 json_get_text(data, "hint"));
	error->retry_after_ms =
		(uint32_t)json_get_number(data, "retry_after_ms");
	error->from_height = json_get_number(data, "from_height");
	return error->code;
}

/* --- Connection --- */

enum err admin_client_open(struct admin_client **out, const char *path,
			   struct err_text *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct admin_client *c;
	int fd;

	*out = NULL;
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(text, ERR_UNREACHABLE,
			       "the path is too long: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(text, ERR_UNREACHABLE, "%s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		enum err e =
			errno == EACCES ? ERR_RPC_FORBIDDEN : ERR_UNREACHABLE;

		err_set(text, e, "%s: %s", path, strerror(errno));
		close(fd);
		return e;
	}
	c = mem_alloc(sizeof(*c));
	c->fd = fd;
	c->waiting = json_array();
	*out = c;
	return ERR_OK;
}

void admin_client_close(struct admin_client **client)
{
	struct admin_client *c = *client;

	if (!c)
		return;
	close(c->fd);
	json_decref(c->waiting);
	free(c->in.data);
	free(c->out.data);
	free(c);
	*client = NULL;
}

int admin_client_fd(const struct admin_client *client)
{
	return client->fd;
}

static void make_room(struct buffer *b, size_t more)
{
	size_t used = b->size - b->start;
	size_t capacity = b->capacity ? b->capacity : CHUNK_BYTES;

	if (b->size + more <= b->capacity)
		return;
	if (b->start > 0) {
		memmove(b->data, b->data + b->start, used);
		b->start = 0;
		b->size = used;
	}
	while (capacity < used + more)
		capacity *= 2;
	if (capacity == b->capacity)
		return;
	b->data = mem_resize(b->data, capacity);
	b->capacity = capacity;
}

void admin_client_queue(struct admin_client *client, const char *line,
			size_t size)
{
	make_room(&client->out, size);
	memcpy(client->out.data + client->out.size, line, size);
	client->out.size += size;
}

size_t admin_client_unsent(const struct admin_client *client)
{
	return client->out.size - client->out.start;
}

static enum err pump_out(struct admin_client *c)
{
	struct buffer *b = &c->out;

	while (b->start < b->size) {
		ssize_t n = send(c->fd, b->data + b->start, b->size - b->start,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ERR_OK : ERR_UNREACHABLE;
		b->start += (size_t)n;
	}
	b->start = b->size = 0;
	return ERR_OK;
}

/* Reads all there is; what came before the end of the stream is kept. */
static enum err pump_in(struct admin_client *c)
{
	struct buffer *b = &c->in;

	for (;;) {
		ssize_t n;
		size_t moved = b->start;

		make_room(b, CHUNK_BYTES);
		if (b->start == 0)
			c->scanned -= moved;
		n = recv(c->fd, b->data + b->size, CHUNK_BYTES, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return ERR_OK;
		if (n <= 0)
			return ERR_UNREACHABLE;
		b->size += (size_t)n;
		if (n < (ssize_t)CHUNK_BYTES)
			return ERR_OK;
	}
}

enum err admin_client_pump(struct admin_client *client)
{
	enum err sent = pump_out(client);
	enum err e = pump_in(client);

	return e ? e : sent;
}

bool admin_client_line(struct admin_client *client, struct bytes *line)
{
	struct buffer *b = &client->in;
	char *end = client->scanned < b->size
			    ? memchr(b->data + client->scanned, '\n',
				     b->size - client->scanned)
			    : NULL;

	if (!end) {
		client->scanned = b->size;
		if (b->start == b->size)
			b->start = b->size = client->scanned = 0;
		return false;
	}
	line->data = (const uint8_t *)b->data + b->start;
	line->size = (size_t)(end - b->data) - b->start;
	b->start += line->size + 1;
	client->scanned = b->start;
	return true;
}

/* The next line as JSON, waiting for it. *line is NULL on failure. */
static enum err wait_line(struct admin_client *c, uint64_t deadline_ms,
			  json_t **line, struct admin_error *error)
{
	enum err e = ERR_OK;
	struct bytes text;

	*line = NULL;
	for (;;) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		uint64_t now;

		if (admin_client_line(c, &text))
			break;
		if (e)
			return admin_error_set(error, ERR_UNREACHABLE,
					       "the connection was closed");
		now = clock_mono_ms();
		if (now >= deadline_ms)
			return admin_error_set(error, ERR_TIMEOUT, NULL);
		if (admin_client_unsent(c) > 0)
			p.events |= POLLOUT;
		if (poll(&p, 1,
			 (int)(deadline_ms - now < 60000 ? deadline_ms - now
							 : 60000)) != 0)
			e = admin_client_pump(c);
	}
	*line = json_loadb((const char *)text.data, text.size, 0, NULL);
	if (!*line)
		return admin_error_set(error, ERR_RPC_PARSE,
				       "the node's answer is not JSON");
	return ERR_OK;
}

enum err admin_client_call(struct admin_client *client, const char *method,
			   json_t *params, uint64_t timeout_ms, json_t **result,
			   struct admin_error *error)
{
	uint64_t deadline_ms = clock_mono_ms() + timeout_ms;
	uint64_t id = ++client->next_id;
	json_t *line = json_object();
	char *text;
	enum err e;

	*result = NULL;
	json_put(line, "jsonrpc", json_string("2.0"));
	json_put(line, "id", json_integer((json_int_t)id));
	json_put(line, "method", json_string(method));
	json_put(line, "params", params ? params : json_object());
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	assert(text);
	admin_client_queue(client, text, strlen(text));
	admin_client_queue(client, "\n", 1);
	free(text);
	e = pump_out(client);
	if (e)
		e = pump_in(client); /* It may have said why. */
	for (;;) {
		const json_t *answered;

		e = wait_line(client, deadline_ms, &line, error);
		if (e)
			return e;
		answered = json_object_get(line, "id");
		if (!answered)
			json_array_append(client->waiting, line);
		else if (json_is_null(answered) ||
			 json_get_number(line, "id") == id)
			break;
		json_decref(line);
	}
	if (json_object_get(line, "error")) {
		e = admin_error_take(error, json_object_get(line, "error"));
	} else {
		*result = json_incref(json_object_get(line, "result"));
		if (!*result)
			e = admin_error_set(error, ERR_RPC_PARSE,
					    "the answer has no result");
	}
	json_decref(line);
	return e;
}

enum err admin_client_next(struct admin_client *client, uint64_t timeout_ms,
			   json_t **params, struct admin_error *error)
{
	uint64_t deadline_ms = clock_mono_ms() + timeout_ms;
	json_t *line;
	enum err e = ERR_OK;

	*params = NULL;
	if (json_array_size(client->waiting) > 0) {
		line = json_incref(json_array_get(client->waiting, 0));
		json_array_remove(client->waiting, 0);
	} else {
		e = wait_line(client, deadline_ms, &line, error);
	}
	if (e)
		return e;
	if (json_object_get(line, "error"))
		e = admin_error_take(error, json_object_get(line, "error"));
	else
		*params = json_incref(json_object_get(line, "params"));
	if (!e && !*params)
		e = admin_error_set(error, ERR_RPC_PARSE,
				    "an event without params");
	json_decref(line);
	return e;
}

size_t admin_submit_line(char *out, size_t capacity, uint64_t id,
			 struct bytes raw, bool finalized, uint64_t timeout_ms)
{
	int n, m;

	assert(capacity >= ADMIN_SUBMIT_LINE_BYTES(raw.size));
	n = snprintf(out, capacity,
		     "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64
		     ",\"method\":\"tx.submit\",\"params\":{\"tx\":\"",
		     id);
	hex_encode(out + n, raw.data, raw.size);
	n += (int)(2 * raw.size);
	m = snprintf(out + n, capacity - (size_t)n,
		     "\",\"wait\":\"%s\",\"timeout_ms\":%" PRIu64 "}}\n",
		     finalized ? "finalized" : "accepted", timeout_ms);
	return (size_t)n + (size_t)m;
}
