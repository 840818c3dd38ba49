# shellcheck shell=bash disable=SC2034
# Shared by run, test and the checks: finds the repository and installs missing packages. To be sourced. Every step says
# what it does, and does nothing if nothing is missing.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS="$ROOT/.build-tools"

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The headers and libraries that the build links: the codecs, and libxml2 for S3 responses.
BUILD_PACKAGES=(libjpeg62-turbo-dev libpng-dev libwebp-dev libavif-dev liblcms2-dev zlib1g-dev libxml2-dev pkg-config)

# For the tests: Python for the tools below, other programs that check the same images, and a hundred photos.
TEST_PACKAGES=(python3 python3-venv libjpeg-turbo-progs netpbm webp libimage-exiftool-perl pngcheck
    plasma-workspace-wallpapers mate-backgrounds libavif-bin colord-data libgs-common)

# For the checks of .ci/run.
CHECK_PACKAGES=(python3 python3-venv shellcheck)

# Settings of glibc's allocator. By default it maps blocks of 128 KiB and more anew each time. Then every page of an
# image causes a page fault again, which takes a third of a read's time. Whole parts of uploads stay above the threshold
# and return to the system at once. The Dockerfile has the same settings. jemalloc was no faster, and took more memory
# under load (docs/benchmarks.md).
ALLOCATOR_TUNABLES=glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=8388608

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "not root and no sudo: run as root: $*"
    fi
}

# need_apt PACKAGE...: installs missing packages with Debian's package manager.
need_apt() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    command -v apt-get >/dev/null || die "no apt-get here; please install: ${missing[*]}"
    say "installing with apt-get: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

need_swift() {
    command -v swift >/dev/null || die "no Swift toolchain: install Swift 6.2 or newer, https://www.swift.org/install/linux"
}

# need_python REQUIREMENTS: creates a virtual environment in .build-tools with exactly the file's pinned packages. Each
# file has its own, so that packages of the checks cannot change those of the tests.
need_python() {
    local requirements=$1 venv
    venv="$TOOLS/$(basename "$requirements" .txt)"
    if ! cmp -s "$requirements" "$venv/installed.txt"; then
        say "installing into ${venv#"$ROOT/"}: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
        cp "$requirements" "$venv/installed.txt"
    fi
}
