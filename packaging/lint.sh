#!/usr/bin/env bash
# Checks the formatting of every C++ file, the shell scripts where shellcheck is there, and with --tidy
# also runs clang-tidy on the files that changed since the commit given (default: the last one).
set -euo pipefail
# shellcheck source=packaging/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

tidy_since=""
case ${1:-} in
    "") ;;
    --tidy) tidy_since=${2:-HEAD~1} ;;
    *)
        echo "usage: packaging/lint.sh [--tidy [COMMIT]]" >&2
        exit 2
        ;;
esac

clang_format=$(command -v clang-format-14 || true)
if [[ -z $clang_format ]]; then
    install_packages "clang-format-14|clang-format"
    clang_format=$(command -v clang-format-14 || command -v clang-format)
fi
say "formatting ($("$clang_format" --version))"
git ls-files -z '*.h' '*.cpp' '*.cu' '*.cuh' | xargs -0 -r -n 32 -P "$(compile_jobs)" "$clang_format" --dry-run -Werror

if command -v shellcheck >/dev/null; then
    say "shell scripts"
    shellcheck -x packaging/*.sh .ci/run
fi

if [[ -n $tidy_since ]]; then
    install_packages clang-tidy
    readarray -t changed < <(git diff --name-only --diff-filter=d "$tidy_since" -- '*.cpp')
    say "clang-tidy on ${#changed[@]} changed files"
    if [[ ${#changed[@]} -gt 0 ]]; then
        printf '%s\0' "${changed[@]}" |
            xargs -0 -n 1 -P "$(compile_jobs)" clang-tidy --quiet -p "$root/build/release" 2>/dev/null
    fi
fi
say "clean"
