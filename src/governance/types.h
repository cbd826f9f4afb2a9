/* The words of governance: types, mechanisms, states, choices, and what a
 * transaction may carry. Shapes only; the rules stand in governance.h.
 *
 * Numbers of enums are part of the protocol: they are signed, hashed and
 * stored. */
#ifndef BCAI_GOVERNANCE_TYPES_H
#define BCAI_GOVERNANCE_TYPES_H

#include "base/bytes.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum proposal_type {
	TYPE_STANDARD = 1,
	TYPE_TECHNICAL = 2,
	TYPE_EMERGENCY = 3,
	TYPE_CONSTITUTIONAL = 4,
	TYPE_TREASURY = 5,
	TYPE_PARAMETER = 6,
	TYPE_CROSSCHAIN = 7,
};
#define PROPOSAL_TYPES 7

enum mechanism {
	MECHANISM_TOKEN = 1,
	MECHANISM_QUADRATIC = 2,
	MECHANISM_REPUTATION = 3,
	MECHANISM_HYBRID = 4,
};

enum proposal_state {
	STATE_DRAFT = 1,
	STATE_SUBMITTED = 2,
	STATE_VOTING = 3,
	STATE_PASSED = 4,
	STATE_REJECTED = 5,
	STATE_CANCELLED = 6,
	STATE_EXPIRED = 7,
};

enum choice {
	CHOICE_FOR = 1,
	CHOICE_AGAINST = 2,
	CHOICE_ABSTAIN = 3,
};
#define CHOICES 3

/* The field numbers of TxBody.payload. */
enum payload_kind {
	PAYLOAD_SUBMIT = 10,
	PAYLOAD_PUBLISH = 11,
	PAYLOAD_AMEND = 12,
	PAYLOAD_CANCEL = 13,
	PAYLOAD_VOTE = 14,
};

struct payload_submit {
	uint32_t type; /* enum proposal_type, unchecked */
	bool draft;
	struct bytes title;
	struct bytes description;
};

struct payload_publish {
	uint32_t proposal;
};

struct payload_amend {
	uint32_t proposal;
	struct bytes title;
	struct bytes description;
};

struct payload_cancel {
	uint32_t proposal;
	struct bytes reason;
};

struct ballot {
	uint32_t proposal;
	uint32_t choice; /* enum choice, unchecked */
	struct bytes reason;
};

struct payload_vote {
	const struct ballot *ballots; /* Borrowed. */
	uint32_t count;
};

struct payload {
	enum payload_kind kind;
	union {
		struct payload_submit submit;
		struct payload_publish publish;
		struct payload_amend amend;
		struct payload_cancel cancel;
		struct payload_vote vote;
	};
};

/* "standard", "token-weighted", "voting", "for"; NULL for a number that is
 * none. The other way: 0 for an unknown word. */
const char *proposal_type_name(uint32_t type);
uint32_t proposal_type_from_name(const char *name);
const char *mechanism_name(uint32_t mechanism);
const char *proposal_state_name(uint32_t state);
const char *choice_name(uint32_t choice);
uint32_t choice_from_name(const char *name);

#endif
