# shellcheck shell=bash
# What the scripts of this folder share. Sourced, not run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck disable=SC2034  # for the scripts that source this
readonly root torch_version=2.13.0

say() { printf '%s\n' "== $*"; }
fail() {
    printf '%s\n' "error: $1" >&2
    shift
    for line in "$@"; do printf '%s\n' "$line" >&2; done
    exit 1
}

# Installs those of the packages given that are missing; "a|b" is satisfied by either. Prints nothing
# where there is nothing to do.
install_packages() {
    local names=() missing=() parts=() entry
    for entry in "$@"; do IFS='|' read -ra parts <<<"$entry" && names+=("${parts[@]}"); done

    local installed=""
    if command -v dpkg-query >/dev/null; then
        installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "${names[@]}" 2>/dev/null || true)"
    fi
    for entry in "$@"; do
        local found=no name
        IFS='|' read -ra parts <<<"$entry"
        for name in "${parts[@]}"; do
            [[ $installed == *" installed:$name "* ]] && found=yes
        done
        [[ $found == yes ]] || missing+=("$entry")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0

    if ! command -v apt-get >/dev/null; then
        fail "this is not a Debian or Ubuntu system" \
            "Install what these Debian packages hold, then configure with CMake by hand (see README.md):" \
            "  ${missing[*]}"
    fi
    local as_root=()
    if [[ $(id -u) -ne 0 ]]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
            as_root=(sudo)
        else
            fail "packages are missing, and there are no rights to install them" \
                "Have them installed and run this again:" "  apt-get install ${missing[*]//|*/}"
        fi
    fi
    say "installing packages: ${missing[*]//|*/}"
    "${as_root[@]}" apt-get update -qq
    local chosen=()
    for entry in "${missing[@]}"; do
        IFS='|' read -ra parts <<<"$entry"
        local pick=${parts[0]} name
        for name in "${parts[@]}"; do
            if apt-cache show "$name" >/dev/null 2>&1; then
                pick=$name
                break
            fi
        done
        chosen+=("$pick")
    done
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${chosen[@]}" >/dev/null
}

# Compile jobs: one a core, and at most one a 2 GB of memory, which a file with LibTorch in it can take.
compile_jobs() {
    local cores memory_kb by_memory
    cores=$(nproc 2>/dev/null || echo 1)
    memory_kb=$(awk '/^MemTotal:/ {print $2}' /proc/meminfo 2>/dev/null || echo 0)
    by_memory=$((memory_kb / 2000000))
    ((by_memory >= 1)) || by_memory=1
    echo $((cores < by_memory ? cores : by_memory))
}
