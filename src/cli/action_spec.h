/* --action SPEC: an action as people write it, in one word of the shell.
 *
 *	text WORDS…
 *	parameter KEY=VALUE
 *	reputation KEY|PUBKEY CONTRIBUTION POINTS
 *	validators add NODE WEIGHT | remove NODE
 *	council threshold=N [delayed=M] KEY,… | none
 *	upgrade VERSION BUILD HEIGHT
 *	transfer CHAIN TOKEN|coin TO AMOUNT
 *	call CHAIN TARGET DATA gas=N code=HASH [value=N]
 *	override NUMBER
 *
 * What it cannot read it explains, with the form that it would take. */
#ifndef BCAI_CLI_ACTION_SPEC_H
#define BCAI_CLI_ACTION_SPEC_H

#include "cli/cli.h"

#include "base/arena.h"
#include "governance/actions.h"

/* Parts of `out` live in the arena. Names of keys are looked up in `keys`.
 * ERR_USAGE, ERR_KEY_UNKNOWN and what the keystore says; ERR_NO_MEMORY. */
enum err action_spec_read(struct action *out, struct arena *arena,
			  const char *keys, const char *spec,
			  struct err_text *text) MUST_USE;

/* The values of an option ("action", "revert"), in order; the caller finishes
 * `arena`. ERR_TOO_LARGE for more than 16. */
#define ACTION_SPECS_ARENA_BYTES (8u << 20) /* of what 16 words may hold */
enum err action_specs_take(struct cli *cli, const char *option,
			   struct action_list *out, struct arena *arena,
			   struct err_text *text) MUST_USE;

#endif
