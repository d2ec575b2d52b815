/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DEVICE_TABLE_H
#define DEVICE_TABLE_H
/*
 * Device number -> sensor or accelerator, from /proc/devices and sysfs. Reads
 * names and numbers only; a node is never opened, and one made by mknod with
 * the same number is the same device.
 */
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "lib/macro.h"

#define DEVICE_ENTRIES_MAX 512U

typedef struct DeviceEntry {
        uint32_t dev;  /* AG_DEV() encoding; the minor may be AG_MINOR_ANY */
        uint8_t kind;  /* enum ag_device_kind */
        char name[64]; /* "video0", "pcmC0D0c", or of the major: "video4linux" */
} DeviceEntry;

typedef struct DeviceTable {
        size_t n;
        DeviceEntry entries[DEVICE_ENTRIES_MAX];
} DeviceTable;

/* `root` is a prefix for tests, "" on a host. Never fails: what cannot be read is not there. */
void device_table_read(const char *root, DeviceTable *ret);

/* The lines below "Character devices:" of /proc/devices. */
void device_table_add_majors(DeviceTable *t, const char *text);
void device_table_add(DeviceTable *t, uint32_t dev, uint8_t kind,
                      const char *name); /* replaces an equal number */

#endif
