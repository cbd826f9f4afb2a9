/* The life of proposals: every state, every time boundary, every refusal; the
 * events of a block; the genesis accounts. */
#include "governance_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void only_the_table_s_transitions_are_allowed(void **state)
{
	enum { STATES = PROPOSAL_STATES + 1 };
	static const char allowed[STATES][STATES] = {
		/* to:      -  D  S  V  P  R  C  E  Q  X  F */
		/* new */ {0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0},
		/* D */ {0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0},
		/* S */ {0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0},
		/* V */ {0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0},
		/* P */ {0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0},
		[STATE_CANCELLED] = {0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0},
		[STATE_QUEUED] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1},
	};

	(void)state;
	for (uint32_t from = 0; from < STATES; from++)
		for (uint32_t to = 1; to < STATES; to++)
			assert_int_equal(proposal_may_become(
						 from, (enum proposal_state)to),
					 allowed[from][to]);
	assert_false(proposal_may_become(STATES, STATE_DRAFT));
}

static void a_submitted_proposal_opens_after_its_delay_and_ends(void **state)
{
	struct test_net n;
	const struct proposal *p;
	uint32_t number;

	(void)state;
	net_init_five(&n);
	assert_int_equal(governance_next_deadline_ms(n.g), 0);
	number = net_submit(&n, ALICE, TYPE_STANDARD, false, NULL);
	assert_int_equal(number, 1);
	p = net_see(&n, 1);
	assert_int_equal(p->state, STATE_SUBMITTED);
	assert_int_equal(p->submitted_ms, T0);
	assert_int_equal(p->voting_start_ms, T0 + MS_DAY);
	assert_int_equal(p->voting_end_ms, T0 + 8 * MS_DAY);
	assert_int_equal(governance_next_deadline_ms(n.g), T0 + MS_DAY);

	net_block(&n, T0 + MS_DAY - 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_SUBMITTED);
	assert_int_equal(net_vote(&n, ALICE, 1, CHOICE_FOR), ERR_NOT_VOTING);
	net_block(&n, T0 + MS_DAY);
	p = net_see(&n, 1);
	assert_int_equal(p->state, STATE_VOTING);
	assert_int_equal(p->snapshot_height, n.height);
	assert_int_equal(p->total.voters, 4);
	assert_int_equal(p->total.power.tokens, 74999 * TOKEN);
	assert_int_equal(p->total.power.reputation, 86 * POINT);
	assert_int_equal(net_vote(&n, ALICE, 1, CHOICE_FOR), ERR_OK);

	net_block(&n, T0 + 8 * MS_DAY - 1);
	assert_int_equal(net_vote(&n, BOB, 1, CHOICE_AGAINST), ERR_OK);
	net_block(&n, T0 + 8 * MS_DAY);
	assert_int_equal(net_vote(&n, CAROL, 1, CHOICE_FOR), ERR_NOT_VOTING);
	p = net_see(&n, 1);
	assert_int_equal(p->state, STATE_PASSED);
	assert_int_equal(p->reason, REASON_NONE);
	assert_int_equal(p->ended_ms, T0 + 8 * MS_DAY);
	assert_int_equal(governance_next_deadline_ms(n.g), 0);
	assert_int_equal(governance_open_count(n.g), 0);
	assert_int_equal(governance_opened_count(n.g), 1);
	net_fini(&n);
}

static void a_late_opening_still_gives_the_whole_period(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_STANDARD, false, NULL);
	net_block(&n, T0 + 30 * MS_DAY); /* the network was down */
	assert_int_equal(net_see(&n, 1)->state, STATE_VOTING);
	assert_int_equal(net_see(&n, 1)->voting_start_ms, T0 + 30 * MS_DAY);
	assert_int_equal(net_see(&n, 1)->voting_end_ms, T0 + 37 * MS_DAY);
	assert_int_equal(governance_next_deadline_ms(n.g), T0 + 37 * MS_DAY);
	net_fini(&n);
}

static void a_proposal_is_rejected_with_the_reason(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_open(&n, ALICE, TYPE_STANDARD);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_REJECTED);
	assert_int_equal(net_see(&n, 1)->reason, REASON_BELOW_QUORUM);

	net_open(&n, ALICE, TYPE_STANDARD);
	net_vote(&n, ALICE, 2, CHOICE_AGAINST);
	net_vote(&n, BOB, 2, CHOICE_FOR);
	net_finish(&n, 2);
	assert_int_equal(net_see(&n, 2)->state, STATE_REJECTED);
	assert_int_equal(net_see(&n, 2)->reason, REASON_NOT_APPROVED);
	net_fini(&n);
}

/* Reputation alone reaches any quorum of points, but not the floor. */
static void a_reputation_vote_needs_tokens_behind_it(void **state)
{
	struct governance_params params;
	struct test_net n;

	(void)state;
	net_params(&params);
	assert_int_equal(governance_param_set(&params, "standard.mechanism",
					      MECHANISM_REPUTATION, NULL),
			 ERR_OK);
	net_init(&n, &params);
	net_account(&n, 100000, 0);
	net_account(&n, 0, 50);
	net_account(&n, 2000, 0); /* 1.96% */
	net_account(&n, 41, 0);
	net_open(&n, 0, TYPE_STANDARD);
	assert_int_equal(net_vote(&n, 1, 1, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(&n, 2, 1, CHOICE_ABSTAIN), ERR_OK);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->reason, REASON_BELOW_FLOOR);
	net_open(&n, 0, TYPE_STANDARD);
	assert_int_equal(net_vote(&n, 1, 2, CHOICE_FOR), ERR_OK);
	assert_int_equal(net_vote(&n, 2, 2, CHOICE_ABSTAIN), ERR_OK);
	assert_int_equal(net_vote(&n, 3, 2, CHOICE_ABSTAIN), ERR_OK);
	net_finish(&n, 2);
	assert_int_equal(net_see(&n, 2)->state, STATE_PASSED);
	net_fini(&n);
}

static void a_network_without_reputation_cannot_pass_by_reputation(void **state)
{
	struct governance_params params;
	struct test_net n;

	(void)state;
	net_params(&params);
	assert_int_equal(governance_param_set(&params, "standard.mechanism",
					      MECHANISM_REPUTATION, NULL),
			 ERR_OK);
	net_init(&n, &params);
	net_account(&n, 100000, 0);
	net_open(&n, 0, TYPE_STANDARD);
	net_vote(&n, 0, 1, CHOICE_FOR);
	net_finish(&n, 1);
	assert_int_equal(net_see(&n, 1)->state, STATE_REJECTED);
	assert_int_equal(net_see(&n, 1)->reason, REASON_NO_POWER);
	net_fini(&n);
}

static void a_draft_is_amended_published_or_expires(void **state)
{
	struct hash id, text_hash;
	struct test_net n;
	struct proposal p;

	(void)state;
	net_init_five(&n);
	assert_int_equal(net_submit(&n, ALICE, TYPE_TREASURY, true, NULL), 1);
	p = *net_see(&n, 1);
	assert_int_equal(p.state, STATE_DRAFT);
	assert_int_equal(p.submitted_ms, 0);
	assert_int_equal(p.voting_start_ms, 0);
	assert_int_equal(p.expires_ms, T0 + 30 * MS_DAY);
	assert_int_equal(net_vote(&n, ALICE, 1, CHOICE_FOR), ERR_NOT_VOTING);

	net_sleep(&n, MS_DAY);
	assert_int_equal(net_amend(&n, ALICE, 1, "Better", ""), ERR_OK);
	proposal_text_hash(&text_hash, text_of("Better"), text_of(""));
	assert_true(hash_equal(&text_hash, &net_see(&n, 1)->text_hash));
	assert_false(hash_equal(&p.text_hash, &net_see(&n, 1)->text_hash));
	assert_false(hash_equal(&p.id, &net_see(&n, 1)->id));
	proposal_compute_id(&id, &test_genesis,
			    &governance_account(n.g, ALICE)->key,
			    net_see(&n, 1));
	assert_true(hash_equal(&id, &net_see(&n, 1)->id));
	assert_int_equal(net_see(&n, 1)->expires_ms, p.expires_ms);

	assert_int_equal(net_publish(&n, ALICE, 1), ERR_OK);
	assert_int_equal(net_see(&n, 1)->state, STATE_SUBMITTED);
	assert_int_equal(net_see(&n, 1)->submitted_ms, T0 + MS_DAY);
	assert_int_equal(net_see(&n, 1)->voting_start_ms, T0 + 2 * MS_DAY);
	assert_int_equal(net_amend(&n, ALICE, 1, "Too late", ""),
			 ERR_WRONG_STATE);

	assert_int_equal(net_submit(&n, ALICE, TYPE_TREASURY, true, NULL), 2);
	net_block(&n, T0 + 31 * MS_DAY - 1);
	assert_int_equal(net_see(&n, 2)->state, STATE_DRAFT);
	net_block(&n, T0 + 31 * MS_DAY);
	assert_int_equal(net_see(&n, 2)->state, STATE_EXPIRED);
	assert_int_equal(net_see(&n, 2)->reason, REASON_DRAFT_EXPIRED);
	assert_int_equal(net_publish(&n, ALICE, 2), ERR_WRONG_STATE);
	net_fini(&n);
}

/* Byte by byte, as the specification has it. */
static void
an_id_commits_to_network_proposer_nonce_type_and_contents(void **state)
{
	static const uint8_t texts[] = "\0\0\0\x14"
				       "A title of account 1\0\0\0\x12"
				       "What it is about.\n";
	uint8_t bytes[32 + 32 + 8 + 1 + 32 + 32] = {0};
	struct hash text_hash, none, id;
	struct test_net n;

	(void)state;
	net_init_five(&n);
	n.nonce = 0x0102030405060708;
	net_submit(&n, BOB, TYPE_TREASURY, false, NULL);
	hash_bytes(&text_hash, "bcai-gov/text/1", texts, sizeof(texts) - 1);
	memcpy(bytes, test_genesis.b, 32);
	memcpy(bytes + 32, governance_account(n.g, BOB)->key.b, 32);
	for (uint8_t i = 0; i < 8; i++)
		bytes[64 + i] = (uint8_t)(i + 1);
	bytes[72] = 5;
	hash_bytes(&none, "bcai-gov/actions/1", "", 1); /* a count of 0 */
	memcpy(bytes + 73, none.b, 32);
	memcpy(bytes + 105, text_hash.b, 32);
	hash_bytes(&id, "bcai-gov/proposal/1", bytes, sizeof(bytes));
	assert_memory_equal(net_see(&n, 1)->id.b, id.b, sizeof(id.b));
	net_fini(&n);
}

static void nothing_can_be_done_to_what_is_due(void **state)
{
	const struct payload publish = {.kind = PAYLOAD_PUBLISH,
					.publish = {1}};
	const struct payload cancel = {.kind = PAYLOAD_CANCEL, .cancel = {2}};
	struct governance_context ctx = {.account = ALICE, .nonce = 99};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_STANDARD, true, NULL);
	net_submit(&n, ALICE, TYPE_STANDARD, false, NULL);
	ctx.time_ms = T0 + MS_DAY - 1;
	assert_int_equal(governance_check(n.g, &ctx, &cancel, NULL), ERR_OK);
	ctx.time_ms = T0 + MS_DAY;
	assert_int_equal(governance_check(n.g, &ctx, &cancel, NULL),
			 ERR_WRONG_STATE);
	assert_int_equal(governance_check(n.g, &ctx, &publish, NULL), ERR_OK);
	ctx.time_ms = T0 + 30 * MS_DAY;
	assert_int_equal(governance_check(n.g, &ctx, &publish, NULL),
			 ERR_WRONG_STATE);
	net_fini(&n);
}

static void the_proposer_cancels_before_voting(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_STANDARD, true, NULL);
	net_submit(&n, ALICE, TYPE_STANDARD, false, NULL);
	assert_int_equal(net_cancel(&n, BOB, 1, ""), ERR_UNAUTHORISED);
	assert_int_equal(net_cancel(&n, ALICE, 1, ""), ERR_OK);
	assert_int_equal(net_cancel(&n, ALICE, 2, "changed my mind"), ERR_OK);
	assert_int_equal(net_see(&n, 2)->state, STATE_CANCELLED);
	assert_int_equal(net_see(&n, 2)->reason, REASON_BY_PROPOSER);
	assert_int_equal(net_see(&n, 2)->ended_ms, T0);
	assert_int_equal(net_cancel(&n, ALICE, 2, ""), ERR_WRONG_STATE);
	assert_int_equal(governance_next_deadline_ms(n.g), 0);
	net_open(&n, ALICE, TYPE_STANDARD);
	assert_int_equal(net_cancel(&n, ALICE, 3, ""), ERR_WRONG_STATE);
	net_fini(&n);
}

static void proposing_needs_stake_and_room(void **state)
{
	struct test_net n;
	enum err err;

	(void)state;
	net_init_five(&n);
	net_submit(&n, CAROL, TYPE_STANDARD, false, &err);
	assert_int_equal(err, ERR_BELOW_MINIMUM_STAKE);
	net_submit(&n, CAROL, TYPE_STANDARD, true, &err);
	assert_int_equal(err, ERR_BELOW_MINIMUM_STAKE);
	for (int i = 0; i < 3; i++) {
		net_submit(&n, ALICE, TYPE_STANDARD, false, &err);
		assert_int_equal(err, ERR_OK);
		net_submit(&n, ALICE, TYPE_STANDARD, true, &err);
		assert_int_equal(err, ERR_OK);
	}
	assert_int_equal(governance_account(n.g, ALICE)->open, 3);
	assert_int_equal(governance_account(n.g, ALICE)->drafts, 3);
	net_submit(&n, ALICE, TYPE_STANDARD, false, &err);
	assert_int_equal(err, ERR_TOO_MANY_OPEN);
	net_submit(&n, ALICE, TYPE_STANDARD, true, &err);
	assert_int_equal(err, ERR_TOO_MANY_OPEN);
	assert_int_equal(net_publish(&n, ALICE, 2), ERR_TOO_MANY_OPEN);
	assert_int_equal(net_cancel(&n, ALICE, 1, ""), ERR_OK);
	assert_int_equal(net_publish(&n, ALICE, 2), ERR_OK);
	assert_int_equal(governance_account(n.g, ALICE)->drafts, 2);
	net_submit(&n, BOB, TYPE_STANDARD, false, &err);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(governance_proposal_count(n.g), 7);
	net_fini(&n);
}

static void the_network_has_room_for_1024_open_proposals(void **state)
{
	struct governance_params params;
	struct test_net n;
	enum err err;

	(void)state;
	net_params(&params);
	assert_int_equal(governance_param_set(&params, "proposal.max_open",
					      LIMIT_PROPOSALS_OPEN, NULL),
			 ERR_OK);
	net_init(&n, &params);
	net_account(&n, 5000, 0);
	net_account(&n, 5000, 0);
	for (uint32_t i = 0; i < LIMIT_PROPOSALS_OPEN; i++)
		assert_int_equal(
			net_submit(&n, i % 2, TYPE_STANDARD, false, NULL),
			i + 1);
	net_submit(&n, 0, TYPE_STANDARD, false, &err);
	assert_int_equal(err, ERR_TOO_MANY_OPEN);
	net_submit(&n, 0, TYPE_STANDARD, true, &err);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(net_cancel(&n, 1, 500, ""), ERR_OK);
	net_submit(&n, 0, TYPE_STANDARD, false, &err);
	assert_int_equal(err, ERR_OK);
	net_fini(&n);
}

/* ---- Refusals of what a transaction says ---- */

static struct bytes repeat(char c, size_t count)
{
	static char many[LIMIT_DESCRIPTION_BYTES + 1];

	memset(many, c, sizeof(many));
	return (struct bytes){(const uint8_t *)many, count};
}

static void malformed_and_oversized_texts_are_refused(void **state)
{
	const struct {
		const char *name;
		struct bytes title, description;
		enum err err;
	} cases[] = {
		{"no title", text_of(""), text_of("x"), ERR_MALFORMED},
		{"longest title", repeat('x', 200), text_of(""), ERR_OK},
		{"title too long", repeat('x', 201), text_of(""),
		 ERR_TOO_LARGE},
		{"title of two lines", text_of("a\nb"), text_of(""),
		 ERR_MALFORMED},
		{"title not UTF-8", text_of("\xff"), text_of(""),
		 ERR_MALFORMED},
		{"longest description", text_of("t"), repeat('x', 16384),
		 ERR_OK},
		{"description too long", text_of("t"), repeat('x', 16385),
		 ERR_TOO_LARGE},
		{"description with a bell", text_of("t"), text_of("\a"),
		 ERR_MALFORMED},
		{"description of lines", text_of("t"), text_of("a\n\tb"),
		 ERR_OK},
	};
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_STANDARD, true, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct payload amend = {
			.kind = PAYLOAD_AMEND,
			.amend = {1, cases[i].title, cases[i].description}};
		const struct payload submit = {
			.kind = PAYLOAD_SUBMIT,
			.submit = {TYPE_STANDARD, false, cases[i].title,
				   cases[i].description}};
		uint32_t number;

		if (net_apply(&n, ALICE, &amend, NULL) != cases[i].err)
			fail_msg("amend: %s", cases[i].name);
		if (net_apply(&n, ALICE, &submit, &number) != cases[i].err)
			fail_msg("submit: %s", cases[i].name);
		if (cases[i].err == ERR_OK)
			assert_int_equal(net_cancel(&n, ALICE, number, ""),
					 ERR_OK);
	}
	net_fini(&n);
}

static void unknown_words_are_malformed(void **state)
{
	struct payload payload = {.kind = (enum payload_kind)15};
	struct test_net n;
	enum err err;

	(void)state;
	net_init_five(&n);
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL), ERR_MALFORMED);
	net_submit(&n, ALICE, 0, false, &err);
	assert_int_equal(err, ERR_MALFORMED);
	net_submit(&n, ALICE, 8, false, &err);
	assert_int_equal(err, ERR_MALFORMED);
	net_open(&n, ALICE, TYPE_STANDARD);
	assert_int_equal(net_vote(&n, ALICE, 1, 0), ERR_MALFORMED);
	assert_int_equal(net_vote(&n, ALICE, 1, 4), ERR_MALFORMED);
	payload.kind = PAYLOAD_VOTE;
	assert_int_equal(net_apply(&n, ALICE, &payload, NULL), ERR_MALFORMED);
	net_fini(&n);
}

static void objects_and_owners_are_checked(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_STANDARD, true, NULL);
	assert_int_equal(net_vote(&n, ALICE, 0, CHOICE_FOR),
			 ERR_UNKNOWN_PROPOSAL);
	assert_int_equal(net_vote(&n, ALICE, 2, CHOICE_FOR),
			 ERR_UNKNOWN_PROPOSAL);
	assert_string_equal(n.text.text, "proposal 2");
	assert_int_equal(net_publish(&n, ALICE, UINT32_MAX),
			 ERR_UNKNOWN_PROPOSAL);
	assert_int_equal(net_amend(&n, ALICE, 7, "x", ""),
			 ERR_UNKNOWN_PROPOSAL);
	assert_int_equal(net_cancel(&n, ALICE, 7, ""), ERR_UNKNOWN_PROPOSAL);
	assert_int_equal(net_publish(&n, BOB, 1), ERR_UNAUTHORISED);
	assert_int_equal(net_amend(&n, BOB, 1, "x", ""), ERR_UNAUTHORISED);
	net_fini(&n);
}

/* ---- Rules, order, events, accounts ---- */

static void a_tally_before_opening_is_against_today_s_total(void **state)
{
	struct tally_result r;
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_EMERGENCY, true, NULL);
	governance_evaluate(n.g, &r, net_see(&n, 1));
	assert_true(r.base == 74999 * TOKEN);
	assert_true(r.quorum_required == 74999 * TOKEN / 10);
	assert_false(r.would_pass);
	net_fini(&n);
}

static void what_is_due_happens_by_deadline_then_number(void **state)
{
	const struct governance_event *events;
	struct test_net n;
	size_t count;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_CONSTITUTIONAL, false, NULL); /* +2 d */
	net_submit(&n, ALICE, TYPE_STANDARD, false, NULL);	 /* +1 d */
	net_submit(&n, BOB, TYPE_TREASURY, false, NULL);	 /* +1 d */
	net_submit(&n, BOB, TYPE_EMERGENCY, false, NULL);	 /* +0 */
	net_submit(&n, BOB, TYPE_EMERGENCY, true, NULL);	 /* +30 d */
	governance_events(n.g, &count);
	assert_int_equal(count, 5);
	net_block(&n, T0 + 60 * MS_DAY);
	events = governance_events(n.g, &count);
	assert_int_equal(count, 6);
	assert_int_equal(events++->kind, EVENT_EPOCH);
	assert_int_equal(events[0].proposal, 4);
	assert_int_equal(events[1].proposal, 2);
	assert_int_equal(events[2].proposal, 3);
	assert_int_equal(events[3].proposal, 1);
	assert_int_equal(events[4].proposal, 5);
	assert_int_equal(events[4].state, STATE_EXPIRED);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(events[i].from, STATE_SUBMITTED);
		assert_int_equal(events[i].state, STATE_VOTING);
	}
	net_fini(&n);
}

static void a_block_s_events_tell_what_happened_in_order(void **state)
{
	const struct governance_event *e;
	struct test_net n;
	size_t count;

	(void)state;
	net_init_five(&n);
	net_submit(&n, ALICE, TYPE_EMERGENCY, true, NULL);
	net_amend(&n, ALICE, 1, "new", "");
	net_publish(&n, ALICE, 1);
	e = governance_events(n.g, &count);
	assert_int_equal(count, 3);
	assert_int_equal(e[0].kind, EVENT_STATE);
	assert_int_equal(e[0].from, 0);
	assert_int_equal(e[0].state, STATE_DRAFT);
	assert_int_equal(e[1].kind, EVENT_AMENDED);
	assert_int_equal(e[1].account, ALICE);
	assert_int_equal(e[2].from, STATE_DRAFT);
	assert_int_equal(e[2].state, STATE_SUBMITTED);
	net_sleep(&n, 1);
	net_vote(&n, DAVE, 1, CHOICE_ABSTAIN);
	net_vote(&n, DAVE, 1, CHOICE_FOR);
	net_vote(&n, ERIN, 1, CHOICE_FOR);
	e = governance_events(n.g, &count);
	assert_int_equal(count, 3);
	assert_int_equal(e[0].state, STATE_VOTING);
	assert_int_equal(e[1].kind, EVENT_BALLOT);
	assert_int_equal(e[1].account, DAVE);
	assert_int_equal(e[1].choice, CHOICE_ABSTAIN);
	assert_int_equal(e[2].choice, CHOICE_FOR);
	assert_int_equal(e[2].changes, 1);
	net_sleep(&n, 1);
	governance_events(n.g, &count);
	assert_int_equal(count, 0);
	net_fini(&n);
}

static void a_genesis_beyond_the_limits_is_refused(void **state)
{
	struct public_key key;
	struct test_net n;
	uint32_t index = 7;

	(void)state;
	net_init(&n, NULL);
	test_key(&key, 0);
	assert_false(governance_find_account(n.g, &index, &key));
	assert_int_equal(
		governance_add_account(n.g, &key, LIMIT_STAKE_TOTAL - 1,
				       LIMIT_REPUTATION_TOTAL - 1, NULL),
		ERR_OK);
	assert_int_equal(governance_add_account(n.g, &key, 0, 0, &n.text),
			 ERR_GENESIS);
	assert_string_equal(n.text.text, "account 1 has the key of account 0");
	test_key(&key, 1);
	assert_int_equal(governance_add_account(n.g, &key, 2, 0, &n.text),
			 ERR_GENESIS);
	assert_int_equal(governance_add_account(n.g, &key, 0, 2, &n.text),
			 ERR_GENESIS);
	assert_int_equal(governance_add_account(n.g, &key, UINT64_MAX, 0, NULL),
			 ERR_GENESIS);
	assert_int_equal(governance_account_count(n.g), 1);
	assert_int_equal(governance_add_account(n.g, &key, 1, 1, NULL), ERR_OK);
	assert_true(governance_find_account(n.g, &index, &key));
	assert_int_equal(index, 1);
	assert_int_equal(governance_total(n.g)->power.tokens,
			 LIMIT_STAKE_TOTAL);
	assert_int_equal(governance_total(n.g)->voters, 2);
	net_fini(&n);
}

static void ten_thousand_accounts_are_found_by_their_keys(void **state)
{
	struct test_net n;

	(void)state;
	net_init(&n, NULL);
	for (uint32_t i = 0; i < 10000; i++)
		net_account(&n, i, 0);
	for (uint32_t i = 0; i < 11000; i++) {
		struct public_key key;
		uint32_t index;

		test_key(&key, i);
		assert_int_equal(governance_find_account(n.g, &index, &key),
				 i < 10000);
		if (i < 10000)
			assert_int_equal(index, i);
	}
	net_fini(&n);
}

static void hostile_times_do_not_wrap(void **state)
{
	struct test_net n;

	(void)state;
	net_init_five(&n);
	net_block(&n, UINT64_MAX - 10);
	net_submit(&n, ALICE, TYPE_STANDARD, false, NULL);
	assert_int_equal(net_see(&n, 1)->voting_start_ms, UINT64_MAX);
	assert_int_equal(net_see(&n, 1)->voting_end_ms, UINT64_MAX);
	net_block(&n, UINT64_MAX);
	assert_int_equal(net_see(&n, 1)->state, STATE_REJECTED);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_table_s_transitions_are_allowed),
		cmocka_unit_test(
			a_submitted_proposal_opens_after_its_delay_and_ends),
		cmocka_unit_test(a_late_opening_still_gives_the_whole_period),
		cmocka_unit_test(a_proposal_is_rejected_with_the_reason),
		cmocka_unit_test(a_reputation_vote_needs_tokens_behind_it),
		cmocka_unit_test(
			a_network_without_reputation_cannot_pass_by_reputation),
		cmocka_unit_test(a_draft_is_amended_published_or_expires),
		cmocka_unit_test(
			an_id_commits_to_network_proposer_nonce_type_and_contents),
		cmocka_unit_test(nothing_can_be_done_to_what_is_due),
		cmocka_unit_test(the_proposer_cancels_before_voting),
		cmocka_unit_test(proposing_needs_stake_and_room),
		cmocka_unit_test(the_network_has_room_for_1024_open_proposals),
		cmocka_unit_test(malformed_and_oversized_texts_are_refused),
		cmocka_unit_test(unknown_words_are_malformed),
		cmocka_unit_test(objects_and_owners_are_checked),
		cmocka_unit_test(
			a_tally_before_opening_is_against_today_s_total),
		cmocka_unit_test(what_is_due_happens_by_deadline_then_number),
		cmocka_unit_test(a_block_s_events_tell_what_happened_in_order),
		cmocka_unit_test(a_genesis_beyond_the_limits_is_refused),
		cmocka_unit_test(ten_thousand_accounts_are_found_by_their_keys),
		cmocka_unit_test(hostile_times_do_not_wrap),
	};

	return cmocka_run_group_tests_name("governance life", tests, NULL,
					   NULL);
}
