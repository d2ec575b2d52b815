/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: the programs of the second backend, for kernels that run no LSM
 * programs: sensors are refused by the device and connect programs of the root cgroup, and
 * the life of a subject is followed by tracepoints. Files are the daemon's, by
 * fanotify: nothing here sees one.
 *
 * Subjects are kept by thread group in a hash, since programs of a cgroup may
 * not ask task storage on 6.1 and 6.12. An object of its own (rules.mk): where
 * an LSM program is refused, nothing of this one is. Decides by verdict.bpf.h.
 */
#define AG_NO_TASK_STORAGE
#include "cgroup.bpf.h"
#include "network.bpf.h"
#include "verdict.bpf.h"

/*
 * Who acts. Writers: fork, exec, device opens and cgroup moves here; the daemon
 * makes an entry where it has found a trait first, and never changes one. Read at
 * each device open and, by the daemon, at each event: absent is the cheap answer.
 */
AG_MAP_DEFINED(ag_processes, BPF_MAP_TYPE_HASH, AG_PROCESSES_MAX, __u32, struct ag_process);

/* What the daemon found out about a thread group. Its only writer, but that a new process starts without. */
AG_MAP_DEFINED(ag_process_resolved, BPF_MAP_TYPE_HASH, AG_PROCESSES_MAX, __u32, struct ag_resolved);

/* Mount namespaces whose file systems are watched. Writer: the daemon. */
AG_MAP_DEFINED(ag_mount_spaces, BPF_MAP_TYPE_LRU_HASH, 4096, __u32, __u8);

static __always_inline struct ag_process *ag_process_of(__u32 tgid)
{
        return bpf_map_lookup_elem(&ag_processes, &tgid);
}

/* Makes an entry for a process. Whoever was there first stays. */
static __always_inline struct ag_process *ag_process_make(__u32 tgid, const struct ag_process *fresh)
{
        long r = bpf_map_update_elem(&ag_processes, &tgid, fresh, BPF_NOEXIST);

        if (r && r != -EEXIST)
                ag_error(AG_PLACE_SUBJECT_STORAGE, r);
        return ag_process_of(tgid);
}

static __always_inline void ag_process_forget(__u32 tgid)
{
        bpf_map_delete_elem(&ag_processes, &tgid);
        bpf_map_delete_elem(&ag_process_resolved, &tgid);
}

static __always_inline void ag_process_begin(struct ag_process *p, struct task_struct *task)
{
        p->start_time = BPF_CORE_READ(task, group_leader, start_boottime);
        p->uid = BPF_CORE_READ(task, real_cred, uid.val);
        p->exe.ino = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
        p->exe.dev = BPF_CORE_READ(task, mm, exe_file, f_inode, i_sb, s_dev);
        p->subject.cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline void ag_process_match(struct ag_control *control, struct ag_process *p, bool keep)
{
        struct ag_match m = {};

        m.cgroup_id = p->subject.cgroup_id;
        m.exe = p->exe;
        m.uid = p->uid;
        p->subject.matches = *(volatile __u32 *) &control->matches;
        ag_match_find(control, &m);
        ag_match_apply(control, &p->subject, &m, keep);
}

/* What the daemon has found out since. Nobody waits here: what it has not looked at yet is pending. */
static __always_inline void ag_process_merge(struct ag_process *p, __u32 tgid)
{
        struct ag_resolved *r = bpf_map_lookup_elem(&ag_process_resolved, &tgid);

        if (!r)
                return;
        ag_subject_add(&p->subject, r->traits & (AG_TRAITS_STRONG | AG_TRAITS_WEAK | AG_TRAIT_INTERPRETER));
        if (p->subject.traits & AG_TRAITS_PENDING)
                ag_subject_settle(&p->subject, r);
}

/*
 * It may map a runtime that it has open at any moment, and there is no hook that would tell. Asked before
 * ag_process_merge(): the daemon writes what it found, and takes the mark away after that.
 */
static __always_inline __u32 ag_process_marks(__u32 tgid)
{
        struct ag_resolved *r = bpf_map_lookup_elem(&ag_process_resolved, &tgid);

        return r ? r->flags & (AG_RESOLVED_OPENED | AG_RESOLVED_ASKED) : 0;
}

/* A child of one that may have mapped a runtime is as it is: the same memory, the same open files. */
static __always_inline void ag_process_opened_too(__u32 tgid, __u64 start_time, __u32 marks, __u32 from)
{
        struct ag_resolved opened = { .flags = marks };
        struct ag_what what = { .kind = AG_REQUEST_RESOLVE, .number = from };
        struct ag_who who = { .tgid = tgid, .tid = tgid, .start_time = start_time };

        bpf_map_update_elem(&ag_process_resolved, &tgid, &opened, BPF_ANY);
        what.time = bpf_ktime_get_boot_ns();
        ag_request_send_bare(&who, &what);
}

/* ------------------------------------------------------------------- life */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(ag_fan_fork, struct task_struct *parent, struct task_struct *child)
{
        struct ag_control *control = ag_controls();
        struct ag_process *p, fresh = {};
        __u32 tgid = child->tgid, from = parent->tgid, opened = 0;

        if (!control || child->pid != child->tgid)
                return 0;
        /* A number that is used again inherits nothing. */
        ag_process_forget(tgid);
        p = ag_process_of(from);
        if (control->daemon_tgid && from == control->daemon_tgid)
                fresh.flags = AG_PROCESS_EXEMPT;
        else if (!p)
                return 0;
        if (p) {
                opened = p->flags ? 0 : ag_process_marks(from);
                ag_process_merge(p, from);
                fresh.flags |= p->flags;
                fresh.subject.traits = p->subject.traits;
                fresh.subject.workload = p->subject.workload;
                fresh.subject.matches = p->subject.matches;
        }
        if (!fresh.subject.traits && !fresh.subject.workload && !fresh.flags && !opened)
                return 0;
        ag_process_begin(&fresh, child);
        fresh.subject.map_seq = fresh.subject.traits & AG_TRAIT_PENDING_MAP ? 1 : 0;
        ag_process_make(tgid, &fresh);
        if (opened)
                ag_process_opened_too(tgid, fresh.start_time, opened, from);
        return 0;
}

/* A container's file systems are mounted where nobody looks but its own processes. */
static __always_inline void ag_ask_for_mounts(struct task_struct *task, struct ag_control *control)
{
        __u32 space = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
        struct ag_what what = { .kind = AG_REQUEST_MOUNTS };
        struct ag_who who = { .tgid = task->tgid, .tid = task->tgid };

        if (bpf_map_lookup_elem(&ag_mount_spaces, &space) || !ag_daemon_lives(control))
                return;
        what.time = bpf_ktime_get_boot_ns();
        ag_request_send_bare(&who, &what);
}

/* The new program is certain. A thread that is no leader takes its leader's number, so nothing is lost. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(ag_fan_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
        struct ag_control *control = ag_controls();
        struct ag_process *p, fresh = {};
        struct ag_match m = {};
        __u32 tgid = task->tgid;
        bool opened;

        if (!control)
                return 0;
        ag_ask_for_mounts(task, control);
        ag_process_begin(&fresh, task);
        p = ag_process_of(tgid);
        if (!p) {
                m.cgroup_id = fresh.subject.cgroup_id;
                m.exe = fresh.exe;
                m.uid = fresh.uid;
                ag_match_find(control, &m);
                if (!m.workload && !m.pending)
                        return 0;
                p = ag_process_make(tgid, &fresh);
                if (!p)
                        return 0;
        }
        p->exe = fresh.exe;
        p->uid = fresh.uid;
        p->subject.cgroup_id = fresh.subject.cgroup_id;
        if (p->flags & AG_PROCESS_EXEMPT)
                return 0;
        /* What the old program had mapped can no longer be looked at: the doubt becomes the trait. */
        opened = ag_process_marks(tgid) & AG_RESOLVED_OPENED;
        ag_process_merge(p, tgid);
        if (opened)
                ag_subject_add(&p->subject, AG_TRAIT_RUNTIME);
        ag_process_match(control, p, true);
        return 0;
}

/* Nobody answers any more once the daemon's last thread has gone; and a process that ends is nobody's subject. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(ag_fan_exit, struct task_struct *task)
{
        struct ag_control *control = ag_controls();
        __u32 tgid = task->tgid;

        if (task->signal->live.counter != 0)
                return 0;
        ag_process_forget(tgid);
        if (control && control->daemon_tgid && tgid == control->daemon_tgid) {
                *(volatile __u64 *) &control->alive_until = 0;
                control->daemon_tgid = 0;
        }
        return 0;
}

/* ---------------------------------------------------------------- cgroups */

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(ag_fan_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
        ag_cgroup_made(cgroup, path);
        return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(ag_fan_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
        struct ag_control *control = ag_controls();
        struct ag_process *p, fresh = {};
        struct ag_match m = {};
        __u32 tgid = task->tgid;

        if (!control || task->pid != task->tgid || !ag_is_cgroup2(cgroup))
                return 0;
        p = ag_process_of(tgid);
        if (!p) {
                ag_process_begin(&fresh, task);
                m.cgroup_id = cgroup->kn->id;
                m.exe = fresh.exe;
                m.uid = fresh.uid;
                ag_match_find(control, &m);
                if (!m.workload && !m.pending)
                        return 0;
                p = ag_process_make(tgid, &fresh);
        }
        if (!p || p->flags & AG_PROCESS_EXEMPT)
                return 0;
        p->subject.cgroup_id = cgroup->kn->id;
        ag_process_match(control, p, false);
        return 0;
}

/* What was running before: every process is pending until the daemon has looked at it. Read once, after attaching. */
SEC("iter/task")
int ag_adopt_tasks(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        struct ag_control *control = ag_controls();
        struct ag_process *p, fresh = {};
        __u32 tgid;

        if (!task || !control || task->pid != task->tgid || task->flags & PF_KTHREAD)
                return 0;
        tgid = task->tgid;
        if (control->daemon_tgid && tgid == control->daemon_tgid)
                return 0;
        if (control->daemon_tgid && (__u32) task->real_parent->tgid == control->daemon_tgid)
                fresh.flags = AG_PROCESS_EXEMPT;
        ag_process_begin(&fresh, task);
        p = ag_process_make(tgid, &fresh);
        if (p && !p->subject.traits && !p->flags)
                ag_subject_pend(&p->subject);
        return 0;
}

/* ---------------------------------------------------------------- sensors */

static __always_inline struct ag_device *ag_fan_device(__u32 rdev)
{
        struct ag_device *device = bpf_map_lookup_elem(&ag_devices, &rdev);

        if (device)
                return device;
        rdev |= AG_MINOR_ANY;
        return bpf_map_lookup_elem(&ag_devices, &rdev);
}

/* Who opens: as in file.bpf.c, but that nobody can be made to wait here. */
static __always_inline void ag_fan_who(struct ag_open *o, struct ag_process *p, __u32 tgid, bool marked)
{
        __u32 traits = p->subject.traits;

        if (marked)
                traits |= AG_TRAIT_PENDING_MAP;
        o->who.start_time = p->start_time;
        o->who.cgroup_id = bpf_get_current_cgroup_id();
        o->who.tgid = tgid;
        o->who.tid = bpf_get_current_pid_tgid();
        o->who.traits = traits;
        o->who.map_seq = p->subject.map_seq;
        o->who.workload = p->subject.workload;
        o->who.strength = ag_strength(traits);
        if (!o->who.workload && o->who.strength != AG_STRENGTH_NONE)
                o->who.workload = AG_WORKLOAD_UNDECLARED;
        o->q.strength = o->who.strength;
        if (traits & AG_TRAITS_PENDING && ag_strength(traits & ~AG_TRAITS_PENDING) != AG_STRENGTH_STRONG)
                o->reasons |= AG_REASON_PENDING;
}

/* The device number is all that is known of it: the daemon finds the name. */
AG_SUBPROGRAM int ag_fan_tell(const struct ag_open *o, __u32 generation)
{
        struct ag_event *e = bpf_ringbuf_reserve(&ag_events, sizeof(*e), 0);

        if (!e) {
                ag_count(AG_STAT_LOST);
                ag_error(AG_PLACE_EVENT_RING, -ENOSPC);
                return 0;
        }
        e->version = AG_ABI_VERSION;
        e->kind = o->kind;
        e->reasons = o->a.reasons | o->reasons;
        ag_event_who(e, o);
        e->time = bpf_ktime_get_boot_ns();
        e->inode = o->what.inode;
        e->rdev = o->rdev;
        e->model = 0;
        e->generation = generation;
        e->held_us = 0;
        e->n_columns = o->q.n_columns;
        __builtin_memcpy(e->columns, o->q.columns, sizeof(e->columns));
        e->effective = o->a.effective;
        e->would = o->a.would;
        e->column = o->a.column;
        e->would_column = o->a.would_column;
        e->device_kind = o->device;
        e->hook = o->device == AG_DEVICE_NETWORK_CAMERA ? AG_HOOK_CGROUP_CONNECT : AG_HOOK_CGROUP_DEVICE;
        e->path_len = 0;
        e->path[0] = 0;
        bpf_ringbuf_submit(e, 0);
        ag_count(AG_STAT_EMITTED);
        return 0;
}

/* Hands an open that passes to the daemon, to be judged when it is known whose it was. False: judge it now. */
static __always_inline bool ag_fan_pass_for_later(struct ag_control *control, struct ag_open *o)
{
        if (!ag_daemon_lives(control))
                return false;
        ag_fill_passed(o, AG_REQUEST_SENSOR, o->rdev);
        if (ag_request_send_bare(&o->who, &o->what))
                return false;
        ag_pass(o);
        return true;
}

/* Could an opener of this workload be refused? Where not, what enforcing would do is known when it is known who it is. */
static __always_inline bool ag_fan_refuses(struct ag_control *control, __u32 workload, __u8 column)
{
        struct ag_row *row = ag_row_of(control, workload ? workload : AG_WORKLOAD_UNDECLARED);

        return !(control->flags & AG_CONTROL_MONITOR) && row &&
               row->cells[column].effective[0].action >= AG_ACTION_DENY;
}

/*
 * `o` has its device and number already. Who has a runtime open counts as AI at once, in both modes. Who has a file
 * open that nobody has looked into yet is held at that file where it can be refused something, and told of later where
 * it cannot.
 */
static __always_inline int ag_fan_sensor(struct ag_control *control, struct ag_process *p, __u32 tgid,
                                         struct ag_open *o, __u8 column)
{
        bool opened, later;
        struct ag_row *row;
        __u32 marks;

        if (p->subject.matches != control->matches || p->subject.traits & AG_TRAIT_PENDING_CGROUP) {
                p->subject.cgroup_id = bpf_get_current_cgroup_id();
                ag_process_match(control, p, false);
        }
        marks = ag_process_marks(tgid);
        opened = marks & AG_RESOLVED_OPENED;
        later = marks == AG_RESOLVED_ASKED && !ag_fan_refuses(control, p->subject.workload, column);
        ag_process_merge(p, tgid);
        ag_fan_who(o, p, tgid, opened || later);
        if (!o->who.workload)
                return 1;
        row = ag_row_of(control, o->who.workload);
        if (!row || row->flags & AG_ROW_NOT_AI)
                return 1;
        o->kind = AG_EVENT_SENSOR;
        ag_ask_one(o, column);
        if (later && o->reasons & AG_REASON_PENDING && ag_fan_pass_for_later(control, o))
                return 1;
        if (!ag_verdict(control, o))
                return 1;
        ag_fan_tell(o, control->generation);
        return o->a.effective.action < AG_ACTION_DENY;
}

/*
 * Asked for each open of a device node on the host, and for mknod, which is let
 * through: what counts is the open. 1: go on; 0: EPERM, before any driver is asked.
 */
SEC("cgroup/dev")
int ag_fan_device_open(struct bpf_cgroup_dev_ctx *ctx)
{
        __u32 access = ctx->access_type >> 16, type = ctx->access_type & 0xffff;
        __u32 tgid = bpf_get_current_pid_tgid() >> 32;
        __u32 rdev = AG_DEV(ctx->major, ctx->minor);
        struct ag_process *p, fresh = {};
        struct ag_control *control;
        struct ag_device *device;
        struct ag_open o = {};

        if (type != BPF_DEVCG_DEV_CHAR || !(access & (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)))
                return 1;
        device = ag_fan_device(rdev);
        control = ag_controls();
        if (!device || !control || device->kind == AG_DEVICE_NONE || device->flags & AG_DEVICE_NO_PERSONS ||
            tgid == control->daemon_tgid)
                return 1;
        p = ag_process_of(tgid);
        if (device->kind == AG_DEVICE_ACCELERATOR) {
                if (!p) {
                        ag_process_begin(&fresh, bpf_get_current_task_btf());
                        p = ag_process_make(tgid, &fresh);
                }
                if (p)
                        ag_subject_add(&p->subject, AG_TRAIT_ACCELERATOR);
                return 1;
        }
        if (!p || p->flags & AG_PROCESS_EXEMPT)
                return 1;
        o.device = device->kind;
        o.rdev = rdev;
        return ag_fan_sensor(control, p, tgid, &o,
                             device->kind == AG_DEVICE_CAMERA ? AG_COL_CAMERA : AG_COL_MICROPHONE);
}

/* 1: go on; 0: EPERM, before a packet is sent. */
static __always_inline int ag_fan_connect(const struct ag_endpoint *to)
{
        __u32 tgid = bpf_get_current_pid_tgid() >> 32;
        struct ag_control *control = ag_controls();
        struct ag_process *p = ag_process_of(tgid);
        struct ag_open o = {};

        if (!p || !control || p->flags & AG_PROCESS_EXEMPT || !ag_is_network_camera(to))
                return 1;
        ag_endpoint_store(&o.what.inode, to);
        o.device = AG_DEVICE_NETWORK_CAMERA;
        o.rdev = to->port;
        return ag_fan_sensor(control, p, tgid, &o, AG_COL_NETWORK_CAMERA);
}

SEC("cgroup/connect4")
int ag_fan_connect4(struct bpf_sock_addr *ctx)
{
        struct ag_endpoint to = {};

        ag_endpoint_v4(&to, ctx->user_ip4, ctx->user_port);
        return ag_fan_connect(&to);
}

SEC("cgroup/connect6")
int ag_fan_connect6(struct bpf_sock_addr *ctx)
{
        const __u32 address[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };
        struct ag_endpoint to = {};

        __builtin_memcpy(to.address, address, sizeof(to.address));
        to.port = __builtin_bswap16(ctx->user_port);
        return ag_fan_connect(&to);
}
