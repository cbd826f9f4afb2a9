/* Whatever comes in on the admin socket: the real server, its own socket, and
 * a backend that knows one small ledger and nothing else.
 *
 * The bytes are written as one connection's input and the answers are read
 * until the server has let go of it. Every line answered must be a JSON
 * object. */
#include "admin/admin.h"
#include "base/arena.h"
#include "base/assert.h"
#include "ledger/genesis.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_LATE 64

struct fuzz_world {
	struct ev_loop *loop;
	struct ledger *ledger;
	struct admin_server *server;
	uint64_t late[FUZZ_LATE]; /* submissions answered at the end */
	unsigned late_count;
	char folder[64];
	struct sockaddr_un address;
};

static struct fuzz_world world;

static void back_status(void *ctx, struct admin_status *out)
{
	(void)ctx;
	memset(out, 0, sizeof(*out));
	out->version = "fuzz";
	out->chain_id = "fuzz-1";
	out->role = "observer";
}

static const struct ledger *back_ledger(void *ctx)
{
	(void)ctx;
	return world.ledger;
}

static size_t back_peers(void *ctx, struct admin_peer *out, size_t max)
{
	(void)ctx;
	(void)out;
	(void)max;
	return 0;
}

static enum err back_peer_add(void *ctx, const char *address,
			      struct err_text *text)
{
	(void)ctx;
	return err_set(text, ERR_PEER_ADDRESS, "%s", address);
}

static enum err back_peer(void *ctx, const struct public_key *id,
			  struct err_text *text)
{
	(void)ctx;
	(void)id;
	(void)text;
	return ERR_PEER_UNKNOWN;
}

static enum err back_peer_ban(void *ctx, const struct public_key *id,
			      uint64_t ban_ms, struct err_text *text)
{
	(void)ban_ms;
	return back_peer(ctx, id, text);
}

static size_t back_validators(void *ctx, struct admin_validator *out,
			      size_t max)
{
	(void)ctx;
	assert(max > 0);
	memset(out, 0, sizeof(*out));
	return 1;
}

static size_t back_evidence(void *ctx, struct admin_evidence *out, size_t max)
{
	(void)ctx;
	(void)out;
	(void)max;
	return 0;
}

static void back_submit(void *ctx, struct bytes raw, enum admin_wait wait,
			uint64_t ticket, struct bucket *source)
{
	struct admin_submit_result result = {.refused = ERR_MALFORMED};

	(void)ctx;
	(void)wait;
	(void)source;
	if (raw.size % 2 == 0 || world.late_count == FUZZ_LATE)
		admin_submit_done(world.server, ticket, &result);
	else
		world.late[world.late_count++] = ticket;
}

static enum err back_record(void *ctx, struct bytes key,
			    struct admin_bytes *out)
{
	(void)ctx;
	(void)key;
	(void)out;
	return ERR_NOT_FOUND;
}

static enum err back_block(void *ctx, uint64_t height, struct admin_block *out)
{
	(void)ctx;
	(void)height;
	(void)out;
	return ERR_NOT_FOUND;
}

static enum err back_location(void *ctx, const struct hash *id,
			      struct admin_location *out)
{
	(void)ctx;
	(void)id;
	(void)out;
	return ERR_NOT_FOUND;
}

static enum err back_bytes(void *ctx, const struct hash *id,
			   struct admin_bytes *out)
{
	(void)ctx;
	(void)id;
	(void)out;
	return ERR_NOT_FOUND;
}

static enum err back_checkpoint(void *ctx, uint64_t height,
				struct admin_checkpoint *out)
{
	(void)ctx;
	(void)height;
	(void)out;
	return ERR_NOT_FOUND;
}

static size_t back_health(void *ctx, struct admin_check *out, size_t max)
{
	(void)ctx;
	assert(max > 0);
	*out = (struct admin_check){.name = "fuzz", .ok = true};
	return 1;
}

static enum err back_ready(void *ctx, struct err_text *text)
{
	(void)ctx;
	return err_set(text, ERR_NOT_READY, "a fuzzer is never ready");
}

static size_t back_stats(void *ctx, struct admin_figure *out, size_t max)
{
	(void)ctx;
	assert(max > 0);
	*out = (struct admin_figure){.name = "one", .value = 1};
	return 1;
}

static enum err back_log_level(void *ctx, const char *spec,
			       struct err_text *text)
{
	(void)ctx;
	return err_set(text, ERR_CONFIG, "%s", spec);
}

static void back_stop(void *ctx)
{
	(void)ctx;
}

static void back_audit(void *ctx, const struct admin_audit *entry)
{
	(void)ctx;
	assert(entry->method && entry->params);
}

static enum err back_audit_tail(void *ctx, uint32_t count,
				struct admin_bytes *out)
{
	(void)ctx;
	(void)count;
	*out = (struct admin_bytes){NULL, 0};
	return ERR_OK;
}

static enum err back_events_at(void *ctx, uint64_t height,
			       admin_event_sink *sink, void *arg)
{
	(void)ctx;
	(void)height;
	(void)sink;
	(void)arg;
	return ERR_NOT_FOUND;
}

static const struct admin_backend BACKEND = {
	.status = back_status,
	.ledger = back_ledger,
	.peers = back_peers,
	.peer_add = back_peer_add,
	.peer_remove = back_peer,
	.peer_ban = back_peer_ban,
	.peer_unban = back_peer,
	.validators = back_validators,
	.evidence = back_evidence,
	.submit = back_submit,
	.state_record = back_record,
	.block = back_block,
	.tx_location = back_location,
	.tx_raw = back_bytes,
	.receipt = back_bytes,
	.checkpoint = back_checkpoint,
	.health = back_health,
	.ready = back_ready,
	.db_stats = back_stats,
	.log_level = back_log_level,
	.stop = back_stop,
	.audit = back_audit,
	.audit_tail = back_audit_tail,
	.events_at = back_events_at,
};

static void forget_record(void *context, struct bytes key, struct bytes value)
{
	(void)context;
	(void)key;
	(void)value;
}

static struct ledger *make_ledger(void)
{
	static struct genesis genesis;
	const struct ledger_sink sink = {.put = forget_record};
	struct ledger *ledger = NULL;
	enum err e = crypto_init();

	assert(e == ERR_OK);
	genesis_init(&genesis);
	strcpy(genesis.chain_id, "fuzz-1");
	for (uint8_t i = 1; e == ERR_OK && i <= 3; i++) {
		uint8_t seed[SEED_BYTES] = {i};
		struct secret_key *key = secret_key_from_seed(seed);

		if (i == 1)
			e = genesis_add_validator(
				&genesis, secret_key_public(key), 1, "", NULL);
		else
			e = genesis_add_account(&genesis,
						secret_key_public(key),
						100 * TOKEN, POINT, "", NULL);
		secret_key_free(&key);
	}
	assert(e == ERR_OK);
	e = ledger_new(&ledger, &genesis, &sink, NULL);
	assert(e == ERR_OK);
	genesis_fini(&genesis);
	return ledger;
}

static void end_world(void)
{
	admin_server_free(&world.server);
	ledger_free(&world.ledger);
	rmdir(world.folder);
}

static void make_world(void)
{
	struct admin_config config = {.socket = world.address.sun_path};
	enum err e;

	world.loop = ev_default_loop(EVFLAG_AUTO);
	world.ledger = make_ledger();
	strcpy(world.folder, "/tmp/bcai-fuzz.XXXXXX");
	if (!mkdtemp(world.folder)) {
		perror(world.folder);
		exit(2);
	}
	world.address.sun_family = AF_UNIX;
	snprintf(world.address.sun_path, sizeof(world.address.sun_path), "%s/s",
		 world.folder);
	e = admin_server_new(&world.server, world.loop, &config, &BACKEND, NULL,
			     NULL);
	assert(e == ERR_OK);
	atexit(end_world);
}

/* The answers so far; each whole line is looked at and dropped. */
struct answers {
	char *text;
	size_t size, capacity;
};

static void look_at_lines(struct answers *a)
{
	char *end;

	while ((end = memchr(a->text, '\n', a->size))) {
		size_t line = (size_t)(end - a->text);
		json_t *value = json_loadb(a->text, line, 0, NULL);

		assert(json_is_object(value));
		json_decref(value);
		a->size -= line + 1;
		memmove(a->text, end + 1, a->size);
	}
}

/* False when nothing more can come. */
static bool read_answers(struct answers *a, int fd)
{
	ssize_t n;

	do {
		if (a->capacity - a->size < 65536) {
			a->capacity = a->size + (1u << 17);
			a->text = mem_resize(a->text, a->capacity);
		}
		n = read(fd, a->text + a->size, a->capacity - a->size);
		if (n > 0) {
			a->size += (size_t)n;
			look_at_lines(a);
		}
	} while (n > 0);
	return n < 0 && errno == EAGAIN;
}

/* Nobody reads any more: late answers and an event of each type make the
 * server see it. */
static void turn_until_gone(void)
{
	struct admin_submit_result result = {.code = ERR_OK, .height = 1};
	struct admin_counters counters;

	while (world.late_count > 0)
		admin_submit_done(world.server, world.late[--world.late_count],
				  &result);
	for (int i = 0; i < ADMIN_EVENT_TYPES; i++) {
		struct admin_event event = {.type = (enum admin_event_type)i};

		admin_publish(world.server, &event);
	}
	do {
		ev_run(world.loop, EVRUN_NOWAIT);
		admin_server_counters(world.server, &counters);
	} while (counters.connections > 0);
	assert(counters.pending == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answers answers = {NULL, 0, 0};
	size_t sent = 0;
	int fd;

	if (!world.server)
		make_world();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&world.address,
			      sizeof(world.address)) != 0) {
		perror("fuzz_jsonrpc: connect");
		exit(2);
	}
	while (sent < size) {
		ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN)
			break;
		ev_run(world.loop, EVRUN_NOWAIT);
		read_answers(&answers, fd);
	}
	shutdown(fd, SHUT_WR);
	/* What waits for an answer or for events keeps its connection open. */
	for (int i = 0; i < 20 && read_answers(&answers, fd); i++)
		ev_run(world.loop, EVRUN_NOWAIT);
	close(fd);
	turn_until_gone();
	free(answers.text);
	return 0;
}
