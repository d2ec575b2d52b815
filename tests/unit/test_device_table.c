/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: which device numbers are sensors and accelerators, from a sysfs made for the test. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/device-table.h"
#include "temporary.h"

static char root[] = "/tmp/aiguard-devices-XXXXXX";

static void put(const char *path, const char *text)
{
        char full[512], *slash;
        FILE *f;

        snprintf(full, sizeof(full), "%s%s", root, path);
        for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdir(full, 0700);
                *slash = '/';
        }
        f = fopen(full, "we");
        cr_assert_not_null(f, "%s", full);
        fputs(text, f);
        fclose(f);
}

static void make_host(void)
{
        cr_assert_not_null(mkdtemp(root));
        put("/proc/devices", "Character devices:\n  1 mem\n 81 video4linux\n116 alsa\n195 nvidia\n226 drm\n"
                             "235 nvidia-uvm\n236 kfd\n261 accel\n\nBlock devices:\n195 nvidia\n  8 sd\n");
        put("/sys/class/video4linux/video0/dev", "81:0\n");
        put("/sys/class/video4linux/v4l-subdev0/dev", "81:7\n");
        put("/sys/class/sound/pcmC0D0c/dev", "116:24\n");
        put("/sys/class/sound/pcmC0D0p/dev", "116:16\n");
        put("/sys/class/sound/controlC0/dev", "116:0\n");
        put("/sys/class/sound/card0/id", "PCH\n");
        put("/sys/class/sound/pcmC1D0c/dev", "garbage\n");
        put("/sys/class/video4linux/video9/dev", "99999:0\n");
}

static void remove_host(void)
{
        remove_tree(root);
}

static uint8_t kind_of(const DeviceTable *t, uint32_t dev)
{
        for (size_t i = 0; i < t->n; i++)
                if (t->entries[i].dev == dev)
                        return t->entries[i].kind;
        return AG_DEVICE_NONE;
}

Test(device_table, a_host, .init = make_host, .fini = remove_host)
{
        static DeviceTable t;

        device_table_read(root, &t);
        cr_assert_eq(kind_of(&t, AG_DEV(81, AG_MINOR_ANY)), AG_DEVICE_CAMERA);
        cr_assert_eq(kind_of(&t, AG_DEV(81, 0)), AG_DEVICE_CAMERA);
        cr_assert_eq(kind_of(&t, AG_DEV(81, 7)), AG_DEVICE_CAMERA);
        cr_assert_eq(kind_of(&t, AG_DEV(116, 24)), AG_DEVICE_MICROPHONE);
        cr_assert_eq(kind_of(&t, AG_DEV(116, 16)), AG_DEVICE_NONE, "playing is no sensor");
        cr_assert_eq(kind_of(&t, AG_DEV(116, 0)), AG_DEVICE_NONE);
        cr_assert_eq(kind_of(&t, AG_DEV(195, AG_MINOR_ANY)), AG_DEVICE_ACCELERATOR);
        cr_assert_eq(kind_of(&t, AG_DEV(235, AG_MINOR_ANY)), AG_DEVICE_ACCELERATOR);
        cr_assert_eq(kind_of(&t, AG_DEV(236, AG_MINOR_ANY)), AG_DEVICE_ACCELERATOR);
        cr_assert_eq(kind_of(&t, AG_DEV(261, AG_MINOR_ANY)), AG_DEVICE_ACCELERATOR);
        cr_assert_eq(kind_of(&t, AG_DEV(226, AG_MINOR_ANY)), AG_DEVICE_NONE, "a window is no computation");
        cr_assert_eq(kind_of(&t, AG_DEV(8, AG_MINOR_ANY)), AG_DEVICE_NONE);
}

/* Their numbers are given out when the driver is loaded: it is known by what it calls itself. */
Test(device_table, accelerators_by_the_names_of_their_drivers)
{
        static const char *const drivers[] = { "nvidia",     "nvidia-frontend", "nvidia-uvm",
                                               "kfd",        "accel",           "habanalabs",
                                               "apex",       "hailo",           "hailo_integrated_nnc",
                                               "tenstorrent" };

        for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++) {
                static DeviceTable t;
                char text[128];

                t = (DeviceTable){};
                (void) snprintf(text, sizeof(text),
                                "Character devices:\n%3u %s\n%3u %sx\n\nBlock devices:\n", 500 + i,
                                drivers[i], 600 + i, drivers[i]);
                device_table_add_majors(&t, text);
                cr_expect_eq(kind_of(&t, AG_DEV(500 + i, AG_MINOR_ANY)), AG_DEVICE_ACCELERATOR, "%s",
                             drivers[i]);
                cr_expect_eq(kind_of(&t, AG_DEV(600 + i, AG_MINOR_ANY)), AG_DEVICE_NONE, "%sx", drivers[i]);
        }
}

Test(device_table, without_any_driver_a_camera_node_is_still_one)
{
        static DeviceTable t;

        device_table_read("/nonexistent", &t);
        cr_assert_eq(t.n, 1);
        cr_assert_eq(kind_of(&t, AG_DEV(81, AG_MINOR_ANY)), AG_DEVICE_CAMERA);
}

Test(device_table, block_devices_of_the_same_name_do_not_count)
{
        static DeviceTable t;

        t.n = 0;
        device_table_add_majors(&t, "Block devices:\n195 nvidia\n");
        cr_assert_eq(t.n, 0);
        device_table_add_majors(&t, "Character devices:\n  1 mem\n\nBlock devices:\n195 nvidia\n");
        cr_assert_eq(t.n, 0);
        device_table_add_majors(&t, "Character devices:");
        cr_assert_eq(t.n, 0);
}
