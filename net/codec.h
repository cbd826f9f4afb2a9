/* Messages between nodes, from bytes and back.
 *
 * A frame is one byte of kind and a body. Bodies are protobuf
 * (proto/wire.proto) or, where the table says RAW, a fixed layout that its own
 * module reads: what is signed is never protobuf. Decoding allocates only from
 * the arena handed in, so its bound is the defence against messages that
 * unfold; wire_arena_init() gives the right one. What a decoded message points
 * to lives in the arena. Sizes and counts are checked here, meanings are not.
 */
#ifndef BCAI_NET_CODEC_H
#define BCAI_NET_CODEC_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#include <stdbool.h>

/* Each peer has one queue a class, with its own byte bound. CONSENSUS goes
 * before all others; the others take turns. A full queue of CONSENSUS or
 * BATCH drops its oldest message, of CONTROL or SYNC it refuses the newest. */
enum net_class { NET_CONSENSUS, NET_CONTROL, NET_BATCH, NET_SYNC };
#define NET_CLASSES 4

/* X(symbol, number, name, class, body): the class it is sent in. */
#define WIRE_KINDS(X)                                                          \
	X(HELLO, 1, "hello", CONTROL, PROTO)                                   \
	X(PING, 2, "ping", CONTROL, PROTO)                                     \
	X(ADDRESSES, 3, "addresses", CONTROL, PROTO)                           \
	X(GENESIS_REQUEST, 4, "genesis_request", CONTROL, PROTO)               \
	X(GENESIS_CHUNK, 5, "genesis_chunk", SYNC, PROTO)                      \
	X(PROPOSAL, 16, "proposal", CONSENSUS, PROTO)                          \
	X(VOTE, 17, "vote", CONSENSUS, RAW)                                    \
	X(CERTIFICATE, 18, "certificate", CONSENSUS, RAW)                      \
	X(CERTIFICATE_REQUEST, 19, "certificate_request", CONSENSUS, PROTO)    \
	X(BLOCK_REQUEST, 20, "block_request", CONSENSUS, PROTO)                \
	X(BLOCK, 21, "block", CONSENSUS, PROTO)                                \
	X(EVIDENCE, 22, "evidence", CONTROL, RAW)                              \
	X(BATCH, 32, "batch", BATCH, RAW)                                      \
	X(BATCH_REQUEST, 33, "batch_request", CONTROL, PROTO)                  \
	X(SYNC_REQUEST, 48, "sync_request", CONTROL, PROTO)                    \
	X(SYNC_BLOCKS, 49, "sync_blocks", SYNC, PROTO)                         \
	X(TIP, 50, "tip", CONTROL, PROTO)                                      \
	X(CHECKPOINT_VOTE, 51, "checkpoint_vote", CONTROL, RAW)                \
	X(CHECKPOINT_REQUEST, 52, "checkpoint_request", CONTROL, RAW)          \
	X(CHECKPOINT, 53, "checkpoint", CONTROL, RAW)                          \
	X(TX_FORWARD, 64, "tx_forward", BATCH, RAW)                            \
	X(TX_RESULT, 65, "tx_result", CONTROL, PROTO)

enum wire_kind {
#define WIRE_ENUM(symbol, number, name, class_, body) WIRE_##symbol = (number),
	WIRE_KINDS(WIRE_ENUM)
#undef WIRE_ENUM
};

/* "vote"; "unknown" for a number that is none. */
const char *wire_kind_name(uint8_t kind);
/* The class it is sent in; CONTROL for a number that is none. */
enum net_class wire_kind_class(uint8_t kind);

#define WIRE_HEADER_BYTES_MAX	   4096u
#define WIRE_CERTIFICATE_BYTES_MAX (16u * 1024u)
#define WIRE_PAYLOAD_BYTES_MAX	   (32u * 1024u)
#define WIRE_PROOFS_MAX		   64u
#define WIRE_ADDRESSES_MAX	   32u
#define WIRE_SYNC_BLOCKS_MAX	   256u
#define WIRE_SYNC_HEADERS_MAX	   512u
#define WIRE_CHUNK_BYTES_MAX	   (256u * 1024u)
#define WIRE_HOST_BYTES_MAX	   253u
#define WIRE_VERSION_BYTES_MAX	   63u
#define WIRE_TEXT_BYTES_MAX	   255u

struct wire_address {
	struct public_key key;
	struct bytes host; /* empty: it does not listen */
	uint16_t port;
	uint64_t time_ms;
	struct signature signature;
};

struct wire_hello {
	uint32_t protocol;
	struct bytes version;
	struct hash genesis;
	struct public_key key;
	struct wire_address address;
	uint64_t height;
	bool answer;
};

struct wire_ping {
	uint64_t height;
	uint64_t token;
	bool answer;
};

struct wire_addresses {
	const struct wire_address *addresses;
	size_t count;
};

struct wire_proposal {
	struct bytes header;
	struct signature signature;
	struct bytes payload; /* payload_read() */
	const struct bytes *proofs;
	size_t proof_count;
};

struct wire_certificate_request {
	uint32_t epoch;
	uint64_t view; /* what is held of this view and later ones */
};

struct wire_block_request {
	struct hash digest;
};

struct wire_block {
	struct bytes header;
	struct bytes payload;
	struct bytes certificate; /* may be empty */
};

struct wire_batch_request {
	uint32_t origin;
	uint64_t sequence;
	struct hash digest;
};

struct wire_sync_request {
	uint64_t from_height;
	uint32_t max_blocks;
};

struct wire_sync_block {
	struct bytes header;
	struct bytes payload;
	const struct bytes *batches;
	size_t batch_count;
};

struct wire_sync_blocks {
	const struct wire_sync_block *blocks;
	size_t count;
	struct bytes certificate;
	uint64_t height;
	const struct bytes *headers;
	size_t header_count;
};

struct wire_tip {
	uint64_t height;
	struct hash digest;
	uint64_t epoch;
	uint64_t view;
};

struct wire_tx_result {
	struct hash id;
	int32_t code; /* enum err of the sender; error_from_number() */
	struct bytes text;
};

struct wire_genesis_request {
	struct hash genesis;
	uint64_t offset;
	uint32_t size;
};

struct wire_genesis_chunk {
	struct hash genesis;
	uint64_t total;
	uint64_t offset;
	struct bytes data;
};

/* An arena for decoding one body: LIMIT_DECODE_BYTES, or four times the body
 * when that is more. To use an arena again, reset it and set its limit to
 * wire_arena_limit(). */
size_t wire_arena_limit(size_t body_size);
void wire_arena_init(struct arena *a, size_t body_size);

/* X(message): wire_decode_hello() and wire_encode_hello(), and so on.
 *
 * Decode: ERR_PEER_MALFORMED when it is no such message, a size is off, or
 * the arena is full; `text` (may be NULL) says which.
 * Encode: the body, in the arena; data is NULL when the arena is full. The
 * caller keeps the bounds above. */
#define WIRE_MESSAGES(X)                                                       \
	X(hello)                                                               \
	X(ping)                                                                \
	X(addresses)                                                           \
	X(proposal)                                                            \
	X(certificate_request)                                                 \
	X(block_request)                                                       \
	X(block)                                                               \
	X(batch_request)                                                       \
	X(sync_request)                                                        \
	X(sync_blocks)                                                         \
	X(tip)                                                                 \
	X(tx_result)                                                           \
	X(genesis_request)                                                     \
	X(genesis_chunk)

#define WIRE_DECLARE(message)                                                  \
	enum err wire_decode_##message(struct wire_##message *out,             \
				       struct arena *a, struct bytes body,     \
				       struct err_text *text) MUST_USE;        \
	struct bytes wire_encode_##message(struct arena *a,                    \
					   const struct wire_##message *m);
WIRE_MESSAGES(WIRE_DECLARE)
#undef WIRE_DECLARE

#endif
