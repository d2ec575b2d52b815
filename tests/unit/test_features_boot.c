/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fix that doctor prints for a kernel without the BPF LSM: the parameter
 * made from lists of real kernels, and the words of each boot loader.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/features-boot.h"
#include "temporary.h"

TestSuite(features_boot);

Test(features_boot, parameter_keeps_what_runs)
{
        char text[256];

        /* Ubuntu 24.04 */
        cr_assert_eq(features_lsm_parameter("lockdown,capability,landlock,yama,apparmor\n", text,
                                            sizeof(text)),
                     0);
        cr_assert_str_eq(text, "lsm=lockdown,landlock,yama,apparmor,bpf");
        /* Fedora, bpf left out by hand */
        cr_assert_eq(features_lsm_parameter("lockdown,capability,yama,selinux", text, sizeof(text)), 0);
        cr_assert_str_eq(text, "lsm=lockdown,yama,selinux,bpf");
        cr_assert_eq(features_lsm_parameter("", text, sizeof(text)), 0);
        cr_assert_str_eq(text, "lsm=bpf");
}

Test(features_boot, parameter_of_a_list_that_has_it)
{
        char text[256];

        cr_assert_eq(features_lsm_parameter("lockdown,capability,bpf,apparmor\n", text, sizeof(text)),
                     -EEXIST);
        /* Another module whose name begins or ends like it is not it. */
        cr_assert_eq(features_lsm_parameter("bpfx,xbpf,capability_x", text, sizeof(text)), 0);
        cr_assert_str_eq(text, "lsm=bpfx,xbpf,capability_x,bpf");
}

Test(features_boot, parameter_without_room)
{
        char text[12];

        cr_assert_eq(features_lsm_parameter("lockdown,yama", text, sizeof(text)), -ENAMETOOLONG);
}

static void make_file(const char *root, const char *path)
{
        char full[512], *slash;
        int fd;

        snprintf(full, sizeof(full), "%s%s", root, path);
        for (slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                (void) mkdir(full, 0700);
                *slash = '/';
        }
        fd = open(full, O_WRONLY | O_CREAT, 0600);
        cr_assert_geq(fd, 0);
        close(fd);
}

static void expect_fix(const char *const *files, const char *wanted)
{
        char root[] = "/tmp/aiguard-boot-XXXXXX", text[400];

        cr_assert_not_null(mkdtemp(root));
        for (; *files; files++)
                make_file(root, *files);
        features_boot_fix(root, "lsm=yama,bpf", text, sizeof(text));
        cr_expect_str_eq(text, wanted);
        remove_tree(root);
}

Test(features_boot, words_of_the_loader)
{
        expect_fix((const char *const[]){ "/boot/grub/grub.cfg", "/usr/sbin/update-grub", NULL },
                   "add lsm=yama,bpf to GRUB_CMDLINE_LINUX in /etc/default/grub, run `update-grub` and "
                   "reboot");
        expect_fix((const char *const[]){ "/boot/grub2/grub.cfg", "/usr/sbin/grubby", NULL },
                   "run `grubby --update-kernel=ALL --args=\"lsm=yama,bpf\"` and reboot");
        expect_fix((const char *const[]){ "/etc/kernel/cmdline", NULL },
                   "add lsm=yama,bpf to /etc/kernel/cmdline, run `kernel-install add-all` (or install the "
                   "kernel's "
                   "package again) and reboot");
        expect_fix((const char *const[]){ "/etc/hostname", NULL },
                   "boot with lsm=yama,bpf on the kernel command line");
}

Test(features_boot, parameter_on_the_command_line)
{
        cr_expect(features_has_lsm_parameter("ro quiet lsm=yama\n"));
        cr_expect(features_has_lsm_parameter("lsm=bpf ro"));
        cr_expect_not(features_has_lsm_parameter("ro xlsm=yama lsm.debug quiet"));
        cr_expect_not(features_has_lsm_parameter(""));
}
