/* An election that happened elsewhere: real ballots whose sums are known.
 *
 * They are read from $BCAI_SHARED_DATA or ../shared/data beside
 * the source tree; without them the test is skipped and says so. */
#include "governance_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef unsigned __int128 u128;

/* ---- Real ballots ---- */

#define BIPS 20

struct bip {
	uint32_t ballots;
	uint64_t sum[CHOICES + 1];
	uint32_t listed_voters; /* as the list of proposals has them */
	uint64_t listed_sum;
};

struct real_ballot {
	uint32_t bip;
	uint32_t choice;
	uint64_t power;
};

static FILE *open_data(const char *name)
{
	const char *folder = getenv("BCAI_SHARED_DATA");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : SHARED_DATA,
		 name);
	file = fopen(path, "r");
	if (!file)
		printf("skipped: %s is not there; BCAI_SHARED_DATA names "
		       "another folder\n",
		       path);
	return file;
}

static size_t read_ballots(FILE *file, struct real_ballot *out, size_t max)
{
	char line[256];
	size_t count = 0;

	assert_non_null(fgets(line, sizeof(line), file));
	line[strcspn(line, "\r\n")] = '\0';
	assert_string_equal(line, "bip,voter,choice,vp");
	while (fgets(line, sizeof(line), file)) {
		struct real_ballot *b = &out[count++];

		assert_true(count <= max);
		assert_int_equal(sscanf(line,
					"%" SCNu32 ",0x%*40[0-9a-f],%" SCNu32
					",%" SCNu64,
					&b->bip, &b->choice, &b->power),
				 3);
		assert_in_range(b->bip, 0, BIPS - 1);
		assert_in_range(b->choice, 1, CHOICES);
	}
	return count;
}

/* Titles may hold commas: the numbers are the last four fields. */
static void read_list(FILE *file, struct bip bips[BIPS])
{
	char line[512];

	assert_non_null(fgets(line, sizeof(line), file));
	for (uint32_t i = 0; i < BIPS; i++) {
		char *field;

		assert_non_null(fgets(line, sizeof(line), file));
		assert_int_equal(strtoul(line, NULL, 10), i);
		field = strrchr(line, ',');
		bips[i].listed_sum = strtoull(field + 1, NULL, 10);
		*field = '\0';
		field = strrchr(line, ',');
		bips[i].listed_voters = (uint32_t)strtoul(field + 1, NULL, 10);
	}
}

static void init_real_network(struct test_net *n)
{
	static const struct {
		const char *name;
		uint64_t value;
	} values[] = {
		{"vote.min_stake", 1},
		{"proposal.min_stake", 0},
		{"proposal.max_open", BIPS},
	};
	struct governance_params params;

	net_params(&params);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_int_equal(governance_param_set(&params, values[i].name,
						      values[i].value, NULL),
				 ERR_OK);
	net_init(n, &params);
}

/* One account a ballot, the recorded power as micro-tokens of stake. */
static void cast_all(struct test_net *n, const struct real_ballot *ballots,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct public_key key;

		test_key(&key, i);
		assert_int_equal(governance_add_account(
					 n->g, &key, ballots[i].power, 0, NULL),
				 ERR_OK);
	}
	for (uint32_t i = 0; i < BIPS; i++)
		assert_int_equal(net_submit(n, 0, TYPE_EMERGENCY, false, NULL),
				 i + 1);
	net_sleep(n, 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(net_vote(n, (uint32_t)i, ballots[i].bip + 1,
					  ballots[i].choice),
				 ERR_OK);
}

static void real_elections_come_out_with_the_file_s_sums(void **state)
{
	static struct real_ballot ballots[4096];
	struct bip bips[BIPS] = {0};
	FILE *votes = open_data("beanstalk_bip_votes.csv");
	FILE *list = votes ? open_data("beanstalk_bips.csv") : NULL;
	u128 all = 0;
	struct test_net n;
	size_t count;

	(void)state;
	if (!list) {
		if (votes)
			fclose(votes);
		skip();
	}
	count = read_ballots(votes, ballots, 4096);
	read_list(list, bips);
	fclose(votes);
	fclose(list);
	for (size_t i = 0; i < count; i++) {
		bips[ballots[i].bip].ballots++;
		bips[ballots[i].bip].sum[ballots[i].choice] += ballots[i].power;
		all += ballots[i].power;
	}
	init_real_network(&n);
	cast_all(&n, ballots, count);
	net_sleep(&n, MS_DAY);
	for (uint32_t i = 0; i < BIPS; i++) {
		const struct proposal *p = governance_proposal(n.g, i + 1);
		const struct bip *bip = &bips[i];
		uint64_t sum = 0;

		for (uint32_t c = 0; c < CHOICES; c++) {
			assert_int_equal(p->tally.choice[c].power.tokens,
					 bip->sum[c + 1]);
			sum += p->tally.choice[c].power.tokens;
		}
		assert_int_equal(sum, bip->listed_sum);
		assert_int_equal(governance_ballot_count(n.g, i + 1),
				 bip->listed_voters);
		/* All are for; what decides is the quorum of a tenth. */
		assert_int_equal(p->state,
				 10 * (u128)bip->sum[CHOICE_FOR] >= all
					 ? STATE_PASSED
					 : STATE_REJECTED);
	}
	printf("%zu ballots on %u proposals\n", count, BIPS);
	net_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_elections_come_out_with_the_file_s_sums),
	};

	return cmocka_run_group_tests_name("governance replay", tests, NULL,
					   NULL);
}
