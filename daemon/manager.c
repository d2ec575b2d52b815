/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: owns every part of the daemon and the order in which they start,
 * reload and stop. It is not on the way of an event: ring.c hands decisions to
 * the journal through two lines here. What others see of it is in
 * manager-status.c. Called by main.c and, for control, by manager-bus.c.
 */
#include "manager.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "attestations.h"
#include "cgroups.h"
#include "consents.h"
#include "declarations.h"
#include "devices.h"
#include "emergencies.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/network-camera.h"
#include "lock.h"
#include "manager-bus.h"
#include "manager-internal.h"
#include "network-cameras.h"
#include "policy-apply.h"
#include "punish.h"
#include "resolve.h"
#include "scripts.h"
#include "subjects.h"

#define TICK_USEC 1000000ULL
#define GATE_STUCK_NS 10000000000ULL
#define SCAN_CACHE_FILE "/var/lib/aiguard/scan-cache"
#define INVENTORY_FILE "/var/lib/aiguard/inventory"

static void on_resolve(void *userdata, const struct ag_request *r, int path_fd)
{
        Manager *m = userdata;

        resolve_on_request(m->resolve, r, path_fd);
        if (resolve_runs_code(m->resolve, (pid_t) r->tgid))
                scripts_look(m->scripts, (pid_t) r->tgid, r->cgroup_id, false);
}

static void on_look(void *userdata, pid_t tgid, uint64_t cgroup_id, bool wait)
{
        Manager *m = userdata;

        scripts_look(m->scripts, tgid, cgroup_id, wait);
}

static bool on_recall(void *userdata, const struct ag_request *r, uint32_t *ret_traits)
{
        Manager *m = userdata;

        return resolve_recall(m->resolve, r, ret_traits);
}

static void on_sensor(void *userdata, const struct ag_event *ev)
{
        Manager *m = userdata;

        subjects_post_event(m->subjects, ev);
}

static void on_cgroup(void *userdata, const struct ag_request *r)
{
        Manager *m = userdata;

        cgroups_on_request(m->cgroups, r);
}

static void on_traits(void *userdata, pid_t tgid, uint64_t start_time, uint32_t traits)
{
        Manager *m = userdata;

        resolve_add_traits(m->resolve, tgid, start_time, traits);
}

static void on_opened(void *userdata, pid_t tgid, uint32_t flags)
{
        Manager *m = userdata;

        resolve_set_opened(m->resolve, tgid, flags);
}

static int on_model(void *userdata, int fd, const struct ag_inode_key *inode, uint8_t *columns,
                    uint8_t *n_columns)
{
        Manager *m = userdata;

        return declarations_model(m->declarations, fd, inode, columns, n_columns);
}

static void on_numbered(void *userdata, int fd, uint32_t model)
{
        Manager *m = userdata;

        consents_on_numbered(m->consents, fd, model);
}

/* Step 3 and 4 of an event's way. */
static void on_decision(void *userdata, const struct ag_event *ev)
{
        Manager *m = userdata;
        struct ag_event named;

        if (ev->kind == AG_EVENT_SENSOR &&
            (ev->path_len == 0 || ev->device_kind == AG_DEVICE_NETWORK_CAMERA)) {
                named = *ev;
                if (ev->device_kind == AG_DEVICE_NETWORK_CAMERA)
                        network_camera_name_event(&named);
                else
                        devices_name_event(&named);
                ev = &named;
        }
        journal_decision(m->journal, ev, 0, NULL);
        if (ev->effective.action == AG_ACTION_SUSPEND || m->backend->ops->watches_files)
                punish(ev);
        subjects_on_event(m->subjects, ev);
        dossiers_on_event(m->dossiers, ev);
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
        Manager *m = userdata;

        return sd_event_exit(m->event, 0);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        Manager *m = userdata;

        if (diag_new(&diag) < 0)
                return 0;
        (void) sd_notify(false, "RELOADING=1");
        if (manager_reload(m, diag) < 0)
                diag_print(diag, stderr);
        (void) sd_notify(false, "READY=1");
        return 0;
}

static int on_mount(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Manager *m = userdata;

        (void) gate_watch(m->gate);
        return 0;
}

/* The groups whose openers must outlive us are in systemd's hands, and no others. */
static void store_groups(Manager *m)
{
        int fds[2];
        size_t n = gate_fanotify_fds(m->gate, fds);

        if (n == m->n_stored)
                return;
        (void) sd_notify(false, "FDSTOREREMOVE=1\nFDNAME=fanotify");
        for (size_t i = 0; i < n; i++)
                (void) sd_pid_notify_with_fds(0, false, "FDSTORE=1\nFDNAME=fanotify", &fds[i], 1);
        m->n_stored = n;
}

/* Once a second: is the gate alive? A gate that hangs is worse than a restart, which answers what waits. */
static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        uint64_t beat = gate_heartbeat(m->gate), now = boottime_ns();

        if (now > beat && now - beat > GATE_STUCK_NS) {
                log_error("manager: the gate has not moved for %u seconds, giving up",
                          (unsigned) ((now - beat) / 1000000000ULL));
                abort();
        }
        store_groups(m);
        (void) sd_event_source_set_time_relative(source, TICK_USEC);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

int manager_new(const ManagerOptions *options, Manager **ret)
{
        _cleanup_(manager_freep) Manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        m->options = *options;
        m->config = *options->config;
        *options->config = (Config){};
        m->options.config = NULL;
        r = sd_event_default(&m->event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m)
{
        if (!m)
                return NULL;
        if (m->started)
                manager_note_program(m);
        /* Who still waits is answered first; then what was decided is written; then the parts go. */
        m->bus = manager_bus_free(m->bus);
        m->gate = gate_free(m->gate);
        gate_refuse_groups(m->options.fanotify_fds, m->options.n_fanotify_fds);
        if (m->ring)
                ring_drain(m->ring);
        m->ring = ring_free(m->ring);
        if (m->journal && m->started)
                journal_note(m->journal, MESSAGE_ID_DAEMON_STOPPED, LOG_NOTICE, NULL, 0,
                             "The daemon ends; what is known stays enforced");
        m->subjects = subjects_free(m->subjects);
        m->devices = devices_free(m->devices);
        m->cgroups = cgroups_free(m->cgroups);
        m->resolve = resolve_free(m->resolve);
        m->scripts = scripts_free(m->scripts);
        m->attestations = attestations_free(m->attestations);
        m->consents = consents_free(m->consents);
        m->declarations = declarations_free(m->declarations);
        m->journal = journal_free(m->journal);
        m->dossiers = dossiers_free(m->dossiers);
        m->inventory = inventory_free(m->inventory);
        m->counters = counters_close(m->counters);
        m->store = policy_store_free(m->store);
        m->backend = backend_free(m->backend);
        sd_event_source_disable_unref(m->tick);
        sd_event_unref(m->event);
        config_done(&m->config);
        free(m);
        return NULL;
}

/* Parses, compiles, amends, applies, flips. */
static int load_policy(Manager *m, Diag *diag)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g = NULL;
        uint64_t now_ns;
        int r;

        policy_store_set_host_mode(m->store, m->config.mode);
        attestations_read(m->attestations);
        r = policy_store_prepare(m->store, diag, &g);
        if (r < 0)
                return r;
        r = declarations_reload(m->declarations);
        if (r >= 0)
                r = declarations_amend(m->declarations, g->tables);
        if (r < 0)
                return r;
        emergencies_renumber(loader_maps(m->backend->loader), g->tables);
        consents_retire(m->consents, g->tables);
        r = policy_apply(loader_maps(m->backend->loader), loader_control(m->backend->loader), g, &now_ns);
        if (r < 0)
                return r;
        policy_store_activate(m->store, TAKE_PTR(g), now_ns);
        emergencies_settle(m);
        consents_verify_again(m->consents);
        return 0;
}

/* "Audit for 12 days": since when, over restarts. */
static void note_mode(Manager *m)
{
        bool audit = manager_tables(m)->mode == POLICY_MODE_AUDIT;

        if (!audit)
                m->counters->audit_since_usec = 0;
        else if (m->counters->audit_since_usec == 0)
                m->counters->audit_since_usec = realtime_usec();
}

static void note_policy(Manager *m)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g = policy_store_current(m->store);
        char hash[96], version[48], mode[32];
        const char *fields[] = { hash, version, mode };

        snprintf(hash, sizeof(hash), "AIGUARD_POLICY_SHA256=%s", g->tables->hash);
        snprintf(version, sizeof(version), "AIGUARD_POLICY_VERSION=%u", g->generation);
        snprintf(mode, sizeof(mode), "AIGUARD_MODE=%s", policy_mode_to_string(g->tables->mode));
        journal_note(m->journal, MESSAGE_ID_POLICY_APPLIED, LOG_NOTICE, fields, ARRAY_SIZE(fields),
                     "Policy \"%s\" is in force (%s)", g->tables->name,
                     policy_mode_to_string(g->tables->mode));
}

/* The mode may have been changed in aiguard.conf; the rest of it is read at the start only. */
static int reload_config(Manager *m, Diag *diag)
{
        Config c = {};
        int r = config_load(NULL, diag, &c);

        if (r < 0)
                return r;
        manager_apply_cmdline(&c);
        m->config.mode = c.mode;
        m->config.mode_reason = c.mode_reason;
        config_done(&c);
        return 0;
}

static const char *first_error(const Diag *diag, char *buffer, size_t size)
{
        const DiagEntry *e = NULL;

        for (size_t i = 0; (e = diag_get(diag, i)) && e->level != DIAG_ERROR; i++)
                ;
        if (!e)
                return "it could not be put into the kernel";
        if (e->file)
                snprintf(buffer, size, "%s:%u:%u: %s", e->file, e->line, e->column, e->message);
        else
                snprintf(buffer, size, "%s", e->message);
        return buffer;
}

int manager_reload(Manager *m, Diag *diag)
{
        char text[512];
        int r = reload_config(m, diag);

        if (r >= 0)
                r = load_policy(m, diag);
        if (r < 0) {
                snprintf(m->reload_error, sizeof(m->reload_error), "%s",
                         first_error(diag, text, sizeof(text)));
                log_error("manager: the policy stays as it was: %s", m->reload_error);
                journal_note(m->journal, MESSAGE_ID_POLICY_REJECTED, LOG_ERR, NULL, 0,
                             "The new policy is not taken, the old one stays: %s", m->reload_error);
                return r;
        }
        m->reload_error[0] = 0;
        note_mode(m);
        r = cgroups_walk(m->cgroups);
        if (r < 0)
                log_warning_errno(r, "manager: not every cgroup could be looked at again");
        /* Who was looked up between the flip and now has found what the policy before said of its cgroup. */
        policy_apply_matches(loader_control(m->backend->loader));
        note_policy(m);
        return 0;
}

void manager_compile_again(Manager *m, const char *who)
{
        _cleanup_(diag_freep) Diag *diag = NULL;

        if (diag_new(&diag) >= 0 && manager_reload(m, diag) < 0)
                log_warning("%s: the policy cannot be compiled again; status says why", who);
}

static int start_policy(Manager *m)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        PolicyStoreOptions options = {
                .modelcaps_dir = m->options.modelcaps_dir,
                .files = m->options.policy_files,
                .host_mode = m->config.mode,
                .jurisdiction = m->config.jurisdiction,
        };
        int r;

        r = diag_new(&diag);
        if (r < 0)
                return r;
        r = policy_store_new(&options, diag, &m->store);
        if (r < 0) {
                diag_print(diag, stderr);
                return log_error_errno(r, "manager: the model capabilities cannot be loaded");
        }
        r = backend_new(m->config.backend, policy_store_names_hash(m->store), &m->backend);
        if (r < 0)
                return log_error_errno(r, "manager: nothing can be enforced on this host");
        manager_init_control(m);
        r = consents_new(m, &m->consents);
        if (r < 0)
                return log_error_errno(r, "manager: grants cannot be looked after");
        r = declarations_new(m, &m->declarations);
        if (r < 0)
                return log_error_errno(r, "manager: declarations cannot be looked after");
        r = attestations_new(m, &m->attestations);
        if (r < 0)
                return log_error_errno(r, "manager: attestations cannot be looked after");
        r = load_policy(m, diag);
        diag_print(diag, stderr);
        if (r < 0)
                return log_error_errno(r, "manager: the policy cannot be loaded");
        r = network_cameras_apply(loader_maps(m->backend->loader), m->config.network_cameras);
        if (r < 0)
                return log_error_errno(r, "manager: the network cameras cannot be told to the kernel");
        return policy_apply_suffixes(loader_maps(m->backend->loader));
}

static int start_gate(Manager *m)
{
        GateOptions options = {
                .maps = loader_maps(m->backend->loader),
                .control = loader_control(m->backend->loader),
                .store = m->store,
                .inventory = m->inventory,
                .dossiers = m->dossiers,
                .journal = m->journal,
                .counters = m->counters,
                .handlers = {
                        .userdata = m,
                        .on_resolve = on_resolve,
                        .on_recall = on_recall,
                        .on_cgroup = on_cgroup,
                        .on_sensor = on_sensor,
                        .on_traits = on_traits,
                        .on_model = on_model,
                        .on_numbered = on_numbered,
                        .on_opened = on_opened,
                        .on_look = on_look,
                },
                .fanotify_fds = m->options.fanotify_fds,
                .n_fanotify_fds = m->options.n_fanotify_fds,
                .scanner_program = m->options.scanner_program,
                .modelcaps_dir = m->options.modelcaps_dir,
                .scan_cache = SCAN_CACHE_FILE,
                .scan_seconds = m->config.scan_timeout_sec,
                .delay_seconds = m->config.scanner_delay_sec,
                .watch_all = m->backend->ops->watches_files,
                .filesystems = m->config.filesystems,
        };
        int r = gate_new(&options, &m->gate);

        m->options.n_fanotify_fds = 0;
        if (r < 0)
                return log_error_errno(r, "manager: the gate cannot be made");
        store_groups(m);
        return 0;
}

static int start_subjects(Manager *m)
{
        int r = resolve_new(m, &m->resolve);

        if (r >= 0)
                r = scripts_new(m, &m->scripts);
        if (r >= 0)
                r = cgroups_new(m, &m->cgroups);
        if (r >= 0)
                r = devices_new(m, &m->devices);
        if (r >= 0)
                r = subjects_new(m, &m->subjects);
        if (r < 0)
                return log_error_errno(r, "manager: the subject side cannot be started");
        return 0;
}

/* Attached, then looked around, then enforced: nothing that runs already is refused for being unknown. */
static int start_enforcing(Manager *m)
{
        struct ag_control *control = loader_control(m->backend->loader);
        int r = backend_attach(m->backend);

        if (r < 0)
                return log_error_errno(r, "manager: a hook that is needed cannot be attached");
        r = gate_watch(m->gate);
        if (r < 0)
                return log_error_errno(r, "manager: no file system can be watched");
        r = cgroups_walk(m->cgroups);
        if (r < 0)
                log_warning_errno(r, "manager: not every cgroup could be looked at");
        policy_apply_matches(control);
        r = subjects_walk(m->subjects);
        if (r < 0)
                log_warning_errno(r, "manager: not every process could be looked at");
        if (manager_interrupted(m))
                return -EINTR;
        if (m->backend->ops->enforces)
                __atomic_and_fetch(&control->flags, ~(uint32_t) AG_CONTROL_MONITOR, __ATOMIC_RELEASE);
        else
                __atomic_or_fetch(&control->flags, AG_CONTROL_MONITOR, __ATOMIC_RELEASE);
        return 0;
}

static int start_loop(Manager *m)
{
        int r;

        r = ring_new(loader_maps(m->backend->loader)->events, m->event, on_decision, m, &m->ring);
        if (r < 0)
                return r;
        r = sd_event_add_signal(m->event, NULL, SIGTERM, on_terminate, m);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGINT, on_terminate, m);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGHUP, on_reload, m);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->tick, CLOCK_MONOTONIC, TICK_USEC, 0, on_tick,
                                               m);
        if (r >= 0 && gate_mounts_fd(m->gate) >= 0)
                r = sd_event_add_io(m->event, NULL, gate_mounts_fd(m->gate), EPOLLPRI, on_mount, m);
        if (r < 0)
                return log_error_errno(r, "manager: the event loop cannot be set up");
        r = sd_event_set_watchdog(m->event, true);
        if (r < 0)
                log_warning_errno(r, "manager: the watchdog cannot be armed");
        return 0;
}

int manager_start(Manager *m)
{
        int r;

        m->started_usec = realtime_usec();
        r = start_policy(m);
        if (r < 0)
                return r;
        m->counters = counters_open(COUNTERS_FILE, loader_adopted(m->backend->loader));
        if (!m->counters)
                return -ENOMEM;
        r = inventory_new(INVENTORY_FILE, &m->inventory);
        if (r >= 0)
                r = dossiers_new(m->inventory, m->store, &m->dossiers);
        if (r >= 0)
                r = journal_new(m->store, m->inventory, m->dossiers, m->counters, &m->journal);
        if (r < 0)
                return log_error_errno(r, "manager: the journal cannot be started");
        dossiers_set_journal(m->dossiers, m->journal);
        r = start_gate(m);
        if (r >= 0)
                r = start_subjects(m);
        if (r >= 0)
                r = gate_start(m->gate);
        if (r >= 0)
                r = start_enforcing(m);
        if (r >= 0)
                r = start_loop(m);
        if (r < 0)
                return r;
        consents_ask_models(m->consents);
        r = manager_bus_new(m, &m->bus);
        if (r < 0)
                return log_error_errno(r, "manager: the bus cannot be started");

        /* Loading took ten times the memory that running takes. */
        (void) malloc_trim(0);
        m->started = true;
        note_mode(m);
        manager_note_start(m);
        note_policy(m);
        (void) sd_notifyf(false, "READY=1\nSTATUS=%s mode, backend %s",
                          policy_mode_to_string(m->config.mode), m->backend->ops->name);
        return 0;
}

int manager_run(Manager *m)
{
        int r = sd_event_loop(m->event);

        (void) sd_notify(false, "STOPPING=1\nFDSTOREREMOVE=1\nFDNAME=fanotify");
        return r;
}
