#!/bin/sh
# Take the Debian package through its life in a fresh Debian: packaging/deb-check.sh DEB
#
# Installs, edits, upgrades, removes and purges it in a chroot that debootstrap makes (as root; a few minutes), without
# network after that, and says after each step what is there. Ends with exit code 1 at the first thing that is not right.
# SUITE is the Debian (bookworm or trixie; that of the package's Python if not said).
set -eu
[ -f "${1:-}" ] || {
    echo "usage: $0 edge-fer_....deb" >&2
    exit 2
}
deb=$(realpath "$1")
case $deb in
*py3.11*) SUITE=${SUITE:-bookworm} python=python3.11 ;;
*) SUITE=${SUITE:-trixie} python=python3.13 ;;
esac

work=$(mktemp -d)
root=$work/root
clean_up() {
    umount "$root/proc" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

step() { printf '\n== %s\n' "$*"; }

fail() {
    echo "error: $*" >&2
    exit 1
}

is_there() { [ -e "$root$1" ] || [ -L "$root$1" ] || fail "$1 is not there"; }

is_gone() { if [ -e "$root$1" ] || [ -L "$root$1" ]; then fail "$1 is there"; fi; }

inside() { unshare --net chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

left() {
    (cd "$root" && find etc/edge-fer var/lib/edge-fer opt usr/bin/edge-fer usr/lib/systemd/system/edge-fer* \
        -maxdepth 2 2>/dev/null | sort | sed 's|^|  /|')
    inside dpkg-query --show --showformat '  dpkg: ${Version}, ${Status}\n' edge-fer 2>/dev/null || echo "  dpkg: unknown"
}

step "a fresh $SUITE with $python"
debootstrap --variant=minbase --include="$python,python3,libstdc++6,zlib1g" "$SUITE" "$root" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; fail "debootstrap failed"; }
mount -t proc proc "$root/proc"

# The same package with a later version and another default, as an upgrade would be.
dpkg-deb --raw-extract "$deb" "$work/later"
sed -i 's/^Version: .*/&.1/' "$work/later/DEBIAN/control"
echo '# A newer default.' >>"$work/later/etc/edge-fer/config.yaml"
(cd "$work/later" && sed -i '/ etc\/edge-fer\/config.yaml$/d' DEBIAN/md5sums)
dpkg-deb --build -Zgzip -z1 "$work/later" "$root/later.deb" >/dev/null
rm -rf "$work/later"
cp "$deb" "$root/edge-fer.deb"

step "install, without network"
inside dpkg --install /edge-fer.deb
left
is_there /etc/edge-fer/config.yaml
inside edge-fer --version
inside edge-fer check --config /etc/edge-fer/config.yaml
inside systemctl is-enabled edge-fer 2>/dev/null && fail "it would start without being told"

step "edit config.yaml, leave a secret and state"
sed -i 's/^node: box-1/node: box-7/' "$root/etc/edge-fer/config.yaml"
echo secret >"$root/etc/edge-fer/door"
mkdir -p "$root/var/lib/edge-fer"
touch "$root/var/lib/edge-fer/session.key"

step "upgrade"
inside dpkg --install --force-confdef --force-confold /later.deb
left
grep -q 'node: box-7' "$root/etc/edge-fer/config.yaml" || fail "the edited config.yaml is lost"
grep -q 'A newer default' "$root/etc/edge-fer/config.yaml.dpkg-dist" || fail "the newer default is not told"
is_there /var/lib/edge-fer/session.key
inside edge-fer --version

step "remove"
inside dpkg --remove edge-fer
left
is_gone /opt/edge-fer
is_gone /usr/bin/edge-fer
is_there /etc/edge-fer/config.yaml
is_there /var/lib/edge-fer/session.key

step "install again: the edited config.yaml is taken up"
inside dpkg --install --force-confdef --force-confold /edge-fer.deb
grep -q 'node: box-7' "$root/etc/edge-fer/config.yaml" || fail "the edited config.yaml is lost"
inside edge-fer check --config /etc/edge-fer/config.yaml

step "purge"
inside dpkg --purge edge-fer
left
for path in /opt/edge-fer /usr/bin/edge-fer /etc/edge-fer /var/lib/edge-fer; do
    is_gone $path
done
printf '\nAll as it should be.\n'
