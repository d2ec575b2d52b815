/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: a process that looks at a camera as AI workloads do, and writes down
 * each picture it got with the time: "frame NS". What goes wrong is a line
 * "error ERRNO NS", after which it tries everything it has to go on: the next
 * buffer, a new start, a new mapping, a read. "change NS" is memory of the
 * stream that changed without any call.
 *
 *   stream --ai LIBRARY MODE DEVICE SECONDS     MODE: mmap, read, dmabuf, inherit (a child streams), write-only
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

#define BUFFERS 4U

typedef struct Stream {
        int fd;
        bool by_read;
        bool by_dmabuf;
        bool by_pointer; /* write-only: the kernel maps nothing then */
        size_t size;
        unsigned n;
        unsigned char *memory[BUFFERS];
        size_t length[BUFFERS];
        unsigned long sums[BUFFERS];
        unsigned char *buffer;
} Stream;

static unsigned char *map(Stream *s, unsigned i, const struct v4l2_buffer *b)
{
        struct v4l2_exportbuffer e = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .index = i, .flags = O_RDWR };
        void *p;

        if (!s->by_dmabuf)
                p = mmap(NULL, b->length, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, b->m.offset);
        else if (ioctl(s->fd, VIDIOC_EXPBUF, &e) < 0)
                return NULL;
        else
                p = mmap(NULL, b->length, PROT_READ, MAP_SHARED, e.fd, 0);
        return p == MAP_FAILED ? NULL : p;
}

static int start(Stream *s)
{
        struct v4l2_requestbuffers r = { .count = BUFFERS,
                                         .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                         .memory = s->by_pointer ? V4L2_MEMORY_USERPTR : V4L2_MEMORY_MMAP };
        int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

        if (s->by_read)
                return 0;
        if (s->n == 0) {
                if (ioctl(s->fd, VIDIOC_REQBUFS, &r) < 0)
                        return -1;
                s->n = r.count < BUFFERS ? r.count : BUFFERS;
        }
        for (unsigned i = 0; i < s->n; i++) {
                struct v4l2_buffer b = { .index = i, .type = type, .memory = r.memory };

                if (ioctl(s->fd, VIDIOC_QUERYBUF, &b) < 0)
                        return -1;
                s->length[i] = b.length;
                if (!s->memory[i])
                        s->memory[i] = s->by_pointer ? aligned_alloc(4096, (s->size + 4095) & ~4095UL)
                                                     : map(s, i, &b);
                if (s->by_pointer) {
                        s->length[i] = b.length = (unsigned) s->size;
                        b.m.userptr = (unsigned long) s->memory[i];
                }
                if (!s->memory[i] || ioctl(s->fd, VIDIOC_QBUF, &b) < 0)
                        return -1;
        }
        return ioctl(s->fd, VIDIOC_STREAMON, &type);
}

static int next(Stream *s)
{
        struct v4l2_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                 .memory = s->by_pointer ? V4L2_MEMORY_USERPTR : V4L2_MEMORY_MMAP };

        if (s->by_read)
                return read(s->fd, s->buffer, s->size) > 0 ? 0 : -1;
        if (ioctl(s->fd, VIDIOC_DQBUF, &b) < 0)
                return -1;
        say("frame", 0);
        return ioctl(s->fd, VIDIOC_QBUF, &b) < 0 ? -1 : 1;
}

static unsigned long sum(const Stream *s, unsigned i)
{
        unsigned long v = 0;

        for (size_t k = 0; k < s->length[i]; k += 64)
                v = v * 31 + s->memory[i][k];
        return v;
}

static void watch_memory(Stream *s, bool first)
{
        for (unsigned i = 0; i < s->n && !s->by_read; i++) {
                unsigned long v = s->memory[i] ? sum(s, i) : 0;

                if (!first && v != s->sums[i])
                        say("change", 0);
                s->sums[i] = v;
        }
}

/* One hundred milliseconds of trying. */
static void struggle(Stream *s, bool first)
{
        char byte[4096];

        watch_memory(s, first);
        usleep(50000);
        if (start(s) >= 0 && next(s) >= 0)
                say("frame", 0);
        if (!s->by_read && read(s->fd, byte, sizeof(byte)) > 0)
                say("frame", 0);
        usleep(50000);
}

static int stream(Stream *s, unsigned seconds)
{
        unsigned long long end = now_ns() + seconds * 1000000000ULL;
        bool stopped = start(s) < 0;

        if (stopped)
                say("error", errno);
        while (now_ns() < end) {
                int r;

                if (stopped) {
                        struggle(s, false);
                        continue;
                }
                r = next(s);
                if (r == 0)
                        say("frame", 0);
                if (r < 0) {
                        say("error", errno);
                        stopped = true;
                        struggle(s, true);
                }
        }
        return 0;
}

int main(int argc, char **argv)
{
        struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
        Stream s = {};

        if (argc != 6 || strcmp(argv[1], "--ai") != 0 || !dlopen(argv[2], RTLD_NOW)) {
                fprintf(stderr, "usage: stream --ai LIBRARY MODE DEVICE SECONDS\n");
                return 2;
        }
        s.by_read = strcmp(argv[3], "read") == 0;
        s.by_dmabuf = strcmp(argv[3], "dmabuf") == 0;
        s.by_pointer = strcmp(argv[3], "write-only") == 0;
        s.fd = open(argv[4], (s.by_pointer ? O_WRONLY : O_RDWR) | O_CLOEXEC);
        if (s.fd < 0) {
                say("error", errno);
                return errno == EPERM ? 1 : 3;
        }
        if (ioctl(s.fd, VIDIOC_G_FMT, &f) < 0 ||
            (f.fmt.pix.width = 320, f.fmt.pix.height = 180, ioctl(s.fd, VIDIOC_S_FMT, &f)) < 0)
                return 4;
        s.size = f.fmt.pix.sizeimage;
        s.buffer = malloc(s.size);
        if (!s.buffer)
                return 4;
        if (strcmp(argv[3], "inherit") == 0 && fork() != 0)
                /* The opener goes; who has its descriptor stays. */
                _exit(0);
        return stream(&s, (unsigned) atoi(argv[5]));
}
