/* Checkpoints: compute, sign, collect, compare. A quorum that signed another
 * state than ours stops the node: it must not go on telling people things. */
#include "node/checks.h"

#include "node/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/codec.h"

#include <stdlib.h>
#include <string.h>

/* Heights whose votes are being collected; each one computed here. */
#define SLOTS 64u
/* A certificate that did not form here by then is asked for. */
#define ASK_AFTER_MS 1500

struct slot {
	struct checkpoint_votes votes; /* height 0: free */
	bool certified;
	uint64_t asked_ms;
};

struct checks_state {
	struct slot slots[SLOTS];
	/* The last vote of each for a height not reached here; 0: none. */
	struct checkpoint_vote ahead[VOTERS_MAX];
	uint64_t certified_height; /* the highest */
};

void checks_init(struct node *n)
{
	n->checks = mem_alloc(sizeof(*n->checks));
}

void checks_fini(struct node *n)
{
	free(n->checks);
	n->checks = NULL;
}

static struct slot *find_slot(struct node *n, uint64_t height)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &n->checks->slots[i];

		if (s->votes.height == height && height > 0)
			return s;
	}
	return NULL;
}

/* A slot for what was computed; it takes the lowest's place. */
static struct slot *make_slot(struct node *n, const struct checkpoint *own)
{
	struct slot *lowest = &n->checks->slots[0];

	for (unsigned i = 1; i < SLOTS; i++) {
		struct slot *s = &n->checks->slots[i];

		if (s->votes.height < lowest->votes.height)
			lowest = s;
	}
	memset(lowest, 0, sizeof(*lowest));
	checkpoint_votes_init(&lowest->votes, own->height);
	checkpoint_votes_set_own(&lowest->votes, &n->genesis_hash, own);
	lowest->asked_ms = clock_mono_ms();
	return lowest;
}

static void store_certificate(struct node *n,
			      const struct checkpoint_certificate *c)
{
	struct store_key key = key_checkpoint(c->checkpoint.height);
	struct write_job *job = write_job_new();
	size_t size = checkpoint_certificate_size(c);
	uint8_t *raw = mem_alloc(size);
	struct writer w;

	writer_init(&w, raw, size);
	checkpoint_certificate_write(&w, c);
	assert(!w.bad);
	blockstore_put(&job->changes, &key, raw, w.size);
	drive_write(n, &job, NULL, NULL, NULL);
	free(raw);
	if (c->checkpoint.height > n->checks->certified_height)
		n->checks->certified_height = c->checkpoint.height;
}

static void certify(struct node *n, struct slot *s)
{
	struct signature signatures[VOTERS_MAX];
	struct checkpoint_certificate c;

	s->certified = true;
	checkpoint_votes_certificate(&c, signatures, &s->votes);
	store_certificate(n, &c);
	log_debug(LEDGER, "checkpoint %llu is certified",
		  (unsigned long long)s->votes.height);
	backend_publish_checkpoint(n, &c.checkpoint);
}

static void look(struct node *n, struct slot *s)
{
	if (s->certified)
		return;
	switch (checkpoint_votes_status(&s->votes, &n->voters)) {
	case CHECKPOINT_OPEN:
		break;
	case CHECKPOINT_CERTIFIED:
		certify(n, s);
		break;
	case CHECKPOINT_DIVERGED:
		node_fail(n, ERR_ROOT_DIVERGED,
			  "at height %llu a quorum signed another state than "
			  "this node computed; it stops so as not to mislead. "
			  "Keep its data for whoever looks into it, and join "
			  "anew from a peer",
			  (unsigned long long)s->votes.height);
		break;
	}
}

static void tell_vote(struct node *n, const struct checkpoint_vote *v)
{
	uint8_t raw[CHECKPOINT_VOTE_BYTES];
	struct writer w;

	writer_init(&w, raw, sizeof(raw));
	checkpoint_vote_write(&w, v);
	assert(!w.bad);
	net_broadcast_peers(n->net, wire_kind_class(WIRE_CHECKPOINT_VOTE),
			    WIRE_CHECKPOINT_VOTE, raw, w.size);
}

static void vote(struct node *n, struct slot *s)
{
	struct checkpoint_vote v;
	enum err e;

	if (!node_is_validator(n))
		return;
	checkpoint_vote_sign(&v, n->key, n->me, &n->genesis_hash,
			     &s->votes.own);
	e = checkpoint_votes_add(&s->votes, &v);
	assert(e == ERR_OK);
	tell_vote(n, &v);
}

/* What was said may have been lost on its way to too many. */
static void vote_again(struct node *n, const struct slot *s)
{
	struct checkpoint_vote v;

	if (!node_is_validator(n) || !voter_set_has(&s->votes.voted, n->me))
		return;
	checkpoint_vote_sign(&v, n->key, n->me, &n->genesis_hash,
			     &s->votes.own);
	tell_vote(n, &v);
}

static void add_vote(struct slot *s, const struct checkpoint_vote *v)
{
	if (checkpoint_votes_add(&s->votes, v) == ERR_EQUIVOCATION)
		log_warn(LEDGER,
			 "validator %u signed two checkpoints of height %llu",
			 v->voter, (unsigned long long)v->height);
}

/* The block is durable and its checkpoint computed, whichever came first. */
static void open_vote(struct node *n, struct slot *s)
{
	vote(n, s);
	for (uint32_t i = 0; i < n->voters.count; i++) {
		if (n->checks->ahead[i].height == s->votes.height)
			add_vote(s, &n->checks->ahead[i]);
	}
	look(n, s);
}

void checks_after_block(struct node *n)
{
	struct checkpoint own;
	struct slot *s;

	if (!ledger_checkpoint(n->ledger, &own))
		return;
	s = make_slot(n, &own);
	if (own.height <= n->commit.durable_height)
		open_vote(n, s);
}

void checks_on_durable(struct node *n, uint64_t height)
{
	struct slot *s = find_slot(n, height);

	if (s)
		open_vote(n, s);
}

/* A vote worth the check of its signature goes here: to the votes of a height
 * computed here, or to its voter's place among those for later. */
static bool is_wanted(struct node *n, const struct checkpoint_vote *v,
		      struct slot **slot)
{
	*slot = find_slot(n, v->height);
	if (v->voter >= n->voters.count || v->voter == n->me)
		return false; /* Ours are made here. */
	if (*slot)
		return !(*slot)->certified &&
		       !voter_set_has(&(*slot)->votes.voted, v->voter);
	return v->height > ledger_last_block(n->ledger)->height &&
	       v->height > n->checks->ahead[v->voter].height;
}

void checks_on_vote(struct node *n, const struct public_key *peer,
		    struct bytes body)
{
	struct checkpoint_vote v;
	struct reader r;
	struct slot *s;

	reader_init(&r, body.data, body.size);
	checkpoint_vote_read(&r, &v);
	if (!reader_done(&r)) {
		net_peer_penalise(n->net, peer, 20,
				  "malformed checkpoint vote");
		return;
	}
	if (!is_wanted(n, &v, &s))
		return;
	if (checkpoint_vote_verify(&v, &n->voters, drive_verify, n) != ERR_OK) {
		net_peer_penalise(n->net, peer, 100, "bad checkpoint vote");
		return;
	}
	if (!s) {
		n->checks->ahead[v.voter] = v;
		return;
	}
	add_vote(s, &v);
	look(n, s);
}

/* --- Certificates that formed while this node did not listen --- */

static void request(struct node *n, uint64_t height)
{
	struct net_peer_info peers[32];
	size_t count = net_peers(n->net, peers, 32), up = 0;
	uint8_t raw[8];
	struct writer w;

	for (size_t i = 0; i < count && i < 32; i++)
		up += peers[i].state == NET_PEER_UP;
	if (up == 0)
		return;
	writer_init(&w, raw, sizeof(raw));
	write_u64(&w, height);
	if (net_send(n->net, &peers[n->sync.turn++ % up].key,
		     wire_kind_class(WIRE_CHECKPOINT_REQUEST),
		     WIRE_CHECKPOINT_REQUEST, raw, w.size) != ERR_OK)
		log_debug(NET, "a checkpoint could not be asked for");
}

void checks_on_second(struct node *n)
{
	uint64_t now = clock_mono_ms();

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &n->checks->slots[i];

		if (!s->votes.has_own || s->certified ||
		    now < s->asked_ms + ASK_AFTER_MS)
			continue;
		s->asked_ms = now;
		request(n, s->votes.height);
		vote_again(n, s);
	}
}

void checks_on_request(struct node *n, const struct public_key *peer,
		       struct bytes body)
{
	struct store_key key;
	struct reader r;
	uint8_t *raw;
	size_t size;

	reader_init(&r, body.data, body.size);
	key = key_checkpoint(read_u64(&r));
	if (!reader_done(&r) ||
	    blockstore_get(n->store, &key, &raw, &size) != ERR_OK)
		return;
	if (net_send(n->net, peer, wire_kind_class(WIRE_CHECKPOINT),
		     WIRE_CHECKPOINT, raw, size) != ERR_OK)
		log_debug(NET, "a checkpoint could not be sent");
	free(raw);
}

void checks_on_certificate(struct node *n, const struct public_key *peer,
			   struct bytes body)
{
	struct checkpoint_certificate c;
	struct reader r;
	struct slot *s;
	struct hash digest;

	reader_init(&r, body.data, body.size);
	checkpoint_certificate_read(&r, &c);
	s = reader_done(&r) ? find_slot(n, c.checkpoint.height) : NULL;
	if (!s || !s->votes.has_own || s->certified)
		return;
	if (checkpoint_certificate_verify(&c, &n->voters, &n->genesis_hash,
					  drive_verify, n) != ERR_OK) {
		net_peer_penalise(n->net, peer, 100, "bad checkpoint");
		return;
	}
	checkpoint_digest(&digest, &n->genesis_hash, &c.checkpoint);
	if (!hash_equal(&digest, &s->votes.own_digest)) {
		node_fail(n, ERR_ROOT_DIVERGED,
			  "at height %llu a quorum signed another state than "
			  "this node computed",
			  (unsigned long long)c.checkpoint.height);
		return;
	}
	s->certified = true;
	store_certificate(n, &c);
}

static bool take_last(void *context, struct bytes key, struct bytes value)
{
	uint64_t *height = context;
	struct reader r;

	(void)value;
	reader_init(&r, key.data + 1, key.size - 1);
	*height = read_u64(&r);
	return false;
}

enum err checks_restore(struct node *n, struct err_text *text)
{
	enum err e =
		store_last(n->store, (struct bytes){(const uint8_t *)"k", 1},
			   take_last, &n->checks->certified_height, text);

	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

uint64_t checks_certified_height(const struct node *n)
{
	return n->checks->certified_height;
}
