#include "governance/voters.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void voters_fini(struct voters *v)
{
	for (uint32_t i = 0; i < v->pages; i++)
		free(v->page[i]);
	free(v->page);
	memset(v, 0, sizeof(*v));
}

void voters_add(struct voters *v, uint32_t account)
{
	uint32_t page = account / VOTERS_PAGE_ACCOUNTS;
	uint32_t bit = account % VOTERS_PAGE_ACCOUNTS;

	if (page >= v->pages) {
		v->page = mem_resize(v->page, (page + 1) * sizeof(*v->page));
		memset(v->page + v->pages, 0,
		       (page + 1 - v->pages) * sizeof(*v->page));
		v->pages = page + 1;
	}
	if (!v->page[page])
		v->page[page] = mem_alloc(VOTERS_PAGE_ACCOUNTS / 8);
	v->page[page][bit / 64] |= UINT64_C(1) << bit % 64;
}
