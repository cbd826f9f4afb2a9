/* Read and write fixed layouts: bounded, big-endian, with a sticky error.
 *
 * A reader or writer that runs out of room turns bad, returns zeros or
 * ignores what follows, and stays bad: check once at the end. Nothing here
 * allocates. Everything that is signed or hashed goes through this module,
 * never through protobuf. */
#ifndef BCAI_BASE_BYTES_H
#define BCAI_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes { /* Borrowed. */
	const uint8_t *data;
	size_t size;
};

struct reader {
	const uint8_t *data; /* Borrowed. */
	size_t size;
	size_t offset;
	bool bad;
};

struct writer {
	uint8_t *data; /* Borrowed. */
	size_t capacity;
	size_t size;
	bool bad;
};

void reader_init(struct reader *r, const void *data, size_t size);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* Seven bits a byte, the low ones first, the top bit set on all but the last
 * (unsigned LEB128). Bad when longer than needed or beyond 64 bits: a number
 * has one encoding. */
uint64_t read_varint(struct reader *r);
/* The same; bad when above `max`. */
uint64_t read_varint_max(struct reader *r, uint64_t max);
/* Copy exactly `size` bytes; zeros when there are not as many left. */
void read_copy(struct reader *r, void *out, size_t size);
/* Lend the next `size` bytes; NULL when there are not as many left. */
const uint8_t *read_lend(struct reader *r, size_t size);
/* A u32 length followed by that many bytes; bad when above `max`. */
struct bytes read_blob(struct reader *r, size_t max);
size_t reader_left(const struct reader *r);
/* All read, nothing left, nothing wrong. */
bool reader_done(const struct reader *r);

void writer_init(struct writer *w, void *data, size_t capacity);
void write_u8(struct writer *w, uint8_t v);
void write_u16(struct writer *w, uint16_t v);
void write_u32(struct writer *w, uint32_t v);
void write_u64(struct writer *w, uint64_t v);
#define VARINT_BYTES_MAX 10
void write_varint(struct writer *w, uint64_t v);
void write_bytes(struct writer *w, const void *data, size_t size);
void write_blob(struct writer *w, const void *data, size_t size);

/* CRC-32C (Castagnoli), for records in files; `crc` is 0 at the start. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);

#endif
