/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: takes cgroup paths apart. A path is chosen by whoever may make
 * cgroups below a delegated unit, so nothing here gives a right: a name that
 * matches only ever adds rules. No state, no I/O.
 */
#include "lib/cgroup-path.h"

#include <stdbool.h>
#include <string.h>

#include "lib/macro.h"

static const char *const unit_suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap", NULL };

/* prefix and suffix of the component that is a container's cgroup */
static const struct {
        const char *prefix;
        const char *suffix;
} container_forms[] = {
        { "libpod-", ".scope" }, /* podman, systemd driver */
        { "libpod-", "" },       /* podman, cgroupfs driver */
        { "docker-", ".scope" },  { "crio-", ".scope" }, { "cri-containerd-", ".scope" },
        { "machine-", ".scope" }, /* nspawn and libvirt */
};

static bool has_suffix(const char *s, size_t n, const char *suffix)
{
        size_t k = strlen(suffix);

        return n > k && memcmp(s + n - k, suffix, k) == 0;
}

static int copy(const char *s, size_t n, char *ret, size_t size)
{
        if (n >= size)
                return -ENAMETOOLONG;
        memcpy(ret, s, n);
        ret[n] = '\0';
        return 0;
}

/* The component that ends at `end`; gives its start. */
static const char *component_before(const char *path, const char *end)
{
        const char *p = end;

        while (p > path && p[-1] != '/')
                p--;
        return p;
}

int cgroup_path_unit(const char *path, char *ret, size_t size)
{
        const char *slice = NULL, *end = path + strlen(path);
        size_t slice_n = 0;

        while (end > path) {
                const char *p = component_before(path, end);
                size_t n = (size_t) (end - p);

                if (n > 1 && p[0] == '_') {
                        p++;
                        n--;
                }
                for (size_t i = 0; unit_suffixes[i]; i++)
                        if (has_suffix(p, n, unit_suffixes[i]))
                                return copy(p, n, ret, size);
                if (!slice && has_suffix(p, n, ".slice")) {
                        slice = p;
                        slice_n = n;
                }
                end = component_before(path, end);
                if (end > path)
                        end--;
        }
        return slice ? copy(slice, slice_n, ret, size) : -ENXIO;
}

static bool is_container_id(const char *s, size_t n)
{
        return n == 64 && strspn(s, "0123456789abcdef") >= 64;
}

int cgroup_path_container(const char *path, char *ret, size_t size)
{
        const char *end = path + strlen(path);

        while (end > path) {
                const char *p = component_before(path, end);
                size_t n = (size_t) (end - p);

                /* "libpod-conmon-ID.scope" is the monitor beside the container, not the container. */
                for (size_t i = 0; i < ARRAY_SIZE(container_forms) && strncmp(p, "libpod-conmon-", 14) != 0;
                     i++) {
                        size_t k = strlen(container_forms[i].prefix), s = strlen(container_forms[i].suffix);

                        if (n > k + s && memcmp(p, container_forms[i].prefix, k) == 0 &&
                            (s == 0 || has_suffix(p, n, container_forms[i].suffix)))
                                return copy(p + k, n - k - s, ret, size);
                }
                if (is_container_id(p, n)) /* docker with the cgroupfs driver */
                        return copy(p, n, ret, size);
                end = p;
                if (end > path)
                        end--;
        }
        return -ENXIO;
}

int cgroup_path_parent(char *path)
{
        char *p = strrchr(path, '/');

        if (!p || path[0] != '/' || path[1] == '\0')
                return 0;
        p[p == path ? 1 : 0] = '\0';
        return 1;
}
