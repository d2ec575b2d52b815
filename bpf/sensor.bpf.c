/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: the use of a sensor that is open already. A consent that ends must
 * end what runs on it, so each ioctl, read and mapping of a camera or microphone
 * by an AI workload is asked about anew, whatever the access mode. Attached only
 * on hosts that have a consent for a sensor: others pay nothing.
 *
 * Logs nothing: the daemon tells when it stops a stream. Never sleeps.
 */
#include "consent.bpf.h"
#include "subject.bpf.h"

/* Static numbers (Documentation/admin-guide/devices.txt): what most ioctls of a host are about is told at once. */
#define AG_MAJOR_VIDEO 81
#define AG_MAJOR_SOUND 116
#define AG_IFCHR 0020000

/* VIDIOC_STREAMOFF and SNDRV_PCM_IOCTL_DROP: to stop is never forbidden. */
#define AG_VIDIOC_STREAMOFF 0x40045613
#define AG_PCM_DROP 0x4143

/* Which grants hold for this device, asked only as far as it takes to lift the cell. */
static __always_inline bool ag_lifted(const struct ag_cell *cell, __u16 workload, __u8 column, __u32 rdev)
{
        __u64 now = bpf_ktime_get_boot_ns();
        __u8 grants = 0;

        for (__u8 grant = AG_GRANT_CONSENT; grant <= AG_GRANT_EXCEPTION; grant <<= 1) {
                if (!ag_consent_holds(workload, column, grant, rdev, now) &&
                    !ag_consent_holds(workload, column, grant, 0, now))
                        continue;
                grants |= grant;
                if (cell->effective[grants & (AG_GRANT_SETS - 1)].action < AG_ACTION_DENY)
                        return true;
        }
        return false;
}

/* What softens a refusal at an open softens it here. */
static __always_inline bool ag_softened(struct ag_control *control, __u32 workload, __u32 traits)
{
        __u64 *until = bpf_map_lookup_elem(&ag_emergency, &workload);

        if (until && *until > bpf_ktime_get_boot_ns())
                return true;
        return control->flags & AG_CONTROL_MONITOR || ag_strength(traits) == AG_STRENGTH_WEAK;
}

/* Is it a sensor that observes persons? Asked last: who may use it need not know. */
static __always_inline bool ag_observes(__u32 rdev, __u8 column)
{
        struct ag_device *device = bpf_map_lookup_elem(&ag_devices, &rdev);

        return device &&
               device->kind == (column == AG_COL_CAMERA ? AG_DEVICE_CAMERA : AG_DEVICE_MICROPHONE) &&
               !(device->flags & AG_DEVICE_NO_PERSONS);
}

static __always_inline __u8 ag_column_of(__u32 rdev)
{
        return rdev >> 20 == AG_MAJOR_VIDEO ? AG_COL_CAMERA : AG_COL_MICROPHONE;
}

AG_SUBPROGRAM int ag_sensor_judge(struct ag_subject *s, __u32 rdev)
{
        struct ag_control *control = ag_controls();
        __u8 column = ag_column_of(rdev);
        const struct ag_cell *cell;
        struct ag_row *row;
        __u32 workload;

        if (!control || !s)
                return 0;
        if (s->matches != control->matches)
                ag_subject_refresh(control, s);
        workload = s->workload;
        if (!workload && ag_strength(s->traits) == AG_STRENGTH_NONE)
                return 0;
        if (!workload)
                workload = AG_WORKLOAD_UNDECLARED;
        row = ag_row_of(control, workload);
        if (!row || row->flags & AG_ROW_NOT_AI)
                return 0;
        cell = &row->cells[column];
        if (cell->effective[0].action < AG_ACTION_DENY || ag_lifted(cell, workload, column, rdev) ||
            !ag_observes(rdev, column) || ag_softened(control, workload, s->traits))
                return 0;
        return -EPERM;
}

/* The usual case alone, since it is each picture's: a known workload that streams by a consent to this device. */
static __always_inline bool ag_streams(const struct ag_subject *s, __u32 rdev)
{
        struct ag_control *control = ag_controls();
        __u8 column = ag_column_of(rdev);
        struct ag_row *row;

        if (!control || !s->workload || s->matches != control->matches)
                return false;
        row = ag_row_of(control, s->workload);
        return row && row->cells[column].effective[AG_GRANT_CONSENT].action < AG_ACTION_DENY &&
               ag_consent_holds(s->workload, column, AG_GRANT_CONSENT, rdev, bpf_ktime_get_boot_ns());
}

static __always_inline int ag_sensor_use(struct file *file)
{
        struct inode *inode = file->f_inode;
        __u32 rdev = inode->i_rdev, major = rdev >> 20;
        struct ag_subject *s;

        if (major != AG_MAJOR_VIDEO && major != AG_MAJOR_SOUND)
                return 0;
        s = ag_subject_now();
        if (!s || ag_streams(s, rdev) || (inode->i_mode & S_IFMT) != AG_IFCHR)
                return 0;
        return ag_sensor_judge(s, rdev);
}

SEC("lsm/file_ioctl")
int BPF_PROG(ag_sensor_ioctl, struct file *file, unsigned int cmd, unsigned long arg)
{
        if (cmd == AG_VIDIOC_STREAMOFF || cmd == AG_PCM_DROP)
                return 0;
        return ag_sensor_use(file);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(ag_sensor_ioctl_compat, struct file *file, unsigned int cmd, unsigned long arg)
{
        if (cmd == AG_VIDIOC_STREAMOFF || cmd == AG_PCM_DROP)
                return 0;
        return ag_sensor_use(file);
}

SEC("lsm/file_permission")
int BPF_PROG(ag_sensor_read, struct file *file, int mask)
{
        return ag_sensor_use(file);
}

SEC("lsm/mmap_file")
int BPF_PROG(ag_sensor_mmap, struct file *file, unsigned long reqprot, unsigned long prot,
             unsigned long flags)
{
        if (ag_arg_is_null(ctx, 0) || !file)
                return 0;
        return ag_sensor_use(file);
}
