#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: `make demo`. Gets what the show needs, then runs demo-show.sh: on this machine where its kernel takes BPF
# LSM programs and systemd runs it, otherwise in a virtual machine. Ends with the show's own exit status.
#   DEMO_IN=here|vm   decides for it        KERNEL=6.1|6.12   the virtual machine's kernel
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/.build
cd "$top"

say() { printf '%s\n' "$*"; }

# Asked first, whatever is decided: what follows depends on each of its lines.
lsm=no
! "$build/aiguardctl" doctor >"$build/demo-doctor" 2>&1 || lsm=yes
where=${DEMO_IN:-}
if [ -z "$where" ]; then
        where=vm
        [ "$lsm" = no ] || [ ! -d /run/systemd/system ] || where=here
fi

if [ "$where" = here ]; then
        say "This kernel takes BPF LSM programs: the show runs on this machine. Nothing is installed, and it ends as it began."
        BUILD=.build tests/vm/build-image.sh --ai
        rm -rf "$build/demo"
        make --no-print-directory -s DESTDIR="$build/demo/root" install
        NODE_PATH=$build/vm/ai/node_modules DEMO_ROOT=$build/demo/root exec "$here/demo-show.sh"
fi

# What this kernel can do of the same without the LSM, on the spot. As root, and where fanotify asks for permission.
failed=0
if [ "$where" = vm ] && [ "$lsm" = no ] && [ "$(id -u)" = 0 ] && grep -q 'ok  Permission events' "$build/demo-doctor" &&
   grep -q 'ok  Device programs' "$build/demo-doctor"; then
        say "This machine's kernel does not take BPF LSM programs. First what the second backend, fanotify, does right here;"
        say "then the whole in a virtual machine."
        BUILD=.build tests/vm/build-image.sh --ai
        BUILD=$build tests/integration/native.sh demo || failed=$?
        [ "$failed" != 77 ] || { say "It cannot be shown here, see above."; failed=0; }
        say ""
fi

say "The show now runs in a virtual machine (this one does not take BPF LSM programs, has no systemd, or DEMO_IN= asked"
say "for it): Debian's own kernel, systemd, journald and a camera (the kernel's test camera \"vivid\"). It boots in about"
say "twenty seconds."
make --no-print-directory -s vm-stage
BUILD=.build tests/vm/build-image.sh
BUILD=.build tests/vm/run.sh --kernel "${KERNEL:-6.12}" --timeout 600 --out "$build/vm/out/demo" \
        --put tools/dev/demo-show.sh --put tests/integration/ort.js --put tests/integration/mkmodel.py \
        --cmd 'DEMO_WIDTH=100 ./demo-show.sh' || failed=1
[ "$failed" = 0 ] || say "Something did not end as promised: see above."
exit "$failed"
