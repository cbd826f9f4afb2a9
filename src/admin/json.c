#include "admin/json.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/hex.h"
#include "governance/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_u64(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
}

json_t *json_u128(unsigned __int128 v)
{
	char text[U128_TEXT_BYTES];

	u128_format(text, v);
	return json_string(text);
}

json_t *json_count(uint64_t v)
{
	assert(v <= (UINT64_C(1) << 53));
	return json_integer((json_int_t)v);
}

json_t *json_hex(const void *data, size_t size)
{
	char *text = mem_alloc(2 * size + 1);
	json_t *value;

	hex_encode(text, data, size);
	value = json_stringn(text, 2 * size);
	free(text);
	return value;
}

json_t *json_hash(const struct hash *h)
{
	return json_hex(h->b, HASH_BYTES);
}

json_t *json_key(const struct public_key *k)
{
	return json_hex(k->b, PUBLIC_KEY_BYTES);
}

json_t *json_text(const void *data, size_t size)
{
	json_t *value = json_stringn(data ? data : "", size);

	if (value)
		return value;
	return json_string("\xef\xbf\xbd");
}

json_t *json_outcome(uint32_t code)
{
	json_t *o = json_object();

	json_put(o, "code", json_integer((json_int_t)(int32_t)code));
	json_put(o, "name", json_string(error_name((enum err)(int32_t)code)));
	return o;
}

void json_put(json_t *object, const char *name, json_t *value)
{
	int failed = json_object_set_new(object, name, value);

	assert(!failed);
}

void json_push(json_t *array, json_t *value)
{
	int failed = json_array_append_new(array, value);

	assert(!failed);
}

bool parse_u64(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (*text == '\0')
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool json_get_u64(const json_t *value, uint64_t *out)
{
	if (json_is_string(value))
		return parse_u64(json_string_value(value), out);
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

const char *json_get_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

uint64_t json_get_number(const json_t *object, const char *name)
{
	uint64_t v = 0;

	return json_get_u64(json_object_get(object, name), &v) ? v : 0;
}

static bool get_hex(const json_t *value, void *out, size_t size)
{
	return json_is_string(value) &&
	       hex_decode(out, size, json_string_value(value),
			  json_string_length(value));
}

bool json_get_hash(const json_t *value, struct hash *out)
{
	return get_hex(value, out->b, HASH_BYTES);
}

bool json_get_key(const json_t *value, struct public_key *out)
{
	return get_hex(value, out->b, PUBLIC_KEY_BYTES);
}
