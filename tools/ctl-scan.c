/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl scan PATH...`: classifies files without daemon and
 * without root, in the same sandbox the daemon uses.
 * Owns: the walk: what is opened, and what is not (FIFOs, devices, directories
 * behind symbolic links, kernel file systems).
 * Must not: parse a model here; show anything itself (ctl-scan-output.c).
 * Called by: aiguardctl.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "ctl-data.h"
#include "ctl-scan.h"
#include "lib/scan-client.h"
#include "lib/util-string.h"
#include "verbs.h"

#define DEPTH_MAX 400 /* each level holds one descriptor */
#define EXIT_IDENTIFIED 1

typedef struct Walk {
        ScanServer *server;
        ScanServerOptions options;
        ScanCounts counts;
        dev_t siblings_dev; /* the directory of the last file, and what was not in it */
        ino_t siblings_ino;
        uint64_t siblings_absent;
        bool named;         /* the file at hand was asked for by its name */
        uint64_t n_counted; /* of the first pass, for the progress bar */
        bool json, all, content_only, counting, failed;
} Walk;

static uint64_t now_usec(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000U + (uint64_t) ts.tv_nsec / 1000U;
}

static void complain(Walk *w, const char *path, const char *what)
{
        if (w->counting)
                return;
        progress_clear();
        fputs("aiguardctl: ", stderr);
        fputs_escaped(path, stderr);
        fprintf(stderr, ": %s\n", what);
        w->failed = true;
}

static size_t open_siblings(Walk *w, int dir_fd, const char *name, ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        struct stat st;

        if (w->named || dir_fd < 0 || fstat(dir_fd, &st) < 0)
                return scan_siblings_open(dir_fd, name, true, ret);
        if (st.st_dev != w->siblings_dev || st.st_ino != w->siblings_ino) {
                w->siblings_dev = st.st_dev;
                w->siblings_ino = st.st_ino;
                w->siblings_absent = 0;
        }
        return scan_siblings_open_again(dir_fd, name, true, &w->siblings_absent, ret);
}

/* One file. When it took the scanner down, the scanner is started again for the next. */
static int scan_one(Walk *w, int dir_fd, int fd, const char *name, const char *path, Classification *ret)
{
        ScanSibling siblings[SCAN_SIBLINGS_MAX];
        size_t n = 0;
        int r = 0;

        if (!w->server)
                r = scan_server_new(&w->options, &w->server);
        if (r < 0)
                return r;
        if (!w->content_only)
                n = open_siblings(w, dir_fd, name, siblings);
        r = scan_server_run(w->server, fd, w->content_only ? "" : path, siblings, n, ret);
        scan_siblings_close(siblings, n);
        if (r < 0 || ret->status == SCAN_UNPARSABLE)
                w->server = r == -EPIPE ? scan_server_free(w->server) : w->server;
        return r;
}

static void visit_file(Walk *w, int dir_fd, int path_fd, const char *name, const char *path, bool named)
{
        _cleanup_close_ int fd = -EBADF;
        Classification c;
        char proc[64];
        int r;

        (void) snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
        fd = open(proc, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0) {
                complain(w, path, strerror(errno));
                return;
        }
        progress_step(path);
        w->named = named;
        r = scan_one(w, dir_fd, fd, name, path, &c);
        if (r == -EPIPE)
                r = scan_one(w, dir_fd, fd, name, path, &c);
        if (r < 0) {
                complain(w, path, strerror(-r));
                return;
        }
        w->counts.files++;
        w->counts.by_status[c.status]++;
        if (w->json)
                scan_print_json(path, &c);
        else
                scan_print_text(path, &c, named || w->all);
}

/* Without a file behind it; reading there can have effects, and cannot find a model. */
static bool is_kernel_fs(int fd)
{
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        switch ((unsigned long) fs.f_type & 0xffffffffUL) {
        case PROC_SUPER_MAGIC:
        case SYSFS_MAGIC:
        case DEBUGFS_MAGIC:
        case TRACEFS_MAGIC:
        case SECURITYFS_MAGIC:
        case CGROUP_SUPER_MAGIC:
        case CGROUP2_SUPER_MAGIC:
        case BPF_FS_MAGIC:
        case DEVPTS_SUPER_MAGIC:
        case EFIVARFS_MAGIC:
                return true;
        default:
                return false;
        }
}

static void walk_directory(Walk *w, int dir_fd, const char *path, unsigned depth);

static void visit(Walk *w, int dir_fd, const char *name, const char *path, bool named, unsigned depth)
{
        _cleanup_close_ int path_fd = -EBADF, sub = -EBADF;
        bool link = false;
        struct stat st;

        path_fd = openat(dir_fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
        if (path_fd >= 0 && fstat(path_fd, &st) >= 0 && S_ISLNK(st.st_mode)) {
                link = true;
                safe_close(path_fd);
                path_fd = openat(dir_fd, name, O_PATH | O_CLOEXEC);
        }
        if (path_fd < 0 || fstat(path_fd, &st) < 0) {
                /* A link to nowhere in a tree is nothing to complain about. */
                if (named || !link || errno != ENOENT)
                        complain(w, path, strerror(errno));
                return;
        }
        if (S_ISDIR(st.st_mode)) {
                if (link && !named)
                        return;
                sub = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (sub < 0)
                        complain(w, path, strerror(errno));
                else if (!is_kernel_fs(sub) || named)
                        walk_directory(w, TAKE_FD(sub), path, depth + 1);
        } else if (!S_ISREG(st.st_mode)) {
                if (named)
                        complain(w, path, "not a regular file");
        } else if (w->counting) {
                w->n_counted++;
        } else {
                visit_file(w, dir_fd, path_fd, name, path, named);
        }
}

/* Takes the descriptor. */
static void walk_directory(Walk *w, int dir_fd, const char *path, unsigned depth)
{
        DIR *d = fdopendir(dir_fd);
        struct dirent *e;

        if (!d) {
                complain(w, path, strerror(errno));
                safe_close(dir_fd);
                return;
        }
        if (depth > DEPTH_MAX)
                complain(w, path, "too many directories inside each other");
        while (depth <= DEPTH_MAX && (e = readdir(d))) {
                _cleanup_free_ char *below = NULL;

                if (streq(e->d_name, ".") || streq(e->d_name, ".."))
                        continue;
                if (string_printf(&below, "%s%s%s", path, endswith(path, "/") ? "" : "/", e->d_name) < 0) {
                        complain(w, path, "out of memory");
                        break;
                }
                visit(w, dirfd(d), e->d_name, below, false, depth);
        }
        closedir(d);
}

/* The directory a named path lies in, so that its siblings are found. */
static void visit_named(Walk *w, const char *path)
{
        _cleanup_free_ char *dir = strdup(path);
        _cleanup_close_ int dir_fd = -EBADF;
        char *slash;

        if (!dir) {
                complain(w, path, "out of memory");
                return;
        }
        for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
                dir[n - 1] = 0;
        slash = strrchr(dir, '/');
        if (!slash || !slash[1]) {
                visit(w, AT_FDCWD, path, path, true, 0);
                return;
        }
        *slash = 0;
        dir_fd = open(slash == dir ? "/" : dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                complain(w, path, strerror(errno));
        else
                visit(w, dir_fd, slash + 1, path, true, 0);
}

static void print_usage(FILE *f)
{
        fputs("aiguardctl scan [OPTIONS] PATH...\n\n"
              "Says what model files can do, from what is in them. Needs no daemon and no root.\n"
              "Directories are searched; links to directories are not followed.\n\n"
              "Options:\n"
              "  --json            one line of JSON for each file\n"
              "  --all             show files that are clean or no models as well\n"
              "  --content-only    look at the file only: neither its name nor the files beside it\n"
              "  --no-catalog      know no model by its fingerprint\n"
              "  --modelcaps=DIR   model capabilities; default " MODELCAPS_DIR "\n"
              "  --seconds=N       limit for one file; default 10\n"
              "  -h, --help        this text\n\n"
              "Exit: 0 nothing is identified; 1 something is; 2 a mistake, or a file could not be "
              "scanned.\n",
              f);
}

typedef struct Arguments {
        char *modelcaps;
        uint64_t seconds;
        bool json, all, content_only, no_catalog, help;
} Arguments;

static int parse_arguments(int argc, char **argv, Arguments *a)
{
        enum {
                ARG_JSON = 256,
                ARG_ALL,
                ARG_CONTENT_ONLY,
                ARG_NO_CATALOG,
                ARG_MODELCAPS,
                ARG_SECONDS,
        };
        static const struct option options[] = {
                { "json", no_argument, NULL, ARG_JSON },
                { "all", no_argument, NULL, ARG_ALL },
                { "content-only", no_argument, NULL, ARG_CONTENT_ONLY },
                { "no-catalog", no_argument, NULL, ARG_NO_CATALOG },
                { "modelcaps", required_argument, NULL, ARG_MODELCAPS },
                { "seconds", required_argument, NULL, ARG_SECONDS },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case ARG_JSON:
                        a->json = true;
                        break;
                case ARG_ALL:
                        a->all = true;
                        break;
                case ARG_CONTENT_ONLY:
                        a->content_only = true;
                        break;
                case ARG_NO_CATALOG:
                        a->no_catalog = true;
                        break;
                case ARG_MODELCAPS:
                        free(a->modelcaps);
                        a->modelcaps = strdup(optarg);
                        break;
                case ARG_SECONDS:
                        if (parse_u64(optarg, 3600, &a->seconds) < 0 || a->seconds == 0) {
                                fputs("aiguardctl: --seconds wants a number from 1 to 3600\n", stderr);
                                return -EINVAL;
                        }
                        break;
                case 'h':
                        a->help = true;
                        return 0;
                default:
                        return -EINVAL;
                }
        return optind < argc ? 0 : -EINVAL;
}

static int run(const Arguments *a, char **paths)
{
        uint64_t begin = now_usec();
        Walk w = {
                .options = { .modelcaps_dir = a->modelcaps,
                             .seconds = (unsigned) a->seconds,
                             .no_catalog = a->no_catalog,
                             .reuse = true },
                .json = a->json,
                .all = a->all,
                .content_only = a->content_only,
        };
        int r;

        r = scan_server_new(&w.options, &w.server);
        if (r < 0) {
                fprintf(stderr, "aiguardctl: the scanner cannot be started: %s\n",
                        r == -EBADMSG ? "the model capabilities are not valid" : strerror(-r));
                return EXIT_USAGE;
        }
        if (isatty(STDERR_FILENO)) {
                w.counting = true;
                for (char **p = paths; *p; p++)
                        visit_named(&w, *p);
                w.counting = false;
        }
        progress_begin(w.n_counted);
        for (char **p = paths; *p; p++)
                visit_named(&w, *p);
        progress_end();
        scan_server_free(w.server);
        if (!a->json && w.counts.files > 1)
                scan_print_summary(&w.counts, now_usec() - begin);
        if (fflush(stdout) != 0)
                w.failed = true;
        return w.failed                                  ? EXIT_USAGE
               : w.counts.by_status[SCAN_IDENTIFIED] > 0 ? EXIT_IDENTIFIED
                                                         : EXIT_SUCCESS;
}

int verb_scan(int argc, char **argv)
{
        Arguments a = {};
        int code;

        if (parse_arguments(argc, argv, &a) < 0) {
                print_usage(stderr);
                free(a.modelcaps);
                return EXIT_USAGE;
        }
        if (a.help) {
                print_usage(stdout);
                free(a.modelcaps);
                return EXIT_SUCCESS;
        }
        if (!a.modelcaps)
                a.modelcaps = ctl_modelcaps_dir();
        code = a.modelcaps ? run(&a, argv + optind) : EXIT_USAGE;
        free(a.modelcaps);
        return code;
}
