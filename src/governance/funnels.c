#include "governance/funnels.h"

#include <string.h>

/* NULL when it finds no place. */
static struct funnel *funnel_of(struct funnels *f, uint32_t account)
{
	for (uint8_t i = 0; i < f->count; i++)
		if (f->list[i].account == account)
			return &f->list[i];
	if (f->count < FUNNELS_MAX) {
		f->list[f->count] = (struct funnel){.account = account};
		return &f->list[f->count++];
	}
	for (uint8_t i = f->count; i-- > 0;)
		if (--f->list[i].count == 0)
			f->list[i] = f->list[--f->count];
	return NULL;
}

bool detect_funnel(struct funnels *f, uint32_t epoch, uint32_t delegate,
		   uint64_t tokens, const struct funnel_limits *limits,
		   struct alert *out)
{
	struct funnel *one;

	if (f->epoch != epoch) {
		f->epoch = epoch;
		f->count = 0;
	}
	one = funnel_of(f, delegate);
	if (!one)
		return false;
	one->count++;
	one->tokens += tokens;
	if (one->told || one->count < limits->delegations || one->tokens == 0 ||
	    (unsigned __int128)one->tokens * BP_ONE <
		    (unsigned __int128)limits->total * limits->share_bp)
		return false;
	one->told = true;
	memset(out, 0, sizeof(*out));
	out->kind = DETECT_FUNNEL;
	out->account_count = 1;
	out->account[0] = delegate;
	out->figure[0] = one->count;
	out->figure[1] = watch_share_bp(one->tokens, limits->total);
	out->figure[2] = one->tokens;
	out->figure[3] = epoch;
	return true;
}
