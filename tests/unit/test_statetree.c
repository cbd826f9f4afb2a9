#include "base/assert.h"
#include "base/clock.h"
#include "crypto/sign.h"
#include "ledger/statetree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned int seed_of_run(void)
{
	const char *given = getenv("BCAI_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : 1;

	print_message("BCAI_TEST_SEED=%u\n", seed);
	return seed;
}

/* ---- The slow reference: a list of pairs, and the definition ---- */

#define PAIRS 600

struct pair {
	uint8_t key[STATETREE_KEY_BYTES];
	uint8_t size;
	uint8_t value[48];
	uint8_t value_size;
};

struct model {
	struct pair pairs[PAIRS];
	size_t count;
};

static struct bytes key_of(const struct pair *p)
{
	return (struct bytes){p->key, p->size};
}

static struct bytes value_of(const struct pair *p)
{
	return (struct bytes){p->value, p->value_size};
}

static int compare(const void *left, const void *right)
{
	const struct pair *a = left;
	const struct pair *b = right;
	size_t least = a->size < b->size ? a->size : b->size;
	int order = memcmp(a->key, b->key, least);

	return order ? order : (int)a->size - (int)b->size;
}

static unsigned int bit_at(const struct pair *p, unsigned int bit)
{
	if (bit / 8 >= p->size)
		return 0;
	return (unsigned int)p->key[bit / 8] >> (7 - bit % 8) & 1u;
}

/* The root of a sorted run of pairs, from the text of the definition. */
static struct hash slow_hash(const struct pair *pairs, size_t count)
{
	uint8_t input[100];
	struct writer w;
	struct hash out;

	writer_init(&w, input, sizeof(input));
	if (count == 1) {
		write_u8(&w, 0);
		write_u8(&w, pairs->size);
		write_bytes(&w, pairs->key, pairs->size);
		if (pairs->value_size < 32) {
			write_bytes(&w, pairs->value, pairs->value_size);
		} else {
			hash_bytes(&out, "bcai-gov/state-value/1", pairs->value,
				   pairs->value_size);
			write_bytes(&w, out.b, HASH_BYTES);
		}
		hash_plain(&out, input, w.size);
		return out;
	}
	for (unsigned int bit = 0;; bit++) {
		size_t ones = 0;
		struct hash left;
		struct hash right;

		for (size_t i = 0; i < count; i++)
			ones += bit_at(&pairs[i], bit);
		if (ones == 0 || ones == count)
			continue;
		left = slow_hash(pairs, count - ones);
		right = slow_hash(pairs + count - ones, ones);
		write_u8(&w, 1);
		write_u16(&w, (uint16_t)bit);
		write_bytes(&w, left.b, HASH_BYTES);
		write_bytes(&w, right.b, HASH_BYTES);
		hash_plain(&out, input, w.size);
		return out;
	}
}

static struct hash slow_root(struct model *m)
{
	struct hash out;

	if (m->count == 0) {
		hash_plain(&out, NULL, 0);
		return out;
	}
	qsort(m->pairs, m->count, sizeof(m->pairs[0]), compare);
	return slow_hash(m->pairs, m->count);
}

/* Keys like those of the state: the first byte tells the length. */
static void random_key(struct pair *p, unsigned int *seed)
{
	static const uint8_t SIZES[] = {1, 5, 5, 9, 9, 33, 40};
	static const uint8_t VALUE_SIZES[] = {0, 8, 24, 31, 32, 33, 48};
	size_t kind = (size_t)rand_r(seed) % sizeof(SIZES);

	memset(p, 0, sizeof(*p));
	p->size = SIZES[kind];
	p->key[0] = (uint8_t)('A' + kind);
	for (uint8_t i = 1; i < p->size; i++)
		p->key[i] = (uint8_t)(rand_r(seed) % 3 ? 0 : rand_r(seed) % 4);
	p->value_size = VALUE_SIZES[(size_t)rand_r(seed) % sizeof(VALUE_SIZES)];
	for (uint8_t i = 0; i < p->value_size; i++)
		p->value[i] = (uint8_t)rand_r(seed);
}

static size_t find(const struct model *m, const struct pair *p)
{
	size_t i = 0;

	while (i < m->count && compare(&m->pairs[i], p) != 0)
		i++;
	return i;
}

static void assert_root(struct statetree *t, struct model *m)
{
	struct hash want = slow_root(m);
	struct hash root;

	statetree_root(t, &root);
	assert_memory_equal(&root, &want, sizeof(root));
}

static void random_changes_give_the_root_of_the_definition(void **state)
{
	unsigned int seed = seed_of_run();
	struct model *m = mem_alloc(sizeof(*m));
	struct statetree *t = statetree_new();

	(void)state;
	assert_root(t, m);
	for (int step = 0; step < 4000; step++) {
		struct pair p;
		size_t at;

		random_key(&p, &seed);
		at = find(m, &p);
		if (rand_r(&seed) % 3 == 0) {
			assert_int_equal(statetree_has(t, key_of(&p)),
					 at < m->count);
			assert_int_equal(statetree_remove(t, key_of(&p)),
					 at < m->count);
			if (at < m->count)
				m->pairs[at] = m->pairs[--m->count];
		} else if (at < m->count || m->count < PAIRS) {
			assert_int_equal(
				statetree_put(t, key_of(&p), value_of(&p)),
				ERR_OK);
			m->pairs[at] = p;
			m->count += at == m->count;
		}
		assert_int_equal(statetree_count(t), m->count);
		if (rand_r(&seed) % 2)
			statetree_hash_some(t, (uint32_t)rand_r(&seed) % 4);
		if (step % 16 == 0)
			assert_root(t, m);
	}
	while (m->count > 0) {
		m->count--;
		assert_true(statetree_remove(t, key_of(&m->pairs[m->count])));
		if (m->count % 16 == 0)
			assert_root(t, m);
	}
	statetree_free(&t);
	assert_null(t);
	statetree_free(&t);
	free(m);
}

static void the_root_does_not_depend_on_the_order(void **state)
{
	unsigned int seed = seed_of_run();
	struct model *m = mem_alloc(sizeof(*m));
	struct hash first;

	(void)state;
	while (m->count < 200) {
		struct pair p;

		random_key(&p, &seed);
		if (find(m, &p) == m->count)
			m->pairs[m->count++] = p;
	}
	for (int round = 0; round < 20; round++) {
		struct statetree *t = statetree_new();
		struct hash root;

		for (size_t i = m->count - 1; i > 0; i--) {
			size_t j = (size_t)rand_r(&seed) % (i + 1);
			struct pair swap = m->pairs[i];

			m->pairs[i] = m->pairs[j];
			m->pairs[j] = swap;
		}
		for (size_t i = 0; i < m->count; i++)
			assert_int_equal(statetree_put(t, key_of(&m->pairs[i]),
						       value_of(&m->pairs[i])),
					 ERR_OK);
		statetree_root(t, &root);
		if (round == 0)
			first = root;
		assert_memory_equal(&root, &first, sizeof(root));
		statetree_free(&t);
	}
	free(m);
}

static void keys_that_start_alike_or_have_no_size_are_refused(void **state)
{
	static const uint8_t LONG[STATETREE_KEY_BYTES + 1] = {1};
	struct statetree *t = statetree_new();
	struct bytes value = {LONG, 1};

	(void)state;
	assert_int_equal(statetree_put(t, (struct bytes){LONG, 0}, value),
			 ERR_DATA_DAMAGED);
	assert_int_equal(statetree_put(t, (struct bytes){LONG, 41}, value),
			 ERR_DATA_DAMAGED);
	assert_false(statetree_has(t, (struct bytes){LONG, 5}));
	assert_int_equal(statetree_put(t, (struct bytes){LONG, 5}, value),
			 ERR_OK);
	assert_int_equal(statetree_put(t, (struct bytes){LONG, 4}, value),
			 ERR_DATA_DAMAGED);
	assert_int_equal(statetree_put(t, (struct bytes){LONG, 40}, value),
			 ERR_DATA_DAMAGED);
	assert_int_equal(statetree_count(t), 1);
	statetree_free(&t);
}

/* ---- Proofs ---- */

static void write_and_read(struct statetree_proof *p, struct arena *arena)
{
	uint8_t bytes[STATETREE_PROOF_BYTES_MAX];
	struct writer w;
	struct reader r;

	writer_init(&w, bytes, sizeof(bytes));
	statetree_proof_write(&w, p);
	assert_false(w.bad);
	reader_init(&r, bytes, w.size);
	assert_int_equal(statetree_proof_read(&r, p, arena), ERR_OK);
	assert_true(reader_done(&r));
}

static void presence_and_absence_are_proven(void **state)
{
	unsigned int seed = seed_of_run();
	struct model *m = mem_alloc(sizeof(*m));
	struct statetree *t = statetree_new();
	struct statetree_proof proof;
	struct arena arena;
	unsigned int present = 0;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (int round = 0; round < 2000; round++) {
		struct statetree_value want;
		struct statetree_value value;
		struct hash root;
		struct pair p;
		bool has;

		random_key(&p, &seed);
		if (round > 0 && round % 4 == 0 && m->count < PAIRS &&
		    find(m, &p) == m->count) {
			assert_int_equal(
				statetree_put(t, key_of(&p), value_of(&p)),
				ERR_OK);
			m->pairs[m->count++] = p;
			random_key(&p, &seed);
		}
		has = find(m, &p) < m->count;
		present += has;
		arena_reset(&arena);
		assert_int_equal(statetree_prove(t, &proof, &arena, key_of(&p)),
				 ERR_OK);
		write_and_read(&proof, &arena);
		statetree_root(t, &root);
		assert_int_equal(
			statetree_verify(&proof, &root, key_of(&p), &value),
			has ? STATETREE_PRESENT : STATETREE_ABSENT);
		if (has) {
			statetree_value_of(&want,
					   value_of(&m->pairs[find(m, &p)]));
			assert_true(statetree_value_equal(&value, &want));
		}
		root.b[0] ^= 1;
		assert_int_equal(
			statetree_verify(&proof, &root, key_of(&p), NULL),
			STATETREE_INVALID);
	}
	assert_true(present > 100);
	arena_fini(&arena);
	statetree_free(&t);
	free(m);
}

static struct statetree *forty_keys(void)
{
	struct statetree *t = statetree_new();

	for (uint8_t i = 0; i < 40; i++) {
		uint8_t key[5] = {'A', 0, 0, 0, (uint8_t)(i * 3)};
		enum err err = statetree_put(t, (struct bytes){key, 5},
					     (struct bytes){&i, 1});

		assert_int_equal(err, ERR_OK);
	}
	return t;
}

static void a_changed_proof_proves_nothing(void **state)
{
	struct statetree *t = forty_keys();
	uint8_t bytes[STATETREE_PROOF_BYTES_MAX];
	uint8_t key[5] = {'A', 0, 0, 0, 30};
	struct statetree_proof proof;
	struct arena arena;
	struct writer w;
	struct hash root;

	(void)state;
	arena_init(&arena, 1 << 20);
	statetree_root(t, &root);
	assert_int_equal(
		statetree_prove(t, &proof, &arena, (struct bytes){key, 5}),
		ERR_OK);
	writer_init(&w, bytes, sizeof(bytes));
	statetree_proof_write(&w, &proof);
	for (size_t bit = 0; bit < w.size * 8; bit++) {
		struct reader r;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		arena_reset(&arena);
		reader_init(&r, bytes, w.size);
		if (!statetree_proof_read(&r, &proof, &arena) &&
		    reader_done(&r))
			assert_int_equal(
				statetree_verify(&proof, &root,
						 (struct bytes){key, 5}, NULL),
				STATETREE_INVALID);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < w.size; cut++) {
		struct reader r;

		reader_init(&r, bytes, cut);
		arena_reset(&arena);
		assert_int_equal(statetree_proof_read(&r, &proof, &arena),
				 ERR_MALFORMED);
	}
	arena_fini(&arena);
	statetree_free(&t);
}

/* The proof of a present key does not show the absence of another one whose
 * search would end elsewhere. */
static void a_proof_says_nothing_about_keys_elsewhere(void **state)
{
	struct statetree *t = forty_keys();
	struct statetree_proof proof;
	struct arena arena;
	struct hash root;

	(void)state;
	arena_init(&arena, 1 << 20);
	statetree_root(t, &root);
	for (uint8_t i = 0; i < 120; i++) {
		uint8_t key[5] = {'A', 0, 0, 0, i};

		assert_int_equal(statetree_prove(t, &proof, &arena,
						 (struct bytes){key, 5}),
				 ERR_OK);
		for (uint8_t j = 0; j < 120; j++) {
			uint8_t other[5] = {'A', 0, 0, 0, j};
			enum statetree_answer answer = statetree_verify(
				&proof, &root, (struct bytes){other, 5}, NULL);

			if (j % 3 == 0)
				assert_int_not_equal(answer, STATETREE_ABSENT);
			else
				assert_int_not_equal(answer, STATETREE_PRESENT);
		}
	}
	arena_fini(&arena);
	statetree_free(&t);
}

/* A path that no tree has, under a root made for it. */
static void a_path_must_go_down(void **state)
{
	static const struct {
		uint16_t top;
		uint16_t low;
		enum statetree_answer want;
	} CASES[] = {
		{3, 9, STATETREE_PRESENT},
		{9, 9, STATETREE_INVALID},
		{9, 3, STATETREE_INVALID},
		{3, 320, STATETREE_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct statetree_step path[2] = {
			{.bit = CASES[i].top, .sibling = {{1}}},
			{.bit = CASES[i].low, .sibling = {{2}}},
		};
		struct statetree_proof proof = {
			.size = 2, .path = path, .leaf_size = 2};
		uint8_t input[80];
		struct writer w;
		struct hash up;

		writer_init(&w, input, sizeof(input));
		write_u8(&w, 0);
		write_u8(&w, 2);
		write_u16(&w, 0);
		hash_plain(&up, input, w.size);
		for (size_t k = 2; k-- > 0;) {
			writer_init(&w, input, sizeof(input));
			write_u8(&w, 1);
			write_u16(&w, path[k].bit);
			write_bytes(&w, up.b, HASH_BYTES);
			write_bytes(&w, path[k].sibling.b, HASH_BYTES);
			hash_plain(&up, input, w.size);
		}
		assert_int_equal(statetree_verify(&proof, &up,
						  (struct bytes){proof.leaf, 2},
						  NULL),
				 CASES[i].want);
	}
}

static void an_empty_tree_proves_absence_of_everything(void **state)
{
	struct statetree *t = statetree_new();
	struct statetree_proof proof;
	struct arena arena;
	struct hash root;

	(void)state;
	arena_init(&arena, 1 << 10);
	assert_int_equal(statetree_prove(t, &proof, &arena,
					 (struct bytes){(uint8_t *)"G", 1}),
			 ERR_OK);
	write_and_read(&proof, &arena);
	statetree_root(t, &root);
	assert_int_equal(statetree_verify(&proof, &root,
					  (struct bytes){(uint8_t *)"G", 1},
					  NULL),
			 STATETREE_ABSENT);
	root.b[0] ^= 1;
	assert_int_equal(statetree_verify(&proof, &root,
					  (struct bytes){(uint8_t *)"G", 1},
					  NULL),
			 STATETREE_INVALID);
	arena_fini(&arena);
	statetree_free(&t);
}

static void a_full_arena_is_said_to_be_full(void **state)
{
	struct statetree *t = forty_keys();
	uint8_t key[5] = {'A', 0, 0, 0, 30};
	uint8_t bytes[STATETREE_PROOF_BYTES_MAX];
	struct statetree_proof proof;
	struct arena arena;
	struct writer w;
	struct reader r;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_int_equal(
		statetree_prove(t, &proof, &arena, (struct bytes){key, 5}),
		ERR_OK);
	writer_init(&w, bytes, sizeof(bytes));
	statetree_proof_write(&w, &proof);
	arena.limit = arena.used;
	assert_int_equal(
		statetree_prove(t, &proof, &arena, (struct bytes){key, 5}),
		ERR_NO_MEMORY);
	reader_init(&r, bytes, w.size);
	assert_int_equal(statetree_proof_read(&r, &proof, &arena),
			 ERR_NO_MEMORY);
	arena_fini(&arena);
	statetree_free(&t);
}

/* ---- Size and speed ---- */

static void put_number(struct statetree *t, char kind, uint32_t a, uint32_t b)
{
	uint8_t key[9] = {(uint8_t)kind};
	uint8_t value[48] = {0};
	struct writer w;
	enum err err;

	writer_init(&w, key + 1, 8);
	write_u32(&w, a);
	if (kind == 'B')
		write_u32(&w, b);
	memcpy(value, key, sizeof(key));
	err = statetree_put(t, (struct bytes){key, 1 + w.size},
			    (struct bytes){value, sizeof(value)});
	assert_int_equal(err, ERR_OK);
}

static void a_large_state_is_compact_and_quick(void **state)
{
	enum { ACCOUNTS = 20000, PROPOSALS = 10 };
	struct statetree *t = statetree_new();
	uint64_t start = clock_mono_us();
	uint64_t took;
	struct hash a;
	struct hash b;

	(void)state;
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		put_number(t, 'A', i, 0);
	for (uint32_t p = 0; p < PROPOSALS; p++) {
		for (uint32_t i = 0; i < ACCOUNTS; i++)
			put_number(t, 'B', p, i);
	}
	statetree_root(t, &a);
	took = clock_mono_us() - start;
	print_message("%u keys: %llu ms, %zu bytes a key\n", statetree_count(t),
		      (unsigned long long)took / 1000,
		      statetree_memory(t) / statetree_count(t));
	assert_true(statetree_memory(t) / statetree_count(t) < 125);
	/* A change costs a path, not the tree. */
	put_number(t, 'N', 5, 0);
	assert_true(statetree_hash_some(t, 40));
	statetree_root(t, &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	statetree_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			random_changes_give_the_root_of_the_definition),
		cmocka_unit_test(the_root_does_not_depend_on_the_order),
		cmocka_unit_test(
			keys_that_start_alike_or_have_no_size_are_refused),
		cmocka_unit_test(presence_and_absence_are_proven),
		cmocka_unit_test(a_changed_proof_proves_nothing),
		cmocka_unit_test(a_proof_says_nothing_about_keys_elsewhere),
		cmocka_unit_test(a_path_must_go_down),
		cmocka_unit_test(an_empty_tree_proves_absence_of_everything),
		cmocka_unit_test(a_full_arena_is_said_to_be_full),
		cmocka_unit_test(a_large_state_is_compact_and_quick),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
