/* What delegated ballots cost: applying one, a batch over all members, and the
 * longest time that the largest delegate holds the loop.
 *
 * Prints one line a figure, "name value unit", for 10^3 to 10^6 accounts; the
 * figures without a size in their name are those of 10^6. Of the accounts 30%
 * delegate, mostly to one in a thousand that everybody knows, some to anybody,
 * so that chains arise; 100 proposals are open; each is voted on by all of
 * those that are known and by one in twenty of the others, who take back what
 * they delegated, in random order, one ballot a transaction. A ratio is to one
 * verification of a signature, measured between the ballots. Every running
 * tally of the sample is compared with the batch. Takes the largest number of
 * accounts (default 1000000). */
#include "../unit/governance_recount.h"

#include "base/arena.h"
#include "base/clock.h"
#include "crypto/sign.h"
#include "governance/governance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROPOSALS    100u
#define KNOWN_ONE_IN 1000u
#define VOTES_ONE_IN 20u
#define BLOCK_TXS    1000u
#define WORK_UNITS   1024u /* as the node takes them */
#define TIME_MS	     UINT64_C(1700000000000)

struct town {
	struct governance *g;
	uint32_t accounts;
	uint32_t known;
	uint64_t height;
	uint64_t time_ms;
	uint64_t nonce;
	uint64_t chance;
};

struct job {
	uint32_t account;
	uint32_t proposal;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_governance: %s\n", what);
	exit(1);
}

/* SplitMix64. */
static uint64_t next_random(struct town *t)
{
	uint64_t z = t->chance += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t below(struct town *t, uint32_t n)
{
	return (uint32_t)(next_random(t) % n);
}

static void key_of(struct public_key *out, uint32_t account)
{
	uint64_t v = (account + 1) * UINT64_C(0x9e3779b97f4a7c15);

	memset(out, 0, sizeof(*out));
	memcpy(out->b, &v, sizeof(v));
	memcpy(out->b + 8, &account, sizeof(account));
}

static void drop(void *context, struct bytes key, struct bytes value)
{
	size_t *bytes = context;

	*bytes += key.size + value.size;
}

static void next_block(struct town *t, uint64_t ms)
{
	size_t bytes = 0;

	governance_flush(t->g, drop, &bytes);
	t->time_ms += ms;
	governance_advance(t->g, ++t->height, t->time_ms);
	while (!governance_work(t->g, UINT32_MAX))
		continue;
}

static void apply(struct town *t, uint32_t account,
		  const struct payload *payload)
{
	const struct governance_context ctx = {
		.account = account,
		.nonce = ++t->nonce,
		.height = t->height,
		.time_ms = t->time_ms,
	};
	struct err_text text = {""};
	enum err err = governance_apply(t->g, NULL, &ctx, payload, &text);

	must(err == ERR_OK, text.text);
}

static void town_init(struct town *t, uint32_t accounts)
{
	static const struct hash genesis = {{'b', 'e', 'n', 'c', 'h'}};
	struct governance_params params;

	governance_params_default(&params);
	params.value[PARAM_PROPOSAL_MIN_STAKE] = 0;
	params.value[PARAM_PROPOSAL_DEPOSIT] = 0;
	params.value[PARAM_PROPOSAL_MAX_OPEN] = PROPOSALS;
	memset(t, 0, sizeof(*t));
	t->chance = 7;
	t->accounts = accounts;
	t->known = accounts / KNOWN_ONE_IN;
	t->time_ms = TIME_MS;
	t->g = governance_new(&genesis, &params, TIME_MS);
	for (uint32_t i = 0; i < accounts; i++) {
		struct public_key key;

		key_of(&key, i);
		must(governance_add_account(
			     t->g, &key, (10 + below(t, 20000)) * TOKEN,
			     below(t, 10) ? 0 : below(t, 100) * POINT,
			     NULL) == ERR_OK,
		     "an account");
	}
	next_block(t, 1);
}

/* A known one, the first much more often; or, one time in ten, anybody. */
static uint32_t pick_delegate(struct town *t)
{
	double u = (double)(next_random(t) >> 11) * 0x1p-53;

	if (below(t, 10) == 0)
		return below(t, t->accounts);
	return (uint32_t)((double)t->known * u * u * u);
}

static void delegate(struct town *t, uint32_t account, uint32_t to)
{
	struct payload p = {.kind = PAYLOAD_DELEGATE};
	uint32_t dice = below(t, 20);

	if (to == account)
		to = (to + 1) % t->accounts;
	p.delegate.kind = DELEGATION_FULL;
	if (dice == 0) {
		p.delegate.kind = DELEGATION_LIMITED;
		p.delegate.amount = (1 + below(t, 5000)) * TOKEN;
	} else if (dice < 4) {
		p.delegate.kind = DELEGATION_CONDITIONAL;
		p.delegate.types = 1 + below(t, DELEGATION_TYPES_ALL);
	}
	p.delegate.has_target = true;
	key_of(&p.delegate.target, to);
	apply(t, account, &p);
}

static void open_proposals(struct town *t, uint32_t count)
{
	struct payload p = {
		.kind = PAYLOAD_SUBMIT,
		.submit = {.title = {(const uint8_t *)"A title", 7}},
	};

	for (uint32_t i = 0; i < count; i++) {
		/* But emergencies: these may end early. */
		p.submit.type = 1 + i % PROPOSAL_TYPES;
		if (p.submit.type == TYPE_EMERGENCY)
			p.submit.type = TYPE_STANDARD;
		apply(t, i % t->accounts, &p);
	}
	next_block(t, 2 * MS_DAY);
	must(governance_proposal(t->g, count)->state == STATE_VOTING,
	     "proposals did not open");
}

/* Three in ten delegate: those behind the known ones, all over the register. */
static void make_delegations(struct town *t)
{
	for (uint32_t i = t->known; i < t->accounts; i++) {
		if (below(t, 10) < 3)
			delegate(t, i, pick_delegate(t));
		if (i % BLOCK_TXS == 0)
			next_block(t, 1);
	}
	next_block(t, 1);
}

static uint32_t draw_ballots(struct town *t, struct job **out)
{
	uint32_t count = 0, room = PROPOSALS * (t->accounts / 16 + t->known);
	struct job *list = mem_alloc(room * sizeof(*list));

	for (uint32_t p = 1; p <= PROPOSALS; p++)
		for (uint32_t i = 0; i < t->accounts && count < room; i++)
			if (i < t->known || below(t, VOTES_ONE_IN) == 0)
				list[count++] = (struct job){i, p};
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t k = below(t, i + 1);
		struct job other = list[i];

		list[i] = list[k];
		list[k] = other;
	}
	*out = list;
	return count;
}

static void vote(struct town *t, const struct job *j)
{
	const struct ballot ballot = {.proposal = j->proposal,
				      .choice = 1 + below(t, CHOICES)};
	const struct payload p = {.kind = PAYLOAD_VOTE, .vote = {&ballot, 1}};

	apply(t, j->account, &p);
	while (!governance_work(t->g, WORK_UNITS))
		continue;
}

struct signature_check {
	struct public_key key;
	struct signature signature;
	uint8_t message[64];
	uint64_t us;
	uint32_t count;
};

static void verify_some(struct signature_check *c, uint32_t count)
{
	uint64_t start = clock_mono_us();

	for (uint32_t i = 0; i < count; i++)
		must(sign_verify(&c->key, c->message, sizeof(c->message),
				 &c->signature),
		     "a signature");
	c->us += clock_mono_us() - start;
	c->count += count;
}

static void show(const char *name, uint32_t accounts, const char *suffix,
		 double value, const char *unit)
{
	const char *size = accounts == 1000	? "_1k"
			   : accounts == 10000	? "_10k"
			   : accounts == 100000 ? "_100k"
						: "";

	printf("%s%s%s %.4g %s\n", name, size, suffix, value, unit);
	fflush(stdout);
}

/* Apply them block by block; a check of signatures now and then. */
static double cast_all(struct town *t, const struct job *list, uint32_t count,
		       struct signature_check *c)
{
	uint64_t us = 0;

	for (uint32_t i = 0; i < count; i += BLOCK_TXS) {
		uint64_t start;

		next_block(t, 1);
		start = clock_mono_us();
		for (uint32_t k = i; k < count && k < i + BLOCK_TXS; k++)
			vote(t, &list[k]);
		us += clock_mono_us() - start;
		if (c->count < 2000 || i % (64 * BLOCK_TXS) == 0)
			verify_some(c, 50);
	}
	return (double)us / count;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Compare some running tallies with the batch; the median of its times. */
static double recount_some(const struct town *t)
{
	double ms[7];

	for (uint32_t i = 0; i < 7; i++) {
		uint32_t number = 1 + i * 13;
		uint64_t start = clock_mono_us();
		const struct tally *tally;
		struct tally batch;

		recount(&batch, t->g, number);
		ms[i] = (double)(clock_mono_us() - start) / 1000;
		tally = &governance_proposal(t->g, number)->tally;
		for (size_t c = 0; c < CHOICES; c++)
			must(power_is_same(&batch.choice[c].power,
					   &tally->choice[c].power) &&
				     batch.choice[c].voters ==
					     tally->choice[c].voters &&
				     power_is_same(&batch.carried[c],
						   &tally->carried[c]),
			     "a running tally differs from the batch");
	}
	qsort(ms, 7, sizeof(ms[0]), by_value);
	return ms[3];
}

static void bench_ballots(uint32_t accounts, struct signature_check *c)
{
	struct town t;
	struct job *list;
	uint32_t count;
	double us, verify_us;

	town_init(&t, accounts);
	make_delegations(&t);
	open_proposals(&t, PROPOSALS);
	count = draw_ballots(&t, &list);
	c->us = c->count = 0;
	us = cast_all(&t, list, count, c);
	verify_us = (double)c->us / c->count;
	show("ballot_apply_us", accounts, "", us, "us");
	show("ballot_apply_per_verify", accounts, "", us / verify_us,
	     "of-verification");
	show("batch_tally", accounts, accounts == 1000000 ? "_1m_ms" : "_ms",
	     recount_some(&t), "ms");
	free(list);
	governance_free(&t.g);
}

/* Three in ten of all, behind one. */
static void bench_giant(uint32_t accounts)
{
	struct job j = {0, 1};
	struct ballot ballot = {.proposal = 1, .choice = CHOICE_FOR};
	struct payload p = {.kind = PAYLOAD_VOTE, .vote = {&ballot, 1}};
	uint64_t start, longest = 0, total = 0;
	struct town t;
	bool done = false;

	town_init(&t, accounts);
	for (uint32_t i = 1; i <= accounts / 10 * 3; i++)
		delegate(&t, i, j.account);
	open_proposals(&t, 1);
	start = clock_mono_us();
	apply(&t, j.account, &p);
	while (!done) {
		uint64_t us;

		done = governance_work(t.g, WORK_UNITS);
		us = clock_mono_us() - start;
		start += us;
		total += us;
		longest = us > longest ? us : longest;
	}
	show("giant_ballot", accounts, "_ms", (double)total / 1000, "ms");
	show("giant_ballot", accounts, "_slice_ms", (double)longest / 1000,
	     "ms");
	governance_free(&t.g);
}

int main(int argc, char **argv)
{
	unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	const uint8_t seed[SEED_BYTES] = {1};
	struct signature_check c = {.count = 0};
	struct secret_key *key;

	must(crypto_init() == ERR_OK, "libsodium");
	key = secret_key_from_seed(seed);
	c.key = *secret_key_public(key);
	sign_message(&c.signature, key, c.message, sizeof(c.message));
	for (uint32_t n = 1000; n <= most && n <= 1000000; n *= 10)
		bench_ballots(n, &c);
	for (uint32_t n = 1000; n <= most && n <= 1000000; n *= 10)
		bench_giant(n);
	secret_key_free(&key);
	return 0;
}
