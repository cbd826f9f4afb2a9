#include "cli/process.h"

#include "crypto/sign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_LEAST 10240u
#define PORT_TRIES 2000

bool process_facts(struct process_facts *out, pid_t pid)
{
	char path[64], line[1024], state = 'Z';
	unsigned long user = 0, kernel = 0;
	unsigned long long started = 0;
	long rss = 0;
	char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	after = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	/* Fields 3, 14, 15, 22 and 24 of proc(5). */
	if (!after ||
	    sscanf(after + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu "
		   "%*d %*d %*d %*d %*d %*d %llu %*u %ld",
		   &state, &user, &kernel, &started, &rss) != 5)
		return false;
	out->started = started;
	out->cpu_us = (uint64_t)(user + kernel) * 1000000u /
		      (uint64_t)sysconf(_SC_CLK_TCK);
	out->rss_bytes = (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
	return state != 'Z' && state != 'X';
}

void process_find(char *out, size_t size, const char *name)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		snprintf(out, size, "%.*s/%s", (int)(slash - self), self, name);
		if (access(out, X_OK) == 0)
			return;
	}
	snprintf(out, size, "%s", name);
}

/* In the grandchild: become the program, or say why not through `fd`. */
static void become(char *const argv[], const char *log, int fd)
{
	int null = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0640);

	if (null >= 0 && out >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 &&
	    dup2(out, 2) >= 0) {
		if (null > 2)
			close(null);
		if (out > 2)
			close(out);
		execvp(argv[0], argv);
	}
	if (write(fd, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

/* The child: a session, a grandchild, its id through `fd`, and gone. */
static void fork_again(char *const argv[], const char *log, int fd)
{
	pid_t pid;

	setsid();
	pid = fork();
	if (pid == 0)
		become(argv, log, fd);
	if (write(fd, &pid, sizeof(pid)) < 0)
		_exit(1);
	_exit(0);
}

enum err process_spawn(pid_t *pid, uint64_t *started, char *const argv[],
		       const char *log, struct err_text *text)
{
	struct process_facts facts;
	int pipes[2], failed = 0, status;
	bool has_pid = false, has_error = false;
	pid_t child;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(text, ERR_IO, "pipe: %s", strerror(errno));
	child = fork();
	if (child == 0) {
		close(pipes[0]);
		fork_again(argv, log, pipes[1]);
	}
	close(pipes[1]);
	if (child > 0) {
		has_pid = read(pipes[0], pid, sizeof(*pid)) == sizeof(*pid) &&
			  *pid > 0;
		/* Closed by exec, or the reason why there was none. A failing
		 * grandchild may even be first. */
		has_error = read(pipes[0], &failed, sizeof(failed)) > 0;
		waitpid(child, &status, 0);
	}
	close(pipes[0]);
	if (!has_pid || has_error)
		return err_set(text, ERR_IO, "%s: %s", argv[0],
			       has_error ? strerror(failed) : strerror(EAGAIN));
	*started = process_facts(&facts, *pid) ? facts.started : 0;
	return ERR_OK;
}

static uint16_t ephemeral_low(void)
{
	unsigned low = 32768;
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (f) {
		if (fscanf(f, "%u", &low) != 1)
			low = 32768;
		fclose(f);
	}
	return (uint16_t)(low > PORT_LEAST + 1000 && low < 65536 ? low : 32768);
}

enum err process_free_port(uint16_t *port, int *fd, struct err_text *text)
{
	uint16_t low = ephemeral_low(), chance;
	struct sockaddr_in a = {.sin_family = AF_INET};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < PORT_TRIES; i++) {
		*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (*fd < 0)
			break;
		random_bytes(&chance, sizeof(chance));
		*port = (uint16_t)(PORT_LEAST + chance % (low - PORT_LEAST));
		a.sin_port = htons(*port);
		if (bind(*fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		    listen(*fd, 1) == 0)
			return ERR_OK;
		close(*fd);
	}
	return err_set(text, ERR_IO, "no free port on the loopback: %s",
		       strerror(errno));
}
