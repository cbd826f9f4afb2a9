/* Write the pages that are made from tables into a source tree:
 * gen-reference SRCDIR */
#include "cli/reference.h"

#include <errno.h>
#include <string.h>

int main(int argc, char **argv)
{
	char path[1024];

	if (argc != 2) {
		fputs("usage: gen-reference SRCDIR\n", stderr);
		return 3;
	}
	for (const struct reference *r = reference_table(); r->name; r++) {
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s", argv[1], r->path);
		out = fopen(path, "w");
		if (!out) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return 1;
		}
		r->write(out);
		if (fclose(out) != 0)
			return 1;
	}
	return 0;
}
