/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: runs ag_decide() inside the kernel on questions that a test has laid out,
 * so that its answers can be compared with those of the same lines compiled natively.
 */
#include "kernel.h"
#include "decide.h"
#include "decide-case.h"

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(map_flags, BPF_F_MMAPABLE);
        __uint(max_entries, CASES);
        __type(key, __u32);
        __type(value, struct decide_case);
} cases SEC(".maps");

static int one(__u32 i, void *ctx)
{
        struct decide_case *c = bpf_map_lookup_elem(&cases, &i);

        if (!c)
                return 1;
        ag_decide(&c->row, &c->question, &c->answer);
        return 0;
}

SEC("syscall")
int decide_all(void *ctx)
{
        return bpf_loop(CASES, one, NULL, 0);
}

char LICENSE[] SEC("license") = "GPL";
