#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: what must not notice that aiguard is there: enforcing, baseline policy, programs that are no AI workloads
# or only look a little like one. Each must do its work, and not one refusal may be in the journal at the end.
. /work/integration/lib.sh

# works COMMAND...: ends with 0 and nothing was refused meanwhile.
works() {
        mark
        run timeout 300 "$@"
        [ "$rc" = 0 ] || { echo "ended with $rc: $(tail -n 3 "$T/out")"; return 1; }
        wait_entries 0 "$REFUSED"
}

opencv() {
        works python3 "$SUITE_DIR/qr.py" "$CAMERA"
        grep -q '^read: ' "$T/out"
}
browser() {
        command -v chromium >/dev/null || { echo "no browser in this image"; return 77; }
        echo '<html><body><p id=x></p><script>document.getElementById("x").textContent = 6 * 7</script></body></html>' \
                >/work/page.html
        works chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=/work/browser \
                --virtual-time-budget=1000 --dump-dom file:///work/page.html
        grep -q '>42<' "$T/out" || { echo "the page did not run: $(tail -n 3 "$T/out")"; return 1; }
}
ffmpeg_camera() {
        works ffmpeg -nostdin -loglevel error -y -f v4l2 -video_size 320x180 -i "$CAMERA" -frames:v 10 -c:v mpeg4 /work/camera.mp4
        [ -s /work/camera.mp4 ]
}
ffmpeg_transcode() {
        works ffmpeg -nostdin -loglevel error -y -i /work/camera.mp4 -c:v libx264 -preset ultrafast /work/camera.mkv
        [ -s /work/camera.mkv ]
}
v4l2() { works v4l2-ctl -d "$CAMERA" --all; }
apt_install() {
        mkdir -p /work/deb/DEBIAN /work/deb/usr/share/tiny /work/repo
        printf '%s\n' 'Package: tiny' 'Version: 1' 'Architecture: all' 'Maintainer: nobody <nobody@example.org>' \
                'Description: almost nothing' >/work/deb/DEBIAN/control
        cp "$MODELS/bad-00.onnx" /work/deb/usr/share/tiny/face.onnx
        dpkg-deb --root-owner-group -b /work/deb /work/repo/tiny_1_all.deb
        (
                cd /work/repo
                echo "$(cat /work/deb/DEBIAN/control)
Filename: ./tiny_1_all.deb
Size: $(stat -c %s tiny_1_all.deb)
SHA256: $(sha256sum tiny_1_all.deb | cut -d' ' -f1)
" >Packages
        )
        echo 'deb [trusted=yes] file:/work/repo ./' >/work/tiny.list
        local options="-o Dir::Etc::SourceList=/work/tiny.list -o Dir::Etc::SourceParts=/dev/null"
        # shellcheck disable=SC2086
        works apt-get -q $options update
        # shellcheck disable=SC2086
        works apt-get -qy $options install tiny
        works dpkg --verify tiny
        works apt-cache policy tiny
}
cloud() {
        rm -f /etc/cloud/cloud-init.disabled
        mkdir -p /etc/cloud/cloud.cfg.d /var/lib/cloud/seed/nocloud
        echo 'datasource_list: [ NoCloud, None ]' >/etc/cloud/cloud.cfg.d/90-test.cfg
        printf '%s\n' '#cloud-config' 'ssh_genkeytypes: []' 'locale: false' 'write_files:' '- { path: /work/cloud-was-here, content: "yes" }' \
                >/var/lib/cloud/seed/nocloud/user-data
        echo 'instance-id: test' >/var/lib/cloud/seed/nocloud/meta-data
        works cloud-init init --local
        works cloud-init init
        works cloud-init modules --mode config
        [ -e /work/cloud-was-here ] || works cloud-init single --name write-files
        [ -e /work/cloud-was-here ] || { echo "cloud-init did nothing"; return 1; }
}
git_repository() {
        rm -rf /work/repository /work/clone
        works git init -q /work/repository
        cp "$MODELS"/bad-0[0-4].onnx /work/repository/
        works git -C /work/repository add .
        works git -C /work/repository -c user.name=t -c user.email=t@example.org commit -qm models
        works git clone -q /work/repository /work/clone
        works git -C /work/clone gc -q
        cmp /work/clone/bad-00.onnx "$MODELS/bad-00.onnx"
}
compile() {
        works gcc -D_GNU_SOURCE -O1 -Wall "$HERE/probe.c" "$HERE/probe-attacks.c" "$HERE/probe-network.c" -pthread -ldl -o /work/probe.built
        works /work/probe.built open "$MODELS/bad-00.onnx"
}
copying() {
        works tar -C "$MODELS" -cf /work/models.tar .
        works cp -r "$MODELS" /work/models.copy
        works sh -c "sha256sum $MODELS/*.onnx | tail -n 1"
}
script() { works python3 -c 'import json, sqlite3, ssl, ctypes; print(len(open("/etc/services").read()))'; }
javascript() { works node -e 'console.log(require("fs").readFileSync("/etc/services").length)'; }
at_all() {
        journal -o json --all >"$T/entries"
        local n
        n=$(entries "$REFUSED" true | wc -l)
        [ "$n" = 0 ] || { entries "$REFUSED" true | jq -r .MESSAGE; return 1; }
        note "counters after the benign programs: $(status | jq -c .counters)"
}

test_case "daemon-starts enforce" start_mode enforce
MODE=enforce
test_case "opencv-reads-a-qr-code-from-the-camera" opencv
test_case "ffmpeg-reads-the-camera" ffmpeg_camera
test_case "ffmpeg-transcodes" ffmpeg_transcode
test_case "v4l2-ctl" v4l2
test_case "apt-and-dpkg" apt_install
test_case "git" git_repository
test_case "compile" compile
test_case "tar-cp-sha256sum" copying
test_case "python-script" script
test_case "node-script" javascript
test_case "cloud-init" cloud
test_case "browser" browser
test_case "no-refusal-at-all" at_all
