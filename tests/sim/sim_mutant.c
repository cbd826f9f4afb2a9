#include "sim_mutant.h"

#include "consensus/mutant.h"

#include <stddef.h>
#include <string.h>

#ifdef CONSENSUS_MUTANTS
static const char *const NAMES[] = {
#define MUTANT_NAME(symbol, name) name,
	MUTANTS(MUTANT_NAME)
#undef MUTANT_NAME
};

enum mutant consensus_mutant = MUTANT_NONE;

bool sim_mutant_select(const char *name)
{
	for (size_t k = 0; k < sizeof(NAMES) / sizeof(NAMES[0]); k++) {
		if (strcmp(NAMES[k], name) == 0) {
			consensus_mutant = (enum mutant)k;
			return true;
		}
	}
	return false;
}

const char *sim_mutant_name(void)
{
	return consensus_mutant == MUTANT_NONE ? NULL : NAMES[consensus_mutant];
}
#else
bool sim_mutant_select(const char *name)
{
	(void)name;
	return false;
}

const char *sim_mutant_name(void)
{
	return NULL;
}
#endif
