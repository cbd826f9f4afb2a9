#include "tests/unit/admin_fixture.h"

/* --- A backend --- */

static void fake_status(void *ctx, struct admin_status *out)
{
	(void)ctx;
	out->version = "1.2.3";
	out->chain_id = "test-1";
	out->role = "validator";
	out->height = UINT64_C(18446744073709551615);
	out->peers = 3;
}

static void fake_submit(void *ctx, struct bytes raw, enum admin_wait wait,
			uint64_t ticket, struct bucket *source)
{
	struct fake *f = ctx;

	(void)source;
	f->tx_size = raw.size;
	f->wait = wait;
	f->tickets[f->ticket_count++ % TICKETS] = ticket;
}

static void fake_stop(void *ctx)
{
	((struct fake *)ctx)->stops++;
}

static void fake_audit(void *ctx, const struct admin_audit *entry)
{
	struct fake *f = ctx;

	f->audits++;
	f->audit = *entry;
	snprintf(f->audit_params, sizeof(f->audit_params), "%s", entry->params);
}

static enum err fake_peer(void *ctx, const char *address, struct err_text *text)
{
	(void)ctx;
	return err_set(text, ERR_PEER_ADDRESS, "%s", address);
}

/* Each past block has two events. */
static enum err fake_events_at(void *ctx, uint64_t height,
			       admin_event_sink *sink, void *arg)
{
	struct admin_event e = {.type = ADMIN_EVENT_BLOCK, .height = height};

	(void)ctx;
	if (height < 5)
		return ERR_NOT_FOUND;
	sink(arg, &e);
	e.type = ADMIN_EVENT_BALLOT;
	e.choice = CHOICE_FOR;
	e.position = 1;
	sink(arg, &e);
	return ERR_OK;
}

const struct admin_backend BACKEND = {
	.status = fake_status,
	.submit = fake_submit,
	.stop = fake_stop,
	.audit = fake_audit,
	.peer_add = fake_peer,
	.events_at = fake_events_at,
};

/* --- Fixture --- */

struct fake *open_fake(struct admin_config config)
{
	struct fake *f = mem_alloc(sizeof(*f));
	struct err_text text = {""};

	f->loop = ev_loop_new(0);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-admin.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/a.sock", f->dir);
	snprintf(f->path_ro, sizeof(f->path_ro), "%s/ro.sock", f->dir);
	config.socket = f->path;
	config.socket_ro = f->path_ro;
	assert_int_equal(admin_server_new(&f->server, f->loop, &config,
					  &BACKEND, f, &text),
			 ERR_OK);
	return f;
}

int set_up(void **state)
{
	*state = open_fake((struct admin_config){.height = 10});
	return 0;
}

int tear_down(void **state)
{
	struct fake *f = *state;

	admin_server_free(&f->server);
	ev_loop_destroy(f->loop);
	rmdir(f->dir);
	free(f);
	return 0;
}

void turn(struct fake *f, int times)
{
	for (int i = 0; i < times; i++)
		ev_run(f->loop, EVRUN_NOWAIT);
}

struct admin_client *connect_to(struct fake *f, const char *path)
{
	struct admin_client *c;
	struct err_text text = {""};

	assert_int_equal(admin_client_open(&c, path, &text), ERR_OK);
	turn(f, 2);
	return c;
}

void say(struct admin_client *c, const char *line)
{
	admin_client_queue(c, line, strlen(line));
	assert_int_equal(admin_client_pump(c), ERR_OK);
}

/* The next line, letting the server run; NULL when it closed first. */
json_t *hear(struct fake *f, struct admin_client *c)
{
	struct bytes line;
	enum err e = ERR_OK;

	for (int i = 0; i < 2000; i++) {
		if (admin_client_line(c, &line))
			return json_loadb((const char *)line.data, line.size, 0,
					  NULL);
		if (e)
			return NULL;
		turn(f, 2);
		e = admin_client_pump(c);
	}
	fail_msg("no answer");
	return NULL;
}

int code_of(const json_t *line)
{
	return (int)json_integer_value(
		json_object_get(json_object_get(line, "error"), "code"));
}

void expect_error(struct fake *f, struct admin_client *c, int code)
{
	json_t *line = hear(f, c);

	assert_non_null(line);
	assert_int_equal(code_of(line), code);
	json_decref(line);
}

void expect_closed(struct fake *f, struct admin_client *c)
{
	assert_null(hear(f, c));
	admin_client_close(&c);
}
