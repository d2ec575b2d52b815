/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RING_H
#define RING_H
/* The ring of decisions, on the event loop: bounded batches, each record checked before it goes on. */
#include <stdint.h>
#include <systemd/sd-event.h>

#include "abi.h"
#include "lib/macro.h"

typedef struct Ring Ring;
typedef void (*RingHandler)(void *userdata, const struct ag_event *ev);

int ring_new(int map_fd, sd_event *event, RingHandler handler, void *userdata, Ring **ret);
Ring *ring_free(Ring *r);
DEFINE_CLEANUP(Ring *, ring_free);

void ring_drain(Ring *r);             /* everything that is there now; at the end */
uint64_t ring_invalid(const Ring *r); /* records that were not understood */
uint64_t ring_taken(const Ring *r);   /* decisions taken from it */

#endif
