/* Messages between nodes: what was written is read back, what is no message
 * is refused, and what unfolds stays within its bound. */
#include "net/codec.h"
#include "net/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	wire_arena_init(&arena, LIMIT_MESSAGE_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void assert_bytes(struct bytes b, const char *s)
{
	assert_int_equal(b.size, strlen(s));
	assert_memory_equal(b.data, s, b.size);
}

static void fill(void *out, size_t size, uint8_t first)
{
	uint8_t *bytes = out;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(first + i);
}

static struct wire_address some_address(uint8_t first)
{
	struct wire_address a = {.host = text("192.0.2.7"),
				 .port = 65535,
				 .time_ms = UINT64_MAX};

	fill(a.key.b, PUBLIC_KEY_BYTES, first);
	fill(a.signature.b, SIGNATURE_BYTES, (uint8_t)(first + 1));
	return a;
}

static void assert_address(const struct wire_address *a, uint8_t first)
{
	struct wire_address expected = some_address(first);

	assert_memory_equal(&a->key, &expected.key, sizeof(a->key));
	assert_memory_equal(&a->signature, &expected.signature,
			    sizeof(a->signature));
	assert_bytes(a->host, "192.0.2.7");
	assert_int_equal(a->port, 65535);
	assert_true(a->time_ms == UINT64_MAX);
}

static void a_hello_comes_back(void **state)
{
	struct wire_hello in = {.protocol = 3,
				.version = text("0.1.0-rc"),
				.address = some_address(5),
				.height = 12,
				.answer = true};
	struct wire_hello out;
	struct bytes body;

	(void)state;
	fill(in.genesis.b, HASH_BYTES, 1);
	fill(in.key.b, PUBLIC_KEY_BYTES, 2);
	body = wire_encode_hello(&arena, &in);
	assert_int_equal(wire_decode_hello(&out, &arena, body, NULL), ERR_OK);
	assert_int_equal(out.protocol, 3);
	assert_bytes(out.version, "0.1.0-rc");
	assert_memory_equal(&out.genesis, &in.genesis, HASH_BYTES);
	assert_memory_equal(&out.key, &in.key, PUBLIC_KEY_BYTES);
	assert_address(&out.address, 5);
	assert_int_equal(out.height, 12);
	assert_true(out.answer);
}

static void a_hello_with_odd_parts_is_refused(void **state)
{
	struct wire_hello in = {.version = text("1"),
				.address = some_address(5)};
	struct wire_hello out;
	struct bytes body;

	(void)state;
	in.version = text("with a \n line");
	body = wire_encode_hello(&arena, &in);
	assert_int_equal(wire_decode_hello(&out, &arena, body, NULL),
			 ERR_PEER_MALFORMED);
	in.version = text("0123456789012345678901234567890123456789"
			  "012345678901234567890123");
	body = wire_encode_hello(&arena, &in);
	assert_int_equal(wire_decode_hello(&out, &arena, body, NULL),
			 ERR_PEER_MALFORMED);
	in.version = text("1");
	in.address.host = text("h\xc3\xa9");
	body = wire_encode_hello(&arena, &in);
	assert_int_equal(wire_decode_hello(&out, &arena, body, NULL),
			 ERR_PEER_MALFORMED);
}

static void a_ping_comes_back(void **state)
{
	const struct wire_ping in = {.height = 9, .token = UINT64_MAX};
	struct wire_ping out;
	struct bytes body = wire_encode_ping(&arena, &in);

	(void)state;
	assert_int_equal(wire_decode_ping(&out, &arena, body, NULL), ERR_OK);
	assert_int_equal(out.height, 9);
	assert_true(out.token == UINT64_MAX);
	assert_false(out.answer);
}

static void addresses_come_back_up_to_their_number(void **state)
{
	struct wire_address list[WIRE_ADDRESSES_MAX + 1];
	struct wire_addresses in = {list, WIRE_ADDRESSES_MAX}, out;
	struct bytes body;

	(void)state;
	for (unsigned i = 0; i <= WIRE_ADDRESSES_MAX; i++)
		list[i] = some_address((uint8_t)i);
	body = wire_encode_addresses(&arena, &in);
	assert_int_equal(wire_decode_addresses(&out, &arena, body, NULL),
			 ERR_OK);
	assert_int_equal(out.count, WIRE_ADDRESSES_MAX);
	for (unsigned i = 0; i < WIRE_ADDRESSES_MAX; i++)
		assert_address(&out.addresses[i], (uint8_t)i);
	in.count++;
	body = wire_encode_addresses(&arena, &in);
	assert_int_equal(wire_decode_addresses(&out, &arena, body, NULL),
			 ERR_PEER_MALFORMED);
}

static void a_proposal_comes_back_with_its_proofs(void **state)
{
	const struct bytes proofs[] = {text("first"), text(""), text("third")};
	struct wire_proposal in = {.header = text("header"),
				   .payload = text("payload"),
				   .proofs = proofs,
				   .proof_count = 3};
	struct wire_proposal out;
	struct bytes body;

	(void)state;
	fill(in.signature.b, SIGNATURE_BYTES, 3);
	body = wire_encode_proposal(&arena, &in);
	assert_int_equal(wire_decode_proposal(&out, &arena, body, NULL),
			 ERR_OK);
	assert_bytes(out.header, "header");
	assert_bytes(out.payload, "payload");
	assert_memory_equal(&out.signature, &in.signature, SIGNATURE_BYTES);
	assert_int_equal(out.proof_count, 3);
	assert_bytes(out.proofs[0], "first");
	assert_bytes(out.proofs[1], "");
	assert_bytes(out.proofs[2], "third");
}

static void parts_above_their_bounds_are_refused(void **state)
{
	static uint8_t large[WIRE_PAYLOAD_BYTES_MAX + 1];
	struct bytes proofs[WIRE_PROOFS_MAX + 1];
	struct wire_proposal in = {.proofs = proofs}, out;
	struct wire_block block = {{0}, {0}, {0}}, block_out;

	(void)state;
	for (unsigned i = 0; i <= WIRE_PROOFS_MAX; i++)
		proofs[i] = text("p");
	in.proof_count = WIRE_PROOFS_MAX + 1;
	assert_int_equal(wire_decode_proposal(&out, &arena,
					      wire_encode_proposal(&arena, &in),
					      NULL),
			 ERR_PEER_MALFORMED);
	in.proof_count = 1;
	proofs[0] = (struct bytes){large, WIRE_CERTIFICATE_BYTES_MAX + 1};
	assert_int_equal(wire_decode_proposal(&out, &arena,
					      wire_encode_proposal(&arena, &in),
					      NULL),
			 ERR_PEER_MALFORMED);
	in.proof_count = 0;
	in.payload = (struct bytes){large, sizeof(large)};
	assert_int_equal(wire_decode_proposal(&out, &arena,
					      wire_encode_proposal(&arena, &in),
					      NULL),
			 ERR_PEER_MALFORMED);
	block.header = (struct bytes){large, WIRE_HEADER_BYTES_MAX + 1};
	assert_int_equal(wire_decode_block(&block_out, &arena,
					   wire_encode_block(&arena, &block),
					   NULL),
			 ERR_PEER_MALFORMED);
}

static void requests_come_back(void **state)
{
	struct wire_certificate_request cr = {7, UINT64_MAX}, cr_out;
	struct wire_block_request br = {{{0}}}, br_out;
	struct wire_batch_request tr = {.origin = 3, .sequence = 8}, tr_out;
	struct wire_sync_request sr = {UINT64_MAX, 100}, sr_out;

	(void)state;
	assert_int_equal(wire_decode_certificate_request(
				 &cr_out, &arena,
				 wire_encode_certificate_request(&arena, &cr),
				 NULL),
			 ERR_OK);
	assert_int_equal(cr_out.epoch, 7);
	assert_true(cr_out.view == UINT64_MAX);
	fill(br.digest.b, HASH_BYTES, 4);
	assert_int_equal(wire_decode_block_request(
				 &br_out, &arena,
				 wire_encode_block_request(&arena, &br), NULL),
			 ERR_OK);
	assert_memory_equal(&br_out.digest, &br.digest, HASH_BYTES);
	assert_int_equal(wire_decode_block_request(&br_out, &arena,
						   (struct bytes){NULL, 0},
						   NULL),
			 ERR_PEER_MALFORMED);
	fill(tr.digest.b, HASH_BYTES, 6);
	assert_int_equal(wire_decode_batch_request(
				 &tr_out, &arena,
				 wire_encode_batch_request(&arena, &tr), NULL),
			 ERR_OK);
	assert_int_equal(tr_out.origin, 3);
	assert_int_equal(tr_out.sequence, 8);
	assert_memory_equal(&tr_out.digest, &tr.digest, HASH_BYTES);
	assert_int_equal(wire_decode_sync_request(
				 &sr_out, &arena,
				 wire_encode_sync_request(&arena, &sr), NULL),
			 ERR_OK);
	assert_true(sr_out.from_height == UINT64_MAX);
	assert_int_equal(sr_out.max_blocks, 100);
}

static void sync_blocks_come_back(void **state)
{
	const struct bytes batches[] = {text("b1"), text("b2")};
	const struct bytes headers[] = {text("h9")};
	const struct wire_sync_block blocks[] = {
		{text("h1"), text("p1"), batches, 2},
		{text("h2"), text(""), NULL, 0},
	};
	const struct wire_sync_blocks in = {blocks, 2,	     text("cert"),
					    77,	    headers, 1};
	struct wire_sync_blocks out;

	(void)state;
	assert_int_equal(wire_decode_sync_blocks(
				 &out, &arena,
				 wire_encode_sync_blocks(&arena, &in), NULL),
			 ERR_OK);
	assert_int_equal(out.count, 2);
	assert_bytes(out.blocks[0].header, "h1");
	assert_bytes(out.blocks[0].payload, "p1");
	assert_int_equal(out.blocks[0].batch_count, 2);
	assert_bytes(out.blocks[0].batches[1], "b2");
	assert_int_equal(out.blocks[1].batch_count, 0);
	assert_bytes(out.certificate, "cert");
	assert_int_equal(out.height, 77);
	assert_int_equal(out.header_count, 1);
	assert_bytes(out.headers[0], "h9");
}

static void tips_and_results_come_back(void **state)
{
	struct wire_tip tip = {.height = 1, .epoch = 2, .view = 3}, tip_out;
	struct wire_tx_result result = {.code = -32601, .text = text("why")};
	struct wire_tx_result result_out;

	(void)state;
	fill(tip.digest.b, HASH_BYTES, 9);
	assert_int_equal(wire_decode_tip(&tip_out, &arena,
					 wire_encode_tip(&arena, &tip), NULL),
			 ERR_OK);
	assert_memory_equal(&tip_out, &tip, sizeof(tip));
	fill(result.id.b, HASH_BYTES, 10);
	assert_int_equal(wire_decode_tx_result(
				 &result_out, &arena,
				 wire_encode_tx_result(&arena, &result), NULL),
			 ERR_OK);
	assert_int_equal(result_out.code, -32601);
	assert_bytes(result_out.text, "why");
	assert_memory_equal(&result_out.id, &result.id, HASH_BYTES);
}

static void genesis_messages_come_back(void **state)
{
	struct wire_genesis_request in = {.offset = 5, .size = 6}, out;
	struct wire_genesis_chunk chunk = {
		.total = 100, .offset = 7, .data = text("data")};
	struct wire_genesis_chunk chunk_out;

	(void)state;
	assert_int_equal(wire_decode_genesis_request(
				 &out, &arena,
				 wire_encode_genesis_request(&arena, &in),
				 NULL),
			 ERR_OK);
	assert_int_equal(out.offset, 5);
	assert_int_equal(out.size, 6);
	assert_int_equal(wire_decode_genesis_chunk(
				 &chunk_out, &arena,
				 wire_encode_genesis_chunk(&arena, &chunk),
				 NULL),
			 ERR_OK);
	assert_int_equal(chunk_out.total, 100);
	assert_int_equal(chunk_out.offset, 7);
	assert_bytes(chunk_out.data, "data");
}

static void a_hash_of_another_size_is_refused(void **state)
{
	/* Field 1, 31 bytes. */
	uint8_t body[33] = {0x0a, 31};
	struct wire_tx_result result;
	struct wire_genesis_request request;
	struct wire_block_request block;

	(void)state;
	assert_int_equal(wire_decode_tx_result(&result, &arena,
					       (struct bytes){body, 33}, NULL),
			 ERR_PEER_MALFORMED);
	assert_int_equal(wire_decode_genesis_request(&request, &arena,
						     (struct bytes){body, 33},
						     NULL),
			 ERR_PEER_MALFORMED);
	assert_int_equal(wire_decode_block_request(&block, &arena,
						   (struct bytes){body, 33},
						   NULL),
			 ERR_PEER_MALFORMED);
}

static void a_message_that_unfolds_stays_within_its_bound(void **state)
{
	size_t size = 200000;
	uint8_t *body = calloc(1, size);
	struct wire_sync_blocks out;
	struct arena small;

	(void)state;
	/* 100,000 empty sub-messages: 2 bytes each, 40 and more in memory. */
	for (size_t i = 0; i < size; i += 2)
		body[i] = 0x0a;
	wire_arena_init(&small, size);
	assert_int_equal(wire_decode_sync_blocks(&out, &small,
						 (struct bytes){body, size},
						 NULL),
			 ERR_PEER_MALFORMED);
	assert_true(small.used <= wire_arena_limit(size));
	arena_fini(&small);
	free(body);
}

static void nested_groups_and_messages_are_survived(void **state)
{
	size_t size = 34000;
	uint8_t *body = malloc(size);
	struct wire_hello hello;
	struct wire_sync_blocks blocks;

	(void)state;
	memset(body, 0x0b, size); /* start of a group, again and again */
	assert_int_equal(wire_decode_sync_blocks(&blocks, &arena,
						 (struct bytes){body, size},
						 NULL),
			 ERR_PEER_MALFORMED);
	/* A length-delimited field within a field within a field. */
	for (size_t i = 0; i < size; i += 4) {
		size_t left = size - i - 4;

		body[i] = 0x2a;
		body[i + 1] = (uint8_t)(0x80 | (left & 0x7f));
		body[i + 2] = (uint8_t)(0x80 | (left >> 7 & 0x7f));
		body[i + 3] = (uint8_t)(left >> 14);
	}
	assert_int_equal(wire_decode_hello(&hello, &arena,
					   (struct bytes){body, size}, NULL),
			 ERR_PEER_MALFORMED);
	free(body);
}

static void every_truncation_is_a_message_or_an_error(void **state)
{
	struct wire_hello in = {.version = text("1"),
				.address = some_address(5)};
	struct bytes body = wire_encode_hello(&arena, &in);

	(void)state;
	for (size_t size = 0; size < body.size; size++) {
		struct wire_hello out;

		arena.used = 0;
		assert_int_equal(wire_decode_hello(
					 &out, &arena,
					 (struct bytes){body.data, size}, NULL),
				 ERR_PEER_MALFORMED);
	}
}

static void kinds_have_names_and_classes(void **state)
{
	(void)state;
	assert_string_equal(wire_kind_name(WIRE_VOTE), "vote");
	assert_string_equal(wire_kind_name(255), "unknown");
	assert_int_equal(wire_kind_class(WIRE_VOTE), NET_CONSENSUS);
	assert_int_equal(wire_kind_class(WIRE_BATCH), NET_BATCH);
	assert_int_equal(wire_kind_class(WIRE_SYNC_BLOCKS), NET_SYNC);
	assert_int_equal(wire_kind_class(255), NET_CONTROL);
}

/* The queues. */

static struct outbox outbox;

static void put(enum net_class class_, uint8_t kind, size_t size,
		enum outbox_result expected, size_t expected_dropped)
{
	static const uint8_t ZEROS[8192];
	struct net_frame *f = frame_new(kind, ZEROS, size);
	size_t dropped;

	assert_int_equal(outbox_put(&outbox, class_, f, &dropped), expected);
	assert_int_equal(dropped, expected_dropped);
	frame_release(&f);
}

static uint8_t take(void)
{
	enum net_class class_;
	const struct net_frame *f = outbox_next(&outbox, &class_);
	uint8_t kind = f ? f->data[0] : 0;

	if (f)
		outbox_pop(&outbox, class_);
	return kind;
}

static void consensus_goes_first_and_the_others_take_turns(void **state)
{
	const size_t limits[NET_CLASSES] = {10000, 10000, 10000, 10000};
	static const uint8_t ORDER[] = {1, 2, 3, 4, 5, 6, 7, 8, 0};

	(void)state;
	outbox_init(&outbox, limits);
	put(NET_SYNC, 5, 0, OUTBOX_TAKEN, 0);
	put(NET_SYNC, 8, 0, OUTBOX_TAKEN, 0);
	put(NET_CONTROL, 3, 0, OUTBOX_TAKEN, 0);
	put(NET_CONTROL, 6, 0, OUTBOX_TAKEN, 0);
	put(NET_BATCH, 4, 0, OUTBOX_TAKEN, 0);
	put(NET_BATCH, 7, 0, OUTBOX_TAKEN, 0);
	put(NET_CONSENSUS, 1, 0, OUTBOX_TAKEN, 0);
	put(NET_CONSENSUS, 2, 0, OUTBOX_TAKEN, 0);
	for (size_t i = 0; i < sizeof(ORDER); i++)
		assert_int_equal(take(), ORDER[i]);
	assert_true(outbox_empty(&outbox));
	outbox_clear(&outbox);
}

static void a_full_queue_drops_or_refuses_by_its_class(void **state)
{
	struct net_frame *f = frame_new(0, NULL, 0);
	size_t limit = 3 * (frame_cost(f) + 100);
	const size_t limits[NET_CLASSES] = {limit, limit, limit, limit};

	(void)state;
	frame_release(&f);
	outbox_init(&outbox, limits);
	for (uint8_t i = 1; i <= 3; i++) {
		put(NET_CONSENSUS, i, 100, OUTBOX_TAKEN, 0);
		put(NET_SYNC, (uint8_t)(10 + i), 100, OUTBOX_TAKEN, 0);
	}
	put(NET_CONSENSUS, 4, 100, OUTBOX_DROPPED_OLDEST, 1);
	put(NET_SYNC, 14, 100, OUTBOX_REFUSED, 0);
	put(NET_CONSENSUS, 5, 5000, OUTBOX_REFUSED, 0);
	assert_int_equal(outbox.bytes, 2 * limit);
	assert_int_equal(take(), 2);
	assert_int_equal(take(), 3);
	assert_int_equal(take(), 4);
	assert_int_equal(take(), 11);
	outbox_clear(&outbox);
	assert_int_equal(take(), 0);
}

static void a_queue_keeps_its_order_when_it_grows(void **state)
{
	const size_t limits[NET_CLASSES] = {100000, 100000, 100000, 100000};
	uint8_t in = 0, out = 0;

	(void)state;
	outbox_init(&outbox, limits);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 3; i++)
			put(NET_BATCH, ++in, 10, OUTBOX_TAKEN, 0);
		for (int i = 0; i < 2; i++)
			assert_int_equal(take(), (uint8_t)++out);
	}
	while (out != in)
		assert_int_equal(take(), (uint8_t)++out);
	outbox_clear(&outbox);
}

#define WIRE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(a_hello_comes_back),
		WIRE_TEST(a_hello_with_odd_parts_is_refused),
		WIRE_TEST(a_ping_comes_back),
		WIRE_TEST(addresses_come_back_up_to_their_number),
		WIRE_TEST(a_proposal_comes_back_with_its_proofs),
		WIRE_TEST(parts_above_their_bounds_are_refused),
		WIRE_TEST(requests_come_back),
		WIRE_TEST(sync_blocks_come_back),
		WIRE_TEST(tips_and_results_come_back),
		WIRE_TEST(genesis_messages_come_back),
		WIRE_TEST(a_hash_of_another_size_is_refused),
		WIRE_TEST(a_message_that_unfolds_stays_within_its_bound),
		WIRE_TEST(nested_groups_and_messages_are_survived),
		WIRE_TEST(every_truncation_is_a_message_or_an_error),
		WIRE_TEST(kinds_have_names_and_classes),
		WIRE_TEST(consensus_goes_first_and_the_others_take_turns),
		WIRE_TEST(a_full_queue_drops_or_refuses_by_its_class),
		WIRE_TEST(a_queue_keeps_its_order_when_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
