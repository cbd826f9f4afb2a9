#include "consensus/block.h"

#include "base/assert.h"

#include <string.h>

void block_header_write(struct writer *w, const struct block_header *h)
{
	write_u32(w, h->epoch);
	write_u64(w, h->view);
	write_u64(w, h->height);
	write_u64(w, h->parent_view);
	write_bytes(w, h->parent.b, HASH_BYTES);
	write_u64(w, h->time_ms);
	write_u32(w, h->proposer);
	write_bytes(w, h->payload.b, HASH_BYTES);
	write_bytes(w, h->evidence.b, HASH_BYTES);
	write_bytes(w, h->set_change.b, HASH_BYTES);
}

void block_header_read(struct reader *r, struct block_header *h)
{
	h->epoch = read_u32(r);
	h->view = read_u64(r);
	h->height = read_u64(r);
	h->parent_view = read_u64(r);
	read_copy(r, h->parent.b, HASH_BYTES);
	h->time_ms = read_u64(r);
	h->proposer = read_u32(r);
	read_copy(r, h->payload.b, HASH_BYTES);
	read_copy(r, h->evidence.b, HASH_BYTES);
	read_copy(r, h->set_change.b, HASH_BYTES);
}

void block_digest(struct hash *out, const struct hash *genesis,
		  const struct block_header *h)
{
	uint8_t bytes[HASH_BYTES + BLOCK_HEADER_BYTES];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_bytes(&w, genesis->b, HASH_BYTES);
	block_header_write(&w, h);
	assert(!w.bad && w.size == sizeof(bytes));
	hash_bytes(out, "bcai-gov/block/1", bytes, sizeof(bytes));
}

void block_genesis(struct block_header *header, struct hash *digest,
		   const struct hash *genesis, uint64_t time_ms)
{
	memset(header, 0, sizeof(*header));
	header->time_ms = time_ms;
	block_digest(digest, genesis, header);
}

bool block_has_content(const struct block_header *h)
{
	return !hash_is_zero(&h->payload) || !hash_is_zero(&h->evidence) ||
	       !hash_is_zero(&h->set_change);
}
