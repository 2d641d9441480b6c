#!/usr/bin/env bash
# On a machine with an NVIDIA GPU: builds the command line and the GPU tests, compares every kernel with its
# twin and whole runs with the CPU, looks for memory errors with compute-sanitizer where that is installed,
# and prints the benchmark. No window, no Qt.
set -euo pipefail
# shellcheck source=packaging/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: packaging/gpu-check.sh [--kernels] [--no-bench] [--no-sanitizer] [--no-install] [MODEL]

  --kernels       only the kernels and their tests: needs nvcc and doctest, no LibTorch
  --no-bench      leave the benchmark out
  --no-sanitizer  leave compute-sanitizer out
  --no-install    install no packages: what is needed is found through CMAKE_PREFIX_PATH and CPATH
  MODEL           pack or checkpoint for the benchmark; default: the first bundled pack

DUODIFF_TORCH_DIR  LibTorch with CUDA (a wheel's 'torch' folder); default: the torch of python3, then the
                   one that packaging/build.sh fetches
DUODIFF_BUILD_DIR  default: build/gpu-check
END
}

kernels_only=no bench=yes sanitizer=yes install=yes model=""
for argument in "$@"; do
    case $argument in
        --kernels) kernels_only=yes ;;
        --no-bench) bench=no ;;
        --no-sanitizer) sanitizer=no ;;
        --no-install) install=no ;;
        -h | --help) usage && exit 0 ;;
        -*) usage >&2 && exit 2 ;;
        *) model=$argument ;;
    esac
done
build=${DUODIFF_BUILD_DIR:-$root/build/gpu-check}

nvcc=${CUDACXX:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[[ -x $nvcc ]] || fail "there is no CUDA compiler" "Install a CUDA toolkit, or set CUDACXX to its nvcc."
export CUDACXX=$nvcc
if ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
    fail "no GPU answers" "Check the driver with nvidia-smi. What needs no GPU is tested by packaging/test.sh."
fi
say "$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader | head -n 1), $("$nvcc" --version | tail -n 2 | head -n 1)"

check_memory() { # PROGRAM TOOL...: what compute-sanitizer's tools find is a failure
    if [[ $sanitizer == no ]]; then return; fi
    local tool
    tool=$(command -v compute-sanitizer || echo "$(dirname "$nvcc")/compute-sanitizer")
    if [[ ! -x $tool ]]; then
        say "compute-sanitizer is not installed: left out"
        return
    fi
    local program=$1 check
    for check in "${@:2}"; do
        say "compute-sanitizer, $check: $(basename "$program")"
        # Libraries ask for things that a GPU refuses, to learn about it: only what kernels do counts.
        "$tool" --tool "$check" --report-api-errors no --error-exitcode 1 --print-limit 20 "$program"
    done
}

build_kernels_alone() {
    mkdir -p "$build"
    say "building the kernels' tests with nvcc"
    "$nvcc" -std=c++17 -O2 -arch=native -I"$root/engine" -c -odir "$build" "$root"/engine/cuda/*_kernels.cu
    local source
    for source in "$root"/engine/cuda/twins.cpp "$root"/tests/cuda/kernels_test.cpp "$root"/tests/support/doctest_main.cpp; do
        "${CXX:-g++}" -std=c++20 -O2 -ffp-contract=off -DDUODIFF_TEST_ON_GPU -I"$root/engine" -I"$root/tests" \
            -I"$(dirname "$nvcc")/../include" -c "$source" -o "$build/$(basename "$source" .cpp).o"
    done
    "$nvcc" -arch=native -o "$build/test_cuda_gpu" "$build"/*.o
}

if [[ $kernels_only == yes ]]; then
    build_kernels_alone
    "$build/test_cuda_gpu"
    check_memory "$build/test_cuda_gpu" memcheck racecheck synccheck initcheck
    say "done"
    exit 0
fi

if [[ -z ${DUODIFF_TORCH_DIR:-} ]]; then
    DUODIFF_TORCH_DIR=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null ||
        echo "$root/.deps/torch-$torch_version/torch")
fi
[[ -e $DUODIFF_TORCH_DIR/lib/libtorch_cuda.so ]] ||
    fail "$DUODIFF_TORCH_DIR holds no LibTorch with CUDA" \
        "Install the CUDA wheel of torch $torch_version (pip install torch==$torch_version), or set DUODIFF_TORCH_DIR."
if [[ $install == yes ]]; then
    install_packages cmake ninja-build g++ libcli11-dev nlohmann-json3-dev libyaml-cpp-dev libfmt-dev libgif-dev \
        libpng-dev libssl-dev zlib1g-dev doctest-dev
fi

say "configuring $build with $DUODIFF_TORCH_DIR"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDUODIFF_BUILD_STUDIO=OFF -DDUODIFF_CUDA=ON \
    -DCMAKE_CUDA_ARCHITECTURES=native "-DDUODIFF_TORCH_DIR=$DUODIFF_TORCH_DIR"
cmake --build "$build" -j "$(compile_jobs)" --target duodiff test_cuda_gpu test_cuda_twins test_cuda_parity test_sampler

export OMP_WAIT_POLICY=PASSIVE
say "every kernel against its twin"
"$build/bin/test_cuda_gpu"
say "the twins, and the GPU's way through a step, against the engine on the CPU"
"$build/bin/test_cuda_twins"
"$build/bin/test_sampler"
say "whole runs on the GPU against the CPU"
"$build/bin/test_cuda_parity"
check_memory "$build/bin/test_cuda_gpu" memcheck racecheck synccheck initcheck
check_memory "$build/bin/test_cuda_parity" memcheck

say "what the program finds here"
"$build/bin/duodiff" doctor
if [[ $bench == yes ]]; then
    if [[ -z $model ]]; then
        for pack in "$root"/models/*/pack.json; do
            [[ -e $pack ]] && model=$(dirname "$pack") && break
        done
    fi
    [[ -n $model ]] || fail "there is no bundled pack" "Name a model for the benchmark."
    for batch in 1 4 64 128; do
        for mode in eager kernels graphs; do
            say "benchmark, batch $batch, DUODIFF_CUDA_MODE=$mode"
            DUODIFF_CUDA_MODE=$mode "$build/bin/duodiff" bench --model "$model" --device cuda --precision bf16 \
                --batch "$batch" --count "$batch"
        done
    done
fi
say "done"
