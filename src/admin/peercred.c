#include "admin/peercred.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* A kernel without SO_PEERGROUPS: what the user database says. */
static void groups_of_user(struct peer_identity *out, gid_t gid)
{
	char buffer[4096];
	struct passwd entry, *found = NULL;
	int count = PEER_GROUPS_MAX;

	out->group_count = 1;
	out->groups[0] = gid;
	if (getpwuid_r(out->uid, &entry, buffer, sizeof(buffer), &found) != 0 ||
	    !found)
		return;
	if (getgrouplist(found->pw_name, gid, out->groups, &count) >= 0)
		out->group_count = count;
}

bool peer_identify(struct peer_identity *out, int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
		return false;
	out->uid = cred.uid;
	out->pid = cred.pid;
	size = (socklen_t)((PEER_GROUPS_MAX - 1) * sizeof(gid_t));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, out->groups, &size) !=
	    0) {
		groups_of_user(out, cred.gid);
		return true;
	}
	out->group_count = (int)(size / sizeof(gid_t));
	out->groups[out->group_count++] = cred.gid;
	return true;
}

enum rpc_role peer_role(const struct peer_identity *peer, uid_t owner,
			bool has_group, gid_t group)
{
	if (peer->uid == 0 || peer->uid == owner)
		return RPC_OPERATE;
	for (int i = 0; has_group && i < peer->group_count; i++) {
		if (peer->groups[i] == group)
			return RPC_OPERATE;
	}
	return RPC_READ;
}
