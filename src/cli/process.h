/* Processes that outlive the command which started them. */
#ifndef BCAI_CLI_PROCESS_H
#define BCAI_CLI_PROCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_facts {
	uint64_t started; /* clock ticks since boot */
	uint64_t cpu_us;
	uint64_t rss_bytes;
};

/* From /proc; false when there is no such process, or only its zombie. */
bool process_facts(struct process_facts *out, pid_t pid);

/* Run `argv` in a session of its own, stdout and stderr appended to `log`.
 * The caller is not its parent. ERR_IO says why it could not be run. */
enum err process_spawn(pid_t *pid, uint64_t *started, char *const argv[],
		       const char *log, struct err_text *text) MUST_USE;

/* The program `name` beside this one, else as found in PATH. */
void process_find(char *out, size_t size, const char *name);

/* A loopback TCP port that is free and outside the range from which the
 * system gives ports to outgoing connections; *fd holds it until closed. */
enum err process_free_port(uint16_t *port, int *fd,
			   struct err_text *text) MUST_USE;

#endif
