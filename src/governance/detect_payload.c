#include "governance/detect_payload.h"

#include "governance/params.h"

#include <string.h>

/* People compare the first and the last characters. */
#define ALIKE_HEAD 2
#define ALIKE_TAIL 1
/* Of a list, and of the text, at most. */
#define NAMES_MAX 64

const char *payload_finding_name(uint32_t finding)
{
	static const char *const names[] = {
		[FINDING_SELECTOR] = "selector outside the type",
		[FINDING_NO_CODE] = "target without code",
		[FINDING_RESEMBLES] = "looks like another key or address",
		[FINDING_DISAGREES] = "not what the text names",
	};

	return finding < sizeof(names) / sizeof(names[0]) ? names[finding]
							  : NULL;
}

#define TYPE_BIT(type) (1u << (type))
#define FOR_MONEY      (TYPE_BIT(TYPE_TREASURY) | TYPE_BIT(TYPE_CROSSCHAIN))
#define FOR_CODE       (TYPE_BIT(TYPE_TECHNICAL) | TYPE_BIT(TYPE_EMERGENCY))
#define FOR_RIGHTS     TYPE_BIT(TYPE_CONSTITUTIONAL)

static const struct {
	uint32_t selector;
	unsigned types;
} SELECTORS[] = {
	{0xa9059cbb, FOR_MONEY},  /* transfer(address,uint256) */
	{0x23b872dd, FOR_MONEY},  /* transferFrom(address,address,uint256) */
	{0x095ea7b3, FOR_MONEY},  /* approve(address,uint256) */
	{0x39509351, FOR_MONEY},  /* increaseAllowance(address,uint256) */
	{0xa22cb465, FOR_MONEY},  /* setApprovalForAll(address,bool) */
	{0x40c10f19, FOR_MONEY},  /* mint(address,uint256) */
	{0x2e1a7d4d, FOR_MONEY},  /* withdraw(uint256) */
	{0x3ccfd60b, FOR_MONEY},  /* withdraw() */
	{0x3659cfe6, FOR_CODE},	  /* upgradeTo(address) */
	{0x4f1ef286, FOR_CODE},	  /* upgradeToAndCall(address,bytes) */
	{0x8456cb59, FOR_CODE},	  /* pause() */
	{0x3f4ba83a, FOR_CODE},	  /* unpause() */
	{0xf2fde38b, FOR_RIGHTS}, /* transferOwnership(address) */
	{0x715018a6, FOR_RIGHTS}, /* renounceOwnership() */
	{0x8f283970, FOR_RIGHTS}, /* changeAdmin(address) */
	{0x2f2ff15d, FOR_RIGHTS}, /* grantRole(bytes32,address) */
	{0xd547741f, FOR_RIGHTS}, /* revokeRole(bytes32,address) */
};

static bool is_foreign(const struct action_call *c, enum proposal_type type)
{
	uint32_t selector = 0;

	if (c->data.size < 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		selector = selector << 8 | c->data.data[i];
	for (size_t i = 0; i < sizeof(SELECTORS) / sizeof(SELECTORS[0]); i++)
		if (SELECTORS[i].selector == selector)
			return !(SELECTORS[i].types & TYPE_BIT(type));
	return false;
}

static bool is_without_code(const struct action_call *c)
{
	/* Keccak-256 of nothing; and what an address that was never used has.
	 */
	static const struct hash empty = {
		{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c,
		 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
		 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b,
		 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};
	static const struct hash zero;

	return c->data.size > 0 && (hash_equal(&c->code_hash, &empty) ||
				    hash_equal(&c->code_hash, &zero));
}

/* ---- Keys and addresses ---- */

struct names {
	uint32_t count;
	struct bytes list[NAMES_MAX];
};

static void names_add(struct names *n, const uint8_t *data, size_t size)
{
	if (n->count < NAMES_MAX)
		n->list[n->count++] = (struct bytes){data, size};
}

/* Those that one action does something to. */
static void names_of(struct names *n, const struct action *a)
{
	switch (a->kind) {
	case ACTION_REPUTATION:
		names_add(n, a->reputation.account.b, PUBLIC_KEY_BYTES);
		break;
	case ACTION_VALIDATORS:
		names_add(n, a->validators.key.b, PUBLIC_KEY_BYTES);
		break;
	case ACTION_COUNCIL:
		for (uint32_t i = 0; i < a->council.count; i++)
			names_add(n, a->council.members[i].b, PUBLIC_KEY_BYTES);
		break;
	case ACTION_TRANSFER:
		names_add(n, a->transfer.to.b, EVM_ADDRESS_BYTES);
		break;
	case ACTION_CALL:
		names_add(n, a->call.target.b, EVM_ADDRESS_BYTES);
		break;
	case ACTION_TEXT:
	case ACTION_PARAMETER:
	case ACTION_UPGRADE:
	case ACTION_OVERRIDE:
		break;
	}
}

static bool is_same(struct bytes a, struct bytes b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool is_alike(struct bytes a, struct bytes b)
{
	return a.size == b.size && !is_same(a, b) &&
	       memcmp(a.data, b.data, ALIKE_HEAD) == 0 &&
	       memcmp(a.data + a.size - ALIKE_TAIL,
		      b.data + b.size - ALIKE_TAIL, ALIKE_TAIL) == 0;
}

/* ---- What the text names ---- */

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct text_names {
	struct names names;
	uint8_t room[NAMES_MAX][PUBLIC_KEY_BYTES];
	bool parameter[PARAM_COUNT]; /* is named */
	bool any_parameter;
};

/* A run of 40 or 64 hex digits. */
static void take_hex(struct text_names *t, const uint8_t *digits, size_t count)
{
	uint8_t *out = t->room[t->names.count];

	if ((count != 2 * EVM_ADDRESS_BYTES && count != 2 * PUBLIC_KEY_BYTES) ||
	    t->names.count == NAMES_MAX)
		return;
	for (size_t i = 0; i < count / 2; i++)
		out[i] = (uint8_t)(digit_of(digits[2 * i]) << 4 |
				   digit_of(digits[2 * i + 1]));
	names_add(&t->names, out, count / 2);
}

static bool is_word_byte(uint8_t c)
{
	return digit_of(c) >= 0 || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

static void take_word(struct text_names *t, const uint8_t *word, size_t size)
{
	char name[PARAM_NAME_BYTES];
	size_t index, digits = 0;

	while (size > 0 && word[size - 1] == '.')
		size--;
	if (size > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
		word += 2;
		size -= 2;
	}
	while (digits < size && digit_of(word[digits]) >= 0)
		digits++;
	if (digits == size)
		take_hex(t, word, size);
	if (size == 0 || size >= sizeof(name))
		return;
	memcpy(name, word, size);
	name[size] = '\0';
	if (!strchr(name, '.') && !strchr(name, '_'))
		return;
	index = governance_param_find(name);
	if (index == PARAM_COUNT)
		return;
	t->parameter[index] = true;
	t->any_parameter = true;
}

static void read_text(struct text_names *t, struct bytes text)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.size; i++) {
		if (i < text.size && is_word_byte(text.data[i]))
			continue;
		if (i > start)
			take_word(t, text.data + start, i - start);
		start = i + 1;
	}
}

/* ---- All together ---- */

struct look {
	const struct payload_view *v;
	struct text_names text;
	struct names all; /* of all actions */
};

static bool resembles_any(const struct look *l, struct bytes name)
{
	for (uint32_t i = 0; i < l->v->known_count; i++)
		if (is_alike(name, (struct bytes){l->v->known[i].b,
						  PUBLIC_KEY_BYTES}))
			return true;
	for (uint32_t i = 0; i < l->text.names.count; i++)
		if (is_alike(name, l->text.names.list[i]))
			return true;
	for (uint32_t i = 0; i < l->all.count; i++)
		if (is_alike(name, l->all.list[i]))
			return true;
	return false;
}

/* Does the text name others of that kind, and not this one? */
static bool is_unnamed(const struct look *l, struct bytes name)
{
	bool others = false;

	for (uint32_t i = 0; i < l->text.names.count; i++) {
		if (is_same(name, l->text.names.list[i]))
			return false;
		others |= l->text.names.list[i].size == name.size;
	}
	return others;
}

static bool is_unnamed_parameter(const struct look *l,
				 const struct action_parameter *p)
{
	char name[PARAM_NAME_BYTES];
	size_t index;

	if (p->key.size >= sizeof(name) || !l->text.any_parameter)
		return false;
	memcpy(name, p->key.data, p->key.size);
	name[p->key.size] = '\0';
	index = governance_param_find(name);
	return index < PARAM_COUNT && !l->text.parameter[index];
}

static enum payload_finding find(const struct look *l, const struct action *a)
{
	struct names own = {0};
	bool unnamed = a->kind == ACTION_PARAMETER &&
		       is_unnamed_parameter(l, &a->parameter);

	if (a->kind == ACTION_CALL && is_foreign(&a->call, l->v->type))
		return FINDING_SELECTOR;
	if (a->kind == ACTION_CALL && is_without_code(&a->call))
		return FINDING_NO_CODE;
	names_of(&own, a);
	for (uint32_t i = 0; i < own.count; i++) {
		if (resembles_any(l, own.list[i]))
			return FINDING_RESEMBLES;
		unnamed |= is_unnamed(l, own.list[i]);
	}
	return unnamed ? FINDING_DISAGREES : FINDING_NONE;
}

bool detect_payload(const struct payload_view *v, struct alert *out)
{
	struct look l = {.v = v};

	if (v->actions->count == 0)
		return false;
	read_text(&l.text, v->title);
	read_text(&l.text, v->description);
	for (uint32_t i = 0; i < v->actions->count; i++)
		names_of(&l.all, &v->actions->list[i]);
	for (uint32_t i = 0; i < v->actions->count; i++) {
		enum payload_finding finding = find(&l, &v->actions->list[i]);

		if (finding == FINDING_NONE)
			continue;
		memset(out, 0, sizeof(*out));
		out->kind = DETECT_PAYLOAD;
		out->figure[0] = i + 1;
		out->figure[1] = finding;
		return true;
	}
	return false;
}
