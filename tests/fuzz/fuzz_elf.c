/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the ELF reader and the recognition of runtimes, on anything. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Classification c = { .version = CLASSIFICATION_VERSION };
        Source s;

        source_init_memory(&s, data, size);
        (void) runtime_read_elf(fuzz_modelcaps()->runtimes, &s, "libx.so", &c);
        fuzz_check(&c);
        return 0;
}
