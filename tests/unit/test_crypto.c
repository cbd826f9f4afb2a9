/* Hashes and signatures against published and independent answers. */
#include "base/arena.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_hash(const struct hash *h, const char *expected)
{
	char hex[HASH_HEX_BYTES];

	hash_hex(hex, h);
	assert_string_equal(hex, expected);
}

/* Answers of Python's hashlib.blake2b(data, digest_size=32, key=domain). */
static void hashes_are_those_of_an_independent_blake2b(void **state)
{
	uint8_t count[64];
	char letters[300];
	char domain[65];
	struct hash h;

	(void)state;
	for (uint8_t i = 0; i < sizeof(count); i++)
		count[i] = i;
	memset(letters, 'a', sizeof(letters));
	memset(domain, 'k', 64);
	domain[64] = 0;
	hash_bytes(&h, "bcai-gov/tx/1", "abc", 3);
	assert_hash(&h, "f455d2ad3c54b367b57049dc6c1cccd0"
			"ce1546cc0c6a306aa8eed3bc65db1831");
	hash_bytes(&h, "bcai-gov/tx/1", "", 0);
	assert_hash(&h, "d09d5f5826b819ff0af984607fa10cf3"
			"e9eec3cb9bceabf1604cae270629f5f6");
	hash_two(&h, "bcai-gov/node/1", (const struct hash *)count,
		 (const struct hash *)(count + 32));
	assert_hash(&h, "e908710d2b4d8a3c460b167d7bc75d70"
			"3240a435a16106ea0954e39ac132c970");
	hash_bytes(&h, domain, letters, sizeof(letters));
	assert_hash(&h, "bb34e5b8b06db3f0de353e171dd92430"
			"0ea7f6ff5e3358f00fe3d8237097e950");
}

static void a_hash_in_pieces_equals_the_hash_of_the_whole(void **state)
{
	uint8_t data[300];
	struct hash whole, pieces;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	hash_bytes(&whole, "test", data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		struct hasher h;

		hasher_init(&h, "test");
		hasher_add(&h, data, cut);
		hasher_add(&h, data + cut, sizeof(data) - cut);
		hasher_final(&h, &pieces);
		assert_true(hash_equal(&whole, &pieces));
	}
	hash_bytes(&pieces, "tesT", data, sizeof(data));
	assert_false(hash_equal(&whole, &pieces));
}

/* RFC 8032, 7.1, test 2. */
static void the_rfc_key_signs_as_the_rfc_says(void **state)
{
	static const char SEED[] = "4ccd089b28ff96da9db6c346ec114e0f"
				   "5b8a319f35aba624da8cf6ed4fb8a6fb";
	static const char KEY[] = "3d4017c3e843895a92b70aa74d1b7ebc"
				  "9c982ccf2ec4968cc0cd55f12af4660c";
	static const char SIG[] = "92a009a9f0d4cab8720e820b5f642540"
				  "a2b27b5416503f8fb3762223ebdb69da"
				  "085ac1e43e15996e458f3613d0f11d8c"
				  "387b2eaeb4302aeeb00d291612bb0c00";
	uint8_t seed[SEED_BYTES], again[SEED_BYTES], expected[SIGNATURE_BYTES];
	struct public_key public_key;
	struct signature signature;
	struct secret_key *key;

	(void)state;
	assert_true(hex_decode(seed, sizeof(seed), SEED, strlen(SEED)));
	assert_true(hex_decode(public_key.b, 32, KEY, strlen(KEY)));
	assert_true(hex_decode(expected, sizeof(expected), SIG, strlen(SIG)));
	key = secret_key_from_seed(seed);
	assert_true(public_key_equal(secret_key_public(key), &public_key));
	sign_message(&signature, key, "\x72", 1);
	assert_memory_equal(signature.b, expected, SIGNATURE_BYTES);
	assert_true(sign_verify(&public_key, "\x72", 1, &signature));
	secret_key_seed(key, again);
	assert_true(secret_equal(seed, again, SEED_BYTES));
	secret_key_free(&key);
	assert_null(key);
}

static void any_changed_bit_of_a_signed_message_is_refused(void **state)
{
	struct secret_key *key = secret_key_new();
	const struct public_key *public_key = secret_key_public(key);
	struct signature signature;
	uint8_t message[24] = "a message of 24 bytes ..";

	(void)state;
	sign_message(&signature, key, message, sizeof(message));
	for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(sign_verify(public_key, message, sizeof(message),
					 &signature));
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * SIGNATURE_BYTES; bit++) {
		signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(sign_verify(public_key, message, sizeof(message),
					 &signature));
		signature.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(
		sign_verify(public_key, message, sizeof(message), &signature));
	secret_key_free(&key);
}

static void two_nodes_derive_transport_keys_that_fit(void **state)
{
	struct secret_key *key = secret_key_new();
	struct public_key no_point;
	uint8_t secret[CURVE_KEY_BYTES], public_half[CURVE_KEY_BYTES];
	uint8_t zero[CURVE_KEY_BYTES] = {0};

	(void)state;
	curve_secret_from_sign(secret, key);
	assert_true(
		curve_public_from_sign(public_half, secret_key_public(key)));
	assert_memory_not_equal(secret, zero, sizeof(zero));
	assert_memory_not_equal(public_half, zero, sizeof(zero));
	memset(no_point.b, 0xff, sizeof(no_point.b));
	assert_false(curve_public_from_sign(public_half, &no_point));
	secret_wipe(secret, sizeof(secret));
	assert_memory_equal(secret, zero, sizeof(zero));
	secret_key_free(&key);
}

/* The published files, or NULL after saying why not. */
static json_t *load_vectors(const char *name)
{
	const char *shared = getenv("BCAI_SHARED");
	char path[4096];
	json_error_t error;
	json_t *root;

	snprintf(path, sizeof(path), "%s/vectors/%s",
		 shared ? shared : BCAI_SHARED, name);
	if (access(path, R_OK) != 0) {
		print_message("skipped: %s is not there; set BCAI_SHARED\n",
			      path);
		return NULL;
	}
	root = json_load_file(path, 0, &error);
	if (!root)
		fail_msg("%s: %s", path, error.text);
	return root;
}

/* One case through our rule; what is not 64 bytes is no signature. */
static bool verify_case(const char *key_hex, const char *message_hex,
			const char *signature_hex)
{
	size_t size = strlen(message_hex) / 2;
	uint8_t *message = mem_alloc(size + 1);
	struct signature signature;
	struct public_key key;
	bool valid;

	assert_true(
		hex_decode(key.b, PUBLIC_KEY_BYTES, key_hex, strlen(key_hex)));
	assert_true(hex_decode(message, size, message_hex, 2 * size));
	valid = hex_decode(signature.b, SIGNATURE_BYTES, signature_hex,
			   strlen(signature_hex)) &&
		sign_verify(&key, message, size, &signature);
	free(message);
	return valid;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	assert_non_null(text);
	return text;
}

/* Of the twelve crafted cases ours accepts the fourth alone: key and R of
 * mixed order, S reduced, canonical, and the equation holds as it stands. */
static const struct {
	const char *name;
	bool valid;
} SPECCHECK[] = {
	{"0: key and R of small order, S zero", false},
	{"1: key of small order, R of mixed order", false},
	{"2: key of mixed order, R of small order", false},
	{"3: key and R of mixed order, holds without cofactor", true},
	{"4: holds with the cofactor only", false},
	{"5: holds with the cofactor and an unreduced hash only", false},
	{"6: S above the group order", false},
	{"7: S far above the group order", false},
	{"8: R of small order, not canonical, hashed reduced", false},
	{"9: R of small order, not canonical, hashed as sent", false},
	{"10: key of small order, not canonical, hashed reduced", false},
	{"11: key of small order, not canonical, hashed as sent", false},
};

static void each_crafted_signature_has_its_pinned_outcome(void **state)
{
	json_t *root = load_vectors("ed25519_speccheck_cases.json");
	size_t i;
	json_t *row;

	(void)state;
	if (!root)
		skip();
	assert_int_equal(json_array_size(root),
			 sizeof(SPECCHECK) / sizeof(SPECCHECK[0]));
	json_array_foreach (root, i, row) {
		if (verify_case(
			    text_of(row, "pub_key"), text_of(row, "message"),
			    text_of(row, "signature")) != SPECCHECK[i].valid)
			fail_msg("speccheck %s", SPECCHECK[i].name);
	}
	json_decref(root);
}

/* Case 1 first: V is valid, x is not. Ours agrees with the publisher on all,
 * who accepts what RFC 8032 does and S below the group order only. */
static const char WYCHEPROOF[] =
	"VVVVVVVVVxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxVVVVVVVVVVVVVVxVVVVVVVVVVVVVVV"
	"VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV"
	"x";

static void each_wycheproof_signature_has_its_pinned_outcome(void **state)
{
	json_t *root = load_vectors("wycheproof_ed25519.json");
	size_t i, j, seen = 0;
	json_t *group, *row;

	(void)state;
	if (!root)
		skip();
	json_array_foreach (json_object_get(root, "testGroups"), i, group) {
		const json_t *key = json_object_get(group, "publicKey");

		json_array_foreach (json_object_get(group, "tests"), j, row) {
			json_int_t id = json_integer_value(
				json_object_get(row, "tcId"));
			bool published =
				strcmp(text_of(row, "result"), "valid") == 0;
			bool ours = verify_case(text_of(key, "pk"),
						text_of(row, "msg"),
						text_of(row, "sig"));

			assert_int_equal(id, ++seen);
			assert_true(seen < sizeof(WYCHEPROOF));
			if (ours != (WYCHEPROOF[seen - 1] == 'V') ||
			    ours != published)
				fail_msg("wycheproof %zu: %s", seen,
					 text_of(row, "comment"));
		}
	}
	assert_int_equal(seen, 151);
	assert_int_equal(seen, sizeof(WYCHEPROOF) - 1);
	json_decref(root);
}

static int start(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_an_independent_blake2b),
		cmocka_unit_test(a_hash_in_pieces_equals_the_hash_of_the_whole),
		cmocka_unit_test(the_rfc_key_signs_as_the_rfc_says),
		cmocka_unit_test(
			any_changed_bit_of_a_signed_message_is_refused),
		cmocka_unit_test(two_nodes_derive_transport_keys_that_fit),
		cmocka_unit_test(each_crafted_signature_has_its_pinned_outcome),
		cmocka_unit_test(
			each_wycheproof_signature_has_its_pinned_outcome),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
