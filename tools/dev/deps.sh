#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what building and testing need. Quiet, and without asking the network, when all is there.
#   deps.sh            what nothing works without
#   deps.sh --writers  also PyTorch, scikit-learn and OpenCV (160 MB to fetch, 700 MB on disk), whose own files the
#                      unit tests of the readers want to see; where they cannot be had those tests are skipped
set -eu

WRITER_PACKAGES="python3-sklearn python3-torch python3-opencv"

BUILD_PACKAGES="gcc make pkg-config clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libsystemd-dev
libyaml-dev libjansson-dev libsodium-dev libseccomp-dev libutf8proc-dev"
TEST_PACKAGES="libcriterion-dev libclang-rt-dev clang-format clang-tidy cppcheck strace openssl python3 python3-h5py
python3-numpy python3-joblib python3-flatbuffers python3-onnx
qemu-system-x86 mmdebstrap e2fsprogs cpio kmod xz-utils nodejs npm jq procps"

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

missing=""
for package in $BUILD_PACKAGES $TEST_PACKAGES; do
        is_installed "$package" && continue
        # A node from elsewhere than Debian brings its own npm.
        case $package in nodejs | npm) command -v "$package" >/dev/null && continue ;; esac
        case $package in nodejs) command -v node >/dev/null && continue ;; esac
        missing="$missing $package"
done
writers=""
if [ "${1:-}" = --writers ]; then
        for package in $WRITER_PACKAGES; do
                is_installed "$package" || writers="$writers $package"
        done
fi
[ -n "$missing$writers" ] || exit 0

if [ "$(id -u)" != 0 ]; then
        [ -z "$writers" ] || echo "deps: not installed, their tests are skipped:$writers" >&2
        [ -n "$missing" ] || exit 0
        echo "deps: missing:$missing" >&2
        echo "deps: run as root: apt-get install$missing" >&2
        exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "deps: installing$missing$writers"
apt-get update -qq
# shellcheck disable=SC2086
[ -z "$missing" ] || apt-get install -y -qq --no-install-recommends $missing >/dev/null
for package in $writers; do
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
                echo "deps: $package cannot be installed, its tests are skipped" >&2
done
