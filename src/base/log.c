#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const LEVEL_NAMES[LOG_LEVELS] = {"error", "warn", "info",
						    "debug"};
static const char *const SUBSYSTEM_NAMES[LOG_SUBSYSTEM_COUNT] = {
#define LOG_NAME(symbol, name) name,
	LOG_SUBSYSTEMS(LOG_NAME)
#undef LOG_NAME
};

static _Atomic int levels[LOG_SUBSYSTEM_COUNT] = {
	LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO};
static _Atomic bool as_json;
static _Atomic int log_fd = STDERR_FILENO;
static char log_name[32];

static int find(const char *const *names, int count, const char *word,
		size_t size)
{
	for (int i = 0; i < count; i++) {
		if (strlen(names[i]) == size &&
		    memcmp(names[i], word, size) == 0)
			return i;
	}
	return -1;
}

enum err log_set_level(const char *spec)
{
	const char *equals = strchr(spec, '=');
	const char *word = equals ? equals + 1 : spec;
	int level = find(LEVEL_NAMES, LOG_LEVELS, word, strlen(word));
	int subsystem;

	if (level < 0)
		return ERR_CONFIG;
	if (!equals) {
		for (int i = 0; i < LOG_SUBSYSTEM_COUNT; i++)
			levels[i] = level;
		return ERR_OK;
	}
	subsystem = find(SUBSYSTEM_NAMES, LOG_SUBSYSTEM_COUNT, spec,
			 (size_t)(equals - spec));
	if (subsystem < 0)
		return ERR_CONFIG;
	levels[subsystem] = level;
	return ERR_OK;
}

void log_set_json(bool json)
{
	as_json = json;
}

void log_set_fd(int fd)
{
	log_fd = fd;
}

void log_set_name(const char *name)
{
	snprintf(log_name, sizeof(log_name), "%s", name);
}

bool log_enabled(enum log_subsystem subsystem, enum log_level level)
{
	return (int)level <= levels[subsystem];
}

/* Escape what JSON does not allow bare; other control bytes become '?'. */
static size_t json_escape(char *out, size_t capacity, const char *text)
{
	size_t n = 0;

	for (; *text && n + 2 < capacity; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else {
			out[n++] = c < 0x20 ? '?' : (char)c;
		}
	}
	out[n] = '\0';
	return n;
}

static void stamp(char *out, size_t size)
{
	uint64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm t;
	size_t n;

	gmtime_r(&seconds, &t);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &t);
	snprintf(out + n, size - n, ".%03uZ", (unsigned)(now % 1000));
}

void log_write(enum log_subsystem subsystem, enum log_level level,
	       const char *format, ...)
{
	char message[768], escaped[1600], line[1800], when[40];
	va_list args;
	int n;

	if (!log_enabled(subsystem, level))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	stamp(when, sizeof(when));
	json_escape(escaped, sizeof(escaped), message);
	if (as_json)
		n = snprintf(line, sizeof(line),
			     "{\"time\":\"%s\",\"level\":\"%s\","
			     "\"subsystem\":\"%s\",\"node\":\"%s\","
			     "\"message\":\"%s\"}\n",
			     when, LEVEL_NAMES[level],
			     SUBSYSTEM_NAMES[subsystem], log_name, escaped);
	else
		n = snprintf(line, sizeof(line), "%s %-5s %s%s%s: %s\n", when,
			     LEVEL_NAMES[level], log_name,
			     log_name[0] ? " " : "", SUBSYSTEM_NAMES[subsystem],
			     message);
	if (n > (int)sizeof(line) - 1)
		n = (int)sizeof(line) - 1;
	if (n > 0 && write(log_fd, line, (size_t)n) < 0)
		return; /* Nowhere left to say so. */
}
