/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MOUNTDEV_H
#define MOUNTDEV_H
/* The device number that the kernel gives the file system of a file, which is not always stat's. */
#include <stdint.h>

/* In the encoding of abi.h. Btrfs and overlayfs tell stat(2) another number: this one is from the mount table. */
int mountdev_of_fd(int fd, uint32_t *ret);

#endif
