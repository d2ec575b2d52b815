#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: a model that is only suspect, and the code of the workload that opens it: what they are together, for whom,
# and how `explain` says so.
. /work/integration/lib.sh
. /work/integration/dossier.bash

for MODE in audit enforce; do
        test_case "daemon-starts dossier $MODE" start_mode "$MODE"
        behaviour "suspect-alone $MODE" alone
        behaviour "suspect-and-three-words $MODE" three_words
        behaviour "suspect-and-a-list-in-the-script $MODE" in_code
        behaviour "suspect-and-a-list-on-the-command-line $MODE" on_the_command_line
        behaviour "suspect-each-workload-for-itself $MODE" each_for_itself
        behaviour "suspect-the-whole-unit $MODE" whole_unit
        behaviour "suspect-read-before-the-code $MODE" too_early
        behaviour "suspect-declared $MODE" declared
        behaviour "explain-prints-the-dossier $MODE" explained
done
exit 0
