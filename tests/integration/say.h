/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SAY_H
#define SAY_H
/* What stream.c and listen.c write down: one line on stdout for each thing that happened, with the time. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static inline unsigned long long now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (unsigned long long) t.tv_sec * 1000000000ULL + (unsigned long long) t.tv_nsec;
}

/* "WHAT NS", or "WHAT ERRNO NS"; whole, whoever else writes there, and at once. */
static inline void say(const char *what, int error)
{
        char line[80];
        int n = error ? snprintf(line, sizeof(line), "%s %d %llu\n", what, error, now_ns())
                      : snprintf(line, sizeof(line), "%s %llu\n", what, now_ns());

        if (write(STDOUT_FILENO, line, (size_t) n) != n)
                _exit(4);
}

#endif
