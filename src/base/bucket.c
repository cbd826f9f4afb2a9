#include "base/bucket.h"

bool bucket_take(struct bucket *b, uint64_t now_ms, uint64_t amount,
		 uint64_t rate, uint64_t most)
{
	uint64_t room = most * 1000 - b->milli;
	uint64_t passed = now_ms - b->filled_ms;

	if (b->filled_ms == 0 || passed > room / (rate ? rate : 1))
		b->milli = most * 1000;
	else
		b->milli += passed * rate;
	b->filled_ms = now_ms;
	if (b->milli < amount * 1000)
		return false;
	b->milli -= amount * 1000;
	return true;
}

void bucket_give_back(struct bucket *b, uint64_t amount, uint64_t most)
{
	b->milli += amount * 1000;
	if (b->milli > most * 1000)
		b->milli = most * 1000;
}

uint64_t bucket_wait_ms(const struct bucket *b, uint64_t amount, uint64_t rate)
{
	uint64_t missing = amount * 1000 - b->milli;

	return (missing + rate - 1) / rate;
}
