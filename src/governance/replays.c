#include "governance/replays.h"

#include <string.h>

/* The account's counter; NULL when it finds no place. */
static uint32_t *counter_of(struct replays *r, uint32_t account)
{
	for (uint8_t i = 0; i < r->count; i++)
		if (r->list[i].account == account)
			return &r->list[i].count;
	if (r->count < REPLAYS_MAX) {
		r->list[r->count].account = account;
		r->list[r->count].count = 0;
		return &r->list[r->count++].count;
	}
	for (uint8_t i = r->count; i-- > 0;)
		if (--r->list[i].count == 0)
			r->list[i] = r->list[--r->count];
	return NULL;
}

bool detect_replay(struct replays *r, uint32_t account, uint32_t limit,
		   struct alert *out)
{
	uint32_t *count = counter_of(r, account);

	if (!count || ++*count != limit)
		return false;
	memset(out, 0, sizeof(*out));
	out->kind = DETECT_REPLAY;
	out->account_count = 1;
	out->account[0] = account;
	out->figure[0] = limit;
	return true;
}
