/* What may be wrong with this node, and what to do; and its configuration. */
#include "cli/cli.h"

#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cli/process.h"
#include "cli/render.h"
#include "crypto/keystore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK_LEAST_MB 1024u
#define CLOCK_MOST_MS 500u
#define BLOCK_OLD_MS  60000u
#define OUTPUT_MAX    65536u

/* --- The daemon's own word on its configuration --- */

/* Run `bcai-govd WHAT` and take what it prints. */
static enum err ask_daemon(struct cli *cli, const char *what, char *out,
			   size_t size, struct err_text *text)
{
	char program[FILE_PATH_BYTES];
	const char *file = cli->command != CLI_DOCTOR && cli->word_count > 0
				   ? cli->words[0]
				   : NULL;
	int pipes[2], status = 0;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	process_find(program, sizeof(program), "bcai-govd");
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(text, ERR_IO, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		if (dup2(pipes[1], 1) >= 0 && dup2(pipes[1], 2) >= 0)
			execlp(program, program, what, "--data-dir",
			       cli->data_dir, file ? "--config" : NULL, file,
			       NULL);
		_exit(127);
	}
	close(pipes[1]);
	while (pid > 0 && used + 1 < size &&
	       (n = read(pipes[0], out + used, size - used - 1)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return err_set(text, ERR_IO, "fork: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && !used)
		return err_set(text, ERR_NOT_FOUND, "%s cannot be run",
			       program);
	out[strcspn(out, "\n")] = '\0';
	return err_set(text, ERR_CONFIG, "%s", out);
}

static void show_good(struct cli *cli, const json_t *o)
{
	(void)cli;
	(void)o;
	printf("the configuration is good %s\n", show_mark(true));
}

int cmd_CONFIG_CHECK(struct cli *cli)
{
	struct err_text text = {""};
	char out[4096];
	json_t *o;
	enum err e = ask_daemon(cli, "--check-config", out, sizeof(out), &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	o = json_object();
	json_put(o, "ok", json_true());
	return cli_emit(cli, o, show_good);
}

static void show_settings(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(3);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, (const char *const[]){"KEY", "FROM", "VALUE"});
	json_array_foreach (list, i, row) {
		table_cell(t, json_get_text(row, "key"));
		table_cell(t, json_get_text(row, "source"));
		table_cell(t, json_get_text(row, "value"));
	}
	table_print(&t, stdout);
}

/* The text of "text", or of text, or nothing of an empty list. */
static char *unquote(char *value)
{
	char *to = value, *from = value;

	if (strcmp(value, "[]") == 0)
		return value + 2;
	if (*from != '"')
		return value;
	for (from++; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return value;
}

static char *last_of(char *line, const char *mark)
{
	char *found = NULL;

	for (char *at = line; (at = strstr(at, mark)); at++)
		found = at;
	return found;
}

/* "key: "value"  # source" and, below a list's key, "  - "value"". */
static void take_setting(json_t *list, char *line)
{
	json_t *last = json_array_get(list, json_array_size(list) - 1), *o;
	char *source = last_of(line, "  # "), *value;

	if (strncmp(line, "  - ", 4) == 0 && last) {
		char *old = strdup(json_get_text(last, "value"));
		char all[2048];

		snprintf(all, sizeof(all), "%s%s%s", old ? old : "",
			 old && *old ? " " : "", unquote(line + 4));
		free(old);
		json_put(last, "value", json_text(all, strlen(all)));
		return;
	}
	if (source)
		*source = '\0';
	value = strchr(line, ':');
	if (!value)
		return;
	*value++ = '\0';
	value = unquote(value + strspn(value, " "));
	o = json_object();
	json_put(o, "key", json_string(line));
	json_put(o, "value", json_text(value, strlen(value)));
	json_put(o, "source", json_string(source ? source + 4 : ""));
	json_push(list, o);
}

int cmd_CONFIG_SHOW(struct cli *cli)
{
	struct err_text text = {""};
	char *out = mem_alloc(OUTPUT_MAX), *at = out, *line;
	json_t *list = json_array();
	enum err e = ask_daemon(cli, "--print-config", out, OUTPUT_MAX, &text);

	while (!e && (line = strsep(&at, "\n")))
		take_setting(list, line);
	free(out);
	if (!e)
		return cli_emit(cli, list, show_settings);
	json_decref(list);
	return cli_fail_code(cli, e, text.text);
}

/* --- Doctor --- */

static void say(json_t *list, const char *name, bool ok, const char *format,
		...) __attribute__((format(printf, 4, 5)));

static void say(json_t *list, const char *name, bool ok, const char *format,
		...)
{
	char text[512];
	json_t *o = json_object();
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_put(o, "name", json_string(name));
	json_put(o, "ok", json_boolean(ok));
	json_put(o, "text", json_text(text, strlen(text)));
	json_push(list, o);
}

static void check_folder(struct cli *cli, json_t *list)
{
	struct stat st;

	if (stat(cli->data_dir, &st) != 0) {
		say(list, "folder", false,
		    "%s: %s; make it with init or join, or name another with "
		    "--data-dir",
		    cli->data_dir, strerror(errno));
		return;
	}
	say(list, "folder", (st.st_mode & 022) == 0, "%s%s", cli->data_dir,
	    st.st_mode & 022 ? ": others may write to it; chmod 700 it" : "");
}

/* A node that runs looks at its disk itself. */
static void check_disk(struct cli *cli, json_t *list)
{
	struct statvfs fs;
	uint64_t free_mb;

	if (statvfs(cli->data_dir, &fs) != 0)
		return;
	free_mb = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	say(list, "disk", free_mb >= DISK_LEAST_MB, "%" PRIu64 " MiB free%s",
	    free_mb, free_mb >= DISK_LEAST_MB ? "" : "; make some room");
}

static void check_key(struct cli *cli, json_t *list)
{
	struct err_text text = {""};
	char dir[FILE_PATH_BYTES];
	struct key_info info;
	enum err e = file_path(dir, cli->data_dir, "keys");

	if (!e)
		e = keystore_info(&info, dir, "node", &text);
	if (e)
		say(list, "key", false, "%s %s; %s", error_info(e)->sentence,
		    text.text, error_info(e)->hint);
	else
		say(list, "key", true, "%s",
		    info.encrypted ? "encrypted"
				   : "good, but without a passphrase");
}

static void check_sign_log(struct cli *cli, json_t *list)
{
	char path[FILE_PATH_BYTES];

	if (file_path(path, cli->data_dir, "keys/sign.log"))
		return;
	if (access(path, R_OK | W_OK) == 0)
		say(list, "sign log", true, "beside the key");
	else
		say(list, "sign log", false,
		    "%s: %s; without it a validator does not sign: put it back",
		    path, strerror(errno));
}

static void check_genesis(struct cli *cli, json_t *list)
{
	struct genesis *g = mem_alloc(sizeof(*g));
	char path[FILE_PATH_BYTES], hex[HASH_HEX_BYTES];
	struct err_text text = {""};
	struct hash hash;
	enum err e = file_path(path, cli->data_dir, "genesis.json");

	genesis_init(g);
	if (!e)
		e = genesis_json_read(g, path, &text);
	if (e) {
		say(list, "genesis", false, "%s: %s; get it with join",
		    error_info(e)->sentence, text.text);
	} else {
		genesis_hash(&hash, g);
		hash_hex(hex, &hash);
		say(list, "genesis", true, "%s, hash %s", g->chain_id, hex);
	}
	genesis_fini(g);
	free(g);
}

static void check_config(struct cli *cli, json_t *list)
{
	struct err_text text = {""};
	char out[4096];
	enum err e = ask_daemon(cli, "--check-config", out, sizeof(out), &text);

	say(list, "config", !e, "%s", e ? text.text : "good");
}

static void check_clock(json_t *list, const json_t *status)
{
	uint64_t here = clock_wall_ms();
	uint64_t block = json_get_number(status, "block_time_ms");

	if (block > here + CLOCK_MOST_MS)
		say(list, "clock", false,
		    "this clock is %s behind the network's; set up NTP",
		    show_duration(block - here));
	else if (json_get_number(status, "height") > 0 &&
		 here - block > BLOCK_OLD_MS)
		say(list, "clock", false,
		    "the last block is %s old: this clock is ahead, or the "
		    "network stands still",
		    show_duration(here - block));
	else
		say(list, "clock", true, "agrees with the network's");
}

static void check_peers(json_t *list, const json_t *status)
{
	uint64_t peers = json_get_number(status, "peers");
	bool alone = json_get_number(status, "validators") <= 1;

	say(list, "peers", peers > 0 || alone, "%" PRIu64 " connected%s", peers,
	    peers > 0 || alone ? ""
			       : "; check bootstrap, listen and the firewall");
}

static void check_running(struct cli *cli, json_t *list)
{
	struct admin_error error;
	json_t *status, *health;

	if (cli_ask(cli, "node.status", NULL, &status, &error)) {
		say(list, "socket", false, "%s; %s", error.message, error.hint);
		check_disk(cli, list);
		return;
	}
	say(list, "socket", true, "%s answers", cli->socket);
	check_clock(list, status);
	check_peers(list, status);
	json_decref(status);
	if (cli_ask(cli, "node.health", NULL, &health, &error))
		return;
	json_array_extend(list, json_object_get(health, "checks"));
	json_decref(health);
}

static void show_list(struct cli *cli, const json_t *list)
{
	show_findings(cli, list, 10);
}

int cmd_DOCTOR(struct cli *cli)
{
	json_t *list = json_array();
	const json_t *row;
	bool well = true;
	size_t i;
	int code;

	check_folder(cli, list);
	check_key(cli, list);
	check_sign_log(cli, list);
	check_genesis(cli, list);
	check_config(cli, list);
	check_running(cli, list);
	json_array_foreach (list, i, row) {
		well = well && json_is_true(json_object_get(row, "ok"));
	}
	code = cli_emit(cli, list, show_list);
	return well ? code : CLI_EXIT_CHECK_FAILED;
}
