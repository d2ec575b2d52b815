# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the sums that `aiguardctl status` owes: whatever was seen was decided, and whatever was decided was told,
# summed up, or counted as lost. Sourced by main and behaviour.

# Nothing on its way any more: what is asleep in the gate or queued for journald counts as pending.
settle() { wait_status '.counters.pending == 0'; }

counters_add_up() {
        settle
        status | jq -c .counters
        status | jq -e '.counters | .seen == .decided
                and .decided == .allowed + .reported + .audited + .denied + .pending
                and .decided == .emitted + .suppressed + .lost + .pending
                and .lost == 0 and .seen > 0' >/dev/null || { echo "they do not: $(status | jq -c .counters)"; return 1; }
}

# One refusal raises exactly what it should.
one_refusal_counts_once() {
        local before after
        settle
        before=$(status)
        refused "$CAMERA" sensor ai open "$CAMERA"
        settle
        after=$(status)
        jq -n -e --argjson b "$before" --argjson a "$after" '
                $a.counters.seen - $b.counters.seen == 1 and $a.counters.decided - $b.counters.decided == 1
                and $a.counters.denied - $b.counters.denied == 1' >/dev/null ||
                { echo "before $(jq -c .counters <<<"$before") after $(jq -c .counters <<<"$after")"; return 1; }
}
