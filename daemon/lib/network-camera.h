/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NETWORK_CAMERA_H
#define NETWORK_CAMERA_H
/*
 * What is a network camera: addresses and ports, as [Host] NetworkCameras= has
 * them, into entries of ag_network_cameras; and the name of one in an event.
 */
#include <stddef.h>

#include "abi.h"

/*
 * Real Time Streaming Protocol, over which such cameras are watched: rtsp, rtsps and rtsp-alt
 * in IANA's Service Name and Transport Protocol Port Number Registry.
 */
#define NETWORK_CAMERAS_DEFAULT "*:554 *:322 *:8554"

/*
 * Reads items with blanks between: ADDRESS[/PREFIX][:PORT], an IPv6 ADDRESS in
 * brackets; * for every address, which needs a port; or the one word none.
 * Returns how many were stored (AG_NETWORK_CAMERAS_MAX fit in `ret`), -EINVAL, or
 * -E2BIG for more than that; then `ret` is not to be used.
 */
int network_cameras_parse(const char *text, struct ag_network_camera ret[AG_NETWORK_CAMERAS_MAX]);

/* Sets the path of an event about a network camera: 192.0.2.7:554 or [2001:db8::7]:554. */
void network_camera_name_event(struct ag_event *ev);

#endif
