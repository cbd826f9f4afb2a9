#include "ledger/statetree.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_DOMAIN "bcai-gov/state-value/1"

/* First bytes of what is hashed without a key. */
#define LEAF_PREFIX 0
#define NODE_PREFIX 1

/* ---- Pools ---- */

/* Numbered pieces of one size. A pool grows by whole chunks, so that nothing
 * moves and nothing is copied. */
#define CHUNK_PIECES 4096u

struct pool {
	size_t piece;
	uint8_t **chunks; /* Owned, each CHUNK_PIECES * piece bytes. */
	uint32_t chunk_count;
	uint32_t used;	/* pieces ever handed out */
	uint32_t spare; /* 1 + the first one given back; 0: none */
};

static void *pool_at(const struct pool *p, uint32_t i)
{
	return p->chunks[i / CHUNK_PIECES] + i % CHUNK_PIECES * p->piece;
}

static uint32_t pool_take(struct pool *p)
{
	uint32_t i = p->used;

	if (p->spare) {
		i = p->spare - 1;
		memcpy(&p->spare, pool_at(p, i), sizeof(p->spare));
		return i;
	}
	if (i == p->chunk_count * CHUNK_PIECES) {
		p->chunks = mem_resize(p->chunks, (p->chunk_count + 1u) *
							  sizeof(*p->chunks));
		p->chunks[p->chunk_count++] =
			mem_resize(NULL, CHUNK_PIECES * p->piece);
	}
	p->used++;
	return i;
}

static void pool_give(struct pool *p, uint32_t i)
{
	memcpy(pool_at(p, i), &p->spare, sizeof(p->spare));
	p->spare = i + 1;
}

static void pool_fini(struct pool *p)
{
	for (uint32_t i = 0; i < p->chunk_count; i++)
		free(p->chunks[i]);
	free(p->chunks);
}

static size_t pool_memory(const struct pool *p)
{
	return p->chunk_count * (CHUNK_PIECES * p->piece + sizeof(*p->chunks));
}

/* ---- The tree ---- */

/* A child is a node, or a leaf when the highest bit is set. */
#define REF_LEAF UINT32_C(0x80000000)
#define REF_NONE UINT32_MAX

struct node {
	struct hash hash; /* Stale while dirty; then all above are, too. */
	uint32_t child[2];
	uint16_t bit;
	bool dirty;
};

#define KEY_INLINE 10u

struct leaf {
	struct statetree_value value;
	uint8_t size;
	uint8_t key[KEY_INLINE]; /* Or the number of a piece of keys. */
};
_Static_assert(sizeof(struct leaf) == 44 && sizeof(struct node) == 44,
	       "about 100 bytes a key");

struct statetree {
	struct pool nodes;
	struct pool leaves;
	struct pool keys;
	uint32_t root;
	uint32_t count;
};

struct statetree *statetree_new(void)
{
	struct statetree *t = mem_alloc(sizeof(*t));

	t->nodes.piece = sizeof(struct node);
	t->leaves.piece = sizeof(struct leaf);
	t->keys.piece = STATETREE_KEY_BYTES;
	t->root = REF_NONE;
	return t;
}

void statetree_free(struct statetree **t)
{
	if (!*t)
		return;
	pool_fini(&(*t)->nodes);
	pool_fini(&(*t)->leaves);
	pool_fini(&(*t)->keys);
	free(*t);
	*t = NULL;
}

static struct node *node_at(const struct statetree *t, uint32_t ref)
{
	return pool_at(&t->nodes, ref);
}

static struct leaf *leaf_at(const struct statetree *t, uint32_t ref)
{
	return pool_at(&t->leaves, ref & ~REF_LEAF);
}

static bool is_leaf(uint32_t ref)
{
	return (ref & REF_LEAF) != 0;
}

static struct bytes leaf_key(const struct statetree *t, const struct leaf *l)
{
	uint32_t slot;

	if (l->size <= KEY_INLINE)
		return (struct bytes){l->key, l->size};
	memcpy(&slot, l->key, sizeof(slot));
	return (struct bytes){pool_at(&t->keys, slot), l->size};
}

static unsigned int bit_of(struct bytes key, uint32_t bit)
{
	if (bit / 8 >= key.size)
		return 0;
	return (unsigned int)key.data[bit / 8] >> (7 - bit % 8) & 1u;
}

/* The leaf at which a search for the key ends; the tree is not empty. */
static uint32_t search(const struct statetree *t, struct bytes key)
{
	uint32_t ref = t->root;

	while (!is_leaf(ref)) {
		const struct node *n = node_at(t, ref);

		ref = n->child[bit_of(key, n->bit)];
	}
	return ref;
}

static bool is_same(struct bytes a, struct bytes b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* The place of the reference at which a node for `bit` belongs, on the way to
 * the key; everything above it becomes dirty. */
static uint32_t *descend_dirty(struct statetree *t, struct bytes key,
			       uint32_t bit)
{
	uint32_t *at = &t->root;

	while (!is_leaf(*at)) {
		struct node *n = node_at(t, *at);

		if (n->bit >= bit)
			break;
		n->dirty = true;
		at = &n->child[bit_of(key, n->bit)];
	}
	return at;
}

static uint32_t make_leaf(struct statetree *t, struct bytes key,
			  const struct statetree_value *value)
{
	uint32_t i = pool_take(&t->leaves);
	struct leaf *l = pool_at(&t->leaves, i);

	l->value = *value;
	l->size = (uint8_t)key.size;
	if (key.size <= KEY_INLINE) {
		memcpy(l->key, key.data, key.size);
	} else {
		uint32_t slot = pool_take(&t->keys);

		memcpy(l->key, &slot, sizeof(slot));
		memcpy(pool_at(&t->keys, slot), key.data, key.size);
	}
	t->count++;
	assert(t->count < REF_LEAF);
	return i | REF_LEAF;
}

/* The first bit in which two different keys differ; false when one is the
 * beginning of the other. */
static bool first_difference(uint32_t *bit, struct bytes a, struct bytes b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	size_t i = 0;

	while (i < least && a.data[i] == b.data[i])
		i++;
	if (i == least)
		return false;
	*bit = (uint32_t)i * 8 +
	       (uint32_t)__builtin_clz((unsigned int)(a.data[i] ^ b.data[i])) -
	       24;
	return true;
}

void statetree_value_of(struct statetree_value *out, struct bytes record)
{
	struct hash hash;

	memset(out, 0, sizeof(*out));
	if (record.size < HASH_BYTES) {
		out->size = (uint8_t)record.size;
		if (record.size > 0)
			memcpy(out->b, record.data, record.size);
		return;
	}
	hash_bytes(&hash, VALUE_DOMAIN, record.data, record.size);
	out->size = HASH_BYTES;
	memcpy(out->b, hash.b, HASH_BYTES);
}

bool statetree_value_equal(const struct statetree_value *a,
			   const struct statetree_value *b)
{
	return a->size == b->size && memcmp(a->b, b->b, a->size) == 0;
}

enum err statetree_put(struct statetree *t, struct bytes key,
		       struct bytes record)
{
	struct statetree_value value;
	struct node *n;
	uint32_t *at;
	uint32_t found;
	uint32_t made;
	uint32_t bit;

	if (key.size == 0 || key.size > STATETREE_KEY_BYTES)
		return ERR_DATA_DAMAGED;
	statetree_value_of(&value, record);
	if (t->root == REF_NONE) {
		t->root = make_leaf(t, key, &value);
		return ERR_OK;
	}
	found = search(t, key);
	if (is_same(key, leaf_key(t, leaf_at(t, found)))) {
		descend_dirty(t, key, STATETREE_DEPTH_MAX);
		leaf_at(t, found)->value = value;
		return ERR_OK;
	}
	if (!first_difference(&bit, key, leaf_key(t, leaf_at(t, found))))
		return ERR_DATA_DAMAGED;
	at = descend_dirty(t, key, bit);
	made = pool_take(&t->nodes);
	n = node_at(t, made);
	n->bit = (uint16_t)bit;
	n->dirty = true;
	n->child[bit_of(key, bit)] = make_leaf(t, key, &value);
	n->child[!bit_of(key, bit)] = *at;
	*at = made;
	return ERR_OK;
}

bool statetree_has(const struct statetree *t, struct bytes key)
{
	return t->root != REF_NONE &&
	       is_same(key, leaf_key(t, leaf_at(t, search(t, key))));
}

bool statetree_remove(struct statetree *t, struct bytes key)
{
	uint32_t *above = NULL;
	uint32_t *at = &t->root;
	struct leaf *l;
	uint32_t slot;

	if (!statetree_has(t, key))
		return false;
	while (!is_leaf(*at)) {
		struct node *n = node_at(t, *at);

		n->dirty = true;
		above = at;
		at = &n->child[bit_of(key, n->bit)];
	}
	l = leaf_at(t, *at);
	if (l->size > KEY_INLINE) {
		memcpy(&slot, l->key, sizeof(slot));
		pool_give(&t->keys, slot);
	}
	pool_give(&t->leaves, *at & ~REF_LEAF);
	t->count--;
	if (above) {
		uint32_t gone = *above;
		const struct node *n = node_at(t, gone);

		*above = n->child[!bit_of(key, n->bit)];
		pool_give(&t->nodes, gone);
	} else {
		t->root = REF_NONE;
	}
	return true;
}

uint32_t statetree_count(const struct statetree *t)
{
	return t->count;
}

size_t statetree_memory(const struct statetree *t)
{
	return sizeof(*t) + pool_memory(&t->nodes) + pool_memory(&t->leaves) +
	       pool_memory(&t->keys);
}

/* ---- Hashes ---- */

static void hash_leaf(struct hash *out, struct bytes key,
		      const struct statetree_value *value)
{
	uint8_t input[2 + STATETREE_KEY_BYTES + HASH_BYTES];

	input[0] = LEAF_PREFIX;
	input[1] = (uint8_t)key.size;
	memcpy(input + 2, key.data, key.size);
	memcpy(input + 2 + key.size, value->b, value->size);
	hash_plain(out, input, 2 + key.size + value->size);
}

static void hash_node(struct hash *out, uint16_t bit, const struct hash *left,
		      const struct hash *right)
{
	uint8_t input[3 + 2 * HASH_BYTES];

	input[0] = NODE_PREFIX;
	input[1] = (uint8_t)(bit >> 8);
	input[2] = (uint8_t)bit;
	memcpy(input + 3, left->b, HASH_BYTES);
	memcpy(input + 3 + HASH_BYTES, right->b, HASH_BYTES);
	hash_plain(out, input, sizeof(input));
}

/* The hash of a child that is up to date. */
static void hash_of(const struct statetree *t, struct hash *out, uint32_t ref)
{
	if (is_leaf(ref)) {
		const struct leaf *l = leaf_at(t, ref);

		hash_leaf(out, leaf_key(t, l), &l->value);
	} else {
		*out = node_at(t, ref)->hash;
	}
}

static bool is_dirty(const struct statetree *t, uint32_t ref)
{
	return !is_leaf(ref) && node_at(t, ref)->dirty;
}

bool statetree_hash_some(struct statetree *t, uint32_t budget)
{
	uint32_t stack[STATETREE_DEPTH_MAX + 1];
	uint32_t depth = 0;

	if (t->root != REF_NONE && is_dirty(t, t->root))
		stack[depth++] = t->root;
	while (depth > 0) {
		struct node *n = node_at(t, stack[depth - 1]);
		struct hash side[2];

		if (is_dirty(t, n->child[0])) {
			stack[depth++] = n->child[0];
			continue;
		}
		if (is_dirty(t, n->child[1])) {
			stack[depth++] = n->child[1];
			continue;
		}
		if (budget == 0)
			return false;
		budget--;
		hash_of(t, &side[0], n->child[0]);
		hash_of(t, &side[1], n->child[1]);
		hash_node(&n->hash, n->bit, &side[0], &side[1]);
		n->dirty = false;
		depth--;
	}
	return true;
}

void statetree_root(struct statetree *t, struct hash *out)
{
	bool done = statetree_hash_some(t, UINT32_MAX);

	assert(done);
	if (t->root == REF_NONE)
		hash_plain(out, NULL, 0);
	else
		hash_of(t, out, t->root);
}

/* ---- Proofs ---- */

/* Fill the path, or only count it when `path` is NULL; the leaf it ends at. */
static uint32_t trace(const struct statetree *t, struct statetree_step *path,
		      uint32_t *size, struct bytes key)
{
	uint32_t ref = t->root;

	*size = 0;
	while (!is_leaf(ref)) {
		const struct node *n = node_at(t, ref);
		unsigned int side = bit_of(key, n->bit);

		if (path) {
			path[*size].bit = n->bit;
			hash_of(t, &path[*size].sibling, n->child[!side]);
		}
		(*size)++;
		ref = n->child[side];
	}
	return ref;
}

enum err statetree_prove(struct statetree *t, struct statetree_proof *out,
			 struct arena *arena, struct bytes key)
{
	struct statetree_step *path;
	const struct leaf *l;
	struct bytes found;
	uint32_t size;

	memset(out, 0, sizeof(*out));
	statetree_hash_some(t, UINT32_MAX);
	out->empty = t->root == REF_NONE;
	if (out->empty)
		return ERR_OK;
	l = leaf_at(t, trace(t, NULL, &size, key));
	path = arena_alloc(arena, size * sizeof(*path));
	if (!path)
		return ERR_NO_MEMORY;
	trace(t, path, &out->size, key);
	out->path = path;
	found = leaf_key(t, l);
	out->leaf_size = (uint8_t)found.size;
	memcpy(out->leaf, found.data, found.size);
	out->value = l->value;
	return ERR_OK;
}

/* SPEC ledger 5. From the leaf up; false when the path could not stand in any
 * tree, or would lead a search for `key` elsewhere. */
static bool climb(struct hash *up, const struct statetree_proof *proof,
		  struct bytes leaf, struct bytes key)
{
	uint32_t below = STATETREE_DEPTH_MAX;

	hash_leaf(up, leaf, &proof->value);
	for (uint32_t i = proof->size; i-- > 0;) {
		const struct statetree_step *s = &proof->path[i];
		unsigned int side = bit_of(leaf, s->bit);

		if (s->bit >= below || side != bit_of(key, s->bit))
			return false;
		below = s->bit;
		if (side)
			hash_node(up, s->bit, &s->sibling, up);
		else
			hash_node(up, s->bit, up, &s->sibling);
	}
	return true;
}

enum statetree_answer statetree_verify(const struct statetree_proof *proof,
				       const struct hash *root,
				       struct bytes key,
				       struct statetree_value *value)
{
	struct bytes leaf = {proof->leaf, proof->leaf_size};
	struct hash up;

	if (proof->empty) {
		hash_plain(&up, NULL, 0);
		return hash_equal(&up, root) ? STATETREE_ABSENT
					     : STATETREE_INVALID;
	}
	if (leaf.size == 0 || leaf.size > STATETREE_KEY_BYTES ||
	    !climb(&up, proof, leaf, key) || !hash_equal(&up, root))
		return STATETREE_INVALID;
	if (!is_same(leaf, key))
		return STATETREE_ABSENT;
	if (value)
		*value = proof->value;
	return STATETREE_PRESENT;
}

void statetree_proof_write(struct writer *w,
			   const struct statetree_proof *proof)
{
	write_u8(w, proof->empty);
	write_u16(w, (uint16_t)proof->size);
	for (uint32_t i = 0; i < proof->size; i++) {
		write_u16(w, proof->path[i].bit);
		write_bytes(w, proof->path[i].sibling.b, HASH_BYTES);
	}
	write_u8(w, proof->leaf_size);
	write_bytes(w, proof->leaf, proof->leaf_size);
	write_u8(w, proof->value.size);
	write_bytes(w, proof->value.b, proof->value.size);
}

enum err statetree_proof_read(struct reader *r, struct statetree_proof *proof,
			      struct arena *arena)
{
	uint8_t empty = read_u8(r);
	uint32_t size = read_u16(r);
	struct statetree_step *path;

	memset(proof, 0, sizeof(*proof));
	if (r->bad || empty > 1 || size > STATETREE_DEPTH_MAX)
		return ERR_MALFORMED;
	path = arena_alloc(arena, size * sizeof(*path));
	if (!path)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < size; i++) {
		path[i].bit = read_u16(r);
		read_copy(r, path[i].sibling.b, HASH_BYTES);
	}
	proof->empty = empty;
	proof->size = size;
	proof->path = path;
	proof->leaf_size = read_u8(r);
	if (proof->leaf_size > STATETREE_KEY_BYTES)
		return ERR_MALFORMED;
	read_copy(r, proof->leaf, proof->leaf_size);
	proof->value.size = read_u8(r);
	if (proof->value.size > HASH_BYTES)
		return ERR_MALFORMED;
	read_copy(r, proof->value.b, proof->value.size);
	return r->bad ? ERR_MALFORMED : ERR_OK;
}
