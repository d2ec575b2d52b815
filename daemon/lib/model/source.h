/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H
/*
 * The bytes of one hostile file, with a budget. Readers seek: after a jump only
 * as much is fetched as was wanted after the jump before, and more with each
 * fetch that follows in order, so that weights stay unread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_WINDOW 4096
#define SOURCE_READ_MAX (32U * 1024 * 1024)
#define SOURCE_ITEMS_MAX 300000U /* twenty thousand operators and their tensors */
#define SOURCE_SECONDS_MAX 3

/* For formats that jump back and forth between a few places; direct-mapped. To be cleared before use. */
#define SOURCE_PAGE 256
#define SOURCE_PAGES 256
typedef struct SourcePages {
        struct {
                uint64_t start; /* in the source */
                size_t length;  /* 0: nothing here yet */
                unsigned char data[SOURCE_PAGE];
        } page[SOURCE_PAGES];
} SourcePages;

typedef struct Source {
        const unsigned char *memory; /* instead of a descriptor: fuzzers, tests, text already read */
        int fd;
        uint64_t base; /* where this source begins in the file */
        uint64_t size;
        uint64_t bytes_read;
        uint64_t deadline;   /* CLOCK_MONOTONIC, nanoseconds */
        unsigned items_left; /* fields, tokens, symbols */
        SourcePages *pages;  /* instead of the window; not owned */
        const char *reason;  /* constant string: what is wrong with the file; set by the first that knows */
        uint64_t start;      /* the window */
        size_t length;
        uint64_t run_start, run_end; /* what was asked for since the last jump */
        size_t grow;                 /* how much the next fetch in order takes */
        char *head;                  /* what source_head() gave */
        size_t head_length;
        unsigned char window[SOURCE_WINDOW];
} Source;

void source_init_fd(Source *s, int fd, uint64_t size);
void source_init_memory(Source *s, const void *data, size_t size);
void source_done(Source *s); /* only the head is owned */
#define _cleanup_source_ _cleanup_(source_done)

/*
 * A part of a source as a source of its own, from `start`, which must lie within
 * it; with the same budget, which source_end_part() gives back with the reason.
 */
void source_begin_part(Source *ret, const Source *whole, uint64_t start, uint64_t length);
void source_end_part(Source *whole, const Source *part);

/* A buffer of something that was in `whole` (inflated, decoded): same budget, to be ended likewise. */
void source_begin_memory(Source *ret, const Source *whole, const void *data, size_t size);

/* A view of n (at most SOURCE_WINDOW) bytes, good until the next call. -EBADMSG with a reason otherwise. */
int source_view(Source *s, uint64_t pos, size_t n, const unsigned char **ret);

/* The same for up to n bytes; gives how many there are, 0 at the end of the file. */
int source_peek(Source *s, uint64_t pos, size_t n, const unsigned char **ret);

/* At least one byte, at most n, and as few as are at hand: nothing is fetched that may not be wanted. */
int source_some(Source *s, uint64_t pos, size_t n, const unsigned char **ret);

int source_read(Source *s, uint64_t pos, void *buffer, size_t n);

/*
 * The beginning of the file, as much as there is of `max` (of a text, which is
 * read as a whole or not at all), and how much that is. Read once, whoever
 * asks; good until a longer one is asked for, or source_done().
 */
int source_head(Source *s, size_t max, const char **ret);

/* One more field or token: -EBADMSG when the file has more of them than any honest file, or time is up. */
int source_count(Source *s);

/* Notes why and gives -EBADMSG. The first reason stays. */
int source_fail(Source *s, const char *reason);

#endif
