/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: adds the label lists of a workload's code to what is known of a
 * model. The scanner has judged both by the same data; here they are put
 * together.
 * Owns: when a suspicion rises.
 * Must not: read files; find anything in a model that is not suspect already.
 * Called by: the daemon's dossiers, tests.
 */
#include "lib/classify-workload.h"

#include <string.h>

#include "lib/classify.h"
#include "lib/escape.h"
#include "lib/modelcap-internal.h"

#define CONFIDENCE_MAX 99

static const Evidence *find_list(const ModelcapFinding *f)
{
        for (size_t i = 0; i < f->n_evidence; i++)
                if (strcmp(f->evidence[i].kind, "label-list") == 0)
                        return &f->evidence[i];
        return NULL;
}

static bool has_contrary(const ModelcapFinding *f)
{
        for (size_t i = 0; i < f->n_evidence; i++)
                if (strcmp(f->evidence[i].kind, EVIDENCE_CONTRARY) == 0)
                        return true;
        return false;
}

static int vocabulary_of(const ModelcapSet *set, const char *modelcap)
{
        int n = modelcap_set_find(set, modelcap);

        return n < 0 ? MODELCAP_NONE : set->caps[n].vocabulary;
}

bool modelcap_may_rise(const ModelcapSet *set, size_t i)
{
        return i < set->n_caps && set->caps[i].vocabulary != MODELCAP_NONE &&
               set->caps[i].ceiling == CERTAINTY_IDENTIFIED;
}

size_t labels_seen(const Classification *text, const ModelcapSet *set, LabelsSeen *ret, size_t max)
{
        size_t n = 0;

        /* Lengths are noted of lists that are plainly one: without any there is none. */
        if (!text->is_text || text->classes[0] == 0)
                return 0;
        for (size_t i = 0; i < text->n_modelcaps && i < CLASSIFICATION_MODELCAPS_MAX && n < max; i++) {
                const ModelcapFinding *f = &text->modelcaps[i];
                const Evidence *list = find_list(f);
                LabelsSeen *s = &ret[n];

                if (!list || has_contrary(f) || vocabulary_of(set, f->name) == MODELCAP_NONE)
                        continue;
                *s = (LabelsSeen){ .confidence = f->confidence };
                memcpy(s->classes, text->classes, sizeof(s->classes));
                text_copy(s->modelcap, sizeof(s->modelcap), f->name, strlen(f->name));
                text_copy(s->where, sizeof(s->where), list->where, strlen(list->where));
                text_copy(s->detail, sizeof(s->detail), list->detail, strlen(list->detail));
                n++;
        }
        return n;
}

/* A model that does not show how many classes it has may have any number. */
static bool fits(const uint8_t *model, const uint8_t *lists)
{
        for (size_t m = 0; m < CLASSIFICATION_CLASSES_MAX && model[m]; m++)
                for (size_t l = 0; l < CLASSIFICATION_CLASSES_MAX && lists[l]; l++)
                        if (model[m] == lists[l])
                                return true;
        return model[0] == 0;
}

static void put_first(ModelcapFinding *f, const LabelsSeen *seen, const char *file)
{
        size_t kept = MIN((size_t) f->n_evidence, (size_t) CLASSIFICATION_EVIDENCE_MAX - 1);
        Evidence *e = &f->evidence[0];
        char where[160];

        memmove(e + 1, e, kept * sizeof(*e));
        *e = (Evidence){};
        f->n_evidence = (uint8_t) (kept + 1);
        (void) snprintf(e->kind, sizeof(e->kind), EVIDENCE_WORKLOAD_CODE);
        /* The end of a long path tells more than its beginning. */
        (void) snprintf(where, sizeof(where), "%.48s %.60s",
                        strlen(file) > 48 ? file + strlen(file) - 48 : file, seen->where);
        text_copy(e->where, sizeof(e->where), where, strlen(where));
        text_copy(e->detail, sizeof(e->detail), seen->detail, strlen(seen->detail));
}

bool classify_with_labels(const LabelsSeen *seen, const char *file, const ModelcapSet *set,
                          Classification *model)
{
        int vocabulary = vocabulary_of(set, seen->modelcap);
        bool risen = false;

        /* Two texts make no model. */
        if (model->is_text || vocabulary == MODELCAP_NONE || !fits(model->classes, seen->classes))
                return false;
        for (size_t i = 0; i < model->n_modelcaps && i < CLASSIFICATION_MODELCAPS_MAX; i++) {
                ModelcapFinding *f = &model->modelcaps[i];
                int n = modelcap_set_find(set, f->name);
                double doubt = (1 - f->confidence / 100.0) * (1 - seen->confidence / 100.0);

                if (n < 0 || !modelcap_may_rise(set, (size_t) n) || set->caps[n].vocabulary != vocabulary ||
                    f->certainty != CERTAINTY_SUSPECT || has_contrary(f))
                        continue;
                f->certainty = CERTAINTY_IDENTIFIED;
                f->confidence = (uint8_t) MIN((unsigned) (100 * (1 - doubt) + 0.5),
                                              (unsigned) CONFIDENCE_MAX);
                put_first(f, seen, file);
                risen = true;
        }
        if (!risen)
                return false;
        model->status = SCAN_IDENTIFIED;
        memset(model->reason, 0, sizeof(model->reason));
        classification_sort(model);
        return true;
}
