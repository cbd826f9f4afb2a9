#include "consensus/state.h"

#include <string.h>

/* Views without a finalisation that double the delay. */
#define BACKOFF_VIEWS 4u
#define BACKOFF_SHIFT 16u
/* Views a re-broadcast covers at either end. */
#define REBROADCAST_VIEWS 12u
#define RESEND_SHIFT	  3u

/* SPEC consensus 9: grows with the views since the last finalised one, is
 * capped, and nothing but a finalisation resets it. */
uint64_t timers_delta(const struct consensus *c)
{
	uint64_t shift = (c->view - c->root.view - 1) / BACKOFF_VIEWS;
	uint64_t delta_ms;

	if (shift > BACKOFF_SHIFT)
		shift = BACKOFF_SHIFT;
	delta_ms = c->config.delta_ms << shift;
	return delta_ms < c->config.delta_max_ms ? delta_ms
						 : c->config.delta_max_ms;
}

static bool is_leader(const struct consensus *c)
{
	return electorate_leader(&c->voters, c->view) == c->config.me;
}

/* SPEC consensus 10: all others wait a message longer than the leader. */
bool timers_heartbeat_due(const struct consensus *c)
{
	uint64_t due_ms = c->config.heartbeat_ms;

	if (due_ms == 0)
		return false;
	if (!is_leader(c))
		due_ms += c->config.delta_ms;
	return c->now_ms - c->finalised_ms >= due_ms;
}

bool timers_nullify_heard(const struct consensus *c)
{
	const struct slot *s = views_peek(&c->views, c->view);

	for (uint32_t i = 0; s && i < c->voters.count; i++) {
		if (slot_has_voted(s, i, VOTE_NULLIFY))
			return true;
	}
	return false;
}

/* Is there a block above the root that has to become final? What is certified
 * and not held may be one. */
static bool is_content_pending(const struct consensus *c)
{
	for (uint64_t v = c->root.view + 1; v <= c->view; v++) {
		const struct slot *s = views_peek(&c->views, v);
		const struct hash *digest = slot_notarized(s);
		const struct held_block *block =
			digest ? views_block(&c->views, v, digest) : NULL;

		if (digest && (!block || block_has_content(&block->header)))
			return true;
		if (s && v == c->view && s->blocks[0].held &&
		    block_has_content(&s->blocks[0].header))
			return true;
	}
	return false;
}

/* SPEC consensus 10: timers run only while there is work. A NULLIFY for the
 * current view says that somebody has some. */
static bool is_working(const struct consensus *c)
{
	return !c->syncing &&
	       (c->host_work || timers_heartbeat_due(c) ||
		timers_nullify_heard(c) || is_content_pending(c));
}

bool timers_empty_allowed(const struct consensus *c)
{
	if (timers_heartbeat_due(c) || timers_nullify_heard(c))
		return true;
	return c->clock_ms != CONSENSUS_NEVER &&
	       c->now_ms - c->clock_ms >= timers_delta(c) / 2;
}

static bool is_due(const struct consensus *c, uint64_t at_ms)
{
	return at_ms != CONSENSUS_NEVER && c->now_ms >= at_ms;
}

static bool has_nullified(const struct consensus *c)
{
	const struct slot *s = views_peek(&c->views, c->view);

	return s && c->config.me != CONSENSUS_OBSERVER &&
	       slot_has_voted(s, c->config.me, VOTE_NULLIFY);
}

/* SPEC consensus 9: a leader unseen for several views is skipped early. */
static bool is_leader_unseen(const struct consensus *c)
{
	uint32_t leader = electorate_leader(&c->voters, c->view);

	return leader != c->config.me && c->view > c->seen[leader] + SKIP_VIEWS;
}

/* SPEC consensus 1, 5: 2 delta for the proposal, 3 delta for progress. */
static void run_view_timers(struct consensus *c)
{
	const struct slot *s = views_peek(&c->views, c->view);
	uint64_t delta_ms = timers_delta(c);
	uint64_t elapsed_ms = c->now_ms - c->clock_ms;

	if (has_nullified(c))
		return;
	if (elapsed_ms >= 3 * delta_ms ||
	    (elapsed_ms >= 2 * delta_ms && !(s && s->blocks[0].held)))
		rules_nullify(c);
	else if (is_leader_unseen(c))
		rules_nullify_at_once(c);
}

static void send_own_votes(struct consensus *c, uint64_t view)
{
	const struct slot *s = views_peek(&c->views, view);
	struct vote vote;

	if (!s || c->config.me == CONSENSUS_OBSERVER)
		return;
	for (int k = VOTE_NOTARIZE; k <= VOTE_FINALIZE; k++) {
		vote.voter = c->config.me;
		if (!slot_vote(s, c->config.me, (enum vote_kind)k, &vote.what,
			       &vote.signature))
			continue;
		vote.what.epoch = c->voters.epoch;
		output_vote(c, CONSENSUS_ALL, &vote);
	}
}

static void send_certificates(struct consensus *c, uint64_t view)
{
	const struct slot *s = views_peek(&c->views, view);

	for (int k = VOTE_NOTARIZE; k <= VOTE_FINALIZE; k++) {
		const struct certificate *held =
			slot_certificate(s, (enum vote_kind)k);

		if (held)
			output_certificate(c, CONSENSUS_ALL, held);
	}
}

/* What the host has not answered is asked once more. */
static void ask_again(struct consensus *c)
{
	for (uint64_t v = c->root.view + 1; v < c->views.limit; v++) {
		struct slot *s;

		if (!views_peek(&c->views, v))
			continue;
		s = views_slot(&c->views, v);
		s->asked_proofs = false;
		if (s->wants)
			output_ask_block(c, v, &s->wanted);
		for (int i = 0; i < 2; i++) {
			if (s->blocks[i].held &&
			    s->blocks[i].payload == PAYLOAD_ASKED)
				output_ask_payload(c, &s->blocks[i]);
		}
	}
}

static void send_own_proposal(struct consensus *c)
{
	const struct slot *s = views_peek(&c->views, c->view);

	if (s && is_leader(c) && s->blocks[0].held && s->blocks[0].is_signed)
		output_proposal(c, &s->blocks[0]);
}

/* SPEC consensus 5: the NULLIFY again, with what led into the view. */
static void resend(struct consensus *c)
{
	uint64_t delta_ms = timers_delta(c);
	uint32_t shift = c->resends < RESEND_SHIFT ? c->resends : RESEND_SHIFT;

	if (c->resend_ms == CONSENSUS_NEVER) {
		c->resend_ms = c->now_ms + 2 * delta_ms;
		return;
	}
	if (!is_due(c, c->resend_ms))
		return;
	c->resends++;
	c->resend_ms = c->now_ms + (2 * delta_ms << shift);
	if (c->entry_view != 0)
		send_certificates(c, c->entry_view);
	send_own_proposal(c);
	send_own_votes(c, c->view);
	ask_again(c);
}

/* SPEC consensus 8: the highest finalisation, the certificates and own votes
 * above it, bounded; and a question, for a node that has fallen behind has
 * less to tell than to learn. */
void timers_rebroadcast(struct consensus *c)
{
	uint64_t first = c->root.view + 1;
	uint64_t last = c->view;

	if (c->has_root_certificate)
		output_certificate(c, CONSENSUS_ALL, &c->root_certificate);
	for (uint64_t v = first; v <= last; v++) {
		if (v >= first + REBROADCAST_VIEWS &&
		    v + REBROADCAST_VIEWS < last)
			continue;
		send_certificates(c, v);
		send_own_votes(c, v);
	}
	send_own_proposal(c);
	while (first < last && views_peek(&c->views, first) &&
	       (slot_certificate(views_peek(&c->views, first), VOTE_NOTARIZE) ||
		slot_certificate(views_peek(&c->views, first), VOTE_NULLIFY)))
		first++;
	output_request(c, CONSENSUS_ALL, first);
	ask_again(c);
}

static void run_standstill(struct consensus *c)
{
	uint64_t interval_ms = 5 * timers_delta(c);

	if (MUTANT(NO_STANDSTILL))
		return;
	if (c->standstill_ms == CONSENSUS_NEVER) {
		c->standstill_ms = c->now_ms + interval_ms;
		return;
	}
	if (!is_due(c, c->standstill_ms))
		return;
	c->standstill_ms = c->now_ms + interval_ms;
	c->stalled_view = c->final_view;
	if (MUTANT(NULLIFY_AFTER_FINALIZE))
		sign_nullify(c, c->view - 1);
	timers_rebroadcast(c);
}

void timers_run(struct consensus *c)
{
	if (!is_working(c)) {
		c->clock_ms = CONSENSUS_NEVER;
		c->standstill_ms = CONSENSUS_NEVER;
		return;
	}
	if (c->clock_ms == CONSENSUS_NEVER)
		c->clock_ms = c->now_ms;
	run_view_timers(c);
	if (has_nullified(c))
		resend(c);
	run_standstill(c);
}

static void sooner(const struct consensus *c, uint64_t *next_ms, uint64_t at_ms)
{
	if (at_ms == CONSENSUS_NEVER)
		return;
	if (at_ms < c->now_ms)
		at_ms = c->now_ms;
	if (at_ms < *next_ms)
		*next_ms = at_ms;
}

/* When the leader may build, if the host has not been asked to. */
static void next_build(const struct consensus *c, uint64_t *next_ms)
{
	uint64_t interval_ms = c->block_ms + c->config.interval_ms;
	uint64_t empty_ms = c->clock_ms + timers_delta(c) / 2;

	if (!is_leader(c) || c->build == BUILD_ASKED)
		return;
	if (interval_ms > c->now_ms)
		sooner(c, next_ms, interval_ms);
	if (empty_ms > c->now_ms)
		sooner(c, next_ms, empty_ms);
}

uint64_t timers_next(const struct consensus *c)
{
	uint64_t next_ms = CONSENSUS_NEVER;
	uint64_t delta_ms = timers_delta(c);
	const struct slot *s = views_peek(&c->views, c->view);

	if (!c->started || c->syncing)
		return CONSENSUS_NEVER;
	if (c->recheck_ms > c->now_ms)
		sooner(c, &next_ms, c->recheck_ms);
	if (c->clock_ms == CONSENSUS_NEVER) {
		if (c->config.heartbeat_ms != 0)
			sooner(c, &next_ms,
			       c->finalised_ms + c->config.heartbeat_ms +
				       (is_leader(c) ? 0 : c->config.delta_ms));
		return next_ms;
	}
	if (has_nullified(c))
		sooner(c, &next_ms, c->resend_ms);
	else if (c->now_ms < c->clock_ms + 2 * delta_ms &&
		 !(s && s->blocks[0].held))
		sooner(c, &next_ms, c->clock_ms + 2 * delta_ms);
	else if (c->now_ms < c->clock_ms + 3 * delta_ms)
		sooner(c, &next_ms, c->clock_ms + 3 * delta_ms);
	sooner(c, &next_ms, c->standstill_ms);
	next_build(c, &next_ms);
	return next_ms;
}
