/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what the manager tells of itself, and the accessors that its parts
 * use. Adds up the counters of kernel, gate and journal so that they agree.
 * Owns nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/message-ids.h"
#include "lock.h"
#include "manager-internal.h"
#include "mountdev.h"
#include "stats.h"

#define DAEMON_PROGRAM "/usr/lib/aiguard/aiguardd"

/*
 * As it lies on the disk now: at the start for whoever starts when this run is over, at the end once more, since a
 * newer one may have been installed meanwhile.
 */
void manager_note_program(Manager *m)
{
        struct ag_control *c = loader_control(m->backend->loader);
        _cleanup_close_ int fd = open(DAEMON_PROGRAM, O_PATH | O_CLOEXEC);
        struct stat st;
        uint32_t dev;

        if (fd < 0 || fstat(fd, &st) < 0 || mountdev_of_fd(fd, &dev) < 0)
                return;
        __atomic_store_n(&c->own_dev, dev, __ATOMIC_RELEASE);
        __atomic_store_n(&c->own_ino, (uint64_t) st.st_ino, __ATOMIC_RELEASE);
}

void manager_init_control(Manager *m)
{
        struct ag_control *c = loader_control(m->backend->loader);
        uint32_t epoch = 0;

        while (epoch == 0) {
                if (getrandom(&epoch, sizeof(epoch), 0) != sizeof(epoch))
                        epoch = (uint32_t) boottime_ns() | 1;
        }
        /* An earlier run that enforces leaves no gap: monitor is for the very first attach only. */
        if (!loader_adopted(m->backend->loader) || c->epoch == 0)
                __atomic_store_n(&c->flags, AG_CONTROL_MONITOR, __ATOMIC_RELEASE);
        __atomic_store_n(&c->alive_until, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&c->epoch, epoch, __ATOMIC_RELEASE);
        __atomic_store_n(&c->daemon_tgid, (uint32_t) getpid(), __ATOMIC_RELEASE);
        manager_note_program(m);
        __atomic_store_n(&c->hold_ms, m->config.hold_max_ms, __ATOMIC_RELEASE);
}

void manager_apply_cmdline(Config *c)
{
        _cleanup_close_ int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
        char text[4096];
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

        if (n < 0)
                return;
        text[n] = 0;
        config_apply_cmdline(c, config_cmdline_mode(text));
}

void manager_note_start(Manager *m)
{
        size_t n, missing = 0;
        const LoaderHook *hooks = loader_hooks(m->backend->loader, &n);
        uint64_t previous = gate_denied_previous(m->gate);

        for (size_t i = 0; i < n; i++)
                missing += !hooks[i].attached;
        journal_note(m->journal, MESSAGE_ID_DAEMON_STARTED,
                     m->config.mode == POLICY_MODE_ENFORCE ? LOG_NOTICE : LOG_WARNING, NULL, 0,
                     "aiguard runs: mode %s (%s), backend %s, %zu of %zu hooks attached",
                     policy_mode_to_string(m->config.mode), m->config.mode_reason, m->backend->ops->name,
                     n - missing, n);
        if (m->backend->ops->weaker)
                journal_note(m->journal, MESSAGE_ID_BACKEND_WEAK, LOG_WARNING, NULL, 0,
                             "The backend is %s: %s. To get the strong one: %s", m->backend->ops->name,
                             m->backend->ops->weaker, backend_fix(m->backend));
        if (previous > 0)
                journal_note(m->journal, MESSAGE_ID_PREVIOUS_RUN, LOG_WARNING, NULL, 0,
                             "%llu opens that an earlier run had left waiting were refused",
                             (unsigned long long) previous);
}

/*
 * The kernel counts each open once; those that went on to fanotify (gated), or
 * that the gate saw first since no hook does, are decided by the gate, or still asleep. What audit mode let pass unjudged the
 * kernel counted as allowed; judged since, it is what it turned out to be. What
 * an earlier run left waiting was refused, and summed up in one entry. What is no plain allow owes an entry:
 * the kernel's lost ones never left its ring, the journal knows of the rest.
 */
static void add_up(Manager *m, const Stats *s, const GateCounters *g, const JournalCounters *j,
                   ManagerCounters *ret)
{
        uint64_t gate_decided = g->allowed + g->reported + g->audited + g->denied + g->denied_previous +
                                g->abandoned;
        uint64_t gated = s->n[AG_STAT_GATED] + g->seen;
        uint64_t asleep = gated > gate_decided ? gated - gate_decided : 0;
        uint64_t background = g->background_reported + g->background_audited;
        uint64_t owed, known;

        *ret = (ManagerCounters){
                .seen = s->n[AG_STAT_SEEN] + g->seen,
                .decided = s->n[AG_STAT_DECIDED] + g->seen,
                .allowed = s->n[AG_STAT_ALLOWED] + g->allowed + g->abandoned - background,
                .reported = s->n[AG_STAT_REPORTED] + g->reported + g->background_reported,
                .audited = s->n[AG_STAT_AUDITED] + g->audited + g->background_audited,
                .denied = s->n[AG_STAT_DENIED] + g->denied + g->denied_previous,
                .held = s->n[AG_STAT_HELD],
                .timed_out = s->n[AG_STAT_TIMED_OUT],
                .emitted = j->written,
                .suppressed = j->suppressed + g->denied_previous,
                .lost = s->n[AG_STAT_LOST] + j->lost,
                .requests_lost = s->n[AG_STAT_REQUEST_LOST] + g->dropped,
                .would_refuse = j->would_refuse,
                .pending = asleep,
        };
        owed = ret->reported + ret->audited + ret->denied;
        known = ret->emitted + ret->suppressed + ret->lost;
        if (owed > known)
                ret->pending += owed - known;
        ret->suppressed += ret->allowed;
}

void manager_status(Manager *m, ManagerStatus *ret)
{
        const struct ag_control *c = loader_control(m->backend->loader);
        const PolicyTables *t = manager_tables(m);
        JournalCounters journal;
        Stats stats = {};

        *ret = (ManagerStatus){
                .mode = !m->backend->ops->enforces              ? "observe"
                        : c->flags & AG_CONTROL_MONITOR         ? "monitor"
                        : !loader_enforcing(m->backend->loader) ? "degraded"
                                                                : policy_mode_to_string(t->mode),
                .mode_reason = m->config.mode_reason,
                .backend = m->backend->ops->name,
                .backend_reason = m->backend->reason,
                .weaker = m->backend->ops->weaker ? m->backend->ops->weaker : "",
                .fix = backend_fix(m->backend),
                .policy_name = t->name,
                .policy_hash = t->hash,
                .policy_generation = c->generation,
                .started_usec = m->started_usec,
                .n_models = inventory_size(m->inventory),
                .reload_error = m->reload_error,
        };
        ret->hooks = loader_hooks(m->backend->loader, &ret->n_hooks);
        {
                _cleanup_(policy_generation_unrefp) PolicyGeneration *g = policy_store_current(m->store);

                ret->policy_since_usec = g->applied_usec;
        }
        if (t->mode == POLICY_MODE_AUDIT)
                ret->audit_since_usec = m->counters->audit_since_usec;
        if (stats_read(manager_maps(m), &stats) < 0)
                log_warning("manager: the kernel's counters cannot be read");
        gate_counters(m->gate, &ret->gate);
        journal_counters(m->journal, &journal);
        add_up(m, &stats, &ret->gate, &journal, &ret->counters);
}

bool manager_interrupted(Manager *m)
{
        sigset_t pending;

        /* Blocked since before the first thread; the event loop takes them, once it runs. */
        return sigpending(&pending) == 0 &&
               (sigismember(&pending, SIGTERM) > 0 || sigismember(&pending, SIGINT) > 0);
}

sd_event *manager_event(Manager *m)
{
        return m->event;
}

const Config *manager_config(Manager *m)
{
        return &m->config;
}

const LoaderMaps *manager_maps(Manager *m)
{
        return loader_maps(m->backend->loader);
}

const struct ag_control *manager_control(Manager *m)
{
        return loader_control(m->backend->loader);
}

PolicyStore *manager_store(Manager *m)
{
        return m->store;
}

const PolicyTables *manager_tables(Manager *m)
{
        PolicyGeneration *g = policy_store_current(m->store);
        const PolicyTables *t = g ? g->tables : NULL;

        /* The store keeps a reference of its own, and only this thread replaces it. */
        policy_generation_unref(g);
        return t;
}

Gate *manager_gate(Manager *m)
{
        return m->gate;
}

Journal *manager_journal(Manager *m)
{
        return m->journal;
}

Inventory *manager_inventory(Manager *m)
{
        return m->inventory;
}

Dossiers *manager_dossiers(Manager *m)
{
        return m->dossiers;
}

Scripts *manager_scripts(Manager *m)
{
        return m->scripts;
}

Attestations *manager_attestations(Manager *m)
{
        return m->attestations;
}

Cgroups *manager_cgroups(Manager *m)
{
        return m->cgroups;
}

Consents *manager_consents(Manager *m)
{
        return m->consents;
}

Declarations *manager_declarations(Manager *m)
{
        return m->declarations;
}

Devices *manager_devices(Manager *m)
{
        return m->devices;
}

Subjects *manager_subjects(Manager *m)
{
        return m->subjects;
}

Resolve *manager_resolve(Manager *m)
{
        return m->resolve;
}

int manager_iterator_open(Manager *m, const char *program)
{
        return loader_iterator_open(m->backend->loader, program);
}

void manager_guard_sensors(Manager *m)
{
        loader_guard_sensors(m->backend->loader);
}
