/* An observer's way of sealing: hand each transaction to a validator, and to
 * another one when that one refuses it or does not make it final in time. A
 * validator's side: admit it, and say so when it is refused.
 *
 * One validator's word is not enough to tell a client that its transaction is
 * refused: it may lie, lag behind, or have no room. Validators of more than f
 * weight must give the same reason, or all of them some reason. */
#include "node/state.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <string.h>

#define AGAIN_MS 2000

/* Tickets of forwarded transactions, apart from those of the admin socket. */
#define FORWARD_TICKET (UINT64_C(1) << 63)

/* --- An observer's side --- */

/* The next one that has not been tried in this round; NULL: none is up. */
static const struct public_key *next_validator(struct node *n,
					       struct tx_way *way)
{
	for (uint32_t i = 0; i < n->voters.count; i++) {
		uint32_t v = (n->forward.turn + i) % n->voters.count;

		if (voter_set_has(&way->tried, v) ||
		    !net_peer_is_up(n->net, &n->voter_keys[v]))
			continue;
		way->at = v;
		return &n->voter_keys[v];
	}
	return NULL;
}

static bool send_tx(struct node *n, const struct tx *tx, struct tx_way *way)
{
	const struct public_key *peer = next_validator(n, way);

	if (!peer)
		return false;
	if (net_send(n->net, peer, wire_kind_class(WIRE_TX_FORWARD),
		     WIRE_TX_FORWARD, tx->raw.data, tx->raw.size) != ERR_OK)
		return false;
	voter_set_add(&way->tried, way->at);
	return true;
}

void forward_ready(struct node *n)
{
	const struct tx *tx;
	struct tx_way *way;

	while ((tx = txpool_peek(n->txpool))) {
		txpool_find(n->txpool, &tx->id, &way);
		if (!send_tx(n, tx, way))
			return; /* Tried again every second. */
		txpool_pop(n->txpool, 0, clock_mono_ms());
	}
}

/* To one that has not been tried; when all have, a new round begins, in which
 * the one that has it now is last. */
static void send_again(void *context, const struct tx *tx)
{
	struct node *n = context;
	struct tx_way *way;

	txpool_find(n->txpool, &tx->id, &way);
	if (send_tx(n, tx, way))
		return;
	memset(&way->tried, 0, sizeof(way->tried));
	voter_set_add(&way->tried, way->at);
	if (send_tx(n, tx, way))
		return;
	memset(&way->tried, 0, sizeof(way->tried));
	if (!send_tx(n, tx, way))
		log_debug(NODE, "no validator can be reached");
}

void forward_stale(struct node *n)
{
	uint64_t now = clock_mono_ms();

	if (node_is_validator(n))
		return;
	n->forward.turn++; /* Another one than before. */
	forward_ready(n);
	if (now > AGAIN_MS)
		txpool_stale(n->txpool, now - AGAIN_MS, now, send_again, n);
}

/* Says nothing about the transaction, only about the validator. */
static bool is_own_trouble(enum err e)
{
	int number = (int)e;

	return e == ERR_BUSY || e == ERR_RATE_LIMITED ||
	       e == ERR_ALREADY_KNOWN || e == ERR_SHUTTING_DOWN ||
	       e == ERR_NOT_READY || e == ERR_NO_MEMORY ||
	       e == ERR_RPC_INTERNAL || (number >= 700 && number < 800);
}

static void add_refusal(struct tx_way *way, enum err code)
{
	uint32_t i = 0;

	while (i < way->refusal_count && way->refusals[i].voter != way->at)
		i++;
	if (i == way->refusal_count)
		way->refusals = mem_resize(way->refusals,
					   ++way->refusal_count *
						   sizeof(way->refusals[0]));
	way->refusals[i] = (struct tx_refusal){way->at, code};
}

static uint64_t weight_of(const struct node *n, const struct tx_way *way,
			  enum err code)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < way->refusal_count; i++) {
		if (way->refusals[i].code == code)
			weight +=
				n->voters.voters[way->refusals[i].voter].weight;
	}
	return weight;
}

/* The reason that most give, when it may be told; ERR_OK: not yet. */
static enum err verdict(const struct node *n, const struct tx_way *way)
{
	enum err best = ERR_OK;
	uint64_t most = 0;

	for (uint32_t i = 0; i < way->refusal_count; i++) {
		uint64_t weight = weight_of(n, way, way->refusals[i].code);

		if (weight > most) {
			most = weight;
			best = way->refusals[i].code;
		}
	}
	return most > electorate_faulty(&n->voters) ||
			       way->refusal_count == n->voters.count
		       ? best
		       : ERR_OK;
}

static void on_refusal(struct node *n, const struct wire_tx_result *m,
		       const struct tx *tx, struct tx_way *way)
{
	struct txpool_outcome outcome = {.id = m->id};
	enum err code = error_from_number(m->code);
	char text[WIRE_TEXT_BYTES_MAX + 1] = "";

	if (!is_own_trouble(code))
		add_refusal(way, code);
	outcome.refused = verdict(n, way);
	if (outcome.refused == ERR_OK) {
		/* When all have been tried, a new round comes in time. */
		if (!send_tx(n, tx, way))
			log_debug(NODE, "a refused transaction waits");
		return;
	}
	if (outcome.refused == code && m->text.size > 0)
		memcpy(text, m->text.data, m->text.size);
	outcome.text = text;
	txpool_decided(n->txpool, &outcome);
}

void forward_on_result(struct node *n, const struct public_key *peer,
		       struct bytes body)
{
	struct wire_tx_result m;
	const struct tx *tx;
	struct tx_way *way;

	if (node_is_validator(n) ||
	    wire_decode_tx_result(&m, node_arena_in(n, body.size), body,
				  NULL) != ERR_OK)
		return;
	tx = txpool_find(n->txpool, &m.id, &way);
	if (!tx || !voter_set_has(&way->tried, way->at) ||
	    !public_key_equal(peer, &n->voter_keys[way->at]))
		return;
	/* Final already by another way: the block tells, not the refusal. */
	if (m.code != ERR_OK && m.code != ERR_REPLAY)
		on_refusal(n, &m, tx, way);
}

/* --- A validator's side --- */

void forward_on_tx(struct node *n, const struct public_key *peer,
		   struct bytes body)
{
	struct forward_slot *slot;
	uint64_t number = n->forward.next++;

	if (!node_is_validator(n))
		return; /* Observers do not relay for each other. */
	slot = &n->forward.slots[number % FORWARD_SLOTS];
	slot->number = number;
	slot->peer = *peer;
	txpool_submit(n->txpool, body, false, FORWARD_TICKET | number,
		      serve_submissions(n, peer));
}

bool forward_is_ticket(uint64_t ticket)
{
	return ticket & FORWARD_TICKET;
}

void forward_answer(struct node *n, uint64_t ticket,
		    const struct txpool_outcome *outcome)
{
	uint64_t number = ticket & ~FORWARD_TICKET;
	const struct forward_slot *slot =
		&n->forward.slots[number % FORWARD_SLOTS];
	struct wire_tx_result m = {.id = outcome->id,
				   .code = (int32_t)outcome->refused};
	struct bytes body;

	if (outcome->refused == ERR_OK || slot->number != number)
		return;
	/* An honest observer forwards what it checked itself. */
	if (outcome->refused == ERR_BAD_SIGNATURE ||
	    outcome->refused == ERR_MALFORMED)
		net_peer_penalise(n->net, &slot->peer, 20,
				  "forwarded a transaction that is none");
	if (outcome->text)
		m.text = (struct bytes){(const uint8_t *)outcome->text,
					strlen(outcome->text)};
	body = wire_encode_tx_result(node_arena(n, 1024), &m);
	if (net_send(n->net, &slot->peer, wire_kind_class(WIRE_TX_RESULT),
		     WIRE_TX_RESULT, body.data, body.size) != ERR_OK)
		log_debug(NET, "a refusal could not be sent");
}
