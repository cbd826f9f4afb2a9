/* The words of governance: types, mechanisms, states, choices, and what a
 * transaction may carry. Shapes only; the rules stand in governance.h.
 *
 * Numbers of enums are part of the protocol: they are signed, hashed and
 * stored. */
#ifndef BCAI_GOVERNANCE_TYPES_H
#define BCAI_GOVERNANCE_TYPES_H

#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/sign.h"

#include <stdbool.h>
#include <stdint.h>

/* An index that is no account's. */
#define NO_ACCOUNT UINT32_MAX

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
	STATE_QUEUED = 8, /* passed; its actions wait for the timelock */
	STATE_EXECUTED = 9,
	STATE_EXECUTION_FAILED = 10,
};
#define PROPOSAL_STATES 10

enum choice {
	CHOICE_FOR = 1,
	CHOICE_AGAINST = 2,
	CHOICE_ABSTAIN = 3,
};
#define CHOICES 3

enum delegation_kind {
	DELEGATION_FULL = 1,
	DELEGATION_CONDITIONAL = 2,
	DELEGATION_LIMITED = 3,
};
#define DELEGATION_TYPES_ALL ((1u << PROPOSAL_TYPES) - 1)

/* The field numbers of TxBody.payload. */
enum payload_kind {
	PAYLOAD_SUBMIT = 10,
	PAYLOAD_PUBLISH = 11,
	PAYLOAD_AMEND = 12,
	PAYLOAD_CANCEL = 13,
	PAYLOAD_VOTE = 14,
	PAYLOAD_DELEGATE = 15,
	PAYLOAD_UNDELEGATE = 16,
	PAYLOAD_TRANSFER = 17,
	PAYLOAD_VETO = 18,
	PAYLOAD_COUNCIL_ACT = 19,
	PAYLOAD_COUNCIL_APPROVE = 20,
};

struct action; /* actions.h */
struct action_list {
	const struct action *list; /* Borrowed. */
	uint32_t count;
};

struct payload_submit {
	uint32_t type; /* enum proposal_type, unchecked */
	bool draft;
	struct bytes title;
	struct bytes description;
	struct action_list actions;
};

struct payload_publish {
	uint32_t proposal;
};

struct payload_amend { /* replaces all three */
	uint32_t proposal;
	struct bytes title;
	struct bytes description;
	struct action_list actions;
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

struct payload_delegate {
	uint32_t kind;		  /* enum delegation_kind, unchecked */
	bool has_target;	  /* false: opts out of the full one */
	struct public_key target; /* zeros without one */
	uint32_t types;		  /* of a conditional one: bit type - 1 */
	uint64_t amount;	  /* of a limited one, micro-tokens */
	uint64_t expires_ms;	  /* block time; 0: never */
};

struct payload_undelegate {
	const uint32_t *serials; /* Borrowed; ascending. */
	uint32_t count;		 /* 0: all of the account's */
};

struct payload_transfer {
	struct public_key to;
	uint64_t amount; /* micro-tokens */
};

struct payload_veto {
	uint32_t proposal;
	struct bytes reason; /* never empty */
};

struct payload_council_act { /* approved by who proposes it */
	struct bytes title;
	struct action_list actions; /* at least one */
	struct action_list revert;  /* what takes them back; at least one */
};

struct payload_council_approve {
	uint32_t act;
};

struct payload {
	enum payload_kind kind;
	union {
		struct payload_submit submit;
		struct payload_publish publish;
		struct payload_amend amend;
		struct payload_cancel cancel;
		struct payload_vote vote;
		struct payload_delegate delegate;
		struct payload_undelegate undelegate;
		struct payload_transfer transfer;
		struct payload_veto veto;
		struct payload_council_act council_act;
		struct payload_council_approve council_approve;
	};
};

/* "standard", "token-weighted", "voting", "for", "full"; NULL for a number that
 * is none. The other way: 0 for an unknown word. */
const char *proposal_type_name(uint32_t type);
uint32_t proposal_type_from_name(const char *name);
const char *mechanism_name(uint32_t mechanism);
const char *proposal_state_name(uint32_t state);
const char *choice_name(uint32_t choice);
uint32_t choice_from_name(const char *name);
const char *delegation_kind_name(uint32_t kind);
uint32_t delegation_kind_from_name(const char *name);

#endif
