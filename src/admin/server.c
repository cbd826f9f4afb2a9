#include "admin/server.h"

#include "base/arena.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG	       128
#define ACCEPTS_A_TURN 64
#define ACCEPT_RETRY_S 1.0

static void refuse_connection(struct admin_server *server, int fd)
{
	char line[1024];
	size_t size = rpc_error_line(line, sizeof(line), ERR_RPC_BUSY, NULL, 0);

	server->counters.refused++;
	if (send(fd, line, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug(ADMIN, "a refused connection was not told so");
	close(fd);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int events)
{
	struct admin_listener *l = w->data;

	(void)events;
	ev_timer_stop(loop, w);
	ev_io_start(loop, &l->io);
}

static void on_connection(struct ev_loop *loop, ev_io *w, int events)
{
	struct admin_listener *l = w->data;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(l->fd, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
			log_warn(ADMIN, "no descriptors left for %s", l->path);
			ev_io_stop(loop, w);
			ev_timer_start(loop, &l->retry);
		}
		if (fd < 0)
			return;
		l->server->counters.accepted++;
		if (l->connections >= l->server->connections_max)
			refuse_connection(l->server, fd);
		else
			conn_new(l, fd);
	}
}

/* A socket file nobody answers at is left from a crash. */
static enum err clear_stale(const struct sockaddr_un *address,
			    struct err_text *text)
{
	struct stat st;
	int fd, answered;

	if (lstat(address->sun_path, &st) != 0)
		return ERR_OK;
	if (!S_ISSOCK(st.st_mode))
		return err_set(text, ERR_CONFIG, "%s is not a socket",
			       address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(text, ERR_IO, "socket: %s", strerror(errno));
	answered = connect(fd, (const struct sockaddr *)address,
			   sizeof(*address)) == 0;
	close(fd);
	if (answered)
		return err_set(text, ERR_DATA_LOCKED,
			       "another process answers at %s",
			       address->sun_path);
	if (unlink(address->sun_path) != 0)
		return err_set(text, ERR_IO, "%s: %s", address->sun_path,
			       strerror(errno));
	return ERR_OK;
}

/* The file appears with no access for others and is opened up when all is
 * set, so there is no moment at which a stranger could connect. */
static enum err bind_listener(struct admin_listener *l, const char *path,
			      struct err_text *text)
{
	const struct admin_server *server = l->server;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mode = l->most == RPC_OPERATE ? 0660 : 0666;
	enum err e;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(text, ERR_CONFIG,
			       "the socket's path is longer than %zu bytes: %s",
			       sizeof(address.sun_path) - 1, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	e = clear_stale(&address, text);
	if (e)
		return e;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || fchmod(l->fd, 0600) != 0 ||
	    bind(l->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return err_set(text, ERR_IO, "%s: %s", path, strerror(errno));
	l->path = mem_copy(path, strlen(path) + 1);
	if ((server->has_group && chown(path, (uid_t)-1, server->group) != 0) ||
	    chmod(path, mode) != 0 || listen(l->fd, BACKLOG) != 0)
		return err_set(text, ERR_IO, "%s: %s", path, strerror(errno));
	ev_io_init(&l->io, on_connection, l->fd, EV_READ);
	ev_timer_init(&l->retry, on_retry, ACCEPT_RETRY_S, 0.);
	l->io.data = l->retry.data = l;
	ev_io_start(server->loop, &l->io);
	return ERR_OK;
}

static void close_listener(struct admin_listener *l)
{
	if (l->fd < 0)
		return;
	ev_io_stop(l->server->loop, &l->io);
	ev_timer_stop(l->server->loop, &l->retry);
	close(l->fd);
	l->fd = -1;
	if (l->path)
		unlink(l->path);
	free(l->path);
	l->path = NULL;
}

static void on_turn_end(struct ev_loop *loop, ev_prepare *w, int events)
{
	(void)loop;
	(void)events;
	conn_reap(w->data);
}

static enum err find_group(struct admin_server *server, const char *name,
			   struct err_text *text)
{
	char buffer[16384];
	struct group entry, *found = NULL;

	if (!name || *name == '\0')
		return ERR_OK;
	if (getgrnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 ||
	    !found)
		return err_set(text, ERR_CONFIG, "there is no group \"%s\"",
			       name);
	server->has_group = true;
	server->group = found->gr_gid;
	return ERR_OK;
}

enum err admin_server_new(struct admin_server **out, struct ev_loop *loop,
			  const struct admin_config *config,
			  const struct admin_backend *backend, void *ctx,
			  struct err_text *text)
{
	struct admin_server *s = mem_alloc(sizeof(*s));
	enum err e;

	s->loop = loop;
	s->backend = backend;
	s->ctx = ctx;
	s->owner = geteuid();
	s->height = config->height;
	s->connections_max =
		config->connections ? config->connections : ADMIN_CONNECTIONS;
	s->output_bytes = config->output_bytes ? config->output_bytes
					       : ADMIN_OUTPUT_BYTES;
	s->operator_ = (struct admin_listener){
		.server = s, .fd = -1, .most = RPC_OPERATE};
	s->readers = (struct admin_listener){
		.server = s, .fd = -1, .most = RPC_READ};
	submit_init(s);
	events_init(s);
	ev_prepare_init(&s->prepare, on_turn_end);
	s->prepare.data = s;
	ev_prepare_start(loop, &s->prepare);
	e = find_group(s, config->group, text);
	if (!e && config->socket)
		e = bind_listener(&s->operator_, config->socket, text);
	if (!e && config->socket_ro)
		e = bind_listener(&s->readers, config->socket_ro, text);
	if (e)
		admin_server_free(&s);
	*out = s;
	return e;
}

void admin_server_free(struct admin_server **server)
{
	struct admin_server *s = *server;

	if (!s)
		return;
	*server = NULL;
	close_listener(&s->operator_);
	close_listener(&s->readers);
	conn_reap(s);
	for (struct admin_conn *c = s->conns; c; c = c->next)
		conn_kill(c);
	conn_reap(s);
	ev_prepare_stop(s->loop, &s->prepare);
	events_fini(s);
	submit_fini(s);
	free(s);
}

void admin_server_counters(const struct admin_server *server,
			   struct admin_counters *out)
{
	*out = server->counters;
}
