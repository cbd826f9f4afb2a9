/* Which accounts voted on one proposal: a bit each, in pages that are made when
 * somebody in them votes. */
#ifndef BCAI_GOVERNANCE_VOTERS_H
#define BCAI_GOVERNANCE_VOTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VOTERS_PAGE_ACCOUNTS 4096u

struct voters {
	uint64_t **page; /* Owned, as are the pages; NULL: nobody there. */
	uint32_t pages;
};

/* All zeros is an empty one. */
void voters_fini(struct voters *v);
void voters_add(struct voters *v, uint32_t account);

static inline bool voters_has(const struct voters *v, uint32_t account)
{
	uint32_t page = account / VOTERS_PAGE_ACCOUNTS;
	uint32_t bit = account % VOTERS_PAGE_ACCOUNTS;

	return page < v->pages && v->page[page] &&
	       (v->page[page][bit / 64] >> bit % 64 & 1) != 0;
}

#endif
