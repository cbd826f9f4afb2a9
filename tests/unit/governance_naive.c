#include "governance_naive.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void naive_open(struct naive_vote *v, const struct naive_world *now)
{
	size_t members = (size_t)now->members;

	v->then = *now;
	v->then.member = mem_copy(now->member, members * sizeof(*now->member));
	v->choice = mem_alloc(members * sizeof(*v->choice));
}

void naive_vote_fini(struct naive_vote *v)
{
	free(v->then.member);
	free(v->choice);
}

void naive_result_fini(struct naive_result *r)
{
	free(r->burden);
}

static void drop(struct naive_member *m, int at)
{
	for (int i = at; i + 1 < m->edges; i++)
		m->edge[i] = m->edge[i + 1];
	m->edges--;
}

void naive_delegate(struct naive_member *m, const struct naive_edge *made,
		    uint64_t now_ms)
{
	struct naive_edge old[NAIVE_EDGES];
	int count = m->edges;

	memcpy(old, m->edge, sizeof(old));
	for (int i = count - 1; i >= 0; i--) {
		const struct naive_edge *o = &old[i];
		bool over = o->expires_ms != 0 && o->expires_ms <= now_ms;

		if (over || (o->kind == made->kind &&
			     (o->kind == 1 ||
			      (o->kind == 2 && (o->types & made->types)) ||
			      (o->kind == 3 && o->target == made->target))))
			drop(m, i);
	}
	for (int i = 0; i < count; i++) {
		struct naive_edge rest = old[i];

		if (made->kind != 2 || rest.kind != 2 ||
		    (rest.types & made->types) == 0 ||
		    (rest.types & ~made->types) == 0 ||
		    (rest.expires_ms != 0 && rest.expires_ms <= now_ms))
			continue;
		rest.types &= ~made->types;
		m->edge[m->edges++] = rest;
	}
	m->edge[m->edges++] = *made;
}

void naive_decay(struct naive_world *w, uint64_t epochs)
{
	for (; w->epochs < epochs; w->epochs++)
		for (int i = 0; i < w->members; i++)
			w->member[i].reputation =
				w->member[i].reputation * w->kept_bp / 10000;
}

/* floor(sqrt(tokens * 2^40)), by halving. */
static uint64_t root(uint64_t tokens)
{
	unsigned __int128 square = (unsigned __int128)tokens << 40;
	uint64_t low = 0, high = UINT64_C(1) << 50;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if ((unsigned __int128)middle * middle <= square)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool power_of(struct naive_power *out, const struct naive_vote *v, int i)
{
	const struct naive_member *m = &v->then.member[i];

	out->t = m->tokens;
	out->q = root(m->tokens);
	out->r = m->reputation;
	return m->reputation > 0 || m->tokens >= v->min_stake;
}

static bool is_there(const struct naive_vote *v, const struct naive_edge *e)
{
	return e->expires_ms == 0 || e->expires_ms > v->time_ms;
}

/* Where the rest of member i goes in this vote. */
static int follow(const struct naive_vote *v, int i)
{
	const struct naive_member *m = &v->then.member[i];

	for (int k = 0; k < m->edges; k++)
		if (m->edge[k].kind == 2 && is_there(v, &m->edge[k]) &&
		    (m->edge[k].types >> (v->type - 1) & 1))
			return m->edge[k].target;
	for (int k = 0; k < m->edges; k++)
		if (m->edge[k].kind == 1 && is_there(v, &m->edge[k]))
			return m->edge[k].target;
	return NAIVE_NOBODY;
}

static void add(struct naive_power *to, const struct naive_power *p)
{
	to->t += p->t;
	to->q += p->q;
	to->r += p->r;
}

/* The parcel is at `at` after one hop already. */
static void send(struct naive_result *out, const struct naive_vote *v, int at,
		 const struct naive_power *p)
{
	for (int hops = 1; hops <= v->depth && at != NAIVE_NOBODY; hops++) {
		if (v->choice[at]) {
			add(&out->burden[at], p);
			return;
		}
		at = follow(v, at);
	}
	add(&out->uncast, p);
}

static void count_member(struct naive_result *out, const struct naive_vote *v,
			 int i)
{
	const struct naive_member *m = &v->then.member[i];
	struct naive_power whole, rest;

	if (!power_of(&whole, v, i))
		return;
	add(&out->total, &whole);
	if (v->choice[i]) {
		add(&out->direct[v->choice[i]], &whole);
		out->voters[v->choice[i]]++;
		return;
	}
	rest = whole;
	for (int k = 0; k < m->edges; k++) {
		const struct naive_edge *e = &m->edge[k];
		struct naive_power part;

		if (e->kind != 3 || !is_there(v, e) || rest.t == 0)
			continue;
		part.t = e->amount < rest.t ? e->amount : rest.t;
		part.q = (uint64_t)((unsigned __int128)whole.q * part.t /
				    whole.t);
		part.r = (uint64_t)((unsigned __int128)whole.r * part.t /
				    whole.t);
		rest.t -= part.t;
		rest.q -= part.q;
		rest.r -= part.r;
		send(out, v, e->target, &part);
	}
	send(out, v, follow(v, i), &rest);
}

static uint64_t least(uint64_t a, uint64_t total, uint64_t bp)
{
	uint64_t cap = (uint64_t)((unsigned __int128)total * bp / 10000);

	return a < cap ? a : cap;
}

void naive_count(struct naive_result *out, const struct naive_vote *v)
{
	memset(out, 0, sizeof(*out));
	out->burden = mem_alloc((size_t)v->then.members * sizeof(*out->burden));
	for (int i = 0; i < v->then.members; i++)
		count_member(out, v, i);
	for (int i = 0; i < v->then.members; i++) {
		const struct naive_power *b = &out->burden[i];
		const struct naive_power counted = {
			least(b->t, out->total.t, v->cap_bp),
			least(b->q, out->total.q, v->cap_bp),
			least(b->r, out->total.r, v->cap_bp),
		};

		add(&out->carried[v->choice[i]], &counted);
	}
}
