/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REAL_FILES_H
#define REAL_FILES_H
/* Files made by the real writer of a format, at test time. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model-files.h"

/*
 * Runs a script with the name of a new file as its argument and reads what it
 * wrote. The test is skipped when what it needs is not installed (the script
 * ends with 77), and fails when the script does.
 */
static inline Bytes script_file(const char *const *argv, const char *needs)
{
        char name[] = "/tmp/aiguard-test-XXXXXX";
        const char *arguments[8] = {};
        int fd = mkstemp(name), status = 0;
        struct stat st;
        Bytes b = {};
        pid_t pid;

        cr_assert_geq(fd, 0);
        for (size_t i = 0; argv[i] && i < ARRAY_SIZE(arguments) - 2; i++) {
                arguments[i] = argv[i];
                arguments[i + 1] = name;
        }
        pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0) {
                unsetenv("LD_PRELOAD");
                setenv("NODE_PATH", ".build/npm/node_modules", 0);
                execvp(arguments[0], (char *const *) arguments);
                _exit(errno == ENOENT ? 77 : 127);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
                close(fd);
                unlink(name);
                cr_skip_test("%s is not installed", needs);
        }
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the script failed");
        close(fd);
        fd = open(name, O_RDONLY | O_CLOEXEC); /* the writer may have made a new file of that name */
        unlink(name);
        cr_assert_eq(fstat(fd, &st), 0);
        b = (Bytes){ .data = malloc((size_t) st.st_size + 1),
                     .n = (size_t) st.st_size,
                     .room = (size_t) st.st_size };
        cr_assert_eq(read(fd, b.data, b.n), (ssize_t) b.n);
        close(fd);
        return b;
}

/* Python: `imports` are what the test needs; `name` is the file to write. */
static inline Bytes python_file(const char *imports, const char *script)
{
        char text[16384];
        const char *const argv[] = { "/usr/bin/python3", "-W", "ignore", "-c", text, NULL };

        (void) snprintf(text, sizeof(text),
                        "import sys\ntry:\n    import %s\nexcept ImportError:\n    sys.exit(77)\nname = "
                        "sys.argv[1]\n%s",
                        imports, script);
        return script_file(argv, imports);
}

/* JavaScript: leaves with 77 when a package is missing; process.argv[1] is the file to write. */
static inline Bytes node_file(const char *script)
{
        const char *const argv[] = { "node", "-e", script, NULL };

        return script_file(argv, "TensorFlow.js");
}

#endif
