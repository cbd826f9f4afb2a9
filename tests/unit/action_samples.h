/* One action of each kind, every field set, for tests of codec and rules. */
#ifndef BCAI_TESTS_ACTION_SAMPLES_H
#define BCAI_TESTS_ACTION_SAMPLES_H

#include "governance/actions.h"

/* In order of their kinds, 1 to ACTION_KINDS. */
void action_samples(struct action out[ACTION_KINDS]);

#endif
