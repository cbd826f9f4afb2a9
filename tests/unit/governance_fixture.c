#include "governance_fixture.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void map_fini(struct map *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->list[i].value);
	free(m->list);
	memset(m, 0, sizeof(*m));
}

static int compare_key(const struct map_record *r, const void *key, size_t size)
{
	size_t common = r->key_size < size ? r->key_size : size;
	int order = memcmp(r->key, key, common);

	return order ? order : (r->key_size > size) - (r->key_size < size);
}

static size_t lower_bound(const struct map *m, const void *key, size_t size)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_key(&m->list[middle], key, size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct map_record *map_find(const struct map *m, const void *key, size_t size)
{
	size_t at = lower_bound(m, key, size);

	if (at < m->count && compare_key(&m->list[at], key, size) == 0)
		return &m->list[at];
	return NULL;
}

void map_put(void *map, struct bytes key, struct bytes value)
{
	struct map *m = map;
	size_t at = lower_bound(m, key.data, key.size);
	struct map_record *r = map_find(m, key.data, key.size);

	if (!r) {
		if (m->count == m->capacity) {
			m->capacity = m->capacity ? 2 * m->capacity : 64;
			m->list = mem_resize(m->list, m->capacity * sizeof(*r));
		}
		r = &m->list[at];
		memmove(r + 1, r, (m->count++ - at) * sizeof(*r));
		memset(r, 0, sizeof(*r));
		assert_true(key.size <= sizeof(r->key));
		memcpy(r->key, key.data, key.size);
		r->key_size = key.size;
	}
	free(r->value);
	r->value = mem_copy(value.data, value.size);
	r->size = value.size;
	r->puts++;
}

size_t map_flush(struct map *m, struct governance *g)
{
	size_t puts = 0;

	for (size_t i = 0; i < m->count; i++)
		m->list[i].puts = 0;
	governance_flush(g, map_put, m);
	for (size_t i = 0; i < m->count; i++) {
		assert_true(m->list[i].puts <= 1);
		puts += m->list[i].puts;
	}
	return puts;
}

void map_assert_equal(const struct map *a, const struct map *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct map_record *x = &a->list[i], *y = &b->list[i];

		assert_int_equal(x->key_size, y->key_size);
		assert_memory_equal(x->key, y->key, x->key_size);
		assert_int_equal(x->size, y->size);
		assert_memory_equal(x->value, y->value, x->size);
	}
}

static enum err load_all(const struct map *m, struct governance *g,
			 struct err_text *text)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct map_record *r = &m->list[i];
		enum err err = governance_load(
			g, (struct bytes){r->key, r->key_size},
			(struct bytes){r->value, r->size}, text);

		if (err != ERR_OK)
			return err;
	}
	return governance_load_finish(g, text);
}

struct governance *map_load(const struct map *m, const struct governance *like)
{
	struct governance *g =
		governance_new(&test_genesis, governance_params(like), T0);
	struct err_text text = {""};

	if (load_all(m, g, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return g;
}

enum err map_try_load(const struct map *m, const struct governance *like)
{
	struct governance *g =
		governance_new(&test_genesis, governance_params(like), T0);
	enum err err = load_all(m, g, NULL);

	governance_free(&g);
	return err;
}

const struct hash test_genesis = {{'t', 'e', 's', 't'}};

void test_key(struct public_key *out, uint64_t n)
{
	struct hash h;

	hash_bytes(&h, "bcai-gov/test/key", &n, sizeof(n));
	memcpy(out->b, h.b, sizeof(out->b));
}

void net_params(struct governance_params *out)
{
	governance_params_default(out);
	out->value[PARAM_REPUTATION_KEPT_BP] = BP_ONE;
	out->value[PARAM_PROPOSAL_DEPOSIT] = 0;
}

void net_init(struct test_net *n, const struct governance_params *params)
{
	struct governance_params defaults;

	net_params(&defaults);
	memset(n, 0, sizeof(*n));
	n->g = governance_new(&test_genesis, params ? params : &defaults, T0);
	n->height = 1;
	n->time_ms = T0;
}

void net_fini(struct test_net *n)
{
	governance_free(&n->g);
}

uint32_t net_account(struct test_net *n, uint64_t tokens, uint64_t points)
{
	uint32_t index = governance_account_count(n->g);
	struct public_key key;

	test_key(&key, index);
	assert_int_equal(governance_add_account(n->g, &key, tokens * TOKEN,
						points * POINT, &n->text),
			 ERR_OK);
	return index;
}

void net_init_five(struct test_net *n)
{
	net_init(n, NULL);
	net_account(n, 50000, 0);
	net_account(n, 20000, 85);
	net_account(n, 4999, 0);
	net_account(n, 0, 1);
	net_account(n, 0, 0);
}

void net_block(struct test_net *n, uint64_t time_ms)
{
	assert_true(time_ms >= n->time_ms);
	n->height++;
	n->time_ms = time_ms;
	governance_advance(n->g, n->height, time_ms);
	while (!governance_work(n->g, 1))
		continue;
}

void net_sleep(struct test_net *n, uint64_t ms)
{
	net_block(n, n->time_ms + ms);
}

enum err net_apply(struct test_net *n, uint32_t account,
		   const struct payload *payload, uint32_t *number)
{
	const struct governance_context ctx = {
		.account = account,
		.nonce = n->nonce++,
		.height = n->height,
		.time_ms = n->time_ms,
	};

	enum err err = governance_apply(n->g, number, &ctx, payload, &n->text);

	while (!governance_work(n->g, 1))
		continue;
	return err;
}

/* Each account has its own: two that read alike are another test's. */
static size_t account_title(char *out, size_t size, uint32_t account)
{
	return (size_t)snprintf(out, size, "A title of account %u", account);
}

uint32_t net_submit(struct test_net *n, uint32_t account, uint32_t type,
		    bool draft, enum err *err)
{
	char title[32];
	const struct payload payload = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.type = type,
			   .draft = draft,
			   .title = {(const uint8_t *)title,
				     account_title(title, sizeof(title),
						   account)},
			   .description = text_of("What it is about.\n")},
	};
	uint32_t number = 0;
	enum err result = net_apply(n, account, &payload, &number);

	if (err)
		*err = result;
	return result == ERR_OK ? number : 0;
}

enum err net_publish(struct test_net *n, uint32_t account, uint32_t number)
{
	const struct payload payload = {.kind = PAYLOAD_PUBLISH,
					.publish = {number}};

	return net_apply(n, account, &payload, NULL);
}

enum err net_amend(struct test_net *n, uint32_t account, uint32_t number,
		   const char *title, const char *description)
{
	const struct payload payload = {
		.kind = PAYLOAD_AMEND,
		.amend = {number, text_of(title), text_of(description)},
	};

	return net_apply(n, account, &payload, NULL);
}

enum err net_cancel(struct test_net *n, uint32_t account, uint32_t number,
		    const char *reason)
{
	const struct payload payload = {.kind = PAYLOAD_CANCEL,
					.cancel = {number, text_of(reason)}};

	return net_apply(n, account, &payload, NULL);
}

enum err net_vote(struct test_net *n, uint32_t account, uint32_t number,
		  uint32_t choice)
{
	const struct ballot ballot = {.proposal = number, .choice = choice};
	const struct payload payload = {.kind = PAYLOAD_VOTE,
					.vote = {&ballot, 1}};

	return net_apply(n, account, &payload, NULL);
}

enum err net_delegate(struct test_net *n, uint32_t account, uint32_t kind,
		      uint32_t target, uint64_t what, uint64_t expires_ms)
{
	struct payload payload = {
		.kind = PAYLOAD_DELEGATE,
		.delegate = {.kind = kind,
			     .has_target = target != UINT32_MAX,
			     .expires_ms = expires_ms},
	};

	if (payload.delegate.has_target)
		test_key(&payload.delegate.target, target);
	if (kind == DELEGATION_CONDITIONAL)
		payload.delegate.types = (uint32_t)what;
	else
		payload.delegate.amount = what * TOKEN;
	return net_apply(n, account, &payload, NULL);
}

enum err net_undelegate(struct test_net *n, uint32_t account, uint32_t serial)
{
	const struct payload payload = {
		.kind = PAYLOAD_UNDELEGATE,
		.undelegate = {&serial, serial != 0},
	};

	return net_apply(n, account, &payload, NULL);
}

void net_finish(struct test_net *n, uint32_t number)
{
	net_block(n, proposal_deadline_ms(governance_proposal(n->g, number)));
}

uint32_t net_open(struct test_net *n, uint32_t account, uint32_t type)
{
	uint32_t number = net_submit(n, account, type, false, NULL);

	assert_int_not_equal(number, 0);
	net_finish(n, number);
	assert_int_equal(governance_proposal(n->g, number)->state,
			 STATE_VOTING);
	return number;
}

const struct proposal *net_see(const struct test_net *n, uint32_t number)
{
	return governance_proposal(n->g, number);
}

uint64_t net_param(const struct test_net *n, const char *key)
{
	size_t index = governance_param_find(key);

	assert_true(index < PARAM_COUNT);
	return governance_params(n->g)->value[index];
}

struct action set_param(const char *key, uint64_t value)
{
	return (struct action){
		.kind = ACTION_PARAMETER,
		.parameter = {text_of(key), value},
	};
}

struct bytes text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

void chance_init(struct chance *c, const char *name, uint64_t seed)
{
	const char *given = getenv(name);

	c->state = given ? strtoull(given, NULL, 0) : seed;
	printf("%s=%llu\n", name, (unsigned long long)c->state);
}

/* SplitMix64. */
uint64_t chance_next(struct chance *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
	return (uint32_t)(chance_next(c) % n);
}
