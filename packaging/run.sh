#!/usr/bin/env bash
# Builds what is missing, then the main job.
#   packaging/run.sh [PACK]     default: the bundled model pack
# With a display the studio opens on the pack, and starts a run by itself the first time. Without one the
# full network, DuoDiff and AdaDiff sample from the same seed into out/, and the measured times are shown
# side by side. DUODIFF_STEPS and DUODIFF_COUNT change that run's length.
set -euo pipefail
# shellcheck source=packaging/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ $# -gt 1 || ${1:-} == -h || ${1:-} == --help ]]; then
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    [[ $# -eq 1 ]] && exit 0 || exit 2
fi
pack=${1:-$root/models/fashion-mnist}
[[ -e $pack ]] || fail "$pack: there is no such model pack"
pack=$(cd "$(dirname "$pack")" && pwd)/$(basename "$pack")

"$root/packaging/build.sh"
bin="$root/build/release/bin"

if [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]; then
    first=()
    mark="${XDG_STATE_HOME:-$HOME/.local/state}/duodiff-studio/started"
    if [[ ! -e $mark ]]; then
        mkdir -p "$(dirname "$mark")" && touch "$mark"
        first=(--first-run)
    fi
    exec "$bin/duodiff-studio" "${first[@]}" "$pack"
fi

out="$PWD/out"
steps=${DUODIFF_STEPS:-500}
count=${DUODIFF_COUNT:-16}
policies=(full)
holdings=$("$bin/duodiff" info "$pack" --json)
[[ $holdings != *'"role": "shallow"'* ]] || policies+=(duodiff)
[[ $holdings != *'"role": "early_exit"'* ]] || policies+=(adadiff)
say "no display: sampling $count images in $steps steps with each policy, into $out"
for policy in "${policies[@]}"; do
    say "$policy"
    plot=()
    [[ $policy != "${policies[-1]}" ]] || plot=(--plot)
    "$bin/duodiff" sample --model "$pack" --policy "$policy" --steps "$steps" --count "$count" --batch "$count" \
        --seed 7 --out "$out/$policy" "${plot[@]}"
done
"$bin/duodiff-studio" --report "${policies[@]/#/$out/}"

milliseconds() { grep -o '"sampling_ms": *[0-9.]*' "$out/$1/run.json" | head -n 1 | grep -o '[0-9.]*$'; }
full_ms=$(milliseconds full)
say "measured times, $count images each"
for policy in "${policies[@]}"; do
    awk -v name="$policy" -v ms="$(milliseconds "$policy")" -v full="$full_ms" -v count="$count" \
        'BEGIN { printf "  %-8s %8.2f s %9.1f ms an image   %.2f x\n", name, ms / 1000, ms / count, full / ms }'
done
say "images, grid, report and exit-layer plot of each policy"
for policy in "${policies[@]}"; do
    (cd "$out/$policy" && for file in grid.png exit-layers.png report.html report.pdf; do
        [[ ! -e $file ]] || printf '  %s\n' "$PWD/$file"
    done)
done
