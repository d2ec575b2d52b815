/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: chooses the backend: the first of the table that this kernel can
 * run. Owns nothing else. Called by the manager.
 */
#include "backend.h"

#include <errno.h>

#include "lib/log.h"

static const BackendOps *const backends[] = { &backend_lsm_ops };

int backend_new(uint32_t names_hash, Backend **ret)
{
        int r = -EOPNOTSUPP;

        for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
                _cleanup_(backend_freep) Backend *b = calloc(1, sizeof(*b));

                if (!b)
                        return -ENOMEM;
                b->ops = backends[i];
                r = b->ops->open(b, names_hash);
                if (r >= 0) {
                        *ret = TAKE_PTR(b);
                        return 0;
                }
                log_notice("backend: %s is not possible: %s", b->ops->name, b->reason);
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
