#include "cli/limit.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/hex.h"
#include "proto/codec_tx.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEASURE_US   2000000u
#define MESSAGES_MAX 20000u
#define GROUP	     64u /* between two looks at the clock */

struct message {
	struct public_key account;
	struct hash id;
	struct signature signature;
};

struct core {
	pthread_t thread;
	const struct message *messages;
	uint32_t count;
	uint32_t next;
	uint64_t until_us;
	uint64_t verified;
	bool bad;
};

/* The transaction within a line of tx.submit. */
static enum err read_message(struct message *m, struct arena *arena,
			     const struct bulk *b, const struct bulk_item *item)
{
	static const char BEFORE[] = "\"tx\":\"";
	const char *hex =
		memmem(item->line, item->size, BEFORE, sizeof(BEFORE) - 1);
	const char *end;
	struct bytes raw;
	struct tx tx;
	uint8_t *data;
	enum err e;

	assert(hex);
	hex += sizeof(BEFORE) - 1;
	end = memchr(hex, '"', item->size - (size_t)(hex - item->line));
	assert(end);
	raw.size = (size_t)(end - hex) / 2;
	data = mem_alloc(raw.size);
	raw.data = data;
	arena_reset(arena);
	e = hex_decode(data, raw.size, hex, (size_t)(end - hex))
		    ? codec_tx_decode(&tx, arena, &b->genesis, raw, NULL)
		    : ERR_MALFORMED;
	free(data);
	if (e)
		return e;
	m->account = tx.account;
	m->id = tx.id;
	m->signature = tx.signature;
	return ERR_OK;
}

static void *run_core(void *context)
{
	struct core *c = context;

	while (!c->bad && clock_mono_us() < c->until_us) {
		for (unsigned i = 0; i < GROUP; i++) {
			const struct message *m =
				&c->messages[c->next++ % c->count];

			c->bad |= !sign_verify(&m->account, m->id.b, HASH_BYTES,
					       &m->signature);
		}
		c->verified += GROUP;
	}
	return NULL;
}

static enum err run_all(double *per_second, const struct message *messages,
			uint32_t count, struct err_text *text)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct core *list;
	uint64_t began = clock_mono_us(), took, sum = 0;
	bool bad = false;

	cores = cores > 0 ? cores : 1;
	list = mem_alloc((size_t)cores * sizeof(*list));
	for (long i = 0; i < cores; i++) {
		int failed;

		list[i].messages = messages;
		list[i].count = count;
		list[i].next = (uint32_t)(i * (long)count / cores);
		list[i].until_us = began + MEASURE_US;
		failed = pthread_create(&list[i].thread, NULL, run_core,
					&list[i]);
		assert(!failed);
	}
	for (long i = 0; i < cores; i++) {
		pthread_join(list[i].thread, NULL);
		sum += list[i].verified;
		bad |= list[i].bad;
	}
	took = clock_mono_us() - began;
	free(list);
	*per_second = (double)sum * 1e6 / (double)took;
	return bad ? err_set(text, ERR_CHECK_FAILED, "a signature is bad")
		   : ERR_OK;
}

enum err limit_measure(double *per_second, const struct bulk *b,
		       struct err_text *text)
{
	uint32_t count = b->count < MESSAGES_MAX ? b->count : MESSAGES_MAX;
	struct message *messages = mem_alloc((count + 1) * sizeof(*messages));
	struct arena arena;
	enum err e = ERR_OK;

	arena_init(&arena, CODEC_TX_ARENA_BYTES);
	for (uint32_t i = 0; !e && i < count; i++)
		e = read_message(&messages[i], &arena, b, &b->items[i]);
	arena_fini(&arena);
	*per_second = 0;
	if (!e && count > 0)
		e = run_all(per_second, messages, count, text);
	free(messages);
	return e;
}
