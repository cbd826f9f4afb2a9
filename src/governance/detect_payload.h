/* Does a proposal do what it says, and what its type is for?
 *
 * A pure function of its actions, its text and the keys that are known: the
 * first thing that should make a reader look twice. It judges no intent; a
 * selector it does not know is no finding. */
#ifndef BCAI_GOVERNANCE_DETECT_PAYLOAD_H
#define BCAI_GOVERNANCE_DETECT_PAYLOAD_H

#include "governance/actions.h"
#include "governance/detect.h"

enum payload_finding {
	FINDING_NONE = 0,
	/* A call's selector is known, and not what the type is for. */
	FINDING_SELECTOR = 1,
	/* Call data for a target that has no code. */
	FINDING_NO_CODE = 2,
	/* A key or address begins and ends like another one that is known, or
	 * that the text or another action names, and is not it. */
	FINDING_RESEMBLES = 3,
	/* The text names parameters, keys or addresses, and not this one. */
	FINDING_DISAGREES = 4,
};

/* "selector outside the type"; NULL for a number that is none. */
const char *payload_finding_name(uint32_t finding);

struct payload_view {
	enum proposal_type type;
	struct bytes title;
	struct bytes description;
	const struct action_list *actions;
	const struct public_key *known; /* council, validators */
	uint32_t known_count;
};

/* True: `out` has the kind, the action's number from 1, and the finding. */
bool detect_payload(const struct payload_view *v, struct alert *out);

#endif
