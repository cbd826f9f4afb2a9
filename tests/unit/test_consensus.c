/* The rules, one by one, on a single core. Views are led by view mod 4. */
#include "consensus_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define OTHERS_OF_0 0xeu /* Voters 1, 2, 3. */

/* Rule 1, 3, 4, 7: the path of a block nobody disturbs. */
static void a_block_is_final_after_two_rounds_of_votes(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_propose(&b, &h);
	assert_non_null(bench_asked(&b, ASK_PAYLOAD));
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_verdict(&b, &h, PAYLOAD_VALID);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
	bench_vote(&b, 1, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 1);
	bench_vote(&b, 2, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 2);
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	assert_int_equal(b.up.finalised_count, 0);
	bench_votes(&b, 6, VOTE_FINALIZE, 1, &d);
	assert_int_equal(b.up.finalised_count, 1);
	assert_true(hash_equal(&b.up.finalised[0].digest, &d));
	assert_int_equal(b.up.finalised[0].certificate->count, 3);
	assert_int_equal(consensus_root(b.core)->height, 1);
	assert_true(b.up.timer_ms == CONSENSUS_NEVER);
	assert_non_null(consensus_certificate(b.core, VOTE_FINALIZE, 1));
	assert_null(consensus_certificate(b.core, VOTE_PROPOSAL, 1));
	bench_fini(&b);
}

/* Durable before sent: the position after the record that binds it. */
static void nothing_leaves_before_what_it_says_is_durable(void **state)
{
	const struct consensus_message *m;
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.config.log_position = 0;
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 1);
	bench_good_block(&b, &h);
	m = bench_sent_vote(&b, VOTE_NOTARIZE, 1);
	assert_non_null(m);
	assert_int_equal(b.up.record_count, 1);
	assert_int_equal(m->release_after, 1);
	assert_int_equal(b.up.log_position, 1);
	bench_fini(&b);
}

/* Rule 2: what the leader sends rests on its own record too. */
static void a_leader_proposes_as_soon_as_it_has_work(void **state)
{
	const struct consensus_message *m;
	const struct consensus_ask *ask;
	struct bench b;

	(void)state;
	bench_init(&b, 1);
	bench_start(&b);
	assert_null(bench_asked(&b, ASK_BUILD));
	bench_work(&b, true);
	ask = bench_asked(&b, ASK_BUILD);
	assert_non_null(ask);
	assert_int_equal(ask->view, 1);
	assert_false(ask->may_be_empty);
	assert_true(hash_equal(&ask->digest, &b.config.root.digest));
	assert_int_equal(ask->parent_time_ms, 5000);
	bench_work(&b, true);
	assert_null(bench_asked(&b, ASK_BUILD));
	bench_built(&b, 1, 4);
	m = bench_sent(&b, MESSAGE_PROPOSAL);
	assert_non_null(m);
	assert_int_equal(m->release_after, 1);
	assert_int_equal(m->proposal.header.height, 1);
	assert_int_equal(m->proposal.header.time_ms, b.wall_ms);
	assert_int_equal(m->proposal.header.payload.b[0], 4);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
	/* Once is enough, also after a restart. */
	bench_built(&b, 1, 5);
	assert_null(bench_sent(&b, MESSAGE_PROPOSAL));
	bench_restart(&b);
	m = bench_sent(&b, MESSAGE_PROPOSAL);
	assert_non_null(m);
	assert_int_equal(m->proposal.header.payload.b[0], 4);
	bench_work(&b, true);
	assert_null(bench_asked(&b, ASK_BUILD));
	bench_fini(&b);
}

static void a_leader_with_nothing_to_do_waits_for_work(void **state)
{
	struct consensus_event nothing = {.kind = CONSENSUS_BUILT};
	struct bench b;

	(void)state;
	bench_init(&b, 1);
	bench_start(&b);
	bench_work(&b, true);
	nothing.built.view = 1;
	nothing.built.nothing = true;
	bench_step(&b, &nothing);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	assert_null(bench_asked(&b, ASK_BUILD));
	bench_work(&b, true);
	assert_non_null(bench_asked(&b, ASK_BUILD));
	bench_step(&b, &nothing);
	/* Half a delta on, with work still there, an empty one will do. */
	bench_wait(&b, 50);
	assert_non_null(bench_asked(&b, ASK_BUILD));
	assert_true(bench_asked(&b, ASK_BUILD)->may_be_empty);
	bench_built(&b, 1, 0);
	assert_non_null(bench_sent(&b, MESSAGE_PROPOSAL));
	bench_fini(&b);
}

static void blocks_keep_their_least_distance(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 2);
	b.config.interval_ms = 20;
	bench_start(&b);
	bench_work(&b, true);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_votes(&b, 3, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 2);
	assert_null(bench_asked(&b, ASK_BUILD));
	assert_int_equal(b.up.timer_ms, b.now_ms + 20);
	bench_wait(&b, 20);
	assert_non_null(bench_asked(&b, ASK_BUILD));
	bench_fini(&b);
}

/* Rule 2: proofs travel along; a leader that cannot build says so. */
static void a_proposal_carries_its_proofs(void **state)
{
	const struct consensus_message *m;
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 3);
	bench_start(&b);
	bench_work(&b, true);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_votes(&b, 3, VOTE_NOTARIZE, 1, &d);
	bench_votes(&b, 7, VOTE_NULLIFY, 2, NULL);
	assert_int_equal(bench_view(&b), 3);
	bench_built(&b, 3, 2);
	m = bench_sent(&b, MESSAGE_PROPOSAL);
	assert_non_null(m);
	assert_int_equal(m->proposal.header.parent_view, 1);
	assert_int_equal(m->proposal.header.height, 2);
	assert_int_equal(m->proposal.proof_count, 2);
	assert_int_equal(m->proposal.proofs[0]->what.kind, VOTE_NOTARIZE);
	assert_int_equal(m->proposal.proofs[1]->what.kind, VOTE_NULLIFY);
	bench_fini(&b);

	bench_init(&b, 3);
	bench_start(&b);
	bench_certificate(&b, 7, VOTE_NULLIFY, 2, NULL);
	assert_int_equal(bench_view(&b), 3);
	bench_work(&b, true);
	assert_null(bench_asked(&b, ASK_BUILD));
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 3));
	bench_fini(&b);
}

/* Rule 3, the table of what is provably wrong. */
static const struct bad_case {
	const char *name;
	enum {
		BAD_HEIGHT,
		BAD_TIME,
		BAD_PARENT,
		BAD_PARENT_VIEW,
		BAD_PAYLOAD,
	} what;
} BAD[] = {
	{"a height that is not the parent's plus one", BAD_HEIGHT},
	{"a time not after the parent's", BAD_TIME},
	{"another parent than the one notarized", BAD_PARENT},
	{"a parent in its own view", BAD_PARENT_VIEW},
	{"a payload that is provably invalid", BAD_PAYLOAD},
};

static void what_is_provably_invalid_is_nullified_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct block_header h;
		struct bench b;

		print_message("%s\n", BAD[i].name);
		bench_init(&b, 0);
		bench_start(&b);
		h = bench_block(&b, 1, NULL, 1);
		switch (BAD[i].what) {
		case BAD_HEIGHT:
			h.height++;
			break;
		case BAD_TIME:
			h.time_ms = b.config.root.time_ms;
			break;
		case BAD_PARENT:
			h.parent.b[3] ^= 1;
			break;
		case BAD_PARENT_VIEW:
			h.parent_view = 1;
			break;
		case BAD_PAYLOAD:
			break;
		}
		bench_propose(&b, &h);
		if (BAD[i].what == BAD_PAYLOAD) {
			assert_null(bench_sent(&b, MESSAGE_VOTE));
			bench_verdict(&b, &h, PAYLOAD_INVALID);
		}
		assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
		assert_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
		bench_fini(&b);
	}
}

static void a_block_from_the_future_waits_for_the_clock(void **state)
{
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 0);
	h.time_ms = b.wall_ms + 500 + 30;
	bench_propose(&b, &h);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	assert_int_equal(b.up.timer_ms, b.now_ms + 30);
	bench_wait(&b, 29);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_wait(&b, 1);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
	bench_fini(&b);
}

static void a_missing_proof_is_asked_of_the_proposer(void **state)
{
	const struct consensus_message *m;
	struct block_header h1, h3;
	struct hash d1;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h1 = bench_block(&b, 1, NULL, 0);
	d1 = bench_digest(&b, &h1);
	h3 = bench_block(&b, 3, &h1, 0);
	bench_good_block(&b, &h1);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 2, NULL);
	assert_int_equal(bench_view(&b), 3);
	bench_propose(&b, &h3);
	m = bench_sent(&b, MESSAGE_REQUEST);
	assert_non_null(m);
	assert_int_equal(m->to, 3);
	assert_int_equal(m->request.view, 1);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_certificate(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d1);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 3));
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	bench_fini(&b);
}

static void a_proposal_may_come_with_what_it_rests_on(void **state)
{
	struct consensus_event ev = {.kind = CONSENSUS_PROPOSAL, .from = 2};
	const struct certificate *proofs[1];
	struct signature signatures[3];
	struct certificate proof;
	struct block_header h1;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h1 = bench_block(&b, 1, NULL, 0);
	bench_good_block(&b, &h1);
	memset(&proof, 0, sizeof(proof));
	memset(signatures, 0, sizeof(signatures));
	proof.what.kind = VOTE_NOTARIZE;
	proof.what.epoch = 2;
	proof.what.view = 1;
	proof.what.digest = bench_digest(&b, &h1);
	proof.voters.bits[0] = OTHERS_OF_0;
	proof.count = 3;
	proof.signatures = signatures;
	proofs[0] = &proof;
	ev.proposal.header = bench_block(&b, 2, &h1, 0);
	ev.proposal.proofs = proofs;
	ev.proposal.proof_count = 1;
	bench_step(&b, &ev);
	assert_int_equal(bench_view(&b), 2);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 2));
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	bench_fini(&b);
}

/* Rule 5. */
static void a_view_without_a_proposal_is_nullified_after_two_delta(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	assert_int_equal(b.up.timer_ms, b.now_ms + 200);
	bench_wait(&b, 199);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_wait(&b, 1);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	/* And said again at an interval, not at once. */
	assert_int_equal(b.up.timer_ms, b.now_ms + 200);
	bench_wait(&b, 199);
	assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	bench_wait(&b, 1);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	bench_fini(&b);
}

static void a_view_without_progress_is_nullified_after_three_delta(void **state)
{
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	h = bench_block(&b, 1, NULL, 1);
	bench_propose(&b, &h);
	bench_wait(&b, 299);
	assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	bench_wait(&b, 1);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	/* The block may still be worth a vote. */
	bench_verdict(&b, &h, PAYLOAD_VALID);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
	bench_fini(&b);
}

static void a_leader_that_gives_up_is_believed(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_vote(&b, 2, VOTE_NULLIFY, 1, NULL);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_vote(&b, 1, VOTE_NULLIFY, 1, NULL);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	bench_fini(&b);
}

/* Rule 6: both may exist; the nullification goes out to all. */
static void a_quorum_of_nullify_enters_the_next_view(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_votes(&b, 6, VOTE_NULLIFY, 1, NULL);
	assert_int_equal(bench_view(&b), 2);
	assert_non_null(bench_sent_certificate(&b, VOTE_NULLIFY, 1));
	bench_fini(&b);
}

static void whoever_would_skip_a_notarized_view_is_told(void **state)
{
	const struct consensus_message *m;
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d);
	bench_vote(&b, 3, VOTE_NULLIFY, 1, NULL);
	m = bench_sent_certificate(&b, VOTE_NOTARIZE, 1);
	assert_non_null(m);
	assert_int_equal(m->to, 3);
	bench_fini(&b);
}

/* Rule 7: late, and with all its ancestors. */
static void a_finalization_covers_its_ancestors_whenever_it_comes(void **state)
{
	struct block_header h[4];
	struct hash d[4];
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	for (uint64_t v = 1; v < 4; v++) {
		h[v] = bench_block(&b, v, v > 1 ? &h[v - 1] : NULL, (uint8_t)v);
		d[v] = bench_digest(&b, &h[v]);
		bench_good_block(&b, &h[v]);
		bench_votes(&b, 6, VOTE_NOTARIZE, v, &d[v]);
	}
	assert_int_equal(bench_view(&b), 4);
	assert_int_equal(b.up.finalised_count, 0);
	bench_votes(&b, 6, VOTE_FINALIZE, 2, &d[2]);
	assert_int_equal(b.up.finalised_count, 2);
	assert_int_equal(b.up.finalised[0].header.height, 1);
	assert_int_equal(b.up.finalised[1].header.height, 2);
	assert_true(
		hash_equal(&b.up.finalised[0].certificate->what.digest, &d[2]));
	assert_int_equal(consensus_root(b.core)->view, 2);
	/* A late vote for what is settled changes nothing. */
	bench_vote(&b, 3, VOTE_FINALIZE, 1, &d[1]);
	assert_int_equal(b.up.finalised_count, 0);
	bench_fini(&b);
}

/* Rule 9. */
static void back_off_grows_and_only_a_finalisation_resets_it(void **state)
{
	struct consensus_status s;
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	for (uint64_t v = 1; v < 22; v++) {
		uint64_t expect = 100u << ((v - 1) / 4);

		consensus_status(b.core, &s);
		assert_int_equal(s.view, v);
		assert_int_equal(s.delta_ms, expect < 1600 ? expect : 1600);
		bench_votes(&b, OTHERS_OF_0, VOTE_NULLIFY, v, NULL);
	}
	/* A notarization is not enough. */
	h = bench_block(&b, 22, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_votes(&b, 6, VOTE_NOTARIZE, 22, &d);
	consensus_status(b.core, &s);
	assert_int_equal(s.view, 23);
	assert_int_equal(s.delta_ms, 1600);
	bench_votes(&b, 6, VOTE_FINALIZE, 22, &d);
	consensus_status(b.core, &s);
	assert_int_equal(s.delta_ms, 100);
	bench_fini(&b);
}

static void back_off_also_holds_up_hasty_nullifies(void **state)
{
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	for (uint64_t v = 1; v < 13; v++)
		bench_votes(&b, OTHERS_OF_0, VOTE_NULLIFY, v, NULL);
	h = bench_block(&b, 13, NULL, 1);
	h.height += 5;
	bench_propose(&b, &h);
	assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 13));
	bench_wait(&b, 800);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 13));
	bench_fini(&b);
}

static void a_leader_unseen_for_several_views_is_skipped(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	/* Validator 3 says nothing; the others and we skip every view. */
	for (uint64_t v = 1; v < 7; v++)
		bench_votes(&b, 6, VOTE_NULLIFY, v, NULL), bench_work(&b, true),
			bench_wait(&b, 1000);
	assert_int_equal(bench_view(&b), 7);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 7));
	bench_fini(&b);
}

/* Idle. */
static void an_idle_node_is_quiet(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	assert_true(b.up.timer_ms == CONSENSUS_NEVER);
	bench_wait(&b, 3600 * 1000);
	assert_int_equal(b.up.message_count, 0);
	assert_int_equal(b.up.ask_count, 0);
	bench_work(&b, true);
	assert_false(b.up.timer_ms == CONSENSUS_NEVER);
	bench_work(&b, false);
	assert_true(b.up.timer_ms == CONSENSUS_NEVER);
	bench_wait(&b, 3600 * 1000);
	assert_int_equal(b.up.message_count, 0);
	bench_fini(&b);
}

static void a_heartbeat_is_an_empty_block_after_a_silence(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 1);
	b.config.heartbeat_ms = 5000;
	bench_start(&b);
	assert_int_equal(b.up.timer_ms, b.now_ms + 5000);
	bench_wait(&b, 4999);
	assert_null(bench_asked(&b, ASK_BUILD));
	bench_wait(&b, 1);
	assert_non_null(bench_asked(&b, ASK_BUILD));
	assert_true(bench_asked(&b, ASK_BUILD)->may_be_empty);
	bench_fini(&b);
	/* The others give the leader one delta before their timers begin. */
	bench_init(&b, 0);
	b.config.heartbeat_ms = 5000;
	bench_start(&b);
	assert_int_equal(b.up.timer_ms, b.now_ms + 5100);
	bench_wait(&b, 5100);
	assert_int_equal(b.up.timer_ms, b.now_ms + 200);
	bench_fini(&b);
}

static void somebody_elses_nullify_is_work(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 1);
	bench_start(&b);
	bench_vote(&b, 3, VOTE_NULLIFY, 1, NULL);
	assert_non_null(bench_asked(&b, ASK_BUILD));
	assert_true(bench_asked(&b, ASK_BUILD)->may_be_empty);
	bench_fini(&b);
}

static void a_network_of_one_finalises_alone(void **state)
{
	struct bench b;

	(void)state;
	bench_init_weights(&b, 0, NULL, 1);
	bench_start(&b);
	bench_work(&b, true);
	bench_built(&b, 1, 1);
	assert_int_equal(b.up.finalised_count, 1);
	assert_int_equal(b.up.finalised_release_after, b.log_count);
	assert_int_equal(bench_view(&b), 2);
	bench_fini(&b);
}

static void a_request_is_answered_within_bounds_and_not_too_often(void **state)
{
	struct consensus_event ev = {.kind = CONSENSUS_REQUEST, .from = 2};
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	for (uint64_t v = 1; v < 31; v++)
		bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, v, NULL);
	ev.request.epoch = 2;
	ev.request.view = 3;
	bench_step(&b, &ev);
	assert_int_equal(b.up.message_count, CONSENSUS_ANSWER_MAX);
	assert_int_equal(b.up.messages[0].to, 2);
	assert_int_equal(b.up.messages[0].certificate->what.view, 3);
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_BUSY);
	assert_int_equal(b.up.message_count, 0);
	b.now_ms += 25;
	bench_step(&b, &ev);
	assert_int_equal(b.up.message_count, CONSENSUS_ANSWER_MAX);
	ev.from = CONSENSUS_OBSERVER;
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_NOT_VALIDATOR);
	bench_fini(&b);
}

static void the_last_view_of_the_window_is_never_skipped(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	for (uint64_t v = 1; v < 40; v++)
		bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, v, NULL);
	assert_int_equal(bench_view(&b), 31);
	bench_wait(&b, 100000);
	assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 31));
	bench_fini(&b);
}

static void nothing_happens_before_the_start(void **state)
{
	struct consensus_event ev = {.kind = CONSENSUS_WORK, .work = true};
	struct bench b;

	(void)state;
	bench_init(&b, 1);
	b.core = consensus_new(&b.config);
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_NOT_READY);
	assert_int_equal(b.up.ask_count, 0);
	assert_true(b.up.timer_ms == CONSENSUS_NEVER);
	ev.kind = CONSENSUS_START;
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_OK);
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_STALE);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_final_after_two_rounds_of_votes),
		cmocka_unit_test(nothing_leaves_before_what_it_says_is_durable),
		cmocka_unit_test(a_leader_proposes_as_soon_as_it_has_work),
		cmocka_unit_test(a_leader_with_nothing_to_do_waits_for_work),
		cmocka_unit_test(blocks_keep_their_least_distance),
		cmocka_unit_test(a_proposal_carries_its_proofs),
		cmocka_unit_test(what_is_provably_invalid_is_nullified_at_once),
		cmocka_unit_test(a_block_from_the_future_waits_for_the_clock),
		cmocka_unit_test(a_missing_proof_is_asked_of_the_proposer),
		cmocka_unit_test(a_proposal_may_come_with_what_it_rests_on),
		cmocka_unit_test(
			a_view_without_a_proposal_is_nullified_after_two_delta),
		cmocka_unit_test(
			a_view_without_progress_is_nullified_after_three_delta),
		cmocka_unit_test(a_leader_that_gives_up_is_believed),
		cmocka_unit_test(a_quorum_of_nullify_enters_the_next_view),
		cmocka_unit_test(whoever_would_skip_a_notarized_view_is_told),
		cmocka_unit_test(
			a_finalization_covers_its_ancestors_whenever_it_comes),
		cmocka_unit_test(
			back_off_grows_and_only_a_finalisation_resets_it),
		cmocka_unit_test(back_off_also_holds_up_hasty_nullifies),
		cmocka_unit_test(a_leader_unseen_for_several_views_is_skipped),
		cmocka_unit_test(an_idle_node_is_quiet),
		cmocka_unit_test(a_heartbeat_is_an_empty_block_after_a_silence),
		cmocka_unit_test(somebody_elses_nullify_is_work),
		cmocka_unit_test(a_network_of_one_finalises_alone),
		cmocka_unit_test(
			a_request_is_answered_within_bounds_and_not_too_often),
		cmocka_unit_test(the_last_view_of_the_window_is_never_skipped),
		cmocka_unit_test(nothing_happens_before_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
