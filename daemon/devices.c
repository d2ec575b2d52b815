/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: keeps ag_devices, of which it is the only writer: at start, after
 * a kernel uevent of a class that matters, and when a sensor is declared or
 * the declaration ends. What is what is lib/device-table.c's to say. Never
 * opens a node. Main thread only.
 */
#include "devices.h"

#include <bpf/bpf.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "consents.h"
#include "declarations.h"
#include "lib/device-table.h"
#include "lib/log.h"
#include "lib/util-string.h"

/* A uevent is at most 2 KiB of environment plus its header (UEVENT_BUFFER_SIZE). */
#define UEVENT_MAX 8192U
/* Devices come in bursts: look once, when the burst is over. */
#define SETTLE_USEC 50000U

struct Devices {
        Manager *m;
        int fd;
        sd_event_source *io;
        sd_event_source *timer;
        DeviceTable table;
};

Devices *devices_free(Devices *d)
{
        if (!d)
                return NULL;
        sd_event_source_disable_unref(d->io);
        sd_event_source_disable_unref(d->timer);
        safe_close(d->fd);
        free(d);
        return NULL;
}

uint8_t devices_kind(const LoaderMaps *maps, uint32_t dev)
{
        uint32_t any = dev | AG_MINOR_ANY;
        struct ag_device v;

        if (bpf_map_lookup_elem(maps->devices, &dev, &v) == 0 ||
            bpf_map_lookup_elem(maps->devices, &any, &v) == 0)
                return v.kind;
        return AG_DEVICE_NONE;
}

void devices_name_event(struct ag_event *ev)
{
        unsigned major = ev->rdev >> 20, minor = ev->rdev & AG_MINOR_ANY;
        _cleanup_fclose_ FILE *f = NULL;
        char path[64], line[256];
        const char *name;

        snprintf(ev->path, sizeof(ev->path), "/dev/char/%u:%u", major, minor);
        snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/uevent", major, minor);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                name = startswith(line, "DEVNAME=");
                if (name)
                        snprintf(ev->path, sizeof(ev->path), "/dev/%s", name);
        }
        ev->path_len = (uint32_t) strlen(ev->path);
}

static bool in_table(const DeviceTable *t, uint32_t dev)
{
        for (size_t i = 0; i < t->n; i++)
                if (t->entries[i].dev == dev)
                        return true;
        return false;
}

/* Adopted maps may hold devices of an earlier run. */
static void sweep(Devices *d)
{
        int map = manager_maps(d->m)->devices;
        uint32_t key, next;
        bool more = bpf_map_get_next_key(map, NULL, &key) == 0;

        while (more) {
                more = bpf_map_get_next_key(map, &key, &next) == 0;
                if (!in_table(&d->table, key))
                        (void) bpf_map_delete_elem(map, &key);
                key = next;
        }
}

int devices_refresh(Devices *d)
{
        int map = manager_maps(d->m)->devices, r = 0;

        device_table_read("", &d->table);
        for (size_t i = 0; i < d->table.n; i++) {
                const DeviceEntry *e = &d->table.entries[i];
                struct ag_device v = { .kind = e->kind };

                if ((e->dev & AG_MINOR_ANY) != AG_MINOR_ANY &&
                    declarations_sensor_no_persons(manager_declarations(d->m), e->dev))
                        v.flags |= AG_DEVICE_NO_PERSONS;
                if (bpf_map_update_elem(map, &e->dev, &v, BPF_ANY) < 0)
                        r = log_error_errno(-errno, "devices: %s cannot be marked", e->name);
        }
        sweep(d);
        /* A name that a grant gives may be another number now. */
        consents_apply(manager_consents(d->m));
        return r;
}

static int on_settled(sd_event_source *s, uint64_t usec, void *userdata)
{
        (void) devices_refresh(userdata);
        return 0;
}

/* "add@/devices/...\0ACTION=add\0SUBSYSTEM=video4linux\0..." */
static bool is_of_interest(const char *text, size_t n)
{
        static const char *const subsystems[] = { "SUBSYSTEM=video4linux", "SUBSYSTEM=sound",
                                                  "SUBSYSTEM=kfd", "SUBSYSTEM=accel", "SUBSYSTEM=module" };

        for (const char *p = text; p < text + n; p += strlen(p) + 1)
                for (size_t i = 0; i < ARRAY_SIZE(subsystems); i++)
                        if (streq(p, subsystems[i]))
                                return true;
        return false;
}

static int on_uevent(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        Devices *d = userdata;
        char text[UEVENT_MAX + 1];
        struct sockaddr_nl from = {};
        struct iovec iov = { .iov_base = text, .iov_len = UEVENT_MAX };
        struct msghdr h = {
                .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
        };
        bool look = false;

        for (int i = 0; i < 64; i++) {
                ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT);

                if (n < 0 && errno == ENOBUFS) {
                        look = true; /* events were lost: assume the worst */
                        continue;
                }
                if (n < 0)
                        break;
                /* Only the kernel speaks for the kernel. */
                if (from.nl_pid != 0)
                        continue;
                text[n] = '\0';
                look |= is_of_interest(text, (size_t) n);
        }
        if (look && sd_event_source_set_time_relative(d->timer, SETTLE_USEC) >= 0)
                (void) sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
        return 0;
}

static int listen_uevents(Devices *d)
{
        const struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 /* the kernel's */ };
        int r;

        r = sd_event_add_time_relative(manager_event(d->m), &d->timer, CLOCK_MONOTONIC, SETTLE_USEC, 0,
                                       on_settled, d);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(d->timer, SD_EVENT_OFF);
        d->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
        if (d->fd < 0 || bind(d->fd, (const struct sockaddr *) &group, sizeof(group)) < 0)
                return -errno;
        return sd_event_add_io(manager_event(d->m), &d->io, d->fd, EPOLLIN, on_uevent, d);
}

int devices_new(Manager *m, Devices **ret)
{
        _cleanup_(devices_freep) Devices *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->m = m;
        d->fd = -EBADF;
        r = listen_uevents(d);
        if (r < 0)
                /* Whole majors stay covered: only a new microphone or accelerator is missed. */
                log_warning_errno(r, "devices: no news of devices that come and go");
        r = devices_refresh(d);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}
