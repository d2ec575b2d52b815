/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what stream.c is for a camera, for a microphone, by ALSA's own
 * system calls: "frame NS" for each period that it was handed, "error ERRNO NS",
 * after which it tries everything to go on, and "change NS" when the device has
 * written on into mapped memory without any call.
 *
 *   listen --ai LIBRARY MODE DEVICE SECONDS     MODE: read, mmap
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sound/asound.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "say.h"

#define RATE 8000U
#define PERIOD 800U /* frames: a tenth of a second */
#define BUFFER 8000U

typedef struct Stream {
        int fd;
        bool by_mmap;
        volatile struct snd_pcm_mmap_status *status;
        snd_pcm_uframes_t seen;
} Stream;

static void set_mask(struct snd_pcm_hw_params *p, int param, unsigned bit)
{
        struct snd_mask *m = &p->masks[param - SNDRV_PCM_HW_PARAM_FIRST_MASK];

        memset(m, 0, sizeof(*m));
        m->bits[bit / 32] = 1U << bit % 32;
}

static void set_number(struct snd_pcm_hw_params *p, int param, unsigned value)
{
        p->intervals[param - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL] =
                        (struct snd_interval){ .min = value, .max = value, .integer = 1 };
}

static int set_up(Stream *s)
{
        struct snd_pcm_hw_params p = { .rmask = ~0U, .info = ~0U };
        struct snd_pcm_sw_params w = {
                .period_step = 1, .avail_min = PERIOD, .start_threshold = ULONG_MAX, .stop_threshold = BUFFER
        };

        memset(p.masks, 0xff, sizeof(p.masks));
        for (size_t i = 0; i < sizeof(p.intervals) / sizeof(p.intervals[0]); i++)
                p.intervals[i].max = UINT_MAX;
        set_mask(&p, SNDRV_PCM_HW_PARAM_ACCESS,
                 s->by_mmap ? SNDRV_PCM_ACCESS_MMAP_INTERLEAVED : SNDRV_PCM_ACCESS_RW_INTERLEAVED);
        set_mask(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
        set_number(&p, SNDRV_PCM_HW_PARAM_CHANNELS, 1);
        set_number(&p, SNDRV_PCM_HW_PARAM_RATE, RATE);
        set_number(&p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, PERIOD);
        set_number(&p, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, BUFFER);
        if (ioctl(s->fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p) < 0 ||
            ioctl(s->fd, SNDRV_PCM_IOCTL_SW_PARAMS, &w) < 0)
                return -1;
        /* It shall go on and on, whether anybody takes what it records or not. */
        w.stop_threshold = w.boundary;
        return s->by_mmap ? ioctl(s->fd, SNDRV_PCM_IOCTL_SW_PARAMS, &w) : 0;
}

static int start(Stream *s)
{
        if (set_up(s) < 0 || ioctl(s->fd, SNDRV_PCM_IOCTL_PREPARE) < 0)
                return -1;
        if (s->by_mmap && !s->status) {
                void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd, SNDRV_PCM_MMAP_OFFSET_STATUS_NEW);

                if (p == MAP_FAILED)
                        return -1;
                s->status = p;
        }
        return ioctl(s->fd, SNDRV_PCM_IOCTL_START);
}

static int next(Stream *s)
{
        static short samples[PERIOD];
        struct snd_xferi x = { .buf = samples, .frames = PERIOD };

        if (!s->by_mmap)
                return ioctl(s->fd, SNDRV_PCM_IOCTL_READI_FRAMES, &x) < 0 ? -1 : (int) x.result;
        usleep(PERIOD * 1000000ULL / RATE);
        if (s->status->state != SNDRV_PCM_STATE_RUNNING) {
                errno = EBADFD;
                return -1;
        }
        if (s->status->hw_ptr == s->seen)
                return 0;
        s->seen = s->status->hw_ptr;
        return 1;
}

static void watch_memory(Stream *s)
{
        if (s->status && s->status->hw_ptr != s->seen) {
                say("change", 0);
                s->seen = s->status->hw_ptr;
        }
}

/* One hundred milliseconds of trying. */
static void struggle(Stream *s)
{
        usleep(100000);
        watch_memory(s);
        if (start(s) >= 0 && next(s) > 0)
                say("frame", 0);
}

int main(int argc, char **argv)
{
        unsigned long long end;
        bool stopped;
        Stream s = {};

        if (argc != 6 || strcmp(argv[1], "--ai") != 0 || !dlopen(argv[2], RTLD_NOW)) {
                fprintf(stderr, "usage: listen --ai LIBRARY MODE DEVICE SECONDS\n");
                return 2;
        }
        s.by_mmap = strcmp(argv[3], "mmap") == 0;
        s.fd = open(argv[4], O_RDWR | O_CLOEXEC);
        if (s.fd < 0) {
                say("error", errno);
                return errno == EPERM ? 1 : 3;
        }
        stopped = start(&s) < 0;
        if (stopped)
                say("error", errno);
        end = now_ns() + strtoull(argv[5], NULL, 10) * 1000000000ULL;
        while (now_ns() < end) {
                int r = stopped ? 0 : next(&s);

                if (r > 0)
                        say("frame", 0);
                if (r < 0) {
                        say("error", errno);
                        stopped = true;
                        if (s.status)
                                s.seen = s.status->hw_ptr;
                }
                if (stopped)
                        struggle(&s);
        }
        return 0;
}
