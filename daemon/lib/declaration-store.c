/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: declarations as an earlier version kept them, in a folder of their
 * own, one file each: read once, signed into the store of grants, removed.
 * Called by the daemon when it starts.
 */
#include "lib/declaration.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/log.h"
#include "lib/util-string.h"

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
