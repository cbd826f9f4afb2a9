#include "node/timing.h"

void timing_from_params(struct consensus_config *config,
			const struct network_params *params)
{
	const uint64_t *value = params->value;

	config->delta_ms = value[NETWORK_CONSENSUS_DELTA_MS];
	config->delta_max_ms = value[NETWORK_CONSENSUS_DELTA_MAX_MS];
	config->heartbeat_ms = value[NETWORK_CONSENSUS_HEARTBEAT_MS];
	config->interval_ms = value[NETWORK_CONSENSUS_INTERVAL_MS];
	config->drift_ms = value[NETWORK_CONSENSUS_DRIFT_MS];
	if (config->delta_max_ms < config->delta_ms)
		config->delta_max_ms = config->delta_ms;
}
