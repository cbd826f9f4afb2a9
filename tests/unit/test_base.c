/* The error table, bounded bytes, hex, arenas and the log. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/u256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static void errors_have_unique_numbers_and_names(void **state)
{
	size_t count;
	const struct error_info *rows = error_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(strlen(rows[i].sentence) > 0);
		assert_ptr_equal(error_info(rows[i].code), &rows[i]);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(rows[i].code, rows[j].code);
			assert_string_not_equal(rows[i].name, rows[j].name);
		}
	}
}

static void an_unknown_number_is_an_internal_error(void **state)
{
	(void)state;
	assert_int_equal(error_from_number(12345), ERR_RPC_INTERNAL);
	assert_int_equal(error_from_number(403), ERR_REPLAY);
	assert_string_equal(error_name(ERR_REPLAY), "replay");
}

static void err_set_keeps_the_code_and_the_context(void **state)
{
	struct err_text text;

	(void)state;
	assert_int_equal(err_set(&text, ERR_STALE, "ballot %u", 7u), ERR_STALE);
	assert_string_equal(text.text, "ballot 7");
	assert_int_equal(err_set(NULL, ERR_STALE, "x"), ERR_STALE);
}

static void what_was_written_is_read_back(void **state)
{
	uint8_t buffer[64];
	struct writer w;
	struct reader r;
	struct bytes blob;

	(void)state;
	writer_init(&w, buffer, sizeof(buffer));
	write_u8(&w, 0xab);
	write_u16(&w, 0x1234);
	write_u32(&w, 0xdeadbeef);
	write_u64(&w, UINT64_C(0x0102030405060708));
	write_blob(&w, "hello", 5);
	assert_false(w.bad);
	assert_int_equal(w.size, 1 + 2 + 4 + 8 + 4 + 5);
	assert_int_equal(buffer[1], 0x12);
	reader_init(&r, buffer, w.size);
	assert_int_equal(read_u8(&r), 0xab);
	assert_int_equal(read_u16(&r), 0x1234);
	assert_int_equal(read_u32(&r), 0xdeadbeef);
	assert_true(read_u64(&r) == UINT64_C(0x0102030405060708));
	blob = read_blob(&r, 5);
	assert_int_equal(blob.size, 5);
	assert_memory_equal(blob.data, "hello", 5);
	assert_true(reader_done(&r));
}

static void a_varint_has_one_encoding(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
		const char *bytes;
		size_t size;
	} good[] = {
		{"nothing", 0, "\0", 1},
		{"the last of one byte", 127, "\x7f", 1},
		{"the first of two", 128, "\x80\x01", 2},
		{"three hundred", 300, "\xac\x02", 2},
		{"the last of nine", INT64_MAX,
		 "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9},
		{"the largest", UINT64_MAX,
		 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
	};
	static const struct {
		const char *name;
		const char *bytes;
		size_t size;
	} bad[] = {
		{"nothing there", "", 0},
		{"cut short", "\x80", 1},
		{"zero in two bytes", "\x80\0", 2},
		{"one in three", "\x81\x80\0", 3},
		{"65 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10},
		{"eleven bytes", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x01",
		 11},
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint8_t out[VARINT_BYTES_MAX];
		struct writer w;

		writer_init(&w, out, sizeof(out));
		write_varint(&w, good[i].value);
		assert_int_equal(w.size, good[i].size);
		assert_memory_equal(out, good[i].bytes, w.size);
		reader_init(&r, out, w.size);
		if (read_varint(&r) != good[i].value || !reader_done(&r))
			fail_msg("%s", good[i].name);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reader_init(&r, bad[i].bytes, bad[i].size);
		if (read_varint(&r) != 0 || !r.bad)
			fail_msg("%s", bad[i].name);
	}
	reader_init(&r, "\xac\x02", 2);
	assert_int_equal(read_varint_max(&r, 300), 300);
	reader_init(&r, "\xac\x02", 2);
	assert_int_equal(read_varint_max(&r, 299), 0);
	assert_true(r.bad);
}

static void every_truncation_turns_the_reader_bad_for_good(void **state)
{
	const uint8_t data[16] = {1, 2, 3, 4};

	(void)state;
	for (size_t size = 0; size < 15; size++) {
		struct reader r;
		uint8_t copy[3] = {9, 9, 9};

		reader_init(&r, data, size);
		read_u32(&r);
		read_u64(&r);
		read_copy(&r, copy, 3);
		assert_true(r.bad);
		assert_int_equal(copy[0], 0);
		assert_int_equal(read_u8(&r), 0);
		assert_int_equal(reader_left(&r), 0);
		assert_false(reader_done(&r));
	}
}

static void a_blob_above_its_bound_is_refused(void **state)
{
	const uint8_t data[] = {0, 0, 0, 2, 7, 7, 0xff, 0xff, 0xff, 0xff};
	struct reader r;

	(void)state;
	reader_init(&r, data, sizeof(data));
	assert_int_equal(read_blob(&r, 2).size, 2);
	assert_null(read_blob(&r, SIZE_MAX).data);
	assert_true(r.bad);
	reader_init(&r, data, sizeof(data));
	read_blob(&r, 1);
	assert_true(r.bad);
}

static void a_full_writer_turns_bad_and_writes_nothing_more(void **state)
{
	uint8_t buffer[6] = {0};
	struct writer w;

	(void)state;
	writer_init(&w, buffer, 5);
	write_u32(&w, 1);
	write_u16(&w, 0xffff);
	assert_true(w.bad);
	write_u8(&w, 0xff);
	assert_int_equal(w.size, 4);
	assert_int_equal(buffer[4], 0);
}

static void crc32c_matches_the_published_check_value(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void hex_is_strict(void **state)
{
	uint8_t out[2];
	char text[5];

	(void)state;
	assert_true(hex_decode(out, 2, "0aFf", 4));
	hex_encode(text, out, 2);
	assert_string_equal(text, "0aff");
	assert_false(hex_decode(out, 2, "0aF", 3));
	assert_false(hex_decode(out, 2, "0aFg", 4));
	assert_false(hex_decode(out, 2, "0aFf0", 5));
	assert_false(hex_decode(out, 2, " aFf", 4));
}

static void an_arena_hands_out_no_more_than_its_bound(void **state)
{
	struct arena a;
	uint8_t *big;

	(void)state;
	arena_init(&a, 50000);
	assert_non_null(arena_alloc(&a, 1));
	big = arena_alloc(&a, 40000);
	assert_non_null(big);
	memset(big, 1, 40000);
	assert_null(arena_alloc(&a, 10000));
	assert_non_null(arena_alloc(&a, 9000));
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	assert_non_null(arena_alloc(&a, 50000));
	arena_fini(&a);
}

static size_t logged(char *out, size_t size, const int pipe_fds[2])
{
	ssize_t n = read(pipe_fds[0], out, size - 1);

	assert_true(n > 0);
	out[n] = '\0';
	return (size_t)n;
}

static void the_log_obeys_levels_and_escapes_json(void **state)
{
	int fds[2];
	char line[4096];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	log_set_fd(fds[1]);
	assert_int_equal(log_set_level("warn"), ERR_OK);
	assert_int_equal(log_set_level("net=debug"), ERR_OK);
	assert_int_equal(log_set_level("loud"), ERR_CONFIG);
	assert_int_equal(log_set_level("attic=info"), ERR_CONFIG);
	log_info(NODE, "not seen");
	log_debug(NET, "seen %d", 1);
	logged(line, sizeof(line), fds);
	assert_non_null(strstr(line, "net: seen 1\n"));
	assert_null(strstr(line, "not seen"));
	log_set_json(true);
	log_error(NODE, "a \"quoted\"\nline");
	logged(line, sizeof(line), fds);
	assert_non_null(strstr(line, "\"a \\\"quoted\\\"?line\"}\n"));
	log_set_json(false);
	log_set_fd(2);
	assert_int_equal(log_set_level("info"), ERR_OK);
	close(fds[0]);
	close(fds[1]);
}

static void amounts_of_256_bits_keep_every_digit(void **state)
{
	static const struct {
		const char *digits;
		const char *hex; /* without zeros in front */
	} CASES[] = {
		{"0", ""},
		{"9", "09"},
		{"10", "0a"},
		{"256", "0100"},
		{"1000000000000000000", "0de0b6b3a7640000"},
		{"1157920892373161954235709850086879078532699846656405640394575"
		 "84007913129639935",
		 "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		 "f"
		 "ff"},
	};
	static const char *const NONE[] = {
		"",
		"-1",
		"1 ",
		"0x10",
		"11579208923731619542357098500868790785326998466564056403945758"
		"4"
		"007913129639936",
		"00000000000000000000000000000000000000000000000000000000000000"
		"00"
		"000000000000001",
	};
	char text[U256_TEXT_BYTES];
	struct u256 v, back;

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		uint8_t bytes[U256_BYTES];
		struct bytes minimal;
		size_t size = strlen(CASES[i].hex) / 2;

		assert_true(u256_parse(&v, CASES[i].digits));
		u256_format(text, &v);
		assert_string_equal(text, CASES[i].digits);
		assert_true(hex_decode(bytes, size, CASES[i].hex, 2 * size));
		minimal = u256_minimal(&v);
		assert_int_equal(minimal.size, size);
		assert_memory_equal(minimal.data, bytes, size);
		assert_true(u256_from_minimal(&back, minimal));
		assert_memory_equal(&back, &v, sizeof(v));
		assert_int_equal(u256_is_zero(&v), size == 0);
	}
	for (size_t i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++)
		assert_false(u256_parse(&v, NONE[i]));
	assert_false(
		u256_from_minimal(&v, (struct bytes){(uint8_t[33]){1}, 33}));
	assert_false(
		u256_from_minimal(&v, (struct bytes){(uint8_t[2]){0, 1}, 2}));
}

static void words_are_as_far_apart_as_it_takes_to_change_them(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} CASES[] = {
		{"", "", 0},
		{"a", "", 1},
		{"", "abc", 3},
		{"quorum", "quorum", 0},
		{"quorum", "qorum", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 2},
		{"1234567890123456789012345678901234567890123456789012345678901"
		 "2"
		 "3",
		 "1", NEAREST_FAR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_int_equal(nearest_distance(CASES[i].a, CASES[i].b),
				 CASES[i].distance);
		assert_int_equal(nearest_distance(CASES[i].b, CASES[i].a),
				 CASES[i].distance);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_of_256_bits_keep_every_digit),
		cmocka_unit_test(
			words_are_as_far_apart_as_it_takes_to_change_them),
		cmocka_unit_test(errors_have_unique_numbers_and_names),
		cmocka_unit_test(an_unknown_number_is_an_internal_error),
		cmocka_unit_test(err_set_keeps_the_code_and_the_context),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(a_varint_has_one_encoding),
		cmocka_unit_test(
			every_truncation_turns_the_reader_bad_for_good),
		cmocka_unit_test(a_blob_above_its_bound_is_refused),
		cmocka_unit_test(
			a_full_writer_turns_bad_and_writes_nothing_more),
		cmocka_unit_test(crc32c_matches_the_published_check_value),
		cmocka_unit_test(hex_is_strict),
		cmocka_unit_test(an_arena_hands_out_no_more_than_its_bound),
		cmocka_unit_test(the_log_obeys_levels_and_escapes_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
