/* Actions: what a proposal does when it is executed, as plain data.
 *
 * Shapes, bounds, the table of which type may contain what, and the one fixed
 * layout that is hashed into a proposal's id and kept in its record. What an
 * action changes is execute.h; whether it may, now, too. */
#ifndef BCAI_GOVERNANCE_ACTIONS_H
#define BCAI_GOVERNANCE_ACTIONS_H

#include "base/u256.h"
#include "crypto/hash.h"
#include "governance/params.h"

/* The field numbers of Action.kind. */
enum action_kind {
	ACTION_TEXT = 1,
	ACTION_PARAMETER = 2,
	ACTION_REPUTATION = 3,
	ACTION_VALIDATORS = 4,
	ACTION_COUNCIL = 5,
	ACTION_UPGRADE = 6,
	ACTION_TRANSFER = 7,
	ACTION_CALL = 8,
	ACTION_OVERRIDE = 9,
};
#define ACTION_KINDS 9

/* What reputation is given for. */
enum contribution {
	CONTRIBUTION_CODE_COMMIT = 1,
	CONTRIBUTION_BUG_REPORT = 2,
	CONTRIBUTION_SECURITY_AUDIT = 3,
	CONTRIBUTION_DOCUMENTATION = 4,
	CONTRIBUTION_COMMUNITY_SUPPORT = 5,
	CONTRIBUTION_RESEARCH = 6,
	CONTRIBUTION_GOVERNANCE_PROPOSAL = 7,
};
#define CONTRIBUTIONS 7

#define EVM_ADDRESS_BYTES 20
struct evm_address {
	uint8_t b[EVM_ADDRESS_BYTES];
};

struct action_text { /* a resolution: it is on record, no more */
	struct bytes text;
};

struct action_parameter {
	struct bytes key; /* "proposal.max_open" */
	uint64_t value;
};

struct action_reputation {
	struct public_key account;
	uint32_t kind;	 /* enum contribution */
	uint64_t points; /* milli-points */
};

struct action_validators {
	struct public_key key;
	uint64_t weight; /* 0 removes it */
};

struct action_council {
	const struct public_key *members; /* Borrowed; ascending. */
	uint32_t count;			  /* 0: no council */
	uint32_t threshold;		  /* to act at once */
	uint32_t threshold_delayed;	  /* to act after a delay */
};

struct action_upgrade {
	uint32_t version; /* of the protocol */
	struct hash build;
	uint64_t height; /* from which on it is needed */
};

struct action_transfer {
	uint64_t chain;
	bool has_token; /* false: the chain's own coin */
	struct evm_address token;
	struct evm_address to;
	struct u256 amount;
};

struct action_call {
	uint64_t chain;
	struct evm_address target;
	struct u256 value;
	struct bytes data;
	uint64_t gas;
	struct hash code_hash; /* of the target's code */
};

struct action_override {
	uint32_t proposal; /* the one that was vetoed */
};

struct action {
	enum action_kind kind;
	union {
		struct action_text text;
		struct action_parameter parameter;
		struct action_reputation reputation;
		struct action_validators validators;
		struct action_council council;
		struct action_upgrade upgrade;
		struct action_transfer transfer;
		struct action_call call;
		struct action_override override;
	};
};

/* "parameter", "code_commit"; NULL for a number that is none. The other way:
 * 0 for an unknown word. */
const char *action_kind_name(uint32_t kind);
uint32_t action_kind_from_name(const char *name);
const char *contribution_name(uint32_t contribution);
uint32_t contribution_from_name(const char *name);

/* SPEC governance 11: may a proposal of the type contain the action? */
bool action_is_allowed(enum proposal_type type, const struct action *action);
/* The names of the types that may, "a, b or c", for people. */
#define ACTION_TYPES_BYTES 96
void action_allowed_types(char out[ACTION_TYPES_BYTES],
			  const struct action *action);

/* What needs neither type nor state: ERR_TOO_LARGE (more than 16 actions,
 * call data of more than 8 KiB, a long text), ERR_MALFORMED (unknown kinds,
 * texts that are none, the same thing set twice, amounts of nothing). */
enum err actions_check_form(const struct action_list *actions,
			    struct err_text *text) MUST_USE;
/* The same, then ERR_ACTION_NOT_ALLOWED for the type's row. */
enum err actions_check(const struct action_list *actions,
		       enum proposal_type type, struct err_text *text) MUST_USE;

/* The fixed layout: u8 count, then each action. */
#define ACTION_BYTES_MAX  (LIMIT_CALL_BYTES + 256u)
#define ACTIONS_BYTES_MAX (1u + LIMIT_ACTIONS * ACTION_BYTES_MAX)
size_t actions_size(const struct action_list *actions);
void actions_write(struct writer *w, const struct action_list *actions);
/* Into `room`, which `out` then lends; parts point into `raw`. False when it
 * is not the layout of actions whose form is good. */
bool actions_read(struct action_list *out, struct action room[LIMIT_ACTIONS],
		  struct bytes raw);

/* H("bcai-gov/actions/1", layout). */
void actions_hash(struct hash *out, const struct action_list *actions);

#endif
