/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the ledger as a file: read with its chain checked, appended to with
 * fsync. Does not know what the entries mean together; that is grant-store.c,
 * which also holds the lock.
 */
#include "lib/grant-ledger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/date.h"
#include "lib/util-string.h"

#define NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

static const char *const action_names[] = { "import", "end" };

_Static_assert(ARRAY_SIZE(action_names) == _LEDGER_ACTION_MAX, "a name for each action");

const char *ledger_action_to_string(LedgerAction a)
{
        return (unsigned) a < ARRAY_SIZE(action_names) ? action_names[a] : "unknown";
}

static void hash_line(const char *line, size_t n, char ret[SHA256_HEX_SIZE])
{
        Sha256 s;

        sha256_init(&s);
        sha256_update(&s, line, n);
        sha256_final_hex(&s, ret);
}

/* ------------------------------------------------------------------ one line */

static int write_line(const Ledger *l, const LedgerEntry *e, char ret[LEDGER_LINE_MAX])
{
        char when[DATE_TEXT_MAX];
        int n;

        date_format(e->time_usec, when);
        /* Nothing in here needs escaping: ids, digests, words of ours. */
        n = snprintf(ret, LEDGER_LINE_MAX,
                     "{\"seq\":%" PRIu64 ",\"time\":\"%s\",\"action\":\"%s\",\"kind\":\"%s\",\"id\":\"%s\","
                     "\"state\":\"%s\",\"sha256\":\"%s\",\"key\":\"%s\",\"made\":%" PRIu64
                     ",\"version\":%" PRIu64 ",\"by_uid\":%" PRIu32 ",\"prev\":\"%s\"}\n",
                     e->seq, when, ledger_action_to_string(e->action), grant_kind_to_string(e->kind), e->id,
                     grant_state_to_string(e->state), e->digest, e->key, e->made_usec / 1000000, e->version,
                     e->uid, l->hash);
        return n > 0 && (size_t) n < LEDGER_LINE_MAX ? n : -EOVERFLOW;
}

/*
 * The lines are ours, key by key as write_line() puts them, and there may be a
 * hundred thousand: read as they are written, not as any JSON.
 */
typedef struct Scan {
        const char *at;
        const char *end;
        bool failed;
} Scan;

static void expect(Scan *s, const char *literal)
{
        size_t n = strlen(literal);

        if (s->failed || (size_t) (s->end - s->at) < n || memcmp(s->at, literal, n) != 0)
                s->failed = true;
        else
                s->at += n;
}

/* What stands before the next quote; always terminates. */
static void take_text(Scan *s, char *ret, size_t size)
{
        const char *quote = s->failed ? NULL : memchr(s->at, '"', (size_t) (s->end - s->at));

        ret[0] = '\0';
        if (!quote || (size_t) (quote - s->at) >= size) {
                s->failed = true;
                return;
        }
        memcpy(ret, s->at, (size_t) (quote - s->at));
        ret[quote - s->at] = '\0';
        s->at = quote;
}

static void take_hex(Scan *s, char ret[SHA256_HEX_SIZE])
{
        take_text(s, ret, SHA256_HEX_SIZE);
        if (strspn(ret, "0123456789abcdef") != SHA256_HEX_SIZE - 1)
                s->failed = true;
}

static uint64_t take_number(Scan *s)
{
        const char *begin = s->at;
        uint64_t v = 0;

        for (; !s->failed && s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - begin < 18; s->at++)
                v = v * 10 + (uint64_t) (*s->at - '0');
        if (s->at == begin)
                s->failed = true;
        return v;
}

static unsigned take_word(Scan *s, const char *(*name)(unsigned i), unsigned max)
{
        char word[32];

        take_text(s, word, sizeof(word));
        for (unsigned i = 0; i < max; i++)
                if (streq(word, name(i)))
                        return i;
        s->failed = true;
        return 0;
}

static const char *action_name(unsigned i)
{
        return ledger_action_to_string(i);
}

static const char *kind_name(unsigned i)
{
        return grant_kind_to_string(i);
}

static const char *state_name(unsigned i)
{
        return grant_state_to_string(i);
}

static bool read_line(const Ledger *l, const char *line, size_t n, LedgerEntry *e)
{
        Scan s = { .at = line, .end = line + n };
        char when[DATE_TEXT_MAX], prev[SHA256_HEX_SIZE];

        expect(&s, "{\"seq\":");
        e->seq = take_number(&s);
        expect(&s, ",\"time\":\"");
        take_text(&s, when, sizeof(when));
        expect(&s, "\",\"action\":\"");
        e->action = take_word(&s, action_name, _LEDGER_ACTION_MAX);
        expect(&s, "\",\"kind\":\"");
        e->kind = take_word(&s, kind_name, _GRANT_KIND_MAX);
        expect(&s, "\",\"id\":\"");
        take_text(&s, e->id, sizeof(e->id));
        expect(&s, "\",\"state\":\"");
        e->state = take_word(&s, state_name, _GRANT_STATE_MAX);
        expect(&s, "\",\"sha256\":\"");
        take_hex(&s, e->digest);
        expect(&s, "\",\"key\":\"");
        take_hex(&s, e->key);
        expect(&s, "\",\"made\":");
        e->made_usec = take_number(&s) * 1000000;
        expect(&s, ",\"version\":");
        e->version = take_number(&s);
        expect(&s, ",\"by_uid\":");
        e->uid = (uint32_t) take_number(&s);
        expect(&s, ",\"prev\":\"");
        take_hex(&s, prev);
        expect(&s, "\"}");
        return !s.failed && s.at == s.end && e->seq == l->seq + 1 && streq(prev, l->hash) &&
               grant_id_valid(e->id) && date_parse(when, &e->time_usec) >= 0;
}

/* ------------------------------------------------------------------ the file */

/* 0: nothing more. 1: one line, without its newline, in *line. */
static int next_line(FILE *f, char **line, size_t *size, size_t *ret_n)
{
        ssize_t n = getline(line, size, f);

        if (n < 0)
                return ferror(f) ? -EIO : 0;
        /* Never finished, so it never happened. */
        if (n == 0 || (*line)[n - 1] != '\n')
                return 0;
        *ret_n = (size_t) n - 1;
        return 1;
}

static int read_all(FILE *f, LedgerVisit visit, void *userdata, Ledger *l)
{
        _cleanup_free_ char *line = NULL;
        size_t size = 0, n = 0;
        int r;

        while ((r = next_line(f, &line, &size, &n)) > 0) {
                LedgerEntry e = {};

                if (n > LEDGER_LINE_MAX || !read_line(l, line, n, &e)) {
                        /* Blocks that never reached the disk read as zeros; such a line at the very end was never told. */
                        if (n > 0 && memchr(line, 0, n) && next_line(f, &line, &size, &n) == 0)
                                return 0;
                        return -EBADMSG;
                }
                hash_line(line, n, l->hash);
                l->seq = e.seq;
                l->size += (off_t) n + 1;
                r = visit ? visit(userdata, &e) : 0;
                if (r < 0)
                        return r;
        }
        return r;
}

static int open_file(int dir_fd, bool write)
{
        int fd = openat(dir_fd, LEDGER_FILE,
                        (write ? O_RDWR | O_APPEND : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0 || errno != ENOENT || !write)
                return fd < 0 ? -errno : fd;
        fd = openat(dir_fd, LEDGER_FILE, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0640);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0640) < 0 || fsync(dir_fd) < 0) {
                int r = -errno;

                safe_close(fd);
                return r;
        }
        return fd;
}

int ledger_open(int dir_fd, bool write, LedgerVisit visit, void *userdata, Ledger *ret, uint64_t *ret_line)
{
        _cleanup_close_ int fd = open_file(dir_fd, write);
        _cleanup_fclose_ FILE *f = NULL;
        Ledger l = { .fd = -EBADF, .hash = NO_HASH };
        int stream_fd, r;

        if (fd < 0)
                return fd;
        stream_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (stream_fd < 0)
                return -errno;
        f = fdopen(stream_fd, "re");
        if (!f) {
                safe_close(stream_fd);
                return -errno;
        }
        r = read_all(f, visit, userdata, &l);
        if (r < 0) {
                if (ret_line)
                        *ret_line = l.seq + 1;
                return r;
        }
        /* What was cut off in the middle goes now, so that the next line begins at its beginning. */
        if (write && (ftruncate(fd, l.size) < 0 || fsync(fd) < 0))
                return -errno;
        *ret = l;
        ret->fd = TAKE_FD(fd);
        return 0;
}

void ledger_close(Ledger *l)
{
        l->fd = safe_close(l->fd);
}

int ledger_append(Ledger *l, LedgerEntry *e)
{
        char line[LEDGER_LINE_MAX];
        ssize_t k;
        int n, r;

        if (l->broken)
                return -EIO;
        e->seq = l->seq + 1;
        n = write_line(l, e, line);
        if (n < 0)
                return n;
        k = write(l->fd, line, (size_t) n);
        if (k != n) {
                r = k < 0 ? -errno : -ENOSPC;
                l->broken = ftruncate(l->fd, l->size) < 0;
                return r;
        }
        if (fsync(l->fd) < 0) {
                /* The kernel forgets what it could not write: only reading it anew tells what is there. */
                l->broken = true;
                return -errno;
        }
        l->size += n;
        l->seq = e->seq;
        hash_line(line, (size_t) n - 1, l->hash);
        return 0;
}
