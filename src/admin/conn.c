#include "admin/server.h"

#include "admin/peercred.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void conn_touch(struct admin_conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->server->dirty;
	c->server->dirty = c;
}

static size_t waiting(const struct admin_conn *c)
{
	return c->out_size - c->out_start;
}

static bool may_read(const struct admin_conn *c)
{
	return !c->ended && !c->closing && !c->dead &&
	       waiting(c) <= ADMIN_PAUSE_BYTES;
}

static void append(struct admin_conn *c, const char *data, size_t size)
{
	if (c->out_start > 0 && c->out_start == c->out_size)
		c->out_start = c->out_size = 0;
	if (c->out_size + size > c->out_capacity && c->out_start > 0) {
		memmove(c->out, c->out + c->out_start, waiting(c));
		c->out_size -= c->out_start;
		c->out_start = 0;
	}
	if (c->out_size + size > c->out_capacity) {
		size_t capacity = c->out_capacity ? c->out_capacity : 4096;

		while (capacity < c->out_size + size)
			capacity *= 2;
		c->out = mem_resize(c->out, capacity);
		c->out_capacity = capacity;
	}
	memcpy(c->out + c->out_size, data, size);
	c->out_size += size;
	conn_touch(c);
}

void conn_write(struct admin_conn *c, const char *data, size_t size)
{
	char line[1024];

	if (c->dead || c->closing)
		return;
	if (size <= c->server->output_bytes - waiting(c) &&
	    waiting(c) <= c->server->output_bytes) {
		append(c, data, size);
		return;
	}
	c->server->counters.slow_readers++;
	size = rpc_error_line(line, sizeof(line), ERR_RPC_SLOW_READER, NULL,
			      events_resume_height(c));
	append(c, line, size);
	conn_close(c);
}

void conn_kill(struct admin_conn *c)
{
	struct ev_loop *loop = c->server->loop;

	if (c->dead)
		return;
	c->dead = true;
	submit_forget(c);
	events_forget(c);
	ev_io_stop(loop, &c->read_io);
	ev_io_stop(loop, &c->write_io);
	ev_timer_stop(loop, &c->timer);
	close(c->fd);
	c->listener->connections--;
	c->server->counters.connections--;
	conn_touch(c);
}

static void on_flush_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	conn_kill(w->data);
}

void conn_close(struct admin_conn *c)
{
	if (c->closing || c->dead)
		return;
	c->closing = true;
	submit_forget(c);
	events_forget(c);
	ev_io_stop(c->server->loop, &c->read_io);
	ev_timer_stop(c->server->loop, &c->timer);
	ev_timer_init(&c->timer, on_flush_timeout, ADMIN_FLUSH_S, 0.);
	ev_timer_start(c->server->loop, &c->timer);
	conn_touch(c);
}

void conn_flush(struct admin_conn *c)
{
	struct ev_loop *loop = c->server->loop;

	while (!c->dead && waiting(c) > 0) {
		ssize_t n = send(c->fd, c->out + c->out_start, waiting(c),
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			conn_kill(c);
		if (n < 0)
			break;
		c->out_start += (size_t)n;
	}
	if (c->dead)
		return;
	if (waiting(c) > 0) {
		ev_io_start(loop, &c->write_io);
		return;
	}
	ev_io_stop(loop, &c->write_io);
	if (c->subscriptions)
		events_resume(c->server);
	if (c->closing || (c->ended && c->in_size == 0 && !c->pending_count &&
			   !c->subscriptions))
		conn_kill(c);
	else if (c->in_scanned < c->in_size)
		ev_timer_start(loop, &c->timer);
	else if (may_read(c))
		ev_io_start(loop, &c->read_io);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int events)
{
	struct admin_conn *c = w->data;

	(void)loop;
	(void)events;
	conn_flush(c);
}

/* Answer the lines that are whole. Returns false when more of them are left
 * for the next turn, so that one client cannot hold the loop. */
static bool take_lines(struct admin_conn *c)
{
	size_t start = 0;
	unsigned lines = 0;

	while (!c->closing && !c->dead && lines < ADMIN_LINES_A_TURN &&
	       waiting(c) <= ADMIN_PAUSE_BYTES) {
		char *from = c->in + c->in_scanned;
		char *end =
			c->in_scanned < c->in_size
				? memchr(from, '\n', c->in_size - c->in_scanned)
				: NULL;
		size_t size;

		if (!end) {
			c->in_scanned = c->in_size;
			break;
		}
		size = (size_t)(end - c->in) - start;
		if (size > 0)
			rpc_line(c, c->in + start, size);
		start += size + 1;
		c->in_scanned = start;
		lines++;
	}
	if (start > 0) {
		memmove(c->in, c->in + start, c->in_size - start);
		c->in_size -= start;
		c->in_scanned -= start;
	}
	return c->in_scanned >= c->in_size;
}

static void on_more(struct ev_loop *loop, ev_timer *w, int events);

static void refuse_line(struct admin_conn *c, enum err code, const char *text)
{
	char line[1024];
	size_t size = rpc_error_line(line, sizeof(line), code, text, 0);

	c->server->counters.errors++;
	conn_write(c, line, size);
}

/* What is in the buffer, then what follows from it. */
static void digest(struct admin_conn *c)
{
	bool all = take_lines(c);

	if (c->dead || c->closing)
		return;
	if (!all) {
		ev_io_stop(c->server->loop, &c->read_io);
		if (waiting(c) > ADMIN_PAUSE_BYTES) {
			conn_touch(c);
			return;
		}
		ev_timer_start(c->server->loop, &c->timer);
		return;
	}
	if (c->in_size > LIMIT_RPC_LINE_BYTES) {
		refuse_line(c, ERR_RPC_TOO_LARGE, NULL);
		conn_close(c);
		return;
	}
	if (c->ended) {
		if (c->in_size > 0)
			refuse_line(c, ERR_RPC_PARSE,
				    "the last line has no end");
		c->in_size = c->in_scanned = 0;
		conn_touch(c);
		return;
	}
	if (!may_read(c))
		ev_io_stop(c->server->loop, &c->read_io);
}

static void on_more(struct ev_loop *loop, ev_timer *w, int events)
{
	struct admin_conn *c = w->data;

	(void)events;
	digest(c);
	if (may_read(c) && !ev_is_active(w))
		ev_io_start(loop, &c->read_io);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct admin_conn *c = w->data;
	ssize_t n;

	(void)events;
	if (c->in_capacity - c->in_size < ADMIN_READ_BYTES) {
		size_t capacity = c->in_capacity * 2;

		if (capacity < c->in_size + ADMIN_READ_BYTES)
			capacity = c->in_size + ADMIN_READ_BYTES;
		c->in = mem_resize(c->in, capacity);
		c->in_capacity = capacity;
	}
	n = recv(c->fd, c->in + c->in_size, ADMIN_READ_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		conn_kill(c);
		return;
	}
	if (n == 0) {
		c->ended = true;
		ev_io_stop(loop, w);
	}
	c->in_size += (size_t)n;
	digest(c);
}

void conn_new(struct admin_listener *listener, int fd)
{
	struct admin_server *server = listener->server;
	struct admin_conn *c = mem_alloc(sizeof(*c));
	struct peer_identity *peer = mem_alloc(sizeof(*peer));

	c->server = server;
	c->listener = listener;
	c->fd = fd;
	c->pending = PENDING_NONE;
	c->role = RPC_READ;
	if (peer_identify(peer, fd)) {
		c->uid = peer->uid;
		c->pid = peer->pid;
		if (listener->most == RPC_OPERATE)
			c->role = peer_role(peer, server->owner,
					    server->has_group, server->group);
	}
	free(peer);
	c->next = server->conns;
	if (c->next)
		c->next->prev = c;
	server->conns = c;
	listener->connections++;
	server->counters.connections++;
	ev_io_init(&c->read_io, on_readable, fd, EV_READ);
	ev_io_init(&c->write_io, on_writable, fd, EV_WRITE);
	ev_timer_init(&c->timer, on_more, 0., 0.);
	c->read_io.data = c->write_io.data = c->timer.data = c;
	ev_io_start(server->loop, &c->read_io);
}

static void conn_free(struct admin_conn *c)
{
	assert(c->dead);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->server->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c->in);
	free(c->out);
	free(c);
}

void conn_reap(struct admin_server *server)
{
	while (server->dirty) {
		struct admin_conn *c = server->dirty;

		server->dirty = c->next_dirty;
		conn_flush(c);
		c->dirty = false;
		if (c->dead)
			conn_free(c);
	}
}
