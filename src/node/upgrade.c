#include "node/upgrade.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "node/state.h"

#define REMIND_MS 60000u

void upgrade_remind(struct node *n)
{
	const struct upgrade_plan *plan =
		&governance_settings(ledger_governance(n->ledger))->upgrade;
	uint64_t now_ms = clock_mono_ms(), height = n->commit.durable_height;
	char build[2 * HASH_BYTES + 1];

	if (plan->version <= PROTOCOL_VERSION ||
	    (n->upgrade.version == plan->version &&
	     now_ms - n->upgrade.told_ms < REMIND_MS))
		return;
	n->upgrade.version = plan->version;
	n->upgrade.told_ms = now_ms;
	hex_encode(build, plan->build.b, HASH_BYTES);
	if (height < plan->height)
		log_warn(NODE,
			 "UPGRADE NEEDED: version %u of the protocol from "
			 "height %llu on, in %llu blocks; this program has "
			 "%u; install build %s",
			 plan->version, (unsigned long long)plan->height,
			 (unsigned long long)(plan->height - height),
			 PROTOCOL_VERSION, build);
	else
		log_error(NODE,
			  "UPGRADE MISSED: version %u of the protocol is "
			  "needed since height %llu; this program has %u; "
			  "install build %s",
			  plan->version, (unsigned long long)plan->height,
			  PROTOCOL_VERSION, build);
}
