#include "net/address.h"

#include "base/hex.h"

#include <stdio.h>
#include <string.h>

#define SIGNED_BYTES_MAX                                                       \
	(1 + HASH_BYTES + PUBLIC_KEY_BYTES + 4 + ADDRESS_HOST_BYTES + 2 + 8)

bool address_host_is_valid(const char *host, size_t size)
{
	static const char ALLOWED[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_:";

	if (size == 0 || size >= ADDRESS_HOST_BYTES)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!memchr(ALLOWED, host[i], sizeof(ALLOWED) - 1))
			return false;
	}
	return true;
}

static bool parse_port(uint16_t *port, const char *text)
{
	uint32_t value = 0;
	size_t size = strlen(text);

	if (size == 0 || size > 5)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

enum err address_split(char host[ADDRESS_HOST_BYTES], uint16_t *port,
		       const char *text)
{
	const char *colon = strrchr(text, ':');
	const char *first = text;
	size_t size;

	if (!colon || !parse_port(port, colon + 1))
		return ERR_PEER_ADDRESS;
	size = (size_t)(colon - text);
	if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
		first++;
		size -= 2;
	} else if (memchr(text, ':', size)) {
		return ERR_PEER_ADDRESS; /* A bare v6 has no clear port. */
	}
	if (!address_host_is_valid(first, size))
		return ERR_PEER_ADDRESS;
	memcpy(host, first, size);
	host[size] = '\0';
	return ERR_OK;
}

void address_join(char out[NET_ADDRESS_BYTES], const char *host, uint16_t port)
{
	const char *format = strchr(host, ':') ? "[%s]:%u" : "%s:%u";

	out[0] = '\0';
	if (host[0])
		snprintf(out, NET_ADDRESS_BYTES, format, host, (unsigned)port);
}

static void digest_of(struct hash *out, const struct address_record *r,
		      const struct hash *genesis)
{
	uint8_t layout[SIGNED_BYTES_MAX];
	struct writer w;

	writer_init(&w, layout, sizeof(layout));
	write_u8(&w, 1);
	write_bytes(&w, genesis->b, HASH_BYTES);
	write_bytes(&w, r->key.b, PUBLIC_KEY_BYTES);
	write_blob(&w, r->host, strlen(r->host));
	write_u16(&w, r->port);
	write_u64(&w, r->time_ms);
	hash_bytes(out, "bcai-gov/address/1", layout, w.size);
}

void address_sign(struct address_record *r, const struct hash *genesis,
		  const struct secret_key *key)
{
	struct hash digest;

	r->key = *secret_key_public(key);
	digest_of(&digest, r, genesis);
	sign_message(&r->signature, key, digest.b, HASH_BYTES);
}

bool address_verify(const struct address_record *r, const struct hash *genesis)
{
	struct hash digest;

	digest_of(&digest, r, genesis);
	return sign_verify(&r->key, digest.b, HASH_BYTES, &r->signature);
}

void address_to_wire(struct wire_address *out, const struct address_record *r)
{
	out->key = r->key;
	out->host.data = (const uint8_t *)r->host;
	out->host.size = strlen(r->host);
	out->port = r->port;
	out->time_ms = r->time_ms;
	out->signature = r->signature;
}

enum err address_from_wire(struct address_record *out,
			   const struct wire_address *w)
{
	const char *host = (const char *)w->host.data;

	if (w->host.size > 0 &&
	    (!address_host_is_valid(host, w->host.size) || w->port == 0))
		return ERR_PEER_MALFORMED;
	memset(out, 0, sizeof(*out));
	if (w->host.size > 0)
		memcpy(out->host, host, w->host.size);
	out->key = w->key;
	out->port = w->port;
	out->time_ms = w->time_ms;
	out->signature = w->signature;
	return ERR_OK;
}

const char *key_short(char out[KEY_SHORT_BYTES], const void *key)
{
	hex_encode(out, key, (KEY_SHORT_BYTES - 1) / 2);
	return out;
}

enum err net_address_parse(struct public_key *key,
			   char address[NET_ADDRESS_BYTES], const char *text,
			   struct err_text *why)
{
	const char *at = strchr(text, '@');
	uint8_t curve[CURVE_KEY_BYTES];
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;

	if (!at ||
	    !hex_decode(key->b, PUBLIC_KEY_BYTES, text, (size_t)(at - text)))
		return err_set(why, ERR_PEER_ADDRESS,
			       "%.100s: no 64 hex digits and @ in front", text);
	if (!curve_public_from_sign(curve, key))
		return err_set(why, ERR_PEER_ADDRESS,
			       "%.100s: the key is not a point of the curve",
			       text);
	if (address_split(host, &port, at + 1) != ERR_OK || port == 0)
		return err_set(why, ERR_PEER_ADDRESS,
			       "%.180s: not a host, a colon and a port",
			       at + 1);
	address_join(address, host, port);
	return ERR_OK;
}
