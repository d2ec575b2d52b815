#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what building and testing need. Quiet, and without asking the network, when all is there.
set -eu

BUILD_PACKAGES="gcc make pkg-config clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libsystemd-dev
libyaml-dev libjansson-dev libsodium-dev libseccomp-dev libutf8proc-dev"
TEST_PACKAGES="libcriterion-dev libclang-rt-dev clang-format clang-tidy cppcheck strace openssl python3 python3-h5py
python3-numpy python3-joblib python3-flatbuffers python3-onnx
qemu-system-x86 mmdebstrap e2fsprogs cpio kmod xz-utils nodejs npm"

missing=""
for package in $BUILD_PACKAGES $TEST_PACKAGES; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] && continue
        # A node from elsewhere than Debian brings its own npm.
        case $package in nodejs | npm) command -v "$package" >/dev/null && continue ;; esac
        case $package in nodejs) command -v node >/dev/null && continue ;; esac
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
        echo "deps: missing:$missing" >&2
        echo "deps: run as root: apt-get install$missing" >&2
        exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "deps: installing$missing"
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
