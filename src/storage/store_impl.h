/* What an implementation of the store gives; for store*.c alone. */
#ifndef BCAI_STORAGE_STORE_IMPL_H
#define BCAI_STORAGE_STORE_IMPL_H

#include "storage/store.h"

/* One change read back from a batch. */
struct store_change {
	struct bytes key;
	struct bytes value; /* NULL data: delete. */
};

/* Walk a batch's changes; false at its end. `offset` starts at 0. */
bool store_batch_next(const struct store_batch *b, size_t *offset,
		      struct store_change *out);

/* True when `key` starts with `prefix`. */
bool store_has_prefix(struct bytes key, struct bytes prefix);

/* Order of keys: bytes, then length. */
int store_compare(struct bytes a, struct bytes b);

struct store_methods {
	void (*close)(struct store *s);
	enum err (*get)(struct store *s, uint8_t **value, size_t *size,
			struct bytes key, struct err_text *text);
	enum err (*write)(struct store *s,
			  const struct store_batch *const *batches,
			  size_t count, bool sync, struct err_text *text);
	enum err (*scan)(struct store *s, struct bytes prefix,
			 struct bytes from, size_t limit, store_visit visit,
			 void *context, struct err_text *text);
	enum err (*last)(struct store *s, struct bytes prefix,
			 store_visit visit, void *context,
			 struct err_text *text);
	enum err (*check)(struct store *s, struct store_stats *stats,
			  struct err_text *text);
	void (*compact)(struct store *s, struct bytes from, struct bytes to);
	uint64_t (*size)(struct store *s);
};

/* First member of each implementation. */
struct store {
	const struct store_methods *methods;
};

#endif
