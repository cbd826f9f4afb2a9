#include "governance/actions.h"

#include "base/assert.h"
#include "governance/prose.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[ACTION_TEXT] = "text",
	[ACTION_PARAMETER] = "parameter",
	[ACTION_REPUTATION] = "reputation",
	[ACTION_VALIDATORS] = "validators",
	[ACTION_COUNCIL] = "council",
	[ACTION_UPGRADE] = "upgrade",
	[ACTION_TRANSFER] = "transfer",
	[ACTION_CALL] = "call",
	[ACTION_OVERRIDE] = "override",
};

static const char *const contribution_names[] = {
	[CONTRIBUTION_CODE_COMMIT] = "code_commit",
	[CONTRIBUTION_BUG_REPORT] = "bug_report",
	[CONTRIBUTION_SECURITY_AUDIT] = "security_audit",
	[CONTRIBUTION_DOCUMENTATION] = "documentation",
	[CONTRIBUTION_COMMUNITY_SUPPORT] = "community_support",
	[CONTRIBUTION_RESEARCH] = "research",
	[CONTRIBUTION_GOVERNANCE_PROPOSAL] = "governance_proposal",
};

const char *action_kind_name(uint32_t kind)
{
	return kind <= ACTION_KINDS ? kind_names[kind] : NULL;
}

uint32_t action_kind_from_name(const char *name)
{
	for (uint32_t i = 1; i <= ACTION_KINDS; i++)
		if (strcmp(kind_names[i], name) == 0)
			return i;
	return 0;
}

const char *contribution_name(uint32_t contribution)
{
	return contribution <= CONTRIBUTIONS ? contribution_names[contribution]
					     : NULL;
}

uint32_t contribution_from_name(const char *name)
{
	for (uint32_t i = 1; i <= CONTRIBUTIONS; i++)
		if (strcmp(contribution_names[i], name) == 0)
			return i;
	return 0;
}

/* ---- Which type may contain what ---- */

#define OF(type) (1u << (TYPE_##type))
#define DECISIONS                                                              \
	(OF(STANDARD) | OF(TECHNICAL) | OF(CONSTITUTIONAL) | OF(TREASURY) |    \
	 OF(PARAMETER) | OF(CROSSCHAIN))

/* The rules of constitutional proposals are changed by those alone: a lower
 * bar must not lower the higher one. */
static unsigned parameter_types(const struct action_parameter *p)
{
	struct governance_param_info info;
	size_t index = governance_param_find_bytes(p->key);

	if (index == PARAM_COUNT)
		return OF(PARAMETER);
	governance_param_info(&info, index);
	if (info.type == TYPE_CONSTITUTIONAL)
		return OF(CONSTITUTIONAL);
	if (info.type)
		return OF(CONSTITUTIONAL) | OF(PARAMETER);
	return info.class == PARAM_EMERGENCY ? OF(PARAMETER) | OF(EMERGENCY)
					     : OF(PARAMETER);
}

static unsigned types_of(const struct action *a)
{
	switch (a->kind) {
	case ACTION_TEXT:
	case ACTION_REPUTATION:
		return DECISIONS;
	case ACTION_PARAMETER:
		return parameter_types(&a->parameter);
	case ACTION_VALIDATORS:
	case ACTION_COUNCIL:
	case ACTION_OVERRIDE:
		return OF(CONSTITUTIONAL);
	case ACTION_UPGRADE:
		return OF(TECHNICAL);
	case ACTION_TRANSFER:
		return OF(TREASURY);
	case ACTION_CALL:
		if (!u256_is_zero(&a->call.value))
			return OF(TREASURY);
		return OF(TECHNICAL) | OF(EMERGENCY) | OF(TREASURY) |
		       OF(CROSSCHAIN);
	}
	return 0;
}

bool action_is_allowed(enum proposal_type type, const struct action *action)
{
	return (types_of(action) & 1u << type) != 0;
}

void action_allowed_types(char out[ACTION_TYPES_BYTES],
			  const struct action *action)
{
	unsigned types = types_of(action);
	size_t size = 0;

	out[0] = '\0';
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		if (!(types & 1u << t))
			continue;
		types &= ~(1u << t);
		size += (size_t)snprintf(
			out + size, ACTION_TYPES_BYTES - size, "%s%s",
			size == 0 ? "" : (types ? ", " : " or "),
			proposal_type_name(t));
		assert(size < ACTION_TYPES_BYTES);
	}
}

/* ---- Form ---- */

static bool is_key(struct bytes key)
{
	if (key.size == 0 || key.size >= PARAM_NAME_BYTES)
		return false;
	for (size_t i = 0; i < key.size; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._",
			    key.data[i]) ||
		    key.data[i] == '\0')
			return false;
	return true;
}

static enum err check_text(const struct action_text *a, struct err_text *text)
{
	if (a->text.size > LIMIT_ACTION_TEXT_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "action text: %zu bytes, at most %u",
			       a->text.size, LIMIT_ACTION_TEXT_BYTES);
	if (a->text.size == 0 || !prose_is_text(a->text))
		return err_set(text, ERR_MALFORMED,
			       "action text: empty, or not UTF-8 text");
	return ERR_OK;
}

/* Members ascend, so that a council has one layout and none twice. */
static enum err check_council(const struct action_council *c,
			      struct err_text *text)
{
	if (c->count > LIMIT_COUNCIL)
		return err_set(text, ERR_TOO_LARGE,
			       "council: %u members, at most %u", c->count,
			       LIMIT_COUNCIL);
	for (uint32_t i = 1; i < c->count; i++)
		if (memcmp(c->members[i].b, c->members[i - 1].b,
			   PUBLIC_KEY_BYTES) <= 0)
			return err_set(text, ERR_MALFORMED,
				       "council: members do not ascend");
	if (c->count == 0 && c->threshold == 0 && c->threshold_delayed == 0)
		return ERR_OK;
	if (c->threshold > c->count || c->threshold_delayed > c->threshold ||
	    c->threshold_delayed == 0)
		return err_set(text, ERR_MALFORMED,
			       "council: %u at once and %u with a delay, of "
			       "%u members",
			       c->threshold, c->threshold_delayed, c->count);
	return ERR_OK;
}

static enum err check_call(const struct action_call *c, struct err_text *text)
{
	if (c->data.size > LIMIT_CALL_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "call: %zu bytes of data, at most %u",
			       c->data.size, LIMIT_CALL_BYTES);
	if (c->chain == 0 || c->gas == 0)
		return err_set(text, ERR_MALFORMED,
			       "call: without chain or gas");
	return ERR_OK;
}

static enum err check_upgrade(const struct action_upgrade *u,
			      struct err_text *text)
{
	if (u->version == 0 || u->height == 0)
		return err_set(text, ERR_MALFORMED,
			       "upgrade: without version or height");
	return ERR_OK;
}

static enum err check_one(const struct action *a, struct err_text *text)
{
	switch (a->kind) {
	case ACTION_TEXT:
		return check_text(&a->text, text);
	case ACTION_PARAMETER:
		if (!is_key(a->parameter.key))
			return err_set(text, ERR_MALFORMED,
				       "parameter: not a name");
		return ERR_OK;
	case ACTION_REPUTATION:
		if (!contribution_name(a->reputation.kind) ||
		    a->reputation.points == 0)
			return err_set(text, ERR_MALFORMED,
				       "reputation: of no kind, or nothing");
		return ERR_OK;
	case ACTION_VALIDATORS:
		if (a->validators.weight > LIMIT_VALIDATOR_WEIGHT)
			return err_set(text, ERR_TOO_LARGE,
				       "validators: a weight above 2^32");
		return ERR_OK;
	case ACTION_COUNCIL:
		return check_council(&a->council, text);
	case ACTION_UPGRADE:
		return check_upgrade(&a->upgrade, text);
	case ACTION_TRANSFER:
		if (a->transfer.chain == 0 || u256_is_zero(&a->transfer.amount))
			return err_set(text, ERR_MALFORMED,
				       "transfer: without chain, or of "
				       "nothing");
		return ERR_OK;
	case ACTION_CALL:
		return check_call(&a->call, text);
	case ACTION_OVERRIDE:
		return ERR_OK;
	}
	return err_set(text, ERR_MALFORMED, "action: of no kind");
}

/* Two that set one thing contradict each other. */
static bool is_same_thing(const struct action *a, const struct action *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case ACTION_PARAMETER:
		return a->parameter.key.size == b->parameter.key.size &&
		       memcmp(a->parameter.key.data, b->parameter.key.data,
			      a->parameter.key.size) == 0;
	case ACTION_VALIDATORS:
		return public_key_equal(&a->validators.key, &b->validators.key);
	case ACTION_COUNCIL:
	case ACTION_UPGRADE:
		return true;
	case ACTION_OVERRIDE:
		return a->override.proposal == b->override.proposal;
	case ACTION_TEXT:
	case ACTION_REPUTATION:
	case ACTION_TRANSFER:
	case ACTION_CALL:
		break;
	}
	return false;
}

enum err actions_check_form(const struct action_list *actions,
			    struct err_text *text)
{
	if (actions->count > LIMIT_ACTIONS)
		return err_set(text, ERR_TOO_LARGE, "%u actions, at most %u",
			       actions->count, LIMIT_ACTIONS);
	for (uint32_t i = 0; i < actions->count; i++) {
		enum err err = check_one(&actions->list[i], text);

		if (err)
			return err;
		for (uint32_t k = 0; k < i; k++)
			if (is_same_thing(&actions->list[k], &actions->list[i]))
				return err_set(text, ERR_MALFORMED,
					       "actions %u and %u set the same "
					       "thing",
					       k + 1, i + 1);
	}
	return ERR_OK;
}

enum err actions_check(const struct action_list *actions,
		       enum proposal_type type, struct err_text *text)
{
	enum err err = actions_check_form(actions, text);

	for (uint32_t i = 0; !err && i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		char types[ACTION_TYPES_BYTES];

		if (action_is_allowed(type, a))
			continue;
		action_allowed_types(types, a);
		err = err_set(text, ERR_ACTION_NOT_ALLOWED,
			      "action %u (%s) in a proposal of type %s; it "
			      "may stand in one of type %s",
			      i + 1, action_kind_name(a->kind),
			      proposal_type_name(type), types);
	}
	return err;
}

/* ---- Layout ---- */

static void write_council(struct writer *w, const struct action_council *c)
{
	write_u8(w, (uint8_t)c->count);
	for (uint32_t i = 0; i < c->count; i++)
		write_bytes(w, c->members[i].b, PUBLIC_KEY_BYTES);
	write_u8(w, (uint8_t)c->threshold);
	write_u8(w, (uint8_t)c->threshold_delayed);
}

static void write_transfer(struct writer *w, const struct action_transfer *t)
{
	write_u64(w, t->chain);
	write_u8(w, t->has_token);
	if (t->has_token)
		write_bytes(w, t->token.b, EVM_ADDRESS_BYTES);
	write_bytes(w, t->to.b, EVM_ADDRESS_BYTES);
	write_bytes(w, t->amount.b, U256_BYTES);
}

static void write_call(struct writer *w, const struct action_call *c)
{
	write_u64(w, c->chain);
	write_bytes(w, c->target.b, EVM_ADDRESS_BYTES);
	write_bytes(w, c->value.b, U256_BYTES);
	write_blob(w, c->data.data, c->data.size);
	write_u64(w, c->gas);
	write_bytes(w, c->code_hash.b, HASH_BYTES);
}

static void write_one(struct writer *w, const struct action *a)
{
	write_u8(w, (uint8_t)a->kind);
	switch (a->kind) {
	case ACTION_TEXT:
		write_blob(w, a->text.text.data, a->text.text.size);
		break;
	case ACTION_PARAMETER:
		write_blob(w, a->parameter.key.data, a->parameter.key.size);
		write_u64(w, a->parameter.value);
		break;
	case ACTION_REPUTATION:
		write_bytes(w, a->reputation.account.b, PUBLIC_KEY_BYTES);
		write_u8(w, (uint8_t)a->reputation.kind);
		write_u64(w, a->reputation.points);
		break;
	case ACTION_VALIDATORS:
		write_bytes(w, a->validators.key.b, PUBLIC_KEY_BYTES);
		write_u64(w, a->validators.weight);
		break;
	case ACTION_COUNCIL:
		write_council(w, &a->council);
		break;
	case ACTION_UPGRADE:
		write_u32(w, a->upgrade.version);
		write_bytes(w, a->upgrade.build.b, HASH_BYTES);
		write_u64(w, a->upgrade.height);
		break;
	case ACTION_TRANSFER:
		write_transfer(w, &a->transfer);
		break;
	case ACTION_CALL:
		write_call(w, &a->call);
		break;
	case ACTION_OVERRIDE:
		write_u32(w, a->override.proposal);
		break;
	}
}

void actions_write(struct writer *w, const struct action_list *actions)
{
	write_u8(w, (uint8_t)actions->count);
	for (uint32_t i = 0; i < actions->count; i++)
		write_one(w, &actions->list[i]);
}

/* A council of 32 is the longest but for a call's data. */
_Static_assert(4 + LIMIT_COUNCIL * PUBLIC_KEY_BYTES <= ACTION_BYTES_MAX &&
		       8 + LIMIT_ACTION_TEXT_BYTES <= ACTION_BYTES_MAX &&
		       128 + LIMIT_CALL_BYTES <= ACTION_BYTES_MAX,
	       "every action fits");

size_t actions_size(const struct action_list *actions)
{
	size_t size = 1;

	for (uint32_t i = 0; i < actions->count; i++) {
		uint8_t bytes[ACTION_BYTES_MAX];
		struct writer w;

		writer_init(&w, bytes, sizeof(bytes));
		write_one(&w, &actions->list[i]);
		assert(!w.bad);
		size += w.size;
	}
	return size;
}

void actions_hash(struct hash *out, const struct action_list *actions)
{
	const uint8_t count = (uint8_t)actions->count;
	struct hasher h;

	hasher_init(&h, "bcai-gov/actions/1");
	hasher_add(&h, &count, sizeof(count));
	for (uint32_t i = 0; i < actions->count; i++) {
		uint8_t bytes[ACTION_BYTES_MAX];
		struct writer w;

		writer_init(&w, bytes, sizeof(bytes));
		write_one(&w, &actions->list[i]);
		assert(!w.bad);
		hasher_add(&h, bytes, w.size);
	}
	hasher_final(&h, out);
}

static void read_council(struct reader *r, struct action_council *c)
{
	c->count = read_u8(r);
	c->members = (const struct public_key *)(const void *)read_lend(
		r, (size_t)c->count * PUBLIC_KEY_BYTES);
	c->threshold = read_u8(r);
	c->threshold_delayed = read_u8(r);
}

static void read_transfer(struct reader *r, struct action_transfer *t)
{
	uint8_t has_token;

	t->chain = read_u64(r);
	has_token = read_u8(r);
	t->has_token = has_token == 1;
	if (has_token > 1)
		r->bad = true;
	if (t->has_token)
		read_copy(r, t->token.b, EVM_ADDRESS_BYTES);
	read_copy(r, t->to.b, EVM_ADDRESS_BYTES);
	read_copy(r, t->amount.b, U256_BYTES);
}

static void read_call(struct reader *r, struct action_call *c)
{
	c->chain = read_u64(r);
	read_copy(r, c->target.b, EVM_ADDRESS_BYTES);
	read_copy(r, c->value.b, U256_BYTES);
	c->data = read_blob(r, LIMIT_CALL_BYTES);
	c->gas = read_u64(r);
	read_copy(r, c->code_hash.b, HASH_BYTES);
}

static void read_one(struct reader *r, struct action *a)
{
	memset(a, 0, sizeof(*a));
	a->kind = (enum action_kind)read_u8(r);
	switch (a->kind) {
	case ACTION_TEXT:
		a->text.text = read_blob(r, LIMIT_ACTION_TEXT_BYTES);
		return;
	case ACTION_PARAMETER:
		a->parameter.key = read_blob(r, PARAM_NAME_BYTES);
		a->parameter.value = read_u64(r);
		return;
	case ACTION_REPUTATION:
		read_copy(r, a->reputation.account.b, PUBLIC_KEY_BYTES);
		a->reputation.kind = read_u8(r);
		a->reputation.points = read_u64(r);
		return;
	case ACTION_VALIDATORS:
		read_copy(r, a->validators.key.b, PUBLIC_KEY_BYTES);
		a->validators.weight = read_u64(r);
		return;
	case ACTION_COUNCIL:
		read_council(r, &a->council);
		return;
	case ACTION_UPGRADE:
		a->upgrade.version = read_u32(r);
		read_copy(r, a->upgrade.build.b, HASH_BYTES);
		a->upgrade.height = read_u64(r);
		return;
	case ACTION_TRANSFER:
		read_transfer(r, &a->transfer);
		return;
	case ACTION_CALL:
		read_call(r, &a->call);
		return;
	case ACTION_OVERRIDE:
		a->override.proposal = read_u32(r);
		return;
	}
	r->bad = true;
}

bool actions_read(struct action_list *out, struct action room[LIMIT_ACTIONS],
		  struct bytes raw)
{
	struct reader r;

	reader_init(&r, raw.data, raw.size);
	out->list = room;
	out->count = read_u8(&r);
	if (out->count > LIMIT_ACTIONS)
		return false;
	for (uint32_t i = 0; i < out->count && !r.bad; i++)
		read_one(&r, &room[i]);
	return reader_done(&r) && actions_check_form(out, NULL) == ERR_OK;
}
