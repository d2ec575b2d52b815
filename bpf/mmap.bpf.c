/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps.bpf.h"

SEC("lsm/mmap_file")
int BPF_PROG(ag_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
        return 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(ag_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
        return 0;
}
