#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion and man pages know what the program knows.
. "$(dirname "$0")/lib.sh"

complete_words() { # word... : what bash offers for the last one
        bash -c '. tools/completion/bash/aiguardctl
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
                _aiguardctl
                printf "%s " "${COMPREPLY[@]}"' bash "$@"
}

offers() { # name, wanted, word...
        name=$1
        wanted=$2
        shift 2
        got=$(complete_words "$@")
        case " $got" in
        *" $wanted "*) echo "ok - cli: completion $name" ;;
        *) fail "completion $name" "offers: $got" ;;
        esac
}

offers verb policy aiguardctl pol
offers sub-verb matrix aiguardctl policy ma
offers option --on aiguardctl policy explain --o
offers value enforce aiguardctl policy check --mode = en
offers object network-camera aiguardctl policy explain --on = net
offers declaration --not-ai aiguardctl workload declare --n

# every verb of the program, in completion and manual
for verb in $("$AIGUARDCTL" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
        [ "$verb" = help ] && continue
        missing=
        grep -qw -- "$verb" tools/completion/bash/aiguardctl || missing="$missing bash"
        grep -qw -- "$verb" tools/completion/zsh/_aiguardctl || missing="$missing zsh"
        grep -qE "^\.It Cm (.*\| )?$verb( |$)" packaging/man/aiguardctl.1 ||
                grep -qE "^\.It Cm $verb " packaging/man/aiguardctl.1 || missing="$missing aiguardctl.1"
        if [ -z "$missing" ]; then echo "ok - cli: documented $verb"; else fail "documented $verb" "not in:$missing"; fi
done

# the manual's table of defaults is the one that is built in
table=$("$AIGUARDCTL" policy show --modelcaps=policies/modelcaps --mode=enforce policies/baseline.yaml |
        sed -n 's/^  \([a-z_]*\): { medium: \([a-z]*\), high: \([a-z]*\), state_equivalent: \([a-z]*\) }$/\1 Ta \2 Ta \3 Ta \4/p')
n=0
while read -r line; do
        n=$((n + 1))
        grep -qF ".It $line Ta" packaging/man/aiguard.policy.5 || fail "aiguard.policy.5 table" "lacks: $line"
done <<EOF
$table
EOF
if [ "$n" -eq 9 ]; then echo "ok - cli: aiguard.policy.5 table"; else fail "aiguard.policy.5 table" "$n lines"; fi

# every key that a parser knows
n=0
for key in $(sed -n '/_keys\[\] = {/,/};/p; /^static const char \*const keys/,/};/p' daemon/lib/policy-*.c |
        grep -o '"[a-z_]*"' | tr -d '"' | sort -u); do
        n=$((n + 1))
        grep -qE "^\.(It )?Cm (.*[ ,])?$key\b" packaging/man/aiguard.policy.5 ||
                fail "aiguard.policy.5 keys" "lacks $key"
done
for key in $(sed -n 's/^ *{ "[A-Z][a-z]*", "\([A-Za-z]*\)", parse_.*/\1/p' daemon/lib/config.c); do
        n=$((n + 1))
        grep -qF ".It Cm $key=" packaging/man/aiguard.conf.5 || fail "aiguard.conf.5 keys" "lacks $key"
done
# every entry and every field of the journal
for word in $(grep -rhoE '"AIGUARD_[A-Z0-9_]+' daemon/*.c | tr -d '"' | sort -u); do
        n=$((n + 1))
        grep -qE "^\.It Ev (.* )?$word( |$)|^\.Ev $word( |$)" packaging/man/aiguard-events.7 ||
                fail "aiguard-events.7 fields" "lacks $word"
done
for word in $(sed -n 's/.*{ "\([a-z-]*\)", MESSAGE_ID_.*/\1/p' daemon/lib/message-ids.c); do
        n=$((n + 1))
        grep -qxF ".It Cm $word" packaging/man/aiguard-events.7 || fail "aiguard-events.7 entries" "lacks $word"
done
[ "$n" -ge 110 ] || fail "man pages" "only $n keys were looked for"
[ "$rc" -eq 0 ] && echo "ok - cli: man pages name every key"
exit "$rc"
