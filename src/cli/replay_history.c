/* A recorded election with the history that its voters had: before a vote
 * opens each of them gets the stake that the file gives it, by transfers from
 * a reserve or back to it. */
#include "cli/replay.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cli/render.h"
#include "crypto/keystore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A vote lasts this long, and that for each of its ballots. */
#define VOTING_MS	 3000u
#define VOTING_BALLOT_MS 4u
#define END_WAIT_MS	 60000u

static int by_voter(const void *a, const void *b, void *arg)
{
	const struct election *el = arg;
	const uint32_t *x = a, *y = b;
	int order = strcmp(el->ballots[*x].voter, el->ballots[*y].voter);

	return order ? order : (*x > *y) - (*x < *y);
}

void history_voters(struct replay *r)
{
	const struct election *el = &r->election;
	uint32_t *order = mem_alloc((el->ballot_count + 1u) * sizeof(*order));

	for (uint32_t i = 0; i < el->ballot_count; i++)
		order[i] = i;
	qsort_r(order, el->ballot_count, sizeof(*order), by_voter,
		(void *)(uintptr_t)el);
	r->voters = mem_alloc((el->ballot_count + 1u) * sizeof(*r->voters));
	r->voter_of = mem_alloc((el->ballot_count + 1u) * sizeof(uint32_t));
	for (uint32_t i = 0; i < el->ballot_count; i++) {
		const struct election_ballot *b = &el->ballots[order[i]];
		struct replay_voter *v = &r->voters[r->voter_count];

		if (r->voter_count > 0 && strcmp(v[-1].name, b->voter) == 0)
			v--;
		else
			r->voter_count++;
		v->name = b->voter;
		if (b->power > v->most)
			v->most = b->power;
		r->voter_of[order[i]] = (uint32_t)(v - r->voters);
	}
	free(order);
}

void history_fini(struct replay *r)
{
	free(r->voters);
	free(r->voter_of);
}

void history_name(const struct replay *r, uint32_t voter,
		  char out[REPLAY_NAME_BYTES])
{
	snprintf(out, REPLAY_NAME_BYTES, "voter-%s", r->voters[voter].name);
}

/* Too much for any network is told where accounts are made. */
uint64_t history_reserve(const struct replay *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->voter_count; i++)
		if (__builtin_add_overflow(sum, r->voters[i].most, &sum))
			return UINT64_MAX;
	return sum;
}

uint64_t history_voting_ms(const struct replay *r)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < r->election.proposal_count; i++)
		if (r->election.proposals[i].sums.ballots > most)
			most = r->election.proposals[i].sums.ballots;
	return VOTING_MS + VOTING_BALLOT_MS * (uint64_t)most;
}

/* A key's account on a network that ran before; on a new one all is 0. */
static enum err learn_voters(struct replay *r)
{
	enum err e = ERR_OK;

	for (uint32_t i = 0; r->running && !e && i < r->voter_count; i++) {
		struct replay_voter *v = &r->voters[i];
		char name[REPLAY_NAME_BYTES];
		struct secret_key *key;

		history_name(r, i, name);
		e = replay_key(r, name, &key, &r->text);
		if (e)
			break;
		e = replay_account(r, key, &v->nonce, &v->stake);
		secret_key_free(&key);
	}
	return e;
}

static enum err add_transfer(struct replay *r, const struct secret_key *from,
			     uint64_t nonce, const struct public_key *to,
			     uint64_t amount)
{
	const struct payload payload = {.kind = PAYLOAD_TRANSFER,
					.transfer = {*to, amount}};

	return bulk_add(&r->bulk, from, nonce, &payload, &r->text);
}

/* One voter's transfer that brings it to `wanted`, when that is the way asked
 * for: back to the reserve, or from it. */
static enum err adjust(struct replay *r, uint32_t voter, uint64_t wanted,
		       const struct secret_key *reserve, uint64_t *nonce)
{
	struct replay_voter *v = &r->voters[voter];
	char name[REPLAY_NAME_BYTES];
	struct secret_key *key;
	enum err e;

	if (nonce ? v->stake >= wanted : v->stake <= wanted)
		return ERR_OK;
	history_name(r, voter, name);
	e = replay_key(r, name, &key, &r->text);
	if (e)
		return e;
	if (nonce)
		e = add_transfer(r, reserve, (*nonce)++, secret_key_public(key),
				 wanted - v->stake);
	else
		e = add_transfer(r, key, v->nonce++, secret_key_public(reserve),
				 v->stake - wanted);
	/* The reserve's nonces are taken best in their order. */
	if (!e && nonce)
		r->bulk.items[r->bulk.count - 1].lane = 0;
	secret_key_free(&key);
	v->stake = wanted;
	return e;
}

/* First what goes back, then what goes out: the reserve is never short. */
static enum err set_stakes(struct replay *r, uint32_t proposal,
			   const struct secret_key *reserve, uint64_t *nonce)
{
	const struct election *el = &r->election;
	enum err e = ERR_OK;

	for (int out = 0; !e && out < 2; out++) {
		for (uint32_t i = 0; !e && i < el->ballot_count; i++) {
			const struct election_ballot *b = &el->ballots[i];

			if (b->proposal == proposal)
				e = adjust(r, r->voter_of[i], b->power, reserve,
					   out ? nonce : NULL);
		}
		if (!e && r->bulk.count > 0)
			e = replay_send(r, NULL);
		bulk_clear(&r->bulk);
	}
	return e;
}

static enum err open_vote(struct replay *r, uint32_t proposal,
			  const struct secret_key *proposer, uint64_t nonce)
{
	struct election_proposal *p = &r->election.proposals[proposal];
	enum err e = replay_submit(r, proposer, nonce, proposal);

	if (!e)
		e = replay_send(r, NULL);
	if (!e)
		p->number = r->bulk.items[0].proposal;
	bulk_clear(&r->bulk);
	return e ? e : lab_wait_voting(&r->lab, &p->number, 1, &r->text);
}

static enum err cast(struct replay *r, uint32_t proposal)
{
	const struct election *el = &r->election;
	enum err e = ERR_OK;

	for (uint32_t i = 0; !e && i < el->ballot_count; i++) {
		const struct election_ballot *b = &el->ballots[i];
		uint32_t voter = r->voter_of[i];
		char name[REPLAY_NAME_BYTES];
		struct secret_key *key;

		if (b->proposal != proposal || b->power == 0)
			continue;
		history_name(r, voter, name);
		e = replay_key(r, name, &key, &r->text);
		if (e)
			break;
		e = replay_ballot(r, key, r->voters[voter].nonce++, b);
		secret_key_free(&key);
	}
	if (!e && r->bulk.count > 0)
		e = replay_send(r, NULL);
	bulk_clear(&r->bulk);
	return e;
}

struct hands {
	struct secret_key *proposer, *reserve;
	uint64_t proposer_nonce, reserve_nonce;
};

static enum err take_hands(struct replay *r, struct hands *h)
{
	enum err e = replay_key(r, REPLAY_PROPOSER, &h->proposer, &r->text);

	if (!e)
		e = replay_key(r, REPLAY_RESERVE, &h->reserve, &r->text);
	if (!e)
		e = replay_account(r, h->proposer, &h->proposer_nonce, NULL);
	if (!e)
		e = replay_account(r, h->reserve, &h->reserve_nonce, NULL);
	return e;
}

enum err history_run(struct replay *r)
{
	uint32_t count = r->election.proposal_count;
	struct progress progress;
	struct hands h = {0};
	enum err e = take_hands(r, &h);

	if (!e)
		e = learn_voters(r);
	progress_begin(&progress, r->cli, "votes", "votes", count);
	for (uint32_t i = 0; !e && i < count; i++) {
		e = set_stakes(r, i, h.reserve, &h.reserve_nonce);
		if (!e)
			e = open_vote(r, i, h.proposer, h.proposer_nonce++);
		if (!e)
			e = cast(r, i);
		if (!e)
			e = lab_wait_ended(
				&r->lab, r->election.proposals[i].number,
				2 * history_voting_ms(r) + END_WAIT_MS,
				&r->text);
		progress_step(&progress, i + 1);
	}
	secret_key_free(&h.proposer);
	secret_key_free(&h.reserve);
	return e;
}
