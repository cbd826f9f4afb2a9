/* Golden traces of what broke others, restarts, and what an enemy may try. */
#include "consensus_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define OTHERS_OF_0 0xeu

/* Half the nodes hold the notarization and half the nullification: a node
 * that nullified takes the notarization, moves on and does not finalize. */
static void a_node_that_nullified_keeps_the_notarization(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	bench_wait(&b, 200);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_votes(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 2);
	assert_non_null(consensus_certificate(b.core, VOTE_NOTARIZE, 1));
	assert_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	/* Not having the block it asks for it: it will have to build on it. */
	assert_true(consensus_block(b.core, &d) == NULL);
	bench_fini(&b);
}

static void half_and_half_ends_in_the_next_view(void **state)
{
	struct block_header h1, h2;
	struct hash d1, d2;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h1 = bench_block(&b, 1, NULL, 1);
	d1 = bench_digest(&b, &h1);
	h2 = bench_block(&b, 2, &h1, 2);
	d2 = bench_digest(&b, &h2);
	bench_good_block(&b, &h1);
	bench_votes(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	assert_int_equal(bench_view(&b), 2);
	/* Its parent is the one that some hold notarized: no proof, no vote. */
	bench_propose(&b, &h2);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_certificate(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d1);
	bench_verdict(&b, &h2, PAYLOAD_VALID);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 2));
	bench_votes(&b, 6, VOTE_NOTARIZE, 2, &d2);
	bench_votes(&b, 6, VOTE_FINALIZE, 2, &d2);
	assert_int_equal(b.up.finalised_count, 2);
	bench_fini(&b);
}

static void a_nullify_is_remembered_over_a_restart(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	bench_wait(&b, 200);
	assert_int_equal(b.log_count, 1);
	bench_restart(&b);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_votes(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 2);
	bench_wait(&b, 100000);
	assert_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	bench_fini(&b);
}

static void a_notarize_is_remembered_with_its_block(void **state)
{
	struct block_header h, other;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_restart(&b);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
	assert_non_null(consensus_block(b.core, &d));
	assert_non_null(consensus_block_signature(b.core, &d));
	other = h;
	other.time_ms++;
	bench_good_block(&b, &other);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	/* All may have been down: the block is still there to finalise. */
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d);
	bench_votes(&b, 6, VOTE_FINALIZE, 1, &d);
	assert_int_equal(b.up.finalised_count, 1);
	bench_fini(&b);
}

/* FINALIZE after a timeout, on the path that re-broadcasts. */
static void no_rebroadcast_finalizes_what_was_nullified(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_wait(&b, 300);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 2);
	for (int k = 0; k < 50; k++) {
		bench_wait(&b, 150);
		assert_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	}
	bench_fini(&b);
}

/* Nor does one nullify what was finalized. */
static void no_timeout_nullifies_what_was_finalized(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d);
	bench_restart(&b);
	bench_work(&b, true);
	bench_votes(&b, 6, VOTE_NULLIFY, 1, NULL);
	for (int k = 0; k < 50; k++) {
		bench_wait(&b, 150);
		assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	}
	bench_fini(&b);
}

/* Resume at the highest record, not at the last: a FINALIZE of an older view
 * may be the last one. */
static void a_node_resumes_at_the_highest_recorded_view(void **state)
{
	struct block_header h1;
	struct hash d1;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 2, NULL);
	bench_wait(&b, 200);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 3));
	h1 = bench_block(&b, 1, NULL, 1);
	d1 = bench_digest(&b, &h1);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d1);
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	bench_restart(&b);
	assert_int_equal(bench_view(&b), 3);
	/* What led here is in the log as well. */
	assert_non_null(consensus_certificate(b.core, VOTE_NULLIFY, 2));
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 3));
	bench_fini(&b);
}

/* The store is ahead of the sign log: nothing up to it is signed. */
static void a_store_ahead_of_the_log_is_gone_on_from(void **state)
{
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	bench_wait(&b, 200);
	b.config.root.view = 9;
	b.config.root.height = 6;
	bench_restart(&b);
	assert_int_equal(bench_view(&b), 10);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	h = bench_block(&b, 10, NULL, 0);
	bench_good_block(&b, &h);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 10));
	bench_fini(&b);
}

/* The store was restored from a backup, the sign log was not. */
static void an_older_store_signs_nothing_below_the_log(void **state)
{
	struct consensus_event ev = {.kind = CONSENSUS_IMPORTED};
	struct statement what = {.kind = VOTE_NULLIFY, .epoch = 2};
	struct consensus_status s;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.config.root.view = 100;
	b.config.root.height = 50;
	bench_start(&b);
	bench_work(&b, true);
	bench_wait(&b, 200);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 101));
	b.config.root.view = 3;
	b.config.root.height = 2;
	bench_restart(&b);
	consensus_status(b.core, &s);
	assert_false(s.may_sign);
	bench_work(&b, true);
	bench_wait(&b, 100000);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	for (what.view = 0; what.view < 110; what.view++)
		assert_false(consensus_sign_allowed(b.core, &what));
	/* Sync brings it back; the view whose record was not kept is left. */
	ev.imported.root = b.config.root;
	ev.imported.root.view = 100;
	ev.imported.root.height = 50;
	bench_step(&b, &ev);
	assert_int_equal(bench_view(&b), 101);
	bench_wait(&b, 100000);
	assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 101));
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 101, NULL);
	bench_wait(&b, 1000);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 102));
	bench_fini(&b);
}

/* Two notarized blocks at one height: the one that is built on wins. */
static void of_two_notarized_blocks_at_a_height_one_is_final(void **state)
{
	struct block_header h1, h2, h3;
	struct hash d1, d2, d3;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h1 = bench_block(&b, 1, NULL, 1);
	h2 = bench_block(&b, 2, NULL, 2);
	d1 = bench_digest(&b, &h1);
	d2 = bench_digest(&b, &h2);
	h3 = bench_block(&b, 3, &h2, 3);
	d3 = bench_digest(&b, &h3);
	bench_good_block(&b, &h1);
	bench_votes(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d1);
	bench_good_block(&b, &h2);
	bench_votes(&b, 6, VOTE_NOTARIZE, 2, &d2);
	bench_good_block(&b, &h3);
	bench_votes(&b, 6, VOTE_NOTARIZE, 3, &d3);
	bench_votes(&b, 6, VOTE_FINALIZE, 3, &d3);
	assert_int_equal(b.up.finalised_count, 2);
	assert_true(hash_equal(&b.up.finalised[0].digest, &d2));
	assert_int_equal(b.up.finalised[0].header.height, 1);
	assert_false(b.up.forked);
	bench_fini(&b);
}

/* No re-broadcast after loss. */
static void at_a_standstill_all_is_said_again(void **state)
{
	const struct consensus_message *m;
	struct block_header h1, h2;
	struct hash d1, d2;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h1 = bench_block(&b, 1, NULL, 1);
	d1 = bench_digest(&b, &h1);
	bench_good_block(&b, &h1);
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d1);
	bench_votes(&b, 6, VOTE_FINALIZE, 1, &d1);
	h2 = bench_block(&b, 2, &h1, 2);
	d2 = bench_digest(&b, &h2);
	bench_good_block(&b, &h2);
	bench_votes(&b, 6, VOTE_NOTARIZE, 2, &d2);
	bench_wait(&b, 500);
	assert_non_null(bench_sent_certificate(&b, VOTE_FINALIZE, 1));
	assert_non_null(bench_sent_certificate(&b, VOTE_NOTARIZE, 2));
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 2));
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 2));
	m = bench_sent(&b, MESSAGE_REQUEST);
	assert_non_null(m);
	assert_true(m->to == CONSENSUS_ALL);
	assert_int_equal(m->request.view, 3);
	bench_fini(&b);
}

static void an_equivocating_leader_is_shown_and_survived(void **state)
{
	struct block_header first, second;
	const struct consensus_ask *ask;
	const struct evidence *e;
	struct consensus_event ev = {.kind = CONSENSUS_BLOCK};
	struct hash d2;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	first = bench_block(&b, 1, NULL, 1);
	second = bench_block(&b, 1, NULL, 2);
	d2 = bench_digest(&b, &second);
	bench_good_block(&b, &first);
	assert_non_null(bench_sent_vote(&b, VOTE_NOTARIZE, 1));
	bench_votes(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d2);
	assert_int_equal(bench_view(&b), 2);
	ask = bench_asked(&b, ASK_BLOCK);
	assert_non_null(ask);
	assert_true(hash_equal(&ask->digest, &d2));
	/* It may be anybody's block, but it must be the one asked for. */
	ev.block = first;
	ev.block.time_ms += 7;
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_BAD_BLOCK);
	ev.block = second;
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_OK);
	assert_non_null(bench_asked(&b, ASK_PAYLOAD));
	bench_propose(&b, &second);
	assert_int_equal(b.err, ERR_EQUIVOCATION);
	assert_int_equal(b.up.evidence_count, 1);
	e = &b.up.evidence[0];
	assert_int_equal(e->kind, EVIDENCE_TWO_PROPOSALS);
	assert_int_equal(e->signer, 1);
	assert_int_equal(e->view, 1);
	bench_propose(&b, &second);
	assert_int_equal(b.up.evidence_count, 0);
	bench_votes(&b, OTHERS_OF_0, VOTE_FINALIZE, 1, &d2);
	assert_int_equal(consensus_root(b.core)->height, 1);
	assert_true(hash_equal(&consensus_root(b.core)->digest, &d2));
	bench_fini(&b);
}

static void
contradictions_are_found_early_late_and_in_certificates(void **state)
{
	struct hash d1 = {{1}}, d2 = {{2}};
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_vote(&b, 3, VOTE_NOTARIZE, 1, &d1);
	bench_vote(&b, 3, VOTE_NOTARIZE, 1, &d2);
	assert_int_equal(b.up.evidence_count, 1);
	assert_int_equal(b.up.evidence[0].kind, EVIDENCE_TWO_NOTARIZE);
	assert_int_equal(b.up.evidence[0].first_signature.b[0], 4);
	bench_vote(&b, 3, VOTE_NOTARIZE, 1, &d2);
	assert_int_equal(b.up.evidence_count, 0);
	bench_vote(&b, 3, VOTE_NULLIFY, 1, NULL);
	assert_int_equal(b.up.evidence_count, 0);
	bench_vote(&b, 3, VOTE_FINALIZE, 1, &d1);
	assert_int_equal(b.up.evidence_count, 1);
	assert_int_equal(b.up.evidence[0].kind, EVIDENCE_NULLIFY_FINALIZE);
	bench_vote(&b, 3, VOTE_FINALIZE, 1, &d2);
	assert_int_equal(b.up.evidence_count, 1);
	assert_int_equal(b.up.evidence[0].kind, EVIDENCE_TWO_FINALIZE);
	/* After the view is settled, and from within a certificate. */
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d1);
	bench_vote(&b, 2, VOTE_NOTARIZE, 1, &d2);
	assert_int_equal(b.up.evidence_count, 1);
	bench_vote(&b, 1, VOTE_FINALIZE, 2, &d1);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 2, NULL);
	assert_int_equal(b.up.evidence_count, 1);
	assert_int_equal(b.up.evidence[0].signer, 1);
	assert_int_equal(b.up.evidence[0].kind, EVIDENCE_NULLIFY_FINALIZE);
	bench_fini(&b);
}

static void its_key_used_elsewhere_stops_a_node(void **state)
{
	struct hash d = {{5}};
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	bench_wait(&b, 200);
	bench_vote(&b, 0, VOTE_NULLIFY, 1, NULL);
	assert_false(b.up.key_used_elsewhere);
	bench_vote(&b, 0, VOTE_NOTARIZE, 1, &d);
	assert_true(b.up.key_used_elsewhere);
	bench_votes(&b, 6, VOTE_NULLIFY, 1, NULL);
	bench_wait(&b, 10000);
	assert_null(bench_sent_vote(&b, VOTE_NULLIFY, 2));
	bench_fini(&b);
	/* A proposal, and a vote within a certificate, count as well. */
	bench_init(&b, 1);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 1);
	bench_propose(&b, &h);
	assert_true(b.up.key_used_elsewhere);
	bench_fini(&b);
	bench_init(&b, 0);
	bench_start(&b);
	bench_certificate(&b, 7, VOTE_NULLIFY, 4, NULL);
	assert_true(b.up.key_used_elsewhere);
	bench_fini(&b);
}

static void a_node_never_votes_while_importing(void **state)
{
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_sync(&b, true);
	bench_work(&b, true);
	assert_true(b.up.timer_ms == CONSENSUS_NEVER);
	h = bench_block(&b, 1, NULL, 0);
	d = bench_digest(&b, &h);
	bench_propose(&b, &h);
	bench_wait(&b, 100000);
	assert_int_equal(b.up.message_count, 0);
	bench_votes(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d);
	assert_int_equal(bench_view(&b), 2);
	assert_int_equal(b.signed_count, 0);
	bench_sync(&b, false);
	assert_non_null(bench_sent_vote(&b, VOTE_FINALIZE, 1));
	bench_fini(&b);
}

static void a_node_left_behind_says_so_and_returns(void **state)
{
	struct consensus_event ev = {.kind = CONSENSUS_IMPORTED};
	struct block_header h;
	struct hash d = {{1}};
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_certificate(&b, OTHERS_OF_0, VOTE_FINALIZE, 500, &d);
	assert_int_equal(b.err, ERR_TOO_FAR);
	assert_true(b.up.behind);
	assert_int_equal(b.up.behind_view, 500);
	memset(&ev.imported, 0, sizeof(ev.imported));
	ev.imported.root.view = 500;
	ev.imported.root.height = 400;
	ev.imported.root.digest = d;
	bench_step(&b, &ev);
	assert_false(b.up.behind);
	assert_int_equal(bench_view(&b), 501);
	bench_step(&b, &ev);
	assert_int_equal(b.err, ERR_STALE);
	/* Two heights of blocks that are not here. */
	b.config.root = ev.imported.root;
	h = bench_block(&b, 505, NULL, 1);
	h.height += 4;
	h.parent.b[5] = 1;
	h.parent_view = 504;
	d = bench_digest(&b, &h);
	bench_propose(&b, &h);
	bench_certificate(&b, OTHERS_OF_0, VOTE_FINALIZE, 505, &d);
	assert_true(b.up.behind);
	assert_int_equal(b.up.behind_height, 405);
	assert_non_null(bench_asked(&b, ASK_BLOCK));
	bench_fini(&b);
}

/* Votes for what is far ahead cost no memory, and no signature check. */
static void what_is_far_ahead_is_neither_wanted_nor_kept(void **state)
{
	struct hash d = {{1}};
	struct vote v = {.what = {VOTE_NOTARIZE, 2, 32, {{1}}}, .voter = 2};
	struct block_header h;
	struct block_proposal p;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	assert_false(consensus_wants_vote(b.core, &v));
	bench_vote(&b, 2, VOTE_NOTARIZE, 32, &d);
	assert_int_equal(b.err, ERR_TOO_FAR);
	v.what.view = 31;
	assert_true(consensus_wants_vote(b.core, &v));
	v.what.view = 0;
	assert_false(consensus_wants_vote(b.core, &v));
	v.what.view = 3;
	v.what.epoch = 1;
	assert_false(consensus_wants_vote(b.core, &v));
	v.what.epoch = 2;
	v.voter = 4;
	assert_false(consensus_wants_vote(b.core, &v));
	memset(&p, 0, sizeof(p));
	h = bench_block(&b, 33, NULL, 1);
	p.header = h;
	assert_false(consensus_wants_proposal(b.core, &p));
	bench_propose(&b, &h);
	assert_int_equal(b.err, ERR_TOO_FAR);
	bench_fini(&b);
}

static void repeats_are_not_wanted_and_contradictions_once(void **state)
{
	struct hash d1 = {{1}}, d2 = {{2}};
	struct vote v = {.what = {VOTE_NOTARIZE, 2, 1, {{1}}}, .voter = 2};
	struct block_proposal p;
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	assert_true(consensus_wants_vote(b.core, &v));
	bench_vote(&b, 2, VOTE_NOTARIZE, 1, &d1);
	assert_false(consensus_wants_vote(b.core, &v));
	bench_vote(&b, 2, VOTE_NOTARIZE, 1, &d1);
	assert_int_equal(b.err, ERR_STALE);
	v.what.digest = d2;
	assert_true(consensus_wants_vote(b.core, &v));
	bench_vote(&b, 2, VOTE_NOTARIZE, 1, &d2);
	assert_false(consensus_wants_vote(b.core, &v));
	memset(&p, 0, sizeof(p));
	p.header = h = bench_block(&b, 1, NULL, 1);
	assert_true(consensus_wants_proposal(b.core, &p));
	bench_propose(&b, &h);
	assert_false(consensus_wants_proposal(b.core, &p));
	p.header.time_ms++;
	assert_true(consensus_wants_proposal(b.core, &p));
	h = p.header;
	bench_propose(&b, &h);
	p.header.time_ms++;
	assert_false(consensus_wants_proposal(b.core, &p));
	p.header.proposer = 2;
	assert_false(consensus_wants_proposal(b.core, &p));
	bench_propose(&b, &p.header);
	assert_int_equal(b.err, ERR_BAD_BLOCK);
	bench_fini(&b);
}

static void certificates_are_wanted_once(void **state)
{
	struct signature signatures[3];
	struct certificate c;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	memset(&c, 0, sizeof(c));
	memset(signatures, 0, sizeof(signatures));
	c.what.kind = VOTE_NULLIFY;
	c.what.epoch = 2;
	c.what.view = 1;
	c.voters.bits[0] = OTHERS_OF_0;
	c.count = 3;
	c.signatures = signatures;
	assert_true(consensus_wants_certificate(b.core, &c));
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	assert_false(consensus_wants_certificate(b.core, &c));
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	assert_int_equal(b.err, ERR_STALE);
	c.what.view = 90;
	assert_true(consensus_wants_certificate(b.core, &c));
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 90, NULL);
	assert_false(consensus_wants_certificate(b.core, &c));
	c.what.view = 2;
	c.voters.bits[0] = 6;
	c.count = 2;
	assert_false(consensus_wants_certificate(b.core, &c));
	bench_certificate(&b, 6, VOTE_NULLIFY, 2, NULL);
	assert_int_equal(b.err, ERR_BAD_CERTIFICATE);
	bench_fini(&b);
}

static void
certificates_that_contradict_each_other_raise_the_alarm(void **state)
{
	struct hash d1 = {{1}}, d2 = {{2}};
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d1);
	assert_false(b.up.forked);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d2);
	assert_true(b.up.forked);
	assert_int_equal(b.up.evidence_count, 3);
	bench_fini(&b);
	bench_init(&b, 0);
	bench_start(&b);
	bench_certificate(&b, OTHERS_OF_0, VOTE_FINALIZE, 1, &d1);
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	assert_true(b.up.forked);
	bench_fini(&b);
}

/* Records of older epochs are ignored; with a later one nothing is signed. */
static void records_of_other_epochs_do_not_count(void **state)
{
	struct voter voters[4];
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_work(&b, true);
	bench_wait(&b, 200);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	memcpy(voters, b.voters.voters, sizeof(voters));
	assert_int_equal(electorate_init(&b.voters, 3, voters, 4), ERR_OK);
	bench_restart(&b);
	assert_null(bench_sent(&b, MESSAGE_VOTE));
	bench_work(&b, true);
	bench_wait(&b, 200);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	assert_int_equal(electorate_init(&b.voters, 2, voters, 4), ERR_OK);
	b.signed_count = 0;
	bench_restart(&b);
	bench_work(&b, true);
	bench_votes(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	bench_wait(&b, 100000);
	assert_int_equal(b.signed_count, 0);
	bench_fini(&b);
}

static void a_damaged_record_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	bench_good_block(&b, &(struct block_header){0});
	{
		struct block_header h = bench_block(&b, 1, NULL, 1);

		bench_good_block(&b, &h);
	}
	bench_certificate(&b, OTHERS_OF_0, VOTE_NULLIFY, 1, NULL);
	assert_int_equal(b.log_count, 2);
	consensus_free(&b.core);
	b.core = consensus_new(&b.config);
	for (size_t k = 0; k < b.log_count; k++) {
		for (size_t size = 0; size < b.log[k].size; size++)
			assert_int_equal(
				consensus_recover(
					b.core,
					(struct bytes){b.log[k].data, size}),
				ERR_DATA_DAMAGED);
	}
	/* Another's vote, another block than the one voted for, no quorum. */
	b.log[0].data[49] ^= 1;
	assert_int_equal(
		consensus_recover(b.core,
				  (struct bytes){b.log[0].data, b.log[0].size}),
		ERR_DATA_DAMAGED);
	b.log[0].data[49] ^= 1;
	b.log[0].data[20] ^= 1;
	assert_int_equal(
		consensus_recover(b.core,
				  (struct bytes){b.log[0].data, b.log[0].size}),
		ERR_DATA_DAMAGED);
	bench_fini(&b);
}

static bool is_needed(const struct bench *b, struct bytes record,
		      uint64_t durable_view)
{
	uint64_t from = consensus_log_from(b->core, durable_view);

	/* A later epoch's records stay, an older one's go. */
	assert_true(consensus_record_reaches(record, 1, UINT64_MAX));
	assert_false(consensus_record_reaches(record, 3, 0));
	return consensus_record_reaches(record, b->voters.epoch, from);
}

/* What may be dropped from the log: nothing that could still be signed. */
static void settled_records_may_go_but_never_the_newest(void **state)
{
	struct block_header h;
	struct bytes record;
	struct hash d;
	struct bench b;
	size_t needed = 0;

	(void)state;
	bench_init(&b, 0);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_votes(&b, 6, VOTE_NOTARIZE, 1, &d);
	for (size_t k = 0; k < b.log_count; k++) {
		record = (struct bytes){b.log[k].data, b.log[k].size};
		assert_true(is_needed(&b, record, 0));
	}
	bench_votes(&b, 6, VOTE_FINALIZE, 1, &d);
	for (size_t k = 0; k < b.log_count; k++) {
		record = (struct bytes){b.log[k].data, b.log[k].size};
		/* The block is final and may be lost with the power. */
		assert_true(is_needed(&b, record, 0));
		needed += is_needed(&b, record, 1);
	}
	assert_int_equal(b.log_count, 3);
	assert_int_equal(needed, 1);
	bench_fini(&b);
}

static void an_observer_follows_and_never_signs(void **state)
{
	struct consensus_status s;
	struct block_header h;
	struct hash d;
	struct bench b;

	(void)state;
	bench_init(&b, CONSENSUS_OBSERVER);
	b.config.sign = NULL;
	bench_start(&b);
	bench_work(&b, true);
	h = bench_block(&b, 1, NULL, 1);
	d = bench_digest(&b, &h);
	bench_good_block(&b, &h);
	bench_wait(&b, 1000);
	bench_votes(&b, OTHERS_OF_0, VOTE_NOTARIZE, 1, &d);
	bench_votes(&b, OTHERS_OF_0, VOTE_FINALIZE, 1, &d);
	assert_int_equal(consensus_root(b.core)->height, 1);
	assert_int_equal(b.signed_count, 0);
	consensus_status(b.core, &s);
	assert_false(s.may_sign);
	bench_fini(&b);
}

/* Every kind, asked of the gate in every state a view can be in. */
static void the_gate_refuses_every_contradiction(void **state)
{
	struct statement s = {.epoch = 2, .view = 1};
	struct block_header h;
	struct bench b;

	(void)state;
	bench_init(&b, 1);
	bench_start(&b);
	h = bench_block(&b, 1, NULL, 0);
	s.digest = bench_digest(&b, &h);
	s.kind = VOTE_PROPOSAL;
	assert_true(consensus_sign_allowed(b.core, &s));
	s.kind = VOTE_NOTARIZE;
	assert_true(consensus_sign_allowed(b.core, &s));
	s.kind = VOTE_FINALIZE;
	assert_false(consensus_sign_allowed(b.core, &s));
	s.view = 2;
	for (int kind = VOTE_PROPOSAL; kind <= VOTE_FINALIZE; kind++) {
		s.kind = (enum vote_kind)kind;
		assert_false(consensus_sign_allowed(b.core, &s));
	}
	s.view = 1;
	bench_work(&b, true);
	bench_wait(&b, 200);
	assert_non_null(bench_sent_vote(&b, VOTE_NULLIFY, 1));
	s.kind = VOTE_PROPOSAL;
	assert_false(consensus_sign_allowed(b.core, &s));
	s.kind = VOTE_NULLIFY;
	assert_false(consensus_sign_allowed(b.core, &s));
	s.kind = VOTE_FINALIZE;
	assert_false(consensus_sign_allowed(b.core, &s));
	bench_certificate(&b, 13, VOTE_NOTARIZE, 1, &s.digest);
	assert_false(consensus_sign_allowed(b.core, &s));
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_nullified_keeps_the_notarization),
		cmocka_unit_test(half_and_half_ends_in_the_next_view),
		cmocka_unit_test(a_nullify_is_remembered_over_a_restart),
		cmocka_unit_test(a_notarize_is_remembered_with_its_block),
		cmocka_unit_test(no_rebroadcast_finalizes_what_was_nullified),
		cmocka_unit_test(no_timeout_nullifies_what_was_finalized),
		cmocka_unit_test(a_node_resumes_at_the_highest_recorded_view),
		cmocka_unit_test(a_store_ahead_of_the_log_is_gone_on_from),
		cmocka_unit_test(an_older_store_signs_nothing_below_the_log),
		cmocka_unit_test(
			of_two_notarized_blocks_at_a_height_one_is_final),
		cmocka_unit_test(at_a_standstill_all_is_said_again),
		cmocka_unit_test(an_equivocating_leader_is_shown_and_survived),
		cmocka_unit_test(
			contradictions_are_found_early_late_and_in_certificates),
		cmocka_unit_test(its_key_used_elsewhere_stops_a_node),
		cmocka_unit_test(a_node_never_votes_while_importing),
		cmocka_unit_test(a_node_left_behind_says_so_and_returns),
		cmocka_unit_test(what_is_far_ahead_is_neither_wanted_nor_kept),
		cmocka_unit_test(
			repeats_are_not_wanted_and_contradictions_once),
		cmocka_unit_test(certificates_are_wanted_once),
		cmocka_unit_test(
			certificates_that_contradict_each_other_raise_the_alarm),
		cmocka_unit_test(records_of_other_epochs_do_not_count),
		cmocka_unit_test(a_damaged_record_is_refused),
		cmocka_unit_test(settled_records_may_go_but_never_the_newest),
		cmocka_unit_test(an_observer_follows_and_never_signs),
		cmocka_unit_test(the_gate_refuses_every_contradiction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
