/* Power surge and dormant accounts: what the votes before say of this one. */
#include "governance/detect.h"

#include "base/assert.h"

#include <string.h>

/* Twice the median of what was cast in the last votes; 0 of none. */
static uint64_t median_twice(const struct watch_end *end)
{
	uint32_t n = end->past_count < end->limits.surge_window
			     ? end->past_count
			     : end->limits.surge_window;
	uint64_t sorted[WATCH_PAST];

	assert(n <= WATCH_PAST);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = end->past[end->past_count - n + i];
		uint32_t at = i;

		for (; at > 0 && sorted[at - 1] > v; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = v;
	}
	return n ? sorted[(n - 1) / 2] + sorted[n / 2] : 0;
}

static void name_all(const struct watch_list *l, uint8_t count,
		     struct alert *out)
{
	out->account_count = count;
	memcpy(out->account, l->account, count * sizeof(l->account[0]));
}

bool detect_surge(const struct watch_end *end, struct alert *out)
{
	const struct watch_list *fresh = &end->watch->fresh;
	unsigned __int128 cast = watch_cast(end);
	uint64_t tokens = watch_tokens(end->tally);
	uint64_t median = median_twice(end);
	uint8_t heavy = 0;
	bool surge;

	if (end->ended < end->limits.history_min || cast == 0)
		return false;
	while (heavy < fresh->count &&
	       fresh->weight[heavy] * 10000 >=
		       cast * end->limits.surge_share_bp)
		heavy++;
	surge = median > 0 &&
		(unsigned __int128)tokens * 2 >=
			(unsigned __int128)median * end->limits.surge_times;
	if (heavy == 0 && !surge)
		return false;
	name_all(fresh, heavy, out);
	out->figure[0] =
		watch_share_bp(fresh->count ? fresh->weight[0] : 0, cast);
	out->figure[1] = cast;
	out->figure[2] = tokens;
	out->figure[3] = median / 2;
	return true;
}

void watch_count_woken(struct watch *w, const struct watch_ballot *b)
{
	if (b->from == 0) {
		watch_list_add(&w->woken_list, b->account, b->weight);
	} else {
		w->woken[b->from - 1].voters--;
		w->woken[b->from - 1].weight -= b->weight;
	}
	w->woken[b->to - 1].voters++;
	w->woken[b->to - 1].weight += b->weight;
}

bool detect_dormant(const struct watch_end *end, struct alert *out)
{
	unsigned __int128 cast = watch_cast(end);

	for (uint32_t c = 0; c < CHOICES; c++) {
		const struct watch_woken *w = &end->watch->woken[c];

		if (w->voters < end->limits.dormant_accounts ||
		    w->weight * 10000 < cast * end->limits.dormant_share_bp ||
		    w->weight == 0)
			continue;
		name_all(&end->watch->woken_list, end->watch->woken_list.count,
			 out);
		out->figure[0] = w->voters;
		out->figure[1] = watch_share_bp(w->weight, cast);
		out->figure[2] = cast;
		out->figure[3] = c + 1;
		return true;
	}
	return false;
}
