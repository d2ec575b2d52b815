/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which declared workload a process is. A match can also give (a
 * workload's grants), so a name counts only where its owner is the system
 * manager: below a unit, whoever runs in it may make cgroups of any name.
 * Pure but for the lookup of users by name. Called by the daemon.
 */
#include <pwd.h>

#include "lib/cgroup-path.h"
#include "lib/glob.h"
#include "lib/policy-internal.h"
#include "lib/util-string.h"

#define PATH_SIZE 4096U

typedef struct Place {
        char unit[256]; /* outermost; "" when there is none */
        char container[256];
        const char *cgroup;    /* whole path, or NULL */
        char above[PATH_SIZE]; /* what is above the unit: slices */
} Place;

static bool is_slice(const char *s)
{
        return endswith(s, ".slice");
}

/* The path down to where the part after `s` ends, which is returned; NULL: it is too long. */
static const char *one_down(const char *cgroup, const char *s, char head[PATH_SIZE])
{
        const char *end = strchrnul(s + 1, '/');
        size_t n = (size_t) (end - cgroup);

        if (n >= PATH_SIZE)
                return NULL;
        memcpy(head, cgroup, n);
        head[n] = '\0';
        return end;
}

/* Walks down from the root to the outermost unit that is no slice. */
static void find_unit(const char *cgroup, Place *p)
{
        char head[PATH_SIZE];
        const char *s = cgroup;

        while (*s == '/') {
                s = one_down(cgroup, s, head);
                if (!s)
                        return;
                if (cgroup_path_unit(head, p->unit, sizeof(p->unit)) >= 0 && !is_slice(p->unit))
                        break;
                p->unit[0] = '\0';
                memcpy(p->above, head, (size_t) (s - cgroup) + 1);
        }
}

/* The outermost container, as far as no user's own manager has a say. */
static void find_container(const char *cgroup, Place *p)
{
        char head[PATH_SIZE];
        const char *s = cgroup;

        if (startswith(p->unit, "user@"))
                return;
        while (*s == '/') {
                s = one_down(cgroup, s, head);
                if (!s)
                        return;
                if (cgroup_path_container(head, p->container, sizeof(p->container)) >= 0)
                        return;
                p->container[0] = '\0';
        }
}

static bool any_glob(char *const *patterns, const char *s)
{
        for (; patterns && *patterns; patterns++)
                if (glob_match(*patterns, s))
                        return true;
        return false;
}

static bool any_slice(char *const *patterns, const char *above)
{
        char copy[PATH_SIZE], *state = NULL;

        if (!patterns)
                return false;
        memcpy(copy, above, strlen(above) + 1);
        for (char *s = strtok_r(copy, "/", &state); s; s = strtok_r(NULL, "/", &state))
                if (is_slice(s) && any_glob(patterns, s))
                        return true;
        return false;
}

static bool any_user(char *const *users, uint32_t uid)
{
        for (; users && *users; users++) {
                struct passwd pw, *found = NULL;
                char buffer[4096];
                uint64_t number;

                if (parse_u64(*users, UINT32_MAX - 1, &number) >= 0) {
                        if (number == uid)
                                return true;
                        continue;
                }
                if (getpwnam_r(*users, &pw, buffer, sizeof(buffer), &found) == 0 && found &&
                    found->pw_uid == uid)
                        return true;
        }
        return false;
}

static bool workload_matches(const PolicyMatch *m, const Place *p, const char *exe, uint32_t uid)
{
        return (p->unit[0] && any_glob(m->units, p->unit)) || any_slice(m->slices, p->above) ||
               (p->cgroup && any_glob(m->cgroups, p->cgroup)) ||
               (p->container[0] && any_glob(m->containers, p->container)) ||
               (exe && m->exes && strv_contains(m->exes, exe)) ||
               (uid != UINT32_MAX && any_user(m->users, uid));
}

int policy_tables_match(const PolicyTables *t, const char *cgroup, const char *exe, uint32_t uid)
{
        Place p = { .cgroup = cgroup };

        if (cgroup && cgroup[0] == '/') {
                find_unit(cgroup, &p);
                find_container(cgroup, &p);
        }
        for (size_t i = AG_WORKLOAD_FIRST; i < t->n_workloads; i++)
                if (workload_matches(&t->workloads[i].match, &p, exe, uid))
                        return (int) i;
        return -ENOENT;
}
