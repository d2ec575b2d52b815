/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps.bpf.h"

SEC("lsm.s/file_open")
int BPF_PROG(ag_file_open, struct file *file)
{
        return 0;
}
