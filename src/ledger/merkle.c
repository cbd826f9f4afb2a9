#include "ledger/merkle.h"

#include "base/assert.h"

#include <string.h>

#define NODE_DOMAIN "bcai-gov/merkle-node/1"
#define ROOT_DOMAIN "bcai-gov/merkle-root/1"
#define LEAVES_MAX  (UINT64_C(1) << MERKLE_DEPTH_MAX)

static uint32_t stack_size(const struct merkle *m)
{
	return (uint32_t)__builtin_popcountll(m->count);
}

void merkle_init(struct merkle *m)
{
	m->count = 0;
}

void merkle_add(struct merkle *m, const struct hash *leaf)
{
	uint32_t size = stack_size(m);
	struct hash up = *leaf;

	assert(m->count < LEAVES_MAX);
	for (uint64_t c = m->count; c & 1; c >>= 1)
		hash_two(&up, NODE_DOMAIN, &m->stack[--size], &up);
	m->stack[size] = up;
	m->count++;
}

/* The hash on top, before the count is bound in. */
static void merkle_top(struct hash *out, const struct merkle *m)
{
	uint32_t size = stack_size(m);

	if (size == 0) {
		memset(out, 0, sizeof(*out));
		return;
	}
	*out = m->stack[--size];
	while (size > 0)
		hash_two(out, NODE_DOMAIN, &m->stack[--size], out);
}

static void bind_count(struct hash *out, uint64_t count, const struct hash *top)
{
	uint8_t input[8 + HASH_BYTES];
	struct writer w;

	writer_init(&w, input, sizeof(input));
	write_u64(&w, count);
	write_bytes(&w, top->b, HASH_BYTES);
	hash_bytes(out, ROOT_DOMAIN, input, w.size);
}

void merkle_root(struct hash *out, const struct merkle *m)
{
	struct hash top;

	merkle_top(&top, m);
	bind_count(out, m->count, &top);
}

void merkle_write(struct writer *w, const struct merkle *m)
{
	write_u64(w, m->count);
	for (uint32_t i = 0; i < stack_size(m); i++)
		write_bytes(w, m->stack[i].b, HASH_BYTES);
}

void merkle_read(struct reader *r, struct merkle *m)
{
	m->count = read_u64(r);
	if (m->count > LEAVES_MAX) {
		r->bad = true;
		m->count = 0;
	}
	for (uint32_t i = 0; i < stack_size(m); i++)
		read_copy(r, m->stack[i].b, HASH_BYTES);
}

static void top_of(struct hash *out, const struct hash *leaves, size_t count)
{
	struct merkle m;

	merkle_init(&m);
	for (size_t i = 0; i < count; i++)
		merkle_add(&m, &leaves[i]);
	merkle_top(out, &m);
}

void merkle_root_of(struct hash *out, const struct hash *leaves, size_t count)
{
	struct hash top;

	top_of(&top, leaves, count);
	bind_count(out, count, &top);
}

/* Promoting the last of an odd level splits n leaves at the largest power of
 * two below n. */
static size_t split_at(size_t count)
{
	size_t k = 1;

	while (k * 2 < count)
		k *= 2;
	return k;
}

void merkle_prove(struct merkle_proof *out, const struct hash *leaves,
		  size_t count, size_t index)
{
	uint32_t depth = 0;
	size_t low = 0;
	size_t n = count;

	assert(index < count && count <= LEAVES_MAX);
	while (n > 1) {
		size_t k = split_at(n);

		if (index < low + k) {
			top_of(&out->path[depth], leaves + low + k, n - k);
			n = k;
		} else {
			top_of(&out->path[depth], leaves + low, k);
			low += k;
			n -= k;
		}
		depth++;
	}
	for (uint32_t i = 0; i < depth / 2; i++) {
		struct hash swap = out->path[i];

		out->path[i] = out->path[depth - 1 - i];
		out->path[depth - 1 - i] = swap;
	}
	out->index = index;
	out->count = count;
	out->size = depth;
}

/* SPEC ledger 1. */
bool merkle_fold(struct hash *root, const struct merkle_proof *proof,
		 const struct hash *leaf)
{
	struct hash up = *leaf;
	uint64_t index = proof->index;
	uint64_t n = proof->count;
	uint32_t used = 0;

	if (index >= n || n > LEAVES_MAX || proof->size > MERKLE_DEPTH_MAX)
		return false;
	for (; n > 1; index /= 2, n = (n + 1) / 2) {
		if (index % 2 == 0 && index + 1 == n)
			continue;
		if (used == proof->size)
			return false;
		if (index % 2 == 0)
			hash_two(&up, NODE_DOMAIN, &up, &proof->path[used]);
		else
			hash_two(&up, NODE_DOMAIN, &proof->path[used], &up);
		used++;
	}
	bind_count(root, proof->count, &up);
	return used == proof->size;
}

bool merkle_verify(const struct merkle_proof *proof, const struct hash *leaf,
		   const struct hash *root)
{
	struct hash found;

	return merkle_fold(&found, proof, leaf) && hash_equal(&found, root);
}

void merkle_proof_write(struct writer *w, const struct merkle_proof *proof)
{
	write_u64(w, proof->index);
	write_u64(w, proof->count);
	write_u8(w, (uint8_t)proof->size);
	write_bytes(w, proof->path, (size_t)proof->size * HASH_BYTES);
}

void merkle_proof_read(struct reader *r, struct merkle_proof *proof)
{
	proof->index = read_u64(r);
	proof->count = read_u64(r);
	proof->size = read_u8(r);
	if (proof->size > MERKLE_DEPTH_MAX) {
		r->bad = true;
		proof->size = 0;
	}
	read_copy(r, proof->path, (size_t)proof->size * HASH_BYTES);
}
