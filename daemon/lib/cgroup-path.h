/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CGROUP_PATH_H
#define CGROUP_PATH_H
/*
 * What a path below the cgroup2 root says: unit and container. Pure.
 */
#include <stddef.h>

/*
 * The innermost systemd unit: "triage@1.service" of "/system.slice/system-triage.slice/triage@1.service/payload".
 * A slice counts only when nothing else is there. Escapes of cgroupfs ("_" in front of names that clash
 * with a controller) are undone; systemd's \xNN escapes belong to the unit name. -ENXIO: no unit.
 */
int cgroup_path_unit(const char *path, char *ret, size_t size);

/* The innermost container id of podman, docker, cri-o, containerd, or the machine of nspawn. -ENXIO: none. */
int cgroup_path_container(const char *path, char *ret, size_t size);

/* Cuts the last component off; 0 when there is nothing left to cut. "/a/b" -> "/a" -> "/". */
int cgroup_path_parent(char *path);

#endif
