/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: where the data lie that offline verbs need. Owns nothing, reads
 * nothing. Called by the verbs that run without an installation.
 */
#include "ctl-data.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/modelcap.h"
#include "lib/util-string.h"

char *ctl_modelcaps_dir(void)
{
        char exe[4096], *slash, *path = NULL;
        ssize_t n;

        if (access(MODELCAPS_DIR, R_OK) >= 0)
                return strdup(MODELCAPS_DIR);
        n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
        if (n <= 0)
                return strdup(MODELCAPS_DIR);
        exe[n] = 0;
        for (int up = 0; up < 4; up++) {
                slash = strrchr(exe, '/');
                if (!slash)
                        break;
                *slash = 0;
                if (string_printf(&path, "%s/policies/modelcaps", exe) < 0)
                        return NULL;
                if (access(path, R_OK) >= 0)
                        return path;
                free(path);
                path = NULL;
        }
        return strdup(MODELCAPS_DIR);
}
