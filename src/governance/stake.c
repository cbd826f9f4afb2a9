#include "governance/stake.h"

#include "base/arena.h"
#include "base/assert.h"

#include <string.h>

#define GRID 16 /* lots a maturity period, at most one more */

uint64_t stake_mature_ms(uint64_t time_ms, uint64_t maturity_ms)
{
	uint64_t step = maturity_ms / GRID > 0 ? maturity_ms / GRID : 1;
	uint64_t due = time_ms + maturity_ms;

	if (maturity_ms == 0)
		return time_ms;
	if (due < time_ms || due > UINT64_MAX - step)
		return UINT64_MAX; /* A hostile block time must not wrap. */
	return (due + step - 1) / step * step;
}

uint64_t stake_held(const struct governance_account *x)
{
	return x->power.tokens + x->maturing;
}

uint64_t stake_free(const struct governance_account *x)
{
	return stake_held(x) - x->locked;
}

/* The lot of this time, made where it belongs if there is none. */
static struct stake_lot *lot_at(struct governance_account *x,
				uint64_t mature_ms)
{
	struct stake_lots *lots = x->lots;
	uint32_t at = lots ? lots->count : 0;

	while (at > 0 && lots->list[at - 1].mature_ms > mature_ms)
		at--;
	if (at > 0 && lots->list[at - 1].mature_ms == mature_ms)
		return &lots->list[at - 1];
	if (!lots || lots->count == lots->room) {
		uint32_t count = lots ? lots->count : 0;

		lots = mem_resize(lots, sizeof(*lots) +
						(2 * count + 2) *
							sizeof(lots->list[0]));
		lots->count = count;
		lots->room = 2 * count + 2;
		x->lots = lots;
	}
	memmove(&lots->list[at + 1], &lots->list[at],
		(lots->count - at) * sizeof(lots->list[0]));
	lots->count++;
	lots->list[at] = (struct stake_lot){mature_ms, 0};
	return &lots->list[at];
}

static void arm(struct accounts *a, uint32_t account)
{
	const struct stake_lots *lots = a->list[account].lots;

	if (lots && lots->count > 0)
		deadlines_set(&a->maturities, account, lots->list[0].mature_ms);
	else
		deadlines_clear(&a->maturities, account);
}

void stake_put(struct accounts *a, uint32_t account, uint64_t from,
	       uint64_t amount, uint64_t mature_ms, uint64_t time_ms)
{
	struct governance_account *x = &a->list[account];

	if (mature_ms <= time_ms) {
		accounts_set(a, account, from, x->power.tokens + amount,
			     x->power.reputation);
		return;
	}
	lot_at(x, mature_ms)->amount += amount;
	x->maturing += amount;
	arm(a, account);
	accounts_mark(a, account);
}

void stake_take(struct accounts *a, uint32_t account, uint64_t from,
		uint64_t amount)
{
	struct governance_account *x = &a->list[account];

	assert(amount <= stake_held(x));
	while (amount > 0 && x->maturing > 0) {
		struct stake_lot *last = &x->lots->list[x->lots->count - 1];
		uint64_t part = amount < last->amount ? amount : last->amount;

		last->amount -= part;
		x->maturing -= part;
		amount -= part;
		if (last->amount == 0)
			x->lots->count--;
	}
	arm(a, account);
	accounts_mark(a, account);
	if (amount > 0)
		accounts_set(a, account, from, x->power.tokens - amount,
			     x->power.reputation);
}

bool stake_load_lot(struct accounts *a, uint32_t account,
		    const struct stake_lot *lot)
{
	struct governance_account *x = &a->list[account];
	uint32_t count = x->lots ? x->lots->count : 0;

	if (lot->amount == 0 || lot->amount > LIMIT_STAKE_TOTAL - x->maturing ||
	    (count > 0 && lot->mature_ms <= x->lots->list[count - 1].mature_ms))
		return false;
	lot_at(x, lot->mature_ms)->amount = lot->amount;
	x->maturing += lot->amount;
	arm(a, account);
	return true;
}

bool stake_mature_next(struct accounts *a, uint64_t from, uint64_t time_ms)
{
	struct governance_account *x;
	struct deadline due;
	uint64_t amount;

	if (!deadlines_first(&a->maturities, &due) || due.time_ms > time_ms)
		return false;
	x = &a->list[due.number];
	amount = x->lots->list[0].amount;
	x->lots->count--;
	memmove(&x->lots->list[0], &x->lots->list[1],
		x->lots->count * sizeof(x->lots->list[0]));
	x->maturing -= amount;
	arm(a, due.number);
	accounts_set(a, due.number, from, x->power.tokens + amount,
		     x->power.reputation);
	return true;
}
