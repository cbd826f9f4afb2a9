/* A validator that does not keep the rules.
 *
 * usage: byzantine ATTACK DATA-FOLDER GENESIS-HASH INDEX PUBKEY@HOST:PORT...
 *
 * It speaks with the key of a stopped node, validator INDEX (of an observer's
 * key: a stranger, whatever the INDEX), proves it like
 * any node, waits until every peer named is up, does its worst, says "done" on
 * its output and stays connected until it is ended. The nodes it attacks are
 * real ones; each attack is one that a correct node must survive. */
#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/hex.h"
#include "consensus/certificate.h"
#include "crypto/keystore.h"
#include "ledger/batch_fault.h"
#include "ledger/checkpoint.h"
#include "net/net.h"
#include "proto/codec_tx.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX  16
#define TICK_S	   0.02
#define VALID_MS   600000u
#define ARENA_SIZE (4u * LIMIT_MESSAGE_BYTES)

struct villain;

struct attack {
	const char *name;
	/* Each tick until it says that all is done; after that only when
	 * `again`. */
	bool (*strike)(struct villain *v);
	/* What a peer says; may be NULL. */
	void (*hear)(struct villain *v, const struct public_key *peer,
		     uint8_t kind, struct bytes body);
	bool again;
	bool first_only; /* to begin, the first peer up is enough, not all */
};

/* What it needs to lead the view after `what.view`: the block that this view
 * notarized, and the votes for it. */
struct turn {
	struct statement what;
	struct block_header header;
	bool has_header;
	struct voter_set voters;
	struct signature signatures[VOTERS_MAX]; /* by voter */
};

struct villain {
	const struct attack *attack;
	struct net *net;
	struct hash genesis;
	struct secret_key *key;
	struct secret_key *author; /* of transactions; no account */
	uint32_t me;
	uint64_t view; /* as told last */
	struct public_key peers[PEERS_MAX];
	size_t peer_count;
	bool done;
	struct arena arena;  /* emptied before each strike and message */
	struct bytes answer; /* to whoever asks for blocks; owned */
	struct turn turn;
	bool led;
};

/* --- Tools --- */

static void tell_all(struct villain *v, uint8_t kind, struct bytes body)
{
	assert(body.data);
	net_broadcast_peers(v->net, wire_kind_class(kind), kind, body.data,
			    body.size);
}

static void tell(struct villain *v, const struct public_key *peer, uint8_t kind,
		 struct bytes body)
{
	enum err e;

	assert(body.data);
	e = net_send(v->net, peer, wire_kind_class(kind), kind, body.data,
		     body.size);
	if (e != ERR_OK)
		fprintf(stderr, "%s: %s\n", wire_kind_name(kind),
			error_name(e));
}

/* A transaction of nobody the network knows; its signature holds, unless it is
 * to be forged. */
static struct tx make_tx(struct villain *v, uint32_t number, bool forged)
{
	const struct payload payload = {.kind = PAYLOAD_PUBLISH,
					.publish = {.proposal = number}};
	const struct codec_tx_request request = {
		.key = v->author,
		.genesis = &v->genesis,
		.payload = &payload,
		.valid_until_ms = clock_wall_ms() + VALID_MS,
	};
	struct err_text text = {""};
	struct tx tx = {0};
	struct bytes body;
	uint8_t *raw;
	enum err e = codec_tx_sign(&tx.raw, &tx.id, &v->arena, &request, &text);

	assert(e == ERR_OK);
	raw = arena_alloc(&v->arena, tx.raw.size);
	assert(raw);
	memcpy(raw, tx.raw.data, tx.raw.size);
	raw[tx.raw.size - 1] ^= forged;
	tx.raw.data = raw;
	e = tx_split(&body, &tx.signature, tx.raw, &text);
	assert(e == ERR_OK);
	return tx;
}

/* A batch of one transaction, signed; in the arena. */
static struct bytes make_batch(struct villain *v, uint64_t sequence,
			       const struct tx *tx)
{
	uint8_t *buffer = arena_alloc(&v->arena, LIMIT_BATCH_BYTES);
	struct batch_builder b;
	struct hash digest;
	bool fits;

	assert(buffer);
	batch_begin(&b, buffer, LIMIT_BATCH_BYTES, &v->genesis, v->me,
		    sequence);
	fits = batch_add(&b, tx);
	assert(fits);
	return batch_seal(&b, &digest, v->key);
}

/* --- Attacks --- */

/* Two batches that differ under one sequence, to all. */
static bool strike_twins(struct villain *v)
{
	for (uint32_t i = 1; i <= 2; i++) {
		struct tx tx = make_tx(v, i, false);

		tell_all(v, WIRE_BATCH, make_batch(v, 5, &tx));
	}
	return true;
}

/* One batch; the first peer gets it with a signature that does not hold. */
static bool strike_poison(struct villain *v)
{
	struct tx tx = make_tx(v, 1, false);
	struct bytes raw = make_batch(v, 5, &tx);

	/* First, so that it is there before anybody lists the batch. */
	((uint8_t *)raw.data)[raw.size - 1] ^= 1;
	tell(v, &v->peers[0], WIRE_BATCH, raw);
	((uint8_t *)raw.data)[raw.size - 1] ^= 1;
	for (size_t i = 1; i < v->peer_count; i++)
		tell(v, &v->peers[i], WIRE_BATCH, raw);
	return true;
}

/* A batch with a forged transaction inside. */
static bool strike_forgery(struct villain *v)
{
	struct tx tx = make_tx(v, 1, true);

	tell_all(v, WIRE_BATCH, make_batch(v, 5, &tx));
	return true;
}

/* Evidence against itself, more than anybody needs. */
static bool strike_confessions(struct villain *v)
{
	uint8_t *buffer = mem_alloc(BATCH_FAULT_BYTES_MAX);
	uint8_t *raw = mem_alloc(BATCH_FAULT_BYTES_MAX + 512);

	for (uint32_t i = 0; i < 200; i++) {
		struct tx tx;
		struct batch batch;
		struct evidence e;
		struct writer w;
		enum err err;

		arena_reset(&v->arena);
		tx = make_tx(v, i, true);
		err = batch_parse(&batch, &v->arena, make_batch(v, i, &tx),
				  NULL);
		if (err == ERR_OK)
			err = batch_fault_make(&e, buffer, &v->arena,
					       &v->genesis, &batch, 0, 0);
		assert(err == ERR_OK);
		writer_init(&w, raw, BATCH_FAULT_BYTES_MAX + 512);
		evidence_write(&w, &e);
		assert(!w.bad);
		tell_all(v, WIRE_EVIDENCE, (struct bytes){raw, w.size});
	}
	free(buffer);
	free(raw);
	return true;
}

/* More blocks than a pool of blocks holds, of a view that never comes. */
static bool strike_blocks(struct villain *v)
{
	for (uint32_t i = 0; i < 2100; i++) {
		struct block_header h = {.view = UINT64_MAX, .height = i};
		uint8_t raw[BLOCK_HEADER_BYTES];
		struct wire_block m = {.header = {raw, sizeof(raw)}};
		struct writer w;

		arena_reset(&v->arena);
		writer_init(&w, raw, sizeof(raw));
		block_header_write(&w, &h);
		assert(!w.bad && w.size == sizeof(raw));
		tell_all(v, WIRE_BLOCK, wire_encode_block(&v->arena, &m));
	}
	return true;
}

/* Votes for checkpoints of heights far ahead, its own and in others' names. */
static bool strike_checkpoints(struct villain *v)
{
	for (uint32_t i = 0; i < 128; i++) {
		const struct checkpoint c = {.height = UINT64_MAX - i};
		uint8_t raw[CHECKPOINT_VOTE_BYTES];
		struct checkpoint_vote vote;
		struct writer w;

		checkpoint_vote_sign(&vote, v->key, v->me, &v->genesis, &c);
		vote.voter = i < 64 ? v->me : (v->me + 1) % 4;
		writer_init(&w, raw, sizeof(raw));
		checkpoint_vote_write(&w, &vote);
		assert(!w.bad);
		tell_all(v, WIRE_CHECKPOINT_VOTE, (struct bytes){raw, w.size});
	}
	return true;
}

/* A turn begins with the first that is heard of its view. */
static bool is_my_turn(struct villain *v, uint64_t view)
{
	struct turn *t = &v->turn;

	if ((view + 1) % (v->peer_count + 1) != v->me || view < t->what.view)
		return false;
	if (view > t->what.view) {
		memset(t, 0, sizeof(*t));
		t->what.kind = VOTE_NOTARIZE;
		t->what.view = view;
	}
	return true;
}

static void hear_parent(struct villain *v, struct bytes body)
{
	struct wire_proposal m;
	struct block_header h;
	struct reader r;

	if (wire_decode_proposal(&m, &v->arena, body, NULL) != ERR_OK)
		return;
	reader_init(&r, m.header.data, m.header.size);
	block_header_read(&r, &h);
	if (r.bad || !is_my_turn(v, h.view))
		return;
	v->turn.header = h;
	v->turn.has_header = true;
	block_digest(&v->turn.what.digest, &v->genesis, &h);
}

static void hear_notarize(struct villain *v, struct bytes body)
{
	struct vote vote;
	struct reader r;

	reader_init(&r, body.data, body.size);
	vote_read(&r, &vote);
	if (r.bad || vote.what.kind != VOTE_NOTARIZE ||
	    vote.voter >= VOTERS_MAX || !is_my_turn(v, vote.what.view))
		return;
	voter_set_add(&v->turn.voters, vote.voter);
	v->turn.signatures[vote.voter] = vote.signature;
}

static struct bytes write_notarization(struct villain *v)
{
	struct signature signatures[VOTERS_MAX];
	struct certificate c = {.what = v->turn.what,
				.voters = v->turn.voters,
				.signatures = signatures};
	uint8_t *raw = arena_alloc(&v->arena, CERTIFICATE_BYTES_MAX);
	struct writer w;

	for (uint32_t i = 0; i < VOTERS_MAX; i++) {
		if (voter_set_has(&c.voters, i))
			signatures[c.count++] = v->turn.signatures[i];
	}
	assert(raw);
	writer_init(&w, raw, CERTIFICATE_BYTES_MAX);
	certificate_write(&w, &c);
	assert(!w.bad);
	return (struct bytes){raw, w.size};
}

static struct signature sign_statement(struct villain *v, enum vote_kind kind,
				       const struct block_header *h)
{
	struct statement s = {.kind = kind, .view = h->view};
	uint8_t bytes[STATEMENT_BYTES];
	struct signature signature;

	block_digest(&s.digest, &v->genesis, h);
	statement_bytes(bytes, &v->genesis, &s);
	sign_message(&signature, v->key, bytes, sizeof(bytes));
	return signature;
}

/* Propose, and vote for, a block of this one batch. */
static void lead(struct villain *v, const struct batch_ref *ref)
{
	const struct turn *t = &v->turn;
	uint64_t now = clock_wall_ms();
	struct block_header h = {.view = t->what.view + 1,
				 .height = t->header.height + 1,
				 .parent_view = t->what.view,
				 .parent = t->what.digest,
				 .time_ms = now > t->header.time_ms
						    ? now
						    : t->header.time_ms + 1,
				 .proposer = v->me};
	struct bytes proof = write_notarization(v);
	uint8_t header[BLOCK_HEADER_BYTES], payload[4 + BATCH_REF_BYTES];
	uint8_t raw[VOTE_BYTES];
	struct wire_proposal m = {.header = {header, sizeof(header)},
				  .payload = {payload, sizeof(payload)},
				  .proofs = &proof,
				  .proof_count = 1};
	struct vote vote = {.what = {.kind = VOTE_NOTARIZE, .view = h.view},
			    .voter = v->me};
	struct writer w;

	payload_root(&h.payload, ref, 1);
	writer_init(&w, header, sizeof(header));
	block_header_write(&w, &h);
	writer_init(&w, payload, sizeof(payload));
	payload_write(&w, ref, 1);
	m.signature = sign_statement(v, VOTE_PROPOSAL, &h);
	tell_all(v, WIRE_PROPOSAL, wire_encode_proposal(&v->arena, &m));
	block_digest(&vote.what.digest, &v->genesis, &h);
	vote.signature = sign_statement(v, VOTE_NOTARIZE, &h);
	writer_init(&w, raw, sizeof(raw));
	vote_write(&w, &vote);
	assert(!w.bad);
	tell_all(v, WIRE_VOTE, (struct bytes){raw, w.size});
}

/* When its turn comes: a batch, and a block that lists it under a sequence
 * that is not its own. */
static void hear_misname(struct villain *v, const struct public_key *peer,
			 uint8_t kind, struct bytes body)
{
	struct batch_ref ref = {.origin = v->me, .sequence = 5};
	struct batch batch;
	struct tx tx;
	struct bytes raw;
	enum err e;

	(void)peer;
	if (kind == WIRE_PROPOSAL)
		hear_parent(v, body);
	if (kind == WIRE_VOTE)
		hear_notarize(v, body);
	if (v->led || !v->turn.has_header ||
	    voter_set_count(&v->turn.voters) < v->peer_count)
		return;
	tx = make_tx(v, 1, false);
	raw = make_batch(v, ref.sequence, &tx);
	e = batch_parse(&batch, &v->arena, raw, NULL);
	if (e == ERR_OK)
		e = batch_digest(&ref.digest, &v->genesis, &batch, NULL);
	assert(e == ERR_OK);
	tell_all(v, WIRE_BATCH, raw);
	ref.sequence++;
	lead(v, &ref);
	v->led = true;
}

static bool strike_misname(struct villain *v)
{
	return v->led;
}

/* Ask the first peer for the chain. */
static bool strike_mangle(struct villain *v)
{
	const struct wire_sync_request m = {.from_height = 1,
					    .max_blocks = WIRE_SYNC_BLOCKS_MAX};

	if (v->answer.data)
		return true;
	tell(v, &v->peers[0], WIRE_SYNC_REQUEST,
	     wire_encode_sync_request(&v->arena, &m));
	return false;
}

/* The same payload, but each reference names another sequence. */
static struct bytes mangle_payload(struct villain *v, struct bytes payload)
{
	struct batch_ref *refs =
		arena_alloc(&v->arena, LIMIT_BLOCK_BATCHES * sizeof(*refs));
	uint8_t *raw = arena_alloc(&v->arena, payload.size + 1);
	struct reader r;
	struct writer w;
	size_t count;

	assert(refs && raw);
	reader_init(&r, payload.data, payload.size);
	if (payload.size == 0 || payload_read(&r, refs, &count, NULL) != ERR_OK)
		return payload;
	for (size_t i = 0; i < count; i++)
		refs[i].sequence++;
	writer_init(&w, raw, payload.size);
	payload_write(&w, refs, count);
	assert(!w.bad);
	return (struct bytes){raw, w.size};
}

/* Keep the chain that the first peer told; tell it to whoever asks, with each
 * batch under a sequence that is not its own. */
static void hear_mangle(struct villain *v, const struct public_key *peer,
			uint8_t kind, struct bytes body)
{
	struct wire_sync_block blocks[WIRE_SYNC_BLOCKS_MAX];
	struct wire_sync_blocks m;
	struct err_text text = {""};
	struct bytes answer;
	enum err e;

	if (kind == WIRE_SYNC_REQUEST && v->answer.data)
		tell(v, peer, WIRE_SYNC_BLOCKS, v->answer);
	if (kind != WIRE_SYNC_BLOCKS || v->answer.data)
		return;
	e = wire_decode_sync_blocks(&m, &v->arena, body, &text);
	assert(e == ERR_OK);
	for (size_t i = 0; i < m.count; i++) {
		blocks[i] = m.blocks[i];
		blocks[i].payload = mangle_payload(v, blocks[i].payload);
	}
	m.blocks = blocks;
	answer = wire_encode_sync_blocks(&v->arena, &m);
	assert(answer.data);
	v->answer.data = mem_copy(answer.data, answer.size);
	v->answer.size = answer.size;
	net_set_height(v->net, m.count + m.header_count);
}

/* To be asked is enough. */
static bool strike_nothing(struct villain *v)
{
	(void)v;
	return true;
}

static void refuse(struct villain *v, const struct public_key *peer,
		   struct bytes raw)
{
	static const char INVENTED[] = "invented";
	struct wire_tx_result m = {
		.code = ERR_NOT_VOTING,
		.text = {(const uint8_t *)INVENTED, sizeof(INVENTED) - 1},
	};
	struct signature signature;
	struct bytes body;

	if (tx_split(&body, &signature, raw, NULL) != ERR_OK)
		return;
	tx_compute_id(&m.id, &v->genesis, body);
	tell(v, peer, WIRE_TX_RESULT, wire_encode_tx_result(&v->arena, &m));
}

/* Whatever transaction it hears of is refused, so it tells who sent it. */
static void hear_refusals(struct villain *v, const struct public_key *peer,
			  uint8_t kind, struct bytes body)
{
	struct batch batch;

	if (kind == WIRE_TX_FORWARD)
		refuse(v, peer, body);
	if (kind != WIRE_BATCH ||
	    batch_parse(&batch, &v->arena, body, NULL) != ERR_OK)
		return;
	for (uint32_t i = 0; i < batch.count; i++)
		refuse(v, peer, batch.txs[i]);
}

/* Questions whose answers are large, as many as can be asked. */
static bool strike_questions(struct villain *v)
{
	const struct wire_sync_request m = {.from_height = 1,
					    .max_blocks = WIRE_SYNC_BLOCKS_MAX};
	struct bytes body = wire_encode_sync_request(&v->arena, &m);

	for (int i = 0; i < 200; i++)
		net_broadcast_peers(v->net, NET_CONTROL, WIRE_SYNC_REQUEST,
				    body.data, body.size);
	return true;
}

/* Votes whose signatures do not hold. */
static bool strike_votes(struct villain *v)
{
	for (int i = 0; i < 400; i++) {
		struct vote vote = {.voter = v->me};
		uint8_t raw[VOTE_BYTES];
		struct writer w;

		vote.what.kind = VOTE_NOTARIZE;
		vote.what.view = v->view + 1 + (uint64_t)i % 4;
		random_bytes(&vote.what.digest, sizeof(vote.what.digest));
		random_bytes(&vote.signature, SIGNATURE_BYTES - 1);
		writer_init(&w, raw, sizeof(raw));
		vote_write(&w, &vote);
		assert(!w.bad);
		net_broadcast_peers(v->net, NET_CONSENSUS, WIRE_VOTE, raw,
				    w.size);
	}
	return true;
}

static void hear_views(struct villain *v, const struct public_key *peer,
		       uint8_t kind, struct bytes body)
{
	struct wire_tip m;

	(void)peer;
	if (kind == WIRE_TIP &&
	    wire_decode_tip(&m, &v->arena, body, NULL) == ERR_OK &&
	    m.view > v->view)
		v->view = m.view;
}

static const struct attack ATTACKS[] = {
	{.name = "twins", .strike = strike_twins},
	{.name = "poison", .strike = strike_poison},
	{.name = "forgery", .strike = strike_forgery},
	{.name = "confessions", .strike = strike_confessions},
	{.name = "blocks", .strike = strike_blocks},
	{.name = "checkpoints", .strike = strike_checkpoints},
	{.name = "misname", .strike = strike_misname, .hear = hear_misname},
	{.name = "refusals", .strike = strike_nothing, .hear = hear_refusals},
	{.name = "questions", .strike = strike_questions, .again = true},
	{.name = "votes",
	 .strike = strike_votes,
	 .hear = hear_views,
	 .again = true},
	{.name = "mangle",
	 .strike = strike_mangle,
	 .hear = hear_mangle,
	 .first_only = true},
};

/* --- The program --- */

static bool may_begin(const struct villain *v)
{
	size_t count = v->attack->first_only ? 1 : v->peer_count;

	for (size_t i = 0; i < count; i++) {
		if (!net_peer_is_up(v->net, &v->peers[i]))
			return false;
	}
	return true;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct villain *v = w->data;

	(void)loop;
	(void)events;
	if ((v->done && !v->attack->again) || !may_begin(v))
		return;
	arena_reset(&v->arena);
	if (!v->attack->strike(v) || v->done)
		return;
	v->done = true;
	printf("done\n");
	fflush(stdout);
}

static void on_message(void *context, const struct public_key *peer,
		       uint8_t kind, struct bytes body)
{
	struct villain *v = context;

	arena_reset(&v->arena);
	if (v->attack->hear)
		v->attack->hear(v, peer, kind, body);
}

static void on_peer_up(void *context, const struct public_key *peer)
{
	(void)context;
	(void)peer;
}

static const struct attack *find_attack(const char *name)
{
	for (size_t i = 0; i < sizeof(ATTACKS) / sizeof(ATTACKS[0]); i++) {
		if (strcmp(ATTACKS[i].name, name) == 0)
			return &ATTACKS[i];
	}
	return NULL;
}

static enum err start(struct villain *v, struct ev_loop *loop, char **words,
		      int count, struct err_text *text)
{
	const struct net_config config = {
		.loop = loop,
		.key = v->key,
		.genesis = v->genesis,
		.version = "0.0.0",
		.bootstrap = (const char *const *)words,
		.bootstrap_count = (size_t)count,
		.validators = v->peers,
		.validator_count = (size_t)count,
		.callbacks = {.context = v,
			      .on_message = on_message,
			      .on_peer_up = on_peer_up},
	};
	char address[NET_ADDRESS_BYTES];
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < count; i++)
		e = net_address_parse(&v->peers[i], address, words[i], text);
	v->peer_count = (size_t)count;
	return e == ERR_OK ? net_new(&v->net, &config, text) : e;
}

static int usage(void)
{
	fprintf(stderr, "usage: byzantine ATTACK DATA-FOLDER GENESIS-HASH "
			"INDEX PUBKEY@HOST:PORT...\nattacks:");
	for (size_t i = 0; i < sizeof(ATTACKS) / sizeof(ATTACKS[0]); i++)
		fprintf(stderr, " %s", ATTACKS[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct ev_loop *loop = ev_default_loop(0);
	struct err_text text = {""};
	struct villain v = {.attack = argc > 1 ? find_attack(argv[1]) : NULL};
	char folder[4096];
	ev_timer tick;
	enum err e;

	if (argc < 6 || argc - 5 > PEERS_MAX || !v.attack ||
	    !hex_decode(v.genesis.b, HASH_BYTES, argv[3], strlen(argv[3])))
		return usage();
	snprintf(folder, sizeof(folder), "%s/keys", argv[2]);
	v.me = (uint32_t)strtoul(argv[4], NULL, 10);
	e = crypto_init();
	if (e == ERR_OK)
		e = keystore_open(&v.key, folder, "node", NULL, &text);
	if (e == ERR_OK)
		e = start(&v, loop, argv + 5, argc - 5, &text);
	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", error_name(e), text.text);
		return 1;
	}
	v.author = secret_key_new();
	arena_init(&v.arena, ARENA_SIZE);
	ev_timer_init(&tick, on_tick, TICK_S, TICK_S);
	tick.data = &v;
	ev_timer_start(loop, &tick);
	ev_run(loop, 0);
	return 0;
}
