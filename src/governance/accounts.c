#include "governance/accounts.h"

#include "base/arena.h"
#include "base/assert.h"
#include "governance/stake.h"

#include <stdlib.h>
#include <string.h>

static uint64_t stake_of(const void *context, uint32_t account)
{
	const struct accounts *a = context;

	return a->list[account].power.tokens;
}

static uint64_t reputation_of(const void *context, uint32_t account)
{
	const struct accounts *a = context;

	return a->list[account].power.reputation;
}

void accounts_init(struct accounts *a)
{
	memset(a, 0, sizeof(*a));
	largest_init(&a->by_stake, stake_of, a);
	largest_init(&a->by_reputation, reputation_of, a);
}

void accounts_fini(struct accounts *a)
{
	for (uint32_t i = 0; i < a->count; i++) {
		free(a->list[i].history);
		free(a->list[i].lots);
	}
	free(a->list);
	free(a->slots);
	free(a->snapshots);
	free(a->changed);
	deadlines_fini(&a->maturities);
	largest_fini(&a->by_stake);
	largest_fini(&a->by_reputation);
	memset(a, 0, sizeof(*a));
}

/* ---- The index ---- */

/* Keys are curve points and spread by themselves; the multiplication brings
 * bits of all eight bytes to the top. */
static uint32_t first_slot(const struct accounts *a,
			   const struct public_key *key)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | key->b[i];
	return (uint32_t)(v * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
	       (a->slot_count - 1);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *seek(const struct accounts *a, const struct public_key *key)
{
	uint32_t at = first_slot(a, key);

	while (a->slots[at] != 0 &&
	       !public_key_equal(&a->list[a->slots[at] - 1].key, key))
		at = (at + 1) & (a->slot_count - 1);
	return &a->slots[at];
}

static void make_room(struct accounts *a)
{
	if (a->count == a->capacity) {
		a->capacity = a->capacity ? 2 * a->capacity : 64;
		a->list = mem_resize(a->list, a->capacity * sizeof(*a->list));
	}
	if (a->count + 1 <= a->slot_count / 4 * 3)
		return;
	free(a->slots);
	a->slot_count = a->slot_count ? 2 * a->slot_count : 128;
	a->slots = mem_alloc(a->slot_count * sizeof(*a->slots));
	for (uint32_t i = 0; i < a->count; i++)
		*seek(a, &a->list[i].key) = i + 1;
}

uint32_t accounts_add(struct accounts *a,
		      const struct governance_account *account)
{
	uint32_t index;

	make_room(a);
	index = a->count++;
	a->list[index] = *account;
	*seek(a, &account->key) = index + 1;
	largest_add(&a->by_stake);
	largest_add(&a->by_reputation);
	return index;
}

bool accounts_find(const struct accounts *a, uint32_t *account,
		   const struct public_key *key)
{
	uint32_t held;

	if (a->slot_count == 0)
		return false;
	held = *seek(a, key);
	if (held == 0)
		return false;
	*account = held - 1;
	return true;
}

void accounts_mark(struct accounts *a, uint32_t account)
{
	if (a->list[account].changed)
		return;
	a->list[account].changed = true;
	if (a->changed_count == a->changed_room) {
		a->changed_room = a->changed_room ? 2 * a->changed_room : 64;
		a->changed = mem_resize(a->changed,
					a->changed_room * sizeof(uint32_t));
	}
	a->changed[a->changed_count++] = account;
}

/* ---- Reputation ---- */

uint64_t reputation_decayed(const struct accounts *a, uint64_t reputation,
			    uint64_t epochs)
{
	if (a->kept_bp == BP_ONE)
		return reputation;
	for (; epochs > 0 && reputation > 0; epochs--)
		reputation = reputation * a->kept_bp / BP_ONE;
	return reputation;
}

static uint32_t oldest_epoch(const struct accounts *a)
{
	return a->snapshot_count > 0 ? a->snapshots[0].epoch : a->epoch;
}

static void settle_to(struct accounts *a, struct governance_account *x,
		      uint32_t epoch)
{
	if (x->base_epoch >= epoch)
		return;
	x->base = reputation_decayed(a, x->base, epoch - x->base_epoch);
	x->base_epoch = epoch;
}

/* ---- What was ---- */

/* Is there an open snapshot with from <= height < until, or may there be one
 * before the block's transactions? */
static bool is_needed(const struct accounts *a, uint64_t from, uint64_t until)
{
	uint32_t low = 0, high = a->snapshot_count;

	if (a->opening > 0 && from <= a->opening && a->opening < until)
		return true;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (a->snapshots[middle].height < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->snapshot_count && a->snapshots[low].height < until;
}

/* Forget the versions that no open vote needs. */
static void prune(const struct accounts *a, struct governance_account *x)
{
	struct account_history *h = x->history;
	uint32_t kept = 0;

	if (!h)
		return;
	for (uint32_t i = 0; i < h->count; i++) {
		uint64_t until =
			i + 1 < h->count ? h->list[i + 1].from : x->from;

		if (is_needed(a, h->list[i].from, until))
			h->list[kept++] = h->list[i];
	}
	h->count = kept;
	if (kept > 0)
		return;
	free(h);
	x->history = NULL;
}

void accounts_settle(struct accounts *a, struct governance_account *x)
{
	settle_to(a, x, oldest_epoch(a));
	prune(a, x);
}

/* Where a version was pruned, the one before seems to reach further; no
 * snapshot that anybody asks for lies there. */
static void keep_version(struct accounts *a, struct governance_account *x,
			 uint64_t from)
{
	const struct account_version v = {x->from, x->power.tokens, x->base,
					  x->base_epoch};
	struct account_history *h;
	uint32_t count;

	if (x->from == from || !is_needed(a, x->from, from))
		return;
	count = x->history ? x->history->count : 0;
	h = mem_resize(x->history,
		       sizeof(*h) + (count + 1) * sizeof(h->list[0]));
	h->list[count] = v;
	h->count = count + 1;
	x->history = h;
}

/* NULL when the account was not there, or when nobody needs that snapshot. */
static const struct account_version *
version_at(const struct governance_account *x, uint64_t height)
{
	const struct account_history *h = x->history;

	for (uint32_t i = h ? h->count : 0; i > 0; i--) {
		if (h->list[i - 1].from <= height)
			return &h->list[i - 1];
	}
	return NULL;
}

bool accounts_power_at(const struct accounts *a, uint32_t account,
		       const struct snapshot *s, struct power *out)
{
	const struct governance_account *x = &a->list[account];
	const struct account_version *v = NULL;

	memset(out, 0, sizeof(*out));
	if (x->excluded)
		return false;
	if (x->from <= s->height) {
		*out = x->power;
		if (s->epoch != a->epoch || a->turn.active)
			out->reputation = reputation_decayed(
				a, x->base, s->epoch - x->base_epoch);
	} else {
		v = version_at(x, s->height);
		if (!v)
			return false;
		out->tokens = v->stake;
		out->quadratic = power_quadratic(v->stake);
		out->reputation = reputation_decayed(a, v->reputation,
						     s->epoch - v->epoch);
	}
	if (out->reputation > 0 || out->tokens >= s->vote_min_stake)
		return true;
	memset(out, 0, sizeof(*out));
	return false;
}

bool accounts_power_in(const struct accounts *a, uint32_t account,
		       const struct proposal *p, struct power *out)
{
	struct snapshot s;

	proposal_snapshot(&s, p);
	return accounts_power_at(a, account, &s, out);
}

void accounts_keep(struct accounts *a, uint64_t height, uint32_t epoch)
{
	uint32_t at;

	if (a->snapshot_count == a->snapshot_room) {
		a->snapshot_room = a->snapshot_room ? 2 * a->snapshot_room : 16;
		a->snapshots = mem_resize(
			a->snapshots, a->snapshot_room * sizeof(*a->snapshots));
	}
	for (at = a->snapshot_count++;
	     at > 0 && a->snapshots[at - 1].height > height; at--)
		a->snapshots[at] = a->snapshots[at - 1];
	a->snapshots[at] = (struct open_snapshot){height, epoch};
}

void accounts_release(struct accounts *a, uint64_t height)
{
	uint32_t at = 0;

	while (at < a->snapshot_count && a->snapshots[at].height != height)
		at++;
	assert(at < a->snapshot_count);
	a->snapshot_count--;
	memmove(&a->snapshots[at], &a->snapshots[at + 1],
		(a->snapshot_count - at) * sizeof(*a->snapshots));
}

/* ---- Changes ---- */

static bool is_eligible(const struct accounts *a,
			const struct governance_account *x)
{
	return !x->excluded && (x->power.reputation > 0 ||
				x->power.tokens >= a->vote_min_stake);
}

static void join(struct power_sum *total, struct governance_account *x)
{
	if (!x->eligible)
		return;
	power_add(&total->power, &x->power);
	total->voters++;
}

void accounts_set(struct accounts *a, uint32_t account, uint64_t from,
		  uint64_t stake, uint64_t reputation)
{
	struct governance_account *x = &a->list[account];

	assert(!a->turn.active && from >= x->from);
	settle_to(a, x, oldest_epoch(a));
	keep_version(a, x, from);
	if (x->eligible) {
		power_subtract(&a->total.power, &x->power);
		a->total.voters--;
	}
	a->reputation += reputation - x->power.reputation;
	if (reputation != x->power.reputation) {
		x->base = reputation;
		x->base_epoch = a->epoch;
	}
	x->from = from;
	x->power.reputation = reputation;
	if (stake != x->power.tokens)
		x->power.quadratic = power_quadratic(stake);
	if (a->on_stake && stake != x->power.tokens)
		a->on_stake(a->context, account, x->power.tokens, stake);
	x->power.tokens = stake;
	x->eligible = is_eligible(a, x);
	join(&a->total, x);
	largest_changed(&a->by_stake, account);
	largest_changed(&a->by_reputation, account);
	prune(a, x);
	accounts_mark(a, account);
}

/* ---- Epochs ---- */

void accounts_turn_begin(struct accounts *a, uint64_t steps)
{
	assert(!a->turn.active && steps > 0);
	memset(&a->turn, 0, sizeof(a->turn));
	a->turn.active = true;
	a->turn.steps = steps;
}

bool accounts_turn_some(struct accounts *a, uint32_t budget)
{
	/* Without an open vote nobody asks for an epoch before the new one. */
	uint64_t needed = a->snapshot_count > 0 ? oldest_epoch(a)
						: a->epoch + a->turn.steps;

	if (!a->turn.active)
		return true;
	for (; a->turn.next < a->count && budget > 0; budget--) {
		struct governance_account *x = &a->list[a->turn.next++];

		if (x->power.reputation > 0)
			x->power.reputation = reputation_decayed(
				a, x->power.reputation, a->turn.steps);
		settle_to(a, x, (uint32_t)needed);
		prune(a, x);
		x->eligible = is_eligible(a, x);
		join(&a->turn.total, x);
		a->turn.reputation += x->power.reputation;
	}
	if (a->turn.next < a->count)
		return false;
	a->epoch += (uint32_t)a->turn.steps;
	a->total = a->turn.total;
	a->reputation = a->turn.reputation;
	a->turn.active = false;
	return true;
}

bool accounts_recount(struct accounts *a, uint64_t *stake)
{
	memset(&a->total, 0, sizeof(a->total));
	a->reputation = 0;
	*stake = 0;
	for (uint32_t i = 0; i < a->count; i++) {
		struct governance_account *x = &a->list[i];

		if (x->base_epoch > a->epoch)
			return false;
		x->power.reputation = reputation_decayed(
			a, x->base, a->epoch - x->base_epoch);
		largest_changed(&a->by_reputation, i);
		x->eligible = is_eligible(a, x);
		join(&a->total, x);
		a->reputation += x->power.reputation;
		*stake += stake_held(x);
	}
	return true;
}
