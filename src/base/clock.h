/* The machine's clocks, for the adapters only: pure folders get their time as
 * an argument. */
#ifndef BCAI_BASE_CLOCK_H
#define BCAI_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some fixed point; never steps back. */
uint64_t clock_mono_ms(void);
/* Microseconds of the same clock. */
uint64_t clock_mono_us(void);
/* Milliseconds since 1970, UTC; may step. */
uint64_t clock_wall_ms(void);

#endif
