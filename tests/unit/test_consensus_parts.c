/* Electorates, encodings, certificates and evidence. */
#include "consensus/consensus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct hash GENESIS = {.b = {7, 7, 7}};

static void toy_sign(const struct public_key *key, const void *bytes,
		     size_t size, struct signature *out)
{
	hash_bytes((struct hash *)out, "test/sign", bytes, size);
	memcpy(out->b + HASH_BYTES, key->b, PUBLIC_KEY_BYTES);
}

static bool toy_verify(void *context, const struct public_key *key,
		       const void *bytes, size_t size,
		       const struct signature *signature)
{
	struct signature made;

	if (context)
		++*(int *)context;
	toy_sign(key, bytes, size, &made);
	return memcmp(&made, signature, sizeof(made)) == 0;
}

static struct electorate make_electorate(const uint64_t *weights,
					 uint32_t count, enum err expect)
{
	struct voter voters[VOTERS_MAX + 1];
	struct electorate e;

	memset(voters, 0, sizeof(voters));
	for (uint32_t i = 0; i < count; i++) {
		voters[i].key.b[0] = (uint8_t)(i + 1);
		voters[i].key.b[1] = (uint8_t)((i + 1) >> 8);
		voters[i].weight = weights ? weights[i] : 1;
	}
	assert_int_equal(electorate_init(&e, 5, voters, count), expect);
	return e;
}

static uint64_t weight_of(const uint64_t *weights, unsigned int set)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 5; i++) {
		if (set >> i & 1)
			sum += weights[i];
	}
	return sum;
}

/* What two quorums share weighs more than f, so one of it is honest; and the
 * honest ones together are a quorum. */
static void check_quorums(const uint64_t *weights, uint32_t count)
{
	struct electorate e = make_electorate(weights, count, ERR_OK);
	uint64_t quorum = electorate_quorum(&e), f = electorate_faulty(&e);

	for (unsigned int a = 0; a < 1u << count; a++) {
		struct voter_set set = {{(uint8_t)a}};
		uint64_t weight = weight_of(weights, a);

		assert_int_equal(electorate_weight(&e, &set), weight);
		if (weight <= f)
			assert_true(e.total - weight >= quorum);
		if (weight < quorum)
			continue;
		for (unsigned int b = 0; b < 1u << count; b++) {
			if (weight_of(weights, b) >= quorum)
				assert_true(weight_of(weights, a & b) > f);
		}
	}
}

static void two_quorums_share_an_honest_validator(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= 5; count++) {
		unsigned int all = 1;

		for (uint32_t i = 0; i < count; i++)
			all *= 4;
		for (unsigned int n = 1; n < all; n++) {
			uint64_t weights[5] = {0};

			for (uint32_t i = 0; i < count; i++)
				weights[i] = n >> (2 * i) & 3;
			check_quorums(weights, count);
		}
	}
}

static void five_equal_validators_need_four(void **state)
{
	struct electorate e = make_electorate(NULL, 5, ERR_OK);

	(void)state;
	assert_int_equal(electorate_faulty(&e), 1);
	assert_int_equal(electorate_quorum(&e), 4);
}

static void an_electorate_is_refused_when_unusable(void **state)
{
	static const uint64_t ZERO[4];
	uint64_t heavy[2] = {LIMIT_VALIDATOR_WEIGHT + 1, 1};
	uint64_t most[VOTERS_MAX];
	struct voter twice[2];
	struct electorate e;

	(void)state;
	(void)make_electorate(NULL, 0, ERR_BAD_ELECTORATE);
	(void)make_electorate(NULL, VOTERS_MAX + 1, ERR_BAD_ELECTORATE);
	(void)make_electorate(ZERO, 4, ERR_BAD_ELECTORATE);
	(void)make_electorate(heavy, 2, ERR_BAD_ELECTORATE);
	memset(twice, 1, sizeof(twice));
	twice[0].weight = twice[1].weight = 1;
	assert_int_equal(electorate_init(&e, 0, twice, 2), ERR_BAD_ELECTORATE);
	for (uint32_t i = 0; i < VOTERS_MAX; i++)
		most[i] = LIMIT_VALIDATOR_WEIGHT;
	e = make_electorate(most, VOTERS_MAX, ERR_OK);
	assert_true(e.total == VOTERS_MAX * LIMIT_VALIDATOR_WEIGHT);
	assert_int_equal(electorate_find(&e, &e.voters[127].key), 127);
	assert_int_equal(electorate_find(&e, &(struct public_key){{0}}), -1);
}

static void leaders_take_turns(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);

	(void)state;
	for (uint64_t v = 0; v < 20; v++)
		assert_int_equal(electorate_leader(&e, v), v % 4);
}

static struct block_header make_header(void)
{
	struct block_header h = {
		.epoch = 5,
		.view = 0x0102030405060708,
		.height = 9,
		.parent_view = 4,
		.time_ms = 1234,
		.proposer = 3,
	};

	memset(h.parent.b, 0xaa, HASH_BYTES);
	memset(h.payload.b, 0xbb, HASH_BYTES);
	memset(h.evidence.b, 0xcc, HASH_BYTES);
	memset(h.set_change.b, 0xdd, HASH_BYTES);
	return h;
}

static void a_header_has_one_encoding(void **state)
{
	struct block_header h = make_header(), back;
	uint8_t bytes[BLOCK_HEADER_BYTES];
	struct hash one, other;
	struct writer w;
	struct reader r;

	(void)state;
	writer_init(&w, bytes, sizeof(bytes));
	block_header_write(&w, &h);
	assert_false(w.bad);
	assert_int_equal(w.size, BLOCK_HEADER_BYTES);
	assert_int_equal(bytes[4], 1);
	assert_int_equal(bytes[11], 8);
	assert_int_equal(bytes[28], 0xaa);
	reader_init(&r, bytes, sizeof(bytes));
	block_header_read(&r, &back);
	assert_true(reader_done(&r));
	block_digest(&one, &GENESIS, &h);
	block_digest(&other, &GENESIS, &back);
	assert_true(hash_equal(&one, &other));
	/* Every byte counts, and so does the network. */
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 1;
		reader_init(&r, bytes, sizeof(bytes));
		block_header_read(&r, &back);
		block_digest(&other, &GENESIS, &back);
		assert_false(hash_equal(&one, &other));
		bytes[i] ^= 1;
	}
	block_digest(&other, &one, &h);
	assert_false(hash_equal(&one, &other));
	reader_init(&r, bytes, sizeof(bytes) - 1);
	block_header_read(&r, &back);
	assert_true(r.bad);
}

static void content_is_what_must_become_final(void **state)
{
	struct block_header h = {.height = 3};

	(void)state;
	assert_false(block_has_content(&h));
	h.payload.b[31] = 1;
	assert_true(block_has_content(&h));
	h.payload.b[31] = 0;
	h.evidence.b[0] = 1;
	assert_true(block_has_content(&h));
	h.evidence.b[0] = 0;
	h.set_change.b[0] = 1;
	assert_true(block_has_content(&h));
}

static struct statement make_statement(enum vote_kind kind, uint8_t digest)
{
	struct statement s = {.kind = kind, .epoch = 5, .view = 6};

	s.digest.b[0] = digest;
	return s;
}

static void what_is_signed_has_a_fixed_layout(void **state)
{
	struct statement s = make_statement(VOTE_FINALIZE, 9), back;
	uint8_t bytes[STATEMENT_BYTES];

	(void)state;
	statement_bytes(bytes, &GENESIS, &s);
	assert_memory_equal(bytes, "bcai-gov/vote/1\0", 16);
	assert_memory_equal(bytes + 16, GENESIS.b, HASH_BYTES);
	assert_memory_equal(bytes + 48, "\0\0\0\5", 4);
	assert_memory_equal(bytes + 52, "\0\0\0\0\0\0\0\6", 8);
	assert_int_equal(bytes[60], VOTE_FINALIZE);
	assert_int_equal(bytes[61], 9);
	assert_int_equal(statement_parse(&back, &GENESIS,
					 (struct bytes){bytes, sizeof(bytes)}),
			 ERR_OK);
	assert_int_equal(back.kind, VOTE_FINALIZE);
	assert_int_equal(back.view, 6);
	/* Another domain, network, kind, length; a NULLIFY with a digest. */
	for (size_t i = 0; i < 48; i++) {
		bytes[i] ^= 1;
		assert_int_equal(
			statement_parse(&back, &GENESIS,
					(struct bytes){bytes, sizeof(bytes)}),
			ERR_PEER_MALFORMED);
		bytes[i] ^= 1;
	}
	for (int kind = 0; kind < 256; kind++) {
		enum err expect = kind == 1 || kind == 2 || kind == 4
					  ? ERR_OK
					  : ERR_PEER_MALFORMED;

		bytes[60] = (uint8_t)kind;
		assert_int_equal(
			statement_parse(&back, &GENESIS,
					(struct bytes){bytes, sizeof(bytes)}),
			expect);
	}
	bytes[60] = VOTE_FINALIZE;
	assert_int_equal(
		statement_parse(&back, &GENESIS,
				(struct bytes){bytes, sizeof(bytes) - 1}),
		ERR_PEER_MALFORMED);
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(vote_kind_name(VOTE_PROPOSAL), "proposal");
	assert_string_equal(vote_kind_name(VOTE_NOTARIZE), "notarize");
	assert_string_equal(vote_kind_name(VOTE_NULLIFY), "nullify");
	assert_string_equal(vote_kind_name(VOTE_FINALIZE), "finalize");
	assert_string_equal(vote_kind_name((enum vote_kind)9), "unknown");
	assert_string_equal(evidence_kind_name(EVIDENCE_TWO_PROPOSALS),
			    "two_proposals");
	assert_string_equal(evidence_kind_name(EVIDENCE_TWO_NOTARIZE),
			    "two_notarize");
	assert_string_equal(evidence_kind_name(EVIDENCE_TWO_FINALIZE),
			    "two_finalize");
	assert_string_equal(evidence_kind_name(EVIDENCE_NULLIFY_FINALIZE),
			    "nullify_finalize");
	assert_string_equal(evidence_kind_name(EVIDENCE_INVALID_BATCH),
			    "invalid_batch");
	assert_string_equal(evidence_kind_name((enum evidence_kind)9),
			    "unknown");
}

static void sign_as(const struct electorate *e, uint32_t voter,
		    const struct statement *s, struct signature *out)
{
	uint8_t bytes[STATEMENT_BYTES];

	statement_bytes(bytes, &GENESIS, s);
	toy_sign(&e->voters[voter].key, bytes, sizeof(bytes), out);
}

static void a_vote_survives_the_wire_and_nothing_else_does(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);
	struct vote v = {.what = make_statement(VOTE_NOTARIZE, 3), .voter = 2};
	uint8_t bytes[VOTE_BYTES];
	struct writer w;
	struct reader r;
	struct vote back;

	(void)state;
	sign_as(&e, 2, &v.what, &v.signature);
	writer_init(&w, bytes, sizeof(bytes));
	vote_write(&w, &v);
	assert_int_equal(w.size, VOTE_BYTES);
	reader_init(&r, bytes, sizeof(bytes));
	vote_read(&r, &back);
	assert_true(reader_done(&r));
	assert_int_equal(statement_verify(&back.what, back.voter,
					  &back.signature, &e, &GENESIS,
					  toy_verify, NULL),
			 ERR_OK);
	assert_int_equal(statement_verify(&back.what, 1, &back.signature, &e,
					  &GENESIS, toy_verify, NULL),
			 ERR_BAD_CERTIFICATE);
	assert_int_equal(statement_verify(&back.what, 4, &back.signature, &e,
					  &GENESIS, toy_verify, NULL),
			 ERR_NOT_VALIDATOR);
	back.what.epoch++;
	assert_int_equal(statement_verify(&back.what, 2, &back.signature, &e,
					  &GENESIS, toy_verify, NULL),
			 ERR_NOT_VALIDATOR);
	for (int kind = 0; kind < 256; kind++) {
		bytes[0] = (uint8_t)kind;
		reader_init(&r, bytes, sizeof(bytes));
		vote_read(&r, &back);
		assert_true(r.bad == (kind != 2 && kind != 4));
	}
	for (size_t size = 0; size < sizeof(bytes); size++) {
		reader_init(&r, bytes, size);
		vote_read(&r, &back);
		assert_true(r.bad);
	}
}

struct cert {
	struct certificate c;
	struct signature signatures[VOTERS_MAX];
};

static void make_certificate(struct cert *out, const struct electorate *e,
			     enum vote_kind kind, unsigned int voters)
{
	memset(out, 0, sizeof(*out));
	out->c.what = make_statement(kind, kind == VOTE_NULLIFY ? 0 : 8);
	for (uint32_t i = 0; i < e->count; i++) {
		if (!(voters >> i & 1))
			continue;
		voter_set_add(&out->c.voters, i);
		sign_as(e, i, &out->c.what, &out->signatures[out->c.count++]);
	}
	out->c.signatures = out->signatures;
}

static void a_certificate_needs_its_weight_and_every_signature(void **state)
{
	static const uint64_t WEIGHTS[5] = {3, 1, 1, 1, 1};
	struct electorate e = make_electorate(WEIGHTS, 5, ERR_OK);
	struct cert cert;

	(void)state;
	for (unsigned int set = 0; set < 32; set++) {
		enum err expect = weight_of(WEIGHTS, set) >= 5
					  ? ERR_OK
					  : ERR_BAD_CERTIFICATE;

		make_certificate(&cert, &e, VOTE_NOTARIZE, set);
		assert_int_equal(certificate_verify(&cert.c, &e, &GENESIS,
						    toy_verify, NULL),
				 expect);
		for (uint32_t k = 0; k < cert.c.count; k++) {
			cert.signatures[k].b[5] ^= 1;
			assert_int_equal(certificate_verify(&cert.c, &e,
							    &GENESIS,
							    toy_verify, NULL),
					 ERR_BAD_CERTIFICATE);
			cert.signatures[k].b[5] ^= 1;
		}
	}
}

static void
a_certificate_is_bounded_before_any_signature_is_checked(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);
	struct cert cert, good;
	int checks = 0;

	(void)state;
	make_certificate(&good, &e, VOTE_NULLIFY, 7);
	assert_int_equal(
		certificate_verify(&good.c, &e, &GENESIS, toy_verify, &checks),
		ERR_OK);
	assert_int_equal(checks, 3);
	checks = 0;
	cert = good;
	cert.c.what.epoch++;
	assert_int_equal(
		certificate_verify(&cert.c, &e, &GENESIS, toy_verify, &checks),
		ERR_BAD_CERTIFICATE);
	cert = good;
	voter_set_add(&cert.c.voters, 100);
	cert.c.count++;
	assert_int_equal(certificate_check(&cert.c, &e), ERR_BAD_CERTIFICATE);
	cert = good;
	cert.c.count--;
	assert_int_equal(certificate_check(&cert.c, &e), ERR_BAD_CERTIFICATE);
	cert = good;
	cert.c.what.digest.b[3] = 1;
	assert_int_equal(certificate_check(&cert.c, &e), ERR_BAD_CERTIFICATE);
	cert = good;
	cert.c.what.kind = VOTE_PROPOSAL;
	assert_int_equal(certificate_check(&cert.c, &e), ERR_BAD_CERTIFICATE);
	assert_int_equal(checks, 0);
}

static void a_certificate_survives_the_wire_cut_nowhere(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);
	uint8_t bytes[CERTIFICATE_BYTES_MAX];
	struct certificate back;
	struct cert cert;
	struct writer w;
	struct reader r;

	(void)state;
	make_certificate(&cert, &e, VOTE_FINALIZE, 11);
	writer_init(&w, bytes, sizeof(bytes));
	certificate_write(&w, &cert.c);
	assert_int_equal(w.size, certificate_size(&cert.c));
	assert_int_equal(w.size, CERTIFICATE_HEAD_BYTES + 3 * 64);
	reader_init(&r, bytes, w.size);
	certificate_read(&r, &back);
	assert_true(reader_done(&r));
	assert_true(certificate_same(&back, &cert.c));
	assert_int_equal(
		certificate_verify(&back, &e, &GENESIS, toy_verify, NULL),
		ERR_OK);
	for (size_t size = 0; size < w.size; size++) {
		reader_init(&r, bytes, size);
		certificate_read(&r, &back);
		assert_true(r.bad);
	}
	for (int kind = 0; kind < 256; kind++) {
		bytes[0] = (uint8_t)kind;
		reader_init(&r, bytes, w.size);
		certificate_read(&r, &back);
		assert_true(r.bad == (kind != 2 && kind != 4));
	}
}

static bool batch_verdict;

static bool judge_batch(void *context, const struct evidence *e)
{
	(void)context;
	assert_int_equal(e->kind, EVIDENCE_INVALID_BATCH);
	return batch_verdict;
}

static const struct conflict_case {
	const char *name;
	enum vote_kind a, b;
	uint8_t digest_a, digest_b;
	bool conflict;
	enum evidence_kind kind;
} CONFLICTS[] = {
	{"two proposals", VOTE_PROPOSAL, VOTE_PROPOSAL, 1, 2, true,
	 EVIDENCE_TWO_PROPOSALS},
	{"two notarize", VOTE_NOTARIZE, VOTE_NOTARIZE, 1, 2, true,
	 EVIDENCE_TWO_NOTARIZE},
	{"two finalize", VOTE_FINALIZE, VOTE_FINALIZE, 1, 2, true,
	 EVIDENCE_TWO_FINALIZE},
	{"nullify, finalize", VOTE_NULLIFY, VOTE_FINALIZE, 0, 2, true,
	 EVIDENCE_NULLIFY_FINALIZE},
	{"finalize, nullify", VOTE_FINALIZE, VOTE_NULLIFY, 2, 0, true,
	 EVIDENCE_NULLIFY_FINALIZE},
	{"the same notarize", VOTE_NOTARIZE, VOTE_NOTARIZE, 1, 1, false, 0},
	{"the same nullify", VOTE_NULLIFY, VOTE_NULLIFY, 0, 0, false, 0},
	{"notarize, nullify", VOTE_NOTARIZE, VOTE_NULLIFY, 1, 0, false, 0},
	{"notarize, finalize", VOTE_NOTARIZE, VOTE_FINALIZE, 1, 2, false, 0},
	{"proposal, notarize", VOTE_PROPOSAL, VOTE_NOTARIZE, 1, 2, false, 0},
};

/* In the order that evidence has. */
static void make_evidence(struct evidence *out,
			  uint8_t bytes[2][STATEMENT_BYTES],
			  const struct electorate *e, const struct statement *a,
			  const struct statement *b)
{
	bool swap;

	statement_bytes(bytes[0], &GENESIS, a);
	statement_bytes(bytes[1], &GENESIS, b);
	swap = memcmp(bytes[0], bytes[1], STATEMENT_BYTES) > 0;
	memset(out, 0, sizeof(*out));
	out->epoch = a->epoch;
	out->view = a->view;
	out->signer = 2;
	out->first = (struct bytes){bytes[swap], STATEMENT_BYTES};
	out->second = (struct bytes){bytes[!swap], STATEMENT_BYTES};
	sign_as(e, 2, swap ? b : a, &out->first_signature);
	sign_as(e, 2, swap ? a : b, &out->second_signature);
}

static void evidence_is_what_contradicts_itself(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);
	const struct evidence_checks checks = {.verify = toy_verify};

	(void)state;
	for (size_t i = 0; i < sizeof(CONFLICTS) / sizeof(CONFLICTS[0]); i++) {
		const struct conflict_case *k = &CONFLICTS[i];
		struct statement a = make_statement(k->a, k->digest_a);
		struct statement b = make_statement(k->b, k->digest_b);
		uint8_t bytes[2][STATEMENT_BYTES];
		struct evidence ev;
		enum evidence_kind kind = EVIDENCE_TWO_PROPOSALS;

		print_message("%s\n", k->name);
		assert_true(evidence_conflict(&a, &b, &kind) == k->conflict);
		if (k->conflict)
			assert_int_equal(kind, k->kind);
		make_evidence(&ev, bytes, &e, &a, &b);
		ev.kind = kind;
		assert_int_equal(evidence_verify(&ev, &e, &GENESIS, &checks),
				 k->conflict ? ERR_OK : ERR_BAD_EVIDENCE);
		b.view++;
		assert_false(evidence_conflict(&a, &b, &kind));
		b.view--;
		b.epoch++;
		assert_false(evidence_conflict(&a, &b, &kind));
	}
}

static void evidence_that_proves_nothing_is_refused(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);
	struct statement a = make_statement(VOTE_NOTARIZE, 1);
	struct statement b = make_statement(VOTE_NOTARIZE, 2);
	struct evidence_checks checks = {.verify = toy_verify};
	uint8_t bytes[2][STATEMENT_BYTES];
	struct evidence good, bad;

	(void)state;
	make_evidence(&good, bytes, &e, &a, &b);
	good.kind = EVIDENCE_TWO_NOTARIZE;
	assert_int_equal(evidence_verify(&good, &e, &GENESIS, &checks), ERR_OK);
	bad = good;
	bad.signer = 1;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	bad.signer = 4;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_NOT_VALIDATOR);
	bad = good;
	bad.epoch++;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_NOT_VALIDATOR);
	bad = good;
	bad.view++;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	bad = good;
	bad.kind = EVIDENCE_TWO_FINALIZE;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	bad = good;
	bad.second_signature.b[40] ^= 1;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	bad = good;
	bad.first = good.second;
	bad.second = good.first;
	bad.first_signature = good.second_signature;
	bad.second_signature = good.first_signature;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	bad = good;
	bad.kind = EVIDENCE_INVALID_BATCH;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	checks.batch_is_invalid = judge_batch;
	batch_verdict = false;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks),
			 ERR_BAD_EVIDENCE);
	batch_verdict = true;
	assert_int_equal(evidence_verify(&bad, &e, &GENESIS, &checks), ERR_OK);
}

static void evidence_is_the_same_bytes_whoever_saw_it_and_when(void **state)
{
	struct electorate e = make_electorate(NULL, 4, ERR_OK);
	struct statement a = make_statement(VOTE_FINALIZE, 1);
	struct statement b = make_statement(VOTE_NULLIFY, 0);
	uint8_t bytes[4][STATEMENT_BYTES];
	uint8_t one[1024], other[1024], ids[2][EVIDENCE_ID_BYTES];
	struct evidence first, second, back;
	struct writer w1, w2;
	struct reader r;

	(void)state;
	make_evidence(&first, bytes, &e, &a, &b);
	make_evidence(&second, bytes + 2, &e, &b, &a);
	first.kind = second.kind = EVIDENCE_NULLIFY_FINALIZE;
	writer_init(&w1, one, sizeof(one));
	writer_init(&w2, other, sizeof(other));
	evidence_write(&w1, &first);
	evidence_write(&w2, &second);
	assert_int_equal(w1.size, w2.size);
	assert_memory_equal(one, other, w1.size);
	evidence_id(ids[0], &first);
	evidence_id(ids[1], &second);
	assert_memory_equal(ids[0], ids[1], EVIDENCE_ID_BYTES);
	reader_init(&r, one, w1.size);
	evidence_read(&r, &back);
	assert_true(reader_done(&r));
	assert_int_equal(evidence_verify(&back, &e, &GENESIS,
					 &(struct evidence_checks){
						 .verify = toy_verify}),
			 ERR_OK);
	for (size_t size = 0; size < w1.size; size++) {
		reader_init(&r, one, size);
		evidence_read(&r, &back);
		assert_true(r.bad);
	}
	one[0] = 6;
	reader_init(&r, one, w1.size);
	evidence_read(&r, &back);
	assert_true(r.bad);
}

static void config_defaults_are_those_of_the_contract(void **state)
{
	struct consensus_config c;

	(void)state;
	memset(&c, 0, sizeof(c));
	consensus_config_defaults(&c);
	assert_int_equal(c.delta_ms, 200);
	assert_int_equal(c.heartbeat_ms, 5000);
	assert_int_equal(c.interval_ms, 6);
	assert_int_equal(c.drift_ms, 1000);
	assert_int_equal(c.window, CONSENSUS_DEFAULT_WINDOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_quorums_share_an_honest_validator),
		cmocka_unit_test(five_equal_validators_need_four),
		cmocka_unit_test(an_electorate_is_refused_when_unusable),
		cmocka_unit_test(leaders_take_turns),
		cmocka_unit_test(a_header_has_one_encoding),
		cmocka_unit_test(content_is_what_must_become_final),
		cmocka_unit_test(what_is_signed_has_a_fixed_layout),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(
			a_vote_survives_the_wire_and_nothing_else_does),
		cmocka_unit_test(
			a_certificate_needs_its_weight_and_every_signature),
		cmocka_unit_test(
			a_certificate_is_bounded_before_any_signature_is_checked),
		cmocka_unit_test(a_certificate_survives_the_wire_cut_nowhere),
		cmocka_unit_test(evidence_is_what_contradicts_itself),
		cmocka_unit_test(evidence_that_proves_nothing_is_refused),
		cmocka_unit_test(
			evidence_is_the_same_bytes_whoever_saw_it_and_when),
		cmocka_unit_test(config_defaults_are_those_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
