/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_CONSENT_BPF_H
#define AG_CONSENT_BPF_H
/* Is there consent? One look at ag_consents; its end is checked here, so it ends with the daemon dead too. */
#include "kernel.h"

#include "abi.h"
#include "maps.bpf.h"

static __always_inline bool ag_consent_holds(__u16 workload, __u8 column, __u8 grant, __u32 model, __u64 now)
{
        struct ag_consent_key key = {
                .workload = workload, .column = column, .grant = grant, .model = model
        };
        struct ag_consent *consent;

        consent = bpf_map_lookup_elem(&ag_consents, &key);
        return consent && consent->valid_until > now;
}

#endif
