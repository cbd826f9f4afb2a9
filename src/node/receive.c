/* Messages from peers: decoded, checked, and handed to whom they concern.
 * What only a broken or hostile node sends counts against its sender. */
#include "node/state.h"

#include "base/assert.h"
#include "base/log.h"
#include "net/codec.h"

#include <stdlib.h>

static uint32_t voter_of(const struct node *n, const struct public_key *peer)
{
	int i = electorate_find(&n->voters, peer);

	return i < 0 ? CONSENSUS_OBSERVER : (uint32_t)i;
}

/* A signature that does not hold costs the check of all before it, and nobody
 * sends one by mistake: once is enough to be muted (net_peer_penalise). */
static uint32_t points_for(enum err e)
{
	bool forged = e == ERR_BAD_SIGNATURE || e == ERR_BAD_CERTIFICATE ||
		      e == ERR_BAD_EVIDENCE;

	return forged ? 100 : 20;
}

static void blame(struct node *n, const struct public_key *peer, enum err e,
		  const char *what, const struct err_text *text)
{
	char why[ERR_TEXT_BYTES + 64];

	snprintf(why, sizeof(why), "%s: %s%s%s", what, error_name(e),
		 text->text[0] ? ": " : "", text->text);
	net_peer_penalise(n->net, peer, points_for(e), why);
}

static enum err check_statement(struct node *n, const struct statement *s,
				uint32_t voter,
				const struct signature *signature)
{
	return statement_verify(s, voter, signature, &n->voters,
				&n->genesis_hash, drive_verify, n);
}

static void on_vote(struct node *n, const struct public_key *peer,
		    struct bytes body)
{
	struct consensus_event ev = {.kind = CONSENSUS_VOTE,
				     .from = voter_of(n, peer)};
	struct err_text text = {""};
	struct reader r;
	enum err e;

	reader_init(&r, body.data, body.size);
	vote_read(&r, &ev.vote);
	if (!reader_done(&r)) {
		blame(n, peer, ERR_PEER_MALFORMED, "vote", &text);
		return;
	}
	if (!consensus_wants_vote(n->consensus, &ev.vote))
		return;
	e = check_statement(n, &ev.vote.what, ev.vote.voter,
			    &ev.vote.signature);
	if (e == ERR_OK)
		drive_event(n, &ev);
	else
		blame(n, peer, e, "vote", &text);
}

static void on_certificate(struct node *n, const struct public_key *peer,
			   struct bytes body)
{
	struct consensus_event ev = {.kind = CONSENSUS_CERTIFICATE,
				     .from = voter_of(n, peer)};
	struct err_text text = {""};
	struct reader r;
	enum err e;

	reader_init(&r, body.data, body.size);
	certificate_read(&r, &ev.certificate);
	if (!reader_done(&r)) {
		blame(n, peer, ERR_PEER_MALFORMED, "certificate", &text);
		return;
	}
	if (!consensus_wants_certificate(n->consensus, &ev.certificate))
		return;
	e = certificate_verify(&ev.certificate, &n->voters, &n->genesis_hash,
			       drive_verify, n);
	if (e == ERR_OK)
		drive_event(n, &ev);
	else
		blame(n, peer, e, "certificate", &text);
}

/* The proofs worth having, checked; those held already are left out. */
static enum err read_proofs(struct node *n, const struct wire_proposal *m,
			    struct certificate *proofs, uint32_t *count)
{
	*count = 0;
	for (size_t i = 0; i < m->proof_count; i++) {
		struct certificate *c = &proofs[*count];
		struct reader r;
		enum err e;

		reader_init(&r, m->proofs[i].data, m->proofs[i].size);
		certificate_read(&r, c);
		if (!reader_done(&r))
			return ERR_PEER_MALFORMED;
		if (!consensus_wants_certificate(n->consensus, c))
			continue;
		e = certificate_verify(c, &n->voters, &n->genesis_hash,
				       drive_verify, n);
		if (e != ERR_OK)
			return e;
		(*count)++;
	}
	return ERR_OK;
}

static enum err check_leader(struct node *n, const struct block_proposal *p)
{
	struct statement s = {.kind = VOTE_PROPOSAL,
			      .epoch = p->header.epoch,
			      .view = p->header.view};

	block_digest(&s.digest, &n->genesis_hash, &p->header);
	return check_statement(n, &s, p->header.proposer, &p->signature);
}

static enum err take_proposal(struct node *n, const struct public_key *peer,
			      const struct wire_proposal *m,
			      struct err_text *text)
{
	struct consensus_event ev = {.kind = CONSENSUS_PROPOSAL,
				     .from = voter_of(n, peer)};
	struct certificate proofs[CONSENSUS_PROOFS_MAX];
	const struct certificate *list[CONSENSUS_PROOFS_MAX];
	struct pooled_block *b;
	struct reader r;
	enum err e;

	reader_init(&r, m->header.data, m->header.size);
	block_header_read(&r, &ev.proposal.header);
	ev.proposal.signature = m->signature;
	if (!reader_done(&r) || m->proof_count > CONSENSUS_PROOFS_MAX)
		return ERR_PEER_MALFORMED;
	if (!consensus_wants_proposal(n->consensus, &ev.proposal))
		return ERR_OK;
	e = check_leader(n, &ev.proposal);
	if (e == ERR_OK)
		e = read_proofs(n, m, proofs, &ev.proposal.proof_count);
	if (e == ERR_OK)
		e = blockpool_add(n->blocks, &b, &ev.proposal.header,
				  m->payload, text);
	if (e != ERR_OK)
		return e;
	for (uint32_t i = 0; i < ev.proposal.proof_count; i++)
		list[i] = &proofs[i];
	ev.proposal.proofs = list;
	b->from = ev.from;
	payload_block_known(n, b);
	drive_event(n, &ev);
	return ERR_OK;
}

static void on_proposal(struct node *n, const struct public_key *peer,
			struct bytes body)
{
	struct err_text text = {""};
	struct wire_proposal m;
	enum err e = wire_decode_proposal(&m, node_arena_in(n, body.size), body,
					  &text);

	if (e == ERR_OK)
		e = take_proposal(n, peer, &m, &text);
	if (e == ERR_BUSY)
		log_error(NODE, "a proposal is left out: %s", text.text);
	else if (e != ERR_OK)
		blame(n, peer, e, "proposal", &text);
}

static void on_certificate_request(struct node *n,
				   const struct public_key *peer,
				   struct bytes body)
{
	struct consensus_event ev = {.kind = CONSENSUS_REQUEST,
				     .from = voter_of(n, peer)};
	struct wire_certificate_request m;
	struct err_text text = {""};
	enum err e = wire_decode_certificate_request(
		&m, node_arena_in(n, body.size), body, &text);

	if (e != ERR_OK) {
		blame(n, peer, e, "certificate request", &text);
		return;
	}
	ev.request.epoch = m.epoch;
	ev.request.view = m.view;
	drive_event(n, &ev);
}

/* --- Blocks and batches asked for --- */

static void send_body(struct node *n, const struct public_key *peer,
		      uint8_t kind, struct bytes body)
{
	if (body.data && net_send(n->net, peer, wire_kind_class(kind), kind,
				  body.data, body.size) != ERR_OK)
		log_debug(NET, "an answer (%s) could not be sent",
			  wire_kind_name(kind));
}

static void on_block_request(struct node *n, const struct public_key *peer,
			     struct bytes body)
{
	uint8_t header[BLOCK_HEADER_BYTES];
	struct wire_block_request m;
	struct wire_block answer = {.certificate = {NULL, 0}};
	const struct pooled_block *b;
	struct err_text text = {""};
	struct writer w;

	if (wire_decode_block_request(&m, node_arena_in(n, body.size), body,
				      &text) != ERR_OK) {
		blame(n, peer, ERR_PEER_MALFORMED, "block request", &text);
		return;
	}
	b = blockpool_find(n->blocks, &m.digest);
	if (!b)
		return;
	writer_init(&w, header, sizeof(header));
	block_header_write(&w, &b->header);
	answer.header = (struct bytes){header, w.size};
	answer.payload = blockpool_payload(b);
	send_body(
		n, peer, WIRE_BLOCK,
		wire_encode_block(node_arena(n, LIMIT_MESSAGE_BYTES), &answer));
	free((void *)answer.payload.data);
}

/* Only what was asked for: anybody can make up a header. */
static enum err take_block(struct node *n, struct pooled_block **out,
			   struct block_header *header,
			   const struct wire_block *m, struct err_text *text)
{
	struct hash digest;
	struct reader r;

	*out = NULL;
	reader_init(&r, m->header.data, m->header.size);
	block_header_read(&r, header);
	if (!reader_done(&r))
		return ERR_PEER_MALFORMED;
	block_digest(&digest, &n->genesis_hash, header);
	if (!blockpool_is_expected(n->blocks, &digest))
		return ERR_OK; /* It came by another way, or unasked. */
	return blockpool_add(n->blocks, out, header, m->payload, text);
}

static void on_block(struct node *n, const struct public_key *peer,
		     struct bytes body)
{
	struct consensus_event ev = {.kind = CONSENSUS_BLOCK,
				     .from = voter_of(n, peer)};
	struct err_text text = {""};
	struct pooled_block *b = NULL;
	struct wire_block m;
	enum err e =
		wire_decode_block(&m, node_arena_in(n, body.size), body, &text);

	if (e == ERR_OK)
		e = take_block(n, &b, &ev.block, &m, &text);
	if (e == ERR_BUSY)
		log_error(NODE, "a block is left out: %s", text.text);
	else if (e != ERR_OK)
		blame(n, peer, e, "block", &text);
	if (!b)
		return;
	b->from = ev.from;
	payload_block_known(n, b);
	drive_event(n, &ev);
	commit_run(n);
}

static void on_batch(struct node *n, const struct public_key *peer,
		     struct bytes body)
{
	struct err_text text = {""};
	enum err e;

	if (drive_is_full(n))
		return; /* Asked for again when a block lists it. */
	e = batchpool_receive(n->batches, body, peer, &text);
	if (e == ERR_BUSY)
		log_debug(NODE, "batch left out: %s", text.text);
	else if (e != ERR_OK)
		blame(n, peer, e, "batch", &text);
}

static void on_batch_request(struct node *n, const struct public_key *peer,
			     struct bytes body)
{
	struct wire_batch_request m;
	const struct pooled_batch *b;
	struct err_text text = {""};
	struct batch_ref ref;
	struct store_key key;
	uint8_t *value;
	size_t size;

	if (wire_decode_batch_request(&m, node_arena_in(n, body.size), body,
				      &text) != ERR_OK) {
		blame(n, peer, ERR_PEER_MALFORMED, "batch request", &text);
		return;
	}
	if (!serve_may_read(n, peer))
		return;
	b = batchpool_find(n->batches, &m.digest);
	if (b && b->state == BATCH_HELD) {
		serve_charge(n, peer, b->size);
		send_body(n, peer, WIRE_BATCH, (struct bytes){b->raw, b->size});
		return;
	}
	ref = (struct batch_ref){m.origin, m.sequence, m.digest};
	key = key_batch(&ref);
	if (blockstore_get(n->store, &key, &value, &size) != ERR_OK)
		return;
	serve_charge(n, peer, size);
	send_body(n, peer, WIRE_BATCH, (struct bytes){value, size});
	free(value);
}

/* --- The rest --- */

static void on_evidence(struct node *n, const struct public_key *peer,
			struct bytes body)
{
	struct err_text text = {""};
	enum err e = evidence_take(n, body);

	if (e != ERR_OK)
		blame(n, peer, e, "evidence", &text);
}

static void on_tip(struct node *n, const struct public_key *peer,
		   struct bytes body)
{
	struct err_text text = {""};
	struct wire_tip m;

	if (wire_decode_tip(&m, node_arena_in(n, body.size), body, &text) !=
	    ERR_OK)
		blame(n, peer, ERR_PEER_MALFORMED, "tip", &text);
	else
		sync_on_tip(n, peer, m.height);
}

/* Consensus listens to validators only; a validator is never an observer's
 * client. */
static void from_validator(struct node *n, const struct public_key *peer,
			   uint8_t kind, struct bytes body)
{
	switch (kind) {
	case WIRE_PROPOSAL:
		on_proposal(n, peer, body);
		break;
	case WIRE_VOTE:
		on_vote(n, peer, body);
		break;
	case WIRE_CERTIFICATE:
		on_certificate(n, peer, body);
		break;
	case WIRE_CERTIFICATE_REQUEST:
		on_certificate_request(n, peer, body);
		break;
	case WIRE_BLOCK_REQUEST:
		on_block_request(n, peer, body);
		break;
	case WIRE_BLOCK:
		on_block(n, peer, body);
		break;
	case WIRE_BATCH:
		on_batch(n, peer, body);
		break;
	case WIRE_CHECKPOINT_VOTE:
		checks_on_vote(n, peer, body);
		break;
	case WIRE_TX_RESULT:
		forward_on_result(n, peer, body);
		break;
	default:
		log_debug(NET, "message of unknown kind %u", kind);
		break;
	}
}

void receive_message(void *context, const struct public_key *peer, uint8_t kind,
		     struct bytes body)
{
	struct node *n = context;

	if (n->stopping)
		return;
	switch (kind) {
	case WIRE_TIP:
		on_tip(n, peer, body);
		break;
	case WIRE_SYNC_REQUEST:
		serve_on_request(n, peer, body);
		break;
	case WIRE_SYNC_BLOCKS:
		sync_on_blocks(n, peer, body);
		break;
	case WIRE_BATCH_REQUEST:
		on_batch_request(n, peer, body);
		break;
	case WIRE_EVIDENCE:
		if (serve_may_read(n, peer))
			on_evidence(n, peer, body);
		break;
	case WIRE_CHECKPOINT_REQUEST:
		if (serve_may_read(n, peer))
			checks_on_request(n, peer, body);
		break;
	case WIRE_CHECKPOINT:
		checks_on_certificate(n, peer, body);
		break;
	case WIRE_TX_FORWARD:
		forward_on_tx(n, peer, body);
		break;
	default:
		if (voter_of(n, peer) != CONSENSUS_OBSERVER)
			from_validator(n, peer, kind, body);
		break;
	}
}

void receive_peer_again(void *context, const struct public_key *peer)
{
	struct node *n = context;

	sync_on_peer_up(n);
	sync_tell(n);
	evidence_tell(n, peer);
}

void receive_peer_up(void *context, const struct public_key *peer)
{
	backend_publish_peer(context, peer, true);
	receive_peer_again(context, peer);
}

void receive_peer_down(void *context, const struct public_key *peer)
{
	backend_publish_peer(context, peer, false);
	sync_on_peer_down(context, peer);
}
