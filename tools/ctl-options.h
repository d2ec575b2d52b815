/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H
/* The options of verbs that know --help and --json and nothing else. */
#include <stdbool.h>
#include <stdio.h>

/* True when the verb is over, with its exit code in *ret_code. Operands begin at optind, as after getopt_long(). */
bool ctl_parse_json(int argc, char **argv, void (*print_usage)(FILE *f), bool *ret_json, int *ret_code);

#endif
