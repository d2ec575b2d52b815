/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: chooses the backend: the one that the configuration names, or the
 * first of the table that this kernel can run. Each tries for real, by loading
 * and attaching. Owns nothing else. Called by the manager.
 */
#include "backend.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"

static const BackendOps *const backends[] = { &backend_lsm_ops, &backend_fanotify_ops,
                                              &backend_observe_ops };

static int try(const BackendOps *ops, uint32_t names_hash, Backend **ret, char *why_not, size_t size)
{
        _cleanup_(backend_freep) Backend *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->ops = ops;
        r = ops->open(b, names_hash);
        if (r < 0) {
                snprintf(why_not, size, "%s is not possible: %s", ops->name, b->reason);
                log_notice("backend: %s", why_not);
                return r;
        }
        *ret = TAKE_PTR(b);
        return 0;
}

int backend_new(ConfigBackend which, uint32_t names_hash, Backend **ret)
{
        const char *wanted = config_backend_to_string(which);
        char why_not[440] = "";
        int r = -EOPNOTSUPP;

        for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
                const BackendOps *ops = backends[i];

                if (which != CONFIG_BACKEND_AUTO ? strcmp(wanted, ops->name) != 0 : !ops->automatic)
                        continue;
                r = try(ops, names_hash, ret, why_not, sizeof(why_not));
                if (r >= 0 && which != CONFIG_BACKEND_AUTO)
                        snprintf((*ret)->reason, sizeof((*ret)->reason), "aiguard.conf says Backend=%s",
                                 wanted);
                else if (r >= 0 && *why_not)
                        snprintf((*ret)->reason, sizeof((*ret)->reason), "%.399s", why_not);
                if (r >= 0 || r == -EPERM || r == -ENOMEM)
                        return r;
        }
        return r;
}

Backend *backend_free(Backend *b)
{
        if (!b)
                return NULL;
        b->ops->close(b);
        free(b);
        return NULL;
}

int backend_attach(Backend *b)
{
        return b->ops->attach(b);
}
