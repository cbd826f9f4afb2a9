/* Lower-case hexadecimal, strict both ways. */
#ifndef BCAI_BASE_HEX_H
#define BCAI_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write 2 * size digits and a terminating NUL to `out`. */
void hex_encode(char *out, const void *data, size_t size);

/* True when `text` is exactly 2 * size digits (either case). */
bool hex_decode(void *out, size_t size, const char *text, size_t text_size);

#endif
