/* The process's log: a level per subsystem, plain text or JSON lines.
 *
 * For adapters and the node; pure code never logs. Lines go to a file
 * descriptor (stderr unless told otherwise) in one write each, so processes
 * can share a file. Safe from any thread once set up. */
#ifndef BCAI_BASE_LOG_H
#define BCAI_BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
#define LOG_LEVELS 4

#define LOG_SUBSYSTEMS(X)                                                      \
	X(NODE, "node")                                                        \
	X(NET, "net")                                                          \
	X(CONSENSUS, "consensus")                                              \
	X(LEDGER, "ledger")                                                    \
	X(STORAGE, "storage")                                                  \
	X(ADMIN, "admin")                                                      \
	X(CLI, "cli")

enum log_subsystem {
#define LOG_ENUM(symbol, name) LOG_##symbol,
	LOG_SUBSYSTEMS(LOG_ENUM)
#undef LOG_ENUM
		LOG_SUBSYSTEM_COUNT
};

/* Set by name: "info", or "net=debug". ERR_CONFIG for an unknown word. */
enum err log_set_level(const char *spec) MUST_USE;
void log_set_json(bool json);
/* Later lines go to `fd`; borrowed. */
void log_set_fd(int fd);
/* A word in front of each text line, e.g. the node's name; at most 31 bytes. */
void log_set_name(const char *name);

bool log_enabled(enum log_subsystem subsystem, enum log_level level);
void log_write(enum log_subsystem subsystem, enum log_level level,
	       const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(subsystem, ...)                                              \
	log_write(LOG_##subsystem, LOG_ERROR, __VA_ARGS__)
#define log_warn(subsystem, ...)                                               \
	log_write(LOG_##subsystem, LOG_WARN, __VA_ARGS__)
#define log_info(subsystem, ...)                                               \
	log_write(LOG_##subsystem, LOG_INFO, __VA_ARGS__)
#define log_debug(subsystem, ...)                                              \
	log_write(LOG_##subsystem, LOG_DEBUG, __VA_ARGS__)

#endif
