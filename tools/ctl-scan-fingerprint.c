/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl scan --fingerprint`: the fingerprint of a model, ready
 * to be put under `fingerprints:` of a model capability.
 * Owns: nothing.
 * Must not: be used on a file one does not trust: this reads it in this process.
 * Called by: ctl-scan.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl-scan.h"
#include "lib/model/reader.h"
#include "lib/util-string.h"

int scan_print_fingerprint(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        bool found = false;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        for (size_t i = 0; model_readers[i] && !found; i++) {
                _cleanup_facts_ ModelFacts facts;
                Source s;

                facts_init(&facts);
                source_init_fd(&s, fd, (uint64_t) st.st_size);
                if (model_readers[i]->probe(&s) == PROBE_NO || model_readers[i]->read(&s, &facts) < 0 ||
                    !facts.is_model || !facts.structure[0])
                        continue;
                found = true;
                fputs("  - name: ", stdout);
                fputs_escaped(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, stdout);
                printf("\n    origin: ...\n    structure: %s\n", facts.structure);
                if (facts.sample[0])
                        printf("    sample: %s\n", facts.sample);
        }
        return found ? 0 : -ENODATA;
}
