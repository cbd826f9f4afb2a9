#include "governance/contents.h"

#include "base/arena.h"
#include "governance/execute.h"
#include "governance/internal.h"

#include <stdlib.h>

static const struct action_list NONE = {NULL, 0};

enum err contents_check(const struct governance *g,
			const struct governance_context *ctx,
			const struct action_list *actions, uint32_t type,
			struct err_text *text)
{
	const struct execution x = {
		.type = (enum proposal_type)type,
		.proposer = ctx->account,
		.height = ctx->height,
		.time_ms = ctx->time_ms,
	};
	enum err err = actions_check(actions, x.type, text);

	if (err || actions->count == 0)
		return err;
	return execute_preview(g, &x, actions, NULL, text);
}

uint8_t *contents_pack(const struct action_list *actions, size_t *size)
{
	struct writer w;
	uint8_t *raw;

	*size = actions_size(actions);
	raw = mem_alloc(*size);
	writer_init(&w, raw, *size);
	actions_write(&w, actions);
	assert(!w.bad && w.size == *size);
	return raw;
}

void contents_unpack(struct action_list *out, struct action room[LIMIT_ACTIONS],
		     const uint8_t *raw, size_t size)
{
	bool good = actions_read(out, room, (struct bytes){raw, size});

	assert(good);
}

void contents_drop(struct entry *e)
{
	free(e->actions);
	e->actions = NULL;
	e->actions_size = 0;
}

static void set_actions(struct governance *g, struct entry *e,
			const struct action_list *actions)
{
	bool had = e->p.action_count > 0;

	contents_drop(e);
	e->p.action_count = actions->count;
	actions_hash(&e->p.actions_hash, actions);
	if (actions->count == 0 && !had)
		return;
	e->actions = contents_pack(actions, &e->actions_size);
	pending_actions(g, e, (struct bytes){e->actions, e->actions_size});
}

void contents_set(struct governance *g, struct entry *e, struct bytes title,
		  struct bytes description, const struct action_list *actions)
{
	proposal_text_hash(&e->p.text_hash, title, description);
	e->watching.title = title_skeleton(title);
	set_actions(g, e, actions);
	watch_payload(g, e, title, description, actions);
	proposal_compute_id(&e->p.id, &g->genesis,
			    &g->accounts.list[e->p.proposer].key, &e->p);
	pending_texts(g, e, title, description);
}

void contents_actions(const struct entry *e, struct action_list *out,
		      struct action room[LIMIT_ACTIONS])
{
	*out = NONE;
	if (e->actions)
		contents_unpack(out, room, e->actions, e->actions_size);
}

bool contents_load(struct entry *e, struct bytes actions)
{
	struct action room[LIMIT_ACTIONS];
	struct action_list list;
	struct hash hash;

	if (!actions_read(&list, room, actions))
		return false;
	actions_hash(&hash, &list);
	if (!hash_equal(&hash, &e->p.actions_hash) ||
	    list.count != e->p.action_count)
		return false;
	if (proposal_needs_actions(&e->p)) {
		e->actions = mem_copy(actions.data, actions.size);
		e->actions_size = actions.size;
	}
	return true;
}

bool contents_is_consistent(const struct proposal *p)
{
	struct hash none;

	actions_hash(&none, &NONE);
	return (p->action_count == 0) == hash_equal(&none, &p->actions_hash);
}
