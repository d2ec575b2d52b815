/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what lies under AG_PIN_DIR: maps by their name, links with the
 * stamp of the run that made them, and "version", a map of one value that says
 * whose they are. Called by loader.c only.
 */
#include "loader-pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "abi.h"
#include "lib/log.h"
#include "lib/macro.h"

#define VERSION_PIN "version"

struct pins_version {
        uint32_t abi;
        uint32_t names_hash;
};

static int check_bpffs(const char *dir)
{
        _cleanup_free_ char *parent = strdup(dir);
        struct statfs s;
        char *slash;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        if (slash && slash != parent)
                *slash = 0;
        if (statfs(parent, &s) < 0)
                return log_error_errno(-errno, "loader: %s is not there; mount -t bpf bpf /sys/fs/bpf",
                                       parent);
        if ((unsigned long) s.f_type != BPF_FS_MAGIC)
                return log_error_errno(-ENODEV,
                                       "loader: %s is no BPF file system; mount -t bpf bpf /sys/fs/bpf",
                                       parent);
        return 0;
}

static int read_version(const char *dir, struct pins_version *ret)
{
        _cleanup_close_ int fd = -EBADF;
        char path[512];
        uint32_t zero = 0;

        snprintf(path, sizeof(path), "%s/" VERSION_PIN, dir);
        fd = bpf_obj_get(path);
        if (fd < 0)
                return -errno;
        return bpf_map_lookup_elem(fd, &zero, ret) < 0 ? -errno : 0;
}

static bool is_empty(const char *dir)
{
        DIR *d = opendir(dir);
        const struct dirent *e;
        bool empty = true;

        if (!d)
                return true;
        while ((e = readdir(d)))
                empty = empty && e->d_name[0] == '.';
        closedir(d);
        return empty;
}

int loader_pins_prepare(const char *dir, uint32_t names_hash)
{
        struct pins_version v = {};
        int r;

        r = check_bpffs(dir);
        if (r < 0)
                return r;
        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
                return log_error_errno(-errno, "loader: %s cannot be made", dir);
        if (chmod(dir, 0700) < 0)
                return log_error_errno(-errno, "loader: %s cannot be closed to others", dir);
        if (read_version(dir, &v) == 0 && v.abi == AG_ABI_VERSION && v.names_hash == names_hash)
                return 1;
        if (is_empty(dir))
                return 0;
        log_notice("loader: the pins of an earlier run are of another version, starting from fresh ones");
        return loader_pins_set_aside(dir);
}

int loader_pins_write_version(const char *dir, uint32_t names_hash)
{
        struct pins_version v = { .abi = AG_ABI_VERSION, .names_hash = names_hash };
        _cleanup_close_ int fd = -EBADF;
        char path[512];
        uint32_t zero = 0;

        fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ag_version", sizeof(zero), sizeof(v), 1, NULL);
        if (fd < 0)
                return log_error_errno(-errno, "loader: the version map cannot be made");
        if (bpf_map_update_elem(fd, &zero, &v, BPF_ANY) < 0)
                return log_error_errno(-errno, "loader: the version cannot be written");
        snprintf(path, sizeof(path), "%s/" VERSION_PIN, dir);
        if (bpf_obj_pin(fd, path) < 0)
                return log_error_errno(-errno, "loader: the version cannot be pinned");
        return 0;
}

static int remove_dir(const char *dir)
{
        DIR *d = opendir(dir);
        const struct dirent *e;
        char path[768];
        int r = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while ((e = readdir(d))) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
                if (unlink(path) < 0 && errno != ENOENT)
                        r = -errno;
        }
        closedir(d);
        if (rmdir(dir) < 0 && r == 0)
                r = -errno;
        return r;
}

int loader_pins_set_aside(const char *dir)
{
        char old[512];
        int r;

        snprintf(old, sizeof(old), "%s-old", dir);
        r = remove_dir(old);
        if (r < 0)
                return log_error_errno(r, "loader: %s cannot be removed", old);
        if (rename(dir, old) < 0)
                return log_error_errno(-errno, "loader: %s cannot be renamed", dir);
        if (mkdir(dir, 0700) < 0)
                return log_error_errno(-errno, "loader: %s cannot be made", dir);
        return 0;
}

int loader_pins_remove_links(const char *dir, unsigned long keep_stamp)
{
        DIR *d = opendir(dir);
        const struct dirent *e;
        char path[768], suffix[32];
        int r = 0;

        if (!d)
                return -errno;
        snprintf(suffix, sizeof(suffix), "_%lu", keep_stamp);
        while ((e = readdir(d))) {
                size_t n = strlen(e->d_name), l = strlen(suffix);

                if (strncmp(e->d_name, LOADER_LINK_PREFIX, strlen(LOADER_LINK_PREFIX)) != 0)
                        continue;
                if (n > l && strcmp(e->d_name + n - l, suffix) == 0)
                        continue;
                snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
                if (unlink(path) < 0)
                        r = log_error_errno(-errno, "loader: %s cannot be removed", path);
        }
        closedir(d);
        snprintf(path, sizeof(path), "%s-old", dir);
        if (remove_dir(path) < 0)
                r = log_error_errno(-errno, "loader: %s cannot be removed", path);
        return r;
}

int loader_pins_remove_all(const char *dir)
{
        char old[512];
        int r, q;

        snprintf(old, sizeof(old), "%s-old", dir);
        r = remove_dir(dir);
        q = remove_dir(old);
        return r < 0 ? r : q;
}
