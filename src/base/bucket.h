/* A token bucket: so much may happen a second, and so much at once.
 *
 * Zeroed it is full. Pure: the time (monotonic, ms) is the caller's. */
#ifndef BCAI_BASE_BUCKET_H
#define BCAI_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint64_t milli; /* thousandths of what may happen now */
	uint64_t filled_ms;
};

/* False, and nothing is taken, when there is too little. */
bool bucket_take(struct bucket *b, uint64_t now_ms, uint64_t amount,
		 uint64_t rate, uint64_t most);
/* What was taken did not count. */
void bucket_give_back(struct bucket *b, uint64_t amount, uint64_t most);
/* After a refusal: how long until there is enough, if nobody else takes. */
uint64_t bucket_wait_ms(const struct bucket *b, uint64_t amount, uint64_t rate);

#endif
