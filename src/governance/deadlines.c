#include "governance/deadlines.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void deadlines_fini(struct deadlines *d)
{
	free(d->heap);
	free(d->place);
	memset(d, 0, sizeof(*d));
}

static bool is_before(const struct deadline *a, const struct deadline *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms;
	return a->number < b->number;
}

static void put(struct deadlines *d, uint32_t at, struct deadline item)
{
	d->heap[at] = item;
	d->place[item.number] = at + 1;
}

/* Find the place of `item`, starting from the free one at `at`. */
static void settle(struct deadlines *d, uint32_t at, struct deadline item)
{
	uint32_t child;

	while (at > 0 && is_before(&item, &d->heap[(at - 1) / 2])) {
		put(d, at, d->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	while ((child = 2 * at + 1) < d->count) {
		if (child + 1 < d->count &&
		    is_before(&d->heap[child + 1], &d->heap[child]))
			child++;
		if (!is_before(&d->heap[child], &item))
			break;
		put(d, at, d->heap[child]);
		at = child;
	}
	put(d, at, item);
}

static void make_room(struct deadlines *d, uint32_t number)
{
	if (number >= d->places) {
		uint32_t places = number < 32 ? 64 : 2 * number;

		d->place = mem_resize(d->place, places * sizeof(*d->place));
		memset(d->place + d->places, 0,
		       (places - d->places) * sizeof(*d->place));
		d->places = places;
	}
	if (d->count == d->capacity) {
		d->capacity = d->capacity ? 2 * d->capacity : 64;
		d->heap = mem_resize(d->heap, d->capacity * sizeof(*d->heap));
	}
}

void deadlines_set(struct deadlines *d, uint32_t number, uint64_t time_ms)
{
	const struct deadline item = {time_ms, number};

	make_room(d, number);
	if (d->place[number] == 0)
		d->place[number] = ++d->count;
	settle(d, d->place[number] - 1, item);
}

void deadlines_clear(struct deadlines *d, uint32_t number)
{
	uint32_t at;

	if (number >= d->places || d->place[number] == 0)
		return;
	at = d->place[number] - 1;
	d->place[number] = 0;
	d->count--;
	if (at < d->count)
		settle(d, at, d->heap[d->count]);
}

bool deadlines_first(const struct deadlines *d, struct deadline *out)
{
	if (d->count == 0)
		return false;
	*out = d->heap[0];
	return true;
}
