/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: file_open, the hook that everything else is for. Raises the write
 * sequence, lets whoever is no AI workload go on at once, and for the others finds
 * out what the file is: known, held until known, or a sensor. Sleepable, since a
 * hold waits. And connect, which is how a network camera is opened: here, since one
 * file only can have what core_fixes.bpf.h says of sleepable programs.
 *
 * Owns no state. Decides through verdict.bpf.h, waits through bridge.bpf.h.
 * Must stay cheap in the first lines of ag_file_open(): every open on the host
 * runs them.
 */
#define AG_SLEEPABLE
#include "bridge.bpf.h"
#include "network.bpf.h"
#include "suffix.bpf.h"

static __always_inline void ag_open_begin(struct ag_open *o, struct inode *inode, struct ag_subject *s)
{
        ag_who_fill(&o->who, s);
        ag_inode_key(inode, &o->what.inode);
        o->what.fs_magic = inode->i_sb->s_magic;
        o->what.size = inode->i_size;
}

/* Who it is now, after traits came in. Pending counts as AI, for what is not known may be. */
static __always_inline void ag_open_subject(struct ag_open *o, struct ag_subject *s, __u32 traits)
{
        o->who.traits = traits;
        o->who.map_seq = s->map_seq;
        o->who.strength = ag_strength(traits);
        o->who.workload = s->workload;
        if (!o->who.workload && o->who.strength != AG_STRENGTH_NONE)
                o->who.workload = AG_WORKLOAD_UNDECLARED;
        o->q.strength = o->who.strength;
}

/* Does the answer to "what are you" change the verdict? A strong subject in a known cgroup is what it is. */
static __always_inline bool ag_must_resolve(__u32 traits)
{
        if (traits & AG_TRAIT_PENDING_CGROUP)
                return true;
        return (traits & AG_TRAIT_PENDING_MAP) &&
               ag_strength(traits & ~AG_TRAITS_PENDING) != AG_STRENGTH_STRONG;
}

/*
 * Waits for what is pending, where waiting is allowed. Whoever stays pending is treated as AI, and the log says so.
 * Where nobody waits, enforcing would have: what it would have done is known when the daemon knows who this is.
 */
static __always_inline int ag_open_resolve(struct file *file, struct ag_control *control, struct ag_open *o,
                                           struct ag_subject *s, bool may_wait)
{
        __u32 traits = s->traits;

        if (!ag_must_resolve(traits))
                return 0;
        if (!ag_daemon_lives(control)) {
                o->reasons |= AG_REASON_PENDING;
                return 0;
        }
        /* In a cgroup that is not classified it may be anybody's, and whoever is refused something is waited for. */
        if (traits & AG_TRAIT_PENDING_CGROUP && control->flags & AG_CONTROL_DENIES)
                may_wait = true;
        if (!may_wait || control->flags & AG_CONTROL_MONITOR) {
                o->later = true;
                return 0;
        }
        ag_see(o);
        if (ag_resolve(file, control, o, s) == AG_BRIDGE_DYING)
                return -EINTR;
        traits = s->traits;
        ag_open_subject(o, s, traits);
        if (ag_must_resolve(traits))
                o->reasons |= AG_REASON_PENDING;
        return 0;
}

/* Hands an open that passes to the daemon, to be judged when it is known whose it was. False: judge it now. */
static __always_inline bool ag_pass_for_later(struct file *file, struct ag_open *o, __u8 flags, __u32 number)
{
        if (!o->later)
                return false;
        ag_fill_passed(o, flags, number);
        if (ag_request_send(file, &o->who, &o->what) == 0)
                return true;
        o->reasons |= AG_REASON_PENDING;
        return false;
}

/* ---------------------------------------------------------------- sensors */

static __always_inline struct ag_device *ag_device_of(struct inode *inode)
{
        struct ag_device *device;
        __u32 rdev = inode->i_rdev;

        device = bpf_map_lookup_elem(&ag_devices, &rdev);
        if (device)
                return device;
        rdev |= AG_MINOR_ANY;
        return bpf_map_lookup_elem(&ag_devices, &rdev);
}

/* `o` has its device and number already. */
static __always_inline int ag_sensor_ask(struct file *file, struct ag_control *control, struct ag_open *o,
                                         struct ag_subject *s, __u8 column)
{
        struct ag_row *row;

        ag_open_subject(o, s, ag_subject_refresh(control, s));
        /* Being able to interpret is no trait here: a script that reads a camera is nobody's AI. */
        if (!o->who.workload)
                return 0;
        row = ag_row_of(control, o->who.workload);
        if (!row || row->flags & AG_ROW_NOT_AI)
                return 0;
        if (ag_open_resolve(file, control, o, s, row->cells[column].effective[0].action >= AG_ACTION_DENY))
                return ag_pass(o), -EINTR;
        if (!o->who.workload)
                return ag_pass(o);
        row = ag_row_of(control, o->who.workload);
        if (!row || row->flags & AG_ROW_NOT_AI)
                return ag_pass(o);
        o->kind = AG_EVENT_SENSOR;
        ag_ask_one(o, column);
        if (ag_pass_for_later(file, o, AG_REQUEST_SENSOR, o->rdev))
                return ag_pass(o);
        return ag_judge(file, control, o);
}

AG_SUBPROGRAM int ag_sensor_open(struct file *file, struct ag_control *control, struct ag_subject *s,
                                 __u8 kind)
{
        struct ag_open o = {};

        ag_open_begin(&o, file->f_inode, s);
        o.device = kind;
        o.rdev = file->f_inode->i_rdev;
        return ag_sensor_ask(file, control, &o, s,
                             kind == AG_DEVICE_CAMERA ? AG_COL_CAMERA : AG_COL_MICROPHONE);
}

AG_SUBPROGRAM int ag_device_open(struct file *file)
{
        struct ag_control *control = ag_controls();
        struct ag_device *device;
        struct ag_subject *s;

        if (!control)
                return 0;
        device = ag_device_of(file->f_inode);
        if (!device)
                return 0;
        if (device->kind == AG_DEVICE_ACCELERATOR) {
                s = ag_subject_make();
                if (s)
                        ag_subject_add(s, AG_TRAIT_ACCELERATOR);
                return 0;
        }
        if (device->kind == AG_DEVICE_NONE || device->flags & AG_DEVICE_NO_PERSONS)
                return 0;
        s = ag_subject_now();
        return s ? ag_sensor_open(file, control, s, device->kind) : 0;
}

/* ----------------------------------------------------------------- models */

/* Nobody can classify: what was refused before stays refused, the rest is the policy's word. */
static __always_inline void ag_ask_denied(struct ag_open *o)
{
        struct ag_denied *denied = bpf_map_lookup_elem(&ag_denied, &o->what.inode);

        if (!denied || !denied->n_columns) {
                ag_ask_one(o, AG_COL_DAEMON_DOWN);
                return;
        }
        o->q.n_columns = denied->n_columns;
        __builtin_memcpy(o->q.columns, denied->columns, sizeof(o->q.columns));
        o->model = denied->model;
}

static __always_inline void ag_ask_object(struct ag_open *o, const struct ag_object *object)
{
        if (object->flags & AG_OBJECT_REFUSED) {
                ag_ask_one(o, AG_COL_UNKNOWN);
                return;
        }
        o->q.n_columns = object->n_columns;
        __builtin_memcpy(o->q.columns, object->columns, sizeof(o->q.columns));
        o->model = object->model;
        if (object->flags & AG_OBJECT_MODEL && o->who.traits & ~AG_TRAITS_PENDING)
                o->traits |= AG_TRAIT_MODEL;
}

/*
 * An interpreter is AI by the act of loading a model: strong where it is sure that this
 * is one, or where its name says so. A large log file on a slow disk is not.
 */
static __always_inline void ag_soften_by_act(struct ag_open *o)
{
        __u8 column = o->q.columns[0];

        if (!o->by_act || o->by_suffix)
                return;
        if (column == AG_COL_UNKNOWN || column == AG_COL_DAEMON_DOWN || column == AG_COL_UNSCANNABLE)
                o->q.strength = AG_STRENGTH_WEAK;
}

/* What comes of an open before any column is asked. */
enum ag_course {
        AG_COURSE_PASS,
        AG_COURSE_JUDGE, /* the columns in `o` decide */
        AG_COURSE_GATED, /* the daemon decides, behind fanotify */
        AG_COURSE_DYING,
};

/* Audit never delays: classified in the background, and what would have been is logged there. */
static __always_inline void ag_model_classify(struct file *file, struct ag_control *control,
                                              struct ag_open *o)
{
        bool writer = false;

        if (ag_offer(file->f_inode, &o->what.write_seq, &writer) < 0 || !ag_daemon_lives(control))
                return;
        if (writer)
                o->what.flags |= AG_REQUEST_WRITER;
        o->what.kind = AG_REQUEST_CLASSIFY;
        o->what.time = bpf_ktime_get_boot_ns();
        ag_request_send(file, &o->who, &o->what);
}

/* Holds the opener until the file is known, or somebody else has taken over. */
AG_SUBPROGRAM int ag_model_hold(struct file *file, struct ag_control *control, struct ag_open *o)
{
        struct ag_object known = {};

        switch (ag_hold(file, control, o, &known)) {
        case AG_BRIDGE_KNOWN:
                if (ag_object_is_plain(&known))
                        return AG_COURSE_PASS;
                ag_ask_object(o, &known);
                return AG_COURSE_JUDGE;
        case AG_BRIDGE_GATED:
                return AG_COURSE_GATED;
        case AG_BRIDGE_DYING:
                return AG_COURSE_DYING;
        case AG_BRIDGE_DAEMON_GONE:
                ag_ask_denied(o);
                return AG_COURSE_JUDGE;
        default:
                ag_ask_one(o, AG_COL_UNKNOWN);
                return AG_COURSE_JUDGE;
        }
}

/* After the subject is settled: which row, is this file its business, and what is asked about it? */
static __always_inline int ag_model_course(struct file *file, struct ag_control *control, struct ag_open *o,
                                           const struct ag_object *known, bool remote)
{
        struct ag_row *row;
        __u8 model;

        if (!o->who.workload) {
                if (!(o->who.traits & AG_TRAIT_INTERPRETER))
                        return AG_COURSE_PASS;
                o->by_act = true;
                o->who.workload = AG_WORKLOAD_UNDECLARED;
                o->who.strength = AG_STRENGTH_STRONG;
                o->q.strength = AG_STRENGTH_STRONG;
        }
        row = ag_row_of(control, o->who.workload);
        if (!row || row->flags & AG_ROW_NOT_AI)
                return AG_COURSE_PASS;
        if (remote) {
                ag_ask_one(o, AG_COL_UNSCANNABLE);
                return ag_pass_for_later(file, o, 0, 0) ? AG_COURSE_PASS : AG_COURSE_JUDGE;
        }
        if (known) {
                ag_ask_object(o, known);
                model = known->flags & AG_OBJECT_MODEL ? AG_REQUEST_MODEL : 0;
                return ag_pass_for_later(file, o, model, o->model) ? AG_COURSE_PASS : AG_COURSE_JUDGE;
        }
        ag_see(o);
        if (o->later || !(row->flags & AG_ROW_HOLD) || control->flags & AG_CONTROL_MONITOR) {
                ag_model_classify(file, control, o);
                return AG_COURSE_PASS;
        }
        if (!ag_daemon_lives(control)) {
                ag_ask_denied(o);
                return AG_COURSE_JUDGE;
        }
        return ag_model_hold(file, control, o);
}

/* Carries the course out. Returns what the hook returns. */
static __always_inline int ag_model_finish(struct file *file, struct ag_control *control, struct ag_open *o,
                                           struct ag_subject *s, int course)
{
        int r;

        switch (course) {
        case AG_COURSE_JUDGE:
                o->kind = AG_EVENT_MODEL;
                ag_soften_by_act(o);
                r = ag_judge(file, control, o);
                if (!r && o->traits)
                        ag_subject_add(s, o->traits);
                return r;
        case AG_COURSE_GATED:
                ag_count(AG_STAT_DECIDED);
                ag_count(AG_STAT_GATED);
                return 0;
        case AG_COURSE_DYING:
                /* Counted as allowed, since it owes no entry; but nobody is left to see what it opens. */
                ag_pass(o);
                return -EINTR;
        default:
                return ag_pass(o);
        }
}

/* An open that may be of a model, by a subject that is or may be AI. */
AG_SUBPROGRAM int ag_model_open(struct file *file, struct ag_control *control, struct ag_subject *s,
                                const struct ag_object *known, enum ag_fs fs)
{
        struct ag_open o = {};
        int course = AG_COURSE_PASS;
        struct ag_row *row;
        __u32 traits;

        traits = s->traits;
        ag_open_begin(&o, file->f_inode, s);
        ag_open_subject(&o, s, traits);
        if (fs != AG_FS_REMOTE && !ag_is_cacheable(file->f_inode, fs))
                o.what.flags |= AG_REQUEST_NO_CACHE;

        /* By its own right it is no AI workload: then only a file that could be a model is of interest. */
        if (!s->workload && ag_strength(traits & ~AG_TRAITS_PENDING) == AG_STRENGTH_NONE) {
                o.by_suffix = ag_suffix_is_known(file);
                /* What is being executed is large and no model; by its name it still could be one. */
                if (!known && !o.by_suffix &&
                    (o.what.size < AG_CANDIDATE_SIZE || file->f_flags & FMODE_EXEC_FLAG))
                        return 0;
        }
        if (ag_must_resolve(traits)) {
                row = ag_row_of(control, s->workload ? s->workload : AG_WORKLOAD_UNDECLARED);
                if (ag_open_resolve(file, control, &o, s, row && row->flags & AG_ROW_HOLD))
                        course = AG_COURSE_DYING;
        }
        if (course != AG_COURSE_DYING)
                course = ag_model_course(file, control, &o, known, fs == AG_FS_REMOTE);
        return ag_model_finish(file, control, &o, s, course);
}

/* A regular file, opened for reading by somebody of whom something is known. Most of these end here too. */
static __always_inline int ag_regular_open(struct file *file, struct inode *inode, struct ag_subject *s)
{
        struct ag_control *control;
        struct ag_object *known;
        enum ag_fs fs;
        __u32 traits;

        /* Was looked at, and is nothing. */
        if (!s->traits && !s->workload)
                return 0;
        known = ag_known(inode, AG_WRITE_REAL);
        if (known && ag_object_is_plain(known))
                return 0;
        control = ag_controls();
        if (!control)
                return 0;
        fs = ag_fs_of(inode->i_sb->s_magic);
        if (fs == AG_FS_VIRTUAL || (fs != AG_FS_REMOTE && inode->i_size < AG_SMALLEST_MODEL))
                return 0;
        traits = ag_subject_refresh(control, s);
        if ((!traits && !s->workload) || ag_is_daemon(control))
                return 0;
        return ag_model_open(file, control, s, known, fs);
}

SEC("lsm.s/file_open")
int BPF_PROG(ag_file_open, struct file *file)
{
        __u32 mode = file->f_mode;
        struct inode *inode = file->f_inode;
        struct ag_subject *s;
        __u16 type;

        if (mode & FMODE_WRITE)
                ag_wrote(inode);
        if (mode & FMODE_NOACCOUNT)
                return 0;
        type = inode->i_mode & S_IFMT;
        if (type == S_IFCHR)
                return ag_device_open(file);
        if (type != S_IFREG || !(mode & FMODE_READ))
                return 0;
        s = ag_subject_now();
        return s ? ag_regular_open(file, inode, s) : 0;
}

/* -------------------------------------------------------- network cameras */

/* sockaddr_in and sockaddr_in6: what they have in common is at the same place. */
struct ag_sockaddr {
        __u16 family;
        __u16 port;
        __u32 v4;
        __u64 v6[2];
        __u32 scope;
};

static __always_inline bool ag_endpoint_read(struct ag_endpoint *ret, struct sockaddr *address, int length)
{
        struct ag_sockaddr a = {};

        if (length < (int) __builtin_offsetof(struct ag_sockaddr, v6) ||
            bpf_probe_read_kernel(&a, sizeof(a), address) < 0)
                return false;
        if (a.family == AF_INET) {
                ag_endpoint_v4(ret, a.v4, a.port);
                return true;
        }
        if (a.family != AF_INET6 || length < (int) __builtin_offsetof(struct ag_sockaddr, scope))
                return false;
        ret->address[0] = a.v6[0];
        ret->address[1] = a.v6[1];
        ret->port = __builtin_bswap16(a.port);
        return true;
}

/* No file: what a socket has of one could not be named, and the daemon has the address. */
AG_SUBPROGRAM int ag_network_open(struct ag_control *control, struct ag_subject *s,
                                  const struct ag_endpoint *to)
{
        struct ag_open o = {};

        ag_who_fill(&o.who, s);
        ag_endpoint_store(&o.what.inode, to);
        o.device = AG_DEVICE_NETWORK_CAMERA;
        o.rdev = to->port;
        return ag_sensor_ask(NULL, control, &o, s, AG_COL_NETWORK_CAMERA);
}

SEC("lsm.s/socket_connect")
int BPF_PROG(ag_socket_connect, struct socket *sock, struct sockaddr *address, int length)
{
        struct ag_subject *s = ag_subject_now();
        struct ag_control *control = ag_controls();
        struct ag_endpoint to = {};

        if (!s || !control || (!s->traits && !s->workload))
                return 0;
        if (!ag_endpoint_read(&to, address, length) || !ag_is_network_camera(&to))
                return 0;
        return ag_network_open(control, s, &to);
}
