#include "governance/index.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

/* Treaps: search trees by (key, number), heaps by a number's hash, which
 * keeps their expected height at about 3 * log2(n) in any order of changes.
 * Node n of an order belongs to proposal n; 0 is no node. */
struct node {
	uint64_t key;
	uint32_t left, right;
};

struct entry {
	struct node nodes[PROPOSAL_ORDERS];
	uint64_t deposit;
	uint32_t turnout;
	uint8_t type;
	uint8_t state;
	bool present;
	bool touched;
	bool opened; /* its snapshot is listed */
};

struct proposal_index {
	struct entry *entries; /* Owned; by number. */
	uint32_t capacity;
	uint32_t roots[PROPOSAL_ORDERS][PROPOSAL_TYPES + 1][INDEX_STATES];
	uint32_t counts[PROPOSAL_TYPES + 1][INDEX_STATES];
	uint32_t *touched; /* Owned. */
	uint32_t touched_count;
	uint32_t touched_capacity;
	uint64_t *opened; /* Owned; heights of snapshots, ascending. */
	uint32_t opened_count;
	uint32_t opened_capacity;
	struct index_ended ended;
	uint64_t deposits;
};

const char *proposal_order_name(uint32_t order)
{
	static const char *const names[] = {
		[ORDER_NUMBER] = "number",
		[ORDER_SUBMITTED] = "submitted",
		[ORDER_CLOSING] = "closing",
		[ORDER_TURNOUT] = "turnout",
	};

	return order < sizeof(names) / sizeof(names[0]) ? names[order] : NULL;
}

struct proposal_index *index_new(void)
{
	return mem_alloc(sizeof(struct proposal_index));
}

void index_free(struct proposal_index **ix)
{
	struct proposal_index *old = *ix;

	*ix = NULL;
	if (!old)
		return;
	free(old->entries);
	free(old->touched);
	free(old->opened);
	free(old);
}

/* ---- Trees ---- */

static struct node *node_of(const struct proposal_index *ix,
			    enum proposal_order order, uint32_t number)
{
	return &ix->entries[number].nodes[order];
}

static uint32_t priority_of(uint32_t number)
{
	number = (number ^ number >> 16) * UINT32_C(0x7feb352d);
	number = (number ^ number >> 15) * UINT32_C(0x846ca68b);
	return number ^ number >> 16;
}

static bool is_below(uint64_t key, uint32_t number, uint64_t other_key,
		     uint32_t other)
{
	return key != other_key ? key < other_key : number < other;
}

/* What stands below (key, number) to the left, the rest to the right. */
static void split(struct proposal_index *ix, enum proposal_order order,
		  uint32_t root, struct index_place at, uint32_t sides[2])
{
	uint32_t *left = &sides[0], *right = &sides[1];

	while (root) {
		struct node *n = node_of(ix, order, root);

		if (is_below(n->key, root, at.key, at.number)) {
			*left = root;
			left = &n->right;
			root = n->right;
		} else {
			*right = root;
			right = &n->left;
			root = n->left;
		}
	}
	*left = 0;
	*right = 0;
}

/* All of `a` stands below all of `b`. */
static uint32_t merge(struct proposal_index *ix, enum proposal_order order,
		      uint32_t a, uint32_t b)
{
	uint32_t root = 0, *to = &root;

	while (a && b) {
		if (priority_of(a) > priority_of(b)) {
			*to = a;
			to = &node_of(ix, order, a)->right;
			a = *to;
		} else {
			*to = b;
			to = &node_of(ix, order, b)->left;
			b = *to;
		}
	}
	*to = a ? a : b;
	return root;
}

static uint32_t *root_of(struct proposal_index *ix, enum proposal_order order,
			 const struct entry *e)
{
	return &ix->roots[order][e->type][e->state];
}

static void plant(struct proposal_index *ix, enum proposal_order order,
		  uint32_t number, uint64_t key)
{
	uint32_t *root = root_of(ix, order, &ix->entries[number]);
	struct node *n = node_of(ix, order, number);
	uint32_t sides[2];

	split(ix, order, *root, (struct index_place){key, number}, sides);
	n->key = key;
	n->left = n->right = 0;
	*root = merge(ix, order, merge(ix, order, sides[0], number), sides[1]);
}

/* Nothing when it is not in that order. */
static void uproot(struct proposal_index *ix, enum proposal_order order,
		   uint32_t number)
{
	uint32_t *at = root_of(ix, order, &ix->entries[number]);
	uint64_t key = node_of(ix, order, number)->key;

	while (*at && *at != number) {
		struct node *n = node_of(ix, order, *at);

		at = is_below(n->key, *at, key, number) ? &n->right : &n->left;
	}
	if (*at)
		*at = merge(ix, order, node_of(ix, order, number)->left,
			    node_of(ix, order, number)->right);
}

/* ---- Changes ---- */

static void make_room(struct proposal_index *ix, uint32_t number)
{
	uint32_t capacity = number < 32 ? 64 : 2 * number;

	if (number < ix->capacity)
		return;
	ix->entries = mem_resize(ix->entries, capacity * sizeof(*ix->entries));
	memset(ix->entries + ix->capacity, 0,
	       (capacity - ix->capacity) * sizeof(*ix->entries));
	ix->capacity = capacity;
}

/* False: not in that order. */
static bool key_of(const struct proposal *p, uint32_t turnout,
		   enum proposal_order order, uint64_t *key)
{
	*key = 0;
	switch (order) {
	case ORDER_NUMBER:
		return true;
	case ORDER_SUBMITTED:
		*key = p->submitted_ms;
		return *key > 0;
	case ORDER_CLOSING:
		*key = p->voting_end_ms;
		return *key > 0;
	case ORDER_TURNOUT:
		*key = turnout;
		return proposal_was_opened(p);
	case ORDER_PROPOSER:
		*key = p->proposer;
		return true;
	}
	return false;
}

static void count_ended(struct proposal_index *ix, const struct proposal *p,
			uint32_t turnout, uint64_t sign)
{
	if (!proposal_was_opened(p) || p->state == STATE_VOTING)
		return;
	ix->ended.votes += sign;
	ix->ended.turnout_sum += sign * turnout;
	for (size_t i = 0; i < CHOICES; i++)
		ix->ended.voters_sum += sign * p->tally.choice[i].voters;
	ix->ended.eligible_sum += sign * p->total.voters;
}

/* Votes open in order; only reading back brings them out of it. */
static void list_opened(struct proposal_index *ix, uint64_t height)
{
	uint32_t at = ix->opened_count;

	if (ix->opened_count == ix->opened_capacity) {
		ix->opened_capacity =
			ix->opened_capacity ? 2 * ix->opened_capacity : 64;
		ix->opened = mem_resize(
			ix->opened, ix->opened_capacity * sizeof(*ix->opened));
	}
	while (at > 0 && ix->opened[at - 1] > height)
		at--;
	memmove(&ix->opened[at + 1], &ix->opened[at],
		(ix->opened_count - at) * sizeof(*ix->opened));
	ix->opened[at] = height;
	ix->opened_count++;
}

void index_add(struct proposal_index *ix, const struct proposal *p,
	       uint32_t turnout)
{
	struct entry *e;
	uint64_t key;

	assert((uint32_t)p->state < INDEX_STATES);
	make_room(ix, p->number);
	e = &ix->entries[p->number];
	assert(!e->present);
	e->present = true;
	e->type = (uint8_t)p->type;
	e->state = (uint8_t)p->state;
	e->turnout = proposal_was_opened(p) ? turnout : 0;
	e->deposit = p->deposit;
	ix->deposits += e->deposit;
	if (p->snapshot_height > 0 && !e->opened) {
		e->opened = true;
		list_opened(ix, p->snapshot_height);
	}
	ix->counts[e->type][e->state]++;
	count_ended(ix, p, e->turnout, 1);
	for (uint32_t o = 0; o < PROPOSAL_ORDERS; o++) {
		if (key_of(p, turnout, o, &key))
			plant(ix, o, p->number, key);
	}
}

void index_remove(struct proposal_index *ix, const struct proposal *p)
{
	struct entry *e;

	if (p->number >= ix->capacity || !ix->entries[p->number].present)
		return;
	e = &ix->entries[p->number];
	ix->counts[e->type][e->state]--;
	ix->deposits -= e->deposit;
	count_ended(ix, p, e->turnout, (uint64_t)-1);
	for (uint32_t o = 0; o < PROPOSAL_ORDERS; o++)
		uproot(ix, o, p->number);
	e->present = false;
}

void index_touch(struct proposal_index *ix, uint32_t number)
{
	if (number >= ix->capacity || !ix->entries[number].present ||
	    ix->entries[number].touched)
		return;
	if (ix->touched_count == ix->touched_capacity) {
		ix->touched_capacity =
			ix->touched_capacity ? 2 * ix->touched_capacity : 64;
		ix->touched =
			mem_resize(ix->touched,
				   ix->touched_capacity * sizeof(*ix->touched));
	}
	ix->touched[ix->touched_count++] = number;
	ix->entries[number].touched = true;
}

uint32_t index_touched(const struct proposal_index *ix)
{
	return ix->touched_count ? ix->touched[ix->touched_count - 1] : 0;
}

static void replant(struct proposal_index *ix, const struct proposal *p,
		    enum proposal_order order, uint32_t turnout)
{
	uint64_t key;

	uproot(ix, order, p->number);
	if (key_of(p, turnout, order, &key))
		plant(ix, order, p->number, key);
}

void index_renew(struct proposal_index *ix, const struct proposal *p,
		 uint32_t turnout)
{
	struct entry *e = &ix->entries[p->number];

	assert(index_touched(ix) == p->number);
	ix->touched_count--;
	e->touched = false;
	ix->deposits += p->deposit - e->deposit;
	e->deposit = p->deposit;
	if (p->voting_end_ms != e->nodes[ORDER_CLOSING].key)
		replant(ix, p, ORDER_CLOSING, turnout);
	if (turnout == e->turnout)
		return;
	count_ended(ix, p, e->turnout, (uint64_t)-1);
	count_ended(ix, p, turnout, 1);
	e->turnout = turnout;
	replant(ix, p, ORDER_TURNOUT, turnout);
}

/* ---- Reading ---- */

uint32_t index_count(const struct proposal_index *ix, enum proposal_type type,
		     enum proposal_state state)
{
	return ix->counts[type][state];
}

const struct index_ended *index_ended(const struct proposal_index *ix)
{
	return &ix->ended;
}

uint32_t index_opened_after(const struct proposal_index *ix, uint64_t height)
{
	uint32_t low = 0, high = ix->opened_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (ix->opened[middle] > height)
			high = middle;
		else
			low = middle + 1;
	}
	return ix->opened_count - low;
}

uint64_t index_deposits(const struct proposal_index *ix)
{
	return ix->deposits;
}

uint32_t index_turnout(const struct proposal_index *ix, uint32_t number)
{
	return number < ix->capacity ? ix->entries[number].turnout : 0;
}

/* The node of the tree that comes first behind `at` in the walk's direction. */
static bool find_behind(struct index_walk *w, struct index_head *head,
			struct index_place at)
{
	uint32_t found = 0, root = head->root;

	while (root) {
		const struct node *n = node_of(w->ix, w->query.order, root);
		bool behind =
			w->query.ascending
				? is_below(at.key, at.number, n->key, root)
				: is_below(n->key, root, at.key, at.number);

		w->steps++;
		if (behind)
			found = root;
		root = behind == w->query.ascending ? n->left : n->right;
	}
	if (!found)
		return false;
	head->number = found;
	head->key = node_of(w->ix, w->query.order, found)->key;
	return w->query.order != ORDER_PROPOSER ||
	       head->key == w->query.proposer;
}

static bool is_wanted(uint32_t mask, uint32_t bit)
{
	return mask == 0 || (mask >> bit & 1);
}

static struct index_place beginning(const struct index_query *q)
{
	bool one = q->order == ORDER_PROPOSER;

	if (q->ascending)
		return (struct index_place){one ? q->proposer : 0, 0};
	return (struct index_place){one ? q->proposer : UINT64_MAX, UINT32_MAX};
}

void index_begin(struct index_walk *w, const struct proposal_index *ix,
		 const struct index_query *query,
		 const struct index_place *after)
{
	struct index_place at = after->number ? *after : beginning(query);

	w->ix = ix;
	w->query = *query;
	w->head_count = 0;
	w->steps = 0;
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		for (uint32_t s = 0; s < INDEX_STATES; s++) {
			struct index_head *head = &w->heads[w->head_count];

			head->root = ix->roots[query->order][t][s];
			if (head->root && is_wanted(query->types, t) &&
			    is_wanted(query->states, s) &&
			    find_behind(w, head, at))
				w->head_count++;
		}
	}
}

bool index_next(struct index_walk *w, struct index_place *out)
{
	struct index_head *best = w->heads;

	if (w->head_count == 0)
		return false;
	for (uint32_t i = 1; i < w->head_count; i++) {
		const struct index_head *head = &w->heads[i];

		w->steps++;
		if (is_below(head->key, head->number, best->key,
			     best->number) == w->query.ascending)
			best = &w->heads[i];
	}
	*out = (struct index_place){best->key, best->number};
	if (!find_behind(w, best, *out))
		*best = w->heads[--w->head_count];
	return true;
}
