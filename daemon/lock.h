/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCK_H
#define LOCK_H
/*
 * The one kind of lock for data that the gate's threads share with others:
 * whoever holds it runs at the priority of who waits for it, so that a busy
 * host cannot keep the gate waiting behind a thread that gets no CPU.
 */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

static inline void lock_init(pthread_mutex_t *m)
{
        pthread_mutexattr_t a;

        pthread_mutexattr_init(&a);
        pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
        pthread_mutex_init(m, &a);
        pthread_mutexattr_destroy(&a);
}

static inline void lock_release(pthread_mutex_t **m)
{
        pthread_mutex_unlock(*m);
}

/* Held until the end of the block: LOCK_SCOPE(&g->lock); */
#define LOCK_SCOPE(mutex)                                                                               \
        pthread_mutex_t *_lock_scope_ __attribute__((__cleanup__(lock_release), __unused__)) = (mutex); \
        pthread_mutex_lock(_lock_scope_)

/* The clock of all times in abi.h. */
static inline uint64_t boottime_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * 1000000000ULL + (uint64_t) t.tv_nsec;
}

static inline uint64_t realtime_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t) t.tv_sec * 1000000ULL + (uint64_t) t.tv_nsec / 1000ULL;
}

#endif
