/* Actions between protobuf and our structs, for codec_tx.c alone. */
#ifndef BCAI_PROTO_CODEC_ACTION_H
#define BCAI_PROTO_CODEC_ACTION_H

#include "base/arena.h"
#include "governance/actions.h"
#include "proto/tx.pb-c.h"

/* `out` and its parts live in the arena, or point into what was unpacked.
 * ERR_TOO_LARGE: more than 16 actions, or 32 members; ERR_MALFORMED: a field
 * that is none; ERR_NO_MEMORY. Bounds are for actions_check_form. */
enum err codec_take_actions(struct action_list *out, struct arena *arena,
			    Bcai__Tx__Action *const *list,
			    size_t count) MUST_USE;

/* The list to pack, in the arena, pointing into `actions`; count is that of
 * `actions`. NULL when the arena is full. */
Bcai__Tx__Action **codec_give_actions(struct arena *arena,
				      const struct action_list *actions);

/* A copy with a NUL at its end; NULL when the arena is full. */
char *codec_string(struct arena *arena, struct bytes text);

#endif
