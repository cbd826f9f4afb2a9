/* Sybil burst: many accounts of one hand. */
#include "governance/detect.h"

#include <string.h>

static uint8_t bits_of(uint64_t v)
{
	return v ? (uint8_t)(64 - __builtin_clzll(v)) : 0;
}

static struct watch_group *group_find(struct watch *w,
				      const struct watch_group *like)
{
	for (uint8_t i = 0; i < w->group_count; i++) {
		struct watch_group *g = &w->group[i];

		if (g->origin == like->origin &&
		    g->by_funder == like->by_funder &&
		    g->choice == like->choice && g->size == like->size)
			return g;
	}
	return NULL;
}

static void group_drop(struct watch *w, uint8_t at)
{
	w->group_count--;
	memmove(&w->group[at], &w->group[at + 1],
		(size_t)(w->group_count - at) * sizeof(w->group[0]));
}

static void group_add(struct watch *w, struct watch_group like,
		      const struct watch_ballot *b)
{
	struct watch_group *g = group_find(w, &like);

	if (!g && w->group_count == WATCH_GROUPS) {
		for (uint8_t i = WATCH_GROUPS; i-- > 0;)
			if (--w->group[i].count == 0)
				group_drop(w, i);
		return;
	}
	if (!g) {
		g = &w->group[w->group_count++];
		*g = like;
	}
	if (g->names < WATCH_NAMES)
		g->account[g->names++] = b->account;
	g->count++;
	g->weight += b->weight;
}

static void group_remove(struct watch *w, struct watch_group like,
			 const struct watch_ballot *b)
{
	struct watch_group *g = group_find(w, &like);

	if (!g)
		return;
	for (uint8_t i = 0; i < g->names; i++) {
		if (g->account[i] != b->account)
			continue;
		g->names--;
		memmove(&g->account[i], &g->account[i + 1],
			(size_t)(g->names - i) * sizeof(g->account[0]));
	}
	g->weight -= g->weight < b->weight ? g->weight : b->weight;
	if (--g->count == 0)
		group_drop(w, (uint8_t)(g - w->group));
}

void watch_count_groups(struct watch *w, const struct watch_ballot *b)
{
	struct watch_group like = {.size = bits_of(b->power.tokens)};

	for (int funder = 0; funder < 2; funder++) {
		like.by_funder = funder;
		like.origin = funder ? b->funder : b->birth;
		if (b->from) {
			like.choice = b->from;
			group_remove(w, like, b);
		}
		like.choice = b->to;
		group_add(w, like, b);
	}
}

bool detect_sybil(const struct watch_end *end, struct alert *out)
{
	unsigned __int128 cast = watch_cast(end);
	const struct watch_group *most = NULL;

	for (uint8_t i = 0; i < end->watch->group_count; i++) {
		const struct watch_group *g = &end->watch->group[i];

		if (g->count >= end->limits.sybil_accounts && g->weight > 0 &&
		    g->weight * 10000 >= cast * end->limits.sybil_share_bp &&
		    (!most || g->count > most->count))
			most = g;
	}
	if (!most)
		return false;
	out->account_count = most->names;
	memcpy(out->account, most->account,
	       most->names * sizeof(most->account[0]));
	out->figure[0] = most->count;
	out->figure[1] = watch_share_bp(most->weight, cast);
	out->figure[2] = most->by_funder;
	out->figure[3] = most->origin;
	return true;
}
