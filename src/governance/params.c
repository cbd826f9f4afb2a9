#include "governance/params.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct row {
	const char *name; /* of a type's parameter: without the type */
	const char *unit;
	const char *sentence;
	uint64_t min;
	uint64_t max;
	uint64_t value[PROPOSAL_TYPES]; /* a global's default stands first */
};

static const struct row global_rows[PARAM_GLOBALS] = {
#define PARAM_ROW(symbol, name, unit, min, max, value, sentence)               \
	[PARAM_##symbol] = {name, unit, sentence, min, max, {value}},
	PARAM_GLOBAL_TABLE(PARAM_ROW)
#undef PARAM_ROW
};

static const struct row type_rows[PARAM_TYPES] = {
#define PARAM_ROW(symbol, name, unit, min, max, a, b, c, d, e, f, g, sentence) \
	[PARAM_TYPE_##symbol] = {name, unit, sentence,                         \
				 min,  max,  {a, b, c, d, e, f, g}},
	PARAM_TYPE_TABLE(PARAM_ROW)
#undef PARAM_ROW
};

/* How it may change; without a row: by any step, in the normal way. */
struct change {
	uint64_t step;
	enum param_class class;
};

static const struct change global_changes[PARAM_GLOBALS] = {
	[PARAM_PROPOSAL_MIN_STAKE] = {50000 * TOKEN, PARAM_EMERGENCY},
	[PARAM_PROPOSAL_MAX_OPEN] = {16, PARAM_EMERGENCY},
	[PARAM_PROPOSAL_DEPOSIT] = {50000 * TOKEN, PARAM_EMERGENCY},
	[PARAM_DEPOSIT_GROWTH_BP] = {1000, PARAM_EMERGENCY},
	[PARAM_ACCOUNT_MIN_STAKE] = {1000 * TOKEN, PARAM_EMERGENCY},
	[PARAM_DRAFT_EXPIRY_MS] = {30 * MS_DAY, PARAM_NORMAL},
	[PARAM_VOTE_MIN_STAKE] = {1000 * TOKEN, PARAM_NORMAL},
	/* Decay is applied for many epochs at once. */
	[PARAM_REPUTATION_KEPT_BP] = {0, PARAM_FIXED},
	[PARAM_STAKE_MATURITY_MS] = {2 * MS_DAY, PARAM_NORMAL},
	[PARAM_EPOCH_MS] = {7 * MS_DAY, PARAM_NORMAL},
	[PARAM_COUNCIL_DELAY_MS] = {2 * MS_DAY, PARAM_NORMAL},
	[PARAM_COUNCIL_EXPIRY_MS] = {7 * MS_DAY, PARAM_NORMAL},
	[PARAM_PARAMETER_COOLDOWN_MS] = {7 * MS_DAY, PARAM_NORMAL},
	[PARAM_REPUTATION_TECHNICAL_PROPOSAL] = {50 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_CODE_COMMIT] = {1000 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_BUG_REPORT] = {1000 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_SECURITY_AUDIT] = {1000 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_DOCUMENTATION] = {1000 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_COMMUNITY_SUPPORT] = {1000 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_RESEARCH] = {1000 * POINT, PARAM_NORMAL},
	[PARAM_REPUTATION_CAP_GOVERNANCE_PROPOSAL] = {1000 * POINT,
						      PARAM_NORMAL},
	[PARAM_DELEGATION_DEPTH] = {4, PARAM_NORMAL},
	[PARAM_DELEGATION_MAX_PER_EPOCH] = {32, PARAM_EMERGENCY},
	[PARAM_TOKENS_FLOOR_BP] = {500, PARAM_NORMAL},
};

static const struct change type_changes[PARAM_TYPES] = {
	[PARAM_TYPE_WEIGHT_TOKENS] = {25, PARAM_NORMAL},
	[PARAM_TYPE_WEIGHT_REPUTATION] = {25, PARAM_NORMAL},
	[PARAM_TYPE_DELAY_MS] = {2 * MS_DAY, PARAM_NORMAL},
	[PARAM_TYPE_VOTING_MS] = {7 * MS_DAY, PARAM_NORMAL},
	[PARAM_TYPE_TIMELOCK_MS] = {2 * MS_DAY, PARAM_NORMAL},
	[PARAM_TYPE_LATE_WINDOW_BP] = {1250, PARAM_NORMAL},
	[PARAM_TYPE_CARRY_CAP_BP] = {2500, PARAM_NORMAL},
	[PARAM_TYPE_QUORUM_BP] = {1000, PARAM_NORMAL},
	[PARAM_TYPE_APPROVAL_BP] = {1000, PARAM_NORMAL},
};

static size_t type_index(enum proposal_type type, enum param_type which)
{
	return PARAM_GLOBALS + ((size_t)type - 1) * PARAM_TYPES + (size_t)which;
}

static const struct row *row_of(size_t index, uint32_t *type)
{
	assert(index < PARAM_COUNT);
	*type = 0;
	if (index < PARAM_GLOBALS)
		return &global_rows[index];
	index -= PARAM_GLOBALS;
	*type = 1 + (uint32_t)(index / PARAM_TYPES);
	return &type_rows[index % PARAM_TYPES];
}

static const struct change *change_of(size_t index)
{
	return index < PARAM_GLOBALS
		       ? &global_changes[index]
		       : &type_changes[(index - PARAM_GLOBALS) % PARAM_TYPES];
}

void governance_param_info(struct governance_param_info *out, size_t index)
{
	uint32_t type;
	const struct row *row = row_of(index, &type);
	const struct change *change = change_of(index);

	out->type = type;
	out->class = change->class;
	out->step = change->step;
	snprintf(out->name, sizeof(out->name), "%s%s%s",
		 type ? proposal_type_name(type) : "", type ? "." : "",
		 row->name);
	out->unit = row->unit;
	out->sentence = row->sentence;
	out->value_default = row->value[type ? type - 1 : 0];
	out->min = row->min;
	out->max = row->max;
}

/* `name` is "TYPE.rest": the rest, or NULL. */
static const char *after_type(const char *name, uint32_t type)
{
	const char *word = proposal_type_name(type);
	size_t size = strlen(word);

	return strncmp(name, word, size) == 0 && name[size] == '.'
		       ? name + size + 1
		       : NULL;
}

/* Asked for every action of every submission, before its signature. */
size_t governance_param_find(const char *name)
{
	for (size_t i = 0; i < PARAM_GLOBALS; i++)
		if (strcmp(global_rows[i].name, name) == 0)
			return i;
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		const char *rest = after_type(name, t);

		for (size_t i = 0; rest && i < PARAM_TYPES; i++)
			if (strcmp(type_rows[i].name, rest) == 0)
				return type_index(t, i);
	}
	return PARAM_COUNT;
}

size_t governance_param_find_bytes(struct bytes name)
{
	char text[PARAM_NAME_BYTES];

	if (name.size >= sizeof(text))
		return PARAM_COUNT;
	if (name.size > 0)
		memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	return strlen(text) == name.size ? governance_param_find(text)
					 : PARAM_COUNT;
}

const char *governance_param_class_name(enum param_class class)
{
	static const char *const names[] = {
		[PARAM_NORMAL] = "normal",
		[PARAM_FIXED] = "fixed",
		[PARAM_EMERGENCY] = "emergency",
	};

	return names[class];
}

void governance_params_default(struct governance_params *p)
{
	struct governance_param_info info;

	for (size_t i = 0; i < PARAM_COUNT; i++) {
		governance_param_info(&info, i);
		p->value[i] = info.value_default;
	}
}

void governance_params_fast(struct governance_params *p)
{
	governance_params_default(p);
	p->value[PARAM_DRAFT_EXPIRY_MS] = 600 * MS_SECOND;
	p->value[PARAM_DETECT_WINDOW_MS] = 60 * MS_SECOND;
	p->value[PARAM_STAKE_MATURITY_MS] = 2 * MS_SECOND;
	p->value[PARAM_EPOCH_MS] = 10 * MS_SECOND;
	p->value[PARAM_COUNCIL_DELAY_MS] = MS_SECOND;
	p->value[PARAM_COUNCIL_EXPIRY_MS] = 600 * MS_SECOND;
	p->value[PARAM_PARAMETER_COOLDOWN_MS] = 0;
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++) {
		p->value[type_index(t, PARAM_TYPE_DELAY_MS)] = MS_SECOND;
		p->value[type_index(t, PARAM_TYPE_TIMELOCK_MS)] = MS_SECOND;
		p->value[type_index(t, PARAM_TYPE_VOTING_MS)] = 20 * MS_SECOND;
	}
}

uint64_t governance_param_global(const struct governance_params *p,
				 enum param_global which)
{
	return p->value[which];
}

uint64_t governance_param_type(const struct governance_params *p,
			       enum proposal_type type, enum param_type which)
{
	return p->value[type_index(type, which)];
}

bool governance_param_in_bounds(size_t index, uint64_t value)
{
	uint32_t type;
	const struct row *row = row_of(index, &type);

	return value >= row->min && value <= row->max;
}

/* Pairs of which the first may not be above the second. */
static const size_t orders[][2] = {
	{PARAM_DETECT_HISTORY_MIN, PARAM_DETECT_HISTORY},
	{PARAM_DETECT_HISTORY_MIN, PARAM_DETECT_SURGE_WINDOW},
};

enum err governance_params_check(const struct governance_params *p,
				 struct err_text *text)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct governance_param_info low, high;
		size_t a = orders[i][0], b = orders[i][1];

		if (p->value[a] <= p->value[b])
			continue;
		governance_param_info(&low, a);
		governance_param_info(&high, b);
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "%s would be %" PRIu64 ", above %s with "
			       "%" PRIu64,
			       low.name, p->value[a], high.name, p->value[b]);
	}
	return ERR_OK;
}

static enum err check_bounds(size_t index, uint64_t value,
			     struct err_text *text)
{
	struct governance_param_info info;

	governance_param_info(&info, index);
	if (value >= info.min && value <= info.max)
		return ERR_OK;
	return err_set(text, ERR_PARAMETER_BOUNDS,
		       "%s is %" PRIu64 "; it may be %" PRIu64 " to %" PRIu64
		       " (%s)",
		       info.name, value, info.min, info.max, info.unit);
}

enum err governance_param_set(struct governance_params *p, const char *name,
			      uint64_t value, struct err_text *text)
{
	size_t index = governance_param_find(name);
	enum err err;

	if (index == PARAM_COUNT)
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "there is no parameter \"%.64s\"", name);
	err = check_bounds(index, value, text);
	if (err == ERR_OK)
		p->value[index] = value;
	return err;
}

void governance_params_write(struct writer *w,
			     const struct governance_params *p)
{
	write_u16(w, PARAM_COUNT);
	for (size_t i = 0; i < PARAM_COUNT; i++)
		write_u64(w, p->value[i]);
}

enum err governance_params_read(struct governance_params *p, struct reader *r,
				struct err_text *text)
{
	enum err err = ERR_OK;
	uint16_t count = read_u16(r);

	if (r->bad || count != PARAM_COUNT)
		return err_set(text, ERR_MALFORMED,
			       "%u parameters where %u are known",
			       (unsigned)count, (unsigned)PARAM_COUNT);
	for (size_t i = 0; err == ERR_OK && i < PARAM_COUNT; i++) {
		p->value[i] = read_u64(r);
		if (r->bad)
			return err_set(text, ERR_MALFORMED,
				       "the parameters are cut short");
		err = check_bounds(i, p->value[i], text);
	}
	return err;
}
