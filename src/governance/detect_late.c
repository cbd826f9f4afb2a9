/* Late swing and quorum sniping: what few accounts did in the last hours. */
#include "governance/detect.h"

#include "base/assert.h"

#include <string.h>

#define MOVERS_AT_MOST 3

static bool is_heavier(const struct watch_mover *a, const struct watch_mover *b)
{
	if (a->weight != b->weight)
		return a->weight > b->weight;
	return a->account < b->account;
}

/* Weights may have changed since the last one was put: all are sorted. */
void watch_mover_put(struct watch *w, const struct watch_mover *m)
{
	struct watch_mover all[WATCH_MOVERS + 1];
	uint8_t count = 0;

	for (uint8_t i = 0; i <= w->mover_count; i++) {
		struct watch_mover one = i < w->mover_count ? w->mover[i] : *m;
		uint8_t at = count;

		if (i < w->mover_count && one.account == m->account)
			continue;
		for (; at > 0 && is_heavier(&one, &all[at - 1]); at--)
			all[at] = all[at - 1];
		all[at] = one;
		count++;
	}
	w->mover_count = count < WATCH_MOVERS ? count : WATCH_MOVERS;
	memcpy(w->mover, all, w->mover_count * sizeof(all[0]));
}

void watch_count_late(struct watch *w, const struct watch_ballot *b)
{
	struct watch_mover mover = {.account = b->account,
				    .from = b->from,
				    .to = b->to,
				    .power = b->burdened,
				    .weight = b->burdened_weight};

	if (!w->late) {
		w->late = true;
		w->before = *b->before;
	}
	for (uint8_t i = 0; i < w->mover_count; i++)
		if (w->mover[i].account == b->account)
			mover.from = w->mover[i].from;
	watch_mover_put(w, &mover);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void move(struct tally *t, const struct watch_mover *m)
{
	if (m->from) {
		struct power_sum *s = &t->choice[m->from - 1];

		s->power.tokens = less(s->power.tokens, m->power.tokens);
		s->power.quadratic =
			less(s->power.quadratic, m->power.quadratic);
		s->power.reputation =
			less(s->power.reputation, m->power.reputation);
		s->voters -= s->voters > 0;
	}
	power_add(&t->choice[m->to - 1].power, &m->power);
	t->choice[m->to - 1].voters++;
}

/* Which movers, added to the tally of the window's beginning, are enough. */
struct search {
	const struct watch_end *end;
	bool (*enough)(const struct tally_result *now,
		       const struct tally_result *before);
	struct tally_result before;
	uint8_t chosen[MOVERS_AT_MOST];
	uint8_t size;
};

static bool search(struct search *s, const struct tally *t, uint8_t depth,
		   uint8_t from)
{
	const struct watch *w = s->end->watch;
	struct tally_result now;
	struct tally with;

	if (depth == s->size) {
		tally_evaluate(&now, t, s->end->rules, s->end->total);
		return s->enough(&now, &s->before);
	}
	for (uint8_t i = from; i < w->mover_count; i++) {
		if (w->mover[i].from == w->mover[i].to)
			continue;
		with = *t;
		move(&with, &w->mover[i]);
		s->chosen[depth] = i;
		if (search(s, &with, depth + 1, i + 1))
			return true;
	}
	return false;
}

/* The fewest movers, at most `most`, heaviest first; false: more it took. */
static bool few_did_it(struct search *s, uint32_t most, struct alert *out)
{
	assert(most <= MOVERS_AT_MOST);
	for (s->size = 1; s->size <= most; s->size++) {
		if (!search(s, &s->end->watch->before, 0, 0))
			continue;
		out->account_count = s->size;
		for (uint8_t i = 0; i < s->size; i++)
			out->account[i] =
				s->end->watch->mover[s->chosen[i]].account;
		return true;
	}
	return false;
}

static bool turned(const struct tally_result *now,
		   const struct tally_result *before)
{
	return now->would_pass != before->would_pass;
}

static bool brought_quorum(const struct tally_result *now,
			   const struct tally_result *before)
{
	return now->quorum_met && !before->quorum_met;
}

/* False when the window saw nothing. */
static bool search_init(struct search *s, const struct watch_end *end,
			struct tally_result *now)
{
	if (!end->watch->late)
		return false;
	s->end = end;
	tally_evaluate(&s->before, &end->watch->before, end->rules, end->total);
	tally_evaluate(now, end->tally, end->rules, end->total);
	return true;
}

bool detect_late_swing(const struct watch_end *end, struct alert *out)
{
	struct search s = {.enough = turned};
	struct tally_result now;

	if (!search_init(&s, end, &now) || !turned(&now, &s.before) ||
	    !few_did_it(&s, end->limits.swing_accounts, out))
		return false;
	out->figure[0] = s.size;
	out->figure[1] = s.before.would_pass;
	for (uint8_t i = 0; i < s.size; i++)
		out->figure[2] += end->watch->mover[s.chosen[i]].weight;
	out->figure[3] = watch_cast(end);
	return true;
}

bool detect_sniping(const struct watch_end *end, struct alert *out)
{
	struct search s = {.enough = brought_quorum};
	struct tally_result now;

	if (!search_init(&s, end, &now) || !now.would_pass ||
	    !brought_quorum(&now, &s.before) ||
	    !few_did_it(&s, end->limits.snipe_accounts, out))
		return false;
	out->figure[0] = s.size;
	out->figure[1] = s.before.quorum_reached;
	out->figure[2] = now.quorum_required;
	out->figure[3] = now.quorum_reached;
	return true;
}
