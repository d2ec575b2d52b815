/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the cgroup freezer, for a few milliseconds at a time. What is
 * frozen is noted in /run first: a daemon that dies meanwhile must not leave a
 * service standing. Owns nothing else. Main thread.
 */
#include "withdraw-freeze.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/features.h"
#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proc.h"
#include "lib/util-string.h"

#define NOTE_FILE "/run/aiguard/frozen"
#define WAIT_STEPS 200U
#define STEP_NS 500000L

static int write_word(const char *dir, const char *file, const char *word)
{
        _cleanup_close_ int fd = -EBADF;
        char path[PATH_MAX];

        if ((size_t) snprintf(path, sizeof(path), "%s/%s", dir, file) >= sizeof(path))
                return -ENAMETOOLONG;
        fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 || write(fd, word, strlen(word)) < 0 ? -errno : 0;
}

static bool says(const char *dir, const char *file, const char *text)
{
        _cleanup_free_ char *content = NULL;
        char path[PATH_MAX];
        size_t n;

        return (size_t) snprintf(path, sizeof(path), "%s/%s", dir, file) < sizeof(path) &&
               read_file_capped(AT_FDCWD, path, 4096, &content, &n) >= 0 && strstr(content, text);
}

static int cgroup_of(pid_t pid, char *ret, size_t size)
{
        _cleanup_close_ int proc_fd = proc_open(pid);
        int r = proc_fd < 0 ? proc_fd : proc_cgroup(proc_fd, ret, size);

        return r < 0 ? r : *ret ? 0 : -ENOENT;
}

/* What stands still with us in it would never be thawed. */
static bool holds_us(const char *path)
{
        char own[PATH_MAX];
        size_t n = strlen(path);

        return cgroup_of(getpid(), own, sizeof(own)) < 0 ||
               (strncmp(own, path, n) == 0 && (own[n] == '/' || own[n] == '\0'));
}

static void note_frozen(const Freezer *f)
{
        _cleanup_fclose_ FILE *file = fopen(NOTE_FILE, "we");

        for (size_t i = 0; file && i < f->n; i++)
                fprintf(file, "%s\n", f->paths[i]);
}

void freezer_add(Freezer *f, pid_t pid)
{
        char root[PATH_MAX], path[PATH_MAX];
        _cleanup_free_ char *dir = NULL;

        if (f->n == FREEZER_MAX || features_cgroup2_mount(root, sizeof(root)) < 0 ||
            cgroup_of(pid, path, sizeof(path)) < 0 || streq(path, "/") || holds_us(path) ||
            string_printf(&dir, "%s%s", root, path) < 0)
                return;
        for (size_t i = 0; i < f->n; i++)
                if (streq(f->paths[i], dir))
                        return;
        if (says(dir, "cgroup.freeze", "1"))
                return;
        f->paths[f->n++] = dir;
        note_frozen(f);
        if (write_word(dir, "cgroup.freeze", "1") < 0) {
                log_warning_errno(-errno, "withdraw: %s cannot be frozen", dir);
                f->n--;
                return;
        }
        TAKE_PTR(dir);
}

void freezer_wait(const Freezer *f)
{
        for (size_t i = 0; i < f->n; i++)
                for (unsigned step = 0; step < WAIT_STEPS && !says(f->paths[i], "cgroup.events", "frozen 1");
                     step++)
                        (void) nanosleep(&(struct timespec){ .tv_nsec = STEP_NS }, NULL);
}

void freezer_thaw(Freezer *f)
{
        for (size_t i = 0; i < f->n; i++) {
                if (write_word(f->paths[i], "cgroup.freeze", "0") < 0 && errno != ENOENT)
                        log_error_errno(-errno, "withdraw: %s cannot be thawed", f->paths[i]);
                free(f->paths[i]);
        }
        f->n = 0;
        (void) unlink(NOTE_FILE);
}

void freezer_recover(void)
{
        _cleanup_free_ char *text = NULL;
        char *at, *next;
        size_t n;

        if (read_file_capped(AT_FDCWD, NOTE_FILE, 65536, &text, &n) < 0)
                return;
        for (at = text; (next = strchr(at, '\n')); at = next + 1) {
                *next = '\0';
                log_notice("withdraw: %s was left frozen by an earlier run", at);
                (void) write_word(at, "cgroup.freeze", "0");
        }
        (void) unlink(NOTE_FILE);
}
