#include "admin/action_json.h"

#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_TEXT_BYTES (2 + 2 * EVM_ADDRESS_BYTES + 1)

/* `value` / 10^places, without zeros at the end. */
static void format_decimal(char *out, size_t size, uint64_t value,
			   unsigned places)
{
	uint64_t one = 1;
	size_t length;

	for (unsigned i = 0; i < places; i++)
		one *= 10;
	snprintf(out, size, "%" PRIu64 ".%0*" PRIu64, value / one, (int)places,
		 value % one);
	length = strlen(out);
	while (out[length - 1] == '0')
		out[--length] = '\0';
	if (out[length - 1] == '.')
		out[--length] = '\0';
}

void param_words(char out[PARAM_WORDS_BYTES], const char *unit, uint64_t value)
{
	char digits[32];

	if (strcmp(unit, "micro-tokens") == 0) {
		format_decimal(digits, sizeof(digits), value, 6);
		unit = "tokens";
	} else if (strcmp(unit, "milli-points") == 0) {
		format_decimal(digits, sizeof(digits), value, 3);
		unit = "points";
	} else {
		snprintf(digits, sizeof(digits), "%" PRIu64, value);
	}
	snprintf(out, PARAM_WORDS_BYTES, "%s %s", digits, unit);
}

static void address_text(char out[ADDRESS_TEXT_BYTES],
			 const struct evm_address *a)
{
	memcpy(out, "0x", 2);
	hex_encode(out + 2, a->b, EVM_ADDRESS_BYTES);
}

static json_t *address_value(const struct evm_address *a)
{
	char text[ADDRESS_TEXT_BYTES];

	address_text(text, a);
	return json_string(text);
}

static json_t *amount_value(const struct u256 *v)
{
	char digits[U256_TEXT_BYTES];

	u256_format(digits, v);
	return json_string(digits);
}

/* ---- Words ---- */

static void parameter_words(char *out, const struct action_parameter *p)
{
	struct governance_param_info info = {.unit = ""};
	size_t index = governance_param_find_bytes(p->key);
	char value[PARAM_WORDS_BYTES];

	if (index < PARAM_COUNT)
		governance_param_info(&info, index);
	param_words(value, info.unit, p->value);
	snprintf(out, ACTION_WORDS_BYTES, "set %.*s to %s", (int)p->key.size,
		 (const char *)p->key.data, value);
}

static void reputation_words(char *out, const struct action_reputation *r)
{
	char key[2 * PUBLIC_KEY_BYTES + 1], points[32];
	const char *kind = contribution_name(r->kind);

	hex_encode(key, r->account.b, PUBLIC_KEY_BYTES);
	format_decimal(points, sizeof(points), r->points, 3);
	snprintf(out, ACTION_WORDS_BYTES, "award %s points for %s to %s",
		 points, kind ? kind : "?", key);
}

static void validators_words(char *out, const struct action_validators *v)
{
	char key[2 * PUBLIC_KEY_BYTES + 1];

	hex_encode(key, v->key.b, PUBLIC_KEY_BYTES);
	if (v->weight == 0)
		snprintf(out, ACTION_WORDS_BYTES, "remove validator %s", key);
	else
		snprintf(out, ACTION_WORDS_BYTES,
			 "validator %s with weight %" PRIu64, key, v->weight);
}

static void council_words(char *out, const struct action_council *c)
{
	if (c->count == 0)
		snprintf(out, ACTION_WORDS_BYTES, "have no council");
	else
		snprintf(out, ACTION_WORDS_BYTES,
			 "a council of %u: %u act at once, %u with a delay",
			 c->count, c->threshold, c->threshold_delayed);
}

static void upgrade_words(char *out, const struct action_upgrade *u)
{
	char build[2 * HASH_BYTES + 1];

	hex_encode(build, u->build.b, HASH_BYTES);
	snprintf(out, ACTION_WORDS_BYTES,
		 "version %u of the protocol from height %" PRIu64
		 " on, build %s",
		 u->version, u->height, build);
}

static void transfer_words(char *out, const struct action_transfer *t)
{
	char to[ADDRESS_TEXT_BYTES], token[ADDRESS_TEXT_BYTES];
	char amount[U256_TEXT_BYTES];

	address_text(to, &t->to);
	address_text(token, &t->token);
	u256_format(amount, &t->amount);
	snprintf(out, ACTION_WORDS_BYTES,
		 "transfer %s units of %s on chain %" PRIu64 " to %s", amount,
		 t->has_token ? token : "its coin", t->chain, to);
}

static void call_words(char *out, const struct action_call *c)
{
	char target[ADDRESS_TEXT_BYTES], value[U256_TEXT_BYTES];
	char selector[9] = "none";

	address_text(target, &c->target);
	u256_format(value, &c->value);
	if (c->data.size >= 4)
		hex_encode(selector, c->data.data, 4);
	snprintf(out, ACTION_WORDS_BYTES,
		 "call %s on chain %" PRIu64 ": selector %s, %zu bytes, value "
		 "%s, gas %" PRIu64,
		 target, c->chain, selector, c->data.size, value, c->gas);
}

void action_words(char out[ACTION_WORDS_BYTES], const struct action *a)
{
	switch (a->kind) {
	case ACTION_TEXT:
		snprintf(out, ACTION_WORDS_BYTES, "resolve: %.*s",
			 (int)a->text.text.size,
			 (const char *)a->text.text.data);
		return;
	case ACTION_PARAMETER:
		parameter_words(out, &a->parameter);
		return;
	case ACTION_REPUTATION:
		reputation_words(out, &a->reputation);
		return;
	case ACTION_VALIDATORS:
		validators_words(out, &a->validators);
		return;
	case ACTION_COUNCIL:
		council_words(out, &a->council);
		return;
	case ACTION_UPGRADE:
		upgrade_words(out, &a->upgrade);
		return;
	case ACTION_TRANSFER:
		transfer_words(out, &a->transfer);
		return;
	case ACTION_CALL:
		call_words(out, &a->call);
		return;
	case ACTION_OVERRIDE:
		snprintf(out, ACTION_WORDS_BYTES,
			 "bring back proposal #%u, which was vetoed",
			 a->override.proposal);
		return;
	}
	out[0] = '\0';
}

/* ---- JSON ---- */

static void put_reputation(json_t *o, const struct action_reputation *r)
{
	const char *kind = contribution_name(r->kind);

	json_put(o, "account", json_key(&r->account));
	json_put(o, "contribution",
		 kind ? json_string(kind) : json_count(r->kind));
	json_put(o, "points", json_u64(r->points));
}

static void put_council(json_t *o, const struct action_council *c)
{
	json_t *members = json_array();

	for (uint32_t i = 0; i < c->count; i++)
		json_push(members, json_key(&c->members[i]));
	json_put(o, "members", members);
	json_put(o, "threshold", json_count(c->threshold));
	json_put(o, "threshold_delayed", json_count(c->threshold_delayed));
}

static void put_transfer(json_t *o, const struct action_transfer *t)
{
	json_put(o, "chain", json_u64(t->chain));
	json_put(o, "token",
		 t->has_token ? address_value(&t->token) : json_null());
	json_put(o, "to", address_value(&t->to));
	json_put(o, "amount", amount_value(&t->amount));
}

static void put_call(json_t *o, const struct action_call *c)
{
	json_put(o, "chain", json_u64(c->chain));
	json_put(o, "target", address_value(&c->target));
	json_put(o, "value", amount_value(&c->value));
	json_put(o, "data", json_hex(c->data.data, c->data.size));
	json_put(o, "gas", json_u64(c->gas));
	json_put(o, "code_hash", json_hash(&c->code_hash));
}

static void put_action(json_t *o, const struct action *a)
{
	switch (a->kind) {
	case ACTION_TEXT:
		json_put(o, "text",
			 json_text(a->text.text.data, a->text.text.size));
		break;
	case ACTION_PARAMETER:
		json_put(o, "key",
			 json_text(a->parameter.key.data,
				   a->parameter.key.size));
		json_put(o, "value", json_u64(a->parameter.value));
		break;
	case ACTION_REPUTATION:
		put_reputation(o, &a->reputation);
		break;
	case ACTION_VALIDATORS:
		json_put(o, "node_id", json_key(&a->validators.key));
		json_put(o, "weight", json_u64(a->validators.weight));
		break;
	case ACTION_COUNCIL:
		put_council(o, &a->council);
		break;
	case ACTION_UPGRADE:
		json_put(o, "version", json_count(a->upgrade.version));
		json_put(o, "build", json_hash(&a->upgrade.build));
		json_put(o, "height", json_u64(a->upgrade.height));
		break;
	case ACTION_TRANSFER:
		put_transfer(o, &a->transfer);
		break;
	case ACTION_CALL:
		put_call(o, &a->call);
		break;
	case ACTION_OVERRIDE:
		json_put(o, "proposal", json_count(a->override.proposal));
		break;
	}
}

json_t *action_value(const struct action *a)
{
	const char *kind = action_kind_name(a->kind);
	json_t *o = json_object();
	char words[ACTION_WORDS_BYTES];

	json_put(o, "kind", kind ? json_string(kind) : json_count(a->kind));
	put_action(o, a);
	action_words(words, a);
	json_put(o, "words", json_text(words, strlen(words)));
	return o;
}

json_t *actions_value(const struct action_list *actions)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < actions->count; i++)
		json_push(list, action_value(&actions->list[i]));
	return list;
}
