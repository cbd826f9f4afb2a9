/* How far two words are apart, to ask "did you mean". */
#ifndef BCAI_BASE_NEAREST_H
#define BCAI_BASE_NEAREST_H

#include <stddef.h>

/* Insertions, deletions and substitutions from one to the other (Levenshtein);
 * NEAREST_FAR when either has more than 62 bytes. */
#define NEAREST_FAR 99u
size_t nearest_distance(const char *a, const char *b);

#endif
