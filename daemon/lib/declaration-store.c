/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: declarations as files, one each, named by their id. Written beside
 * and renamed, synced: after a power cut there is the old one or the new one.
 * Who may write is the directory's mode. Called by the daemon and, with the
 * daemon dead, by aiguardctl.
 */
#include "lib/declaration.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/log.h"
#include "lib/util-string.h"

static int open_store(const char *dir)
{
        int fd;

        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
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

int declaration_write(const char *dir, const Declaration *d)
{
        _cleanup_close_ int dir_fd = -EBADF, fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        char name[96], temporary[112];
        json_t *o;
        int r;

        if (!declaration_id_valid(d->id))
                return -EINVAL;
        o = declaration_to_json(d);
        text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
        json_decref(o);
        if (!text)
                return -ENOMEM;
        dir_fd = open_store(dir);
        if (dir_fd < 0)
                return dir_fd;
        snprintf(name, sizeof(name), "%s.json", d->id);
        snprintf(temporary, sizeof(temporary), ".%s.new", name);
        fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, strlen(text));
        if (r >= 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0);
                return r;
        }
        return fsync(dir_fd) < 0 ? -errno : 0;
}

int declaration_remove(const char *dir, const char *id)
{
        _cleanup_close_ int dir_fd = -EBADF;
        char name[96];

        if (!declaration_id_valid(id))
                return -ENOENT;
        dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return -errno;
        snprintf(name, sizeof(name), "%s.json", id);
        if (unlinkat(dir_fd, name, 0) < 0)
                return -errno;
        return fsync(dir_fd) < 0 ? -errno : 0;
}

void declarations_free_many(Declaration **d, size_t n)
{
        for (size_t i = 0; i < n; i++)
                declaration_free(d[i]);
        free(d);
}

static int read_one(int dir_fd, const char *name, Declaration **ret)
{
        _cleanup_(declaration_freep) Declaration *d = NULL;
        _cleanup_free_ char *text = NULL, *why = NULL;
        size_t size;
        int r;

        r = read_file_capped(dir_fd, name, DECLARATION_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = declaration_parse(text, size, &d, &why);
        /* A file under another declaration's name would survive its revocation. */
        if (r >= 0 && (strncmp(name, d->id, strlen(d->id)) != 0 || !streq(name + strlen(d->id), ".json")))
                r = -EBADMSG;
        if (r < 0) {
                log_debug("declarations: %s: %s", name, why ? why : strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(d);
        return 0;
}

int declarations_read(const char *dir, Declaration ***ret, size_t *ret_n, size_t *ret_broken)
{
        Declaration **all = NULL;
        size_t n = 0, broken = 0;
        struct dirent *e;
        DIR *stream;

        stream = opendir(dir);
        if (!stream && errno != ENOENT)
                return -errno;
        while (stream && (e = readdir(stream))) {
                Declaration *d;

                if (e->d_name[0] == '.' || !endswith(e->d_name, ".json"))
                        continue;
                if (n >= DECLARATIONS_MAX || read_one(dirfd(stream), e->d_name, &d) < 0) {
                        broken++;
                        continue;
                }
                if (n % 16 == 0) {
                        Declaration **grown = reallocarray(all, n + 16, sizeof(*all));

                        if (!grown) {
                                declaration_free(d);
                                declarations_free_many(all, n);
                                closedir(stream);
                                return -ENOMEM;
                        }
                        all = grown;
                }
                all[n++] = d;
        }
        if (stream)
                closedir(stream);
        *ret = all;
        *ret_n = n;
        *ret_broken = broken;
        return 0;
}
