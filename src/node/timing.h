/* The network's clock of consensus: from the genesis into its configuration.
 * Nothing of it is a node's own choice, or leaders would differ. */
#ifndef BCAI_NODE_TIMING_H
#define BCAI_NODE_TIMING_H

#include "consensus/consensus.h"
#include "ledger/network_params.h"

/* Fill the times of `config`. A bound below what it bounds is that. */
void timing_from_params(struct consensus_config *config,
			const struct network_params *params);

#endif
