/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads a hostile file piece by piece, within a budget of bytes,
 * items and time.
 * Owns: the window and the budget; not the descriptor.
 * Must not: map the file (it may shrink while it is read), read ahead into
 * weights, or believe a size that the file itself states.
 * Called by: every reader.
 */
#include "lib/model/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/macro.h"

typedef struct Fetch {
        size_t least, most, grow;
} Fetch;

/* After a jump, at least and at most, and what the next fetch in order begins with. Names of tensors differ a little. */
#define FETCH_SPARE 10
static const Fetch fetch_little = { 20, 80,
                                    16 }; /* of a big file, where a call costs less than what it reads */
static const Fetch fetch_much = { 128, 512, 256 };
#define FETCH_BIG_FILE (4U << 20)

static uint64_t now(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000000U + (uint64_t) ts.tv_nsec;
}

void source_init_fd(Source *s, int fd, uint64_t size)
{
        *s = (Source){
                .fd = fd,
                .size = size,
                .deadline = now() + SOURCE_SECONDS_MAX * 1000000000ULL,
                .items_left = SOURCE_ITEMS_MAX,
                .grow = fetch_little.grow,
        };
}

void source_init_memory(Source *s, const void *data, size_t size)
{
        source_init_fd(s, -EBADF, size);
        s->memory = data;
}

/* The window stays empty: only this much of the whole is worth copying. */
static void share_budget(Source *to, const Source *from)
{
        to->bytes_read = from->bytes_read;
        to->deadline = from->deadline;
        to->items_left = from->items_left;
        to->reason = from->reason;
}

void source_begin_part(Source *ret, const Source *whole, uint64_t start, uint64_t length)
{
        start = MIN(start, whole->size);
        length = MIN(length, whole->size - start);
        source_init_fd(ret, whole->fd, length);
        ret->base = whole->base + start;
        if (whole->memory)
                ret->memory = whole->memory + start;
        share_budget(ret, whole);
}

void source_begin_memory(Source *ret, const Source *whole, const void *data, size_t size)
{
        source_init_memory(ret, data, size);
        share_budget(ret, whole);
}

void source_end_part(Source *whole, const Source *part)
{
        share_budget(whole, part);
}

void source_done(Source *s)
{
        free(s->head);
        s->head = NULL;
        s->head_length = 0;
}

int source_fail(Source *s, const char *reason)
{
        if (!s->reason)
                s->reason = reason;
        return -EBADMSG;
}

int source_count(Source *s)
{
        if (s->items_left == 0)
                return source_fail(s, "more fields than a model has");
        s->items_left--;
        if (s->items_left % 4096 == 0 && now() > s->deadline)
                return source_fail(s, "takes too long to read");
        return 0;
}

/* pread() until n bytes are there or the file ends. */
static int fetch(Source *s, uint64_t pos, void *buffer, size_t n)
{
        size_t done = 0;

        if (s->bytes_read + n > SOURCE_READ_MAX)
                return source_fail(s, "more to read than the limit");
        while (done < n) {
                ssize_t k = pread(s->fd, (char *) buffer + done, n - done, (off_t) (s->base + pos + done));

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return source_fail(s, "cannot be read");
                if (k == 0)
                        break;
                done += (size_t) k;
        }
        s->bytes_read += done;
        return (int) done;
}

/* Makes the window begin at pos; gives how much of it is there already, and how much to fetch. */
static size_t move_window(Source *s, uint64_t pos, size_t *ret_fetch)
{
        size_t keep = 0;

        if (pos >= s->start && pos <= s->start + s->length && s->length > 0) {
                keep = s->length - (size_t) (pos - s->start);
                memmove(s->window, s->window + (pos - s->start), keep);
                *ret_fetch = s->grow;
                s->grow = MIN(s->grow * 2, (size_t) SOURCE_WINDOW);
        } else {
                const Fetch *f = s->size + s->base > FETCH_BIG_FILE ? &fetch_little : &fetch_much;
                uint64_t run = s->run_end - s->run_start + FETCH_SPARE;

                *ret_fetch = (size_t) MAX(MIN(run, (uint64_t) f->most), (uint64_t) f->least);
                s->grow = f->grow;
                s->run_start = pos;
                s->run_end = pos;
        }
        s->start = pos;
        s->length = keep;
        return keep;
}

/* The page that holds pos, fetched if it is not there; gives how much of it there is from pos on. */
static int peek_page(Source *s, uint64_t pos, const unsigned char **ret)
{
        uint64_t start = pos - pos % SOURCE_PAGE;
        typeof(s->pages->page[0]) *page = &s->pages->page[start / SOURCE_PAGE % SOURCE_PAGES];

        if (page->length == 0 || page->start != start) {
                int r;

                page->length = 0;
                r = fetch(s, start, page->data, (size_t) MIN((uint64_t) SOURCE_PAGE, s->size - start));
                if (r < 0)
                        return r;
                page->start = start;
                page->length = (size_t) r;
        }
        if (pos - start >= page->length)
                return 0;
        *ret = page->data + (pos - start);
        return (int) (page->length - (size_t) (pos - start));
}

/* What does not lie in one page is put together in the window. */
static int peek_pages(Source *s, uint64_t pos, size_t n, const unsigned char **ret)
{
        const unsigned char *p = NULL;
        size_t done = 0;
        int r = peek_page(s, pos, &p);

        if (r < 0 || (size_t) r >= n) {
                *ret = p;
                return MIN(r, (int) n);
        }
        while (r > 0 && done < n) {
                size_t k = MIN((size_t) r, n - done);

                memcpy(s->window + done, p, k);
                done += k;
                r = done < n ? peek_page(s, pos + done, &p) : 0;
        }
        s->length = 0;
        *ret = s->window;
        return r < 0 ? r : (int) done;
}

int source_peek(Source *s, uint64_t pos, size_t n, const unsigned char **ret)
{
        size_t keep, want;
        int r;

        if (pos >= s->size)
                return 0;
        n = (size_t) MIN((uint64_t) n, s->size - pos);
        if (s->memory) {
                *ret = s->memory + pos;
                return (int) n;
        }
        if (n > SOURCE_WINDOW)
                return -EINVAL;
        if (s->pages)
                return peek_pages(s, pos, n, ret);
        if (pos < s->start || pos - s->start >= s->length || n > s->length - (size_t) (pos - s->start)) {
                keep = move_window(s, pos, &want);
                want = MIN(MAX(n, keep + want), (size_t) SOURCE_WINDOW);
                want = (size_t) MIN((uint64_t) want, s->size - pos);
                r = fetch(s, pos + keep, s->window + keep, want - keep);
                if (r < 0)
                        return r;
                s->length += (size_t) r;
        }
        s->run_end = MAX(s->run_end, pos + n);
        *ret = s->window + (pos - s->start);
        return (int) MIN(n, s->length - (size_t) (pos - s->start));
}

int source_some(Source *s, uint64_t pos, size_t n, const unsigned char **ret)
{
        if (!s->memory && pos >= s->start && pos - s->start < s->length) {
                *ret = s->window + (pos - s->start);
                return (int) MIN(n, s->length - (size_t) (pos - s->start));
        }
        return source_peek(s, pos, s->memory ? n : MIN(n, (size_t) 1), ret);
}

int source_view(Source *s, uint64_t pos, size_t n, const unsigned char **ret)
{
        int r = source_peek(s, pos, n, ret);

        if (r < 0)
                return r;
        if ((size_t) r < n)
                return source_fail(s, "ends early");
        return 0;
}

int source_read(Source *s, uint64_t pos, void *buffer, size_t n)
{
        int r;

        if (pos > s->size || n > s->size - pos)
                return source_fail(s, "ends early");
        if (s->memory) {
                memcpy(buffer, s->memory + pos, n);
                return 0;
        }
        r = fetch(s, pos, buffer, n);
        if (r < 0)
                return r;
        if ((size_t) r < n)
                return source_fail(s, "ends early");
        return 0;
}

int source_head(Source *s, size_t max, const char **ret)
{
        size_t n = (size_t) MIN(s->size, (uint64_t) MIN(max, (size_t) SOURCE_READ_MAX));
        char *longer;
        int r;

        if (s->memory) {
                *ret = (const char *) s->memory;
                return (int) n;
        }
        if (n > s->head_length || !s->head) {
                longer = realloc(s->head, n + 1);
                if (!longer)
                        return source_fail(s, "out of memory");
                s->head = longer;
                r = source_read(s, s->head_length, s->head + s->head_length, n - s->head_length);
                if (r < 0)
                        return r;
                s->head_length = n;
        }
        *ret = s->head;
        return (int) n;
}
