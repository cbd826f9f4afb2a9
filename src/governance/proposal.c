#include "governance/proposal.h"

static const char *const reason_texts[] = {
	[REASON_NONE] = "",
	[REASON_NO_POWER] = "nobody has power in this mechanism",
	[REASON_BELOW_QUORUM] = "quorum not met",
	[REASON_BELOW_FLOOR] = "token floor not met",
	[REASON_NOT_APPROVED] = "approval not met",
	[REASON_BY_PROPOSER] = "cancelled by its proposer",
	[REASON_DRAFT_EXPIRED] = "draft not published in time",
	[REASON_VETOED] = "vetoed by the council",
	[REASON_EXECUTION] = "its actions could not be executed",
	[REASON_BELOW_STAKE] = "its proposer no longer holds the least stake",
};

const char *proposal_reason_text(uint32_t reason)
{
	if (reason >= sizeof(reason_texts) / sizeof(reason_texts[0]))
		return NULL;
	return reason_texts[reason];
}

static void add_blob(struct hasher *h, struct bytes blob)
{
	uint8_t size[4];
	struct writer w;

	writer_init(&w, size, sizeof(size));
	write_u32(&w, (uint32_t)blob.size);
	hasher_add(h, size, sizeof(size));
	hasher_add(h, blob.data, blob.size);
}

void proposal_text_hash(struct hash *out, struct bytes title,
			struct bytes description)
{
	struct hasher h;

	hasher_init(&h, "bcai-gov/text/1");
	add_blob(&h, title);
	add_blob(&h, description);
	hasher_final(&h, out);
}

void proposal_compute_id(struct hash *out, const struct hash *genesis,
			 const struct public_key *proposer,
			 const struct proposal *p)
{
	uint8_t bytes[3 * HASH_BYTES + PUBLIC_KEY_BYTES + 9];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_bytes(&w, genesis->b, sizeof(genesis->b));
	write_bytes(&w, proposer->b, sizeof(proposer->b));
	write_u64(&w, p->nonce);
	write_u8(&w, (uint8_t)p->type);
	write_bytes(&w, p->actions_hash.b, sizeof(p->actions_hash.b));
	write_bytes(&w, p->text_hash.b, sizeof(p->text_hash.b));
	hash_bytes(out, "bcai-gov/proposal/1", bytes, w.size);
}

void proposal_snapshot(struct snapshot *out, const struct proposal *p)
{
	out->height = p->snapshot_height;
	out->time_ms = p->voting_start_ms;
	out->vote_min_stake = p->rules.vote_min_stake;
	out->epoch = p->snapshot_epoch;
}

bool proposal_is_open(const struct proposal *p)
{
	return p->state == STATE_SUBMITTED || p->state == STATE_VOTING;
}

bool proposal_was_opened(const struct proposal *p)
{
	return p->state != STATE_DRAFT && p->state != STATE_SUBMITTED &&
	       p->snapshot_height > 0;
}

uint64_t proposal_deadline_ms(const struct proposal *p)
{
	switch (p->state) {
	case STATE_DRAFT:
		return p->expires_ms;
	case STATE_SUBMITTED:
		return p->voting_start_ms;
	case STATE_VOTING:
		return p->voting_end_ms;
	case STATE_QUEUED:
		return p->execute_after_ms;
	case STATE_EXECUTED:
	case STATE_EXECUTION_FAILED:
	case STATE_PASSED:
	case STATE_REJECTED:
	case STATE_CANCELLED:
	case STATE_EXPIRED:
		break;
	}
	return 0;
}

bool proposal_needs_actions(const struct proposal *p)
{
	switch (p->state) {
	case STATE_DRAFT:
	case STATE_SUBMITTED:
	case STATE_VOTING:
	case STATE_PASSED:
	case STATE_QUEUED:
		return p->action_count > 0;
	case STATE_CANCELLED: /* A veto may be overridden. */
		return p->action_count > 0 && p->reason == REASON_VETOED;
	case STATE_EXECUTED:
	case STATE_EXECUTION_FAILED:
	case STATE_REJECTED:
	case STATE_EXPIRED:
		break;
	}
	return false;
}

#define TO(state) (1u << (state))

/* SPEC governance 7: Life of a proposal. */
static const unsigned may_become[] = {
	[0] = TO(STATE_DRAFT) | TO(STATE_SUBMITTED),
	[STATE_DRAFT] =
		TO(STATE_SUBMITTED) | TO(STATE_CANCELLED) | TO(STATE_EXPIRED),
	[STATE_SUBMITTED] = TO(STATE_VOTING) | TO(STATE_CANCELLED),
	[STATE_VOTING] =
		TO(STATE_PASSED) | TO(STATE_REJECTED) | TO(STATE_CANCELLED),
	[STATE_PASSED] = TO(STATE_QUEUED) | TO(STATE_CANCELLED),
	[STATE_QUEUED] = TO(STATE_EXECUTED) | TO(STATE_EXECUTION_FAILED) |
			 TO(STATE_CANCELLED),
	[STATE_EXECUTED] = 0,
	[STATE_EXECUTION_FAILED] = 0,
	[STATE_REJECTED] = 0,
	/* When a veto is overridden. */
	[STATE_CANCELLED] = TO(STATE_PASSED) | TO(STATE_QUEUED),
	[STATE_EXPIRED] = 0,
};

bool proposal_may_become(uint32_t from, enum proposal_state to)
{
	return from < sizeof(may_become) / sizeof(may_become[0]) &&
	       (may_become[from] & TO(to)) != 0;
}
