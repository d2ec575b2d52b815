/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_DECLARE_H
#define CTL_DECLARE_H
/* What `model`, `workload` and `sensor` have in common: declare, list, revoke. */
#include "lib/declaration.h"

typedef struct CtlDeclareArgs {
        const char *reason;
        const char *until;   /* a date, */
        const char *span;    /* or from now on; exactly one */
        const char *as;      /* model */
        const char *exe;     /* workload */
        const char *unit;    /* workload */
        const char *persons; /* sensor */
        const char *out;     /* write it there instead of declaring it */
        bool not_ai;         /* workload */
        const char *what;    /* the one argument; NULL when there is none */
} CtlDeclareArgs;

typedef struct CtlDeclareKind {
        DeclarationKind kind;
        const char *usage;
        /* Fills what is particular. 0, or an exit code when it has said what is wrong. */
        int (*fill)(const CtlDeclareArgs *args, Declaration *d);
} CtlDeclareKind;

/* The whole verb. */
int ctl_declare_verb(const CtlDeclareKind *k, int argc, char **argv);

#endif
