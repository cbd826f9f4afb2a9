#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES 16384u
/* From here on memory comes from pages of its own. */
#define LARGE_BYTES (4u * 1024u * 1024u)
#define PAGE_BYTES  4096u

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

/* Large arrays are read all over: with large pages, where the system has them,
 * an access misses the translation of its address less often. A hint; its
 * result does not matter. */
static void *with_large_pages(void *piece, size_t size)
{
	uintptr_t start = ((uintptr_t)piece + PAGE_BYTES - 1) / PAGE_BYTES;

	if (size >= LARGE_BYTES)
		(void)madvise((void *)(start * PAGE_BYTES), size - PAGE_BYTES,
			      MADV_HUGEPAGE);
	return piece;
}

void *mem_alloc(size_t size)
{
	return with_large_pages(need(calloc(1, size ? size : 1)), size);
}

void *mem_resize(void *old, size_t size)
{
	return with_large_pages(need(realloc(old, size ? size : 1)), size);
}

void *mem_copy(const void *data, size_t size)
{
	void *piece = mem_alloc(size);

	if (size > 0)
		memcpy(piece, data, size);
	return piece;
}
