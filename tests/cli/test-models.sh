#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The list of models that were seen, as a table and as JSON, from answers of a stand-in for the daemon: hostile paths,
# models without findings, long names.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stand-in.sh"

answers tests/cli/models
golden 0 models/list model list
call 0 "model list --json" model list --json && if python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert [m["status"] for m in d] == ["identified", "clean", "suspect", "unparsable"], d
assert d[0]["workloads"][1]["name"] == "undeclared-ai"' "$out"; then
        echo "ok - cli: model list --json is the document"
else
        fail "model list --json is the document" "see above"
fi
answers tests/cli/models/none
golden 0 models/none model list
exit $rc
