#include "node/quota.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

/* Until one of many that wait is likely to be final. */
#define FULL_RETRY_MS 250u
#define IDLE_MS	      1000u

struct quota_account {
	struct public_key key;
	struct bucket bucket;
	uint32_t pooled;
	uint64_t idle_ms; /* since when nothing is pooled */
	struct quota_account *prev, *next;
	UT_hash_handle hh;
};

void quotas_init(struct quotas *q, uint64_t rate)
{
	q->by_key = NULL;
	q->idle = NULL;
	q->rate = rate;
	q->paused = false;
}

void quotas_fini(struct quotas *q)
{
	struct quota_account *a, *next;

	HASH_ITER (hh, q->by_key, a, next) {
		HASH_DEL(q->by_key, a);
		free(a);
	}
	q->idle = NULL;
}

static struct quota_account *find(const struct quotas *q,
				  const struct public_key *key)
{
	struct quota_account *a;

	HASH_FIND(hh, q->by_key, key, sizeof(*key), a);
	return a;
}

static struct quota_account *get(struct quotas *q, const struct public_key *key,
				 uint64_t now_ms)
{
	struct quota_account *a = find(q, key);

	if (a)
		return a;
	a = mem_alloc(sizeof(*a));
	a->key = *key;
	a->idle_ms = now_ms;
	HASH_ADD(hh, q->by_key, key, sizeof(a->key), a);
	DL_APPEND(q->idle, a);
	return a;
}

enum err quota_take(struct quotas *q, const struct public_key *account,
		    uint64_t now_ms, uint32_t *retry_after_ms,
		    struct err_text *text)
{
	struct quota_account *a = get(q, account, now_ms);

	if (a->pooled >= QUOTA_POOLED) {
		*retry_after_ms = FULL_RETRY_MS;
		return err_set(text, ERR_RATE_LIMITED,
			       "%u transactions of the account are waiting",
			       QUOTA_POOLED);
	}
	if (q->rate > 0 && !q->paused &&
	    !bucket_take(&a->bucket, now_ms, 1, q->rate, q->rate)) {
		*retry_after_ms =
			(uint32_t)bucket_wait_ms(&a->bucket, 1, q->rate);
		return err_set(text, ERR_RATE_LIMITED,
			       "an account may send %llu transactions a second",
			       (unsigned long long)q->rate);
	}
	if (a->pooled++ == 0)
		DL_DELETE(q->idle, a);
	return ERR_OK;
}

void quota_end(struct quotas *q, const struct public_key *account,
	       uint64_t now_ms, bool counts)
{
	struct quota_account *a = find(q, account);

	assert(a && a->pooled > 0);
	if (!counts)
		bucket_give_back(&a->bucket, 1, q->rate);
	if (--a->pooled > 0)
		return;
	a->idle_ms = now_ms;
	DL_APPEND(q->idle, a);
}

void quotas_sweep(struct quotas *q, uint64_t now_ms)
{
	while (q->idle && q->idle->idle_ms + IDLE_MS <= now_ms) {
		struct quota_account *a = q->idle;

		DL_DELETE(q->idle, a);
		HASH_DEL(q->by_key, a);
		free(a);
	}
}

size_t quotas_count(const struct quotas *q)
{
	return HASH_COUNT(q->by_key);
}
