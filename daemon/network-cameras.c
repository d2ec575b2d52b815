/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: keeps ag_network_cameras, of which it is the only writer. At the
 * daemon's start; nothing tells of such a camera when it comes or goes.
 */
#include "network-cameras.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "lib/log.h"
#include "lib/macro.h"
#include "lib/network-camera.h"

int network_cameras_apply(const LoaderMaps *maps, const char *text)
{
        _cleanup_free_ struct ag_network_camera *cameras = calloc(AG_NETWORK_CAMERAS_MAX, sizeof(*cameras));
        int n, r = 0;

        if (!cameras)
                return -ENOMEM;
        n = network_cameras_parse(text ? text : NETWORK_CAMERAS_DEFAULT, cameras);
        if (n < 0)
                return n;
        /* From the back: the list never ends before a camera that is still on it. */
        for (uint32_t i = AG_NETWORK_CAMERAS_MAX; i-- > 0;) {
                if (bpf_map_update_elem(maps->network_cameras, &i, &cameras[i], BPF_ANY) < 0)
                        r = log_error_errno(-errno, "network cameras: entry %u cannot be written", i);
        }
        return r;
}
