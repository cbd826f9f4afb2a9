/* Pick one of the deliberate bugs of consensus/mutant.h. */
#ifndef BCAI_SIM_MUTANT_H
#define BCAI_SIM_MUTANT_H

#include <stdbool.h>

/* False when the core is built without bugs, or the name is unknown. */
bool sim_mutant_select(const char *name);
/* NULL when none is active. */
const char *sim_mutant_name(void);

#endif
