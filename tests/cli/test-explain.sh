#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What `explain` prints of a process and of a unit, with the dossier, from answers that bus-stand-in gives in place of the
# daemon.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stand-in.sh"

answers tests/cli/explain
golden 0 explain/process explain 4711
golden 0 explain/unit explain kiosk.service
call 0 "explain --json" explain --json 4711 && if python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))["dossier"]
assert [i["kind"] for i in d["items"]] == ["sensor", "model", "script"], d' "$out"; then
        echo "ok - cli: explain --json has the dossier"
else
        fail "explain --json has the dossier" "see above"
fi
answers tests/cli/explain/nothing
golden 0 explain/nothing-read explain 4711
golden 1 explain/unknown-unit explain other.service
exit $rc
