#include "world.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS	  250u
#define DRIFT_MS  500u
#define EPOCH_MS  UINT64_C(1700000000000)
#define IMPORT_AT 64u

static uint64_t wall_ms(const struct world *w, const struct instance *i)
{
	return EPOCH_MS + w->now_ms + (uint64_t)i->skew_ms;
}

/* --- Disk --- */

static void disk_append(struct disk *d, struct bytes record)
{
	struct log_record *r;

	if (d->count == d->capacity) {
		d->capacity = d->capacity ? 2 * d->capacity : 64;
		d->records = mem_resize(d->records,
					d->capacity * sizeof(*d->records));
	}
	r = &d->records[d->count++];
	r->size = record.size;
	r->data = mem_copy(record.data, record.size);
}

static void disk_cut(struct disk *d, size_t count)
{
	while (d->count > count)
		free(d->records[--d->count].data);
}

static uint64_t sync_time(struct world *w, struct disk *d)
{
	uint64_t at =
		w->now_ms + random_below(&w->random, w->config.disk_max_ms + 1);

	if (at > d->sync_ms)
		d->sync_ms = at;
	return d->sync_ms;
}

static void keep_records(struct world *w, struct instance *i,
			 const struct consensus_update *up)
{
	struct happens *h;

	for (size_t k = 0; k < up->record_count; k++)
		disk_append(&i->disk, up->records[k]);
	if (up->log_position != i->disk.base + i->disk.count)
		world_fail(w, "node %u: log position %llu for %llu records",
			   i->id, (unsigned long long)up->log_position,
			   (unsigned long long)(i->disk.base + i->disk.count));
	if (up->record_count == 0)
		return;
	h = world_schedule(w, sync_time(w, &i->disk), HAPPENS_LOG_SYNC, i);
	h->number = up->log_position;
}

static void send(struct world *w, struct instance *i, uint32_t to,
		 struct blob *blob)
{
	if (i->actor == ACTOR_HONEST)
		world_post(w, i, to, blob);
	else
		actor_post(w, i, to, blob);
	blob_release(blob);
}

/* Nothing leaves before the log is durable up to its position. */
static void release(struct world *w, struct instance *i)
{
	size_t sent = 0;

	while (sent < i->outbox_count &&
	       i->outbox[sent].release_after <= i->disk.durable) {
		send(w, i, i->outbox[sent].to, i->outbox[sent].blob);
		sent++;
	}
	i->outbox_count -= sent;
	memmove(i->outbox, i->outbox + sent,
		i->outbox_count * sizeof(*i->outbox));
}

static void queue_messages(struct instance *i,
			   const struct consensus_update *up)
{
	for (size_t k = 0; k < up->message_count; k++) {
		struct waiting *out;

		if (i->outbox_count == i->outbox_capacity) {
			i->outbox_capacity = 2 * i->outbox_capacity + 64;
			i->outbox = mem_resize(i->outbox,
					       i->outbox_capacity *
						       sizeof(*i->outbox));
		}
		out = &i->outbox[i->outbox_count++];
		out->release_after = up->messages[k].release_after;
		out->to = up->messages[k].to;
		out->blob = blob_encode(&up->messages[k], i->voter);
	}
}

/* --- Store --- */

static void store_add(struct world *w, struct instance *i,
		      const struct block_header *header,
		      const struct hash *digest,
		      const struct certificate *certificate)
{
	struct commit *c;

	if (header->height != i->store.count + 1 ||
	    header->height >= WORLD_HEIGHTS) {
		world_fail(w, "node %u: height %llu after %zu", i->id,
			   (unsigned long long)header->height, i->store.count);
		return;
	}
	c = &i->store.commits[++i->store.count];
	free(c->certificate);
	memset(c, 0, sizeof(*c));
	c->header = *header;
	c->digest = *digest;
	if (certificate && hash_equal(&certificate->what.digest, digest)) {
		struct writer writer;

		c->certificate_size = certificate_size(certificate);
		c->certificate = mem_alloc(c->certificate_size);
		writer_init(&writer, c->certificate, c->certificate_size);
		certificate_write(&writer, certificate);
	}
	i->finalised |= payload_batches(&header->payload);
	i->batches |= payload_batches(&header->payload);
}

static void store_sync_later(struct world *w, struct instance *i)
{
	struct happens *h = world_schedule(w, sync_time(w, &i->disk),
					   HAPPENS_STORE_SYNC, i);

	h->number = i->store.count;
}

static void count_finalised(struct instance *i)
{
	i->finalised = 0;
	for (size_t k = 1; k <= i->store.count; k++)
		i->finalised |=
			payload_batches(&i->store.commits[k].header.payload);
}

/* --- Answers to the core --- */

static void answer_build(struct world *w, struct instance *i,
			 const struct consensus_ask *ask)
{
	struct consensus_event ev = {.kind = CONSENSUS_BUILT};
	const struct hash *digest = &ask->digest;
	uint64_t batches = i->batches & ~i->finalised;

	while (!hash_equal(digest, &consensus_root(i->core)->digest)) {
		const struct block_header *h = consensus_block(i->core, digest);

		if (!h) {
			world_fail(w, "node %u: asked to build on the unknown",
				   i->id);
			return;
		}
		batches &= ~payload_batches(&h->payload);
		digest = &h->parent;
	}
	ev.built.view = ask->view;
	ev.built.nothing = batches == 0 && !ask->may_be_empty;
	ev.built.time_ms = wall_ms(w, i);
	if (batches != 0)
		payload_make(&ev.built.payload, 0, batches);
	if (i->actor == ACTOR_BAD_PAYLOAD)
		payload_make(&ev.built.payload,
			     random_percent(&w->random, 50)
				     ? PAYLOAD_MARK_BAD
				     : PAYLOAD_MARK_MISSING,
			     1);
	host_step(w, i, &ev);
}

static void answer_payload(struct world *w, struct instance *i,
			   const struct consensus_ask *ask)
{
	uint64_t batches = payload_batches(&ask->header.payload);
	uint64_t delay = 0;
	struct happens *h;

	if (ask->header.payload.b[1] == PAYLOAD_MARK_MISSING)
		return;
	if ((batches & ~i->batches) != 0)
		delay = 2 + random_below(&w->random, 10);
	if (!w->calm && random_percent(&w->random, 2))
		delay += random_below(&w->random, 6 * w->config.delta_ms);
	h = world_schedule(w, w->now_ms + delay, HAPPENS_VERDICT, i);
	h->header = ask->header;
}

/* From whoever is in reach and has it. */
static void answer_block(struct world *w, struct instance *i,
			 const struct consensus_ask *ask)
{
	uint32_t first =
		(uint32_t)random_below(&w->random, w->config.instances);

	for (uint32_t k = 0; k < w->config.instances; k++) {
		struct instance *other =
			&w->instances[(first + k) % w->config.instances];
		const struct block_header *found = NULL;
		struct happens *h;

		if (!other->alive || other == i ||
		    other->actor == ACTOR_SILENT ||
		    w->group[other->id] != w->group[i->id])
			continue;
		found = consensus_block(other->core, &ask->digest);
		for (size_t n = other->store.count; !found && n > 0; n--) {
			if (hash_equal(&other->store.commits[n].digest,
				       &ask->digest))
				found = &other->store.commits[n].header;
		}
		if (!found)
			continue;
		h = world_schedule(w, w->now_ms + 2 * w->config.delay_max_ms,
				   HAPPENS_BLOCK, i);
		h->header = *found;
		return;
	}
}

static void answer(struct world *w, struct instance *i,
		   const struct consensus_ask *ask)
{
	switch (ask->kind) {
	case ASK_BUILD:
		answer_build(w, i, ask);
		break;
	case ASK_PAYLOAD:
		answer_payload(w, i, ask);
		break;
	case ASK_BLOCK:
		answer_block(w, i, ask);
		break;
	}
}

/* --- Steps --- */

static void arm_timer(struct world *w, struct instance *i, uint64_t timer_ms)
{
	if (timer_ms == CONSENSUS_NEVER) {
		i->timer_order = 0;
		return;
	}
	if (i->timer_order != 0 && i->timer_ms == timer_ms)
		return;
	i->timer_ms = timer_ms;
	i->timer_order = world_schedule(w, timer_ms, HAPPENS_TIMER, i)->order;
}

/* The order of the contract: persist, send, commit, arm the timer. */
void host_step(struct world *w, struct instance *i,
	       const struct consensus_event *ev)
{
	static struct consensus_ask kept[8][64];
	struct consensus_ask *asks = kept[i->depth];
	struct consensus_event timed = *ev;
	struct consensus_update up;
	size_t ask_count;
	enum err err;

	if (w->failed)
		return;
	timed.now_ms = w->now_ms;
	timed.wall_ms = wall_ms(w, i);
	w->steps++;
	err = consensus_step(i->core, &timed, &up);
	(void)err; /* For counters; the update says it all. */
	monitor_update(w, i, &up);
	keep_records(w, i, &up);
	queue_messages(i, &up);
	for (size_t k = 0; k < up.finalised_count; k++)
		store_add(w, i, &up.finalised[k].header,
			  &up.finalised[k].digest, up.finalised[k].certificate);
	if (up.finalised_count > 0)
		store_sync_later(w, i);
	i->behind = up.behind;
	arm_timer(w, i, up.timer_ms);
	ask_count = up.ask_count;
	assert(ask_count <= 64 && i->depth < 7);
	if (ask_count > 0)
		memcpy(asks, up.asks, ask_count * sizeof(*asks));
	i->depth++;
	for (size_t k = 0; k < ask_count && !w->failed; k++)
		answer(w, i, &asks[k]);
	i->depth--;
	release(w, i);
}

static void tell_work(struct world *w, struct instance *i, bool more)
{
	bool work = (i->batches & ~i->finalised) != 0;
	struct consensus_event ev = {.kind = CONSENSUS_WORK, .work = work};

	if (!i->alive || w->failed || (work == i->work && !(more && work)))
		return;
	i->work = work;
	host_step(w, i, &ev);
}

static bool read_proposal(struct world *w, struct instance *i, struct reader *r,
			  struct consensus_event *ev)
{
	static struct certificate held[CONSENSUS_PROOFS_MAX];
	static const struct certificate *proofs[CONSENSUS_PROOFS_MAX];
	struct block_proposal *p = &ev->proposal;
	struct statement what;
	uint32_t count;

	block_header_read(r, &p->header);
	read_copy(r, p->signature.b, SIGNATURE_BYTES);
	count = read_u8(r);
	for (uint32_t k = 0; k < count && k < CONSENSUS_PROOFS_MAX; k++) {
		certificate_read(r, &held[k]);
		if (r->bad)
			return false;
		if (!consensus_wants_certificate(i->core, &held[k]) ||
		    certificate_verify(&held[k], &w->voters, &w->genesis,
				       fake_verify, NULL) != ERR_OK)
			continue;
		proofs[p->proof_count++] = &held[k];
	}
	p->proofs = proofs;
	memset(&what, 0, sizeof(what));
	what.kind = VOTE_PROPOSAL;
	what.epoch = p->header.epoch;
	what.view = p->header.view;
	block_digest(&what.digest, &w->genesis, &p->header);
	return consensus_wants_proposal(i->core, p) &&
	       statement_verify(&what, p->header.proposer, &p->signature,
				&w->voters, &w->genesis, fake_verify,
				NULL) == ERR_OK;
}

static bool read_message(struct world *w, struct instance *i,
			 const struct blob *b, struct consensus_event *ev)
{
	struct reader r;

	reader_init(&r, b->data, b->size);
	switch (b->kind) {
	case MESSAGE_PROPOSAL:
		ev->kind = CONSENSUS_PROPOSAL;
		return read_proposal(w, i, &r, ev) && reader_done(&r);
	case MESSAGE_VOTE:
		ev->kind = CONSENSUS_VOTE;
		vote_read(&r, &ev->vote);
		return reader_done(&r) &&
		       consensus_wants_vote(i->core, &ev->vote) &&
		       statement_verify(&ev->vote.what, ev->vote.voter,
					&ev->vote.signature, &w->voters,
					&w->genesis, fake_verify,
					NULL) == ERR_OK;
	case MESSAGE_CERTIFICATE:
		ev->kind = CONSENSUS_CERTIFICATE;
		certificate_read(&r, &ev->certificate);
		return reader_done(&r) &&
		       consensus_wants_certificate(i->core, &ev->certificate) &&
		       certificate_verify(&ev->certificate, &w->voters,
					  &w->genesis, fake_verify,
					  NULL) == ERR_OK;
	case MESSAGE_REQUEST:
		ev->kind = CONSENSUS_REQUEST;
		ev->request.epoch = read_u32(&r);
		ev->request.view = read_u64(&r);
		return reader_done(&r);
	}
	return false;
}

void host_deliver(struct world *w, struct instance *i, const struct blob *b)
{
	struct consensus_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.from = b->from;
	if (i->actor != ACTOR_HONEST)
		actor_hears(w, i, (struct blob *)b);
	if (!read_message(w, i, b, &ev))
		return;
	host_step(w, i, &ev);
	tell_work(w, i, false);
}

/* --- Life --- */

static void make_core(struct world *w, struct instance *i)
{
	struct consensus_config config;
	const struct commit *last = &i->store.commits[i->store.count];
	struct certificate certificate;
	struct block_header genesis;

	memset(&config, 0, sizeof(config));
	consensus_config_defaults(&config);
	config.genesis = w->genesis;
	config.voters = &w->voters;
	config.me = i->voter;
	config.delta_ms = w->config.delta_ms;
	config.delta_max_ms = 16 * w->config.delta_ms;
	config.heartbeat_ms = w->config.heartbeat_ms;
	config.interval_ms = w->config.interval_ms;
	config.drift_ms = DRIFT_MS;
	config.window = w->config.window;
	config.log_position = i->disk.base + i->disk.count;
	config.sign = fake_sign;
	config.context = &w->voters.voters[i->voter].key;
	if (i->store.count == 0) {
		block_genesis(&genesis, &config.root.digest, &w->genesis,
			      EPOCH_MS);
		config.root.time_ms = EPOCH_MS;
	} else {
		config.root.view = last->header.view;
		config.root.height = last->header.height;
		config.root.time_ms = last->header.time_ms;
		config.root.digest = last->digest;
		if (last->certificate) {
			struct reader r;

			reader_init(&r, last->certificate,
				    last->certificate_size);
			certificate_read(&r, &certificate);
			config.root_certificate = &certificate;
		}
	}
	i->core = consensus_new(&config);
}

void host_start(struct world *w, struct instance *i)
{
	struct consensus_event ev = {.kind = CONSENSUS_START};

	assert(!i->core);
	i->life++;
	i->alive = true;
	i->syncing = false;
	i->work = false;
	i->timer_order = 0;
	make_core(w, i);
	for (size_t k = 0; k < i->disk.count; k++) {
		struct bytes record = {i->disk.records[k].data,
				       i->disk.records[k].size};

		if (consensus_recover(i->core, record) != ERR_OK)
			world_fail(w, "node %u: record %zu not recovered",
				   i->id, k);
	}
	world_say(w, i, "starts at height %zu with %zu records", i->store.count,
		  i->disk.count);
	host_step(w, i, &ev);
	tell_work(w, i, false);
	(void)world_schedule(w, w->now_ms + random_below(&w->random, TICK_MS),
			     HAPPENS_TICK, i);
}

void host_crash(struct world *w, struct instance *i)
{
	size_t durable = (size_t)(i->disk.durable - i->disk.base);
	size_t lost = i->disk.count - durable;

	i->alive = false;
	i->life++;
	consensus_free(&i->core);
	disk_cut(&i->disk,
		 durable + (size_t)random_below(&w->random, lost + 1));
	i->disk.durable = i->disk.base + i->disk.count;
	i->disk.sync_ms = 0;
	i->store.count = i->store.durable;
	count_finalised(i);
	for (size_t k = 0; k < i->outbox_count; k++)
		blob_release(i->outbox[k].blob);
	i->outbox_count = 0;
	world_say(w, i, "crashes; %zu records unsynced, %zu of them lost", lost,
		  durable + lost - i->disk.count);
}

void host_restore(struct world *w, struct instance *i, size_t height)
{
	assert(!i->alive);
	if (height >= i->store.count)
		return;
	world_say(w, i, "store goes back to height %zu", height);
	i->store.count = i->store.durable = height;
	count_finalised(i);
}

/* --- Sync --- */

static const struct instance *sync_source(const struct world *w,
					  const struct instance *i)
{
	size_t need = i->store.count + (i->behind ? 1 : 2);
	const struct instance *best = NULL;

	for (uint32_t k = 0; k < w->config.instances; k++) {
		const struct instance *other = &w->instances[k];

		if (other == i || !other->alive ||
		    other->actor != ACTOR_HONEST ||
		    w->group[other->id] != w->group[i->id] ||
		    other->store.durable < need)
			continue;
		if (!best || other->store.durable > best->store.durable)
			best = other;
	}
	return best;
}

static void import(struct world *w, struct instance *i,
		   const struct instance *source)
{
	struct consensus_event ev = {.kind = CONSENSUS_IMPORTED};
	size_t last = i->store.count + IMPORT_AT;
	struct certificate certificate;
	const struct commit *c;
	struct reader r;

	if (last > source->store.durable)
		last = source->store.durable;
	while (last > i->store.count &&
	       !source->store.commits[last].certificate)
		last--;
	if (last == i->store.count)
		return;
	c = &source->store.commits[last];
	reader_init(&r, c->certificate, c->certificate_size);
	certificate_read(&r, &certificate);
	while (i->store.count < last && !w->failed) {
		const struct commit *next =
			&source->store.commits[i->store.count + 1];

		store_add(w, i, &next->header, &next->digest, &certificate);
	}
	store_sync_later(w, i);
	world_say(w, i, "imports up to height %zu", last);
	ev.imported.root.view = c->header.view;
	ev.imported.root.height = c->header.height;
	ev.imported.root.time_ms = c->header.time_ms;
	ev.imported.root.digest = c->digest;
	ev.imported.certificate = &certificate;
	host_step(w, i, &ev);
}

static void sync_tick(struct world *w, struct instance *i)
{
	struct consensus_event ev = {.kind = CONSENSUS_SYNCING};
	const struct instance *source = sync_source(w, i);

	if (i->syncing && source)
		import(w, i, source);
	source = sync_source(w, i);
	if ((source != NULL) == i->syncing)
		return;
	i->syncing = source != NULL;
	ev.syncing = i->syncing;
	host_step(w, i, &ev);
}

/* Drop what the core says will not be needed, when its root is durable. */
static void compact(const struct world *w, struct instance *i)
{
	size_t durable = (size_t)(i->disk.durable - i->disk.base);
	uint64_t from =
		consensus_log_from(i->core, consensus_root(i->core)->view);
	size_t kept = 0;

	if (i->store.durable != i->store.count || durable != i->disk.count)
		return;
	for (size_t k = 0; k < i->disk.count; k++) {
		struct log_record r = i->disk.records[k];
		struct bytes record = {r.data, r.size};

		if (consensus_record_reaches(record, w->voters.epoch, from))
			i->disk.records[kept++] = r;
		else
			free(r.data);
	}
	i->disk.base += i->disk.count - kept;
	i->disk.count = kept;
}

static void tick(struct world *w, struct instance *i)
{
	(void)world_schedule(w, w->now_ms + TICK_MS, HAPPENS_TICK, i);
	sync_tick(w, i);
	if (random_percent(&w->random, 2))
		compact(w, i);
	if (i->actor != ACTOR_HONEST)
		actor_tick(w, i);
}

void host_happens(struct world *w, struct instance *i, const struct happens *h)
{
	struct consensus_event ev;

	memset(&ev, 0, sizeof(ev));
	switch (h->kind) {
	case HAPPENS_TIMER:
		if (h->order != i->timer_order)
			return;
		i->timer_order = 0;
		ev.kind = CONSENSUS_TIMER;
		host_step(w, i, &ev);
		break;
	case HAPPENS_LOG_SYNC:
		if (h->number > i->disk.durable)
			i->disk.durable = h->number;
		release(w, i);
		return;
	case HAPPENS_STORE_SYNC:
		while (i->store.durable < h->number && !w->failed)
			monitor_commit(w, i, ++i->store.durable);
		return;
	case HAPPENS_VERDICT:
		ev.kind = CONSENSUS_PAYLOAD;
		block_digest(&ev.payload.digest, &w->genesis, &h->header);
		ev.payload.verdict = h->header.payload.b[1] == PAYLOAD_MARK_BAD
					     ? PAYLOAD_INVALID
					     : PAYLOAD_VALID;
		i->batches |= payload_batches(&h->header.payload);
		host_step(w, i, &ev);
		break;
	case HAPPENS_BLOCK:
		ev.kind = CONSENSUS_BLOCK;
		ev.block = h->header;
		host_step(w, i, &ev);
		break;
	case HAPPENS_BATCH:
		i->batches |= h->number;
		if (i->alive)
			tell_work(w, i, true);
		return;
	case HAPPENS_TICK:
		tick(w, i);
		break;
	case HAPPENS_DELIVERY:
	case HAPPENS_CRASH:
	case HAPPENS_RESTART:
	case HAPPENS_PARTITION:
	case HAPPENS_HEAL:
		return;
	}
	tell_work(w, i, false);
}
