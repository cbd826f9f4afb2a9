/* Many voters at once: how many transactions a network finalises, and how long
 * each takes. Arrivals follow the clock, not the answers, and latency counts
 * from the moment a transaction was due, so a network that stalls cannot hide
 * it. */
#include "cli/bulk.h"
#include "cli/lab.h"
#include "cli/limit.h"
#include "cli/render.h"
#include "cli/setup.h"

#include "base/arena.h"
#include "base/clock.h"
#include "crypto/keystore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOTING_MS      (30 * MS_DAY)
#define VALID_MS       (6 * MS_HOUR)
#define ANSWER_MS      60000u
#define STAKE	       (1000 * TOKEN)
#define CHANGES	       (1u + LIMIT_BALLOT_CHANGES)
#define RATE_UNLIMITED 12000u /* transactions a second to sign ahead for */

struct load {
	struct cli *cli;
	struct lab lab;
	struct bulk bulk;
	uint64_t clients, rate, seconds, ballots, in_flight;
	uint64_t bystanders, delegating; /* of these, who delegate first */
	struct public_key *keys;	 /* owned; of a started network */
	uint64_t total;			 /* transactions */
	uint32_t *proposals;
	uint32_t proposal_count;
	char (*names)[KEY_NAME_BYTES]; /* of a running network's keys */
	uint64_t name_count, name_room;
	uint64_t cpu_us;     /* of all nodes, for the load alone */
	double verify_per_s; /* 0: not measured */
	struct err_text text;
};

static enum err take_options(struct load *l)
{
	struct cli *cli = l->cli;
	struct err_text *text = &l->text;
	enum err e;

	l->clients = 500;
	l->rate = 0;
	l->seconds = 10;
	l->ballots = 1;
	l->in_flight = 4096;
	e = cli_number(cli, "clients", 1000000, &l->clients, text);
	if (!e)
		e = cli_number(cli, "rate", 1000000, &l->rate, text);
	if (!e)
		e = cli_number(cli, "seconds", 86400, &l->seconds, text);
	if (!e)
		e = cli_number(cli, "ballots-per-tx", LIMIT_TX_BALLOTS,
			       &l->ballots, text);
	if (!e)
		e = cli_number(cli, "in-flight", 60000, &l->in_flight, text);
	if (!e)
		e = cli_number(cli, "bystanders", LIMIT_ACCOUNTS,
			       &l->bystanders, text);
	if (!e)
		e = cli_number(cli, "delegating", LIMIT_ACCOUNTS,
			       &l->delegating, text);
	if (!e && l->delegating > l->bystanders)
		e = err_set(text, ERR_USAGE,
			    "only --bystanders delegate: there are %" PRIu64,
			    l->bystanders);
	if (!e && l->bystanders > 0 && cli_option(cli, "network"))
		e = err_set(text, ERR_USAGE,
			    "a running network has the accounts it has");
	if (!e && (!l->clients || !l->seconds || !l->ballots || !l->in_flight))
		e = err_set(text, ERR_USAGE, "none of these may be 0");
	l->total = (l->rate ? l->rate : RATE_UNLIMITED) * l->seconds;
	if (!e)
		e = cli_number(cli, "txs", 100000000, &l->total, text);
	return e;
}

/* --- Accounts --- */

static enum err take_key(const struct load *l, uint64_t client,
			 struct secret_key **out, struct err_text *text)
{
	char name[48];

	if (l->names)
		return keystore_open(out, l->lab.net->keys, l->names[client],
				     NULL, text);
	snprintf(name, sizeof(name), "load/%" PRIu64, client);
	*out = bulk_key(name);
	return ERR_OK;
}

static enum err add_accounts(struct load *l, struct genesis *genesis)
{
	uint64_t all = l->clients + l->bystanders;
	struct progress progress;
	enum err e = ERR_OK;

	l->keys = mem_alloc(all * sizeof(*l->keys));
	progress_begin(&progress, l->cli, "accounts", "", all);
	for (uint64_t i = 0; !e && i < all; i++) {
		struct secret_key *key;

		e = take_key(l, i, &key, &l->text);
		if (e)
			return e;
		l->keys[i] = *secret_key_public(key);
		secret_key_free(&key);
		e = genesis_add_account(genesis, &l->keys[i], STAKE, 0, "",
					&l->text);
		progress_step(&progress, i);
	}
	progress_end(&progress, all);
	return e;
}

static enum err make_genesis(struct load *l, struct genesis *genesis)
{
	enum err e = setup_genesis(genesis, "load-1", false, &l->text);

	if (!e)
		e = genesis_param_set(genesis, "standard.delay_ms", 0,
				      &l->text);
	if (!e)
		e = genesis_param_set(genesis, "standard.voting_ms", VOTING_MS,
				      &l->text);
	if (!e)
		e = genesis_param_set(genesis, "proposal.min_stake", 0,
				      &l->text);
	if (!e)
		e = genesis_param_set(genesis, "proposal.deposit", 0, &l->text);
	if (!e)
		e = genesis_param_set(genesis, "proposal.max_open",
				      LIMIT_PROPOSALS_OPEN, &l->text);
	return e ? e : add_accounts(l, genesis);
}

static void add_name(void *context, enum err outcome,
		     const struct key_info *info)
{
	struct load *l = context;

	if (outcome || info->encrypted)
		return;
	if (l->name_count == l->name_room) {
		l->name_room = l->name_room ? 2 * l->name_room : 64;
		l->names =
			mem_resize(l->names, l->name_room * sizeof(*l->names));
	}
	memcpy(l->names[l->name_count++], info->name, KEY_NAME_BYTES);
}

/* Keep those that may vote: the others' nonces would never be used. */
static enum err keep_voters(struct load *l)
{
	uint64_t kept = 0;

	for (uint64_t i = 0; i < l->name_count; i++) {
		struct key_info info;
		struct err_text unused;
		json_t *voter, *params = json_object();
		enum err e = keystore_info(&info, l->lab.net->keys, l->names[i],
					   &l->text);

		if (e) {
			json_decref(params);
			return e;
		}
		json_put(params, "account", json_key(&info.public_key));
		e = lab_call(&l->lab, 0, "voter.get", params, &voter, &unused);
		if (!e && json_is_true(json_object_get(voter, "eligible")))
			memmove(l->names[kept++], l->names[i], KEY_NAME_BYTES);
		json_decref(voter);
		if (e && e != ERR_UNKNOWN_ACCOUNT)
			return err_set(&l->text, e, "%s", unused.text);
	}
	l->name_count = kept;
	return ERR_OK;
}

static enum err open_lab(struct load *l)
{
	const char *network = cli_option(l->cli, "network");
	struct genesis *genesis = mem_alloc(sizeof(*genesis));
	enum err e = ERR_OK;

	genesis_init(genesis);
	if (!network)
		e = make_genesis(l, genesis);
	if (!e)
		e = lab_open(&l->lab, l->cli, network,
			     cli_option(l->cli, "dir"), genesis, &l->text);
	genesis_fini(genesis);
	free(genesis);
	if (!e && network) {
		e = keystore_list(l->lab.net->keys, add_name, l, &l->text);
		if (!e)
			e = keep_voters(l);
		if (!e && l->name_count == 0)
			e = err_set(&l->text, ERR_KEY_UNKNOWN,
				    "%s has no keys, without a passphrase, of "
				    "accounts that may vote",
				    l->lab.net->keys);
		if (l->clients > l->name_count)
			l->clients = l->name_count;
	}
	if (!e)
		bulk_init(&l->bulk, &l->lab.genesis, l->lab.now_ms + VALID_MS);
	return e;
}

static enum err next_nonce(struct load *l, const struct secret_key *key,
			   uint64_t *nonce)
{
	json_t *voter, *params;
	enum err e;

	*nonce = 0;
	if (!l->names)
		return ERR_OK;
	params = json_object();
	json_put(params, "account", json_key(secret_key_public(key)));
	e = lab_call(&l->lab, 0, "voter.get", params, &voter, &l->text);
	*nonce = json_get_number(voter, "nonce");
	json_decref(voter);
	return e;
}

/* --- Proposals to vote on: enough that no ballot is changed too often --- */

static enum err count_proposals(struct load *l)
{
	uint64_t each = (l->total + l->clients - 1) / l->clients;
	uint64_t ballots = each * l->ballots;
	uint64_t needed = (ballots + CHANGES - 1) / CHANGES;

	/* A transaction's ballots go to as many proposals, and rounds of
	 * unequal length must not meet one too often. */
	needed = needed + (needed > l->ballots ? l->ballots : 0);
	if (needed < l->ballots)
		needed = l->ballots;
	if (needed > LIMIT_PROPOSALS_OPEN)
		return err_set(&l->text, ERR_USAGE,
			       "%" PRIu64 " voters would change their ballots "
			       "too often; use more --clients",
			       l->clients);
	l->proposal_count = (uint32_t)needed;
	l->proposals = mem_alloc(needed * sizeof(*l->proposals));
	return ERR_OK;
}

static enum err send(struct load *l, struct bulk_run *run)
{
	run->net = l->lab.net;
	run->cli = l->cli;
	run->timeout_ms = ANSWER_MS;
	return bulk_send(&l->bulk, run, &l->text);
}

static enum err make_proposals(struct load *l)
{
	static const char TITLE[] = "A question for the load";
	struct bulk_run run = {.what = "proposals", .in_flight = 32};
	struct secret_key *key;
	uint64_t nonce;
	enum err e = count_proposals(l);

	if (!e)
		e = take_key(l, 0, &key, &l->text);
	if (e)
		return e;
	e = next_nonce(l, key, &nonce);
	for (uint32_t i = 0; !e && i < l->proposal_count; i++) {
		struct payload payload = {.kind = PAYLOAD_SUBMIT};

		payload.submit.type = TYPE_STANDARD;
		payload.submit.title = (struct bytes){(const uint8_t *)TITLE,
						      sizeof(TITLE) - 1};
		e = bulk_add(&l->bulk, key, nonce + i, &payload, &l->text);
	}
	secret_key_free(&key);
	if (!e)
		e = send(l, &run);
	for (uint32_t i = 0; !e && i < l->proposal_count; i++) {
		l->proposals[i] = l->bulk.items[i].proposal;
		if (l->bulk.items[i].code)
			e = err_set(
				&l->text,
				error_from_number(l->bulk.items[i].code),
				"the load needs %" PRIu32
				" proposals open at once; start the network "
				"with --param proposal.max_open=1024",
				l->proposal_count);
	}
	bulk_clear(&l->bulk);
	return e ? e
		 : lab_wait_voting(&l->lab, l->proposals, l->proposal_count,
				   &l->text);
}

/* --- Delegations: of bystanders to one in fifty of those that sign --- */

#define DELEGATIONS_AT_ONCE 50000u
#define CLIENTS_A_DELEGATE  50u

static enum err delegate_some(struct load *l, uint64_t from, uint64_t to)
{
	struct bulk_run run = {.what = "delegations",
			       .in_flight = (uint32_t)l->in_flight};
	uint64_t delegates = (l->clients - 1) / CLIENTS_A_DELEGATE + 1;
	enum err e = ERR_OK;

	for (uint64_t i = from; !e && i < to; i++) {
		struct payload payload = {.kind = PAYLOAD_DELEGATE};
		struct secret_key *key;

		payload.delegate.kind = DELEGATION_FULL;
		payload.delegate.has_target = true;
		payload.delegate.target = l->keys[i % delegates];
		e = take_key(l, l->clients + i, &key, &l->text);
		if (e)
			return e;
		e = bulk_add(&l->bulk, key, 0, &payload, &l->text);
		secret_key_free(&key);
	}
	if (!e)
		e = send(l, &run);
	if (!e && run.refused > 0)
		e = err_set(&l->text, ERR_CHECK_FAILED,
			    "%" PRIu32 " delegations were refused",
			    run.refused);
	bulk_clear(&l->bulk);
	return e;
}

static enum err delegate_all(struct load *l)
{
	enum err e = ERR_OK;

	for (uint64_t at = 0; !e && at < l->delegating;
	     at += DELEGATIONS_AT_ONCE) {
		uint64_t to = at + DELEGATIONS_AT_ONCE;

		e = delegate_some(l, at,
				  to < l->delegating ? to : l->delegating);
	}
	return e;
}

/* --- Ballots --- */

/* The n-th transaction of a client: the next `ballots` proposals, round and
 * round. */
static enum err sign_one(struct load *l, const struct secret_key *key,
			 uint64_t nonce, uint64_t n)
{
	struct ballot ballots[LIMIT_TX_BALLOTS];
	struct payload payload = {.kind = PAYLOAD_VOTE};
	uint64_t first = n * l->ballots;

	for (uint64_t i = 0; i < l->ballots; i++) {
		uint64_t at = (first + i) % l->proposal_count;

		ballots[i] = (struct ballot){
			.proposal = l->proposals[at],
			.choice = CHOICE_FOR + (uint32_t)((n + i) % CHOICES)};
	}
	payload.vote.ballots = ballots;
	payload.vote.count = (uint32_t)l->ballots;
	return bulk_add(&l->bulk, key, nonce + n, &payload, &l->text);
}

static int by_number(const void *a, const void *b)
{
	const struct bulk_item *x = a, *y = b;

	return (x->height > y->height) - (x->height < y->height);
}

/* Sign client by client (its key is in guarded memory only for that long),
 * then put them in the order in which they are sent: one of each client, then
 * the next of each. `height` carries that place until an answer overwrites
 * it. */
static enum err sign_all(struct load *l)
{
	struct progress progress;
	enum err e = ERR_OK;

	progress_begin(&progress, l->cli, "signing", "tx", l->total);
	for (uint64_t c = 0; !e && c < l->clients; c++) {
		struct secret_key *key;
		uint64_t nonce = 0;

		e = take_key(l, c, &key, &l->text);
		if (e)
			return e;
		/* The first client's proposals took nonces before. */
		e = next_nonce(l, key, &nonce);
		if (!l->names && c == 0)
			nonce = l->proposal_count;
		for (uint64_t n = 0; !e && n * l->clients + c < l->total; n++) {
			struct bulk_item *item;

			e = sign_one(l, key, nonce, n);
			if (e)
				break;
			item = &l->bulk.items[l->bulk.count - 1];
			item->height = n * l->clients + c;
			item->lane = (uint32_t)c;
		}
		secret_key_free(&key);
		progress_step(&progress, l->bulk.count);
	}
	if (!e)
		progress_end(&progress, l->bulk.count);
	return e;
}

/* Ids are places: after sorting, each line must carry its new one. */
static void renumber(struct load *l)
{
	static const char HEAD[] = "{\"jsonrpc\":\"2.0\",\"id\":";

	qsort(l->bulk.items, l->bulk.count, sizeof(*l->bulk.items), by_number);
	for (uint32_t i = 0; i < l->bulk.count; i++) {
		struct bulk_item *item = &l->bulk.items[i];
		char *rest = memchr(item->line, ',', item->size);
		char number[16], *line;
		size_t tail;
		int n = snprintf(number, sizeof(number), "%" PRIu32, i);

		rest = memchr(rest + 1, ',',
			      item->size - (size_t)(rest + 1 - item->line));
		tail = item->size - (size_t)(rest - item->line);
		line = mem_alloc(sizeof(HEAD) + (size_t)n + tail);
		memcpy(line, HEAD, sizeof(HEAD) - 1);
		memcpy(line + sizeof(HEAD) - 1, number, (size_t)n);
		memcpy(line + sizeof(HEAD) - 1 + n, rest, tail);
		free(item->line);
		item->line = line;
		item->size = (uint32_t)(sizeof(HEAD) - 1 + (size_t)n + tail);
		item->height = 0;
	}
}

/* --- Figures --- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static json_t *ms_value(uint64_t us)
{
	return json_real((double)us / 1000.0);
}

static json_t *latency_value(const struct bulk *b)
{
	uint64_t *us = mem_alloc((b->count + 1) * sizeof(*us));
	uint32_t n = 0;
	json_t *o = json_object();

	for (uint32_t i = 0; i < b->count; i++) {
		const struct bulk_item *item = &b->items[i];

		if (item->state == BULK_FINAL)
			us[n++] = item->done_us > item->due_us
					  ? item->done_us - item->due_us
					  : 0;
	}
	qsort(us, n, sizeof(*us), by_value);
	json_put(o, "p50", ms_value(n ? us[n / 2] : 0));
	json_put(o, "p90", ms_value(n ? us[(uint64_t)n * 90 / 100] : 0));
	json_put(o, "p99", ms_value(n ? us[(uint64_t)n * 99 / 100] : 0));
	json_put(o, "max", ms_value(n ? us[n - 1] : 0));
	free(us);
	return o;
}

static double real(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

static double per_second(uint64_t n, uint64_t us)
{
	return us ? (double)n * 1e6 / (double)us : 0;
}

static json_t *refusals_value(const struct bulk *b)
{
	json_t *o = json_object();

	for (uint32_t i = 0; i < b->count; i++) {
		const char *name;

		if (b->items[i].code == 0)
			continue;
		name = error_name(error_from_number(b->items[i].code));
		json_put(o, name,
			 json_integer(1 + json_integer_value(
						  json_object_get(o, name))));
	}
	return o;
}

/* Every validator verifies each signature once: their number times what was
 * finalised, against what this machine verifies. */
static void put_limit(const struct load *l, json_t *o)
{
	uint32_t validators = 0;
	double done;

	for (uint32_t i = 0; i < l->lab.net->count; i++)
		validators += !l->lab.net->nodes[i].observer;
	done = real(o, "finalised_per_s") * validators;
	json_put(o, "verify_per_s", json_real(l->verify_per_s));
	json_put(o, "limit_ratio", json_real(done / l->verify_per_s));
}

static json_t *figures(const struct load *l, const struct bulk_run *run)
{
	uint64_t sending = run->sent_us - run->started_us;
	uint64_t all = run->ended_us - run->started_us;
	uint32_t good = 0;
	json_t *o = json_object();

	for (uint32_t i = 0; i < l->bulk.count; i++)
		good += l->bulk.items[i].state == BULK_FINAL &&
			l->bulk.items[i].code == 0;
	json_put(o, "submitted", json_count(l->bulk.count));
	json_put(o, "finalised", json_count(good));
	json_put(o, "refused", json_count(l->bulk.count - good));
	json_put(o, "refusals", refusals_value(&l->bulk));
	json_put(o, "seconds", json_real((double)all / 1e6));
	json_put(o, "submitted_per_s",
		 json_real(per_second(l->bulk.count, sending)));
	json_put(o, "finalised_per_s", json_real(per_second(good, all)));
	json_put(o, "refused_per_s",
		 json_real(per_second(l->bulk.count - good, all)));
	json_put(o, "ballots_per_s",
		 json_real(per_second(good * l->ballots, all)));
	json_put(o, "latency_ms", latency_value(&l->bulk));
	json_put(o, "cpu_s", json_real((double)l->cpu_us / 1e6));
	json_put(o, "cpu_us_per_tx",
		 json_real(good ? (double)l->cpu_us / (double)good : 0));
	json_put(o, "rss_mb",
		 json_real((double)network_rss_bytes(l->lab.net) / 1048576.0 /
			   (double)l->lab.net->count));
	if (l->verify_per_s > 0)
		put_limit(l, o);
	json_put(o, "nodes", json_count(l->lab.net->count));
	json_put(o, "clients", json_count(l->clients));
	json_put(o, "ballots_per_tx", json_count(l->ballots));
	return o;
}

static void show_figures(struct cli *cli, const json_t *o)
{
	const json_t *ms = json_object_get(o, "latency_ms"), *count;
	const char *name;

	(void)cli;
	printf("submitted  %10.0f tx/s   %s in %.1f s\n",
	       real(o, "submitted_per_s"),
	       show_count(json_get_number(o, "submitted")), real(o, "seconds"));
	printf("finalised  %10.0f tx/s   %s\n", real(o, "finalised_per_s"),
	       show_count(json_get_number(o, "finalised")));
	printf("ballots    %10.0f /s\n", real(o, "ballots_per_s"));
	printf("refused    %10.0f tx/s   %s", real(o, "refused_per_s"),
	       show_count(json_get_number(o, "refused")));
	json_object_foreach (json_object_get(o, "refusals"), name, count) {
		printf("  %s %lld", name, (long long)json_integer_value(count));
	}
	printf("\nlatency    p50 %.1f ms  p90 %.1f ms  p99 %.1f ms  max %.1f "
	       "ms\n",
	       real(ms, "p50"), real(ms, "p90"), real(ms, "p99"),
	       real(ms, "max"));
	printf("cpu        %.2f s of all nodes, %.0f us a finalised "
	       "transaction\n",
	       real(o, "cpu_s"), real(o, "cpu_us_per_tx"));
	printf("memory     %.0f MiB a node\n", real(o, "rss_mb"));
	if (json_object_get(o, "limit_ratio"))
		printf("limit      %.0f signatures/s on this machine, %.2f of "
		       "it reached\n",
		       real(o, "verify_per_s"), real(o, "limit_ratio"));
}

static enum err run_load(struct load *l, json_t **out)
{
	struct bulk_run run = {.what = "votes",
			       .rate = l->rate,
			       .limit_ms = l->seconds * 1000,
			       .in_flight = (uint32_t)l->in_flight};
	enum err e = open_lab(l);

	if (!e)
		e = delegate_all(l);
	if (!e)
		e = make_proposals(l);
	if (!e)
		e = sign_all(l);
	if (e)
		return e;
	renumber(l);
	l->cpu_us = network_cpu_us(l->lab.net);
	e = send(l, &run);
	l->cpu_us = network_cpu_us(l->lab.net) - l->cpu_us;
	if (!e && cli_flag(l->cli, "limit"))
		e = limit_measure(&l->verify_per_s, &l->bulk, &l->text);
	if (!e)
		*out = figures(l, &run);
	return e;
}

int cmd_LOAD(struct cli *cli)
{
	struct load l = {.cli = cli};
	json_t *value = NULL;
	enum err e = take_options(&l);

	if (!e)
		e = run_load(&l, &value);
	if (l.bulk.arena)
		bulk_fini(&l.bulk);
	if (l.lab.net)
		lab_close(&l.lab);
	free(l.proposals);
	free(l.names);
	free(l.keys);
	if (e)
		return cli_fail_code(cli, e, l.text.text);
	return cli_emit(cli, value, show_figures);
}
