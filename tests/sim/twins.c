/* Twins: one of four validators runs twice with one key, and the five
 * instances go through every sequence of partitions, by enumeration.
 *
 * usage: twins [--rounds R] [--scenario N]
 *
 * A scenario is the twinned validator and, for each round, one of the 16 ways
 * to split five instances in two (or not at all). Each round has new work and
 * lasts longer than the timers; at the end the network is whole and
 * everything must become final at the three that have no twin. Afterwards
 * nothing but the usual invariants counts: a twin is a validator that signs
 * twice without knowing it. The core is deaf to its own key here, or a twin
 * would stop at the first word of the other. */
#include "sim_mutant.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define VOTERS	  4u
#define SPLITS	  16u
#define ROUND_MS  190u
#define ROUNDS	  3u
#define SETTLE_MS 20000u

static void plan(struct world *w, uint64_t splits, uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		uint64_t at_ms = w->now_ms + (uint64_t)round * ROUND_MS;
		uint64_t split = splits % SPLITS;
		uint64_t groups = 0;

		splits /= SPLITS;
		for (uint32_t k = 1; k < w->config.instances; k++)
			groups |= (split >> (k - 1) & 1) << (4 * k);
		world_schedule(w, at_ms, HAPPENS_PARTITION, NULL)->number =
			groups;
		for (uint32_t k = 0; k < w->config.instances; k++) {
			struct happens *h = world_schedule(
				w, at_ms + 1, HAPPENS_BATCH, &w->instances[k]);

			h->life = 0;
			h->number = UINT64_C(1) << round;
		}
	}
	(void)world_schedule(w, w->now_ms + (uint64_t)rounds * ROUND_MS,
			     HAPPENS_HEAL, NULL);
}

static bool is_settled(const struct world *w, uint32_t rounds)
{
	uint64_t all = (UINT64_C(1) << rounds) - 1;

	for (uint32_t k = 0; k < w->config.instances; k++) {
		const struct instance *i = &w->instances[k];

		if (i->actor == ACTOR_HONEST &&
		    ((i->finalised & all) != all ||
		     i->store.durable != i->store.count))
			return false;
	}
	return true;
}

static bool run(uint64_t scenario, uint32_t rounds, bool trace)
{
	static struct world w;
	struct world_config config = {
		.voters = VOTERS,
		.instances = VOTERS + 1,
		.twin = (uint32_t)(scenario % VOTERS),
		.weights = {1, 1, 1, 1},
		.delta_ms = 50,
		.window = 32,
		.delay_min_ms = 2,
		.delay_max_ms = 2,
	};
	uint64_t end_ms;
	bool good;

	world_init(&w, &config, 1);
	w.trace = trace;
	plan(&w, scenario / VOTERS, rounds);
	world_run(&w, w.now_ms + (uint64_t)rounds * ROUND_MS);
	end_ms = w.now_ms + SETTLE_MS;
	while (!w.failed && w.now_ms < end_ms && !is_settled(&w, rounds))
		world_run(&w, w.now_ms + 100);
	if (!is_settled(&w, rounds))
		world_fail(&w, "not everything is final after %u ms",
			   SETTLE_MS);
	good = !w.failed;
	if (!good)
		printf("scenario %llu fails: %s\n",
		       (unsigned long long)scenario, w.failure);
	world_fini(&w);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t scenarios = VOTERS, one = UINT64_MAX;
	uint32_t rounds = ROUNDS;

	for (int k = 1; k + 1 < argc; k += 2) {
		if (strcmp(argv[k], "--rounds") == 0)
			rounds = (uint32_t)strtoul(argv[k + 1], NULL, 10);
		else if (strcmp(argv[k], "--scenario") == 0)
			one = strtoull(argv[k + 1], NULL, 10);
	}
	if (!sim_mutant_select("deaf-to-itself") || rounds > 12)
		return 2;
	if (one != UINT64_MAX)
		return run(one, rounds, true) ? 0 : 1;
	for (uint32_t k = 0; k < rounds; k++)
		scenarios *= SPLITS;
	for (uint64_t s = 0; s < scenarios; s++) {
		if (!run(s, rounds, false))
			return 1;
	}
	printf("%llu scenarios of %u rounds: good\n",
	       (unsigned long long)scenarios, rounds);
	return 0;
}
