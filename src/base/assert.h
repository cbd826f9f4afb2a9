/* Assertions that stay on in production.
 *
 * They state what our own code guarantees. Input from outside is never
 * asserted: it is checked and answered with an error. */
#ifndef BCAI_BASE_ASSERT_H
#define BCAI_BASE_ASSERT_H

#ifdef NDEBUG
#error "assertions are part of the program; build without NDEBUG"
#endif

#include <assert.h> /* IWYU pragma: export */

#endif
