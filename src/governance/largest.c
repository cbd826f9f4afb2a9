#include "governance/largest.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

void largest_init(struct largest *l,
		  uint64_t (*value_of)(const void *context, uint32_t account),
		  const void *context)
{
	memset(l, 0, sizeof(*l));
	l->value_of = value_of;
	l->context = context;
}

void largest_fini(struct largest *l)
{
	free(l->heap);
	free(l->place);
	memset(l, 0, sizeof(*l));
}

static void put(struct largest *l, uint32_t at, uint32_t account)
{
	l->heap[at] = account;
	l->place[account] = at;
}

/* Find the account's place, starting from the free one at `at`. */
static void settle(struct largest *l, uint32_t at, uint32_t account)
{
	uint64_t value = l->value_of(l->context, account);
	uint32_t child;

	while (at > 0) {
		uint32_t parent = l->heap[(at - 1) / 2];

		if (value <= l->value_of(l->context, parent))
			break;
		put(l, at, parent);
		at = (at - 1) / 2;
	}
	while ((child = 2 * at + 1) < l->count) {
		uint64_t most = l->value_of(l->context, l->heap[child]);

		if (child + 1 < l->count) {
			uint64_t other =
				l->value_of(l->context, l->heap[child + 1]);

			child += other > most;
			most = other > most ? other : most;
		}
		if (most <= value)
			break;
		put(l, at, l->heap[child]);
		at = child;
	}
	put(l, at, account);
}

void largest_add(struct largest *l)
{
	uint32_t account = l->count;

	if (l->count == l->capacity) {
		l->capacity = l->capacity ? 2 * l->capacity : 64;
		l->heap = mem_resize(l->heap, l->capacity * sizeof(*l->heap));
		l->place =
			mem_resize(l->place, l->capacity * sizeof(*l->place));
	}
	l->count++;
	settle(l, account, account);
}

void largest_changed(struct largest *l, uint32_t account)
{
	assert(account < l->count);
	settle(l, l->place[account], account);
}

/* ---- Reading ---- */

static void push(struct largest_walk *w, uint32_t at)
{
	const struct largest *l = w->l;
	struct largest_item item;
	uint32_t i = w->count;

	if (at >= l->count)
		return;
	assert(i < sizeof(w->front) / sizeof(w->front[0]));
	item.value = l->value_of(l->context, l->heap[at]);
	item.at = at;
	w->count++;
	for (; i > 0 && w->front[(i - 1) / 2].value < item.value;
	     i = (i - 1) / 2)
		w->front[i] = w->front[(i - 1) / 2];
	w->front[i] = item;
}

static uint32_t pop(struct largest_walk *w)
{
	uint32_t first = w->front[0].at, i = 0, child;
	struct largest_item item = w->front[--w->count];

	while ((child = 2 * i + 1) < w->count) {
		if (child + 1 < w->count &&
		    w->front[child + 1].value > w->front[child].value)
			child++;
		if (w->front[child].value <= item.value)
			break;
		w->front[i] = w->front[child];
		i = child;
	}
	w->front[i] = item;
	return first;
}

void largest_begin(struct largest_walk *w, const struct largest *l)
{
	w->l = l;
	w->count = 0;
	w->read = 0;
	push(w, 0);
}

/* Each one read makes way for the two below it: the front grows by one. */
bool largest_next(struct largest_walk *w, uint32_t *account)
{
	uint32_t at;

	if (w->count == 0 || w->read == LARGEST_READ_MAX)
		return false;
	at = pop(w);
	*account = w->l->heap[at];
	w->read++;
	push(w, 2 * at + 1);
	push(w, 2 * at + 2);
	return true;
}
