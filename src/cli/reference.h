/* Pages made from the tables: errors, methods, manuals, completion.
 *
 * The copies in the tree (doc/errors.md, doc/rpc.md, doc/man, contrib) are
 * made by `make reference`; a test compares them with what this prints. */
#ifndef BCAI_CLI_REFERENCE_H
#define BCAI_CLI_REFERENCE_H

#include <stdio.h>

struct reference {
	const char *name; /* for the generator's command line */
	const char *path; /* within the source tree */
	void (*write)(FILE *out);
};

/* Ended by a NULL name. */
const struct reference *reference_table(void);
void reference_completion(FILE *out);

#endif
