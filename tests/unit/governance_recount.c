#include "governance_recount.h"

#include "governance/internal.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* Of one member: who carries what it lets go, and how far that is. */
struct way {
	uint32_t carrier; /* the first voter from here on, itself included */
	uint32_t hops;	  /* to it; UINT32_MAX: there is none */
	uint32_t next;	  /* while the way is being walked */
	uint8_t choice;	  /* of its own ballot; 0: none */
	bool known;
	bool walked;
};

struct count {
	struct carry_graph graph;
	struct way *ways;
	struct power *carried;
};

/* Walk until the answer is known or comes round, then tell it to everybody on
 * the way back. */
static const struct way *way_of(struct count *c, uint32_t account)
{
	uint32_t at = account, back = EDGE_NOBODY;
	struct way end = {.hops = UINT32_MAX};

	while (at != EDGE_NOBODY && !c->ways[at].known && !c->ways[at].walked) {
		uint32_t edge = edges_effective(c->graph.edges, at,
						c->graph.type, &c->graph.at);

		c->ways[at].walked = true;
		c->ways[at].next = back;
		back = at;
		at = edge == EDGE_NONE ? EDGE_NOBODY
				       : c->graph.edges->pool[edge].target;
	}
	if (at != EDGE_NOBODY && c->ways[at].known)
		end = c->ways[at];
	while (back != EDGE_NOBODY) {
		struct way *w = &c->ways[back];

		if (end.hops != UINT32_MAX)
			end.hops++;
		back = w->next;
		w->carrier = end.carrier;
		w->hops = end.hops;
		w->known = true;
	}
	return &c->ways[account];
}

/* `power` arrives at `account` after `hops` hops. */
static void send(struct count *c, uint32_t account, uint32_t hops,
		 const struct power *power)
{
	const struct way *w = way_of(c, account);

	if (w->hops != UINT32_MAX && w->hops + hops <= c->graph.depth)
		power_add(&c->carried[w->carrier], power);
}

static void add_member(struct tally *out, struct count *c, uint32_t account)
{
	struct parcels parcels;

	if (c->ways[account].choice) {
		struct power own;

		accounts_power_at(c->graph.accounts, account, &c->graph.at,
				  &own);
		tally_add(out, c->ways[account].choice, &own);
		return;
	}
	if (edges_owner(c->graph.edges, account).first_out == EDGE_NONE ||
	    !parcels_of(&parcels, &c->graph, account))
		return;
	send(c, account, 0, &parcels.rest);
	for (uint32_t i = 0; i < parcels.count; i++)
		send(c, c->graph.edges->pool[parcels.limited[i].edge].target, 1,
		     &parcels.limited[i].power);
}

void recount(struct tally *out, const struct governance *g, uint32_t number)
{
	const struct entry *e = entry_of(g, number);
	uint32_t count = g->accounts.count;
	struct count c = {
		.graph = {.accounts = &g->accounts,
			  .edges = &g->edges,
			  .type = e->p.type,
			  .depth = e->p.rules.depth},
		.ways = mem_alloc(count * sizeof(*c.ways)),
		.carried = mem_alloc(count * sizeof(*c.carried)),
	};

	memset(out, 0, sizeof(*out));
	proposal_snapshot(&c.graph.at, &e->p);
	for (uint32_t i = 0; i < e->ballots.count; i++) {
		const struct governance_ballot *b = &e->ballots.list[i];

		c.ways[b->account] = (struct way){.carrier = b->account,
						  .choice = b->choice,
						  .known = true};
	}
	for (uint32_t i = 0; i < count; i++)
		add_member(out, &c, i);
	for (uint32_t i = 0; i < e->ballots.count; i++) {
		const struct governance_ballot *b = &e->ballots.list[i];
		struct power counted;

		tally_counted(&counted, &e->p.rules, &e->p.total.power,
			      &c.carried[b->account]);
		power_add(&out->carried[b->choice - 1], &counted);
	}
	free(c.ways);
	free(c.carried);
}
