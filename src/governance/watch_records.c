/* What the detectors remember, as bytes. SPEC detectors 3. */
#include "governance/internal.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1
#define FLAG_RUNNING   1u
#define FLAG_DELAYED   2u
#define FLAG_LATE      4u

static void write_u128(struct writer *w, unsigned __int128 v)
{
	write_u64(w, (uint64_t)(v >> 64));
	write_u64(w, (uint64_t)v);
}

static unsigned __int128 read_u128(struct reader *r)
{
	unsigned __int128 high = read_u64(r);

	return high << 64 | read_u64(r);
}

static uint8_t read_max(struct reader *r, uint8_t max)
{
	uint8_t v = read_u8(r);

	if (v > max) {
		r->bad = true;
		return 0;
	}
	return v;
}

static uint32_t read_account(struct reader *r, const struct governance *g)
{
	uint32_t account = read_u32(r);

	if (account >= g->accounts.count) {
		r->bad = true;
		return 0;
	}
	return account;
}

static uint8_t read_choice(struct reader *r)
{
	uint8_t c = read_max(r, CHOICES);

	r->bad |= c == 0;
	return c;
}

static void write_list(struct writer *w, const struct watch_list *l)
{
	write_u8(w, l->count);
	for (uint8_t i = 0; i < l->count; i++)
		write_u32(w, l->account[i]);
}

/* Weights follow from the snapshot. */
static void read_list(struct reader *r, const struct governance *g,
		      const struct entry *e, struct watch_list *l)
{
	l->count = read_max(r, WATCH_HEAVIEST);
	for (uint8_t i = 0; i < l->count; i++) {
		struct power power;

		l->account[i] = read_account(r, g);
		if (r->bad)
			return;
		watch_power(g, e, l->account[i], &power, &l->weight[i]);
	}
}

static void write_late(struct writer *w, const struct watch *watch)
{
	tally_write(w, &watch->before);
	write_u8(w, watch->mover_count);
	for (uint8_t i = 0; i < watch->mover_count; i++) {
		write_u32(w, watch->mover[i].account);
		write_u8(w, watch->mover[i].from);
		write_u8(w, watch->mover[i].to);
	}
}

static void read_late(struct reader *r, const struct governance *g,
		      const struct entry *e, struct watch *watch)
{
	tally_read(r, &watch->before);
	watch->mover_count = read_max(r, WATCH_MOVERS);
	for (uint8_t i = 0; i < watch->mover_count; i++) {
		struct watch_mover *m = &watch->mover[i];

		m->account = read_account(r, g);
		m->from = read_max(r, CHOICES);
		m->to = read_choice(r);
		if (r->bad)
			return;
		watch_power(g, e, m->account, &m->power, &m->weight);
	}
}

static void write_groups(struct writer *w, const struct watch *watch)
{
	write_u8(w, watch->group_count);
	for (uint8_t i = 0; i < watch->group_count; i++) {
		const struct watch_group *group = &watch->group[i];

		write_u64(w, group->origin);
		write_u8(w, group->by_funder);
		write_u8(w, group->choice);
		write_u8(w, group->size);
		write_u32(w, group->count);
		write_u128(w, group->weight);
		write_u8(w, group->names);
		for (uint8_t k = 0; k < group->names; k++)
			write_u32(w, group->account[k]);
	}
}

static void read_groups(struct reader *r, const struct governance *g,
			struct watch *watch)
{
	watch->group_count = read_max(r, WATCH_GROUPS);
	for (uint8_t i = 0; i < watch->group_count; i++) {
		struct watch_group *group = &watch->group[i];

		group->origin = read_u64(r);
		group->by_funder = read_max(r, 1);
		group->choice = read_choice(r);
		group->size = read_max(r, 64);
		group->count = read_u32(r);
		group->weight = read_u128(r);
		group->names = read_max(r, WATCH_NAMES);
		for (uint8_t k = 0; k < group->names; k++)
			group->account[k] = read_account(r, g);
		/* The largest weight of all is below 2^105. */
		r->bad |= group->count == 0 || group->weight >> 105 != 0;
	}
}

void watch_record_write(struct writer *w, const struct entry *e)
{
	const struct watch *watch = e->watching.watch;
	bool delayed = watch ? watch->delayed : e->watching.delayed;

	write_u8(w, RECORD_VERSION);
	write_u8(w, (uint8_t)((watch ? FLAG_RUNNING : 0) |
			      (delayed ? FLAG_DELAYED : 0) |
			      (watch && watch->late ? FLAG_LATE : 0)));
	write_u16(w, watch ? watch->fired : e->watching.fired);
	write_u32(w, watch ? watch->ended : e->watching.ended);
	if (!watch)
		return;
	write_u8(w, watch->history);
	write_list(w, &watch->fresh);
	write_list(w, &watch->woken_list);
	for (size_t c = 0; c < CHOICES; c++) {
		write_u32(w, watch->woken[c].voters);
		write_u128(w, watch->woken[c].weight);
	}
	if (watch->late)
		write_late(w, watch);
	write_groups(w, watch);
}

static void read_running(struct reader *r, const struct governance *g,
			 const struct entry *e, struct watch *watch)
{
	watch->history = read_max(r, WATCH_PAST);
	r->bad |= watch->history > watch->ended;
	read_list(r, g, e, &watch->fresh);
	read_list(r, g, e, &watch->woken_list);
	for (size_t c = 0; c < CHOICES && !r->bad; c++) {
		watch->woken[c].voters = read_u32(r);
		watch->woken[c].weight = read_u128(r);
		r->bad |= watch->woken[c].weight >> 105 != 0;
	}
	if (watch->late && !r->bad)
		read_late(r, g, e, watch);
	if (!r->bad)
		read_groups(r, g, watch);
}

/* Put it at its place among the ended; the others may come later. */
static bool take_place(struct watchers *w, uint32_t place, uint32_t number)
{
	if (place == 0)
		return true;
	if (place > w->ended_capacity) {
		uint32_t capacity = place < 16 ? 16 : 2 * place;

		w->ended = mem_resize(w->ended, capacity * sizeof(*w->ended));
		memset(w->ended + w->ended_capacity, 0,
		       (capacity - w->ended_capacity) * sizeof(*w->ended));
		w->ended_capacity = capacity;
	}
	if (w->ended[place - 1] != 0)
		return false;
	w->ended[place - 1] = number;
	w->ended_count++;
	return true;
}

enum err watch_record_read(struct governance *g, struct entry *e,
			   struct bytes value)
{
	struct watching *w = &e->watching;
	struct reader r;
	uint8_t flags;
	uint32_t ended;

	reader_init(&r, value.data, value.size);
	if (read_u8(&r) != RECORD_VERSION)
		return ERR_DATA_DAMAGED;
	flags = read_max(&r, FLAG_RUNNING | FLAG_DELAYED | FLAG_LATE);
	w->fired = read_u16(&r);
	ended = read_u32(&r);
	w->delayed = (flags & FLAG_DELAYED) != 0;
	if (r.bad ||
	    ((flags & FLAG_RUNNING) != 0) != (e->p.state == STATE_VOTING))
		return ERR_DATA_DAMAGED;
	if (e->p.state == STATE_VOTING) {
		w->watch = mem_alloc(sizeof(*w->watch));
		w->watch->ended = ended;
		w->watch->fired = w->fired;
		w->watch->delayed = w->delayed;
		w->watch->late = (flags & FLAG_LATE) != 0;
		read_running(&r, g, e, w->watch);
	} else {
		w->ended = ended;
		if (ended > g->entry_count ||
		    !take_place(&g->watchers, ended, e->p.number))
			return ERR_DATA_DAMAGED;
	}
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

bool watchers_are_whole(const struct governance *g)
{
	const struct watchers *w = &g->watchers;

	for (uint32_t i = 0; i < w->ended_count; i++)
		if (w->ended[i] == 0)
			return false;
	for (uint32_t i = 0; i < g->entry_count; i++) {
		const struct watching *one = &g->entries[i].watching;

		if (one->watch && one->watch->ended > w->ended_count)
			return false;
	}
	return true;
}

void funnels_record_write(struct writer *w, const struct funnels *f)
{
	write_u8(w, RECORD_VERSION);
	write_u32(w, f->epoch);
	write_u8(w, f->count);
	for (uint8_t i = 0; i < f->count; i++) {
		write_u32(w, f->list[i].account);
		write_u32(w, f->list[i].count);
		write_u64(w, f->list[i].tokens);
		write_u8(w, f->list[i].told);
	}
}

enum err funnels_record_read(const struct governance *g, struct funnels *out,
			     struct bytes value)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	if (read_u8(&r) != RECORD_VERSION)
		return ERR_DATA_DAMAGED;
	out->epoch = read_u32(&r);
	out->count = read_max(&r, FUNNELS_MAX);
	for (uint8_t i = 0; i < out->count; i++) {
		out->list[i].account = read_account(&r, g);
		out->list[i].count = read_u32(&r);
		out->list[i].tokens = read_u64(&r);
		out->list[i].told = read_max(&r, 1);
		r.bad |= out->list[i].count == 0;
	}
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}

void alert_record_write(struct writer *w, const struct alert *a)
{
	write_u8(w, RECORD_VERSION);
	write_u8(w, (uint8_t)a->kind);
	write_u8(w, a->delayed);
	write_u32(w, a->proposal);
	write_u64(w, a->height);
	write_u64(w, a->time_ms);
	write_u8(w, a->account_count);
	for (uint8_t i = 0; i < a->account_count; i++)
		write_u32(w, a->account[i]);
	for (size_t i = 0; i < ALERT_FIGURES; i++)
		write_u128(w, a->figure[i]);
}

enum err alert_record_read(struct alert *out, uint32_t number,
			   struct bytes value)
{
	struct reader r;

	memset(out, 0, sizeof(*out));
	reader_init(&r, value.data, value.size);
	if (read_u8(&r) != RECORD_VERSION)
		return ERR_DATA_DAMAGED;
	out->number = number;
	out->kind = (enum detector)read_u8(&r);
	out->delayed = read_max(&r, 1);
	out->proposal = read_u32(&r);
	out->height = read_u64(&r);
	out->time_ms = read_u64(&r);
	out->account_count = read_max(&r, ALERT_ACCOUNTS);
	for (uint8_t i = 0; i < out->account_count; i++)
		out->account[i] = read_u32(&r);
	for (size_t i = 0; i < ALERT_FIGURES; i++)
		out->figure[i] = read_u128(&r);
	return reader_done(&r) && detector_name(out->kind) ? ERR_OK
							   : ERR_DATA_DAMAGED;
}
