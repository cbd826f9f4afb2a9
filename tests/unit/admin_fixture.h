/* The admin server with a node behind it that does what each test says. */
#ifndef BCAI_TESTS_ADMIN_FIXTURE_H
#define BCAI_TESTS_ADMIN_FIXTURE_H

#include "admin/admin.h"
#include "admin/client.h"
#include "admin/json.h"
#include "admin/peercred.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"

#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define TICKETS 64

struct fake {
	struct ev_loop *loop;
	struct admin_server *server;
	char dir[64], path[96], path_ro[96];
	uint64_t tickets[TICKETS];
	size_t ticket_count;
	enum admin_wait wait;
	size_t tx_size;
	int stops;
	int audits;
	struct admin_audit audit;
	char audit_params[256];
};

/* Fixtures of cmocka, and a server with a configuration of its own. */
/* Answers what the tests ask for; the rest is missing. */
extern const struct admin_backend BACKEND;

struct fake *open_fake(struct admin_config config);
int set_up(void **state);
int tear_down(void **state);
/* Let the server run; open, write to and read from a connection of it. */
void turn(struct fake *f, int times);
struct admin_client *connect_to(struct fake *f, const char *path);
void say(struct admin_client *c, const char *line);
json_t *hear(struct fake *f, struct admin_client *c);
int code_of(const json_t *line);
void expect_error(struct fake *f, struct admin_client *c, int code);
void expect_closed(struct fake *f, struct admin_client *c);

#endif
