/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DEVICES_H
#define DEVICES_H
/*
 * Which device numbers are cameras, microphones and accelerators: keeps
 * ag_devices. From sysfs and /proc/devices only; a node is never opened.
 */
#include "manager.h"

int devices_new(Manager *m, Devices **ret);
Devices *devices_free(Devices *d);
DEFINE_CLEANUP(Devices *, devices_free);

/* Looks again: after a hotplug event, a declaration or a revocation. Main thread. */
int devices_refresh(Devices *d);

/* The kind that ag_devices gives for a number (AG_DEV encoding), AG_DEVICE_NONE for none. Any thread. */
uint8_t devices_kind(const LoaderMaps *maps, uint32_t dev);

/* The name of a node by its number, for an event that no hook could give a path: /dev/video0, or /dev/char/81:0. */
void devices_name_event(struct ag_event *ev);

#endif
