#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# aiguardctl policy, offline.
. "$(dirname "$0")/lib.sh"

M='--modelcaps=policies/modelcaps'
K='policies/baseline.yaml policies/kz.yaml'
E='policies/baseline.yaml policies/eu.yaml policies/examples/office-eu.yaml'
root=tests/cli/policy

# shellcheck disable=SC2086 # lists of words
{
        golden 0 policy/check-good policy check $M --mode=enforce $K
        golden 2 policy/check-bad policy check $M --mode=enforce $root/bad.yaml $root/broken.yaml
        golden 2 policy/check-bad-json policy check $M --mode=enforce --json $root/bad.yaml
        golden 0 policy/matrix policy matrix $M --mode=enforce $E
        golden 0 policy/matrix-audit policy matrix $M --mode=audit $K
        golden 0 policy/show policy show $M --mode=enforce $E
        golden 0 policy/explain-face policy explain $M --mode=enforce $K --workload undeclared-ai --on emotion.face
        golden 0 policy/explain-consent policy explain $M --mode=enforce $E --workload interview-notes \
                --on emotion.voice --grant consent
        golden 0 policy/explain-weak policy explain $M --mode=enforce $K --workload undeclared-ai --on camera --weak
        golden 0 policy/explain-audit policy explain $M --mode=audit $K --workload undeclared-ai --on camera
        golden 0 policy/explain-emergency policy explain $M --mode=enforce $K --workload undeclared-ai \
                --on emotion.face:suspect --on camera --emergency
        golden 0 policy/explain-json policy explain $M --mode=enforce $K --workload undeclared-ai --on emotion.face --json
        golden 0 policy/explain-other policy explain $M --mode=enforce $K --workload other --on camera
        A="$K policies/kz-attestation.yaml $root/attested.yaml"
        golden 0 policy/explain-unattested policy explain $M --mode=enforce $A --workload triage --on undeclared-model --on camera
        golden 0 policy/explain-attested policy explain $M --mode=enforce --attested=triage $A --workload triage --on undeclared-model
        golden 0 policy/explain-attested-other policy explain $M --mode=enforce --attested=tria $A --workload triage --on undeclared-model
        golden 1 policy/diff policy diff $M --mode=enforce policies/kz.yaml policies/eu.yaml
        golden 0 policy/diff-same policy diff $M --mode=enforce policies/kz.yaml policies/kz.yaml

        # a mask is a loosening, and nobody has to guess it
        rm -rf .build/cli-root && mkdir -p .build/cli-root/a/usr/lib/aiguard/policy.d .build/cli-root/a/etc/aiguard
        cp policies/baseline.yaml .build/cli-root/a/usr/lib/aiguard/policy.d/10-baseline.yaml
        cp -r .build/cli-root/a .build/cli-root/b
        mkdir -p .build/cli-root/b/etc/aiguard/policy.d
        ln -s /dev/null .build/cli-root/b/etc/aiguard/policy.d/10-baseline.yaml
        golden 1 policy/diff-mask policy diff $M --mode=enforce .build/cli-root/a .build/cli-root/b

        says 2 policy-no-verb "policy check" policy
        says 2 policy-unknown-verb 'did you mean "matrix"' policy matirx
        says 2 policy-unknown-option "unrecognized option" policy check --frobnicate
        says 2 policy-option-of-another-verb "does not go with this verb: --on" policy check --on camera
        says 2 policy-bad-mode "must be audit or enforce" policy check --mode=strict
        says 2 policy-explain-needs "--workload and --on are needed" policy explain --on camera
        says 2 policy-unknown-workload 'did you mean "undeclared-ai"' policy explain $M $K --workload undeclard-ai --on camera
        says 2 policy-unknown-column 'did you mean "camera"' policy explain $M $K --workload undeclared-ai --on camrea
        says 2 policy-no-such-file "No such file or directory" policy check $M /nonexistent.yaml
        says 2 policy-no-modelcaps "no model capabilities are here" policy check --modelcaps=/nonexistent $K
        says 2 policy-diff-needs "one or two policies are needed" policy diff $M
        says 2 unknown-verb 'did you mean "policy"' polcy
        says 2 unknown-option "unrecognized option" --frobnicate
        says 2 no-verb "Verbs:" --
}
call 0 version --version && echo "ok - cli: version"
call 0 help --help && echo "ok - cli: help"
call 0 policy-help policy --help && echo "ok - cli: policy-help"
exit "$rc"
