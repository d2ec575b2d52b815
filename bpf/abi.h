/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/* Tables of bits read better aligned by hand. */
/* clang-format off */
#ifndef AG_ABI_H
#define AG_ABI_H
/*
 * The one contract between the BPF programs and user space.
 *
 * Owns: every map key and value, every ring record, every limit that both
 * sides must agree on. Knows no helper, no libbpf, no kernel type but the
 * fixed-width ones. Whoever changes a struct here raises AG_ABI_VERSION: the
 * daemon adopts pinned maps only when the version is its own.
 *
 * All numbers are host-endian; all times are nanoseconds of CLOCK_BOOTTIME.
 * `dev` is the kernel's internal encoding, major << 20 | minor, and not that
 * of stat(2); AG_DEV() makes one from the other.
 */

#ifndef __bpf__
#include <linux/types.h>
#endif

#define AG_ABI_VERSION 4

#define AG_DEV(major, minor) (((__u32) (major) << 20) | (__u32) (minor))

/* ------------------------------------------------------------- the matrix */

/*
 * A column is what an open can be about. The first three groups are the model
 * capabilities, by how sure the classification is. 32 of them are plenty: the
 * law knows seven practices, the shipped policy fewer than ten capabilities.
 */
#define AG_MODELCAPS_MAX 32

enum ag_column {
        AG_COL_IDENTIFIED = 0,                    /* + number of the model capability */
        AG_COL_SUSPECT = AG_MODELCAPS_MAX,        /* + number of the model capability */
        AG_COL_CAPABLE = 2 * AG_MODELCAPS_MAX,    /* + number of the model capability */
        AG_COL_CAMERA = 3 * AG_MODELCAPS_MAX,
        AG_COL_MICROPHONE,
        AG_COL_NETWORK_CAMERA,
        AG_COL_UNDECLARED_MODEL,                  /* a model that nobody declared */
        AG_COL_UNPARSABLE,                        /* looks like a model, cannot be understood */
        AG_COL_UNSCANNABLE,                       /* remote or FUSE: never scanned in the way of an open */
        AG_COL_UNKNOWN,                           /* the hold ran into its deadline */
        AG_COL_DAEMON_DOWN,                       /* nobody there to classify a file never seen */
        AG_COLUMNS,
};

/* Ordered: the strictest wins. Report is for inventories, audit for what enforcing would have refused. */
enum ag_action {
        AG_ACTION_ALLOW,
        AG_ACTION_REPORT,
        AG_ACTION_AUDIT,
        AG_ACTION_DENY,
        AG_ACTION_SUSPEND,                        /* deny, and the daemon stops the process */
        AG_ACTION_KILL,                           /* deny, and SIGKILL */
        _AG_ACTION_MAX,
};

/* Kinds of grant that a rule may name in `unless`. Together they index the decisions of a cell. */
enum ag_grant {
        AG_GRANT_CONSENT = 1 << 0,
        AG_GRANT_EXCEPTION = 1 << 1,
};
#define AG_GRANT_SETS 4

struct ag_decision {
        __u8 action;                              /* enum ag_action */
        __u8 reserved;
        __u16 rule;                               /* number in the policy's rule table; 0: none */
};

/*
 * For each set of grants a caller may hold: what is done, and what would be
 * done were every rule enforced. The compiler works the composition out
 * ("inside one rule any grant, across rules each"), the kernel only picks.
 */
struct ag_cell {
        struct ag_decision effective[AG_GRANT_SETS];
        struct ag_decision would[AG_GRANT_SETS];
};

enum ag_row_flag {
        AG_ROW_HOLD = 1 << 0,                     /* some model column denies: unknown files are held */
        AG_ROW_NOT_AI = 1 << 1,                   /* declared to be no AI workload: never asked further */
};

struct ag_row {
        __u32 flags;                              /* enum ag_row_flag */
        __u32 reserved;
        struct ag_cell cells[AG_COLUMNS];
};

#define AG_SLOTS 2                                /* one active, one being filled */
#define AG_WORKLOADS_MAX 256
#define AG_WORKLOAD_OTHER 0                       /* no AI workload */
#define AG_WORKLOAD_UNDECLARED 1                  /* AI, and in nobody's policy */
#define AG_WORKLOAD_FIRST 2                       /* the first declared one */
#define AG_RULES_MAX 1024

/* ag_matrix: array of AG_SLOTS * AG_WORKLOADS_MAX rows, index slot * AG_WORKLOADS_MAX + workload. */

/* ---------------------------------------------------------------- control */

/*
 * ag_control: array of one, memory-mapped by the daemon, its only writer but
 * for `alive_until` and `daemon_tgid`, which the exit hook clears when the
 * daemon's process goes. A reload fills the idle slot and then stores `slot`: one word.
 */
struct ag_control {
        __u32 slot;                               /* active half of ag_matrix */
        __u32 generation;                         /* of the policy in that slot; for the log only */
        __u32 epoch;                              /* of this run of the daemon; never 0 when it runs */
        __u32 daemon_tgid;
        __u64 alive_until;                        /* 0: nobody answers; renewed each second by the gate */
        __u32 flags;                              /* enum ag_control_flag */
        __u32 hold_ms;                            /* longest stay in the bridge without a sign of the gate */
        __u64 own_ino;                            /* the daemon's own program: see ag_is_daemon() */
        __u32 own_dev;
        __u32 matches;                            /* raised when ag_cgroups, ag_exes or ag_users say something else of who is known already */
        __u64 served_at;                          /* the gate's last sign: it took a request, or looked for one between two answers */
};

/*
 * Who waits behind others is not forgotten: as long as the gate takes requests,
 * the deadline moves on, up to this many times hold_ms. Without that, some
 * hundred first opens at once would meet a deadline that one alone never meets.
 */
#define AG_HOLD_PATIENCE 50

enum ag_control_flag {
        AG_CONTROL_MONITOR = 1 << 0,              /* attached, not yet enforcing: nothing is refused or held */
        AG_CONTROL_CGROUPS = 1 << 1,              /* some workload is matched by its cgroup */
        AG_CONTROL_EXES = 1 << 2,                 /* some workload is matched by its executable */
        AG_CONTROL_USERS = 1 << 3,                /* some workload is matched by its user */
        AG_CONTROL_DENIES = 1 << 4,               /* some workload is refused something */
};

/* ---------------------------------------------------------------- subject */

enum ag_trait {
        /* strong: enough alone */
        AG_TRAIT_RUNTIME = 1 << 0,                /* mapped a library whose only use is inference */
        AG_TRAIT_MODEL = 1 << 1,                  /* opened a model */
        AG_TRAIT_DECLARED = 1 << 2,               /* a workload of the policy */
        /* weak: audit alone, strong when two come together */
        AG_TRAIT_RUNTIME_WEAK = 1 << 8,           /* mapped a library that can also infer */
        AG_TRAIT_ACCELERATOR = 1 << 9,            /* opened a compute accelerator */
        /* neither */
        AG_TRAIT_INTERPRETER = 1 << 16,           /* can run a model without any native runtime */
        AG_TRAIT_PENDING_MAP = 1 << 17,           /* an executable mapping is not classified yet */
        AG_TRAIT_PENDING_CGROUP = 1 << 18,        /* its cgroup is not classified yet */
};
#define AG_TRAITS_STRONG (AG_TRAIT_RUNTIME | AG_TRAIT_MODEL | AG_TRAIT_DECLARED)
#define AG_TRAITS_WEAK (AG_TRAIT_RUNTIME_WEAK | AG_TRAIT_ACCELERATOR)
#define AG_TRAITS_PENDING (AG_TRAIT_PENDING_MAP | AG_TRAIT_PENDING_CGROUP)

/* How sure it is that the subject is an AI workload. */
enum ag_strength {
        AG_STRENGTH_NONE,
        AG_STRENGTH_WEAK,                         /* nothing is refused for that alone */
        AG_STRENGTH_STRONG,
};

struct ag_exe_key {
        __u64 ino;
        __u32 dev;
        __u32 reserved;
};

/* ag_subjects: task storage of the thread-group leader. Writer: BPF. Absent: no AI workload. */
struct ag_subject {
        __u32 traits;                             /* enum ag_trait */
        __u32 map_seq;                            /* raised at each executable mapping of an unclassified file */
        __u64 cgroup_id;
        __u16 workload;                           /* 0 until declared, or detected as undeclared */
        __u16 reserved;
        __u32 matches;                            /* of ag_control, when the workload was looked up */
        /*
         * Made pending by fork, its map_seq being 1 then: who was pending at its
         * number `from_seq`. For the log, when the process is gone before it is looked at. 0: not by fork.
         */
        __u32 from_tgid;
        __u32 from_seq;
        __u64 from_start_time;
};

/*
 * ag_resolved: task storage of the thread-group leader. Writer: the daemon,
 * through a pidfd (BPF merges it into the child's ag_subject at fork). The
 * subject is no longer pending when map_seq equals that of ag_subject.
 */
struct ag_resolved {
        __u32 traits;
        __u32 map_seq;
        __u32 flags;                              /* enum ag_resolved_flag */
};

enum ag_resolved_flag {
        AG_RESOLVED_OPENED = 1 << 0,              /* fanotify backend: has a runtime open, and may have mapped it */
        AG_RESOLVED_PARTLY = 1 << 1,              /* not every mapping could be classified at the last look */
        AG_RESOLVED_ASKED = 1 << 2,               /* has a file open that nobody knows yet; audit only */
};

/*
 * ag_processes and ag_process_resolved, the latter of struct ag_resolved: hashes,
 * tgid (__u32). What ag_subjects and ag_resolved are to the fanotify backend, whose
 * programs cannot ask task storage. Writer of the former: BPF; the daemon only adds
 * an entry for a process that has none. Exit deletes both.
 */
#define AG_PROCESSES_MAX 32768
enum ag_process_flag {
        AG_PROCESS_EXEMPT = 1 << 0,               /* comes from the daemon: reads models all day */
};
struct ag_process {
        struct ag_subject subject;
        __u64 start_time;
        struct ag_exe_key exe;
        __u32 uid;                                /* of the last fork or exec */
        __u32 flags;                              /* enum ag_process_flag */
};

/* ag_mount_spaces: hash, number of a mount namespace (__u32) -> 1: its file systems are watched. Writer: the daemon. */

/* ag_cgroups: hash, cgroup id (__u64) -> struct ag_workload_value (0: none). Writer: the daemon. Absent: not classified yet. */
/* ag_users: hash, uid (__u32) -> struct ag_workload_value. Writer: the daemon. */
struct ag_workload_value {
        __u16 workload;
        __u16 reserved;
        __u32 generation;
};
/* ag_exes: hash, struct ag_exe_key -> struct ag_workload_value. Writer: the daemon. */

/* ag_workloads: array of AG_WORKLOADS_MAX, so that a tool finds a workload's number with the daemon dead. */
#define AG_NAME_MAX 64
struct ag_workload_name {
        char name[AG_NAME_MAX];                   /* NUL-terminated; empty: unused */
};

/* ag_emergency: hash, workload number (__u32) -> boot time until which its refusals are only logged. Writer: root. */

/* ----------------------------------------------------------------- object */

#define AG_OBJECT_COLUMNS 8

enum ag_object_state {
        AG_OBJECT_NONE,
        AG_OBJECT_GATED,                          /* fanotify takes over; valid only in its epoch */
        AG_OBJECT_KNOWN,
};

enum ag_object_flag {
        AG_OBJECT_MODEL = 1 << 0,                 /* is a model: opening it is a trait */
        AG_OBJECT_LIBRARY_STRONG = 1 << 1,        /* mapping it executable is AG_TRAIT_RUNTIME */
        AG_OBJECT_LIBRARY_WEAK = 1 << 2,
        AG_OBJECT_INTERPRETER = 1 << 3,
        AG_OBJECT_REFUSED = 1 << 4,               /* answer of the gate: cannot be reached or is not that inode */
};

/*
 * ag_objects: inode storage. Writer: the daemon, by fd. `columns` are what a
 * decision on this file is about, worst first; none: a file that is clean.
 * Valid only while `write_seq` equals the inode's.
 */
struct ag_object {
        __u64 write_seq;                          /* of ag_writes, read before the scan */
        __u32 epoch;                              /* of the daemon that wrote it */
        __u32 flags;                              /* enum ag_object_flag */
        __u32 model;                              /* number of the model in the daemon's inventory; 0: none */
        __u8 state;                               /* enum ag_object_state */
        __u8 n_columns;
        __u8 reserved[2];
        __u8 columns[AG_OBJECT_COLUMNS];          /* enum ag_column */
};

/*
 * ag_writes: inode storage. Writer: BPF. Created before a file is offered for
 * classification, raised at every write-open, truncate, copy-up and shared
 * writable mapping after that. Absent: never offered, so nothing to invalidate.
 */
enum ag_write_flag {
        AG_WRITE_REAL = 1 << 0,                   /* the inode vouches for its bytes: what is known of it counts at opens */
};
struct ag_write {
        __u64 seq;
        __u32 flags;                              /* enum ag_write_flag; the same for the life of the inode */
        __u32 reserved;
};

struct ag_inode_key {
        __u64 ino;
        __u32 dev;
        __u32 generation;                         /* i_generation */
};

/*
 * ag_denied: pinned hash, struct ag_inode_key -> struct ag_denied. Writer: the
 * daemon. Inode storage goes when the inode is evicted; this stays, and is
 * asked when nobody can classify. A file rewritten meanwhile stays refused
 * until somebody looks at it again: the safe side.
 */
struct ag_denied {
        __u32 flags;                              /* enum ag_object_flag */
        __u32 model;
        __u8 n_columns;
        __u8 reserved[7];
        __u8 columns[AG_OBJECT_COLUMNS];
};

enum ag_device_kind {
        AG_DEVICE_NONE,
        AG_DEVICE_CAMERA,
        AG_DEVICE_MICROPHONE,
        AG_DEVICE_ACCELERATOR,
        AG_DEVICE_NETWORK_CAMERA,                 /* has no node and no number: see struct ag_endpoint */
};
enum ag_device_flag {
        AG_DEVICE_NO_PERSONS = 1 << 0,            /* declared: sees no persons; the sensor columns do not apply */
};
/* ag_devices: hash, dev (__u32, AG_DEV()) -> struct ag_device. Writer: the daemon. Whole majors: minor AG_MINOR_ANY. */
#define AG_MINOR_ANY 0xfffffU
struct ag_device {
        __u8 kind;                                /* enum ag_device_kind */
        __u8 flags;                               /* enum ag_device_flag */
        __u8 reserved[2];
};

/*
 * ag_network_cameras: array of AG_NETWORK_CAMERAS_MAX. Writer: the daemon. What is connected to is a
 * network camera when one entry fits; the first that is not used ends the list. Addresses are in
 * network order, those of IPv4 as ::ffff:a.b.c.d; ports are of the host's order.
 */
#define AG_NETWORK_CAMERAS_MAX 256
struct ag_endpoint {
        __u64 address[2];
        __u16 port;
        __u16 reserved[3];
};
struct ag_network_camera {
        __u64 address[2];
        __u64 mask[2];
        __u16 port;                               /* 0: any */
        __u8 used;
        __u8 reserved[5];
};

/* ag_suffixes: hash, lower-case file suffix without dot, zero-padded -> 1. Writer: the daemon. */
#define AG_SUFFIX_MAX 16
struct ag_suffix {
        char name[AG_SUFFIX_MAX];
};

/* ag_consents: hash, struct ag_consent_key -> struct ag_consent. Writer: the daemon. */
struct ag_consent_key {
        __u16 workload;
        __u8 column;
        __u8 grant;                               /* one bit of enum ag_grant */
        __u32 model;                              /* number of a model, device number of a sensor; 0: any */
};
struct ag_consent {
        __u64 valid_until;                        /* boot time */
};

/* --------------------------------------------------------------- requests */

#define AG_PATH_MAX 4096                          /* PATH_MAX: a request must be able to name every file */
#define AG_EVENT_PATH_MAX 512                     /* for display only */

enum ag_request_kind {
        AG_REQUEST_HOLD = 1,                      /* classify this file, its opener waits in the bridge */
        AG_REQUEST_CLASSIFY,                      /* classify this file, nobody waits */
        AG_REQUEST_RESOLVE,                       /* find the traits of this process, it waits in the bridge */
        AG_REQUEST_MAPPED,                        /* an unclassified file was mapped executable, nobody waits */
        AG_REQUEST_CGROUP,                        /* a cgroup was made; path is its path in the hierarchy */
        AG_REQUEST_MOUNTS,                        /* fanotify backend: this process runs in a mount namespace never seen */
        AG_REQUEST_PASSED,                        /* let pass by audit before it was known who it is: to be judged when it is */
};

enum ag_request_flag {
        AG_REQUEST_WRITER = 1 << 0,               /* somebody can write it now: valid for this open only */
        AG_REQUEST_NO_CACHE = 1 << 1,             /* overlay or user-namespace mount: valid for this open only */
        AG_REQUEST_NO_PATH = 1 << 2,              /* the path did not fit or could not be made */
        AG_REQUEST_MODEL = 1 << 3,                /* PASSED: it is a model */
        AG_REQUEST_SENSOR = 1 << 4,               /* PASSED: it is a sensor */
};

/* One layout for all kinds; unused members are zero. Variable length: only path_len bytes of path are sent. */
struct ag_request {
        __u16 version;                            /* AG_ABI_VERSION */
        __u8 kind;                                /* enum ag_request_kind */
        __u8 flags;                               /* enum ag_request_flag */
        __u32 tgid;
        __u32 tid;
        __u32 traits;
        __u64 time;
        __u64 start_time;                         /* of the leader: with tgid, unique */
        __u64 cgroup_id;
        struct ag_inode_key inode;                /* PASSED, of a network camera: its address */
        __u64 fs_magic;
        __u64 write_seq;
        __u64 size;
        __u16 workload;
        __u8 strength;                            /* enum ag_strength */
        __u8 n_columns;                           /* PASSED: of the columns below, what it is about */
        __u32 map_seq;                            /* of the subject, when the request was made */
        __u32 path_len;                           /* without the NUL; 0: no path */
        __u32 number;                             /* RESOLVE of a child: its parent's tgid; PASSED: rdev of a sensor (port of a network camera), or of the model in the inventory */
        __u8 columns[AG_OBJECT_COLUMNS];          /* enum ag_column */
        __u32 uid;
        __u32 ppid;
        char comm[16];
        __u64 from_start_time;                    /* from_* as in struct ag_subject */
        __u32 from_tgid;
        __u32 from_seq;
        char path[AG_PATH_MAX];                   /* NUL-terminated */
};

/*
 * ag_refused: LRU hash, tid (__u32) -> time of its AG_REQUEST_HOLD or
 * AG_REQUEST_RESOLVE (__u64). Writer: the daemon, when it cannot answer by
 * inode since it did not get at that inode: saves the opener the deadline.
 */

/*
 * ag_gated: hash, tid (__u32) -> struct ag_gated. BPF inserts one for each
 * open that the hook lets go on to fanotify; the daemon deletes it when the
 * event comes. An event without one is of an opener that is not held. A mark
 * may be removed only when no entry of its inode is left: an opener can be
 * between the hook and fanotify.
 */
struct ag_gated {
        struct ag_inode_key inode;
        __u64 time;
        __u64 start_time;
        __u64 cgroup_id;
        __u32 tgid;
        __u32 uid;
        __u32 traits;
        __u16 workload;
        __u8 strength;
        __u8 flags;                               /* enum ag_request_flag */
        char comm[16];
};

/* ----------------------------------------------------------------- events */

enum ag_event_kind {
        AG_EVENT_MODEL = 1,                       /* a decision on a model file */
        AG_EVENT_SENSOR,                          /* a decision on a sensor */
};

enum ag_reason {
        AG_REASON_WEAK = 1 << 0,                  /* refusal softened: weak traits only */
        AG_REASON_EMERGENCY = 1 << 1,             /* refusal softened: emergency of this workload */
        AG_REASON_MONITOR = 1 << 2,               /* refusal softened: attached, not yet enforcing */
        AG_REASON_GRANTED = 1 << 3,               /* a grant lifted something */
        AG_REASON_GATE = 1 << 4,                  /* decided by the daemon, after a hold */
        AG_REASON_PENDING = 1 << 5,               /* the subject was not resolved in time: counted as AI */
};

/* Where the answer was given. */
enum ag_hook {
        AG_HOOK_FILE_OPEN,
        AG_HOOK_SOCKET_CONNECT,
        AG_HOOK_CGROUP_DEVICE,                    /* the device program of the cgroup tree */
        AG_HOOK_CGROUP_CONNECT,                   /* its connect programs */
        AG_HOOK_FANOTIFY,                         /* by the daemon */
};

struct ag_event {
        __u16 version;                            /* AG_ABI_VERSION */
        __u8 kind;                                /* enum ag_event_kind */
        __u8 reasons;                             /* enum ag_reason */
        __u32 tgid;
        __u32 tid;
        __u32 ppid;
        __u32 uid;
        __u32 traits;
        __u64 time;
        __u64 start_time;
        __u64 cgroup_id;
        struct ag_inode_key inode;                /* of a network camera: its address, as in struct ag_endpoint */
        __u32 rdev;                               /* of a sensor; of a network camera: its port */
        __u32 model;
        __u32 generation;                         /* of the policy */
        __u32 held_us;                            /* time spent in the bridge */
        __u16 workload;
        __u8 strength;
        __u8 n_columns;
        __u8 columns[AG_OBJECT_COLUMNS];
        struct ag_decision effective;
        struct ag_decision would;
        __u8 column;                              /* that made `effective` */
        __u8 would_column;
        __u8 device_kind;
        __u8 hook;                                /* enum ag_hook */
        __u32 path_len;
        char comm[16];
        char path[AG_EVENT_PATH_MAX];             /* NUL-terminated */
};

/* ------------------------------------------------------------- statistics */

/*
 * seen = decided, always; decided = allowed + reported + audited + denied + gated.
 * What is no plain allow owes an entry: reported + audited + denied = emitted + lost (kernel side).
 */
enum ag_stat {
        AG_STAT_SEEN,                             /* opens of a model or sensor by what is or may be AI */
        AG_STAT_DECIDED,
        AG_STAT_ALLOWED,
        AG_STAT_REPORTED,
        AG_STAT_AUDITED,
        AG_STAT_DENIED,
        AG_STAT_GATED,                            /* went on to fanotify: the daemon decides */
        AG_STAT_HELD,                             /* waited in the bridge */
        AG_STAT_TIMED_OUT,                        /* of these, at the deadline */
        AG_STAT_EMITTED,
        AG_STAT_LOST,                             /* no room in ag_events */
        AG_STAT_REQUEST_LOST,                     /* no room in ag_requests, or over the quota */
        AG_STAT_MAX,
};
struct ag_counters {                              /* ag_stats: per-CPU array of one */
        __u64 n[AG_STAT_MAX];
};

/* Places where a helper can fail; ag_errors is a per-CPU array of struct ag_error by place. */
enum ag_place {
        AG_PLACE_SUBJECT_STORAGE,
        AG_PLACE_WRITE_STORAGE,
        AG_PLACE_REQUEST_RING,
        AG_PLACE_EVENT_RING,
        AG_PLACE_PATH,
        AG_PLACE_GATED_INSERT,
        AG_PLACE_QUOTA,
        AG_PLACE_MAX,
};
struct ag_error {
        __u64 count;
        __s32 last;                               /* errno of the last one, negative */
        __s32 reserved;
};

/* Holds that one workload may have under way at once; beyond it AG_COL_UNKNOWN decides. */
#define AG_HOLDS_PER_WORKLOAD 1024

#ifndef __bpf__
#define AG_PIN_DIR "/sys/fs/bpf/aiguard"
#endif

_Static_assert(sizeof(struct ag_decision) == 4, "decision is read as one word");
_Static_assert(sizeof(struct ag_cell) == 8 * AG_GRANT_SETS, "cell layout");
_Static_assert(sizeof(struct ag_inode_key) == 16, "hash keys have no padding");
_Static_assert(sizeof(struct ag_exe_key) == 16, "hash keys have no padding");
_Static_assert(sizeof(struct ag_consent_key) == 8, "hash keys have no padding");
_Static_assert(sizeof(struct ag_object) == 32, "object layout");
_Static_assert(sizeof(struct ag_network_camera) == 40, "array values have no padding");
_Static_assert(sizeof(struct ag_inode_key) == sizeof(((struct ag_endpoint *) 0)->address), "an address fits in its place");
_Static_assert(AG_COLUMNS < 256, "columns are bytes");

#endif
