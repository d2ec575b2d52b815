/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the fix for a kernel without the BPF LSM, in words that can be
 * followed: the value of lsm= and the file and command of the boot loader that
 * this host has. Looks at which files exist and changes none. Called by
 * features.c.
 */
#include "lib/features-boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/macro.h"

int features_lsm_parameter(const char *list, char *ret, size_t size)
{
        int n = snprintf(ret, size, "lsm=");

        for (const char *p = list; *p;) {
                size_t l = strcspn(p, ",\n");

                if (l == 3 && strncmp(p, "bpf", 3) == 0)
                        return -EEXIST;
                if (l > 0 && !(l == 10 && strncmp(p, "capability", l) == 0)) {
                        if ((size_t) n >= size)
                                return -ENAMETOOLONG;
                        n += snprintf(ret + n, size - (size_t) n, "%.*s,", (int) l, p);
                }
                p += l;
                p += strspn(p, ",\n");
        }
        if ((size_t) n >= size)
                return -ENAMETOOLONG;
        n += snprintf(ret + n, size - (size_t) n, "bpf");
        return (size_t) n < size ? 0 : -ENAMETOOLONG;
}

bool features_has_lsm_parameter(const char *cmdline)
{
        for (const char *p = cmdline; *p; p += strspn(p, " \t\n")) {
                if (strncmp(p, "lsm=", 4) == 0)
                        return true;
                p += strcspn(p, " \t\n");
        }
        return false;
}

static bool is_there(const char *root, const char *path)
{
        char full[512];

        return (size_t) snprintf(full, sizeof(full), "%s%s", root, path) < sizeof(full) &&
               access(full, F_OK) == 0;
}

/* The first whose files are there. grubby knows every loader that its distribution has, so it comes first. */
static const struct {
        const char *path, *also; /* both must be there; `also` may be NULL */
        const char *format;      /* one %s: the parameter */
} loaders[] = {
        { "/usr/sbin/grubby", NULL, "run `grubby --update-kernel=ALL --args=\"%s\"` and reboot" },
        { "/boot/grub/grub.cfg", "/usr/sbin/update-grub",
          "add %s to GRUB_CMDLINE_LINUX in /etc/default/grub, run `update-grub` and reboot" },
        { "/boot/grub2/grub.cfg", NULL,
          "add %s to GRUB_CMDLINE_LINUX in /etc/default/grub, run `grub2-mkconfig -o /boot/grub2/grub.cfg` "
          "and "
          "reboot" },
        { "/etc/kernel/cmdline", NULL,
          "add %s to /etc/kernel/cmdline, run `kernel-install add-all` (or install the kernel's package "
          "again) and "
          "reboot" },
        { "/boot/loader/entries", NULL,
          "add %s to the options line of the files in /boot/loader/entries and reboot" },
        { "/boot/efi/loader/entries", NULL,
          "add %s to the options line of the files in /boot/efi/loader/entries and reboot" },
        { "/boot/firmware/cmdline.txt", NULL,
          "add %s to the line in /boot/firmware/cmdline.txt and reboot" },
        { "/etc/zipl.conf", NULL, "add %s to the parameters in /etc/zipl.conf, run `zipl` and reboot" },
        { "/boot/extlinux/extlinux.conf", NULL,
          "add %s to the append line of /boot/extlinux/extlinux.conf and reboot" },
};

void features_boot_fix(const char *root, const char *parameter, char *ret, size_t size)
{
        for (size_t i = 0; i < ARRAY_SIZE(loaders); i++) {
                const char *mark = strstr(loaders[i].format, "%s");

                if (!is_there(root, loaders[i].path) ||
                    (loaders[i].also && !is_there(root, loaders[i].also)))
                        continue;
                snprintf(ret, size, "%.*s%s%s", (int) (mark - loaders[i].format), loaders[i].format,
                         parameter, mark + 2);
                return;
        }
        snprintf(ret, size, "boot with %s on the kernel command line", parameter);
}
