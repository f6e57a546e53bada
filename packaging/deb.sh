#!/bin/sh
# Build the Debian package: packaging/deb.sh FOLDER
#
# From the environment: DEB_PYTHON is the Python of the box (3.11: Debian and Raspberry Pi OS 12; 3.13: 13), DEB_ARCH its
# architecture (amd64, arm64); without them those of this box. UV is the program that fetches the wheels. Nothing
# is compiled, so each box can build for every other.
set -eu
umask 022
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

fail() {
    echo "error: $*" >&2
    exit 1
}

for tool in dpkg-buildpackage dh; do
    command -v $tool >/dev/null || fail "$tool is missing: apt install dpkg-dev debhelper fakeroot"
done
UV=$(command -v "${UV:-uv}") || fail "uv is missing: make deb brings it"
UV=$(realpath "$UV")
DEB_PYTHON=${DEB_PYTHON:-$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
DEB_ARCH=${DEB_ARCH:-$(dpkg --print-architecture)}
case $DEB_PYTHON in
3.11 | 3.12 | 3.13) ;;
*) fail "DEB_PYTHON=$DEB_PYTHON: edge-fer needs 3.11, 3.12 or 3.13" ;;
esac
case $DEB_ARCH in
amd64 | arm64) ;;
*) fail "DEB_ARCH=$DEB_ARCH: amd64 or arm64; for others there are no wheels (docs/install.md)" ;;
esac
export UV DEB_PYTHON DEB_ARCH

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
trap 'exit 1' HUP INT TERM
tree=$build/edge-fer
mkdir "$tree"
packaging/dist.sh "$tree/wheel"
cp -R packaging/debian "$tree"
cp README.md config.yaml config.schema.json LICENSE "$tree"
for unit in edge-fer.service edge-fer@.service; do
    cp "systemd/$unit" "$tree/debian/$unit"
done

# The version is said once, in edge/__init__.py; 3.13's package is newer than 3.11's, so that a box whose Debian
# was upgraded takes it.
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' edge/__init__.py)+py$DEB_PYTHON
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
cat >"$tree/debian/changelog" <<CHANGELOG
edge-fer ($version) unstable; urgency=medium

  * Built of this version's sources; what changed stands in their history.

 -- The edge-fer developers <edge-fer@localhost>  $(date -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG

# Its build dependencies are for the box that builds, and were looked for above.
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps --host-arch "$DEB_ARCH" \
    >"$build/log" 2>&1) || {
    tail -n 30 "$build/log" >&2
    fail "dpkg-buildpackage failed, see above"
}
cp "$build"/edge-fer_*.deb "$out"
for deb in "$build"/edge-fer_*.deb; do
    echo "$1/$(basename "$deb"): $(($(stat -c %s "$deb") / 1000000)) MB"
done
