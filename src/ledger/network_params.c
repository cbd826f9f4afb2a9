#include "ledger/network_params.h"

#include "base/assert.h"

#include <string.h>

static const struct row {
	const char *name;
	const char *unit;
	uint64_t min;
	uint64_t max;
	uint64_t value_default;
	const char *sentence;
} ROWS[NETWORK_PARAM_COUNT] = {
#define NETWORK_PARAM_ROW(symbol, name, unit, min, max, value, sentence)       \
	[NETWORK_##symbol] = {name, unit, min, max, value, sentence},
	NETWORK_PARAM_TABLE(NETWORK_PARAM_ROW)
#undef NETWORK_PARAM_ROW
};

void network_params_default(struct network_params *p)
{
	for (size_t i = 0; i < NETWORK_PARAM_COUNT; i++)
		p->value[i] = ROWS[i].value_default;
}

void network_param_info(struct governance_param_info *out, size_t index)
{
	const struct row *row;

	assert(index < NETWORK_PARAM_COUNT);
	row = &ROWS[index];
	assert(strlen(row->name) < sizeof(out->name));
	memcpy(out->name, row->name, strlen(row->name) + 1);
	out->type = 0;
	out->class = PARAM_FIXED;
	out->step = 0;
	out->unit = row->unit;
	out->sentence = row->sentence;
	out->value_default = row->value_default;
	out->min = row->min;
	out->max = row->max;
}

size_t network_param_find(const char *name)
{
	size_t i = 0;

	while (i < NETWORK_PARAM_COUNT && strcmp(ROWS[i].name, name) != 0)
		i++;
	return i;
}

enum err network_param_set(struct network_params *p, size_t index,
			   uint64_t value, struct err_text *text)
{
	const struct row *row;

	assert(index < NETWORK_PARAM_COUNT);
	row = &ROWS[index];
	if (value < row->min || value > row->max)
		return err_set(text, ERR_PARAMETER_BOUNDS,
			       "%s: %llu is not within %llu and %llu",
			       row->name, (unsigned long long)value,
			       (unsigned long long)row->min,
			       (unsigned long long)row->max);
	p->value[index] = value;
	return ERR_OK;
}

void network_params_write(struct writer *w, const struct network_params *p)
{
	write_u16(w, NETWORK_PARAM_COUNT);
	for (size_t i = 0; i < NETWORK_PARAM_COUNT; i++)
		write_u64(w, p->value[i]);
}

enum err network_params_read(struct network_params *p, struct reader *r,
			     struct err_text *text)
{
	uint16_t count = read_u16(r);

	if (r->bad || count != NETWORK_PARAM_COUNT)
		return err_set(text, ERR_MALFORMED,
			       "parameters: %u of the network instead of %u",
			       count, (unsigned int)NETWORK_PARAM_COUNT);
	for (size_t i = 0; i < NETWORK_PARAM_COUNT; i++) {
		uint64_t value = read_u64(r);
		enum err err;

		if (r->bad)
			return err_set(text, ERR_MALFORMED,
				       "parameters: cut off");
		err = network_param_set(p, i, value, text);
		if (err)
			return err;
	}
	return ERR_OK;
}
