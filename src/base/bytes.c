#include "base/bytes.h"

#include <string.h>

void reader_init(struct reader *r, const void *data, size_t size)
{
	r->data = data;
	r->size = size;
	r->offset = 0;
	r->bad = false;
}

const uint8_t *read_lend(struct reader *r, size_t size)
{
	const uint8_t *at;

	if (r->bad || size > r->size - r->offset) {
		r->bad = true;
		return NULL;
	}
	at = r->data + r->offset;
	r->offset += size;
	return at;
}

static uint64_t read_number(struct reader *r, size_t size)
{
	const uint8_t *at = read_lend(r, size);
	uint64_t v = 0;

	if (!at)
		return 0;
	for (size_t i = 0; i < size; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_number(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)read_number(r, 2);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_number(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_number(r, 8);
}

uint64_t read_varint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = read_u8(r);

		if ((shift > 0 && byte == 0) || (shift == 63 && byte > 1))
			r->bad = true;
		if (r->bad)
			return 0;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	return v;
}

uint64_t read_varint_max(struct reader *r, uint64_t max)
{
	uint64_t v = read_varint(r);

	if (v > max)
		r->bad = true;
	return r->bad ? 0 : v;
}

void read_copy(struct reader *r, void *out, size_t size)
{
	const uint8_t *at = read_lend(r, size);

	if (size == 0)
		return;
	if (at)
		memcpy(out, at, size);
	else
		memset(out, 0, size);
}

struct bytes read_blob(struct reader *r, size_t max)
{
	size_t size = read_u32(r);
	struct bytes blob = {NULL, 0};

	if (size > max)
		r->bad = true;
	blob.data = read_lend(r, size);
	blob.size = blob.data ? size : 0;
	return blob;
}

size_t reader_left(const struct reader *r)
{
	return r->bad ? 0 : r->size - r->offset;
}

bool reader_done(const struct reader *r)
{
	return !r->bad && r->offset == r->size;
}

void writer_init(struct writer *w, void *data, size_t capacity)
{
	w->data = data;
	w->capacity = capacity;
	w->size = 0;
	w->bad = false;
}

void write_bytes(struct writer *w, const void *data, size_t size)
{
	if (w->bad || size > w->capacity - w->size) {
		w->bad = true;
		return;
	}
	if (size > 0)
		memcpy(w->data + w->size, data, size);
	w->size += size;
}

static void write_number(struct writer *w, uint64_t v, size_t size)
{
	uint8_t out[8];

	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
	write_bytes(w, out, size);
}

void write_u8(struct writer *w, uint8_t v)
{
	write_number(w, v, 1);
}

void write_u16(struct writer *w, uint16_t v)
{
	write_number(w, v, 2);
}

void write_u32(struct writer *w, uint32_t v)
{
	write_number(w, v, 4);
}

void write_u64(struct writer *w, uint64_t v)
{
	write_number(w, v, 8);
}

void write_varint(struct writer *w, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		write_u8(w, (uint8_t)(v | 0x80));
	write_u8(w, (uint8_t)v);
}

void write_blob(struct writer *w, const void *data, size_t size)
{
	if (size > UINT32_MAX) {
		w->bad = true;
		return;
	}
	write_u32(w, (uint32_t)size);
	write_bytes(w, data, size);
}

/* Bitwise CRC-32C, reflected polynomial 0x82f63b78 (RFC 3720, B.4), four bits
 * at a time: records are small and few. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	static const uint32_t NIBBLE[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *at = data;

	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= at[i];
		crc = crc >> 4 ^ NIBBLE[crc & 15];
		crc = crc >> 4 ^ NIBBLE[crc & 15];
	}
	return ~crc;
}
