/* Any bytes as the layout of actions, as the admin socket and the store hand
 * them in: what is accepted writes the same bytes again and has words. */
#include "admin/action_json.h"
#include "base/arena.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct action room[LIMIT_ACTIONS];
	struct action_list actions;
	struct writer w;
	uint8_t *again;
	json_t *value;

	if (!actions_read(&actions, room, (struct bytes){data, size}))
		return 0;
	assert(actions_size(&actions) == size);
	again = mem_alloc(size);
	writer_init(&w, again, size);
	actions_write(&w, &actions);
	assert(!w.bad && memcmp(again, data, size) == 0);
	free(again);
	value = actions_value(&actions);
	assert(json_array_size(value) == actions.count);
	json_decref(value);
	return 0;
}
