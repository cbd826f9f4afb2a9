#include "governance/types.h"

#include <string.h>

static const char *const type_names[] = {
	[TYPE_STANDARD] = "standard",
	[TYPE_TECHNICAL] = "technical",
	[TYPE_EMERGENCY] = "emergency",
	[TYPE_CONSTITUTIONAL] = "constitutional",
	[TYPE_TREASURY] = "treasury",
	[TYPE_PARAMETER] = "parameter",
	[TYPE_CROSSCHAIN] = "crosschain",
};

static const char *const mechanism_names[] = {
	[MECHANISM_TOKEN] = "token-weighted",
	[MECHANISM_QUADRATIC] = "quadratic",
	[MECHANISM_REPUTATION] = "reputation-weighted",
	[MECHANISM_HYBRID] = "hybrid",
};

static const char *const state_names[] = {
	[STATE_DRAFT] = "draft",
	[STATE_SUBMITTED] = "submitted",
	[STATE_VOTING] = "voting",
	[STATE_PASSED] = "passed",
	[STATE_REJECTED] = "rejected",
	[STATE_CANCELLED] = "cancelled",
	[STATE_EXPIRED] = "expired",
	[STATE_QUEUED] = "queued",
	[STATE_EXECUTED] = "executed",
	[STATE_EXECUTION_FAILED] = "execution-failed",
};

static const char *const choice_names[] = {
	[CHOICE_FOR] = "for",
	[CHOICE_AGAINST] = "against",
	[CHOICE_ABSTAIN] = "abstain",
};

static const char *const delegation_names[] = {
	[DELEGATION_FULL] = "full",
	[DELEGATION_CONDITIONAL] = "conditional",
	[DELEGATION_LIMITED] = "limited",
};

#define COUNT(names) ((uint32_t)(sizeof(names) / sizeof((names)[0])))

static const char *name_of(const char *const *names, uint32_t count,
			   uint32_t number)
{
	return number < count ? names[number] : NULL;
}

static uint32_t number_of(const char *const *names, uint32_t count,
			  const char *name)
{
	for (uint32_t i = 1; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return 0;
}

const char *proposal_type_name(uint32_t type)
{
	return name_of(type_names, COUNT(type_names), type);
}

uint32_t proposal_type_from_name(const char *name)
{
	return number_of(type_names, COUNT(type_names), name);
}

const char *mechanism_name(uint32_t mechanism)
{
	return name_of(mechanism_names, COUNT(mechanism_names), mechanism);
}

const char *proposal_state_name(uint32_t state)
{
	return name_of(state_names, COUNT(state_names), state);
}

const char *choice_name(uint32_t choice)
{
	return name_of(choice_names, COUNT(choice_names), choice);
}

uint32_t choice_from_name(const char *name)
{
	return number_of(choice_names, COUNT(choice_names), name);
}

const char *delegation_kind_name(uint32_t kind)
{
	return name_of(delegation_names, COUNT(delegation_names), kind);
}

uint32_t delegation_kind_from_name(const char *name)
{
	return number_of(delegation_names, COUNT(delegation_names), name);
}
