#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the first open of an unknown model is held: not refused, not let through, and without using the CPU.
# First with a scanner that takes three seconds, so that there is time for every attack on the hold.
. /work/integration/lib.sh
. /work/integration/hold.bash

test_case "daemon-starts slow-scanner" start_mode enforce ScannerDelaySec=3
MODE=enforce
behaviour "held-then-refused" held_refused
behaviour "held-then-allowed" held_allowed
behaviour "held-runtime" by_runtime
behaviour "handled-signal-during-hold refused" handled_signal_bad
behaviour "handled-signal-during-hold allowed" handled_signal_good
behaviour "SIGKILL-during-hold" killed
behaviour "SIGKILL-during-hold next-opener" after_killed
behaviour "path-swapped-during-hold" swapped
behaviour "fifo-in-the-unlinked-file's-place" fifo_in_its_place
behaviour "shared-mapping-written-after-scan tmpfs" shared_mapping
behaviour "shared-mapping-written-after-scan ext4" shared_mapping_disk
behaviour "rewritten-in-place" rewritten
behaviour "trait-by-one-thread-held-in-another" by_older_thread
behaviour "others-open-the-held-file-at-once" others_pass
behaviour "daemon-answers-while-openers-sleep" daemon_answers_meanwhile
behaviour "scanner-killed-is-unparsable" scanner_killed
behaviour "daemon-killed-while-ten-sleep" daemon_dies
behaviour "daemon-restarted-while-ten-sleep" daemon_restarts
test_case "daemon-starts slow-scanner audit" start_mode audit ScannerDelaySec=3
MODE=audit
behaviour "held-then-refused audit-never-waits" held_refused
behaviour "path-swapped-during-hold audit" swapped
behaviour "trait-by-one-thread-held-in-another audit" by_older_thread
for MODE in audit enforce; do
        test_case "daemon-starts quick-scanner $MODE" start_mode "$MODE"
        [ "$MODE" = enforce ] || {
                behaviour "held-runtime audit" by_runtime
                behaviour "fifo-in-the-unlinked-file's-place audit" fifo_in_its_place
                behaviour "shared-mapping-written-after-scan tmpfs audit" shared_mapping
                behaviour "shared-mapping-written-after-scan ext4 audit" shared_mapping_disk
                behaviour "rewritten-in-place audit" rewritten
        }
        behaviour "300-first-opens-at-once $MODE" three_hundred
        behaviour "drop_caches-after-a-denial $MODE" dropped_caches
        behaviour "drop_caches-after-a-denial daemon-down $MODE" dropped_caches_no_daemon
        behaviour "overlayfs lower-rewritten $MODE" on_overlay
        behaviour "overlayfs user-namespace lower-rewritten $MODE" on_user_overlay
done
behaviour "path-swapped-at-once" swapped_early
behaviour "nothing-left-open-in-the-daemon" nothing_left_open
behaviour "quota-given-back" quota_given_back
