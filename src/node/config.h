/* The daemon's configuration: defaults < file < environment < flags.
 *
 * One table (config.c) names every key once; the file (YAML), the environment
 * (BCAI_GOVD_<KEY>) and --print-config are all driven by it. */
#ifndef BCAI_NODE_CONFIG_H
#define BCAI_NODE_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_BOOTSTRAP_MAX 64

struct config {
	char *data_dir;
	char *listen;	 /* host:port; port 0 = any free one */
	char *advertise; /* host:port told to peers; empty = listen */
	char *bootstrap[CONFIG_BOOTSTRAP_MAX]; /* PUBKEY@host:port */
	unsigned bootstrap_count;
	char *role;	       /* auto, observer */
	char *strangers;       /* allow, refuse */
	char *log_level;       /* level, or subsystem=level, comma separated */
	char *log_format;      /* text, json */
	char *log_file;	       /* empty = stderr */
	char *node_name;       /* in front of log lines */
	char *socket;	       /* empty = DATA_DIR/admin.sock */
	char *socket_ro;       /* empty = none */
	char *socket_group;    /* empty = the process's */
	char *passphrase_file; /* empty = environment or terminal */
	uint64_t workers;      /* 0 = one per core */
	uint64_t batch_age_ms;
	uint64_t batch_bytes;
	uint64_t batch_txs;
	uint64_t pool_bytes;	  /* transactions waiting to be final */
	uint64_t account_rate;	  /* transactions a second; 0 = any */
	uint64_t connection_rate; /* the same of one socket or peer */
	uint64_t write_bytes;	  /* waiting to be written to the disk */
};

enum config_source {
	CONFIG_DEFAULT,
	CONFIG_FILE,
	CONFIG_ENVIRONMENT,
	CONFIG_FLAG,
};

struct config_set; /* the configuration with the source of each value */

struct config_set *config_new(void);
void config_free(struct config_set **set);
const struct config *config_get(const struct config_set *set);

/* Set one key from text. ERR_CONFIG: unknown key (the nearest known one is
 * suggested) or a value that does not fit. Keys that hold a list append. */
enum err config_set_value(struct config_set *set, const char *key,
			  const char *value, enum config_source source,
			  struct err_text *text) MUST_USE;
/* ERR_CONFIG names file, line and column. */
enum err config_load_file(struct config_set *set, const char *path,
			  struct err_text *text) MUST_USE;
/* Every variable that begins with BCAI_GOVD_ must be a key. */
enum err config_load_environment(struct config_set *set,
				 struct err_text *text) MUST_USE;
/* What the values must be together: a data_dir, addresses that are some. */
enum err config_check(const struct config_set *set,
		      struct err_text *text) MUST_USE;
/* What must be there on this machine: folder, group, passphrase file. */
enum err config_check_places(const struct config_set *set,
			     struct err_text *text) MUST_USE;
/* The keys, "a, b", in which `wanted` differs from `now` and that a running
 * node does not take over; false when there are none. */
bool config_needs_restart(const struct config_set *now,
			  const struct config_set *wanted,
			  struct err_text *keys);
/* "key: value  # source", a line each. */
void config_print(const struct config_set *set, FILE *out);

#endif
