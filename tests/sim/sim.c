/* The consensus core under seeds of mixed faults.
 *
 * usage: sim [--seeds N] [--first S] [--jobs J] [--mutant NAME]
 *        sim --seed S --trace [--mutant NAME]
 *
 * Each seed makes a network, its faults and its misbehaving validators (never
 * more than f of the weight); after every step the monitor checks what must
 * never happen, and after the faults what must happen at last. A failing seed
 * is printed with the command that replays it; the exit code is then 1. */
#include "world.h"

#include "base/assert.h"
#include "sim_mutant.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAULTS_MS   UINT64_C(8000)
#define RECOVERY_MS UINT64_C(60000)
#define QUIET_MS    UINT64_C(3000)

struct totals {
	uint64_t seeds;
	uint64_t steps;
	uint64_t messages;
	uint64_t blocks;
	uint64_t evidence;
};

static const char *const ACTOR_NAME[ACTORS] = {
	[ACTOR_HONEST] = "honest",
	[ACTOR_SILENT] = "silent",
	[ACTOR_NULLIFIER] = "nullify-only",
	[ACTOR_EQUIVOCATOR] = "equivocating leader",
	[ACTOR_CONTRADICTOR] = "conflicting voter",
	[ACTOR_LATE] = "late",
	[ACTOR_REPLAYER] = "replaying",
	[ACTOR_FLOODER] = "flooding",
	[ACTOR_BAD_PAYLOAD] = "bad payloads",
	[ACTOR_FORKER] = "forking leader",
};

static void choose_network(struct world_config *c, struct random *r)
{
	static const uint32_t SIZES[] = {4, 4, 4, 4, 5, 7, 3, 1};
	static const uint32_t DELAYS[] = {3, 10, 20, 45};
	static const uint32_t LOSSES[] = {0, 2, 10, 25};
	bool equal = random_percent(r, 70);

	memset(c, 0, sizeof(*c));
	c->voters = SIZES[random_below(r, 8)];
	c->instances = c->voters;
	for (uint32_t k = 0; k < c->voters; k++)
		c->weights[k] = equal ? 1 : 1 + random_below(r, 4);
	c->delta_ms = 50;
	c->heartbeat_ms = random_percent(r, 50) ? 1000 : 0;
	c->interval_ms = random_below(r, 5);
	c->window = 32 + 16 * (uint32_t)random_below(r, 4);
	c->delay_min_ms = 1;
	c->delay_max_ms = DELAYS[random_below(r, 4)];
	c->loss_percent = LOSSES[random_below(r, 4)];
	c->duplicate_percent = (uint32_t)random_below(r, 10);
	c->disk_max_ms = (uint32_t)random_below(r, 12);
}

/* As many misbehave as may. */
static void choose_actors(struct world *w)
{
	uint64_t budget = (w->voters.total - 1) / 3;

	if (random_percent(&w->random, 40))
		return;
	for (uint32_t k = 0; k < w->config.voters; k++) {
		struct instance *i = &w->instances[random_below(
			&w->random, w->config.voters)];

		if (i->actor != ACTOR_HONEST ||
		    w->config.weights[i->voter] > budget)
			continue;
		budget -= w->config.weights[i->voter];
		i->actor = 1 + (enum actor)random_below(&w->random, ACTORS - 1);
		world_say(w, i, "is %s", ACTOR_NAME[i->actor]);
	}
}

static uint64_t some_time(struct world *w)
{
	return w->now_ms + random_below(&w->random, FAULTS_MS);
}

static void any_life(struct happens *h)
{
	h->life = 0;
}

static void plan_outage(struct world *w, const struct instance *i,
			uint64_t at_ms)
{
	uint64_t down_ms = 50 + random_below(&w->random, 2000);

	any_life(world_schedule(w, at_ms, HAPPENS_CRASH, i));
	any_life(world_schedule(w, at_ms + down_ms, HAPPENS_RESTART, i));
}

static void plan_faults(struct world *w)
{
	uint64_t crashes = random_below(&w->random, 8);
	uint64_t partitions = random_below(&w->random, 4);
	uint64_t at_ms = some_time(w);

	for (uint64_t k = 0; k < crashes; k++) {
		const struct instance *i = &w->instances[random_below(
			&w->random, w->config.instances)];

		plan_outage(w, i, some_time(w));
	}
	for (uint32_t k = 0; k < w->config.instances; k++) {
		w->instances[k].skew_ms =
			(int64_t)random_below(&w->random, 200) - 100;
		if (at_ms % 8 == 0) /* All at once. */
			plan_outage(w, &w->instances[k], at_ms);
	}
	for (uint64_t k = 0; k < partitions; k++) {
		uint64_t from_ms = some_time(w);
		uint64_t groups =
			random_next(&w->random) & UINT64_C(0x1111111111111111);
		struct happens *h =
			world_schedule(w, from_ms, HAPPENS_PARTITION, NULL);

		h->number = groups;
		(void)world_schedule(w,
				     from_ms + random_below(&w->random, 3000),
				     HAPPENS_HEAL, NULL);
	}
}

static void plan_batches(struct world *w)
{
	for (uint32_t b = 0; b < WORLD_BATCHES; b++) {
		uint64_t at_ms = some_time(w);
		bool all = random_percent(&w->random, 70);

		for (uint32_t k = 0; k < w->config.instances; k++) {
			struct happens *h;

			if (!all && random_percent(&w->random, 50) &&
			    k != b % w->config.instances)
				continue;
			h = world_schedule(w,
					   at_ms + random_below(&w->random, 10),
					   HAPPENS_BATCH, &w->instances[k]);
			any_life(h);
			h->number = UINT64_C(1) << b;
		}
	}
}

static bool is_settled(const struct world *w)
{
	uint64_t wanted = 0;

	for (uint32_t k = 0; k < w->config.instances; k++) {
		if (w->instances[k].actor == ACTOR_HONEST)
			wanted |= w->instances[k].batches;
	}
	for (uint32_t k = 0; k < w->config.instances; k++) {
		const struct instance *i = &w->instances[k];

		if (i->actor != ACTOR_HONEST)
			continue;
		if ((wanted & ~i->finalised) != 0 || i->syncing ||
		    i->store.durable != i->store.count)
			return false;
	}
	return true;
}

static void calm_down(struct world *w)
{
	w->calm = true;
	for (uint32_t k = 0; k < w->config.instances; k++) {
		struct instance *i = &w->instances[k];

		w->group[k] = 0;
		if (!i->alive)
			any_life(world_schedule(w, w->now_ms, HAPPENS_RESTART,
						i));
	}
}

static void show_stuck(struct world *w)
{
	for (uint32_t k = 0; k < w->config.instances; k++) {
		const struct instance *i = &w->instances[k];
		struct consensus_status s;

		if (!i->core)
			continue;
		consensus_status(i->core, &s);
		world_say(w, i,
			  "stands at view %llu, height %llu, work %d, "
			  "timers %d, delta %llu, batches %llx of %llx",
			  (unsigned long long)s.view,
			  (unsigned long long)s.finalised_height, i->work,
			  s.working, (unsigned long long)s.delta_ms,
			  (unsigned long long)i->finalised,
			  (unsigned long long)i->batches);
	}
}

/* Everything that any honest node holds becomes final at all of them. */
static void check_liveness(struct world *w)
{
	uint64_t end_ms = w->now_ms + RECOVERY_MS;

	while (!w->failed && w->now_ms < end_ms) {
		world_run(w, w->now_ms + 250);
		if (is_settled(w))
			return;
	}
	if (w->failed)
		return;
	show_stuck(w);
	world_fail(w, "not everything is final %llu ms after the last fault",
		   (unsigned long long)RECOVERY_MS);
}

/* SPEC consensus 10: with nothing to do and no heartbeat nobody speaks. */
static void check_quiet(struct world *w)
{
	uint64_t messages;

	for (uint32_t k = 0; k < w->config.instances; k++) {
		if (w->instances[k].actor != ACTOR_HONEST)
			return;
	}
	if (w->failed || w->config.heartbeat_ms != 0)
		return;
	world_run(w, w->now_ms + QUIET_MS);
	messages = w->messages;
	world_run(w, w->now_ms + QUIET_MS);
	if (!w->failed && w->messages != messages)
		world_fail(w, "%llu messages while idle",
			   (unsigned long long)(w->messages - messages));
}

static void restore_one(struct world *w)
{
	struct instance *i =
		&w->instances[random_below(&w->random, w->config.instances)];

	/* A network of one has nobody to get its blocks back from. */
	if (w->config.voters == 1 || !random_percent(&w->random, 25))
		return;
	if (i->alive)
		host_crash(w, i);
	host_restore(w, i,
		     (size_t)random_below(&w->random, i->store.count + 1));
	any_life(world_schedule(w, w->now_ms + 100, HAPPENS_RESTART, i));
}

static bool run_seed(uint64_t seed, bool trace, struct totals *totals)
{
	static struct world w;
	struct world_config config;
	struct random r;
	bool good;

	random_seed(&r, seed);
	choose_network(&config, &r);
	world_init(&w, &config, seed);
	w.trace = trace;
	choose_actors(&w);
	plan_faults(&w);
	plan_batches(&w);
	world_run(&w, w.now_ms + FAULTS_MS / 2);
	if (!w.failed)
		restore_one(&w);
	world_run(&w, w.now_ms + FAULTS_MS / 2 + 3000);
	calm_down(&w);
	check_liveness(&w);
	check_quiet(&w);
	totals->seeds++;
	totals->steps += w.steps;
	totals->messages += w.messages;
	totals->blocks += w.chain_height;
	totals->evidence += w.evidence_count;
	good = !w.failed;
	if (!good)
		printf("seed %llu fails: %s\n"
		       "replay: sim --seed %llu --trace%s%s\n",
		       (unsigned long long)seed, w.failure,
		       (unsigned long long)seed,
		       sim_mutant_name() ? " --mutant " : "",
		       sim_mutant_name() ? sim_mutant_name() : "");
	world_fini(&w);
	return good;
}

/* Every `jobs`-th seed from `first` on; stops at the first that fails. */
static bool run_share(uint64_t first, uint64_t seeds, uint64_t jobs, int out)
{
	struct totals totals = {0};
	bool good = true;

	for (uint64_t s = 0; s < seeds && good; s += jobs)
		good = run_seed(first + s, false, &totals);
	fflush(stdout);
	return write(out, &totals, sizeof(totals)) == sizeof(totals) && good;
}

static bool run_all(uint64_t first, uint64_t seeds, uint64_t jobs)
{
	struct totals sum = {0}, part;
	bool good = true;
	int ends[2];
	int status;

	if (pipe(ends) != 0)
		return false;
	fflush(stdout);
	for (uint64_t j = 0; j < jobs; j++) {
		pid_t child = fork();

		if (child < 0)
			return false;
		if (child == 0)
			exit(run_share(first + j, seeds > j ? seeds - j : 0,
				       jobs, ends[1])
				     ? 0
				     : 1);
	}
	close(ends[1]);
	while (read(ends[0], &part, sizeof(part)) == sizeof(part)) {
		sum.seeds += part.seeds;
		sum.steps += part.steps;
		sum.messages += part.messages;
		sum.blocks += part.blocks;
		sum.evidence += part.evidence;
	}
	close(ends[0]);
	while (wait(&status) > 0)
		good = good && status == 0;
	printf("%llu seeds from %llu: %llu steps, %llu messages, %llu blocks, "
	       "%llu pieces of evidence: %s\n",
	       (unsigned long long)sum.seeds, (unsigned long long)first,
	       (unsigned long long)sum.steps, (unsigned long long)sum.messages,
	       (unsigned long long)sum.blocks, (unsigned long long)sum.evidence,
	       good ? "good" : "FAILED");
	return good;
}

static uint64_t number(const char *text)
{
	return text ? strtoull(text, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	const char *count = getenv("SIM_SEEDS");
	uint64_t seeds = count ? number(count) : 10000;
	uint64_t first = number(getenv("SIM_FIRST")), jobs = 2;
	uint64_t seed = UINT64_MAX;
	struct totals totals = {0};
	bool trace = false;

	for (int k = 1; k < argc; k++) {
		const char *next = k + 1 < argc ? argv[k + 1] : NULL;

		if (strcmp(argv[k], "--trace") == 0)
			trace = true;
		else if (strcmp(argv[k], "--seeds") == 0 && next)
			seeds = number(argv[++k]);
		else if (strcmp(argv[k], "--first") == 0 && next)
			first = number(argv[++k]);
		else if (strcmp(argv[k], "--jobs") == 0 && next)
			jobs = number(argv[++k]);
		else if (strcmp(argv[k], "--seed") == 0 && next)
			seed = number(argv[++k]);
		else if (strcmp(argv[k], "--mutant") == 0 && next &&
			 sim_mutant_select(next))
			k++;
		else
			return fprintf(stderr, "%s: not known\n", argv[k]), 2;
	}
	if (seed != UINT64_MAX)
		return run_seed(seed, trace, &totals) ? 0 : 1;
	return run_all(first, seeds, jobs ? jobs : 1) ? 0 : 1;
}
