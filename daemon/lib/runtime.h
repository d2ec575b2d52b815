/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RUNTIME_H
#define RUNTIME_H
/*
 * Is a library or program an inference runtime, or an interpreter? By what the
 * dynamic loader reads of it: DT_SONAME, DT_NEEDED and the dynamic symbols. The
 * names to look for are data: policies/runtimes.yaml, aiguard-runtimes(5).
 */
#include "lib/classification.h"
#include "lib/diag.h"
#include "lib/model/source.h"

typedef struct RuntimeRules RuntimeRules;

/* -EBADMSG with the places in `diag`; -ENOENT when there is no such file. */
int runtime_rules_load(const char *path, Diag *diag, RuntimeRules **ret);
RuntimeRules *runtime_rules_free(RuntimeRules *r);
DEFINE_CLEANUP(RuntimeRules *, runtime_rules_free);

/*
 * Fills `runtime` and `runtime_evidence` of *ret. False when the file is no ELF
 * file. `name` is its file name: alone it never makes more than a weak runtime.
 */
bool runtime_read_elf(const RuntimeRules *rules, Source *s, const char *name, Classification *ret);

#endif
