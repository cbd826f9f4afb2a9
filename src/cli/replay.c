/* A recorded election through a network, and whether the sums come out. */
#include "cli/replay.h"

#include "cli/render.h"
#include "cli/setup.h"

#include "base/arena.h"
#include "base/clock.h"
#include "crypto/keystore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SEED   "bcai-gov replay"
#define VOTING_MS      (30 * MS_DAY)
#define IN_FLIGHT      2048u
#define ANSWER_MS      60000u
#define VALID_MS       (3600 * MS_SECOND)
#define KEY_TEXT_BYTES 512u
#define KEY_NAME_VOTER "%s-%s"

/* --- Keys: from the seed, or from the folder of a running network --- */

enum err replay_key(const struct replay *r, const char *name,
		    struct secret_key **out, struct err_text *text)
{
	char seeded[KEY_TEXT_BYTES];

	if (r->running)
		return keystore_open(out, r->lab.net->keys, name, NULL, text);
	snprintf(seeded, sizeof(seeded), "%s/%s", r->seed, name);
	*out = bulk_key(seeded);
	return ERR_OK;
}

static void voter_name(const struct replay *r, const struct election_ballot *b,
		       char out[REPLAY_NAME_BYTES])
{
	snprintf(out, REPLAY_NAME_BYTES, KEY_NAME_VOTER,
		 r->election.proposals[b->proposal].name, b->voter);
}

/* --- The network --- */

static enum err add_account(struct replay *r, struct genesis *genesis,
			    const char *name, uint64_t stake)
{
	struct secret_key *key;
	enum err e = replay_key(r, name, &key, &r->text);

	if (e)
		return e;
	e = genesis_add_account(genesis, secret_key_public(key), stake, 0, "",
				&r->text);
	secret_key_free(&key);
	return e;
}

/* Everybody may vote, whatever the power; votes are token-weighted; nothing
 * closes before it was counted. What arrives counts at once. The last one is
 * the voting period: with history it is just long enough. */
static const struct {
	const char *name;
	uint64_t value;
} RULES[] = {
	{"vote.min_stake", 1},
	{"proposal.min_stake", 0},
	{"proposal.deposit", 0},
	{"proposal.max_open", LIMIT_PROPOSALS_OPEN},
	{"stake.maturity_ms", 0},
	/* Months go by in a minute: that is no flood. */
	{"detect.flood_account", 128},
	{"detect.flood_all", 128},
	{"standard.mechanism", MECHANISM_TOKEN},
	{"standard.delay_ms", 0},
	{"standard.voting_ms", VOTING_MS},
};

#define RULE_COUNT (sizeof(RULES) / sizeof(RULES[0]))

static uint64_t rule_value(const struct replay *r, size_t i)
{
	return i + 1 == RULE_COUNT && !r->independent ? history_voting_ms(r)
						      : RULES[i].value;
}

static enum err set_rules(struct replay *r, struct genesis *genesis)
{
	enum err e = ERR_OK;

	for (size_t i = 0; !e && i < RULE_COUNT; i++)
		e = genesis_param_set(genesis, RULES[i].name, rule_value(r, i),
				      &r->text);
	return e;
}

/* The accounts besides the proposer: who they are, what they begin with. */
static uint32_t account_count(const struct replay *r)
{
	return r->independent ? r->election.ballot_count : r->voter_count + 1u;
}

static uint64_t account_of(const struct replay *r, uint32_t i,
			   char name[REPLAY_NAME_BYTES])
{
	if (r->independent) {
		voter_name(r, &r->election.ballots[i], name);
		return r->election.ballots[i].power;
	}
	if (i < r->voter_count) {
		history_name(r, i, name);
		return 0;
	}
	snprintf(name, REPLAY_NAME_BYTES, "%s", REPLAY_RESERVE);
	return history_reserve(r);
}

static enum err make_genesis(struct replay *r, struct genesis *genesis)
{
	struct progress progress;
	enum err e = setup_genesis(genesis, "replay-1", false, &r->text);

	if (!e)
		e = set_rules(r, genesis);
	if (!e)
		e = add_account(r, genesis, REPLAY_PROPOSER, 0);
	progress_begin(&progress, r->cli, "making accounts", "accounts",
		       account_count(r));
	for (uint32_t i = 0; !e && i < account_count(r); i++) {
		char name[REPLAY_NAME_BYTES];
		uint64_t stake = account_of(r, i, name);

		e = add_account(r, genesis, name, stake);
		progress_step(&progress, i + 1);
	}
	return e;
}

static enum err open_lab(struct replay *r)
{
	const char *network = cli_option(r->cli, "network");
	struct genesis *genesis = mem_alloc(sizeof(*genesis));
	enum err e = ERR_OK;

	genesis_init(genesis);
	r->running = network != NULL;
	if (!network)
		e = make_genesis(r, genesis);
	if (!e)
		e = lab_open(&r->lab, r->cli, network,
			     cli_option(r->cli, "dir"), genesis, &r->text);
	genesis_fini(genesis);
	free(genesis);
	if (!e)
		bulk_init(&r->bulk, &r->lab.genesis, r->lab.now_ms + VALID_MS);
	return e;
}

/* --- Proposals and ballots --- */

enum err replay_send(struct replay *r, const char *what)
{
	struct bulk_run run = {.net = r->lab.net,
			       .cli = r->cli,
			       .what = what,
			       .in_flight = IN_FLIGHT,
			       .timeout_ms = ANSWER_MS};
	uint64_t height = 0;
	enum err e = bulk_send(&r->bulk, &run, &r->text);

	for (uint32_t i = 0; !e && i < r->bulk.count; i++) {
		const struct bulk_item *item = &r->bulk.items[i];

		if (item->code)
			return err_set(&r->text, error_from_number(item->code),
				       "transaction %s… (%" PRIu32
				       " of %" PRIu32 "): %s",
				       item->tx, i + 1, r->bulk.count,
				       error_info(error_from_number(item->code))
					       ->sentence);
		if (item->height > height)
			height = item->height;
	}
	return e ? e : lab_wait_height(&r->lab, height, &r->text);
}

enum err replay_account(struct replay *r, const struct secret_key *key,
			uint64_t *nonce, uint64_t *stake)
{
	json_t *voter, *params = json_object();
	enum err e;

	json_put(params, "account", json_key(secret_key_public(key)));
	e = lab_call(&r->lab, 0, "voter.get", params, &voter, &r->text);
	*nonce = json_get_number(voter, "nonce");
	if (stake)
		*stake = json_get_number(voter, "stake");
	json_decref(voter);
	return e;
}

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

enum err replay_submit(struct replay *r, const struct secret_key *key,
		       uint64_t nonce, uint32_t proposal)
{
	struct payload payload = {.kind = PAYLOAD_SUBMIT};

	payload.submit.type = TYPE_STANDARD;
	payload.submit.title = bytes_of(r->election.proposals[proposal].title);
	return bulk_add(&r->bulk, key, nonce, &payload, &r->text);
}

enum err replay_ballot(struct replay *r, const struct secret_key *key,
		       uint64_t nonce, const struct election_ballot *b)
{
	struct ballot ballot = {
		.proposal = r->election.proposals[b->proposal].number,
		.choice = b->choice};
	const struct payload payload = {.kind = PAYLOAD_VOTE,
					.vote = {&ballot, 1}};

	return bulk_add(&r->bulk, key, nonce, &payload, &r->text);
}

static enum err submit_proposals(struct replay *r)
{
	struct election *el = &r->election;
	uint32_t *numbers;
	struct secret_key *key;
	uint64_t nonce;
	enum err e = replay_key(r, REPLAY_PROPOSER, &key, &r->text);

	if (e)
		return e;
	e = replay_account(r, key, &nonce, NULL);
	for (uint32_t i = 0; !e && i < el->proposal_count; i++)
		e = replay_submit(r, key, nonce + i, i);
	secret_key_free(&key);
	if (!e)
		e = replay_send(r, "proposals");
	numbers = mem_alloc(el->proposal_count * sizeof(*numbers));
	for (uint32_t i = 0; !e && i < el->proposal_count; i++)
		numbers[i] = el->proposals[i].number =
			r->bulk.items[i].proposal;
	bulk_clear(&r->bulk);
	if (!e)
		e = lab_wait_voting(&r->lab, numbers, el->proposal_count,
				    &r->text);
	free(numbers);
	return e;
}

static enum err sign_ballot(struct replay *r, const struct election_ballot *b)
{
	char name[REPLAY_NAME_BYTES];
	struct secret_key *key;
	uint64_t nonce = 0;
	enum err e;

	voter_name(r, b, name);
	e = replay_key(r, name, &key, &r->text);
	if (e)
		return e;
	if (r->running)
		e = replay_account(r, key, &nonce, NULL);
	if (!e)
		e = replay_ballot(r, key, nonce, b);
	secret_key_free(&key);
	return e;
}

/* An account without any power has no vote: there is nothing to send. */
static enum err submit_ballots(struct replay *r)
{
	struct progress progress;
	enum err e = ERR_OK;

	progress_begin(&progress, r->cli, "signing", "tx",
		       r->election.ballot_count);
	for (uint32_t i = 0; !e && i < r->election.ballot_count; i++) {
		if (r->election.ballots[i].power > 0)
			e = sign_ballot(r, &r->election.ballots[i]);
		progress_step(&progress, i + 1);
	}
	return e ? e : replay_send(r, "ballots");
}

/* --- What came out --- */

static json_t *sums_value(const struct election_sums *s)
{
	json_t *o = json_object();

	json_put(o, "ballots", json_count(s->ballots));
	json_put(o, "for", json_u64(s->power[0]));
	json_put(o, "against", json_u64(s->power[1]));
	json_put(o, "abstain", json_u64(s->power[2]));
	return o;
}

static void take_sums(const json_t *tally, struct election_sums *out)
{
	static const char *const CHOICES_NAMES[] = {"for", "against",
						    "abstain"};
	const json_t *choices = json_object_get(tally, "choices");

	memset(out, 0, sizeof(*out));
	for (int c = 0; c < 3; c++) {
		const json_t *row = json_object_get(choices, CHOICES_NAMES[c]);

		out->power[c] = json_get_number(row, "stake");
		out->ballots += (uint32_t)json_get_number(row, "voters");
	}
}

static bool same_sums(const struct election_sums *a,
		      const struct election_sums *b)
{
	return a->ballots == b->ballots &&
	       memcmp(a->power, b->power, sizeof(a->power)) == 0;
}

static uint32_t powerless(const struct replay *r, uint32_t proposal)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->election.ballot_count; i++)
		n += r->election.ballots[i].proposal == proposal &&
		     r->election.ballots[i].power == 0;
	return n;
}

/* One proposal on every node that runs: all must say what the file says. */
static enum err compare(struct replay *r, uint32_t index, json_t **out)
{
	struct election_proposal *p = &r->election.proposals[index];
	struct election_sums wanted = p->sums, got;
	const char *would = NULL;
	bool equal = true;
	json_t *o = json_object();

	*out = o;
	wanted.ballots -= powerless(r, index);
	json_put(o, "bip", json_string(p->name));
	json_put(o, "proposal", json_count(p->number));
	json_put(o, "title", json_text(p->title, strlen(p->title)));
	for (uint32_t i = 0; i < r->lab.net->count; i++) {
		json_t *params = json_object(), *tally;
		enum err e;

		if (!network_is_running(&r->lab.net->nodes[i])) {
			json_decref(params);
			continue;
		}
		json_put(params, "proposal", json_count(p->number));
		e = lab_call(&r->lab, i, "tally.get", params, &tally, &r->text);
		if (e)
			return e;
		take_sums(tally, &got);
		equal = equal && same_sums(&got, &wanted);
		would = json_is_true(json_object_get(tally, "would_pass"))
				? "would pass"
				: "would not pass";
		json_object_set(o, "state", json_object_get(tally, "state"));
		json_decref(tally);
	}
	json_put(o, "network", sums_value(&got));
	json_put(o, "file", sums_value(&wanted));
	json_put(o, "result", json_string(would ? would : "unknown"));
	json_put(o, "equal", json_boolean(equal));
	return ERR_OK;
}

/* What the detectors said of it. */
static enum err add_alerts(struct replay *r, uint32_t number, json_t *o)
{
	json_t *params = json_object(), *page;
	enum err e;

	json_put(params, "proposal", json_count(number));
	e = lab_call(&r->lab, 0, "alert.list", params, &page, &r->text);
	if (!e)
		json_object_set(o, "alerts", json_object_get(page, "alerts"));
	json_decref(page);
	return e;
}

static enum err report(struct replay *r, json_t **out, bool *equal)
{
	json_t *list = json_array(), *o;
	enum err e = ERR_OK;

	*equal = true;
	for (uint32_t i = 0; !e && i < r->election.proposal_count; i++) {
		e = compare(r, i, &o);
		if (!e)
			e = add_alerts(r, r->election.proposals[i].number, o);
		*equal = *equal && json_is_true(json_object_get(o, "equal"));
		json_push(list, o);
	}
	*out = json_object();
	json_put(*out, "proposals", list);
	json_put(*out, "ballots", json_count(r->election.ballot_count));
	if (!r->independent)
		json_put(*out, "voters", json_count(r->voter_count));
	json_put(*out, "places", json_count(r->election.places));
	json_put(*out, "nodes", json_count(r->lab.net->count));
	json_put(*out, "ms", json_count(clock_mono_ms() - r->started_ms));
	json_put(*out, "equal", json_boolean(*equal));
	return e;
}

/* "power-surge" or "–"; a second one is only hinted at. */
static const char *alerts_text(const json_t *list)
{
	static char text[64];
	size_t n = json_array_size(list);

	if (n == 0)
		return "–";
	snprintf(text, sizeof(text), "%.32s%s",
		 json_get_text(json_array_get(list, 0), "kind"),
		 n > 1 ? ", …" : "");
	return text;
}

static void show_row(struct table *t, const json_t *row, unsigned places)
{
	const json_t *net = json_object_get(row, "network");

	table_cell(t, json_get_text(row, "bip"));
	table_cell(t, show_count(json_get_number(net, "ballots")));
	table_cell(t, show_decimal(json_get_text(net, "for"), places));
	table_cell(t, show_decimal(json_get_text(net, "against"), places));
	table_cell(t, show_decimal(json_get_text(net, "abstain"), places));
	table_cell(t, json_get_text(row, "result"));
	table_cell(t, json_is_true(json_object_get(row, "equal"))
			      ? "✓ equal"
			      : "✗ DIFFERS");
	table_cell(t, alerts_text(json_object_get(row, "alerts")));
	table_cell(t, json_get_text(row, "title"));
}

static void show_report(struct cli *cli, const json_t *o)
{
	unsigned places = (unsigned)json_get_number(o, "places");
	struct table *t = table_new(9);
	const json_t *row;
	size_t i;

	for (const char *const *h =
		     (const char *const[]){"BIP", "BALLOTS", "FOR", "AGAINST",
					   "ABSTAIN", "RESULT", "FILE",
					   "ALERTS", "TITLE", NULL};
	     *h; h++)
		table_cell(t, *h);
	for (int c = 1; c <= 4; c++)
		table_right(t, c);
	json_array_foreach (json_object_get(o, "proposals"), i, row) {
		show_row(t, row, places);
	}
	table_print(&t, stdout);
	color_begin(cli, json_is_true(json_object_get(o, "equal")) ? COLOR_GREEN
								   : COLOR_RED);
	printf("%s: %s ballots on %" PRIu64 " nodes in %s",
	       json_is_true(json_object_get(o, "equal"))
		       ? "every sum equals the file's"
		       : "NOT every sum equals the file's",
	       show_count(json_get_number(o, "ballots")),
	       json_get_number(o, "nodes"),
	       show_duration(json_get_number(o, "ms")));
	color_end(cli);
	putchar('\n');
}

/* --- The voters alone --- */

/* As `testnet up --voters` takes them: name, tokens, points. */
static enum err write_voters(struct replay *r, const char *path)
{
	char *data = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&data, &size);
	enum err e;

	if (!f)
		return ERR_NO_MEMORY;
	fputs("name,stake,reputation\n" REPLAY_PROPOSER ",0,0\n", f);
	for (uint32_t i = 0; i < account_count(r); i++) {
		char name[REPLAY_NAME_BYTES];
		uint64_t stake = account_of(r, i, name);

		fprintf(f, "%s,%" PRIu64 ".%06" PRIu64 ",0\n", name,
			stake / TOKEN, stake % TOKEN);
	}
	fclose(f);
	e = file_replace(path, data, size, 0644, &r->text);
	free(data);
	return e;
}

/* How a network is made on which they can vote. */
static json_t *voters_value(const struct replay *r, const char *path)
{
	json_t *o = json_object(), *params = json_array();

	for (size_t i = 0; i < RULE_COUNT; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s=%" PRIu64, RULES[i].name,
			 rule_value(r, i));
		json_push(params, json_string(text));
	}
	json_put(o, "voters_file", json_text(path, strlen(path)));
	json_put(o, "voters", json_count(account_count(r) + 1u));
	json_put(o, "params", params);
	return o;
}

static void show_voters(struct cli *cli, const json_t *o)
{
	const json_t *row;
	size_t i;

	printf("%s in %s; a network for them, and the replay:\n"
	       "bcai-gov testnet up --voters %s",
	       show_some(json_get_number(o, "voters"), "voter"),
	       json_get_text(o, "voters_file"),
	       json_get_text(o, "voters_file"));
	json_array_foreach (json_object_get(o, "params"), i, row) {
		printf(" \\\n    --param %s", json_string_value(row));
	}
	printf("\nbcai-gov replay %s --network testnet%s\n", cli->words[0],
	       cli_flag(cli, "independent") ? " --independent" : "");
}

static enum err run(struct replay *r, json_t **out, bool *equal)
{
	enum err e;

	r->started_ms = clock_mono_ms();
	e = open_lab(r);
	if (!e && r->independent)
		e = submit_proposals(r);
	if (!e)
		e = r->independent ? submit_ballots(r) : history_run(r);
	return e ? e : report(r, out, equal);
}

int cmd_REPLAY(struct cli *cli)
{
	const char *seed = cli_option(cli, "seed");
	const char *titles = cli_option(cli, "titles");
	const char *voters = cli_option(cli, "voters-file");
	struct replay r = {.cli = cli, .seed = seed ? seed : DEFAULT_SEED};
	bool equal = true;
	json_t *value = NULL, *shown;
	int code;
	enum err e = election_read(&r.election, cli->words[0], &r.text);

	if (e)
		return cli_fail_code(cli, e, r.text.text);
	if (titles)
		e = election_read_titles(&r.election, titles, &r.text);
	r.independent = cli_flag(cli, "independent");
	if (!e && !r.independent)
		history_voters(&r);
	if (!e && voters)
		e = write_voters(&r, voters);
	else if (!e)
		e = run(&r, &value, &equal);
	if (r.bulk.arena)
		bulk_fini(&r.bulk);
	if (r.lab.net)
		lab_close(&r.lab);
	shown = voters && !e ? voters_value(&r, voters) : NULL;
	history_fini(&r);
	election_free(&r.election);
	if (e) {
		json_decref(value);
		return cli_fail_code(cli, e, r.text.text);
	}
	if (!value)
		return cli_emit(cli, shown, show_voters);
	code = cli_emit(cli, value, show_report);
	return equal ? code : CLI_EXIT_CHECK_FAILED;
}
