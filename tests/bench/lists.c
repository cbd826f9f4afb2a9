/* What every list costs with 1,000,000 accounts and 10,000 proposals: from the
 * request on the socket to the parsed answer, in one process and thread.
 *
 * Prints one line a figure, "name value unit": the median of each list's first
 * and a later page of 100 rows, list_ms_max, the slowest of them, and
 * list_200_ms_max, the same for the largest pages there are, of 200. Works in a
 * temporary folder beside the current directory. */
#include "admin/admin.h"
#include "admin/client.h"
#include "admin/json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "governance/params.h"
#include "ledger/ledger.h"
#include "storage/store.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNTS     1000000u
#define RICH	     10000u
#define WAVES	     11u
#define WAVE	     900u /* proposals that end */
#define OPEN	     100u
#define DELEGATING   300000u
#define READER	     5000u /* has voted on all but the last */
#define DELEGATE     1u
#define START_MS     UINT64_C(1767225600000)
#define RUNS	     21u
#define ROUNDS	     3u
#define BALLOTS_A_TX 100u

struct bench {
	struct genesis genesis;
	struct ledger *l;
	struct ledger_sink sink;
	struct store *store;
	struct store_batch batch;
	struct ev_loop *loop;
	struct admin_server *server;
	struct admin_client *client;
	char folder[64];
	uint64_t *nonces; /* Owned; by account. */
	uint64_t height;
	uint64_t time_ms;
	uint64_t txs;
};

static void must(enum err e, const char *what, const struct err_text *text)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, error_info(e)->sentence,
		text ? text->text : "");
	exit(1);
}

/* --- The network --- */

static void store_record(void *context, struct bytes key, struct bytes value)
{
	struct bench *b = context;

	/* What answers read from storage: texts, ballots, reasons. */
	if (key.data[0] == RECORD_TEXTS || key.data[0] == RECORD_BALLOT ||
	    key.data[0] == RECORD_REASON)
		store_batch_put(&b->batch, key.data, key.size, value.data,
				value.size);
}

static void write_batch(struct bench *b)
{
	const struct store_batch *list[1] = {&b->batch};
	struct err_text text = {""};

	must(store_write(b->store, list, 1, false, &text), "store", &text);
	store_batch_clear(&b->batch);
}

static struct public_key key_of(uint32_t i)
{
	struct public_key key;
	struct hash h;

	hash_bytes(&h, "bench/account", &i, sizeof(i));
	memcpy(key.b, h.b, sizeof(key.b));
	return key;
}

static void make_network(struct bench *b)
{
	struct err_text text = {""};
	struct public_key key = key_of(UINT32_MAX);

	genesis_init(&b->genesis);
	snprintf(b->genesis.chain_id, sizeof(b->genesis.chain_id), "bench");
	b->genesis.time_ms = b->time_ms = START_MS;
	genesis_params_fast(&b->genesis);
	must(genesis_add_validator(&b->genesis, &key, 1, "v", &text), "genesis",
	     &text);
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		uint64_t tokens = i < RICH ? 3000000 + i : 1 + i % 1000;

		key = key_of(i);
		must(genesis_add_account(&b->genesis, &key, tokens * TOKEN,
					 i % 3 * POINT, "", &text),
		     "genesis", &text);
	}
	b->sink = (struct ledger_sink){store_record, b};
	must(ledger_new(&b->l, &b->genesis, &b->sink, &text), "ledger", &text);
	b->nonces = mem_alloc(ACCOUNTS * sizeof(*b->nonces));
}

static void begin(struct bench *b, uint64_t later_ms)
{
	struct ledger_block block = {.height = ++b->height,
				     .view = b->height,
				     .time_ms = b->time_ms += later_ms};

	ledger_block_begin(b->l, &block);
}

static void apply(struct bench *b, uint32_t account, struct payload payload)
{
	struct tx tx = {
		.account = b->genesis.accounts[account].key,
		.nonce = b->nonces[account]++,
		.valid_until_ms = b->time_ms + 1000,
		.payload = payload,
	};
	struct err_text text = {""};
	enum err code, e;

	hash_bytes(&tx.id, "bench/tx", &b->txs, sizeof(b->txs));
	b->txs++;
	e = ledger_apply_tx(b->l, &code, &tx, (struct tx_place){0, 0}, &text);
	must(e, "transaction", &text);
	must(code, "transaction", &text);
}

static void end(struct bench *b)
{
	struct ledger_update up;

	ledger_block_end(b->l, &up, &b->sink);
	write_batch(b);
}

static void submit(struct bench *b, uint32_t account, uint32_t type)
{
	static const char TEXT[] = "A proposal of the usual length of a title";
	struct payload p = {.kind = PAYLOAD_SUBMIT};

	p.submit.type = type;
	p.submit.title =
		(struct bytes){(const uint8_t *)TEXT, sizeof(TEXT) - 1};
	p.submit.description = p.submit.title;
	apply(b, account, p);
}

/* On the proposals from `first` on. */
static void vote(struct bench *b, uint32_t account, uint32_t first,
		 uint32_t count)
{
	struct payload p = {.kind = PAYLOAD_VOTE};
	struct ballot ballots[BALLOTS_A_TX];

	memset(ballots, 0, sizeof(ballots));
	for (uint32_t i = 0; i < count; i++) {
		ballots[i].proposal = first + i;
		ballots[i].choice = 1 + (account + i) % CHOICES;
	}
	p.vote.ballots = ballots;
	p.vote.count = count;
	apply(b, account, p);
}

/* Proposals of all types but emergencies, which open at once. */
static uint32_t submit_many(struct bench *b, uint32_t count)
{
	uint32_t first = governance_proposal_count(ledger_governance(b->l)) + 1;

	begin(b, 1000);
	for (uint32_t i = 0; i < count; i++)
		submit(b, i,
		       (uint32_t[]){TYPE_STANDARD, TYPE_TECHNICAL,
				    TYPE_CONSTITUTIONAL}[i % 3]);
	end(b);
	return first;
}

static void make_history(struct bench *b)
{
	for (uint32_t wave = 0; wave < WAVES; wave++) {
		uint32_t first = submit_many(b, WAVE);

		begin(b, 5000);
		for (uint32_t at = 0; at < WAVE; at += BALLOTS_A_TX) {
			vote(b, READER, first + at, BALLOTS_A_TX);
			for (uint32_t i = 0; i < 20; i++)
				vote(b, RICH + 20 * wave + i, first + at,
				     BALLOTS_A_TX);
		}
		end(b);
		begin(b, 60000);
		end(b);
	}
}

static void make_delegations(struct bench *b)
{
	struct payload p = {.kind = PAYLOAD_DELEGATE};

	p.delegate.kind = DELEGATION_FULL;
	p.delegate.has_target = true;
	p.delegate.target = b->genesis.accounts[DELEGATE].key;
	for (uint32_t i = 0; i < DELEGATING; i++) {
		if (i % 10000 == 0)
			begin(b, 1000);
		apply(b, ACCOUNTS - 1 - i, p);
		if (i % 10000 == 9999)
			end(b);
	}
}

static void make_open(struct bench *b)
{
	uint32_t first = submit_many(b, OPEN);

	begin(b, 5000);
	for (uint32_t i = 0; i < RICH; i++) {
		if (i != READER)
			vote(b, i, first, OPEN);
	}
	end(b);
}

/* --- The socket --- */

static const struct ledger *get_ledger(void *ctx)
{
	return ((struct bench *)ctx)->l;
}

static enum err get_record(void *ctx, struct bytes key, struct admin_bytes *out)
{
	struct bench *b = ctx;

	return store_get(b->store, &out->data, &out->size, key.data, key.size,
			 NULL);
}

static size_t get_evidence(void *ctx, struct admin_evidence *out, size_t max)
{
	(void)ctx;
	(void)out;
	(void)max;
	return 0;
}

static const struct admin_backend BACKEND = {
	.evidence = get_evidence,
	.ledger = get_ledger,
	.state_record = get_record,
};

static void open_socket(struct bench *b)
{
	struct err_text text = {""};
	char path[96];
	struct admin_config config = {.socket = path};

	snprintf(path, sizeof(path), "%s/socket", b->folder);
	b->loop = ev_loop_new(0);
	must(admin_server_new(&b->server, b->loop, &config, &BACKEND, b, &text),
	     "server", &text);
	must(admin_client_open(&b->client, path, &text), "client", &text);
}

static json_t *ask(struct bench *b, const char *method, const char *params)
{
	struct bytes line;
	char request[1024];
	json_t *answer, *result;
	int size = snprintf(request, sizeof(request),
			    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
			    "\"params\":{%s}}\n",
			    method, params);

	admin_client_queue(b->client, request, (size_t)size);
	do {
		must(admin_client_pump(b->client), method, NULL);
		ev_run(b->loop, EVRUN_NOWAIT);
	} while (!admin_client_line(b->client, &line));
	answer = json_loadb((const char *)line.data, line.size, 0, NULL);
	result = json_incref(json_object_get(answer, "result"));
	if (!result) {
		fprintf(stderr, "%s {%s}: %.*s\n", method, params,
			(int)line.size, (const char *)line.data);
		exit(1);
	}
	json_decref(answer);
	return result;
}

/* --- Measuring --- */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_ms(struct bench *b, const char *method, const char *params)
{
	uint64_t us[RUNS];

	for (uint32_t i = 0; i < RUNS; i++) {
		uint64_t began = clock_mono_us();

		json_decref(ask(b, method, params));
		us[i] = clock_mono_us() - began;
	}
	qsort(us, RUNS, sizeof(*us), compare);
	return (double)us[RUNS / 2] / 1000;
}

/* The params with the cursor behind `pages` pages; false at the end. */
static bool turn_pages(struct bench *b, const char *method, char *params,
		       size_t size, unsigned pages)
{
	char first[768];

	snprintf(first, sizeof(first), "%s", params);
	for (; pages > 0; pages--) {
		json_t *page = ask(b, method, params);
		const char *cursor = json_get_text(page, "cursor");
		bool more = cursor[0] != '\0';

		if (more)
			snprintf(params, size, "%.600s%s\"cursor\":\"%.100s\"",
				 first, first[0] ? "," : "", cursor);
		json_decref(page);
		if (!more)
			return false;
	}
	return true;
}

struct query {
	const char *name;
	const char *method;
	const char *params; /* %s: a key */
	uint32_t account;
	bool paged;
};

static const struct query QUERIES[] = {
	{"proposals", "proposal.list", "", 0, true},
	{"proposals_rejected", "proposal.list", "\"state\":\"rejected\"", 0,
	 true},
	{"proposals_open", "proposal.list", "\"state\":\"open\"", 0, true},
	{"proposals_technical", "proposal.list",
	 "\"type\":\"technical\",\"state\":\"rejected\"", 0, true},
	{"proposals_by_end", "proposal.list",
	 "\"sort\":\"closing\",\"ascending\":true", 0, true},
	{"proposals_by_submission", "proposal.list", "\"sort\":\"submitted\"",
	 0, true},
	{"proposals_by_turnout", "proposal.list", "\"sort\":\"turnout\"", 0,
	 true},
	{"proposals_of_one", "proposal.list", "\"proposer\":\"%s\"", 7, true},
	{"proposals_not_voted", "proposal.list", "\"not_voted_by\":\"%s\"",
	 READER, true},
	{"proposal", "proposal.get", "\"proposal\":10000", 0, false},
	{"tally", "tally.get", "\"proposal\":10000", 0, false},
	{"ballots", "vote.list", "\"proposal\":10000", 0, true},
	{"voter", "voter.get", "\"account\":\"%s\"", READER, false},
	{"voter_delegate", "voter.get", "\"account\":\"%s\"", DELEGATE, false},
	{"voter_ballots", "voter.ballots", "\"account\":\"%s\"", READER, true},
	{"received", "delegation.list", "\"received\":true,\"account\":\"%s\"",
	 DELEGATE, true},
	{"delegations", "delegation.list", "\"account\":\"%s\"", ACCOUNTS - 1,
	 false},
	{"most_stake", "voter.list", "", 0, false},
	{"most_reputation", "voter.list", "\"by\":\"reputation\"", 0, false},
	{"stats", "stats.get", "", 0, false},
	{"params", "params.list", "", 0, false},
	{"alerts", "alert.list", "", 0, true},
};

#define QUERY_COUNT (sizeof(QUERIES) / sizeof(QUERIES[0]))

static void make_params(struct bench *b, const struct query *q, char out[512],
			uint32_t limit)
{
	char account[2 * PUBLIC_KEY_BYTES + 1], filter[256];

	hex_encode(account, b->genesis.accounts[q->account].key.b,
		   PUBLIC_KEY_BYTES);
	if (strstr(q->params, "%s")) {
		const char *at = strstr(q->params, "%s");

		snprintf(filter, sizeof(filter), "%.*s%s%s",
			 (int)(at - q->params), q->params, account, at + 2);
	} else {
		snprintf(filter, sizeof(filter), "%s", q->params);
	}
	if (q->paged && limit)
		snprintf(out, 512, "%s%s\"limit\":%u", filter,
			 filter[0] ? "," : "", limit);
	else
		snprintf(out, 512, "%s", filter);
}

/* Its first page, and one further on when there is one. */
static double measure(struct bench *b, const struct query *q, uint32_t limit)
{
	char params[768];
	double first, later = 0;

	make_params(b, q, params, limit);
	first = median_ms(b, q->method, params);
	if (q->paged && turn_pages(b, q->method, params, sizeof(params), 3))
		later = median_ms(b, q->method, params);
	return later > first ? later : first;
}

static void show(const char *name, double ms)
{
	printf("list_%s_ms %.3f ms\n", name, ms);
}

/* Whole rounds, and the best of them: others use the machine, too. */
static void measure_all(struct bench *b)
{
	double best[QUERY_COUNT][2], most[2] = {0, 0};
	char name[64];

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < QUERY_COUNT; i++) {
			for (size_t k = 0; k < 2; k++) {
				double ms =
					measure(b, &QUERIES[i], k ? 200 : 100);

				if (round == 0 || ms < best[i][k])
					best[i][k] = ms;
			}
		}
	}
	for (size_t i = 0; i < QUERY_COUNT; i++) {
		show(QUERIES[i].name, best[i][0]);
		snprintf(name, sizeof(name), "%s_200", QUERIES[i].name);
		if (QUERIES[i].paged)
			show(name, best[i][1]);
		for (size_t k = 0; k < 2; k++)
			most[k] = best[i][k] > most[k] ? best[i][k] : most[k];
	}
	printf("list_ms_max %.3f ms\nlist_200_ms_max %.3f ms\n", most[0],
	       most[1]);
}

int main(void)
{
	struct bench *b = mem_alloc(sizeof(*b));
	struct err_text text = {""};
	char command[128];

	must(crypto_init(), "crypto", NULL);
	snprintf(b->folder, sizeof(b->folder), "bench-lists.XXXXXX");
	if (!mkdtemp(b->folder))
		return 1;
	snprintf(command, sizeof(command), "%s/db", b->folder);
	must(store_open(&b->store, command, &text), "store", &text);
	store_batch_init(&b->batch);
	make_network(b);
	make_history(b);
	make_delegations(b);
	make_open(b);
	open_socket(b);
	measure_all(b);
	admin_client_close(&b->client);
	admin_server_free(&b->server);
	ev_loop_destroy(b->loop);
	store_batch_fini(&b->batch);
	store_close(&b->store);
	ledger_free(&b->l);
	genesis_fini(&b->genesis);
	free(b->nonces);
	snprintf(command, sizeof(command), "rm -r %s", b->folder);
	free(b);
	return system(command) ? 1 : 0;
}
