/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODELCAP_INTERNAL_H
#define MODELCAP_INTERNAL_H
/*
 * What the files of policies/modelcaps/ say, ready for matching. Every word has
 * gone through classify-text.c, as every word of a model will. Format of the
 * files: aiguard-modelcap(5).
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/classification.h"
#include "lib/model/facts.h"
#include "lib/modelcap.h"
#include "lib/runtime.h"

#define MODELCAP_MODALITIES_MAX 8
#define MODELCAP_VOCABULARIES_MAX 8
#define MODELCAP_NONE (-1)

typedef struct WordClass {
        char *word; /* normalised */
        unsigned class;
} WordClass;

/* A list of abbreviations that means something only as a whole: neu hap ang sad. */
typedef struct CodeList {
        char *name;
        char **labels;       /* normalised, sorted, NULL-terminated */
        size_t min;          /* so many different ones at least */
        int modality;        /* MODELCAP_NONE: tells nothing */
        bool needs_modality; /* counts only when the model itself shows this modality */
        Certainty certainty;
} CodeList;

/* Says of most words at once that they are not in a list. */
typedef struct WordFilter {
        uint64_t bits[256];
} WordFilter;

typedef struct Vocabulary {
        char *name;
        char **classes; /* names; NULL-terminated */
        bool *weak;     /* by class: never counts alone */
        size_t n_classes;
        WordClass *words; /* sorted by word */
        size_t n_words;
        char **companions; /* may stand in such a list and prove nothing; sorted */
        char **affixes;    /* female, male, ...; sorted */
        WordFilter word_filter, affix_filter;
        CodeList *codes;
        size_t n_codes;
} Vocabulary;

typedef struct ShapeHint {
        int64_t channels[4], sizes[12], widths[16], outputs[12]; /* 0 ends a list */
        unsigned confidence;
} ShapeHint;

#define KNOWN_CODES_MAX 16

/* A public model, as the catalog has it. */
typedef struct KnownModel {
        char *name, *origin;
        int64_t outputs; /* classes; 0: not known */
        bool has_shape;
        uint16_t shape[SKETCH_SHAPE_SIZE];
        size_t n_vectors, n_kernels;
        WeightCode vectors[KNOWN_CODES_MAX], kernels[KNOWN_CODES_MAX];
} KnownModel;

struct Modelcap {
        char *name, *title;
        char **laws;
        int vocabulary;    /* MODELCAP_NONE */
        int modality;      /* MODELCAP_NONE: any */
        bool when_unknown; /* of its family, gets what shows no modality */
        Certainty ceiling; /* nothing it finds is more than this */
        ShapeHint *shapes;
        size_t n_shapes;
        KnownModel *known;
        size_t n_known;
};

/* What a phrase stands for, when it is found among the words of a name. */
typedef enum PhraseUse {
        PHRASE_MODELCAP_NAME, /* strong, index of a modelcap */
        PHRASE_MODELCAP_HINT, /* weak */
        PHRASE_MODELCAP_ARCHITECTURE,
        PHRASE_VOCABULARY_NAME, /* strong, index of a vocabulary */
        PHRASE_VOCABULARY_HINT,
        PHRASE_VOCABULARY_CONTRARY, /* music, animals, ...: takes certainty away */
        PHRASE_MODALITY_NAME,       /* index of a modality */
        PHRASE_MODALITY_ARCHITECTURE,
        PHRASE_MODALITY_INPUT,
        PHRASE_MODALITY_KEY,
} PhraseUse;

typedef struct Phrase {
        char *text; /* normalised words, one space between */
        PhraseUse use;
        int index;
} Phrase;

struct ModelcapSet {
        Modelcap *caps; /* sorted by name */
        size_t n_caps;
        Vocabulary vocabularies[MODELCAP_VOCABULARIES_MAX];
        size_t n_vocabularies;
        char *modalities[MODELCAP_MODALITIES_MAX];
        size_t n_modalities;
        Phrase *phrases; /* sorted by text */
        size_t n_phrases;
        uint64_t begins[1024];  /* a bit for the hash of each first word */
        RuntimeRules *runtimes; /* NULL: no file */
};

/* FNV-1a, folded to the bits of `begins'. */
static inline unsigned word_hash(const char *word, size_t n)
{
        uint32_t h = 2166136261U;

        for (size_t i = 0; i < n; i++)
                h = (h ^ (unsigned char) word[i]) * 16777619U;
        return (h >> 16 ^ h) & 0xffff;
}

static inline bool word_filter_may(const WordFilter *f, const char *word, size_t n)
{
        unsigned hash = word_hash(word, n) & 0x3fff;

        return f->bits[hash / 64] & 1ULL << hash % 64;
}

int vocabulary_find(const ModelcapSet *s, const char *name);
int modality_find(const ModelcapSet *s, const char *name);

#endif
