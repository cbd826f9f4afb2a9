/* An observer's way of sealing: hand each transaction to a validator, and to
 * another one when it does not become final in time. A validator's side:
 * admit it, and say so when it is refused. */
#include "node/state.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <string.h>

#define AGAIN_MS 2000

/* Tickets of forwarded transactions, apart from those of the admin socket. */
#define FORWARD_TICKET (UINT64_C(1) << 63)

static const struct public_key *next_validator(struct node *n)
{
	for (uint32_t tried = 0; tried < n->voters.count; tried++) {
		const struct public_key *key =
			&n->voter_keys[n->forward.turn % n->voters.count];

		if (net_peer_is_up(n->net, key))
			return key;
		n->forward.turn++;
	}
	return NULL;
}

static bool send_tx(struct node *n, const struct tx *tx)
{
	const struct public_key *peer = next_validator(n);

	return peer &&
	       net_send(n->net, peer, wire_kind_class(WIRE_TX_FORWARD),
			WIRE_TX_FORWARD, tx->raw.data, tx->raw.size) == ERR_OK;
}

void forward_ready(struct node *n)
{
	const struct tx *tx;

	while ((tx = txpool_peek(n->txpool))) {
		if (!send_tx(n, tx))
			return; /* Tried again every second. */
		txpool_pop(n->txpool, clock_mono_ms());
	}
}

static void send_again(void *context, const struct tx *tx)
{
	struct node *n = context;

	if (!send_tx(n, tx))
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

void forward_on_tx(struct node *n, const struct public_key *peer,
		   struct bytes body)
{
	unsigned slot = n->forward.next++ % FORWARD_SLOTS;

	if (!node_is_validator(n))
		return; /* Observers do not relay for each other. */
	n->forward.peers[slot] = *peer;
	txpool_submit(n->txpool, body, false, FORWARD_TICKET | slot);
}

bool forward_is_ticket(uint64_t ticket)
{
	return ticket & FORWARD_TICKET;
}

void forward_answer(struct node *n, uint64_t ticket,
		    const struct txpool_outcome *outcome)
{
	const struct public_key *peer =
		&n->forward.peers[ticket % FORWARD_SLOTS];
	struct wire_tx_result m = {.id = outcome->id,
				   .code = (int32_t)outcome->refused};
	struct bytes body;

	/* Busy is not for the client: the observer tries another one. */
	if (outcome->refused == ERR_OK || outcome->refused == ERR_BUSY)
		return;
	if (outcome->text)
		m.text = (struct bytes){(const uint8_t *)outcome->text,
					strlen(outcome->text)};
	body = wire_encode_tx_result(node_arena(n, 1024), &m);
	if (net_send(n->net, peer, wire_kind_class(WIRE_TX_RESULT),
		     WIRE_TX_RESULT, body.data, body.size) != ERR_OK)
		log_debug(NET, "a refusal could not be sent");
}

void forward_on_result(struct node *n, struct bytes body)
{
	struct txpool_outcome outcome = {0};
	char text[WIRE_TEXT_BYTES_MAX + 1];
	struct wire_tx_result m;

	if (wire_decode_tx_result(&m, node_arena_in(n, body.size), body,
				  NULL) != ERR_OK)
		return;
	memcpy(text, m.text.data ? m.text.data : (const uint8_t *)"",
	       m.text.size);
	text[m.text.size] = '\0';
	outcome.id = m.id;
	outcome.refused = error_from_number(m.code);
	outcome.text = text;
	/* Final already by another way: the block tells, not the refusal. */
	if (outcome.refused == ERR_OK || outcome.refused == ERR_REPLAY)
		return;
	txpool_decided(n->txpool, &outcome);
}
