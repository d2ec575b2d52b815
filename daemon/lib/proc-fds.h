/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROC_FDS_H
#define PROC_FDS_H
/* What a process has open, without opening any of it and without asking a remote file system. */
#include <stdint.h>
#include <sys/stat.h>

#include "lib/proc.h"

#define PROC_FDS_MAX 65536U

typedef struct ProcFd {
        int fd;        /* its number there */
        uint16_t mode; /* as in stat */
        uint32_t rdev; /* AG_DEV() encoding */
} ProcFd;

/* Calls `on_fd` for each; its non-zero result ends the walk and is returned. -ESRCH: gone. */
int proc_fds_walk(int proc_fd, int (*on_fd)(void *userdata, const ProcFd *f), void *userdata);

/* 1: the process holds that device open; 0: it does not. */
int proc_has_device(int proc_fd, uint32_t rdev);

#endif
