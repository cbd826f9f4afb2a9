/* Where a peer says it can be reached, signed by itself.
 *
 * Signed is H("bcai-gov/address/1", version u8 1 || genesis hash ||
 * public key || host u32 length and bytes || port u16 || time u64): a fixed
 * layout, never protobuf. Records travel from peer to peer; of two for one
 * key the later one stands. */
#ifndef BCAI_NET_ADDRESS_H
#define BCAI_NET_ADDRESS_H

#include "net/net.h"

#define ADDRESS_HOST_BYTES   NET_HOST_BYTES
#define ADDRESS_AHEAD_MAX_MS (UINT64_C(10) * 60 * 1000)

struct address_record {
	struct public_key key;
	char host[ADDRESS_HOST_BYTES]; /* without brackets; "": none */
	uint16_t port;
	uint64_t time_ms;
	struct signature signature;
};

/* Letters, digits, '.', '-', '_', ':'; 1 to 253 of them. */
bool address_host_is_valid(const char *host, size_t size);

/* "host:port" or "[v6]:port". ERR_PEER_ADDRESS. */
enum err address_split(char host[ADDRESS_HOST_BYTES], uint16_t *port,
		       const char *text) MUST_USE;
/* The other way; "" for an empty host. */
void address_join(char out[NET_ADDRESS_BYTES], const char *host, uint16_t port);

/* Fill in key and signature. */
void address_sign(struct address_record *r, const struct hash *genesis,
		  const struct secret_key *key);
bool address_verify(const struct address_record *r, const struct hash *genesis);

/* `out` borrows the host of `r`. */
void address_to_wire(struct wire_address *out, const struct address_record *r);
/* ERR_PEER_MALFORMED for a host or port that cannot be. */
enum err address_from_wire(struct address_record *out,
			   const struct wire_address *w) MUST_USE;

/* The first digits of a key, for the log. */
#define KEY_SHORT_BYTES 13
const char *key_short(char out[KEY_SHORT_BYTES], const void *key);

#endif
