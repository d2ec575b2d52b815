/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_WRITERS_H
#define MODEL_WRITERS_H
/*
 * Model files from the programs that really write them. A script gets the path
 * to write as its first argument and leaves with 77 when what it needs is not
 * installed: then the test is skipped, and says so.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "model-files.h"

#define WRITER_MISSING 77

static inline int run_writer(const char *program, const char *option, const char *script, const char *path)
{
        int status;
        pid_t pid = fork();

        cr_assert_geq(pid, 0);
        if (pid == 0) {
                int null = open("/dev/null", O_WRONLY);

                (void) setenv("NODE_PATH", ".build/npm/node_modules", 0);
                (void) unsetenv("ASAN_OPTIONS");
                (void) dup2(null, STDOUT_FILENO);
                execlp(program, program, option, script, path, (char *) NULL);
                _exit(WRITER_MISSING);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline Bytes read_and_remove(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        Bytes b = {};

        cr_assert_geq(fd, 0, "%s was not written", path);
        cr_assert_eq(fstat(fd, &st), 0);
        b.data = malloc((size_t) st.st_size + 1);
        cr_assert(b.data);
        cr_assert_eq(read(fd, b.data, (size_t) st.st_size), st.st_size);
        b.n = (size_t) st.st_size;
        b.room = b.n + 1;
        unlink(path);
        return b;
}

/* What the script wrote; skips the test when its library is missing. */
static inline Bytes written_by(const char *program, const char *option, const char *script)
{
        char path[] = "/tmp/aiguard-writer-XXXXXX";
        int fd = mkstemp(path), rc;

        cr_assert_geq(fd, 0);
        close(fd);
        rc = run_writer(program, option, script, path);
        if (rc == WRITER_MISSING) {
                unlink(path);
                cr_skip_test("the program that writes this format is not installed");
        }
        cr_assert_eq(rc, 0, "%s failed with %d", program, rc);
        return read_and_remove(path);
}

#endif
