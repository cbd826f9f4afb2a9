#include "governance/settings.h"

#include <string.h>

#define RECORD_VERSION 1

void settings_pending_params(struct governance_params *out,
			     const struct governance_params *now,
			     const struct settings *s)
{
	*out = *now;
	for (size_t i = 0; i < PARAM_COUNT; i++)
		if (s->change[i].pending)
			out->value[i] = s->change[i].next;
}

bool settings_turn(struct governance_params *now, struct settings *s)
{
	bool any = false;

	for (size_t i = 0; i < PARAM_COUNT; i++) {
		if (!s->change[i].pending)
			continue;
		now->value[i] = s->change[i].next;
		s->change[i].next = 0;
		s->change[i].pending = false;
		any = true;
	}
	return any;
}

uint64_t settings_awarded(const struct settings *s, enum contribution kind,
			  uint32_t epoch)
{
	return s->awarded_epoch == epoch ? s->awarded[kind - 1] : 0;
}

void settings_award(struct settings *s, enum contribution kind, uint32_t epoch,
		    uint64_t points)
{
	if (s->awarded_epoch != epoch)
		memset(s->awarded, 0, sizeof(s->awarded));
	s->awarded_epoch = epoch;
	s->awarded[kind - 1] += points;
}

/* ---- Validators and council ---- */

static uint32_t find_validator(const struct validator_plan *v,
			       const struct public_key *key)
{
	uint32_t i = 0;

	while (i < v->count && !public_key_equal(&v->list[i].key, key))
		i++;
	return i;
}

uint64_t validator_plan_weight(const struct validator_plan *v,
			       const struct public_key *key)
{
	uint32_t i = find_validator(v, key);

	return i < v->count ? v->list[i].weight : 0;
}

enum err validator_plan_set(struct validator_plan *v,
			    const struct public_key *key, uint64_t weight,
			    struct err_text *text)
{
	uint32_t i = find_validator(v, key);

	if (weight == 0) {
		if (i == v->count)
			return ERR_OK;
		v->count--;
		memmove(&v->list[i], &v->list[i + 1],
			(v->count - i) * sizeof(v->list[0]));
		memset(&v->list[v->count], 0, sizeof(v->list[0]));
		return ERR_OK;
	}
	if (i == LIMIT_VALIDATORS)
		return err_set(text, ERR_TOO_LARGE, "more than %u validators",
			       LIMIT_VALIDATORS);
	if (i == v->count)
		v->list[v->count++].key = *key;
	v->list[i].weight = weight;
	return ERR_OK;
}

void council_set(struct council *out, const struct action_council *from)
{
	memset(out, 0, sizeof(*out));
	out->count = from->count;
	if (from->count > 0)
		memcpy(out->members, from->members,
		       from->count * sizeof(out->members[0]));
	out->threshold = from->threshold;
	out->threshold_delayed = from->threshold_delayed;
}

enum err council_check(const struct council *c, struct err_text *text)
{
	const struct action a = {
		.kind = ACTION_COUNCIL,
		.council = {c->members, c->count, c->threshold,
			    c->threshold_delayed},
	};
	const struct action_list one = {&a, 1};

	return actions_check_form(&one, text);
}

void council_write(struct writer *w, const struct council *c)
{
	write_u8(w, (uint8_t)c->count);
	for (uint32_t i = 0; i < c->count; i++)
		write_bytes(w, c->members[i].b, PUBLIC_KEY_BYTES);
	write_u8(w, (uint8_t)c->threshold);
	write_u8(w, (uint8_t)c->threshold_delayed);
}

bool council_read(struct reader *r, struct council *c)
{
	memset(c, 0, sizeof(*c));
	c->count = read_u8(r);
	if (c->count > LIMIT_COUNCIL)
		return false;
	for (uint32_t i = 0; i < c->count; i++)
		read_copy(r, c->members[i].b, PUBLIC_KEY_BYTES);
	c->threshold = read_u8(r);
	c->threshold_delayed = read_u8(r);
	return council_check(c, NULL) == ERR_OK;
}

/* ---- Records ---- */

void params_record_write(struct writer *w, const struct governance_params *now,
			 const struct settings *s)
{
	write_u8(w, RECORD_VERSION);
	write_u16(w, PARAM_COUNT);
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		write_u64(w, now->value[i]);
		write_u64(w, s->change[i].changed_ms);
		write_u8(w, s->change[i].pending);
		write_u64(w, s->change[i].next);
	}
}

bool params_record_read(struct governance_params *now, struct settings *s,
			struct bytes value)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	if (read_u8(&r) != RECORD_VERSION || read_u16(&r) != PARAM_COUNT)
		return false;
	for (size_t i = 0; i < PARAM_COUNT; i++) {
		struct param_change *c = &s->change[i];
		uint64_t in_force = read_u64(&r);
		uint8_t pending;

		c->changed_ms = read_u64(&r);
		pending = read_u8(&r);
		c->pending = pending == 1;
		c->next = read_u64(&r);
		if (pending > 1 || (!pending && c->next != 0) ||
		    (c->changed_ms == 0 &&
		     (pending || in_force != now->value[i])) ||
		    !governance_param_in_bounds(i, in_force) ||
		    (pending && !governance_param_in_bounds(i, c->next)))
			return false;
		now->value[i] = in_force;
	}
	return reader_done(&r);
}

void settings_record_write(struct writer *w, const struct settings *s)
{
	write_u8(w, RECORD_VERSION);
	write_u32(w, s->awarded_epoch);
	for (size_t i = 0; i < CONTRIBUTIONS; i++)
		write_u64(w, s->awarded[i]);
	council_write(w, &s->council);
	write_u32(w, s->validators.count);
	for (uint32_t i = 0; i < s->validators.count; i++) {
		write_bytes(w, s->validators.list[i].key.b, PUBLIC_KEY_BYTES);
		write_u64(w, s->validators.list[i].weight);
	}
	write_u32(w, s->upgrade.version);
	write_bytes(w, s->upgrade.build.b, HASH_BYTES);
	write_u64(w, s->upgrade.height);
}

static bool read_validators(struct reader *r, struct validator_plan *v)
{
	uint32_t count = read_u32(r);

	if (count > LIMIT_VALIDATORS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct public_key key;
		uint64_t weight;

		read_copy(r, key.b, PUBLIC_KEY_BYTES);
		weight = read_u64(r);
		if (weight == 0 || weight > LIMIT_VALIDATOR_WEIGHT ||
		    validator_plan_weight(v, &key) > 0 ||
		    validator_plan_set(v, &key, weight, NULL))
			return false;
	}
	return true;
}

bool settings_record_read(struct settings *s, struct bytes value)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	if (read_u8(&r) != RECORD_VERSION)
		return false;
	s->awarded_epoch = read_u32(&r);
	for (size_t i = 0; i < CONTRIBUTIONS; i++)
		s->awarded[i] = read_u64(&r);
	if (!council_read(&r, &s->council) ||
	    !read_validators(&r, &s->validators))
		return false;
	s->upgrade.version = read_u32(&r);
	read_copy(&r, s->upgrade.build.b, HASH_BYTES);
	s->upgrade.height = read_u64(&r);
	return reader_done(&r) &&
	       (s->upgrade.version > 0) == (s->upgrade.height > 0);
}
