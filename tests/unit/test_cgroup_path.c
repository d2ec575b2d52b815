/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: unit and container of cgroup paths as systemd, podman, docker and others make them. */
#include <criterion/criterion.h>
#include <errno.h>

#include "lib/cgroup-path.h"
#include "lib/macro.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
        const char *path;
        const char *unit;      /* NULL: none */
        const char *container; /* NULL: none */
} cases[] = {
        { "/", NULL, NULL },
        { "", NULL, NULL },
        { "/init.scope", "init.scope", NULL },
        { "/system.slice", "system.slice", NULL },
        { "/system.slice/x.service", "x.service", NULL },
        { "/system.slice/system-triage.slice/triage@1.service/payload/deep", "triage@1.service", NULL },
        { "/system.slice/a\\x2db@c\\x2dd.service", "a\\x2db@c\\x2dd.service", NULL },
        { "/system.slice/_cpu.service", "cpu.service", NULL },
        { "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", "app-x.scope", NULL },
        { "/user.slice/user-1000.slice/session-2.scope", "session-2.scope", NULL },
        { "/machine.slice/libpod-" ID ".scope", "libpod-" ID ".scope", ID },
        { "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", ID },
        { "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", NULL },
        { "/libpod_parent/libpod-" ID, NULL, ID },
        { "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID },
        { "/docker/" ID, NULL, ID },
        { "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", "cri-containerd-" ID ".scope",
          ID },
        { "/kubepods.slice/crio-" ID ".scope/x", "crio-" ID ".scope", ID },
        { "/machine.slice/machine-web.scope", "machine-web.scope", "web" },
        { "/x/.service", NULL, NULL },
        { "//", NULL, NULL },
        { "/a//x.service//", "x.service", NULL },
};

Test(cgroup_path, units_and_containers)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char unit[256] = "?", container[256] = "?";
                int r = cgroup_path_unit(cases[i].path, unit, sizeof(unit));

                cr_assert_eq(r, cases[i].unit ? 0 : -ENXIO, "unit of %s: %d", cases[i].path, r);
                if (cases[i].unit)
                        cr_assert_str_eq(unit, cases[i].unit, "unit of %s: %s", cases[i].path, unit);
                r = cgroup_path_container(cases[i].path, container, sizeof(container));
                cr_assert_eq(r, cases[i].container ? 0 : -ENXIO, "container of %s: %d (%s)", cases[i].path,
                             r, container);
                if (cases[i].container)
                        cr_assert_str_eq(container, cases[i].container, "container of %s: %s", cases[i].path,
                                         container);
        }
}

Test(cgroup_path, no_room_is_an_error_and_no_cut)
{
        char small[4] = "abc";

        cr_assert_eq(cgroup_path_unit("/system.slice/x.service", small, sizeof(small)), -ENAMETOOLONG);
        cr_assert_str_eq(small, "abc");
        cr_assert_eq(cgroup_path_container("/docker/" ID, small, sizeof(small)), -ENAMETOOLONG);
}

Test(cgroup_path, up_to_the_root_and_no_further)
{
        char path[] = "/a/b";

        cr_assert_eq(cgroup_path_parent(path), 1);
        cr_assert_str_eq(path, "/a");
        cr_assert_eq(cgroup_path_parent(path), 1);
        cr_assert_str_eq(path, "/");
        cr_assert_eq(cgroup_path_parent(path), 0);
        path[0] = '\0';
        cr_assert_eq(cgroup_path_parent(path), 0);
}
