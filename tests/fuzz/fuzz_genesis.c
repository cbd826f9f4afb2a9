/* Any bytes as canonical genesis, as JSON and as CSV: what is accepted is
 * written as canonical bytes that are read as the same genesis. */
#include "admin/genesis_json.h"
#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *canonical(const struct genesis *g)
{
	uint8_t *bytes = mem_alloc(genesis_size(g));
	struct writer w;

	writer_init(&w, bytes, genesis_size(g));
	genesis_write(&w, g);
	assert(!w.bad && w.size == genesis_size(g));
	return bytes;
}

static void again(const struct genesis *g)
{
	struct genesis *copy = mem_alloc(sizeof(*copy));
	uint8_t *bytes = canonical(g);
	enum err err;

	genesis_init(copy);
	err = genesis_read(copy, (struct bytes){bytes, genesis_size(g)}, NULL);
	assert(err == ERR_OK && genesis_size(copy) == genesis_size(g));
	genesis_fini(copy);
	free(copy);
	free(bytes);
}

static enum err get_key(void *context, struct public_key *out, const char *name,
			struct err_text *text)
{
	(void)context;
	(void)text;
	memset(out, name[0], sizeof(*out));
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct genesis_keys keys = {get_key, NULL};
	struct genesis *g = mem_alloc(sizeof(*g));
	struct bytes raw = {data, size};
	struct err_text why;

	genesis_init(g);
	if (genesis_read(g, raw, &why) == ERR_OK) {
		uint8_t *bytes = canonical(g);

		assert(genesis_size(g) == size);
		assert(memcmp(bytes, data, size) == 0);
		free(bytes);
	}
	genesis_fini(g);
	genesis_init(g);
	if (genesis_json_parse(g, raw, "input", &why) == ERR_OK)
		again(g);
	genesis_fini(g);
	genesis_init(g);
	if (genesis_csv_parse(g, raw, "input", &keys, &why) == ERR_OK)
		assert(g->account_count <= size);
	genesis_fini(g);
	free(g);
	return 0;
}
