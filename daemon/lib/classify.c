/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: weighs the evidence: strong evidence identifies, weak evidence adds
 * up to a suspicion and no further.
 * Owns: that rule, and which member of a family of capabilities (face, voice,
 * text, ...) a finding goes to.
 * Must not: read files; keep anything between two calls.
 * Called by: scan.c.
 */
#include "lib/classify.h"

#include <string.h>

#include "lib/classify-internal.h"

#define SUSPECT_MIN 30
#define SUSPECT_MAX 79
#define IDENTIFIED_MAX 99

static const char *const kind_names[_HIT_KIND_MAX] = {
        [HIT_FINGERPRINT] = "fingerprint",
        [HIT_LABEL_LIST] = "label-list",
        [HIT_SIBLING_LIST] = "sibling",
        [HIT_INTERNAL_NAME] = "internal-name",
        [HIT_ARCHITECTURE] = "architecture",
        [HIT_SIBLING_NAME] = "sibling-name",
        [HIT_STRUCTURE] = "structure",
        [HIT_PATH] = "path",
        [HIT_SHAPE] = "shape",
};

/* The modality of the model, MODELCAP_NONE when it shows none. */
static int decide_modality(const Judge *j, bool *ret_path_only)
{
        unsigned best = 0;
        int modality = MODELCAP_NONE;

        *ret_path_only = false;
        for (size_t i = 0; i < j->set->n_modalities; i++) {
                unsigned score = j->modalities[i].score + (j->code_modality == (int) i ? 2 : 0);

                if (score > best) {
                        best = score;
                        modality = (int) i;
                }
        }
        for (size_t i = 0; modality == MODELCAP_NONE && i < j->set->n_modalities; i++)
                if (j->path_modalities & 1U << i) {
                        modality = (int) i;
                        *ret_path_only = true;
                }
        return modality;
}

static void add_evidence(ModelcapFinding *f, const char *kind, const char *where, const char *detail)
{
        Evidence *e;

        if (f->n_evidence >= CLASSIFICATION_EVIDENCE_MAX)
                return;
        e = &f->evidence[f->n_evidence++];
        (void) snprintf(e->kind, sizeof(e->kind), "%s", kind);
        memcpy(e->where, where, MIN(strlen(where), sizeof(e->where) - 1));
        memcpy(e->detail, detail, MIN(strlen(detail), sizeof(e->detail) - 1));
}

/* One finding of what the capability itself and its family have; false when it is too little. */
static bool weigh(const Judge *j, size_t cap, bool family, ModelcapFinding *ret)
{
        const Modelcap *c = &j->set->caps[cap];
        bool contrary = family && j->contrary[c->vocabulary], strong = false;
        Hits hits = j->caps[cap];
        double doubt = 1;
        unsigned best = 0, confidence;

        for (int k = 0; k < _HIT_KIND_MAX; k++) {
                const Hit *other = family ? &j->vocabularies[c->vocabulary].best[k] : NULL;

                if (other && other->weight > hits.best[k].weight)
                        hits.best[k] = *other;
                strong = strong || hits.best[k].strong;
                best = MAX(best, hits.best[k].weight);
                doubt *= 1 - hits.best[k].weight / 100.0;
        }
        confidence = (unsigned) (100 * (1 - doubt) + 0.5);
        if (contrary)
                confidence = confidence * 6 / 10;
        if (strong && !contrary && c->ceiling == CERTAINTY_IDENTIFIED) {
                ret->certainty = CERTAINTY_IDENTIFIED;
                confidence = MIN(confidence, (unsigned) IDENTIFIED_MAX);
        } else if (confidence >= SUSPECT_MIN) {
                ret->certainty = (uint8_t) MIN(c->ceiling, CERTAINTY_SUSPECT);
                confidence = MIN(confidence, (unsigned) SUSPECT_MAX);
        } else {
                return false;
        }
        ret->confidence = (uint8_t) confidence;
        (void) snprintf(ret->name, sizeof(ret->name), "%s", c->name);
        /* First: whoever adds evidence later must see it. */
        if (contrary)
                add_evidence(ret, EVIDENCE_CONTRARY, "", "its names speak of something else as well");
        /* Strongest first; there are nine at most. */
        for (unsigned weight = best; weight > 0; weight--)
                for (int k = 0; k < _HIT_KIND_MAX; k++)
                        if (hits.best[k].weight == weight)
                                add_evidence(ret, kind_names[k], hits.best[k].where, hits.best[k].detail);
        return true;
}

static void explain_modality(const Judge *j, int modality, bool path_only, ModelcapFinding *f)
{
        char detail[200];

        if (modality == MODELCAP_NONE)
                (void) snprintf(detail, sizeof(detail), "shows no modality: counted here");
        else if (path_only)
                (void) snprintf(detail, sizeof(detail), "%s, by the path only",
                                j->set->modalities[modality]);
        else
                (void) snprintf(detail, sizeof(detail), "%s: %s", j->set->modalities[modality],
                                j->modalities[modality].why[0] ? j->modalities[modality].why
                                                               : "the data set of the labels");
        add_evidence(f, "modality", "", detail);
}

/* What the workload's code may be compared with, classify-workload.c. */
static void note_classes(const Judge *j, Classification *ret)
{
        if (j->facts->standing != STANDS_AS_MODEL) {
                memcpy(ret->classes, j->list_sizes, sizeof(ret->classes));
                return;
        }
        for (size_t i = 0; i < MIN(FACTS_HEADS_MAX, CLASSIFICATION_CLASSES_MAX) && j->heads[i]; i++)
                ret->classes[i] = (uint8_t) MIN(j->heads[i],
                                                (int64_t) UINT8_MAX); /* longer than any list of ours */
}

/* Does the finding of a family belong to this member of it? */
static bool is_member(const Modelcap *c, int modality, bool path_only, bool modality_has_member)
{
        if (c->vocabulary == MODELCAP_NONE)
                return false;
        if (c->modality == MODELCAP_NONE || c->modality == modality)
                return true;
        /* A path may add a suspicion, and must not be able to turn one away. */
        return c->when_unknown && (path_only || !modality_has_member);
}

/* The least sure one makes room. */
static void keep(Classification *c, const ModelcapFinding *f)
{
        ModelcapFinding *slot = NULL;

        for (unsigned i = 0; i < c->n_modelcaps; i++)
                if (strcmp(c->modelcaps[i].name, f->name) == 0)
                        slot = &c->modelcaps[i];
        if (!slot && c->n_modelcaps < CLASSIFICATION_MODELCAPS_MAX) {
                c->modelcaps[c->n_modelcaps++] = *f;
                return;
        }
        if (!slot)
                for (unsigned i = 0; i < c->n_modelcaps; i++)
                        if (!slot || c->modelcaps[i].certainty < slot->certainty)
                                slot = &c->modelcaps[i];
        if (slot && (f->certainty > slot->certainty ||
                     (f->certainty == slot->certainty && f->confidence > slot->confidence)))
                *slot = *f;
}

int classify(const ModelFacts *facts, const char *path, const ModelcapSet *set, Classification *ret)
{
        _cleanup_free_ Judge *j = malloc(sizeof(Judge));
        bool path_only, has_member = false;
        int modality;

        if (!j)
                return -ENOMEM;
        memset(j, 0, offsetof(Judge, caps) + set->n_caps * sizeof(Hits));
        j->facts = facts;
        j->set = set;
        j->code_modality = MODELCAP_NONE;
        classify_collect(j, path);
        note_classes(j, ret);
        modality = decide_modality(j, &path_only);
        for (size_t i = 0; i < set->n_caps; i++)
                has_member = has_member ||
                             (modality != MODELCAP_NONE && set->caps[i].vocabulary != MODELCAP_NONE &&
                              set->caps[i].modality == modality);
        for (size_t i = 0; i < set->n_caps; i++) {
                bool family = is_member(&set->caps[i], modality, path_only, has_member);
                ModelcapFinding f = {};

                if (!weigh(j, i, family, &f))
                        continue;
                if (family && set->caps[i].modality != MODELCAP_NONE)
                        explain_modality(j, modality, path_only, &f);
                keep(ret, &f);
        }
        return 0;
}
