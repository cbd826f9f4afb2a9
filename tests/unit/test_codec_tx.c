#include "codec_fixture.h"

#include "base/assert.h"
#include "base/hex.h"
#include "governance/actions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ballot THREE[3] = {
	{.proposal = 1, .choice = CHOICE_FOR},
	{.proposal = 300, .choice = CHOICE_AGAINST},
	{.proposal = 7, .choice = CHOICE_ABSTAIN},
};

static const uint32_t SERIALS[3] = {0, 7, UINT32_MAX};

static const struct action ACTIONS[2] = {
	{.kind = ACTION_TEXT, .text = {{(const uint8_t *)"Stop", 4}}},
	{.kind = ACTION_PARAMETER,
	 .parameter = {{(const uint8_t *)"a.b", 3}, 300}},
};

static struct payload one_of(enum payload_kind kind)
{
	struct payload p = {.kind = kind};

	switch (kind) {
	case PAYLOAD_SUBMIT:
		p.submit.type = TYPE_TREASURY;
		p.submit.draft = true;
		p.submit.title = text("Pay the auditors");
		p.submit.description = text("two lines\nof \xc3\xa9t\xc3\xa9");
		break;
	case PAYLOAD_PUBLISH:
		p.publish.proposal = 4294967295;
		break;
	case PAYLOAD_AMEND:
		p.amend.proposal = 3;
		p.amend.title = text("Pay them less");
		p.amend.description = text("");
		break;
	case PAYLOAD_CANCEL:
		p.cancel.proposal = 3;
		p.cancel.reason = text("changed my mind");
		break;
	case PAYLOAD_VOTE:
		p.vote.ballots = THREE;
		p.vote.count = 3;
		break;
	case PAYLOAD_DELEGATE:
		p.delegate.kind = DELEGATION_CONDITIONAL;
		p.delegate.has_target = true;
		memset(p.delegate.target.b, 0x33, PUBLIC_KEY_BYTES);
		p.delegate.types = 1u << 0 | 1u << 2 | 1u << 6;
		p.delegate.expires_ms = 1767225600000;
		break;
	case PAYLOAD_UNDELEGATE:
		p.undelegate.serials = SERIALS;
		p.undelegate.count = 3;
		break;
	case PAYLOAD_TRANSFER:
		memset(p.transfer.to.b, 0x44, PUBLIC_KEY_BYTES);
		p.transfer.amount = UINT64_MAX;
		break;
	case PAYLOAD_VETO:
		p.veto.proposal = 300;
		p.veto.reason = text("it names the wrong account");
		break;
	case PAYLOAD_COUNCIL_ACT:
		p.council_act.title = text("Stop the bridge");
		p.council_act.actions = (struct action_list){ACTIONS, 2};
		p.council_act.revert = (struct action_list){ACTIONS + 1, 1};
		break;
	case PAYLOAD_COUNCIL_APPROVE:
		p.council_approve.act = 4294967295;
		break;
	}
	return p;
}

static const enum payload_kind KINDS[] = {
	PAYLOAD_SUBMIT,	     PAYLOAD_PUBLISH,	     PAYLOAD_AMEND,
	PAYLOAD_CANCEL,	     PAYLOAD_VOTE,	     PAYLOAD_DELEGATE,
	PAYLOAD_UNDELEGATE,  PAYLOAD_TRANSFER,	     PAYLOAD_VETO,
	PAYLOAD_COUNCIL_ACT, PAYLOAD_COUNCIL_APPROVE};
#define KIND_COUNT (sizeof(KINDS) / sizeof(KINDS[0]))

static void assert_text(struct bytes a, struct bytes b)
{
	assert_int_equal(a.size, b.size);
	if (a.size > 0)
		assert_memory_equal(a.data, b.data, a.size);
}

static void assert_actions(const struct action_list *a,
			   const struct action_list *b)
{
	struct hash x, y;

	actions_hash(&x, a);
	actions_hash(&y, b);
	assert_int_equal(a->count, b->count);
	assert_memory_equal(&x, &y, sizeof(x));
}

static void assert_payload(const struct payload *a, const struct payload *b)
{
	assert_int_equal(a->kind, b->kind);
	switch (a->kind) {
	case PAYLOAD_SUBMIT:
		assert_int_equal(a->submit.type, b->submit.type);
		assert_int_equal(a->submit.draft, b->submit.draft);
		assert_text(a->submit.title, b->submit.title);
		assert_text(a->submit.description, b->submit.description);
		break;
	case PAYLOAD_PUBLISH:
		assert_int_equal(a->publish.proposal, b->publish.proposal);
		break;
	case PAYLOAD_AMEND:
		assert_int_equal(a->amend.proposal, b->amend.proposal);
		assert_text(a->amend.title, b->amend.title);
		assert_text(a->amend.description, b->amend.description);
		break;
	case PAYLOAD_CANCEL:
		assert_int_equal(a->cancel.proposal, b->cancel.proposal);
		assert_text(a->cancel.reason, b->cancel.reason);
		break;
	case PAYLOAD_VOTE:
		assert_int_equal(a->vote.count, b->vote.count);
		for (uint32_t i = 0; i < a->vote.count; i++) {
			assert_int_equal(a->vote.ballots[i].proposal,
					 b->vote.ballots[i].proposal);
			assert_int_equal(a->vote.ballots[i].choice,
					 b->vote.ballots[i].choice);
			assert_text(a->vote.ballots[i].reason,
				    b->vote.ballots[i].reason);
		}
		break;
	case PAYLOAD_DELEGATE:
		assert_int_equal(a->delegate.kind, b->delegate.kind);
		assert_int_equal(a->delegate.has_target,
				 b->delegate.has_target);
		assert_memory_equal(&a->delegate.target, &b->delegate.target,
				    PUBLIC_KEY_BYTES);
		assert_int_equal(a->delegate.types, b->delegate.types);
		assert_true(a->delegate.amount == b->delegate.amount);
		assert_true(a->delegate.expires_ms == b->delegate.expires_ms);
		break;
	case PAYLOAD_UNDELEGATE:
		assert_int_equal(a->undelegate.count, b->undelegate.count);
		for (uint32_t i = 0; i < a->undelegate.count; i++)
			assert_int_equal(a->undelegate.serials[i],
					 b->undelegate.serials[i]);
		break;
	case PAYLOAD_TRANSFER:
		assert_memory_equal(&a->transfer.to, &b->transfer.to,
				    PUBLIC_KEY_BYTES);
		assert_true(a->transfer.amount == b->transfer.amount);
		break;
	case PAYLOAD_VETO:
		assert_int_equal(a->veto.proposal, b->veto.proposal);
		assert_text(a->veto.reason, b->veto.reason);
		break;
	case PAYLOAD_COUNCIL_ACT:
		assert_text(a->council_act.title, b->council_act.title);
		assert_actions(&a->council_act.actions,
			       &b->council_act.actions);
		assert_actions(&a->council_act.revert, &b->council_act.revert);
		break;
	case PAYLOAD_COUNCIL_APPROVE:
		assert_int_equal(a->council_approve.act,
				 b->council_approve.act);
		break;
	}
}

static void what_is_signed_is_decoded_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		struct payload p = one_of(KINDS[i]);
		struct bytes raw = sign(&p);
		struct tx tx;
		struct hash id;

		assert_int_equal(decode(&tx, raw), ERR_OK);
		assert_payload(&tx.payload, &p);
		assert_int_equal(tx.nonce, 5);
		assert_true(tx.valid_until_ms == 1767225600000);
		assert_true(public_key_equal(&tx.account,
					     secret_key_public(alice)));
		tx_compute_id(&id, &GENESIS, tx.body);
		assert_memory_equal(&id, &tx.id, sizeof(id));
		assert_true(sign_verify(&tx.account, tx.id.b, HASH_BYTES,
					&tx.signature));
		assert_ptr_equal(tx.raw.data, raw.data);
	}
}

static void the_id_depends_on_network_and_body(void **state)
{
	struct payload p = one_of(PAYLOAD_VOTE);
	struct bytes raw = sign(&p);
	struct hash other = {.b = {1}};
	struct tx a;
	struct tx b;

	(void)state;
	assert_int_equal(decode(&a, raw), ERR_OK);
	assert_int_equal(codec_tx_decode(&b, &scratch, &other, raw, NULL),
			 ERR_OK);
	assert_memory_not_equal(&a.id, &b.id, sizeof(a.id));
}

/* A transaction in one spelling only: every other string of bytes that a
 * lenient decoder would take for the same. */

static struct bytes join(struct bytes a, struct bytes b)
{
	uint8_t *data = arena_alloc(&scratch, a.size + b.size);

	assert(data);
	memcpy(data, a.data, a.size);
	memcpy(data + a.size, b.data, b.size);
	return (struct bytes){data, a.size + b.size};
}

static struct bytes from_hex(const char *digits)
{
	size_t size = strlen(digits) / 2;
	uint8_t *data = arena_alloc(&scratch, size);

	assert(data && hex_decode(data, size, digits, strlen(digits)));
	return (struct bytes){data, size};
}

static const char ACCOUNT[] =
	"0a20d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9"
	"778737";
static const char SHORT_ACCOUNT[] =
	"0a1fd04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9"
	"7787";
static const struct {
	const char *name;
	const char *account;
	const char *rest;
	enum err want;
} SPELLINGS[] = {
	{"nonce, validity, publish 3", ACCOUNT, "100518095a020803", ERR_OK},
	{"nonce 0 is left out", ACCOUNT, "18095a020803", ERR_OK},
	{"publish 0 is an empty message", ACCOUNT, "18095a00", ERR_OK},
	{"nonce 0 written out", ACCOUNT, "100018095a020803", ERR_MALFORMED},
	{"a long nonce", ACCOUNT, "10850018095a020803", ERR_MALFORMED},
	{"a nonce of 65 bits", ACCOUNT,
	 "1085808080808080808002"
	 "18095a020803",
	 ERR_MALFORMED},
	{"a long tag", ACCOUNT, "90000518095a020803", ERR_MALFORMED},
	{"a long length", ACCOUNT, "100518095a82000803", ERR_MALFORMED},
	{"validity before nonce", ACCOUNT, "180910055a020803", ERR_MALFORMED},
	{"payload before validity", ACCOUNT, "10055a0208031809", ERR_MALFORMED},
	{"nonce twice", ACCOUNT, "1005100518095a020803", ERR_MALFORMED},
	{"two payloads", ACCOUNT, "18095a0208035a020803", ERR_MALFORMED},
	{"two kinds of payload", ACCOUNT, "18095a02080362020803",
	 ERR_MALFORMED},
	{"no payload", ACCOUNT, "10051809", ERR_MALFORMED},
	{"an unknown field at the end", ACCOUNT, "100518095a020803780a",
	 ERR_MALFORMED},
	{"an unknown field in the payload", ACCOUNT, "100518095a0408037801",
	 ERR_MALFORMED},
	{"the nonce as bytes", ACCOUNT, "12010518095a020803", ERR_MALFORMED},
	{"a byte behind the end", ACCOUNT, "100518095a02080300", ERR_MALFORMED},
	{"a field cut off", ACCOUNT, "100518095a0208", ERR_MALFORMED},
	{"no account", "", "100518095a020803", ERR_MALFORMED},
	{"a short account", SHORT_ACCOUNT, "100518095a020803", ERR_MALFORMED},
	{"a proposal of 33 bits", ACCOUNT, "5a06088380808010", ERR_MALFORMED},
	{"draft as 2", ACCOUNT, "5207080110021a0141", ERR_MALFORMED},
	{"draft as 1", ACCOUNT, "5207080110011a0141", ERR_OK},
	{"draft as 0", ACCOUNT, "5207080110001a0141", ERR_MALFORMED},
	{"a vote with one ballot", ACCOUNT, "72060a0408011001", ERR_OK},
	{"an unknown field in a ballot", ACCOUNT, "72080a06080110017801",
	 ERR_MALFORMED},
	{"an unknown field in the vote", ACCOUNT, "72080a04080110017801",
	 ERR_MALFORMED},
	{"a NUL in a reason", ACCOUNT, "72090a07080110011a0100", ERR_MALFORMED},
	{"a NUL at the end of a title", ACCOUNT, "520608011a024100",
	 ERR_MALFORMED},
	{"a vote without ballots", ACCOUNT, "7200", ERR_MALFORMED},
	{"an opt-out of type 1", ACCOUNT, "7a0508021a0101", ERR_OK},
	{"types not packed", ACCOUNT, "7a0408021801", ERR_MALFORMED},
	{"types in two pieces", ACCOUNT, "7a0808021a01011a0102", ERR_MALFORMED},
	{"types 2 and 1", ACCOUNT, "7a0608021a020201", ERR_MALFORMED},
	{"type 1 twice", ACCOUNT, "7a0608021a020101", ERR_MALFORMED},
	{"type 0", ACCOUNT, "7a0508021a0100", ERR_MALFORMED},
	{"type 7", ACCOUNT, "7a0508021a0107", ERR_OK},
	{"type 8", ACCOUNT, "7a0508021a0108", ERR_MALFORMED},
	{"no types, written out", ACCOUNT, "7a0408021a00", ERR_MALFORMED},
	{"a target of one byte", ACCOUNT, "7a08080212010a1a0101",
	 ERR_MALFORMED},
	{"clear all", ACCOUNT, "820100", ERR_OK},
	{"clear serials 1 and 2", ACCOUNT, "8201040a020102", ERR_OK},
	{"clear serials 2 and 1", ACCOUNT, "8201040a020201", ERR_MALFORMED},
	{"clear serial 1 twice", ACCOUNT, "8201040a020101", ERR_MALFORMED},
	{"a transfer to nobody", ACCOUNT, "8a01021001", ERR_MALFORMED},
	{"a group", ACCOUNT, "100518095a0208037b7c", ERR_MALFORMED},
};

static void a_body_has_one_encoding(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(SPELLINGS) / sizeof(SPELLINGS[0]); i++) {
		struct bytes raw = seal(join(from_hex(SPELLINGS[i].account),
					     from_hex(SPELLINGS[i].rest)));
		struct tx tx;
		enum err err = decode(&tx, raw);

		if (err != SPELLINGS[i].want)
			print_message("%s: %s\n", SPELLINGS[i].name,
				      error_name(err));
		assert_int_equal(err, SPELLINGS[i].want);
	}
}

static void an_envelope_has_one_encoding(void **state)
{
	struct payload p = one_of(PAYLOAD_PUBLISH);
	struct bytes raw = sign(&p);
	uint8_t bytes[512];
	struct tx tx;

	(void)state;
	for (size_t cut = 0; cut < raw.size; cut++) {
		struct bytes part = {raw.data, cut};

		assert_int_equal(decode(&tx, part), ERR_MALFORMED);
	}
	memcpy(bytes, raw.data, raw.size);
	bytes[raw.size] = 0;
	assert_int_equal(decode(&tx, (struct bytes){bytes, raw.size + 1}),
			 ERR_MALFORMED);
	/* The length of the body in two groups where one would do. */
	memcpy(bytes + 3, raw.data + 2, raw.size - 2);
	bytes[0] = raw.data[0];
	bytes[1] = raw.data[1] | 0x80;
	bytes[2] = 0;
	assert_int_equal(decode(&tx, (struct bytes){bytes, raw.size + 1}),
			 ERR_MALFORMED);
	/* A length without end, and one of zero. */
	memset(bytes + 1, 0xff, 20);
	assert_int_equal(decode(&tx, (struct bytes){bytes, 20}), ERR_MALFORMED);
	bytes[1] = 0;
	assert_int_equal(decode(&tx, (struct bytes){bytes, 20}), ERR_MALFORMED);
}

/* The envelope is read by hand; a generated decoder must see the same. */
static void the_envelope_is_that_of_the_proto_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		struct payload p = one_of(KINDS[i]);
		struct bytes raw = sign(&p);
		Bcai__Tx__SignedTx *pb =
			bcai__tx__signed_tx__unpack(NULL, raw.size, raw.data);
		struct tx tx;

		assert_non_null(pb);
		assert_int_equal(decode(&tx, raw), ERR_OK);
		assert_text(tx.body,
			    (struct bytes){pb->body.data, pb->body.len});
		assert_int_equal(pb->signature.len, SIGNATURE_BYTES);
		assert_memory_equal(tx.signature.b, pb->signature.data,
				    SIGNATURE_BYTES);
		bcai__tx__signed_tx__free_unpacked(pb, NULL);
	}
}

static void every_changed_bit_changes_the_id_or_is_refused(void **state)
{
	(void)state;
	for (size_t k = 0; k < KIND_COUNT; k++) {
		struct payload p = one_of(KINDS[k]);
		struct bytes raw = sign(&p);
		uint8_t bytes[512];
		struct tx good;

		assert(raw.size <= sizeof(bytes));
		assert_int_equal(
			codec_tx_decode(&good, &scratch, &GENESIS, raw, NULL),
			ERR_OK);
		for (size_t bit = 0; bit < raw.size * 8; bit++) {
			struct tx tx;

			memcpy(bytes, raw.data, raw.size);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (decode(&tx, (struct bytes){bytes, raw.size}))
				continue;
			if (hash_equal(&tx.id, &good.id))
				assert_memory_not_equal(&tx.signature,
							&good.signature,
							SIGNATURE_BYTES);
		}
	}
}

static void limits_hold_in_both_directions(void **state)
{
	static const struct {
		const char *name;
		size_t title;
		size_t description;
		char fill;
		enum err want;
	} CASES[] = {
		{"the shortest", 1, 0, 'a', ERR_OK},
		{"the longest", LIMIT_TITLE_BYTES, LIMIT_DESCRIPTION_BYTES, 'a',
		 ERR_OK},
		{"no title", 0, 5, 'a', ERR_MALFORMED},
		{"a long title", LIMIT_TITLE_BYTES + 1, 5, 'a', ERR_TOO_LARGE},
		{"a long description", 5, LIMIT_DESCRIPTION_BYTES + 1, 'a',
		 ERR_TOO_LARGE},
		{"not UTF-8", 5, 5, '\xff', ERR_MALFORMED},
		{"a newline in the title", 5, 5, '\n', ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct payload p = {.kind = PAYLOAD_AMEND};

		p.amend.title = filled(CASES[i].title, CASES[i].fill);
		p.amend.description =
			filled(CASES[i].description, CASES[i].fill);
		assert_int_equal(codec_tx_check_payload(&p, NULL),
				 CASES[i].want);
		p.kind = PAYLOAD_SUBMIT;
		p.submit.type = TYPE_STANDARD;
		p.submit.title = filled(CASES[i].title, CASES[i].fill);
		p.submit.description =
			filled(CASES[i].description, CASES[i].fill);
		assert_int_equal(codec_tx_check_payload(&p, NULL),
				 CASES[i].want);
	}
}

static void only_the_description_may_have_lines(void **state)
{
	struct payload p = one_of(PAYLOAD_SUBMIT);

	(void)state;
	p.submit.description = text("a\xff");
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
	p.submit.description = text("a\n\tb");
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_OK);
	p.submit.title = text("a\tb");
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
}

static enum err decode_ballots(uint32_t count, uint32_t choice, size_t reason)
{
	Bcai__Tx__TxBody body = BCAI__TX__TX_BODY__INIT;
	Bcai__Tx__Vote vote = BCAI__TX__VOTE__INIT;
	Bcai__Tx__Ballot *ballots;
	struct tx tx;
	enum err err;

	ballots = mem_alloc(count * sizeof(*ballots));
	vote.ballots = mem_alloc(count * sizeof(Bcai__Tx__Ballot *));
	vote.n_ballots = count;
	for (uint32_t i = 0; i < count; i++) {
		bcai__tx__ballot__init(&ballots[i]);
		ballots[i].proposal = i;
		ballots[i].choice = choice;
		ballots[i].reason =
			(char *)(uintptr_t)filled(reason + 1, 'r').data;
		ballots[i].reason[reason] = '\0';
		vote.ballots[i] = &ballots[i];
	}
	body.payload_case = BCAI__TX__TX_BODY__PAYLOAD_VOTE;
	body.vote = &vote;
	err = decode(&tx, loose(&body));
	free(vote.ballots);
	free(ballots);
	return err;
}

static void votes_are_bounded(void **state)
{
	static const struct {
		const char *name;
		uint32_t count;
		uint32_t choice;
		size_t reason;
		enum err want;
	} CASES[] = {
		{"the most ballots", 128, CHOICE_FOR, 0, ERR_OK},
		{"the most ballots, with reasons", 128, CHOICE_FOR, 400,
		 ERR_OK},
		{"one too many", 129, CHOICE_FOR, 0, ERR_TOO_LARGE},
		{"the longest reason", 1, CHOICE_ABSTAIN, 1024, ERR_OK},
		{"a reason too long", 1, CHOICE_ABSTAIN, 1025, ERR_TOO_LARGE},
		{"no choice", 1, 0, 0, ERR_MALFORMED},
		{"an unknown choice", 1, 4, 0, ERR_MALFORMED},
		{"a transaction too long", 128, CHOICE_FOR, 520, ERR_TOO_LARGE},
		{"more than the memory for one", 10000, 0, 0, ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		print_message("%s\n", CASES[i].name);
		assert_int_equal(decode_ballots(CASES[i].count, CASES[i].choice,
						CASES[i].reason),
				 CASES[i].want);
		assert_true(arena.used <= CODEC_TX_ARENA_BYTES);
	}
}

static void an_encoder_refuses_what_a_decoder_would(void **state)
{
	struct ballot many[LIMIT_TX_BALLOTS + 1];
	struct payload p = {.kind = PAYLOAD_VOTE};
	struct bytes body;

	(void)state;
	for (size_t i = 0; i < LIMIT_TX_BALLOTS + 1; i++) {
		many[i].proposal = 1;
		many[i].choice = CHOICE_FOR;
		many[i].reason = filled(1000, 'x');
	}
	p.vote.ballots = many;
	p.vote.count = LIMIT_TX_BALLOTS;
	assert_int_equal(codec_tx_encode_body(&body, &scratch, &p,
					      secret_key_public(alice), 0, 0,
					      NULL),
			 ERR_TOO_LARGE);
	p.vote.count++;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_TOO_LARGE);
	p.vote.count = 0;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
	p.kind = PAYLOAD_SUBMIT;
	p.submit.type = 8;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
	p.kind = (enum payload_kind)99;
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
	p = one_of(PAYLOAD_CANCEL);
	p.cancel.reason = filled(1025, 'x');
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_TOO_LARGE);
	p.cancel.reason = text("\x07");
	assert_int_equal(codec_tx_check_payload(&p, NULL), ERR_MALFORMED);
}

static void a_full_arena_is_said_to_be_full(void **state)
{
	(void)state;
	for (size_t k = 0; k < KIND_COUNT; k++) {
		struct payload p = one_of(KINDS[k]);
		struct bytes raw = sign(&p);
		struct codec_tx_request request = {
			.key = alice, .genesis = &GENESIS, .payload = &p};
		bool decoded = false;
		bool signed_it = false;
		struct arena tight;

		for (size_t limit = 0; limit < 2000; limit += 8) {
			struct bytes out;
			struct tx tx;
			enum err err;

			arena_init(&tight, limit);
			err = codec_tx_decode(&tx, &tight, &GENESIS, raw, NULL);
			assert_true(err == (decoded ? ERR_OK : ERR_NO_MEMORY) ||
				    (err == ERR_OK && !decoded));
			decoded = err == ERR_OK;
			arena_fini(&tight);
			arena_init(&tight, limit);
			err = codec_tx_sign(&out, NULL, &tight, &request, NULL);
			assert_true(
				err == (signed_it ? ERR_OK : ERR_NO_MEMORY) ||
				(err == ERR_OK && !signed_it));
			signed_it = err == ERR_OK;
			arena_fini(&tight);
		}
		assert_true(decoded && signed_it);
	}
}

/* ---- The worked examples of doc/spec/transactions.md ---- */

static void assert_hex(const void *data, size_t size, const char *want)
{
	char digits[512];

	assert(2 * size < sizeof(digits));
	hex_encode(digits, data, size);
	assert_string_equal(digits, want);
}

struct example {
	const char *body;
	const char *id;
	const char *signature;
	const char *raw;
	const char *leaf;
};

static void assert_example(const struct payload *payload, uint64_t nonce,
			   const struct example *want)
{
	struct codec_tx_request request = {
		.key = alice,
		.genesis = &GENESIS,
		.payload = payload,
		.nonce = nonce,
		.valid_until_ms = 1767225600000,
	};
	struct bytes raw;
	struct hash leaf;
	struct hash id;
	struct tx tx;

	assert_int_equal(codec_tx_sign(&raw, &id, &scratch, &request, NULL),
			 ERR_OK);
	assert_int_equal(decode(&tx, raw), ERR_OK);
	assert_hex(raw.data, raw.size, want->raw);
	assert_hex(tx.body.data, tx.body.size, want->body);
	assert_hex(id.b, HASH_BYTES, want->id);
	assert_hex(tx.id.b, HASH_BYTES, want->id);
	assert_hex(tx.signature.b, SIGNATURE_BYTES, want->signature);
	tx_compute_leaf(&leaf, &tx.id, &tx.signature);
	assert_hex(leaf.b, HASH_BYTES, want->leaf);
}

static void the_examples_of_the_specification_hold(void **state)
{
	static const struct example VOTE = {
		"0a20d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9"
		"77873710051880d0eab6b73372120a04080710010a0a08ac0210031a036ec3"
		"b6",
		"f20ff38e89d3ba001e3cc7b5abc00d374fe3293e3528fe5bedf28129a847de"
		"10",
		"e70057ea00e553c2d600362b2ba59f9c16792a85d6ee580439cc3ca5bd6692"
		"7045855b55abeec3ba0e79eed6113c4d3a72a800cda121c91b0c8bc0413eba"
		"8309",
		"0a3f0a20d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a3"
		"32c977873710051880d0eab6b73372120a04080710010a0a08ac0210031a03"
		"6ec3b61240e70057ea00e553c2d600362b2ba59f9c16792a85d6ee580439cc"
		"3ca5bd66927045855b55abeec3ba0e79eed6113c4d3a72a800cda121c91b0c"
		"8bc0413eba8309",
		"b3ef83fe75def2bed3ff602582bd903a3e01559c437cb3fdf3e2e12f355047"
		"a5",
	};
	static const struct example SUBMIT = {
		"0a20d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9"
		"7787371880d0eab6b733520608011a024869",
		"8c45f75bcb4906d0d2c3ee51d630a238de2387120dc6074e27f8dc5a9987bd"
		"d7",
		"dd418778ba569909e326ffb06bd863c20b5757dacdeb3dfed7b3c96c88c637"
		"80a8c7dc2de6605009a3e4411968d660932ca710bb704641c5aa1ddd8447c1"
		"010b",
		"0a310a20d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a3"
		"32c97787371880d0eab6b733520608011a0248691240dd418778ba569909e3"
		"26ffb06bd863c20b5757dacdeb3dfed7b3c96c88c63780a8c7dc2de6605009"
		"a3e4411968d660932ca710bb704641c5aa1ddd8447c1010b",
		"f844ff0290c61c350625a3aa685dc7e1fe534207f114b25f636a4505aa5ae3"
		"aa",
	};
	static const struct ballot BALLOTS[2] = {
		{.proposal = 7, .choice = CHOICE_FOR},
		{.proposal = 300,
		 .choice = CHOICE_ABSTAIN,
		 .reason = {(const uint8_t *)"n\xc3\xb6", 3}},
	};
	struct payload p = {.kind = PAYLOAD_VOTE};

	(void)state;
	assert_hex(secret_key_public(alice)->b, PUBLIC_KEY_BYTES,
		   "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c97"
		   "78737");
	p.vote.ballots = BALLOTS;
	p.vote.count = 2;
	assert_example(&p, 5, &VOTE);
	p = (struct payload){.kind = PAYLOAD_SUBMIT};
	p.submit.type = TYPE_STANDARD;
	p.submit.title = text("Hi");
	assert_example(&p, 0, &SUBMIT);
}

static void a_body_names_its_signer(void **state)
{
	struct payload p = one_of(PAYLOAD_VOTE);
	struct public_key key;
	struct tx tx;

	(void)state;
	assert_int_equal(decode(&tx, sign(&p)), ERR_OK);
	assert_true(tx_body_account(&key, tx.body));
	assert_true(public_key_equal(&key, &tx.account));
	assert_false(tx_body_account(&key, (struct bytes){tx.body.data, 33}));
	assert_false(tx_body_account(&key, text("an other forty bytes of text,"
						" which is no body at all")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_is_decoded_again),
		cmocka_unit_test(the_id_depends_on_network_and_body),
		cmocka_unit_test(a_body_has_one_encoding),
		cmocka_unit_test(an_envelope_has_one_encoding),
		cmocka_unit_test(the_envelope_is_that_of_the_proto_file),
		cmocka_unit_test(
			every_changed_bit_changes_the_id_or_is_refused),
		cmocka_unit_test(limits_hold_in_both_directions),
		cmocka_unit_test(only_the_description_may_have_lines),
		cmocka_unit_test(votes_are_bounded),
		cmocka_unit_test(an_encoder_refuses_what_a_decoder_would),
		cmocka_unit_test(a_full_arena_is_said_to_be_full),
		cmocka_unit_test(the_examples_of_the_specification_hold),
		cmocka_unit_test(a_body_names_its_signer),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, codec_set_up, codec_tear_down);
}
