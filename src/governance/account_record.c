/* What is stored of an account: what it has, what it had where an open vote
 * needs that, and its lots. */
#include "governance/account_record.h"

#include "base/arena.h"
#include "governance/stake.h"

#include <string.h>

#define FLAG_EXCLUDED 1u
#define LOTS_MAX      1024u

void account_record_write(struct writer *w, const struct governance_account *x)
{
	const struct account_history *h = x->history;
	const struct stake_lots *lots = x->lots;
	uint32_t versions = h ? h->count : 0;
	uint32_t lot_count = lots ? lots->count : 0;

	write_bytes(w, x->key.b, sizeof(x->key.b));
	write_u8(w, x->excluded ? FLAG_EXCLUDED : 0);
	write_varint(w, x->birth);
	write_varint(w, x->funder == NO_ACCOUNT ? 0 : UINT64_C(1) + x->funder);
	write_varint(w, x->from);
	write_varint(w, x->power.tokens);
	write_varint(w, x->base);
	write_varint(w, x->base_epoch);
	write_varint(w, lot_count);
	for (uint32_t i = 0; i < lot_count; i++) {
		write_varint(w, lots->list[i].mature_ms);
		write_varint(w, lots->list[i].amount);
	}
	write_varint(w, versions);
	for (uint32_t i = 0; i < versions; i++) {
		write_varint(w, h->list[i].from);
		write_varint(w, h->list[i].stake);
		write_varint(w, h->list[i].reputation);
		write_varint(w, h->list[i].epoch);
	}
}

static void read_lots(struct reader *r, struct accounts *a, uint32_t account)
{
	uint64_t count = read_varint_max(r, LOTS_MAX);

	for (uint64_t i = 0; i < count && !r->bad; i++) {
		struct stake_lot lot;

		lot.mature_ms = read_varint(r);
		lot.amount = read_varint_max(r, LIMIT_STAKE_TOTAL);
		if (!r->bad && !stake_load_lot(a, account, &lot))
			r->bad = true;
	}
}

static void read_history(struct reader *r, struct governance_account *x)
{
	uint32_t count = (uint32_t)read_varint_max(r, LIMIT_PROPOSALS_OPEN);
	uint64_t least = 0;

	if (r->bad || count == 0)
		return;
	x->history = mem_alloc(sizeof(*x->history) +
			       count * sizeof(x->history->list[0]));
	x->history->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct account_version *v = &x->history->list[i];

		v->from = read_varint_max(r, x->from);
		v->stake = read_varint_max(r, LIMIT_STAKE_TOTAL);
		v->reputation = read_varint_max(r, LIMIT_REPUTATION_TOTAL);
		v->epoch = (uint32_t)read_varint_max(r, UINT32_MAX);
		if (v->from == x->from || v->from < least)
			r->bad = true;
		least = v->from + 1;
	}
}

enum err account_record_load(struct accounts *a, struct bytes value)
{
	struct governance_account new = {0}, *x;
	struct reader r;
	uint32_t account;

	reader_init(&r, value.data, value.size);
	read_copy(&r, new.key.b, sizeof(new.key.b));
	new.excluded = read_u8(&r) == FLAG_EXCLUDED;
	if (value.size > 32 && value.data[32] > FLAG_EXCLUDED)
		r.bad = true;
	new.birth = read_varint(&r);
	new.funder = (uint32_t)read_varint_max(&r, a->count) - 1;
	new.from = read_varint(&r);
	new.power.tokens = read_varint_max(&r, LIMIT_STAKE_TOTAL);
	new.base = read_varint_max(&r, LIMIT_REPUTATION_TOTAL);
	new.base_epoch = (uint32_t)read_varint_max(&r, UINT32_MAX);
	if (r.bad || accounts_find(a, &account, &new.key))
		return ERR_DATA_DAMAGED;
	new.power.quadratic = power_quadratic(new.power.tokens);
	account = accounts_add(a, &new);
	x = &a->list[account];
	read_lots(&r, a, account);
	read_history(&r, x);
	return reader_done(&r) ? ERR_OK : ERR_DATA_DAMAGED;
}
