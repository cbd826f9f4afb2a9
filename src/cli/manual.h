/* The manual pages, in roff with the man macros; ASCII only. */
#ifndef BCAI_CLI_MANUAL_H
#define BCAI_CLI_MANUAL_H

#include <stdio.h>

void manual_cli(FILE *out);
void manual_daemon(FILE *out);

#endif
