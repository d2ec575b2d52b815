#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The gates that read the source. Each prints one result line; a gate without its tool fails, it is never skipped.
set -u
cd "$(dirname "$0")/../.."

rc=0
result() { # name, what went wrong (empty: nothing)
        if [ -z "$2" ]; then
                echo "ok - lint: $1"
        else
                printf '%s\n' "$2" | head -n 60
                echo "not ok - lint: $1 # see above"
                rc=1
        fi
}

c_files() { git ls-files -co --exclude-standard -- '*.c' '*.h' | while read -r f; do [ -e "$f" ] && echo "$f"; done; }
user_files() { c_files | grep -E '^(daemon|tools|tests/unit)/' | grep '\.c$'; }

lint_format() {
        for f in $(c_files | grep -v -e '^bpf/kernel.h'); do
                clang-format --dry-run -Werror "$f" >/dev/null 2>&1 || echo "$f: not formatted (clang-format -i $f)"
        done
}

lint_spdx() {
        for f in $(git ls-files -co --exclude-standard -- '*.c' '*.h' '*.sh' '*.mk' Makefile '*.yaml'); do
                [ -e "$f" ] || continue
                case $f in tests/fuzz/corpus/* | tests/unit/fixtures/*) continue ;; esac
                case $f in
                bpf/abi.h | bpf/decide.h) want='GPL-2.0-only OR LGPL-2.1-or-later' ;;
                bpf/*.[ch] | tests/*.bpf.c) want='GPL-2.0-only' ;;
                *) want='LGPL-2.1-or-later' ;;
                esac
                head -n 3 "$f" | grep -q "SPDX-License-Identifier: $want" || echo "$f: no SPDX line for $want"
        done
}

lint_size() {
        for f in $(c_files | grep -v '^bpf/kernel.h'); do
                n=$(wc -l <"$f")
                [ "$n" -le 600 ] || echo "$f: $n lines, the limit is 600"
                awk -v f="$f" '
                        /^[a-zA-Z_].*\)$/ || /^(SEC|int BPF_PROG|static .*\))/ { name = $0 }
                        /^\{/ { start = NR }
                        /^\}/ { if (start && NR - start > 60) printf "%s:%d: function of %d lines, the limit is 60\n", f, start, NR - start; start = 0 }
                ' "$f"
        done
}

lint_words() { # no build machine's paths, no address of a package mirror or registry
        git grep -nIE '((https?|ftp)://[^ "]*(deb|mirror|registry|snapshot|ppa)[a-z]*\.|/work/(main|shared|notes))' -- \
                ':!LICENSE' ':!tools/dev/lint.sh' || :
}

lint_tidy() {
        # shellcheck disable=SC2016 # the inner shell expands
        user_files | grep -v '^tests/' | xargs -P 2 -n 6 sh -c 'clang-tidy --quiet "$@" -- -std=gnu17 -D_GNU_SOURCE \
                -Ibpf -Idaemon -Itools -I.build 2>/dev/null' sh | grep -E '(warning|error):' || :
}

lint_cppcheck() {
        # It does not know __cleanup__ and takes every owned local for a leak (LeakSanitizer looks for the real ones),
        # and it gives up on statement expressions inside of initialisers.
        cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
                --suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak \
                --suppress=internalAstError --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches \
                -D_GNU_SOURCE -Ibpf -Idaemon -j 2 daemon tools 2>&1 || :
}

result "include directions" "$(tools/dev/check-layers.sh 2>&1)"
result "clang-format" "$(lint_format)"
result "SPDX headers" "$(lint_spdx)"
result "files under 600 lines, functions under 60" "$(lint_size)"
result "no paths and mirrors of a build machine" "$(lint_words)"
if command -v clang-tidy >/dev/null && command -v cppcheck >/dev/null; then
        result "clang-tidy" "$(lint_tidy)"
        result "cppcheck" "$(lint_cppcheck)"
else
        result "clang-tidy and cppcheck" "not installed: make deps"
fi
exit $rc
