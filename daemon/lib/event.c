/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: checks the records of both rings. The kernel side is ours, but a
 * pinned program of another version, or one replaced by root, writes the same
 * ring; so every length and enum is looked at before anything else is.
 * Called by ring.c and gate.c. Knows no map.
 */
#include "lib/event.h"

#include <errno.h>
#include <string.h>

static int decision_validate(const struct ag_decision *d)
{
        return d->action < _AG_ACTION_MAX && d->rule < AG_RULES_MAX ? 0 : -EBADMSG;
}

static int columns_validate(const __u8 *columns, __u8 n)
{
        if (n > AG_OBJECT_COLUMNS)
                return -EBADMSG;
        for (__u8 i = 0; i < n; i++) {
                if (columns[i] >= AG_COLUMNS)
                        return -EBADMSG;
        }
        return 0;
}

/* The path is inside the record, has the length it claims, and ends there. */
static int path_validate(const char *path, size_t room, __u32 length)
{
        if (length >= room || path[length] != 0 || strnlen(path, room) != length)
                return -EBADMSG;
        return 0;
}

int event_validate(const void *data, size_t size, const struct ag_event **ret)
{
        const struct ag_event *e = data;
        const size_t head = offsetof(struct ag_event, path);

        if (size < head + 1 || size > sizeof(*e))
                return -EBADMSG;
        if (e->version != AG_ABI_VERSION)
                return -EPROTO;
        if (e->kind != AG_EVENT_MODEL && e->kind != AG_EVENT_SENSOR)
                return -EBADMSG;
        if (e->strength > AG_STRENGTH_STRONG || e->workload >= AG_WORKLOADS_MAX)
                return -EBADMSG;
        if (e->device_kind > AG_DEVICE_NETWORK_CAMERA || e->column >= AG_COLUMNS ||
            e->would_column >= AG_COLUMNS || e->hook > AG_HOOK_FANOTIFY)
                return -EBADMSG;
        if (columns_validate(e->columns, e->n_columns) < 0 || decision_validate(&e->effective) < 0 ||
            decision_validate(&e->would) < 0)
                return -EBADMSG;
        if (!memchr(e->comm, 0, sizeof(e->comm)) || path_validate(e->path, size - head, e->path_len) < 0)
                return -EBADMSG;
        *ret = e;
        return 0;
}

int request_validate(const void *data, size_t size, const struct ag_request **ret)
{
        const struct ag_request *r = data;
        const size_t head = offsetof(struct ag_request, path);

        if (size < head + 1 || size > sizeof(*r))
                return -EBADMSG;
        if (r->version != AG_ABI_VERSION)
                return -EPROTO;
        if (r->kind < AG_REQUEST_HOLD || r->kind > AG_REQUEST_PASSED)
                return -EBADMSG;
        if (r->strength > AG_STRENGTH_STRONG || r->workload >= AG_WORKLOADS_MAX)
                return -EBADMSG;
        if (columns_validate(r->columns, r->n_columns) < 0 || !memchr(r->comm, 0, sizeof(r->comm)))
                return -EBADMSG;
        if (path_validate(r->path, size - head, r->path_len) < 0)
                return -EBADMSG;
        *ret = r;
        return 0;
}

size_t event_size(const struct ag_event *e)
{
        return offsetof(struct ag_event, path) + e->path_len + 1;
}

size_t request_size(const struct ag_request *r)
{
        return offsetof(struct ag_request, path) + r->path_len + 1;
}

const char *event_kind_to_string(uint8_t kind)
{
        return kind == AG_EVENT_MODEL ? "model" : kind == AG_EVENT_SENSOR ? "sensor" : "unknown";
}

const char *hook_to_string(uint8_t hook)
{
        static const char *const names[] = { "file_open", "socket_connect", "cgroup_device",
                                             "cgroup_connect", "fanotify" };

        return hook < sizeof(names) / sizeof(names[0]) ? names[hook] : "unknown";
}

const char *device_kind_to_string(uint8_t kind)
{
        static const char *const names[] = { "none", "camera", "microphone", "accelerator",
                                             "network-camera" };

        return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *strength_to_string(uint8_t strength)
{
        static const char *const names[] = { "none", "weak", "strong" };

        return strength < sizeof(names) / sizeof(names[0]) ? names[strength] : "unknown";
}
