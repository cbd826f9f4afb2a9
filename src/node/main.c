/* bcai-govd: read the configuration, run the node, turn signals into calls. */
#include <config.h>

#include "base/files.h"
#include "base/log.h"
#include "crypto/sign.h"
#include "node/config.h"
#include "node/node.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *argp_program_version = "bcai-govd " PACKAGE_VERSION;

enum { OPTION_CHECK = 256, OPTION_PRINT, OPTION_SET };

static const struct argp_option OPTIONS[] = {
	{"config", 'c', "FILE", 0, "read this configuration file (YAML)", 0},
	{"data-dir", 'd', "DIR", 0, "keep the node's data here", 0},
	{"set", OPTION_SET, "KEY=VALUE", 0,
	 "set any key of the configuration; may be repeated", 0},
	{"check-config", OPTION_CHECK, NULL, 0,
	 "check the configuration and exit", 0},
	{"print-config", OPTION_PRINT, NULL, 0,
	 "print each value and where it comes from, and exit", 0},
	{0},
};

/* Flags are applied last, whatever their place. */
#define FLAGS_MAX 64

struct arguments {
	const char *file;
	const char *data_dir;
	char *flags[FLAGS_MAX];
	unsigned flag_count;
	bool check;
	bool print;
};

static error_t on_option(int key, char *value, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'c':
		a->file = value;
		return 0;
	case 'd':
		a->data_dir = value;
		return 0;
	case OPTION_SET:
		if (!strchr(value, '='))
			argp_error(state, "--set takes KEY=VALUE");
		if (a->flag_count == FLAGS_MAX)
			argp_error(state, "--set is given too often");
		a->flags[a->flag_count++] = value;
		return 0;
	case OPTION_CHECK:
		a->check = true;
		return 0;
	case OPTION_PRINT:
		a->print = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = on_option,
	.doc = "The BCAI governance node: a validator or observer in the "
	       "foreground.\v"
	       "Values come from defaults, then the file, then the "
	       "environment (BCAI_GOVD_KEY), then flags. Without --config, "
	       "DIR/config.yaml is read when it exists.\n"
	       "Exit status: 0 stopped in order, 20 this key signs elsewhere "
	       "too, 21 data damaged, 22 data from a newer version, 23 data "
	       "directory in use, 78 configuration.",
};

static enum err apply_flags(struct config_set *set, struct arguments *a,
			    struct err_text *text)
{
	enum err e = ERR_OK;

	if (a->data_dir)
		e = config_set_value(set, "data_dir", a->data_dir, CONFIG_FLAG,
				     text);
	for (unsigned i = 0; e == ERR_OK && i < a->flag_count; i++) {
		char *equals = strchr(a->flags[i], '=');

		*equals = '\0';
		e = config_set_value(set, a->flags[i], equals + 1, CONFIG_FLAG,
				     text);
		*equals = '='; /* They are read again when it is reloaded. */
	}
	return e;
}

static enum err load_file(struct config_set *set, const struct arguments *a,
			  struct err_text *text)
{
	const char *dir = a->data_dir;
	char path[FILE_PATH_BYTES];

	if (a->file)
		return config_load_file(set, a->file, text);
	if (!dir)
		dir = getenv("BCAI_GOVD_DATA_DIR");
	if (!dir || file_path(path, dir, "config.yaml") != ERR_OK ||
	    access(path, F_OK) != 0)
		return ERR_OK;
	return config_load_file(set, path, text);
}

/* Open the log's file, again too: whoever rotates it has moved the old one. The
 * descriptor stays the same, so a line is never written to a closed one. */
static enum err open_log(const char *path, struct err_text *text)
{
	static int log_fd = -1;
	int fd = STDERR_FILENO;

	if (path[0])
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			  0640);
	if (fd < 0)
		return err_set(text, ERR_CONFIG, "log_file: %s: %s", path,
			       strerror(errno));
	if (!path[0]) {
		log_set_fd(fd);
		return ERR_OK;
	}
	if (log_fd < 0) {
		log_fd = fd;
	} else {
		dup3(fd, log_fd, O_CLOEXEC);
		close(fd);
	}
	log_set_fd(log_fd);
	return ERR_OK;
}

static enum err set_levels(const struct config *c, struct err_text *text)
{
	char *specs = strdup(c->log_level), *rest = specs, *spec;
	enum err e = ERR_OK;

	while (e == ERR_OK && (spec = strsep(&rest, ",")))
		e = log_set_level(spec);
	if (e != ERR_OK)
		err_set(text, e,
			"log_level: \"%s\" is not LEVEL or "
			"SUBSYSTEM=LEVEL, with error, warn, info or debug",
			c->log_level);
	free(specs);
	return e;
}

static enum err set_up_log(const struct config *c, struct err_text *text)
{
	enum err e = open_log(c->log_file, text);

	if (e != ERR_OK)
		return e;
	log_set_json(strcmp(c->log_format, "json") == 0);
	log_set_name(c->node_name);
	return ERR_OK;
}

static enum err load_config(struct config_set *set, struct arguments *a,
			    struct err_text *text)
{
	enum err e = load_file(set, a, text);

	if (e == ERR_OK)
		e = config_load_environment(set, text);
	if (e == ERR_OK)
		e = apply_flags(set, a, text);
	if (e == ERR_OK)
		e = config_check(set, text);
	if (e == ERR_OK)
		e = set_levels(config_get(set), text);
	return e;
}

/* Each is a distinct thing for a supervisor to do. */
static int exit_code(enum err e)
{
	if (e == ERR_OK)
		return EXIT_SUCCESS;
	if (e == ERR_SIGN_REFUSED || e == ERR_EQUIVOCATION)
		return EXIT_DOUBLE_SIGN;
	if (e == ERR_DATA_DAMAGED || e == ERR_ROOT_DIVERGED ||
	    e == ERR_AUDIT_DAMAGED)
		return EXIT_DATA_DAMAGED;
	if (e == ERR_DATA_NEWER)
		return EXIT_DATA_NEWER;
	if (e == ERR_DATA_LOCKED)
		return EXIT_DATA_LOCKED;
	if (e == ERR_CONFIG || e == ERR_GENESIS || e == ERR_PEER_ADDRESS ||
	    e == ERR_DATA_OTHER_NETWORK || e == ERR_DATA_OTHER_KEY)
		return EXIT_CONFIG;
	/* A key that cannot be opened is not opened by starting again. */
	if (e >= ERR_KEY_UNKNOWN && e <= ERR_KEY_NAME)
		return EXIT_CONFIG;
	return EXIT_FAILURE;
}

static void on_stop(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	log_info(NODE, "stopping on signal %d", w->signum);
	node_stop(w->data);
}

struct daemon {
	struct arguments *arguments;
	struct config_set *started; /* what the node runs with */
	struct config_set *latest;  /* what the log follows; may be `started` */
};

static void take_over(struct daemon *d, struct config_set *set)
{
	if (d->latest != d->started)
		config_free(&d->latest);
	d->latest = set;
}

/* Read everything again. What concerns the log is taken over and its file
 * opened anew; for the rest the node must start again. */
static void on_hup(struct ev_loop *loop, ev_signal *w, int events)
{
	struct daemon *d = w->data;
	struct config_set *set = config_new();
	struct err_text text = {""}, unused;
	enum err e = load_config(set, d->arguments, &text);

	(void)loop;
	(void)events;
	if (e == ERR_OK)
		e = set_up_log(config_get(set), &text);
	if (e != ERR_OK) {
		config_free(&set);
		if (set_up_log(config_get(d->latest), &unused) == ERR_OK)
			log_error(NODE, "not reloaded: %s", text.text);
		return;
	}
	take_over(d, set);
	if (config_needs_restart(d->started, set, &text))
		log_warn(NODE,
			 "reloaded; what changed in %s counts from the next "
			 "start",
			 text.text);
	else
		log_info(NODE, "reloaded");
}

static int run(struct daemon *daemon)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	const struct config *config = config_get(daemon->started);
	ev_signal term, interrupt, hup;
	struct err_text text = {""};
	struct node *node = NULL;
	enum err e = node_new(&node, loop, config, &text);

	if (e != ERR_OK) {
		log_error(NODE, "cannot start: %s (%d): %s",
			  error_info(e)->sentence, (int)e, text.text);
		if (config->log_file[0])
			fprintf(stderr, "bcai-govd: cannot start: %s: %s\n",
				error_info(e)->sentence, text.text);
		return exit_code(e);
	}
	ev_signal_init(&term, on_stop, SIGTERM);
	ev_signal_init(&interrupt, on_stop, SIGINT);
	ev_signal_init(&hup, on_hup, SIGHUP);
	term.data = interrupt.data = node;
	hup.data = daemon;
	ev_signal_start(loop, &term);
	ev_signal_start(loop, &interrupt);
	ev_signal_start(loop, &hup);
	/* It may have found at once why it must not run. */
	if (node_stopped_by(node) == ERR_OK)
		ev_run(loop, 0);
	e = node_stopped_by(node);
	node_free(&node);
	ev_loop_destroy(loop);
	take_over(daemon, daemon->started);
	return exit_code(e);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct config_set *set = config_new();
	struct err_text text = {""};
	int code = EXIT_SUCCESS;

	argp_err_exit_status = EXIT_CONFIG;
	argp_parse(&ARGP, argc, argv, 0, NULL, &arguments);
	signal(SIGPIPE, SIG_IGN);
	if (load_config(set, &arguments, &text) != ERR_OK) {
		fprintf(stderr, "bcai-govd: %s\n", text.text);
		code = EXIT_CONFIG;
	} else if (arguments.print) {
		config_print(set, stdout);
	} else if (config_check_places(set, &text) != ERR_OK ||
		   (!arguments.check &&
		    set_up_log(config_get(set), &text) != ERR_OK)) {
		fprintf(stderr, "bcai-govd: %s\n", text.text);
		code = EXIT_CONFIG;
	} else if (arguments.check) {
		puts("the configuration is good");
	} else if (crypto_init() != ERR_OK) {
		fputs("bcai-govd: libsodium cannot start\n", stderr);
		code = EXIT_FAILURE;
	} else {
		code = run(&(struct daemon){&arguments, set, set});
	}
	config_free(&set);
	return code;
}
