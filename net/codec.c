#include "net/codec.h"

#include "proto/wire.pb-c.h"

#include <string.h>

const char *wire_kind_name(uint8_t kind)
{
	switch (kind) {
#define WIRE_NAME(symbol, number, name, class_, body)                          \
	case number:                                                           \
		return name;
		WIRE_KINDS(WIRE_NAME)
#undef WIRE_NAME
	}
	return "unknown";
}

enum net_class wire_kind_class(uint8_t kind)
{
	switch (kind) {
#define WIRE_CLASS(symbol, number, name, class_, body)                         \
	case number:                                                           \
		return NET_##class_;
		WIRE_KINDS(WIRE_CLASS)
#undef WIRE_CLASS
	}
	return NET_CONTROL;
}

size_t wire_arena_limit(size_t body_size)
{
	return 4 * body_size > LIMIT_DECODE_BYTES ? 4 * body_size
						  : LIMIT_DECODE_BYTES;
}

void wire_arena_init(struct arena *a, size_t body_size)
{
	arena_init(a, wire_arena_limit(body_size));
}

/* protobuf-c on an arena: nothing is freed one by one. */

static void *arena_take(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void arena_keep(void *arena, void *piece)
{
	(void)arena;
	(void)piece;
}

static void *unpack(const ProtobufCMessageDescriptor *type, struct arena *a,
		    struct bytes body)
{
	ProtobufCAllocator allocator = {arena_take, arena_keep, a};

	if (body.size > LIMIT_MESSAGE_BYTES)
		return NULL;
	return protobuf_c_message_unpack(type, &allocator, body.size,
					 body.data);
}

static struct bytes pack(struct arena *a, const ProtobufCMessage *m)
{
	size_t size = protobuf_c_message_get_packed_size(m);
	uint8_t *data = arena_alloc(a, size ? size : 1);

	if (!data)
		return (struct bytes){0};
	protobuf_c_message_pack(m, data);
	return (struct bytes){data, size};
}

static enum err malformed(struct err_text *text, const char *what)
{
	return err_set(text, ERR_PEER_MALFORMED, "%s", what);
}

static bool take_fixed(void *out, size_t size, const ProtobufCBinaryData *in)
{
	if (in->len != size)
		return false;
	memcpy(out, in->data, size);
	return true;
}

static bool take_bytes(struct bytes *out, size_t max,
		       const ProtobufCBinaryData *in)
{
	out->data = in->data;
	out->size = in->len;
	return in->len <= max;
}

static bool take_list(const struct bytes **out, size_t *count, size_t count_max,
		      size_t size_max, struct arena *a, size_t n,
		      const ProtobufCBinaryData *in)
{
	struct bytes *list;

	*out = NULL;
	*count = n;
	if (n == 0)
		return true;
	if (n > count_max)
		return false;
	list = arena_alloc(a, n * sizeof(*list));
	*out = list;
	for (size_t i = 0; list && i < n; i++) {
		if (!take_bytes(&list[i], size_max, &in[i]))
			return false;
	}
	return list != NULL;
}

static bool is_printable(struct bytes b)
{
	for (size_t i = 0; i < b.size; i++) {
		if (b.data[i] < 0x20 || b.data[i] > 0x7e)
			return false;
	}
	return true;
}

static ProtobufCBinaryData give(const void *data, size_t size)
{
	ProtobufCBinaryData out = {size, NULL};

	memcpy(&out.data, &data,
	       sizeof(data)); /* The library wants no const. */
	return out;
}

static ProtobufCBinaryData give_bytes(struct bytes b)
{
	return give(b.data, b.size);
}

/* NULL with a count when the arena is full. */
static ProtobufCBinaryData *give_list(struct arena *a, const struct bytes *list,
				      size_t count)
{
	ProtobufCBinaryData *out = arena_alloc(a, (count + 1) * sizeof(*out));

	for (size_t i = 0; out && i < count; i++)
		out[i] = give_bytes(list[i]);
	return out;
}

/* Addresses and HELLO. */

static bool take_address(struct wire_address *out,
			 const Bcai__Wire__Address *in)
{
	if (!in || in->port > UINT16_MAX)
		return false;
	out->port = (uint16_t)in->port;
	out->time_ms = in->time_ms;
	return take_fixed(out->key.b, PUBLIC_KEY_BYTES, &in->public_key) &&
	       take_bytes(&out->host, WIRE_HOST_BYTES_MAX, &in->host) &&
	       is_printable(out->host) &&
	       take_fixed(out->signature.b, SIGNATURE_BYTES, &in->signature);
}

static void give_address(Bcai__Wire__Address *out,
			 const struct wire_address *in)
{
	bcai__wire__address__init(out);
	out->public_key = give(in->key.b, PUBLIC_KEY_BYTES);
	out->host = give_bytes(in->host);
	out->port = in->port;
	out->time_ms = in->time_ms;
	out->signature = give(in->signature.b, SIGNATURE_BYTES);
}

enum err wire_decode_hello(struct wire_hello *out, struct arena *a,
			   struct bytes body, struct err_text *text)
{
	const Bcai__Wire__Hello *m =
		unpack(&bcai__wire__hello__descriptor, a, body);

	if (!m || !take_address(&out->address, m->address))
		return malformed(text, "no hello");
	out->protocol = m->protocol;
	out->height = m->height;
	out->answer = m->answer;
	if (!take_bytes(&out->version, WIRE_VERSION_BYTES_MAX, &m->version) ||
	    !is_printable(out->version))
		return malformed(text, "hello: version");
	if (!take_fixed(out->genesis.b, HASH_BYTES, &m->genesis) ||
	    !take_fixed(out->key.b, PUBLIC_KEY_BYTES, &m->public_key))
		return malformed(text, "hello: genesis or key");
	return ERR_OK;
}

struct bytes wire_encode_hello(struct arena *a, const struct wire_hello *in)
{
	Bcai__Wire__Hello m = BCAI__WIRE__HELLO__INIT;
	Bcai__Wire__Address address;

	give_address(&address, &in->address);
	m.protocol = in->protocol;
	m.version = give_bytes(in->version);
	m.genesis = give(in->genesis.b, HASH_BYTES);
	m.public_key = give(in->key.b, PUBLIC_KEY_BYTES);
	m.address = &address;
	m.height = in->height;
	m.answer = in->answer;
	return pack(a, &m.base);
}

enum err wire_decode_ping(struct wire_ping *out, struct arena *a,
			  struct bytes body, struct err_text *text)
{
	const Bcai__Wire__Ping *m =
		unpack(&bcai__wire__ping__descriptor, a, body);

	if (!m)
		return malformed(text, "no ping");
	*out = (struct wire_ping){m->height, m->token, m->answer};
	return ERR_OK;
}

struct bytes wire_encode_ping(struct arena *a, const struct wire_ping *in)
{
	Bcai__Wire__Ping m = BCAI__WIRE__PING__INIT;

	m.height = in->height;
	m.token = in->token;
	m.answer = in->answer;
	return pack(a, &m.base);
}

enum err wire_decode_addresses(struct wire_addresses *out, struct arena *a,
			       struct bytes body, struct err_text *text)
{
	const Bcai__Wire__Addresses *m =
		unpack(&bcai__wire__addresses__descriptor, a, body);
	struct wire_address *list;

	if (!m || m->n_addresses > WIRE_ADDRESSES_MAX)
		return malformed(text, "no addresses, or too many");
	list = arena_alloc(a, (m->n_addresses + 1) * sizeof(*list));
	if (!list)
		return malformed(text, "addresses: too large");
	for (size_t i = 0; i < m->n_addresses; i++) {
		if (!take_address(&list[i], m->addresses[i]))
			return malformed(text, "addresses: not an address");
	}
	out->addresses = list;
	out->count = m->n_addresses;
	return ERR_OK;
}

struct bytes wire_encode_addresses(struct arena *a,
				   const struct wire_addresses *in)
{
	Bcai__Wire__Addresses m = BCAI__WIRE__ADDRESSES__INIT;
	Bcai__Wire__Address *list =
		arena_alloc(a, (in->count + 1) * sizeof(*list));
	Bcai__Wire__Address **pointers =
		arena_alloc(a, (in->count + 1) * sizeof(*pointers));

	if (!list || !pointers)
		return (struct bytes){0};
	for (size_t i = 0; i < in->count; i++) {
		give_address(&list[i], &in->addresses[i]);
		pointers[i] = &list[i];
	}
	m.n_addresses = in->count;
	m.addresses = pointers;
	return pack(a, &m.base);
}

/* Consensus. */

enum err wire_decode_proposal(struct wire_proposal *out, struct arena *a,
			      struct bytes body, struct err_text *text)
{
	const Bcai__Wire__Proposal *m =
		unpack(&bcai__wire__proposal__descriptor, a, body);

	if (!m)
		return malformed(text, "no proposal");
	if (!take_bytes(&out->header, WIRE_HEADER_BYTES_MAX, &m->header) ||
	    !take_bytes(&out->payload, WIRE_PAYLOAD_BYTES_MAX, &m->payload))
		return malformed(text, "proposal: header or payload");
	if (!take_fixed(out->signature.b, SIGNATURE_BYTES, &m->signature))
		return malformed(text, "proposal: signature");
	if (!take_list(&out->proofs, &out->proof_count, WIRE_PROOFS_MAX,
		       WIRE_CERTIFICATE_BYTES_MAX, a, m->n_proofs, m->proofs))
		return malformed(text, "proposal: proofs");
	return ERR_OK;
}

struct bytes wire_encode_proposal(struct arena *a,
				  const struct wire_proposal *in)
{
	Bcai__Wire__Proposal m = BCAI__WIRE__PROPOSAL__INIT;

	m.header = give_bytes(in->header);
	m.signature = give(in->signature.b, SIGNATURE_BYTES);
	m.payload = give_bytes(in->payload);
	m.n_proofs = in->proof_count;
	m.proofs = give_list(a, in->proofs, in->proof_count);
	return m.proofs ? pack(a, &m.base) : (struct bytes){0};
}

enum err wire_decode_certificate_request(struct wire_certificate_request *out,
					 struct arena *a, struct bytes body,
					 struct err_text *text)
{
	const Bcai__Wire__CertificateRequest *m =
		unpack(&bcai__wire__certificate_request__descriptor, a, body);

	if (!m)
		return malformed(text, "no certificate request");
	*out = (struct wire_certificate_request){m->epoch, m->view};
	return ERR_OK;
}

struct bytes
wire_encode_certificate_request(struct arena *a,
				const struct wire_certificate_request *in)
{
	Bcai__Wire__CertificateRequest m =
		BCAI__WIRE__CERTIFICATE_REQUEST__INIT;

	m.epoch = in->epoch;
	m.view = in->view;
	return pack(a, &m.base);
}

enum err wire_decode_block_request(struct wire_block_request *out,
				   struct arena *a, struct bytes body,
				   struct err_text *text)
{
	const Bcai__Wire__BlockRequest *m =
		unpack(&bcai__wire__block_request__descriptor, a, body);

	if (!m)
		return malformed(text, "no block request");
	memset(out, 0, sizeof(*out));
	if (!take_fixed(out->digest.b, HASH_BYTES, &m->digest))
		return malformed(text, "block request: digest");
	return ERR_OK;
}

struct bytes wire_encode_block_request(struct arena *a,
				       const struct wire_block_request *in)
{
	Bcai__Wire__BlockRequest m = BCAI__WIRE__BLOCK_REQUEST__INIT;

	m.digest = give(in->digest.b, HASH_BYTES);
	return pack(a, &m.base);
}

enum err wire_decode_block(struct wire_block *out, struct arena *a,
			   struct bytes body, struct err_text *text)
{
	const Bcai__Wire__Block *m =
		unpack(&bcai__wire__block__descriptor, a, body);

	if (!m)
		return malformed(text, "no block");
	if (!take_bytes(&out->header, WIRE_HEADER_BYTES_MAX, &m->header) ||
	    !take_bytes(&out->payload, WIRE_PAYLOAD_BYTES_MAX, &m->payload) ||
	    !take_bytes(&out->certificate, WIRE_CERTIFICATE_BYTES_MAX,
			&m->certificate))
		return malformed(text, "block: a part is too large");
	return ERR_OK;
}

struct bytes wire_encode_block(struct arena *a, const struct wire_block *in)
{
	Bcai__Wire__Block m = BCAI__WIRE__BLOCK__INIT;

	m.header = give_bytes(in->header);
	m.payload = give_bytes(in->payload);
	m.certificate = give_bytes(in->certificate);
	return pack(a, &m.base);
}

enum err wire_decode_batch_request(struct wire_batch_request *out,
				   struct arena *a, struct bytes body,
				   struct err_text *text)
{
	const Bcai__Wire__BatchRequest *m =
		unpack(&bcai__wire__batch_request__descriptor, a, body);

	if (!m || !take_fixed(out->digest.b, HASH_BYTES, &m->digest))
		return malformed(text, "no batch request");
	out->origin = m->origin;
	out->sequence = m->sequence;
	return ERR_OK;
}

struct bytes wire_encode_batch_request(struct arena *a,
				       const struct wire_batch_request *in)
{
	Bcai__Wire__BatchRequest m = BCAI__WIRE__BATCH_REQUEST__INIT;

	m.origin = in->origin;
	m.sequence = in->sequence;
	m.digest = give(in->digest.b, HASH_BYTES);
	return pack(a, &m.base);
}

/* Sync. */

enum err wire_decode_sync_request(struct wire_sync_request *out,
				  struct arena *a, struct bytes body,
				  struct err_text *text)
{
	const Bcai__Wire__SyncRequest *m =
		unpack(&bcai__wire__sync_request__descriptor, a, body);

	if (!m)
		return malformed(text, "no sync request");
	*out = (struct wire_sync_request){m->from_height, m->max_blocks};
	return ERR_OK;
}

struct bytes wire_encode_sync_request(struct arena *a,
				      const struct wire_sync_request *in)
{
	Bcai__Wire__SyncRequest m = BCAI__WIRE__SYNC_REQUEST__INIT;

	m.from_height = in->from_height;
	m.max_blocks = in->max_blocks;
	return pack(a, &m.base);
}

static bool take_sync_block(struct wire_sync_block *out, struct arena *a,
			    const Bcai__Wire__SyncBlock *in)
{
	return take_bytes(&out->header, WIRE_HEADER_BYTES_MAX, &in->header) &&
	       take_bytes(&out->payload, WIRE_PAYLOAD_BYTES_MAX,
			  &in->payload) &&
	       take_list(&out->batches, &out->batch_count, LIMIT_BLOCK_BATCHES,
			 LIMIT_BATCH_BYTES, a, in->n_batches, in->batches);
}

enum err wire_decode_sync_blocks(struct wire_sync_blocks *out, struct arena *a,
				 struct bytes body, struct err_text *text)
{
	const Bcai__Wire__SyncBlocks *m =
		unpack(&bcai__wire__sync_blocks__descriptor, a, body);
	struct wire_sync_block *list;

	if (!m || m->n_blocks > WIRE_SYNC_BLOCKS_MAX)
		return malformed(text, "no sync blocks, or too many");
	list = arena_alloc(a, (m->n_blocks + 1) * sizeof(*list));
	if (!list)
		return malformed(text, "sync blocks: too large");
	for (size_t i = 0; i < m->n_blocks; i++) {
		if (!take_sync_block(&list[i], a, m->blocks[i]))
			return malformed(text, "sync blocks: not a block");
	}
	out->blocks = list;
	out->count = m->n_blocks;
	out->height = m->height;
	if (!take_bytes(&out->certificate, WIRE_CERTIFICATE_BYTES_MAX,
			&m->certificate) ||
	    !take_list(&out->headers, &out->header_count, WIRE_SYNC_HEADERS_MAX,
		       WIRE_HEADER_BYTES_MAX, a, m->n_headers, m->headers))
		return malformed(text, "sync blocks: certificate or headers");
	return ERR_OK;
}

struct bytes wire_encode_sync_blocks(struct arena *a,
				     const struct wire_sync_blocks *in)
{
	Bcai__Wire__SyncBlocks m = BCAI__WIRE__SYNC_BLOCKS__INIT;
	Bcai__Wire__SyncBlock *list =
		arena_alloc(a, (in->count + 1) * sizeof(*list));
	Bcai__Wire__SyncBlock **pointers =
		arena_alloc(a, (in->count + 1) * sizeof(*pointers));

	m.headers = give_list(a, in->headers, in->header_count);
	if (!list || !pointers || !m.headers)
		return (struct bytes){0};
	for (size_t i = 0; i < in->count; i++) {
		const struct wire_sync_block *b = &in->blocks[i];

		bcai__wire__sync_block__init(&list[i]);
		list[i].header = give_bytes(b->header);
		list[i].payload = give_bytes(b->payload);
		list[i].n_batches = b->batch_count;
		list[i].batches = give_list(a, b->batches, b->batch_count);
		if (!list[i].batches)
			return (struct bytes){0};
		pointers[i] = &list[i];
	}
	m.n_blocks = in->count;
	m.blocks = pointers;
	m.certificate = give_bytes(in->certificate);
	m.height = in->height;
	m.n_headers = in->header_count;
	return pack(a, &m.base);
}

enum err wire_decode_tip(struct wire_tip *out, struct arena *a,
			 struct bytes body, struct err_text *text)
{
	const Bcai__Wire__Tip *m =
		unpack(&bcai__wire__tip__descriptor, a, body);

	if (!m || !take_fixed(out->digest.b, HASH_BYTES, &m->digest))
		return malformed(text, "no tip");
	out->height = m->height;
	out->epoch = m->epoch;
	out->view = m->view;
	return ERR_OK;
}

struct bytes wire_encode_tip(struct arena *a, const struct wire_tip *in)
{
	Bcai__Wire__Tip m = BCAI__WIRE__TIP__INIT;

	m.height = in->height;
	m.digest = give(in->digest.b, HASH_BYTES);
	m.epoch = in->epoch;
	m.view = in->view;
	return pack(a, &m.base);
}

enum err wire_decode_tx_result(struct wire_tx_result *out, struct arena *a,
			       struct bytes body, struct err_text *text)
{
	const Bcai__Wire__TxResult *m =
		unpack(&bcai__wire__tx_result__descriptor, a, body);

	if (!m || !take_fixed(out->id.b, HASH_BYTES, &m->id))
		return malformed(text, "no transaction result");
	out->code = m->code;
	if (!take_bytes(&out->text, WIRE_TEXT_BYTES_MAX, &m->text) ||
	    !is_printable(out->text))
		return malformed(text, "transaction result: text");
	return ERR_OK;
}

struct bytes wire_encode_tx_result(struct arena *a,
				   const struct wire_tx_result *in)
{
	Bcai__Wire__TxResult m = BCAI__WIRE__TX_RESULT__INIT;

	m.id = give(in->id.b, HASH_BYTES);
	m.code = in->code;
	m.text = give_bytes(in->text);
	return pack(a, &m.base);
}

/* Genesis. */

enum err wire_decode_genesis_request(struct wire_genesis_request *out,
				     struct arena *a, struct bytes body,
				     struct err_text *text)
{
	const Bcai__Wire__GenesisRequest *m =
		unpack(&bcai__wire__genesis_request__descriptor, a, body);

	if (!m || !take_fixed(out->genesis.b, HASH_BYTES, &m->genesis))
		return malformed(text, "no genesis request");
	out->offset = m->offset;
	out->size = m->size;
	return ERR_OK;
}

struct bytes wire_encode_genesis_request(struct arena *a,
					 const struct wire_genesis_request *in)
{
	Bcai__Wire__GenesisRequest m = BCAI__WIRE__GENESIS_REQUEST__INIT;

	m.genesis = give(in->genesis.b, HASH_BYTES);
	m.offset = in->offset;
	m.size = in->size;
	return pack(a, &m.base);
}

enum err wire_decode_genesis_chunk(struct wire_genesis_chunk *out,
				   struct arena *a, struct bytes body,
				   struct err_text *text)
{
	const Bcai__Wire__GenesisChunk *m =
		unpack(&bcai__wire__genesis_chunk__descriptor, a, body);

	if (!m || !take_fixed(out->genesis.b, HASH_BYTES, &m->genesis) ||
	    !take_bytes(&out->data, WIRE_CHUNK_BYTES_MAX, &m->data))
		return malformed(text, "no genesis chunk");
	out->total = m->total;
	out->offset = m->offset;
	return ERR_OK;
}

struct bytes wire_encode_genesis_chunk(struct arena *a,
				       const struct wire_genesis_chunk *in)
{
	Bcai__Wire__GenesisChunk m = BCAI__WIRE__GENESIS_CHUNK__INIT;

	m.genesis = give(in->genesis.b, HASH_BYTES);
	m.total = in->total;
	m.offset = in->offset;
	m.data = give_bytes(in->data);
	return pack(a, &m.base);
}
