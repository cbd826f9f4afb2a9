/* Messages between nodes: first byte is the kind. What decodes is encoded
 * again and decodes to the same encoding; memory stays within the bound. */
#include "base/assert.h"
#include "net/codec.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUND_TRIP(message)                                                    \
	static void try_##message(struct bytes body)                           \
	{                                                                      \
		struct wire_##message first, second;                           \
		struct bytes again, twice;                                     \
		struct arena in, out;                                          \
		enum err e;                                                    \
                                                                               \
		wire_arena_init(&in, body.size);                               \
		arena_init(&out, 64u * LIMIT_MESSAGE_BYTES);                   \
		if (wire_decode_##message(&first, &in, body, NULL) ==          \
		    ERR_OK) {                                                  \
			again = wire_encode_##message(&out, &first);           \
			assert(again.data);                                    \
			e = wire_decode_##message(&second, &out, again, NULL); \
			assert(e == ERR_OK);                                   \
			twice = wire_encode_##message(&out, &second);          \
			assert(twice.size == again.size &&                     \
			       memcmp(twice.data, again.data, again.size) ==   \
				       0);                                     \
		}                                                              \
		assert(in.used <= wire_arena_limit(body.size));                \
		arena_fini(&in);                                               \
		arena_fini(&out);                                              \
	}
WIRE_MESSAGES(ROUND_TRIP)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const TRY[])(struct bytes body) = {
#define TRY_NAME(message) try_##message,
		WIRE_MESSAGES(TRY_NAME)};

	if (size == 0)
		return 0;
	assert(wire_kind_name(data[0]));
	TRY[data[0] % (sizeof(TRY) / sizeof(TRY[0]))](
		(struct bytes){data + 1, size - 1});
	return 0;
}
