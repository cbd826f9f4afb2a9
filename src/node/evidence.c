/* Evidence of misbehaviour: made here or heard of, checked, kept, told on. */
#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/batch_fault.h"
#include "net/codec.h"
#include "proto/codec_tx.h"

#include <stdlib.h>
#include <string.h>

/* To one peer at once, about one signer: nobody's pieces hide another's. */
#define TELL_BYTES (64u * 1024u)

static bool count_one(void *context, struct bytes key, struct bytes value)
{
	struct node *n = context;
	struct reader r;
	uint32_t signer;
	uint8_t kind;

	(void)value;
	reader_init(&r, key.data + 1, key.size - 1);
	signer = read_u32(&r);
	read_u32(&r);
	read_u64(&r);
	kind = read_u8(&r);
	if (!r.bad && signer < LIMIT_VALIDATORS && kind <= EVIDENCE_KINDS)
		n->evidence.count[signer][kind]++;
	return true;
}

enum err evidence_restore(struct node *n, struct err_text *text)
{
	return store_scan(n->store, (struct bytes){(const uint8_t *)"e", 1},
			  (struct bytes){NULL, 0}, 0, count_one, n, text);
}

static bool is_known(struct node *n, const struct evidence *e)
{
	uint8_t id[EVIDENCE_ID_BYTES];

	if (e->signer < LIMIT_VALIDATORS &&
	    n->evidence.count[e->signer][e->kind] >= EVIDENCE_OF_A_KIND)
		return true;
	evidence_id(id, e);
	for (unsigned int i = 0; i < EVIDENCE_RECENT; i++) {
		if (memcmp(n->evidence.recent[i], id, sizeof(id)) == 0)
			return true;
	}
	return blockstore_has_evidence(n->store, e);
}

static void remember(struct node *n, const struct evidence *e)
{
	n->evidence.count[e->signer][e->kind]++;
	evidence_id(n->evidence.recent[n->evidence.next], e);
	n->evidence.next = (n->evidence.next + 1) % EVIDENCE_RECENT;
}

void evidence_keep(struct node *n, const struct evidence *e)
{
	const struct admin_event event = {
		.type = ADMIN_EVENT_EVIDENCE,
		.height = n->commit.durable_height,
		.time_ms = clock_wall_ms(),
		.account = n->voters.voters[e->signer].key,
		.reason = evidence_kind_name(e->kind),
	};
	size_t room = 512 + e->first.size + e->second.size;
	struct write_job *job;
	struct writer w;
	uint8_t *raw;

	if (is_known(n, e))
		return;
	remember(n, e);
	raw = mem_alloc(room);
	writer_init(&w, raw, room);
	evidence_write(&w, e);
	assert(!w.bad);
	log_warn(CONSENSUS, "EVIDENCE: validator %u (%s) in %s %llu", e->signer,
		 evidence_kind_name(e->kind),
		 e->kind == EVIDENCE_INVALID_BATCH ? "batch" : "view",
		 (unsigned long long)e->view);
	job = write_job_new();
	blockstore_put_evidence(&job->changes, e, (struct bytes){raw, w.size});
	drive_write(n, &job, NULL, NULL, NULL);
	net_broadcast_peers(n->net, wire_kind_class(WIRE_EVIDENCE),
			    WIRE_EVIDENCE, raw, w.size);
	admin_publish(n->admin, &event);
	free(raw);
}

struct telling {
	struct node *n;
	const struct public_key *peer;
	uint32_t signer;
	size_t of_signer;
	size_t bytes;
};

static bool tell_one(void *context, struct bytes key, struct bytes value)
{
	struct telling *t = context;
	struct reader r;
	uint32_t signer;

	reader_init(&r, key.data + 1, key.size - 1);
	signer = read_u32(&r);
	if (signer != t->signer)
		t->of_signer = 0;
	t->signer = signer;
	t->of_signer += value.size;
	if (t->of_signer > value.size && t->of_signer > TELL_BYTES)
		return true;
	t->bytes += value.size;
	return net_send(t->n->net, t->peer, wire_kind_class(WIRE_EVIDENCE),
			WIRE_EVIDENCE, value.data, value.size) == ERR_OK;
}

void evidence_tell(struct node *n, const struct public_key *peer)
{
	struct telling t = {.n = n, .peer = peer};

	if (!serve_may_read(n, peer))
		return;
	if (store_scan(n->store, (struct bytes){(const uint8_t *)"e", 1},
		       (struct bytes){NULL, 0}, 0, tell_one, &t,
		       NULL) != ERR_OK)
		log_error(STORAGE, "evidence cannot be read");
	if (t.bytes > 0)
		serve_charge(n, peer, t.bytes);
}

static bool tx_is_bad(const struct node *n, struct bytes raw)
{
	struct arena arena;
	struct tx tx;
	bool bad;

	arena_init(&arena, CODEC_TX_ARENA_BYTES);
	bad = codec_tx_decode(&tx, &arena, &n->genesis_hash, raw, NULL) !=
		      ERR_OK ||
	      !sign_verify(&tx.account, tx.id.b, HASH_BYTES, &tx.signature);
	arena_fini(&arena);
	return bad;
}

static bool batch_is_invalid(void *context, const struct evidence *e)
{
	const struct node *n = context;
	struct bytes raw;

	return batch_fault_check(&raw, e, &n->genesis_hash,
				 &n->voters.voters[e->signer].key) &&
	       tx_is_bad(n, raw);
}

enum err evidence_take(struct node *n, struct bytes body)
{
	const struct evidence_checks checks = {.verify = drive_verify,
					       .batch_is_invalid =
						       batch_is_invalid,
					       .context = n};
	struct evidence e;
	struct reader r;
	enum err bad;

	reader_init(&r, body.data, body.size);
	evidence_read(&r, &e);
	if (!reader_done(&r))
		return ERR_PEER_MALFORMED;
	if (is_known(n, &e))
		return ERR_OK;
	bad = evidence_verify(&e, &n->voters, &n->genesis_hash, &checks);
	if (bad == ERR_OK)
		evidence_keep(n, &e);
	return bad;
}

void evidence_of_batch(struct node *n, struct bytes raw, uint32_t bad)
{
	uint8_t *buffer = mem_alloc(BATCH_FAULT_BYTES_MAX);
	struct arena arena;
	struct batch batch;
	struct evidence e;
	enum err err;

	arena_init(&arena, 2 * CODEC_BATCH_ARENA_BYTES);
	err = batch_parse(&batch, &arena, raw, NULL);
	if (err == ERR_OK)
		err = batch_fault_make(&e, buffer, &arena, &n->genesis_hash,
				       &batch, bad, n->voters.epoch);
	assert(err == ERR_OK); /* It was checked. */
	evidence_keep(n, &e);
	arena_fini(&arena);
	free(buffer);
}
