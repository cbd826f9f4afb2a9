/* The stream of events, a line each. A reader that was too slow, or a node
 * that restarted, is no reason to end: the stream goes on at the height where
 * it broke. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/render.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_MS	 60000u
#define AGAIN_MS 500u

static void show_event(struct cli *cli, const json_t *e)
{
	const char *name, *type = json_get_text(e, "type");
	json_t *value;

	color_begin(cli, COLOR_DIM);
	printf("%s", show_time(json_get_number(e, "time_ms")));
	color_end(cli);
	printf("  %-10s height %s", type,
	       show_thousands(json_get_text(e, "height")));
	json_object_foreach ((json_t *)(uintptr_t)e, name, value) {
		if (strcmp(name, "type") == 0 || strcmp(name, "height") == 0 ||
		    strcmp(name, "time_ms") == 0)
			continue;
		if (strcmp(name, "account") == 0)
			printf("  %s",
			       show_account(cli, json_string_value(value)));
		else if (json_is_string(value) &&
			 json_string_length(value) == 64)
			printf("  %s %s", name,
			       show_short(json_string_value(value)));
		else if (json_is_string(value))
			printf("  %s %s", name, json_string_value(value));
		else if (json_is_integer(value))
			printf("  %s %lld", name,
			       (long long)json_integer_value(value));
		else if (json_is_object(value))
			printf("  %s", json_get_text(value, "name"));
	}
	putchar('\n');
}

static void emit_event(struct cli *cli, const json_t *params)
{
	json_t *event = json_object_get(params, "event");

	if (cli->format == FORMAT_TABLE) {
		show_event(cli, event);
	} else {
		json_object_set(event, "seq", json_object_get(params, "seq"));
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	}
	fflush(stdout);
}

struct stream {
	struct cli *cli;
	uint64_t from; /* 0: with the next block */
	uint64_t left; /* events to show */
	bool counted;
	uint64_t until_ms; /* by the monotonic clock; with --timeout */
};

static enum err subscribe(struct stream *s, struct admin_error *error)
{
	json_t *params = json_object(), *types, *result;
	enum err e;

	if (s->cli->word_count > 0) {
		types = json_array();
		for (int i = 0; i < s->cli->word_count; i++)
			json_push(types, json_string(s->cli->words[i]));
		json_put(params, "types", types);
	}
	if (s->from)
		json_put(params, "from_height", json_u64(s->from));
	e = cli_ask(s->cli, "events.subscribe", params, &result, error);
	json_decref(result);
	return e;
}

/* Until the stream breaks, enough was shown (ERR_OK), or time is up. */
static enum err follow(struct stream *s, struct admin_error *error)
{
	enum err e = ERR_OK;
	json_t *params;

	while (!s->counted || s->left > 0) {
		uint64_t wait = WAIT_MS, now = clock_mono_ms();

		if (s->until_ms && s->until_ms < now + wait)
			wait = s->until_ms > now ? s->until_ms - now : 0;
		e = admin_client_next(s->cli->client, wait, &params, error);
		if (e == ERR_TIMEOUT &&
		    (!s->until_ms || clock_mono_ms() < s->until_ms))
			continue;
		if (e)
			break;
		emit_event(s->cli, params);
		s->from = json_get_number(json_object_get(params, "event"),
					  "height");
		if (s->counted)
			s->left--;
		json_decref(params);
	}
	return e;
}

int cmd_WATCH(struct cli *cli)
{
	struct stream s = {.cli = cli};
	struct err_text text = {""};
	struct timespec again = {0, AGAIN_MS * 1000000l};
	struct admin_error error;
	bool begun = false;
	enum err e = cli_number(cli, "from", UINT64_MAX, &s.from, &text);

	if (!e)
		e = cli_number(cli, "count", UINT64_MAX, &s.left, &text);
	if (e)
		return cli_fail_code(cli, e, text.text);
	s.counted = cli_option(cli, "count") != NULL;
	if (cli->timeout_given)
		s.until_ms = clock_mono_ms() + cli->timeout_ms;
	for (;;) {
		e = subscribe(&s, &error);
		if (!e) {
			begun = true;
			e = follow(&s, &error);
		}
		if (!e)
			return CLI_EXIT_OK;
		if (!begun ||
		    (e != ERR_UNREACHABLE && e != ERR_RPC_SLOW_READER))
			return cli_fail(cli, &error);
		if (error.from_height)
			s.from = error.from_height;
		cli_note(cli, "%s; going on at height %llu", error.message,
			 (unsigned long long)s.from);
		admin_client_close(&cli->client);
		nanosleep(&again, NULL);
	}
}
