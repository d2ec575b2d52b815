/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NETWORK_CAMERAS_H
#define NETWORK_CAMERAS_H
#include "loader.h"

/* Fills ag_network_cameras from the text of NetworkCameras= (NULL: the default). Negative errno: some are missing. */
int network_cameras_apply(const LoaderMaps *maps, const char *text);

#endif
