/* Actions as programs and people read them: JSON, and one line of words. */
#ifndef BCAI_ADMIN_ACTION_JSON_H
#define BCAI_ADMIN_ACTION_JSON_H

#include "admin/json.h"
#include "governance/actions.h"

/* {"kind":"parameter","key":…,"value":…,"words":"set … to …"} */
json_t *action_value(const struct action *a);
json_t *actions_value(const struct action_list *actions);

/* One line; keys in hex, tokens and points with their decimals. Cut to fit. */
#define ACTION_WORDS_BYTES 512
void action_words(char out[ACTION_WORDS_BYTES], const struct action *a);

/* A number in a parameter's unit: "5000 tokens", "20000 ms". */
#define PARAM_WORDS_BYTES 64
void param_words(char out[PARAM_WORDS_BYTES], const char *unit, uint64_t value);

#endif
