/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MANAGER_INTERNAL_H
#define MANAGER_INTERNAL_H
/* For manager.c and manager-status.c only. */
#include "backend.h"
#include "manager-bus.h"
#include "manager.h"
#include "ring.h"

struct Manager {
        ManagerOptions options;
        Config config;
        sd_event *event;
        sd_event_source *tick;
        PolicyStore *store;
        Backend *backend;
        Counters *counters;
        Inventory *inventory;
        Dossiers *dossiers;
        Journal *journal;
        Gate *gate;
        Ring *ring;
        Resolve *resolve;
        Scripts *scripts;
        Cgroups *cgroups;
        Devices *devices;
        Declarations *declarations;
        Consents *consents;
        Attestations *attestations;
        Subjects *subjects;
        ManagerBus *bus;
        bool started;
        size_t n_stored; /* fanotify groups in the fd store */
        uint64_t started_usec;
        char reload_error[512];
};

/* A new epoch; monitor, unless an earlier run enforces already. */
void manager_init_control(Manager *m);
/* Which program is ours, for the hooks: one that starts cannot say so itself. */
void manager_note_program(Manager *m);
/* aiguard.mode= of the kernel command line is over the file. */
void manager_apply_cmdline(Config *c);
/* The journal entry that says from when on what is in force, and what is missing. */
void manager_note_start(Manager *m);

#endif
