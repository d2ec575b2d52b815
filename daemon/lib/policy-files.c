/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which files make the policy, read into memory once, so that what
 * is hashed is what is parsed. Owns order, masks and overrides. Knows no YAML.
 * Called by policy-load.c.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/conf-files.h"
#include "lib/policy-internal.h"
#include "lib/util-string.h"

#define FILES_MAX 256U

void policy_file_done(PolicyFile *f)
{
        free(f->name);
        free(f->path);
        free(f->data);
}

static int complain(Diag *diag, const char *path, int r)
{
        if (r == -EFBIG)
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "larger than %u bytes", YAML_DOC_SIZE_MAX);
        else if (r == -EINVAL)
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "not a regular file");
        else
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "cannot be read: %s", strerror(-r));
        return -EBADMSG;
}

static int read_one(Policy *p, const char *path, Diag *diag)
{
        const char *slash = strrchr(path, '/');
        PolicyFile f = {};
        int r;

        r = read_file_capped(AT_FDCWD, path, YAML_DOC_SIZE_MAX, &f.data, &f.size);
        if (r < 0)
                return r == -ENOMEM ? r : complain(diag, path, r);
        r = policy_grow((void **) &p->files, &p->n_files, sizeof(*p->files), FILES_MAX);
        if (r < 0) {
                free(f.data);
                return r;
        }
        f.path = strdup(path);
        f.name = strdup(slash ? slash + 1 : path);
        p->files[p->n_files - 1] = f;
        return f.path && f.name ? 0 : -ENOMEM;
}

static int note_mask(Policy *p, const ConfFile *f)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (!f->overrides)
                return 0;
        r = string_printf(&text, "%s is %s by %s", f->overrides, f->masked ? "masked" : "replaced", f->path);
        return r < 0 ? r : strv_extend(&p->masks, text);
}

static int read_directories(Policy *p, const char *root, const char *vendor, const char *admin, Diag *diag)
{
        _cleanup_(conf_files_done) ConfFiles list = {};
        int r, result = 0;

        r = conf_files_list(root, vendor, admin, ".yaml", &list);
        if (r < 0)
                return r == -ENOMEM ? r : complain(diag, vendor, r);
        for (size_t i = 0; i < list.n; i++) {
                r = note_mask(p, &list.files[i]);
                if (r < 0)
                        return r;
                r = list.files[i].masked ? 0 : read_one(p, list.files[i].path, diag);
                if (r < 0 && r != -EBADMSG)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}

static int read_named(Policy *p, const char *path, Diag *diag)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return complain(diag, path, -errno);
        if (S_ISDIR(st.st_mode))
                return read_directories(p, NULL, path, NULL, diag);
        return read_one(p, path, diag);
}

int policy_files_read(Policy *p, const PolicySources *sources, Diag *diag)
{
        int r, result = 0;

        if (!sources->files)
                result = read_directories(p, sources->root, POLICY_VENDOR_DIR, POLICY_ADMIN_DIR, diag);
        for (char **f = sources->files; f && *f; f++) {
                r = read_named(p, *f, diag);
                if (r < 0 && r != -EBADMSG)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}
