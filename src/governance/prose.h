/* Texts people write, as the network accepts them: well-formed UTF-8 that a
 * terminal can show. The codec and the rules ask the same question here. */
#ifndef BCAI_GOVERNANCE_PROSE_H
#define BCAI_GOVERNANCE_PROSE_H

#include "base/bytes.h"

/* One line (a title) or several (everything else) of UTF-8 that a terminal
 * can show: no control character; in a line no newline either and nothing
 * that turns the direction of writing. */
bool prose_is_line(struct bytes text);
bool prose_is_text(struct bytes text);

#endif
