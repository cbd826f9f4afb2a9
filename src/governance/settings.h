/* What executed proposals have settled: values of parameters to come and when
 * they were last changed, the council, the validators, the version, and how
 * much reputation this epoch has awarded.
 *
 * Plain data with two records; what may be settled is execute.h. The
 * parameters in force are the governance's own. */
#ifndef BCAI_GOVERNANCE_SETTINGS_H
#define BCAI_GOVERNANCE_SETTINGS_H

#include "governance/actions.h"

struct param_change {
	uint64_t changed_ms; /* when it was last decided; 0: never */
	uint64_t next;	     /* in force from the next epoch, if pending */
	bool pending;
};

struct council {
	uint32_t count; /* 0: there is none */
	struct public_key members[LIMIT_COUNCIL];
	uint32_t threshold;	    /* to act at once */
	uint32_t threshold_delayed; /* to act after a delay */
};

/* The validators that are to be: those of the genesis, as changed since. */
struct validator_plan {
	uint32_t count;
	struct {
		struct public_key key;
		uint64_t weight; /* above 0 */
	} list[LIMIT_VALIDATORS];
};

/* The protocol a network starts with. */
#define PROTOCOL_VERSION_FIRST 1u

struct upgrade_plan {
	uint32_t version; /* 0: none was decided */
	struct hash build;
	uint64_t height;
};

struct settings {
	struct param_change change[PARAM_COUNT];
	struct council council;
	struct validator_plan validators;
	struct upgrade_plan upgrade;
	uint64_t awarded[CONTRIBUTIONS]; /* milli-points, in that epoch */
	uint32_t awarded_epoch;
};

/* The parameters as they will be when all that is pending is in force. */
void settings_pending_params(struct governance_params *out,
			     const struct governance_params *now,
			     const struct settings *s);
/* Put what is pending in force. False when nothing was. */
bool settings_turn(struct governance_params *now, struct settings *s);

/* Milli-points awarded for a contribution in `epoch`. */
uint64_t settings_awarded(const struct settings *s, enum contribution kind,
			  uint32_t epoch);
void settings_award(struct settings *s, enum contribution kind, uint32_t epoch,
		    uint64_t points);

/* The weight it is to have; 0 when it is none. */
uint64_t validator_plan_weight(const struct validator_plan *v,
			       const struct public_key *key);
/* 0 removes it. ERR_TOO_LARGE: more than LIMIT_VALIDATORS. */
enum err validator_plan_set(struct validator_plan *v,
			    const struct public_key *key, uint64_t weight,
			    struct err_text *text) MUST_USE;

void council_set(struct council *out, const struct action_council *from);
/* Members ascend, thresholds fit: ERR_TOO_LARGE, ERR_MALFORMED. */
enum err council_check(const struct council *c, struct err_text *text) MUST_USE;
/* u8 members, each, u8 threshold, u8 delayed threshold. */
void council_write(struct writer *w, const struct council *c);
/* False when it is not a council whose form is good. */
bool council_read(struct reader *r, struct council *c);

/* The record of the parameters: their values, and the changes. Read it over the
 * values of the genesis: those that never changed must be the same. False when
 * the bytes are not one, or a value is out of its bounds. */
#define PARAMS_RECORD_BYTES (1u + 2u + 25u * PARAM_COUNT)
void params_record_write(struct writer *w, const struct governance_params *now,
			 const struct settings *s);
bool params_record_read(struct governance_params *now, struct settings *s,
			struct bytes value);

/* The record of the rest. */
#define SETTINGS_RECORD_BYTES_MAX                                              \
	(1u + 4u + 8u * CONTRIBUTIONS + 3u + 32u * LIMIT_COUNCIL + 4u +        \
	 40u * LIMIT_VALIDATORS + 4u + HASH_BYTES + 8u)
void settings_record_write(struct writer *w, const struct settings *s);
bool settings_record_read(struct settings *s, struct bytes value);

#endif
