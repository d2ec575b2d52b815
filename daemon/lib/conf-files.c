/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which files of a vendor and an administrator directory count.
 * Owns the rule of precedence; reads no file. Called by the policy loader and
 * by config.c for the drop-ins.
 */
#include "lib/conf-files.h"

#include <dirent.h>
#include <limits.h>

#include "lib/util-string.h"

static void conf_file_done(ConfFile *f)
{
        free(f->name);
        free(f->path);
        free(f->overrides);
}

void conf_files_done(ConfFiles *f)
{
        for (size_t i = 0; i < f->n; i++)
                conf_file_done(&f->files[i]);
        free(f->files);
        *f = (ConfFiles){};
}

static bool is_mask(const char *path)
{
        char target[16];
        ssize_t n = readlink(path, target, sizeof(target));

        return n == 9 && memcmp(target, "/dev/null", 9) == 0;
}

static ConfFile *find(ConfFiles *f, const char *name)
{
        for (size_t i = 0; i < f->n; i++)
                if (streq(f->files[i].name, name))
                        return &f->files[i];
        return NULL;
}

static int add(ConfFiles *f, const char *dir, const char *name)
{
        ConfFile new = {}, *old = find(f, name), *grown;

        if (string_printf(&new.path, "%s/%s", dir, name) < 0)
                return -ENOMEM;
        new.masked = is_mask(new.path);
        if (old) {
                free(old->overrides);
                old->overrides = old->path;
                old->path = new.path;
                old->masked = new.masked;
                return 0;
        }
        new.name = strdup(name);
        grown = new.name ? realloc(f->files, (f->n + 1) * sizeof(*grown)) : NULL;
        if (!grown) {
                conf_file_done(&new);
                return -ENOMEM;
        }
        f->files = grown;
        f->files[f->n++] = new;
        return 0;
}

static int add_directory(ConfFiles *f, const char *dir, const char *suffix)
{
        DIR *d = opendir(dir);
        const struct dirent *e;
        int r = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while (r >= 0 && (e = readdir(d)))
                if (e->d_name[0] != '.' && endswith(e->d_name, suffix))
                        r = add(f, dir, e->d_name);
        closedir(d);
        return r;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const ConfFile *) a)->name, ((const ConfFile *) b)->name);
}

int conf_files_list(const char *root, const char *vendor_dir, const char *admin_dir, const char *suffix,
                    ConfFiles *ret)
{
        const char *dirs[] = { vendor_dir, admin_dir };
        ConfFiles f = {};

        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
                _cleanup_free_ char *dir = NULL;
                int r;

                if (!dirs[i])
                        continue;
                r = string_printf(&dir, "%s%s", root ? root : "", dirs[i]);
                if (r >= 0)
                        r = add_directory(&f, dir, suffix);
                if (r < 0) {
                        conf_files_done(&f);
                        return r;
                }
        }
        if (f.n > 1)
                qsort(f.files, f.n, sizeof(*f.files), by_name);
        *ret = f;
        return 0;
}
