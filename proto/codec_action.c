#include "proto/codec_action.h"

#include <string.h>

/* ---- From protobuf ---- */

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool take_fixed(void *out, size_t size, ProtobufCBinaryData data)
{
	if (data.len != size)
		return false;
	memcpy(out, data.data, size);
	return true;
}

static bool take_amount(struct u256 *out, ProtobufCBinaryData data)
{
	return u256_from_minimal(out, (struct bytes){data.data, data.len});
}

static enum err take_council(struct action_council *out, struct arena *arena,
			     const Bcai__Tx__CouncilAction *pb)
{
	struct public_key *members;

	if (pb->n_members > LIMIT_COUNCIL)
		return ERR_TOO_LARGE;
	members = arena_alloc(arena, pb->n_members * sizeof(*members) + 1);
	if (!members)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < pb->n_members; i++)
		if (!take_fixed(members[i].b, PUBLIC_KEY_BYTES, pb->members[i]))
			return ERR_MALFORMED;
	out->members = members;
	out->count = (uint32_t)pb->n_members;
	out->threshold = pb->threshold;
	out->threshold_delayed = pb->threshold_delayed;
	return ERR_OK;
}

static bool take_transfer(struct action_transfer *out,
			  const Bcai__Tx__TransferAction *pb)
{
	out->chain = pb->chain;
	out->has_token = pb->token.len > 0;
	return (!out->has_token ||
		take_fixed(out->token.b, EVM_ADDRESS_BYTES, pb->token)) &&
	       take_fixed(out->to.b, EVM_ADDRESS_BYTES, pb->to) &&
	       take_amount(&out->amount, pb->amount);
}

static bool take_call(struct action_call *out, const Bcai__Tx__CallAction *pb)
{
	out->chain = pb->chain;
	out->data = (struct bytes){pb->data.data, pb->data.len};
	out->gas = pb->gas;
	return take_fixed(out->target.b, EVM_ADDRESS_BYTES, pb->target) &&
	       take_amount(&out->value, pb->value) &&
	       take_fixed(out->code_hash.b, HASH_BYTES, pb->code_hash);
}

/* What native actions of fixed size hold. */
static bool take_native(struct action *out, const Bcai__Tx__Action *pb)
{
	switch (out->kind) {
	case ACTION_TEXT:
		out->text.text = bytes_of(pb->text->text);
		return true;
	case ACTION_PARAMETER:
		out->parameter.key = bytes_of(pb->parameter->key);
		out->parameter.value = pb->parameter->value;
		return true;
	case ACTION_REPUTATION:
		out->reputation.kind = pb->reputation->kind;
		out->reputation.points = pb->reputation->points;
		return take_fixed(out->reputation.account.b, PUBLIC_KEY_BYTES,
				  pb->reputation->account);
	case ACTION_VALIDATORS:
		out->validators.weight = pb->validators->weight;
		return take_fixed(out->validators.key.b, PUBLIC_KEY_BYTES,
				  pb->validators->key);
	case ACTION_UPGRADE:
		out->upgrade.version = pb->upgrade->version;
		out->upgrade.height = pb->upgrade->height;
		return take_fixed(out->upgrade.build.b, HASH_BYTES,
				  pb->upgrade->build);
	case ACTION_OVERRIDE:
		out->override.proposal = pb->override->proposal;
		return true;
	case ACTION_COUNCIL:
	case ACTION_TRANSFER:
	case ACTION_CALL:
		break;
	}
	return false;
}

/* All members of the union begin with the message's base. */
static enum err take_action(struct action *out, struct arena *arena,
			    const Bcai__Tx__Action *pb)
{
	bool good;

	memset(out, 0, sizeof(*out));
	if (pb->kind_case == BCAI__TX__ACTION__KIND__NOT_SET ||
	    pb->base.n_unknown_fields > 0 ||
	    pb->text->base.n_unknown_fields > 0)
		return ERR_MALFORMED;
	out->kind = (enum action_kind)pb->kind_case;
	if (out->kind == ACTION_COUNCIL)
		return take_council(&out->council, arena, pb->council);
	if (out->kind == ACTION_TRANSFER)
		good = take_transfer(&out->transfer, pb->transfer);
	else if (out->kind == ACTION_CALL)
		good = take_call(&out->call, pb->call);
	else
		good = take_native(out, pb);
	return good ? ERR_OK : ERR_MALFORMED;
}

enum err codec_take_actions(struct action_list *out, struct arena *arena,
			    Bcai__Tx__Action *const *list, size_t count)
{
	struct action *actions;

	out->list = NULL;
	out->count = 0;
	if (count > LIMIT_ACTIONS)
		return ERR_TOO_LARGE;
	if (count == 0)
		return ERR_OK;
	actions = arena_alloc(arena, count * sizeof(*actions));
	if (!actions)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		enum err err = take_action(&actions[i], arena, list[i]);

		if (err)
			return err;
	}
	out->list = actions;
	out->count = (uint32_t)count;
	return ERR_OK;
}

/* ---- To protobuf ---- */

char *codec_string(struct arena *arena, struct bytes text)
{
	char *copy = arena_alloc(arena, text.size + 1);

	if (!copy)
		return NULL;
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return copy;
}

/* Lent for packing only. */
static ProtobufCBinaryData data_of(const void *data, size_t size)
{
	return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data};
}

static ProtobufCBinaryData amount_of(const struct u256 *amount)
{
	struct bytes minimal = u256_minimal(amount);

	return data_of(minimal.data, minimal.size);
}

/* Any of the messages an action can need. */
union part {
	ProtobufCMessage base;
	Bcai__Tx__TextAction text;
	Bcai__Tx__ParameterAction parameter;
	Bcai__Tx__ReputationAction reputation;
	Bcai__Tx__ValidatorsAction validators;
	Bcai__Tx__CouncilAction council;
	Bcai__Tx__UpgradeAction upgrade;
	Bcai__Tx__TransferAction transfer;
	Bcai__Tx__CallAction call;
	Bcai__Tx__OverrideAction override;
};

static bool give_council(Bcai__Tx__CouncilAction *pb, struct arena *arena,
			 const struct action_council *c)
{
	bcai__tx__council_action__init(pb);
	pb->n_members = c->count;
	pb->members = arena_alloc(arena, c->count * sizeof(*pb->members) + 1);
	if (!pb->members)
		return false;
	for (uint32_t i = 0; i < c->count; i++)
		pb->members[i] = data_of(c->members[i].b, PUBLIC_KEY_BYTES);
	pb->threshold = c->threshold;
	pb->threshold_delayed = c->threshold_delayed;
	return true;
}

static void give_transfer(Bcai__Tx__TransferAction *pb,
			  const struct action_transfer *t)
{
	bcai__tx__transfer_action__init(pb);
	pb->chain = t->chain;
	if (t->has_token)
		pb->token = data_of(t->token.b, EVM_ADDRESS_BYTES);
	pb->to = data_of(t->to.b, EVM_ADDRESS_BYTES);
	pb->amount = amount_of(&t->amount);
}

static void give_call(Bcai__Tx__CallAction *pb, const struct action_call *c)
{
	bcai__tx__call_action__init(pb);
	pb->chain = c->chain;
	pb->target = data_of(c->target.b, EVM_ADDRESS_BYTES);
	pb->value = amount_of(&c->value);
	pb->data = data_of(c->data.data, c->data.size);
	pb->gas = c->gas;
	pb->code_hash = data_of(c->code_hash.b, HASH_BYTES);
}

static bool give_part(union part *p, struct arena *arena,
		      const struct action *a)
{
	switch (a->kind) {
	case ACTION_TEXT:
		bcai__tx__text_action__init(&p->text);
		p->text.text = codec_string(arena, a->text.text);
		return p->text.text != NULL;
	case ACTION_PARAMETER:
		bcai__tx__parameter_action__init(&p->parameter);
		p->parameter.key = codec_string(arena, a->parameter.key);
		p->parameter.value = a->parameter.value;
		return p->parameter.key != NULL;
	case ACTION_REPUTATION:
		bcai__tx__reputation_action__init(&p->reputation);
		p->reputation.account =
			data_of(a->reputation.account.b, PUBLIC_KEY_BYTES);
		p->reputation.kind = a->reputation.kind;
		p->reputation.points = a->reputation.points;
		return true;
	case ACTION_VALIDATORS:
		bcai__tx__validators_action__init(&p->validators);
		p->validators.key =
			data_of(a->validators.key.b, PUBLIC_KEY_BYTES);
		p->validators.weight = a->validators.weight;
		return true;
	case ACTION_COUNCIL:
		return give_council(&p->council, arena, &a->council);
	case ACTION_UPGRADE:
		bcai__tx__upgrade_action__init(&p->upgrade);
		p->upgrade.version = a->upgrade.version;
		p->upgrade.build = data_of(a->upgrade.build.b, HASH_BYTES);
		p->upgrade.height = a->upgrade.height;
		return true;
	case ACTION_TRANSFER:
		give_transfer(&p->transfer, &a->transfer);
		return true;
	case ACTION_CALL:
		give_call(&p->call, &a->call);
		return true;
	case ACTION_OVERRIDE:
		bcai__tx__override_action__init(&p->override);
		p->override.proposal = a->override.proposal;
		return true;
	}
	return false;
}

Bcai__Tx__Action **codec_give_actions(struct arena *arena,
				      const struct action_list *actions)
{
	size_t count = actions->count;
	Bcai__Tx__Action **list = arena_alloc(arena, count * sizeof(*list) + 1);
	Bcai__Tx__Action *pb = arena_alloc(arena, count * sizeof(*pb) + 1);
	union part *parts = arena_alloc(arena, count * sizeof(*parts) + 1);

	if (!list || !pb || !parts)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		bcai__tx__action__init(&pb[i]);
		pb[i].kind_case =
			(Bcai__Tx__Action__KindCase)(int)actions->list[i].kind;
		if (!give_part(&parts[i], arena, &actions->list[i]))
			return NULL;
		pb[i].text = &parts[i].text;
		list[i] = &pb[i];
	}
	return list;
}
