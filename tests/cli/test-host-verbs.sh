#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The verbs that talk to the daemon, on a machine where none runs: one sentence, the exit code that the manual
# promises, and nothing changed.
. "$(dirname "$0")/lib.sh"

AIGUARD_BUS_SOCKET=/nonexistent/aiguard/bus
export AIGUARD_BUS_SOCKET

for verb in status doctor explain violations reload emergency model workload sensor; do
        call 0 "$verb --help" "$verb" --help && grep -q "^aiguardctl $verb" "$out" && echo "ok - cli: $verb --help"
        says 2 "$verb with an unknown option" "aiguardctl $verb" "$verb" --bogus
done

says 4 "status without a daemon" "aiguardd does not run here" status
says 4 "status --json without a daemon" "aiguardd does not run here" status --json
says 4 "explain without a daemon" "aiguardd does not run here" explain 1
says 4 "explain of a unit without a daemon" "aiguardd does not run here" explain triage@1.service
says 4 "reload without a daemon" "aiguardd does not run here" reload
says 4 "the inventory without a daemon" "aiguardd does not run here" model list
says 4 "the inventory as JSON without a daemon" "aiguardd does not run here" model list --json
says 2 "an inventory of what?" "aiguardctl model" model list x y
says 2 "explain of no number" "aiguardctl explain" explain init
says 2 "explain of too large a number" "aiguardctl explain" explain 99999999999
says 2 "explain of a path" "aiguardctl explain" explain /srv/app.service
says 2 "explain of nothing" "aiguardctl explain" explain

# What is wrong with a declaration is said before anything is looked up.
says 2 "declare without a reason" "--reason=TEXT" sensor declare /dev/null --persons=none --until=2099-01-01
says 2 "declare without an end" "--until=DATE" sensor declare /dev/null --persons=none --reason=x
says 2 "declare with two ends" "--until=DATE" sensor declare /dev/null --persons=none --reason=x --until=2099-01-01 --for=1d
says 2 "declare until yesterday" "is in the past" sensor declare /dev/null --persons=none --reason=x --until=2020-01-01
says 2 "declare until no date" "is no date" sensor declare /dev/null --persons=none --reason=x --until=tomorrow
says 2 "declare until the 31st of February" "is no date" sensor declare /dev/null --persons=none --reason=x --until=2099-02-31
says 1 "declare something that is no sensor" "is no camera or microphone" sensor declare /dev/null --persons=none \
        --reason=x --for=1d
says 1 "declare a model that is not there" "No such file" model declare /nonexistent --as=none --reason=x --for=1d
says 1 "declare a directory" "is no regular file" model declare / --as=none --reason=x --for=1d
says 2 "declare a workload in two ways" "aiguardctl workload" workload declare clinic --exe=/bin/sh --not-ai --reason=x --for=1d
says 1 "declare a relative executable" "must be an absolute path" workload declare --exe=sh --not-ai --reason=x --for=1d
says 1 "revoke what is no id" "is no id" model revoke ../../etc/passwd
says 1 "revoke another kind" "is no id" model revoke sensor-81-0
says 2 "an unknown sub-verb" "aiguardctl model" model destroy x

says 2 "an emergency without a reason" "--reason=TEXT" emergency --workload=undeclared-ai --for=15m
says 2 "an emergency for ever" "at most one day" emergency --workload=undeclared-ai --for=9d --reason=x
says 2 "an emergency of no time" "must be a time" emergency --workload=undeclared-ai --for=soon --reason=x
says 2 "violations since when" "is no time" violations --since=yesterday
says 2 "violations, how many" "is no number" violations -n none

# doctor needs nobody; what it says depends on the machine, its form does not.
if "$AIGUARDCTL" doctor --json >"$out" 2>"$err"; then code=0; else code=$?; fi
if python3 - "$out" "$code" <<'PY'; then
import json, sys
d = json.load(open(sys.argv[1]))
assert d["exit"] == int(sys.argv[2]) and d["exit"] in (0, 1, 3, 6), d["exit"]
assert len(d["probes"]) >= 8
for p in d["probes"]:
    assert p["state"] in ("ok", "missing", "unknown")
    assert p["detail"], p["name"]
    assert p["state"] != "missing" or p["fix"], "a no without a fix: " + p["name"]
PY
        echo "ok - cli: doctor has a fix for each no"
else
        cat "$out" "$err"
        fail "doctor has a fix for each no" "see above"
fi

# A container with process numbers of its own: the kernel's numbers and those of /proc are not the same there.
if ! unshare --pid --fork --mount-proc true 2>/dev/null; then
        echo "skip - cli: doctor in a PID namespace of its own # unshare --pid is not allowed here"
elif unshare --pid --fork --mount-proc "$AIGUARDCTL" doctor >"$out" 2>"$err"; then
        fail "doctor in a PID namespace of its own" "it is able"
elif grep -q '^NO  PID namespace' "$out" && grep -q 'pid=host' "$out"; then
        echo "ok - cli: doctor in a PID namespace of its own"
else
        fail "doctor in a PID namespace of its own" "it does not say so"
fi
exit $rc
