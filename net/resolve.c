#include "net/resolve.h"

#include "base/arena.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_BYTES 254

struct lookup {
	atomic_int state; /* enum lookup_state */
	atomic_int owners;
	char host[HOST_BYTES];
	char number[RESOLVE_NUMBER_BYTES]; /* set before state */
};

static bool write_number(char out[RESOLVE_NUMBER_BYTES],
			 const struct addrinfo *found)
{
	char text[RESOLVE_NUMBER_BYTES - 3];

	if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text),
			NULL, 0, NI_NUMERICHOST) != 0)
		return false;
	snprintf(out, RESOLVE_NUMBER_BYTES,
		 found->ai_family == AF_INET6 ? "[%s]" : "%s", text);
	return true;
}

static bool resolve(char out[RESOLVE_NUMBER_BYTES], const char *host, int flags)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = flags};
	struct addrinfo *found = NULL;
	bool ok;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return false;
	ok = write_number(out, found);
	freeaddrinfo(found);
	return ok;
}

bool resolve_number(char out[RESOLVE_NUMBER_BYTES], const char *host)
{
	char bare[HOST_BYTES];
	size_t size = strlen(host);

	if (size >= sizeof(bare))
		return false;
	if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
		memcpy(bare, host + 1, size - 2);
		bare[size - 2] = '\0';
		return resolve(out, bare, AI_NUMERICHOST);
	}
	return resolve(out, host, AI_NUMERICHOST);
}

static void release(struct lookup *l)
{
	if (atomic_fetch_sub(&l->owners, 1) == 1)
		free(l);
}

static void *run(void *argument)
{
	struct lookup *l = argument;
	bool ok = resolve(l->number, l->host, AI_ADDRCONFIG);

	atomic_store(&l->state, ok ? LOOKUP_FOUND : LOOKUP_FAILED);
	release(l);
	return NULL;
}

struct lookup *lookup_start(const char *host)
{
	struct lookup *l = mem_alloc(sizeof(*l));
	pthread_attr_t attributes;
	pthread_t thread;
	int failed;

	snprintf(l->host, sizeof(l->host), "%s", host);
	atomic_init(&l->state, LOOKUP_PENDING);
	atomic_init(&l->owners, 2);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	failed = pthread_create(&thread, &attributes, run, l);
	pthread_attr_destroy(&attributes);
	if (failed) {
		free(l);
		return NULL;
	}
	return l;
}

enum lookup_state lookup_poll(const struct lookup *l,
			      char out[RESOLVE_NUMBER_BYTES])
{
	enum lookup_state state = (enum lookup_state)atomic_load(&l->state);

	if (state == LOOKUP_FOUND)
		memcpy(out, l->number, RESOLVE_NUMBER_BYTES);
	return state;
}

void lookup_drop(struct lookup **l)
{
	if (*l)
		release(*l);
	*l = NULL;
}
