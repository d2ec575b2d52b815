/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DECIDE_CASE_H
#define DECIDE_CASE_H
/* One question with the row it is asked of, and room for the kernel's answer. */
#include "decide.h"

#define CASES 1000

struct decide_case {
        struct ag_row row;
        struct ag_question question;
        struct ag_answer answer;
};

#endif
