/* The inside of the admin server, shared by its files alone.
 *
 * server.c listens and accepts; conn.c moves bytes and splits lines; rpc.c
 * turns a line into a call and a result into a line; submit.c keeps the
 * transactions that wait; events.c the subscriptions; *_methods.c answer. */
#ifndef BCAI_ADMIN_SERVER_H
#define BCAI_ADMIN_SERVER_H

#include "admin/admin.h"
#include "admin/commands.h"

#include <ev.h>
#include <jansson.h>

#define ADMIN_CONNECTIONS	256u
#define ADMIN_OUTPUT_BYTES	(16u << 20)
#define ADMIN_PAUSE_BYTES	(256u << 10) /* stop reading above that much */
#define ADMIN_READ_BYTES	(64u << 10)
#define ADMIN_LINES_A_TURN	512u
#define ADMIN_PENDING_MAX	65536u
#define ADMIN_SUBSCRIPTIONS_MAX 16u  /* of one connection */
#define ADMIN_FLUSH_S		10.0 /* for what is left when closing */
#define ADMIN_PAGE_DEFAULT	100u
#define ADMIN_PAGE_MAX		200u /* below 5 ms, whatever the list */

/* The id of a request as it came, ready to be written back. */
#define RPC_ID_BYTES 80
struct rpc_id {
	bool present; /* false: a notification, never answered */
	char text[RPC_ID_BYTES];
};

struct subscription {
	struct subscription *next;
	uint64_t id;
	uint64_t seq;
	uint64_t next_height;
	uint64_t skip;	/* events of that block, told before */
	uint32_t types; /* bit a type */
};

struct admin_conn {
	struct admin_server *server;
	struct admin_listener *listener;
	struct admin_conn *prev, *next;
	struct admin_conn *next_dirty;
	ev_io read_io, write_io;
	ev_timer timer; /* more lines wait; or the time to flush is over */
	int fd;
	uid_t uid;
	pid_t pid;
	enum rpc_role role;
	char *in;
	size_t in_size, in_capacity, in_scanned;
	char *out;
	size_t out_start, out_size, out_capacity;
	uint32_t pending; /* submissions; head of their list */
	uint32_t pending_count;
	struct bucket submitted;
	struct subscription *subscriptions;
	uint32_t subscription_count;
	bool dirty;   /* in the server's list to flush */
	bool ended;   /* the peer sends no more */
	bool closing; /* no more is read or written but what waits */
	bool dead;    /* to be freed when the turn ends */
};

struct admin_listener {
	struct admin_server *server;
	ev_io io;
	ev_timer retry; /* descriptors ran out */
	int fd;
	char *path; /* owned */
	enum rpc_role most;
	uint32_t connections;
};

struct pending {
	struct admin_conn *conn; /* NULL: free */
	struct rpc_id id;
	struct hash tx;
	uint64_t deadline_ms;
	uint32_t generation;
	uint32_t prev, next; /* of its connection, or the free list */
	bool finalized;
};

struct admin_server {
	struct ev_loop *loop;
	const struct admin_backend *backend;
	void *ctx;
	struct admin_listener operator_, readers;
	uid_t owner;
	gid_t group;
	bool has_group;
	uint32_t connections_max;
	size_t output_bytes;
	struct admin_conn *conns, *dirty;
	ev_prepare prepare; /* writes what the turn produced */
	ev_timer sweep;	    /* submissions that wait too long */
	ev_timer replay;    /* subscriptions that catch up */
	struct pending *pending;
	uint32_t pending_capacity, pending_free;
	uint64_t height; /* of the last published block */
	uint64_t subscription_ids;
	uint32_t subscriptions;
	struct admin_counters counters;
};

#define PENDING_NONE UINT32_MAX

/* --- conn.c --- */
void conn_new(struct admin_listener *listener, int fd);
/* Queue bytes; beyond the bound the connection gets ERR_RPC_SLOW_READER and
 * is closed. `resume_height` goes into that error, 0 for none. */
void conn_write(struct admin_conn *c, const char *data, size_t size);
void conn_flush(struct admin_conn *c);
/* Have it flushed when the turn ends, and ended when it is done. */
void conn_touch(struct admin_conn *c);
/* No more requests; closed once all is written. */
void conn_close(struct admin_conn *c);
/* Gone now; memory stays until conn_reap. */
void conn_kill(struct admin_conn *c);
void conn_reap(struct admin_server *server);

/* --- rpc.c --- */
struct rpc_call {
	struct admin_server *server;
	struct admin_conn *conn;
	const struct rpc_method *method;
	const json_t *params; /* an object of checked kinds */
	struct rpc_id id;
	json_t *result; /* set by the handler; stolen */
	bool later;	/* the answer comes from elsewhere */
	uint32_t retry_after_ms;
	uint64_t began_us;
	struct err_text text;
};

typedef enum err rpc_handler(struct rpc_call *call);

#define RPC_DECLARE(symbol, name, role, audited, doc, result)                  \
	rpc_handler rpc_##symbol##_handler;
RPC_METHODS(RPC_DECLARE)
#undef RPC_DECLARE

/* One request, without its newline. */
void rpc_line(struct admin_conn *c, const char *line, size_t size);
void rpc_answer(struct admin_conn *c, const struct rpc_id *id, json_t *result);
void rpc_fail(struct admin_conn *c, const struct rpc_id *id, enum err code,
	      const char *text, uint32_t retry_after_ms);
/* The line of an error without an id; `from_height` 0 for none. Returns its
 * length. */
size_t rpc_error_line(char *out, size_t capacity, enum err code,
		      const char *text, uint64_t from_height);

/* Parameters of a checked call. */
uint64_t call_number(const struct rpc_call *call, const char *name,
		     uint64_t otherwise);
const char *call_text(const struct rpc_call *call, const char *name);
void call_hash(const struct rpc_call *call, const char *name, struct hash *out);
void call_key(const struct rpc_call *call, const char *name,
	      struct public_key *out);
/* `limit`, or both it and a `cursor` that is a number; ERR_RPC_PARAMS. */
enum err call_limit(struct rpc_call *call, uint32_t *limit) MUST_USE;
/* A page that reads from storage has taken long enough: the next one goes on.
 */
bool call_is_late(const struct rpc_call *call);
enum err call_page(struct rpc_call *call, uint32_t *limit,
		   uint64_t *cursor) MUST_USE;

/* --- submit.c --- */
/* A tx.submit in the very words our own client uses; false for any other
 * line, which rpc_line then parses as JSON. */
bool submit_fast(struct admin_conn *c, const char *line, size_t size);
void submit_forget(struct admin_conn *c);
void submit_init(struct admin_server *server);
void submit_fini(struct admin_server *server);

/* --- events.c --- */
void events_init(struct admin_server *server);
void events_fini(struct admin_server *server);
void events_forget(struct admin_conn *c);
/* Output was written: replay may go on. */
void events_resume(struct admin_server *server);
/* Where a reader would have to begin again; 0 when it has no subscription. */
uint64_t events_resume_height(const struct admin_conn *c);

#endif
