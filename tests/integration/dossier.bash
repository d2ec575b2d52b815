# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: evidence that adds up in a workload: a model that is only suspect, and the code of the unit that opens it.
# Nothing of the model names what it is for; the script does, or does not. Listed in
# tests/vm/suites/behaviour/45-dossier.sh.

# script NAME LINE...: a program that opens its argument, with these lines in it; prints its path. It ends with 1 when
# it is refused, and else a second later: in audit mode its command line is looked at behind the open.
script() {
        local file=/work/fresh/$1
        shift
        mkdir -p /work/fresh
        printf '%s\n' 'import sys, time' "$@" 'open(sys.argv[1], "rb").read(64)' 'time.sleep(1)' >"$file"
        sync -f "$file"
        echo "$file"
}
ID_MODEL_RAISED=dd2d1080919c4b3198c240c44f26a1d4
SEVEN='CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]'
BY_CODE='[.AIGUARD_MODEL_EVIDENCE] | flatten | any(startswith("workload-code") and contains("angry"))'

# opens_suspect UNIT MODEL COMMAND...: it opens, nothing is refused, and enforcing would not either.
opens_suspect() {
        local unit=$1 model=$2
        shift 2
        mark
        run as_unit "$unit.service" "$@" "$model"
        ends 0 "$unit" || return 1
        wait_entries some "$AUDITED" ".AIGUARD_MODEL_PATH == \"$model\"" || return 1
        wait_entries 0 "$REFUSED $AUDITED" '.AIGUARD_WOULD == "deny"'
}
raised() { # UNIT MODEL COMMAND...
        local unit=$1 model=$2
        shift 2
        SAID=$BY_CODE ANY_PROCESS=yes refused "$model" model as_unit "$unit.service" "$@" "$model"
}
model() { fresh "dossier-$MODE-$1.onnx" "$MODELS/suspect-$1.onnx"; }

alone() {
        opens_suspect "dossier-plain-$MODE" "$(model 0)" python3 "$(script "plain-$MODE.py")"
}
three_words() {
        opens_suspect "dossier-three-$MODE" "$(model 1)" python3 \
                "$(script "three-$MODE.py" 'ANSWERS = ["positive", "neutral", "negative"]')"
}
in_code() {
        raised "dossier-seven-$MODE" "$(model 2)" python3 "$(script "seven-$MODE.py" "$SEVEN")"
}
on_the_command_line() {
        raised "dossier-inline-$MODE" "$(model 3)" python3 -c "$SEVEN
import sys
open(sys.argv[1], 'rb').read(64)
import time
time.sleep(1)"
}
# The same model, refused to one unit a moment ago, by another; and by the first once more.
each_for_itself() {
        local file seven
        file=$(model 4)
        seven=$(script "both-$MODE.py" "$SEVEN")
        raised "dossier-with-$MODE" "$file" python3 "$seven" || return 1
        opens_suspect "dossier-without-$MODE" "$file" python3 "$(script "without-$MODE.py")" || return 1
        raised "dossier-with-$MODE" "$file" python3 "$seven"
}
# A process of the unit that has no script at all, after one that had.
whole_unit() {
        local file again
        file=$(model 5)
        again=$(fresh "dossier-$MODE-again.onnx" "$MODELS/suspect-6.onnx")
        raised "dossier-unit-$MODE" "$file" python3 "$(script "unit-$MODE.py" "$SEVEN")" || return 1
        SAID=$BY_CODE refused_unit "dossier-unit-$MODE" "$again" model open "$again"
}
# The model first, the code of the same unit later: what is read cannot be taken back, and is told of once.
too_early() {
        local first second
        first=$(model 8)
        second=$(model 9)
        opens_suspect "dossier-early-$MODE" "$first" python3 "$(script "early-$MODE.py")" || return 1
        raised "dossier-early-$MODE" "$second" python3 "$(script "late-$MODE.py" "$SEVEN")" || return 1
        wait_entries 1 "$ID_MODEL_RAISED" ".AIGUARD_MODEL_PATH == \"$first\" and (.AIGUARD_MODEL_EVIDENCE | contains(\"angry\"))"
}
# What the owner has said of a file is not a suspicion.
declared() {
        local file
        file=$(model 7)
        aiguardctl model declare "$file" --as=none --reason="a test" --for=1h || return 1
        mark
        run as_unit "dossier-declared-$MODE.service" python3 "$(script "declared-$MODE.py" "$SEVEN")" "$file"
        ends 0 || return 1
        wait_entries 0 "$REFUSED $AUDITED" '.AIGUARD_WOULD == "deny"'
}
explained() {
        run aiguardctl explain "dossier-seven-$MODE.service"
        ends 0 || return 1
        for text in "script /work/fresh/seven-$MODE.py" "identified in this workload, suspect by itself" "workload-code"; do
                grep -qF "$text" "$T/out" || { echo "explain does not say: $text"; return 1; }
        done
        run aiguardctl explain --json "dossier-plain-$MODE.service"
        jq -e '[.dossiers[].items[] | select(.kind == "model").model_capabilities[] | .certainty] == ["suspect"]' "$T/out" ||
                { echo "explain of the unit without labels: $(cat "$T/out")"; return 1; }
        run aiguardctl explain nobody-at-all.service
        ends 1
}
