/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: strings, lists of strings, and one way to show a string that
 * somebody else wrote. Owns no state. Must not know policy, YAML or models.
 * Called by everything in daemon/lib, and by daemon and tools.
 */
#include "lib/util-string.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "lib/escape.h"

bool streq_ptr(const char *a, const char *b)
{
        if (!a || !b)
                return a == b;
        return streq(a, b);
}

const char *startswith(const char *s, const char *prefix)
{
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool endswith(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n >= m && streq(s + n - m, suffix);
}

size_t utf8_valid_prefix(const char *s, size_t size)
{
        size_t i = 0;

        while (i < size) {
                size_t n = s[i] ? utf8_next(s + i, size - i, NULL) : 0;

                if (n == 0)
                        break;
                i += n;
        }
        return i;
}

void fputs_escaped(const char *s, FILE *f)
{
        _cleanup_free_ char *text = escape_new(s, strlen(s));

        fputs(text ? text : "(out of memory)", f);
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
        uint64_t v = 0;

        if (!*s)
                return -EINVAL;
        for (; *s; s++) {
                uint64_t next;

                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(v, 10, &next) ||
                    __builtin_add_overflow(next, (uint64_t) (*s - '0'), &next))
                        return -ERANGE;
                v = next;
        }
        if (v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_boolean(const char *s)
{
        static const char *const words[][2] = {
                { "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" }
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                for (int k = 0; k < 2; k++)
                        if (strcasecmp(s, words[i][k]) == 0)
                                return k;
        return -EINVAL;
}

int string_printf(char **ret, const char *format, ...)
{
        char *s = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        *ret = s;
        return 0;
}

char **strv_free(char **l)
{
        for (char **p = l; p && *p; p++)
                free(*p);
        free(l);
        return NULL;
}

size_t strv_length(char *const *l)
{
        size_t n = 0;

        while (l && l[n])
                n++;
        return n;
}

bool strv_contains(char *const *l, const char *s)
{
        for (; l && *l; l++)
                if (streq(*l, s))
                        return true;
        return false;
}

int strv_extend(char ***l, const char *s)
{
        size_t n = strv_length(*l);
        char **grown, *copy;

        copy = strdup(s);
        if (!copy)
                return -ENOMEM;
        grown = realloc(*l, (n + 2) * sizeof(char *));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        *l = grown;
        return 0;
}

static int read_capped(int fd, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *data = NULL;
        size_t size = 0, room = 0;

        for (;;) {
                ssize_t n;

                if (room - size < 2) { /* one byte for the NUL */
                        size_t grown = MIN(room ? room * 2 : (size_t) 4096, max + 2);
                        char *p = realloc(data, grown);

                        if (!p)
                                return -ENOMEM;
                        data = p;
                        room = grown;
                }
                n = read(fd, data + size, room - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }
        data[size] = '\0';
        *ret = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

int read_file_capped(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        /* O_NONBLOCK: a FIFO in the place of a file must not hold anybody up */
        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        return read_capped(fd, max, ret, ret_size);
}

static int write_all(int fd, const char *text, size_t n)
{
        while (n > 0) {
                ssize_t k = write(fd, text, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                text += k;
                n -= (size_t) k;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

int write_file_synced(int dir_fd, const char *name, const char *temporary, const char *text, size_t n,
                      mode_t mode)
{
        _cleanup_close_ int fd = openat(dir_fd, temporary,
                                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
        int r;

        if (fd < 0)
                return -errno;
        /* By hand, since there may be a tight mask. */
        r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, text, n);
        if (r >= 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0);
                return r;
        }
        return fsync(dir_fd) < 0 ? -errno : 0;
}
