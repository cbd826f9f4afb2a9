#include "governance/detect.h"

#include "base/assert.h"

#include <string.h>

struct row {
	const char *name;
	const char *sentence;
	bool may_delay;
	const char *figure[ALERT_FIGURES];
};

static const struct row rows[DETECT_MAX] = {
#define DETECT_FIGURES(...)                                                    \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define DETECT_ROW(symbol, number, name, may_delay, figures, sentence)         \
	[number] = {name, sentence, may_delay, DETECT_FIGURES figures},
	DETECTORS(DETECT_ROW)
#undef DETECT_ROW
#undef DETECT_FIGURES
};

const char *detector_name(uint32_t kind)
{
	return kind < DETECT_MAX ? rows[kind].name : NULL;
}

uint32_t detector_from_name(const char *name)
{
	for (uint32_t kind = 1; kind < DETECT_MAX; kind++)
		if (rows[kind].name && strcmp(rows[kind].name, name) == 0)
			return kind;
	return 0;
}

const char *detector_sentence(uint32_t kind)
{
	return kind < DETECT_MAX ? rows[kind].sentence : NULL;
}

const char *detector_figure_name(uint32_t kind, size_t figure)
{
	const char *name = kind < DETECT_MAX && figure < ALERT_FIGURES
				   ? rows[kind].figure[figure]
				   : NULL;

	return name ? name : "";
}

bool detector_may_delay(uint32_t kind)
{
	return kind < DETECT_MAX && rows[kind].may_delay;
}

struct power watch_choice(const struct tally *t, enum choice choice)
{
	struct power sum = t->choice[choice - 1].power;

	power_add(&sum, &t->carried[choice - 1]);
	return sum;
}

uint64_t watch_tokens(const struct tally *t)
{
	uint64_t sum = 0;

	for (uint32_t c = 1; c <= CHOICES; c++)
		sum += watch_choice(t, (enum choice)c).tokens;
	return sum;
}

unsigned __int128 watch_cast(const struct watch_end *end)
{
	unsigned __int128 sum = 0;

	for (uint32_t c = 1; c <= CHOICES; c++) {
		struct power p = watch_choice(end->tally, (enum choice)c);

		sum += tally_weight(end->rules, end->total, &p);
	}
	return sum;
}

uint32_t watch_share_bp(unsigned __int128 part, unsigned __int128 whole)
{
	return whole ? (uint32_t)(part * 10000 / whole) : 0;
}

bool watch_list_add(struct watch_list *l, uint32_t account,
		    unsigned __int128 weight)
{
	uint8_t at = l->count;

	while (at > 0 &&
	       (l->weight[at - 1] < weight ||
		(l->weight[at - 1] == weight && l->account[at - 1] > account)))
		at--;
	if (at == WATCH_HEAVIEST)
		return false;
	if (l->count < WATCH_HEAVIEST)
		l->count++;
	memmove(&l->account[at + 1], &l->account[at],
		(l->count - 1u - at) * sizeof(l->account[0]));
	memmove(&l->weight[at + 1], &l->weight[at],
		(l->count - 1u - at) * sizeof(l->weight[0]));
	l->account[at] = account;
	l->weight[at] = weight;
	return true;
}

bool watch_count(struct watch *w, const struct watch_ballot *b)
{
	bool kept = false;

	assert(b->to >= 1 && b->to <= CHOICES && b->from <= CHOICES);
	if (!b->has_history && b->from == 0)
		kept = watch_list_add(&w->fresh, b->account, b->weight);
	if (b->woke) {
		watch_count_woken(w, b);
		kept = true;
	}
	if (b->late) {
		watch_count_late(w, b);
		kept = true;
	}
	if (b->funder != NO_ACCOUNT) {
		watch_count_groups(w, b);
		kept = true;
	}
	return kept;
}

size_t detect_end(const struct watch_end *end, struct alert out[DETECT_END_MAX])
{
	static const struct {
		enum detector kind;
		bool (*fires)(const struct watch_end *end, struct alert *out);
	} detectors[DETECT_END_MAX] = {
		{DETECT_SURGE, detect_surge},
		{DETECT_DORMANT, detect_dormant},
		{DETECT_LATE_SWING, detect_late_swing},
		{DETECT_SYBIL, detect_sybil},
		{DETECT_SNIPING, detect_sniping},
	};
	size_t count = 0;

	for (size_t i = 0; i < DETECT_END_MAX; i++) {
		if (end->watch->fired >> detectors[i].kind & 1)
			continue;
		memset(&out[count], 0, sizeof(out[count]));
		out[count].kind = detectors[i].kind;
		count += detectors[i].fires(end, &out[count]);
	}
	return count;
}
