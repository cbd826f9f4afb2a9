#include "action_samples.h"

#include <string.h>

static const struct public_key MEMBERS[3] = {{{1}}, {{2}}, {{2, 1}}};

static struct bytes of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

void action_samples(struct action out[ACTION_KINDS])
{
	memset(out, 0, ACTION_KINDS * sizeof(*out));
	for (uint32_t i = 0; i < ACTION_KINDS; i++)
		out[i].kind = (enum action_kind)(i + 1);
	out[ACTION_TEXT - 1].text.text = of("Resolved:\nto t\xc3\xa9st");
	out[ACTION_PARAMETER - 1].parameter.key = of("proposal.max_open");
	out[ACTION_PARAMETER - 1].parameter.value = 5;
	memset(out[ACTION_REPUTATION - 1].reputation.account.b, 7,
	       PUBLIC_KEY_BYTES);
	out[ACTION_REPUTATION - 1].reputation.kind = CONTRIBUTION_RESEARCH;
	out[ACTION_REPUTATION - 1].reputation.points = 25 * POINT;
	memset(out[ACTION_VALIDATORS - 1].validators.key.b, 8,
	       PUBLIC_KEY_BYTES);
	out[ACTION_VALIDATORS - 1].validators.weight = LIMIT_VALIDATOR_WEIGHT;
	out[ACTION_COUNCIL - 1].council =
		(struct action_council){MEMBERS, 3, 3, 2};
	out[ACTION_UPGRADE - 1].upgrade.version = 2;
	memset(out[ACTION_UPGRADE - 1].upgrade.build.b, 9, HASH_BYTES);
	out[ACTION_UPGRADE - 1].upgrade.height = 120000;
	out[ACTION_TRANSFER - 1].transfer = (struct action_transfer){
		.chain = 1,
		.has_token = true,
		.token = {{0xaa}},
		.to = {{0xbb}},
		.amount = {{[0] = 0xff, [31] = 1}},
	};
	out[ACTION_CALL - 1].call = (struct action_call){
		.chain = 31337,
		.target = {{0xcc}},
		.value = {{[31] = 1}},
		.data = {(const uint8_t *)"\x12\x34\x56\x78\0", 5},
		.gas = 100000,
		.code_hash = {{0xdd}},
	};
	out[ACTION_OVERRIDE - 1].override.proposal = 12;
}
