/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as aiguard.conf and as a kernel command line. */
#include <stdint.h>
#include <string.h>

#include "lib/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Config c = { .hold_max_ms = 20, .scan_timeout_sec = 30 };
        char *copy = strndup((const char *) data, size);
        Diag *diag = NULL;
        int r;

        if (!copy || diag_new(&diag) < 0)
                abort();
        r = config_parse_buffer("fuzz", (const char *) data, size, diag, &c);
        if ((r == -EBADMSG) != (diag_count(diag, DIAG_ERROR) > 0))
                abort();
        if (c.hold_max_ms < 1 || c.hold_max_ms > 200 || c.scan_timeout_sec < 1 || c.scanner_delay_sec > 60 ||
            c.mode > POLICY_MODE_ENFORCE || c.log_level > 7)
                abort();
        (void) config_cmdline_mode(copy);
        config_done(&c);
        diag_free(diag);
        free(copy);
        return 0;
}
