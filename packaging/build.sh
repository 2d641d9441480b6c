#!/usr/bin/env bash
# From a bare Debian or Ubuntu to build/release/bin/duodiff and build/release/bin/duodiff-studio.
# Installs the packages that are missing, puts LibTorch into .deps/, configures and builds. Run again with
# nothing changed it only looks and ends.
set -euo pipefail
# shellcheck source=packaging/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: packaging/build.sh [--tests] [--no-studio] [--warnings-as-errors]

  --tests               build the test programs too
  --no-studio           command line only: no Qt, no QCustomPlot
  --warnings-as-errors  as continuous integration builds

DUODIFF_TORCH_DIR  use this LibTorch (a folder with include/ and lib/) instead of fetching one
END
}

studio=ON
tests=no
strict=()
for argument in "$@"; do
    case $argument in
        --tests) tests=yes ;;
        --no-studio) studio=OFF ;;
        --warnings-as-errors) strict=(-DDUODIFF_WARNINGS_AS_ERRORS=ON) ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done
if [[ $studio == ON ]]; then preset=release; else preset=release-no-studio; fi
readonly build="$root/build/$preset"

engine_packages=(cmake ninja-build g++ ccache libcli11-dev nlohmann-json3-dev libyaml-cpp-dev libfmt-dev
    libgif-dev libpng-dev libssl-dev libturbojpeg0-dev zlib1g-dev doctest-dev)
studio_packages=(qt6-base-dev "qt6-svg-dev|libqt6svg6-dev" libqt6svg6 qt6-qpa-plugins libqcustomplot-dev)

packages() {
    if [[ $studio == ON ]]; then
        install_packages "${engine_packages[@]}" "${studio_packages[@]}"
    else
        install_packages "${engine_packages[@]}"
    fi
}

is_torch() { [[ -e $1/include/ATen/ATen.h && -e $1/lib/libtorch_cpu.so ]]; }

# A python with a working pip; a virtual environment of its own where the system's has none.
find_pip() {
    local scratch=$1 python
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            pip=("$python" -m pip)
            return
        fi
    done
    install_packages python3 python3-venv
    /usr/bin/python3 -m venv "$scratch/venv"
    pip=("$scratch/venv/bin/python" -m pip)
}

# Only the C++ libraries of the wheel are used, so it need not be for this system's Python.
download_wheel() {
    local folder=$1 version=$2 python_version
    for python_version in "" 3.12 3.11 3.10 3.13; do
        local select=()
        [[ -z $python_version ]] || select=(--python-version "$python_version")
        if "${pip[@]}" download --quiet --no-deps --only-binary=:all: "${select[@]}" --dest "$folder" \
            "torch==$version" 2>"$folder/pip.log"; then
            return 0
        fi
    done
    return 1
}

fetch_torch() {
    local target="$root/.deps/torch-$torch_version" scratch
    mkdir -p "$root/.deps"
    # Beside its place, so that the last step is a rename: a broken download never looks finished.
    scratch=$(mktemp -d "$root/.deps/fetching.XXXXXX")
    # shellcheck disable=SC2064  # the folder as it is named now
    trap "rm -rf '$scratch'" EXIT
    say "fetching LibTorch $torch_version"
    install_packages python3
    find_pip "$scratch"
    mkdir "$scratch/wheel" "$scratch/tree"
    if command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; then
        say "a GPU is here: fetching it with the CUDA libraries (some gigabytes)"
        "${pip[@]}" install --quiet --target "$scratch/tree" "torch==$torch_version"
    elif download_wheel "$scratch/wheel" "$torch_version+cpu"; then
        python3 -m zipfile -e "$scratch"/wheel/*.whl "$scratch/tree"
    else
        download_wheel "$scratch/wheel" "$torch_version" ||
            fail "pip cannot fetch torch==$torch_version: $(tail -n 1 "$scratch/wheel/pip.log")" \
                "Check the network, or set DUODIFF_TORCH_DIR to an unpacked LibTorch $torch_version."
        python3 -m zipfile -e "$scratch"/wheel/*.whl "$scratch/tree"
        if [[ -e $scratch/tree/torch/lib/libtorch_cuda.so ]]; then
            say "the wheel is the CUDA build: fetching the CUDA libraries it needs (some gigabytes)"
            rm -rf "$scratch/tree"
            "${pip[@]}" install --quiet --target "$scratch/tree" "torch==$torch_version"
        fi
    fi
    is_torch "$scratch/tree/torch" || fail "the wheel of torch $torch_version holds no LibTorch"
    rm -rf "$target"
    mv "$scratch/tree" "$target"
    rm -rf "$scratch"
    trap - EXIT
}

find_torch() {
    if [[ -n ${DUODIFF_TORCH_DIR:-} ]]; then
        is_torch "$DUODIFF_TORCH_DIR" ||
            fail "DUODIFF_TORCH_DIR=$DUODIFF_TORCH_DIR holds no LibTorch" \
                "It has to have include/ATen/ATen.h and lib/libtorch_cpu.so: a wheel's 'torch' folder or an unpacked LibTorch."
        torch_dir=$(cd "$DUODIFF_TORCH_DIR" && pwd)
    else
        torch_dir="$root/.deps/torch-$torch_version/torch"
        is_torch "$torch_dir" || fetch_torch
    fi
}

# Ninja runs CMake again by itself when a CMake file changes; here only what Ninja cannot see.
configured() {
    [[ -e $build/build.ninja ]] || return 1
    local cache
    cache=$(<"$build/CMakeCache.txt")
    [[ $cache == *"DUODIFF_TORCH_DIR:PATH=$torch_dir"$'\n'* ]] || return 1
    [[ ${#strict[@]} -eq 0 || $cache == *"DUODIFF_WARNINGS_AS_ERRORS:BOOL=ON"* ]]
}

configure() {
    say "configuring $build"
    if ! cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DDUODIFF_BUILD_STUDIO=$studio" \
        "-DDUODIFF_TORCH_DIR=$torch_dir" "${strict[@]}" >"$root/build/configure.log" 2>&1; then
        cat "$root/build/configure.log" >&2
        fail "CMake could not configure the build, see above" \
            "Where it is QCustomPlotQt6 that is missing, this system's QCustomPlot is for Qt 5: --no-studio builds the command line."
    fi
}

packages
find_torch
mkdir -p "$root/build"
configured || configure
targets=(duodiff)
[[ $studio == OFF ]] || targets+=(duodiff-studio)
[[ $tests == no ]] || targets=(all)
if ! ninja -C "$build" -n "${targets[@]}" | grep -q 'no work to do'; then
    say "building ${targets[*]} in $build"
    ninja -C "$build" -j "$(compile_jobs)" "${targets[@]}"
fi
say "ready: $build/bin"
