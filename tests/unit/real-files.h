/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REAL_FILES_H
#define REAL_FILES_H
/* Files made by the real writer of a format, at test time. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model-files.h"

/*
 * Runs a Python script with the name of a new file as its argument and reads
 * what it wrote. The test is skipped when a module it imports is not installed
 * (the script ends with 77), and fails when the script does.
 */
static inline Bytes python_file(const char *imports, const char *script)
{
        char name[] = "/tmp/aiguard-test-XXXXXX", text[16384];
        int fd = mkstemp(name), status = 0;
        struct stat st;
        Bytes b = {};
        pid_t pid;

        cr_assert_geq(fd, 0);
        (void) snprintf(text, sizeof(text),
                        "import sys\ntry:\n    import %s\nexcept ImportError:\n    sys.exit(77)\nname = "
                        "sys.argv[1]\n%s",
                        imports, script);
        pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0) {
                unsetenv("LD_PRELOAD");
                execl("/usr/bin/python3", "python3", "-W", "ignore", "-c", text, name, (char *) NULL);
                _exit(127);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
                close(fd);
                unlink(name);
                cr_skip_test("python3 has no %s", imports);
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

#endif
