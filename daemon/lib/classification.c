/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the check at the border between the sandboxed scanner and everybody
 * else, and the names of the enumerations.
 * Owns: what a classification may look like.
 * Must not: repair anything; one wrong byte and none of it is believed.
 * Called by: scan-client.c, the classification cache, aiguardctl.
 */
#include "lib/classification.h"

#include <errno.h>
#include <string.h>

#include "lib/escape.h"

/* The first is, and each is what the one before it is. */
static bool is_zero(const char *p, size_t n)
{
        return n == 0 || (*p == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Terminated, UTF-8, and nothing behind the end: no channel for what nobody looks at. */
static bool is_text(const char *s, size_t size)
{
        size_t n = strnlen(s, size);

        if (n == size || !utf8_is_valid(s, n))
                return false;
        return is_zero(s + n, size - n);
}

static bool is_evidence(const Evidence *e)
{
        return is_text(e->kind, sizeof(e->kind)) && is_text(e->where, sizeof(e->where)) &&
               is_text(e->detail, sizeof(e->detail));
}

static bool is_finding(const ModelcapFinding *f)
{
        if (!is_text(f->name, sizeof(f->name)) || f->certainty >= _CERTAINTY_MAX || f->confidence > 100 ||
            f->n_evidence > CLASSIFICATION_EVIDENCE_MAX || f->reserved)
                return false;
        for (size_t i = 0; i < CLASSIFICATION_EVIDENCE_MAX; i++)
                if (!is_evidence(&f->evidence[i]))
                        return false;
        return true;
}

int classification_validate(const void *data, size_t size, const Classification **ret)
{
        const Classification *c = data;

        if (size != sizeof(*c) || c->version != CLASSIFICATION_VERSION)
                return -EBADMSG;
        if (c->status >= _SCAN_STATUS_MAX || c->runtime >= _RUNTIME_KIND_MAX ||
            c->n_modelcaps > CLASSIFICATION_MODELCAPS_MAX || c->is_text > 1)
                return -EBADMSG;
        if (!is_text(c->format, sizeof(c->format)) || !is_text(c->reason, sizeof(c->reason)) ||
            !is_evidence(&c->runtime_evidence))
                return -EBADMSG;
        for (size_t i = 0; i < c->n_modelcaps; i++)
                if (!is_finding(&c->modelcaps[i]) || !c->modelcaps[i].name[0])
                        return -EBADMSG;
        if (!is_zero((const char *) c + classification_used(c), sizeof(*c) - classification_used(c)))
                return -EBADMSG;
        *ret = c;
        return 0;
}

void classification_sort(Classification *c)
{
        for (unsigned i = 1; i < c->n_modelcaps; i++)
                for (unsigned k = i; k > 0; k--) {
                        ModelcapFinding *a = &c->modelcaps[k - 1], *b = &c->modelcaps[k], swap;

                        if (a->certainty > b->certainty ||
                            (a->certainty == b->certainty && a->confidence >= b->confidence))
                                break;
                        swap = *a;
                        *a = *b;
                        *b = swap;
                }
}

const char *scan_status_to_string(ScanStatus s)
{
        static const char *const names[_SCAN_STATUS_MAX] = {
                [SCAN_NOT_A_MODEL] = "not-a-model", [SCAN_CLEAN] = "clean",
                [SCAN_UNPARSABLE] = "unparsable",   [SCAN_SUSPECT] = "suspect",
                [SCAN_IDENTIFIED] = "identified",
        };

        return (unsigned) s < _SCAN_STATUS_MAX ? names[s] : NULL;
}

const char *certainty_to_string(Certainty c)
{
        static const char *const names[_CERTAINTY_MAX] = {
                [CERTAINTY_CAPABLE] = "capable",
                [CERTAINTY_SUSPECT] = "suspect",
                [CERTAINTY_IDENTIFIED] = "identified",
        };

        return (unsigned) c < _CERTAINTY_MAX ? names[c] : NULL;
}

const char *runtime_kind_to_string(RuntimeKind k)
{
        static const char *const names[_RUNTIME_KIND_MAX] = {
                [RUNTIME_NONE] = "none",
                [RUNTIME_INTERPRETER] = "interpreter",
                [RUNTIME_WEAK] = "weak",
                [RUNTIME_STRONG] = "strong",
        };

        return (unsigned) k < _RUNTIME_KIND_MAX ? names[k] : NULL;
}
