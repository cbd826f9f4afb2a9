/* Address records and the address book. */
#include "net/book.h"
#include "net/resolve.h"

#include "base/arena.h"

#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW UINT64_C(1000000000)

static struct hash genesis = {{1, 2, 3}};
static struct book book;
static struct public_key self;

static struct secret_key *key_of(unsigned number)
{
	uint8_t seed[SEED_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8), 9};

	return secret_key_from_seed(seed);
}

static struct public_key public_of(unsigned number)
{
	struct secret_key *key = key_of(number);
	struct public_key out = *secret_key_public(key);

	secret_key_free(&key);
	return out;
}

static struct address_record record_of(unsigned number, const char *host,
				       uint64_t time_ms)
{
	struct secret_key *key = key_of(number);
	struct address_record r = {.port = 4000, .time_ms = time_ms};

	snprintf(r.host, sizeof(r.host), "%s", host);
	address_sign(&r, &genesis, key);
	secret_key_free(&key);
	return r;
}

static int setup(void **state)
{
	(void)state;
	self = public_of(0);
	book_init(&book, &genesis, &self);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	book_fini(&book);
	return 0;
}

static void addresses_are_split_and_joined(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *host; /* NULL: refused */
		uint16_t port;
	} CASES[] = {
		{"a number", "127.0.0.1:80", "127.0.0.1", 80},
		{"a name", "node-1.example.org:65535", "node-1.example.org",
		 65535},
		{"v6", "[2001:db8::1]:9", "2001:db8::1", 9},
		{"any port", "0.0.0.0:0", "0.0.0.0", 0},
		{"no port", "127.0.0.1", NULL, 0},
		{"an empty port", "127.0.0.1:", NULL, 0},
		{"a port too high", "127.0.0.1:65536", NULL, 0},
		{"a port of letters", "127.0.0.1:8o", NULL, 0},
		{"a negative port", "127.0.0.1:-1", NULL, 0},
		{"no host", ":80", NULL, 0},
		{"v6 without brackets", "::1:80", NULL, 0},
		{"empty brackets", "[]:80", NULL, 0},
		{"a space", "a b:80", NULL, 0},
		{"a slash", "tcp://a:80", NULL, 0},
		{"nothing", "", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		char host[ADDRESS_HOST_BYTES], text[NET_ADDRESS_BYTES];
		uint16_t port;
		enum err e = address_split(host, &port, CASES[i].text);

		if (!CASES[i].host) {
			if (e != ERR_PEER_ADDRESS)
				fail_msg("%s is taken", CASES[i].name);
			continue;
		}
		assert_int_equal(e, ERR_OK);
		assert_string_equal(host, CASES[i].host);
		assert_int_equal(port, CASES[i].port);
		address_join(text, host, port);
		assert_string_equal(text, CASES[i].text);
	}
}

static void a_peer_s_address_needs_a_key_that_is_a_point(void **state)
{
	char address[NET_ADDRESS_BYTES];
	struct public_key key;
	struct err_text why;

	(void)state;
	assert_int_equal(
		net_address_parse(&key, address,
				  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa6"
				  "2325af021a68f707511a@a.example:1",
				  &why),
		ERR_OK);
	assert_string_equal(address, "a.example:1");
	assert_int_equal(
		net_address_parse(&key, address,
				  "00000000000000000000000000000000000000000000"
				  "00000000000000000000@a.example:1",
				  &why),
		ERR_PEER_ADDRESS);
	assert_int_equal(net_address_parse(&key, address, "d75a@a:1", &why),
			 ERR_PEER_ADDRESS);
	assert_int_equal(
		net_address_parse(&key, address,
				  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa6"
				  "2325af021a68f707511a@a.example:0",
				  &why),
		ERR_PEER_ADDRESS);
}

static void a_record_changed_in_any_field_does_not_verify(void **state)
{
	struct address_record r = record_of(1, "192.0.2.1", 5), changed;
	struct hash other = {{9}};

	(void)state;
	assert_true(address_verify(&r, &genesis));
	assert_false(address_verify(&r, &other));
	changed = r;
	changed.host[0] = '2';
	assert_false(address_verify(&changed, &genesis));
	changed = r;
	changed.port++;
	assert_false(address_verify(&changed, &genesis));
	changed = r;
	changed.time_ms++;
	assert_false(address_verify(&changed, &genesis));
	changed = r;
	changed.key = self;
	assert_false(address_verify(&changed, &genesis));
	changed = r;
	changed.signature.b[0] ^= 1;
	assert_false(address_verify(&changed, &genesis));
}

static void the_newest_record_stands(void **state)
{
	struct address_record old = record_of(1, "192.0.2.1", 5);
	struct address_record newer = record_of(1, "192.0.2.2", 6);
	const struct book_entry *e;

	(void)state;
	assert_int_equal(book_learn(&book, &old, &self, NOW), BOOK_NEWER);
	assert_int_equal(book_learn(&book, &old, &self, NOW), BOOK_NOTHING);
	assert_int_equal(book_learn(&book, &newer, &self, NOW), BOOK_NEWER);
	assert_int_equal(book_learn(&book, &old, &self, NOW), BOOK_NOTHING);
	e = book_find(&book, &newer.key);
	assert_string_equal(e->record.host, "192.0.2.2");
	assert_int_equal(book_count(&book), 1);
}

static void forged_future_and_own_records_are_refused(void **state)
{
	struct address_record forged = record_of(1, "192.0.2.1", 5);
	struct address_record future =
		record_of(2, "192.0.2.1", NOW + ADDRESS_AHEAD_MAX_MS + 1);
	struct address_record own = record_of(0, "192.0.2.1", 5);
	struct address_record nowhere = record_of(3, "", 5);

	(void)state;
	forged.port = 1;
	assert_int_equal(book_learn(&book, &forged, &self, NOW), BOOK_REFUSED);
	assert_int_equal(book_learn(&book, &future, &self, NOW), BOOK_REFUSED);
	assert_int_equal(book_learn(&book, &own, &self, NOW), BOOK_NOTHING);
	assert_int_equal(book_learn(&book, &nowhere, &self, NOW), BOOK_NOTHING);
	assert_int_equal(book_count(&book), 0);
}

/* The first source from `number` on with another bucket than this. */
static struct public_key source_outside(unsigned number, unsigned bucket)
{
	struct public_key source;
	struct address_record r = record_of(2, "192.0.2.1", 5);
	unsigned found = bucket;

	while (found == bucket) {
		source = public_of(number++);
		book_learn(&book, &r, &source, NOW);
		found = book_find(&book, &r.key)->bucket;
		book_remove(&book, &r.key);
	}
	return source;
}

static void a_talkative_source_displaces_only_its_own(void **state)
{
	struct public_key liar = public_of(5000), validator = public_of(6000);
	struct address_record r = record_of(1, "192.0.2.1", 5);
	struct public_key honest;

	(void)state;
	book_learn(&book, &r, &liar, NOW);
	honest = source_outside(5001, book_find(&book, &r.key)->bucket);
	book_remove(&book, &r.key);
	book_learn(&book, &r, &honest, NOW);
	book_pin(&book, &validator, true);
	for (unsigned i = 100; i < 400; i++) {
		struct address_record lie = record_of(i, "192.0.2.3", i);

		assert_int_equal(book_learn(&book, &lie, &liar, NOW),
				 BOOK_NEWER);
	}
	assert_int_equal(book_count(&book), BOOK_BUCKET_ENTRIES + 2);
	assert_non_null(book_find(&book, &r.key));
	assert_non_null(book_find(&book, &validator));
}

static void a_peer_that_was_reached_outlives_those_that_were_not(void **state)
{
	struct public_key source = public_of(5000);
	struct address_record r = record_of(1, "192.0.2.1", 5);
	struct public_key reached = r.key;

	(void)state;
	book_learn(&book, &r, &source, NOW);
	book_seen(&book, &reached, NOW);
	for (unsigned i = 100; i < 150; i++) {
		r = record_of(i, "192.0.2.3", i);
		book_learn(&book, &r, &source, NOW);
	}
	assert_non_null(book_find(&book, &reached));
	assert_int_equal(book_count(&book), BOOK_BUCKET_ENTRIES);
}

static void the_operator_s_address_goes_first(void **state)
{
	struct address_record r = record_of(1, "192.0.2.1", 5);
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;
	struct book_entry *e;

	(void)state;
	book_configure(&book, &r.key, "10.0.0.1", 1);
	book_learn(&book, &r, &r.key, NOW);
	e = book_find(&book, &r.key);
	assert_true(book_address(e, host, &port));
	assert_string_equal(host, "10.0.0.1");
	assert_int_equal(port, 1);
	e->failures = 1;
	assert_true(book_address(e, host, &port));
	assert_string_equal(host, "192.0.2.1");
	assert_int_equal(port, 4000);
	assert_true(book_remove(&book, &r.key));
	assert_false(book_remove(&book, &r.key));
	assert_int_equal(book_count(&book), 0);
}

static void bans_end_and_are_bounded(void **state)
{
	struct public_key first = public_of(1);

	(void)state;
	book_ban(&book, &first, NOW + 10);
	assert_true(book_is_banned(&book, &first, NOW + 9));
	assert_false(book_is_banned(&book, &first, NOW + 10));
	for (unsigned i = 0; i < BOOK_BANS_MAX; i++) {
		struct public_key key = {{(uint8_t)i, (uint8_t)(i >> 8), 77}};

		book_ban(&book, &key, NOW + 100 + i);
	}
	assert_int_equal(book_count(&book), BOOK_BANS_MAX);
	assert_null(book_find(&book, &first));
}

static void the_text_brings_everything_back(void **state)
{
	struct address_record r = record_of(1, "192.0.2.1", 5);
	struct public_key source = public_of(7), banned = public_of(8);
	struct public_key configured = public_of(9);
	struct book copy;
	const struct book_entry *e;
	char *text;

	(void)state;
	book_learn(&book, &r, &source, NOW);
	book_seen(&book, &r.key, NOW - 7);
	book_ban(&book, &banned, UINT64_MAX);
	book_configure(&book, &configured, "::1", 77);
	text = book_text(&book);
	assert_false(book.changed);
	book_init(&copy, &genesis, &self);
	assert_int_equal(book_read(&copy, text, strlen(text), NOW, NULL),
			 ERR_OK);
	assert_int_equal(book_count(&copy), 3);
	e = book_find(&copy, &r.key);
	assert_string_equal(e->record.host, "192.0.2.1");
	assert_int_equal(e->record.time_ms, 5);
	assert_int_equal(e->seen_ms, NOW - 7);
	assert_true(public_key_equal(&e->source, &source));
	assert_int_equal(e->bucket, book_find(&book, &r.key)->bucket);
	assert_true(book_is_banned(&copy, &banned, NOW));
	e = book_find(&copy, &configured);
	assert_string_equal(e->configured_host, "::1");
	assert_int_equal(e->configured_port, 77);
	book_fini(&copy);
	free(text);
}

static void a_book_of_another_network_keeps_no_records(void **state)
{
	struct address_record r = record_of(1, "192.0.2.1", 5);
	struct hash other = {{4}};
	struct book copy;
	char *text;

	(void)state;
	book_learn(&book, &r, &self, NOW);
	text = book_text(&book);
	book_init(&copy, &other, &self);
	assert_int_equal(book_read(&copy, text, strlen(text), NOW, NULL),
			 ERR_OK);
	assert_int_equal(book_count(&copy), 0);
	book_fini(&copy);
	free(text);
}

static void what_is_no_book_is_refused(void **state)
{
	static const char *const TEXTS[] = {
		"",
		"[]",
		"{}",
		"{\"format\":2}",
		"{\"format\":1,\"salt\":\"00\",\"peers\":[]}",
		"{\"format\":1,\"salt\":\"000000000000000000000000000000000000"
		"0000000000000000000000000000\",\"peers\":[7]}",
		"{\"format\":1,\"salt\":\"000000000000000000000000000000000000"
		"0000000000000000000000000000\",\"peers\":{}}",
	};
	struct err_text why;

	(void)state;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		assert_int_equal(
			book_read(&book, TEXTS[i], strlen(TEXTS[i]), NOW, &why),
			ERR_DATA_DAMAGED);
}

static void numbers_are_told_from_names(void **state)
{
	char out[RESOLVE_NUMBER_BYTES];

	(void)state;
	assert_true(resolve_number(out, "127.0.0.1"));
	assert_string_equal(out, "127.0.0.1");
	assert_true(resolve_number(out, "::1"));
	assert_string_equal(out, "[::1]");
	assert_true(resolve_number(out, "[::1]"));
	assert_string_equal(out, "[::1]");
	assert_false(resolve_number(out, "localhost"));
	assert_false(resolve_number(out, ""));
}

static void a_lookup_ends_found_or_failed(void **state)
{
	struct lookup *found, *dropped;
	struct addrinfo *here;
	char out[RESOLVE_NUMBER_BYTES];
	int patience = 500;

	(void)state;
	if (getaddrinfo("localhost", NULL, NULL, &here) != 0) {
		print_message("reason: localhost has no address here\n");
		skip();
	}
	freeaddrinfo(here);
	found = lookup_start("localhost");
	dropped = lookup_start("localhost");
	assert_non_null(found);
	lookup_drop(&dropped);
	assert_null(dropped);
	while (lookup_poll(found, out) == LOOKUP_PENDING && patience-- > 0)
		usleep(10000);
	assert_int_equal(lookup_poll(found, out), LOOKUP_FOUND);
	assert_true(strcmp(out, "127.0.0.1") == 0 || strcmp(out, "[::1]") == 0);
	lookup_drop(&found);
}

#define BOOK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOK_TEST(addresses_are_split_and_joined),
		BOOK_TEST(a_peer_s_address_needs_a_key_that_is_a_point),
		BOOK_TEST(a_record_changed_in_any_field_does_not_verify),
		BOOK_TEST(the_newest_record_stands),
		BOOK_TEST(forged_future_and_own_records_are_refused),
		BOOK_TEST(a_talkative_source_displaces_only_its_own),
		BOOK_TEST(a_peer_that_was_reached_outlives_those_that_were_not),
		BOOK_TEST(the_operator_s_address_goes_first),
		BOOK_TEST(bans_end_and_are_bounded),
		BOOK_TEST(the_text_brings_everything_back),
		BOOK_TEST(a_book_of_another_network_keeps_no_records),
		BOOK_TEST(what_is_no_book_is_refused),
		BOOK_TEST(numbers_are_told_from_names),
		BOOK_TEST(a_lookup_ends_found_or_failed),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
