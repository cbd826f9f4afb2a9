/* Parameters of the network that are not governance: checkpoints and the
 * clock of consensus. One table, set at genesis, the same on every node. */
#ifndef BCAI_LEDGER_NETWORK_PARAMS_H
#define BCAI_LEDGER_NETWORK_PARAMS_H

#include "governance/params.h"

/* X(symbol, name, unit, min, max, default, sentence) */
#define NETWORK_PARAM_TABLE(X)                                                 \
	X(CHECKPOINT_BLOCKS, "checkpoint.blocks", "blocks", 1, 100000, 1000,   \
	  "blocks with results after which a checkpoint is made at once")      \
	X(CHECKPOINT_MS, "checkpoint.ms", "ms", 1, MS_HOUR, 2 * MS_SECOND,     \
	  "block time after which anything new is covered by a checkpoint")    \
	X(CONSENSUS_DELTA_MS, "consensus.delta_ms", "ms", 1, MS_HOUR, 200,     \
	  "the bound hoped for on one message between validators")             \
	X(CONSENSUS_DELTA_MAX_MS, "consensus.delta_max_ms", "ms", 1, MS_HOUR,  \
	  5 * MS_SECOND, "back-off never makes that bound longer than this")   \
	X(CONSENSUS_HEARTBEAT_MS, "consensus.heartbeat_ms", "ms", 0, MS_HOUR,  \
	  5 * MS_SECOND, "an idle network makes a block this often; 0: never") \
	X(CONSENSUS_INTERVAL_MS, "consensus.interval_ms", "ms", 0, MS_HOUR, 6, \
	  "least time between two blocks")                                     \
	X(CONSENSUS_DRIFT_MS, "consensus.drift_ms", "ms", 1, MS_HOUR,          \
	  MS_SECOND, "how far a block's time may be ahead of a clock")

enum network_param {
#define NETWORK_PARAM_ENUM(symbol, ...) NETWORK_##symbol,
	NETWORK_PARAM_TABLE(NETWORK_PARAM_ENUM)
#undef NETWORK_PARAM_ENUM
		NETWORK_PARAM_COUNT
};

struct network_params {
	uint64_t value[NETWORK_PARAM_COUNT];
};

void network_params_default(struct network_params *p);
/* The row of parameter `index` < NETWORK_PARAM_COUNT. */
void network_param_info(struct governance_param_info *out, size_t index);
/* The index of a name, or NETWORK_PARAM_COUNT. */
size_t network_param_find(const char *name);
/* ERR_PARAMETER_BOUNDS; `p` is unchanged then. */
enum err network_param_set(struct network_params *p, size_t index,
			   uint64_t value, struct err_text *text) MUST_USE;

/* u16 count, then a u64 a parameter in table order. */
#define NETWORK_PARAMS_BYTES (2 + 8 * NETWORK_PARAM_COUNT)
void network_params_write(struct writer *w, const struct network_params *p);
/* ERR_MALFORMED, ERR_PARAMETER_BOUNDS; `p` is then undefined. */
enum err network_params_read(struct network_params *p, struct reader *r,
			     struct err_text *text) MUST_USE;

#endif
