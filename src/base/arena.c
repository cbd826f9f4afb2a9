#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 16384u

struct arena_chunk {
	struct arena_chunk *next;
	size_t capacity;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a, size_t limit)
{
	a->head = NULL;
	a->used = 0;
	a->limit = limit;
}

void arena_fini(struct arena *a)
{
	while (a->head) {
		struct arena_chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	a->used = 0;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = a->head;

	a->used = 0;
	if (!keep)
		return;
	a->head = keep->next;
	arena_fini(a);
	keep->next = NULL;
	keep->used = 0;
	a->head = keep;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_chunk *c = a->head;
	void *piece;

	if (size > a->limit - a->used)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!c || size > c->capacity - c->used) {
		size_t capacity = size > CHUNK_BYTES ? size : CHUNK_BYTES;

		c = malloc(sizeof(*c) + capacity);
		if (!c)
			return NULL;
		c->next = a->head;
		c->capacity = capacity;
		c->used = 0;
		a->head = c;
	}
	piece = c->data + c->used;
	c->used += size;
	a->used = size > a->limit - a->used ? a->limit : a->used + size;
	return piece;
}

static void *need(void *piece)
{
	if (!piece) {
		fputs("bcai-gov: out of memory\n", stderr);
		abort();
	}
	return piece;
}

void *mem_alloc(size_t size)
{
	return need(calloc(1, size ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
	return need(realloc(old, size ? size : 1));
}

void *mem_copy(const void *data, size_t size)
{
	void *piece = mem_alloc(size);

	if (size > 0)
		memcpy(piece, data, size);
	return piece;
}
