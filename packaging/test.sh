#!/usr/bin/env bash
# Builds what is missing and runs every test. Window tests draw offscreen; those that need focus or drag
# and drop get an X server of their own from xvfb-run. Arguments other than --warnings-as-errors and
# --no-studio go to ctest, e.g. packaging/test.sh -R sampler
set -euo pipefail
# shellcheck source=packaging/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build_arguments=(--tests)
ctest_arguments=()
preset=release
for argument in "$@"; do
    case $argument in
        --warnings-as-errors) build_arguments+=("$argument") ;;
        --no-studio)
            build_arguments+=("$argument")
            preset=release-no-studio
            ;;
        *) ctest_arguments+=("$argument") ;;
    esac
done

[[ $preset == release-no-studio ]] || install_packages xvfb xauth xdotool
"$root/packaging/build.sh" "${build_arguments[@]}"

say "testing"
export QT_QPA_PLATFORM=offscreen OMP_WAIT_POLICY=PASSIVE
exec ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error "${ctest_arguments[@]}"
