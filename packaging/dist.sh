#!/bin/sh
# Build the sdist, and the wheel of it, in a folder: packaging/dist.sh FOLDER
#
# Built of a copy of what git knows (of everything, in an unpacked sdist), so that nothing that lies about gets in
# and nothing is left in the tree. UV is the program that builds.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM
if [ -e .git ]; then
    # Under sudo the tree is somebody else's, which git would refuse to read.
    git -c safe.directory='*' ls-files -z | xargs -0 cp --parents -t "$copy"
else
    cp -R . "$copy"
fi
"${UV:-uv}" build --quiet --out-dir "$out" "$copy"
rm -f "$out/.gitignore" # uv's own
