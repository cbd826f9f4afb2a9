/* Who is at the other end of a Unix socket, and what that one may do. */
#ifndef BCAI_ADMIN_PEERCRED_H
#define BCAI_ADMIN_PEERCRED_H

#include "admin/commands.h"

#include <stdbool.h>
#include <sys/types.h>

#define PEER_GROUPS_MAX 1024

struct peer_identity {
	uid_t uid;
	pid_t pid;
	int group_count; /* primary and supplementary */
	gid_t groups[PEER_GROUPS_MAX];
};

/* As the kernel tells it; false when it does not. */
bool peer_identify(struct peer_identity *out, int fd);

/* The owner, root, and members of `group` (when has_group) may operate. */
enum rpc_role peer_role(const struct peer_identity *peer, uid_t owner,
			bool has_group, gid_t group);

#endif
