#include "consensus/consensus.h"

#include "base/arena.h"
#include "base/assert.h"
#include "consensus/state.h"

#include <stdlib.h>
#include <string.h>

void consensus_config_defaults(struct consensus_config *config)
{
	config->delta_ms = 200;
	config->delta_max_ms = 5000;
	config->heartbeat_ms = 5000;
	config->interval_ms = 6;
	config->drift_ms = 1000;
	config->window = CONSENSUS_DEFAULT_WINDOW;
}

struct consensus *consensus_new(const struct consensus_config *config)
{
	struct consensus *c = mem_alloc(sizeof(*c));

	assert(config->window >= 16 && config->window <= CONSENSUS_WINDOW_MAX);
	assert(config->delta_ms > 0 &&
	       config->delta_max_ms >= config->delta_ms);
	assert(config->me == CONSENSUS_OBSERVER ||
	       (config->me < config->voters->count && config->sign));
	c->config = *config;
	c->voters = *config->voters;
	c->config.voters = &c->voters;
	c->config.root_certificate = NULL;
	views_init(&c->views, &c->voters, config->window, config->root.view);
	output_init(c);
	c->log_position = config->log_position;
	rules_set_root(c, &config->root, config->root_certificate);
	c->recheck_ms = CONSENSUS_NEVER;
	return c;
}

void consensus_free(struct consensus **c)
{
	if (!*c)
		return;
	output_fini(*c);
	views_fini(&(*c)->views);
	free(*c);
	*c = NULL;
}

/* What the log brought back is counted like news. */
static void count_recovered(struct consensus *c)
{
	for (uint64_t v = c->root.view + 1; v < c->views.limit; v++) {
		struct slot *s;

		if (!views_peek(&c->views, v) || !output_has_room(c))
			continue;
		s = views_slot(&c->views, v);
		for (int k = VOTE_NOTARIZE; k <= VOTE_FINALIZE; k++) {
			struct signature signature;
			struct statement what;

			if (s->has[VOTE_INDEX(k)])
				rules_certified(c, s, (enum vote_kind)k);
			if (c->config.me == CONSENSUS_OBSERVER ||
			    !slot_vote(s, c->config.me, (enum vote_kind)k,
				       &what, &signature))
				continue;
			what.epoch = c->voters.epoch;
			rules_count(c, s, &what);
		}
	}
}

/* SPEC consensus 11: after a restart the node counts its own logged
 * votes again, resumes at the highest recorded view, and re-sends. */
static enum err start(struct consensus *c)
{
	if (c->started)
		return ERR_STALE;
	c->started = true;
	c->finalised_ms = c->now_ms;
	if (c->resume_view > c->view && c->resume_view < c->views.limit)
		c->view = c->resume_view;
	count_recovered(c);
	for (uint32_t i = 0; i < c->voters.count; i++)
		c->seen[i] = c->view;
	timers_rebroadcast(c);
	return ERR_OK;
}

static enum err payload_event(struct consensus *c,
			      const struct consensus_event *ev)
{
	for (uint64_t v = c->views.low; v < c->views.limit; v++) {
		struct held_block *block;

		if (!views_peek(&c->views, v))
			continue;
		block = slot_block(views_slot(&c->views, v),
				   &ev->payload.digest);
		if (!block)
			continue;
		if (block->payload != PAYLOAD_ASKED)
			return ERR_STALE;
		block->payload = ev->payload.verdict == PAYLOAD_VALID
					 ? PAYLOAD_GOOD
					 : PAYLOAD_BAD;
		return ERR_OK;
	}
	return ERR_STALE;
}

/* The parent is the one that was asked for: until the view changes it stays
 * the highest notarized one. */
static enum err built_event(struct consensus *c,
			    const struct consensus_event *ev)
{
	const struct block_header *parent = NULL;
	struct block_header h;

	if (ev->built.view != c->view || c->build != BUILD_ASKED)
		return ERR_STALE;
	c->build = BUILD_NOTHING;
	if (ev->built.nothing)
		return ERR_OK;
	memset(&h, 0, sizeof(h));
	h.epoch = c->voters.epoch;
	h.view = c->view;
	h.proposer = c->config.me;
	if (!rules_find_parent(c, &h.parent_view, &h.parent))
		return ERR_STALE;
	if (h.parent_view > c->root.view) {
		parent = consensus_block(c, &h.parent);
		if (!parent)
			return ERR_STALE;
	}
	h.height = (parent ? parent->height : c->root.height) + 1;
	h.time_ms = (parent ? parent->time_ms : c->root.time_ms) + 1;
	if (ev->built.time_ms > h.time_ms)
		h.time_ms = ev->built.time_ms;
	h.payload = ev->built.payload;
	h.evidence = ev->built.evidence;
	h.set_change = ev->built.set_change;
	if (!sign_proposal(c, views_slot(&c->views, c->view), &h))
		return ERR_SIGN_REFUSED;
	return ERR_OK;
}

static enum err imported_event(struct consensus *c,
			       const struct consensus_event *ev)
{
	const struct consensus_root *root = &ev->imported.root;

	if (root->height <= c->root.height || root->view <= c->root.view)
		return ERR_STALE;
	rules_set_root(c, root, ev->imported.certificate);
	if (c->resume_view > c->view && c->resume_view < c->views.limit)
		c->view = c->resume_view;
	for (uint32_t i = 0; i < c->voters.count; i++)
		c->seen[i] = c->view;
	return ERR_OK;
}

static enum err dispatch(struct consensus *c, const struct consensus_event *ev)
{
	switch (ev->kind) {
	case CONSENSUS_START:
		return start(c);
	case CONSENSUS_TIMER:
		return ERR_OK;
	case CONSENSUS_WORK:
		c->host_work = ev->work;
		if (ev->work && c->build == BUILD_NOTHING)
			c->build = BUILD_NONE;
		return ERR_OK;
	case CONSENSUS_PROPOSAL:
		return receive_proposal(c, ev);
	case CONSENSUS_VOTE:
		return receive_vote(c, &ev->vote);
	case CONSENSUS_CERTIFICATE:
		return receive_certificate(c, &ev->certificate);
	case CONSENSUS_REQUEST:
		return receive_request(c, ev);
	case CONSENSUS_BLOCK:
		return receive_block(c, &ev->block);
	case CONSENSUS_PAYLOAD:
		return payload_event(c, ev);
	case CONSENSUS_BUILT:
		return built_event(c, ev);
	case CONSENSUS_IMPORTED:
		return imported_event(c, ev);
	case CONSENSUS_SYNCING:
		c->syncing = ev->syncing;
		return ERR_OK;
	}
	return ERR_STALE;
}

enum err consensus_step(struct consensus *c, const struct consensus_event *ev,
			struct consensus_update *up)
{
	enum err err = ERR_NOT_READY;

	output_begin(c);
	c->now_ms = ev->now_ms > c->now_ms ? ev->now_ms : c->now_ms;
	c->wall_ms = ev->wall_ms;
	if (c->started || ev->kind == CONSENSUS_START) {
		err = dispatch(c, ev);
		rules_settle(c);
	}
	output_end(c, up);
	return err;
}

const struct block_header *consensus_block(const struct consensus *c,
					   const struct hash *digest)
{
	for (uint64_t v = c->views.limit; v-- > c->views.low;) {
		const struct held_block *block =
			views_block(&c->views, v, digest);

		if (block)
			return &block->header;
	}
	return NULL;
}

const struct signature *consensus_block_signature(const struct consensus *c,
						  const struct hash *digest)
{
	for (uint64_t v = c->views.limit; v-- > c->views.low;) {
		const struct held_block *block =
			views_block(&c->views, v, digest);

		if (block)
			return block->is_signed ? &block->signature : NULL;
	}
	return NULL;
}

const struct certificate *consensus_certificate(const struct consensus *c,
						enum vote_kind kind,
						uint64_t view)
{
	if (kind == VOTE_PROPOSAL)
		return NULL;
	if (kind == VOTE_FINALIZE && view == c->root.view &&
	    c->has_root_certificate)
		return &c->root_certificate;
	return slot_certificate(views_peek(&c->views, view), kind);
}

const struct consensus_root *consensus_root(const struct consensus *c)
{
	return &c->root;
}

void consensus_status(const struct consensus *c, struct consensus_status *out)
{
	memset(out, 0, sizeof(*out));
	out->epoch = c->voters.epoch;
	out->view = c->view;
	out->leader = electorate_leader(&c->voters, c->view);
	out->finalised_view = c->root.view;
	out->finalised_height = c->root.height;
	out->delta_ms = timers_delta(c);
	out->working = c->clock_ms != CONSENSUS_NEVER;
	out->syncing = c->syncing;
	out->may_sign = c->started && !c->stopped && !c->syncing &&
			c->config.me != CONSENSUS_OBSERVER &&
			c->unkept_view < c->view;
	for (uint32_t i = 0; i < c->voters.count; i++) {
		if (i == c->config.me || c->view <= c->seen[i] + SKIP_VIEWS)
			voter_set_add(&out->seen, i);
	}
}
