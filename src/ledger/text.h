/* Texts people write: valid UTF-8 without control characters, so that what
 * was signed can be shown on a terminal as it is.
 *
 * A line has no control character at all; prose may have newlines and tabs.
 * Control characters are U+0000 to U+001F and U+007F to U+009F. */
#ifndef BCAI_LEDGER_TEXT_H
#define BCAI_LEDGER_TEXT_H

#include "base/bytes.h"

bool text_is_line(struct bytes text);
bool text_is_prose(struct bytes text);
/* 1 to `max` of: letters, digits, '.', '-', '_'. For names and chain ids. */
bool text_is_name(struct bytes text, size_t max);

#endif
