/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_EMIT_BPF_H
#define AG_EMIT_BPF_H
/*
 * What the programs tell: counters, errors, requests. Nothing here changes a
 * verdict; a full ring costs the record and a count.
 */
#include "core_fixes.bpf.h"
#include "maps.bpf.h"

static __always_inline void ag_count(enum ag_stat stat)
{
        struct ag_counters *counters;
        __u32 zero = 0;

        counters = bpf_map_lookup_elem(&ag_stats, &zero);
        if (counters && stat < AG_STAT_MAX)
                __sync_fetch_and_add(&counters->n[stat], 1);
}

static __always_inline void ag_error(enum ag_place place, int error)
{
        __u32 key = place;
        struct ag_error *e;

        e = bpf_map_lookup_elem(&ag_errors, &key);
        if (!e)
                return;
        __sync_fetch_and_add(&e->count, 1);
        e->last = error;
}

/* Who acts, gathered once for whatever has to be told about one call. */
struct ag_who {
        __u64 start_time;
        __u64 cgroup_id;
        __u32 tgid;
        __u32 tid;
        __u32 traits;
        __u32 map_seq;
        __u16 workload;
        __u8 strength;
        __u8 reserved;
        __u32 reserved2;
};

/* What is asked about, for a request. */
struct ag_what {
        struct ag_inode_key inode;
        __u64 time;
        __u64 fs_magic;
        union {
                __u64 write_seq;
                __u8 columns[AG_OBJECT_COLUMNS]; /* AG_REQUEST_PASSED: enum ag_column */
        };
        __u64 size;
        __u8 kind;  /* enum ag_request_kind */
        __u8 flags; /* enum ag_request_flag */
        __u8 n_columns;
        __u8 reserved;
        __u32 number; /* rdev, or the model's */
};

/* The requests that most paths fit in: a 4 MiB ring holds thousands of these, and a thousand of the others. */
#define AG_REQUEST_SHORT_PATH 384
#define AG_REQUEST_HEAD __builtin_offsetof(struct ag_request, path)

/* What only the running task knows, and nobody when it is gone. */
static __always_inline void ag_request_fill_task(struct ag_request *r)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct ag_subject *s = NULL;

#ifndef AG_NO_TASK_STORAGE
        if (ag_leader_has_storage())
                s = ag_leader_storage(&ag_subjects, 0);
#endif
        r->uid = bpf_get_current_uid_gid();
        r->ppid = task->real_parent->tgid;
        bpf_get_current_comm(r->comm, sizeof(r->comm));
        r->from_tgid = s ? s->from_tgid : 0;
        r->from_seq = s ? s->from_seq : 0;
        r->from_start_time = s ? s->from_start_time : 0;
}

/* Not inline, so that the object's BTF knows the record and its layout can be checked. */
AG_SUBPROGRAM void ag_request_fill(struct ag_request *r, const struct ag_who *who,
                                   const struct ag_what *what)
{
        r->version = AG_ABI_VERSION;
        r->kind = what->kind;
        r->flags = what->flags;
        r->tgid = who->tgid;
        r->tid = who->tid;
        r->traits = who->traits;
        r->time = what->time;
        r->start_time = who->start_time;
        r->cgroup_id = who->cgroup_id;
        r->inode = what->inode;
        r->fs_magic = what->fs_magic;
        r->write_seq = what->write_seq;
        r->size = what->size;
        r->workload = who->workload;
        r->strength = who->strength;
        r->n_columns = what->n_columns;
        r->map_seq = who->map_seq;
        r->path_len = 0;
        r->number = what->number;
        __builtin_memcpy(r->columns, what->columns, sizeof(r->columns));
        r->path[0] = 0;
        ag_request_fill_task(r);
}

/* Sends a request with a path that must fit into `room`. 0, -ENOSPC, or -ENAMETOOLONG and nothing was sent. */
static __always_inline int ag_request_try(struct file *file, const struct ag_who *who,
                                          const struct ag_what *what, const __u32 room, bool last)
{
        struct ag_request *r;
        long n;

        r = bpf_ringbuf_reserve(&ag_requests, AG_REQUEST_HEAD + room, 0);
        if (!r)
                return -ENOSPC;
        ag_request_fill(r, who, what);

        n = bpf_d_path(&file->f_path, r->path, room);
        if (n > 0 && n <= room) {
                r->path_len = n - 1;
        } else if (last) {
                r->flags |= AG_REQUEST_NO_PATH;
                r->path[0] = 0;
                ag_error(AG_PLACE_PATH, n);
        } else {
                bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
                return -ENAMETOOLONG;
        }
        bpf_ringbuf_submit(r, 0);
        return 0;
}

/* From a hook where paths cannot be had. */
AG_SUBPROGRAM int ag_request_send_bare(const struct ag_who *who, const struct ag_what *what)
{
        struct ag_request *r;

        r = bpf_ringbuf_reserve(&ag_requests, AG_REQUEST_HEAD + 8, 0);
        if (!r) {
                ag_count(AG_STAT_REQUEST_LOST);
                ag_error(AG_PLACE_REQUEST_RING, -ENOSPC);
                return -ENOSPC;
        }
        ag_request_fill(r, who, what);
        r->flags |= AG_REQUEST_NO_PATH;
        bpf_ringbuf_submit(r, 0);
        return 0;
}

/* `file` NULL: what is asked about is none. */
AG_SUBPROGRAM int ag_request_send(struct file *file, const struct ag_who *who, const struct ag_what *what)
{
        int r;

        if (!file)
                return ag_request_send_bare(who, what);
        r = ag_request_try(file, who, what, AG_REQUEST_SHORT_PATH, false);
        if (r == -ENAMETOOLONG)
                r = ag_request_try(file, who, what, AG_PATH_MAX, true);
        if (r < 0) {
                ag_count(AG_STAT_REQUEST_LOST);
                ag_error(AG_PLACE_REQUEST_RING, r);
        }
        return r;
}

#endif
