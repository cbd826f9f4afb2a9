/* Lists whose rows are read from a slow disk. */
#include "tests/unit/admin_fixture.h"
#include "tests/unit/ledger_fixture.h"

#define PROPOSALS 30u

static struct world *the_world;
static uint64_t delay_us;

static const struct ledger *get_ledger(void *ctx)
{
	(void)ctx;
	return the_world->l;
}

static enum err slow_record(void *ctx, struct bytes key,
			    struct admin_bytes *out)
{
	(void)ctx;
	(void)key;
	(void)out;
	usleep((useconds_t)delay_us);
	return ERR_NOT_FOUND;
}

static const struct admin_backend SLOW = {
	.ledger = get_ledger,
	.state_record = slow_record,
};

/* The numbers of all pages, in order; returns how many pages there were. */
static uint32_t read_pages(struct fake *f, struct admin_client *c,
			   uint32_t numbers[PROPOSALS])
{
	char cursor[64] = "", line[256];
	uint32_t pages = 0, count = 0;

	do {
		const json_t *result, *rows, *row;
		json_t *answer;
		size_t i;

		snprintf(line, sizeof(line),
			 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
			 "\"proposal.list\",\"params\":{%s%s%s}}\n",
			 cursor[0] ? "\"cursor\":\"" : "", cursor,
			 cursor[0] ? "\"" : "");
		say(c, line);
		answer = hear(f, c);
		result = json_object_get(answer, "result");
		rows = json_object_get(result, "proposals");
		assert_true(json_array_size(rows) > 0);
		json_array_foreach (rows, i, row) {
			assert_true(count < PROPOSALS);
			numbers[count++] =
				(uint32_t)json_get_number(row, "proposal");
		}
		snprintf(cursor, sizeof(cursor), "%s",
			 json_get_text(result, "cursor"));
		json_decref(answer);
		pages++;
	} while (cursor[0]);
	assert_int_equal(count, PROPOSALS);
	return pages;
}

static void a_page_from_a_slow_disk_is_short_and_none_is_lost(void **state)
{
	struct admin_config config = {.height = 1};
	struct fake *f = mem_alloc(sizeof(*f));
	uint32_t numbers[PROPOSALS];
	struct admin_client *c;
	struct err_text text = {""};

	(void)state;
	the_world = world_new();
	for (uint32_t i = 0; i < PROPOSALS; i++) {
		struct payload p = submit();
		struct tx tx;

		p.submit.draft = true;
		tx = tx_of(i % 15, i / 15, p);
		assert_int_equal(block_of(the_world, &tx), ERR_OK);
	}
	f->loop = ev_loop_new(0);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-admin.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/a.sock", f->dir);
	config.socket = f->path;
	assert_int_equal(
		admin_server_new(&f->server, f->loop, &config, &SLOW, f, &text),
		ERR_OK);
	c = connect_to(f, f->path);
	delay_us = 4000; /* one row is late already */
	assert_int_equal(read_pages(f, c, numbers), PROPOSALS);
	for (uint32_t i = 0; i < PROPOSALS; i++)
		assert_int_equal(numbers[i], PROPOSALS - i);
	delay_us = 1000; /* a few rows a page */
	assert_in_range(read_pages(f, c, numbers), PROPOSALS / 4, PROPOSALS);
	admin_client_close(&c);
	admin_server_free(&f->server);
	ev_loop_destroy(f->loop);
	rmdir(f->dir);
	free(f);
	world_free(the_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_page_from_a_slow_disk_is_short_and_none_is_lost),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
