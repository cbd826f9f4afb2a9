/* Any bytes as a sign log: no crash, and what is accepted obeys the rules.
 *
 * Half of the inputs get a good header, so that records are reached. */
#include "base/arena.h"
#include "base/assert.h"
#include "storage/signlog.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 80u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	size_t bytes;
	uint64_t records;
};

static enum err count(void *context, struct bytes payload)
{
	struct tally *t = context;

	assert(payload.size > 0 && payload.size <= SIGNLOG_PAYLOAD_MAX);
	t->bytes += 8 + payload.size;
	t->records++;
	return ERR_OK;
}

static void write_header(uint8_t out[HEADER_BYTES],
			 const struct signlog_identity *me)
{
	struct writer w;

	writer_init(&w, out, HEADER_BYTES);
	write_bytes(&w, "bcaisign", 8);
	write_u32(&w, 1);
	write_bytes(&w, me->genesis.b, HASH_BYTES);
	write_bytes(&w, me->key.b, PUBLIC_KEY_BYTES);
	write_u32(&w, crc32c(0, out, HEADER_BYTES - 4));
}

static void parse(const uint8_t *data, size_t size,
		  const struct signlog_identity *me)
{
	struct signlog_summary summary, again;
	struct tally t = {HEADER_BYTES, 0};

	if (signlog_parse(&summary, data, size, me, count, &t, NULL) != ERR_OK)
		return;
	assert(summary.records == t.records);
	assert(summary.good_bytes == t.bytes);
	assert(summary.good_bytes + summary.torn_bytes == size);
	/* Once cut, it is a good log of the same records. */
	assert(signlog_parse(&again, data, summary.good_bytes, me, NULL, NULL,
			     NULL) == ERR_OK);
	assert(again.records == summary.records && again.torn_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct signlog_identity ME = {{{1, 2, 3}}, {{4, 5, 6}}};
	uint8_t *log;

	parse(data, size, &ME);
	log = mem_alloc(HEADER_BYTES + size);
	write_header(log, &ME);
	if (size > 0)
		memcpy(log + HEADER_BYTES, data, size);
	parse(log, HEADER_BYTES + size, &ME);
	free(log);
	return 0;
}
