/* The stream of events, a line each. A reader that was too slow, or a node
 * that restarted, is no reason to end: the stream goes on behind the last
 * event shown, which its height and its position in the block name. */
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

struct stream {
	struct cli *cli;
	uint64_t from; /* 0: with the next block */
	uint64_t from_position;
	uint64_t seq;  /* of what was shown, however often it broke */
	uint64_t left; /* events to show */
	bool counted;
	uint64_t until_ms; /* by the monotonic clock; with --timeout */
};

static void emit_event(struct stream *s, json_t *event)
{
	s->seq++;
	if (s->cli->format == FORMAT_TABLE) {
		show_event(s->cli, event);
	} else {
		json_put(event, "seq", json_count(s->seq));
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	}
	fflush(stdout);
}

/* Events of no block stand nowhere. */
static void remember(struct stream *s, const json_t *event)
{
	if (!json_object_get(event, "position"))
		return;
	s->from = json_get_number(event, "height");
	s->from_position = json_get_number(event, "position") + 1;
}

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
	if (s->from_position)
		json_put(params, "from_position", json_u64(s->from_position));
	e = cli_ask(s->cli, "events.subscribe", params, &result, error);
	/* Should it break before anything comes, this is where to go on. */
	if (!e && !s->from)
		s->from = json_get_number(result, "from_height");
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
		emit_event(s, json_object_get(params, "event"));
		remember(s, json_object_get(params, "event"));
		if (s->counted)
			s->left--;
		json_decref(params);
	}
	return e;
}

/* "HEIGHT" or "HEIGHT.POSITION". */
static enum err take_from(struct stream *s, struct err_text *text)
{
	const char *given = cli_option(s->cli, "from");
	char height[24] = "";
	const char *dot = given ? strchr(given, '.') : NULL;
	size_t size = !given ? 0 : dot ? (size_t)(dot - given) : strlen(given);

	if (!given)
		return ERR_OK;
	if (size < sizeof(height))
		memcpy(height, given, size);
	if (!parse_u64(height, &s->from) ||
	    (dot && !parse_u64(dot + 1, &s->from_position)))
		return err_set(text, ERR_USAGE,
			       "--from takes HEIGHT or HEIGHT.POSITION");
	if (s->from == 0)
		s->from = 1;
	return ERR_OK;
}

/* With nothing shown yet, where the subscription began, or where the node says
 * that it broke. */
static void note_break(struct stream *s, uint64_t height)
{
	if (height > s->from) {
		s->from = height;
		s->from_position = 0;
	}
}

int cmd_WATCH(struct cli *cli)
{
	struct stream s = {.cli = cli};
	struct err_text text = {""};
	struct timespec again = {0, AGAIN_MS * 1000000l};
	struct admin_error error;
	bool begun = false;
	enum err e = take_from(&s, &text);

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
		note_break(&s, error.from_height);
		cli_note(cli, "%s; going on at height %llu", error.message,
			 (unsigned long long)s.from);
		admin_client_close(&cli->client);
		nanosleep(&again, NULL);
	}
}
