#include "cli/action_spec.h"

#include "admin/genesis_json.h"
#include "admin/json.h"
#include "base/hex.h"
#include "base/nearest.h"
#include "crypto/keystore.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8
#define LINE_MAX  (2 * LIMIT_CALL_BYTES + 2048)

/* One SPEC, taken apart at its blanks. */
struct spec {
	struct arena *arena;
	const char *keys;
	char *words[WORDS_MAX]; /* in the arena; the first is the kind */
	int count;
	const char *form; /* what the kind takes, for errors */
	struct err_text *text;
};

static enum err bad(const struct spec *s, const char *what, const char *word)
{
	return err_set(s->text, ERR_USAGE,
		       "--action '%s': %s \"%.40s\"; it is: %s", s->words[0],
		       what, word, s->form);
}

static enum err split(struct spec *s, const char *line)
{
	size_t size = strlen(line);
	char *copy = arena_alloc(s->arena, size + 1), *rest = copy, *word;

	if (!copy)
		return ERR_NO_MEMORY;
	memcpy(copy, line, size + 1);
	while ((word = strsep(&rest, " \t")) != NULL) {
		if (word[0] == '\0')
			continue;
		if (s->count == WORDS_MAX)
			return err_set(s->text, ERR_USAGE,
				       "--action '%.40s…': too many words",
				       line);
		s->words[s->count++] = word;
	}
	return ERR_OK;
}

/* ---- Words ---- */

static enum err take_number(const struct spec *s, const char *word,
			    uint64_t max, uint64_t *out)
{
	if (!parse_u64(word, out) || *out > max)
		return bad(s, "no number that fits:", word);
	return ERR_OK;
}

static enum err take_key(const struct spec *s, const char *word,
			 struct public_key *out)
{
	struct key_info info;
	enum err e;

	if (hex_decode(out->b, PUBLIC_KEY_BYTES, word, strlen(word)))
		return ERR_OK;
	e = keystore_info(&info, s->keys, word, s->text);
	if (!e)
		*out = info.public_key;
	return e;
}

static enum err take_hash(const struct spec *s, const char *word,
			  struct hash *out)
{
	if (hex_decode(out->b, HASH_BYTES, word, strlen(word)))
		return ERR_OK;
	return bad(s, "not 64 hex digits:", word);
}

static const char *without_0x(const char *word)
{
	return strncmp(word, "0x", 2) == 0 ? word + 2 : word;
}

static enum err take_address(const struct spec *s, const char *word,
			     struct evm_address *out)
{
	const char *digits = without_0x(word);

	if (hex_decode(out->b, EVM_ADDRESS_BYTES, digits, strlen(digits)))
		return ERR_OK;
	return bad(s, "not an address of 40 hex digits:", word);
}

static enum err take_amount(const struct spec *s, const char *word,
			    struct u256 *out)
{
	return u256_parse(out, word) ? ERR_OK : bad(s, "not an amount:", word);
}

static enum err take_points(const struct spec *s, const char *word,
			    uint64_t *out)
{
	const struct bytes text = {(const uint8_t *)word, strlen(word)};

	return decimal_parse(out, text, 3)
		       ? ERR_OK
		       : bad(s, "no points with up to three decimals:", word);
}

/* ---- Kinds ---- */

static enum err read_text(struct spec *s, struct action *a, const char *line)
{
	const char *text = line + strlen("text");
	size_t size;
	char *copy;

	text += strspn(text, " \t");
	size = strlen(text);
	copy = arena_alloc(s->arena, size + 1);
	if (!copy)
		return ERR_NO_MEMORY;
	memcpy(copy, text, size + 1);
	a->text.text = (struct bytes){(const uint8_t *)copy, size};
	return ERR_OK;
}

static enum err unknown_parameter(const struct spec *s, const char *name)
{
	struct governance_param_info info, best = {.name = ""};
	size_t least = NEAREST_FAR;

	for (size_t i = 0; i < PARAM_COUNT; i++) {
		size_t distance;

		governance_param_info(&info, i);
		distance = nearest_distance(name, info.name);
		if (distance < least) {
			least = distance;
			best = info;
		}
	}
	return err_set(s->text, ERR_USAGE,
		       "there is no parameter \"%.47s\"; did you mean \"%s\"? "
		       "params lists them",
		       name, best.name);
}

static enum err read_parameter(struct spec *s, struct action *a)
{
	char *equals = strchr(s->words[1], '=');

	if (!equals)
		return bad(s, "no value in", s->words[1]);
	*equals = '\0';
	if (governance_param_find(s->words[1]) == PARAM_COUNT)
		return unknown_parameter(s, s->words[1]);
	a->parameter.key = (struct bytes){(const uint8_t *)s->words[1],
					  strlen(s->words[1])};
	return take_number(s, equals + 1, UINT64_MAX, &a->parameter.value);
}

static enum err read_reputation(struct spec *s, struct action *a)
{
	enum err e = take_key(s, s->words[1], &a->reputation.account);

	a->reputation.kind = contribution_from_name(s->words[2]);
	if (!e && a->reputation.kind == 0)
		return bad(s,
			   "a contribution is code_commit, bug_report, "
			   "security_audit, documentation, community_support, "
			   "research or governance_proposal, not",
			   s->words[2]);
	if (!e)
		e = take_points(s, s->words[3], &a->reputation.points);
	return e;
}

static enum err read_validators(struct spec *s, struct action *a)
{
	bool adds = strcmp(s->words[1], "add") == 0;
	enum err e;

	if (!adds && strcmp(s->words[1], "remove") != 0)
		return bad(s, "neither add nor remove:", s->words[1]);
	if (s->count != (adds ? 4 : 3))
		return bad(s, "a word too few or too many behind", s->words[1]);
	e = take_key(s, s->words[2], &a->validators.key);
	if (!e && adds)
		e = take_number(s, s->words[3], LIMIT_VALIDATOR_WEIGHT,
				&a->validators.weight);
	if (!e && adds && a->validators.weight == 0)
		e = bad(s, "no weight:", s->words[3]);
	return e;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PUBLIC_KEY_BYTES);
}

static enum err read_members(struct spec *s, struct action_council *c,
			     char *list)
{
	struct public_key *members =
		arena_alloc(s->arena, LIMIT_COUNCIL * sizeof(*members));
	char *rest = list, *word;

	if (!members)
		return ERR_NO_MEMORY;
	while ((word = strsep(&rest, ",")) != NULL) {
		enum err e;

		if (c->count == LIMIT_COUNCIL)
			return bad(s, "more than 32 members, from", word);
		e = take_key(s, word, &members[c->count]);
		if (e)
			return e;
		c->count++;
	}
	qsort(members, c->count, sizeof(*members), by_bytes);
	c->members = members;
	return ERR_OK;
}

/* Without `delayed`, more than half may act with a delay. */
static enum err read_council(struct spec *s, struct action *a)
{
	uint64_t at_once = 0, delayed = 0;
	enum err e = ERR_OK;

	if (s->count == 2 && strcmp(s->words[1], "none") == 0)
		return ERR_OK;
	for (int i = 1; !e && i < s->count; i++) {
		char *word = s->words[i];

		if (strncmp(word, "threshold=", 10) == 0)
			e = take_number(s, word + 10, LIMIT_COUNCIL, &at_once);
		else if (strncmp(word, "delayed=", 8) == 0)
			e = take_number(s, word + 8, LIMIT_COUNCIL, &delayed);
		else if (a->council.count > 0)
			e = bad(s, "members twice, from", word);
		else
			e = read_members(s, &a->council, word);
	}
	if (e)
		return e;
	if (at_once == 0)
		return bad(s, "no threshold=N in", s->words[1]);
	if (delayed == 0)
		delayed = a->council.count / 2 + 1;
	a->council.threshold = (uint32_t)at_once;
	a->council.threshold_delayed =
		(uint32_t)(delayed < at_once ? delayed : at_once);
	return ERR_OK;
}

static enum err read_upgrade(struct spec *s, struct action *a)
{
	uint64_t version;
	enum err e = take_number(s, s->words[1], UINT32_MAX, &version);

	if (!e)
		e = take_hash(s, s->words[2], &a->upgrade.build);
	if (!e)
		e = take_number(s, s->words[3], UINT64_MAX, &a->upgrade.height);
	if (!e)
		a->upgrade.version = (uint32_t)version;
	return e;
}

static enum err read_transfer(struct spec *s, struct action *a)
{
	struct action_transfer *t = &a->transfer;
	enum err e = take_number(s, s->words[1], UINT64_MAX, &t->chain);

	t->has_token = strcmp(s->words[2], "coin") != 0;
	if (!e && t->has_token)
		e = take_address(s, s->words[2], &t->token);
	if (!e)
		e = take_address(s, s->words[3], &t->to);
	if (!e)
		e = take_amount(s, s->words[4], &t->amount);
	return e;
}

static enum err read_data(struct spec *s, struct bytes *out, const char *word)
{
	const char *digits = without_0x(word);
	size_t size = strlen(digits) / 2;
	uint8_t *data = arena_alloc(s->arena, size + 1);

	if (!data)
		return ERR_NO_MEMORY;
	if (digits[0] && !hex_decode(data, size, digits, strlen(digits)))
		return bad(s, "data is hex, not", word);
	*out = (struct bytes){data, size};
	return ERR_OK;
}

static enum err read_call(struct spec *s, struct action *a)
{
	struct action_call *c = &a->call;
	bool has_code = false;
	enum err e = take_number(s, s->words[1], UINT64_MAX, &c->chain);

	if (!e)
		e = take_address(s, s->words[2], &c->target);
	if (!e)
		e = read_data(s, &c->data, s->words[3]);
	for (int i = 4; !e && i < s->count; i++) {
		const char *word = s->words[i];

		if (strncmp(word, "gas=", 4) == 0) {
			e = take_number(s, word + 4, UINT64_MAX, &c->gas);
		} else if (strncmp(word, "value=", 6) == 0) {
			e = take_amount(s, word + 6, &c->value);
		} else if (strncmp(word, "code=", 5) == 0) {
			e = take_hash(s, without_0x(word + 5), &c->code_hash);
			has_code = true;
		} else {
			e = bad(s, "what is", word);
		}
	}
	if (!e && (c->gas == 0 || !has_code))
		e = bad(s, "gas=N and code=HASH must be given with",
			s->words[2]);
	return e;
}

static enum err read_override(struct spec *s, struct action *a)
{
	uint64_t number;
	enum err e = take_number(s, s->words[1], UINT32_MAX, &number);

	if (!e)
		a->override.proposal = (uint32_t)number;
	return e;
}

/* ---- The table ---- */

static const struct {
	enum action_kind kind;
	int fewest, most; /* words, with the kind */
	const char *form;
	enum err (*read)(struct spec *s, struct action *a);
} KINDS[] = {
	{ACTION_PARAMETER, 2, 2, "parameter KEY=VALUE", read_parameter},
	{ACTION_REPUTATION, 4, 4, "reputation KEY CONTRIBUTION POINTS",
	 read_reputation},
	{ACTION_VALIDATORS, 3, 4,
	 "validators add NODE WEIGHT, or validators remove NODE",
	 read_validators},
	{ACTION_COUNCIL, 2, 4,
	 "council threshold=N [delayed=M] KEY,KEY,…, or council none",
	 read_council},
	{ACTION_UPGRADE, 4, 4, "upgrade VERSION BUILD HEIGHT", read_upgrade},
	{ACTION_TRANSFER, 5, 5, "transfer CHAIN TOKEN|coin TO AMOUNT",
	 read_transfer},
	{ACTION_CALL, 6, 7, "call CHAIN TARGET DATA gas=N code=HASH [value=N]",
	 read_call},
	{ACTION_OVERRIDE, 2, 2, "override NUMBER", read_override},
};

static enum err read_kind(struct spec *s, struct action *out)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		if (KINDS[i].kind != out->kind)
			continue;
		s->form = KINDS[i].form;
		if (s->count < KINDS[i].fewest || s->count > KINDS[i].most)
			return bad(s, "a word too few or too many behind",
				   s->words[0]);
		return KINDS[i].read(s, out);
	}
	return ERR_USAGE;
}

enum err action_spec_read(struct action *out, struct arena *arena,
			  const char *keys, const char *spec,
			  struct err_text *text)
{
	struct spec s = {.arena = arena, .keys = keys, .text = text};
	enum err e;

	memset(out, 0, sizeof(*out));
	spec += strspn(spec, " \t");
	if (strncmp(spec, "text", 4) == 0 && strchr(" \t", spec[4])) {
		out->kind = ACTION_TEXT;
		return read_text(&s, out, spec);
	}
	if (strlen(spec) > LINE_MAX)
		return err_set(text, ERR_TOO_LARGE,
			       "--action: longer than an action may be");
	e = split(&s, spec);
	if (e)
		return e;
	if (s.count > 0)
		out->kind = (enum action_kind)action_kind_from_name(s.words[0]);
	if (s.count == 0 || out->kind == 0)
		return err_set(text, ERR_USAGE,
			       "--action '%.40s': an action is text, "
			       "parameter, reputation, validators, council, "
			       "upgrade, transfer, call or override",
			       spec);
	return read_kind(&s, out);
}

enum err action_specs_take(struct cli *cli, const char *option,
			   struct action_list *out, struct arena *arena,
			   struct err_text *text)
{
	struct action *list = arena_alloc(arena, LIMIT_ACTIONS * sizeof(*list));
	const char *spec;
	int at = 0;

	out->list = list;
	out->count = 0;
	if (!list)
		return ERR_NO_MEMORY;
	while ((spec = cli_option_next(cli, option, &at)) != NULL) {
		enum err e;

		if (out->count == LIMIT_ACTIONS)
			return err_set(text, ERR_TOO_LARGE,
				       "a proposal has at most %u actions",
				       LIMIT_ACTIONS);
		e = action_spec_read(&list[out->count], arena, cli->keys, spec,
				     text);
		if (e)
			return e;
		out->count++;
	}
	return ERR_OK;
}
