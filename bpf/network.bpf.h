/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_NETWORK_BPF_H
#define AG_NETWORK_BPF_H
/*
 * Network cameras: is this address one of them? For the connect hook of the LSM
 * and the connect programs of the root cgroup alike. Knows addresses and ports,
 * no names and no protocol. Whoever only sends, without connect(2), is not seen.
 */
#include "emit.bpf.h"
#include "maps.bpf.h"

/* Both in network order. The mapped form is that of RFC 4291, 2.5.5.2. */
static __always_inline void ag_endpoint_v4(struct ag_endpoint *ret, __u32 address, __u16 port)
{
        const __u32 mapped[4] = { 0, 0, __builtin_bswap32(0xffff), address };

        __builtin_memcpy(ret->address, mapped, sizeof(ret->address));
        ret->port = __builtin_bswap16(port);
}

/* Proven alone, since a list of this length would be walked once for each way that leads here. */
AG_PROVEN_ALONE int ag_is_network_camera(const struct ag_endpoint *to)
{
        if (!to)
                return false;
        for (__u32 i = 0; i < AG_NETWORK_CAMERAS_MAX; i++) {
                __u32 key = i;
                const struct ag_network_camera *c = bpf_map_lookup_elem(&ag_network_cameras, &key);

                if (!c || !c->used)
                        return false;
                if ((to->address[0] & c->mask[0]) == c->address[0] &&
                    (to->address[1] & c->mask[1]) == c->address[1] && (!c->port || c->port == to->port))
                        return true;
        }
        return false;
}

/* The place of a number and an inode, in what is told of a sensor that has neither. */
static __always_inline void ag_endpoint_store(struct ag_inode_key *ret, const struct ag_endpoint *to)
{
        __builtin_memcpy(ret, to->address, sizeof(*ret));
}

#endif
