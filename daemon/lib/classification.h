/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFICATION_H
#define CLASSIFICATION_H
/*
 * What was found out about one file. Plain data without pointers: it crosses
 * the pipe from the sandboxed scanner, so the receiver calls
 * classification_validate() before it believes a byte. Model capabilities are
 * named, not numbered: numbers belong to one compiled policy.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLASSIFICATION_VERSION 1
#define CLASSIFICATION_MODELCAPS_MAX 8
#define CLASSIFICATION_EVIDENCE_MAX 6
#define CLASSIFICATION_CLASSES_MAX 4

typedef enum ScanStatus {
        SCAN_NOT_A_MODEL,
        SCAN_CLEAN,      /* a model, and nothing of ours in it */
        SCAN_UNPARSABLE, /* a model by its looks, and not understood: not clean */
        SCAN_SUSPECT,
        SCAN_IDENTIFIED,
        _SCAN_STATUS_MAX,
} ScanStatus;

typedef enum Certainty {
        CERTAINTY_CAPABLE, /* can do it when asked (general vision models) */
        CERTAINTY_SUSPECT,
        CERTAINTY_IDENTIFIED,
        _CERTAINTY_MAX,
} Certainty;

/* What a library or program is to inference. */
typedef enum RuntimeKind {
        RUNTIME_NONE,
        RUNTIME_INTERPRETER, /* node, python, java, ...: can run a model without native code */
        RUNTIME_WEAK,        /* can also infer: OpenCV, OpenCL */
        RUNTIME_STRONG,      /* has no other use */
        _RUNTIME_KIND_MAX,
} RuntimeKind;

typedef struct Evidence {
        char kind[24]; /* label-list, internal-name, sibling, path, shape, producer, architecture, soname, dynsym ... */
        char where[80]; /* where in the file or beside it: "metadata_props names", "config.json id2label" */
        char detail[200]; /* what was seen; valid UTF-8, may hold anything printable, escape before printing */
} Evidence;

typedef struct ModelcapFinding {
        char name[40];      /* emotion.face */
        uint8_t certainty;  /* Certainty */
        uint8_t confidence; /* 0 to 100 */
        uint8_t n_evidence;
        uint8_t reserved;
        Evidence evidence[CLASSIFICATION_EVIDENCE_MAX]; /* strongest first */
} ModelcapFinding;

typedef struct Classification {
        uint32_t version;
        uint8_t status;  /* ScanStatus: of the worst finding */
        uint8_t runtime; /* RuntimeKind */
        uint8_t n_modelcaps;
        uint8_t is_text;  /* 1: no model, but code or labels that lie beside one */
        char format[24];  /* onnx, safetensors, hf-config, elf, text, "" when unknown */
        char reason[120]; /* for unparsable: why; else empty */
        uint64_t bytes_read;
        uint32_t micros;
        /* Of a model: how many classes it tells apart, as far as it shows. Of a text: how long its lists are. 0: no more. */
        uint8_t classes[CLASSIFICATION_CLASSES_MAX];
        Evidence runtime_evidence;
        ModelcapFinding modelcaps
                        [CLASSIFICATION_MODELCAPS_MAX]; /* last: what is not there need not be carried */
} Classification;

/* Bytes up to the last finding; what is behind them is zero. */
static inline size_t classification_used(const Classification *c)
{
        return offsetof(Classification, modelcaps) + c->n_modelcaps * sizeof(ModelcapFinding);
}

/* Every enum in range, every string terminated and UTF-8, counts in bounds. -EBADMSG otherwise. */
int classification_validate(const void *data, size_t size, const Classification **ret);

/* Puts the surest finding first. */
void classification_sort(Classification *c);

const char *scan_status_to_string(ScanStatus s); /* not-a-model, clean, unparsable, suspect, identified */
const char *certainty_to_string(Certainty c);    /* capable, suspect, identified */
const char *runtime_kind_to_string(RuntimeKind k);

#endif
