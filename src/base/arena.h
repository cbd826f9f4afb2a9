/* A bump allocator: many small pieces, freed all at once, with a byte bound.
 *
 * Used for decoding (the bound is the defence against messages that unfold)
 * and for what lives as long as one step. Pieces are aligned for any type. */
#ifndef BCAI_BASE_ARENA_H
#define BCAI_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *head; /* Owned. */
	size_t used;		  /* Bytes handed out since the last reset. */
	size_t limit;		  /* Most bytes it may hand out. */
};

void arena_init(struct arena *a, size_t limit);
/* Give everything back to the system. */
void arena_fini(struct arena *a);
/* Forget all pieces; keeps one chunk for what comes next. */
void arena_reset(struct arena *a);

/* `size` bytes, or NULL when the bound would be passed or memory is out. The
 * bytes are not cleared. */
void *arena_alloc(struct arena *a, size_t size);

/* For memory we cannot go on without: the result is never NULL; the process
 * stops with a sentence on stderr when the system has none. Free with free().
 */
void *mem_alloc(size_t size);		  /* cleared */
void *mem_resize(void *old, size_t size); /* not cleared */
void *mem_copy(const void *data, size_t size);

#endif
