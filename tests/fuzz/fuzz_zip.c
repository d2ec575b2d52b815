/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the directory of a zip file and all its members, on anything. */
#include <stdlib.h>

#include "lib/model/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Source s;
        Zip z;
        int r;

        source_init_memory(&s, data, size);
        r = zip_open(&s, true, &z);
        if (r < 0 && !s.reason)
                abort(); /* a failure without a reason */
        if (r <= 0)
                return 0;
        for (size_t i = 0; i < z.n && i < 8; i++) {
                char *text = NULL;
                size_t n = 0;

                if (zip_read(&z, &z.members[i], 65536, &text, &n) == 0 && text[n] != 0)
                        abort();
                free(text);
        }
        zip_done(&z);
        return 0;
}
