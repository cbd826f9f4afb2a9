#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 200u /* the most rows a node gives at once */

enum err cli_ask(struct cli *cli, const char *method, json_t *params,
		 json_t **result, struct admin_error *error)
{
	struct err_text text = {""};
	enum err e;

	*result = NULL;
	if (!cli->client) {
		e = admin_client_open(&cli->client, cli->socket, &text);
		if (e) {
			json_decref(params);
			return admin_error_set(error, e, text.text);
		}
	}
	return admin_client_call(cli->client, method, params,
				 cli->timeout_ms + 1000, result, error);
}

int cli_call(struct cli *cli, const char *method, json_t *params,
	     json_t **result)
{
	struct admin_error error;

	if (cli_ask(cli, method, params, result, &error))
		return cli_fail(cli, &error);
	return CLI_EXIT_OK;
}

int cli_call_pages(struct cli *cli, const char *method, json_t *params,
		   const char *member, uint64_t limit, json_t **list)
{
	json_t *all = json_array(), *result = NULL;
	int failed = 0;

	if (!params)
		params = json_object();
	for (;;) {
		uint64_t left = limit ? limit - json_array_size(all) : PAGE;
		json_t *cursor;

		json_put(params, "limit",
			 json_count(left < PAGE ? left : PAGE));
		failed = cli_call(cli, method, json_copy(params), &result);
		if (failed)
			break;
		json_array_extend(all, json_object_get(result, member));
		cursor = json_object_get(result, "cursor");
		if (!json_is_string(cursor) ||
		    (limit && json_array_size(all) >= limit))
			break;
		json_object_set(params, "cursor", cursor);
		json_decref(result);
		result = NULL;
	}
	json_decref(result);
	json_decref(params);
	if (failed) {
		json_decref(all);
		all = NULL;
	}
	*list = all;
	return failed;
}

int cli_list(struct cli *cli, const char *method, json_t *params,
	     const char *member,
	     void (*table)(struct cli *cli, const json_t *value))
{
	struct err_text text = {""};
	uint64_t limit = 0;
	json_t *rows;
	int failed;

	if (cli_number(cli, "limit", UINT32_MAX, &limit, &text)) {
		json_decref(params);
		return cli_fail_code(cli, ERR_USAGE, text.text);
	}
	failed = cli_call_pages(cli, method, params, member, limit, &rows);
	return failed ? failed : cli_emit(cli, rows, table);
}

static void show_request(struct cli *cli, const json_t *o)
{
	char *text = json_dumps(json_object_get(o, "params"), JSON_COMPACT);

	(void)cli;
	printf("would ask for %s %s\n", json_get_text(o, "method"),
	       text ? text : "");
	free(text);
}

static bool changes_something(const char *method)
{
	enum rpc_method_id id = rpc_method_find(method, strlen(method));

	return id != RPC_METHOD_COUNT && rpc_method(id)->audited;
}

int cli_show(struct cli *cli, const char *method, json_t *params,
	     void (*table)(struct cli *cli, const json_t *value))
{
	json_t *result;
	int failed;

	if (cli->dry_run && changes_something(method)) {
		result = json_object();
		json_put(result, "method", json_string(method));
		json_put(result, "params", params ? params : json_object());
		return cli_emit(cli, result, show_request);
	}
	failed = cli_call(cli, method, params, &result);

	return failed ? failed : cli_emit(cli, result, table);
}

enum err cli_word_number(const struct cli *cli, int index, uint64_t *out,
			 struct err_text *text)
{
	if (!parse_u64(cli->words[index], out))
		return err_set(text, ERR_USAGE, "\"%.64s\" is not a number",
			       cli->words[index]);
	return ERR_OK;
}

json_t *cli_params_number(const char *name, uint64_t value)
{
	json_t *o = json_object();

	json_put(o, name, json_u64(value));
	return o;
}

json_t *cli_params_text(const char *name, const char *value)
{
	json_t *o = json_object();

	json_put(o, name, json_text(value, strlen(value)));
	return o;
}
