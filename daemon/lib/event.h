/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EVENT_H
#define EVENT_H
/*
 * A record of a ring is believed only after these: length first, then version,
 * kind, enums and the strings' ends. Zero copy; the view is the record.
 */
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

int event_validate(const void *data, size_t size,
                   const struct ag_event **ret); /* -EBADMSG, -EPROTO: other version */
int request_validate(const void *data, size_t size, const struct ag_request **ret);

/* Bytes of a record up to and with the NUL of its path: what may be copied. */
size_t event_size(const struct ag_event *e);
size_t request_size(const struct ag_request *r);

const char *event_kind_to_string(uint8_t kind);  /* model, sensor */
const char *hook_to_string(uint8_t hook);        /* where the answer was given */
const char *device_kind_to_string(uint8_t kind); /* camera, microphone, accelerator, network-camera */
const char *strength_to_string(uint8_t strength);

#endif
