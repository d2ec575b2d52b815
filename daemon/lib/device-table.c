/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: makes the table of sensors and accelerators from what the kernel
 * lists. Whole majors where every minor is of one kind, so that a device that
 * came a moment ago is not missed; single numbers where a major is mixed.
 * No state. Called by daemon/devices.c and by `aiguardctl sensor`.
 */
#include "lib/device-table.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/util-string.h"

#define MAJOR_VIDEO4LINUX 81U /* fixed in the kernel's devices.txt, whether or not a driver is loaded */

/* Compute devices only: DRI nodes draw windows, and every desktop program has one open. */
static const struct {
        const char *name; /* in /proc/devices */
        uint8_t kind;
} majors[] = {
        { "video4linux", AG_DEVICE_CAMERA },
        { "nvidia", AG_DEVICE_ACCELERATOR },
        { "nvidia-frontend", AG_DEVICE_ACCELERATOR },
        { "nvidia-uvm", AG_DEVICE_ACCELERATOR },
        { "kfd", AG_DEVICE_ACCELERATOR },
        { "accel", AG_DEVICE_ACCELERATOR },
        { "habanalabs", AG_DEVICE_ACCELERATOR },
        { "apex", AG_DEVICE_ACCELERATOR },
        { "hailo", AG_DEVICE_ACCELERATOR },
        { "hailo_integrated_nnc", AG_DEVICE_ACCELERATOR },
        { "tenstorrent", AG_DEVICE_ACCELERATOR },
};

void device_table_add(DeviceTable *t, uint32_t dev, uint8_t kind, const char *name)
{
        DeviceEntry *e = NULL;

        for (size_t i = 0; i < t->n && !e; i++)
                if (t->entries[i].dev == dev)
                        e = &t->entries[i];
        if (!e) {
                if (t->n >= DEVICE_ENTRIES_MAX)
                        return;
                e = &t->entries[t->n++];
        }
        e->dev = dev;
        e->kind = kind;
        snprintf(e->name, sizeof(e->name), "%s", name);
}

void device_table_add_majors(DeviceTable *t, const char *text)
{
        const char *p = strstr(text, "Character devices:");

        if (!p)
                return;
        for (p = strchr(p, '\n'); p && p[1] && p[1] != '\n'; p = strchr(p + 1, '\n')) {
                unsigned major;
                char name[64];

                if (sscanf(p + 1, " %u %63s", &major, name) != 2 || major > 0xfff)
                        continue;
                for (size_t i = 0; i < ARRAY_SIZE(majors); i++)
                        if (streq(name, majors[i].name))
                                device_table_add(t, AG_DEV(major, AG_MINOR_ANY), majors[i].kind, name);
        }
}

/* "81:0\n" of /sys/class/CLASS/NAME/dev */
static int read_dev(int class_fd, const char *name, uint32_t *ret)
{
        _cleanup_close_ int fd = -EBADF;
        unsigned major, minor;
        char path[300], text[32];
        ssize_t n;

        snprintf(path, sizeof(path), "%.255s/dev", name);
        fd = openat(class_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        if (sscanf(text, "%u:%u", &major, &minor) != 2 || major > 0xfff || minor > 0xfffff)
                return -EBADMSG;
        *ret = AG_DEV(major, minor);
        return 0;
}

static bool is_capture_pcm(const char *name)
{
        size_t n = strlen(name);

        /* pcmC0D0c records, pcmC0D0p plays; controlC0, seq and timer move no sound */
        return startswith(name, "pcmC") && name[n - 1] == 'c';
}

static bool any_name(const char *name)
{
        return true;
}

static void add_class(DeviceTable *t, const char *root, const char *class, uint8_t kind,
                      bool (*wanted)(const char *name))
{
        char path[4096];
        struct dirent *e;
        DIR *dir;

        if ((size_t) snprintf(path, sizeof(path), "%s/sys/class/%s", root, class) >= sizeof(path))
                return;
        dir = opendir(path);
        if (!dir)
                return;
        while ((e = readdir(dir))) {
                uint32_t dev = 0;

                if (e->d_name[0] != '.' && wanted(e->d_name) && read_dev(dirfd(dir), e->d_name, &dev) >= 0)
                        device_table_add(t, dev, kind, e->d_name);
        }
        closedir(dir);
}

void device_table_read(const char *root, DeviceTable *ret)
{
        _cleanup_free_ char *text = NULL;
        char path[4096];
        size_t n;

        ret->n = 0;
        device_table_add(ret, AG_DEV(MAJOR_VIDEO4LINUX, AG_MINOR_ANY), AG_DEVICE_CAMERA, "video4linux");
        if ((size_t) snprintf(path, sizeof(path), "%s/proc/devices", root) < sizeof(path) &&
            read_file_capped(AT_FDCWD, path, 65536, &text, &n) >= 0)
                device_table_add_majors(ret, text);
        add_class(ret, root, "video4linux", AG_DEVICE_CAMERA, any_name);
        add_class(ret, root, "sound", AG_DEVICE_MICROPHONE, is_capture_pcm);
        add_class(ret, root, "kfd", AG_DEVICE_ACCELERATOR, any_name);
        add_class(ret, root, "accel", AG_DEVICE_ACCELERATOR, any_name);
}
