/* The store's twin in memory: a skip list under a read-write lock. */
#include "base/arena.h"
#include "storage/store_impl.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 20

struct node {
	struct bytes key;   /* Owned, behind `next`. */
	struct bytes value; /* Owned. */
	unsigned levels;
	struct node *next[];
};

struct memory {
	struct store store;
	pthread_rwlock_t lock;
	struct node *head; /* No key; LEVELS high. */
	uint64_t coin;	   /* Heights; a fixed start makes runs repeat. */
	uint64_t bytes;
};

static struct memory *memory_of(struct store *s)
{
	return (struct memory *)(void *)s;
}

static struct node *node_new(unsigned levels, struct bytes key)
{
	size_t links = levels * sizeof(struct node *);
	struct node *n = mem_alloc(sizeof(*n) + links + key.size);
	uint8_t *copy = (uint8_t *)n + sizeof(*n) + links;

	if (key.size)
		memcpy(copy, key.data, key.size);
	n->key.data = copy;
	n->key.size = key.size;
	n->levels = levels;
	return n;
}

static void node_free(struct node *n)
{
	free((void *)(uintptr_t)n->value.data);
	free(n);
}

/* The first node with key >= `key`; before[i] is the last one below it on
 * each level. */
static struct node *find(struct memory *m, struct bytes key,
			 struct node *before[LEVELS])
{
	struct node *at = m->head;

	for (unsigned level = LEVELS; level-- > 0;) {
		while (at->next[level] &&
		       store_compare(at->next[level]->key, key) < 0)
			at = at->next[level];
		if (before)
			before[level] = at;
	}
	return at->next[0];
}

static unsigned toss(struct memory *m)
{
	unsigned levels = 1;

	m->coin ^= m->coin << 13;
	m->coin ^= m->coin >> 7;
	m->coin ^= m->coin << 17;
	for (uint64_t c = m->coin; (c & 1) && levels < LEVELS; c >>= 1)
		levels++;
	return levels;
}

static void set_value(struct memory *m, struct node *n, struct bytes value)
{
	m->bytes -= n->value.size;
	free((void *)(uintptr_t)n->value.data);
	n->value.data = mem_copy(value.data, value.size);
	n->value.size = value.size;
	m->bytes += value.size;
}

static void put(struct memory *m, struct bytes key, struct bytes value)
{
	struct node *before[LEVELS];
	struct node *n = find(m, key, before);

	if (!n || store_compare(n->key, key) != 0) {
		n = node_new(toss(m), key);
		for (unsigned i = 0; i < n->levels; i++) {
			n->next[i] = before[i]->next[i];
			before[i]->next[i] = n;
		}
		m->bytes += key.size;
	}
	set_value(m, n, value);
}

static void remove_key(struct memory *m, struct bytes key)
{
	struct node *before[LEVELS];
	struct node *n = find(m, key, before);

	if (!n || store_compare(n->key, key) != 0)
		return;
	for (unsigned i = 0; i < n->levels; i++)
		before[i]->next[i] = n->next[i];
	m->bytes -= n->key.size + n->value.size;
	node_free(n);
}

static void memory_close(struct store *s)
{
	struct memory *m = memory_of(s);
	struct node *n = m->head;

	while (n) {
		struct node *next = n->next[0];

		node_free(n);
		n = next;
	}
	pthread_rwlock_destroy(&m->lock);
	free(m);
}

static enum err memory_get(struct store *s, uint8_t **value, size_t *size,
			   struct bytes key, struct err_text *text)
{
	struct memory *m = memory_of(s);
	enum err e = ERR_NOT_FOUND;
	struct node *n;

	(void)text;
	*value = NULL;
	*size = 0;
	pthread_rwlock_rdlock(&m->lock);
	n = find(m, key, NULL);
	if (n && store_compare(n->key, key) == 0) {
		*value = mem_copy(n->value.data, n->value.size);
		*size = n->value.size;
		e = ERR_OK;
	}
	pthread_rwlock_unlock(&m->lock);
	return e;
}

static enum err memory_write(struct store *s,
			     const struct store_batch *const *batches,
			     size_t count, bool sync, struct err_text *text)
{
	struct memory *m = memory_of(s);

	(void)sync;
	(void)text;
	pthread_rwlock_wrlock(&m->lock);
	for (size_t i = 0; i < count; i++) {
		struct store_change c;
		size_t offset = 0;

		while (store_batch_next(batches[i], &offset, &c)) {
			if (c.value.data)
				put(m, c.key, c.value);
			else
				remove_key(m, c.key);
		}
	}
	pthread_rwlock_unlock(&m->lock);
	return ERR_OK;
}

static enum err memory_scan(struct store *s, struct bytes prefix,
			    struct bytes from, size_t limit, store_visit visit,
			    void *context, struct err_text *text)
{
	struct memory *m = memory_of(s);
	size_t seen = 0;

	(void)text;
	pthread_rwlock_rdlock(&m->lock);
	for (struct node *n = find(m, from, NULL);
	     n && store_has_prefix(n->key, prefix); n = n->next[0]) {
		if (!visit(context, n->key, n->value) || ++seen == limit)
			break;
	}
	pthread_rwlock_unlock(&m->lock);
	return ERR_OK;
}

static enum err memory_last(struct store *s, struct bytes prefix,
			    store_visit visit, void *context,
			    struct err_text *text)
{
	struct memory *m = memory_of(s);
	struct node *last = NULL;

	(void)text;
	pthread_rwlock_rdlock(&m->lock);
	for (struct node *n = find(m, prefix, NULL);
	     n && store_has_prefix(n->key, prefix); n = n->next[0])
		last = n;
	if (last)
		visit(context, last->key, last->value);
	pthread_rwlock_unlock(&m->lock);
	return last ? ERR_OK : ERR_NOT_FOUND;
}

static enum err memory_check(struct store *s, struct store_stats *stats,
			     struct err_text *text)
{
	struct memory *m = memory_of(s);

	(void)text;
	pthread_rwlock_rdlock(&m->lock);
	for (struct node *n = m->head->next[0]; n; n = n->next[0]) {
		stats->records++;
		stats->key_bytes += n->key.size;
		stats->value_bytes += n->value.size;
	}
	pthread_rwlock_unlock(&m->lock);
	return ERR_OK;
}

static void memory_compact(struct store *s, struct bytes from, struct bytes to)
{
	(void)s;
	(void)from;
	(void)to;
}

static uint64_t memory_size(struct store *s)
{
	struct memory *m = memory_of(s);
	uint64_t bytes;

	pthread_rwlock_rdlock(&m->lock);
	bytes = m->bytes;
	pthread_rwlock_unlock(&m->lock);
	return bytes;
}

static const struct store_methods MEMORY_METHODS = {
	.close = memory_close,
	.get = memory_get,
	.write = memory_write,
	.scan = memory_scan,
	.last = memory_last,
	.check = memory_check,
	.compact = memory_compact,
	.size = memory_size,
};

struct store *store_new_memory(void)
{
	struct memory *m = mem_alloc(sizeof(*m));
	struct bytes none = {NULL, 0};

	m->store.methods = &MEMORY_METHODS;
	m->head = node_new(LEVELS, none);
	m->coin = UINT64_C(0x9e3779b97f4a7c15);
	pthread_rwlock_init(&m->lock, NULL);
	return &m->store;
}
