#include "base/hex.h"
#include "net/book.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT 1

static json_t *json_hex(const void *data, size_t size)
{
	char text[2 * SIGNATURE_BYTES + 1];

	hex_encode(text, data, size);
	return json_string(text);
}

static json_t *json_u64(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
}

static json_t *entry_json(const struct book_entry *e)
{
	const struct address_record *r = &e->record;
	char configured[NET_ADDRESS_BYTES];
	json_t *o = json_object();

	json_object_set_new(o, "public_key",
			    json_hex(r->key.b, sizeof(r->key)));
	json_object_set_new(o, "source", json_hex(e->source.b, 32));
	if (r->host[0]) {
		json_object_set_new(o, "host", json_string(r->host));
		json_object_set_new(o, "port", json_integer(r->port));
		json_object_set_new(o, "time_ms", json_u64(r->time_ms));
		json_object_set_new(
			o, "signature",
			json_hex(r->signature.b, sizeof(r->signature)));
	}
	if (e->configured_host[0]) {
		address_join(configured, e->configured_host,
			     e->configured_port);
		json_object_set_new(o, "configured", json_string(configured));
	}
	if (e->seen_ms)
		json_object_set_new(o, "seen_ms", json_u64(e->seen_ms));
	if (e->banned_until_ms)
		json_object_set_new(o, "banned_until_ms",
				    json_u64(e->banned_until_ms));
	return o;
}

char *book_text(struct book *b)
{
	json_t *root = json_object();
	json_t *peers = json_array();
	struct book_entry *e, *next;
	char *text;

	HASH_ITER (hh, b->entries, e, next) {
		json_array_append_new(peers, entry_json(e));
	}
	json_object_set_new(root, "format", json_integer(FORMAT));
	json_object_set_new(root, "salt", json_hex(b->salt.b, HASH_BYTES));
	json_object_set_new(root, "peers", peers);
	text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	b->changed = false;
	return text;
}

static bool get_hex(void *out, size_t size, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) && hex_decode(out, size, json_string_value(v),
					       json_string_length(v));
}

/* A missing one is 0. */
static uint64_t get_u64(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? strtoull(text, NULL, 10) : 0;
}

/* False when something is there that is no signed record. */
static bool get_record(struct address_record *r, const json_t *o)
{
	const json_t *host = json_object_get(o, "host");
	json_int_t port = json_integer_value(json_object_get(o, "port"));

	if (!host)
		return true;
	if (!json_is_string(host) || port < 1 || port > UINT16_MAX ||
	    !address_host_is_valid(json_string_value(host),
				   json_string_length(host)))
		return false;
	memcpy(r->host, json_string_value(host), json_string_length(host));
	r->port = (uint16_t)port;
	r->time_ms = get_u64(o, "time_ms");
	return get_hex(r->signature.b, sizeof(r->signature), o, "signature");
}

static bool read_entry(struct book *b, const json_t *o, uint64_t now_ms)
{
	const json_t *configured = json_object_get(o, "configured");
	uint64_t banned = get_u64(o, "banned_until_ms");
	struct address_record r = {0};
	struct public_key source;
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;

	if (!get_hex(r.key.b, sizeof(r.key), o, "public_key") ||
	    !get_hex(source.b, sizeof(source), o, "source") ||
	    !get_record(&r, o))
		return false;
	if (public_key_equal(&r.key, &b->self))
		return true;
	if (r.host[0])
		book_learn(b, &r, &source, now_ms);
	if (configured) {
		if (!json_is_string(configured) ||
		    address_split(host, &port, json_string_value(configured)) !=
			    ERR_OK)
			return false;
		book_configure(b, &r.key, host, port);
	}
	if (banned > now_ms)
		book_ban(b, &r.key, banned);
	book_seen(b, &r.key, get_u64(o, "seen_ms"));
	return true;
}

enum err book_read(struct book *b, const char *text, size_t size,
		   uint64_t now_ms, struct err_text *why)
{
	json_error_t at;
	json_t *root = json_loadb(text, size, 0, &at);
	const json_t *peers = json_object_get(root, "peers");
	enum err result = ERR_OK;

	if (!root)
		return err_set(why, ERR_DATA_DAMAGED, "line %d: %s", at.line,
			       at.text);
	if (json_integer_value(json_object_get(root, "format")) != FORMAT ||
	    !json_is_array(peers) ||
	    !get_hex(b->salt.b, HASH_BYTES, root, "salt"))
		result = err_set(why, ERR_DATA_DAMAGED,
				 "format, salt or peers is missing");
	for (size_t i = 0; result == ERR_OK && i < json_array_size(peers);
	     i++) {
		if (!read_entry(b, json_array_get(peers, i), now_ms))
			result = err_set(why, ERR_DATA_DAMAGED,
					 "entry %zu is not one", i);
	}
	json_decref(root);
	return result;
}
