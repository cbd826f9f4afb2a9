#include "governance/internal.h"

#include <string.h>

#define RECORD_VERSION 2
#define FLAG_ABSTAIN   1u
#define FLAG_STRICT    2u

bool governance_owns_key(struct bytes key)
{
	return key.size > 0 &&
	       memchr("ABCDFGKPQRSVWXYZ", key.data[0], 16) != NULL;
}

static void key_start(struct governance_key *out, struct writer *w,
		      enum governance_record kind)
{
	writer_init(w, out->data, sizeof(out->data));
	write_u8(w, (uint8_t)kind);
}

static void key_of_number(struct governance_key *out,
			  enum governance_record kind, uint32_t number)
{
	struct writer w;

	key_start(out, &w, kind);
	write_u32(&w, number);
	out->size = w.size;
}

void governance_key_account(struct governance_key *out, uint32_t account)
{
	key_of_number(out, RECORD_ACCOUNT, account);
}

static void key_of_voter(struct governance_key *out,
			 enum governance_record kind, uint32_t proposal,
			 uint32_t account)
{
	struct writer w;

	key_start(out, &w, kind);
	write_u32(&w, proposal);
	write_u32(&w, account);
	out->size = w.size;
}

void governance_key_ballot(struct governance_key *out, uint32_t proposal,
			   uint32_t account)
{
	key_of_voter(out, RECORD_BALLOT, proposal, account);
}

void governance_key_carried(struct governance_key *out, uint32_t proposal,
			    uint32_t account)
{
	key_of_voter(out, RECORD_CARRIED, proposal, account);
}

void governance_key_edges(struct governance_key *out, uint32_t account)
{
	key_of_number(out, RECORD_EDGES, account);
}

void governance_key_single(struct governance_key *out,
			   enum governance_record kind)
{
	struct writer w;

	key_start(out, &w, kind);
	out->size = w.size;
}

void governance_key_public_key(struct governance_key *out,
			       const struct public_key *key)
{
	struct writer w;

	key_start(out, &w, RECORD_PUBLIC_KEY);
	write_bytes(&w, key->b, sizeof(key->b));
	out->size = w.size;
}

void governance_key_proposal(struct governance_key *out, uint32_t proposal)
{
	key_of_number(out, RECORD_PROPOSAL, proposal);
}

void governance_key_reason(struct governance_key *out, uint32_t proposal)
{
	key_of_number(out, RECORD_REASON, proposal);
}

void governance_key_act(struct governance_key *out, uint32_t act)
{
	key_of_number(out, RECORD_ACT, act);
}

void governance_key_vetoes(struct governance_key *out, uint32_t proposal)
{
	key_of_number(out, RECORD_VETOES, proposal);
}

void governance_key_texts(struct governance_key *out, uint32_t proposal)
{
	key_of_number(out, RECORD_TEXTS, proposal);
}

void governance_key_actions(struct governance_key *out, uint32_t proposal)
{
	key_of_number(out, RECORD_ACTIONS, proposal);
}

void governance_key_watch(struct governance_key *out, uint32_t proposal)
{
	key_of_number(out, RECORD_WATCH, proposal);
}

void governance_key_alert(struct governance_key *out, uint32_t alert)
{
	key_of_number(out, RECORD_ALERT, alert);
}

static enum err result_of(const struct reader *r)
{
	return reader_done(r) ? ERR_OK : ERR_DATA_DAMAGED;
}

/* Read a number that may be at most `max`. */
static uint32_t read_u8_max(struct reader *r, uint8_t max)
{
	uint8_t v = read_u8(r);

	if (v > max)
		r->bad = true;
	return v;
}

static uint16_t read_u16_max(struct reader *r, uint16_t max)
{
	uint16_t v = read_u16(r);

	if (v > max)
		r->bad = true;
	return v;
}

void ballot_record_write(struct writer *w, const struct ballot_record *b)
{
	write_u8(w, (uint8_t)b->choice);
	write_u8(w, b->changes);
	write_varint(w, b->position);
	write_varint(w, b->nonce);
	write_varint(w, b->height);
	write_varint(w, b->tokens);
	write_varint(w, b->reputation);
	write_varint(w, b->reason.size);
	write_bytes(w, b->reason.data, b->reason.size);
}

enum err ballot_record_read(struct ballot_record *out, struct bytes value)
{
	struct reader r;
	uint64_t position, reason;

	reader_init(&r, value.data, value.size);
	out->choice = (enum choice)read_u8_max(&r, CHOICES);
	out->changes = (uint8_t)read_u8_max(&r, LIMIT_BALLOT_CHANGES);
	position = read_varint(&r);
	out->position = (uint32_t)position;
	out->nonce = read_varint(&r);
	out->height = read_varint(&r);
	out->tokens = read_varint(&r);
	out->reputation = read_varint(&r);
	reason = read_varint(&r);
	if (reason > LIMIT_REASON_BYTES)
		return ERR_DATA_DAMAGED;
	out->reason.size = (size_t)reason;
	out->reason.data = read_lend(&r, out->reason.size);
	if (out->choice == 0 || position >= LIMIT_ACCOUNTS ||
	    out->tokens > LIMIT_STAKE_TOTAL ||
	    out->reputation > LIMIT_REPUTATION_TOTAL)
		return ERR_DATA_DAMAGED;
	return result_of(&r);
}

/* Targets and times that stand for none are 0, others count from 1. */
void edges_record_write(struct writer *w, const struct edges_record *e)
{
	uint32_t serial = 0;

	write_varint(w, e->last_serial);
	write_varint(w, e->change_epoch);
	write_varint(w, e->changes);
	write_varint(w, e->count);
	for (uint32_t i = 0; i < e->count; i++) {
		const struct edge *edge = &e->edge[i];

		write_u8(w, edge->kind);
		write_u8(w, edge->types);
		write_varint(w, (uint32_t)(edge->target + 1));
		write_varint(w, edge->serial - serial);
		write_varint(w, edge->from);
		write_varint(w, edge_is_alive(edge) ? 0
						    : edge->until - edge->from);
		write_varint(w, edge->expires_ms == EDGE_FOREVER
					? 0
					: edge->expires_ms);
		write_varint(w, edge->amount);
		serial = edge->serial;
	}
}

static void read_edge(struct reader *r, struct edge *e, uint32_t last_serial)
{
	uint64_t lasts;

	e->kind = (uint8_t)read_u8_max(r, DELEGATION_LIMITED);
	e->types = (uint8_t)read_u8_max(r, DELEGATION_TYPES_ALL);
	e->target = (uint32_t)read_varint_max(r, LIMIT_ACCOUNTS) - 1;
	e->serial = last_serial +
		    (uint32_t)read_varint_max(r, UINT32_MAX - last_serial);
	e->from = read_varint(r);
	lasts = read_varint(r);
	e->until = lasts == 0 ? EDGE_FOREVER : e->from + lasts;
	e->expires_ms = read_varint(r);
	if (e->expires_ms == 0)
		e->expires_ms = EDGE_FOREVER;
	e->amount = read_varint(r);
	if (e->kind == 0 || e->serial == last_serial || e->until <= e->from ||
	    (e->types != 0) != (e->kind == DELEGATION_CONDITIONAL) ||
	    (e->amount != 0) != (e->kind == DELEGATION_LIMITED) ||
	    (e->target == EDGE_NOBODY && e->kind != DELEGATION_CONDITIONAL))
		r->bad = true;
}

enum err edges_record_read(struct edges_record *out, struct bytes value)
{
	uint32_t serial = 0;
	struct reader r;

	memset(out, 0, sizeof(*out));
	reader_init(&r, value.data, value.size);
	out->last_serial = (uint32_t)read_varint_max(&r, UINT32_MAX);
	out->change_epoch = (uint32_t)read_varint_max(&r, UINT32_MAX);
	out->changes = (uint32_t)read_varint_max(&r, UINT32_MAX);
	out->count = (uint32_t)read_varint_max(&r, EDGES_KEPT_MAX);
	for (uint32_t i = 0; i < out->count; i++) {
		read_edge(&r, &out->edge[i], serial);
		serial = out->edge[i].serial;
	}
	if (serial > out->last_serial || out->last_serial == 0)
		r.bad = true;
	return result_of(&r);
}

void texts_record_write(struct writer *w, struct bytes title,
			struct bytes description)
{
	write_blob(w, title.data, title.size);
	write_blob(w, description.data, description.size);
}

enum err texts_record_read(struct bytes *title, struct bytes *description,
			   struct bytes value)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	*title = read_blob(&r, LIMIT_TITLE_BYTES);
	*description = read_blob(&r, LIMIT_DESCRIPTION_BYTES);
	return result_of(&r);
}

void reason_record_write(struct writer *w, struct bytes reason)
{
	write_blob(w, reason.data, reason.size);
}

enum err reason_record_read(struct bytes *reason, struct bytes value)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	*reason = read_blob(&r, LIMIT_REASON_BYTES);
	return result_of(&r);
}

/* The bounds keep the arithmetic of a tally inside its integers. */
static void bound_power(struct reader *r, const struct power *p)
{
	if (p->tokens > LIMIT_STAKE_TOTAL || p->quadratic > UINT64_C(1) << 60 ||
	    p->reputation > LIMIT_REPUTATION_TOTAL)
		r->bad = true;
}

void carried_record_write(struct writer *w, const struct power *p)
{
	write_varint(w, p->tokens);
	write_varint(w, p->quadratic);
	write_varint(w, p->reputation);
}

enum err carried_record_read(struct power *out, struct bytes value)
{
	struct reader r;

	reader_init(&r, value.data, value.size);
	out->tokens = read_varint(&r);
	out->quadratic = read_varint(&r);
	out->reputation = read_varint(&r);
	bound_power(&r, out);
	return result_of(&r);
}

static void write_power(struct writer *w, const struct power *p)
{
	write_u64(w, p->tokens);
	write_u64(w, p->quadratic);
	write_u64(w, p->reputation);
}

static void read_power(struct reader *r, struct power *p)
{
	p->tokens = read_u64(r);
	p->quadratic = read_u64(r);
	p->reputation = read_u64(r);
	bound_power(r, p);
}

static void write_sum(struct writer *w, const struct power_sum *s)
{
	write_power(w, &s->power);
	write_u32(w, s->voters);
}

static void read_sum(struct reader *r, struct power_sum *s)
{
	read_power(r, &s->power);
	s->voters = read_u32(r);
	if (s->voters > LIMIT_ACCOUNTS)
		r->bad = true;
}

void tally_write(struct writer *w, const struct tally *t)
{
	for (size_t i = 0; i < CHOICES; i++)
		write_sum(w, &t->choice[i]);
	for (size_t i = 0; i < CHOICES; i++)
		write_power(w, &t->carried[i]);
}

void tally_read(struct reader *r, struct tally *t)
{
	for (size_t i = 0; i < CHOICES; i++)
		read_sum(r, &t->choice[i]);
	for (size_t i = 0; i < CHOICES; i++)
		read_power(r, &t->carried[i]);
}

static void write_rules(struct writer *w, const struct rules *rules)
{
	write_u8(w, (uint8_t)rules->mechanism);
	write_u8(w, rules->weight_tokens);
	write_u8(w, rules->weight_reputation);
	write_u8(w,
		 (uint8_t)((rules->quorum_counts_abstain ? FLAG_ABSTAIN : 0) |
			   (rules->approval_strict ? FLAG_STRICT : 0)));
	write_u16(w, rules->quorum_bp);
	write_u16(w, rules->approval_bp);
	write_u16(w, rules->floor_bp);
	write_u16(w, rules->carry_cap_bp);
	write_u8(w, rules->depth);
	write_u64(w, rules->delay_ms);
	write_u64(w, rules->voting_ms);
	write_u64(w, rules->late_window_ms);
	write_u64(w, rules->timelock_ms);
	write_u64(w, rules->vote_min_stake);
}

static void read_rules(struct reader *r, struct rules *rules)
{
	uint32_t flags;

	rules->mechanism = (enum mechanism)read_u8_max(r, MECHANISM_HYBRID);
	rules->weight_tokens = (uint8_t)read_u8_max(r, 100);
	rules->weight_reputation = (uint8_t)read_u8_max(r, 100);
	flags = read_u8_max(r, FLAG_ABSTAIN | FLAG_STRICT);
	rules->quorum_counts_abstain = (flags & FLAG_ABSTAIN) != 0;
	rules->approval_strict = (flags & FLAG_STRICT) != 0;
	rules->quorum_bp = read_u16_max(r, 10000);
	rules->approval_bp = read_u16_max(r, 10000);
	rules->floor_bp = read_u16_max(r, 10000);
	rules->carry_cap_bp = read_u16_max(r, 10000);
	rules->depth = (uint8_t)read_u8_max(r, LIMIT_DELEGATION_DEPTH);
	rules->delay_ms = read_u64(r);
	rules->voting_ms = read_u64(r);
	rules->late_window_ms = read_u64(r);
	rules->timelock_ms = read_u64(r);
	rules->vote_min_stake = read_u64(r);
	if (rules->mechanism == 0 || rules->depth == 0 ||
	    rules->late_window_ms > rules->voting_ms)
		r->bad = true;
}

void proposal_record_write(struct writer *w, const struct proposal *p)
{
	write_u8(w, RECORD_VERSION);
	write_bytes(w, p->id.b, sizeof(p->id.b));
	write_bytes(w, p->text_hash.b, sizeof(p->text_hash.b));
	write_bytes(w, p->actions_hash.b, sizeof(p->actions_hash.b));
	write_u8(w, (uint8_t)p->action_count);
	write_u32(w, p->proposer);
	write_u64(w, p->nonce);
	write_u8(w, (uint8_t)p->type);
	write_u8(w, (uint8_t)p->state);
	write_u8(w, (uint8_t)p->reason);
	write_rules(w, &p->rules);
	write_u64(w, p->created_ms);
	write_u64(w, p->expires_ms);
	write_u64(w, p->submitted_ms);
	write_u64(w, p->voting_start_ms);
	write_u64(w, p->voting_end_ms);
	write_u64(w, p->ended_ms);
	write_u64(w, p->deposit);
	write_u64(w, p->burnt);
	write_u32(w, p->ratifies);
	write_u8(w, p->overridden);
	write_u64(w, p->execute_after_ms);
	write_u32(w, (uint32_t)p->failure);
	write_u64(w, p->snapshot_height);
	write_u32(w, p->snapshot_epoch);
	write_sum(w, &p->total);
	tally_write(w, &p->tally);
}

enum err proposal_record_read(struct proposal *out, uint32_t number,
			      struct bytes value)
{
	struct reader r;

	memset(out, 0, sizeof(*out));
	reader_init(&r, value.data, value.size);
	out->number = number;
	if (read_u8(&r) != RECORD_VERSION)
		return ERR_DATA_DAMAGED;
	read_copy(&r, out->id.b, sizeof(out->id.b));
	read_copy(&r, out->text_hash.b, sizeof(out->text_hash.b));
	read_copy(&r, out->actions_hash.b, sizeof(out->actions_hash.b));
	out->action_count = read_u8_max(&r, LIMIT_ACTIONS);
	out->proposer = read_u32(&r);
	out->nonce = read_u64(&r);
	out->type = (enum proposal_type)read_u8_max(&r, PROPOSAL_TYPES);
	out->state = (enum proposal_state)read_u8_max(&r, PROPOSAL_STATES);
	out->reason = (enum proposal_reason)read_u8_max(&r, REASON_VETOED);
	read_rules(&r, &out->rules);
	out->created_ms = read_u64(&r);
	out->expires_ms = read_u64(&r);
	out->submitted_ms = read_u64(&r);
	out->voting_start_ms = read_u64(&r);
	out->voting_end_ms = read_u64(&r);
	out->ended_ms = read_u64(&r);
	out->deposit = read_u64(&r);
	out->burnt = read_u64(&r);
	out->ratifies = read_u32(&r);
	out->overridden = read_u8_max(&r, 1) == 1;
	out->execute_after_ms = read_u64(&r);
	out->failure = (enum err)read_u32(&r);
	out->snapshot_height = read_u64(&r);
	out->snapshot_epoch = read_u32(&r);
	read_sum(&r, &out->total);
	tally_read(&r, &out->tally);
	if (out->type == 0 || out->state == 0)
		return ERR_DATA_DAMAGED;
	return result_of(&r);
}

void globals_record_write(struct writer *w, const struct governance *g)
{
	write_u8(w, RECORD_VERSION);
	write_bytes(w, g->genesis.b, sizeof(g->genesis.b));
	write_u32(w, g->accounts.count);
	write_sum(w, &g->accounts.total);
	write_u64(w, g->stake);
	write_u64(w, g->treasury);
	write_u32(w, g->accounts.epoch);
	write_u64(w, g->epoch_start_ms);
	write_u32(w, g->entry_count);
	write_u32(w, g->opened);
	write_u32(w, g->edges.principals);
	write_u32(w, g->watchers.alert_count);
	write_u32(w, g->acts.count);
	write_u32(w, g->vetoed);
}

void globals_record_take(struct reader *r, struct governance *g)
{
	struct power_sum total;

	read_u8(r);
	read_lend(r, HASH_BYTES);
	read_u32(r);
	read_sum(r, &total);
	read_u64(r);
	g->treasury = read_u64(r);
	g->accounts.epoch = read_u32(r);
	g->epoch_start_ms = read_u64(r);
}
