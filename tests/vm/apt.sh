# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Overview: a private apt directory, so that kernels of another Debian release can be fetched without
# touching this machine's sources, lists or cache. Sourced by fetch-kernel.sh and build-image.sh.
# The mirror and the proxy are this machine's own, read at run time; none is written into the tree.

APT_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The base address of the mirror this machine uses for Debian, without a closing slash.
apt_mirror() {
        # shellcheck disable=SC2016 # apt expands it
        apt-get indextargets --format '$(SITE) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
                awk '$3 == "Debian" && $2 !~ /security|updates|backports/ { sub(/\/$/, "", $1); print $1; found = 1; exit }
                     END { exit !found }' || {
                echo "vm: apt knows no mirror of Debian; run apt-get update" >&2
                return 1
        }
}

# What this machine tells apt about proxies, certificates and dates, as "key value" lines for an apt configuration.
apt_machine_options() {
        apt-config dump | grep -E '^Acquire::(https?|Check-)[^ ]* "..*";$' || true
}

# apt_private_setup DIR SUITE: prepares DIR and fetches the lists of SUITE.
apt_private_setup() {
        mkdir -p "$1/lists/partial" "$1/archives/partial" "$1/etc"
        : >"$1/status"
        echo "deb [arch=amd64 signed-by=$APT_KEYRING] $(apt_mirror) $2 main" >"$1/etc/sources.list"
        apt_private "$1" apt-get -qq update
}

# apt_private DIR COMMAND...: runs an apt command on that directory.
apt_private() {
        _dir=$(cd "$1" && pwd)
        _tool=$2
        shift 2
        "$_tool" -o Dir::State="$_dir" -o Dir::State::Lists="$_dir/lists" -o Dir::State::Status="$_dir/status" \
                -o Dir::Cache="$_dir" -o Dir::Cache::Archives="$_dir/archives" \
                -o Dir::Etc::SourceList="$_dir/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null \
                -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
                -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Sandbox::User=root "$@"
}
