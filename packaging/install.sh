#!/bin/sh
# What `make install`, `make uninstall` and `make purge` do: packaging/install.sh install|uninstall|purge
#
# From the environment: DESTDIR stands before every path, for tests and packagers (systemd is not told then),
# PYTHON is what the environment is made of, WHEEL is installed in place of this tree.
set -eu
umask 022
cd "$(dirname "$0")/.."

DESTDIR=${DESTDIR:-}
PYTHON=${PYTHON:-python3}
BINDIR=${BINDIR:-/usr/local/bin}
UNITDIR=${UNITDIR:-/usr/local/lib/systemd/system}
PREFIX=/opt/edge-fer
CONFIG_DIR=/etc/edge-fer

venv=$PREFIX/venv
config=$CONFIG_DIR/config.yaml
link=$DESTDIR$BINDIR/edge-fer
shipped=$DESTDIR$config.default # lies there as long as what was made of it

say() { echo "edge-fer: $*"; }

fail() {
    echo "error: $*" >&2
    exit 1
}

systemd_runs() { [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; }

check_target() {
    if [ -n "$DESTDIR" ]; then
        return
    fi
    [ "$(id -u)" = 0 ] || fail "only root may write to $PREFIX: sudo make $1"
    if dpkg-query -S "$venv/bin/edge-fer" >/dev/null 2>&1; then
        fail "$PREFIX belongs to the Debian package: upgrade or remove it with apt"
    fi
}

check_python() {
    base=$("$PYTHON" -c 'import sys; print(sys.base_prefix)') ||
        fail "$PYTHON does not run: say PYTHON=/usr/bin/python3, or install Python"
    "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
        fail "$PYTHON is $("$PYTHON" -V): edge-fer needs 3.11 to 3.13; say PYTHON=/usr/bin/python3.11, say"
    case $base in
    /root/* | /home/*)
        fail "$PYTHON lives in $base, which the service may not read: say PYTHON=/usr/bin/python3"
        ;;
    esac
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$PYTHON cannot make environments: apt install python3-venv"
}

# A new environment beside the old one, which then takes its place: an installation that breaks off, for want of
# the network say, leaves the old one at work.
make_environment() {
    new=$DESTDIR$venv.new
    rm -rf "$new"
    mkdir -p "$DESTDIR$PREFIX"
    source=$(mktemp -d)
    trap 'rm -rf "$source" "$new"' EXIT
    trap 'exit 1' HUP INT TERM
    if [ -z "${WHEEL:-}" ]; then # a copy: setuptools leaves files of root's in the tree that it builds
        cp -R edge training convert pyproject.toml README.md LICENSE "$source"
    fi
    "$PYTHON" -m venv "$new"
    "$new/bin/python" -m pip install --quiet --no-compile "${WHEEL:-$source}" ||
        fail "nothing was changed: pip could not install, see above"
    grep -rlIF "$new" "$new/bin" "$new/pyvenv.cfg" | while read -r file; do
        sed -i "s|$new|$venv|g" "$file"
    done
    rm -rf "$DESTDIR$venv.old"
    if [ -e "$DESTDIR$venv" ]; then
        mv "$DESTDIR$venv" "$DESTDIR$venv.old"
    fi
    mv "$new" "$DESTDIR$venv"
    rm -rf "$DESTDIR$venv.old"
    # The service cannot write there. Some packages carry files for other versions of Python: not all compile.
    "$DESTDIR$venv/bin/python" -m compileall -q -j 0 -s "$DESTDIR" "$DESTDIR$venv/lib" >/dev/null || true
}

# As dpkg does: what nobody edited follows the default, what somebody edited stays, with a newer default beside it.
install_config() {
    mkdir -p "$DESTDIR$CONFIG_DIR"
    own=$DESTDIR$config
    if [ ! -e "$own" ]; then
        install -m 644 config.yaml "$own"
    elif cmp -s config.yaml "$own"; then
        rm -f "$own.new"
    elif [ -e "$shipped" ] && cmp -s "$shipped" "$own"; then
        install -m 644 config.yaml "$own"
        say "$config was as it shipped, and is the new default now"
    elif ! cmp -s "$shipped" config.yaml; then
        install -m 644 config.yaml "$own.new"
        say "$config is as you left it; the new default stands beside it: diff $config $config.new"
    fi
    install -m 644 config.yaml "$shipped"
    install -m 644 config.schema.json "$DESTDIR$CONFIG_DIR" # for editors: config.yaml names it
}

check_link() {
    if { [ -e "$link" ] || [ -L "$link" ]; } && [ "$(readlink "$link")" != "$venv/bin/edge-fer" ]; then
        fail "$BINDIR/edge-fer is something else: move it away"
    fi
}

# An edited configuration may not fit the new version, and the service then ends as soon as it starts. The package's
# postinst does the same.
check_configs() {
    for each in "$DESTDIR$CONFIG_DIR"/*.yaml; do
        said=$(CREDENTIALS_DIRECTORY=$DESTDIR$CONFIG_DIR STATE_DIRECTORY=$DESTDIR/var/lib/edge-fer timeout 180 \
            "$DESTDIR$venv/bin/python" "$DESTDIR$venv/bin/edge-fer" check --config "$each" 2>&1 >/dev/null) ||
            say "a service will not start until this is mended, or its unit sees to it:" \
                "$(printf '%s\n' "${said:-edge-fer check --config $each does not end}" | sed 's/^error: //; q')"
    done
}

install_link() {
    mkdir -p "$DESTDIR$BINDIR"
    ln -sfn "$venv/bin/edge-fer" "$link"
}

install_units() {
    install -d "$DESTDIR$UNITDIR"
    install -m 644 systemd/*.service "$DESTDIR$UNITDIR"
    if systemd_runs; then
        for group in video render; do # the unit joins them; a box without udev may lack one
            groupadd -r -f $group
        done
        systemctl daemon-reload
        systemctl try-restart edge-fer 'edge-fer@*'
    fi
}

install_all() {
    check_target install
    check_python
    check_link
    upgrade=false
    if [ -e "$DESTDIR$venv" ]; then
        upgrade=true
    fi
    make_environment
    install_config
    install_link
    if $upgrade; then
        check_configs
    fi
    install_units
    if $upgrade; then
        say "upgraded; a service that ran runs anew"
    else
        say "installed. Now edit $config, then: sudo systemctl enable --now edge-fer"
    fi
}

uninstall() {
    if systemd_runs && [ -e "$UNITDIR/edge-fer.service" ]; then
        systemctl stop edge-fer 'edge-fer@*'
        systemctl --quiet disable edge-fer edge-fer@
    fi
    rm -f "$DESTDIR$UNITDIR/edge-fer.service" "$DESTDIR$UNITDIR/edge-fer@.service"
    if [ "$(readlink "$link")" = "$venv/bin/edge-fer" ]; then
        rm -f "$link"
    fi
    rm -rf "$DESTDIR$PREFIX"
    rm -f "$DESTDIR$CONFIG_DIR/config.schema.json"
    if systemd_runs; then
        systemctl daemon-reload
    fi
}

case ${1:-} in
install)
    install_all
    ;;
uninstall)
    check_target uninstall
    uninstall
    say "removed. $CONFIG_DIR and /var/lib/edge-fer are left; to remove them too: sudo make purge"
    ;;
purge)
    check_target purge
    uninstall
    # With DynamicUser= the state lies in private/, and a link to it where one looks for it.
    rm -rf "$DESTDIR$CONFIG_DIR" "$DESTDIR/var/lib/edge-fer" "$DESTDIR/var/lib/private/edge-fer" \
        "$DESTDIR"/var/lib/edge-fer-* "$DESTDIR"/var/lib/private/edge-fer-*
    say "removed, with $CONFIG_DIR and /var/lib/edge-fer"
    ;;
*)
    echo "usage: $0 install|uninstall|purge" >&2
    exit 2
    ;;
esac
